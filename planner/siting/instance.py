"""The tables of a siting problem as arrays: what may be served where, and how many of which charger fit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from planner._faults import BadInput, Fault, refuse, some
from planner.scenario import Siting
from planner.tables import ACCESS, CAPACITY, CHARGER_TYPES, CHARGERS, DEMAND, SITES, check_table

_WALKED = ("slow",)


@dataclass(frozen=True)
class Instance:
    """A siting problem, everything sorted by id.

    Sets and their sizes: demands i (a zone and a service), sites j, charger types k, stations js (a site and a service
    that some charger there serves), options jk (a site and a type that may be built there), pairs (a demand and a
    station within its reach).

    Attributes
    ----------
    demand_ids, station_ids, option_ids
        (zone_id, service), (site_id, service), (site_id, charger_type).
    energy
        Demand i, kWh/day.
    standing_kwh
        Station js: what today's chargers there carry, kWh/day.
    bays, grid_kw, opening_cny, min_station, task_unit, open_from
        Site j: bays and kW left, cost of opening, fewest chargers once open, its task unit, 1 where locked in.
    kwh, quota_units, bays_used, grid_used_kw
        Type k, per charger.
    least_units, most_units, most_count
        Type k: fewest and most of the quota, and most chargers; infinite where there is no limit.
    option_site, option_type, option_station, option_most, option_price_cny
        Option jk: positions, the most chargers that fit, and the price of one.
    pair_demand, pair_station, pair_worth
        Pair: positions, and the worth of a kWh between 0 and 1.
    quota, quota_exactly, budget_cny, tasks
        New chargers in quota units, whether exactly so many, money (infinite without a budget), fewest per task unit.
    """

    site_ids: pd.Index
    type_ids: pd.Index
    demand_ids: pd.MultiIndex
    station_ids: pd.MultiIndex
    option_ids: pd.MultiIndex
    energy: np.ndarray
    standing_kwh: np.ndarray
    bays: np.ndarray
    grid_kw: np.ndarray
    opening_cny: np.ndarray
    min_station: np.ndarray
    open_from: np.ndarray
    task_unit: np.ndarray
    kwh: np.ndarray
    quota_units: np.ndarray
    bays_used: np.ndarray
    grid_used_kw: np.ndarray
    least_units: np.ndarray
    most_units: np.ndarray
    most_count: np.ndarray
    option_site: np.ndarray
    option_type: np.ndarray
    option_station: np.ndarray
    option_most: np.ndarray
    option_price_cny: np.ndarray
    pair_demand: np.ndarray
    pair_station: np.ndarray
    pair_worth: np.ndarray
    quota: float
    quota_exactly: bool
    budget_cny: float
    tasks: dict[str, float]

    @cached_property
    def station_site(self) -> np.ndarray:
        """Position of the site of every station."""
        return self.site_ids.get_indexer(self.station_ids.get_level_values("site_id"))

    @property
    def whole_types(self) -> np.ndarray:
        """Types whose grid use makes a rounding row worth its place: those that take a real share of a site's grid."""
        return np.flatnonzero(self.grid_used_kw >= 0.02 * max(float(np.median(self.grid_kw)), 1.0))


