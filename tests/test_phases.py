"""siting.phases: from the scenario to the folder of a plan of several years, and on from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from helpers.scenarios import PHASES, TWO_YEARS
from planner import BadInput, make_plan, read_plan, read_scenario, save_plan
from planner.cli import app
from planner.exports import read_answers
from planner.plan import Plan
from planner.scenario.years import scenario_by_year
from planner.studies.alternatives import find_alternatives
from planner.studies.fairness import fairness_curve


def write(folder: Path, phases: str) -> Path:
    file = folder / "phases.toml"
    file.write_text(PHASES + phases, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return make_plan(read_scenario(write(tmp_path_factory.mktemp("phases"), TWO_YEARS)))


def test_rules_are_counted_from_the_start(tmp_path: Path) -> None:
    years = scenario_by_year(read_scenario(write(tmp_path, TWO_YEARS)))
    assert [s.siting.quota for s in years.values()] == [2, 6]
    assert [s.siting.budget_cny for s in years.values()] == [300_000, 1_000_000]
    assert [s.year for s in years.values()] == [2024, 2025]
    assert not any(s.siting.phases for s in years.values())


def test_what_is_asked_of_a_year_holds_after_it(tmp_path: Path) -> None:
    text = TWO_YEARS.replace("weight = 1", 'tasks = { "东区" = 1 }')
    years = scenario_by_year(read_scenario(write(tmp_path, text)))
    assert [s.siting.tasks for s in years.values()] == [{"东区": 1}, {"东区": 1}]


def test_years_add_up_to_the_plan(plan: Plan) -> None:
    table = plan.assessment.years
    assert table["chargers"].tolist() == [2, 4]  # the quotas; toytown's chargers count one each
    added = sum(each.added["count"].sum() for each in plan.years.values())
    assert added == plan.chargers["count"].sum()
    assert table["capex_cny"].iloc[0] <= 300_000 and table["capex_cny"].sum() <= 1_000_000
    assert table["capex_cny"].sum() == pytest.approx(plan.assessment.sites["capex_cny"].sum())
    mean = (table["value_kwh_day"] * [1, 3]).sum() / 4  # the weights
    assert plan.proof.value_kwh_day == pytest.approx(mean)
    assert (table["value_kwh_day"] <= table["bound_kwh_day"] * (1 + 1e-9)).all()


def test_a_saved_plan_of_several_years_comes_back(plan: Plan, tmp_path: Path) -> None:
    folder = save_plan(plan, tmp_path / "plan")
    again = read_plan(folder)
    pd.testing.assert_frame_equal(again.assessment.years, plan.assessment.years)
    assert again.proof == plan.proof
    before = read_answers(folder)
    assert sorted(before.by_year) == [2024, 2025]
    pd.testing.assert_frame_equal(before.by_year[2025].chargers, plan.chargers, check_dtype=False)
    same = make_plan(plan.scenario, start=before)
    pd.testing.assert_frame_equal(same.chargers, plan.chargers, check_dtype=False)
    assert same.proof == plan.proof


def test_the_command_prints_the_years(tmp_path: Path) -> None:
    file = write(tmp_path, TWO_YEARS)
    result = CliRunner().invoke(app, ["plan", str(file), "-o", str(tmp_path / "out"), "--lang", "en"])
    assert result.exit_code == 0, result.output
    assert "by year" in result.output and "2024" in result.output
    result = CliRunner().invoke(app, ["plan", str(file), "-o", str(tmp_path / "out"), "--lang", "zh"])
    assert "服务率" in result.output and "分年" in result.output


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("year = 2024", "year = 2026"), "years out of order (2025 after 2026)"),
        (("quota = 2\n", "quota = 3\n"), "their quotas add up to 7, quota is 6"),
        (("budget_cny = 300000\n", ""), "some have budget_cny and some not"),
        (("year = 2025", "year = 2027"), "siting.phases end in 2027, year is 2025"),
    ],
)
def test_phases_that_do_not_fit_are_named(change: tuple[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as error:
        read_scenario(write(tmp_path, TWO_YEARS.replace(*change)))
    assert words in str(error.value)


def test_an_unknown_key_of_a_phase_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"quota"):
        read_scenario(write(tmp_path, TWO_YEARS.replace("quota = 2\n", "quotas = 2\n")))


def test_a_quota_of_a_year_that_the_bays_do_not_hold_is_named(tmp_path: Path) -> None:
    file = write(tmp_path, TWO_YEARS.replace("quota = 2\n", "quota = 900\n").replace("quota = 4\n", "quota = 4\n"))
    text = file.read_text(encoding="utf-8").replace("quota = 6", "quota = 904").replace("budget_cny = 300000", "")
    file.write_text(text.replace("budget_cny = 700000", ""), encoding="utf-8")
    result = CliRunner().invoke(app, ["plan", str(file), "-o", str(tmp_path / "out")])
    assert result.exit_code == 1 and isinstance(result.exception, BadInput)
    assert "siting.phases, year 2024, quota" in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("ask", [lambda plan: find_alternatives(plan, 1, 0.1), fairness_curve])
def test_what_is_known_of_one_year_alone_says_so(ask: Callable[[Plan], object], plan: Plan) -> None:
    with pytest.raises(BadInput, match=r"the plan has 2 years"):
        ask(plan)
