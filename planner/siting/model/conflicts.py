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

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from planner.faults import Fault, some
from planner.numeric.solver import NoPlan, solve, weighted_sum
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
    return _named(x, *_missed(x, integer=False))


def whole_conflicts(x: Instance) -> list[Fault]:
    """The rules that whole chargers cannot keep together, by an integer program of counted nodes; none if it ends
    without finding out."""
    try:
        return _named(x, *_missed(x, integer=True))
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


def _named(x: Instance, missed: dict[str, float], tight: list[str]) -> list[Fault]:
    """One fault per missed rule, with how much can be had and beside what."""
    held = sorted({_held(name) for name in tight if name not in missed} - {("", "")})
    beside = f" beside {some((en for en, _ in held), 8)}" if held else ""
    beside_zh = f"（受制于 {some((zh for _, zh in held), 8)}）" if held else ""
    faults = []
    if zones := sorted(_parts(name)[1] for name in missed if name.startswith("access(")):
        asked = int(x.limits.is_access.sum())
        en = f"not all of {asked} zones can have a charger for cars within their norm radius: {some(zones)} cannot"
        todo = "raise the quota or the budget, relax what holds it back, or set the key to false"
        zh = f"{asked} 个网格无法全部满足最低可达：{some(zones)} 不能{beside_zh}"
        zh += "；请提高总量或预算，放宽约束，或将该键设为 false"
        faults.append(Fault("scenario, key siting.minimum_access", en=f"{en}{beside}; {todo}", zh=zh))
    for name, by in missed.items():
        kind, what = _parts(name)
        if kind == "access":
            continue
        en, zh = _amounts(x, kind, what, by)
        where, todo = _where(kind, what, by)
        advice_zh = "请降低要求或放宽其他约束" if by > 0 else "请提高上限或放宽其他约束"
        faults.append(Fault(where, en=f"{en}{beside}; {todo}", zh=f"{zh}{beside_zh}；{advice_zh}"))
    return faults


def _amounts(x: Instance, kind: str, what: str, by: float) -> tuple[str, str]:
    """What a missed rule asks or allows and what can be had or is needed, in both languages."""
    subject, subject_zh = _subject(kind, what)
    if kind in ("floor", "promise"):
        d = x.floor_ids.index(what) if kind == "floor" else -1
        asked = float(x.floor_kwh[d] if kind == "floor" else x.promise_kwh)
        total = float(x.energy[x.demand_floor == d].sum() if kind == "floor" else x.energy.sum())
        most = math.floor((asked - by) / total * 1000 + 1e-6) / 1000
        en = f"{subject}: {asked / total:.3g} of the demand asked, at most {most:g} can be served"
        return en, f"{subject_zh}：要求 {asked / total:.3g}，最多可达 {most:g}"
    if kind == "lock":
        least, most = float(x.min_station[x.site_ids.get_loc(what)]), math.inf
    else:
        row = x.limits.names.index(f"{kind}({what})" if what else kind)
        least, most = float(x.limits.least[row]), float(x.limits.most[row])
    if by > 0:
        fit = math.floor(least - by + 1e-6)
        en = f"{subject}: {least:,.6g} asked, at most {fit:,} fit"
        return en, f"{subject_zh}：要求 {least:,.6g} 台，最多可布置 {fit:,} 台"
    needed = math.ceil(most - by - 1e-6)
    unit, unit_zh = {"budget": (" CNY", " 元"), "feeder": (" kW", " kW")}.get(kind, ("", " 台"))
    en = f"{subject}: {most:,.10g}{unit} allowed, at least {needed:,}{unit} needed"
    return en, f"{subject_zh}：上限 {most:,.10g}{unit_zh}，至少需要 {needed:,}{unit_zh}"


def _parts(name: str) -> tuple[str, str]:
    """A row's kind and id: ``task(小店区)`` is the task of 小店区."""
    kind, _, what = name.partition("(")
    return kind, what.removesuffix(")")


def _held(name: str) -> tuple[str, str]:
    """How a row that holds others back is called, in both languages; nothing for rows of no rule."""
    kind, what = _parts(name)
    of_places = {
        "lock": ("locked-in sites", "锁定必选的站点"),
        "bays": ("the sites' bays", "站点车位"),
        "grid": ("the sites' grid", "站点电网余量"),
        "whole": ("the sites' grid", "站点电网余量"),
        "capacity": ("what chargers carry", "充电桩供电能力"),
        "demand": ("demand within reach", "可达范围内的需求"),
        "station": ("fewest chargers of a site", "站点最少桩数"),
        "cars": ("minimum access", "最低可达"),
        "quota": ("quota", "新增总量"),
    }
    if kind in of_places:
        return of_places[kind]
    if kind in ("count", "one", "link", "door"):
        return "", ""
    en, zh = _subject(kind, what)
    return en.removesuffix(", in chargers"), zh.removesuffix("折合台数")


def _subject(kind: str, what: str) -> tuple[str, str]:
    """What is missed, in both languages."""
    return {
        "quota": ("chargers", "新增总量"),
        "budget": ("budget", "预算"),
        "floor": (f"floor of {what}", f"{what} 服务率下限"),
        "promise": ("promise", "服务率承诺"),
        "task": (f"task of {what}", f"{what} 任务"),
        "feeder": (f"feeder group {what}", f"馈线组 {what}"),
        "share_min": (f"least share of {what}, in chargers", f"{what} 最低占比折合台数"),
        "share_max": (f"largest share of {what}, in chargers", f"{what} 最高占比折合台数"),
        "count_max": (f"largest count of {what}", f"{what} 最多台数"),
        "access": ("minimum access", "最低可达"),
        "lock": ("locked in, fewest chargers", "已锁定为必选，最少桩数"),
    }[kind]


def _where(kind: str, what: str, by: float) -> tuple[str, str]:
    """Where the missed rule stands and what to do about it."""
    lower = "lower it, or relax what holds it back"
    scenario = {
        "quota": ("quota", "lower the quota, or add sites, bays or grid" if by > 0 else "raise the quota"),
        "budget": ("budget_cny", "raise the budget, or lower the quota"),
        "task": ("tasks", lower),
        "feeder": ("feeder_kw", "raise it, or lower what it must feed"),
        "floor": ("floors", lower),
        "promise": ("promise_share", lower),
    }
    if kind in scenario:
        key, todo = scenario[kind]
        return f"scenario, key siting.{key}", todo
    if kind == "lock":
        return f"sites, row {what}", "free the lock, or lower its min_station"
    column = {"share_min": "min_share", "share_max": "max_share", "count_max": "max_count"}[kind]
    return f"charger_types, column {column}, row {what}", lower if kind == "share_min" else "raise it"
