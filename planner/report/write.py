"""`draw_report` and `write_report`: the report of a plan as text, and as files in its folder."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.faults import BadInput, Fault
from planner.files.whole import whole_files
from planner.report.compose import compose
from planner.report.page import html_page
from planner.report.pdf import pdf_bytes, refuse_without_typst
from planner.words import Lang

if TYPE_CHECKING:
    from planner.plan import Plan

_SIMULATION = "simulation.json"
_SIMULATED = ("days", "arrivals_day", "busy_stations", "busy_arrivals_day", "peak_late_share")
_SIMULATED_SERVICE = ("stations", "arrivals_day", "wait_mean_min", "lost_share", "utilisation")


def draw_report(plan: Plan, lang: Lang = "zh", simulation: Mapping[str, Any] | None = None) -> str:
    """The report as HTML.

    The page holds both languages and asks the network for nothing. The same plan gives the same bytes.

    Parameters
    ----------
    plan
        As `make_plan` or `read_plan` returns it.
    lang
        Language shown on opening, and printed.
    simulation
        What ``simulation.json`` holds, where the plan was simulated.

    Returns
    -------
    str
        An HTML document.
    """
    return html_page(compose(plan, simulation), lang)


def write_report(plan: Plan, folder: str | Path, lang: Lang = "zh", pdf: bool = False) -> list[Path]:
    """Write ``report.html`` and, where asked for, ``report.pdf`` into a plan's folder, all whole or none.

    What a simulation left in the folder (``simulation.json``) is told in the report.

    Parameters
    ----------
    plan
        The plan of that folder.
    folder
        Where to; it exists.
    lang
        Of the PDF, and shown when the HTML is opened.
    pdf
        Make the PDF too; needs the extra ``report`` and a font with Chinese.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    BadInput
        typst or a font is missing, ``simulation.json`` is damaged, or the folder cannot be written.
    """
    if pdf:
        refuse_without_typst()
    home = Path(folder)
    simulation = read_simulation(home)
    html = draw_report(plan, lang, simulation).encode()
    contents = {home / "report.html": html}
    if pdf:
        contents[home / "report.pdf"] = pdf_bytes(compose(plan, simulation), lang)
    with whole_files(*contents) as drafts:
        for draft, content in zip(drafts, contents.values(), strict=True):
            draft.write_bytes(content)
    return list(contents)


def read_simulation(folder: Path) -> dict[str, Any] | None:
    """What ``simulation.json`` holds, None where there is none.

    Raises
    ------
    BadInput
        It cannot be read as `planner simulate` writes it.
    """
    file = folder / _SIMULATION
    if not file.is_file():
        return None
    try:
        seen: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        told = [*(seen[key] for key in _SIMULATED), seen["kept_share"] or 0.0]
        told += [row[key] for row in seen["services"].values() for key in _SIMULATED_SERVICE]
        if not all(math.isfinite(number) for number in told):
            raise ValueError("a number is missing")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        en = f"cannot be read as a simulation: {error}; run planner simulate again"
        raise BadInput(
            [Fault(str(file), en=en, zh=f"无法读取仿真结果：{error}；请重新运行 planner simulate")]
        ) from None
    return seen
