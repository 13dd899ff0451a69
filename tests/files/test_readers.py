"""Files as people have them: encodings, headers, zips; and one clear message for each that cannot be taken."""

import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, MultiPoint, Point, Polygon, box

from helpers.texts import Told
from planner.faults import BadInput
from planner.files.readers import column, points_of, read_features, read_table, within
from planner.words import Say, Text, unheard

PLACES = Text(zh="地点", en="places")
TEXT = "名称,经度,纬度,车位\n中心停车场,112.55,37.87,30\n南站,112.57,37.80,80\n"


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def say(told: Told) -> Say:
    return told


def write(file: Path, text: str, encoding: str = "utf-8") -> Path:
    file.write_bytes(text.encode(encoding))
    return file


# ---- tables ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_csv_in_any_usual_encoding_and_separator(tmp_path: Path, encoding: str, mark: str) -> None:
    table = read_table(write(tmp_path / "p.csv", TEXT.replace(",", mark), encoding))
    assert table["名称"].tolist() == ["中心停车场", "南站"]
    assert table[column(table, "bays")].tolist() == [30, 80]


def test_excel(tmp_path: Path) -> None:
    pd.DataFrame({"Name": ["甲"], "Lng": [112.5], "Lat (°)": [37.8]}).to_excel(tmp_path / "p.xlsx", index=False)
    points = read_features(tmp_path / "p.xlsx", unheard)
    assert (points.geometry.x[0], points.geometry.y[0], points.crs.to_epsg()) == (112.5, 37.8, 4326)


def test_headers_in_two_languages_units_left_out() -> None:
    table = pd.DataFrame(columns=["经度 (°)", "Latitude", "充电站名称", "快充（台）", "power_kw", "WHATEVER"])
    found = {meaning: column(table, meaning) for meaning in ("lon", "lat", "name_zh", "fast", "kw", "slow")}
    assert found == {
        "lon": "经度 (°)", "lat": "Latitude", "name_zh": "充电站名称", "fast": "快充（台）", "kw": "power_kw",
        "slow": None,
    }  # fmt: skip


def test_mixed_encodings_are_named_by_line(tmp_path: Path) -> None:
    raw = "名称,lon,lat\n".encode() + "甲停车场,112.5,37.8\n".encode("gbk") + "乙停车场,112.6,37.9\n".encode()
    (tmp_path / "m.csv").write_bytes(raw)
    with pytest.raises(BadInput, match="mixed encodings: lines 1, 3 are UTF-8, lines 2 are not"):
        read_table(tmp_path / "m.csv")


def test_neither_encoding(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes(b"name,lon,lat\nabc,1,2\n\xff\xff\xff,3,4\n")
    with pytest.raises(BadInput, match=r"m\.csv, line 3: neither utf-8-sig nor gb18030; save it as UTF-8"):
        read_table(tmp_path / "m.csv")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "cannot be read as a table"),
        ("a.csv", b"lon,lat\n", "the table is empty"),
        ("a.xlsx", b"no workbook", "cannot be read as a table"),
        ("a.doc", b"text", "unknown kind of file; expected one of .gpkg"),
        ("a.geojson", b"{", "cannot be read as a layer"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": []}', "the layer is empty|has no geometry"),
        ("a.zip", b"no zip", "cannot be unpacked"),
    ],
)
def test_files_that_are_no_layer(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=words) as caught:
        read_features(tmp_path / name, unheard)
    assert str(tmp_path / name) in str(caught.value)


def test_no_such_file(tmp_path: Path) -> None:
    for name in ("none.csv", "none.gpkg", "none.zip"):
        with pytest.raises(BadInput, match="no such file; check the path"):
            read_features(tmp_path / name, unheard)


# ---- coordinates -------------------------------------------------------------------------------------------------


def test_swapped_longitude_and_latitude_are_said(tmp_path: Path) -> None:
    table = pd.DataFrame({"lon": [37.87, 37.80], "lat": [112.55, 112.57]})
    with pytest.raises(BadInput, match=r"line 2, 3: longitude and latitude are swapped: lat = 112\.55; swap"):
        points_of(table, tmp_path / "p.csv")
    # in Europe both orders lie on earth: only the study area tells
    vienna = gpd.GeoSeries([box(16.2, 48.1, 16.5, 48.3)], crs=4326)
    points = points_of(pd.DataFrame({"lon": [48.2], "lat": [16.37]}), tmp_path / "p.csv")
    with pytest.raises(BadInput, match="longitude and latitude are swapped; swap the two columns"):
        within(points, vienna, tmp_path / "p.csv", PLACES)


