"""What one site would build at given prices, exact, compiled: the counts of its chargers by enumeration.

Counts are enumerated depth first, one option after the other, with the last, proportional, one in closed form. Where
options up to d - 1 are decided, those left add at most

    A_d       = sum_{e >= d} a_e                              a_e = max_n g_e(n)
    B_d(bays) = max { sum_{e >= d} t_e :  0 <= t_e <= a_e,  sum_e t_e / r_e <= bays }
                                                              r_e = max_n g_e(n) / (n bays_used_e)
    g_e(n)    = K_s(standing_s + what n carry) - K_s(standing_s) - price_e n

and likewise of the kW left: g_e is what chargers of option e gain alone at their station s, and since K_s is concave
they gain no more on top of others than alone. With n of them t_e = g_e(n) is no more than a_e and takes n bays_used_e
bays, at least t_e / r_e: so no counts add more than these bounds, the second a knapsack of divisible items again. A
branch that even so does not beat the best counts found is left out. Where there are too many to see them all, A_0 on
top of what stands is the bound.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.numeric.compiled import maker, part
from planner.siting.city.curves import Charger, best_straight, fill
from planner.siting.city.layout import MOST_OPTIONS

_MOST_LEAVES = 300_000
"""Counts of all options but the last that are looked at for one site before its bound has to do."""
_WHOLE = 1e-9
"""A count that misses a whole number by less is that number: bays and kW are divided by what a charger uses."""


class Decision(NamedTuple):
    """How one site decides: the prices it is asked, and room to find its best counts, the same for site after site.

    Options are in the order of enumeration, d = 0, 1, ... of the site; at d stands what those before d have decided.

    Attributes
    ----------
    price, opening
        Of one charger of each option, and of opening each site.
    now, best
        Option d: new chargers looked at, and the best so far.
    most
        Option d: chargers worth trying.
    alone, per_bay, per_kw
        Option d: a, and r of bays and of kW, of the module's formula.
    by_bay, by_kw
        The options, the highest r first.
    together
        At d: A of the formula.
    bays_left, grid_left
        At d: what the site still has.
    total, cars, paid
        At d: chargers so far, those of them for cars, and their prices.
    done
        At d: K of the stations that are behind, and of the standing chargers of those ahead.
    carried
        At d: what the station being filled carries so far, kWh/day.
    """

    price: np.ndarray
    opening: np.ndarray
    now: np.ndarray
    best: np.ndarray
    most: np.ndarray
    alone: np.ndarray
    per_bay: np.ndarray
    per_kw: np.ndarray
    by_bay: np.ndarray
    by_kw: np.ndarray
    together: np.ndarray
    bays_left: np.ndarray
    grid_left: np.ndarray
    total: np.ndarray
    cars: np.ndarray
    paid: np.ndarray
    done: np.ndarray
    carried: np.ndarray


@maker
def new_decision(price, opening):  # type: ignore[no-untyped-def]
    """Room for the decision of any site at these prices."""
    many = MOST_OPTIONS + 1
    return Decision(
        price, opening, np.empty(many, np.int64), np.empty(many, np.int64), np.empty(many, np.int64),
        np.empty(many), np.empty(many), np.empty(many), np.empty(many, np.int64), np.empty(many, np.int64),
        np.empty(many), np.empty(many), np.empty(many), np.empty(many, np.int64), np.empty(many, np.int64),
        np.empty(many), np.empty(many), np.empty(many),
    )  # fmt: skip


@part
def best_counts(y, decision, curves, j):  # type: ignore[no-untyped-def]
    """Best value of site j and, in ``decision.best``, its counts; `curves` are those of its stations.

    Returns the value of the counts and an upper bound on any; they differ only where the enumeration stopped early.
    """
    depth, must, opening = y.first_option[j + 1] - y.first_option[j], y.open_from[j], decision.opening[j]
    standing = 0.0
    for s in range(y.first_station[j + 1] - y.first_station[j]):
        standing += fill(curves, s, y.standing_kwh[y.first_station[j] + s])
    for d in range(depth):
        decision.best[d] = 0
    unbuilt = standing - opening if must else standing
    if depth == 0:
        return unbuilt, unbuilt
    _hope(y, decision, curves, j)
    best = -np.inf if must and (y.min_station[j] > 0 or y.min_cars[j] > 0) else unbuilt
    reachable = standing + decision.together[0]
    if not must and reachable - opening <= best:
        return best, best
    _begin(y, decision, curves, j, standing)
    leaves, d = 0, 0
    while d >= 0 and leaves <= _MOST_LEAVES:
        room = _room(y, decision, j, d)
        if d == depth - 1:
            leaves += 1
            best = _last_decided(y, decision, curves, j, room, best)
            d -= 1
        elif decision.now[d] >= room:
            d -= 1
        else:
            decision.now[d] += 1
            if _may_beat(y, decision, curves, j, d, best):
                d += 1
                decision.now[d] = -1
    return best, (max(best, reachable - min(opening, 0.0)) if leaves > _MOST_LEAVES else best)


@part
def _hope(y, decision, curves, j):  # type: ignore[no-untyped-def]
    """What every option of a site can gain at most; those that gain nothing are tried only where a rule may ask."""
    depth = y.first_option[j + 1] - y.first_option[j]
    for d in range(depth):
        o = y.first_option[j] + d
        k = y.kind[o]
        gained, per_charger = _gained_alone(y, decision.price, curves, j, o)
        decision.alone[d] = max(gained, 0.0)
        decision.per_bay[d] = per_charger / y.bays_used[k] if y.bays_used[k] > 0 else np.inf
        decision.per_kw[d] = per_charger / y.grid_used_kw[k] if y.grid_used_kw[k] > 0 else np.inf
        decision.most[d] = y.most[o]
        if gained <= 0.0:
            asked = y.min_cars[j] > 0 and y.for_cars[k] > 0  # it may be built for access alone
            if y.min_station[j] <= 1 and not y.open_from[j] and not asked:
                decision.most[d] = 0
            elif y.straight[o]:
                decision.most[d] = min(decision.most[d], max(y.min_station[j], 1))
    _rank(decision.per_bay, decision.by_bay, depth)
    _rank(decision.per_kw, decision.by_kw, depth)
    decision.together[depth] = 0.0
    for d in range(depth - 1, -1, -1):
        decision.together[d] = decision.alone[d] + decision.together[d + 1]


@part
def _rank(rate, ranked, many):  # type: ignore[no-untyped-def]
    """Rank the first options by their rate, the highest first, equal ones in their order."""
    for d in range(many):
        n = d
        while n > 0 and rate[ranked[n - 1]] < rate[d]:
            ranked[n] = ranked[n - 1]
            n -= 1
        ranked[n] = d


@part
def _gained_alone(y, price, curves, j, o):  # type: ignore[no-untyped-def]
    """The most that chargers of an option gain where no others are new, g's maximum, and the most that one of them
    does: for a proportional type the first."""
    s, k, e = y.station[o], y.kind[o], y.standing[o]
    c0, p = y.standing_kwh[y.first_station[j] + s], price[y.option[o]]
    without = fill(curves, s, c0)
    if y.straight[o]:
        each = y.carried_kwh[k, 1]
        _, value = best_straight(curves, s, c0, Charger(each, p), 0, y.most[o])
        gained = value - without
        per_charger = fill(curves, s, c0 + each) - without - p
    else:
        gained, per_charger = 0.0, 0.0
        for n in range(1, y.most[o] + 1):
            c = c0 + y.carried_kwh[k, e + n] - y.carried_kwh[k, e]
            more = fill(curves, s, c) - without - p * n
            gained = max(gained, more)
            per_charger = max(per_charger, more / n)
    return gained, per_charger


@part
def _begin(y, decision, curves, j, standing):  # type: ignore[no-untyped-def]
    """Enter what stands before the first option; `standing` is what the site gains as it is."""
    s = y.station[y.first_option[j]]
    carried = y.standing_kwh[y.first_station[j] + s]
    decision.now[0] = -1
    decision.bays_left[0], decision.grid_left[0] = y.bays[j], y.grid_kw[j]
    decision.total[0], decision.cars[0], decision.paid[0] = 0, 0, 0.0
    decision.carried[0], decision.done[0] = carried, standing - fill(curves, s, carried)


@part
def _room(y, decision, j, d):  # type: ignore[no-untyped-def]
    """Most chargers of option d that bays and grid leave room for."""
    k, room = y.kind[y.first_option[j] + d], decision.most[d]
    if y.bays_used[k] > 0:
        room = min(room, int(np.floor(decision.bays_left[d] / y.bays_used[k] + _WHOLE)))
    if y.grid_used_kw[k] > 0:
        room = min(room, int(np.floor(decision.grid_left[d] / y.grid_used_kw[k] + _WHOLE)))
    return room


@part
def _last_decided(y, decision, curves, j, room, best):  # type: ignore[no-untyped-def]
    """The best value with the best count of the last option, which keeps the fewest chargers; its counts noted."""
    d, o = y.first_option[j + 1] - y.first_option[j] - 1, y.first_option[j + 1] - 1
    s, k, e = y.station[o], y.kind[o], y.standing[o]
    p = decision.price[y.option[o]]
    least = max(y.min_station[j] - decision.total[d], 0)
    if decision.total[d] == 0 and not y.open_from[j]:
        least = max(least, 1)
    if decision.cars[d] < y.min_cars[j]:
        least = max(least, y.min_cars[j] - decision.cars[d]) if y.for_cars[k] > 0 else room + 1
    if least <= room and y.straight[o]:
        n, value = best_straight(curves, s, decision.carried[d], Charger(y.carried_kwh[k, 1], p), least, room)
        value += decision.done[d] - decision.paid[d] - decision.opening[j]
        if value > best:
            best = value
            decision.now[d] = n
            for f in range(d + 1):
                decision.best[f] = decision.now[f]
    elif least <= room:
        for n in range(least, room + 1):
            c = decision.carried[d] + y.carried_kwh[k, e + n] - y.carried_kwh[k, e]
            value = fill(curves, s, c) - p * n + decision.done[d] - decision.paid[d] - decision.opening[j]
            if value > best:
                best = value
                decision.now[d] = n
                for f in range(d + 1):
                    decision.best[f] = decision.now[f]
    return best


@part
def _may_beat(y, decision, curves, j, d, best):  # type: ignore[no-untyped-def]
    """Go on from option d with the chargers it has now, unless no counts of those after it can beat the best value."""
    o, n = y.first_option[j] + d, decision.now[d]
    s, k, e = y.station[o], y.kind[o], y.standing[o]
    c = decision.carried[d] + y.carried_kwh[k, e + n] - y.carried_kwh[k, e]
    decision.bays_left[d + 1] = decision.bays_left[d] - y.bays_used[k] * n
    decision.grid_left[d + 1] = decision.grid_left[d] - y.grid_used_kw[k] * n
    decision.total[d + 1] = decision.total[d] + n
    decision.cars[d + 1] = decision.cars[d] + n * y.for_cars[k]
    decision.paid[d + 1] = decision.paid[d] + decision.price[y.option[o]] * n
    here = fill(curves, s, c)
    so_far = decision.done[d] + here - decision.paid[d + 1] - decision.opening[j]
    if so_far + decision.together[d + 1] <= best:
        return False
    depth = y.first_option[j + 1] - y.first_option[j]
    alone = decision.alone[:depth]
    if so_far + _within(decision.bays_left[d + 1], d + 1, decision.by_bay, decision.per_bay, alone) <= best:
        return False
    if so_far + _within(decision.grid_left[d + 1], d + 1, decision.by_kw, decision.per_kw, alone) <= best:
        return False
    ahead = y.station[o + 1]
    if ahead == s:
        decision.carried[d + 1], decision.done[d + 1] = c, decision.done[d]
    else:
        standing = y.standing_kwh[y.first_station[j] + ahead]
        decision.carried[d + 1] = standing
        decision.done[d + 1] = decision.done[d] + here - fill(curves, ahead, standing)
    return True


@part
def _within(amount, first, ranked, rate, most):  # type: ignore[no-untyped-def]
    """B: the most that options from `first` on gain with so many bays (or kW), each at its best rate, best first."""
    total = 0.0
    for n in range(len(most)):
        d = ranked[n]
        if d < first or most[d] <= 0.0:
            continue
        if rate[d] * amount <= most[d]:
            return total + rate[d] * amount
        total += most[d]
        amount -= most[d] / rate[d]
    return total
