"""What the plan's energy emits, and what its kilometres would have emitted on petrol or diesel."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.scenario import Figure, Scenario
from planner.scenario.assessment import EmissionRules, Fuel

_G_A_TONNE = 1e6
_KG_A_TONNE = 1e3
ENDS = ("low", "base", "high")


def assess_emissions(energy: pd.Series, days: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """Emissions avoided in a year, by fleet; empty where the scenario has no section [emissions].

    ``avoided = km x fuel's g/km - kWh x grid's g/kWh`` (CO2); NOx and VOC at the vehicle only, those of power stations
    and of making fuel are not reckoned with. Only energy that the plan's new chargers serve counts, and only for fleets
    that some fuel names: of the others nothing is known. The low end takes the fuel's low figure with the grid's high
    one, the high end the other way round; the vehicles' own consumption is that of the demand throughout. No end
    exceeds ``most_co2_share`` of the fuel's CO2, where it is given. On a coal grid a fleet may avoid less than nothing.

    Parameters
    ----------
    energy, days
        As `energy_of_new` and `fleet_days` return them.
    scenario
        [emissions] and the fleets' names.

    Returns
    -------
    DataFrame
        Index fleet, in the scenario's order, of fleets that the new chargers serve: name_zh, name_en, fuel (its key,
        empty where none is known), kwh_year, km_year; co2_t_low, co2_t_base, co2_t_high (tonnes avoided a year; the
        same of nox and voc), co2_share (of the fuel's CO2, base).
    """
    columns = ["name_zh", "name_en", "fuel", "kwh_year", "km_year"]
    columns += [f"{gas}_t_{end}" for gas in ("co2", "nox", "voc") for end in ENDS]
    rules = scenario.emissions
    rows = {}
    if rules is not None:
        by_fleet = energy.groupby(level=["service", "fleet"]).sum()
        year = days[["year_kwh", "year_km"]].reindex(by_fleet.index).mul(by_fleet, axis=0).groupby(level="fleet").sum()
        fuel_of = {fleet: (name, fuel) for name, fuel in rules.fuels.items() for fleet in fuel.fleets}
        for name, fleet in scenario.fleets.items():
            if name in year.index:
                kwh, km = year.loc[[name], ["year_kwh", "year_km"]].to_numpy(float)[0].tolist()
                key, fuel = fuel_of.get(name, ("", None))
                rows[name] = [fleet.name_zh, fleet.name_en, key, kwh, km, *_avoided(kwh, km, fuel, rules)]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("fleet")
    fuel_t = [
        km * rules.fuels[key].co2_g_km.base / _G_A_TONNE if rules and key else np.nan
        for key, km in zip(table["fuel"], table["km_year"], strict=True)
    ]
    return table.assign(co2_share=table["co2_t_base"] / pd.Series(fuel_t, index=table.index, dtype=float))


def _avoided(kwh: float, km: float, fuel: Fuel | None, rules: EmissionRules) -> list[float]:
    """Tonnes a year: CO2, NOx, VOC, each low, base and high; NaN where nothing is known."""
    if fuel is None:
        return [np.nan] * 9
    most = rules.most_co2_share.base if rules.most_co2_share else 1.0
    co2 = []
    for end, other in zip(ENDS, reversed(ENDS), strict=True):
        burnt_t = km * getattr(fuel.co2_g_km, end) / _G_A_TONNE
        drawn_t = kwh * getattr(rules.grid_co2_kg_kwh, other) / _KG_A_TONNE
        co2.append(min(burnt_t - drawn_t, most * burnt_t))
    return [*co2, *_burnt(km, fuel.nox_g_km), *_burnt(km, fuel.voc_g_km)]


def _burnt(km: float, per_km: Figure | None) -> list[float]:
    return [np.nan if per_km is None else km * getattr(per_km, end) / _G_A_TONNE for end in ENDS]
