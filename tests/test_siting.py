"""The exact siting program: against brute force, laws of its value, its bound, its text, its solver, its refusals.

Town, brute force and how a town is drawn: `towns.py`. `check_plan` has `test_siting_check.py`, the city-size method
`test_siting_city.py`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from towns import (
    MODE,
    Planned,
    Town,
    assigned_value,
    best_value,
    charger_types,
    counts,
    middle_town,
    shuffled,
    tiny_town,
)

from planner import BadInput
from planner.candidates import standing_chargers
from planner.layers import Layers
from planner.plan import charger_type_table
from planner.scenario import Scenario, Siting
from planner.siting import choose_sites, linear_capacity
from planner.siting.certificate import Multipliers, upper_bound
from planner.siting.instance import Instance
from planner.siting.program import Program, build_program
from planner.siting.relaxation import multipliers
from planner.siting.solver import NoPlan, Solved, solve

Faults = Callable[..., list[str]]
GOLDEN = Path(__file__).parent / "golden" / "toytown.lp"
SEEDS = st.integers(0, 10_000)
MADE = (Phase.explicit, Phase.generate)  # a failing seed is small already
few = settings(derandomize=True, max_examples=15, deadline=None, phases=MADE)
many = settings(few, max_examples=60)


@pytest.fixture(scope="module")
def toytown(
    demand: pd.DataFrame, sites: gpd.GeoDataFrame, access: pd.DataFrame, layers: Layers, scenario: Scenario
) -> Town:
    types = charger_type_table(scenario.charger_types, demand)
    capacity = linear_capacity(types, types["energy_kwh_day"], 4)
    return Town(
        demand, sites, access, types, capacity, standing_chargers(layers, sites, scenario.existing), scenario.siting
    )


def planned(town: Town) -> Planned:
    """The plan of a town that has one; draws without any are dropped."""
    try:
        return town.planned()
    except BadInput:
        assume(False)
        raise


def instance_of(town: Town) -> Instance:
    try:
        return town.instance
    except BadInput:
        assume(False)
        raise


def at_least(value: float) -> float:
    """A lower limit for another solve's value: both are optimal within 1e-4."""
    return value * (1 - 2e-4) - 1e-6


# --- by hand and by brute force -------------------------------------------------------------------------------------


def test_toytown_by_hand(toytown: Town) -> None:
    """The plan of data/toytown/README.md."""
    plan = toytown.planned()
    plan.check()
    assert plan.chargers["count"].to_dict() == {("p1", "ac"): 1, ("p1", "dc"): 1, ("p2", "ac"): 1, ("p2", "dc"): 3}
    assert plan.value == pytest.approx(1_335 + 454 + 499 + 100, abs=0.01)
    assert plan.proof.optimal
    assert plan.proof.bound_kwh_day == pytest.approx(2_388, rel=2e-4)
    assert plan.assignment["energy_kwh_day"].sum() == pytest.approx(4 * 500 + 500 + 2 * 50)
    assert plan.proof.reachable_kwh_day == pytest.approx(3_960)
    assert plan.proof.tightness == pytest.approx((4 * 500 + 2 * 50) / 3_960)


@pytest.mark.parametrize(
    ("forced", "value"),
    [
        ({("p2", "dc"): 2, ("p2", "ac"): 2, ("p1", "dc"): 2}, 935 + 843 + 499 + 100),
        ({("p2", "dc"): 4, ("p1", "ac"): 2}, 1_735 + 499 + 96),
    ],
)
def test_toytowns_other_rows_by_hand(toytown: Town, forced: dict[tuple[str, str], int], value: float) -> None:
    """The table "how many where" of its README, by the oracle and by the program."""
    assert assigned_value(toytown, counts(forced)) == pytest.approx(value, abs=0.01)
    standing = pd.concat([toytown.existing, counts(forced)])
    only_these = replace(toytown.with_rules(quota=0, tasks={}), existing=standing).with_cells("sites", lock="free")
    plan = only_these.with_cells("charger_types", min_share=0.0).planned()
    assert plan.value == pytest.approx(value, abs=0.01)
    assert plan.chargers.empty


