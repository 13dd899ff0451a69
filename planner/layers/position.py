"""Plumbing of layers: whether they lie where the districts lie, in words of longitude and latitude."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from planner.faults import Fault, some
from planner.words import Text, joined


def swapped_faults(table: gpd.GeoDataFrame, where: str) -> list[Fault]:
    """Rows of a layer in degrees whose second coordinate can only be a longitude."""
    if table.crs is None or not table.crs.is_geographic:
        return []
    x, y = (np.abs(table.bounds[[f"min{axis}", f"max{axis}"]].to_numpy(float)).max(axis=1) for axis in "xy")
    rows = (y > 90) & (y <= 180) & (x <= 90)
    if not rows.any():
        return []
    lon_lat = ", ".join(f"{value:.4f}" for value in table.bounds[rows].iloc[0, :2])
    en = f"longitude and latitude are swapped, found {lon_lat}; longitude comes first"
    return [Fault(f"{where}, rows {some(table.index[rows])}", en=en, zh=f"经度与纬度颠倒，现为 {lon_lat}；应经度在前")]


def place_faults(layers: dict[str, tuple[gpd.GeoDataFrame, str]], crs: CRS) -> list[Fault]:
    """Layers that do not touch the districts, and rows that have no place in the working CRS.

    Where no layer touches the districts, it is the districts that are told.

    Parameters
    ----------
    layers
        Table (in the CRS of its file) and file by the layer's name.
    crs
        The working CRS.
    """
    faults = [fault for table, file in layers.values() for fault in _nowhere(table, file, crs)]
    if faults:
        return faults
    placed = {name: table.to_crs(4326) for name, (table, _) in layers.items()}
    boundary = placed.pop("districts").union_all()
    lost = [name for name, table in placed.items() if not _touches(table, boundary)]
    if len(lost) == len(placed) > 1:
        others = shapely.MultiPolygon([shapely.box(*placed[name].total_bounds) for name in lost])
        return [_misplaced(*layers["districts"], others, Text(zh="其他图层", en="the other layers"))]
    return [_misplaced(*layers[name], boundary, Text(zh="区县图层", en="the districts")) for name in lost]


def _nowhere(table: gpd.GeoDataFrame, file: str, crs: CRS) -> list[Fault]:
    there = np.isfinite(table.to_crs(crs).bounds.to_numpy(float)).all(axis=1)
    if there.all():
        return []
    en = f"have no place in {crs.to_string()} (study_area.crs); check their coordinates and the declared CRS"
    zh = f"坐标无法换算到 {crs.to_string()}（study_area.crs），请检查坐标与坐标系声明"
    return [Fault(f"{file}, rows {some(table.index[~there])}", en=en, zh=zh)]


def _touches(table: gpd.GeoDataFrame, area: BaseGeometry) -> bool:
    return bool(len(table.sindex.query(area, predicate="intersects")))


def _misplaced(table: gpd.GeoDataFrame, file: str, area: BaseGeometry, whose: Text) -> Fault:
    """A layer away from where it should be: what both cover, and whether its coordinates are swapped."""
    turned = shapely.transform(table.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    turned = gpd.GeoDataFrame(geometry=turned, crs=table.crs).to_crs(4326)
    finite = np.isfinite(turned.bounds.to_numpy(float)).all(axis=1)
    swapped = _touches(turned[finite], area)
    here, there = _extent(table.to_crs(4326).total_bounds), _extent(np.array(area.bounds))
    extents = Text(
        zh=f"与{whose.zh}不相交：本图层的经纬度范围为 {here}，{whose.zh}为 {there}",
        en=f"does not touch {whose.en}: it covers lon, lat {here}, {whose.en} {there}",
    )
    what = Text(zh="请检查文件与坐标系", en="check the file and its CRS")
    if swapped:
        what = Text(zh="x 与 y（经度与纬度）颠倒，请对调", en="x and y (longitude and latitude) are swapped")
    return Fault.of(file, joined([extents, what]))


def _extent(bounds: np.ndarray) -> str:
    west, south, east, north = bounds
    return f"{west:.3f}, {south:.3f} to {east:.3f}, {north:.3f}"
