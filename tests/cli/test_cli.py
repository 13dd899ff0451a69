"""The `planner` command through its public entry, in a process of its own."""

import json
import re
import subprocess
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from helpers.command import planner, started, width_of
from planner.plan import Plan
from planner.scenario import Scenario

TOYTOWN = "toytown/toytown.toml"


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Toytown planned with the default folder, in English."""
    home = tmp_path_factory.mktemp("home")
    return home, started("plan", TOYTOWN, "--lang", "en", cwd=home)


def test_plan_writes_to_maps_of_the_working_directory(planned: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    home, done = planned
    assert done.returncode == 0, done.stderr
    assert json.loads((home / "maps" / "toytown" / "summary.json").read_text(encoding="utf-8"))["chargers"] == 6
    assert (home / "maps" / "toytown" / "map.html").stat().st_size > 10_000
    assert [f.name for f in (home / "maps").iterdir()] == ["toytown"]


def test_results_go_to_stdout_and_progress_to_stderr(planned: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    home, done = planned
    for words in (
        "well distributed",
        "70.0 %",
        "69.1 %",
        "> reach",
        "proven optimal",
        "district tasks",
        "11 have no location",
        "well distributed: share of residents with a charger for cars within the norm radius of their ring",
    ):
        assert words in done.stdout
    assert re.search(r"South\s*│\s*2 │\s*2 │", done.stdout)
    assert str(home / "maps" / "toytown") in done.stdout.replace("\n", "")
    assert "candidates" in done.stderr
    assert "gap 0.00 %" in done.stderr
    assert "│" not in done.stderr


def test_run_json_has_the_seconds_of_every_stage(planned: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    run = json.loads((planned[0] / "maps" / "toytown" / "run.json").read_text(encoding="utf-8"))
    assert {"layers", "demand", "candidates", "access", "assessment", "map"} <= set(run["seconds"])


def test_second_run_is_identical_but_for_run_json(planned: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    home, _ = planned
    assert planner("plan", TOYTOWN, "-o", "again", "--lang", "en", cwd=home).returncode == 0
    first, again = home / "maps" / "toytown", home / "again"
    differ = {f.name for f in first.iterdir() if f.read_bytes() != (again / f.name).read_bytes()}
    assert differ <= {"run.json"}


def test_map_is_drawn_again_from_the_folder(planned: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    home, _ = planned
    page = home / "maps" / "toytown" / "map.html"
    before = page.read_text(encoding="utf-8")
    page.unlink()
    assert planner("map", "maps/toytown", "--lang", "en", cwd=home).returncode == 0
    assert page.read_text(encoding="utf-8") == before
    assert not list(page.parent.glob(".*"))


@pytest.mark.slow
def test_chinese_by_locale(tmp_path: Path) -> None:
    done = planner("plan", TOYTOWN, cwd=tmp_path, LANG="zh_CN.UTF-8")
    for words in ("分布合理", "基本满足", "任务分解表", "已证最优", "审图号"):
        assert words in done.stdout
    assert "读取图层" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("effort", [("--gap", "0.25"), ("--time", "3")])
def test_an_effort_for_one_run_is_no_part_of_the_scenario(effort: tuple[str, str], tmp_path: Path) -> None:
    """The scenario alone may then not give this plan again, and the plan says so."""
    done = planner("plan", TOYTOWN, "-o", "p", *effort, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "p" / "summary.json").read_text(encoding="utf-8"))
    assert summary["chargers"] == 6
    assert summary["proof"]["reproducible"] is False
    assert "gap_share = 0.25" not in (tmp_path / "p" / "scenario.toml").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        *(["plan", "--gap", gap] for gap in ("3", "0", "nan")),
        *(["plan", "--time", seconds] for seconds in ("0", "nan")),
        ["plan", "--lang", "fr"],
        ["nonsense"],
        ["map"],
        ["plan", "a", "b"],
    ],
)
def test_usage_errors_exit_2(arguments: list[str], tmp_path: Path) -> None:
    done = planner(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_missing_scenario_is_one_report_without_traceback(tmp_path: Path) -> None:
    done = planner("plan", "nosuch.toml", cwd=tmp_path)
    assert done.returncode == 1
    assert "1 fault" in done.stderr
    assert "nosuch.toml: no such scenario file" in done.stderr
    assert "找不到情景文件" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_faults_leave_no_folder(town: Path, tmp_path: Path) -> None:
    (town / "streets.geojson").unlink()
    done = planner("plan", town / "toytown.toml", "-o", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert "no streets layer" in done.stderr
    assert [f.name for f in tmp_path.iterdir()] == ["town"]


def test_foreign_folder_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine", encoding="utf-8")
    done = planner("plan", TOYTOWN, "-o", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert "holds files but no plan" in done.stderr
    assert "layers" not in done.stderr
    assert [f.name for f in (tmp_path / "out").iterdir()] == ["thesis.txt"]


def test_name_that_leads_elsewhere_is_refused(town: Path, tmp_path: Path) -> None:
    file = town / "toytown.toml"
    file.write_text(
        file.read_text(encoding="utf-8").replace('name = "toytown"', 'name = "../../x"', 1), encoding="utf-8"
    )
    done = planner("plan", file, cwd=tmp_path)
    assert done.returncode == 1
    assert "is no folder name" in done.stderr


def with_island(town: Path) -> Path:
    """Two streets of their own under p3: from z3 to a new end and on, cut off by new node numbers."""
    file = town / "streets.geojson"
    layer = json.loads(file.read_text(encoding="utf-8"))
    for number, feature in enumerate(layer["features"]):
        if 3 in (feature["properties"]["u"], feature["properties"]["v"]):
            ends = feature["properties"]
            ends["u"], ends["v"] = (ends["u"] + 100, ends["v"] + 100) if number else (ends["u"], ends["v"])
    file.write_text(json.dumps(layer, ensure_ascii=False), encoding="utf-8")
    return town / "toytown.toml"


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["plan", "check"])
def test_islands_are_named_with_their_streets_and_sites(town: Path, tmp_path: Path, verb: str) -> None:
    done = planner(verb, with_island(town), cwd=tmp_path)
    assert done.returncode == 1
    assert re.search(r"streets, rows s\d\d, s\d\d: 2 streets form an island not connected with the rest", done.stderr)
    assert "p3" in done.stderr
    assert "connect them or remove them" in done.stderr


def test_dead_end_one_way_is_no_island(scenario: Scenario, toytown: Plan) -> None:
    """A clipped layer has them at its edge; toytown's s09 made a stub out of the town."""
    from planner.access import islands
    from planner.layers import read_layers

    layers = read_layers(scenario.study_area)
    stub = layers.streets.assign(v=layers.streets["v"].where(layers.streets.index != "s09", 99))
    assert islands(stub, toytown.sites, scenario) == []


