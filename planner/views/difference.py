"""Saved plans side by side as tables: on the console, and the difference of two as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from planner.faults import BadInput, Fault
from planner.files.whole import whole_files, write_geojson, write_json
from planner.studies.compare import CHANGES, SavedPlan, compare_plans, difference_summary, find_differences
from planner.views import numbers
from planner.views.columns import columns_of
from planner.views.figures import FIGURE
from planner.views.result import COST, GAP
from planner.views.table import Column, Table
from planner.words import COMMA, Text, joined, same, text_in

FILES = ("difference.json", "difference.csv", "difference.geojson")


_OF_A_PLAN = (
    *("value_kwh_day", "bound_kwh_day", "served_kwh_day", "chargers", "swap_stations", "stations", "power_kw"),
    "capex_cny",
)
_NAMED = {column.key: column for column in (*columns_of(*_OF_A_PLAN), COST, GAP)}
CHANGE = Column(key="difference", words=Text(zh="差值", en="difference"))


def figures_table(plans: list[SavedPlan]) -> Table:
    """A column per plan; with two, also how the second differs."""
    rows = [[figure_words(str(name), row), *_cells(plans, row)] for name, row in compare_plans(plans).iterrows()]
    folders = [Column(key=plan.folder, words=same(plan.folder)) for plan in plans]
    columns = [FIGURE, *folders, *([CHANGE] if len(plans) == 2 else [])]
    return Table(Text(zh="方案比较", en="plans side by side"), columns, [rows])


def _cells(plans: list[SavedPlan], row: pd.Series) -> list[Text]:
    values, unit = [float(row[plan.folder]) for plan in plans], str(row["unit"])
    cells = [value_text(value, unit) for value in values]
    return [*cells, change_text(values[0], values[1], unit)] if len(plans) == 2 else cells


def figure_words(name: str, row: pd.Series) -> Text:
    """What a figure of `compare_plans` is called, with its unit: as in the tables of a single plan."""
    return _NAMED[name].heading if name in _NAMED else text_in(row, "word")


def value_text(value: float, unit: str) -> Text:
    """A figure of `compare_plans` in words."""
    if unit in ("share", "m") or not np.isfinite(value):
        return numbers.figure(value, unit)
    if unit == "gap":
        return numbers.gap(value)
    return numbers.millions(value) if unit == "cny" else numbers.count(value)


def change_text(a: float, b: float, unit: str) -> Text:
    """How it differs between two plans, in words; ``=`` where they look the same."""
    if not np.isfinite(a) or not np.isfinite(b):
        return numbers.DASH
    if unit in ("share", "gap"):
        digits = 1 if unit == "share" else 2
        size, none = numbers.points(abs(b - a), digits), numbers.points(0.0, digits)
    else:
        size, none = value_text(abs(b - a), unit), value_text(0.0, unit)
    return same("=") if size == none else same("{sign}{size}").fill(sign="+" if b > a else "−", size=size)


def difference_line(a: SavedPlan, b: SavedPlan) -> Text:
    """How many sites differ between two plans, and how."""
    told = difference_summary(a, b)["sites"]
    parts = [same("{name} {n}").fill(name=CHANGES[change], n=numbers.count(told[change])) for change in CHANGES]
    return Text(zh="从 {a} 到 {b}，站点：{parts}，相同 {same}", en="sites from {a} to {b}: {parts}, same {same}").fill(
        a=a.folder, b=b.folder, parts=joined(parts, COMMA), same=numbers.count(told["same"])
    )


def save_difference(a: SavedPlan, b: SavedPlan, folder: str | Path, map_html: str | None = None) -> None:
    """Write ``difference.json``, ``.csv`` and ``.geojson`` and the map into a folder, all whole or not at all.

    Parameters
    ----------
    a, b
        Two plans of one study area, as `read_saved_plans` returns them.
    folder
        Where to; made where there is none.
    map_html
        The text of ``difference.html``, as `draw_difference` returns it; left out where None.

    Raises
    ------
    BadInput
        The folder cannot be written.
    """
    home = Path(folder)
    if home.exists() and not home.is_dir():
        raise BadInput([Fault(str(home), en="is a file; give a folder", zh="是文件，请给出文件夹")])
    sites = find_differences(a, b)
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        en, zh = f"cannot be written: {error}", f"无法写入该文件夹：{error}"
        raise BadInput([Fault(str(home), en=en, zh=zh)]) from None
    names = [*FILES, *(["difference.html"] if map_html is not None else [])]
    with whole_files(*(home / name for name in names)) as (summary, table, layer, *page):
        if map_html is not None:
            page[0].write_text(map_html, encoding="utf-8")
        write_json(difference_summary(a, b), summary)
        pd.DataFrame(sites.drop(columns="geometry")).to_csv(table, encoding="utf-8-sig")
        write_geojson(sites, layer)
