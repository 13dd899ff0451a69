"""`choose_sites`: from tables to a plan with its proof, whatever the size."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner._faults import BadInput, Fault
from planner.scenario import Siting
from planner.siting.assignment import assign
from planner.siting.city import plan_city
from planner.siting.headroom import spread_headroom
from planner.siting.instance import Instance, make_instance
from planner.siting.program import build_program
from planner.siting.proof import Proof
from planner.siting.region import Choice
from planner.siting.relaxation import Report
from planner.siting.solver import NoPlan, Solved, solve

_WHOLE_PROGRAM_PAIRS = 20_000
_NODE_WORK = 1.5e8
_CLOSING_PAIRS = 100_000
_CLOSING_NODE_WORK = 4e10
_SAME_VALUE = 1e-6
_OPTIMAL_GAP = 1e-4
_TINY_KWH = 1e-6


def choose_sites(
    demand: pd.DataFrame,
    sites: pd.DataFrame,
    access: pd.DataFrame,
    charger_types: pd.DataFrame,
    capacity: pd.DataFrame,
    existing: pd.DataFrame,
    siting: Siting,
    report: Report | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, Proof]:
    """Choose sites, chargers and who charges where. On tables alone: no file, no CRS, no city needed.

    Parameters
    ----------
    demand, sites, access, charger_types, capacity, existing
        Tables as `planner.tables` describes them; slow charging is walked, the other services are driven.
    siting
        Quota, budget, shares, tasks and how long to try.
    report
        Called with (step, value, bound) as the solve goes on.

    Returns
    -------
    chargers
        Index (site_id, charger_type); ``count`` of new chargers, no zeros.
    assignment
        Index (zone_id, site_id, service); ``energy_kwh_day``.
    proof
        Value, bound, gap and how proven.

    Raises
    ------
    BadInput
        What the tables' checks refuse, and rules that no plan can keep.
    """
    x = make_instance(demand, sites, access, charger_types, capacity, existing, siting)
    tell: Report = report or (lambda step, value, bound: None)
    try:
        if len(x.pair_demand) <= _WHOLE_PROGRAM_PAIRS:
            choice, bound, method, optimal = _exactly(x)
        else:
            choice, bound = plan_city(x, siting.gap_share, siting.rounds, tell)
            method, optimal = "weak duality: bound recomputed from the relaxation's multipliers over all pairs", False
            if bound - choice.value(x) > siting.gap_share * bound and len(x.pair_demand) <= _CLOSING_PAIRS:
                choice, bound, method = _closed(x, choice, bound, method, siting.gap_share)
                tell("close", choice.value(x), bound)
    except NoPlan as error:
        raise BadInput([no_plan(x, error)]) from None
    choice = _served_anew(x, choice, spread_headroom(x, choice))
    chargers, assignment = tables_of(x, choice)
    value = choice.value(x)
    reachable = float(x.energy[np.unique(x.pair_demand)].sum())
    proof = Proof(
        value_kwh_day=value,
        bound_kwh_day=value if abs(bound - value) <= _SAME_VALUE * max(value, 1.0) else bound,
        method=method,
        optimal=optimal and bound - value <= 2 * _OPTIMAL_GAP * max(bound, 1.0),
        reproducible=True,
        tightness=float((x.kwh[x.option_type] * choice.new).sum()) / reachable if reachable > 0 else float("inf"),
        reachable_kwh_day=reachable,
        needed_chargers=_needed_chargers(x, choice),
    )
    return chargers, assignment, proof


def _exactly(x: Instance) -> tuple[Choice, float, str, bool]:
    """The whole program in the solver, to its proven end or to a counted number of nodes, fewer the larger it is."""
    every_pair = np.arange(len(x.pair_demand))
    doors = every_pair[x.standing_kwh[x.pair_station] == 0]
    nodes = max(1, int(_NODE_WORK / max(len(every_pair), 1) ** 2))
    choice, solved = _whole(x, doors, _OPTIMAL_GAP, nodes)
    ended = "to a gap of 1e-4" if solved.proven else f"stopped at its limit of {nodes:,} nodes"
    return choice, solved.bound, f"branch and bound of the whole program (HiGHS), {ended}", solved.proven


def _whole(x: Instance, doors: np.ndarray, gap_share: float, nodes: int) -> tuple[Choice, Solved]:
    """The program over all pairs in the solver: its counts, everyone charging as is best for them, and its bound."""
    every_pair = np.arange(len(x.pair_demand))
    program = build_program(x, every_pair, doors=doors)
    variables = [*program.opened, *program.new, *program.served]
    solved = solve(program.problem, variables, mip_rel_gap=gap_share, mip_max_nodes=nodes)
    counts = np.round(solved.values[: len(program.opened) + len(program.new)])
    opened, new = counts[: len(program.opened)], counts[len(program.opened) :]
    return Choice(new, opened, assign(x, new, every_pair)), solved


def _closed(x: Instance, choice: Choice, bound: float, method: str, gap_share: float) -> tuple[Choice, float, str]:
    """The better of a plan and the whole program's, and the lower bound: where few chargers go to few of many sites,
    rounding a relaxation does badly, and the program is still small enough for the solver."""
    nodes = max(1, int(_CLOSING_NODE_WORK / len(x.pair_demand) ** 2))
    try:
        whole, solved = _whole(x, np.zeros(0, int), gap_share, nodes)
    except NoPlan:
        return choice, bound, method
    if solved.bound < bound:
        limit = f"a gap of {gap_share:g}" if solved.proven else f"its limit of {nodes:,} nodes"
        bound, method = solved.bound, f"branch and bound of the whole program (HiGHS), stopped at {limit}"
    return (whole if whole.value(x) > choice.value(x) else choice), bound, method


def _served_anew(x: Instance, before: Choice, after: Choice) -> Choice:
    """Where spare chargers moved, everyone charges as is best for where they stand now: never worse than before."""
    if (after.new == before.new).all():
        return after
    served = assign(x, after.new, np.flatnonzero(after.served > _TINY_KWH))
    anew = Choice(after.new, after.opened, served)
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
    per_station = np.bincount(x.pair_station, x.pair_worth * choice.served, minlength=len(x.station_ids))
    energy = np.bincount(x.pair_station, choice.served, minlength=len(x.station_ids))
    mean_worth = np.divide(per_station, energy, out=np.zeros(len(energy)), where=energy > 0)
    at = x.option_station
    station_kwh = np.bincount(at, x.kwh[x.option_type] * choice.new, minlength=len(energy))
    used_share = np.divide(
        np.maximum(energy - x.standing_kwh, 0), station_kwh, out=np.zeros(len(energy)), where=station_kwh > 0
    )
    value = choice.new * x.kwh[x.option_type] * np.minimum(used_share, 1)[at] * mean_worth[at]
    units = choice.new * x.quota_units[x.option_type]
    order = np.lexsort(
        (np.arange(len(value)), -np.divide(value, units, out=np.full(len(value), np.inf), where=units > 0))
    )
    enough = int(np.searchsorted(np.cumsum(value[order]), 0.99 * value.sum())) + 1
    return int(units[order][:enough].sum())


def no_plan(x: Instance, error: NoPlan) -> Fault:
    """Why no plan keeps the rules, as far as the totals tell it."""
    bays = float(x.bays.sum())
    per_site = np.zeros(len(x.site_ids))
    per_bay = np.divide(x.quota_units, x.bays_used, out=np.zeros_like(x.bays_used), where=x.bays_used > 0)
    np.maximum.at(per_site, x.option_site, per_bay[x.option_type])
    room = float((per_site * x.bays).sum())
    if x.quota_exactly and not len(x.option_site):
        return Fault(
            "scenario, key siting.quota",
            f"{x.quota:g} chargers asked for, but no site can take one: all are locked out or without bays or grid; "
            "lower the quota, free sites or raise bays and grid",
            f"要求新增 {x.quota:g} 台，但没有站点可以安装：均被锁定排除，或无车位、无电网余量；"
            "请降低数量、解除锁定或提高容量",
        )
    if x.quota_exactly and x.quota > room > 0:
        return Fault(
            "scenario, key siting.quota",
            f"{x.quota:g} chargers asked for, but the {bays:g} free bays of all sites hold at most {room:g}; "
            "lower the quota, add sites or raise bays",
            f"要求新增 {x.quota:g} 台，全部站点 {bays:g} 个空余车位最多容纳 {room:g} 台；请降低数量、增加站点或车位",
        )
    cheapest = float(
        np.min(
            np.divide(
                x.option_price_cny,
                x.quota_units[x.option_type],
                out=np.full(len(x.option_site), np.inf),
                where=x.quota_units[x.option_type] > 0,
            ),
            initial=np.inf,
        )
    )
    if x.quota_exactly and x.quota * cheapest > x.budget_cny:
        return Fault(
            "scenario, key siting.budget_cny",
            f"{x.budget_cny:,.0f} CNY do not buy {x.quota:g} chargers even at the lowest price "
            f"({x.quota * cheapest:,.0f} CNY); raise the budget or lower the quota",
            f"预算 {x.budget_cny:,.0f} 元不足以购买 {x.quota:g} 台"
            f"最低价充电桩（{x.quota * cheapest:,.0f} 元）；请提高预算或降低数量",
        )
    if not error.infeasible:
        en = f"no plan was found within the counted work (solver: {error}); that none exists is not proven"
        return Fault("scenario, key siting", en, f"在限定计算量内未找到方案（求解器：{error}），不代表不存在")
    return Fault(
        "scenario, key siting",
        f"no plan keeps quota, shares, budget, tasks, locks, bays and grid together (solver: {error}); "
        "relax the rule you can spare: often min_share, tasks or budget_cny",
        f"没有方案能同时满足总量、比例、预算、任务、锁定、车位与电网约束（求解器：{error}）；"
        "请放宽其中一项，常见为 min_share、tasks 或 budget_cny",
    )
