"""Why here: what is lost without a station, who goes how much farther, and where its chargers would do best instead.

A station is dropped in thought: its new chargers are gone, its standing ones stay. Everybody else charges where the
plan says. Its drivers go to what is left: stations within their reach that carry more than they serve, its own standing
chargers among them. They share it so that the plan keeps the most worth (`planner.numeric.transport`); what finds no
room is lost.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from planner.assessment.networks import NO_ENERGY_SHARE, Network
from planner.assessment.next_best import next_best_sites
from planner.assessment.ways import Ways, ways_of
from planner.capacity.queueing import capacity_at
from planner.numeric.transport import most_worth
from planner.siting import Problem

_ANY_WORTH = 1e-9


def why_here(problem: Problem, plan: Network) -> pd.DataFrame:
    """What every site with new chargers is there for.

    Parameters
    ----------
    problem
        What siting was asked.
    plan
        Today's chargers and the new ones, and who goes where.

    Returns
    -------
    DataFrame
        Index site_id, sites with new chargers, sorted. Without the station, per day: lost_kwh_day (not served any
        more), lost_worth_kwh_day (that and the longer ways, weighted with nearness as the plan's value is: the loss if
        dropped), zones_affected (whose energy goes elsewhere or is lost), extra_metres_mean and extra_metres_most (of
        those who find another station, the mean by energy; NaN where nobody does), next_best_site (`next_best_sites`;
        empty where there is none).
    """
    sites = problem.sites
    new = plan.chargers[plan.chargers["is_new"] & (plan.chargers["count"] > 0)]
    chosen = sites.index[sites.index.isin(new["site_id"])].sort_values()
    trips = plan.trips[plan.trips["site_id"].isin(chosen) & (plan.trips["energy_kwh_day"] > 0)]
    ways = ways_of(trips, problem)
    spare, standing = _spare_kwh(plan, problem.capacity)
    loss = _losses(ways, sites.index, spare, standing).reindex(chosen)
    return loss.fillna({"lost_kwh_day": 0.0, "lost_worth_kwh_day": 0.0, "zones_affected": 0}).assign(
        zones_affected=lambda table: table["zones_affected"].astype(int),
        next_best_site=next_best_sites(ways, problem, plan).reindex(chosen).fillna(""),
    )


def _spare_kwh(plan: Network, capacity: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """By site and service: kWh a day that the plan's station carries beyond what it serves; what today's carries."""
    at = ["site_id", "charger_type", "service"]
    both, today = (
        chargers.groupby(at)["count"].sum().reset_index()
        for chargers in (plan.chargers, plan.chargers[~plan.chargers["is_new"]])
    )
    carried, standing = (
        rows.assign(kwh=capacity_at(rows["charger_type"], rows["count"], capacity))
        .groupby(["site_id", "service"])["kwh"]
        .sum()
        for rows in (both, today)
    )
    served = plan.trips.groupby(["site_id", "service"])["energy_kwh_day"].sum().reindex(carried.index, fill_value=0.0)
    spare = carried - served
    return spare.where(spare > carried * NO_ENERGY_SHARE, 0.0), standing


def _moved(group: np.ndarray, ways: Ways, room: np.ndarray) -> np.ndarray:
    """Energy that takes each way: one transport problem for every group of drivers, who come in their order."""
    moved = np.zeros(len(ways.site))
    usable = np.flatnonzero(room > 0)
    of_way = group[ways.driver[usable]]
    ends = np.searchsorted(of_way, np.arange(int(of_way[-1]) + 2 if len(of_way) else 1))
    for begin, end in pairwise(ends):
        way = usable[begin:end]
        if not len(way):
            continue
        drivers, driver = np.unique(ways.driver[way], return_inverse=True)
        _, first, sink = np.unique(ways.site[way], return_index=True, return_inverse=True)
        worth = ways.preferred[way] + _ANY_WORTH
        moved[way] = most_worth(ways.energy[drivers], room[way[first]], driver, sink, worth)
    return moved


def _losses(ways: Ways, site_ids: pd.Index, spare: pd.Series, standing: pd.Series) -> pd.DataFrame:
    """Index site_id of the drivers: the columns of `why_here` but the last."""
    drivers, stays = ways.drivers, ways.stays
    group = drivers.groupby(["site_id", "service"]).ngroup().to_numpy(int)
    asked = pd.MultiIndex.from_arrays([site_ids[ways.site], drivers["service"].to_numpy(object)[ways.driver]])
    room = np.where(stays, *(kwh.reindex(asked, fill_value=0.0).to_numpy(float) for kwh in (standing, spare)))
    moved = _moved(group, ways, room)

    def per_driver(amount: np.ndarray) -> np.ndarray:
        return np.bincount(ways.driver, amount, minlength=len(drivers))

    extra_m = ways.metres - drivers["metres"].to_numpy(float)[ways.driver]
    elsewhere = np.where(stays | (moved <= ways.energy[ways.driver] * NO_ENERGY_SHARE), 0.0, moved)
    lost = ways.energy - per_driver(moved)
    lost = np.where(lost > ways.energy * NO_ENERGY_SHARE, lost, 0.0)
    leaves = ways.energy - per_driver(moved * stays) > ways.energy * NO_ENERGY_SHARE
    table = pd.DataFrame(
        {
            "lost_kwh_day": lost,
            "lost_worth_kwh_day": drivers["worth_kwh_day"] - per_driver(moved * ways.worth),
            "extra": per_driver(elsewhere * extra_m),
            "elsewhere": per_driver(elsewhere),
        }
    )
    sums = table.groupby(drivers["site_id"]).sum()
    going = elsewhere > 0
    most = pd.Series(extra_m[going]).groupby(drivers["site_id"].to_numpy()[ways.driver[going]]).max()
    zones = drivers[leaves].groupby("site_id")["zone_id"].nunique()
    return sums[["lost_kwh_day", "lost_worth_kwh_day"]].assign(
        zones_affected=zones.reindex(sums.index, fill_value=0),
        extra_metres_mean=sums["extra"] / sums["elsewhere"].where(sums["elsewhere"] > 0),
        extra_metres_most=most.reindex(sums.index),
    )
