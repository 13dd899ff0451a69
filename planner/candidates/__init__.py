"""Places and streets -> sites that may get chargers; and what a user edits of them."""

from planner.candidates.find import before_locks, find_sites, standing_chargers, with_feeder_headroom

__all__ = [
    "before_locks",
    "find_sites",
    "standing_chargers",
    "with_feeder_headroom",
]
