"""The tables ``charger_types`` and ``capacity`` of a scenario."""

from __future__ import annotations

import pandas as pd

from planner.capacity.queueing import carried_energy
from planner.capacity.types import linear_capacity
from planner.demand import charges_by_fleet, charges_by_type, within_peak
from planner.scenario import ChargerType, Scenario


def charger_tables(
    scenario: Scenario, demand: pd.DataFrame, fleets: pd.DataFrame, most_bays: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables ``charger_types`` and ``capacity`` of a scenario.

    Parameters
    ----------
    scenario
        Charger types, fleets, and the promise of [waiting]; without a promise every charger carries the same.
    demand, fleets
        As `estimate_demand` and `fleet_energy` return them.
    most_bays
        Of a site: where the counts of ``capacity`` end.
    """
    types = charger_type_table(scenario.charger_types)
    promise = scenario.waiting
    if promise is None:
        types["energy_kwh_day"] = within_peak(scenario.charger_types, types["energy_kwh_day"], demand)
        return types, linear_capacity(types, types["energy_kwh_day"], most_bays)
    types = types.join(charges_by_type(charges_by_fleet(scenario, fleets)))
    return types, carried_energy(types, promise.most_min.base, promise.most_share.base, most_bays)


def charger_type_table(types: dict[str, ChargerType]) -> pd.DataFrame:
    """The scenario's charger types as the table ``charger_types``; beside its columns names, plugs, energy, swap."""
    rows = {
        name: {
            "service": kind.service,
            "kw_rated": kind.kw_rated.base,
            "bays_used": kind.bays_used,
            "coincidence": kind.coincidence.base,
            "price_cny": kind.price_cny.base,
            "quota_units": kind.quota_units,
            "min_share": kind.min_share,
            "max_share": kind.max_share,
            "max_count": float("nan") if kind.max_count is None else float(kind.max_count),
            "opex_cny_year": kind.opex_cny_year.base if kind.opex_cny_year else 0.0,
            "energy_kwh_day": kind.energy_kwh_day.base,
            "plugs": kind.plugs,
            "queue": kind.queue,
            "battery_swap": kind.battery_swap,
            "name_zh": kind.name_zh,
            "name_en": kind.name_en,
        }
        for name, kind in types.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("charger_type").sort_index()
