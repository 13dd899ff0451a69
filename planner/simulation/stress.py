"""A stress test of a plan: its drivers go where they like, see a queue and drive on.

The same drivers as in the plain simulation (Poisson by fleet and hour, charges of exponential length), but nobody sends
them. Everyone goes to the station of their service nearest to their zone. Where no plug is free they reckon with

    expected wait = (drivers waiting there + themselves) x mean length of a charge / plugs

and where that is longer than they put up with, or the chargers have no queue (slow ones), they go on to the next
nearest within reach of their zone, until they have tried as many as they are willing to: then they are lost. At a site
with several charger types of their service they take the one with the shortest expected wait, among equals the fastest.
The way from station to station counts in metres (straight, times the detour factor), not in time; nobody leaves a
queue.

Stations share their drivers, so whole days are simulated, a few in a row after one that is thrown away; every figure
is the mean of its values by day, with the 95 % confidence interval of Student's t over the days.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import simpy
from scipy.stats import t as student

from planner.demand.hours import HOURS
from planner.simulation.seen import EVERYONE, Stress

_DAYS_IN_A_ROW = 5
_WARM_UP_DAYS = 1
_PROCESSES = 2
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class FreeDrivers:
    """Who is on the road, and where they may charge.

    Attributes
    ----------
    drivers, choices
        As `planned_drivers` and `nearest_stations` return them.
    queues
        Index (site_id, charger_type), sorted; ``service``, ``plugs``, ``queue``.
    charge_h
        Index charger_type, a column per fleet: mean hours of a charge.
    mean_h
        Index charger_type: what drivers take a charge there to last.
    planned
        Index (site_id, service): arrivals a day as the plan sends them.
    """

    drivers: pd.DataFrame
    choices: pd.DataFrame
    queues: pd.DataFrame
    charge_h: pd.DataFrame
    mean_h: pd.Series
    planned: pd.Series


def stress_test(
    free: FreeDrivers, balk_min: float, tries: int, days: int, *, seed: int = 0, processes: int = _PROCESSES
) -> Stress:
    """Let drivers choose for some days.

    Parameters
    ----------
    free
        Who is on the road, and where they may charge.
    balk_min, tries
        The longest wait anybody queues for, and the stations tried at most.
    days
        That count.
    seed, processes
        Of the random numbers: the same gives the same, however many processes share the days.
    """
    town = _town(free, balk_min / 60, tries)
    starts = range(0, days, _DAYS_IN_A_ROW)
    rows, seeds = [min(_DAYS_IN_A_ROW, days - start) for start in starts], [(seed, start) for start in starts]
    jobs = [town] * len(rows), rows, seeds
    if min(processes, len(rows)) == 1:
        parts = list(map(_run_days, *jobs))
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            parts = list(pool.map(_run_days, *jobs))
    seen = pd.concat([part.assign(day=part["day"] + start) for part, start in zip(parts, starts, strict=True)])
    seen = seen.reset_index(drop=True)
    return Stress(
        _figures(seen, free.drivers, days), _stations(seen, town, free.planned, days), days, seed, balk_min, tries
    )


class _Town(NamedTuple):
    """Drivers, stations and queues as arrays. Rows are those of the drivers; stations (a site and a service) have
    their queues next to each other, station s those from first_queue[s] on."""

    rates: np.ndarray
    row_choices: np.ndarray
    row_ways: np.ndarray
    row_fleet: np.ndarray
    station_ids: pd.MultiIndex
    first_queue: np.ndarray
    plugs: np.ndarray
    waits: np.ndarray
    mean_h: np.ndarray
    charge_h: np.ndarray
    patience_h: float


def _town(free: FreeDrivers, patience_h: float, tries: int) -> _Town:
    """The arrays of `stress_test`; beyond the last choice of a row stands -1."""
    drivers, choices, charge_h = free.drivers, free.choices, free.charge_h
    queues = free.queues.reset_index().sort_values(["site_id", "service", "charger_type"])
    station = pd.MultiIndex.from_frame(queues[["site_id", "service"]])
    station_ids = station.unique()
    rows = pd.MultiIndex.from_frame(drivers.index.to_frame()[["zone_id", "service"]])
    at, way = np.full((len(drivers), tries), -1), np.zeros((len(drivers), tries))
    for attempt in range(min(tries, len(choices.index.unique("attempt")))):
        chosen = choices.xs(attempt, level="attempt").reindex(rows)
        ids = pd.MultiIndex.from_arrays([chosen["site_id"], rows.get_level_values("service")])
        at[:, attempt] = station_ids.get_indexer(ids)
        way[:, attempt] = chosen["way_m"].to_numpy(float)
    return _Town(
        rates=drivers[HOURS].to_numpy(float),
        row_choices=at,
        row_ways=way,
        row_fleet=charge_h.columns.get_indexer(drivers.index.get_level_values("fleet")),
        station_ids=station_ids,
        first_queue=np.r_[np.searchsorted(station_ids.get_indexer(station), np.arange(len(station_ids))), len(queues)],
        plugs=queues["plugs"].to_numpy(int),
        waits=queues["queue"].to_numpy(bool),
        mean_h=free.mean_h.reindex(queues["charger_type"]).to_numpy(float),
        charge_h=charge_h.reindex(queues["charger_type"]).to_numpy(float),
        patience_h=patience_h,
    )


def _run_days(town: _Town, days: int, seed: tuple[int, int]) -> pd.DataFrame:
    """Some days in a row: a row per driver with day, row, turned_away (stations left), queue (-1: lost), wait_h,
    length_h and way_m."""
    came, row, length = _draw(town, days, seed)
    choices = [[int(s) for s in stations if s >= 0] for stations in town.row_choices]
    fleets, charge_h = town.row_fleet[row].tolist(), town.charge_h.tolist()
    turned_away, at = np.zeros(len(came), int), np.full(len(came), -1)
    wait = np.full(len(came), np.nan)
    env = simpy.Environment()
    queues = [simpy.Resource(env, capacity=int(plugs)) for plugs in town.plugs]
    around = [range(first, end) for first, end in itertools.pairwise(town.first_queue.tolist())]
    waits, mean_h = town.waits.tolist(), town.mean_h.tolist()

    def wait_at(q: int) -> tuple[float, float, int]:
        """Expected wait in hours, infinite where full and without queue; then what decides among equals."""
        plugs = queues[q]
        if plugs.count < plugs.capacity:
            return 0.0, mean_h[q], q
        if not waits[q]:
            return math.inf, mean_h[q], q
        return (len(plugs.queue) + 1) * mean_h[q] / plugs.capacity, mean_h[q], q

    def drive(n: int) -> Generator[simpy.Event, Any, None]:
        for station in choices[row[n]]:
            expected_h, _, queue = min(map(wait_at, around[station]))
            if expected_h > town.patience_h:
                turned_away[n] += 1
                continue
            with queues[queue].request() as turn:
                yield turn
                at[n], wait[n] = queue, env.now - came[n]
                length[n] *= charge_h[queue][fleets[n]]
                yield env.timeout(length[n])
            return

    def everyone() -> Generator[simpy.Event, Any, None]:
        for n, moment in enumerate(came):
            yield env.timeout(moment - env.now)
            env.process(drive(n))

    env.process(everyone())
    env.run()
    day = (came // 24).astype(int) - _WARM_UP_DAYS
    table = {"day": day, "row": row, "turned_away": turned_away, "queue": at, "wait_h": wait, "length_h": length}
    last = np.minimum(turned_away, town.row_ways.shape[1] - 1)
    return pd.DataFrame(table).assign(way_m=town.row_ways[row, last])[day >= 0]


def _draw(town: _Town, days: int, seed: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Moments of arrival in order, whose they are, and how long each charges in mean charges; warm-up included."""
    rng = np.random.default_rng(seed)
    number = rng.poisson(np.broadcast_to(town.rates, (days + _WARM_UP_DAYS, *town.rates.shape)))
    day, row, hour = (np.repeat(at.ravel(), number.ravel()) for at in np.indices(number.shape))
    came = day * 24.0 + hour + rng.random(len(day))
    order = np.argsort(came, kind="stable")
    return came[order], row[order], rng.exponential(size=len(day))


