"""Plumbing of `planner assumptions --edited`: an edited table read back into the scenario it was printed from."""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from planner.assumptions.figures import EDITABLE, Entry, Keys, figures, with_figures
from planner.assumptions.files import HEADERS_ZH, of_cell
from planner.faults import BadInput, Fault, refuse, some
from planner.files.readers import read_table
from planner.files.text import read_text
from planner.scenario import Scenario
from planner.scenario.file import fault_in
from planner.words import Text

_NUMBERS = ("low", "base", "high")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MOST_UNKNOWN = 5  # keys told one by one; more of them come from another scenario
_SAME = 1e-12  # Excel keeps 15 digits
_SPACE = re.compile(r"\s+")
_LOST_IN_EXCEL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PRINTABLE = re.compile(r"[\s\x00-\x1f\ufffd\ud800-\udfff\ufffe\uffff]+")


@dataclass(frozen=True)
class Row:
    """A row of the edited table: its line in the file and its cells by column, numbers as numbers."""

    line: int
    cells: Mapping[str, Any]


def edit_scenario(scenario: Scenario, file: str | Path, name: str) -> Scenario:
    """The scenario with the figures of an edited table, under another name.

    Parameters
    ----------
    scenario
        The one that the table was printed from. Figures without a row, and columns that the table has not, stay.
    file
        CSV (UTF-8 or GB18030) or Excel, with a column ``key`` and any of ``low``, ``base``, ``high``, ``source_kind``,
        ``source``, ``reasoning``, in any order; other columns are not read.
    name
        Of the new scenario.

    Returns
    -------
    Scenario
        A new one; `write_variant` writes it, and `stale_sources` says which of its sources were left behind.

    Raises
    ------
    BadInput
        All at once, by file and line: unknown and repeated keys, text for numbers, ranges out of order, shares above
        one, figures without origin, and whatever else `read_scenario` refuses.
    """
    path = Path(file)
    rows = _rows(path)
    entries = {entry.key: entry for entry in figures(scenario)}
    faults = [*_key_faults(path, rows, entries)]
    lines: dict[Keys, int] = {}
    changes: dict[Keys, dict[str, Any]] = {}
    for row in rows:
        entry = entries.get(row.cells["key"])
        if entry and entry.path not in lines:
            lines[entry.path] = row.line
            if changed := _changed(row, entry):
                changes[entry.path] = changed
    try:
        edited = with_figures(scenario, name, changes)
    except ValidationError as error:
        refuse([*faults, *_by_line(path, error, {keys: lines[keys] for keys in changes})])
        raise
    refuse(faults)
    return edited


def stale_sources(original: Scenario, variant: Scenario) -> Text | None:
    """A remark where published or derived numbers changed, but not the source they are from.

    Parameters
    ----------
    original, variant
        A scenario, and what `edit_scenario` made of it.

    Returns
    -------
    Text or None
        One remark, which names the figures by key; None where nothing is stale.
    """
    before = {entry.path: entry.figure for entry in figures(original)}
    stale = []
    for entry in figures(variant):
        new, old = entry.figure, before[entry.path]
        moved = any(getattr(new, name) != getattr(old, name) for name in _NUMBERS)
        if moved and new.source_kind != "assumption" and new.source == old.source:
            stale.append(entry.key)
    if not stale:
        return None
    keys = some(stale)
    en = f"changed, but still with the source of the old number: {keys}; correct source, or source_kind"
    return Text(zh=f"数值已改而来源未改：{keys}；请更正来源（source）或类别（source_kind）", en=en)


def _changed(row: Row, entry: Entry) -> dict[str, Any]:
    """What of a row is not what the figure says already."""
    given = {name: row.cells[name] for name in EDITABLE if name in row.cells}
    now = {name: getattr(entry.figure, name) for name in given}
    return {name: value for name, value in given.items() if not _same(value, now[name])}


def _same(found: Any, now: Any) -> bool:
    if isinstance(now, float):
        number = isinstance(found, int | float) and not isinstance(found, bool)
        return number and math.isclose(found, now, rel_tol=_SAME)
    blank = _PRINTABLE if _LOST_IN_EXCEL.search(now) else _SPACE
    return isinstance(found, str) and blank.sub(" ", found).strip() == blank.sub(" ", now).strip()


def _key_faults(file: Path, rows: Sequence[Row], entries: Mapping[str, Entry]) -> Iterator[Fault]:
    unknown = [row for row in rows if row.cells["key"] and row.cells["key"] not in entries]
    if len(unknown) > _MOST_UNKNOWN:
        where = f"{file}, line {some(row.line for row in unknown)}"
        keys = some((row.cells["key"] for row in unknown), 3)
        en = f"no such figures in this scenario: {keys}; name the scenario that the table was written from"
        yield Fault(where, en=en, zh=f"情景中没有这些键：{keys}；请指明该表所属的情景")
    else:
        yield from (_unknown(f"{file}, line {row.line}", row.cells["key"], entries) for row in unknown)
    first: dict[str, int] = {}
    for row in rows:
        key, where = row.cells["key"], f"{file}, line {row.line}"
        if not key:
            yield Fault(where, en="a row without key; fill it or delete the row", zh="该行没有键，请填写或删除该行")
        elif key in first:
            en = f"{key} stands in line {first[key]} already; keep one of them"
            yield Fault(where, en=en, zh=f"{key} 已在第 {first[key]} 行出现，请只保留一行")
        first.setdefault(key, row.line)


