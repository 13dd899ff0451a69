"""The picture of the city: districts, main streets and the chosen sites, drawn from the plan's tables; a sketch map."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from planner.report.document import Picture
from planner.report.drawing import UNITS_A_MM, WIDTH, Box, Drawing, fitted, polyline, text_width
from planner.views import numbers
from planner.views.areas import area_name
from planner.views.palette import GROUND, INK, MIXED, PAPER, POWERS, SOFT
from planner.words import NOTICE, Lang, Text, same

if TYPE_CHECKING:
    from planner.plan import Plan

_CORE_RESIDENTS_SHARE = 0.75
_CORE_IS_ALL = 0.6  # of the area's width or height
_MOSTLY = 2 / 3  # of a station's chargers
_STREETS = {"motorway": ("#8d979f", 1.4), "trunk": ("#8d979f", 1.4), "primary": ("#a9b2b9", 1.0)}
_OTHER_STREET = ("#c3cad0", 0.7)
_LEAST_RADIUS, _MOST_RADIUS = 1.1, 9.0
_FURNITURE = 46.0  # units at the foot of a panel for scale bar and arrow
_LEGEND_ROW = 22.0
_EDGE_ROOM = 0.5  # half a frame's line
_HEIGHT = 142 * UNITS_A_MM
_LEAST_LABELLED = 900.0  # square units of a district in the frame
_EDGE = "#55616c"
_WORDS = {
    "fast": Text(zh="以快充为主", en="mostly fast"),
    "heavy": Text(zh="以重卡为主", en="mostly heavy trucks"),
    "slow": Text(zh="以慢充为主", en="mostly slow"),
    "mixed": Text(zh="混合", en="mixed"),
    "swap": Text(zh="换电站", en="swap stations only"),
}
_NORTH = Text(zh="北", en="N")
_BY_NUMBER = Text(zh="台（面积按桩数）", en="chargers (area by number)")
_MAIN_STREETS = Text(zh="主要道路", en="main streets")
_DISTRICT = Text(zh="县区", en="district")


@dataclass(frozen=True)
class Panel:
    """A frame on the sheet and the part of the ground that it shows: units to the metre, north up."""

    box: Box
    west: float
    north: float
    scale: float

    def place(self, xy: np.ndarray) -> np.ndarray:
        """Ground coordinates, shape (n, 2), on the sheet."""
        turned = (xy - (self.west, self.north)) * (self.scale, -self.scale)
        return np.asarray(turned + np.array([self.box.x, self.box.y]))

    @property
    def ground(self) -> shapely.Polygon:
        """What of the ground it shows."""
        east, south = self.west + self.box.width / self.scale, self.north - self.box.height / self.scale
        return shapely.box(self.west, south, east, self.north)


@dataclass(frozen=True)
class CityPicture:
    """The chosen sites on the ground: area by chargers, colour by what most of the chargers are.

    Where people live close together in a small part of the area, that part is drawn a second time, larger.
    """

    plan: Plan
    shows: Text

    def svg(self, lang: Lang) -> str:
        """The picture in one language."""
        plan = self.plan
        panels = _panels(plan.layers.districts, plan.layers.zones)
        beside = len(panels) > 1  # then there is room for the legend below the first one
        below = 0 if beside else _LEGEND_ROW + 12
        sheet = Drawing(WIDTH, panels[-1].box.height + 2 * _EDGE_ROOM + below, lang)
        radius_each = _radius_each(plan, panels[-1])
        for at, panel in enumerate(panels):
            inner = Drawing(WIDTH, panel.box.height, lang)
            _draw_ground(inner, plan, panel)
            _draw_sites(inner, plan, panel, radius_each)
            sheet.rectangle(panel.box, fill=GROUND)
            sheet.clipped(f"{lang}-panel-{at}", panel.box, inner)
            larger = panels[-1] if at + 1 < len(panels) else None
            _label_districts(sheet, plan, panel, larger)
            if larger is not None:
                _frame_of(sheet, larger, panel)
            _scale_bar(sheet, panel)
            _north_arrow(sheet, panel)
            sheet.rectangle(panel.box, fill="none", stroke=SOFT)
        first = panels[0].box
        _legend(sheet, plan, radius_each, first.y + first.height + 19, in_rows=beside)
        return sheet.svg(self.shows)


def city_picture(plan: Plan) -> Picture:
    """The chosen sites on the ground, with the notice that every such picture must bear."""
    caption = Text(zh="{notice}。{attribution}", en="{notice}. {attribution}").fill(
        notice=NOTICE, attribution=plan.scenario.study_area.attribution
    )
    shows = Text(
        zh="示意图：各县区、主要道路与 {sites} 个规划站点",
        en="Sketch map: districts, main streets and {sites} planned sites",
    ).fill(sites=numbers.count(len(plan.assessment.sites)))
    return Picture(CityPicture(plan, shows), caption, shows)


def power_class(stations: pd.DataFrame) -> pd.Series:
    """What most of a station's chargers are: fast, heavy, slow, mixed, or swap where it has no others.

    Parameters
    ----------
    stations
        The table ``sites`` of `Assessment`: new_slow, new_fast, new_heavy, new_swap.
    """
    names = ("fast", "heavy", "slow")
    counts = stations[[f"new_{name}" for name in names]].to_numpy(float)
    total = counts.sum(axis=1)
    most = counts.max(axis=1) >= _MOSTLY * total
    named = np.where(most, np.array(names)[counts.argmax(axis=1)], "mixed")
    return pd.Series(np.where(total > 0, named, "swap"), index=stations.index)


def _panels(districts: gpd.GeoDataFrame, zones: gpd.GeoDataFrame) -> list[Panel]:
    """The whole area and, where that is worth while, its core beside it."""
    whole = districts.total_bounds
    core = _core(zones)
    if core is None or max((core[2] - core[0]) / (whole[2] - whole[0]), (core[3] - core[1]) / (whole[3] - whole[1])) > (
        _CORE_IS_ALL
    ):
        return [_panel(_EDGE_ROOM, WIDTH - 2 * _EDGE_ROOM, _HEIGHT * 0.7, whole)]
    left = WIDTH * 0.44
    right = left + 8
    entries = len(_WORDS) + 3
    return [
        _panel(_EDGE_ROOM, left - _EDGE_ROOM, _HEIGHT - entries * _LEGEND_ROW - 8, whole),
        _panel(right, WIDTH - right - _EDGE_ROOM, _HEIGHT, core),
    ]


def _panel(x: float, width: float, height: float, bounds: np.ndarray) -> Panel:
    """A frame that shows the bounds with a margin, their middle in its middle, scale bar below."""
    west, south, east, north = bounds
    margin = 10.0
    scale = min((width - 2 * margin) / (east - west), (height - margin - _FURNITURE) / (north - south))
    left = (west + east) / 2 - width / 2 / scale
    top = north + (margin + (height - margin - _FURNITURE - (north - south) * scale) / 2) / scale
    return Panel(Box(x, _EDGE_ROOM, width, height), left, top, scale)


def _core(zones: gpd.GeoDataFrame) -> np.ndarray | None:
    """Bounds of where three quarters of the residents live, around their median."""
    centre, people = zones.geometry.centroid, zones["residents"].to_numpy(float)
    if people.sum() <= 0:
        return None
    xy = np.column_stack([centre.x, centre.y])
    middle = [_weighted_median(axis, people) for axis in xy.T]
    metres = np.abs(xy - middle).max(axis=1)
    order = np.argsort(metres, kind="stable")
    reached = np.cumsum(people[order])
    limit = metres[order][np.searchsorted(reached, _CORE_RESIDENTS_SHARE * reached[-1])]
    return np.asarray(zones[metres <= limit].total_bounds)


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


def _draw_ground(sheet: Drawing, plan: Plan, panel: Panel) -> None:
    """Districts, and streets above them, as far as they lie in the frame."""
    frame = panel.ground
    detail = 0.4 / panel.scale
    shapes = plan.layers.districts.geometry.simplify(detail).clip(frame.buffer(5 * detail)).to_numpy()
    rings = [ring for shape in shapes for part in shapely.get_parts(shape) for ring in _rings(part)]
    outlines = "".join(polyline(panel.place(shapely.get_coordinates(ring)), closed=True) for ring in rings)
    sheet.path(outlines, fill=PAPER)
    streets = plan.layers.streets
    main = streets["road_class"].isin([*_STREETS, "secondary", "tertiary"])
    drawn = streets[main | (not main.any())].clip(frame.intersection(plan.layers.districts.union_all()))
    drawn = drawn.set_geometry(drawn.geometry.simplify(detail)).sort_index()
    for road_class in [*sorted(set(drawn["road_class"]) - set(_STREETS)), *reversed(_STREETS)]:
        lines = shapely.get_parts(drawn.geometry[drawn["road_class"] == road_class].to_numpy())
        colour, width = _STREETS.get(road_class, _OTHER_STREET)
        if len(lines):
            d = "".join(polyline(panel.place(shapely.get_coordinates(part))) for part in lines)
            sheet.path(d, stroke=colour, width=width)
    sheet.path(outlines, stroke=_EDGE)
    if len(plan.layers.task_units):
        units = shapely.get_parts(plan.layers.task_units.geometry.simplify(detail).to_numpy())
        rings = [ring for part in units for ring in _rings(part)]
        d = "".join(polyline(panel.place(shapely.get_coordinates(ring)), closed=True) for ring in rings)
        sheet.path(d, stroke=_EDGE, dash="4 3")


def _rings(part: BaseGeometry) -> list[BaseGeometry]:
    """Outer and inner edges of a polygon; none of what else a clip leaves."""
    return [part.exterior, *part.interiors] if isinstance(part, shapely.Polygon) and not part.is_empty else []


def _radius_each(plan: Plan, panel: Panel) -> float:
    """Radius of a station of one charger, so that the largest ones do not hide the city."""
    stations = plan.assessment.sites
    if stations.empty:
        return _LEAST_RADIUS
    size = _size(stations)
    of_largest = _MOST_RADIUS / math.sqrt(float(size.quantile(0.99)))
    crowded = math.sqrt(0.16 * panel.box.width * panel.box.height / math.pi / float(size.sum()))
    return max(min(of_largest, crowded), 0.5)


def _size(stations: pd.DataFrame) -> pd.Series:
    """Chargers and swap stations of every station."""
    size: pd.Series = (stations["new_total"] + stations["new_swap"]).clip(lower=1).astype(float)
    return size


def _draw_sites(sheet: Drawing, plan: Plan, panel: Panel, radius_each: float) -> None:
    """Circles, the large ones first so that none is hidden."""
    stations = plan.assessment.sites
    points = plan.sites.geometry.loc[stations.index]
    xy = panel.place(np.column_stack([points.x, points.y]))
    radius = np.maximum(radius_each * np.sqrt(_size(stations).to_numpy()), _LEAST_RADIUS)
    kinds = power_class(stations).to_numpy()
    colours = {**POWERS, "mixed": MIXED}
    order = np.lexsort([np.arange(len(radius)), kinds, -np.round(radius, 2)])
    at = 0
    while at < len(order):  # neighbours of one colour share a group
        until = at
        while until < len(order) and kinds[order[until]] == kinds[order[at]]:
            until += 1
        these = order[at:until]
        rows = zip(*xy[these].T.tolist(), radius[these].tolist(), strict=True)
        sheet.circles(rows, fill=colours[kinds[order[at]]], stroke=INK, width=0.35)
        at = until


def _label_districts(sheet: Drawing, plan: Plan, panel: Panel, larger: Panel | None) -> None:
    """Names of the districts, where they lie in the frame; those that a larger panel shows are named there."""
    size, box = 11.0, panel.box
    for name, row in plan.layers.districts.sort_index().iterrows():
        seen = row["geometry"].intersection(panel.ground)
        if seen.area * panel.scale**2 < _LEAST_LABELLED:
            continue
        point = seen.representative_point()
        if larger is not None and larger.ground.contains(point):
            continue
        (x, y) = panel.place(np.array([[point.x, point.y]]))[0]
        words, most = area_name(plan, str(name)), box.width / 3
        half = text_width(fitted(sheet.said(words), most, size), size) / 2
        x = min(max(x, box.x + half + 3), box.x + box.width - half - 3)
        y = min(max(y, box.y + 14), box.y + box.height - _FURNITURE)
        sheet.text(x, y, words, size=size, anchor="middle", bold=True, halo=True, most=most)


def _frame_of(sheet: Drawing, other: Panel, panel: Panel) -> None:
    """Where the other panel lies on this one."""
    west, south, east, north = other.ground.bounds
    box = panel.box
    (x1, y1), (x2, y2) = panel.place(np.array([[west, north], [east, south]]))
    x1, x2 = max(x1, box.x), min(x2, box.x + box.width)
    y1, y2 = max(y1, box.y), min(y2, box.y + box.height)
    sheet.rectangle(Box(x1, y1, x2 - x1, y2 - y1), fill="none", stroke=INK, line=1.2)


def _scale_bar(sheet: Drawing, panel: Panel) -> None:
    """A bar of a round number of metres, about a quarter of the frame."""
    most = panel.box.width / 4 / panel.scale
    power = 10.0 ** math.floor(math.log10(most))
    metres = max(step * power for step in (1, 2, 5) if step * power <= most)
    length = metres * panel.scale
    x, y = panel.box.x + 10, panel.box.y + panel.box.height - 10
    sheet.rectangle(Box(x - 5, y - 19, length + 30, 25), fill=PAPER)
    sheet.rectangle(Box(x, y - 4, length / 2, 4), fill=INK, stroke=INK)
    sheet.rectangle(Box(x + length / 2, y - 4, length / 2, 4), fill=PAPER, stroke=INK)
    sheet.text(x, y - 8, same(0), size=9, anchor="middle")
    sheet.text(x + length, y - 8, numbers.scale(metres), size=9, anchor="middle")


def _north_arrow(sheet: Drawing, panel: Panel) -> None:
    x, y = panel.box.x + panel.box.width - 18, panel.box.y + panel.box.height - 42
    sheet.path(f"M{x:.1f} {y:.1f}l7 20l-7 -5l-7 5Z", stroke=INK, width=0.8, fill=INK)
    sheet.text(x, y + 32, _NORTH, size=11, anchor="middle", bold=True, halo=True)


def _legend(sheet: Drawing, plan: Plan, radius_each: float, y: float, *, in_rows: bool) -> None:
    """Colours, sizes and lines, one below the other or all in one row."""
    stations = plan.assessment.sites
    present = set(power_class(stations)) if len(stations) else set()
    colours = {**POWERS, "mixed": MIXED}
    start, size = 6.0, 10.5
    x = start

    def told(words: Text, room: float = 12) -> None:
        nonlocal x, y
        x += sheet.text(x, y + 4, words, size=size) + room
        if in_rows and room:
            x, y = start, y + _LEGEND_ROW

    for kind, words in _WORDS.items():
        if kind in present:
            sheet.circles([(x + 6, y, 6)], fill=colours[kind], stroke=INK, width=0.5)
            x += 18
            told(words)
    for number in _legend_sizes(stations):
        radius = max(radius_each * math.sqrt(number), _LEAST_RADIUS)
        sheet.circles([(x + radius, y, radius)], fill=PAPER, stroke=INK, width=0.9)
        x += 2 * radius + 4
        told(same(number), 0)
        x += 8
    if len(stations):
        told(_BY_NUMBER)
    sheet.line(x, y, x + 16, y, colour=_STREETS["trunk"][0], width=1.6)
    x += 22
    told(_MAIN_STREETS)
    sheet.rectangle(Box(x, y - 5, 16, 10), fill=PAPER, stroke=_EDGE)
    x += 22
    told(_DISTRICT)


def _legend_sizes(stations: pd.DataFrame) -> list[int]:
    """Two round numbers of chargers: of a usual and of a large station."""
    if stations.empty:
        return []
    size = _size(stations)
    largest = max(1, int(size.quantile(0.99)))
    usual = max(1, int(size.median()))
    return sorted({_rounded(usual), _rounded(largest)})


def _rounded(number: int) -> int:
    """The largest of 1, 2, 5, 10, 20, 50 ... that is not above a number."""
    power = 10 ** (len(str(number)) - 1)
    return int(max(step * power for step in (1, 2, 5) if step * power <= number))
