"""The district tasks: what was asked of every unit and what it gets."""

from __future__ import annotations

from planner.plan import Plan
from planner.views import numbers
from planner.views.table import Column, Table
from planner.words import NO_TEXT, Text, same, text_in

SUM = Text(zh="合计", en="sum")
UNIT = Column(key="task_unit", words=Text(zh="任务单元", en="task unit"), is_text=True)
AMOUNTS = (
    Column(key="task", words=Text(zh="任务（台）", en="task"), write=numbers.count),
    Column(key="chargers", words=Text(zh="新增（台）", en="chargers"), write=numbers.count),
    Column(key="stations", words=Text(zh="站点", en="sites"), write=numbers.count),
    Column(key="power_kw", words=Text(zh="功率 kW", en="power kW"), write=numbers.count),
    Column(key="capex_cny", words=Text(zh="投资（百万元）", en="million CNY"), write=numbers.million),
)
NOTE = Column(key="note", words=Text(zh="备注", en="note"))


def task_table(plan: Plan) -> Table:
    """A row per unit, then their sum."""
    tasks = plan.assessment.tasks
    rows = [
        [same(unit), *(column.cell(row) for column in AMOUNTS), text_in(row, "note")] for unit, row in tasks.iterrows()
    ]
    sums = tasks[[column.key for column in AMOUNTS]].sum()
    total = [SUM, *(column.cell(sums) for column in AMOUNTS), NO_TEXT]
    return Table(Text(zh="任务分解表", en="district tasks"), (UNIT, *AMOUNTS, NOTE), [rows, [total]])
