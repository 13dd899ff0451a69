"""Grid, money and emissions of a plan in single figures, as far as its scenario asks for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.assessment.emissions import ENDS
from planner.demand.years import DAYS_A_YEAR
from planner.views import numbers
from planner.views.areas import area_name
from planner.views.table import Column, Item, Table, item, item_table
from planner.words import Text, same, text_in, text_of

if TYPE_CHECKING:
    from planner.assessment import Assessment
    from planner.assessment.grid import Grid
    from planner.assessment.money import Money
    from planner.plan import Plan
    from planner.scenario import Scenario

_TITLE = Text(zh="电网、资金与排放", en="grid, money and emissions")


def _power(key: str, words: Text) -> Column:
    return Column(key=key, words=words, unit=numbers.KW, write=numbers.count)


def _money(key: str, words: Text) -> Column:
    return Column(key=key, words=words, unit=numbers.CNY, shown=numbers.MILLIONS, write=numbers.millions)


CONNECTED = _power("connected_kw", Text(zh="接入功率", en="connected power"))
COINCIDENT = _power("coincident_kw", Text(zh="计同时系数的功率", en="coincident power"))
PEAK = _power("peak_kw", Text(zh="小时负荷峰值", en="peak of the load by hour"))
HEADROOM = _power("headroom_kw", Text(zh="余量", en="headroom"))
TRANSFORMERS = Column(
    key="transformers", words=Text(zh="新增变压器", en="transformers"), unit=numbers.CHARGERS, write=numbers.count
)
TOTAL_KVA = Column(
    key="total_kva", words=Text(zh="变压器容量", en="their capacity"), unit=numbers.KVA, write=numbers.count
)
TRANSFORMER_COST = _money("transformer_cny", Text(zh="变压器投资", en="cost of the transformers"))
UPGRADE_COST = _money("upgrade_cny", Text(zh="电网改造（开设费用以外）", en="grid upgrade beyond openings"))
USED = Column(key="headroom_used_share", words=Text(zh="余量占用", en="headroom used"), write=numbers.share)
FULLEST = Text(zh="余量占用最高的组", en="group with the fullest headroom")

GRID_COLUMNS = (COINCIDENT, HEADROOM, USED, PEAK, TRANSFORMERS, TOTAL_KVA, UPGRADE_COST)
"""Of a feeder group or district."""

CHARGER_COST = _money("chargers_cny", Text(zh="充电设备", en="chargers"))
OPENING_COST = _money("opening_cny", Text(zh="站点开设", en="opening of sites"))
WHOLE_COST = _money("capex_cny", Text(zh="投资合计，含电网改造", en="investment with the grid upgrade"))
INCOME = _money(
    "income_cny_year", Text(zh="年服务费收入（扣除平台分成）", en="service fees a year, less the platforms' share")
)
OPERATION = _money("opex_cny_year", Text(zh="年运营、维护与租金", en="operation, upkeep and rent a year"))
ENERGY_COST = _money("energy_cny_year", Text(zh="年购电（由司机支付）", en="energy bought a year, which drivers pay"))
COST_KWH = Column(
    key="cost_cny_kwh", words=Text(zh="度电成本", en="cost of a kWh served"), unit=numbers.CNY_KWH, write=numbers.price
)
ENERGY_KWH = Column(
    key="energy_cny_kwh",
    words=Text(zh="购电价", en="energy bought for it"),
    unit=numbers.CNY_KWH,
    write=numbers.price,
)
PAYBACK = Column(key="payback_years", words=Text(zh="静态回收期", en="simple payback"), write=numbers.years)
USE = Column(
    key="use_kwh_charger_day",
    words=Text(zh="以上按单桩日均用量", en="at a use per charger and day of"),
    unit=numbers.KWH,
    write=numbers.count,
)

GASES = {
    "co2": Text(zh="年减排 CO2（吨；低至高）", en="CO2 avoided a year (t; low to high)"),
    "nox": Text(zh="年减排 NOx，车辆端（吨）", en="NOx avoided a year, at the vehicle (t)"),
    "voc": Text(zh="年减排 VOC，车辆端（吨）", en="VOC avoided a year, at the vehicle (t)"),
}
_OF_IT = Text(zh="  其中替代{fuel}", en="  of it instead of {fuel}")


def yield_table(plan: Plan) -> Table | None:
    """All that the scenario asks for; None where that is nothing."""
    groups = yield_items(plan.assessment, plan.scenario, partial(area_name, plan))
    return item_table(_TITLE, *groups) if groups else None


def yield_items(result: Assessment, scenario: Scenario, named: Callable[[str], Text] = same) -> list[list[Item]]:
    """Words and result, line by line, of every report that the scenario asks for.

    Parameters
    ----------
    result, scenario
        Of a plan.
    named
        What a district is called.
    """
    groups = []
    if result.grid is not None:
        groups.append(_grid_items(result.grid, named))
    if result.money is not None:
        groups.append(_money_items(result.money, float(result.sites["new_total"].sum())))
    if scenario.emissions is not None:
        fuels = {key: text_of(fuel, "name") for key, fuel in scenario.emissions.fuels.items()}
        groups.append(_emission_items(result.emissions, fuels))
    return groups


def _grid_items(grid: Grid, named: Callable[[str], Text]) -> list[Item]:
    city = grid.city
    hour = numbers.hour(float(city["peak_hour"]))
    peak = item(PEAK, city["peak_kw"])
    items = [
        item(CONNECTED, city["connected_kw"]),
        item(COINCIDENT, city["coincident_kw"]),
        replace(peak, value=same("{kw}, {hour}").fill(kw=peak.value, hour=hour)),
        *(item(column, city[column.key]) for column in (TRANSFORMERS, TOTAL_KVA, TRANSFORMER_COST, UPGRADE_COST)),
    ]
    if city["fullest_group"]:
        group = grid.groups.loc[city["fullest_group"]]
        note, used = text_in(group, "note"), USED.write(float(group["headroom_used_share"]))
        value = same("{name} {used}").fill(name=named(str(group["name_zh"])), used=used)
        noted = Text(zh="{value}（{note}）", en="{value} ({note})").fill(value=value, note=note)
        items.append(Item(key="fullest_group", words=FULLEST, value=noted if note else value))
    return items


def use_kwh_charger_day(money: Money, chargers: float) -> float:
    """What a new charger sells a day; NaN without one."""
    return float(money.city["kwh_year"]) / DAYS_A_YEAR / chargers if chargers else np.nan


def _money_items(money: Money, chargers: float) -> list[Item]:
    columns = (WHOLE_COST, INCOME, OPERATION, COST_KWH, ENERGY_KWH, PAYBACK)
    figures = [item(column, float(money.city[column.key])) for column in columns]
    return [*figures, item(USE, use_kwh_charger_day(money, chargers))]


def _emission_items(table: pd.DataFrame, fuels: dict[str, Text]) -> list[Item]:
    items = [Item(key="co2", words=GASES["co2"], value=avoided(table, "co2"))]
    for fuel, part in table[table["fuel"] != ""].groupby("fuel", sort=False):
        words = _OF_IT.fill(fuel=fuels[str(fuel)])
        items.append(Item(key=f"co2_{fuel}", words=words, value=avoided(part, "co2")))
    return [*items, *(Item(key=gas, words=GASES[gas], value=avoided(table, gas)) for gas in ("nox", "voc"))]


def avoided(table: pd.DataFrame, gas: str) -> Text:
    """Tonnes a year of a gas, summed over the fleets that are known, with their range."""
    low, base, high = table[[f"{gas}_t_{end}" for end in ENDS]].sum(min_count=1).to_numpy(float)
    return numbers.spread(float(low), float(base), float(high))
