"""Zones of a study area: equal squares over its districts, and their rings by the density of residents."""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.faults import BadInput, Fault, refuse

RINGS = pd.DataFrame(
    [("core", 10_000.0, 900), ("urban", 2_000.0, 1_000), ("suburban", 300.0, 2_000), ("rural", -1.0, 10_000)],
    columns=["ring", "above_per_km2", "norm_m"],
)
"""Ring and norm radius (m) of a zone with more residents per km2 within `RING_RADIUS_M` than stated.

The densities tell a city of towers, a town, its outskirts and the country apart; the radii are what the planner of a
Chinese city promises there (0.9 km in the core of Taiyuan's charging plan).
"""
RING_RADIUS_M = 1_000.0
_MOST_SQUARES = 5_000_000  # of the box around the districts: beyond it the side is mistyped


def make_zones(districts: gpd.GeoDataFrame, side_m: float) -> gpd.GeoDataFrame:
    """Equal squares, aligned to multiples of their side, that cover the districts.

    A square belongs to the district of its centre; one on the rim, whose centre lies in none, to the district it
    overlaps most, so that nobody on the rim is lost. Ties go to the district that stands first.

    Parameters
    ----------
    districts
        Polygons in projected metres, index ``district``.
    side_m
        Side of a square, metres.

    Returns
    -------
    GeoDataFrame
        Index ``zone_id`` (``z1273_08382``: the south-west corner in sides, east then north), sorted; columns
        ``easting_m``, ``northing_m`` (that corner), ``district``; the squares, in the CRS of the districts.

    Raises
    ------
    BadInput
        Districts not in metres, a side that is not positive, or one so small that millions of squares result.
    """
    _check_grid(districts, side_m)
    west, south, east, north = districts.total_bounds
    columns = np.arange(np.floor(west / side_m), np.ceil(east / side_m))
    rows = np.arange(np.floor(south / side_m), np.ceil(north / side_m))
    column, row = (axis.ravel().astype(np.int64) for axis in np.meshgrid(columns, rows))
    squares = shapely.box(column * side_m, row * side_m, (column + 1) * side_m, (row + 1) * side_m)
    place = _place_of(squares, districts)
    kept = place >= 0
    column, row = column[kept], row[kept]
    corner = {"easting_m": column * side_m, "northing_m": row * side_m}
    if float(side_m).is_integer():
        corner = {name: metres.astype(np.int64) for name, metres in corner.items()}
    ids = [f"z{east:04d}_{north:05d}" for east, north in zip(column, row, strict=True)]
    table = pd.DataFrame({**corner, "district": districts.index.to_numpy()[place[kept]]}, index=ids)
    zones = gpd.GeoDataFrame(table.rename_axis("zone_id"), geometry=squares[kept], crs=districts.crs)
    return zones.sort_index()


