"""The price of fairness, level by level: figures recomputed, levels that cannot be met, files, the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from planner import BadInput, Plan, make_plan, save_plan
from planner.cli import app
from planner.scenario import Scenario
from planner.siting import choose_sites
from planner.studies.fairness import FairnessCurve, fairness_curve, served_by_area
from planner.views.fairness import FILES, save_fairness

LEVELS = [0.6, 0.66, 0.7]


@pytest.fixture(scope="module")
def plan(scenario: Scenario) -> Plan:
    return make_plan(scenario)


@pytest.fixture(scope="module")
def curve(plan: Plan) -> FairnessCurve:
    return fairness_curve(plan, LEVELS)


def test_the_first_row_is_the_plan_itself(plan: Plan, curve: FairnessCurve) -> None:
    first = curve.levels.iloc[0]
    assert first["value_kwh_day"] == plan.proof.value_kwh_day
    assert first["given_up_kwh_day"] == 0
    share = served_by_area(plan.demand, plan.assignment, plan.demand["district"])
    assert curve.levels.index[0] == first["worst_share"] == share.min()
    assert first["worst_district"] == share.idxmin()
    for district, has in share.items():
        zones = plan.layers.zones.index[plan.layers.zones["district"] == district]
        mine = plan.demand[plan.demand.index.get_level_values("zone_id").isin(zones)]["energy_kwh_day"].sum()
        got = plan.assignment[plan.assignment.index.get_level_values("zone_id").isin(zones)]["energy_kwh_day"].sum()
        assert has == pytest.approx(got / mine)


def test_every_level_is_the_plan_with_that_floor_solved_afresh(plan: Plan, curve: FairnessCurve) -> None:
    districts = sorted(set(plan.demand["district"]))
    met = curve.levels.loc[0.6]
    proof = choose_sites(plan.problem.with_rules(floors=dict.fromkeys(districts, 0.6))).proof
    assert met["value_kwh_day"] == pytest.approx(proof.value_kwh_day, rel=2e-4)
    assert met["given_up_kwh_day"] == pytest.approx(plan.proof.value_kwh_day - met["value_kwh_day"])
    assert met["given_up_share"] == pytest.approx(met["given_up_kwh_day"] / plan.proof.value_kwh_day)


def test_more_fairness_never_serves_more(curve: FairnessCurve) -> None:
    met = curve.levels[curve.levels["note_en"] == ""].iloc[1:]
    assert len(met)
    assert (met["worst_share"] >= met.index - 1e-6).all()
    assert (np.diff(met["value_kwh_day"]) <= 2e-4 * met["value_kwh_day"].iloc[0]).all()
    assert (met["value_kwh_day"] <= met["bound_kwh_day"] * (1 + 1e-9)).all()


def test_a_level_that_cannot_be_met_is_named_with_the_most_that_can(curve: FairnessCurve) -> None:
    lost = curve.levels.loc[0.7]
    assert np.isnan(lost["value_kwh_day"])
    assert "floor of 北区: 0.7 of the demand asked, at most 0." in lost["note_en"]
    assert "最多可达" in lost["note_zh"]


def test_a_level_beyond_a_districts_reach_is_not_even_tried(plan: Plan, curve: FairnessCurve) -> None:
    beyond = curve.largest[curve.largest < 1.0]
    assert len(beyond)
    note = fairness_curve(plan, [1.0]).levels.loc[1.0, "note_en"]
    assert note.startswith("cannot be met: ")
    assert all(f"{district}: at most 0." in note for district in beyond.index)


def test_least_cost_has_no_such_price(plan: Plan) -> None:
    from dataclasses import replace

    siting = plan.scenario.siting.model_copy(update={"question": "least_cost", "promise_share": 0.5})
    with pytest.raises(BadInput, match=r"siting\.question: least_cost"):
        fairness_curve(replace(plan, scenario=plan.scenario.model_copy(update={"siting": siting})))


def test_its_files_hold_the_same(curve: FairnessCurve, tmp_path: Path) -> None:
    save_fairness(curve, tmp_path)
    saved = json.loads((tmp_path / "fairness.json").read_text(encoding="utf-8"))
    assert [row["floor"] for row in saved["levels"]] == pytest.approx(list(curve.levels.index), abs=1e-6)
    assert saved["levels"][-1]["value_kwh_day"] is None
    assert saved["largest_share_by_district"] == pytest.approx(curve.largest.to_dict(), abs=1e-6)
    assert (tmp_path / "fairness.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(tmp_path / "fairness.csv")
    assert table["value_kwh_day"].to_list() == pytest.approx(curve.levels["value_kwh_day"].to_list(), nan_ok=True)


@pytest.mark.parametrize(("lang", "words"), [("en", "the price of fairness"), ("zh", "公平的代价")])
def test_the_command(plan: Plan, tmp_path: Path, lang: str, words: str) -> None:
    folder = save_plan(plan, tmp_path / "town")
    done = CliRunner().invoke(app, ["fairness", str(folder), "--floors", "0.6,0.7", "--lang", lang])
    assert done.exit_code == 0, done.output
    assert words in done.output
    assert all((folder / name).is_file() for name in FILES)
    save_plan(plan, folder)  # another plan in its place: the curve was not its own
    assert not any((folder / name).exists() for name in FILES)


@pytest.mark.parametrize("floors", ["half", "0.5,1.5", "0"])
def test_floors_that_are_no_shares_are_refused(tmp_path: Path, floors: str) -> None:
    done = CliRunner().invoke(app, ["fairness", str(tmp_path), "--floors", floors])
    assert done.exit_code == 2
    assert "expected shares between 0 and 1" in done.output
