"""Siting of several years at city size: prices of all years together, then year after year within its neighbours.

1. **Prices**: the Lagrangian dual of all years with what stays (`phases.py`), as of a single year (`dual.py`). Its
   bound holds for all years together, and the price of ``stays`` says what a charger of a late year is worth to the
   years before.
2. **Back**: the last year first, a charger cheaper by what it is worth before; then every year before within what
   stands a year later. Each is a search and a settling of its own.
A plan of the same years gone on from (`replan_years`) is walked on cold instead, every year between what stands a year
before and what stands a year after, the last first. After step 2 that gains next to nothing (0.004 % on Taiyuan).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.numeric.solver import NoPlan
from planner.progress import Progress, Stage
from planner.siting.city.certificate import Prices, upper_bound
from planner.siting.city.city import CityPlan, price_steps, settled, walk_moves
from planner.siting.city.dual import find_prices, first_prices, refine_prices
from planner.siting.city.region import Choice, built_on
from planner.siting.city.search import FIRM, Walker, search_from, search_raced
from planner.siting.effort import Effort
from planner.siting.model.instance import Instance
from planner.siting.model.phases import Years


@dataclass(frozen=True)
class YearsParams:
    """What the work on several years is, beside that on one.

    Attributes
    ----------
    steps
        Most evaluations of the dual of all years.
    fewer_before
        A year before the last gets the moves of a single year divided by this: it chooses within what stands later.
    steps_on
        Evaluations of the dual from a previous plan's prices.
    fewer_again
        What the moves of a single year are divided by, gone on from a previous plan.
    """

    steps: int = 500
    fewer_before: int = 3
    steps_on: int = 60
    fewer_again: int = 5


_PARAMS = YearsParams()


def plan_years(years: Years, effort: Effort, tell: Progress) -> CityPlan:
    """A plan of all years that keeps every rule, a certified bound and its prices.

    Parameters
    ----------
    years
        The problem.
    effort
        When to stop.
    tell
        Called with the stage, the value so far and the bound so far.

    Raises
    ------
    NoPlan
        No counts meet all the rules, or none were found.
    """
    x = years.whole
    tell(Stage.BOUND, None, None)
    alone = [first_prices(part) for part in years.parts]
    first = years.joined_prices(alone, np.zeros(int(x.limits.is_stays.sum())))
    prices = find_prices(x, min(price_steps(x), _PARAMS.steps), effort, tell, first)
    bound = upper_bound(x, prices)
    plans: list[Choice] = []
    tell(Stage.SEARCH, None, bound)
    for t in reversed(range(len(years.parts))):
        part = _between(years, t, None, plans[0].new if plans else None)
        subsidised = replace(part, option_cost_cny=-years.worth_before(t, prices))
        own = years.prices_of(t, prices)
        walker = Walker(subsidised, own, max(bound / len(years.parts), 1.0))
        moves = walk_moves(part) // (_PARAMS.fewer_before if plans else 1)
        walked = search_raced(walker, moves, effort, FIRM)
        plans.insert(0, settled(walker, walked[:1], effort)[0])
    return CityPlan(years.joined(plans), bound, prices)


def replan_years(
    years: Years, starts: list[Choice], prices: Prices, changed: np.ndarray, effort: Effort, tell: Progress
) -> CityPlan:
    """The same, gone on from a previous plan of every year and its prices; quick where little has changed.

    Parameters
    ----------
    starts
        A plan of every year, none holding more than the next; limits of the whole city may be missed.
    changed
        Positions of the sites that moves begin from.

    Raises
    ------
    NoPlan
        No counts meet all the rules.
    """
    x = years.whole
    prices = refine_prices(x, prices, _PARAMS.steps_on, effort, tell)
    bound = upper_bound(x, prices)
    plans = list(starts)
    tell(Stage.SEARCH, None, bound)
    for t in reversed(range(len(plans))):
        plans[t] = _again(years, t, plans, prices, changed, effort)
    return CityPlan(years.joined(plans), bound, prices)


def _again(years: Years, t: int, plans: list[Choice], prices: Prices, first: np.ndarray, effort: Effort) -> Choice:
    """One year's plan walked on between those of its neighbours; as it was where that is not better."""
    now, whole = plans[t], years.parts[t]
    held = years.counts_in(t, t - 1, plans[t - 1].new) if t else np.zeros(len(now.new))
    most = plans[t + 1].new if t + 1 < len(plans) else None
    part = _between(years, t, held, most)
    start = Choice(now.new - held, part.opened_by(now.new - held), now.served)
    walker = Walker(part, years.prices_of(t, prices), max(now.value(whole), 1.0))
    moves = walk_moves(whole) // _PARAMS.fewer_again
    try:
        walked = search_from(walker, start, first, moves, effort)
        found = settled(walker, [walked], effort)[0]
    except NoPlan:
        if _keeps(whole, now):
            return now
        raise
    if _keeps(whole, now) and found.value(part) <= now.value(whole):
        return now
    return Choice(found.new + held, whole.opened_by(found.new + held), found.served)


def _keeps(x: Instance, plan: Choice) -> bool:
    """Whether a plan keeps every rule of counts and its floors."""
    floors = x.served_by_floor(plan.by_demand(x)) >= x.floor_kwh * (1 - 1e-6)
    return x.keeps(plan.new, plan.opened) and bool(floors.all())


def _between(years: Years, t: int, held: np.ndarray | None, later: np.ndarray | None) -> Instance:
    """One year's problem on top of what stands a year before and within what stands a year after."""
    part = years.parts[t]
    if later is not None:
        part = replace(part, option_most=np.minimum(part.option_most, years.counts_in(t, t + 1, later)))
    return part if held is None else built_on(part, held)
