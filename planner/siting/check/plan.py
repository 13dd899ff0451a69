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
from planner.words import Text


class BrokenPlan(AssertionError):
    """A plan that breaks its own rules: a fault of this program, never of the input."""

    def __init__(self, rules: Iterable[Text]) -> None:
        self.rules = tuple(rules)
        self.broken = tuple(rule.en for rule in self.rules)
        super().__init__("the plan breaks its rules:\n" + "\n".join(f"- {rule}" for rule in self.broken))


def check_plan(problem: Problem, answer: Answer) -> None:
    """Check counts exactly and energies within 1e-6 relative, and that value, cost and bounds are what the proof says.

    Raises
    ------
    BrokenPlan
        Any rule is broken; all of them are named with the site, zone or unit and by how much.
    """
    if broken := broken_rules(problem, answer):
        raise BrokenPlan(broken)


def check_years(problems: Mapping[int, Problem], answers: Answers) -> None:
    """Check a plan of several years: every year by itself, that what stands stays, and that the years add up.

    Raises
    ------
    BrokenPlan
        Any rule is broken; all of them are named with the year.
    """
    if broken := broken_in_years(problems, answers):
        raise BrokenPlan(broken)


def broken_rules(problem: Problem, answer: Answer) -> list[Text]:
    """Every rule that `check_plan` would refuse."""
    new, today = counts_of(answer.chargers), counts_of(problem.existing)
    types, rules = problem.charger_types, problem.rules
    return [
        *broken_counts(new, today, problem.sites, types, rules),
        *no_access(new, today, types, rules, problem.cover),
        *_demand_kept(answer.assignment, problem.demand),
        *_capacity_kept(answer.assignment, new, problem),
        *_promises_kept(answer.assignment, problem.demand, rules),
        *_value_holds(problem, answer),
        *_cost_holds(problem, answer),
    ]


def broken_in_years(problems: Mapping[int, Problem], answers: Answers) -> list[Text]:
    """Every rule that `check_years` would refuse."""
    years, proof = answers.by_year, answers.proof
    order = sorted(years)
    broken = [rule.about(str(year)) for year in order for rule in broken_rules(problems[year], years[year])]
    for before, after in pairwise(order):
        fewer = years[before].chargers["count"].sub(years[after].chargers["count"], fill_value=0)
        broken += [
            Text(
                zh=f"{before} 年 {r.site_id} 的 {r.n:g} 台 {r.charger_type} 到 {after} 年不见了",
                en=f"{r.n:g} chargers {r.charger_type} at {r.site_id} of {before} are gone in {after}",
            )
            for r in fewer[fewer > 0].rename("n").reset_index().itertuples()
        ]
    mean = mean_of_years(problems, {year: years[year].proof.value_kwh_day for year in order})
    if not abs(mean - proof.value_kwh_day) <= RELATIVE * max(abs(mean), 1.0):
        broken.append(
            Text(
                zh=f"目标值：各年合计 {mean:.6g}，证明中为 {proof.value_kwh_day:.6g}",
                en=f"value: {mean:.6g} from the years, {proof.value_kwh_day:.6g} in the proof",
            )
        )
    return broken + _bound_holds(proof)


def mean_of_years(problems: Mapping[int, Problem], each: Mapping[int, float]) -> float:
    """The mean of what every year has, by the weights of the years."""
    weight = sum(problems[year].weight for year in sorted(each))
    return sum(problems[year].weight * each[year] for year in sorted(each)) / weight


def value_of(problem: Problem, answer: Answer) -> float:
    """Worth x energy of everyone who charges within reach, kWh a day, from the tables alone."""
    worth, beyond = _worth(problem, answer)
    return float((worth * answer.assignment["energy_kwh_day"].to_numpy(float))[~beyond].sum())


def cost_of(problem: Problem, answer: Answer) -> float:
    """Openings, prices and discounted operation of what is built, CNY, from the tables alone."""
    rules, types = problem.rules, problem.charger_types
    rate, years = rules.discount_rate, rules.life_years
    annuity = -np.expm1(-years * np.log1p(rate)) / rate if rate > 0 else years
    opex = types["opex_cny_year"] if "opex_cny_year" in types else 0.0 * types["price_cny"]
    each = types["price_cny"] + annuity * opex
    return cost_cny(counts_of(answer.chargers), counts_of(problem.existing), problem.sites, each)


