"""How the plan was made, and how good it is known to be: value, bound and gap in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.report.document import Block, Bullets, Head, Heading, Paragraph, table
from planner.views import numbers
from planner.views.result import GAP, NEEDED, TIGHTNESS, value_items
from planner.views.table import ITEM, RESULT, Item, item
from planner.words import Text, same

if TYPE_CHECKING:
    from planner.plan import Plan

_METHODS_ZH = {
    "Lagrangian duality": "拉格朗日对偶：按各项约束的价格，对全部站点重新计算上界",
    "branch and bound": "对整个整数规划分支定界",
    "linear relaxation": "整个整数规划的线性松弛",
}


def method(plan: Plan) -> list[Block]:
    """The road from layers to figures, with the sizes of this plan."""
    scenario, sites = plan.scenario, plan.sites
    demand = Text(
        zh="需求：{fleets} 类车队的用电量按服务与小时分配到 {zones} 个网格，公共充电合计 {public} kWh/日（计量点）。",
        en="Demand: the energy of {fleets} fleets, by service and hour, spread over {zones} zones; {public} kWh/day of "
        "public charging, at the meter.",
    ).fill(
        fleets=len(scenario.fleets),
        zones=numbers.count(len(plan.layers.zones)),
        public=numbers.count(float(plan.demand["public_kwh_day"].sum())),
    )
    candidates = Text(
        zh="候选站点：{sites} 个，其中 {modelled} 个由道路生成（模型），其余为已知地点。",
        en="Candidate sites: {sites}, of which {modelled} are generated on streets (modelled), the others are known "
        "places.",
    ).fill(sites=numbers.count(len(sites)), modelled=numbers.count(int(sites["modelled"].astype(bool).sum())))
    access = Text(
        zh="可达性：驾车沿道路计算路程，步行（慢充）按直线乘系数；超出可达距离的不计。",
        en="Access: driven metres along streets, walked metres (slow charging) as the straight line times a factor; "
        "what is out of reach does not count.",
    )
    check = Text(
        zh="核对：方案写出之前，不依赖求解器，由各表重新核对每一条规则。",
        en="Check: before the plan was written, every rule was derived again from the tables, without the solver.",
    )
    items = [demand, candidates, access, _siting(plan), check]
    return [Heading(Text(zh="方法", en="Method"), 1), Bullets(items)]


def _siting(plan: Plan) -> Text:
    """What siting was asked to keep."""
    siting = plan.scenario.siting
    rule = Text(zh="恰好" if siting.quota_rule == "exactly" else "至多", en=siting.quota_rule.replace("_", " "))
    budget = Text(zh="无预算上限", en="no budget")
    if siting.budget_cny is not None:
        budget = Text(zh="预算 {budget}", en="a budget of {budget}").fill(budget=numbers.money(siting.budget_cny))
    return Text(
        zh="选址：整数规划决定各站点各类桩数，{rule} {quota} 台，{budget}；并遵守车位、电网余量、桩型比例、"
        "最小站规模（{least} 台）、区县任务与锁定站点。",
        en="Siting: an integer program decides the chargers of every type at every site: {rule} {quota}, {budget}, "
        "within bays, grid headroom, shares of types, the smallest station ({least}), district tasks and locked sites.",
    ).fill(rule=rule, quota=numbers.count(siting.quota), budget=budget, least=siting.min_station)


def proof(plan: Plan) -> list[Block]:
    """Value, bound, gap and how they are known; optimal is said only where it is proven."""
    found = plan.proof
    optimal = Text(zh="是", en="yes") if found.optimal else Text(zh="否，见差距", en="no, see the gap")
    reproducible = Text(zh="同样输入得到同样方案", en="the same input gives the same plan")
    if not found.reproducible:
        reproducible = Text(zh="限时或中断得到，重算可能不同", en="stopped by time or by hand: another run may differ")
    items = [
        *value_items(found),
        item(GAP, found.gap_share),
        Item(key="method", words=Text(zh="证明方法", en="how it is proven"), value=_method_words(found.method)),
        Item(key="optimal", words=Text(zh="是否证明最优", en="proven optimal"), value=optimal),
        Item(key="reproducible", words=Text(zh="能否重现", en="reproducible"), value=reproducible),
        item(TIGHTNESS, found.tightness),
        item(NEEDED, found.needed_chargers),
    ]
    columns = [Head.of(ITEM, 1.2), Head(RESULT.words, 2.0, numbers=False)]
    return [
        Heading(Text(zh="方案有多好，如何得知", en="How good the plan is, and how that is known"), 2),
        *[Paragraph(text) for text in _plain_words(plan)],
        table(columns, [[one.words, one.value] for one in items], whole=True),
    ]


def _plain_words(plan: Plan) -> list[Text]:
    found = plan.proof
    ending = Text(
        zh="求解器已算到底：在同样规则下没有更好的方案。",
        en="The solver went to the end: no plan that keeps the same rules is better.",
    )
    if not found.optimal:
        ending = Text(
            zh="本方案可能就是最好的，也可能比最好的差，但至多差 {most}。",
            en="The plan may be the best one, or fall short of the best by {most} at most.",
        ).fill(most=numbers.gap(found.gap_share))
    if found.cost_cny is not None:
        cost = Text(
            zh="方案以成本衡量：开设、设备与全寿命运营折现之和。下界是任何达到同样服务承诺的方案至少要花的钱。{ending}",
            en="The plan is judged by its cost: openings, chargers and operation over their life at today's value. "
            "The lower bound is what any plan with the same promised service must cost at least. {ending}",
        )
        return [cost.fill(ending=ending)]
    value = Text(
        zh="方案以一个数衡量：每日服务的电量，每 kWh 按司机路程加权（在门口为 1，在可达距离边缘为 {worth}）。"
        "上界是任何遵守同样规则的方案都不可能超过的数。{ending}",
        en="The plan is judged by one number: the energy served a day, each kWh weighted by how far its driver goes "
        "(1 at the door, {worth} at the limit of reach). No plan that keeps the same rules can be worth more than the "
        "upper bound. {ending}",
    )
    model = Text(
        zh="这说的是模型。模型是否就是这座城市，取决于后面列出的假设。",
        en="All this concerns the model. Whether the model is the city depends on the assumptions listed below.",
    )
    return [value.fill(worth=numbers.plain(plan.scenario.siting.edge_worth), ending=ending), model]


def _method_words(text: str) -> Text:
    zh = next((words for start, words in _METHODS_ZH.items() if text.startswith(start)), "")
    return Text(zh=f"{zh}（{text}）", en=text) if zh else same(text)
