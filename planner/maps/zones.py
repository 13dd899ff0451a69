"""Plumbing of the map page: the zones with their shapes, and what they ask for by service, hour and year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.assessment import REASONS
from planner.demand.hours import spread_services
from planner.maps.columns import steps, whole

if TYPE_CHECKING:
    from planner.plan import Plan

LEAST_UNSERVED_KWH_DAY = 5.0
"""Of a zone; less is not drawn as unserved."""
_ALREADY_TODAY, _WITH_THE_PLAN = 2, 1


def zone_columns(plan: Plan) -> dict[str, Any]:
    """One list per column, a row per zone in their order; words as positions in word lists, energies in kWh a day."""
    zones, figures = plan.layers.zones, plan.assessment.zones.reindex(plan.layers.zones.index)
    norms = sorted(set(zones["norm_m"].astype(float)))
    today = figures["within_norm_today"].fillna(False).astype(bool)
    within = figures["within_norm"].fillna(False).astype(bool)
    return zone_places(zones, plan.layers.districts) | {
        "norms": norms,
        "norm": [norms.index(norm) for norm in zones["norm_m"].astype(float)],
        "public": whole(figures["public_kwh_day"]),
        "served": whole(figures["served_kwh_day"]),
        "reason": [REASONS.index(reason) + 1 if reason in REASONS else 0 for reason in figures["reason"]],
        "within": np.where(within, np.where(today, _ALREADY_TODAY, _WITH_THE_PLAN), 0).tolist(),
    }


def zone_places(zones: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> dict[str, Any]:
    """The columns that say where a zone is, and whose."""
    township = zones["township"] if "township" in zones else pd.Series("", index=zones.index)
    township = township.fillna("").astype(str)
    towns, names = sorted(set(township)), sorted(districts.index)
    return {
        "id": list(zones.index),
        "shape": zone_shapes(zones),
        "townships": towns,
        "township": steps(pd.Index(towns).get_indexer(pd.Index(township))),
        "district": steps(pd.Index(names).get_indexer(pd.Index(zones["district"]))),
        "residents": whole(zones["residents"]),
    }


def zone_shapes(zones: gpd.GeoDataFrame) -> dict[str, Any]:
    """Outlines of the zones over one list of corners, so that neighbours share theirs and leave no gap.

    Returns
    -------
    dict
        ``lat`` and ``lon``: corners in 1e-5 degrees, as `steps`. ``corner``: those of all rings one after the other, as
        `steps`. ``corners``: how many each ring has, one number where all have the same. ``zone``: whose ring it is, as
        `steps`; None where every zone has one. Holes are not drawn.
    """
    parts, zone_of = shapely.get_parts(np.asarray(zones.geometry), return_index=True)
    points, ring_of = shapely.get_coordinates(shapely.get_exterior_ring(parts), return_index=True)
    is_last = np.append(ring_of[1:] != ring_of[:-1], True)  # the first corner again
    points, ring_of = points[~is_last].round(2), ring_of[~is_last]
    corners, corner = np.unique(points, axis=0, return_inverse=True)
    where = gpd.GeoSeries.from_xy(*corners.T, crs=zones.crs).to_crs(4326)
    counts = np.bincount(ring_of, minlength=len(parts))
    return {
        "lat": steps(np.rint(where.y.to_numpy() * 1e5)),
        "lon": steps(np.rint(where.x.to_numpy() * 1e5)),
        "corner": steps(corner.reshape(-1)),
        "corners": int(counts[0]) if len(set(counts)) == 1 else counts.tolist(),
        "zone": None if np.array_equal(zone_of, np.arange(len(zones))) else steps(zone_of),
    }


def zone_years(plan: Plan) -> list[dict[str, list[int]]]:
    """What every zone asks for and is served at the end of each year but the last, which `zone_columns` has."""
    table, order = plan.assessment.zone_years, plan.layers.zones.index
    years = [table.loc[year].reindex(order) for year in sorted(plan.years)[:-1]]
    return [{"public": whole(y["public_kwh_day"]), "served": whole(y["served_kwh_day"])} for y in years]


def demand_by_hours(plan: Plan) -> list[dict[str, Any]]:
    """The public demand in parts that share their hours: per service and daily profile the kWh a day of every zone.

    Fleets with the same hours of a service are one part, so that every hour is reckoned as finely as the demand was.

    Returns
    -------
    list
        ``service`` (a position in the scenario's services), ``shares`` (of the day, 24, in 1e-5), ``kwh`` by zone, and
        ``load``: kW of the whole area in each hour, exactly.
    """
    layers, services = plan.layers, list(plan.scenario.services)
    parts = []
    for service, energy, hours in spread_services(layers.zones, layers.places, layers.streets, plan.scenario):
        asked = plan.demand["public_kwh_day"].reindex(
            pd.MultiIndex.from_product([layers.zones.index, [service]]), fill_value=0.0
        )
        energy = np.where(energy.sum(axis=1, keepdims=True) > 0, energy, energy.sum(axis=0))  # else as the whole area
        spread = energy.sum(axis=1)
        scale = np.divide(asked.to_numpy(float), spread, out=np.zeros_like(spread), where=spread > 0)
        shares = np.rint(hours / hours.sum(axis=1, keepdims=True) * 1e5).astype(int)
        profiles, profile_of = np.unique(shares, axis=0, return_inverse=True)
        exact = hours / hours.sum(axis=1, keepdims=True)
        for number, profile in enumerate(profiles):
            these = profile_of.reshape(-1) == number
            by_fleet = energy[:, these] * scale[:, None]
            kwh = pd.Series(by_fleet.sum(axis=1))
            if kwh.sum() > 0:
                load = (by_fleet.sum(axis=0) @ exact[these]).round(6).tolist()
                parts.append(
                    {"service": services.index(service), "shares": profile.tolist(), "kwh": whole(kwh), "load": load}
                )
    return parts
