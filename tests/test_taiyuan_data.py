"""Laws of the embedded study area's files (data/taiyuan), checked on the files as committed."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree

from helpers.places import DATA

FOLDER = DATA / "taiyuan"
METRIC = 32649  # UTM zone 49 north, the CRS the zones are squares of

# Seventh census, 1 November 2020, residents by county-level unit; they add up to the city's published 5,304,061.
CENSUS_2020 = {
    "小店区": 1_357_242, "迎泽区": 594_238, "杏花岭区": 779_479, "尖草坪区": 530_499, "万柏林区": 951_238,
    "晋源区": 316_445, "清徐县": 344_472, "阳曲县": 128_483, "娄烦县": 91_208, "古交市": 210_757,
}  # fmt: skip
CITY_RESIDENTS = 5_304_061
CITY_AREA_KM2 = 6_959  # published; the boundary file is generalised, so 1 % is allowed
CITY_BOX = (111.49, 37.45, 113.16, 38.43)  # published extent 111°30'-113°09' E, 37°27'-38°25' N, rounded outwards

KINDS = {
    "mall", "hospital", "university", "school", "government", "culture", "hotel", "residential", "supermarket",
    "leisure", "office", "industry", "logistics", "market", "station", "freight_yard", "airport", "dealership", "fuel",
    "parking", "bank", "centre", "other",
}  # fmt: skip
NORM_M = {"core": 900, "urban": 1_000, "suburban": 2_000, "rural": 10_000}


@pytest.fixture(scope="module")
def districts() -> gpd.GeoDataFrame:
    return gpd.read_file(FOLDER / "districts.geojson")


@pytest.fixture(scope="module")
def streets() -> gpd.GeoDataFrame:
    return gpd.read_file(FOLDER / "streets.geojson")


@pytest.fixture(scope="module")
def places() -> gpd.GeoDataFrame:
    return gpd.read_file(FOLDER / "places.geojson")


@pytest.fixture(scope="module")
def townships() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "townships.csv", dtype={"township_id": str})


@pytest.fixture(scope="module")
def zones() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "zones.csv")


# ---- residents ---------------------------------------------------------------------------------------------------


def test_every_layer_adds_up_to_the_census(districts, townships, zones):
    assert sum(CENSUS_2020.values()) == CITY_RESIDENTS
    assert districts.set_index("district")["residents"].to_dict() == CENSUS_2020
    assert townships.groupby("district")["residents"].sum().to_dict() == CENSUS_2020
    assert zones.groupby("district")["residents"].sum().to_dict() == CENSUS_2020


def test_squares_of_a_township_hold_the_townships_residents(townships, zones):
    by_squares = zones.groupby(["district", "township"])["residents"].sum()
    by_units = townships.set_index(["district", "name_zh"])["residents"]
    assert by_units.index.is_unique
    assert by_squares.reindex(by_units.index, fill_value=0).to_list() == by_units.to_list()


def test_there_are_108_townships_and_only_virtual_ones_are_empty(townships):
    # Official list: 108 township-level units; two of them (a high-tech zone, the bonded zone) hold virtual units only.
    assert len(townships) == 108
    assert townships["township_id"].is_unique and townships["township_id"].is_monotonic_increasing
    assert townships.loc[townships["residents"] == 0, "township_id"].to_list() == ["140108400", "140171406"]
    assert set(townships["located"]) == {"box", "estimated"}


def test_township_boxes_lie_around_their_middle_and_touch_the_city(townships):
    assert (townships["box_west"] < townships["lon"]).all() and (townships["lon"] < townships["box_east"]).all()
    assert (townships["box_south"] < townships["lat"]).all() and (townships["lat"] < townships["box_north"]).all()
    west, south, east, north = CITY_BOX
    assert townships["lon"].between(west, east).all() and townships["lat"].between(south, north).all()


# ---- zones -------------------------------------------------------------------------------------------------------


def test_zones_are_unique_aligned_squares_named_by_their_corner(zones):
    assert (zones["easting_m"] % 500 == 0).all() and (zones["northing_m"] % 500 == 0).all()
    # e.g. south-west corner 636500 E, 4191000 N -> 1273, 8382 -> z1273_08382
    names = [f"z{e // 500:04d}_{n // 500:05d}" for e, n in zip(zones["easting_m"], zones["northing_m"], strict=True)]
    assert zones["zone_id"].to_list() == names
    assert zones["zone_id"].is_unique and zones["zone_id"].is_monotonic_increasing
    assert (zones["residents"] >= 0).all()


def test_zones_lie_in_the_district_they_name(zones, districts):
    centre = gpd.points_from_xy(zones["easting_m"] + 250, zones["northing_m"] + 250, crs=METRIC)
    located = gpd.GeoDataFrame(zones[["district"]], geometry=centre).sjoin(
        districts[["district", "geometry"]].to_crs(METRIC), predicate="within", how="left"
    )
    outside = located["district_right"].isna()
    # A square on the rim may have its centre outside the city when it holds a place: a handful of thousands.
    assert outside.sum() <= 20
    assert (located["district_left"] == located["district_right"])[~outside].all()


def test_ring_follows_the_density_within_one_kilometre(zones):
    # 13 centres of 500 m squares lie within 1 km of a centre: 13 x 0.25 = 3.25 km2.
    centres = zones[["easting_m", "northing_m"]].to_numpy() + 250.0
    near = cKDTree(centres).query_ball_point(centres, 1_000.0)
    per_km2 = np.array([zones["residents"].to_numpy()[n].sum() for n in near]) / 3.25
    ring = np.select([per_km2 > 10_000, per_km2 > 2_000, per_km2 > 300], ["core", "urban", "suburban"], "rural")
    assert zones["ring"].to_list() == ring.tolist()
    assert zones["norm_m"].to_list() == zones["ring"].map(NORM_M).to_list()


def test_squares_without_residents_are_kept_only_for_a_usable_place(zones, places):
    usable = places[places["kind"] != "other"].to_crs(METRIC)
    east, north = usable.geometry.x // 500, usable.geometry.y // 500
    held = {f"z{int(e):04d}_{int(n):05d}" for e, n in zip(east, north, strict=True)}
    assert held <= set(zones["zone_id"])
    assert set(zones.loc[zones["residents"] == 0, "zone_id"]) <= held


def test_people_are_where_a_city_of_this_size_has_them(zones):
    # 40,000 per km2 is a dense street of tower blocks; small streets may go 10 % above their even share.
    assert zones["residents"].max() <= 20_000
    # The six urban districts hold 4,529,141 / 5,304,061 = 85 %, the county towns a few per cent more.
    shares = zones.groupby("ring")["residents"].sum() / CITY_RESIDENTS
    assert shares[["core", "urban", "suburban"]].sum() > 0.9
    assert 0.4 < shares["core"] < 0.7


# ---- streets -----------------------------------------------------------------------------------------------------


def test_streets_are_one_connected_graph(streets):
    graph = nx.from_pandas_edgelist(streets, "u", "v")
    assert nx.is_connected(graph)
    assert not streets["oneway"].any() and streets["class_inferred"].all()
    assert streets["street_id"].is_unique and streets["street_id"].is_monotonic_increasing
    pairs = {frozenset(pair) for pair in zip(streets["u"], streets["v"], strict=True)}
    assert len(pairs) == len(streets), "two rows for one pair of nodes"
    assert (streets["u"] != streets["v"]).all()


def test_a_node_is_a_coordinate_and_a_coordinate_is_a_node(streets):
    ends = [(row.u, row.geometry.coords[0]) for row in streets.itertuples()]
    ends += [(row.v, row.geometry.coords[-1]) for row in streets.itertuples()]
    assert len({node for node, _ in ends}) == len(set(ends)) == len({xy for _, xy in ends})


def test_streets_are_never_shorter_than_their_straight_line(streets):
    straight = streets.to_crs(METRIC).length
    # The UTM scale is 1.0002 here at most and coordinates are rounded to 0.1 m: 0.5 m covers both for the shortest.
    assert (streets["metres"] >= straight - 0.5).all()
    assert streets["detour_factor"].between(1.0, 1.6).all()
    assert np.allclose(streets["metres"], straight * streets["detour_factor"], rtol=1e-3, atol=1)


def test_classes_and_speeds_are_the_stated_ones(streets):
    speed = {"trunk": 60, "primary": 45, "secondary": 35}
    assert set(streets["road_class"]) == set(speed)
    assert streets["speed_kmh"].to_list() == streets["road_class"].map(speed).to_list()


def test_street_kilometres_inside_the_city(streets, districts):
    # The raw skeleton has 1,682 km inside; joining the two carriageways of dual roads takes off about 200.
    city = districts.to_crs(METRIC).union_all()
    inside_km = streets.to_crs(METRIC).intersection(city).length.sum() / 1_000
    assert 1_400 < inside_km < 1_600


def test_most_residents_live_near_an_arterial(zones, streets):
    centre = gpd.GeoSeries.from_xy(zones["easting_m"] + 250, zones["northing_m"] + 250, crs=METRIC)
    far = centre.distance(streets.to_crs(METRIC).union_all()) > 3_000
    assert zones.loc[far, "residents"].sum() / CITY_RESIDENTS < 0.05


# ---- districts and places ----------------------------------------------------------------------------------------


def test_districts_are_the_ten_units_without_overlap(districts):
    assert districts["code"].is_monotonic_increasing and districts["district"].to_list() == list(CENSUS_2020)
    metric = districts.to_crs(METRIC)
    assert metric.is_valid.all()
    assert metric.area.sum() - metric.union_all().area < 1e4  # overlap below 0.01 km2
    assert districts["area_km2"].sum() == pytest.approx(CITY_AREA_KM2, rel=0.01)
    assert np.allclose(districts["area_km2"], metric.area / 1e6, atol=0.06)


def test_places_have_known_kinds_ids_and_districts(places, districts):
    assert set(places["kind"]) <= KINDS
    assert places["place_id"].to_list() == [f"p{number:04d}" for number in range(1, len(places) + 1)]
    # 1,630 OSM places and 10 named nodes that OSM does not carry
    from_osm = places["osm_id"].notna()
    assert (from_osm.sum(), (~from_osm).sum()) == (1_630, 10)
    assert places.loc[from_osm, "osm_id"].is_unique and places.loc[from_osm, "osm_id"].is_monotonic_increasing
    assert set(places["district"]) == set(districts["district"])
    west, south, east, north = CITY_BOX
    assert places.geometry.x.between(west, east).all() and places.geometry.y.between(south, north).all()


def test_places_are_in_the_right_datum(places):
    # OSM has 太原南站 at 112.6046 E, 37.7912 N; in GCJ-02 it would stand about 560 m away, at 112.611. The terminal
    # (候机楼) must also lie within half the 3.6 km runway of the published airport reference point.
    metric = places.to_crs(METRIC).set_index("name_zh").geometry
    assert metric["候机楼"].distance(metric["太原武宿国际机场"]) < 1_800
    station = places.set_index("name_zh").geometry["太原南站"]
    assert (round(station.x, 3), round(station.y, 3)) == (112.605, 37.791)


def test_each_kind_that_a_plan_needs_is_there(places):
    # Counted in the source by class: hospitals 54 (one is a chemist), malls and department stores 25 (some are
    # markets or single shops, names of buildings add others), universities and colleges 60 (seven are parts of a
    # campus), schools and kindergartens 126, housing compounds 113; six stations are known by name.
    count = places["kind"].value_counts()
    least = {"hospital": 53, "mall": 25, "university": 52, "school": 126, "residential": 113, "station": 6}
    assert {kind: int(count[kind]) >= n for kind, n in least.items()} == dict.fromkeys(least, True)


def test_every_rule_of_the_kind_table_names_a_known_kind():
    rules = pd.read_csv(FOLDER / "kinds.csv", keep_default_na=False)
    assert set(rules["kind"]) <= KINDS
    assert rules.iloc[-1][["fclass", "name_pattern", "kind"]].to_list() == ["*", "", "other"]


# ---- the folder --------------------------------------------------------------------------------------------------


def test_the_folder_stays_small():
    size = sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file() and file.suffix != ".pyc")
    assert size < 5_000_000


def test_geojson_has_one_feature_a_line_and_readable_chinese():
    text = (FOLDER / "districts.geojson").read_text(encoding="utf-8")
    assert text.count("\n") == 12  # a line to open, ten districts, a line to close
    assert "小店区" in text and "\\u" not in text
