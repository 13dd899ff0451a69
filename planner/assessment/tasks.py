"""任务分解表: what every task unit was asked for and gets; by year and kind of place too."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.assessment.networks import priced
from planner.layers import Layers
from planner.scenario import Scenario
from planner.words import Text

_NO_BOUNDARY = Text(zh="未提供边界，计入所在县区", en="no boundary supplied; counted in its districts")
_COUNTS = ("chargers", "swap_stations", "stations")
_AMOUNTS = ("power_kw", "capex_cny")


def task_units(layers: Layers, scenario: Scenario) -> pd.Index:
    """Every unit that answers for a task: districts by code, then development zones, those without boundary last."""
    with_boundary = list(layers.task_units.index)
    extra = [unit for unit in scenario.study_area.task_zones if unit not in with_boundary]
    return pd.Index([*layers.districts.sort_values("code").index, *with_boundary, *extra], name="task_unit")


def assess_tasks(layers: Layers, breakdown: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """Task beside result for every unit; development zones without boundary count in their districts.

    Parameters
    ----------
    layers
        Districts and development zones.
    breakdown
        As `assess_task_breakdown` returns it.
    scenario
        ``siting.tasks``, and the development zones of the study area.

    Returns
    -------
    DataFrame
        Index task_unit: task (piles asked for at least), chargers (piles placed), met, shortfall (piles missing),
        stations, power_kw, capex_cny, note_zh, note_en.
    """
    order = task_units(layers, scenario)
    built = breakdown.groupby(level="task_unit")[[*_COUNTS, *_AMOUNTS]].sum().reindex(order, fill_value=0)
    task = pd.Series(scenario.siting.tasks, dtype=float).reindex(order).fillna(0).astype(int)
    shortfall = (task - built["chargers"]).clip(lower=0).astype(int)
    unbounded = ~order.isin([*layers.districts.index, *layers.task_units.index])
    return pd.DataFrame(
        {
            "task": task,
            "chargers": built["chargers"].astype(int),
            "met": shortfall == 0,
            "shortfall": shortfall,
            "stations": built["stations"].astype(int),
            "power_kw": built["power_kw"].astype(float),
            "capex_cny": built["capex_cny"].astype(float),
            "note_zh": np.where(unbounded, _NO_BOUNDARY.zh, ""),
            "note_en": np.where(unbounded, _NO_BOUNDARY.en, ""),
        },
        index=order,
    )


def assess_task_breakdown(
    added: pd.DataFrame, existing: pd.DataFrame, sites: gpd.GeoDataFrame, types: pd.DataFrame, units: pd.Index
) -> pd.DataFrame:
    """What is built by task unit, year and kind of place; the rows sum to the plan.

    Parameters
    ----------
    added
        Index (year, site_id, charger_type); ``count``: chargers added in that year.
    existing
        Index (site_id, charger_type); ``count``: today's, at whose sites nothing is opened.
    sites
        Index site_id; task_unit, kind, opening_cny.
    types
        Index charger_type; quota_units, kw_rated, price_cny, battery_swap.
    units
        Task units in their order; each has a row for every year and kind that occurs, of zeros where nothing is built.

    Returns
    -------
    DataFrame
        Index (task_unit, year, kind): chargers (piles), swap_stations, stations (sites that get their first new
        chargers in that year), power_kw (rated), capex_cny (chargers, and the opening with a site's first).
    """
    rows = added[added["count"] > 0]
    year = rows.index.get_level_values("year")
    new = priced(rows.droplevel("year"), types).assign(year=year)
    per_site = pd.DataFrame(
        {
            "chargers": new["piles"],
            "swap_stations": new["count"].where(new["battery_swap"], 0),
            "power_kw": new["power_kw"],
            "capex_cny": new["spent_cny"],
        }
    )
    table = per_site.groupby([new["year"], new["site_id"]]).sum().reset_index()
    at = sites.loc[table["site_id"]]
    first = ~table["site_id"].duplicated()  # the years are in their order
    standing = existing.index.get_level_values("site_id")[existing["count"].to_numpy() > 0]
    opens = first & ~table["site_id"].isin(standing)
    table["stations"] = first
    table["capex_cny"] += at["opening_cny"].to_numpy(float) * opens
    keys = [pd.Index(at["task_unit"]), pd.Index(table["year"]), pd.Index(at["kind"])]
    sums = table[[*_COUNTS, *_AMOUNTS]].groupby([key.to_numpy() for key in keys]).sum()
    every = pd.MultiIndex.from_product(
        [units, *(sorted(set(key)) for key in keys[1:])], names=["task_unit", "year", "kind"]
    )
    return sums.reindex(every, fill_value=0).astype(dict.fromkeys(_COUNTS, int) | dict.fromkeys(_AMOUNTS, float))
