"""Siting at city size: a certified relaxation, a dive that rounds it type by type, regional integer programs.

1. **Relax** the whole program, with only some stations of every demand at first; price all pairs with the solver's
   multipliers, add those that would gain, and solve again until the certified bound settles.
2. **Dive.** Lumpy types (a swap station carries what a hundred chargers carry) are placed by an integer program
   of their own at the relaxation's prices. Openings are concentrated by dynamic slope scaling. Then one type after
   the other, largest first, is rounded by largest remainders and the relaxation solved again for the rest, so that
   what rounding loses is made good by the types still free. The last type is an integer program with its demand.
3. **Assign** the demand to the stations, exactly, again with generated pairs.
4. **Improve** by regional integer programs: some twenty neighbouring sites free, everything else as it is.

Work is counted, never timed, so the same input gives the same plan.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from planner.siting.assignment import assign, made_feasible
from planner.siting.instance import Instance
from planner.siting.program import build_program
from planner.siting.region import Choice, Region, cut_out, neighbours, region_of_sites
from planner.siting.relaxation import (
    Relaxation,
    Report,
    certify,
    folded,
    multipliers,
    opened_and_new,
    option_charge,
    relax,
    solve_relaxed,
)
from planner.siting.solver import NoPlan, solve, weighted_sum

_LUMPY_SHARE = 0.5
_SLOPE_SCALINGS = 2
_MOST_SLOPE = 20.0
_OPEN_FROM = 0.02
_BUDGET_KEPT_BACK = 1e-3
_ROUNDING_PARTS = (0.6, 1.0)
_MANY = 300
_LEAST_LOSS = 0.3
_REGION_SITES = 20


def plan_city(x: Instance, gap_share: float, rounds: int, report: Report) -> tuple[Choice, float]:
    """A feasible plan and a certified bound for an instance too large for the program as a whole.

    Parameters
    ----------
    x
        The problem.
    gap_share
        Stop improving when the proven gap is at most this.
    rounds
        Sweeps of regional programs over the city.
    report
        Called with the step's name, the value so far and the bound so far.

    Raises
    ------
    NoPlan
        No counts meet all the rules.
    """
    guide = folded(x)
    relaxed = relax(x, guide, report)
    lumps = settle_lumps(guide, relaxed)
    report("lumps", None, relaxed.bound)
    new, opened = dive(guide, relaxed, lumps, report)
    served = assign(x, new, relaxed.pairs)
    choice = Choice(new, opened, served)
    report("round", choice.value(x), relaxed.bound)
    bound = relaxed.bound
    if bound - choice.value(x) > gap_share * bound:
        bound = min(bound, certify(x, relaxed))
        report("certify", choice.value(x), bound)
    return improve(x, choice, bound, gap_share, rounds, report), bound


def settle_lumps(x: Instance, relaxed: Relaxation) -> np.ndarray:
    """Whole chargers of the types that the relaxation spreads in small fractions.

    An integer program of these types alone, at the relaxation's prices of bays, grid, quota, shares and budget.

    Returns
    -------
    ndarray
        Count per option; NaN for options of other types.
    """
    lumpy = _lumpy_types(x, relaxed)
    lumps = np.where(lumpy[x.option_type], 0.0, np.nan)
    free_option = lumpy[x.option_type]
    if not free_option.any():
        return lumps
    free_station = np.zeros(len(x.station_ids), bool)
    free_station[x.option_station[free_option]] = True
    region = cut_out(x, free_option, free_station, _nothing(x))
    priced = replace(
        region.instance,
        quota_exactly=False,
        budget_cny=np.inf,
        tasks={},
        least_units=np.zeros(len(x.kwh)),
        min_station=np.zeros(len(region.sites)),
        opening_cny=np.zeros(len(region.sites)),
    )
    pairs = np.flatnonzero(np.isin(region.pairs, relaxed.pairs))
    program = build_program(priced, pairs, charge=option_charge(x, relaxed.prices)[region.options])
    solved = solve(program.problem, program.new, mip_rel_gap=0.02, mip_max_nodes=5)
    lumps[region.options] = np.round(solved.values)
    return lumps


def dive(x: Instance, relaxed: Relaxation, lumps: np.ndarray, report: Report) -> tuple[np.ndarray, np.ndarray]:
    """Round the relaxation type by type, the largest first; the last type by an integer program with its demand.

    Returns
    -------
    new, opened
        Whole chargers per option and opened sites, all rules kept.

    Raises
    ------
    NoPlan
        No counts meet all the rules.
    """
    new = np.where(np.isnan(lumps), 0.0, lumps)
    free = np.isnan(lumps)
    opened = relaxed.opened
    flow, price = np.zeros(len(x.standing_kwh)), relaxed.prices.capacity.copy()
    slope, scalings = _MOST_SLOPE, 0
    while scalings < _SLOPE_SCALINGS and slope > 1.0:
        scaled = replace(x, opening_cny=x.opening_cny / np.clip(opened, 1 / slope, 1.0))
        try:
            opened, new, flow, price = _relax_rest(scaled, free, new, opened, flow, price, relaxed)
        except NoPlan:  # costs that steep do not fit the budget
            slope /= 2
            continue
        scalings += 1
        slope = min(2 * slope, _MOST_SLOPE)
        report("dive", None, relaxed.bound)
    has_lump = np.bincount(x.option_site, ~free * new, minlength=len(opened)) > 0
    opened = ((opened > _OPEN_FROM) | has_lump).astype(float)
    here = replace(
        x,
        open_from=opened,
        option_most=np.where(opened[x.option_site] > 0, x.option_most, 0.0),
        budget_cny=x.budget_cny * (1 - _BUDGET_KEPT_BACK),
    )
    order = [k for k in np.argsort(-x.kwh, kind="stable") if free[x.option_type == k].any()]
    try:
        for k in order[:-1]:
            for part in _ROUNDING_PARTS if (new[free & (x.option_type == k)] > 0).sum() > _MANY else (1.0,):
                _, new, flow, price = _relax_rest(here, free, new, opened, flow, price, relaxed)
                report("dive", None, relaxed.bound)
                new, free = _rounded(here, k, new, free, part)
        new = _last_type_whole(replace(here, budget_cny=x.budget_cny), free, new)
    except NoPlan:
        report("restore", None, relaxed.bound)
        return restore_rules(x, new, lumps, opened, flow, price)
    return new, _opened(x, new)


def restore_rules(
    x: Instance, new: np.ndarray, lumps: np.ndarray, opened: np.ndarray, flow: np.ndarray, price: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Whole chargers near a nearly rounded plan that keep every rule: an integer program without the demand.

    Falling short of a station's wanted energy costs its price, more than that gains a little; counts stay within a few
    of the given ones where the rules allow it.
    """
    for slack in (0.0, 1.0, 4.0, np.inf):
        low = np.maximum(np.floor(new + 1e-6) - slack, 0.0)
        high = np.minimum(np.ceil(new - 1e-6) + slack, x.option_most)
        low, high = (np.where(np.isnan(lumps) | (slack == np.inf), limit, lumps) for limit in (low, high))
        try:
            kept = x.open_from if slack == np.inf else opened
            return _nearest_whole(x, np.minimum(low, high), high, kept, flow, price)
        except NoPlan as error:
            if slack == np.inf or not error.infeasible:
                raise
    raise AssertionError("unreachable")


