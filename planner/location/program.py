"""Serving every zone from open sites at least cost, as integer programs for HiGHS."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pulp

from planner.location.table import RELATIVE_GAP, Pairs
from planner.numeric.solver import NoPlan, solve, weighted_sum


@dataclass(frozen=True)
class Serving:
    r"""Minimise :math:`\sum_j f_j y_j + \sum_{ij} w_i c_{ij} x_{ij}`, every zone served by open sites.

    Attributes
    ----------
    pairs, weights
        Who can be served where, at which cost c per weight; weight w by zone.
    capacity, opening
        By site: weight it can serve (inf: any) and f, the cost of opening it.
    least, most
        Number of open sites, the fixed ones among them.
    single
        Whether a zone is served from one site.
    """

    pairs: Pairs
    weights: np.ndarray
    capacity: np.ndarray
    opening: np.ndarray
    least: int
    most: int
    single: bool

    @cached_property
    def cost(self) -> np.ndarray:
        """w c of each pair."""
        return np.asarray(self.weights[self.pairs.zone] * self.pairs.cost)

    @cached_property
    def capacitated(self) -> bool:
        return bool(np.isfinite(self.capacity).any())

    @cached_property
    def whole_costs(self) -> bool:
        """Whether every plan's cost is a whole number: two different costs are at least 1 apart."""
        parts = self.single or not self.capacitated
        numbers = np.r_[self.cost, self.opening]
        return bool(parts and (np.abs(numbers - np.rint(numbers)) <= 1e-9 * np.maximum(1.0, numbers)).all())


@dataclass(frozen=True)
class Plan:
    """Open sites (bool by site), the part of its zone each pair serves, and the cost; inf where there is no plan."""

    opened: np.ndarray
    part: np.ndarray
    cost: float


def nearest_plan(problem: Serving, opened: np.ndarray) -> Plan | None:
    """Every zone at its cheapest open site, if it has one."""
    pairs = problem.pairs
    cost = np.where(opened[pairs.site], problem.cost, np.inf)
    least = np.minimum.reduceat(cost, pairs.start[:-1])
    if not np.isfinite(least).all():
        return None
    first = np.flatnonzero(np.repeat(least, np.diff(pairs.start)) == cost)
    _, once = np.unique(pairs.zone[first], return_index=True)
    part = np.zeros(len(cost))
    part[first[once]] = 1.0
    return Plan(opened, part, float(problem.opening[opened].sum() + least.sum()))


def program(
    problem: Serving, kept: np.ndarray, usable: np.ndarray, surely: np.ndarray, nodes: int, **options: Any
) -> tuple[Plan | None, float]:
    """The problem for HiGHS, over some pairs and sites: its plan, if any, and its bound (inf: there is no plan).

    Parameters
    ----------
    kept, usable
        Pairs and sites to plan with (bool).
    surely
        Sites that are open (bool).
    nodes
        Of the branch and bound, at most.
    options
        More of HiGHS's, by its names.
    """
    used = np.flatnonzero(kept)
    if len(np.unique(problem.pairs.zone[used])) < len(problem.pairs.zones):
        return None, np.inf
    model = pulp.LpProblem("serving", pulp.LpMinimize)
    y = {j: model.add_variable(f"open({j})", float(surely[j]), 1.0, "Integer") for j in np.flatnonzero(usable).tolist()}
    build = _sharing if problem.capacitated else _farness
    x, terms = build(model, problem, y, used)
    model.setObjective(weighted_sum([*((v, float(problem.opening[j])) for j, v in y.items()), *terms]))
    count = weighted_sum((v, 1.0) for v in y.values())
    model.addConstraint(count >= problem.least, "least")
    model.addConstraint(count <= problem.most, "most")
    try:
        solved = solve(model, [*y.values(), *x], mip_rel_gap=0.1 * RELATIVE_GAP, mip_max_nodes=nodes, **options)
    except NoPlan as none:
        return None, np.inf if none.infeasible else -np.inf
    opened, part = np.zeros(len(usable), bool), np.zeros(len(kept))
    opened[list(y)] = solved.values[: len(y)] > 0.5
    if not problem.capacitated:
        return nearest_plan(problem, opened), -solved.bound
    part[used] = solved.values[len(y) :]
    return _checked(problem, opened, part), -solved.bound


