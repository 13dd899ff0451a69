"""A charging station as a file tells it, whatever the file: what the readers of charger_files.py end in.

What a file does not say stays unknown: no number of plugs and no power is made up.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from planner.faults import BadInput, Fault, some
from planner.words import Say, Text

NATIVE = {"Open Charge Map": "wgs84", "Gaode": "gcj02", "OpenStreetMap": "wgs84"}
"""The datum in which a source gives its coordinates."""

_PREFIX = {"Open Charge Map": "ocm", "Gaode": "amap", "OpenStreetMap": "osm"}
_UNKNOWN = ("", "-", "--", "—", "/", "?", "无", "未知", "不详", "暂无", "na", "n/a", "nan", "none", "null", "unknown")
_PLACE_DEG = 0.005  # about half a kilometre: entries of one id farther apart than this are several stations


@dataclass(frozen=True)
class Part:
    """Plugs of one kind at a station: ``ac`` or ``dc``, power of one in kW, how many; nan and None are unknown."""

    current: str | None = None
    kw: float = math.nan
    count: float = math.nan
    charger_type: str | None = None

    @property
    def kind(self) -> tuple[str, str, float]:
        """What tells it from the station's other plugs; comparable, unknown power first."""
        return self.charger_type or "", self.current or "", -1.0 if math.isnan(self.kw) else self.kw


@dataclass(frozen=True)
class Station:
    """One charging station of a file.

    Attributes
    ----------
    source, id
        Where it comes from, and its id there (``osm:node-12``).
    name, operator
        None where unknown.
    lon, lat
        Degrees in the datum of the file.
    parts
        Its plugs, at least one entry, sorted by kind.
    """

    source: str
    id: str
    name: str | None
    operator: str | None
    lon: float
    lat: float
    parts: tuple[Part, ...]


