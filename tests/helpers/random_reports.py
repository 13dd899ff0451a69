"""Toytown at random: a plan of two years with standing, swap and truck chargers, all reports, raw tables only.

Nothing is solved: chargers and drivers are drawn, within bays, reach and capacity, so that every figure has something
to count. Swap stations are no piles, a dc counts as two; feeders, fuels and prices are those of the scenario below.
"""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from helpers.reported_town import REPORTS, counts, energies
from planner.access import measure_access, reach_by_mode
from planner.assessment import Assessment, Year, assign_today, years_of
from planner.candidates import find_sites
from planner.capacity.tables import charger_tables
from planner.demand import estimate_demand, fleet_energy
from planner.layers import Layers, read_layers
from planner.plan import Plan
from planner.scenario import Scenario, read_scenario
from planner.siting import Answer, Answers, Problem, Proof

TOWN = (
    REPORTS.replace('fleets = ["cars"]', 'fleets = ["cars"]\nvoc_g_km = [0.05, 0.1, 0.2]').replace(
        "[siting]", "[siting]\nbudget_cny = 4000000"
    )
    + """
[emissions.fuels.diesel]
name_zh = "柴油"
name_en = "diesel"
fleets = ["trucks"]
co2_g_km = [800, 900, 1000]
nox_g_km = [1, 2, 4]
reasoning = "Made up."
[fleets.taxis]
services = { fast = 0.75, swap = 0.25 }
[fleets.taxis.follows]
swap = { hubs = 1 }
[fleets.trucks]
name_zh = "卡车"
name_en = "trucks"
kwh_measured_at = "battery"
services = { heavy = 1 }
reasoning = "Made up."
vehicles = 6
active_share = 0.5
km_day = 100
kwh_per_100km = 100
efficiency = 0.8
public_share = 1
weekend_factor = 0.3
[fleets.trucks.follows]
heavy = { residents = 1 }
[services.heavy]
name_zh = "重卡"
name_en = "heavy"
mode = "drive"
reach_factor = 1.2
reasoning = "Made up."
[services.swap]
name_zh = "换电"
name_en = "swap"
mode = "drive"
reach_factor = 1
reasoning = "Made up."
[charger_types.dc]
quota_units = 2
[charger_types.hd]
name_zh = "重卡桩"
name_en = "truck charger"
service = "heavy"
plugs = 2
kw_rated = 240
kw_delivered = 100
bays_used = 1
coincidence = 0.75
price_cny = 160000
opex_cny_year = 7000
quota_units = 1
energy_kwh_day = 300
reasoning = "Made up."
[charger_types.sw]
name_zh = "换电站"
name_en = "swap station"
service = "swap"
battery_swap = true
plugs = 1
kw_rated = 300
kw_delivered = 300
bays_used = 2
coincidence = 0.6
price_cny = 900000
quota_units = 0
energy_kwh_day = 400
reasoning = "Made up."
[kinds.mall]
institution = "reserved"
[kinds.arterial]
bays = 5
[candidates]
gap_spacing_m = { urban = 450 }
[existing]
services = ["slow", "fast", "heavy"]
"""
)
GENEROUS = 2
"""The seed of a town whose stations carry so much that nine tenths of the demand are served."""
PROOF = Proof(1.0, 2.0, "drawn", False, True, 1.0, 1.0, 1)


@dataclass(frozen=True)
class Drawn:
    """What `assess` takes, and what it answers."""

    layers: Layers
    demand: pd.DataFrame
    sites: gpd.GeoDataFrame
    access: pd.DataFrame
    charger_types: pd.DataFrame
    capacity: pd.DataFrame
    existing: pd.DataFrame
    chargers: pd.DataFrame
    assignment: pd.DataFrame
    scenario: Scenario
    years: dict[int, Year]
    today: pd.DataFrame
    plan: Plan

    @property
    def assessment(self) -> Assessment:
        return self.plan.assessment


