"""What decides whether the layers can carry a plan, before one is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.access import islands, measure_access, reach_by_mode, street_parts
from planner.candidates import find_sites, standing_chargers, with_feeder_headroom
from planner.capacity.tables import charger_tables
from planner.demand import estimate_demand, fleet_energy
from planner.faults import BadInput, Fault
from planner.layers import Layers
from planner.numeric.solver import NoPlan, solve
from planner.scenario import Scenario
from planner.siting import Problem
from planner.siting.choose import no_plan
from planner.siting.model.conflicts import conflicts
from planner.siting.model.instance import make_instance
from planner.siting.model.program import build_program

_NEAR_STREET_M = 1_000.0
_RULE_NODES = 50
_USUAL_STATION = 20  # bays
_Tried = TypeVar("_Tried")


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
        What the quota carries at the middle of its type shares, in stations of usual size, over the demand of zones
        that reach a site by car.
    street_parts, island_km, island_share
        Strongly connected parts of the streets; kilometres outside the largest one, also as a share of all.
    """

    public_kwh_day: float
    standing_kwh_day: float
    near_street_share: float
    out_of_reach_share: float
    tightness: float
    street_parts: int
    island_km: float
    island_share: float


@dataclass(frozen=True)
class Examination:
    """What stands between a scenario and its plan, found without planning.

    Attributes
    ----------
    sites, fitness
        Candidate sites and how all fits together; None where faults keep them from being found.
    faults
        What `make_plan` would refuse.
    """

    sites: gpd.GeoDataFrame | None
    fitness: Fitness | None
    faults: tuple[Fault, ...]


def examine(layers: Layers, scenario: Scenario) -> Examination:
    """Take a scenario as far as planning goes without choosing sites, and collect every fault on the way."""
    faults: list[Fault] = []
    scenario = with_feeder_headroom(scenario, layers.feeders)
    sites = _attempt(faults, lambda: find_sites(layers, scenario))
    demand = _attempt(faults, lambda: estimate_demand(layers.zones, layers.places, layers.streets, scenario))
    if sites is None:
        return Examination(None, None, tuple(faults))
    faults.extend(islands(layers.streets, sites, scenario))
    if demand is None:
        return Examination(sites, None, tuple(faults))
    fitness = measure_fitness(layers, sites, demand, scenario)
    faults.extend(rule_faults(layers, sites, demand, scenario))
    return Examination(sites, fitness, tuple(faults))


def measure_fitness(layers: Layers, sites: gpd.GeoDataFrame, demand: pd.DataFrame, scenario: Scenario) -> Fitness:
    """Measure how a study area's layers, sites and demand fit its scenario, without planning."""
    access = measure_access(layers.zones, sites, layers.streets, reach_by_mode(demand, scenario), scenario.access)
    residents = layers.zones["residents"].astype(float)
    driven = access.index.get_level_values("zone_id")[access.index.get_level_values("mode") == "drive"].unique()
    total = max(float(residents.sum()), 1.0)
    part = street_parts(layers.streets)
    km = layers.streets["metres"].to_numpy(float) / 1000
    island_km = float(km[part != 0].sum())
    return Fitness(
        public_kwh_day=float(demand["public_kwh_day"].sum()),
        standing_kwh_day=float(demand["standing_kwh_day"].sum()),
        near_street_share=_near_street_share(layers),
        out_of_reach_share=1 - float(residents[residents.index.isin(driven)].sum()) / total,
        tightness=_tightness_estimate(demand, layers.zones, driven, scenario),
        street_parts=len(set(part[part >= 0])),
        island_km=island_km,
        island_share=island_km / max(float(km.sum()), 1e-9),
    )


def rule_faults(layers: Layers, sites: gpd.GeoDataFrame, demand: pd.DataFrame, scenario: Scenario) -> tuple[Fault, ...]:
    """Rules of siting that no plan can keep, in the words of `choose_sites`.

    The program without its energy: a plan exists exactly where quota, shares, budget, tasks, locks, bays and grid can
    be kept together, because serving nobody is always allowed; floors and a promise are looked at with the distances.
    The search ends after a counted number of nodes; what it leaves open is no fault. Tasks of unknown units are left
    out of it once they are named.
    """
    types, capacity = charger_tables(scenario, demand, fleet_energy(scenario, layers.zones), int(sites["bays"].max()))
    existing = standing_chargers(layers, sites, scenario.existing)
    access = _NO_ACCESS
    if scenario.siting.floors or scenario.siting.promise_share:
        access = measure_access(layers.zones, sites, layers.streets, reach_by_mode(demand, scenario), scenario.access)
    faults: list[Fault] = []

    problem = Problem(demand, sites, access, types, capacity, existing, scenario.siting, walked=scenario.walked)
    x = _attempt(faults, lambda: make_instance(problem))
    if x is None:
        known = {unit: task for unit, task in scenario.siting.tasks.items() if unit in set(sites["task_unit"])}
        x = _attempt([], lambda: make_instance(problem.with_rules(tasks=known)))
    if x is None:
        return tuple(faults)
    if found := conflicts(x):
        return (*faults, *found)
    program = build_program(x.of_counts_alone(), np.zeros(0, int))
    try:
        solve(program.problem, program.variables, mip_max_nodes=_RULE_NODES)
    except NoPlan as error:
        faults += no_plan(x, error) if error.infeasible else []
    return tuple(faults)


_NO_ACCESS = pd.DataFrame(
    {"metres": np.zeros(0)}, index=pd.MultiIndex.from_arrays([[], [], []], names=["zone_id", "site_id", "mode"])
)


def _attempt(faults: list[Fault], stage: Callable[[], _Tried]) -> _Tried | None:
    """What a stage returns, or None with its faults collected."""
    try:
        return stage()
    except BadInput as error:
        faults.extend(error.faults)
        return None


def _near_street_share(layers: Layers) -> float:
    centre = layers.zones.geometry.centroid
    near = layers.streets.sindex.nearest(centre, max_distance=_NEAR_STREET_M, return_all=False)[0]
    residents = layers.zones["residents"].to_numpy(float)
    return float(residents[np.unique(near)].sum() / max(residents.sum(), 1.0))


def _tightness_estimate(demand: pd.DataFrame, zones: pd.DataFrame, driven: pd.Index, scenario: Scenario) -> float:
    types, capacity = charger_tables(scenario, demand, fleet_energy(scenario, zones), _USUAL_STATION)
    last = capacity.groupby(level="charger_type").tail(1).reset_index("count")
    counted = types[types["quota_units"] > 0]
    middle = (counted["min_share"] + counted["max_share"]) / 2
    each = (last["energy_kwh_day"] / last["count"]).reindex(counted.index)
    per_pile = float((each / counted["quota_units"] * middle).sum() / middle.sum())
    reachable = float(demand.loc[demand.index.isin(driven, level="zone_id"), "energy_kwh_day"].sum())
    return scenario.siting.quota * per_pile / reachable if reachable > 0 else float("inf")
