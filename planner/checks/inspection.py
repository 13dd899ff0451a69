"""What a study area's layers hold and how they lie on the ground: the questions a GIS colleague asks of new data."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from planner.faults import Fault
from planner.files.vector import read_vector
from planner.layers import Layers, Origin
from planner.scenario.file import embedded
from planner.sources.datum import Suspicion, suspect_datum
from planner.words import NO_TEXT, Text

SAME_SPOT_M = 1.0
"""Points of one name as near as this are one thing entered twice."""
SLIVER_M = 1.0
"""Mean width of an overlap that rounding may leave: five decimals of a degree are 1.1 m."""
SLIVER_SHARE = 0.01
"""Of the smaller area: an overlap beyond it is no sliver, however narrow."""
_TOUCHING_M = 1e-3  # boxes that reach into one another by less than this only touch
_DATUM_MARGIN_M = 5_000.0  # known places as near as this to the districts are compared; a name elsewhere is another's
_AREAS, _NAMED = ("districts", "zones", "task_units", "feeders"), ("places", "chargers")


@dataclass(frozen=True)
class DatumWord:
    """What the names of a layer's points say about its datum, and which places they were compared with."""

    suspicion: Suspicion
    against: str


@dataclass(frozen=True)
class LayerFacts:
    """One layer as it lies on the ground.

    Attributes
    ----------
    name, origin
        The layer, and what it was in its file (None where it has none).
    features, extent_m
        Count; width and height in the working CRS, None of an empty layer.
    inside_share
        Share within the districts: of the area, of the kilometres (streets), of the points; nan of an empty layer.
    outside
        Ids of features wholly outside the districts.
    duplicates
        (first id, id of the copy): same geometry and attributes, or points of one name at one spot.
    overlaps
        Of areas: columns first, second (ids), m2, sliver; largest first. None for lines and points.
    datum
        Of places and chargers, where there are any places to compare with.
    """

    name: str
    origin: Origin | None
    features: int
    extent_m: tuple[float, float] | None
    inside_share: float
    outside: tuple[str, ...]
    duplicates: tuple[tuple[str, str], ...]
    overlaps: pd.DataFrame | None
    datum: DatumWord | None

    @property
    def remarks(self) -> tuple[Text, ...]:
        """What was done to its geometries on reading."""
        return self.origin.remarks if self.origin else ()


@dataclass(frozen=True)
class Inspection:
    """All layers as they lie on the ground.

    Attributes
    ----------
    layers
        In the order of `Layers`.
    zoned_area_share
        Share of the districts' area that zones cover.
    residents
        Index district: ``stated`` in the districts layer, ``in_zones`` summed over its zones.
    faults
        What no plan should be made on: zones that overlap.
    """

    layers: tuple[LayerFacts, ...]
    zoned_area_share: float
    residents: pd.DataFrame
    faults: tuple[Fault, ...]


def inspect_layers(layers: Layers) -> Inspection:
    """Look at every layer: extent, place within the districts, duplicates, overlaps and datum. Changes nothing."""
    origins = {origin.layer: origin for origin in layers.origins}
    boundary = layers.districts.union_all()
    shapely.prepare(boundary)
    names = [name for name, table in vars(layers).items() if isinstance(table, gpd.GeoDataFrame)]
    overlaps = {name: _overlaps(getattr(layers, name)) for name in _AREAS}
    facts = tuple(_facts(layers, name, origins.get(name), boundary, overlaps.get(name)) for name in names)
    zoned_m2 = _inside(layers.zones.geometry.to_numpy(), boundary)[0].sum()
    in_zones = layers.zones.groupby("district")["residents"].sum().reindex(layers.districts.index, fill_value=0.0)
    return Inspection(
        layers=facts,
        zoned_area_share=float(zoned_m2 / boundary.area),
        residents=pd.DataFrame({"stated": layers.districts["residents"], "in_zones": in_zones}),
        faults=tuple(_overlap_faults(overlaps["zones"], origins.get("zones"))),
    )


def _facts(
    layers: Layers, name: str, origin: Origin | None, boundary: shapely.Geometry, overlaps: pd.DataFrame | None
) -> LayerFacts:
    table: gpd.GeoDataFrame = getattr(layers, name)
    west, south, east, north = table.total_bounds
    inside, whole = _inside(table.geometry.to_numpy(), boundary)
    return LayerFacts(
        name=name,
        origin=origin,
        features=len(table),
        extent_m=(float(east - west), float(north - south)) if len(table) else None,
        inside_share=float(inside.sum() / whole.sum()) if whole.sum() > 0 else float("nan"),
        outside=tuple(map(str, table.index[(inside == 0) & (whole > 0)])),
        duplicates=_duplicates(table, name),
        overlaps=overlaps,
        datum=_datum(layers, name, origin) if name in _NAMED and len(table) else None,
    )


# ---- within the districts ----------------------------------------------------------------------------------------


def _inside(shapes: np.ndarray, boundary: shapely.Geometry) -> tuple[np.ndarray, np.ndarray]:
    """What of every shape lies within the boundary, and the whole of it: square metres, metres or points."""
    if not len(shapes):
        return np.zeros(0), np.zeros(0)
    inside = np.asarray(shapely.covers(boundary, shapes))
    part = shapes.copy()
    part[~inside] = shapely.intersection(shapes[~inside], boundary)
    return _size(part, shapes), _size(shapes, shapes)


