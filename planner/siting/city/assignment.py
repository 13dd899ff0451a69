"""Who charges where, exactly: demand to given stations, a transport problem (`planner.numeric.transport`).

Where floors are missed so, a linear program with generated pairs keeps them:

    most   sum worth_ijs served_ijs - penalty sum_d short_d
    i      sum_js served_ijs <= energy_i
    js     sum_i served_ijs <= kwh_js                            what the station's chargers carry
    floor  sum served_ijs of district d + short_d >= floor_d

Where the least cost is asked for, no kWh has a worth: as many as can be are served. Where every kWh is worth the same
and no floor asks for any, a city's problem is a largest flow, to a few thousandths of a kWh per station.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pulp

from planner.numeric.solver import Solved, solve, weighted_sum
from planner.numeric.transport import most_worth
from planner.siting.model.instance import Instance
from planner.siting.model.network import largest_flow


@dataclass(frozen=True)
class AssignParams:
    """How pairs are generated where floors bind, and where a largest flow will do.

    Attributes
    ----------
    first_pairs
        Of every demand, that the linear program begins with: half of them the nearest, the rest spread over its reach.
    added_pairs
        Of every demand, at most, each time the prices say which would gain.
    most_pricings
        Times that pairs are added.
    floor_penalty
        What a kWh missing of a floor costs, in the worth of a kWh: more than any detour.
    flow_pairs
        Beyond so many pairs, where every kWh is worth the same, a largest flow does.
    """

    first_pairs: int = 12
    added_pairs: int = 8
    most_pricings: int = 30
    floor_penalty: float = 1_000.0
    flow_pairs: int = 100_000


_PARAMS = AssignParams()
_WORTH_TOLERANCE = 1e-6
"""What a pair must gain to be added, in the worth of a kWh; also the share of a floor that may be missing."""
_ANY_WORTH = 1e-9
"""Added to every worth: kWh of no worth are served too where there is room."""


def assign(x: Instance, new: np.ndarray) -> np.ndarray:
    """Serve the demand best from given stations: kWh/day per pair of the instance."""
    capacity = x.station_kwh(new)
    worth = x.pair_worth if x.pair_worth.any() else np.ones(len(x.pair_demand))
    if len(x.pair_demand) > _PARAMS.flow_pairs and not len(x.floor_ids) and np.ptp(worth) == 0:
        return made_feasible(x, largest_flow(x, capacity).served, capacity)
    served = most_worth(x.energy, capacity, x.pair_demand, x.pair_station, worth + _ANY_WORTH)
    by_floor = x.served_by_floor(np.bincount(x.pair_demand, served, minlength=len(x.energy)))
    if (by_floor >= x.floor_kwh * (1 - _WORTH_TOLERANCE)).all():
        return made_feasible(x, served, capacity)
    return _assign_with_floors(x, capacity, worth, np.flatnonzero(served))


def _assign_with_floors(x: Instance, capacity: np.ndarray, worth: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Where floors bind: a linear program of the given pairs, some for every demand, and those that gain."""
    supplied = capacity > 0
    pairs = np.union1d(pairs, _first_pairs(x, _PARAMS.first_pairs, supplied))
    if not len(pairs):
        return np.zeros(len(x.pair_demand))
    for _ in range(_PARAMS.most_pricings):
        solved = _assign_over(x, capacity, worth, pairs)
        stations = np.unique(x.pair_station[pairs])
        price, floor_worth = np.zeros(len(capacity)), np.zeros(len(x.floor_ids) + 1)
        price[stations] = np.maximum(solved.duals[len(solved.duals) - len(stations) :], 0.0)
        floor_worth[:-1] = np.maximum(-solved.duals[: len(x.floor_ids)], 0.0)
        more = _gaining_pairs(x, price, pairs, supplied, worth + floor_worth[x.demand_floor[x.pair_demand]])
        if not len(more):
            break
        pairs = np.union1d(pairs, more)
    served = np.zeros(len(x.pair_demand))
    served[pairs] = solved.values
    return made_feasible(x, served, capacity)


def _assign_over(x: Instance, capacity: np.ndarray, worth: np.ndarray, pairs: np.ndarray) -> Solved:
    """The transport problem over some pairs: rows of the floors, the demands, then the stations."""
    problem = pulp.LpProblem("assign", pulp.LpMinimize)
    served = [problem.add_variable(f"p{p}", 0.0) for p in pairs]
    short = [problem.add_variable(f"short{d}", 0.0) for d in range(len(x.floor_ids))]
    objective = [(v, -float(w)) for v, w in zip(served, worth[pairs], strict=True)]
    problem.setObjective(weighted_sum([*objective, *((v, _PARAMS.floor_penalty) for v in short)]))
    for d, missing in enumerate(short):
        inside = np.flatnonzero(x.demand_floor[x.pair_demand[pairs]] == d)
        kept = weighted_sum([(missing, 1.0), *((served[n], 1.0) for n in inside)])
        problem.addConstraint(kept >= float(x.floor_kwh[d]), f"floor{d}")
    for ends, limits, name in ((x.pair_demand, x.energy, "i"), (x.pair_station, capacity, "js")):
        members = defaultdict(list)
        for v, end in zip(served, ends[pairs], strict=True):
            members[end].append((v, 1.0))
        for end in sorted(members):
            problem.addConstraint(weighted_sum(members[end]) <= float(limits[end]), f"{name}{end}")
    return solve(problem, served)


def made_feasible(x: Instance, served: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    """Take away what the solver's tolerances gave too much."""
    served = np.maximum(served, 0.0)
    for ends, limits in ((x.pair_demand, x.energy), (x.pair_station, capacity)):
        used = np.bincount(ends, served, minlength=len(limits))
        share = np.divide(limits, used, out=np.ones(len(limits)), where=used > limits)
        served = served * share[ends]
    return served


def _first_pairs(x: Instance, count: int, supplied: np.ndarray) -> np.ndarray:
    """For each demand some pairs with supplied stations: half of them the nearest, the rest spread over its reach."""
    which = np.flatnonzero(supplied[x.pair_station])
    order = which[np.lexsort((x.pair_station[which], -x.pair_worth[which], x.pair_demand[which]))]
    demand = x.pair_demand[order]
    rank = rank_within(demand)
    stride = np.maximum(np.bincount(demand, minlength=len(x.energy)) // max(count // 2, 1), 1)[demand]
    return np.sort(order[(rank < count // 2) | (rank % stride == 0)])


def _gaining_pairs(
    x: Instance, price: np.ndarray, known: np.ndarray, supplied: np.ndarray, worth: np.ndarray
) -> np.ndarray:
    """Pairs outside the program that would gain at these prices, the best few of every demand."""
    offered = np.zeros(len(x.energy))
    gain = worth - price[x.pair_station]
    np.maximum.at(offered, x.pair_demand[known], gain[known])
    which = np.flatnonzero((gain > offered[x.pair_demand] + _WORTH_TOLERANCE) & supplied[x.pair_station])
    order = which[np.lexsort((x.pair_station[which], -gain[which], x.pair_demand[which]))]
    return np.sort(order[rank_within(x.pair_demand[order]) < _PARAMS.added_pairs])


def rank_within(group: np.ndarray) -> np.ndarray:
    """0, 1, 2, ... within each run of equal values of a sorted array."""
    if not len(group):
        return np.zeros(0, int)
    start = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    return np.arange(len(group)) - np.repeat(start, np.diff(np.r_[start, len(group)]))
