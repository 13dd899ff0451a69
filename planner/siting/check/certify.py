"""`certify`: a plan's value and bound anew from tables and prices alone, beside what its proof tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from planner.faults import BadInput, Fault
from planner.siting.check.counts import RELATIVE
from planner.siting.check.plan import broken_in_years, broken_rules, cost_of, mean_of_years, value_of
from planner.siting.city.certificate import upper_bound
from planner.siting.model.instance import Instance, make_instance
from planner.siting.model.phases import Years, largest_one
from planner.siting.problem import Answer, Answers, Problem
from planner.siting.proof import Proof
from planner.siting.start import prices_in
from planner.words import Text


@dataclass(frozen=True)
class Recomputed:
    """A proof, and what tables and prices give.

    Attributes
    ----------
    year
        None for the whole plan.
    told
        The proof.
    value
        kWh a day as the proof's; for the least cost the cost, CNY.
    bound
        That the prices prove: no plan is worth more, or costs less. None where there are no prices.
    """

    year: int | None
    told: Proof
    value: float
    bound: float | None

    @property
    def is_cost(self) -> bool:
        """Whether value and bound are a cost and its lower bound."""
        return self.told.cost_cny is not None and self.told.cost_bound_cny is not None

    @property
    def told_value(self) -> float:
        """The value, or the cost, that the proof tells."""
        return self.told.value_kwh_day if self.told.cost_cny is None else self.told.cost_cny

    @property
    def told_bound(self) -> float:
        """The bound on it that the proof tells."""
        return self.told.bound_kwh_day if self.told.cost_bound_cny is None else self.told.cost_bound_cny

    @property
    def gap_share(self) -> float | None:
        """The gap of value and bound as recomputed, as the proof's; None where there is no bound."""
        if self.bound is None:
            return None
        less, more = (self.bound, self.value) if self.is_cost else (self.value, self.bound)
        return max(0.0, 1.0 - less / more) if more > 0 else 0.0

    @property
    def is_proven(self) -> bool:
        """Whether the prices prove what is told: that bound, or a nearer one."""
        if self.bound is None:
            return False
        beyond = self.told_bound - self.bound if self.is_cost else self.bound - self.told_bound
        return beyond <= self.tolerance

    @property
    def tolerance(self) -> float:
        """How far two bounds may be apart and be the same."""
        return RELATIVE * max(abs(self.told_bound), abs(self.bound or 0.0), 1.0)


@dataclass(frozen=True)
class Certificate:
    """What is left of a plan's proof where everything is computed again from its tables and prices.

    Attributes
    ----------
    plan
        The proof of the plan.
    years
        Of a plan of several years the proofs of each.
    broken
        Every rule that the plan breaks, and every number of its proof that the tables do not give.
    faults
        What is wrong with the tables themselves: edited, or no problem that could be posed.
    """

    plan: Recomputed
    years: tuple[Recomputed, ...]
    broken: tuple[Text, ...]
    faults: tuple[Fault, ...]

    @property
    def stands(self) -> bool:
        """Whether nothing contradicts the proof."""
        return not self.broken and not self.faults


def certify(problems: Mapping[int, Problem], answers: Answers, faults: Iterable[Fault] = ()) -> Certificate:
    """Derive every rule of a plan again, and compute its value from who charges where and its bound from its prices.

    Nothing is sited and no solver is asked. Where a solver proved the bound, the prices prove another one or none.

    Parameters
    ----------
    problems, answers
        What was asked and answered, of one year or of several.
    faults
        What is known to be wrong with the tables.
    """
    found = list(faults)
    try:
        parts = {year: make_instance(problems[year]) for year in sorted(problems)}
    except BadInput as error:
        found += error.faults
        parts = {}
    years: tuple[Recomputed, ...] = ()
    if len(problems) == 1:
        ((year, problem),) = problems.items()
        plan = _of_year(None, problem, answers.by_year[year], parts.get(year))
        reached = _reachable(plan, parts[year]) if parts else []
        broken = [*broken_rules(problem, answers.by_year[year]), *reached]
    else:
        years = tuple(_of_year(y, problems[y], answers.by_year[y], parts.get(y)) for y in sorted(problems))
        plan = _of_all(problems, answers, years, parts)
        reached = [rule for one, x in zip(years, parts.values(), strict=False) for rule in _reachable(one, x)]
        broken = [*broken_in_years(problems, answers), *reached]
    broken += [rule for one in (plan, *years) for rule in _bound_holds(one)]
    return Certificate(plan, years, tuple(broken), tuple(found))


def _of_year(year: int | None, problem: Problem, answer: Answer, x: Instance | None) -> Recomputed:
    """One year by itself."""
    bound, is_cost = None, answer.proof.cost_cny is not None
    if x is not None and len(answer.prices):
        bound = upper_bound(x, prices_in(x, answer.prices))
        bound = max(-bound, 0.0) if is_cost else bound
    value = cost_of(problem, answer) if is_cost else value_of(problem, answer)
    return Recomputed(year, answer.proof, value, bound)


def _of_all(
    problems: Mapping[int, Problem], answers: Answers, each: Iterable[Recomputed], parts: Mapping[int, Instance]
) -> Recomputed:
    """All years together, at their prices and those of what stays from year to year."""
    bound = None
    if parts and all(len(answer.prices) for answer in answers.by_year.values()):
        years = Years(parts, largest_one({year: problem.weight for year, problem in problems.items()}))
        of_years = [prices_in(x, answers.by_year[y].prices) for y, x in zip(years.years, years.parts, strict=True)]
        prices = years.joined_prices(of_years, years.stays_in(answers.prices))
        bound = upper_bound(years.whole, prices) / float(years.weight.sum())
    value = mean_of_years(problems, {one.year: one.value for one in each if one.year is not None})
    return Recomputed(None, answers.proof, value, bound)


def _reachable(one: Recomputed, x: Instance) -> list[Text]:
    """The demand within reach, which for the least cost bounds what is served, is what the tables give."""
    reachable = float(x.energy[np.unique(x.pair_demand)].sum())
    told = {one.told.reachable_kwh_day, *([one.told.bound_kwh_day] if one.is_cost else [])}
    broken = [
        Text(
            zh=f"可达范围内的需求：由表格得 {reachable:.6g}，证明中为 {kwh:.6g}",
            en=f"demand within reach: {reachable:.6g} from the tables, {kwh:.6g} in the proof",
        )
        for kwh in sorted(told)
        if not abs(kwh - reachable) <= RELATIVE * max(reachable, 1.0)
    ]
    return _of(one, broken)


def _bound_holds(one: Recomputed) -> list[Text]:
    """A bound that is said to be that of the prices is what they give."""
    if not one.told.is_by_prices:
        return []
    if one.bound is None:
        text = Text(zh="界：据称由价格证明，但无法由价格算出", en="bound: said to be proven by prices, which give none")
    elif abs(one.bound - one.told_bound) <= one.tolerance:
        return []
    else:
        text = Text(
            zh=f"界：由价格得 {one.bound:.9g}，证明中为 {one.told_bound:.9g}",
            en=f"bound: {one.bound:.9g} from the prices, {one.told_bound:.9g} in the proof",
        )
    return _of(one, [text])


def _of(one: Recomputed, rules: list[Text]) -> list[Text]:
    """Rules with the year that they are of."""
    return rules if one.year is None else [rule.about(str(one.year)) for rule in rules]
