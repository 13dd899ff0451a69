"""The linear relaxation at city size: generated pairs and doors, and the bound its prices certify."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from planner.siting.certificate import Multipliers, upper_bound
from planner.siting.instance import Instance
from planner.siting.program import Program, build_program
from planner.siting.solver import Solved, solve

Report = Callable[[str, float | None, float | None], None]

_FIRST_PAIRS = 12
_ADDED_PER_DEMAND = 8
_WORTH_TOLERANCE = 1e-6
_BOUND_SETTLED = 4e-3
_MOST_PRICINGS = 8
_DOOR_TOLERANCE_KWH = 5.0
_MAIN_ENERGY_SHARE = 0.98
_INTERIOR_POINT = {"solver": "ipm", "run_crossover": "off", "ipm_optimality_tolerance": 1e-4}


@dataclass(frozen=True)
class Relaxation:
    """The solved relaxation: its variables, multipliers, pairs and the best certified bound."""

    opened: np.ndarray
    new: np.ndarray
    prices: Multipliers
    pairs: np.ndarray
    doors: np.ndarray
    bound: float


def relax(x: Instance, guide: Instance, report: Report) -> Relaxation:
    """Solve the guide's linear relaxation with generated pairs; its prices certify a bound on the whole instance."""
    pairs = _of_demands_left(guide, first_pairs(x, _FIRST_PAIRS))
    doors = np.zeros(0, int)
    bound = np.inf
    for _ in range(_MOST_PRICINGS):
        program, solved = solve_relaxed(guide, pairs, doors)
        prices = multipliers(x, program, solved)
        certified = upper_bound(x, prices)
        near_value = certified < solved.value * (1 + _BOUND_SETTLED)
        settled = len(doors) > 0 and (near_value or bound - certified < _BOUND_SETTLED * certified)
        bound = min(bound, certified)
        report("relax", None, bound)
        more = _of_demands_left(guide, gaining_pairs(x, prices.capacity, pairs))
        ajar = _pairs_through_doors_ajar(guide, program, solved, pairs)
        if settled or not len(more) + len(ajar):
            break
        pairs, doors = np.union1d(pairs, more), np.union1d(doors, ajar)
    opened, new = opened_and_new(program, solved)
    return Relaxation(opened, new, prices, pairs, doors, bound)


