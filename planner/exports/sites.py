"""The sites of a plan as they are written: those with new chargers, and all candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

if TYPE_CHECKING:
    from planner.plan import Plan

SITE_FIELDS = (
    *("site_id", "name_zh", "kind", "district", "task_unit", "rank"),
    *("existing_total", "new_slow", "new_fast", "new_heavy", "new_swap", "new_total"),
    *("power_kw", "capex_cny", "served_kwh_day", "utilisation", "metres_mean"),
    *("lost_kwh_day", "lost_worth_kwh_day", "zones_affected", "extra_metres_mean", "extra_metres_most"),
    "next_best_site",
    *("phase", "year", "modelled", "headroom", "reason"),
)
CANDIDATE_FIELDS = (
    *("site_id", "name_zh", "name_en", "kind", "district", "task_unit", "bays", "bays_assumed", "grid_kw"),
    *("opening_cny", "min_station", "institution", "lock", "modelled", "chosen"),
)

_DECIMALS = {
    **{"served_kwh_day": 3, "utilisation": 4, "metres_mean": 1, "power_kw": 3, "capex_cny": 2},
    **{"lost_kwh_day": 3, "lost_worth_kwh_day": 3, "extra_metres_mean": 1, "extra_metres_most": 1},
}


def chosen_sites(plan: Plan) -> gpd.GeoDataFrame:
    """The sites with new chargers: the columns `SITE_FIELDS` after the index, sorted by site_id, in the working CRS.

    ``year`` is the one that a site gets its first new chargers in, ``phase`` its place among the plan's years.
    """
    figures = plan.assessment.sites
    about = plan.sites.loc[figures.index, ["name_zh", "kind", "district", "task_unit", "modelled", "geometry"]]
    first = _first_year(plan).reindex(figures.index).fillna(max(plan.years)).astype(int)
    place = {year: number for number, year in enumerate(sorted(plan.years), 1)}
    table = about.join(figures).assign(
        year=first, phase=first.map(place).astype(int), reason=figures["reason_zh"] + " / " + figures["reason_en"]
    )
    return table.round(_DECIMALS)[[*SITE_FIELDS[1:], "geometry"]].sort_index()


def candidate_sites(plan: Plan) -> gpd.GeoDataFrame:
    """All sites with what was assumed of them and ``chosen``: the columns `CANDIDATE_FIELDS`, sorted by site_id."""
    chosen = plan.sites.index.isin(plan.assessment.sites.index)
    whole = {"bays": int, "min_station": int}
    feeder = ["feeder"] if "feeder" in plan.sites else []
    return plan.sites.astype(whole).assign(chosen=chosen)[[*CANDIDATE_FIELDS[1:], *feeder, "geometry"]].sort_index()


def added_rows(plan: Plan) -> pd.DataFrame:
    """Index (year, site_id, charger_type): count."""
    return pd.concat({year: each.added[["count"]] for year, each in sorted(plan.years.items())}, names=["year"])


def _first_year(plan: Plan) -> pd.Series:
    """Site -> the first year in which it gets chargers."""
    added = added_rows(plan).reset_index()
    return added[added["count"] > 0].groupby("site_id")["year"].min()
