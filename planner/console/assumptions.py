"""The figures of a scenario in the terminal: sections of columns that stand in line, fewer where it is narrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import pandas as pd
from rich import table as rich_table
from rich import text as rich_text
from rich.console import Console

from planner.views.assumptions import COLUMNS, assumption_lines, section_heading
from planner.words import Lang, Text

_WIDEST, _NARROW = 120, 100  # columns of a terminal: running text is read up to there; below, columns are left out
_WIDTHS: dict[Lang, dict[str, int]] = {
    "en": {"figure": 20, "low": 11, "base": 11, "high": 11, "unit": 15, "kind": 10},
    "zh": {"figure": 20, "word": 14, "low": 11, "base": 11, "high": 11, "unit": 10, "kind": 4},
}
_LEFT_OUT: dict[Lang, tuple[str, ...]] = {"en": ("unit", "kind"), "zh": ("word", "unit", "kind")}


def print_assumptions(table: pd.DataFrame, title: str, lang: Lang, out: Console) -> None:
    """The figures under a heading per section; where a source or reasoning is that of the line above, a ditto mark."""
    width = min(out.width, _WIDEST)
    out.print(rich_text.Text(title))
    out.print(_grid(lang, width, [{column.key: column.heading for column in COLUMNS}]))
    for section, rows in table.groupby("section", sort=False):
        heading = section_heading(str(section), rows.iloc[0]).to(lang)
        out.print(rich_text.Text(heading, style="bold"))
        out.print(_grid(lang, width, assumption_lines(str(section), rows)))


def _grid(lang: Lang, width: int, lines: Iterable[Mapping[str, Text]]) -> rich_table.Table:
    """Lines in columns of fixed width, so that sections stand in line; a narrow terminal gets fewer."""
    left_out = _LEFT_OUT[lang] if width < _NARROW else ()
    widths = {name: wide for name, wide in _WIDTHS[lang].items() if name not in left_out}
    shown = [column for column in COLUMNS if column.key in widths or column.key == "origin"]
    grid = rich_table.Table.grid(padding=(0, 1))
    grid.width = width
    for column in shown:
        fixed = widths.get(column.key)
        justify: Literal["left", "right"] = "left" if column.is_text else "right"
        grid.add_column(justify=justify, width=fixed, ratio=None if fixed else 1, overflow="fold")
    for line in lines:
        grid.add_row(*(rich_text.Text(line[column.key].to(lang)) for column in shown))
    return grid
