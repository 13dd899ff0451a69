"""The city-size method: its plans keep every rule, its bound holds, it repeats and stops when asked; and the whole
program in the solver on towns of middle size; once the embedded Taiyuan."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from helpers.places import CHECKOUT
from helpers.solves import by_the_city_method
from helpers.towns import Planned, Town, assigned_value, middle_town, shuffled
from planner import BadInput, Plan, make_plan, read_scenario
from planner.numeric.solver import NoPlan, Solved, solve
from planner.progress import Stage, silent
from planner.siting import check_plan, choose_sites
from planner.siting.choose import SolverParams
from planner.siting.city.city import CityParams
from planner.siting.city.dual import find_prices
from planner.siting.city.pricing import PricingParams
from planner.siting.city.search import STYLES, Walker, search, search_raced
from planner.siting.city.settle import nearest_counts, settle
from planner.siting.effort import Effort
from planner.siting.model.program import build_program

MOST_GAP = 0.06


def locked() -> Town:
    """Every fourth site locked in, every fourth locked out; half the grid, so that grid and not bays limits a site."""
    town = middle_town(3, size=40, quota=160)
    town = town.with_cells("sites", grid_kw=town.sites["grid_kw"] / 2)
    inside = town.with_cells("sites", town.sites.index[::4], lock="in")
    return inside.with_cells("sites", town.sites.index[2::4], lock="out")


def tasked() -> Town:
    """The district that the free plan serves least gets half of the quota as its task."""
    town = middle_town(2, size=40, quota=160)
    room = town.sites.groupby("task_unit")["bays"].sum()
    return town.with_rules(tasks={room.idxmin(): 80})


def dear() -> Town:
    """Openings cost four times as much and most of the budget, and many chargers must be of one type."""
    town = middle_town(2, size=40, quota=160, quota_rule="at_most", budget_cny=1.35e7, ac_share=0.6)
    return town.with_cells("sites", opening_cny=town.sites["opening_cny"] * 4)


REGIMES = {
    "scarce": lambda: middle_town(1, size=40, quota=160),
    "loose": lambda: middle_town(1, size=40, quota=160, demand_factor=0.25),
    "at most, budget binds": lambda: middle_town(2, size=40, quota=160, quota_rule="at_most", budget_cny=1.5e7),
    "locks": locked,
    "task": tasked,
    "openings dear": dear,
}


@pytest.fixture(scope="module", autouse=True)
def few_moves() -> Iterator[None]:
    """Small towns get no more moves of the search per site than large ones, and few nodes of the whole program."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr("planner.siting.choose.PARAMS", SolverParams(most_nodes=20))
        changed.setattr("planner.siting.city.city._PARAMS", CityParams(least_moves=0))
        yield


@pytest.fixture(scope="module", params=list(REGIMES))
def plan(request: pytest.FixtureRequest) -> Planned:
    plan: Planned = REGIMES[request.param]().planned()
    return plan


def exactly(town: Town) -> Solved:
    """The whole program in the solver, to a gap of 6 % or at its first node."""
    x = town.instance
    program = build_program(x, np.arange(len(x.pair_demand)))
    variables = [*program.opened, *program.new, *program.served]
    return solve(program.problem, variables, mip_rel_gap=0.06, mip_max_nodes=1)


@pytest.mark.slow
def test_optimal_is_said_only_where_value_and_bound_meet(plan: Planned) -> None:
    """Where the whole program in the solver was cut short, the city-size method has its turn too."""
    assert plan.proof.optimal == (plan.bound - plan.value <= 1e-6 * plan.value)
    assert plan.proof.method.startswith(("branch and bound of the whole program", "Lagrangian duality"))
    assert plan.proof.reproducible


@pytest.mark.slow
def test_its_plan_keeps_every_rule(plan: Planned) -> None:
    plan.check()


@pytest.mark.slow
def test_its_bound_is_above_and_its_value_near_what_the_solver_finds(plan: Planned) -> None:
    exact = exactly(plan.town)
    assert plan.proof.bound_kwh_day >= exact.value * (1 - 1e-6)
    assert plan.value <= exact.bound * (1 + 1e-6)
    assert plan.value >= exact.value * 0.98


@pytest.mark.slow
def test_its_gap_is_small(plan: Planned) -> None:
    assert 0 <= plan.proof.gap_share < MOST_GAP
    assert plan.proof.gap_share == pytest.approx(1 - plan.value / plan.proof.bound_kwh_day)


