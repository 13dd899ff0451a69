"""Every rule of siting together: capacity tables of any shape, standing chargers, feeder groups, floors, least cost;
conflicts named in words; other solvers by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from helpers.towns import (
    Planned,
    Town,
    bent_town,
    best_value,
    counts,
    middle_town,
    planned,
    shuffled,
    two_sites,
    with_a_zone_split,
)
from planner import BadInput
from planner.numeric.solver import check_solver, solve
from planner.siting import choose_sites
from planner.siting.check.plan import BrokenPlan
from planner.siting.choose import SolverParams
from planner.siting.city.assignment import assign
from planner.siting.city.region import Choice, cut_out
from planner.siting.model.conflicts import conflicts, whole_conflicts
from planner.siting.model.program import build_program

SEEDS = st.integers(0, 100_000)
few = settings(derandomize=True, max_examples=15, deadline=None, phases=(Phase.explicit, Phase.generate))


def no_worse(value: float) -> float:
    """A lower limit for another solve's value: both are optimal within 1e-4."""
    return value - 2e-4 * abs(value) - 1e-6


# --- by brute force -------------------------------------------------------------------------------------------------


@pytest.mark.slow
@given(SEEDS)
@settings(few, max_examples=300)
def test_either_question_equals_brute_force(seed: int) -> None:
    """And where no plan exists, the rules in conflict are named."""
    town = bent_town(seed)
    best = best_value(town)
    if best is None:
        with pytest.raises(BadInput) as caught:
            town.planned()
        assert not any(fault.where == "scenario, key siting" for fault in caught.value.faults)
        return
    plan = town.planned()
    plan.check()
    assert plan.value == pytest.approx(best, rel=1.1e-4, abs=1e-4)
    assert plan.bound >= best - 1e-6 * abs(best) - 1e-6
    assert plan.proof.optimal


@pytest.mark.slow
@given(SEEDS, st.integers(0, 2**30))
@few
def test_a_part_of_an_optimal_plan_cannot_be_bettered(seed: int, which: int) -> None:
    """Some sites free, the rest as it stands: the part's program has the plan's own part as its best."""
    town = bent_town(seed)
    plan = planned(town)
    x = town.instance
    new = plan.chargers["count"].reindex(x.option_ids).fillna(0).to_numpy(float)
    opened = np.maximum(x.open_from, np.bincount(x.option_site, new, minlength=len(x.site_ids)) > 0)
    whole = Choice(new, opened, assign(x, new))
    free = np.array([which >> j & 1 for j in range(len(x.site_ids))], bool)
    region = cut_out(x, free[x.option_site], free[x.station_site], whole)
    assume(len(region.options))
    program = build_program(region.instance, np.arange(len(region.pairs)))
    values = solve(program.problem, program.variables).values
    sites, options = len(program.opened), len(program.new)
    part = Choice(
        np.round(values[sites : sites + options]),
        np.round(values[:sites]),
        values[sites + options : sites + options + len(region.pairs)],
    )
    again = region.placed_in(whole, part)
    assert again.value(x) == pytest.approx(whole.value(x), rel=3e-4, abs=1e-3)
    used = x.limits.use @ again.new + x.limits.opening @ again.opened
    assert (used >= x.limits.least - 1e-6).all()
    assert (used <= x.limits.most + 1e-6).all()


# --- by hand --------------------------------------------------------------------------------------------------------


def test_the_least_cost_by_hand() -> None:
    """Half of 600 kWh is 300; today's dc carries 100, so two more: beside it (10), and at p2 (10 + 5), or two at p2."""
    town = two_sites(3, quota_rule="at_most", question="least_cost", promise_share=0.5)
    plan = town.planned()
    plan.check()
    assert plan.proof.cost_cny == plan.proof.cost_bound_cny == pytest.approx(25)
    assert plan.proof.value_kwh_day == pytest.approx(300)
    assert plan.proof.gap_share == 0
    kept_up = replace(town, charger_types=town.charger_types.assign(opex_cny_year=1.0))
    assert kept_up.with_rules(discount_rate=0.0, life_years=10).planned().proof.cost_cny == pytest.approx(25 + 2 * 10)
    # the second year's yuan is worth half of the first's at 100 %: 1/2 + 1/4 a charger
    assert kept_up.with_rules(discount_rate=0.999999, life_years=2).planned().proof.cost_cny == pytest.approx(
        25 + 2 * 0.75, rel=1e-5
    )


def test_what_stands_already_costs_nothing() -> None:
    plan = two_sites(3, quota_rule="at_most", question="least_cost", promise_share=1 / 6).planned()
    plan.check()
    assert plan.chargers.empty
    assert plan.proof.cost_cny == plan.proof.gap_share == 0


