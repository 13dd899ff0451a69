"""What the plan's new chargers serve: the energy behind its load on the grid, its income and its emissions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.assessment.networks import Chargers
from planner.capacity.queueing import capacity_at
from planner.demand import energy_by_fleet
from planner.demand.hours import HOURS


def energy_of_new(assignment: pd.DataFrame, mix: pd.DataFrame, chargers: Chargers, capacity: pd.DataFrame) -> pd.Series:
    """Energy that the new chargers serve, by fleet.

    Where chargers of a service stand today and new ones join them, today's are filled first: what they can carry would
    be served without the plan. Stations without new chargers of the service are left out.

    Parameters
    ----------
    assignment, mix
        Who charges where, and whose energy it is, as siting and `fleet_mix` return them.
    chargers
        Today's located ones and the new ones.
    capacity
        As siting was given it.

    Returns
    -------
    Series
        Index (site_id, service, fleet), sorted; kWh a day.
    """
    stock, new = chargers
    energy = energy_by_fleet(assignment, mix)["energy_kwh_day"]
    station = ["site_id", "service"]
    served = energy.groupby(level=station).sum()
    standing = pd.Series(capacity_at(stock["charger_type"], stock["count"], capacity), index=stock.index)
    carried = standing.groupby([stock["site_id"], stock["service"]]).sum().reindex(served.index, fill_value=0.0)
    built = new.loc[new["count"] > 0, station].drop_duplicates()
    part = ((served - carried).clip(lower=0.0) / served).where(served > 0, 0.0)
    part = part.where(served.index.isin(pd.MultiIndex.from_frame(built)), 0.0)
    theirs = energy * part.reindex(energy.droplevel("fleet").index).to_numpy()
    new_kwh: pd.Series = theirs[theirs > 0].rename("energy_kwh_day")
    return new_kwh


def site_load(energy: pd.Series, days: pd.DataFrame, at: pd.Index) -> pd.DataFrame:
    """Mean load of every site in every hour of the day that is planned for.

    Parameters
    ----------
    energy
        As `energy_of_new` returns it: each fleet's energy of a service goes by that fleet's own hours.
    days
        As `fleet_days` returns it.
    at
        The sites, site_id.

    Returns
    -------
    DataFrame
        Index `at`, columns 0 to 23: kW, which over an hour are kWh. The sum of a row is the site's energy.
    """
    loads = _times(energy, days[HOURS])
    return loads.groupby(level="site_id").sum().reindex(at, fill_value=0.0)


def _times(energy: pd.Series, per_kwh: pd.DataFrame) -> pd.DataFrame:
    """Columns of (service, fleet) for each kWh of the day, times the energy."""
    at = per_kwh.index.get_indexer(energy.droplevel("site_id").index)
    rows = np.asarray(per_kwh, float)[at] * energy.to_numpy(float)[:, None]
    return pd.DataFrame(rows, index=energy.index, columns=per_kwh.columns)
