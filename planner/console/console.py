"""Plumbing of the command: its consoles, the progress of a plan, and plans and layers as tables."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from planner.access import street_parts
from planner.assessment import figure_text, pooling_gain
from planner.checks.fitness import Examination, Fitness
from planner.checks.inspection import Inspection
from planner.demand import band_table
from planner.exports import NOTICE_EN, NOTICE_ZH
from planner.layers import Layers
from planner.plan import Plan
from planner.progress import Stage
from planner.scenario import Scenario
from planner.siting import Proof
from planner.views.baselines import baseline_table
from planner.views.check import layer_table, marked_lines
from planner.views.reports import Rows, report_sections
from planner.words import Say

_MOST_TIGHTNESS = 1.2
_PIPE_WIDTH = 140


def console(stderr: bool = False) -> Console:
    """A console that prints text as it is; wide where nobody watches, so that tables are not folded in files."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(stderr=stderr, width=width, markup=False, highlight=False, soft_wrap=False)


@contextmanager
def progress(lang: str) -> Iterator[Clock]:
    """A clock that shows its stages on stderr while the block runs."""
    clock = Clock(console(stderr=True), lang)
    clock.start()
    try:
        yield clock
    finally:
        clock.stop()


def print_plan(plan: Plan, folder: Path, lang: str) -> None:
    """The figures with their definitions and notes, what is built, the proof and the district tasks."""
    out = console()
    for remark in plan.layers.remarks:
        done = remark.text.about(remark.layer)
        console(stderr=True).print(done.zh if lang == "zh" else done.en)
    out.print(_figure_table(plan, lang))
    between = "；" if lang == "zh" else "; "
    for _, row in plan.assessment.figures.iterrows():
        told = between.join(filter(None, (row[f"definition_{lang}"], row[f"note_{lang}"])))
        out.print(f"  {row[f'word_{lang}']}{'：' if lang == 'zh' else ': '}{told}")
    out.print(_result_table(plan, lang))
    if len(plan.years) > 1:
        out.print(_year_table(plan, lang))
    if sections := report_sections(plan.assessment, plan.scenario, lang):
        out.print(_report_table(sections, lang))
    out.print(baseline_table(plan.baselines, lang))
    out.print(_task_table(plan, lang))
    print_bands(plan.scenario, lang)
    out.print(NOTICE_ZH if lang == "zh" else NOTICE_EN)
    out.print(plan.scenario.study_area.attribution)
    out.print(str(folder))
    if plan.proof.tightness > _MOST_TIGHTNESS:
        console(stderr=True).print(_tightness_warning(plan, lang))


def print_bands(scenario: Scenario, lang: str) -> None:
    """What the demand is plausible within; a warning on stderr for each figure beyond, with what pushed it there."""
    bands = band_table(scenario)
    if bands.empty:
        return
    chinese = lang == "zh"
    headings = ("需求校核", "本情景", "合理范围") if chinese else ("sanity of the demand", "found", "plausible")
    table = _table("", *headings)
    for _, row in bands.iterrows():
        limits = f"{_short(row['low'])} – {_short(row['high'])}"
        mark = "" if row["within"] else " !"
        table.add_row(row[f"name_{lang}"], _short(row["found"]) + mark, limits)
    console().print(table)
    for _, row in bands[~bands["within"]].iterrows():
        name, found, by = row[f"name_{lang}"], _short(row["found"]), row["pushed_by"]
        if chinese:
            text = f"警告：{name}为 {found}，超出合理范围；影响最大的假设是 {by}"
        else:
            text = f"warning: {name} is {found}, outside its plausible band; the assumption that moves it most is {by}"
        console(stderr=True).print(text)


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"


def print_layers(layers: Layers, inspection: Inspection, lang: str) -> int:
    """What the layers hold and how they lie on the ground; returns how many lines are marked to be looked at."""
    out = console()
    crs = layers.districts.crs.to_string()
    out.print(layer_table(inspection, _holdings(layers, lang == "zh"), crs, lang, out.width))
    return marked_lines(inspection)


def print_examination(found: Examination, scenario: Scenario, lang: str) -> None:
    """The candidate sites, and whether the layers can carry a plan."""
    out = console()
    if found.sites is not None:
        out.print(_site_table(found.sites, scenario, lang))
    if found.fitness is not None:
        out.print(_fitness_table(found.fitness, lang))


def no_faults(marked: int, lang: str) -> str:
    """The last line of a check without faults."""
    if lang == "zh":
        return f"未发现问题；请查看 {marked} 行以 ! 标记的内容" if marked else "未发现问题"
    lines = "line" if marked == 1 else "lines"
    return f"no faults; look at the {marked} {lines} marked !" if marked else "no faults"


