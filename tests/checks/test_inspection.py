"""What `planner check` sees in the layers: every row of its table, on spoiled copies of toytown."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from rich.cells import cell_len
from rich.console import Console
from shapely import Point, box

from planner.checks.inspection import Inspection, LayerFacts, inspect_layers
from planner.console.check import layer_table
from planner.layers import Layers, read_layers
from planner.scenario import Scenario, StudyArea, read_scenario
from planner.sources.datum import from_wgs84
from planner.views import check
from planner.words import Lang, same

Edit = Callable[[Path, Callable[[list[Any]], object]], None]
WEST, SOUTH = 600_000, 4_200_000


def read(folder: Path) -> Layers:
    return read_layers(StudyArea(folder=str(folder), crs="EPSG:32649", zone_side_m=500, attribution="made up"))


def facts_of(layers: Layers, name: str) -> LayerFacts:
    return next(facts for facts in inspect_layers(layers).layers if facts.name == name)


def found_lines(facts: LayerFacts, inspection: Inspection, lang: Lang) -> list[str]:
    return [line.to(lang) for line in check.found_lines(facts, inspection)]


def coverage_lines(facts: LayerFacts, inspection: Inspection, lang: Lang) -> list[str]:
    return [line.to(lang) for line in check.coverage_lines(facts, inspection)]


def lines_of(layers: Layers, name: str, lang: Lang = "en") -> list[str]:
    inspection = inspect_layers(layers)
    return found_lines(next(f for f in inspection.layers if f.name == name), inspection, lang)


def copy_of(row: int, **properties: object) -> Callable[[list[Any]], object]:
    def add(features: list[Any]) -> None:
        features.append(deepcopy(features[row]))
        features[-1]["properties"].update(properties)

    return add


def with_zones(layers: Layers, squares: list[Any]) -> Layers:
    """Toytown with its first zones in other shapes."""
    zones = layers.zones.iloc[: len(squares)].set_geometry(gpd.GeoSeries(squares, crs=32649).to_numpy())
    return replace(layers, zones=zones.set_crs(32649, allow_override=True))


# ---- toytown as it is -----------------------------------------------------------------------------------------------


def test_toytown_is_clean(layers: Layers) -> None:
    inspection = inspect_layers(layers)
    assert [facts.name for facts in inspection.layers] == [
        "districts", "streets", "zones", "places", "chargers", "task_units", "feeders",
    ]  # fmt: skip
    assert inspection.faults == ()
    assert inspection.zoned_area_share == pytest.approx(1, abs=1e-6)
    assert inspection.residents.to_numpy().tolist() == [[2_800, 2_800], [1_200, 1_200]]
    for facts in inspection.layers[:-2]:
        assert facts.inside_share == pytest.approx(1, abs=1e-6), facts.name
        assert (facts.outside, facts.duplicates, facts.remarks) == ((), (), ())
        assert not any(line.startswith("! ") for line in found_lines(facts, inspection, "en"))
    zones = inspection.layers[2]
    assert (zones.features, zones.extent_m) == (9, (1_500.0, 1_500.0))
    assert zones.origin is not None and zones.origin.file.name == "zones.csv"
    assert found_lines(zones, inspection, "en") == ["no duplicates, geometries valid, no overlaps, none outside"]
    assert found_lines(zones, inspection, "zh") == ["无重复、几何有效、无重叠、无区外要素"]
    assert coverage_lines(zones, inspection, "en") == ["100.0 % of districts", "100.0 % of residents"]
    assert coverage_lines(zones, inspection, "zh") == ["区县面积 100.0 %", "区县居民 100.0 %"]


def test_a_layer_that_is_not_there_has_no_facts(layers: Layers) -> None:
    inspection = inspect_layers(layers)
    units = inspection.layers[-1]
    assert (units.features, units.extent_m, units.origin) == (0, None, None)
    assert np.isnan(units.inside_share)
    assert coverage_lines(units, inspection, "en") == ["–"]
    assert found_lines(units, inspection, "en") == []


def test_inspection_changes_nothing(layers: Layers) -> None:
    tables = {name: table for name, table in vars(layers).items() if name != "origins"}
    before = {name: table.copy(deep=True) for name, table in tables.items()}
    inspect_layers(layers)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, before[name])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_narrow_terminal_gets_the_same_words_in_fewer_columns(layers: Layers, lang: Lang) -> None:
    inspection = inspect_layers(layers)
    holds = {facts.name: same("") for facts in inspection.layers}
    shown = {}
    for width in (80, 120):
        out = Console(width=width, file=StringIO())
        out.print(layer_table(inspection, holds, "EPSG:32649", lang, width))
        assert isinstance(out.file, StringIO)
        shown[width] = out.file.getvalue()
        assert {cell_len(line) for line in shown[width].splitlines()[1:]} == {width}
    words = "1.5 x 1.5 km, EPSG:32649 (scenario)", "coverage: 100.0 % of districts, 100.0 % of residents"
    words_zh = "1.5 x 1.5 km, EPSG:32649 （情景）", "覆盖：区县面积 100.0 %、区县居民 100.0 %"
    for line in words_zh if lang == "zh" else words:
        assert line in shown[80]
        assert line not in shown[120]


# ---- duplicates -----------------------------------------------------------------------------------------------------


def test_copies_are_named_with_their_first(town: Path, edit: Edit) -> None:
    edit(town / "streets.geojson", copy_of(0, street_id="s90"))
    edit(town / "streets.geojson", lambda fs: fs[-1]["geometry"]["coordinates"].reverse())  # the other way round
    edit(town / "streets.geojson", copy_of(1, street_id="s91", road_class="trunk"))  # no copy: another class
    found = facts_of(read(town), "streets")
    assert found.duplicates == (("s01", "s90"),)
    assert "! 1 duplicate: s90 = s01" in lines_of(read(town), "streets")
    assert "! 1 个重复：s90 = s01" in lines_of(read(town), "streets", "zh")


def test_points_of_one_name_at_one_spot_are_one_thing(town: Path, edit: Edit) -> None:
    """p6 and p7 have p2's name, half a metre and two metres to the east of it (a metre is 1.14e-5 degrees there)."""
    for place, metres in (("p6", 0.5), ("p7", 2.0)):
        edit(town / "places.geojson", copy_of(1, place_id=place, kind="hospital", bays=9))
        edit(town / "places.geojson", lambda fs, m=metres: move(fs[-1], m * 1.14e-5))
    edit(town / "places.geojson", copy_of(1, place_id="p8", name_zh="另一商场"))  # same spot, another name
    assert facts_of(read(town), "places").duplicates == (("p2", "p6"),)


