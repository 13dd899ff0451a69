"""Saved plans side by side: by hand on toytown, sums that agree with both plans, faults, and the command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from typer.testing import CliRunner

from helpers.command import planner
from planner.candidates.edits import read_edits
from planner.cli import app
from planner.exports import save_plan
from planner.plan import Plan, make_plan
from planner.scenario import read_scenario
from planner.studies.compare import SavedPlan, compare_plans, difference_summary, find_differences, read_saved_plans
from planner.views.difference import FILES, difference_line, figures_table, save_difference

VARIANT = """
extends = "toytown/toytown.toml"
name = "five"
[siting]
quota = 5
"""


@pytest.fixture(scope="module")
def folders(toytown: Plan, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Toytown with 6 chargers, and with 5 and its mall locked out."""
    home = tmp_path_factory.mktemp("plans")
    (home / "five.toml").write_text(VARIANT, encoding="utf-8")
    (home / "edits.csv").write_text("site_id,lock\np2,out\n", encoding="utf-8")
    save_plan(toytown, home / "six")
    save_plan(make_plan(read_scenario(home / "five.toml"), edits=read_edits(home / "edits.csv")), home / "five")
    return home / "six", home / "five"


@pytest.fixture(scope="module")
def saved(folders: tuple[Path, Path]) -> tuple[SavedPlan, SavedPlan]:
    a, b = read_saved_plans(folders)
    return a, b


