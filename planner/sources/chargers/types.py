"""Existing charging stations from the sources people have, joined into one table of located chargers.

A row is the chargers of one kind at one station. What no source says stays unknown: a station of unknown size is known
to stand somewhere, and nothing more.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from pyproj import Geod
from shapely import Point

from planner.faults import BadInput, Fault, refuse, some
from planner.files.readers import within
from planner.scenario import ChargerType
from planner.sources.chargers.files import read_stations
from planner.sources.chargers.merge import COLUMNS, SAME_PLACE_M, charger_table, merge_chargers, nulls
from planner.sources.chargers.station import NATIVE, Station, many, short_hash
from planner.sources.datum import DATUM_WORDS, check_datum, to_wgs84
from planner.tables import LOCATED_CHARGERS, check_table
from planner.words import Say, Text

__all__ = ["assign_types", "import_chargers", "merge_chargers", "read_chargers"]

SLOW_KW = 22.0
"""Up to this power a charger is a slow one: the most that alternating current usually gives."""

_EARTH = Geod(ellps="WGS84")


def import_chargers(
    files: Sequence[Path],
    datum: str,
    boundary: gpd.GeoSeries,
    types: Mapping[str, ChargerType],
    earlier: gpd.GeoDataFrame | None,
    say: Say,
) -> gpd.GeoDataFrame:
    """Read files of charging stations into the table ``chargers`` of a study area.

    Parameters
    ----------
    files
        As `read_chargers` takes them, all in one datum.
    datum
        What their coordinates are in, one of `planner.sources.datum.DATUMS`.
    boundary
        The study area, any CRS; stations outside are left out, and said.
    types
        The scenario's charger types.
    earlier
        Located chargers from before, any CRS: they stay, joined with the new ones. A station all of whose sources are
        read again is taken anew, so the same files change nothing and newer ones bring its figures up to date.
    say
        Told what is left out, joined, contradictory or unknown.

    Returns
    -------
    GeoDataFrame
        Index charger_id, sorted; charger_type and count (null where unknown), name_zh; beside them operator, current
        (ac or dc), kw, source and source_id; points in EPSG:4326, WGS 84.

    Raises
    ------
    BadInput
        Everything wrong with the files, a bad datum, a file without a station in the area.
    """
    check_datum(datum)
    tables, faults = [], list[Fault]()
    for file in files:
        try:
            tables.append(_inside(read_chargers(file, datum, say), boundary, file, say))
        except BadInput as error:
            faults.extend(error.faults)
    refuse(faults)
    if earlier is not None and len(earlier):
        tables.insert(0, _not_read_again(_with_sources(earlier), tables))
    table = assign_types(merge_chargers(tables, say), types)
    _say_unknown(table, say)
    return gpd.GeoDataFrame(check_table(table, LOCATED_CHARGERS), geometry="geometry", crs=4326)


def read_chargers(file: Path, datum: str, say: Say) -> gpd.GeoDataFrame:
    """The charging stations of a file: Open Charge Map, Gaode POI, OpenStreetMap, a table or a vector layer.

    Parameters
    ----------
    file
        ``.json`` of Open Charge Map (list of POIs), Gaode (an answer or a list of them) or Overpass; ``.osm``; GeoJSON
        and other vector layers; CSV and Excel. Columns are found by their headers in English or Chinese: count, fast,
        slow, kw, name, id, operator; GeoJSON with amenity=charging_station is read by its OSM tags.
    datum
        What the coordinates are in; cannot be seen from them and is taken as declared.
    say
        Told what is left out, and where the declared datum is not the one its source is known for.

    Returns
    -------
    GeoDataFrame
        As of `import_chargers`; charger_type only where the file has such a column.

    Raises
    ------
    BadInput
        A bad datum; a file that cannot be read, holds an error or no station; counts that are negative or no whole
        numbers, with their lines.
    """
    check_datum(datum)
    stations = read_stations(file, say)
    native = NATIVE.get(stations[0].source, datum)
    if native != datum:
        source, usual, declared = stations[0].source, DATUM_WORDS[native], DATUM_WORDS[datum]
        en = f"{source} gives {usual}, the file is declared {declared}; taken as declared"
        zh = f"{source} 的坐标一般为 {usual}，现声明为 {declared}；按声明处理"
        say(Text(zh=zh, en=en).about(file.name))
    lon, lat = to_wgs84([s.lon for s in stations], [s.lat for s in stations], datum)
    if datum != "wgs84" and all(s.lon == x and s.lat == y for s, x, y in zip(stations, lon, lat, strict=True)):
        name = DATUM_WORDS[datum]
        en = f"{name} is WGS 84 outside China: nothing shifted"
        say(Text(zh=f"{name} 在中国以外即为 WGS 84，未作偏移", en=en).about(file.name))
    rows = [(*row, x, y) for s, x, y in zip(stations, lon, lat, strict=True) for row in _rows(s)]
    table = pd.DataFrame(rows, columns=["charger_id", *COLUMNS, "lon", "lat"])
    return charger_table(table.drop(columns=["lon", "lat"]), table["lon"], table["lat"])


def assign_types(chargers: gpd.GeoDataFrame, types: Mapping[str, ChargerType]) -> gpd.GeoDataFrame:
    """Give every row the scenario's charger type that its current and power point to.

    Alternating current, or at most `SLOW_KW`: the slow type of the nearest rated power. Else the fast type of the
    nearest one, by ratio. Where the power is not known a type is taken only if there is no other of its service. Types
    already given stay. Battery swap, trucks and cabinets that count as several chargers are never guessed: a source
    counts plugs, and one of them is no cabinet.

    Raises
    ------
    BadInput
        A type already given that the scenario does not define.
    """
    given = chargers["charger_type"]
    strange = given.notna() & ~given.isin(list(types))
    if bool(strange.any()):
        found, defined = some(sorted(set(given[strange]))), some(types, 12)
        en, zh = f"found {found}; the scenario defines {defined}", f"现为 {found}；情景中定义的类型为 {defined}"
        raise BadInput([Fault(f"chargers, column charger_type, row {some(given.index[strange])}", en=en, zh=zh)])
    by_service = {service: _rated_kw(types, service) for service in ("slow", "fast")}
    guessed = [_type_of(current, kw, by_service) for current, kw in chargers[["current", "kw"]].itertuples(index=False)]
    filled = given.where(given.notna(), pd.Series(guessed, index=chargers.index, dtype=object))
    return chargers.assign(charger_type=nulls(filled))


# ---- rows --------------------------------------------------------------------------------------------------------


def _rows(station: Station) -> Iterable[tuple[Any, ...]]:
    """charger_id and the columns of a station's rows; the id tells the kind of plugs only where there are several."""
    base = _slug(station.id)
    for part in station.parts:
        kw = "" if math.isnan(part.kw) else f"{part.kw:g}"
        kind = f"-{part.charger_type or ''}{part.current or ''}{kw}"
        own = base if len(station.parts) == 1 else f"{base}{kind if len(kind) > 1 else '-unknown'}"
        source, source_id = _escaped(station.source), _escaped(station.id)
        yield (
            own,
            part.charger_type,
            part.count,
            station.name,
            station.operator,
            part.current,
            part.kw,
            source,
            source_id,
        )


