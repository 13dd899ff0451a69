"""Charging stations of several sources joined into one table: every station once, whatever the order of the tables."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from planner.faults import Fault, refuse, some
from planner.sources.chargers.station import many, short_hash
from planner.words import Say, Text

APART_M = 50.0
_USUAL = (
    r"股份|有限|责任|公司|集团|新能源|电动|汽车|车辆|公共|公用|专用|智能|超级|快充|慢充|超充|直流|交流"
    r"|充电|换电|电站|站点|场站|停车场|桩|站|点|ev|electric|vehicle|charging|charger|station|points?"
)
_ALIASES = {"国网": "国家电网", "南网": "南方电网"}
_ALIKE_SHARE = 0.75
COLUMNS = ("charger_type", "count", "name_zh", "operator", "current", "kw", "source", "source_id")
SAME_PLACE_M = 1_000.0


def merge_chargers(tables: Sequence[gpd.GeoDataFrame], say: Say, apart_m: float = APART_M) -> gpd.GeoDataFrame:
    """One table of several, every station once; the same whatever their order.

    Two entries are one station if they share a source id, or if they stand within `apart_m` and their names agree
    (usual words left out) or one has none; two entries of one source that both lack a name stay two. The entry with a
    known count wins, then with a known power, then with a name; what it lacks is taken from the others. Source and
    source_id of all are joined with ``+``.

    Parameters
    ----------
    tables
        As `read_chargers` returns them, any CRS.
    say
        Told how many were joined, and where the sources contradict each other.
    apart_m
        Metres.

    Raises
    ------
    BadInput
        A source id that stands at two places more than a kilometre apart.
    """
    entries = _entries(tables)
    if not entries:
        return charger_table(pd.DataFrame(columns=["charger_id", *COLUMNS]), [], [])
    by_id = [_joined(same) for same in _sharing_an_id(entries)]
    groups = _near_and_alike(sorted(by_id, key=_rank), apart_m)
    joined = [_joined(group) for group in groups]
    if len(entries) > len(joined):
        en = f"{len(entries):,} entries are {many(len(joined), 'station')}"
        en += f"; those within {apart_m:g} m with agreeing names are one"
        say(Text(zh=f"{len(entries):,} 条记录合并为 {len(joined):,} 个站点（{apart_m:g} m 内且名称相符）", en=en))
    if conflicts := sorted({text for entry in joined for text in entry.conflicts}):
        en = f"{many(len(conflicts), 'station')} with entries that disagree on the count, the first is kept"
        zh = f"{len(conflicts):,} 个站点的各条记录桩数不一致，保留第一个"
        say(Text(zh=f"{zh}：{some(conflicts)}", en=f"{en}: {some(conflicts)}"))
    rows = [_row_of(entry, row) for entry in joined for row in entry.rows]
    return charger_table(pd.DataFrame(rows), [row["_lon"] for row in rows], [row["_lat"] for row in rows])


def charger_table(rows: pd.DataFrame, lon: Any, lat: Any) -> gpd.GeoDataFrame:
    """Rows as the table ``chargers``: ids unique and sorted, unknown text None, unknown numbers nan."""
    ids = rows["charger_id"].astype(object)
    twice = ids.duplicated(keep=False)
    ids = ids.where(~twice, ids + "-" + rows["source_id"].map(short_hash)) if bool(twice.any()) else ids
    number = ids.groupby(ids).cumcount()
    ids = ids.where(number == 0, ids + "-" + (number + 1).astype(str))
    texts = {name: nulls(rows[name]) for name in rows.columns if name not in ("count", "kw", "charger_id")}
    numbers = {name: rows[name].astype(float) for name in ("count", "kw")}
    table = rows.assign(**texts, **numbers, charger_id=ids).drop(columns=["_lon", "_lat"], errors="ignore")
    placed = gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(lon, lat), crs=4326)
    return placed.set_index("charger_id").sort_index()


def nulls(column: pd.Series) -> pd.Series:
    """Text with None wherever it is missing."""
    return column.astype(object).where(column.notna(), None)


# ---- which entries are one station -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Entry:
    """One station as one table knows it, x and y in metres; what contradicted it on the way."""

    ids: frozenset[str]
    sources: frozenset[str]
    name: str | None
    operator: str | None
    x: float
    y: float
    rows: tuple[dict[str, Any], ...]
    conflicts: tuple[str, ...] = ()

    @property
    def count(self) -> float:
        return float(sum(row["count"] for row in self.rows))


def _entries(tables: Sequence[gpd.GeoDataFrame]) -> list[_Entry]:
    filled = [table.to_crs(4326) for table in tables if len(table)]
    if not filled:
        return []
    crs = _utm(np.array([table.total_bounds for table in filled]))
    entries = []
    for table in filled:
        metres = table.geometry.to_crs(crs)
        listed = table.drop(columns="geometry").assign(
            charger_id=table.index, _lon=table.geometry.x, _lat=table.geometry.y, _x=metres.x, _y=metres.y
        )
        stations: dict[str, list[dict[str, Any]]] = {}
        for row in listed.sort_index().to_dict("records"):
            stations.setdefault(str(row["source_id"]), []).append(_cleaned(row))
        for ids, rows in stations.items():
            first = rows[0]
            own_ids, sources = frozenset(ids.split("+")), frozenset(str(first["source"]).split("+"))
            place = first["_x"], first["_y"]
            entries.append(_Entry(own_ids, sources, first["name_zh"], first["operator"], *place, tuple(rows)))
    return entries


def _utm(bounds: np.ndarray) -> int:
    """EPSG code of the UTM zone in the middle of all bounds (west, south, east, north, one row each)."""
    low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    lon, lat = (float(degrees) for degrees in (low + high) / 2)
    return (32600 if lat >= 0 else 32700) + int((lon + 180) // 6) % 60 + 1


def _cleaned(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose missing cells are None, but for counts and powers, which are nan."""
    return {
        key: (math.nan if key in ("count", "kw") else None)
        if value is None or value is pd.NA or value != value
        else value
        for key, value in row.items()
    }


