"""A study area fetched from a server on the loopback, or made of files alone; interrupted, failed, and planned."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, box

from helpers.command import planner
from helpers.grid_town import GridTown, Server, offline, serving
from helpers.places import CHECKOUT, SHARED
from helpers.texts import Told
from planner.faults import BadInput
from planner.layers import read_layers
from planner.plan import make_plan
from planner.scenario import read_scenario
from planner.sources.fetch import fetch_layers
from planner.sources.folder import Sources
from planner.sources.osm import Overpass
from planner.sources.people.worldpop import worldpop_raster
from planner.words import unheard

CORE = SHARED / "data" / "osm_core"
TOWN = GridTown()
SOUTH = GridTown(west=-58.45, south=-34.62)  # Buenos Aires: other hemisphere, other sign of both coordinates
FILES = ["LICENSE-ODbL.txt", "SOURCES.md", "chargers.geojson", "districts.geojson", "fetch.json", "places.geojson",
         "scenario.toml", "streets.geojson", "zones.csv"]  # fmt: skip


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(TOWN) as running:
        yield running


@pytest.fixture
def raster(tmp_path: Path) -> Path:
    TOWN.write_population(tmp_path / "people.tif")
    return tmp_path / "people.tif"


def online(server: Server, folder: Path, **given: Any) -> Sources:
    overpass = Overpass(
        url=f"{server.url}/api",
        nominatim_url=f"{server.url}/",
        cache=folder / "cache",
        timeout_s=10.0,
        tries=2,
        first_wait_s=0.01,
        slots=False,
    )
    return Sources(overpass=overpass, worldpop_url=f"{server.url}/{{ISO3}}/{{iso3}}_people.tif", **given)


# ---- from the server ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_place_by_name_becomes_a_study_area_that_plans(server: Server, tmp_path: Path, raster: Path) -> None:
    server.files["/XYZ/xyz_people.tif"] = raster.read_bytes()
    said = Told()
    folder = fetch_layers("格网市, 中国", tmp_path / "town", online(server, tmp_path), said)
    assert sorted(file.name for file in folder.iterdir()) == FILES
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "people.tif", "town"]  # nothing is left beside
    layers = read_layers(read_scenario(folder).study_area)
    assert layers.districts.index.tolist() == ["格网市"]
    assert len(layers.streets) == 58
    # three of OpenStreetMap's stations: 8 by capacity, 4 of 60 kW by sockets; of one nothing is known, and stays so
    known = layers.chargers.fillna({"count": -1, "charger_type": "?", "name_zh": "?"}).sort_values("name_zh")
    assert known[["name_zh", "count", "charger_type"]].to_numpy().tolist() == [
        ["?", 4, "dc60"],
        ["东站充电站", 8, "?"],
        ["西站充电站", -1, "?"],
    ]
    # 100 people in each cell of 0.0008 degrees; the boundary is 0.024 degrees wide and high: 30 x 30 cells
    assert layers.zones["residents"].sum() == layers.districts["residents"].sum() == pytest.approx(90_000, abs=100)
    plan = make_plan(read_scenario(folder))
    assert plan.chargers["count"].sum() > 0
    assert plan.proof.bound_kwh_day >= plan.proof.value_kwh_day > 0


def test_sources_page_tells_where_from_when_and_what_was_done(server: Server, tmp_path: Path, raster: Path) -> None:
    given = online(server, tmp_path, population=raster)
    page = (fetch_layers(TOWN.box, tmp_path / "town", given) / "SOURCES.md").read_text(encoding="utf-8")
    assert "© OpenStreetMap contributors" in page
    assert "Open Database License" in page
    assert f"file people.tif, {raster.stat().st_size:,} bytes" in page
    assert "streets: 0.4 km (1.8%) and 2 nodes left out" in page
    assert time.strftime("%Y-%m-%d", time.gmtime()) in page
    assert "示意图，边界不作划界依据" in page


def test_the_same_request_gives_the_same_bytes(server: Server, tmp_path: Path, raster: Path) -> None:
    given = online(server, tmp_path, population=raster)
    first = fetch_layers(TOWN.box, tmp_path / "one", given)
    second = fetch_layers(TOWN.box, tmp_path / "two", given)
    for name in ("districts.geojson", "streets.geojson", "places.geojson", "chargers.geojson", "zones.csv"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_without_population_the_rest_is_kept_and_the_next_try_goes_on(
    server: Server, tmp_path: Path, raster: Path
) -> None:
    with pytest.raises(BadInput, match=r"(?s)there is no such raster.*no population: bring a raster .* are kept"):
        fetch_layers(TOWN.box, tmp_path / "town", online(server, tmp_path))
    assert not (tmp_path / "town").exists()
    asked = len(server.asked)
    said = Told()
    server.files["/XYZ/xyz_people.tif"] = raster.read_bytes()
    fetch_layers(TOWN.box, tmp_path / "town", online(server, tmp_path), said)
    assert "streets: kept from the interrupted fetch" in said
    # asked again: only for the country and the raster
    assert [line for line in server.asked[asked:] if "highway" in line or "amenity" in line] == []


def test_offline_names_what_to_bring(tmp_path: Path) -> None:
    nobody = Overpass(url="http://127.0.0.1:9/api", nominatim_url="http://127.0.0.1:9/", cache=tmp_path, slots=False)
    with pytest.raises(BadInput, match="bring a boundary file in place of the name"):
        fetch_layers("太原市, 中国", tmp_path / "town", Sources(overpass=nobody))
    with pytest.raises(BadInput, match="bring --streets FILE"):
        fetch_layers(TOWN.box, tmp_path / "town", Sources(overpass=nobody))


# ---- a download that breaks off ----------------------------------------------------------------------------------


def half(handler: Any) -> bool:
    handler.close_connection = True
    return True


def test_a_broken_download_is_resumed(server: Server, tmp_path: Path) -> None:
    content = b"II*\0" + bytes(range(256)) * 20_000
    server.files["/CHN/chn.tif"] = content
    server.mischief = [half, half]
    url = f"{server.url}/{{ISO3}}/{{iso3}}.tif"
    file = worldpop_raster("chn", tmp_path, unheard, url, tries=3, wait_s=0.0)
    assert file.read_bytes() == content
    starts = [int(line.partition("bytes=")[2].rstrip("-") or 0) for line in server.asked]
    # what came of the last block of 64 kB is asked for again
    assert starts[0] == 0
    assert len(content) / 2 - 65_536 <= starts[1] <= len(content) / 2
    assert len(content) * 3 / 4 - 2 * 65_536 <= starts[2] <= len(content) * 3 / 4
    assert worldpop_raster("CHN", tmp_path, unheard, url) == file
    assert len(server.asked) == 3  # what lies there is not fetched again
    assert sorted(p.name for p in file.parent.iterdir()) == ["chn.tif"]


def test_a_download_that_never_ends_is_kept_for_later(server: Server, tmp_path: Path) -> None:
    server.files["/CHN/chn.tif"] = b"II*\0" + bytes(999_996)
    server.mischief = [half, half]
    url = f"{server.url}/{{ISO3}}/{{iso3}}.tif"
    with pytest.raises(BadInput, match=r"the connection broke off.*it goes on from here"):
        worldpop_raster("CHN", tmp_path, unheard, url, tries=2, wait_s=0.0)
    assert worldpop_raster("CHN", tmp_path, unheard, url).stat().st_size == 1_000_000
    assert 600_000 < int(server.asked[-1].partition("bytes=")[2].rstrip("-")) <= 750_000


def test_a_page_in_place_of_the_raster_is_not_kept(server: Server, tmp_path: Path) -> None:
    server.files["/CHN/chn.tif"] = b"<html>please log in</html>"
    with pytest.raises(BadInput, match=r"sent no GeoTIFF \(it begins with b'<htm'\)"):
        worldpop_raster("CHN", tmp_path, unheard, f"{server.url}/{{ISO3}}/{{iso3}}.tif")
    assert [p.name for p in (tmp_path / "worldpop").iterdir() if p.suffix in (".tif", ".part")] == []


# ---- from files alone --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_city_of_the_other_hemisphere_from_files_alone_plans(tmp_path: Path) -> None:
    """Every layer in another format and CRS than Taiyuan's: boundary in Web Mercator, streets as lines of a national
    grid, places in Excel, people as polygons, chargers in a CSV."""
    west, south, east, north = (float(part) for part in SOUTH.box.split(","))
    middle = (west + east) / 2
    halves = [box(west, south, middle, north), box(middle, south, east, north)]
    districts = gpd.GeoDataFrame({"name": ["Oeste", "Este"]}, geometry=halves, crs=4326).to_crs(3857)
    districts.to_file(tmp_path / "comunas.gpkg")
    lines = [LineString([SOUTH.at(row, 0), SOUTH.at(row, 5)]) for row in range(6)]
    lines += [LineString([SOUTH.at(0, column), SOUTH.at(5, column)]) for column in range(6)]
    noded = gpd.GeoSeries([gpd.GeoSeries(lines).union_all()], crs=4326).explode(ignore_index=True)
    streets = gpd.GeoDataFrame({"highway": ["primary"] * len(noded)}, geometry=noded, crs=4326).to_crs(5347)
    streets.to_file(tmp_path / "calles.shp", encoding="UTF-8")
    kinds = ["mall", "hospital", "parking", "fuel", "university", "hotel", "market", "residential"]
    spots = [SOUTH.at(0.5 + n % 3, 0.5 + n // 3) for n in range(len(kinds))]
    places = pd.DataFrame({"name": kinds, "kind": kinds, "lon": [x for x, _ in spots], "lat": [y for _, y in spots]})
    places.to_excel(tmp_path / "lugares.xlsx", index=False)
    cells = [box(*SOUTH.at(r - 0.5, c - 0.5), *SOUTH.at(r + 0.5, c + 0.5)) for r in range(6) for c in range(6)]
    people = gpd.GeoDataFrame({"population": [1_000] * 36}, geometry=cells, crs=4326).to_crs(3857)
    people.to_file(tmp_path / "hex.gpkg")
    lon, lat = SOUTH.at(2.5, 2.5)
    (tmp_path / "cargadores.csv").write_text(f"name,lon,lat,fast\nCentro,{lon},{lat},4\n", encoding="utf-8")
    given = Sources(
        streets=tmp_path / "calles.shp",
        places=(tmp_path / "lugares.xlsx",),
        population=tmp_path / "hex.gpkg",
        chargers=(tmp_path / "cargadores.csv",),
        datum="wgs84",
        zone_side_m=300.0,
        overpass=Overpass(url="http://127.0.0.1:9/api", cache=tmp_path / "cache"),
    )
    folder = fetch_layers(str(tmp_path / "comunas.gpkg"), tmp_path / "baires", given)
    scenario = read_scenario(folder)
    assert scenario.study_area.crs == "EPSG:32721"
    layers = read_layers(scenario.study_area)
    assert layers.zones["residents"].sum() == pytest.approx(36_000, abs=40)  # Mercator's own areas shift some
    assert layers.districts["residents"].to_dict() == pytest.approx({"Oeste": 18_000, "Este": 18_000}, abs=30)
    assert layers.chargers[["count", "name_zh"]].values.tolist() == [[4.0, "Centro"]]
    assert "OpenStreetMap" not in (folder / "SOURCES.md").read_text(encoding="utf-8")
    assert not (folder / "LICENSE-ODbL.txt").exists()
    plan = make_plan(scenario)
    assert plan.chargers["count"].sum() > 0
    assert set(plan.assessment.tasks.index) == {"Oeste", "Este"}
    assert "airport" not in set(layers.places["kind"])
    assert plan.fleets.loc["airport", "vehicles"] == 0  # no airport here: nobody follows it


def test_totals_are_met_exactly_and_a_table_alone_is_spread(tmp_path: Path) -> None:
    (tmp_path / "totals.csv").write_text("区县,常住人口\n研究区,123456\n", encoding="utf-8")
    scaled = fetch_layers(TOWN.box, tmp_path / "scaled", offline(TOWN, tmp_path, totals=tmp_path / "totals.csv"))
    assert pd.read_csv(scaled / "zones.csv")["residents"].sum() == 123_456
    said = Told()
    spread = fetch_layers(
        TOWN.box,
        tmp_path / "spread",
        offline(TOWN, tmp_path, population=tmp_path / "totals.csv"),
        said,
    )
    zones = pd.read_csv(spread / "zones.csv")
    assert zones["residents"].sum() == 123_456
    assert zones["residents"].max() > 1.4 * zones["residents"].median()  # more near the places than at the rim
    assert any("modelled: spread by places and arterials" in line for line in said)


def test_all_missing_files_and_options_at_once(tmp_path: Path) -> None:
    given = Sources(
        streets=tmp_path / "a.pbf", population=tmp_path / "b.doc", chargers=(tmp_path / "c.csv",), zone_side_m=0.0
    )
    with pytest.raises(BadInput) as caught:
        fetch_layers(TOWN.box, tmp_path / "town", given)
    words = [str(fault).splitlines()[0] for fault in caught.value.faults]
    assert len(words) == 6
    assert sum("no such file" in line for line in words) == 3
    assert any("unknown kind of population file; expected one of .tif" in line for line in words)
    assert any("datum of the chargers must be given" in line for line in words)
    assert any("zone_side_m: found 0; 50 to 20,000 metres expected" in line for line in words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("112.6,37.8,112.5,37.9", "west, south, east, north in degrees expected"),
        ("nowhere.geojson", "no such file; check the path"),
        ("70,20,130,50", "larger than any city"),
    ],
)
def test_places_that_are_none(tmp_path: Path, place: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        fetch_layers(place, tmp_path / "town", offline(TOWN, tmp_path))


def test_boundary_files_that_are_none(tmp_path: Path) -> None:
    def refused(table: gpd.GeoDataFrame, words: str) -> None:
        table.to_file(tmp_path / "b.gpkg")
        with pytest.raises(BadInput, match=words):
            fetch_layers(str(tmp_path / "b.gpkg"), tmp_path / "town", offline(TOWN, tmp_path))

    one, two = box(112.5, 37.8, 112.51, 37.81), box(112.505, 37.8, 112.52, 37.81)
    refused(
        gpd.GeoDataFrame({"name": ["a"]}, geometry=[Point(112.5, 37.8)], crs=4326), "a boundary is made of polygons"
    )
    refused(gpd.GeoDataFrame(geometry=[one, two], crs=4326), "2 districts without names; add a column district")
    refused(
        gpd.GeoDataFrame({"name": ["a", None]}, geometry=[one, two], crs=4326), "feature 2: 1 districts without a name"
    )
    refused(gpd.GeoDataFrame({"name": ["a", "a"]}, geometry=[one, two], crs=4326), "'a' stands twice; merge the two")
    refused(gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=[one, two], crs=4326), r"a and b overlap by 0\.49 km2")


@pytest.mark.slow
@pytest.mark.skipif(not CORE.is_dir(), reason="the real OSM extract is not at hand")
def test_the_real_inner_city_of_taiyuan_plans_on_its_osm_network(tmp_path: Path) -> None:
    embedded = read_layers(read_scenario().study_area).zones
    embedded[["residents", "geometry"]].to_file(tmp_path / "people.gpkg")
    given = Sources(
        streets=CORE / "taiyuan_core_drive_scc.graphml",
        places=(CORE / "taiyuan_core_osm_poi_points_wgs84.geojson",),
        population=tmp_path / "people.gpkg",
        overpass=Overpass(url="http://127.0.0.1:9/api", cache=tmp_path / "cache"),
    )
    scenario = read_scenario(fetch_layers("112.48,37.80,112.60,37.91", tmp_path / "core", given))
    layers = read_layers(scenario.study_area)
    assert {"trunk", "primary", "secondary", "tertiary", "residential"} <= set(layers.streets["road_class"])
    inside = embedded.clip(layers.districts.union_all())
    share = inside.area / embedded.area.reindex(inside.index)
    assert layers.zones["residents"].sum() == pytest.approx((inside["residents"] * share).sum(), rel=1e-6)
    plan = make_plan(scenario)
    assert plan.proof.value_kwh_day <= plan.proof.bound_kwh_day
    assert plan.proof.gap_share < 0.05
    generated = plan.sites[plan.sites["modelled"]]
    assert len(generated) > 50
    arterials = layers.streets[layers.streets["road_class"].isin(["trunk", "primary", "secondary", "tertiary"])]
    assert generated.geometry.distance(arterials.union_all()).max() < 0.01


# ---- the folder --------------------------------------------------------------------------------------------------


def test_a_failed_fetch_leaves_the_old_folder(tmp_path: Path) -> None:
    good = offline(TOWN, tmp_path)
    folder = fetch_layers(TOWN.box, tmp_path / "town", good)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    (tmp_path / "bad.tif").write_bytes(b"no raster")
    with pytest.raises(BadInput):
        fetch_layers(TOWN.box, folder, offline(TOWN, tmp_path, population=tmp_path / "bad.tif"))
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_fetched_folder_is_replaced_and_foreign_files_stay(tmp_path: Path) -> None:
    folder = fetch_layers(TOWN.box, tmp_path / "town", offline(TOWN, tmp_path))
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    fetch_layers(TOWN.box, folder, offline(TOWN, tmp_path, zone_side_m=250.0))
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert read_scenario(folder).study_area.zone_side_m == 250.0


def test_a_changed_or_foreign_folder_is_not_replaced(tmp_path: Path) -> None:
    given = offline(TOWN, tmp_path)
    folder = fetch_layers(TOWN.box, tmp_path / "town", given)
    with (folder / "scenario.toml").open("a", encoding="utf-8") as file:
        file.write("# my own numbers\n")
    (folder / "chargers.geojson").unlink()
    with pytest.raises(BadInput, match=r"changed since it was fetched: scenario.toml; move them away"):
        fetch_layers(TOWN.box, folder, given)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "a.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(BadInput, match="was not made by planner fetch, and is not overwritten"):
        fetch_layers(TOWN.box, tmp_path / "thesis", given)


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["streets", "zones"])
def test_a_killed_fetch_leaves_the_old_folder_and_is_resumed(tmp_path: Path, layer: str) -> None:
    """The process is killed while it makes a layer of the new folder; the old one stands, the next call goes on."""
    folder = fetch_layers(TOWN.box, tmp_path / "town", offline(TOWN, tmp_path))
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    script = f"""
import os, signal, sys
sys.path.insert(0, {str(CHECKOUT / "tests")!r})
from pathlib import Path
from helpers.grid_town import GridTown, offline
TOWN = GridTown()
from planner.sources import fetch
from planner.sources.fetch import fetch_layers
def kill(*_): os.kill(os.getpid(), signal.SIGKILL)
fetch._{layer} = kill
fetch_layers(TOWN.box, {str(folder)!r}, offline(TOWN, Path({str(tmp_path)!r}), zone_side_m=250.0))
"""
    ended = subprocess.run([sys.executable, "-c", script], env=os.environ, check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    said = Told()
    files = {
        "streets": tmp_path / "town.osm",
        "places": (tmp_path / "town.osm",),
        "population": tmp_path / "people.tif",
    }
    nobody = Overpass(url="http://127.0.0.1:9/api", nominatim_url="http://127.0.0.1:9/", cache=tmp_path / "cache")
    fetch_layers(TOWN.box, folder, Sources(zone_side_m=250.0, overpass=nobody, **files), said)
    assert ("streets: kept from the interrupted fetch" in said) == (layer == "zones")
    assert read_scenario(folder).study_area.zone_side_m == 250.0
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_folder_that_stepped_aside_for_good_comes_back(tmp_path: Path) -> None:
    """Killed between the two moves of the last step: the old folder stands under another name."""
    folder = fetch_layers(TOWN.box, tmp_path / "town", offline(TOWN, tmp_path))
    before = json.loads((folder / "fetch.json").read_text(encoding="utf-8"))
    (tmp_path / ".town-x1").mkdir()
    folder.rename(tmp_path / ".town-x1" / "old")
    (tmp_path / "bad.tif").write_bytes(b"no raster")
    with pytest.raises(BadInput):
        fetch_layers(TOWN.box, folder, offline(TOWN, tmp_path, population=tmp_path / "bad.tif"))
    assert json.loads((folder / "fetch.json").read_text(encoding="utf-8")) == before


def test_a_foreign_folder_or_file_in_the_place_of_the_unfinished_one_is_kept(tmp_path: Path) -> None:
    given = offline(TOWN, tmp_path)
    (tmp_path / ".town.part").mkdir()
    (tmp_path / ".town.part" / "mine.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(BadInput, match=r"\.town\.part: stands where a fetch keeps its unfinished layers"):
        fetch_layers(TOWN.box, tmp_path / "town", given)
    assert (tmp_path / ".town.part" / "mine.txt").read_text(encoding="utf-8") == "precious"
    (tmp_path / ".city.part").write_text("a file", encoding="utf-8")
    with pytest.raises(BadInput, match=r"\.city\.part: stands where"):
        fetch_layers(TOWN.box, tmp_path / "city", given)


def test_the_current_folder_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = offline(TOWN, tmp_path)
    (tmp_path / "town").mkdir()
    monkeypatch.chdir(tmp_path / "town")
    with pytest.raises(BadInput, match="is the folder you are in, which cannot be replaced"):
        fetch_layers(TOWN.box, ".", given)


def test_inputs_in_the_folder_to_be_replaced_are_refused(tmp_path: Path) -> None:
    folder = fetch_layers(TOWN.box, tmp_path / "town", offline(TOWN, tmp_path))
    with pytest.raises(BadInput, match=r"streets\.geojson: lies in the folder that is to be replaced"):
        fetch_layers(TOWN.box, folder, offline(TOWN, tmp_path, streets=folder / "streets.geojson"))


def test_a_failure_before_anything_is_finished_leaves_nothing(tmp_path: Path) -> None:
    given = offline(TOWN, tmp_path, streets=tmp_path / "no.graphml")
    (tmp_path / "no.graphml").write_text("<", encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BadInput):
        fetch_layers(TOWN.box, tmp_path / "town", given)
    assert sorted(tmp_path.iterdir()) == before


def test_people_per_km2_taken_for_people_per_cell_are_refused(tmp_path: Path) -> None:
    given = offline(TOWN, tmp_path)
    TOWN.write_population(tmp_path / "people.tif", 2_500.0)  # per cell of 0.6 ha: 400,000 per km2
    with pytest.raises(BadInput, match=r"gives \d{3},\d{3} residents per km2 .* per cell, not per km2\?"):
        fetch_layers(TOWN.box, tmp_path / "town", given)


def test_a_name_that_is_no_file_name_still_plans(tmp_path: Path) -> None:
    folder = fetch_layers(TOWN.box, tmp_path / 'we"ird 中文', offline(TOWN, tmp_path))
    assert read_scenario(folder).name == "we_ird 中文"


# ---- the command -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return planner(*words, cwd=tmp_path)

    offline(TOWN, tmp_path)
    options = ["--streets", "town.osm", "--places", "town.osm", "--population", "people.tif", "--lang", "en"]
    done = run("fetch", TOWN.box, "town", *options)
    assert done.returncode == 0, done.stderr
    assert "planner plan" in done.stdout
    assert "streets: 0.4 km" in done.stderr
    checked = run("check", "town", "--lang", "en")
    assert checked.returncode == 0, checked.stderr
    lon, lat = TOWN.at(1.2, 1.2)
    (tmp_path / "c.csv").write_text(f"名称,经度,纬度,快充\n新站,{lon},{lat},6\n", encoding="gb18030")
    without = run("import", "chargers", "c.csv", "--city", "town")
    assert without.returncode == 1
    assert "the datum must be given" in without.stderr
    imported = run("import", "chargers", "c.csv", "--city", "town", "--datum", "wgs84", "--lang", "en")
    assert imported.returncode == 0, imported.stderr
    assert "cannot tell" in imported.stderr
    assert len(gpd.read_file(tmp_path / "town" / "chargers.geojson")) == 4  # three of OpenStreetMap, one of mine
    again = run("import", "chargers", "c.csv", "--city", "town", "--datum", "wgs84")
    assert again.returncode == 0
    assert len(gpd.read_file(tmp_path / "town" / "chargers.geojson")) == 4  # the same file twice changes nothing
    over = run("import", "chargers", "c.csv", "--city", "town", "--datum", "wgs84", "-o", "town/districts.geojson")
    assert over.returncode == 1
    assert "was not made by planner import and is not overwritten" in over.stderr
    embedded = run("import", "chargers", "c.csv", "--city", "toytown/toytown", "--datum", "wgs84")
    assert embedded.returncode == 1
