"""Zones and their residents: squares by hand, rasters and polygons whose people must all arrive, and bad files."""

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from helpers.texts import Told
from planner.sources.people import population
from planner.sources.people.population import read_population, residents_from_polygons, residents_from_raster
from planner.sources.zones import district_of_centre, inhabited, make_zones, with_rings

rasterio = pytest.importorskip("rasterio")
pytest.importorskip("exactextract")
pytest.importorskip("tobler")

Faults = Callable[..., list[str]]
UTM = 32649
EAST, NORTH = 600_000, 4_200_000  # the south-west corner of the made-up places


def north_up(west: float, north: float, cell: float) -> Any:
    """Transform of a raster of square cells by its north-west corner."""
    return rasterio.Affine(cell, 0, west, 0, -cell, north)


def write_raster(file: Path, values: np.ndarray, crs: object = UTM, transform: object = None, **more: Any) -> Path:
    """A GeoTIFF; by default of 1 km cells from (`EAST`, `NORTH`) on, north up."""
    rows, columns = values.shape[-2:]
    stack = values if values.ndim == 3 else values[None]
    profile = {"driver": "GTiff", "width": columns, "height": rows, "count": len(stack), "dtype": values.dtype}
    grid = transform or north_up(EAST, NORTH + 1000 * rows, 1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(file, "w", crs=crs, transform=grid, **profile, **more) as raster:
            raster.write(stack)
    return file


def squares(width_m: float, height_m: float, side_m: float = 500, east: float = EAST, north: float = NORTH) -> Any:
    area = shapely.box(east, north, east + width_m, north + height_m)
    return make_zones(gpd.GeoDataFrame(index=["城区"], geometry=[area], crs=UTM), side_m)


# ---- squares -------------------------------------------------------------------------------------------------------


def districts(crs: int = UTM, **shapes: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(index=pd.Index(list(shapes), name="district"), geometry=list(shapes.values()), crs=crs)


def test_squares_by_hand() -> None:
    # 1.2 km x 1 km from (600 000, 4 200 000): columns 1200, 1201 and a rim 1202 of 200 m, rows 8400 and 8401.
    zones = make_zones(districts(城区=shapely.box(600_000, 4_200_000, 601_200, 4_201_000)), 500)
    assert zones.index.tolist() == [f"z{e}_0{n}" for e in (1200, 1201, 1202) for n in (8400, 8401)]
    assert zones.index.name == "zone_id"
    assert zones.loc["z1202_08401", ["easting_m", "northing_m", "district"]].tolist() == [601_000, 4_200_500, "城区"]
    assert zones.geometry["z1202_08401"].bounds == (601_000, 4_200_500, 601_500, 4_201_000)
    assert zones["easting_m"].dtype == np.int64
    assert zones.crs.to_epsg() == UTM


def test_a_square_belongs_to_the_district_of_its_centre_and_on_the_rim_to_the_one_it_overlaps_most() -> None:
    # The border at 740 m: the square from 500 to 1000 has its centre (750) in the east, though it overlaps the west
    # by 240 of 500 m. On the rim from 1500 on: the low district covers 100 m x 350 m, the high one 100 m x 150 m.
    zones = make_zones(
        districts(
            西区=shapely.box(0, 0, 740, 500),
            东区=shapely.box(740, 0, 1500, 500),
            高区=shapely.box(1500, 350, 1600, 500),
            低区=shapely.box(1500, 0, 1600, 350),
        ),
        500,
    )
    assert zones["district"].tolist() == ["西区", "东区", "东区", "低区"]


def test_a_square_that_only_touches_is_left_out() -> None:
    zones = make_zones(districts(城区=shapely.box(500, 500, 1000, 1000)), 500)
    assert zones.index.tolist() == ["z0001_00001"]


def test_south_of_the_equator_and_west_of_the_origin() -> None:
    # 3857 west of Greenwich, south of the equator: 16.7 W, 27.6 S; -1 859 000 / 500 = -3718.
    zones = make_zones(districts(3857, 城区=shapely.box(-1_859_000, -3_200_000, -1_858_000, -3_199_000)), 500)
    assert zones.index.tolist() == ["z-3717_-6399", "z-3717_-6400", "z-3718_-6399", "z-3718_-6400"]
    assert zones["easting_m"].tolist() == [-1_858_500, -1_858_500, -1_859_000, -1_859_000]
    assert zones.index.is_unique


def test_sides_that_are_no_whole_metres() -> None:
    zones = make_zones(districts(城区=shapely.box(0, 0, 251, 125.5)), 125.5)
    assert zones["easting_m"].tolist() == [0, 125.5]
    assert zones.geometry.area.tolist() == [125.5**2] * 2


@settings(max_examples=40, deadline=None)
@given(
    st.floats(-3_000, 3_000), st.floats(-3_000, 3_000), st.floats(100, 4_000), st.floats(100, 4_000),
    st.sampled_from([250.0, 500.0, 333.3]),
)  # fmt: skip
def test_squares_cover_the_districts_and_nothing_is_counted_twice(
    x: float, y: float, width: float, height: float, side: float
) -> None:
    west = shapely.box(x, y, x + width / 3, y + height)
    east = shapely.Polygon([(x + width / 3, y), (x + width, y), (x + width / 3, y + height)])
    zones = make_zones(districts(西=west, 东=east), side)
    both = shapely.union_all([west, east])
    assert shapely.area(zones.geometry.union_all().intersection(both)) == pytest.approx(shapely.area(both))
    assert zones.geometry.area.to_numpy() == pytest.approx(side**2)
    assert zones.geometry.union_all().area == pytest.approx(len(zones) * side**2)
    assert zones.index.is_unique and zones.index.is_monotonic_increasing
    assert (zones.geometry.intersection(both).area > 0).all()


def test_the_district_of_a_centre_is_missing_outside() -> None:
    two = districts(城区=shapely.box(0, 0, 600, 500), 郊区=shapely.box(0, 500, 500, 1000))
    found = district_of_centre(make_zones(two, 500), two)
    assert found.to_dict() == {"z0000_00000": "城区", "z0000_00001": "郊区", "z0001_00000": None}


@pytest.mark.parametrize(
    ("crs", "side", "said"),
    [
        (4326, 500, "districts: squares need metres, the districts are in EPSG:4326; project them first"),
        (2263, 500, "districts: squares need metres, the districts are in EPSG:2263; project them first"),  # US feet
        (UTM, 0, "zone_side_m: found 0; expected metres above 0"),
        (UTM, float("nan"), "zone_side_m: found nan; expected metres above 0"),
        (UTM, 0.1, "zone_side_m: 0.1 m makes 50,000,000 squares; choose a larger side (250 or 500 m is usual)"),
    ],
)
def test_squares_that_cannot_be_made(faults: Faults, crs: int, side: float, said: str) -> None:
    # 1 000 m x 500 m / (0.1 m)^2 = 50 million
    assert faults(make_zones, districts(crs, 城区=shapely.box(0, 0, 1000, 500)), side) == [said]


def test_rings_by_the_density_within_one_kilometre() -> None:
    # 13 centres of 500 m squares lie within 1 km: 3.25 km2. One square of 32 501 people in the middle is 10 000.3
    # per km2 for itself and for the squares up to 1 km away; the others have nobody around.
    zones = squares(5000, 5000)
    middle = "z1205_08405"
    ringed = with_rings(zones.assign(residents=np.where(zones.index == middle, 32_501, 0)))
    metres = shapely.distance(zones.geometry.centroid.to_numpy(), zones.geometry[middle].centroid)
    assert ringed["ring"].tolist() == ["core" if m <= 1000 else "rural" for m in metres]
    assert set(zip(ringed["ring"], ringed["norm_m"], strict=True)) == {("core", 900), ("rural", 10_000)}
    # 32 500 are 10 000 per km2 exactly: no more than the threshold, hence urban.
    assert with_rings(zones.assign(residents=np.where(zones.index == middle, 32_500, 0))).ring[middle] == "urban"


def test_rings_of_squares_larger_than_a_kilometre_stand_for_themselves() -> None:
    # 2 km squares of 4 km2: 8 004, 1 204 and 0 people are 2 001, 301 and 0 per km2.
    zones = squares(6000, 2000, side_m=2000).assign(residents=[8_004, 1_204, 0])
    assert with_rings(zones)["ring"].tolist() == ["urban", "suburban", "rural"]


def test_empty_squares_are_dropped_unless_they_hold_a_place() -> None:
    zones = squares(1500, 500).assign(residents=[0, 3, 0])
    assert inhabited(zones).index.tolist() == ["z1201_08400"]
    assert inhabited(zones, ["z1202_08400"]).index.tolist() == ["z1201_08400", "z1202_08400"]


# ---- rasters: the people all arrive --------------------------------------------------------------------------------


def test_quarters_of_a_cell(tmp_path: Path) -> None:
    # Cells of 1 km: 8 4 / 2 1 (north first). Each of the 16 squares of 500 m has a quarter of its cell.
    file = write_raster(tmp_path / "people.tif", np.array([[8, 4], [2, 1]], "int32"))
    told = Told()
    residents = read_population(file, squares(2000, 2000), told)
    assert residents["z1200_08403"] == residents["z1201_08402"] == 8 / 4
    assert residents["z1202_08403"] == 4 / 4
    assert residents["z1200_08400"] == 2 / 4
    assert residents["z1203_08401"] == 1 / 4
    assert (residents.name, residents.index.name, residents.sum()) == ("residents", "zone_id", 15)
    assert told == ["people.tif: 15 residents in the zones"]


def test_a_zone_across_cells_takes_its_share_of_each(tmp_path: Path) -> None:
    # A square of 1 km, moved 250 m east and 500 m north of the cell with 2: it holds 3/4 x 1/2 of the west cells and
    # 1/4 x 1/2 of the east ones: 0.375 x (8 + 2) + 0.125 x (4 + 1) = 4.375.
    file = write_raster(tmp_path / "people.tif", np.array([[8, 4], [2, 1]], "float64"))
    square = shapely.box(EAST + 250, NORTH + 500, EAST + 1250, NORTH + 1500)
    zone = gpd.GeoDataFrame(index=["z"], geometry=[square], crs=UTM)
    assert residents_from_raster(file, zone, Told())["z"] == pytest.approx(4.375)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 9999),
    turn=st.floats(0, 90),
    side_m=st.floats(300, 2500),
    window_cells=st.sampled_from([1, 7, 99]),
)
def test_each_zone_holds_what_shapely_finds(
    tmp_path: Path, seed: int, turn: float, side_m: float, window_cells: int
) -> None:
    # Turned squares that stick out of a raster of 5 x 6 cells, against the areas of all cells in each of them.
    values = np.random.default_rng(seed).random((5, 6)) * 100
    file = write_raster(tmp_path / "p.tif", values)
    centre = np.random.default_rng(seed).uniform((EAST + 1500, NORTH + 1500), (EAST + 4500, NORTH + 3500), (4, 2))
    shapes = [
        shapely.affinity.rotate(shapely.box(x - side_m / 2, y - side_m / 2, x + side_m / 2, y + side_m / 2), turn)
        for x, y in centre
    ]
    zones = gpd.GeoDataFrame(index=list("abcd"), geometry=shapes, crs=UTM)
    cells = [
        (
            shapely.box(EAST + 1000 * c, NORTH + 1000 * (4 - r), EAST + 1000 * (c + 1), NORTH + 1000 * (5 - r)),
            values[r, c],
        )
        for r in range(5)
        for c in range(6)
    ]
    expected = [sum(people * cell.intersection(zone).area / 1e6 for cell, people in cells) for zone in shapes]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(population, "_WINDOW_CELLS", window_cells)
        found = residents_from_raster(file, zones, Told())
    assert found.to_numpy() == pytest.approx(expected, rel=1e-6)


