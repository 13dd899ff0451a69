"""Formats that a plan is exported to as files: one file of everything, or a folder with a file per table."""

from __future__ import annotations

import csv
import errno
import os
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import pandas as pd
import pyogrio

from planner.assumptions.files import as_cell
from planner.exports.content import Content
from planner.exports.geopackage import write_geopackage
from planner.exports.schemas import SCHEMAS, schema_text
from planner.exports.workbook import write_workbook
from planner.faults import BadInput, Fault
from planner.files.whole import write_geojson
from planner.words import NOTICE

PARQUET_EXTRA = "parquet"
WRITE_FAULTS = (OSError, RuntimeError)
"""What a disk that is full or gone raises: plainly, or through GDAL."""

_TABLES = ("sites", "candidates", "chargers", "added", "assignment", "tasks", "breakdown", "years", "townships")
_SPATIAL = ("sites", "candidates", "zones", "districts", "streets", "feeders")
_KML = {"sites": "name_zh", "candidates": "name_zh", "districts": "district"}
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class FileTarget(NamedTuple):
    """A format of files.

    Attributes
    ----------
    place
        What it is called in the plan's folder where nothing else is asked for.
    write
        Writes a plan under a name that does not exist yet: a file, or into an empty folder that does.
    suffix
        Of the file; empty where the format is a folder of files.
    """

    place: str
    write: Callable[[Content, Path], None]
    suffix: str = ""


def write_csv(content: Content, folder: Path) -> None:
    """A table per file in UTF-8 with mark, as Excel wants it; sites with ``lon`` and ``lat``, WGS 84.

    A text that a spreadsheet would run as a formula has an apostrophe before it.
    """
    for name in _TABLES:
        table = _with_degrees(content.spatial(name)) if content.layers[name].spatial else content.table(name)
        texts = [column for column in table.columns if not _is_number(table[column])]
        guarded = table.assign(**{column: table[column].map(_guarded) for column in texts})
        guarded.to_csv(
            folder / f"{name}.csv",
            encoding="utf-8-sig",
            index=False,
            lineterminator="\n",
            quoting=csv.QUOTE_NONNUMERIC,  # a lone carriage return would else end the row
        )


def write_geojson_folder(content: Content, folder: Path) -> None:
    """Sites, candidates and districts, WGS 84, and the JSON Schemas of those that have one."""
    for name in ("sites", "candidates", "districts"):
        table = content.spatial(name)
        write_geojson(table.set_index(table.columns[0]), folder / f"{name}.geojson")
    for name in SCHEMAS:
        (folder / f"{name}.schema.json").write_text(schema_text(name), encoding="utf-8", newline="\n")


def write_flatgeobuf(content: Content, folder: Path) -> None:
    """A FlatGeobuf per layer with geometry, in the working CRS, with its spatial index."""
    for name in _spatial(content):
        pyogrio.write_dataframe(content.spatial(name), folder / f"{name}.fgb", driver="FlatGeobuf", layer=name)


def write_geoparquet(content: Content, folder: Path) -> None:
    """A GeoParquet per layer with geometry, in the working CRS.

    Raises
    ------
    BadInput
        pyarrow is not installed.
    """
    try:
        import_module("pyarrow")
    except ImportError:
        raise BadInput([missing_extra("geoparquet", "pyarrow", PARQUET_EXTRA)]) from None
    for name in _spatial(content):
        content.spatial(name).to_parquet(folder / f"{name}.parquet", index=False)


def write_kml(content: Content, folder: Path) -> None:
    """Sites, candidates and districts as placemarks with their names, a file each, WGS 84."""
    for name, label in _KML.items():
        file = folder / f"{name}.kml"
        table = content.spatial(name).to_crs("EPSG:4326")
        texts = {c: table[c].map(_xml) for c in table.columns if not _is_number(table[c]) and c != "geometry"}
        table = table.assign(**texts).assign(Name=lambda t, label=label: t[label])
        pyogrio.write_dataframe(table, file, driver="KML", layer=name)
        if not file.read_bytes().rstrip().endswith(b"</kml>"):  # on a full disk GDAL says nothing
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


FILE_TARGETS = {
    "csv": FileTarget("csv", write_csv),
    "geojson": FileTarget("geojson", write_geojson_folder),
    "geoparquet": FileTarget("geoparquet", write_geoparquet),
    "flatgeobuf": FileTarget("flatgeobuf", write_flatgeobuf),
    "kml": FileTarget("kml", write_kml),
    "xlsx": FileTarget("plan.xlsx", write_workbook, ".xlsx"),
    "gpkg": FileTarget("plan.gpkg", write_geopackage, ".gpkg"),
}


def sources_text(content: Content) -> str:
    """Whose data it is, and what must be kept in mind, for those who get a file without its folder."""
    summary = content.summary
    about = summary["scenario"]
    lines = (
        f"{about['title_zh']} {about['title_en']}",
        summary["plan_id"],
        *(about[name] for name in ("note_zh", "note_en")),
        content.attribution,
        NOTICE.zh,
        NOTICE.en,
    )
    return "\n".join(filter(None, lines)) + "\n"


def unwritten(place: Path, error: Exception) -> Fault:
    """What to say where writing has failed; of a full disk GDAL may tell only that something failed."""
    en = f"cannot be written: {error}; check the space left on the disk and your rights"
    return Fault(str(place), en=en, zh=f"无法写入：{error}；请检查磁盘剩余空间和写入权限")


def missing_extra(where: str, package: str, extra: str) -> Fault:
    """What to say where a package of an extra is needed."""
    command = f'pip install "ev-charging-planner[{extra}]"'
    return Fault(
        where, en=f"needs the package {package}; install it with {command}", zh=f"需要 {package}，请运行 {command}"
    )


def _spatial(content: Content) -> list[str]:
    return [name for name in _SPATIAL if name in content.layers]


def _with_degrees(table: gpd.GeoDataFrame) -> pd.DataFrame:
    points = table.geometry.to_crs("EPSG:4326")
    return pd.DataFrame(table.drop(columns="geometry")).assign(lon=points.x.round(6), lat=points.y.round(6))


def _is_number(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column))


def _guarded(value: object) -> object:
    return as_cell(value) if isinstance(value, str) else value


def _xml(value: object) -> object:
    return _NO_XML.sub("\ufffd", value) if isinstance(value, str) else value
