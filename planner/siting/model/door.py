"""The door of siting: its tables checked once, what may be left out filled in, every fault named at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from planner.faults import BadInput, Fault, refuse, some
from planner.scenario import Siting
from planner.siting.problem import Problem
from planner.tables import ACCESS, CAPACITY, CHARGER_TYPES, CHARGERS, DEMAND, SITES, check_table

_SITES = SITES.remove_columns(["name_zh", "kind", "district", "institution", "modelled"])
_SITE_DEFAULTS = {"min_station": 1.0, "lock": "free", "feeder": ""}
_TYPE_DEFAULTS = {"coincidence": 1.0, "min_share": 0.0, "max_share": 1.0, "max_count": np.nan, "opex_cny_year": 0.0}


@dataclass(frozen=True)
class Admitted:
    """The checked tables, sorted by id.

    Attributes
    ----------
    demand
        Rows with energy only.
    sites
        With ``task_unit``, ``min_station``, ``lock`` and ``feeder``. Where chargers stand the station exists: it costs
        no opening and has no fewest chargers.
    types
        With ``min_share``, ``max_share``, ``max_count`` (NaN for none), ``opex_cny_year`` and ``grid_used_kw``, what a
        charger draws at the peak.
    standing
        Today's located chargers, sites x types.
    left
        Bays that today's chargers leave, and grid headroom (already what is left today).
    carried_kwh, table_end
        Types x counts, kWh/day, the last value repeated beyond the last count of each type.
    """

    demand: pd.DataFrame
    sites: pd.DataFrame
    types: pd.DataFrame
    standing: pd.DataFrame
    left: pd.DataFrame
    carried_kwh: np.ndarray
    table_end: np.ndarray


def admit(problem: Problem) -> Admitted:
    """Check the tables of siting and the rules against them.

    Raises
    ------
    BadInput
        What the tables' checks refuse; existing chargers at unknown sites or of unknown types, or more than the bays or
        the capacity table hold; a capacity table with holes or that falls; tasks, floors or feeder groups that name
        nothing; half a question.
    """
    sites, existing, siting, capacity = problem.sites, problem.existing, problem.rules, problem.capacity
    given = {
        "demand": (pd.DataFrame(problem.demand), DEMAND),
        "sites": (_with_defaults(sites, _SITE_DEFAULTS | {"task_unit": sites.get("district", "")}), _SITES),
        "charger_types": (_plain_counts(_with_defaults(problem.charger_types, _TYPE_DEFAULTS)), CHARGER_TYPES),
        "access": (_sampled(problem.access), ACCESS),
        "capacity": (_sampled(capacity), CAPACITY),
        "existing": (_sampled(existing), CHARGERS),
    }
    faults: list[Fault] = []
    checked: dict[str, pd.DataFrame] = {}
    for name, (table, schema) in given.items():
        try:
            may_be_empty = name in ("access", "existing") and not len(table)
            checked[name] = table if may_be_empty else check_table(table, schema, name).sort_index()
        except BadInput as error:
            faults.extend(error.faults)
    refuse(faults)
    demand, sites, types = checked["demand"], checked["sites"], checked["charger_types"]
    names = [
        *_unknown_names(sites, types, existing),
        *_rules_about_nothing(demand, sites, siting),
        *_cover_faults(problem.cover, sites, siting),
    ]
    table_end, carried, bad_tables = _carried_kwh(capacity, types)
    if names or bad_tables:
        raise BadInput([*names, *bad_tables])
    standing = _standing_counts(existing, sites, types)
    taken = (standing * types["bays_used"]).sum(axis=1)
    refuse([*_beyond_bays(sites, taken), *_beyond_table(standing, types, table_end)])
    stands = standing.sum(axis=1) > 0
    return Admitted(
        demand=demand[demand["energy_kwh_day"] > 0],
        sites=sites.assign(
            opening_cny=sites["opening_cny"].mask(stands, 0.0), min_station=sites["min_station"].mask(stands, 0.0)
        ),
        types=types.assign(grid_used_kw=types["coincidence"] * types["kw_rated"]),
        standing=standing,
        left=pd.DataFrame({"bays": sites["bays"] - taken, "grid_kw": sites["grid_kw"]}),
        carried_kwh=carried,
        table_end=table_end,
    )


def _with_defaults(table: pd.DataFrame, defaults: dict[str, Any]) -> pd.DataFrame:
    """The table as a plain one, its missing columns filled in."""
    return pd.DataFrame(table).assign(**{name: value for name, value in defaults.items() if name not in table})


def _plain_counts(types: pd.DataFrame) -> pd.DataFrame:
    """No most count may be said as None, NaN or NA."""
    most = types["max_count"].astype(object)
    return types.assign(max_count=most.where(most.notna(), float("nan")))


def _sampled(table: pd.DataFrame) -> pd.DataFrame:
    """Long tables of our own making are checked on their numbers; ids were checked where they were made."""
    return table if len(table) <= 100_000 else table.iloc[:: len(table) // 50_000]


def _unknown_names(sites: pd.DataFrame, types: pd.DataFrame, existing: pd.DataFrame) -> list[Fault]:
    lost_sites = sorted(set(existing.index.get_level_values("site_id")) - set(sites.index))
    lost_types = sorted(set(existing.index.get_level_values("charger_type")) - set(types.index))
    faults = []
    if lost_sites:
        faults.append(
            Fault(
                "existing",
                en=f"chargers at unknown sites {some(lost_sites)}",
                zh=f"既有充电桩位于未知站点 {some(lost_sites)}",
            )
        )
    if lost_types:
        faults.append(
            Fault("existing", en=f"unknown charger types {some(lost_types)}", zh=f"未知的充电桩类型 {some(lost_types)}")
        )
    return faults


def _rules_about_nothing(demand: pd.DataFrame, sites: pd.DataFrame, siting: Siting) -> list[Fault]:
    """Tasks, floors and feeder groups that no row answers to, and half a question."""
    where = "scenario, key siting."
    faults = []
    units, feeders = set(sites["task_unit"]), set(sites["feeder"]) - {""}
    if lost := sorted({unit for unit, task in siting.tasks.items() if task > 0} - units):
        en = f"no candidate site in {some(lost)}; units: {some(sorted(units), 20)}"
        faults.append(
            Fault(f"{where}tasks", en=en, zh=f"{some(lost)} 内没有候选站点；现有单元：{some(sorted(units), 20)}")
        )
    if siting.floors and "district" not in demand:
        en = "floors need to know where demand lies; add the column district to it or remove siting.floors"
        faults.append(
            Fault(
                "demand, column district",
                en=f"missing; {en}",
                zh="缺少此列：服务率下限需要知道需求所在区域；请补充 district 列，或删除 siting.floors",
            )
        )
    elif siting.floors:
        faults.extend(_floors_about_nothing(demand, set(siting.floors)))
    if siting.feeder_kw and not feeders:
        en = "missing; siting.feeder_kw needs to know which feeder group every site hangs on; add it or remove the key"
        faults.append(
            Fault(
                "sites, column feeder",
                en=en,
                zh="缺少此列或全为空：siting.feeder_kw 需要知道各站点所属馈线组；请补充，或删除该键",
            )
        )
    elif lost := sorted(set(siting.feeder_kw) - feeders):
        en = f"no site on {some(lost)}; feeder groups: {some(sorted(feeders), 20)}"
        faults.append(
            Fault(
                f"{where}feeder_kw",
                en=en,
                zh=f"没有站点属于馈线组 {some(lost)}；现有馈线组：{some(sorted(feeders), 20)}",
            )
        )
    if siting.question == "least_cost" and siting.promise_share is None:
        en = "missing; the least cost of what? give the share of all demand to be served"
        faults.append(Fault(f"{where}promise_share", en=en, zh="缺少此项：最低成本需要给定服务率承诺"))
    if siting.question != "least_cost" and siting.promise_share is not None:
        en = f"{siting.promise_share:g} is promised, but siting.question is {siting.question}; set it to least_cost"
        faults.append(
            Fault(
                f"{where}promise_share",
                en=en,
                zh=f"承诺服务率 {siting.promise_share:g}，但 siting.question 为 {siting.question}；请设为 least_cost",
            )
        )
    return faults


def _floors_about_nothing(demand: pd.DataFrame, floors: set[str]) -> list[Fault]:
    """Floors of names that no demand bears, of districts and townships at once, and of townships of two districts."""
    where, districts = "scenario, key siting.floors", set(demand["district"])
    towns = (
        demand[["district", "township"]].drop_duplicates() if "township" in demand else demand[["district"]].iloc[:0]
    )
    named = set(towns.get("township", [])) - {""}
    if lost := sorted(floors - districts - named):
        areas, smaller = some(sorted(districts), 20), some(sorted(named), 20)
        en, zh = f"no demand in {some(lost)}; districts: {areas}", f"{some(lost)} 没有充电需求；县区：{areas}"
        if named:
            en, zh = f"{en}; townships: {smaller}", f"{zh}；乡镇街道：{smaller}"
        return [Fault(where, en=en, zh=zh)]
    if floors <= districts:
        return []
    if not floors <= named:
        areas, smaller = some(sorted(floors - named)), some(sorted(floors - districts))
        en = f"districts ({areas}) and townships ({smaller}) are named; give floors of districts only "
        en += "or of townships only"
        return [Fault(where, en=en, zh=f"同时列出了县区（{areas}）与乡镇街道（{smaller}），请只给其中一类")]
    twice = towns["township"].value_counts()
    if shared := sorted(floors & set(twice.index[twice > 1])):
        en = f"townships {some(shared)} lie in several districts; rename them in the zones"
        return [Fault(where, en=en, zh=f"{some(shared)} 在多个县区同名，请在网格图层中改名")]
    return []


def _cover_faults(cover: pd.DataFrame | None, sites: pd.DataFrame, siting: Siting) -> list[Fault]:
    """Access asked for without the table that says what it is, and sites in that table that nobody knows."""
    if cover is None:
        if not siting.minimum_access:
            return []
        en = "true, but no table cover says which sites are near which zone; give it, or set the key to false"
        return [Fault("scenario, key siting.minimum_access", en=en, zh="要求最低可达，但未给出 cover 表")]
    if missing := [name for name in ("zone_id", "site_id") if name not in cover.index.names]:
        return [
            Fault(
                "cover, index",
                en=f"{some(missing)} missing; index (zone_id, site_id) expected",
                zh=f"缺少 {some(missing)}；索引应为 (zone_id, site_id)",
            )
        ]
    if lost := sorted(set(cover.index.get_level_values("site_id")) - set(sites.index)):
        return [Fault("cover", en=f"unknown sites {some(lost)}", zh=f"含有未知站点 {some(lost)}")]
    return []


def _carried_kwh(capacity: pd.DataFrame, types: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, list[Fault]]:
    """The last count of every type's table, its energy by count, the last value repeated beyond it, and faults."""
    table = capacity["energy_kwh_day"]
    kind = table.index.get_level_values("charger_type")
    rows, faults = [], []
    for k in types.index:
        mine = table[kind == k].droplevel("charger_type").sort_index().astype(float)
        mine = mine if len(mine) and mine.index[0] == 0 else pd.concat([pd.Series({0: 0.0}), mine])
        rows.append(mine.to_numpy(float))
        faults.extend(_capacity_faults(k, mine))
    last = np.array([len(row) - 1 for row in rows])
    width = int(last.max()) + 1
    return last, np.array([np.r_[row, np.full(width - len(row), row[-1])] for row in rows]), faults