def improve(x: Instance, choice: Choice, bound: float, gap_share: float, rounds: int, report: Report) -> Choice:
    """Sweep regional integer programs over the city; keep what is better."""
    near = neighbours(x)
    importance = near.diagonal()
    for _ in range(rounds):
        left = np.ones(len(x.site_ids), bool)
        left &= importance > 0
        while left.any():
            if bound - choice.value(x) <= gap_share * bound:
                return choice
            seed = int(np.argmax(np.where(left, importance, -1.0)))
            affinity = near[seed].toarray().ravel() * np.where(left, 1.0, 0.3)
            affinity[seed] = np.inf
            sites = np.argsort(-affinity, kind="stable")[:_REGION_SITES]
            left[sites] = False
            choice = _improved_region(x, region_of_sites(x, np.sort(sites), choice), choice)
            report("improve", choice.value(x), bound)
    return choice


def _last_type_whole(x: Instance, free_option: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The last free type by an integer program with its demand, all other types fixed: every rule is met exactly."""
    free_station = np.zeros(len(x.station_ids), bool)
    free_station[x.option_station[free_option]] = True
    fixed = Choice(np.where(free_option, 0.0, new), np.zeros(len(x.site_ids)), np.zeros(len(x.pair_demand)))
    region = cut_out(x, free_option, free_station, fixed)
    program = build_program(region.instance, np.arange(len(region.pairs)))
    solved = solve(program.problem, program.new, mip_rel_gap=5e-3, mip_max_nodes=100)
    whole = new.copy()
    whole[region.options] = np.round(solved.values)
    return whole


def _relax_rest(
    x: Instance,
    free: np.ndarray,
    new: np.ndarray,
    opened: np.ndarray,
    flow: np.ndarray,
    price: np.ndarray,
    relaxed: Relaxation,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The relaxation over the options still free, the others fixed; finished services are left as they are."""
    service = x.station_ids.get_level_values("service").to_numpy(object)
    unfinished = np.unique(service[x.option_station[free]])
    free_station = np.isin(service, unfinished)
    fixed = Choice(np.where(free, 0.0, new), np.zeros(len(opened)), np.zeros(len(x.pair_demand)))
    region = cut_out(x, free, free_station, fixed)
    inside = np.flatnonzero(np.isin(region.pairs, relaxed.pairs))
    ajar = x.open_from[x.station_site[x.pair_station[region.pairs]]] < 1
    doors = np.flatnonzero(np.isin(region.pairs, relaxed.doors) & ajar)
    program, solved = solve_relaxed(region.instance, inside, doors)
    opened, new, flow, price = opened.copy(), new.copy(), flow.copy(), price.copy()
    opened[region.sites], new[region.options] = opened_and_new(program, solved)
    served = solved.values[len(program.opened) + len(program.new) :]
    stations = np.flatnonzero(free_station)
    flow[stations] = np.bincount(x.pair_station[region.pairs[inside]], served, minlength=len(flow))[stations]
    price[stations] = multipliers(region.instance, program, solved).capacity
    return opened, new, flow, price


def _rounded(x: Instance, k: int, new: np.ndarray, free: np.ndarray, part: float) -> tuple[np.ndarray, np.ndarray]:
    """A part of a type's free options as whole numbers, those nearest to whole first, and what is free after that.

    The total is kept by largest remainders, within the room that fixed options leave; a site keeps room for as many of
    the smallest chargers as it still needs for its least number.
    """
    mine = np.flatnonzero(free & (x.option_type == k))
    nearest = np.lexsort((mine, np.abs(new[mine] - np.round(new[mine]))))
    mine = np.sort(mine[nearest[: int(np.ceil(part * len(mine)))]])
    site, fixed = x.option_site[mine], ~free
    needed = np.maximum(x.min_station - np.bincount(x.option_site[fixed], new[fixed], minlength=len(x.bays)), 0.0)[site]
    room, short_room = x.option_most[mine], x.option_most[mine]
    for total, used in ((x.bays, x.bays_used), (x.grid_kw, x.grid_used_kw)):
        taken = np.bincount(x.option_site[fixed], new[fixed] * used[x.option_type[fixed]], minlength=len(total))
        left, least = (total - taken)[site], float(used.min())
        if used[k] > 0:
            room = np.minimum(room, np.floor(left / used[k] + 1e-9))
        if used[k] > least:
            short_room = np.minimum(short_room, np.floor((left - needed * least) / (used[k] - least) + 1e-9))

    def fits(count: np.ndarray) -> np.ndarray:
        return np.asarray((count <= room) & ((count >= needed) | (count <= short_room)))

    wanted = np.minimum(new[mine], room)
    whole = np.floor(wanted + 1e-6)
    whole = np.where(fits(whole), whole, np.maximum(np.minimum(whole, short_room), 0.0))
    missing = int(np.floor(new[mine].sum() + 1e-2)) - int(whole.sum())  # never more than the budget was solved for
    order = np.lexsort((mine, -(wanted - whole)))
    while missing > 0 and len(more := order[fits(whole + 1)[order]][:missing]):
        whole[more] += 1
        missing -= len(more)
    rounded, still_free = new.copy(), free.copy()
    rounded[mine], still_free[mine] = whole, False
    return rounded, still_free


def _nearest_whole(
    x: Instance, low: np.ndarray, high: np.ndarray, opened: np.ndarray, flow: np.ndarray, price: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    program = build_program(x, np.zeros(0, int))
    for option, variable in enumerate(program.new):
        variable.lowBound, variable.upBound = float(low[option]), float(high[option])
    for site, variable in enumerate(program.opened):
        variable.lowBound = float(opened[site])
    kwh = x.kwh[x.option_type]
    largest = np.zeros(len(price))
    np.maximum.at(largest, x.option_station, kwh)
    at_station = defaultdict(list)
    for option, js in enumerate(x.option_station):
        at_station[js].append((program.new[option], float(kwh[option])))
    objective = []
    for js, carried in sorted(at_station.items()):
        first = program.problem.add_variable(f"first({js})", 0.0, float(largest[js]))
        beyond = program.problem.add_variable(f"beyond({js})", 0.0)
        short = program.problem.add_variable(f"short({js})", 0.0)
        objective += [(first, -0.3 * float(price[js])), (short, max(float(price[js]), _LEAST_LOSS))]
        wanted = max(float(flow[js] - x.standing_kwh[js]), 0.0)
        balance = weighted_sum([*carried, (first, -1.0), (beyond, -1.0), (short, 1.0)])
        program.problem.addConstraint(balance == wanted, f"wanted({js})")
    program.problem.setObjective(weighted_sum(objective))
    solved = solve(program.problem, [*program.opened, *program.new], mip_rel_gap=3e-3, mip_max_nodes=20)
    counts = np.round(solved.values)
    new = counts[len(program.opened) :]
    return new, _opened(x, new)


def _improved_region(x: Instance, region: Region, choice: Choice) -> Choice:
    part = region.instance
    program = build_program(part, np.arange(len(part.pair_demand)))
    variables = [*program.opened, *program.new, *program.served]
    try:
        solved = solve(program.problem, variables, mip_rel_gap=3e-3, mip_max_nodes=20)
    except NoPlan:
        return choice
    opened, new = (np.round(v) for v in opened_and_new(program, solved))
    served = solved.values[len(opened) + len(new) :]
    capacity = part.standing_kwh + np.bincount(
        part.option_station, part.kwh[part.option_type] * new, minlength=len(part.standing_kwh)
    )
    better = region.placed_in(choice, Choice(new, opened, made_feasible(part, served, capacity)))
    return better if better.value(x) > choice.value(x) else choice


def _nothing(x: Instance) -> Choice:
    return Choice(np.zeros(len(x.option_site)), np.zeros(len(x.site_ids)), np.zeros(len(x.pair_demand)))


def _lumpy_types(x: Instance, relaxed: Relaxation) -> np.ndarray:
    """Types whose chosen options hold on average less than half a charger, and whose service has no other type."""
    chosen = relaxed.new > 1e-3
    total = np.bincount(x.option_type, relaxed.new, minlength=len(x.kwh))
    count = np.bincount(x.option_type, chosen, minlength=len(x.kwh))
    thin = (count > 0) & (total < _LUMPY_SHARE * count)
    service = x.station_ids.get_level_values("service").to_numpy(object)[x.option_station]
    of_type = {k: set(service[x.option_type == k]) for k in range(len(x.kwh))}
    alone = [all(of_type[k].isdisjoint(of_type[o]) for o in of_type if o != k) for k in of_type]
    return np.asarray(thin & np.array(alone))


def _opened(x: Instance, new: np.ndarray) -> np.ndarray:
    used = np.bincount(x.option_site, new, minlength=len(x.site_ids)) > 0
    return np.asarray(np.maximum(x.open_from, used))
