"""Demand of 30,000 zones, 14 fleets and 24 hours: the planner's matrices against the same sums by a loop over fleets.

    python benchmarks/demand.py [ZONES]

Taiyuan's scenario, streets and places; zones are squares drawn over the city. Prints seconds of both, their ratio, the
largest difference and the process's peak memory. The loop gets the planner's attractor weights: only the spreading over
zones and hours is compared; the planner's seconds are given with and without the weights.
"""

import resource
import sys
import time

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.demand import attractor_weights, fleet_energy, hourly_load
from planner.demand.hours import hours_of
from planner.layers import read_layers
from planner.scenario import read_scenario


def main(count: int) -> None:
    """Print the comparison."""
    scenario = read_scenario()
    layers = read_layers(scenario.study_area)
    zones = squares(layers.districts, count)
    start = time.perf_counter()
    load = hourly_load(zones, layers.places, layers.streets, scenario)
    whole_s = time.perf_counter() - start
    start = time.perf_counter()
    weights = attractor_weights(zones, layers.places, layers.streets, scenario)
    weights_s = time.perf_counter() - start
    start = time.perf_counter()
    looped = by_loop(weights, fleet_energy(scenario, zones)["public_kwh_day"], scenario)
    loop_s = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(zones):,} zones, {len(scenario.fleets)} fleets, {len(scenario.services)} services, 24 hours")
    print(f"planner, all of it        {whole_s:6.2f} s, of that attractor weights with traffic {weights_s:.2f} s")
    print(f"spreading over the hours  {max(whole_s - weights_s, 0):6.2f} s, by a loop {loop_s:.2f} s")
    print(
        f"largest difference {(load - looped.reindex(load.index)).abs().to_numpy().max():.1e} kW; peak {peak_mb:.0f} MB"
    )


def squares(districts: gpd.GeoDataFrame, count: int) -> gpd.GeoDataFrame:
    """About `count` equal squares over the city, residents at random."""
    west, south, east, north = districts.total_bounds
    side = np.sqrt((east - west) * (north - south) / count)
    x, y = np.meshgrid(np.arange(west, east, side), np.arange(south, north, side))
    shapes = shapely.box(x.ravel(), y.ravel(), x.ravel() + side, y.ravel() + side)
    people = np.random.default_rng(1).gamma(0.3, 600, len(shapes)).round()
    table = {"residents": people, "ring": "urban"}
    index = pd.Index([f"z{n:05d}" for n in range(len(shapes))], name="zone_id")
    return gpd.GeoDataFrame(table, geometry=shapes, crs=districts.crs, index=index)


def by_loop(weights: pd.DataFrame, public: pd.Series, scenario: object) -> pd.DataFrame:
    """The same load, one fleet, service and hour at a time."""
    parts = {}
    for name, fleet in scenario.fleets.items():
        for service, part in fleet.services.items():
            spread = sum(weights[a] * w for a, w in fleet.follows[service].items())
            for hour, share in enumerate(hours_of(fleet, service, scenario)):
                load = spread * public[name] * part * share
                parts[service, hour] = parts.get((service, hour), 0.0) + load
    services = sorted({service for service, _ in parts})
    tables = {s: pd.DataFrame({h: parts[s, h] for h in range(24)}) for s in services}
    return pd.concat(tables, names=["service", "zone_id"]).swaplevel()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30_000)
