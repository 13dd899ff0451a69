"""Places from OpenStreetMap's tags by the table of kinds, and from layers of one's own."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

from helpers.grid_town import GridTown
from planner.faults import BadInput
from planner.scenario import Scenario, read_scenario
from planner.sources.osm import read_osm_features
from planner.sources.places import charging_stations, osm_tags, places_of_osm, read_kind_rules, read_place_file
from planner.tables import PLACES, check_table
from planner.words import unheard

TOWN = GridTown()
AREA = box(*(float(part) for part in TOWN.box.split(",")))
RULES = read_kind_rules()


@pytest.fixture(scope="module")
def base() -> Scenario:
    return read_scenario("taiyuan/base")


@pytest.fixture
def features(tmp_path: Path) -> gpd.GeoDataFrame:
    (tmp_path / "town.osm").write_text(TOWN.osm(), encoding="utf-8")
    return read_osm_features(tmp_path / "town.osm", AREA, osm_tags(RULES), unheard)


def test_every_kind_of_the_table_is_one_of_the_scenario(base: Scenario) -> None:
    assert {rule.kind for rule in RULES} - set(base.kinds) == {"charging"}
    assert "fuel" in osm_tags(RULES)["amenity"]


def test_places_of_the_town(features: gpd.GeoDataFrame) -> None:
    places = places_of_osm(features, RULES, "OpenStreetMap")
    check_table(places, PLACES)
    # the private fuel station, the unnamed residential area, the metro station and the bench are none
    assert places["kind"].to_dict() == {
        "n5000": "hospital", "n5002": "mall", "n5003": "school", "n5004": "fuel", "n5006": "government",
        "w6100": "parking",
    }  # fmt: skip
    assert places.loc["n5000", ["name_zh", "name_en"]].tolist() == ["市医院", "City Hospital"]
    assert places.loc["w6100", "bays"] == 40  # a fifth of 200 spaces
    assert np.isnan(places.loc["n5004", "bays"])
    inside = features.loc[("way", 6100)].geometry
    assert places.loc["w6100"].geometry.within(inside)


def test_charging_stations_are_put_aside_with_their_tags(features: gpd.GeoDataFrame) -> None:
    stations = charging_stations(features, RULES)
    assert sorted(stations["name"].dropna()) == ["东站充电站", "西站充电站"]
    assert stations["socket:gb_dc"].dropna().tolist() == ["4"]
    assert stations.set_index("name").loc["东站充电站", "capacity"] == "8"


def test_of_two_of_one_name_the_one_with_bays_stays() -> None:
    table = gpd.GeoDataFrame(
        {"amenity": ["parking"] * 3, "name": ["P1", "P1", "P1"], "capacity": [None, "50", None]},
        geometry=[Point(112.5, 37.8), Point(112.5005, 37.8), Point(112.6, 37.8)],
        crs=4326,
        index=pd.MultiIndex.from_tuples([("node", 1), ("way", 2), ("node", 3)]),
    )
    assert places_of_osm(table, RULES, "s").index.tolist() == ["n3", "w2"]  # 44 m apart; the third 8.8 km


def test_a_table_of_kinds_of_ones_own(tmp_path: Path, features: gpd.GeoDataFrame) -> None:
    head = "key,value,unless,named,kind,bays_per_capacity,why\n"
    (tmp_path / "k.csv").write_text(head + "amenity,fuel,,no,parking,,\n", encoding="utf-8")
    places = places_of_osm(features, read_kind_rules(tmp_path / "k.csv"), "s")
    assert places["kind"].to_dict() == {"n5004": "parking", "n5005": "parking"}
    (tmp_path / "k.csv").write_text(
        head + "amenity,fuel,,maybe,parking,,\namenity,fuel,,no,parking,2,\n", encoding="utf-8"
    )
    with pytest.raises(BadInput, match=r"(?s)k\.csv, line 2: needs key.*k\.csv, line 3: needs key"):
        read_kind_rules(tmp_path / "k.csv")
    (tmp_path / "k.csv").write_text("key,value\na,b\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"column unless: missing"):
        read_kind_rules(tmp_path / "k.csv")


@pytest.mark.parametrize("word", ["mall", "商场"])
def test_kinds_in_both_languages(tmp_path: Path, base: Scenario, word: str) -> None:
    text = f"编号,名称,类别,经度,纬度,车位\nA1,<b>甲</b>,{word},112.51,37.81,12\nA2,,{word},112.512,37.812,\n"
    (tmp_path / "p.csv").write_bytes(text.encode("gb18030"))
    places = read_place_file(tmp_path / "p.csv", AREA, RULES, base.kinds, unheard)
    check_table(places, PLACES)
    assert places.index.tolist() == ["p-A1", "p-A2"]
    assert places["kind"].tolist() == ["mall", "mall"]
    assert places["name_zh"].tolist()[0] == "<b>甲</b>"
    assert places["name_zh"].isna().tolist() == [False, True]
    assert places["bays"].tolist()[0] == 12


def test_unknown_kinds_and_layers_without_kinds(tmp_path: Path, base: Scenario) -> None:
    (tmp_path / "p.csv").write_text("name,kind,lon,lat\na,castle,112.51,37.81\n", encoding="utf-8")
    with pytest.raises(BadInput, match="column kind: found castle; known kinds: airport, arterial"):
        read_place_file(tmp_path / "p.csv", AREA, RULES, base.kinds, unheard)
    (tmp_path / "q.csv").write_text("name,lon,lat\na,112.51,37.81\n", encoding="utf-8")
    with pytest.raises(BadInput, match="no column for the kind of place among name, lon, lat; name it kind"):
        read_place_file(tmp_path / "q.csv", AREA, RULES, base.kinds, unheard)


def test_geofabrik_classes_and_tags_as_columns(tmp_path: Path, base: Scenario) -> None:
    spots = [Point(112.51, 37.81), Point(112.512, 37.812), Point(112.514, 37.81)]
    fclass = gpd.GeoDataFrame(
        {"osm_id": ["11", "12", "13"], "fclass": ["mall", "fuel", "bench"]}, geometry=spots, crs=4326
    )
    fclass.to_file(tmp_path / "g.shp")
    found = read_place_file(tmp_path / "g.shp", AREA, RULES, base.kinds, unheard)
    assert found["kind"].to_dict() == {"n11": "mall", "n12": "fuel"}
    tagged = gpd.GeoDataFrame(
        {"amenity": ["hospital", None, None], "shop": [None, "mall", None]}, geometry=spots, crs=4326
    )
    tagged.to_file(tmp_path / "t.gpkg")
    found = read_place_file(tmp_path / "t.gpkg", AREA, RULES, base.kinds, unheard)
    assert sorted(found["kind"]) == ["hospital", "mall"]


def test_all_that_is_wrong_with_a_table_is_said_by_line(tmp_path: Path, base: Scenario) -> None:
    rows = ["112.51,37.81,mall,12", "112.512,37.81,,3", "112.511,37.81,mall,many", "112.51,37.812,castle,1e12"]
    (tmp_path / "p.csv").write_text("经度,纬度,类型,车位\n" + "\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_place_file(tmp_path / "p.csv", AREA, RULES, base.kinds, unheard)
    nothing, unknown, bays = (str(fault).splitlines()[0] for fault in caught.value.faults)
    assert nothing == f"{tmp_path / 'p.csv'}, line 3: nothing in 类型; fill it"
    assert unknown.startswith(f"{tmp_path / 'p.csv'}, column 类型: found castle; known kinds: airport")
    assert bays == f"{tmp_path / 'p.csv'}, line 4, 5: bays: found many, 1e12; whole numbers up to 100,000"
