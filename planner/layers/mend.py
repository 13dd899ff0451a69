"""Plumbing of layers: geometries made plain and valid where that changes nothing of what they say, else refused."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from planner.faults import Fault, some
from planner.words import COLON, NO_TEXT, Text, joined, same

SAME_SHARE = 1e-6
"""Of its convex hull: a repair that moves less area than this leaves the outline as it was."""
MOST_CHANGED_SHARE = 0.01
"""Of its convex hull: a repair that moves more area than this is a guess, and refused."""


@dataclass(frozen=True)
class Mended:
    """A layer after mending.

    Attributes
    ----------
    table
        The layer; rows in their order.
    remarks
        What was done.
    faults
        What could not be done.
    bad
        Rows that the faults are about.
    """

    table: gpd.GeoDataFrame
    remarks: tuple[Text, ...]
    faults: tuple[Fault, ...]
    bad: np.ndarray


def mend(table: gpd.GeoDataFrame, kinds: tuple[str, ...], where: str) -> Mended:
    """Drop heights, make simple geometries of multiple ones with one part, repair invalid polygons.

    An invalid polygon is repaired where it covers the same: the area of the repaired one differs from the signed area
    of the rings as drawn by at most `MOST_CHANGED_SHARE` of the convex hull. A ring that touches itself, a spike, a
    hole on the edge, parts that touch or overlap by a sliver pass; a bow tie, whose halves cancel each other in the
    signed area, does not. Rows without geometry are left to `planner.tables.check_geometry`.

    Parameters
    ----------
    table
        Layer in any CRS, its ids in the index (as found: not checked yet).
    kinds
        Geometry types that the layer may have.
    where
        File name, for the messages.
    """
    shapes = table.geometry.to_numpy()
    ids = table.index.to_numpy(object)
    shapes, flat = _flat(shapes)
    shapes, plain, multiple = _single(shapes, kinds)
    shapes, repaired, changed, broken = _repaired(shapes, kinds)
    remarks = [
        *_said(ids[flat], Text(zh="已舍弃 {count} 个要素的高程", en="heights of {count} left out")),
        *_said(
            ids[plain],
            Text(zh="{count} 个单部件复合几何已改为简单几何", en="{count} multiple of a single part made simple"),
        ),
        *_said(ids[repaired], Text(zh="{count} 个无效几何已修复{by}", en="{count} invalid repaired{by}"), _by(changed)),
    ]
    faults = [*_multiple_faults(shapes, ids, multiple, where), *_broken_faults(shapes, ids, broken, kinds, where)]
    mended = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))
    return Mended(mended, tuple(remarks), tuple(faults), multiple | broken)


def _flat(shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The geometries without heights, and which ones had any."""
    high = np.asarray(shapely.has_z(shapes))
    return np.where(high, shapely.force_2d(shapes), shapes), high


