"""Residents of 20,000 zones from a 100 m raster: exactextract in windows against rasterstats, same data.

    python benchmarks/population.py [ZONES] [REPEATS]

Prints seconds (of ours the best of REPEATS runs, default 3), how many times faster, and how far the sums are apart.
rasterstats comes with tobler and gets the raster in memory, where it is about ten times faster than from the file. It
counts a cell where its centre lies: here cells and zones share borders, so that both must find the same people.
"""

import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from rasterstats import zonal_stats

from planner.sources.people.population import residents_from_raster
from planner.sources.zones import make_zones

CRS, EAST, NORTH = 32649, 500_000, 4_150_000
SIDE_M, CELL_M, ZONES_ACROSS = 500, 100, 200


def main(zones: int, repeats: int) -> None:
    """Print the comparison."""
    up = max(1, zones // ZONES_ACROSS)
    with tempfile.TemporaryDirectory() as folder:
        file = write_people(Path(folder) / "people.tif", up)
        squares = squares_of(up)
        ours_s, ours = best_of(repeats, lambda: residents_from_raster(file, squares, lambda en, zh: None))
        theirs_s, theirs = best_of(1, lambda: by_rasterstats(file, squares))
    print(f"{len(squares):,} zones of {SIDE_M} m, cells of {CELL_M} m, {os.cpu_count()} cores")
    print(f"exactextract in windows  {ours_s:6.2f} s   {ours.sum():,.3f} residents")
    print(f"rasterstats              {theirs_s:6.2f} s   {theirs.sum():,.3f} residents")
    print(f"{theirs_s / ours_s:.1f} times faster; sums differ by {abs(ours.sum() / theirs.sum() - 1):.1e}")
    print(f"zones differ by {(ours - theirs).abs().max():.1e} residents at most")


def write_people(file: Path, up: int) -> Path:
    """A tiled, compressed raster of people per cell that covers the zones and 1 km around them."""
    rows, columns = (zones * SIDE_M // CELL_M + 20 for zones in (up, ZONES_ACROSS))
    people = np.random.default_rng(1).gamma(0.2, 20, (rows, columns)).astype("float32")
    grid = rasterio.Affine(CELL_M, 0, EAST - 1000, 0, -CELL_M, NORTH - 1000 + rows * CELL_M)
    how = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "deflate", "nodata": -99999}
    with rasterio.open(
        file, "w", driver="GTiff", width=columns, height=rows, count=1, dtype="float32", crs=CRS, transform=grid, **how
    ) as raster:
        raster.write(people, 1)
    return file


def squares_of(up: int) -> gpd.GeoDataFrame:
    """Zones whose borders are borders of cells."""
    area = shapely.box(EAST, NORTH, EAST + ZONES_ACROSS * SIDE_M, NORTH + up * SIDE_M)
    return make_zones(gpd.GeoDataFrame(index=["city"], geometry=[area], crs=CRS), SIDE_M)


def by_rasterstats(file: Path, squares: gpd.GeoDataFrame) -> pd.Series:
    """The same sums by the usual tool, in the way it is fastest: the whole raster in memory."""
    with warnings.catch_warnings(), rasterio.open(file) as raster:
        warnings.simplefilter("ignore")  # its dependencies announce their own deprecations
        stats = zonal_stats(squares, raster.read(1), affine=raster.transform, nodata=raster.nodata, stats=["sum"])
    return pd.Series([row["sum"] or 0.0 for row in stats], index=squares.index, dtype=float)


def best_of(repeats: int, run: Callable[[], pd.Series]) -> tuple[float, pd.Series]:
    """Seconds of the fastest run and its result."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        found = run()
        seconds.append(time.perf_counter() - start)
    return min(seconds), found


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:3]]
    main(given[0] if given else 20_000, given[1] if len(given) > 1 else 3)
