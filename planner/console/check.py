"""What `planner check` and `planner fetch` print: the layers, and whether they can carry a plan."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich import table as rich_table

from planner.console.printing import console, show
from planner.views import check, numbers
from planner.views.certificate import broken_table, proof_table
from planner.words import LIST_COMMA, Lang, Text, joined, same

if TYPE_CHECKING:
    from planner.checks.fitness import Examination
    from planner.checks.inspection import Inspection, LayerFacts
    from planner.layers import Layers
    from planner.scenario import Scenario
    from planner.siting import Certificate

_WIDEST, _NARROW = 120, 100  # columns of a terminal: running text is read up to there; below, cells are put together
_NEW_LINE = same("\n")
_NEXT = Text(zh="检查、规划：", en="check it and plan it:")


def print_layers(layers: Layers, inspection: Inspection, lang: Lang) -> int:
    """What the layers hold and how they lie on the ground; returns how many lines are marked to be looked at."""
    out = console()
    crs = layers.districts.crs.to_string()
    out.print(layer_table(inspection, check.holdings(layers), crs, lang, out.width))
    return check.marked_lines(inspection)


def print_examination(found: Examination, scenario: Scenario, lang: Lang) -> None:
    """The candidate sites, and whether the layers can carry a plan."""
    if found.sites is not None:
        show(check.site_table(found.sites, scenario), lang)
    if found.fitness is not None:
        show(check.fitness_table(found.fitness), lang)


def print_certificate(found: Certificate, lang: Lang) -> None:
    """A saved plan's proof beside what its files give, and all that contradicts it."""
    for table in filter(None, (proof_table(found), broken_table(found))):
        show(table, lang)


def print_next_steps(folder: Path, lang: Lang) -> None:
    """A fetched study area, and what to do with it."""
    typed = shlex.quote(str(folder))
    console().print(f"{folder}\n{_NEXT.to(lang)}\n  planner check {typed}\n  planner plan {typed}")


def layer_table(
    inspection: Inspection, holds: Mapping[str, Text], crs: str, lang: Lang, width: int
) -> rich_table.Table:
    """All layers in one table, a row each.

    Parameters
    ----------
    inspection
        What was found.
    holds
        What each layer holds, in words.
    crs
        The working CRS, for the title.
    lang, width
        Language; columns of the terminal. In a narrow one extent, CRS and coverage are lines of the last cell.
    """
    narrow = width < _NARROW
    title = check.LAYER_TITLE.fill(crs=crs).to(lang)
    table = rich_table.Table(title=title, title_justify="left", show_lines=True, width=min(width, _WIDEST))
    table.add_column(check.LAYER.heading.to(lang), no_wrap=True)
    table.add_column(check.FEATURES.heading.to(lang), no_wrap=True, justify="right")
    if not narrow:
        table.add_column(check.EXTENT.heading.to(lang), no_wrap=True, justify="right")
        table.add_column(check.FILE_CRS.heading.to(lang), overflow="fold", max_width=20)
        table.add_column(check.COVERAGE.heading.to(lang), no_wrap=True, justify="right")
    table.add_column(check.CONTENTS.heading.to(lang), overflow="fold", ratio=1)
    for facts in inspection.layers:
        lines = [holds[facts.name], *check.found_lines(facts, inspection)]
        if narrow and facts.features:
            lines = [*_place_lines(facts, inspection), *lines]
        cells = [check.layer_name(facts), numbers.count(facts.features)]
        if not narrow:
            cells += [
                check.extent_km(facts),
                joined(check.file_crs(facts), _NEW_LINE),
                joined(check.coverage_lines(facts, inspection), _NEW_LINE),
            ]
        told = "\n".join(filter(None, (line.to(lang) for line in lines)))
        table.add_row(*(cell.to(lang) for cell in cells), told)
    return table


def _place_lines(facts: LayerFacts, inspection: Inspection) -> list[Text]:
    """Extent, CRS and coverage as lines."""
    declared = joined(check.file_crs(facts), same(" "))
    coverage = joined(check.coverage_lines(facts, inspection), LIST_COMMA)
    where = same("{extent} km, {declared}").fill(extent=check.extent_km(facts), declared=declared)
    return [where, check.COVERED.fill(lines=coverage)]
