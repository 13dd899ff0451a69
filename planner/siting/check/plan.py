"""`check_plan`: every rule of a plan re-derived from the tables, without the solver and without its arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from planner.scenario import Siting
from planner.siting.check.counts import RELATIVE, broken_counts, cost_cny, counts_of, no_access
from planner.siting.problem import Answer, Answers, Problem
from planner.siting.proof import Proof


class BrokenPlan(AssertionError):
    """A plan that breaks its own rules: a fault of this program, never of the input."""

    def __init__(self, broken: list[str]) -> None:
        self.broken = tuple(broken)
        super().__init__("the plan breaks its rules:\n" + "\n".join(f"- {rule}" for rule in broken))


def check_plan(problem: Problem, answer: Answer) -> None:
    """Check counts exactly and energies within 1e-6 relative, and that value, cost and bounds are what the proof says.

    Raises
    ------
    BrokenPlan
        Any rule is broken; all of them are named with the site, zone or unit and by how much.
    """
    new, today = counts_of(answer.chargers), counts_of(problem.existing)
    types, rules = problem.charger_types, problem.rules
    broken = [
        *broken_counts(new, today, problem.sites, types, rules),
        *no_access(new, today, types, rules, problem.cover),
        *_demand_kept(answer.assignment, problem.demand),
        *_capacity_kept(answer.assignment, new, problem),
        *_promises_kept(answer.assignment, problem.demand, rules),
        *_value_holds(problem, answer),
        *_cost_holds(new, problem, answer.proof),
    ]
    if broken:
        raise BrokenPlan(broken)


def check_years(problems: Mapping[int, Problem], answers: Answers) -> None:
    """Check a plan of several years: every year by itself, that what stands stays, and that the years add up.

    Raises
    ------
    BrokenPlan
        Any rule is broken; all of them are named with the year.
    """
    broken: list[str] = []
    years, proof = answers.by_year, answers.proof
    order = sorted(years)
    for year in order:
        try:
            check_plan(problems[year], years[year])
        except BrokenPlan as error:
            broken += [f"{year}: {rule}" for rule in error.broken]
    for before, after in pairwise(order):
        fewer = years[before].chargers["count"].sub(years[after].chargers["count"], fill_value=0)
        gone = fewer[fewer > 0].rename("n").reset_index().itertuples()
        broken += [f"{r.n:g} chargers {r.charger_type} at {r.site_id} of {before} are gone in {after}" for r in gone]
    weight = sum(problems[y].weight for y in order)
    mean = sum(problems[y].weight * years[y].proof.value_kwh_day for y in order) / weight
    if not abs(mean - proof.value_kwh_day) <= RELATIVE * max(abs(mean), 1.0):
        broken.append(f"value: {mean:.6g} from the years, {proof.value_kwh_day:.6g} in the proof")
    broken += _bound_holds(proof)
    if broken:
        raise BrokenPlan(broken)


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
    return table[served > most * (1 + RELATIVE) + RELATIVE].reset_index().itertuples()


def _capacity_kept(assignment: pd.DataFrame, new: pd.DataFrame, problem: Problem) -> list[str]:
    """Energy at every station against the capacity table at the standing and new count together."""
    types, capacity = problem.charger_types, problem.capacity
    count = pd.concat([new, counts_of(problem.existing)]).groupby(["site_id", "charger_type"])["count"].sum()
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


def _promises_kept(assignment: pd.DataFrame, demand: pd.DataFrame, siting: Siting) -> list[str]:
    """Served shares of areas with a floor, and of everything where it is promised; energy unweighted."""
    served = assignment["energy_kwh_day"].groupby(level=["zone_id", "service"]).sum().reindex(demand.index).fillna(0.0)
    asked = demand["energy_kwh_day"]
    promised = [("promise", siting.promise_share, pd.Series(True, index=demand.index))] if siting.promise_share else []
    if siting.floors:
        area = demand["district" if set(siting.floors) <= set(demand["district"]) else "township"]
        promised += [(f"floor of {name}", share, area == name) for name, share in siting.floors.items()]
    broken = []
    for name, share, inside in promised:
        total, kept = float(asked[inside].sum()), float(served[inside].sum())
        if kept < share * total * (1 - RELATIVE) - RELATIVE:
            broken.append(f"{name}: {kept:.6g} kWh served of {share * total:.6g}")
    return broken


def _value_holds(problem: Problem, answer: Answer) -> list[str]:
    """Every kWh goes to a site within reach, and worth x energy adds up to the value, which is under the bound."""
    demand, access, siting, proof = problem.demand, problem.access, problem.rules, answer.proof
    rows = answer.assignment.reset_index()
    rows["mode"] = np.where(rows["service"].isin(problem.walked), "walk", "drive")
    keys = pd.MultiIndex.from_frame(rows[["zone_id", "site_id", "mode"]])
    metres = access["metres"].reindex(keys).to_numpy(float)
    reach = demand["reach_m"].reindex(pd.MultiIndex.from_frame(rows[["zone_id", "service"]])).to_numpy(float)
    beyond = ~(metres <= reach * (1 + RELATIVE) + RELATIVE)
    share = np.divide(metres, reach, out=np.zeros_like(metres), where=reach > 0)
    worth = 1 - (1 - siting.edge_worth) * share if siting.question == "most_service" else np.ones(len(rows))
    value = float((worth * rows["energy_kwh_day"])[~beyond].sum())
    tolerance = RELATIVE * max(abs(value), 1.0)
    broken = [f"{r.zone_id} charges at {r.site_id} ({r.service}), out of reach" for r in rows[beyond].itertuples()]
    if not abs(value - proof.value_kwh_day) <= tolerance:
        broken.append(f"value: {value:.6g} from the tables, {proof.value_kwh_day:.6g} in the proof")
    return broken + _bound_holds(proof)


def _bound_holds(proof: Proof) -> list[str]:
    """The bound is a number, and not below the value."""
    value, bound = proof.value_kwh_day, proof.bound_kwh_day
    if not np.isfinite(bound):
        return [f"bound {bound:g} is no number"]
    tolerance = RELATIVE * max(abs(value), 1.0)
    return [] if value <= bound + tolerance else [f"value {value:.6g} above its bound {bound:.6g}"]


def _cost_holds(new: pd.DataFrame, problem: Problem, proof: Proof) -> list[str]:
    """For the least cost: openings, prices and discounted operation add up to the cost, which is over its bound."""
    siting, types, existing = problem.rules, problem.charger_types, counts_of(problem.existing)
    if siting.question != "least_cost":
        return [] if proof.cost_cny is None else ["a cost is proven, but the least cost was not asked for"]
    if proof.cost_cny is None or proof.cost_bound_cny is None:
        return ["the proof has no cost"]
    rate, years = siting.discount_rate, siting.life_years
    annuity = -np.expm1(-years * np.log1p(rate)) / rate if rate > 0 else years
    opex = types["opex_cny_year"] if "opex_cny_year" in types else 0.0 * types["price_cny"]
    cost = cost_cny(new, existing, problem.sites, types["price_cny"] + annuity * opex)
    tolerance = RELATIVE * max(cost, 1.0)
    broken = []
    if not abs(cost - proof.cost_cny) <= tolerance:
        broken.append(f"cost: {cost:.6g} from the tables, {proof.cost_cny:.6g} in the proof")
    if not np.isfinite(proof.cost_bound_cny):
        broken.append(f"bound {proof.cost_bound_cny:g} of the cost is no number")
    elif not proof.cost_bound_cny <= proof.cost_cny + tolerance:
        broken.append(f"cost {proof.cost_cny:.6g} under its bound {proof.cost_bound_cny:.6g}")
    return broken
