"""Compiled parts of the median models: the Lagrangian bound and the exchange of sites."""

from __future__ import annotations

import numpy as np

from planner.numeric.compiled import compiled

UNLIMITED, SHARED, WHOLE = 0, 1, 2
"""What a site's capacity is to the bound: none, one that zones may share in parts, one of whole numbers and zones."""


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
def _reduced_cost(
    j: int,
    start: np.ndarray,
    zone: np.ndarray,
    cost: np.ndarray,
    weight: np.ndarray,
    capacity: np.ndarray,
    price: np.ndarray,
    kind: int,
    part: np.ndarray,
) -> float:
    """What serving from site j costs beyond the prices its zones pay, at best; `part` receives who is served."""
    lo, hi = start[j], start[j + 1]
    part[lo:hi] = 0.0
    saved = price[zone[lo:hi]] - cost[lo:hi]
    worth = np.flatnonzero(saved > 0.0)
    if kind == UNLIMITED:
        part[lo + worth] = 1.0
        return -float(saved[worth].sum())
    need, taken = weight[zone[lo:hi]][worth], np.zeros(len(worth))
    if kind == SHARED or need.sum() <= capacity[j]:
        total = _take_parts(saved[worth], need, capacity[j], taken)
    else:
        total = _take_whole(saved[worth], need, capacity[j], taken)
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
    by_site: tuple[np.ndarray, np.ndarray, np.ndarray],
    numbers: tuple[np.ndarray, np.ndarray, np.ndarray],
    fixed: np.ndarray,
    least: int,
    most: int,
    kind: int,
    price: np.ndarray,
    aim: float,
    stride: float,
    steps: int,
) -> tuple[float, np.ndarray, np.ndarray, float]:
    r"""Raise a lower bound on what serving every zone costs.

    With :math:`\sum_j x_{ij} = 1` relaxed at price :math:`\lambda_i`, every plan costs at least
    :math:`L(\lambda) = \sum_i \lambda_i + \min_X \sum_{j \in X} \rho_j`, where :math:`\rho_j = f_j + \min \sum_i
    (w_i c_{ij} - \lambda_i) x_{ij}` over what fits into site j, and X has `least` to `most` sites, the fixed ones
    among them. Smoothed subgradient steps, long where a zone weighs much.

    Parameters
    ----------
    by_site
        Start, zone and w c of the pairs in the order of sites.
    numbers
        Weight by zone, capacity and opening cost by site.
    kind
        UNLIMITED, SHARED or WHOLE.
    price
        To start from; shape (zones,).
    aim
        A plan's cost, or a guess at it, where the steps aim.
    stride
        Length of a step, 1 at first; it shrinks while nothing improves.
    steps
        How many.

    Returns
    -------
    bound, price, reduced, stride
        The highest bound met, its prices and its reduced costs by site; the stride reached.
    """
    (start, zone, cost), (weight, capacity, opening) = by_site, numbers
    n = len(opening)
    price, part, idle = price.copy(), np.zeros(len(zone)), 0
    best, best_price, best_reduced = -np.inf, price.copy(), np.zeros(n)
    reduced, lean, lack = np.zeros(n), np.zeros(len(weight)), np.zeros(len(weight))
    stretch = np.maximum(weight, 1e-3 * weight.mean()) if weight.mean() > 0 else np.ones(len(weight))
    for step in range(steps):
        for j in range(n):
            reduced[j] = opening[j] + _reduced_cost(j, start, zone, cost, weight, capacity, price, kind, part)
        chosen = cheapest(reduced, fixed, least, most)
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


@compiled
def _two_nearest(
    i: int,
    by_zone: tuple[np.ndarray, np.ndarray, np.ndarray],
    chosen: np.ndarray,
    unserved: float,
    near: np.ndarray,
    far: np.ndarray,
    at: np.ndarray,
) -> None:
    """Zone i's cost at the nearest open site, which that is (-1: none), and at the next one."""
    first, site, cost = by_zone
    near[i], far[i], at[i] = unserved, unserved, -1
    for b in range(first[i], first[i + 1]):
        if chosen[site[b]]:
            if cost[b] < near[i]:
                far[i], near[i], at[i] = near[i], cost[b], site[b]
            elif cost[b] < far[i]:
                far[i] = cost[b]


@compiled
def exchange(
    by_site: tuple[np.ndarray, np.ndarray, np.ndarray],
    by_zone: tuple[np.ndarray, np.ndarray, np.ndarray],
    chosen: np.ndarray,
    fixed: np.ndarray,
    unserved: float,
    scans: int,
) -> tuple[float, np.ndarray]:
    """Swap a closed site for the open one that then matters least, while that lowers the cost.

    Parameters
    ----------
    by_site, by_zone
        Start, zone or site, and w c of the pairs in either order.
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
    start, zone, cost = by_site
    n, chosen = len(start) - 1, chosen.copy()
    zones = len(by_zone[0]) - 1
    near, far, at = np.zeros(zones), np.zeros(zones), np.zeros(zones, np.int64)
    for i in range(zones):
        _two_nearest(i, by_zone, chosen, unserved, near, far, at)
    opened = np.flatnonzero(chosen & ~fixed)
    loss, spared = np.zeros(n), np.zeros(n)
    for i in range(zones):
        if at[i] >= 0:
            loss[at[i]] += far[i] - near[i]
    since = 0
    for trial in range(scans * n if len(opened) else 0):
        k = trial % n
        since += 1
        if since > n:
            break
        if chosen[k]:
            continue
        gain = 0.0
        spared[opened] = 0.0
        for a in range(start[k], start[k + 1]):
            i = zone[a]
            if cost[a] < near[i]:
                gain += near[i] - cost[a]
                if at[i] >= 0:
                    spared[at[i]] += far[i] - near[i]
            elif cost[a] < far[i] and at[i] >= 0:
                spared[at[i]] += far[i] - cost[a]
        out = 0
        for b in range(len(opened)):
            if loss[opened[b]] - spared[opened[b]] < loss[opened[out]] - spared[opened[out]]:
                out = b
        j = opened[out]
        if gain - loss[j] + spared[j] <= 1e-9 * (1.0 + abs(gain)):
            continue
        chosen[j], chosen[k], opened[out], since = False, True, k, 0
        for turn in (j, k):
            for a in range(start[turn], start[turn + 1]):
                i = zone[a]
                if at[i] >= 0:
                    loss[at[i]] -= far[i] - near[i]
                _two_nearest(i, by_zone, chosen, unserved, near, far, at)
                if at[i] >= 0:
                    loss[at[i]] += far[i] - near[i]
    return near.sum(), chosen