def _capacity_faults(k: str, energy: pd.Series) -> list[Fault]:
    """What is wrong with one type's energy by count, from 0 on."""
    where = f"capacity, charger type {k}"
    if len(energy) < 2:
        return [
            Fault(
                where,
                en="no rows; add its energy by count from 1 on",
                zh=f"没有 {k} 的数据行；请给出自 1 台起各数量的电量",
            )
        ]
    counts = np.asarray(energy.index)
    if (counts != np.arange(len(counts))).any():
        missing = sorted(set(range(int(counts.max()) + 1)) - set(counts.tolist()))
        return [
            Fault(
                where,
                en=f"no row for count {some(missing)}; give every count from 1 to the last",
                zh=f"缺少数量 {some(missing)} 的数据行；请给出自 1 起至最后一个的每个数量",
            )
        ]
    if energy.iloc[0] != 0:
        return [
            Fault(
                where,
                en=f"found {energy.iloc[0]:g} kWh for count 0; no charger carries 0 kWh",
                zh=f"0 台的电量为 {energy.iloc[0]:g} kWh；没有充电桩时应为 0 kWh",
            )
        ]
    falls = counts[1:][np.diff(energy.to_numpy(float)) < 0]
    if len(falls):
        en = f"energy falls at count {some(falls.tolist())}; more chargers must not carry less"
        return [Fault(where, en=en, zh=f"电量在数量 {some(falls.tolist())} 处下降；桩多不应供电更少")]
    return []


