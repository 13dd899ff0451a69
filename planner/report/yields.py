"""Grid, money and emissions, with their ranges, as far as the scenario asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.assessment.grid import Grid
from planner.assessment.money import Money
from planner.report.charts import Bars, Series
from planner.report.document import Block, Bullets, Head, Heading, Paragraph, Picture, placed, table
from planner.views import numbers
from planner.views.areas import area_name
from planner.views.columns import COLUMNS
from planner.views.palette import NETWORKS
from planner.views.table import SUM, Column, item, item_table
from planner.views.yields import (
    CHARGER_COST,
    COINCIDENT,
    ENERGY_COST,
    GASES,
    HEADROOM,
    INCOME,
    OPENING_COST,
    OPERATION,
    PEAK,
    TRANSFORMERS,
    UPGRADE_COST,
    USED,
    WHOLE_COST,
    avoided,
    use_kwh_charger_day,
)
from planner.words import LIST_COMMA, NO_TEXT, SEMICOLON, Text, joined, text_in, text_of

if TYPE_CHECKING:
    from planner.plan import Plan

_MOST_GROUPS, _FEW_GROUPS = 40, 20
_KEYS = {"stations": "sites"}  # as the table of groups calls it


def grid(plan: Plan) -> list[Block]:
    """Power, transformers and headroom by group."""
    found = plan.assessment.grid
    if found is None:
        return []
    used = found.groups[found.groups["sites"] > 0].sort_values("headroom_used_share", ascending=False, kind="stable")
    columns = (COLUMNS["stations"], COINCIDENT, HEADROOM, USED, PEAK, TRANSFORMERS)
    rows = [
        [
            area_name(plan, str(row["name_zh"])),
            *(_known(column, row[_KEYS.get(column.key, column.key)]) for column in columns),
        ]
        for _, row in used.head(_MOST_GROUPS).iterrows()
    ]
    heads = [
        Head(Text(zh="馈线组或县区", en="feeder group or district"), 1.5, numbers=False),
        *(Head.of(column, width) for column, width in zip(columns, (0.8, 1.3, 1.1, 1, 1.2, 1), strict=True)),
    ]
    return [
        Heading(Text(zh="电网", en="Grid")),
        Bullets(_grid_items(found)),
        table(heads, rows, small=True, whole=len(rows) <= _FEW_GROUPS),
        *_grid_notes(used),
    ]


def _known(column: Column, value: float) -> Text:
    return numbers.DASH if np.isnan(value) else column.write(float(value))


def _grid_items(found: Grid) -> list[Text]:
    city = found.city
    power = Text(
        zh="接入功率 {connected}，计同时系数 {coincident}；典型日小时负荷峰值 {peak}（{when}）。",
        en="Connected {connected}, coincident {coincident}; the load by hour peaks at {peak} ({when}).",
    ).fill(
        connected=numbers.power(city["connected_kw"]),
        coincident=numbers.power(city["coincident_kw"]),
        peak=numbers.power(city["peak_kw"]),
        when=numbers.hour(city["peak_hour"]),
    )
    transformers = Text(
        zh="新增变压器 {number} 台，{kva} kVA，{cost}，其中开设费用以外 {beyond}。",
        en="{number} transformers of {kva} kVA for {cost}, of which {beyond} beyond what openings pay for.",
    ).fill(
        number=numbers.count(city["transformers"]),
        kva=numbers.count(city["total_kva"]),
        cost=numbers.money(city["transformer_cny"]),
        beyond=numbers.money(city["upgrade_cny"]),
    )
    return [power, transformers]


def _grid_notes(used: pd.DataFrame) -> list[Block]:
    """What there is to say of the groups, each once, and how many are not listed."""
    notes = dict.fromkeys(note for _, row in used.iterrows() if (note := text_in(row, "note")))
    if (more := len(used) - _MOST_GROUPS) > 0:
        left_out = Text(zh="另有 {more} 组未列", en="{more} more groups are not listed")
        notes[left_out.fill(more=numbers.count(more))] = None
    return [Paragraph(joined(notes, SEMICOLON), "note")] if notes else []


def money(plan: Plan) -> list[Block]:
    """Investment, operation, income and payback; and what the payback is at the ends of the ranges."""
    found = plan.assessment.money
    if found is None:
        return []
    city = found.city
    columns = (CHARGER_COST, OPENING_COST, UPGRADE_COST, WHOLE_COST, INCOME, OPERATION, ENERGY_COST)
    items = [item(column, float(city[column.key])) for column in columns]
    shows = Text(zh="投资构成（万元）", en="What the investment is made of (million CNY)")
    parts, texts = [float(city[column.key]) for column in columns[:3]], [one.value for one in items[:3]]
    one = Series(NO_TEXT, NETWORKS["plan"], parts, texts)
    bars = Bars(names=[column.words for column in columns[:3]], series=[one], shows=shows)
    back = Text(
        zh="静态回收期 {back}，前提是每台每日售出模型中的 {use}。各项假设取区间两端时的回收期（逐项变动，其余不变）：",
        en="Simple payback: {back}, if every charger sells the {use} a day of the model. At the ends of the "
        "ranges, one figure at a time, it is:",
    ).fill(
        back=numbers.years(float(city["payback_years"])),
        use=numbers.energy(use_kwh_charger_day(found, _chargers(plan))),
    )
    return [
        Heading(Text(zh="资金", en="Money")),
        placed(item_table(NO_TEXT, items), (2.4, 1.0), whole=True),
        Picture(bars, shows, shows),
        Paragraph(back),
        _payback_table(plan, found),
    ]


def payback(money: Money, factor: float) -> float:
    """Years until the investment is paid, with the income times a factor."""
    city = money.city
    gain = float(city["income_cny_year"]) * factor - float(city["opex_cny_year"])
    return float(city["capex_cny"]) / gain if gain > 0 else float("inf")


def _chargers(plan: Plan) -> float:
    return float(plan.assessment.sites["new_total"].sum())


def _payback_table(plan: Plan, found: Money) -> Block:
    """Payback at low and high of what the income is proportional to, and at today's use of a charger."""
    rules = plan.scenario.money
    assert rules is not None  # the plan has money
    fee, kept = rules.service_fee_cny_kwh, rules.platform_share
    rows = [
        [
            Text(zh="充电服务费（元/kWh）", en="service fee (CNY/kWh)"),
            numbers.limits(fee.low, fee.high),
            *(numbers.years(payback(found, end / fee.base)) for end in (fee.low, fee.high)),
        ],
        [
            Text(zh="平台分成", en="share of the platforms"),
            numbers.limits(kept.low, kept.high, numbers.given_share),
            *(numbers.years(payback(found, (1 - end) / (1 - kept.base))) for end in (kept.low, kept.high)),
        ],
    ]
    use = use_kwh_charger_day(found, _chargers(plan))
    seen = plan.scenario.existing.use_kwh_charger_day
    if use > 0:
        rows.append(
            [
                Text(zh="单桩日用量取既有桩实际用量（kWh/日）", en="use of a charger as of today's (kWh/day)"),
                numbers.limits(seen.low, seen.high),
                *(numbers.years(payback(found, end / use)) for end in (seen.low, seen.high)),
            ]
        )
    columns = [
        Head(Text(zh="假设", en="assumption"), 2.4, numbers=False),
        Head(Text(zh="区间", en="range"), 1.2),
        Head(Text(zh="取低值", en="at the low end")),
        Head(Text(zh="取高值", en="at the high end")),
    ]
    return table(columns, rows, small=True, whole=True)


def emissions(plan: Plan) -> list[Block]:
    """What is avoided in a year, by fuel, low to high."""
    rules, found = plan.scenario.emissions, plan.assessment.emissions
    if rules is None or found.empty:
        return []
    columns = [
        Head(Text(zh="替代的车辆", en="instead of"), 1.8, numbers=False),
        *(Head(words, width) for words, width in zip(GASES.values(), (2.2, 1.6, 1.6), strict=True)),
    ]
    rows = [
        [text_of(rules.fuels[str(fuel)], "name"), *(avoided(part, gas) for gas in GASES)]
        for fuel, part in found[found["fuel"] != ""].groupby("fuel", sort=False)
    ]
    rows.append([SUM, *(avoided(found, gas) for gas in GASES)])
    note = NO_TEXT
    if without := [text_in(row, "name") for _, row in found[found["fuel"] == ""].iterrows()]:
        left_out = Text(zh="没有排放因子、未计入：{fleets}。", en="Without a factor and left out: {fleets}.")
        note = left_out.fill(fleets=joined(without, LIST_COMMA))
    heading = Heading(Text(zh="排放", en="Emissions"))
    return [heading, table(columns, rows, small=True, whole=True), *([Paragraph(note, "note")] if note else [])]
