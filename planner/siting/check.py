"""`check_plan`: every rule of a plan re-derived from the tables, without the solver and without its arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from planner.scenario import Siting
from planner.siting.proof import Proof

_RELATIVE = 1e-6
_WALKED_SERVICE = "slow"


class BrokenPlan(AssertionError):
    """A plan that breaks its own rules: a fault of this program, never of the input."""

    def __init__(self, broken: list[str]) -> None:
        self.broken = tuple(broken)
        super().__init__("the plan breaks its rules:\n" + "\n".join(f"- {rule}" for rule in broken))


def check_plan(
    chargers: pd.DataFrame,
    assignment: pd.DataFrame,
    proof: Proof,
    demand: pd.DataFrame,
    sites: pd.DataFrame,
    access: pd.DataFrame,
    charger_types: pd.DataFrame,
    capacity: pd.DataFrame,
    existing: pd.DataFrame,
    siting: Siting,
) -> None:
    """Check counts exactly and energies within 1e-6 relative, and that value and bound are what the proof says.

    Parameters are those of `choose_sites` and what it returned.

    Raises
    ------
    BrokenPlan
        Any rule is broken; all of them are named with the site, zone or unit and by how much.
    """
    new = _counts(chargers)
    broken = [
        *_counts_are_whole(new, sites, charger_types),
        *_rooms(new, existing, sites, charger_types),
        *_stations(new, sites),
        *_totals(new, sites, charger_types, siting),
        *_demand_kept(assignment, demand),
        *_capacity_kept(assignment, new, existing, charger_types, capacity),
        *_proof_holds(assignment, demand, access, proof, siting),
    ]
    if broken:
        raise BrokenPlan(broken)


def _counts(table: pd.DataFrame) -> pd.DataFrame:
    """Counts as columns site_id, charger_type, count; whatever the table's size."""
    return (
        table[["count"]].reset_index() if len(table) else pd.DataFrame({"site_id": [], "charger_type": [], "count": []})
    )


def _counts_are_whole(new: pd.DataFrame, sites: pd.DataFrame, types: pd.DataFrame) -> list[str]:
    bad = new[(new["count"] < 0) | (new["count"] != np.round(new["count"]))]
    lost = new[~new["site_id"].isin(sites.index) | ~new["charger_type"].isin(types.index)]
    return [
        *(f"count {row.count} of {row.charger_type} at {row.site_id} is no whole number" for row in bad.itertuples()),
        *(f"unknown site or type: {row.site_id}, {row.charger_type}" for row in lost.itertuples()),
    ]


def _per_site(table: pd.DataFrame, per_charger: pd.Series, sites: pd.DataFrame) -> pd.Series:
    amount = table["count"].astype(float) * per_charger.reindex(table["charger_type"]).to_numpy(float)
    return pd.Series(amount.groupby(table["site_id"]).sum().reindex(sites.index, fill_value=0.0))


def _rooms(new: pd.DataFrame, existing: pd.DataFrame, sites: pd.DataFrame, types: pd.DataFrame) -> list[str]:
    bays = _per_site(new, types["bays_used"], sites) + _per_site(_counts(existing), types["bays_used"], sites)
    grid = _per_site(new, types["coincidence"] * types["kw_rated"], sites)
    over_bays = bays[bays > sites["bays"] + 1e-9]
    over_grid = grid[grid > sites["grid_kw"] * (1 + _RELATIVE) + 1e-9]
    has_bays, has_kw = sites["bays"].to_dict(), sites["grid_kw"].to_dict()
    return [
        *(f"bays at {j}: {used:g} used of {has_bays[j]:g}" for j, used in over_bays.items()),
        *(f"grid at {j}: {used:g} kW used of {has_kw[j]:g}" for j, used in over_grid.items()),
    ]


def _stations(new: pd.DataFrame, sites: pd.DataFrame) -> list[str]:
    count = new.groupby("site_id")["count"].sum().reindex(sites.index, fill_value=0)
    least = sites["min_station"].to_dict()
    small = count[(count > 0) & (count < sites["min_station"])]
    out = count[(sites["lock"] == "out") & (count > 0)]
    closed = count[(sites["lock"] == "in") & (count < sites["min_station"])]
    return [
        *(f"station at {j}: {n:g} chargers, at least {least[j]:g} expected" for j, n in small.items()),
        *(f"{j} is locked out and has {n:g} chargers" for j, n in out.items()),
        *(f"{j} is locked in and has {n:g} chargers" for j, n in closed.items()),
    ]


def _totals(new: pd.DataFrame, sites: pd.DataFrame, types: pd.DataFrame, siting: Siting) -> list[str]:
    """Quota, shares, counts, budget and tasks."""
    units = new["count"] * types["quota_units"].reindex(new["charger_type"]).to_numpy()
    total = float(units.sum())
    broken = []
    if siting.quota_rule == "exactly" and total != siting.quota:
        broken.append(f"quota: {total:g} placed, exactly {siting.quota} expected")
    if total > siting.quota:
        broken.append(f"quota: {total:g} placed, at most {siting.quota} allowed")
    by_type = units.groupby(new["charger_type"]).sum().reindex(types.index, fill_value=0.0)
    count = new.groupby("charger_type")["count"].sum().reindex(types.index, fill_value=0)
    least = types["min_share"] * siting.quota
    most = types["max_share"] * siting.quota
    counted = types["quota_units"] > 0
    broken += _outside("share", by_type[counted], least[counted] - 1e-6, most[counted] + 1e-6)
    broken += _outside("count", count, count * 0, types["max_count"].fillna(np.inf))
    if (
        siting.budget_cny is not None
        and (spent := spending(new, sites, types)) > siting.budget_cny * (1 + _RELATIVE) + 1e-6
    ):
        broken.append(f"budget: {spent:.0f} CNY spent of {siting.budget_cny:.0f}")
    by_unit = units.groupby(new["site_id"].map(sites["task_unit"])).sum()
    for unit, task in siting.tasks.items():
        if by_unit.get(unit, 0.0) < task:
            broken.append(f"task of {unit}: {by_unit.get(unit, 0.0):g} of {task}")
    return broken


