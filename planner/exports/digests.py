"""Digests by which a plan folder knows its own content again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
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
_ROWS_AT_ONCE = 1 << 14
"""Of a column, that are turned into bytes together."""


def digest_table(table: pd.DataFrame) -> str:
    """Digest of a table's columns and values in their order; how numbers and texts are held in memory plays no part.

    Whole numbers count as the floats they equal, and what is missing as missing, so that a table read back from a
    GeoPackage has the digest of the one that was written.
    """
    found = hashlib.sha256()
    for name in table.columns:
        found.update(json.dumps(str(name)).encode())
        for part in _column_bytes(table[name]):
            found.update(part)
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


def _column_bytes(column: pd.Series) -> Iterator[bytes]:
    """Shapes as WKB after their length, numbers as they lie in memory, and all else as one list of texts in JSON; some
    rows at a time, for a long column's texts would take more memory than the plan."""
    rows = [column.iloc[n : n + _ROWS_AT_ONCE] for n in range(0, len(column), _ROWS_AT_ONCE)]
    if isinstance(column, gpd.GeoSeries):
        for part in rows:
            shapes = shapely.to_wkb(part.to_numpy(), byte_order=1, output_dimension=2)
            yield b"".join(len(shape or b"").to_bytes(8, "little") + (shape or b"") for shape in shapes)
    elif pd.api.types.is_numeric_dtype(column):  # truth values too
        for part in rows:
            numbers = part.astype(float).to_numpy()
            yield np.where(np.isnan(numbers), np.nan, numbers).astype("<f8").tobytes()
    else:
        yield b"["
        for n, part in enumerate(rows):
            texts = [None if gone else str(v) for v, gone in zip(part.to_numpy(object), part.isna(), strict=True)]
            yield (", " if n else "").encode() + json.dumps(texts).encode()[1:-1]
        yield b"]"
