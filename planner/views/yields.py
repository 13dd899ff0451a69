"""Grid, money and emissions of a plan in single figures, as far as its scenario asks for them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.assessment import Assessment
from planner.assessment.emissions import ENDS
from planner.assessment.grid import Grid
from planner.assessment.money import Money
from planner.demand.years import DAYS_A_YEAR
from planner.scenario import Scenario
from planner.views import numbers
from planner.views.table import Item, Table, item_table
from planner.words import Text, same, text_in, text_of

_TITLE = Text(zh="电网、资金与排放", en="grid, money and emissions")
_AVOIDED = Text(zh="年减排 {gas}，车辆端（吨）", en="{gas} avoided a year, at the vehicle (t)")


def yield_table(result: Assessment, scenario: Scenario) -> Table | None:
    """All that the scenario asks for; None where that is nothing."""
    groups = yield_items(result, scenario)
    return item_table(_TITLE, *groups) if groups else None


def yield_items(result: Assessment, scenario: Scenario) -> list[list[Item]]:
    """Words and result, line by line, of every report that the scenario asks for.

    Parameters
    ----------
    result, scenario
        Of a plan.
    """
    groups = []
    if result.grid is not None:
        groups.append(_grid_items(result.grid))
    if result.money is not None:
        groups.append(_money_items(result.money, int(result.sites["new_total"].sum())))
    if scenario.emissions is not None:
        fuels = {key: text_of(fuel, "name") for key, fuel in scenario.emissions.fuels.items()}
        groups.append(_emission_items(result.emissions, fuels))
    return groups


def _grid_items(grid: Grid) -> list[Item]:
    city = grid.city
    connected, coincident, peak, mva = (
        numbers.megawatts(city[key]) for key in ("connected_kw", "coincident_kw", "peak_kw", "total_kva")
    )
    items = [
        Item(
            key="connected_kw",
            words=Text(zh="接入功率 / 计同时系数（MW）", en="connected / coincident power (MW)"),
            value=same("{a} / {b}").fill(a=connected, b=coincident),
        ),
        Item(
            key="peak_kw",
            words=Text(zh="典型日小时负荷峰值（MW）", en="peak of the load by hour (MW)"),
            value=same("{peak}, {hour}").fill(peak=peak, hour=numbers.hour(float(city["peak_hour"]))),
        ),
        Item(
            key="transformers",
            words=Text(zh="新增变压器（台，MVA）", en="transformers (number, MVA)"),
            value=same("{number}, {mva}").fill(number=numbers.count(city["transformers"]), mva=mva),
        ),
        Item(
            key="upgrade_cny",
            words=Text(
                zh="电网改造：开设费用以外（全部变压器）（百万元）",
                en="grid upgrade beyond openings (all transformers), million CNY",
            ),
            value=same("{beyond} ({every})").fill(
                beyond=numbers.million(city["upgrade_cny"]), every=numbers.million(city["transformer_cny"])
            ),
        ),
    ]
    if city["fullest_group"]:
        group = grid.groups.loc[city["fullest_group"]]
        note = text_in(group, "note")
        used = same("{name} {used}").fill(name=group["name_zh"], used=numbers.share(group["headroom_used_share"]))
        value = same("{used} ({note})").fill(used=used, note=note) if note else used
        words = Text(zh="余量占用最高的组", en="group with the fullest headroom")
        items.append(Item(key="fullest_group", words=words, value=value))
    return items


def use_kwh_charger_day(money: Money, chargers: float) -> float:
    """What a new charger sells a day; NaN without one."""
    return float(money.city["kwh_year"]) / DAYS_A_YEAR / chargers if chargers else np.nan


def _money_items(money: Money, chargers: int) -> list[Item]:
    city = money.city
    back = float(city["payback_years"])
    return [
        Item(
            key="capex_cny",
            words=Text(zh="投资，含电网改造（百万元）", en="investment with the grid upgrade (million CNY)"),
            value=numbers.million(city["capex_cny"]),
        ),
        Item(
            key="income_cny_year",
            words=Text(zh="年服务费收入 / 年运营支出（百万元）", en="service fees / operation a year (million CNY)"),
            value=same("{income} / {opex}").fill(
                income=numbers.million(city["income_cny_year"]), opex=numbers.million(city["opex_cny_year"])
            ),
        ),
        Item(
            key="cost_cny_kwh",
            words=Text(zh="度电成本 + 购电价（元/kWh）", en="cost + energy bought for a kWh served (CNY)"),
            value=same("{cost} + {energy}").fill(
                cost=numbers.price(city["cost_cny_kwh"]), energy=numbers.price(city["energy_cny_kwh"])
            ),
        ),
        Item(
            key="payback_years",
            words=Text(zh="静态回收期（年）", en="simple payback (years)"),
            value=numbers.bare_years(back),
        ),
        Item(
            key="use_kwh_charger_day",
            words=Text(zh="以上按单桩日均用量（kWh）", en="at a use per charger and day of (kWh)"),
            value=numbers.count(use_kwh_charger_day(money, chargers)),
        ),
    ]


def _emission_items(table: pd.DataFrame, fuels: dict[str, Text]) -> list[Item]:
    words = Text(zh="年减排 CO2（吨；低 … 高）", en="CO2 avoided a year (t; low … high)")
    items = [Item(key="co2", words=words, value=_avoided(table, "co2"))]
    for fuel, part in table[table["fuel"] != ""].groupby("fuel", sort=False):
        words = Text(zh="  其中替代{fuel}", en="  of it instead of {fuel}").fill(fuel=fuels[str(fuel)])
        items.append(Item(key=f"co2_{fuel}", words=words, value=_avoided(part, "co2")))
    for gas, formula in (("nox", "NOx"), ("voc", "VOC")):
        items.append(Item(key=gas, words=_AVOIDED.fill(gas=formula), value=_avoided(table, gas)))
    return items


def avoided_t(table: pd.DataFrame, gas: str) -> tuple[float, float, float]:
    """Tonnes a year of a gas, low, base and high, summed over the fleets that are known."""
    low, base, high = table[[f"{gas}_t_{end}" for end in ENDS]].sum(min_count=1).to_numpy(float)
    return float(low), float(base), float(high)


def _avoided(table: pd.DataFrame, gas: str) -> Text:
    return numbers.dotted_spread(*avoided_t(table, gas))
