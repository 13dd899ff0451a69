"""The bound that prices prove, against a slow recomputation in plain Python that shares no code with it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from helpers.towns import Town, bent_town, best_value, charger_types, counts, instance_of, tiny_town
from planner.siting.city.assignment import assign
from planner.siting.city.certificate import Prices, upper_bound
from planner.siting.city.dual import Dual, find_prices
from planner.siting.city.layout import lay_out
from planner.siting.city.pricing import Sites
from planner.siting.effort import Effort
from planner.siting.model.instance import Instance
from planner.siting.model.network import largest_flow

SEEDS = st.integers(0, 100_000)
some = settings(derandomize=True, max_examples=60, deadline=None, phases=(Phase.explicit, Phase.generate))


def four_types_town(seed: int) -> Town:
    """Three sites, four charger types of three services; tables straight, bent, stepped and flat; standing chargers."""
    rng = np.random.default_rng([seed, 4])
    types = charger_types(
        {
            "a": {"service": "fast", "kw_rated": 60.0, "price_cny": 100.0},
            "b": {"service": "fast", "kw_rated": 120.0, "price_cny": 180.0, "bays_used": 2.0},
            "c": {"service": "slow", "kw_rated": 7.0, "price_cny": 10.0},
            "d": {"service": "swap", "price_cny": 50.0, "bays_used": 0.0, "quota_units": 0.0, "max_count": 2.0},
        }
    )
    table = {}
    for k in types.index:
        one, bend = float(rng.integers(30, 300)), float(rng.choice([0.6, 1.0, 1.0, 1.5]))
        table |= {(k, n): round(one * n**bend, 3) for n in range(6)}
        if rng.random() < 0.3:
            table[k, 3] = table[k, 2]
    sites = tiny_town(seed).sites.iloc[:1]
    names = ["p1", "p2", "p3"]
    sites = pd.concat([sites.rename({"p1": j}) for j in names]).assign(
        bays=rng.integers(0, 6, 3).astype(float),
        grid_kw=rng.choice([20.0, 65.0, 120.0, 400.0], 3),
        min_station=rng.choice([1.0, 2.0, 3.0], 3),
        opening_cny=rng.choice([0.0, 40.0, 150.0], 3),
        lock=rng.choice(["free", "free", "in", "out"], 3),
    )
    zones, services = [f"z{i}" for i in range(4)], ["fast", "slow", "swap"]
    demand = pd.DataFrame(
        {"energy_kwh_day": rng.integers(0, 300, 12).astype(float), "reach_m": 1_000.0},
        index=pd.MultiIndex.from_product([zones, services], names=["zone_id", "service"]),
    )
    access = pd.DataFrame(
        {"metres": rng.integers(0, 1_300, 24).astype(float)},
        index=pd.MultiIndex.from_product([zones, names, ["drive", "walk"]], names=["zone_id", "site_id", "mode"]),
    )
    standing = {(j, k): 1 for j in names for k in "ac" if sites.loc[j, "bays"] >= 2 and rng.random() < 0.3}
    town = tiny_town(seed, "at_most").with_rules(tasks={}, quota=int(rng.integers(1, 9)))
    capacity = pd.DataFrame({"energy_kwh_day": pd.Series(table)}).rename_axis(["charger_type", "count"])
    existing = counts(standing) if standing else town.existing.iloc[:0]
    return replace(
        town, demand=demand, sites=sites, access=access, charger_types=types, capacity=capacity, existing=existing
    )


TOWNS = {"bent": bent_town, "four types": four_types_town}
KINDS = st.sampled_from(list(TOWNS))


# --- the slow way ---------------------------------------------------------------------------------------------------


def fitting(x: Instance, j: int) -> list[dict[int, int]]:
    """Every count per option that site j may have."""
    options = np.flatnonzero(x.option_site == j).tolist()
    kinds = x.option_type[options].tolist()
    bays, grid = x.bays_used.tolist(), x.grid_used_kw.tolist()
    fine = []
    for many in product(*(range(int(x.option_most[o]) + 1) for o in options)):
        total = sum(many)
        if total < x.min_station[j] and (total or x.open_from[j]):
            continue
        if sum(n * bays[k] for n, k in zip(many, kinds, strict=True)) > x.bays[j] + 1e-9:
            continue
        if sum(n * grid[k] for n, k in zip(many, kinds, strict=True)) > x.grid_kw[j] + 1e-9:
            continue
        fine.append(dict(zip(options, many, strict=True)))
    return fine


def knapsack(offers: list[tuple[float, float]], room: float) -> float:
    """Most gained of (worth of a kWh, kWh) in so much room."""
    gained = 0.0
    for worth, kwh in sorted(offers, reverse=True):
        if worth <= 0 or room <= 0:
            break
        gained += worth * min(kwh, room)
        room -= kwh
    return gained


def worths(
    x: Instance, j: int, less: np.ndarray, price: list[float], opening: float
) -> list[tuple[dict[int, int], float]]:
    """Every count per option that site j may have, and what it gains with it at these prices."""
    stations = [s for s in range(len(x.station_ids)) if x.station_ids[s][0] == x.site_ids[j]]
    offers = {
        s: [
            (float(x.pair_worth[p] - less[x.pair_demand[p]]), float(x.energy[x.pair_demand[p]]))
            for p in range(len(x.pair_demand))
            if x.pair_station[p] == s
        ]
        for s in stations
    }
    gained = lru_cache(maxsize=None)(lambda s, room: knapsack(offers[s], room))
    tables = {
        o: [float(kwh) for kwh in x.carried_kwh[x.option_type[o], int(x.option_standing[o]) :]]
        for o in range(len(x.option_site))
    }
    found = []
    for new in fitting(x, j):
        room = {s: float(x.standing_kwh[s]) for s in stations}
        for o, n in new.items():
            room[int(x.option_station[o])] += tables[o][n] - tables[o][0]
        worth = sum(gained(s, kwh) for s, kwh in room.items()) - sum(price[o] * n for o, n in new.items())
        found.append((new, worth - (opening if any(new.values()) or x.open_from[j] else 0.0)))
    return found


def slow_bound(x: Instance, prices: Prices) -> float:
    """The formula of the certificate, term by term."""
    demand = [max(float(v), 0.0) for v in prices.demand]
    floors = [max(float(v), 0.0) for v in prices.floors]
    promise = max(prices.promise, 0.0) if x.promise_kwh > 0 else 0.0
    bound = sum(v * float(e) for v, e in zip(demand, x.energy, strict=True))
    bound -= sum(v * float(f) for v, f in zip(floors, x.floor_kwh, strict=True)) + promise * x.promise_kwh
    price = [float(c) for c in x.option_cost_cny]
    opening = [float(c) for c in x.opening_cost_cny]
    for r, value in enumerate(prices.limits.tolist()):
        side = x.limits.most[r] if value > 0 else x.limits.least[r]
        if value == 0 or not np.isfinite(side):
            continue
        bound += value * side
        price = [p + value * u for p, u in zip(price, x.limits.use.toarray()[r], strict=True)]
        opening = [p + value * u for p, u in zip(opening, x.limits.opening.toarray()[r], strict=True)]
    of_floor = [floors[d] if d >= 0 else 0.0 for d in x.demand_floor]
    less = np.array([v - f - promise for v, f in zip(demand, of_floor, strict=True)])
    for j in range(len(x.site_ids)):
        bound += max(worth for _, worth in worths(x, j, less, price, opening[j]))
    return float(bound)


def random_prices(x: Instance, seed: int, wrong: bool) -> Prices:
    """Prices of every size; of any sign where `wrong`."""
    rng = np.random.default_rng([seed, 9])
    low = -0.5 if wrong else 0.0
    kwh = 300.0 if x.promise_kwh else 1.0  # what a kWh may be worth: in the least-cost question, a charger's price
    limits = rng.uniform(-1, 1, len(x.limits.names)) * rng.choice([0.0, 0.1, 1.0, 100.0], len(x.limits.names))
    return Prices(
        rng.uniform(low, 1.2, len(x.energy)) * rng.choice([0.0, 0.5, 1.0], len(x.energy)) * kwh,
        limits if wrong else np.where(np.isfinite(x.limits.most), abs(limits), -abs(limits)),
        rng.uniform(low, 1.0, len(x.floor_ids)) * kwh,
        float(rng.uniform(low, 1.0)) * kwh,
    )


# --- the same -------------------------------------------------------------------------------------------------------


@given(KINDS, SEEDS, st.booleans())
@some
def test_the_bound_of_any_prices_is_the_formula_term_by_term(kind: str, seed: int, wrong: bool) -> None:
    """And never by a rounding below it. Prices of a wrong sign count as none."""
    x = instance_of(TOWNS[kind](seed))
    assume(all(fitting(x, j) for j in range(len(x.site_ids))))
    prices = random_prices(x, seed, wrong)
    bound, slow = upper_bound(x, prices), slow_bound(x, prices)
    size = abs(slow) + float(np.abs(prices.demand) @ x.energy) + 1.0
    assert bound == pytest.approx(slow, abs=1e-9 * size)
    assert bound >= slow - 1e-13 * size


@pytest.mark.slow
@given(SEEDS, st.booleans())
@settings(some, max_examples=40)
def test_no_prices_prove_less_than_the_best_plan_of_all(seed: int, wrong: bool) -> None:
    town = bent_town(seed)
    x = instance_of(town)
    best = best_value(town)
    assume(best is not None)
    assert best is not None
    assert upper_bound(x, random_prices(x, seed, wrong)) >= best - 1e-6 * abs(best) - 1e-6


@given(SEEDS)
@settings(some, max_examples=10)
def test_the_prices_found_prove_no_less_than_the_best_plan_of_all(seed: int) -> None:
    town = bent_town(seed)
    x = instance_of(town)
    best = best_value(town)
    assume(best is not None)
    assert best is not None
    bound = upper_bound(x, find_prices(x, 100, Effort(0.01), lambda step, value, bound: None))
    assert bound >= best - 1e-6 * abs(best) - 1e-6


@pytest.mark.slow
@given(KINDS, SEEDS)
@some
def test_what_a_site_would_build_is_the_best_of_all_it_may(kind: str, seed: int) -> None:
    """Its value is that of the best of all counts, and its counts have that value."""
    x = instance_of(TOWNS[kind](seed))
    rng = np.random.default_rng([seed, 7])
    kwh = 1.0 if x.pair_worth.any() else 0.0
    less = rng.uniform(-0.5, 1.0, len(x.energy)) - (1.0 - kwh)
    price = rng.uniform(-20, 200, len(x.option_site)) * rng.choice([0.0, 0.1, 1.0])
    opening = rng.uniform(0, 60, len(x.site_ids))
    answers = Sites(x).ask(less, np.zeros(len(less)), price, opening)
    for j in range(len(x.site_ids)):
        may = worths(x, j, less, price.tolist(), float(opening[j]))
        if not may:
            continue
        best = max(worth for _, worth in may)
        assert answers.best[j] == pytest.approx(best, abs=1e-7)
        built = {o: round(answers.new[o]) for o in np.flatnonzero(x.option_site == j)}
        assert [worth for new, worth in may if new == built] == pytest.approx([best], abs=1e-7)
        assert answers.opened[j] == (any(built.values()) or x.open_from[j] > 0)


@given(KINDS, SEEDS)
@settings(some, max_examples=30)
def test_a_site_asked_again_answers_the_same(kind: str, seed: int) -> None:
    """The order of demands remembered from other prices changes nothing."""
    x = instance_of(TOWNS[kind](seed))
    rng = np.random.default_rng([seed, 8])
    asks = [rng.uniform(0, 1, len(x.energy)) for _ in range(4)]
    price, opening = rng.uniform(0, 80, len(x.option_site)), np.zeros(len(x.site_ids))
    used = Sites(x)
    again = [used.ask(ask, np.zeros(len(ask)), price, opening) for ask in asks][-1]
    first = Sites(x).ask(asks[-1], np.zeros(len(asks[-1])), price, opening)
    np.testing.assert_allclose(again.best, first.best, atol=1e-9)
    np.testing.assert_array_equal(again.new, first.new)


@given(KINDS, SEEDS)
@settings(some, max_examples=30)
def test_no_station_can_carry_more_than_its_roof(kind: str, seed: int) -> None:
    """Demands beyond the roof are left out of a site's sum: any counts that its bays and grid hold stay below it."""
    x = instance_of(TOWNS[kind](seed))
    rng = np.random.default_rng([seed, 9])
    roof = lay_out(x)[0].roof_kwh
    for _ in range(50):
        new = rng.integers(0, x.option_most.astype(int) + 1)
        bays = np.bincount(x.option_site, new * x.bays_used[x.option_type], minlength=len(x.site_ids))
        grid = np.bincount(x.option_site, new * x.grid_used_kw[x.option_type], minlength=len(x.site_ids))
        kept = (bays <= x.bays) & (grid <= x.grid_kw)
        assert (x.station_kwh(new) <= roof)[kept[x.station_site]].all()


