"""Who charges where, exactly and quickly: the transport problem by the network simplex method.

    most   sum_p worth_p served_p
    i      sum_{p of i} served_p <= energy_i                     what a demand asks for
    j      sum_{p of j} served_p <= capacity_j                   what a station carries

As a network: demands send their energy to stations over pairs, or unserved to a root, which also fills what stations
have left. The basis is a spanning tree; the first one is the star around the root, where nobody is served. Energies are
whole numbers of tiny units, so that nothing is lost to rounding, and the tree stays strongly feasible (arcs without
flow lead to the root), so that it cannot cycle. (W. H. Cunningham, A network simplex method, Mathematical Programming
11, 1976; R. K. Ahuja et al., Network Flows, Prentice Hall 1993, chapter 11.)
"""

from __future__ import annotations

import numpy as np

from planner.numeric.compiled import compiled

_UNITS = 2.0**50
_TOLERANCE = 1e-9
_FEWEST_LOOKED_AT = 64


def most_worth(
    energy: np.ndarray, capacity: np.ndarray, demand: np.ndarray, station: np.ndarray, worth: np.ndarray
) -> np.ndarray:
    """Serve demands from stations so that the worth is largest.

    Parameters
    ----------
    energy, capacity
        kWh a day of every demand and station.
    demand, station, worth
        Of every pair within reach: positions of its two ends, and the worth of a kWh, 0 or more.

    Returns
    -------
    ndarray
        kWh a day of every pair; a sum is short of its limit by less than a part in 10^15 of all energy.
    """
    served = np.zeros(len(demand))
    total = float(energy.sum())
    used = np.flatnonzero((energy[demand] > 0) & (capacity[station] > 0) & (worth > 0))
    if not len(used) or total <= 0:
        return served
    unit = total / _UNITS
    asked = np.floor(energy / unit).astype(np.int64)
    room = np.floor(np.minimum(capacity, total) / unit).astype(np.int64)
    demands, root = len(asked), len(asked) + len(room)
    at_root = np.full(demands, root), np.full(len(room), root)
    tail = np.r_[demand[used], np.arange(demands), at_root[1]]
    head = np.r_[demands + station[used], at_root[0], np.arange(demands, root)]
    gain = np.r_[worth[used], np.zeros(root)]
    served[used] = _simplex(tail, head, gain, np.r_[asked, room])[: len(used)] * unit
    return served


@compiled
def _simplex(tail, head, gain, limit):  # type: ignore[no-untyped-def]
    """Flow of every arc, in units: pairs, then of every node its arc from or to the root, which `limit` fills at first.

    The tree knows of every node its parent, the arc between the two, whether that leads up, and its flow.
    """
    nodes, root = len(limit) + 1, len(limit)
    parent, arc = np.full(nodes, root), np.full(nodes, -1)
    upward, flow = np.zeros(nodes, np.bool_), np.zeros(nodes, np.int64)
    depth, price = np.ones(nodes, np.int64), np.zeros(nodes)
    child, after, before = np.full(nodes, -1), np.full(nodes, -1), np.full(nodes, -1)
    parent[root], depth[root] = -1, 0
    for v in range(root):
        arc[v], flow[v] = len(tail) - root + v, limit[v]
        upward[v] = tail[arc[v]] == v
        _hang(v, root, parent, child, after, before)
    stack = np.empty(nodes, np.int64)
    block, at = max(_FEWEST_LOOKED_AT, int(np.sqrt(len(tail)))), 0
    while True:
        entering, at = _entering(tail, head, gain, price, block, at)
        if entering < 0:
            break
        start, end = tail[entering], head[entering]
        join, other = start, end
        while join != other:
            if depth[join] >= depth[other]:
                join = parent[join]
            else:
                other = parent[other]
        # around the cycle, from the join down to the start, over the arc and up from its end: the last least one leaves
        least, leaving, below_start = np.int64(2**62), -1, True
        v = start
        while v != join:
            if upward[v] and flow[v] < least:
                least, leaving = flow[v], v
            v = parent[v]
        v = end
        while v != join:
            if not upward[v] and flow[v] <= least:
                least, leaving, below_start = flow[v], v, False
            v = parent[v]
        for first in (start, end):
            v = first
            while v != join:
                flow[v] += least if upward[v] == (first == end) else -least
                v = parent[v]
        # what is below the leaving arc hangs on the entering one from now on, upside down
        top, above = (start, end) if below_start else (end, start)
        v, new = top, (entering, below_start, least)
        while True:
            old_parent, old = parent[v], (arc[v], not upward[v], flow[v])
            _unhang(v, parent, child, after, before)
            _hang(v, above, parent, child, after, before)
            arc[v], upward[v], flow[v] = new
            if v == leaving:
                break
            above, v, new = v, old_parent, old
        _refresh(top, parent, child, after, arc, upward, depth, price, gain, stack)
    found = np.zeros(len(tail), np.int64)
    for v in range(root):
        found[arc[v]] = flow[v]
    return found


@compiled
def _entering(tail, head, gain, price, block, at):  # type: ignore[no-untyped-def]
    """The arc that gains most of the next few that any gains in, and where to look next; -1 if none gains."""
    best, found, looked, arcs = _TOLERANCE, -1, 0, len(tail)
    while looked < arcs and found < 0:
        for _ in range(min(block, arcs - looked)):
            gained = gain[at] + price[head[at]] - price[tail[at]]
            if gained > best:
                best, found = gained, at
            at = at + 1 if at + 1 < arcs else 0
        looked += block
    return found, at


@compiled
def _refresh(top, parent, child, after, arc, upward, depth, price, gain, stack):  # type: ignore[no-untyped-def]
    """Depths and prices below a node that was hung elsewhere; an arc of the tree gains nothing at them."""
    size = 1
    stack[0] = top
    while size:
        size -= 1
        v = stack[size]
        up = parent[v]
        depth[v] = depth[up] + 1
        price[v] = price[up] + (gain[arc[v]] if upward[v] else -gain[arc[v]])
        v = child[v]
        while v >= 0:
            stack[size] = v
            size += 1
            v = after[v]


@compiled
def _hang(v, above, parent, child, after, before):  # type: ignore[no-untyped-def]
    """Make a node the first below another."""
    parent[v], before[v], after[v] = above, -1, child[above]
    if child[above] >= 0:
        before[child[above]] = v
    child[above] = v


@compiled
def _unhang(v, parent, child, after, before):  # type: ignore[no-untyped-def]
    """Take a node from those below its parent."""
    if before[v] >= 0:
        after[before[v]] = after[v]
    else:
        child[parent[v]] = after[v]
    if after[v] >= 0:
        before[after[v]] = before[v]
