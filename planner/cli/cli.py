"""The `planner` command: parse, call, print. Results go to stdout, progress and warnings to stderr."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

import planner
from planner.assumptions.figures import assumption_table
from planner.candidates.edits import read_edits
from planner.checks.fitness import examine
from planner.checks.inspection import inspect_layers
from planner.console import (
    console,
    print_assumptions,
    print_bands,
    print_examination,
    print_layers,
    print_next_steps,
    print_plan,
    progress,
    show,
    teller,
)
from planner.exports import export, read_plan, read_previous, refuse_foreign_folder, save_plan
from planner.faults import BadInput, Fault, refuse
from planner.files.whole import whole_files
from planner.layers import read_layers
from planner.maps.basemap import Basemap
from planner.plan import make_plan, with_optimal_today
from planner.progress import Stage
from planner.scenario import Scenario, read_scenario
from planner.scenario.file import locate
from planner.simulation.days import DAYS
from planner.simulation.stress import STRESS_DAYS
from planner.siting.effort import Effort, stopped_by_control_c
from planner.studies.alternatives import ALTERNATIVES, WITHIN_SHARE, find_alternatives
from planner.studies.design_days import simulate_plan, stress_plan
from planner.views.assumptions import count_line
from planner.views.check import no_faults
from planner.words import text_of


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
_ROUNDS_FOR_GAP = 3

import_app = typer.Typer(no_args_is_help=True, help="Bring data of your own into a study area. 导入自有数据。")
app.add_typer(import_app, name="import")


class Datum(StrEnum):
    """What coordinates are measured from."""

    wgs84 = "wgs84"
    gcj02 = "gcj02"
    bd09 = "bd09"


class Origin(StrEnum):
    """Where a figure comes from."""

    published = "published"
    derived = "derived"
    assumption = "assumption"


class OnlineMap(StrEnum):
    """Maps that lie under a plan when asked for."""

    osm = "osm"
    tianditu = "tianditu"
    gaode = "gaode"


DatumOption = Annotated[
    Datum | None,
    typer.Option(help="Datum of the chargers' coordinates: Gaode and Tencent gcj02, Baidu bd09. 坐标基准。"),
]
LangOption = Annotated[
    Lang | None, typer.Option("--lang", help="Language, by default that of your system. 语言，默认随系统。")
]


def main() -> None:
    """Entry point: exit code 0 done, 1 an expected fault in one report, 2 usage, 130 ended by Ctrl-C."""
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
    time: Annotated[
        float | None,
        typer.Option(help="Seconds for siting; the plan then depends on the machine. 选址限时（秒），结果不可重复。"),
    ] = None,
    edits: Annotated[
        Path | None,
        typer.Option(help="CSV or GeoJSON: site_id with lock (in, out, free), bays or grid_kw. 站点编辑表。"),
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="DIR", help="Go on from this plan, in a fraction of the time. 在已有方案上继续。"
        ),
    ] = None,
    lang: LangOption = None,
) -> None:
    """Plan a scenario and write its folder: map, report, sites, GeoPackage, summary. 规划并写出方案。

    SCENARIO may be a plan folder; with --edits its plan is gone on from, and the new one is written beside it.
    """
    if gap is not None and not 0 < gap < 1:
        raise typer.BadParameter(f"expected a share between 0 and 1, found {gap:g}", param_hint="--gap")
    if time is not None and not time > 0:
        raise typer.BadParameter(f"expected seconds above 0, found {time:g}", param_hint="--time")
    spoken = _language(lang)
    given = read_scenario(scenario)
    effort = _effort(given, gap, time)
    is_folder = scenario is not None and (Path(scenario) / "summary.json").is_file()
    if edits is not None and is_folder:
        since = since or Path(str(scenario))
        output = output or Path(str(scenario)).resolve().with_name(f"{Path(str(scenario)).resolve().name}-edited")
    folder = output or _default_folder(given)
    refuse_foreign_folder(folder)
    wanted = None if edits is None else read_edits(edits)
    previous = None if since is None else read_previous(since)
    with _naming_file(scenario), stopped_by_control_c(effort), progress(spoken) as clock:
        plan = make_plan(given, clock, effort, wanted, previous)
        clock(Stage.MAP, *plan.proof.progress)
        page = planner.draw_map(plan, spoken)
        clock(Stage.REPORT, *plan.proof.progress)
        report = planner.draw_report(plan, spoken)
        clock(Stage.FILES, *plan.proof.progress)
        written = save_plan(plan, folder, page, clock.seconds, report)
    print_plan(plan, written, spoken)


def _effort(scenario: Scenario, gap: float | None, seconds: float | None) -> Effort:
    """How long to try: as the scenario says, or for this run alone to another gap or by a clock."""
    siting = scenario.siting
    if gap is None and seconds is None:
        return Effort(siting.gap_share, siting.rounds)
    rounds = siting.rounds if gap is None else max(siting.rounds, _ROUNDS_FOR_GAP)
    return Effort(siting.gap_share if gap is None else gap, rounds, seconds, asked=True)


@app.command("check")
def check_command(scenario: ScenarioArgument = None, lang: LangOption = None) -> None:
    """Read a scenario and its layers, show what they hold, and report every fault. 检查情景与图层。"""
    spoken = _language(lang)
    with _naming_file(scenario):
        given = read_scenario(scenario)
        layers = read_layers(given.study_area)
        inspection = inspect_layers(layers)
        marked = print_layers(layers, inspection, spoken)
        found = examine(layers, given)
        print_examination(found, given, spoken)
        print_bands(given, spoken)
        refuse([*inspection.faults, *found.faults])
    show(no_faults(marked), spoken)


@app.command("assumptions")
def assumptions_command(
    scenario: ScenarioArgument = None,
    only: Annotated[
        Origin | None, typer.Option(help="Only figures of this kind. 只显示该类别：公布、推算、假设。")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="Table to write (.csv, .xlsx); with --edited a new scenario (.toml); with --sample a folder. 输出。",
        ),
    ] = None,
    edited: Annotated[
        Path | None, typer.Option(help="Edited table (CSV, Excel) to make a scenario of. 由修改后的表格生成情景。")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(help="Draw so many scenarios within the ranges. 在范围内抽样生成若干情景。")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the draw: the same gives the same. 随机种子。")] = 0,
    lang: LangOption = None,
) -> None:
    """Show every figure of a scenario, its range and its origin; edit them, draw samples. 列出、修改、抽样假设。

    The table that -o writes can be edited and read back with --edited: the new scenario holds only what you changed.
    """
    from planner.assumptions.edits import edited_scenario, stale_sources
    from planner.assumptions.files import (
        refuse_mixed_options,
        refuse_no_toml,
        write_samples,
        write_table,
        write_variant,
    )

    refuse_mixed_options(only is not None, output, edited, sample)
    spoken = _language(lang)
    given, file = read_scenario(scenario), locate(scenario)
    if edited and output:
        refuse_no_toml(output)
        variant = edited_scenario(given, edited, output.stem)
        console().print(str(write_variant(variant, given, file, output)))
        for en, zh in stale_sources(given, variant):
            teller(spoken)(en, zh)
    elif sample is not None and output:
        console().print(str(write_samples(given, file, output, sample, seed)))
    else:
        table = assumption_table(given)
        shown = table if only is None else table[table["source_kind"] == only.value]
        if output:
            written = write_table(shown, output)
        else:
            print_assumptions(shown, text_of(given, "title").to(spoken), spoken, console())
        console().print(count_line(table, shown).to(spoken) + (f"\n{written}" if output else ""))


@app.command("fetch")
def fetch_command(
    place: Annotated[
        str,
        typer.Argument(
            metavar="PLACE", help='A name ("太原市, 中国"), a boundary file, or W,S,E,N. 地名、边界文件或范围。'
        ),
    ],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Study-area folder to write. 研究区文件夹。")],
    streets: Annotated[
        Path | None, typer.Option(help="Streets: .osm, .osm.pbf, .graphml, or lines of a GIS. 道路文件。")
    ] = None,
    places: Annotated[
        list[Path] | None, typer.Option(help="Places: OSM extract, layer, CSV or Excel; repeatable. 地点文件。")
    ] = None,
    population: Annotated[
        Path | None,
        typer.Option(help="Residents: raster, polygons, or a table of district totals. 人口栅格、面图层或区县总数表。"),
    ] = None,
    totals: Annotated[
        Path | None, typer.Option(help="Table of official totals by district to scale to. 各区县官方人口数。")
    ] = None,
    chargers: Annotated[
        list[Path] | None, typer.Option(help="Today's charging stations; repeatable. 既有充电站文件。")
    ] = None,
    datum: DatumOption = None,
    kinds: Annotated[
        Path | None, typer.Option(help="A table of your own from OSM tags to kinds of place. 自定义地点类型对照表。")
    ] = None,
    country: Annotated[
        str | None, typer.Option(help="Country of the WorldPop raster, three letters (CHN). 国家三位代码。")
    ] = None,
    zone_side_m: Annotated[
        float, typer.Option("--zone-side", help="Side of a square zone in metres. 网格边长。")
    ] = 500,
    admin_level: Annotated[
        int, typer.Option(help="OSM level of the districts of a named place; 0: none. 区县的 OSM 行政级别。")
    ] = 6,
    overpass: Annotated[
        str | None, typer.Option(help="Overpass endpoint, e.g. http://server/api. Overpass 接口地址。")
    ] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder for answers and downloads. 缓存文件夹。")] = None,
    lang: LangOption = None,
) -> None:
    """Make a study-area folder from OpenStreetMap and WorldPop, or from your own files. 生成研究区文件夹。

    What is given as a file is not fetched: with all files given nothing goes online. The folder holds the layers,
    SOURCES.md and a first scenario, to be planned with `planner plan DIR`.
    """
    from planner.sources.fetch import fetch_layers
    from planner.sources.folder import Sources
    from planner.sources.osm import Overpass

    spoken = _language(lang)
    server = Overpass(url=overpass or Overpass.url, cache=cache or Overpass().cache, slots=overpass is None)
    sources = Sources(
        streets=streets,
        places=tuple(places or ()),
        population=population,
        totals=totals,
        chargers=tuple(chargers or ()),
        datum=datum.value if datum else None,
        kinds=kinds,
        country=country,
        zone_side_m=zone_side_m,
        admin_level=admin_level,
        overpass=server,
    )
    written = fetch_layers(place, folder, sources, teller(spoken))
    print_next_steps(written, spoken)


@import_app.command("chargers")
def import_chargers_command(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Open Charge Map or Gaode JSON, OSM, CSV, Excel, layers. 充电站文件。"),
    ],
    city: Annotated[str, typer.Option(help="Study-area folder or scenario that they belong to. 研究区文件夹或情景。")],
    datum: DatumOption = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to write. Default: chargers.geojson of the city. 输出文件。"),
    ] = None,
    known: Annotated[
        Path | None, typer.Option(help="Points of known place to test the datum by name. 用于核对坐标基准的已知地点。")
    ] = None,
    lang: LangOption = None,
) -> None:
    """Bring today's charging stations into a study area, joined with those it has. 导入既有充电站。"""
    from planner.sources.chargers.city import import_into_city

    spoken = _language(lang)
    given = read_scenario(city)
    written = import_into_city(files, datum.value if datum else None, given, output, known, teller(spoken))
    console().print(str(written))


