"""The integer program of siting, whole, in PuLP.

Sets and letters are those of `Instance`: demands i, sites j, charger types k, stations js, options jk, pairs (i, js).

    decide   open_j in {0,1}      new_jk in {0,1,2,...}      served_ijs >= 0 (kWh/day)
             build_jkn in {0,1}                               (types whose energy is not proportional to the count)
    most service     max  sum worth_ijs served_ijs
    least cost       min  sum_j opening_cost_j open_j + sum_jk cost_jk new_jk
    demand     (i)   sum_js served_ijs <= energy_i
    capacity   (js)  sum_i served_ijs <= standing_js + sum_k gained_jk
                     gained_jk = kwh_k new_jk, or sum_n gained_jkn build_jkn: what n new ones add to those standing
    count      (jk)  new_jk = sum_n n build_jkn
    one        (jk)  sum_n build_jkn <= open_j
    bays       (j)   sum_k bays_used_k new_jk <= bays_j open_j
    grid       (j)   sum_k grid_used_k new_jk <= grid_kw_j open_j
    whole      (jc)  sum_k floor(grid_used_k / grid_used_c) new_jk <= floor(grid_kw_j / grid_used_c) open_j
    link       (jk)  new_jk <= most_jk open_j                 (proportional types that use no bay)
    station    (j)   sum_k new_jk >= min_station_j open_j
    cars       (j)   sum_k new_jk, k for cars >= open_j      (sites on which a zone's access may depend)
    door       (ijs) served_ijs <= energy_i open_j            (pairs named by `doors`; no standing chargers there)
    floor      (d)   sum served_ijs over the demands of d >= floor_d
    promise          sum served_ijs >= promise                (least cost)

and the limits of the whole city, each with its name: quota, share_min(k), share_max(k), count_max(k), budget, task(d),
feeder(group) and access(zone), which asks for one opened site of some:

    least <= sum_jk use_jk new_jk + sum_j use_j open_j <= most

The rows ``door`` and ``whole`` say nothing new about whole chargers and openings, but make the relaxation's bound
tighter: a door half open lets half of a zone in, and no fraction of a charger fills a site's last kW (Chvatal-Gomory
rounding of ``grid`` divided by one charger's use). One ``build`` per count is as tight as a table of any shape can be
written: the relaxation fills its concave hull and nothing more.
PuLP is given the least of the negative, because HiGHS signs duals reliably only when it minimises.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pulp

from planner.numeric.solver import weighted_sum
from planner.siting.model.instance import Instance

_SHARE_OF_GRID = 0.02


@dataclass(frozen=True)
class Program:
    """A built program: the PuLP problem, its variables and the position of every named constraint.

    Attributes
    ----------
    problem
        PuLP problem that minimises cost less worth.
    opened, new, served
        Variables of the sites, options and given pairs, in their order.
    built
        Option jk whose energy is not proportional to the count -> its ``build`` variables by count.
    gained
        Option jk: what its chargers add to its station, kWh/day, as (variable, weight) terms.
    rows
        Name of every constraint -> its position.
    """

    problem: Any
    opened: list[Any]
    new: list[Any]
    served: list[Any]
    built: dict[int, list[Any]]
    gained: list[list[tuple[Any, float]]]
    rows: dict[str, int]

    @property
    def variables(self) -> list[Any]:
        """All of them: opened, new, served, built."""
        return [*self.opened, *self.new, *self.served, *(v for by_count in self.built.values() for v in by_count)]

    def values(self, opened: np.ndarray, new: np.ndarray, served: np.ndarray) -> np.ndarray:
        """A plan as values of `variables`."""
        built = [np.arange(1, len(by_count) + 1) == new[o] for o, by_count in self.built.items()]
        return np.concatenate([opened, new, served, *built]).astype(float)

    def parts(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Solved values of `variables` as openings and counts, both whole, and served energy."""
        sites, options = len(self.opened), len(self.new)
        counts = np.round(values[: sites + options])
        return counts[:sites], counts[sites:], values[sites + options : sites + options + len(self.served)]