def around(lon: float, lat: float, crs: str, rows: int, columns: int, cell: float) -> Any:
    """Transform of a raster of that many cells around a point."""
    x, y = Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)
    return north_up(x - columns * cell / 2, y + rows * cell / 2, cell)


def covering(file: Path, crs: int, side_m: float) -> gpd.GeoDataFrame:
    """Squares of a CRS that cover the raster wholly."""
    with rasterio.open(file) as raster:
        area = gpd.GeoSeries([shapely.box(*raster.bounds).segmentize(raster.res[0])], crs=raster.crs.to_wkt())
    return make_zones(districts(crs, 城区=area.to_crs(crs).iloc[0].buffer(2 * side_m)), side_m)


@pytest.mark.parametrize("window_cells", [1_000_000, 300])
@pytest.mark.parametrize(
    ("raster_crs", "cell", "zones_crs", "lon", "lat"),
    [
        ("EPSG:4326", 1 / 1200, UTM, 112.55, 37.87),  # 3 seconds, like WorldPop, Taiyuan
        ("ESRI:54009", 100.0, UTM, 112.55, 37.87),  # Mollweide, like GHS-POP
        ("EPSG:3857", 120.0, UTM, 112.55, 37.87),
        ("EPSG:32734", 100.0, 32734, 18.42, -33.92),  # Cape Town, metres south of the equator count from 10 000 000
        ("EPSG:4326", 1 / 1200, 32734, 18.42, -33.92),
    ],
)
def test_everyone_arrives_whatever_the_projection(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    raster_crs: str,
    cell: float,
    zones_crs: int,
    lon: float,
    lat: float,
    window_cells: int,
) -> None:
    values = np.random.default_rng(1).gamma(0.3, 30, (70, 90)).astype("float32")
    grid = around(lon, lat, raster_crs, *values.shape, cell)
    file = write_raster(tmp_path / "p.tif", values, raster_crs, grid, tiled=True, blockxsize=16, blockysize=16)
    monkeypatch.setattr(population, "_WINDOW_CELLS", window_cells)
    told = Told()
    residents = residents_from_raster(file, covering(file, zones_crs, 250), told)
    assert residents.sum() == pytest.approx(float(values.sum(dtype=float)), rel=1e-6)
    assert [text.split(" ")[1] for text in told] == ["covers", f"{residents.sum():,.0f}"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 9999),
    rows=st.integers(8, 30),
    columns=st.integers(8, 30),
    window_cells=st.integers(1, 2000),
    upright=st.booleans(),
    tiled=st.booleans(),
)
def test_windows_change_nothing(
    tmp_path: Path, seed: int, rows: int, columns: int, window_cells: int, upright: bool, tiled: bool
) -> None:
    values = np.random.default_rng(seed).random((rows, columns)) + 0.1
    north = north_up(EAST + 37, NORTH + 100 * rows - 11, 100)
    south = rasterio.Affine(100, 0, EAST + 37, 0, 100, NORTH - 11)
    how = {"tiled": True, "blockxsize": 16, "blockysize": 16} if tiled else {}
    file = write_raster(tmp_path / "p.tif", values, UTM, north if upright else south, **how)
    zones = squares(100 * columns + 50, 100 * rows + 50, side_m=130, east=EAST + 20, north=NORTH - 30)
    whole = residents_from_raster(file, zones, Told())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(population, "_WINDOW_CELLS", window_cells)
        by_window = residents_from_raster(file, zones, Told())
    assert by_window.to_numpy() == pytest.approx(whole.to_numpy(), rel=1e-6, abs=1e-9)
    assert by_window.sum() == pytest.approx(values.sum(), rel=1e-6)


