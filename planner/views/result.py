"""What a plan builds, what it is worth and how good it is known to be."""

from __future__ import annotations

import numpy as np

from planner.assessment import pooling_gain
from planner.plan import Plan
from planner.siting import Proof
from planner.views import numbers
from planner.views.table import Item, Table, item_table
from planner.words import NO_TEXT, Text, same

_TITLE = Text(zh="方案", en="plan")
_MOST_TIGHTNESS = 1.2


def result_table(plan: Plan) -> Table:
    """The plan in single figures."""
    return item_table(_TITLE, [*built_items(plan), *value_items(plan.proof), *_rest(plan)])


def built_items(plan: Plan) -> list[Item]:
    """What is built, and for how much."""
    sites = plan.assessment.sites
    return [
        Item(
            key="chargers",
            words=Text(zh="新增充电桩（台）", en="new chargers"),
            value=numbers.count(sites["new_total"].sum()),
        ),
        Item(
            key="swap_stations",
            words=Text(zh="新增换电站", en="new swap stations"),
            value=numbers.count(sites["new_swap"].sum()),
        ),
        Item(
            key="stations",
            words=Text(zh="有新增设施的站点", en="sites with new chargers"),
            value=numbers.count(len(sites)),
        ),
        Item(
            key="capex_cny",
            words=Text(zh="投资（百万元）", en="investment (million CNY)"),
            value=numbers.million(sites["capex_cny"].sum()),
        ),
    ]


def value_items(proof: Proof) -> list[Item]:
    """What the plan is worth, or costs, and how much better any other can be."""
    if proof.cost_cny is None or proof.cost_bound_cny is None:
        return [
            Item(
                key="value_kwh_day",
                words=Text(zh="目标值（加权 kWh/日）", en="value (weighted kWh/day)"),
                value=numbers.count(proof.value_kwh_day),
            ),
            Item(
                key="bound_kwh_day",
                words=Text(zh="上界（加权 kWh/日）", en="upper bound (weighted kWh/day)"),
                value=numbers.count(proof.bound_kwh_day),
            ),
        ]
    return [
        Item(
            key="served_kwh_day",
            words=Text(zh="服务电量（kWh/日）", en="served (kWh/day)"),
            value=numbers.count(proof.value_kwh_day),
        ),
        Item(
            key="cost_cny",
            words=Text(zh="全寿命成本（百万元）", en="lifetime cost (million CNY)"),
            value=numbers.fine_million(proof.cost_cny),
        ),
        Item(
            key="cost_bound_cny",
            words=Text(zh="成本下界（百万元）", en="lower bound of the cost (million CNY)"),
            value=numbers.fine_million(proof.cost_bound_cny),
        ),
    ]


def _rest(plan: Plan) -> list[Item]:
    proof = plan.proof
    optimal = (
        Text(zh="已证最优", en="proven optimal") if proof.optimal else Text(zh="尚未证明最优", en="not proven optimal")
    )
    gap = Text(zh="{gap}，{optimal}", en="{gap}, {optimal}").fill(gap=numbers.gap(proof.gap_share), optimal=optimal)
    return [
        Item(key="gap_share", words=Text(zh="差距", en="gap"), value=gap),
        Item(key="tightness", words=Text(zh="供需比 tightness", en="tightness"), value=numbers.ratio(proof.tightness)),
        *_pooling_items(plan),
        Item(
            key="needed_chargers",
            words=Text(zh="承担 99 % 目标值的台数", en="chargers that carry 99 % of the value"),
            value=numbers.count(proof.needed_chargers),
        ),
    ]


def _pooling_items(plan: Plan) -> list[Item]:
    """What the new chargers carry at the promised wait, and what pooling gained; nothing without a promise."""
    if plan.scenario.waiting is None:
        return []
    gain = pooling_gain(plan.assessment.types)
    known = not np.isnan(gain["gained_share"])
    share = same(" ({share})").fill(share=numbers.signed_share(gain["gained_share"])) if known else NO_TEXT
    return [
        Item(
            key="carried_kwh_day",
            words=Text(
                zh="新增设施在承诺等待下可供电量（kWh/日）",
                en="the new chargers can carry at the promised wait (kWh/day)",
            ),
            value=numbers.count(gain["carried_kwh_day"]),
        ),
        Item(
            key="gained_kwh_day",
            words=Text(
                zh="其中因并站排队较固定单桩电量增加", en="of it gained by pooling over a fixed energy per charger"
            ),
            value=same("{kwh}{share}").fill(
                kwh=numbers.signed_count(gain["gained_kwh_day"]),
                share=NO_TEXT if np.isnan(gain["gained_share"]) else share,
            ),
        ),
    ]


def tightness_warning(plan: Plan) -> Text | None:
    """What to say where the new chargers outnumber the demand."""
    if plan.proof.tightness <= _MOST_TIGHTNESS:
        return None
    return Text(
        zh="警告：新增充电桩的供电能力是可达需求的 {tightness} 倍，{needed} 台即可承担 99 % 的目标值；"
        "请减少总量或检查需求假设",
        en="warning: the new chargers can carry {tightness} times the demand they can reach; {needed} of them carry "
        "99 % of the value; lower the quota or check the demand assumptions",
    ).fill(tightness=numbers.ratio(plan.proof.tightness), needed=numbers.count(plan.proof.needed_chargers))
