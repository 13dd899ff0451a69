"""Traffic on the streets, modelled: trips between residents along the fastest ways from a sample of origins."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from planner.scenario import TrafficRules

_SHORTEST_H = 1e-7


def street_flow(zones: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, rules: TrafficRules) -> np.ndarray:
    """Trips over every street, both ways together; relative numbers.

    Everybody drives to everybody else, thinned out with the driving time by a negative exponential (a gravity model):
    the betweenness of streets, weighted by residents. Origins are zones at equal steps of the cumulated residents, so
    that nothing is random; each stands for the same number of people.

    Parameters
    ----------
    zones
        Polygons with ``residents``, projected metres.
    streets
        The table ``streets`` in the same CRS.
    rules
        Number of origins, and the distance at which trips have thinned out to 1/e.

    Returns
    -------
    ndarray
        One number per street, in their order.

    References
    ----------
    Freeman, L. (1977). A set of measures of centrality based on betweenness. Sociometry 40(1).
    """
    nodes, ends = np.unique(np.concatenate([streets["u"], streets["v"]]), return_inverse=True)
    tail, head = ends[: len(streets)], ends[len(streets) :]
    people = _people_at_nodes(zones, streets, tail, head, len(nodes))
    graph, street_of = _fastest_streets(streets, tail, head, len(nodes))
    mean_speed = float(np.average(streets["speed_kmh"], weights=streets["metres"]))
    mean_h = rules.mean_km.base / mean_speed
    flow = np.zeros(len(streets))
    for origin in _origins(people, rules.origins):
        hours, before = dijkstra(graph, indices=origin, return_predecessors=True, limit=8 * mean_h)
        trips = np.where(np.isfinite(hours), people * np.exp(-np.where(np.isfinite(hours), hours, 0.0) / mean_h), 0.0)
        trips[origin] = 0.0
        if trips.sum() > 0:
            through = _through(before, trips / trips.sum())
            reached = np.flatnonzero((before >= 0) & (through > 0))
            street = street_of[before[reached], reached]
            np.add.at(flow, np.asarray(street).ravel() - 1, through[reached])
    return flow


def _people_at_nodes(
    zones: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, tail: np.ndarray, head: np.ndarray, count: int
) -> np.ndarray:
    """Residents at the junction nearest to their zone's middle."""
    lines = streets.geometry.to_numpy()
    xy = np.zeros((count, 2))
    for node, position in ((tail, 0), (head, -1)):
        ends = gpd.GeoSeries(lines).apply(lambda line, at=position: line.coords[at][:2])
        xy[node] = np.array(ends.tolist(), float)
    centre = zones.geometry.centroid
    nearest = cKDTree(xy).query(np.column_stack([centre.x, centre.y]))[1]
    return np.bincount(nearest, zones["residents"].to_numpy(float), minlength=count)


def _fastest_streets(
    streets: gpd.GeoDataFrame, tail: np.ndarray, head: np.ndarray, count: int
) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Driving hours from node to node, and which street (position plus one) that is; the fastest of parallel ones."""
    hours = np.maximum(streets["metres"].to_numpy(float) / 1000 / streets["speed_kmh"].to_numpy(float), _SHORTEST_H)
    back = ~streets["oneway"].to_numpy(bool)
    position = np.arange(1, len(streets) + 1)
    table = pd.DataFrame(
        {
            "start": np.r_[tail, head[back]],
            "end": np.r_[head, tail[back]],
            "hours": np.r_[hours, hours[back]],
            "street": np.r_[position, position[back]],
        }
    )
    table = table[table["start"] != table["end"]].sort_values(["start", "end", "hours", "street"])
    table = table.drop_duplicates(["start", "end"])
    where = (table["start"].to_numpy(), table["end"].to_numpy())
    shape = (count, count)
    return sp.csr_matrix((table["hours"], where), shape=shape), sp.csr_matrix((table["street"], where), shape=shape)


def _origins(people: np.ndarray, count: int) -> np.ndarray:
    """Nodes at the middle of `count` equal parts of the residents, in the order of the nodes."""
    cumulated = np.cumsum(people)
    return np.asarray(np.searchsorted(cumulated, (np.arange(count) + 0.5) / count * cumulated[-1]))


def _through(before: np.ndarray, trips: np.ndarray) -> np.ndarray:
    """Trips through every node of a tree of shortest ways: its own and those of all behind it, leaves first."""
    depth = (before >= 0).astype(int)
    above = np.where(before >= 0, before, np.arange(len(before)))
    while True:
        further = depth + np.where(above != np.arange(len(above)), depth[above], 0)
        higher = above[above]
        if (higher == above).all():
            break
        depth, above = further, higher
    through = trips.copy()
    order = np.argsort(-depth, kind="stable")
    order = order[before[order] >= 0]
    cuts = np.flatnonzero(np.diff(depth[order])) + 1
    for level in np.split(order, cuts):
        np.add.at(through, before[level], through[level])
    return through
