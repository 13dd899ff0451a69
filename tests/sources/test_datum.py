"""Datums: the published vector, prcoords as oracle, the way back, and wrong declarations found by named places."""

import math
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import prcoords
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from helpers.places import TOYTOWN
from planner.sources.datum import DATUMS, from_wgs84, suspect_datum, to_wgs84

Convert = Callable[[tuple[float, float]], tuple[float, float]]
Faults = Callable[..., list[str]]
SHIFTED = ("gcj02", "bd09")
WEST, SOUTH, EAST, NORTH = 72.004, 0.8293, 137.8347, 55.8271
METRES = Geod(ellps="WGS84")
in_china = {"lon": st.floats(WEST, EAST), "lat": st.floats(SOUTH, NORTH)}


def metres(lon0: np.ndarray, lat0: np.ndarray, lon1: np.ndarray, lat1: np.ndarray) -> np.ndarray:
    return np.asarray(METRES.inv(lon0, lat0, lon1, lat1)[2])


# ---- the shifts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("datum", "expected"),
    [("wgs84", (112.55, 37.87)), ("gcj02", (112.556297, 37.870523)), ("bd09", (112.562675, 37.876851))],
)
def test_vector(datum: str, expected: tuple[float, float]) -> None:
    lon, lat = from_wgs84(112.55, 37.87, datum)
    assert (float(lon), float(lat)) == pytest.approx(expected, abs=5e-7)  # given to six decimals
    back = to_wgs84(lon, lat, datum)
    assert (float(back[0]), float(back[1])) == pytest.approx((112.55, 37.87), abs=1e-9)


@pytest.mark.parametrize(("datum", "oracle"), [("gcj02", prcoords.wgs_gcj), ("bd09", prcoords.wgs_bd)])
@given(**in_china)
def test_same_as_prcoords(datum: str, oracle: Convert, lon: float, lat: float) -> None:
    expected_lat, expected_lon = oracle((lat, lon))
    found = from_wgs84(lon, lat, datum)
    assert float(found[0]) == pytest.approx(expected_lon, abs=1e-11)
    assert float(found[1]) == pytest.approx(expected_lat, abs=1e-11)


@pytest.mark.parametrize("datum", DATUMS)
@given(**in_china)
def test_there_and_back(datum: str, lon: float, lat: float) -> None:
    back = to_wgs84(*from_wgs84(lon, lat, datum), datum)
    assert abs(float(back[0]) - lon) < 1e-9  # 0.1 mm, far below the 0.1 m asked for
    assert abs(float(back[1]) - lat) < 1e-9


@pytest.mark.parametrize("datum", SHIFTED)
def test_the_way_back_holds_all_over_the_box(datum: str) -> None:
    lon, lat = (grid.ravel() for grid in np.meshgrid(np.linspace(WEST, EAST, 401), np.linspace(SOUTH, NORTH, 401)))
    x, y = from_wgs84(lon, lat, datum)
    back = to_wgs84(x, y, datum)
    assert max(np.abs(back[0] - lon).max(), np.abs(back[1] - lat).max()) < 1e-9
    moved = metres(lon, lat, x, y)
    assert np.median(moved) > 300
    assert moved.max() < 5_000


@pytest.mark.parametrize("datum", DATUMS)
@pytest.mark.parametrize(
    "point", [(0, 0), (71.9, 40), (137.95, 40), (105, 0.7), (105, 56), (-112, -37), (180, 90), (0, -90)]
)
def test_outside_the_box_nothing_moves(datum: str, point: tuple[float, float]) -> None:
    for convert in (from_wgs84, to_wgs84):
        lon, lat = convert(*point, datum)
        assert (float(lon), float(lat)) == point


def test_the_shift_ends_at_the_box() -> None:
    inside, outside = from_wgs84([WEST, WEST - 1e-6], [40, 40], "gcj02")[0]
    assert (inside - WEST > 0.001, outside) == (True, WEST - 1e-6)


