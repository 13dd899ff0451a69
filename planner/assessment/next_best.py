"""Where the chargers of a station would do best instead."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from planner.assessment.networks import Network
from planner.assessment.rooms import ROUNDING, room_left
from planner.assessment.ways import Ways
from planner.capacity.queueing import capacity_at
from planner.siting import Problem

_KWH_DECIMALS = 6  # what is equal to so many is equal: the first id is taken


class _Stock(NamedTuple):
    """What stands where with the plan.

    Attributes
    ----------
    held, new
        Sites x types: all chargers, and the new ones of them.
    carried
        Types x counts from 0: kWh a day that a station carries.
    """

    held: np.ndarray
    new: np.ndarray
    carried: np.ndarray


def next_best_sites(ways: Ways, problem: Problem, plan: Network) -> pd.Series:
    """For every site with new chargers, the other site that would keep most worth for its drivers with its chargers.

    As many of the chargers move to the other site as its bays, grid and feeder group leave room for, those types first
    that carry most at the dropped station. A site locked out, or one without chargers that would get fewer than its
    `min_station`, is none. The station there, with what moves, takes the dropped station's drivers within their reach
    up to what it carries beyond what it serves, those first to whom it is worth most; nobody else takes any of them.
    Rules of the whole city (quota, shares, budget, tasks) are not asked.

    Returns
    -------
    Series
        Index site_id, where there is one: site_id of the next best; of equal ones the first.
    """
    sites, types = problem.sites, problem.charger_types
    held, new = (_counts(rows, sites.index, types.index) for rows in (plan.chargers, _new(plan.chargers)))
    most = int(held.max(initial=0) + new.max(initial=0))
    stock = _Stock(held, new, _carried_kwh(types, problem.capacity, most))
    other = ~ways.stays & (sites["lock"] != "out").to_numpy()[ways.site]
    key = ways.drivers["site"].to_numpy(int)[ways.driver[other]] * len(sites) + ways.site[other]
    seen = np.zeros(len(sites) ** 2, bool)
    seen[key] = True
    dropped, target = np.divmod(np.flatnonzero(seen), len(sites))
    moved = _moved_chargers(dropped, target, stock, problem, room_left(sites, plan.chargers, problem.rules))
    services = _services(types)
    room = _room_kwh(target, moved, stock, problem, plan.trips)
    service = services.get_indexer(pd.Index(ways.drivers["service"]))[ways.driver[other]]
    group = np.searchsorted(np.flatnonzero(seen), key) * len(services) + service
    kept = _kept_worth(group, ways.energy[ways.driver[other]], ways.worth[other], room.ravel()).reshape(room.shape)
    fewest = np.where(held.sum(axis=1) > 0, 1, sites["min_station"].to_numpy(float))[target]
    worth = np.where(moved.sum(axis=1) >= fewest, kept.sum(axis=1).round(_KWH_DECIMALS), 0.0)
    order = np.lexsort([sites.index.argsort().argsort()[target], -worth, dropped])
    order = order[worth[order] > 0]
    best = order[np.diff(dropped[order], prepend=-1) > 0]
    return pd.Series(sites.index[target[best]], index=sites.index[dropped[best]], dtype=object)


def _services(types: pd.DataFrame) -> pd.Index:
    services: pd.Index = pd.Index(sorted(set(types["service"])))
    return services


def _new(chargers: pd.DataFrame) -> pd.DataFrame:
    return chargers[chargers["is_new"]]


def _counts(chargers: pd.DataFrame, site_ids: pd.Index, type_ids: pd.Index) -> np.ndarray:
    """Sites x types: how many stand there."""
    counts = np.zeros((len(site_ids), len(type_ids)), int)
    at = site_ids.get_indexer(pd.Index(chargers["site_id"])), type_ids.get_indexer(pd.Index(chargers["charger_type"]))
    np.add.at(counts, at, chargers["count"].to_numpy(int))
    return counts


def _carried_kwh(types: pd.DataFrame, capacity: pd.DataFrame, most: int) -> np.ndarray:
    """Types x counts from 0: what a station carries."""
    counts = pd.Series(range(most + 1))
    return np.array([capacity_at(pd.Series(name, index=counts.index), counts, capacity) for name in types.index])


def _moved_chargers(
    dropped: np.ndarray, target: np.ndarray, stock: _Stock, problem: Problem, room: pd.DataFrame
) -> np.ndarray:
    """Pairs x types: how many of the dropped site's new chargers fit the target."""
    types, new = problem.charger_types, stock.new
    bays_used = types["bays_used"].to_numpy(float)
    drawn_kw = (types["coincidence"] * types["kw_rated"]).to_numpy(float)
    bays, grid_kw, feeder_kw = (room[name].to_numpy(float)[target] for name in ("bays", "grid_kw", "feeder_kw"))
    if problem.rules.feeder_kw:
        feeder = problem.sites["feeder"].to_numpy(object)
        freed = (new @ drawn_kw)[dropped]
        feeder_kw = feeder_kw + np.where(feeder[dropped] == feeder[target], freed, 0.0)
    gives = stock.carried[np.arange(len(types)), new]
    turns = np.argsort(-gives, axis=1, kind="stable")
    moved = np.zeros((len(dropped), len(types)), int)
    for turn in range(len(types)):
        k = turns[dropped, turn]
        fits = new[dropped, k].astype(float)
        for left, use in ((bays, bays_used[k]), (grid_kw, drawn_kw[k]), (feeder_kw, drawn_kw[k])):
            most = np.divide(left + ROUNDING, use, out=np.full(len(k), np.inf), where=use > 0)
            fits = np.minimum(fits, np.floor(np.maximum(most, 0.0)))
        moved[np.arange(len(k)), k] = fits
        bays, grid_kw, feeder_kw = (
            bays - fits * bays_used[k],
            grid_kw - fits * drawn_kw[k],
            feeder_kw - fits * drawn_kw[k],
        )
    return moved


