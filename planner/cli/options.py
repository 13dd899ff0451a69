"""Arguments and options that commands share, and what is read from them; heavy rooms are left to the commands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from planner.faults import BadInput, Fault
from planner.words import Lang


class Language(StrEnum):
    """Language of tables, map and progress."""

    zh = "zh"
    en = "en"


class Datum(StrEnum):
    """What coordinates are measured from."""

    wgs84 = "wgs84"
    gcj02 = "gcj02"
    bd09 = "bd09"


ScenarioArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="SCENARIO",
        help="Scenario file (TOML), or an embedded one: taiyuan/base, toytown/toytown. Default: Taiyuan. 情景文件。",
    ),
]
CheckedArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="SCENARIO",
        help="Scenario file (TOML), study-area folder or embedded scenario; or a plan folder. Default: Taiyuan. "
        "情景文件或方案文件夹。",
    ),
]
PlanFolder = Annotated[Path, typer.Argument(metavar="DIR", help="A plan folder. 方案文件夹。")]
DatumOption = Annotated[
    Datum | None,
    typer.Option(help="Datum of the chargers' coordinates: Gaode and Tencent gcj02, Baidu bd09. 坐标基准。"),
]
LangOption = Annotated[
    Language | None, typer.Option("--lang", help="Language, by default that of your system. 语言，默认随系统。")
]


def language(lang: Language | None) -> Lang:
    """The language asked for, or the system's: Chinese where its locale is, else English."""
    if lang is not None:
        return "zh" if lang is Language.zh else "en"
    locale = next((os.environ[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(key)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def refuse_no_share(share: float, option: str, example: str = "") -> None:
    """Refuse the share of an option that does not lie between 0 and 1, as wrong usage."""
    if not 0 < share < 1:
        raise typer.BadParameter(f"expected a share between 0 and 1{example}, found {share:g}", param_hint=option)


def is_plan_folder(given: str | None) -> bool:
    """Whether a name is that of a folder with a plan in it."""
    return given is not None and any((Path(given) / name).is_file() for name in ("plan.gpkg", "summary.json"))


@contextmanager
def naming_file(scenario: str | Path | None) -> Iterator[None]:
    """Faults of the block that speak of the scenario name its file."""
    try:
        yield
    except BadInput as error:
        from planner.scenario.file import locate

        file = f"{locate(None if scenario is None else str(scenario))}, key "
        faults = (Fault(f.where.replace("scenario, key ", file, 1), en=f.en, zh=f.zh) for f in error.faults)
        raise BadInput(faults) from None


@contextmanager
def naming_file_of(folder: Path) -> Iterator[None]:
    """Faults of the block that speak of the scenario name the file of a plan folder."""
    with naming_file(folder / "scenario.toml"):
        yield
