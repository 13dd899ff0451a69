"""Files of charging stations as people have them; what a file does not say stays unknown."""

import math
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from pyproj import Geod
from shapely import Point

from helpers.stations import HERE, TOWN, Said, dump, gaode, open_poi, poi, rows, table
from planner.scenario import ChargerType, read_scenario
from planner.sources.chargers.types import assign_types, import_chargers, read_chargers

Faults = Callable[..., list[str]]

OSM = [
    {"type": "node", "id": 1, "lon": 112.5, "lat": 37.8, "tags": {"amenity": "charging_station", "capacity": "6"}},
    {
        "type": "node",
        "id": 2,
        "lon": 112.51,
        "lat": 37.8,
        "tags": {
            "amenity": "charging_station",
            "name": "Tesla",
            "name:zh": "特斯拉",
            "operator": "Tesla",
            "capacity": "9",  # the sockets are counted, so this is not used
            "socket:type2": "2",
            "socket:type2:output": "22000 W",
            "socket:type2_combo": "4",
            "socket:type2_combo:output": "250 kW",
            "socket:chademo": "no",
        },
    },
    {"type": "node", "id": 3, "lon": 112.52, "lat": 37.8},
    {"type": "node", "id": 4, "lon": 112.53, "lat": 37.82},
    {
        "type": "way",
        "id": 5,
        "nodes": [3, 4, 3],  # the middle of 3 and 4 is 112.525, 37.81
        "tags": {"amenity": "charging_station", "socket:gb_dc": "yes", "capacity": "8"},
    },
    {
        "type": "relation",
        "id": 6,
        "center": {"lon": 112.55, "lat": 37.9},
        "tags": {"amenity": "charging_station", "socket:gb_dc": "yes", "socket:gb_dc:output": "60;120 kW"},
    },
    {"type": "node", "id": 7, "lon": 112.5, "lat": 37.7, "tags": {"amenity": "charging_station", "access": "private"}},
    {"type": "node", "id": 8, "lon": 112.5, "lat": 37.7, "tags": {"amenity": "charging_station", "motorcar": "no"}},
    {"type": "node", "id": 9, "lon": 112.5, "lat": 37.7, "tags": {"amenity": "fuel"}},
]


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture(scope="session")
def types() -> dict[str, ChargerType]:
    """Taiyuan's: slow ac7 (7 kW); fast dc60, dc120, dc480 (a cabinet of 8); truck240, swap_car, swap_truck."""
    return read_scenario("taiyuan/base.toml").charger_types


# ---- Open Charge Map ----------------------------------------------------------------------------------------------


def test_open_charge_map(tmp_path: Path, said: Said) -> None:
    content = [
        open_poi(
            1,
            {"PowerKW": 60, "Quantity": 4, "CurrentTypeID": 30},
            {"PowerKW": 60, "Quantity": 2, "CurrentTypeID": 30},  # the same kind: 4 + 2
            {"PowerKW": 7.4, "Quantity": 3, "CurrentTypeID": 10},
            OperatorInfo={"ID": 9, "Title": "特来电"},
        ),
        open_poi(2, {"PowerKW": None, "Quantity": None, "CurrentTypeID": 20}, NumberOfPoints=5),
        open_poi(3, {"Level": {"ID": 3}}, OperatorInfo={"ID": 1, "Title": "(Unknown Operator)"}, NumberOfPoints=0),
        open_poi(4),
        open_poi(5, StatusType={"IsOperational": False}),
        open_poi(6, {"LevelID": 2, "Quantity": 0}),
    ]
    found = read_chargers(dump(tmp_path / "ocm.json", content), "wgs84", said)
    assert rows(found.reset_index(), "charger_id", "current", "kw", "count", "name_zh", "operator") == [
        ["ocm-U1-ac7.4", "ac", 7.4, 3.0, "Station 1", "特来电"],
        ["ocm-U1-dc60", "dc", 60.0, 6.0, "Station 1", "特来电"],
        ["ocm-U2", "ac", None, 5.0, "Station 2", None],
        ["ocm-U3", "dc", None, None, "Station 3", None],  # 0 points of a station with a plug: not known
        ["ocm-U4", None, None, None, "Station 4", None],
    ]
    assert found.crs.to_epsg() == 4326
    assert (found.geometry["ocm-U4"].x, found.geometry["ocm-U4"].y) == pytest.approx((112.504, 37.8))
    assert set(found["source"]) == {"Open Charge Map"}
    assert found["charger_type"].isna().all()
    assert said.lines == [
        "ocm.json: 1 left out, not in operation, POI 5",
        "ocm.json: 1 left out, 0 chargers, POI 6",
    ]


