"""Where charging goes: each attractor's share of every zone."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.demand.traffic import street_flow
from planner.faults import Fault, refuse, some
from planner.scenario import Scenario

_STREET_SAMPLE_M = 100.0


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
    per_class = _per_zone_and_class(zones, streets, streets["metres"].to_numpy(float) / 1000)
    follows_traffic = any(scenario.attractors[a].traffic for a in used)
    driven = _driven(zones, streets, scenario) if follows_traffic else pd.DataFrame(index=zones.index)
    residents = _residents(zones, scenario)
    _refuse_missing_columns(zones, used, scenario)
    weights = {}
    for name in sorted(used):
        attractor = scenario.attractors[name]
        pull = pd.Series(0.0, index=zones.index)
        for table, by_column in (
            (per_kind, attractor.places),
            (per_class, attractor.streets_km),
            (driven, attractor.traffic),
            (zones, attractor.zones),
        ):
            for column, weight in by_column.items():
                pull = pull + weight * table[column] if column in table else pull
        pull = pull + residents[attractor.residents] if attractor.residents else pull
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
    return Fault(f"scenario, key attractors.{attractor}", en=en, zh=zh)


def home_charging_share(zones: pd.DataFrame, scenario: Scenario) -> pd.Series:
    """Share of each zone's residents with home charging: the zone's own column, else its ring's figure."""
    by_ring = zones["ring"].map({ring: rules.home_charging_share.base for ring, rules in scenario.rings.items()})
    return zones.get("home_charging_share", by_ring).astype(float)


def _residents(zones: pd.DataFrame, scenario: Scenario) -> dict[str, pd.Series]:
    everyone = zones["residents"].astype(float)
    return {"all": everyone, "without_home_charging": everyone * (1 - home_charging_share(zones, scenario))}


def _refuse_missing_columns(zones: gpd.GeoDataFrame, used: set[str], scenario: Scenario) -> None:
    refuse(
        Fault(
            f"zones, column {column}",
            en=f"missing, but attractors.{name} weighs it; add the column or change the attractor",
            zh=f"缺少此列，而 attractors.{name} 使用它；请补充或修改",
        )
        for name in sorted(used)
        for column in sorted(scenario.attractors[name].zones)
        if column not in zones
    )


def _driven(zones: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, scenario: Scenario) -> pd.DataFrame:
    """Vehicle-kilometres of modelled traffic per zone and road class; relative numbers."""
    if scenario.traffic is None:
        raise AssertionError("the scenario's check lets no attractor follow traffic without [traffic]")
    flow = street_flow(zones, streets, scenario.traffic)
    return _per_zone_and_class(zones, streets, flow * streets["metres"].to_numpy(float) / 1000)


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


def _per_zone_and_class(zones: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, amount: np.ndarray) -> pd.DataFrame:
    """An amount of every street shared out to zones by points sampled along it; columns road classes."""
    pieces = np.maximum(1, np.ceil(streets.geometry.length.to_numpy() / _STREET_SAMPLE_M)).astype(int)
    street = np.repeat(np.arange(len(streets)), pieces)
    order = np.arange(len(street)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    along = (order + 0.5) / pieces[street]
    points = gpd.GeoSeries(streets.geometry.to_numpy()[street], crs=streets.crs).interpolate(along, normalized=True)
    road_class = streets["road_class"].to_numpy()[street]
    sampled = gpd.GeoDataFrame({"amount": (amount / pieces)[street], "road_class": road_class}, geometry=points)
    inside = gpd.sjoin(sampled, zones[["geometry"]])
    inside = inside[~inside.index.duplicated()]
    columns = {"index": zones.index.name, "columns": "road_class", "values": "amount"}
    table: pd.DataFrame = inside.pivot_table(**columns, aggfunc="sum", fill_value=0.0)
    return table.reindex(zones.index, fill_value=0.0)