def test_toytowns_car_park_is_worth_less_than_its_mall(toytown: Town) -> None:
    plan = toytown.with_cells("sites", "p2", lock="out").planned()
    assert 2_000 < plan.value <= 386 + 203 + 298 + 843 + 499 + 100
    assert "p2" not in plan.chargers.index.get_level_values("site_id")


@given(SEEDS)
@many
def test_value_equals_brute_force(seed: int) -> None:
    town = tiny_town(seed)
    best = best_value(town)
    if best is None:
        with pytest.raises(BadInput):
            town.planned()
        return
    plan = town.planned()
    plan.check()
    assert plan.value == pytest.approx(best, rel=1e-4, abs=1e-4)
    assert plan.proof.bound_kwh_day >= best * (1 - 1e-6)
    assert plan.proof.optimal


@given(SEEDS)
@few
def test_assignment_serves_what_a_maximum_flow_does(seed: int) -> None:
    """Where every kWh within reach is worth the same, the value is a maximum flow."""
    town = tiny_town(seed).with_rules(edge_worth=1.0)
    plan = planned(town)
    network: Any = nx.DiGraph()
    held = defaultdict(float)
    for (j, k), n in pd.concat([plan.chargers, town.existing])["count"].items():
        held[(j, town.charger_types.loc[k, "service"])] += n * town.capacity.loc[(k, 1), "energy_kwh_day"]
    for station, kwh in held.items():
        network.add_edge(("station", *station), "sink", capacity=kwh)
    metres = town.access["metres"].to_dict()
    for (zone, service), row in town.demand.iterrows():
        network.add_edge("source", (zone, service), capacity=row["energy_kwh_day"])
        for site in town.sites.index:
            if metres.get((zone, site, MODE[service]), np.inf) <= row["reach_m"] and (site, service) in held:
                network.add_edge((zone, service), ("station", site, service))
    most = nx.maximum_flow_value(network, "source", "sink") if held else 0.0
    assert plan.value == pytest.approx(most, rel=2e-4, abs=1e-4)


# --- laws -----------------------------------------------------------------------------------------------------------


@given(SEEDS, st.floats(1.0, 3.0))
@few
def test_more_budget_is_never_worse(seed: int, factor: float) -> None:
    town = tiny_town(seed, "at_most")
    budget = town.siting.budget_cny or 300.0
    poor, rich = town.with_rules(budget_cny=budget), town.with_rules(budget_cny=budget * factor)
    plan = planned(poor)
    assert rich.planned().value >= at_least(plan.value)
    assert town.with_rules(budget_cny=None).planned().value >= at_least(plan.value)


@given(SEEDS, st.floats(1.0, 3.0))
@few
def test_more_reach_is_never_worse(seed: int, factor: float) -> None:
    town = tiny_town(seed, "at_most")
    farther = town.with_cells("demand", reach_m=town.demand["reach_m"] * factor)
    plan = planned(town)
    assert farther.planned().value >= at_least(plan.value)


@given(SEEDS)
@few
def test_more_quota_is_never_worse(seed: int) -> None:
    """Without a least share, which grows with the quota."""
    town = tiny_town(seed, "at_most").with_cells("charger_types", min_share=0.0)
    plan = planned(town)
    more = town.with_rules(quota=town.siting.quota + 1).planned()
    assert more.value >= at_least(plan.value)


@given(SEEDS, st.integers(0, 100))
@few
def test_the_order_of_rows_changes_nothing(seed: int, order: int) -> None:
    town = tiny_town(seed, "at_most")
    plan, again = planned(town), shuffled(town, order).planned()
    pd.testing.assert_frame_equal(plan.chargers, again.chargers)
    assert again.proof == plan.proof


