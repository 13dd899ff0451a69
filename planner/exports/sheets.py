"""What the sheets of ``plan.xlsx`` hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from planner.assumptions.figures import assumption_table
from planner.exports.content import Content
from planner.exports.sites import SITE_FIELDS
from planner.views import numbers
from planner.views.assumptions import KINDS, UNIT_WORDS
from planner.views.figures import writer_of
from planner.words import NO_TEXT, NOTICE, Text, same, text_in, text_of

_DISTRICT_COLUMNS = (
    *("residents", "within_norm_share_today", "within_norm_share", "public_kwh_day", "served_kwh_day"),
    *("served_share_today", "served_share", "stations", "chargers", "swap_stations", "power_kw", "capex_cny"),
    "cny_per_kwh_day",
)


class Sheet(NamedTuple):
    """A sheet: its name, its columns and the rows below their header.

    ``summed`` are the columns that a last row sums up; ``frozen`` how many columns stay in sight; ``wrapped`` those
    whose long texts are folded; ``formats`` the number formats of the rows, where their figures have one each.
    """

    name: str
    table: pd.DataFrame
    summed: tuple[str, ...] = ()
    frozen: int = 1
    wrapped: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()


def sheets_of(content: Content) -> Iterator[Sheet]:
    """Summary, sites, tasks, districts, years, tasks by year, assumptions."""
    sites, tasks, years = _site_table(content), content.table("tasks"), content.table("years")
    spatial = content.spatial("districts")  # in the order of the tasks; what else its layer holds is left out
    districts = pd.DataFrame(spatial[["district", *(c for c in _DISTRICT_COLUMNS if c in spatial)]])
    ordered = pd.Index([name for name in tasks["task_unit"] if name in set(districts["district"])])
    breakdown = content.table("breakdown")
    by_year = breakdown[breakdown[["chargers", "swap_stations"]].any(axis=1)].assign(
        kind_zh=lambda t: t["kind"].map({key: kind.name_zh for key, kind in content.scenario.kinds.items()})
    )
    by_year = by_year[["year", "task_unit", "kind", "kind_zh", *_amounts(breakdown)]].sort_values("year", kind="stable")
    lines = _summary_lines(content)
    yield Sheet(
        "摘要 summary",
        _summary_table(lines),
        frozen=0,
        wrapped=("plan", "note_zh", "note_en"),
        formats=tuple(numbers.excel_format(line.write) for line in lines),
    )
    whole = ("existing_total", "new_slow", "new_fast", "new_heavy", "new_swap", "new_total")
    yield Sheet("站点 sites", sites, (*whole, "power_kw", "capex_cny", "served_kwh_day"), 2)
    yield Sheet(
        "任务 tasks",
        tasks,
        ("task", "chargers", "shortfall", "stations", "power_kw", "capex_cny"),
        wrapped=("note_zh", "note_en"),
    )
    yield Sheet(
        "区县 districts",
        districts.set_index("district").loc[ordered].rename_axis("district").reset_index(),
        ("residents", "public_kwh_day", "served_kwh_day", *_amounts(districts)),
    )
    yield Sheet("年度 years", years, tuple(_amounts(years)))
    yield Sheet("分年任务 tasks by year", by_year, tuple(_amounts(by_year)), 2)
    yield Sheet(
        "假设 assumptions",
        _assumption_rows(content),
        wrapped=("key", "section_zh", "source", "reasoning", "description"),
    )


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
    return table.assign(
        section_zh=table["name_zh"],
        unit=[_both(UNIT_WORDS.get(en, same(en))) for en in table["unit"]],
        source_kind=[_both(KINDS[kind]) for kind in table["source_kind"]],
    )[["key", "section_zh", "low", "base", "high", "unit", "source_kind", "source", "reasoning", "description"]]


def _summary_lines(content: Content) -> list[_Line]:
    """What a reader asks first; figures as words where they are not known."""
    summary, scenario = content.summary, content.scenario
    return [
        _Line(Text(zh="方案", en="plan"), plan=scenario.title_zh, note=Text(zh=scenario.title_en, en="")),
        _Line(Text(zh="方案编号", en="plan id"), plan=summary["plan_id"]),
        _Line(Text(zh="目标年", en="year planned for"), plan=scenario.year, unit="年", write=numbers.year),
        _Line(Text(zh="说明", en="note"), plan="", note=text_of(scenario, "note")),
        *(_figure_line(key, row) for key, row in (summary["figures"] | summary["companions"]).items()),
        *_total_lines(summary),
        *_proof_lines(summary["proof"]),
        _Line(Text(zh="声明", en="notice"), plan="", note=NOTICE),
        _Line(Text(zh="数据来源", en="attribution"), plan="", note=Text(zh=content.attribution, en="")),
    ]


def _summary_table(lines: list[_Line]) -> pd.DataFrame:
    names = ["figure_zh", "figure_en", "today", "plan", "unit", "note_zh", "note_en"]
    cells = [(row.words.zh, row.words.en, row.today, row.plan, row.unit, row.note.zh, row.note.en) for row in lines]
    return pd.DataFrame(cells, columns=names, dtype=object)


class _Line(NamedTuple):
    """A line of the summary: a number or words, today and with the plan."""

    words: Text
    plan: Any
    today: Any = None
    unit: str = ""
    note: Text = NO_TEXT
    write: Callable[[float], Text] = numbers.count


def _total_lines(summary: Mapping[str, Any]) -> list[_Line]:
    totals = (
        ("chargers", "台", Text(zh="新建公共充电桩", en="new public chargers")),
        ("swap_stations", "座", Text(zh="新建换电站", en="new swap stations")),
        ("stations", "个", Text(zh="有新桩的站点", en="sites with new chargers")),
        ("power_kw", "kW", Text(zh="新增功率", en="new power")),
        ("capex_cny", "元", Text(zh="投资", en="investment")),
        (
            "served_at_sites_kwh_day",
            "kWh/日",
            Text(zh="新桩站点服务电量", en="served at the sites with new chargers"),
        ),
    )
    return [_Line(words, plan=summary[key], unit=unit) for key, unit, words in totals]


def _proof_lines(proof: Mapping[str, Any]) -> list[_Line]:
    return [
        _Line(
            Text(zh="目标值", en="value"),
            plan=proof["value_kwh_day"],
            unit="kWh/日",
            note=Text(zh="按路程加权的服务电量", en="served, weighted by the way"),
        ),
        _Line(
            Text(zh="上界", en="upper bound"),
            plan=proof["bound_kwh_day"],
            unit="kWh/日",
            note=Text(zh="任何方案都不可能超过", en="no plan can be worth more"),
        ),
        _Line(
            Text(zh="差距", en="gap"),
            plan=numbers.gap_up(proof["gap_share"]),
            note=Text(zh="", en=proof["method"]),
            write=numbers.gap,
        ),
    ]


def _figure_line(key: str, row: Mapping[str, Any]) -> _Line:
    today, plan = (_figure(row, when) for when in ("today", "plan"))
    write = writer_of(key, row["unit"])
    unit = "" if row["unit"] == "share" else row["unit"]
    return _Line(text_in(row, "word"), plan, today, unit, text_in(row, "note"), write)


def _figure(row: Mapping[str, Any], when: str) -> Any:
    """A number, or the words for one that is not known or beyond reach."""
    if row[when] is not None:
        return row[when]
    return _both(numbers.BEYOND_REACH if when in row["beyond_reach"] else numbers.UNKNOWN)


def _both(text: Text) -> str:
    return text.zh if text.zh == text.en else f"{text.zh} {text.en}"
