"""A plan against the demand: the four words of the source document as figures, and what stands behind them.

Two networks are compared, with the same demand: **today** (located chargers only) and the **plan** (those and the new
ones). Chargers that no layer locates have no distance: their energy (``standing_kwh_day``) counts as served in both,
and they take no part in any figure that is measured in metres or stands on a map.
"""

from planner.assessment.areas import REASONS
from planner.assessment.assess import Assessment, assess
from planner.assessment.figures import figure_text
from planner.assessment.networks import assign_today

__all__ = ["REASONS", "Assessment", "assess", "assign_today", "figure_text"]
