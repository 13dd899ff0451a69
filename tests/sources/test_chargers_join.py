"""Charging stations of several sources joined into one table, and the whole import into a study area."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely import Point, box

from helpers.places import SHARED
from helpers.stations import HERE, METRE_EAST, TOWN, Said, chargers, dump, entry, gaode, poi, rows
from planner.files.vector import read_vector
from planner.scenario import ChargerType, Scenario, read_scenario
from planner.sources.chargers.types import import_chargers, merge_chargers
from planner.sources.datum import from_wgs84
from planner.tables import LOCATED_CHARGERS, check_table

Faults = Callable[..., list[str]]

SHENZHEN = SHARED / "data" / "shenzhen" / "urbanev_inf.csv"


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture(scope="session")
def types() -> dict[str, ChargerType]:
    """Taiyuan's: slow ac7 (7 kW); fast dc60, dc120, dc480 (a cabinet of 8); truck240, swap_car, swap_truck."""
    return read_scenario("taiyuan/base.toml").charger_types


# ---- joining ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "metres_apart", "same"),
    [
        ("特来电充电站", "特来电汽车充电站（太原）有限公司", 40, True),
        ("国网充电站", "国家电网公共充电站", 40, True),
        ("国家电网充电站(迎泽公园)", "国家电网迎泽公园汽车充电站", 40, True),
        ("特来电", "特来电万达广场停车场充电站", 40, True),
        ("特来电充电站(万达广场)", "星星充电站(万达广场)", 40, False),
        ("万达广场1号充电站", "万达广场2号充电站", 40, False),
        ("万达广场A区充电站", "万达广场B区充电站", 40, False),
        ("特来电充电站", None, 40, True),
        (None, None, 40, True),
        ("充电站", "特来电充电站", 40, True),  # of the usual words nothing is left: no name
        ("特来电充电站", "特来电充电站", 60, False),
        (None, None, 60, False),
    ],
)
def test_same_station_in_two_sources(said: Said, one: str, other: str, metres_apart: float, same: bool) -> None:
    tables = [chargers(entry("amap:B1", one, 0)), chargers(entry("osm:node-1", other, metres_apart))]
    found = merge_chargers(tables, said)
    assert len(found) == (1 if same else 2)
    expected = ["2 entries are 1 station; those within 50 m with agreeing names are one"] if same else []
    assert said.lines == expected


def test_what_one_lacks_is_taken_from_the_other(said: Said) -> None:
    tables = [
        chargers(entry("amap:B1", "特来电充电站", 0, operator="特来电")),
        chargers(entry("city:7", None, 30, count=12)),
        chargers(entry("osm:node-1", "特来电", 20, kw=60, current="dc")),
    ]
    found = merge_chargers(tables, said)
    assert rows(found, "count", "kw", "current", "name_zh", "operator", "source", "source_id") == [
        [12.0, 60.0, "dc", "特来电", "特来电", "amap+city+osm", "amap:B1+city:7+osm:node-1"]
    ]
    east = (found.geometry.x.iloc[0] - HERE[0]) / METRE_EAST
    assert east == pytest.approx(20, abs=1e-6)  # it stands where the richest named entry says


def test_the_known_count_wins_and_a_conflict_is_said(said: Said) -> None:
    tables = [
        chargers(entry("amap:B1", "特来电", 0)),
        chargers(entry("city:7", "特来电", 10, count=12)),
        chargers(entry("ocm:U1", "特来电", 20, count=8, kw=60)),
    ]
    found = merge_chargers(tables, said)
    assert rows(found, "count", "kw") == [[8.0, 60.0]]  # of two counts that of the entry that knows more
    assert said.lines[1] == "1 station with entries that disagree on the count, the first is kept: 特来电 8 / 12"


def test_a_source_tells_its_own_nameless_stations_apart(said: Said) -> None:
    inside = chargers(entry("city:1", None, 0, count=20), entry("city:2", None, 20, count=20))
    assert len(merge_chargers([inside], said)) == 2
    one_named = chargers(entry("city:1", "特来电", 0, count=20), entry("city:2", None, 20, count=7))
    assert merge_chargers([one_named], said)["count"].sum() == 20 + 7
    unknown = chargers(entry("osm:node-1", None, 0), entry("osm:node-2", None, 20))
    assert len(merge_chargers([unknown], said)) == 2
    drawn_twice = chargers(entry("osm:node-1", "特来电", 0), entry("osm:way-2", None, 20, count=7))
    assert rows(merge_chargers([drawn_twice], said), "name_zh", "count") == [["特来电", 7.0]]


def test_a_nameless_station_is_no_bridge_between_two_names(said: Said) -> None:
    tables = [
        chargers(entry("amap:B1", "特来电", 0), entry("amap:B2", "星星", 60)),
        chargers(entry("osm:node-1", None, 25, count=4)),  # 25 m from one, 35 m from the other
    ]
    found = merge_chargers(tables, said)
    assert dict(rows(found, "name_zh", "count")) == {"特来电": 4.0, "星星": None}


