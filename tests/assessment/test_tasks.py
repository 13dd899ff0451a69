"""任务分解表: every row recomputed by hand or in plain loops, and the sums equal to the plan."""

import numpy as np
import pandas as pd
import pytest

from helpers.reported_town import assessed
from planner.assessment import assess_task_breakdown
from planner.assessment.tasks import assess_tasks
from planner.exports import summarise
from planner.plan import Plan

UNITS = pd.Index(["南区", "北区"], name="task_unit")


@pytest.fixture(scope="module")
def plan(toytown: Plan) -> Plan:
    return toytown


def added(rows: dict[tuple[int, str, str], int]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(list(rows), names=["year", "site_id", "charger_type"])
    return pd.DataFrame({"count": list(rows.values())}, index=index)


def test_toytown_by_kind_of_place(plan: Plan) -> None:
    """The hospital: 1 dc and 1 ac, 110 kW, 20,000 + 110,000. The mall: 3 dc and 1 ac, 310 kW, 50,000 + 310,000."""
    table = plan.assessment.breakdown
    year = plan.scenario.year
    assert list(table.index) == [(u, year, k) for u in UNITS for k in ("hospital", "mall")]
    expected = {
        ("南区", year, "hospital"): [2, 0, 1, 110.0, 130_000.0],
        ("南区", year, "mall"): [0, 0, 0, 0.0, 0.0],
        ("北区", year, "hospital"): [0, 0, 0, 0.0, 0.0],
        ("北区", year, "mall"): [4, 0, 1, 310.0, 360_000.0],
    }
    assert list(table.columns) == ["chargers", "swap_stations", "stations", "power_kw", "capex_cny"]
    assert {key: list(row) for key, row in table.T.items()} == expected


def test_a_station_is_opened_once_and_paid_once(plan: Plan) -> None:
    """p2 opens in 2024 (50,000) and grows in 2025; p3 has a standing charger, so nothing is opened there."""
    rows = added(
        {(2025, "p2", "dc"): 1, (2024, "p2", "ac"): 2, (2025, "p3", "ac"): 1, (2024, "p1", "dc"): 0}
    ).sort_index()
    table = assess_task_breakdown(rows, plan.existing, plan.sites, plan.charger_types, UNITS)
    built = table[table["chargers"] > 0]
    assert {key: list(row) for key, row in built.T.items()} == {
        ("北区", 2024, "mall"): [2, 0, 1, 20.0, 70_000.0],
        ("北区", 2025, "mall"): [1, 0, 0, 100.0, 100_000.0],
        ("南区", 2025, "station"): [1, 0, 1, 10.0, 10_000.0],
    }
    assert sorted(set(table.index.get_level_values("year"))) == [2024, 2025]


def test_nothing_added_is_an_empty_table(plan: Plan) -> None:
    table = assess_task_breakdown(added({(2024, "p1", "dc"): 0}), plan.existing, plan.sites, plan.charger_types, UNITS)
    assert table.empty
    tasks = assess_tasks(plan.layers, table, plan.scenario)
    assert list(tasks["chargers"]) == [0, 0]
    assert list(tasks["shortfall"]) == [2, 0]


@pytest.mark.parametrize("seed", range(4))
def test_random_phases_against_plain_loops(plan: Plan, seed: int) -> None:
    """40 sites, three years, a third type that swaps; the sums equal what is built whatever the years."""
    rng = np.random.default_rng(seed)
    ids = [f"p{j:02d}" for j in range(40)]
    sites = pd.DataFrame(
        {
            "task_unit": rng.choice(["a", "b", "c"], 40),
            "kind": rng.choice(["mall", "parking", "school"], 40),
            "opening_cny": rng.integers(1, 9, 40) * 1e4,
        },
        index=pd.Index(ids, name="site_id"),
    )
    types = plan.charger_types.iloc[[0, 1, 1]].set_axis(["ac", "dc", "swap"]).rename_axis("charger_type")
    types.loc["swap", ["battery_swap", "quota_units"]] = [True, 0]
    counts = {
        (year, j, k): int(rng.integers(0, 4))
        for year in (2023, 2024, 2025)
        for j in ids
        for k in types.index
        if rng.random() < 0.3
    }
    standing = pd.MultiIndex.from_tuples([(j, "dc") for j in ids[::5]], names=["site_id", "charger_type"])
    existing = pd.DataFrame({"count": 1}, index=standing)
    units = pd.Index(["c", "b", "a", "none"], name="task_unit")
    table = assess_task_breakdown(added(counts), existing, sites, types, units)
    assert list(table.index.get_level_values("task_unit").unique()) == list(units)
    expected = dict.fromkeys(table.index, (0, 0, 0, 0.0, 0.0))
    seen: set[str] = set()
    for (year, j, k), count in sorted(counts.items()):
        if count:
            key = (sites.loc[j, "task_unit"], year, sites.loc[j, "kind"])
            opens = j not in seen
            money = count * types.loc[k, "price_cny"] + opens * (j not in ids[::5]) * sites.loc[j, "opening_cny"]
            more = (count * (k != "swap"), count * (k == "swap"), int(opens), count * types.loc[k, "kw_rated"], money)
            expected[key] = tuple(a + b for a, b in zip(expected[key], more, strict=True))
            seen.add(j)
    assert {key: tuple(row) for key, row in table.T.items()} == expected
    assert table["stations"].sum() == len(seen)


def test_task_and_result_stand_apart(plan: Plan) -> None:
    """南区 is asked for 2 and gets 2; asked for 3 it is short of one."""
    tasks = plan.assessment.tasks
    assert tasks[["task", "chargers", "met", "shortfall"]].loc["南区"].tolist() == [2, 2, True, 0]
    siting = plan.scenario.siting.model_copy(update={"tasks": {"南区": 3}})
    more = assess_tasks(plan.layers, plan.assessment.breakdown, plan.scenario.model_copy(update={"siting": siting}))
    assert more[["task", "chargers", "met", "shortfall"]].loc["南区"].tolist() == [3, 2, False, 1]
    assert list(more["met"]) == [False, True]


def test_every_sum_equals_the_plan(plan: Plan) -> None:
    """Sites, districts, tasks, their breakdown and the summary say the same."""
    result, summary = plan.assessment, summarise(plan)
    built = result.sites[["new_total", "new_swap", "power_kw", "capex_cny"]].sum()
    for table in (result.districts, result.breakdown):
        sums = table[["chargers", "swap_stations", "power_kw", "capex_cny"]].sum()
        assert list(sums) == list(built)
        assert table["stations"].sum() == len(result.sites)
    assert list(result.tasks[["chargers", "power_kw", "capex_cny"]].sum()) == list(built.drop("new_swap"))
    for name in ("chargers", "stations", "swap_stations", "power_kw", "capex_cny"):
        assert sum(row[name] for row in summary["breakdown"]) == summary[name], name
    assert all(row["chargers"] or row["swap_stations"] for row in summary["breakdown"])


def test_zones_without_boundary_have_rows_of_zeros(plan: Plan) -> None:
    area = plan.scenario.study_area.model_copy(update={"task_zones": ["新区"]})
    result = assessed(plan, scenario=plan.scenario.model_copy(update={"study_area": area}))
    assert result.breakdown.loc["新区"].to_numpy().sum() == 0
    assert result.tasks.loc["新区", ["task", "chargers", "met", "shortfall"]].tolist() == [0, 0, True, 0]
