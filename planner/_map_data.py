"""Plumbing of the map page: a plan as the columns and pictures the page shows, in degrees and plain numbers."""

from __future__ import annotations

import base64
import io
import math
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from planner.assessment import REASONS

if TYPE_CHECKING:
    from planner.plan import Plan

LEAST_UNSERVED_KWH_DAY = 5.0
_PIXELS = 1_200_000
_CORE_IS_ALL = 0.6  # of the area's width or height
_PIXELS_PER_ZONE_SIDE = 40.0
_POWERS = ("slow", "fast", "heavy", "swap")
Rgba = tuple[int, int, int, int]
Bounds = list[list[float]]
Raster = tuple[np.ndarray, Bounds]


def zone_columns(plan: Plan) -> dict[str, Any]:
    """What hovering and clicking look up: one list per column, a row per zone; words as positions in word lists."""
    zones, figures = plan.layers.zones, plan.assessment.zones.reindex(plan.layers.zones.index)
    centre = zones.geometry.centroid
    west, south, east, north = zones.to_crs(4326).geometry.bounds.to_numpy().T
    township = zones["township"] if "township" in zones else pd.Series("", index=zones.index)
    township = township.fillna("").astype(str)
    towns, districts = sorted(set(township)), sorted(plan.layers.districts.index)
    return {
        **_degrees(centre),
        "half_lat": float(np.median(north - south)) / 2,
        "half_lon": float(np.median(east - west)) / 2,
        "id": list(zones.index),
        "townships": towns,
        "township": [towns.index(name) for name in township],
        "district": [districts.index(name) for name in zones["district"]],
        "residents": _whole(zones["residents"]),
        "public": _whole(figures["public_kwh_day"]),
        "served": _whole(figures["served_kwh_day"]),
        "unserved": _whole(figures["unserved_kwh_day"]),
        "reason": [REASONS.index(reason) + 1 if reason in REASONS else 0 for reason in figures["reason"]],
        "within": figures["within_norm"].fillna(False).astype(int).tolist(),
    }


def site_columns(plan: Plan) -> dict[str, Any]:
    """All candidate sites by id; those with new chargers or standing ones carry their figures."""
    sites, built = plan.sites, plan.assessment.sites.reindex(plan.sites.index)
    kinds, districts = list(plan.scenario.kinds), sorted(plan.layers.districts.index)
    standing = _standing(plan)
    modelled = sites["modelled"].astype(bool)
    english = sites["name_en"] if "name_en" in sites else pd.Series(None, index=sites.index, dtype=object)
    generated = sites["name_zh"].str.replace("待选点", "candidate point")
    english = english.where(english.notna(), generated.where(modelled, "")).astype(str)
    assumed = sites.get("bays_assumed", modelled)
    count = {f"new_{power}": _whole(built[f"new_{power}"]) for power in _POWERS}
    return {
        **_degrees(sites.geometry),
        "id": list(sites.index),
        "zh": sites["name_zh"].astype(str).tolist(),
        "en": ["" if same else name for name, same in zip(english, english == sites["name_zh"], strict=True)],
        "kind": [kinds.index(kind) for kind in sites["kind"]],
        "district": [districts.index(name) for name in sites["district"]],
        "unit": sites["task_unit"].astype(str).tolist(),
        "modelled": modelled.astype(int).tolist(),
        "institution": [{"equipped": 2, "reserved": 1}.get(rule, 0) for rule in sites["institution"]],
        "bays": _whole(sites["bays"]),
        "assumed": assumed.astype(int).tolist(),
        "standing": _whole(standing),
        **count,
        "total": _whole(built["new_total"]),
        "kw": _whole(built["power_kw"]),
        "cny": _whole(built["capex_cny"]),
        "served": _whole(built["served_kwh_day"]),
        "use": [_number(value, 3) for value in built["utilisation"]],
        "metres": [_number(value, 0) for value in built["metres_mean"]],
        "rank": _whole(built["rank"]),
        "next": [sites.index.get_loc(other) if other else -1 for other in built["next_best_site"].fillna("")],
        "headroom": built["headroom"].fillna(False).astype(int).tolist(),
        "why_zh": built["reason_zh"].fillna("").astype(str).tolist(),
        "why_en": built["reason_en"].fillna("").astype(str).tolist(),
    }


def task_row(plan: Plan, unit: str) -> dict[str, Any]:
    """A row of the task table: task and what the plan builds there."""
    tasks = plan.assessment.tasks
    row = tasks.loc[unit] if unit in tasks.index else pd.Series(dtype=float)
    columns = ("task", "chargers", "stations", "power_kw", "capex_cny")
    return {"zh": unit, **{column: _number(row.get(column), 0) for column in columns}}