@given(KINDS, SEEDS)
@settings(some, max_examples=15)
def test_a_price_that_cannot_move_weighs_nothing(kind: str, seed: int) -> None:
    """The promise of a question without one once stalled all other prices."""
    dual = Dual(instance_of(TOWNS[kind](seed)))
    still = dual.low == dual.high
    assert still[-1] == (dual.x.promise_kwh == 0)
    assert (dual.metric[still] == 0).all()
    assert (dual.metric[~still] > 0).all()


@given(KINDS, SEEDS)
@settings(some, max_examples=20)
def test_the_largest_flow_serves_as_much_as_the_transport_program(kind: str, seed: int) -> None:
    x = instance_of(TOWNS[kind](seed))
    x = replace(x, pair_worth=np.ones(len(x.pair_worth)), floor_ids=(), floor_kwh=np.zeros(0),
                demand_floor=np.full(len(x.energy), -1))  # fmt: skip
    new = np.zeros(len(x.option_site))
    new[::2] = np.minimum(1, x.option_most[::2])
    capacity = x.station_kwh(new)
    flow, best = largest_flow(x, capacity), assign(x, new)
    total = max(float(x.energy.sum()), 1.0)
    assert flow.served.sum() == pytest.approx(best.sum(), abs=1e-6 * total)
    assert (np.bincount(x.pair_station, flow.served, minlength=len(capacity)) <= capacity + 1e-9 * total).all()
    assert (np.bincount(x.pair_demand, flow.served, minlength=len(x.energy)) <= x.energy + 1e-9 * total).all()
    unserved = flow.within[x.pair_demand] == 0  # whoever is not within is left, and every station in reach is full
    held = np.bincount(x.pair_station, flow.served, minlength=len(capacity))
    assert held[x.pair_station[unserved]] == pytest.approx(capacity[x.pair_station[unserved]], abs=1e-6 * total)