def _demand_kept(assignment: pd.DataFrame, demand: pd.DataFrame) -> list[Text]:
    served = assignment["energy_kwh_day"].groupby(level=["zone_id", "service"]).sum()
    allowed = demand["energy_kwh_day"].reindex(served.index, fill_value=0.0)
    rows = assignment.reset_index()
    return [
        *(
            Text(
                zh=f"{r.zone_id} 的 {r.service} 需求：服务 {r.served:.6g}，只有 {r.most:.6g}",
                en=f"demand of {r.zone_id} {r.service}: {r.served:.6g} served of {r.most:.6g}",
            )
            for r in _over(served, allowed)
        ),
        *(
            Text(
                zh=f"{r.zone_id} 到 {r.site_id} 的电量为负",
                en=f"negative energy from {r.zone_id} to {r.site_id}",
            )
            for r in rows[rows["energy_kwh_day"] < 0].itertuples()
        ),
        *(
            Text(zh=f"{r.zone_id} 到 {r.site_id} 的电量缺失", en=f"missing energy from {r.zone_id} to {r.site_id}")
            for r in rows[rows["energy_kwh_day"].isna()].itertuples()
        ),
    ]


def _over(served: pd.Series, most: pd.Series) -> Iterable[Any]:
    """Rows where more is served than may be, with their ids."""
    table = pd.DataFrame({"served": served, "most": most})
    return table[served > most * (1 + RELATIVE) + RELATIVE].reset_index().itertuples()


def _capacity_kept(assignment: pd.DataFrame, new: pd.DataFrame, problem: Problem) -> list[Text]:
    """Energy at every station against the capacity table at the standing and new count together."""
    types, capacity = problem.charger_types, problem.capacity
    count = pd.concat([new, counts_of(problem.existing)]).groupby(["site_id", "charger_type"])["count"].sum()
    rows = count[count > 0].reset_index()
    keys = pd.MultiIndex.from_arrays([rows["charger_type"], rows["count"].astype(int)])
    rows["kwh"] = capacity["energy_kwh_day"].reindex(keys).to_numpy(float)
    unlisted = [
        Text(
            zh=f"{r.site_id} 的 {r.charger_type} 供电能力不在表中",
            en=f"capacity of {r.charger_type} at {r.site_id} is not in the table",
        )
        for r in rows[rows["kwh"].isna()].itertuples()
    ]
    rows["service"] = rows["charger_type"].map(types["service"])
    served = assignment["energy_kwh_day"].groupby(level=["site_id", "service"]).sum()
    can = rows.groupby(["site_id", "service"])["kwh"].sum().reindex(served.index, fill_value=0.0)
    return unlisted + [
        Text(
            zh=f"{r.site_id} 的 {r.service} 供电能力：服务 {r.served:.6g}，只能供 {r.most:.6g}",
            en=f"capacity at {r.site_id} {r.service}: {r.served:.6g} served of {r.most:.6g}",
        )
        for r in _over(served, can)
    ]


def _promises_kept(assignment: pd.DataFrame, demand: pd.DataFrame, siting: Siting) -> list[Text]:
    """Served shares of areas with a floor, and of everything where it is promised; energy unweighted."""
    served = assignment["energy_kwh_day"].groupby(level=["zone_id", "service"]).sum().reindex(demand.index).fillna(0.0)
    asked = demand["energy_kwh_day"]
    everywhere = pd.Series(True, index=demand.index)
    promise = Text(zh="服务率承诺", en="promise")
    promised = [(promise, siting.promise_share, everywhere)] if siting.promise_share else []
    if siting.floors:
        area = demand["district" if set(siting.floors) <= set(demand["district"]) else "township"]
        floors = {name: Text(zh=f"{name} 的服务率下限", en=f"floor of {name}") for name in siting.floors}
        promised += [(floors[name], share, area == name) for name, share in siting.floors.items()]
    broken = []
    for name, share, inside in promised:
        total, kept = float(asked[inside].sum()), float(served[inside].sum())
        if kept < share * total * (1 - RELATIVE) - RELATIVE:
            broken.append(
                Text(
                    zh=f"{name.zh}：服务 {kept:.6g} kWh，应为 {share * total:.6g}",
                    en=f"{name.en}: {kept:.6g} kWh served of {share * total:.6g}",
                )
            )
    return broken


