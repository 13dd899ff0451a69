"""What is known about how good a plan is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Proof:
    """Value, upper bound and how they were found.

    Attributes
    ----------
    value_kwh_day
        Energy served a day, each kWh weighted by its worth (1 at the door, less the farther).
    bound_kwh_day
        No plan that keeps the rules can be worth more.
    method
        How the bound was proven, in one sentence.
    optimal
        Whether the solver proved that no plan is better (within 1e-4); never true for a truncated solve.
    reproducible
        Whether the same input gives the same plan (work counted, not timed).
    tightness
        What the quota at its type mix can carry over the reachable demand; above 1.2 chargers outnumber demand.
    reachable_kwh_day
        Demand that any site could serve.
    needed_chargers
        Chargers (quota units) that carry 99 % of the value.
    """

    value_kwh_day: float
    bound_kwh_day: float
    method: str
    optimal: bool
    reproducible: bool
    tightness: float
    reachable_kwh_day: float
    needed_chargers: int

    @property
    def gap_share(self) -> float:
        """How far the value may lie under the best, as a share of the bound."""
        return max(0.0, 1.0 - self.value_kwh_day / self.bound_kwh_day) if self.bound_kwh_day > 0 else 0.0
