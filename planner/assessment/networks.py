"""The two networks that are compared: what stands, who charges where with it, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from planner.scenario import Scenario
from planner.siting import choose_sites

NO_ENERGY_SHARE = 1e-6
SAME_PLACE_M = 0.01
_CAR_SERVICES = ("slow", "fast")


@dataclass(frozen=True)
class Network:
    """One of the two networks.

    Attributes
    ----------
    chargers
        A row per site and type, as `price` makes them, with ``is_new``.
    trips
        Who charges where, as `measure_trips` makes them.
    near_m
        Index zone_id: straight metres to the nearest charger (`nearest_charger_m`).
    """

    chargers: pd.DataFrame
    trips: pd.DataFrame
    near_m: pd.Series


def assign_today(
    demand: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    access: pd.DataFrame,
    charger_types: pd.DataFrame,
    capacity: pd.DataFrame,
    existing: pd.DataFrame,
    scenario: Scenario,
) -> pd.DataFrame:
    """Who would charge where with today's located chargers alone: the siting problem with nothing to build.

    Only the sites that have chargers take part, all locked against new ones, so the worth served is the most that
    today's network can give and is comparable with the plan's.

    Returns
    -------
    DataFrame
        Index (zone_id, site_id, service); ``energy_kwh_day``; empty without located chargers.
    """
    if existing.empty:
        names = ["zone_id", "site_id", "service"]
        return pd.DataFrame({"energy_kwh_day": []}, index=pd.MultiIndex.from_arrays([[], [], []], names=names))
    standing = existing.index.get_level_values("site_id").unique()
    locked = sites[sites.index.isin(standing)].assign(lock="out")
    near = access[access.index.get_level_values("site_id").isin(standing)]
    nothing = {"quota": 0, "quota_rule": "at_most", "tasks": {}, "floors": {}, "feeder_kw": {}, "solver": "HiGHS"}
    question = {"question": "most_service", "promise_share": None, "minimum_access": False}
    siting = scenario.siting.model_copy(update=nothing | question)
    return choose_sites(demand, locked, near, charger_types, capacity, existing, siting)[1]


def nearest_charger_m(zones: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, chargers: pd.DataFrame) -> pd.Series:
    """Straight metres from every zone's centroid to the nearest site where a car can plug in; infinite without any.

    Parameters
    ----------
    zones, sites
        In one projected CRS.
    chargers
        Rows with ``site_id``, ``service``, ``battery_swap``, ``count``; swap and truck chargers do not help residents.
    """
    for_cars = (
        chargers["service"].isin(_CAR_SERVICES) & ~chargers["battery_swap"].astype(bool) & (chargers["count"] > 0)
    )
    at = sites.geometry[sites.index.isin(chargers.loc[for_cars, "site_id"])]
    if at.empty:
        return pd.Series(np.inf, index=zones.index)
    centre = zones.geometry.centroid
    metres = cKDTree(np.column_stack([at.x, at.y])).query(np.column_stack([centre.x, centre.y]))[0]
    return pd.Series(metres, index=zones.index)


def within_norm(zones: gpd.GeoDataFrame, network: Network) -> pd.Series:
    """Whether every zone lies within its ring's norm radius of a charger."""
    near: pd.Series = network.near_m <= zones["norm_m"] + SAME_PLACE_M
    return near


def nowhere_known(stock: pd.DataFrame, scenario: Scenario) -> bool:
    """Whether today's chargers are known by number only: where they stand, and so what is near them, is not known."""
    return not len(stock) and scenario.existing.unlocated_chargers.base > 0


def price(chargers: pd.DataFrame, types: pd.DataFrame) -> pd.DataFrame:
    """One row per site and type: count, the type's columns, and piles, power_kw and price of them all."""
    rows = chargers[["count"]].reset_index().astype({"site_id": str, "charger_type": str})
    rows = rows.merge(types, left_on="charger_type", right_index=True, how="left")
    return rows.assign(
        piles=rows["count"] * rows["quota_units"],
        power_kw=rows["count"] * rows["kw_rated"],
        spent_cny=rows["count"] * rows["price_cny"],
        battery_swap=rows["battery_swap"].astype(bool),
    )


def measure_trips(
    assignment: pd.DataFrame, access: pd.DataFrame, demand: pd.DataFrame, scenario: Scenario
) -> pd.DataFrame:
    """The assignment as rows zone_id, site_id, service, energy_kwh_day; with metres and worth_kwh_day."""
    rows = assignment.reset_index()
    mode = rows["service"].map({service: rules.mode for service, rules in scenario.services.items()})
    keys = pd.MultiIndex.from_arrays([rows["zone_id"], rows["site_id"], mode])
    at = access.index.get_indexer(keys) if len(rows) else np.zeros(0, int)
    metres = access["metres"].to_numpy(float)[at]
    reach = demand["reach_m"].reindex(pd.MultiIndex.from_frame(rows[["zone_id", "service"]])).to_numpy(float)
    farness = np.divide(metres, reach, out=np.zeros_like(metres), where=reach > 0)
    worth = 1 - (1 - scenario.siting.edge_worth) * farness
    return rows.assign(metres=metres, worth_kwh_day=worth * rows["energy_kwh_day"])


def sum_by_site(chargers: pd.DataFrame, column: str, at: pd.Index) -> pd.Series:
    """A column of the chargers summed over every site of `at`, 0 where none stands."""
    return chargers.groupby("site_id")[column].sum().astype(float).reindex(at, fill_value=0.0)
