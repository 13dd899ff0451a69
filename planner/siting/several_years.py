"""`choose_years`: from the tables of several years to one plan of all, with a proof of all and of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from planner.faults import BadInput, Fault, refuse
from planner.numeric.solver import NoPlan, check_solver
from planner.progress import Progress, Stage, silent
from planner.siting.check.plan import check_years
from planner.siting.choose import answer_of, exactly, no_plan, node_limits, proof_of
from planner.siting.city.assignment import assign
from planner.siting.city.certificate import Prices, upper_bound
from planner.siting.city.city import CityPlan
from planner.siting.city.dual import find_prices
from planner.siting.city.plan_years import plan_years, replan_years
from planner.siting.city.region import Choice
from planner.siting.effort import Effort
from planner.siting.model.conflicts import conflicts, whole_conflicts
from planner.siting.model.floors import unmet_floors
from planner.siting.model.instance import Instance, make_instance
from planner.siting.model.merge import Merged, merge_demands
from planner.siting.model.phases import Years, largest_one
from planner.siting.problem import Answer, Answers, Problem
from planner.siting.proof import LAGRANGIAN
from planner.siting.start import fingerprint, price_table, start_from

_ALONE_STEPS = 300  # of the dual, for the prices of one year where the whole program was solved
_STAYS = "together with the prices of what stays from year to year"


class _Together(NamedTuple):
    """Several years as one problem: joined, each as it was given, and each with its demands merged."""

    years: Years
    parts: Mapping[int, Instance]
    merged: Mapping[int, Merged]
    solver: str


class _Found(NamedTuple):
    """A plan of all years in the merged positions, its bound and how that was proven."""

    choice: Choice
    bound: float
    method: str
    ended: bool
    prices: Prices | None
    gone_on: bool = False


def choose_years(
    problems: Mapping[int, Problem],
    effort: Effort | None = None,
    start: Answers | None = None,
    progress: Progress | None = None,
) -> Answers:
    """Choose sites and chargers for several years at once: what is built stays, and every year keeps its own rules.

    The most of all years' service is sought, each weighted.

    Parameters
    ----------
    problems
        Year -> what it asks, everything counted from the start: quota, budget and tasks of this year and those before.
        All have the same sites, access and chargers of today; only the locks may differ
        (`planner.candidates.before_locks`). The question is most service.
    effort, start, progress
        As of `choose_sites`; progress is told in the weighted mean of the years.

    Raises
    ------
    BadInput
        What the tables' checks refuse, and the rules of a year that no plan can keep together.
    BrokenPlan
        A plan that breaks its own rules: a fault of this program.
    """
    order = sorted(problems)
    rules = problems[order[-1]].rules
    check_solver(rules.solver)
    (progress or silent)(Stage.RULES, None, None)
    parts = {year: make_instance(problem) for year, problem in problems.items()}
    effort = effort or Effort(rules.gap_share, rules.rounds)
    merged = {y: merge_demands(parts[y]) for y in order}
    years = Years({y: merged[y].instance for y in order}, largest_one({y: each.weight for y, each in problems.items()}))
    digest = fingerprint(years.whole, rules)
    if start is not None and len(start.by_year) > 1 and start.proof.problem == digest and not effort.asked:
        return start
    refuse(fault for y in order for fault in _of_year(conflicts(parts[y]), y, y == order[-1]))
    together = _Together(years, parts, merged, rules.solver)
    tell = _mean_of_years(progress or silent, years)
    try:
        with effort.under_way():
            found = _solved(together, effort, tell, start)
    except NoPlan as error:
        raise BadInput(_none_found(years, parts, error)) from None
    answers = _told(together, found, effort.reproducible and not found.gone_on, digest)
    check_years(problems, answers)
    return answers


def _mean_of_years(progress: Progress, years: Years) -> Progress:
    """Progress told in the weighted mean of the years, where the solve tells sums."""
    mean = 1.0 / float(years.weight.sum())

    def tell(stage: Stage, value: float | None, bound: float | None) -> None:
        progress(stage, None if value is None else value * mean, None if bound is None else bound * mean)

    return tell


def _solved(together: _Together, effort: Effort, tell: Progress, start: Answers | None) -> _Found:
    """The best plan and the lowest bound, as `choose_sites` finds them for one year."""
    years, solver = together.years, together.solver
    x = years.whole
    at_once, begun = node_limits(x)
    if at_once:
        tell(Stage.WHOLE_PROGRAM, None, None)
        first = exactly(x, solver, effort, at_once)
        tell(Stage.WHOLE_PROGRAM, first.choice.value(x), first.bound)
        if first.ended or effort.is_over() or not len(x.option_site):
            return _Found(first.choice, first.bound, first.method, first.ended, None)
    if start is not None and set(start.by_year) == set(together.parts) and len(start.prices):
        again = _planned_again(together, effort, tell, start)
        if again is not None:
            return again
    found: list[_Found] = []
    try:
        found.append(_by_prices(plan_years(years, effort, tell)))
    except NoPlan:
        if not begun:
            raise
    if begun and not (found and effort.is_over()):
        tell(Stage.WHOLE_PROGRAM, found[0].choice.value(x) if found else None, found[0].bound if found else None)
        whole = exactly(x, solver, effort, begun, found[0].choice if found else None)
        found.append(_Found(whole.choice, whole.bound, whole.method, whole.ended, None))
    proof = min(found, key=lambda each: (each.bound, not each.ended))
    best = max(found, key=lambda each: each.choice.value(x))
    tell(Stage.YEARS_TOGETHER, best.choice.value(x), proof.bound)
    return proof._replace(choice=best.choice, prices=found[0].prices)


def _planned_again(together: _Together, effort: Effort, tell: Progress, start: Answers) -> _Found | None:
    """The plan and bound that an earlier plan leads to; None where it leads to no plan that keeps the rules."""
    years = together.years
    starts = [start_from(together.parts[y], together.merged[y], start.by_year[y]) for y in years.years]
    changed = np.unique(np.concatenate([each.changed for each in starts]))
    held = [each.choice.new.copy() for each in starts]
    for t, x in enumerate(years.parts):  # a site that no longer holds what it had in one year is cleared in all
        held[t][np.isin(x.option_site, changed)] = 0.0
    for t in reversed(range(len(held) - 1)):
        held[t] = np.minimum(held[t], years.counts_in(t, t + 1, held[t + 1]))
    choices = [Choice(new, x.opened_by(new), assign(x, new)) for x, new in zip(years.parts, held, strict=True)]
    prices = years.joined_prices([each.prices for each in starts], years.stays_in(start.prices))
    try:
        return _by_prices(replan_years(years, choices, prices, changed, effort, tell))._replace(gone_on=True)
    except NoPlan:
        return None


def _by_prices(plan: CityPlan) -> _Found:
    """What prices prove of all years."""
    return _Found(plan.choice, plan.bound, f"{LAGRANGIAN}, {_STAYS}", False, plan.prices)


def _told(together: _Together, found: _Found, reproducible: bool, digest: str) -> Answers:
    """A plan as tables and proofs, by year and of all."""
    years = together.years
    told: dict[int, Answer] = {}
    for t, (year, plan) in enumerate(zip(years.years, years.apart(found.choice), strict=True)):
        merged, x = together.merged[year], together.parts[year]
        y = merged.instance
        alone = (
            find_prices(y, _ALONE_STEPS, Effort(1.0), silent)
            if found.prices is None
            else years.prices_of(t, found.prices)
        )
        choice = merged.apart(plan)
        proof = proof_of(x, choice, upper_bound(y, alone), LAGRANGIAN, reproducible=reproducible)
        told[year] = answer_of(x, choice, proof, price_table(x, merged, alone))
    mean = 1.0 / float(years.weight.sum())
    value, bound = found.choice.value(years.whole) * mean, found.bound * mean
    proof = replace(
        told[years.years[-1]].proof,
        value_kwh_day=value,
        bound_kwh_day=max(value, bound),
        method=found.method,
        problem=digest,
    )
    return Answers(told, proof, _stays_table(years, found.prices))


def _stays_table(years: Years, prices: Prices | None) -> pd.Series:
    """What a charger is worth to the years before: the prices of ``stays`` that are not zero."""
    limits = years.whole.limits
    rows = np.flatnonzero(limits.is_stays & (prices.limits > 0)) if prices is not None else np.zeros(0, int)
    index = pd.Index([limits.names[r] for r in rows], name="rule", dtype=object)
    return pd.Series(prices.limits[rows] if prices is not None else [], index=index, name="price", dtype=float)


def _none_found(years: Years, parts: Mapping[int, Instance], error: NoPlan) -> list[Fault]:
    """Why no plan was found: rules of one year, or of what stays, which no rule of a year shows."""
    for year in years.years:
        x = parts[year]
        if found := (whole_conflicts(x) if error.infeasible else []) or unmet_floors(x):
            return _of_year(found, year, year == years.years[-1])
    return no_plan(parts[years.years[-1]], NoPlan(str(error), infeasible=False))


def _of_year(faults: list[Fault], year: int, is_last: bool) -> list[Fault]:
    """The faults of one year's rules, saying of which; quota and budget stand in the phases."""
    told = []
    for fault in faults:
        where = fault.where
        for key in ("quota", "budget_cny", *(() if is_last else ("tasks",))):
            where = where.replace(f"scenario, key siting.{key}", f"scenario, key siting.phases, year {year}, {key}")
        told.append(Fault(where, en=f"by the end of {year}, {fault.en}", zh=f"至 {year} 年底：{fault.zh}"))
    return told