def _size(parts: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """Size of parts in the dimension of the shapes they are of."""
    dimension = shapely.get_dimensions(shapes)
    points = (~shapely.is_empty(parts)).astype(float)
    return np.select([dimension == 2, dimension == 1], [shapely.area(parts), shapely.length(parts)], points)


# ---- duplicates --------------------------------------------------------------------------------------------------


def _duplicates(table: gpd.GeoDataFrame, name: str) -> tuple[tuple[str, str], ...]:
    """Pairs of a row and its copy, each copy once."""
    if len(table) < 2:
        return ()
    first = {**_same_name_and_spot(table, name), **_same_everything(table)}
    ids = table.index.astype(str)
    return tuple((ids[of], ids[copy]) for copy, of in sorted(first.items()))


def _same_everything(table: gpd.GeoDataFrame) -> dict[int, int]:
    """Positions of rows that repeat an earlier one but for their id, with that one's; lines either way round."""
    rows = pd.DataFrame(table.drop(columns="geometry").astype(str))
    rows["shape"] = shapely.to_wkb(shapely.normalize(table.geometry.to_numpy()), hex=True)
    group = rows.groupby(list(rows), sort=False, dropna=False).ngroup().to_numpy()
    first = pd.Series(np.arange(len(group))).groupby(group).transform("min").to_numpy()
    return {int(copy): int(first[copy]) for copy in np.flatnonzero(first < np.arange(len(group)))}


def _same_name_and_spot(table: gpd.GeoDataFrame, name: str) -> dict[int, int]:
    """The same of points of one name (chargers: and type) within `SAME_SPOT_M`."""
    if name not in _NAMED:
        return {}
    columns = ["name_zh", "charger_type"] if name == "chargers" else ["name_zh"]
    words = table[columns].fillna("").astype(str).agg("\n".join, axis=1).to_numpy(object)
    named = table["name_zh"].fillna("").astype(str).str.strip().ne("").to_numpy()
    pairs = cKDTree(shapely.get_coordinates(table.geometry.to_numpy())).query_pairs(SAME_SPOT_M, output_type="ndarray")
    same = pairs[(words[pairs[:, 0]] == words[pairs[:, 1]]) & named[pairs[:, 0]]]
    return {int(copy): int(of) for of, copy in same[np.lexsort((-same[:, 0], same[:, 1]))]}


# ---- overlaps ----------------------------------------------------------------------------------------------------


def _overlaps(table: gpd.GeoDataFrame) -> pd.DataFrame:
    """Pairs of areas that share ground, largest first."""
    shapes, bounds = table.geometry.to_numpy(), table.bounds.to_numpy(float)
    one, two = table.sindex.query(table.geometry) if len(table) else np.zeros((2, 0), int)
    one, two = one[one < two], two[one < two]
    across = np.minimum(bounds[one, 2:], bounds[two, 2:]) - np.maximum(bounds[one, :2], bounds[two, :2])
    deep = (across > _TOUCHING_M).all(axis=1)
    one, two, across = one[deep], two[deep], across[deep]
    m2, around_m = across.prod(axis=1), 2 * across.sum(axis=1)
    area = shapely.area(shapes)
    boxes = area >= (1 - 1e-9) * np.prod(bounds[:, 2:] - bounds[:, :2], axis=1)
    other = ~(boxes[one] & boxes[two])  # squares are done; the others need their shapes
    common = shapely.intersection(shapes[one[other]], shapes[two[other]])
    m2[other], around_m[other] = shapely.area(common), shapely.length(common)
    narrow = 2 * m2 <= SLIVER_M * around_m
    small = m2 <= SLIVER_SHARE * np.minimum(area[one], area[two])
    ids = table.index.astype(str).to_numpy()
    found = pd.DataFrame({"first": ids[one], "second": ids[two], "m2": m2, "sliver": narrow & small})
    found = found[found["m2"] > 0].sort_values(["m2", "first", "second"], ascending=[False, True, True])
    return found.reset_index(drop=True)


def _overlap_faults(overlaps: pd.DataFrame, origin: Origin | None) -> list[Fault]:
    real = overlaps[~overlaps["sliver"]]
    if real.empty:
        return []
    pairs = [f"{row['first']} & {row['second']} ({row['m2']:,.0f} m²)" for _, row in real.head(5).iterrows()]
    more = f" … (+{len(real) - 5})" if len(real) > 5 else ""
    file = origin.file.name if origin else "zones"
    side = NO_TEXT
    if file.endswith(".csv"):
        side = Text(zh="或 zone_side_m", en=" or zone_side_m")
    word = "pair of zones overlaps" if len(real) == 1 else "pairs of zones overlap"
    m2 = f"{real['m2'].sum():,.0f} m²"
    en = f"{len(real)} {word}, {m2} in all: {', '.join(pairs)}{more}; "
    en += f"what stands there counts twice; correct the zones{side.en}"
    zh = f"{len(real)} 对网格重叠，共 {m2}：{'、'.join(pairs)}{more}；重叠处会重复计算，请修正网格{side.zh}"
    return [Fault(file, en=en, zh=zh)]


# ---- datum -------------------------------------------------------------------------------------------------------


def _datum(layers: Layers, name: str, origin: Origin | None) -> DatumWord | None:
    """What names say about the datum of a layer: of all places to compare with, those with most names in common."""
    other = next(each for each in _NAMED if each != name)
    known = {other: getattr(layers, other)}
    file = embedded("taiyuan") / "places.geojson"
    if origin is None or origin.file.resolve() != file.resolve():
        places = read_vector(file).to_crs(layers.districts.crs)
        west, south, east, north = layers.districts.total_bounds
        margin = _DATUM_MARGIN_M
        known[file.parent.name] = places.cx[west - margin : east + margin, south - margin : north + margin]
    found = [
        DatumWord(suspect_datum(getattr(layers, name), table), label) for label, table in known.items() if len(table)
    ]
    return max(found, key=lambda word: word.suspicion.matched, default=None)