def build_program(
    instance: Instance, pairs: np.ndarray, integer: bool = True, doors: np.ndarray | None = None
) -> Program:
    """Write the program for the given pairs.

    Parameters
    ----------
    instance
        The problem.
    pairs
        Positions of the pairs that get a ``served`` variable; all of them for the exact model. Without any, floors and
        promise are left out: the rules of counts alone.
    integer
        False for the linear relaxation.
    doors
        Positions of the pairs, among `pairs`, that get a ``door`` row.
    """
    x = instance
    problem = pulp.LpProblem("siting", pulp.LpMinimize)
    whole = "Integer" if integer else "Continuous"
    option_ids, station_ids = x.option_ids.to_flat_index(), x.station_ids.to_flat_index()
    demand, station = x.pair_demand[pairs], x.pair_station[pairs]
    rows: dict[str, int] = {}

    def total(variables: list[Any], which: Any, weights: Any) -> Any:
        return weighted_sum([(variables[w], float(weights[w])) for w in which])

    def subject_to(constraint: Any, name: str) -> None:
        rows[name] = len(rows)
        problem.addConstraint(constraint, name)

    opened = [problem.add_variable(f"open({j})", float(x.open_from[n]), 1.0, whole) for n, j in enumerate(x.site_ids)]
    new = [
        problem.add_variable(f"new({j},{k})", 0.0, float(most), whole)
        for (j, k), most in zip(option_ids, x.option_most, strict=True)
    ]
    served = [problem.add_variable(f"served({i},{js})", 0.0) for i, js in zip(demand, station, strict=True)]
    build: dict[int, list[Any]] = {
        o: [problem.add_variable(f"build({j},{k},{n + 1})", 0.0, 1.0, whole) for n in range(int(x.option_most[o]))]
        for o, (j, k) in enumerate(option_ids)
        if not x.proportional[x.option_type[o]]
    }
    gained = [_gained(x, o, variable, build.get(o)) for o, variable in enumerate(new)]
    everyone = range(len(served))
    options_at, options_of = _members(x.option_site), _members(x.option_station)
    from_zone, into_station = _members(demand), _members(station)

    cost = [(v, float(c)) for v, c in zip(opened, x.opening_cost_cny, strict=True) if c]
    cost += [(v, float(c)) for v, c in zip(new, x.option_cost_cny, strict=True) if c]
    problem.setObjective(
        weighted_sum([*cost, *((v, -float(worth)) for v, worth in zip(served, x.pair_worth[pairs], strict=True))])
    )
    for i in sorted(from_zone):
        zone, service = x.demand_ids[i]
        subject_to(total(served, from_zone[i], np.ones(len(served))) <= float(x.energy[i]), f"demand({zone},{service})")
    for js in sorted(into_station):
        site, service = station_ids[js]
        taken = [(served[p], 1.0) for p in into_station[js]]
        added = [(v, -kwh) for o in options_of[js] for v, kwh in gained[o]]
        subject_to(weighted_sum([*taken, *added]) <= float(x.standing_kwh[js]), f"capacity({site},{service})")
    for o, by_count in build.items():
        j, k = option_ids[o]
        counted = [(v, -float(n + 1)) for n, v in enumerate(by_count)]
        subject_to(weighted_sum([(new[o], 1.0), *counted]) == 0, f"count({j},{k})")
        one = [(v, 1.0) for v in by_count]
        subject_to(weighted_sum([*one, (opened[x.option_site[o]], -1.0)]) <= 0, f"one({j},{k})")
    bays, grid = x.bays_used[x.option_type], x.grid_used_kw[x.option_type]
    for j in sorted(options_at):
        site, here = x.site_ids[j], options_at[j]
        subject_to(total(new, here, bays) - float(x.bays[j]) * opened[j] <= 0, f"bays({site})")
        subject_to(total(new, here, grid) - float(x.grid_kw[j]) * opened[j] <= 0, f"grid({site})")
        for c, fit, use in _whole_uses(x, j, grid[here]):
            used = [(new[o], float(w)) for o, w in zip(here, use, strict=True) if w > 0]
            subject_to(weighted_sum([*used, (opened[j], -fit)]) <= 0, f"whole({site},{x.type_ids[c]})")
        for o in here:
            if bays[o] == 0 and o not in build:
                subject_to(new[o] - float(x.option_most[o]) * opened[j] <= 0, f"link({site},{option_ids[o][1]})")
        if x.min_station[j] > 0:
            count = total(new, here, np.ones(len(new)))
            subject_to(float(x.min_station[j]) * opened[j] - count <= 0, f"station({site})")
        if x.min_cars[j] > 0:
            count = total(new, [o for o in here if x.for_cars[x.option_type[o]]], np.ones(len(new)))
            subject_to(float(x.min_cars[j]) * opened[j] - count <= 0, f"cars({site})")
    variable_of = dict(zip(pairs.tolist(), served, strict=True))
    for p in [] if doors is None else doors.tolist():
        i, j = x.pair_demand[p], x.station_site[x.pair_station[p]]
        subject_to(variable_of[p] - float(x.energy[i]) * opened[j] <= 0, f"door({p})")
    for d, district in enumerate(x.floor_ids if len(pairs) else ()):
        inside = np.flatnonzero(x.demand_floor[demand] == d)
        subject_to(total(served, inside, np.ones(len(served))) >= float(x.floor_kwh[d]), f"floor({district})")
    if x.promise_kwh > 0 and len(pairs):
        subject_to(total(served, everyone, np.ones(len(served))) >= float(x.promise_kwh), "promise")
    for row, name in enumerate(x.limits.names):
        taken_by = [(new[o], use) for o, use in x.limits.taken_by_options(row)]
        taken_by += [(opened[j], use) for j, use in x.limits.taken_by_openings(row)]
        for constraint in _within(weighted_sum(taken_by), x.limits.least[row], x.limits.most[row]):
            subject_to(constraint, name)
    return Program(problem, opened, new, served, build, gained, rows)


