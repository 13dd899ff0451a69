"""Files of charging stations as people have them: Open Charge Map, Gaode, OpenStreetMap, tables and vector layers.

Every reader ends in `Station`: where it stands, what it is called and its plugs by current and power. What a file does
not say stays unknown: no number of plugs and no power is made up.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd

from planner.faults import BadInput, Fault, refuse, some
from planner.files.readers import TABLES, column, read_features
from planner.files.text import read_text
from planner.sources.chargers.osm import feature_elements, of_osm, osm_elements
from planner.sources.chargers.station import (
    Notes,
    Part,
    Station,
    each_once,
    parts_of,
    station_at,
    table_at,
    taken,
    text_of,
)
from planner.words import Say, Text

_POI, _LINE, _FEATURE = Text(zh="POI", en="POI"), Text(zh="行", en="line"), Text(zh="要素", en="feature")


def read_stations(file: Path, say: Say) -> list[Station]:
    """The charging stations of a file, recognised by its content; each id once.

    Parameters
    ----------
    file
        Open Charge Map JSON, Gaode POI JSON (v3 or v5, one answer or a list of them), Overpass JSON, ``.osm``, or a
        table or vector layer with columns by the headers of headers.csv.
    say
        Told about what is left out.

    Raises
    ------
    BadInput
        What keeps the file from being read, an answer that is an error, counts that are negative or no whole numbers.
    """
    suffix = file.suffix.lower()
    content = _json(file) if suffix in (".json", ".geojson") and file.is_file() else None
    if content is not None and not _is_geojson(content):
        stations = _of_json(content, file, say)
    elif suffix == ".osm":
        stations = of_osm(osm_elements(file), file, say)
    else:
        features = read_features(file, say)
        is_osm = "amenity" in features and bool((features["amenity"] == "charging_station").any())
        stations = of_osm(feature_elements(features), file, say) if is_osm else _of_table(features, file, say)
    if not stations:
        en = "no charging station found in it; nothing to import"
        raise BadInput([Fault(str(file), en=en, zh="文件中没有充电站，无可导入")])
    return each_once(stations, file, say)


def _of_json(content: Any, file: Path, say: Say) -> list[Station]:
    entries = [entry for entry in (content if isinstance(content, list) else [content]) if isinstance(entry, dict)]
    if content == []:  # an answer without any station, of whatever source
        return []
    if entries and any("AddressInfo" in entry for entry in entries):
        return _of_open_charge_map(entries, file, say)
    if entries and any("pois" in entry or ("status" in entry and "info" in entry) for entry in entries):
        return _of_gaode(entries, file, say)
    if entries and all(isinstance(entry.get("elements"), list) for entry in entries):
        return of_osm([e for entry in entries for e in entry["elements"] if isinstance(e, dict)], file, say)
    en = "JSON of an unknown kind; expected Open Charge Map, Gaode POI, Overpass or GeoJSON"
    zh = "无法识别的 JSON；应为 Open Charge Map、高德 POI、Overpass 或 GeoJSON"
    raise BadInput([Fault(str(file), en=en, zh=zh)])


# ---- Open Charge Map ---------------------------------------------------------------------------------------------


def _of_open_charge_map(entries: list[dict[str, Any]], file: Path, say: Say) -> list[Station]:
    notes, stations = Notes(file, _POI), []
    for entry in entries:
        place, operator = table_at(entry, "AddressInfo"), table_at(entry, "OperatorInfo")
        own_id = text_of(entry.get("UUID")) or text_of(entry.get("ID"))
        at = text_of(entry.get("ID")) or own_id or "?"
        if table_at(entry, "StatusType").get("IsOperational") is False:
            notes.leave_out(at, Text(zh="未运营", en="not in operation"))
            continue
        plugs = [plug for plug in entry.get("Connections") or [] if isinstance(plug, dict)]
        parts = [
            Part(_open_current(plug), notes.kw(plug.get("PowerKW"), at), notes.count(plug.get("Quantity"), at))
            for plug in plugs
        ]
        total = notes.count(entry.get("NumberOfPoints"), at)
        stations.append(
            station_at(
                "Open Charge Map",
                own_id,
                name=text_of(place.get("Title")),
                operator=text_of(operator.get("Title")) if operator.get("ID") != 1 else None,  # 1: (Unknown Operator)
                place=(place.get("Longitude"), place.get("Latitude")),
                parts=parts_of(parts, math.nan if total == 0 and parts else total),
                notes=notes,
                at=at,
            )
        )
    return taken(stations, notes, say)


def _open_current(plug: dict[str, Any]) -> str | None:
    current = plug.get("CurrentTypeID") or table_at(plug, "CurrentType").get("ID")
    level = plug.get("LevelID") or table_at(plug, "Level").get("ID") or plug.get("Level")
    known = {10: "ac", 20: "ac", 30: "dc"}.get(current) if isinstance(current, int) else None
    return known or ({1: "ac", 2: "ac", 3: "dc"}.get(level) if isinstance(level, int) else None)


# ---- Gaode -------------------------------------------------------------------------------------------------------


def _of_gaode(pages: list[dict[str, Any]], file: Path, say: Say) -> list[Station]:
    failed = [page for page in pages if str(page.get("status", "1")) == "0"]
    refuse(
        Fault(
            str(file),
            en=f"the Gaode answer is an error, {page.get('info')} ({page.get('infocode', 'no code')}); ask again",
            zh=f"高德返回错误：{page.get('info')}（{page.get('infocode', '无代码')}），请重新请求",
        )
        for page in failed[:5]
    )
    notes, stations = Notes(file, _POI), []
    for poi in (p for page in pages for p in page.get("pois") or [] if isinstance(p, dict)):
        own_id = text_of(poi.get("id"))
        codes = (text_of(poi.get("typecode")) or "0111").split("|")
        if not any(code.startswith("0111") for code in codes):
            notes.leave_out(
                own_id or "?",
                Text(zh="不是汽车充电站（类型码 0111）", en="no charging station for cars (typecode 0111)"),
            )
            continue
        lon, _, lat = (text_of(poi.get("location")) or "").partition(",")
        name, at, unknown = text_of(poi.get("name")), own_id or "?", (Part(),)
        stations.append(
            station_at("Gaode", own_id, name=name, operator=None, place=(lon, lat), parts=unknown, notes=notes, at=at)
        )
    return taken(stations, notes, say)


# ---- tables ------------------------------------------------------------------------------------------------------


def _of_table(features: gpd.GeoDataFrame, file: Path, say: Say) -> list[Station]:
    """Stations of a table by the columns of headers.csv; fast and slow counts are plugs of two kinds."""
    is_table = file.suffix.lower() in TABLES
    notes, first = Notes(file, _LINE if is_table else _FEATURE), 2 if is_table else 1
    names = {meaning: column(features, meaning) for meaning in ("id", "name_zh", "operator", "kw", *_COUNTS)}
    names["charger_type"] = "charger_type" if "charger_type" in features else None
    points = features.geometry.representative_point().to_crs(4326)
    rows = features.drop(columns="geometry").to_dict("records")
    stations, unequal = [], []
    for number, (row, point) in enumerate(zip(rows, points, strict=True), first):
        cell = {meaning: row[name] if name else None for meaning, name in names.items()}
        parts, fits = _table_parts(cell, notes, str(number))
        if not fits:
            unequal.append(number)
        stations.append(
            station_at(
                file.stem,
                text_of(cell["id"]),
                name=text_of(cell["name_zh"]),
                operator=text_of(cell["operator"]),
                place=(point.x, point.y),
                parts=parts,
                notes=notes,
                at=str(number),
            )
        )
    found = taken(stations, notes, say)
    if unequal:
        rows_in, unit = some(unequal), notes.unit
        en = f"fast and slow do not add up to the count; fast and slow are taken, {unit.en} {rows_in}"
        zh = f"快充与慢充之和不等于总数，以快慢分项为准，{unit.zh} {rows_in}"
        say(Text(zh=zh, en=en).about(file.name))
    return found


_COUNTS = ("count", "fast", "slow")


def _table_parts(cell: dict[str, Any], notes: Notes, at: str) -> tuple[tuple[Part, ...], bool]:
    """The plugs of a row, and whether its counts add up; a power beside two kinds of plugs is nobody's."""
    total, fast, slow = (notes.count(cell[c], at, strict=True) for c in _COUNTS)
    kw, charger_type = notes.kw(cell["kw"], at), text_of(cell["charger_type"])
    split = [Part(current, kw, n) for current, n in (("dc", fast), ("ac", slow)) if n > 0]
    if len(split) == 2:
        split = [replace(part, kw=math.nan) for part in split]
    known = [n for n in (fast, slow) if not math.isnan(n)]
    fits = not known or math.isnan(total) or sum(known) == total
    if split or (known and not total > 0):
        return tuple(split) or (Part(kw=kw, count=0.0),), fits
    return (Part(None, kw, total, charger_type),), fits


def _is_geojson(content: Any) -> bool:
    return isinstance(content, dict) and content.get("type") in ("FeatureCollection", "Feature")


def _json(file: Path) -> Any:
    text = read_text(file)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        en, zh = f"cannot be read as JSON: {error}", f"无法按 JSON 读取：{error}"
        raise BadInput([Fault(str(file), en=en, zh=zh)]) from None