@cache
def drawn(seed: int) -> Drawn:
    """A plan by its seed; with feeders where that is odd."""
    rng = np.random.default_rng(seed)
    with TemporaryDirectory() as home:
        file = Path(home) / "town.toml"
        file.write_text(f'extends = "toytown/toytown.toml"\n{TOWN}', encoding="utf-8")
        scenario = read_scenario(file)
    layers = _three_districts(read_layers(scenario.study_area), rng)
    demand = estimate_demand(layers.zones, layers.places, layers.streets, scenario)
    sites = find_sites(layers, scenario)
    sites = sites.assign(lock=["out" if j == sites.index[-1] else lock for j, lock in sites["lock"].items()])
    if seed % 2:
        sites = sites.assign(feeder=rng.choice(["F1", "F2", ""], len(sites)))
        sites.loc[sites.index[:2], "feeder"] = ["F1", "F2"]
        shapes = gpd.GeoDataFrame(
            {"name_zh": ["一线", None]}, geometry=list(layers.districts.geometry[:2]), crs=layers.districts.crs
        ).set_index(pd.Index(["F1", "F2"], name="feeder"))
        layers = replace(layers, feeders=shapes)
        siting = scenario.siting.model_copy(update={"feeder_kw": {"F1": 900.0}})
        scenario = scenario.model_copy(update={"siting": siting})
    access = measure_access(layers.zones, sites, layers.streets, reach_by_mode(demand, scenario), scenario.access)
    types, _ = charger_tables(scenario, demand, fleet_energy(scenario, layers.zones), 9)
    capacity = _pooled(types) * (8 if seed == GENEROUS else 1)
    existing = counts({("p1", "ac"): 1, ("p3", "dc"): 1})
    chargers = _chargers(sites, types, existing, rng)
    problem = Problem(demand, sites, access, types, capacity, existing, scenario.siting, walked=scenario.walked)
    today = assign_today(problem)
    first = chargers[rng.random(len(chargers)) < 0.5]
    year, early = scenario.year, _less(demand)
    assignment = _drivers(problem, chargers, scenario, rng)
    before = replace(problem, demand=early)
    problems = {year - 2: before, year: problem}
    by_year = {
        year - 2: Answer(first, _drivers(before, first, scenario, rng), PROOF),
        year: Answer(chargers, assignment, PROOF),
    }
    answers = Answers(by_year, PROOF)
    given: Any = layers, demand, sites, access, types, capacity, existing, chargers, assignment, scenario
    return Drawn(*given, years_of(problems, answers), today, Plan(scenario, layers, problems, answers))


def _less(demand: pd.DataFrame) -> pd.DataFrame:
    """Demand of an earlier year: six tenths of every energy."""
    energy = ["public_kwh_day", "standing_kwh_day", "energy_kwh_day", "peak_kw"]
    return demand.assign(**{name: demand[name] * 0.6 for name in energy})


def _three_districts(layers: Layers, rng: np.random.Generator) -> Layers:
    """Toytown with its uppermost row a district of its own, and other residents."""
    zones, districts = layers.zones.copy(), layers.districts
    zones["residents"] = rng.integers(0, 900, len(zones))
    zones["norm_m"] = rng.choice([300.0, 600.0, 1000.0], len(zones))
    zones.loc[["z7", "z8", "z9"], "district"] = "西区"
    zones.loc["z9", "township"] = None
    north = districts.loc[["北区"]].rename(index={"北区": "西区"})
    strip = zones.loc[["z7", "z8", "z9"]].union_all()
    north = north.assign(code="9", geometry=[strip])
    rest = districts.geometry.where(districts.index != "北区", districts.geometry.difference(strip))
    both = pd.concat([districts.set_geometry(rest), north]).rename_axis("district")
    return replace(layers, zones=zones, districts=gpd.GeoDataFrame(both, crs=districts.crs))


def _pooled(types: pd.DataFrame) -> pd.DataFrame:
    """A capacity table where every further charger makes all of them carry a tenth more."""
    rows = {(k, n): kwh * n * (1 + 0.1 * (n - 1)) for k, kwh in types["energy_kwh_day"].items() for n in range(1, 10)}
    index = pd.MultiIndex.from_tuples(list(rows), names=["charger_type", "count"])
    return pd.DataFrame({"energy_kwh_day": list(rows.values())}, index=index)


def _chargers(
    sites: pd.DataFrame, types: pd.DataFrame, existing: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    rows = {}
    for j, site in sites.iterrows():
        bays = site["bays"] - sum(existing["count"].get((j, k), 0) * types.loc[k, "bays_used"] for k in types.index)
        for k in rng.permutation(types.index):
            count = int(min(rng.integers(0, 3), bays // types.loc[k, "bays_used"]))
            if count and site["lock"] != "out":
                rows[str(j), str(k)] = count
                bays -= count * types.loc[k, "bays_used"]
    return counts(dict(sorted(rows.items())))


def _drivers(problem: Problem, chargers: pd.DataFrame, scenario: Scenario, rng: np.random.Generator) -> pd.DataFrame:
    """Everybody's energy at random stations within reach that have room, some of it nowhere."""
    demand, access, capacity, existing = problem.demand, problem.access, problem.capacity, problem.existing
    service_of = {k: kind.service for k, kind in scenario.charger_types.items()}
    room: dict[tuple[str, str], float] = {}
    for (j, k), n in existing["count"].add(chargers["count"], fill_value=0).items():
        key = str(j), service_of[str(k)]
        room[key] = room.get(key, 0.0) + float(capacity.loc[(k, int(n)), "energy_kwh_day"])
    generous = 1 if capacity["energy_kwh_day"].max() < 10_000 else 10
    rows = {}
    for (zone, service), row in demand.iterrows():
        mode, left = scenario.services[service].mode, float(row["energy_kwh_day"])
        for j in rng.permutation(sorted({j for j, s in room if s == service})):
            metres = access["metres"].get((zone, j, mode), np.inf)
            energy = min(left * rng.uniform(0.3, 1.1) * generous, left, room[j, service])
            if metres <= row["reach_m"] and energy > 1:
                rows[str(zone), str(j), str(service)] = energy
                left, room[j, service] = left - energy, room[j, service] - energy
    return energies(dict(sorted(rows.items())))
