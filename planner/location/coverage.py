"""Open so many sites that the most weight has one within reach: the maximal covering location problem."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pulp

from planner.location.cover_sets import Cover, covered, part, reduced
from planner.location.coverage_bound import covering_terms, tightened
from planner.location.coverage_search import Cooling, anneal, dual, greedy
from planner.location.table import Location, answer, nearest, read_request
from planner.numeric.solver import NoPlan, solve, weighted_sum

_THREADS, _CHAINS = 2, 3
"""Of annealed swaps, each with its own seed, on however many cores."""
_MOVES_A_SITE = 6_000
_HOTTEST, _COLDEST = 0.06, 0.003
"""Temperatures, in what a site covers on average."""
_NEAR_PRICE = 0.95
"""Sites priced below this share of the dearest one the bound leaves out are not searched."""
_STEPS = 400, 1_200
"""Of the bound, before and after the search."""
_MIX_PAIRS, _MIX_NODES = 50_000, 5
_PAIRS, _NODES = 40_000, 2_000
"""As much as HiGHS gets to recombine choices, and to prove one."""


def max_cover(
    weights: pd.Series,
    access: pd.DataFrame,
    limit: float,
    sites: int,
    fixed: Iterable[object] = (),
    effort: float = 1.0,
) -> Location:
    r"""Open `sites` sites so that the most weight is within `limit` of one.

    Maximise :math:`\sum_i w_i z_i` with :math:`z_i \le \sum_{j: c_{ij} \le limit} x_j`, :math:`\sum_j x_j = p`,
    x and z in {0, 1}. Zones with equal cover sets are merged and dominated sites left out; then a greedy choice,
    annealed swaps and a Lagrangian bound, which also rules sites in and out; HiGHS settles what is left if it is small.

    Parameters
    ----------
    weights
        Demand by zone_id, >= 0, any unit.
    access
        Indexed (zone_id, site_id), one column: the cost of a pair, say metres, >= 0.
    limit
        Highest cost that still covers, in the unit of `access`.
    sites
        How many sites are open in the end, the fixed ones among them.
    fixed
        Ids of sites that stand.
    effort
        Multiplies the work (swaps, steps of the bound, solver nodes) after which the search stops.

    Returns
    -------
    Location
        `value` is the weight covered, `bound` an upper bound on it; each covered zone is assigned to its nearest site.

    Raises
    ------
    BadInput
        Ids missing, unknown or given twice; numbers missing or negative; more or fewer sites asked than can be.

    References
    ----------
    R. Church and C. ReVelle, The maximal covering location problem, Papers of the Regional Science Association 32
    (1974) 101-118.
    """
    request = read_request(access, weights=weights, limit=limit, sites=sites, fixed=fixed, serve_all=False)
    pairs = request.pairs
    standing = covered((pairs.start, pairs.site), pairs.fixed)
    free = sites - int(pairs.fixed.sum())
    cover = reduced(pairs, np.where(standing, 0.0, request.weights), ~pairs.fixed)
    chosen, bound = _choose(cover, min(free, len(cover.site)), effort)
    opened = pairs.fixed.copy()
    opened[cover.site[chosen]] = True
    opened[np.flatnonzero(~opened)[: sites - int(opened.sum())]] = True  # sites that add nothing fill up the number
    value = float(request.weights[covered((pairs.start, pairs.site), opened)].sum())
    used = nearest(pairs, opened)
    bound = max(value, float(request.weights[standing].sum()) + bound)
    return answer(
        request, opened, used, request.weights[pairs.zone[used]], value, _whole(bound, value, request.weights)
    )


def _whole(bound: float, value: float, weights: np.ndarray) -> float:
    """Whole weights cover a whole weight."""
    return max(value, float(np.floor(bound + 1e-6)) if (weights == np.rint(weights)).all() else bound)


def _choose(cover: Cover, sites: int, effort: float) -> tuple[np.ndarray, float]:
    """The sites to open (bool by the cover's own numbers) and an upper bound on what they cover."""
    everything = np.ones(len(cover.site), bool)
    if sites == len(cover.site):
        return everything, float(cover.weight.sum())
    if sites == 0:
        return ~everything, 0.0
    chosen = greedy(cover.by_zone, cover.by_site, cover.weight, sites)
    chosen[np.flatnonzero(~chosen)[: sites - int(chosen.sum())]] = True
    value = _value(cover, chosen)
    before, after = _STEPS
    bound, price, priced = dual(cover.by_site, cover.weight, cover.weight, sites, value, before)
    chosen = _searched(cover, chosen, priced, effort)
    value = _value(cover, chosen)
    bound, price, priced = dual(cover.by_site, cover.weight, price, sites, value, max(1, round(after * effort)))
    chosen, bound = _settled(cover, chosen, priced, max(bound, value), _PAIRS, max(1, round(_NODES * effort)))
    value = _value(cover, chosen)
    if bound - value > 1e-9 * abs(value):
        bound = max(value, min(bound, tightened(cover, chosen, price, effort)))
    return chosen, bound


def _value(cover: Cover, chosen: np.ndarray) -> float:
    return float(cover.weight[covered(cover.by_zone, chosen)].sum())


def _searched(cover: Cover, chosen: np.ndarray, priced: np.ndarray, effort: float) -> np.ndarray:
    """Annealed swaps among the sites that the bound thinks worth a try, and the best of what they found, recombined."""
    sites = int(chosen.sum())
    near = chosen | (priced >= _NEAR_PRICE * np.sort(priced)[-sites])
    moves = round(_MOVES_A_SITE * effort) * sites
    if near.sum() == sites or moves == 0:
        return chosen
    few = part(cover, np.ones(len(cover.weight), bool), near)
    mean = _value(cover, chosen) / sites
    cooling = Cooling(moves, _HOTTEST * mean, _COLDEST * mean)

    def chain(seed: int) -> np.ndarray:
        draw = np.random.default_rng(seed)
        found: np.ndarray = anneal(few.by_zone, few.by_site, few.weight, chosen[near], cooling, draw)[1]
        return found

    with ThreadPoolExecutor(_THREADS) as pool:
        best = _recombined(few, list(pool.map(chain, range(_CHAINS))), effort)
    found = np.zeros(len(chosen), bool)
    found[np.flatnonzero(near)[best]] = True
    return found


def _recombined(cover: Cover, choices: list[np.ndarray], effort: float) -> np.ndarray:
    """The best choice among sites that some choices share out: those in all are open, HiGHS picks among the others."""
    best = max(choices, key=lambda choice: _value(cover, choice))
    surely = np.logical_and.reduce(choices)
    rest = np.logical_or.reduce(choices) & ~surely
    few = part(cover, ~covered(cover.by_zone, surely), rest)
    begin, count = best[rest], int(best[rest].sum())
    if 0 < count < len(begin):
        bound, _, priced = dual(few.by_site, few.weight, few.weight, count, _value(few, begin), _STEPS[0])
        begin, _ = _settled(few, begin, priced, bound, _MIX_PAIRS, max(1, round(_MIX_NODES * effort)))
    mixed = np.asarray(surely)
    mixed[np.flatnonzero(rest)[begin]] = True
    return mixed


def _settled(
    cover: Cover, chosen: np.ndarray, priced: np.ndarray, bound: float, most: int, nodes: int
) -> tuple[np.ndarray, float]:
    """Rule sites in and out by what the bound loses without and with them, and let HiGHS settle the rest if small."""
    value, sites = _value(cover, chosen), int(chosen.sum())
    ranked = np.sort(priced)[::-1]
    top = priced >= ranked[sites - 1]
    room = bound - value + 1e-9 * abs(value)
    surely = top & (priced - ranked[sites] > room)
    never = ~top & (ranked[sites - 1] - priced > room)
    rest = ~surely & ~never
    open_zone = ~covered(cover.by_zone, surely)
    few = part(cover, open_zone, rest)
    if bound - value <= 1e-9 * abs(value) or len(few.by_zone[1]) > most:
        return chosen, bound
    found, proven_to = _program(few, sites - int(surely.sum()), nodes)
    settled = surely.copy()
    settled[np.flatnonzero(rest)[found]] = True
    better = settled if settled.sum() == sites and _value(cover, settled) > value else chosen
    return better, min(bound, max(_value(cover, better), float(cover.weight[~open_zone].sum()) + proven_to))


def _program(cover: Cover, sites: int, nodes: int) -> tuple[np.ndarray, float]:
    """The problem itself, for HiGHS: the sites it opens, none if it found no choice, and its upper bound."""
    problem = pulp.LpProblem("max_cover", pulp.LpMinimize)
    x = [problem.add_variable(f"open({j})", 0.0, 1.0, "Integer") for j in range(len(cover.site))]
    problem.setObjective(weighted_sum(covering_terms(problem, cover, x)))
    problem.addConstraint(weighted_sum((v, 1.0) for v in x) == sites, "sites")
    try:
        solved = solve(problem, x, mip_rel_gap=1e-7, mip_max_nodes=nodes)
    except NoPlan:
        return np.zeros(0, int), float(cover.weight.sum())
    return np.flatnonzero(solved.values > 0.5), solved.bound
