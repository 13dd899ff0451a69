"""Files that people really have: vector layers, CSV in two encodings, Excel, with headers in Chinese or English."""

from __future__ import annotations

import csv
import io
import re
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from planner.faults import BadInput, Fault, refuse, some
from planner.files.text import decodes, read_text
from planner.files.vector import check_crs, read_vector
from planner.words import Say, Text

TABLES = (".csv", ".tsv", ".txt", ".xlsx")
VECTORS = (".gpkg", ".geojson", ".json", ".fgb", ".shp", ".zip")
_MOST_UNZIPPED_BYTES = 4_000_000_000
_MOST_SQUEEZED = 200  # times smaller in the zip: real shapefiles reach about 20


def read_features(file: Path, say: Say, near: gpd.GeoSeries | None = None) -> gpd.GeoDataFrame:
    """A vector layer, or a table with longitude and latitude as points; geometries in two dimensions and valid.

    Parameters
    ----------
    file
        GeoPackage, GeoJSON, FlatGeobuf, shapefile (UTF-8 or GBK, also zipped), CSV (UTF-8 or GB18030) or Excel.
    say
        Told about heights left out and geometries repaired.
    near
        The study area (any CRS): of a vector file only what touches its box is read, all where nothing does.

    Returns
    -------
    GeoDataFrame
        In the file's own CRS; tables are EPSG:4326.

    Raises
    ------
    BadInput
        Anything that keeps the file from being read, rows without geometry or coordinates, and no or a wrong CRS.
    """
    if file.suffix.lower() in TABLES:
        return points_of(read_table(file), file)
    return _sound(_read_layer(file, near), file, say).reset_index(drop=True)


def read_table(file: Path) -> pd.DataFrame:
    """A table as text and numbers: CSV (UTF-8 with or without mark, else GB18030; any usual separator) or Excel.

    Raises
    ------
    BadInput
        No such file, neither encoding fits, both are mixed, or it is no table.
    """
    _must_exist(file)
    try:
        if file.suffix.lower() == ".xlsx":
            table = pd.read_excel(file, dtype=object)
        else:
            text = read_text(file)
            table = pd.read_csv(io.StringIO(text), sep=_separator(text), skipinitialspace=True)
    except ImportError:
        raise BadInput([missing_package(str(file), "openpyxl")]) from None
    except BadInput:
        raise
    except (ValueError, KeyError, BadZipFile, OSError) as error:  # parsers raise these of many kinds
        en, zh = f"cannot be read as a table: {error}", f"无法读取该表格：{error}"
        raise BadInput([Fault(str(file), en=en, zh=zh)]) from None
    if table.empty:
        raise BadInput(
            [Fault(str(file), en="the table is empty; at least one row is needed", zh="表为空，至少需要一行")]
        )
    return table.rename(columns=str)


