"""The plan area by area: zones with why they lack, districts, tasks; and service by service."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.assessment.networks import NO_ENERGY_SHARE, Network, nowhere_known, sum_by_site
from planner.layers import Layers
from planner.scenario import Scenario

REASONS = ("out_of_reach", "no_capacity", "budget_or_quota")
_SERVICES = ("slow", "fast", "heavy", "swap")
_SAME_PLACE_M = 0.01
_NO_BOUNDARY_ZH = "未提供边界，计入所在县区"
_NO_BOUNDARY_EN = "no boundary supplied; counted in its districts"


def assess_zones(
    zones: gpd.GeoDataFrame, demand: pd.DataFrame, unserved: pd.DataFrame, today: Network, plan: Network
) -> pd.DataFrame:
    """The table ``zones`` of `Assessment`; `unserved` as `find_unserved` gives it."""
    public = demand.groupby(level="zone_id")["public_kwh_day"].sum().reindex(zones.index, fill_value=0.0)
    left = unserved.groupby(level="zone_id")["unserved_kwh_day"].sum().reindex(zones.index, fill_value=0.0)
    lacking = unserved[unserved["unserved_kwh_day"] > 0].sort_values("unserved_kwh_day", ascending=False, kind="stable")
    reason = lacking.reset_index().drop_duplicates("zone_id").set_index("zone_id")["reason"]
    return pd.DataFrame(
        {
            "public_kwh_day": public,
            "served_kwh_day": public - left,
            "unserved_kwh_day": left,
            "within_norm_today": today.near_m <= zones["norm_m"] + _SAME_PLACE_M,
            "within_norm": plan.near_m <= zones["norm_m"] + _SAME_PLACE_M,
            "reason": reason.reindex(zones.index).fillna(""),
        },
        index=zones.index,
    )


def assess_districts(
    layers: Layers,
    demand: pd.DataFrame,
    zones: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    stations: pd.DataFrame,
    today: Network,
    plan: Network,
    scenario: Scenario,
) -> pd.DataFrame:
    """The table ``districts`` of `Assessment`; `zones` and `stations` are two others of it."""
    order = layers.districts.sort_values("code").index
    district = layers.zones["district"]
    residents = layers.zones["residents"].astype(float)

    def per_district(amount: pd.Series) -> pd.Series:
        return amount.groupby(district.reindex(amount.index)).sum().reindex(order, fill_value=0.0)

    def served(rows: pd.DataFrame) -> pd.Series:
        standing = demand.groupby(level="zone_id")["standing_kwh_day"].sum()
        return per_district(standing.add(rows.groupby("zone_id")["energy_kwh_day"].sum(), fill_value=0.0))

    public, now, then, people = (
        per_district(zones["public_kwh_day"]),
        served(today.trips),
        served(plan.trips),
        per_district(residents),
    )
    table = pd.DataFrame(
        {
            "residents": people.astype(int),
            "within_norm_share_today": per_district(residents * zones["within_norm_today"]) / people.where(people > 0),
            "within_norm_share": per_district(residents * zones["within_norm"]) / people.where(people > 0),
            "public_kwh_day": public,
            "served_kwh_day": then,
            "served_share_today": now / public.where(public > 0),
            "served_share": then / public.where(public > 0),
        }
    )
    if nowhere_known(today.chargers, scenario):
        table["within_norm_share_today"] = np.nan
    built = _built_in(stations, sites["district"], order)
    return table.join(built.drop(columns="new_kwh_day")).assign(
        cny_per_kwh_day=built["capex_cny"] / built["new_kwh_day"].where(built["new_kwh_day"] > 0)
    )


def assess_tasks(layers: Layers, sites: gpd.GeoDataFrame, stations: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """任务分解表: districts by code, then development zones; those without boundary count in their districts."""
    with_boundary = list(layers.task_units.index)
    extra = [unit for unit in scenario.study_area.task_zones if unit not in with_boundary]
    order = pd.Index([*layers.districts.sort_values("code").index, *with_boundary, *extra], name="task_unit")
    built = _built_in(stations, sites["task_unit"], order)[["chargers", "stations", "power_kw", "capex_cny"]]
    task = pd.Series(scenario.siting.tasks, dtype=float).reindex(order).fillna(0).astype(int)
    unbounded = order.isin(extra)
    return built.assign(
        note_zh=np.where(unbounded, _NO_BOUNDARY_ZH, ""), note_en=np.where(unbounded, _NO_BOUNDARY_EN, "")
    ).pipe(lambda table: table.assign(task=task)[["task", *built.columns, "note_zh", "note_en"]])


def assess_services(demand: pd.DataFrame, today: Network, plan: Network) -> pd.DataFrame:
    """The table ``services`` of `Assessment`."""
    table = demand.groupby(level="service")[["public_kwh_day", "standing_kwh_day"]].sum()
    now, then = (
        table["standing_kwh_day"].add(t.groupby("service")["energy_kwh_day"].sum(), fill_value=0.0).reindex(table.index)
        for t in (today.trips, plan.trips)
    )
    return table.assign(
        served_kwh_day=then,
        unserved_kwh_day=(table["public_kwh_day"] - then).clip(lower=0.0),
        served_share_today=now / table["public_kwh_day"],
        served_share=then / table["public_kwh_day"],
    )


def find_unserved(
    demand: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    access: pd.DataFrame,
    types: pd.DataFrame,
    plan: Network,
    scenario: Scenario,
) -> pd.DataFrame:
    """Energy that nobody serves, with its reason: index (zone_id, service); unserved_kwh_day, reason."""
    served = plan.trips.groupby(["zone_id", "service"])["energy_kwh_day"].sum().reindex(demand.index, fill_value=0.0)
    left = (demand["energy_kwh_day"] - served).clip(lower=0.0)
    left = left.where(left > demand["energy_kwh_day"] * NO_ENERGY_SHARE, 0.0)
    reason = pd.Series("", index=demand.index, dtype=object)
    room = _room_left(sites, types, plan.chargers)
    for service, rules in scenario.services.items():
        lacking = demand[(left > 0) & (demand.index.get_level_values("service") == service)]
        if len(lacking):
            reach = lacking["reach_m"].droplevel("service")
            near, free = _sites_in_reach(reach, access, sites.index, rules.mode, room[service].to_numpy(bool))
            reason[lacking.index] = np.select([~near, ~free], REASONS[:2], REASONS[2])
    return pd.DataFrame({"unserved_kwh_day": left, "reason": reason})


def _room_left(sites: pd.DataFrame, types: pd.DataFrame, everything: pd.DataFrame) -> pd.DataFrame:
    """Index site_id, a column per service: whether one more charger of it would fit the bays and grid of an open site.

    A site without chargers needs room for a station of `min_station`; a site locked out has none.
    """
    use = everything.assign(
        bays=everything["count"] * everything["bays_used"],
        grid=everything["count"] * everything["coincidence"] * everything["kw_rated"] * everything["is_new"],
    )
    bays = sites["bays"].astype(float) - sum_by_site(use, "bays", sites.index)
    grid = sites["grid_kw"].astype(float) - sum_by_site(use, "grid", sites.index)
    held = sum_by_site(everything, "count", sites.index)
    needed = sites["min_station"].where(held == 0, 1).astype(float)
    room = pd.DataFrame(False, index=sites.index, columns=sorted({*_SERVICES, *types["service"]}))
    for _, kind in types.iterrows():
        fits = (bays >= needed * kind["bays_used"]) & (grid >= needed * kind["coincidence"] * kind["kw_rated"])
        room[kind["service"]] |= fits & (sites["lock"] != "out")
    return room


def _sites_in_reach(
    reach_m: pd.Series, access: pd.DataFrame, site_ids: pd.Index, mode: str, has_room: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For every zone: whether any site is within its reach, and whether one of those has room."""
    zone_code, site_code, mode_code = (np.asarray(codes) for codes in access.index.codes)  # type: ignore[attr-defined]
    zone_level, site_level, mode_level = access.index.levels  # type: ignore[attr-defined]
    rows = np.flatnonzero(np.asarray(mode_level == mode)[mode_code])
    zone = reach_m.index.get_indexer(zone_level)[zone_code[rows]]
    site = site_ids.get_indexer(site_level)[site_code[rows]]
    inside = (zone >= 0) & (access["metres"].to_numpy(float)[rows] <= reach_m.to_numpy(float)[zone])
    zone, site = zone[inside], site[inside]
    near = np.bincount(zone, minlength=len(reach_m)) > 0
    free = np.bincount(zone, has_room[site], minlength=len(reach_m)) > 0
    return near, free


def _built_in(stations: pd.DataFrame, area: pd.Series, order: pd.Index) -> pd.DataFrame:
    """What the plan builds in every area: stations, chargers, swap_stations, power_kw, capex_cny, new_kwh_day."""
    grouped = stations.groupby(area.reindex(stations.index))
    table = pd.DataFrame(
        {
            "stations": grouped.size(),
            "chargers": grouped["new_total"].sum(),
            "swap_stations": grouped["new_swap"].sum(),
            "power_kw": grouped["power_kw"].sum(),
            "capex_cny": grouped["capex_cny"].sum(),
            "new_kwh_day": grouped["served_kwh_day"].sum(),
        }
    ).reindex(order, fill_value=0)
    whole = dict.fromkeys(["stations", "chargers", "swap_stations"], int)
    return table.astype({**dict.fromkeys(table.columns, float), **whole})
