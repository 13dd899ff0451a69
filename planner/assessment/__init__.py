"""A plan against the demand: the four words of the source document as figures, and what stands behind them.

Two networks are compared, with the same demand: **today** (located chargers only) and the **plan** (those and the new
ones). Chargers that no layer locates have no distance: their energy (``standing_kwh_day``) counts as served in both,
and they take no part in any figure that is measured in metres or stands on a map.
"""

from planner.assessment.assess import Assessment, assess
from planner.assessment.beside import baselines_beside
from planner.assessment.compare import compare_networks
from planner.assessment.networks import assign_today, measure_trips
from planner.assessment.stations import pooling_gain
from planner.assessment.tasks import assess_task_breakdown
from planner.assessment.unserved import REASONS
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
