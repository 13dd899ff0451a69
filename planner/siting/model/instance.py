"""The tables of a siting problem as arrays: what may be served where, and how many of which charger fit."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, cast

import numpy as np
import pandas as pd

from planner.capacity.types import for_cars
from planner.faults import BadInput, Fault, refuse, some
from planner.scenario import Siting
from planner.siting.model.door import Admitted, admit
from planner.siting.model.limits import Limits, lasting_cost_cny, make_floors, make_limits, uncovered_zones
from planner.siting.problem import Problem

__all__ = ["Instance", "Limits", "make_instance"]

_ROUNDING = 1e-9
"""Bays or kW beyond what a site has that are no more than rounding; of kW also as a share."""


@dataclass(frozen=True)
class Instance:
    """A siting problem, everything sorted by id.

    Sets and their sizes: demands i (a zone and a service), sites j, charger types k, stations js (a site and a service
    that some charger there serves), options jk (a site and a type that may be built there), pairs (a demand and a
    station within its reach), floors d (a district whose served share must not fall below a promise).

    Attributes
    ----------
    demand_ids, station_ids, option_ids
        (zone_id, service), (site_id, service), (site_id, charger_type).
    energy
        Demand i, kWh/day.
    demand_floor
        Demand i: position of the floor it counts for; -1 for none.
    floor_ids, floor_kwh
        Floor d: district, and least energy served in it, kWh/day.
    standing_kwh
        Station js: what today's chargers there carry, kWh/day.
    bays, grid_kw, min_station, min_cars, open_from, task_unit
        Site j: bays and kW left, fewest chargers once open and fewest of them for cars (1 where a zone's access may
        depend on it), 1 where locked in, its task unit.
    carried_kwh
        Type k and count n (columns 0, 1, 2, ...): what a station with n chargers of the type carries, kWh/day; the
        last known value beyond the end of the table.
    table_end
        Type k: last count of its table.
    bays_used, grid_used_kw, for_cars
        Type k: per charger, and whether cars can plug in there.
    option_site, option_type, option_station, option_standing, option_most
        Option jk: positions, today's chargers of the type there, and the most new ones that fit.
    pair_demand, pair_station, pair_worth
        Pair: positions, and the worth of a kWh between 0 and 1.
    limits
        Quota, budget, shares, tasks, feeder groups and access.
    option_cost_cny, opening_cost_cny
        Option jk and site j: what the least-cost question adds up; zero for the other question.
    promise_kwh
        Energy to be served in all, kWh/day; zero unless the least cost is asked for.
    years
        How many years stand side by side (`phases.py`): site j of year t is at position ``j years + t``.
    """

    site_ids: pd.Index
    type_ids: pd.Index
    demand_ids: pd.MultiIndex
    station_ids: pd.MultiIndex
    option_ids: pd.MultiIndex
    energy: np.ndarray
    demand_floor: np.ndarray
    floor_ids: tuple[str, ...]
    floor_kwh: np.ndarray
    standing_kwh: np.ndarray
    bays: np.ndarray
    grid_kw: np.ndarray
    min_station: np.ndarray
    min_cars: np.ndarray
    open_from: np.ndarray
    task_unit: np.ndarray
    carried_kwh: np.ndarray
    table_end: np.ndarray
    bays_used: np.ndarray
    grid_used_kw: np.ndarray
    for_cars: np.ndarray
    option_site: np.ndarray
    option_type: np.ndarray
    option_station: np.ndarray
    option_standing: np.ndarray
    option_most: np.ndarray
    pair_demand: np.ndarray
    pair_station: np.ndarray
    pair_worth: np.ndarray
    limits: Limits
    option_cost_cny: np.ndarray
    opening_cost_cny: np.ndarray
    promise_kwh: float
    years: int = 1

    @cached_property
    def station_site(self) -> np.ndarray:
        """Position of the site of every station."""
        return self.site_ids.get_indexer(self.station_ids.get_level_values("site_id"))

    @cached_property
    def proportional(self) -> np.ndarray:
        """Type k: whether what it carries is proportional to the count."""
        counts = np.arange(self.carried_kwh.shape[1])
        line = np.outer(self.carried_kwh[:, 1], counts)
        beyond = counts > self.table_end[:, None]
        return np.asarray((beyond | np.isclose(self.carried_kwh, line, rtol=1e-9)).all(axis=1))

    def of_counts_alone(self) -> Instance:
        """The same sites and rules where only counts matter: with proportional types no ``build`` is needed."""
        counts = np.arange(self.carried_kwh.shape[1])
        return replace(self, carried_kwh=np.outer(self.carried_kwh[:, -1], counts))

    def gained_kwh(self, option: np.ndarray, count: np.ndarray) -> np.ndarray:
        """What `count` new chargers of some options add to what today's carry, kWh/day."""
        k, standing = self.option_type[option], self.option_standing[option]
        return np.asarray(self.carried_kwh[k, standing + count] - self.carried_kwh[k, standing])

    def opened_by(self, new: np.ndarray) -> np.ndarray:
        """Site j: 1 where anything new is built or it is locked in."""
        built = np.bincount(self.option_site, new, minlength=len(self.site_ids)) > 0
        return np.asarray(np.maximum(self.open_from, built))

    def misfits(self, new: np.ndarray, opened: np.ndarray) -> np.ndarray:
        """Site j: whether it cannot stand so: too much for its bays, grid or an option, or too few chargers (in all or
        for cars) where it is open; opened says where, at least where it is locked in or anything is built."""
        here, kind, sites = self.option_site, self.option_type, len(self.site_ids)

        def total(each: np.ndarray | float = 1.0) -> np.ndarray:
            return np.bincount(here, new * each, minlength=sites)

        over = total(self.bays_used[kind]) > self.bays + _ROUNDING
        over |= total(self.grid_used_kw[kind]) > self.grid_kw * (1 + _ROUNDING) + _ROUNDING
        over |= np.bincount(here, (new < 0) | (new > self.option_most), minlength=sites) > 0
        few = (total() < self.min_station) | (total(self.for_cars[kind]) < self.min_cars)
        return np.asarray(over | (few & (opened > 0)) | (opened < self.opened_by(new)))

    def keeps(self, new: np.ndarray, opened: np.ndarray) -> bool:
        """Whether counts and openings keep every rule of counts: of the sites and of the whole city."""
        return self.limits.kept_by(new, opened) and not bool(self.misfits(new, opened).any())

    def served_by_floor(self, served: np.ndarray) -> np.ndarray:
        """Floor d: the energy served in its district, from that of every demand, kWh/day."""
        return np.bincount(self.demand_floor + 1, served, minlength=len(self.floor_ids) + 1)[1:]

    def station_kwh(self, new: np.ndarray) -> np.ndarray:
        """What every station carries with `new` chargers per option, kWh/day."""
        gained = self.gained_kwh(np.arange(len(new)), new.astype(int))
        return self.standing_kwh + np.bincount(self.option_station, gained, minlength=len(self.standing_kwh))


