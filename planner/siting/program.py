"""The integer program of siting, whole, in PuLP.

Sets and letters are those of `Instance`: demands i, sites j, charger types k, stations js, options jk, pairs (i, js).

    decide   open_j in {0,1}      new_jk in {0,1,2,...}      served_ijs >= 0 (kWh/day)
    most     sum worth_ijs served_ijs
    demand     (i)   sum_js served_ijs <= energy_i
    capacity   (js)  sum_i served_ijs <= standing_js + sum_k kwh_k new_jk
    bays       (j)   sum_k bays_used_k new_jk <= bays_j open_j
    grid       (j)   sum_k grid_used_k new_jk <= grid_kw_j open_j
    whole      (jc)  sum_k floor(grid_used_k / grid_used_c) new_jk <= floor(grid_kw_j / grid_used_c) open_j
    link       (jk)  new_jk <= most_jk open_j                 (types that use no bay)
    door       (ijs) served_ijs <= energy_i open_j            (pairs named by `doors`; no standing chargers there)
    station    (j)   sum_k new_jk >= min_station_j open_j
    quota            sum_jk quota_units_k new_jk = quota      (or <=)
    share_min  (k)   quota_units_k sum_j new_jk >= least_units_k
    share_max  (k)   quota_units_k sum_j new_jk <= most_units_k;  sum_j new_jk <= most_count_k
    budget           sum_j opening_j open_j + sum_jk price_k new_jk <= budget
    task       (d)   sum of quota_units_k new_jk over the unit's sites >= task_d

The rows ``door`` and ``whole`` say nothing new about whole chargers and openings, but make the relaxation's bound
tighter: a door half open lets half of a zone in, and no fraction of a charger fills a site's last kW (Chvatal-Gomory
rounding of ``grid`` divided by one charger's use).
PuLP is given the least of the negative, because HiGHS signs duals reliably only when it minimises.
A site with standing chargers serves without `open_j`; opening it again costs its opening and its minimum.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pulp

from planner.siting.instance import Instance
from planner.siting.solver import weighted_sum


@dataclass(frozen=True)
class Program:
    """A built program: the PuLP problem, its variables and the position of every named constraint."""

    problem: Any
    opened: list[Any]
    new: list[Any]
    served: list[Any]
    rows: dict[str, int]


def build_program(
    instance: Instance,
    pairs: np.ndarray,
    integer: bool = True,
    charge: np.ndarray | None = None,
    doors: np.ndarray | None = None,
) -> Program:
    """Write the program for the given pairs.

    Parameters
    ----------
    instance
        The problem.
    pairs
        Positions of the pairs that get a ``served`` variable; all of them for the exact model.
    integer
        False for the linear relaxation.
    doors
        Positions of the pairs, among `pairs`, that get a ``door`` row.
    charge
        Per option, taken from the value for every charger: prices of rules left out of this instance.
    """
    x = instance
    problem = pulp.LpProblem("siting", pulp.LpMinimize)
    whole = "Integer" if integer else "Continuous"
    site_ids, option_ids = x.site_ids, x.option_ids.to_flat_index()
    demand_ids, station_ids = x.demand_ids.to_flat_index(), x.station_ids.to_flat_index()

    opened = [
        problem.add_variable(f"open({site_ids[j]})", float(x.open_from[j]), 1.0, whole) for j in range(len(site_ids))
    ]
    new = [
        problem.add_variable(f"new({j},{k})", 0.0, float(most), whole)
        for (j, k), most in zip(option_ids, x.option_most, strict=True)
    ]
    served = [
        problem.add_variable(f"served({i},{js})", 0.0)
        for i, js in zip(x.pair_demand[pairs], x.pair_station[pairs], strict=True)
    ]

    options_at, stations_of, options_of = defaultdict(list), defaultdict(list), defaultdict(list)
    for o, (j, k, js) in enumerate(zip(x.option_site, x.option_type, x.option_station, strict=True)):
        options_at[j].append(o)
        options_of[k].append(o)
        stations_of[js].append(o)
    from_zone, into_station = defaultdict(list), defaultdict(list)
    for p, (i, js) in enumerate(zip(x.pair_demand[pairs], x.pair_station[pairs], strict=True)):
        from_zone[i].append(p)
        into_station[js].append(p)
    units = x.quota_units[x.option_type]
    rows: dict[str, int] = {}

    def total(variables: list[Any], which: Any, weights: Any = None) -> Any:
        if weights is None:
            return weighted_sum([(variables[w], 1.0) for w in which])
        return weighted_sum([(variables[w], float(weights[w])) for w in which])

    def subject_to(constraint: Any, name: str) -> None:
        rows[name] = len(rows)
        problem.addConstraint(constraint, name)

    value = [(v, -float(worth)) for v, worth in zip(served, x.pair_worth[pairs], strict=True)]
    value += [] if charge is None else [(v, float(c)) for v, c in zip(new, charge, strict=True)]
    problem.setObjective(weighted_sum(value))
    for i in sorted(from_zone):
        zone, service = demand_ids[i]
        subject_to(total(served, from_zone[i]) <= float(x.energy[i]), f"demand({zone},{service})")
    kwh = x.kwh[x.option_type]
    for js in sorted(into_station):
        site, service = station_ids[js]
        carried = total(new, stations_of[js], kwh)
        subject_to(
            total(served, into_station[js]) - carried <= float(x.standing_kwh[js]), f"capacity({site},{service})"
        )
    bays, grid = x.bays_used[x.option_type], x.grid_used_kw[x.option_type]
    for j in sorted(options_at):
        site = site_ids[j]
        subject_to(total(new, options_at[j], bays) - float(x.bays[j]) * opened[j] <= 0, f"bays({site})")
        subject_to(total(new, options_at[j], grid) - float(x.grid_kw[j]) * opened[j] <= 0, f"grid({site})")
        for c in x.whole_types:
            if (fit := np.floor(x.grid_kw[j] / x.grid_used_kw[c] + 1e-9)) < x.grid_kw[j] / x.grid_used_kw[c] - 1e-6:
                whole_use = np.floor(grid[options_at[j]] / x.grid_used_kw[c] + 1e-9)
                used = [(new[o], float(w)) for o, w in zip(options_at[j], whole_use, strict=True) if w > 0]
                if used:
                    row = weighted_sum([*used, (opened[j], -float(fit))])
                    subject_to(row <= 0, f"whole({site},{x.type_ids[c]})")
        for o in options_at[j]:
            if bays[o] == 0:
                subject_to(new[o] - float(x.option_most[o]) * opened[j] <= 0, f"link({site},{option_ids[o][1]})")
        if x.min_station[j] > 0:
            subject_to(float(x.min_station[j]) * opened[j] - total(new, options_at[j]) <= 0, f"station({site})")
    variable_of = dict(zip(pairs.tolist(), served, strict=True))
    for p in [] if doors is None else doors.tolist():
        i, j = x.pair_demand[p], x.station_site[x.pair_station[p]]
        subject_to(variable_of[p] - float(x.energy[i]) * opened[j] <= 0, f"door({p})")
    everything = range(len(new))
    quota = total(new, everything, units)
    subject_to(quota == x.quota if x.quota_exactly else quota <= x.quota, "quota")
    for k, kind in enumerate(x.type_ids):
        if x.least_units[k] > 0:
            subject_to(total(new, options_of[k], units) >= float(x.least_units[k]), f"share_min({kind})")
        if x.most_units[k] < np.inf:
            subject_to(total(new, options_of[k], units) <= float(x.most_units[k]), f"share_max({kind})")
        if x.most_count[k] < np.inf:
            subject_to(total(new, options_of[k]) <= float(x.most_count[k]), f"count_max({kind})")
    if x.budget_cny < np.inf:
        opening = total(opened, range(len(opened)), x.opening_cny)
        subject_to(opening + total(new, everything, x.option_price_cny) <= float(x.budget_cny), "budget")
    for unit, task in x.tasks.items():
        inside = [o for o in everything if x.task_unit[x.option_site[o]] == unit]
        subject_to(total(new, inside, units) >= float(task), f"task({unit})")
    return Program(problem, opened, new, served, rows)