def test_a_second_charger_is_worth_more_than_a_first_where_queues_pool() -> None:
    """One dc carries 50, two carry 200: beside today's a new one adds 150, at p2 only 50."""
    town = two_sites(1).with_cells("capacity", [("dc", 1), ("dc", 2)], energy_kwh_day=[50.0, 200.0])
    plan = town.with_cells("capacity", [("dc", 3), ("dc", 4)], energy_kwh_day=300.0).planned()
    plan.check()
    assert plan.chargers["count"].to_dict() == {("p1", "dc"): 1}
    assert plan.value == pytest.approx(200)
    assert plan.proof.optimal


def test_a_floor_sends_chargers_where_less_is_gained() -> None:
    """z2 is worth half as much from p2's distance, but a third of its 300 kWh is promised."""
    town = two_sites(1, edge_worth=0.0).with_cells("access", ("z2", "p2", "drive"), metres=250.0)
    town = replace(town, demand=town.demand.assign(district=["east", "west"]))
    assert town.planned().value == pytest.approx(200)
    plan = town.with_rules(floors={"west": 1 / 3}).planned()
    plan.check()
    assert plan.chargers["count"].to_dict() == {("p2", "dc"): 1}
    assert plan.value == pytest.approx(100 + 50)


def test_a_feeder_group_holds_its_sites_together() -> None:
    """A dc draws 30 kW; one feeder of 50 kW holds one new dc at both sites together."""
    town = two_sites(3, quota_rule="at_most")
    town = replace(town, sites=town.sites.assign(feeder="f")).with_rules(feeder_kw={"f": 50.0})
    plan = town.planned()
    plan.check()
    assert plan.chargers["count"].sum() == 1


def test_columns_that_may_be_left_out() -> None:
    """Siting needs no names and kinds; what is left out is as free as can be."""
    town = two_sites(3)
    bare = replace(
        town,
        sites=town.sites[["bays", "grid_kw", "opening_cny"]],
        charger_types=town.charger_types[["service", "kw_rated", "bays_used", "price_cny", "quota_units"]],
    )
    plan = bare.planned()
    plan.check()
    assert plan.value == pytest.approx(town.planned().value)


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA])
def test_no_largest_count_may_be_said_in_three_ways(nothing: Any) -> None:
    town = two_sites(3)
    types = town.charger_types.assign(max_count=pd.Series([nothing], index=town.charger_types.index, dtype=object))
    assert replace(town, charger_types=types).planned().value == pytest.approx(400)


# --- laws -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@given(SEEDS, st.floats(1.0, 3.0))
@few
def test_more_of_anything_is_never_worse(seed: int, factor: float) -> None:
    town = bent_town(seed).with_rules(quota_rule="at_most")
    plan = planned(town)
    more_kw = {group: kw * factor for group, kw in town.siting.feeder_kw.items()}
    assert town.with_rules(feeder_kw=more_kw).planned().value >= no_worse(plan.value)
    assert town.with_rules(floors={}).planned().value >= no_worse(plan.value)
    assert town.with_rules(budget_cny=None).planned().value >= no_worse(plan.value)
    farther = town.with_cells("demand", reach_m=town.demand["reach_m"] * factor)
    assert farther.planned().value >= no_worse(plan.value)
    if town.siting.promise_share:
        assert town.with_rules(promise_share=0.05).planned().value >= no_worse(plan.value)


@pytest.mark.slow
@given(SEEDS, st.integers(0, 100))
@few
def test_the_order_of_rows_changes_nothing(seed: int, order: int) -> None:
    town = bent_town(seed)
    plan, again = planned(town), shuffled(town, order).planned()
    pd.testing.assert_frame_equal(plan.chargers, again.chargers)
    assert again.proof == plan.proof


@pytest.mark.slow
@given(SEEDS)
@few
def test_other_ids_change_no_value(seed: int) -> None:
    town = bent_town(seed)
    plan = planned(town)
    names = {j: f"q{9 - n}" for n, j in enumerate(town.sites.index)}  # also in another order
    renamed = replace(
        town,
        sites=town.sites.rename(names),
        access=town.access.rename(names, level="site_id"),
        existing=town.existing.rename(names, level="site_id") if len(town.existing) else town.existing,
    )
    assert renamed.planned().value == pytest.approx(plan.value, rel=2e-4, abs=1e-4)


@pytest.mark.slow
@given(SEEDS, st.floats(0.05, 0.95))
@few
def test_splitting_a_zone_changes_nothing(seed: int, share: float) -> None:
    town = bent_town(seed)
    whole = planned(town)
    assert with_a_zone_split(town, share).planned().value == pytest.approx(whole.value, rel=2e-4, abs=1e-4)


