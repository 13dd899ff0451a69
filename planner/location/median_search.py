"""Compiled parts of the p-median: its Lagrangian bound, and where to split what is left.

All take each zone's pairs from the cheapest on, of the sites that may open and within the zone's limit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.location.serving_search import PairOrder
from planner.numeric.compiled import compiled

CLOSED, FREE, OPEN = -1, 0, 1
"""What is decided of a site."""
_SMOOTH, _SHARED = 0.75, 0.95
"""What each step keeps of the direction, and of the shares of the sites."""


class Pace(NamedTuple):
    """How the prices move.

    Attributes
    ----------
    steps, stride, shrink
        How many, how long the first, and what each next one is of the one before.
    aim, enough
        A plan's cost, where the steps aim; the bound at which they end.
    """

    steps: int
    stride: float
    shrink: float
    aim: float
    enough: float


class Raised(NamedTuple):
    """What the steps reached.

    Attributes
    ----------
    bound, price, reduced
        The highest bound met, its prices by zone and its reduced costs by site (inf: closed).
    share
        By site: how often, of late, it was among the cheapest ones.
    stride
        Of the next step.
    work
        Pairs looked at.
    """

    bound: float
    price: np.ndarray
    reduced: np.ndarray
    share: np.ndarray
    stride: float
    work: int


@compiled
def keep_pairs(by_zone: PairOrder, state: np.ndarray, limit: np.ndarray, kept: PairOrder) -> bool:
    """Copy to `kept` the pairs of sites not closed within the zones' limits; whether every zone has one."""
    start, site, cost = by_zone
    count = 0
    for i in range(len(start) - 1):
        kept.start[i] = count
        for a in range(start[i], start[i + 1]):
            if cost[a] > limit[i]:
                break
            kept.other[count], kept.cost[count] = site[a], cost[a]
            count += state[site[a]] != CLOSED  # without a branch: it would be mispredicted
        if count == kept.start[i]:
            return False
    kept.start[len(start) - 1] = count
    return True


@compiled
def nearest_costs(by_zone: PairOrder, chosen: np.ndarray) -> np.ndarray:
    """What each zone costs at its cheapest chosen site; inf where it has none."""
    start, site, cost = by_zone
    least = np.full(len(start) - 1, np.inf)
    for i in range(len(least)):
        for a in range(start[i], start[i + 1]):
            if chosen[site[a]]:
                least[i] = cost[a]
                break
    return least


@compiled
def _price_sites(by_zone: PairOrder, price: np.ndarray, reduced: np.ndarray) -> int:
    """What opening each site saves, negative, at these prices; the number of pairs looked at."""
    start, site, cost = by_zone
    reduced[:] = 0.0
    work = 0
    for i in range(len(price)):
        for a in range(start[i], start[i + 1]):
            if cost[a] >= price[i]:
                break
            reduced[site[a]] -= price[i] - cost[a]
            work += 1
    return work


@compiled
def take_cheapest(reduced: np.ndarray, state: np.ndarray, sites: int, chosen: np.ndarray) -> None:
    """To `chosen`: the open sites and, up to `sites`, the free ones of least reduced cost, the first at a tie."""
    chosen[:] = state == OPEN
    left = sites - chosen.sum()
    free = np.flatnonzero(state == FREE)
    if left >= len(free):
        chosen[free] = True
    elif left > 0:
        last = np.partition(reduced[free], left - 1)[left - 1]
        for j in free:
            if reduced[j] < last:
                chosen[j] = True
                left -= 1
        for j in free:
            if reduced[j] == last and left > 0:
                chosen[j] = True
                left -= 1


@compiled
def _lacking(by_zone: PairOrder, price: np.ndarray, chosen: np.ndarray, lack: np.ndarray) -> None:
    """To `lack`: 1 less the chosen sites that each zone uses at these prices."""
    start, site, cost = by_zone
    for i in range(len(price)):
        used = 0.0
        for a in range(start[i], start[i + 1]):
            if cost[a] >= price[i]:
                break
            used += chosen[site[a]]
        lack[i] = 1.0 - used


