"""The two pages for whoever decides: the city, four figures, tasks, cost, what the plan buys, and its years."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.assessment.figure_words import FOUR
from planner.report.charts import Bars, Series
from planner.report.city_picture import city_picture
from planner.report.document import (
    Block,
    Bullets,
    Card,
    Cards,
    Heading,
    PageBreak,
    Paragraph,
    Picture,
    placed,
)
from planner.views import numbers
from planner.views.baselines import baseline_table
from planner.views.figures import PLAN, TODAY, shown_figures
from planner.views.palette import NETWORKS, OTHER_NETWORK
from planner.views.result import built
from planner.views.tasks import task_table
from planner.views.years import year_table
from planner.words import COLON, COMMA, FULL_STOP, LIST_COMMA, NO_TEXT, NOTICE, Text, joined, text_in

if TYPE_CHECKING:
    from planner.plan import Plan

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


def _in_short(plan: Plan) -> Text:
    sums = built(plan.assessment.sites)
    meets = plan.assessment.figures.loc["basically_meets", ["today", "plan"]].astype(float).to_dict()
    swap = Text(zh="、换电站 {n} 座", en=" and {n} swap stations").fill(n=numbers.count(sums["swap_stations"]))
    return Text(
        zh="到 {year} 年末，新建公共充电桩 {chargers} 台{swap}，分布于 {sites} 个站点，投资 {cost}；"
        "公共充电需求的满足比例由 {before} 提高到 {after}。{quality}",
        en="By the end of {year} {chargers} new public chargers{swap} at {sites} sites, for {cost}. The share of the "
        "public charging demand that is served goes from {before} to {after}. {quality}",
    ).fill(
        year=plan.scenario.year,
        chargers=numbers.count(sums["chargers"]),
        swap=swap if sums["swap_stations"] else NO_TEXT,
        sites=numbers.count(sums["stations"]),
        cost=numbers.money(sums["capex_cny"]),
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
    return Cards([Card(one.word, FOUR[one.key].definition, one.today, one.plan) for one in figures], TODAY, PLAN)


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
    widths = (2.6, 1.2, 1.3, 0.9, 1.4, 1.7, 2.4)
    return [Heading(Text(zh="区县任务分解", en="District tasks")), placed(task_table(plan), widths, whole=True)]


def _cost(plan: Plan) -> list[Block]:
    """What it costs to build, what of it the budget pays, and what the grid needs besides."""
    sums, result = built(plan.assessment.sites), plan.assessment
    budget = plan.scenario.siting.budget_cny
    within = Text(zh="（预算 {budget}）", en=" (budget {budget})")
    spent = Text(zh="充电设施与站点开设：{spent}{within}。", en="Chargers and the opening of sites: {spent}{within}.")
    items = [
        spent.fill(
            spent=numbers.money(sums["capex_cny"]),
            within=NO_TEXT if budget is None else within.fill(budget=numbers.money(budget)),
        )
    ]
    if result.grid is not None:
        upgrade = Text(
            zh="开设费用以外的变压器：{upgrade}，不在预算之内。",
            en="Transformers beyond what openings pay for: {upgrade}, outside the budget.",
        )
        items.append(upgrade.fill(upgrade=numbers.money(float(result.grid.city["upgrade_cny"]))))
    if sums["chargers"]:
        mean = Text(zh="平均每台 {each}。", en="{each} for each charger on average.")
        items.append(mean.fill(each=numbers.yuan(sums["capex_cny"] / sums["chargers"])))
    return [Heading(Text(zh="费用", en="Cost")), Bullets(items)]


def _bought(plan: Plan) -> list[Block]:
    """The plan beside networks made without an optimiser, with the same chargers."""
    networks = plan.baselines
    if networks.empty:
        return []
    found: list[Block] = [
        Heading(Text(zh="比一比：同样的桩，不同的布局", en="What the plan buys: the same chargers, sited otherwise"))
    ]
    if words := _gain(plan):
        found.append(Paragraph(words))
    widths = (2.2, *[1.2] * len(networks))
    return [*found, placed(baseline_table(networks), widths, whole=True), _beside(plan)]


def _beside(plan: Plan) -> Picture:
    """Energy served by the plan and by the networks beside it."""
    networks = plan.baselines
    shows = Text(zh="各布局服务电量（kWh/日）", en="Energy served by each network (kWh/day)")
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
    less = Text(zh="比{than}少 {told} kWh/日（{change}）", en="{told} kWh/day ({change}) less than {than}")
    gain = Text(zh="比{than}多 {told} kWh/日（{change}）", en="{told} kWh/day ({change}) more than {than}")
    told, change = numbers.count(abs(more)), numbers.share(abs(more) / served)
    return (less if more < 0 else gain).fill(than=than, told=told, change=change)


def _years(plan: Plan) -> list[Block]:
    """Year by year, where the plan has more than one."""
    shown = year_table(plan)
    if shown is None:
        return []
    widths = (0.8, 1, 0.8, 1.1, 1.2, 1.3, 1.4, 1, 1.3)
    return [Heading(Text(zh="分年度", en="Year by year")), placed(shown, widths, whole=True)]
