"""What a plan is made from: `planner check`, `assumptions`, `fetch` and `import chargers`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from planner.cli.options import (
    CheckedArgument,
    DatumOption,
    LangOption,
    ScenarioArgument,
    is_plan_folder,
    language,
    naming_file,
    naming_file_of,
)
from planner.faults import Fault, refuse
from planner.words import Lang, Text, text_of


class Origin(StrEnum):
    """Where a figure comes from."""

    published = "published"
    derived = "derived"
    assumption = "assumption"


_Only = Annotated[Origin | None, typer.Option(help="Only figures of this kind. 只显示该类别：公布、推算、假设。")]
_Table = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        help="Table to write (.csv, .xlsx); with --edited a new scenario (.toml); with --sample a folder. 输出。",
    ),
]
_Edited = Annotated[
    Path | None, typer.Option(help="Edited table (CSV, Excel) to make a scenario of. 由修改后的表格生成情景。")
]
_Sample = Annotated[
    int | None, typer.Option(help="Draw so many scenarios within the ranges. 在范围内抽样生成若干情景。")
]
_Seed = Annotated[int, typer.Option(help="Of the draw: the same gives the same. 随机种子。")]

_Place = Annotated[
    str,
    typer.Argument(
        metavar="PLACE", help='A name ("太原市, 中国"), a boundary file, or W,S,E,N. 地名、边界文件或范围。'
    ),
]
_AreaFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Study-area folder to write. 研究区文件夹。")]
_Streets = Annotated[Path | None, typer.Option(help="Streets: .osm, .osm.pbf, .graphml, or lines of a GIS. 道路文件。")]
_Places = Annotated[
    list[Path] | None, typer.Option(help="Places: OSM extract, layer, CSV or Excel; repeatable. 地点文件。")
]
_Population = Annotated[
    Path | None,
    typer.Option(help="Residents: raster, polygons, or a table of district totals. 人口栅格、面图层或区县总数表。"),
]
_Totals = Annotated[
    Path | None, typer.Option(help="Table of official totals by district to scale to. 各区县官方人口数。")
]
_Chargers = Annotated[list[Path] | None, typer.Option(help="Today's charging stations; repeatable. 既有充电站文件。")]
_Kinds = Annotated[
    Path | None, typer.Option(help="A table of your own from OSM tags to kinds of place. 自定义地点类型对照表。")
]
_Country = Annotated[
    str | None, typer.Option(help="Country of the WorldPop raster, three letters (CHN). 国家三位代码。")
]
_ZoneSide = Annotated[float, typer.Option("--zone-side", help="Side of a square zone in metres. 网格边长。")]
_AdminLevel = Annotated[
    int, typer.Option(help="OSM level of the districts of a named place; 0: none. 区县的 OSM 行政级别。")
]
_Overpass = Annotated[str | None, typer.Option(help="Overpass endpoint, e.g. http://server/api. Overpass 接口地址。")]
_Cache = Annotated[Path | None, typer.Option(help="Folder for answers and downloads. 缓存文件夹。")]

_Stations = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", help="Open Charge Map or Gaode JSON, OSM, CSV, Excel, layers. 充电站文件。"),
]
_City = Annotated[str, typer.Option(help="Study-area folder or scenario that they belong to. 研究区文件夹或情景。")]
_Layer = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="File to write. Default: chargers.geojson of the city. 输出文件。"),
]
_Known = Annotated[
    Path | None, typer.Option(help="Points of known place to test the datum by name. 用于核对坐标基准的已知地点。")
]


def check_command(scenario: CheckedArgument = None, lang: LangOption = None) -> None:
    """Report every fault of a scenario and its layers, or whether a plan's proof stands. 检查情景或方案。

    Of a plan folder every rule is derived again, and value and bound are computed again, from its own files alone.
    """
    if scenario is not None and is_plan_folder(scenario):
        _check_plan(Path(scenario), language(lang))
    else:
        _check_scenario(scenario, language(lang))


def _check_plan(folder: Path, lang: Lang) -> None:
    """Whether the proof of a saved plan stands."""
    from planner import check_folder
    from planner.console.check import print_certificate
    from planner.console.printing import show
    from planner.views.certificate import verdict

    with naming_file_of(folder):
        found = check_folder(folder)
    print_certificate(found, lang)
    refuse([] if found.stands else [Fault.of(str(folder), verdict(found))])
    show(verdict(found), lang)


def _check_scenario(scenario: str | None, lang: Lang) -> None:
    """What a scenario's layers hold, and every fault of them."""
    from planner import check_scenario, read_scenario
    from planner.console.check import print_examination, print_layers
    from planner.console.plan import print_bands
    from planner.console.printing import show
    from planner.views.check import no_faults

    with naming_file(scenario):
        given = read_scenario(scenario)
        found = check_scenario(given)
        marked = print_layers(found.layers, found.inspection, lang)
        print_examination(found.examination, given, lang)
        print_bands(given, lang)
        refuse(found.faults)
    show(no_faults(marked), lang)