@app.command("map")
def map_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A plan folder. 方案文件夹。")],
    basemap: Annotated[
        OnlineMap | None,
        typer.Option(help="Online map to lay under it; the page then needs internet. 在线底图（需联网）。"),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Your own key of Tianditu; it stands in the file. 您的天地图密钥。")
    ] = None,
    lang: LangOption = None,
) -> None:
    """Draw map.html again from a saved plan, without planning again. 由已保存的方案重绘地图。"""
    if key is not None and basemap is None:
        raise typer.BadParameter("is the key of an online map; give --basemap too", param_hint="--key")
    spoken = _language(lang)
    under = None if basemap is None else Basemap(basemap.value, key)
    page = planner.draw_map(read_plan(folder), spoken, under)
    with whole_files(folder / "map.html") as (draft,):
        draft.write_text(page, encoding="utf-8")
    console().print(str(folder / "map.html"))


@app.command("export")
def export_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A plan folder. 方案文件夹。")],
    to: Annotated[
        str,
        typer.Option(
            metavar="TARGET",
            help="csv, geojson, geoparquet, flatgeobuf, kml, xlsx, gpkg, or postgresql://user:password@host/database. "
            "导出格式或数据库地址。",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="New file, or folder or .zip of tables. Default: in the plan folder. 输出文件或文件夹。",
        ),
    ] = None,
    lang: LangOption = None,
) -> None:
    """Write a saved plan in another format, or into a PostGIS database. 导出为其他格式或写入数据库。"""
    spoken = _language(lang)
    with progress(spoken) as clock:
        clock(Stage.FILES, None, None)
        written = export(folder, to, output)
    console().print(written)


