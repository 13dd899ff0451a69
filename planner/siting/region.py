"""Part of a siting problem as a siting problem of its own: some sites free, everything else as a plan has it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from planner.siting.instance import Instance

_NO_ENERGY = 1e-6


@dataclass(frozen=True)
class Choice:
    """A plan in the instance's positions: chargers per option, opened per site (0 or 1), kWh/day per pair."""

    new: np.ndarray
    opened: np.ndarray
    served: np.ndarray

    def value(self, x: Instance) -> float:
        """Energy served, weighted by its worth."""
        return float(x.pair_worth @ self.served)


@dataclass(frozen=True)
class Region:
    """A sub-problem and the positions of its options, sites and pairs in the whole instance."""

    instance: Instance
    options: np.ndarray
    sites: np.ndarray
    pairs: np.ndarray

    def placed_in(self, whole: Choice, part: Choice) -> Choice:
        """The whole plan with this region's part of it replaced."""
        new, opened, served = whole.new.copy(), whole.opened.copy(), whole.served.copy()
        new[self.options], opened[self.sites], served[self.pairs] = part.new, part.opened, part.served
        return Choice(new, opened, served)


def region_of_sites(x: Instance, sites: np.ndarray, choice: Choice) -> Region:
    """All options and stations of some sites free."""
    free = np.zeros(len(x.site_ids), bool)
    free[sites] = True
    return cut_out(x, free[x.option_site], free[x.station_site], choice)


def cut_out(x: Instance, free_option: np.ndarray, free_station: np.ndarray, choice: Choice) -> Region:
    """The problem of some options and stations, with what the rest of the plan leaves them.

    Energy, quota, shares, budget, bays, grid and tasks are what the rest leaves; fixed chargers at a free station serve
    there like standing ones.

    Parameters
    ----------
    x
        The whole problem.
    free_option, free_station
        Masks; a free option's station must be free.
    choice
        The plan that holds elsewhere; its part inside the region is a solution of the region.
    """
    options, stations = np.flatnonzero(free_option), np.flatnonzero(free_station)
    inside = free_station[x.pair_station]
    energy = x.energy - np.bincount(x.pair_demand[~inside], choice.served[~inside], minlength=len(x.energy))
    inside &= energy[x.pair_demand] > _NO_ENERGY
    pairs = np.flatnonzero(inside)
    demands = np.unique(x.pair_demand[pairs])
    free_site = np.zeros(len(x.site_ids), bool)
    free_site[x.option_site[options]] = True
    free_site[x.station_site[stations]] = True
    sites = np.flatnonzero(free_site)

    fixed = ~free_option
    kind, held = x.option_type[fixed], choice.new[fixed]
    units_outside = np.bincount(kind, held * x.quota_units[kind], minlength=len(x.kwh))
    count_outside = np.bincount(kind, held, minlength=len(x.kwh))
    fixed_at = x.option_site[fixed]
    spent_outside = held @ x.option_price_cny[fixed] + (choice.opened * x.opening_cny)[~free_site].sum()
    task_left = {}
    for unit, task in x.tasks.items():
        here = x.task_unit[fixed_at] == unit
        task_left[unit] = max(task - float((held * x.quota_units[kind])[here].sum()), 0.0)
    still_here = np.bincount(fixed_at, held, minlength=len(x.site_ids))[sites]
    bays_taken = np.bincount(fixed_at, held * x.bays_used[kind], minlength=len(x.site_ids))[sites]
    grid_taken = np.bincount(fixed_at, held * x.grid_used_kw[kind], minlength=len(x.site_ids))[sites]
    part = replace(
        x,
        site_ids=x.site_ids[sites],
        demand_ids=x.demand_ids[demands],
        station_ids=x.station_ids[stations],
        option_ids=x.option_ids[options],
        energy=energy[demands],
        standing_kwh=(
            x.standing_kwh + np.bincount(x.option_station[fixed], held * x.kwh[kind], minlength=len(free_station))
        )[stations],
        bays=x.bays[sites] - bays_taken,
        grid_kw=x.grid_kw[sites] - grid_taken,
        opening_cny=x.opening_cny[sites],
        min_station=np.maximum(x.min_station[sites] - still_here, 0.0),
        open_from=np.maximum(x.open_from[sites], still_here > 0),
        task_unit=x.task_unit[sites],
        least_units=np.maximum(x.least_units - units_outside, 0.0),
        most_units=x.most_units - units_outside,
        most_count=x.most_count - count_outside,
        option_site=np.searchsorted(sites, x.option_site[options]),
        option_type=x.option_type[options],
        option_station=np.searchsorted(stations, x.option_station[options]),
        option_most=x.option_most[options],
        option_price_cny=x.option_price_cny[options],
        pair_demand=np.searchsorted(demands, x.pair_demand[pairs]),
        pair_station=np.searchsorted(stations, x.pair_station[pairs]),
        pair_worth=x.pair_worth[pairs],
        quota=x.quota - float(units_outside.sum()),
        budget_cny=x.budget_cny - float(spent_outside),
        tasks=task_left,
    )
    return Region(part, options, sites, pairs)


def neighbours(x: Instance) -> sp.csr_matrix:
    """Sites by sites: how much energy both have in reach, weighted by its worth."""
    weight = x.pair_worth * np.sqrt(x.energy[x.pair_demand])
    shape = (len(x.energy), len(x.site_ids))
    reach = sp.csr_matrix((weight, (x.pair_demand, x.station_site[x.pair_station])), shape=shape)
    return (reach.T @ reach).tocsr()