# ---- Gaode --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("listed", [False, True])
def test_gaode(tmp_path: Path, said: Said, listed: bool) -> None:
    first = gaode(
        poi("B1", "特来电充电站"),
        poi("B2", "停车场", typecode="150900"),
        poi("B3", "国网充电站", location=[]),
        poi("B4", "加油充电站", "112.6,37.9", typecode="010100|011100"),
    )
    more = gaode(poi("B5", "星星充电", "112.61,37.9"))
    file = dump(tmp_path / "gaode.json", [first, more] if listed else gaode(*first["pois"], *more["pois"]))
    found = read_chargers(file, "gcj02", said)
    assert found.index.tolist() == ["amap-B1", "amap-B4", "amap-B5"]
    assert found["count"].isna().all()  # Gaode gives no number: not one is made up
    assert found["kw"].isna().all()
    point = found.geometry["amap-B1"]
    assert (point.x, point.y) == pytest.approx(HERE, abs=1e-6)  # the test vector
    assert said.lines == [
        "gaode.json: 1 left out, no charging station for cars (typecode 0111), POI B2",
        "gaode.json: 1 left out, no usable longitude and latitude, POI B3",
    ]


def test_a_gaode_error_is_refused(tmp_path: Path, said: Said, faults: Faults) -> None:
    file = dump(tmp_path / "error.json", {"status": "0", "info": "INVALID_USER_KEY", "infocode": "10001"})
    assert faults(read_chargers, file, "gcj02", said) == [
        f"{file}: the Gaode answer is an error, INVALID_USER_KEY (10001); ask again"
    ]


@pytest.mark.parametrize(
    ("name", "content", "datum", "words"),
    [
        ("gaode.json", gaode(poi("B1", "特来电")), "wgs84", "Gaode gives GCJ-02, the file is declared WGS 84"),
        ("ocm.json", [open_poi(1)], "gcj02", "Open Charge Map gives WGS 84, the file is declared GCJ-02"),
        ("osm.json", {"elements": OSM[:1]}, "bd09", "OpenStreetMap gives WGS 84, the file is declared BD-09"),
    ],
)
def test_an_unusual_datum_is_remarked_and_taken(
    tmp_path: Path, said: Said, name: str, content: object, datum: str, words: str
) -> None:
    found = read_chargers(dump(tmp_path / name, content), datum, said)
    assert said.lines == [f"{name}: {words}; taken as declared"]
    if datum == "wgs84":
        assert (found.geometry.x.iloc[0], found.geometry.y.iloc[0]) == (112.556297, 37.870523)
    else:
        given_lon = {"ocm.json": 112.501, "osm.json": 112.5}[name]
        assert Geod(ellps="WGS84").inv(found.geometry.x.iloc[0], found.geometry.y.iloc[0], given_lon, 37.8)[2] > 400


# ---- OpenStreetMap ------------------------------------------------------------------------------------------------

FROM_OSM = [
    ["osm-node-1", None, None, 6.0, None, 112.5, 37.8],
    ["osm-node-2-ac22", "ac", 22.0, 2.0, "特斯拉", 112.51, 37.8],
    ["osm-node-2-dc250", "dc", 250.0, 4.0, "特斯拉", 112.51, 37.8],
    ["osm-relation-6", "dc", None, None, None, 112.55, 37.9],  # two powers given: which is not known
    ["osm-way-5", "dc", None, 8.0, None, 112.525, 37.81],
]


