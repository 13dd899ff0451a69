"""Plumbing of the map page: small helpers that turn tables into degrees, whole numbers and round corners."""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

Bounds = list[list[float]]
"""South-west and north-east corner, each latitude and longitude."""


def degrees(points: gpd.GeoSeries) -> dict[str, list[float]]:
    """``lat`` and ``lon`` of points, WGS 84, to a metre."""
    where = points.to_crs(4326)
    return {"lat": where.y.round(5).tolist(), "lon": where.x.round(5).tolist()}


def bounds_of(shapes: gpd.GeoDataFrame) -> Bounds:
    """The box around all shapes, WGS 84."""
    west, south, east, north = shapes.to_crs(4326).total_bounds.round(5).tolist()
    return [[south, west], [north, east]]


def whole(values: pd.Series) -> list[int]:
    """Whole numbers; 0 for what is not known."""
    return [int(value) for value in _nearest(values.astype(float).fillna(0.0).to_numpy())]


def number(value: Any, digits: int = 0) -> float | int | None:
    """A JSON number; None where it is not known or infinite."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits) if digits else int(_nearest(np.array(float(value))))


def _nearest(values: np.ndarray) -> np.ndarray:
    """Whole numbers, halves away from zero, as `planner.views.numbers` rounds."""
    return np.asarray(np.copysign(np.floor(np.abs(values) + 0.5), values))


def numbers(values: pd.Series, digits: int = 0) -> list[float | int | None]:
    """`number` of every value."""
    return [number(value, digits) for value in values.astype(float)]


def steps(values: np.ndarray) -> list[int]:
    """Whole numbers as the first and the differences from one to the next, which compress better."""
    return [int(step) for step in np.diff(values.astype(np.int64), prepend=0)]
