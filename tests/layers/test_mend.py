"""Geometries made plain and valid on reading, said; and those that are refused, named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from shapely import LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from helpers.texts import check_both
from planner.layers import read_layers
from planner.layers.mend import mend
from planner.scenario import StudyArea
from planner.words import Text

Edit = Callable[[Path, Callable[[list[Any]], object]], None]
Faults = Callable[..., list[str]]
AREAS, LINES, POINTS = ("Polygon", "MultiPolygon"), ("LineString",), ("Point",)


def table(**shapes: BaseGeometry | None) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes.values()), index=pd.Index(shapes, dtype=object), crs=32649)


def area(folder: Path) -> StudyArea:
    return StudyArea(folder=str(folder), crs="EPSG:32649", zone_side_m=500, attribution="made up")


# ---- repaired: what they cover stays --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "m2"),
    [
        # a square of 1 with an antenna of no width
        (Polygon([(0, 0), (1, 0), (1, 1), (1, 5), (1, 1), (0, 1)]), 1),
        # two triangles, 2 x 2 / 2 / 2 each, in one ring that touches itself at (1, 0)
        (Polygon([(0, 0), (2, 0), (2, 2), (1, 0), (0, 2)]), 2),
        # 4 x 4 with a hole of 1 whose side lies on the edge: 16 - 1
        (Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(0, 1), (1, 1), (1, 2), (0, 2)]]), 15),
        # 4 x 4 cut in two by holes of 2 that touch: 16 - 4
        (
            Polygon(box(0, 0, 4, 4).exterior, [[(2, 0), (3, 1), (2, 2), (1, 1)], [(2, 2), (3, 3), (2, 4), (1, 3)]]),
            12,
        ),
        # a hole drawn in one line with the outline, through a cut of no width: 16 - 1
        (Polygon([(0, 0), (4, 0), (4, 4), (2, 4), (2, 3), (3, 2), (1, 2), (2, 3), (2, 4), (0, 4)]), 15),
        # parts that share a side
        (MultiPolygon([box(0, 0, 1, 1), box(1, 0, 2, 1)]), 2),
        # parts that overlap by 0.005 of their 2: joined, no hole left between them
        (MultiPolygon([box(0, 0, 1, 1), box(0.995, 0, 2, 1)]), 2),
    ],
)
def test_what_covers_the_same_is_repaired(shape: BaseGeometry, m2: float) -> None:
    assert not shape.is_valid
    mended = mend(table(a=shape, b=box(0, 0, 1, 1)), AREAS, "districts.gpkg")
    assert (mended.faults, mended.bad.tolist()) == ((), [False, False])
    found = mended.table.geometry["a"]
    assert found.is_valid
    assert found.geom_type in AREAS
    assert found.area == pytest.approx(m2, rel=1e-9)
    assert mended.table.geometry["b"].equals(box(0, 0, 1, 1))
    (remark,) = mended.remarks
    check_both(remark)
    assert remark.en.startswith("1 invalid repaired")
    assert remark.en.endswith(": a")
    assert remark.zh.startswith("1 个无效几何已修复")
    assert remark.zh.endswith("：a")


def test_a_repair_that_moves_a_little_says_how_much() -> None:
    """Parts of 1 and 1.005 overlap by 0.005; the hull is 2: 0.25 %."""
    mended = mend(table(a=MultiPolygon([box(0, 0, 1, 1), box(0.995, 0, 2, 1)])), AREAS, "districts.gpkg")
    assert mended.remarks == (
        Text(
            zh="1 个无效几何已修复（面积变化至多为外包络的 0.25%）：a",
            en="1 invalid repaired (area moved: up to 0.25% of the hull): a",
        ),
    )


# ---- refused: any repair is a guess ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        # a bow tie: two triangles of 1/4 cancel each other, the hull is 1
        (Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "(self-intersection at 0.5, 0.5) that cannot be repaired as it "
         "stands: 50% of its hull would change; redraw it"),
        # half of a part lies in the other one: 0.5 of the hull of 2
        (MultiPolygon([box(0, 0, 1, 1), box(0.5, 0, 2, 1)]), "25% of its hull would change"),
        (Polygon([(0, 0), (1, 1), (0, 0)]), "nothing would be left of it; redraw it"),
        # a hole of 1 beside a shell of 1: nothing drawn, 1 left
        (Polygon(box(0, 0, 1, 1).exterior, [box(2, 2, 3, 3).exterior.coords]), "100% of its hull would change"),
    ],
)  # fmt: skip
def test_what_a_repair_would_change_is_refused_by_name(shape: BaseGeometry, said: str) -> None:
    mended = mend(table(a=box(0, 0, 1, 1), b=shape), AREAS, "districts.gpkg")
    (fault,) = mended.faults
    assert fault.where == "districts.gpkg, rows b"
    assert fault.en.startswith("invalid geometry (")
    assert said in fault.en
    assert "几何无效" in fault.zh
    assert mended.bad.tolist() == [False, True]
    assert mended.remarks == ()


def test_collapsed_lines_are_refused() -> None:
    mended = mend(table(a=LineString([(1, 1), (1, 1)]), b=LineString([(0, 0), (1, 1)])), LINES, "streets.gpkg")
    assert [(f.where, f.en) for f in mended.faults] == [
        ("streets.gpkg, rows a", "invalid geometry (no length); draw or delete it")
    ]


def test_several_parts_are_refused_with_what_to_do() -> None:
    parts = MultiLineString([[(0, 0), (1, 0)], [(2, 0), (3, 0)]])
    mended = mend(table(a=parts, b=LineString([(0, 0), (1, 1)]), c=parts), LINES, "streets.gpkg")
    (fault,) = mended.faults
    assert fault.where == "streets.gpkg, rows a, c"
    assert fault.en.startswith("MultiLineString of several parts; explode it into single parts")
    assert mended.bad.tolist() == [True, False, True]


# ---- made plain -----------------------------------------------------------------------------------------------------


def test_one_part_becomes_simple_and_heights_go() -> None:
    line, point = LineString([(0, 0, 7), (3, 4, 9)]), Point(1, 2)
    lines = mend(table(a=MultiLineString([line]), b=LineString([(0, 0), (1, 0)])), LINES, "streets.gpkg")
    assert lines.table.geometry["a"].wkt == "LINESTRING (0 0, 3 4)"
    assert lines.remarks == (
        Text(zh="已舍弃 1 个要素的高程：a", en="heights of 1 left out: a"),
        Text(zh="1 个单部件复合几何已改为简单几何：a", en="1 multiple of a single part made simple: a"),
    )
    points = mend(table(a=MultiPoint([point]), b=MultiPoint([point, point])), POINTS, "places.gpkg")
    assert points.table.geometry["a"].equals(point)
    assert points.faults[0].where == "places.gpkg, rows b"


def test_missing_geometry_and_many_parts_of_areas_are_left_alone() -> None:
    given = table(a=None, b=Polygon(), c=MultiPolygon([box(0, 0, 1, 1), box(2, 2, 3, 3)]))
    mended = mend(given, AREAS, "districts.gpkg")
    assert (mended.remarks, mended.faults, mended.bad.any()) == ((), (), False)
    pd.testing.assert_series_equal(mended.table.geometry, given.geometry)


# ---- through the door -----------------------------------------------------------------------------------------------


def test_layers_carry_what_was_done(town: Path, edit: Edit) -> None:
    """An antenna on the southern district, a height on p1, s01 as a multiple line of one part."""

    def spike(features: list[Any]) -> None:
        ring = features[1]["geometry"]["coordinates"][0]
        ring[1:1] = [[112.138, 37.90], ring[0]]

    edit(town / "districts.geojson", spike)
    edit(town / "places.geojson", lambda fs: fs[0]["geometry"]["coordinates"].append(800.0))
    edit(town / "streets.geojson", lambda fs: fs[0].update(geometry=multiple(fs[0]["geometry"])))
    found = read_layers(area(town))
    assert [(remark.layer, remark.text.en) for remark in found.remarks] == [
        ("districts", "1 invalid repaired: 南区"),
        ("streets", "1 multiple of a single part made simple: s01"),
        ("places", "heights of 1 left out: p1"),
    ]
    assert found.districts.geometry["南区"].area == pytest.approx(1_500 * 500, rel=1e-6)
    assert not shapely.has_z(found.places.geometry.to_numpy()).any()
    assert found.streets.geometry["s01"].length == pytest.approx(500, abs=1e-3)


def test_several_parts_are_one_fault_not_two(town: Path, edit: Edit, faults: Faults) -> None:
    def split(features: list[Any]) -> None:
        line = features[0]["geometry"]["coordinates"]
        features[0]["geometry"] = {"type": "MultiLineString", "coordinates": [line, line]}

    edit(town / "streets.geojson", split)
    (fault,) = faults(read_layers, area(town))
    assert fault.startswith("streets.geojson, rows s01: MultiLineString of several parts; explode it")


def multiple(geometry: dict[str, Any]) -> dict[str, Any]:
    return {"type": f"Multi{geometry['type']}", "coordinates": [geometry["coordinates"]]}


# ---- where layers lie -----------------------------------------------------------------------------------------------


def turned(features: list[Any]) -> None:
    for feature in features:
        feature["geometry"]["coordinates"].reverse()


def test_latitude_first_is_named_where_only_longitude_fits(town: Path, edit: Edit, faults: Faults) -> None:
    """38, 112 cannot be longitude, latitude: no latitude is above 90."""
    edit(town / "places.geojson", turned)
    (fault,) = faults(read_layers, area(town))
    assert fault == (
        "places.geojson, rows p1, p2, p3, p4, p5: longitude and latitude are swapped, found 37.9443, 112.1410; "
        "longitude comes first"
    )
    edit(town / "places.geojson", turned)
    edit(town / "places.geojson", lambda fs: turned(fs[:1]))
    assert faults(read_layers, area(town))[0].startswith("places.geojson, rows p1: longitude and latitude are swapped")


def test_swapped_eastings_are_found_by_the_districts(town: Path, faults: Faults) -> None:
    text = (town / "zones.csv").read_text(encoding="utf-8")
    swapped = text.replace("easting_m,northing_m", "northing_m,easting_m", 1)
    (town / "zones.csv").write_text(swapped, encoding="utf-8")
    (fault,) = faults(read_layers, area(town))
    assert fault.startswith(f"{town / 'zones.csv'}: does not touch the districts: it covers lon, lat ")
    assert "the districts 112.138, 37.942 to 112.155, 37.956; x and y (longitude and latitude) are swapped" in fault


def test_a_layer_elsewhere_is_named_with_both_extents(town: Path, edit: Edit, faults: Faults) -> None:
    def east(features: list[Any]) -> None:
        for feature in features:
            feature["geometry"]["coordinates"][0] += 1

    edit(town / "places.geojson", east)
    (fault,) = faults(read_layers, area(town))
    # p1 stands at 112.1410, 37.9443, p3 at 112.1523, p4 at 37.9542; all a degree further east.
    assert fault == (
        f"{town / 'places.geojson'}: does not touch the districts: it covers lon, lat 113.141, 37.944 to 113.152, "
        "37.954, the districts 112.138, 37.942 to 112.155, 37.956; check the file and its CRS"
    )


def test_districts_elsewhere_are_told_themselves(town: Path, edit: Edit, faults: Faults) -> None:
    def south(features: list[Any]) -> None:
        for feature in features:
            for corner in feature["geometry"]["coordinates"][0]:
                corner[1] -= 2

    edit(town / "districts.geojson", south)
    (fault,) = faults(read_layers, area(town))
    assert fault.startswith(f"{town / 'districts.geojson'}: does not touch the other layers: it covers lon, lat 112.13")
    assert "swapped" not in fault


def test_no_place_in_the_working_crs(town: Path, edit: Edit, faults: Faults) -> None:
    """A quarter of the globe off its meridian, a point of the equator lies at infinity of the projection."""
    edit(town / "places.geojson", lambda fs: fs[1]["geometry"].update(coordinates=[-159.0, 0.0]))
    (fault,) = faults(read_layers, area(town))
    assert fault.startswith(f"{town / 'places.geojson'}, rows p2: have no place in EPSG:32649")