def make_instance(problem: Problem) -> Instance:
    """Check the tables of a problem once and turn them into an `Instance`.

    Raises
    ------
    BadInput
        What the door refuses, and sites locked in that cannot hold their fewest chargers.
    """
    tables = admit(problem)
    siting = problem.rules
    demand, sites, types = tables.demand, tables.sites, tables.types
    options = _options(tables, siting)
    at_stations = _standing_kwh(tables)
    stations = pd.MultiIndex.from_tuples(
        sorted({*zip(options["site_id"], options["service"], strict=True), *at_stations.index}),
        names=["site_id", "service"],
    )
    refuse(_locks_without_room(sites, options))
    pairs = _pairs(demand, problem, stations)
    floors, floor_of = make_floors(demand, siting)
    site_at = sites.index.get_indexer(pd.Index(options["site_id"]))
    type_at = types.index.get_indexer(pd.Index(options["charger_type"]))
    least_cost = siting.question == "least_cost"
    cars = for_cars(types).to_numpy(bool)
    uncovered = _uncovered(problem, tables, options["site_id"][cars[type_at]])
    return Instance(
        site_ids=sites.index,
        type_ids=types.index,
        demand_ids=pd.MultiIndex.from_tuples(demand.index, names=demand.index.names),
        station_ids=stations,
        option_ids=pd.MultiIndex.from_frame(options[["site_id", "charger_type"]]),
        energy=demand["energy_kwh_day"].to_numpy(float),
        demand_floor=floor_of,
        floor_ids=tuple(floors.index),
        floor_kwh=floors.to_numpy(float),
        standing_kwh=at_stations.reindex(stations, fill_value=0.0).to_numpy(float),
        bays=tables.left["bays"].to_numpy(float),
        grid_kw=tables.left["grid_kw"].to_numpy(float),
        min_station=sites["min_station"].to_numpy(float),
        min_cars=sites.index.isin(uncovered["site_id"]).astype(float),
        open_from=(sites["lock"] == "in").to_numpy(float),
        task_unit=sites["task_unit"].to_numpy(object),
        carried_kwh=tables.carried_kwh,
        table_end=tables.table_end,
        bays_used=types["bays_used"].to_numpy(float),
        grid_used_kw=types["grid_used_kw"].to_numpy(float),
        for_cars=cars,
        option_site=site_at,
        option_type=type_at,
        option_station=stations.get_indexer(pd.MultiIndex.from_frame(options[["site_id", "service"]])),
        option_standing=options["standing"].to_numpy(int),
        option_most=options["most"].to_numpy(float),
        pair_demand=pairs.demand,
        pair_station=pairs.station,
        pair_worth=np.zeros(len(pairs.worth)) if least_cost else pairs.worth,
        limits=make_limits(sites, types, site_at, type_at, siting, uncovered),
        option_cost_cny=least_cost * lasting_cost_cny(types, siting).to_numpy(float)[type_at],
        opening_cost_cny=least_cost * sites["opening_cny"].to_numpy(float),
        promise_kwh=(siting.promise_share or 0.0) * float(demand["energy_kwh_day"].sum()),
    )


