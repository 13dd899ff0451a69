"""Bounded many-source searches: random directed graphs against networkx, limits, threads and memory."""

import tracemalloc
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.access import catchments as _catchments
from planner.access.catchments import Links, find_catchments

Link = tuple[int, int, float]  # from, to, metres
NEAR = [0.0, 1e-9, 0.25, 1.0, 3.0, 250.0]
FAR = [*NEAR, 1e6, 1e12]  # beside these a nanometre is lost in the steps of the queue


def links(rows: list[Link]) -> Links:
    start, end, metres = zip(*rows, strict=True) if rows else ((), (), ())
    return Links(np.array(start, int), np.array(end, int), np.array(metres, float))


def doors(count: int) -> Links:
    """Every node is the target of its number."""
    return Links(np.arange(count), np.arange(count), np.zeros(count))


def found(origins: list[int], streets: list[Link], stops: Links, limits_m: list[float]) -> dict[tuple[int, int], float]:
    """Metres by (origin, target) positions; none twice."""
    origin, target, metres = find_catchments(np.array(origins, int), links(streets), stops, np.array(limits_m))
    assert len(origin) == len(target) == len(metres)
    pairs = dict(zip(zip(origin.tolist(), target.tolist(), strict=True), metres.tolist(), strict=True))
    assert len(pairs) == len(origin)
    return pairs


def oracle(
    nodes: int, origins: list[int], streets: list[Link], stops: Links, limits_m: list[float]
) -> dict[tuple[int, int], float]:
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(nodes))
    for start, end, metres in streets:
        graph.add_edge(start, end, metres=metres)
    expected: dict[tuple[int, int], float] = {}
    for position, origin in enumerate(origins):
        reached = nx.single_source_dijkstra_path_length(graph, origin, weight="metres")
        for node, target, metres in zip(*(column.tolist() for column in stops), strict=True):
            if node in reached and reached[node] + metres <= limits_m[target]:
                way = min(reached[node] + metres, expected.get((position, target), np.inf))
                expected[position, target] = way
    return expected


@st.composite
def networks(draw: st.DrawFn) -> tuple[int, list[int], list[Link], Links, list[float]]:
    """Nodes, origins, streets with loops and parallels, stops, and a limit per target."""
    nodes, targets = draw(st.integers(1, 12)), draw(st.integers(1, 6))
    node, metres = st.integers(0, nodes - 1), st.sampled_from(draw(st.sampled_from([NEAR, FAR])))
    streets = draw(st.lists(st.tuples(node, node, metres), max_size=40))
    stops = draw(st.lists(st.tuples(node, st.integers(0, targets - 1), st.sampled_from(NEAR)), max_size=12))
    origins = draw(st.lists(node, max_size=5))
    limits_m = draw(st.lists(st.sampled_from([0.0, 1.0, 4.0, 251.0, 1e13, np.inf]), min_size=targets, max_size=targets))
    return nodes, origins, streets, links(stops), limits_m


@settings(max_examples=400, deadline=None)
@given(network=networks())
def test_as_networkx_finds_it(network: tuple[int, list[int], list[Link], Links, list[float]]) -> None:
    nodes, origins, streets, stops, limits_m = network
    # Not approximately: both add up the same links in the same order, and no order of the queue may show.
    assert found(origins, streets, stops, limits_m) == oracle(nodes, origins, streets, stops, limits_m)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), limit_m=st.sampled_from([150.0, 500.0, np.inf]))
def test_larger_networks_as_networkx_finds_them(seed: int, limit_m: float) -> None:
    rng = np.random.default_rng(seed)
    start, end, metres = rng.integers(0, 200, 600), rng.integers(0, 200, 600), rng.uniform(0, 100, 600)
    streets = list(zip(start.tolist(), end.tolist(), metres.tolist(), strict=True))
    origins, limits_m = rng.integers(0, 200, 8).tolist(), [limit_m] * 200
    assert found(origins, streets, doors(200), limits_m) == oracle(200, origins, streets, doors(200), limits_m)


def test_the_limit_is_within_and_each_targets_own() -> None:
    streets = [(0, 1, 500.0), (1, 2, 500.0)]
    assert found([0], streets, doors(3), [0, 500, 1000]) == {(0, 0): 0, (0, 1): 500, (0, 2): 1000}
    assert found([0], streets, doors(3), [0, 499.999, 1000]) == {(0, 0): 0, (0, 2): 1000}
    assert found([0], streets, doors(3), [0, 500, 999.999]) == {(0, 0): 0, (0, 1): 500}


