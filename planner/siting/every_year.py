"""One year or several: what is built by the end of each, with a proof of all, checked against every rule."""

from __future__ import annotations

from collections.abc import Mapping

from planner.faults import refuse
from planner.progress import Progress
from planner.siting.choose import choose_sites
from planner.siting.effort import Effort
from planner.siting.problem import Answers, Problem
from planner.siting.several_years import choose_years
from planner.siting.start import foreign_plan


def choose_every_year(
    problems: Mapping[int, Problem],
    effort: Effort | None = None,
    start: Answers | None = None,
    progress: Progress | None = None,
) -> Answers:
    """What stands at the end of every year and who charges where, with the proof of all years; checked.

    Parameters
    ----------
    problems
        Year -> what it asks, as of `choose_years`; one where everything is built at once.
    effort, start, progress
        As of `choose_sites`.

    Raises
    ------
    BadInput
        What `choose_sites` and `choose_years` refuse, and a start of another study area.
    BrokenPlan
        A plan that breaks its own rules: a fault of this program.
    """
    last = max(problems)
    if start is not None:
        refuse(foreign_plan(start.last, problems[last].sites))
    if len(problems) > 1:
        return choose_years(problems, effort, start, progress)
    answer = choose_sites(problems[last], effort, None if start is None else start.last, progress)
    return Answers.of(last, answer)
