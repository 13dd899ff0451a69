"""The price of fairness as tables: on the console, and as files in the plan's folder."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.assessment.figure_words import COMPANIONS as FIGURE_WORDS
from planner.files.whole import whole_files, write_json
from planner.views import numbers
from planner.views.columns import columns_of
from planner.views.table import Column, Table
from planner.words import Text, same, text_in

if TYPE_CHECKING:
    from planner.studies.fairness import FairnessCurve

FILES = ("fairness.json", "fairness.csv")
FLOOR = Column(key="floor", words=Text(zh="各区服务率下限", en="floor of every district"), is_text=True)
COLUMNS = (
    *columns_of("value_kwh_day", "bound_kwh_day"),
    Column(
        key="given_up_kwh_day", words=Text(zh="放弃的服务", en="given up"), unit=numbers.KWH_DAY, write=numbers.count
    ),
    Column(key="given_up_share", words=Text(zh="放弃占比", en="share given up"), write=numbers.share),
    Column(key="worst_share", words=Text(zh="最低区服务率", en="worst district"), write=numbers.share),
    Column(key="gini_served", words=FIGURE_WORDS["gini_served"].word, write=numbers.gini),
)
_DECIMALS = 6


def fairness_table(curve: FairnessCurve) -> Table:
    """A row per level, the plan itself first."""
    rows = []
    for place, row in enumerate(curve.levels.reset_index().to_dict("records")):
        cells = [numbers.DASH] * len(COLUMNS) if text_in(row, "note") else [_cell(column, row) for column in COLUMNS]
        rows.append([_level(place, float(row["floor"])), *cells])
    return Table(Text(zh="公平的代价", en="the price of fairness"), (FLOOR, *COLUMNS), [rows])


def fairness_notes(curve: FairnessCurve) -> Iterator[Text]:
    """Why there is no plan, level by level where there is none."""
    for place, row in enumerate(curve.levels.reset_index().to_dict("records")):
        if note := text_in(row, "note"):
            yield same("{level}: {note}").fill(level=_level(place, float(row["floor"])), note=note)


def _level(place: int, floor: float) -> Text:
    return numbers.measured(floor) if place else Text(zh="本方案", en="the plan")


def _cell(column: Column, row: Mapping[Hashable, Any]) -> Text:
    if column.key == "worst_share" and row["worst_district"]:
        return same("{share} {district}").fill(share=column.cell(row), district=row["worst_district"])
    return column.cell(row)


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
