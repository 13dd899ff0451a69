"""The `planner` command: parse, call, print. Results go to stdout, progress and warnings to stderr."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

import planner
from planner._faults import BadInput, Fault, refuse
from planner.access import measure_access, street_parts
from planner.assessment import figure_text
from planner.candidates import find_sites
from planner.demand import estimate_demand
from planner.exports import NOTICE_EN, NOTICE_ZH, read_plan, refuse_foreign_folder, save_plan
from planner.layers import Layers, read_layers
from planner.plan import Plan, charger_type_table, islands, make_plan, reach_by_mode
from planner.scenario import Scenario, read_scenario

_MOST_TIGHTNESS = 1.2
_NEAR_STREET_M = 1_000.0
_PIPE_WIDTH = 140
_STAGES = {
    "layers": "读取图层",
    "demand": "估算需求",
    "candidates": "寻找候选站点",
    "access": "计算可达性",
    "assessment": "评估方案",
    "map": "绘制地图",
    "files": "写出文件",
}


class Lang(StrEnum):
    """Language of tables, map and progress."""

    zh = "zh"
    en = "en"


app = typer.Typer(
    name="planner",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Which sites get how many chargers of which power, and how good that plan is. 充电网络规划。",
)

ScenarioArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="SCENARIO",
        help="Scenario file (TOML), or an embedded one: taiyuan/base, toytown/toytown. Default: Taiyuan. 情景文件。",
    ),
]
LangOption = Annotated[
    Lang | None, typer.Option("--lang", help="Language, by default that of your system. 语言，默认随系统。")
]


def main() -> None:
    """Entry point: exit code 0 done, 1 an expected fault in one report, 2 usage."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except BadInput as error:
        count = len(error.faults)
        print(f"planner: {count} fault{'s' if count > 1 else ''} (共 {count} 处问题)\n{error}", file=sys.stderr)
        sys.exit(1)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"planner {planner.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version. 显示版本。")
    ] = False,
) -> None:
    """Which sites get how many chargers of which power, and how good that plan is. 充电网络规划。"""


@app.command("plan")
def plan_command(
    scenario: ScenarioArgument = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder of the plan. Default: maps/SCENARIO. 输出文件夹。")
    ] = None,
    gap: Annotated[
        float | None, typer.Option(help="Stop when the proven gap is at most this share, e.g. 0.02. 目标差距。")
    ] = None,
    lang: LangOption = None,
) -> None:
    """Plan a scenario and write its folder: map, sites, GeoPackage, summary. 规划并写出方案。"""
    if gap is not None and not 0 < gap < 1:
        raise typer.BadParameter(f"expected a share between 0 and 1, found {gap:g}", param_hint="--gap")
    spoken = _language(lang)
    given = read_scenario(scenario)
    if gap is not None:
        given = given.model_copy(update={"siting": given.siting.model_copy(update={"gap_share": gap})})
    folder = output or _default_folder(given)
    refuse_foreign_folder(folder)
    with _progress(spoken) as clock:
        plan = make_plan(given, clock)
        clock("map", plan.proof.value_kwh_day, plan.proof.bound_kwh_day)
        page = planner.draw_map(plan, spoken)
        clock("files", plan.proof.value_kwh_day, plan.proof.bound_kwh_day)
        written = save_plan(plan, folder, page, clock.seconds)
    _print_plan(plan, written, spoken)


@app.command("check")
def check_command(scenario: ScenarioArgument = None, lang: LangOption = None) -> None:
    """Read a scenario and its layers, show what they hold, and report every fault. 检查情景与图层。"""
    spoken = _language(lang)
    given = read_scenario(scenario)
    layers = read_layers(given.study_area)
    sites = find_sites(layers, given)
    out = _console()
    out.print(_layer_table(layers, spoken))
    out.print(_site_table(sites, given, spoken))
    out.print(_fact_table(layers, sites, given, spoken))
    refuse(islands(layers.streets, sites, given))
    out.print("未发现问题" if spoken == "zh" else "no faults")


