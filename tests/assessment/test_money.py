"""The plan's money by hand on toytown (tests/reported_town.py).

Energy a year: 2,100 kWh of the design day x 365 x 1.0208333 / 1.25, because a mean day takes (1.25 + 11 x 1) / 12 =
1.0208333 times the energy at 20 °C, the design day 1.25 times.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from helpers.reported_town import BESIDE_TODAYS, REPORTS, assessed, reported_plan, with_section
from planner.assessment.money import Money, annuity_share
from planner.demand import fleet_days
from planner.plan import Plan
from planner.scenario import Scenario, read_scenario

YEAR = 365 * (12.25 / 12) / 1.25
CAPEX = 420_000 + 70_000 + 530_000  # chargers, openings, and what the transformers cost beyond those
OPEX = 0.04 * CAPEX + 6 * 1000  # six bays


@pytest.fixture(scope="module")
def plan() -> Plan:
    return reported_plan()


def money_of(plan: Plan, **changed: Any) -> Money:
    money = (assessed(plan, **changed) if changed else plan.assessment).money
    assert money is not None
    return money


def test_city(plan: Plan) -> None:
    """Fast by noon costs 0.4 x 1.0 + 0.6 x 0.5 = 0.7 a kWh, slow by night 0.2; fees are 0.4, a tenth the platforms'."""
    city = money_of(plan).city
    income = 2100 * YEAR * 0.4 * 0.9
    assert city.to_dict() == {
        "chargers_cny": 420_000,
        "opening_cny": 70_000,
        "upgrade_cny": 530_000,
        "capex_cny": CAPEX,
        "opex_cny_year": pytest.approx(OPEX),
        "kwh_year": pytest.approx(2100 * YEAR),
        "energy_cny_year": pytest.approx((2000 * 0.7 + 100 * 0.2) * YEAR),
        "income_cny_year": pytest.approx(income),
        "annuity_cny_year": pytest.approx(CAPEX / 2),
        "cost_cny_kwh": pytest.approx((CAPEX / 2 + OPEX) / (2100 * YEAR)),
        "energy_cny_kwh": pytest.approx((2000 * 0.7 + 100 * 0.2) / 2100),
        "payback_years": pytest.approx(CAPEX / (income - OPEX)),
    }


def test_districts_have_their_stations(plan: Plan) -> None:
    """南区: 110,000 + 20,000 + 130,000; 北区: 310,000 + 50,000 + 400,000."""
    table = money_of(plan).districts
    assert list(table.index) == ["南区", "北区"]
    assert list(table["capex_cny"]) == [260_000, 760_000]
    assert list(table["opex_cny_year"]) == pytest.approx([0.04 * 260_000 + 2000, 0.04 * 760_000 + 4000])
    assert list(table["kwh_year"]) == pytest.approx([550 * YEAR, 1550 * YEAR])
    assert list(table["cost_cny_kwh"]) == pytest.approx(
        [(130_000 + 12_400) / (550 * YEAR), (380_000 + 34_400) / (1550 * YEAR)]
    )
    for column in ("capex_cny", "opex_cny_year", "kwh_year", "energy_cny_year", "income_cny_year", "annuity_cny_year"):
        assert table[column].sum() == pytest.approx(money_of(plan).city[column]), column


def test_hours(plan: Plan) -> None:
    """At 11 the peak price of 1.0 and 400 kW, at 6 the flat one of 0.5 and 100 kW, at 0 the valley's 0.2 and 20 kW."""
    hours = money_of(plan).hours
    assert list(hours.index) == list(range(24))
    rows = hours.loc[[0, 6, 11]].to_numpy().tolist()
    assert rows == [
        pytest.approx([0.2, 0.4, 0.6, 20, 8, 4]),
        pytest.approx([0.5, 0.4, 0.9, 100, 40, 50]),
        pytest.approx([1.0, 0.4, 1.4, 400, 160, 400]),
    ]
    assert hours["fee_cny"].sum() == pytest.approx(0.4 * 2100)
    grid = plan.assessment.grid
    assert grid is not None
    assert hours["load_kw"].tolist() == pytest.approx(grid.site_load.sum().tolist())


def test_capex_is_that_of_the_stations_and_the_grid(plan: Plan) -> None:
    city, stations = money_of(plan).city, plan.assessment.sites
    assert city["chargers_cny"] + city["opening_cny"] == stations["capex_cny"].sum()
    without = money_of(plan, scenario=plan.scenario.model_copy(update={"grid": None})).city
    assert (without["upgrade_cny"], without["capex_cny"]) == (0, 490_000)


