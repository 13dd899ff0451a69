"""Places and streets -> sites that may get chargers; and what a user edits of them."""

from planner.candidates.find import find_sites, standing_chargers, with_feeder_headroom

__all__ = [
    "find_sites",
    "standing_chargers",
    "with_feeder_headroom",
]