@app.command("report")
def report_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A plan folder. 方案文件夹。")],
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also report.pdf, in one language. 另写 PDF（单一语言）。")
    ] = False,
    lang: LangOption = None,
) -> None:
    """Write the report of a saved plan again, as HTML and as PDF; tells of a simulation too. 重写方案报告。"""
    from planner.report.pdf import refuse_without_typst

    if pdf:
        refuse_without_typst()
    spoken = _language(lang)
    with _naming_file(str(folder / "scenario.toml")), progress(spoken) as clock:
        clock(Stage.LAYERS, None, None)
        plan = read_plan(folder)
        clock(Stage.REPORT, None, None)
        written = planner.write_report(plan, folder, spoken, pdf)
    for file in written:
        console().print(str(file))


@app.command("simulate")
def simulate_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A plan folder. 方案文件夹。")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days that count. 统计天数。")] = DAYS,
    seed: Annotated[int, typer.Option(min=0, help="Of the random arrivals: the same gives the same. 随机种子。")] = 0,
    stress: Annotated[
        bool,
        typer.Option("--stress", help="Also days on which drivers go to the nearest station. 另做就近自选压力测试。"),
    ] = False,
    stress_days: Annotated[
        int, typer.Option(min=1, max=365, help="Days of the stress test that count. 压力测试统计天数。")
    ] = STRESS_DAYS,
    lang: LangOption = None,
) -> None:
    """Send a plan's drivers through some days, one by one: waits, losses, use. 逐车仿真：等待、流失、利用率。"""
    from planner.views.simulation import kept_line, save_simulation, simulation_table
    from planner.views.stress import overrun_table, stress_sentence, stress_table

    spoken = _language(lang)
    with _naming_file(str(folder / "scenario.toml")), progress(spoken) as clock:
        clock(Stage.LAYERS, None, None)
        plan = read_plan(folder)
        clock(Stage.SIMULATION, None, None)
        seen = simulate_plan(plan, days, seed)
        if stress:
            clock(Stage.STRESS_TEST, None, None)
        pressed = stress_plan(plan, stress_days, seed) if stress else None
        save_simulation(seen, folder, pressed, plan.sites)
    show(simulation_table(seen, plan.scenario), spoken)
    show(kept_line(seen), spoken)
    if pressed:
        show(stress_sentence(pressed), spoken)
        show(stress_table(pressed, plan.scenario), spoken)
        show(overrun_table(pressed, plan.sites, plan.scenario), spoken)
    console().print(str(folder / "simulation.json"))