def _standing_counts(existing: pd.DataFrame, sites: pd.DataFrame, types: pd.DataFrame) -> pd.DataFrame:
    """Today's located chargers, sites x types."""
    if not len(existing):
        return pd.DataFrame(0, index=sites.index, columns=types.index)
    counts = existing.pivot_table("count", "site_id", "charger_type", aggfunc="sum", fill_value=0)
    return counts.reindex(index=sites.index, columns=types.index, fill_value=0).astype(int)


def _beyond_bays(sites: pd.DataFrame, taken: pd.Series) -> list[Fault]:
    return [
        Fault(
            f"sites, row {j}",
            en=f"today's chargers use {taken[j]:g} bays, the site has {sites.loc[j, 'bays']:g}; raise bays",
            zh=f"既有充电桩占用 {taken[j]:g} 个车位，站点只有 {sites.loc[j, 'bays']:g} 个；请增加车位",
        )
        for j in sites.index[taken > sites["bays"]]
    ]


def _beyond_table(standing: pd.DataFrame, types: pd.DataFrame, table_end: np.ndarray) -> list[Fault]:
    return [
        Fault(
            f"existing, row {j} / {k}",
            en=f"{standing.loc[j, k]} chargers stand there, but the capacity table of {k} ends at {last}; extend it",
            zh=f"现有 {standing.loc[j, k]} 台，而 {k} 的容量表止于 {last} 台；请补充容量表",
        )
        for k, last in zip(types.index, table_end, strict=True)
        for j in standing.index[standing[k] > last]
    ]
