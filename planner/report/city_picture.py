"""The picture of the city: districts, main streets and the chosen sites, drawn from the plan's tables; a sketch map."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from planner.exports import NOTICE_EN, NOTICE_ZH
from planner.report.charts import fitted, text_width
from planner.report.document import Lang, Picture, speaker
from planner.report.drawing import UNITS_A_MM, WIDTH, Drawing, polyline
from planner.report.names import area_name
from planner.report.palette import GROUND, INK, MIXED, PAPER, POWERS, SOFT

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
    "fast": ("以快充为主", "mostly fast"),
    "heavy": ("以重卡为主", "mostly heavy trucks"),
    "slow": ("以慢充为主", "mostly slow"),
    "mixed": ("混合", "mixed"),
    "swap": ("换电站", "swap stations only"),
}


class Panel(NamedTuple):
    """A frame on the sheet and the part of the ground that it shows: units to the metre, north up."""

    x: float
    y: float
    width: float
    height: float
    west: float
    north: float
    scale: float

    def place(self, xy: np.ndarray) -> np.ndarray:
        """Ground coordinates, shape (n, 2), on the sheet."""
        turned = (xy - (self.west, self.north)) * (self.scale, -self.scale)
        return np.asarray(turned + np.array([self.x, self.y]))


def city_picture(plan: Plan, lang: Lang) -> Picture:
    """The chosen sites on the ground: area by chargers, colour by what most of the chargers are.

    Where people live close together in a small part of the area, that part is drawn a second time, larger.
    """
    say = speaker(lang)
    panels = _panels(plan.layers.districts, plan.layers.zones)
    beside = len(panels) > 1  # then there is room for the legend below the first one
    sheet = Drawing(WIDTH, panels[-1].height + 2 * _EDGE_ROOM + (0 if beside else _LEGEND_ROW + 12))
    radius_each = _radius_each(plan, panels[-1])
    for at, panel in enumerate(panels):
        inner = Drawing(WIDTH, panel.height)
        _draw_ground(inner, plan, panel)
        _draw_sites(inner, plan, panel, radius_each)
        sheet.rectangle(panel.x, panel.y, panel.width, panel.height, GROUND)
        sheet.clipped(f"{lang}-panel-{at}", panel.x, panel.y, panel.width, panel.height, inner)
        larger = panels[-1] if at + 1 < len(panels) else None
        _label_districts(sheet, plan, panel, lang, larger)
        if larger is not None:
            _frame_of(sheet, larger, panel)
        _scale_bar(sheet, panel)
        _north_arrow(sheet, panel, say("北", "N"))
        sheet.rectangle(panel.x, panel.y, panel.width, panel.height, "none", SOFT)
    _legend(sheet, plan, lang, radius_each, panels[0].y + panels[0].height + 19, in_rows=beside)
    notice = say(NOTICE_ZH, NOTICE_EN)
    caption = f"{notice}. {plan.scenario.study_area.attribution}"
    shows = say(
        f"示意图：各县区、主要道路与 {len(plan.assessment.sites):,} 个规划站点",
        f"Sketch map: districts, main streets and {len(plan.assessment.sites):,} planned sites",
    )
    return Picture(sheet.svg(shows), caption, shows)


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
    return Panel(x, _EDGE_ROOM, width, height, left, top, scale)


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
    frame = _frame(panel)
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
            sheet.path("".join(polyline(panel.place(shapely.get_coordinates(part))) for part in lines), colour, width)
    sheet.path(outlines, _EDGE, 1.0)
    if len(plan.layers.task_units):
        units = shapely.get_parts(plan.layers.task_units.geometry.simplify(detail).to_numpy())
        rings = [ring for part in units for ring in _rings(part)]
        d = "".join(polyline(panel.place(shapely.get_coordinates(ring)), closed=True) for ring in rings)
        sheet.path(d, _EDGE, 1.0, dash="4 3")


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
    crowded = math.sqrt(0.16 * panel.width * panel.height / math.pi / float(size.sum()))
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
        sheet.circles(rows, colours[kinds[order[at]]], INK, 0.35)
        at = until


def _label_districts(sheet: Drawing, plan: Plan, panel: Panel, lang: Lang, larger: Panel | None) -> None:
    """Names of the districts, where they lie in the frame; those that a larger panel shows are named there."""
    frame = _frame(panel)
    size = 11.0
    for name, row in plan.layers.districts.sort_index().iterrows():
        seen = row["geometry"].intersection(frame)
        if seen.area * panel.scale**2 < _LEAST_LABELLED:
            continue
        point = seen.representative_point()
        if larger is not None and _frame(larger).contains(point):
            continue
        (x, y) = panel.place(np.array([[point.x, point.y]]))[0]
        words = fitted(area_name(plan, str(name), lang), panel.width / 3, size)
        half = text_width(words, size) / 2
        x = min(max(x, panel.x + half + 3), panel.x + panel.width - half - 3)
        y = min(max(y, panel.y + 14), panel.y + panel.height - _FURNITURE)
        sheet.text(x, y, words, size, "middle", bold=True, halo=True)


def _frame(panel: Panel) -> shapely.Polygon:
    """What of the ground a panel shows."""
    east, south = panel.west + panel.width / panel.scale, panel.north - panel.height / panel.scale
    return shapely.box(panel.west, south, east, panel.north)


def _frame_of(sheet: Drawing, other: Panel, panel: Panel) -> None:
    """Where the other panel lies on this one."""
    west, south, east, north = _frame(other).bounds
    corners = np.array([[west, north], [east, south]])
    (x1, y1), (x2, y2) = panel.place(corners)
    x1, x2 = max(x1, panel.x), min(x2, panel.x + panel.width)
    y1, y2 = max(y1, panel.y), min(y2, panel.y + panel.height)
    sheet.rectangle(x1, y1, x2 - x1, y2 - y1, "none", INK, 1.2)


def _scale_bar(sheet: Drawing, panel: Panel) -> None:
    """A bar of a round number of metres, about a quarter of the frame."""
    most = panel.width / 4 / panel.scale
    power = 10.0 ** math.floor(math.log10(most))
    metres = max(step * power for step in (1, 2, 5) if step * power <= most)
    length = metres * panel.scale
    x, y = panel.x + 10, panel.y + panel.height - 10
    sheet.rectangle(x - 5, y - 19, length + 30, 25, PAPER)
    sheet.rectangle(x, y - 4, length / 2, 4, INK, INK)
    sheet.rectangle(x + length / 2, y - 4, length / 2, 4, PAPER, INK)
    words = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    sheet.text(x, y - 8, "0", 9, "middle")
    sheet.text(x + length, y - 8, words, 9, "middle")


def _north_arrow(sheet: Drawing, panel: Panel, word: str) -> None:
    x, y = panel.x + panel.width - 18, panel.y + panel.height - 42
    sheet.path(f"M{x:.1f} {y:.1f}l7 20l-7 -5l-7 5Z", INK, 0.8, INK)
    sheet.text(x, y + 32, word, 11, "middle", bold=True, halo=True)


def _legend(sheet: Drawing, plan: Plan, lang: Lang, radius_each: float, y: float, in_rows: bool) -> None:
    """Colours, sizes and lines, one below the other or all in one row."""
    say = speaker(lang)
    stations = plan.assessment.sites
    present = set(power_class(stations)) if len(stations) else set()
    colours = {**POWERS, "mixed": MIXED}
    start, size = 6.0, 10.5
    x = start

    def told(words: str, room: float = 12) -> None:
        nonlocal x, y
        sheet.text(x, y + 4, words, size)
        x += text_width(words, size) + room
        if in_rows and room:
            x, y = start, y + _LEGEND_ROW

    for kind, words in _WORDS.items():
        if kind in present:
            sheet.circles([(x + 6, y, 6)], colours[kind], INK, 0.5)
            x += 18
            told(say(*words))
    for number in _legend_sizes(stations):
        radius = max(radius_each * math.sqrt(number), _LEAST_RADIUS)
        sheet.circles([(x + radius, y, radius)], PAPER, INK, 0.9)
        x += 2 * radius + 4
        told(f"{number}", 0)
        x += 8
    if len(stations):
        told(say("台（面积按桩数）", "chargers (area by number)"))
    sheet.line(x, y, x + 16, y, _STREETS["trunk"][0], 1.6)
    x += 22
    told(say("主要道路", "main streets"))
    sheet.rectangle(x, y - 5, 16, 10, PAPER, _EDGE)
    x += 22
    told(say("县区", "district"))


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
