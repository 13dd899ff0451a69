"""A plan year by year: what is built in each, and whom what stands at its end serves."""

import pandas as pd
import pytest

from helpers.plans import unserved_at_first
from planner.plan import Plan, make_plan
from planner.scenario import Scenario


@pytest.fixture(scope="module")
def plan(scenario: Scenario) -> Plan:
    return make_plan(scenario)


def test_one_year_is_the_whole_plan(plan: Plan) -> None:
    years, zones = plan.assessment.years, plan.assessment.zone_years
    assert list(years.index) == [plan.scenario.year]
    row = years.iloc[0]
    assert row["chargers"] == plan.assessment.sites["new_total"].sum()
    assert row["capex_cny"] == pytest.approx(plan.assessment.sites["capex_cny"].sum())
    assert row["served_kwh_day"] == pytest.approx(plan.assessment.zones["served_kwh_day"].sum())
    assert row["value_kwh_day"] == plan.proof.value_kwh_day
    assert zones.loc[plan.scenario.year, "served_kwh_day"].sum() == pytest.approx(row["served_kwh_day"])


def test_what_one_year_builds_stands_in_the_next(plan: Plan) -> None:
    # half a plan, then the other half: the second year has both, and an opening is paid once
    found = unserved_at_first(plan).assessment
    table = found.years
    assert table["chargers"].sum() == plan.assessment.sites["new_total"].sum()
    assert table["stations"].tolist() == [plan.chargers.index.get_level_values("site_id").nunique(), 0]
    assert table["capex_cny"].sum() == pytest.approx(plan.assessment.sites["capex_cny"].sum())
    assert table["chargers_standing"].diff().iloc[1] == table["chargers"].iloc[1]
    standing = plan.demand["standing_kwh_day"].sum()
    assert table["served_kwh_day"].iloc[0] == pytest.approx(standing)
    pd.testing.assert_series_equal(
        found.breakdown["capex_cny"].groupby(level="year").sum(), table["capex_cny"], check_names=False
    )
