"""The district tasks: what was asked of every unit and what it gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.views import numbers
from planner.views.areas import area_name
from planner.views.columns import COLUMNS, columns_of
from planner.views.table import SUM, Column, Table
from planner.words import NO_TEXT, Text, text_in

if TYPE_CHECKING:
    from planner.plan import Plan

AMOUNTS = columns_of("task", "chargers", "stations", "power_kw", "capex_cny")
NOTE = Column(key="note", words=Text(zh="备注", en="note"), is_text=True)
TITLE = Text(zh="任务分解表", en="district tasks")
_SHORT = Text(zh="缺 {n} 台", en="{n} short")


def task_table(plan: Plan) -> Table:
    """A row per unit, then their sum."""
    tasks = plan.assessment.tasks
    rows = []
    for unit, row in tasks.iterrows():
        missing = _SHORT.fill(n=numbers.count(row["shortfall"])) if row["shortfall"] else NO_TEXT
        amounts = (column.cell(row) for column in AMOUNTS)
        rows.append([area_name(plan, str(unit)), *amounts, text_in(row, "note") or missing])
    sums = tasks[[column.key for column in AMOUNTS]].sum()
    total = [SUM, *(column.cell(sums) for column in AMOUNTS), NO_TEXT]
    return Table(TITLE, (COLUMNS["task_unit"], *AMOUNTS, NOTE), [rows, [total]])
