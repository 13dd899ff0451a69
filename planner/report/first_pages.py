"""The two pages for whoever decides: the city, four figures, tasks, cost, what the plan buys, and its years."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner.assessment import figure_text
from planner.exports import NOTICE_EN, NOTICE_ZH
from planner.report.charts import Series, bars
from planner.report.city_picture import city_picture
from planner.report.document import (
    Block,
    Bullets,
    Card,
    Cards,
    Column,
    Heading,
    Lang,
    PageBreak,
    Paragraph,
    Picture,
    Row,
    Table,
    clean,
    speaker,
    table,
)
from planner.report.names import area_name
from planner.report.numbers import NOT_KNOWN, count, gap, million, money, share
from planner.report.palette import NETWORKS, OTHER_NETWORK

if TYPE_CHECKING:
    import pandas as pd

    from planner.plan import Plan

_MEANINGS = {
    "well_distributed": (
        "所在网格在本圈层服务半径（直线）内有充电桩的居民占比",
        "residents with a charger within the norm radius of their ring, straight line",
    ),
    "completely_equipped": (
        "应配建的公共机构中有充电桩的占比",
        "institutions that must be equipped and have chargers",
    ),
    "convenient": (
        "九成需求（未服务的计为超出可达范围）到充电站的路程不超过此数",
        "nine tenths of the demand have no farther to go; what is not served counts as beyond reach",
    ),
    "basically_meets": (
        "公共充电需求电量中得到服务的占比",
        "share of the energy of all public charging that is served",
    ),
}
_SIMPLER = {
    "proportional": ("按人口分配同样的桩", "the same chargers shared out by residents"),
    "greedy": ("逐站取最大增益（贪心法）", "stations put where each gains most (greedy)"),
}
_SAME_KWH_DAY = 0.5
_COMPARED = ("well_distributed", "completely_equipped", "convenient", "basically_meets")


def first_pages(plan: Plan, lang: Lang) -> list[Block]:
    """Everything up to the method."""
    return [
        Paragraph(_in_short(plan, lang)),
        city_picture(plan, lang),
        _cards(plan, lang),
        *_notes(plan, lang),
        PageBreak(),
        *_tasks(plan, lang),
        *_cost(plan, lang),
        *_bought(plan, lang),
        *_years(plan, lang),
        Paragraph(speaker(lang)(f"{NOTICE_ZH}。", f"{NOTICE_EN}."), "note"),
    ]


def built(plan: Plan) -> pd.Series:
    """Sums of the chosen sites: new_total, new_swap, power_kw, capex_cny."""
    return plan.assessment.sites[["new_total", "new_swap", "power_kw", "capex_cny"]].sum()


def _in_short(plan: Plan, lang: Lang) -> str:
    say = speaker(lang)
    sums = built(plan)
    meets = plan.assessment.figures.loc["basically_meets", ["today", "plan"]].astype(float).to_dict()
    swaps = int(sums["new_swap"])
    swap = say(f"、换电站 {swaps:,} 座", f" and {swaps:,} swap stations") if swaps else ""
    before, after = share(meets["today"], lang), share(meets["plan"], lang)
    return say(
        f"到 {plan.scenario.year} 年末，新增公共充电桩 {count(sums['new_total'])} 台{swap}，分布于 "
        f"{len(plan.assessment.sites):,} 个站点，投资 {money(float(sums['capex_cny']), lang)}；"
        f"公共充电需求的满足比例由 {before} 提高到 {after}。{_quality(plan, lang)}",
        f"By the end of {plan.scenario.year} {count(sums['new_total'])} new public chargers{swap} at "
        f"{len(plan.assessment.sites):,} sites, for {money(float(sums['capex_cny']), lang)}. The share of the public "
        f"charging demand that is served goes from {before} to {after}. {_quality(plan, lang)}",
    )


def _quality(plan: Plan, lang: Lang) -> str:
    """How good the plan is known to be, in one sentence."""
    say = speaker(lang)
    if plan.proof.optimal:
        return say(
            "在同样规则下，已证明没有更好的方案。", "No plan that keeps the same rules is better: this is proven."
        )
    most = gap(plan.proof.gap_share)
    if plan.proof.cost_cny is not None:
        return say(
            f"在同样规则下，任何方案的成本至多低 {most}（已证明）。",
            f"No plan that keeps the same rules is more than {most} cheaper: this is proven.",
        )
    return say(
        f"在同样规则下，本方案至多比最好的方案差 {most}（已证明）。",
        f"It falls short of the best plan that keeps the same rules by {most} at most: this is proven.",
    )


def _cards(plan: Plan, lang: Lang) -> Cards:
    say = speaker(lang)
    cards = []
    for name, row in plan.assessment.figures.iterrows():
        texts = [figure_text(float(row[when]), str(row["unit"]), lang) for when in ("today", "plan")]
        cards.append(Card(str(row[f"word_{lang}"]), say(*_MEANINGS[str(name)]), *texts))
    return Cards(cards, say("今日", "today"), say("规划", "plan"))


def _notes(plan: Plan, lang: Lang) -> list[Block]:
    """What the figures' own notes add, each once, with the figures that it is about."""
    say = speaker(lang)
    about: dict[str, list[str]] = {}
    for _, row in plan.assessment.figures.iterrows():
        if note := clean(row[f"note_{lang}"]):
            about.setdefault(note, []).append(str(row[f"word_{lang}"]))
    told = [say("、", ", ").join(words) + say("：", ": ") + note + say("。", ".") for note, words in about.items()]
    return [Paragraph(say("", " ").join(told), "note")] if told else []


