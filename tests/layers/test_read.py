"""Layers as read: toytown on its round metres, and every way a folder of layers can be wrong."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from planner.layers import Layers, read_layers
from planner.scenario import Scenario, StudyArea

Edit = Callable[[Path, Callable[[list[Any]], object]], None]
Faults = Callable[..., list[str]]


def area(folder: Path, crs: str = "EPSG:32649") -> StudyArea:
    return StudyArea(folder=str(folder), crs=crs, zone_side_m=500, attribution="made up")


def tables_of(layers: Layers) -> list[gpd.GeoDataFrame]:
    return [table for table in vars(layers).values() if isinstance(table, gpd.GeoDataFrame)]


def set_property(row: int, key: str, value: object) -> Callable[[list[Any]], object]:
    return lambda features: features[row]["properties"].__setitem__(key, value)


def rewrite(file: Path, *replaced: tuple[str, str]) -> None:
    text = file.read_text(encoding="utf-8")
    for old, new in replaced:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


# ---- toytown as its README says -----------------------------------------------------------------------------------


def test_toytown_lies_on_round_metres(layers: Layers) -> None:
    crs = {table.crs.to_string() for table in tables_of(layers)}
    assert crs == {"EPSG:32649"}
    centre = {f"z{n}": (250 + 500 * ((n - 1) % 3), 250 + 500 * ((n - 1) // 3)) for n in range(1, 10)}
    points = layers.zones.geometry.centroid
    assert {z: (p.x - 600_000, p.y - 4_200_000) for z, p in points.items()} == centre
    assert layers.zones.geometry.area.tolist() == [250_000.0] * 9
    expected = {"p1": (250, 250), "p2": (750, 750), "p3": (1250, 250), "p4": (750, 1350), "p5": (700, 700)}
    for place, (east, north) in expected.items():
        point = layers.places.geometry[place]
        assert (point.x - 600_000, point.y - 4_200_000) == pytest.approx((east, north), abs=1e-4), place
    assert layers.streets.geometry.length.to_numpy() == pytest.approx(np.full(12, 500.0), abs=1e-4)
    assert layers.streets.index[layers.streets["oneway"]].tolist() == ["s09"]


def test_toytown_adds_up(layers: Layers) -> None:
    assert layers.zones["residents"].sum() == 4_000
    per_district = layers.zones.groupby("district")["residents"].sum()
    pd.testing.assert_series_equal(per_district, layers.districts["residents"])
    assert per_district.to_dict() == {"北区": 2_800, "南区": 1_200}
    assert layers.districts.union_all().area == pytest.approx(1_500**2, abs=0.5)
    assert layers.chargers[["charger_type", "count"]].to_numpy().tolist() == [["dc", 1.0]]
    assert layers.task_units.empty


def test_every_layer_is_sorted_by_id(town: Path, edit: Edit) -> None:
    for layer in ("districts", "streets", "places"):
        edit(town / f"{layer}.geojson", lambda features: features.reverse())
    lines = (town / "zones.csv").read_text(encoding="utf-8").splitlines()
    (town / "zones.csv").write_text("\n".join([lines[0], *lines[:0:-1]]), encoding="utf-8")
    turned = read_layers(area(town))
    for table in tables_of(turned):
        assert table.index.is_monotonic_increasing


def test_other_formats_give_the_same_town(town: Path, layers: Layers) -> None:
    for layer in ("streets", "places"):
        table = gpd.read_file(town / f"{layer}.geojson").to_crs(32649)
        table.rename_geometry("geom").to_file(town / f"{layer}.gpkg")
        (town / f"{layer}.geojson").unlink()
    corners = pd.read_csv(town / "zones.csv", dtype={"zone_id": str}).drop(columns=["easting_m", "northing_m"])
    zones = gpd.GeoDataFrame(corners, geometry=layers.zones.geometry.to_numpy(), crs=32649)
    zones.to_file(town / "zones.gpkg")
    (town / "zones.csv").unlink()
    found = read_layers(area(town))
    assert found.places.geom_equals_exact(layers.places, 1e-3).all()
    assert found.streets.geom_equals_exact(layers.streets, 1e-3).all()
    assert found.zones.geom_equals_exact(layers.zones, 1e-6).all()
    assert found.streets["oneway"].tolist() == layers.streets["oneway"].tolist()


@pytest.mark.parametrize("prefix", [b"\xef\xbb\xbf", b""])
def test_a_byte_order_mark_is_read_over(town: Path, prefix: bytes) -> None:
    file = town / "zones.csv"
    file.write_bytes(prefix + file.read_bytes())
    assert read_layers(area(town)).zones.index[0] == "z1"


def test_ids_that_look_like_numbers_stay_text(town: Path) -> None:
    rewrite(town / "zones.csv", *((f"z{n},", f"00{n},") for n in range(1, 10)))
    assert read_layers(area(town)).zones.index.tolist() == [f"00{n}" for n in range(1, 10)]


def test_places_without_names_are_read(town: Path, edit: Edit) -> None:
    edit(town / "places.geojson", lambda fs: [f["properties"].update(name_zh=None, name_en=None) for f in fs])
    assert read_layers(area(town)).places["name_zh"].isna().all()


def test_without_chargers_the_layer_is_empty(town: Path) -> None:
    (town / "chargers.geojson").unlink()
    found = read_layers(area(town)).chargers
    assert (len(found), found.index.name, found.crs.to_string()) == (0, "charger_id", "EPSG:32649")


# ---- everything wrong with files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263", "EPSG:99999", "Taiyuan"])
def test_working_crs_must_be_metres(town: Path, faults: Faults, crs: str) -> None:
    # 4326: degrees. 2263: projected, but in US feet. The others do not exist.
    (fault,) = faults(read_layers, area(town, crs))
    known = crs in ("EPSG:4326", "EPSG:2263")
    said = f"{crs} is not projected in metres; use e.g. EPSG:32649" if known else f"unknown CRS '{crs}'; give a code"
    assert fault.startswith(f"scenario, key study_area.crs: {said}")


@pytest.mark.parametrize("layer", ["districts", "streets", "places"])
def test_missing_layer(town: Path, faults: Faults, layer: str) -> None:
    (town / f"{layer}.geojson").unlink()
    expected = ", ".join(f"{layer}{suffix}" for suffix in (".gpkg", ".geojson", ".fgb", ".shp"))
    assert faults(read_layers, area(town)) == [f"{town}: no {layer} layer; expected one of {expected}"]


def test_missing_everything(tmp_path: Path, faults: Faults) -> None:
    found = faults(read_layers, area(tmp_path / "nowhere"))
    assert [fault.split(": ")[1].split(";")[0] for fault in found] == [
        "no districts layer", "no streets layer", "no zones layer", "no places layer",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",400\n", ",-400\n", "zones.csv, column residents, row z1, z4, z6: found -400.0; expected at least 0"),
        ("z2,", "z1,", "zones.csv, column zone_id: found z1; every id may stand only once"),
        ("z2,", ",", "zones.csv, column zone_id: found "),
        (",1000,400\n", ",,400\n", "zones.csv, column norm_m, row z1, z4, z6: found nan; fill the empty cells"),
        (",200\n", ",many\n", "zones.csv, column residents, row z3, z7, z9: found many; a number is expected"),
        (",200\n", ",200.5\n", "zones.csv, column residents, row z3, z7, z9: found 200.5; a whole number is expected"),
        (",200\n", ",inf\n", "zones.csv, column residents, row z3, z7, z9: found inf; a finite number is expected"),
        (
            "中街道,urban",
            "中街道,downtown",
            "zones.csv, column ring, row z4, z5, z6: found downtown; expected one of core",
        ),
        ("residents\n", "people\n", "zones.csv, column residents: missing; add it"),
        ("easting_m", "x", "zones.csv, column easting_m: missing; add it"),
        ("z1,600000", "z1,west", "zones.csv, row z1: easting_m or northing_m is no number"),
        ("z1,600000", "z1,inf", "zones.csv, row z1: easting_m or northing_m is no number"),
        ("北区", "西区", "zones, column district: 西区 not in the districts layer"),
    ],
)
def test_bad_zones(town: Path, faults: Faults, old: str, new: str, said: str) -> None:
    rewrite(town / "zones.csv", (old, new))
    (fault,) = faults(read_layers, area(town))
    assert fault.startswith(said)


def test_zones_of_degrees(town: Path, faults: Faults) -> None:
    header = (town / "zones.csv").read_text(encoding="utf-8").splitlines()[0]
    (town / "zones.csv").write_text(f"{header}\nz1,112.1,37.9,北区,街道,urban,1000,4\n", encoding="utf-8")
    said = "zones.csv: corners look like degrees; expected metres in EPSG:32649"
    assert faults(read_layers, area(town)) == [said]


def test_zones_without_rows_or_bytes(town: Path, faults: Faults) -> None:
    header = (town / "zones.csv").read_text(encoding="utf-8").splitlines()[0]
    (town / "zones.csv").write_text(header + "\n", encoding="utf-8")
    assert faults(read_layers, area(town)) == ["zones.csv: the table is empty; at least one row is needed"]
    (town / "zones.csv").write_bytes(b"")
    (fault,) = faults(read_layers, area(town))
    assert "zones.csv: cannot be read as CSV in UTF-8: No columns" in fault


def test_zones_in_gbk(town: Path, faults: Faults) -> None:
    file = town / "zones.csv"
    file.write_bytes(file.read_text(encoding="utf-8").encode("gbk"))
    (fault,) = faults(read_layers, area(town))
    assert f"{file}: cannot be read as CSV in UTF-8: 'utf-8' codec can't decode" in fault


BOW_TIE = {"type": "Polygon", "coordinates": [[[112, 38], [112.1, 38.1], [112.1, 38], [112, 38.1], [112, 38]]]}


@pytest.mark.parametrize(
    ("layer", "change", "said"),
    [
        ("places", lambda fs: fs.clear(), "places.geojson: the layer is empty; at least one feature is needed"),
        (
            "places",
            set_property(0, "place_id", "p2"),
            "places.geojson, column place_id: found p2; every id may",
        ),
        (
            "places",
            set_property(0, "place_id", None),
            "places.geojson, column place_id: found ",
        ),
        (
            "places",
            lambda fs: [f["properties"].pop("place_id") for f in fs],
            "column place_id: missing; every row needs its id",
        ),
        (
            "places",
            lambda fs: [f["properties"].pop("name_en") for f in fs],
            "places.geojson, column name_en: missing; add it",
        ),
        (
            "places",
            set_property(0, "bays", "some"),
            "places.geojson, column bays, row p1: found some; a number is expected",
        ),
        ("places", set_property(0, "bays", 2.5), "places.geojson, column bays, row p1: found 2.5; a whole number"),
        ("places", set_property(0, "bays", -2), "places.geojson, column bays, row p1: found -2.0; expected at least 0"),
        (
            "streets",
            set_property(0, "oneway", None),
            "streets.geojson, column oneway, row s01: found <NA>; fill the empty",
        ),
        (
            "streets",
            set_property(0, "metres", -1),
            "streets.geojson, column metres, row s01: found -1.0; expected at least 0",
        ),
        ("streets", lambda fs: fs[0].update(geometry=None), "streets.geojson, rows s01: no geometry; draw or delete"),
        (
            "streets",
            lambda fs: [f.update(geometry=None) for f in fs],
            "streets.geojson, rows s01, s02, s03, s04, s05 … (+7): no",
        ),
        (
            "streets",
            lambda fs: fs[0].update(geometry={"type": "Point", "coordinates": [112, 38]}),
            "streets.geojson, rows s01: expected LineString",
        ),
        (
            "districts",
            lambda fs: fs[0].update(geometry=BOW_TIE),
            "districts.geojson, rows 北区: invalid geometry (self-",
        ),
        (
            "districts",
            lambda fs: [f["properties"].update(code=1) for f in fs],
            "column code, row 北区, 南区: found 1; text is expected; put numbers that are names in quotes",
        ),
        (
            "chargers",
            set_property(0, "count", 0),
            "chargers.geojson, column count, row c1: found 0.0; expected at least 1",
        ),
    ],
)
def test_bad_layers(town: Path, edit: Edit, faults: Faults, layer: str, change: Any, said: str) -> None:
    edit(town / f"{layer}.geojson", change)
    (fault,) = faults(read_layers, area(town))
    assert said in fault


def test_no_layer_at_all(town: Path, faults: Faults) -> None:
    (town / "places.geojson").write_text("hello", encoding="utf-8")
    (fault,) = faults(read_layers, area(town))
    assert fault.startswith(f"{town / 'places.geojson'}: cannot be read as a layer: ")


def test_metres_where_degrees_are_declared(town: Path, edit: Edit, faults: Faults) -> None:
    def to_metres(features: list[Any]) -> None:
        for feature in features:
            feature["geometry"]["coordinates"] = [600_250, 4_200_250]

    edit(town / "places.geojson", to_metres)
    (fault,) = faults(read_layers, area(town))
    said = "declares EPSG:4326 (degrees) but holds metres; declare the projected CRS"
    assert fault == f"{town / 'places.geojson'}: {said}"


@pytest.mark.parametrize(
    ("crs", "said"),
    [
        (32649, "declares EPSG:32649 (metres) but holds degrees; declare EPSG:4326"),
        (None, "has no CRS; coordinates look like degrees (EPSG:4326?); set it in the file, it is not guessed"),
    ],
)
def test_degrees_declared_wrongly_or_not_at_all(town: Path, faults: Faults, crs: int | None, said: str) -> None:
    table = gpd.read_file(town / "places.geojson").set_crs(crs, allow_override=True)
    (town / "places.geojson").unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table.to_file(town / "places.shp", encoding="UTF-8")
    if crs is None:
        (town / "places.prj").unlink(missing_ok=True)
    assert f"{town / 'places.shp'}: {said}" in faults(read_layers, area(town))


def test_all_faults_of_all_layers_in_one_report(town: Path, edit: Edit, faults: Faults) -> None:
    (town / "streets.geojson").unlink()
    rewrite(town / "zones.csv", (",400\n", ",-400\n"), ("z5,600500", "z5,centre"))
    edit(town / "places.geojson", lambda fs: (set_property(0, "bays", "some")(fs), fs[1].update(geometry=None)))
    edit(town / "districts.geojson", lambda fs: [f["properties"].pop("name_en") for f in fs])
    found = faults(read_layers, area(town))
    assert [fault.removeprefix(f"{town}").split(";")[0] for fault in found] == [
        "districts.geojson, column name_en: missing",
        ": no streets layer",
        "zones.csv, row z5: easting_m or northing_m is no number",
        "zones.csv, column residents, row z1, z4, z6: found -400.0",
        "places.geojson, rows p2: no geometry",
        "places.geojson, column bays, row p1: found some",
    ]


def test_reading_changes_no_file(town: Path, scenario: Scenario) -> None:
    before = {file.name: file.read_bytes() for file in town.iterdir()}
    read_layers(area(town))
    assert {file.name: file.read_bytes() for file in town.iterdir()} == before
    assert scenario.study_area.folder == "embedded:toytown"
