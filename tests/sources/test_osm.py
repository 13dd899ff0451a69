"""OpenStreetMap over a server on the loopback, that answers, is busy, breaks off or says nothing; and from extracts."""

import re
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import geopandas as gpd
import osmium
import osmnx
import pytest
from shapely import box

from helpers.grid_town import GridTown, Server, serving
from helpers.texts import Told
from planner.faults import BadInput
from planner.sources.osm import (
    Overpass,
    country_code,
    fetch_features,
    fetch_streets,
    find_place,
    read_osm_features,
    read_streets,
)
from planner.sources.streets import streets_of_graph
from planner.words import Say

TOWN = GridTown()
AREA = box(*(float(part) for part in TOWN.box.split(",")))


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(TOWN) as running:
        yield running


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def say(told: Told) -> Say:
    return told


@pytest.fixture
def overpass(server: Server, tmp_path: Path) -> Overpass:
    return patient(server, tmp_path)


def patient(server: Server, folder: Path, **changes: Any) -> Overpass:
    kept = {"cache": folder / "cache", "timeout_s": 5.0, "tries": 3, "first_wait_s": 0.01}
    return Overpass(url=f"{server.url}/api", nominatim_url=f"{server.url}/", **{**kept, **changes})


def status(code: int, **headers: str) -> Callable[[Any], bool]:
    def send(handler: Any) -> bool:
        handler.send("busy", code, **headers)
        return True

    return send


def broken_json(handler: Any) -> bool:
    handler.send('{"elements": [{"type": "node", "id": 1, "lat": 37.8, "lo')
    return True


def broken_off(handler: BaseHTTPRequestHandler) -> bool:
    """Promises more than it sends."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    handler.wfile.write(b'{"elements": [')
    return True


def too_slow(handler: Any) -> bool:
    time.sleep(0.6)
    handler.close_connection = True
    return True


def timed_out_inside(handler: Any) -> bool:
    """Overpass's own time-out: HTTP 200, a remark, and only part of the elements."""
    handler.send(
        '{"elements": [], "remark": "runtime error: Query timed out in \\"query\\" at line 1 after 180 seconds."}'
    )
    return True


def empty(handler: Any) -> bool:
    handler.send('{"elements": []}')
    return True


def test_streets_of_the_town(overpass: Overpass, say: Say) -> None:
    graph = fetch_streets(AREA, overpass, say)
    lengths = sum(length for _, _, length in graph.edges(data="length"))
    # 36 junctions and 2 of the island, less the 2 eastern corners where nothing changes: there streets are joined
    assert graph.number_of_nodes() == 36
    # both ways but the first column's 5 pieces; 0.004 degrees are 351.4 m east-west, 444.8 m north-south
    east_west, north_south, island = 6 * 5 * 2 * 351.4, 5 * 5 * 2 * 444.8 + 5 * 444.8, 2 * 444.8
    assert lengths == pytest.approx(east_west + north_south + island, rel=0.002)


def test_what_was_asked_once_is_kept(server: Server, overpass: Overpass, say: Say) -> None:
    first = fetch_streets(AREA, overpass, say)
    asked = len(server.asked)
    second = fetch_streets(AREA, overpass, say)
    assert len(server.asked) == asked == 1
    assert sorted(first.edges) == sorted(second.edges)


@pytest.mark.parametrize(
    ("mischief", "reason"),
    [
        (status(429, Retry_After="0"), "HTTP 429"),
        (status(504), "HTTP 504"),
        (broken_json, "the answer broke off"),
        (broken_off, "Connection broken|IncompleteRead|broke"),
        (timed_out_inside, "runtime error: Query timed out"),
    ],
)
def test_a_busy_or_broken_answer_is_asked_again(
    server: Server, overpass: Overpass, say: Any, told: Told, mischief: Callable[[Any], bool], reason: str
) -> None:
    server.mischief = [mischief]
    assert fetch_streets(AREA, overpass, say).number_of_nodes() > 0
    assert len(server.asked) == 2
    (line,) = told
    assert re.search(reason, line)
    assert "asking again in" in line


def test_a_slow_server_is_asked_again(server: Server, tmp_path: Path, say: Any, told: Told) -> None:
    server.mischief = [too_slow]
    graph = fetch_streets(AREA, patient(server, tmp_path, timeout_s=0.3), say)
    assert graph.number_of_nodes() > 0
    assert len(told) == 1


def test_a_server_that_stays_busy_is_left_alone(server: Server, overpass: Overpass, say: Any) -> None:
    server.mischief = [status(429)] * 3
    with pytest.raises(BadInput, match=r"no answer for streets after 3 tries \(HTTP 429\); run it again later"):
        fetch_streets(AREA, overpass, say)
    assert len(server.asked) == 3


def test_the_pause_doubles_and_follows_the_server(server: Server, tmp_path: Path, say: Any, told: Told) -> None:
    server.mischief = [status(429), status(503), status(429, Retry_After="0")]
    fetch_streets(AREA, patient(server, tmp_path, tries=4), say)
    waits = [line.rsplit("asking again in ", 1)[1] for line in told]
    assert waits == ["0.01 s", "0.02 s", "0.04 s"]  # Retry-After of 0 seconds is no wish: the own pause doubles on


def test_no_streets_there(server: Server, overpass: Overpass, say: Any) -> None:
    server.mischief = [empty]
    with pytest.raises(BadInput, match="no drivable streets inside the area; check the place"):
        fetch_streets(AREA, overpass, say)


