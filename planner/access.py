"""How far it is from zones to sites: metres driven along the streets or walked, within reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy.sparse as sp
import shapely
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from planner.scenario import AccessRules

_SHORTEST_M = 1e-3  # of a street in the graph: a sparse matrix has no edge of length zero
_TIE_M = 1e-6  # streets as near as this to the nearest one tie with it, whatever the rounding
_SAME_SPOT_M = 0.01  # points as near as this along a street are one: rounding must not send anyone round the block


@dataclass(frozen=True)
class Snapped:
    """Points put on the nearest point of a street.

    Attributes
    ----------
    street
        Position of the street in the layer; -1 where none is within `max_snap_m`.
    before_m, after_m
        Street metres from the street's start to the point and from there to its end.
    leg_m
        Metres from the point to the street, times the detour factor.
    """

    street: np.ndarray
    before_m: np.ndarray
    after_m: np.ndarray
    leg_m: np.ndarray


def measure_access(
    zones: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    limits_m: pd.DataFrame,
    rules: AccessRules,
) -> pd.DataFrame:
    """Metres from zones to sites by mode, where within the zone's limit.

    Driving: one bounded shortest-path search per site against the direction of travel (one-way streets respected),
    ``metres = zone leg + street metres + site leg``; both ends snap to the nearest point on a street. Walking: the
    straight line times `walk_factor`.

    Parameters
    ----------
    zones, sites, streets
        Tables in one projected CRS, rows in any order; a zone is measured from its centroid.
    limits_m
        Index zone_id, columns ``drive`` and ``walk``: how far anyone goes from there; 0 or NaN for not at all.
    rules
        Detour and walk factors, and how far a point may lie from a street.

    Returns
    -------
    DataFrame
        Index (zone_id, site_id, mode), sorted; ``metres``. Pairs out of reach are absent.
    """
    zones, sites = zones.sort_index(), sites.sort_index()
    pairs = [
        (*_driven(zones, sites, streets, _column(limits_m, zones, "drive"), rules), "drive"),
        (*_walked(zones, sites, _column(limits_m, zones, "walk"), rules.walk_factor.base), "walk"),
    ]
    zone = np.concatenate([p[0] for p in pairs])
    site = np.concatenate([p[1] for p in pairs])
    mode = np.concatenate([np.full(len(p[0]), m) for m, p in enumerate(pairs)])
    order = np.lexsort((mode, site, zone))
    levels: Any = [zones.index, sites.index, pd.Index(["drive", "walk"])]
    codes: Any = [zone[order], site[order], mode[order]]
    index = pd.MultiIndex(levels=levels, codes=codes, names=["zone_id", "site_id", "mode"])
    return pd.DataFrame({"metres": np.concatenate([p[2] for p in pairs])[order]}, index=index)


def snap(points: gpd.GeoSeries, streets: gpd.GeoDataFrame, rules: AccessRules) -> Snapped:
    """Put points on the nearest point of the nearest street; ties go to the first street.

    Nobody stops on a motorway, a bridge or in a tunnel (column ``bridge``, where the layer has one): those are passed.
    """
    lines = streets.geometry.to_numpy()
    open_ = np.flatnonzero(_open_to_stops(streets))
    index = streets.iloc[open_].sindex
    (near, _), apart_m = index.nearest(
        points.geometry, max_distance=rules.max_snap_m.base, return_all=False, return_distance=True
    )
    at, street = index.query(points.iloc[near], predicate="dwithin", distance=apart_m + _TIE_M)
    first = pd.Series(open_[street]).groupby(near[at]).min()
    nearest = first.reindex(np.arange(len(points)), fill_value=-1).to_numpy(int)
    on = nearest >= 0
    along, leg = np.full(len(points), np.nan), np.full(len(points), np.nan)
    shapes = points.to_numpy()[on]
    along[on] = shapely.line_locate_point(lines[nearest[on]], shapes, normalized=True)
    leg[on] = shapely.distance(lines[nearest[on]], shapes) * rules.detour_factor.base
    metres = np.where(on, streets["metres"].to_numpy(float)[nearest], np.nan)
    return Snapped(nearest, along * metres, (1 - along) * metres, leg)


def _open_to_stops(streets: gpd.GeoDataFrame) -> np.ndarray:
    """Streets one can turn off and stop at; all of them where there would be none."""
    passed = np.zeros(len(streets), bool)
    if "road_class" in streets:
        passed |= (streets["road_class"] == "motorway").to_numpy(bool)
    if "bridge" in streets:
        passed |= streets["bridge"].astype("boolean").fillna(False).to_numpy(bool)
    return np.full(len(streets), True) if passed.all() else ~passed


def street_parts(streets: gpd.GeoDataFrame) -> np.ndarray:
    """For each street the strongly connected part it lies in, 0 being the largest; -1 joins parts without belonging."""
    tail, head, graph = _graph(streets)
    _, part = connected_components(graph, directed=True, connection="strong")
    rank = np.argsort(np.argsort(-np.bincount(part), kind="stable"), kind="stable")
    ends = rank[part[tail]], rank[part[head]]
    return np.where(ends[0] == ends[1], ends[0], -1)


def _graph(streets: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray, sp.csr_matrix]:
    """Street ends as positions of nodes, and the directed graph of shortest parallel streets in metres."""
    nodes, ends = np.unique(np.concatenate([streets["u"], streets["v"]]), return_inverse=True)
    tail, head = ends[: len(streets)], ends[len(streets) :]
    metres = np.maximum(streets["metres"].to_numpy(float), _SHORTEST_M)
    back = ~streets["oneway"].to_numpy(bool)
    start, end = np.r_[tail, head[back]], np.r_[head, tail[back]]
    table = pd.DataFrame({"start": start, "end": end, "metres": np.r_[metres, metres[back]]})
    table = table.groupby(["start", "end"])["metres"].min().reset_index()
    shape = (len(nodes), len(nodes))
    return tail, head, sp.csr_matrix((table["metres"], (table["start"], table["end"])), shape=shape)


def _driven(
    zones: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, limit_m: np.ndarray, rules: AccessRules
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of zones and sites within driving reach, and the metres between them."""
    tail, head, graph = _graph(streets)
    oneway = streets["oneway"].to_numpy(bool)
    zone, site = snap(zones.geometry.centroid, streets, rules), snap(sites.geometry, streets, rules)
    active = np.flatnonzero((zone.street >= 0) & (limit_m > 0))
    stuck = oneway[zone.street[active]] & (zone.before_m[active] > _SAME_SPOT_M)
    leave_by_tail = np.where(stuck, np.inf, zone.before_m[active])
    leave_by_head = zone.after_m[active]
    zone_tail, zone_head = tail[zone.street[active]], head[zone.street[active]]
    reversed_with_sites = _reversed_with_sites(graph, site, tail, head, oneway)
    farthest = float(limit_m[active].max(initial=0.0))
    found = []
    for j in np.flatnonzero(site.street >= 0):
        to_site = dijkstra(reversed_with_sites, indices=[graph.shape[0] + int(j)], limit=farthest)[0]
        street_m = np.minimum(leave_by_tail + to_site[zone_tail], leave_by_head + to_site[zone_head])
        same = zone.street[active] == site.street[j]
        if same.any():
            ahead = site.before_m[j] - zone.before_m[active]
            passed = oneway[site.street[j]] & (ahead < -_SAME_SPOT_M)
            direct = np.where(passed, np.inf, np.abs(ahead))
            street_m = np.where(same, np.minimum(street_m, direct), street_m)
        metres = zone.leg_m[active] + street_m + site.leg_m[j]
        near = np.flatnonzero(metres <= limit_m[active])
        found.append((active[near], np.full(len(near), j), metres[near]))
    return _joined(found)


