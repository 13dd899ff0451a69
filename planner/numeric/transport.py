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

from typing import NamedTuple

import numpy as np

from planner.numeric.compiled import compiled, maker, part

_UNITS = 2.0**50
"""Parts of all energy in which flow is counted: whole numbers that a float still holds exactly."""
_TOLERANCE = 1e-9
"""What an arc must gain to be worth a step, in the worth of a kWh: above the rounding of sums of worths."""
_FEWEST_LOOKED_AT = 64
"""Arcs looked at before the best of them enters; more, the square root of all, where there are many."""


class _Arcs(NamedTuple):
    """What may carry flow: from where, to where, and the worth of a unit; pairs first, then each node's to the root."""

    tail: np.ndarray
    head: np.ndarray
    gain: np.ndarray


class _Tree(NamedTuple):
    """The basis, by node: how it hangs below its parent. The root is the last node.

    Attributes
    ----------
    parent, arc, upward, flow
        The node above, the arc between the two, whether that leads up, and its flow in units.
    depth, price
        Arcs to the root, and what a unit is worth here; an arc of the tree gains nothing at these prices.
    child, after, before
        The first node below, and the neighbours among those below the same parent; -1 where there is none.
    stack
        Room to walk what is below a node.
    """

    parent: np.ndarray
    arc: np.ndarray
    upward: np.ndarray
    flow: np.ndarray
    depth: np.ndarray
    price: np.ndarray
    child: np.ndarray
    after: np.ndarray
    before: np.ndarray
    stack: np.ndarray


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
    arcs = _Arcs(
        tail=np.r_[demand[used], np.arange(demands), at_root[1]],
        head=np.r_[demands + station[used], at_root[0], np.arange(demands, root)],
        gain=np.r_[worth[used], np.zeros(root)],
    )
    served[used] = _simplex(arcs, np.r_[asked, room])[: len(used)] * unit
    return served


@compiled
def _simplex(arcs, limit):  # type: ignore[no-untyped-def]
    """Flow of every arc, in units; at first the arc of every node from or to the root is filled to the node's limit."""
    tree = _star(arcs, limit)
    block, at = max(_FEWEST_LOOKED_AT, int(np.sqrt(len(arcs.tail)))), 0
    while True:
        entering, at = _entering(arcs, tree.price, block, at)
        if entering < 0:
            break
        start, end = arcs.tail[entering], arcs.head[entering]
        join = _join(tree, start, end)
        least, leaving, below_start = _leaving(tree, start, end, join)
        _push(tree, start, end, join, least)
        top, above = (start, end) if below_start else (end, start)
        _turn(tree, top, above, leaving, (entering, below_start, least))
        _refresh(tree, top, arcs.gain)
    found = np.zeros(len(arcs.tail), np.int64)
    for v in range(len(limit)):
        found[tree.arc[v]] = tree.flow[v]
    return found


@maker
def _star(arcs, limit):  # type: ignore[no-untyped-def]
    """The first tree: every node at the root, its own arc to or from it filled to the limit."""
    nodes, root = len(limit) + 1, len(limit)
    tree = _Tree(
        np.full(nodes, root), np.full(nodes, -1), np.zeros(nodes, np.bool_), np.zeros(nodes, np.int64),
        np.ones(nodes, np.int64), np.zeros(nodes),
        np.full(nodes, -1), np.full(nodes, -1), np.full(nodes, -1), np.empty(nodes, np.int64),
    )  # fmt: skip
    tree.parent[root], tree.depth[root] = -1, 0
    for v in range(root):
        tree.arc[v], tree.flow[v] = len(arcs.tail) - root + v, limit[v]
        tree.upward[v] = arcs.tail[tree.arc[v]] == v
        _hang(tree, v, root)
    return tree


@part
def _entering(arcs, price, block, at):  # type: ignore[no-untyped-def]
    """The arc that gains most of the next few that any gains in, and where to look next; -1 if none gains."""
    best, found, looked, many = _TOLERANCE, -1, 0, len(arcs.tail)
    while looked < many and found < 0:
        for _ in range(min(block, many - looked)):
            gained = arcs.gain[at] + price[arcs.head[at]] - price[arcs.tail[at]]
            if gained > best:
                best, found = gained, at
            at = at + 1 if at + 1 < many else 0
        looked += block
    return found, at


@part
def _join(tree, start, end):  # type: ignore[no-untyped-def]
    """The node where the ways up from two nodes meet: with the entering arc they close a cycle."""
    join, other = start, end
    while join != other:
        if tree.depth[join] >= tree.depth[other]:
            join = tree.parent[join]
        else:
            other = tree.parent[other]
    return join


@part
def _leaving(tree, start, end, join):  # type: ignore[no-untyped-def]
    """How much more the cycle can carry, the node whose arc that empties, and whether it lies on the start's side.

    Around the cycle, from the join down to the start, over the entering arc and up from its end, the last arc of least
    flow leaves: so the tree stays strongly feasible.
    """
    least, leaving, below_start = np.int64(2**62), -1, True
    v = start
    while v != join:
        if tree.upward[v] and tree.flow[v] < least:
            least, leaving = tree.flow[v], v
        v = tree.parent[v]
    v = end
    while v != join:
        if not tree.upward[v] and tree.flow[v] <= least:
            least, leaving, below_start = tree.flow[v], v, False
        v = tree.parent[v]
    return least, leaving, below_start


@part
def _push(tree, start, end, join, more):  # type: ignore[no-untyped-def]
    """Send more around the cycle of the entering arc."""
    for first in (start, end):
        v = first
        while v != join:
            tree.flow[v] += more if tree.upward[v] == (first == end) else -more
            v = tree.parent[v]


@part
def _turn(tree, top, above, leaving, new):  # type: ignore[no-untyped-def]
    """What was below the leaving arc hangs on the entering one from now on, upside down.

    `new` is the arc by which `top` hangs below `above`, whether that leads up, and its flow.
    """
    v = top
    while True:
        old_parent, old = tree.parent[v], (tree.arc[v], not tree.upward[v], tree.flow[v])
        _unhang(tree, v)
        _hang(tree, v, above)
        tree.arc[v], tree.upward[v], tree.flow[v] = new
        if v == leaving:
            break
        above, v, new = v, old_parent, old


@part
def _refresh(tree, top, gain):  # type: ignore[no-untyped-def]
    """Depths and prices below a node that was hung elsewhere; an arc of the tree gains nothing at them."""
    size = 1
    tree.stack[0] = top
    while size:
        size -= 1
        v = tree.stack[size]
        up = tree.parent[v]
        tree.depth[v] = tree.depth[up] + 1
        tree.price[v] = tree.price[up] + (gain[tree.arc[v]] if tree.upward[v] else -gain[tree.arc[v]])
        v = tree.child[v]
        while v >= 0:
            tree.stack[size] = v
            size += 1
            v = tree.after[v]


@part
def _hang(tree, v, above):  # type: ignore[no-untyped-def]
    """Make a node the first below another."""
    tree.parent[v], tree.before[v], tree.after[v] = above, -1, tree.child[above]
    if tree.child[above] >= 0:
        tree.before[tree.child[above]] = v
    tree.child[above] = v


@part
def _unhang(tree, v):  # type: ignore[no-untyped-def]
    """Take a node from those below its parent."""
    if tree.before[v] >= 0:
        tree.after[tree.before[v]] = tree.after[v]
    else:
        tree.child[tree.parent[v]] = tree.after[v]
    if tree.after[v] >= 0:
        tree.before[tree.after[v]] = tree.before[v]
