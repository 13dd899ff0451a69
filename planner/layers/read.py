"""Read a study area's layers: every file found, named, checked and put into one projected CRS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyogrio
from pyogrio.errors import DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely import box

from planner.faults import BadInput, Fault, refuse, some
from planner.files.vector import check_crs, read_vector
from planner.layers.mend import mend
from planner.layers.position import place_faults, swapped_faults
from planner.scenario import StudyArea, area_folder
from planner.tables import (
    DISTRICTS,
    FEEDERS,
    LOCATED_CHARGERS,
    PLACES,
    STREETS,
    ZONES,
    check_geometry,
    check_table,
)
from planner.words import Text

LAYER_WORDS = {
    "districts": Text(zh="区县", en="districts"),
    "streets": Text(zh="道路", en="streets"),
    "zones": Text(zh="网格", en="zones"),
    "places": Text(zh="地点", en="places"),
    "chargers": Text(zh="既有充电桩", en="chargers"),
    "task_units": Text(zh="任务单元", en="task_units"),
    "feeders": Text(zh="馈线", en="feeders"),
}
"""What each layer is called, by its name in files and in `Layers`."""

_AREAS, _LINES, _POINTS = ("Polygon", "MultiPolygon"), ("LineString",), ("Point",)
_SUFFIXES = (".gpkg", ".geojson", ".fgb", ".shp")


@dataclass(frozen=True)
class Remark:
    """What was done to a layer on reading it."""

    layer: str
    text: Text


@dataclass(frozen=True)
class Origin:
    """What a layer was in its file.

    Attributes
    ----------
    layer, file
        Name of the layer, and the file it was read from.
    crs
        As the file declares it; of ``zones.csv`` the working CRS.
    remarks
        What was done to its geometries on reading.
    """

    layer: str
    file: Path
    crs: CRS
    remarks: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Layers:
    """The layers of a study area in its working CRS, ids in the index, sorted by id.

    Attributes
    ----------
    districts, streets, zones, places
        As `planner.tables` describes them.
    chargers
        Today's located chargers (points; may be empty).
    task_units
        Boundaries of development zones that answer for tasks (index ``task_unit``; may be empty).
    feeders
        Areas of feeder groups, as `planner.tables` describes them; may be empty.
    origins
        What each layer was in its file; none of layers that have none.
    """

    districts: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    chargers: gpd.GeoDataFrame
    task_units: gpd.GeoDataFrame
    feeders: gpd.GeoDataFrame
    origins: tuple[Origin, ...] = ()

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What was done to geometries on reading."""
        return tuple(Remark(origin.layer, text) for origin in self.origins for text in origin.remarks)


def read_layers(area: StudyArea) -> Layers:
    """Read districts, streets, zones, places and, where present, chargers, task units and feeders.

    Each layer is one file of its name (``districts.geojson``, ``.gpkg``, ``.fgb`` or ``.shp``); zones may also be
    ``zones.csv``: squares of `zone_side_m` by their south-west corner (``easting_m``, ``northing_m``, working CRS).
    Heights are dropped, multiple lines and points of one part made simple, and invalid polygons repaired where that
    does not change what they cover (`planner.layers.mend.mend`); `Layers.remarks` says where.

    Parameters
    ----------
    area
        The scenario's ``study_area``: its folder and its working CRS, projected in metres.

    Returns
    -------
    Layers
        One table per layer, as `planner.tables` describes it, sorted by id, in the working CRS; layers that are not
        there are empty.

    Raises
    ------
    BadInput
        Missing or unreadable files, no CRS, degrees where metres are declared, longitude and latitude swapped, a layer
        away from the districts, and everything `planner.tables` refuses; all faults of all layers in one report.
    """
    folder, crs = area_folder(area), _working_crs(area)
    readers: dict[str, Callable[[], tuple[gpd.GeoDataFrame, Origin | None]]] = {
        "districts": lambda: _layer(folder, "districts", DISTRICTS, _AREAS, crs),
        "streets": lambda: _layer(folder, "streets", STREETS, _LINES, crs),
        "zones": lambda: _zones(folder, area, crs),
        "places": lambda: _layer(folder, "places", PLACES, _POINTS, crs),
        "chargers": lambda: _layer(folder, "chargers", LOCATED_CHARGERS, _POINTS, crs, optional=True),
        "task_units": lambda: _layer(folder, "task_units", _TASK_UNITS, _AREAS, crs, optional=True),
        "feeders": lambda: _layer(folder, "feeders", FEEDERS, _AREAS, crs, optional=True),
    }
    found, faults = {}, list[Fault]()
    for name, read in readers.items():
        try:
            found[name] = read()
        except BadInput as error:
            faults.extend(error.faults)
    refuse(faults)
    origins = tuple(origin for _, origin in found.values() if origin)
    placed = {origin.layer: (found[origin.layer][0], str(origin.file)) for origin in origins}
    refuse([*place_faults(placed, crs), *_cross_faults(found["zones"][0], found["districts"][0])])
    return Layers(**{name: table.to_crs(crs).sort_index() for name, (table, _) in found.items()}, origins=origins)


_TASK_UNITS = pa.DataFrameSchema({}, index=pa.Index(object, name="task_unit"), name="task_units")


def _working_crs(area: StudyArea) -> CRS:
    where = "scenario, key study_area.crs"
    try:
        crs = CRS.from_user_input(area.crs)
    except CRSError:
        en = f"unknown CRS {area.crs!r}; give a code like EPSG:32649"
        raise BadInput([Fault(where, en=en, zh=f"未知坐标系 {area.crs!r}；请给出如 EPSG:32649 的代码")]) from None
    metres = crs.is_projected and all(axis.unit_name in ("metre", "meter") for axis in crs.axis_info[:2])
    if not metres:
        en = f"{area.crs} is not projected in metres; use e.g. EPSG:32649"
        raise BadInput([Fault(where, en=en, zh=f"{area.crs} 不是以米为单位的投影坐标系；请改用如 EPSG:32649")])
    return crs


