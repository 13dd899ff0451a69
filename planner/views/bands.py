"""What the demand is plausible within."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from planner.demand import band_table
from planner.views import numbers
from planner.views.table import Column, Table
from planner.words import NO_TEXT, Text, text_in

if TYPE_CHECKING:
    from planner.scenario import Scenario

COLUMNS = (
    Column(key="name", words=Text(zh="需求校核", en="sanity of the demand"), is_text=True),
    Column(key="found", words=Text(zh="本情景", en="found"), write=numbers.measured),
    Column(key="range", words=Text(zh="合理范围", en="plausible")),
    Column(key="within", words=Text(zh="是否在内", en="within"), is_text=True),
)
_YES, _NO = Text(zh="是", en="yes"), Text(zh="否：{by}", en="no: {by}")


def bands_shown(scenario: Scenario) -> Table | None:
    """A row per band, with the assumption that pushed it beyond; None where the scenario has no bands."""
    bands = band_table(scenario)
    if bands.empty:
        return None
    rows = []
    for _, row in bands.iterrows():
        limits = numbers.limits(row["low"], row["high"], numbers.measured)
        within = _YES if row["within"] else _NO.fill(by=row["pushed_by"])
        rows.append([text_in(row, "name"), numbers.measured(row["found"]), limits, within])
    return Table(NO_TEXT, COLUMNS, [rows])


def band_warnings(scenario: Scenario) -> Iterator[Text]:
    """A warning for each figure beyond its band, with what pushed it there."""
    bands = band_table(scenario)
    for _, row in bands[~bands["within"].astype(bool)].iterrows():
        yield Text(
            zh="警告：{name}为 {found}，超出合理范围；影响最大的假设是 {by}",
            en="warning: {name} is {found}, outside its plausible band; the assumption that moves it most is {by}",
        ).fill(name=text_in(row, "name"), found=numbers.measured(row["found"]), by=row["pushed_by"])
