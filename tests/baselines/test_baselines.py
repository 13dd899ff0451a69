"""What a plan is compared with: by hand on small towns, rules and laws on random ones, figures against the plan's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from helpers.command import planner
from helpers.towns import Town, assigned_value, bent_town, charger_types, counts, tiny_town
from planner.assessment import assign_today, compare_networks
from planner.baselines import Sited, greedy_counts, optimal_today, proportional_counts
from planner.baselines.proportional import largest_remainder
from planner.capacity.types import linear_capacity
from planner.exports import save_plan, summarise
from planner.faults import BadInput
from planner.plan import Plan
from planner.scenario import Siting
from planner.siting import no_chargers
from planner.siting.check.counts import broken_counts, counts_of
from planner.siting.model.instance import Instance, make_instance
from planner.studies.baselines import compare_baselines

UNSEEN = ("task of", "quota:", "share of")  # rules that no baseline knows, or that break where something fits nowhere


def row_of_sites(energy: dict[str, float], bays: int = 20, rules: dict[str, Any] | None = None, **cells: Any) -> Town:
    """Sites p1, p2, ... with a zone z1, z2, ... at the door of each; a dc carries 100 kWh a day and costs 10."""
    names = [f"p{n}" for n in range(1, len(energy) + 1)]
    usual = {"name_zh": "站", "kind": "parking", "district": "d", "task_unit": "d", "grid_kw": 1e4, "opening_cny": 5.0}
    usual |= {"bays": float(bays), "min_station": 1.0, "institution": "none", "lock": "free", "modelled": False}
    sites = pd.DataFrame(usual | cells, index=pd.Index(names, name="site_id"))
    asks = pd.MultiIndex.from_product([energy, ["fast"]], names=["zone_id", "service"])
    goes = pd.MultiIndex.from_arrays(
        [list(energy), names, ["drive"] * len(names)], names=["zone_id", "site_id", "mode"]
    )
    types = charger_types({"dc": {"service": "fast", "price_cny": 10.0}})
    demand = pd.DataFrame({"energy_kwh_day": list(energy.values()), "reach_m": 500.0}, index=asks)
    capacity = linear_capacity(types, pd.Series({"dc": 100.0}), 50)
    siting = Siting(quota=10, **(rules or {}))
    return Town(demand, sites, pd.DataFrame({"metres": 0.0}, index=goes), types, capacity, no_chargers(), siting)


def blind(town: Town) -> Instance:
    """The problem without what no baseline can see."""
    rules: dict[str, Any] = {"question": "most_service", "promise_share": None, "floors": {}, "tasks": {}}
    return make_instance(town.problem.with_rules(**rules))


def by_site(x: Instance, new: np.ndarray) -> dict[str, int]:
    built = np.bincount(x.option_site, new, minlength=len(x.site_ids)).astype(int)
    return {str(j): int(n) for j, n in zip(x.site_ids, built, strict=True) if n}


def shared_out(town: Town, residents: list[float], mix: list[int]) -> dict[str, int]:
    """Proportional, sites 1,000 m apart and everyone at a site's door."""
    x = blind(town)
    at = np.column_stack([1000.0 * np.arange(len(residents)), np.zeros(len(residents))])
    return by_site(x, proportional_counts(x, np.array(mix), np.array(residents), at, at))


ROW = {"z1": 300.0, "z2": 300.0, "z3": 300.0}


def test_chargers_in_proportion_to_residents() -> None:
    assert shared_out(row_of_sites(ROW), [600, 300, 100], [10]) == {"p1": 6, "p2": 3, "p3": 1}
    # 16 chargers: 9.6, 4.8, 1.6; rounded down 9, 4, 1 and one more for the two largest remainders, of equals the first
    assert shared_out(row_of_sites(ROW), [600, 300, 100], [16]) == {"p1": 10, "p2": 5, "p3": 1}


def test_who_would_get_too_few_joins_the_next_nearest() -> None:
    """With two at least the third (1 of 10) is dropped; its people go to p2, 1,000 m away."""
    assert shared_out(row_of_sites(ROW, min_station=2.0), [600, 300, 100], [10]) == {"p1": 6, "p2": 4}


