"""Charger types: whom they help, and what a station of them carries where every further one carries as much."""

from __future__ import annotations

import numpy as np
import pandas as pd

_CAR_SERVICES = ("slow", "fast")


def for_cars(types: pd.DataFrame) -> pd.Series:
    """Which charger types cars can plug in at: neither swap stations nor truck chargers help residents."""
    swap = types["battery_swap"].astype(bool) if "battery_swap" in types else False
    return types["service"].isin(_CAR_SERVICES) & ~pd.Series(swap, index=types.index)


def linear_capacity(charger_types: pd.DataFrame, kwh: pd.Series, most: int) -> pd.DataFrame:
    """A capacity table proportional to the count.

    Parameters
    ----------
    charger_types
        The table ``charger_types``.
    kwh
        kWh a day per charger, by type.
    most
        Largest count in the table.

    Returns
    -------
    DataFrame
        Index (charger_type, count); ``energy_kwh_day``.
    """
    counts = np.arange(most + 1)
    index = pd.MultiIndex.from_product([charger_types.index, counts], names=["charger_type", "count"])
    return pd.DataFrame({"energy_kwh_day": np.outer(kwh.reindex(charger_types.index), counts).ravel()}, index=index)