@app.command("map")
def map_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A plan folder. 方案文件夹。")], lang: LangOption = None
) -> None:
    """Draw map.html again from a saved plan, without planning again. 由已保存的方案重绘地图。"""
    spoken = _language(lang)
    page = planner.draw_map(read_plan(folder), spoken)
    draft = folder / ".map.html.part"
    try:
        draft.write_text(page, encoding="utf-8")
        draft.replace(folder / "map.html")
    except OSError as error:
        raise BadInput([Fault(str(folder), f"map.html cannot be written: {error}", "无法写入 map.html")]) from None
    _console().print(str(folder / "map.html"))


def _language(lang: Lang | None) -> Literal["zh", "en"]:
    """The language asked for, or the system's: Chinese where its locale is, else English."""
    if lang is not None:
        return "zh" if lang is Lang.zh else "en"
    locale = next((os.environ[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(key)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def _default_folder(scenario: Scenario) -> Path:
    """``maps/NAME`` under the working directory; a name that would lead elsewhere is refused."""
    name = scenario.name
    if not name or name in (".", "..") or set(name) & set('/\\:*?"<>|\0'):
        fault = Fault(
            "scenario, key name",
            f"{name!r} is no folder name; change it or give -o",
            "名称不能用作文件夹名，请修改或使用 -o",
        )
        raise BadInput([fault])
    return Path("maps") / name


def _console(stderr: bool = False) -> Console:
    """A console that prints text as it is; wide where nobody watches, so that tables are not folded in files."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(stderr=stderr, width=width, markup=False, highlight=False, soft_wrap=False)


class _Clock:
    """Progress of a plan: shows stage, value, bound and gap, and keeps the seconds of every stage."""

    def __init__(self, console: Console, lang: str) -> None:
        self.seconds: dict[str, float] = {}
        self._console, self._lang = console, lang
        self._stage, self._since = "", time.perf_counter()
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None
        self._task = self._bar.add_task("", total=None) if self._bar else None

    def __call__(self, stage: str, value: float | None, bound: float | None) -> None:
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
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._since = now

    def _words(self, stage: str, value: float | None, bound: float | None) -> str:
        chinese = self._lang == "zh"
        parts = [_STAGES.get(stage, f"选址优化（{stage}）") if chinese else stage]
        if value is not None:
            parts.append(f"{'目标值' if chinese else 'value'} {value:,.0f}")
        if bound is not None and np.isfinite(bound):
            parts.append(f"{'上界' if chinese else 'bound'} {bound:,.0f} kWh/{'日' if chinese else 'day'}")
        if value is not None and bound:
            parts.append(f"{'差距' if chinese else 'gap'} {max(0.0, 1 - value / bound):.2%}")
        return "  ".join(parts)


@contextmanager
def _progress(lang: str) -> Iterator[_Clock]:
    clock = _Clock(_console(stderr=True), lang)
    clock.start()
    try:
        yield clock
    finally:
        clock.stop()


def _print_plan(plan: Plan, folder: Path, lang: str) -> None:
    """The figures with their notes, what is built, the proof and the district tasks."""
    out = _console()
    out.print(_figure_table(plan, lang))
    for _, row in plan.assessment.figures.iterrows():
        if note := row[f"note_{lang}"]:
            out.print(f"  {row[f'word_{lang}']}: {note}")
    out.print(_result_table(plan, lang))
    out.print(_task_table(plan, lang))
    out.print(NOTICE_ZH if lang == "zh" else NOTICE_EN)
    out.print(plan.scenario.study_area.attribution)
    out.print(str(folder))
    if plan.proof.tightness > _MOST_TIGHTNESS:
        _console(stderr=True).print(_tightness_warning(plan, lang))


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
        ("目标值（加权 kWh/日）", "value (weighted kWh/day)", f"{proof.value_kwh_day:,.0f}"),
        ("上界（加权 kWh/日）", "upper bound (weighted kWh/day)", f"{proof.bound_kwh_day:,.0f}"),
        ("差距", "gap", f"{proof.gap_share:.2%}，{optimal[0]}" if chinese else f"{proof.gap_share:.2%}, {optimal[1]}"),
        ("供需比 tightness", "tightness", f"{proof.tightness:.2f}"),
        ("承担 99 % 目标值的台数", "chargers that carry 99 % of the value", f"{proof.needed_chargers:,}"),
    ]
    table = _table("方案" if chinese else "plan", "项目" if chinese else "item", "数值" if chinese else "result")
    for zh, en, text in rows:
        table.add_row(zh if chinese else en, text)
    return table


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


def _layer_table(layers: Layers, lang: str) -> Table:
    chinese = lang == "zh"
    headings = (
        ("图层", "要素", "范围 km", "坐标系", "内容") if chinese else ("layer", "features", "extent km", "CRS", "holds")
    )
    table = _table("图层" if chinese else "layers", *headings)
    for name, holds in _holdings(layers, chinese).items():
        layer: gpd.GeoDataFrame = getattr(layers, name)
        table.add_row(name, f"{len(layer):,}", _extent_km(layer), layer.crs.to_string(), holds)
    return table


def _holdings(layers: Layers, chinese: bool) -> dict[str, str]:
    """What to say of every layer beside its size."""
    parts = street_parts(layers.streets)
    km = layers.streets["metres"].sum() / 1000
    pieces = len(set(parts[parts >= 0]))
    residents = f"{layers.zones['residents'].sum():,.0f}"
    kinds = ", ".join(f"{kind} {n}" for kind, n in layers.places["kind"].value_counts().sort_index().items())
    chargers = f"{layers.chargers['count'].sum():,.0f}" if len(layers.chargers) else "0"
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
        "chargers": (f"{chargers} 台有坐标", f"{chargers} located chargers"),
        "task_units": ("", ""),
    }
    return {name: (zh if chinese else en) for name, (zh, en) in words.items()}


def _extent_km(layer: gpd.GeoDataFrame) -> str:
    if layer.empty:
        return "–"
    west, south, east, north = layer.total_bounds
    return f"{(east - west) / 1000:,.1f} x {(north - south) / 1000:,.1f}"


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


def _fact_table(layers: Layers, sites: gpd.GeoDataFrame, scenario: Scenario, lang: str) -> Table:
    """What decides whether the layers can carry a plan."""
    demand = estimate_demand(layers.zones, layers.places, layers.streets, scenario)
    access = measure_access(layers.zones, sites, layers.streets, reach_by_mode(demand, scenario), scenario.access)
    residents = layers.zones["residents"].astype(float)
    driven = access.index.get_level_values("zone_id")[access.index.get_level_values("mode") == "drive"].unique()
    total = max(float(residents.sum()), 1.0)
    rows = [
        ("公共充电需求（kWh/日）", "public demand (kWh/day)", f"{demand['public_kwh_day'].sum():,.0f}"),
        ("其中无坐标充电桩承担", "of it carried by unlocated chargers", f"{demand['standing_kwh_day'].sum():,.0f}"),
        ("距道路 1 km 内的居民", "residents within 1 km of a street", f"{_near_street_share(layers):.1%}"),
        (
            "任何站点均不可达的居民",
            "residents out of reach of any site",
            f"{1 - residents[residents.index.isin(driven)].sum() / total:.1%}",
        ),
        (
            "供需比（按类型占比中值估算）",
            "tightness, estimated at the middle of the type shares",
            f"{_tightness_estimate(demand, driven, scenario):.2f}",
        ),
    ]
    chinese = lang == "zh"
    table = _table("可规划性" if chinese else "fitness", "项目" if chinese else "item", "数值" if chinese else "found")
    for zh, en, text in rows:
        table.add_row(zh if chinese else en, text)
    return table


def _near_street_share(layers: Layers) -> float:
    """Share of residents whose zone's centroid lies within a kilometre of a street."""
    near = layers.streets.sindex.nearest(layers.zones.geometry.centroid, max_distance=_NEAR_STREET_M, return_all=False)[
        0
    ]
    residents = layers.zones["residents"].to_numpy(float)
    return float(residents[np.unique(near)].sum() / max(residents.sum(), 1.0))


def _tightness_estimate(demand: pd.DataFrame, driven: pd.Index, scenario: Scenario) -> float:
    """What the quota carries at the middle of its type shares, over the demand of zones that reach a site by car."""
    types = charger_type_table(scenario.charger_types)
    counted = types[types["quota_units"] > 0]
    middle = (counted["min_share"] + counted["max_share"]) / 2
    per_pile = float((counted["energy_kwh_day"] / counted["quota_units"] * middle).sum() / middle.sum())
    reachable = float(demand.loc[demand.index.isin(driven, level="zone_id"), "energy_kwh_day"].sum())
    return scenario.siting.quota * per_pile / reachable if reachable > 0 else float("inf")


if __name__ == "__main__":
    main()
