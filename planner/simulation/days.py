"""A design day of arrivals through a plan, event by event: an independent look at the waits that the plan promises.

Every fleet's charges come at random (Poisson) by its hours; each takes a plug for a random time (exponential) whose
mean is its energy over the power at that charger, and the changeover. Drivers go where the plan sends them and do not
look elsewhere. At a site with several charger types of a service they spread in proportion to what each carries; every
type is a queue of its own, first come first served. Slow chargers have no queue: who finds none free leaves and counts
as lost. Days follow one another; the first is thrown away, so that nights carry over.

The events are simpy's (T. Lünsdorf and S. Scherfke, https://simpy.readthedocs.io).
"""

from __future__ import annotations

import zlib
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import simpy
from scipy.stats import t as student

from planner.capacity.queueing import capacity_at
from planner.demand.hours import HOURS
from planner.simulation.seen import Simulation

_WARM_UP_DAYS = 1
_PROCESSES = 2
_CONFIDENCE, _CONFIDENCE_Z = 0.95, 1.96
_QUEUES_A_BATCH = 40


def planned_arrivals(
    assignment: pd.DataFrame,
    mix: pd.DataFrame,
    charges: pd.DataFrame,
    charger_types: pd.DataFrame,
    capacity: pd.DataFrame,
    chargers: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Who comes to every queue of a plan, and what it has.

    Parameters
    ----------
    assignment
        Index (zone_id, site_id, service); ``energy_kwh_day``.
    mix
        As `fleet_mix` returns it.
    charges
        As `charges_by_fleet` returns it; every charge must have a known size.
    charger_types, capacity
        As siting was given them.
    chargers
        Index (site_id, charger_type); ``count`` of all that stand, today's and new ones.

    Returns
    -------
    arrivals, queues
        What `simulate` takes.
    """
    charged, queues = planned_charges(assignment, mix, charges, charger_types, capacity, chargers)
    number = charged.groupby(["site_id", "charger_type", "fleet"])["number"].sum()
    rows = number.to_frame().join(charges[["session_h", *HOURS]], on=["charger_type", "fleet"])
    arrivals = rows[HOURS].mul(rows["number"], axis=0).assign(session_h=rows["session_h"])
    return arrivals.sort_index(), queues


def planned_charges(
    assignment: pd.DataFrame,
    mix: pd.DataFrame,
    charges: pd.DataFrame,
    charger_types: pd.DataFrame,
    capacity: pd.DataFrame,
    chargers: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Whose charges a plan sends where, and the queues it sends them to; parameters as of `planned_arrivals`.

    Returns
    -------
    charged
        Rows zone_id, site_id, charger_type, service, fleet; ``number`` of charges a day.
    queues
        Index (site_id, charger_type), sorted; ``service``, ``plugs`` of all chargers there, ``queue``.
    """
    queues = chargers[chargers["count"] > 0].join(charger_types[["service", "plugs", "queue"]]).sort_index()
    queues["plugs"] *= queues["count"]
    station = queues.reset_index()
    station["carried"] = capacity_at(station["charger_type"], station["count"], capacity)
    station["part"] = station["carried"] / station.groupby(["site_id", "service"])["carried"].transform("sum")
    rows = assignment.reset_index().merge(mix.reset_index(), on=["zone_id", "service"])
    rows = rows.merge(station[["site_id", "service", "charger_type", "part"]], on=["site_id", "service"])
    kwh = rows["energy_kwh_day"] * rows["share"] * rows["part"]
    one = charges["session_kwh"].reindex(pd.MultiIndex.from_frame(rows[["charger_type", "fleet"]]))
    rows["number"] = kwh / one.to_numpy(float)
    columns = ["zone_id", "site_id", "charger_type", "service", "fleet", "number"]
    return rows[columns], queues[["service", "plugs", "queue"]]


def simulate(
    arrivals: pd.DataFrame, queues: pd.DataFrame, most_min: float, most_share: float, days: int, seed: int = 0
) -> Simulation:
    """Simulate every queue of a plan for some days.

    Parameters
    ----------
    arrivals
        Index (site_id, charger_type, fleet), sorted; columns 0 to 23 (mean arrivals in that hour) and ``session_h``
        (mean hours a charge takes a plug), as `planned_arrivals` makes it.
    queues
        Index (site_id, charger_type); ``service``, ``plugs``, and ``queue`` (False: who finds no free plug leaves).
    most_min, most_share
        The promise.
    days
        That count.
    seed
        Of all random numbers; a queue's do not depend on the others.
    """
    parts = dict(iter(arrivals.groupby(level=["site_id", "charger_type"])))
    jobs = [
        _Job(
            rates=parts[key][HOURS].to_numpy(float),
            mean_h=parts[key]["session_h"].to_numpy(float),
            plugs=int(queue["plugs"]),
            waits=bool(queue["queue"]),
            days=days,
            seed=(seed, zlib.crc32("/".join(map(str, key)).encode())),
        )
        for key, queue in queues.iterrows()
        if key in parts
    ]
    keys = [key for key in queues.index if key in parts]
    with ProcessPoolExecutor(_PROCESSES, mp_context=get_context("spawn")) as pool:
        days_of = list(pool.map(_run_queue, jobs, chunksize=_QUEUES_A_BATCH))
    index = pd.MultiIndex.from_tuples(keys, names=["site_id", "charger_type"])
    about = queues.loc[index]
    stations = pd.DataFrame(
        [_station_row(job, seen, most_min) for job, seen in zip(jobs, days_of, strict=True)], index=index
    )
    hours = _by_hour(jobs, days_of, about["service"].to_numpy(object), most_min)
    return Simulation(about.join(stations), hours, days, seed, most_min, most_share)


class _Job(NamedTuple):
    """One queue: mean arrivals by fleet and hour, mean hours of a charge by fleet, and how it is run."""

    rates: np.ndarray
    mean_h: np.ndarray
    plugs: int
    waits: bool
    days: int
    seed: tuple[int, int]


class _Seen(NamedTuple):
    """What one queue saw on the days that count: day, arrival time within it, wait and length of every charge, hours;
    the wait is infinite for those who left."""

    day: np.ndarray
    came: np.ndarray
    wait: np.ndarray
    length: np.ndarray


def _run_queue(job: _Job) -> _Seen:
    """Simulate one queue."""
    came, length = _draw(job)
    wait = np.full(len(came), np.inf)
    env = simpy.Environment()
    plugs = simpy.Resource(env, capacity=job.plugs)

    def charge(n: int) -> Generator[simpy.Event, Any, None]:
        if not job.waits and plugs.count == plugs.capacity:
            return
        with plugs.request() as turn:
            yield turn
            wait[n] = env.now - came[n]
            yield env.timeout(length[n])

    def everyone() -> Generator[simpy.Event, Any, None]:
        for n, moment in enumerate(came):
            yield env.timeout(moment - env.now)
            env.process(charge(n))

    env.process(everyone())
    env.run()
    counts = came >= 24.0 * _WARM_UP_DAYS
    day = (came[counts] // 24.0).astype(int) - _WARM_UP_DAYS
    return _Seen(day, came[counts] % 24.0, np.maximum(wait[counts], 0.0), length[counts])


def _draw(job: _Job) -> tuple[np.ndarray, np.ndarray]:
    """Moments of arrival in order, and how long each takes a plug, hours; warm-up days included."""
    rng = np.random.default_rng(job.seed)
    days = job.days + _WARM_UP_DAYS
    number = rng.poisson(np.broadcast_to(job.rates, (days, *job.rates.shape)))
    day, fleet, hour = (np.repeat(at.ravel(), number.ravel()) for at in np.indices(number.shape))
    came = day * 24.0 + hour + rng.random(len(day))
    length = rng.exponential(job.mean_h[fleet])
    order = np.argsort(came, kind="stable")
    return came[order], length[order]


def _station_row(job: _Job, seen: _Seen, most_min: float) -> dict[str, float]:
    """The row of `Simulation.stations` of one queue."""
    peak = int(job.rates.sum(axis=0).argmax())
    stayed = np.isfinite(seen.wait)
    at_peak = seen.wait[stayed & (seen.came.astype(int) == peak)]
    waits, day = seen.wait[stayed] * 60, seen.day[stayed]
    busy = np.bincount(day, seen.length[stayed], minlength=job.days)
    return {
        "arrivals_day": len(seen.came) / job.days,
        "peak_hour": peak,
        "peak_arrivals": len(at_peak),
        **_lateness(at_peak, most_min),
        "wait_mean_min": float(waits.mean()) if len(waits) else 0.0,
        **_over_days("wait", np.bincount(day, waits, minlength=job.days), np.bincount(day, minlength=job.days)),
        "wait_p95_min": float(np.quantile(waits, 0.95)) if len(waits) else 0.0,
        **_losses(stayed),
        "utilisation": float(busy.sum() / (24.0 * job.days * job.plugs)),
        **_over_days("utilisation", busy, np.full(job.days, 24.0 * job.plugs)),
    }


def _lateness(waits: np.ndarray, most_min: float) -> dict[str, float]:
    """Which share of some waits, in hours, is too long, and its confidence interval."""
    late = int((waits > most_min / 60).sum())
    low, high = wilson(late, len(waits))
    return {"late_share": late / len(waits) if len(waits) else 0.0, "late_low": low, "late_high": high}


def _losses(stayed: np.ndarray) -> dict[str, float]:
    """Which share of those who came left without a charge, and its confidence interval."""
    lost = int((~stayed).sum())
    low, high = wilson(lost, len(stayed))
    return {"lost_share": lost / len(stayed) if len(stayed) else 0.0, "lost_low": low, "lost_high": high}


def _over_days(name: str, amount: np.ndarray, of: np.ndarray) -> dict[str, float]:
    """Confidence interval of sum(amount) / sum(of), both by day: a ratio's, linearised (W. G. Cochran 1977, ch. 6)."""
    days, whole = len(of), float(of.sum())
    ratio = float(amount.sum()) / whole if whole else 0.0
    half = np.nan
    if days > 1 and whole:
        spread = np.sqrt(float(((amount - ratio * of) ** 2).sum()) / (days - 1))
        half = float(student.ppf((1 + _CONFIDENCE) / 2, days - 1) * spread * np.sqrt(days) / whole)
    return {
        f"{name}_low": float(np.fmax(ratio - half, 0.0)) if np.isfinite(half) else np.nan,
        f"{name}_high": ratio + half,
    }


def _by_hour(jobs: list[_Job], seen: list[_Seen], service: np.ndarray, most_min: float) -> pd.DataFrame:
    """The table `Simulation.hours`."""
    rows = {}
    for name in sorted(set(service)):
        mine = [n for n in range(len(jobs)) if service[n] == name]
        came = np.concatenate([seen[n].came for n in mine])
        wait = np.concatenate([seen[n].wait for n in mine])
        day = np.concatenate([seen[n].day for n in mine])
        plugs = sum(jobs[n].plugs for n in mine)
        days = jobs[mine[0]].days
        busy = np.sum([_busy_hours(seen[n], days) for n in mine], axis=0)
        for hour in HOURS:
            here = came.astype(int) == hour
            stayed = here & np.isfinite(wait)
            waits, when = wait[stayed] * 60, day[stayed]
            rows[name, hour] = {
                "arrivals_day": float(here.sum() / days),
                **_lateness(wait[stayed], most_min),
                "wait_mean_min": float(waits.mean()) if len(waits) else 0.0,
                **_over_days("wait", np.bincount(when, waits, minlength=days), np.bincount(when, minlength=days)),
                **_losses(np.isfinite(wait[here])),
                "utilisation": float(busy[:, hour].sum() / (plugs * days)),
                **_over_days("utilisation", busy[:, hour], np.full(days, float(plugs))),
            }
    index = pd.MultiIndex.from_tuples(rows, names=["service", "hour"])
    return pd.DataFrame([*rows.values()], index=index)


def _busy_hours(seen: _Seen, days: int) -> np.ndarray:
    """Plug-hours taken in every hour of the day, days x 24; a charge counts for the day on which its driver came."""
    stayed = np.isfinite(seen.wait)
    start = seen.came[stayed] + seen.wait[stayed]
    end = start + seen.length[stayed]
    busy = np.zeros((days, 24))
    for hour in range(int(end.max()) + 1 if len(end) else 0):
        taken = np.clip(np.minimum(end, hour + 1) - np.maximum(start, hour), 0, None)
        busy[:, hour % 24] += np.bincount(seen.day[stayed], taken, minlength=days)
    return busy


def wilson(found: int, of: int) -> tuple[float, float]:
    """95 % confidence interval of a share (E. B. Wilson, Journal of the ASA 22, 1927); 0 and 1 if nothing was seen."""
    if of == 0:
        return 0.0, 1.0
    z2, share = _CONFIDENCE_Z**2, found / of
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _CONFIDENCE_Z * np.sqrt(share * (1 - share) / of + z2 / (4 * of**2)) / (1 + z2 / of)
    return float(max(middle - half, 0.0)), float(min(middle + half, 1.0))
