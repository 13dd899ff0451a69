"""The price of fairness as tables: on the console, and as files in the plan's folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table

from planner.files.whole import whole_files, write_json

if TYPE_CHECKING:
    from planner.studies.fairness import FairnessCurve

FILES = ("fairness.json", "fairness.csv")
_HEADINGS = {
    "value_kwh_day": ("目标值（加权 kWh/日）", "value (weighted kWh/day)", "{:,.0f}"),
    "bound_kwh_day": ("上界", "bound", "{:,.0f}"),
    "given_up_kwh_day": ("放弃的服务（kWh/日）", "given up (kWh/day)", "{:,.0f}"),
    "given_up_share": ("占比", "share", "{:.2%}"),
    "worst_share": ("最低区服务率", "worst district", "{:.1%}"),
    "gini_served": ("服务率基尼系数", "Gini of the share served", "{:.4f}"),
}
_DECIMALS = 6


def fairness_table(curve: FairnessCurve, lang: str) -> list[Table | str]:
    """A row per level, the plan itself first, and why there is no plan where there is none."""
    chinese = lang == "zh"
    table = Table(title="公平的代价" if chinese else "the price of fairness", title_justify="left")
    table.add_column("各区服务率下限" if chinese else "floor of every district", overflow="fold")
    for zh, en, _ in _HEADINGS.values():
        table.add_column(zh if chinese else en, justify="right", overflow="fold")
    notes: list[Table | str] = []
    for place, (floor, row) in enumerate(curve.levels.reset_index().set_index("floor").iterrows()):
        name = ("本方案" if chinese else "the plan") if place == 0 else f"{float(str(floor)):.3g}"
        cells = [form.format(row[column]) for column, (_, _, form) in _HEADINGS.items()]
        if note := row[f"note_{lang}"]:
            cells = ["–"] * len(_HEADINGS)
            notes.append(f"{name}: {note}")
        elif row["worst_district"]:
            cells[list(_HEADINGS).index("worst_share")] += f" {row['worst_district']}"
        table.add_row(name, *cells)
    return [table, *notes]


def save_fairness(curve: FairnessCurve, folder: str | Path) -> None:
    """Write ``fairness.json`` and ``fairness.csv`` into a plan's folder, both whole or not at all.

    Parameters
    ----------
    curve
        As `fairness_curve` returns it.
    folder
        The plan's folder; it exists.

    Raises
    ------
    BadInput
        The folder cannot be written.
    """
    rows = curve.levels.round(_DECIMALS).reset_index()
    records = [
        {str(k): None if isinstance(v, float) and not np.isfinite(v) else v for k, v in row.items()}
        for row in rows.to_dict("records")
    ]
    largest = {str(d): round(float(share), _DECIMALS) for d, share in curve.largest.items()}
    with whole_files(*(Path(folder) / name for name in FILES)) as (summary, table):
        write_json({"levels": records, "largest_share_by_district": largest}, summary)
        rows.to_csv(table, index=False, encoding="utf-8-sig")