def test_against_one_way_and_across_to_an_island_nobody_comes() -> None:
    streets = [(0, 1, 10.0), (2, 3, 10.0)]
    assert found([1, 3, 0], streets, doors(4), [np.inf] * 4) == {(0, 1): 0, (1, 3): 0, (2, 0): 0, (2, 1): 10}


def test_streets_of_no_length_lead_on() -> None:
    ring = [(0, 1, 0.0), (1, 2, 0.0), (2, 0, 0.0), (2, 3, 7.0)]
    assert found([1], ring, doors(4), [7.0] * 4) == {(0, 0): 0, (0, 1): 0, (0, 2): 0, (0, 3): 7}


def test_a_target_is_met_by_its_nearest_stop() -> None:
    # From node 0 the target is 30 m off, from node 1 5 m: 20 + 5 = 25; the stop at node 2 no street leads to.
    stops = links([(0, 0, 30.0), (1, 0, 5.0), (2, 0, 1.0)])
    assert found([0, 2], [(0, 1, 20.0)], stops, [100.0]) == {(0, 0): 25, (1, 0): 1}


def test_the_queue_grows_and_forgets_nothing() -> None:
    # 0 leads to 600 hubs at 1,001 to 1,600 m, the first of them 2 m on to each of 3,000 leaves: 599 wait when it grows.
    hubs = [(0, n, 1000.0 + n) for n in range(1, 601)]
    leaves = [(1, n, 2.0) for n in range(601, 3601)]
    yards = [(n, 3600 + n, 5.0) for n in range(2, 601)]
    pairs = found([0], hubs + leaves + yards, doors(4201), [np.inf] * 4201)
    expected = {0: 0, **{n: 1000 + n for n in range(1, 601)}, **dict.fromkeys(range(601, 3601), 1003)}
    expected |= {3600 + n: 1005 + n for n in range(2, 601)}
    assert pairs == {(0, n): metres for n, metres in expected.items()}


@pytest.mark.parametrize(
    ("origins", "streets", "targets"), [([], [(0, 1, 1.0)], 2), ([0], [], 1), ([0], [], 0), ([], [], 0)]
)
def test_with_nothing_there(origins: list[int], streets: list[Link], targets: int) -> None:
    expected = {(0, 0): 0} if origins and targets else {}
    assert found(origins, streets, doors(targets), [9.0] * targets) == expected


def city(nodes: int) -> tuple[np.ndarray, Links, Links, np.ndarray]:
    rng = np.random.default_rng(3)
    streets = Links(rng.integers(0, nodes, 3 * nodes), rng.integers(0, nodes, 3 * nodes), rng.uniform(1, 9, 3 * nodes))
    return rng.integers(0, nodes, 500), streets, doors(nodes), rng.uniform(0, 12, nodes)


def test_threads_and_room_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = find_catchments(*city(400), threads=1)
    assert set(alone[0].tolist()) <= set(range(500))
    assert len(alone[0]) > 3_000
    for threads in (2, 3, None):
        for one, other in zip(alone, find_catchments(*city(400), threads=threads), strict=True):
            np.testing.assert_array_equal(one, other)
    monkeypatch.setattr(
        _catchments, "_PARAMS", replace(_catchments._PARAMS, pairs_at_once=0)
    )  # no more than one origin's pairs before room is made
    for one, other in zip(alone, find_catchments(*city(400), threads=2), strict=True):
        np.testing.assert_array_equal(one, other)


def test_memory_grows_with_the_pairs_not_with_origins_times_nodes() -> None:
    # A street of 30,000 nodes a metre apart: within 2 m of each origin lie itself and two on either side.
    nodes = 30_000
    here = np.arange(nodes - 1)
    streets = Links(np.r_[here, here + 1], np.r_[here + 1, here], np.ones(2 * (nodes - 1)))
    origins = np.arange(2, nodes - 2, 3)
    stops, limits_m = doors(nodes), np.full(nodes, 2.0)
    tracemalloc.start()
    origin, target, metres = find_catchments(origins, streets, stops, limits_m, threads=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(origin) == 5 * len(origins)
    assert origin.nbytes + target.nbytes + metres.nbytes == 16 * len(origin)
    # Two threads with room for 2**20 pairs of 12 bytes each are 25 MB; 9,999 origins x 30,000 nodes would be 2,400.
    assert peak < 60e6


def test_what_is_given_stays() -> None:
    given_, kept = city(50), city(50)
    for array in (given_[0], *given_[1], *given_[2], given_[3]):
        array.flags.writeable = False
    find_catchments(*given_)
    for array, copy in zip(
        (given_[0], *given_[1], *given_[2], given_[3]), (kept[0], *kept[1], *kept[2], kept[3]), strict=True
    ):
        np.testing.assert_array_equal(array, copy)
