"""Which rules cannot be kept together, found before anything is solved: the user never reads "infeasible".

The program of `program.py` without its limits, floors, promise and locks, and those again as elastic rows: each may be
missed, at a penalty. With nothing missed the rules can be kept; what is missed in the cheapest way is named, with how
much can be had beside the rules that hold it back (those whose row has a price).

    least   sum penalty_r short_r + penalty_r over_r
    r       amount_r + short_r >= least_r        amount_r - over_r <= most_r
    shares  of the quota as far as it is met: amount_k + short_k + share_k short_quota >= share_k quota
    lock    (j)  sum_k new_jk + short_j >= min_station_j

A penalty is per part of the requirement (a tenth missed of one is as bad as a tenth of another), so that few rules are
named; where two could give way, the more special one does: a task or a share before the quota, money before chargers,
and a site somebody locked in last of all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from planner.faults import Fault
from planner.numeric.solver import NoPlan, solve, weighted_sum
from planner.siting.model.conflict_words import named
from planner.siting.model.instance import Instance
from planner.siting.model.limits import Limits
from planner.siting.model.program import Program, build_program


@dataclass(frozen=True)
class ConflictParams:
    """What missing a rule costs, and how long its conflicts are looked for.

    Attributes
    ----------
    weights
        By kind of rule, 1 where it is not named: how dear it is to miss the whole of one.
    tie
        By how much the first of all rules is cheaper to miss than the last: no solver's choice decides between equals.
    missed
        Share of a rule that is missed by more than rounding.
    pairs
        Up to so many, floors and the promise are looked at as well.
    nodes, gap_share
        Of branch and bound over whole chargers: most nodes, and near enough to the least penalty.
    """

    weights: tuple[tuple[str, float], ...] = (("lock", 4.0), ("quota", 3.0), ("feeder", 1.5))
    tie: float = 1e-3
    missed: float = 1e-6
    pairs: int = 20_000
    nodes: int = 500
    gap_share: float = 0.01


_PARAMS = ConflictParams()
_PRIMAL = 4
"""HiGHS's number for the primal simplex: missing everything is a start that it can use."""


@dataclass(frozen=True)
class _Elastic:
    """A row that may be missed: its name, its amount, its ends, what a whole of it is, and its slack variables."""

    name: str
    amount: list[tuple[Any, float]]
    least: float
    most: float
    scale: float
    short: Any
    over: Any


def conflicts(x: Instance) -> list[Fault]:
    """The rules that cannot be kept together, by the linear relaxation; none where that finds no conflict.

    Floors and promise are looked at where the instance is small enough for all its pairs.
    """
    return named(x, *_missed(x, integer=False))


def whole_conflicts(x: Instance) -> list[Fault]:
    """The rules that whole chargers cannot keep together, by an integer program of counted nodes; none if it ends
    without finding out."""
    try:
        return named(x, *_missed(x, integer=True))
    except NoPlan:
        return []


def _missed(x: Instance, integer: bool) -> tuple[dict[str, float], list[str]]:
    """How far every elastic row is missed (positive: short, negative: over), and the rows that hold the others back."""
    asks_energy = len(x.floor_ids) > 0 or x.promise_kwh > 0
    pairs = np.arange(len(x.pair_demand) if asks_energy and len(x.pair_demand) <= _PARAMS.pairs else 0)
    stations = _without_rules(x if len(pairs) else x.of_counts_alone())
    program = build_program(stations, pairs, integer=integer)
    rows = _elastic_rows(x, program, pairs)
    penalty, weights = [], dict(_PARAMS.weights)
    for i, row in enumerate(rows):  # of two that could as well give way, the earlier: no solver's choice
        weight = weights.get(row.name.partition("(")[0], 1.0) / row.scale * (1 + _PARAMS.tie * i / len(rows))
        penalty += [(v, weight) for v in (row.short, row.over) if v is not None]
    if not penalty:
        return {}, []
    program.problem.setObjective(weighted_sum(penalty))
    slacks = [v for row in rows for v in (row.short, row.over) if v is not None]
    names = list(program.rows) + _add_rows(program, rows)
    limits: dict[str, Any] = {"mip_max_nodes": _PARAMS.nodes, "mip_rel_gap": _PARAMS.gap_share}
    if not integer and solve(program.problem, slacks, simplex_strategy=_PRIMAL).value > -_PARAMS.missed:
        return {}, []  # the usual case, in a fifth of the time
    solved = solve(program.problem, slacks, **(limits if integer else {}))
    if integer and solved.bound > -_PARAMS.missed:  # not shown that anything must be missed
        return {}, []
    value = dict(zip([v.name for v in slacks], solved.values, strict=True))
    missed = {}
    for row in rows:
        short = value[row.short.name] if row.short is not None else 0.0
        over = value[row.over.name] if row.over is not None else 0.0
        if max(short, over) > _PARAMS.missed * row.scale:
            missed[row.name] = float(short - over)
    tight = [] if integer else [n for n, dual in zip(names, solved.duals, strict=True) if abs(dual) > 1e-9]
    return missed, tight


