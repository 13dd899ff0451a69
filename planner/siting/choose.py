"""`choose_sites`: from tables to a plan with its proof, whatever the size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from planner.faults import BadInput, Fault, refuse
from planner.numeric.solver import NoPlan, check_solver, solve
from planner.progress import Progress, Stage, silent
from planner.siting.check.plan import check_plan
from planner.siting.city.assignment import assign
from planner.siting.city.certificate import Prices
from planner.siting.city.city import CityPlan, plan_city, replan_city
from planner.siting.city.headroom import spread_headroom
from planner.siting.city.region import Choice
from planner.siting.effort import Effort
from planner.siting.model.conflicts import conflicts, whole_conflicts
from planner.siting.model.floors import unmet_floors
from planner.siting.model.instance import Instance, make_instance
from planner.siting.model.merge import Merged, merge_demands
from planner.siting.model.program import build_program
from planner.siting.problem import Answer, Problem
from planner.siting.proof import LAGRANGIAN, Proof
from planner.siting.start import Start, fingerprint, price_table, start_from

_TINY_KWH = 1e-6  # a day; what the flow's rounding leaves is no assignment


@dataclass(frozen=True)
class SolverParams:
    """When the solver (branch and bound of the whole program) is asked, and how long.

    Attributes
    ----------
    at_once_pairs
        Up to so many pairs of demand and station the whole program goes to the solver first of all.
    first_work
        Nodes times pairs squared of that first solve.
    whole_pairs
        Up to so many pairs it goes there from the plan that the method for cities found.
    work
        Nodes times pairs cubed of that second solve.
    most_nodes
        Of either.
    optimal_gap
        Share of the bound within which the solver calls a plan optimal.
    same_value
        Share of the value within which value and bound are the same number.
    nearly_share
        A plan gone on from is taken where its gap is at most so much above the gap it had or is asked for.
    """

    at_once_pairs: int = 2_000
    first_work: float = 3e8
    whole_pairs: int = 20_000
    work: float = 6e12
    most_nodes: int = 3_000
    optimal_gap: float = 1e-4
    same_value: float = 1e-6
    nearly_share: float = 0.003


PARAMS = SolverParams()


def choose_sites(
    problem: Problem, effort: Effort | None = None, start: Answer | None = None, progress: Progress | None = None
) -> Answer:
    """Choose sites, chargers and who charges where.

    Parameters
    ----------
    problem
        What is asked.
    effort
        When to stop; by default counted work as the problem's rules say. Its `stop` asks for the best plan so far.
    start
        The answer to a similar problem to go on from, in a fraction of the time; to an equal problem it is the answer.
    progress
        Called with (stage, value, bound) as the solve goes on; for the least cost both are negative costs.

    Returns
    -------
    Answer
        New chargers, who charges where (kWh a day), the proof, and the prices that prove the bound.

    Raises
    ------
    BadInput
        What the tables' checks refuse, and the rules that no plan can keep together, each with by how much.
    BrokenPlan
        A plan that breaks its own rules: a fault of this program.
    """
    rules, tell = problem.rules, progress or silent
    check_solver(rules.solver)
    tell(Stage.RULES, None, None)
    x = make_instance(problem)
    effort = effort or Effort(rules.gap_share, rules.rounds)
    digest = fingerprint(x, rules)
    if start is not None and start.proof.problem == digest and not effort.asked:
        return start
    refuse(conflicts(x))
    merged = merge_demands(x)
    try:
        with effort.under_way():
            found = _solved(x, merged, rules.solver, effort, tell, start=start)
    except NoPlan as error:
        raise BadInput(no_plan(x, error)) from None
    tell(Stage.HEADROOM, found.choice.value(merged.instance), found.bound)
    choice = merged.apart(_served_anew(merged.instance, found.choice, spread_headroom(merged.instance, found.choice)))
    again = effort.reproducible and not found.gone_on
    proof = proof_of(x, choice, found.bound, found.method, reproducible=again)
    answer = answer_of(x, choice, replace(proof, problem=digest), price_table(x, merged, found.prices))
    check_plan(problem, answer)
    return answer


def answer_of(x: Instance, choice: Choice, proof: Proof, prices: pd.Series) -> Answer:
    """A choice with its proof, as tables."""
    chargers, assignment = tables_of(x, choice)
    return Answer(chargers, assignment, proof, prices)


class _Found(NamedTuple):
    """A plan and what is known of it.

    Attributes
    ----------
    choice, bound, method
        The plan, its bound and how that was proven.
    ended
        Whether the solver came to its end: the plan is within `SolverParams.optimal_gap` of the best.
    prices
        That prove the bound, if any do.
    gone_on
        Whether it came from an earlier plan.
    """

    choice: Choice
    bound: float
    method: str
    ended: bool = False
    prices: Prices | None = None
    gone_on: bool = False


def _solved(
    whole: Instance, merged: Merged, solver: str, effort: Effort, tell: Progress, *, start: Answer | None
) -> _Found:
    """The best plan and the lowest bound of the solver and the method for cities.

    The smallest go to the solver at once. The others are planned as a city is; the solver then begins at that plan,
    where they are not too large for it. From an earlier answer one goes on; where that leads nearly as near to the
    bound as it was, that is enough.
    """
    x = merged.instance
    found: list[_Found] = []
    at_once, begun = node_limits(x)
    if at_once:
        tell(Stage.WHOLE_PROGRAM, None, None)
        found.append(exactly(x, solver, effort, at_once))
        tell(Stage.WHOLE_PROGRAM, found[0].choice.value(x), found[0].bound)
        if found[0].ended or effort.is_over() or not len(x.option_site):
            return found[0]
    if start is not None and len(start.prices):
        again = _planned_again(x, start_from(whole, merged, start), effort, tell)
        if again is not None and _is_as_good(x, again, max(effort.gap_share, start.proof.gap_share)):
            return again
    try:
        found.append(_of_city(plan_city(x, effort, tell)))
    except NoPlan:
        if not found and not begun:
            raise
    if begun and not (found and effort.is_over()):
        tell(Stage.WHOLE_PROGRAM, _best(x, found).value(x) if found else None, found[-1].bound if found else None)
        found.append(exactly(x, solver, effort, begun, _best(x, found) if found else None))
        tell(Stage.WHOLE_PROGRAM, _best(x, found).value(x), min(each.bound for each in found))
    proof = min(found, key=lambda each: (each.bound, not each.ended))
    prices = next((each.prices for each in found if each.prices is not None), None)
    return proof._replace(choice=_best(x, found), prices=prices)


def node_limits(x: Instance) -> tuple[float, float]:
    """Nodes for the whole program at once, and from a plan on; 0 where the problem is too large for it."""
    pairs = max(len(x.pair_demand), 1)
    at_once = PARAMS.first_work / pairs**2 if pairs <= PARAMS.at_once_pairs else 0.0
    return at_once, PARAMS.work / pairs**3 if pairs <= PARAMS.whole_pairs else 0.0


def _planned_again(x: Instance, start: Start, effort: Effort, tell: Progress) -> _Found | None:
    """The plan and bound that an earlier plan leads to; None where it leads to no plan that keeps the rules."""
    try:
        return _of_city(replan_city(x, start, effort, tell))._replace(gone_on=True)
    except NoPlan:
        return None


def _of_city(planned: CityPlan) -> _Found:
    return _Found(planned.choice, planned.bound, LAGRANGIAN, prices=planned.prices)


def _is_as_good(x: Instance, found: _Found, gap_share: float) -> bool:
    """Whether a plan is as near to its bound as asked, or nearly so."""
    return found.bound - found.choice.value(x) <= (gap_share + PARAMS.nearly_share) * abs(found.bound)


def _best(x: Instance, found: list[_Found]) -> Choice:
    return max(found, key=lambda each: each.choice.value(x)).choice


def proof_of(x: Instance, choice: Choice, bound: float, method: str, *, reproducible: bool) -> Proof:
    """What is known of a plan, in the words of its question."""
    value = choice.value(x)
    bound = value if abs(bound - value) <= PARAMS.same_value * max(abs(value), 1.0) else bound
    reachable = float(x.energy[np.unique(x.pair_demand)].sum())
    gained = float((x.station_kwh(choice.new) - x.standing_kwh).sum())
    least_cost = x.promise_kwh > 0
    return Proof(
        value_kwh_day=float(choice.served.sum()) if least_cost else value,
        bound_kwh_day=reachable if least_cost else bound,
        method=method,
        reproducible=reproducible,
        tightness=gained / reachable if reachable > 0 else float("inf"),
        reachable_kwh_day=reachable,
        needed_chargers=_needed_chargers(x, choice),
        cost_cny=-value if least_cost else None,
        cost_bound_cny=max(-bound, 0.0) if least_cost else None,
    )


def exactly(x: Instance, solver: str, effort: Effort, nodes: float, start: Choice | None = None) -> _Found:
    """The whole program in the solver, to its proven end or to a counted number of nodes."""
    every_pair = np.arange(len(x.pair_demand))
    doors = every_pair[x.standing_kwh[x.pair_station] == 0]
    program = build_program(x, every_pair, doors=doors)
    most = int(np.clip(nodes, 1, PARAMS.most_nodes))
    limits = {"mip_rel_gap": PARAMS.optimal_gap, "mip_max_nodes": most, **effort.solver_clock()}
    begin = None if start is None else program.values(start.opened, start.new, start.served)
    solved = solve(program.problem, program.variables, solver, begin, **limits)
    _, new, _ = program.parts(solved.values)
    choice = Choice(new, x.opened_by(new), assign(x, new))
    if not np.isfinite(solved.bound):
        relaxed = build_program(x, every_pair, integer=False, doors=doors)
        bound = solve(relaxed.problem, relaxed.variables).bound
        return _Found(choice, bound, f"linear relaxation of the whole program (HiGHS); plan by {solver}, cut short")
    limit = f"limit of {most:,} nodes" + ("" if effort.seconds is None else " or its time")
    ended = "to a gap of 1e-4" if solved.proven else f"stopped at its {limit}"
    return _Found(choice, solved.bound, f"branch and bound of the whole program ({solver}), {ended}", solved.proven)


def _served_anew(x: Instance, before: Choice, after: Choice) -> Choice:
    """Where spare chargers moved, everyone charges as is best for where they stand now: never worse than before."""
    if (after.new == before.new).all():
        return after
    anew = Choice(after.new, after.opened, assign(x, after.new))
    return anew if anew.value(x) > after.value(x) else after


def tables_of(x: Instance, choice: Choice) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables ``chargers`` and ``assignment`` of a choice."""
    chargers = pd.DataFrame({"count": choice.new.astype(int)}, index=x.option_ids)
    pairs = np.flatnonzero(choice.served > _TINY_KWH)
    zones = x.demand_ids.get_level_values("zone_id")[x.pair_demand[pairs]]
    station = x.station_ids[x.pair_station[pairs]]
    index = pd.MultiIndex.from_arrays(
        [zones, station.get_level_values("site_id"), station.get_level_values("service")],
        names=["zone_id", "site_id", "service"],
    )
    assignment = pd.DataFrame({"energy_kwh_day": choice.served[pairs]}, index=index)
    return chargers[chargers["count"] > 0].sort_index(), assignment.sort_index()