# --- conflicts ------------------------------------------------------------------------------------------------------


def with_districts(town: Town) -> Town:
    return replace(town, demand=town.demand.assign(district=["east", "west"]))


def on_one_feeder(town: Town) -> Town:
    return replace(town, sites=town.sites.assign(feeder="10 kV"))


CONFLICTS: dict[str, tuple[Town, str, str]] = {
    "floor": (  # p2 has two bays: 200 of z2's 300 kWh
        with_districts(two_sites(3)).with_rules(floors={"west": 0.9}),
        "scenario, key siting.floors: floor of west: 0.9 of the demand asked, at most 0.666 can be served beside "
        "quota, the sites' bays, what chargers carry; lower it, or relax what holds it back",
        "west 服务率下限：要求达到需求的 0.9，最多可达 0.666",
    ),
    "promise": (  # 200 kWh at each site of 600 kWh in all
        two_sites(3, quota_rule="at_most", question="least_cost", promise_share=0.95),
        "scenario, key siting.promise_share: promise: 0.95 of the demand asked, at most 0.666 can be served",
        "服务率承诺：要求达到需求的 0.95，最多可达 0.666",
    ),
    "feeder": (  # two of the two dc beside task and quota: 2 x 30 kW
        on_one_feeder(two_sites(2, tasks={"d": 2})).with_rules(feeder_kw={"10 kV": 31.0}),
        "scenario, key siting.feeder_kw: feeder group 10 kV: 31 kW allowed, at least 60 kW needed beside ",
        "馈线组 10 kV：上限 31 kW，至少需要 60 kW",
    ),
    "task": (
        two_sites(3, tasks={"d": 4}, quota_rule="at_most"),
        "scenario, key siting.tasks: task of d: 4 asked, at most 3 fit; lower it",
        "d 任务：要求 4 台，最多可布置 3 台",
    ),
    "quota": (
        two_sites(5),
        "scenario, key siting.quota: chargers: 5 asked, at most 3 fit; lower the quota, or add sites, bays or grid",
        "新增总量：要求 5 台，最多可布置 3 台",
    ),
    "largest count": (
        two_sites(3).with_cells("charger_types", max_count=2.0),
        "charger_types, column max_count, row dc: largest count of dc: 2 allowed, at least 3 needed beside quota; "
        "raise it",
        "dc 最多台数：上限 2 台，至少需要 3 台",
    ),
    "lock": (
        replace(two_sites(3), existing=counts({("p1", "dc"): 0})).with_cells("sites", lock="in", min_station=2.0),
        "scenario, key siting.quota: chargers: 3 allowed, at least 4 needed beside locked-in sites; raise the quota",
        "新增总量：上限 3 台，至少需要 4 台（受制于 锁定必选的站点）",
    ),
    "budget": (  # today's site takes one for 10, the other two cost 20 and the opening 5
        two_sites(3, budget_cny=34),
        "scenario, key siting.budget_cny: budget: 34 CNY allowed, at least 35 CNY needed beside quota, "
        "the sites' bays; raise the budget, or lower the quota",
        "预算：上限 34 元，至少需要 35 元",
    ),
}


@pytest.mark.parametrize(("town", "words", "zh"), list(CONFLICTS.values()), ids=list(CONFLICTS))
def test_a_conflict_is_named_with_its_amounts(town: Town, words: str, zh: str) -> None:
    with pytest.raises(BadInput) as caught:
        town.planned()
    told = [f"{fault.where}: {fault.en}" for fault in caught.value.faults]
    assert any(words in fault for fault in told), told
    assert any(zh in fault.zh for fault in caught.value.faults), [fault.zh for fault in caught.value.faults]
    assert "nfeasible" not in str(caught.value)


def test_a_conflict_of_whole_chargers_is_found_by_whole_chargers() -> None:
    """Half a hub of 2 units meets a quota of 3 beside one; whole ones do not."""
    town = two_sites(3).with_cells("charger_types", quota_units=2.0)
    assert conflicts(town.instance) == []
    fault = whole_conflicts(town.instance)[0]
    assert fault.en.startswith("chargers: 3 asked, at most 2 fit") or "3 allowed, at least 4 needed" in fault.en
    with pytest.raises(BadInput) as caught:
        town.planned()
    assert caught.value.faults == (fault,)


def test_a_task_beside_a_task_names_both_or_the_quota() -> None:
    town = two_sites(2).with_cells("sites", "p1", task_unit="e").with_rules(tasks={"e": 1, "d": 2})
    with pytest.raises(BadInput, match=r"chargers: 2 allowed, at least 3 needed|task of"):
        town.planned()