@app.command("baselines")
def baselines_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A plan folder. 方案文件夹。")], lang: LangOption = None
) -> None:
    """Set a plan beside today, shares by residents and a greedy method. 与今日、按人口分配、贪心法比较。

    Where chargers stand today, also beside the best network of the same chargers, which takes as long as a plan.
    """
    from planner.views.baselines import baseline_table, save_baselines

    spoken = _language(lang)
    with progress(spoken) as clock:
        clock(Stage.LAYERS, None, None)
        plan = read_plan(folder)
        if len(plan.existing):
            clock(Stage.OPTIMAL_TODAY, None, None)
        table = with_optimal_today(plan)
        save_baselines(table, folder)
    show(baseline_table(table), spoken)
    console().print(str(folder / "baselines.json"))


@app.command("alternatives")
def alternatives_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A plan folder. 方案文件夹。")],
    count: Annotated[
        int, typer.Option("-k", min=1, max=50, help="How many besides the plan. 备选方案数。")
    ] = ALTERNATIVES,
    within: Annotated[
        float, typer.Option(help="The most of the plan's value that each may lose, e.g. 0.01. 允许损失的比例。")
    ] = WITHIN_SHARE,
    lang: LangOption = None,
) -> None:
    """Find other plans nearly as good at other sites: which sites are robust. 近优备选方案与站点稳健性。"""
    from planner.views.alternatives import alternative_table, robust_line, save_alternatives

    if not 0 < within < 1:
        raise typer.BadParameter(f"expected a share between 0 and 1, found {within:g}", param_hint="--within")
    spoken = _language(lang)
    with _naming_file(str(folder / "scenario.toml")), progress(spoken) as clock:
        clock(Stage.LAYERS, None, None)
        found = find_alternatives(read_plan(folder), count, within, clock)
        save_alternatives(found, folder)
    show(alternative_table(found), spoken)
    show(robust_line(found), spoken)
    console().print(str(folder / "alternatives.json"))