def _options(tables: Admitted, siting: Siting) -> pd.DataFrame:
    """Site and type pairs of which at least one fits, with today's chargers of the type and the most that fit."""
    frames = []
    sites, left = tables.sites, tables.left
    open_sites = (sites["lock"] != "out").to_numpy()
    for (name, kind), last in zip(tables.types.iterrows(), tables.table_end, strict=True):
        there = tables.standing[name].to_numpy(int)
        most = last - there.astype(float)
        for room, use in ((left["bays"], kind["bays_used"]), (left["grid_kw"], kind["grid_used_kw"])):
            if use > 0:
                most = np.minimum(most, np.floor(room.to_numpy(float) / use + 1e-9))
        if kind["quota_units"] > 0:
            most = np.minimum(most, np.floor(siting.quota * kind["max_share"] / kind["quota_units"] + 1e-9))
        if pd.notna(kind["max_count"]):
            most = np.minimum(most, kind["max_count"])
        fits = open_sites & (most >= 1)
        columns = {"site_id": sites.index[fits], "charger_type": name, "service": kind["service"]}
        frames.append(pd.DataFrame(columns | {"standing": there[fits], "most": most[fits]}))
    return pd.concat(frames).sort_values(["site_id", "charger_type"], ignore_index=True)


def _locks_without_room(sites: pd.DataFrame, options: pd.DataFrame) -> list[Fault]:
    """Sites locked in where not even the fewest chargers fit."""
    fits = options.groupby("site_id")["most"].sum().reindex(sites.index, fill_value=0.0)
    stuck = sites.index[(sites["lock"] == "in") & (fits < sites["min_station"])]
    if not len(stuck):
        return []
    en = "locked in, but bays, grid or quota do not hold its fewest chargers (min_station); raise them or free the lock"
    zh = "已锁定为必选，但车位、电网或总量容纳不下最少桩数（min_station）；请提高容量或取消锁定"
    return [Fault(f"sites, row {some(stuck)}", en=en, zh=zh)]


