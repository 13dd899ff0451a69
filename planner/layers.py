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
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely import box

from planner._faults import BadInput, Fault, refuse, some
from planner._vector import check_crs, read_vector
from planner.scenario import StudyArea, area_folder
from planner.tables import (
    DISTRICTS,
    LOCATED_CHARGERS,
    PLACES,
    STREETS,
    ZONES,
    check_geometry,
    check_table,
)

_AREAS, _LINES, _POINTS = ("Polygon", "MultiPolygon"), ("LineString",), ("Point",)
_SUFFIXES = (".gpkg", ".geojson", ".fgb", ".shp")


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
    """

    districts: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    chargers: gpd.GeoDataFrame
    task_units: gpd.GeoDataFrame


def read_layers(area: StudyArea) -> Layers:
    """Read districts, streets, zones, places and, where present, chargers and task units.

    Each layer is one file of its name (``districts.geojson``, ``.gpkg``, ``.fgb`` or ``.shp``); zones may also be
    ``zones.csv``: squares of `zone_side_m` by their south-west corner (``easting_m``, ``northing_m``, working CRS).

    Raises
    ------
    BadInput
        Missing or unreadable files, no CRS, degrees where metres are declared, and everything `planner.tables` refuses;
        all faults of all layers in one report.
    """
    folder, crs = area_folder(area), _working_crs(area)
    readers: dict[str, Callable[[], gpd.GeoDataFrame]] = {
        "districts": lambda: _layer(folder, "districts", DISTRICTS, _AREAS, crs),
        "streets": lambda: _layer(folder, "streets", STREETS, _LINES, crs),
        "zones": lambda: _zones(folder, area, crs),
        "places": lambda: _layer(folder, "places", PLACES, _POINTS, crs),
        "chargers": lambda: _layer(folder, "chargers", LOCATED_CHARGERS, _POINTS, crs, optional=True),
        "task_units": lambda: _layer(folder, "task_units", _TASK_UNITS, _AREAS, crs, optional=True),
    }
    found, faults = {}, list[Fault]()
    for name, read in readers.items():
        try:
            found[name] = read()
        except BadInput as error:
            faults.extend(error.faults)
    refuse(faults)
    layers = Layers(**found)
    refuse(_cross_faults(layers))
    return layers


_TASK_UNITS = pa.DataFrameSchema({}, index=pa.Index(object, name="task_unit"), name="task_units")


def _working_crs(area: StudyArea) -> CRS:
    where = "scenario, key study_area.crs"
    try:
        crs = CRS.from_user_input(area.crs)
    except CRSError:
        raise BadInput([Fault(where, f"unknown CRS {area.crs!r}; give a code like EPSG:32649", "未知坐标系")]) from None
    metres = crs.is_projected and all(axis.unit_name in ("metre", "meter") for axis in crs.axis_info[:2])
    if not metres:
        en = f"{area.crs} is not projected in metres; use e.g. EPSG:32649"
        raise BadInput([Fault(where, en, "工作坐标系须为以米为单位的投影坐标系，如 EPSG:32649")])
    return crs


def _find(folder: Path, name: str, suffixes: tuple[str, ...]) -> Path | None:
    files = [folder / f"{name}{suffix}" for suffix in suffixes]
    return next((file for file in files if file.is_file()), None)


def _layer(
    folder: Path, name: str, schema: pa.DataFrameSchema, kinds: tuple[str, ...], crs: CRS, optional: bool = False
) -> gpd.GeoDataFrame:
    file = _find(folder, name, _SUFFIXES)
    key = str(schema.index.name)
    if file is None:
        if optional:
            columns = [*schema.columns, "geometry"]
            return gpd.GeoDataFrame({c: [] for c in columns}, geometry="geometry", crs=crs).rename_axis(key)
        also = ["zones.csv"] if name == "zones" else []
        looked = ", ".join([*(f"{name}{s}" for s in _SUFFIXES), *also])
        raise BadInput([Fault(f"{folder}", f"no {name} layer; expected one of {looked}", f"缺少图层 {name}")])
    table = _indexed(read_vector(file), key, file)
    faults = [*_faults_of(check_crs, table, file), *_faults_of(check_geometry, table, kinds, file.name)]
    faults += _faults_of(check_table, table, schema, file.name)
    refuse(faults)
    checked = gpd.GeoDataFrame(check_table(table, schema, file.name), geometry="geometry", crs=table.crs)
    return checked.to_crs(crs).sort_index()


def _faults_of(check: Callable[..., Any], *given: Any) -> tuple[Fault, ...]:
    try:
        check(*given)
    except BadInput as error:
        return error.faults
    return ()


def _indexed(table: gpd.GeoDataFrame, key: str, file: Path) -> gpd.GeoDataFrame:
    if key not in table.columns:
        raise BadInput([Fault(f"{file.name}, column {key}", "missing; every row needs its id", "缺少编号列")])
    return table.set_index(key)


def _zones(folder: Path, area: StudyArea, crs: CRS) -> gpd.GeoDataFrame:
    file = folder / "zones.csv"
    if not file.is_file():
        return _layer(folder, "zones", ZONES, _AREAS, crs)
    try:
        rows = pd.read_csv(file, encoding="utf-8-sig", dtype={"zone_id": str, "district": str, "township": str})
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        en = f"cannot be read as CSV in UTF-8: {error}"
        raise BadInput([Fault(str(file), en, "无法按 UTF-8 CSV 读取")]) from None
    needed = [c for c in ("zone_id", "easting_m", "northing_m") if c not in rows]
    refuse(Fault(f"zones.csv, column {c}", "missing; add it", "缺少此列，请补充") for c in needed)
    corner = rows[["easting_m", "northing_m"]].apply(pd.to_numeric, errors="coerce")
    lost = rows.loc[~np.isfinite(corner.to_numpy(float)).all(axis=1), "zone_id"]
    table = rows.drop(columns=["easting_m", "northing_m"]).set_index("zone_id")
    faults = []
    if len(lost):
        faults.append(Fault(f"zones.csv, row {some(lost)}", "easting_m or northing_m is no number", "坐标不是数值"))
    if len(corner) and corner.abs().to_numpy(float).max() <= 180:
        en = f"corners look like degrees; expected metres in {area.crs}"
        faults.append(Fault("zones.csv", en, "角点坐标疑为经纬度，应为米"))
    refuse([*faults, *_faults_of(check_table, table, ZONES, file.name)])
    east, north = corner["easting_m"].to_numpy(float), corner["northing_m"].to_numpy(float)
    squares = box(east, north, east + area.zone_side_m, north + area.zone_side_m)
    return gpd.GeoDataFrame(check_table(table, ZONES, file.name), geometry=squares, crs=crs).sort_index()


def _cross_faults(layers: Layers) -> list[Fault]:
    """Names that must meet across layers."""
    unknown = sorted(set(layers.zones["district"]) - set(layers.districts.index))
    if not unknown:
        return []
    en = f"{some(unknown)} not in the districts layer"
    return [Fault("zones, column district", en, "区县名不在 districts 图层中")]
