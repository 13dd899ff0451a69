"""Merged demands: the same problem, smaller."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from helpers.towns import instance_of, middle_town, tiny_town, with_a_zone_split
from planner.siting.city.assignment import assign
from planner.siting.city.certificate import upper_bound
from planner.siting.city.dual import Dual
from planner.siting.city.region import Choice
from planner.siting.model.merge import merge_demands

some = settings(derandomize=True, max_examples=30, deadline=None, phases=(Phase.explicit, Phase.generate))


@pytest.mark.slow
@some
@given(st.integers(0, 100_000), st.floats(0.1, 0.9))
def test_a_split_zone_is_whole_again(seed: int, share: float) -> None:
    town = tiny_town(seed)
    whole, split = instance_of(town), instance_of(with_a_zone_split(town, share))
    merged, again = merge_demands(whole).instance, merge_demands(split).instance
    assert len(again.energy) == len(merged.energy) <= len(whole.energy) < len(split.energy)
    assert len(again.pair_demand) == len(merged.pair_demand)
    assert np.sort(again.energy) == pytest.approx(np.sort(merged.energy))


@some
@given(st.integers(0, 100_000))
def test_a_merged_plan_is_worth_as_much_apart_and_overdraws_nobody(seed: int) -> None:
    x = instance_of(with_a_zone_split(tiny_town(seed), 0.3))
    merged = merge_demands(x)
    y = merged.instance
    served = assign(y, y.option_most)
    together = Choice(y.option_most, np.ones(len(y.site_ids)), served)
    apart = merged.apart(together)
    assert apart.value(x) == pytest.approx(together.value(y))
    taken = np.bincount(x.pair_demand, apart.served, minlength=len(x.energy))
    assert (taken <= x.energy * (1 + 1e-9)).all()
    assert np.bincount(x.pair_station, apart.served, minlength=len(x.station_ids)) == pytest.approx(
        np.bincount(y.pair_station, served, minlength=len(y.station_ids))
    )


def test_demands_of_two_floors_or_of_another_worth_stay_two() -> None:
    x = middle_town(1, size=16).instance
    x = replace(x, demand_floor=np.arange(len(x.energy)) % 2)
    y = merge_demands(x).instance
    reached = len(np.unique(x.pair_demand))
    worths = {
        (int(x.demand_floor[i]), *map(tuple, zip(x.pair_station[at], x.pair_worth[at], strict=True)))
        for i in np.unique(x.pair_demand)
        for at in [np.flatnonzero(x.pair_demand == i)[np.argsort(x.pair_station[x.pair_demand == i])]]
    }
    assert len(y.energy) == len(worths) <= reached


def test_the_bound_of_the_same_prices_is_the_same() -> None:
    x = with_a_zone_split(tiny_town(2), 0.4).instance
    merged = merge_demands(x)
    y = merged.instance
    dual = Dual(y)
    prices = dual.prices(np.r_[np.linspace(0.0, 0.9, len(y.energy)), np.zeros(len(dual.low) - len(y.energy))])
    group = np.zeros(len(x.energy), int)
    group[x.pair_demand] = y.pair_demand[merged.pair]
    alike = type(prices)(prices.demand[group], prices.limits, prices.floors, prices.promise)
    reached = np.isin(np.arange(len(x.energy)), x.pair_demand)
    unreached = float((x.energy * alike.demand)[~reached].sum())
    assert upper_bound(x, alike) - unreached == pytest.approx(upper_bound(y, prices), rel=1e-9)
