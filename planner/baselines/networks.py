"""The networks themselves: where their chargers stand and who charges where, from the tables of siting."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.baselines.greedy import greedy_counts
from planner.baselines.proportional import proportional_counts
from planner.numeric.transport import most_worth
from planner.scenario import Siting
from planner.siting import choose_sites
from planner.siting.choose import tables_of
from planner.siting.city.region import Choice
from planner.siting.model.instance import Instance, make_instance

NO_CHARGERS = pd.DataFrame(
    {"count": np.zeros(0, int)}, index=pd.MultiIndex.from_arrays([[], []], names=["site_id", "charger_type"])
)
_BLIND: dict[str, Any] = {
    **{"question": "most_service", "promise_share": None},
    **{"floors": {}, "tasks": {}, "minimum_access": False},
}


def sited_like(
    chargers: pd.DataFrame,
    zones: gpd.GeoDataFrame,
    demand: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    access: pd.DataFrame,
    charger_types: pd.DataFrame,
    capacity: pd.DataFrame,
    existing: pd.DataFrame,
    siting: Siting,
) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """A plan's new chargers sited without an optimiser: in proportion to residents, and greedily.

    Parameters
    ----------
    chargers
        The plan's new ones; only how many there are of each type is looked at.
    zones
        With ``residents``, in the CRS of the sites.
    demand, sites, access, charger_types, capacity, existing, siting
        What siting was given.

    Returns
    -------
    dict
        ``proportional`` and ``greedy``: the tables ``chargers`` and ``assignment``, the latter the best for the city
        with those chargers, as the plan's is.
    """
    rules = siting.model_copy(update=_BLIND)
    x = make_instance(demand, sites, access, charger_types, capacity, existing, rules)
    placed = chargers["count"].groupby(level="charger_type").sum()
    mix = placed.reindex(x.type_ids, fill_value=0).to_numpy(int)
    centre, at = zones.geometry.centroid, sites.geometry.reindex(x.site_ids)
    counts = {
        "proportional": proportional_counts(
            x,
            mix,
            zones["residents"].to_numpy(float),
            np.column_stack([centre.x, centre.y]),
            np.column_stack([at.x, at.y]),
        ),
        "greedy": greedy_counts(x, mix),
    }
    return {name: tables_of(x, _served(x, new.astype(float))) for name, new in counts.items()}


def _served(x: Instance, new: np.ndarray) -> Choice:
    """Everyone charging as is best for the city."""
    served = most_worth(x.energy, x.station_kwh(new), x.pair_demand, x.pair_station, x.pair_worth)
    return Choice(new, x.opened_by(new), served)


def optimal_today(
    demand: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    access: pd.DataFrame,
    charger_types: pd.DataFrame,
    capacity: pd.DataFrame,
    existing: pd.DataFrame,
    siting: Siting,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Today's located chargers, stood where they would serve best: a whole siting problem of its own.

    As many of every type, at any site that is not locked out, with no budget, task, floor or fewest chargers; a site's
    grid headroom is what is left today and what today's chargers there draw.

    Returns
    -------
    chargers, assignment
        As `choose_sites` returns them.
    """
    counts = existing.reset_index()
    stock = counts.groupby("charger_type")["count"].sum().reindex(charger_types.index, fill_value=0)
    each_kw = charger_types["coincidence"] * charger_types["kw_rated"]
    drawn = (counts["count"] * each_kw.reindex(counts["charger_type"]).to_numpy(float)).groupby(counts["site_id"]).sum()
    freed = sites.assign(
        grid_kw=sites["grid_kw"] + drawn.reindex(sites.index, fill_value=0.0),
        lock=np.where(sites["lock"] == "out", "out", "free"),
        min_station=1,
    )
    types = charger_types.assign(min_share=0.0, max_share=1.0, max_count=stock.astype(float))
    rules = {"quota": int((stock * charger_types["quota_units"]).sum()), "quota_rule": "exactly", "budget_cny": None}
    asked = siting.model_copy(update={**_BLIND, **rules, "feeder_kw": {}})
    chargers, assignment, _ = choose_sites(demand, freed, access, types, capacity, NO_CHARGERS, asked)
    return chargers, assignment
