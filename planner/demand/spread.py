"""Charging demand: vehicles of every fleet -> energy a day per zone and service, at the meter.

Per fleet, ``energy = vehicles x active share x km a day x kWh per km x season / efficiency`` (season and efficiency
only where the consumption was measured at the battery), times the share charged in public, split into services and
spread over the zones by what the fleet follows. The sum over zones of every fleet and service is the fleet's total.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from planner._faults import BadInput, Fault, refuse, some
from planner.scenario import Attractor, Existing, Fleet, Scenario
from planner.tables import DEMAND, check_table

_STREET_SAMPLE_M = 100.0


def estimate_demand(
    zones: gpd.GeoDataFrame, places: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, scenario: Scenario
) -> pd.DataFrame:
    """The energy that siting has to serve, per zone and service.

    Returns
    -------
    DataFrame
        Index (zone_id, service); ``public_kwh_day`` all public charging, ``standing_kwh_day`` the part that today's
        unlocated chargers carry at observed use, ``energy_kwh_day`` the rest, ``reach_m`` how far drivers go for it.
        Rows without energy are left out.

    Raises
    ------
    BadInput
        A fleet follows an attractor that draws nothing in this study area; zones lie in a ring without rules; or there
        is no demand at all.
    """
    refuse(
        Fault(f"zones, column ring, row {some(zones.index[zones['ring'] == ring])}", *_no_rules(ring))
        for ring in sorted(set(zones["ring"]) - set(scenario.rings))
    )
    weights = attractor_weights(zones, places, streets, scenario)
    public = pd.DataFrame(0.0, index=zones.index, columns=list(scenario.services))
    energies = fleet_energy(scenario, zones)["public_kwh_day"].to_dict()
    for name, fleet in scenario.fleets.items():
        for service, share in fleet.services.items():
            spread = weights[list(fleet.follows[service])] @ pd.Series(fleet.follows[service])
            public[service] += energies[name] * share * spread
    demand = _long(public)
    demand["standing_kwh_day"] = _standing(demand["public_kwh_day"], scenario.existing)
    demand["energy_kwh_day"] = demand["public_kwh_day"] - demand["standing_kwh_day"]
    demand["reach_m"] = _reach(demand.index, zones["ring"], scenario)
    demand = demand[demand["public_kwh_day"] > 0].sort_index()
    if demand.empty:
        en = "no fleet charges in public; there is nothing to plan"
        raise BadInput([Fault("scenario, key fleets", en, "没有公共充电需求")])
    return check_table(demand, DEMAND)


def fleet_energy(scenario: Scenario, zones: pd.DataFrame) -> pd.DataFrame:
    """Energy of each fleet a day, at the meter.

    Returns
    -------
    DataFrame
        Index fleet; ``vehicles``, ``energy_kwh_day`` (all charging) and ``public_kwh_day``.
    """
    without_home = _without_home_charging(zones, scenario)
    rows = {}
    for name, fleet in scenario.fleets.items():
        energy = _energy_kwh_day(fleet, scenario.season.multiplier)
        public_share = fleet.public_share.base * (without_home if fleet.home_charging else 1.0)
        rows[name] = (fleet.vehicles.base, energy, energy * public_share)
    columns = ["vehicles", "energy_kwh_day", "public_kwh_day"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("fleet")


def attractor_weights(
    zones: gpd.GeoDataFrame, places: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, scenario: Scenario
) -> pd.DataFrame:
    """Each attractor's share of every zone: columns sum to one.

    Returns
    -------
    DataFrame
        Index zone_id, one column per attractor that some fleet follows.
    """
    used = {a for fleet in scenario.fleets.values() for split in fleet.follows.values() for a in split}
    per_kind = _places_per_zone(zones, places)
    per_class = _street_km_per_zone(zones, streets)
    residents = _residents(zones, scenario)
    weights = {}
    for name in sorted(used):
        pull = _pull(scenario.attractors[name], per_kind, per_class, residents)
        weights[name] = pull / pull.sum() if pull.sum() > 0 else pull
    refuse(
        _draws_nothing(name, fleets)
        for name, share in weights.items()
        if share.sum() == 0 and (fleets := _fleets_following(name, scenario))
    )
    return pd.DataFrame(weights)


def _draws_nothing(attractor: str, fleets: list[str]) -> Fault:
    names = some(fleets, 8)
    en = f"draws nothing in this study area, but fleets {names} follow it; "
    en += "add such places or streets, let them follow another one, or set their vehicles to 0"
    zh = (
        f"该吸引因子在研究区内没有对应的地点或道路，而车队 {names} 以其分布；请补充数据、改用其他因子或将车队数量设为 0"
    )
    return Fault(f"scenario, key attractors.{attractor}", en, zh)


def _no_rules(ring: str) -> tuple[str, str]:
    return f"ring {ring!r} has no section [rings.{ring}] in the scenario; add it", f"情景中没有 [rings.{ring}]，请补充"


def _long(public: pd.DataFrame) -> pd.DataFrame:
    """A table of zones by services as one row per pair."""
    index = pd.MultiIndex.from_product([public.index, public.columns], names=["zone_id", "service"])
    return pd.DataFrame({"public_kwh_day": public.to_numpy().ravel()}, index=index)


def _energy_kwh_day(fleet: Fleet, season: float) -> float:
    driven = fleet.vehicles.base * fleet.active_share.base * fleet.km_day.base * fleet.kwh_per_100km.base / 100
    return driven * season / fleet.efficiency.base if fleet.kwh_measured_at == "battery" else driven


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


def _home_charging_share(zones: pd.DataFrame, scenario: Scenario) -> pd.Series:
    by_ring = zones["ring"].map({ring: rules.home_charging_share.base for ring, rules in scenario.rings.items()})
    return zones.get("home_charging_share", by_ring).astype(float)


def _without_home_charging(zones: pd.DataFrame, scenario: Scenario) -> float:
    """Share of residents without home charging."""
    residents = zones["residents"].astype(float)
    total = float(residents.sum())
    return float((residents * (1 - _home_charging_share(zones, scenario))).sum() / total) if total else 1.0


def _residents(zones: pd.DataFrame, scenario: Scenario) -> dict[str, pd.Series]:
    everyone = zones["residents"].astype(float)
    return {"all": everyone, "without_home_charging": everyone * (1 - _home_charging_share(zones, scenario))}


def _pull(
    attractor: Attractor, per_kind: pd.DataFrame, per_class: pd.DataFrame, residents: dict[str, pd.Series]
) -> pd.Series:
    pull = pd.Series(0.0, index=per_kind.index)
    for table, weights in ((per_kind, attractor.places), (per_class, attractor.streets_km)):
        for column, weight in weights.items():
            if column in table:
                pull = pull + weight * table[column]
    return pull + residents[attractor.residents] if attractor.residents else pull


def _fleets_following(attractor: str, scenario: Scenario) -> list[str]:
    """Fleets with vehicles some of which follow an attractor."""
    return [
        name
        for name, fleet in scenario.fleets.items()
        if fleet.vehicles.base > 0 and any(split.get(attractor, 0) > 0 for split in fleet.follows.values())
    ]


def _zone_of(points: gpd.GeoSeries, zones: gpd.GeoDataFrame) -> pd.Series:
    """The zone each point lies in, or else the nearest one; ties go to the first id."""
    joined = gpd.sjoin_nearest(gpd.GeoDataFrame(geometry=points), zones[["geometry"]])
    zone: pd.Series = joined.groupby(level=0)[zones.index.name or "index_right"].min().reindex(points.index)
    return zone


def _places_per_zone(zones: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> pd.DataFrame:
    """Number of places of each kind in every zone."""
    zone = _zone_of(places.geometry, zones)
    return pd.crosstab(zone, places["kind"]).reindex(zones.index, fill_value=0).astype(float)


def _street_km_per_zone(zones: gpd.GeoDataFrame, streets: gpd.GeoDataFrame) -> pd.DataFrame:
    """Kilometres of each road class in every zone, by points sampled along the streets."""
    pieces = np.maximum(1, np.ceil(streets.geometry.length.to_numpy() / _STREET_SAMPLE_M)).astype(int)
    street = np.repeat(np.arange(len(streets)), pieces)
    order = np.arange(len(street)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    along = (order + 0.5) / pieces[street]
    points = gpd.GeoSeries(streets.geometry.to_numpy()[street], crs=streets.crs).interpolate(along, normalized=True)
    km = (streets["metres"].to_numpy() / pieces / 1000)[street]
    sampled = gpd.GeoDataFrame({"km": km, "road_class": streets["road_class"].to_numpy()[street]}, geometry=points)
    inside = gpd.sjoin(sampled, zones[["geometry"]])
    inside = inside[~inside.index.duplicated()]
    columns = {"index": zones.index.name, "columns": "road_class", "values": "km"}
    table: pd.DataFrame = inside.pivot_table(**columns, aggfunc="sum", fill_value=0.0)
    return table.reindex(zones.index, fill_value=0.0)
