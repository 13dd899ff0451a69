"""`check_plan`: takes every plan that is made and refuses every one that breaks a rule, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from helpers.texts import check_both
from helpers.towns import Planned, Town, assigned_value, bent_town, counts, keeps_counts, planned, tiny_town
from planner import BadInput
from planner.candidates import standing_chargers
from planner.capacity.tables import charger_tables
from planner.demand import fleet_energy
from planner.layers import Layers
from planner.scenario import Scenario
from planner.siting.check.plan import BrokenPlan

Change = Callable[[Planned], Planned]


@pytest.fixture(scope="module")
def plan(
    demand: pd.DataFrame, sites: gpd.GeoDataFrame, access: pd.DataFrame, layers: Layers, scenario: Scenario
) -> Planned:
    """Toytown's plan: 3 dc and 1 ac at the mall p2, 1 dc and 1 ac at the hospital p1, one dc standing at p3."""
    types, capacity = charger_tables(scenario, demand, fleet_energy(scenario, layers.zones), 4)
    town = Town(
        demand, sites, access, types, capacity, standing_chargers(layers, sites, scenario.existing), scenario.siting
    )
    return town.planned()


def cells(table: str, rows: object, **values: object) -> Change:
    """A plan made for other tables than these."""
    return lambda plan: replace(plan, town=plan.town.with_cells(table, rows, **values))


def rules(**values: object) -> Change:
    return lambda plan: replace(plan, town=plan.town.with_rules(**values))


def proof(**values: object) -> Change:
    return lambda plan: plan.told(proof=replace(plan.proof, **values))


def chargers(row: tuple[str, str], count: float) -> Change:
    def change(plan: Planned) -> Planned:
        table = plan.chargers.astype(float)
        table.loc[row, "count"] = count
        return plan.told(chargers=table.sort_index())

    return change


def energy(row: tuple[str, str, str], kwh: float) -> Change:
    def change(plan: Planned) -> Planned:
        table = plan.assignment.copy()
        table.loc[row, "energy_kwh_day"] = kwh
        return plan.told(assignment=table.sort_index())

    return change


def broken(plan: Planned) -> tuple[str, ...]:
    with pytest.raises(BrokenPlan, match="the plan breaks its rules") as caught:
        plan.check()
    assert all(rule in str(caught.value) for rule in caught.value.broken)
    for rule in caught.value.rules:
        check_both(rule)
    return caught.value.broken


def test_toytowns_plan_is_accepted(plan: Planned) -> None:
    plan.check()
    assert plan.chargers["count"].to_dict() == {("p1", "ac"): 1, ("p1", "dc"): 1, ("p2", "ac"): 1, ("p2", "dc"): 3}
    assert not plan.chargers.index.has_duplicates


@given(st.integers(0, 10_000))
@settings(derandomize=True, max_examples=40, deadline=None, phases=(Phase.generate,))
def test_every_plan_of_a_random_town_is_accepted(seed: int) -> None:
    try:
        plan = tiny_town(seed).planned()
    except BadInput:
        return
    plan.check()


@pytest.mark.slow
@given(st.integers(0, 10_000), st.data())
@settings(derandomize=True, max_examples=60, deadline=None, phases=(Phase.generate,))
def test_a_count_changed_anywhere_is_refused_where_the_oracle_refuses_it(seed: int, data: st.DataObject) -> None:
    """Counts of some station one up or down, or none at all; where only the cost is not the proof's, that is named."""
    plan = planned(bent_town(seed))
    town = plan.town
    row = data.draw(st.sampled_from([(j, k) for j in town.sites.index for k in town.charger_types.index]))
    held = plan.chargers["count"].to_dict()
    count = data.draw(st.sampled_from([held.get(row, 0) + 1, max(held.get(row, 0) - 1, 0), 0]))
    changed = plan.told(chargers=counts(held | {row: count}))
    try:
        changed.check()
        named: tuple[str, ...] = ()
    except BrokenPlan as error:
        named = error.broken
    of_counts = [rule for rule in named if not rule.startswith(("capacity", "cost"))]
    assert bool(of_counts) == (not keeps_counts(town, changed.chargers)), named
    if count < held.get(row, 0) and not named:  # the energy that it carried finds room beside
        assert assigned_value(town, changed.chargers) == pytest.approx(plan.value, rel=1e-5)


