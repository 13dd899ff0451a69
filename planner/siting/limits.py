"""What holds for a whole city beside its sites: quota, budget, shares, tasks, feeder groups, floors and money."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from planner.scenario import Siting


@dataclass(frozen=True)
class Limits:
    """What holds for the whole city: rows ``least <= use @ new + opening @ opened <= most``.

    Attributes
    ----------
    names
        Of the rows: quota, budget, share_min(type), share_max(type), count_max(type), task(unit), feeder(group).
    use
        Rows x options: what one new charger takes of the row.
    opening
        Rows x sites: what an opened site takes of it.
    least, most
        Of every row; infinite where there is no limit.
    """

    names: tuple[str, ...]
    use: sp.csr_matrix
    opening: sp.csr_matrix
    least: np.ndarray
    most: np.ndarray

    @property
    def size(self) -> np.ndarray:
        """Of every row its larger finite side, at least 1: what its use and price are measured in."""
        finite = [np.where(np.isfinite(side), np.abs(side), 0.0) for side in (self.most, self.least)]
        return np.asarray(np.maximum(np.maximum(*finite), 1.0))

    @property
    def quota_units(self) -> np.ndarray:
        """What one new charger of every option counts for in the quota."""
        return np.asarray(self.use[self.names.index("quota")].toarray()[0])


def make_limits(sites: pd.DataFrame, types: pd.DataFrame, site: np.ndarray, kind: np.ndarray, siting: Siting) -> Limits:
    """The limits for options at positions `site` and `kind`."""
    units = types["quota_units"].to_numpy(float)[kind]
    nothing = np.zeros(len(sites))
    quota = float(siting.quota)
    rows: list[tuple[str, np.ndarray, np.ndarray, float, float]] = [
        ("quota", units, nothing, quota if siting.quota_rule == "exactly" else -np.inf, quota)
    ]
    for k, (name, row) in enumerate(types.iterrows()):
        mine = (kind == k).astype(float)
        if row["quota_units"] > 0 and row["min_share"] > 0:
            rows.append((f"share_min({name})", mine * units, nothing, row["min_share"] * quota, np.inf))
        if row["quota_units"] > 0 and row["max_share"] < 1:
            rows.append((f"share_max({name})", mine * units, nothing, -np.inf, row["max_share"] * quota))
        if pd.notna(row["max_count"]):
            rows.append((f"count_max({name})", mine, nothing, -np.inf, float(row["max_count"])))
    if siting.budget_cny is not None:
        price = types["price_cny"].to_numpy(float)[kind]
        rows.append(("budget", price, sites["opening_cny"].to_numpy(float), -np.inf, float(siting.budget_cny)))
    unit = sites["task_unit"].to_numpy(object)[site]
    for name, task in siting.tasks.items():
        if task > 0:
            rows.append((f"task({name})", units * (unit == name), nothing, float(task), np.inf))
    drawn_kw = types["grid_used_kw"].to_numpy(float)[kind]
    for name, most_kw in siting.feeder_kw.items():
        fed = (sites["feeder"].to_numpy(object) == name)[site]
        rows.append((f"feeder({name})", drawn_kw * fed, nothing, -np.inf, float(most_kw)))
    return Limits(
        names=tuple(row[0] for row in rows),
        use=sp.vstack([sp.csr_matrix((0, len(site))), *(sp.csr_matrix(row[1]) for row in rows)], format="csr"),
        opening=sp.vstack([sp.csr_matrix((0, len(sites))), *(sp.csr_matrix(row[2]) for row in rows)], format="csr"),
        least=np.array([row[3] for row in rows], float),
        most=np.array([row[4] for row in rows], float),
    )


def make_floors(demand: pd.DataFrame, siting: Siting) -> tuple[pd.Series, np.ndarray]:
    """Least energy served by district, kWh/day, and the position of every demand's floor, -1 for none."""
    floors = {d: share for d, share in sorted(siting.floors.items()) if share > 0}
    if not floors:
        return pd.Series(dtype=float), np.full(len(demand), -1)
    asked = demand["energy_kwh_day"].groupby(demand["district"]).sum()
    least = pd.Series({d: share * float(asked.get(d, 0.0)) for d, share in floors.items()})
    return least, np.asarray(least.index.get_indexer(pd.Index(demand["district"])))


def lasting_cost_cny(types: pd.DataFrame, siting: Siting) -> pd.Series:
    """Price of a charger of each type and its operation over its life, at today's value: what least cost adds up."""
    rate, years = siting.discount_rate, siting.life_years
    annuity = years if rate == 0 else (1 - (1 + rate) ** -years) / rate
    cost: pd.Series = types["price_cny"] + annuity * types.get("opex_cny_year", 0.0)
    return cost.astype(float)
