"""The three datums of Chinese data: WGS 84, GCJ-02 (Gaode, Tencent) and BD-09 (Baidu); told apart by named places.

GCJ-02 is WGS 84 shifted by some hundred metres that vary from place to place, BD-09 is GCJ-02 shifted once more, by
about 900 m. Which one a file is in cannot be seen from the file: it must be declared. `suspect_datum` checks the
declaration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pyproj import Geod

from planner.faults import Fault, refuse
from planner.words import Text, joined

DATUMS = ("wgs84", "gcj02", "bd09")
DATUM_WORDS = {"wgs84": "WGS 84", "gcj02": "GCJ-02", "bd09": "BD-09"}

LEAST_MATCHES = 20
TOLERANCE_M = 150.0
"""How far the median offset may lie from an explanation: names stand for gates, buildings and grounds alike.

The explanations lie 265 m (Urumqi) to 600 m (Shenzhen) apart from each other."""

_CHINA = (72.004, 0.8293, 137.8347, 55.8271)  # west, south, east, north of the published algorithm
_AXIS_M, _ECCENTRICITY2 = 6_378_245.0, 0.006_693_421_622_965_943_23  # Krasovsky 1940
_BAIDU_LON, _BAIDU_LAT = 0.0065, 0.006
_BAIDU_WAVES = np.pi * 3000 / 180
_MOST_STEPS = 10  # each leaves at most 0.03 of the error; five are enough
_CLOSE = 1e-8  # degrees; the step that starts from there ends at least 30 times closer
_CHUNK = 16_384  # points whose intermediate arrays fit the processor's cache
_EARTH = Geod(ellps="WGS84")

_Pair = tuple[np.ndarray, np.ndarray]


def from_wgs84(lon: ArrayLike, lat: ArrayLike, datum: str) -> _Pair:
    """Coordinates of another datum for WGS 84 ones.

    The shift holds inside the box 72.004 to 137.8347 E, 0.8293 to 55.8271 N of the public algorithm (China and much
    around it); outside it is the identity for both datums.

    Parameters
    ----------
    lon, lat
        Degrees, of one shape; not a number stays so.
    datum
        One of `DATUMS`.

    Raises
    ------
    BadInput
        No such datum.

    References
    ----------
    The published reconstruction of the shift, as in PRCoords (https://github.com/Artoria2e5/PRCoords, CC0).
    """
    check_datum(datum)

    def forward(x: np.ndarray, y: np.ndarray) -> _Pair:
        lon, lat = _to_gcj02(x, y) if datum != "wgs84" else (x, y)
        lon, lat = _to_bd09(lon, lat) if datum == "bd09" else (lon, lat)
        inside = _in_china(x, y)
        return np.where(inside, lon, x), np.where(inside, lat, y)

    return _in_chunks(forward, lon, lat)


def to_wgs84(lon: ArrayLike, lat: ArrayLike, datum: str) -> _Pair:
    """WGS 84 coordinates for those of a datum: the inverse of `from_wgs84` to below 1e-9 degrees (0.1 mm).

    Solved as a fixed point. A point whose origin lies inside the box of `from_wgs84` is moved back to it, any other one
    stays; so in the strip of some 1,500 m along the outside of the box, where both would do, the first is taken.

    Parameters
    ----------
    lon, lat
        Degrees, of one shape; not a number stays so.
    datum
        One of `DATUMS`: what the coordinates are in.

    Raises
    ------
    BadInput
        No such datum.
    """
    check_datum(datum)

    def back(x: np.ndarray, y: np.ndarray) -> _Pair:
        lon, lat = _undone(_to_bd09, x, y) if datum == "bd09" else (x, y)
        lon, lat = _undone(_to_gcj02, lon, lat) if datum != "wgs84" else (lon, lat)
        inside = _in_china(lon, lat, margin=_CLOSE)
        return np.where(inside, lon, x), np.where(inside, lat, y)

    return _in_chunks(back, lon, lat)


def check_datum(datum: str) -> None:
    """Refuse what is none of `DATUMS`."""
    if datum not in DATUMS:
        en = f"found {datum!r}; declare one of {', '.join(DATUMS)} (it cannot be seen from the coordinates)"
        refuse([Fault("datum", en=en, zh=f"现为 {datum!r}；须声明为 {'、'.join(DATUMS)} 之一，坐标本身无法判断")])


@dataclass(frozen=True)
class Suspicion:
    """What the places of a table, matched by name, say about its datum.

    Attributes
    ----------
    datum
        ``wgs84``: it agrees with the known places. ``gcj02``, ``bd09``: the shift of that datum is in it (the words say
        in which way it came in). None: cannot tell.
    matched
        Names that stand at one point in either table and were compared.
    offset_m
        Length of their median offset from the known places; nan without matches.
    words
        The finding in a sentence.
    """

    datum: str | None
    matched: int
    offset_m: float
    words: Text


def suspect_datum(named: gpd.GeoDataFrame, known: gpd.GeoDataFrame, name: str = "name_zh") -> Suspicion:
    """Whether a table that counts as WGS 84 really is, by the places it has in common with known ones.

    The median offset (metres east, north) of at least `LEAST_MATCHES` places of the same name is compared with what
    every pair of true and declared datum would cause there; the nearest explanation within `TOLERANCE_M` holds, if half
    of the places agree with it to twice that. Names that stand at two points of a table are left out. Distance to
    streets is not used: shifted stations lie no farther from streets than true ones.

    Parameters
    ----------
    named, known
        Points in any CRS; `known` is trusted.
    name
        The column of the names, in both; compared without blanks and capitals.

    Raises
    ------
    BadInput
        A table without the column.
    """
    tables = {"named": named, "known": known}
    en, zh = "missing; names are what is compared", "缺少此列；比对依据的是名称"
    refuse(
        Fault(f"{label} places, column {name}", en=en, zh=zh) for label, table in tables.items() if name not in table
    )
    here, there = (_by_name(table, name) for table in tables.values())
    common = here.index.intersection(there.index).sort_values()
    if len(common) < LEAST_MATCHES:
        en = f"cannot tell: {len(common)} names matched, {LEAST_MATCHES} needed"
        zh = f"无法判断：仅匹配到 {len(common)} 个同名地点，至少需要 {LEAST_MATCHES} 个"
        offset_m = float(np.hypot(*_median(_offsets(there.loc[common], here.loc[common])))) if len(common) else np.nan
        return Suspicion(None, len(common), offset_m, Text(zh=zh, en=en))
    return _nearest_explanation(here.loc[common], there.loc[common])


# ---- the shifts --------------------------------------------------------------------------------------------------


def _in_china(lon: np.ndarray, lat: np.ndarray, margin: float = 0.0) -> np.ndarray:
    west, south, east, north = _CHINA
    inside: np.ndarray = (lon >= west - margin) & (lon <= east + margin)
    return inside & (lat >= south - margin) & (lat <= north + margin)


def _undone(shift: Callable[[np.ndarray, np.ndarray], _Pair], x: np.ndarray, y: np.ndarray) -> _Pair:
    """The points that a shift moves to x, y: from a guess, go back by as much as the shift of the guess is off."""
    lon, lat = x, y
    for _ in range(_MOST_STEPS):
        there = shift(lon, lat)
        east, north = x - there[0], y - there[1]
        lon, lat = lon + east, lat + north
        if max(np.abs(east).max(), np.abs(north).max()) < _CLOSE:
            break
    return lon, lat


def _in_chunks(convert: Callable[[np.ndarray, np.ndarray], _Pair], lon: ArrayLike, lat: ArrayLike) -> _Pair:
    """Convert the points near the box, a chunk after the other; all others are copied."""
    x, y = np.array(lon, float), np.array(lat, float)
    x, y = (each.copy() for each in np.broadcast_arrays(x, y))
    flat_x, flat_y = x.reshape(-1), y.reshape(-1)
    near = np.flatnonzero(_in_china(flat_x, flat_y, margin=0.1))
    for start in range(0, len(near), _CHUNK):
        part = near[start : start + _CHUNK]
        flat_x[part], flat_y[part] = convert(flat_x[part], flat_y[part])
    return x, y


def _to_gcj02(lon: np.ndarray, lat: np.ndarray) -> _Pair:
    x, y = lon - 105, lat - 35
    root, cross = np.sqrt(np.abs(x)), 0.1 * x * y
    by_x, by_y = _sines(x), _sines(y)
    ripple = 2 * by_x[6] + 2 * by_x[2]
    east_m = 300 + x + 2 * y + 0.1 * x * x + cross + 0.1 * root
    east_m += (ripple + 2 * by_x[1] + 4 * by_x[1 / 3] + 15 * by_x[1 / 12] + 30 * by_x[1 / 30]) * 20 / 3
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + cross + 0.2 * root
    north_m += (ripple + 2 * by_y[1] + 4 * by_y[1 / 3] + 16 * by_y[1 / 12] + 32 * by_y[1 / 30]) * 20 / 3
    angle = np.radians(lat)
    bend = 1 - _ECCENTRICITY2 * np.sin(angle) ** 2
    root_bend = np.sqrt(bend)
    degree_north_m = np.pi / 180 * _AXIS_M * (1 - _ECCENTRICITY2) / (bend * root_bend)
    degree_east_m = np.pi / 180 * _AXIS_M * np.cos(angle) / root_bend
    return lon + east_m / degree_east_m, lat + north_m / degree_north_m


def _sines(t: np.ndarray) -> dict[float, np.ndarray]:
    """sin(f pi t) for the six frequencies f of the shift.

    All are whole multiples of pi t / 60, so one sine and one cosine are enough: twice and three times an angle give
    2, 4, 5 (4 + 1), 20, 60, 120 and 360 times it. Six sines would take three times as long.
    """
    sin1, cos1 = np.sin(np.pi / 60 * t), np.cos(np.pi / 60 * t)
    sin2, cos2 = _twice(sin1, cos1)
    sin4, cos4 = _twice(sin2, cos2)
    sin5, cos5 = sin4 * cos1 + cos4 * sin1, cos4 * cos1 - sin4 * sin1
    sin20, cos20 = _twice(*_twice(sin5, cos5))
    sin60, cos60 = _thrice(sin20, cos20)
    sin120, cos120 = _twice(sin60, cos60)
    return {1 / 30: sin2, 1 / 12: sin5, 1 / 3: sin20, 1: sin60, 2: sin120, 6: _thrice(sin120, cos120)[0]}


def _twice(sin: np.ndarray, cos: np.ndarray) -> _Pair:
    return 2 * sin * cos, 1 - 2 * sin * sin


def _thrice(sin: np.ndarray, cos: np.ndarray) -> _Pair:
    return sin * (3 - 4 * sin * sin), cos * (4 * cos * cos - 3)


def _to_bd09(lon: np.ndarray, lat: np.ndarray) -> _Pair:
    """From GCJ-02: longitude and latitude as a plane vector, stretched and turned a little, then moved."""
    length = np.sqrt(lon * lon + lat * lat)  # three times as fast as hypot, and nothing here can overflow
    stretch = 1 + 0.00002 * np.sin(lat * _BAIDU_WAVES) / length
    turn = 0.000003 * np.cos(lon * _BAIDU_WAVES)
    sin, cos = turn - turn**3 / 6, 1 - turn * turn / 2  # exact in double precision for angles this small
    return stretch * (lon * cos - lat * sin) + _BAIDU_LON, stretch * (lat * cos + lon * sin) + _BAIDU_LAT


# ---- named places ------------------------------------------------------------------------------------------------


def _by_name(table: gpd.GeoDataFrame, name: str) -> pd.DataFrame:
    """lon, lat of the places whose name stands at one point, by their plain name."""
    points = table.geometry.to_crs(4326)
    plain = table[name].map(lambda text: "".join(text.split()).casefold() if isinstance(text, str) else "")
    places = pd.DataFrame({"lon": points.x.to_numpy(), "lat": points.y.to_numpy()}, index=plain.to_numpy(object))
    places = places[~places.assign(name=places.index).duplicated().to_numpy()]  # two rows of one place are one
    usable = (places.index != "") & np.isfinite(places.to_numpy()).all(axis=1)
    unique: pd.DataFrame = places.loc[usable & ~places.index.duplicated(keep=False)]
    return unique


def _offsets(start: pd.DataFrame, end: pd.DataFrame) -> np.ndarray:
    """Metres east and north from each start to its end, shape (places, 2)."""
    lon0, lat0, lon1, lat1 = (table[c].to_numpy(float) for table in (start, end) for c in ("lon", "lat"))
    azimuth, _, metres = (np.asarray(found, float) for found in _EARTH.inv(lon0, lat0, lon1, lat1))
    return np.column_stack([metres * np.sin(np.radians(azimuth)), metres * np.cos(np.radians(azimuth))])


def _median(offsets: np.ndarray) -> np.ndarray:
    middle: np.ndarray = np.median(offsets, axis=0)
    return middle


def _nearest_explanation(here: pd.DataFrame, there: pd.DataFrame) -> Suspicion:
    """The pair of true and declared datum that explains best why `here` is not where `there` says."""
    offsets = _offsets(there, here)
    middle = _median(offsets)
    pairs = [("wgs84", "wgs84"), *((true, told) for true in DATUMS for told in DATUMS if true != told)]
    expected = {pair: _median(_offsets(there, _mistaken(there, *pair))) for pair in pairs}
    true, told = min(pairs, key=lambda pair: float(np.hypot(*(middle - expected[pair]))))
    miss_m = float(np.hypot(*(middle - expected[true, told])))
    agreeing = np.hypot(*(offsets - expected[true, told]).T) <= 2 * TOLERANCE_M
    count, offset_m = len(here), float(np.hypot(*middle))
    east, north = (f"{value:+,.0f}" for value in middle)
    found = _words(true, told)
    if miss_m > TOLERANCE_M:
        true, told = "", ""
        en = f"cannot tell: no datum explains it to {TOLERANCE_M:g} m"
        found = Text(zh=f"无法判断：没有坐标系能在 {TOLERANCE_M:g} m 内解释", en=en)
    elif 2 * agreeing.sum() < count:
        true, told = "", ""
        found = Text(zh="无法判断：各地点偏移不一致", en="cannot tell: the places disagree")
    en = f"median offset of {count} places of the same name {offset_m:,.0f} m ({east} m east, {north} m north)"
    zh = f"{count} 个同名地点的中位偏移 {offset_m:,.0f} m（东 {east} m，北 {north} m）"
    words = joined([found, Text(zh=zh, en=en)])
    return Suspicion((told if true == "wgs84" else true) or None, count, offset_m, words)


def _mistaken(truth: pd.DataFrame, true: str, told: str) -> pd.DataFrame:
    """Where WGS 84 places end up that are given in the datum `true` and converted as if they were `told`."""
    lon, lat = to_wgs84(*from_wgs84(truth["lon"], truth["lat"], true), told)
    return pd.DataFrame({"lon": lon, "lat": lat})


def _words(true: str, told: str) -> Text:
    given, taken = DATUM_WORDS[true], DATUM_WORDS[told]
    if true == told:
        return Text(zh=f"与 {given} 一致", en=f"consistent with {given}")
    if told == "wgs84":
        return Text(zh=f"实际为 {given}，却声明为 {taken}", en=f"really in {given}, declared {taken}")
    return Text(zh=f"原为 {given}，却按 {taken} 作了转换", en=f"was {given} but was converted as if {taken}")