def test_what_does_not_fit_goes_on_to_the_nearest_with_room() -> None:
    """p1 has 4 bays, so 2 of its 6 go to p2, which has 3 of its own and holds 4; the last one to p3."""
    assert shared_out(row_of_sites(ROW, bays=4), [600, 300, 100], [10]) == {"p1": 4, "p2": 4, "p3": 2}


def test_sites_locked_out_get_nothing_and_locked_in_their_fewest() -> None:
    town = row_of_sites(ROW, lock=["out", "free", "in"], min_station=2.0)
    # p3 has its 2; 8 go by residents: p1's 600 join p2, 900 of 1,000 there: 7.2 and 2.8
    assert shared_out(town, [600, 300, 100], [10]) == {"p2": 7, "p3": 3}


def test_the_budget_opens_as_many_sites_as_it_pays() -> None:
    """10 chargers cost 100; 12 are left, two openings of 5: the least populous is dropped."""
    town = row_of_sites(ROW, rules={"budget_cny": 112.0})
    assert shared_out(town, [600, 300, 100], [10]) == {"p1": 6, "p2": 4}


def test_types_are_dealt_by_their_share() -> None:
    """Webster for 8 dc and 2 ac: dc 8, 8/3, ac 2, dc 8/5, 8/7, 8/9, ...: six are 5 dc and 1 ac, ten are all."""
    town = row_of_sites(ROW)
    types = charger_types({"ac": {"service": "fast", "price_cny": 1.0}, "dc": {"service": "fast", "price_cny": 10.0}})
    capacity = linear_capacity(types, pd.Series({"ac": 10.0, "dc": 100.0}), 50)
    x = blind(replace(town, charger_types=types, capacity=capacity))
    at = np.column_stack([[0.0, 1000.0, 2000.0], np.zeros(3)])
    new = proportional_counts(x, np.array([2, 8]), np.array([600.0, 400.0, 0.0]), at, at)
    placed = {key: int(n) for key, n in zip(x.option_ids, new, strict=True) if n}
    assert placed == {("p1", "ac"): 1, ("p1", "dc"): 5, ("p2", "ac"): 1, ("p2", "dc"): 3}


def test_largest_remainders() -> None:
    assert largest_remainder(np.array([1.5, 2.3, 0.2])).tolist() == [2, 2, 0]
    assert largest_remainder(np.array([0.5, 0.5])).tolist() == [1, 0]  # of equals the first


def greedily(town: Town, mix: list[int]) -> dict[str, int]:
    x = blind(town)
    return by_site(x, greedy_counts(x, np.array(mix)))


def test_greedy_builds_where_the_next_charger_serves_most() -> None:
    """100, 100 and then 50 at p1; 80 at p2: of three chargers the third goes to p2. Of five one stays idle."""
    assert greedily(row_of_sites({"z1": 250.0, "z2": 80.0}), [3]) == {"p1": 2, "p2": 1}
    assert greedily(row_of_sites({"z1": 250.0, "z2": 80.0}), [4]) == {"p1": 3, "p2": 1}
    assert sum(greedily(row_of_sites({"z1": 250.0, "z2": 80.0}), [5]).values()) == 5


def test_greedy_builds_a_pooled_station_at_once() -> None:
    """One charger carries 40, two 200: at p1 two at once (100 each), p2 with its 60 gets the third for 40."""
    town = row_of_sites({"z1": 200.0, "z2": 60.0})
    table = {("dc", 0): 0.0, ("dc", 1): 40.0, ("dc", 2): 200.0, ("dc", 3): 300.0}
    capacity = pd.DataFrame({"energy_kwh_day": pd.Series(table)}).rename_axis(["charger_type", "count"])
    assert greedily(replace(town, capacity=capacity), [3]) == {"p1": 2, "p2": 1}


def test_greedy_keeps_bays_locks_money_and_fewest_chargers() -> None:
    asks = {"z1": 500.0, "z2": 300.0, "z3": 100.0}
    assert greedily(row_of_sites(asks, bays=2), [5]) == {"p1": 2, "p2": 2, "p3": 1}
    assert greedily(row_of_sites(asks, lock=["out", "free", "in"]), [3]) == {"p2": 2, "p3": 1}
    # 50 for five chargers and 7 are left: one opening of 5
    assert greedily(row_of_sites(asks, rules={"budget_cny": 57.0}), [5]) == {"p1": 5}
    # three at once, never one at p3; five serve p1, three p2; of six the last one joins the open site, for nothing
    assert greedily(row_of_sites(asks, min_station=3.0), [8]) == {"p1": 5, "p2": 3}
    assert greedily(row_of_sites(asks, min_station=3.0), [6]) == {"p1": 6}


