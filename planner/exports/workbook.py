"""``plan.xlsx``: a plan as an Excel workbook for those who share out tasks and money."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import xlsxwriter

from planner._assumption_table import KINDS_ZH
from planner.assessment import figure_text
from planner.assumptions import UNITS, assumption_table
from planner.exports.columns import words_of
from planner.exports.content import Content
from planner.exports.sites import SITE_FIELDS
from planner.exports.summary import NOTICE_EN, NOTICE_ZH

_OPTIONS = {
    # no text becomes a formula, a link or a number
    **{"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    "in_memory": True,
}
_FIXED_DATE = datetime(2000, 1, 1)
_MOST_CHARACTERS = 32_767  # of an Excel cell
_FOOTER_CHARACTERS = 255
_NO_XML = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_WIDTHS = {
    **{"name_zh": 26, "reason": 70, "note_zh": 26, "note_en": 34, "key": 44, "section_zh": 22, "kind": 15},
    **{"source": 60, "reasoning": 60, "description": 44, "unit": 14, "figure_zh": 34, "figure_en": 40},
    **{"task_unit": 20, "district": 14, "capex_cny": 16, "today": 18, "plan": 22, "kind_zh": 16},
}
_WRAPPED = {"reason", "source", "reasoning", "description", "note_zh", "note_en"}
_WIDTH, _HEADER_HEIGHT = 12, 62
_TOTAL = "合计 total"
_DISTRICT_COLUMNS = (
    *("residents", "within_norm_share_today", "within_norm_share", "public_kwh_day", "served_kwh_day"),
    *("served_share_today", "served_share", "stations", "chargers", "swap_stations", "power_kw", "capex_cny"),
    "cny_per_kwh_day",
)


class Sheet(NamedTuple):
    """A sheet: its name, its columns and the rows below their header.

    ``summed`` are the columns that a last row sums up; ``frozen`` how many columns stay in sight.
    """

    name: str
    table: pd.DataFrame
    summed: tuple[str, ...] = ()
    frozen: int = 1


def write_workbook(content: Content, file: Path) -> None:
    """Summary, sites, tasks, districts, years, tasks by year and assumptions; the same plan gives the same bytes."""
    packed = io.BytesIO()  # an archive on a full disk would complain on its own way out
    book = xlsxwriter.Workbook(packed, _OPTIONS)
    scenario = content.scenario
    book.set_properties(
        {
            "title": _text(f"{scenario.title_zh} {scenario.title_en}")[:_FOOTER_CHARACTERS],
            "comments": _text(f"{content.attribution}. {NOTICE_ZH}. {NOTICE_EN}")[:_FOOTER_CHARACTERS],
            "created": _FIXED_DATE,
        }
    )
    formats = _Formats(book)
    for sheet in _sheets(content):
        _write_sheet(book, formats, sheet, content)
    book.close()
    file.write_bytes(packed.getvalue())


def _sheets(content: Content) -> Iterator[Sheet]:
    sites, tasks, years = _site_table(content), content.table("tasks"), content.table("years")
    spatial = content.spatial("districts")  # in the order of the tasks; what else its layer holds is left out
    districts = pd.DataFrame(spatial[["district", *(c for c in _DISTRICT_COLUMNS if c in spatial)]])
    ordered = pd.Index([name for name in tasks["task_unit"] if name in set(districts["district"])])
    breakdown = content.table("breakdown")
    by_year = breakdown[breakdown[["chargers", "swap_stations"]].any(axis=1)].assign(
        kind_zh=lambda t: t["kind"].map({key: kind.name_zh for key, kind in content.scenario.kinds.items()})
    )
    by_year = by_year[["year", "task_unit", "kind", "kind_zh", *_amounts(breakdown)]].sort_values("year", kind="stable")
    yield Sheet("摘要 summary", _summary_table(content), frozen=0)
    whole = ("existing_total", "new_slow", "new_fast", "new_heavy", "new_swap", "new_total")
    yield Sheet("站点 sites", sites, (*whole, "power_kw", "capex_cny", "served_kwh_day"), 2)
    yield Sheet("任务 tasks", tasks, ("task", "chargers", "shortfall", "stations", "power_kw", "capex_cny"))
    yield Sheet(
        "区县 districts",
        districts.set_index("district").loc[ordered].rename_axis("district").reset_index(),
        ("residents", "public_kwh_day", "served_kwh_day", *_amounts(districts)),
    )
    yield Sheet("年度 years", years, tuple(_amounts(years)))
    yield Sheet("分年任务 tasks by year", by_year, tuple(_amounts(by_year)), 2)
    yield Sheet("假设 assumptions", _assumption_rows(content))


def _amounts(table: pd.DataFrame) -> list[str]:
    return [c for c in ("chargers", "swap_stations", "stations", "power_kw", "capex_cny") if c in table]


def _site_table(content: Content) -> pd.DataFrame:
    sites = content.spatial("sites")
    points = sites.geometry.to_crs("EPSG:4326")
    kinds = {key: kind.name_zh for key, kind in content.scenario.kinds.items()}
    table = pd.DataFrame(sites.drop(columns="geometry")).assign(
        kind_zh=sites["kind"].map(kinds), lon=points.x.round(6), lat=points.y.round(6)
    )
    named = SITE_FIELDS.index("kind") + 1
    return table[[*SITE_FIELDS[:named], "kind_zh", *SITE_FIELDS[named:], "lon", "lat"]]


def _assumption_rows(content: Content) -> pd.DataFrame:
    """Every figure: Chinese words beside the English ones."""
    table = assumption_table(content.scenario).reset_index()
    units = dict(UNITS.values())
    return table.assign(
        section_zh=table["name_zh"],
        unit=[_both(units.get(en, en), en) for en in table["unit"]],
        source_kind=[_both(KINDS_ZH[kind], kind) for kind in table["source_kind"]],
    )[["key", "section_zh", "low", "base", "high", "unit", "source_kind", "source", "reasoning", "description"]]


def _summary_table(content: Content) -> pd.DataFrame:
    """What a reader asks first; figures as words where they are not known."""
    summary, scenario = content.summary, content.scenario
    proof = summary["proof"]
    rows: list[tuple[str, str, Any, Any, str, str, str]] = [
        ("方案", "plan", None, scenario.title_zh, "", scenario.title_en, ""),
        ("方案编号", "plan id", None, summary["plan_id"], "", "", ""),
        ("目标年", "year planned for", None, scenario.year, "", "", ""),
        ("说明", "note", None, "", "", scenario.note_zh, scenario.note_en),
    ]
    for row in (*summary["figures"].values(), *summary["companions"].values()):
        today, plan = (_figure(row, when) for when in ("today", "plan"))
        unit = row["unit"]
        rows.append((row["word_zh"], row["word_en"], today, plan, unit, row["note_zh"], row["note_en"]))
    totals = (
        ("新建公共充电桩", "new public chargers", "chargers", "台"),
        ("新建换电站", "new swap stations", "swap_stations", "座"),
        ("有新桩的站点", "sites with new chargers", "stations", "个"),
        ("新增功率", "new power", "power_kw", "kW"),
        ("投资", "investment", "capex_cny", "元"),
        ("新桩站点服务电量", "served at the sites with new chargers", "served_at_sites_kwh_day", "kWh/日"),
    )
    rows += [(zh, en, None, summary[key], unit, "", "") for zh, en, key, unit in totals]
    rows += [
        (
            "目标值",
            "value",
            None,
            proof["value_kwh_day"],
            "kWh/日",
            "按路程加权的服务电量",
            "served, weighted by the way",
        ),
        (
            "上界",
            "upper bound",
            None,
            proof["bound_kwh_day"],
            "kWh/日",
            "任何方案都不可能超过",
            "no plan can be worth more",
        ),
        ("差距", "gap", None, proof["gap_share"], "share", "", proof["method"]),
        ("声明", "notice", None, "", "", NOTICE_ZH, NOTICE_EN),
        ("数据来源", "attribution", None, "", "", content.attribution, ""),
    ]
    names = ["figure_zh", "figure_en", "today", "plan", "unit", "note_zh", "note_en"]
    return pd.DataFrame(rows, columns=names, dtype=object)


def _figure(row: dict[str, Any], when: str) -> Any:
    """A number, or the words for one that is not known or beyond reach."""
    if row[when] is not None:
        return row[when]
    value = float("inf") if when in row["beyond_reach"] else float("nan")
    return _both(figure_text(value, row["unit"], "zh"), figure_text(value, row["unit"], "en"))


def _both(zh: str, en: str) -> str:
    return zh if zh == en else f"{zh} {en}"


class _Formats:
    """The formats of a workbook, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[str, bool, bool], Any] = {}
        self.header = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E3EEF8", "bottom": 1}
        )

    def of(self, number: str, wrap: bool = False, total: bool = False) -> Any:
        key = number, wrap, total
        if key not in self._made:
            look: dict[str, Any] = {"num_format": number, "valign": "top", "text_wrap": wrap}
            self._made[key] = self._book.add_format(look | ({"bold": True, "top": 1} if total else {}))
        return self._made[key]


