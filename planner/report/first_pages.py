"""The two pages for whoever decides: the city, four figures, tasks, cost, what the plan buys, and its years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from planner.assessment.figure_words import FOUR
from planner.report.charts import Bars, Series
from planner.report.city_picture import city_picture
from planner.report.document import (
    Block,
    Bullets,
    Card,
    Cards,
    Head,
    Heading,
    PageBreak,
    Paragraph,
    Picture,
    Row,
    Table,
    table,
)
from planner.report.names import area_name
from planner.report.palette import NETWORKS, OTHER_NETWORK
from planner.views import numbers
from planner.views.figures import FIGURE, PLAN, TODAY, shown_figures
from planner.views.tasks import SUM
from planner.words import COLON, COMMA, FULL_STOP, LIST_COMMA, NO_TEXT, NOTICE, Text, joined, same, text_in

if TYPE_CHECKING:
    import pandas as pd

    from planner.plan import Plan

_MEANINGS = {
    "well_distributed": Text(
        zh="所在网格在本圈层服务半径（直线）内有充电桩的居民占比",
        en="residents with a charger within the norm radius of their ring, straight line",
    ),
    "completely_equipped": Text(
        zh="应配建的公共机构中有充电桩的占比", en="institutions that must be equipped and have chargers"
    ),
    "convenient": Text(
        zh="九成需求（未服务的计为超出可达范围）到充电站的路程不超过此数",
        en="nine tenths of the demand have no farther to go; what is not served counts as beyond reach",
    ),
    "basically_meets": Text(
        zh="公共充电需求电量中得到服务的占比", en="share of the energy of all public charging that is served"
    ),
}
_SIMPLER = {
    "proportional": Text(zh="按人口分配同样的桩", en="the same chargers shared out by residents"),
    "greedy": Text(zh="逐站取最大增益（贪心法）", en="stations put where each gains most (greedy)"),
}
_SAME_KWH_DAY = 0.5


def first_pages(plan: Plan) -> list[Block]:
    """Everything up to the method."""
    return [
        Paragraph(_in_short(plan)),
        city_picture(plan),
        _cards(plan),
        *_notes(plan),
        PageBreak(),
        *_tasks(plan),
        *_cost(plan),
        *_bought(plan),
        *_years(plan),
        Paragraph(joined([NOTICE, FULL_STOP], NO_TEXT), "note"),
    ]


def built(plan: Plan) -> pd.Series:
    """Sums of the chosen sites: new_total, new_swap, power_kw, capex_cny."""
    return plan.assessment.sites[["new_total", "new_swap", "power_kw", "capex_cny"]].sum()


def _in_short(plan: Plan) -> Text:
    sums = built(plan)
    meets = plan.assessment.figures.loc["basically_meets", ["today", "plan"]].astype(float).to_dict()
    swap = Text(zh="、换电站 {n} 座", en=" and {n} swap stations").fill(n=numbers.count(sums["new_swap"]))
    return Text(
        zh="到 {year} 年末，新增公共充电桩 {chargers} 台{swap}，分布于 {sites} 个站点，投资 {cost}；"
        "公共充电需求的满足比例由 {before} 提高到 {after}。{quality}",
        en="By the end of {year} {chargers} new public chargers{swap} at {sites} sites, for {cost}. The share of the "
        "public charging demand that is served goes from {before} to {after}. {quality}",
    ).fill(
        year=plan.scenario.year,
        chargers=numbers.count(sums["new_total"]),
        swap=swap if sums["new_swap"] else NO_TEXT,
        sites=numbers.count(len(plan.assessment.sites)),
        cost=numbers.money(float(sums["capex_cny"])),
        before=numbers.share(meets["today"]),
        after=numbers.share(meets["plan"]),
        quality=_quality(plan),
    )


def _quality(plan: Plan) -> Text:
    """How good the plan is known to be, in one sentence."""
    if plan.proof.optimal:
        return Text(
            zh="在同样规则下，已证明没有更好的方案。", en="No plan that keeps the same rules is better: this is proven."
        )
    most = numbers.gap(plan.proof.gap_share)
    if plan.proof.cost_cny is not None:
        return Text(
            zh="在同样规则下，任何方案的成本至多低 {most}（已证明）。",
            en="No plan that keeps the same rules is more than {most} cheaper: this is proven.",
        ).fill(most=most)
    return Text(
        zh="在同样规则下，本方案至多比最好的方案差 {most}（已证明）。",
        en="It falls short of the best plan that keeps the same rules by {most} at most: this is proven.",
    ).fill(most=most)


def _cards(plan: Plan) -> Cards:
    figures = shown_figures(plan.assessment.figures)
    return Cards([Card(one.word, _MEANINGS[one.key], one.today, one.plan) for one in figures], TODAY, PLAN)


def _notes(plan: Plan) -> list[Block]:
    """What the figures' own notes add, each once, with the figures that it is about."""
    about: dict[Text, list[Text]] = {}
    for one in shown_figures(plan.assessment.figures):
        if one.note:
            about.setdefault(one.note, []).append(one.word)
    told = [
        joined([joined([joined(words, LIST_COMMA), note], COLON), FULL_STOP], NO_TEXT) for note, words in about.items()
    ]
    return [Paragraph(joined(told, Text(zh="", en=" ")), "note")] if told else []


