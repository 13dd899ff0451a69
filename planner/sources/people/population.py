"""Residents of zones from a population file: rasters by the covered share of each cell, polygons by covered area."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import ProjError

from planner.faults import BadInput, Fault, refuse, some
from planner.files.readers import VECTORS, missing_package, read_features, within
from planner.files.readers import column as header_of
from planner.tables import check_geometry
from planner.words import Say, Text

Box: TypeAlias = tuple[float, float, float, float]  # west, south, east, north
Window: TypeAlias = tuple[int, int, int, int]  # row from, row to, column from, column to
RASTERS = (".tif", ".tiff", ".vrt")
_CACHE_BYTES = 32_000_000  # of decoded blocks; rasterio, unlike GDAL, takes the number as bytes
_WINDOW_CELLS = 1_000_000  # read at once: 8 MB as float64, some 40 MB with masks and copies
_MOST_BLOCK_CELLS = 17_000_000  # 4096 x 4096; a block is decoded whole: 136 MB as float64
_LEAST_COVERED = 0.5  # of the zones' area; below it the raster is of another area
_MOST_PER_KM2 = 1_000_000.0  # five times the densest square kilometre on earth: a mark for "no data" was summed
_AREAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
_OVERLAP_SHARE = 0.01  # of the smaller polygon; less is the rounding of borders


def read_population(file: Path, zones: gpd.GeoDataFrame, say: Say, column: str | None = None) -> pd.Series:
    """Residents per zone from a population raster or polygon layer, by the file's suffix.

    Parameters
    ----------
    file
        Raster (.tif, .tiff, .vrt) of people per cell, or polygons (GeoPackage, GeoJSON, FlatGeobuf, shapefile, zipped
        shapefile) with a column of people: H3 cells, census units.
    zones
        Polygons in projected metres, index ``zone_id``.
    say
        Told what was left out, assumed and counted.
    column
        Column of residents of a polygon layer; found by its header where not given.

    Returns
    -------
    Series
        ``residents``, people as fractions (float), index ``zone_id`` in the order of `zones`.

    Raises
    ------
    BadInput
        A kind of file that is not known, a package that is missing, and all that the two readers refuse.
    """
    suffix = file.suffix.lower()
    if suffix in RASTERS:
        return residents_from_raster(file, zones, say)
    if suffix in VECTORS:
        return residents_from_polygons(read_features(file, say, zones.geometry), zones, column, say, where=str(file))
    kinds = ", ".join((*RASTERS, *VECTORS))
    en, zh = f"unknown kind of population file; expected one of {kinds}", f"不支持的人口文件类型，应为以下之一：{kinds}"
    raise BadInput([Fault(str(file), en=en, zh=zh)])


# ---- rasters -----------------------------------------------------------------------------------------------------


def residents_from_raster(file: Path, zones: gpd.GeoDataFrame, say: Say) -> pd.Series:
    """Residents per zone from a raster of people per cell: sum over cells of people x share of the cell in the zone.

    The zones are brought into the raster's CRS. Cells that are masked, nodata, not finite or negative hold nobody and
    are counted. The raster is read window by window, each cell once, so that memory does not grow with its size.

    Parameters
    ----------
    file
        A raster GDAL reads, people per cell in its first band.
    zones
        Polygons in projected metres, index ``zone_id``.
    say
        Told about cells without people, further bands, and how much of the area the raster covers.

    Returns
    -------
    Series
        ``residents``, people as fractions (float), index ``zone_id``.

    Raises
    ------
    BadInput
        Corrupt or truncated, no CRS, rotated, outside the area or over less than half of it, or nobody in the area.
    """
    rasterio = _needed("rasterio", file)
    _needed("exactextract", file)
    if not file.is_file():
        raise BadInput([Fault(str(file), en="no such file; check the path", zh="找不到文件，请检查路径")])
    try:
        with warnings.catch_warnings(), rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES):
            warnings.filterwarnings("ignore", category=rasterio.errors.NotGeoreferencedWarning)  # refused as no CRS
            with rasterio.open(file) as raster:
                _check_raster(raster, file, say)
                shapes = _in_raster(zones, raster, file)
                _check_cover(shapes, zones, raster, file, say)
                people, empty_cells, lowest = _summed(raster, shapes)
    except rasterio.errors.RasterioError as error:
        en = f"cannot be read: {error}; the file is corrupt or cut short, get it again"
        zh = f"无法读取：{error}；文件损坏或不完整，请重新获取"
        raise BadInput([Fault(str(file), en=en, zh=zh)]) from None
    if empty_cells >= 0.5:
        marks = Text(zh=f"（最低 {lowest:g}）" if lowest < 0 else "", en=f" (lowest {lowest:g})" if lowest < 0 else "")
        en = f"{empty_cells:,.0f} cells of the area without data or negative{marks.en}: counted as nobody"
        zh = f"研究区内 {empty_cells:,.0f} 个像元无数据或为负值{marks.zh}，按无人计"
        say(Text(zh=zh, en=en).about(file.name))
    residents = pd.Series(people, index=zones.index, name="residents")
    return _checked(residents, zones, str(file), say)


def _needed(module: str, file: Path | str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise BadInput([missing_package(str(file), module.partition(".")[0])]) from None


def _check_raster(raster: Any, file: Path, say: Say) -> None:
    """Refuse what has no place or no number; say which band counts."""
    faults, shown = [], str(file)
    if raster.count == 0:
        en = f"holds {len(raster.subdatasets)} subdatasets and no band; export the one of people as GeoTIFF"
        zh = f"含 {len(raster.subdatasets)} 个子数据集而没有波段，请将其中的人口图层导出为 GeoTIFF"
        raise BadInput([Fault(shown, en=en, zh=zh)])
    if raster.crs is None:
        en, zh = "has no CRS; set it in the file, it is not guessed", "没有坐标系信息，请在文件中设定，程序不会猜测"
        faults.append(Fault(shown, en=en, zh=zh))
    grid = raster.transform
    if grid.b or grid.d or grid.a <= 0 or grid.e == 0:
        en = "is rotated or mirrored; warp it to rows and columns along the axes (gdalwarp does)"
        zh = "有旋转或镜像，请先校正为行列与坐标轴平行（如用 gdalwarp）"
        faults.append(Fault(shown, en=en, zh=zh))
    if raster.dtypes[0].startswith("complex"):
        kind = raster.dtypes[0]
        en, zh = f"holds {kind} numbers; people are expected", f"像元值为 {kind} 类型，应为人数"
        faults.append(Fault(shown, en=en, zh=zh))
    rows, columns = raster.block_shapes[0]
    if rows * columns > _MOST_BLOCK_CELLS:
        en = f"is stored in blocks of {columns:,} x {rows:,} cells; store it tiled (gdal_translate -co TILED=YES)"
        zh = f"按 {columns:,} x {rows:,} 个像元分块存储，请转换为切片存储（gdal_translate -co TILED=YES）"
        faults.append(Fault(shown, en=en, zh=zh))
    refuse(faults)
    if raster.count > 1:
        name = raster.descriptions[0]
        en = f"{raster.count} bands, the first{f' ({name})' if name else ''} taken as residents"
        zh = f"共 {raster.count} 个波段，以第一波段{f'（{name}）' if name else ''}为人口"
        say(Text(zh=zh, en=en).about(file.name))


def _in_raster(zones: gpd.GeoDataFrame, raster: Any, file: Path) -> np.ndarray:
    """Zones in the raster's CRS (empty where it has no place for one); squares that share corners still share them."""
    try:
        shapes = _areas(zones.geometry.to_crs(CRS.from_wkt(raster.crs.to_wkt())))
    except (ProjError, ValueError) as error:  # of pyproj, and rasterio's of a CRS without text
        crs = zones.crs.to_string()
        en = f"its CRS cannot be related to {crs}: {error}; declare a known one"
        zh = f"其坐标系无法与 {crs} 换算：{error}；请声明已知的坐标系"
        raise BadInput([Fault(str(file), en=en, zh=zh)]) from None
    shapes[~np.isfinite(shapely.bounds(shapes)).all(axis=1)] = shapely.Polygon()
    return shapes


