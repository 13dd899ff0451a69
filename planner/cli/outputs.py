"""A saved plan told again: `planner map`, `export` and `report`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from planner.cli.options import LangOption, PlanFolder, language, naming_file_of
from planner.progress import Stage


class OnlineMap(StrEnum):
    """Maps that lie under a plan when asked for."""

    osm = "osm"
    tianditu = "tianditu"
    gaode = "gaode"


_Basemap = Annotated[
    OnlineMap | None,
    typer.Option(help="Online map to lay under it; the page then needs internet. 在线底图（需联网）。"),
]
_Key = Annotated[str | None, typer.Option(help="Your own key of Tianditu; it stands in the file. 您的天地图密钥。")]
_To = Annotated[
    str,
    typer.Option(
        metavar="TARGET",
        help="csv, geojson, geoparquet, flatgeobuf, kml, xlsx, gpkg, or postgresql://user:password@host/database. "
        "导出格式或数据库地址。",
    ),
]
_Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        help="New file, or folder or .zip of tables. Default: in the plan folder. 输出文件或文件夹。",
    ),
]
_Pdf = Annotated[bool, typer.Option("--pdf", help="Also report.pdf, in one language. 另写 PDF（单一语言）。")]


def map_command(folder: PlanFolder, *, basemap: _Basemap = None, key: _Key = None, lang: LangOption = None) -> None:
    """Draw map.html again from a saved plan, without planning again. 由已保存的方案重绘地图。"""
    if key is not None and basemap is None:
        raise typer.BadParameter("is the key of an online map; give --basemap too", param_hint="--key")
    from planner import Basemap, read_plan, write_map
    from planner.console.printing import console

    under = None if basemap is None else Basemap(basemap.value, key)
    console().print(str(write_map(read_plan(folder), folder, language(lang), under)))


def export_command(folder: PlanFolder, to: _To, output: _Output = None, lang: LangOption = None) -> None:
    """Write a saved plan in another format, or into a PostGIS database. 导出为其他格式或写入数据库。"""
    from planner import export_plan
    from planner.console.printing import console
    from planner.console.progress import progress

    with progress(language(lang)) as clock:
        clock(Stage.FILES, None, None)
        written = export_plan(folder, to, output)
    console().print(written)


def report_command(folder: PlanFolder, *, pdf: _Pdf = False, lang: LangOption = None) -> None:
    """Write the report of a saved plan again, as HTML and as PDF; tells of a simulation too. 重写方案报告。"""
    from planner import read_plan, write_report
    from planner.console.printing import console
    from planner.console.progress import progress
    from planner.report.pdf import refuse_without_typst

    if pdf:
        refuse_without_typst()
    spoken = language(lang)
    with naming_file_of(folder), progress(spoken) as clock:
        clock(Stage.LAYERS, None, None)
        plan = read_plan(folder)
        clock(Stage.REPORT, None, None)
        written = write_report(plan, folder, spoken, pdf)
    for file in written:
        console().print(str(file))
