"""Integer programs over a few sites of a city, everything else as a plan has it: each betters the plan or leaves it.

`combine` frees the sites at which two good plans differ; `sweep` frees neighbours, all over the city.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.numeric.solver import NoPlan, solve
from planner.progress import Progress, Stage
from planner.siting.city.assignment import made_feasible
from planner.siting.city.region import Choice, region_of_sites
from planner.siting.city.search import Walker, missing_kwh
from planner.siting.effort import Effort
from planner.siting.model.instance import Instance
from planner.siting.model.program import build_program


@dataclass(frozen=True)
class ProgramParams:
    """How long the program of one region is tried.

    Attributes
    ----------
    gap_share
        Of its value: near enough to its best.
    work
        Nodes of branch and bound times pairs of the region; at least one node.
    """

    gap_share: float
    work: int


@dataclass(frozen=True)
class ImproveParams:
    """Which sites are freed together, and how long each such program is tried.

    Attributes
    ----------
    crossings
        Times that the first plan is crossed with all others.
    crossed
        Of the program over the sites at which two plans differ; a plan as near to the bound as its gap is left alone.
    most_crossed, most_crossed_share
        Sites at which two plans may differ, and as a share of those that can have chargers.
    swept_sites
        Neighbours that a sweep frees at a time.
    swept
        Of their program.
    """

    crossings: int = 2
    crossed: ProgramParams = ProgramParams(gap_share=1e-4, work=80_000)
    most_crossed: int = 150
    most_crossed_share: float = 0.3
    swept_sites: int = 20
    swept: ProgramParams = ProgramParams(gap_share=1e-3, work=20_000)


_PARAMS = ImproveParams()
_ROUNDING = 1e-7
"""Share of floors or of the promise that is missing by no more than rounding."""


def combine(x: Instance, plans: list[Choice], bound: float, effort: Effort) -> Choice:
    """The first plan with the best of what the others do elsewhere: one by one, over the sites at which they differ.

    A plan that differs nearly everywhere is left out: that would be the whole program again.
    """
    best, able = plans[0], len(np.unique(x.option_site))
    for _ in range(_PARAMS.crossings):
        for other in plans[1:]:
            sites = np.unique(x.option_site[other.new != best.new])
            if effort.is_over() or bound - best.value(x) <= _PARAMS.crossed.gap_share * abs(bound):
                return best
            if 0 < len(sites) <= min(_PARAMS.most_crossed, _PARAMS.most_crossed_share * able):
                best = _best_region(x, sites, best, _PARAMS.crossed, effort)
    return best


def sweep(walker: Walker, choice: Choice, bound: float, effort: Effort, tell: Progress) -> Choice:
    """Free neighbouring sites, some twenty at a time, until every site with options was free `effort.rounds` times."""
    x = walker.x
    if effort.rounds and not effort.is_over():
        tell(Stage.IMPROVE, choice.value(x), bound)
    for _ in range(effort.rounds):
        left = np.zeros(len(x.site_ids), bool)
        left[x.option_site] = True
        while left.any():
            if effort.is_over() or bound - choice.value(x) <= effort.gap_share * abs(bound):
                return choice
            near = walker.near[int(np.argmax(left))]
            sites = np.sort(near[near >= 0][: _PARAMS.swept_sites])
            left[sites] = False
            choice = _best_region(x, sites, choice, _PARAMS.swept, effort)
            tell(Stage.IMPROVE, choice.value(x), bound)
    return choice


def is_rounding(x: Instance, floors: np.ndarray, promise: float) -> bool:
    """Whether what floors and promise lack is no more than rounding."""
    asked = max(x.promise_kwh, float(x.floor_kwh.max(initial=0.0)), 1.0)
    return max(promise, float(floors.max(initial=0.0))) <= _ROUNDING * asked


def _best_region(x: Instance, sites: np.ndarray, choice: Choice, params: ProgramParams, effort: Effort) -> Choice:
    """The plan with the best found for some sites, the flows of all others as they are."""
    region = region_of_sites(x, sites, choice)
    part, own = region.instance, region.part_of(choice)
    pairs = np.arange(len(part.pair_demand))
    program = build_program(part, pairs, doors=pairs[part.standing_kwh[part.pair_station] == 0])
    nodes = max(1, int(params.work / max(len(pairs), 1)))
    start = program.values(own.opened, own.new, own.served)
    try:
        limits = {"mip_rel_gap": params.gap_share, "mip_max_nodes": nodes, **effort.solver_clock()}
        solved = solve(program.problem, program.variables, start=start, **limits)
    except NoPlan:
        return choice
    opened, new, served = program.parts(solved.values)
    better = region.placed_in(choice, Choice(new, opened, made_feasible(part, served, part.station_kwh(new))))
    kept = is_rounding(x, *missing_kwh(x, better.by_demand(x)))
    return better if kept and better.value(x) > choice.value(x) else choice