def teller(lang: str) -> Say:
    """Prints on stderr, in one language, what is told in both."""
    out = console(stderr=True)
    return lambda text: out.print(text.zh if lang == "zh" else text.en)


def print_next_steps(folder: Path, lang: str) -> None:
    """A fetched study area, and what to do with it."""
    hint = "检查、规划：" if lang == "zh" else "check it and plan it:"
    typed = shlex.quote(str(folder))
    console().print(f"{folder}\n{hint}\n  planner check {typed}\n  planner plan {typed}")


class Clock:
    """Progress of a plan: shows stage, value, bound and gap, and keeps the seconds of every stage."""

    def __init__(self, console: Console, lang: str) -> None:
        self.seconds: dict[str, float] = {}
        self._console, self._lang = console, lang
        self._stage: Stage | None = None
        self._since = time.perf_counter()
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None
        self._task = self._bar.add_task("", total=None) if self._bar else None

    def __call__(self, stage: Stage, value: float | None, bound: float | None) -> None:
        text = self._words(stage, value, bound)
        if self._bar and self._task is not None:
            self._bar.update(self._task, description=text)
        elif stage != self._stage:
            self._console.print(text)
        self._add_seconds()
        self._stage = stage

    def start(self) -> None:
        """Show the bar where a person watches."""
        if self._bar:
            self._bar.start()

    def stop(self) -> None:
        """Close the bar and the last stage."""
        if self._bar:
            self._bar.stop()
        self._add_seconds()

    def _add_seconds(self) -> None:
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage.key] = self.seconds.get(self._stage.key, 0.0) + now - self._since
        self._since = now

    def _words(self, stage: Stage, value: float | None, bound: float | None) -> str:
        chinese = self._lang == "zh"
        parts = [stage.value.zh if chinese else stage.value.en]
        if (value or bound or 0.0) < 0:
            return "  ".join([*parts, *_cost_words(value, bound, chinese)])
        if value is not None:
            parts.append(f"{'目标值' if chinese else 'value'} {value:,.0f}")
        if bound is not None and np.isfinite(bound):
            parts.append(f"{'上界' if chinese else 'bound'} {bound:,.0f} kWh/{'日' if chinese else 'day'}")
        if value is not None and bound:
            parts.append(f"{'差距' if chinese else 'gap'} {max(0.0, 1 - value / bound):.2%}")
        return "  ".join(parts)


def _cost_words(value: float | None, bound: float | None, chinese: bool) -> list[str]:
    """The least cost on the way to it: value and bound are negative costs."""
    parts = []
    if value is not None:
        parts.append(f"{'成本' if chinese else 'cost'} {-value:,.0f}")
    if bound is not None and np.isfinite(bound):
        parts.append(f"{'下界' if chinese else 'lower bound'} {-bound:,.0f} CNY")
    if value and bound is not None:
        parts.append(f"{'差距' if chinese else 'gap'} {max(0.0, 1 - bound / value):.2%}")
    return parts


def _tightness_warning(plan: Plan, lang: str) -> str:
    tightness, needed = plan.proof.tightness, plan.proof.needed_chargers
    if lang == "zh":
        return (
            f"警告：新增充电桩的供电能力是可达需求的 {tightness:.2f} 倍，{needed:,} 台即可承担 99 % 的目标值；"
            "请减少总量或检查需求假设"
        )
    return (
        f"warning: the new chargers can carry {tightness:.2f} times the demand they can reach; {needed:,} of them "
        "carry 99 % of the value; lower the quota or check the demand assumptions"
    )


def _table(title: str, *headings: str) -> Table:
    """A table whose first column is text and whose others are numbers."""
    table = Table(title=title, title_justify="left")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place == 0 else "right", overflow="fold")
    return table


def _figure_table(plan: Plan, lang: str) -> Table:
    chinese = lang == "zh"
    scenario = plan.scenario
    headings = ("指标", "今日", "规划") if chinese else ("figure", "today", "plan")
    table = _table(scenario.title_zh if chinese else scenario.title_en, *headings)
    for figures in (plan.assessment.figures, plan.assessment.companions):
        for _, row in figures.iterrows():
            texts = (figure_text(row[when], row["unit"], lang) for when in ("today", "plan"))
            table.add_row(row["word_zh" if chinese else "word_en"], *texts)
        table.add_section()
    return table