def _write_sheet(book: Any, formats: _Formats, sheet: Sheet, content: Content) -> None:
    page = book.add_worksheet(sheet.name)
    table = sheet.table
    names = [str(name) for name in table.columns]
    last = len(table)
    page.freeze_panes(1, sheet.frozen)
    page.autofilter(0, 0, max(last, 1), len(names) - 1)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    page.set_footer(_footer(content))
    page.set_row(0, _HEADER_HEIGHT)
    for place, name in enumerate(names):
        page.set_column(place, place, _WIDTHS.get(name, _WIDTH))
        page.write_string(0, place, _heading(name), formats.header)
    units = table["unit"].tolist() if "plan" in names else None
    for place, name in enumerate(names):
        look = formats.of(_number_format(name), wrap=name in _WRAPPED)
        if pd.api.types.is_numeric_dtype(table[name]) and not pd.api.types.is_bool_dtype(table[name]):
            for row, number in enumerate(table[name].tolist(), 1):
                if math.isfinite(number):
                    page.write_number(row, place, number, look)
            continue
        for row, value in enumerate(table[name].tolist(), 1):
            if units is not None and name in ("today", "plan"):
                look = formats.of(_unit_format(units[row - 1]))
            _write(page, row, place, value, look)
    if sheet.summed:
        _write_sums(page, formats, sheet, names)


