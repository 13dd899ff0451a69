"""Grid, money and emissions, with their ranges, as far as the scenario asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner.assessment.emissions import ENDS
from planner.assessment.money import Money
from planner.demand.years import DAYS_A_YEAR
from planner.report.charts import Series, bars
from planner.report.document import Block, Bullets, Column, Heading, Lang, Paragraph, Picture, clean, speaker, table
from planner.report.names import area_name
from planner.report.numbers import count, hour, megawatts, million, share, spread, years
from planner.report.palette import NETWORKS

if TYPE_CHECKING:
    import pandas as pd

    from planner.plan import Plan

_MOST_GROUPS, _FEW_GROUPS = 40, 20


def grid(plan: Plan, lang: Lang) -> list[Block]:
    """Power, transformers and headroom by group."""
    found = plan.assessment.grid
    if found is None:
        return []
    say = speaker(lang)
    city = found.city
    connected, coincident, peak, mva = (
        megawatts(city[key]) for key in ("connected_kw", "coincident_kw", "peak_kw", "total_kva")
    )
    when, number = hour(city["peak_hour"]), count(city["transformers"])
    cost, beyond = million(city["transformer_cny"]), million(city["upgrade_cny"])
    items = [
        say(
            f"接入功率 {connected} MW，计同时系数 {coincident} MW；典型日小时负荷峰值 {peak} MW（{when}）。",
            f"Connected {connected} MW, coincident {coincident} MW; the load by hour peaks at {peak} MW ({when}).",
        ),
        say(
            f"新增变压器 {number} 台，{mva} MVA，{cost} 百万元，其中开设费用以外 {beyond} 百万元。",
            f"{number} transformers of {mva} MVA for {cost} million CNY, of which {beyond} million beyond what "
            "openings pay for.",
        ),
    ]
    columns = [
        Column(say("馈线组或县区", "feeder group or district"), 1.5, numbers=False),
        Column(say("站点", "sites"), 0.8),
        Column(say("计同时系数（kW）", "coincident (kW)"), 1.2),
        Column(say("余量（kW）", "headroom (kW)"), 1.2),
        Column(say("占用", "used"), 0.8),
        Column(say("峰值（kW）", "peak (kW)")),
        Column(say("变压器", "transformers")),
    ]
    used = found.groups[found.groups["sites"] > 0].sort_values("headroom_used_share", ascending=False, kind="stable")
    rows = [
        [
            area_name(plan, str(row["name_zh"]), lang),
            *(count(row[key]) for key in ("sites", "coincident_kw", "headroom_kw")),
            "–" if np.isnan(row["headroom_used_share"]) else share(float(row["headroom_used_share"]), lang),
            *(count(row[key]) for key in ("peak_kw", "transformers")),
        ]
        for _, row in used.head(_MOST_GROUPS).iterrows()
    ]
    notes = dict.fromkeys(clean(note) for note in used[f"note_{lang}"] if note)
    if (more := len(used) - _MOST_GROUPS) > 0:
        notes[say(f"另有 {more:,} 组未列", f"{more:,} more groups are not listed")] = None
    told = [Paragraph(say("；", "; ").join(notes), "note")] if notes else []
    return [
        Heading(say("电网", "Grid")),
        Bullets(items),
        table(columns, rows, small=True, whole=len(rows) <= _FEW_GROUPS),
        *told,
    ]


def money(plan: Plan, lang: Lang) -> list[Block]:
    """Investment, operation, income and payback; and what the payback is at the ends of the ranges."""
    found = plan.assessment.money
    if found is None:
        return []
    say = speaker(lang)
    city = found.city
    chargers = float(plan.assessment.sites["new_total"].sum())
    use = city["kwh_year"] / DAYS_A_YEAR / chargers if chargers else np.nan
    back = years(float(city["payback_years"]), lang)
    rows = [
        (say("充电设备", "chargers"), million(city["chargers_cny"])),
        (say("站点开设", "opening of sites"), million(city["opening_cny"])),
        (say("电网改造（开设费用以外）", "grid upgrade beyond openings"), million(city["upgrade_cny"])),
        (say("投资合计", "investment in all"), million(city["capex_cny"])),
        (
            say("每年：服务费收入（扣除平台分成）", "a year: service fees, less the platforms' share"),
            million(city["income_cny_year"]),
        ),
        (say("每年：运营、维护与租金", "a year: operation, upkeep and rent"), million(city["opex_cny_year"])),
        (
            say("每年：购电（由司机支付）", "a year: energy bought, which drivers pay"),
            million(city["energy_cny_year"]),
        ),
    ]  # fmt: skip
    columns = [
        Column(say("项目（百万元）", "item (million CNY)"), 2.4, numbers=False),
        Column(say("金额", "amount"), 1.0),
    ]
    shows = say("投资构成（百万元）", "What the investment is made of (million CNY)")
    parts = [float(city[key]) for key in ("chargers_cny", "opening_cny", "upgrade_cny")]
    chart = bars(
        [words for words, _ in rows[:3]],
        [Series("", NETWORKS["plan"], [part / 1e6 for part in parts], [million(part) for part in parts])],
        shows,
    )
    return [
        Heading(say("资金", "Money")),
        table(columns, rows, whole=True),
        Picture(chart, shows, shows),
        Paragraph(
            say(
                f"静态回收期 {back}，前提是每台每日售出模型中的 {count(use)} kWh。"
                "各项假设取区间两端时的回收期（逐项变动，其余不变）：",
                f"Simple payback: {back}, if every charger sells the {count(use)} kWh a day of the model. At the ends "
                "of the ranges, one figure at a time, it is:",
            )
        ),
        _payback_table(plan, found, lang),
    ]  # fmt: skip


def payback(money: Money, factor: float) -> float:
    """Years until the investment is paid, with the income times a factor."""
    city = money.city
    gain = float(city["income_cny_year"]) * factor - float(city["opex_cny_year"])
    return float(city["capex_cny"]) / gain if gain > 0 else float("inf")


def _payback_table(plan: Plan, found: Money, lang: Lang) -> Block:
    """Payback at low and high of what the income is proportional to, and at today's use of a charger."""
    say = speaker(lang)
    rules = plan.scenario.money
    assert rules is not None  # the plan has money
    fee, kept = rules.service_fee_cny_kwh, rules.platform_share
    rows = [
        (
            say("充电服务费（元/kWh）", "service fee (CNY/kWh)"),
            f"{fee.low:g} – {fee.high:g}",
            *(years(payback(found, end / fee.base), lang) for end in (fee.low, fee.high)),
        ),
        (
            say("平台分成", "share of the platforms"),
            f"{share(kept.low, lang)} – {share(kept.high, lang)}",
            *(years(payback(found, (1 - end) / (1 - kept.base)), lang) for end in (kept.low, kept.high)),
        ),
    ]
    chargers = float(plan.assessment.sites["new_total"].sum())
    use = found.city["kwh_year"] / DAYS_A_YEAR / chargers if chargers else np.nan
    seen = plan.scenario.existing.use_kwh_charger_day
    if use > 0:
        rows.append(
            (
                say("单桩日用量取既有桩实际用量（kWh）", "use of a charger as of today's (kWh a day)"),
                f"{seen.low:g} – {seen.high:g}",
                *(years(payback(found, end / use), lang) for end in (seen.low, seen.high)),
            )
        )
    columns = [
        Column(say("假设", "assumption"), 2.4, numbers=False),
        Column(say("区间", "range"), 1.2),
        Column(say("取低值", "at the low end")),
        Column(say("取高值", "at the high end")),
    ]
    return table(columns, rows, small=True, whole=True)


