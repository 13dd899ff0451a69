"""Catchments: what lies within a limit of every origin, by one bounded shortest-path search each; compiled by numba."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import reverse_cuthill_mckee

from planner.numeric.compiled import compiled, maker, part


@dataclass(frozen=True)
class CatchmentParams:
    """How the searches share the machine; the pairs found do not depend on it.

    Attributes
    ----------
    origins_at_once
        Origins that a thread takes at a time.
    pairs_at_once
        Pairs that a thread makes room for at a time, beside one for every target: 12 bytes each.
    most_threads
        Threads where none are asked for, if the machine has as many processors.
    """

    origins_at_once: int = 64
    pairs_at_once: int = 1 << 20
    most_threads: int = 4


_PARAMS = CatchmentParams()
_KEY_BITS = 62
"""Of a word in the queue: metres in whole steps above, the node below; a sign bit and one for the rounding are left."""


class Links(NamedTuple):
    """Directed links in any order; parallel ones, loops and links of no length are allowed.

    Attributes
    ----------
    start, end
        Positions of the nodes or targets they join, from 0.
    metres
        Not negative.
    """

    start: np.ndarray
    end: np.ndarray
    metres: np.ndarray


class _Fan(NamedTuple):
    """Links by their start: those of `k` are at positions ``first[k]`` to ``first[k + 1]``."""

    first: np.ndarray
    end: np.ndarray
    metres: np.ndarray


class _Net(NamedTuple):
    """Where one may go, the same for all searches.

    Attributes
    ----------
    ways, doors
        From node to node, and from node to target.
    limits_m
        Of the targets: the longest way that counts.
    farthest
        Metres beyond which no node matters.
    node_bits, steps_per_m
        Of an entry of the queue: bits of the node's number, and steps of rounded metres.
    """

    ways: _Fan
    doors: _Fan
    limits_m: np.ndarray
    farthest: float
    node_bits: int
    steps_per_m: float


class _Origins(NamedTuple):
    """The nodes to search from, in the order of the searches, and how many targets each has found."""

    node: np.ndarray
    found: np.ndarray


class _Room(NamedTuple):
    """Where a thread writes its pairs: target and metres."""

    target: np.ndarray
    metres: np.ndarray


class _Marks(NamedTuple):
    """A thread's own memory: metres so far to nodes and targets, infinite between searches, and which were reached."""

    to_node: np.ndarray
    nodes: np.ndarray
    to_target: np.ndarray
    targets: np.ndarray


_Part = tuple[int, np.ndarray, np.ndarray]
"""The first of some origins in a row, and the targets and metres of the pairs of all of them."""


