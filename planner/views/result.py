"""What a plan builds, what it is worth and how good it is known to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.assessment import pooling_gain
from planner.views import numbers
from planner.views.columns import COLUMNS
from planner.views.table import Column, Item, Table, item, item_table
from planner.words import NO_TEXT, Text, same

if TYPE_CHECKING:
    from planner.plan import Plan
    from planner.siting import Proof

_MOST_TIGHTNESS = 1.2
GAP = Column(key="gap_share", words=Text(zh="差距", en="gap"), write=numbers.gap)
SERVED = COLUMNS["served_kwh_day"]
COST = Column(
    key="cost_cny",
    words=Text(zh="全寿命成本", en="lifetime cost"),
    unit=numbers.CNY,
    shown=numbers.MILLIONS,
    write=numbers.millions,
)
COST_BOUND = Column(
    key="cost_bound_cny",
    words=Text(zh="成本下界", en="lower bound of the cost"),
    unit=numbers.CNY,
    shown=numbers.MILLIONS,
    write=numbers.millions,
)
TIGHTNESS = Column(key="tightness", words=Text(zh="供需比", en="tightness"), write=numbers.ratio)
NEEDED = Column(
    key="needed_chargers",
    words=Text(zh="承担 99 % 目标值的桩数", en="chargers that carry 99 % of the value"),
    unit=numbers.CHARGERS,
    write=numbers.count,
)
_BUILT = ("chargers", "swap_stations", "stations", "power_kw", "capex_cny")
_CARRIED = Column(
    key="carried_kwh_day",
    words=Text(zh="新建设施在承诺等待下可供电量", en="the new chargers can carry at the promised wait"),
    unit=numbers.KWH_DAY,
    write=numbers.count,
)
_GAINED = Text(
    zh="其中因并站排队较固定单桩电量增加（kWh/日）",
    en="of it gained by pooling over a fixed energy per charger (kWh/day)",
)
_OPTIMAL = Text(zh="已证最优", en="proven optimal")
_NOT_OPTIMAL = Text(zh="尚未证明最优", en="not proven optimal")


def built(sites: pd.DataFrame) -> dict[str, float]:
    """What the chosen sites of an assessment build together: chargers, swap_stations, stations, power_kw, capex_cny."""
    names = {"new_total": "chargers", "new_swap": "swap_stations", "power_kw": "power_kw", "capex_cny": "capex_cny"}
    return {new: float(sites[old].sum()) for old, new in names.items()} | {"stations": float(len(sites))}


def built_items(sums: Mapping[str, Any]) -> list[Item]:
    """What is built, and for how much."""
    named = {"stations": Text(zh="有新建设施的站点", en="sites with new chargers")}
    return [item(COLUMNS[key], sums[key], named.get(key)) for key in _BUILT]


def value_items(proof: Proof) -> list[Item]:
    """What the plan is worth, or costs, and how much better any other can be."""
    if proof.cost_cny is None or proof.cost_bound_cny is None:
        return [
            item(COLUMNS["value_kwh_day"], proof.value_kwh_day),
            item(COLUMNS["bound_kwh_day"], proof.bound_kwh_day),
        ]
    return [item(SERVED, proof.value_kwh_day), item(COST, proof.cost_cny), item(COST_BOUND, proof.cost_bound_cny)]


def proven(proof: Proof) -> Text:
    """How good the plan is known to be, in a few words."""
    if proof.optimal:
        return Text(zh="已证明为最优方案", en="proven optimal")
    words = Text(zh="已证明与最优相差不超过 {gap}", en="proven within {gap} of the best possible")
    return words.fill(gap=numbers.gap(proof.gap_share))


def result_table(plan: Plan) -> Table:
    """The plan in single figures."""
    proof = plan.proof
    gap = Text(zh="{gap}，{optimal}", en="{gap}, {optimal}").fill(
        gap=numbers.gap(proof.gap_share), optimal=_OPTIMAL if proof.optimal else _NOT_OPTIMAL
    )
    items = [
        *built_items(built(plan.assessment.sites)),
        *value_items(proof),
        Item(key=GAP.key, words=GAP.words, value=gap),
        item(TIGHTNESS, proof.tightness),
        *_pooling_items(plan),
        item(NEEDED, proof.needed_chargers),
    ]
    return item_table(Text(zh="方案", en="plan"), items)


def _pooling_items(plan: Plan) -> list[Item]:
    """What the new chargers carry at the promised wait, and what pooling gained; nothing without a promise."""
    if plan.scenario.waiting is None:
        return []
    gain = pooling_gain(plan.assessment.types)
    share = NO_TEXT
    if not np.isnan(gain["gained_share"]):
        share = Text(zh="（{share}）", en=" ({share})").fill(share=numbers.signed_share(gain["gained_share"]))
    gained = same("{kwh}{share}").fill(kwh=numbers.signed_count(gain["gained_kwh_day"]), share=share)
    return [
        item(_CARRIED, gain["carried_kwh_day"]),
        Item(key="gained_kwh_day", words=_GAINED, value=gained),
    ]


def tightness_warning(plan: Plan) -> Text | None:
    """What to say where the new chargers outnumber the demand."""
    if plan.proof.tightness <= _MOST_TIGHTNESS:
        return None
    return Text(
        zh="警告：新建充电桩的供电能力是可达需求的 {tightness} 倍，{needed} 台即可承担 99 % 的目标值；"
        "请减少总量或检查需求假设",
        en="warning: the new chargers can carry {tightness} times the demand they can reach; {needed} of them carry "
        "99 % of the value; lower the quota or check the demand assumptions",
    ).fill(tightness=numbers.ratio(plan.proof.tightness), needed=numbers.count(plan.proof.needed_chargers))