def assumptions_command(
    scenario: ScenarioArgument = None,
    *,
    only: _Only = None,
    output: _Table = None,
    edited: _Edited = None,
    sample: _Sample = None,
    seed: _Seed = 0,
    lang: LangOption = None,
) -> None:
    """Show every figure of a scenario, its range and its origin; edit them, draw samples. 列出、修改、抽样假设。

    The table that -o writes can be edited and read back with --edited: the new scenario holds only what you changed.
    """
    _refuse_mixed_options(only is not None, output, edited, sample)
    if edited and output:
        _edit(scenario, edited, output, language(lang))
    elif sample is not None and output:
        _draw(scenario, sample, seed, output)
    else:
        _list(scenario, only, output, language(lang))


def _edit(scenario: str | None, edited: Path, output: Path, lang: Lang) -> None:
    """An edited table as a new scenario, which extends the one that it was printed from."""
    from planner import edit_scenario, read_scenario, stale_sources, write_variant
    from planner.assumptions.files import refuse_no_toml
    from planner.console.printing import console
    from planner.console.progress import teller

    given = read_scenario(scenario)
    refuse_no_toml(output)
    variant = edit_scenario(given, edited, output.stem)
    console().print(str(write_variant(variant, given, scenario, output)))
    if stale := stale_sources(given, variant):
        teller(lang)(stale)


def _draw(scenario: str | None, count: int, seed: int, output: Path) -> None:
    """Scenarios drawn within the ranges, into a folder."""
    from planner import read_scenario, write_samples
    from planner.console.printing import console

    console().print(str(write_samples(read_scenario(scenario), scenario, output, count, seed)))


def _list(scenario: str | None, only: Origin | None, output: Path | None, lang: Lang) -> None:
    """The figures of a scenario, or those of one kind, on the console or as a table in a file."""
    from planner import assumption_table, read_scenario, write_assumptions
    from planner.console.assumptions import print_assumptions
    from planner.console.printing import console
    from planner.views.assumptions import count_line

    given = read_scenario(scenario)
    table = assumption_table(given)
    shown = table if only is None else table[table["source_kind"] == only.value]
    if output:
        written = write_assumptions(shown, output)
    else:
        print_assumptions(shown, text_of(given, "title").to(lang), lang, console())
    console().print(count_line(table, shown).to(lang) + (f"\n{written}" if output else ""))


def _refuse_mixed_options(only: bool, output: Path | None, edited: Path | None, sample: int | None) -> None:
    """Refuse options of `planner assumptions` that do not go together."""
    asked = [name for name, given in (("--edited", edited), ("--sample", sample)) if given is not None]
    if len(asked) == 2 or (asked and only):
        both = " ".join([*asked, "--only"] if only else asked)
        refuse([Fault(both, en="do not go together; give one of them", zh="不能同时使用，请只保留一个")])
    if asked and output is None:
        what = Text(zh="新的 .toml 文件", en="a new .toml file") if edited else Text(zh="文件夹", en="a folder")
        en, zh = f"needs -o and the name of {what.en}", f"需要用 -o 给出{what.zh}的名称"
        refuse([Fault(asked[0], en=en, zh=zh)])


def fetch_command(
    place: _Place,
    folder: _AreaFolder,
    *,
    streets: _Streets = None,
    places: _Places = None,
    population: _Population = None,
    totals: _Totals = None,
    chargers: _Chargers = None,
    datum: DatumOption = None,
    kinds: _Kinds = None,
    country: _Country = None,
    zone_side_m: _ZoneSide = 500,
    admin_level: _AdminLevel = 6,
    overpass: _Overpass = None,
    cache: _Cache = None,
    lang: LangOption = None,
) -> None:
    """Make a study-area folder from OpenStreetMap and WorldPop, or from your own files. 生成研究区文件夹。

    What is given as a file is not fetched: with all files given nothing goes online. The folder holds the layers,
    SOURCES.md and a first scenario, to be planned with `planner plan DIR`.
    """
    from planner import Overpass, Sources, fetch_layers
    from planner.console.check import print_next_steps
    from planner.console.progress import teller

    spoken = language(lang)
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


def import_chargers_command(
    files: _Stations,
    city: _City,
    *,
    datum: DatumOption = None,
    output: _Layer = None,
    known: _Known = None,
    lang: LangOption = None,
) -> None:
    """Bring today's charging stations into a study area, joined with those it has. 导入既有充电站。"""
    from planner import add_chargers, read_scenario
    from planner.console.printing import console
    from planner.console.progress import teller

    declared = datum.value if datum else None
    written = add_chargers(files, declared, read_scenario(city), output=output, known=known, say=teller(language(lang)))
    console().print(str(written))