def test_two_types_at_one_station_are_no_duplicate(town: Path, edit: Edit) -> None:
    edit(town / "chargers.geojson", copy_of(0, charger_id="c2", charger_type="ac"))
    assert facts_of(read(town), "chargers").duplicates == ()
    edit(town / "chargers.geojson", copy_of(0, charger_id="c3", count=5))
    assert facts_of(read(town), "chargers").duplicates == (("c1", "c3"),)


def test_unnamed_points_are_compared_as_a_whole(town: Path, edit: Edit) -> None:
    edit(town / "places.geojson", lambda fs: fs[1]["properties"].update(name_zh=None, name_en=None))
    edit(town / "places.geojson", copy_of(1, place_id="p6"))
    edit(town / "places.geojson", copy_of(1, place_id="p7", kind="bank"))
    assert facts_of(read(town), "places").duplicates == (("p2", "p6"),)


def move(feature: dict[str, Any], east: float) -> None:
    feature["geometry"]["coordinates"][0] += east


# ---- overlaps -------------------------------------------------------------------------------------------------------


def test_overlapping_zones_are_a_fault_naming_pairs(town: Path) -> None:
    """z2 moved 100 m to the west: 100 x 500 m with z1, nothing with z3."""
    text = (town / "zones.csv").read_text(encoding="utf-8").replace("z2,600500", "z2,600400")
    (town / "zones.csv").write_text(text, encoding="utf-8")
    inspection = inspect_layers(read(town))
    (fault,) = inspection.faults
    assert fault.where == "zones.csv"
    assert fault.en.startswith("1 pair of zones overlaps, 50,000 m² in all: z1 & z2 (50,000 m²); what stands there")
    assert fault.en.endswith("correct the zones or zone_side_m")
    assert "z1 & z2" in fault.zh
    assert "! 1 pair overlaps, 50,000 m²: z1 & z2" in found_lines(inspection.layers[2], inspection, "en")


