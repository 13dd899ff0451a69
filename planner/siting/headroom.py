"""The second stage: chargers beyond need go where spare capacity is lowest, the value held.

When the quota asks for more chargers than the served energy needs, many plans have the same value. This stage keeps who
charges where, and places the rest so that the task unit with the least spare capacity has as much as can be.
"""

from __future__ import annotations

import numpy as np

from planner.siting.instance import Instance
from planner.siting.program import build_program
from planner.siting.region import Choice
from planner.siting.solver import NoPlan, solve, weighted_sum

_BEYOND_NEED_SHARE = 0.01


def beyond_need(x: Instance, choice: Choice) -> float:
    """Quota units whose capacity the plan's served energy does not need."""
    flow = np.bincount(x.pair_station, choice.served, minlength=len(x.standing_kwh))
    built = np.bincount(x.option_station, x.kwh[x.option_type] * choice.new, minlength=len(x.standing_kwh))
    spare = np.maximum(built - np.maximum(flow - x.standing_kwh, 0.0), 0.0)[x.option_station]
    fits = np.minimum(np.floor(spare / x.kwh[x.option_type] + 1e-9), choice.new)
    best = np.zeros(len(x.standing_kwh))
    np.maximum.at(best, x.option_station, fits * x.quota_units[x.option_type])
    return float(best.sum())


def spread_headroom(x: Instance, choice: Choice) -> Choice:
    """The same service with its spare chargers where spare capacity is lowest; the given plan where none is better.

    ``most t`` subject to all rules of `program.py`, ``carried_js >= served_js`` and, for every task unit with demand
    served in it, ``sum of carried_js - served_js >= t x sum of served_js``.
    """
    if not x.quota or beyond_need(x, choice) <= _BEYOND_NEED_SHARE * x.quota:
        return choice
    flow = np.bincount(x.pair_station, choice.served, minlength=len(x.standing_kwh))
    program = build_program(x, np.zeros(0, int))
    kwh = x.kwh[x.option_type]
    carried: list[list[tuple[object, float]]] = [[] for _ in flow]
    for option, js in enumerate(x.option_station):
        carried[js].append((program.new[option], float(kwh[option])))
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
    try:
        solved = solve(program.problem, [*program.opened, *program.new], mip_rel_gap=0.01, mip_max_nodes=50)
    except NoPlan:
        return choice
    counts = np.round(solved.values)
    sites = len(program.opened)
    new = counts[sites:]
    used = np.bincount(x.option_site, new, minlength=sites) > 0
    return Choice(new, np.maximum(x.open_from, used), choice.served)
