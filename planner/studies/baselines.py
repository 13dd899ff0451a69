"""A plan beside simpler ones, today's chargers at their best places among them."""

from __future__ import annotations

import pandas as pd

from planner.assessment import baselines_beside
from planner.baselines import optimal_today
from planner.plan import Plan


def with_optimal_today(plan: Plan) -> pd.DataFrame:
    """A plan's baselines and, where chargers are located today, ``optimal_today``: as many of every type, stood best.

    That is a siting problem of its own and takes as long as one.
    """
    if plan.existing.empty:
        return plan.baselines
    best = {"optimal_today": optimal_today(plan.problem)}
    return baselines_beside(plan.layers.zones, plan.problem, plan.answer, plan.scenario, best)
