"""Conversion to WGS 84, a million points at once against prcoords point by point: ``python benchmarks/datum.py``.

prcoords is timed on a sample and scaled up; its iterated inverse is the one of comparable accuracy. Errors are against
the points the given coordinates were made from.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import prcoords
from pyproj import Geod

from planner.sources.datum import from_wgs84, to_wgs84

POINTS, SAMPLE, REPEATS = 1_000_000, 20_000, 3
Pair = tuple[np.ndarray, np.ndarray]


def main() -> None:
    """Print seconds per million points and the largest error of each way, for both datums."""
    draw = np.random.default_rng(1)
    lon, lat = draw.uniform(73.5, 135, POINTS), draw.uniform(18, 53.5, POINTS)
    print(f"to WGS 84, {POINTS:,} points over China (prcoords: {SAMPLE:,}, scaled); best of {REPEATS}, one core\n")
    print(f"{'datum':7}{'by':24}{'s per million':>15}{'largest error, m':>18}")
    for datum, rough, iterated in (
        ("gcj02", prcoords.gcj_wgs, prcoords.gcj_wgs_bored),
        ("bd09", prcoords.bd_wgs, prcoords.bd_wgs_bored),
    ):
        x, y = from_wgs84(lon, lat, datum)
        part = slice(0, SAMPLE)
        ways: dict[str, tuple[Callable[[], Pair], slice]] = {
            "planner": (lambda x=x, y=y, d=datum: to_wgs84(x, y, d), slice(None)),
            "prcoords, iterated": (lambda x=x[part], y=y[part], f=iterated: _each(f, x, y), part),
            "prcoords, one step": (lambda x=x[part], y=y[part], f=rough: _each(f, x, y), part),
        }
        for name, (convert, rows) in ways.items():
            seconds, found = _timed(convert)
            per_million = seconds * 1_000_000 / len(found[0])
            error_m = Geod(ellps="WGS84").inv(*found, lon[rows], lat[rows])[2].max()
            print(f"{datum:7}{name:24}{per_million:15.2f}{error_m:18.1e}")


def _each(convert: Callable[[tuple[float, float]], tuple[float, float]], x: np.ndarray, y: np.ndarray) -> Pair:
    found = np.array([convert((b, a)) for a, b in zip(x.tolist(), y.tolist(), strict=True)])
    return found[:, 1], found[:, 0]


def _timed(convert: Callable[[], Pair]) -> tuple[float, Pair]:
    """The least processor time of some runs, and what came out."""
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        found = convert()
        seconds.append(time.process_time() - start)
    return min(seconds), found


if __name__ == "__main__":
    main()
