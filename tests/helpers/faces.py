"""Every face of a plan read back as the strings that a reader sees: console, map, report, workbook, compare.

A figure has one key on all faces: ``gap``, ``basically_meets.plan``, ``2025.served_share``, ``南区.chargers``. Labels
are written out here, as they must stand on the face; nothing of `planner.views` helps to find them.
"""

from __future__ import annotations

import contextlib
import io
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import openpyxl

from helpers.reports import Page
from planner.console.plan import print_plan
from planner.console.printing import show
from planner.plan import Plan
from planner.studies.compare import read_saved_plans
from planner.views.difference import figures_table
from planner.words import Lang

Shown = dict[str, str]
"""Key of a figure -> what a face shows."""

FOUR = {
    "well_distributed": ("分布合理", "well distributed"),
    "completely_equipped": ("配置完善", "completely equipped"),
    "convenient": ("服务便捷", "convenient"),
    "basically_meets": ("基本满足", "basically meets demand"),
}
COMPANIONS = {
    "median_metres": ("半数需求的到站路程", "metres for half of the demand"),
    "worst_district_share": ("最低县区达标居民占比", "lowest district share within the norm"),
    "gini_access": ("可达性基尼系数", "Gini of access"),
    "palma_access": ("可达性帕尔马比", "Palma ratio of access"),
    "gini_served": ("服务率基尼系数", "Gini of the share served"),
    "reserved_share": ("公共机构已建或预留占比", "institutions equipped or reserved"),
    "evs_per_charger": ("车桩比", "EVs per public charger"),
    "kw_per_ev": ("单车充电功率", "charging power per EV"),
    "fast_slow_ratio": ("快慢充桩比", "fast chargers per slow one"),
}
RESULT = {
    "chargers": ("新建充电桩（台）", "new chargers"),
    "swap_stations": ("新建换电站（座）", "new swap stations"),
    "stations": ("有新建设施的站点（个）", "sites with new chargers"),
    "power_kw": ("新增功率（kW）", "new power (kW)"),
    "capex_cny": ("投资（万元）", "investment (million CNY)"),
    "value_kwh_day": ("目标值（加权 kWh/日）", "value (weighted kWh/day)"),
    "bound_kwh_day": ("上界（加权 kWh/日）", "upper bound (weighted kWh/day)"),
    "gap": ("差距", "gap"),
    "tightness": ("供需比", "tightness"),
    "needed_chargers": ("承担 99 % 目标值的桩数（台）", "chargers that carry 99 % of the value"),
}
COMPARED = {
    **RESULT,
    "stations": ("站点（个）", "sites"),
    "served_kwh_day": ("服务电量（kWh/日）", "energy served (kWh/day)"),
}
NETWORKS = {
    **FOUR,
    "value_kwh_day": RESULT["value_kwh_day"],
    "served_kwh_day": COMPARED["served_kwh_day"],
    "all_stations": ("有桩站点（个）", "sites with chargers"),
    "all_chargers": ("公共充电桩（台）", "public chargers"),
    "capex_cny": RESULT["capex_cny"],
}
YIELDS = {
    "connected_kw": ("接入功率（kW）", "connected power (kW)"),
    "peak_kw": ("小时负荷峰值（kW）", "peak of the load by hour (kW)"),
    "upgrade_cny": ("电网改造（开设费用以外）（万元）", "grid upgrade beyond openings (million CNY)"),
    "whole_cny": ("投资合计，含电网改造（万元）", "investment with the grid upgrade (million CNY)"),
    "income_cny_year": (
        "年服务费收入（扣除平台分成）（万元）",
        "service fees a year, less the platforms' share (million CNY)",
    ),
    "payback_years": ("静态回收期", "simple payback"),
    "co2": ("年减排 CO2（吨；低至高）", "CO2 avoided a year (t; low to high)"),
}
TASK = ("task", "chargers", "stations", "power_kw", "capex_cny")
YEAR = (
    *("chargers", "stations", "swap_stations", "capex_cny", "chargers_standing", "public_kwh_day", "served_share"),
    "within_norm_share",
)


def _at(lang: Lang) -> int:
    return 0 if lang == "zh" else 1


# ---- console --------------------------------------------------------------------------------------------------------


