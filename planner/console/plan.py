"""A finished plan in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from planner.console.printing import console, show
from planner.views.bands import band_warnings, bands_shown
from planner.views.baselines import baseline_table
from planner.views.figures import definitions, figure_table
from planner.views.result import result_table, tightness_warning
from planner.views.tasks import task_table
from planner.views.years import year_table
from planner.views.yields import yield_table
from planner.words import NOTICE, Lang

if TYPE_CHECKING:
    from planner.plan import Plan
    from planner.scenario import Scenario


def print_plan(plan: Plan, folder: Path, lang: Lang) -> None:
    """The figures with their definitions and notes, what is built, the proof and the district tasks."""
    out, aside = console(), console(stderr=True)
    for remark in plan.layers.remarks:
        aside.print(remark.text.about(remark.layer).to(lang))
    show(figure_table(plan), lang)
    for line in definitions(plan):
        out.print(f"  {line.to(lang)}")
    tables = (
        result_table(plan),
        year_table(plan),
        yield_table(plan),
        baseline_table(plan.baselines),
        task_table(plan),
    )
    for table in filter(None, tables):
        show(table, lang)
    print_bands(plan.scenario, lang)
    show(NOTICE, lang)
    out.print(plan.scenario.study_area.attribution)
    out.print(str(folder))
    if warning := tightness_warning(plan):
        aside.print(warning.to(lang))


def print_bands(scenario: Scenario, lang: Lang) -> None:
    """What the demand is plausible within; a warning on stderr for each figure beyond, with what pushed it there."""
    if bands := bands_shown(scenario):
        show(bands, lang)
    for warning in band_warnings(scenario):
        console(stderr=True).print(warning.to(lang))