def test_one_id_at_two_places_is_refused(said: Said, faults: Faults) -> None:
    tables = [chargers(entry("stations:1", None, 0)), chargers(entry("stations:1", None, 5_200))]
    assert faults(merge_chargers, tables, said) == [
        "chargers, source id stations:1: stands at places 5.2 km apart; "
        "give one file another name, or its stations other ids"
    ]


NAMES = st.sampled_from([None, "特来电充电站", "特来电", "星星充电", "国网1号", "国网2号"])
COUNTS = st.sampled_from([None, 1, 2, 8])
ENTRIES = st.lists(
    st.tuples(NAMES, st.integers(0, 12), COUNTS, st.sampled_from([None, 7, 60]), st.integers(0, 2)), max_size=9
)


def drawn(found: list[tuple[Any, ...]]) -> list[gpd.GeoDataFrame]:
    """Up to three sources with stations on a line, every 20 m one, ids by number."""
    tables = []
    for source in range(3):
        own = [
            entry(f"s{source}:{n}", name, 20 * at, count, kw)
            for n, (name, at, count, kw, of) in enumerate(found)
            if of == source
        ]
        if own:
            tables.append(chargers(*own))
    return tables


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(found=ENTRIES, seed=st.integers(0, 5))
def test_joining_ignores_the_order_and_repeats_nothing(found: list[tuple[Any, ...]], seed: int) -> None:
    tables, said = drawn(found), Said()
    merged = merge_chargers(tables, said)
    draw = np.random.default_rng(seed)
    turned = [tables[n].sample(frac=1, random_state=seed) for n in draw.permutation(len(tables))]
    assert_geodataframe_equal(merge_chargers(turned, said), merged)
    assert_geodataframe_equal(merge_chargers([merged], said), merged)
    assert_geodataframe_equal(merge_chargers([*tables, merged], said), merged)
    for one in tables:
        assert_geodataframe_equal(merge_chargers([merged, one], said), merged)
    ids = [own for joined in merged["source_id"] for own in joined.split("+")]
    assert sorted(ids) == sorted(own for one in tables for own in one["source_id"])  # every entry is in one station


def test_nothing_to_join(said: Said) -> None:
    found = merge_chargers([], said)
    assert (len(found), found.index.name, found.crs.to_epsg()) == (0, "charger_id", 4326)


# ---- the whole import ---------------------------------------------------------------------------------------------


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """40 stations in GCJ-02, a third of them of unknown size, two of them outside the area."""
    draw = np.random.default_rng(5)
    lon, lat = draw.uniform(112.45, 112.65, 40), draw.uniform(37.75, 37.95, 40)
    lon[:2] = 113.5
    x, y = from_wgs84(lon, lat, "gcj02")
    frame = pd.DataFrame(
        {
            "station_id": np.arange(1001, 1041),
            "longitude": x,
            "latitude": y,
            "charge_count": [None if n % 3 == 0 else n for n in range(40)],
            "true_lon": lon,
            "true_lat": lat,
        }
    )
    file = tmp_path / "city.csv"
    frame.to_csv(file, index=False)
    return file


def test_import(city: Path, said: Said, types: dict[str, ChargerType]) -> None:
    found = import_chargers([city], "gcj02", TOWN, types, None, said)
    given_rows = pd.read_csv(city).iloc[2:].set_index("station_id")
    assert found.index.tolist() == [f"city-{n}" for n in given_rows.index]
    np.testing.assert_array_equal(found["count"], given_rows["charge_count"])
    off = Geod(ellps="WGS84").inv(found.geometry.x, found.geometry.y, given_rows["true_lon"], given_rows["true_lat"])[2]
    assert np.max(off) < 0.001
    assert given_rows["charge_count"].isna().sum() == 13  # 3, 6, ... 39
    assert given_rows["charge_count"].sum() == 506  # 2 + 3 + ... + 39 = 779, less 3 x (1 + 2 + ... + 13) = 273
    assert said.lines == [
        "city.csv: 2 stations outside the study area left out",
        "38 stations, 506 chargers; 13 stations of unknown size, 38 of unknown type",
    ]


def test_importing_twice_changes_nothing(city: Path, tmp_path: Path, said: Said, types: dict[str, ChargerType]) -> None:
    once = import_chargers([city], "gcj02", TOWN, types, None, said)
    assert_geodataframe_equal(import_chargers([city, city], "gcj02", TOWN, types, None, said), once)
    assert_geodataframe_equal(import_chargers([city], "gcj02", TOWN, types, once, said), once)
    file = tmp_path / "chargers.geojson"
    once.reset_index().to_file(file)
    kept = read_vector(file)  # as it is found in a study area's folder
    assert_geodataframe_equal(
        import_chargers([city], "gcj02", TOWN, types, kept.to_crs(32649), said), once, check_less_precise=True
    )
    check_table(kept.set_index("charger_id"), LOCATED_CHARGERS)