@pytest.mark.slow
def test_everyone_charges_as_is_best_for_these_chargers(plan: Planned) -> None:
    """The generated pairs of the assignment leave nothing out: equal to a linear program over all pairs."""
    assert plan.value == pytest.approx(assigned_value(plan.town, plan.chargers), rel=1e-5)


@pytest.mark.slow
def test_the_same_tables_in_another_order_give_the_same_plan() -> None:
    town = middle_town(1, size=30, quota=120)
    first, again, other = town.planned(), town.planned(), shuffled(town).planned()
    for plan in (again, other):
        pd.testing.assert_frame_equal(first.chargers, plan.chargers, check_exact=True)
        pd.testing.assert_frame_equal(first.assignment, plan.assignment, check_exact=True)
        assert first.proof == plan.proof


def test_without_money_the_standing_chargers_serve_alone() -> None:
    town = no_money()
    plan = town.planned()
    plan.check()
    assert plan.chargers.empty
    assert plan.value == pytest.approx(assigned_value(town, plan.chargers), rel=1e-6)
    assert plan.proof.bound_kwh_day >= plan.value


@pytest.mark.slow
def test_sweeps_of_regions_never_make_it_worse() -> None:
    town = middle_town(2, size=30, quota=120, gap_share=0.001)
    swept = town.with_rules(rounds=1).planned()
    swept.check()
    assert swept.value >= town.planned().value * (1 - 1e-9)
    assert swept.value == pytest.approx(assigned_value(town, swept.chargers), rel=1e-4)


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param({"tasks": {"east": 2_000}}, id="task"),
        pytest.param({"quota": 3_000}, id="quota"),
        pytest.param({"budget_cny": 1e6}, id="budget"),
    ],
)
def test_rules_that_no_plan_can_keep_are_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="scenario, key siting"):
        middle_town(1).with_rules(**rules).planned()


@pytest.mark.slow
def test_a_district_can_be_filled_to_its_last_bay() -> None:
    """Four bays at every site there and a task as large as what the standing chargers leave of them."""
    town = middle_town(1, size=40)
    east = town.sites.index[town.sites["task_unit"] == "east"]
    full = town.with_cells("sites", east, bays=4.0, grid_kw=2_000.0)
    standing = town.existing["count"].groupby("site_id").sum().reindex(east, fill_value=0.0)
    room = int((full.sites.loc[east, "bays"] - standing).sum())
    plan = full.with_rules(tasks={"east": room}).planned()
    plan.check()
    placed = plan.chargers[plan.chargers.index.get_level_values("site_id").isin(east)]
    assert placed.drop("swap", level="charger_type", errors="ignore")["count"].sum() == room


# --- the method for towns too large for the solver, on smaller ones -------------------------------------------------


def with_halves(town: Town, **rules: Any) -> Town:
    """Half of the zones in district a, half in b."""
    half = town.demand.index.get_level_values("zone_id") < f"z{5 * len(town.sites) // 2:03d}"
    return replace(town, demand=town.demand.assign(district=np.where(half, "a", "b"))).with_rules(**rules)


def bent(town: Town) -> Town:
    """A few fast chargers carry little each, many more: a queue."""
    table = town.capacity.copy()
    n = table.index.get_level_values("count").to_numpy(float)
    fast = table.index.get_level_values("charger_type") == "dc"
    table.loc[fast, "energy_kwh_day"] *= (1.25 * n / (n + 2.5))[fast]
    return replace(town, capacity=table)


def fed(town: Town) -> Town:
    """All of the west hangs on two feeder groups that hold little."""
    sites = town.sites.assign(feeder=np.where(town.sites["task_unit"] == "west", "f1", "f2"))
    return replace(town, sites=sites).with_rules(feeder_kw={"f1": 1_000.0, "f2": 6_000.0})


def locked_in() -> Town:
    town = middle_town(4, size=40, quota=160, ac_share=0.1)
    return town.with_cells("sites", lock="in")


def no_money() -> Town:
    return middle_town(1, size=40, quota_rule="at_most", budget_cny=0, ac_share=0.0)


def no_quota() -> Town:
    return middle_town(1, size=40, quota=0, ac_share=0.0).with_cells("charger_types", "swap", max_count=0.0)


