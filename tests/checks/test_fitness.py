"""Whether layers and scenario can carry a plan: toytown's figures, and every refusal of `plan` without planning."""

from collections.abc import Callable
from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest

from planner.checks.fitness import Examination, examine, measure_fitness, rule_faults
from planner.faults import BadInput
from planner.layers import Layers
from planner.plan import make_plan
from planner.scenario import Scenario, read_scenario

Variant = Callable[[str], Scenario]


def words(found: Examination) -> list[str]:
    return [f"{fault.where}: {fault.en}" for fault in found.faults]


def refused_by_plan(scenario: Scenario) -> list[str]:
    with pytest.raises(BadInput) as caught:
        make_plan(scenario)
    return [f"{fault.where}: {fault.en}" for fault in caught.value.faults]


# ---- the figures ----------------------------------------------------------------------------------------------------


def test_toytown_fits(layers: Layers, scenario: Scenario) -> None:
    found = examine(layers, scenario)
    assert found.faults == ()
    assert found.sites is not None and found.fitness is not None
    assert found.sites.index.tolist() == ["p1", "p2", "p3", "p4"]
    fitness = found.fitness
    assert (fitness.public_kwh_day, fitness.standing_kwh_day) == (pytest.approx(4_400), pytest.approx(440))
    assert (fitness.near_street_share, fitness.out_of_reach_share) == (1, pytest.approx(0))
    # ac at 50 kWh by (0.3 + 1) / 2, dc at 500 by 1 / 2: (32.5 + 250) / 1.15 = 245.65 a charger; 6 of them over 3,960
    assert fitness.tightness == pytest.approx(6 * 282.5 / 1.15 / 3_960)
    assert (fitness.street_parts, fitness.island_km, fitness.island_share) == (1, 0, 0)


def test_islands_are_measured_in_parts_and_kilometres(
    layers: Layers, sites: gpd.GeoDataFrame, demand: pd.DataFrame, scenario: Scenario
) -> None:
    """s05 with ends of its own is an island of 0.5 of 6 km; the others hang together, s09 one way included."""
    streets = layers.streets.copy()
    streets.loc["s05", ["u", "v"]] = [103, 106]
    fitness = measure_fitness(replace(layers, streets=streets), sites, demand, scenario)
    assert (fitness.street_parts, fitness.island_km) == (2, pytest.approx(0.5))
    assert fitness.island_share == pytest.approx(0.5 / 6)


def test_a_one_way_stub_is_outside_the_largest_part_and_none_itself(
    layers: Layers, sites: gpd.GeoDataFrame, demand: pd.DataFrame, scenario: Scenario
) -> None:
    streets = layers.streets.assign(v=layers.streets["v"].where(layers.streets.index != "s09", 99))
    fitness = measure_fitness(replace(layers, streets=streets), sites, demand, scenario)
    assert (fitness.street_parts, fitness.island_km) == (1, pytest.approx(0.5))


def test_residents_far_from_streets(
    layers: Layers, sites: gpd.GeoDataFrame, demand: pd.DataFrame, scenario: Scenario
) -> None:
    """With s01 alone, at 240 m north: the centres of z7, z8 and z9 (1,000 residents) lie 1,010 m away or more."""
    alone = layers.streets.loc[["s01"]].set_geometry(layers.streets.geometry.loc[["s01"]].translate(0, -10))
    fitness = measure_fitness(replace(layers, streets=alone), sites, demand, scenario)
    assert fitness.near_street_share == pytest.approx(3_000 / 4_000)


# ---- what plan refuses, check says in the same words ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[siting.tasks]\n"西区" = 1', "scenario, key siting.tasks: no candidate site in 西区; units: 北区, 南区"),
        (
            "[siting]\nbudget_cny = 1000",
            "scenario, key siting.budget_cny: budget: 1,000 CNY allowed, at least 100,000 CNY needed",
        ),
        ("[siting]\nquota = 600\nbudget_cny = 1e9", "scenario, key siting.quota: chargers: 600 asked, at most 12 fit"),
        # the south has p1 with 2 bays and p3 with 3, of which today's charger takes one: 4
        ('[siting.tasks]\n"南区" = 5', "scenario, key siting.tasks: task of 南区: 5 asked, at most 4 fit"),
        ('[siting]\nlock_in = ["p9"]', "scenario, key siting.lock_in: no site p9; see candidates.geojson for ids"),
        (
            "[fleets.cars]\nvehicles = 0\n[fleets.taxis]\nvehicles = 0",
            "scenario, key fleets: no fleet charges in public",
        ),
    ],
)
def test_rules_no_plan_can_keep(layers: Layers, variant: Variant, toml: str, said: str) -> None:
    scenario = variant(toml)
    found = words(examine(layers, scenario))
    assert len(found) == 1
    assert found[0].startswith(said)
    assert refused_by_plan(scenario) == found


@pytest.mark.slow
@pytest.mark.parametrize("quota", range(1, 12))
def test_rules_are_refused_exactly_where_plan_refuses(layers: Layers, variant: Variant, quota: int) -> None:
    scenario = variant(f"[siting]\nquota = {quota}\n")
    found = words(examine(layers, scenario))
    try:
        make_plan(scenario)
    except BadInput as error:
        assert found == [f"{fault.where}: {fault.en}" for fault in error.faults]
    else:
        assert found == []


def test_faults_of_sites_and_of_demand_stand_in_one_report(layers: Layers, variant: Variant) -> None:
    scenario = variant('[siting]\nlock_out = ["p9"]\n[attractors.hubs]\nplaces = { station = 0 }')
    found = examine(layers, scenario)
    assert (found.sites, found.fitness) == (None, None)
    assert [fault.split(":")[0] for fault in words(found)] == [
        "scenario, key siting.lock_out",
        "scenario, key attractors.hubs",
    ]


def test_islands_and_rules_stand_in_one_report(layers: Layers, variant: Variant) -> None:
    streets = layers.streets.copy()
    streets.loc["s05", ["u", "v"]] = [103, 106]
    found = examine(replace(layers, streets=streets), variant("[siting]\nbudget_cny = 1000"))
    assert [fault.split(":")[0] for fault in words(found)] == ["streets, rows s05", "scenario, key siting.budget_cny"]
    assert found.fitness is not None


def test_an_unknown_unit_does_not_hide_the_other_rules(layers: Layers, variant: Variant) -> None:
    found = words(examine(layers, variant('[siting]\nbudget_cny = 1000\n[siting.tasks]\n"西区" = 1')))
    assert [fault.split(":")[0] for fault in found] == ["scenario, key siting.tasks", "scenario, key siting.budget_cny"]


def test_an_open_search_is_no_fault(
    layers: Layers,
    sites: gpd.GeoDataFrame,
    demand: pd.DataFrame,
    scenario: Scenario,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The solver that stops at its nodes without a plan has shown nothing; one that proves there is none has."""
    from planner.checks import fitness
    from planner.numeric.solver import NoPlan

    for infeasible, count in ((False, 0), (True, 1)):

        def ended(*_: object, infeasible: bool = infeasible, **__: object) -> None:
            raise NoPlan("Solution limit reached", infeasible)

        monkeypatch.setattr(fitness, "solve", ended)
        assert len(rule_faults(layers, sites, demand, scenario)) == count


@pytest.mark.slow
def test_taiyuan_has_no_fault() -> None:
    from planner.layers import read_layers

    scenario = read_scenario()
    found = examine(read_layers(scenario.study_area), scenario)
    assert found.faults == ()
    assert found.fitness is not None
    assert found.fitness.out_of_reach_share <= 0.02