def _needed_chargers(x: Instance, choice: Choice) -> int:
    """Chargers (quota units) that carry 99 % of the value, the most valuable per unit first."""
    worth = np.ones(len(x.pair_worth)) if x.promise_kwh > 0 else x.pair_worth
    per_station = np.bincount(x.pair_station, worth * choice.served, minlength=len(x.station_ids))
    energy = choice.by_station(x)
    mean_worth = np.divide(per_station, energy, out=np.zeros(len(energy)), where=energy > 0)
    at = x.option_station
    gained = x.gained_kwh(np.arange(len(choice.new)), choice.new.astype(int))
    station_kwh = np.bincount(at, gained, minlength=len(energy))
    used_share = np.divide(
        np.maximum(energy - x.standing_kwh, 0), station_kwh, out=np.zeros(len(energy)), where=station_kwh > 0
    )
    value = gained * np.minimum(used_share, 1)[at] * mean_worth[at]
    units = choice.new * x.limits.quota_units
    order = np.lexsort(
        (np.arange(len(value)), -np.divide(value, units, out=np.full(len(value), np.inf), where=units > 0))
    )
    enough = int(np.searchsorted(np.cumsum(value[order]), 0.99 * value.sum())) + 1
    return int(units[order][:enough].sum())


def no_plan(x: Instance, error: NoPlan) -> list[Fault]:
    """Why the solver found no plan: whole chargers conflict where fractions did not, or its counted work ended."""
    if error.infeasible and (found := whole_conflicts(x)):
        return found
    if found := unmet_floors(x):
        return found
    en = f"no plan was found within the counted work (solver: {error}); that none exists is not proven"
    return [Fault("scenario, key siting", en=en, zh=f"在限定计算量内未找到方案（求解器：{error}），不代表不存在")]