def _outside(what: str, units: pd.Series, least: pd.Series, most: pd.Series) -> list[str]:
    """Types with too few or too many chargers."""
    return [
        *(
            f"{what} of {k}: {n:g}, at least {low:g} expected"
            for k, n, low in zip(units.index, units, least, strict=True)
            if n < low
        ),
        *(
            f"{what} of {k}: {n:g}, at most {high:g} allowed"
            for k, n, high in zip(units.index, units, most, strict=True)
            if n > high
        ),
    ]


def spending(new: pd.DataFrame, sites: pd.DataFrame, types: pd.DataFrame) -> float:
    """Opening cost of every site with new chargers plus their prices, in CNY.

    Parameters
    ----------
    new
        Columns site_id, charger_type, count.
    """
    opened = sites.index.isin(new.loc[new["count"] > 0, "site_id"])
    prices = new["count"].astype(float) * types["price_cny"].reindex(new["charger_type"]).to_numpy(float)
    return float(sites.loc[opened, "opening_cny"].sum() + prices.sum())


def _demand_kept(assignment: pd.DataFrame, demand: pd.DataFrame) -> list[str]:
    served = assignment["energy_kwh_day"].groupby(level=["zone_id", "service"]).sum()
    allowed = demand["energy_kwh_day"].reindex(served.index, fill_value=0.0)
    rows = assignment.reset_index()
    return [
        *(f"demand of {r.zone_id} {r.service}: {r.served:.6g} served of {r.most:.6g}" for r in _over(served, allowed)),
        *(f"negative energy from {r.zone_id} to {r.site_id}" for r in rows[rows["energy_kwh_day"] < 0].itertuples()),
        *(f"missing energy from {r.zone_id} to {r.site_id}" for r in rows[rows["energy_kwh_day"].isna()].itertuples()),
    ]


def _over(served: pd.Series, most: pd.Series) -> Iterable[Any]:
    """Rows where more is served than may be, with their ids."""
    table = pd.DataFrame({"served": served, "most": most})
    return table[served > most * (1 + _RELATIVE) + _RELATIVE].reset_index().itertuples()


def _capacity_kept(
    assignment: pd.DataFrame, new: pd.DataFrame, existing: pd.DataFrame, types: pd.DataFrame, capacity: pd.DataFrame
) -> list[str]:
    """Energy at every station against the capacity table at the standing and new count together."""
    count = pd.concat([new, _counts(existing)]).groupby(["site_id", "charger_type"])["count"].sum()
    rows = count[count > 0].reset_index()
    keys = pd.MultiIndex.from_arrays([rows["charger_type"], rows["count"].astype(int)])
    rows["kwh"] = capacity["energy_kwh_day"].reindex(keys).to_numpy(float)
    lost = rows[rows["kwh"].isna()]
    unlisted = [f"capacity of {r.charger_type} at {r.site_id} is not in the table" for r in lost.itertuples()]
    rows["service"] = rows["charger_type"].map(types["service"])
    served = assignment["energy_kwh_day"].groupby(level=["site_id", "service"]).sum()
    can = rows.groupby(["site_id", "service"])["kwh"].sum().reindex(served.index, fill_value=0.0)
    over = _over(served, can)
    return unlisted + [f"capacity at {r.site_id} {r.service}: {r.served:.6g} served of {r.most:.6g}" for r in over]


def _proof_holds(
    assignment: pd.DataFrame, demand: pd.DataFrame, access: pd.DataFrame, proof: Proof, siting: Siting
) -> list[str]:
    """Every kWh goes to a site within reach, and worth x energy adds up to the value, which is under the bound."""
    rows = assignment.reset_index()
    rows["mode"] = np.where(rows["service"] == _WALKED_SERVICE, "walk", "drive")
    keys = pd.MultiIndex.from_frame(rows[["zone_id", "site_id", "mode"]])
    metres = access["metres"].reindex(keys).to_numpy(float)
    reach = demand["reach_m"].reindex(pd.MultiIndex.from_frame(rows[["zone_id", "service"]])).to_numpy(float)
    beyond = ~(metres <= reach * (1 + _RELATIVE) + _RELATIVE)
    share = np.divide(metres, reach, out=np.zeros_like(metres), where=reach > 0)
    value = float(((1 - (1 - siting.edge_worth) * share) * rows["energy_kwh_day"])[~beyond].sum())
    tolerance = _RELATIVE * max(abs(value), 1.0)
    broken = [f"{r.zone_id} charges at {r.site_id} ({r.service}), out of reach" for r in rows[beyond].itertuples()]
    if not abs(value - proof.value_kwh_day) <= tolerance:
        broken.append(f"value: {value:.6g} from the tables, {proof.value_kwh_day:.6g} in the proof")
    if not proof.value_kwh_day <= proof.bound_kwh_day + tolerance:
        broken.append(f"value {proof.value_kwh_day:.6g} above its bound {proof.bound_kwh_day:.6g}")
    return broken
