"""Integer programs over a few sites of a city, everything else as a plan has it: each betters the plan or leaves it.

`combine` frees the sites at which two good plans differ; `sweep` frees neighbours, all over the city.
"""

from __future__ import annotations

import numpy as np

from planner.numeric.solver import NoPlan, solve
from planner.progress import Progress, Stage
from planner.siting.city.assignment import made_feasible
from planner.siting.city.region import Choice, region_of_sites
from planner.siting.city.search import Walker, missing_kwh
from planner.siting.effort import Effort
from planner.siting.model.instance import Instance
from planner.siting.model.program import build_program

_PROMISE_TOLERANCE = 1e-7
_REGION_SITES, _REGION_GAP, _REGION_WORK = 20, 1e-3, 20_000
_CROSSINGS, _CROSSED_GAP, _CROSSED_WORK = 2, 1e-4, 80_000
_MOST_CROSSED, _MOST_CROSSED_SHARE = 150, 0.3


def combine(x: Instance, plans: list[Choice], bound: float, effort: Effort) -> Choice:
    """The first plan with the best of what the others do elsewhere: one by one, over the sites at which they differ.

    A plan that differs nearly everywhere is left out: that would be the whole program again.
    """
    best, able = plans[0], len(np.unique(x.option_site))
    for _ in range(_CROSSINGS):
        for other in plans[1:]:
            sites = np.unique(x.option_site[other.new != best.new])
            if effort.is_over() or bound - best.value(x) <= _CROSSED_GAP * abs(bound):
                return best
            if 0 < len(sites) <= min(_MOST_CROSSED, _MOST_CROSSED_SHARE * able):
                best = _best_region(x, sites, best, _CROSSED_GAP, _CROSSED_WORK, effort)
    return best


def sweep(walker: Walker, choice: Choice, bound: float, effort: Effort, report: Progress) -> Choice:
    """Free neighbouring sites, some twenty at a time, until every site with options was free `effort.rounds` times."""
    x = walker.x
    for _ in range(effort.rounds):
        left = np.zeros(len(x.site_ids), bool)
        left[x.option_site] = True
        while left.any():
            if effort.is_over() or bound - choice.value(x) <= effort.gap_share * abs(bound):
                return choice
            near = walker.near[int(np.argmax(left))]
            sites = np.sort(near[near >= 0][:_REGION_SITES])
            left[sites] = False
            choice = _best_region(x, sites, choice, _REGION_GAP, _REGION_WORK, effort)
            report(Stage.IMPROVE, choice.value(x), bound)
    return choice


def is_rounding(x: Instance, floors: np.ndarray, promise: float) -> bool:
    """Whether what floors and promise lack is no more than rounding."""
    asked = max(x.promise_kwh, float(x.floor_kwh.max(initial=0.0)), 1.0)
    return max(promise, float(floors.max(initial=0.0))) <= _PROMISE_TOLERANCE * asked


def _best_region(x: Instance, sites: np.ndarray, choice: Choice, gap: float, work: float, effort: Effort) -> Choice:
    """The plan with the best found for some sites, the flows of all others as they are."""
    region = region_of_sites(x, sites, choice)
    part, own = region.instance, region.part_of(choice)
    pairs = np.arange(len(part.pair_demand))
    program = build_program(part, pairs, doors=pairs[part.standing_kwh[part.pair_station] == 0])
    nodes = max(1, int(work / max(len(pairs), 1)))
    start = program.values(own.opened, own.new, own.served)
    try:
        limits = {"mip_rel_gap": gap, "mip_max_nodes": nodes, **effort.solver_clock()}
        solved = solve(program.problem, program.variables, start=start, **limits)
    except NoPlan:
        return choice
    opened, new, served = program.parts(solved.values)
    better = region.placed_in(choice, Choice(new, opened, made_feasible(part, served, part.station_kwh(new))))
    kept = is_rounding(x, *missing_kwh(x, better.by_demand(x)))
    return better if kept and better.value(x) > choice.value(x) else choice