def test_windows_read_every_cell_once_and_never_more_than_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_raster(tmp_path / "p.tif", np.ones((120, 150)), tiled=True, blockxsize=32, blockysize=32)
    zones = squares(150_000, 120_000, side_m=20_000)
    monkeypatch.setattr(population, "_WINDOW_CELLS", 1500)
    seen = np.zeros((120, 150))
    with rasterio.open(file) as raster:
        for (row, row_to, column, column_to), near in population._windows(raster, zones.geometry.to_numpy()):
            assert (row_to - row) * (column_to - column) <= 1500
            assert len(near)
            seen[row:row_to, column:column_to] += 1
    assert (seen == 1).all()


def test_south_up_rasters_are_turned(tmp_path: Path) -> None:
    # Row 0 is the southernmost: the cell with 8 lies in the south-west.
    grid = rasterio.Affine(1000, 0, EAST, 0, 1000, NORTH)
    file = write_raster(tmp_path / "p.tif", np.array([[8.0, 4.0], [2.0, 1.0]]), transform=grid)
    residents = residents_from_raster(file, squares(2000, 2000, side_m=1000), Told())
    assert residents.to_dict() == {"z0600_04200": 8, "z0601_04200": 4, "z0600_04201": 2, "z0601_04201": 1}


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_numbers_of_any_type(tmp_path: Path, dtype: str) -> None:
    file = write_raster(tmp_path / "p.tif", np.array([[8, 4], [2, 1]], dtype))
    assert residents_from_raster(file, squares(2000, 2000), Told()).sum() == 15


