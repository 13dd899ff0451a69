"""Bring a plan that keeps its city-wide limits nearly to one that keeps them exactly: a small integer program.

Every site may change to one of a few neighbouring configurations, each worth what the site would then serve of its own
demand and of what is left over; the program picks one per site so that all limits hold and least is lost.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pulp

from planner.numeric.compiled import compiled, part
from planner.numeric.solver import NoPlan, solve, weighted_sum
from planner.siting.city.assignment import rank_within
from planner.siting.city.curves import draw_curves, fill, new_curves, sort_demands
from planner.siting.city.region import Choice
from planner.siting.city.search import Walker
from planner.siting.model.instance import Instance
from planner.siting.model.program import build_program


@dataclass(frozen=True)
class SettleParams:
    """How wide the program looks around a plan, and how long it is tried.

    Attributes
    ----------
    attempts
        One after the other until one keeps all limits: sites that may change at most, and configurations of each.
    gap_share
        Of the program's value: near enough to its best.
    nodes
        Of branch and bound, at most.
    nearest_gap_share
        Of the distance to the wanted counts, where no attempt keeps all limits: near enough to the least.
    """

    attempts: tuple[tuple[int, int], ...] = ((1200, 10), (1_000_000, 16))
    gap_share: float = 1e-5
    nodes: int = 200
    nearest_gap_share: float = 0.02


_PARAMS = SettleParams()
_ROUNDING = 1e-9
"""Bays or kW that are no more than rounding."""
_LEFT_SHARE = 0.5
"""Of what is left of a demand, how much a site that changes may count on: others may as well."""
_MOST_CONFIGURATIONS = 400
"""Room for those of one site; pairs of changes are no longer tried when `_ROOM_KEPT` are left."""
_ROOM_KEPT = 16
_CHANGES = (-4, -2, -1, 1, 2, 4)
"""Chargers more of one option."""
_CHANGES_BESIDE = (-2, -1, 1, 2)
"""And of another one, where the first changes by no more than two: fewer of one, more of the other."""


class _Costs(NamedTuple):
    """Of options and openings: their prices, and their own costs alone."""

    price: np.ndarray
    opening: np.ndarray
    own: np.ndarray
    own_opening: np.ndarray


class _Configurations(NamedTuple):
    """What sites might hold instead, one row each.

    Attributes
    ----------
    site, counts
        Of which site, and its chargers in the order of enumeration.
    value, merit
        What it would serve is worth, less its own cost, and less all prices.
    many
        How many there are.
    """

    site: np.ndarray
    counts: np.ndarray
    value: np.ndarray
    merit: np.ndarray
    many: np.ndarray


def settle(walker: Walker, choice: Choice) -> tuple[np.ndarray, np.ndarray]:
    """Counts per option and opened sites near a plan's that keep every rule.

    Raises
    ------
    NoPlan
        No counts meet all the rules, or none were found.
    """
    x = walker.x
    if x.keeps(choice.new, choice.opened):
        return choice.new, choice.opened
    for most_sites, most_changes in _PARAMS.attempts:
        try:
            return _settled(walker, choice, most_sites, most_changes)
        except NoPlan:
            continue
    return nearest_counts(x, choice.new)


def _settled(walker: Walker, choice: Choice, most_sites: int, most_changes: int) -> tuple[np.ndarray, np.ndarray]:
    """One configuration for each flexible site, all limits kept: ``most sum value pick``, one pick a site."""
    x, y = walker.x, walker.layout
    flexible = walker.able[:: max(1, -(-len(walker.able) // most_sites))]
    site, counts, value = _kept_changes(walker, choice, flexible, most_changes)
    options = [y.option[y.first_option[j] : y.first_option[j + 1]] for j in range(len(y.bays))]
    new, opened = choice.new.copy(), choice.opened.copy()
    for j in flexible:
        new[options[j]], opened[j] = 0.0, 0.0
    problem = pulp.LpProblem("settle", pulp.LpMinimize)
    pick = [problem.add_variable(f"pick{n}", 0.0, 1.0, "Integer") for n in range(len(site))]
    problem.setObjective(weighted_sum([(v, -float(worth)) for v, worth in zip(pick, value, strict=True)]))
    of_site = defaultdict(list)
    takes: list[list[tuple[object, float]]] = [[] for _ in x.limits.names]
    use, opening = x.limits.use.tocsc(), x.limits.opening.tocsc()
    for v, j, n in zip(pick, site, counts, strict=True):
        of_site[int(j)].append((v, 1.0))
        n = n[: len(options[j])]
        amount = use[:, options[j]] @ n + (opening[:, [j]].toarray().ravel() if n.any() or x.open_from[j] else 0.0)
        for r in np.flatnonzero(amount):
            takes[r].append((v, float(amount[r])))
    for j, terms in sorted(of_site.items()):
        problem.addConstraint(weighted_sum(terms) == 1, f"one({x.site_ids[j]})")
    fixed = x.limits.use @ new + x.limits.opening @ opened
    for name, terms, held, least, most in zip(x.limits.names, takes, fixed, x.limits.least, x.limits.most, strict=True):
        if np.isfinite(most):
            problem.addConstraint(weighted_sum(terms) <= float(most - held), f"most({name})")
        if np.isfinite(least):
            problem.addConstraint(weighted_sum(terms) >= float(least - held), f"least({name})")
    solved = solve(problem, pick, mip_rel_gap=_PARAMS.gap_share, mip_max_nodes=_PARAMS.nodes)
    for c in np.flatnonzero(solved.values > 0.5):
        mine = options[site[c]]
        new[mine] = counts[c, : len(mine)]
        opened[site[c]] = 1.0 if new[mine].any() else x.open_from[site[c]]
    if not x.keeps(new, opened):
        raise NoPlan("the settled counts break a limit by rounding", infeasible=False)
    return new, opened


def _kept_changes(
    walker: Walker, choice: Choice, flexible: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The `most` best configurations of every flexible site at the prices: site, counts, value; its present one too."""
    x, prices = walker.x, walker.prices
    costs = _Costs(prices.of_options(x), prices.of_openings(x), x.option_cost_cny, x.opening_cost_cny)
    found = _changes(walker.layout, flexible, walker.state(choice, 0), -prices.bonus(x), costs)
    many = int(found.many[0])
    order = np.lexsort((np.arange(many), -found.merit[:many], found.site[:many]))
    kept = np.sort(order[rank_within(found.site[order]) < most])
    return found.site[kept], found.counts[kept], found.value[kept]