def emissions(plan: Plan, lang: Lang) -> list[Block]:
    """What is avoided in a year, by fuel, low to high."""
    rules, found = plan.scenario.emissions, plan.assessment.emissions
    if rules is None or found.empty:
        return []
    say = speaker(lang)
    columns = [
        Column(say("替代的车辆", "instead of"), 1.8, numbers=False),
        Column(say("CO2 年减排（吨；低至高）", "CO2 avoided a year (t; low to high)"), 2.2),
        Column("NOx（t）" if lang == "zh" else "NOx (t)", 1.6),
        Column("VOC（t）" if lang == "zh" else "VOC (t)", 1.6),
    ]
    rows = [
        [getattr(rules.fuels[str(fuel)], f"name_{lang}"), *_avoided(part, lang)]
        for fuel, part in found[found["fuel"] != ""].groupby("fuel", sort=False)
    ]
    rows.append([say("合计", "sum"), *_avoided(found, lang)])
    without = [clean(row[f"name_{lang}"]) for _, row in found[found["fuel"] == ""].iterrows()]
    left_out = say(
        f"没有排放因子、未计入：{'、'.join(without)}。", f"Without a factor and left out: {', '.join(without)}."
    )
    note = say("NOx 与 VOC 只计车辆端。", "NOx and VOC at the vehicle only. ") + (left_out if without else "")
    return [Heading(say("排放", "Emissions")), table(columns, rows, small=True, whole=True), Paragraph(note, "note")]


def _avoided(rows: pd.DataFrame, lang: Lang) -> list[str]:
    """The three gases, summed over what is known, with low and high."""
    sums = [rows[[f"{gas}_t_{end}" for end in ENDS]].sum(min_count=1).to_numpy(float) for gas in ("co2", "nox", "voc")]
    return [spread(low, base, high, lang) for low, base, high in sums]