@pytest.mark.parametrize(
    ("mark", "declared", "lowest"),
    [
        (-99999.0, -99999.0, ""),  # declared
        (-3.4028234663852886e38, -3.4028234663852886e38, ""),
        (65535.0, 65535.0, ""),
        (np.nan, None, ""),
        (np.nan, np.nan, ""),
        (np.inf, None, ""),
        (-200.0, None, " (lowest -200)"),  # GHS-POP once it went through a converter
        (-99999.0, -200.0, " (lowest -99999)"),  # another mark than the declared one
    ],
)
def test_cells_without_data_hold_nobody(tmp_path: Path, mark: float, declared: float | None, lowest: str) -> None:
    # Two of four cells hold no figure: 8 + 1 people are left.
    file = write_raster(tmp_path / "p.tif", np.array([[8, mark], [mark, 1]], "float32"), nodata=declared)
    told = Told()
    residents = residents_from_raster(file, squares(2000, 2000), told)
    assert (residents.min(), residents.sum()) == (0, 9)
    assert told[0] == f"p.tif: 2 cells of the area without data or negative{lowest}: counted as nobody"


def test_cells_without_data_are_counted_inside_the_zones_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of 10 x 10 cells without data but one, the zones cover 2 x 2: three of them, also where windows are all empty.
    values = np.full((10, 10), -1.0)
    values[9, 0] = 5
    file = write_raster(tmp_path / "p.tif", values, nodata=-1)
    for cells in (1_000_000, 1):
        monkeypatch.setattr(population, "_WINDOW_CELLS", cells)
        told = Told()
        assert residents_from_raster(file, squares(2000, 2000), told).sum() == 5
        assert told[0] == "p.tif: 3 cells of the area without data or negative: counted as nobody"


