"""A plan folder read back: for another plan to go on from, or as the whole plan that it was."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from planner.exports.content import COSTS, PLAN, Content
from planner.exports.digests import digest_layers
from planner.exports.stored import edited_scenario, stored
from planner.faults import Fault, refuse
from planner.layers import Layers, read_layers
from planner.plan import Plan, demand_by_year, pose
from planner.scenario import Scenario
from planner.siting import Answer, Answers, Proof
from planner.tables import SITES, check_table

_PROOF_TYPES = {"method": str, "problem": str, "reproducible": bool, "needed_chargers": int}


def read_plan(folder: str | Path) -> Plan:
    """Restore a plan from its folder, exactly as it was: saved again, it gives the same files.

    Sites, chargers, today's chargers, the assignment and the proof come from ``plan.gpkg`` and the assumptions from
    ``scenario.toml``. Layers are read again from the study area that the scenario names; demand, access and the
    figures are computed again from all these. Nothing is sited again.

    Parameters
    ----------
    folder
        As `save_plan` wrote it.

    Returns
    -------
    Plan
        As `make_plan` returned it.

    Raises
    ------
    BadInput
        No plan folder; one of its files is missing, damaged or edited, or a layer of its study area has changed since;
        and what reading the scenario and layers refuses.
    """
    home = Path(folder)
    content, digests = stored(home)
    scenario = content.scenario
    refuse(edited_scenario(home, digests))
    layers = read_layers(scenario.study_area)
    refuse(_changed_layers(home, scenario, layers, digests))
    demands = _saved_demands(content) or demand_by_year(scenario, layers)
    existing = _counts(content, "existing_count", float)
    problems = pose(scenario, layers, demands, _sites(content), existing)
    return Plan(scenario, layers, problems, _answers(content))


def read_answers(folder: str | Path) -> Answers:
    """What siting answered in a plan, without its layers: for another one to go on from.

    Its scenario may have been edited since.

    Parameters
    ----------
    folder
        As `save_plan` wrote it.

    Returns
    -------
    Answers
        What `make_plan` takes as ``start``.

    Raises
    ------
    BadInput
        No plan folder, or one of its files is missing or damaged, or its tables have been edited.
    """
    content, _ = stored(Path(folder))
    return _answers(content)


def _answers(content: Content) -> Answers:
    """What stood, charged and was proven at the end of every year, and of all together."""
    added = content.table("added")
    proofs = set(content.table("proofs")["of"])
    by_year = {}
    for year in _years(content):
        of = str(year) if str(year) in proofs else PLAN
        stands = added[added["year"] <= year].groupby(["site_id", "charger_type"])[["count"]].sum()
        by_year[year] = Answer(stands, _assignment(content, year), _proof(content, of), _prices(content, of))
    return Answers(by_year, _proof(content, PLAN), _prices(content, PLAN))


def _changed_layers(home: Path, scenario: Scenario, layers: Layers, digests: dict[str, Any]) -> list[Fault]:
    """Layers of the study area that are no longer what the plan was made from."""
    found = digest_layers(layers)
    changed = [name for name, digest in found.items() if digest != digests["layers"].get(name)]
    where = f"study area {scenario.study_area.folder}"
    return [
        Fault(
            f"{where}, layer {name}",
            en=f"has changed since the plan {home} was saved, whose figures it gave; bring it back or plan again",
            zh=f"在方案 {home} 保存后发生了变化，方案结果不再对应；请恢复该图层或重新规划",
        )
        for name in changed
    ]


def _sites(content: Content) -> gpd.GeoDataFrame:
    sites = content.spatial("candidates").drop(columns="chosen").set_index("site_id")
    return gpd.GeoDataFrame(check_table(sites, SITES, "plan.gpkg"), geometry="geometry", crs=sites.crs)


def _counts(content: Content, column: str, kind: type) -> pd.DataFrame:
    """Chargers by (site_id, charger_type), today's or new ones."""
    rows = content.table("chargers").set_index(["site_id", "charger_type"])
    return rows.loc[rows[column] > 0, [column]].set_axis(["count"], axis=1).astype({"count": kind})


def _assignment(content: Content, year: int) -> pd.DataFrame:
    rows = content.table("assignment")
    return rows[rows["year"] == year].set_index(["zone_id", "site_id", "service"])[["energy_kwh_day"]]


def _years(content: Content) -> list[int]:
    return sorted(int(y) for y in content.table("years")["year"])


def _saved_demands(content: Content) -> dict[int, pd.DataFrame]:
    """Year -> its demand, where several years have theirs in the folder."""
    if "demand" not in content.layers:
        return {}
    saved = content.table("demand")
    return {
        year: saved[saved["year"] == year].drop(columns="year").set_index(["zone_id", "service"])
        for year in _years(content)
    }


def _proof(content: Content, of: str) -> Proof:
    """The proof of the plan or of a year."""
    proofs = content.table("proofs")
    row: dict[Any, Any] = proofs[proofs["of"] == of].iloc[0].to_dict()
    told: dict[str, Any] = {}
    for name in (field.name for field in fields(Proof)):
        kind: type = _PROOF_TYPES.get(name, float)
        told[name] = None if name in COSTS and math.isnan(row[name]) else kind(row[name])
    return Proof(**told)


def _prices(content: Content, of: str) -> pd.Series:
    """The prices that prove the bound of the plan or of a year."""
    prices = content.table("prices")
    mine = prices[prices["of"] == of]
    rules = pd.Index(mine["rule"].astype(object), name="rule")
    return pd.Series(mine["price"].to_numpy(float), index=rules, name="price")
