"""The tables between the stages: index, columns, units, geometry; the one check at each door.

Everything downstream trusts a table that passed its `check_*` here. The working CRS is projected, in metres; energy is
kWh a day at the meter; the unit of a number is in its name.
"""

from __future__ import annotations

import re
from typing import Any

import geopandas as gpd
import pandas as pd
import pandera.pandas as pa

from planner.faults import BadInput, Fault, refuse, some
from planner.words import Text, joined

SERVICES = ("slow", "fast", "heavy", "swap")
RINGS = ("core", "urban", "suburban", "rural")
INSTITUTIONS = ("equipped", "reserved", "none")
LOCKS = ("in", "out", "free")
MOST_BAYS = 100_000
"""Of one place: more than any car park has; a slipped unit would ask for gigabytes."""
MOST_KW = 10_000_000
"""Of one place: more than any city draws."""


def _text(**rules: Any) -> pa.Column:
    checks = [_TEXT, *([rules.pop("checks")] if "checks" in rules else [])]
    return pa.Column(None, checks, **{"nullable": False, **rules})


def _number(least: float | None = 0.0, *more: pa.Check, **rules: Any) -> pa.Column:
    checks = [_FINITE, *([] if least is None else [pa.Check.ge(least)]), *more]
    return pa.Column(float, checks, coerce=True, **{"nullable": False, **rules})


def _count(least: int = 0, *more: pa.Check, **rules: Any) -> pa.Column:
    return _number(least, _WHOLE, *more, **rules)


def _flag(**rules: Any) -> pa.Column:
    # unlike bool, "boolean" refuses text ("no" would be True there) and NaN
    return pa.Column("boolean", coerce=True, **{"nullable": False, **rules})


_FINITE = pa.Check(lambda s: s.abs() < float("inf"), name="finite")
_WHOLE = pa.Check(lambda s: s == s.round(), name="whole_number")
_TEXT = pa.Check(lambda s: s.map(lambda v: isinstance(v, str)).astype(bool), name="text")


def _ids(*names: str) -> Any:
    alone = len(names) == 1
    levels = [pa.Index(None, _TEXT, name=name, nullable=False, unique=alone) for name in names]
    return levels[0] if alone else pa.MultiIndex(levels)


def _one_of(values: tuple[str, ...], **rules: Any) -> pa.Column:
    return _text(checks=pa.Check.isin(values), **rules)


