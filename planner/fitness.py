"""What decides whether the layers can carry a plan, before one is made."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.access import measure_access
from planner.demand import estimate_demand
from planner.layers import Layers
from planner.plan import charger_type_table, reach_by_mode
from planner.scenario import Scenario

_NEAR_STREET_M = 1_000.0


@dataclass(frozen=True)
class Fitness:
    """How the layers and the scenario fit together.

    Attributes
    ----------
    public_kwh_day, standing_kwh_day
        Public demand, and what unlocated chargers carry of it.
    near_street_share
        Share of residents whose zone's centroid lies within a kilometre of a street.
    out_of_reach_share
        Share of residents whose zone reaches no site by car.
    tightness
        What the quota carries at the middle of its type shares, over the demand of zones that reach a site by car.
    """

    public_kwh_day: float
    standing_kwh_day: float
    near_street_share: float
    out_of_reach_share: float
    tightness: float


def measure_fitness(layers: Layers, sites: gpd.GeoDataFrame, scenario: Scenario) -> Fitness:
    """Measure how a study area's layers and sites fit its scenario, without planning."""
    demand = estimate_demand(layers.zones, layers.places, layers.streets, scenario)
    access = measure_access(layers.zones, sites, layers.streets, reach_by_mode(demand, scenario), scenario.access)
    residents = layers.zones["residents"].astype(float)
    driven = access.index.get_level_values("zone_id")[access.index.get_level_values("mode") == "drive"].unique()
    total = max(float(residents.sum()), 1.0)
    return Fitness(
        public_kwh_day=float(demand["public_kwh_day"].sum()),
        standing_kwh_day=float(demand["standing_kwh_day"].sum()),
        near_street_share=_near_street_share(layers),
        out_of_reach_share=1 - float(residents[residents.index.isin(driven)].sum()) / total,
        tightness=_tightness_estimate(demand, driven, scenario),
    )


def _near_street_share(layers: Layers) -> float:
    centre = layers.zones.geometry.centroid
    near = layers.streets.sindex.nearest(centre, max_distance=_NEAR_STREET_M, return_all=False)[0]
    residents = layers.zones["residents"].to_numpy(float)
    return float(residents[np.unique(near)].sum() / max(residents.sum(), 1.0))


def _tightness_estimate(demand: pd.DataFrame, driven: pd.Index, scenario: Scenario) -> float:
    types = charger_type_table(scenario.charger_types)
    counted = types[types["quota_units"] > 0]
    middle = (counted["min_share"] + counted["max_share"]) / 2
    per_pile = float((counted["energy_kwh_day"] / counted["quota_units"] * middle).sum() / middle.sum())
    reachable = float(demand.loc[demand.index.isin(driven, level="zone_id"), "energy_kwh_day"].sum())
    return scenario.siting.quota * per_pile / reachable if reachable > 0 else float("inf")