def _figures(seen: pd.DataFrame, drivers: pd.DataFrame, days: int) -> pd.DataFrame:
    """The table `Stress.figures`."""
    charged = seen["queue"] >= 0
    rows = seen.assign(
        service=drivers.index.get_level_values("service").to_numpy(object)[seen["row"]],
        lost=~charged,
        rerouted=charged & (seen["turned_away"] > 0),
        wait_min=60 * seen["wait_h"],
        extra_m=(seen["way_m"] - drivers["planned_m"].to_numpy(float)[seen["row"]]).where(charged),
    )
    rows = pd.concat([rows.assign(service=EVERYONE), rows], ignore_index=True)
    by_day = rows.groupby(["service", "day"], sort=True)
    daily = pd.DataFrame(
        {
            "arrivals_day": by_day.size(),
            "lost_share": by_day["lost"].mean(),
            "rerouted_share": by_day["rerouted"].mean(),
            "wait_mean_min": by_day["wait_min"].mean(),
            "wait_p90_min": by_day["wait_min"].quantile(0.9),
            "extra_m": by_day["extra_m"].mean(),
        }
    )
    every = pd.MultiIndex.from_product([daily.index.unique("service"), range(days)], names=daily.index.names)
    daily = daily.reindex(every)
    daily["arrivals_day"] = daily["arrivals_day"].fillna(0.0)  # a day on which nobody came has no shares
    long = daily.rename_axis(columns="figure").melt(ignore_index=False).set_index("figure", append=True)["value"]
    found = long.groupby(level=["service", "figure"], sort=False).agg(["mean", "std", "count"])
    found = found.loc[list(itertools.product(every.unique("service"), daily.columns))]
    half = student.ppf((1 + _CONFIDENCE) / 2, found["count"] - 1) * found["std"] / np.sqrt(found["count"])
    may_fall = np.where(found.index.get_level_values("figure") == "extra_m", -np.inf, 0.0)
    low = np.maximum(found["mean"] - half, may_fall)
    return pd.DataFrame({"mean": found["mean"], "low": low, "high": found["mean"] + half})


