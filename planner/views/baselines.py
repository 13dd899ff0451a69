"""Networks side by side as tables: on the console, and as files in the plan's folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planner.assessment.figure_words import FOUR
from planner.files.whole import whole_files, write_json
from planner.views import numbers
from planner.views.columns import COLUMNS, columns_of
from planner.views.figures import FIGURE
from planner.views.table import Column, Table
from planner.words import Text, text_in

FILES = ("baselines.json", "baselines.csv")
ROWS = (
    *(
        Column(key=name, words=words.word, write=numbers.metres if words.unit == "m" else numbers.share)
        for name, words in FOUR.items()
    ),
    *columns_of("value_kwh_day", "served_kwh_day"),
    replace(COLUMNS["stations"], words=Text(zh="有桩站点", en="sites with chargers")),
    replace(COLUMNS["chargers"], words=Text(zh="公共充电桩", en="public chargers")),
    *columns_of("capex_cny"),
)
"""Figures by which networks are compared; they stand below one another, the networks beside one another."""
_DECIMALS = 6


def baseline_table(baselines: pd.DataFrame) -> Table:
    """A column per network, as `compare_networks` returns them."""
    networks = [Column(key=str(key), words=text_in(row, "name")) for key, row in baselines.iterrows()]
    rows = [
        [figure.heading, *(_known(figure, value) for value in baselines[figure.key].astype(float))] for figure in ROWS
    ]
    return Table(Text(zh="与其他布局比较", en="beside other networks"), (FIGURE, *networks), [rows])


def _known(figure: Column, value: float) -> Text:
    return numbers.UNKNOWN if np.isnan(value) else figure.write(value)


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