def _rank(entry: _Entry) -> tuple[Any, ...]:
    """Richest first: known count, known power or current, a name, more sources; then whatever makes it one order."""
    known = any(row["current"] or row["charger_type"] or not math.isnan(row["kw"]) for row in entry.rows)
    content = repr([sorted((str(k), str(v)) for k, v in row.items()) for row in entry.rows])
    unnamed = entry.name is None
    return math.isnan(entry.count), not known, unnamed, -len(entry.ids), sorted(entry.ids), entry.x, entry.y, content


def _sharing_an_id(entries: list[_Entry]) -> list[list[_Entry]]:
    """Entries connected by source ids, richest first in each group."""
    root: dict[str, str] = {}

    def find(own: str) -> str:
        while root.setdefault(own, own) != own:
            own = root[own]
        return own

    for entry in entries:
        first, *others = sorted(entry.ids)
        for other in others:
            root[find(other)] = find(first)
    groups: dict[str, list[_Entry]] = {}
    for entry in sorted(entries, key=_rank):
        groups.setdefault(find(min(entry.ids)), []).append(entry)
    refuse(fault for group in groups.values() for fault in _too_far_apart(group))
    return list(groups.values())


def _too_far_apart(group: list[_Entry]) -> list[Fault]:
    widest_m = max(math.hypot(entry.x - group[0].x, entry.y - group[0].y) for entry in group)
    if widest_m <= SAME_PLACE_M:
        return []
    shared = sorted(frozenset.intersection(*(entry.ids for entry in group)) or group[0].ids)
    km = widest_m / 1000
    en = f"stands at places {km:.1f} km apart; give one file another name, or its stations other ids"
    zh = f"出现在相距 {km:.1f} km 的两处；请为其中一个文件改名，或更改其站点编号"
    return [Fault(f"chargers, source id {some(shared)}", en=en, zh=zh)]


