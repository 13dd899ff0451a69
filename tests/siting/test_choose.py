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
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from helpers.towns import (
    MODE,
    Town,
    assigned_value,
    best_value,
    counts,
    middle_town,
    planned,
    shuffled,
    tiny_town,
    two_sites,
    with_a_zone_split,
)
from planner import BadInput
from planner.candidates import standing_chargers
from planner.capacity.tables import charger_tables
from planner.demand import fleet_energy
from planner.layers import Layers
from planner.numeric.solver import NoPlan, Solved, solve
from planner.scenario import Scenario
from planner.siting import choose_sites
from planner.siting.model.instance import Instance
from planner.siting.model.program import build_program

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
    types, capacity = charger_tables(scenario, demand, fleet_energy(scenario, layers.zones), 4)
    return Town(
        demand, sites, access, types, capacity, standing_chargers(layers, sites, scenario.existing), scenario.siting
    )


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


@pytest.mark.slow
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
    assert with_a_zone_split(town, share).planned().value == pytest.approx(whole.value, rel=2e-4, abs=1e-4)


def test_siting_changes_no_table_it_was_given() -> None:
    town = tiny_town(1)
    tables = town.demand, town.sites, town.access, town.charger_types, town.capacity, town.existing
    before = [table.copy() for table in tables]
    town.planned()
    for table, old in zip(tables, before, strict=True):
        pd.testing.assert_frame_equal(table, old)


# --- edges ----------------------------------------------------------------------------------------------------------


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
        *(f"{rule}({j})" for rule in ("bays", "grid") for j in sites),
        *(f"station({j})" for j in sites if j != "p3"),  # stands already
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


@pytest.mark.slow
@pytest.mark.parametrize("limit", [{"mip_max_nodes": 0}, {"mip_max_nodes": 1}, {"time_limit": 0.05}], ids=str)
def test_a_plan_of_a_truncated_solve_never_says_optimal(
    hard: Town, limit: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def truncated(problem: Any, variables: list[Any], *rest: Any, **options: Any) -> Solved:
        return solve(problem, variables, *rest, **{**options, **limit})

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


REFUSED: dict[str, tuple[Callable[[Town], Town], str]] = {
    "quota": (  # free bays: 2 + 4 + 2 + 4
        lambda t: t.with_rules(quota=13),
        "scenario, key siting.quota: chargers: 13 asked, at most 12 fit beside the sites' bays; "
        "lower the quota, or add sites, bays or grid",
    ),
    "budget": (  # the hospital's 20,000, and 6 ac at 10,000 there and at two sites' half-open doors
        lambda t: t.with_rules(budget_cny=59_999),
        "scenario, key siting.budget_cny: budget: 59,999 CNY allowed, at least 100,000 CNY needed beside quota, "
        "the sites' bays; raise the budget, or lower the quota",
    ),
    "shares against budget": (
        lambda t: t.with_cells("charger_types", "dc", min_share=0.7).with_rules(budget_cny=400_000),
        "scenario, key siting.budget_cny: budget: 400,000 CNY allowed, at least 460,000 CNY needed beside quota",
    ),
    "task too large": (
        lambda t: t.with_rules(tasks={"南区": 5}),
        "scenario, key siting.tasks: task of 南区: 5 asked, at most 4 fit beside the sites' bays; "
        "lower it, or relax what holds it back",
    ),
    "grid": (  # an ac each at the hospital and, beside its dc, at the station; the others need two
        lambda t: t.with_cells("sites", grid_kw=6.0),
        "chargers: 6 asked, at most 2 fit beside fewest chargers of a site",
    ),
    "shares beyond room": (
        lambda t: t.with_cells("sites", grid_kw=40.0).with_cells("charger_types", "ac", max_share=0.3),
        "charger_types, column max_share, row ac: largest share of ac, in chargers: 1.8 allowed, at least 4 needed",
    ),
    "nearly no bays": (
        lambda t: t.with_cells("sites", ["p2", "p4"], bays=0.0).with_cells("sites", "p3", bays=1.0),
        "chargers: 6 asked, at most 2 fit beside the sites' bays",
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
    "falling capacity": (
        lambda t: t.with_cells("capacity", ("dc", 3), energy_kwh_day=900.0),
        "capacity, charger type dc: energy falls at count 3; more chargers must not carry less",
    ),
    "capacity with a hole": (
        without("capacity", index=("dc", 2)),
        "capacity, charger type dc: no row for count 2; give every count from 1 to the last",
    ),
    "capacity of nothing": (
        lambda t: t.with_cells("capacity", ("dc", 0), energy_kwh_day=10.0),
        "capacity, charger type dc: found 10 kWh for count 0; no charger carries 0 kWh",
    ),
    "no capacity": (without("capacity", index="dc"), "capacity, charger type dc: no rows; add its energy by count"),
    "standing beyond the table": (
        lambda t: replace(existing(t, ("p2", "dc"), 3), capacity=t.capacity.drop([("dc", 3), ("dc", 4)])),
        "existing, row p2 / dc: 3 chargers stand there, but the capacity table of dc ends at 2; extend it",
    ),
    "floors of nowhere": (
        lambda t: t.with_rules(floors={"西区": 0.5}),
        "scenario, key siting.floors: no demand in 西区; districts: 北区, 南区",
    ),
    "floors without districts": (
        lambda t: without("demand", columns="district")(t.with_rules(floors={"北区": 0.5})),
        "demand, column district: missing; floors need to know where demand lies",
    ),
    "feeders without groups": (
        lambda t: t.with_rules(feeder_kw={"10 kV east": 100.0}),
        "sites, column feeder: missing; siting.feeder_kw needs to know which feeder group every site hangs on",
    ),
    "unknown feeder group": (
        lambda t: replace(t, sites=t.sites.assign(feeder="west")).with_rules(feeder_kw={"east": 100.0}),
        "scenario, key siting.feeder_kw: no site on east; feeder groups: west",
    ),
    "least cost of nothing": (
        lambda t: t.with_rules(question="least_cost"),
        "scenario, key siting.promise_share: missing; the least cost of what?",
    ),
    "promise without its question": (
        lambda t: t.with_rules(promise_share=0.5),
        "scenario, key siting.promise_share: 0.5 is promised, but siting.question is most_service",
    ),
    "no such solver": (
        lambda t: t.with_rules(solver="Abacus"),
        "scenario, key siting.solver: Abacus is not installed; found ",
    ),
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
    told = faults(choose_sites, change(toytown).problem)
    assert any(words in fault for fault in told), told


def test_where_every_site_is_locked_out_no_made_up_number_is_told(toytown: Town, faults: Faults) -> None:
    told = faults(choose_sites, toytown.with_cells("sites", lock="out").problem)
    assert told and not any(re.search(r"\b(inf|nan)\b", fault) for fault in told), told


def test_faults_of_several_tables_are_told_together(toytown: Town, faults: Faults) -> None:
    town = without("sites", columns="bays")(toytown.with_cells("demand", ("z1", "fast"), energy_kwh_day=-1.0))
    town = replace(town, capacity=town.capacity * -1)
    told = faults(choose_sites, town.problem)
    assert {fault.partition(",")[0] for fault in told} == {"demand", "sites", "capacity"}
