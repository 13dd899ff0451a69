"""Saved plans side by side, and what one would build that another would not: from their folders alone, no layer read.

Not to be confused with `planner.assessment.compare`, which sets one plan beside networks made without an optimiser.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from pyogrio.errors import DataLayerError, DataSourceError

from planner.faults import BadInput, Fault, refuse, some
from planner.files.geopackage import read_saved_layers
from planner.words import Text

CHANGES = {
    "added": Text(zh="新增", en="added"),
    "removed": Text(zh="取消", en="removed"),
    "changed": Text(zh="调整", en="changed"),
}
_SAME_PLACE_M, _DECIMALS = 1.0, 2
_BUILT = {"new_total": "chargers", "new_swap": "swap_stations", "power_kw": "power_kw", "capex_cny": "capex_cny"}
_FOUR = ("well_distributed", "completely_equipped", "convenient", "basically_meets")
_FIGURES = {
    "value_kwh_day": Text(zh="目标值（加权 kWh/日）", en="value (weighted kWh/day)"),
    "bound_kwh_day": Text(zh="上界", en="upper bound"),
    "gap_share": Text(zh="差距", en="gap"),
    "cost_cny": Text(zh="全寿命成本", en="lifetime cost"),
    "served_kwh_day": Text(zh="服务电量（kWh/日）", en="served (kWh/day)"),
    "chargers": Text(zh="新建公共充电桩（台）", en="new public chargers"),
    "swap_stations": Text(zh="新建换电站", en="new swap stations"),
    "stations": Text(zh="有新桩的站点", en="sites with new chargers"),
    "power_kw": Text(zh="新增功率（kW）", en="new power (kW)"),
    "capex_cny": Text(zh="投资", en="investment"),
}
_UNITS = {
    **dict.fromkeys(("value_kwh_day", "bound_kwh_day", "served_kwh_day"), "kWh/day"),
    **dict.fromkeys(("chargers", "swap_stations", "stations"), "count"),
    **dict.fromkeys(("cost_cny", "capex_cny"), "cny"),
    "gap_share": "gap",
    "power_kw": "kW",
}


@dataclass(frozen=True)
class SavedPlan:
    """A plan as its folder tells it.

    Attributes
    ----------
    folder
        As it was given.
    figures
        Index figure; ``word_zh``, ``word_en``, ``unit`` and ``value`` (NaN: not known, inf: beyond reach).
    sites
        All candidate sites: index site_id; ``name_zh``, ``kind``, ``district``, point.
    new
        Sites with anything new x charger types: their count, whole numbers.
    built
        The same sites: ``chargers`` (as the quota counts them), ``swap_stations``, ``power_kw``, ``capex_cny``.
    """

    folder: str
    figures: pd.DataFrame
    sites: gpd.GeoDataFrame
    new: pd.DataFrame
    built: pd.DataFrame


def read_saved_plans(folders: Sequence[str | Path]) -> list[SavedPlan]:
    """Read two or more plan folders that shall be compared.

    Parameters
    ----------
    folders
        As `save_plan` writes them; all of one study area.

    Returns
    -------
    list of SavedPlan
        In the order given.

    Raises
    ------
    BadInput
        Fewer than two, one of them twice, no plan folders, damaged files, or plans of different study areas.
    """
    homes = [Path(folder) for folder in folders]
    if len(homes) < 2:
        en = f"{len(homes)} given; name two or more plan folders to compare"
        zh = f"给出了 {len(homes)} 个；请给出两个或更多方案文件夹以作比较"
        raise BadInput([Fault("plan folders", en=en, zh=zh)])
    twice = [str(home) for home, times in Counter(home.resolve() for home in homes).items() if times > 1]
    again = Text(zh="列出了两次；方案应与其他方案比较", en="is named twice; a plan is compared with others")
    refuse(Fault.of(path, again) for path in twice)
    faults: list[Fault] = []
    plans = []
    for home in homes:
        try:
            plans.append(_read(home))
        except BadInput as error:
            faults.extend(error.faults)
    refuse(faults)
    refuse(fault for other in plans[1:] if (fault := _other_area(plans[0], other)) is not None)
    return plans


def compare_plans(plans: Sequence[SavedPlan]) -> pd.DataFrame:
    """Set the figures of saved plans side by side.

    Parameters
    ----------
    plans
        As `read_saved_plans` returns them.

    Returns
    -------
    DataFrame
        Index figure; ``word_zh``, ``word_en``, ``unit``, then a column per plan, named by its folder: NaN is not known,
        as of a figure that only some of the plans have, infinite metres are beyond reach.
    """
    about = pd.concat([plan.figures[["word_zh", "word_en", "unit"]] for plan in plans])
    about = about[~about.index.duplicated()]
    values = {plan.folder: plan.figures["value"].reindex(about.index) for plan in plans}
    return pd.concat([about, pd.DataFrame(values)], axis=1)


def find_differences(a: SavedPlan, b: SavedPlan) -> gpd.GeoDataFrame:
    """The sites at which two plans build other chargers.

    Parameters
    ----------
    a, b
        Two plans of one study area, as `read_saved_plans` returns them.

    Returns
    -------
    GeoDataFrame
        Index site_id, sorted; ``name_zh``, ``kind``, ``district``; ``change``, one of `CHANGES`; then of
        ``chargers`` (as the quota counts them), ``swap_stations``, ``power_kw``, ``capex_cny`` and every charger type
        (its count) what `a` builds, what `b` builds, and b - a: ``_a``, ``_b``, ``_difference``; point, CRS of `a`.
    """
    types = sorted({*a.new.columns, *b.new.columns})
    every = a.new.index.union(b.new.index).sort_values()
    first, second = (plan.new.reindex(index=every, columns=types, fill_value=0).astype(int) for plan in (a, b))
    at = every[(first != second).any(axis=1)]
    before = a.built.reindex(at, fill_value=0).join(first.loc[at])
    after = b.built.reindex(at, fill_value=0).join(second.loc[at])
    sites = pd.concat([a.sites, b.sites[~b.sites.index.isin(a.sites.index)]]).loc[at]
    change = np.where(~at.isin(a.new.index), "added", np.where(~at.isin(b.new.index), "removed", "changed"))
    table = sites[["name_zh", "kind", "district"]].assign(change=change)
    for name in before.columns:
        less = (after[name] - before[name]).round(_DECIMALS)
        table = table.assign(**{f"{name}_a": before[name], f"{name}_b": after[name], f"{name}_difference": less})
    return gpd.GeoDataFrame(table, geometry=sites.geometry, crs=a.sites.crs)


def difference_summary(a: SavedPlan, b: SavedPlan) -> dict[str, Any]:
    """What ``difference.json`` holds: which plan is which, figures, sites by kind of change, and new chargers by type.

    Null is "not known" or, where ``beyond_reach`` names the plan, metres beyond reach.
    """
    figures = compare_plans([a, b])
    sites = find_differences(a, b)
    same = a.new.index.union(b.new.index).difference(sites.index)
    counts = sites["change"].value_counts()
    totals = pd.DataFrame({"a": a.new.sum(), "b": b.new.sum()}).fillna(0).astype(int).sort_index()
    return {
        "a": a.folder,
        "b": b.folder,
        "figures": {
            str(name): _compared(float(row[a.folder]), float(row[b.folder])) for name, row in figures.iterrows()
        },
        "sites": {**{change: int(counts.get(change, 0)) for change in CHANGES}, "same": len(same)},
        "charger_types": {
            str(k): {"a": int(row["a"]), "b": int(row["b"]), "difference": int(row["b"] - row["a"])}
            for k, row in totals.iterrows()
        },
    }


def _compared(a: float, b: float) -> dict[str, Any]:
    beyond = [name for name, value in (("a", a), ("b", b)) if np.isinf(value)]
    plain = {"a": a, "b": b, "difference": b - a if np.isfinite(a) and np.isfinite(b) else np.nan}
    return {key: round(v, 6) if np.isfinite(v) else None for key, v in plain.items()} | {"beyond_reach": beyond}


def _read(home: Path) -> SavedPlan:
    lost = [name for name in ("scenario.toml", "summary.json", "plan.gpkg") if not (home / name).is_file()]
    if lost:
        name = ", ".join(lost)
        raise BadInput(
            [Fault(str(home), en=f"is no plan folder: {name} is missing", zh=f"不是方案文件夹：缺少 {name}")]
        )
    sites, new, built = _read_sites(home / "plan.gpkg")
    figures, chargers = _read_summary(home)
    totals = {str(k): int(n) for k, n in new.sum().items()}
    if totals != chargers:
        here, there = _words(totals), _words(chargers)
        en = f"builds {here.en}, but summary.json says {there.en}; plan again"
        zh = f"新建 {here.zh}，而 summary.json 为 {there.zh}；请重新规划"
        raise BadInput([Fault(str(home / "plan.gpkg"), en=en, zh=zh)])
    return SavedPlan(str(home), figures, sites, new, built)


def _words(totals: dict[str, int]) -> Text:
    told = ", ".join(f"{n} {k}" for k, n in sorted(totals.items()))
    return Text(zh=told or "无", en=told or "nothing")


def _read_sites(file: Path) -> tuple[gpd.GeoDataFrame, pd.DataFrame, pd.DataFrame]:
    try:
        candidates, counts, chosen = read_saved_layers(file, "candidates", "chargers", "sites")
        sites = candidates.set_index("site_id")[["name_zh", "kind", "district", "geometry"]].sort_index()
        rows = counts[counts["new_count"] > 0]
        new = rows.pivot_table("new_count", "site_id", "charger_type", aggfunc="sum", fill_value=0).astype(int)
        built = chosen.set_index("site_id")[list(_BUILT)].rename(columns=_BUILT).sort_index()
        if not new.index.equals(built.index) or not new.index.isin(sites.index).all():
            raise KeyError("its layers name other sites")
    except (DataSourceError, DataLayerError, KeyError) as error:
        en = f"cannot be read as a saved plan: {error}; plan again"
        raise BadInput([Fault(str(file), en=en, zh=f"无法读取已保存的方案：{error}；请重新规划")]) from None
    return sites, new.rename_axis(columns=None), built


def _read_summary(home: Path) -> tuple[pd.DataFrame, dict[str, int]]:
    """The figures of ``summary.json``, services named as in ``scenario.toml``, and new chargers by type."""
    try:
        summary = json.loads((home / "summary.json").read_text(encoding="utf-8"))
        services = tomllib.loads((home / "scenario.toml").read_text(encoding="utf-8")).get("services", {})
        rows = {name: _four(summary["figures"][name]) for name in _FOUR}
        served = sum(row["served_kwh_day"] for row in summary["services"])
        known = {**summary, **summary["proof"], "served_kwh_day": served}
        rows |= {
            name: _row(word, _UNITS[name], known[name])
            for name, word in _FIGURES.items()
            if name != "cost_cny" or name in known
        }
        for row in summary["services"]:
            names = services.get(row["service"], {})
            zh, en = (names.get(f"name_{lang}", row["service"]) for lang in ("zh", "en"))
            word = Text(zh=f"{zh}服务率", en=f"served of {en}")
            rows[f"served_share_{row['service']}"] = _row(word, "share", row["served_share"])
        chargers = {row["charger_type"]: int(n) for row in summary["charger_types"] if (n := row["chargers"])}
        table = pd.DataFrame.from_dict(rows, orient="index")
        table = table.astype({"value": float}).rename_axis("figure")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}, {error}"
        en, zh = f"cannot be read as a plan's summary: {reason}; plan again", f"无法读取方案摘要：{reason}；请重新规划"
        raise BadInput([Fault(str(home / "summary.json"), en=en, zh=zh)]) from None
    return table, chargers


def _four(figure: dict[str, Any]) -> dict[str, Any]:
    value = figure["plan"]
    if value is None:
        value = np.inf if "plan" in figure["beyond_reach"] else np.nan
    return _row(Text(zh=figure["word_zh"], en=figure["word_en"]), figure["unit"], value)


def _row(word: Text, unit: str, value: float) -> dict[str, Any]:
    """A row of `Saved.figures`."""
    return {"word_zh": word.zh, "word_en": word.en, "unit": unit, "value": value}


def _other_area(a: SavedPlan, b: SavedPlan) -> Fault | None:
    """Why two plans cannot be of the same study area, if so."""
    where = f"{a.folder} and {b.folder}"
    if a.sites.crs != b.sites.crs:
        en = "plans of different study areas (other coordinate systems) have nothing to compare"
        return Fault(where, en=en, zh="两个方案属于不同研究区（坐标系不同），无可比较")
    shared = a.sites.index.intersection(b.sites.index)
    if not len(shared):
        en, zh = (
            "plans of different study areas: no candidate site is in both",
            "两个方案属于不同研究区：没有共同的候选站点",
        )
        return Fault(where, en=en, zh=zh)
    apart = a.sites.geometry.loc[shared].distance(b.sites.geometry.loc[shared]) > _SAME_PLACE_M
    if apart.any():
        en = f"plans of different study areas: sites {some(shared[apart])} lie at other places"
        return Fault(where, en=en, zh=f"两个方案属于不同研究区：站点 {some(shared[apart])} 位置不同")
    return None
