"""Compiled parts of `max_cover`: greedy choice, annealed swaps, the Lagrangian bound, dominated sites.

All take the cover sets twice: `by_zone`, the sites of zone i as ``site[start[i]:start[i + 1]]``, and `by_site`, the
zones of site j likewise, both ascending; zones carry `weight`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.numeric.compiled import compiled

Sets = tuple[np.ndarray, np.ndarray]
_ONE = 1 << 40
_NUMBER = _ONE - 1
_NEAR = 0.9
"""Share of the swaps that try a site with a zone in common."""


@compiled
def greedy(by_zone: Sets, by_site: Sets, weight: np.ndarray, sites: int) -> np.ndarray:
    """Open up to `sites` sites, each time the first of those that add most weight, while any adds (bool by site)."""
    (first, site), (start, zone) = by_zone, by_site
    n = len(start) - 1
    chosen, reached, adds = np.zeros(n, np.bool_), np.zeros(len(weight), np.bool_), np.zeros(n)
    for j in range(n):
        for a in range(start[j], start[j + 1]):
            adds[j] += weight[zone[a]]
    for _ in range(sites):
        best = -1
        for j in range(n):
            if not chosen[j] and (best < 0 or adds[j] > adds[best]):
                best = j
        if best < 0 or adds[best] <= 0.0:
            break
        chosen[best] = True
        for a in range(start[best], start[best + 1]):
            i = zone[a]
            if not reached[i]:
                reached[i] = True
                for b in range(first[i], first[i + 1]):
                    adds[site[b]] -= weight[i]
    return chosen


@compiled
def _open(j: int, by_site: Sets, weight: np.ndarray, held: np.ndarray, loss: np.ndarray) -> None:
    """Open site j: `held` counts each zone's open sites above bit 40 and sums their numbers below it."""
    start, zone = by_site
    loss[j] = 0.0
    for a in range(start[j], start[j + 1]):
        i = zone[a]
        if held[i] == 0:
            loss[j] += weight[i]
        elif held[i] >> 40 == 1:
            loss[held[i] & _NUMBER] -= weight[i]
        held[i] += _ONE + j


@compiled
def _close(j: int, by_site: Sets, weight: np.ndarray, held: np.ndarray, loss: np.ndarray) -> None:
    """Close site j, `_open` turned round."""
    start, zone = by_site
    for a in range(start[j], start[j + 1]):
        i = zone[a]
        held[i] -= _ONE + j
        if held[i] >> 40 == 1:
            loss[held[i] & _NUMBER] += weight[i]


class Cooling(NamedTuple):
    """How long swaps are tried, and what losses are accepted.

    Attributes
    ----------
    moves
        Swaps to try.
    hottest, coldest
        Temperature at first and at last, in weight.
    """

    moves: int
    hottest: float
    coldest: float


@compiled
def _drawn_for(j: int, by_zone: Sets, by_site: Sets, closed: np.ndarray, draw: np.random.Generator) -> int:
    """A site to swap site j for: most often one with a zone in common, else any closed one."""
    (first, site), (start, zone) = by_zone, by_site
    if draw.random() < _NEAR and start[j] < start[j + 1]:
        i = zone[start[j] + int(draw.random() * (start[j + 1] - start[j]))]
        return int(site[first[i] + int(draw.random() * (first[i + 1] - first[i]))])
    return int(closed[int(draw.random() * len(closed))])


@compiled
def anneal(
    by_zone: Sets,
    by_site: Sets,
    weight: np.ndarray,
    begin: np.ndarray,
    cooling: Cooling,
    draw: np.random.Generator,
) -> tuple[float, np.ndarray]:
    """Swap an open for a closed site, most often one near it, accepting losses ever more rarely.

    Parameters
    ----------
    begin
        The choice to start from; bool, shape (sites,), neither all nor none.
    cooling, draw
        How long and how warm; random numbers.

    Returns
    -------
    value, chosen
        The best choice met and the weight it covers.
    """
    start, zone = by_site
    n = len(start) - 1
    held, loss = np.zeros(len(weight), np.int64), np.zeros(n)
    opened, closed, place = np.flatnonzero(begin), np.flatnonzero(~begin), np.zeros(n, np.int64)
    for b in range(len(closed)):
        place[closed[b]] = b
    value = 0.0
    for a in range(len(opened)):
        _open(opened[a], by_site, weight, held, loss)
        value += loss[opened[a]]
    chosen = begin.copy()
    best, best_chosen = value, begin.copy()
    cooled = (cooling.coldest / cooling.hottest) ** (1.0 / cooling.moves)
    temperature = cooling.hottest
    for _ in range(cooling.moves):
        temperature *= cooled
        a = int(draw.random() * len(opened))
        j = opened[a]
        k = _drawn_for(j, by_zone, by_site, closed, draw)
        if chosen[k]:
            continue
        gain, alone = 0.0, _ONE + j
        for b in range(start[k], start[k + 1]):
            i = zone[b]
            if held[i] == 0 or held[i] == alone:
                gain += weight[i]
        gain -= loss[j]
        if gain < 0.0 and gain < temperature * np.log(1.0 - draw.random()):
            continue
        _close(j, by_site, weight, held, loss)
        _open(k, by_site, weight, held, loss)
        value += gain
        chosen[j], chosen[k] = False, True
        opened[a], closed[place[k]], place[j] = k, j, place[k]
        if value > best:
            best = value
            best_chosen[:] = chosen
    return best, best_chosen