def _find(folder: Path, name: str, suffixes: tuple[str, ...]) -> Path | None:
    files = [folder / f"{name}{suffix}" for suffix in suffixes]
    return next((file for file in files if file.is_file()), None)


def _layer(
    folder: Path, name: str, schema: pa.DataFrameSchema, kinds: tuple[str, ...], crs: CRS, optional: bool = False
) -> tuple[gpd.GeoDataFrame, Origin | None]:
    """A layer in the CRS of its file, and what it was there; an optional one that is not there is empty."""
    file = _find(folder, name, _SUFFIXES)
    key = str(schema.index.name)
    if file is None:
        if optional:
            return _empty(schema, crs), None
        also = ["zones.csv"] if name == "zones" else []
        looked = ", ".join([*(f"{name}{s}" for s in _SUFFIXES), *also])
        en, zh = f"no {name} layer; expected one of {looked}", f"缺少图层 {name}，应为以下文件之一：{looked}"
        raise BadInput([Fault(f"{folder}", en=en, zh=zh)])
    if optional and _holds_nothing(file):
        return _empty(schema, crs), None
    table = _indexed(read_vector(file), key, file)
    mended = mend(table, kinds, file.name)
    swapped = swapped_faults(table, file.name)
    faults = [*(swapped or _faults_of(check_crs, table, file)), *mended.faults]
    faults += _faults_of(check_geometry, mended.table[~mended.bad], kinds, file.name)
    faults += _faults_of(check_table, mended.table, schema, file.name)
    refuse(faults)
    checked = check_table(mended.table, schema, file.name)
    origin = Origin(name, file, table.crs, mended.remarks)
    return gpd.GeoDataFrame(checked, geometry="geometry", crs=table.crs), origin


def _holds_nothing(file: Path) -> bool:
    """Whether a layer file is sound and has no feature; what cannot be read is left to the reader to say."""
    try:
        return bool(pyogrio.read_info(file, force_feature_count=True)["features"] == 0)
    except (DataSourceError, ValueError):
        return False


def _empty(schema: pa.DataFrameSchema, crs: CRS) -> gpd.GeoDataFrame:
    columns = [*schema.columns, "geometry"]
    table = gpd.GeoDataFrame({c: [] for c in columns}, geometry="geometry", crs=crs)
    return table.rename_axis(str(schema.index.name))


def _faults_of(check: Callable[..., Any], *given: Any) -> tuple[Fault, ...]:
    try:
        check(*given)
    except BadInput as error:
        return error.faults
    return ()


def _indexed(table: gpd.GeoDataFrame, key: str, file: Path) -> gpd.GeoDataFrame:
    if key not in table.columns:
        en, zh = "missing; every row needs its id", "缺少此列；每行都须有编号"
        raise BadInput([Fault(f"{file.name}, column {key}", en=en, zh=zh)])
    return table.set_index(key)


def _zones(folder: Path, area: StudyArea, crs: CRS) -> tuple[gpd.GeoDataFrame, Origin | None]:
    file = folder / "zones.csv"
    if not file.is_file():
        return _layer(folder, "zones", ZONES, _AREAS, crs)
    try:
        rows = pd.read_csv(file, encoding="utf-8-sig", dtype={"zone_id": str, "district": str, "township": str})
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        en = f"cannot be read as CSV in UTF-8: {error}"
        raise BadInput([Fault(str(file), en=en, zh=f"无法按 UTF-8 编码的 CSV 读取：{error}")]) from None
    needed = [c for c in ("zone_id", "easting_m", "northing_m") if c not in rows]
    refuse(Fault(f"zones.csv, column {c}", en="missing; add it", zh="缺少此列，请补充") for c in needed)
    corner = rows[["easting_m", "northing_m"]].apply(pd.to_numeric, errors="coerce")
    lost = rows.loc[~np.isfinite(corner.to_numpy(float)).all(axis=1), "zone_id"]
    table = rows.drop(columns=["easting_m", "northing_m"]).set_index("zone_id")
    faults = []
    if len(lost):
        en, zh = "easting_m or northing_m is no number", "easting_m 或 northing_m 不是数值"
        faults.append(Fault(f"zones.csv, row {some(lost)}", en=en, zh=zh))
    if len(corner) and corner.abs().to_numpy(float).max() <= 180:
        en = f"corners look like degrees; expected metres in {area.crs}"
        faults.append(Fault("zones.csv", en=en, zh=f"角点坐标疑为经纬度；应为 {area.crs} 下的米"))
    refuse([*faults, *_faults_of(check_table, table, ZONES, file.name)])
    east, north = corner["easting_m"].to_numpy(float), corner["northing_m"].to_numpy(float)
    squares = box(east, north, east + area.zone_side_m, north + area.zone_side_m)
    zones = gpd.GeoDataFrame(check_table(table, ZONES, file.name), geometry=squares, crs=crs)
    return zones, Origin("zones", file, crs)


def _cross_faults(zones: pd.DataFrame, districts: pd.DataFrame) -> list[Fault]:
    """Names that must meet across layers."""
    unknown = sorted(set(zones["district"]) - set(districts.index))
    if not unknown:
        return []
    en, zh = f"{some(unknown)} not in the districts layer", f"{some(unknown)} 不在 districts 图层中"
    return [Fault("zones, column district", en=en, zh=zh)]
