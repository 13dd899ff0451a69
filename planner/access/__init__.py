"""Streets -> how far it is from every zone to every site within reach."""

from planner.access.islands import islands
from planner.access.measure import measure_access, snap, street_parts
from planner.access.minimum import cover_if_asked
from planner.access.reach import reach_by_mode

__all__ = [
    "cover_if_asked",
    "islands",
    "measure_access",
    "reach_by_mode",
    "snap",
    "street_parts",
]