def _single(shapes: np.ndarray, kinds: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Multiple lines or points of one part as simple ones: the geometries, which were, which cannot be."""
    wanted = np.isin(_type_names(shapes), [f"Multi{kind}" for kind in kinds if f"Multi{kind}" not in kinds])
    parts = shapely.get_num_geometries(shapes)
    one, more = wanted & (parts == 1), wanted & (parts > 1)
    return np.where(one, shapely.get_geometry(shapes, 0), shapes), one, more


def _type_names(shapes: np.ndarray) -> np.ndarray:
    return np.array(["" if shape is None else shape.geom_type for shape in shapes], object)


def _repaired(shapes: np.ndarray, kinds: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """Invalid polygons repaired: the geometries, which were, the largest share moved, and which invalid ones remain."""
    invalid = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes) & np.isin(_type_names(shapes), kinds)
    shapes, repaired, largest = shapes.copy(), np.zeros(len(shapes), bool), 0.0
    for row in np.flatnonzero(invalid & (shapely.get_dimensions(shapes) == 2)):
        valid = _valid(shapes[row])
        moved = _moved_share(shapes[row], valid)
        if moved <= MOST_CHANGED_SHARE:
            shapes[row], repaired[row], largest = valid, True, max(largest, moved)
    return shapes, repaired, largest, invalid & ~repaired


def _valid(drawn: BaseGeometry) -> BaseGeometry:
    """What a shape covers, as valid polygons: of every part the rings, each repaired alone, holes taken off shells."""
    if not np.isfinite(shapely.get_coordinates(drawn)).all():
        return shapely.Polygon()
    parts = []
    for part in shapely.get_parts(drawn):
        shell, *holes = (_inside(ring) for ring in shapely.get_rings(part))
        parts.append(shapely.difference(shell, shapely.union_all(holes)))
    return shapely.union_all(parts)


def _inside(ring: BaseGeometry) -> BaseGeometry:
    """The polygons that a ring encloses; lines and points it leaves over are dropped."""
    pieces = shapely.get_parts(shapely.get_parts(shapely.make_valid(shapely.Polygon(shapely.get_coordinates(ring)))))
    return shapely.union_all([piece for piece in pieces if piece.geom_type == "Polygon"])


def _moved_share(drawn: BaseGeometry, valid: BaseGeometry) -> float:
    """Area that a repair moves, of the convex hull; infinite where nothing is left."""
    left = float(shapely.area(valid))
    if left == 0:
        return float("inf")
    return abs(left - float(shapely.area(drawn))) / float(shapely.area(shapely.convex_hull(drawn)))


def _by(changed: float) -> Text:
    if changed <= SAME_SHARE:
        return NO_TEXT
    en = f" (area moved: up to {changed:.2%} of the hull)"
    return Text(zh=f"（面积变化至多为外包络的 {changed:.2%}）", en=en)


def _said(ids: np.ndarray, words: Text, by: Text = NO_TEXT) -> list[Text]:
    """A remark on some rows, if any; the words hold a place for their count, and for how much they changed."""
    return [joined([words.fill(count=len(ids), by=by), same(some(ids))], COLON)] if len(ids) else []


def _multiple_faults(shapes: np.ndarray, ids: np.ndarray, multiple: np.ndarray, where: str) -> list[Fault]:
    if not multiple.any():
        return []
    kind = shapes[multiple][0].geom_type
    en = f"{kind} of several parts; explode it into single parts (QGIS: Multipart to singleparts), each with its own id"
    zh = f"{kind} 含多个部件，请拆分为单部件（QGIS：多部件转单部件）并各自编号"
    return [Fault(f"{where}, rows {some(ids[multiple])}", en=en, zh=zh)]


def _broken_faults(
    shapes: np.ndarray, ids: np.ndarray, broken: np.ndarray, kinds: tuple[str, ...], where: str
) -> list[Fault]:
    if not broken.any():
        return []
    at = f"{where}, rows {some(ids[broken])}"
    if "Polygon" not in kinds:
        return [
            Fault(at, en="invalid geometry (no length); draw or delete it", zh="几何无效（长度为零），请补绘或删除")
        ]
    first = shapes[broken][0]
    reason = _reason(first)
    moved = _moved_share(first, _valid(first))
    lost = Text(zh=f"修复将改变其外包络面积的 {moved:.0%}", en=f"{moved:.0%} of its hull would change")
    if np.isinf(moved):
        lost = Text(zh="修复后将无面积", en="nothing would be left of it")
    en = f"invalid geometry ({reason}) that cannot be repaired as it stands: {lost.en}; redraw it"
    return [Fault(at, en=en, zh=f"几何无效（{reason}），无法按原样修复：{lost.zh}，请重新绘制")]


def _reason(shape: shapely.Geometry) -> str:
    """GEOS's reason and place: ``Self-intersection[112.05 38.05]`` -> ``self-intersection at 112.05, 38.05``."""
    words, _, place = str(shapely.is_valid_reason(shape)).rstrip("]").partition("[")
    at = ", ".join(f"{float(number):.10g}" for number in place.split()[:2])
    return f"{words.lower()} at {at}" if at else words.lower()