@pytest.fixture
def copies(folders: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """Both folders, to be spoiled."""
    a, b = (shutil.copytree(folder, tmp_path / folder.name) for folder in folders)
    return a, b


def test_toytown_by_hand(saved: tuple[SavedPlan, SavedPlan]) -> None:
    """p1 is locked in; without the mall p2 its four chargers go, and three of the five stand at p4 or p3."""
    table = find_differences(*saved)
    assert table.loc["p2", "change"] == "removed"
    assert table.loc["p2", ["chargers_a", "chargers_b", "chargers_difference"]].tolist() == [4, 0, -4]
    assert table.loc["p2", ["dc_a", "dc_b", "dc_difference"]].tolist() == [3, 0, -3]
    # three dc of 90,000 and an ac of 10,000 after 50,000 for opening p2: README of toytown
    assert table.loc["p2", "capex_cny_difference"] == -table.loc["p2", "capex_cny_a"] == -360_000
    assert table.loc["p4", "change"] == "added"
    assert table["chargers_difference"].sum() == 5 - 6
    assert table.index.is_monotonic_increasing


def test_sums_agree_with_both_plans(saved: tuple[SavedPlan, SavedPlan], folders: tuple[Path, Path]) -> None:
    summaries = [json.loads((folder / "summary.json").read_text(encoding="utf-8")) for folder in folders]
    table, told = find_differences(*saved), difference_summary(*saved)
    for key in ("chargers", "swap_stations", "power_kw", "capex_cny"):
        a, b = (summary[key] for summary in summaries)
        assert told["figures"][key] == {"a": a, "b": b, "difference": b - a, "beyond_reach": []}
        assert table[f"{key}_difference"].sum() == pytest.approx(b - a)
        assert (table[f"{key}_b"] - table[f"{key}_a"]).sum() == pytest.approx(b - a)
    for kind, count in told["charger_types"].items():
        for which, summary in zip("ab", summaries, strict=True):
            rows = {row["charger_type"]: row["chargers"] for row in summary["charger_types"]}
            assert count[which] == rows.get(kind, 0)
        assert table[f"{kind}_difference"].sum() == count["difference"] == count["b"] - count["a"]
    sites = told["sites"]
    assert sites["removed"] + sites["changed"] + sites["same"] == summaries[0]["stations"]
    assert sites["added"] + sites["changed"] + sites["same"] == summaries[1]["stations"]
    assert table["change"].value_counts().to_dict() == {k: n for k, n in sites.items() if n and k != "same"}


def test_figures_are_those_of_the_summaries(saved: tuple[SavedPlan, SavedPlan], folders: tuple[Path, Path]) -> None:
    figures = compare_plans(saved)
    for plan, folder in zip(saved, folders, strict=True):
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        values = figures[plan.folder]
        for name in ("well_distributed", "completely_equipped", "basically_meets"):
            assert values[name] == summary["figures"][name]["plan"]
        assert np.isinf(values["convenient"])  # null in the summary, named beyond reach
        for name in ("value_kwh_day", "bound_kwh_day", "gap_share"):
            assert values[name] == summary["proof"][name]
        assert values["served_kwh_day"] == sum(row["served_kwh_day"] for row in summary["services"])
        for row in summary["services"]:
            assert values[f"served_share_{row['service']}"] == row["served_share"]


def test_the_other_way_round_everything_changes_its_sign(saved: tuple[SavedPlan, SavedPlan]) -> None:
    there, back = find_differences(*saved), find_differences(*saved[::-1])
    assert there.index.equals(back.index)
    signed = [name for name in there if name.endswith("_difference")]
    assert (there[signed] == -back[signed]).all(axis=None)
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    assert back["change"].tolist() == [turned[change] for change in there["change"]]


def test_equal_plans_do_not_differ(folders: tuple[Path, Path], copies: tuple[Path, Path], tmp_path: Path) -> None:
    a, b = read_saved_plans([folders[0], copies[0]])
    assert find_differences(a, b).empty
    assert difference_summary(a, b)["sites"] == {"added": 0, "removed": 0, "changed": 0, "same": 2}
    save_difference(a, b, tmp_path / "none")
    assert len(pd.read_csv(tmp_path / "none" / "difference.csv")) == 0


def test_three_plans_stand_side_by_side(folders: tuple[Path, Path], copies: tuple[Path, Path]) -> None:
    plans = read_saved_plans([*folders, copies[0]])
    figures = compare_plans(plans)
    assert list(figures.columns[3:]) == [str(folder) for folder in (*folders, copies[0])]
    assert len(figures_table(plans).columns) == 4  # no difference of three
    assert len(figures_table(plans[:2]).columns) == 4


@pytest.mark.parametrize("name", ["scenario.toml", "summary.json", "plan.gpkg"])
def test_a_folder_without_a_file_is_no_plan(
    copies: tuple[Path, Path], name: str, faults: Callable[..., list[str]]
) -> None:
    (copies[1] / name).unlink()
    assert faults(read_saved_plans, copies) == [f"{copies[1]}: is no plan folder: {name} is missing"]


@pytest.mark.parametrize("text", ["{", "[]", '{"proof": {}}'])
def test_a_damaged_summary_is_named(copies: tuple[Path, Path], text: str, faults: Callable[..., list[str]]) -> None:
    (copies[0] / "summary.json").write_text(text, encoding="utf-8")
    (told,) = faults(read_saved_plans, copies)
    assert told.startswith(f"{copies[0] / 'summary.json'}: cannot be read as a plan's summary")


def test_a_damaged_geopackage_is_named(copies: tuple[Path, Path], faults: Callable[..., list[str]]) -> None:
    (copies[0] / "plan.gpkg").write_bytes(b"nothing")
    (told,) = faults(read_saved_plans, copies)
    assert told.startswith(f"{copies[0] / 'plan.gpkg'}: cannot be read as a saved plan")


def test_files_of_two_plans_in_one_folder_are_noticed(
    copies: tuple[Path, Path], faults: Callable[..., list[str]]
) -> None:
    shutil.copy(copies[0] / "summary.json", copies[1] / "summary.json")
    (told,) = faults(read_saved_plans, copies)
    assert told.startswith(f"{copies[1] / 'plan.gpkg'}: builds ")
    assert "but summary.json says 2 ac, 4 dc" in told


def test_the_same_folder_twice_and_one_alone_are_refused(
    folders: tuple[Path, Path], faults: Callable[..., list[str]]
) -> None:
    again = folders[0].parent / "." / "five" / ".." / "six"
    (told,) = faults(read_saved_plans, [folders[0], again])
    assert told == f"{folders[0]}: is named twice; a plan is compared with others"
    (told,) = faults(read_saved_plans, folders[:1])
    assert "name two or more" in told


def move(folder: Path, change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> None:
    for name in ("candidates", "sites"):
        layer = change(pyogrio.read_dataframe(folder / "plan.gpkg", layer=name))
        pyogrio.write_dataframe(layer, folder / "plan.gpkg", layer=name, driver="GPKG")


def test_plans_of_different_study_areas_are_refused(
    copies: tuple[Path, Path], faults: Callable[..., list[str]]
) -> None:
    move(copies[1], lambda layer: layer.set_geometry(layer.translate(5_000, 0)))
    (told,) = faults(read_saved_plans, copies)
    assert "different study areas: sites p1, p2, p3, p4 lie at other places" in told
    move(copies[1], lambda layer: layer.to_crs("EPSG:4326"))
    (told,) = faults(read_saved_plans, copies)
    assert "other coordinate systems" in told


def test_the_command_shows_and_writes_the_difference(
    folders: tuple[Path, Path], saved: tuple[SavedPlan, SavedPlan]
) -> None:
    home = folders[0].parent
    done = planner("compare", "six", "five", "-o", "out", "--lang", "en", cwd=home)
    assert done.returncode == 0, done.stderr
    assert "removed 1" in done.stdout
    assert "served of fast" in done.stdout
    out = home / "out"
    assert {file.name for file in out.iterdir()} == set(FILES)
    assert (out / "difference.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    table, layer = pd.read_csv(out / "difference.csv"), gpd.read_file(out / "difference.geojson")
    expected = find_differences(*saved)
    assert layer.crs == "EPSG:4326"
    for written in (table, layer):
        for name in ("site_id", "change", "chargers_a", "chargers_b", "dc_difference"):
            assert written[name].tolist() == expected.reset_index()[name].tolist()
    told = json.loads((out / "difference.json").read_text(encoding="utf-8"))
    assert (told["a"], told["b"]) == ("six", "five")
    assert told["figures"]["convenient"] == {"a": None, "b": None, "difference": None, "beyond_reach": ["a", "b"]}


def test_the_command_refuses_a_difference_of_three() -> None:
    done = CliRunner().invoke(app, ["compare", "six", "five", "x", "-o", "out"])
    assert done.exit_code == 2
    assert "two plans" in done.output


def test_the_line_speaks_both_languages(saved: tuple[SavedPlan, SavedPlan]) -> None:
    told = difference_summary(*saved)["sites"]
    assert f"removed {told['removed']}" in difference_line(*saved).en
    assert f"取消 {told['removed']}" in difference_line(*saved).zh


def test_a_file_in_the_place_of_the_folder_is_refused(
    saved: tuple[SavedPlan, SavedPlan], tmp_path: Path, faults: Callable[..., list[str]]
) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    assert faults(save_difference, *saved, tmp_path / "out") == [f"{tmp_path / 'out'}: is a file; give a folder"]
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"
