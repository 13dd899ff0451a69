"""A plan against the demand: the four words of the source document as figures, and what stands behind them.

Two networks are compared, with the same demand: **today** (located chargers only) and the **plan** (those and the new
ones). Chargers that no layer locates have no distance: their energy (``standing_kwh_day``) counts as served in both,
and they take no part in any figure that is measured in metres or stands on a map.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from planner.layers import Layers
from planner.scenario import Scenario
from planner.siting import choose_sites

FIGURES = ("well_distributed", "completely_equipped", "convenient", "basically_meets")
REASONS = ("out_of_reach", "no_capacity", "budget_or_quota")
_WORDS = {
    "well_distributed": ("分布合理", "well distributed", "share"),
    "completely_equipped": ("配置完善", "completely equipped", "share"),
    "convenient": ("服务便捷", "convenient", "m"),
    "basically_meets": ("基本满足", "basically meets demand", "share"),
    "worst_district_share": ("最低县区达标居民占比", "lowest district share within the norm", "share"),
    "gini_access": ("可达性基尼系数", "Gini of access", ""),
    "reserved_share": ("公共机构已建或预留占比", "institutions equipped or reserved", "share"),
    "evs_per_charger": ("车桩比", "EVs per public charger", ""),
    "kw_per_ev": ("单车充电功率", "charging power per EV", "kW"),
    "fast_slow_ratio": ("快慢充桩比", "fast chargers per slow one", ""),
}
_CAR_SERVICES = ("slow", "fast")
_PERCENTILE = 0.9
_SAME_PLACE_M = 0.01
_NO_ENERGY_SHARE = 1e-6
_TABLE_NOTE_ZH = "未提供边界，计入所在县区"
_TABLE_NOTE_EN = "no boundary supplied; counted in its districts"


@dataclass(frozen=True)
class Assessment:
    """The figures of a plan. Shares lie between 0 and 1; NaN is "not known" and infinite metres are "beyond reach".

    Attributes
    ----------
    figures
        Index figure: ``well_distributed`` (分布合理), ``completely_equipped`` (配置完善), ``convenient`` (服务便捷) and
        ``basically_meets`` (基本满足); columns word_zh, word_en, today, plan, unit (share or m), note_zh, note_en.
    companions
        Index name, the same columns: what stands beside the four (`companion_figures`).
    services
        Index service: public_kwh_day, standing_kwh_day (unlocated chargers), served_kwh_day (those and the plan),
        unserved_kwh_day, served_share_today, served_share.
    districts
        Index district, by code: residents, within_norm_share_today, within_norm_share, public_kwh_day, served_kwh_day,
        served_share_today, served_share (of the district's own demand, wherever it charges); stations, chargers
        (piles), swap_stations, power_kw, capex_cny (new, standing in the district), cny_per_kwh_day (that money over
        the energy its new stations serve).
    tasks
        Index task_unit: task, chargers (both piles), stations, power_kw, capex_cny, note_zh, note_en. The chargers of
        all rows sum to the plan's piles.
    zones
        Index zone_id: public_kwh_day, served_kwh_day, unserved_kwh_day, within_norm_today, within_norm, reason (one of
        `REASONS` for the largest unserved part, empty where all is served).
    sites
        Index site_id, sites with new chargers: existing_total, new_slow, new_fast, new_heavy, new_total (piles),
        new_swap (swap stations), power_kw (rated), capex_cny, served_kwh_day, utilisation (served over what the station
        carries), metres_mean, rank (1 = most worth served here: what dropping it loses at most), headroom (a charger
        less would still carry the served energy), reason_zh, reason_en.
    """

    figures: pd.DataFrame
    companions: pd.DataFrame
    services: pd.DataFrame
    districts: pd.DataFrame
    tasks: pd.DataFrame
    zones: pd.DataFrame
    sites: pd.DataFrame


def assess(
    layers: Layers,
    demand: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    access: pd.DataFrame,
    charger_types: pd.DataFrame,
    capacity: pd.DataFrame,
    existing: pd.DataFrame,
    chargers: pd.DataFrame,
    assignment: pd.DataFrame,
    scenario: Scenario,
) -> Assessment:
    """Measure a plan.

    Parameters
    ----------
    layers, demand, sites, access, charger_types, capacity, existing
        What siting was given, as `planner.tables` describes it.
    chargers, assignment
        What siting answered: new chargers by (site_id, charger_type), kWh a day by (zone_id, site_id, service).
    scenario
        Reach, edge worth, tasks, fleets and unlocated chargers.
    """
    today = assign_today(demand, sites, access, charger_types, capacity, existing, scenario)
    trips_today = _trips(today, access, demand, scenario)
    trips = _trips(assignment, access, demand, scenario)
    stock = _priced(existing, charger_types).assign(is_new=False)
    new = _priced(chargers, charger_types).assign(is_new=True)
    everything = pd.concat([stock, new], ignore_index=True)
    near_today, near = (nearest_charger_m(layers.zones, sites, c) for c in (stock, everything))
    stations = _stations(sites, stock, new, trips, capacity, scenario)
    unserved = _unserved(demand, trips, sites, access, charger_types, everything, scenario)
    zones = _zones(layers.zones, demand, unserved, near_today, near)
    districts = _districts(layers, demand, trips_today, trips, zones, sites, stations)
    served = _served_share(demand, trips_today), _served_share(demand, trips)
    return Assessment(
        figures=_figures(layers.zones, demand, zones, sites, stock, everything, trips_today, trips, served, scenario),
        companions=companion_figures(layers.zones, sites, stock, everything, near_today, near, districts, scenario),
        services=_services(demand, trips_today, trips),
        districts=districts,
        tasks=_tasks(layers, sites, stations, scenario),
        zones=zones,
        sites=stations,
    )


def figure_text(value: float, unit: str, lang: str = "zh") -> str:
    """A figure in words: ``83.4 %``, ``1,240 m``, ``0.31``, beyond reach, not known.

    Parameters
    ----------
    value
        A figure or companion.
    unit
        Its unit: share, m, kW or empty.
    lang
        zh or en.
    """
    if np.isnan(value):
        return "未知" if lang == "zh" else "not known"
    if np.isinf(value):
        return "超出可达范围" if lang == "zh" else "> reach"
    if unit == "share":
        return f"{value:.1%}".replace("%", " %")
    return f"{value:,.0f} m" if unit == "m" else f"{value:,.2f} {unit}".strip()


def assign_today(
    demand: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    access: pd.DataFrame,
    charger_types: pd.DataFrame,
    capacity: pd.DataFrame,
    existing: pd.DataFrame,
    scenario: Scenario,
) -> pd.DataFrame:
    """Who would charge where with today's located chargers alone: the siting problem with nothing to build.

    Only the sites that have chargers take part, all locked against new ones, so the worth served is the most that
    today's network can give and is comparable with the plan's.

    Returns
    -------
    DataFrame
        Index (zone_id, site_id, service); ``energy_kwh_day``; empty without located chargers.
    """
    if existing.empty:
        names = ["zone_id", "site_id", "service"]
        return pd.DataFrame({"energy_kwh_day": []}, index=pd.MultiIndex.from_arrays([[], [], []], names=names))
    standing = existing.index.get_level_values("site_id").unique()
    locked = sites[sites.index.isin(standing)].assign(lock="out")
    near = access[access.index.get_level_values("site_id").isin(standing)]
    nothing = {"quota": 0, "quota_rule": "at_most", "tasks": {}, "lock_in": [], "lock_out": []}
    siting = scenario.siting.model_copy(update=nothing)
    return choose_sites(demand, locked, near, charger_types, capacity, existing, siting)[1]


def nearest_charger_m(zones: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, chargers: pd.DataFrame) -> pd.Series:
    """Straight metres from every zone's centroid to the nearest site where a car can plug in; infinite without any.

    Parameters
    ----------
    zones, sites
        In one projected CRS.
    chargers
        Rows with ``site_id``, ``service``, ``battery_swap``, ``count``; swap and truck chargers do not help residents.
    """
    for_cars = (
        chargers["service"].isin(_CAR_SERVICES) & ~chargers["battery_swap"].astype(bool) & (chargers["count"] > 0)
    )
    at = sites.geometry[sites.index.isin(chargers.loc[for_cars, "site_id"])]
    if at.empty:
        return pd.Series(np.inf, index=zones.index)
    centre = zones.geometry.centroid
    metres = cKDTree(np.column_stack([at.x, at.y])).query(np.column_stack([centre.x, centre.y]))[0]
    return pd.Series(metres, index=zones.index)


def companion_figures(
    zones: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    stock: pd.DataFrame,
    everything: pd.DataFrame,
    near_today: pd.Series,
    near: pd.Series,
    districts: pd.DataFrame,
    scenario: Scenario,
) -> pd.DataFrame:
    """What stands beside the four figures, today and with the plan.

    - ``worst_district_share``: the lowest share of residents within the norm of any district (named in the note).
    - ``gini_access``: Gini coefficient, over residents, of the metres to the nearest charger: 0 where all have it
      equally far, near 1 where few have it far.
    - ``reserved_share``: institutions equipped, or with conduits reserved by the plan, over all that must be either.
    - ``evs_per_charger``: vehicles of all fleets over public piles, unlocated ones included.
    - ``kw_per_ev``: rated kW of located and new chargers over those vehicles; not known for unlocated ones.
    - ``fast_slow_ratio``: fast piles over slow piles, located and new; not known for unlocated ones.
    """
    evs = sum(fleet.vehicles.base for fleet in scenario.fleets.values())
    unlocated = scenario.existing.unlocated_chargers.base
    worst = [_worst(districts[column]) for column in ("within_norm_share_today", "within_norm_share")]
    gini = [_gini(metres.to_numpy(float), zones["residents"].to_numpy(float)) for metres in (near_today, near)]
    reserved = _reserved_shares(sites, stock, everything)
    per_charger = [_share(evs, unlocated + float(c["piles"].sum())) for c in (stock, everything)]
    kw = [float(c["power_kw"].sum()) / evs if len(c) or not unlocated else np.nan for c in (stock, everything)]
    ratio = [_fast_per_slow(c) for c in (stock, everything)]
    worst_note = f"今日 {worst[0][0]}，规划 {worst[1][0]}", f"today {worst[0][0]}, plan {worst[1][0]}"
    unknown_note = "无坐标的既有充电桩功率与类型未知，不计入", "unlocated chargers have no known power or type"
    gini_note = "按居民到最近充电站的直线距离", "of residents' straight metres to the nearest charger"
    return _figure_table(
        {
            "worst_district_share": (worst[0][1], worst[1][1], worst_note),
            "gini_access": (gini[0], gini[1], gini_note),
            "reserved_share": (
                reserved[0],
                reserved[1],
                ("应配建与应预留的公共机构", "of those to be equipped or reserved"),
            ),
            "evs_per_charger": (
                per_charger[0],
                per_charger[1],
                ("含无坐标的既有充电桩", "unlocated chargers included"),
            ),
            "kw_per_ev": (kw[0], kw[1], unknown_note),
            "fast_slow_ratio": (ratio[0], ratio[1], unknown_note),
        },
        "name",
    )


def _figure_table(values: dict[str, tuple[float, float, tuple[str, str]]], index: str) -> pd.DataFrame:
    """A table of figures from (today, plan, (note_zh, note_en)) by name."""
    rows = [
        {
            "word_zh": zh,
            "word_en": en,
            "today": today,
            "plan": plan,
            "unit": unit,
            "note_zh": note_zh,
            "note_en": note_en,
        }
        for (today, plan, (note_zh, note_en)), (zh, en, unit) in ((values[k], _WORDS[k]) for k in values)
    ]
    return pd.DataFrame(rows, index=pd.Index(list(values), name=index))


def _priced(chargers: pd.DataFrame, types: pd.DataFrame) -> pd.DataFrame:
    """One row per site and type: count, the type's columns, and piles, power_kw and price of them all."""
    rows = chargers[["count"]].reset_index().astype({"site_id": str, "charger_type": str})
    rows = rows.merge(types, left_on="charger_type", right_index=True, how="left")
    return rows.assign(
        piles=rows["count"] * rows["quota_units"],
        power_kw=rows["count"] * rows["kw_rated"],
        spent_cny=rows["count"] * rows["price_cny"],
        battery_swap=rows["battery_swap"].astype(bool),
    )


def _trips(assignment: pd.DataFrame, access: pd.DataFrame, demand: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """The assignment as rows, with metres and worth."""
    rows = assignment.reset_index()
    mode = rows["service"].map({service: rules.mode for service, rules in scenario.services.items()})
    keys = pd.MultiIndex.from_arrays([rows["zone_id"], rows["site_id"], mode])
    at = access.index.get_indexer(keys) if len(rows) else np.zeros(0, int)
    metres = access["metres"].to_numpy(float)[at]
    reach = demand["reach_m"].reindex(pd.MultiIndex.from_frame(rows[["zone_id", "service"]])).to_numpy(float)
    farness = np.divide(metres, reach, out=np.zeros_like(metres), where=reach > 0)
    worth = 1 - (1 - scenario.siting.edge_worth) * farness
    return rows.assign(metres=metres, worth_kwh_day=worth * rows["energy_kwh_day"])


def _served_share(demand: pd.DataFrame, trips: pd.DataFrame) -> float:
    served = float(demand["standing_kwh_day"].sum()) + float(trips["energy_kwh_day"].sum())
    return _share(served, float(demand["public_kwh_day"].sum()))


def _figures(
    zones: gpd.GeoDataFrame,
    demand: pd.DataFrame,
    near: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    stock: pd.DataFrame,
    everything: pd.DataFrame,
    trips_today: pd.DataFrame,
    trips: pd.DataFrame,
    served: tuple[float, float],
    scenario: Scenario,
) -> pd.DataFrame:
    residents = zones["residents"].astype(float)
    within = [
        _share(float(residents[near[c]].sum()), float(residents.sum())) for c in ("within_norm_today", "within_norm")
    ]
    equipped = [_equipped_share(sites[sites["institution"] == "equipped"], c) for c in (stock, everything)]
    metres = [_far_metres(demand, t) for t in (trips_today, trips)]
    unlocated = scenario.existing.unlocated_chargers.base
    hidden = (
        f"今日仅计有坐标的充电桩；另有 {unlocated:,.0f} 台无坐标" if unlocated else "",
        f"today counts located chargers only; {unlocated:,.0f} have no location" if unlocated else "",
    )
    far_note = "第90百分位路程；未服务的计为超出可达范围", "90th percentile of metres; unserved counted beyond reach"
    met_note = "含无坐标既有充电桩按实际用量承担的电量", "includes what unlocated chargers carry at observed use"
    return _figure_table(
        {
            "well_distributed": (within[0], within[1], hidden),
            "completely_equipped": (equipped[0], equipped[1], hidden),
            "convenient": (metres[0], metres[1], far_note),
            "basically_meets": (served[0], served[1], met_note),
        },
        "figure",
    )


def _equipped_share(institutions: pd.DataFrame, chargers: pd.DataFrame) -> float:
    """Share of institutions that hold at least one charger; NaN where none is listed."""
    holding = chargers.loc[(chargers["count"] > 0) & (chargers["piles"] > 0), "site_id"]
    return _share(float(institutions.index.isin(holding).sum()), float(len(institutions)))


def _reserved_shares(sites: pd.DataFrame, stock: pd.DataFrame, everything: pd.DataFrame) -> list[float]:
    """Institutions equipped today; and equipped or reserved by the plan, over all that must be either."""
    wanted = sites[sites["institution"].isin(["equipped", "reserved"])]
    holding = everything.loc[everything["piles"] > 0, "site_id"]
    done = wanted.index.isin(holding) | (wanted["institution"] == "reserved").to_numpy()
    return [_equipped_share(wanted, stock), _share(float(done.sum()), float(len(wanted)))]


def _far_metres(demand: pd.DataFrame, trips: pd.DataFrame) -> float:
    """90th-percentile metres over all demand that unlocated chargers do not carry; infinite where it is unserved."""
    wanted = _PERCENTILE * float(demand["energy_kwh_day"].sum())
    if wanted <= 0:
        return float("nan")
    order = trips.sort_values(["metres", "zone_id", "site_id", "service"])
    reached = order["energy_kwh_day"].cumsum().to_numpy(float)
    at = int(np.searchsorted(reached, wanted * (1 - _NO_ENERGY_SHARE)))
    return float(order["metres"].iloc[at]) if at < len(order) else float("inf")


def _worst(share: pd.Series) -> tuple[str, float]:
    """The district with the lowest share, and the share."""
    known = share.dropna()
    return (str(known.idxmin()), float(known.min())) if len(known) else ("–", float("nan"))


def _gini(amount: np.ndarray, weight: np.ndarray) -> float:
    """Gini coefficient of an amount over weighted people: 1 - 2 x area under the Lorenz curve; NaN if not finite."""
    people = weight > 0
    amount, weight = amount[people], weight[people]
    if not len(amount) or not np.isfinite(amount).all() or amount @ weight == 0:
        return float("nan")
    order = np.argsort(amount, kind="stable")
    held = np.r_[0.0, np.cumsum(amount[order] * weight[order])]
    area = float(weight[order] @ (held[1:] + held[:-1]))
    return 1 - area / (float(weight.sum()) * float(held[-1]))


def _fast_per_slow(chargers: pd.DataFrame) -> float:
    piles = chargers.groupby("service")["piles"].sum()
    return _share(float(piles.get("fast", 0.0)), float(piles.get("slow", 0.0)))


def _services(demand: pd.DataFrame, trips_today: pd.DataFrame, trips: pd.DataFrame) -> pd.DataFrame:
    table = demand.groupby(level="service")[["public_kwh_day", "standing_kwh_day"]].sum()
    now, then = (
        table["standing_kwh_day"].add(t.groupby("service")["energy_kwh_day"].sum(), fill_value=0.0).reindex(table.index)
        for t in (trips_today, trips)
    )
    return table.assign(
        served_kwh_day=then,
        unserved_kwh_day=(table["public_kwh_day"] - then).clip(lower=0.0),
        served_share_today=now / table["public_kwh_day"],
        served_share=then / table["public_kwh_day"],
    )


def _stations(
    sites: gpd.GeoDataFrame,
    stock: pd.DataFrame,
    new: pd.DataFrame,
    trips: pd.DataFrame,
    capacity: pd.DataFrame,
    scenario: Scenario,
) -> pd.DataFrame:
    """The table ``sites`` of the assessment."""
    new = new[new["count"] > 0]
    at = pd.Index(sorted(new["site_id"].unique()), name="site_id", dtype=sites.index.dtype)
    built = sites.loc[at]
    here = trips[trips["site_id"].isin(at)]
    by_site = here.groupby("site_id")
    served = by_site["energy_kwh_day"].sum().reindex(at, fill_value=0.0)
    moved = (here["metres"] * here["energy_kwh_day"]).groupby(here["site_id"]).sum().reindex(at, fill_value=0.0)
    carried, headroom = _carried(stock, new, here, capacity)
    worth = by_site["worth_kwh_day"].sum().reindex(at, fill_value=0.0)
    table = pd.DataFrame({"existing_total": _sum_by_site(stock, "piles", at)}, index=at)
    for service in ("slow", "fast", "heavy"):
        of_service = new[(new["service"] == service) & ~new["battery_swap"]]
        table[f"new_{service}"] = _sum_by_site(of_service, "piles", at)
    table["new_swap"] = _sum_by_site(new[new["battery_swap"]], "count", at)
    table["new_total"] = _sum_by_site(new, "piles", at)
    whole = ["existing_total", "new_slow", "new_fast", "new_heavy", "new_swap", "new_total"]
    table = table.astype(dict.fromkeys(whole, int)).assign(
        power_kw=_sum_by_site(new, "power_kw", at),
        capex_cny=built["opening_cny"].astype(float) + _sum_by_site(new, "spent_cny", at),
        served_kwh_day=served,
        utilisation=(served / carried.reindex(at)).fillna(0.0),
        metres_mean=moved / served.where(served > 0),
        rank=worth.rank(method="first", ascending=False).astype(int),
        headroom=headroom.reindex(at, fill_value=False).astype(bool),
    )
    words = _why_here(built, table, by_site["zone_id"].nunique().reindex(at, fill_value=0), scenario)
    return table.assign(reason_zh=words["zh"], reason_en=words["en"])


def _sum_by_site(chargers: pd.DataFrame, column: str, at: pd.Index) -> pd.Series:
    return chargers.groupby("site_id")[column].sum().astype(float).reindex(at, fill_value=0.0)


def _carried(
    stock: pd.DataFrame, new: pd.DataFrame, trips: pd.DataFrame, capacity: pd.DataFrame
) -> tuple[pd.Series, pd.Series]:
    """Per site: kWh a day it carries, and whether a new charger less would still carry what is served there."""
    both = pd.concat([stock, new], ignore_index=True)
    total = both.groupby(["site_id", "charger_type", "service"])["count"].sum().rename("total").reset_index()
    total["kwh"] = _capacity_at(total["charger_type"], total["total"], capacity)
    total["last_kwh"] = total["kwh"] - _capacity_at(total["charger_type"], total["total"] - 1, capacity)
    station = total.groupby(["site_id", "service"])["kwh"].sum()
    served = trips.groupby(["site_id", "service"])["energy_kwh_day"].sum().reindex(station.index, fill_value=0.0)
    spare = (station - served).rename("spare_kwh").reset_index()
    built = (
        new[["site_id", "charger_type"]]
        .merge(total, on=["site_id", "charger_type"])
        .merge(spare, on=["site_id", "service"])
    )
    idle = built["spare_kwh"] >= built["last_kwh"] * (1 - _NO_ENERGY_SHARE)
    return station.groupby(level="site_id").sum(), idle.groupby(built["site_id"]).any()


def _capacity_at(charger_type: pd.Series, count: pd.Series, capacity: pd.DataFrame) -> np.ndarray:
    """The capacity table at a count; past its end in proportion to its last row."""
    table = capacity["energy_kwh_day"]
    most = pd.Series(table.index.get_level_values("count"), index=table.index.get_level_values("charger_type"))
    top = np.minimum(count.to_numpy(float), most.groupby(level=0).max().reindex(charger_type).to_numpy(float))
    kwh = table.reindex(pd.MultiIndex.from_arrays([charger_type, top.astype(int)])).to_numpy(float)
    return np.where(top > 0, kwh * count.to_numpy(float) / np.maximum(top, 1), 0.0)


def _why_here(built: pd.DataFrame, table: pd.DataFrame, zones_served: pd.Series, scenario: Scenario) -> pd.DataFrame:
    """A short reason for every chosen site, in both languages."""
    kwh = table["served_kwh_day"].map("{:,.0f}".format)
    zones = zones_served.astype(int).astype(str)
    wished = built.index.isin(scenario.siting.lock_in)
    required = (built["institution"] == "equipped").to_numpy()
    idle = (table["served_kwh_day"] <= 0).to_numpy()
    serves_zh, serves_en = (
        "服务 " + zones + " 个网格、" + kwh + " kWh/日",
        "serves " + zones + " zones, " + kwh + " kWh/day",
    )
    meets_zh, meets_en = "为满足总量或任务", "meets the quota or a task"
    rest_zh, rest_en = serves_zh.where(~idle, meets_zh), serves_en.where(~idle, meets_en)
    cases = [wished, required]
    return pd.DataFrame(
        {
            "zh": np.select(cases, ["情景指定；" + rest_zh, "必配公共机构；" + rest_zh], rest_zh),
            "en": np.select(cases, ["locked in; " + rest_en, "required institution; " + rest_en], rest_en),
        },
        index=built.index,
    )


def _unserved(
    demand: pd.DataFrame,
    trips: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    access: pd.DataFrame,
    types: pd.DataFrame,
    everything: pd.DataFrame,
    scenario: Scenario,
) -> pd.DataFrame:
    """Energy that nobody serves, with its reason: index (zone_id, service); unserved_kwh_day, reason."""
    served = trips.groupby(["zone_id", "service"])["energy_kwh_day"].sum().reindex(demand.index, fill_value=0.0)
    left = (demand["energy_kwh_day"] - served).clip(lower=0.0)
    left = left.where(left > demand["energy_kwh_day"] * _NO_ENERGY_SHARE, 0.0)
    reason = pd.Series("", index=demand.index, dtype=object)
    room = _room_left(sites, types, everything)
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
    bays = sites["bays"].astype(float) - _sum_by_site(use, "bays", sites.index)
    grid = sites["grid_kw"].astype(float) - _sum_by_site(use, "grid", sites.index)
    held = _sum_by_site(everything, "count", sites.index)
    needed = sites["min_station"].where(held == 0, 1).astype(float)
    room = pd.DataFrame(False, index=sites.index, columns=sorted({"slow", "fast", "heavy", "swap", *types["service"]}))
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


def _zones(
    zones: gpd.GeoDataFrame, demand: pd.DataFrame, unserved: pd.DataFrame, near_today: pd.Series, near: pd.Series
) -> pd.DataFrame:
    public = demand.groupby(level="zone_id")["public_kwh_day"].sum().reindex(zones.index, fill_value=0.0)
    left = unserved.groupby(level="zone_id")["unserved_kwh_day"].sum().reindex(zones.index, fill_value=0.0)
    lacking = unserved[unserved["unserved_kwh_day"] > 0].sort_values("unserved_kwh_day", ascending=False, kind="stable")
    reason = lacking.reset_index().drop_duplicates("zone_id").set_index("zone_id")["reason"]
    return pd.DataFrame(
        {
            "public_kwh_day": public,
            "served_kwh_day": public - left,
            "unserved_kwh_day": left,
            "within_norm_today": near_today <= zones["norm_m"] + _SAME_PLACE_M,
            "within_norm": near <= zones["norm_m"] + _SAME_PLACE_M,
            "reason": reason.reindex(zones.index).fillna(""),
        },
        index=zones.index,
    )


def _districts(
    layers: Layers,
    demand: pd.DataFrame,
    trips_today: pd.DataFrame,
    trips: pd.DataFrame,
    zones: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    stations: pd.DataFrame,
) -> pd.DataFrame:
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
        served(trips_today),
        served(trips),
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
    built = _built_in(stations, sites["district"], order)
    return table.join(built.drop(columns="new_kwh_day")).assign(
        cny_per_kwh_day=built["capex_cny"] / built["new_kwh_day"].where(built["new_kwh_day"] > 0)
    )


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
    return table.astype(
        {
            "stations": int,
            "chargers": int,
            "swap_stations": int,
            "power_kw": float,
            "capex_cny": float,
            "new_kwh_day": float,
        }
    )


def _tasks(layers: Layers, sites: gpd.GeoDataFrame, stations: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """任务分解表: districts by code, then development zones; those without boundary count in their districts."""
    with_boundary = list(layers.task_units.index)
    extra = [unit for unit in scenario.study_area.task_zones if unit not in with_boundary]
    order = pd.Index([*layers.districts.sort_values("code").index, *with_boundary, *extra], name="task_unit")
    built = _built_in(stations, sites["task_unit"], order)[["chargers", "stations", "power_kw", "capex_cny"]]
    task = pd.Series(scenario.siting.tasks, dtype=float).reindex(order).fillna(0).astype(int)
    unbounded = order.isin(extra)
    return built.assign(
        note_zh=np.where(unbounded, _TABLE_NOTE_ZH, ""), note_en=np.where(unbounded, _TABLE_NOTE_EN, "")
    ).pipe(lambda table: table.assign(task=task)[["task", *built.columns, "note_zh", "note_en"]])


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
