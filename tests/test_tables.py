"""The check at each door: what a table must be, refused by its words and all at once; what passes is unchanged."""

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, Polygon

from planner.tables import (
    ACCESS,
    CAPACITY,
    CHARGER_TYPES,
    CHARGERS,
    DEMAND,
    SITES,
    STREETS,
    ZONES,
    check_geometry,
    check_table,
)


@pytest.fixture
def zones() -> pd.DataFrame:
    table = pd.DataFrame(
        {"district": ["北区", "南区", "南区"], "ring": "urban", "norm_m": 1000, "residents": [1, 2, 3]}
    )
    return table.set_index(pd.Index(["z1", "z2", "z3"], name="zone_id"))


@pytest.fixture
def streets() -> pd.DataFrame:
    table = pd.DataFrame(
        {"u": [1, 2], "v": [2, 3], "oneway": [True, False], "road_class": "primary", "metres": [5, 6], "speed_kmh": 30}
    )
    return table.set_index(pd.Index(["s1", "s2"], name="street_id"))


def test_a_good_table_comes_back_with_numbers_as_numbers(zones: pd.DataFrame) -> None:
    given = zones.assign(residents=["1", "2", "3"], note="kept")
    before = given.copy(deep=True)
    checked = check_table(given, ZONES)
    assert checked["residents"].tolist() == [1.0, 2.0, 3.0]
    assert checked["note"].tolist() == ["kept"] * 3
    pd.testing.assert_frame_equal(given, before)


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("residents", [1, -2, 3], "row z2: found -2.0; expected at least 0"),
        ("residents", [1, np.nan, 3], "row z2: found nan; fill the empty cells"),
        ("residents", [1, 2.5, 3], "row z2: found 2.5; a whole number is expected"),
        ("residents", [1, np.inf, 3], "row z2: found inf; a finite number is expected"),
        ("residents", [1, "many", 3], "row z2: found many; a number is expected"),
        ("residents", ["a", "b", "c"], "row z1, z2, z3: found a, b, c; a number is expected"),
        ("norm_m", [1, 0, 3], "row z2: found 0.0; expected at least 1.0"),
        ("ring", ["core", "suburb", "rural"], "row z2: found suburb; expected one of core, urban, suburban, rural"),
        ("district", ["a", None, "c"], "row z2: found None; fill the empty cells"),
        (
            "district",
            [1, 2, 3],
            "row z1, z2, z3: found 1, 2, 3; text is expected; put numbers that are names in quotes",
        ),
        ("home_charging_share", [0.1, 1.2, 0.3], "row z2: found 1.2; expected within 0, 1"),
        ("home_charging_share", [0.1, np.nan, 0.3], "row z2: found nan; fill the empty cells"),
    ],
)
def test_one_bad_column(
    zones: pd.DataFrame, faults: Callable[..., list[str]], column: str, values: list[object], said: str
) -> None:
    given = zones.assign(**{column: pd.Series(values, index=zones.index)})
    (fault,) = faults(check_table, given, ZONES, "zones.csv")
    assert fault.replace("found nan", "found None") == f"zones.csv, column {column}, {said}".replace("nan", "None")


def test_everything_at_once(zones: pd.DataFrame, faults: Callable[..., list[str]]) -> None:
    given = zones.drop(columns=["norm_m", "district"]).assign(residents=[-1, 2.5, 3], ring=["core", "x", "y"])
    assert faults(check_table, given, ZONES) == [
        "zones, column district: missing; add it",
        "zones, column norm_m: missing; add it",
        "zones, column residents, row z1: found -1.0; expected at least 0",
        "zones, column residents, row z2: found 2.5; a whole number is expected",
        "zones, column ring, row z2, z3: found x, y; expected one of core, urban, suburban, rural",
    ]


def test_many_rows_are_shortened(faults: Callable[..., list[str]]) -> None:
    index = pd.Index([f"z{n}" for n in range(1, 10)], name="zone_id")
    given = pd.DataFrame({"district": "北区", "ring": "urban", "norm_m": 1, "residents": -1}, index=index)
    (fault,) = faults(check_table, given, ZONES)
    assert fault == "zones, column residents, row z1, z2, z3, z4, z5 … (+4): found -1.0; expected at least 0"


def test_ids(zones: pd.DataFrame, faults: Callable[..., list[str]]) -> None:
    (fault,) = faults(check_table, zones.set_axis(pd.Index(["z1", "z1", "z3"], name="zone_id")), ZONES)
    assert fault == "zones, column zone_id: found z1; every id may stand only once"
    (fault,) = faults(check_table, zones.set_axis(pd.Index([1, 2, 3], name="zone_id")), ZONES)
    assert fault.endswith("found 1, 2, 3; text is expected; put numbers that are names in quotes")
    (fault,) = faults(check_table, zones.set_axis(pd.Index(["z1", None, "z3"], name="zone_id")), ZONES)
    assert fault.endswith("fill the empty cells")


