"""Digests by which a plan folder knows its own content again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from planner.layers import Layers

_LAYERS = ("districts", "streets", "zones", "places", "chargers", "task_units", "feeders")
_SHORT = 12


def digest_table(table: pd.DataFrame) -> str:
    """Digest of a table's columns and values in their order; how numbers and texts are held in memory plays no part.

    Whole numbers count as the floats they equal, and what is missing as missing, so that a table read back from a
    GeoPackage has the digest of the one that was written.
    """
    found = hashlib.sha256()
    for name in table.columns:
        found.update(json.dumps(str(name)).encode())
        found.update(_column_bytes(table[name]))
    return found.hexdigest()


def digest_layers(layers: Layers) -> dict[str, str]:
    """Layer -> digest, of the study area that a plan was made from."""
    return {name: digest_table(getattr(layers, name).reset_index()) for name in _LAYERS}


def digest_text(file: Path) -> str:
    """Digest of a text file, whichever its line ends."""
    return hashlib.sha256(b"\n".join(file.read_bytes().splitlines())).hexdigest()


def digest_json(content: dict[str, Any]) -> str:
    """Digest of plain content."""
    return hashlib.sha256(json.dumps(content, ensure_ascii=True, sort_keys=True).encode()).hexdigest()


def plan_id(name: str, digests: Iterable[str]) -> str:
    """A name for a plan that no other plan has: its scenario's name and a digest of all that it is."""
    return f"{name}-{hashlib.sha256(' '.join(digests).encode()).hexdigest()[:_SHORT]}"


def _column_bytes(column: pd.Series) -> bytes:
    if isinstance(column, gpd.GeoSeries):
        shapes = shapely.to_wkb(column.to_numpy(), byte_order=1, output_dimension=2)
        return b"".join(len(shape or b"").to_bytes(8, "little") + (shape or b"") for shape in shapes)
    if pd.api.types.is_numeric_dtype(column):  # truth values too
        numbers = column.astype(float).to_numpy()
        return np.where(np.isnan(numbers), np.nan, numbers).astype("<f8").tobytes()
    values, missing = column.to_numpy(object), column.isna().to_numpy()
    return json.dumps([None if gone else str(v) for v, gone in zip(values, missing, strict=True)]).encode()
