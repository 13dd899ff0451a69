"""Chargers one station at a time, always where they serve most: what a GIS analyst's greedy heuristic does."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.baselines.rooms import SLACK, fills, fitting, make_rooms, needed, place, spread
from planner.numeric.compiled import compiled
from planner.siting.model.instance import Instance

_GAINING, _FEWEST, _SOME = 0, 1, 2


def greedy_counts(x: Instance, mix: np.ndarray) -> np.ndarray:
    """Build where most worth is served for a unit of the quota, until all chargers stand.

    A move puts some chargers of one type at one site, as many as have the best ratio of worth to units (types that no
    quota counts: to chargers), to a closed site at least its fewest; where not so many of the type fit or are left, one
    and another type makes up the number. They serve the demand in reach that is not served yet, nearest first. Sites
    locked in get their fewest chargers before all else. Demand only shrinks, so a site is looked at again only when it
    leads (lazy greedy: M. Minoux, 1978). What no longer serves anything is spread over the sites that have room, open
    ones first.

    Parameters
    ----------
    x
        The siting problem.
    mix
        Type k: chargers to place.

    Returns
    -------
    ndarray
        Chargers of every option.
    """
    rooms, town = make_rooms(x, mix), _make_town(x)
    for station in np.flatnonzero(x.standing_kwh):
        _pour(town, station)
    for j in np.flatnonzero(x.open_from > 0):
        _fill_up(rooms, town, j)
    _run(rooms, town)
    spread(rooms, True)
    spread(rooms, False)
    return rooms.new


class _Town(NamedTuple):
    """Who is still to be served, and by what: pairs by station, nearest first; unserved energy of every demand and
    spare energy of every station, changed in place; what a type carries by count; of every option its station, today's
    chargers, and units of the quota (1 where not counted)."""

    pair_demand: np.ndarray
    pair_worth: np.ndarray
    first_pair: np.ndarray
    unserved: np.ndarray
    spare: np.ndarray
    carried: np.ndarray
    station: np.ndarray
    standing: np.ndarray
    units: np.ndarray


def _make_town(x: Instance) -> _Town:
    order = np.lexsort((x.pair_demand, -x.pair_worth, x.pair_station))
    units = x.limits.quota_units
    return _Town(
        pair_demand=x.pair_demand[order],
        pair_worth=x.pair_worth[order],
        first_pair=np.searchsorted(x.pair_station[order], np.arange(len(x.station_ids) + 1)),
        unserved=x.energy.copy(),
        spare=x.standing_kwh.copy(),
        carried=x.carried_kwh,
        station=x.option_station,
        standing=x.option_standing,
        units=np.where(units > 0, units, 1.0),
    )


@compiled
def _run(rooms, town):  # type: ignore[no-untyped-def]
    """All moves that gain."""
    score = np.empty(len(rooms.bays))
    for j in range(len(score)):
        score[j] = _best_move(rooms, town, j, _GAINING)[0]
    while len(score):
        j = int(np.argmax(score))
        if score[j] <= 0.0:
            return
        ratio, option, count = _best_move(rooms, town, j, _GAINING)
        score[j] = -1.0
        if ratio > 0.0 and ratio >= np.max(score):
            _build(rooms, town, option, count)
            _fill_up(rooms, town, j)
            ratio = _best_move(rooms, town, j, _GAINING)[0]
        score[j] = ratio


@compiled
def _fill_up(rooms, town, j):  # type: ignore[no-untyped-def]
    """Bring a site to its fewest chargers: by one type that can, else by several."""
    while rooms.built[j] < rooms.min_station[j]:
        _, option, count = _best_move(rooms, town, j, _FEWEST)
        if option < 0:
            _, option, count = _best_move(rooms, town, j, _SOME)
        if option < 0:
            return
        _build(rooms, town, option, count)


@compiled
def _best_move(rooms, town, j, aim):  # type: ignore[no-untyped-def]
    """Best worth per unit at a site, its option (-1: none) and count, among counts that gain (`_GAINING`); or, gain or
    not, among types that bring it to its fewest chargers (`_FEWEST`) or nearer to them (`_SOME`)."""
    best, best_option, best_count = (0.0 if aim == _GAINING else -1.0), -1, 0
    need = needed(rooms, j)
    for at in range(rooms.first_option[j], rooms.first_option[j + 1]):
        o = rooms.by_site[at]
        lowest, highest = need, fitting(rooms, o)
        if aim == _FEWEST:
            highest = min(highest, need)
        elif aim == _SOME:
            lowest = highest = min(highest, need)
        elif 0 < highest < need and fills(rooms, j, o, 1):
            lowest = highest = 1
        if highest < max(lowest, 1):
            continue
        station, k = town.station[o], rooms.kind[o]
        now = town.standing[o] + rooms.new[o]
        p, end = town.first_pair[station], town.first_pair[station + 1]
        poured, worth, taken = 0.0, 0.0, 0.0
        for n in range(lowest, highest + 1):
            supply = town.spare[station] + town.carried[k, now + n] - town.carried[k, now]
            while p < end and poured < supply:
                unserved = town.unserved[town.pair_demand[p]] - taken
                more = min(unserved, supply - poured)
                poured += more
                worth += more * town.pair_worth[p]
                taken += more
                if more == unserved:
                    p, taken = p + 1, 0.0
            ratio = worth / (town.units[o] * n)
            if ratio > best and (aim != _GAINING or worth > SLACK):
                best, best_option, best_count = ratio, o, n
            if p == end:
                break
    return best, best_option, best_count


@compiled
def _build(rooms, town, o, count):  # type: ignore[no-untyped-def]
    """Make a move and serve with it."""
    k, station, now = rooms.kind[o], town.station[o], town.standing[o] + rooms.new[o]
    town.spare[station] += town.carried[k, now + count] - town.carried[k, now]
    place(rooms, o, count)
    _pour(town, station)


@compiled
def _pour(town, station):  # type: ignore[no-untyped-def]
    """Serve what is unserved in reach of a station with what it has to spare, nearest first."""
    for p in range(town.first_pair[station], town.first_pair[station + 1]):
        if town.spare[station] <= 0.0:
            return
        take = min(town.unserved[town.pair_demand[p]], town.spare[station])
        town.unserved[town.pair_demand[p]] -= take
        town.spare[station] -= take