def _slug(station_id: str) -> str:
    """A station id of letters, digits, dots, dashes; what is lost of it comes back as a short hash."""
    plain = re.sub(r"[^\w.-]+", "-", station_id.replace(":", "-", 1)).strip("-")
    return plain if plain == station_id.replace(":", "-", 1) else f"{plain}-{short_hash(station_id)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("+", "%2B")


def _inside(chargers: gpd.GeoDataFrame, boundary: gpd.GeoSeries, file: Path, say: Say) -> gpd.GeoDataFrame:
    inside = within(chargers, boundary, file, Text(zh="充电站", en="charging stations"))
    outside = chargers.loc[~inside, "source_id"].nunique()
    if outside:
        en = f"{many(outside, 'station')} outside the study area left out"
        say(Text(zh=f"略去 {outside:,} 个位于研究区外的站点", en=en).about(file.name))
    return chargers[inside]


def _with_sources(earlier: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Located chargers of any origin with all columns; rows at one point and of one name are one station."""
    table = earlier if earlier.index.name == "charger_id" else earlier.set_index("charger_id")
    table = gpd.GeoDataFrame(check_table(table, LOCATED_CHARGERS, "earlier chargers")).to_crs(4326)
    table = table.assign(**{name: None for name in COLUMNS if name not in table})
    table = table.assign(kw=pd.to_numeric(table["kw"], errors="coerce"))
    at = pd.DataFrame({"x": table.geometry.x, "y": table.geometry.y, "name": table["name_zh"].fillna("")})
    own = "own:" + table.index.to_series().astype(str).map(_escaped)
    first = own.groupby([at["x"], at["y"], at["name"]]).transform("min")
    return table.assign(source_id=table["source_id"].fillna(first), source=table["source"].fillna("own"))


def _not_read_again(earlier: gpd.GeoDataFrame, tables: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """The earlier rows but for the stations of which every source has been read again at the same place."""
    new = {own: point for table in tables for own, point in zip(table["source_id"], table.geometry, strict=True)}

    def again(own: str, at: Point) -> bool:
        return own in new and float(_EARTH.inv(at.x, at.y, new[own].x, new[own].y)[2]) <= SAME_PLACE_M

    stations = zip(earlier["source_id"], earlier.geometry, strict=True)
    return earlier[[not all(again(own, at) for own in str(ids).split("+")) for ids, at in stations]]


def _say_unknown(table: gpd.GeoDataFrame, say: Say) -> None:
    stations = table["source_id"].nunique()
    size = table.loc[table["count"].isna(), "source_id"].nunique()
    kind = table.loc[table["charger_type"].isna(), "source_id"].nunique()
    chargers = table["count"].sum()
    known = f"{many(stations, 'station')}, {many(chargers, 'charger')}"
    en = f"{known}; {many(size, 'station')} of unknown size, {kind:,} of unknown type"
    say(Text(zh=f"{stations:,} 个站点，{chargers:,.0f} 台充电桩；{size:,} 个站点规模未知，{kind:,} 个类型未知", en=en))


def _rated_kw(types: Mapping[str, ChargerType], service: str) -> dict[str, float]:
    return {
        name: kind.kw_rated.base
        for name, kind in sorted(types.items())
        if kind.service == service and not kind.battery_swap and kind.quota_units == 1 and kind.kw_rated.base > 0
    }


def _type_of(current: str | None, kw: float, by_service: dict[str, dict[str, float]]) -> str | None:
    if current is None and math.isnan(kw):
        return None
    slow = current == "ac" or kw <= SLOW_KW
    rated = by_service["slow" if slow else "fast"]
    if len(rated) <= 1 or math.isnan(kw):
        return next(iter(rated)) if len(rated) == 1 else None
    if slow:
        return min(rated, key=lambda name: abs(rated[name] - kw))
    return min(rated, key=lambda name: abs(math.log(rated[name] / kw)))
