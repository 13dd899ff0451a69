"""How the plan was made, and how good it is known to be: value, bound and gap in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.report.document import Block, Bullets, Column, Heading, Lang, Paragraph, clean, speaker, table
from planner.report.numbers import count, gap, million

if TYPE_CHECKING:
    from planner.plan import Plan

_METHODS_ZH = {
    "Lagrangian duality": "拉格朗日对偶：按各项约束的价格，对全部站点重新计算上界",
    "branch and bound": "对整个整数规划分支定界",
    "linear relaxation": "整个整数规划的线性松弛",
}


def method(plan: Plan, lang: Lang) -> list[Block]:
    """The road from layers to figures, with the sizes of this plan."""
    say = speaker(lang)
    scenario, layers, sites = plan.scenario, plan.layers, plan.sites
    modelled = int(sites["modelled"].astype(bool).sum())
    public = float(plan.demand["public_kwh_day"].sum())
    siting = scenario.siting
    rule = say("恰好" if siting.quota_rule == "exactly" else "至多", siting.quota_rule.replace("_", " "))
    budget = say(
        f"预算 {million(siting.budget_cny)} 百万元", f"a budget of {million(siting.budget_cny)} million CNY"
    ) if siting.budget_cny is not None else say("无预算上限", "no budget")  # fmt: skip
    items = [
        say(
            f"需求：{len(scenario.fleets)} 类车队的用电量按服务与小时分配到 {len(layers.zones):,} 个网格，公共充电合计 "
            f"{count(public)} kWh/日（计量点）。",
            f"Demand: the energy of {len(scenario.fleets)} fleets, by service and hour, spread over "
            f"{len(layers.zones):,} zones; {count(public)} kWh of public charging a day, at the meter.",
        ),
        say(
            f"候选站点：{len(sites):,} 个，其中 {modelled:,} 个由道路生成（模型），其余为已知地点。",
            f"Candidate sites: {len(sites):,}, of which {modelled:,} are generated on streets (modelled), the others "
            "are known places.",
        ),
        say(
            "可达性：驾车沿道路计算路程，步行（慢充）按直线乘系数；超出可达距离的不计。",
            "Access: driven metres along streets, walked metres (slow charging) as the straight line times a factor; "
            "what is out of reach does not count.",
        ),
        say(
            f"选址：整数规划决定各站点各类桩数，{rule} {siting.quota:,} 台，{budget}；并遵守车位、电网余量、桩型比例、"
            f"最小站规模（{siting.min_station} 台）、区县任务与锁定站点。",
            f"Siting: an integer program decides the chargers of every type at every site: {rule} {siting.quota:,}, "
            f"{budget}, within bays, grid headroom, shares of types, the smallest station ({siting.min_station}), "
            "district tasks and locked sites.",
        ),
        say(
            "核对：方案写出之前，不依赖求解器，由各表重新核对每一条规则。",
            "Check: before the plan was written, every rule was derived again from the tables, without the solver.",
        ),
    ]
    return [Heading(say("方法", "Method"), 1), Bullets(items)]


def proof(plan: Plan, lang: Lang) -> list[Block]:
    """Value, bound, gap and how they are known; optimal is said only where it is proven."""
    say = speaker(lang)
    found = plan.proof
    if found.cost_cny is not None and found.cost_bound_cny is not None:
        rows = [
            (say("全寿命成本（百万元）", "cost over the chargers' life (million CNY)"), million(found.cost_cny)),
            (say("成本下界（百万元）", "lower bound of the cost (million CNY)"), million(found.cost_bound_cny)),
        ]
    else:
        rows = [
            (say("目标值（加权 kWh/日）", "value (weighted kWh a day)"), count(found.value_kwh_day)),
            (say("上界（加权 kWh/日）", "upper bound (weighted kWh a day)"), count(found.bound_kwh_day)),
        ]
    rows += [
        (say("差距", "gap"), gap(found.gap_share)),
        (say("证明方法", "how it is proven"), _method_words(found.method, lang)),
        (
            say("是否证明最优", "proven optimal"),
            say("是", "yes") if found.optimal else say("否，见差距", "no, see the gap"),
        ),
        (
            say("能否重现", "reproducible"),
            say("同样输入得到同样方案", "the same input gives the same plan")
            if found.reproducible
            else say("限时或中断得到，重算可能不同", "stopped by time or by hand: another run may differ"),
        ),
        (say("供需比", "tightness"), f"{found.tightness:,.2f}"),
        (
            say("承担 99 % 目标值的桩数", "chargers that carry 99 % of the value"),
            count(found.needed_chargers),
        ),
    ]
    columns = [Column(say("项目", "item"), 1.2, numbers=False), Column(say("结果", "result"), 2.0, numbers=False)]
    return [
        Heading(say("方案有多好，如何得知", "How good the plan is, and how that is known"), 2),
        *[Paragraph(text) for text in _plain_words(plan, lang)],
        table(columns, rows, whole=True),
    ]


def _plain_words(plan: Plan, lang: Lang) -> list[str]:
    say = speaker(lang)
    found, worth = plan.proof, plan.scenario.siting.edge_worth
    most = gap(found.gap_share)
    if found.optimal:
        ending = say(
            "求解器已算到底：在同样规则下没有更好的方案。",
            "The solver went to the end: no plan that keeps the same rules is better.",
        )
    else:
        ending = say(
            f"本方案可能就是最好的，也可能比最好的差，但至多差 {most}。",
            f"The plan may be the best one, or fall short of the best by {most} at most.",
        )
    if found.cost_cny is not None:
        return [
            say(
                f"方案以成本衡量：开设、设备与全寿命运营折现之和。下界是任何达到同样服务承诺的方案至少要花的钱。{ending}",
                "The plan is judged by its cost: openings, chargers and operation over their life at today's value. "
                f"The lower bound is what any plan with the same promised service must cost at least. {ending}",
            )
        ]
    return [
        say(
            f"方案以一个数衡量：每日服务的电量，每 kWh 按司机路程加权（在门口为 1，在可达距离边缘为 {worth:g}）。"
            f"上界是任何遵守同样规则的方案都不可能超过的数。{ending}",
            "The plan is judged by one number: the energy served a day, each kWh weighted by how far its driver goes "
            f"(1 at the door, {worth:g} at the limit of reach). No plan that keeps the same rules can be worth more "
            f"than the upper bound. {ending}",
        ),
        say(
            "这说的是模型。模型是否就是这座城市，取决于后面列出的假设。",
            "All this concerns the model. Whether the model is the city depends on the assumptions listed below.",
        ),
    ]


def _method_words(text: str, lang: Lang) -> str:
    zh = next((words for start, words in _METHODS_ZH.items() if text.startswith(start)), "")
    return clean(f"{zh}（{text}）" if lang == "zh" and zh else text)
