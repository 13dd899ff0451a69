"""What siting was asked and what it answered, from the tables of a plan's folder; no layer is needed."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planner.capacity.tables import charger_type_table
from planner.exports.content import COSTS, PLAN, PROOF_FIELDS, Content
from planner.faults import Fault, refuse, some
from planner.plan import pose_on_tables
from planner.scenario.years import scenario_by_year
from planner.siting import Answer, Answers, Problem, Proof
from planner.tables import SITES, check_table

_PROOF_PARTS = tuple(field.name for field in fields(Proof))
_PROOF_TYPES = {"method": str, "problem": str, "reproducible": bool, "needed_chargers": int}
_IDS = {
    "candidates": ("site_id",),
    "chargers": ("site_id", "charger_type"),
    "added": ("year", "site_id", "charger_type"),
    "assignment": ("year", "zone_id", "site_id", "service"),
    "demand": ("year", "zone_id", "service"),
    "access": ("zone_id", "site_id", "mode"),
    "capacity": ("year", "charger_type", "count"),
    "prices": ("of", "rule"),
    "proofs": ("of",),
    "years": ("year",),
}
"""Table -> what tells its rows apart, of all tables that a problem and its answer are made of."""
_COVER_IDS = ("zone_id", "site_id")
_NUMBERS = {
    "chargers": ("existing_count", "new_count"),
    "added": ("year", "count"),
    "assignment": ("year", "energy_kwh_day"),
    "demand": ("year", "energy_kwh_day", "reach_m"),
    "access": ("metres",),
    "capacity": ("year", "count", "energy_kwh_day"),
    "prices": ("price",),
    "proofs": ("value_kwh_day", "bound_kwh_day", "reachable_kwh_day", "needed_chargers", "optimal", "reproducible"),
    "years": ("year",),
}
"""Table -> the columns of it that must hold finite numbers."""
_ANY_NUMBERS = {"proofs": ("tightness", *COSTS)}
"""Those that may be infinite or empty."""


def answers_in(content: Content) -> Answers:
    """What stood, charged and was proven at the end of every year, and of all together."""
    added = content.table("added")
    proofs = set(content.table("proofs")["of"])
    by_year = {}
    for year in years_in(content):
        of = str(year) if str(year) in proofs else PLAN
        stands = added[added["year"] <= year].groupby(["site_id", "charger_type"])[["count"]].sum()
        by_year[year] = Answer(stands, _assignment(content, year), _proof(content, of), _prices(content, of))
    return Answers(by_year, _proof(content, PLAN), _prices(content, PLAN))


def problems_in(content: Content) -> dict[int, Problem]:
    """Year -> what siting was asked of its end: tables as they are in the folder, rules as in its scenario."""
    capacity = content.table("capacity")
    tables = {
        year: (
            charger_type_table(each.charger_types),
            _of_year(capacity, year).set_index(["charger_type", "count"])[["energy_kwh_day"]],
        )
        for year, each in scenario_by_year(content.scenario).items()
    }
    cover = content.table("cover").set_index(list(_COVER_IDS)) if "cover" in content.layers else None
    access = content.table("access").set_index(list(_IDS["access"]))[["metres"]]
    sites = check_table(
        pd.DataFrame(content.table("candidates").drop(columns=["chosen", "geometry"], errors="ignore")).set_index(
            "site_id"
        ),
        SITES,
        "plan.gpkg, table candidates",
    )
    existing = counts_in(content, "existing_count", float)
    asked = content.scenario, demands_in(content), tables
    return pose_on_tables(*asked, sites=sites, existing=existing, access=access, cover=cover)


def refuse_unposed(content: Content, file: Path) -> None:
    """Refuse tables that make no problem with its answer.

    Parameters
    ----------
    content
        Of a folder.
    file
        Its ``plan.gpkg``, for messages.

    Raises
    ------
    BadInput
        A table or column is missing, a row stands twice, a number is none; the years are not the scenario's.
    """
    wanted = _IDS | ({"cover": _COVER_IDS} if content.scenario.siting.minimum_access else {})
    if lost := [name for name in wanted if name not in content.layers]:
        en = f"has no table {some(lost, len(lost))}: saved by an older version; plan again"
        zh = f"没有数据表 {some(lost, len(lost))}：由旧版本保存，请重新规划"
        refuse([Fault(str(file), en=en, zh=zh)])
    refuse(fault for name, ids in wanted.items() for fault in _table_faults(content, name, ids, file))
    asked = set(scenario_by_year(content.scenario))
    proven = {PLAN, *(map(str, asked) if len(asked) > 1 else ())}
    faults = []
    if asked != set(years_in(content)):
        found, expected = some(years_in(content)), some(sorted(asked))
        en = f"found {found}; the scenario has {expected}: bring the saved files back or plan again"
        zh = f"现为 {found}，情景为 {expected}：请恢复原文件或重新规划"
        faults.append(Fault(f"{file}, table years", en=en, zh=zh))
    if unproven := sorted(proven - set(content.table("proofs")["of"])):
        en = f"no row of {some(unproven)}; bring the saved file back or plan again"
        faults.append(Fault(f"{file}, table proofs", en=en, zh=f"缺少 {some(unproven)} 行；请恢复原文件或重新规划"))
    refuse(faults)


def years_in(content: Content) -> list[int]:
    """The years at whose end a plan says what stands."""
    return sorted(int(y) for y in content.table("years")["year"])


def demands_in(content: Content) -> dict[int, pd.DataFrame]:
    """Year -> its demand, where the folder holds it."""
    if "demand" not in content.layers:
        return {}
    saved = content.table("demand")
    return {year: _of_year(saved, year).set_index(["zone_id", "service"]) for year in years_in(content)}


def counts_in(content: Content, column: str, kind: type) -> pd.DataFrame:
    """Chargers by (site_id, charger_type), today's or new ones."""
    rows = content.table("chargers").set_index(["site_id", "charger_type"])
    return rows.loc[rows[column] > 0, [column]].set_axis(["count"], axis=1).astype({"count": kind})