def make_instance(
    demand: pd.DataFrame,
    sites: pd.DataFrame,
    access: pd.DataFrame,
    charger_types: pd.DataFrame,
    capacity: pd.DataFrame,
    existing: pd.DataFrame,
    siting: Siting,
) -> Instance:
    """Check the tables once and turn them into an `Instance`.

    Raises
    ------
    BadInput
        What the tables' checks refuse; existing chargers at unknown sites or of unknown types, or more than the bays
        hold; a capacity table that is not proportional to the count; tasks for units without sites.
    """
    demand, sites, types, existing = _checked(demand, sites, access, charger_types, capacity, existing, siting)
    kwh = _kwh_per_charger(capacity, types)
    demand = demand[demand["energy_kwh_day"] > 0]
    left = _left_for_new(sites, types, existing)
    options = _options(sites, types, left, siting)
    standing = _standing_kwh(existing, types, kwh)
    stations = pd.MultiIndex.from_tuples(
        sorted({*zip(options["site_id"], options["service"], strict=True), *standing.index}),
        names=["site_id", "service"],
    )
    refuse(_locks_without_room(sites, options))
    pairs = _pairs(demand, access, stations, siting.edge_worth)
    limited = (types["quota_units"] > 0) & (types["max_share"] < 1)
    type_at = {name: k for k, name in enumerate(types.index)}
    return Instance(
        site_ids=sites.index,
        type_ids=types.index,
        demand_ids=pd.MultiIndex.from_tuples(demand.index, names=demand.index.names),
        station_ids=stations,
        option_ids=pd.MultiIndex.from_frame(options[["site_id", "charger_type"]]),
        energy=demand["energy_kwh_day"].to_numpy(float),
        standing_kwh=standing.reindex(stations, fill_value=0.0).to_numpy(float),
        bays=left["bays"].to_numpy(float),
        grid_kw=left["grid_kw"].to_numpy(float),
        opening_cny=sites["opening_cny"].to_numpy(float),
        min_station=sites["min_station"].to_numpy(float),
        open_from=(sites["lock"] == "in").to_numpy(float),
        task_unit=sites["task_unit"].to_numpy(object),
        kwh=kwh.to_numpy(float),
        quota_units=types["quota_units"].to_numpy(float),
        bays_used=types["bays_used"].to_numpy(float),
        grid_used_kw=(types["coincidence"] * types["kw_rated"]).to_numpy(float),
        least_units=types["min_share"].to_numpy(float) * siting.quota * (types["quota_units"] > 0).to_numpy(),
        most_units=np.where(limited.to_numpy(), types["max_share"].to_numpy(float) * siting.quota, np.inf),
        most_count=types["max_count"].astype(float).fillna(np.inf).to_numpy(float),
        option_site=sites.index.get_indexer(pd.Index(options["site_id"])),
        option_type=options["charger_type"].map(type_at).to_numpy(int),
        option_station=stations.get_indexer(pd.MultiIndex.from_frame(options[["site_id", "service"]])),
        option_most=options["most"].to_numpy(float),
        option_price_cny=options["charger_type"].map(types["price_cny"]).to_numpy(float),
        pair_demand=pairs["i"].to_numpy(int),
        pair_station=pairs["station"].to_numpy(int),
        pair_worth=pairs["worth"].to_numpy(float),
        quota=float(siting.quota),
        quota_exactly=siting.quota_rule == "exactly",
        budget_cny=np.inf if siting.budget_cny is None else siting.budget_cny,
        tasks={unit: float(task) for unit, task in siting.tasks.items() if task > 0},
    )


def linear_capacity(charger_types: pd.DataFrame, kwh: pd.Series, most: int) -> pd.DataFrame:
    """A capacity table proportional to the count.

    Parameters
    ----------
    charger_types
        The table ``charger_types``.
    kwh
        kWh a day per charger, by type.
    most
        Largest count in the table.

    Returns
    -------
    DataFrame
        Index (charger_type, count); ``energy_kwh_day``.
    """
    counts = np.arange(most + 1)
    index = pd.MultiIndex.from_product([charger_types.index, counts], names=["charger_type", "count"])
    return pd.DataFrame({"energy_kwh_day": np.outer(kwh.reindex(charger_types.index), counts).ravel()}, index=index)


