"""Plans to be saved and exported: toytown in two years, and a toytown whose names are hostile."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from helpers.places import TOYTOWN
from planner.assessment import Assessment
from planner.plan import Plan, make_plan
from planner.scenario import read_scenario
from planner.scenario.siting import Phase
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
    """A plan with some of its parts replaced: scenario, layers, tables of its problems, or of its last answer."""
    scenario = changed.pop("scenario", plan.scenario)
    layers = changed.pop("layers", plan.layers)
    of_answer = {name: changed.pop(name) for name in ("chargers", "assignment", "proof", "prices") if name in changed}
    rules = {"rules": scenario.siting, "walked": scenario.walked} if len(plan.problems) == 1 else {}
    problems = {year: replace(problem, **rules, **changed) for year, problem in plan.problems.items()}
    last = replace(plan.answer, **of_answer)
    by_year = {**plan.answers.by_year, max(problems): last}
    proof = last.proof if len(problems) == 1 else plan.proof
    return Plan(scenario, layers, problems, replace(plan.answers, by_year=by_year, proof=proof))


def with_figures(plan: Plan, assessment: Assessment | None = None, **changed: Any) -> Plan:
    """A plan with some of its parts replaced whose figures are given, or those of before, instead of reckoned."""
    given = with_tables(plan, **changed)
    vars(given).update(assessment=assessment or plan.assessment, baselines=plan.baselines)
    return given


def drawn_plan(plan: Plan, assessment: Assessment) -> Plan:
    """A made-up plan with made-up figures, beside which nothing stands."""
    vars(plan).update(assessment=assessment, baselines=pd.DataFrame())
    return plan


def in_two_years(plan: Plan, first: pd.DataFrame, before: int, demand: pd.DataFrame, early: Answer) -> Plan:
    """A plan of one year as one of two: `first` of its chargers stand `before` years earlier, when `early` is known."""
    year, siting = plan.scenario.year, plan.scenario.siting
    units = plan.charger_types["quota_units"].reindex(first.index.get_level_values("charger_type")).to_numpy()
    begun = int((first["count"].to_numpy() * units).sum())
    phases = [Phase(year=year - before, quota=begun), Phase(year=year, quota=siting.quota - begun)]
    scenario = plan.scenario.model_copy(update={"siting": siting.model_copy(update={"phases": phases})})
    problems = {year - before: replace(plan.problem, demand=demand), year: plan.problem}
    by_year = {year - before: replace(early, chargers=first), year: plan.answer}
    return Plan(scenario, plan.layers, problems, Answers(by_year, plan.proof, plan.answer.prices))


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
