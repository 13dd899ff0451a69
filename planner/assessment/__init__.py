"""A plan against the demand: the four words of the source document as figures, and what stands behind them.

Two networks are compared, with the same demand: **today** (located chargers only) and the **plan** (those and the new
ones). Chargers that no layer locates have no distance: their energy (``standing_kwh_day``) counts as served in both,
and they take no part in any figure that is measured in metres or stands on a map.
"""

from typing import TYPE_CHECKING

from planner.doors import door

if TYPE_CHECKING:
    from planner.assessment.against_today import Assessment, assess
    from planner.assessment.beside import baselines_beside
    from planner.assessment.compare import compare_networks
    from planner.assessment.figure_words import REASONS
    from planner.assessment.networks import assign_today, measure_trips
    from planner.assessment.pooling import pooling_gain
    from planner.assessment.tasks import assess_task_breakdown
    from planner.assessment.years import Year, years_of

__all__ = [
    "REASONS",
    "Assessment",
    "Year",
    "assess",
    "assess_task_breakdown",
    "assign_today",
    "baselines_beside",
    "compare_networks",
    "measure_trips",
    "pooling_gain",
    "years_of",
]

_MODULES = {
    "Assessment": "planner.assessment.against_today",
    "assess": "planner.assessment.against_today",
    "baselines_beside": "planner.assessment.beside",
    "compare_networks": "planner.assessment.compare",
    "assign_today": "planner.assessment.networks",
    "measure_trips": "planner.assessment.networks",
    "pooling_gain": "planner.assessment.pooling",
    "assess_task_breakdown": "planner.assessment.tasks",
    "REASONS": "planner.assessment.figure_words",
    "Year": "planner.assessment.years",
    "years_of": "planner.assessment.years",
}

__getattr__ = door(__name__, _MODULES)  # the words of figures are had without what reckons them
