"""Several years planned together: what is built stays, every year keeps its rules, one proof of all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from helpers.towns import Town as Tables
from helpers.towns import middle_town, tiny_town, worths_of_years, year_before
from planner import BadInput
from planner.candidates import before_locks
from planner.siting import Answers, Effort, Problem, check_years, choose_years
from planner.siting.check.plan import BrokenPlan
from planner.siting.city.certificate import upper_bound
from planner.siting.city.dual import find_prices
from planner.siting.city.plan_years import plan_years
from planner.siting.model.instance import make_instance
from planner.siting.model.merge import merge_demands
from planner.siting.model.phases import Years


def problem_of(tables: Tables, weight: float = 1.0) -> Problem:
    return replace(tables.problem, weight=weight)


def chosen(early: Tables, late: Tables, weight: float = 1.0, **more: object) -> Answers:
    towns = {2024: problem_of(early), 2025: problem_of(late, weight)}
    answers = choose_years(towns, **more)  # type: ignore[arg-type]
    check_years(towns, answers)
    return answers


@pytest.mark.slow
@given(st.integers(0, 10_000), st.sampled_from([1.0, 3.0, 0.25]))
@settings(max_examples=12, deadline=None)
def test_value_equals_brute_force_over_all_pairs_of_years(seed: int, weight: float) -> None:
    late = tiny_town(seed, "at_most")
    assume(late.siting.question == "most_service" and not late.siting.floors and late.siting.quota >= 2)
    early = year_before(late)
    best = max(worths_of_years(early, late, weight), default=None)
    assume(best is not None)
    proof = chosen(early, late, weight).proof
    assert proof.value_kwh_day == pytest.approx(best, rel=2e-4, abs=1e-3)
    assert proof.bound_kwh_day >= best * (1 - 1e-9) - 1e-6


def test_what_stands_in_a_year_stands_in_the_next() -> None:
    late = tiny_town(3, "at_most")
    years = chosen(year_before(late), late).by_year
    fewer = years[2024].chargers["count"].sub(years[2025].chargers["count"], fill_value=0)
    assert (fewer <= 0).all()


@pytest.fixture(scope="module")
def city() -> tuple[dict[int, Problem], Tables]:
    late = middle_town(2, size=40, quota=160)
    half = late.siting.budget_cny / 2 if late.siting.budget_cny else None
    early = year_before(late, quota=80, budget_cny=half)
    return {2024: problem_of(early), 2025: problem_of(late, 2.0)}, late


@pytest.fixture(scope="module")
def city_years(city: tuple[dict[int, Problem], Tables]) -> Years:
    towns, _ = city
    parts = {y: merge_demands(make_instance(problem)).instance for y, problem in towns.items()}
    return Years(parts, {2024: 0.5, 2025: 1.0})


@pytest.mark.slow
def test_a_city_of_two_years_keeps_every_rule_under_its_bound(
    city: tuple[dict[int, Problem], Tables], city_years: Years
) -> None:
    choice, bound, prices = plan_years(city_years, Effort(0.001), lambda step, value, bound: None)
    x = city_years.whole
    used = x.limits.use @ choice.new + x.limits.opening @ choice.opened
    assert (used <= x.limits.most + 1e-6).all() and (used >= x.limits.least - 1e-6).all()  # stays among them
    value = choice.value(x)
    assert 0.9 * bound <= value <= bound
    assert upper_bound(x, prices) == bound
    # a bound with the price of what stays is no worse than the years' own bounds
    alone = [upper_bound(p, find_prices(p, 600, Effort(1.0), lambda s, v, b: None)) for p in city_years.parts]
    assert bound <= (0.5 * alone[0] + alone[1]) * (1 + 2e-3)


@pytest.mark.slow
def test_no_plan_of_the_whole_program_is_above_the_bound(city_years: Years) -> None:
    """Random prices of what stays prove a bound too."""
    rng = np.random.default_rng(5)
    x = city_years.whole
    choice, _, prices = plan_years(city_years, Effort(0.5), lambda step, value, bound: None)
    shaken = prices.limits * np.where(x.limits.is_stays, rng.uniform(0, 3, len(prices.limits)), 1.0)
    assert upper_bound(x, replace(prices, limits=shaken)) >= choice.value(x)


@pytest.mark.slow
def test_apart_and_joined_are_inverse(city_years: Years) -> None:
    x = city_years.whole
    prices = find_prices(x, 5, Effort(1.0), lambda s, v, b: None)
    again = city_years.joined_prices(
        [city_years.prices_of(t, prices) for t in range(2)], prices.limits[x.limits.is_stays]
    )
    for name in ("demand", "limits", "floors"):
        np.testing.assert_allclose(getattr(again, name), getattr(prices, name))
    plan, *_ = plan_years(city_years, Effort(0.5), lambda step, value, bound: None)
    back = city_years.joined(city_years.apart(plan))
    assert (back.new == plan.new).all() and (back.served == plan.served).all()


@pytest.mark.slow
def test_the_same_question_twice_gives_the_same_plan_and_one_from_before_is_taken(
    city: tuple[dict[int, Problem], Tables],
) -> None:
    towns, _ = city
    first = choose_years(towns)
    second = choose_years(towns)
    for year in towns:
        pd.testing.assert_frame_equal(first.by_year[year].chargers, second.by_year[year].chargers)
    assert choose_years(towns, start=first) is first
    assert second.proof == first.proof


@pytest.mark.slow
def test_a_site_locked_out_is_left_in_all_years(city: tuple[dict[int, Problem], Tables]) -> None:
    towns, late = city
    first = choose_years(towns)
    busiest = first.last.chargers["count"].groupby(level="site_id").sum().idxmax()
    sites = late.sites.assign(lock=late.sites["lock"].where(late.sites.index != busiest, "out"))
    closed = {y: replace(problem, sites=before_locks(sites) if y == 2024 else sites) for y, problem in towns.items()}
    second = choose_years(closed, start=first)
    check_years(closed, second)
    for answer in second.by_year.values():
        assert busiest not in answer.chargers.index.get_level_values("site_id")


@pytest.mark.slow
def test_the_check_refuses_what_a_solver_might_get_wrong(city: tuple[dict[int, Problem], Tables]) -> None:
    towns, _ = city
    answers = choose_years(towns)
    years, proof = answers.by_year, answers.proof
    with pytest.raises(BrokenPlan, match=r"are gone in 2025"):
        check_years(towns, replace(answers, by_year={2024: years[2025], 2025: years[2024]}))
    with pytest.raises(BrokenPlan, match=r"value: .* from the years"):
        check_years(towns, replace(answers, proof=replace(proof, value_kwh_day=proof.value_kwh_day * 0.9)))
    with pytest.raises(BrokenPlan, match=r"2024: quota"):
        check_years({**towns, 2024: towns[2025]}, answers)


def test_a_quota_of_a_year_above_the_bays_is_named_with_its_year(city: tuple[dict[int, Problem], Tables]) -> None:
    towns, _ = city
    much = {y: problem.with_rules(quota=100_000, budget_cny=None) for y, problem in towns.items()}
    with pytest.raises(BadInput) as error:
        choose_years(much)
    text = str(error.value)
    assert "scenario, key siting.phases, year 2024, quota" in text and "by the end of 2024, chargers: 100,000" in text
    assert "至 2024 年底" in text and "at most" in text
