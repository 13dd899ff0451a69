"""Plumbing of `planner assumptions`: every figure with its range and origin, in sections, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from planner.assumptions.figures import UNITS

KINDS_ZH = {"published": "公布", "derived": "推算", "assumption": "假设"}

_WIDEST, _NARROW = 120, 100  # columns of a terminal: running text is read up to there; below, columns are left out
_DITTO = "〃"
_SECTIONS = {
    "season": ("season", "季节"),
    "fleets": ("fleet", "车队"),
    "growth": ("growth of a stock", "保有量增长"),
    "profiles": ("hours of the day", "日内分布"),
    "traffic": ("through traffic", "过境交通"),
    "bands": ("plausible band", "合理区间"),
    "attractors": ("what draws charging", "需求吸引"),
    "rings": ("ring of the city", "圈层"),
    "services": ("service", "充电服务"),
    "kinds": ("kind of place", "地点类型"),
    "candidates": ("candidate sites", "候选站点"),
    "access": ("distances", "路程"),
    "charger_types": ("charger type", "充电桩类型"),
    "existing": ("today's chargers", "既有充电桩"),
    "siting": ("the decision", "选址"),
    "grid": ("the grid", "电网"),
    "money": ("income and operation", "收入与运营"),
    "emissions": ("emissions", "排放"),
}
_HEADINGS = {
    "figure": ("figure", "参数"),
    "word": ("", "含义"),
    "low": ("low", "低值"),
    "base": ("base", "基准值"),
    "high": ("high", "高值"),
    "unit": ("unit", "单位"),
    "kind": ("kind", "类别"),
    "origin": ("source or reasoning", "来源或理由"),
}
_WIDTHS = {
    "en": {"figure": 20, "low": 11, "base": 11, "high": 11, "unit": 15, "kind": 10},
    "zh": {"figure": 20, "word": 14, "low": 11, "base": 11, "high": 11, "unit": 10, "kind": 4},
}
_LEFT_OUT = {"en": ("unit", "kind"), "zh": ("word", "unit", "kind")}
_FIELDS_ZH = {
    "cold_per_degree": "低温每度增幅",
    "heat_per_degree": "高温每度增幅",
    "vehicles": "车辆数",
    "active_share": "日出车率",
    "km_day": "日均里程",
    "kwh_per_100km": "百公里电耗",
    "efficiency": "充电效率",
    "public_share": "公共充电占比",
    "weekend_factor": "周末系数",
    "saturation": "饱和保有量",
    "mean_km": "平均出行距离",
    "drive_reach_m": "驾车可达距离",
    "walk_reach_m": "步行可达距离",
    "home_charging_share": "家中充电占比",
    "reach_factor": "可达距离倍数",
    "bays": "车位",
    "grid_kw": "电网余量",
    "opening_cny": "开设费用",
    "detour_factor": "绕行系数",
    "walk_factor": "步行绕行系数",
    "max_snap_m": "最大吸附距离",
    "kw_rated": "额定功率",
    "kw_delivered": "实际功率",
    "coincidence": "同时系数",
    "price_cny": "单价",
    "opex_cny_year": "年运维费",
    "energy_kwh_day": "单桩日充电量",
    "unlocated_chargers": "无坐标充电桩",
    "use_kwh_charger_day": "单桩日用量",
    "count_where_unknown": "规模未知取值",
    "power_factor": "功率因数",
    "load_share": "变压器负载率",
    "low_voltage_kw": "低压接入上限",
    "transformer_cny_kva": "变压器单价",
    "flat_cny_kwh": "平段购电价",
    "peak_factor": "峰段倍数",
    "valley_factor": "谷段倍数",
    "service_fee_cny_kwh": "充电服务费",
    "platform_share": "平台分成",
    "opex_share": "年运维费率",
    "rent_cny_bay_year": "车位租金",
    "grid_co2_kg_kwh": "电网碳排放因子",
    "most_co2_share": "减碳声明上限",
    "co2_g_km": "燃油车 CO2",
    "nox_g_km": "燃油车 NOx",
    "voc_g_km": "燃油车 VOC",
}
_UNITS_ZH = {unit.en: unit.zh for unit in UNITS.values()}


def print_assumptions(table: pd.DataFrame, title: str, lang: str, out: Console) -> None:
    """The figures under a heading per section; where a source or reasoning is that of the line above, a ditto mark."""
    width = min(out.width, _WIDEST)
    out.print(Text(title))
    out.print(_grid(lang, width, [list(headings(lang).values())]))
    for section, rows in table.groupby("section", sort=False):
        out.print(Text(section_heading(str(section), rows.iloc[0], lang), style="bold"))
        out.print(_grid(lang, width, assumption_lines(str(section), rows, lang)))


def count_line(table: pd.DataFrame, shown: pd.DataFrame, lang: str) -> str:
    """How many figures there are and where they come from, and how many of them are shown if not all."""
    counts = table["source_kind"].value_counts()
    numbers = {kind: f"{counts.get(kind, 0):,}" for kind in KINDS_ZH}
    if lang == "zh":
        told = "，".join(f"{KINDS_ZH[kind]} {number}" for kind, number in numbers.items())
        part = "" if len(shown) == len(table) else f"（显示 {len(shown):,} 个）"
        return f"共 {len(table):,} 个数值：{told}{part}"
    told = ", ".join(f"{number} {kind}" for kind, number in numbers.items())
    part = "" if len(shown) == len(table) else f" ({len(shown):,} shown)"
    return f"{len(table):,} figures: {told}{part}"


def section_heading(section: str, row: pd.Series, lang: str) -> str:
    """``[fleets.taxi] fleet: taxis``."""
    chinese = lang == "zh"
    word = _SECTIONS.get(section.partition(".")[0], ("", ""))[chinese]
    name = str(row["name_zh" if chinese else "name_en"])
    told = ("：" if chinese else ": ").join(filter(None, (word, name)))
    return f"[{section}] {told}".strip()


def number_text(value: float) -> str:
    """A figure as it is read: no digits that it has not, thousands apart."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.6g}"


