"""What ``summary.json`` holds: proof, figures, tasks and sums, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.assessment import pooling_gain
from planner.demand import band_table
from planner.exports.content import COSTS
from planner.exports.sites import chosen_sites
from planner.views import numbers
from planner.views.baselines import network_records
from planner.words import NOTICE

if TYPE_CHECKING:
    from planner.assessment import Assessment
    from planner.plan import Plan
    from planner.siting import Proof


def summarise(plan: Plan, sites: gpd.GeoDataFrame | None = None) -> dict[str, Any]:
    """Plain numbers and text; NaN and infinity are null, the latter named beyond reach.

    Parameters
    ----------
    plan
        What `make_plan` returned.
    sites
        As `chosen_sites` returns them, rounded as they are written: their sums are those of the summary, to the last
        digit. By default made from the plan.
    """
    sites = chosen_sites(plan) if sites is None else sites
    proof, result, scenario = plan.proof, plan.assessment, plan.scenario
    return {
        "scenario": {
            key: getattr(scenario, key) for key in ("name", "title_zh", "title_en", "year", "note_zh", "note_en")
        },
        "figures": _figure_records(result.figures),
        "attribution": plan.scenario.study_area.attribution,
        "notice_zh": NOTICE.zh,
        "notice_en": NOTICE.en,
        "proof": proof_record(proof),
        "tightness": _plain(proof.tightness),
        "reachable_kwh_day": _plain(proof.reachable_kwh_day),
        "needed_chargers": proof.needed_chargers,
        "chargers": int(sites["new_total"].sum()),
        "stations": len(sites),
        "swap_stations": int(sites["new_swap"].sum()),
        "power_kw": round(float(sites["power_kw"].sum()), 3),
        "capex_cny": round(float(sites["capex_cny"].sum()), 2),
        "served_at_sites_kwh_day": round(float(sites["served_kwh_day"].sum()), 3),
        "bands": _records(band_table(scenario)),
        "companions": _figure_records(result.companions),
        "baselines": network_records(plan.baselines),
        "services": _records(result.services),
        "charger_types": _records(result.types),
        **({"pooling": _plain_row(pooling_gain(result.types))} if scenario.waiting is not None else {}),
        "districts": _records(result.districts),
        "tasks": _records(result.tasks),
        "years": _records(result.years),
        **_reports(result),
        "breakdown": _records(result.breakdown[result.breakdown[["chargers", "swap_stations"]].any(axis=1)]),
        "townships": _records(result.townships),
    }


def by_hour(load: pd.DataFrame) -> pd.DataFrame:
    """A load with its hours named as columns of a file are: kw_00 to kw_23."""
    return load.set_axis([f"kw_{hour:02d}" for hour in load.columns], axis=1)


def proof_record(proof: Proof) -> dict[str, Any]:
    """A proof as ``summary.json`` holds it."""
    return {
        "value_kwh_day": round(proof.value_kwh_day, 6),
        "bound_kwh_day": round(proof.bound_kwh_day, 6),
        "gap_share": numbers.gap_up(proof.gap_share, 6),
        "method": proof.method,
        "optimal": proof.optimal,
        "reproducible": proof.reproducible,
        "problem": proof.problem,
        **{key: round(cost, 2) for key in COSTS if (cost := getattr(proof, key)) is not None},
    }


def _reports(result: Assessment) -> dict[str, Any]:
    """Grid, money and emissions, as far as the scenario asks for them."""
    reports: dict[str, Any] = {}
    if (grid := result.grid) is not None:
        groups = grid.groups.join(by_hour(grid.group_load))
        reports["grid"] = {"city": _plain_row(grid.city), "groups": _records(groups)}
    if (money := result.money) is not None:
        reports["money"] = {
            "city": _plain_row(money.city),
            "districts": _records(money.districts),
            "hours": _records(money.hours),
        }
    return reports | ({"emissions": _records(result.emissions)} if len(result.emissions) else {})


def _figure_records(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Figures by name, infinite ones as null and listed under ``beyond_reach``."""
    records = {}
    for name, row in table.iterrows():
        beyond = [when for when in ("today", "plan") if np.isinf(row[when])]
        records[str(name)] = _plain_row(row) | {"beyond_reach": beyond}
    return records


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [_plain_row(row) for row in table.reset_index().to_dict("records")]


def _plain_row(row: pd.Series | Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): _plain(value) for key, value in row.items()}


def _plain(value: Any) -> Any:
    """A table's value as JSON has it: six decimals, null for NaN and infinity."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else None
    return value
