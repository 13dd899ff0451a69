"""A plan year by year: what is built in each, what stands at its end, and whom that serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.assessment.networks import Network, measure_trips, nearest_charger_m, priced, within_norm
from planner.siting import Answers, Problem, Proof, no_chargers


class Year(NamedTuple):
    """One year of a plan.

    Attributes
    ----------
    demand
        Of that year, as `estimate_demand` returns it.
    added
        Index (site_id, charger_type); ``count``: new chargers of that year; what was built before still stands.
    assignment
        Who charges where at its end.
    proof
        Value and bound of that year alone.
    """

    demand: pd.DataFrame
    added: pd.DataFrame
    assignment: pd.DataFrame
    proof: Proof


def years_of(problems: Mapping[int, Problem], answers: Answers) -> dict[int, Year]:
    """What every year adds to what stood before."""
    years = {}
    before = no_chargers()["count"]
    for year, answer in sorted(answers.by_year.items()):
        stands = answer.chargers["count"]
        added = stands.sub(before.reindex(stands.index, fill_value=0))
        years[year] = Year(problems[year].demand, added[added > 0].to_frame("count"), answer.assignment, answer.proof)
        before = stands
    return years


def added_by_year(years: Mapping[int, Year]) -> pd.DataFrame:
    """What every year adds: index (year, site_id, charger_type); ``count``."""
    return pd.concat({year: each.added[["count"]] for year, each in sorted(years.items())}, names=["year"])


def assess_years(
    years: Mapping[int, Year],
    breakdown: pd.DataFrame,
    zones: gpd.GeoDataFrame,
    problems: Mapping[int, Problem],
    stock: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What every year builds and serves.

    Parameters
    ----------
    years
        The plan's years.
    breakdown
        As `assess_task_breakdown` returns it.
    zones
        With residents and norm_m.
    problems
        What every year asked.
    stock
        Today's located chargers, as `priced` makes them.

    Returns
    -------
    years, zones
        The tables ``years`` and ``zone_years`` of `Assessment`.
    """
    built = breakdown.groupby(level="year").sum()
    people = zones["residents"].astype(float)
    rows, by_zone = {}, {}
    stands = [stock]
    for year, (demand, added, assignment, proof) in sorted(years.items()):
        problem = problems[year]
        stands.append(priced(added, problem.charger_types))
        chargers = pd.concat([part for part in stands if len(part)] or stands[:1], ignore_index=True)
        trips = measure_trips(problem, assignment)
        network = Network(chargers, trips, nearest_charger_m(zones, problem.sites, chargers))
        public = demand["public_kwh_day"].groupby(level="zone_id").sum().reindex(zones.index, fill_value=0.0)
        standing = demand["standing_kwh_day"].groupby(level="zone_id").sum()
        served = standing.add(trips.groupby("zone_id")["energy_kwh_day"].sum(), fill_value=0.0).reindex(zones.index)
        by_zone[year] = pd.DataFrame({"public_kwh_day": public, "served_kwh_day": served.fillna(0.0)})
        total, kept = float(public.sum()), float(served.sum())
        rows[year] = {
            **built.reindex([year], fill_value=0).iloc[0].to_dict(),
            "chargers_standing": float(chargers["piles"].sum()),
            "public_kwh_day": total,
            "served_kwh_day": kept,
            "served_share": kept / total if total > 0 else np.nan,
            "within_norm_share": float(people @ within_norm(zones, network)) / max(float(people.sum()), 1.0),
            "value_kwh_day": proof.value_kwh_day,
            "bound_kwh_day": proof.bound_kwh_day,
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")
    whole = dict.fromkeys(["chargers", "swap_stations", "stations", "chargers_standing"], int)
    return table.astype(whole), pd.concat(by_zone, names=["year"])