def _worth(problem: Problem, answer: Answer) -> tuple[np.ndarray, np.ndarray]:
    """Row of the assignment: what a kWh is worth there, and whether the site is beyond reach."""
    demand, access, rules = problem.demand, problem.access, problem.rules
    rows = answer.assignment.reset_index()
    rows["mode"] = problem.modes(rows["service"])
    metres = access["metres"].reindex(pd.MultiIndex.from_frame(rows[["zone_id", "site_id", "mode"]])).to_numpy(float)
    reach = demand["reach_m"].reindex(pd.MultiIndex.from_frame(rows[["zone_id", "service"]])).to_numpy(float)
    share = np.divide(metres, reach, out=np.zeros_like(metres), where=reach > 0)
    worth = 1 - (1 - rules.edge_worth) * share if rules.question == "most_service" else np.ones(len(rows))
    return worth, ~(metres <= reach * (1 + RELATIVE) + RELATIVE)


def _value_holds(problem: Problem, answer: Answer) -> list[Text]:
    """Every kWh goes to a site within reach, and worth x energy adds up to the value, which is under the bound."""
    proof, value = answer.proof, value_of(problem, answer)
    beyond = answer.assignment.reset_index()[_worth(problem, answer)[1]]
    tolerance = RELATIVE * max(abs(value), 1.0)
    broken = [
        Text(
            zh=f"{r.zone_id} 去 {r.site_id} 充电（{r.service}），超出可达范围",
            en=f"{r.zone_id} charges at {r.site_id} ({r.service}), out of reach",
        )
        for r in beyond.itertuples()
    ]
    if not abs(value - proof.value_kwh_day) <= tolerance:
        broken.append(
            Text(
                zh=f"目标值：由表格得 {value:.6g}，证明中为 {proof.value_kwh_day:.6g}",
                en=f"value: {value:.6g} from the tables, {proof.value_kwh_day:.6g} in the proof",
            )
        )
    return broken + _bound_holds(proof)


def _bound_holds(proof: Proof) -> list[Text]:
    """The bound is a number, and not below the value."""
    value, bound = proof.value_kwh_day, proof.bound_kwh_day
    if not np.isfinite(bound):
        return [Text(zh=f"上界 {bound:g} 不是数", en=f"bound {bound:g} is no number")]
    if value <= bound + RELATIVE * max(abs(value), 1.0):
        return []
    return [Text(zh=f"目标值 {value:.6g} 高于上界 {bound:.6g}", en=f"value {value:.6g} above its bound {bound:.6g}")]


def _cost_holds(problem: Problem, answer: Answer) -> list[Text]:
    """For the least cost: openings, prices and discounted operation add up to the cost, which is over its bound."""
    proof = answer.proof
    if problem.rules.question != "least_cost":
        text = Text(zh="证明了费用，但并未要求最低成本", en="a cost is proven, but the least cost was not asked for")
        return [] if proof.cost_cny is None else [text]
    if proof.cost_cny is None or proof.cost_bound_cny is None:
        return [Text(zh="证明中没有费用", en="the proof has no cost")]
    cost = cost_of(problem, answer)
    tolerance = RELATIVE * max(cost, 1.0)
    broken = []
    if not abs(cost - proof.cost_cny) <= tolerance:
        broken.append(
            Text(
                zh=f"费用：由表格得 {cost:.6g}，证明中为 {proof.cost_cny:.6g}",
                en=f"cost: {cost:.6g} from the tables, {proof.cost_cny:.6g} in the proof",
            )
        )
    bound = proof.cost_bound_cny
    if not np.isfinite(bound):
        broken.append(Text(zh=f"成本下界 {bound:g} 不是数", en=f"bound {bound:g} of the cost is no number"))
    elif not bound <= proof.cost_cny + tolerance:
        broken.append(
            Text(
                zh=f"费用 {proof.cost_cny:.6g} 低于下界 {proof.cost_bound_cny:.6g}",
                en=f"cost {proof.cost_cny:.6g} under its bound {proof.cost_bound_cny:.6g}",
            )
        )
    return broken
