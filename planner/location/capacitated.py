"""Serve every zone within the sites' capacities at least cost."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from planner.faults import BadInput, Fault, refuse, some
from planner.location.program import Serving
from planner.location.serving import count_needed, serve
from planner.location.table import Location, Request, answer, read_request
from planner.words import Text


def capacitated_p_median(
    weights: pd.Series,
    access: pd.DataFrame,
    capacity: pd.Series,
    sites: int,
    *,
    single_source: bool = True,
    fixed: Iterable[object] = (),
    effort: float = 1.0,
) -> Location:
    r"""Open `sites` sites and serve every zone within their capacities so that the sum of weight x cost is least.

    The p-median of `p_median` with :math:`\sum_i w_i x_{ij} \le Q_j y_j`, and x in {0, 1} with one source a zone.

    Parameters
    ----------
    weights
        Demand by zone_id, >= 0, any unit.
    access
        Indexed (zone_id, site_id), one column: the cost of serving one weight, >= 0. Pairs not in it cannot serve.
    capacity
        By site_id, >= 0, in the unit of `weights`; its sites are the candidates.
    sites
        How many sites are open in the end, the fixed ones among them.
    single_source
        Whether a zone is served from one site; otherwise its weight may be shared out.
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
        sites asked than can be; capacities that cannot serve every zone, or no way found in which they do.

    References
    ----------
    J. M. Mulvey and M. P. Beck, Solving capacitated clustering problems, European Journal of Operational Research 18
    (1984) 339-348.
    """
    request = read_request(access, weights=weights, capacity=capacity, sites=sites, fixed=fixed)
    opening = np.zeros(len(request.pairs.sites))
    return _served(request, opening, sites, sites, single_source, effort)


def capacitated_location(
    weights: pd.Series,
    access: pd.DataFrame,
    capacity: pd.Series,
    opening_cost: pd.Series,
    *,
    single_source: bool = True,
    fixed: Iterable[object] = (),
    effort: float = 1.0,
) -> Location:
    r"""Open sites and serve every zone within their capacities at the least opening and serving cost.

    Minimise :math:`\sum_j f_j y_j + \sum_{ij} w_i c_{ij} x_{ij}` with :math:`\sum_j x_{ij} = 1`,
    :math:`x_{ij} \le y_j`, :math:`\sum_i w_i x_{ij} \le Q_j y_j`, y in {0, 1}, and x too with one source a zone.
    A Lagrangian bound on the first rows packs each site by itself; it rules sites out and in, and HiGHS plans the rest.

    Parameters
    ----------
    weights
        Demand by zone_id, >= 0, any unit.
    access
        Indexed (zone_id, site_id), one column: the cost of serving one weight, >= 0, in the currency of `opening_cost`
        per weight. Pairs not in it cannot serve.
    capacity
        By site_id, >= 0, in the unit of `weights`; its sites are the candidates.
    opening_cost
        By site_id, >= 0; paid for every open site, the fixed ones too: give them 0 if they are paid for.
    single_source
        Whether a zone is served from one site; otherwise its weight may be shared out.
    fixed
        Ids of sites that stand.
    effort
        Multiplies the work (steps, solver nodes) after which the search stops.

    Returns
    -------
    Location
        `value` is the opening cost of the open sites plus the sum of weight x cost, `bound` a lower bound on it.

    Raises
    ------
    BadInput
        Ids missing, unknown or given twice; numbers missing or negative; a zone that no site can serve; capacities
        that cannot serve every zone, or no way found in which they do.

    References
    ----------
    J. E. Beasley, An algorithm for solving large capacitated warehouse location problems, European Journal of
    Operational Research 33 (1988) 314-325.
    """
    request = read_request(access, weights=weights, capacity=capacity, opening_cost=opening_cost, fixed=fixed)
    return _served(request, request.by_site["opening_cost"], 0, len(request.pairs.sites), single_source, effort)


def _served(
    request: Request, opening: np.ndarray, least: int, most: int, single_source: bool, effort: float
) -> Location:
    pairs, weights, capacity = request.pairs, request.weights, request.by_site["capacity"]
    needed = count_needed(capacity, pairs.fixed, float(weights.sum()))
    refuse(_capacity_faults(request, needed, most, single_source))
    fits = weights[pairs.zone] <= capacity[pairs.site] * (1 + 1e-12)
    usable = pairs.keep(fits) if single_source else pairs
    problem = Serving(usable, weights, capacity, opening, max(least, needed), most, single_source)
    plan, bound = serve(problem, effort)
    if plan is None:
        raise BadInput([_no_plan(single_source, np.isinf(bound) and bound > 0)])
    used = np.flatnonzero(plan.part)
    amount = plan.part[used] * weights[usable.zone[used]]
    return answer(Request(usable, weights, {}), plan.opened, used, amount, plan.cost, bound)


def _capacity_faults(request: Request, needed: int, most: int, single_source: bool) -> list[Fault]:
    pairs, weights, capacity = request.pairs, request.weights, request.by_site["capacity"]
    faults = []
    if needed > most:
        free = np.sort(capacity[~pairs.fixed])[::-1][: most - int(pairs.fixed.sum())]
        room, total = float(capacity[pairs.fixed].sum() + free.sum()), float(weights.sum())
        en = f"found {room:g} at the {most} largest sites, but the zones weigh {total:g}; add capacity or sites"
        zh = f"最大的 {most} 个站点容量合计 {room:g}，而网格权重合计 {total:g}；请增加容量或站点"
        faults.append(Fault("capacity", en=en, zh=zh))
    if single_source:
        largest = np.maximum.reduceat(capacity[pairs.site], pairs.start[:-1])
        heavy = weights > largest * (1 + 1e-12)
        en = "it outweighs every site that can serve it; add capacity, split the zone or allow several sources"
        if heavy.any():
            zh = "其权重超过任何可服务它的站点；请增加容量、拆分网格，或允许由多个站点服务"
            faults.append(Fault(f"capacity, zone {some(pairs.zones[heavy])}", en=en, zh=zh))
    return faults


def _no_plan(single_source: bool, proven: bool) -> Fault:
    way = Text(zh="分拆", en="in parts")
    if single_source:
        way = Text(zh="整体（各由一个站点）", en="whole, each from one site,")
    if proven:
        en = f"the zones cannot be served {way.en} within these capacities; add capacity, sites or pairs"
        return Fault("capacity", en=en, zh=f"在这些容量下无法{way.zh}服务各网格；请增加容量、站点或配对")
    en = f"no way to serve the zones {way.en} within these capacities was found; add capacity or raise effort"
    return Fault("capacity", en=en, zh=f"未找到在这些容量下{way.zh}服务各网格的方案；请增加容量或提高 effort")
