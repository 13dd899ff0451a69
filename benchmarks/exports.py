"""Seconds and memory of a plan's exports: 10,000 sites with new chargers, all of it SYNTHETIC (made up, no real place).

    python benchmarks/exports.py [SITES] [postgresql://...]

Toytown's plan with its tables replaced by as many rows as a large city has: 10,000 chosen of 15,000 candidate sites,
three zones and six rows of the assignment to a site, two charger types each. Prints seconds, seconds of the processor
(the same where nothing else runs) and megabytes by format, their sums and the process's peak memory; with the address
of a PostGIS database also the seconds of writing into it.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner import make_plan, read_scenario
from planner.exports.content import Content, Layer, content_of
from planner.exports.files import FILE_TARGETS
from planner.exports.postgis import write_postgis

KINDS = ("hospital", "mall", "station", "parking")
SPAN_M = 60_000


def main(count: int, address: str | None) -> None:
    """Print the seconds."""
    content = synthetic(count)
    before_mb = peak_mb()
    rows = {name: f"{len(content.table(name)):,}" for name in ("sites", "candidates", "zones", "assignment")}
    print(f"SYNTHETIC plan: {', '.join(f'{number} {name}' for name, number in rows.items())}")
    spent = []
    with tempfile.TemporaryDirectory() as folder:
        for name, target in FILE_TARGETS.items():
            place = Path(folder) / target.place
            if not target.suffix:
                place.mkdir()
            spent.append(timed(name, lambda target=target, place=place: target.write(content, place)))
            files = [place] if place.is_file() else list(place.iterdir())
            print(f" {sum(file.stat().st_size for file in files) / 1e6:8.1f} MB")
    seconds, processor = (sum(part) for part in zip(*spent, strict=True))
    print(f"{'all files':12} {seconds:6.2f} s {processor:6.2f} s; peak {peak_mb():,.0f} MB, before {before_mb:,.0f}")
    if address is not None:
        timed("postgis", lambda: write_postgis(content, address))
        print(f"; peak {peak_mb():,.0f} MB")


def timed(name: str, write: Callable[[], object]) -> tuple[float, float]:
    """Seconds and seconds of the processor that a format takes, printed."""
    start, begun = time.perf_counter(), time.process_time()
    write()
    spent = time.perf_counter() - start, time.process_time() - begun
    print(f"{name:12} {spent[0]:6.2f} s {spent[1]:6.2f} s", end="")
    return spent


def peak_mb() -> float:
    """Of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def synthetic(count: int) -> Content:
    """Toytown's plan blown up to so many chosen sites; the same every time."""
    town = content_of(make_plan(read_scenario("toytown/toytown")))
    draw = np.random.default_rng(1)
    all_sites = grown(town.spatial("candidates"), count * 3 // 2, "site_id", draw)
    all_sites["chosen"] = np.arange(len(all_sites)) < count
    all_sites["name_zh"] = [f"合成站点 {n}" for n in range(len(all_sites))]
    sites = grown(town.spatial("sites"), count, "site_id", draw).set_geometry(all_sites.geometry[:count])
    sites["name_zh"], sites["kind"] = all_sites["name_zh"][:count], draw.choice(KINDS, count)
    zones = grown(town.spatial("zones"), count * 3, "zone_id", draw)
    chosen = np.repeat(sites["site_id"].to_numpy(), 2)
    kinds = np.tile(["ac", "dc"], count)
    chargers = pd.DataFrame({"site_id": chosen, "charger_type": kinds, "existing_count": 0, "new_count": 1})
    added = pd.DataFrame({"year": town.scenario.year, "site_id": chosen, "charger_type": kinds, "count": 1})
    going = pd.DataFrame(
        {
            "year": town.scenario.year,
            "zone_id": np.resize(zones["zone_id"].to_numpy(), count * 6),
            "site_id": np.repeat(sites["site_id"].to_numpy(), 6),
            "service": np.tile(["slow", "fast"], count * 3),
            "energy_kwh_day": draw.uniform(1, 500, count * 6),
        }
    ).drop_duplicates(["zone_id", "site_id", "service"])
    tables = {"zones": zones, "sites": sites, "candidates": all_sites}
    tables |= {"chargers": chargers, "added": added, "assignment": going}
    layers = {name: Layer(tables.get(name, layer.table), layer.words) for name, layer in town.layers.items()}
    return Content(town.scenario, {"plan_id": "synthetic", **town.summary}, layers)


def grown(table: gpd.GeoDataFrame, count: int, key: str, draw: np.random.Generator) -> gpd.GeoDataFrame:
    """The rows of a table over and over, under new ids, at places drawn over a square; areas become squares."""
    rows = table.iloc[np.arange(count) % len(table)].reset_index(drop=True)
    rows[key] = [f"{key[0]}{n:06d}" for n in range(count)]
    east, north = 600_000 + draw.uniform(0, SPAN_M, count), 4_150_000 + draw.uniform(0, SPAN_M, count)
    areas = table.geom_type.iloc[0] != "Point"
    shapes = (
        shapely.multipolygons(shapely.box(east, north, east + 500, north + 500)[:, None])
        if areas
        else shapely.points(east, north)
    )
    return rows.set_geometry(gpd.GeoSeries(shapes, crs=table.crs))


if __name__ == "__main__":
    numbers = [argument for argument in sys.argv[1:] if argument.isdecimal()]
    addresses = [argument for argument in sys.argv[1:] if "://" in argument]
    main(int(numbers[0]) if numbers else 10_000, addresses[0] if addresses else None)
