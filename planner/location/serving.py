"""Serve every zone from open sites at least cost: the one problem behind the median and the capacitated models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.location.program import Plan, Serving, program
from planner.location.serving_search import (
    SHARED,
    WHOLE,
    Packing,
    PairOrder,
    cheapest,
    raise_bound,
)
from planner.location.table import RELATIVE_GAP

_ROUNDS, _STEPS, _LEAST_STRIDE = 40, 60, 1e-4
"""Of the bound: after each round of steps a choice is made at the prices reached."""
_FREE_PAIRS, _BOUND_PAIRS, _MOST_PAIRS = 150_000, 40_000, 400_000
"""As many pairs as HiGHS gets to prove a plan over without and with capacities, and to find one where none is known."""
_DRAFTS = (1.3, 5), (2.0, 8), (np.inf, np.inf)
"""Of a draft: the sites, in units of the open ones, and how many of them a zone may choose from."""
_DRAFT_NODES, _NODES = 50, 3_000
_TO_PROVE = {"mip_heuristic_effort": 0.0, "mip_allow_restart": False}
"""Of HiGHS where a good plan is known: what else looks for plans, or begins anew, takes time from the proof."""
_WHOLE_WORK = 4e6
"""Pairs x capacity up to which the bound packs whole zones."""


@dataclass(frozen=True)
class Dual:
    """A lower bound, its prices by zone and reduced costs by site, and the length of the steps that led there."""

    bound: float
    price: np.ndarray
    reduced: np.ndarray
    stride: float


def serve(problem: Serving, effort: float) -> tuple[Plan | None, float]:
    """The best plan found and a lower bound on every plan's cost; inf where no plan can be.

    Parameters
    ----------
    problem
        Zones, sites, costs and numbers; every zone has a pair.
    effort
        Multiplies the counted work.
    """
    best: Plan | None = None
    dual = Dual(-np.inf, first_price(problem), np.zeros(len(problem.opening)), 1.0)
    rounds = max(1, round(_ROUNDS * effort))
    for turn in range(rounds):
        dual = _raised(problem, dual, best)
        if best and closed(problem, best.cost, dual.bound):
            return best, min(best.cost, rounded(problem, dual.bound))
        last = turn == rounds - 1 or dual.stride < _LEAST_STRIDE
        if (last and best is None) or turn == rounds // 3:
            best = better(best, _drafted(problem, dual, best is not None))
        if last:
            break
    return settled(problem, best, dual, effort)


def rounded(problem: Serving, bound: float) -> float:
    return float(np.ceil(bound - 1e-6)) if problem.whole_costs and np.isfinite(bound) else bound


def closed(problem: Serving, cost: float, bound: float) -> bool:
    return cost - rounded(problem, bound) <= 0.1 * RELATIVE_GAP * max(1.0, abs(cost))


def first_price(problem: Serving) -> np.ndarray:
    """Of each zone: its cost at about the site that would be its nearest if `least` sites were open by chance."""
    pairs, sizes = problem.pairs, np.diff(problem.pairs.start)
    order = np.lexsort((problem.cost, pairs.zone))
    skip = np.minimum(sizes - 1, len(pairs.sites) // max(1, problem.least))
    return np.asarray(problem.cost[order][pairs.start[:-1] + skip])


def _guess(problem: Serving, price: np.ndarray) -> float:
    return float(price.sum() + np.sort(problem.opening)[: problem.least].sum())


def _kind(problem: Serving) -> int:
    numbers = np.r_[problem.weights, problem.capacity]
    whole = problem.single and (numbers == np.rint(numbers)).all()
    return WHOLE if whole and len(problem.cost) * problem.capacity.max() <= _WHOLE_WORK else SHARED


def _raised(problem: Serving, dual: Dual, best: Plan | None) -> Dual:
    """The bound after some more steps, towards the best plan's cost or a guess at it."""
    start, zone, order = problem.pairs.by_site()
    guess = _guess(problem, dual.price) if np.isinf(dual.bound) else dual.bound
    aim = best.cost if best else guess + 0.05 * abs(guess) + 1e-9
    packing = Packing(
        PairOrder(start, zone, problem.cost[order]),
        weight=problem.weights,
        capacity=problem.capacity,
        opening=problem.opening,
        fixed=problem.pairs.fixed,
        least=problem.least,
        most=problem.most,
        kind=_kind(problem),
    )
    return Dual(*raise_bound(packing, dual.price, aim, dual.stride, _STEPS))