def test_a_rounding_sliver_is_no_fault(layers: Layers) -> None:
    """0.1 m of overlap over 500 m (six decimals of a degree) is a sliver of 50 m²; 1.5 m is none."""
    left, sliver = box(WEST, SOUTH, WEST + 500, SOUTH + 500), box(WEST + 499.9, SOUTH, WEST + 999.9, SOUTH + 500)
    inspection = inspect_layers(with_zones(layers, [left, sliver]))
    assert inspection.faults == ()
    assert "1 pair overlaps by slivers, 50 m²: z1 & z2" in found_lines(inspection.layers[2], inspection, "en")
    wide = box(WEST + 498.5, SOUTH, WEST + 998.5, SOUTH + 500)
    (fault,) = inspect_layers(with_zones(layers, [left, wide])).faults
    assert "z1 & z2 (750 m²)" in fault.en


def test_a_narrow_overlap_of_tiny_zones_is_a_fault(layers: Layers) -> None:
    """0.5 m of two zones 10 m wide is a twentieth of them."""
    shapes = [box(WEST, SOUTH, WEST + 10, SOUTH + 10), box(WEST + 9.5, SOUTH, WEST + 19.5, SOUTH + 10)]
    assert len(inspect_layers(with_zones(layers, shapes)).faults) == 1


def test_overlaps_of_any_shapes_are_those_of_every_pair(layers: Layers) -> None:
    """Squares, a triangle and a hexagon thrown together, against each pair intersected by itself."""
    dice = np.random.default_rng(3)
    shapes = []
    for corner in dice.uniform(0, 900, (9, 2)):
        sides = int(dice.choice([3, 4, 6]))
        turn = np.arange(sides) * 2 * np.pi / sides + np.pi / 4
        ring = 250 * np.column_stack([np.cos(turn), np.sin(turn)]) + corner + np.array([WEST, SOUTH])
        shapes.append(shapely.Polygon(ring))
    found = facts_of(with_zones(layers, shapes), "zones").overlaps
    expected = {
        (f"z{i + 1}", f"z{j + 1}"): shapes[i].intersection(shapes[j]).area
        for i in range(9)
        for j in range(i + 1, 9)
        if shapes[i].intersection(shapes[j]).area > 0
    }
    assert found is not None and len(expected) > 5
    assert found["m2"].is_monotonic_decreasing
    assert found.set_index(["first", "second"])["m2"].to_dict() == pytest.approx(expected)


def test_ten_thousand_zones_too_large_are_found_at_once(layers: Layers) -> None:
    """100 x 100 zones of 500 m drawn 600 m wide: neighbours on four sides and four corners."""
    east, north = (500.0 * axis.ravel() for axis in np.meshgrid(np.arange(100), np.arange(100)))
    shapes = shapely.box(WEST + east, SOUTH + north, WEST + east + 600, SOUTH + north + 600)
    zones = gpd.GeoDataFrame({"district": "南区", "residents": 1.0}, geometry=shapes, crs=32649, index=range(10_000))
    found = facts_of(replace(layers, zones=zones.rename_axis("zone_id")), "zones").overlaps
    assert found is not None
    # 2 x 100 x 99 sides of 100 x 600 m and 2 x 99 x 99 corners of 100 x 100 m
    assert found["m2"].value_counts().to_dict() == {60_000.0: 19_800, 10_000.0: 19_602}


def test_overlapping_districts_are_marked(town: Path, edit: Edit) -> None:
    """The northern district's south side 100 m further south; 100 x 1,500 m."""

    def lower(features: list[Any]) -> None:
        ring = features[0]["geometry"]["coordinates"][0]
        for corner in (0, 1, -1):
            ring[corner] = [ring[corner][0], ring[corner][1] - 100 / 111_000]

    edit(town / "districts.geojson", lower)
    inspection = inspect_layers(read(town))
    assert inspection.faults == ()
    (line,) = [line for line in found_lines(inspection.layers[0], inspection, "en") if "overlap" in line]
    assert line.startswith(("! 1 pair overlaps, 149,", "! 1 pair overlaps, 150,"))
    assert line.endswith("m²: 北区 & 南区")


# ---- against the boundary -------------------------------------------------------------------------------------------


def test_points_and_streets_outside_are_named(town: Path, edit: Edit) -> None:
    edit(town / "places.geojson", lambda fs: move(fs[3], 0.05))
    edit(town / "streets.geojson", lambda fs: [corner.__setitem__(0, corner[0] + 0.05) for corner in ends(fs[0])])
    layers = read(town)
    places, streets = facts_of(layers, "places"), facts_of(layers, "streets")
    assert (places.inside_share, places.outside) == (pytest.approx(4 / 5), ("p4",))
    assert (streets.inside_share, streets.outside) == (pytest.approx(11 / 12, rel=1e-3), ("s01",))
    assert "! 1 outside the districts: p4" in lines_of(layers, "places")
    assert "1 outside the districts: s01" in lines_of(layers, "streets")  # no mark: streets lead on


