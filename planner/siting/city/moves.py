"""Moves of ruin and recreate, compiled: close some neighbouring sites, decide them anew, keep what is better.

A move frees the demand that the sites serve and decides them anew, one after the other, each by its exact sub-problem
of `one_site.py` over the demand that is left, at steered prices: demand i costs theta l_i, so that a site leaves to
others what they need more. Spare capacity then takes what is still left. The move stands if value less the price of the
resources it takes has grown, or fallen by less than a falling temperature allows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.numeric.compiled import compiled, is_kept, maker, part
from planner.siting.city.curves import Curves, draw_curves, new_curves, sort_demands, station_kwh
from planner.siting.city.layout import MOST_OPTIONS
from planner.siting.city.one_site import Decision, best_counts, new_decision

_MOST_RUINED = 64
"""Room for the sites of a move: more than it may close."""
_LOG = 1 << 18
"""Room for the pairs that a move changes. One that changes more is not taken back whole; none comes near."""
_CLOSED_SHARE = 0.7
"""Of the nearest sites, those that a move closes."""
_POURED_SITES = 12
"""Nearest sites, with the first, whose spare capacity takes what a move leaves."""
_TINY_KWH = 1e-9
"""kWh/day of spare capacity that is nothing."""
_ALMOST_NEVER = 1e-300
"""The least chance that is told from none: its logarithm is finite."""


class Ground(NamedTuple):
    """What a walk needs besides the layout.

    Attributes
    ----------
    less
        Thetas x demands: price of a kWh, bonus taken off.
    bonus
        Demand: worth added to every kWh by floors and promises.
    price, opening
        Of options and openings at the limits' prices; own costs included.
    near
        Sites x some: the nearest sites by shared demand, -1 beyond the last.
    row_start, row, use
        The limits an option takes from: CSR by option.
    open_start, open_row, open_use
        The same for openings, by site.
    least, most, kink
        Of the limits, and what a unit beyond them costs.
    cost, opening_cost
        Own costs of options and openings (least cost).
    row_price
        Of the limits: what a move is charged for a unit.
    first_access
        The limits from here on are those of access: many, and each of some sites only.
    """

    less: np.ndarray
    bonus: np.ndarray
    price: np.ndarray
    opening: np.ndarray
    near: np.ndarray
    row_start: np.ndarray
    row: np.ndarray
    use: np.ndarray
    open_start: np.ndarray
    open_row: np.ndarray
    open_use: np.ndarray
    least: np.ndarray
    most: np.ndarray
    kink: np.ndarray
    cost: np.ndarray
    opening_cost: np.ndarray
    row_price: np.ndarray
    first_access: int


class State(NamedTuple):
    """A plan on the way, changed in place: counts per option, kWh per pair of the layout, demand left, limits used."""

    new: np.ndarray
    served: np.ndarray
    left: np.ndarray
    used: np.ndarray
    opened: np.ndarray
    order: np.ndarray
    random: np.ndarray


class Manner(NamedTuple):
    """How moves are drawn.

    Attributes
    ----------
    style
        Positions of the thetas that sites decide at.
    ruin_most
        Sites that a move closes at most.
    pool
        Sites that moves begin from.
    """

    style: np.ndarray
    ruin_most: int
    pool: np.ndarray


class _Move(NamedTuple):
    """A move under way, and what was before it, so that it can be taken back.

    Attributes
    ----------
    ruined, turn
        The sites it closes, the nearest first, and the order in which they decide anew.
    new, opened
        Of the ruined sites: their counts in the order of enumeration, and whether they were open.
    pair, served, logged
        Pairs whose energy has changed, what each had before, and how many times that happened.
    used, touched, is_met
        What was used of the limits, those of access that the ruined sites count for, and marks to find these by.
    curves, decision
        Of the site that decides: at prices with the kinks of the limits that are full or short then.
    """

    ruined: np.ndarray
    turn: np.ndarray
    new: np.ndarray
    opened: np.ndarray
    pair: np.ndarray
    served: np.ndarray
    logged: np.ndarray
    used: np.ndarray
    touched: np.ndarray
    is_met: np.ndarray
    curves: Curves
    decision: Decision


@compiled
def walk(y, g, s, manner, heat, moves):  # type: ignore[no-untyped-def]
    """Make `moves` moves at one temperature; `s` is changed in place."""
    move = _no_move(y, g, s)
    for _ in range(moves):
        _try_move(y, g, s, manner, heat, move)


def loops_are_kept() -> bool:
    """Whether an earlier run kept the compiled walk; else a city's first plan compiles it and much else."""
    return is_kept(walk)