def _result_table(plan: Plan, lang: str) -> Table:
    chinese = lang == "zh"
    sites, proof = plan.assessment.sites, plan.proof
    optimal = ("已证最优", "proven optimal") if proof.optimal else ("尚未证明最优", "not proven optimal")
    rows = [
        ("新增充电桩（台）", "new chargers", f"{sites['new_total'].sum():,.0f}"),
        ("新增换电站", "new swap stations", f"{sites['new_swap'].sum():,.0f}"),
        ("有新增设施的站点", "sites with new chargers", f"{len(sites):,}"),
        ("投资（百万元）", "investment (million CNY)", f"{sites['capex_cny'].sum() / 1e6:,.1f}"),
        *_value_rows(proof),
        ("差距", "gap", f"{proof.gap_share:.2%}，{optimal[0]}" if chinese else f"{proof.gap_share:.2%}, {optimal[1]}"),
        ("供需比 tightness", "tightness", f"{proof.tightness:.2f}"),
        *_pooling_rows(plan),
        ("承担 99 % 目标值的台数", "chargers that carry 99 % of the value", f"{proof.needed_chargers:,}"),
    ]
    table = _table("方案" if chinese else "plan", "项目" if chinese else "item", "数值" if chinese else "result")
    for zh, en, text in rows:
        table.add_row(zh if chinese else en, text)
    return table


def _year_table(plan: Plan, lang: str) -> Table:
    """What every year builds and serves."""
    chinese = lang == "zh"
    zh = (
        "年份",
        "新增（台）",
        "新站点",
        "投资（百万元）",
        "年底台数",
        "需求 kWh/日",
        "满足率",
        "半径内居民",
    )
    en = (
        "year",
        "chargers",
        "sites",
        "million CNY",
        "standing",
        "demand kWh/day",
        "served",
        "within norm",
    )
    table = _table("分年" if chinese else "by year", *(zh if chinese else en))
    for year, row in plan.assessment.years.iterrows():
        table.add_row(
            str(year),
            *(f"{row[name]:,.0f}" for name in ("chargers", "stations")),
            f"{row['capex_cny'] / 1e6:,.1f}",
            *(f"{row[name]:,.0f}" for name in ("chargers_standing", "public_kwh_day")),
            *(f"{row[name]:.1%}" for name in ("served_share", "within_norm_share")),
        )
    return table


def _report_table(sections: list[Rows], lang: str) -> Table:
    chinese = lang == "zh"
    table = _table(
        "电网、资金与排放" if chinese else "grid, money and emissions",
        *(("项目", "数值") if chinese else ("item", "result")),
    )
    for rows in sections:
        for words, text in rows:
            table.add_row(words, text)
        table.add_section()
    return table


def _pooling_rows(plan: Plan) -> list[tuple[str, str, str]]:
    """What the new chargers carry at the promised wait, and what pooling gained; nothing without a promise."""
    if plan.scenario.waiting is None:
        return []
    gain = pooling_gain(plan.assessment.types)
    share = "" if np.isnan(gain["gained_share"]) else f" ({gain['gained_share']:+.1%})"
    return [
        (
            "新增设施在承诺等待下可供电量（kWh/日）",
            "the new chargers can carry at the promised wait (kWh/day)",
            f"{gain['carried_kwh_day']:,.0f}",
        ),
        (
            "其中因并站排队较固定单桩电量增加",
            "of it gained by pooling over a fixed energy per charger",
            f"{gain['gained_kwh_day']:+,.0f}{share}",
        ),
    ]


def _value_rows(proof: Proof) -> list[tuple[str, str, str]]:
    """What the plan is worth, or costs, and how much better any other can be."""
    if proof.cost_cny is None or proof.cost_bound_cny is None:
        return [
            ("目标值（加权 kWh/日）", "value (weighted kWh/day)", f"{proof.value_kwh_day:,.0f}"),
            ("上界（加权 kWh/日）", "upper bound (weighted kWh/day)", f"{proof.bound_kwh_day:,.0f}"),
        ]
    return [
        ("服务电量（kWh/日）", "served (kWh/day)", f"{proof.value_kwh_day:,.0f}"),
        ("全寿命成本（百万元）", "lifetime cost (million CNY)", f"{proof.cost_cny / 1e6:,.2f}"),
        ("成本下界（百万元）", "lower bound of the cost (million CNY)", f"{proof.cost_bound_cny / 1e6:,.2f}"),
    ]


def _task_table(plan: Plan, lang: str) -> Table:
    chinese = lang == "zh"
    zh = ("任务单元", "任务（台）", "新增（台）", "站点", "功率 kW", "投资（百万元）", "备注")
    en = ("task unit", "task", "chargers", "sites", "power kW", "million CNY", "note")
    table = _table("任务分解表" if chinese else "district tasks", *(zh if chinese else en))
    for unit, row in plan.assessment.tasks.iterrows():
        numbers = (row["task"], row["chargers"], row["stations"], row["power_kw"])
        note = str(row["note_zh"] if chinese else row["note_en"])
        table.add_row(str(unit), *(f"{n:,.0f}" for n in numbers), f"{row['capex_cny'] / 1e6:,.1f}", note)
    table.add_section()
    sums = plan.assessment.tasks[["task", "chargers", "stations", "power_kw", "capex_cny"]].sum()
    counts = (f"{n:,.0f}" for n in sums.iloc[:4])
    table.add_row("合计" if chinese else "sum", *counts, f"{sums['capex_cny'] / 1e6:,.1f}", "")
    return table


