"""A plan, or the difference of two, as one page that needs no internet."""

from planner.maps.draw import draw_map

__all__ = [
    "draw_map",
]
