"""Plumbing of the map page: all candidate sites, what each gets in which year, and whom it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.assessment.networks import priced
from planner.maps.columns import degrees, numbers, steps, whole
from planner.views.areas import POWERS

if TYPE_CHECKING:
    from planner.plan import Plan


def site_columns(plan: Plan) -> dict[str, Any]:
    """All candidate sites by id; those with new chargers or standing ones carry their figures."""
    sites, built = plan.sites, plan.assessment.sites.reindex(plan.sites.index)
    kinds, districts = list(plan.scenario.kinds), sorted(plan.layers.districts.index)
    units = sorted(set(sites["task_unit"].astype(str)))
    modelled = sites["modelled"].astype(bool)
    english = sites["name_en"] if "name_en" in sites else pd.Series(None, index=sites.index, dtype=object)
    generated = sites["name_zh"].str.replace("待选点", "candidate point")
    english = english.where(english.notna(), generated.where(modelled, "")).astype(str)
    assumed = sites.get("bays_assumed", modelled)
    count = {f"new_{power}": whole(built[f"new_{power}"]) for power in POWERS}
    return {
        **degrees(sites.geometry),
        "id": list(sites.index),
        "zh": sites["name_zh"].astype(str).tolist(),
        "en": ["" if same else name for name, same in zip(english, english == sites["name_zh"], strict=True)],
        "kind": [kinds.index(kind) for kind in sites["kind"]],
        "district": [districts.index(name) for name in sites["district"]],
        "units": units,
        "unit": [units.index(name) for name in sites["task_unit"].astype(str)],
        "modelled": modelled.astype(int).tolist(),
        "institution": [{"equipped": 2, "reserved": 1}.get(rule, 0) for rule in sites["institution"]],
        "lock": [{"in": 1, "out": 2}.get(lock, 0) for lock in sites["lock"]],
        "bays": whole(sites["bays"]),
        "assumed": assumed.astype(int).tolist(),
        "standing": whole(_standing(plan)),
        **count,
        "total": whole(built["new_total"]),
        "kw": whole(built["power_kw"]),
        "cny": whole(built["capex_cny"]),
        "served": whole(built["served_kwh_day"]),
        "use": numbers(built["utilisation"], 4),
        "metres": numbers(built["metres_mean"]),
        "lost": whole(built["lost_kwh_day"]),
        "affected": whole(built["zones_affected"]),
        "extra": numbers(built["extra_metres_mean"]),
        "extra_most": numbers(built["extra_metres_most"]),
        "rank": whole(built["rank"]),
        "next": [sites.index.get_loc(other) if other else -1 for other in built["next_best_site"].fillna("")],
        "headroom": built["headroom"].fillna(False).astype(int).tolist(),
        "why_zh": built["reason_zh"].fillna("").astype(str).tolist(),
        "why_en": built["reason_en"].fillna("").astype(str).tolist(),
    }


def site_years(plan: Plan) -> dict[str, list[int]] | None:
    """What sites get year by year: a row per year (its position) and site (its position) that gets anything.

    Columns ``year``, ``site``, one per power, ``total`` (piles), ``kw``. None where everything is built in one year.
    """
    if len(plan.years) < 2:
        return None
    rows = []
    for at, year in enumerate(sorted(plan.years)):
        new = priced(plan.years[year].added, plan.charger_types)
        new = new[new["count"] > 0]
        power = new["service"].mask(new["battery_swap"], "swap")
        counted = new["piles"].where(~new["battery_swap"], new["count"])
        by_power = {name: counted.where(power == name, 0) for name in POWERS}
        row = pd.DataFrame({"year": at, **by_power, "total": new["piles"], "kw": new["power_kw"]})
        rows.append(
            row.groupby(new["site_id"]).agg({"year": "first", **dict.fromkeys([*POWERS, "total", "kw"], "sum")})
        )
    table = pd.concat(rows)
    columns = ("year", *POWERS, "total", "kw")
    return {"site": plan.sites.index.get_indexer(table.index).tolist()} | {name: whole(table[name]) for name in columns}


def who_serves_whom(plan: Plan) -> dict[str, list[int]]:
    """Energy of the plan's last year by site and zone (positions as `steps`, by site), services together, in kWh."""
    energy = plan.assignment["energy_kwh_day"].groupby(level=["site_id", "zone_id"]).sum()
    energy = energy[energy >= 0.5]
    site = plan.sites.index.get_indexer(energy.index.get_level_values("site_id"))
    zone = plan.layers.zones.index.get_indexer(energy.index.get_level_values("zone_id"))
    order = np.lexsort([zone, site])
    return {"site": steps(site[order]), "zone": steps(zone[order]), "kwh": whole(energy.iloc[order])}


def _standing(plan: Plan) -> pd.Series:
    """Today's located chargers (piles; swap stations, which no quota counts, as one each) per site."""
    if plan.existing.empty:
        return pd.Series(0, index=plan.sites.index)
    kind = plan.existing.index.get_level_values("charger_type")
    piles: pd.Series = plan.existing["count"] * plan.charger_types["quota_units"].reindex(kind).clip(lower=1).to_numpy()
    return piles.groupby(level="site_id").sum().reindex(plan.sites.index, fill_value=0)
