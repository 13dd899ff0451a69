"""Where charging goes: each attractor's share of every zone."""

from __future__ import annotations

from typing import NamedTuple

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
    samples, km = _sampled(zones, streets), streets["metres"].to_numpy(float) / 1000
    per_class = _per_zone_and_class(zones, streets, samples, km)
    follows_traffic = any(scenario.attractors[a].traffic for a in used)
    driven = pd.DataFrame(index=zones.index)
    if follows_traffic and scenario.traffic is not None:  # the scenario's check sees to it that both are there
        flow = street_flow(zones, streets, scenario.traffic)
        driven = _per_zone_and_class(zones, streets, samples, flow * streets["metres"].to_numpy(float) / 1000)
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
    zh = f"该吸引因子在研究区内没有对应的地点或道路，而车队 {names} 以其分布；"
    zh += "请补充此类地点或道路、改用其他因子或将车队数量设为 0"
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
            zh=f"缺少此列，而 attractors.{name} 以其加权；请补充该列，或更改该吸引因子",
        )
        for name in sorted(used)
        for column in sorted(scenario.attractors[name].zones)
        if column not in zones
    )


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


class _Samples(NamedTuple):
    """Points at equal steps along the streets, those that lie in a zone.

    Attributes
    ----------
    street, zone
        Of every point: position of its street, and zone_id.
    pieces
        Of every street: how many points stand for it.
    """

    street: np.ndarray
    zone: pd.Index
    pieces: np.ndarray


def _sampled(zones: gpd.GeoDataFrame, streets: gpd.GeoDataFrame) -> _Samples:
    pieces = np.maximum(1, np.ceil(streets.geometry.length.to_numpy() / _STREET_SAMPLE_M)).astype(int)
    street = np.repeat(np.arange(len(streets)), pieces)
    order = np.arange(len(street)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    along = (order + 0.5) / pieces[street]
    points = gpd.GeoSeries(streets.geometry.to_numpy()[street], crs=streets.crs).interpolate(along, normalized=True)
    inside = gpd.sjoin(gpd.GeoDataFrame({"street": street}, geometry=points), zones[["geometry"]])
    inside = inside[~inside.index.duplicated()]
    return _Samples(inside["street"].to_numpy(), pd.Index(inside[zones.index.name]), pieces)


def _per_zone_and_class(
    zones: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, samples: _Samples, amount: np.ndarray
) -> pd.DataFrame:
    """An amount of every street shared out to zones by its points; columns road classes."""
    rows = pd.DataFrame(
        {
            "amount": (amount / samples.pieces)[samples.street],
            "road_class": streets["road_class"].to_numpy()[samples.street],
            "zone_id": samples.zone,
        }
    )
    table: pd.DataFrame = rows.pivot_table(
        index="zone_id", columns="road_class", values="amount", aggfunc="sum", fill_value=0.0
    )
    return table.reindex(zones.index, fill_value=0.0)