def test_the_first_band_counts(tmp_path: Path) -> None:
    file = write_raster(tmp_path / "p.tif", np.array([[[1.0]], [[500.0]], [[7.0]]]))
    told = Told()
    assert residents_from_raster(file, squares(1000, 1000), told).sum() == 1
    assert told[0] == "p.tif: 3 bands, the first taken as residents"


def test_scale_and_offset_of_a_band_are_applied(tmp_path: Path) -> None:
    file = write_raster(tmp_path / "p.tif", np.array([[100, 200]], "int16"))
    with rasterio.open(file, "r+") as raster:
        raster.scales, raster.offsets = (0.1,), (1.0,)
    # 100 x 0.1 + 1 + 200 x 0.1 + 1 = 32
    assert residents_from_raster(file, squares(2000, 1000), Told()).sum() == pytest.approx(32)


def test_vrt_files_are_read_and_one_without_its_source_is_refused(tmp_path: Path, faults: Faults) -> None:
    file = write_raster(tmp_path / "p.tif", np.array([[8.0, 4.0], [2.0, 1.0]]))
    vrt = tmp_path / "p.vrt"
    source = '<SimpleSource><SourceFilename relativeToVRT="1">p.tif</SourceFilename></SimpleSource>'
    vrt.write_text(
        f"""<VRTDataset rasterXSize="2" rasterYSize="2"><SRS>EPSG:{UTM}</SRS>
        <GeoTransform>{EAST}, 1000, 0, {NORTH + 2000}, 0, -1000</GeoTransform>
        <VRTRasterBand dataType="Float64" band="1">{source}</VRTRasterBand></VRTDataset>"""
    )
    assert read_population(vrt, squares(2000, 2000), Told()).sum() == 15
    file.unlink()
    (fault,) = faults(read_population, vrt, squares(2000, 2000), Told())
    assert fault.startswith(f"{vrt}: cannot be read: ")


def test_a_part_of_the_area_outside_is_said(tmp_path: Path) -> None:
    # The raster covers 3 of 4 km: three quarters of the zones.
    file = write_raster(tmp_path / "p.tif", np.ones((1, 3)))
    told = Told()
    assert residents_from_raster(file, squares(4000, 1000), told).sum() == pytest.approx(3)
    assert told[0] == "p.tif: covers 75.00% of the area; nobody is counted in the rest"


def test_zones_cut_along_a_boundary_may_be_scraps(tmp_path: Path) -> None:
    # Cutting leaves half a square, a piece with a stray line, a line alone and nothing at all.
    file = write_raster(tmp_path / "p.tif", np.full((1, 1), 100.0))
    half = shapely.box(EAST, NORTH, EAST + 1000, NORTH + 500)
    line = shapely.LineString([(EAST, NORTH + 700), (EAST + 900, NORTH + 700)])
    piece = shapely.GeometryCollection([shapely.box(EAST, NORTH + 500, EAST + 1000, NORTH + 750), line])
    scraps = gpd.GeoDataFrame(index=list("abcd"), geometry=[half, piece, line, shapely.Polygon()], crs=UTM)
    assert residents_from_raster(file, scraps, Told()).to_dict() == {"a": 50, "b": 25, "c": 0, "d": 0}
    people = gpd.GeoDataFrame({"pop": [100]}, geometry=[shapely.box(EAST, NORTH, EAST + 1000, NORTH + 1000)], crs=UTM)
    found = residents_from_polygons(people, scraps, None, Told())
    assert found.to_numpy() == pytest.approx([50, 25, 0, 0])


# ---- rasters: a country in little memory ---------------------------------------------------------------------------

