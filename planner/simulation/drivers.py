"""Drivers whom nobody sends: how many come from where and when, and which stations lie nearest to them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.demand.hours import HOURS


def nearest_stations(
    demand: pd.DataFrame,
    access: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    queues: pd.DataFrame,
    *,
    modes: dict[str, str],
    detour_factor: float,
    tries: int,
) -> pd.DataFrame:
    """Where the drivers of every zone go, one station after the other.

    Parameters
    ----------
    demand, access, sites
        As siting was given them; reach and metres decide, equal ones by site_id.
    queues
        As `planned_charges` returns them.
    modes
        Service -> drive or walk.
    detour_factor
        Metres driven per straight metre between two stations.
    tries
        At most so many stations.

    Returns
    -------
    DataFrame
        Index (zone_id, service, attempt), attempt from 0 on; ``site_id`` and ``way_m``, metres from the zone to the
        first station and on to this one.
    """
    there = queues.reset_index()[["site_id", "service"]].drop_duplicates()
    there["mode"] = there["service"].map(modes)
    rows = access.reset_index().merge(there, on=["site_id", "mode"])
    rows = rows.merge(demand["reach_m"].reset_index(), on=["zone_id", "service"])
    rows = rows[rows["metres"] <= rows["reach_m"]].sort_values(["zone_id", "service", "metres", "site_id"])
    rows["attempt"] = rows.groupby(["zone_id", "service"]).cumcount()
    rows = rows[rows["attempt"] < tries].reset_index(drop=True)
    point = sites.geometry.reindex(rows["site_id"])
    x, y = point.x.to_numpy(), point.y.to_numpy()
    leg = detour_factor * np.hypot(np.diff(x, prepend=0.0), np.diff(y, prepend=0.0))
    rows["way_m"] = np.where(rows["attempt"] == 0, rows["metres"], leg)
    rows["way_m"] = rows.groupby(["zone_id", "service"])["way_m"].cumsum()
    return rows.set_index(["zone_id", "service", "attempt"])[["site_id", "way_m"]]


def planned_drivers(charged: pd.DataFrame, charges: pd.DataFrame, metres: pd.Series) -> pd.DataFrame:
    """The drivers of a plan by where they come from.

    Parameters
    ----------
    charged
        As `planned_charges` returns it.
    charges
        As `charges_by_fleet` returns it.
    metres
        Index (zone_id, site_id, service): how far the plan sends them.

    Returns
    -------
    DataFrame
        Index (zone_id, service, fleet), sorted; columns 0 to 23 (mean arrivals in that hour) and ``planned_m``.
    """
    keys = ["zone_id", "service", "fleet"]
    far = metres.reindex(pd.MultiIndex.from_frame(charged[["zone_id", "site_id", "service"]])).to_numpy(float)
    sums = charged.assign(metres=far * charged["number"]).groupby(keys)[["number", "metres"]].sum()
    hours = charges.reset_index().drop_duplicates(["service", "fleet"]).set_index(["service", "fleet"])[HOURS]
    rows = sums.join(hours, on=["service", "fleet"])
    drivers = rows[HOURS].mul(rows["number"], axis=0).assign(planned_m=rows["metres"] / rows["number"])
    return drivers[rows["number"] > 0].sort_index()