@given(SEEDS, st.floats(0.05, 0.95))
@few
def test_a_zone_split_into_two_rows_with_the_same_access_changes_nothing(seed: int, share: float) -> None:
    town = tiny_town(seed, "at_most")
    whole = planned(town)
    z1_asks, z1_goes = town.demand.loc[["z1"]], town.access.query("zone_id == 'z1'")
    part = z1_asks.assign(energy_kwh_day=z1_asks["energy_kwh_day"] * share).rename({"z1": "z1b"}, level="zone_id")
    rest = town.demand.copy()
    rest.loc[["z1"], "energy_kwh_day"] *= 1 - share
    split = replace(
        town,
        demand=pd.concat([rest, part]),
        access=pd.concat([town.access, z1_goes.rename({"z1": "z1b"}, level="zone_id")]),
    )
    assert split.planned().value == pytest.approx(whole.value, rel=2e-4, abs=1e-4)


def test_siting_changes_no_table_it_was_given() -> None:
    town = tiny_town(1)
    before = [table.copy() for table in town.tables[:-1]]
    town.planned()
    for table, old in zip(town.tables[:-1], before, strict=True):
        pd.testing.assert_frame_equal(table, old)


# --- edges ----------------------------------------------------------------------------------------------------------


def two_sites(quota: int, **rules: Any) -> Town:
    """A zone at the door of each of two sites, 300 kWh a day each; a dc carries 100 and costs 10; two bays each."""
    sites = pd.DataFrame(
        {
            "name_zh": "站",
            "kind": "parking",
            "district": "d",
            "task_unit": "d",
            "bays": 2.0,
            "grid_kw": 1_000.0,
            "opening_cny": 5.0,
            "min_station": 1.0,
            "institution": "none",
            "lock": "free",
            "modelled": False,
        },
        index=pd.Index(["p1", "p2"], name="site_id"),
    )
    asks = pd.MultiIndex.from_tuples([("z1", "fast"), ("z2", "fast")], names=["zone_id", "service"])
    goes = pd.MultiIndex.from_tuples(
        [("z1", "p1", "drive"), ("z2", "p2", "drive")], names=["zone_id", "site_id", "mode"]
    )
    types = charger_types({"dc": {"service": "fast", "price_cny": 10.0}})
    return Town(
        pd.DataFrame({"energy_kwh_day": 300.0, "reach_m": 500.0}, index=asks),
        sites,
        pd.DataFrame({"metres": 0.0}, index=goes),
        types,
        linear_capacity(types, pd.Series({"dc": 100.0}), 4),
        counts({("p1", "dc"): 1}),
        Siting(quota=quota, **rules),
    )


def test_two_sites_by_hand() -> None:
    """One bay left at p1 beside its standing charger, two at p2: three new ones, 400 kWh with the standing one."""
    plan = two_sites(3).planned()
    assert plan.chargers["count"].to_dict() == {("p1", "dc"): 1, ("p2", "dc"): 2}
    assert plan.value == pytest.approx(400)
    assert plan.proof.optimal


def test_without_anyone_in_reach_the_rules_are_kept_all_the_same() -> None:
    plan = two_sites(3).with_cells("demand", reach_m=100.0).with_cells("access", metres=200.0).planned()
    plan.check()
    assert plan.chargers["count"].sum() == 3
    assert plan.value == plan.proof.bound_kwh_day == 0


def test_without_any_demand_the_rules_are_kept_all_the_same() -> None:
    plan = two_sites(3).with_cells("demand", energy_kwh_day=0.0).planned()
    plan.check()
    assert plan.chargers["count"].sum() == 3
    assert plan.value == 0


def test_without_access_the_rules_are_kept_all_the_same() -> None:
    town = two_sites(3)
    plan = replace(town, access=town.access.iloc[:0]).planned()
    plan.check()
    assert plan.chargers["count"].sum() == 3


def test_quota_zero_leaves_the_standing_chargers_alone() -> None:
    plan = two_sites(0).planned()
    plan.check()
    assert plan.chargers.empty
    assert plan.value == pytest.approx(100)