def _uncovered(problem: Problem, tables: Admitted, able: pd.Series) -> pd.DataFrame:
    """Zones that need a charger for cars, with their sites among those where one can be built; none may be without."""
    needed = uncovered_zones(problem.cover, tables.standing, tables.types)
    uncovered = needed[needed["site_id"].isin(able)]
    if lost := sorted(set(needed["zone_id"]) - set(uncovered["zone_id"])):
        en = "none of its sites can hold a charger for cars; add bays or grid there, or leave the zone out"
        zh = "其附近站点均无法布置乘用车充电桩，请增加车位或电网余量"
        raise BadInput([Fault(f"cover, zone {some(lost)}", en=en, zh=zh)])
    return uncovered


def _standing_kwh(tables: Admitted) -> pd.Series:
    """What today's located chargers carry at each (site, service)."""
    by_service: dict[tuple[str, str], float] = defaultdict(float)
    for (k, kind), carried in zip(tables.types.iterrows(), tables.carried_kwh, strict=True):
        for j, n in tables.standing[k].items():
            by_service[str(j), kind["service"]] += carried[n]
    keys = sorted(key for key, kwh in by_service.items() if kwh > 0)
    index = pd.MultiIndex.from_arrays([[j for j, _ in keys], [s for _, s in keys]], names=["site_id", "service"])
    return pd.Series([by_service[key] for key in keys], index=index, dtype=float)


class _Pairs(NamedTuple):
    """Pairs in the order of their demands, then of their stations: positions, and the worth of a kWh."""

    demand: np.ndarray
    station: np.ndarray
    worth: np.ndarray


def _pairs(demand: pd.DataFrame, problem: Problem, stations: pd.MultiIndex) -> _Pairs:
    """Demand and station within reach, with the worth of a kWh: 1 at the door, ``edge_worth`` at the limit.

    Ids are looked up once for every zone and site, not for every row: a large city has millions.
    """
    access, edge_worth = problem.access, problem.rules.edge_worth
    ids = cast(pd.MultiIndex, access.index)
    by_name = dict(zip(ids.names, zip(ids.levels, ids.codes, strict=True), strict=True))
    (zones, zone), (sites, site), (modes, mode) = (by_name[name] for name in ("zone_id", "site_id", "mode"))
    metres, reach = access["metres"].to_numpy(float), demand["reach_m"].to_numpy(float)
    found = [_Pairs(np.zeros(0, int), np.zeros(0, int), np.zeros(0))]
    for service in demand.index.get_level_values("service").unique().sort_values():
        wanted = "walk" if service in problem.walked else "drive"
        demand_at = _positions(cast(pd.MultiIndex, demand.index), "zone_id", service, zones)
        station_at = _positions(stations, "site_id", service, sites)
        rows = np.flatnonzero((np.asarray(modes) == wanted)[mode])
        rows = rows[(demand_at[zone[rows]] >= 0) & (station_at[site[rows]] >= 0)]
        rows = rows[metres[rows] <= reach[demand_at[zone[rows]]]]
        i = demand_at[zone[rows]]
        share = np.divide(metres[rows], reach[i], out=np.zeros(len(rows)), where=reach[i] > 0)
        found.append(_Pairs(i, station_at[site[rows]], 1 - (1 - edge_worth) * share))
    pairs = _Pairs(*(np.concatenate(column) for column in zip(*found, strict=True)))
    del found
    order = np.lexsort((pairs.station, pairs.demand))
    return _Pairs(*(column[order] for column in pairs))


def _positions(index: pd.MultiIndex, name: str, service: str, wanted: pd.Index) -> np.ndarray:
    """Position in an index of (id, service), sorted by them, of a service's row of every wanted id; -1 without one."""
    rows = np.flatnonzero(index.get_level_values("service") == service)
    at = pd.Index(index.get_level_values(name)[rows]).get_indexer(wanted)
    return np.asarray(np.append(rows, -1)[at])