DISTRICTS = pa.DataFrameSchema(
    {"code": _text(), "name_en": _text(), "residents": _count()}, index=_ids("district"), name="districts"
)
STREETS = pa.DataFrameSchema(
    {
        "u": _number(None),
        "v": _number(None),
        "oneway": _flag(),
        "road_class": _text(),
        "metres": _number(0.0),
        "speed_kmh": _number(1.0),
        "bridge": _flag(required=False),
    },
    index=_ids("street_id"),
    name="streets",
)
ZONES = pa.DataFrameSchema(
    {
        "district": _text(),
        "township": _text(nullable=True, required=False),
        "ring": _one_of(RINGS),
        "norm_m": _number(1.0),
        "residents": _count(),
        "home_charging_share": pa.Column(float, pa.Check.in_range(0, 1), nullable=False, required=False, coerce=True),
    },
    index=_ids("zone_id"),
    name="zones",
)
PLACES = pa.DataFrameSchema(
    {
        "kind": _text(),
        "name_zh": _text(nullable=True),
        "name_en": _text(nullable=True),
        "bays": _count(0, pa.Check.le(MOST_BAYS), nullable=True),
        "source": _text(),
        "feeder": _text(nullable=True, required=False),
    },
    index=_ids("place_id"),
    name="places",
)
LOCATED_CHARGERS = pa.DataFrameSchema(
    {"charger_type": _text(nullable=True), "count": _count(1, nullable=True), "name_zh": _text(nullable=True)},
    index=_ids("charger_id"),
    name="chargers",
)
SITES = pa.DataFrameSchema(
    {
        "name_zh": _text(),
        "kind": _text(),
        "district": _text(),
        "task_unit": _text(),
        "bays": _count(0, pa.Check.le(MOST_BAYS)),
        "grid_kw": _number(0.0, pa.Check.le(MOST_KW)),
        "opening_cny": _number(),
        "min_station": _count(1),
        "institution": _one_of(INSTITUTIONS),
        "lock": _one_of(LOCKS),
        "modelled": _flag(),
        "feeder": _text(required=False),
    },
    index=_ids("site_id"),
    name="sites",
)
FEEDERS = pa.DataFrameSchema(
    {"headroom_kw": _number(nullable=True, required=False), "name_zh": _text(nullable=True, required=False)},
    index=_ids("feeder"),
    name="feeders",
)
"""Areas of feeder groups (or substations): ``headroom_kw`` left today for all sites in it, not known where empty."""
DEMAND = pa.DataFrameSchema(
    {
        "energy_kwh_day": _number(),
        "reach_m": _number(),
        "peak_kw": _number(required=False),
        "district": _text(required=False),
        "township": _text(required=False),
    },
    index=_ids("zone_id", "service"),
    name="demand",
)
CHARGER_TYPES = pa.DataFrameSchema(
    {
        "service": _one_of(SERVICES),
        "kw_rated": _number(),
        "bays_used": _count(),
        "coincidence": pa.Column(float, pa.Check.in_range(0, 1), nullable=False, coerce=True),
        "price_cny": _number(),
        "quota_units": _count(),
        "min_share": pa.Column(float, pa.Check.in_range(0, 1), nullable=False, coerce=True),
        "max_share": pa.Column(float, pa.Check.in_range(0, 1), nullable=False, coerce=True),
        "max_count": _count(nullable=True),
        "opex_cny_year": _number(required=False),
    },
    index=_ids("charger_type"),
    name="charger_types",
)
CAPACITY = pa.DataFrameSchema(
    {"energy_kwh_day": _number()},
    index=pa.MultiIndex([pa.Index(None, _TEXT, name="charger_type"), pa.Index(int, name="count")]),
    name="capacity",
)
ACCESS = pa.DataFrameSchema({"metres": _number()}, index=_ids("zone_id", "site_id", "mode"), name="access")
CHARGERS = pa.DataFrameSchema({"count": _count()}, index=_ids("site_id", "charger_type"), name="chargers")


def check_table(table: pd.DataFrame, schema: pa.DataFrameSchema, where: str = "") -> pd.DataFrame:
    """Check a table against its schema and return it, numbers as numbers and columns in place.

    Parameters
    ----------
    table
        Any table of this module, its ids in the index.
    schema
        One of the schemas above.
    where
        File the table came from, for messages; the schema's name by default.

    Raises
    ------
    BadInput
        Missing columns, duplicate or missing ids, wrong types, values out of range, NaN: all, each with its rows.
    """
    source = where or str(schema.name)
    if table.empty:
        raise BadInput([Fault(source, en="the table is empty; at least one row is needed", zh="表为空，至少需要一行")])
    if table.index.nlevels > 1 and table.index.has_duplicates:
        twice = some(" / ".join(map(str, ids)) for ids in table.index[table.index.duplicated()].unique())
        en = f"found {twice}; every combination of ids may stand only once"
        raise BadInput([Fault(source, en=en, zh=f"现为 {twice}；每个编号组合只能出现一次")])
    try:
        checked = schema.validate(table, lazy=True)
        return checked.astype({c: bool for c, dtype in checked.dtypes.items() if str(dtype) == "boolean"})
    except pa.errors.SchemaErrors as errors:
        raise BadInput(_faults(errors.failure_cases, schema, source)) from None