def _tasks(plan: Plan) -> list[Block]:
    tasks = plan.assessment.tasks
    columns = [
        Head(Text(zh="任务单元", en="task unit"), 2.6, numbers=False),
        Head(Text(zh="任务（台）", en="task (chargers)"), 1.3),
        Head(Text(zh="规划（台）", en="plan (chargers)"), 1.2),
        Head(Text(zh="站点", en="sites"), 0.9),
        Head(Text(zh="功率（kW）", en="power (kW)"), 1.3),
        Head(Text(zh="投资（百万元）", en="million CNY"), 1.7),
        Head(Text(zh="备注", en="note"), 2.5, numbers=False),
    ]
    rows = []
    for unit, row in tasks.iterrows():
        short = int(row["shortfall"])
        missing = Text(zh="缺 {n} 台", en="{n} short").fill(n=numbers.count(short)) if short else NO_TEXT
        note = text_in(row, "note") or missing
        rows.append(Row([area_name(plan, str(unit)), *_task_numbers(row), note]))
    rows.append(Row([SUM, *_task_numbers(tasks.sum(numeric_only=True)), NO_TEXT], "sum"))
    return [Heading(Text(zh="区县任务分解", en="District tasks")), Table(columns, rows, whole=True)]


def _task_numbers(row: pd.Series) -> list[Text]:
    counts = (numbers.count(row[name]) for name in ("task", "chargers", "stations", "power_kw"))
    return [*counts, numbers.million(row["capex_cny"])]


def _cost(plan: Plan) -> list[Block]:
    """What it costs to build, what of it the budget pays, and what the grid needs besides."""
    sums, result = built(plan), plan.assessment
    budget = plan.scenario.siting.budget_cny
    within = Text(zh="（预算 {budget}）", en=" (budget {budget})")
    spent = Text(zh="充电设施与站点开设：{spent}{within}。", en="Chargers and the opening of sites: {spent}{within}.")
    items = [
        spent.fill(
            spent=numbers.money(float(sums["capex_cny"])),
            within=NO_TEXT if budget is None else within.fill(budget=numbers.money(budget)),
        )
    ]
    if result.grid is not None:
        upgrade = Text(
            zh="开设费用以外的变压器：{upgrade}，不在预算之内。",
            en="Transformers beyond what openings pay for: {upgrade}, outside the budget.",
        )
        items.append(upgrade.fill(upgrade=numbers.money(float(result.grid.city["upgrade_cny"]))))
    each = float(sums["capex_cny"]) / float(sums["new_total"]) if sums["new_total"] else np.nan
    if np.isfinite(each):
        mean = Text(zh="平均每台 {each} 元。", en="CNY {each} for each charger on average.")
        items.append(mean.fill(each=numbers.count(each)))
    return [Heading(Text(zh="费用", en="Cost")), Bullets(items)]


def _bought(plan: Plan) -> list[Block]:
    """The plan beside networks made without an optimiser, with the same chargers."""
    networks = plan.baselines
    if networks.empty:
        return []
    heads = [Head(text_in(network, "name"), 1.2) for _, network in networks.iterrows()]
    found: list[Block] = [
        Heading(Text(zh="比一比：同样的桩，不同的布局", en="What the plan buys: the same chargers, sited otherwise"))
    ]
    if words := _gain(plan):
        found.append(Paragraph(words))
    rows = [*_compared_figures(plan), *_compared_sums(networks)]
    return [*found, table([Head.of(FIGURE, 2.2), *heads], rows, whole=True), _beside(plan)]


