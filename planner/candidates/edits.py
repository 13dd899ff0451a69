"""A planner's edits of single sites: lock in, lock out, other bays or grid headroom, from a CSV table or GeoJSON.

An edit becomes part of the scenario (``siting.lock_in`` and the like), so that a plan folder says on its own how its
plan came about.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
from pyogrio.errors import DataSourceError

from planner.candidates.find import overruled
from planner.faults import BadInput, Fault, refuse, some
from planner.files.text import read_text
from planner.scenario import Scenario
from planner.tables import LOCKS, MOST_BAYS, MOST_KW
from planner.words import Text

_EDITED = ("lock", "bays", "grid_kw")
_ABOUT = {
    *("site_id", "note", "geometry", "name_zh", "name_en", "kind", "district", "task_unit", "opening_cny", "feeder"),
    *("min_station", "institution", "modelled", "chosen", "bays_assumed"),
}
"""What an edited copy of candidates.geojson holds besides: not looked at."""


@dataclass(frozen=True)
class Edits:
    """What someone wants of single sites.

    Attributes
    ----------
    file
        Where it was read, for faults.
    sites
        Index site_id; lock (in, out, free; empty for none), bays and grid_kw (NaN for none).
    """

    file: Path
    sites: pd.DataFrame


def read_edits(file: str | Path) -> Edits:
    """Read a table of edits.

    Parameters
    ----------
    file
        A CSV table or GeoJSON points with ``site_id`` and any of ``lock`` (in, out or free), ``bays`` and ``grid_kw``;
        an empty cell leaves the site as it is. An edited copy of ``candidates.geojson`` will do.

    Returns
    -------
    Edits
        What `make_plan` takes as ``edits``.

    Raises
    ------
    BadInput
        All at once: file missing or not readable, columns missing or unknown, values that are none, and sites that
        stand in it twice with different edits.
    """
    path = Path(file)
    rows = _read_rows(path)
    missing = "site_id" not in rows or not set(_EDITED) & set(rows)
    unknown = sorted(set(map(str, rows.columns)) - _ABOUT - set(_EDITED))
    faults = []
    if missing:
        edited, found = ", ".join(_EDITED), some(rows.columns, 12)
        en = f"site_id and at least one of {edited} expected, found {found or 'none'}"
        zh = f"须有 site_id 以及 {edited} 中至少一列，现有 {found or '无'}"
        faults.append(Fault(f"{path}, columns", en=en, zh=zh))
    if unknown:
        en = f"unknown; edits are {', '.join(_EDITED)}, and note for a remark: rename or remove it"
        zh = f"未知的列；可编辑的列为 {', '.join(_EDITED)}，备注用 note：请改名或删除"
        faults.append(Fault(f"{path}, column {some(unknown)}", en=en, zh=zh))
    refuse(faults)
    rows = rows.reindex(columns=["site_id", *_EDITED])
    return Edits(path, _checked(rows, path))


def apply_edits(scenario: Scenario, sites: gpd.GeoDataFrame, edits: Edits) -> tuple[Scenario, gpd.GeoDataFrame]:
    """A scenario and its sites as edited; what an edit leaves as it is does not count.

    Parameters
    ----------
    scenario, sites
        As read, and as `find_sites` returns them.
    edits
        As `read_edits` returns them.

    Raises
    ------
    BadInput
        An edit of a site that is not a candidate.
    """
    wanted = edits.sites
    if len(lost := wanted.index.difference(sites.index)):
        en = "no candidate site of this id; see candidates.geojson for ids"
        zh = "没有该编号的候选站点；编号见 candidates.geojson"
        raise BadInput([Fault(f"{edits.file}, site_id {some(lost)}", en=en, zh=zh)])
    now = sites.loc[wanted.index]
    locked = wanted.loc[(wanted["lock"] != "") & (wanted["lock"] != now["lock"]), "lock"]
    bays = wanted.loc[wanted["bays"].notna() & (wanted["bays"] != now["bays"]), "bays"]
    grid_kw = wanted.loc[wanted["grid_kw"].notna() & (wanted["grid_kw"] != now["grid_kw"]), "grid_kw"]
    siting, rules = scenario.siting, scenario.candidates
    locks = {
        f"lock_{way}": sorted({*getattr(siting, f"lock_{way}")} - {*locked.index} | {*locked.index[locked == way]})
        for way in LOCKS
    }
    known = {
        "bays": rules.bays | {str(j): int(n) for j, n in bays.items()},
        "grid_kw": rules.grid_kw | {str(j): float(kw) for j, kw in grid_kw.items()},
    }
    edited = scenario.model_copy(
        update={"siting": siting.model_copy(update=locks), "candidates": rules.model_copy(update=known)}
    )
    return edited, overruled(sites, edited)


def _read_rows(path: Path) -> pd.DataFrame:
    """The rows of a file as text and numbers, without geometry."""
    if not path.exists():
        en, zh = "no such file; give a CSV table or GeoJSON", "找不到文件，请给出 CSV 表或 GeoJSON"
        raise BadInput([Fault(str(path), en=en, zh=zh)])
    try:
        if path.suffix.lower() == ".csv":
            return _read_csv(path)
        if path.suffix.lower() in (".geojson", ".json"):
            return pd.DataFrame(pyogrio.read_dataframe(path, read_geometry=False))
    except BadInput:
        raise
    except DataSourceError:  # GDAL's own words help nobody
        raise BadInput([Fault(str(path), en="cannot be read as GeoJSON", zh="无法读取为 GeoJSON")]) from None
    except (OSError, ValueError, csv.Error) as error:
        en = f"cannot be read as a table of edits: {error}"
        raise BadInput([Fault(str(path), en=en, zh=f"无法读取为编辑表：{error}")]) from None
    en = f"a CSV table (.csv) or GeoJSON (.geojson) expected, found {path.suffix or 'a name without an ending'}"
    zh = f"应为 CSV 表（.csv）或 GeoJSON（.geojson），现为 {path.suffix or '无扩展名的名称'}"
    raise BadInput([Fault(str(path), en=en, zh=zh)])


def _read_csv(path: Path) -> pd.DataFrame:
    """A CSV table as text, UTF-8 or GB18030; rows may lack cells at their end, and have none beyond the headers."""
    header, *rows = [*csv.reader(io.StringIO(read_text(path)), strict=True)] or [[]]
    names = [name.strip() for name in header]
    twice = sorted({name for name in names if names.count(name) > 1})
    faults = (
        [Fault(f"{path}, column {some(twice)}", en="stands twice; keep one", zh="同名列重复，请只保留一列")]
        if twice
        else []
    )
    for number, row in enumerate((row for row in rows if row), 1):
        if len(row) > len(names):
            en = f"{len(row)} cells under {len(names)} headers; remove what is too much, or put quotes around a comma"
            zh = f"{len(names)} 列表头下有 {len(row)} 个单元格；请删除多余部分，或为含逗号的文字加引号"
            faults.append(Fault(f"{path}, row {number}", en=en, zh=zh))
    refuse(faults)
    filled = [row + [""] * (len(names) - len(row)) for row in rows if row]
    return pd.DataFrame(filled, columns=names, dtype=str)


def _checked(rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The rows with their values in order, one for every site."""
    text = rows.astype(object).where(rows.notna(), "").astype(str).apply(lambda column: column.str.strip())
    row = pd.Series([f"{path}, row {n} ({site or 'no site_id'})" for n, site in enumerate(text["site_id"], 1)])
    missing = Text(zh="缺少 site_id，请补充", en="site_id is missing; add it")
    faults = [Fault.of(where, missing) for where in row[text["site_id"] == ""]]
    lock = text["lock"].str.lower()
    faults += [
        Fault(
            f"{where}, column lock",
            en=f"in, out or free expected, found {found!r}",
            zh=f"应为 in、out 或 free，现为 {found!r}",
        )
        for where, found in zip(row, text["lock"], strict=True)
        if found and found.lower() not in LOCKS
    ]
    numbers = {}
    limits = {
        "bays": (MOST_BAYS, Text(zh="整数", en="a whole number")),
        "grid_kw": (MOST_KW, Text(zh="数值", en="a number")),
    }
    for column, (most, what) in limits.items():
        number = pd.to_numeric(text[column], errors="coerce").astype(float)
        wrong = ~number.between(0, most) & (text[column] != "")
        wrong |= (number % 1 != 0) & number.notna() if column == "bays" else False
        numbers[column] = number
        en, zh = f"{what.en} from 0 to {most:,} expected", f"应为 0 至 {most:,} 的{what.zh}"
        faults += [
            Fault(f"{where}, column {column}", en=f"{en}, found {found!r}", zh=f"{zh}，现为 {found!r}")
            for where, found in zip(row[wrong], text.loc[wrong, column], strict=True)
        ]
    table = pd.DataFrame({"site_id": text["site_id"], "lock": lock, **numbers}).drop_duplicates()
    twice = sorted(set(table["site_id"][table["site_id"].duplicated() & (table["site_id"] != "")]))
    if twice:
        en = "edited twice, not in the same way; keep one row"
        faults.append(Fault(f"{path}, site_id {some(twice)}", en=en, zh="同一站点有相互矛盾的编辑，请只保留一行"))
    refuse(faults)
    return table.set_index("site_id").sort_index()