def headings(lang: str) -> dict[str, str]:
    """The columns of `assumption_lines`: key and heading."""
    return {key: zh if lang == "zh" else en for key, (en, zh) in _HEADINGS.items()}


def assumption_lines(section: str, rows: pd.DataFrame, lang: str) -> Iterator[list[str]]:
    """The figures of a section as texts, in the order of `headings`."""
    told = ""
    for key, row in rows.iterrows():
        ranged = row["low"] < row["high"]
        low, high = (number_text(row[name]) if ranged else "" for name in ("low", "high"))
        kind = KINDS_ZH[row["source_kind"]] if lang == "zh" else str(row["source_kind"])
        unit = _UNITS_ZH.get(row["unit"], row["unit"]) if lang == "zh" else str(row["unit"])
        origin = origin_text(row)
        name = str(key).removeprefix(f"{section}.")
        word = _FIELDS_ZH.get(name.rpartition(".")[2], "") if lang == "zh" else ""
        yield [name, word, low, number_text(row["base"]), high, unit, kind, _DITTO if origin == told else origin]
        told = origin


def origin_text(row: pd.Series) -> str:
    """The source and the reasoning of a figure, that of its kind first."""
    both = [str(row["reasoning"]), str(row["source"])]
    ordered = both if row["source_kind"] == "assumption" else reversed(both)
    return "; ".join(filter(None, ordered))


def _grid(lang: str, width: int, lines: Iterator[list[str]] | list[list[str]]) -> Table:
    """Lines in columns of fixed width, so that sections stand in line; a narrow terminal gets fewer."""
    left_out = _LEFT_OUT[lang] if width < _NARROW else ()
    widths = {name: wide for name, wide in _WIDTHS[lang].items() if name not in left_out}
    shown = [*widths, "origin"]
    grid = Table.grid(padding=(0, 1))
    grid.width = width
    for name in shown:
        fixed = widths.get(name)
        justify: Literal["left", "right"] = "right" if name in ("low", "base", "high") else "left"
        grid.add_column(justify=justify, width=fixed, ratio=None if fixed else 1, overflow="fold")
    for line in lines:
        cells = dict(zip(_HEADINGS, line, strict=True))
        grid.add_row(*(Text(cells[name]) for name in shown))
    return grid
