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
"""Of a middling site's grid: what a charger must draw for its ``whole`` row to be worth writing."""


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

    def subject_to(self, constraint: Any, name: str) -> None:
        """Add a constraint under its name."""
        self.rows[name] = len(self.rows)
        self.problem.addConstraint(constraint, name)

    def values(self, opened: np.ndarray, new: np.ndarray, served: np.ndarray) -> np.ndarray:
        """A plan as values of `variables`."""
        built = [np.arange(1, len(by_count) + 1) == new[o] for o, by_count in self.built.items()]
        return np.concatenate([opened, new, served, *built]).astype(float)

    def parts(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Solved values of `variables` as openings and counts, both whole, and served energy."""
        sites, options = len(self.opened), len(self.new)
        counts = np.round(values[: sites + options])
        return counts[:sites], counts[sites:], values[sites + options : sites + options + len(self.served)]


def build_program(x: Instance, pairs: np.ndarray, integer: bool = True, doors: np.ndarray | None = None) -> Program:
    """Write the program for the given pairs.

    Parameters
    ----------
    x
        The problem.
    pairs
        Positions of the pairs that get a ``served`` variable; all of them for the exact model. Without any, floors and
        promise are left out: the rules of counts alone.
    integer
        False for the linear relaxation.
    doors
        Positions of the pairs, among `pairs`, that get a ``door`` row.
    """
    program = _variables(x, pairs, "Integer" if integer else "Continuous")
    _add_objective(program, x, pairs)
    _add_energy(program, x, pairs)
    _add_counts(program, x)
    _add_sites(program, x)
    _add_doors(program, x, pairs, [] if doors is None else doors.tolist())
    if len(pairs):
        _add_promises(program, x, pairs)
    _add_limits(program, x)
    return program


def _variables(x: Instance, pairs: np.ndarray, whole: str) -> Program:
    """open, new, served and build, without any row; `whole` is the kind of those that must be whole."""
    problem = pulp.LpProblem("siting", pulp.LpMinimize)
    option_ids = x.option_ids.to_flat_index()
    opened = [problem.add_variable(f"open({j})", float(x.open_from[n]), 1.0, whole) for n, j in enumerate(x.site_ids)]
    new = [
        problem.add_variable(f"new({j},{k})", 0.0, float(most), whole)
        for (j, k), most in zip(option_ids, x.option_most, strict=True)
    ]
    demand, station = x.pair_demand[pairs], x.pair_station[pairs]
    served = [problem.add_variable(f"served({i},{js})", 0.0) for i, js in zip(demand, station, strict=True)]
    build: dict[int, list[Any]] = {
        o: [problem.add_variable(f"build({j},{k},{n + 1})", 0.0, 1.0, whole) for n in range(int(x.option_most[o]))]
        for o, (j, k) in enumerate(option_ids)
        if not x.proportional[x.option_type[o]]
    }
    gained = [_gained(x, o, variable, build.get(o)) for o, variable in enumerate(new)]
    return Program(problem, opened, new, served, build, gained, {})


def _add_objective(program: Program, x: Instance, pairs: np.ndarray) -> None:
    """Least cost less worth."""
    cost = [(v, float(c)) for v, c in zip(program.opened, x.opening_cost_cny, strict=True) if c]
    cost += [(v, float(c)) for v, c in zip(program.new, x.option_cost_cny, strict=True) if c]
    worth = [(v, -float(w)) for v, w in zip(program.served, x.pair_worth[pairs], strict=True)]
    program.problem.setObjective(weighted_sum([*cost, *worth]))


def _add_energy(program: Program, x: Instance, pairs: np.ndarray) -> None:
    """demand (i) and capacity (js)."""
    from_zone, into_station = _members(x.pair_demand[pairs]), _members(x.pair_station[pairs])
    for i in sorted(from_zone):
        zone, service = x.demand_ids[i]
        program.subject_to(_sum(program.served, from_zone[i]) <= float(x.energy[i]), f"demand({zone},{service})")
    station_ids, options_of = x.station_ids.to_flat_index(), _members(x.option_station)
    for js in sorted(into_station):
        site, service = station_ids[js]
        taken = [(program.served[p], 1.0) for p in into_station[js]]
        added = [(v, -kwh) for o in options_of[js] for v, kwh in program.gained[o]]
        most = float(x.standing_kwh[js])
        program.subject_to(weighted_sum([*taken, *added]) <= most, f"capacity({site},{service})")


def _add_counts(program: Program, x: Instance) -> None:
    """count (jk) and one (jk)."""
    option_ids = x.option_ids.to_flat_index()
    for o, by_count in program.built.items():
        j, k = option_ids[o]
        counted = [(v, -float(n + 1)) for n, v in enumerate(by_count)]
        program.subject_to(weighted_sum([(program.new[o], 1.0), *counted]) == 0, f"count({j},{k})")
        one = [(v, 1.0) for v in by_count]
        opened = program.opened[x.option_site[o]]
        program.subject_to(weighted_sum([*one, (opened, -1.0)]) <= 0, f"one({j},{k})")


def _add_sites(program: Program, x: Instance) -> None:
    """bays, grid, whole, link, station and cars, site by site."""
    bays, grid = x.bays_used[x.option_type], x.grid_used_kw[x.option_type]
    options_at, option_ids = _members(x.option_site), x.option_ids.to_flat_index()
    new, subject_to = program.new, program.subject_to
    for j in sorted(options_at):
        site, here, opened = x.site_ids[j], options_at[j], program.opened[j]
        subject_to(_sum(new, here, bays) - float(x.bays[j]) * opened <= 0, f"bays({site})")
        subject_to(_sum(new, here, grid) - float(x.grid_kw[j]) * opened <= 0, f"grid({site})")
        for c, fit, use in _whole_uses(x, j, grid[here]):
            used = [(new[o], float(w)) for o, w in zip(here, use, strict=True) if w > 0]
            subject_to(weighted_sum([*used, (opened, -fit)]) <= 0, f"whole({site},{x.type_ids[c]})")
        for o in here:
            if bays[o] == 0 and o not in program.built:
                subject_to(new[o] - float(x.option_most[o]) * opened <= 0, f"link({site},{option_ids[o][1]})")
        if x.min_station[j] > 0:
            subject_to(float(x.min_station[j]) * opened - _sum(new, here) <= 0, f"station({site})")
        if x.min_cars[j] > 0:
            for_cars = [o for o in here if x.for_cars[x.option_type[o]]]
            subject_to(float(x.min_cars[j]) * opened - _sum(new, for_cars) <= 0, f"cars({site})")


def _add_doors(program: Program, x: Instance, pairs: np.ndarray, doors: list[int]) -> None:
    """door (ijs)."""
    variable_of = dict(zip(pairs.tolist(), program.served, strict=True))
    for p in doors:
        i, j = x.pair_demand[p], x.station_site[x.pair_station[p]]
        program.subject_to(variable_of[p] - float(x.energy[i]) * program.opened[j] <= 0, f"door({p})")


def _add_promises(program: Program, x: Instance, pairs: np.ndarray) -> None:
    """floor (d) and promise."""
    for d, district in enumerate(x.floor_ids):
        inside = np.flatnonzero(x.demand_floor[x.pair_demand[pairs]] == d)
        program.subject_to(_sum(program.served, inside) >= float(x.floor_kwh[d]), f"floor({district})")
    if x.promise_kwh > 0:
        everyone = range(len(program.served))
        program.subject_to(_sum(program.served, everyone) >= float(x.promise_kwh), "promise")


def _add_limits(program: Program, x: Instance) -> None:
    """The limits of the whole city."""
    for row, name in enumerate(x.limits.names):
        taken_by = [(program.new[o], use) for o, use in x.limits.taken_by_options(row)]
        taken_by += [(program.opened[j], use) for j, use in x.limits.taken_by_openings(row)]
        for constraint in _within(weighted_sum(taken_by), x.limits.least[row], x.limits.most[row]):
            program.subject_to(constraint, name)


def _sum(variables: list[Any], which: Any, weights: np.ndarray | None = None) -> Any:
    """The sum of some variables, each times its weight if there are any."""
    return weighted_sum([(variables[w], 1.0 if weights is None else float(weights[w])) for w in which])


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