def _of_year(table: pd.DataFrame, year: int) -> pd.DataFrame:
    return table[table["year"] == year].drop(columns="year")


def _assignment(content: Content, year: int) -> pd.DataFrame:
    rows = _of_year(content.table("assignment"), year)
    return rows.set_index(["zone_id", "site_id", "service"])[["energy_kwh_day"]]


def _proof(content: Content, of: str) -> Proof:
    """The proof of the plan or of a year."""
    proofs = content.table("proofs")
    row: dict[Any, Any] = proofs[proofs["of"] == of].iloc[0].to_dict()
    for name in _PROOF_PARTS:
        kind: type = _PROOF_TYPES.get(name, float)
        row[name] = None if name in COSTS and math.isnan(row[name]) else kind(row[name])
    return Proof(**{name: row[name] for name in _PROOF_PARTS})


def _prices(content: Content, of: str) -> pd.Series:
    """The prices that prove the bound of the plan or of a year."""
    prices = content.table("prices")
    mine = prices[prices["of"] == of]
    rules = pd.Index(mine["rule"].astype(object), name="rule")
    return pd.Series(mine["price"].to_numpy(float), index=rules, name="price")


def _table_faults(content: Content, name: str, ids: tuple[str, ...], file: Path) -> list[Fault]:
    """What keeps a table of a folder from being read."""
    table, where = content.table(name), f"{file}, table {name}"
    columns = {*ids, *_NUMBERS.get(name, ()), *(PROOF_FIELDS if name == "proofs" else ())}
    if lost := sorted(columns - set(table.columns)):
        en = f"columns {some(lost)} are missing; bring the saved file back or plan again"
        return [Fault(where, en=en, zh=f"缺少列 {some(lost)}；请恢复原文件或重新规划")]
    faults = []
    twice = table[table.duplicated(list(ids))]
    if len(twice):
        rows = some(" / ".join(map(str, row)) for row in twice[list(ids)].itertuples(index=False))
        en = f"{rows} stands twice; bring the saved file back or plan again"
        faults.append(Fault(where, en=en, zh=f"{rows} 重复出现；请恢复原文件或重新规划"))
    for column in (*_NUMBERS.get(name, ()), *_ANY_NUMBERS.get(name, ())):
        bad = ~np.isfinite(pd.to_numeric(table[column], errors="coerce").to_numpy(float))
        is_number = pd.api.types.is_numeric_dtype(table[column])
        if not is_number or (bad.any() and column in _NUMBERS[name]):
            found = some(table[column][bad].drop_duplicates())
            en = f"found {found}; numbers are expected: bring the saved file back or plan again"
            faults.append(
                Fault(f"{where}, column {column}", en=en, zh=f"现为 {found}，应为数值；请恢复原文件或重新规划")
            )
    return faults
