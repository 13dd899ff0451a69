"""Compiled parts of the median models: the Lagrangian bound and the exchange of sites."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.numeric.compiled import compiled

UNLIMITED, SHARED, WHOLE = 0, 1, 2
"""What a site's capacity is to the bound: none, one that zones may share in parts, one of whole numbers and zones."""


class PairOrder(NamedTuple):
    """Zones and sites that can serve them, in the order of one: the others of the n-th stand from start[n] on.

    Attributes
    ----------
    start, other, cost
        Where those of each begin, one more than there are; position of the other one; w c.
    """

    start: np.ndarray
    other: np.ndarray
    cost: np.ndarray


class Packing(NamedTuple):
    """What every zone is to be served from.

    Attributes
    ----------
    by_site
        The pairs in the order of sites.
    weight
        By zone.
    capacity, opening, fixed
        By site: capacity, opening cost, and whether it is open anyhow.
    least, most
        Sites open in the end.
    kind
        What capacity is: UNLIMITED, SHARED or WHOLE.
    """

    by_site: PairOrder
    weight: np.ndarray
    capacity: np.ndarray
    opening: np.ndarray
    fixed: np.ndarray
    least: int
    most: int
    kind: int


@compiled
def _take_parts(saved: np.ndarray, need: np.ndarray, room: float, taken: np.ndarray) -> float:
    """The most that parts of zones save within `room`; `taken` receives the parts."""
    taken[:] = 0.0
    total = 0.0
    rate = np.full(len(saved), np.inf)
    for a in range(len(saved)):
        if need[a] > 0.0:
            rate[a] = saved[a] / need[a]
    for a in np.argsort(-rate, kind="mergesort"):
        part = 1.0 if need[a] <= room else room / need[a]
        taken[a] = part
        total += part * saved[a]
        room -= part * need[a]
        if room <= 0.0 and need[a] > 0.0:
            break
    return total


@compiled
def _take_whole(saved: np.ndarray, need: np.ndarray, room: float, taken: np.ndarray) -> float:
    """The most that whole zones save within `room`, all numbers whole, by dynamic programming."""
    units = int(min(room, need.sum()))
    most, with_it = np.zeros(units + 1), np.zeros((len(saved), units + 1), np.bool_)
    for a in range(len(saved)):
        size = int(need[a])
        for u in range(units, size - 1, -1):
            if most[u - size] + saved[a] > most[u]:
                most[u] = most[u - size] + saved[a]
                with_it[a, u] = True
    u = units
    for a in range(len(saved) - 1, -1, -1):
        taken[a] = 1.0 if with_it[a, u] else 0.0
        if with_it[a, u]:
            u -= int(need[a])
    return float(most[units])


@compiled
def _reduced_cost(j: int, packing: Packing, price: np.ndarray, part: np.ndarray) -> float:
    """What serving from site j costs beyond the prices its zones pay, at best; `part` receives who is served."""
    start, zone, cost = packing.by_site
    lo, hi = start[j], start[j + 1]
    part[lo:hi] = 0.0
    saved = price[zone[lo:hi]] - cost[lo:hi]
    worth = np.flatnonzero(saved > 0.0)
    if packing.kind == UNLIMITED:
        part[lo + worth] = 1.0
        return -float(saved[worth].sum())
    need, taken = packing.weight[zone[lo:hi]][worth], np.zeros(len(worth))
    if packing.kind == SHARED or need.sum() <= packing.capacity[j]:
        total = _take_parts(saved[worth], need, packing.capacity[j], taken)
    else:
        total = _take_whole(saved[worth], need, packing.capacity[j], taken)
    part[lo + worth] = taken
    return float(-total)


@compiled
def cheapest(reduced: np.ndarray, fixed: np.ndarray, least: int, most: int) -> np.ndarray:
    """The fixed sites and the others of negative reduced cost, at least `least` and at most `most` in all."""
    chosen = fixed.copy()
    count = chosen.sum()
    for j in np.argsort(reduced, kind="mergesort"):
        if not chosen[j] and count < most and (count < least or reduced[j] < 0.0):
            chosen[j] = True
            count += 1
    return chosen