def nearest_counts(x: Instance, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts that keep every rule, as near to the wanted ones as energy counts.

    Raises
    ------
    NoPlan
        There are none, or none were found in the counted nodes.
    """
    program = build_program(x.of_counts_alone(), np.zeros(0, int))
    each = np.maximum(x.gained_kwh(np.arange(len(wanted)), np.ones(len(wanted), int)), 1.0)
    terms = []
    for o, (v, n) in enumerate(zip(program.new, wanted, strict=True)):
        off = program.problem.add_variable(f"off({o})", 0.0)
        program.problem.addConstraint(weighted_sum([(v, 1.0), (off, -1.0)]) <= float(n), f"above({o})")
        program.problem.addConstraint(weighted_sum([(v, -1.0), (off, -1.0)]) <= -float(n), f"below({o})")
        terms.append((off, float(each[o])))
    program.problem.setObjective(weighted_sum(terms))
    gap, nodes = _PARAMS.nearest_gap_share, _PARAMS.nodes
    counts = [*program.opened, *program.new]
    solved = solve(program.problem, counts, mip_rel_gap=gap, mip_max_nodes=nodes)
    _, new, _ = program.parts(solved.values)
    return new, x.opened_by(new)


@compiled
def _changes(y, flexible, s, less, costs):  # type: ignore[no-untyped-def]
    """Configurations of every flexible site: near the present one, nothing, the fewest and the most of each option."""
    widths = 1
    for j in flexible:
        widths = max(widths, y.first_option[j + 1] - y.first_option[j])
    room = len(flexible) * _MOST_CONFIGURATIONS
    found = _Configurations(
        np.empty(room, np.int64), np.zeros((room, widths), np.int64), np.empty(room), np.empty(room),
        np.zeros(1, np.int64),
    )  # fmt: skip
    curves = new_curves(y)
    base, count = np.empty(widths, np.int64), np.empty(widths, np.int64)
    offered = _LEFT_SHARE * s.left
    for j in flexible:
        o0, depth = y.first_option[j], y.first_option[j + 1] - y.first_option[j]
        p0, p1 = y.first_pair[y.first_station[j]], y.first_pair[y.first_station[j + 1]]
        for q in range(p0, p1):
            offered[y.demand[q]] += s.served[q]
        sort_demands(y, j, less, s.order[0])
        draw_curves(y, j, less, offered, s.order[0], curves)
        for d in range(depth):
            base[d] = int(s.new[y.option[o0 + d]])
            count[d] = base[d]
        _try_near(y, j, (base, count), costs, curves, found)
        for d in range(depth):
            count[d] = 0
        _try(y, j, count, costs, curves, found)
        for d in range(depth):
            for n in (max(y.min_station[j], 1), y.most[o0 + d]):
                count[d] = n
                _try(y, j, count, costs, curves, found)
                count[d] = 0
        for q in range(p0, p1):
            offered[y.demand[q]] -= s.served[q]
    return found


@part
def _try_near(y, j, counts, costs, curves, found):  # type: ignore[no-untyped-def]
    """Try what site j has, some chargers more or fewer of one option, and with those some of another the other way."""
    base, count = counts
    depth = y.first_option[j + 1] - y.first_option[j]
    stop = found.many[0] + _MOST_CONFIGURATIONS
    _try(y, j, count, costs, curves, found)
    for a in range(depth):
        for more in _CHANGES:
            count[a] = base[a] + more
            _try(y, j, count, costs, curves, found)
            if abs(more) <= 2 and found.many[0] < stop - _ROOM_KEPT:
                for b in range(depth):
                    for beside in _CHANGES_BESIDE:
                        if a != b and beside * more < 0 and (a < b or abs(more) + abs(beside) < 4):
                            count[b] = base[b] + beside
                            _try(y, j, count, costs, curves, found)
                            count[b] = base[b]
            count[a] = base[a]


@part
def _try(y, j, count, costs, curves, found):  # type: ignore[no-untyped-def]
    """Note the configuration in `count` if site j can hold it and there is room."""
    o0, s0, at = y.first_option[j], y.first_station[j], found.many[0]
    depth = y.first_option[j + 1] - o0
    bays, grid, total, cars = 0.0, 0.0, 0, 0
    for d in range(depth):
        if count[d] < 0 or count[d] > y.most[o0 + d]:
            return
        k = y.kind[o0 + d]
        bays += y.bays_used[k] * count[d]
        grid += y.grid_used_kw[k] * count[d]
        total += count[d]
        cars += count[d] * y.for_cars[k]
    if bays > y.bays[j] + _ROUNDING or grid > y.grid_kw[j] + _ROUNDING:
        return
    if (total < y.min_station[j] or cars < y.min_cars[j]) and (total > 0 or y.open_from[j]):
        return
    if at >= len(found.site):
        return
    worth, paid, own = 0.0, 0.0, 0.0
    for station in range(s0, y.first_station[j + 1]):
        c = y.standing_kwh[station]
        for d in range(depth):
            o = o0 + d
            if y.station[o] == station - s0:
                k, e = y.kind[o], y.standing[o]
                c += y.carried_kwh[k, e + count[d]] - y.carried_kwh[k, e]
        worth += fill(curves, station - s0, c)
    for d in range(depth):
        paid += costs.price[y.option[o0 + d]] * count[d]
        own += costs.own[y.option[o0 + d]] * count[d]
        found.counts[at, d] = count[d]
    if total > 0 or y.open_from[j]:
        paid += costs.opening[j]
        own += costs.own_opening[j]
    found.site[at] = j
    found.value[at] = worth - own
    found.merit[at] = worth - paid
    found.many[0] = at + 1
