"""Layers of a GeoPackage read back as they are, with GDAL's own settings held for as long as it takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import pyogrio


def read_saved_layers(file: str | Path, *names: str) -> Iterator[gpd.GeoDataFrame]:
    """Layers of a saved ``plan.gpkg`` as they are; one without geometry is a plain table.

    Raises
    ------
    DataSourceError, DataLayerError
        It is no GeoPackage, or not of a plan.
    """
    with gdal(GDAL_PAM_ENABLED="NO"):
        yield from (pyogrio.read_dataframe(file, layer=name) for name in names)


@contextmanager
def gdal(**options: str) -> Iterator[None]:
    """GDAL with some options for a while.

    GeoPackages carry the moment of writing (``OGR_CURRENT_DATE``): a fixed one lets equal plans make equal files.
    Reading one leaves a file of statistics beside it unless told not to (``GDAL_PAM_ENABLED``).
    """
    before = {name: pyogrio.get_gdal_config_option(name) for name in options}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)