def test_shapes_and_inputs_are_kept() -> None:
    lon, lat = np.full((2, 3), 112.55), np.full((2, 3), 37.87)
    lon[0, 0] = math.nan
    before = lon.copy()
    x, y = from_wgs84(lon, lat, "gcj02")
    assert (x.shape, y.shape) == ((2, 3), (2, 3))
    assert math.isnan(x[0, 0])
    assert x[1] == pytest.approx([112.55629654] * 3, abs=1e-8)
    np.testing.assert_array_equal(lon, before)
    empty = to_wgs84([], [], "bd09")
    assert (len(empty[0]), len(empty[1])) == (0, 0)
    series = to_wgs84(pd.Series([112.556297]), pd.Series([37.870523]), "gcj02")
    assert series[0] == pytest.approx([112.55], abs=1e-6)


@pytest.mark.parametrize("datum", ["", "GCJ02", "wgs-84", "mars"])
def test_an_unknown_datum_is_refused(datum: str, faults: Faults) -> None:
    for convert in (from_wgs84, to_wgs84):
        (fault,) = faults(convert, 112, 37, datum)
        said = f"found {datum!r}; declare one of wgs84, gcj02, bd09 (it cannot be seen from the coordinates)"
        assert fault == f"datum: {said}"


# ---- named places -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def places() -> gpd.GeoDataFrame:
    table = gpd.read_file(TOYTOWN.parent / "taiyuan" / "places.geojson")
    return table[table["name_zh"].notna()]


def mistaken(places: gpd.GeoDataFrame, true: str, told: str, noise_m: float = 0.0) -> gpd.GeoDataFrame:
    """The places as a file in the datum `true` reads when declared `told`."""
    lon, lat = from_wgs84(places.geometry.x, places.geometry.y, true)
    lon, lat = to_wgs84(lon, lat, told)
    draw = np.random.default_rng(7)
    lon = lon + draw.normal(0, noise_m, len(lon)) / (111_320 * np.cos(np.radians(37.87)))
    lat = lat + draw.normal(0, noise_m, len(lat)) / 111_000
    return places.set_geometry(gpd.points_from_xy(lon, lat, crs=4326))


@pytest.mark.parametrize("noise_m", [0.0, 50.0])
@pytest.mark.parametrize(
    ("true", "told", "datum", "words", "offset_m"),
    [
        ("wgs84", "wgs84", "wgs84", "consistent with WGS 84; median offset of", 0),
        ("gcj02", "wgs84", "gcj02", "really in GCJ-02, declared WGS 84; median offset of", 560),
        ("bd09", "wgs84", "bd09", "really in BD-09, declared WGS 84; median offset of", 1_350),
        ("wgs84", "gcj02", "gcj02", "was WGS 84 but was converted as if GCJ-02; median offset of", 560),
        ("wgs84", "bd09", "bd09", "was WGS 84 but was converted as if BD-09; median offset of", 1_350),
        ("bd09", "gcj02", "bd09", "was BD-09 but was converted as if GCJ-02; median offset of", 900),
        ("gcj02", "bd09", "gcj02", "was GCJ-02 but was converted as if BD-09; median offset of", 900),
    ],
)  # 560 and 1,350 m: libraries.md; 900 m: 0.0065 deg x 87.9 km and 0.006 deg x 111 km, turned: 571 and 666, so 877
def test_wrong_declarations_are_found(
    places: gpd.GeoDataFrame, true: str, told: str, datum: str, words: str, offset_m: float, noise_m: float
) -> None:
    found = suspect_datum(mistaken(places, true, told, noise_m).to_crs(32649), places)
    assert found.datum == datum
    assert found.words.en.startswith(words)
    assert found.offset_m == pytest.approx(offset_m, abs=50)
    names = places["name_zh"].str.replace(r"\s", "", regex=True).str.casefold()
    points = pd.DataFrame({"name": names, "x": places.geometry.x, "y": places.geometry.y}).drop_duplicates()
    assert found.matched == (points["name"].value_counts() == 1).sum() > 1_000
    assert f"{found.matched} 个同名地点的中位偏移 {found.offset_m:,.0f} m" in found.words.zh


