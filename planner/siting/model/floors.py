"""How much of a district's demand any plan could serve: what the largest floor is that it can be given.

For each floor the same problem with only that district's demands, every kWh worth one, and no other floor: the
prices of its Lagrangian dual prove a bound (`certificate`). All other rules hold, so no plan serves the district more,
whatever it leaves to the others.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from planner.faults import Fault
from planner.progress import silent
from planner.siting.city.certificate import upper_bound
from planner.siting.city.dual import find_prices
from planner.siting.effort import Effort
from planner.siting.model.instance import Instance, make_instance
from planner.siting.model.limits import floor_area
from planner.siting.problem import Problem

_STEPS = 600  # of the dual, for each district
_DIGITS = 1e-3  # shares are told to so much


def largest_floors(problem: Problem) -> pd.Series:
    """Index district (township where the floors name those): the share of its demand (kWh) that no plan can exceed,
    proven.

    Other districts' floors are not kept: together they may have to be lower.
    """
    demand = problem.demand
    area = floor_area(demand, problem.rules.floors)
    everyone = {str(d): 1.0 for d in sorted(set(area[demand["energy_kwh_day"] > 0]) - {""})}
    x = make_instance(problem.with_rules(floors=everyone))
    return pd.Series(largest_shares(x), index=pd.Index(x.floor_ids, name="district"), name="share")


def largest_shares(x: Instance) -> np.ndarray:
    """Of every floor the share of its demand (kWh) that no plan can exceed, proven; those out of reach count too."""
    return np.asarray(np.array([_largest_kwh(x, d) for d in range(len(x.floor_ids))]) / _asked_kwh(x))


def unmet_floors(x: Instance) -> list[Fault]:
    """One fault for every floor above what is proven to be the most for it."""
    asked = x.floor_kwh / _asked_kwh(x)
    return [
        Fault(
            "scenario, key siting.floors",
            en=f"floor of {name}: {floor:.3g} of the demand asked, at most {most:g} can be served; lower it, or relax "
            "quota, budget, tasks or what else holds it back",
            zh=f"{name} 服务率下限：要求 {floor:.3g}，最多可达 {most:g}，请降低要求或放宽其他约束",
        )
        for name, floor, share in zip(x.floor_ids, asked, largest_shares(x), strict=True)
        if floor > share and (most := math.floor(share / _DIGITS) * _DIGITS) is not None
    ]


def _asked_kwh(x: Instance) -> np.ndarray:
    """Floor d: all demand of its district, kWh/day."""
    return np.asarray(np.maximum(x.served_by_floor(x.energy), 1e-9))


def _largest_kwh(x: Instance, d: int) -> float:
    """A bound on the energy that any plan serves in one district, kWh/day."""
    mine = np.flatnonzero(x.demand_floor[x.pair_demand] == d)
    if not len(mine):
        return 0.0
    demands = np.unique(x.pair_demand[mine])
    alone = replace(
        x,
        demand_ids=x.demand_ids[demands],
        energy=x.energy[demands],
        demand_floor=np.full(len(demands), -1),
        floor_ids=(),
        floor_kwh=np.zeros(0),
        pair_demand=np.searchsorted(demands, x.pair_demand[mine]),
        pair_station=x.pair_station[mine],
        pair_worth=np.ones(len(mine)),
        option_cost_cny=np.zeros(len(x.option_cost_cny)),
        opening_cost_cny=np.zeros(len(x.opening_cost_cny)),
        promise_kwh=0.0,
    )
    prices = find_prices(alone, _STEPS, Effort(_DIGITS), silent)
    return min(upper_bound(alone, prices), float(alone.energy.sum()))
