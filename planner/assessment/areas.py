"""The plan area by area: zones with why they lack, districts; and service by service."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.assessment.networks import Compared, nowhere_known, within_norm
from planner.layers import Layers
from planner.scenario import Scenario
from planner.siting import Problem


def assess_zones(
    zones: gpd.GeoDataFrame, demand: pd.DataFrame, unserved: pd.DataFrame, compared: Compared
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
            "within_norm_today": within_norm(zones, compared.today),
            "within_norm": within_norm(zones, compared.plan),
            "reason": reason.reindex(zones.index).fillna(""),
        },
        index=zones.index,
    )


def assess_districts(
    layers: Layers,
    problem: Problem,
    zones: pd.DataFrame,
    stations: pd.DataFrame,
    compared: Compared,
    scenario: Scenario,
) -> pd.DataFrame:
    """The table ``districts`` of `Assessment`; `zones` and `stations` are two others of it."""
    demand, (today, plan) = problem.demand, compared
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
    built = _built_in(stations, problem.sites["district"], order)
    return table.join(built.drop(columns="new_kwh_day")).assign(
        cny_per_kwh_day=built["capex_cny"] / built["new_kwh_day"].where(built["new_kwh_day"] > 0)
    )


def assess_services(demand: pd.DataFrame, compared: Compared) -> pd.DataFrame:
    """The table ``services`` of `Assessment`."""
    table = demand.groupby(level="service")[["public_kwh_day", "standing_kwh_day"]].sum()
    now, then = (
        table["standing_kwh_day"].add(t.groupby("service")["energy_kwh_day"].sum(), fill_value=0.0).reindex(table.index)
        for t in (network.trips for network in compared)
    )
    return table.assign(
        served_kwh_day=then,
        unserved_kwh_day=(table["public_kwh_day"] - then).clip(lower=0.0),
        served_share_today=now / table["public_kwh_day"],
        served_share=then / table["public_kwh_day"],
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
    whole = dict.fromkeys(["stations", "chargers", "swap_stations"], int)
    return table.astype({**dict.fromkeys(table.columns, float), **whole})
