"""A siting problem in the order in which compiled loops walk it: sites, their stations, their demands."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.siting.model.instance import Instance

MOST_STATIONS, MOST_OPTIONS = 64, 256
"""Of one site: more than there are services, and services times charger types."""


class Layout(NamedTuple):
    """An instance in the order the compiled loops walk it: sites, their stations, their demands.

    Attributes
    ----------
    first_station, first_pair
        Where the stations of a site, and the pairs of a station, begin; one longer than there are.
    demand, worth
        Of the pairs, by station.
    energy
        Of the demands.
    standing_kwh, roof_kwh
        Of the stations: what stands, and more than can ever stand there.
    first_option
        Where the options of a site begin in `option`, `station` and the like.
    option, station, kind, standing, most
        The options in the order of enumeration: position in the instance, station (counted from the site's first),
        charger type, today's chargers, most new ones.
    straight
        Options: whether energy is proportional to the count.
    carried_kwh, bays_used, grid_used_kw
        Of the types.
    for_cars
        Of the types.
    bays, grid_kw, min_station, min_cars, open_from
        Of the sites.
    widest
        Pairs of the site that has most: the room its sub-problem needs.
    """

    first_station: np.ndarray
    first_pair: np.ndarray
    demand: np.ndarray
    worth: np.ndarray
    energy: np.ndarray
    standing_kwh: np.ndarray
    roof_kwh: np.ndarray
    first_option: np.ndarray
    option: np.ndarray
    station: np.ndarray
    kind: np.ndarray
    standing: np.ndarray
    most: np.ndarray
    straight: np.ndarray
    carried_kwh: np.ndarray
    bays_used: np.ndarray
    grid_used_kw: np.ndarray
    for_cars: np.ndarray
    bays: np.ndarray
    grid_kw: np.ndarray
    min_station: np.ndarray
    min_cars: np.ndarray
    open_from: np.ndarray
    widest: int


def lay_out(x: Instance) -> tuple[Layout, np.ndarray]:
    """The instance as a `Layout`, and the position in the instance of every pair of the layout."""
    pairs = np.lexsort((x.pair_demand, x.pair_station))
    site_of_station = x.station_site
    service = x.station_ids.get_level_values("service").to_numpy(object)[x.option_station]
    order = _order_of_enumeration(x, service)
    sites = len(x.site_ids)
    first_station = np.searchsorted(site_of_station, np.arange(sites + 1))
    first_pair = np.searchsorted(x.pair_station[pairs], np.arange(len(x.station_ids) + 1))
    layout = Layout(
        first_station=first_station,
        first_pair=first_pair,
        demand=x.pair_demand[pairs].astype(np.int32),
        worth=x.pair_worth[pairs].copy(),
        energy=x.energy.copy(),
        standing_kwh=x.standing_kwh.copy(),
        roof_kwh=_roof_kwh(x),
        first_option=np.searchsorted(x.option_site[order], np.arange(sites + 1)),
        option=order,
        station=x.option_station[order] - first_station[x.option_site[order]],
        kind=x.option_type[order],
        standing=x.option_standing[order].astype(np.int64),
        most=x.option_most[order].astype(np.int64),
        straight=x.proportional[x.option_type[order]],
        carried_kwh=np.ascontiguousarray(x.carried_kwh),
        bays_used=x.bays_used.copy(),
        grid_used_kw=x.grid_used_kw.copy(),
        for_cars=x.for_cars.astype(np.int64),
        bays=x.bays.copy(),
        grid_kw=x.grid_kw.copy(),
        min_station=x.min_station.astype(np.int64),
        min_cars=x.min_cars.astype(np.int64),
        open_from=x.open_from > 0,
        widest=int(np.diff(first_pair[first_station]).max(initial=0)),
    )
    return layout, pairs


def _roof_kwh(x: Instance) -> np.ndarray:
    """Station: more than its chargers can carry with all its options, or with all its bays, or with all its grid."""
    options = np.arange(len(x.option_site))
    most, each = np.zeros(len(options)), np.zeros(len(options))
    for n in range(1, int(x.option_most.max(initial=0)) + 1):
        count = np.minimum(n, x.option_most.astype(int))
        gained = x.gained_kwh(options, count)
        most, each = np.maximum(most, gained), np.maximum(each, gained / np.maximum(count, 1))
    stations = len(x.standing_kwh)
    roof = np.bincount(x.option_station, most, minlength=stations)
    for used, held in ((x.bays_used, x.bays), (x.grid_used_kw, x.grid_kw)):
        unit = used[x.option_type]
        per_unit = np.zeros(stations)
        np.maximum.at(per_unit, x.option_station, np.divide(each, unit, out=np.full(len(unit), np.inf), where=unit > 0))
        here = held[x.station_site]
        limited = np.isfinite(per_unit) & np.isfinite(here)
        roof[limited] = np.minimum(roof[limited], per_unit[limited] * here[limited])
    return np.asarray((x.standing_kwh + roof) * (1 + 1e-6) + 1e-6)


def _order_of_enumeration(x: Instance, service: np.ndarray) -> np.ndarray:
    """Options by site; in a site by service, the service of the most numerous proportional option last, and it at the
    very end, where its count is found in closed form."""
    straight = x.proportional[x.option_type]
    many = np.where(straight, x.option_most, -1.0)
    best = np.full(len(x.site_ids), -1.0)
    np.maximum.at(best, x.option_site, many)
    last = np.zeros(len(many), bool)
    champions = np.flatnonzero((many == best[x.option_site]) & straight)
    _, first = np.unique(x.option_site[champions], return_index=True)
    last[champions[first]] = True
    last_station = np.full(len(x.site_ids), -1)
    last_station[x.option_site[last]] = x.option_station[last]
    in_last = x.option_station == last_station[x.option_site]
    return np.lexsort((np.arange(len(many)), last, x.option_station, in_last, x.option_site))
