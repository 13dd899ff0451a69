"""Other plans nearly as good: against every plan of tiny towns, by hand, at city size, as files and by command."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from typer.testing import CliRunner

from helpers.command import planner
from helpers.towns import Planned, Town, bent_town, counts, middle_town, two_sites, worths
from planner.cli import app
from planner.exports import read_plan, save_plan
from planner.plan import Plan
from planner.siting import check_plan
from planner.siting.choose import SolverParams
from planner.siting.city.city import CityParams
from planner.siting.near_optimal import NearOptimalParams, other_plans
from planner.studies.alternatives import Alternatives, find_alternatives
from planner.views.alternatives import FILES, alternative_summary, alternative_table, robust_line


def others(plan: Planned, count: int, within: float) -> list[Planned]:
    """The alternatives of a town's plan, each checked against every rule."""
    problem = plan.town.problem
    found = other_plans(problem, plan.answer, count, within)
    for each in found:
        check_plan(problem, each)
    return [Planned(plan.town, each) for each in found]


def sites_of(plan: Planned) -> set[str]:
    return set(plan.chargers.index.get_level_values("site_id"))


def empty_town(quota: int, z2_kwh: float = 300.0, **rules: Any) -> Town:
    """Two sites alike with a zone at the door of each, nothing standing; a dc carries 100."""
    town = two_sites(quota, **rules).with_cells("demand", ("z2", "fast"), energy_kwh_day=z2_kwh)
    return replace(town, existing=counts({("p1", "dc"): 1}).iloc[:0])


SEEDS = (0, 1, 7, 9, 13, 20, 35, 36, 37, 40, 42, 43)  # towns with a plan, most with several


@pytest.mark.parametrize("seed", SEEDS)
def test_the_alternative_of_a_tiny_town_opens_fewest_sites_again_of_all_its_plans(seed: int) -> None:
    town = bent_town(seed)
    plan = town.planned()
    locked = set(town.sites.index[town.sites["lock"] == "in"])
    free_sites = set(town.sites.index) - locked - set(town.existing.index.get_level_values("site_id"))
    again = sites_of(plan) & free_sites
    within = 0.4
    least = plan.value - within * abs(plan.value)
    allowed = [
        (len(again & {j for (j, _), n in new.items() if n}), worth, {j for (j, _), n in new.items() if n})
        for new, worth in worths(town)
        if worth >= least - 1e-6 * abs(least)
    ]
    fewest = min(number for number, _, _ in allowed)
    found = others(plan, 1, within)
    if not found:  # a plan like the best one is among those that open fewest again
        assert any(number == fewest and opened == sites_of(plan) for number, _, opened in allowed)
        return
    assert len(again & sites_of(found[0])) == fewest
    best_of_these = max(worth for number, worth, _ in allowed if number == fewest)
    assert found[0].value == pytest.approx(best_of_these, rel=2e-3, abs=1e-3)
    assert found[0].value >= least - 1e-6 * abs(least)
    assert found[0].bound == pytest.approx(plan.bound)


def test_two_sites_alike_are_each_others_alternative() -> None:
    town = empty_town(quota=1, z2_kwh=99.5)  # at p1 100 kWh, at p2 99.5: half a percent less
    plan = town.planned()
    assert sites_of(plan) == {"p1"}
    (other,) = others(plan, 3, 0.01)  # a third plan does not exist
    assert sites_of(other) == {"p2"}
    assert other.value == pytest.approx(99.5)
    assert (other.bound, other.proof.gap_share) == (pytest.approx(100), pytest.approx(0.005))
    assert not other.proof.optimal
    assert other.proof.reproducible
    assert others(plan, 3, 0.004) == []


def test_a_site_locked_in_has_no_alternative() -> None:
    town = empty_town(quota=1).with_cells("sites", "p1", lock="in")
    assert others(town.planned(), 2, 0.5) == []


def test_the_budget_is_kept_by_alternatives() -> None:
    """A dc costs 10, opening 5; p2 asks 30 to open: beyond the budget of 20."""
    town = empty_town(quota=1, budget_cny=20.0)
    assert len(others(town.planned(), 1, 0.01)) == 1
    dear = town.with_cells("sites", "p2", opening_cny=30.0)
    assert others(dear.planned(), 1, 0.01) == []