def printed_tables(text: str) -> list[list[list[str]]]:
    """The tables in what the command printed: rows of cells, the heading first; lines of a folded cell are joined."""
    tables: list[list[list[str]]] = []
    is_new = True
    for line in text.splitlines():
        if line.startswith("┏"):
            tables.append([])
        is_new |= line.startswith(("┏", "┡", "├"))
        if not line.startswith(("┃", "│")):
            continue
        cells = [cell.strip() for cell in re.split("[┃│]", line)[1:-1]]
        is_full = line.startswith("│") and bool(cells[0]) and sum(map(bool, cells)) > 1
        if is_new or is_full:
            tables[-1].append(cells)
        else:
            tables[-1][-1] = ["".join(pair) for pair in zip(tables[-1][-1], cells, strict=True)]
        is_new = False
    return tables


def _printed(call: Any, *given: Any) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        call(*given)
    return out.getvalue()


def on_console(plan: Plan, lang: Lang) -> Shown:
    """What `planner plan` prints."""
    at, shown = _at(lang), Shown()
    tables = {table[0][0]: table for table in printed_tables(_printed(print_plan, plan, Path("plan"), lang))}
    first, *rest = printed_tables(_printed(print_plan, plan, Path("plan"), lang))
    rows = {row[0]: row[1:] for row in first}
    for key, words in (FOUR | COMPANIONS).items():
        shown[f"{key}.today"], shown[f"{key}.plan"] = rows[words[at]]
    items = {row[0]: row[1] for table in rest for row in table if len(row) == 2}
    shown |= {key: items[words[at]] for key, words in RESULT.items()}
    shown["gap"] = re.split("[，,]", shown["gap"])[0]
    shown |= {key: items[words[at]] for key, words in YIELDS.items() if words[at] in items}
    if "peak_kw" in shown:
        shown["peak_kw"] = shown["peak_kw"].rpartition(",")[0]
    networks = next(table for table in rest if len(table[0]) > 3 and table[1][0] == FOUR["well_distributed"][at])
    shown |= _of_networks({row[0]: row[1:] for row in networks}, lang, "beside")
    shown |= _of_tasks(tables[("任务单位", "task unit")[at]], plan, lang)
    if len(plan.years) > 1:
        shown |= {
            f"{row[0]}.{key}": text
            for row in tables[("年份", "year")[at]][1:]
            for key, text in zip(YEAR, row[1:], strict=True)
        }
    return shown


def _of_networks(rows: dict[str, list[str]], lang: Lang, name: str) -> Shown:
    """The column of the plan, and what is a figure of the plan elsewhere too."""
    at, shown = _at(lang), Shown()
    for key, words in NETWORKS.items():
        today, *_, plan = rows[words[at]]
        if key in FOUR:
            shown[f"{key}.today.{name}"], shown[f"{key}.plan.{name}"] = today, plan
        else:
            shown[f"{key}.{name}" if key != "served_kwh_day" else key] = plan
    return shown


def _of_tasks(table: list[list[str]], plan: Plan, lang: Lang) -> Shown:
    names = [*plan.assessment.tasks.index, "sum"]
    return {
        f"{name}.{key}": text
        for name, row in zip(names, table[1:], strict=True)
        for key, text in zip(TASK, row[1:6], strict=True)
    }


# ---- report ---------------------------------------------------------------------------------------------------------


def in_report(html: str, plan: Plan, lang: Lang) -> Shown:
    """What ``report.html`` shows."""
    at, page = _at(lang), Page(html, lang)
    shown = Shown()
    (told,) = re.findall(rf'<main[^>]*data-of="{lang}">(.*?)</main>', html, re.DOTALL)
    cards = re.findall(r"<section>.*?</section>", told, re.DOTALL)
    for key, card in zip(FOUR, cards, strict=True):
        shown[f"{key}.today"], shown[f"{key}.plan"] = (
            text.replace("&gt;", ">") for text in re.findall(r"<dd>(.*?)</dd>", card)
        )
    rows = {row[0]: row[1:] for table in page.tables for row in table}
    for key, words in COMPANIONS.items():
        shown[f"{key}.today"], shown[f"{key}.plan"] = rows[words[at]][:2]
    for key in ("value_kwh_day", "bound_kwh_day", "gap", "tightness", "needed_chargers"):
        (shown[key],) = next(
            row[1:] for table in page.tables for row in table if row[0] == RESULT[key][at] and len(row) == 2
        )
    networks = next(table for table in page.tables if len(table) > 1 and table[1][0] == FOUR["well_distributed"][at])
    shown |= _of_networks({row[0]: row[1:] for row in networks}, lang, "beside")
    tasks = next(table for table in page.tables if table[0][0] == ("任务单位", "task unit")[at])
    shown |= _of_tasks(tasks, plan, lang)
    shown |= {key: rows[words[at]][0] for key, words in YIELDS.items() if words[at] in rows}
    shown |= _in_sentences(page.text, lang)
    if len(plan.years) > 1:
        years = next(table for table in page.tables if table[0][0] == ("年份", "year")[at])
        shown |= {f"{row[0]}.{key}": text for row in years[1:] for key, text in zip(YEAR, row[1:], strict=True)}
    for key, row in zip(plan.assessment.services.index, _rows(page, ("服务", "service")[at]), strict=True):
        shown[f"{key}.served_share"] = row[5]
    for key, row in zip(plan.assessment.districts.index, _rows(page, ("县区", "district")[at]), strict=True):
        named = ("residents", "within_norm_share_today", "within_norm_share", "public_kwh_day", "served_share_today")
        shown |= {f"{key}.{name}": text for name, text in zip((*named, "served_share"), row[1:], strict=True)}
    return shown


