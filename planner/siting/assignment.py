"""Who charges where, exactly: demand to given stations, a transport problem with generated pairs."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pulp

from planner.siting.instance import Instance
from planner.siting.relaxation import first_pairs, gaining_pairs
from planner.siting.solver import Solved, solve, weighted_sum

_FIRST_PAIRS = 12
_MOST_PRICINGS = 30


def assign(x: Instance, new: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Serve the demand best from given stations: kWh/day per pair of the instance."""
    capacity = x.standing_kwh + np.bincount(x.option_station, x.kwh[x.option_type] * new, minlength=len(x.standing_kwh))
    supplied = capacity > 0
    pairs = np.union1d(pairs[supplied[x.pair_station[pairs]]], first_pairs(x, _FIRST_PAIRS, supplied))
    for _ in range(_MOST_PRICINGS):
        solved = _assign_over(x, capacity, pairs)
        stations = np.unique(x.pair_station[pairs])
        price = np.zeros(len(capacity))
        price[stations] = np.maximum(solved.duals[-len(stations) :], 0.0)
        more = gaining_pairs(x, price, pairs, supplied)
        if not len(more):
            break
        pairs = np.union1d(pairs, more)
    served = np.zeros(len(x.pair_demand))
    served[pairs] = solved.values
    return made_feasible(x, served, capacity)


def _assign_over(x: Instance, capacity: np.ndarray, pairs: np.ndarray) -> Solved:
    """The transport problem over some pairs: rows of the demands, then of the stations."""
    problem = pulp.LpProblem("assign", pulp.LpMinimize)
    served = [problem.add_variable(f"p{p}", 0.0) for p in pairs]
    worth = x.pair_worth[pairs]
    problem.setObjective(weighted_sum([(v, -float(w)) for v, w in zip(served, worth, strict=True)]))
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
