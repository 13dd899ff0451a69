"""How tables and progress look in a terminal."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from planner.console.printing import drawn
from planner.console.progress import stage_words
from planner.progress import Stage
from planner.views import numbers
from planner.views.columns import columns_of
from planner.views.table import Column, Table, item, item_table
from planner.words import Lang, Text, same


def printed(table: Table, lang: Lang) -> list[str]:
    out = Console(width=100, file=StringIO())
    out.print(drawn(table, lang))
    assert isinstance(out.file, StringIO)
    return [line.rstrip() for line in out.file.getvalue().splitlines()]


def test_texts_stand_left_numbers_right_and_a_line_parts_groups() -> None:
    columns = (Column(key="name", words=Text(zh="名称", en="name"), is_text=True), *columns_of("power_kw"))
    rows = [[same("a"), numbers.count(5.0)], [same("bb"), numbers.count(12_345.0)]]
    lines = printed(Table(Text(zh="表", en="table"), columns, [rows, [[same("sum"), numbers.count(12_350.0)]]]), "en")
    assert lines == [
        "table",
        "┏━━━━━━┳━━━━━━━━━━━━━━━━┓",
        "┃ name ┃ new power (kW) ┃",
        "┡━━━━━━╇━━━━━━━━━━━━━━━━┩",
        "│ a    │              5 │",
        "│ bb   │         12,345 │",
        "├──────┼────────────────┤",
        "│ sum  │         12,350 │",
        "└──────┴────────────────┘",
    ]


def test_many_columns_have_their_units_on_a_line_of_their_own() -> None:
    columns = columns_of("year", "chargers", "stations", "power_kw", "capex_cny", "public_kwh_day")
    head = "".join(printed(Table(same(""), columns, [[[same(1)] * 6]]), "zh")[1:4])
    assert "公共充电需求 ┃" in head and "（kWh/日） ┃" in head


def test_an_item_has_the_unit_in_its_heading_and_money_is_shown_in_millions() -> None:
    (capex,) = columns_of("capex_cny")
    lines = printed(item_table(Text(zh="方案", en="plan"), [item(capex, 799_920_000.0)]), "zh")
    assert "│ 投资（万元） │ 79,992.0 │" in lines


@pytest.mark.parametrize(
    ("value", "bound", "en"),
    [
        (None, None, "bound"),
        (2_000.0, None, "bound  value 2,000"),
        # 1 - 2,375 / 2,400 = 1.0417 %: rounded up
        (2_375.0, 2_400.0, "bound  value 2,375  bound 2,400 kWh/day  gap 1.05 %"),
        (None, float("inf"), "bound"),
        # the least cost on its way: 1 - 490 / 500
        (-500_000.0, -490_000.0, "bound  cost 500,000  lower bound 490,000 CNY  gap 2.00 %"),
    ],
)
def test_progress_says_stage_value_bound_and_gap(value: float | None, bound: float | None, en: str) -> None:
    assert stage_words(Stage.BOUND, value, bound).en == en
