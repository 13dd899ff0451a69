"""Where else the drivers of the new stations could go: each with every site within reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.siting import Problem

_LEAST_SLOPE = 1e-6


@dataclass(frozen=True)
class Ways:
    """Drivers (a zone's of one service at one site with new chargers) and the ways that they could go.

    Attributes
    ----------
    drivers
        Rows zone_id, site_id, service, energy_kwh_day, metres, worth_kwh_day, sorted by site, service and zone; with
        ``site`` (position in the table of sites).
    driver, site, metres
        Way: position of the driver, position of a site within the reach of its zone (its own is one), metres there.
    worth
        Way: worth of a kWh as siting weighs it, 1 at the door, ``edge_worth`` at the limit of reach.
    preferred
        Way: what a driver goes by: the worth; where every way is worth the same the shorter one is preferred by a hair.
    """

    drivers: pd.DataFrame
    driver: np.ndarray
    site: np.ndarray
    metres: np.ndarray
    worth: np.ndarray
    preferred: np.ndarray

    @property
    def energy(self) -> np.ndarray:
        """Driver: kWh a day."""
        return self.drivers["energy_kwh_day"].to_numpy(float)

    @property
    def stays(self) -> np.ndarray:
        """Way: whether it leads where the driver goes anyway."""
        return np.asarray(self.site == self.drivers["site"].to_numpy(int)[self.driver])


def ways_of(trips: pd.DataFrame, problem: Problem) -> Ways:
    """Every way of the drivers of `trips` (as `measure_trips` makes them) to any site within their reach.

    Parameters
    ----------
    trips
        The drivers in question.
    problem
        What siting was asked.
    """
    sites, access, demand = problem.sites, problem.access, problem.demand
    drivers = trips.sort_values(["site_id", "service", "zone_id"], ignore_index=True)
    drivers = drivers.assign(site=sites.index.get_indexer(pd.Index(drivers["site_id"])))
    zone_code, site_code, mode_code = (np.asarray(codes) for codes in access.index.codes)  # type: ignore[attr-defined]
    zones, site_level, modes = access.index.levels  # type: ignore[attr-defined]
    access_site, access_metres = sites.index.get_indexer(site_level)[site_code], access["metres"].to_numpy(float)
    goes_by = problem.modes(drivers["service"])
    home = zones.get_indexer(pd.Index(drivers["zone_id"]))
    parts: list[tuple[np.ndarray, np.ndarray]] = [(np.zeros(0, int), np.zeros(0, int))]
    for code, mode in enumerate(modes):
        rows = np.flatnonzero(mode_code == code)
        rows = rows[np.argsort(zone_code[rows], kind="stable")]
        first = np.searchsorted(zone_code[rows], np.arange(len(zones) + 1))
        going = np.flatnonzero(goes_by == mode)
        many = (first[1:] - first[:-1])[home[going]]
        offset = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        parts.append((np.repeat(going, many), rows[np.repeat(first[home[going]], many) + offset]))
    driver, row = (np.concatenate(side) for side in zip(*parts, strict=True))
    reach_m = demand["reach_m"].reindex(pd.MultiIndex.from_frame(drivers[["zone_id", "service"]])).to_numpy(float)
    near = (access_metres[row] <= reach_m[driver]) & (access_site[row] >= 0)
    driver, row = driver[near], row[near]
    order = np.lexsort([access_site[row], driver])
    driver, row = driver[order], row[order]
    metres = access_metres[row]
    farness = np.divide(metres, reach_m[driver], out=np.zeros_like(metres), where=reach_m[driver] > 0)
    slope = 1 - problem.rules.edge_worth
    worth, preferred = (1 - falls * farness for falls in (slope, max(slope, _LEAST_SLOPE)))
    return Ways(drivers, driver, access_site[row], metres, worth, preferred)
