"""Serve every zone from the nearest of so many sites at least total cost: the p-median."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from planner.faults import BadInput
from planner.location.branching import Tree, cheapest_first, stretch_of
from planner.location.covering import fewest
from planner.location.median_search import FREE, OPEN, Pace, Raised, keep_pairs, nearest_costs, raise_median
from planner.location.program import Plan, Serving, nearest_plan
from planner.location.serving import Dual, closed, first_price, rounded, settled
from planner.location.serving_search import PairOrder, cheapest, exchange
from planner.location.table import Location, answer, read_request, too_few

_ROUNDS, _STEPS, _STRIDE, _SHRINK = 40, 60, 1.75, 0.996
"""Of the bound before the tree: after each round of steps sites are exchanged."""
_SCANS = 300
"""Of all closed sites in one exchange."""
_TREE_PAIRS = 8e9
"""Pairs that the tree looks at."""


def p_median(
    weights: pd.Series, access: pd.DataFrame, sites: int, fixed: Iterable[object] = (), effort: float = 1.0
) -> Location:
    r"""Open `sites` sites so that the sum of weight x cost to each zone's cheapest one is least.

    Minimise :math:`\sum_{ij} w_i c_{ij} x_{ij}` with :math:`\sum_j x_{ij} = 1`, :math:`x_{ij} \le y_j`,
    :math:`\sum_j y_j = p`, y in {0, 1}. A Lagrangian bound on the first rows alternates with the exchange of sites.
    Then a tree, whose nodes have the same bound, parts the plans into those where some zone pays at most so much and
    those where all sites that near to it are closed; where it gets nowhere, HiGHS gets what sites and pairs are left.

    Parameters
    ----------
    weights
        Demand by zone_id, >= 0, any unit.
    access
        Indexed (zone_id, site_id), one column: the cost of serving one weight, say metres, >= 0. Pairs not in it
        cannot serve.
    sites
        How many sites are open in the end, the fixed ones among them.
    fixed
        Ids of sites that stand.
    effort
        Multiplies the work (steps, solver nodes) after which the search stops.

    Returns
    -------
    Location
        `value` is the sum of weight x cost, `bound` a lower bound on it.

    Raises
    ------
    BadInput
        Ids missing, unknown or given twice; numbers missing or negative; a zone that no site can serve; more or fewer
        sites asked than can be, or too few to serve every zone.

    References
    ----------
    M. G. C. Resende and R. F. Werneck, A fast swap-based local search procedure for location problems, Annals of
    Operations Research 150 (2007) 205-230.

    S. Garcia, M. Labbe and A. Marin, Solving large p-median problems with a radius formulation, INFORMS Journal on
    Computing 23 (2011) 546-556.
    """
    request = read_request(access, weights=weights, sites=sites, fixed=fixed)
    pairs = request.pairs
    least_open, needed = fewest(pairs, sites, effort)
    if least_open.sum() > sites:
        raise BadInput([too_few(sites, needed)])
    start = least_open.copy()
    start[np.flatnonzero(~start)[: sites - int(start.sum())]] = True
    none = np.full(len(pairs.sites), np.inf), np.zeros(len(pairs.sites))
    plan, bound = _solved(Serving(pairs, request.weights, *none, sites, sites, True), start, effort)
    used = np.flatnonzero(plan.part)
    return answer(request, plan.opened, used, request.weights[pairs.zone[used]], plan.cost, bound)


def _solved(problem: Serving, start: np.ndarray, effort: float) -> tuple[Plan, float]:
    """The best plan found, from open sites that serve every zone on, and a lower bound on every plan's cost."""
    best, root = _approached(problem, start, effort)
    bound = rounded(problem, root.bound)
    if not closed(problem, best.cost, bound):
        tree = Tree(problem, best, root)
        bound = max(bound, rounded(problem, tree.search(_TREE_PAIRS * effort)))
        best = tree.best
    if not closed(problem, best.cost, bound):
        plan, proven_to = settled(problem, best, Dual(root.bound, root.price, root.reduced, root.stride), effort)
        best, bound = plan or best, max(bound, proven_to)
    return best, min(best.cost, bound)


def _approached(problem: Serving, start: np.ndarray, effort: float) -> tuple[Plan, Raised]:
    """Rounds of the bound, each followed by an exchange of sites from the choice at its prices."""
    best = nearest_plan(problem, start)
    assert best is not None
    pairs, tried = problem.pairs, set[bytes]()
    unserved = 1.0 + 2.0 * float(np.maximum.reduceat(problem.cost, pairs.start[:-1]).sum())
    state = np.where(pairs.fixed, OPEN, FREE).astype(np.int8)
    by_zone, kept = cheapest_first(problem), cheapest_first(problem)
    keep_pairs(by_zone, state, nearest_costs(by_zone, pairs.fixed), kept)
    turned, stretch, stride = _both_orders(problem), stretch_of(problem.weights), _STRIDE
    root = Raised(-np.inf, first_price(problem), np.zeros(len(state)), np.zeros(len(state)), stride, 0)
    for _ in range(max(1, round(_ROUNDS * effort))):
        pace = Pace(_STEPS, stride, _SHRINK, best.cost, best.cost)
        raised = raise_median(kept, stretch, state, problem.most, root.price, pace)
        stride = raised.stride
        root = raised if raised.bound > root.bound else root
        if closed(problem, best.cost, root.bound):
            break
        chosen = cheapest(root.reduced, pairs.fixed, problem.least, problem.most)
        if chosen.tobytes() in tried:
            continue
        tried.add(chosen.tobytes())
        plan = nearest_plan(problem, exchange(*turned, chosen, pairs.fixed, unserved, _SCANS)[1])
        best = plan if plan and plan.cost < best.cost else best
    return best, root


def _both_orders(problem: Serving) -> tuple[PairOrder, PairOrder]:
    """The pairs in the order of sites and in that of zones."""
    pairs = problem.pairs
    start, zone, order = pairs.by_site()
    return PairOrder(start, zone, problem.cost[order]), PairOrder(pairs.start, pairs.site, problem.cost)
