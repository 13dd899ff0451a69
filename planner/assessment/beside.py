"""A plan beside today's network and two that were made without an optimiser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import geopandas as gpd
import pandas as pd

from planner.assessment.compare import compare_networks
from planner.assessment.networks import assign_today
from planner.baselines import Sited, sited_like
from planner.scenario import Scenario
from planner.siting import Answer, Problem, no_chargers


def baselines_beside(
    zones: gpd.GeoDataFrame,
    problem: Problem,
    answer: Answer,
    scenario: Scenario,
    also: Mapping[str, Sited] | None = None,
) -> pd.DataFrame:
    """A plan beside what is compared with it: ``today``, ``proportional``, ``greedy``, ``plan``, and `also`.

    Parameters
    ----------
    zones
        With residents and norm_m, in the CRS of the sites.
    problem, answer
        What siting was asked and what it said, of the last year.
    scenario
        Whose rules bind the others too; unlocated chargers.
    also
        Further networks by name.

    Returns
    -------
    DataFrame
        As `compare_networks` returns it.
    """
    asked = replace(problem, rules=scenario.siting)
    networks = {
        "today": Sited(asked.existing, no_chargers(), assign_today(asked)),
        **sited_like(asked, answer.chargers, zones),
        "plan": Sited(asked.existing, answer.chargers, answer.assignment),
        **(also or {}),
    }
    return compare_networks(zones, asked, networks, scenario)
