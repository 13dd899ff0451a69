"""Every figure of a scenario with its range and origin, in sections."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from planner.assumptions.figures import UNITS
from planner.views import numbers
from planner.views.table import Column
from planner.words import COLON, COMMA, NO_TEXT, Text, joined, same, text_in

KINDS = {
    "published": Text(zh="公布", en="published"),
    "derived": Text(zh="推算", en="derived"),
    "assumption": Text(zh="假设", en="assumption"),
}
"""Where a figure comes from."""
UNIT_WORDS = {unit.en: unit for unit in UNITS.values()}

_DITTO = same("〃")
_SECTIONS = {
    "season": Text(zh="季节", en="season"),
    "fleets": Text(zh="车队", en="fleet"),
    "growth": Text(zh="保有量增长", en="growth of a stock"),
    "profiles": Text(zh="日内分布", en="hours of the day"),
    "traffic": Text(zh="过境交通", en="through traffic"),
    "bands": Text(zh="合理区间", en="plausible band"),
    "attractors": Text(zh="需求吸引", en="what draws charging"),
    "rings": Text(zh="圈层", en="ring of the city"),
    "services": Text(zh="充电服务", en="service"),
    "kinds": Text(zh="地点类型", en="kind of place"),
    "candidates": Text(zh="候选站点", en="candidate sites"),
    "access": Text(zh="路程", en="distances"),
    "charger_types": Text(zh="充电桩类型", en="charger type"),
    "existing": Text(zh="既有充电桩", en="today's chargers"),
    "siting": Text(zh="选址", en="the decision"),
    "grid": Text(zh="电网", en="the grid"),
    "money": Text(zh="收入与运营", en="income and operation"),
    "emissions": Text(zh="排放", en="emissions"),
}
COLUMNS = (
    Column(key="figure", words=Text(zh="参数", en="figure"), is_text=True),
    Column(key="word", words=Text(zh="含义", en=""), is_text=True),
    Column(key="low", words=Text(zh="低值", en="low"), write=numbers.plain),
    Column(key="base", words=Text(zh="基准值", en="base"), write=numbers.plain),
    Column(key="high", words=Text(zh="高值", en="high"), write=numbers.plain),
    Column(key="unit", words=Text(zh="单位", en="unit"), is_text=True),
    Column(key="kind", words=Text(zh="类别", en="kind"), is_text=True),
    Column(key="origin", words=Text(zh="来源或理由", en="source or reasoning"), is_text=True),
)
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


def count_line(table: pd.DataFrame, shown: pd.DataFrame) -> Text:
    """How many figures there are and where they come from, and how many of them are shown if not all."""
    counts = table["source_kind"].value_counts()
    kinds = [
        Text(zh="{kind} {n}", en="{n} {kind}").fill(kind=words, n=numbers.count(counts.get(kind, 0)))
        for kind, words in KINDS.items()
    ]
    line = Text(zh="共 {all} 个数值：{kinds}", en="{all} figures: {kinds}").fill(
        all=numbers.count(len(table)), kinds=joined(kinds, COMMA)
    )
    if len(shown) == len(table):
        return line
    part = Text(zh="{line}（显示 {n} 个）", en="{line} ({n} shown)")
    return part.fill(line=line, n=numbers.count(len(shown)))


def section_heading(section: str, row: pd.Series) -> Text:
    """``[fleets.taxi] fleet: taxis``."""
    word, name = _SECTIONS.get(section.partition(".")[0], NO_TEXT), text_in(row, "name")
    told = Text(zh=COLON.zh.join(filter(None, (word.zh, name.zh))), en=COLON.en.join(filter(None, (word.en, name.en))))
    return Text(zh=f"[{section}] {told.zh}".strip(), en=f"[{section}] {told.en}".strip())


def assumption_lines(section: str, rows: pd.DataFrame) -> Iterator[dict[str, Text]]:
    """The figures of a section as texts, by the keys of `COLUMNS`; the same origin again is a ditto mark."""
    told = NO_TEXT
    for key, row in rows.iterrows():
        ranged = row["low"] < row["high"]
        origin = same(origin_text(row))
        name = str(key).removeprefix(f"{section}.")
        yield {
            "figure": same(name),
            "word": Text(zh=_FIELDS_ZH.get(name.rpartition(".")[2], ""), en=""),
            "low": numbers.plain(row["low"]) if ranged else NO_TEXT,
            "base": numbers.plain(row["base"]),
            "high": numbers.plain(row["high"]) if ranged else NO_TEXT,
            "unit": UNIT_WORDS.get(row["unit"], same(row["unit"])),
            "kind": KINDS[row["source_kind"]],
            "origin": _DITTO if origin == told else origin,
        }
        told = origin


def origin_text(row: pd.Series) -> str:
    """The source and the reasoning of a figure, that of its kind first."""
    both = [str(row["reasoning"]), str(row["source"])]
    ordered = both if row["source_kind"] == "assumption" else reversed(both)
    return "; ".join(filter(None, ordered))