def test_a_refused_request_is_said(server: Server, overpass: Overpass, say: Any) -> None:
    server.mischief = [status(400)]
    with pytest.raises(BadInput, match="refused the request"):
        fetch_streets(AREA, overpass, say)


def test_offline(tmp_path: Path, say: Any) -> None:
    nobody = Overpass(url="http://127.0.0.1:9/api", nominatim_url="http://127.0.0.1:9/", cache=tmp_path, slots=False)
    with pytest.raises(BadInput, match=r"127.0.0.1:9/api: cannot be reached .* offline, bring --streets FILE"):
        fetch_streets(AREA, nobody, say)
    with pytest.raises(BadInput, match="offline, bring a boundary file in place of the name"):
        find_place("格网市", nobody, say)


def test_osmnx_is_left_as_it_was(server: Server, overpass: Overpass, say: Any) -> None:
    before = {name: getattr(osmnx.settings, name) for name in dir(osmnx.settings) if not name.startswith("_")}
    fetch_streets(AREA, overpass, say)
    server.mischief = [status(400)]
    with pytest.raises(BadInput):
        fetch_features(AREA, {"amenity": ["fuel"]}, overpass, say)
    assert before == {name: getattr(osmnx.settings, name) for name in before}


def test_a_place_by_name(server: Server, overpass: Overpass, say: Any) -> None:
    found = find_place("格网市, 中国", overpass, say)
    assert found["display_name"].tolist() == ["格网市, 试验省, 中国"]
    assert found.geometry.iloc[0].equals(AREA)


def test_an_unknown_place(server: Server, overpass: Overpass, say: Any) -> None:
    server.mischief = [lambda handler: handler.send("[]") or True]
    with pytest.raises(BadInput, match="OpenStreetMap knows no area of this name; try another spelling"):
        find_place("亚特兰蒂斯", overpass, say)


def test_features_and_country(overpass: Overpass, say: Any) -> None:
    found = fetch_features(AREA, {"amenity": ["hospital", "parking"]}, overpass, say)
    assert sorted(found["amenity"]) == ["hospital", "hospital", "parking"]
    assert country_code(112.5, 37.8, overpass, say) == "XYZ"


def test_an_extract_gives_the_same_streets_as_the_server(overpass: Overpass, tmp_path: Path, say: Any) -> None:
    (tmp_path / "town.osm").write_text(TOWN.osm(), encoding="utf-8")
    with osmium.SimpleWriter(str(tmp_path / "town.osm.pbf")) as out:
        for item in osmium.FileProcessor(str(tmp_path / "town.osm")):
            out.add(item)
    online = streets_of_graph(fetch_streets(AREA, overpass, say), say)
    for name in ("town.osm", "town.osm.pbf"):
        local = streets_of_graph(read_streets(tmp_path / name, AREA, say), say)
        assert local.drop(columns="geometry").equals(online.drop(columns="geometry"))


def test_features_of_an_extract(tmp_path: Path, say: Any) -> None:
    file = tmp_path / "town.osm"
    file.write_text(TOWN.osm(), encoding="utf-8")
    found = read_osm_features(file, AREA, {"amenity": ["parking", "fuel"]}, say)
    assert sorted(found["amenity"]) == ["fuel", "fuel", "parking"]
    assert found.loc[("way", 6100)].geometry.geom_type == "Polygon"
    far = box(0, 0, 1, 1)
    assert isinstance(read_osm_features(file, far, {"amenity": ["fuel"]}, say), gpd.GeoDataFrame)
    assert read_osm_features(file, far, {"amenity": ["fuel"]}, say).empty


def test_broken_references_are_refused_with_the_ways(tmp_path: Path, say: Any) -> None:
    file = tmp_path / "broken.osm"
    file.write_text(TOWN.osm().replace('<nd ref="8"/>', '<nd ref="777"/>'), encoding="utf-8")
    # node 8 is junction (1, 1): on row 1 (way 1001) and column 1 (way 1007)
    with pytest.raises(BadInput, match=r"way 1001, 1007: refer to nodes that the file does not hold \(2 of 13\)"):
        read_streets(file, AREA, say)


def test_a_few_missing_nodes_are_passed_by(
    tmp_path: Path, say: Any, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("planner.sources.osm._MOST_BROKEN", 0.2)
    file = tmp_path / "broken.osm"
    file.write_text(TOWN.osm().replace('<nd ref="8"/>', '<nd ref="777"/>'), encoding="utf-8")
    assert read_streets(file, AREA, say).number_of_nodes() > 20
    assert told == ["broken.osm: 2 of 13 ways lead straight past nodes that are missing"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not xml at all", "cannot be read as OpenStreetMap data"),
        (b"<?xml version='1.0'?><osm version='0.6'><node id='1' lat='1' lon=", "cannot be read as OpenStreetMap data"),
        (b"<?xml version='1.0'?><osm version='0.6'></osm>", "no drivable streets inside the study area"),
    ],
)
def test_files_that_are_no_extract(tmp_path: Path, say: Any, content: bytes, words: str) -> None:
    file = tmp_path / "bad.osm"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=words):
        read_streets(file, AREA, say)


def test_no_such_extract(tmp_path: Path, say: Any) -> None:
    with pytest.raises(BadInput, match="no such file"):
        read_streets(tmp_path / "none.osm.pbf", AREA, say)