def test_nineteen_names_cannot_tell(places: gpd.GeoDataFrame) -> None:
    once = places[~places["name_zh"].duplicated(keep=False)]
    shifted = mistaken(once, "gcj02", "wgs84")
    found = suspect_datum(shifted.iloc[:19], places)
    assert (found.datum, found.matched) == (None, 19)
    assert found.words.en == "cannot tell: 19 names matched, 20 needed"
    assert found.words.zh == "无法判断：仅匹配到 19 个同名地点，至少需要 20 个"
    assert found.offset_m == pytest.approx(560, abs=50)
    assert suspect_datum(shifted.iloc[:20], places).datum == "gcj02"
    none = suspect_datum(shifted.iloc[:0], places)
    assert (none.datum, none.matched, math.isnan(none.offset_m)) == (None, 0, True)


def test_names_are_compared_without_blanks_and_capitals_and_only_where_they_stand_once() -> None:
    known = gpd.GeoDataFrame(
        {"name_zh": [f"Place {n}" for n in range(20)]},
        geometry=gpd.points_from_xy(112.5 + 0.001 * np.arange(20), np.full(20, 37.87)),
        crs=4326,
    )
    named = mistaken(known, "gcj02", "wgs84").assign(name_zh=[f" pLACE{n}\u3000" for n in range(20)])
    assert suspect_datum(named, known).datum == "gcj02"
    again = pd.concat([named, named.iloc[:1]])  # one place in two rows, as of a station with two kinds of chargers
    assert suspect_datum(again, known).matched == 20
    elsewhere = named.iloc[:1].set_geometry(named.geometry.iloc[1:2].to_numpy())
    assert suspect_datum(pd.concat([named, elsewhere]), known).matched == 19
    nameless = named.assign(name_zh=[None, "", *named["name_zh"][2:]])
    assert suspect_datum(nameless, known).matched == 18
    renamed = (named.rename(columns={"name_zh": "title"}), known.rename(columns={"name_zh": "title"}))
    assert suspect_datum(*renamed, name="title").datum == "gcj02"


@pytest.mark.parametrize("metres", [200, 5_000])  # the nearest explanation is none, or 4 km away
def test_an_offset_that_fits_nothing_is_said(places: gpd.GeoDataFrame, metres: float) -> None:
    moved = places.to_crs(32649)
    moved = moved.set_geometry(moved.translate(0.6 * metres, -0.8 * metres))
    found = suspect_datum(moved, places)
    assert found.datum is None
    assert found.offset_m == pytest.approx(metres, rel=0.001)  # 3, 4, 5; UTM's scale is within 0.1 %
    assert found.words.en.startswith("cannot tell: no datum explains it to 150 m; median offset of ")
    assert found.words.en.endswith(" m north)")
    assert found.words.zh.startswith("无法判断：没有坐标系能在 150 m 内解释")


def test_places_that_disagree_cannot_tell(places: gpd.GeoDataFrame) -> None:
    """A third each a kilometre west, east and right: the median is zero, and two thirds contradict it."""
    moved = places.to_crs(32649)
    east = 1_000.0 * (np.arange(len(moved)) % 3 - 1)
    moved = moved.set_geometry(gpd.points_from_xy(moved.geometry.x + east, moved.geometry.y, crs=32649))
    found = suspect_datum(moved, places)
    assert found.datum is None
    assert found.words.en.startswith("cannot tell: the places disagree; median offset of ")


def test_order_does_not_matter(places: gpd.GeoDataFrame) -> None:
    shifted = mistaken(places, "bd09", "wgs84", 50.0)
    assert suspect_datum(shifted.iloc[::-1], places) == suspect_datum(shifted, places.sample(frac=1, random_state=3))


def test_a_table_without_names_is_refused(places: gpd.GeoDataFrame, faults: Faults) -> None:
    bare = places[["geometry"]]
    assert faults(suspect_datum, bare, bare) == [
        "named places, column name_zh: missing; names are what is compared",
        "known places, column name_zh: missing; names are what is compared",
    ]
