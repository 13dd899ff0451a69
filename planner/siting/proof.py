"""What is known about how good a plan is."""

from __future__ import annotations

from dataclasses import dataclass

LAGRANGIAN = "Lagrangian duality: bound recomputed from the prices of demands and limits over all sites"
"""How the method of a proof begins whose bound is that of its prices."""


@dataclass(frozen=True)
class Proof:
    """Value, bound and how they were found.

    Attributes
    ----------
    value_kwh_day
        Energy served a day. Most service: each kWh weighted by its worth (1 at the door, less the farther). Least cost:
        each kWh counts one.
    bound_kwh_day
        No plan that keeps the rules can be worth more; the value itself where they differ by rounding only. For the
        least cost, all demand within reach.
    method
        How the bound was proven, in one sentence.
    reproducible
        Whether the same input gives the same plan (work counted, not timed).
    tightness
        What the quota at its type mix can carry over the reachable demand; above 1.2 chargers outnumber demand.
    reachable_kwh_day
        Demand that any site could serve.
    needed_chargers
        Chargers (quota units) that carry 99 % of the value.
    cost_cny, cost_bound_cny
        Least cost only: openings, prices and operation over the chargers' life at today's value, and the least that any
        plan with the promised service must cost. None for the other question.
    problem
        Digest of the problem that was solved: a plan of an equal one is taken as it is.
    """

    value_kwh_day: float
    bound_kwh_day: float
    method: str
    reproducible: bool
    tightness: float
    reachable_kwh_day: float
    needed_chargers: int
    cost_cny: float | None = None
    cost_bound_cny: float | None = None
    problem: str = ""

    @property
    def is_by_prices(self) -> bool:
        """Whether the prices of the plan prove the bound; else it is what a solver says."""
        return self.method.startswith(LAGRANGIAN)

    @property
    def gap_share(self) -> float:
        """How far the plan may be from the best: its value under the bound, or its cost over the bound of the cost.

        As a share of the bound for the value, of the cost for the cost.
        """
        if self.cost_cny is not None and self.cost_bound_cny is not None:
            return max(0.0, 1.0 - self.cost_bound_cny / self.cost_cny) if self.cost_cny > 0 else 0.0
        return max(0.0, 1.0 - self.value_kwh_day / self.bound_kwh_day) if self.bound_kwh_day > 0 else 0.0

    @property
    def optimal(self) -> bool:
        """Whether no plan is better: value and bound, or cost and its bound, are one number."""
        return self.gap_share == 0.0

    @property
    def progress(self) -> tuple[float, float]:
        """Value and bound as a solve reports them on the way; for the least cost both are negative costs."""
        if self.cost_cny is not None and self.cost_bound_cny is not None:
            return -self.cost_cny, -self.cost_bound_cny
        return self.value_kwh_day, self.bound_kwh_day
