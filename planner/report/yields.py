"""Grid, money and emissions, with their ranges, as far as the scenario asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.assessment.grid import Grid
from planner.assessment.money import Money
from planner.report.charts import Bars, Series
from planner.report.document import Block, Bullets, Head, Heading, Paragraph, Picture, table
from planner.report.names import area_name
from planner.report.palette import NETWORKS
from planner.views import numbers
from planner.views.tasks import SUM
from planner.views.yields import avoided_t, use_kwh_charger_day
from planner.words import LIST_COMMA, NO_TEXT, SEMICOLON, Text, joined, text_in, text_of

if TYPE_CHECKING:
    from planner.plan import Plan

_MOST_GROUPS, _FEW_GROUPS = 40, 20


def grid(plan: Plan) -> list[Block]:
    """Power, transformers and headroom by group."""
    found = plan.assessment.grid
    if found is None:
        return []
    columns = [
        Head(Text(zh="馈线组或县区", en="feeder group or district"), 1.5, numbers=False),
        Head(Text(zh="站点", en="sites"), 0.8),
        Head(Text(zh="计同时系数（kW）", en="coincident (kW)"), 1.2),
        Head(Text(zh="余量（kW）", en="headroom (kW)"), 1.2),
        Head(Text(zh="占用", en="used"), 0.8),
        Head(Text(zh="峰值（kW）", en="peak (kW)")),
        Head(Text(zh="变压器", en="transformers")),
    ]
    used = found.groups[found.groups["sites"] > 0].sort_values("headroom_used_share", ascending=False, kind="stable")
    rows = [
        [
            area_name(plan, str(row["name_zh"])),
            *(numbers.count(row[key]) for key in ("sites", "coincident_kw", "headroom_kw")),
            numbers.DASH if np.isnan(row["headroom_used_share"]) else numbers.share(float(row["headroom_used_share"])),
            *(numbers.count(row[key]) for key in ("peak_kw", "transformers")),
        ]
        for _, row in used.head(_MOST_GROUPS).iterrows()
    ]
    return [
        Heading(Text(zh="电网", en="Grid")),
        Bullets(_grid_items(found)),
        table(columns, rows, small=True, whole=len(rows) <= _FEW_GROUPS),
        *_grid_notes(used),
    ]


def _grid_items(found: Grid) -> list[Text]:
    city = found.city
    power = Text(
        zh="接入功率 {connected} MW，计同时系数 {coincident} MW；典型日小时负荷峰值 {peak} MW（{when}）。",
        en="Connected {connected} MW, coincident {coincident} MW; the load by hour peaks at {peak} MW ({when}).",
    ).fill(
        connected=numbers.megawatts(city["connected_kw"]),
        coincident=numbers.megawatts(city["coincident_kw"]),
        peak=numbers.megawatts(city["peak_kw"]),
        when=numbers.hour(city["peak_hour"]),
    )
    transformers = Text(
        zh="新增变压器 {number} 台，{mva} MVA，{cost} 百万元，其中开设费用以外 {beyond} 百万元。",
        en="{number} transformers of {mva} MVA for {cost} million CNY, of which {beyond} million beyond what openings "
        "pay for.",
    ).fill(
        number=numbers.count(city["transformers"]),
        mva=numbers.megawatts(city["total_kva"]),
        cost=numbers.million(city["transformer_cny"]),
        beyond=numbers.million(city["upgrade_cny"]),
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
    rows = [
        ("chargers_cny", Text(zh="充电设备", en="chargers")),
        ("opening_cny", Text(zh="站点开设", en="opening of sites")),
        ("upgrade_cny", Text(zh="电网改造（开设费用以外）", en="grid upgrade beyond openings")),
        ("capex_cny", Text(zh="投资合计", en="investment in all")),
        (
            "income_cny_year",
            Text(zh="每年：服务费收入（扣除平台分成）", en="a year: service fees, less the platforms' share"),
        ),
        ("opex_cny_year", Text(zh="每年：运营、维护与租金", en="a year: operation, upkeep and rent")),
        (
            "energy_cny_year",
            Text(zh="每年：购电（由司机支付）", en="a year: energy bought, which drivers pay"),
        ),
    ]
    columns = [
        Head(Text(zh="项目（百万元）", en="item (million CNY)"), 2.4, numbers=False),
        Head(Text(zh="金额", en="amount"), 1.0),
    ]
    shows = Text(zh="投资构成（百万元）", en="What the investment is made of (million CNY)")
    parts = [float(city[key]) for key, _ in rows[:3]]
    one = Series(NO_TEXT, NETWORKS["plan"], [part / 1e6 for part in parts], [numbers.million(part) for part in parts])
    back = Text(
        zh="静态回收期 {back}，前提是每台每日售出模型中的 {use} kWh。"
        "各项假设取区间两端时的回收期（逐项变动，其余不变）：",
        en="Simple payback: {back}, if every charger sells the {use} kWh a day of the model. At the ends of the "
        "ranges, one figure at a time, it is:",
    ).fill(
        back=numbers.years(float(city["payback_years"])),
        use=numbers.count(use_kwh_charger_day(found, _chargers(plan))),
    )
    return [
        Heading(Text(zh="资金", en="Money")),
        table(columns, [[words, numbers.million(city[key])] for key, words in rows], whole=True),
        Picture(Bars(names=[words for _, words in rows[:3]], series=[one], shows=shows), shows, shows),
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
            numbers.plain_limits(fee.low, fee.high),
            *(numbers.years(payback(found, end / fee.base)) for end in (fee.low, fee.high)),
        ],
        [
            Text(zh="平台分成", en="share of the platforms"),
            numbers.share_limits(kept.low, kept.high),
            *(numbers.years(payback(found, (1 - end) / (1 - kept.base))) for end in (kept.low, kept.high)),
        ],
    ]
    use = use_kwh_charger_day(found, _chargers(plan))
    seen = plan.scenario.existing.use_kwh_charger_day
    if use > 0:
        rows.append(
            [
                Text(zh="单桩日用量取既有桩实际用量（kWh）", en="use of a charger as of today's (kWh a day)"),
                numbers.plain_limits(seen.low, seen.high),
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
        Head(Text(zh="CO2 年减排（吨；低至高）", en="CO2 avoided a year (t; low to high)"), 2.2),
        Head(Text(zh="NOx（t）", en="NOx (t)"), 1.6),
        Head(Text(zh="VOC（t）", en="VOC (t)"), 1.6),
    ]
    rows = [
        [text_of(rules.fuels[str(fuel)], "name"), *_avoided(part)]
        for fuel, part in found[found["fuel"] != ""].groupby("fuel", sort=False)
    ]
    rows.append([SUM, *_avoided(found)])
    note = Text(zh="NOx 与 VOC 只计车辆端。", en="NOx and VOC at the vehicle only. ")
    if without := [text_in(row, "name") for _, row in found[found["fuel"] == ""].iterrows()]:
        left_out = Text(zh="没有排放因子、未计入：{fleets}。", en="Without a factor and left out: {fleets}.")
        note = joined([note, left_out.fill(fleets=joined(without, LIST_COMMA))], NO_TEXT)
    heading = Heading(Text(zh="排放", en="Emissions"))
    return [heading, table(columns, rows, small=True, whole=True), Paragraph(note, "note")]


def _avoided(rows: pd.DataFrame) -> list[Text]:
    """The three gases, summed over what is known, with low and high."""
    return [numbers.spread(*avoided_t(rows, gas)) for gas in ("co2", "nox", "voc")]
