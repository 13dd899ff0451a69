"""Several networks side by side: the same figures for the plan and for what it is compared with."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.assessment.figures import four_figures
from planner.assessment.networks import (
    Compared,
    Network,
    measure_trips,
    nearest_charger_m,
    nowhere_known,
    priced,
    within_norm,
)
from planner.baselines import Sited
from planner.scenario import Scenario
from planner.siting import Problem
from planner.words import Text

NETWORKS = {
    "today": Text(zh="今日", en="today"),
    "proportional": Text(zh="按人口分配", en="by residents"),
    "greedy": Text(zh="贪心法", en="greedy"),
    "plan": Text(zh="本方案", en="the plan"),
    "optimal_today": Text(zh="今日桩数最优布局", en="today's chargers at their best"),
}


def compare_networks(
    zones: gpd.GeoDataFrame, problem: Problem, networks: Mapping[str, Sited], scenario: Scenario
) -> pd.DataFrame:
    """The four figures of every network, what it serves and what it takes.

    Parameters
    ----------
    zones
        With residents and norm_m.
    problem
        What siting was asked.
    networks
        By name, one of `NETWORKS`; ``today`` among them.
    scenario
        Unlocated chargers.

    Returns
    -------
    DataFrame
        Index network; ``name_zh``, ``name_en``; the four figures; ``value_kwh_day`` (each kWh that located chargers
        serve, weighted by its worth) and ``served_kwh_day`` (unlocated chargers included); ``stations`` (sites with
        chargers), ``chargers`` (piles, unlocated ones included) and ``capex_cny`` (of the new ones). NaN is "not
        known", as of today where no charger is located; infinite metres are beyond reach.
    """
    made = {name: _network(zones, problem, sited) for name, sited in networks.items()}
    today, demand = made["today"], problem.demand
    elsewhere = float(demand["standing_kwh_day"].sum()), scenario.existing.unlocated_chargers.base
    rows = {}
    for name, network in made.items():
        near = pd.DataFrame(
            {"within_norm_today": within_norm(zones, today), "within_norm": within_norm(zones, network)}
        )
        figures = four_figures(zones["residents"], problem, near, Compared(today, network), scenario)
        blind = name == "today" and nowhere_known(network.chargers, scenario)
        trips, chargers = network.trips, network.chargers
        rows[name] = {
            "name_zh": NETWORKS[name].zh,
            "name_en": NETWORKS[name].en,
            **figures["today" if name == "today" else "plan"].to_dict(),
            "value_kwh_day": np.nan if blind else float(trips["worth_kwh_day"].sum()),
            "served_kwh_day": elsewhere[0] + float(trips["energy_kwh_day"].sum()),
            "stations": np.nan if blind else float(chargers.loc[chargers["count"] > 0, "site_id"].nunique()),
            "chargers": elsewhere[1] + float(chargers["piles"].sum()),
            "capex_cny": _capex_cny(networks[name], chargers, problem.sites),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("network")


def _network(zones: gpd.GeoDataFrame, problem: Problem, sited: Sited) -> Network:
    types = problem.charger_types
    parts = [priced(t, types).assign(is_new=new) for t, new in ((sited.standing, False), (sited.new, True)) if len(t)]
    chargers = pd.concat(parts, ignore_index=True) if parts else priced(sited.standing, types).assign(is_new=False)
    return Network(
        chargers, measure_trips(problem, sited.assignment), nearest_charger_m(zones, problem.sites, chargers)
    )


def _capex_cny(sited: Sited, chargers: pd.DataFrame, sites: pd.DataFrame) -> float:
    """Price of the new chargers, and of opening the sites where none stood."""
    new, standing = (
        set(table.index[table["count"] > 0].get_level_values("site_id")) for table in (sited.new, sited.standing)
    )
    opened = sites.loc[sorted(new - standing), "opening_cny"].astype(float)
    return float(opened.sum()) + float(chargers.loc[chargers["is_new"], "spent_cny"].sum())
