"""Reach every zone: with the fewest sites, or with so many sites at the least largest cost."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pulp

from planner.faults import BadInput
from planner.location.cover_sets import Cover, covered, part, reduced
from planner.location.coverage_search import greedy, nested
from planner.location.serving_search import UNLIMITED, Packing, PairOrder, raise_bound
from planner.location.table import Location, Pairs, answer, nearest, read_request, too_few
from planner.numeric.solver import NoPlan, solve, weighted_sum

_STEPS = 300
_PROGRAM_PAIRS = 50_000
"""As many pairs as HiGHS gets."""
_NODES = 100


def cover_all(access: pd.DataFrame, limit: float, fixed: Iterable[object] = (), effort: float = 1.0) -> Location:
    r"""Open the fewest sites so that every zone is within `limit` of one: the location set covering problem.

    Minimise :math:`\sum_j x_j` with :math:`\sum_{j: c_{ij} \le limit} x_j \ge 1`, x in {0, 1}. Zones and sites that
    others imply are left out; HiGHS settles the rest, or a greedy choice and a Lagrangian bound if it is large.

    Parameters
    ----------
    access
        Indexed (zone_id, site_id), one column: the cost of a pair, say metres, >= 0.
    limit
        Highest cost that still covers, in the unit of `access`.
    fixed
        Ids of sites that stand; they are counted.
    effort
        Multiplies the work (steps, solver nodes) after which the search stops.

    Returns
    -------
    Location
        `value` is the number of open sites, `bound` a lower bound on it; each zone is assigned to its nearest site
        with weight 1.

    Raises
    ------
    BadInput
        Ids missing, unknown or given twice; costs missing or negative; a zone without a site within `limit`.

    References
    ----------
    C. Toregas, R. Swain, C. ReVelle and L. Bergman, The location of emergency service facilities, Operations Research
    19 (1971) 1363-1373.
    """
    request = read_request(access, limit=limit, fixed=fixed)
    opened, bound = fewest(request.pairs, 0, effort)
    used = nearest(request.pairs, opened)
    return answer(request, opened, used, np.ones(len(used)), float(opened.sum()), float(bound))


def p_center(access: pd.DataFrame, sites: int, fixed: Iterable[object] = (), effort: float = 1.0) -> Location:
    r"""Open `sites` sites so that the largest cost from a zone to its nearest one is least.

    Minimise r so that `sites` sites cover every zone within r: a binary search over the distinct costs, each step a
    set covering problem as in `cover_all`.

    Parameters
    ----------
    access
        Indexed (zone_id, site_id), one column: the cost of a pair, say metres, >= 0. Pairs not in it cannot serve.
    sites
        How many sites are open in the end, the fixed ones among them.
    fixed
        Ids of sites that stand.
    effort
        Multiplies the work (steps, solver nodes) after which each set covering stops.

    Returns
    -------
    Location
        `value` is the largest cost, `bound` a lower bound on it; each zone is assigned to its nearest site with
        weight 1.

    Raises
    ------
    BadInput
        Ids missing, unknown or given twice; costs missing or negative; a zone that no site can serve; more or fewer
        sites asked than can be, or too few to serve every zone.

    References
    ----------
    E. Minieka, The m-center problem, SIAM Review 12 (1970) 138-139.
    """
    request = read_request(access, sites=sites, fixed=fixed)
    pairs = request.pairs
    opened, needed = fewest(pairs, sites, effort)
    if opened.sum() > sites:
        raise BadInput([too_few(sites, needed)])
    radii = np.unique(pairs.cost)
    first = np.minimum.reduceat(pairs.cost, pairs.start[:-1]).max()
    proven = tried = int(
        np.searchsorted(radii, first)
    )  # nothing below `proven` can be, nothing below `tried` was found
    while tried < (found := int(np.searchsorted(radii, _radius(pairs, opened)))):
        middle = (tried + found) // 2
        choice, least = fewest(pairs.keep(pairs.cost <= radii[middle]), sites, effort)
        if choice.sum() <= sites:
            opened = choice
            continue
        tried = middle + 1
        proven = tried if least > sites and proven <= middle else proven
    opened = opened.copy()
    opened[np.flatnonzero(~opened)[: sites - int(opened.sum())]] = True
    used = nearest(pairs, opened)
    value = float(pairs.cost[used].max())
    return answer(request, opened, used, np.ones(len(used)), value, min(value, float(radii[proven])))


def _radius(pairs: Pairs, opened: np.ndarray) -> float:
    return float(pairs.cost[nearest(pairs, opened)].max())


def fewest(pairs: Pairs, enough: int, effort: float) -> tuple[np.ndarray, int]:
    """Few sites that reach every zone, and the number it takes at least.

    Parameters
    ----------
    pairs
        Every zone has one; the fixed sites are open.
    enough
        With so many sites, or when it is proven that so many do not do, the search ends.
    effort
        Multiplies the counted work.

    Returns
    -------
    opened, least
        The open sites (bool, the fixed ones among them) and a lower bound on their number.
    """
    opened, standing = pairs.fixed.copy(), int(pairs.fixed.sum())
    cover = _core(reduced(pairs, 1.0 - covered((pairs.start, pairs.site), pairs.fixed), ~pairs.fixed))
    chosen = _without_spare(cover, greedy(cover.by_zone, cover.by_site, np.ones(len(cover.weight)), len(cover.site)))
    least = min(1, int(chosen.sum()))
    if standing + chosen.sum() > max(enough, standing + least):
        least = max(least, _bound(cover, int(chosen.sum()), effort))
        undecided = standing + least <= enough if enough else True
        if undecided and least < chosen.sum() and len(cover.by_zone[1]) <= _PROGRAM_PAIRS * max(1.0, effort):
            chosen, least = _program(cover, chosen, least, effort)
    opened[cover.site[chosen]] = True
    return opened, standing + least


def _core(cover: Cover) -> Cover:
    """Without the zones that are covered whenever another is, and the sites that then cover no more than another."""
    while True:
        zones = ~nested(cover.by_site, cover.by_zone)[1]
        fewer = part(cover, zones, np.ones(len(cover.site), bool))
        sites = ~nested(fewer.by_zone, fewer.by_site)[0]
        if zones.all() and sites.all():
            return cover
        cover = part(fewer, np.ones(len(fewer.weight), bool), sites)


def _without_spare(cover: Cover, chosen: np.ndarray) -> np.ndarray:
    """Close, one by one, sites whose zones others cover."""
    (first, site), (start, zone) = cover.by_zone, cover.by_site
    hits = np.r_[0, np.cumsum(chosen[site])]
    count = hits[first[1:]] - hits[first[:-1]]
    kept = chosen.copy()
    for j in np.flatnonzero(chosen).tolist():
        here = zone[start[j] : start[j + 1]]
        if (count[here] > 1).all():
            kept[j] = False
            count[here] -= 1
    return kept


def _bound(cover: Cover, value: int, effort: float) -> int:
    """The Lagrangian bound of serving every zone for nothing from sites that cost 1."""
    start, zone = cover.by_site
    n, ones = len(cover.site), np.ones(len(cover.weight))
    degree = np.diff(start)
    price = 1.0 / np.maximum.reduceat(degree[cover.by_zone[1]], cover.by_zone[0][:-1])
    steps = max(1, round(_STEPS * effort))
    packing = Packing(
        PairOrder(start, zone, np.zeros(len(zone))),
        weight=ones,
        capacity=np.full(n, np.inf),
        opening=np.ones(n),
        fixed=np.zeros(n, bool),
        least=0,
        most=n,
        kind=UNLIMITED,
    )
    bound, _, _, _ = raise_bound(packing, price, float(value), 1.0, steps)
    return int(np.ceil(bound - 1e-6))


def _program(cover: Cover, chosen: np.ndarray, least: int, effort: float) -> tuple[np.ndarray, int]:
    """The problem itself for HiGHS; the better of its choice and the given one."""
    problem = pulp.LpProblem("cover_all", pulp.LpMinimize)
    x = [problem.add_variable(f"open({j})", 0.0, 1.0, "Integer") for j in range(len(cover.site))]
    problem.setObjective(weighted_sum((v, 1.0) for v in x))
    start, site = cover.by_zone
    for i in range(len(cover.weight)):
        near = [(x[j], 1.0) for j in site[start[i] : start[i + 1]].tolist()]
        problem.addConstraint(weighted_sum(near) >= 1, f"cover({i})")
    try:
        solved = solve(problem, x, mip_max_nodes=max(1, round(_NODES * effort)))
    except NoPlan:
        return chosen, least
    found = solved.values > 0.5
    reached = bool(covered(cover.by_zone, found).all())
    least = max(least, int(np.ceil(-solved.bound - 1e-6)))
    return (found, least) if reached and found.sum() < chosen.sum() else (chosen, least)