def test_coordinates_that_are_none() -> None:
    table = pd.DataFrame({"lng": ["112.5", "x", None], "lat": [37.8, 37.9, 38.0]})
    with pytest.raises(BadInput, match=r"p\.csv, line 3, 4: no number in lng or lat \(found x, 37\.9\)"):
        points_of(table, Path("p.csv"))
    with pytest.raises(BadInput, match=r"found 112,5, 37,8\); .* write decimal points, not commas"):
        points_of(pd.DataFrame({"lng": ["112,5"], "lat": ["37,8"]}), Path("p.csv"))
    with pytest.raises(BadInput, match=r"line 3: found 600000, 4\.19e\+06; degrees are expected"):
        points_of(pd.DataFrame({"x": [112.5, 600_000], "y": [37.8, 4_190_000]}), Path("p.csv"))
    with pytest.raises(BadInput, match="no column for longitude among a, b; name it lon"):
        points_of(pd.DataFrame({"a": [1], "b": [2]}), Path("p.csv"))


def test_nothing_inside_the_area_gives_both_extents() -> None:
    points = gpd.GeoDataFrame(geometry=[Point(10, 50), Point(11, 51)], crs=4326)
    area = gpd.GeoSeries([box(112, 37, 113, 38)], crs=4326).to_crs(32649)
    words = r"no places inside the study area: the file covers 10.000, 50.000 to 11.000, 51.000, the area 112.0"
    with pytest.raises(BadInput, match=words):
        within(points, area, Path("p.gpkg"), PLACES)


# ---- geometries --------------------------------------------------------------------------------------------------


def test_heights_are_left_out_and_said(tmp_path: Path, say: Say, told: Told) -> None:
    gpd.GeoDataFrame(geometry=[Point(112.5, 37.8, 780.0)], crs=4326).to_file(tmp_path / "z.gpkg")
    assert not read_features(tmp_path / "z.gpkg", say).geometry.has_z.any()
    assert told == ["z.gpkg: heights of 1 features left out"]


def test_invalid_polygons_are_repaired_and_said(tmp_path: Path, say: Say, told: Told) -> None:
    bow_tie = Polygon([(112.0, 37.0), (112.1, 37.1), (112.1, 37.0), (112.0, 37.1)])
    gpd.GeoDataFrame(geometry=[box(112.2, 37, 112.3, 37.1), bow_tie], crs=4326).to_file(tmp_path / "b.gpkg")
    repaired = read_features(tmp_path / "b.gpkg", say)
    assert repaired.geometry.is_valid.all()
    assert repaired.geometry.iloc[1].area == pytest.approx(0.005)  # two triangles of 0.1 x 0.05 / 2
    assert told == ["b.gpkg: invalid geometry repaired, feature 2"]


def test_rows_without_geometry_are_refused(tmp_path: Path) -> None:
    gpd.GeoDataFrame({"a": [1, 2]}, geometry=[Point(112.5, 37.8), None], crs=4326).to_file(tmp_path / "e.gpkg")
    with pytest.raises(BadInput, match=r"e\.gpkg, feature 2: 1 without geometry; draw or delete them"):
        read_features(tmp_path / "e.gpkg", unheard)


def test_no_crs_and_a_wrong_one(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="crs"):
        gpd.GeoDataFrame(geometry=[Point(112.5, 37.8)]).to_file(tmp_path / "n.gpkg")
    with pytest.raises(BadInput, match=r"has no CRS; coordinates look like degrees \(EPSG:4326\?\)"):
        read_features(tmp_path / "n.gpkg", unheard)
    gpd.GeoDataFrame(geometry=[Point(112.5, 37.8)], crs=32649).to_file(tmp_path / "w.gpkg")
    with pytest.raises(BadInput, match=r"declares EPSG:32649 \(metres\) but holds degrees"):
        read_features(tmp_path / "w.gpkg", unheard)


def test_antimeridian_and_pole_are_refused(tmp_path: Path) -> None:
    gpd.GeoDataFrame(geometry=[Point(179.9, -17), Point(-179.9, -17)], crs=4326).to_file(tmp_path / "a.gpkg")
    with pytest.raises(BadInput, match="crosses the antimeridian; cut it to one side"):
        read_features(tmp_path / "a.gpkg", unheard)
    gpd.GeoDataFrame(geometry=[Point(1_000.0, 2_000.0)], crs=3995).to_file(tmp_path / "p.gpkg")  # Arctic polar stereo
    with pytest.raises(BadInput, match="no UTM zone covers a polar area"):
        read_features(tmp_path / "p.gpkg", unheard)