def ends(feature: dict[str, Any]) -> list[list[float]]:
    coordinates: list[list[float]] = feature["geometry"]["coordinates"]
    return coordinates


def test_a_street_across_the_boundary_counts_by_its_metres(layers: Layers) -> None:
    """Without the southern district the boundary runs at 500 m north: of s03 (250 to 750 m) half is inside."""
    north = replace(layers, districts=layers.districts.loc[["北区"]], streets=layers.streets.loc[["s03"]])
    assert facts_of(north, "streets").inside_share == pytest.approx(0.5, abs=1e-6)


def test_zones_cover_area_and_residents(town: Path) -> None:
    """Without z9 (200 of 2,800 in the north): 8 of 9 squares, 3,800 of 4,000 residents."""
    text = (town / "zones.csv").read_text(encoding="utf-8")
    (town / "zones.csv").write_text(text[: text.index("z9,")], encoding="utf-8")
    inspection = inspect_layers(read(town))
    zones = inspection.layers[2]
    assert coverage_lines(zones, inspection, "en") == ["88.9 % of districts", "95.0 % of residents"]
    assert inspection.residents.loc["北区"].tolist() == [2_800, 2_600]
    said = found_lines(zones, inspection, "en")
    assert said[0] == "! residents of zones / of their district differ: 北区 2,600 / 2,800"
    assert found_lines(zones, inspection, "zh")[0] == "! 网格居民之和与区县居民不符：北区 2,600 / 2,800"


def test_zones_beyond_the_districts_are_marked(layers: Layers) -> None:
    """One of two squares lies wholly, the other by a fifth outside: 60 % of their area."""
    outside, across = box(WEST - 900, SOUTH, WEST - 400, SOUTH + 500), box(WEST - 100, SOUTH, WEST + 400, SOUTH + 500)
    inspection = inspect_layers(with_zones(layers, [outside, across]))
    zones = inspection.layers[2]
    assert zones.inside_share == pytest.approx(0.4, abs=1e-6)
    assert found_lines(zones, inspection, "en")[:2] == [
        "! 60.0 % of their area outside the districts",
        "! 1 outside the districts: z1",
    ]


def test_task_units_by_area(layers: Layers) -> None:
    """A unit of 400 x 100 m, a quarter of it west of the town."""
    unit = box(WEST - 100, SOUTH, WEST + 300, SOUTH + 100)
    units = gpd.GeoDataFrame(geometry=[unit], index=pd.Index(["高新区"], name="task_unit"), crs=32649)
    inspection = inspect_layers(replace(layers, task_units=units))
    assert coverage_lines(inspection.layers[-2], inspection, "en") == ["75.0 % of area"]


def test_repairs_are_in_the_table(town: Path, edit: Edit) -> None:
    edit(town / "places.geojson", lambda fs: fs[0]["geometry"]["coordinates"].append(800.0))
    assert lines_of(read(town), "places")[0] == "! heights of 1 left out: p1"
    assert lines_of(read(town), "places", "zh")[0] == "! 已舍弃 1 个要素的高程：p1"


# ---- datum ----------------------------------------------------------------------------------------------------------


def named_points(layers: Layers, names: int, datum: str) -> Layers:
    """Toytown with so many named places, and chargers of the same names whose coordinates are of another datum."""
    east, north = (150.0 * axis.ravel()[:names] for axis in np.meshgrid(np.arange(6), np.arange(6)))
    true = gpd.points_from_xy(WEST + 200 + east, SOUTH + 200 + north, crs=32649)
    lon_lat = gpd.GeoSeries(true).to_crs(4326)
    lon, lat = from_wgs84(lon_lat.x.to_numpy(), lon_lat.y.to_numpy(), datum)
    columns = {"kind": "mall", "charger_type": "dc", "count": 1.0, "name_en": None, "bays": 1.0, "source": "made up"}
    table = pd.DataFrame({"name_zh": [f"地点{n}" for n in range(names)], **columns}, index=range(names))
    table.index = table.index.map(lambda n: f"x{n:02d}")
    places = gpd.GeoDataFrame(table, geometry=np.asarray(true), crs=32649)
    chargers = gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(lon, lat), crs=4326).to_crs(32649)
    return replace(layers, places=places, chargers=chargers)