def certify(x: Instance, relaxed: Relaxation) -> float:
    """The bound of the relaxation with every demand at its own place, none folded; over the pairs that mattered."""
    pairs = np.union1d(relaxed.pairs, first_pairs(x, _FIRST_PAIRS // 2))
    program, solved = solve_relaxed(x, pairs, relaxed.doors)
    return upper_bound(x, multipliers(x, program, solved))


def folded(x: Instance) -> Instance:
    """The instance with its many tiny demands folded into large ones that share their best station.

    A guide for rounding, not a bound: energy is kept but for demands that reach no station of a large one.
    """
    order = np.argsort(-x.energy, kind="stable")
    enough = int(np.searchsorted(np.cumsum(x.energy[order]), _MAIN_ENERGY_SHARE * x.energy.sum())) + 1
    large = np.zeros(len(x.energy), bool)
    large[order[:enough]] = True
    best_first = np.lexsort((x.pair_station, -x.pair_worth, x.pair_demand))
    first = best_first[_rank_within(x.pair_demand[best_first]) == 0]
    best_station = np.full(len(x.energy), -1)
    best_station[x.pair_demand[first]] = x.pair_station[first]
    near = np.flatnonzero(large[x.pair_demand])
    near = near[np.lexsort((x.pair_demand[near], -x.pair_worth[near], x.pair_station[near]))]
    host_pair = near[_rank_within(x.pair_station[near]) == 0]
    host = np.full(len(x.standing_kwh), -1)
    host[x.pair_station[host_pair]] = x.pair_demand[host_pair]
    small = np.flatnonzero(~large & (best_station >= 0))
    into = host[best_station[small]]
    energy = np.where(large, x.energy, 0.0)
    np.add.at(energy, into[into >= 0], x.energy[small][into >= 0])
    return replace(x, energy=energy)


def multipliers(x: Instance, program: Program, solved: Solved) -> Multipliers:
    """The relaxation's duals under the names of the certificate; rows the program lacks have price zero."""
    dual = solved.duals

    def price(name: str) -> float:
        return float(dual[program.rows[name]]) if name in program.rows else 0.0

    def prices(name: str, ids: list[str]) -> np.ndarray:
        return np.array([price(f"{name}({i})") for i in ids])

    sites, types = list(x.site_ids), list(x.type_ids)
    return Multipliers(
        capacity=prices("capacity", [f"{j},{s}" for j, s in x.station_ids]),
        bays=prices("bays", sites),
        grid=prices("grid", sites),
        station=prices("station", sites),
        door=_door_prices(x, program, dual),
        whole=np.array([[price(f"whole({j},{k})") for k in types] for j in sites]),
        link=prices("link", [f"{j},{k}" for j, k in x.option_ids]),
        quota=price("quota"),
        budget=price("budget"),
        share_min=-prices("share_min", types),
        share_max=prices("share_max", types),
        count_max=prices("count_max", types),
        task={unit: -price(f"task({unit})") for unit in x.tasks},
    )


def option_charge(x: Instance, prices: Multipliers) -> np.ndarray:
    """What one charger of each option takes of all shared resources, at these prices."""
    j, k = x.option_site, x.option_type
    task = np.array([prices.task.get(unit, 0.0) for unit in x.task_unit])[j]
    per_kw = np.divide(1.0, x.grid_used_kw, out=np.zeros_like(x.grid_used_kw), where=x.grid_used_kw > 0)
    unit_price = prices.quota + prices.share_max[k] - prices.share_min[k] - task
    return np.asarray(
        prices.bays[j] * x.bays_used[k]
        + prices.grid[j] * x.grid_used_kw[k]
        - prices.station[j]
        + (prices.whole[j] * np.floor(np.outer(x.grid_used_kw, per_kw) + 1e-9)[k]).sum(axis=1)
        + unit_price * x.quota_units[k]
        + prices.count_max[k]
        + prices.budget * x.option_price_cny
    )


def solve_relaxed(x: Instance, pairs: np.ndarray, doors: np.ndarray | None = None) -> tuple[Program, Solved]:
    """The relaxation over some pairs, by the interior point method: its prices need not be a vertex."""
    program = build_program(x, pairs, integer=False, doors=doors)
    return program, solve(program.problem, [*program.opened, *program.new, *program.served], **_INTERIOR_POINT)


def opened_and_new(program: Program, solved: Solved) -> tuple[np.ndarray, np.ndarray]:
    """A solved program's sites and chargers."""
    sites, options = len(program.opened), len(program.new)
    return solved.values[:sites], solved.values[sites : sites + options]


def first_pairs(x: Instance, count: int, supplied: np.ndarray | None = None) -> np.ndarray:
    """For each demand some pairs: half of them the nearest, the rest spread over its reach."""
    which = np.arange(len(x.pair_demand)) if supplied is None else np.flatnonzero(supplied[x.pair_station])
    order = which[np.lexsort((x.pair_station[which], -x.pair_worth[which], x.pair_demand[which]))]
    demand = x.pair_demand[order]
    rank = _rank_within(demand)
    stride = np.maximum(np.bincount(demand, minlength=len(x.energy)) // max(count // 2, 1), 1)[demand]
    return np.sort(order[(rank < count // 2) | (rank % stride == 0)])


def gaining_pairs(x: Instance, price: np.ndarray, known: np.ndarray, supplied: np.ndarray | None = None) -> np.ndarray:
    """Pairs outside the program that would gain at these prices, the best few of every demand."""
    offered = np.zeros(len(x.energy))
    gain = x.pair_worth - price[x.pair_station]
    np.maximum.at(offered, x.pair_demand[known], gain[known])
    better = gain > offered[x.pair_demand] + _WORTH_TOLERANCE
    if supplied is not None:
        better &= supplied[x.pair_station]
    which = np.flatnonzero(better)
    order = which[np.lexsort((x.pair_station[which], -gain[which], x.pair_demand[which]))]
    return np.sort(order[_rank_within(x.pair_demand[order]) < _ADDED_PER_DEMAND])


def _pairs_through_doors_ajar(x: Instance, program: Program, solved: Solved, pairs: np.ndarray) -> np.ndarray:
    """Pairs that carry more of a demand than their site is open, where that makes a difference."""
    opened, new = opened_and_new(program, solved)
    served = solved.values[len(opened) + len(new) :]
    station = x.pair_station[pairs]
    too_much = served - x.energy[x.pair_demand[pairs]] * opened[x.station_site[station]]
    return np.asarray(pairs[(too_much > _DOOR_TOLERANCE_KWH) & (x.standing_kwh[station] == 0)])


def _door_prices(x: Instance, program: Program, dual: np.ndarray) -> np.ndarray:
    price = np.zeros(len(x.pair_demand))
    for name, row in program.rows.items():
        if name.startswith("door("):
            price[int(name[5:-1])] = dual[row]
    return price


def _of_demands_left(x: Instance, pairs: np.ndarray) -> np.ndarray:
    """Pairs whose demand has any energy."""
    return np.asarray(pairs[x.energy[x.pair_demand[pairs]] > 0])


def _rank_within(group: np.ndarray) -> np.ndarray:
    """0, 1, 2, ... within each run of equal values of a sorted array."""
    if not len(group):
        return np.zeros(0, int)
    start = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    return np.arange(len(group)) - np.repeat(start, np.diff(np.r_[start, len(group)]))
