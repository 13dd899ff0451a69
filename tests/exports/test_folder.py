"""A plan folder: what the files hold, that they read back, and that nothing half-written is left."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from helpers.plans import two_years, with_figures, with_tables
from planner.exports import (
    CANDIDATE_FIELDS,
    SITE_FIELDS,
    chosen_sites,
    read_answers,
    read_plan,
    save_plan,
)
from planner.exports import (
    folder as folder_module,
)
from planner.faults import BadInput
from planner.files.whole import write_geojson
from planner.layers import read_layers
from planner.plan import Plan, make_plan
from planner.scenario import Scenario, read_scenario
from planner.siting import check_plan

FILES = {
    *("map.html", "sites.geojson", "candidates.geojson", "plan.gpkg", "plan.xlsx"),
    *("scenario.toml", "summary.json", "run.json"),
}


@pytest.fixture(scope="module")
def plan(toytown: Plan) -> Plan:
    return toytown


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
    write_geojson(clockwise[["geometry"]], tmp_path / "areas.geojson")
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
        "phase": 1, "year": 2025, "modelled": False, "headroom": False,
    }  # fmt: skip
    assert {key: mall[key] for key in expected} == expected
    assert mall["reason"].startswith("服务 ")


def test_unknown_numbers_are_null(plan: Plan, tmp_path: Path) -> None:
    """A station that serves nobody has no mean distance."""
    sites = plan.assessment.sites.assign(metres_mean=[float("nan"), 1.0])
    idle = with_figures(plan, replace(plan.assessment, sites=sites))
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
    asked = ["demand", "access", "capacity"]
    tables = ["prices", "proofs", "tasks", "breakdown", "years", "townships"]
    assert list(layers) == [*spatial, "chargers", "added", "assignment", *asked, *tables, "layer_styles"]
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
    assert list(summary)[:3] == [
        "plan_id",
        "scenario",
        "figures",
    ]  # the document's four words come first, with what they mean
    assert all(row["definition_zh"] and row["definition_en"] for row in summary["figures"].values())
    assert "pooling" not in summary  # nothing queues
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


def same_plan(again: Plan, plan: Plan) -> None:
    """Tables, proof and figures to the last bit; how texts are held in memory and the order of columns may differ."""
    for name in ("demand", "sites", "access", "charger_types", "capacity", "existing", "chargers", "assignment"):
        compare(getattr(again, name), getattr(plan, name))
    assert again.scenario == plan.scenario
    assert again.proof == plan.proof
    pd.testing.assert_series_equal(again.answers.prices, plan.answers.prices, check_index_type=False)
    compare(again.baselines, plan.baselines)
    assert list(again.years) == list(plan.years)
    for year, each in plan.years.items():
        assert again.years[year].proof == each.proof
        for table in ("demand", "added", "assignment"):
            compare(getattr(again.years[year], table), getattr(each, table))
    for name, table in vars(plan.assessment).items():
        if isinstance(table, pd.DataFrame):
            compare(getattr(again.assessment, name), table)


def compare(again: pd.DataFrame, table: pd.DataFrame) -> None:
    plain = [pd.DataFrame(t.drop(columns="geometry", errors="ignore")) for t in (again, table)]
    texts = {c: object for c in plain[1].columns if not pd.api.types.is_numeric_dtype(plain[1][c])}
    found, expected = (t.astype(texts).where(t.notna(), None) for t in plain)
    pd.testing.assert_frame_equal(found, expected, check_exact=True, check_like=True, check_index_type=False)
    if "geometry" in table:
        assert again.geometry.geom_equals(table.geometry).all()


def test_plan_reads_back_exactly(plan: Plan, folder: Path) -> None:
    again = read_plan(folder)
    same_plan(again, plan)
    check_plan(again.problem, again.answer)


def test_plan_of_two_years_reads_back_exactly(plan: Plan, tmp_path: Path) -> None:
    before = two_years(plan)
    again = read_plan(save_plan(before, tmp_path / "two"))
    same_plan(again, before)
    assert again.years[2023].proof.needed_chargers == 1
    assert again.years[2023].demand["energy_kwh_day"].sum() == plan.demand["energy_kwh_day"].sum() / 2


@pytest.mark.parametrize("change", [lambda plan: plan, two_years], ids=["one year", "two years"])
def test_restored_plan_is_saved_to_the_same_bytes(plan: Plan, tmp_path: Path, change: Callable[[Plan], Plan]) -> None:
    first = save_plan(change(plan), tmp_path / "first")
    second = save_plan(read_plan(first), tmp_path / "second")
    differ = {file.name for file in first.iterdir() if file.read_bytes() != (second / file.name).read_bytes()}
    assert differ <= {"run.json"}


def test_phase_and_year_are_those_of_a_sites_first_chargers(plan: Plan, tmp_path: Path) -> None:
    # the town's last site gets nothing in 2023, the others their first type
    sites = chosen_sites(two_years(plan))
    assert sites["year"].to_dict() == {"p1": 2023, "p2": 2025}
    assert sites["phase"].to_dict() == {"p1": 1, "p2": 2}
    assert chosen_sites(plan)["phase"].to_list() == [1, 1]
    assert chosen_sites(plan)["year"].to_list() == [2025, 2025]


def test_answers_read_are_what_siting_answered(plan: Plan, folder: Path) -> None:
    answers = read_answers(folder)
    compare(answers.last.chargers, plan.chargers)
    compare(answers.last.assignment, plan.assignment)
    assert answers.last.proof == answers.proof == plan.proof


def test_plan_without_any_charger_is_saved_and_read(plan: Plan, tmp_path: Path) -> None:
    nobody, nothing = plan.assignment.iloc[:0], plan.chargers.iloc[:0]
    empty = with_tables(plan, existing=plan.existing.iloc[:0], chargers=nothing, assignment=nobody)
    again = read_plan(save_plan(empty, tmp_path / "nothing"))
    assert again.chargers.empty
    assert again.assignment.empty
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

    monkeypatch.setattr(folder_module, "write_json", fail)
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


def test_every_missing_file_is_named(folder: Path, tmp_path: Path, faults: Callable[..., list[str]]) -> None:
    folder = shutil.copytree(folder, tmp_path / "plan")
    for name in ("plan.gpkg", "summary.json"):
        (folder / name).unlink()
    told = faults(read_plan, folder)
    assert told == [f"{folder}: is no plan folder: {name} is missing" for name in ("summary.json", "plan.gpkg")]


@pytest.mark.parametrize(
    ("statement", "tables"),
    [
        ("UPDATE chargers SET new_count = 9 WHERE site_id = 'p2' AND charger_type = 'dc'", "chargers"),
        ("UPDATE assignment SET energy_kwh_day = energy_kwh_day * (1 + 1e-15) WHERE fid = 1", "assignment"),
        ("UPDATE sites SET power_kw = 311 WHERE site_id = 'p2'", "sites"),
        ("UPDATE candidates SET name_zh = '另一商场' WHERE site_id = 'p2'", "candidates"),
        ("DELETE FROM tasks WHERE task_unit = '南区'", "tasks"),
        ("UPDATE proofs SET bound_kwh_day = 2400; UPDATE years SET chargers = 7", "proofs, years"),
    ],
)
def test_tables_that_summary_does_not_speak_of_are_named(
    folder: Path, tmp_path: Path, faults: Callable[..., list[str]], statement: str, tables: str
) -> None:
    folder = shutil.copytree(folder, tmp_path / "plan")
    with closing(sqlite3.connect(folder / "plan.gpkg")) as base, base:
        names = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:  # of the spatial index, which call functions of GDAL
            base.execute(f'DROP TRIGGER "{name}"')
        base.executescript(statement)
    told = faults(read_plan, folder)
    assert [text.partition(": ")[0] for text in told] == [str(folder / "plan.gpkg")]
    assert f"the tables {tables} are not those that summary.json speaks of" in told[0]
    assert faults(read_answers, folder) == told


def test_another_plans_geopackage_is_refused(plan: Plan, tmp_path: Path) -> None:
    one, two = save_plan(plan, tmp_path / "one"), save_plan(two_years(plan), tmp_path / "two")
    shutil.copy(one / "plan.gpkg", two / "plan.gpkg")
    with pytest.raises(BadInput, match=r"the tables zone_years are missing") as caught:
        read_plan(two)
    assert "of another plan" in str(caught.value)


def test_styles_may_be_changed_in_the_geopackage(plan: Plan, folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(folder, tmp_path / "plan")
    with closing(sqlite3.connect(folder / "plan.gpkg")) as base, base:
        base.execute("UPDATE layer_styles SET styleQML = 'mine'")
    same_plan(read_plan(folder), plan)


def test_edited_summary_and_scenario_are_named(
    plan: Plan, folder: Path, tmp_path: Path, faults: Callable[..., list[str]]
) -> None:
    folder = shutil.copytree(folder, tmp_path / "plan")
    scenario = (folder / "scenario.toml").read_text(encoding="utf-8")
    (folder / "scenario.toml").write_text(scenario.replace("quota = 6", "quota = 5"), encoding="utf-8")
    (told,) = faults(read_plan, folder)
    assert told.startswith(f"{folder / 'scenario.toml'}: has been edited since the plan was saved")
    assert len(read_answers(folder).last.chargers) == len(plan.chargers)  # to go on from under another scenario
    (folder / "scenario.toml").write_text(scenario, encoding="utf-8")
    summary = content(folder / "summary.json")
    (folder / "summary.json").write_text(json.dumps(summary | {"chargers": 7}), encoding="utf-8")
    (told,) = faults(read_plan, folder)
    assert told.startswith(f"{folder / 'summary.json'}: has been edited since the plan was saved")
    del summary["digests"]
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    (told,) = faults(read_plan, folder)
    assert "has no digests: saved by an older version; plan again" in told


def test_edits_of_geojson_and_excel_do_not_matter(plan: Plan, folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(folder, tmp_path / "plan")
    for name in ("sites.geojson", "candidates.geojson", "plan.xlsx"):
        (folder / name).write_text("mine", encoding="utf-8")
    same_plan(read_plan(folder), plan)


@pytest.mark.slow
def test_changed_layers_are_named(town: Path, tmp_path: Path, faults: Callable[..., list[str]]) -> None:
    made = make_plan(read_scenario(town / "toytown.toml"))
    folder = save_plan(made, tmp_path / "plan")
    same_plan(read_plan(folder), made)
    text = (town / "zones.csv").read_text(encoding="utf-8")
    (town / "zones.csv").write_text(text.replace("urban,1000,400", "urban,1000,500", 1), encoding="utf-8")
    assert read_layers(made.scenario.study_area).zones["residents"].iloc[0] == 500
    (told,) = faults(read_plan, folder)
    assert told.startswith(f"study area {town}, layer zones: has changed since the plan {folder} was saved")


LIMITED = """
import resource, signal, sys
from planner import BadInput, read_plan, save_plan
plan = read_plan(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    save_plan(plan, sys.argv[2], "new")
except BadInput as error:
    print(len(error.faults), error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("most_bytes", [5_000, 150_000])
def test_disk_that_takes_no_more_leaves_the_old_folder(folder: Path, tmp_path: Path, most_bytes: int) -> None:
    """Files may not grow beyond a limit: writes fail in Python, GDAL and SQLite alike, as on a full disk."""
    target = shutil.copytree(folder, tmp_path / "plan")
    before = {file.name: file.read_bytes() for file in target.iterdir()}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(folder), str(target), str(most_bytes)],
        capture_output=True, encoding="utf-8", check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.startswith(f"1 - {target}: cannot be written: ")
    assert done.stderr == ""
    assert {file.name: file.read_bytes() for file in target.iterdir()} == before
    assert [file.name for file in tmp_path.iterdir()] == ["plan"]
