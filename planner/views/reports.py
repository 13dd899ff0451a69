"""Plumbing of the command: grid, money and emissions of a plan in a few lines."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.assessment import Assessment
from planner.assessment.emissions import ENDS
from planner.assessment.grid import Grid
from planner.assessment.money import Money
from planner.demand.years import DAYS_A_YEAR
from planner.scenario import Scenario

Rows = list[tuple[str, str]]


def report_sections(result: Assessment, scenario: Scenario, lang: str) -> list[Rows]:
    """Words and result, line by line, of every report that the scenario asks for.

    Parameters
    ----------
    result, scenario
        Of a plan.
    lang
        zh or en.
    """
    zh = lang == "zh"
    sections = []
    if result.grid is not None:
        sections.append(_grid_rows(result.grid, zh))
    if result.money is not None:
        sections.append(_money_rows(result.money, int(result.sites["new_total"].sum()), zh))
    if scenario.emissions is not None:
        fuels = {key: fuel.name_zh if zh else fuel.name_en for key, fuel in scenario.emissions.fuels.items()}
        sections.append(_emission_rows(result.emissions, fuels, zh))
    return sections


def _grid_rows(grid: Grid, zh: bool) -> Rows:
    city = grid.city
    hour = float(city["peak_hour"])
    when = "–" if np.isnan(hour) else f"{hour:.0f}:00–{hour + 1:.0f}:00"
    power = f"{city['connected_kw'] / 1e3:,.1f} / {city['coincident_kw'] / 1e3:,.1f}"
    upgrade = f"{_millions(city['upgrade_cny'])} ({_millions(city['transformer_cny'])})"
    rows = [
        ("接入功率 / 计同时系数（MW）" if zh else "connected / coincident power (MW)", power),
        ("典型日小时负荷峰值（MW）" if zh else "peak of the load by hour (MW)",
         f"{city['peak_kw'] / 1e3:,.1f}, {when}"),
        ("新增变压器（台，MVA）" if zh else "transformers (number, MVA)",
         f"{city['transformers']:,.0f}, {city['total_kva'] / 1e3:,.1f}"),
        ("电网改造：开设费用以外（全部变压器）（百万元）" if zh
         else "grid upgrade beyond openings (all transformers), million CNY", upgrade),
    ]  # fmt: skip
    if city["fullest_group"]:
        group = grid.groups.loc[city["fullest_group"]]
        note = group["note_zh" if zh else "note_en"]
        text = f"{group['name_zh']} {group['headroom_used_share']:.0%}"
        rows.append(
            ("余量占用最高的组" if zh else "group with the fullest headroom", f"{text} ({note})" if note else text)
        )
    return rows


def _money_rows(money: Money, chargers: int, zh: bool) -> Rows:
    city = money.city
    years = float(city["payback_years"])
    payback = "–" if np.isnan(years) else f"{years:.1f}"
    never = "无法回收" if zh else "never"
    use = f"{city['kwh_year'] / DAYS_A_YEAR / chargers:,.0f}" if chargers else "–"
    yearly = f"{_millions(city['income_cny_year'])} / {_millions(city['opex_cny_year'])}"
    cost = f"{city['cost_cny_kwh']:.2f} + {city['energy_cny_kwh']:.2f}"
    return [
        ("投资，含电网改造（百万元）" if zh else "investment with the grid upgrade (million CNY)",
         _millions(city["capex_cny"])),
        ("年服务费收入 / 年运营支出（百万元）" if zh else "service fees / operation a year (million CNY)", yearly),
        ("度电成本 + 购电价（元/kWh）" if zh else "cost + energy bought for a kWh served (CNY)", cost),
        ("静态回收期（年）" if zh else "simple payback (years)", never if np.isinf(years) else payback),
        ("以上按单桩日均用量（kWh）" if zh else "at a use per charger and day of (kWh)", use),
    ]  # fmt: skip


def _emission_rows(table: pd.DataFrame, fuels: dict[str, str], zh: bool) -> Rows:
    rows = [("年减排 CO2（吨；低 … 高）" if zh else "CO2 avoided a year (t; low … high)", _range(table, "co2"))]
    for fuel, part in table[table["fuel"] != ""].groupby("fuel", sort=False):
        name = fuels[str(fuel)]
        rows.append((f"  其中替代{name}" if zh else f"  of it instead of {name}", _range(part, "co2")))
    for gas in ("nox", "voc"):
        words = f"年减排 {gas.upper()}，车辆端（吨）" if zh else f"{gas.upper()} avoided a year, at the vehicle (t)"
        rows.append((words.replace("NOX", "NOx"), _range(table, gas)))
    return rows


def _range(table: pd.DataFrame, gas: str) -> str:
    """The sum over the fleets that are known, and its low and high end."""
    ends = table[[f"{gas}_t_{end}" for end in ENDS]].sum(min_count=1)
    low, base, high = ends.to_numpy(float)
    return "–" if np.isnan(base) else f"{base:,.0f} ({low:,.0f} … {high:,.0f})"


def _millions(cny: float) -> str:
    return f"{cny / 1e6:,.1f}"
