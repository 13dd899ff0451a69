"""A better bound for `max_cover`: the Lagrangian one with the zones inside a region taken as they are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pulp

from planner.location.cover_sets import Cover, covered, part
from planner.location.coverage_search import regions
from planner.numeric.solver import NoPlan, solve, weighted_sum

_THREADS, _REGION_SITES = 2, 150
_REGION_PAIRS = 8_000
"""As many pairs as HiGHS gets of one region, after sites are ruled out."""
_NODES = 8


def tightened(cover: Cover, chosen: np.ndarray, price: np.ndarray, effort: float) -> float:
    r"""An upper bound from prices, no worse than theirs.

    Sites fall into regions; of the rows :math:`z_i \le \sum_{j \ni i} x_j` only those of zones with sites in several
    regions stay relaxed. With a price :math:`\theta` of a site, the bound is :math:`p \theta` plus
    :math:`w_i - \lambda_i` of these zones, plus each region's :math:`\max \sum_i w_i z_i + \sum_j (b_j - \theta) x_j`
    over its own zones, where :math:`b_j` sums :math:`\lambda_i` over the relaxed zones of site j. Each is a small
    integer program: what a site loses at these prices rules it out where the region has less to gain. Of a program not
    solved to its end, HiGHS's bound counts.

    Parameters
    ----------
    cover
        Cover sets.
    chosen
        A choice of the right number of sites (bool).
    price
        By zone, from `dual`.
    effort
        Makes regions larger and multiplies the solver nodes.
    """
    (start, site), (first, zone) = cover.by_zone, cover.by_site
    sites = int(chosen.sum())
    region = regions(cover.by_zone, cover.by_site, max(1, round(_REGION_SITES * effort**0.5)))
    of_zone = np.minimum.reduceat(region[site], start[:-1])
    inside = of_zone == np.maximum.reduceat(region[site], start[:-1])
    owner = np.repeat(np.arange(len(cover.site)), np.diff(first))
    priced = np.bincount(owner, price[zone], len(cover.site))
    shared = np.bincount(owner, np.where(inside, 0.0, price)[zone], len(cover.site))
    theta = float(np.sort(priced)[::-1][sites - 1 : sites + 1].mean())
    total = sites * theta + float((cover.weight - price)[~inside].sum())
    gain = priced - theta

    def best_of(r: int) -> float:
        zones, here = inside & (of_zone == r), region == r
        loose = float((cover.weight - price)[zones].sum() + np.maximum(0.0, gain[here]).sum())
        return _region(part(cover, zones, here), chosen[here], shared[here] - theta, gain[here], loose, effort)

    with ThreadPoolExecutor(_THREADS) as pool:
        return total + sum(pool.map(best_of, range(int(region.max()) + 1)))


def covering_terms(problem: Any, cover: Cover, x: list[Any]) -> list[tuple[Any, float]]:
    r"""Add :math:`z_i \le \sum_{j \ni i} x_j` for every zone a site covers; the covered weight, negative, as terms."""
    start, site = cover.by_zone
    z = {i: problem.add_variable(f"covered({i})", 0.0, 1.0) for i in np.flatnonzero(np.diff(start)).tolist()}
    for i, v in z.items():
        near = [(x[j], -1.0) for j in site[start[i] : start[i + 1]].tolist()]
        problem.addConstraint(weighted_sum([(v, 1.0), *near]) <= 0, f"cover({i})")
    return [(v, -float(cover.weight[i])) for i, v in z.items()]


def _region(
    cover: Cover, chosen: np.ndarray, profit: np.ndarray, gain: np.ndarray, loose: float, effort: float
) -> float:
    """Upper bound on one region's part: the loose one, or HiGHS's over the sites not ruled out."""
    value = float(cover.weight[covered(cover.by_zone, chosen)].sum() + profit[chosen].sum())
    room = max(0.0, loose - value) + 1e-9 * abs(loose)
    kept = gain >= -room
    few = part(cover, np.ones(len(cover.weight), bool), kept)
    if room <= 1e-6 * abs(loose) or len(few.by_zone[1]) > _REGION_PAIRS * effort:
        return loose
    problem = pulp.LpProblem("region", pulp.LpMinimize)
    sure = gain[kept] > room
    x = [problem.add_variable(f"open({j})", float(sure[j]), 1.0, "Integer") for j in range(int(kept.sum()))]
    terms = [*covering_terms(problem, few, x), *zip(x, (-profit[kept]).tolist(), strict=True)]
    problem.setObjective(weighted_sum(terms))
    try:
        return min(loose, max(value, solve(problem, x, mip_max_nodes=max(1, round(_NODES * effort))).bound))
    except NoPlan:
        return loose