def with_places(found: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return found.assign(x=found.geometry.x.round(9), y=found.geometry.y.round(9)).reset_index()


def osm_xml(file: Path) -> Path:
    """The elements but for the relation, which an ``.osm`` file gives no place."""
    lines = ["<osm version='0.6'>"]
    for e in OSM:
        if e["type"] == "relation":
            continue
        at = f" lon='{e['lon']}' lat='{e['lat']}'" if "lon" in e else ""
        tags = "".join(f"<tag k='{k}' v='{v}'/>" for k, v in e.get("tags", {}).items())
        refs = "".join(f"<nd ref='{n}'/>" for n in e.get("nodes", []))
        lines.append(f"<{e['type']} id='{e['id']}'{at}>{refs}{tags}</{e['type']}>")
    file.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return file


def osm_geojson(file: Path) -> Path:
    """As Overpass turbo exports them: tags as properties, the way as an area."""
    features = []
    for e in OSM:
        if "amenity" not in e.get("tags", {}):
            continue
        if e["type"] == "way":
            shape = {"type": "Polygon", "coordinates": [[[112.52, 37.8], [112.53, 37.8], [112.53, 37.82], [112.52, 37.82], [112.52, 37.8]]]}  # fmt: skip  # noqa: E501
        else:
            place = e.get("center", e)
            shape = {"type": "Point", "coordinates": [place["lon"], place["lat"]]}
        properties = {"@id": f"{e['type']}/{e['id']}", **e["tags"]}
        features.append({"type": "Feature", "properties": properties, "geometry": shape})
    return dump(file, {"type": "FeatureCollection", "features": features})


def test_overpass(tmp_path: Path, said: Said) -> None:
    file = dump(tmp_path / "overpass.json", {"version": 0.6, "elements": OSM})
    found = with_places(read_chargers(file, "wgs84", said))
    assert rows(found, "charger_id", "current", "kw", "count", "name_zh", "x", "y") == FROM_OSM
    assert found["operator"].dropna().unique().tolist() == ["Tesla"]
    assert said.lines == [
        "overpass.json: 2 left out, private or not for cars, element node-7, node-8",
        "overpass.json: numbers that cannot be read are taken as unknown, element relation-6",
    ]


def test_osm_xml(tmp_path: Path, said: Said) -> None:
    found = with_places(read_chargers(osm_xml(tmp_path / "town.osm"), "wgs84", said))
    expected = [row for row in FROM_OSM if row[0] != "osm-relation-6"]
    assert rows(found, "charger_id", "current", "kw", "count", "name_zh", "x", "y") == expected


def test_osm_geojson(tmp_path: Path, said: Said) -> None:
    found = with_places(read_chargers(osm_geojson(tmp_path / "export.geojson"), "wgs84", said))
    assert rows(found, "charger_id", "current", "kw", "count", "name_zh", "x", "y") == FROM_OSM


def test_a_broken_osm_file_is_refused(tmp_path: Path, said: Said, faults: Faults) -> None:
    file = tmp_path / "town.osm"
    file.write_text("<osm><node", encoding="utf-8")
    (fault,) = faults(read_chargers, file, "wgs84", said)
    assert fault.startswith(f"{file}: cannot be read as OSM XML: unclosed token")


# ---- tables -------------------------------------------------------------------------------------------------------


def test_a_table_in_chinese(tmp_path: Path, said: Said) -> None:
    file = table(
        tmp_path / "stations.csv",
        "编号,站名,经度,纬度,快充,慢充,总桩数,功率,运营商",
        "7,甲站,112.50,37.8,4,2,6,60,特来电",  # the power is that of one of the two kinds: of which is not known
        "8,乙站,112.51,37.8,5,0,5,120,",
        "9,丙站,112.52,37.8,,,3,7kW,",
        "10,丁站,112.53,37.8,,,,未知,",
        "11,戊站,112.54,37.8,2,,9,,",
        "12,己站,112.55,37.8,0,0,,,",
        "13,庚站,112.56,37.8,,,0,,",
        "14,辛站,112.57,37.8,,,—,60/120,",
    )
    found = read_chargers(file, "wgs84", said).sort_values(["name_zh", "current"], key=lambda c: c.fillna(""))
    assert rows(found.reset_index(), "charger_id", "name_zh", "current", "kw", "count", "operator") == [
        ["stations-10", "丁站", None, None, None, None],
        ["stations-9", "丙站", None, 7.0, 3.0, None],
        ["stations-8", "乙站", "dc", 120.0, 5.0, None],
        ["stations-11", "戊站", "dc", None, 2.0, None],
        ["stations-7-ac", "甲站", "ac", None, 2.0, "特来电"],
        ["stations-7-dc", "甲站", "dc", None, 4.0, "特来电"],
        ["stations-14", "辛站", None, None, None, None],
    ]
    assert said.lines == [
        "stations.csv: 2 left out, 0 chargers, line 7, 8",
        "stations.csv: numbers that cannot be read are taken as unknown, line 9",
        "stations.csv: fast and slow do not add up to the count; fast and slow are taken, line 6",
    ]


@pytest.mark.parametrize("kind", ["utf-8-sig", "gb18030", "xlsx"])
def test_the_same_table_in_other_clothes(tmp_path: Path, said: Said, kind: str) -> None:
    frame = pd.DataFrame(
        {"编号": [1001, 1002], "站名": ["甲站", "乙站"], "经度": 112.5, "纬度": [37.8, 37.9], "桩数": [3, None]}
    )
    if kind == "xlsx":
        file = tmp_path / "stations.xlsx"
        frame.to_excel(file, index=False)
    else:
        file = tmp_path / "stations.csv"
        frame.to_csv(file, index=False, encoding=kind)
    found = read_chargers(file, "wgs84", said)
    assert rows(found.reset_index(), "charger_id", "name_zh", "count", "source") == [
        ["stations-1001", "甲站", 3.0, "stations"],
        ["stations-1002", "乙站", None, "stations"],
    ]


def test_bad_counts_are_refused_with_their_lines(tmp_path: Path, said: Said, faults: Faults) -> None:
    file = table(
        tmp_path / "bad.csv",
        "id,lon,lat,count,fast",
        "1,112.5,37.8,3,",
        "2,112.5,37.8,-2,",
        "3,112.5,37.8,2.5,",
        "4,112.5,37.8,20台,-1",
        "5,112.5,37.8,inf,",
    )
    assert faults(read_chargers, file, "wgs84", said) == [
        f"{file}, line 3, 4, 5, 6: found -2, 2.5, 20台 … (+2); "
        "a number of chargers is a whole number of 0 or more, or empty where unknown"
    ]
    ocm = dump(tmp_path / "ocm.json", [open_poi(3, {"Quantity": -1})])
    (fault,) = faults(read_chargers, ocm, "wgs84", said)
    assert fault.startswith(f"{ocm}, POI 3: found -1; a number of chargers")
    osm = dump(tmp_path / "osm.json", {"elements": [{**OSM[0], "tags": {**OSM[0]["tags"], "capacity": "2.5"}}]})
    (fault,) = faults(read_chargers, osm, "wgs84", said)
    assert fault.startswith(f"{osm}, element node-1: found 2.5; a number of chargers")


def test_rows_of_one_id_are_one_station(tmp_path: Path, said: Said) -> None:
    file = table(
        tmp_path / "posts.csv",
        "id,name,lon,lat,kw,count",
        "A,甲,112.5,37.8,60,4",
        "A,甲,112.5,37.8,7,10",  # another kind at the same station
        "A,甲,112.5,37.8,60,3",  # the same kind again: kept is 4, not 4 + 3
        "B,乙,112.5,37.8,60,2",
        "B,丙,112.6,37.8,60,5",  # 9 km away: another station in spite of its id
    )
    found = read_chargers(file, "wgs84", said)
    assert sorted(rows(found, "name_zh", "kw", "count")) == [
        ["丙", 60.0, 5.0], ["乙", 60.0, 2.0], ["甲", 7.0, 10.0], ["甲", 60.0, 4.0],
    ]  # fmt: skip
    assert found["source_id"].nunique() == 3
    assert found.index.is_unique
    assert said.lines[0] == "posts.csv: 1 id used for several places, the place is added: posts:B"
    more_than_once = "posts.csv: 1 station listed more than once; the largest count is kept, not the sum, posts:A"
    assert said.lines[1:] == [more_than_once]


def test_a_vector_layer_in_metres(tmp_path: Path, said: Said) -> None:
    given = gpd.GeoDataFrame(
        {"station_id": ["s1"], "名称": ["甲"], "charger_type": ["dc60"], "count": [3]},
        geometry=[Point(*HERE)],
        crs=4326,
    )
    file = tmp_path / "stations.gpkg"
    given.to_crs(32649).to_file(file)
    found = read_chargers(file, "wgs84", said)
    assert rows(found.reset_index(), "charger_id", "name_zh", "charger_type", "count") == [["stations-s1", "甲", "dc60", 3.0]]  # fmt: skip  # noqa: E501
    assert found.geometry.iloc[0].distance(Point(*HERE)) < 1e-9
    assert said.lines == []


@pytest.mark.parametrize("datum", ["", "GCJ02", "mars"])
def test_a_bad_datum_is_refused_before_anything_is_read(
    tmp_path: Path, said: Said, faults: Faults, types: dict[str, ChargerType], datum: str
) -> None:
    nowhere = tmp_path / "nowhere.csv"
    expected = f"datum: found {datum!r}; declare one of wgs84, gcj02, bd09 (it cannot be seen from the coordinates)"
    assert faults(read_chargers, nowhere, datum, said) == [expected]
    assert faults(import_chargers, [nowhere], datum, TOWN, types, None, said) == [expected]


@pytest.mark.parametrize(
    ("name", "text", "said_"),
    [
        ("a.json", "{", "cannot be read as JSON: Expecting property name"),
        ("b.json", '{"hello": 1}', "JSON of an unknown kind; expected Open Charge Map, Gaode POI, Overpass or GeoJSON"),
        ("c.json", "[]", "no charging station found in it; nothing to import"),
        ("d.json", '{"elements": []}', "no charging station found in it; nothing to import"),
        ("e.csv", "lon,lat,count\n112,37,0\n", "no charging station found in it; nothing to import"),
        ("f.pdf", "hello", "unknown kind of file; expected one of .gpkg, .geojson"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, said: Said, faults: Faults, name: str, text: str, said_: str) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    (fault,) = faults(read_chargers, file, "wgs84", said)
    assert fault.startswith(f"{file}: {said_}")


def test_every_missing_file_is_named(tmp_path: Path, said: Said, faults: Faults, types: dict[str, ChargerType]) -> None:
    files = [tmp_path / "a.csv", tmp_path / "b.json", tmp_path / "c.osm"]
    found = faults(import_chargers, files, "wgs84", TOWN, types, None, said)
    assert [fault.split(": ")[0] for fault in found] == [str(file) for file in files]


def test_hostile_names_pass_unchanged(tmp_path: Path, said: Said, types: dict[str, ChargerType]) -> None:
    names = ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "a\"b'c", "%s+{0}+../../etc", "换\u202e行"]
    file = tmp_path / "hostile.csv"
    frame = pd.DataFrame({"id": names, "name": names, "lon": 112.5 + 0.01 * np.arange(5), "lat": 37.8, "count": 1})
    frame.to_csv(file, index=False)
    found = import_chargers([file], "wgs84", TOWN, types, None, said)
    assert sorted(found["name_zh"]) == sorted(names)
    assert found.index.str.fullmatch(r"[\w.\-]+").all()
    again = import_chargers([file], "wgs84", TOWN, types, found, said)
    assert_geodataframe_equal(again, found)


# ---- charger types ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("current", "kw", "expected"),
    [
        ("ac", None, "ac7"),  # the only slow type
        ("ac", 43, "ac7"),
        (None, 22, "ac7"),
        (None, 7, "ac7"),
        (None, 22.1, "dc60"),
        ("dc", 60, "dc60"),
        (None, 84, "dc60"),  # between 60 and 120 by ratio: 84.85 = sqrt(60 x 120)
        (None, 85, "dc120"),
        ("dc", 480, "dc120"),  # one plug, not a cabinet of eight; nor a truck's 240 kW
        ("dc", None, None),  # dc60 or dc120: not known
        (None, None, None),
    ],
)
def test_types_by_current_and_power(
    types: dict[str, ChargerType], current: str | None, kw: float | None, expected: str | None
) -> None:
    given_table = gpd.GeoDataFrame(
        {"charger_type": [None], "count": [1.0], "current": [current], "kw": [math.nan if kw is None else float(kw)]},
        geometry=[Point(*HERE)],
        crs=4326,
        index=pd.Index(["c1"], name="charger_id"),
    )
    assert rows(assign_types(given_table, types), "charger_type") == [[expected]]
    assert given_table["charger_type"].isna().all()  # what was given is not changed


def test_types_already_given_stay_and_must_be_known(types: dict[str, ChargerType], faults: Faults) -> None:
    given_table = gpd.GeoDataFrame(
        {"charger_type": ["truck240", None], "count": 1.0, "current": ["ac", "ac"], "kw": [7.0, 7.0]},
        geometry=[Point(*HERE)] * 2,
        crs=4326,
        index=pd.Index(["c1", "c2"], name="charger_id"),
    )
    assert assign_types(given_table, types)["charger_type"].tolist() == ["truck240", "ac7"]
    (fault,) = faults(assign_types, given_table.assign(charger_type=["dc99", None]), types)
    assert fault.startswith("chargers, column charger_type, row c1: found dc99; the scenario defines ac7, dc60, dc120")


def test_a_swap_station_is_never_guessed(types: dict[str, ChargerType]) -> None:
    swap = types["dc120"].model_copy(update={"battery_swap": True})
    given_table = gpd.GeoDataFrame(
        {"charger_type": [None], "count": [1.0], "current": ["dc"], "kw": [120.0]}, geometry=[Point(*HERE)], crs=4326
    )
    assert rows(assign_types(given_table, {**types, "dc120": swap}), "charger_type") == [["dc60"]]


def test_without_a_slow_type_slow_chargers_have_none(types: dict[str, ChargerType]) -> None:
    fast = {name: kind for name, kind in types.items() if kind.service == "fast"}
    given_table = gpd.GeoDataFrame(
        {"charger_type": [None], "count": [1.0], "current": ["ac"], "kw": [7.0]}, geometry=[Point(*HERE)], crs=4326
    )
    assert rows(assign_types(given_table, fast), "charger_type") == [[None]]


def test_a_shifted_datum_outside_china_is_said_to_be_none(tmp_path: Path, said: Said) -> None:
    (tmp_path / "c.csv").write_text("name,lon,lat,fast\nCentro,-58.4,-34.6,4\n", encoding="utf-8")
    found = read_chargers(tmp_path / "c.csv", "gcj02", said)
    assert (found.geometry.x.iloc[0], found.geometry.y.iloc[0]) == (-58.4, -34.6)
    assert "c.csv: GCJ-02 is WGS 84 outside China: nothing shifted" in said.lines
