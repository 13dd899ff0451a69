"""The plan on the grid, by hand on toytown (tests/reported_town.py); the layer of feeders from file to constraint."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box

from helpers.plans import with_figures
from helpers.reported_town import BESIDE_TODAYS, NIGHT, NOON, REPORTS, assessed, energies, reported_plan, with_section
from planner.assessment.grid import Grid, standard_transformers
from planner.candidates import find_sites, with_feeder_headroom
from planner.checks.fitness import examine
from planner.checks.inspection import inspect_layers
from planner.demand import fleet_days, fleet_mix
from planner.exports import read_plan, save_plan, summarise
from planner.layers import Layers, read_layers
from planner.plan import Plan, make_plan
from planner.scenario import Scenario, read_scenario
from planner.views.yields import yield_items

SIZES = [315.0, 400.0, 500.0, 630.0, 800.0, 1000.0, 1250.0, 1600.0, 2000.0, 2500.0]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return reported_plan()


def grid_of(plan: Plan, **changed: Any) -> Grid:
    grid = (assessed(plan, **changed) if changed else plan.assessment).grid
    assert grid is not None
    return grid


# ---- load by hour ---------------------------------------------------------------------------------------------------


def test_load_by_hour(plan: Plan) -> None:
    """p2: 1,500 kWh by noon (300 kW at 11 and 12, 75 in twelve hours) and 50 by night (10 kW from 0 to 4)."""
    load = grid_of(plan).site_load
    assert list(load.index) == ["p1", "p2"]
    expected = [10.0] * 5 + [0.0] + [75.0] * 5 + [300.0] * 2 + [75.0] * 7 + [0.0] * 4
    assert load.loc["p2"].tolist() == pytest.approx(expected)
    assert load.loc["p1"].tolist() == pytest.approx(np.array(NOON) * 500 + np.array(NIGHT) * 50)


def test_hours_sum_to_the_energy_served(plan: Plan) -> None:
    grid, stations = grid_of(plan), plan.assessment.sites
    assert grid.site_load.sum(axis=1).tolist() == pytest.approx(stations["served_kwh_day"].tolist(), rel=1e-12)
    assert float(grid.group_load.to_numpy().sum()) == pytest.approx(2100, rel=1e-12)


def test_load_equals_a_plain_sum_over_zones_fleets_and_hours(plan: Plan) -> None:
    """Oracle: every row of the assignment, every fleet of its zone, every hour, one by one."""
    mix = fleet_mix(plan.layers.zones, plan.layers.places, plan.layers.streets, plan.scenario)["share"]
    profile = {("cars", "fast"): NOON, ("cars", "slow"): NIGHT, ("taxis", "fast"): NIGHT}
    expected: dict[str, list[float]] = {site: [0.0] * 24 for site in ("p1", "p2")}
    for (zone, site, service), kwh in plan.assignment["energy_kwh_day"].items():
        for fleet in ("cars", "taxis"):
            share = float(mix.get((zone, service, fleet), 0.0))
            for hour in range(24 if site in expected and share else 0):
                expected[site][hour] += kwh * share * profile[fleet, service][hour]
    load = grid_of(plan).site_load
    for site, hours in expected.items():
        assert load.loc[site].tolist() == pytest.approx(hours, rel=1e-12)


def test_todays_chargers_are_filled_first(plan: Plan) -> None:
    """165 kWh of cars by noon and 135 of taxis by night: 33 kW at 11, 27 at 0."""
    grid = grid_of(plan, **BESIDE_TODAYS)
    load = grid.site_load.loc["p3"]
    assert load.sum() == pytest.approx(300)
    assert (load[11], load[0]) == (pytest.approx(33), pytest.approx(27))
    idle = grid_of(plan, chargers=BESIDE_TODAYS["chargers"], assignment=energies({("z3", "p3", "fast"): 495.0}))
    assert idle.site_load.to_numpy().sum() == 0  # 500 are carried without the plan
    assert np.isnan(idle.sites.loc["p3", "peak_hour"]) and idle.sites.loc["p3", "peak_kw"] == 0
    assert np.isnan(idle.city["peak_hour"])


def test_shares_of_the_day_sum_to_one_even_where_a_profile_is_rounded(plan: Plan) -> None:
    rounded = [*NOON[:-1], 9e-10]  # within what the scenario's check allows
    profiles = {
        **plan.scenario.profiles,
        "noon": plan.scenario.profiles["noon"].model_copy(update={"weekday": rounded}),
    }
    days = fleet_days(plan.scenario.model_copy(update={"profiles": profiles}))
    assert days[list(range(24))].sum(axis=1).tolist() == pytest.approx([1, 1, 1], abs=1e-15)


# ---- sites, groups, city --------------------------------------------------------------------------------------------


def test_sites(plan: Plan) -> None:
    """p1: 100 + 10 kW, half of it coincident; 55 / 0.8 / 0.5 = 137.5 kVA, one of 150. p2: 387.5, three of 150."""
    table = grid_of(plan).sites
    assert table.loc["p1"].to_dict() == {
        "group": "南区", "connected_kw": 110.0, "coincident_kw": 55.0, "headroom_kw": 200.0,
        "headroom_used_share": pytest.approx(55 / 200), "peak_hour": 11.0, "peak_kw": pytest.approx(100),
        "transformer_kva": 150.0, "transformer_count": 1, "transformer_cny": 150_000.0,
        "upgrade_cny": 130_000.0,  # the opening pays 20,000
    }  # fmt: skip
    mall = table.loc["p2"]
    assert (mall["transformer_kva"], mall["transformer_count"]) == (150.0, 3)
    assert (mall["transformer_cny"], mall["upgrade_cny"]) == (450_000.0, 400_000.0)
    assert (mall["connected_kw"], mall["coincident_kw"]) == (310.0, 155.0)


def test_groups_are_districts_where_no_feeder_is_known(plan: Plan) -> None:
    groups = grid_of(plan).groups
    assert list(groups.index) == ["南区", "北区"]  # by code
    assert list(groups["name_zh"]) == ["南区", "北区"]
    assert list(groups["sites"]) == [1, 1]
    assert list(groups["headroom_used_share"]) == pytest.approx([55 / 200, 155 / 200])
    assert list(groups["peak_kw"]) == pytest.approx([100, 300])
    assert set(groups["note_en"]) == {"no feeder layer: by district, without a constraint"}
    assert set(groups["note_zh"]) == {"无馈线图层：按县区汇总，不作约束"}
    assert not groups["headroom_stated"].any()


def test_city(plan: Plan) -> None:
    city = grid_of(plan).city
    assert (city["sites"], city["connected_kw"], city["coincident_kw"], city["headroom_kw"]) == (2, 420, 210, 400)
    assert city["headroom_used_share"] == pytest.approx(210 / 400)
    assert (city["peak_hour"], city["peak_kw"]) == (11, pytest.approx(400))
    assert (city["transformers"], city["total_kva"]) == (4, 600)
    assert (city["transformer_cny"], city["upgrade_cny"]) == (600_000, 530_000)
    assert city["fullest_group"] == "北区"


def test_peaks_at_different_hours_do_not_add_up(plan: Plan) -> None:
    """p1 serves 50 slow by night (10 kW), p2 40 fast by noon (8 kW): together 10 at most, not 18."""
    grid = grid_of(plan, assignment=energies({("z1", "p1", "slow"): 50.0, ("z5", "p2", "fast"): 40.0}))
    assert grid.sites["peak_kw"].tolist() == pytest.approx([10, 8])
    assert grid.sites["peak_hour"].tolist() == [0, 11]
    assert (grid.city["peak_hour"], grid.city["peak_kw"]) == (0, pytest.approx(10))


def test_small_stations_are_connected_without_a_transformer(plan: Plan) -> None:
    table = grid_of(plan, scenario=with_section(plan, "grid", low_voltage_kw=110)).sites
    columns = ["transformer_kva", "transformer_count", "transformer_cny", "upgrade_cny"]
    assert table.loc["p1", columns].tolist() == [0, 0, 0, 0]
    assert table.loc["p2", "transformer_count"] == 3


def test_known_headroom_needs_no_transformer_but_for_what_exceeds_it(plan: Plan) -> None:
    """Hospitals' 40 kW are measured: 55 - 40 = 15 kW, 37.5 kVA, one of 50. The mall's are an assumption still."""
    hospital = plan.scenario.kinds["hospital"]
    known = hospital.grid_kw.model_copy(update={"source_kind": "published", "source": "grid company"})
    kinds = {**plan.scenario.kinds, "hospital": hospital.model_copy(update={"grid_kw": known})}
    scenario = plan.scenario.model_copy(update={"kinds": kinds})
    tight = plan.sites.assign(grid_kw=plan.sites["grid_kw"].where(plan.sites.index != "p1", 40.0))
    count = [grid_of(plan, scenario=scenario, sites=s).sites["transformer_count"].tolist() for s in (plan.sites, tight)]
    assert count == [[0, 3], [1, 3]]
    assert grid_of(plan, scenario=scenario, sites=tight).sites.loc["p1", "transformer_kva"] == 50
    rules = plan.scenario.candidates.model_copy(update={"grid_kw": {"p2": 200.0}})
    stated = plan.scenario.model_copy(update={"candidates": rules})
    assert grid_of(plan, scenario=stated).sites["transformer_count"].tolist() == [1, 0]


def test_where_chargers_stand_no_opening_pays_for_the_transformer(plan: Plan) -> None:
    """200 kW, 100 coincident, 250 kVA: two of 150 for 300,000; the opening of 40,000 is not paid."""
    row = grid_of(plan, **BESIDE_TODAYS).sites.loc["p3"]
    assert (row["transformer_count"], row["transformer_kva"], row["upgrade_cny"]) == (2, 150, 300_000)


@pytest.mark.parametrize(
    ("needed", "size", "count"),
    [
        *((0, 0, 0), (1, 315, 1), (315, 315, 1), (316, 400, 1), (2500, 2500, 1)),
        *((2501, 1600, 2), (5000, 2500, 2), (5001, 2000, 3)),
    ],
)
def test_standard_transformers(needed: float, size: float, count: int) -> None:
    found = standard_transformers(np.array([needed], float), SIZES)
    assert [array.tolist() for array in found] == [[size], [count]]


def test_without_the_section_there_is_no_report(plan: Plan, scenario: Scenario) -> None:
    """Toytown as it is asks for none; its figures are those of before."""
    result = assessed(plan, scenario=scenario)
    assert (result.grid, result.money, len(result.emissions)) == (None, None, 0)
    assert not {"grid", "money", "emissions"} & set(summarise(with_figures(plan, result)))
    assert yield_items(result, scenario) == []


def test_an_empty_plan_draws_nothing(plan: Plan) -> None:
    grid = grid_of(plan, chargers=plan.chargers.iloc[:0], assignment=plan.assignment.iloc[:0])
    assert grid.sites.empty and grid.site_load.empty
    assert (grid.city["peak_kw"], grid.city["transformers"], grid.city["fullest_group"]) == (0, 0, "")
    assert list(grid.groups["sites"]) == [0, 0]


def test_reports_are_saved_and_read(plan: Plan, tmp_path: Path) -> None:
    folder = save_plan(plan, tmp_path / "plan")
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["grid"]["city"]["peak_kw"] == pytest.approx(400)
    assert summary["grid"]["groups"][1]["kw_11"] == pytest.approx(300)
    assert summary["money"]["hours"][11]["tariff_cny_kwh"] == pytest.approx(1.4)
    assert [row["fleet"] for row in summary["emissions"]] == ["cars"]
    by_site = gpd.read_file(folder / "plan.gpkg", layer="grid_sites").set_index("site_id")
    assert by_site.loc["p2", ["transformer_count", "kw_00", "kw_11"]].tolist() == pytest.approx([3, 10, 300])
    again = read_plan(folder).assessment
    assert again.grid is not None and plan.assessment.grid is not None
    pd.testing.assert_frame_equal(again.grid.groups, plan.assessment.grid.groups, check_index_type=False)
    assert summarise(with_figures(plan, again))["money"] == summary["money"]


def test_lines_of_the_command(plan: Plan) -> None:
    groups = yield_items(plan.assessment, plan.scenario)
    grid, money, emissions = ({item.words.en: item.value.en for item in items} for items in groups)
    assert grid["peak of the load by hour (kW)"] == "400, 11:00–12:00"
    assert (grid["transformers"], grid["their capacity (kVA)"]) == ("4", "600")
    assert grid["group with the fullest headroom"].startswith("北区 77.5 %")
    assert money["simple payback"] == "5.7 years"
    assert emissions["CO2 avoided a year (t; low to high)"] == "115 (−70 to 245)"
    assert all(any("\u4e00" <= c <= "\u9fff" for c in item.words.zh) for items in groups for item in items)


# ---- feeders --------------------------------------------------------------------------------------------------------

SOUTH, NORTH = box(600_000, 4_200_000, 601_500, 4_200_500), box(600_000, 4_200_500, 601_500, 4_201_500)


def write_feeders(town: Path, **columns: list[Any]) -> None:
    """A layer over the town: the south holds p1 and p3, the north p2 and p4."""
    rows = {"feeder": ["F1", "F2"], "geometry": [SOUTH, NORTH], **columns}
    gpd.GeoDataFrame(rows, geometry="geometry", crs=32649).to_file(town / "feeders.gpkg", layer="feeders")


def scenario_of(town: Path, more: str = "") -> Scenario:
    file = town / "toytown.toml"
    reports = REPORTS.replace("[siting]\nlife_years = 2\ndiscount_rate = 0\n", "")
    file.write_text(file.read_text(encoding="utf-8") + reports + more, encoding="utf-8")
    return read_scenario(file)


@pytest.fixture
def fed(town: Path) -> Iterator[tuple[Path, Layers, Scenario]]:
    write_feeders(town, headroom_kw=[np.nan, 100.0], name_zh=["南线", "北线"])
    scenario = scenario_of(town)
    yield town, read_layers(scenario.study_area), scenario


def test_sites_hang_on_the_feeder_they_lie_in(fed: tuple[Path, Layers, Scenario]) -> None:
    _, layers, scenario = fed
    assert find_sites(layers, scenario)["feeder"].to_dict() == {"p1": "F1", "p2": "F2", "p3": "F1", "p4": "F2"}
    own = layers.places.assign(feeder=["", "F9", None, None, None])
    assert find_sites(replace(layers, places=own), scenario)["feeder"].to_dict() == {
        "p1": "F1", "p2": "F9", "p3": "F1", "p4": "F2",
    }  # fmt: skip
    half = layers.feeders.iloc[:1]
    assert find_sites(replace(layers, feeders=half), scenario)["feeder"].to_dict() == {
        "p1": "F1", "p2": "", "p3": "F1", "p4": "",
    }  # fmt: skip


def test_a_feeders_headroom_holds_its_sites_together(fed: tuple[Path, Layers, Scenario]) -> None:
    """The north's 100 kW hold two dc of 50 kW, where the plan without them builds three and an ac: 155 kW."""
    _, _, scenario = fed
    plan = make_plan(scenario)
    assert plan.scenario.siting.feeder_kw == {"F2": 100.0}
    grid = plan.assessment.grid
    assert grid is not None
    assert list(grid.groups.index) == ["F1", "F2"]
    north = grid.groups.loc["F2"]
    assert north["coincident_kw"] <= 100
    assert (north["name_zh"], north["headroom_kw"], north["headroom_stated"]) == ("北线", 100, True)
    assert north["headroom_used_share"] == pytest.approx(north["coincident_kw"] / 100)
    at_south = grid.sites.index[grid.sites["group"] == "F1"]
    assert grid.groups.loc["F1", "headroom_kw"] == plan.sites.loc[at_south, "grid_kw"].sum()
    assert set(grid.groups["note_en"]) == {""}


