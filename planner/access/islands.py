"""Streets that hang together with nothing: from there nobody gets anywhere."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from planner.access.measure import snap, street_parts
from planner.faults import Fault, some
from planner.scenario import Scenario


def islands(streets: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, scenario: Scenario) -> list[Fault]:
    """Streets from which one cannot reach the rest of the network and come back, named with their sites in one fault.

    A one-way street that leads into or out of the connected part, as at the edge of a clipped layer, is none.
    """
    part = street_parts(streets)
    lost = (part > 0) | ((part < 0) & ~_touching_main(streets, part))
    if not lost.any():
        return []
    at = snap(sites.geometry, streets, scenario.access).street
    stranded = sites.index[(at >= 0) & lost[at]]
    stand = f"; sites {some(stranded)} stand on it" if len(stranded) else ""
    stand_zh = f"，站点 {some(stranded)} 位于其上" if len(stranded) else ""
    return [
        Fault(
            f"streets, rows {some(streets.index[lost])}",
            en=f"{int(lost.sum())} streets form an island not connected with the rest{stand}; "
            "connect them or remove them",
            zh=f"共 {int(lost.sum())} 条道路与其余路网不连通{stand_zh}；请连通或删除",
        )
    ]


def _touching_main(streets: gpd.GeoDataFrame, part: np.ndarray) -> np.ndarray:
    """Which streets hang together with the largest part when directions are ignored."""
    nodes, ends = np.unique(np.concatenate([streets["u"], streets["v"]]), return_inverse=True)
    tail, head = ends[: len(streets)], ends[len(streets) :]
    graph = sp.csr_matrix((np.ones(len(streets)), (tail, head)), shape=(len(nodes), len(nodes)))
    _, group = connected_components(graph, directed=False)
    return np.asarray(np.isin(group[tail], group[tail[part == 0]]))
