"""``plan.gpkg``: all tables of a plan in one file for QGIS and other GIS, with the styles to draw them; and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyogrio

from planner.exports.content import Content, Layer
from planner.exports.digests import digest_table
from planner.exports.styles import STYLES, style_rows
from planner.faults import BadInput, Fault
from planner.files.geopackage import gdal, read_saved_layers
from planner.words import NOTICE

_VERSION = "1.2"
"""Of the format: what GIS of some years ago read without a warning."""

_ROWS_AT_ONCE = 100_000
"""Of a table, that are written together: the texts of half a million rows of access would else be held at once."""

_FIXED_DATE = "2000-01-01T00:00:00.000Z"


def write_geopackage(content: Content, file: Path) -> None:
    """All layers in the working CRS; tables without geometry as attribute layers; styles as QGIS finds them."""
    with gdal(OGR_CURRENT_DATE=_FIXED_DATE):
        for name, layer in content.layers.items():
            options = {
                "DESCRIPTION": f"{layer.words}. {content.attribution}. {NOTICE.zh}",
                "IDENTIFIER": name,
            }
            options |= {"GEOMETRY_NAME": "geom"} if layer.spatial else {"ASPATIAL_VARIANT": "GPKG_ATTRIBUTES"}
            about = {"attribution": content.attribution, "notice": NOTICE.zh} if name == "zones" else None
            for first in range(0, max(len(layer.table), 1), _ROWS_AT_ONCE):
                pyogrio.write_dataframe(
                    layer.table.iloc[first : first + _ROWS_AT_ONCE],
                    file,
                    layer=name,
                    driver="GPKG",
                    dataset_metadata=about,
                    dataset_options=None if file.exists() else {"VERSION": _VERSION},
                    layer_options=options,
                    append=file.exists(),
                )
        options = {"FID": "id", "DESCRIPTION": "图层样式 styles of QGIS", "ASPATIAL_VARIANT": "GPKG_ATTRIBUTES"}
        rows = style_rows(content.scenario)
        pyogrio.write_dataframe(rows, file, layer=STYLES, driver="GPKG", layer_options=options, append=True)


def read_geopackage(file: Path) -> dict[str, Layer]:
    """All layers of a saved ``plan.gpkg`` in their order, but for the styles.

    Raises
    ------
    BadInput
        It is no GeoPackage.
    """
    try:
        with gdal(GDAL_PAM_ENABLED="NO"):
            names = [str(name) for name, _ in pyogrio.list_layers(file) if name != STYLES]
            tables = dict(zip(names, read_saved_layers(file, *names), strict=True))
            return {name: Layer(table, _words(file, name)) for name, table in tables.items()}
    except (RuntimeError, ValueError) as error:  # GDAL's faults are RuntimeErrors
        en, zh = f"cannot be read as a saved plan: {error}; plan again", f"无法读取已保存的方案：{error}；请重新规划"
        raise BadInput([Fault(str(file), en=en, zh=zh)]) from None


def digest_saved(file: Path, written: Mapping[str, Layer]) -> dict[str, str]:
    """Layer -> digest of what a GeoPackage gives back, in the order of its layers.

    Tables without geometry are as they were written, to the last digit; they are not read again.
    """
    saved = read_saved_layers(file, *(name for name, layer in written.items() if layer.spatial))
    return {name: digest_table(next(saved) if layer.spatial else layer.table) for name, layer in written.items()}


def _words(file: Path, name: str) -> str:
    """What a layer holds, as its description begins."""
    about = pyogrio.read_info(file, layer=name)["layer_metadata"] or {}
    return str(about.get("DESCRIPTION", name)).partition(". ")[0]
