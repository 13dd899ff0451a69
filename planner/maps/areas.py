"""Plumbing of the map page: districts, task units and grid groups with their figures, and where to look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.maps.columns import Bounds, bounds_of, degrees, number

if TYPE_CHECKING:
    from planner.plan import Plan

_CORE_IS_ALL = 0.6  # of the area's width or height
_OUTLINE_DEGREES = 1e-5
_OF_A_TASK = ("chargers", "stations", "power_kw", "capex_cny")


def task_rows(plan: Plan) -> list[dict[str, Any]]:
    """The task table: every unit with its task and, year by year (by position), what is built there in that year."""
    tasks, names = plan.assessment.tasks, plan.layers.districts["name_en"]
    rows = []
    for unit, task in tasks.iterrows():
        row = {"zh": str(unit), "en": str(names.get(unit, unit)), "is_district": unit in names.index}
        row |= {column: number(task.get(column)) for column in ("task", *_OF_A_TASK)}
        row |= {f"note_{lang}": str(task.get(f"note_{lang}", "")) for lang in ("zh", "en")}
        rows.append(row | {"years": _by_year(plan, str(unit))})
    return rows


def _by_year(plan: Plan, unit: str) -> list[dict[str, Any]]:
    if len(plan.years) < 2:
        return []
    table = plan.assessment.breakdown
    built = table.groupby(level=["task_unit", "year"])[list(_OF_A_TASK)].sum()
    by_year = built.loc[unit] if unit in built.index.get_level_values("task_unit") else built.iloc[:0].droplevel(0)
    filled = by_year.reindex(sorted(plan.years), fill_value=0)
    return [{column: number(row[column]) for column in _OF_A_TASK} for _, row in filled.iterrows()]


def district_rows(plan: Plan) -> list[dict[str, Any]]:
    """Districts by name, with their place and their figures."""
    table = plan.assessment.districts
    shapes = plan.layers.districts.sort_index()
    where = degrees(shapes.representative_point())
    rows = []
    for at, (name, shape) in enumerate(shapes.iterrows()):
        figures = table.loc[name] if name in table.index else pd.Series(dtype=float)
        row = {
            "zh": str(name),
            "en": str(shape["name_en"]),
            "lat": where["lat"][at],
            "lon": where["lon"][at],
            "bounds": bounds_of(shapes.loc[[name]]),
            "residents": number(figures.get("residents")),
            "public_kwh_day": number(figures.get("public_kwh_day")),
        }
        for column in ("within_norm_share_today", "within_norm_share", "served_share_today", "served_share"):
            row[column] = number(figures.get(column), 12)
        rows.append(row)
    return rows


def grid_shapes(plan: Plan) -> gpd.GeoDataFrame | None:
    """Feeder groups, or districts where no layer has feeders, with their row of the grid report; None without one.

    Returns
    -------
    GeoDataFrame or None
        Index group; name_zh, sites, coincident_kw, headroom_kw, used (share of the headroom, None where not known),
        peak_hour, peak_kw, transformers, total_kva, upgrade_cny, note_zh, note_en; polygons in degrees.
    """
    grid = plan.assessment.grid
    if grid is None or grid.groups.empty:
        return None
    feeders = plan.layers.feeders
    shapes = feeders.geometry if len(feeders) else plan.layers.districts.geometry
    groups = grid.groups[grid.groups.index.isin(shapes.index)]
    plain = (
        "sites",
        "coincident_kw",
        "headroom_kw",
        "peak_hour",
        "peak_kw",
        "transformers",
        "total_kva",
        "upgrade_cny",
    )
    rows = [
        {
            "name_zh": str(row["name_zh"]),
            **{column: number(row[column]) for column in plain},
            "used": number(row["headroom_used_share"], 8),
            **{f"note_{lang}": str(row[f"note_{lang}"]) for lang in ("zh", "en")},
        }
        for _, row in groups.iterrows()
    ]
    table = pd.DataFrame(rows, index=pd.Index(groups.index, name="group")).astype(object)
    return _drawable(gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes.loc[groups.index], crs=shapes.crs)))


def outlines(districts: gpd.GeoDataFrame, task_units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Outlines of districts and, where supplied, development zones: index district; polygons in degrees."""
    shapes = districts.geometry if task_units.empty else pd.concat([districts.geometry, task_units.geometry])
    return _drawable(gpd.GeoDataFrame(geometry=gpd.GeoSeries(shapes, crs=districts.crs)).rename_axis("district"))


def _drawable(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    table = table.to_crs(4326)
    table.geometry = table.geometry.set_precision(_OUTLINE_DEGREES, mode="pointwise")
    return table


def views(zones: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> dict[str, Bounds]:
    """South-west and north-east corners of the whole area, and of its core: where three quarters of the people live.

    Where the core is most of the area, both are the whole.
    """
    centre, people = zones.geometry.centroid, zones["residents"].to_numpy(float)
    middle = [_weighted_quantile(axis.to_numpy(float), people, 0.5) for axis in (centre.x, centre.y)]
    metres = np.maximum(np.abs(centre.x - middle[0]), np.abs(centre.y - middle[1])).to_numpy(float)
    core = zones[metres <= _weighted_quantile(metres, people, 0.75)]
    (south, west), (north, east) = all_of_it = bounds_of(districts)
    (core_south, core_west), (core_north, core_east) = inner = bounds_of(core)
    most = max((core_north - core_south) / (north - south), (core_east - core_west) / (east - west))
    return {"city": all_of_it, "core": all_of_it if most > _CORE_IS_ALL else inner}


def _weighted_quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    if not reached[-1]:
        return float(np.quantile(values, share))
    return float(values[order][np.searchsorted(reached, share * reached[-1])])