CITY_REGIMES: dict[str, Callable[[], Town]] = REGIMES | {
    "everything locked in": locked_in,
    "no money": no_money,
    "quota zero": no_quota,
    "bent tables": lambda: bent(middle_town(5, size=40, quota=160)),
    "feeder groups": lambda: fed(middle_town(5, size=40, quota=160, quota_rule="at_most")),
    "floors": lambda: with_halves(middle_town(5, size=40, quota=160), floors={"a": 0.7, "b": 0.3}),
    "least cost": lambda: middle_town(6, quota_rule="at_most", ac_share=0.0, question="least_cost", promise_share=0.4),
}


@pytest.mark.slow
@pytest.mark.parametrize("regime", list(CITY_REGIMES))
def test_the_city_method_keeps_every_rule_and_its_bound_holds(regime: str) -> None:
    """No plan that the solver finds is above its bound; its own is near what the solver finds."""
    town = CITY_REGIMES[regime]()
    near = 0.2 if town.siting.question == "least_cost" else 0.06
    city = by_the_city_method(town)
    city.check()
    exact = exactly(town)
    assert city.bound >= exact.value - 1e-6 * abs(exact.value)
    assert city.bound >= city.value
    assert city.value <= exact.bound + 1e-6 * abs(exact.bound)
    assert city.value >= exact.value - near * abs(exact.value)
    assert city.proof.gap_share <= near


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_the_city_methods_bound_is_not_below_the_proven_best(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.siting.choose.PARAMS", SolverParams())
    town = middle_town(seed, size=16, quota=50, ac_share=0.1, budget_cny=4e6, quota_rule="at_most")
    best, city = town.planned(), by_the_city_method(town)
    city.check()
    assert "to a gap of 1e-4" in best.proof.method
    assert city.bound >= best.value * (1 - 1e-9)
    assert city.value <= best.bound * (1 + 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("town", [no_money, no_quota])
def test_without_money_or_quota_the_city_method_leaves_today(town: Callable[[], Town]) -> None:
    city = by_the_city_method(town())
    assert city.chargers.empty
    assert city.value == pytest.approx(assigned_value(city.town, city.chargers), rel=1e-6)


@pytest.mark.slow
def test_the_city_method_gives_the_same_plan_again_and_for_rows_in_another_order() -> None:
    town = middle_town(1, size=40, quota=160)
    first = by_the_city_method(town)
    for again in (by_the_city_method(town), by_the_city_method(shuffled(town))):
        pd.testing.assert_frame_equal(first.chargers, again.chargers, check_exact=True)
        pd.testing.assert_frame_equal(first.assignment, again.assignment, check_exact=True)
        assert first.proof == again.proof


@pytest.mark.slow
def test_the_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    town = middle_town(1, size=40, quota=160)
    two = by_the_city_method(town)
    monkeypatch.setattr("planner.siting.city.pricing._PARAMS", PricingParams(threads=1))
    monkeypatch.setattr("planner.siting.city.search.ThreadPoolExecutor", lambda threads: ThreadPoolExecutor(1))
    one = by_the_city_method(town)
    pd.testing.assert_frame_equal(one.chargers, two.chargers, check_exact=True)
    assert one.proof == two.proof


def raced(town: Town, moves: int = 30) -> tuple[Walker, list[float]]:
    """A walker after its race, and what the two walks in its style are worth."""
    x = town.instance
    walker = Walker(x, find_prices(x, 30, Effort(0.005), silent), float(x.energy.sum()))
    return walker, [plan.value(x) for plan in search_raced(walker, moves, Effort(0.005))]


def test_walks_race_and_both_go_on_in_the_style_that_won(monkeypatch: pytest.MonkeyPatch) -> None:
    town = middle_town(1, size=40, quota=160)
    walker, values = raced(town)
    assert len(set(values)) == len(STYLES)  # two seeds
    monkeypatch.setattr("planner.siting.city.search.ThreadPoolExecutor", lambda threads: ThreadPoolExecutor(1))
    again, same = raced(town)
    assert values == same and (walker.style == again.style).all()
    monkeypatch.setattr("planner.siting.city.search.STYLES", STYLES[::-1])
    backwards, _ = raced(town)
    assert (backwards.style == walker.style).all()  # whichever is tried first


def test_heat_is_measured_in_chargers() -> None:
    """What the city is worth in all is no reason for another temperature."""
    town = middle_town(1, size=40, quota=160)
    x = town.instance
    one = x.gained_kwh(np.arange(len(x.option_site)), np.ones(len(x.option_site), int))
    prices = find_prices(x, 30, Effort(0.005), silent)
    heat = Walker(x, prices, float(x.energy.sum())).heat
    assert one.min() <= heat <= one.max()
    assert Walker(x, prices, 2 * float(x.energy.sum())).heat == heat
    dear = replace(prices, demand=np.full(len(x.energy), 10.0))  # nothing pays: over all that fit
    assert Walker(x, dear, 1.0).heat == pytest.approx(float(one @ x.option_most / x.option_most.sum()))


@pytest.mark.slow
def test_the_city_method_sees_a_task_that_no_plan_keeps() -> None:
    with pytest.raises(NoPlan):
        by_the_city_method(middle_town(1, size=30, tasks={"east": 2_000}))


@pytest.mark.slow
def test_sweeps_only_gain_and_stop_at_the_gap() -> None:
    town = middle_town(2, size=40, quota=160)
    plain = by_the_city_method(town)
    told: list[float] = []
    swept = by_the_city_method(
        town, Effort(1e-6, rounds=1), lambda step, value, bound: told.append(value) if step is Stage.IMPROVE else None
    )
    swept.check()
    assert told == sorted(told)
    assert told[-1] == swept.value >= plain.value
    assert by_the_city_method(town, Effort(0.5, rounds=1)).value == plain.value


@pytest.mark.slow
@pytest.mark.parametrize("moves", [1, 20])
@pytest.mark.parametrize("regime", ["scarce", "at most, budget binds", "locks", "task", "bent tables", "feeder groups"])
def test_settling_keeps_all_limits_exactly(regime: str, moves: int) -> None:
    """Also from a search that hardly began."""
    x = CITY_REGIMES[regime]().instance
    prices = find_prices(x, 20, Effort(0.005), silent)
    walker = Walker(x, prices, float(x.energy.sum()))
    rough = search(walker, 2, moves, Effort(0.005))[0]
    for new, opened in (settle(walker, rough), nearest_counts(x, rough.new)):
        assert (new == np.round(new)).all()
        assert (new >= 0).all()
        assert (new <= x.option_most).all()
        used = x.limits.use @ new + x.limits.opening @ opened
        assert (used <= x.limits.most + 1e-9 * np.maximum(abs(used), 1)).all()
        assert (used >= x.limits.least - 1e-9 * np.maximum(abs(used), 1)).all()
        at_site = [np.bincount(x.option_site, w, minlength=len(x.site_ids)) for w in (
            new, new * x.bays_used[x.option_type], new * x.grid_used_kw[x.option_type])]  # fmt: skip
        assert (opened == np.maximum(x.open_from, at_site[0] > 0)).all()
        assert (at_site[0] >= x.min_station * opened).all()
        assert (at_site[1] <= x.bays + 1e-9).all()
        assert (at_site[2] <= x.grid_kw + 1e-9).all()


# --- stopping -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("when", [None, Stage.BOUND, Stage.SETTLE, Stage.IMPROVE])
def test_a_search_that_is_stopped_still_plans(when: Stage | None) -> None:
    """From whichever step on, or before the first; it keeps all rules under a bound and is not called reproducible."""
    effort = Effort(1e-6, rounds=3)
    if when is None:
        effort.stop()
    steps: list[Stage] = []

    def stop(step: Stage, value: float | None, bound: float | None) -> None:
        steps.append(step)
        if step is when:
            effort.stop()

    plan = by_the_city_method(middle_town(1, size=40, quota=160), effort, stop)
    plan.check()
    assert plan.bound >= plan.value
    assert not plan.proof.reproducible
    assert steps.count(Stage.IMPROVE) <= (when is Stage.IMPROVE)


@pytest.mark.slow
def test_where_a_loose_gap_is_asked_a_draft_is_enough() -> None:
    """As of `planner plan --gap 0.3`: no long walks, nothing combined; a gap that the draft misses has them all."""
    town, stages = middle_town(1, size=40, quota=160), list[Stage]()
    draft = by_the_city_method(town, Effort(0.3, asked=True), lambda stage, value, bound: stages.append(stage))
    draft.check()
    assert 0.0 < draft.proof.gap_share <= 0.3
    assert stages[-3:] == [Stage.SEARCH, Stage.SETTLE, Stage.SETTLE] and stages.count(Stage.SEARCH) == 1
    whole = by_the_city_method(town, Effort(1e-6, asked=True), lambda stage, value, bound: stages.append(stage))
    assert stages.count(Stage.SEARCH) == 3 and Stage.COMBINE in stages
    assert whole.value > draft.value and whole.bound <= draft.bound


@pytest.mark.slow
@pytest.mark.parametrize("looks", [1, 20, 60])
def test_a_walk_that_is_stopped_while_hot_is_cooled(looks: int) -> None:
    """Stopped at the first look at the clock, in the middle, or hardly: never much worse than the whole walk."""

    class Stopping(Effort):
        left = looks

        def is_over(self) -> bool:
            self.left -= 1
            return self.left < 0

    town = middle_town(1, **LARGE)
    whole = by_the_city_method(town, Effort(1e-6))
    stopped = by_the_city_method(town, Stopping(1e-6))
    stopped.check()
    assert stopped.value >= 0.98 * whole.value


def test_a_clock_ends_the_search_and_is_told() -> None:
    effort = Effort(1e-6, rounds=1_000, seconds=3.0)
    plan = by_the_city_method(middle_town(1, size=40, quota=160), effort)
    plan.check()
    assert not plan.proof.reproducible
    assert effort.is_over()
    assert effort.spent_share() < 5


LARGE = {"size": 98, "quota": 400, "gap_share": 0.04}


@pytest.mark.slow
def test_a_town_above_the_solvers_size_is_planned_by_the_city_method() -> None:
    town = middle_town(1, **LARGE)
    assert len(town.instance.pair_demand) > 20_000
    told = []
    plan = Planned(town, choose_sites(town.problem, progress=lambda *now: told.append(now)))
    plan.check()
    assert plan.proof.method.startswith("Lagrangian duality")
    assert plan.proof.reproducible
    assert not plan.proof.optimal
    assert plan.proof.gap_share <= 0.04
    assert [step for step, _, _ in told][-2:] == [Stage.SETTLE, Stage.HEADROOM]
    assert all(value is None or value <= bound for _, value, bound in told)
    hurried = Planned(town, choose_sites(town.problem, Effort(1e-6, seconds=2.0, asked=True)))
    hurried.check()
    assert not hurried.proof.reproducible
    assert hurried.value <= plan.bound
    assert plan.value <= hurried.bound


INTERRUPTED = """
from helpers.towns import Planned, middle_town
from planner.cli.plan import stopped_by_control_c
from planner.siting import choose_sites
from planner.siting.effort import Effort

town = middle_town(1, size=98, quota=400, gap_share=1e-6, rounds=1_000)
effort = Effort(1e-6, 1_000)
with stopped_by_control_c(effort):
    made = choose_sites(town.problem, effort, progress=lambda stage, value, bound: print(stage.key, flush=True))
plan = Planned(town, made)
plan.check()
print("reproducible", plan.proof.reproducible)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process")
def test_control_c_returns_the_best_plan_so_far() -> None:
    """A real signal while regions are improved, which would go on for long."""
    path = os.pathsep.join([str(CHECKOUT / "tests"), str(CHECKOUT)])
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert child.stdout is not None
    try:
        for line in child.stdout:
            if line.strip() == "settle":
                child.send_signal(signal.SIGINT)
                break
        rest, errors = child.communicate(timeout=120)
    finally:
        child.kill()
    assert child.returncode == 0, errors
    assert "reproducible False" in rest


# --- the embedded Taiyuan, whole ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def taiyuan() -> Plan:
    return make_plan(read_scenario())


@pytest.mark.city
def test_taiyuan_places_exactly_its_quota_within_its_gap(taiyuan: Plan) -> None:
    units = taiyuan.charger_types["quota_units"].reindex(taiyuan.chargers.index.get_level_values("charger_type"))
    assert (taiyuan.chargers["count"].to_numpy() * units.to_numpy()).sum() == 10_000
    assert 0 < taiyuan.proof.gap_share <= 0.005


@pytest.mark.city
def test_taiyuans_plan_keeps_every_rule(taiyuan: Plan) -> None:
    check_plan(taiyuan.problem, taiyuan.answer)


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
