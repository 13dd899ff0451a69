"""Edits of single sites on toytown: read, refused, laid into the scenario, and planned again from a plan folder."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from helpers.places import CHECKOUT
from planner.candidates import find_sites
from planner.candidates.edits import apply_edits, read_edits
from planner.exports import read_answers, read_plan, save_plan
from planner.faults import BadInput
from planner.files.whole import write_geojson
from planner.layers import Layers
from planner.plan import Plan, make_plan
from planner.scenario import Scenario, read_scenario, write_scenario
from planner.siting import Answers


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        file = tmp_path / "edits.csv"
        file.write_text(text, encoding="utf-8-sig")
        return file

    return write


@pytest.fixture(scope="module")
def plan(scenario: Scenario) -> Plan:
    return make_plan(scenario)


@pytest.fixture(scope="module")
def folder(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_plan(plan, tmp_path_factory.mktemp("plans") / "toytown")


def test_a_table_is_read(table: Callable[[str], Path]) -> None:
    edits = read_edits(table("site_id,lock,bays,grid_kw,note\n p2 ,OUT,,,no\np3,,7,,\np4,,,80.5,\n")).sites
    assert edits.index.tolist() == ["p2", "p3", "p4"]
    assert edits["lock"].tolist() == ["out", "", ""]
    assert edits["bays"].dropna().to_dict() == {"p3": 7.0}
    assert edits["grid_kw"].dropna().to_dict() == {"p4": 80.5}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("site_id,lock\np1,yes\n", ["row 1 (p1), column lock", "in, out or free expected, found 'yes'"]),
        (
            "site_id,bays\np1,1.5\n",
            ["row 1 (p1), column bays", "a whole number from 0 to 100,000 expected, found '1.5'"],
        ),
        ("site_id,bays\np1,-1\n", ["a whole number from 0 to 100,000 expected, found '-1'"]),
        ("site_id,grid_kw\np1,inf\n", ["column grid_kw", "a number from 0 to 10,000,000 expected, found 'inf'"]),
        ("site_id,lock\n,in\n", ["row 1 (no site_id)", "site_id is missing"]),
        ("site_id,lock\np1,in\np1,out\n", ["site_id p1", "edited twice, not in the same way"]),
        ("site_id,lok\np1,in\n", ["columns", "at least one of lock, bays, grid_kw expected", "column lok", "unknown"]),
        ("lock\nin\n", ["site_id and at least one of"]),
        ("site_id,bays\np1,1e300\n", ["a whole number from 0 to 100,000 expected, found '1e300'"]),
        ("site_id,grid_kw\np1,1e300\n", ["a number from 0 to 10,000,000 expected, found '1e300'"]),
        ("site_id,bays\np1,nan\n", ["expected, found 'nan'"]),
        ("site_id,lock\np1,out,5,6\np2\n", ["row 1", "4 cells under 2 headers"]),
        ("site_id,lock,lock\np1,in,out\n", ["column lock", "stands twice; keep one"]),
        ('site_id,lock\n"p1,out\n', ["cannot be read as a table of edits"]),
        ("", ["at least one of lock, bays, grid_kw expected, found none"]),
    ],
)
def test_a_bad_table_is_refused(
    text: str, words: list[str], table: Callable[[str], Path], faults: Callable[..., list[str]]
) -> None:
    file = table(text)
    told = "\n".join(faults(read_edits, file))
    assert str(file) in told
    for word in words:
        assert word in told


def test_all_faults_of_a_table_are_told_at_once(table: Callable[[str], Path], faults: Callable[..., list[str]]) -> None:
    assert len(faults(read_edits, table("site_id,lock,bays\np1,yes,x\n,in,\np2,in,\np2,out,\n"))) == 4


def test_a_missing_file_and_one_that_is_no_layer(tmp_path: Path, faults: Callable[..., list[str]]) -> None:
    assert "no such file" in faults(read_edits, tmp_path / "none.csv")[0]
    broken = tmp_path / "broken.geojson"
    broken.write_text("{", encoding="utf-8")
    assert "cannot be read" in faults(read_edits, broken)[0]


def test_a_table_from_excel_in_china_is_read(tmp_path: Path) -> None:
    """GB18030, with a name in Chinese; rows may lack cells at their end."""
    file = tmp_path / "编辑.csv"
    file.write_bytes("site_id,lock,name_zh\np2,out,中心商场\np3,in\n".encode("gb18030"))
    assert read_edits(file).sites["lock"].to_dict() == {"p2": "out", "p3": "in"}


def test_files_that_are_neither_csv_nor_geojson(folder: Path, tmp_path: Path, faults: Callable[..., list[str]]) -> None:
    (tmp_path / "edits").write_text("site_id,lock\n", encoding="utf-8")
    for file, found in ((folder / "plan.gpkg", ".gpkg"), (tmp_path, "a name without"), (tmp_path / "edits", "a name")):
        (fault,) = faults(read_edits, file)
        assert f"a CSV table (.csv) or GeoJSON (.geojson) expected, found {found}" in fault
    (fault,) = faults(read_edits, folder / "summary.json")
    assert fault.endswith("summary.json: cannot be read as GeoJSON")


def test_edits_become_part_of_the_scenario(
    scenario: Scenario, sites: gpd.GeoDataFrame, layers: Layers, table: Callable[[str], Path], tmp_path: Path
) -> None:
    """p1 is a required hospital, locked in; p2 has 4 bays and 200 kW, see data/toytown/README.md."""
    edits = read_edits(table("site_id,lock,bays,grid_kw\np1,free,,\np2,in,9,\np3,out,,\np4,free,,12\n"))
    edited, changed = apply_edits(scenario, sites, edits)
    assert (edited.siting.lock_in, edited.siting.lock_out, edited.siting.lock_free) == (["p2"], ["p3"], ["p1"])
    assert (edited.candidates.bays, edited.candidates.grid_kw) == ({"p2": 9}, {"p4": 12.0})
    assert changed["lock"].to_dict() == {"p1": "free", "p2": "in", "p3": "out", "p4": "free"}
    assert changed.loc["p2", "bays"] == 9
    assert not changed.loc["p2", "bays_assumed"]
    pd.testing.assert_frame_equal(find_sites(layers, edited), changed)
    write_scenario(edited, tmp_path / "edited.toml")
    assert read_scenario(tmp_path / "edited.toml") == edited
    assert sites.loc["p2", "lock"] == "free"  # what was given is as it was


def test_an_edit_can_be_taken_back(scenario: Scenario, sites: gpd.GeoDataFrame, table: Callable[[str], Path]) -> None:
    out, changed = apply_edits(scenario, sites, read_edits(table("site_id,lock\np2,out\n")))
    back, as_before = apply_edits(out, changed, read_edits(table("site_id,lock\np2,free\n")))
    assert (back.siting.lock_out, back.siting.lock_free) == ([], ["p2"])
    assert as_before["lock"].equals(sites["lock"])


def test_an_untouched_copy_of_the_candidates_edits_nothing(
    scenario: Scenario, sites: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    file = tmp_path / "candidates.geojson"
    write_geojson(sites, file)
    edited, changed = apply_edits(scenario, sites, read_edits(file))
    assert edited == scenario
    pd.testing.assert_frame_equal(changed, sites)


def test_an_unknown_site_is_named_with_the_file(
    scenario: Scenario, sites: gpd.GeoDataFrame, table: Callable[[str], Path], faults: Callable[..., list[str]]
) -> None:
    file = table("site_id,lock\np9,in\n")
    told = faults(apply_edits, scenario, sites, read_edits(file))
    assert told == [f"{file}, site_id p9: no candidate site of this id; see candidates.geojson for ids"]


@pytest.mark.parametrize("key", ["siting.lock_free = ['p9']", "candidates.bays.p9 = 3", "candidates.grid_kw.p9 = 3"])
def test_a_scenario_that_edits_an_unknown_site_is_refused(
    key: str, variant: Callable[[str], Scenario], layers: Layers, faults: Callable[..., list[str]]
) -> None:
    told = faults(find_sites, layers, variant(key))
    assert told[0].startswith(f"scenario, key {key.partition(' ')[0].removesuffix('.p9')}: no site p9")


def test_locks_that_contradict_in_a_scenario(
    variant: Callable[[str], Scenario], faults: Callable[..., list[str]]
) -> None:
    told = faults(variant, "siting.lock_in = ['p2']\nsiting.lock_free = ['p2']")
    assert "p2 stand in lock_in and in lock_free; keep one" in told[0]


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "planner.cli", *map(str, arguments), "--lang", "en"]
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, "PYTHONPATH": path}, capture_output=True, encoding="utf-8", check=False
    )


def test_a_plan_folder_is_planned_again_with_edits_beside_it(
    folder: Path, plan: Plan, table: Callable[[str], Path]
) -> None:
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    done = run("plan", folder, "--edits", table("site_id,lock\np2,out\n"), cwd=folder.parent)
    assert done.returncode == 0, done.stderr
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    edited = read_plan(folder.with_name("toytown-edited"))
    assert edited.scenario.siting.lock_out == ["p2"]
    assert "p2" in plan.chargers.index.get_level_values("site_id")
    assert "p2" not in edited.chargers.index.get_level_values("site_id")
    assert edited.proof.value_kwh_day < plan.proof.value_kwh_day


def test_edits_that_change_nothing_give_the_same_files(
    folder: Path, table: Callable[[str], Path], tmp_path: Path
) -> None:
    done = run("plan", folder, "--edits", table("site_id,lock\np2,free\n"), "-o", tmp_path / "same", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("sites.geojson", "candidates.geojson", "plan.gpkg", "scenario.toml", "summary.json"):
        assert (tmp_path / "same" / name).read_bytes() == (folder / name).read_bytes(), name


def test_a_bad_edit_writes_nothing(folder: Path, table: Callable[[str], Path], tmp_path: Path) -> None:
    done = run("plan", folder, "--edits", table("site_id,lock\np9,in\n"), "-o", tmp_path / "none", cwd=tmp_path)
    assert done.returncode == 1
    assert "site_id p9" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "none").exists()


def test_a_folder_to_go_on_from_must_be_a_plan(tmp_path: Path) -> None:
    done = run("plan", "toytown/toytown.toml", "--from", tmp_path, "-o", tmp_path / "new", cwd=tmp_path)
    assert done.returncode == 1
    assert "is no plan folder: scenario.toml is missing" in done.stderr


def test_a_plan_of_another_city_is_no_plan_to_go_on_from(folder: Path) -> None:
    before = read_answers(folder)
    renamed = before.last.chargers.rename(index=lambda site: f"x{site}", level="site_id")
    elsewhere = Answers.of(2025, replace(before.last, chargers=renamed))
    with pytest.raises(BadInput, match=r"none of its sites \(xp1, xp2\) is a candidate here"):
        make_plan(read_scenario("toytown/toytown.toml"), start=elsewhere)


def test_a_damaged_summary_is_named(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    summary = json.loads((copy / "summary.json").read_text(encoding="utf-8"))
    del summary["proof"]["problem"]
    (copy / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    done = run("plan", copy, "--from", copy, "-o", tmp_path / "new", cwd=tmp_path)
    assert done.returncode == 1
    assert "summary.json" in done.stderr
    assert "Traceback" not in done.stderr
