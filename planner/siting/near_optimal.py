"""Other plans: nearly as good as the best, at other sites as far as can be.

Of all plans that keep every rule and lose at most a stated share of the best plan's value, the one sought opens again
as few of the sites that earlier ones opened as can be:

    min  sum_j times_j open_j      times_j: share of the plans before that have new chargers at site j
    subject to all rules of `program.py` and  value >= (1 - within) x value of the best plan

(Hop, skip and jump: Brill, Management Science 25, 1979.) Sites that are locked in, or where chargers stand already,
count for nothing: there is no other place for them. Small instances are solved as that program. At city size the rule
on value becomes a price: to open a site again costs ``times_j`` penalties, cold walks of `search.py` go on from the
best plan at its own prices, and the penalty is raised as long as the value is kept. The best plan's bound holds for all
of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from planner.faults import BadInput, Fault
from planner.numeric.solver import NoPlan, solve, weighted_sum
from planner.progress import Progress, Stage, silent
from planner.siting.choose import answer_of, proof_of
from planner.siting.city.assignment import assign
from planner.siting.city.city import walk_beside
from planner.siting.city.region import Choice
from planner.siting.city.search import Walker
from planner.siting.model.instance import Instance, make_instance
from planner.siting.model.merge import merge_demands
from planner.siting.model.program import build_program
from planner.siting.problem import Answer, Problem
from planner.siting.start import fingerprint, start_from

_ROUNDING = 1e-7  # share of the value that a solver's tolerance may take


@dataclass(frozen=True)
class NearOptimalParams:
    """How long other plans are sought.

    Attributes
    ----------
    whole_pairs, work, most_nodes, solver_gap
        Up to so many pairs of demand and station the solver is asked: nodes times pairs squared, nodes at the most,
        and the gap (a share) at which it may stop.
    tie_break
        Weight of a plan's whole value beside one site opened again, so that of equally different plans the better wins.
    steps, most_steps
        Penalties tried at city size, and how many where none of those kept the value.
    first_penalty
        In the mean value of an opened site, times the root of the share that may be lost.
    least_loss
        Share of the value below which a loss counts as none.
    aim
        Share of the loss that may be taken that a penalty aims at.
    dearer
        The most that a penalty which cost too little is raised by, as a factor.
    cheaper
        The factors between which one that cost too much is lowered.
    well_between
        Where between a penalty kept and one failed the next lies, as shares of their distance.
    """

    whole_pairs: int = 2_000
    work: float = 3e8
    most_nodes: int = 3_000
    solver_gap: float = 1e-4
    tie_break: float = 0.5
    steps: int = 4
    most_steps: int = 10
    first_penalty: float = 1.8
    least_loss: float = 1e-6
    aim: float = 0.95
    dearer: float = 3.0
    cheaper: tuple[float, float] = (0.25, 0.6)
    well_between: tuple[float, float] = (0.2, 0.8)


PARAMS = NearOptimalParams()


def other_plans(
    problem: Problem, best: Answer, count: int, within_share: float, progress: Progress | None = None
) -> list[Answer]:
    """Up to `count` plans within a share of the best one, each at other sites than those before as far as can be.

    Parameters
    ----------
    problem
        What was asked.
    best
        What `choose_sites` answered.
    count
        How many besides the best.
    within_share
        The most of the best plan's value (least cost: of its cost) that a plan may lose, above 0 and below 1.
    progress
        Called with (stage, value, bound) as it goes on.

    Returns
    -------
    list of Answer
        In the order found; fewer than asked for where no further plan opens other sites.

    Raises
    ------
    BadInput
        `best` is a plan of another problem, whose bound says nothing here.
    """
    x = make_instance(problem)
    if best.proof.problem != fingerprint(x, problem.rules):
        en = "was made from other data, rules or another version than these; plan again, then ask for alternatives"
        raise BadInput([Fault("plan", en=en, zh="方案与当前数据、规则或程序版本不一致，请重新规划后再求备选方案")])
    merged = merge_demands(x)
    y = merged.instance
    begin, bound = start_from(x, merged, best), best.proof.progress[1]
    value = begin.choice.value(y)
    wanted = _Wanted(value, within_share, bound)
    tell: Progress = progress or silent
    at_once = len(y.pair_demand) <= PARAMS.whole_pairs or not len(best.prices)
    walker = None if at_once else Walker(y, begin.prices, max(abs(bound), 1.0))
    free, choices, plans = _free_sites(y), [begin.choice], []
    tell(Stage.ALTERNATIVES, value, bound)
    for _ in range(count):
        times = free * sum(_used(y, each.new) for each in choices) / len(choices)
        if walker is None:
            other = _solved(y, begin.choice, times, wanted.least, problem.rules.solver)
        else:
            other = _walked(walker, begin.choice, times, wanted, tell)
        if other is None or any((_used(y, other.new) == _used(y, each.new)).all() for each in choices):
            break
        choices.append(other)
        tell(Stage.ALTERNATIVES, other.value(y), bound)
        plans.append(_told(x, merged.apart(other), best))
    return plans


class _Wanted(NamedTuple):
    """What other plans must be worth: of the best plan's value all but a share; and the bound of all."""

    value: float
    within_share: float
    bound: float

    @property
    def least(self) -> float:
        return self.value - (self.within_share - _ROUNDING) * abs(self.value)


