"""Energy that nobody serves, and why."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.assessment.figure_words import REASONS
from planner.assessment.networks import NO_ENERGY_SHARE, Network
from planner.assessment.rooms import ROUNDING, room_left
from planner.scenario import Scenario, Siting
from planner.siting import Problem


def find_unserved(problem: Problem, plan: Network, spent_cny: float, scenario: Scenario) -> pd.DataFrame:
    """Energy that nobody serves, with the first of these reasons that holds for its zone and service.

    - ``out_of_reach``: no site is within reach.
    - ``full``: at every site within reach one more charger of the service would not fit its bays or its grid. A site
      without chargers takes one only with a station of `min_station` of the type; a site locked out takes none.
    - ``grid``: at those that have room, the feeder group (``siting.feeder_kw``) has no kW left for it.
    - ``budget``: the cheapest of those still possible costs more, opening included, than the plan leaves of the budget.
    - ``quota``: one would fit and could be paid: the number of chargers, of all or of a type, is used up, or the plan
      serves what it promised.

    Parameters
    ----------
    problem
        What siting was asked.
    plan
        Today's chargers and the new ones, and the trips to them.
    spent_cny
        What the new chargers and the openings cost.
    scenario
        Services, budget and feeder groups.

    Returns
    -------
    DataFrame
        Index (zone_id, service): unserved_kwh_day; reason, one of `REASONS`, empty where all is served.
    """
    demand, sites = problem.demand, problem.sites
    served = plan.trips.groupby(["zone_id", "service"])["energy_kwh_day"].sum().reindex(demand.index, fill_value=0.0)
    left = (demand["energy_kwh_day"] - served).clip(lower=0.0)
    left = left.where(left > demand["energy_kwh_day"] * NO_ENERGY_SHARE, 0.0)
    reason = pd.Series("", index=demand.index, dtype=object)
    steps = _further_chargers(sites, problem.charger_types, plan.chargers, spent_cny, scenario.siting)
    for service, rules in scenario.services.items():
        lacking = demand[(left > 0) & (demand.index.get_level_values("service") == service)]
        if len(lacking):
            passed = np.column_stack([np.ones(len(sites), bool), steps[service]])
            reach_m = lacking["reach_m"].droplevel("service")
            found = _any_in_reach(reach_m, problem.access, sites.index, rules.mode, passed)
            reason[lacking.index] = np.select(list(~found.T), REASONS[:-1], REASONS[-1])
    return pd.DataFrame({"unserved_kwh_day": left, "reason": reason})


def _further_chargers(
    sites: pd.DataFrame, types: pd.DataFrame, chargers: pd.DataFrame, spent_cny: float, siting: Siting
) -> dict[str, np.ndarray]:
    """By service, sites x 3: whether one more charger fits the site; and its feeder group too; and the budget too."""
    room = room_left(sites, chargers, siting)
    money = np.inf if siting.budget_cny is None else siting.budget_cny - spent_cny
    needed = sites["min_station"].where(room["held"] == 0, 1).astype(float)
    opening = sites["opening_cny"].where(room["held"] == 0, 0).astype(float)
    open_sites = sites["lock"] != "out"
    steps = {service: np.zeros((len(sites), 3), bool) for service in ("slow", "fast", "heavy", "swap")}
    for _, kind in types.iterrows():
        bays, kw = needed * kind["bays_used"], needed * kind["coincidence"] * kind["kw_rated"]
        fits = open_sites & (bays <= room["bays"] + ROUNDING) & (kw <= room["grid_kw"] + ROUNDING)
        fed = fits & (kw <= room["feeder_kw"] + ROUNDING)
        paid = fed & (opening + needed * kind["price_cny"] <= money + ROUNDING)
        steps[kind["service"]] |= np.column_stack([fits, fed, paid])
    return steps


def _any_in_reach(
    reach_m: pd.Series, access: pd.DataFrame, site_ids: pd.Index, mode: str, passed: np.ndarray
) -> np.ndarray:
    """For every zone (row) and column of `passed` (sites x steps): whether a site within its reach has passed it."""
    zone_code, site_code, mode_code = (np.asarray(codes) for codes in access.index.codes)  # type: ignore[attr-defined]
    zone_level, site_level, mode_level = access.index.levels  # type: ignore[attr-defined]
    rows = np.flatnonzero(np.asarray(mode_level == mode)[mode_code])
    zone = reach_m.index.get_indexer(zone_level)[zone_code[rows]]
    site = site_ids.get_indexer(site_level)[site_code[rows]]
    inside = (zone >= 0) & (access["metres"].to_numpy(float)[rows] <= reach_m.to_numpy(float)[zone])
    zone, site = zone[inside], site[inside]
    return np.column_stack([np.bincount(zone, ok[site], minlength=len(reach_m)) > 0 for ok in passed.T])