def _without_rules(x: Instance) -> Instance:
    """The instance with its stations, bays and grid alone."""
    none = Limits(
        (), sp.csr_matrix((0, len(x.option_site))), sp.csr_matrix((0, len(x.site_ids))), np.empty(0), np.empty(0)
    )
    locked = x.open_from > 0
    return replace(
        x,
        limits=none,
        floor_ids=(),
        floor_kwh=np.empty(0),
        promise_kwh=0.0,
        min_station=np.where(locked, 0.0, x.min_station),
        min_cars=np.where(locked, 0.0, x.min_cars),
    )


def _elastic_rows(x: Instance, program: Program, pairs: np.ndarray) -> list[_Elastic]:
    """All rules that may be missed, with their slack variables."""
    rows: list[_Elastic] = []

    def add(name: str, amount: list[tuple[Any, float]], least: float, most: float, scale: float) -> None:
        short = program.problem.add_variable(f"short({name})", 0.0) if np.isfinite(least) and least > 0 else None
        over = program.problem.add_variable(f"over({name})", 0.0) if np.isfinite(most) else None
        rows.append(_Elastic(name, amount, least, most, max(scale, 1.0), short, over))

    units = x.limits.quota_units
    quota = float(x.limits.most[x.limits.names.index("quota")])
    for r, name in enumerate(x.limits.names):
        taken = x.limits.taken_by_options(r)
        amount = [(program.new[o], use) for o, use in taken]
        amount += [(program.opened[j], use) for j, use in x.limits.taken_by_openings(r)]
        least, most = float(x.limits.least[r]), float(x.limits.most[r])
        usual = quota * min((use / units[o] for o, use in taken if units[o] > 0 and use > 0), default=np.inf)
        scale = max(most, usual if np.isfinite(usual) else 0.0) if np.isfinite(most) else least
        add(name, amount, least, most, scale)
    for j in np.flatnonzero((x.open_from > 0) & (x.min_station > 0)).tolist():
        here = np.flatnonzero(x.option_site == j)
        least = float(x.min_station[j])
        add(f"lock({x.site_ids[j]})", [(program.new[o], 1.0) for o in here], least, np.inf, least)
    if len(pairs) or not len(x.pair_demand):
        for d, district in enumerate(x.floor_ids):
            inside = np.flatnonzero(x.demand_floor[x.pair_demand[pairs]] == d)
            floor = float(x.floor_kwh[d])
            add(f"floor({district})", [(program.served[p], 1.0) for p in inside], floor, np.inf, floor)
        if x.promise_kwh > 0:
            add("promise", [(v, 1.0) for v in program.served], x.promise_kwh, np.inf, x.promise_kwh)
    return rows


def _add_rows(program: Program, rows: list[_Elastic]) -> list[str]:
    """Write the elastic rows into the program; their names in order, one per constraint."""
    short_quota = next((row.short for row in rows if row.name == "quota"), None)
    quota = next((row.least for row in rows if row.name == "quota"), 0.0)
    names = []
    for row in rows:
        if row.short is not None:
            terms = [*row.amount, (row.short, 1.0)]
            if row.name.startswith("share_min") and short_quota is not None:
                terms.append((short_quota, row.least / quota))
            program.problem.addConstraint(weighted_sum(terms) >= row.least, f"least({row.name})")
            names.append(row.name)
        if row.over is not None:
            program.problem.addConstraint(
                weighted_sum([*row.amount, (row.over, -1.0)]) <= row.most, f"most({row.name})"
            )
            names.append(row.name)
    return names
