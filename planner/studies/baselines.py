"""A plan beside simpler ones, today's chargers at their best places among them."""

from __future__ import annotations

import pandas as pd

from planner.assessment import baselines_beside
from planner.baselines import optimal_today
from planner.plan import Plan
from planner.progress import Progress, Stage, silent


def compare_baselines(plan: Plan, progress: Progress | None = None) -> pd.DataFrame:
    """Set a plan beside today's network and networks of as many chargers made without an optimiser.

    Where chargers are located today, also beside ``optimal_today``: as many of every type at their best places. That
    is a siting problem of its own and takes as long as one.

    Parameters
    ----------
    plan
        As `make_plan` or `read_plan` returns it.
    progress
        Called with (stage, value, bound) before what takes long.

    Returns
    -------
    DataFrame
        Index network: ``today``, ``proportional`` (shared out by residents), ``greedy``, ``plan`` and, where it is
        known, ``optimal_today``. Columns ``name_zh``, ``name_en``, the four figures (``well_distributed``,
        ``completely_equipped``, ``convenient`` in metres, ``basically_meets``; NaN: not known, inf: beyond reach),
        ``value_kwh_day``, ``served_kwh_day``, ``stations``, ``chargers``, ``capex_cny``.

    Raises
    ------
    BadInput
        Today's chargers break a rule that every network must keep.
    """
    if plan.existing.empty:
        return plan.baselines
    (progress or silent)(Stage.OPTIMAL_TODAY, None, None)
    best = {"optimal_today": optimal_today(plan.problem)}
    return baselines_beside(plan.layers.zones, plan.problem, plan.answer, plan.scenario, best)