@part
def _try_move(y, g, s, manner, heat, move):  # type: ignore[no-untyped-def]
    """Make one move; it stands where it gains, or loses little enough."""
    many = _drawn(g, s, manner, move.ruined)
    theta = manner.style[int(_uniform(s.random) * len(manner.style))]
    met = _noted(g, s, move, many)
    before = _closed(y, g, s, move, many)
    for m in range(many - 1, 0, -1):
        n = int(_uniform(s.random) * (m + 1))
        move.turn[m], move.turn[n] = move.turn[n], move.turn[m]
    after = _decided_anew(y, g, s, move, many, theta)
    reached = min(_POURED_SITES, g.near.shape[1])
    for m in range(many + reached - 1):
        j = move.turn[m] if m < many else g.near[move.ruined[0], m - many + 1]
        if j < 0:
            break
        after += _poured(y, g, s, move, j, 0)
    change = after - before - (_beyond(g, s.used, move.touched, met) - _beyond(g, move.used, move.touched, met))
    stands = change >= 0.0 or (heat > 0.0 and change > heat * np.log(max(_uniform(s.random), _ALMOST_NEVER)))
    if not stands:
        _take_back(y, g, s, move, many, met)


@part
def _uniform(random):  # type: ignore[no-untyped-def]
    """A number in [0, 1) of a xorshift generator."""
    a = random[0]
    a ^= (a << np.uint64(13)) & np.uint64(0xFFFFFFFFFFFFFFFF)
    a ^= a >> np.uint64(7)
    a ^= (a << np.uint64(17)) & np.uint64(0xFFFFFFFFFFFFFFFF)
    random[0] = a
    return (a >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@maker
def _no_move(y, g, s):  # type: ignore[no-untyped-def]
    """Room for any move."""
    return _Move(
        np.empty(_MOST_RUINED, np.int64), np.empty(_MOST_RUINED, np.int64),
        np.empty((_MOST_RUINED, MOST_OPTIONS)), np.empty(_MOST_RUINED),
        np.empty(_LOG, np.int64), np.empty(_LOG), np.zeros(1, np.int64),
        s.used.copy(), np.empty(len(s.used), np.int64), np.zeros(len(s.used), np.bool_),
        new_curves(y), new_decision(g.price.copy(), g.opening.copy()),
    )  # fmt: skip


@part
def _drawn(g, s, manner, ruined):  # type: ignore[no-untyped-def]
    """Draw a site and some near it, few more often than many, into `ruined`; returns how many."""
    seed = manner.pool[int(_uniform(s.random) * len(manner.pool))]
    wanted = 1 + int(_uniform(s.random) ** 2 * manner.ruin_most)
    ruined[0] = seed
    many = 1
    for t in range(1, g.near.shape[1]):
        other = g.near[seed, t]
        if other < 0 or many >= wanted:
            break
        if _uniform(s.random) < _CLOSED_SHARE:
            ruined[many] = other
            many += 1
    return many


@part
def _noted(g, s, move, many):  # type: ignore[no-untyped-def]
    """Note the use of the limits that a move can change; returns how many of those of access its sites count for."""
    for r in range(g.first_access):
        move.used[r] = s.used[r]
    met = 0
    for m in range(many):
        for t in range(g.open_start[move.ruined[m]], g.open_start[move.ruined[m] + 1]):
            r = g.open_row[t]
            if r >= g.first_access and not move.is_met[r]:
                move.is_met[r] = True
                move.touched[met] = r
                move.used[r] = s.used[r]
                met += 1
    for t in range(met):
        move.is_met[move.touched[t]] = False
    return met


@part
def _closed(y, g, s, move, many):  # type: ignore[no-untyped-def]
    """Close the ruined sites and free the demand that they serve; returns the value that is lost."""
    lost, logged = 0.0, 0
    for m in range(many):
        j = move.ruined[m]
        move.turn[m] = j
        lost -= _take(y, g, s, j, -1.0)
        move.opened[m] = s.opened[j]
        for o in range(y.first_option[j], y.first_option[j + 1]):
            move.new[m, o - y.first_option[j]] = s.new[y.option[o]]
            s.new[y.option[o]] = 0
        s.opened[j] = 0.0
        for q in range(y.first_pair[y.first_station[j]], y.first_pair[y.first_station[j + 1]]):
            if s.served[q] > 0.0:
                i = y.demand[q]
                lost += (y.worth[q] + g.bonus[i]) * s.served[q]
                s.left[i] += s.served[q]
                if logged < _LOG:
                    move.pair[logged] = q
                    move.served[logged] = s.served[q]
                logged += 1
                s.served[q] = 0.0
    move.logged[0] = logged
    return lost


@part
def _decided_anew(y, g, s, move, many, theta):  # type: ignore[no-untyped-def]
    """Have the ruined sites build, one after the other, what is best for them, and serve; returns the value gained."""
    gained = 0.0
    for m in range(many):
        j = move.turn[m]
        draw_curves(y, j, g.less[theta], s.left, s.order[theta], move.curves)
        _steer(y, g, s, j, move.decision)
        best_counts(y, move.decision, move.curves, j)
        built = 0
        for o in range(y.first_option[j], y.first_option[j + 1]):
            n = move.decision.best[o - y.first_option[j]]
            s.new[y.option[o]] = n
            built += n
        s.opened[j] = 1.0 if built > 0 or y.open_from[j] else 0.0
        gained -= _take(y, g, s, j, 1.0)
        gained += _poured(y, g, s, move, j, theta)
    return gained


@part
def _steer(y, g, s, j, decision):  # type: ignore[no-untyped-def]
    """Set the prices of site j's options and opening, with the kinks of limits that are full or short."""
    for o in range(y.first_option[j], y.first_option[j + 1]):
        a = y.option[o]
        p = g.price[a]
        for t in range(g.row_start[a], g.row_start[a + 1]):
            r = g.row[t]
            if s.used[r] >= g.most[r]:
                p += g.kink[r] * g.use[t]
            elif s.used[r] < g.least[r]:
                p -= g.kink[r] * g.use[t]
        decision.price[a] = p
    p = g.opening[j]
    for t in range(g.open_start[j], g.open_start[j + 1]):
        r = g.open_row[t]
        if s.used[r] >= g.most[r]:
            p += g.kink[r] * g.open_use[t]
        elif s.used[r] < g.least[r]:
            p -= g.kink[r] * g.open_use[t]
    decision.opening[j] = p


@part
def _take(y, g, s, j, sign):  # type: ignore[no-untyped-def]
    """Add (or take away) what site j uses of the limits; returns its own cost."""
    own = 0.0
    for o in range(y.first_option[j], y.first_option[j + 1]):
        a = y.option[o]
        n = s.new[a]
        if n > 0:
            own += g.cost[a] * n
            for t in range(g.row_start[a], g.row_start[a + 1]):
                s.used[g.row[t]] += sign * g.use[t] * n
    if s.opened[j] > 0:
        own += g.opening_cost[j]
        for t in range(g.open_start[j], g.open_start[j + 1]):
            s.used[g.open_row[t]] += sign * g.open_use[t]
    return own


@part
def _poured(y, g, s, move, j, theta):  # type: ignore[no-untyped-def]
    """Fill site j's spare capacity with what is left of the demands, best first; returns the value gained."""
    value, logged = 0.0, move.logged[0]
    less = g.less[theta]
    order = s.order[theta]
    for station in range(y.first_station[j], y.first_station[j + 1]):
        p0, p1 = y.first_pair[station], y.first_pair[station + 1]
        c = station_kwh(y, j, station, s.new)
        if c <= 0.0:
            continue
        for q in range(p0, p1):
            c -= s.served[q]
        if c <= _TINY_KWH:
            continue
        for t in range(p0, p1):
            q = p0 + order[t]
            i = y.demand[q]
            if y.worth[q] - less[i] <= 0.0:
                break
            if s.left[i] > 0.0:
                amount = min(c, s.left[i])
                if logged < _LOG:
                    move.pair[logged] = q
                    move.served[logged] = s.served[q]
                logged += 1
                s.served[q] += amount
                s.left[i] -= amount
                value += (y.worth[q] + g.bonus[i]) * amount
                c -= amount
                if c <= _TINY_KWH:
                    break
    move.logged[0] = logged
    return value


@part
def _beyond(g, used, touched, many):  # type: ignore[no-untyped-def]
    """What the use of all limits but access, and of some of access, costs: the price of every unit and the kink of
    those beyond."""
    cost = 0.0
    for n in range(g.first_access + many):
        r = n if n < g.first_access else touched[n - g.first_access]
        cost += g.row_price[r] * used[r]
        if used[r] > g.most[r]:
            cost += g.kink[r] * (used[r] - g.most[r])
        elif used[r] < g.least[r]:
            cost += g.kink[r] * (g.least[r] - used[r])
    return cost


@part
def _take_back(y, g, s, move, many, met):  # type: ignore[no-untyped-def]
    """Make everything as it was before the move."""
    for e in range(min(move.logged[0], _LOG) - 1, -1, -1):
        q = move.pair[e]
        s.left[y.demand[q]] += s.served[q] - move.served[e]
        s.served[q] = move.served[e]
    for m in range(many):
        j = move.ruined[m]
        s.opened[j] = move.opened[m]
        for o in range(y.first_option[j], y.first_option[j + 1]):
            s.new[y.option[o]] = move.new[m, o - y.first_option[j]]
    for r in range(g.first_access):
        s.used[r] = move.used[r]
    for t in range(met):
        s.used[move.touched[t]] = move.used[move.touched[t]]


@compiled
def sort_anew(y, g, s):  # type: ignore[no-untyped-def]
    """Bring all demands of all sites in order again: a bonus has changed."""
    for theta in range(len(g.less)):
        for j in range(len(y.bays)):
            sort_demands(y, j, g.less[theta], s.order[theta])