def find_catchments(
    origins: np.ndarray, streets: Links, stops: Links, limits_m: np.ndarray, threads: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shortest ways from origins over nodes to targets, where within the target's limit.

    A way is any number of links of `streets`, none too, and then one of `stops`.

    Parameters
    ----------
    origins
        Nodes to search from.
    streets, stops
        From node to node, and from node to target.
    limits_m
        For every target the longest way that counts.
    threads
        How many at a time; None for the machine's processors, but no more than four. The result is the same.

    Returns
    -------
    origin, target, metres
        One entry per pair within the limit, by positions in `origins` and `limits_m`; the pairs in no special order.
        Memory grows with the pairs, the links and threads x (nodes + targets), not with origins x nodes.

    Notes
    -----
    Dijkstra's search from every origin. An entry of the queue is one whole number, metres rounded down to steps with
    the node's number behind them: it compares and moves faster than a pair. Nodes within one step may so be taken in
    the wrong order; one to which a shorter way is found later is taken again, and the metres are exact. Nodes are
    renumbered, so that neighbours lie close in memory, and origins taken in that order.

    References
    ----------
    Dijkstra, E. W. (1959). A note on two problems in connexion with graphs. Numerische Mathematik 1.
    """
    if not len(origins) or not len(limits_m):
        return np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0)
    nodes = 1 + max(int(np.max(n, initial=-1)) for n in (origins, streets.start, streets.end, stops.start))
    number = _neighbours_close(streets, nodes)
    net = _net(streets, stops, number, limits_m)
    order = np.argsort(number[origins], kind="stable")
    starts = _Origins(number[origins][order], np.zeros(len(order), np.int64))
    found = _found(net, starts, threads or min(os.cpu_count() or 1, _PARAMS.most_threads))
    target, metres = (np.concatenate([each[column] for each in found]) for column in (1, 2))
    return np.repeat(order.astype(np.int32), starts.found), target, metres


def _net(streets: Links, stops: Links, number: np.ndarray, limits_m: np.ndarray) -> _Net:
    """Streets and stops with their nodes renumbered, and what the queue's entries look like there."""
    nodes = len(number)
    ways = _fan(Links(number[streets.start], number[streets.end], streets.metres), nodes)
    doors = _fan(Links(number[stops.start], stops.end, stops.metres), nodes)
    limits = np.array(limits_m, np.float64)
    # No shortest way is longer than all streets together, twice for the rounding: steps stay fine without a limit.
    farthest = min(float(limits.max()), 2 * float(ways.metres.sum()))
    node_bits = nodes.bit_length()
    return _Net(ways, doors, limits, farthest, node_bits, 2.0 ** (_KEY_BITS - node_bits) / max(farthest, 1.0))


def _found(net: _Net, origins: _Origins, threads: int) -> list[_Part]:
    """The pairs of all origins, in their order; whichever thread is free takes the next few."""
    blocks = iter(range(0, len(origins.node), _PARAMS.origins_at_once))  # shared
    with ThreadPoolExecutor(threads) as pool:
        parts = [pool.submit(_found_by_one, net, origins, blocks) for _ in range(threads)]
        return sorted((each for part in parts for each in part.result()), key=lambda each: each[0])


def _found_by_one(net: _Net, origins: _Origins, blocks: Iterator[int]) -> list[_Part]:
    """What one thread finds from the origins of the blocks that it gets hold of."""
    targets = len(net.limits_m)
    marks = _Marks(*_unmarked(len(net.ways.first) - 1), *_unmarked(targets))
    found: list[_Part] = []
    size, pairs = 0, 0
    for begin in blocks:
        first, last = begin, min(begin + _PARAMS.origins_at_once, len(origins.node))
        while first < last:
            if pairs + targets > size:
                size, pairs = targets + _PARAMS.pairs_at_once, 0
                room = _Room(np.empty(size, np.int32), np.empty(size))
            done, written = _search(net, origins, first, last, (marks, room), pairs)
            found.append((first, room.target[pairs:written], room.metres[pairs:written]))
            first, pairs = done, written
    return found


def _neighbours_close(streets: Links, nodes: int) -> np.ndarray:
    """A new number for every node."""
    joined = sp.csr_matrix((np.ones(len(streets.start), bool), (streets.start, streets.end)), shape=(nodes, nodes))
    number = np.empty(nodes, np.int64)
    number[reverse_cuthill_mckee(joined)] = np.arange(nodes)
    return number


def _unmarked(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full(count, np.inf), np.empty(count, np.int32)


def _fan(links: Links, count: int) -> _Fan:
    order = np.argsort(links.start, kind="stable")
    first = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(links.start, minlength=count), out=first[1:])
    return _Fan(first, links.end[order].astype(np.int32), links.metres[order].astype(np.float64))


@compiled
def _search(
    net: _Net, origins: _Origins, first: int, last: int, memory: tuple[_Marks, _Room], pairs: int
) -> tuple[int, int]:
    """Write the pairs of the origins from `first` on behind the `pairs` there, while there is room for another's.

    Returns who is next, and how many pairs there are then.
    """
    marks, room = memory
    heap = np.empty(1024, np.int64)
    while first < last and pairs + len(marks.to_target) <= len(room.target):
        reached, heap = _reach(net, origins.node[first], marks, heap)
        met = _meet(net, marks, reached)
        for r in range(met):
            target = marks.targets[r]
            room.target[pairs], room.metres[pairs] = target, marks.to_target[target]
            marks.to_target[target] = np.inf
            pairs += 1
        origins.found[first] = met
        first += 1
    return first, pairs


@maker
def _reach(net: _Net, origin: int, marks: _Marks, heap: np.ndarray) -> tuple[int, np.ndarray]:
    """Mark the nodes within reach of an origin; how many there are, and the queue's memory, which may have grown."""
    ways, to_node = net.ways, marks.to_node
    reached, queued = 1, 1
    marks.nodes[0] = heap[0] = origin
    to_node[origin] = 0.0
    while queued > 0:
        key = _pop(heap, queued)
        queued -= 1
        node = key & ((1 << net.node_bits) - 1)
        here = to_node[node]
        if key >> net.node_bits > np.int64(here * net.steps_per_m):
            continue  # a shorter way was found since
        if queued + ways.first[node + 1] - ways.first[node] > len(heap):
            heap = _longer(heap, queued + ways.first[node + 1] - ways.first[node])
        for k in range(ways.first[node], ways.first[node + 1]):
            there, way = ways.end[k], here + ways.metres[k]
            if way <= net.farthest and way < to_node[there]:
                if to_node[there] == np.inf:
                    marks.nodes[reached] = there
                    reached += 1
                to_node[there] = way
                _push(heap, queued, (np.int64(way * net.steps_per_m) << net.node_bits) | there)
                queued += 1
    return reached, heap


@part
def _meet(net: _Net, marks: _Marks, reached: int) -> int:
    """Mark the targets behind the nodes reached, and forget those; how many targets there are."""
    doors, met = net.doors, 0
    for r in range(reached):
        node = marks.nodes[r]
        for k in range(doors.first[node], doors.first[node + 1]):
            stop, way = doors.end[k], marks.to_node[node] + doors.metres[k]
            if way <= net.limits_m[stop] and way < marks.to_target[stop]:
                if marks.to_target[stop] == np.inf:
                    marks.targets[met] = stop
                    met += 1
                marks.to_target[stop] = way
        marks.to_node[node] = np.inf
    return met


@part
def _push(heap: np.ndarray, size: int, key: int) -> None:
    """Put `key` into a binary heap of `size` keys."""
    place = size
    while place > 0 and heap[(place - 1) >> 1] > key:
        heap[place] = heap[(place - 1) >> 1]
        place = (place - 1) >> 1
    heap[place] = key


@part
def _pop(heap: np.ndarray, size: int) -> int:
    """Take the smallest key from a binary heap of `size` keys."""
    smallest, moved = heap[0], heap[size - 1]
    place, child = 0, 1
    while child + 1 < size:
        child += int(heap[child + 1] < heap[child])  # counted, not branched on: nobody could guess
        if heap[child] >= moved:
            break
        heap[place] = heap[child]
        place, child = child, 2 * child + 1
    heap[place] = moved
    return int(smallest)


@maker
def _longer(heap: np.ndarray, size: int) -> np.ndarray:
    """A heap that begins with this one and has room for twice `size` keys."""
    longer = np.empty(2 * size, np.int64)
    for place in range(len(heap)):
        longer[place] = heap[place]
    return longer
