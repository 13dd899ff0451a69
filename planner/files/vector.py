"""Plumbing of vector files: read one, and say in one message what is wrong with its coordinates."""

from __future__ import annotations

import warnings
from pathlib import Path

import geopandas as gpd
import pyogrio

from planner.faults import BadInput, Fault
from planner.words import Text


def read_vector(file: Path, near: gpd.GeoSeries | None = None, encoding: str | None = None) -> gpd.GeoDataFrame:
    """The features of a vector file, geometry column ``geometry``; refuses what has no geometry or no feature.

    Parameters
    ----------
    file
        Anything GDAL reads: GeoPackage, GeoJSON, FlatGeobuf, shapefile.
    near
        Only features that touch the box of these shapes are read (any CRS): a country's file need not fit into memory.
        Where none does, all are read, so that their extent can be told.
    encoding
        Of the attributes of a shapefile that does not say it.

    Returns
    -------
    GeoDataFrame
        Index: the number of the feature in the file, from 0 (GeoPackage: from 1).

    Raises
    ------
    BadInput
        Not readable, several layers, without geometry, or empty.
    """
    _refuse_several_layers(file)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Could not parse column")  # mixed types: the table check says so
            warnings.filterwarnings("ignore", ".*Measured \\(M\\) geometry types are not supported.*")
            options = {"encoding": encoding, "fid_as_index": True}
            table = gpd.read_file(file, bbox=near, **options)
            if near is not None and table.empty:
                table = gpd.read_file(file, **options)
    except Exception as error:  # pyogrio raises many kinds; all mean the file cannot be read as a layer
        reason = str(error).partition("; ")[0].partition(". It might help")[0]
        en, zh = f"cannot be read as a layer: {reason}", f"无法读取该图层文件：{reason}"
        raise BadInput([Fault(str(file), en=en, zh=zh)]) from None
    if not isinstance(table, gpd.GeoDataFrame):
        raise BadInput([Fault(str(file), en="has no geometry", zh="没有几何字段")])
    if table.empty:
        en, zh = "the layer is empty; at least one feature is needed", "图层为空，至少需要一个要素"
        raise BadInput([Fault(str(file), en=en, zh=zh)])
    return table.rename_geometry("geometry") if table.geometry.name != "geometry" else table


def _refuse_several_layers(file: Path) -> None:
    try:
        found = [name for name, kind in pyogrio.list_layers(file) if kind is not None]
    except Exception:  # not readable at all: the reader says why
        return
    if len(found) > 1:
        names = ", ".join(map(str, found))
        en = f"holds {len(found)} layers ({names}); give a file with the one you mean"
        raise BadInput([Fault(str(file), en=en, zh=f"含 {len(found)} 个图层（{names}），请提供只含所需图层的文件")])


def check_crs(table: gpd.GeoDataFrame, file: Path) -> None:
    """Refuse a layer without CRS, and one whose coordinates cannot be what the CRS says."""
    west, south, east, north = table.total_bounds
    in_degrees = max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90
    in_metres = max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90
    if table.crs is None:
        guess = Text(zh="坐标看似以米为单位", en="coordinates look like metres")
        if in_degrees:
            guess = Text(zh="坐标看似经纬度（EPSG:4326？）", en="coordinates look like degrees (EPSG:4326?)")
        en = f"has no CRS; {guess.en}; set it in the file, it is not guessed"
        raise BadInput([Fault(str(file), en=en, zh=f"没有坐标系信息；{guess.zh}；请在文件中设定，程序不会猜测")])
    declared = table.crs.to_string()
    if table.crs.is_projected and in_degrees:
        en = f"declares {declared} (metres) but holds degrees; declare EPSG:4326"
        zh = f"声明为 {declared}（米），坐标却是经纬度；请声明为 EPSG:4326"
        raise BadInput([Fault(str(file), en=en, zh=zh)])
    if table.crs.is_geographic and in_metres:
        en = f"declares {declared} (degrees) but holds metres; declare the projected CRS"
        zh = f"声明为 {declared}（度），坐标却以米为单位；请声明实际的投影坐标系"
        raise BadInput([Fault(str(file), en=en, zh=zh)])
