"""The two networks that are compared: what stands, who charges where with it, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from planner.capacity.types import for_cars
from planner.scenario import Scenario
from planner.siting import Problem, choose_sites

NO_ENERGY_SHARE = 1e-6
SAME_PLACE_M = 0.01
_NOTHING_TO_BUILD: dict[str, Any] = {
    **{"quota": 0, "quota_rule": "at_most", "tasks": {}, "floors": {}, "feeder_kw": {}, "solver": "HiGHS"},
    **{"question": "most_service", "promise_share": None, "minimum_access": False},
}


@dataclass(frozen=True)
class Network:
    """One of the two networks.

    Attributes
    ----------
    chargers
        A row per site and type, as `priced` makes them, with ``is_new``.
    trips
        Who charges where, as `measure_trips` makes them.
    near_m
        Index zone_id: straight metres to the nearest charger (`nearest_charger_m`).
    """

    chargers: pd.DataFrame
    trips: pd.DataFrame
    near_m: pd.Series


class Chargers(NamedTuple):
    """Today's located chargers and the new ones, a row per site and type, as `priced` makes them."""

    standing: pd.DataFrame
    new: pd.DataFrame

    @property
    def together(self) -> pd.DataFrame:
        """All that stands with the plan."""
        return pd.concat([self.standing, self.new], ignore_index=True)


class Compared(NamedTuple):
    """The two networks that every figure of a plan is told of."""

    today: Network
    plan: Network


def assign_today(problem: Problem) -> pd.DataFrame:
    """Who would charge where with today's located chargers alone: the siting problem with nothing to build.

    Only the sites that have chargers take part, all locked against new ones, so the worth served is the most that
    today's network can give and is comparable with the plan's.

    Returns
    -------
    DataFrame
        Index (zone_id, site_id, service); ``energy_kwh_day``; empty without located chargers.
    """
    existing = problem.existing
    if existing.empty:
        names = ["zone_id", "site_id", "service"]
        return pd.DataFrame({"energy_kwh_day": []}, index=pd.MultiIndex.from_arrays([[], [], []], names=names))
    standing = existing.index.get_level_values("site_id").unique()
    locked = problem.sites[problem.sites.index.isin(standing)].assign(lock="out")
    near = problem.access[problem.access.index.get_level_values("site_id").isin(standing)]
    nothing = problem.with_rules(**_NOTHING_TO_BUILD)
    return choose_sites(replace(nothing, sites=locked, access=near, cover=None)).assignment


def nearest_charger_m(zones: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, chargers: pd.DataFrame) -> pd.Series:
    """Straight metres from every zone's centroid to the nearest site where a car can plug in; infinite without any.

    Parameters
    ----------
    zones, sites
        In one projected CRS.
    chargers
        Rows with ``site_id``, ``service``, ``battery_swap``, ``count``; swap and truck chargers do not help residents.
    """
    helping = for_cars(chargers) & (chargers["count"] > 0)
    at = sites.geometry[sites.index.isin(chargers.loc[helping, "site_id"])]
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


def priced(chargers: pd.DataFrame, types: pd.DataFrame) -> pd.DataFrame:
    """One row per site and type: count, the type's columns, and piles, power_kw and price of them all."""
    rows = chargers[["count"]].reset_index().astype({"site_id": str, "charger_type": str})
    rows = rows.merge(types, left_on="charger_type", right_index=True, how="left")
    return rows.assign(
        piles=rows["count"] * rows["quota_units"],
        power_kw=rows["count"] * rows["kw_rated"],
        spent_cny=rows["count"] * rows["price_cny"],
        battery_swap=rows["battery_swap"].astype(bool),
    )


def measure_trips(problem: Problem, assignment: pd.DataFrame) -> pd.DataFrame:
    """An assignment as rows zone_id, site_id, service, energy_kwh_day; with metres and worth_kwh_day."""
    access, demand = problem.access, problem.demand
    rows = assignment.reset_index()
    mode = problem.modes(rows["service"])
    keys = pd.MultiIndex.from_arrays([rows["zone_id"], rows["site_id"], mode])
    at = access.index.get_indexer(keys) if len(rows) else np.zeros(0, int)
    metres = access["metres"].to_numpy(float)[at]
    reach = demand["reach_m"].reindex(pd.MultiIndex.from_frame(rows[["zone_id", "service"]])).to_numpy(float)
    farness = np.divide(metres, reach, out=np.zeros_like(metres), where=reach > 0)
    worth = 1 - (1 - problem.rules.edge_worth) * farness
    return rows.assign(metres=metres, worth_kwh_day=worth * rows["energy_kwh_day"])


def sum_by_site(chargers: pd.DataFrame, column: str, at: pd.Index) -> pd.Series:
    """A column of the chargers summed over every site of `at`, 0 where none stands."""
    return chargers.groupby("site_id")[column].sum().astype(float).reindex(at, fill_value=0.0)