def points_of(table: pd.DataFrame, file: Path) -> gpd.GeoDataFrame:
    """Rows of a table as points by their longitude and latitude columns, degrees.

    Raises
    ------
    BadInput
        No such columns, rows without numbers, coordinates outside the world or swapped.
    """
    lon_name, lat_name = column(table, "lon"), column(table, "lat")
    refuse(
        Fault(
            f"{file}, header",
            en=f"no column for {word.en} among {some(table.columns, 12)}; name it {name}",
            zh=f"表头 {some(table.columns, 12)} 中没有{word.zh}列，请命名为 {name}",
        )
        for found, word, name in (
            (lon_name, Text(zh="经度", en="longitude"), "lon"),
            (lat_name, Text(zh="纬度", en="latitude"), "lat"),
        )
        if found is None
    )
    lon, lat = (pd.to_numeric(table[name], errors="coerce").to_numpy(float) for name in (lon_name, lat_name))
    lost = np.flatnonzero(~(np.isfinite(lon) & np.isfinite(lat))) + 2
    if len(lost):
        found = [table[name].iloc[lost[0] - 2] for name in (lon_name, lat_name)]
        en = f"no number in {lon_name} or {lat_name} (found {found[0]}, {found[1]}); fill or delete these rows"
        zh = f"{lon_name} 或 {lat_name} 不是数值（现为 {found[0]}, {found[1]}），请填写或删除这些行"
        if any("," in str(value) for value in found):
            en, zh = f"{en}; write decimal points, not commas", f"{zh}；小数请用点号，不用逗号"
        raise BadInput([Fault(f"{file}, line {some(lost)}", en=en, zh=zh)])
    outside = (np.abs(lon) > 180) | (np.abs(lat) > 90)
    swapped = (np.abs(lat) <= 180) & (np.abs(lon) <= 90)
    if outside.any() and bool((swapped | ~outside).all()):
        en = f"longitude and latitude are swapped: {lat_name} = {lat[outside][0]:g}; swap the two headers"
        zh = f"经度与纬度颠倒：{lat_name} = {lat[outside][0]:g}，请对调两列的表头"
        raise BadInput([Fault(f"{file}, line {some(np.flatnonzero(outside) + 2)}", en=en, zh=zh)])
    if outside.any():
        en = f"found {lon[outside][0]:g}, {lat[outside][0]:g}; degrees are expected"
        zh = f"现为 {lon[outside][0]:g}, {lat[outside][0]:g}；应为经纬度（度）"
        raise BadInput([Fault(f"{file}, line {some(np.flatnonzero(outside) + 2)}", en=en, zh=zh)])
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(lon, lat), crs=4326)


def column(table: pd.DataFrame, meaning: str) -> str | None:
    """The column that holds `meaning` (a row of headers.csv), by its header in Chinese or English; None without one.

    Where several fit, the header that stands first in headers.csv wins.
    """
    known = {_plain(str(name)): str(name) for name in reversed(list(table.columns))}
    return next((known[header] for header in _headers()[meaning] if header in known), None)


