"""What every export of a plan is made of: its tables, its summary and its scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import pandas as pd

if TYPE_CHECKING:
    from planner.scenario import Scenario

PROOF_FIELDS = (
    *("value_kwh_day", "bound_kwh_day", "method", "optimal", "reproducible", "tightness", "reachable_kwh_day"),
    *("needed_chargers", "cost_cny", "cost_bound_cny", "problem"),
)
COSTS = ("cost_cny", "cost_bound_cny")
"""Of them those of the least-cost question."""
PLAN = "plan"
"""What a proof is of: the whole plan, or a year by its number."""


class Layer(NamedTuple):
    """A table as it is written: ids among the columns; with geometry or without; and words that say what it holds."""

    table: pd.DataFrame
    words: str

    @property
    def spatial(self) -> bool:
        return isinstance(self.table, gpd.GeoDataFrame)


@dataclass(frozen=True)
class Content:
    """A plan as it is exported.

    Attributes
    ----------
    scenario
        As run.
    summary
        What ``summary.json`` holds.
    layers
        Name -> table: zones, districts, streets, sites, candidates (with geometry, in the working CRS), chargers,
        added, assignment, demand, access, capacity, prices, proofs, tasks, breakdown, years, townships, and some that
        only some plans have.
    """

    scenario: Scenario
    summary: dict[str, Any]
    layers: dict[str, Layer]

    def table(self, name: str) -> pd.DataFrame:
        """A layer's table, ids among the columns."""
        return self.layers[name].table

    def spatial(self, name: str) -> gpd.GeoDataFrame:
        """A layer's table that has geometry, ids among the columns."""
        return gpd.GeoDataFrame(self.layers[name].table)

    @property
    def attribution(self) -> str:
        """Whose data the plan was made from."""
        return self.scenario.study_area.attribution
