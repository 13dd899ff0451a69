"""Serve every zone from few sites of many, side by side: ``python benchmarks/median.py 400,5 800,10``.

Each instance is zones,sites: random roads as in the p-median problems of the OR-Library (a tree and more roads, zones^2
/ 50 in all, lengths of 1 to 100), every zone a site, shortest ways. Ours, and HiGHS alone on the textbook program with
ten times our seconds. Seconds are those of the processor. The tree's settings were tuned on seeds 1, 2 and 3.
"""

from __future__ import annotations

import argparse
import time

import highspy
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import shortest_path

from planner.location import p_median


def main() -> None:
    """Print two lines for every instance and seed asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("instances", nargs="*", default=["400,5", "800,5", "800,10"], metavar="ZONES,SITES")
    parser.add_argument("--seeds", nargs="+", type=int, default=[7])
    parser.add_argument("--alone", action="store_true", help="ours only")
    options = parser.parse_args()
    p_median(*_tables(_ways(60, 1)), 4)  # compiles
    print(f"{'zones':>6}{'sites':>6}{'seed':>6}  {'by':8}{'value':>10}{'bound':>12}{'seconds':>9}")
    for instance in options.instances:
        zones, sites = map(int, instance.split(","))
        for seed in options.seeds:
            ways = _ways(zones, seed)
            start = time.process_time()
            found = p_median(*_tables(ways), sites)
            seconds = time.process_time() - start
            _row(zones, sites, seed, "ours", found.value, found.bound, seconds)
            if not options.alone:
                start = time.process_time()
                value, bound = _textbook(ways, sites, max(5.0, 10 * seconds))
                _row(zones, sites, seed, "HiGHS", value, bound, time.process_time() - start)


def _row(zones: int, sites: int, seed: int, by: str, value: float, bound: float, seconds: float) -> None:
    print(f"{zones:6}{sites:6}{seed:6}  {by:8}{value:10,.0f}{bound:12,.1f}{seconds:9.1f}", flush=True)


def _ways(zones: int, seed: int) -> np.ndarray:
    """Shortest ways between all zones."""
    draw = np.random.default_rng(seed)
    order, roads = draw.permutation(zones), {}
    for k in range(1, zones):
        roads[order[k], order[draw.integers(k)]] = int(draw.integers(1, 101))
    while len(roads) < zones * zones // 50:
        a, b = draw.integers(0, zones, 2)
        if a != b:
            roads[a, b] = int(draw.integers(1, 101))
    ends = np.array(list(roads)).T
    graph = sparse.coo_matrix((np.array(list(roads.values()), float), ends), (zones, zones)).tocsr()
    return np.asarray(shortest_path(graph, directed=False))


def _tables(ways: np.ndarray) -> tuple[pd.Series, pd.DataFrame]:
    zones = range(len(ways))
    index = pd.MultiIndex.from_product([zones, zones], names=["zone_id", "site_id"])
    return pd.Series(1.0, index=zones), pd.DataFrame({"metres": ways.ravel()}, index=index)


def _textbook(ways: np.ndarray, sites: int, seconds: float) -> tuple[float, float]:
    """HiGHS on x by pair and y by site: each zone once, only where open, `sites` open; its value and bound."""
    n = len(ways)
    pair = np.arange(n * n)
    zone, site = np.divmod(pair, n)
    once = sparse.csr_matrix((np.ones(n * n), (zone, pair)), (n, n * n + n))
    where = sparse.csr_matrix((np.r_[np.ones(n * n), -np.ones(n * n)], (np.r_[pair, pair], np.r_[pair, n * n + site])))
    count = sparse.csr_matrix(np.r_[np.zeros(n * n), np.ones(n)][None])
    rows = sparse.vstack([once, where, count]).tocsr()
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = n * n + n, rows.shape[0]
    model.col_cost_, model.col_lower_ = np.r_[ways.ravel(), np.zeros(n)], np.zeros(n * n + n)
    model.col_upper_ = np.ones(n * n + n)
    model.row_lower_ = np.r_[np.ones(n), np.full(n * n, -np.inf), sites]
    model.row_upper_ = np.r_[np.ones(n), np.zeros(n * n), sites]
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = rows.indptr, rows.indices, rows.data
    model.integrality_ = [highspy.HighsVarType.kContinuous] * (n * n) + [highspy.HighsVarType.kInteger] * n
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("time_limit", seconds)
    highs.passModel(model)
    highs.run()
    return highs.getInfo().objective_function_value, highs.getInfo().mip_dual_bound


if __name__ == "__main__":
    main()
