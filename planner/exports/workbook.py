"""``plan.xlsx``: a plan as an Excel workbook for those who share out tasks and money."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

import pandas as pd
import xlsxwriter

from planner.exports.content import Content
from planner.exports.sheets import Sheet, sheets_of
from planner.views import numbers
from planner.views.columns import column_of
from planner.words import NOTICE, same

_OPTIONS = {
    # no text becomes a formula, a link or a number
    **{"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    "in_memory": True,
}
_AS_TEXT = "General"
_FIXED_DATE = datetime(2000, 1, 1)
_MOST_CHARACTERS = 32_767  # of an Excel cell
_FOOTER_CHARACTERS = 255
_NO_XML = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_WIDTHS = {
    **{"name_zh": 26, "reason": 70, "note_zh": 26, "note_en": 34, "key": 44, "section_zh": 22, "kind": 15},
    **{"source": 60, "reasoning": 60, "description": 44, "unit": 14, "figure_zh": 34, "figure_en": 40},
    **{"task_unit": 20, "district": 14, "capex_cny": 16, "today": 18, "plan": 22, "kind_zh": 16},
}
_WIDTH = 12
_HEADER_POINTS, _LINE_POINTS = 48, 15
_A3, _A4, _COLUMNS_OF_A4 = 8, 9, 16
_TOTAL = "合计 total"
_TRUTH = {True: "是 yes", False: "否 no"}


def write_workbook(content: Content, file: Path) -> None:
    """Summary, sites, tasks, districts, years, tasks by year and assumptions; the same plan gives the same bytes."""
    packed = io.BytesIO()  # an archive on a full disk would complain on its own way out
    book = xlsxwriter.Workbook(packed, _OPTIONS)
    scenario = content.scenario
    book.set_properties(
        {
            "title": _text(f"{scenario.title_zh} {scenario.title_en}")[:_FOOTER_CHARACTERS],
            "comments": _text(f"{content.attribution}. {NOTICE.zh}. {NOTICE.en}")[:_FOOTER_CHARACTERS],
            "created": _FIXED_DATE,
        }
    )
    formats = _Formats(book)
    for sheet in sheets_of(content):
        _write_sheet(book, formats, sheet, content)
    book.close()
    file.write_bytes(packed.getvalue())


class _Formats:
    """The formats of a workbook, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[str, bool, bool, bool], Any] = {}
        look = {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E3EEF8", "bottom": 1}
        self.header = book.add_format(look | {"indent": 1})
        self.number_header = book.add_format(look | {"align": "right"})

    def of(self, number: str, wrap: bool = False, total: bool = False, right: bool = False) -> Any:
        key = number, wrap, total, right
        if key not in self._made:
            look: dict[str, Any] = {"num_format": number, "valign": "top", "text_wrap": wrap}
            look |= {"align": "right"} if right else {"indent": 1} if number == _AS_TEXT else {}
            self._made[key] = self._book.add_format(look | ({"bold": True, "top": 1} if total else {}))
        return self._made[key]


def _write_sheet(book: Any, formats: _Formats, sheet: Sheet, content: Content) -> None:
    page = book.add_worksheet(sheet.name)
    table = sheet.table
    names = [str(name) for name in table.columns]
    last = len(table)
    page.freeze_panes(1, sheet.frozen)
    page.autofilter(0, 0, max(last, 1), len(names) - 1)
    page.set_landscape()
    page.set_paper(_A4 if len(names) <= _COLUMNS_OF_A4 else _A3)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    page.set_footer(_footer(content))
    page.set_row(0, _HEADER_POINTS)
    for row, lines in enumerate(_lines(sheet), 1):
        page.set_row(row, _LINE_POINTS * lines)
    for place, name in enumerate(names):
        is_number = pd.api.types.is_numeric_dtype(table[name]) and not pd.api.types.is_bool_dtype(table[name])
        wide = name in ("today", "plan")
        page.set_column(place, place, _WIDTHS.get(name, _WIDTH))
        page.write_string(0, place, _heading(name), formats.number_header if is_number or wide else formats.header)
        look = formats.of(_number_format(name) if is_number else _AS_TEXT, wrap=name in sheet.wrapped)
        if is_number:
            for row, number in enumerate(table[name].tolist(), 1):
                if math.isfinite(number):
                    page.write_number(row, place, numbers.as_cell(number), look)
            continue
        for row, value in enumerate(table[name].tolist(), 1):
            if sheet.formats and wide:
                look = formats.of(sheet.formats[row - 1], wrap=True, right=True)
            _write(page, row, place, value, look)
    if sheet.summed:
        _write_sums(page, formats, sheet, names)


def _lines(sheet: Sheet) -> Iterator[int]:
    """How many lines each row's folded texts take; none where nothing is folded: not every program finds out itself."""
    if not sheet.wrapped:
        return
    for texts in sheet.table[list(sheet.wrapped)].itertuples(index=False):
        room = [_WIDTHS.get(name, _WIDTH) - 2 for name in sheet.wrapped]
        yield max(math.ceil(max(_columns(text), 1) / wide) for text, wide in zip(texts, room, strict=True))


def _columns(text: object) -> int:
    """Columns that a text takes in a line: two for a Chinese character."""
    return sum(1 + (east_asian_width(c) in "WF") for c in text) if isinstance(text, str) else 1


def _write_sums(page: Any, formats: _Formats, sheet: Sheet, names: list[str]) -> None:
    """A last row with the sum of some columns: a formula, for those who change a number, and its value now."""
    last = len(sheet.table)
    for place, name in enumerate(names):
        look = formats.of(_number_format(name) if name in sheet.summed else _AS_TEXT, total=True)
        if name in sheet.summed:
            letter = xlsxwriter.utility.xl_col_to_name(place)
            total = round(float(sheet.table[name].sum()), 6)
            page.write_formula(last + 1, place, f"=SUM({letter}2:{letter}{max(last + 1, 2)})", look, total)
        else:
            page.write(last + 1, place, _TOTAL if place == 0 else None, look)


def _write(page: Any, row: int, place: int, value: Any, look: Any) -> None:
    """A text or a number as it is, a truth value in words; a cell without anything where it is not known."""
    if isinstance(value, str):
        if value:
            page.write_string(row, place, _text(value), look)
    elif isinstance(value, bool):
        page.write_string(row, place, _TRUTH[value], look)  # not every program shows a truth value as one
    elif value is not None and math.isfinite(value):
        page.write_number(row, place, numbers.as_cell(value), look)


def _text(value: str) -> str:
    """A text as Excel can hold it: no control characters, no more than a cell takes."""
    clean = _NO_XML.sub("\ufffd", value)
    return clean if len(clean) <= _MOST_CHARACTERS else f"{clean[: _MOST_CHARACTERS - 1]}…"


def _heading(name: str) -> str:
    """Chinese words with the unit, then the column's name in files."""
    column = column_of(name)
    return f"{column.file_heading.zh}\n{name}"


def _footer(content: Content) -> str:
    """Of printed pages: notice, attribution as far as it fits, page."""
    words = f"{NOTICE.zh} {content.attribution}".replace("\n", " ").replace("&", "&&")
    return f"&L&8{words[: _FOOTER_CHARACTERS - 30]}&R&8&P / &N"


def _number_format(name: str) -> str:
    write = column_of(name).write
    return numbers.excel_format(numbers.count if write is same else write)