def _near_and_alike(ordered: list[_Entry], apart_m: float) -> list[list[_Entry]]:
    """Groups of entries that are one station, each led by its richest; no chains over a third station.

    Named ones first, each joining the nearest leader of an agreeing name; then those without a name the nearest leader.
    """
    names = [_core(entry.name) for entry in ordered]
    xy = np.array([(entry.x, entry.y) for entry in ordered])
    near = cKDTree(xy).query_ball_point(xy, apart_m)
    groups: dict[int, list[_Entry]] = {}
    for i in sorted(range(len(ordered)), key=lambda i: (not names[i], i)):
        fits = [j for j in near[i] if j in groups and _one_station(ordered[i], names[i], groups[j], names[j])]
        leader = min(fits, key=lambda j: (float(np.hypot(*(xy[i] - xy[j]))), j), default=i)
        groups.setdefault(leader, []).append(ordered[i])
    return [groups[leader] for leader in sorted(groups)]


def _one_station(entry: _Entry, name: str, group: list[_Entry], group_name: str) -> bool:
    """Whether an entry near a group is one more entry of its station.

    A missing name agrees with every name. But a source that gives two ids tells two stations apart: without two names
    to say otherwise they stay two if both lack a name or both have a count.
    """
    if name and group_name:
        return _agree(name, group_name)
    if not any(entry.sources & other.sources for other in group):
        return True
    counted = not math.isnan(entry.count) and any(not math.isnan(other.count) for other in group)
    return bool(name or group_name) and not counted


def _core(name: str | None) -> str:
    """What tells a station's name from others: without usual words, blanks and marks; empty if nothing is left."""
    plain = re.sub(r"[\W_]+", "", (name or "").casefold())
    for short, full in _ALIASES.items():
        plain = plain.replace(short, full)
    return re.sub(_USUAL, "", plain)


def _agree(one: str, other: str) -> bool:
    """Whether two cores may name the same station: one in the other or alike, and with the same numbers."""
    numbers = [re.findall(r"[0-9]+|[a-z]+|[一二三四五六七八九十]+(?=[号期区])", core) for core in (one, other)]
    if all(numbers) and sorted(numbers[0]) != sorted(numbers[1]):
        return False
    shorter, longer = sorted((one, other), key=lambda core: (len(core), core))
    if len(shorter) >= 2 and shorter in longer:
        return True
    return SequenceMatcher(None, shorter, longer, autojunk=False).ratio() >= _ALIKE_SHARE


def _joined(group: list[_Entry]) -> _Entry:
    """A leader with what it lacks from the others: the count of the richest, the kind of plugs, name and operator."""
    if len(group) == 1:
        return group[0]
    leader, ordered = group[0], sorted(group, key=_rank)
    rows = ordered[0].rows
    if len(rows) == 1:
        rows = (_filled(rows[0], [entry.rows[0] for entry in ordered[1:] if len(entry.rows) == 1]),)
    counts = [entry.count for entry in ordered if not math.isnan(entry.count)]
    contrary = [f"{n:g}" for n in dict.fromkeys(counts)]
    label = next((entry.name for entry in [leader, *ordered] if entry.name), min(leader.ids))
    return replace(
        leader,
        ids=frozenset().union(*(entry.ids for entry in group)),
        sources=frozenset().union(*(entry.sources for entry in group)),
        name=next((entry.name for entry in [leader, *ordered] if entry.name), None),
        operator=next((entry.operator for entry in [leader, *ordered] if entry.operator), None),
        rows=tuple({**row, "_lon": leader.rows[0]["_lon"], "_lat": leader.rows[0]["_lat"]} for row in rows),
        conflicts=(
            *(text for entry in ordered for text in entry.conflicts),
            *([f"{label} {' / '.join(contrary)}"] if len(contrary) > 1 else []),
        ),
    )


def _filled(row: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any]:
    """A row with the kind of plugs of others that do not contradict its own."""
    full = dict(row)
    for other in others:
        if full["current"] and other["current"] and full["current"] != other["current"]:
            continue
        full["current"] = full["current"] or other["current"]
        full["charger_type"] = full["charger_type"] or other["charger_type"]
        full["kw"] = other["kw"] if math.isnan(full["kw"]) else full["kw"]
    return full


def _row_of(entry: _Entry, row: dict[str, Any]) -> dict[str, Any]:
    own = {key: value for key, value in row.items() if key not in ("_x", "_y")}
    return own | {
        "name_zh": entry.name,
        "operator": entry.operator,
        "source": "+".join(sorted(entry.sources)),
        "source_id": "+".join(sorted(entry.ids)),
    }
