"""Energy of the fleets a day, at the meter, and where it is charged."""

from __future__ import annotations

import pandas as pd

from planner.demand.spread import home_charging_share
from planner.demand.stocks import vehicles_at
from planner.scenario import Fleet, Scenario


def fleet_energy(scenario: Scenario, zones: pd.DataFrame) -> pd.DataFrame:
    """Energy of each fleet on the day that is planned for.

    Returns
    -------
    DataFrame
        Index fleet; ``vehicles``, ``energy_kwh_day`` (all charging), and its parts ``home_kwh_day`` (residents with
        home charging), ``depot_kwh_day`` (depots and workplaces) and ``public_kwh_day``.

    Raises
    ------
    BadInput
        A stock is asked for in a year that its curve does not reach.
    """
    without_home = _without_home_charging(zones, scenario)
    rows = {}
    for name, fleet in scenario.fleets.items():
        vehicles = vehicles_at(fleet, scenario)
        energy = energy_kwh_day(fleet, vehicles, scenario.season.multiplier) * day_factor(fleet, scenario.season.day)
        away = without_home if fleet.home_charging else 1.0
        public = energy * away * fleet.public_share.base
        rows[name] = (vehicles, energy, energy * (1 - away), energy * away - public, public)
    columns = ["vehicles", "energy_kwh_day", "home_kwh_day", "depot_kwh_day", "public_kwh_day"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("fleet")


def energy_kwh_day(fleet: Fleet, vehicles: float, season: float) -> float:
    """Energy of a fleet on a mean day of the week, all charging, kWh at the meter.

    Parameters
    ----------
    fleet
        Its figures.
    vehicles
        How many.
    season
        Multiplier of the month; counts only where the consumption was measured at the battery.
    """
    driven = vehicles * fleet.active_share.base * fleet.km_day.base * fleet.kwh_per_100km.base / 100
    return driven * season / fleet.efficiency.base if fleet.kwh_measured_at == "battery" else driven


def day_factor(fleet: Fleet, day: str) -> float:
    """Energy of a weekday or weekend day over the week's mean."""
    weekend = fleet.weekend_factor.base if fleet.weekend_factor else 1.0
    mean = (5 + 2 * weekend) / 7
    return (weekend if day == "weekend" else 1.0) / mean


def _without_home_charging(zones: pd.DataFrame, scenario: Scenario) -> float:
    """Share of residents without home charging."""
    residents = zones["residents"].astype(float)
    total = float(residents.sum())
    return float((residents * (1 - home_charging_share(zones, scenario))).sum() / total) if total else 1.0