@compiled
def raise_median(
    by_zone: PairOrder, stretch: np.ndarray, state: np.ndarray, sites: int, price: np.ndarray, pace: Pace
) -> Raised:
    r"""Raise a lower bound on what it costs to serve every zone from `sites` open sites.

    With :math:`\sum_j x_{ij} = 1` relaxed at price :math:`\lambda_i`, every plan costs at least
    :math:`\sum_i \lambda_i + \min_{|X| = p} \sum_{j \in X} \rho_j`, where :math:`\rho_j = \sum_i \min(0, w_i c_{ij} -
    \lambda_i)`. Of each zone only the pairs cheaper than its price are looked at. Smoothed subgradient steps; their
    length is between that of the smoothed and of the plain direction.

    Parameters
    ----------
    by_zone
        Pairs and w c, as `keep_pairs` leaves them.
    stretch
        By zone: how fast its price moves.
    state
        By site; the closed ones have no pairs.
    sites
        Open ones in the end; at least so many are not closed.
    price
        To start from.
    """
    m, n, stride = len(price), len(state), pace.stride
    price = price.copy()
    best, best_price, best_reduced = -np.inf, price.copy(), np.zeros(n)
    reduced, lean, lack, work = np.zeros(n), np.zeros(m), np.zeros(m), 0
    share, chosen = np.zeros(n), np.zeros(n, np.bool_)
    for step in range(pace.steps):
        work += _price_sites(by_zone, price, reduced)
        take_cheapest(reduced, state, sites, chosen)
        bound = price.sum() + reduced[chosen].sum()
        if bound > best:
            best = bound
            best_price[:] = price
            best_reduced[:] = reduced
        _lacking(by_zone, price, chosen, lack)
        plain, smooth = 0.0, 0.0
        for i in range(m):
            lean[i] = lack[i] if step == 0 else _SMOOTH * lean[i] + (1.0 - _SMOOTH) * lack[i]
            plain += stretch[i] * lack[i] * lack[i]
            smooth += stretch[i] * lean[i] * lean[i]
        for j in range(n):
            share[j] = chosen[j] if step == 0 else _SHARED * share[j] + (1.0 - _SHARED) * chosen[j]
        if bound >= pace.enough or smooth * plain <= 1e-18:
            break
        length = stride * (pace.aim - bound) / np.sqrt(smooth * plain)
        stride *= pace.shrink
        for i in range(m):
            price[i] += length * stretch[i] * lean[i]
    for j in range(n):
        if state[j] == CLOSED:
            best_reduced[j] = np.inf
    return Raised(best, best_price, best_reduced, share, stride, work)


@compiled
def find_split(by_zone: PairOrder, share: np.ndarray) -> tuple[int, float]:
    """The zone and the cost up to which and beyond which the shared sites serve it most differently; -1: none.

    Of a zone's cheapest sites with 1 in shares, those up to a cost and those beyond it: the smaller of the two shares
    times the difference of their mean costs is largest.
    """
    start, site, cost = by_zone
    zone, at, most = -1, 0.0, 0.0
    for i in range(len(start) - 1):
        total, full = 0.0, 0.0
        for a in range(start[i], start[i + 1]):
            part = min(share[site[a]], 1.0 - full)
            full += part
            total += part * cost[a]
            if full >= 1.0:
                break
        near, sum_near = 0.0, 0.0
        for a in range(start[i], start[i + 1] - 1):
            part = min(share[site[a]], full - near)
            near += part
            sum_near += part * cost[a]
            if near >= full - 1e-6:
                break
            if near > 1e-6 and cost[a + 1] > cost[a]:
                apart = (total - sum_near) / (full - near) - sum_near / near
                if min(near, full - near) * apart > most:
                    most, zone, at = min(near, full - near) * apart, i, cost[a]
    return zone, at
