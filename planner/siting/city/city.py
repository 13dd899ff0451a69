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
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from planner.numeric.solver import NoPlan
from planner.progress import Progress, Stage
from planner.siting.city.assignment import assign
from planner.siting.city.certificate import Prices, upper_bound
from planner.siting.city.dual import find_prices, refine_prices
from planner.siting.city.improve import combine, is_rounding, sweep
from planner.siting.city.region import Choice
from planner.siting.city.search import Walker, missing_kwh, search, search_from, search_on, search_raced
from planner.siting.city.settle import settle
from planner.siting.effort import Effort
from planner.siting.model.instance import Instance
from planner.siting.start import Start


@dataclass(frozen=True)
class CityParams:
    """How counted work is shared out between the steps. Tuned on seeds 1 to 3 of the bench cities.

    Attributes
    ----------
    price_work, least_steps, many_steps
        Evaluations of the dual: so much work over the pairs, within these.
    quick_work, most_steps
        More, where each takes some milliseconds: so much work over the pairs, at most these.
    site_work, least_work, most_work
        Of a walk: so much for every site, within these.
    move_pairs
        What a move costs at a site beside its pairs, in pairs.
    large_pairs, large_power
        Beyond so many pairs a walk's work falls with this power of their number.
    least_moves, most_moves
        Of a walk, per site.
    few_moves
        Of a walk in all, that even the smallest city gets.
    combined_pairs
        Up to so many, the city is small: more, shorter walks whose plans are combined.
    small_walks, shorter
        That many, and what their moves are divided by.
    raced_share
        Of a walk's moves, that each of a city's two walks gets in the style that won; beyond `large_pairs`, where they
        are few, all.
    steps_on, fewer_on
        Gone on from a previous plan: evaluations of the dual, and what the moves are divided by.
    fewer_beside
        What the moves are divided by for a plan beside the best one.
    draft_steps, fewer_drafted
        Of a draft, where someone asked how near is near enough: evaluations of the dual, what the moves are divided by.
    search_on_moves
        Per site, to bring in what floors or the promise still miss.
    most_attempts, most_stuck
        At that, in all, and in a row without coming nearer.
    nearer
        What is missed of the floors has become less where it is below this share of the least so far.
    promise_step
        First change of the price of floors and promise, as a share of what a kWh is worth at most.
    excess_share
        Of the promise: what a plan may serve beyond it.
    """

    price_work: int = 3_600_000_000
    least_steps: int = 300
    many_steps: int = 700
    quick_work: int = 200_000_000
    most_steps: int = 1_500
    site_work: int = 45_000
    least_work: int = 130_000_000
    most_work: int = 340_000_000
    move_pairs: int = 40
    large_pairs: int = 1_000_000
    large_power: float = 0.55
    least_moves: int = 15
    most_moves: int = 2000
    few_moves: int = 150_000
    combined_pairs: int = 20_000
    small_walks: int = 6
    shorter: int = 4
    raced_share: float = 0.6
    steps_on: int = 60
    fewer_on: int = 5
    fewer_beside: int = 12
    draft_steps: int = 40
    fewer_drafted: int = 12
    search_on_moves: int = 40
    most_attempts: int = 12
    most_stuck: int = 4
    nearer: float = 0.999
    promise_step: float = 0.03
    excess_share: float = 2e-3


_PARAMS = CityParams()


class CityPlan(NamedTuple):
    """A plan that keeps every rule, a certified bound of all plans, and the prices that prove it."""

    choice: Choice
    bound: float
    prices: Prices

    def is_near(self, x: Instance, gap_share: float) -> bool:
        """Whether it is proven to be within this share of the best."""
        return self.bound <= self.low_enough(x, gap_share)

    def low_enough(self, x: Instance, gap_share: float) -> float:
        """The bound that would prove it to be."""
        value = self.choice.value(x)
        return value / (1.0 - gap_share) if value > 0 else value / (1.0 + gap_share)

    def under(self, x: Instance, prices: Prices) -> CityPlan:
        """The same plan under the lower of two bounds."""
        bound = upper_bound(x, prices)
        return self._replace(bound=bound, prices=prices) if bound < self.bound else self


def plan_city(x: Instance, effort: Effort, tell: Progress) -> CityPlan:
    """A plan that keeps every rule, a certified bound and its prices, for an instance too large for one program.

    Where someone asked how near is near enough, or for how long, a draft comes first, and may be all.

    Parameters
    ----------
    x
        The problem.
    effort
        When to stop.
    tell
        Called with the stage, the value so far and the bound so far.

    Raises
    ------
    NoPlan
        No counts meet all the rules.
    """
    draft = _drafted(x, effort, tell) if effort.asked else None
    if draft is None:
        return _planned(x, find_prices(x, price_steps(x), effort, tell), effort, tell)
    if effort.is_over() or draft.is_near(x, effort.gap_share):
        return draft
    enough = draft.low_enough(x, effort.gap_share)
    draft = draft.under(x, find_prices(x, price_steps(x), effort, tell, draft.prices, enough))
    if draft.is_near(x, effort.gap_share):
        return draft
    plan = _planned(x, draft.prices, effort, tell)
    return plan if plan.choice.value(x) >= draft.choice.value(x) else plan._replace(choice=draft.choice)


