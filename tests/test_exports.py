"""A plan folder: what the files hold, that they read back, and that nothing half-written is left."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from planner import exports
from planner._faults import BadInput
from planner.exports import CANDIDATE_FIELDS, SITE_FIELDS, read_plan, save_plan
from planner.plan import Plan, make_plan
from planner.scenario import Scenario, read_scenario
from planner.siting import check_plan

FILES = {"map.html", "sites.geojson", "candidates.geojson", "plan.gpkg", "scenario.toml", "summary.json", "run.json"}


@pytest.fixture(scope="module")
def plan(scenario: Scenario) -> Plan:
    return make_plan(scenario)


@pytest.fixture(scope="module")
def folder(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_plan(plan, tmp_path_factory.mktemp("plans") / "toytown", "<p>地图</p>", {"layers": 0.25})


def content(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def test_folder_holds_the_files_of_a_plan(folder: Path) -> None:
    assert {file.name for file in folder.iterdir()} == FILES
    assert (folder / "map.html").read_text(encoding="utf-8") == "<p>地图</p>"


def test_second_run_is_identical_byte_by_byte_but_for_run_json(
    scenario: Scenario, folder: Path, tmp_path: Path
) -> None:
    again = save_plan(make_plan(scenario), tmp_path / "again", "<p>地图</p>", {"layers": 9.0})
    differ = {name for name in FILES if (folder / name).read_bytes() != (again / name).read_bytes()}
    assert differ <= {"run.json"}


@pytest.mark.parametrize(("name", "fields"), [("sites", SITE_FIELDS), ("candidates", CANDIDATE_FIELDS)])
def test_geojson_follows_rfc_7946(folder: Path, name: str, fields: tuple[str, ...]) -> None:
    text = (folder / f"{name}.geojson").read_text(encoding="utf-8")
    collection = json.loads(text)
    ids = [feature["properties"]["site_id"] for feature in collection["features"]]
    assert collection["type"] == "FeatureCollection"
    assert "crs" not in collection
    assert "NaN" not in text
    assert "\\u" not in text
    assert ids == sorted(ids)
    for feature in collection["features"]:
        longitude, latitude = feature["geometry"]["coordinates"]
        assert list(feature["properties"]) == list(fields)
        assert 112.13 < longitude < 112.16
        assert 37.94 < latitude < 37.96
        assert round(longitude, 6) == longitude


def test_polygons_wind_to_the_right(plan: Plan, tmp_path: Path) -> None:
    clockwise = plan.layers.districts.assign(
        geometry=shapely.orient_polygons(plan.layers.districts.geometry.to_numpy(), exterior_cw=True)
    )
    exports.write_geojson(clockwise[["geometry"]], tmp_path / "areas.geojson")
    shapes = gpd.read_file(tmp_path / "areas.geojson").geometry
    assert all(shape.exterior.is_ccw for shape in shapes)


def test_site_fields_are_those_of_the_design(folder: Path) -> None:
    mall = next(
        f["properties"] for f in content(folder / "sites.geojson")["features"] if f["properties"]["site_id"] == "p2"
    )
    expected = {
        "site_id": "p2", "name_zh": "中心商场", "kind": "mall", "district": "北区", "task_unit": "北区", "rank": 1,
        "existing_total": 0, "new_slow": 1, "new_fast": 3, "new_heavy": 0, "new_swap": 0, "new_total": 4,
        "power_kw": 310.0, "capex_cny": 360000.0, "served_kwh_day": 1550.0, "utilisation": 1.0, "metres_mean": 266.1,
        "lost_kwh_day": 1550.0, "extra_metres_mean": None, "extra_metres_most": None, "next_best_site": "p4",
        "phase": 1, "modelled": False, "headroom": False,
    }  # fmt: skip
    assert {key: mall[key] for key in expected} == expected
    assert mall["reason"].startswith("服务 ")


def test_unknown_numbers_are_null(plan: Plan, tmp_path: Path) -> None:
    """A station that serves nobody has no mean distance."""
    sites = plan.assessment.sites.assign(metres_mean=[float("nan"), 1.0])
    idle = replace(plan, assessment=replace(plan.assessment, sites=sites))
    folder = save_plan(idle, tmp_path / "idle")
    assert content(folder / "sites.geojson")["features"][0]["properties"]["metres_mean"] is None
    assert not (folder / "map.html").exists()


def test_candidates_tell_chosen_and_assumed(folder: Path) -> None:
    rows = pd.DataFrame([f["properties"] for f in content(folder / "candidates.geojson")["features"]]).set_index(
        "site_id"
    )
    assert list(rows["chosen"]) == [True, True, False, False]
    assert list(rows["bays_assumed"]) == [True, False, False, True]


def test_geopackage_layers_and_crs(folder: Path) -> None:
    layers = dict(pyogrio.list_layers(folder / "plan.gpkg"))
    spatial = ["zones", "districts", "streets", "sites", "candidates"]
    assert list(layers) == [*spatial, "chargers", "assignment", "prices", "breakdown", "townships"]
    assert [name for name, kind in layers.items() if kind is not None] == spatial
    for name in ("zones", "districts", "streets", "sites", "candidates"):
        info = pyogrio.read_info(folder / "plan.gpkg", layer=name)
        assert info["crs"] == "EPSG:32649"
        assert info["geometry_name"] == "geom"
    assert pyogrio.read_info(folder / "plan.gpkg", layer="zones")["features"] == 9


def test_geopackage_names_its_source(folder: Path) -> None:
    info = pyogrio.read_info(folder / "plan.gpkg", layer="zones")
    assert "Toytown, made up" in (info["dataset_metadata"] or {}).get("attribution", "")
    assert "审图号" in info["layer_metadata"]["DESCRIPTION"]


def test_summary(folder: Path) -> None:
    summary = content(folder / "summary.json")
    numbers = {"value_kwh_day", "bound_kwh_day", "gap_share"}
    assert set(summary["proof"]) == numbers | {"method", "optimal", "reproducible", "problem"}
    assert summary["proof"]["value_kwh_day"] == pytest.approx(2388, abs=0.01)
    assert summary["chargers"] == 6 == sum(task["chargers"] for task in summary["tasks"])
    assert summary["figures"]["basically_meets"]["plan"] == pytest.approx(3040 / 4400, abs=1e-6)
    assert summary["figures"]["convenient"]["plan"] is None
    assert summary["figures"]["convenient"]["beyond_reach"] == ["today", "plan"]
    assert summary["companions"]["fast_slow_ratio"]["today"] is None
    assert summary["companions"]["fast_slow_ratio"]["beyond_reach"] == []
    assert [row["district"] for row in summary["districts"]] == ["南区", "北区"]
    assert [row["township"] for row in summary["townships"]] == ["中街道", "北街道", "南街道"]
    assert [row["met"] for row in summary["tasks"]] == [True, True]
    assert summary["tightness"] == pytest.approx(2100 / 3960, abs=1e-6)
    assert summary["attribution"] == "Toytown, made up"


def test_run_keeps_what_may_differ(folder: Path) -> None:
    run = content(folder / "run.json")
    assert run["seconds"] == {"layers": 0.25}
    assert {"python", "pulp", "highspy", "geopandas"} <= set(run["versions"])


def test_saved_scenario_reads_back(scenario: Scenario, folder: Path) -> None:
    assert read_scenario(folder / "scenario.toml") == scenario


def test_plan_reads_back(plan: Plan, folder: Path) -> None:
    again = read_plan(folder)
    pd.testing.assert_frame_equal(again.chargers, plan.chargers, check_dtype=False, check_index_type=False)
    pd.testing.assert_frame_equal(again.assignment, plan.assignment, check_index_type=False)
    pd.testing.assert_frame_equal(again.existing, plan.existing, check_dtype=False, check_index_type=False)
    assert again.proof.value_kwh_day == pytest.approx(plan.proof.value_kwh_day, rel=1e-6)
    figures = {name: table for name, table in vars(plan.assessment).items() if isinstance(table, pd.DataFrame)}
    for name, table in figures.items():
        pd.testing.assert_frame_equal(getattr(again.assessment, name), table, check_index_type=False)
    tables = (again.demand, again.sites, again.access, again.charger_types, again.capacity, again.existing)
    check_plan(again.chargers, again.assignment, again.proof, *tables, again.scenario.siting)


def test_plan_without_any_charger_is_saved_and_read(plan: Plan, tmp_path: Path) -> None:
    nothing = replace(
        plan,
        existing=plan.existing.iloc[:0],
        chargers=plan.chargers.iloc[:0],
        assignment=plan.assignment.iloc[:0],
        assessment=replace(plan.assessment, sites=plan.assessment.sites.iloc[:0]),
    )
    again = read_plan(save_plan(nothing, tmp_path / "nothing"))
    assert again.chargers.empty
    assert again.assessment.figures.loc["basically_meets", "plan"] == pytest.approx(0.1)  # the unlocated 440 of 4,400


def test_plan_folder_is_replaced_and_foreign_files_in_it_stay(plan: Plan, tmp_path: Path) -> None:
    folder = save_plan(plan, tmp_path / "plan", "old")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    (folder / "report.html").write_text("of the old plan", encoding="utf-8")
    save_plan(plan, folder, "new")
    assert (folder / "map.html").read_text(encoding="utf-8") == "new"
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert not (folder / "report.html").exists()
    assert [file.name for file in tmp_path.iterdir()] == ["plan"]


def test_failure_leaves_the_old_folder_and_nothing_else(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_plan(plan, tmp_path / "plan", "old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(exports, "write_json", fail)
    with pytest.raises(BadInput, match="cannot be written: disk full"):
        save_plan(plan, folder, "new")
    with pytest.raises(BadInput, match="disk full"):
        save_plan(plan, tmp_path / "other", "new")
    assert (folder / "map.html").read_text(encoding="utf-8") == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["plan"]


def test_foreign_folders_and_files_are_not_overwritten(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(BadInput, match="holds files but no plan"):
        save_plan(plan, tmp_path / "home")
    with pytest.raises(BadInput, match="is a file"):
        save_plan(plan, tmp_path / "home" / "thesis.txt")
    assert [file.name for file in (tmp_path / "home").iterdir()] == ["thesis.txt"]


def test_an_empty_folder_is_taken(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert (save_plan(plan, tmp_path / "empty") / "summary.json").is_file()


@pytest.mark.parametrize("name", ["plan.gpkg", "summary.json", "scenario.toml"])
def test_damaged_plan_folders_are_named(plan: Plan, tmp_path: Path, name: str) -> None:
    folder = save_plan(plan, tmp_path / "plan")
    (folder / name).write_text("{", encoding="utf-8")
    with pytest.raises(BadInput, match=name):
        read_plan(folder)
    (folder / name).unlink()
    with pytest.raises(BadInput, match=f"is no plan folder: {name} is missing"):
        read_plan(folder)