def _drafted(problem: Serving, dual: Dual, again: bool) -> Plan | None:
    """A plan over the few sites and pairs that are cheapest at these prices, over more if need be or `again`."""
    pairs, count = problem.pairs, int(cheapest(dual.reduced, problem.pairs.fixed, problem.least, problem.most).sum())
    rank = np.argsort(np.argsort(np.where(pairs.fixed, -np.inf, dual.reduced), kind="stable"))
    for share, near in _DRAFTS[int(again) :]:
        usable = rank < share * count + 3
        inside = np.flatnonzero(usable[pairs.site])
        zone = pairs.zone[inside]
        order = np.lexsort((problem.cost[inside] - dual.price[zone], zone))
        place = np.arange(len(order)) - np.r_[0, np.cumsum(np.bincount(zone, minlength=len(pairs.zones)))][zone[order]]
        kept = np.zeros(len(pairs.site), bool)
        kept[inside[order[place < near]]] = True
        if kept.sum() > _MOST_PAIRS:
            break
        plan, _ = program(problem, kept, usable, pairs.fixed, _DRAFT_NODES)
        if plan:
            return plan
    return None


def settled(problem: Serving, best: Plan | None, dual: Dual, effort: float) -> tuple[Plan | None, float]:
    """Rule sites and pairs out, and in, by what they add to the bound, and let HiGHS settle the rest if it is small."""
    pairs, reduced, bound = problem.pairs, dual.reduced, dual.bound
    goal = np.inf if best is None else best.cost - (1.0 - 1e-6 if problem.whole_costs else 0.0)
    room = goal - bound + 1e-9 * abs(bound)
    chosen = cheapest(reduced, pairs.fixed, problem.least, problem.most)
    count, free = int(chosen.sum()), chosen & ~pairs.fixed
    worst = reduced[free].max() if free.any() else 0.0
    next_one = reduced[~chosen].min() if not chosen.all() else np.inf
    entering = reduced - (worst if count == problem.most else max(0.0, worst))
    leaving = (next_one if count == problem.least else 0.0) - reduced
    usable = chosen | (entering <= room)
    surely = pairs.fixed | (free & (leaving > room))
    kept = usable[pairs.site]
    if problem.single or not problem.capacitated:
        extra = np.maximum(0.0, problem.cost - dual.price[pairs.zone]) + np.where(chosen, 0.0, entering)[pairs.site]
        kept &= extra <= room
    most = _MOST_PAIRS if best is None else _BOUND_PAIRS if problem.capacitated else _FREE_PAIRS
    if kept.sum() > most * max(1.0, effort):
        return better(best, _drafted(problem, dual, True) if problem.capacitated else None), rounded(problem, bound)
    known = {} if best is None or not problem.capacitated else _TO_PROVE
    plan, proven_to = program(problem, kept, usable, surely, max(1, round(_NODES * effort)), **known)
    best = better(best, plan)
    limit = np.inf if best is None else best.cost
    return best, min(limit, rounded(problem, max(bound, proven_to)))


def better(best: Plan | None, plan: Plan | None) -> Plan | None:
    """The cheaper of two plans, the first at a tie."""
    return plan if plan and (best is None or plan.cost < best.cost) else best


def count_needed(capacity: np.ndarray, fixed: np.ndarray, total: float) -> int:
    """How many sites it takes, the fixed ones among them, to hold a total weight; more than all if they cannot."""
    room = np.r_[capacity[fixed].sum(), np.sort(capacity[~fixed])[::-1]].cumsum()
    return int(fixed.sum() + np.searchsorted(room, total * (1 - 1e-12)))