# VmHWM is the peak of this process alone; ru_maxrss of a child begins at what its parent held.
COUNTRY = """
import sys
from pathlib import Path
import geopandas as gpd, numpy as np, shapely
from planner.sources.people.population import residents_from_raster
side, across, file = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
east, north = (axis.ravel() * side for axis in np.meshgrid(np.arange(across), np.arange(across)))
squares = shapely.box(100_000 + east, 6_000_000 - north - side, 100_000 + east + side, 6_000_000 - north)
zones = gpd.GeoDataFrame(index=[f"z{n}" for n in range(len(squares))], geometry=squares, crs=32649)
residents = residents_from_raster(file, zones, lambda text: None)
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
print(residents.sum(), int(peak.split()[1]) / 1024)
"""


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """40,000 x 40,000 cells of 100 m (6.4 GB as float32), one block in eight times eight written: 100 blocks."""
    file = tmp_path_factory.mktemp("country") / "people.tif"
    people = np.random.default_rng(1).random((512, 512), dtype="float32")
    profile = {"driver": "GTiff", "width": 40_000, "height": 40_000, "count": 1, "dtype": "float32", "nodata": -99999}
    grid = north_up(100_000, 6_000_000, 100)
    how = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "deflate", "sparse_ok": True}
    with rasterio.open(file, "w", crs=UTM, transform=grid, **profile, **how) as raster:
        for row in range(0, 40_000, 4096):
            for column in range(0, 40_000, 4096):
                raster.write(people, 1, window=((row, row + 512), (column, column + 512)))
    return file, people


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="peak memory is read from Linux's /proc")
@pytest.mark.parametrize(
    ("side", "across", "blocks"),
    [
        (20_000, 200, 100),  # the whole raster in 40,000 zones of 20 km: 200 x 20 km = 40,000 x 100 m
        (500, 150, 1),  # 22,500 zones of a city, 75 km: one block of 51.2 km, the next begins at 409.6 km
    ],
)
def test_a_country_stays_under_500_mb(country: tuple[Path, np.ndarray], side: int, across: int, blocks: int) -> None:
    file, people = country
    command = [sys.executable, "-c", COUNTRY, str(side), str(across), str(file)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=180).stdout.split()
    total, peak_mb = float(said[-2]), float(said[-1])
    assert total == pytest.approx(blocks * float(people.sum(dtype=float)), rel=1e-6)
    assert peak_mb < 500


# ---- rasters: what is refused --------------------------------------------------------------------------------------


def test_missing_and_unknown_files(tmp_path: Path, faults: Faults) -> None:
    zones = squares(1000, 1000)
    missing = tmp_path / "none.tif"
    assert faults(read_population, missing, zones, Told()) == [f"{missing}: no such file; check the path"]
    other = tmp_path / "people.asc"
    (fault,) = faults(read_population, other, zones, Told())
    assert fault.startswith(f"{other}: unknown kind of population file; expected one of .tif, .tiff, .vrt, .gpkg")


@pytest.mark.parametrize("content", [b"", b"hello", b"II*\x00" + bytes(40)])
def test_what_is_no_raster(tmp_path: Path, faults: Faults, content: bytes) -> None:
    file = tmp_path / "p.tif"
    file.write_bytes(content)
    (fault,) = faults(read_population, file, squares(1000, 1000), Told())
    assert fault.startswith(f"{file}: cannot be read: ")
    assert fault.endswith("the file is corrupt or cut short, get it again")


@pytest.mark.parametrize("kept_share", [0.3, 0.9])
def test_a_raster_cut_short(tmp_path: Path, faults: Faults, kept_share: float) -> None:
    file = write_raster(tmp_path / "p.tif", np.random.default_rng(0).random((200, 200)), compress="deflate")
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * kept_share)])
    (fault,) = faults(read_population, file, squares(200_000, 200_000, side_m=5000), Told())
    assert fault.endswith("the file is corrupt or cut short, get it again")


def test_no_crs(tmp_path: Path, faults: Faults) -> None:
    file = write_raster(tmp_path / "p.tif", np.ones((2, 2)), crs=None)
    said = f"{file}: has no CRS; set it in the file, it is not guessed"
    assert faults(read_population, file, squares(1000, 1000), Told()) == [said]
    bare = write_raster(tmp_path / "bare.tif", np.ones((2, 2)), crs=None, transform=rasterio.Affine.identity())
    assert faults(read_population, bare, squares(1000, 1000), Told())[0] == said.replace("p.tif", "bare.tif")


def test_a_crs_of_nowhere(tmp_path: Path, faults: Faults) -> None:
    wkt = 'LOCAL_CS["my grid",UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]'
    file = write_raster(tmp_path / "p.tif", np.ones((2, 2)), crs=wkt)
    (fault,) = faults(read_population, file, squares(1000, 1000), Told())
    assert fault.startswith(f"{file}: its CRS cannot be related to EPSG:{UTM}: ")


@pytest.mark.parametrize(
    "grid", [(1000, 200, EAST, 200, -1000, NORTH + 2000), (-1000, 0, EAST + 2000, 0, -1000, NORTH + 2000)]
)
def test_rotated_or_mirrored(tmp_path: Path, faults: Faults, grid: tuple[float, ...]) -> None:
    file = write_raster(tmp_path / "p.tif", np.ones((2, 2)), transform=rasterio.Affine(*grid))
    said = "is rotated or mirrored; warp it to rows and columns along the axes (gdalwarp does)"
    assert faults(read_population, file, squares(1000, 1000), Told()) == [f"{file}: {said}"]