def _rows(page: Page, heading: str) -> list[list[str]]:
    return next(table for table in page.tables if table[0][0] == heading)[1:]


def _in_sentences(text: str, lang: Lang) -> Shown:
    """What the first page and the pages on the grid say in running text."""
    said = {
        "chargers": (r"新建公共充电桩 ([\d,]+) 台", r"([\d,]+) new public chargers"),
        "stations": (r"分布于 ([\d,]+) 个站点", r"at ([\d,]+) sites"),
        "capex_cny": (r"投资 ([\d,.]+) 万元；", r"for CNY ([\d,.]+) million\."),
        "meets.today": (r"满足比例由 ([\d.]+ %|未知) 提高", r"served goes from ([\d.]+ %|not known) to"),
        "meets.plan": (r"提高到 ([\d.]+ %)", r"goes from .*? to ([\d.]+ %)"),
        "gap.sentence": (r"本方案至多比最好的方案差 ([\d.]+ %)", r"keeps the same rules by ([\d.]+ %)"),
        "connected_kw": (r"接入功率 ([\d,]+) kW", r"Connected ([\d,]+) kW"),
        "peak_kw": (r"小时负荷峰值 ([\d,]+) kW", r"peaks at ([\d,]+) kW"),
        "peak_kw.by_hour": (r"充电桩负荷峰值 ([\d,]+) kW", r"chargers draw ([\d,]+) kW"),
        "upgrade_cny.sentence": (r"其中开设费用以外 ([\d,.]+) 万元", r"of which CNY ([\d,.]+) million beyond"),
        "payback_years": (r"静态回收期 ([\d.]+ 年)", r"Simple payback: ([\d.]+ years)"),
    }
    found = {key: re.search(patterns[_at(lang)], text) for key, patterns in said.items()}
    return {key: match[1] for key, match in found.items() if match}


# ---- map ------------------------------------------------------------------------------------------------------------