@compiled
def dual(
    by_site: Sets, weight: np.ndarray, price: np.ndarray, sites: int, value: float, steps: int
) -> tuple[float, np.ndarray, np.ndarray]:
    r"""Lower an upper bound on the weight that `sites` sites can cover.

    With :math:`z_i \le \sum_{j \ni i} x_j` relaxed at price :math:`0 \le \lambda_i \le w_i`, every choice covers at
    most :math:`L(\lambda) = \sum_i (w_i - \lambda_i) + \max_{|X| = p} \sum_{j \in X} \sum_{i \in j} \lambda_i`: the p
    sites of the highest priced cover sets. Subgradient steps, smoothed, long where a zone weighs much.

    Parameters
    ----------
    price
        To start from; shape (zones,).
    value
        Weight that some choice covers: where the steps aim.
    steps
        How many.

    Returns
    -------
    bound, price, priced
        The lowest bound met, its prices, and what each site's cover set is worth at them.
    """
    start, zone = by_site
    n = len(start) - 1
    price = price.copy()
    best, best_price, best_priced = np.inf, price.copy(), np.zeros(n)
    priced, lean, covered = np.zeros(n), np.zeros(len(weight)), np.zeros(len(weight))
    scale, idle, total = 1.0, 0, weight.sum()
    for step in range(steps):
        for j in range(n):
            worth = 0.0
            for a in range(start[j], start[j + 1]):
                worth += price[zone[a]]
            priced[j] = worth
        bound = total - price.sum()
        covered[:] = -1.0
        for j in np.argsort(-priced, kind="mergesort")[:sites]:
            bound += priced[j]
            for a in range(start[j], start[j + 1]):
                covered[zone[a]] += 1.0
        idle = 0 if bound < best - 1e-4 * (best - value) or step == 0 else idle + 1
        if bound < best:
            best = bound
            best_price[:] = price
            best_priced[:] = priced
        if idle == 20:
            scale, idle = scale * 0.7, 0
        norm = 0.0
        for i in range(len(weight)):
            lean[i] = covered[i] if step == 0 else 0.75 * lean[i] + 0.25 * covered[i]
            norm += weight[i] * lean[i] * lean[i]
        if bound <= value or norm == 0.0 or scale < 1e-5:
            break
        length = scale * (bound - value) / norm
        for i in range(len(weight)):
            price[i] = min(weight[i], max(0.0, price[i] - length * weight[i] * lean[i]))
    return best, best_price, best_priced


@compiled
def nested(by_zone: Sets, by_site: Sets) -> tuple[np.ndarray, np.ndarray]:
    """Which sites' cover sets lie within another's, and which contain another's (bool by site).

    Of equal sets the first counts as neither. Zones among themselves are asked for with the arguments turned round.
    """
    (first, site), (start, zone) = by_zone, by_site
    n = len(start) - 1
    within, around = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    hits, alive = np.zeros(n, np.int32), np.zeros(n, np.int32)
    for j in range(n):
        size, left = start[j + 1] - start[j], 0
        within[j] = size == 0
        for step in range(size):  # the other sites that cover all zones so far
            i = zone[start[j] + step]
            left = 0
            for b in range(first[i], first[i + 1]):
                k = site[b]
                if hits[k] == step and k != j:
                    hits[k] = step + 1
                    alive[left] = k
                    left += 1
            if left == 0:
                break
        for k in alive[:left]:
            equal = start[k + 1] - start[k] == size
            within[j] = within[j] or not equal or k < j
            around[k] = around[k] or not equal or k > j
        for a in range(start[j], start[j + 1]):
            i = zone[a]
            for b in range(first[i], first[i + 1]):
                hits[site[b]] = 0
    return within, around


@compiled
def regions(by_zone: Sets, by_site: Sets, size: int) -> np.ndarray:
    """Number of the region of each site: up to `size` sites, grown over common zones from the first site left."""
    (first, site), (start, zone) = by_zone, by_site
    n = len(start) - 1
    region, queue, count = np.full(n, -1, np.int64), np.zeros(n, np.int64), 0
    for seed in range(n):
        if region[seed] >= 0:
            continue
        region[seed], queue[0], read, filled = count, seed, 0, 1
        while read < filled and filled < size:
            j = queue[read]
            read += 1
            for a in range(start[j], start[j + 1]):
                i = zone[a]
                for b in range(first[i], first[i + 1]):
                    k = site[b]
                    if region[k] < 0 and filled < size:
                        region[k], queue[filled] = count, k
                        filled += 1
        count += 1
    return region