def _check_cover(shapes: np.ndarray, zones: gpd.GeoDataFrame, raster: Any, file: Path, say: Say) -> None:
    """Refuse a raster of another area; say the share of the zones' area that lies inside."""
    extent = _extent(raster)
    inside = _share_in_box(shapes, extent)
    area = zones.geometry.area.to_numpy()
    share = float((inside * area).sum() / area.sum())
    if share == 0:
        here, there, crs = _corners(extent), _corners(_bounds(shapes)), raster.crs.to_string()[:40]
        en = f"lies outside the area: it covers {here}, the area {there} (in {crs}); check file and CRS"
        zh = f"位于研究区之外：栅格范围 {here}，研究区 {there}（{crs} 下）；请检查文件与坐标系"
        raise BadInput([Fault(str(file), en=en, zh=zh)])
    if share < _LEAST_COVERED:
        en = f"covers {share:.1%} of the area; at least {_LEAST_COVERED:.0%} is needed, get the neighbouring sheets"
        zh = f"仅覆盖研究区的 {share:.1%}，至少须覆盖 {_LEAST_COVERED:.0%}，请补充相邻图幅"
        raise BadInput([Fault(str(file), en=en, zh=zh)])
    if share < 1 - 1e-9:
        covered = f"{min(share, 0.9999):.2%}"
        en = f"covers {covered} of the area; nobody is counted in the rest"
        say(Text(zh=f"覆盖研究区的 {covered}，其余按无人计", en=en).about(file.name))


