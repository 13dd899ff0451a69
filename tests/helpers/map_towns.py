"""Plans to draw: a made-up city of any size, toytown with several years, a feeder layer, hostile names."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree
from shapely import LineString, Point, box

from helpers.plans import drawn_plan, with_figures
from planner.assessment import REASONS, Assessment
from planner.capacity.tables import charger_tables
from planner.layers import Layers
from planner.plan import Plan
from planner.scenario import read_scenario
from planner.siting import Answer, Answers, Problem, Proof

HOSTILE = "</script><img src=x onerror=\"window.harmed='yes'\"><b>'&\u2028{{ 7*7 }}"
CRS = "EPSG:32649"
SERVICE_SHARES = {"slow": 0.1, "fast": 0.6, "heavy": 0.27, "swap": 0.03}


def made_up_city(side: int = 79, sites: int = 1350, built: int = 900, years: int = 1) -> Plan:
    """A plan of Taiyuan's size without solving anything: side x side zones of 500 m, random but seeded.

    With several years what is built is shared out to them evenly.
    """
    dice = np.random.default_rng(7)
    scenario = read_scenario()
    column, row = (a.ravel() for a in np.meshgrid(np.arange(side), np.arange(side)))
    west, south = 600_000 + 500.0 * column, 4_160_000 + 500.0 * row
    names = [f"第{n}区" for n in range(10)]
    extent = 500.0 * side
    strips = [
        box(600_000 + n * extent / 10, 4_160_000, 600_000 + (n + 1) * extent / 10, 4_160_000 + extent)
        for n in range(10)
    ]
    of_column = [names[int((c + 0.5) / side * 10)] for c in column]
    zones = gpd.GeoDataFrame(
        {
            "district": of_column,
            "township": [f"街道{c // 8:02d}{r // 8:02d}" for c, r in zip(column, row, strict=True)],
            "ring": "urban",
            "norm_m": 900.0,
            "residents": np.round(dice.lognormal(5, 1.5, side * side)),
        },
        geometry=box(west, south, west + 500, south + 500),
        crs=CRS,
        index=pd.Index([f"z{c:04d}_{r:05d}" for c, r in zip(column, row, strict=True)], name="zone_id"),
    )
    districts = gpd.GeoDataFrame(
        {"code": [f"{n:06d}" for n in range(10)], "name_en": [f"District {n}" for n in range(10)], "residents": 1000.0},
        geometry=strips,
        crs=CRS,
        index=pd.Index(names, name="district"),
    )
    ends = dice.uniform(0, extent, (764, 2)) + np.array([600_000.0, 4_160_000.0])
    streets = gpd.GeoDataFrame(
        {
            "road_class": dice.choice(["trunk", "primary", "secondary"], 764),
            "metres": 800.0,
            "speed_kmh": 50.0,
            "oneway": False,
            "u": np.arange(764) * 2,
            "v": np.arange(764) * 2 + 1,
        },
        geometry=[LineString([end, end + dice.normal(0, 800, 2)]) for end in ends],
        crs=CRS,
    )
    at = dice.uniform(0, extent, (sites, 2))
    ids = pd.Index([f"s{n:05d}" for n in range(sites)], name="site_id")
    table = gpd.GeoDataFrame(
        {
            "name_zh": [f"某某街道第{n}号停车场" for n in range(sites)],
            "name_en": [f"Car park number {n}" if n % 3 else None for n in range(sites)],
            "kind": dice.choice(["mall", "hospital", "arterial", "school"], sites),
            "district": [names[int(x / extent * 10)] for x in at[:, 0]],
            "bays": 20.0,
            "institution": dice.choice(["equipped", "reserved", "none"], sites, p=[0.1, 0.1, 0.8]),
            "modelled": dice.random(sites) < 0.4,
            "bays_assumed": True,
            "lock": "free",
        },
        geometry=[Point(600_000 + x, 4_160_000 + y) for x, y in at],
        crs=CRS,
        index=ids,
    )
    table["task_unit"] = table["district"]
    counts = dice.integers(1, 12, (built, 3))
    stations = pd.DataFrame(counts, columns=["new_slow", "new_fast", "new_heavy"], index=ids[:built]).assign(
        existing_total=0,
        new_swap=0,
        new_total=counts.sum(axis=1),
        power_kw=60.0 * counts.sum(axis=1),
        capex_cny=1e6,
        served_kwh_day=1234.0,
        utilisation=0.5,
        metres_mean=640.0,
        lost_kwh_day=dice.integers(1, 1234, built),
        zones_affected=dice.integers(1, 40, built),
        extra_metres_mean=np.where(np.arange(built) % 3, 812.0, np.nan),
        extra_metres_most=np.where(np.arange(built) % 3, 2345.0, np.nan),
        rank=np.arange(built) + 1,
        next_best_site=[*ids[1:built], ""],
        headroom=False,
        reason_zh="服务 12 个网格、1,234 kWh/日",
        reason_en="serves 12 zones, 1,234 kWh/day",
    )
    public = zones["residents"] * 0.6
    served = public * dice.choice([0.5, 0.9, 1.0], len(zones))
    figures = pd.DataFrame(
        {
            "word_zh": ["分布合理", "配置完善", "服务便捷", "基本满足"],
            "word_en": ["well distributed", "completely equipped", "convenient", "basically meets demand"],
            "today": [np.nan, np.nan, np.nan, 0.18],
            "plan": [0.953, 1.0, 1240.0, 0.874],
            "unit": ["share", "share", "m", "share"],
            "note_zh": "",
            "note_en": "",
        },
        index=["well_distributed", "completely_equipped", "convenient", "basically_meets"],
    )
    tasks = pd.DataFrame(
        {"task": 500, "chargers": 1000, "stations": 90, "power_kw": 4e4, "capex_cny": 8e7}, index=names
    )
    by_district = tasks.drop(columns="task").assign(
        residents=1000,
        public_kwh_day=1e5,
        within_norm_share_today=np.nan,
        within_norm_share=0.95,
        served_share_today=0.1,
        served_share=0.9,
    )
    zone_figures = pd.DataFrame(
        {
            "public_kwh_day": public,
            "served_kwh_day": served,
            "unserved_kwh_day": public - served,
            "within_norm_today": False,
            "within_norm": dice.random(len(zones)) < 0.9,
            "reason": np.where(served < public, dice.choice(REASONS, len(zones)), ""),
        }
    )
    nothing = pd.DataFrame({"count": []}, index=pd.MultiIndex.from_arrays([[], []], names=["site_id", "charger_type"]))
    no_points = gpd.GeoDataFrame(geometry=[], crs=CRS)
    kinds = [*scenario.kinds] * 40
    places = gpd.GeoDataFrame(
        {"kind": kinds, "bays": 20.0},
        geometry=gpd.points_from_xy(
            *(dice.uniform(0, extent, (len(kinds), 2)) + np.array([600_000.0, 4_160_000.0])).T, crs=CRS
        ),
        index=pd.Index([f"p{n:04d}" for n in range(len(kinds))], name="place_id"),
    )
    demand = pd.concat(
        {s: pd.DataFrame({"public_kwh_day": public * share}) for s, share in SERVICE_SHARES.items()}, names=["service"]
    ).reorder_levels(["zone_id", "service"])
    assignment = nearest_two(zones, table.iloc[:built], served)
    last = scenario.year
    phases = {last - years + 1 + n: n for n in range(years)}
    types = charger_tables(scenario, no_demand_of(), pd.DataFrame(), 1)[0]
    proof = Proof(99_110.0, 100_000.0, "made up", False, True, 1.0, 1e5, 9000)
    added = {year: shared_out(counts, ids[:built], n, years) for year, n in phases.items()}
    by_year = pd.DataFrame(
        {
            "chargers": [int(each["count"].sum()) for each in added.values()],
            "stations": [built, *[0] * (years - 1)],
            "swap_stations": 0,
            "power_kw": [60.0 * each["count"].sum() for each in added.values()],
            "capex_cny": built * 1e6 / years,
            "within_norm_share": 0.9,
            "served_share": [0.874 * (n + 1) / years for n in range(years)],
        },
        index=pd.Index([*phases], name="year"),
    )
    zone_years = {
        year: pd.DataFrame({"public_kwh_day": public, "served_kwh_day": served * (n + 1) / years})
        for year, n in phases.items()
    }
    breakdown = pd.DataFrame(
        {"chargers": 100, "swap_stations": 0, "stations": 9, "power_kw": 4e3, "capex_cny": 8e6},
        index=pd.MultiIndex.from_product([names, [*phases], ["mall"]], names=["task_unit", "year", "kind"]),
    )
    stands, by_year_answers = nothing, {}
    for year, each in sorted(added.items()):
        stands = each if stands.empty else stands.add(each, fill_value=0).astype(int)
        by_year_answers[year] = Answer(stands, assignment, proof)
    problem = Problem(demand, table, pd.DataFrame(), types, pd.DataFrame(), nothing, scenario.siting)
    layers = Layers(districts, streets, zones, places, no_points, no_points, no_points)
    plan = Plan(scenario, layers, dict.fromkeys(added, problem), Answers(by_year_answers, proof))
    figures_of = Assessment(
        figures=figures,
        companions=pd.DataFrame(),
        services=pd.DataFrame(),
        districts=by_district,
        tasks=tasks,
        zones=zone_figures,
        sites=stations,
        types=pd.DataFrame(),
        breakdown=breakdown,
        townships=pd.DataFrame(),
        years=by_year,
        zone_years=pd.concat(zone_years, names=["year"]),
        grid=None,
        money=None,
        emissions=pd.DataFrame(),
    )
    return drawn_plan(plan, figures_of)


def no_demand_of() -> pd.DataFrame:
    """Demand of nobody."""
    nowhere = pd.MultiIndex.from_arrays([[], []], names=["zone_id", "service"])
    return pd.DataFrame({"public_kwh_day": [], "peak_kw": []}, index=nowhere, dtype=float)


def nearest_two(zones: gpd.GeoDataFrame, stations: gpd.GeoDataFrame, served: pd.Series) -> pd.DataFrame:
    """Every zone's energy halved between its two nearest stations."""
    there = np.column_stack([stations.geometry.x, stations.geometry.y])
    centre = zones.geometry.centroid
    _, near = cKDTree(there).query(np.column_stack([centre.x, centre.y]), k=2)
    parts = [
        pd.DataFrame(
            {"energy_kwh_day": served.to_numpy() / 2},
            index=pd.MultiIndex.from_arrays(
                [zones.index, stations.index[near[:, n]], ["fast"] * len(zones)],
                names=["zone_id", "site_id", "service"],
            ),
        )
        for n in (0, 1)
    ]
    return pd.concat(parts)


