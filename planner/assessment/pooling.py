"""What stations carry beyond a fixed energy each, because chargers that stand together share their queues."""

from __future__ import annotations

import pandas as pd


def pooling_gain(types: pd.DataFrame) -> dict[str, float]:
    """What all new chargers carry because they share stations, beside a fixed energy each; kWh a day.

    Parameters
    ----------
    types
        The table ``types`` of `Assessment`.

    Returns
    -------
    dict
        carried_kwh_day, fixed_kwh_day, alone_kwh_day (as in the table), and over the fixed energy gained_kwh_day and
        gained_share (NaN without any).
    """
    carried, fixed, alone = (float(types[f"{how}_kwh_day"].sum()) for how in ("carried", "fixed", "alone"))
    return {
        "carried_kwh_day": carried,
        "fixed_kwh_day": fixed,
        "alone_kwh_day": alone,
        "gained_kwh_day": carried - fixed,
        "gained_share": carried / fixed - 1 if fixed > 0 else float("nan"),
    }