def test_complex_numbers_and_giant_blocks(tmp_path: Path, faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(population, "_MOST_BLOCK_CELLS", 3)
    file = write_raster(tmp_path / "p.tif", np.ones((2, 2), "complex64"))
    assert faults(read_population, file, squares(1000, 1000), Told()) == [
        f"{file}: holds complex64 numbers; people are expected",
        f"{file}: is stored in blocks of 2 x 2 cells; store it tiled (gdal_translate -co TILED=YES)",
    ]


def test_outside_the_area_both_extents_are_named(tmp_path: Path, faults: Faults) -> None:
    file = write_raster(tmp_path / "p.tif", np.ones((2, 2)))
    (fault,) = faults(read_population, file, squares(1000, 1000, east=500_000), Told())
    assert fault == (
        f"{file}: lies outside the area: it covers 600000, 4.2e+06 to 602000, 4.202e+06, "
        "the area 500000, 4.2e+06 to 501000, 4.201e+06 (in EPSG:32649); check file and CRS"
    )


def test_less_than_half_of_the_area_is_refused(tmp_path: Path, faults: Faults) -> None:
    # 1 of 4 km: a quarter.
    file = write_raster(tmp_path / "p.tif", np.ones((1, 1)))
    said = "covers 25.0% of the area; at least 50% is needed, get the neighbouring sheets"
    assert faults(read_population, file, squares(4000, 1000), Told()) == [f"{file}: {said}"]


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_nobody_in_the_area(tmp_path: Path, faults: Faults, value: float) -> None:
    file = write_raster(tmp_path / "p.tif", np.full((2, 2), value), nodata=-1)
    said = "nobody lives in the area by this file (no data or zeros throughout); take another one"
    assert faults(read_population, file, squares(1000, 1000), Told()) == [f"{file}: {said}"]


def test_a_mark_for_no_data_that_was_not_declared_is_no_city(tmp_path: Path, faults: Faults) -> None:
    # 2 147 483 647 in a cell of 1 km2 is 2 147 times the limit of a million.
    file = write_raster(tmp_path / "p.tif", np.array([[2_147_483_647, 5]], "int32"))
    (fault,) = faults(read_population, file, squares(2000, 1000, side_m=1000), Told())
    assert fault.startswith(f"{file}: up to 2,147,483,647 residents per km2 (zone z0600_04200); declare the mark")


@pytest.mark.parametrize(("package", "kind"), [("rasterio", "tif"), ("exactextract", "tif"), ("tobler", "geojson")])
def test_missing_packages(
    tmp_path: Path, faults: Faults, monkeypatch: pytest.MonkeyPatch, package: str, kind: str
) -> None:
    file = tmp_path / f"p.{kind}"
    if kind == "tif":
        write_raster(file, np.ones((1, 1)))
    else:
        hexagons(UTM).to_file(file)
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    (fault,) = faults(read_population, file, squares(1000, 1000), Told())
    assert fault.startswith(f"{file}: needs the package {package}; install it with pip install")


# ---- polygons ------------------------------------------------------------------------------------------------------


def hexagons(crs: int, across: int = 8, radius_m: float = 400) -> gpd.GeoDataFrame:
    """Hexagons like H3 cells of resolution 8, without gaps, drawn in Web Mercator; 1, 2, 3 ... people."""
    x0, y0 = Transformer.from_crs(UTM, 3857, always_xy=True).transform(EAST + 3000, NORTH + 3000)
    corner = np.radians(np.arange(6) * 60 + 30)
    ring = radius_m * np.column_stack([np.cos(corner), np.sin(corner)])
    middle = [
        (x0 + np.sqrt(3) * radius_m * (column + row % 2 / 2), y0 + 1.5 * radius_m * row)
        for row in range(across)
        for column in range(across)
    ]
    shapes = [shapely.Polygon(np.round(ring + centre, 3)) for centre in middle]
    people = np.arange(1, len(shapes) + 1)
    return gpd.GeoDataFrame({"h3": [f"8{n}" for n in people], "population": people}, geometry=shapes, crs=3857).to_crs(
        crs
    )


@pytest.mark.parametrize("crs", [UTM, 3857, 4326])
@pytest.mark.parametrize("side_m", [250, 2000])
def test_everyone_in_the_hexagons_arrives(tmp_path: Path, crs: int, side_m: float) -> None:
    # 64 hexagons with 1 + 2 + ... + 64 = 64 x 65 / 2 = 2 080 people, whatever the CRS of the file
    file = tmp_path / "kontur.gpkg"
    hexagons(crs).to_file(file)
    told = Told()
    residents = read_population(file, squares(14_000, 12_000, side_m), told)
    assert residents.sum() == pytest.approx(2080, rel=1e-6)
    assert (residents.min(), residents.index.name, residents.name) == (0, "zone_id", "residents")
    assert told == ["kontur.gpkg: 2,080 residents in the zones"]


def test_people_outside_the_area_do_not_move_in() -> None:
    # 300 people on 3 km, of which the zones cover 1 km: 100 of them, 25 in each quarter.
    strip = shapely.box(EAST, NORTH, EAST + 3000, NORTH + 1000)
    source = gpd.GeoDataFrame({"人口（人）": [300]}, geometry=[strip], crs=UTM)
    residents = residents_from_polygons(source, squares(1000, 1000), None, Told())
    assert residents.to_numpy() == pytest.approx([25] * 4)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 100_000), min_size=9, max_size=9).filter(lambda p: sum(p) > 1), st.integers(0, 999))