def _share_in_box(shapes: np.ndarray, box: Box) -> np.ndarray:
    """Share of each shape's area inside a box; 0 of an empty shape."""
    west, south, east, north = shapely.bounds(shapes).T
    inside = (west >= box[0]) & (south >= box[1]) & (east <= box[2]) & (north <= box[3])
    share: np.ndarray = inside.astype(float)
    cut = np.flatnonzero(~inside & ~shapely.is_empty(shapes))
    share[cut] = shapely.area(shapely.intersection(shapes[cut], shapely.box(*box))) / shapely.area(shapes[cut])
    return share


def _summed(raster: Any, shapes: np.ndarray) -> tuple[np.ndarray, float, float]:
    """People per shape, cells of the shapes' area without a figure, and the lowest figure found.

    Sums over windows add up, for every cell lies in one window: a zone across a border is summed from both sides.
    """
    exact_extract = importlib.import_module("exactextract").exact_extract
    array_source = importlib.import_module("exactextract.raster").NumPyRasterSource
    people, empty_cells, lowest = np.zeros(len(shapes)), 0.0, 0.0
    for window, near in _windows(raster, shapes):
        values, box = _read(raster, window)
        figures = np.where(np.ma.getmaskarray(values) | ~np.isfinite(values.data), np.nan, values.data)
        lowest = min(lowest, float(np.fmin.reduce(figures, axis=None)))
        empty = ~(figures >= 0)
        if empty.all():  # sea, desert: measured at once
            ground = shapely.area(shapely.intersection(shapes[near], shapely.box(*box)))
            empty_cells += float(ground.sum()) / abs(raster.transform.a * raster.transform.e)
            continue
        layers = [array_source(np.where(empty, 0.0, figures), *box, name="people")]
        layers += [array_source(empty.astype(float), *box, name="empty")] if empty.any() else []
        parts = gpd.GeoDataFrame(geometry=shapes[near], crs=4326)  # never looked at, but asked for
        sums = exact_extract(layers, parts, "sum", output="pandas")
        people[near] += sums.iloc[:, 0].to_numpy(float)
        empty_cells += float(sums.iloc[:, 1].sum()) if len(layers) > 1 else 0.0
    return people, empty_cells, lowest


