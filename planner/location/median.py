"""Serve every zone from the nearest of so many sites at least total cost: the p-median."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from planner.faults import BadInput
from planner.location.covering import fewest
from planner.location.program import Serving
from planner.location.serving import serve
from planner.location.table import Location, answer, read_request, too_few


def p_median(
    weights: pd.Series, access: pd.DataFrame, sites: int, fixed: Iterable[object] = (), effort: float = 1.0
) -> Location:
    r"""Open `sites` sites so that the sum of weight x cost to each zone's cheapest one is least.

    Minimise :math:`\sum_{ij} w_i c_{ij} x_{ij}` with :math:`\sum_j x_{ij} = 1`, :math:`x_{ij} \le y_j`,
    :math:`\sum_j y_j = p`, y in {0, 1}. A Lagrangian bound on the first rows alternates with the exchange of sites;
    what the bound leaves of sites and pairs goes to HiGHS if it is small.

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
    """
    request = read_request(access, weights=weights, sites=sites, fixed=fixed)
    pairs = request.pairs
    least_open, needed = fewest(pairs, sites, effort)
    if least_open.sum() > sites:
        raise BadInput([too_few(sites, needed)])
    start = least_open.copy()
    start[np.flatnonzero(~start)[: sites - int(start.sum())]] = True
    none = np.full(len(pairs.sites), np.inf), np.zeros(len(pairs.sites))
    plan, bound = serve(Serving(pairs, request.weights, *none, sites, sites, True), start, effort)
    assert plan is not None  # the start is one
    used = np.flatnonzero(plan.part)
    return answer(request, plan.opened, used, request.weights[pairs.zone[used]], plan.cost, bound)