def _told(x: Instance, choice: Choice, best: Answer) -> Answer:
    """A plan as tables, under the bound of the best."""
    proved = best.proof
    words = f"bound of the best plan ({proved.method})"
    proof = proof_of(x, choice, proved.progress[1], words, reproducible=proved.reproducible)
    return answer_of(x, choice, replace(proof, problem=proved.problem), best.prices)


def _free_sites(x: Instance) -> np.ndarray:
    """Site j: 1 unless it is locked in or chargers stand there."""
    stands = np.bincount(x.station_site, x.standing_kwh, minlength=len(x.site_ids)) > 0
    stands |= np.bincount(x.option_site, x.option_standing, minlength=len(x.site_ids)) > 0
    return np.where(stands | (x.open_from > 0), 0.0, 1.0)


def _used(x: Instance, new: np.ndarray) -> np.ndarray:
    """Site j: 1 where a plan has new chargers."""
    return (np.bincount(x.option_site, new, minlength=len(x.site_ids)) > 0).astype(float)


def _solved(x: Instance, start: Choice, times: np.ndarray, least: float, solver: str) -> Choice | None:
    """The whole program, from the best plan on; among equally different plans one that is worth more."""
    every_pair = np.arange(len(x.pair_demand))
    doors = every_pair[x.standing_kwh[x.pair_station] == 0]
    program = build_program(x, every_pair, doors=doors)
    own = [(program.served, x.pair_worth), (program.new, -x.option_cost_cny), (program.opened, -x.opening_cost_cny)]
    worth = [(v, float(w)) for variables, each in own for v, w in zip(variables, each, strict=True) if w]
    program.problem.addConstraint(weighted_sum(worth) >= least, "within")
    small = PARAMS.tie_break / max(abs(least), 1.0)
    opening = [(v, float(t + small * c)) for v, t, c in zip(program.opened, times, x.opening_cost_cny, strict=True)]
    rest = [(v, -float(small * w)) for variables, each in own[:2] for v, w in zip(variables, each, strict=True)]
    program.problem.setObjective(weighted_sum([*opening, *rest]))
    nodes = int(np.clip(PARAMS.work / max(len(every_pair), 1) ** 2, 1, PARAMS.most_nodes))
    begin = program.values(start.opened, start.new, start.served)
    try:
        solved = solve(
            program.problem, program.variables, solver, begin, mip_rel_gap=PARAMS.solver_gap, mip_max_nodes=nodes
        )
    except NoPlan:
        return None
    _, new, _ = program.parts(solved.values)
    return Choice(new, x.opened_by(new), assign(x, new))


def _walked(walker: Walker, start: Choice, times: np.ndarray, wanted: _Wanted, tell: Progress) -> Choice | None:
    """At city size: of the plans found at some penalties that keep the value the most different; None without any."""
    x, value = walker.x, start.value(walker.x)
    penalty = PARAMS.first_penalty * np.sqrt(wanted.within_share) * abs(value) / max(float(start.opened.sum()), 1.0)
    best: Choice | None = None
    kept: _Tried | None = None
    failed: _Tried | None = None
    for step in range(PARAMS.most_steps):
        if step >= PARAMS.steps and best is not None:
            break
        dearer = replace(x, opening_cost_cny=x.opening_cost_cny + penalty * times)
        try:
            found = walk_beside(walker, dearer, best or start)
            reached = found.value(x)
        except NoPlan:
            found, reached = None, value - abs(value)
        tell(Stage.ALTERNATIVES, reached, wanted.bound)
        tried = _Tried(penalty, max((value - reached) / max(abs(value), 1.0), PARAMS.least_loss))
        if found is None or reached < wanted.least:
            failed = tried
        else:
            kept = tried
            if times @ _used(x, found.new) < times @ _used(x, (best or start).new):
                best = found
        penalty = _next_penalty(tried, kept, failed, PARAMS.aim * wanted.within_share)
    return best


class _Tried(NamedTuple):
    """A penalty and the share of the best plan's value that was lost at it."""

    penalty: float
    lost_share: float


def _next_penalty(last: _Tried, kept: _Tried | None, failed: _Tried | None, wanted_share: float) -> float:
    """Where the wanted loss is to be expected: between a penalty kept and one failed by a power law through both, above
    a kept one as if loss grew with the square of the penalty, below a failed one in proportion."""
    ratio = wanted_share / last.lost_share
    if kept is None:
        return last.penalty * float(np.clip(ratio, *PARAMS.cheaper))
    if failed is None:
        return last.penalty * float(min(np.sqrt(ratio), PARAMS.dearer))
    steep = np.log(max(failed.lost_share / kept.lost_share, 1 + PARAMS.least_loss))
    between = np.clip(np.log(wanted_share / kept.lost_share) / steep, *PARAMS.well_between)
    return float(kept.penalty * (failed.penalty / kept.penalty) ** between)