@dataclass
class Notes:
    """What is found on the way through one file: faults to refuse it for, and what to say."""

    file: Path
    unit: Text
    bad_counts: dict[str, list[str]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    left_out: dict[Text, list[str]] = field(default_factory=dict)

    def count(self, value: Any, at: str, strict: bool = False) -> float:
        """A number of plugs, nan where unknown; `strict` also refuses text that is no number (``20台``)."""
        text = text_of(value) or ""
        if text.lower() in _UNKNOWN:
            return math.nan
        try:
            number = float(text)
        except ValueError:
            (self.bad_counts.setdefault(at, []) if strict else self.unread).append(text if strict else at)
            return math.nan
        if not (number >= 0 and number.is_integer()):
            self.bad_counts.setdefault(at, []).append(f"{number:g}")
        return number

    def kw(self, value: Any, at: str) -> float:
        """A power in kW from ``60``, ``60 kW`` or ``22000 W``; nan where unknown or where several are given."""
        text = (text_of(value) or "").lower()
        if text in _UNKNOWN:
            return math.nan
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(kw|kva|w|千瓦)?", text)
        if not found:
            self.unread.append(at)
            return math.nan
        number = float(found[1]) / (1000 if found[2] == "w" else 1)
        return number if number > 0 else math.nan

    def leave_out(self, at: str, why: Text) -> None:
        """Note a station that is not taken."""
        self.left_out.setdefault(why, []).append(at)

    def tell(self, say: Say) -> None:
        """Refuse the file for its bad counts, say the rest."""
        if self.bad_counts:
            found = some((value for values in self.bad_counts.values() for value in values), 3)
            en = f"found {found}; a number of chargers is a whole number of 0 or more, or empty where unknown"
            zh = f"现为 {found}；桩数应为不小于 0 的整数，未知则留空"
            raise BadInput([Fault(f"{self.file}, {self.unit.en} {some(self.bad_counts)}", en=en, zh=zh)])
        for why, rows in self.left_out.items():
            en = f"{len(rows)} left out, {why.en}, {self.unit.en} {some(rows)}"
            zh = f"略去 {len(rows)} 个站点，{why.zh}，{self.unit.zh} {some(rows)}"
            say(Text(zh=zh, en=en).about(self.file.name))
        if self.unread:
            unread = some(dict.fromkeys(self.unread))
            en = f"numbers that cannot be read are taken as unknown, {self.unit.en} {unread}"
            say(Text(zh=f"无法识别的数值按未知处理，{self.unit.zh} {unread}", en=en).about(self.file.name))


def parts_of(found: Iterable[Part], total: float) -> tuple[Part, ...]:
    """Plugs of the same kind added; where none is counted the station's total, if known, is their number."""
    kinds: dict[tuple[str, str, float], Part] = {}
    for part in found:
        same = kinds.get(part.kind)
        kinds[part.kind] = replace(part, count=part.count + same.count) if same else part
    parts = [kinds[kind] for kind in sorted(kinds)]
    if math.isnan(total) or any(not math.isnan(part.count) for part in parts):
        return tuple(parts) or (Part(),)
    currents, powers = {part.current for part in parts}, {part.kw for part in parts}
    return (
        Part(
            currents.pop() if len(currents) == 1 else None,
            powers.pop() if len(powers) == 1 else math.nan,
            total,
        ),
    )


def station_at(
    source: str,
    own_id: str | None,
    *,
    name: str | None,
    operator: str | None,
    place: tuple[Any, Any],
    parts: tuple[Part, ...],
    notes: Notes,
    at: str,
) -> Station | None:
    """A station of a file, or None with a note where it has no place or no chargers.

    Parameters
    ----------
    source, own_id
        Where it comes from, and its id there; without one its place and name make one.
    name, operator
        None where unknown.
    place
        Longitude and latitude, degrees, as the file writes them.
    parts
        Its plugs; kinds counted as 0 are left out.
    notes, at
        Where to note what is left out, and under which row of the file.
    """
    try:
        lon, lat = (float(degrees) for degrees in place)
    except (TypeError, ValueError):
        lon = lat = math.nan
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        notes.leave_out(at, Text(zh="没有可用的经纬度", en="no usable longitude and latitude"))
        return None
    standing = tuple(part for part in parts if part.count != 0)
    if not standing:
        notes.leave_out(at, Text(zh="充电桩数为 0", en="0 chargers"))
        return None
    own = own_id or short_hash(f"{lon:.6f},{lat:.6f},{name or ''}")
    return Station(source, f"{_PREFIX.get(source, source)}:{own}", name, operator, lon, lat, standing)


def taken(stations: Iterable[Station | None], notes: Notes, say: Say) -> list[Station]:
    """The stations of a file, and what was noted on the way told or refused."""
    notes.tell(say)
    return [station for station in stations if station is not None]


def each_once(stations: list[Station], file: Path, say: Say) -> list[Station]:
    """Rows of one id as one station with the plugs of all; ids used for several places are told apart by the place."""
    rows: dict[str, list[Station]] = {}
    for station in stations:
        rows.setdefault(station.id, []).append(station)
    shared = [own for own, same in rows.items() if _far_apart(same)]
    for own in shared:
        for station in rows.pop(own):
            new = f"{own}@{short_hash(f'{station.lon:.6f},{station.lat:.6f}')}"
            rows.setdefault(new, []).append(replace(station, id=new))
    if shared:
        en = f"{many(len(shared), 'id')} used for several places, the place is added: {some(shared)}"
        zh = f"{len(shared):,} 个编号对应多个位置，已附加位置区分：{some(shared)}"
        say(Text(zh=zh, en=en).about(file.name))
    repeated = [own for own, same in rows.items() if len({p.kind for s in same for p in s.parts}) < _plugs(same)]
    if repeated:
        en = f"{many(len(repeated), 'station')} listed more than once; the largest count is kept, not the sum"
        zh = f"{len(repeated):,} 个站点重复出现，取最大桩数而非求和"
        names = some(repeated)
        say(Text(zh=f"{zh}：{names}", en=f"{en}, {names}").about(file.name))
    return [_joined(same) for _, same in sorted(rows.items())]


def _plugs(stations: list[Station]) -> int:
    return sum(len(station.parts) for station in stations)


def _far_apart(stations: list[Station]) -> bool:
    return any(max(axis) - min(axis) > _PLACE_DEG for axis in ([s.lon for s in stations], [s.lat for s in stations]))


def _joined(same: list[Station]) -> Station:
    """Rows of one station as one: its plugs by kind, of a repeated kind the largest count; first place in order."""
    if len(same) == 1:
        return same[0]
    ordered = sorted(same, key=lambda s: (s.name is None, s.name or "", s.operator or "", s.lon, s.lat))
    kinds: dict[tuple[str, str, float], Part] = {}
    for part in (p for s in ordered for p in s.parts):
        held = kinds.get(part.kind)
        if held is None or math.isnan(held.count) or part.count > held.count:
            kinds[part.kind] = part
    parts = [kinds[kind] for kind in sorted(kinds)]
    told = [part for part in parts if part.kind != Part().kind or not math.isnan(part.count)]
    operator = next((s.operator for s in ordered if s.operator), None)
    return replace(ordered[0], operator=operator, parts=tuple(told) or (Part(),))


def many(number: float, noun: str) -> str:
    """A number with its noun: ``1 station``, ``1,200 stations``."""
    return f"{number:,.0f} {noun}{'' if number == 1 else 's'}"


def short_hash(text: str) -> str:
    """Ten hexadecimal digits that stay the same for the same text."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:10]


def text_of(value: Any) -> str | None:
    """A cell as text; None where it is empty (Gaode: ``[]``); 1001.0 is an id that Excel made a number."""
    if value is None or isinstance(value, dict | list) or (isinstance(value, float) and math.isnan(value)):
        return None
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None


def table_at(entry: dict[str, Any], key: str) -> dict[str, Any]:
    found = entry.get(key)
    return found if isinstance(found, dict) else {}