# A dc takes 100 kW x 0.5 and 1 bay, an ac 10 kW x 0.5 and 1 bay: the mall uses 4 bays and 155 kW.
# Spent: openings 20,000 + 50,000, four dc 400,000, two ac 20,000: 490,000.
ONE_RULE = {
    "bays": (cells("sites", "p2", bays=3), "bays at p2: 4 used of 3"),
    "bays, standing": (cells("sites", "p3", bays=0), "bays at p3: 1 used of 0"),
    "grid": (cells("sites", "p2", grid_kw=154.0), "grid at p2: 155 kW used of 154"),
    "min_station": (
        cells("sites", "p2", min_station=5),
        "station at p2: 4 chargers, at least 5 expected",
    ),
    "locked out": (cells("sites", "p2", lock="out"), "p2 is locked out and has 4 chargers"),
    "locked in": (cells("sites", "p4", lock="in"), "p4 is locked in and has 0 chargers"),
    "quota, too few": (
        lambda p: rules(quota=7)(cells("charger_types", "ac", min_share=0.0)(p)),
        "quota: 6 placed, exactly 7 expected",
    ),
    "quota, too many": (rules(quota=5, quota_rule="at_most"), "quota: 6 placed, at most 5 allowed"),
    "share, too small": (cells("charger_types", "ac", min_share=0.5), "share of ac: 2, at least 3 expected"),
    "share, too large": (cells("charger_types", "dc", max_share=0.5), "share of dc: 4, at most 3 allowed"),
    "max_count": (cells("charger_types", "dc", max_count=3.0), "count of dc: 4, at most 3 allowed"),
    "budget": (rules(budget_cny=489_999), "budget: 490000 CNY spent of 489999"),
    "budget, opening": (cells("sites", "p1", opening_cny=40_000.0), "budget: 510000 CNY spent of 500000"),
    "task": (rules(tasks={"南区": 3}), "task of 南区: 2 of 3"),
    "demand": (
        cells("demand", ("z5", "fast"), energy_kwh_day=600.0),
        "demand of z5 fast: 675 served of 600",
    ),
    "capacity, standing": (
        lambda p: replace(p, town=replace(p.town, existing=counts({("p4", "ac"): 1}))),
        "capacity at p3 fast: 500 served of 0",
    ),
    "capacity, of a table": (
        lambda p: replace(p, town=p.town.with_cells("capacity", ("dc", 3), energy_kwh_day=1_499.0)),
        "capacity at p2 fast: 1500 served of 1499",
    ),
    "value": (
        proof(value_kwh_day=2_400.0, bound_kwh_day=2_400.0),
        "value: 2388 from the tables, 2400 in the proof",
    ),
    "value, too low": (proof(value_kwh_day=2_300.0), "value: 2388 from the tables, 2300 in the proof"),
    "bound": (proof(bound_kwh_day=2_387.0), "value 2388 above its bound 2387"),
    "bound without end": (proof(bound_kwh_day=float("inf")), "bound inf is no number"),
    "bound missing": (proof(bound_kwh_day=float("nan")), "bound nan is no number"),
}


@pytest.mark.parametrize(("change", "words"), list(ONE_RULE.values()), ids=list(ONE_RULE))
def test_a_plan_that_breaks_one_rule_is_told_that_rule_and_no_other(plan: Planned, change: Change, words: str) -> None:
    assert broken(change(plan)) == (words,)


MORE_RULES = {
    "count not whole": (chargers(("p2", "dc"), 2.5), "count 2.5 of dc at p2 is no whole number"),
    "count negative": (chargers(("p3", "ac"), -1), "count -1.0 of ac at p3 is no whole number"),
    "count missing": (chargers(("p2", "dc"), float("nan")), "count nan of dc at p2 is no whole number"),
    "unknown site": (chargers(("p9", "ac"), 1), "unknown site or type: p9, ac"),
    "unknown type": (chargers(("p2", "hub"), 1), "unknown site or type: p2, hub"),
    "quota": (rules(quota=5), "quota: 6 placed, exactly 5 expected"),
    "charger gone": (chargers(("p2", "dc"), 2), "capacity at p2 fast: 1500 served of 1000"),
    "energy from nothing": (energy(("z4", "p4", "fast"), 10.0), "capacity at p4 fast: 10 served of 0"),
    "energy negative": (energy(("z7", "p1", "fast"), -1.0), "negative energy from z7 to p1"),
    "energy missing": (energy(("z7", "p1", "fast"), float("nan")), "z7"),
    "no such demand": (energy(("z5", "p2", "swap"), 5.0), "demand of z5 swap: 5 served of 0"),
    "out of reach, no access": (energy(("z9", "p1", "fast"), 1.0), "z9 charges at p1 (fast), out of reach"),
    "out of reach, too far": (
        cells("demand", ("z8", "fast"), reach_m=499.0),
        "z8 charges at p2 (fast), out of reach",
    ),
    "out of reach, the other mode": (energy(("z1", "p2", "slow"), 1.0), "z1 charges at p2 (slow), out of reach"),
    "value missing": (proof(value_kwh_day=float("nan")), "value: 2388 from the tables, nan in the proof"),
}


@pytest.mark.parametrize(("change", "words"), list(MORE_RULES.values()), ids=list(MORE_RULES))
def test_a_corrupted_plan_is_refused_by_name(plan: Planned, change: Change, words: str) -> None:
    assert any(words in rule for rule in broken(change(plan))), broken(change(plan))


def test_all_broken_rules_are_told_at_once(plan: Planned) -> None:
    change = rules(budget_cny=480_000, tasks={"北区": 5})
    assert broken(change(plan)) == ("budget: 490000 CNY spent of 480000", "task of 北区: 4 of 5")


def test_a_hair_over_in_energy_is_taken_and_a_thousandth_is_not(plan: Planned) -> None:
    """Energies hold within 1e-6 relative, counts exactly."""
    cells("demand", ("z5", "fast"), energy_kwh_day=675.0 * (1 - 5e-7))(plan).check()
    assert broken(cells("demand", ("z5", "fast"), energy_kwh_day=675.0 * 0.999)(plan))