def _room_kwh(
    target: np.ndarray, moved: np.ndarray, stock: _Stock, problem: Problem, trips: pd.DataFrame
) -> np.ndarray:
    """Pairs x services: kWh a day that the target carries with what moves there, beyond what it serves."""
    site_ids, types = problem.sites.index, problem.charger_types
    services = _services(types)
    served = np.zeros((len(site_ids), len(services)))
    at = site_ids.get_indexer(pd.Index(trips["site_id"])), services.get_indexer(pd.Index(trips["service"]))
    np.add.at(served, at, trips["energy_kwh_day"].to_numpy(float))
    left = -served[target]
    for k, service in enumerate(types["service"]):
        left[:, services.get_loc(service)] += stock.carried[k, stock.held[target, k] + moved[:, k]]
    return np.asarray(np.maximum(left, 0.0))


def _kept_worth(group: np.ndarray, kwh: np.ndarray, worth: np.ndarray, room: np.ndarray) -> np.ndarray:
    """Worth of the energy that fills the room of every group, its best first."""
    asked = np.bincount(group, kwh, minlength=len(room))
    full = asked[group] > room[group]
    kept = np.bincount(group[~full], (kwh * worth)[~full], minlength=len(room))
    group, kwh, worth = group[full], kwh[full], worth[full]
    order = np.lexsort([-worth, group])
    group, kwh, worth = group[order], kwh[order], worth[order]
    before = np.cumsum(kwh) - kwh
    start = np.r_[True, np.diff(group) > 0][: len(group)]
    before = before - np.repeat(before[start], np.diff(np.r_[np.flatnonzero(start), len(group)]))
    taken = np.clip(room[group] - before, 0.0, kwh)
    return np.asarray(kept + np.bincount(group, taken * worth, minlength=len(room)))