def test_mass_is_kept_for_any_census_units(people: list[float], seed: int) -> None:
    # Nine units with crooked borders: a grid whose inner corners are shaken.
    shake = np.random.default_rng(seed).uniform(-400, 400, (4, 4, 2))
    corner = np.stack(np.meshgrid(np.arange(4), np.arange(4), indexing="ij"), axis=-1) * 1200.0 + shake
    corner += [EAST + 1000, NORTH + 1000]
    units = [
        shapely.Polygon([corner[i, j], corner[i + 1, j], corner[i + 1, j + 1], corner[i, j + 1]])
        for i in range(3)
        for j in range(3)
    ]
    source = gpd.GeoDataFrame({"pop": people}, geometry=units, crs=UTM)
    residents = residents_from_polygons(source, squares(6000, 6000), "pop", Told())
    assert residents.sum() == pytest.approx(sum(people), rel=1e-6)


def test_overlapping_polygons_are_said() -> None:
    west, east = (shapely.box(EAST + x, NORTH, EAST + x + 600, NORTH + 500) for x in (0, 500))
    source = gpd.GeoDataFrame({"pop": [6, 6]}, geometry=[west, east], crs=UTM)
    told = Told()
    assert residents_from_polygons(source, squares(1500, 500), None, told, "pop.gpkg").sum() == pytest.approx(12)
    assert told[0] == "pop.gpkg: polygons overlap, feature 1, 2: the people of each are counted; check for doubles"


@pytest.mark.parametrize("bad", [None, float("nan"), -1, "many", float("inf")])
def test_numbers_that_are_no_people(faults: Faults, bad: object) -> None:
    source = hexagons(UTM).astype({"population": object})
    source.loc[[2, 5], "population"] = bad
    said = "no number of people or a negative one in population; correct or delete these features"
    assert faults(residents_from_polygons, source, squares(14_000, 12_000), None, Told(), "pop.gpkg") == [
        f"pop.gpkg, feature 3, 6: {said}"
    ]


def test_numbers_as_text_are_read() -> None:
    source = hexagons(UTM).astype({"population": str})
    assert residents_from_polygons(source, squares(14_000, 12_000), None, Told()).sum() == pytest.approx(2080)


@pytest.mark.parametrize(("column", "word"), [(None, "of residents"), ("nobody", "'nobody'")])
def test_no_column_of_people(faults: Faults, column: str | None, word: str) -> None:
    source = hexagons(UTM).rename(columns={"population": "height"})
    assert faults(residents_from_polygons, source, squares(14_000, 12_000), column, Told(), "pop.gpkg") == [
        f"pop.gpkg: no column {word} among h3, height; name the column of people"
    ]


def test_points_are_no_polygons(faults: Faults) -> None:
    source = hexagons(UTM)
    source["geometry"] = source.geometry.centroid
    (fault,) = faults(residents_from_polygons, source, squares(1000, 1000), None, Told(), "pop.gpkg")
    assert fault.endswith("expected Polygon or MultiPolygon")


def test_polygons_of_another_area(faults: Faults) -> None:
    (fault,) = faults(
        residents_from_polygons, hexagons(UTM), squares(1000, 1000, east=700_000), None, Told(), "pop.gpkg"
    )
    assert fault.startswith("pop.gpkg: no population polygon inside the study area: the file covers 112.")


def test_polygons_without_people(faults: Faults) -> None:
    source = hexagons(UTM).assign(population=0)
    (fault,) = faults(residents_from_polygons, source, squares(14_000, 12_000), None, Told(), "pop.gpkg")
    assert fault.startswith("pop.gpkg: nobody lives in the area by this file")