def check_geometry(table: gpd.GeoDataFrame, kinds: tuple[str, ...], where: str) -> None:
    """Refuse a layer with empty, invalid or unexpected geometries.

    Parameters
    ----------
    table
        Layer in any CRS.
    kinds
        Allowed geometry types: ``("Polygon", "MultiPolygon")``.
    where
        File name, for the message.
    """
    shapes = table.geometry
    missing = shapes.isna() | shapes.is_empty
    other, broken = ~missing & ~shapes.geom_type.isin(kinds), ~missing & ~shapes.is_valid
    expected = Text(zh=f"几何类型应为 {' 或 '.join(kinds)}", en=f"expected {' or '.join(kinds)}")
    en = "invalid geometry (self-intersection or the like); repair it"
    bad = (
        (missing, Text(zh="缺少几何，请补绘或删除这些行", en="no geometry; draw or delete these rows")),
        (other, expected),
        (broken, Text(zh="几何无效（自相交等），请修复", en=en)),
    )
    refuse(Fault.of(f"{where}, rows {some(table.index[rows])}", what) for rows, what in bad if bool(rows.any()))


def _faults(cases: pd.DataFrame, schema: pa.DataFrameSchema, source: str) -> list[Fault]:
    """pandera's failure cases, one fault per column and check, in the table's words."""
    faults = []
    whole_table = cases["check"].isin(["column_in_dataframe"])
    for name in sorted(cases.loc[whole_table, "failure_case"].astype(str)):
        faults.append(Fault(f"{source}, column {name}", en="missing; add it", zh="缺少此列，请补充"))
    unread = cases.loc[cases["check"].astype(str).str.startswith("coerce_dtype"), "column"]
    echoes = cases["column"].isin(unread) & ~cases.index.isin(unread.index)  # of the same wrong type
    for (column, check), rows in cases[~whole_table & ~echoes].groupby(["column", "check"], dropna=False, sort=True):
        label = column if isinstance(column, str) and column != schema.name else "id"
        rows_named = column in schema.columns  # a bad id is its own name
        ids = some(sorted(rows["index"].dropna().astype(str).unique())) if rows_named else ""
        values = some(rows["failure_case"].drop_duplicates(), 3)
        found, expected = Text(zh=f"现为 {values}", en=f"found {values}"), _expected(str(check))
        at = f"{source}, column {label}" + (f", row {ids}" if ids else "")
        faults.append(Fault.of(at, joined([found, expected])))
    return faults


_EXPECTED = {
    "not_nullable": Text(zh="请填写空值", en="fill the empty cells"),
    "field_uniqueness": Text(zh="每个编号只能出现一次", en="every id may stand only once"),
    "text": Text(zh="应为文本；用作名称的数字请加引号", en="text is expected; put numbers that are names in quotes"),
    "whole_number": Text(zh="应为整数", en="a whole number is expected"),
    "finite": Text(zh="应为有限数值", en="a finite number is expected"),
    "coerce_dtype('boolean')": Text(zh="应为 true 或 false", en="true or false is expected"),
    "coerce_dtype": Text(zh="应为数值", en="a number is expected"),
    "dtype": Text(zh="应为其他数据类型", en="another type is expected"),
}
"""What a check expects, by how its name in pandera begins; the first that fits."""
_LIMITS = {
    "greater": Text(zh="不小于", en="at least"),
    "less": Text(zh="不大于", en="at most"),
    "isin": Text(zh="为以下之一：", en="one of"),
    "in_range": Text(zh="介于", en="within"),
}


def _expected(check: str) -> Text:
    """What a failed check expects."""
    for start, words in _EXPECTED.items():
        if check.startswith(start):
            return words
    limits = re.sub(r"^\w+\(|[()'\[\]]", "", check)
    limit = next((words for start, words in _LIMITS.items() if check.startswith(start)), Text(zh="满足", en=""))
    return Text(zh=f"应{limit.zh} {limits}", en=f"expected {limit.en} {limits}")
