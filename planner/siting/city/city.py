"""Siting at city size: prices that prove a bound, a search they guide, integer programs that settle and improve.

1. **Prices** (`dual.py`): the Lagrangian dual of demands and limits; the bound is recomputed from them
   (`certificate.py`).
2. **Search** (`search.py`): walks of ruin and recreate at these prices; quota, budget and the like are met nearly.
3. **Settle** (`settle.py`): an integer program over neighbouring configurations of the sites meets them exactly.
4. **Assign** (`assignment.py`): who charges where, exactly.
5. **Improve** (`improve.py`): integer programs of some sites, everything else as it is: where two walks differ (small
   cities), and twenty neighbours at a time.

Work is counted, never timed, so the same input gives the same plan; `Effort` may bring a clock.
"""

from __future__ import annotations

from copy import copy

import numpy as np

from planner.numeric.solver import NoPlan
from planner.progress import Progress, Stage
from planner.siting.city.assignment import assign
from planner.siting.city.certificate import Prices, upper_bound
from planner.siting.city.dual import find_prices, refine_prices
from planner.siting.city.improve import combine, is_rounding, sweep
from planner.siting.city.region import Choice
from planner.siting.city.search import STYLES, Walker, missing_kwh, search, search_from, search_on
from planner.siting.city.settle import settle
from planner.siting.effort import Effort
from planner.siting.model.instance import Instance
from planner.siting.start import Start

_PRICE_WORK, _LEAST_STEPS, _MANY_STEPS = 3_600_000_000, 300, 700
_QUICK_WORK, _MOST_STEPS = 200_000_000, 1_500
_SITE_WORK, _LEAST_WORK, _MOST_WORK = 45_000, 130_000_000, 340_000_000
_MOVE_PAIRS, _LEAST_MOVES, _MOST_MOVES, _FEW_MOVES = 40, 15, 2000, 150_000
_LARGE_PAIRS, _LARGE_POWER = 1_000_000, 0.55
_SEARCH_ON_MOVES = 40
_STEPS_ON, _SHARE_ON, _SHARE_BESIDE = 60, 5, 12
_MOST_ATTEMPTS, _MOST_STUCK, _NEARER = 12, 4, 0.999
_PROMISE_STEP, _EXCESS_SHARE = 0.03, 2e-3
_COMBINED_PAIRS, _WALKS, _SHORTER = 20_000, 6, 4