def _reversed_with_sites(
    graph: sp.csr_matrix, site: Snapped, tail: np.ndarray, head: np.ndarray, oneway: np.ndarray
) -> sp.csr_matrix:
    """The street graph turned round, with one node more per site: from there back to the ends of its street."""
    j = np.flatnonzero(site.street >= 0)
    street = site.street[j]
    both = ~oneway[street] | (site.after_m[j] <= _SAME_SPOT_M)
    n = graph.shape[0]
    back = graph.T.tocoo()
    start = np.r_[n + j, n + j[both]]
    end = np.r_[tail[street], head[street[both]]]
    metres = np.maximum(np.r_[site.before_m[j], site.after_m[j[both]]], _SHORTEST_M)
    spur = pd.DataFrame({"start": start, "end": end, "metres": metres})
    spur = spur.groupby(["start", "end"])["metres"].min().reset_index()  # a loop street has one end twice
    size = n + len(site.street)
    return sp.csr_matrix(
        (np.r_[back.data, spur["metres"]], (np.r_[back.row, spur["start"]], np.r_[back.col, spur["end"]])),
        shape=(size, size),
    )


def _walked(
    zones: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, limit_m: np.ndarray, walk_factor: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of zones and sites within walking reach, and the metres between them."""
    active = np.flatnonzero(limit_m > 0)
    if not len(active) or not len(sites):
        return _joined([])
    centre, door = zones.geometry.centroid.iloc[active], sites.geometry
    zone_xy, site_xy = (np.column_stack([p.x, p.y]) for p in (centre, door))
    near = cKDTree(site_xy).query_ball_point(zone_xy, limit_m[active] / walk_factor, return_sorted=True)
    count = np.array([len(n) for n in near])
    i = np.repeat(np.arange(len(active)), count)
    j = np.concatenate([np.asarray(n, int) for n in near])
    metres = np.hypot(*(zone_xy[i] - site_xy[j]).T) * walk_factor
    return active[i], j, metres


def _column(limits_m: pd.DataFrame, zones: pd.DataFrame, mode: str) -> np.ndarray:
    return limits_m[mode].reindex(zones.index).fillna(0.0).to_numpy(float)


def _joined(found: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if not found:
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
    zone, site, metres = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return zone, site, metres
