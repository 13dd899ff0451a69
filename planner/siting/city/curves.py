"""What a station gains by what it carries, at given prices of demand: a concave broken line, compiled.

    K_js(c) = max { sum_i v_i x_i :  sum_i x_i <= c,  0 <= x_i <= energy_i },   v_i = worth_ijs - l_i

is a knapsack with divisible items: the demands in the order of v_i, best first, one segment for each.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.numeric.compiled import compiled, maker, part
from planner.siting.city.layout import MOST_STATIONS

_MORE = 1e-12
"""What one charger more must gain beyond rounding."""


class Curves(NamedTuple):
    """K of the stations of one site: what each gains by what it carries, as broken lines one after the other.

    Attributes
    ----------
    kwh, gain
        Of the corners: energy served and what it gains.
    start, length
        Of the stations, counted from the site's first: its first corner, and its segments.
    """

    kwh: np.ndarray
    gain: np.ndarray
    start: np.ndarray
    length: np.ndarray


class Charger(NamedTuple):
    """What each charger of a proportional type carries, kWh/day, and its price."""

    kwh: float
    price: float


@maker
def new_curves(y):  # type: ignore[no-untyped-def]
    """Room for the curves of any site, one corner of each station beside its segments."""
    return Curves(
        np.empty(y.widest + MOST_STATIONS), np.empty(y.widest + MOST_STATIONS),
        np.empty(MOST_STATIONS, np.int64), np.empty(MOST_STATIONS, np.int64),
    )  # fmt: skip


@part
def fill(curves, s, c):  # type: ignore[no-untyped-def]
    """K of station s of a site where it carries c."""
    kwh, gain, first = curves.kwh, curves.gain, curves.start[s]
    last = first + curves.length[s]
    if c >= kwh[last]:
        return gain[last]
    low, high = first, last
    while high - low > 1:
        middle = (low + high) // 2
        if kwh[middle] <= c:
            low = middle
        else:
            high = middle
    return gain[low] + (gain[high] - gain[low]) * (c - kwh[low]) / (kwh[high] - kwh[low])


@part
def best_straight(curves, s, c0, charger, least, most):  # type: ignore[no-untyped-def]
    """The best count between `least` and `most` of a proportional type on top of c0, and what K less its price is."""
    kwh, gain, first = curves.kwh, curves.gain, curves.start[s]
    each, price = charger
    if each <= 0.0:
        n = least if price >= 0.0 else most
        return n, fill(curves, s, c0) - price * n
    slope = price / each
    low, high = first, first + curves.length[s]  # positions whose next segment gains at least the slope
    while low < high:
        middle = (low + high) // 2
        if gain[middle + 1] - gain[middle] > slope * (kwh[middle + 1] - kwh[middle]):
            low = middle + 1
        else:
            high = middle
    n = int(np.floor((kwh[low] - c0) / each)) if price >= 0.0 else most
    n = min(max(n, least), most)
    value = fill(curves, s, c0 + each * n) - price * n
    if n < most:
        other = fill(curves, s, c0 + each * (n + 1)) - price * (n + 1)
        if other > value + _MORE:
            return n + 1, other
    return n, value


@part
def draw_curves(y, j, less, left, order, curves):  # type: ignore[no-untyped-def]
    """The curves of site j over what is left of the sorted demands, as far as can be served."""
    kwh, gain, start, length = curves
    at = 0
    s0 = y.first_station[j]
    for s in range(s0, y.first_station[j + 1]):
        p0, p1 = y.first_pair[s], y.first_pair[s + 1]
        start[s - s0] = at
        kwh[at] = 0.0
        gain[at] = 0.0
        count = 0
        for t in range(p0, p1):
            q = p0 + order[t]
            i = y.demand[q]
            v = y.worth[q] - less[i]
            if v <= 0.0:
                break
            if left[i] > 0.0:
                kwh[at + 1] = kwh[at] + left[i]
                gain[at + 1] = gain[at] + v * left[i]
                at += 1
                count += 1
                if kwh[at] >= y.roof_kwh[s]:
                    break
        length[s - s0] = count
        at += 1


@part
def sort_demands(y, j, less, order):  # type: ignore[no-untyped-def]
    """Bring the demands of every station of site j in the order of v_i; quick where it changes little."""
    for s in range(y.first_station[j], y.first_station[j + 1]):
        p0, p1 = y.first_pair[s], y.first_pair[s + 1]
        for t in range(p0 + 1, p1):
            o = order[t]
            v = y.worth[p0 + o] - less[y.demand[p0 + o]]
            u = t - 1
            while u >= p0:
                q = p0 + order[u]
                if y.worth[q] - less[y.demand[q]] >= v:
                    break
                order[u + 1] = order[u]
                u -= 1
            order[u + 1] = o


@compiled
def ranked_demands(y, less, order):  # type: ignore[no-untyped-def]
    """Put into `order`, of every station, its demands, the most gaining first, counted from its first pair."""
    for s in range(len(y.first_pair) - 1):
        p0, p1 = y.first_pair[s], y.first_pair[s + 1]
        loss = np.empty(p1 - p0)
        for q in range(p0, p1):
            loss[q - p0] = less[y.demand[q]] - y.worth[q]
        order[p0:p1] = np.argsort(loss, kind="mergesort")


@part
def station_kwh(y, j, s, new):  # type: ignore[no-untyped-def]
    """What station s of site j carries with `new` chargers per option."""
    c = y.standing_kwh[s]
    for o in range(y.first_option[j], y.first_option[j + 1]):
        if y.station[o] == s - y.first_station[j]:
            k, e = y.kind[o], y.standing[o]
            c += y.carried_kwh[k, e + int(new[y.option[o]])] - y.carried_kwh[k, e]
    return c
