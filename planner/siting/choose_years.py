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
from planner.scenario import Siting
from planner.siting.choose import LAGRANGIAN, exactly, no_plan, node_limits, proof_of, tables_of
from planner.siting.city.assignment import assign
from planner.siting.city.certificate import Prices, upper_bound
from planner.siting.city.dual import find_prices
from planner.siting.city.plan_years import plan_years, replan_years
from planner.siting.city.region import Choice
from planner.siting.effort import Effort
from planner.siting.model.conflicts import conflicts, whole_conflicts
from planner.siting.model.floors import unmet_floors
from planner.siting.model.instance import Instance, make_instance
from planner.siting.model.merge import Merged, merge_demands
from planner.siting.model.phases import Years
from planner.siting.previous import Previous, fingerprint, price_table, start_from
from planner.siting.proof import Proof

_ALONE_STEPS = 300
_STAYS = "together with the prices of what stays from year to year"


class Town(NamedTuple):
    """What one year asks of siting.

    Attributes
    ----------
    demand, charger_types, capacity
        Of that year, as of `choose_sites`.
    siting
        The rules at its end, all counted from the start: quota, budget and tasks of this year and those before.
    weight
        Of its service.
    cover
        As of `choose_sites`.
    """

    demand: pd.DataFrame
    charger_types: pd.DataFrame
    capacity: pd.DataFrame
    siting: Siting
    weight: float = 1.0
    cover: pd.DataFrame | None = None


class _Found(NamedTuple):
    """A plan of all years in the merged positions, its bound and how that was proven."""

    choice: Choice
    bound: float
    method: str
    optimal: bool
    prices: Prices | None
    gone_on: bool = False


def choose_years(
    towns: Mapping[int, Town],
    sites: pd.DataFrame,
    access: pd.DataFrame,
    existing: pd.DataFrame,
    report: Progress | None = None,
    effort: Effort | None = None,
    previous: Previous | None = None,
) -> tuple[dict[int, Previous], Proof]:
    """Choose sites and chargers for several years at once: what is built stays, and every year keeps its own rules.

    The most of all years' service is sought, each weighted; sites locked in are open by the last year.

    Parameters
    ----------
    towns
        Year -> what it asks; the question is most service.
    sites, access, existing
        As of `choose_sites`.
    report, effort, previous
        As of `choose_sites`; progress is told in the weighted mean of the years.

    Returns
    -------
    years
        Year -> chargers that stand at its end (new ones; never fewer than a year before), assignment, and the proof of
        that year alone.
    proof
        Of all years: value and bound are weighted means of the years; the rest speaks of the last.

    Raises
    ------
    BadInput
        What the tables' checks refuse, and the rules of a year that no plan can keep together.
    """
    order = sorted(towns)
    last = towns[order[-1]].siting
    check_solver(last.solver)
    free = before_locks(sites)
    parts = {
        y: make_instance(
            t.demand,
            sites if y == order[-1] else free,
            access,
            t.charger_types,
            t.capacity,
            existing,
            t.siting,
            t.cover,
        )
        for y, t in towns.items()
    }
    effort = effort or Effort(last.gap_share, last.rounds)
    merged = {y: merge_demands(parts[y]) for y in order}
    years = Years({y: merged[y].instance for y in order}, _weights({y: town.weight for y, town in towns.items()}))
    problem = fingerprint(years.whole, last)
    if previous is not None and previous.years and previous.proof.problem == problem and not effort.asked:
        return dict(previous.years), previous.proof
    refuse(fault for y in order for fault in _of_year(conflicts(parts[y]), y, y == order[-1]))
    mean = 1.0 / float(years.weight.sum())

    def tell(step: Stage, value: float | None, bound: float | None) -> None:
        if report is not None:
            report(step, None if value is None else value * mean, None if bound is None else bound * mean)

    try:
        with effort.under_way():
            found = _solved(years, parts, merged, last.solver, effort, tell, previous)
    except NoPlan as error:
        raise BadInput(_none_found(years, parts, error)) from None
    return _told(years, parts, merged, found, effort.reproducible and not found.gone_on, problem)


def before_locks(sites: pd.DataFrame) -> pd.DataFrame:
    """The sites as every year but the last has them: those locked in are free until then."""
    return sites.assign(lock=sites["lock"].where(sites["lock"] != "in", "free")) if "lock" in sites else sites


def _weights(given: dict[int, float]) -> dict[int, float]:
    """Weights whose largest is 1, so that no kWh is worth more."""
    return {year: weight / max(given.values()) for year, weight in given.items()}