def test_where_all_bays_are_taken_the_standing_chargers_serve() -> None:
    town = two_sites(3, quota_rule="at_most").with_cells("sites", bays=1.0)
    plan = replace(town, existing=counts({("p1", "dc"): 1, ("p2", "dc"): 1})).planned()
    plan.check()
    assert plan.chargers.empty
    assert plan.value == pytest.approx(200)
    assert plan.proof.bound_kwh_day == pytest.approx(200)


def test_a_site_without_room_beside_others_does_no_harm() -> None:
    plan = two_sites(2, budget_cny=25).with_cells("sites", "p1", bays=1.0).planned()
    plan.check()
    assert plan.chargers["count"].to_dict() == {("p2", "dc"): 2}
    assert plan.value == pytest.approx(300)


# --- the certificate ------------------------------------------------------------------------------------------------


def drawn_prices(x: Instance, seed: int, scale: float) -> Multipliers:
    """Any multipliers: some zero, some large, the quota's of any sign."""
    rng = np.random.default_rng(seed)

    def some(*shape: int, of: float = 1.0) -> np.ndarray:
        return rng.exponential(of * scale, shape) * (rng.random(shape) < 0.6)

    sites, types = len(x.site_ids), len(x.type_ids)
    return Multipliers(
        capacity=some(len(x.station_ids)),
        bays=some(sites, of=50.0),
        grid=some(sites),
        station=some(sites, of=20.0),
        door=some(len(x.pair_demand)),
        whole=some(sites, types, of=20.0),
        link=some(len(x.option_site), of=20.0),
        quota=float(rng.normal(0, 50.0 * scale)),
        budget=float(rng.exponential(0.3 * scale)) * int(rng.integers(0, 2)),
        share_min=some(types, of=20.0),
        share_max=some(types, of=20.0),
        count_max=some(types, of=20.0),
        task={unit: float(rng.exponential(20.0 * scale)) for unit in x.tasks},
    )


def relaxed(x: Instance, doors: bool) -> tuple[Program, Solved]:
    """The linear relaxation over all pairs."""
    ajar = np.flatnonzero(x.standing_kwh[x.pair_station] == 0) if doors else None
    program = build_program(x, np.arange(len(x.pair_demand)), integer=False, doors=ajar)
    try:
        return program, solve(program.problem, [*program.opened, *program.new, *program.served])
    except NoPlan:
        assume(False)
        raise


@given(SEEDS, SEEDS, st.sampled_from([0.01, 0.1, 1.0, 3.0]))
@many
def test_any_multipliers_bound_the_optimum(seed: int, prices: int, scale: float) -> None:
    town = tiny_town(seed)
    best = best_value(town)
    assume(best is not None)
    assert upper_bound(town.instance, drawn_prices(town.instance, prices, scale)) >= best * (1 - 1e-9)


@given(SEEDS, SEEDS, st.booleans())
@many
def test_multipliers_near_the_best_ones_bound_the_optimum(seed: int, noise: int, doors: bool) -> None:
    """Where the bound is tight, a wrong term would show."""
    town = tiny_town(seed)
    best = best_value(town)
    x = instance_of(town)
    assume(best is not None and len(x.pair_demand))
    prices = multipliers(x, *relaxed(x, doors))
    rng = np.random.default_rng(noise)
    for name, price in vars(prices).items():
        if isinstance(price, dict):
            disturbed: Any = {unit: tau * rng.uniform(0.5, 1.5) for unit, tau in price.items()}
        else:
            disturbed = price * rng.uniform(0.5, 1.5, np.shape(price))
        one_off = replace(prices, **{name: disturbed})
        assert upper_bound(x, one_off) >= best * (1 - 1e-9), name