def test_greedy_makes_up_a_station_of_two_types() -> None:
    """One swap station is worth most, but three chargers must stand at a site: two dc make up the number."""
    town = row_of_sites({"z1": 900.0, "z2": 100.0}, min_station=3.0)
    types = charger_types(
        {"dc": {"service": "fast"}, "swap": {"service": "fast", "quota_units": 0.0, "max_count": 1.0}}
    )
    capacity = linear_capacity(types, pd.Series({"dc": 100.0, "swap": 600.0}), 50)
    x = blind(replace(town, charger_types=types, capacity=capacity))
    new = greedy_counts(x, np.array([4, 1]))
    assert {key: int(n) for key, n in zip(x.option_ids, new, strict=True) if n} == {("p1", "dc"): 4, ("p1", "swap"): 1}


def test_standing_chargers_serve_first_in_greedys_eyes() -> None:
    """p1 has 250 and a dc that carries 100 already: 100 and 50 are left there, 120 at p2: p1, p2, p1."""
    town = replace(row_of_sites({"z1": 250.0, "z2": 120.0}), existing=counts({("p1", "dc"): 1}))
    assert greedily(town, [2]) == {"p1": 1, "p2": 1}
    assert greedily(town, [3]) == {"p1": 2, "p2": 1}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [*range(12), *range(100, 112)])
def test_baselines_keep_the_rules_and_are_worth_no_more_than_the_best(seed: int) -> None:
    """Tiny towns with every rule, their plans proven; who charges where as an independent program assigns it."""
    town = tiny_town(seed) if seed < 100 else bent_town(seed)
    try:
        plan = town.planned()
    except BadInput:
        return
    x = blind(town)
    placed = plan.chargers["count"].groupby(level="charger_type").sum()
    mix = placed.reindex(x.type_ids, fill_value=0).to_numpy(int)
    rng = np.random.default_rng(seed)
    zone_xy, site_xy = rng.random((5, 2)), rng.random((len(x.site_ids), 2))
    made = {
        "greedy": greedy_counts(x, mix),
        "proportional": proportional_counts(x, mix, rng.integers(0, 100, 5).astype(float), zone_xy, site_xy),
    }
    for name, new in made.items():
        chargers = pd.DataFrame({"count": new[new > 0]}, index=x.option_ids[new > 0])
        broken = broken_counts(
            counts_of(chargers), counts_of(town.existing), town.sites, town.charger_types, town.siting
        )
        left_out = np.bincount(x.option_type, new, minlength=len(mix)) != mix
        seen = [rule.en for rule in broken if not rule.en.startswith(UNSEEN[: 3 if left_out.any() else 1])]
        assert not seen, (name, seen)
        worth = assigned_value(town, chargers) if plan.proof.cost_cny is None and not broken else None
        assert worth is None or 0 <= worth <= plan.bound * (1 + 1e-6) + 1e-6


@pytest.fixture(scope="module")
def plan(toytown: Plan) -> Plan:
    return toytown


def test_plan_and_today_have_the_figures_of_the_assessment(plan: Plan) -> None:
    table, result = plan.baselines, plan.assessment
    assert list(table.index) == ["today", "proportional", "greedy", "plan"]
    for when in ("today", "plan"):
        assert table.loc[when, list(result.figures.index)].to_dict() == result.figures[when].to_dict()
    assert table.loc["plan", "value_kwh_day"] == pytest.approx(plan.proof.value_kwh_day)
    assert table.loc["plan", "served_kwh_day"] == pytest.approx(result.services["served_kwh_day"].sum())
    assert table.loc["plan", "capex_cny"] == result.sites["capex_cny"].sum()
    # two sites are built at and the station stands; 11 unlocated, one located and 6 new
    assert table.loc["plan", ["stations", "chargers"]].tolist() == [3, 18]
    # today the station's dc serves 499 of worth, 500 kWh; the unlocated ones 440
    assert table.loc["today", ["value_kwh_day", "served_kwh_day"]].tolist() == pytest.approx([499, 940])
    assert table.loc["today", ["stations", "chargers", "capex_cny"]].tolist() == [1, 12, 0]