def _farness(model: Any, problem: Serving, y: dict[int, Any], used: np.ndarray) -> tuple[list[Any], list[Any]]:
    r"""Without capacities: :math:`z_{ik} \ge z_{i,k-1} - \sum y_j` over the sites at zone i's k-th distinct cost.

    z is 1 while nothing as near is open; each 1 adds what the next cost is dearer. Zones end at their last pair.
    """
    pairs = problem.pairs
    zone, cost, site = pairs.zone[used], problem.cost[used], pairs.site[used]
    order = np.lexsort((site, cost, zone))
    zone, cost, site = zone[order], cost[order], site[order]
    edges = np.r_[0, np.flatnonzero((np.diff(zone) != 0) | (np.diff(cost) != 0)) + 1, len(zone)]
    z: list[Any] = []
    terms: list[Any] = []
    for a, b in pairwise(edges.tolist()):
        near = [(y[j], 1.0) for j in site[a:b].tolist()]
        if a == 0 or zone[a] != zone[a - 1]:
            before, constant = [], 1.0
            terms.append((model.add_variable(f"nearest({zone[a]})", 1.0, 1.0), float(cost[a])))
            z.append(terms[-1][0])
        else:
            before, constant = [(z[-1], -1.0)], 0.0
        if b == len(zone) or zone[b] != zone[a]:
            model.addConstraint(weighted_sum([*near, *before]) >= constant, f"far({a})")
            continue
        z.append(model.add_variable(f"far({a})", 0.0, 1.0))
        terms.append((z[-1], float(cost[b] - cost[a])))
        model.addConstraint(weighted_sum([(z[-1], 1.0), *near, *before]) >= constant, f"far({a})")
    return z, terms


def _sharing(model: Any, problem: Serving, y: dict[int, Any], used: np.ndarray) -> tuple[list[Any], list[Any]]:
    r"""With capacities: :math:`\sum_j x_{ij} = 1`, :math:`x_{ij} \le y_j`, :math:`\sum_i w_i x_{ij} \le Q_j y_j`."""
    kind = "Integer" if problem.single else "Continuous"
    x = [model.add_variable(f"serve({p})", 0.0, 1.0, kind) for p in used.tolist()]
    zone, site = problem.pairs.zone[used], problem.pairs.site[used]
    for a, b in pairwise([0, *(np.flatnonzero(np.diff(zone)) + 1).tolist(), len(zone)]):
        model.addConstraint(weighted_sum((v, 1.0) for v in x[a:b]) == 1, f"zone({zone[a]})")
    at: dict[int, list[int]] = {j: [] for j in y}
    for a, j in enumerate(site.tolist()):
        at[j].append(a)
        model.addConstraint(weighted_sum([(x[a], 1.0), (y[j], -1.0)]) <= 0, f"link({used[a]})")
    for j, here in at.items():
        load = [(x[a], float(problem.weights[zone[a]])) for a in here]
        if np.isfinite(problem.capacity[j]):
            model.addConstraint(weighted_sum([*load, (y[j], -float(problem.capacity[j]))]) <= 0, f"capacity({j})")
    if np.isfinite(problem.capacity).all():
        room = weighted_sum((v, float(problem.capacity[j])) for j, v in y.items())
        model.addConstraint(room >= float(problem.weights.sum()), "room")
    return x, list(zip(x, problem.cost[used].tolist(), strict=True))


def _checked(problem: Serving, opened: np.ndarray, part: np.ndarray) -> Plan | None:
    """A plan made exact and checked against the tables: whole zones where they must be, capacities kept."""
    pairs = problem.pairs
    part = np.where(part > 1e-7, part, 0.0) * opened[pairs.site]
    if problem.single:
        part = np.rint(part)
    total = np.add.reduceat(part, pairs.start[:-1])
    if (np.abs(total - 1.0) > 1e-5).any() or not problem.least <= opened.sum() <= problem.most:
        return None
    part = part / np.repeat(total, np.diff(pairs.start))
    load = np.bincount(pairs.site, part * problem.weights[pairs.zone], len(opened))
    if (load > problem.capacity * (1 + 1e-6)).any():
        return None
    return Plan(opened, part, float(problem.opening[opened].sum() + problem.cost @ part))