def _holdings(layers: Layers, chinese: bool) -> dict[str, str]:
    """What to say of every layer beside its size."""
    parts = street_parts(layers.streets)
    km = layers.streets["metres"].sum() / 1000
    pieces = len(set(parts[parts >= 0]))
    residents = f"{layers.zones['residents'].sum():,.0f}"
    kinds = ", ".join(f"{kind} {n}" for kind, n in layers.places["kind"].value_counts().sort_index().items())
    words = {
        "districts": (
            f"居民 {layers.districts['residents'].sum():,.0f}",
            f"residents {layers.districts['residents'].sum():,.0f}",
        ),
        "streets": (
            f"{km:,.0f} km，{pieces} 个连通部分",
            f"{km:,.0f} km in {pieces} connected part{'s' if pieces > 1 else ''}",
        ),
        "zones": (f"居民 {residents}", f"residents {residents}"),
        "places": (kinds, kinds),
        "chargers": _charger_words(layers.chargers),
        "task_units": ("", ""),
        "feeders": _feeder_words(layers.feeders),
    }
    return {name: (zh if chinese else en) for name, (zh, en) in words.items()}


def _feeder_words(feeders: gpd.GeoDataFrame) -> tuple[str, str]:
    """What the feeder groups together have left, and of how many that is known."""
    known = feeders["headroom_kw"].dropna() if "headroom_kw" in feeders else feeders.index[:0]
    if not len(known):
        return "", ""
    return (
        f"余量 {known.sum():,.0f} kW（{len(known):,} 组）",
        f"headroom {known.sum():,.0f} kW of {len(known):,} groups",
    )


def _charger_words(chargers: gpd.GeoDataFrame) -> tuple[str, str]:
    """How many located chargers there are, and what is not known of them."""
    count = int(chargers["count"].sum())
    en, zh = f"{count:,} located charger{'' if count == 1 else 's'}", f"{count:,} 台有坐标"
    unknown = chargers["count"].isna()
    if stations := len({point.wkb for point in chargers.geometry[unknown]}):
        en += f", {stations:,} station{'' if stations == 1 else 's'} of unknown size"
        zh += f"，{stations:,} 个站点规模未知"
    if untyped := int(chargers.loc[chargers["charger_type"].isna(), "count"].sum()):
        en += f", {untyped:,} charger{'' if untyped == 1 else 's'} of unknown type"
        zh += f"，{untyped:,} 台类型未知"
    return zh, en


def _site_table(sites: gpd.GeoDataFrame, scenario: Scenario, lang: str) -> Table:
    chinese = lang == "zh"
    headings = ("类型", "实有", "生成") if chinese else ("kind", "real", "generated")
    table = _table("候选站点" if chinese else "candidate sites", *headings)
    counts = pd.crosstab(sites["kind"], sites["modelled"].astype(bool)).reindex(columns=[False, True], fill_value=0)
    for kind, row in counts.iterrows():
        named = scenario.kinds[str(kind)]
        table.add_row(named.name_zh if chinese else named.name_en, f"{row[False]:,}", f"{row[True]:,}")
    table.add_section()
    table.add_row("合计" if chinese else "sum", f"{counts[False].sum():,}", f"{counts[True].sum():,}")
    return table


def _fitness_table(fitness: Fitness, lang: str) -> Table:
    rows = [
        ("公共充电需求（kWh/日）", "public demand (kWh/day)", f"{fitness.public_kwh_day:,.0f}"),
        ("其中无坐标充电桩承担", "of it carried by unlocated chargers", f"{fitness.standing_kwh_day:,.0f}"),
        ("距道路 1 km 内的居民", "residents within 1 km of a street", f"{fitness.near_street_share:.1%}"),
        ("道路强连通部分", "strongly connected parts of the streets", f"{fitness.street_parts:,}"),
        (
            "最大部分以外的道路",
            "streets outside the largest part",
            f"{fitness.island_km:,.1f} km, {fitness.island_share:.1%}",
        ),
        ("任何站点均不可达的居民", "residents out of reach of any site", f"{fitness.out_of_reach_share:.1%}"),
        (
            "供需比（按类型占比中值估算）",
            "tightness, estimated at the middle of the type shares",
            f"{fitness.tightness:.2f}",
        ),
    ]
    chinese = lang == "zh"
    table = _table("可规划性" if chinese else "fitness", "项目" if chinese else "item", "数值" if chinese else "found")
    for zh, en, text in rows:
        table.add_row(zh if chinese else en, text)
    return table