def _unknown(where: str, key: str, entries: Mapping[str, Entry]) -> Fault:
    if near := difflib.get_close_matches(key, entries, 1, 0.6):
        en = f"no figure {key} in this scenario; did you mean {near[0]}?"
        return Fault(where, en=en, zh=f"情景中没有 {key}，是否应为 {near[0]}？")
    return Fault(where, en=f"no figure {key} in this scenario; delete the row", zh=f"情景中没有 {key}，请删除该行")


def _by_line(file: Path, error: ValidationError, lines: Mapping[Keys, int]) -> Iterator[Fault]:
    """What the scenario's own checks refuse, with the lines of the edited figures that it concerns."""
    for detail in error.errors():
        fault = fault_in(file, detail, Scenario)
        loc = tuple(part for part in detail["loc"] if part != "[key]")
        about = [line for path, line in lines.items() if path == loc[: len(path)] or loc == path[: len(loc)]]
        where = f"{file}, line {some(sorted(about))}" if about else str(file)
        yield Fault(fault.where.replace(str(file), where, 1), en=fault.en, zh=fault.zh)


def _rows(file: Path) -> list[Row]:
    """The rows of a table with their lines; what keeps a file from being read as a table is refused by `read_table`."""
    read_table(file)
    cells = _excel_cells(file) if file.suffix.lower() == ".xlsx" else _csv_cells(file)
    (_, header), *body = cells
    columns = _columns(file, header)
    rows = []
    for line, values in body:
        if any(value != "" for value in values):
            padded = [*values, *[""] * len(header)]
            rows.append(Row(line, {name: _value(name, padded[at]) for name, at in columns.items()}))
    return rows


def _columns(file: Path, header: list[Any]) -> dict[str, int]:
    """Where each column that is read stands, by its English or Chinese word or both."""
    known = {**{name: name for name in HEADERS_ZH}, **{zh: name for name, zh in HEADERS_ZH.items()}}
    words = [str(cell).split() for cell in header]
    names = [known.get(word[0].lower(), "") if word else "" for word in words]
    where = f"{file}, header"
    wanted = ("key", *EDITABLE)
    twice = sorted({name for name in names if name in wanted and names.count(name) > 1})
    refuse(
        Fault(where, en=f"several columns {name}; keep one of them", zh=f"{name} 列重复，请只保留一列")
        for name in twice
    )
    columns = {name: names.index(name) for name in wanted if name in names}
    if "key" not in columns or len(columns) == 1:
        lacking = "key" if "key" not in columns else f"any of {', '.join(EDITABLE)}"
        en = f"no column {lacking} among {some(header, 12)}"
        zh = f"{some(header, 12)} 中没有 {lacking} 列"
        if "key" in columns:
            zh = f"{some(header, 12)} 中没有以下任何一列：{', '.join(EDITABLE)}"
        raise BadInput([Fault(where, en=en, zh=zh)])
    return columns


def _value(name: str, cell: Any) -> Any:
    """A cell as the scenario wants it: text for words, a number where it is written as one; else as found."""
    if name in _NUMBERS:
        plain = cell.strip() if isinstance(cell, str) else cell
        return float(plain) if isinstance(plain, str) and _NUMBER.fullmatch(plain) else plain
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # a source such as 2020
    return str(cell).strip()


def _csv_cells(file: Path) -> list[tuple[int, list[Any]]]:
    """Cells as they are written, with the line each row begins in."""
    text = read_text(file)
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t|", key=first.count))
    rows: list[tuple[int, list[Any]]] = []
    line, faults = 1, []
    for row in reader:
        if rows and any(row[len(rows[0][1]) :]):
            en = f"{len(row)} cells, but the header has {len(rows[0][1])}; put texts with commas in quotes"
            zh = f"有 {len(row)} 个单元格，而表头只有 {len(rows[0][1])} 列；含逗号的文字请加引号"
            faults.append(Fault(f"{file}, line {line}", en=en, zh=zh))
        rows.append((line, [of_cell(cell) for cell in row]))
        line = reader.line_num + 1
    refuse(faults)
    return rows


def _excel_cells(file: Path) -> list[tuple[int, list[Any]]]:
    openpyxl: Any = import_module("openpyxl")
    book = openpyxl.load_workbook(file, data_only=True)
    sheet = book.worksheets[0]
    return [
        (line, ["" if value is None else value for value in row])
        for line, row in enumerate(sheet.iter_rows(values_only=True), 1)
    ]