def test_toytowns_baselines_place_all_chargers_within_the_money(plan: Plan) -> None:
    table = plan.baselines
    assert (table["value_kwh_day"] <= table.loc["plan", "value_kwh_day"] + 1e-6).all()
    assert table.loc[["proportional", "greedy"], "chargers"].tolist() == [18, 18]
    assert (table["capex_cny"] <= 500_000).all()
    assert (table.loc[["proportional", "greedy"], "completely_equipped"] == 1.0).all()


def test_a_network_without_known_places_is_not_known(plan: Plan) -> None:
    none = {"today": Sited(no_chargers(), no_chargers(), plan.assignment.iloc[:0])}
    row = compare_networks(plan.layers.zones, plan.problem, none, plan.scenario).loc["today"]
    assert row[["well_distributed", "value_kwh_day", "stations"]].isna().all()
    assert row["chargers"] == 11 and row["served_kwh_day"] == pytest.approx(440)


def test_todays_charger_at_its_best_stands_at_the_mall(plan: Plan) -> None:
    """The dc of the station would serve 500 of the 675 at the mall's own door: worth 500 for 499."""
    table = compare_baselines(plan)
    assert list(table.index) == ["today", "proportional", "greedy", "plan", "optimal_today"]
    pd.testing.assert_frame_equal(table.iloc[:4], plan.baselines)
    best = table.loc["optimal_today"]
    assert best["value_kwh_day"] == pytest.approx(500, abs=0.01)
    assert best[["stations", "chargers", "capex_cny"]].tolist() == [1, 12, 0]


def test_todays_chargers_at_their_best_are_as_many_and_never_worse() -> None:
    town = bent_town(3, "most_service")
    town = replace(town, existing=counts({("p1", "a"): 1, ("p2", "a"): 1}))
    town = town.with_cells("sites", bays=3.0, grid_kw=0.0, lock="free")
    best = optimal_today(town.problem)
    assert best.standing["count"].groupby(level="charger_type").sum().to_dict() == {
        "a": 2
    }  # grid: that of the sites they left

    def worth(rows: pd.DataFrame) -> float:
        gone = rows.reset_index()
        mode = gone["service"].map({"slow": "walk"}).fillna("drive")
        metres = town.access["metres"].reindex(pd.MultiIndex.from_arrays([gone["zone_id"], gone["site_id"], mode]))
        reach = town.demand["reach_m"].reindex(pd.MultiIndex.from_frame(gone[["zone_id", "service"]]))
        share = metres.to_numpy() / reach.to_numpy()
        return float(((1 - (1 - town.siting.edge_worth) * share) * gone["energy_kwh_day"]).sum())

    assert worth(best.assignment) >= worth(assign_today(town.problem)) - 1e-6 > 0


@pytest.mark.slow
def test_every_plan_tells_its_baselines(plan: Plan, tmp_path: Path) -> None:
    rows = {row["network"]: row for row in summarise(plan)["baselines"]}
    assert list(rows) == ["today", "proportional", "greedy", "plan"]
    assert rows["today"]["convenient"] is None and rows["today"]["beyond_reach"]
    folder = save_plan(plan, tmp_path / "plan")
    done = planner("baselines", "plan", "--lang", "zh", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "按人口分配" in done.stdout and "今日桩数最优布局" in done.stdout
    told = json.loads((folder / "baselines.json").read_text(encoding="utf-8"))["networks"]
    assert [row["network"] for row in told] == [*rows, "optimal_today"]
    assert told[3]["value_kwh_day"] == pytest.approx(rows["plan"]["value_kwh_day"])
    table = pd.read_csv(folder / "baselines.csv", index_col="network")
    assert table.loc["optimal_today", "value_kwh_day"] == pytest.approx(500, abs=0.01)
    save_plan(plan, folder)
    assert not (folder / "baselines.json").exists()
