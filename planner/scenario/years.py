"""A scenario of several years, year by year: what each asks when everything is counted from the start."""

from __future__ import annotations

from itertools import accumulate

from planner.scenario.scenario import Scenario
from planner.scenario.siting import Siting


def scenario_by_year(scenario: Scenario) -> dict[int, Scenario]:
    """Year -> the scenario of its end; a scenario without phases has its one year.

    A year's quota and budget are what that year and those before have together: what is left of a budget may be spent
    later. A task once asked for holds in all years after. Floors, minimum access and sites locked in are promises for
    the last year.
    """
    siting = scenario.siting
    if not siting.phases:
        return {scenario.year: scenario}
    phases = siting.phases
    quotas = accumulate(phase.quota for phase in phases)
    budgets = accumulate(phase.budget_cny or 0.0 for phase in phases)
    tasks: dict[str, int] = {}
    found = {}
    for phase, quota, budget in zip(phases, quotas, budgets, strict=True):
        is_last = phase is phases[-1]
        for asked in (phase.tasks, siting.tasks if is_last else {}):
            tasks = tasks | {unit: max(task, tasks.get(unit, 0)) for unit, task in asked.items()}
        most = [b for b in (None if phase.budget_cny is None else budget, siting.budget_cny) if b is not None]
        rules: dict[str, object] = {"quota": quota, "budget_cny": min(most, default=None), "tasks": tasks, "phases": []}
        found[phase.year] = scenario.model_copy(
            update={"year": phase.year, "siting": _at_the_end(siting, is_last).model_copy(update=rules)}
        )
    return found


def _at_the_end(siting: Siting, is_last: bool) -> Siting:
    """The rules without what is promised for the last year only."""
    return siting if is_last else siting.model_copy(update={"floors": {}, "minimum_access": False})


def year_weights(scenario: Scenario) -> dict[int, float]:
    """Year -> how much its service counts."""
    return {phase.year: phase.weight for phase in scenario.siting.phases} or {scenario.year: 1.0}
