"""Alternatives as tables: on the console, and as files in the plan's folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from rich.table import Table

from planner.files.whole import whole_files, write_geojson, write_json

if TYPE_CHECKING:
    from planner.studies.alternatives import Alternatives

FILES = ("alternatives.json", "alternatives.csv", "alternatives.geojson")
_DECIMALS = 6
_COLUMNS = {
    "value_kwh_day": ("目标值（加权 kWh/日）", "value (weighted kWh/day)", "{:,.0f}"),
    "cost_cny": ("成本（百万元）", "cost (million CNY)", "{:,.1f}"),
    "share_of_best": ("为最优的", "of the best", "{:.2%}"),
    "gap_share": ("差距", "gap", "{:.2%}"),
    "chargers": ("新建桩", "new chargers", "{:,.0f}"),
    "swap_stations": ("换电站", "swap stations", "{:,.0f}"),
    "sites": ("站点", "sites", "{:,.0f}"),
    "sites_elsewhere_share": ("其他站点", "other sites", "{:.1%}"),
    "chargers_elsewhere_share": ("他处的桩", "chargers elsewhere", "{:.1%}"),
}


def alternative_table(found: Alternatives, lang: str) -> Table:
    """A row per plan, the best first."""
    chinese = lang == "zh"
    share = f"{100 * found.within_share:g} %"
    title = f"备选方案（损失不超过 {share}）" if chinese else f"alternatives that lose at most {share}"
    table = Table(title=title, title_justify="left")
    table.add_column("方案" if chinese else "plan", overflow="fold")
    shown = {name: words for name, words in _COLUMNS.items() if name in found.figures}
    for zh, en, _ in shown.values():
        table.add_column(zh if chinese else en, justify="right", overflow="fold")
    for n, row in found.figures.iterrows():
        name = str(n) if n else ("最优方案" if chinese else "the plan")
        table.add_row(name, *(_text(column, float(row[column])) for column in shown))
    return table


def _text(column: str, value: float) -> str:
    if np.isnan(value):
        return "–"
    return _COLUMNS[column][2].format(value / 1e6 if column == "cost_cny" else value)


def robust_line(found: Alternatives, lang: str) -> str:
    """How many sites every plan chooses, some do, and none does."""
    plans, every, none = len(found.plans), found.robust, found.never
    some = len(found.sites) - every - none
    if plans == 1:
        return "未找到选用其他站点的备选方案" if lang == "zh" else "no plan that opens other sites loses so little"
    if lang == "zh":
        return f"{plans} 个方案中：{every:,} 个站点全部选用（稳健），{some:,} 个部分选用，{none:,} 个均未选用"
    return f"of {plans} plans: {every:,} sites in every one (robust), {some:,} in some, {none:,} in none"


def alternative_summary(found: Alternatives) -> dict[str, Any]:
    """What ``alternatives.json`` holds."""
    rows = found.figures.round(_DECIMALS).reset_index().to_dict("records")
    whole = {"plan", "chargers", "swap_stations", "sites", "sites_shared"}
    return {
        "within_share": found.within_share,
        "plans": [{str(k): int(v) if k in whole else _plain(v) for k, v in row.items()} for row in rows],
        "elsewhere_share": [[_plain(v) for v in row] for row in found.elsewhere_share.round(_DECIMALS).to_numpy()],
        "sites_in_every_plan": found.robust,
        "sites_in_some": len(found.sites) - found.robust - found.never,
        "sites_in_none": found.never,
    }


def save_alternatives(found: Alternatives, folder: str | Path) -> None:
    """Write ``alternatives.json``, ``.csv`` and ``.geojson`` into a plan's folder, all whole or not at all.

    Parameters
    ----------
    found
        As `find_alternatives` returns them.
    folder
        The plan's folder; it exists.

    Raises
    ------
    BadInput
        The folder cannot be written.
    """
    sites = found.sites.round({"share": _DECIMALS})
    with whole_files(*(Path(folder) / name for name in FILES)) as (summary, table, layer):
        write_json(alternative_summary(found), summary)
        pd.DataFrame(sites.drop(columns="geometry")).to_csv(table, encoding="utf-8-sig")
        write_geojson(sites, layer)


def _plain(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
