"""`planner export`: every format read back, hostile names as data, and what is refused."""

import csv
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import jsonschema
import pandas as pd
import pytest

from helpers.command import planner
from helpers.places import CHECKOUT
from helpers.plans import HOSTILE, HOSTILE_ID, hostile_plan, two_years
from planner.exports import (
    CANDIDATE_FIELDS,
    SITE_FIELDS,
    export_plan,
    read_content,
    save_plan,
    targets,
)
from planner.exports import files as files_module
from planner.exports.collect import plain
from planner.exports.files import FILE_TARGETS
from planner.exports.schemas import SCHEMAS, read_schema
from planner.files.geopackage import read_saved_layers
from planner.plan import Plan
from planner.views.columns import COLUMNS

SPATIAL = {"sites", "candidates", "zones", "districts", "streets"}
HINT = "; check the space left on the disk and your rights"
TABLES = {"sites", "candidates", "chargers", "added", "assignment", "tasks", "breakdown", "years", "townships"}


@pytest.fixture(scope="module")
def plan(toytown: Plan) -> Plan:
    return toytown


@pytest.fixture(scope="module")
def folder(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_plan(plan, tmp_path_factory.mktemp("plans") / "toytown")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("hostile")
    return save_plan(hostile_plan(home), home / "plan")


def names_of(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def names_by_id(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table["site_id"], table["name_zh"], strict=True))


def test_csv_is_for_excel_and_holds_every_table(folder: Path, tmp_path: Path) -> None:
    export_plan(folder, "csv", tmp_path / "tables")
    assert names_of(tmp_path / "tables") == {*(f"{name}.csv" for name in TABLES), "SOURCES.txt"}
    raw = (tmp_path / "tables" / "sites.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    sites = pd.read_csv(tmp_path / "tables" / "sites.csv", encoding="utf-8-sig")
    assert list(sites.columns) == [*SITE_FIELDS, "lon", "lat"]
    assert sites["capex_cny"].sum() == 490_000  # 130,000 + 360,000
    assert sites.loc[1, ["lon", "lat"]].to_list() == [112.146713, 37.948761]
    assert pd.read_csv(tmp_path / "tables" / "assignment.csv")["energy_kwh_day"].sum() == pytest.approx(2600)
    words = (tmp_path / "tables" / "SOURCES.txt").read_text(encoding="utf-8")
    assert "Toytown, made up" in words
    assert "审图号" in words


def test_zip_holds_the_same_files_and_the_same_bytes_every_time(folder: Path, tmp_path: Path) -> None:
    export_plan(folder, "csv", tmp_path / "tables")
    for name in ("one.zip", "two.zip"):
        export_plan(folder, "csv", tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    assert packed == {file.name: file.read_bytes() for file in (tmp_path / "tables").iterdir()}


@pytest.mark.parametrize(("to", "suffix"), [("geoparquet", "parquet"), ("flatgeobuf", "fgb")])
def test_gis_formats_hold_the_layers_in_the_working_crs(folder: Path, tmp_path: Path, to: str, suffix: str) -> None:
    export_plan(folder, to, tmp_path / to)
    assert names_of(tmp_path / to) == {*(f"{name}.{suffix}" for name in SPATIAL), "SOURCES.txt"}
    content = read_content(folder)
    for name in SPATIAL:
        file = tmp_path / to / f"{name}.{suffix}"
        found = gpd.read_parquet(file) if suffix == "parquet" else gpd.read_file(file)
        key = found.columns[0]
        expected = content.spatial(name)
        assert found.crs == "EPSG:32649"
        found = found.set_index(key).loc[expected[key]]
        assert found.geometry.geom_equals(expected.set_index(key).geometry).all()
        assert list(found.columns) == list(expected.columns[1:])


def test_geojson_is_that_of_the_plan_folder_with_its_schemas(folder: Path, tmp_path: Path) -> None:
    export_plan(folder, "geojson", tmp_path / "geo")
    for name in ("sites", "candidates"):
        assert (tmp_path / "geo" / f"{name}.geojson").read_bytes() == (folder / f"{name}.geojson").read_bytes()
        assert json.loads((tmp_path / "geo" / f"{name}.schema.json").read_text(encoding="utf-8")) == read_schema(name)
    assert (tmp_path / "geo" / "districts.geojson").is_file()


def test_excel_and_geopackage_are_those_of_the_plan_folder(folder: Path, tmp_path: Path) -> None:
    for to in ("xlsx", "gpkg"):
        export_plan(folder, to, tmp_path / f"copy.{to}")
        assert (tmp_path / f"copy.{to}").read_bytes() == (folder / f"plan.{to}").read_bytes()


def test_kml_has_names_places_and_figures(folder: Path, tmp_path: Path) -> None:
    export_plan(folder, "kml", tmp_path / "kml")
    places = placemarks(tmp_path / "kml" / "sites.kml")
    assert list(places) == ["南区医院", "中心商场"]
    assert places["中心商场"]["coordinates"] == pytest.approx([112.146713, 37.948761], abs=1e-6)
    assert (places["中心商场"]["new_total"], float(places["中心商场"]["power_kw"])) == ("4", 310)
    assert len(placemarks(tmp_path / "kml" / "candidates.kml")) == 4


def placemarks(file: Path) -> dict[str, dict]:
    space = {"k": "http://www.opengis.net/kml/2.2"}
    found = {}
    for mark in ET.parse(file).iterfind(".//k:Placemark", space):
        values = {data.get("name"): data.text for data in mark.iterfind(".//k:SimpleData", space)}
        where = mark.findtext(".//k:coordinates", namespaces=space) or ""
        name = mark.findtext("k:name", namespaces=space) or ""
        found[name] = values | {"coordinates": [float(part) for part in where.split(",")[:2]]}
    return found


def test_every_format_goes_into_the_plan_folder_and_leaves_it_with_the_plan(plan: Plan, tmp_path: Path) -> None:
    home = save_plan(plan, tmp_path / "plan")
    before = names_of(home)
    for to in FILE_TARGETS:
        if to != "gpkg":
            assert export_plan(home, to) == str(home / FILE_TARGETS[to].place)
    assert names_of(home) == before | {"csv", "geojson", "geoparquet", "flatgeobuf", "kml"}
    (home / "csv" / "sites.csv").write_text("old", encoding="utf-8")
    export_plan(home, "csv")
    assert (home / "csv" / "sites.csv").stat().st_size > 100
    save_plan(plan, home)
    assert names_of(home) == before


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("years", [1, 2])
def test_geojson_keeps_its_schema_and_rfc_7946(plan: Plan, tmp_path: Path, name: str, years: int) -> None:
    home = save_plan(plan if years == 1 else two_years(plan), tmp_path / "plan")
    schema = read_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    content = json.loads((home / f"{name}.geojson").read_text(encoding="utf-8"))
    jsonschema.validate(content, schema)
    features = schema["$defs"]["site"]["properties"]["properties"]
    fields = {"sites": SITE_FIELDS, "candidates": CANDIDATE_FIELDS}[name]
    assert features["required"] == list(fields)
    for field, words in features["properties"].items():
        assert words["title"].startswith(COLUMNS[field].words.zh)
        assert words["description"].startswith(COLUMNS[field].description)
    box = gpd.read_file(home / f"{name}.geojson").to_crs(4326).total_bounds
    assert (box[0] < box[2] or name == "sites") and box[0] >= -180 and box[3] <= 90


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda c: c["features"][0]["properties"].pop("phase"), "'phase' is a required property"),
        (lambda c: c["features"][0]["properties"].update(new_total=1.5), "1.5 is not of type 'integer'"),
        (lambda c: c["features"][0]["geometry"].update(coordinates=[37.9, 112.1]), "112.1 is greater than the maximum"),
        (lambda c: c.update(crs={}), "should not be valid"),
        (lambda c: c.update(bbox=[1, 2, 3]), "[1, 2, 3] is too short"),
    ],
)
def test_schema_refuses_what_is_wrong(folder: Path, spoil: Callable[[dict], object], words: str) -> None:
    content = json.loads((folder / "sites.geojson").read_text(encoding="utf-8"))
    spoil(content)
    with pytest.raises(jsonschema.ValidationError) as caught:
        jsonschema.validate(content, read_schema("sites"))
    assert words in str(caught.value)