@pytest.fixture
def as_in_a_city(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every town is planned by the method for cities, with little work."""
    dual = {"quick_work": 0, "price_work": 0, "least_steps": 150}
    little = CityParams(**dual, combined_pairs=0, least_moves=0, few_moves=0, most_moves=600)
    sizes = {
        "choose": {"PARAMS": SolverParams(at_once_pairs=0, whole_pairs=0)},
        "near_optimal": {"PARAMS": NearOptimalParams(whole_pairs=0)},
        "city.city": {"_PARAMS": little},
    }
    for module, changed in sizes.items():
        for name, size in changed.items():
            monkeypatch.setattr(f"planner.siting.{module}.{name}", size)


CITIES: dict[str, dict[str, Any]] = {
    "exactly": {"quota_rule": "exactly"},
    "budget": {"quota_rule": "at_most", "budget_cny": 12e6, "tasks": {"west": 10}},
    "least cost": {"question": "least_cost", "promise_share": 0.35, "quota_rule": "at_most"},
}


@pytest.mark.slow
@pytest.mark.usefixtures("as_in_a_city")
@pytest.mark.parametrize("rules", list(CITIES))
def test_alternatives_of_a_city_keep_the_rules_and_differ(rules: str) -> None:
    plan = middle_town(1, size=20, quota=60, **CITIES[rules]).planned()
    found = others(plan, 2, 0.03)
    assert len(found) == 2
    for n, other in enumerate(found):
        assert other.value >= plan.value - 0.03 * abs(plan.value)
        assert other.bound == pytest.approx(plan.bound)
        for before in [plan, *found[:n]]:
            assert sites_of(other) != sites_of(before)
    assert len(sites_of(plan) - sites_of(found[0])) >= 3  # of 8 to 23


@pytest.mark.slow
@pytest.mark.usefixtures("as_in_a_city")
def test_the_same_plan_has_the_same_alternatives() -> None:
    plan = middle_town(2, size=20, quota=60).planned()
    once, again = others(plan, 1, 0.03), others(plan, 1, 0.03)
    assert len(once) == 1
    for first, second in zip(once, again, strict=True):
        pd.testing.assert_frame_equal(first.chargers, second.chargers)
        pd.testing.assert_frame_equal(first.assignment, second.assignment)


def test_more_may_be_lost_for_more_difference() -> None:
    """Solved as whole programs, a larger share never opens more sites again."""
    town = middle_town(3, size=6, quota=24)
    stands = set(town.existing.index.get_level_values("site_id"))
    plan = town.planned()
    shared = [
        len((sites_of(plan) & sites_of(next(iter(others(plan, 1, within)), plan))) - stands)
        for within in (0.001, 0.05, 0.3)
    ]
    assert shared == sorted(shared, reverse=True)
    assert shared[-1] < shared[0]


def test_a_plan_of_other_rules_is_refused(faults: Callable[..., list[str]]) -> None:
    plan = empty_town(quota=1).planned()
    changed = Planned(empty_town(quota=2), plan.answer)
    (told,) = faults(others, changed, 1, 0.01)
    assert "plan again" in told


@pytest.fixture(scope="module")
def found(toytown: Plan) -> Alternatives:
    return find_alternatives(toytown, 3, 0.2)


@pytest.mark.parametrize(("count", "within", "words"), [(0, 0.1, "at least 1"), (1, 0.0, "share"), (1, 1.0, "share")])
def test_what_makes_no_sense_is_refused(
    toytown: Plan, count: int, within: float, words: str, faults: Callable[..., list[str]]
) -> None:
    (told,) = faults(find_alternatives, toytown, count, within)
    assert words in told


def test_toytown_by_hand(found: Alternatives) -> None:
    """The plan has p1 (locked in) and p2 with 4 chargers; without p2 all but p1's two stand at p3 and p4.

    No third plan within a fifth: without p3 and p4 only the best one's sites are left.
    """
    assert len(found.plans) == 2
    row = found.figures.loc[1]
    assert (row["sites_shared"], row["sites"], row["chargers"]) == (1, 3, 6)
    assert row["chargers_elsewhere_share"] == pytest.approx(4 / 6)
    assert row["sites_elsewhere_share"] == pytest.approx(2 / 3)
    assert found.sites.loc["p1", ["plans", "share"]].tolist() == [len(found.plans), 1.0]


def test_every_figure_from_the_plans_anew(found: Alternatives, toytown: Plan) -> None:
    held = [each.chargers["count"].groupby("site_id").sum().to_dict() for each in found.plans]
    bound, value = toytown.proof.bound_kwh_day, toytown.proof.value_kwh_day
    for n, (row, mine) in enumerate(zip(found.figures.to_dict("records"), held, strict=True)):
        assert row["value_kwh_day"] == found.plans[n].proof.value_kwh_day >= 0.8 * value
        assert row["share_of_best"] == pytest.approx(row["value_kwh_day"] / value)
        assert row["gap_share"] == pytest.approx(1 - row["value_kwh_day"] / bound)
        assert row["bound_kwh_day"] == bound
        assert (row["chargers"], row["sites"]) == (sum(mine.values()), len(mine))
        assert row["sites_shared"] == len(set(mine) & set(held[0]))
        for m, others_ in enumerate(held):
            elsewhere = sum(n for j, n in mine.items() if j not in others_) / sum(mine.values())
            assert found.elsewhere_share.loc[n, m] == pytest.approx(elsewhere)
        assert row["chargers_elsewhere_share"] == found.elsewhere_share.loc[n, 0]
    for j, site in found.sites.iterrows():
        assert site["plans"] == sum(j in mine for mine in held)
        assert site["share"] == site["plans"] / len(held)
        assert [site[f"chargers_{n}"] for n in range(len(held))] == [mine.get(j, 0) for mine in held]
    assert found.robust == len(set.intersection(*map(set, held)))
    assert found.never == len(set(toytown.sites.index) - set.union(*map(set, held)))


def test_a_saved_plan_has_the_same_alternatives(toytown: Plan, found: Alternatives, tmp_path: Path) -> None:
    again = find_alternatives(read_plan(save_plan(toytown, tmp_path / "plan")), 3, 0.2)
    pd.testing.assert_frame_equal(again.figures, found.figures)
    assert alternative_summary(again) == alternative_summary(found)


def test_the_console_speaks_both_languages(found: Alternatives) -> None:
    title, line = alternative_table(found).title, robust_line(found)
    for lang, losing, words in (("en", "lose at most 20 %", "robust"), ("zh", "损失不超过 20 %", "稳健")):
        assert losing in title.to(lang)
        assert words in line.to(lang)
        assert str(found.robust) in line.to(lang)


@pytest.mark.slow
def test_the_command_writes_its_files_and_a_new_plan_takes_them_away(toytown: Plan, tmp_path: Path) -> None:
    folder = save_plan(toytown, tmp_path / "plan")
    done = planner("alternatives", folder, "-k", "2", "--within", "0.2", "--lang", "en", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "alternatives" in done.stderr
    summary = json.loads((folder / "alternatives.json").read_text(encoding="utf-8"))
    table = pd.read_csv(folder / "alternatives.csv", index_col="site_id")
    layer = gpd.read_file(folder / "alternatives.geojson").set_index("site_id")
    assert (folder / "alternatives.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    for n, row in enumerate(summary["plans"]):
        assert row["chargers"] == table[f"chargers_{n}"].sum() == layer[f"chargers_{n}"].sum()
        assert row["sites"] == (table[f"chargers_{n}"] > 0).sum()
    assert summary["sites_in_every_plan"] == (table["share"] == 1).sum()
    assert sum(summary[f"sites_in_{which}"] for which in ("every_plan", "some", "none")) == len(table)
    assert (layer.crs, set(layer.geom_type)) == ("EPSG:4326", {"Point"})
    assert f"{summary['sites_in_every_plan']} sites in every one" in done.stdout
    save_plan(toytown, folder)
    assert not any((folder / name).exists() for name in FILES)


def test_the_command_refuses_a_share_that_is_none() -> None:
    done = CliRunner().invoke(app, ["alternatives", "nowhere", "--within", "1.5"])
    assert done.exit_code == 2
    assert "found 1.5" in done.output