def within(features: gpd.GeoDataFrame, boundary: gpd.GeoSeries, file: Path, what: Text) -> np.ndarray:
    """Which features touch the boundary; none at all is refused, with what was found and whether x and y are swapped.

    Parameters
    ----------
    features, boundary
        In any CRS.
    what
        Name of the features for the message.

    Raises
    ------
    BadInput
        No feature lies in the study area.
    """
    area = boundary.to_crs(features.crs).union_all()
    inside = np.asarray(features.geometry.intersects(area))
    if inside.any():
        return inside
    turned = shapely.transform(features.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    if bool(shapely.intersects(turned, area).any()):
        en, zh = "longitude and latitude are swapped; swap the two columns", "经度与纬度颠倒，请对调两列"
        raise BadInput([Fault(str(file), en=en, zh=zh)])
    here, there = _extent(features), _extent(boundary)
    en = f"no {what.en} inside the study area: the file covers {here}, the area {there}"
    raise BadInput([Fault(str(file), en=en, zh=f"研究区内没有{what.zh}：文件范围 {here}，研究区 {there}")])


def missing_package(where: str, package: str) -> Fault:
    """What to say where an optional package is needed."""
    command = 'pip install "ev-charging-planner[sources]"'
    en = f"needs the package {package}; install it with {command}"
    return Fault(where, en=en, zh=f"需要软件包 {package}，请运行 {command} 安装")


def _extent(features: gpd.GeoDataFrame | gpd.GeoSeries) -> str:
    west, south, east, north = features.to_crs(4326).total_bounds
    return f"{west:.3f}, {south:.3f} to {east:.3f}, {north:.3f}"


def _must_exist(file: Path) -> None:
    if not file.is_file():
        raise BadInput([Fault(str(file), en="no such file; check the path", zh="找不到文件，请检查路径")])


def _separator(text: str) -> str:
    header = next(csv.reader([text.partition("\n")[0]]), [""])
    line = header[0] if len(header) == 1 else ""
    return next((mark for mark in ("\t", ";", "|") if mark in line), ",")


@cache
def _headers() -> dict[str, list[str]]:
    with (Path(__file__).parent / "headers.csv").open(encoding="utf-8", newline="") as file:
        return {row["meaning"]: [_plain(h) for h in row["headers"].split("|")] for row in csv.DictReader(file)}


def _plain(header: str) -> str:
    """A header without units, blanks and capitals: ``"经度 (°)"`` -> ``"经度"``."""
    return re.sub(r"[(（\[].*?[)）\]]|[\s_\-./]", "", header.strip().lower())


# ---- vector files ------------------------------------------------------------------------------------------------


def _read_layer(file: Path, near: gpd.GeoSeries | None) -> gpd.GeoDataFrame:
    _must_exist(file)
    if file.suffix.lower() not in VECTORS:
        kinds = ", ".join((*VECTORS, *TABLES))
        en = f"unknown kind of file; expected one of {kinds}"
        raise BadInput([Fault(str(file), en=en, zh=f"不支持的文件类型，应为以下之一：{kinds}")])
    if file.suffix.lower() == ".zip":
        with tempfile.TemporaryDirectory() as folder:
            return _shapefile(_unzipped(file, Path(folder)), file, near)
    return _shapefile(file, file, near) if file.suffix.lower() == ".shp" else read_vector(file, near)


def _shapefile(shp: Path, shown: Path, near: gpd.GeoSeries | None) -> gpd.GeoDataFrame:
    """A shapefile in the encoding of its .cpg; without one UTF-8 where that fits, else GB18030."""
    if shp.with_suffix(".cpg").is_file():
        return read_vector(shp, near)
    dbf = shp.with_suffix(".dbf")
    raw = dbf.read_bytes() if dbf.is_file() else b""
    header = int.from_bytes(raw[8:10], "little")  # the records begin here
    texts = raw[header:] + b"".join(raw[32:header][n : n + 11] for n in range(0, max(header - 33, 0), 32))
    try:
        return read_vector(shp, near, "utf-8" if decodes(texts, "utf-8") else "gb18030")
    except BadInput as error:
        raise BadInput([Fault(str(shown), en=fault.en, zh=fault.zh) for fault in error.faults]) from None


def _unzipped(file: Path, folder: Path) -> Path:
    """The shapefile of a zip, unpacked into `folder`: nothing outside of it, nothing beyond a sane size."""
    try:
        with ZipFile(file) as packed:
            members = [info for info in packed.infolist() if not info.is_dir()]
            refuse(_zip_faults(file, members))
            for info in members:
                name = Path(info.filename)
                if name.suffix.lower() in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
                    info.filename = f"layer{name.suffix.lower()}"
                    packed.extract(info, folder)
    except (BadZipFile, zipfile.LargeZipFile, OSError, RuntimeError) as error:
        en, zh = f"cannot be unpacked: {error}", f"无法解压该文件：{error}"
        raise BadInput([Fault(str(file), en=en, zh=zh)]) from None
    return folder / "layer.shp"


def _zip_faults(file: Path, members: list[zipfile.ZipInfo]) -> list[Fault]:
    faults = []
    for info in members:
        parts = Path(info.filename.replace("\\", "/")).parts
        if info.filename.startswith(("/", "\\")) or ".." in parts or ":" in info.filename:
            en = "leads outside the folder; pack the shapefile again without paths"
            zh = "路径指向文件夹之外，请去掉路径后重新打包 shapefile"
            faults.append(Fault(f"{file}, member {info.filename!r}", en=en, zh=zh))
    size = sum(info.file_size for info in members)
    squeezed = sum(info.compress_size for info in members)
    if size > _MOST_UNZIPPED_BYTES or size > _MOST_SQUEEZED * max(squeezed, 1) + 1_000_000:
        en = f"unpacks from {squeezed / 1e6:,.1f} to {size / 1e6:,.0f} MB: no plausible shapefile; unpack it yourself"
        zh = f"由 {squeezed / 1e6:,.1f} MB 解压为 {size / 1e6:,.0f} MB，不像正常的 shapefile，请自行解压"
        faults.append(Fault(str(file), en=en, zh=zh))
    shapefiles = [info.filename for info in members if info.filename.lower().endswith(".shp")]
    if len(shapefiles) != 1:
        en = f"holds {len(shapefiles)} shapefiles ({some(shapefiles) or 'none'}); exactly one is expected"
        zh = f"内含 {len(shapefiles)} 个 shapefile（{some(shapefiles) or '无'}），应恰有一个"
        faults.append(Fault(str(file), en=en, zh=zh))
    return faults


def _sound(table: gpd.GeoDataFrame, file: Path, say: Say) -> gpd.GeoDataFrame:
    """The layer with valid two-dimensional geometries; rows without any are refused."""
    shapes = table.geometry
    number = table.index.to_numpy() + (0 if file.suffix.lower() == ".gpkg" else 1)
    missing = number[shapes.isna() | shapes.is_empty]
    if len(missing):
        en = f"{len(missing)} without geometry; draw or delete them"
        zh = f"{len(missing)} 个要素缺少几何，请补绘或删除"
        raise BadInput([Fault(f"{file}, feature {some(missing)}", en=en, zh=zh)])
    check_crs(table, file)
    _check_extent(table, file)
    if bool(shapes.has_z.any()):
        high = int(shapes.has_z.sum())
        say(Text(zh=f"已舍弃 {high} 个要素的高程", en=f"heights of {high} features left out").about(file.name))
        table = table.set_geometry(shapes.force_2d())
    broken = ~table.geometry.is_valid
    if bool(broken.any()):
        rows = some(number[broken])
        repaired = table.geometry.where(~broken, table.geometry.make_valid())
        kinds = {"Polygon": "Polygon", "MultiPolygon": "Polygon", "LineString": "LineString"}
        table = table.set_geometry(
            gpd.GeoSeries(
                [
                    _of_kind(shape, kinds.get(old)) if bad else shape
                    for shape, old, bad in zip(repaired, shapes.geom_type, broken, strict=True)
                ],
                index=table.index,
                crs=table.crs,
            )
        )
        say(Text(zh=f"已修复无效几何，要素 {rows}", en=f"invalid geometry repaired, feature {rows}").about(file.name))
    return table


def _of_kind(shape: BaseGeometry, kind: str | None) -> BaseGeometry:
    """The parts of a repaired geometry that are of its former kind: a bow tie's areas without stray lines."""
    if shape.geom_type != "GeometryCollection" or kind is None:
        return shape
    parts = shapely.get_parts(shape)
    return shapely.union_all([part for part in parts if part.geom_type.removeprefix("Multi") == kind])


def _check_extent(table: gpd.GeoDataFrame, file: Path) -> None:
    """Refuse what has no place in one projected map: across the antimeridian, or at a pole."""
    bounds = table.to_crs(4326).total_bounds
    if not np.isfinite(bounds).all():
        en = f"{table.crs.to_string()} has no longitude and latitude for its coordinates; check the declared CRS"
        zh = f"按 {table.crs.to_string()} 无法将坐标换算为经纬度，请检查坐标系声明"
        raise BadInput([Fault(str(file), en=en, zh=zh)])
    west, south, east, north = bounds
    if east - west > 180:
        en = "spans more than 180 degrees of longitude: it crosses the antimeridian; cut it to one side"
        raise BadInput([Fault(str(file), en=en, zh="经度跨度超过 180 度，即越过 180° 经线，请裁剪到一侧")])
    if max(abs(south), abs(north)) > 84:
        en = f"reaches {max(north, -south):.1f} degrees of latitude: no UTM zone covers a polar area"
        zh = f"纬度达 {max(north, -south):.1f} 度：极地不在任何 UTM 投影带内"
        raise BadInput([Fault(str(file), en=en, zh=zh)])
