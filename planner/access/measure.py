"""How far it is from zones to sites: metres driven along the streets or walked, within reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy.sparse as sp
import shapely
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from planner.access.catchments import Links, find_catchments
from planner.scenario import AccessRules

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
    tail, head, nodes = _ends(streets)
    start, end, _ = _directed(streets, tail, head)
    graph = sp.csr_matrix((np.ones(len(start)), (start, end)), shape=(nodes, nodes))
    _, part = connected_components(graph, directed=True, connection="strong")
    rank = np.argsort(np.argsort(-np.bincount(part), kind="stable"), kind="stable")
    ends = rank[part[tail]], rank[part[head]]
    return np.where(ends[0] == ends[1], ends[0], -1)


def _ends(streets: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray, int]:
    """Nodes at the start and the end of every street, numbered from 0, and how many there are."""
    nodes, ends = np.unique(np.concatenate([streets["u"], streets["v"]]), return_inverse=True)
    return ends[: len(streets)], ends[len(streets) :], len(nodes)


def _directed(streets: gpd.GeoDataFrame, tail: np.ndarray, head: np.ndarray) -> Links:
    """Streets as one may drive them: those that are not one-way there and back."""
    back = ~streets["oneway"].to_numpy(bool)
    metres = streets["metres"].to_numpy(float)
    return Links(np.r_[tail, head[back]], np.r_[head, tail[back]], np.r_[metres, metres[back]])


def _driven(
    zones: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, limit_m: np.ndarray, rules: AccessRules
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of zones and sites within driving reach, and the metres between them.

    Sites are nodes beside those of the streets, searched from against the direction of travel.
    """
    tail, head, nodes = _ends(streets)
    oneway = streets["oneway"].to_numpy(bool)
    zone, site = snap(zones.geometry.centroid, streets, rules), snap(sites.geometry, streets, rules)
    zone_at, site_at = np.flatnonzero((zone.street >= 0) & (limit_m > 0)), np.flatnonzero(site.street >= 0)
    zone, site = _some(zone, zone_at), _some(site, site_at)
    door = nodes + np.arange(len(site_at))
    onward = np.flatnonzero(~oneway[site.street] | (site.after_m <= _SAME_SPOT_M))  # sites one comes to from the head
    street = _directed(streets, tail, head)
    against = Links(
        np.r_[street.end, door, door[onward]],
        np.r_[street.start, tail[site.street], head[site.street[onward]]],
        np.r_[street.metres, site.leg_m + site.before_m, (site.leg_m + site.after_m)[onward]],
    )
    free = np.flatnonzero(~oneway[zone.street] | (zone.before_m <= _SAME_SPOT_M))  # zones one leaves by the tail
    direct = _on_one_street(zone, site, oneway)
    leave = Links(
        np.r_[head[zone.street], tail[zone.street[free]], door[direct.start]],
        np.r_[np.arange(len(zone_at)), free, direct.end],
        np.r_[zone.leg_m + zone.after_m, (zone.leg_m + zone.before_m)[free], direct.metres],
    )
    origin, target, metres = find_catchments(door, against, leave, limit_m[zone_at])
    return zone_at[target], site_at[origin], metres


def _some(points: Snapped, which: np.ndarray) -> Snapped:
    return Snapped(points.street[which], points.before_m[which], points.after_m[which], points.leg_m[which])


def _on_one_street(zone: Snapped, site: Snapped, oneway: np.ndarray) -> Links:
    """From sites to zones of the same street, along it; on a one-way street only to what does not lie past the site."""
    sides = [pd.DataFrame({"street": p.street, "at": np.arange(len(p.street))}) for p in (site, zone)]
    pair = sides[0].merge(sides[1], on="street", suffixes=("_site", "_zone"))
    j, i = pair["at_site"].to_numpy(int), pair["at_zone"].to_numpy(int)
    ahead = site.before_m[j] - zone.before_m[i]
    open_ = ~oneway[pair["street"].to_numpy(int)] | (ahead >= -_SAME_SPOT_M)
    return Links(j[open_], i[open_], (zone.leg_m[i] + np.abs(ahead) + site.leg_m[j])[open_])


def _walked(
    zones: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, limit_m: np.ndarray, walk_factor: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of zones and sites within walking reach, and the metres between them."""
    active = np.flatnonzero(limit_m > 0)
    if not len(active) or not len(sites):
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
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
