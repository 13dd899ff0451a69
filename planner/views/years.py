"""What every year of a plan builds and serves."""

from __future__ import annotations

from planner.plan import Plan
from planner.views import numbers
from planner.views.table import Column, Table
from planner.words import Text

COLUMNS = (
    Column(key="year", words=Text(zh="年份", en="year"), is_text=True),
    Column(key="chargers", words=Text(zh="新增（台）", en="chargers"), write=numbers.count),
    Column(key="stations", words=Text(zh="新站点", en="sites"), write=numbers.count),
    Column(key="capex_cny", words=Text(zh="投资（百万元）", en="million CNY"), write=numbers.million),
    Column(key="chargers_standing", words=Text(zh="年底台数", en="standing"), write=numbers.count),
    Column(key="public_kwh_day", words=Text(zh="需求 kWh/日", en="demand kWh/day"), write=numbers.count),
    Column(key="served_share", words=Text(zh="满足率", en="served"), write=numbers.share),
    Column(key="within_norm_share", words=Text(zh="半径内居民", en="within norm"), write=numbers.share),
)


def year_table(plan: Plan) -> Table | None:
    """A row per year; None where everything is built at once."""
    if len(plan.years) < 2:
        return None
    rows = plan.assessment.years.reset_index().to_dict("records")
    cells = [[column.cell(row) for column in COLUMNS] for row in rows]
    return Table(Text(zh="分年", en="by year"), COLUMNS, [cells])
