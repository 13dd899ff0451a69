"""The demand as charges: how many a day, how much each takes, and when they come."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.demand.hours import HOURS, hours_of, spread_services
from planner.scenario import ChargerType, Fleet, Scenario


def charges_by_fleet(scenario: Scenario, fleets: pd.DataFrame) -> pd.DataFrame:
    """What a charge of every fleet is at every charger type of its services, on the day that is planned for.

    Parameters
    ----------
    scenario
        Fleets, profiles and charger types.
    fleets
        As `fleet_energy` returns it.

    Returns
    -------
    DataFrame
        Index (charger_type, fleet), of fleets with energy; ``service``, ``energy_kwh_day`` of the fleet's service (over
        all its types), ``session_kwh`` of a charge (NaN where the scenario does not say), ``session_h`` that it takes a
        plug (energy over the smaller power of charger and vehicle, or as the type states; changeover included), and
        columns 0 to 23: shares of the day.
    """
    public = fleets["public_kwh_day"]
    rows = {}
    for type_name, kind in scenario.charger_types.items():
        for fleet_name, fleet in scenario.fleets.items():
            energy = float(public[fleet_name]) * fleet.services.get(kind.service, 0.0)
            if energy > 0:
                kwh, hours = _charge(kind, fleet)
                shares = hours_of(fleet, kind.service, scenario)
                rows[type_name, fleet_name] = [kind.service, energy, kwh, hours, *shares]
    index = pd.MultiIndex.from_tuples(rows, names=["charger_type", "fleet"])
    columns = ["service", "energy_kwh_day", "session_kwh", "session_h", *HOURS]
    return pd.DataFrame([*rows.values()], index=index, columns=columns).sort_index()


def _charge(kind: ChargerType, fleet: Fleet) -> tuple[float, float]:
    """Energy of a charge in kWh, and the hours that it takes a plug."""
    stated = kind.session_kwh or fleet.session_kwh
    kwh = stated.base if stated else np.nan
    power = min(kind.kw_delivered.base, fleet.session_kw.base if fleet.session_kw else np.inf)
    hours = kind.session_min.base / 60 if kind.session_min else kwh / power
    return kwh, hours + (kind.changeover_min.base / 60 if kind.changeover_min else 0.0)


def charges_by_type(charges: pd.DataFrame) -> pd.DataFrame:
    """The mean charge at every charger type, as the fleets mix over the whole area.

    Parameters
    ----------
    charges
        As `charges_by_fleet` returns it.

    Returns
    -------
    DataFrame
        Index charger_type; ``session_kwh``, ``session_h`` and ``peak_share``, the highest share of the day's charges
        that comes in one hour. NaN where the size of a charge is not known.
    """
    number = charges["energy_kwh_day"] / charges["session_kwh"]
    whole = charges[["session_kwh", "session_h"]].mul(number, axis=0)
    by_hour = charges[HOURS].mul(number, axis=0)
    per_type = pd.concat([whole, by_hour], axis=1).groupby(level="charger_type").sum(min_count=1)
    total = number.groupby(level="charger_type").sum(min_count=1)
    return pd.DataFrame(
        {
            "session_kwh": per_type["session_kwh"] / total,
            "session_h": per_type["session_h"] / total,
            "peak_share": per_type[HOURS].max(axis=1) / total,
        }
    )


def fleet_mix(
    zones: gpd.GeoDataFrame, places: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, scenario: Scenario
) -> pd.DataFrame:
    """Whose energy it is that every zone asks for.

    Returns
    -------
    DataFrame
        Index (zone_id, service, fleet), sorted; ``share`` of the pair's public energy, 1 in all; pairs without energy
        are left out.

    Raises
    ------
    BadInput
        As `attractor_weights` and `fleet_energy`.
    """
    rows = []
    for service, energy, _ in spread_services(zones, places, streets, scenario):
        names = [name for name, fleet in scenario.fleets.items() if fleet.services.get(service, 0) > 0]
        for column, name in enumerate(names):
            index = pd.MultiIndex.from_product([zones.index, [service], [name]], names=["zone_id", "service", "fleet"])
            rows.append(pd.DataFrame({"energy": energy[:, column]}, index=index))
    table = pd.concat(rows).query("energy > 0").sort_index()
    table["share"] = table["energy"] / table.groupby(level=["zone_id", "service"])["energy"].transform("sum")
    return table[["share"]]


def energy_by_fleet(assignment: pd.DataFrame, mix: pd.DataFrame) -> pd.DataFrame:
    """Whose energy it is that every station serves.

    Parameters
    ----------
    assignment
        Index (zone_id, site_id, service); ``energy_kwh_day``.
    mix
        As `fleet_mix` returns it.

    Returns
    -------
    DataFrame
        Index (site_id, service, fleet), sorted; ``energy_kwh_day``.
    """
    rows = assignment.reset_index().merge(mix.reset_index(), on=["zone_id", "service"])
    rows["energy_kwh_day"] *= rows["share"]
    return rows.groupby(["site_id", "service", "fleet"])[["energy_kwh_day"]].sum()