def test_zero_budget_with_at_most_is_exactly_today() -> None:
    plan = two_sites(3, quota_rule="at_most", budget_cny=0).planned()
    plan.check()
    assert plan.chargers.empty
    assert plan.value == plan.proof.bound_kwh_day == pytest.approx(100)


def test_with_every_site_locked_out_the_plan_is_today_and_proven() -> None:
    plan = two_sites(3, quota_rule="at_most").with_cells("sites", lock="out").planned()
    plan.check()
    assert plan.value == plan.proof.bound_kwh_day == pytest.approx(100)
    assert plan.proof.optimal


# --- the plan's check -----------------------------------------------------------------------------------------------

BREAKS: dict[str, tuple[Callable[[Planned], Planned], str]] = {
    "floor": (
        lambda p: replace(p, town=with_districts(p.town).with_rules(floors={"west": 0.9})),
        "floor of west: 100 kWh served of 270",
    ),
    "feeder": (
        lambda p: replace(p, town=on_one_feeder(p.town).with_rules(feeder_kw={"10 kV": 59.0})),
        "feeder 10 kV: 60 kW used of 59",
    ),
    "promise": (
        lambda p: replace(p, town=p.town.with_rules(promise_share=0.6)),
        "promise: 300 kWh served of 360",
    ),
    "cost": (
        lambda p: p.told(proof=replace(p.proof, cost_cny=24.0, cost_bound_cny=24.0)),
        "cost: 25 from the tables",
    ),
    "cost under its bound": (
        lambda p: p.told(proof=replace(p.proof, cost_bound_cny=26.0)),
        "cost 25 under its bound 26",
    ),
    "no cost": (lambda p: p.told(proof=replace(p.proof, cost_cny=None)), "the proof has no cost"),
    "cost unasked": (
        lambda p: replace(p, town=p.town.with_rules(question="most_service", promise_share=None)),
        "a cost is proven, but the least cost was not asked for",
    ),
    "value": (lambda p: p.told(proof=replace(p.proof, value_kwh_day=310.0)), "value: 300 from the tables, 310"),
    "not standing any more": (
        lambda p: replace(p, town=replace(p.town, existing=counts({("p1", "dc"): 0}))),
        "cost: 30 from the tables, 25 in the proof",
    ),
    "bent table": (
        lambda p: replace(p, town=p.town.with_cells("capacity", ("dc", 2), energy_kwh_day=150.0)),
        "capacity at p1 fast: 200 served of 150",
    ),
}


@pytest.mark.parametrize(("change", "words"), list(BREAKS.values()), ids=list(BREAKS))
def test_a_broken_plan_is_told_its_rule(change: Callable[[Planned], Planned], words: str) -> None:
    """One new dc at each site, 200 kWh at p1 and 100 at p2, for 10 and 15."""
    town = two_sites(2, question="least_cost", promise_share=0.5).with_cells("sites", "p2", bays=1.0)
    plan = town.planned()
    plan.check()
    with pytest.raises(BrokenPlan) as caught:
        change(plan).check()
    assert any(words in rule for rule in caught.value.broken), caught.value.broken


# --- other solvers --------------------------------------------------------------------------------------------------


@pytest.fixture
def with_cbc() -> None:
    try:
        check_solver("CBC")
    except BadInput:
        pytest.skip("CBC is not installed; PuLP 4 takes it from cbcbox")


@pytest.mark.slow
@pytest.mark.usefixtures("with_cbc")
@pytest.mark.parametrize("question", ["most_service", "least_cost"])
def test_cbc_by_name_finds_the_same(question: str) -> None:
    seen = 0
    for seed in range(12):
        town = bent_town(seed, question)
        if best_value(town) is None:
            continue
        plan = town.with_rules(solver="CBC").planned()
        plan.check()
        assert plan.value == pytest.approx(best_value(town), rel=2e-4, abs=1e-4)
        assert "CBC" in plan.proof.method
        seen += 1
    assert seen >= 3


@pytest.mark.slow
@pytest.mark.usefixtures("with_cbc")
def test_a_truncated_cbc_never_says_optimal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bound is then the relaxation's, which HiGHS solves, or a lower one of the city-size method."""
    town = middle_town(3, size=20, quota=80, budget_cny=9e6).with_cells("sites", min_station=6.0)
    monkeypatch.setattr(f"{choose_sites.__module__}.PARAMS", SolverParams(work=0))
    plan = town.with_rules(solver="CBC").planned()
    plan.check()
    assert not plan.proof.optimal
    assert "cut short" in plan.proof.method or plan.proof.method.startswith("Lagrangian duality")
    assert plan.proof.bound_kwh_day > plan.value