@pytest.mark.parametrize(("datum", "mark"), [("wgs84", ""), ("gcj02", "! "), ("bd09", "! ")])
def test_places_and_chargers_tell_on_each_other(layers: Layers, datum: str, mark: str) -> None:
    town = named_points(layers, 25, datum)
    word = facts_of(town, "chargers").datum
    assert word is not None
    assert (word.against, word.suspicion.datum, word.suspicion.matched) == ("places", datum, 25)
    (line,) = [line for line in lines_of(town, "chargers") if "datum" in line]
    assert line.startswith(f"{mark}datum, by names of places: ")
    (line,) = [line for line in lines_of(town, "chargers", "zh") if "坐标基准" in line]
    assert line.startswith(f"{mark}坐标基准（与 places 比对）：")


def test_too_few_names_cannot_tell(layers: Layers) -> None:
    town = named_points(layers, 19, "gcj02")
    assert "datum: cannot tell (19 names matched with places, 20 needed)" in lines_of(town, "chargers")
    assert "坐标基准：无法判断（与 places 同名 19 个，需 20 个）" in lines_of(town, "chargers", "zh")


@pytest.fixture(scope="module")
def taiyuan() -> tuple[Scenario, Layers]:
    scenario = read_scenario()
    return scenario, read_layers(scenario.study_area)


def shifted(places: gpd.GeoDataFrame, datum: str) -> gpd.GeoDataFrame:
    points = places.geometry.to_crs(4326)
    lon, lat = from_wgs84(points.x.to_numpy(), points.y.to_numpy(), datum)
    return places.set_geometry(gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4326).to_crs(places.crs).to_numpy())


def test_another_file_is_compared_with_the_embedded_places(taiyuan: tuple[Scenario, Layers]) -> None:
    _, layers = taiyuan
    assert facts_of(layers, "places").datum is None  # the embedded file itself, and no chargers
    assert "datum: cannot tell (0 names matched)" in lines_of(layers, "places")
    assert "坐标基准：无法判断（同名 0 个）" in lines_of(layers, "places", "zh")
    elsewhere = tuple(replace(o, file=Path("/data/places.gpkg")) for o in layers.origins)
    moved = replace(layers, places=shifted(layers.places, "gcj02"), origins=elsewhere)
    word = facts_of(moved, "places").datum
    assert word is not None
    assert (word.against, word.suspicion.datum) == ("taiyuan", "gcj02")
    assert word.suspicion.matched > 1_000
    assert any(line.startswith("! datum, by names of taiyuan: really in GCJ-02") for line in lines_of(moved, "places"))


def test_the_comparison_with_most_names_is_taken(taiyuan: tuple[Scenario, Layers]) -> None:
    """Chargers that share 30 names with a layer of places and all of them with the embedded one."""
    _, layers = taiyuan
    few = layers.places.iloc[:30]
    chargers = layers.places.assign(charger_type="dc", count=1.0)
    elsewhere = replace(layers.origins[0], layer="chargers", file=Path("/data/chargers.gpkg"))
    origins = (*(o for o in layers.origins if o.layer != "chargers"), elsewhere)
    word = facts_of(replace(layers, places=few, chargers=chargers, origins=origins), "chargers").datum
    assert word is not None
    assert (word.against, word.suspicion.datum) == ("taiyuan", "wgs84")


def test_taiyuan_as_embedded(taiyuan: tuple[Scenario, Layers]) -> None:
    _, layers = taiyuan
    inspection: Inspection = inspect_layers(layers)
    assert inspection.faults == ()
    assert (inspection.residents["stated"] == inspection.residents["in_zones"]).all()
    assert {facts.name: len(facts.overlaps) for facts in inspection.layers if facts.overlaps is not None} == {
        "districts": 0, "zones": 0, "task_units": 0, "feeders": 0,
    }  # fmt: skip
    inside = gpd.GeoSeries(layers.places.geometry).intersects(layers.districts.union_all())
    places = next(facts for facts in inspection.layers if facts.name == "places")
    assert places.inside_share == pytest.approx(inside.mean())
    assert list(places.outside) == layers.places.index[~inside].tolist()
    for first, again in places.duplicates:
        pair = layers.places.loc[[first, again]]
        assert len(set(pair["name_zh"])) == 1
        assert Point(pair.geometry.iloc[0]).distance(pair.geometry.iloc[1]) <= 1.0
