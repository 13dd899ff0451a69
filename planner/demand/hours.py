"""The demand hour by hour: load of every zone and service, its peak, and what the peak leaves of a charger's day."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.demand.fleets import fleet_energy
from planner.demand.spread import attractor_weights
from planner.scenario import ChargerType, Fleet, Scenario, Service

HOURS = list(range(24))


def fleet_spread(
    weights: pd.DataFrame, scenario: Scenario, public_kwh_day: pd.Series, service: Service
) -> tuple[np.ndarray, np.ndarray]:
    """A service's public energy by zone and fleet, and the fleets' hours.

    Parameters
    ----------
    weights
        As `attractor_weights` returns them.
    scenario
        Fleets and profiles.
    public_kwh_day
        Index fleet.
    service
        One of the scenario's.

    Returns
    -------
    energy, shares
        kWh a day, shape (zones, fleets of the service); shares of the day, shape (fleets of the service, 24).
    """
    fleets = {name: fleet for name, fleet in scenario.fleets.items() if fleet.services.get(service, 0) > 0}
    energy = np.zeros((len(weights), len(fleets)))
    for column, (name, fleet) in enumerate(fleets.items()):
        follows = fleet.follows[service]
        share = weights[list(follows)].to_numpy(float) @ np.array([*follows.values()], float)
        energy[:, column] = public_kwh_day[name] * fleet.services[service] * share
    shares = [hours_of(fleet, service, scenario) for fleet in fleets.values()]
    return energy, np.array(shares, float).reshape(len(fleets), 24)


def spread_services(
    zones: gpd.GeoDataFrame, places: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, scenario: Scenario
) -> Iterator[tuple[Service, np.ndarray, np.ndarray]]:
    """Every service that some fleet asks for, with what `fleet_spread` gives for it.

    Raises
    ------
    BadInput
        As `attractor_weights` and `fleet_energy`.
    """
    weights = attractor_weights(zones, places, streets, scenario)
    public = fleet_energy(scenario, zones)["public_kwh_day"]
    for service in scenario.services:
        energy, shares = fleet_spread(weights, scenario, public, service)
        if energy.shape[1]:
            yield service, energy, shares


def hourly_load(
    zones: gpd.GeoDataFrame, places: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, scenario: Scenario
) -> pd.DataFrame:
    """Mean load of all public charging in every hour of the day that is planned for.

    Returns
    -------
    DataFrame
        Index (zone_id, service), columns 0 to 23: kW, which over an hour are kWh. Rows of services without any fleet
        are left out. The sum of a row is the pair's ``public_kwh_day``.

    Raises
    ------
    BadInput
        As `attractor_weights` and `fleet_energy`.
    """
    parts = []
    for service, energy, shares in spread_services(zones, places, streets, scenario):
        index = pd.MultiIndex.from_product([zones.index, [service]], names=["zone_id", "service"])
        parts.append(pd.DataFrame(energy @ shares, index=index, columns=HOURS))
    return pd.concat(parts).sort_index()


def hours_of(fleet: Fleet, service: Service, scenario: Scenario) -> list[float]:
    """The 24 shares of a fleet's energy of a service; even where no profile is named."""
    profile = fleet.hours.get(service)
    return [1 / 24] * 24 if profile is None else scenario.profiles[profile].shares(scenario.season.day)


def peak_shares(load: pd.DataFrame) -> pd.DataFrame:
    """The design hour of each service over the whole area, and how the zones' peaks fall together.

    Parameters
    ----------
    load
        As `hourly_load` returns it.

    Returns
    -------
    DataFrame
        Index service; ``hour`` (0 to 23, the first of equals), ``peak_kw``, ``peak_share`` (of the day's energy, in
        that hour) and ``coincidence`` (the peak over the sum of the zones' own peaks).
    """
    city = load.groupby(level="service").sum()
    own = load.max(axis=1).groupby(level="service").sum()
    energy = city.sum(axis=1)
    peak = city.max(axis=1)
    table = pd.DataFrame({"hour": city.idxmax(axis=1).astype(int), "peak_kw": peak})
    table["peak_share"] = (peak / energy).where(energy > 0, 0.0)
    table["coincidence"] = (peak / own).where(own > 0, 1.0)
    return table


def within_peak(types: dict[str, ChargerType], energy_kwh_day: pd.Series, demand: pd.DataFrame) -> pd.Series:
    """What one charger carries a day once its plugs must also bear the design hour.

    A type that delivers P kW on all its plugs bears at most P kWh in that hour, hence P / (the hour's share) a day.

    Parameters
    ----------
    types
        The scenario's charger types.
    energy_kwh_day
        Index charger_type: what one carries as far as the scenario assumes.
    demand
        Index (zone_id, service), columns ``public_kwh_day`` and ``peak_kw``; a service without a row has no peak.

    Returns
    -------
    Series
        Index charger_type, kWh a day: the smaller of the two.
    """
    sums = demand[["peak_kw", "public_kwh_day"]].groupby(level="service").sum()
    share = (sums["peak_kw"] / sums["public_kwh_day"]).to_dict()
    most = {
        name: kind.plugs * kind.kw_delivered.base / share[kind.service] if share.get(kind.service, 0.0) > 0 else np.inf
        for name, kind in types.items()
    }
    return energy_kwh_day.clip(upper=pd.Series(most).reindex(energy_kwh_day.index))