def shared_out(counts: np.ndarray, ids: pd.Index, part: int, parts: int) -> pd.DataFrame:
    """Chargers of one of several years: those whose number leaves `part` when divided by `parts`."""
    mine = (counts + part) // parts  # the parts of a number add up to it
    index = pd.MultiIndex.from_product([ids, ["ac7", "dc60", "truck240"]], names=["site_id", "charger_type"])
    return pd.DataFrame({"count": mine.reshape(-1)}, index=index)


def with_development_zone(plan: Plan) -> Plan:
    """Toytown with a square in its middle that answers for a task of its own."""
    middle = plan.layers.zones.union_all().centroid.buffer(300)
    unit = gpd.GeoDataFrame(geometry=[middle], crs=CRS, index=pd.Index(["开发区甲"], name="task_unit"))
    row = plan.assessment.tasks.iloc[[0]].set_axis(["开发区甲"]).assign(task=3, chargers=4)
    tasks = pd.concat([plan.assessment.tasks, row])
    layers = replace(plan.layers, task_units=unit)
    return with_figures(plan, replace(plan.assessment, tasks=tasks), layers=layers)


def with_hostile_names(plan: Plan) -> Plan:
    """Every name that comes from outside replaced by markup that would run if it were believed."""
    rename = {name: f"{name}{HOSTILE}" for name in plan.layers.districts.index}
    layers = replace(
        plan.layers,
        districts=plan.layers.districts.rename(index=rename).assign(name_en=HOSTILE),
        zones=plan.layers.zones.assign(district=plan.layers.zones["district"].map(rename), township=HOSTILE),
    )
    area = plan.scenario.study_area.model_copy(update={"attribution": HOSTILE})
    titles = {"title_zh": f"题{HOSTILE}", "title_en": f"title{HOSTILE}", "study_area": area}
    figures = plan.assessment
    return with_figures(
        plan,
        scenario=plan.scenario.model_copy(update=titles),
        layers=layers,
        sites=plan.sites.assign(
            name_zh=f"站{HOSTILE}", name_en=HOSTILE, district=plan.sites["district"].map(rename), task_unit=HOSTILE
        ),
        assessment=replace(
            figures,
            districts=figures.districts.rename(index=rename),
            tasks=figures.tasks.rename(index=rename),
            sites=figures.sites.assign(reason_zh=HOSTILE, reason_en=HOSTILE),
        ),
    )
