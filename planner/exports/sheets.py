"""What the sheets of ``plan.xlsx`` hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd

from planner.assessment import figure_text
from planner.assumptions.figures import UNITS, assumption_table
from planner.exports.content import Content
from planner.exports.sites import SITE_FIELDS
from planner.exports.summary import NOTICE_EN, NOTICE_ZH
from planner.views.assumptions import KINDS_ZH

_DISTRICT_COLUMNS = (
    *("residents", "within_norm_share_today", "within_norm_share", "public_kwh_day", "served_kwh_day"),
    *("served_share_today", "served_share", "stations", "chargers", "swap_stations", "power_kw", "capex_cny"),
    "cny_per_kwh_day",
)


class Sheet(NamedTuple):
    """A sheet: its name, its columns and the rows below their header.

    ``summed`` are the columns that a last row sums up; ``frozen`` how many columns stay in sight; ``wrapped`` those
    whose long texts are folded.
    """

    name: str
    table: pd.DataFrame
    summed: tuple[str, ...] = ()
    frozen: int = 1
    wrapped: tuple[str, ...] = ()


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
    yield Sheet("摘要 summary", _summary_table(content), frozen=0, wrapped=("plan", "note_zh", "note_en"))
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
    units = {unit.en: unit.zh for unit in UNITS.values()}
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
        ("目标年", "year planned for", None, scenario.year, "年", "", ""),
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
