"""The `planner` command: parse, call, print. Results go to stdout, progress and warnings to stderr."""

from __future__ import annotations

import io
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

import planner
from planner._console import console, print_fitness, print_layers, print_plan, progress
from planner._faults import BadInput, Fault, refuse
from planner.candidates import find_sites
from planner.exports import read_plan, refuse_foreign_folder, save_plan
from planner.fitness import measure_fitness
from planner.layers import read_layers
from planner.plan import islands, make_plan
from planner.scenario import Scenario, read_scenario


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
    with progress(spoken) as clock:
        plan = make_plan(given, clock)
        clock("map", plan.proof.value_kwh_day, plan.proof.bound_kwh_day)
        page = planner.draw_map(plan, spoken)
        clock("files", plan.proof.value_kwh_day, plan.proof.bound_kwh_day)
        written = save_plan(plan, folder, page, clock.seconds)
    print_plan(plan, written, spoken)


@app.command("check")
def check_command(scenario: ScenarioArgument = None, lang: LangOption = None) -> None:
    """Read a scenario and its layers, show what they hold, and report every fault. 检查情景与图层。"""
    spoken = _language(lang)
    given = read_scenario(scenario)
    layers = read_layers(given.study_area)
    sites = find_sites(layers, given)
    print_layers(layers, sites, given, spoken)
    print_fitness(measure_fitness(layers, sites, given), spoken)
    refuse(islands(layers.streets, sites, given))
    console().print("未发现问题" if spoken == "zh" else "no faults")


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
    console().print(str(folder / "map.html"))


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


if __name__ == "__main__":
    main()
