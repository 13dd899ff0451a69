"""Who is within 3 and 9 km of 5,000 sites on 112,820 street nodes: the planner's search, scipy's and networkx's.

    python benchmarks/access.py [SITES]

The seeded street graph of `cities.py`, sites at random nodes, pairs of site and node. The planner's seconds include all
it does, the others' only their searches, one site at a time; best of three but for networkx, which at 9 km searches
from some sites only and is scaled up. Every pair found is compared. Memory is the process's peak above what it held
before (Linux): the planner's with all its pairs, the others' with those of one site.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import networkx as nx
import numpy as np
import scipy.sparse as sp
from cities import street_graph
from scipy.sparse.csgraph import dijkstra

from planner.access.catchments import Links, find_catchments

SAMPLE = 250  # sites networkx searches from at 9 km
Found = tuple[np.ndarray, np.ndarray]  # nodes in order, and the metres to them


def main(sites: int) -> None:
    """Print the comparison."""
    graph, _ = street_graph()
    site = np.random.default_rng(5).choice(graph.shape[0], sites, replace=False)
    start = time.perf_counter()
    catchments(graph[:2, :2], np.array([0]), 1.0, None)
    print(f"compiled or loaded in {time.perf_counter() - start:.2f} s; {graph.shape[0]:,} nodes, {graph.nnz:,} links")
    whole = nx.from_scipy_sparse_array(graph, create_using=nx.DiGraph, edge_attribute="metres")
    print(f"{'reach':6}{'tool':28}{'seconds':>9}{'x ours':>8}{'pairs':>12}{'apart, m':>10}{'memory, MB':>12}")
    for limit_m in (3_000.0, 9_000.0):
        ours_s, memory_mb, found = best_of(3, lambda m=limit_m: catchments(graph, site, m, None))
        row(limit_m, "planner", ours_s, ours_s, len(found[1]), 0.0, memory_mb)
        one_s, memory_mb, alone = best_of(3, lambda m=limit_m: catchments(graph, site, m, 1))
        row(limit_m, "planner, one thread", one_s, ours_s, len(alone[1]), apart(rows(*found), rows(*alone)), memory_mb)
        pairs = len(found[1])
        expected = list(rows(*found))
        del alone, found
        scipy_s, memory_mb, gap = min(searched(by_scipy, graph, site, limit_m, expected) for _ in range(3))
        row(limit_m, "scipy", scipy_s, ours_s, pairs, gap, memory_mb)
        some = site if limit_m < 5_000 else site[:SAMPLE]
        nx_s, memory_mb, gap = searched(by_networkx, whole, some, limit_m, expected)
        name = "networkx" if len(some) == sites else f"networkx, {len(some)} sites scaled"
        pairs = sum(len(node) for node, _ in expected[: len(some)])
        row(limit_m, name, nx_s * sites / len(some), ours_s, pairs, gap, memory_mb)


def catchments(
    graph: sp.csr_matrix, site: np.ndarray, limit_m: float, threads: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The planner's answer, every node a target: sites by position, nodes and metres."""
    links, node = graph.tocoo(), np.arange(graph.shape[0])
    streets, stops = Links(links.row, links.col, links.data), Links(node, node, np.zeros(len(node)))
    return find_catchments(site, streets, stops, np.full(len(node), limit_m), threads)


def rows(site: np.ndarray, node: np.ndarray, metres: np.ndarray) -> Iterator[Found]:
    """Site by site."""
    by_site = np.argsort(site, kind="stable")
    for row in np.split(by_site, np.flatnonzero(np.diff(site[by_site])) + 1):
        row = row[np.argsort(node[row])]
        yield node[row], metres[row]


def by_scipy(graph: sp.csr_matrix, site: int, limit_m: float) -> np.ndarray:
    """Metres to all nodes."""
    return dijkstra(graph, indices=site, limit=limit_m)


def by_networkx(graph: nx.DiGraph, site: int, limit_m: float) -> dict[int, float]:
    """Metres to the nodes within reach."""
    return nx.single_source_dijkstra_path_length(graph, site, cutoff=limit_m, weight="metres")


def searched(
    search: Callable, graph: object, site: np.ndarray, limit_m: float, expected: list[Found]
) -> tuple[float, float, float]:
    """Seconds of the searches alone, memory, and how far the answers lie from the expected ones."""
    before_mb = held_mb()
    seconds = gap = 0.0
    for one, ours in zip(site.tolist(), expected, strict=False):
        start = time.perf_counter()
        answer = search(graph, one, limit_m)
        seconds += time.perf_counter() - start
        if isinstance(answer, dict):
            node = np.fromiter(answer, int)
            metres = np.fromiter(answer.values(), float)[np.argsort(node)]
            node.sort()
        else:
            node = np.flatnonzero(np.isfinite(answer))
            metres = answer[node]
        gap = max(gap, apart([ours], [(node, metres)]))
    return seconds, peak_mb() - before_mb, gap


def apart(some: Iterator[Found] | list[Found], others: Iterator[Found] | list[Found]) -> float:
    """The largest difference in metres; infinite where the pairs are not the same."""
    gap = 0.0
    for (node, metres), (other_node, other_metres) in zip(some, others, strict=True):
        if not np.array_equal(node, other_node):
            return float("inf")
        gap = max(gap, float(np.max(np.abs(metres - other_metres), initial=0.0)))
    return gap


def best_of(times: int, run: Callable) -> tuple[float, float, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Least seconds, memory, and the answer."""
    seconds = float("inf")
    for _ in range(times):
        answer = None  # the memory of one answer only
        before_mb = held_mb()
        start = time.perf_counter()
        answer = run()
        seconds = min(seconds, time.perf_counter() - start)
    return seconds, peak_mb() - before_mb, answer


def held_mb() -> float:
    """Memory held; the peak counts from now on."""
    Path("/proc/self/clear_refs").write_text("5")
    return status_mb("VmRSS")


def peak_mb() -> float:
    """Most memory held since."""
    return status_mb("VmHWM")


def status_mb(key: str) -> float:
    """A figure of the process in MB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(key))
    return int(line.split()[1]) / 1024


def row(limit_m: float, tool: str, seconds: float, ours_s: float, pairs: int, gap_m: float, memory_mb: float) -> None:
    """Print a line of the table."""
    figures = f"{seconds:9.2f}{seconds / ours_s:8.1f}{pairs:12,}{gap_m:10.1e}{memory_mb:12.0f}"
    print(f"{limit_m / 1000:.0f} km  {tool:28}{figures}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)