def _compared_figures(plan: Plan) -> list[list[Text]]:
    figures, networks = plan.assessment.figures.to_dict("index"), plan.baselines
    return [
        [
            text_in(figures[name], "word"),
            *(numbers.figure(float(value), str(figures[name]["unit"])) for value in networks[name]),
        ]
        for name in FOUR
    ]


def _compared_sums(networks: pd.DataFrame) -> list[list[Text]]:
    rows = (
        ("served_kwh_day", numbers.count, Text(zh="服务电量（kWh/日）", en="served (kWh a day)")),
        ("chargers", numbers.count, Text(zh="公共充电桩（台）", en="public chargers")),
        ("capex_cny", numbers.million, Text(zh="投资（百万元）", en="investment (million CNY)")),
    )
    return [
        [words, *(write(v) if np.isfinite(v) else numbers.UNKNOWN for v in networks[name].astype(float))]
        for name, write, words in rows
    ]


def _beside(plan: Plan) -> Picture:
    """Energy served by the plan and by the networks beside it."""
    networks = plan.baselines
    shows = Text(zh="各布局每日服务的电量（kWh/日）", en="Energy served a day by each network (kWh a day)")
    values = networks["served_kwh_day"].astype(float)
    one = Series(NO_TEXT, "", [*values], [numbers.count(value) for value in values])
    colours = [NETWORKS.get(str(key), OTHER_NETWORK) for key in networks.index]
    names = [text_in(network, "name") for _, network in networks.iterrows()]
    return Picture(Bars(names=names, series=[one], shows=shows, colours=colours), shows, shows)


def _gain(plan: Plan) -> Text:
    """How much more the plan serves than the best of the simpler ones, and than shares by residents."""
    served = plan.baselines["served_kwh_day"].astype(float)
    parts = [
        _more(served["plan"] - served[name], float(served[name]), words)
        for name, words in _SIMPLER.items()
        if name in served and served[name] > 0
    ]
    if not parts:
        return NO_TEXT
    every = Text(zh=COMMA.zh, en=", and ")
    return Text(zh="本方案的服务电量{parts}。", en="The plan serves {parts}.").fill(parts=joined(parts, every))


def _more(more: float, served: float, than: Text) -> Text:
    """So much more, or less, than another network serves."""
    if abs(more) < _SAME_KWH_DAY:
        return Text(zh="与{than}相同", en="as much as {than}").fill(than=than)
    less = Text(zh="比{than}少 {told} kWh/日（{change}）", en="{told} kWh a day ({change}) less than {than}")
    gain = Text(zh="比{than}多 {told} kWh/日（{change}）", en="{told} kWh a day ({change}) more than {than}")
    told, change = numbers.count(abs(more)), numbers.share(abs(more) / served)
    return (less if more < 0 else gain).fill(than=than, told=told, change=change)


def _years(plan: Plan) -> list[Block]:
    """Year by year, where the plan has more than one."""
    years = plan.assessment.years
    if len(years) < 2:
        return []
    columns = [
        Head(Text(zh="年份", en="year"), 0.8, numbers=False),
        Head(Text(zh="新增（台）", en="new chargers")),
        Head(Text(zh="新开站点", en="sites opened")),
        Head(Text(zh="换电站", en="swap stations")),
        Head(Text(zh="投资（百万元）", en="million CNY")),
        Head(Text(zh="年末在用（台，有坐标）", en="chargers standing (located)"), 1.3),
        Head(Text(zh="需求满足", en="demand served")),
        Head(Text(zh="服务半径内居民", en="residents within the norm"), 1.2),
    ]
    rows = [[same(year), *_year_numbers(row)] for year, row in years.iterrows()]
    return [Heading(Text(zh="分年度", en="Year by year")), table(columns, rows, whole=True)]


def _year_numbers(row: Any) -> list[Text]:
    return [
        *(numbers.count(row[name]) for name in ("chargers", "stations", "swap_stations")),
        numbers.million(row["capex_cny"]),
        numbers.count(row["chargers_standing"]),
        *(numbers.share(row[name]) for name in ("served_share", "within_norm_share")),
    ]