def test_a_type_with_its_own_opex_takes_no_share(plan: Plan) -> None:
    """4 dc at 2,000 a year; the share goes on the other 620,000."""
    dc = plan.scenario.charger_types["dc"]
    own = dc.price_cny.model_copy(update=dict.fromkeys(("low", "base", "high"), 2000.0))
    types = {**plan.scenario.charger_types, "dc": dc.model_copy(update={"opex_cny_year": own})}
    scenario = plan.scenario.model_copy(update={"charger_types": types})
    assert money_of(plan, scenario=scenario).city["opex_cny_year"] == pytest.approx(8000 + 0.04 * 620_000 + 6000)


def test_payback_never_where_operation_eats_the_income(plan: Plan) -> None:
    city = money_of(plan, scenario=with_section(plan, "money", service_fee_cny_kwh=0.01)).city
    assert city["payback_years"] == math.inf


def test_no_investment_has_no_payback(plan: Plan) -> None:
    money = money_of(plan, chargers=plan.chargers.iloc[:0], assignment=plan.assignment.iloc[:0])
    assert money.city["capex_cny"] == 0
    assert math.isnan(money.city["payback_years"]) and math.isnan(money.city["cost_cny_kwh"])
    assert list(money.districts.index) == ["南区", "北区"] and (money.districts["kwh_year"] == 0).all()
    assert (money.hours["load_kw"] == 0).all()


def test_only_what_new_chargers_serve_is_income(plan: Plan) -> None:
    """165 kWh of cars by the year's season and 135 of taxis, measured at the meter, on 365 days."""
    city = money_of(plan, **BESIDE_TODAYS).city
    assert city["kwh_year"] == pytest.approx(165 * YEAR + 135 * 365)
    assert city["energy_cny_year"] == pytest.approx(165 * YEAR * 0.7 + 135 * 365 * 0.2)
    assert city["opening_cny"] == 0


def test_a_year_has_weekends(plan: Plan) -> None:
    """Weekends at half: the week's mean is (5 + 2 x 0.5) / 7 of a weekday, a year 365 x 6 / 7 weekdays' worth."""
    cars = plan.scenario.fleets["cars"]
    half = cars.vehicles.model_copy(update=dict.fromkeys(("low", "base", "high"), 0.5))
    fleets = {**plan.scenario.fleets, "cars": cars.model_copy(update={"weekend_factor": half})}
    days = fleet_days(plan.scenario.model_copy(update={"fleets": fleets}))
    assert days.loc[("fast", "cars"), "year_kwh"] == pytest.approx(YEAR * 6 / 7)
    assert days.loc[("fast", "taxis"), "year_kwh"] == pytest.approx(365)


@pytest.mark.parametrize(("years", "rate", "share"), [(10, 0.0, 0.1), (1, 0.05, 1.05), (2, 0.1, 0.11 / 0.21 * 1.1)])
def test_annuity(years: float, rate: float, share: float) -> None:
    """Two payments at 10 %: 1 / (1 / 1.1 + 1 / 1.21) = 1.21 / 2.1."""
    assert annuity_share(years, rate) == pytest.approx(share)
    paid = sum(share / (1 + rate) ** year for year in range(1, int(years) + 1))
    assert paid == pytest.approx(1)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("peak_hours = [11, 12]", "peak_hours = [4, 11]", "hours 4 stand in peak_hours and in valley_hours; keep one"),
        ("peak_hours = [11, 12]", "peak_hours = [24]", "money.peak_hours"),
        ("platform_share = 0.1", "platform_share = 1.1", "money.platform_share"),
        ("opex_share = 0.04", "opex_share = -0.04", "money.opex_share"),
        ("rent_cny_bay_year = 1000", "", "money.rent_cny_bay_year"),
    ],
)
def test_bad_sections(tmp_path: Path, old: str, new: str, words: str, faults: Callable[..., list[str]]) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('extends = "toytown/toytown.toml"\n' + REPORTS.replace(old, new), encoding="utf-8")
    (fault,) = faults(read_scenario, file)
    assert words in fault


def test_taiyuans_year_of_energy_by_hand() -> None:
    """January -5.3 °C: 1.3036; the year's mean 1.1199, as facts of the season have them."""
    scenario: Scenario = read_scenario()
    days: pd.DataFrame = fleet_days(scenario)
    assert days.loc[("fast", "private_electric"), "year_kwh"] == pytest.approx(365 * 1.1199 / 1.3036, rel=1e-3)
    assert days.loc[("fast", "taxi"), "year_km"] == pytest.approx(365 / 0.25)  # 25 kWh/100 km at the meter