def rows_of(text: str) -> dict[str, str]:
    """The rows of the first table by their first cell, each as one text: cells by a bar, lines of a cell by a blank."""
    rows: dict[str, list[list[str]]] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("└"):
            break
        if line.startswith("├"):
            name = ""
        if line.startswith("│"):
            first, *cells = (cell.strip() for cell in line.strip("│").split("│"))
            name = name or first
            rows.setdefault(name, []).append(cells)
    return {
        name: " | ".join(" ".join(filter(None, cell)) for cell in zip(*lines, strict=True))
        for name, lines in rows.items()
    }


@pytest.mark.slow
def test_check_shows_every_layer(tmp_path: Path) -> None:
    done = planner("check", TOYTOWN, "--lang", "en", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = rows_of(done.stdout)
    assert list(rows) == ["districts", "streets", "zones", "places", "chargers", "task_units", "feeders"]
    clean = "no duplicates, geometries valid"
    assert rows["districts"] == (
        f"2 | 1.5 x 1.5 | EPSG:4326 | 100.0 % (the boundary) | residents 4,000 {clean}, no overlaps"
    )
    assert rows["streets"] == (
        f"12 | 1.0 x 1.0 | EPSG:4326 | 100.0 % of km | 6.0 km in 1 connected part {clean}, none outside"
    )
    assert rows["zones"].startswith(
        "9 | 1.5 x 1.5 | EPSG:32649 (scenario) | 100.0 % of districts 100.0 % of residents |"
    )
    assert rows["places"].startswith("5 | 1.0 x 1.1 | EPSG:4326 | 100.0 % of points | bank 1, hospital 1")
    assert "datum: cannot tell (0 names matched with " in rows["places"]
    assert rows["task_units"] == rows["feeders"] == "0 | – | – | – | "
    assert done.stdout.endswith("no faults\n")
    assert max(map(len, done.stdout.splitlines())) <= 120
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (r"residents within 1 km of a street", r"100\.0 %"),
        (r"strongly connected parts of the streets", "1"),
        (r"streets outside the largest part", r"0\.0 km, 0\.0 %"),
        (r"residents out of reach of any site", r"0\.0 %"),
        (r"tightness, estimated at the middle of the type shares", r"0\.37"),
        (r"public demand \(kWh/day\)", "4,400"),
    ],
)
def test_check_shows_fitness(checked: str, row: str, found: str) -> None:
    assert re.search(rf"{row}\s*│\s*{found} │", checked)


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> str:
    return planner("check", TOYTOWN, "--lang", "en", cwd=tmp_path_factory.mktemp("check")).stdout