def test_pairs_of_ids_stand_once(faults: Callable[..., list[str]]) -> None:
    twice = pd.MultiIndex.from_tuples([("z1", "slow"), ("z1", "slow")], names=["zone_id", "service"])
    assert faults(check_table, pd.DataFrame({"energy_kwh_day": 1.0, "reach_m": 1.0}, index=twice), DEMAND) == [
        "demand: found z1 / slow; every combination of ids may stand only once"
    ]


def test_an_empty_table(zones: pd.DataFrame, faults: Callable[..., list[str]]) -> None:
    assert faults(check_table, zones.iloc[:0], ZONES, "zones.csv") == [
        "zones.csv: the table is empty; at least one row is needed"
    ]


@pytest.mark.parametrize("oneway", [[True, False], [1, 0], [1.0, 0.0]])
def test_true_and_false(streets: pd.DataFrame, oneway: list[object]) -> None:
    checked = check_table(streets.assign(oneway=oneway), STREETS)
    assert checked["oneway"].tolist() == [True, False]
    assert checked["oneway"].dtype == bool


@pytest.mark.parametrize("oneway", [["yes", "no"], ["True", "no"], [2, 0]])
def test_text_is_not_true(streets: pd.DataFrame, faults: Callable[..., list[str]], oneway: list[object]) -> None:
    # bool("no") is True: coerced carelessly, every street would be one-way.
    (fault,) = faults(check_table, streets.assign(oneway=oneway), STREETS)
    assert "column oneway, row s" in fault
    assert "true or false is expected" in fault


def test_an_unknown_direction_is_not_one_way(streets: pd.DataFrame, faults: Callable[..., list[str]]) -> None:
    given = streets.assign(oneway=pd.Series([True, None], index=streets.index, dtype=object))
    (fault,) = faults(check_table, given, STREETS)
    assert fault == "streets, column oneway, row s2: found <NA>; fill the empty cells"


def test_the_tables_of_toytown_pass_their_doors(
    sites: gpd.GeoDataFrame, demand: pd.DataFrame, access: pd.DataFrame
) -> None:
    for table, schema, rows in ((sites, SITES, 4), (demand, DEMAND, 18), (access, ACCESS, 26 + 15)):
        assert len(check_table(pd.DataFrame(table), schema)) == rows


def test_charger_tables(faults: Callable[..., list[str]]) -> None:
    kind = {"service": "fast", "kw_rated": 60, "bays_used": 1, "coincidence": 0.7, "price_cny": 1, "quota_units": 1}
    kind |= {"min_share": 0.0, "max_share": 1.0, "max_count": np.nan}
    types = pd.DataFrame([kind], index=pd.Index(["dc"], name="charger_type"))
    assert np.isnan(check_table(types, CHARGER_TYPES).loc["dc", "max_count"])
    spoiled = types.assign(coincidence=1.5, service="petrol", max_count=2.5)
    assert sorted(faults(check_table, spoiled, CHARGER_TYPES)) == [
        "charger_types, column coincidence, row dc: found 1.5; expected within 0, 1",
        "charger_types, column max_count, row dc: found 2.5; a whole number is expected",
        "charger_types, column service, row dc: found petrol; expected one of slow, fast, heavy, swap",
    ]
    pairs = pd.MultiIndex.from_tuples([("dc", 0), ("dc", 1)], names=["charger_type", "count"])
    assert len(check_table(pd.DataFrame({"energy_kwh_day": [0, 500]}, index=pairs), CAPACITY)) == 2
    standing = pd.MultiIndex.from_tuples([("p1", "dc")], names=["site_id", "charger_type"])
    (fault,) = faults(check_table, pd.DataFrame({"count": [0.5]}, index=standing), CHARGERS)
    assert "found 0.5; a whole number is expected" in fault


def test_geometry(faults: Callable[..., list[str]]) -> None:
    bow_tie = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    square = Polygon([(0, 0), (1, 0), (1, 1), (0, 1)])
    shapes = [square, bow_tie, None, Point(0, 0), Polygon()]
    table = gpd.GeoDataFrame(geometry=shapes, index=list("abcde"), crs=32649)
    assert faults(check_geometry, table, ("Polygon", "MultiPolygon"), "districts.geojson") == [
        "districts.geojson, rows c, e: no geometry; draw or delete these rows",
        "districts.geojson, rows d: expected Polygon or MultiPolygon",
        "districts.geojson, rows b: invalid geometry (self-intersection or the like); repair it",
    ]
    check_geometry(table.loc[["a"]], ("Polygon",), "districts.geojson")
    point = gpd.GeoDataFrame(geometry=[LineString([(1, 1), (1, 1)])], index=["a"], crs=32649)
    (fault,) = faults(check_geometry, point, ("LineString",), "streets.geojson")
    assert "invalid geometry" in fault  # a street of no length
