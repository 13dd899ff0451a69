"""Alternatives as tables: on the console, and as files in the plan's folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.files.whole import whole_files, write_geojson, write_json
from planner.views import numbers
from planner.views.columns import COLUMNS as PLAN_COLUMNS
from planner.views.columns import columns_of
from planner.views.result import COST, GAP
from planner.views.table import Column, Table
from planner.words import Text, same

if TYPE_CHECKING:
    from planner.studies.alternatives import Alternatives

FILES = ("alternatives.json", "alternatives.csv", "alternatives.geojson")
_DECIMALS = 6
PLAN = Column(key="plan", words=Text(zh="方案", en="plan"), is_text=True)
COLUMNS = (
    *columns_of("value_kwh_day"),
    COST,
    Column(key="share_of_best", words=Text(zh="为最优的", en="of the best"), write=numbers.share),
    GAP,
    *columns_of("chargers", "swap_stations"),
    Column(key="sites", words=PLAN_COLUMNS["stations"].words, unit=numbers.PIECES, write=numbers.count),
    Column(key="sites_elsewhere_share", words=Text(zh="其他站点占比", en="other sites"), write=numbers.share),
    Column(key="chargers_elsewhere_share", words=Text(zh="他处的桩占比", en="chargers elsewhere"), write=numbers.share),
)


def alternative_table(found: Alternatives) -> Table:
    """A row per plan, the best first."""
    title = Text(zh="备选方案（损失不超过 {share}）", en="alternatives that lose at most {share}")
    shown = [column for column in COLUMNS if column.key in found.figures]
    rows = [
        [same(n) if n else Text(zh="最优方案", en="the plan"), *(_known(column, row) for column in shown)]
        for n, row in found.figures.iterrows()
    ]
    return Table(title.fill(share=numbers.given_share(found.within_share)), (PLAN, *shown), [rows])


def _known(column: Column, row: pd.Series) -> Text:
    return numbers.DASH if np.isnan(row[column.key]) else column.cell(row)


def robust_line(found: Alternatives) -> Text:
    """How many sites every plan chooses, some do, and none does."""
    plans, every, none = len(found.plans), found.robust, found.never
    if plans == 1:
        return Text(zh="未找到选用其他站点的备选方案", en="no plan that opens other sites loses so little")
    return Text(
        zh="{plans} 个方案中：{every} 个站点全部选用（稳健），{some} 个部分选用，{none} 个均未选用",
        en="of {plans} plans: {every} sites in every one (robust), {some} in some, {none} in none",
    ).fill(
        plans=plans,
        every=numbers.count(every),
        some=numbers.count(len(found.sites) - every - none),
        none=numbers.count(none),
    )


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