def district_rows(plan: Plan) -> list[dict[str, Any]]:
    """Districts by name, with their row of the task table and their figures."""
    table = plan.assessment.districts
    shapes = plan.layers.districts.sort_index()
    where = _degrees(shapes.representative_point())
    rows = []
    for at, (name, shape) in enumerate(shapes.iterrows()):
        figures = table.loc[name] if name in table.index else pd.Series(dtype=float)
        row = {
            **task_row(plan, str(name)),
            "en": str(shape["name_en"]),
            "lat": where["lat"][at],
            "lon": where["lon"][at],
            "bounds": _box(shapes.loc[[name]]),
            "residents": _number(figures.get("residents"), 0),
            "public_kwh_day": _number(figures.get("public_kwh_day"), 0),
        }
        for column in ("within_norm_share_today", "within_norm_share", "served_share_today", "served_share"):
            row[column] = _number(figures.get(column), 4)
        rows.append(row)
    return rows


def views(plan: Plan) -> dict[str, Bounds]:
    """South-west and north-east corners of the whole area, and of its core: where three quarters of the people live.

    Where the core is most of the area, both are the whole.
    """
    zones = plan.layers.zones
    centre, people = zones.geometry.centroid, zones["residents"].to_numpy(float)
    middle = [_weighted_quantile(axis.to_numpy(float), people, 0.5) for axis in (centre.x, centre.y)]
    metres = np.maximum(np.abs(centre.x - middle[0]), np.abs(centre.y - middle[1])).to_numpy(float)
    core = zones[metres <= _weighted_quantile(metres, people, 0.75)]
    (south, west), (north, east) = whole = _box(plan.layers.districts)
    (core_south, core_west), (core_north, core_east) = inner = _box(core)
    most = max((core_north - core_south) / (north - south), (core_east - core_west) / (east - west))
    return {"city": whole, "core": whole if most > _CORE_IS_ALL else inner}


def raster_shape(zones: gpd.GeoDataFrame) -> Raster:
    """Which zone each pixel of a Web Mercator picture shows.

    Returns
    -------
    positions, bounds
        Position of the zone plus one, 0 outside all (rows from north); south-west and north-east corner in degrees.
    """
    shapes = zones.to_crs(3857).geometry
    west, south, east, north = shapes.total_bounds
    side = math.sqrt(float(shapes.iloc[0].area))
    pixel = max(side / _PIXELS_PER_ZONE_SIDE, math.sqrt((east - west) * (north - south) / _PIXELS))
    width, height = math.ceil((east - west) / pixel), math.ceil((north - south) / pixel)
    picture = Image.new("I", (width, height), 0)
    draw = ImageDraw.Draw(picture)
    for position, shape in enumerate(shapes, start=1):
        for part in getattr(shape, "geoms", [shape]):
            corners = (np.asarray(part.exterior.coords)[:, :2] - (west, north)) / (pixel, -pixel) - 0.5
            draw.polygon(list(map(tuple, corners)), fill=position)
    frame = gpd.GeoSeries.from_xy([west, west + width * pixel], [north - height * pixel, north], crs=3857).to_crs(4326)
    return np.asarray(picture), [[float(p.y), float(p.x)] for p in frame]


def picture_url(positions: np.ndarray, classes: np.ndarray, colours: list[Rgba]) -> str:
    """A PNG in a data URL: every zone in the colour of its class (0 = transparent, 1 = first of `colours`)."""
    palette = [(0, 0, 0, 0), *colours]
    pixels = np.concatenate([[0], classes]).astype(np.uint8)[positions]
    picture = Image.fromarray(pixels, mode=None).convert("P")
    picture.putpalette([channel for colour in palette for channel in colour[:3]])
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True, transparency=bytes(colour[3] for colour in palette))
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def round_breaks(values: pd.Series, classes: int) -> list[float]:
    """Lower limits of classes in round numbers (1, 2, 5 x 10^n), the last reached by about one value in fifty."""
    top = float(values[values > 0].quantile(0.98)) if bool((values > 0).any()) else 1.0
    power = math.floor(math.log10(top))
    steps = [digit * 10.0**p for p in range(power - classes, power + 1) for digit in (1, 2, 5)]
    return [0.0, *[step for step in steps if step <= top * (1 + 1e-9)][1 - classes :]]


def _standing(plan: Plan) -> pd.Series:
    """Today's located chargers (piles; those no quota counts as one) per site."""
    if plan.existing.empty:
        return pd.Series(0, index=plan.sites.index)
    per_site = plan.existing["count"].groupby(level="site_id").sum()
    return per_site.reindex(plan.sites.index, fill_value=0)


def _degrees(points: gpd.GeoSeries) -> dict[str, list[float]]:
    where = points.to_crs(4326)
    return {"lat": where.y.round(5).tolist(), "lon": where.x.round(5).tolist()}


def _box(shapes: gpd.GeoDataFrame) -> Bounds:
    west, south, east, north = shapes.to_crs(4326).total_bounds.round(5).tolist()
    return [[south, west], [north, east]]


def _weighted_quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    if not reached[-1]:
        return float(np.quantile(values, share))
    return float(values[order][np.searchsorted(reached, share * reached[-1])])


def _whole(values: pd.Series) -> list[int]:
    return [int(value) for value in np.rint(values.astype(float).fillna(0.0))]


def _number(value: Any, digits: int) -> float | int | None:
    """A JSON number; None where it is not known or infinite."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits) if digits else round(value)
