"""What holds for a whole city beside its sites: quota, budget, shares, tasks, feeder groups, access, floors, money."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp

from planner.capacity.types import for_cars
from planner.scenario import Siting

_STATION_UNITS = 4.0
"""Chargers of a small station, in units of the quota: what a zone's minimum access is measured in."""
_ROUNDING = 1e-9
"""Share of a row's use that is no more than rounding."""
YEAR_MARK = "@"
"""Between a name and its year in a problem of several years."""


@dataclass(frozen=True)
class Limits:
    """What holds for the whole city: rows ``least <= use @ new + opening @ opened <= most``.

    Attributes
    ----------
    names
        Of the rows: quota, budget, share_min(type), share_max(type), count_max(type), task(unit), feeder(group),
        access(zone); of several years each with its year (quota@2025), and stays(site,type).
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

    @cached_property
    def is_access(self) -> np.ndarray:
        """Which rows ask for one opened site: minimum access."""
        return np.array([name.startswith("access(") for name in self.names], bool)

    @cached_property
    def is_stays(self) -> np.ndarray:
        """Which rows say that what stands in a year stands in the next."""
        return np.array([name.startswith("stays(") for name in self.names], bool)

    @cached_property
    def is_shared(self) -> np.ndarray:
        """Which rows concern the whole city: few, where those of access and of what stays are many and local."""
        return np.asarray(~self.is_access & ~self.is_stays)

    @cached_property
    def is_quota(self) -> np.ndarray:
        """Which rows are a quota: one, or one a year."""
        return np.array([name.partition(YEAR_MARK)[0] == "quota" for name in self.names], bool)

    def taken_by_options(self, row: int) -> list[tuple[int, float]]:
        """Options that take something of a row, and how much a charger takes."""
        return _entries(self.use, row)

    def taken_by_openings(self, row: int) -> list[tuple[int, float]]:
        """Sites whose opening takes something of a row, and how much."""
        return _entries(self.opening, row)

    def units(self, whole: float | np.ndarray) -> np.ndarray:
        """Of every row what missing one of it is worth, if missing all of it is worth `whole`.

        Access is a matter of one station: it is measured by what its fewest chargers are worth in the quota. What stays
        is a matter of one charger.
        """
        quota = float(self.size[self.is_quota].mean())
        local = np.where(self.is_access, whole * min(_STATION_UNITS / quota, 1.0), whole / quota)
        return np.where(self.is_shared, whole / self.size, local)

    def kept_by(self, new: np.ndarray, opened: np.ndarray) -> bool:
        """Whether counts and openings keep every row, but for rounding."""
        used = self.use @ new + self.opening @ opened
        slack = _ROUNDING * np.maximum(np.abs(used), 1.0)
        return bool((used <= self.most + slack).all() and (used >= self.least - slack).all())

    @property
    def quota_units(self) -> np.ndarray:
        """What one new charger of every option counts for in the quota."""
        return np.asarray(self.use[self.is_quota].sum(axis=0)).ravel()


def _entries(table: sp.csr_matrix, row: int) -> list[tuple[int, float]]:
    """Columns and values of a row, in their order; no zeros."""
    at = slice(table.indptr[row], table.indptr[row + 1])
    order = np.argsort(table.indices[at], kind="stable")
    both = zip(table.indices[at][order].tolist(), table.data[at][order].tolist(), strict=True)
    return [(column, float(value)) for column, value in both if value]


def make_limits(
    sites: pd.DataFrame,
    types: pd.DataFrame,
    site: np.ndarray,
    kind: np.ndarray,
    siting: Siting,
    uncovered: pd.DataFrame | None = None,
) -> Limits:
    """The limits for options at positions `site` and `kind`; `uncovered` as `uncovered_zones` returns it."""
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
    zones, near = _access_rows(uncovered, sites.index)
    return Limits(
        names=(*(row[0] for row in rows), *(f"access({zone})" for zone in zones)),
        use=sp.vstack([*(sp.csr_matrix(row[1]) for row in rows), sp.csr_matrix((len(zones), len(site)))], format="csr"),
        opening=sp.vstack([*(sp.csr_matrix(row[2]) for row in rows), near], format="csr"),
        least=np.r_[[row[3] for row in rows], np.ones(len(zones))].astype(float),
        most=np.r_[[row[4] for row in rows], np.full(len(zones), np.inf)].astype(float),
    )


def uncovered_zones(cover: pd.DataFrame | None, standing: pd.DataFrame, types: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``cover`` of zones where no charger for cars stands at any of their sites: columns zone_id, site_id.

    Parameters
    ----------
    standing
        Today's located chargers, sites x types.
    """
    if cover is None or not len(cover):
        return pd.DataFrame({"zone_id": [], "site_id": []}, dtype=object)
    rows = cover.index.to_frame(index=False)[["zone_id", "site_id"]].astype(str).drop_duplicates()
    rows = rows.sort_values(["zone_id", "site_id"], ignore_index=True)
    stands = standing.index[standing.loc[:, for_cars(types).reindex(standing.columns).to_numpy(bool)].sum(axis=1) > 0]
    covered = rows.loc[rows["site_id"].isin(stands), "zone_id"]
    return rows[~rows["zone_id"].isin(covered)]


def _access_rows(uncovered: pd.DataFrame | None, site_ids: pd.Index) -> tuple[list[str], sp.csr_matrix]:
    """Zones whose access does not follow from another's, the first of equals, and zones x sites: 1 where one counts."""
    if uncovered is None or not len(uncovered):
        return [], sp.csr_matrix((0, len(site_ids)))
    zone, ids = pd.factorize(uncovered["zone_id"], sort=True)
    site = site_ids.get_indexer(pd.Index(uncovered["site_id"]))
    near = sp.csr_matrix((np.ones(len(zone)), (zone, site)), shape=(len(ids), len(site_ids)))
    many = np.asarray(near.sum(axis=1)).ravel()
    both = (near @ near.T).tocoo()
    inside = both.data == many[both.col]  # all sites of the column's zone are among the row's
    larger = many[both.row] > many[both.col]
    follows = both.row[inside & (larger | (both.row > both.col))]
    kept = np.setdiff1d(np.arange(len(ids)), follows)
    return [str(ids[z]) for z in kept], near[kept]


def floor_area(demand: pd.DataFrame, floors: Iterable[str]) -> pd.Series:
    """The area of every demand that floors are about: its township where they name townships, else its district."""
    if "township" in demand and not set(floors) <= set(demand["district"]):
        return demand["township"]
    return demand["district"]


def make_floors(demand: pd.DataFrame, siting: Siting) -> tuple[pd.Series, np.ndarray]:
    """Least energy served by district or township, kWh/day, and the position of every demand's floor, -1 for none."""
    floors = {d: share for d, share in sorted(siting.floors.items()) if share > 0}
    if not floors:
        return pd.Series(dtype=float), np.full(len(demand), -1)
    area = floor_area(demand, floors)
    asked = demand["energy_kwh_day"].groupby(area).sum()
    least = pd.Series({d: share * float(asked.get(d, 0.0)) for d, share in floors.items()})
    return least, np.asarray(least.index.get_indexer(pd.Index(area)))


def lasting_cost_cny(types: pd.DataFrame, siting: Siting) -> pd.Series:
    """Price of a charger of each type and its operation over its life, at today's value: what least cost adds up."""
    rate, years = siting.discount_rate, siting.life_years
    annuity = years if rate == 0 else (1 - (1 + rate) ** -years) / rate
    cost: pd.Series = types["price_cny"] + annuity * types.get("opex_cny_year", 0.0)
    return cost.astype(float)
