"""The line as a whole: what is prepared, what is reckoned when asked, and that siting goes by the scenario's modes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from helpers.towns import tiny_town
from planner import BadInput
from planner.assessment import measure_trips
from planner.plan import Plan, make_plan, prepare
from planner.scenario import Scenario
from planner.siting import Problem, choose_sites


def test_a_plan_is_its_preparation_and_its_answers(toytown: Plan, scenario: Scenario) -> None:
    prepared = prepare(scenario)
    assert list(prepared.problems) == list(toytown.problems) == [scenario.year]
    asked = prepared.problems[scenario.year]
    assert asked.demand.equals(toytown.demand) and asked.access.equals(toytown.access)
    assert choose_sites(asked).proof == toytown.proof


def test_figures_are_reckoned_when_asked_and_once(scenario: Scenario) -> None:
    plan = make_plan(scenario)
    assert not {"assessment", "baselines"} & set(vars(plan))
    assert plan.assessment is plan.assessment
    assert "baselines" not in vars(plan)


def test_fast_charging_that_is_walked_is_sited_as_walked(variant: Callable[[str], Scenario]) -> None:
    """Measured on foot, worth by the way on foot, nobody beyond a walk: in the plan as in its figures."""
    plan = make_plan(variant('[services.fast]\nmode = "walk"\n'))
    assert plan.problem.walked == {"slow", "fast"}
    fast = plan.assignment[plan.assignment.index.get_level_values("service") == "fast"].reset_index()
    assert len(fast)
    worth = 0.0
    for row in plan.assignment.reset_index().itertuples():
        metres = plan.access.loc[(row.zone_id, row.site_id, "walk"), "metres"]
        reach = plan.demand.loc[(row.zone_id, row.service), "reach_m"]
        assert metres <= reach
        worth += row.energy_kwh_day * (1 - (1 - plan.scenario.siting.edge_worth) * metres / reach)
    assert plan.proof.value_kwh_day == pytest.approx(worth)
    assert measure_trips(plan.problem, plan.assignment)["worth_kwh_day"].sum() == pytest.approx(worth)


def test_tables_alone_are_enough() -> None:
    """kWh by type, rules by their keys, nothing standing: the same problem as with every table written out."""
    town = tiny_town(1)
    each = town.capacity["energy_kwh_day"].xs(1, level="count")
    plain = Problem.from_tables(town.demand, town.sites, town.access, town.charger_types, each, rules={"quota": 1})
    assert plain.existing.empty and plain.rules.quota == 1 and plain.cover is None
    whole = plain.capacity["energy_kwh_day"].unstack("count")
    assert whole[2].tolist() == pytest.approx((2 * each).tolist())
    with pytest.raises(ValueError, match="quotas"):
        Problem.from_tables(town.demand, town.sites, town.access, town.charger_types, each, rules={"quotas": 1})


def test_a_plan_to_go_on_from_must_be_of_the_same_city(toytown: Plan, scenario: Scenario) -> None:
    renamed = toytown.answer.chargers.rename(index=lambda site: f"x{site}", level="site_id")
    answers = type(toytown.answers).of(2025, type(toytown.answer)(renamed, toytown.assignment, toytown.proof))
    with pytest.raises(BadInput, match="the plan to go on from: none of its sites"):
        make_plan(scenario, start=answers)