# ---- shapefiles --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["UTF-8", "GBK"])
@pytest.mark.parametrize("with_cpg", [True, False])
def test_shapefiles_in_both_encodings(tmp_path: Path, encoding: str, with_cpg: bool) -> None:
    table = gpd.GeoDataFrame(
        {"名称": ["坞城街道", "南内环街"]}, geometry=[Point(112.5, 37.8), Point(112.6, 37.8)], crs=4326
    )
    table.to_file(tmp_path / "s.shp", encoding=encoding)
    if not with_cpg:
        (tmp_path / "s.cpg").unlink()
    read = read_features(tmp_path / "s.shp", unheard)
    assert read["名称"].tolist() == ["坞城街道", "南内环街"]


def zipped(folder: Path, **more: bytes) -> Path:
    gpd.GeoDataFrame({"n": [1]}, geometry=[Point(112.5, 37.8)], crs=4326).to_file(folder / "s.shp")
    with zipfile.ZipFile(folder / "s.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(folder.glob("s.*")):
            if file.suffix != ".zip":
                packed.write(file, f"inside/{file.name}")
        for name, content in more.items():
            packed.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return folder / "s.zip"


def test_a_zipped_shapefile(tmp_path: Path) -> None:
    assert len(read_features(zipped(tmp_path), unheard)) == 1


def test_a_path_outside_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"member '../../evil.txt': leads outside the folder"):
        read_features(zipped(tmp_path, **{"../../evil.txt": b"x"}), unheard)
    assert not (tmp_path.parent.parent / "evil.txt").exists()


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"unpacks from \d+\.\d to \d+ MB: no plausible shapefile"):
        read_features(zipped(tmp_path, **{"big.dbf": bytes(60_000_000)}), unheard)


def test_a_zip_without_or_with_two_shapefiles(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "n.zip", "w") as packed:
        packed.writestr("readme.txt", "nothing")
    with pytest.raises(BadInput, match=r"holds 0 shapefiles \(none\); exactly one is expected"):
        read_features(tmp_path / "n.zip", unheard)
    with pytest.raises(BadInput, match=r"holds 2 shapefiles"):
        read_features(zipped(tmp_path, **{"other.shp": b"x"}), unheard)


def test_lines_and_multipoints_pass_the_reader(tmp_path: Path) -> None:
    shapes = [LineString([(112, 37), (113, 38)]), LineString([(112, 38), (113, 37)])]
    gpd.GeoDataFrame(geometry=shapes, crs=4326).to_file(tmp_path / "l.gpkg")
    assert len(read_features(tmp_path / "l.gpkg", unheard)) == 2
    gpd.GeoDataFrame(geometry=[MultiPoint([(112, 37)])], crs=4326).to_file(tmp_path / "m.gpkg")
    assert read_features(tmp_path / "m.gpkg", unheard).geometry.geom_type.tolist() == ["MultiPoint"]


def test_only_what_is_near_is_read_of_a_large_file(tmp_path: Path) -> None:
    spots = [Point(x / 10, 37.8) for x in range(1_000, 1_200)]
    table = gpd.GeoDataFrame({"n": range(200)}, geometry=spots, crs=4326)
    table.to_crs(3857).to_file(tmp_path / "many.gpkg")
    area = gpd.GeoSeries([box(112.04, 37, 112.26, 38)], crs=4326).to_crs(32649)
    assert read_features(tmp_path / "many.gpkg", unheard, area)["n"].tolist() == [121, 122]
    elsewhere = gpd.GeoSeries([box(10, 50, 11, 51)], crs=4326)
    assert len(read_features(tmp_path / "many.gpkg", unheard, elsewhere)) == 200


def test_a_file_of_several_layers_is_refused_with_their_names(tmp_path: Path) -> None:
    for name in ("roads", "homes"):
        gpd.GeoDataFrame(geometry=[Point(112.5, 37.8)], crs=4326).to_file(tmp_path / "m.gpkg", layer=name)
    with pytest.raises(BadInput, match=r"holds 2 layers \(roads, homes\); give a file with the one you mean"):
        read_features(tmp_path / "m.gpkg", unheard)
