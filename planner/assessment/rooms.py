"""What every site has left: bays, grid and the kW of its feeder group."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.assessment.networks import sum_by_site
from planner.scenario import Siting

ROUNDING = 1e-9
"""What sums of kW and bays may be off by."""


def room_left(sites: pd.DataFrame, chargers: pd.DataFrame, siting: Siting) -> pd.DataFrame:
    """What the chargers of a network leave at every site.

    Parameters
    ----------
    sites
        The table ``sites``.
    chargers
        A row per site and type, as `priced` makes them, with ``is_new``: today's chargers take bays, and no grid of
        what is left today.
    siting
        ``feeder_kw``: kW left today by feeder group.

    Returns
    -------
    DataFrame
        Index site_id: held (chargers there), bays, grid_kw, feeder_kw (left of its group; infinite without a limit).
    """
    drawn = chargers["count"] * chargers["coincidence"] * chargers["kw_rated"] * chargers["is_new"]
    use = chargers.assign(bays=chargers["count"] * chargers["bays_used"], drawn_kw=drawn)
    drawn_kw = sum_by_site(use, "drawn_kw", sites.index)
    feeder = sites["feeder"] if "feeder" in sites else pd.Series("", index=sites.index)
    group = drawn_kw.groupby(feeder).transform("sum")
    return pd.DataFrame(
        {
            "held": sum_by_site(use, "count", sites.index),
            "bays": sites["bays"].astype(float) - sum_by_site(use, "bays", sites.index),
            "grid_kw": sites["grid_kw"].astype(float) - drawn_kw,
            "feeder_kw": feeder.map(siting.feeder_kw).astype(float).fillna(np.inf) - group,
        },
        index=sites.index,
    )
