"""The p-median to its proof: a tree of what zones pay and which sites are closed, bounded by prices."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np

from planner.location.median_search import (
    CLOSED,
    FREE,
    OPEN,
    Pace,
    Raised,
    find_split,
    keep_pairs,
    nearest_costs,
    raise_median,
    take_cheapest,
)
from planner.location.program import Plan, Serving, nearest_plan
from planner.location.serving_search import PairOrder
from planner.location.table import RELATIVE_GAP

_STEPS, _STRIDE, _SHRINK = 70, 1.75, 0.97
"""Of the bound at each node."""
_TRIAL, _WAY = 100, 0.2
"""Nodes after which the bound must have come that part of its way; otherwise the tree is given up."""


@dataclass(order=True)
class _Node:
    """What is decided: `bound` is its parent's, `state` by site, `limit` the most that each zone may pay."""

    bound: float
    number: int
    state: np.ndarray = field(compare=False)
    limit: np.ndarray = field(compare=False)
    price: np.ndarray = field(compare=False)


class Tree:
    """Plans of `problem.most` open sites, searched from the node of the lowest bound on.

    Parameters
    ----------
    problem
        Without capacities and opening costs, `least` equal to `most`.
    best
        A plan.
    root
        Prices to start from, their bound and reduced costs.
    """

    def __init__(self, problem: Serving, best: Plan, root: Raised) -> None:
        self.problem, self.best, self.work = problem, best, 0
        self.stretch = stretch_of(problem.weights)
        self._numbers, self._room = 0, cheapest_first(problem)
        self._by_zone = self._room
        fixed = np.where(problem.pairs.fixed, OPEN, FREE).astype(np.int8)
        state, limit = self._ruled(fixed, np.full(len(root.price), np.inf), root, self.goal - root.bound)
        self._root = self._node(root.bound, state, limit, root.price)
        keep_pairs(cheapest_first(problem), state, limit, self._room)
        count = self._room.start[-1]
        self._by_zone = PairOrder(self._room.start.copy(), *(part[:count].copy() for part in self._room[1:]))

    @property
    def goal(self) -> float:
        """A bound from which on no plan is better than the best one."""
        cost = self.best.cost
        return cost - 1.0 + 1e-6 if self.problem.whole_costs else cost - 0.1 * RELATIVE_GAP * max(1.0, abs(cost))

    def search(self, work: float) -> float:
        """Better `best` until it is proven or so many pairs were looked at; a lower bound on every plan's cost."""
        heap = [self._root]
        nodes = 0
        while heap and heap[0].bound < self.goal and self.work < work:
            way = self._root.bound + _WAY * (self.goal - self._root.bound)
            if nodes == _TRIAL and heap[0].bound < way:
                break
            nodes += 1
            for child in self._children(heapq.heappop(heap)):
                heapq.heappush(heap, child)
        if heap and heap[0].bound < self.goal:
            return heap[0].bound
        return self.best.cost if self.problem.whole_costs else self.goal

    def _node(self, bound: float, state: np.ndarray, limit: np.ndarray, price: np.ndarray) -> _Node:
        self._numbers += 1
        return _Node(bound, self._numbers, state, limit, price)

    def _children(self, node: _Node) -> list[_Node]:
        """The two halves of a node, or none if it holds no better plan."""
        sites, state, limit = self.problem.most, node.state, node.limit
        self.work += len(self._by_zone.cost)
        if (state != CLOSED).sum() < sites or not keep_pairs(self._by_zone, state, limit, self._room):
            return []
        pace = Pace(_STEPS, _STRIDE, _SHRINK, self.best.cost, self.goal)
        raised = raise_median(self._room, self.stretch, state, sites, node.price, pace)
        self.work += 2 * raised.work
        bound = max(node.bound, raised.bound)
        self._try(raised, state)
        if bound >= self.goal:
            return []
        state, limit = self._ruled(state, limit, raised, self.goal - raised.bound)
        for last in (state == OPEN, state != CLOSED):
            if last.sum() == sites:
                self._keep(last)
                return []
        return self._halves(bound, state, limit, raised)

    def _try(self, raised: Raised, state: np.ndarray) -> None:
        """The plan of the sites cheapest at these prices."""
        chosen = np.zeros(len(state), bool)
        take_cheapest(raised.reduced, state, self.problem.most, chosen)
        self._keep(chosen)

    def _keep(self, opened: np.ndarray) -> None:
        if nearest_costs(self._by_zone, opened).sum() < self.best.cost:
            plan = nearest_plan(self.problem, opened)
            self.best = plan if plan and plan.cost < self.best.cost else self.best

    def _ruled(
        self, state: np.ndarray, limit: np.ndarray, raised: Raised, room: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Sites closed and opened by what they add to the bound; no zone pays more than at an open site."""
        reduced, free = raised.reduced, np.flatnonzero(state == FREE)
        left = self.problem.most - int((state == OPEN).sum())
        rank = free[np.argsort(reduced[free], kind="stable")]
        state = state.copy()
        inside, outside = rank[:left], rank[left:]
        if len(outside):
            worst = reduced[inside[-1]] if left else -np.inf
            state[outside[reduced[outside] - worst > room]] = CLOSED
            state[inside[reduced[outside[0]] - reduced[inside] > room]] = OPEN
        return state, self._limited(limit, state == OPEN)

    def _limited(self, limit: np.ndarray, opened: np.ndarray) -> np.ndarray:
        """No zone pays more than at an open site."""
        return np.asarray(np.minimum(limit, nearest_costs(self._by_zone, opened)))

    def _halves(self, bound: float, state: np.ndarray, limit: np.ndarray, raised: Raised) -> list[_Node]:
        """Either some zone pays at most so much, or all sites that near are closed; or one site is open or closed."""
        share = np.where(state == FREE, raised.share, state == OPEN)
        zone, most = find_split(self._room, share)  # an open site's whole share keeps the split below the limits
        near, shut = limit.copy(), state.copy()
        if zone >= 0:
            start, site, cost = self._by_zone
            here = slice(start[zone], start[zone + 1])
            near[zone] = most
            shut[site[here][cost[here] <= most]] = CLOSED
            opened = state
        else:
            site = np.flatnonzero(state == FREE)[np.argmin(raised.reduced[state == FREE])]
            opened = state.copy()
            opened[site], shut[site] = OPEN, CLOSED
            near = self._limited(limit, opened == OPEN)
        return [self._node(bound, opened, near, raised.price), self._node(bound, shut, limit, raised.price)]


def cheapest_first(problem: Serving) -> PairOrder:
    """Each zone's pairs, the cheapest first."""
    pairs = problem.pairs
    order = np.lexsort((pairs.site, problem.cost, pairs.zone))
    return PairOrder(pairs.start.copy(), pairs.site[order], problem.cost[order])


def stretch_of(weights: np.ndarray) -> np.ndarray:
    """How fast each zone's price moves: as it weighs."""
    mean = weights.mean()
    return np.maximum(weights, 1e-3 * mean) if mean > 0 else np.ones(len(weights))