def test_the_scenario_states_a_headroom_before_the_layer(fed: tuple[Path, Layers, Scenario]) -> None:
    _, layers, scenario = fed
    stated = scenario.siting.model_copy(update={"feeder_kw": {"F2": 70.0}})
    scenario = scenario.model_copy(update={"siting": stated})
    assert with_feeder_headroom(scenario, layers.feeders).siting.feeder_kw == {"F2": 70.0}
    without = layers.feeders.drop(columns="headroom_kw")
    assert with_feeder_headroom(scenario, without) is scenario


def test_sites_in_no_feeder_area_are_a_group_of_their_own(fed: tuple[Path, Layers, Scenario], plan: Plan) -> None:
    _, layers, _ = fed
    sites = plan.sites.assign(feeder=["F1", "", "F1", ""])
    groups = grid_of(plan, sites=sites, layers=replace(plan.layers, feeders=layers.feeders)).groups
    assert list(groups.index) == ["F1", "–"]
    assert groups.loc["–", "note_en"] == "sites in no feeder area"
    assert groups.loc["F1", "name_zh"] == "南线"


def test_check_looks_at_feeders(fed: tuple[Path, Layers, Scenario]) -> None:
    _, layers, scenario = fed
    facts = next(f for f in inspect_layers(layers).layers if f.name == "feeders")
    assert (facts.features, facts.inside_share) == (2, pytest.approx(1, abs=1e-6))
    assert examine(layers, scenario).faults == ()
    short = layers.feeders.assign(headroom_kw=[0.0, 0.0])  # six chargers draw something wherever they stand
    assert any("feeder group F" in fault.en for fault in examine(replace(layers, feeders=short), scenario).faults)


