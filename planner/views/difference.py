"""Saved plans side by side as tables: on the console, and the difference of two as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from rich.table import Table

from planner.assessment import figure_text
from planner.faults import BadInput, Fault
from planner.files.whole import whole_files, write_geojson, write_json
from planner.studies.compare import CHANGES, SavedPlan, compare_plans, difference_summary, find_differences

FILES = ("difference.json", "difference.csv", "difference.geojson")


def figures_table(plans: list[SavedPlan], lang: str) -> Table:
    """A column per plan; with two, also how the second differs."""
    chinese = lang == "zh"
    figures = compare_plans(plans)
    table = Table(title="方案比较" if chinese else "plans side by side", title_justify="left")
    table.add_column("指标" if chinese else "figure", overflow="fold")
    for plan in plans:
        table.add_column(plan.folder, justify="right", overflow="fold")
    if len(plans) == 2:
        table.add_column("差值" if chinese else "difference", justify="right", overflow="fold")
    for _, row in figures.iterrows():
        values = [float(row[plan.folder]) for plan in plans]
        cells = [value_text(value, row["unit"], lang) for value in values]
        if len(plans) == 2:
            cells.append(change_text(values[0], values[1], row["unit"], lang))
        table.add_row(row[f"word_{lang}"], *cells)
    return table


def value_text(value: float, unit: str, lang: str) -> str:
    """A figure of `compare_plans` in words."""
    if unit in ("share", "m") or not np.isfinite(value):
        return figure_text(value, unit, lang)
    if unit == "gap":
        return f"{value:.2%}".replace("%", " %")
    return f"{value / 1e6:,.1f}" if unit == "cny" else f"{value:,.0f}"


def change_text(a: float, b: float, unit: str, lang: str) -> str:
    """How it differs between two plans, in words; ``=`` where they look the same."""
    if not np.isfinite(a) or not np.isfinite(b):
        return "–"
    if unit in ("share", "gap"):
        points = f"{100 * abs(b - a):.{1 if unit == 'share' else 2}f}"
        size, nothing = f"{points} {'个百分点' if lang == 'zh' else 'pp'}", not float(points)
    else:
        size = value_text(abs(b - a), unit, lang)
        nothing = size == value_text(0.0, unit, lang)
    return "=" if nothing else f"{'+' if b > a else '−'}{size}"


def difference_line(a: SavedPlan, b: SavedPlan, lang: str) -> str:
    """How many sites differ between two plans, and how."""
    told = difference_summary(a, b)["sites"]
    names = {change: words.zh if lang == "zh" else words.en for change, words in CHANGES.items()}
    parts = [f"{name} {told[change]:,}" for change, name in names.items()]
    if lang == "zh":
        return f"从 {a.folder} 到 {b.folder}，站点：{'，'.join(parts)}，相同 {told['same']:,}"
    return f"sites from {a.folder} to {b.folder}: {', '.join(parts)}, same {told['same']:,}"


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
        raise BadInput([Fault(str(home), en=f"cannot be written: {error}", zh="无法写入该文件夹")]) from None
    names = [*FILES, *(["difference.html"] if map_html is not None else [])]
    with whole_files(*(home / name for name in names)) as (summary, table, layer, *page):
        if map_html is not None:
            page[0].write_text(map_html, encoding="utf-8")
        write_json(difference_summary(a, b), summary)
        pd.DataFrame(sites.drop(columns="geometry")).to_csv(table, encoding="utf-8-sig")
        write_geojson(sites, layer)