def _drafted(x: Instance, effort: Effort, tell: Progress) -> CityPlan | None:
    """A quick plan under a first bound: few steps of the dual and a short cold walk, whole even where time is up; None
    where it does not keep all rules."""
    prices = find_prices(x, _PARAMS.draft_steps, effort, tell)
    bound = upper_bound(x, prices)
    tell(Stage.SEARCH, None, bound)
    walker = Walker(x, prices, max(abs(bound), 1.0))
    walked = search_from(walker, None, np.zeros(0, int), walk_moves(x) // _PARAMS.fewer_drafted, Effort(0.0))
    tell(Stage.SETTLE, walked.value(x), bound)
    try:
        choice = settled(walker, [walked], effort)[0]
    except NoPlan as error:
        if error.infeasible:
            raise
        return None
    tell(Stage.SETTLE, choice.value(x), bound)
    return CityPlan(choice, bound, prices)


def _planned(x: Instance, prices: Prices, effort: Effort, tell: Progress) -> CityPlan:
    """The plan that long walks at these prices lead to, under their bound."""
    bound = upper_bound(x, prices)
    walker = Walker(x, prices, max(abs(bound), 1.0))
    small = len(x.pair_demand) <= _PARAMS.combined_pairs
    tell(Stage.SEARCH, None, bound)
    if small:
        walked = search(walker, _PARAMS.small_walks, walk_moves(x) // _PARAMS.shorter, effort)
    else:
        share = _PARAMS.raced_share if len(x.pair_demand) <= _PARAMS.large_pairs else 1.0
        walked = search_raced(walker, int(share * walk_moves(x)), effort)
    tell(Stage.SETTLE, walked[0].value(x), bound)
    plans = settled(walker, walked if small else walked[:1], effort)
    plan = plans[0]
    tell(Stage.SETTLE, plan.value(x), bound)
    if small:
        tell(Stage.COMBINE, plan.value(x), bound)
        plan = combine(x, plans, bound, effort)
        tell(Stage.COMBINE, plan.value(x), bound)
    return CityPlan(sweep(walker, plan, bound, effort, tell), bound, prices)


def replan_city(x: Instance, start: Start, effort: Effort, tell: Progress) -> CityPlan:
    """The same, gone on from a previous plan and its prices; quick where little has changed.

    Raises
    ------
    NoPlan
        No counts meet all the rules.
    """
    prices = refine_prices(x, start.prices, _PARAMS.steps_on, effort, tell)
    bound = upper_bound(x, prices)
    walker = Walker(x, prices, max(abs(bound), 1.0))
    tell(Stage.SEARCH, None, bound)
    walked = search_from(walker, start.choice, start.changed, walk_moves(x) // _PARAMS.fewer_on, effort)
    tell(Stage.SETTLE, walked.value(x), bound)
    plan = settled(walker, [walked], effort)[0]
    tell(Stage.SETTLE, plan.value(x), bound)
    return CityPlan(sweep(walker, plan, bound, effort, tell), bound, prices)


def walk_beside(walker: Walker, x: Instance, start: Choice) -> Choice:
    """A plan of a problem that differs from the walker's in its own costs alone, gone on from a plan at old prices.

    Raises
    ------
    NoPlan
        No counts meet all the rules.
    """
    beside, effort = copy(walker), Effort(0.0)
    beside.x = x
    walked = search_from(beside, start, np.zeros(0, int), walk_moves(x) // _PARAMS.fewer_beside, effort)
    return settled(beside, [walked], effort)[0]


def price_steps(x: Instance) -> int:
    """Evaluations of the dual: fewer where each takes long, more where it takes some milliseconds."""
    pairs = max(len(x.pair_demand), 1)
    many = np.clip(_PARAMS.price_work // pairs, _PARAMS.least_steps, _PARAMS.many_steps)
    return int(np.clip(_PARAMS.quick_work // pairs, many, _PARAMS.most_steps))


def walk_moves(x: Instance) -> int:
    """Of a walk: as counted work allows, for a move costs more the more demands a site reaches."""
    sites, pairs = len(x.site_ids), len(x.pair_demand)
    large = min(1.0, (_PARAMS.large_pairs / max(pairs, 1)) ** _PARAMS.large_power)
    work = np.clip(_PARAMS.site_work * sites, _PARAMS.least_work, _PARAMS.most_work) * large
    most = max(_PARAMS.most_moves, _PARAMS.few_moves // max(sites, 1))
    return int(np.clip(work / max(pairs + _PARAMS.move_pairs * sites, 1), _PARAMS.least_moves, most))


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
    x, best, step, least, stuck = walker.x, None, _PARAMS.promise_step, np.inf, 0
    for attempt in range(_PARAMS.most_attempts + 1):
        floors, promise = missing_kwh(x, choice.by_demand(x))
        kept = is_rounding(x, floors, promise)
        if kept and (best is None or choice.value(x) > best.value(x)):
            best = choice
        excess = float(choice.served.sum()) - x.promise_kwh if x.promise_kwh > 0 else 0.0
        if not x.promise_kwh and best is None:  # floors that dearer kWh bring no nearer
            stuck = stuck + 1 if floors.sum() >= least * _PARAMS.nearer else 0
            least = min(least, float(floors.sum()))
        last = attempt == _PARAMS.most_attempts or stuck == _PARAMS.most_stuck
        if last or (kept and (excess <= _PARAMS.excess_share * x.promise_kwh or effort.is_over())):
            break
        step = step if kept == (step < 0) else -step / 2
        dearer = abs(step) * (floors > 0), step if x.promise_kwh else 0.0
        walked = search_on(walker, choice, _PARAMS.search_on_moves, *dearer)
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