def _tasks(plan: Plan, lang: Lang) -> list[Block]:
    say = speaker(lang)
    tasks = plan.assessment.tasks
    columns = [
        Column(say("任务单元", "task unit"), 2.6, numbers=False),
        Column(say("任务（台）", "task (chargers)"), 1.3),
        Column(say("规划（台）", "plan (chargers)"), 1.2),
        Column(say("站点", "sites"), 0.9),
        Column(say("功率（kW）", "power (kW)"), 1.3),
        Column(say("投资（百万元）", "million CNY"), 1.7),
        Column(say("备注", "note"), 2.5, numbers=False),
    ]
    rows = []
    for unit, row in tasks.iterrows():
        short = int(row["shortfall"])
        note = str(row[f"note_{lang}"]) or (say(f"缺 {short:,} 台", f"{short:,} short") if short else "")
        rows.append(Row([area_name(plan, str(unit), lang), *_task_numbers(row), clean(note)]))
    rows.append(Row([say("合计", "sum"), *_task_numbers(tasks.sum(numeric_only=True)), ""], "sum"))
    return [Heading(say("区县任务分解", "District tasks")), Table(columns, rows, whole=True)]


def _task_numbers(row: pd.Series) -> list[str]:
    return [*(count(row[name]) for name in ("task", "chargers", "stations", "power_kw")), million(row["capex_cny"])]


def _cost(plan: Plan, lang: Lang) -> list[Block]:
    """What it costs to build, what of it the budget pays, and what the grid needs besides."""
    say = speaker(lang)
    sums, result = built(plan), plan.assessment
    budget = plan.scenario.siting.budget_cny
    spent = money(float(sums["capex_cny"]), lang)
    within = say(f"（预算 {money(budget, lang)}）", f" (budget {money(budget, lang)})") if budget is not None else ""
    items = [say(f"充电设施与站点开设：{spent}{within}。", f"Chargers and the opening of sites: {spent}{within}.")]
    if result.grid is not None:
        upgrade = money(float(result.grid.city["upgrade_cny"]), lang)
        items.append(
            say(
                f"开设费用以外的变压器：{upgrade}，不在预算之内。",
                f"Transformers beyond what openings pay for: {upgrade}, outside the budget.",
            )
        )
    each = float(sums["capex_cny"]) / float(sums["new_total"]) if sums["new_total"] else np.nan
    if np.isfinite(each):
        items.append(say(f"平均每台 {count(each)} 元。", f"CNY {count(each)} for each charger on average."))
    return [Heading(say("费用", "Cost")), Bullets(items)]