def plan_city(x: Instance, effort: Effort, report: Progress) -> tuple[Choice, float, Prices]:
    """A plan that keeps every rule, a certified bound and its prices, for an instance too large for one program.

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
    prices = find_prices(x, price_steps(x), effort, report)
    bound = upper_bound(x, prices)
    walker = Walker(x, prices, max(abs(bound), 1.0))
    small = len(x.pair_demand) <= _COMBINED_PAIRS
    walks, moves = (_WALKS, walk_moves(x) // _SHORTER) if small else (len(STYLES), walk_moves(x))
    walked = search(walker, walks, moves, effort)
    report(Stage.SEARCH, walked[0].value(x), bound)
    plans = settled(walker, walked if small else walked[:1], effort)
    report(Stage.SETTLE, plans[0].value(x), bound)
    plan = plans[0]
    if small:
        plan = combine(x, plans, bound, effort)
        report(Stage.COMBINE, plan.value(x), bound)
    return sweep(walker, plan, bound, effort, report), bound, prices


def replan_city(x: Instance, start: Start, effort: Effort, report: Progress) -> tuple[Choice, float, Prices]:
    """The same, gone on from a previous plan and its prices; quick where little has changed.

    Raises
    ------
    NoPlan
        No counts meet all the rules.
    """
    prices = refine_prices(x, start.prices, _STEPS_ON, effort, report)
    bound = upper_bound(x, prices)
    walker = Walker(x, prices, max(abs(bound), 1.0))
    walked = search_from(walker, start.choice, start.changed, walk_moves(x) // _SHARE_ON, effort)
    report(Stage.SEARCH, walked.value(x), bound)
    plan = settled(walker, [walked], effort)[0]
    report(Stage.SETTLE, plan.value(x), bound)
    return sweep(walker, plan, bound, effort, report), bound, prices


def walk_beside(walker: Walker, x: Instance, start: Choice) -> Choice:
    """A plan of a problem that differs from the walker's in its own costs alone, gone on from a plan at old prices.

    Raises
    ------
    NoPlan
        No counts meet all the rules.
    """
    beside, effort = copy(walker), Effort(0.0)
    beside.x = x
    walked = search_from(beside, start, np.zeros(0, int), walk_moves(x) // _SHARE_BESIDE, effort)
    return settled(beside, [walked], effort)[0]


def price_steps(x: Instance) -> int:
    """Evaluations of the dual: fewer where each takes long, more where it takes some milliseconds."""
    pairs = max(len(x.pair_demand), 1)
    many = np.clip(_PRICE_WORK // pairs, _LEAST_STEPS, _MANY_STEPS)
    return int(np.clip(_QUICK_WORK // pairs, many, _MOST_STEPS))


def walk_moves(x: Instance) -> int:
    """Of a walk: as counted work allows, for a move costs more the more demands a site reaches."""
    sites, pairs = len(x.site_ids), len(x.pair_demand)
    work = np.clip(_SITE_WORK * sites, _LEAST_WORK, _MOST_WORK) * min(
        1.0, (_LARGE_PAIRS / max(pairs, 1)) ** _LARGE_POWER
    )
    most = max(_MOST_MOVES, _FEW_MOVES // max(sites, 1))
    return int(np.clip(work / max(pairs + _MOVE_PAIRS * sites, 1), _LEAST_MOVES, most))


def settled(walker: Walker, walked: list[Choice], effort: Effort) -> list[Choice]:
    """Rough plans with every rule kept, the best first; those that cannot be brought to it are left out.

    Raises
    ------
    NoPlan
        None can.
    """
    plans: list[Choice] = []
    for n, rough in enumerate(walked):
        if plans and effort.is_over():
            break
        try:
            plans.append(_promises_kept(walker, _settled_and_served(walker, rough), effort))
        except NoPlan:
            if n == len(walked) - 1 and not plans:
                raise
    return sorted(plans, key=lambda plan: -plan.value(walker.x))


def _settled_and_served(walker: Walker, rough: Choice) -> Choice:
    """A rough plan with every limit kept, everyone charging as is best."""
    x = walker.x
    new, opened = settle(walker, rough)
    return Choice(new, opened, assign(x, new))


def _promises_kept(walker: Walker, choice: Choice, effort: Effort) -> Choice:
    """The best plan met that keeps floors and promise, searched on at dearer kWh while something is missing and at
    cheaper ones while the promise is more than kept.

    Raises
    ------
    NoPlan
        After so many attempts something is still missing.
    """
    x, best, step, least, stuck = walker.x, None, _PROMISE_STEP, np.inf, 0
    for attempt in range(_MOST_ATTEMPTS + 1):
        floors, promise = missing_kwh(x, choice.by_demand(x))
        kept = is_rounding(x, floors, promise)
        if kept and (best is None or choice.value(x) > best.value(x)):
            best = choice
        excess = float(choice.served.sum()) - x.promise_kwh if x.promise_kwh > 0 else 0.0
        if not x.promise_kwh and best is None:  # floors that dearer kWh bring no nearer
            stuck = stuck + 1 if floors.sum() >= least * _NEARER else 0
            least = min(least, float(floors.sum()))
        last = attempt == _MOST_ATTEMPTS or stuck == _MOST_STUCK
        if last or (kept and (excess <= _EXCESS_SHARE * x.promise_kwh or effort.is_over())):
            break
        step = step if kept == (step < 0) else -step / 2
        walked = search_on(walker, choice, _SEARCH_ON_MOVES, abs(step) * (floors > 0), step if x.promise_kwh else 0.0)
        choice = _settled_and_served(walker, walked)
    if best is None:
        raise NoPlan(_missed(x, choice), infeasible=False)
    return best


def _missed(x: Instance, choice: Choice) -> str:
    """Which floors, or the promise, a plan misses and what it reaches, in words."""
    floors, promise = missing_kwh(x, choice.by_demand(x))
    asked = x.served_by_floor(x.energy)
    short = [
        f"floor of {name}: {(least - by) / all_kwh:.4g} of {least / all_kwh:.4g} reached"
        for name, least, by, all_kwh in zip(x.floor_ids, x.floor_kwh, floors, asked, strict=True)
        if by > 0
    ]
    reached = f"promise: {1 - promise / x.promise_kwh:.4g} of it reached" if promise > 0 else ""
    return "; ".join(filter(None, [*short, reached])) or "floors or the promise were missed by rounding"