def test_hostile_names_stay_data_in_every_file(hostile: Path, tmp_path: Path) -> None:
    for to in FILE_TARGETS:
        export_plan(hostile, to, tmp_path / f"{to}{FILE_TARGETS[to].suffix}")
    expected = HOSTILE | {HOSTILE_ID: HOSTILE["p2"]}
    del expected["p2"]
    everywhere = {
        "geojson": gpd.read_file(tmp_path / "geojson" / "candidates.geojson"),
        "geoparquet": gpd.read_parquet(tmp_path / "geoparquet" / "candidates.parquet"),
        "flatgeobuf": gpd.read_file(tmp_path / "flatgeobuf" / "candidates.fgb"),
        "gpkg": next(read_saved_layers(tmp_path / "gpkg.gpkg", "candidates")),
        "folder": gpd.read_file(hostile / "candidates.geojson"),
    }
    for to, table in everywhere.items():
        assert names_by_id(table) == expected, to
    with (tmp_path / "csv" / "candidates.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["site_id"]: row["name_zh"] for row in csv.DictReader(file)}
    assert rows["p1"] == f"'{HOSTILE['p1']}"  # an apostrophe before what would be a formula
    assert rows[f"'{HOSTILE_ID}"] == HOSTILE["p2"]
    assert rows["p4"] == HOSTILE["p4"]
    formulas = [cell for row in rows.items() for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert formulas == []
    marks = placemarks(tmp_path / "kml" / "candidates.kml")
    assert HOSTILE["p1"] in marks
    assert HOSTILE["p2"] in marks
    assert marks[HOSTILE["p2"]]["site_id"] == HOSTILE_ID
    assert [name for name in marks if "../../x" in name]
    assert names_of(tmp_path) == {f"{to}{target.suffix}" for to, target in FILE_TARGETS.items()}


def test_what_no_file_carries_is_replaced() -> None:
    assert plain("a\0b\ud83d太\U0001f600") == "a\ufffdb\ufffd太\U0001f600"


def test_unknown_formats_and_wrong_names_are_refused(
    folder: Path, tmp_path: Path, faults: Callable[..., list[str]]
) -> None:
    known = "csv, geojson, geoparquet, flatgeobuf, kml, xlsx, gpkg, postgresql://..."
    assert faults(export_plan, folder, "shp") == [f"--to: unknown format shp; expected one of {known}"]
    assert faults(export_plan, folder, "mysql://root:secret@host/db") == [
        f"--to: unknown format mysql; expected one of {known}"
    ]
    assert faults(export_plan, folder, "csv", tmp_path / "a.xlsx") == [
        f"{tmp_path / 'a.xlsx'}: csv expects the name of a folder or a .zip file, found a.xlsx"
    ]
    assert faults(export_plan, folder, "xlsx", tmp_path / "a") == [f"{tmp_path / 'a'}: xlsx expects .xlsx, found a"]
    assert faults(export_plan, folder, "kml", tmp_path / "no" / "a") == [
        f"{tmp_path / 'no' / 'a'}: cannot be written: no folder {tmp_path / 'no'}"
    ]
    assert faults(export_plan, folder, "gpkg") == [
        f"{folder / 'plan.gpkg'}: is that GeoPackage already; name a copy with -o"
    ]
    assert faults(export_plan, folder, "postgresql://x/y", tmp_path / "a") == [
        "-o: a database takes no file; leave -o out"
    ]
    (tmp_path / "mine.xlsx").write_text("mine", encoding="utf-8")
    assert faults(export_plan, folder, "xlsx", tmp_path / "mine.xlsx") == [
        f"{tmp_path / 'mine.xlsx'}: exists and is not overwritten; give another name, or delete it first"
    ]
    assert faults(export_plan, tmp_path, "csv", tmp_path / "t")[0].startswith(f"{tmp_path}: is no plan folder")
    assert names_of(tmp_path) == {"mine.xlsx"}


def test_missing_packages_are_named_with_the_command(
    folder: Path, tmp_path: Path, faults: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "geoalchemy2", None)
    assert faults(export_plan, folder, "geoparquet", tmp_path / "a") == [
        'geoparquet: needs the package pyarrow; install it with pip install "ev-charging-planner[parquet]"'
    ]
    assert faults(export_plan, folder, "postgresql://x/y") == [
        '--to postgresql://: needs the package geoalchemy2; install it with pip install "ev-charging-planner[postgis]"'
    ]
    assert names_of(tmp_path) == set()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc, where nobody can write")
def test_a_read_only_target_is_one_message(folder: Path, tmp_path: Path) -> None:
    done = planner("export", folder, "--to", "kml", "-o", "/proc/kml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "/proc/kml: cannot be written: " in done.stderr
    assert "无法写入" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("to", [name for name in FILE_TARGETS if name != "gpkg"])
def test_a_full_disk_leaves_nothing(
    folder: Path, tmp_path: Path, to: str, faults: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(content: object, place: Path) -> None:
        (place if not FILE_TARGETS[to].suffix else place.parent).joinpath("half").write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(targets.FILE_TARGETS, to, FILE_TARGETS[to]._replace(write=full))
    place = tmp_path / f"out{FILE_TARGETS[to].suffix}"
    assert faults(export_plan, folder, to, place) == [
        f"{place}: cannot be written: [Errno 28] No space left on device{HINT}"
    ]
    assert names_of(tmp_path) == set()


def test_a_kml_that_gdal_cut_short_is_refused(
    folder: Path, tmp_path: Path, faults: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(table: object, file: Path, **_: object) -> None:
        file.write_text("<kml><Document>", encoding="utf-8")

    monkeypatch.setattr(files_module.pyogrio, "write_dataframe", cut)
    assert faults(export_plan, folder, "kml", tmp_path / "kml") == [
        f"{tmp_path / 'kml'}: cannot be written: [Errno 28] No space left on device{HINT}"
    ]
    assert names_of(tmp_path) == set()


SMALL = """
import sys
from planner import BadInput
from planner.exports import export_plan
for number, to in enumerate(sys.argv[3:]):
    try:
        export_plan(sys.argv[1], to, f"{sys.argv[2]}/out{number}" + {"xlsx": ".xlsx", "gpkg": ".gpkg"}.get(to, ""))
        print(to, "written")
    except BadInput as error:
        print(len(error.faults), error)
"""


def test_a_disk_that_is_really_full(folder: Path, tmp_path: Path) -> None:
    """A file system of 12 kB: every format is refused in one message, and nothing is left."""
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12k", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount here")
    try:
        done = subprocess.run(
            [sys.executable, "-c", SMALL, str(folder), str(small), *FILE_TARGETS],
            capture_output=True, encoding="utf-8", check=True, timeout=120,
        )  # fmt: skip
        assert done.stdout.count("cannot be written: ") == len(FILE_TARGETS), done.stdout
        assert done.stderr == ""
        assert names_of(small) == set()
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.slow
def test_command_writes_and_says_where(folder: Path, tmp_path: Path) -> None:
    done = planner("export", folder, "--to", "csv", "-o", tmp_path / "tables.zip", "--lang", "zh", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'tables.zip'}\n")
    assert (tmp_path / "tables.zip").is_file()
    refused = planner("export", folder, "--to", "shp", cwd=tmp_path)
    assert refused.returncode == 1
    assert "unknown format shp" in refused.stderr
    assert "未知格式 shp" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_column_is_documented(lang: str) -> None:
    text = (CHECKOUT / "docs" / lang / "exports.md").read_text(encoding="utf-8")
    for field in {*SITE_FIELDS, *CANDIDATE_FIELDS}:
        column = COLUMNS[field]
        words = f"{column.words.zh} | {column.description} |" if lang == "en" else f"{column.words.zh} |"
        assert f"| `{field}` | {words}" in text
