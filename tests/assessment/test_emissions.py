"""Emissions avoided, by hand on toytown (tests/reported_town.py), and what Taiyuan's base scenario may claim."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from helpers.reported_town import BESIDE_TODAYS, REPORTS, assessed, reported_plan, with_section
from planner.assessment.emissions import assess_emissions
from planner.demand import fleet_days
from planner.plan import Plan
from planner.scenario import Scenario, read_scenario

ENDS = ("low", "base", "high")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return reported_plan()


@pytest.fixture(scope="module")
def claims() -> pd.DataFrame:
    """Taiyuan's base scenario, were each of its fleets' services served 1,000 kWh a day."""
    scenario = read_scenario()
    days = fleet_days(scenario)
    sites = [("somewhere", service, fleet) for service, fleet in days.index]
    index = pd.MultiIndex.from_tuples(sites, names=["site_id", "service", "fleet"])
    return assess_emissions(pd.Series(1000.0, index=index), days, scenario)


def test_cars(plan: Plan) -> None:
    """2,100 kWh a day are 2,100 x 0.8 / (0.2 x 1.25) = 6,720 km a day, in every month.

    2,452,800 km a year on petrol: 490.56 t (367.92, 613.2); 625,975 kWh: 375.585 t at 0.6 (438.1825 at 0.7, 312.9875
    at 0.5). The high end, 300.2125 t, would be 49 % of the petrol's: 40 % of it, 245.28, are claimed.
    """
    table = plan.assessment.emissions
    assert list(table.index) == ["cars"]
    row = table.loc["cars"]
    assert row["km_year"] == pytest.approx(6720 * 365)
    assert row["kwh_year"] == pytest.approx(625_975)
    assert row[[f"co2_t_{end}" for end in ENDS]].tolist() == pytest.approx([367.92 - 438.1825, 114.975, 245.28])
    assert row["co2_share"] == pytest.approx(114.975 / 490.56)
    assert row[[f"nox_t_{end}" for end in ENDS]].tolist() == pytest.approx([0.024528, 0.049056, 0.073584])
    assert row[[f"voc_t_{end}" for end in ENDS]].isna().all()
    assert (row["fuel"], row["name_zh"], row["name_en"]) == ("petrol", "私家车", "cars")


def test_without_a_limit_the_whole_is_claimed(plan: Plan) -> None:
    table = assessed(plan, scenario=with_section(plan, "emissions", most_co2_share=None)).emissions
    assert table.loc["cars", "co2_t_high"] == pytest.approx(613.2 - 312.9875)


def test_only_energy_of_new_chargers_counts_and_unnamed_fleets_are_not_known(plan: Plan) -> None:
    """165 kWh of cars and 135 of taxis; the 500 of the standing charger are served without the plan."""
    table = assessed(plan, **BESIDE_TODAYS).emissions
    assert table["km_year"].to_dict() == pytest.approx({"cars": 165 * 3.2 * 365, "taxis": 135 * 4 * 365})
    assert table.loc["taxis", "fuel"] == ""
    assert table.loc["taxis", [f"{gas}_t_{end}" for gas in ("co2", "nox", "voc") for end in ENDS]].isna().all()
    assert math.isnan(table.loc["taxis", "co2_share"])


def test_an_empty_plan_avoids_nothing(plan: Plan) -> None:
    empty: dict[str, Any] = {"chargers": plan.chargers.iloc[:0], "assignment": plan.assignment.iloc[:0]}
    table = assessed(plan, **empty).emissions
    assert table.empty and list(table.columns) == list(plan.assessment.emissions.columns)


# ---- what Taiyuan may claim -----------------------------------------------------------------------------------------


def test_private_cars_claim_no_more_than_the_grid_supports(claims: pd.DataFrame) -> None:
    """14.5 / 0.9 x 1.12 = 18.0 kWh/100 km at the meter; with Shanxi's 0.7096 and North China's 0.6361 kg 33-40 %."""
    row = claims.loc["private_electric"]
    assert row["kwh_year"] / row["km_year"] == pytest.approx(0.180, abs=5e-4)
    assert row["co2_share"] == pytest.approx(1 - 0.1804 * 709.6 / 190, abs=2e-3)
    petrol_t = row["km_year"] * 190 / 1e6  # the base and the high end; the low one is 170
    assert row["co2_t_high"] / petrol_t == pytest.approx(1 - 0.1804 * 636.1 / 190, abs=2e-3)
    assert 0.32 < row["co2_share"] < row["co2_t_high"] / petrol_t <= 0.40
    assert row["co2_t_low"] / (row["km_year"] * 170 / 1e6) < row["co2_share"]


def test_no_fleet_claims_more_than_two_fifths(claims: pd.DataFrame) -> None:
    scenario = read_scenario()
    assert scenario.emissions is not None
    for key, fuel in scenario.emissions.fuels.items():
        for fleet in fuel.fleets:
            for end in ENDS:
                burnt_t = claims.loc[fleet, "km_year"] * getattr(fuel.co2_g_km, end) / 1e6
                assert claims.loc[fleet, f"co2_t_{end}"] <= 0.4 * burnt_t + 1e-9, (key, fleet, end)


def test_ranges_are_in_order_and_recomputed_one_by_one(claims: pd.DataFrame) -> None:
    scenario = read_scenario()
    rules = scenario.emissions
    assert rules is not None
    fuels = {fleet: fuel for fuel in rules.fuels.values() for fleet in fuel.fleets}
    for fleet, row in claims.iterrows():
        if fleet not in fuels:
            assert math.isnan(row["co2_t_base"])
            continue
        for gas, figure in (("nox", fuels[str(fleet)].nox_g_km), ("voc", fuels[str(fleet)].voc_g_km)):
            expected = [math.nan] * 3
            if figure:
                expected = [row["km_year"] * g / 1e6 for g in (figure.low, figure.base, figure.high)]
            assert row[[f"{gas}_t_{end}" for end in ENDS]].tolist() == pytest.approx(expected, nan_ok=True)
        co2, kg = fuels[str(fleet)].co2_g_km, rules.grid_co2_kg_kwh
        pairs = ((co2.low, kg.high), (co2.base, kg.base), (co2.high, kg.low))
        burnt = [row["km_year"] * g / 1e6 for g, _ in pairs]
        whole = [t - row["kwh_year"] * each / 1e3 for t, (_, each) in zip(burnt, pairs, strict=True)]
        told = row[[f"co2_t_{end}" for end in ENDS]].tolist()
        assert told == pytest.approx([min(t, 0.4 * most) for t, most in zip(whole, burnt, strict=True)])
        assert told == sorted(told)


def test_heavy_trucks_on_a_coal_grid_avoid_no_co2(claims: pd.DataFrame) -> None:
    """150 / 0.92 x 1.12 = 183 kWh/100 km x 0.71 = 1.30 kg a km, a diesel tractor 0.95: it is said, not hidden."""
    assert claims.loc["heavy_truck", "co2_t_base"] < 0
    assert claims.loc["heavy_truck", "co2_share"] == pytest.approx(1 - 1.826 * 709.6 / 951, abs=3e-3)
    assert claims.loc["heavy_truck", "nox_t_base"] > 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('fleets = ["cars"]', 'fleets = ["bikes"]', "bikes used but not defined in [fleets]"),
        ('fleets = ["cars"]', 'fleets = ["cars", "cars"]', "fleets cars stand in more than one of the fuels; keep one"),
        ('fleets = ["cars"]', "fleets = []", "emissions.fuels.petrol.fleets"),
        ("co2_g_km = [150, 200, 250]", "co2_g_km = [250, 200, 150]", "emissions.fuels.petrol.co2_g_km"),
        ("grid_co2_kg_kwh = [0.5, 0.6, 0.7]", "", "emissions.grid_co2_kg_kwh"),
    ],
)
def test_bad_sections(tmp_path: Path, old: str, new: str, words: str, faults: Callable[..., list[str]]) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('extends = "toytown/toytown.toml"\n' + REPORTS.replace(old, new), encoding="utf-8")
    (fault,) = faults(read_scenario, file)
    assert words in fault


def test_every_scenario_of_taiyuan_has_the_reports() -> None:
    for name in ("base", "waits", "fair", "next_10000", "high_adoption", "low_home_charging"):
        scenario: Scenario = read_scenario(f"taiyuan/{name}")
        assert scenario.grid and scenario.money and scenario.emissions
