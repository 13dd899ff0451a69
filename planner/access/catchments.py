"""Catchments: what lies within a limit of every origin, by one bounded shortest-path search each; compiled by numba."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import reverse_cuthill_mckee

from planner.numeric.compiled import compiled

_ORIGINS_AT_ONCE = 64  # that a thread takes
_PAIRS_AT_ONCE = 1 << 20  # that it has room for, beside one for every target
_MOST_THREADS = 4
_KEY_BITS = 62  # of a word in the queue: metres in whole steps above, the node below


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


class _Marks(NamedTuple):
    """A thread's own memory: metres so far to nodes and targets, infinite between searches, and which were reached."""

    to_node: np.ndarray
    nodes: np.ndarray
    to_target: np.ndarray
    targets: np.ndarray


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
    ways = _fan(Links(number[streets.start], number[streets.end], streets.metres), nodes)
    doors = _fan(Links(number[stops.start], stops.end, stops.metres), nodes)
    order = np.argsort(number[origins], kind="stable")
    starts, limits = number[origins][order], np.array(limits_m, np.float64)
    # No shortest way is longer than all streets together, twice for the rounding: steps stay fine without a limit.
    farthest = min(float(limits.max()), 2 * float(ways.metres.sum()))
    node_bits = nodes.bit_length()
    steps_per_m = 2.0 ** (_KEY_BITS - node_bits) / max(farthest, 1.0)
    count = np.zeros(len(starts), np.int64)
    blocks = iter(range(0, len(starts), _ORIGINS_AT_ONCE))  # shared: whoever is free takes the next

    def search(_: int) -> list[tuple[int, np.ndarray, np.ndarray]]:
        marks = _Marks(*_unmarked(nodes), *_unmarked(len(limits)))
        found, room, pairs = [], 0, 0
        for begin in blocks:
            first, last = begin, min(begin + _ORIGINS_AT_ONCE, len(starts))
            while first < last:
                if pairs + len(limits) > room:
                    room, pairs = len(limits) + _PAIRS_AT_ONCE, 0
                    target, metres = np.empty(room, np.int32), np.empty(room)
                done, written = _search(
                    starts,
                    first,
                    last,
                    ways,
                    doors,
                    limits,
                    farthest,
                    node_bits,
                    steps_per_m,
                    marks,
                    count,
                    target,
                    metres,
                    pairs,
                )
                found.append((first, target[pairs:written], metres[pairs:written]))
                first, pairs = done, written
        return found

    threads = threads or min(os.cpu_count() or 1, _MOST_THREADS)
    with ThreadPoolExecutor(threads) as pool:
        found = sorted((part for parts in pool.map(search, range(threads)) for part in parts), key=lambda part: part[0])
    target, metres = (np.concatenate([part[column] for part in found]) for column in (1, 2))
    return np.repeat(order.astype(np.int32), count), target, metres


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
    starts: np.ndarray,
    first: int,
    last: int,
    ways: _Fan,
    doors: _Fan,
    limits_m: np.ndarray,
    farthest: float,
    node_bits: int,
    steps_per_m: float,
    marks: _Marks,
    count: np.ndarray,
    target: np.ndarray,
    metres: np.ndarray,
    pairs: int,
) -> tuple[int, int]:
    """Write the pairs of the origins from `first` on behind the `pairs` there, while there is room for another's.

    Returns who is next, and how many pairs there are then.
    """
    to_node, reached, to_target, met = marks
    heap = np.empty(1024, np.int64)
    while first < last and pairs + len(to_target) <= len(target):
        n_reached, n_met, queued = 1, 0, 1
        reached[0] = heap[0] = starts[first]
        to_node[starts[first]] = 0.0
        while queued > 0:
            key = _pop(heap, queued)
            queued -= 1
            node = key & ((1 << node_bits) - 1)
            here = to_node[node]
            if key >> node_bits > np.int64(here * steps_per_m):
                continue  # a shorter way was found since
            if queued + ways.first[node + 1] - ways.first[node] > len(heap):
                heap = _longer(heap, queued + ways.first[node + 1] - ways.first[node])
            for k in range(ways.first[node], ways.first[node + 1]):
                there, way = ways.end[k], here + ways.metres[k]
                if way <= farthest and way < to_node[there]:
                    if to_node[there] == np.inf:
                        reached[n_reached] = there
                        n_reached += 1
                    to_node[there] = way
                    _push(heap, queued, (np.int64(way * steps_per_m) << node_bits) | there)
                    queued += 1
        for r in range(n_reached):
            node = reached[r]
            for k in range(doors.first[node], doors.first[node + 1]):
                stop, way = doors.end[k], to_node[node] + doors.metres[k]
                if way <= limits_m[stop] and way < to_target[stop]:
                    if to_target[stop] == np.inf:
                        met[n_met] = stop
                        n_met += 1
                    to_target[stop] = way
            to_node[node] = np.inf
        for r in range(n_met):
            target[pairs], metres[pairs] = met[r], to_target[met[r]]
            to_target[met[r]] = np.inf
            pairs += 1
        count[first] = n_met
        first += 1
    return first, pairs


@compiled
def _push(heap: np.ndarray, size: int, key: int) -> None:
    """Put `key` into a binary heap of `size` keys."""
    place = size
    while place > 0 and heap[(place - 1) >> 1] > key:
        heap[place] = heap[(place - 1) >> 1]
        place = (place - 1) >> 1
    heap[place] = key


@compiled
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


@compiled
def _longer(heap: np.ndarray, size: int) -> np.ndarray:
    """A heap that begins with this one and has room for twice `size` keys."""
    longer = np.empty(2 * size, np.int64)
    for place in range(len(heap)):
        longer[place] = heap[place]
    return longer