@compiled
def raise_bound(
    packing: Packing, price: np.ndarray, aim: float, stride: float, steps: int
) -> tuple[float, np.ndarray, np.ndarray, float]:
    r"""Raise a lower bound on what serving every zone costs.

    With :math:`\sum_j x_{ij} = 1` relaxed at price :math:`\lambda_i`, every plan costs at least
    :math:`L(\lambda) = \sum_i \lambda_i + \min_X \sum_{j \in X} \rho_j`, where :math:`\rho_j = f_j + \min \sum_i
    (w_i c_{ij} - \lambda_i) x_{ij}` over what fits into site j, and X has `least` to `most` sites, the fixed ones
    among them. Smoothed subgradient steps, long where a zone weighs much.

    Parameters
    ----------
    packing
        What is to be served from where.
    price
        To start from; shape (zones,).
    aim
        A plan's cost, or a guess at it, where the steps aim.
    stride
        Length of one of the `steps`, 1 at first; it shrinks while nothing improves.

    Returns
    -------
    bound, price, reduced, stride
        The highest bound met, its prices and its reduced costs by site; the stride reached.
    """
    start, zone, _ = packing.by_site
    weight, n = packing.weight, len(packing.opening)
    price, part, idle = price.copy(), np.zeros(len(zone)), 0
    best, best_price, best_reduced = -np.inf, price.copy(), np.zeros(n)
    reduced, lean, lack = np.zeros(n), np.zeros(len(weight)), np.zeros(len(weight))
    stretch = np.maximum(weight, 1e-3 * weight.mean()) if weight.mean() > 0 else np.ones(len(weight))
    for step in range(steps):
        for j in range(n):
            reduced[j] = packing.opening[j] + _reduced_cost(j, packing, price, part)
        chosen = cheapest(reduced, packing.fixed, packing.least, packing.most)
        bound = price.sum() + reduced[chosen].sum()
        idle = 0 if step == 0 or bound > best + 1e-4 * (aim - best) else idle + 1
        if bound > best:
            best = bound
            best_price[:] = price
            best_reduced[:] = reduced
        if idle == 20:
            stride, idle = stride * 0.7, 0
        lack[:] = 1.0
        for j in range(n):
            if chosen[j]:
                for a in range(start[j], start[j + 1]):
                    lack[zone[a]] -= part[a]
        norm = 0.0
        for i in range(len(weight)):
            lean[i] = lack[i] if step == 0 else 0.75 * lean[i] + 0.25 * lack[i]
            norm += stretch[i] * lean[i] * lean[i]
        if bound >= aim or norm <= 1e-18 or stride < 1e-6:
            break
        length = stride * (aim - bound) / norm
        for i in range(len(weight)):
            price[i] += length * stretch[i] * lean[i]
    return best, best_price, best_reduced, stride


class _Nearest(NamedTuple):
    """Of every zone its cost at the nearest open site and at the next one, and which the nearest is (-1: none)."""

    near: np.ndarray
    far: np.ndarray
    at: np.ndarray


@compiled
def _find_nearest(i: int, by_zone: PairOrder, chosen: np.ndarray, unserved: float, nearest: _Nearest) -> None:
    """The two nearest open sites of zone i."""
    near, far, at = nearest
    near[i], far[i], at[i] = unserved, unserved, -1
    for b in range(by_zone.start[i], by_zone.start[i + 1]):
        if chosen[by_zone.other[b]]:
            cost = by_zone.cost[b]
            if cost < near[i]:
                far[i], near[i], at[i] = near[i], cost, by_zone.other[b]
            elif cost < far[i]:
                far[i] = cost


@compiled
def _gained(k: int, by_site: PairOrder, nearest: _Nearest, spared: np.ndarray) -> float:
    """What zones save where site k opens; to `spared` is added what closing each open site then costs less."""
    near, far, at = nearest
    gain = 0.0
    for a in range(by_site.start[k], by_site.start[k + 1]):
        i, cost = by_site.other[a], by_site.cost[a]
        if cost < near[i]:
            gain += near[i] - cost
            if at[i] >= 0:
                spared[at[i]] += far[i] - near[i]
        elif cost < far[i] and at[i] >= 0:
            spared[at[i]] += far[i] - cost
    return gain


@compiled
def exchange(
    by_site: PairOrder, by_zone: PairOrder, chosen: np.ndarray, fixed: np.ndarray, unserved: float, scans: int
) -> tuple[float, np.ndarray]:
    """Swap a closed site for the open one that then matters least, while that lowers the cost.

    Parameters
    ----------
    by_site, by_zone
        The pairs in either order, their cost w c.
    chosen, fixed
        The choice to start from and the sites that stay; bool, shape (sites,).
    unserved
        Cost of a zone without an open site, above every other.
    scans
        Closed sites to try at most, in units of all of them.

    Returns
    -------
    cost, chosen
        The cost reached, and how.
    """
    n, chosen, zones = len(by_site.start) - 1, chosen.copy(), len(by_zone.start) - 1
    nearest = _Nearest(np.zeros(zones), np.zeros(zones), np.zeros(zones, np.int64))
    near, far, at = nearest
    loss, spared = np.zeros(n), np.zeros(n)
    for i in range(zones):
        _find_nearest(i, by_zone, chosen, unserved, nearest)
        if at[i] >= 0:
            loss[at[i]] += far[i] - near[i]
    opened, since = np.flatnonzero(chosen & ~fixed), 0
    for trial in range(scans * n if len(opened) else 0):
        k, since = trial % n, since + 1
        if since > n:
            break
        if chosen[k]:
            continue
        spared[opened] = 0.0
        gain = _gained(k, by_site, nearest, spared)
        out = 0
        for b in range(len(opened)):
            if loss[opened[b]] - spared[opened[b]] < loss[opened[out]] - spared[opened[out]]:
                out = b
        j = opened[out]
        if gain - loss[j] + spared[j] <= 1e-9 * (1.0 + abs(gain)):
            continue
        chosen[j], chosen[k], opened[out], since = False, True, k, 0
        for turn in (j, k):
            for i in by_site.other[by_site.start[turn] : by_site.start[turn + 1]]:
                if at[i] >= 0:
                    loss[at[i]] -= far[i] - near[i]
                _find_nearest(i, by_zone, chosen, unserved, nearest)
                if at[i] >= 0:
                    loss[at[i]] += far[i] - near[i]
    return near.sum(), chosen