def district_of_centre(zones: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> pd.Series:
    """The district around each zone's centre; missing where the centre lies in none.

    Parameters
    ----------
    zones, districts
        Polygons in one CRS, index ``zone_id`` and ``district``.
    """
    place = _holder(centres(zones), districts)
    names = districts.index.to_numpy(dtype=object)
    return pd.Series(np.where(place >= 0, names[place], None), index=zones.index, name="district", dtype=object)


def with_rings(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Zones with ring and norm radius, by the density of residents within 1 km of the centre (`RINGS`).

    A square counts by its centre, and the area is that of the squares counted, so that the figure is a true mean;
    squares that are not in the table count as empty. Where squares are larger than that, each stands for itself.

    Parameters
    ----------
    zones
        Equal squares with `residents`, in projected metres.

    Returns
    -------
    GeoDataFrame
        The same rows with `ring` and `norm_m` (metres) added or replaced.
    """
    row, column, side_m = grid_of(zones)
    reach = int(RING_RADIUS_M // side_m)
    people = np.zeros((row.max() + 1 + 2 * reach, column.max() + 1 + 2 * reach))
    people[row + reach, column + reach] = zones["residents"]
    offsets = range(-reach, reach + 1)
    steps = [(dy, dx) for dy in offsets for dx in offsets if np.hypot(dx, dy) * side_m <= RING_RADIUS_M]
    near = sum(people[row + reach + dy, column + reach + dx] for dy, dx in steps)
    per_km2 = near / (len(steps) * (side_m / 1000) ** 2)
    ring = (per_km2[:, None] > RINGS["above_per_km2"].to_numpy()).argmax(axis=1)
    return zones.assign(ring=RINGS["ring"].to_numpy()[ring], norm_m=RINGS["norm_m"].to_numpy()[ring])


def inhabited(zones: gpd.GeoDataFrame, keep_ids: Collection[str] = ()) -> gpd.GeoDataFrame:
    """Zones with residents, and those of `keep_ids` (zones that hold a place) without."""
    return zones[(zones["residents"] > 0) | zones.index.isin(list(keep_ids))]


def centres(zones: gpd.GeoDataFrame) -> np.ndarray:
    """Points in the middle of each zone's box, in the zones' CRS."""
    west, south, east, north = zones.geometry.bounds.to_numpy().T
    return np.asarray(shapely.points((west + east) / 2, (south + north) / 2))


def grid_of(zones: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray, float]:
    """Row (from the south) and column (from the west) of each square, from 0, and the side of the squares in metres."""
    west, south, east, _ = zones.geometry.bounds.to_numpy().T
    side_m = float(np.median(east - west))
    row, column = np.rint((south - south.min()) / side_m), np.rint((west - west.min()) / side_m)
    return row.astype(np.int64), column.astype(np.int64), side_m


def _check_grid(districts: gpd.GeoDataFrame, side_m: float) -> None:
    metric = districts.crs is not None and districts.crs.is_projected
    if not (metric and all(axis.unit_name in ("metre", "meter") for axis in districts.crs.axis_info[:2])):
        en = f"squares need metres, the districts are in {districts.crs}; project them first"
        zh = f"划分网格须以米为单位，区县图层为 {districts.crs}；请先投影"
        raise BadInput([Fault("districts", en=en, zh=zh)])
    if not (np.isfinite(side_m) and side_m > 0):
        en, zh = f"found {side_m:g}; expected metres above 0", f"现为 {side_m:g}；网格边长应大于 0 米"
        raise BadInput([Fault("zone_side_m", en=en, zh=zh)])
    west, south, east, north = districts.total_bounds
    squares = (east - west) * (north - south) / side_m**2
    en = f"{side_m:g} m makes {squares:,.0f} squares; choose a larger side (250 or 500 m is usual)"
    zh = f"边长 {side_m:g} m 将产生 {squares:,.0f} 个网格；请加大边长（常用 250 或 500 m）"
    refuse([Fault("zone_side_m", en=en, zh=zh)] if squares > _MOST_SQUARES else [])


def _place_of(squares: np.ndarray, districts: gpd.GeoDataFrame) -> np.ndarray:
    """Position of each square's district, -1 outside of all."""
    west, south, east, north = shapely.bounds(squares).T
    place = _holder(shapely.points((west + east) / 2, (south + north) / 2), districts)
    shapes = districts.geometry.to_numpy()
    of, square = shapely.STRtree(squares).query(shapes, predicate="intersects")
    rim = place[square] < 0
    of, square = of[rim], square[rim]
    shared = shapely.area(shapely.intersection(squares[square], shapes[of]))
    most = pd.DataFrame({"of": of, "square": square, "shared": shared}).query("shared > 0")
    most = most.sort_values(["shared", "of"], ascending=[False, True]).drop_duplicates("square")
    place[most["square"].to_numpy()] = most["of"].to_numpy()
    return place


def _holder(points: np.ndarray, districts: gpd.GeoDataFrame) -> np.ndarray:
    """Position of the first district that contains each point, -1 where none does."""
    place = np.full(len(points), -1)
    of, point = shapely.STRtree(points).query(districts.geometry.to_numpy(), predicate="contains")
    last_first = np.argsort(-of, kind="stable")
    place[point[last_first]] = of[last_first]
    return place