def test_a_plan_with_feeders_is_saved_and_read(fed: tuple[Path, Layers, Scenario], tmp_path: Path) -> None:
    plan = make_plan(fed[2])
    again = read_plan(save_plan(plan, tmp_path / "plan"))
    assert again.sites["feeder"].to_dict() == plan.sites["feeder"].to_dict()
    assert again.scenario.siting.feeder_kw == {"F2": 100.0}
    assert list(gpd.read_file(tmp_path / "plan" / "plan.gpkg", layer="feeders")["feeder"]) == ["F1", "F2"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    {
        "without sites": (
            {"geometry": [SOUTH, box(600_000, 4_201_450, 600_100, 4_201_500)]},
            "feeders, row F2: no candidate site hangs on it; correct its outline or remove it",
        ),
        "duplicate ids": (
            {"feeder": ["F1", "F1"]},
            "feeders.gpkg, column feeder: found F1; every id may stand only once",
        ),
        "negative headroom": (
            {"headroom_kw": [100.0, -5.0]},
            "feeders.gpkg, column headroom_kw, row F2: found -5.0; expected at least 0.0",
        ),
    }.values(),
    ids=["without sites", "duplicate ids", "negative headroom"],
)
def test_bad_feeders(
    town: Path, columns: dict[str, list[Any]], expected: str, faults: Callable[..., list[str]]
) -> None:
    write_feeders(town, **columns)
    scenario = scenario_of(town)
    (fault,) = faults(lambda: find_sites(read_layers(scenario.study_area), scenario))
    assert fault == expected


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("transformer_kva = []", "grid.transformer_kva"),
        ("transformer_kva = [0]", "grid.transformer_kva"),
        ("load_share = 1.2", "grid.load_share"),
        ("headrom = 1", "grid.headrom"),
    ],
)
def test_bad_sections(tmp_path: Path, section: str, words: str, faults: Callable[..., list[str]]) -> None:
    (fault,) = faults(lambda: _with_line(tmp_path, section))
    assert words in fault


def _with_line(folder: Path, line: str) -> Scenario:
    key = line.partition(" ")[0]
    lines = [f"{line}" if row.startswith(f"{key} =") else row for row in REPORTS.splitlines()]
    lines = lines if line in lines else [f"{row}\n{line}" if row == "[grid]" else row for row in lines]
    file = folder / "bad.toml"
    file.write_text('extends = "toytown/toytown.toml"\n' + "\n".join(lines), encoding="utf-8")
    return read_scenario(file)
