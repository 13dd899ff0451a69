"""Part of a siting problem as a siting problem of its own: some sites free, everything else as a plan has it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.siting.model.instance import Instance, Limits

_NO_ENERGY = 1e-6
"""kWh/day left of a demand below which it is no part of a region."""


@dataclass(frozen=True)
class Choice:
    """A plan in the instance's positions: chargers per option, opened per site (0 or 1), kWh/day per pair."""

    new: np.ndarray
    opened: np.ndarray
    served: np.ndarray

    def value(self, x: Instance) -> float:
        """What the question makes most: energy served weighted by its worth, or the negative of the least cost."""
        return float(x.pair_worth @ self.served) - self.cost_cny(x)

    def by_demand(self, x: Instance) -> np.ndarray:
        """Energy served of every demand, kWh/day."""
        return np.bincount(x.pair_demand, self.served, minlength=len(x.energy))

    def by_station(self, x: Instance) -> np.ndarray:
        """Energy served at every station, kWh/day."""
        return np.bincount(x.pair_station, self.served, minlength=len(x.standing_kwh))

    def cost_cny(self, x: Instance) -> float:
        """What the least-cost question adds up; zero for the other question."""
        return float(x.option_cost_cny @ self.new + x.opening_cost_cny @ self.opened)


@dataclass(frozen=True)
class Region:
    """A sub-problem and the positions of its options, sites and pairs in the whole instance."""

    instance: Instance
    options: np.ndarray
    sites: np.ndarray
    pairs: np.ndarray

    def part_of(self, whole: Choice) -> Choice:
        """This region's part of a plan."""
        return Choice(whole.new[self.options], whole.opened[self.sites], whole.served[self.pairs])

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

    Energy, bays, grid and all limits are what the rest leaves, floors and promise what it still lacks; fixed chargers
    at a free station serve there like standing ones, and a site that has any is open.

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
    outside_kwh = np.bincount(x.pair_demand[~inside], choice.served[~inside], minlength=len(x.energy))
    energy = x.energy - outside_kwh
    inside &= energy[x.pair_demand] > _NO_ENERGY
    pairs = np.flatnonzero(inside)
    demands = np.unique(x.pair_demand[pairs])
    free_site = np.zeros(len(x.site_ids), bool)
    free_site[x.option_site[options]] = True
    free_site[x.station_site[stations]] = True
    sites = np.flatnonzero(free_site)

    taken = _taken(x, np.flatnonzero(~free_option), choice.new)
    part = replace(
        x,
        site_ids=x.site_ids[sites],
        demand_ids=x.demand_ids[demands],
        station_ids=x.station_ids[stations],
        option_ids=x.option_ids[options],
        energy=energy[demands],
        demand_floor=x.demand_floor[demands],
        floor_kwh=np.maximum(x.floor_kwh - x.served_by_floor(outside_kwh), 0.0),
        standing_kwh=x.standing_kwh[stations] + taken.gained_kwh[stations],
        bays=x.bays[sites] - taken.bays[sites],
        grid_kw=x.grid_kw[sites] - taken.grid_kw[sites],
        min_station=np.maximum(x.min_station[sites] - taken.total[sites], 0.0),
        min_cars=np.maximum(x.min_cars[sites] - taken.cars[sites], 0.0),
        open_from=np.maximum(x.open_from[sites], taken.total[sites] > 0),
        task_unit=x.task_unit[sites],
        option_site=np.searchsorted(sites, x.option_site[options]),
        option_type=x.option_type[options],
        option_station=np.searchsorted(stations, x.option_station[options]),
        option_standing=x.option_standing[options],
        option_most=x.option_most[options],
        pair_demand=np.searchsorted(demands, x.pair_demand[pairs]),
        pair_station=np.searchsorted(stations, x.pair_station[pairs]),
        pair_worth=x.pair_worth[pairs],
        limits=_left_of(x.limits, free_option, free_site, choice),
        option_cost_cny=x.option_cost_cny[options],
        opening_cost_cny=x.opening_cost_cny[sites],
        promise_kwh=max(x.promise_kwh - float(outside_kwh.sum()), 0.0),
    )
    return Region(part, options, sites, pairs)


def _left_of(limits: Limits, free_option: np.ndarray, free_site: np.ndarray, choice: Choice) -> Limits:
    """The limits for some options and sites, less what the plan takes of them elsewhere; access of free sites only."""
    taken = limits.use @ np.where(free_option, 0.0, choice.new) + limits.opening @ np.where(
        free_site, 0.0, choice.opened
    )
    opening = limits.opening[:, np.flatnonzero(free_site)]
    rows = np.flatnonzero(~limits.is_access | (opening.getnnz(axis=1) > 0))
    return Limits(
        names=tuple(limits.names[r] for r in rows),
        use=limits.use[rows][:, np.flatnonzero(free_option)],
        opening=opening[rows],
        least=(limits.least - taken)[rows],
        most=(limits.most - taken)[rows],
    )


def built_on(x: Instance, held: np.ndarray) -> Instance:
    """The problem of what comes on top of given counts: those serve like standing chargers and take from every limit.

    Parameters
    ----------
    x
        The whole problem.
    held
        Option: chargers that are built in any case; sites that have some are open.
    """
    taken, used = _taken(x, np.arange(len(held)), held), x.limits.use @ held
    return replace(
        x,
        standing_kwh=x.standing_kwh + taken.gained_kwh,
        bays=x.bays - taken.bays,
        grid_kw=x.grid_kw - taken.grid_kw,
        min_station=np.maximum(x.min_station - taken.total, 0.0),
        min_cars=np.maximum(x.min_cars - taken.cars, 0.0),
        open_from=np.maximum(x.open_from, taken.total > 0),
        option_standing=x.option_standing + held.astype(int),
        option_most=x.option_most - held,
        limits=replace(x.limits, least=x.limits.least - used, most=x.limits.most - used),
    )


@dataclass(frozen=True)
class _Taken:
    """What given chargers take of their sites and add to their stations.

    Attributes
    ----------
    total, cars, bays, grid_kw
        Site: chargers, those of them for cars, the bays and the kW that they use.
    gained_kwh
        Station: what they add to what stands there, kWh/day.
    """

    total: np.ndarray
    cars: np.ndarray
    bays: np.ndarray
    grid_kw: np.ndarray
    gained_kwh: np.ndarray


def _taken(x: Instance, options: np.ndarray, new: np.ndarray) -> _Taken:
    """What the new chargers of some options take; `new` is of all options."""
    kind, held, site = x.option_type[options], new[options], x.option_site[options]
    total, cars, bays, grid_kw = (
        np.bincount(site, held * each, minlength=len(x.site_ids))
        for each in (1.0, x.for_cars[kind], x.bays_used[kind], x.grid_used_kw[kind])
    )
    gained = x.gained_kwh(options, held.astype(int))
    gained_kwh = np.bincount(x.option_station[options], gained, minlength=len(x.standing_kwh))
    return _Taken(total, cars, bays, grid_kw, gained_kwh)
