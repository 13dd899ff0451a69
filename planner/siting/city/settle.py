"""Bring a plan that keeps its city-wide limits nearly to one that keeps them exactly: a small integer program.

Every site may change to one of a few neighbouring configurations, each worth what the site would then serve of its own
demand and of what is left over; the program picks one per site so that all limits hold and least is lost.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pulp

from planner.numeric.compiled import compiled
from planner.numeric.solver import NoPlan, solve, weighted_sum
from planner.siting.city.assignment import rank_within
from planner.siting.city.pricing import fill, running_totals, sort_demands
from planner.siting.city.region import Choice
from planner.siting.city.search import Walker
from planner.siting.model.instance import Instance
from planner.siting.model.program import build_program

_FLEXIBLE = ((1200, 10), (1_000_000, 16))
_SETTLED_GAP, _SETTLED_NODES = 1e-5, 200


def settle(walker: Walker, choice: Choice) -> tuple[np.ndarray, np.ndarray]:
    """Counts per option and opened sites near a plan's that keep every rule.

    Raises
    ------
    NoPlan
        No counts meet all the rules, or none were found.
    """
    x = walker.x
    if kept(x, choice.new, choice.opened):
        return choice.new, choice.opened
    for most_sites, most_changes in _FLEXIBLE:
        try:
            return _settled(walker, choice, most_sites, most_changes)
        except NoPlan:
            continue
    return nearest_counts(x, choice.new)


def kept(x: Instance, new: np.ndarray, opened: np.ndarray) -> bool:
    """Whether counts and openings keep the limits of the whole city."""
    used = x.limits.use @ new + x.limits.opening @ opened
    slack = 1e-9 * np.maximum(np.abs(used), 1.0)
    return bool((used <= x.limits.most + slack).all() and (used >= x.limits.least - slack).all())


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
    solved = solve(problem, pick, mip_rel_gap=_SETTLED_GAP, mip_max_nodes=_SETTLED_NODES)
    for c in np.flatnonzero(solved.values > 0.5):
        mine = options[site[c]]
        new[mine] = counts[c, : len(mine)]
        opened[site[c]] = 1.0 if new[mine].any() else x.open_from[site[c]]
    if not kept(x, new, opened):
        raise NoPlan("the settled counts break a limit by rounding", infeasible=False)
    return new, opened


def _kept_changes(
    walker: Walker, choice: Choice, flexible: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The `most` best configurations of every flexible site at the prices: site, counts, value; its present one too."""
    x, prices = walker.x, walker.prices
    both = prices.of_options(x), prices.of_openings(x), x.option_cost_cny, x.opening_cost_cny
    state = walker.state(choice, 0)
    site, counts, value, merit, length = _changes(walker.layout, flexible, state, -prices.bonus(x), both, walker.widest)
    order = np.lexsort((np.arange(length), -merit[:length], site[:length]))
    kept = np.sort(order[rank_within(site[order]) < most])
    return site[kept], counts[kept], value[kept]


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
    solved = solve(program.problem, [*program.opened, *program.new], mip_rel_gap=0.02, mip_max_nodes=200)
    _, new, _ = program.parts(solved.values)
    return new, x.opened_by(new)


@compiled
def _try(y, j, count, depth, prices, ranked, out, at):  # type: ignore[no-untyped-def]
    """Append the configuration in `count` if site j can hold it; returns the next free row."""
    price, opening, cost, opening_cost = prices
    kwh, gain, start, length = ranked
    bays, grid, total, cars = 0.0, 0.0, 0, 0
    o0, s0 = y.first_option[j], y.first_station[j]
    for d in range(depth):
        if count[d] < 0 or count[d] > y.most[o0 + d]:
            return at
        k = y.kind[o0 + d]
        bays += y.bays_used[k] * count[d]
        grid += y.grid_used_kw[k] * count[d]
        total += count[d]
        cars += count[d] * y.for_cars[k]
    if bays > y.bays[j] + 1e-9 or grid > y.grid_kw[j] + 1e-9:
        return at
    if (total < y.min_station[j] or cars < y.min_cars[j]) and (total > 0 or y.open_from[j]):
        return at
    site, counts, value, merit = out
    if at >= len(site):
        return at
    worth, paid, own = 0.0, 0.0, 0.0
    for station in range(s0, y.first_station[j + 1]):
        c = y.standing_kwh[station]
        for d in range(depth):
            o = o0 + d
            if y.station[o] == station - s0:
                k, e = y.kind[o], y.standing[o]
                c += y.carried_kwh[k, e + count[d]] - y.carried_kwh[k, e]
        worth += fill(c, start[station - s0], length[station - s0], kwh, gain)
    for d in range(depth):
        paid += price[y.option[o0 + d]] * count[d]
        own += cost[y.option[o0 + d]] * count[d]
        counts[at, d] = count[d]
    if total > 0 or y.open_from[j]:
        paid += opening[j]
        own += opening_cost[j]
    site[at] = j
    value[at] = worth - own
    merit[at] = worth - paid
    return at + 1


@compiled
def _changes(y, flexible, s, less, prices, widest):  # type: ignore[no-untyped-def]
    """Configurations near the present one, of every flexible site: site, counts, value less own cost, value less all
    prices, and how many there are."""
    widths = 1
    for j in flexible:
        widths = max(widths, y.first_option[j + 1] - y.first_option[j])
    room = len(flexible) * 400
    out = (np.empty(room, np.int64), np.zeros((room, widths), np.int64), np.empty(room), np.empty(room))
    kwh, gain = np.empty(widest + 64), np.empty(widest + 64)
    start, length = np.empty(64, np.int64), np.empty(64, np.int64)
    ranked = (kwh, gain, start, length)
    base, count = np.empty(widths, np.int64), np.empty(widths, np.int64)
    offered = 0.5 * s.left
    order = s.order[0]
    at = 0
    for j in flexible:
        o0 = y.first_option[j]
        depth = y.first_option[j + 1] - o0
        p0, p1 = y.first_pair[y.first_station[j]], y.first_pair[y.first_station[j + 1]]
        for q in range(p0, p1):
            offered[y.demand[q]] += s.served[q]
        sort_demands(y, j, less, order)
        running_totals(y, j, less, offered, order, kwh, gain, start, length)
        for d in range(depth):
            base[d] = int(s.new[y.option[o0 + d]])
            count[d] = base[d]
        stop = at + 400
        at = _try(y, j, count, depth, prices, ranked, out, at)
        for a in range(depth):
            for more in (-4, -2, -1, 1, 2, 4):
                count[a] = base[a] + more
                at = _try(y, j, count, depth, prices, ranked, out, at)
                if abs(more) <= 2 and at < stop - 16:
                    for b in range(depth):
                        if b != a:
                            for less_b in (-2, -1, 1, 2):
                                if less_b * more < 0 and (a < b or abs(more) + abs(less_b) < 4):
                                    count[b] = base[b] + less_b
                                    at = _try(y, j, count, depth, prices, ranked, out, at)
                                    count[b] = base[b]
                count[a] = base[a]
        for d in range(depth):
            count[d] = 0
        at = _try(y, j, count, depth, prices, ranked, out, at)
        for a in range(depth):
            for n in (max(y.min_station[j], 1), y.most[o0 + a]):
                count[a] = n
                at = _try(y, j, count, depth, prices, ranked, out, at)
                count[a] = 0
        for q in range(p0, p1):
            offered[y.demand[q]] -= s.served[q]
    return out[0], out[1], out[2], out[3], at
