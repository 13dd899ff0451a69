"""The second stage: chargers beyond need go where spare capacity is lowest, the value held.

When the quota asks for more chargers than the served energy needs, many plans have the same value. This stage keeps who
charges where, and places the rest so that the task unit with the least spare capacity has as much as can be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.numeric.solver import NoPlan, solve, weighted_sum
from planner.siting.city.region import Choice, region_of_sites
from planner.siting.model.instance import Instance
from planner.siting.model.program import Program, build_program


@dataclass(frozen=True)
class HeadroomParams:
    """When spare chargers are worth moving, and how long the program is tried.

    Attributes
    ----------
    beyond_need_share
        Of the chargers: a plan with fewer beyond need stays as it is.
    even_enough
        A plan stays whose scarcest task unit has this share of the city's spare capacity or more.
    gap_share
        Of the lowest spare capacity: near enough to the highest.
    nodes
        Of branch and bound, at most.
    """

    beyond_need_share: float = 0.01
    even_enough: float = 0.5
    gap_share: float = 0.05
    nodes: int = 10


_PARAMS = HeadroomParams()


def beyond_need(x: Instance, choice: Choice) -> float:
    """Quota units whose capacity the plan's served energy does not need."""
    carried = x.station_kwh(choice.new)
    spare = np.minimum(carried - choice.by_station(x), carried - x.standing_kwh)[x.option_station]
    options = np.arange(len(choice.new))
    new = choice.new.astype(int)
    idle = np.zeros(len(new))
    for fewer in range(1, int(new.max(initial=0)) + 1):
        lost = x.gained_kwh(options, new) - x.gained_kwh(options, np.maximum(new - fewer, 0))
        idle = np.where((fewer <= new) & (lost <= spare + 1e-9), fewer, idle)
    best = np.zeros(len(x.standing_kwh))
    np.maximum.at(best, x.option_station, idle * x.limits.quota_units)
    return float(best.sum())


def spread_headroom(x: Instance, choice: Choice) -> Choice:
    """The same service with its spare chargers where spare capacity is lowest; the given plan where little is gained.

    ``most t`` subject to all rules of `program.py`, ``carried_js >= served_js`` and, for every task unit with demand
    served in it, ``sum of carried_js - served_js >= t x sum of served_js``. A plan whose t is half of the city's spare
    capacity or more stays; where the least cost is asked for nothing is beyond need. Sites that are closed stay closed.
    """
    placed = float(x.limits.quota_units @ choice.new)
    if x.promise_kwh > 0 or not placed or beyond_need(x, choice) <= _PARAMS.beyond_need_share * placed:
        return choice
    if _is_even(x, choice):
        return choice
    region = region_of_sites(x, np.flatnonzero(choice.opened), choice)
    part = region.part_of(choice)
    program = _headroom_program(region.instance, part.by_station(region.instance))
    start = program.values(part.opened, part.new, np.zeros(0))
    gap, nodes = _PARAMS.gap_share, _PARAMS.nodes
    try:
        solved = solve(program.problem, program.variables, start=start, mip_rel_gap=gap, mip_max_nodes=nodes)
    except NoPlan:
        return choice
    opened, new, _ = program.parts(solved.values)
    return region.placed_in(choice, Choice(new, opened, part.served))


def _is_even(x: Instance, choice: Choice) -> bool:
    """Whether every task unit has half or more of the city's spare capacity, as a share of what is served there."""
    _, unit = np.unique(x.task_unit[x.station_site].astype(str), return_inverse=True)
    served = np.bincount(unit, choice.by_station(x))
    carried = np.bincount(unit, x.station_kwh(choice.new))
    used = served > 0
    lowest = float(np.min(carried[used] / served[used], initial=np.inf)) - 1
    return lowest >= _PARAMS.even_enough * (float(carried.sum() / max(served.sum(), 1.0)) - 1)


def _headroom_program(x: Instance, flow: np.ndarray) -> Program:
    """Who charges where as it is, the lowest spare capacity of any task unit as high as can be."""
    program = build_program(x, np.zeros(0, int))
    carried: list[list[tuple[object, float]]] = [[] for _ in flow]
    for js, terms in zip(x.option_station, program.gained, strict=True):
        carried[js].extend(terms)
    for js in np.flatnonzero(flow > x.standing_kwh):
        least = float(flow[js] - x.standing_kwh[js]) * (1 - 1e-9)
        program.problem.addConstraint(weighted_sum(carried[js]) >= least, f"held({js})")
    lowest = program.problem.add_variable("lowest_spare", 0.0)
    unit = x.task_unit[x.station_site]
    for n, name in enumerate(sorted(set(unit))):
        inside = np.flatnonzero(unit == name)
        served = float(flow[inside].sum())
        if served > 0:
            terms = [term for js in inside for term in carried[js]]
            spare = weighted_sum([*terms, (lowest, -served)])
            program.problem.addConstraint(spare >= served - float(x.standing_kwh[inside].sum()), f"spare({n})")
    program.problem.setObjective(weighted_sum([(lowest, -1.0)]))
    return program