def _members(group: np.ndarray) -> dict[int, list[int]]:
    """Positions by group."""
    members: dict[int, list[int]] = defaultdict(list)
    for position, g in enumerate(group.tolist()):
        members[g].append(position)
    return members


def _gained(x: Instance, o: int, new: Any, build: list[Any] | None) -> list[tuple[Any, float]]:
    """What an option's chargers add to its station, kWh/day, as terms."""
    if build is None:
        return [(new, float(x.carried_kwh[x.option_type[o], 1]))]
    gained = x.gained_kwh(np.full(len(build), o), np.arange(1, len(build) + 1))
    return [(v, float(kwh)) for v, kwh in zip(build, gained, strict=True)]


def _whole_uses(x: Instance, j: int, grid: np.ndarray) -> list[tuple[int, float, np.ndarray]]:
    """Types c that take a real share of a site's grid and do not fill it: how many fit, and each option's use in c."""
    rows = []
    least = _SHARE_OF_GRID * max(float(np.median(x.grid_kw)), 1.0)
    for c in np.flatnonzero(x.grid_used_kw >= least).tolist():
        fit = x.grid_kw[j] / x.grid_used_kw[c]
        use = np.floor(grid / x.grid_used_kw[c] + 1e-9)
        if np.floor(fit + 1e-9) < fit - 1e-6 and (use > 0).any():
            rows.append((c, float(np.floor(fit + 1e-9)), use))
    return rows


def _within(amount: Any, least: float, most: float) -> list[Any]:
    """A limit's constraint: one, because it has one end or both are the same."""
    if least == most:
        return [amount == float(most)]
    if np.isfinite(most):
        return [amount <= float(most)]
    return [amount >= float(least)]