def spoken(html: str, lang: Lang) -> str:
    """The words of a piece of the map's panels in one language."""
    other = "en" if lang == "zh" else "zh"
    without = re.sub(rf'<span class="{other}">.*?</span>', "", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", "", without).replace("&gt;", ">").split())


def on_map(html: str, lang: Lang) -> Shown:
    """What title bar and panels of ``map.html`` show."""
    shown = Shown()
    for name, values in re.findall(r'data-name="(\w+)".*?<span class="values[^"]*">(.*?)</div>', html, re.DOTALL):
        today, plan = spoken(values, lang).split("→")
        shown[f"{name}.today"] = today.strip().removeprefix(("现状", "today")[_at(lang)]).strip(" *")
        shown[f"{name}.plan"] = plan.strip()
    (summary,) = re.findall(r'<p id="summary">(.*?)</p>', html, re.DOTALL)
    _, chargers, sites, power, money = spoken(summary, lang).split(" · ")
    shown["chargers"], shown["stations"] = re.findall(r"[\d,]+", chargers)[0], re.findall(r"[\d,]+", sites)[0]
    shown["power_kw"] = power.removesuffix(" kW")
    shown["capex_cny"] = re.findall(r"[\d,.]+", money)[0]
    (proof,) = re.findall(r'<span class="proof"[^>]*>(.*?)</span>\s*<span class="languages">', html, re.DOTALL)
    if gap := re.search(r"[\d.]+ %", spoken(proof, lang)):
        shown["gap"] = gap[0]
    return shown


# ---- workbook -------------------------------------------------------------------------------------------------------


def in_excel(value: Any, number_format: str) -> str:
    """A cell as Excel shows it: halves away from zero on 15 digits; only the formats that plans have."""
    if isinstance(value, str):
        return value
    if number_format not in ("#,##0", "#,##0.0", "#,##0.00", "0.000", "0.0 %", "0.00 %", "0"):
        raise ValueError(f"no plan has a cell of the format {number_format!r}")
    exact = Decimal(f"{value:.15g}") * (100 if number_format.endswith("%") else 1)
    digits = len(number_format.removesuffix(" %").partition(".")[2])
    rounded = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    text = f"{rounded:,f}" if "," in number_format else f"{rounded:f}"
    return text + (" %" if number_format.endswith("%") else "")


def in_workbook(file: Path, plan: Plan, lang: Lang) -> Shown:
    """What ``plan.xlsx`` shows; money, which it keeps in CNY, in the unit of the other faces."""
    book, at = openpyxl.load_workbook(file, data_only=True), _at(lang)
    shown, seen = Shown(), {}
    for row in book["摘要 summary"].iter_rows(min_row=2):
        words, texts = (
            row[0].value,
            [in_excel(c.value, c.number_format) if c.value is not None else "" for c in row[2:4]],
        )
        unit = f" {row[4].value}" if row[4].value in ("m", "kW") else ""
        seen[words] = [
            f"{text}{unit}" if text[:1].isdigit() else text.split(" ", 1)[at] if " " in text else text for text in texts
        ]
    for key, words in (FOUR | COMPANIONS).items():
        shown[f"{key}.today"], shown[f"{key}.plan"] = (text.replace("\u3000", " ") for text in seen[words[0]])
    named = {
        "chargers": "新建公共充电桩",
        "swap_stations": "新建换电站",
        "stations": "有新桩的站点",
        "value_kwh_day": "目标值",
        "bound_kwh_day": "上界",
        "gap": "差距",
    }
    shown |= {key: seen[words][1] for key, words in named.items()}
    shown["power_kw"] = seen["新增功率"][1].removesuffix(" kW")
    shown["capex_cny"] = _in_millions(seen["投资"][1].replace(",", ""), lang)
    shown |= _in_sheet(book["任务 tasks"], TASK, lang, "sum")
    if len(plan.years) > 1:
        shown |= _in_sheet(book["年度 years"], YEAR, lang, None)
    named_ = ("residents", "within_norm_share_today", "within_norm_share", "public_kwh_day", "served_share")
    return shown | {k: v for k, v in _in_sheet(book["区县 districts"], named_, lang, None).items() if v}


def _in_sheet(sheet: Any, keys: tuple[str, ...], lang: Lang, total: str | None) -> Shown:
    """The rows of a sheet by their first cell; the last row is the sum."""
    header, *rows = sheet.iter_rows()
    names = [str(cell.value).rpartition("\n")[2] for cell in header]
    shown = Shown()
    for place, row in enumerate(rows):
        is_sum = place == len(rows) - 1
        if is_sum and total is None:
            continue
        cells = dict(zip(names, row, strict=True))
        for key in keys:
            value = cells[key].value if key in cells else None
            if value is not None:
                text = in_excel(value, cells[key].number_format)
                shown[f"{total if is_sum else row[0].value}.{key}"] = (
                    _in_millions(str(value), lang) if key == "capex_cny" else text
                )
    return shown


def _in_millions(cny: str, lang: Lang) -> str:
    """CNY as the heading 投资（万元） or investment (million CNY) has them."""
    unit, digits = (Decimal(10_000), 1) if lang == "zh" else (Decimal(1_000_000), 2)
    return f"{(Decimal(cny) / unit).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,f}"


# ---- compare --------------------------------------------------------------------------------------------------------


def compared(folder: Path, other: Path, plan: Plan, lang: Lang) -> Shown:
    """What `planner compare` shows of the first of two folders."""
    at = _at(lang)
    (table,) = printed_tables(_printed(show, figures_table(read_saved_plans([folder, other])), lang))
    rows = {row[0]: row[1] for row in table}
    shown = {f"{key}.plan": rows[words[at]] for key, words in FOUR.items()}
    left_out = ("tightness", "needed_chargers")
    shown |= {key: rows[words[at]] for key, words in COMPARED.items() if key not in left_out}
    for key, service in plan.scenario.services.items():
        words = (f"{service.name_zh}服务率", f"served of {service.name_en}")
        if words[at] in rows:
            shown[f"{key}.served_share"] = rows[words[at]]
    return shown