def _windows(raster: Any, shapes: np.ndarray) -> Iterator[tuple[Window, np.ndarray]]:
    """Windows of the raster and the shapes in each; none overlap.

    At most `_WINDOW_CELLS` cells, whole blocks of the file where they fit, so that few are decoded twice.
    """
    tree = shapely.STRtree(shapes)
    block_rows, block_columns = raster.block_shapes[0]
    top, bottom, left, right = _cells(raster, _bounds(shapes))
    wide = max(1, int(_WINDOW_CELLS**0.5) // block_columns) * block_columns
    left -= left % wide
    columns = min(wide, right - left, _WINDOW_CELLS)
    rows = max(1, _WINDOW_CELLS // columns // block_rows * block_rows or _WINDOW_CELLS // columns)
    for row in range(top - top % rows, bottom, rows):
        for column in range(left, right, columns):
            window = row, min(row + rows, bottom), column, min(column + columns, right)
            near = np.sort(tree.query(shapely.box(*_box(raster, window)), predicate="intersects"))
            if len(near):
                inner = _cells(raster, _bounds(shapes[near]))
                cut = tuple(f(a, b) for f, a, b in zip((max, min, max, min), window, inner, strict=True))
                if cut[0] < cut[1] and cut[2] < cut[3]:
                    yield (cut[0], cut[1], cut[2], cut[3]), near


def _read(raster: Any, window: Window) -> tuple[np.ma.MaskedArray[Any, Any], Box]:
    """People per cell, north first, masked where the file says so, and the box (west, south, east, north)."""
    row, row_to, column, column_to = window
    values = raster.read(1, window=((row, row_to), (column, column_to)), masked=True).astype(float)
    if raster.scales[0] != 1 or raster.offsets[0] != 0:
        values = values * raster.scales[0] + raster.offsets[0]
    return (values if raster.transform.e < 0 else values[::-1]), _box(raster, window)


def _cells(raster: Any, bounds: tuple[float, ...]) -> Window:
    """Rows and columns (from, to) that cover a box, cut to the raster."""
    grid, (west, south, east, north) = raster.transform, bounds
    rows = sorted(((south - grid.f) / grid.e, (north - grid.f) / grid.e))
    columns = (west - grid.c) / grid.a, (east - grid.c) / grid.a
    (top, bottom), (left, right) = (
        (max(int(np.floor(low)), 0), min(int(np.ceil(high)), most))
        for (low, high), most in ((rows, raster.height), (columns, raster.width))
    )
    return top, bottom, left, right


def _box(raster: Any, window: Window) -> Box:
    """West, south, east, north of a window in the raster's CRS, also where row 0 is the southernmost."""
    grid, (row, row_to, column, column_to) = raster.transform, window
    south, north = sorted((grid.f + grid.e * row, grid.f + grid.e * row_to))
    return grid.c + grid.a * column, south, grid.c + grid.a * column_to, north


def _extent(raster: Any) -> Box:
    return _box(raster, (0, raster.height, 0, raster.width))


def _bounds(shapes: np.ndarray) -> tuple[float, ...]:
    return tuple(float(edge) for edge in shapely.total_bounds(shapes))


def _corners(box: tuple[float, ...]) -> str:
    west, south, east, north = (f"{edge:.6g}" for edge in box)
    return f"{west}, {south} to {east}, {north}"


# ---- polygons ----------------------------------------------------------------------------------------------------


def residents_from_polygons(
    features: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, column: str | None, say: Say, where: str = "population layer"
) -> pd.Series:
    """Residents per zone from polygons of people: sum over polygons of people x share of the polygon in the zone.

    People of a polygon's part outside the zones stay outside. Shares are of areas in the CRS of the zones.

    Parameters
    ----------
    features
        Polygons (H3 cells, census units) in any CRS with a column of people.
    zones
        Polygons in projected metres, index ``zone_id``.
    column
        The column of people; None finds it by its header (meaning ``residents`` of headers.csv).
    say
        Told about overlapping polygons and the people counted.
    where
        File name, for messages.

    Returns
    -------
    Series
        ``residents``, people as fractions (float), index ``zone_id``.

    Raises
    ------
    BadInput
        No such column, people missing or negative, no polygons, none in the area, or nobody in the area.
    """
    area_interpolate = _needed("tobler.area_weighted", where).area_interpolate
    check_geometry(features, ("Polygon", "MultiPolygon"), where)
    name = _people_column(features, column, where)
    near = np.flatnonzero(within(features, zones.geometry, Path(where), Text(zh="人口面要素", en="population polygon")))
    people = pd.to_numeric(features[name].iloc[near], errors="coerce").to_numpy(float)
    wrong = near[~(np.isfinite(people) & (people >= 0))] + 1
    if len(wrong):
        en = f"no number of people or a negative one in {name}; correct or delete these features"
        zh = f"{name} 中没有人数或为负值，请更正或删除这些要素"
        raise BadInput([Fault(f"{where}, feature {some(wrong)}", en=en, zh=zh)])
    shapes = features.geometry.iloc[near].to_crs(zones.crs)
    _say_overlaps(shapes.to_numpy(), near, where, say)
    source = gpd.GeoDataFrame({"residents": people}, geometry=shapes.to_numpy(), crs=zones.crs)
    target = gpd.GeoDataFrame(geometry=_areas(zones.geometry), crs=zones.crs)
    spread = area_interpolate(source, target, extensive_variables=["residents"], allocate_total=False)
    return _checked(pd.Series(spread["residents"].to_numpy(), index=zones.index, name="residents"), zones, where, say)


def _people_column(features: gpd.GeoDataFrame, column: str | None, where: str) -> str:
    found = column or header_of(features, "residents")
    if found is None or found not in features.columns:
        among = some(features.columns.drop("geometry"), 12)
        wanted = Text(zh="人口列", en="column of residents")
        if column:
            wanted = Text(zh=f" {column!r} 列", en=f"column {column!r}")
        en = f"no {wanted.en} among {among}; name the column of people"
        raise BadInput([Fault(where, en=en, zh=f"{among} 中没有{wanted.zh}，请指明人口所在的列")])
    return found


def _say_overlaps(shapes: np.ndarray, rows: np.ndarray, where: str, say: Say) -> None:
    """Tell which polygons share ground: their people are all counted there."""
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    shared = shapely.area(shapely.intersection(shapes[one], shapes[other]))
    areas = shapely.area(shapes)
    both = shared > _OVERLAP_SHARE * np.minimum(areas[one], areas[other])
    if both.any():
        features = some(np.unique(rows[np.concatenate([one[both], other[both]])]) + 1)
        en = f"polygons overlap, feature {features}: the people of each are counted; check for doubles"
        zh = f"面要素 {features} 互相重叠，人口分别计入，请检查是否重复"
        say(Text(zh=zh, en=en).about(Path(where).name))


def _areas(shapes: gpd.GeoSeries) -> np.ndarray:
    """The shapes without the stray lines and points that cutting along a boundary leaves; empty where none is left."""
    found: np.ndarray = shapes.to_numpy().copy()
    for row in np.flatnonzero(~np.isin(shapely.get_type_id(found), _AREAL)):
        parts = shapely.get_parts(found[row])
        found[row] = shapely.union_all(parts[np.isin(shapely.get_type_id(parts), _AREAL)])
    return found


def _checked(residents: pd.Series, zones: gpd.GeoDataFrame, where: str, say: Say) -> pd.Series:
    """Refuse what cannot be a number of people; say the total."""
    total = float(residents.sum())
    if total <= 0:
        en = "nobody lives in the area by this file (no data or zeros throughout); take another one"
        raise BadInput([Fault(where, en=en, zh="按该文件研究区内无人居住（无数据或全为零），请更换文件")])
    per_km2 = residents / (zones.geometry.area / 1e6)
    crowded = per_km2.index[per_km2 > _MOST_PER_KM2]
    if len(crowded):
        most = f"{per_km2.max():,.0f}"
        en = f"up to {most} residents per km2 (zone {some(crowded)}); "
        en += "declare the mark for cells without data, or count people, not something else"
        zh = f"每 km2 最多达 {most} 人（网格 {some(crowded)}）；请声明无数据像元的标记值，或确认数值为人数"
        raise BadInput([Fault(where, en=en, zh=zh)])
    say(Text(zh=f"各网格共 {total:,.0f} 人", en=f"{total:,.0f} residents in the zones").about(Path(where).name))
    return residents
