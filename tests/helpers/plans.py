"""Plans to be saved and exported: toytown in two years, and a toytown whose names are hostile."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from helpers.places import TOYTOWN
from planner.plan import Plan, make_plan
from planner.scenario import read_scenario
from planner.siting import Answer, Answers

HOSTILE = {
    "p1": "=cmd|'/c calc'!A1",
    "p2": "</script><script>alert(1)</script>]]><b>&amp;",
    "p3": "'; DROP TABLE sites;-- \u202e\u2067rtl",
    "p4": "../../x 😀\r\nnext\tline\x01\x1f\ufffe",
}
"""Place -> a name that means something to a spreadsheet, a browser, a database, a file system, a parser of XML."""

HOSTILE_ID = "@SUM(1)'; DROP TABLE ev_plans.plans;--"
LONG = "长" * 40_000


def with_tables(plan: Plan, **changed: Any) -> Plan:
    """A plan of one year with some of its parts replaced: scenario, layers, tables of its problem or its answer."""
    scenario = changed.pop("scenario", plan.scenario)
    layers = changed.pop("layers", plan.layers)
    of_answer = {name: changed.pop(name) for name in ("chargers", "assignment", "proof", "prices") if name in changed}
    problem = replace(plan.problem, rules=scenario.siting, walked=scenario.walked, **changed)
    return Plan(
        scenario, layers, {scenario.year: problem}, Answers.of(scenario.year, replace(plan.answer, **of_answer))
    )


def with_figures(plan: Plan, **figures: Any) -> Plan:
    """A plan whose figures are given instead of reckoned: assessment, baselines."""
    given = replace(plan)
    vars(given).update(figures)
    return given


def in_two_years(plan: Plan, first: pd.DataFrame, before: int, demand: pd.DataFrame, early: Answer) -> Plan:
    """A plan of one year as one of two: `first` of its chargers stand `before` years earlier, when `early` is known."""
    year = plan.scenario.year
    problems = {year - before: replace(plan.problem, demand=demand), year: plan.problem}
    by_year = {year - before: replace(early, chargers=first), year: plan.answer}
    return replace(plan, problems=problems, answers=Answers(by_year, plan.proof, plan.answer.prices))


def two_years(plan: Plan) -> Plan:
    """A plan of one year as one of two: the first type of every site first, the second year all of it."""
    first = plan.chargers.groupby(level="site_id").head(1)
    first = first[first.index.get_level_values("site_id") != plan.chargers.index[-1][0]]
    begun = replace(plan.proof, value_kwh_day=plan.proof.value_kwh_day / 3, needed_chargers=1, problem="first")
    less = plan.demand.assign(energy_kwh_day=plan.demand["energy_kwh_day"] / 2)
    return in_two_years(
        plan, first, 2, less, replace(plan.answer, assignment=plan.assignment.iloc[:2] / 7, proof=begun)
    )


def unserved_at_first(plan: Plan) -> Plan:
    """A plan with one type of every site built a year earlier, when nobody is served by it yet."""
    first = plan.chargers.groupby(level="site_id").head(1)
    return in_two_years(plan, first, 1, plan.demand, replace(plan.answer, assignment=plan.assignment.iloc[:0]))


def hostile_plan(folder: Path) -> Plan:
    """Toytown planned from a copy whose places bear the names of `HOSTILE`; one has a hostile id and a long name."""
    town = shutil.copytree(TOYTOWN, folder / "town")
    file = town / "places.geojson"
    content = json.loads(file.read_text(encoding="utf-8"))
    for feature in content["features"]:
        about = feature["properties"]
        about["name_zh"] = HOSTILE.get(about["place_id"], about["name_zh"])
        if about["place_id"] == "p2":
            about["place_id"], about["name_en"] = HOSTILE_ID, LONG
    file.write_text(json.dumps(content), encoding="utf-8")
    return make_plan(read_scenario(town / "toytown.toml"))
