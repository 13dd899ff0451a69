"""Siting at city size: prices that prove a bound, a search they guide, integer programs that settle and improve.

1. **Prices** (`dual.py`): the Lagrangian dual of demands and limits; the bound is recomputed from them
   (`certificate.py`).
2. **Search** (`search.py`): ruin and recreate at these prices; quota, budget and the like are met nearly.
3. **Settle** (`settle.py`): an integer program over neighbouring configurations of the sites meets them exactly.
4. **Assign** (`assignment.py`): who charges where, exactly.
5. **Improve**: integer programs of some twenty neighbouring sites, everything else as it is.

Work is counted, never timed, so the same input gives the same plan; `Effort` may bring a clock.
"""

from __future__ import annotations

import numpy as np

from planner.siting.assignment import assign, made_feasible
from planner.siting.certificate import upper_bound
from planner.siting.dual import find_prices
from planner.siting.effort import Effort, Report
from planner.siting.instance import Instance
from planner.siting.program import build_program
from planner.siting.region import Choice, region_of_sites
from planner.siting.search import Walker, missing_kwh, search, search_on
from planner.siting.settle import settle
from planner.siting.solver import NoPlan, solve

_PRICE_WORK, _LEAST_STEPS, _MOST_STEPS = 3_600_000_000, 300, 700
_SITE_WORK, _LEAST_WORK, _MOST_WORK = 45_000, 130_000_000, 420_000_000
_MOVE_PAIRS, _LEAST_MOVES, _MOST_MOVES, _FEW_MOVES = 40, 15, 2000, 150_000
_LARGE_PAIRS, _LARGE_POWER = 1_000_000, 0.55
_SEARCH_ON_MOVES = 40
_MOST_ATTEMPTS = 12
_PROMISE_TOLERANCE = 1e-7
_PROMISE_STEP, _EXCESS_SHARE = 0.03, 2e-3
_REGION_SITES = 20
_REGION_GAP, _REGION_NODES = 1e-3, 20


def plan_city(x: Instance, effort: Effort, report: Report) -> tuple[Choice, float]:
    """A plan that keeps every rule, and a certified bound, for an instance too large for the program as a whole.

    Parameters
    ----------
    x
        The problem.
    effort
        When to stop.
    report
        Called with the step's name, the value so far and the bound so far.

    Raises
    ------
    NoPlan
        No counts meet all the rules.
    """
    prices = find_prices(x, _price_steps(x), effort, report)
    bound = upper_bound(x, prices)
    walker = Walker(x, prices, max(abs(bound), 1.0))
    rough = search(walker, _moves_per_site(x), effort)
    report("search", rough.value(x), bound)
    choice = _settled_and_served(walker, rough)
    report("settle", choice.value(x), bound)
    return improve(walker, _promises_kept(walker, choice, effort), bound, effort, report), bound


def _price_steps(x: Instance) -> int:
    """Evaluations of the dual: fewer where each takes long."""
    return int(np.clip(_PRICE_WORK // max(len(x.pair_demand), 1), _LEAST_STEPS, _MOST_STEPS))


def _moves_per_site(x: Instance) -> int:
    """Of a walk: as counted work allows, for a move costs more the more demands a site reaches."""
    sites, pairs = len(x.site_ids), len(x.pair_demand)
    work = np.clip(_SITE_WORK * sites, _LEAST_WORK, _MOST_WORK) * min(
        1.0, (_LARGE_PAIRS / max(pairs, 1)) ** _LARGE_POWER
    )
    most = max(_MOST_MOVES, _FEW_MOVES // max(sites, 1))
    return int(np.clip(work / max(pairs + _MOVE_PAIRS * sites, 1), _LEAST_MOVES, most))


def _settled_and_served(walker: Walker, rough: Choice) -> Choice:
    """A rough plan with every limit kept, everyone charging as is best."""
    x = walker.x
    new, opened = settle(walker, rough)
    return Choice(new, opened, assign(x, new, np.flatnonzero(rough.served > 0)))


def _promises_kept(walker: Walker, choice: Choice, effort: Effort) -> Choice:
    """The best plan met that keeps floors and promise, searched on at dearer kWh while something is missing and at
    cheaper ones while the promise is more than kept.

    Raises
    ------
    NoPlan
        After so many attempts something is still missing.
    """
    x, best, step = walker.x, None, _PROMISE_STEP
    for attempt in range(_MOST_ATTEMPTS + 1):
        floors, promise = missing_kwh(x, np.bincount(x.pair_demand, choice.served, minlength=len(x.energy)))
        kept = _kept_promises(x, floors, promise)
        if kept and (best is None or choice.value(x) > best.value(x)):
            best = choice
        excess = float(choice.served.sum()) - x.promise_kwh if x.promise_kwh > 0 else 0.0
        if attempt == _MOST_ATTEMPTS or (kept and (excess <= _EXCESS_SHARE * x.promise_kwh or effort.is_over())):
            break
        step = step if kept == (step < 0) else -step / 2
        walked = search_on(walker, choice, _SEARCH_ON_MOVES, abs(step) * (floors > 0), step if x.promise_kwh else 0.0)
        choice = _settled_and_served(walker, walked)
    if best is None:
        raise NoPlan("floors or the promise were missed", infeasible=False)
    return best


def _kept_promises(x: Instance, floors: np.ndarray, promise: float) -> bool:
    """Whether what is missing is no more than rounding."""
    asked = max(x.promise_kwh, float(x.floor_kwh.max(initial=0.0)), 1.0)
    return max(promise, float(floors.max(initial=0.0))) <= _PROMISE_TOLERANCE * asked


def improve(walker: Walker, choice: Choice, bound: float, effort: Effort, report: Report) -> Choice:
    """Sweep regional integer programs over the city; keep what is better."""
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
            choice = _improved_region(x, sites, choice, effort)
            report("improve", choice.value(x), bound)
    return choice


def _improved_region(x: Instance, sites: np.ndarray, choice: Choice, effort: Effort) -> Choice:
    """The plan with the best found for some sites, the flows of all others as they are."""
    region = region_of_sites(x, sites, choice)
    part = region.instance
    program = build_program(part, np.arange(len(part.pair_demand)))
    try:
        limits = {"mip_rel_gap": _REGION_GAP, "mip_max_nodes": _REGION_NODES, **effort.solver_clock()}
        solved = solve(program.problem, program.variables, **limits)
    except NoPlan:
        return choice
    opened, new, served = program.parts(solved.values)
    better = region.placed_in(choice, Choice(new, opened, made_feasible(part, served, part.station_kwh(new))))
    floors, promise = missing_kwh(x, np.bincount(x.pair_demand, better.served, minlength=len(x.energy)))
    return better if _kept_promises(x, floors, promise) and better.value(x) > choice.value(x) else choice
