"""Minimum access: which sites could give every inhabited zone a charger for cars within its norm radius."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from planner.capacity.types import for_cars
from planner.scenario import Siting

_SAME_PLACE_M = 0.01


def cover_if_asked(
    siting: Siting,
    zones: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    charger_types: pd.DataFrame,
    existing: pd.DataFrame,
) -> pd.DataFrame | None:
    """`sites_within_norm` where ``siting.minimum_access`` is true, else None: nothing is asked."""
    return sites_within_norm(zones, sites, charger_types, existing) if siting.minimum_access else None


def sites_within_norm(
    zones: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, charger_types: pd.DataFrame, existing: pd.DataFrame
) -> pd.DataFrame:
    """The table ``cover`` of siting: of every zone listed one of its sites must hold a charger for cars.

    Listed are the zones with residents and, of each, the sites within its ``norm_m`` (straight from its centroid, as
    the share of residents within the norm is measured) where chargers for cars stand or could: bays and grid hold the
    site's fewest chargers, of one type for cars, and it is not locked out. A zone without any such site is not listed:
    nothing that could be built there would help it.

    Parameters
    ----------
    zones, sites
        In one projected CRS.
    charger_types, existing
        As siting is given them.

    Returns
    -------
    DataFrame
        Index (zone_id, site_id), sorted; ``metres``, straight.
    """
    able = sites[_can_hold(sites, charger_types, existing)].sort_index()
    inhabited = zones[zones["residents"] > 0].sort_index()
    names = ["zone_id", "site_id"]
    if able.empty or inhabited.empty:
        return pd.DataFrame({"metres": []}, index=pd.MultiIndex.from_arrays([[], []], names=names), dtype=float)
    centre = inhabited.geometry.centroid
    at, to = np.column_stack([able.geometry.x, able.geometry.y]), np.column_stack([centre.x, centre.y])
    near = cKDTree(at).query_ball_point(to, inhabited["norm_m"].to_numpy(float) + _SAME_PLACE_M, return_sorted=True)
    zone = np.repeat(np.arange(len(inhabited)), [len(found) for found in near])
    site = np.array([j for found in near for j in found], int)
    index = pd.MultiIndex.from_arrays([inhabited.index[zone], able.index[site]], names=names)
    return pd.DataFrame({"metres": np.hypot(*(at[site] - to[zone]).T)}, index=index)


def _can_hold(sites: gpd.GeoDataFrame, charger_types: pd.DataFrame, existing: pd.DataFrame) -> np.ndarray:
    """Site: whether a charger for cars stands there or could be built."""
    cars = charger_types[for_cars(charger_types)]
    at, kind = (existing.index.get_level_values(name) for name in ("site_id", "charger_type"))
    count = existing["count"].to_numpy(float)
    taken = pd.Series(count * charger_types["bays_used"].reindex(kind).to_numpy(float)).groupby(np.asarray(at)).sum()
    stands = sites.index.isin(at[count > 0])
    bays = sites["bays"].to_numpy(float) - taken.reindex(sites.index).fillna(0.0).to_numpy(float)
    fewest = np.where(stands, 1.0, np.maximum(sites["min_station"].to_numpy(float), 1.0))
    room = np.zeros(len(sites), bool)
    for use, kw in zip(cars["bays_used"], cars["coincidence"] * cars["kw_rated"], strict=True):
        room |= (fewest * use <= bays + 1e-9) & (fewest * kw <= sites["grid_kw"].to_numpy(float) + 1e-9)
    room &= (sites["lock"] != "out").to_numpy()
    return np.asarray(room | sites.index.isin(at[(count > 0) & kind.isin(cars.index)]))