@app.command("compare")
def compare_command(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR DIR...", help="Plan folders. 方案文件夹。")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Of two plans: folder for the difference by site. 两方案差异的输出文件夹。"
        ),
    ] = None,
    draw: Annotated[
        bool,
        typer.Option("--map", help="Of two plans: also difference.html, into maps/difference without -o. 差异地图。"),
    ] = False,
    lang: LangOption = None,
) -> None:
    """Set saved plans side by side; of two, write at which sites they differ. 比较已保存的方案。"""
    from planner.maps.difference import draw_difference
    from planner.studies.compare import read_saved
    from planner.views.difference import difference_line, figures_table, save_difference

    if (output is not None or draw) and len(folders) != 2:
        hint = "-o" if output is not None else "--map"
        raise typer.BadParameter(f"a difference is of two plans, found {len(folders)}", param_hint=hint)
    spoken = _language(lang)
    output = output or (Path("maps") / "difference" if draw else None)
    plans = read_saved(folders)
    show(figures_table(plans), spoken)
    if len(plans) == 2:
        show(difference_line(plans[0], plans[1]), spoken)
    if output is not None:
        page = draw_difference(plans[0], plans[1], spoken) if draw else None
        save_difference(plans[0], plans[1], output, page)
        console().print(str(output / ("difference.html" if draw else "difference.json")))


@app.command("fairness")
def fairness_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A plan folder. 方案文件夹。")],
    floors: Annotated[
        str | None,
        typer.Option(help="Least served shares of every district, e.g. 0.5,0.6,0.7. 各区服务率下限，逗号分隔。"),
    ] = None,
    lang: LangOption = None,
) -> None:
    """The price of fairness: what service a floor for every district takes, level by level. 公平的代价。

    Without --floors five levels between what the plan's worst district has and the most that all can have.
    """
    from planner.studies.fairness import fairness_curve
    from planner.views.fairness import fairness_notes, fairness_table, save_fairness

    levels = None if floors is None else _shares(floors, "--floors")
    spoken = _language(lang)
    with _naming_file(str(folder / "scenario.toml")), progress(spoken) as clock:
        clock(Stage.LAYERS, None, None)
        curve = fairness_curve(read_plan(folder), levels, clock)
        save_fairness(curve, folder)
    show(fairness_table(curve), spoken)
    for note in fairness_notes(curve):
        show(note, spoken)
    console().print(str(folder / "fairness.json"))


def _shares(text: str, option: str) -> list[float]:
    """Numbers between 0 and 1, separated by commas."""
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        shares = [-1.0]
    if not all(0 < share <= 1 for share in shares):
        raise typer.BadParameter(f"expected shares between 0 and 1 like 0.5,0.6, found {text}", param_hint=option)
    return sorted(set(shares))


@contextmanager
def _naming_file(scenario: str | None) -> Iterator[None]:
    """Faults of the block that speak of the scenario name its file."""
    try:
        yield
    except BadInput as error:
        file = f"{locate(scenario)}, key "
        faults = (Fault(f.where.replace("scenario, key ", file, 1), en=f.en, zh=f.zh) for f in error.faults)
        raise BadInput(faults) from None


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
            en=f"{name!r} is no folder name; change it or give -o",
            zh="名称不能用作文件夹名，请修改或使用 -o",
        )
        raise BadInput([fault])
    return Path("maps") / name


if __name__ == "__main__":
    main()
