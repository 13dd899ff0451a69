"""Streets -> how far it is from every zone to every site within reach."""

from planner.access.measure import measure_access, snap, street_parts

__all__ = [
    "measure_access",
    "snap",
    "street_parts",
]