@given(SEEDS, st.booleans())
@many
def test_at_the_relaxations_own_multipliers_the_bound_is_its_value(seed: int, doors: bool) -> None:
    """Strong duality: every term of the certificate has its row in the program and its sign."""
    x = instance_of(tiny_town(seed))
    assume(len(x.pair_demand))
    program, solved = relaxed(x, doors)
    assert upper_bound(x, multipliers(x, program, solved)) == pytest.approx(solved.value, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("rules", [{}, {"quota_rule": "at_most"}, {"budget_cny": 1.5e7, "tasks": {"east": 100}}])
def test_at_middle_size_the_bound_is_the_relaxations_value(rules: dict[str, Any]) -> None:
    x = middle_town(1, size=30, quota=120, **rules).instance
    for doors in (False, True):
        program, solved = relaxed(x, doors)
        assert upper_bound(x, multipliers(x, program, solved)) == pytest.approx(solved.value, rel=1e-6)


# --- the program's text ---------------------------------------------------------------------------------------------

KINDS = ["demand", "capacity", "bays", "grid", "station", "quota", "share_min", "budget", "task"]


def normal_form(lp: str, x: Instance) -> str:
    """An LP file as one line per row, in the order of the design, terms sorted, numbers short; PuLP 3 and 4 alike."""
    text = re.sub(r"^\\.*\n", "", lp, flags=re.M)
    body, _, rest = text.partition("Subject To")
    rows, _, limits = rest.partition("Bounds")
    body, rows = (part.replace("\n ", " ") for part in (body, rows))  # long rows go on after a blank
    bounds, _, kinds = limits.partition("Generals")
    generals, _, binaries = kinds.rpartition("End")[0].partition("Binaries")
    out = [f"most: {terms(body.split('OBJ:')[1], x, -1)}", "subject to"]
    named = dict(re.findall(r"^([\w(),]+): (.*)$", rows, re.M))
    for name in sorted(named, key=lambda n: (KINDS.index(n.partition("(")[0]), n)):
        left, sense, right = named[name].rsplit(maxsplit=2)
        out.append(f"{name}: {terms(left, x)} {sense} {float(right):.6g}")
    whole = sorted({*generals.split(), *binaries.split()})
    limited = [*map(str.strip, bounds.splitlines()), *(f"0 <= {v} <= 1" for v in binaries.split())]
    return "\n".join([*out, "bounds", *sorted(filter(None, limited)), "whole", *whole]) + "\n"


def terms(text: str, x: Instance, sign: int = 1) -> str:
    """Terms sorted by variable; `served` named by zone, service and site instead of by position."""

    def name(variable: str) -> str:
        if at := re.fullmatch(r"served\((\d+),(\d+)\)", variable):
            zone, service = x.demand_ids[int(at[1])]
            return f"served({zone},{service},{x.station_ids[int(at[2])][0]})"
        return variable

    found = re.findall(r"([+-]?)\s*([\d.]+(?:e[+-]?\d+)?)?\s*\*?\s*([a-z]\w*\([^)]*\))", text)
    weighted = sorted((name(v), sign * float(f"{s}{n or 1}")) for s, n, v in found)
    out = " ".join(f"{'-' if w < 0 else '+'} {abs(w):.6g} {v}" for v, w in weighted)
    return out.replace(" 1 ", " ").removeprefix("+ ")


def test_toytowns_program_reads_like_the_mathematics(toytown: Town, tmp_path: Path) -> None:
    """Against tests/golden/toytown.lp; after a wanted change, read the difference and put the new text there."""
    x = toytown.instance
    file = tmp_path / "toytown.lp"
    build_program(x, np.arange(len(x.pair_demand))).problem.writeLP(str(file))
    text = normal_form(file.read_text(encoding="utf-8"), x)
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_every_rule_of_the_design_has_its_row(toytown: Town) -> None:
    """Four sites, two types, 18 demands; the task's unit and the bound type by name."""
    x = toytown.instance
    rows = build_program(x, np.arange(len(x.pair_demand))).rows
    sites = ["p1", "p2", "p3", "p4"]
    assert {name for name in rows if not name.startswith(("demand", "capacity"))} == {
        *(f"{rule}({j})" for rule in ("bays", "grid", "station") for j in sites),
        "quota",
        "share_min(ac)",
        "budget",
        "task(南区)",
    }
    assert {name for name in rows if name.startswith("capacity")} == {
        f"capacity({j},{s})" for j in sites for s in ("fast", "slow")
    }
    assert sum(name.startswith("demand") for name in rows) == 18
    assert list(rows.values()) == list(range(len(rows)))


# --- the solver is not believed -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hard() -> Town:
    """A town whose first bound is far from proven: dear openings, a budget, large stations."""
    town = middle_town(3, size=30, quota=120, budget_cny=1.3e7)
    return town.with_cells("sites", min_station=6.0, opening_cny=town.sites["opening_cny"] * 2)


@pytest.mark.parametrize(
    "limit",
    [
        {"mip_max_nodes": 0},
        {"mip_max_nodes": 1},
        {"time_limit": 0.0},
        {"time_limit": 0.05},
        {"mip_max_improving_sols": 1},
    ],
    ids=str,
)
def test_a_truncated_solve_is_never_proven(hard: Town, limit: dict[str, float]) -> None:
    x = hard.instance
    program = build_program(x, np.arange(len(x.pair_demand)))
    variables = [*program.opened, *program.new, *program.served]
    try:
        solved = solve(program.problem, variables, mip_rel_gap=0.0, **limit)
    except NoPlan as error:
        assert not error.infeasible
        return
    assert not solved.proven  # whatever PuLP's own status says
    assert np.isfinite(solved.values).all()
    assert solved.bound > solved.value > 0


@pytest.mark.parametrize("limit", [{"mip_max_nodes": 0}, {"mip_max_nodes": 1}, {"time_limit": 0.05}], ids=str)
def test_a_plan_of_a_truncated_solve_never_says_optimal(
    hard: Town, limit: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def truncated(problem: Any, variables: list[Any], **options: Any) -> Solved:
        return solve(problem, variables, **{**options, **limit})

    monkeypatch.setattr(f"{choose_sites.__module__}.solve", truncated)
    try:
        plan = hard.planned()
    except BadInput as error:
        assert "limit" in str(error).lower()
        return
    plan.check()
    assert not plan.proof.optimal
    assert "optimal" not in plan.proof.method
    assert plan.proof.bound_kwh_day > plan.value


def test_the_solver_tells_infeasible_from_out_of_time(hard: Town) -> None:
    x = hard.with_rules(quota=10**6).instance
    program = build_program(x, np.arange(len(x.pair_demand)))
    with pytest.raises(NoPlan) as caught:
        solve(program.problem, program.new)
    assert caught.value.infeasible


# --- refusals -------------------------------------------------------------------------------------------------------


def existing(toytown: Town, row: tuple[str, str], count: int) -> Town:
    return replace(toytown, existing=counts({row: count}))


def without(table: str, **axis: str) -> Callable[[Town], Town]:
    return lambda town: replace(town, **{table: getattr(town, table).drop(**axis)})


def twice(table: str) -> Callable[[Town], Town]:
    return lambda town: replace(town, **{table: pd.concat([getattr(town, table), getattr(town, table).iloc[:1]])})


CONFLICT = "no plan keeps quota, shares, budget, tasks, locks, bays and grid together (solver: Infeasible)"
REFUSED: dict[str, tuple[Callable[[Town], Town], str]] = {
    "quota": (  # free bays: 2 + 4 + 2 + 4
        lambda t: t.with_rules(quota=13),
        "scenario, key siting.quota: 13 chargers asked for, but the 12 free bays of all sites hold at most 12; "
        "lower the quota, add sites or raise bays",
    ),
    "budget": (
        lambda t: t.with_rules(budget_cny=59_999),
        "scenario, key siting.budget_cny: 59,999 CNY do not buy 6 chargers even at the lowest price (60,000 CNY); "
        "raise the budget or lower the quota",
    ),
    "shares against budget": (
        lambda t: t.with_cells("charger_types", "dc", min_share=0.7).with_rules(budget_cny=400_000),
        f"scenario, key siting: {CONFLICT}; relax the rule you can spare: often min_share, tasks or budget_cny",
    ),
    "task too large": (lambda t: t.with_rules(tasks={"南区": 5}), CONFLICT),
    "grid": (lambda t: t.with_cells("sites", grid_kw=6.0), CONFLICT),  # an ac each, four in all
    "shares beyond room": (
        lambda t: t.with_cells("sites", grid_kw=40.0).with_cells("charger_types", "ac", max_share=0.3),
        CONFLICT,
    ),
    "nearly no bays": (
        lambda t: t.with_cells("sites", ["p2", "p4"], bays=0.0).with_cells("sites", "p3", bays=1.0),
        "6 chargers asked for, but the 2 free bays of all sites hold at most 2",
    ),
    "locked in without room": (lambda t: t.with_cells("sites", "p1", bays=0.0), "lock"),
    "unknown unit": (
        lambda t: t.with_rules(tasks={"西区": 1}),
        "scenario, key siting.tasks: no candidate site in 西区; units: 北区, 南区",
    ),
    "unknown type": (lambda t: existing(t, ("p3", "hub"), 1), "existing: unknown charger types hub"),
    "unknown site": (lambda t: existing(t, ("p9", "dc"), 1), "existing: chargers at unknown sites p9"),
    "too many standing": (
        lambda t: existing(t, ("p3", "dc"), 4),
        "sites, row p3: today's chargers use 4 bays, the site has 3; raise bays",
    ),
    "bent capacity": (
        lambda t: t.with_cells("capacity", ("dc", 3), energy_kwh_day=1_400.0),
        "capacity: dc: energy must be proportional to the count in this version",
    ),
    "capacity of nothing": (
        lambda t: t.with_cells("capacity", ("dc", 0), energy_kwh_day=10.0),
        "capacity: dc: energy must be proportional to the count in this version",
    ),
    "no capacity": (without("capacity", index="dc"), "capacity: no rows for charger type dc"),
    "negative demand": (
        lambda t: t.with_cells("demand", ("z1", "fast"), energy_kwh_day=-1.0),
        "demand, column energy_kwh_day, row ('z1', 'fast'): found -1.0; expected at least 0.0",
    ),
    "demand missing": (
        lambda t: t.with_cells("demand", ("z1", "fast"), energy_kwh_day=float("nan")),
        "found nan; fill the empty cells",
    ),
    "no column": (without("sites", columns="bays"), "sites, column bays: missing; add it"),
    "site twice": (twice("sites"), "sites, column site_id: found p1; every id may stand only once"),
    "demand twice": (twice("demand"), "demand: found z1 / fast; every combination of ids may stand only once"),
    "access twice": (twice("access"), "access: found z1 / p1 / drive; every combination of ids may stand only once"),
    "no demand": (lambda t: replace(t, demand=t.demand.iloc[:0]), "demand: the table is empty"),
    "lock misspelt": (lambda t: t.with_cells("sites", "p1", lock="inside"), "found inside; expected one of"),
}


@pytest.mark.parametrize(("change", "words"), list(REFUSED.values()), ids=list(REFUSED))
def test_bad_input_is_refused_by_name(
    toytown: Town, faults: Faults, change: Callable[[Town], Town], words: str
) -> None:
    told = faults(choose_sites, *change(toytown).tables)
    assert any(words in fault for fault in told), told


def test_where_every_site_is_locked_out_no_made_up_number_is_told(toytown: Town, faults: Faults) -> None:
    told = faults(choose_sites, *toytown.with_cells("sites", lock="out").tables)
    assert told and not any(re.search(r"\b(inf|nan)\b", fault) for fault in told), told


def test_faults_of_several_tables_are_told_together(toytown: Town, faults: Faults) -> None:
    town = without("sites", columns="bays")(toytown.with_cells("demand", ("z1", "fast"), energy_kwh_day=-1.0))
    town = replace(town, capacity=town.capacity * -1)
    told = faults(choose_sites, *town.tables)
    assert {fault.partition(",")[0] for fault in told} == {"demand", "sites", "capacity"}
