"""What every year of a plan builds and serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.views.columns import columns_of
from planner.views.table import Table, table_of
from planner.words import Text

if TYPE_CHECKING:
    from planner.plan import Plan

COLUMNS = columns_of(
    *("year", "chargers", "stations", "swap_stations", "capex_cny", "chargers_standing", "public_kwh_day"),
    *("served_share", "within_norm_share"),
)


def year_table(plan: Plan) -> Table | None:
    """A row per year; None where everything is built at once."""
    if len(plan.years) < 2:
        return None
    return table_of(Text(zh="分年", en="by year"), COLUMNS, plan.assessment.years.reset_index())
