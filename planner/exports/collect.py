"""A plan as what is exported of it: its tables with words, its summary, and no text that a file cannot carry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
from shapely import MultiPolygon

from planner.exports.content import PLAN, PROOF_FIELDS, Content, Layer
from planner.exports.sites import added_rows, candidate_sites, chosen_sites
from planner.exports.summary import by_hour, summarise

if TYPE_CHECKING:
    from planner.plan import Plan
    from planner.siting import Proof

_UNWRITABLE = re.compile("[\0\ud800-\udfff]")


def content_of(plan: Plan) -> Content:
    """A plan as it is exported."""
    sites = chosen_sites(plan)
    layers = {name: Layer(_plain(table.reset_index()), words) for name, (table, words) in _layers(plan, sites).items()}
    return Content(plan.scenario, _plain_json(summarise(plan, sites)), layers)


def _layers(plan: Plan, sites: gpd.GeoDataFrame) -> dict[str, tuple[pd.DataFrame, str]]:
    result = plan.assessment
    layers: dict[str, tuple[pd.DataFrame, str]] = {
        "zones": (plan.layers.zones.join(result.zones), "需求网格 zones with demand, service and reason"),
        "districts": (
            plan.layers.districts.join(result.districts.drop(columns="residents")),
            "县区 districts with figures",
        ),
        "streets": (plan.layers.streets, "道路 streets"),
        "sites": (sites, "规划站点 sites with new chargers"),
        "candidates": (candidate_sites(plan), "候选站点 all candidate sites"),
        "chargers": (_charger_rows(plan), "充电桩数量 chargers by site and type, existing and new"),
        "added": (added_rows(plan), "分年新增充电桩 new chargers by year, site and type"),
        "assignment": (_assignment_rows(plan), "充电去向 who charges where, by year"),
        "demand": (_by_year(plan, "demand"), "分年需求 demand by year, zone and service"),
        "access": (plan.access, "可达路程 metres from zones to sites within reach"),
        "capacity": (_by_year(plan, "capacity"), "供电能力 what a station of so many chargers carries, by year"),
        "prices": (_price_rows(plan), "约束影子价格 prices that prove the upper bound"),
        "proofs": (_proof_rows(plan), "方案质量证明 value and upper bound, of the plan and by year"),
        "tasks": (result.tasks, "任务分解表 task and result by district and zone"),
        "breakdown": (result.breakdown, "任务分解表 district tasks by year and kind of place"),
        "years": (result.years, "分年结果 what every year builds and serves"),
        "townships": (result.townships, "乡镇街道 townships with figures"),
    }
    if len(plan.years) > 1:
        layers["zone_years"] = (result.zone_years, "分年网格 zones by year")
    if plan.problem.cover is not None:
        layers["cover"] = (plan.problem.cover, "最低可达 sites that give a zone access")
    if (grid := result.grid) is not None:
        layers["grid_sites"] = (grid.sites.join(by_hour(grid.site_load)), "站点电网负荷 load on the grid by site")
        layers["grid_groups"] = (grid.groups.join(by_hour(grid.group_load)), "馈线组或县区负荷 load by feeder group")
    if len(plan.layers.feeders):
        layers["feeders"] = (plan.layers.feeders, "馈线范围 feeder groups")
    return layers


def _by_year(plan: Plan, name: str) -> pd.DataFrame:
    """A table of siting in every year, the year before its index."""
    tables: dict[int, pd.DataFrame] = {year: getattr(each, name) for year, each in sorted(plan.problems.items())}
    return pd.concat(tables, names=["year"])


def _charger_rows(plan: Plan) -> pd.DataFrame:
    """Index (site_id, charger_type): existing_count, new_count."""
    counts = {"existing_count": plan.existing["count"], "new_count": plan.chargers["count"]}
    held = {name: count for name, count in counts.items() if len(count)}
    nowhere = pd.MultiIndex.from_arrays([[], []], names=plan.chargers.index.names)
    rows = pd.concat(held, axis=1) if held else pd.DataFrame(index=nowhere)
    return rows.reindex(columns=list(counts)).fillna(0).astype(int).sort_index()


def _assignment_rows(plan: Plan) -> pd.DataFrame:
    """Index (year, zone_id, site_id, service): energy_kwh_day."""
    parts = {year: each.assignment[["energy_kwh_day"]] for year, each in sorted(plan.years.items())}
    return pd.concat(parts, names=["year"])


def _proofs(plan: Plan) -> dict[str, tuple[Proof, pd.Series]]:
    """The proof of the plan with its prices, and of the years that have another one."""
    every = sorted(plan.answers.by_year.items())
    others = {str(year): (each.proof, each.prices) for year, each in every if each.proof != plan.proof}
    return {PLAN: (plan.proof, plan.answers.prices), **others}


def _proof_rows(plan: Plan) -> pd.DataFrame:
    rows = {of: {name: getattr(proof, name) for name in PROOF_FIELDS} for of, (proof, _) in _proofs(plan).items()}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(PROOF_FIELDS)).rename_axis("of")
    return table.astype({"cost_cny": float, "cost_bound_cny": float, "needed_chargers": int})


def _price_rows(plan: Plan) -> pd.DataFrame:
    """Index (of, rule): price."""
    return pd.concat({of: prices.to_frame("price") for of, (_, prices) in _proofs(plan).items()}, names=["of"])


def plain(text: str) -> str:
    """A text without what no file format carries: NUL and halves of surrogate pairs become U+FFFD."""
    return _UNWRITABLE.sub("\ufffd", text)


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """A table with plain texts and areas of one geometry type."""
    texts = [name for name in table.columns if pd.api.types.is_string_dtype(table[name]) or table[name].dtype == object]
    table = table.assign(**{name: table[name].map(lambda v: plain(v) if isinstance(v, str) else v) for name in texts})
    if isinstance(table, gpd.GeoDataFrame) and table.geom_type.isin(["Polygon", "MultiPolygon"]).all() and len(table):
        whole = [shape if shape.geom_type == "MultiPolygon" else MultiPolygon([shape]) for shape in table.geometry]
        table = gpd.GeoDataFrame(table.assign(geometry=whole), geometry="geometry", crs=table.crs)
    return table


def _plain_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {_plain_json(key): _plain_json(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain_json(part) for part in value]
    return plain(value) if isinstance(value, str) else value
