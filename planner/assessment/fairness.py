"""How evenly the network serves: Gini and Palma over residents, and the plan township by township."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.assessment.networks import Network, nowhere_known
from planner.scenario import Scenario

_FARTHEST, _NEAREST = 0.1, 0.4
_ENERGIES = ("public_kwh_day", "served_kwh_day")


def gini(amount: np.ndarray, people: np.ndarray) -> float:
    """Gini coefficient of an amount over weighted people: 1 - 2 x area under the Lorenz curve.

    NaN where an amount is not finite or nobody has any.
    """
    amount, people = amount[people > 0], people[people > 0]
    if not len(amount) or not np.isfinite(amount).all() or amount @ people == 0:
        return float("nan")
    order = np.argsort(amount, kind="stable")
    held = np.r_[0.0, np.cumsum(amount[order] * people[order])]
    area = float(people[order] @ (held[1:] + held[:-1]))
    return 1 - area / (float(people.sum()) * float(held[-1]))


def palma(amount: np.ndarray, people: np.ndarray) -> float:
    """Palma ratio: what the tenth of the people with most of an amount have together, over the two fifths with least.

    0.25 where all have the same. A group that straddles an edge counts in part. NaN where an amount is not finite, or
    where the two fifths have nothing.
    """
    amount, people = amount[people > 0], people[people > 0]
    if not len(amount) or not np.isfinite(amount).all():
        return float("nan")
    order = np.argsort(amount, kind="stable")
    counted = np.r_[0.0, np.cumsum(people[order])]
    held = np.r_[0.0, np.cumsum(amount[order] * people[order])]
    least, most = np.interp([_NEAREST * counted[-1], (1 - _FARTHEST) * counted[-1]], counted, held)
    return float((held[-1] - most) / least) if least > 0 else float("nan")


def served_share_by_zone(demand: pd.DataFrame, trips: pd.DataFrame) -> pd.Series:
    """Index zone_id: energy served, that of unlocated chargers included, over public demand; NaN without any."""
    of_zone = demand.groupby(level="zone_id")[["public_kwh_day", "standing_kwh_day"]].sum()
    going = trips.groupby("zone_id")["energy_kwh_day"].sum().reindex(of_zone.index, fill_value=0.0)
    share: pd.Series = (of_zone["standing_kwh_day"] + going) / of_zone["public_kwh_day"].where(
        of_zone["public_kwh_day"] > 0
    )
    return share


def gini_of_service(residents: pd.Series, demand: pd.DataFrame, trips: pd.DataFrame) -> float:
    """Gini coefficient over residents of the share served of their zone's demand; zones without demand are left out."""
    share = served_share_by_zone(demand, trips).dropna()
    people = residents.reindex(share.index, fill_value=0.0)
    return gini(share.to_numpy(float), people.to_numpy(float))


def assess_townships(
    zones: gpd.GeoDataFrame, by_zone: pd.DataFrame, today: Network, scenario: Scenario
) -> pd.DataFrame:
    """The table ``townships`` of `Assessment`: the plan in every township that the zones name, none where they do not.

    Parameters
    ----------
    zones
        The layer: district, residents and, where known, township.
    by_zone
        The table ``zones`` of `Assessment`.
    today, scenario
        Whether today's chargers are located.
    """
    name = zones["township"].fillna("") if "township" in zones else pd.Series("", index=zones.index)
    known = name != ""
    area = [zones.loc[known, "district"], name[known].rename("township")]
    residents = zones.loc[known, "residents"].astype(float)
    rows = by_zone[known.to_numpy()]
    within = [residents * rows[column].astype(float) for column in ("within_norm_today", "within_norm")]
    amounts = [residents, *within, *(rows[column].astype(float) for column in _ENERGIES)]
    people, near_today, near, public, served = (amount.groupby(area).sum() for amount in amounts)
    table = pd.DataFrame(
        {
            "residents": people.astype(int),
            "within_norm_share_today": near_today / people.where(people > 0),
            "within_norm_share": near / people.where(people > 0),
            "public_kwh_day": public,
            "served_kwh_day": served,
            "served_share": served / public.where(public > 0),
        }
    )
    return table.assign(within_norm_share_today=np.nan) if nowhere_known(today.chargers, scenario) else table