def test_two_sources_one_after_the_other(city: Path, tmp_path: Path, said: Said, types: dict[str, ChargerType]) -> None:
    near = pd.read_csv(city).iloc[2:7]
    pois = [poi(f"B{n}", f"站{n}", f"{r.longitude:.6f},{r.latitude:.6f}") for n, r in enumerate(near.itertuples())]
    gaode_file = dump(tmp_path / "gaode.json", gaode(*pois))
    together = import_chargers([city, gaode_file], "gcj02", TOWN, types, None, said)
    assert len(together) == 38
    assert together["name_zh"].notna().sum() == 5
    assert (together["source"] == "Gaode+city").sum() == 5
    first = import_chargers([city], "gcj02", TOWN, types, None, said)
    second = import_chargers([gaode_file], "gcj02", TOWN, types, first, said)
    columns = ["count", "name_zh", "source", "source_id"]
    assert sorted(rows(second, *columns), key=str) == sorted(rows(together, *columns), key=str)
    assert_geodataframe_equal(import_chargers([gaode_file], "gcj02", TOWN, types, second, said), second)
    assert_geodataframe_equal(import_chargers([city], "gcj02", TOWN, types, second, said), second)


def test_a_newer_file_brings_the_figures_up_to_date(city: Path, said: Said, types: dict[str, ChargerType]) -> None:
    before = import_chargers([city], "gcj02", TOWN, types, None, said)
    frame = pd.read_csv(city)
    frame.loc[frame["station_id"] == 1005, "charge_count"] = 99
    frame[frame["station_id"] != 1006].to_csv(city, index=False)
    after = import_chargers([city], "gcj02", TOWN, types, before, said)
    assert (before["count"]["city-1005"], after["count"]["city-1005"]) == (4, 99)
    assert "city-1006" in after.index  # what a newer file lacks stays: it may cover less
    assert len(after) == len(before)


def test_hand_made_chargers_stay_as_they_are(city: Path, said: Said, types: dict[str, ChargerType]) -> None:
    own = gpd.GeoDataFrame(
        {"charger_type": ["ac7", "dc60"], "count": ["4", "2"], "name_zh": "东站充电站", "note": ["a", "b"]},
        geometry=[Point(112.41, 37.71)] * 2,  # two kinds at one station
        crs=4326,
        index=pd.Index(["c1", "c2"], name="charger_id"),
    )
    found = import_chargers([city], "gcj02", TOWN, types, own.to_crs(32649), said)
    assert len(found) == 38 + 2
    assert rows(found.loc[["c1", "c2"]], "charger_type", "count", "name_zh", "note", "source_id") == [
        ["ac7", 4.0, "东站充电站", "a", "own:c1"], ["dc60", 2.0, "东站充电站", "b", "own:c1"],
    ]  # fmt: skip
    assert_geodataframe_equal(import_chargers([city], "gcj02", TOWN, types, found, said), found)


def test_faulty_earlier_chargers_are_refused(
    city: Path, said: Said, faults: Faults, types: dict[str, ChargerType]
) -> None:
    own = gpd.GeoDataFrame(
        {"charger_id": ["c1"], "charger_type": ["ac7"], "count": ["some"], "name_zh": None},
        geometry=[Point(*HERE)],
        crs=4326,
    )
    assert faults(import_chargers, [city], "gcj02", TOWN, types, own, said) == [
        "earlier chargers, column count, row c1: found some; a number is expected"
    ]


def test_a_file_of_another_city_is_refused(city: Path, said: Said, faults: Faults, scenario: Scenario) -> None:
    elsewhere = gpd.GeoSeries([box(100, 20, 101, 21)], crs=4326)
    (fault,) = faults(import_chargers, [city], "gcj02", elsewhere, scenario.charger_types, None, said)
    assert fault.startswith(f"{city}: no charging stations inside the study area: the file covers 112.4")


@pytest.mark.skipif(not SHENZHEN.is_file(), reason="needs the folder shared/data beside the repository")
def test_a_real_city(said: Said, types: dict[str, ChargerType]) -> None:
    """Shenzhen, UrbanEV (CC0): 1,362 stations in GCJ-02."""
    raw = pd.read_csv(SHENZHEN).sort_values("station_id")
    area = gpd.GeoSeries([box(113.7, 22.3, 114.7, 22.9)], crs=4326)
    found = import_chargers([SHENZHEN], "gcj02", area, types, None, said)
    assert len(found) == len(raw) == 1_362
    assert found.index.tolist() == [f"urbanev_inf-{n}" for n in raw["station_id"]]
    np.testing.assert_array_equal(found["count"], raw["charge_count"])
    back = from_wgs84(found.geometry.x, found.geometry.y, "gcj02")
    geod = Geod(ellps="WGS84")
    assert np.max(geod.inv(*back, raw["longitude"], raw["latitude"])[2]) < 0.1
    moved = geod.inv(found.geometry.x, found.geometry.y, raw["longitude"], raw["latitude"])[2]
    assert np.median(moved) == pytest.approx(590, abs=60)  # 0.0050 deg x 103 km east, 0.0027 deg x 111 km south
    assert_geodataframe_equal(import_chargers([SHENZHEN], "gcj02", area, types, found, said), found)