def _checked(
    demand: pd.DataFrame,
    sites: pd.DataFrame,
    access: pd.DataFrame,
    charger_types: pd.DataFrame,
    capacity: pd.DataFrame,
    existing: pd.DataFrame,
    siting: Siting,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    faults: list[Fault] = []
    tables = {}
    doors = (("demand", demand, DEMAND), ("sites", sites, SITES), ("charger_types", charger_types, CHARGER_TYPES))
    for name, table, schema in doors:
        try:
            tables[name] = check_table(pd.DataFrame(table), schema).sort_index()
        except BadInput as error:
            faults.extend(error.faults)
    optional = (("access", access, ACCESS), ("capacity", capacity, CAPACITY), ("existing", existing, CHARGERS))
    for name, table, schema in optional:
        try:
            if name == "capacity" or len(table):
                check_table(_sampled(table), schema, name)
        except BadInput as error:
            faults.extend(error.faults)
    refuse(faults)
    refuse(_names_that_do_not_meet(tables["sites"], tables["charger_types"], existing, siting))
    return tables["demand"], tables["sites"], tables["charger_types"], existing


def _sampled(table: pd.DataFrame) -> pd.DataFrame:
    """Long tables of our own making are checked on their numbers; ids were checked where they were made."""
    return table if len(table) <= 100_000 else table.iloc[:: len(table) // 50_000]


def _names_that_do_not_meet(
    sites: pd.DataFrame, types: pd.DataFrame, existing: pd.DataFrame, siting: Siting
) -> list[Fault]:
    lost_sites = sorted(set(existing.index.get_level_values("site_id")) - set(sites.index))
    lost_types = sorted(set(existing.index.get_level_values("charger_type")) - set(types.index))
    lost_units = sorted({unit for unit, task in siting.tasks.items() if task > 0} - set(sites["task_unit"]))
    return [
        *(
            [Fault("existing", f"chargers at unknown sites {some(lost_sites)}", "既有充电桩位于未知站点")]
            if lost_sites
            else []
        ),
        *([Fault("existing", f"unknown charger types {some(lost_types)}", "未知的充电桩类型")] if lost_types else []),
        *(
            [
                Fault(
                    "scenario, key siting.tasks",
                    f"no candidate site in {some(lost_units)}; units: {some(sorted(set(sites['task_unit'])), 20)}",
                    "任务单元内没有候选站点",
                )
            ]
            if lost_units
            else []
        ),
    ]


def _kwh_per_charger(capacity: pd.DataFrame, types: pd.DataFrame) -> pd.Series:
    """Energy one charger of each type carries, read from a capacity table that is proportional to the count."""
    table = capacity["energy_kwh_day"]
    listed = table.index.get_level_values("charger_type")
    refuse(
        Fault("capacity", f"no rows for charger type {k}", f"缺少充电桩类型 {k} 的容量")
        for k in types.index
        if k not in set(listed)
    )
    count = table.index.get_level_values("count").to_numpy(float)
    used = table[count > 0] / count[count > 0]
    spread = used.groupby(level="charger_type").agg(["min", "max"])
    of_nothing = table[count == 0].groupby(level="charger_type").max().reindex(spread.index, fill_value=0.0)
    bent = spread.index[((spread["max"] - spread["min"]) > 1e-9 * spread["max"]) | (of_nothing > 0)]
    refuse(
        [
            Fault(
                "capacity",
                f"{some(bent)}: energy must be proportional to the count in this version",
                "本版本要求容量与数量成正比",
            )
        ]
        if len(bent)
        else []
    )
    return pd.Series(spread["max"].reindex(types.index))


def _left_for_new(sites: pd.DataFrame, types: pd.DataFrame, existing: pd.DataFrame) -> pd.DataFrame:
    """Bays that today's chargers leave; grid headroom is already what is left today."""
    used = pd.Series(0.0, index=sites.index)
    if len(existing):
        per_type = types["bays_used"].reindex(existing.index.get_level_values("charger_type")).to_numpy()
        taken = (existing["count"] * per_type).groupby(level="site_id").sum()
        used = used.add(taken, fill_value=0.0).reindex(sites.index)
    over = sites.index[used > sites["bays"]]
    refuse(
        Fault(
            f"sites, row {j}",
            f"today's chargers use {used[j]:g} bays, the site has {sites.loc[j, 'bays']:g}; raise bays",
            "既有充电桩占用车位超过站点车位数",
        )
        for j in over
    )
    return pd.DataFrame({"bays": sites["bays"] - used, "grid_kw": sites["grid_kw"]})


def _options(sites: pd.DataFrame, types: pd.DataFrame, left: pd.DataFrame, siting: Siting) -> pd.DataFrame:
    """Site and type pairs of which at least one fits, with the most that fit."""
    frames = []
    open_sites = (sites["lock"] != "out").to_numpy()
    for name, kind in types.iterrows():
        most = np.full(len(sites), 1e6)
        for room, use in ((left["bays"], kind["bays_used"]), (left["grid_kw"], kind["coincidence"] * kind["kw_rated"])):
            if use > 0:
                most = np.minimum(most, np.floor(room.to_numpy(float) / use + 1e-9))
        if kind["quota_units"] > 0:
            most = np.minimum(most, np.floor(siting.quota * kind["max_share"] / kind["quota_units"] + 1e-9))
        if pd.notna(kind["max_count"]):
            most = np.minimum(most, kind["max_count"])
        fits = open_sites & (most >= 1)
        frames.append(
            pd.DataFrame(
                {"site_id": sites.index[fits], "charger_type": name, "service": kind["service"], "most": most[fits]}
            )
        )
    return pd.concat(frames).sort_values(["site_id", "charger_type"], ignore_index=True)


def _locks_without_room(sites: pd.DataFrame, options: pd.DataFrame) -> list[Fault]:
    """Sites locked in where not even the fewest chargers fit."""
    fits = options.groupby("site_id")["most"].sum().reindex(sites.index, fill_value=0.0)
    stuck = sites.index[(sites["lock"] == "in") & (fits < sites["min_station"])]
    if not len(stuck):
        return []
    en = "locked in, but bays and grid do not hold its fewest chargers (min_station); raise them or free the lock"
    zh = "已锁定为必选，但车位或电网容纳不下最少桩数；请提高容量或取消锁定"
    return [Fault(f"sites, row {some(stuck)}", en, zh)]


def _standing_kwh(existing: pd.DataFrame, types: pd.DataFrame, kwh: pd.Series) -> pd.Series:
    """What today's located chargers carry at each (site, service)."""
    if not len(existing):
        return pd.Series(dtype=float, index=pd.MultiIndex.from_arrays([[], []], names=["site_id", "service"]))
    kind = existing.index.get_level_values("charger_type")
    table = pd.DataFrame(
        {
            "site_id": existing.index.get_level_values("site_id"),
            "service": types["service"].reindex(kind).to_numpy(),
            "kwh": existing["count"].to_numpy(float) * kwh.reindex(kind).to_numpy(float),
        }
    )
    return pd.Series(table.groupby(["site_id", "service"])["kwh"].sum())


def _pairs(demand: pd.DataFrame, access: pd.DataFrame, stations: pd.MultiIndex, edge_worth: float) -> pd.DataFrame:
    """Demand and station within reach, with the worth of a kWh: 1 at the door, `edge_worth` at the limit."""
    frames = []
    access_zone = access.index.get_level_values("zone_id")
    access_site = access.index.get_level_values("site_id")
    access_mode = access.index.get_level_values("mode").to_numpy(object)
    for service in demand.index.get_level_values("service").unique().sort_values():
        mode = "walk" if service in _WALKED else "drive"
        keys = demand.index.get_level_values("service") == service
        at = pd.Series(np.flatnonzero(keys), index=demand.index.get_level_values("zone_id")[keys])
        station_keys = stations.get_level_values("service") == service
        station_at = pd.Series(np.flatnonzero(station_keys), index=stations.get_level_values("site_id")[station_keys])
        rows = np.flatnonzero(access_mode == mode)
        i = at.reindex(access_zone[rows]).to_numpy(float)
        station = station_at.reindex(access_site[rows]).to_numpy(float)
        metres = access["metres"].to_numpy(float)[rows]
        known = ~np.isnan(i) & ~np.isnan(station)
        i, station, metres = i[known].astype(int), station[known].astype(int), metres[known]
        reach = demand["reach_m"].to_numpy(float)[i]
        near = metres <= reach
        share = np.divide(metres, reach, out=np.zeros_like(metres), where=reach > 0)[near]
        frames.append(pd.DataFrame({"i": i[near], "station": station[near], "worth": 1 - (1 - edge_worth) * share}))
    pairs = pd.concat(frames) if frames else pd.DataFrame({"i": [], "station": [], "worth": []})
    return pairs.sort_values(["i", "station"], ignore_index=True)