def _stations(seen: pd.DataFrame, town: _Town, planned: pd.Series, days: int) -> pd.DataFrame:
    """The table `Stress.stations`."""
    count = len(town.station_ids)
    row, left = seen["row"].to_numpy(), seen["turned_away"].to_numpy()
    away, charged = np.zeros(count), np.zeros(count)
    for attempt in range(town.row_choices.shape[1]):
        at = town.row_choices[row, attempt]
        away += np.bincount(at[left > attempt], minlength=count)
    stayed = seen[seen["queue"] >= 0]
    station = np.searchsorted(town.first_queue, stayed["queue"].to_numpy(), side="right") - 1
    charged += np.bincount(station, minlength=count)
    waits = (60 * stayed["wait_h"]).groupby(station)
    plugs = np.add.reduceat(town.plugs, town.first_queue[:-1]) if count else np.zeros(0, int)
    came = away + charged
    each = np.arange(count)
    table = pd.DataFrame(
        {
            "plugs": plugs,
            "planned": planned.reindex(town.station_ids).fillna(0.0).to_numpy(float),
            "came": came / days,
            "turned_away": away / days,
            "charged": charged / days,
            "turned_away_share": np.divide(away, came, out=np.zeros(count), where=came > 0),
            "wait_mean_min": waits.mean().reindex(each).fillna(0.0).to_numpy(),
            "wait_p90_min": waits.quantile(0.9).reindex(each).fillna(0.0).to_numpy(),
            "utilisation": np.bincount(station, stayed["length_h"], minlength=count) / (24.0 * days * plugs),
        },
        index=town.station_ids,
    )
    return table.rename_axis(["site_id", "service"])