def _solved(
    years: Years,
    parts: Mapping[int, Instance],
    merged: Mapping[int, Merged],
    solver: str,
    effort: Effort,
    tell: Progress,
    previous: Previous | None,
) -> _Found:
    """The best plan and the lowest bound, as `choose_sites` finds them for one year."""
    x = years.whole
    at_once, begun = node_limits(x)
    if at_once:
        first = exactly(x, solver, effort, at_once)
        tell(Stage.WHOLE_PROGRAM, first.choice.value(x), first.bound)
        if first.optimal or effort.is_over() or not len(x.option_site):
            return _Found(first.choice, first.bound, first.method, first.optimal, None)
    if previous is not None and set(previous.years) == set(parts) and len(previous.proof.prices):
        again = _planned_again(years, parts, merged, effort, tell, previous)
        if again is not None:
            return again
    found: list[_Found] = []
    try:
        choice, bound, prices = plan_years(years, effort, tell)
        found.append(_Found(choice, bound, f"{LAGRANGIAN}, {_STAYS}", False, prices))
    except NoPlan:
        if not begun:
            raise
    if begun and not (found and effort.is_over()):
        whole = exactly(x, solver, effort, begun, found[0].choice if found else None)
        found.append(_Found(whole.choice, whole.bound, whole.method, whole.optimal, None))
    proof = min(found, key=lambda each: (each.bound, not each.optimal))
    best = max(found, key=lambda each: each.choice.value(x))
    tell(Stage.YEARS_TOGETHER, best.choice.value(x), proof.bound)
    return proof._replace(choice=best.choice, prices=found[0].prices)


def _planned_again(
    years: Years,
    parts: Mapping[int, Instance],
    merged: Mapping[int, Merged],
    effort: Effort,
    tell: Progress,
    previous: Previous,
) -> _Found | None:
    """The plan and bound that a previous plan leads to; None where it leads to no plan that keeps the rules."""
    starts = [start_from(parts[y], merged[y], previous.years[y]) for y in years.years]
    changed = np.unique(np.concatenate([start.changed for start in starts]))
    held = [start.choice.new.copy() for start in starts]
    for t, x in enumerate(years.parts):  # a site that no longer holds what it had in one year is cleared in all
        held[t][np.isin(x.option_site, changed)] = 0.0
    for t in reversed(range(len(held) - 1)):
        held[t] = np.minimum(held[t], years.counts_in(t, t + 1, held[t + 1]))
    choices = [Choice(new, x.opened_by(new), assign(x, new)) for x, new in zip(years.parts, held, strict=True)]
    limits = years.whole.limits
    rules = [name for name, stays in zip(limits.names, limits.is_stays, strict=True) if stays]
    stays = previous.proof.prices.reindex(rules).fillna(0.0).to_numpy(float)
    prices = years.joined_prices([start.prices for start in starts], stays)
    try:
        choice, bound, prices = replan_years(years, choices, prices, changed, effort, tell)
    except NoPlan:
        return None
    return _Found(choice, bound, f"{LAGRANGIAN}, {_STAYS}", False, prices, gone_on=True)


def _told(
    years: Years,
    parts: Mapping[int, Instance],
    merged: Mapping[int, Merged],
    found: _Found,
    reproducible: bool,
    problem: str,
) -> tuple[dict[int, Previous], Proof]:
    """A plan as tables and proofs, by year and of all."""
    told: dict[int, Previous] = {}
    for t, (year, plan) in enumerate(zip(years.years, years.apart(found.choice), strict=True)):
        y, x = merged[year].instance, parts[year]
        alone = (
            find_prices(y, _ALONE_STEPS, Effort(1.0), silent)
            if found.prices is None
            else years.prices_of(t, found.prices)
        )
        choice = merged[year].apart(plan)
        proof = proof_of(x, choice, upper_bound(y, alone), LAGRANGIAN, False, reproducible)
        told[year] = Previous(*tables_of(x, choice), replace(proof, prices=price_table(x, merged[year], alone)))
    mean = 1.0 / float(years.weight.sum())
    value, bound = found.choice.value(years.whole) * mean, found.bound * mean
    proof = replace(
        told[years.years[-1]].proof,
        value_kwh_day=value,
        bound_kwh_day=max(value, bound),
        method=found.method,
        optimal=found.optimal,
        problem=problem,
        prices=_stays_table(years, found.prices),
    )
    return told, proof


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