def _write_sums(page: Any, formats: _Formats, sheet: Sheet, names: list[str]) -> None:
    """A last row with the sum of some columns: a formula, for those who change a number, and its value now."""
    last = len(sheet.table)
    for place, name in enumerate(names):
        look = formats.of(_number_format(name), total=True)
        if name in sheet.summed:
            letter = xlsxwriter.utility.xl_col_to_name(place)
            total = round(float(sheet.table[name].sum()), 6)
            page.write_formula(last + 1, place, f"=SUM({letter}2:{letter}{max(last + 1, 2)})", look, total)
        else:
            page.write(last + 1, place, _TOTAL if place == 0 else None, look)


def _write(page: Any, row: int, place: int, value: Any, look: Any) -> None:
    """A text, a truth value or a number as it is; a cell without anything where it is not known."""
    if isinstance(value, str):
        if value:
            page.write_string(row, place, _text(value), look)
    elif isinstance(value, bool):
        page.write_boolean(row, place, value, look)
    elif value is not None and math.isfinite(value):
        page.write_number(row, place, value, look)


def _text(value: str) -> str:
    """A text as Excel can hold it: no control characters, no more than a cell takes."""
    clean = _NO_XML.sub("\ufffd", value)
    return clean if len(clean) <= _MOST_CHARACTERS else f"{clean[: _MOST_CHARACTERS - 1]}…"


def _heading(name: str) -> str:
    """Chinese words with the unit, then the column's name in files."""
    column = words_of(name)
    unit = f"（{column.unit}）" if column.unit and column.unit != "share" else ""
    return f"{column.zh}{unit}\n{name}"


def _footer(content: Content) -> str:
    """Of printed pages: notice, attribution as far as it fits, page."""
    words = f"{NOTICE_ZH} {content.attribution}".replace("\n", " ").replace("&", "&&")
    return f"&L&8{words[: _FOOTER_CHARACTERS - 30]}&R&8&P / &N"


def _number_format(name: str) -> str:
    unit = words_of(name).unit
    if unit == "share":
        return "0.0%"
    if name in ("year", "phase", "rank", "low", "base", "high") or unit == "°":
        return "General"
    return "#,##0.0" if name.endswith("_kwh_day") or name == "cny_per_kwh_day" else "#,##0"


def _unit_format(unit: str) -> str:
    return {"share": "0.00%", "m": "#,##0", "": "General", "kW": "#,##0.##"}.get(unit, "#,##0")
