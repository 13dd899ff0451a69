"""The city-size method: against the whole program in the solver on a town of middle size; once the embedded Taiyuan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from towns import Planned, Town, assigned_value, middle_town, shuffled

from planner import BadInput, Plan, make_plan, read_scenario
from planner.siting import Proof, check_plan
from planner.siting.choose import tables_of
from planner.siting.city import plan_city
from planner.siting.program import build_program
from planner.siting.solver import NoPlan, Solved, solve

MOST_GAP = 0.06


def locked() -> Town:
    """Every fourth site locked in, every fourth locked out; half the grid, so that grid and not bays limits a site."""
    town = middle_town(3)
    town = town.with_cells("sites", grid_kw=town.sites["grid_kw"] / 2)
    inside = town.with_cells("sites", town.sites.index[::4], lock="in")
    return inside.with_cells("sites", town.sites.index[2::4], lock="out")


def tasked() -> Town:
    """The district that the free plan serves least gets half of the quota as its task."""
    town = middle_town(2)
    room = town.sites.groupby("task_unit")["bays"].sum()
    return town.with_rules(tasks={room.idxmin(): 120})


REGIMES = {
    "scarce": lambda: middle_town(1),
    "loose": lambda: middle_town(1, demand_factor=0.25),
    "at most, budget binds": lambda: middle_town(2, quota_rule="at_most", budget_cny=2.2e7),
    "locks": locked,
    "task": tasked,
}


@pytest.fixture(scope="module", params=list(REGIMES))
def plan(request: pytest.FixtureRequest) -> Planned:
    return by_the_city_method(REGIMES[request.param]())


def by_the_city_method(town: Town) -> Planned:
    """The method for towns too large for the solver, on one that is not."""
    x = town.instance
    choice, bound = plan_city(x, town.siting.gap_share, town.siting.rounds, lambda step, value, bound: None)
    proof = Proof(choice.value(x), bound, "weak duality", False, True, 0.0, 0.0, 0)
    return Planned(town, *tables_of(x, choice), proof)


def exactly(town: Town) -> Solved:
    """The whole program in the solver, to a gap of 6 % or at its first node."""
    x = town.instance
    program = build_program(x, np.arange(len(x.pair_demand)))
    variables = [*program.opened, *program.new, *program.served]
    return solve(program.problem, variables, mip_rel_gap=0.06, mip_max_nodes=1)


def test_its_plan_keeps_every_rule(plan: Planned) -> None:
    plan.check()


def test_its_bound_is_above_and_its_value_near_what_the_solver_finds(plan: Planned) -> None:
    exact = exactly(plan.town)
    assert plan.proof.bound_kwh_day >= exact.value * (1 - 1e-6)
    assert plan.value <= exact.bound * (1 + 1e-6)
    assert plan.value >= exact.value * 0.98


def test_its_gap_is_small(plan: Planned) -> None:
    assert 0 < plan.proof.gap_share < MOST_GAP


def test_everyone_charges_as_is_best_for_these_chargers(plan: Planned) -> None:
    """The generated pairs of the assignment leave nothing out: equal to a linear program over all pairs."""
    assert plan.value == pytest.approx(assigned_value(plan.town, plan.chargers), rel=1e-5)


def test_rows_in_another_order_give_the_same_plan() -> None:
    first, again = by_the_city_method(middle_town(1)), by_the_city_method(shuffled(middle_town(1)))
    pd.testing.assert_frame_equal(first.chargers, again.chargers, check_exact=True)
    pd.testing.assert_frame_equal(first.assignment, again.assignment, check_exact=True)
    assert first.proof == again.proof


def test_without_money_the_standing_chargers_serve_alone() -> None:
    town = middle_town(1, quota_rule="at_most", budget_cny=0, ac_share=0.0)
    for plan in (by_the_city_method(town), town.planned()):
        plan.check()
        assert plan.chargers.empty
        assert plan.value == pytest.approx(assigned_value(town, plan.chargers), rel=1e-6)


def test_sweeps_of_regions_never_make_it_worse() -> None:
    town = middle_town(2, gap_share=0.001)
    swept = by_the_city_method(town.with_rules(rounds=1))
    swept.check()
    assert swept.value >= by_the_city_method(town).value * (1 - 1e-9)


def test_a_district_can_be_filled_to_its_last_bay() -> None:
    """Four bays at every site there and a task as large as what the standing chargers leave of them."""
    town = middle_town(1)
    east = town.sites.index[town.sites["task_unit"] == "east"]
    full = town.with_cells("sites", east, bays=4.0, grid_kw=2_000.0)
    standing = town.existing["count"].groupby("site_id").sum().reindex(east, fill_value=0.0)
    room = int((full.sites.loc[east, "bays"] - standing).sum())
    plan = by_the_city_method(full.with_rules(tasks={"east": room}))
    plan.check()
    placed = plan.chargers[plan.chargers.index.get_level_values("site_id").isin(east)]
    assert placed.drop("swap", level="charger_type", errors="ignore")["count"].sum() == room


IMPOSSIBLE = {"task": {"tasks": {"east": 2_000}}, "quota": {"quota": 3_000}, "budget": {"budget_cny": 1e6}}


@pytest.mark.parametrize("rules", list(IMPOSSIBLE.values()), ids=list(IMPOSSIBLE))
def test_rules_that_no_plan_can_keep_are_refused(rules: dict[str, Any]) -> None:
    town = middle_town(1).with_rules(**rules)
    with pytest.raises(NoPlan):
        by_the_city_method(town)
    with pytest.raises(BadInput, match="scenario, key siting"):
        town.planned()


def test_a_middle_town_is_the_whole_program_in_the_solver_and_its_limit_is_told() -> None:
    plan = middle_town(1).planned()
    plan.check()
    assert plan.proof.method.startswith("branch and bound of the whole program")
    assert not plan.proof.optimal or plan.proof.gap_share <= 2e-4
    assert plan.proof.gap_share < 0.02


# --- the embedded Taiyuan, whole ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def taiyuan() -> Plan:
    return make_plan(read_scenario())


@pytest.mark.city
def test_taiyuan_places_exactly_its_quota_within_three_percent(taiyuan: Plan) -> None:
    units = taiyuan.charger_types["quota_units"].reindex(taiyuan.chargers.index.get_level_values("charger_type"))
    assert (taiyuan.chargers["count"].to_numpy() * units.to_numpy()).sum() == 10_000
    assert 0 < taiyuan.proof.gap_share <= 0.03


@pytest.mark.city
def test_taiyuans_plan_keeps_every_rule(taiyuan: Plan) -> None:
    check_plan(
        taiyuan.chargers,
        taiyuan.assignment,
        taiyuan.proof,
        taiyuan.demand,
        taiyuan.sites,
        taiyuan.access,
        taiyuan.charger_types,
        taiyuan.capacity,
        taiyuan.existing,
        taiyuan.scenario.siting,
    )


@pytest.mark.city
def test_taiyuans_proof_claims_a_bound_and_no_optimum(taiyuan: Plan) -> None:
    assert not taiyuan.proof.optimal
    assert "optimal" not in taiyuan.proof.method
    assert taiyuan.proof.reproducible
    assert taiyuan.proof.value_kwh_day <= taiyuan.proof.bound_kwh_day
    assert taiyuan.proof.value_kwh_day <= taiyuan.assignment["energy_kwh_day"].sum() <= taiyuan.proof.reachable_kwh_day


@pytest.mark.city
def test_taiyuan_equips_every_required_institution_and_no_locked_site(taiyuan: Plan) -> None:
    equipped = set(taiyuan.chargers.index.get_level_values("site_id"))
    locks = taiyuan.sites["lock"]
    assert not equipped & set(locks.index[locks == "out"])
    required = taiyuan.sites.index[(taiyuan.sites["institution"] == "equipped") & (locks != "out")]
    standing = set(taiyuan.existing.index.get_level_values("site_id")[taiyuan.existing["count"] > 0])
    assert len(required)
    assert set(required) <= equipped | standing
    assert set(locks.index[locks == "in"]) <= equipped
