"""The recipe: what siting has to serve, per zone and service."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.demand.hours import hourly_load
from planner.faults import BadInput, Fault, refuse, some
from planner.scenario import Existing, Scenario
from planner.tables import DEMAND, check_table
from planner.words import Text


def estimate_demand(
    zones: gpd.GeoDataFrame, places: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, scenario: Scenario
) -> pd.DataFrame:
    """The energy that siting has to serve, per zone and service.

    Parameters
    ----------
    zones, places, streets
        Layers as `read_layers` returns them: residents live in the zones, and what fleets follow (offices, shops,
        roads) lies at the places and along the streets.
    scenario
        Fleets, the hours and services they charge in, reach, and the chargers of today that no layer locates.

    Returns
    -------
    DataFrame
        Index (zone_id, service); ``public_kwh_day`` all public charging, ``standing_kwh_day`` the part that today's
        unlocated chargers carry at observed use, ``energy_kwh_day`` the rest, ``peak_kw`` the load of all public
        charging in the service's design hour, ``reach_m`` how far drivers go for it, ``district`` and, where zones name
        theirs, ``township`` (or "") where the zone lies.
        Rows without energy are left out.

    Raises
    ------
    BadInput
        A fleet follows an attractor that draws nothing in this study area; zones lie in a ring without rules; or there
        is no demand at all.
    """
    refuse(
        Fault.of(f"zones, column ring, row {some(zones.index[zones['ring'] == ring])}", _no_rules(ring))
        for ring in sorted(set(zones["ring"]) - set(scenario.rings))
    )
    load = hourly_load(zones, places, streets, scenario)
    demand = pd.DataFrame({"public_kwh_day": load.sum(axis=1), "peak_kw": _at_design_hour(load)})
    demand["standing_kwh_day"] = _standing(demand["public_kwh_day"], scenario.existing)
    demand["energy_kwh_day"] = demand["public_kwh_day"] - demand["standing_kwh_day"]
    demand["reach_m"] = _reach(demand.index, zones["ring"], scenario)
    home = demand.index.get_level_values("zone_id")
    demand["district"] = zones["district"].reindex(home).to_numpy()
    if "township" in zones:
        demand["township"] = zones["township"].fillna("").reindex(home).to_numpy(object)
    demand = demand[demand["public_kwh_day"] > 0].sort_index()
    if demand.empty:
        en = "no fleet charges in public; there is nothing to plan"
        raise BadInput([Fault("scenario, key fleets", en=en, zh="没有车队在公共场所充电，无可规划")])
    return check_table(demand, DEMAND)


def _no_rules(ring: str) -> Text:
    return Text(
        en=f"ring {ring!r} has no section [rings.{ring}] in the scenario; add it",
        zh=f"圈层 {ring!r} 在情景中没有 [rings.{ring}] 一节，请补充",
    )


def _at_design_hour(load: pd.DataFrame) -> pd.Series:
    """Load of every row in the hour in which its service peaks over the whole area, kW."""
    service = load.index.get_level_values("service")
    hour = load.groupby(level="service").sum().idxmax(axis=1).reindex(service).to_numpy(int)
    return pd.Series(load.to_numpy()[np.arange(len(load)), hour], index=load.index)


def _standing(public: pd.Series, existing: Existing) -> pd.Series:
    """What unlocated chargers carry, in proportion to demand; never more than the demand."""
    counted = public.where(public.index.get_level_values("service").isin(existing.services), 0.0)
    carried = existing.unlocated_chargers.base * existing.use_kwh_charger_day.base
    total = float(counted.sum())
    return counted * (min(carried / total, 1.0) if total > 0 else 0.0)


def _reach(index: pd.Index, ring: pd.Series, scenario: Scenario) -> np.ndarray:
    """Reach in metres of every (zone, service) by the zone's ring."""
    reach = {
        (r, s): (rules.walk_reach_m if service.mode == "walk" else rules.drive_reach_m).base * service.reach_factor.base
        for r, rules in scenario.rings.items()
        for s, service in scenario.services.items()
    }
    rings = ring.reindex(index.get_level_values("zone_id"))
    services = index.get_level_values("service")
    return np.array([reach[pair] for pair in zip(rings, services, strict=True)], dtype=float)
