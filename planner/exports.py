"""A plan to a folder of files, and back: GeoJSON for the web, GeoPackage for QGIS, JSON for programs, TOML as run.

The folder is written beside its place and moved there whole, so that nothing half-written is ever found under its name.
Everything but ``run.json`` is a function of the plan alone: the same plan gives the same files.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from planner._alternative_table import FILES as ALTERNATIVE_FILES
from planner._baseline_table import FILES as BASELINE_FILES
from planner._baseline_table import network_records
from planner._fairness_table import FILES as FAIRNESS_FILES
from planner._faults import BadInput, Fault, refuse
from planner._files import beside, put_in_place, refuse_unwritable, write_geojson, write_json
from planner._simulation_table import FILES as SIMULATION_FILES
from planner.access import measure_access
from planner.assessment import Assessment, Year, assess
from planner.demand import band_table, estimate_demand, fleet_energy
from planner.layers import read_layers
from planner.plan import Plan, baselines_beside, charger_tables, reach_by_mode
from planner.scenario import read_scenario, write_scenario
from planner.siting import Previous, Proof
from planner.tables import SITES, check_table

NOTICE_ZH = "示意图，边界不作划界依据；公开使用须送审取得审图号"
NOTICE_EN = "Schematic: boundaries are no basis for demarcation; public use in China needs a map approval number"
SITE_FIELDS = (
    *("site_id", "name_zh", "kind", "district", "task_unit", "rank"),
    *("existing_total", "new_slow", "new_fast", "new_heavy", "new_swap", "new_total"),
    *("power_kw", "capex_cny", "served_kwh_day", "utilisation", "metres_mean"),
    *("lost_kwh_day", "lost_worth_kwh_day", "zones_affected", "extra_metres_mean", "extra_metres_most"),
    "next_best_site",
    *("phase", "modelled", "headroom", "reason"),
)
CANDIDATE_FIELDS = (
    *("site_id", "name_zh", "name_en", "kind", "district", "task_unit", "bays", "bays_assumed", "grid_kw"),
    *("opening_cny", "min_station", "institution", "lock", "modelled", "chosen"),
)
_PLAN_FILES = (
    *("map.html", "report.html", "sites.geojson", "candidates.geojson", "plan.gpkg", "plan.xlsx"),
    *("scenario.toml", "summary.json", "run.json"),
    *SIMULATION_FILES,  # of the plan that was there before
    *BASELINE_FILES,
    *ALTERNATIVE_FILES,
    *FAIRNESS_FILES,
)
_PACKAGES = ("geopandas", "highspy", "numpy", "pandas", "pulp", "pyogrio", "scipy", "shapely")
_COSTS = ("cost_cny", "cost_bound_cny")  # of the least-cost question
_FIXED_DATE = "2000-01-01T00:00:00.000Z"
_DECIMALS = {
    **{"served_kwh_day": 3, "utilisation": 4, "metres_mean": 1, "power_kw": 1, "capex_cny": 2},
    **{"lost_kwh_day": 3, "lost_worth_kwh_day": 3, "extra_metres_mean": 1, "extra_metres_most": 1},
}


def save_plan(
    plan: Plan, folder: str | Path, map_html: str | None = None, seconds: Mapping[str, float] | None = None
) -> Path:
    """Write a plan folder, whole or not at all.

    Parameters
    ----------
    plan
        What `make_plan` returned.
    folder
        Where to; a plan folder of that name is replaced once the new one is complete (files in it that are not a
        plan's stay).
    map_html
        The text of ``map.html``; left out where None.
    seconds
        Stage -> seconds, for ``run.json``.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    BadInput
        `folder` is a file or a folder of something else, or cannot be written.
    """
    target = Path(folder).resolve()
    refuse_foreign_folder(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with beside(target) as draft:
            _write_files(plan, draft, map_html, seconds or {})
            put_in_place(draft, target, _PLAN_FILES)
    except OSError as error:
        raise BadInput([Fault(str(target), f"cannot be written: {error}", "无法写入该文件夹")]) from None
    return target


def refuse_foreign_folder(folder: str | Path) -> None:
    """Refuse a place where a plan folder cannot be written or would overwrite something else.

    Raises
    ------
    BadInput
        `folder` is a file, a folder with files but without ``summary.json``, or lies where nothing can be written.
    """
    path = Path(folder)
    refuse_unwritable(path)
    if path.is_dir() and any(path.iterdir()) and not (path / "summary.json").is_file():
        en = "holds files but no plan (no summary.json) and is not overwritten; give an empty or a new folder"
        raise BadInput([Fault(str(path), en, "文件夹内有其他文件且不是方案文件夹，不予覆盖；请另选空文件夹")])


def read_plan(folder: str | Path) -> Plan:
    """Restore a plan from its folder.

    Sites, chargers, today's chargers and the assignment come from ``plan.gpkg``, the proof from ``summary.json`` and
    the assumptions from ``scenario.toml``. Layers are read again from the study area that the scenario names; demand,
    access and the figures are computed again from all these. Nothing is sited again.

    Raises
    ------
    BadInput
        No plan folder, or one of its files is missing or damaged; and what reading the scenario and layers refuses.
    """
    home = Path(folder)
    _refuse_incomplete(home)
    scenario = read_scenario(home / "scenario.toml")
    layers = read_layers(scenario.study_area)
    demand = estimate_demand(layers.zones, layers.places, layers.streets, scenario)
    sites, existing, chargers, assignment = _read_tables(home / "plan.gpkg")
    access = measure_access(layers.zones, sites, layers.streets, reach_by_mode(demand, scenario), scenario.access)
    fleets = fleet_energy(scenario, layers.zones)
    types, capacity = charger_tables(scenario, demand, fleets, int(sites["bays"].max()))
    tables = layers, demand, sites, access, types, capacity, existing, chargers, assignment, scenario
    proof = _read_proof(home)
    years = {scenario.year: Year(demand, chargers, assignment, proof)}
    return Plan(
        scenario=scenario,
        layers=layers,
        fleets=fleets,
        demand=demand,
        sites=sites,
        access=access,
        charger_types=types,
        capacity=capacity,
        existing=existing,
        chargers=chargers,
        assignment=assignment,
        proof=proof,
        years=years,
        assessment=assess(*tables, years),
        baselines=baselines_beside(*tables),
    )


def read_previous(folder: str | Path) -> Previous:
    """What a plan was, without its layers: for another one to go on from.

    Raises
    ------
    BadInput
        No plan folder, or one of its files is missing or damaged.
    """
    home = Path(folder)
    _refuse_incomplete(home)
    _, _, chargers, assignment = _read_tables(home / "plan.gpkg")
    return Previous(chargers, assignment, _read_proof(home))


def _refuse_incomplete(home: Path) -> None:
    missing = [name for name in ("scenario.toml", "summary.json", "plan.gpkg") if not (home / name).is_file()]
    refuse(
        Fault(str(home), f"is no plan folder: {name} is missing", f"不是方案文件夹：缺少 {name}") for name in missing
    )


def read_saved_layers(file: str | Path, *names: str) -> Iterator[gpd.GeoDataFrame]:
    """Layers of a saved ``plan.gpkg`` as they are; one without geometry is a plain table.

    Raises
    ------
    DataSourceError, DataLayerError
        It is no GeoPackage, or not of a plan.
    """
    with _gdal(GDAL_PAM_ENABLED="NO"):
        yield from (pyogrio.read_dataframe(file, layer=name) for name in names)


def chosen_sites(plan: Plan) -> gpd.GeoDataFrame:
    """The sites with new chargers: the columns `SITE_FIELDS` after the index, sorted by site_id, in the working CRS."""
    figures = plan.assessment.sites
    about = plan.sites.loc[figures.index, ["name_zh", "kind", "district", "task_unit", "modelled", "geometry"]]
    table = about.join(figures).assign(phase=1, reason=figures["reason_zh"] + " / " + figures["reason_en"])
    return table.round(_DECIMALS)[[*SITE_FIELDS[1:], "geometry"]].sort_index()


def candidate_sites(plan: Plan) -> gpd.GeoDataFrame:
    """All sites with what was assumed of them and ``chosen``: the columns `CANDIDATE_FIELDS`, sorted by site_id."""
    chosen = plan.sites.index.isin(plan.assessment.sites.index)
    whole = {"bays": int, "min_station": int}
    feeder = ["feeder"] if "feeder" in plan.sites else []
    return plan.sites.astype(whole).assign(chosen=chosen)[[*CANDIDATE_FIELDS[1:], *feeder, "geometry"]].sort_index()


def summarise(plan: Plan) -> dict[str, Any]:
    """What ``summary.json`` holds: plain numbers and text; NaN and infinity are null, the latter named beyond reach."""
    proof, result, scenario = plan.proof, plan.assessment, plan.scenario
    totals = result.sites[["new_total", "new_swap", "power_kw", "capex_cny"]].sum()
    return {
        "scenario": {
            key: getattr(scenario, key) for key in ("name", "title_zh", "title_en", "year", "note_zh", "note_en")
        },
        "attribution": plan.scenario.study_area.attribution,
        "notice_zh": NOTICE_ZH,
        "notice_en": NOTICE_EN,
        "proof": {
            "value_kwh_day": round(proof.value_kwh_day, 6),
            "bound_kwh_day": round(proof.bound_kwh_day, 6),
            "gap_share": round(proof.gap_share, 6),
            "method": proof.method,
            "optimal": proof.optimal,
            "reproducible": proof.reproducible,
            "problem": proof.problem,
            **{key: round(cost, 2) for key in _COSTS if (cost := getattr(proof, key)) is not None},
        },
        "tightness": _plain(proof.tightness),
        "reachable_kwh_day": _plain(proof.reachable_kwh_day),
        "needed_chargers": proof.needed_chargers,
        "chargers": int(totals["new_total"]),
        "stations": len(result.sites),
        "swap_stations": int(totals["new_swap"]),
        "power_kw": _plain(float(totals["power_kw"])),
        "capex_cny": _plain(float(totals["capex_cny"])),
        "bands": _records(band_table(scenario)),
        "figures": _figure_records(result.figures),
        "companions": _figure_records(result.companions),
        "baselines": network_records(plan.baselines),
        "services": _records(result.services),
        "charger_types": _records(result.types),
        "districts": _records(result.districts),
        "tasks": _records(result.tasks),
        **_reports(result),
        "breakdown": _records(result.breakdown[result.breakdown[["chargers", "swap_stations"]].any(axis=1)]),
        "townships": _records(result.townships),
    }


def _reports(result: Assessment) -> dict[str, Any]:
    """Grid, money and emissions, as far as the scenario asks for them."""
    reports: dict[str, Any] = {}
    if (grid := result.grid) is not None:
        reports["grid"] = {
            "city": _plain_row(grid.city),
            "groups": _records(grid.groups.join(_by_hour(grid.group_load))),
        }
    if (money := result.money) is not None:
        reports["money"] = {
            "city": _plain_row(money.city),
            "districts": _records(money.districts),
            "hours": _records(money.hours),
        }
    return reports | ({"emissions": _records(result.emissions)} if len(result.emissions) else {})


def _by_hour(load: pd.DataFrame) -> pd.DataFrame:
    """A load with its hours named as columns of a file are: kw_00 to kw_23."""
    return load.set_axis([f"kw_{hour:02d}" for hour in load.columns], axis=1)


def _write_files(plan: Plan, folder: Path, map_html: str | None, seconds: Mapping[str, float]) -> None:
    if map_html is not None:
        (folder / "map.html").write_text(map_html, encoding="utf-8")
    write_geojson(chosen_sites(plan), folder / "sites.geojson")
    write_geojson(candidate_sites(plan), folder / "candidates.geojson")
    _write_geopackage(plan, folder / "plan.gpkg")
    write_scenario(plan.scenario, folder / "scenario.toml")
    write_json(summarise(plan), folder / "summary.json")
    write_json(_run(seconds), folder / "run.json")


def _write_geopackage(plan: Plan, file: Path) -> None:
    """All layers in one file in the working CRS; tables without geometry as attribute layers."""
    result = plan.assessment
    layers: dict[str, tuple[pd.DataFrame, str]] = {
        "zones": (plan.layers.zones.join(result.zones), "需求网格 zones with demand, service and reason"),
        "districts": (
            plan.layers.districts.join(result.districts.drop(columns="residents")),
            "县区 districts with figures",
        ),
        "streets": (plan.layers.streets, "道路 streets"),
        "sites": (chosen_sites(plan), "规划站点 sites with new chargers"),
        "candidates": (candidate_sites(plan), "候选站点 all candidate sites"),
        "chargers": (_charger_rows(plan), "充电桩数量 chargers by site and type, existing and new"),
        "assignment": (plan.assignment, "充电去向 who charges where"),
        "prices": (plan.proof.prices.to_frame(), "约束影子价格 prices that prove the upper bound"),
        "breakdown": (result.breakdown, "任务分解表 district tasks by year and kind of place"),
        "townships": (result.townships, "乡镇街道 townships with figures"),
    }
    if (grid := result.grid) is not None:
        layers["grid_sites"] = (grid.sites.join(_by_hour(grid.site_load)), "站点电网负荷 load on the grid by site")
        layers["grid_groups"] = (grid.groups.join(_by_hour(grid.group_load)), "馈线组或县区负荷 load by feeder group")
    if len(plan.layers.feeders):
        layers["feeders"] = (plan.layers.feeders, "馈线范围 feeder groups")
    with _gdal(OGR_CURRENT_DATE=_FIXED_DATE):
        for name, (table, words) in layers.items():
            spatial = isinstance(table, gpd.GeoDataFrame)
            options = {
                "DESCRIPTION": f"{words}. {plan.scenario.study_area.attribution}. {NOTICE_ZH}",
                "IDENTIFIER": name,
            }
            options |= {"GEOMETRY_NAME": "geom"} if spatial else {"ASPATIAL_VARIANT": "GPKG_ATTRIBUTES"}
            pyogrio.write_dataframe(
                table.reset_index(),
                file,
                layer=name,
                driver="GPKG",
                promote_to_multi=True if name in ("zones", "districts", "feeders") else None,
                dataset_metadata={"attribution": plan.scenario.study_area.attribution, "notice": NOTICE_ZH}
                if name == "zones"
                else None,
                layer_options=options,
                append=file.exists(),
            )


@contextmanager
def _gdal(**options: str) -> Iterator[None]:
    """GDAL with some options for a while.

    GeoPackages carry the moment of writing (``OGR_CURRENT_DATE``): a fixed one lets equal plans make equal files.
    Reading one leaves a file of statistics beside it unless told not to (``GDAL_PAM_ENABLED``).
    """
    before = {name: pyogrio.get_gdal_config_option(name) for name in options}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _charger_rows(plan: Plan) -> pd.DataFrame:
    """Index (site_id, charger_type): existing_count, new_count."""
    counts = {"existing_count": plan.existing["count"], "new_count": plan.chargers["count"]}
    rows = (
        pd.concat({name: c for name, c in counts.items() if len(c)}, axis=1) if any(map(len, counts.values())) else None
    )
    if rows is None:
        rows = pd.DataFrame(
            columns=list(counts), index=pd.MultiIndex.from_arrays([[], []], names=plan.chargers.index.names)
        )
    return rows.reindex(columns=list(counts)).fillna(0).astype(int).sort_index()


def _read_tables(file: Path) -> tuple[gpd.GeoDataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Sites, existing chargers, new chargers and assignment of a saved plan."""
    try:
        candidates, counts, assignment = read_saved_layers(file, "candidates", "chargers", "assignment")
        sites = candidates.drop(columns="chosen").set_index("site_id")
        counts = counts.set_index(["site_id", "charger_type"])
        assignment = assignment.set_index(["zone_id", "site_id", "service"])
        existing, new = (
            counts.loc[counts[column] > 0, [column]].set_axis(["count"], axis=1)
            for column in ("existing_count", "new_count")
        )
    except (DataSourceError, DataLayerError, KeyError) as error:
        fault = Fault(
            str(file), f"cannot be read as a saved plan: {error}; plan again", "无法读取已保存的方案，请重新规划"
        )
        raise BadInput([fault]) from None
    checked = gpd.GeoDataFrame(check_table(sites, SITES, file.name), geometry="geometry", crs=sites.crs)
    return checked, existing, new, assignment[["energy_kwh_day"]]


def _read_proof(home: Path) -> Proof:
    """The proof from ``summary.json``, its prices from ``plan.gpkg``."""
    file = home / "summary.json"
    try:
        summary = json.loads(file.read_text(encoding="utf-8"))
        proof = summary["proof"]
        known = ("value_kwh_day", "bound_kwh_day", "method", "optimal", "reproducible", "problem")
        return Proof(
            **{key: proof[key] for key in known},
            tightness=float("inf") if summary["tightness"] is None else summary["tightness"],
            reachable_kwh_day=summary["reachable_kwh_day"],
            needed_chargers=summary["needed_chargers"],
            **{key: proof.get(key) for key in _COSTS},
            prices=_read_prices(home / "plan.gpkg"),
        )
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        fault = Fault(
            str(file), f"cannot be read as a plan's summary: {error}; plan again", "无法读取方案摘要，请重新规划"
        )
        raise BadInput([fault]) from None


def _read_prices(file: Path) -> pd.Series:
    """The prices that prove the bound; none where the plan was saved without."""
    with _gdal(GDAL_PAM_ENABLED="NO"):
        saved = pyogrio.read_dataframe(file, layer="prices")
    return pd.Series(
        saved["price"].to_numpy(float), index=pd.Index(saved["rule"].astype(object), name="rule"), name="price"
    )


def _figure_records(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Figures by name, infinite ones as null and listed under ``beyond_reach``."""
    records = {}
    for name, row in table.iterrows():
        beyond = [when for when in ("today", "plan") if np.isinf(row[when])]
        records[str(name)] = {str(key): _plain(value) for key, value in row.items()} | {"beyond_reach": beyond}
    return records


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.reset_index().to_dict("records")
    return [{str(key): _plain(value) for key, value in row.items()} for row in rows]


def _plain_row(row: pd.Series) -> dict[str, Any]:
    return {str(key): _plain(value) for key, value in row.items()}


def _plain(value: Any) -> Any:
    """A table's value as JSON has it: six decimals, null for NaN and infinity."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else None
    return value


def _run(seconds: Mapping[str, float]) -> dict[str, Any]:
    versions = {name: metadata.version(name) for name in _PACKAGES}
    return {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": {stage: round(spent, 3) for stage, spent in seconds.items()},
        "versions": {"python": platform.python_version(), **versions},
    }
