"""From the day that is planned for to its hours and to a year, by service and fleet."""

from __future__ import annotations

import pandas as pd

from planner.demand.fleets import day_factor
from planner.demand.hours import HOURS, hours_of
from planner.scenario import Fleet, Scenario

DAYS_A_YEAR = 365


def fleet_days(scenario: Scenario) -> pd.DataFrame:
    """What a kWh of the day that is planned for stands for: the hours it is charged in, and a year of driving.

    A year has 365 mean days: those of the week's mean weekday and weekend day, at the year's mean temperature. A day of
    the design month and a day of the year's mean are the same kilometres, so where consumption was measured at the
    battery the year takes less energy for them; where at the meter, the same.

    Returns
    -------
    DataFrame
        Index (service, fleet) of all services that a fleet asks for; columns 0 to 23, shares of the day that sum to
        one, ``year_kwh`` (kWh at the meter in a year for each kWh of the day) and ``year_km`` (km driven with them).
    """
    rows = {}
    for name, fleet in scenario.fleets.items():
        for service, share in fleet.services.items():
            if share > 0:
                hours = hours_of(fleet, service, scenario)
                rows[service, name] = [*(h / sum(hours) for h in hours), *_year(fleet, scenario)]
    index = pd.MultiIndex.from_tuples(rows, names=["service", "fleet"])
    return pd.DataFrame([*rows.values()], index=index, columns=[*HOURS, "year_kwh", "year_km"]).sort_index()


def _year(fleet: Fleet, scenario: Scenario) -> tuple[float, float]:
    """kWh and km of a year for each kWh of the day that is planned for."""
    season = scenario.season
    days = DAYS_A_YEAR / day_factor(fleet, season.day)
    if fleet.kwh_measured_at == "battery":
        year_kwh = days * season.annual_multiplier / season.multiplier
        kwh_per_km = fleet.kwh_per_100km.base / 100 * season.annual_multiplier / fleet.efficiency.base
    else:
        year_kwh, kwh_per_km = days, fleet.kwh_per_100km.base / 100
    return year_kwh, year_kwh / kwh_per_km if kwh_per_km > 0 else 0.0
