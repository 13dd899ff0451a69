"""The networks themselves: where their chargers stand and who charges where, from the tables of siting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.baselines.greedy import greedy_counts
from planner.baselines.proportional import proportional_counts
from planner.numeric.transport import most_worth
from planner.siting import Problem, choose_sites, no_chargers
from planner.siting.choose import tables_of
from planner.siting.city.region import Choice
from planner.siting.model.instance import Instance, make_instance

_BLIND: dict[str, Any] = {
    **{"question": "most_service", "promise_share": None},
    **{"floors": {}, "tasks": {}, "minimum_access": False},
}


class Sited(NamedTuple):
    """A network: the chargers that stand already, the new ones (tables ``chargers``), and who charges where."""

    standing: pd.DataFrame
    new: pd.DataFrame
    assignment: pd.DataFrame


def sited_like(problem: Problem, chargers: pd.DataFrame, zones: gpd.GeoDataFrame) -> dict[str, Sited]:
    """A plan's new chargers sited without an optimiser: in proportion to residents, and greedily.

    Parameters
    ----------
    problem
        What siting was asked.
    chargers
        The plan's new ones; only how many there are of each type is looked at.
    zones
        With ``residents``, in the CRS of the sites.

    Returns
    -------
    dict
        ``proportional`` and ``greedy``; everyone charges as is best for the city with those chargers, as the plan's do.
    """
    x = make_instance(replace(problem.with_rules(**_BLIND), cover=None))
    sites = problem.sites
    placed = chargers["count"].groupby(level="charger_type").sum()
    mix = placed.reindex(x.type_ids, fill_value=0).to_numpy(int)
    centre, at = zones.geometry.centroid, sites.geometry.reindex(x.site_ids)
    counts = {
        "proportional": proportional_counts(
            x,
            mix,
            zones["residents"].to_numpy(float),
            np.column_stack([centre.x, centre.y]),
            np.column_stack([at.x, at.y]),
        ),
        "greedy": greedy_counts(x, mix),
    }
    return {name: Sited(problem.existing, *tables_of(x, _served(x, new.astype(float)))) for name, new in counts.items()}


def _served(x: Instance, new: np.ndarray) -> Choice:
    """Everyone charging as is best for the city."""
    served = most_worth(x.energy, x.station_kwh(new), x.pair_demand, x.pair_station, x.pair_worth)
    return Choice(new, x.opened_by(new), served)


def optimal_today(problem: Problem) -> Sited:
    """Today's located chargers, stood where they would serve best: a whole siting problem of its own.

    As many of every type, at any site that is not locked out, with no budget, task, floor or fewest chargers; a site's
    grid headroom is what is left today and what today's chargers there draw.
    """
    sites, charger_types, existing = problem.sites, problem.charger_types, problem.existing
    counts = existing.reset_index()
    stock = counts.groupby("charger_type")["count"].sum().reindex(charger_types.index, fill_value=0)
    each_kw = charger_types["coincidence"] * charger_types["kw_rated"]
    drawn = (counts["count"] * each_kw.reindex(counts["charger_type"]).to_numpy(float)).groupby(counts["site_id"]).sum()
    freed = sites.assign(
        grid_kw=sites["grid_kw"] + drawn.reindex(sites.index, fill_value=0.0),
        lock=np.where(sites["lock"] == "out", "out", "free"),
        min_station=1,
    )
    types = charger_types.assign(min_share=0.0, max_share=1.0, max_count=stock.astype(float))
    rules = {"quota": int((stock * charger_types["quota_units"]).sum()), "quota_rule": "exactly", "budget_cny": None}
    freed_problem = replace(problem, sites=freed, charger_types=types, existing=no_chargers(), cover=None)
    answer = choose_sites(freed_problem.with_rules(**_BLIND, **rules, feeder_kw={}))
    return Sited(answer.chargers, no_chargers(), answer.assignment)
