"""Choose p sites within 2,000 m driving of the most demand, side by side: ``python benchmarks/location.py M L XL``.

One table a city: ours, greedy, PuLP + HiGHS and PuLP + CBC on the plain model with ten times our seconds (S and M; they
find nothing useful beyond), and spopt where its dense matrix fits (S). One warming call first compiles. Every gap is
against our bound. Peak memory is the process's highest so far, the tables included but not the making of them.
Settings were tuned on seeds 1, 2 and 3; judge on others: ``python benchmarks/location.py M --seeds 7 8``.
"""

from __future__ import annotations

import argparse
import heapq
import multiprocessing
import resource
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import highspy
import numpy as np
import pandas as pd
import pulp
from cities import make_city

from planner.location import max_cover

SITES = {"S": 50, "M": 300, "L": 500, "XL": 500}
LIMIT_M = 2_000.0


def main() -> None:
    """Print a table for every size and seed asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("sizes", nargs="*", default=["M"], choices=list(SITES), metavar="SIZE")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--alone", action="store_true", help="ours and greedy only")
    options = parser.parse_args()
    max_cover(*_town("S", 1), LIMIT_M, SITES["S"], effort=0.01)
    for size in options.sizes:
        for seed in options.seeds:
            _compare(size, seed, options.alone)


def _town(size: str, seed: int) -> tuple[pd.Series, pd.DataFrame]:
    """Demand by zone and metres by (zone, site), made in a process of its own: making them takes more than reading."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_made, size, seed).result()


def _made(size: str, seed: int) -> tuple[pd.Series, pd.DataFrame]:
    city = make_city(size, "balanced", seed)
    return city.demand["energy_kwh_day"].droplevel("service"), city.access.droplevel("mode")


def _compare(size: str, seed: int, alone: bool) -> None:
    weights, access = _town(size, seed)
    sites = SITES[size]
    print(f"\n{size}, seed {seed}: {len(weights):,} zones, {len(access):,} pairs, {sites} sites")
    print(f"{'by':16}{'value':>12}{'bound':>12}{'gap':>9}{'seconds':>9}{'peak MB':>9}")
    start = time.perf_counter()
    found = max_cover(weights, access, LIMIT_M, sites)
    seconds = time.perf_counter() - start
    _row("ours", found.value, found.bound, found.bound, seconds)
    ways: dict[str, Callable[[], float]] = {"lazy greedy": lambda: _greedy(weights, access, sites)}
    if size in ("S", "M") and not alone:
        ways |= {
            name: lambda name=name: _plain(weights, access, sites, name, 10 * seconds) for name in ("HiGHS", "CBC")
        }
    if size == "S" and not alone:
        ways["spopt"] = lambda: _spopt(weights, access, sites)
    for name, way in ways.items():
        start = time.perf_counter()
        try:
            _row(name, way(), None, found.bound, time.perf_counter() - start)
        except pulp.PulpError as error:
            print(f"{name:16}{error}")


def _row(name: str, value: float, bound: float | None, best_bound: float, seconds: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    gap = (best_bound - value) / max(value, 1e-9)
    shown = "" if bound is None else f"{bound:,.0f}"
    print(f"{name:16}{value:12,.0f}{shown:>12}{gap:9.3%}{seconds:9.1f}{peak:9,.0f}", flush=True)


def _sets(weights: pd.Series, access: pd.DataFrame) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Weight by zone number and the zone numbers of each site."""
    near = access.index[access["metres"].to_numpy() <= LIMIT_M]
    zone = weights.index.get_indexer(near.get_level_values("zone_id"))
    return weights.to_numpy(), pd.Series(zone).groupby(near.get_level_values("site_id").to_numpy()).agg(
        np.array
    ).to_dict()


def _greedy(weights: pd.Series, access: pd.DataFrame, sites: int) -> float:
    """Each time the site that adds most, its worth looked at again only when it leads (the building is timed too)."""
    weight, zones = _sets(weights, access)
    left = weight.copy()
    heap = [(-left[i].sum(), j) for j, i in zones.items()]
    heapq.heapify(heap)
    for _ in range(sites):
        while (now := (-left[zones[heap[0][1]]].sum(), heap[0][1])) != heap[0]:
            heapq.heapreplace(heap, now)
        left[zones[heapq.heappop(heap)[1]]] = 0.0
    return float((weight - left).sum())


def _plain(weights: pd.Series, access: pd.DataFrame, sites: int, solver: str, seconds: float) -> float:
    """The textbook model; what its answer covers, whatever the solver says of it."""
    weight, zones = _sets(weights, access)
    problem = pulp.LpProblem("max_cover", pulp.LpMinimize)
    x = {j: problem.add_variable(f"x_{j}", 0, 1, "Integer") for j in zones}
    at: dict[int, list[str]] = {}
    for j, here in zones.items():
        for i in here.tolist():
            at.setdefault(i, []).append(j)
    z = {i: problem.add_variable(f"z_{i}", 0, 1) for i in at}
    problem.setObjective(pulp.lpSum(-float(weight[i]) * v for i, v in z.items()))
    for i, near in at.items():
        problem.addConstraint(z[i] <= pulp.lpSum(x[j] for j in near))
    problem.addConstraint(pulp.lpSum(x.values()) == sites)
    name = {"HiGHS": "HiGHS", "CBC": "PULP_CBC_CMD" if "PULP_CBC_CMD" in pulp.listSolvers() else "COIN_CMD"}[solver]
    highspy.Highs.resetGlobalScheduler(True)  # ours has set it to one thread
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        problem.solve(pulp.getSolver(name, msg=False, timeLimit=seconds, threads=2))
    chosen = [j for j, v in x.items() if (v.varValue or 0) > 0.5]
    hit = np.zeros(len(weight), bool)
    for j in chosen:
        hit[zones[j]] = True
    return float(weight[hit].sum())


def _spopt(weights: pd.Series, access: pd.DataFrame, sites: int) -> float:
    from spopt.locate import MCLP

    metres = access.pivot_table("metres", "zone_id", "site_id").reindex(weights.index).fillna(1e9).to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MCLP.from_cost_matrix(metres, weights.to_numpy(), LIMIT_M, p_facilities=sites)
        return float(model.solve(pulp.getSolver("HiGHS", msg=False)).problem.objective.value())


if __name__ == "__main__":
    main()
