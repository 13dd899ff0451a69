"""Networks side by side as tables: on the console, and as files in the plan's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from planner.assessment import figure_text
from planner.files.whole import whole_files, write_json

FILES = ("baselines.json", "baselines.csv")
_HEADINGS = {
    "well_distributed": ("分布合理", "well distributed"),
    "completely_equipped": ("配置完善", "completely equipped"),
    "convenient": ("服务便捷", "convenient"),
    "basically_meets": ("基本满足", "basically meets demand"),
    "value_kwh_day": ("目标值（加权 kWh/日）", "value (weighted kWh/day)"),
    "served_kwh_day": ("服务电量（kWh/日）", "served (kWh/day)"),
    "stations": ("有桩站点", "sites with chargers"),
    "chargers": ("公共充电桩（台）", "public chargers"),
    "capex_cny": ("投资（百万元）", "investment (million CNY)"),
}
_UNITS = {"well_distributed": "share", "completely_equipped": "share", "convenient": "m", "basically_meets": "share"}
_DECIMALS = 6


def baseline_table(baselines: pd.DataFrame, lang: str) -> Table:
    """A column per network, as `compare_networks` returns them."""
    chinese = lang == "zh"
    table = Table(title="与其他布局比较" if chinese else "beside other networks", title_justify="left")
    table.add_column("指标" if chinese else "figure", overflow="fold")
    for name in baselines[f"name_{lang}"]:
        table.add_column(str(name), justify="right", overflow="fold")
    for column, (zh, en) in _HEADINGS.items():
        table.add_row(zh if chinese else en, *(_text(column, float(value), lang) for value in baselines[column]))
    return table


def _text(column: str, value: float, lang: str) -> str:
    if column in _UNITS or np.isnan(value):
        return figure_text(value, _UNITS.get(column, ""), lang)
    return f"{value / 1e6:,.1f}" if column == "capex_cny" else f"{value:,.0f}"


def network_records(baselines: pd.DataFrame) -> list[dict[str, Any]]:
    """The networks as JSON has them; null is "not known", or metres ``beyond_reach``."""
    records = []
    for row in baselines.round(_DECIMALS).reset_index().to_dict("records"):
        plain = {str(k): None if isinstance(v, float) and not np.isfinite(v) else v for k, v in row.items()}
        records.append(plain | {"beyond_reach": bool(np.isinf(row["convenient"]))})
    return records


def save_baselines(baselines: pd.DataFrame, folder: str | Path) -> None:
    """Write ``baselines.json`` and ``baselines.csv`` into a plan's folder, both whole or not at all.

    Parameters
    ----------
    baselines
        As `compare_baselines` returns them.
    folder
        The plan's folder; it exists.

    Raises
    ------
    BadInput
        The folder cannot be written.
    """
    with whole_files(*(Path(folder) / name for name in FILES)) as (summary, table):
        write_json({"networks": network_records(baselines)}, summary)
        baselines.round(_DECIMALS).to_csv(table, encoding="utf-8-sig")