def _bought(plan: Plan, lang: Lang) -> list[Block]:
    """The plan beside networks made without an optimiser, with the same chargers."""
    say = speaker(lang)
    networks = plan.baselines
    if networks.empty:
        return []
    heads = [Column(clean(name), 1.2) for name in networks[f"name_{lang}"]]
    columns = [Column(say("指标", "figure"), 2.2, numbers=False), *heads]
    figures = plan.assessment.figures
    rows: list[list[str]] = [
        [
            str(figures.loc[name, f"word_{lang}"]),
            *(figure_text(float(value), str(figures.loc[name, "unit"]), lang) for value in networks[name]),
        ]
        for name in _COMPARED
    ]
    for name, headed in {
        "served_kwh_day": ("服务电量（kWh/日）", "served (kWh a day)"),
        "chargers": ("公共充电桩（台）", "public chargers"),
        "capex_cny": ("投资（百万元）", "investment (million CNY)"),
    }.items():
        texts = [million(v) if name == "capex_cny" else count(v) for v in networks[name].astype(float)]
        rows.append([say(*headed), *(NOT_KNOWN[lang] if text == "–" else text for text in texts)])
    found: list[Block] = [
        Heading(say("比一比：同样的桩，不同的布局", "What the plan buys: the same chargers, sited otherwise"))
    ]
    if words := _gain(plan, lang):
        found.append(Paragraph(words))
    return [*found, table(columns, rows, whole=True), _beside(plan, lang)]


def _beside(plan: Plan, lang: Lang) -> Picture:
    """Energy served by the plan and by the networks beside it."""
    networks = plan.baselines
    shows = speaker(lang)("各布局每日服务的电量（kWh/日）", "Energy served a day by each network (kWh a day)")
    values = networks["served_kwh_day"].astype(float)
    one = Series("", "", [*values], [count(value) for value in values])
    colours = [NETWORKS.get(str(key), OTHER_NETWORK) for key in networks.index]
    names = [clean(name) for name in networks[f"name_{lang}"]]
    return Picture(bars(names, [one], shows, colours=colours), shows, shows)


def _gain(plan: Plan, lang: Lang) -> str:
    """How much more the plan serves than the best of the simpler ones, and than shares by residents."""
    say = speaker(lang)
    served = plan.baselines["served_kwh_day"].astype(float)
    parts = []
    for name, words in _SIMPLER.items():
        if name in served and served[name] > 0:
            parts.append(_more(served["plan"] - served[name], float(served[name]), say(*words), lang))
    if not parts:
        return ""
    return say(f"本方案的服务电量{'，'.join(parts)}。", f"The plan serves {', and '.join(parts)}.")


def _more(more: float, served: float, than: str, lang: Lang) -> str:
    """So much more, or less, than another network serves."""
    say = speaker(lang)
    told, change = count(abs(more)), share(abs(more) / served, lang)
    if abs(more) < _SAME_KWH_DAY:
        return say(f"与{than}相同", f"as much as {than}")
    if more < 0:
        return say(f"比{than}少 {told} kWh/日（{change}）", f"{told} kWh a day ({change}) less than {than}")
    return say(f"比{than}多 {told} kWh/日（{change}）", f"{told} kWh a day ({change}) more than {than}")


def _years(plan: Plan, lang: Lang) -> list[Block]:
    """Year by year, where the plan has more than one."""
    years = plan.assessment.years
    if len(years) < 2:
        return []
    say = speaker(lang)
    columns = [
        Column(say("年份", "year"), 0.8, numbers=False),
        Column(say("新增（台）", "new chargers")),
        Column(say("新开站点", "sites opened")),
        Column(say("换电站", "swap stations")),
        Column(say("投资（百万元）", "million CNY")),
        Column(say("年末在用（台，有坐标）", "chargers standing (located)"), 1.3),
        Column(say("需求满足", "demand served")),
        Column(say("服务半径内居民", "residents within the norm"), 1.2),
    ]
    rows = [
        [
            year,
            *(count(row[name]) for name in ("chargers", "stations", "swap_stations")),
            million(row["capex_cny"]),
            count(row["chargers_standing"]),
            *(share(row[name], lang) for name in ("served_share", "within_norm_share")),
        ]
        for year, row in years.iterrows()
    ]
    return [Heading(say("分年度", "Year by year")), table(columns, rows, whole=True)]