@pytest.mark.slow
def test_check_in_chinese_fits_a_terminal(tmp_path: Path) -> None:
    done = planner("check", "taiyuan/base", cwd=tmp_path, LANG="zh_CN.UTF-8")
    assert done.returncode == 0, done.stderr
    rows = rows_of(done.stdout)
    for layer, words in (("districts", "100.0 %（边界）"), ("zones", "区县居民 100.0 %"), ("places", "个重复：")):
        assert words in rows[layer]
    for words in ("工作坐标系 EPSG:32649", "道路强连通部分", "未发现问题；请查看"):
        assert words in done.stdout
    lines = done.stdout.splitlines()
    assert max(map(width_of, lines)) <= 120
    table = lines[1 : next(n for n, line in enumerate(lines) if line.startswith("└"))]
    assert {width_of(line) for line in table} == {120}
    assert [line.split("│")[1].strip() for line in table if line.startswith("│ 区县")] == ["区县"]


@pytest.mark.slow
def test_check_reads_crs_and_repairs_of_the_files(town: Path, tmp_path: Path) -> None:
    """Streets in UTM metres with heights: the file's CRS is shown, the heights are said, and counted at the end."""
    streets = gpd.read_file(town / "streets.geojson").to_crs(32649)
    (town / "streets.geojson").unlink()
    streets.set_geometry(shapely.force_3d(streets.geometry.to_numpy(), 800.0)).to_file(town / "streets.gpkg")
    done = planner("check", town / "toytown.toml", "--lang", "en", cwd=tmp_path)
    row = rows_of(done.stdout)["streets"]
    assert row.startswith("12 | 1.0 x 1.0 | EPSG:32649 | 100.0 % of km | 6.0 km")
    assert "! heights of 12 left out: s01, s02, s03, s04, s05 … (+7)" in row
    assert done.stdout.endswith("no faults; look at the 1 line marked !\n")
    plan = planner("plan", town / "toytown.toml", "-o", "out", "--lang", "en", cwd=tmp_path)
    assert "streets: heights of 12 left out: s01, s02, s03, s04, s05 … (+7)" in plan.stderr


@pytest.mark.slow
def test_check_names_the_file_of_a_scenario_that_plan_refuses(town: Path, tmp_path: Path) -> None:
    """A task of an unknown unit, and zones that overlap: the table is shown, then both in one report."""
    file = town / "toytown.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('"南区" = 2', '"西区" = 2'), encoding="utf-8")
    zones = (town / "zones.csv").read_text(encoding="utf-8").replace("z2,600500", "z2,600400")
    (town / "zones.csv").write_text(zones, encoding="utf-8")
    done = planner("check", file, "--lang", "en", cwd=tmp_path)
    assert done.returncode == 1
    assert "planner: 2 faults" in done.stderr
    assert "zones.csv: 1 pair of zones overlaps, 50,000 m² in all: z1 & z2 (50,000 m²)" in done.stderr
    assert f"{file}, key siting.tasks: no candidate site in 西区; units: 北区, 南区" in done.stderr
    assert "no faults" not in done.stdout
    assert "! 1 pair overlaps, 50,000 m²: z1 & z2" in rows_of(done.stdout)["zones"]
    assert "candidate sites" in done.stdout


def test_check_names_the_file_of_a_bad_crs(town: Path, tmp_path: Path) -> None:
    file = town / "toytown.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('"EPSG:32649"', '"EPSG:4326"'), encoding="utf-8")
    done = planner("check", file, cwd=tmp_path)
    assert done.returncode == 1
    assert f"{file}, key study_area.crs: EPSG:4326 is not projected in metres" in done.stderr


def test_map_of_no_plan_folder(tmp_path: Path) -> None:
    done = planner("map", "nowhere", cwd=tmp_path)
    assert done.returncode == 1
    assert "is no plan folder" in done.stderr


@pytest.mark.slow
def test_more_chargers_than_demand_warns(town: Path, tmp_path: Path) -> None:
    """One tenth of the cars and no taxis: 6 chargers carry several times what is left."""
    file = town / "toytown.toml"
    text = file.read_text(encoding="utf-8").replace("vehicles = [800, 1000, 1200]", "vehicles = 150")
    file.write_text(text.replace("vehicles = 8\n", "vehicles = 0\n"), encoding="utf-8")
    done = planner("plan", file, "-o", "out", "--lang", "en", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "warning: the new chargers can carry" in done.stderr


def test_version(tmp_path: Path) -> None:
    done = started("--version", cwd=tmp_path)
    assert done.returncode == 0
    assert re.fullmatch(r"planner \S+\n", done.stdout)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder where nobody can write")
def test_an_unwritable_place_is_refused_before_planning(tmp_path: Path) -> None:
    """Nothing can be made under /proc, whoever asks."""
    done = planner("plan", TOYTOWN, "-o", "/proc/plan", cwd=tmp_path)
    assert done.returncode == 1
    assert "/proc/plan: cannot be written" in done.stderr
    assert "demand" not in done.stderr
