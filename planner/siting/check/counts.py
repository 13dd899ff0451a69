"""The rules of counts that `check_plan` re-derives: rooms, stations, quota, shares, money, tasks, feeders, access."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.scenario import Siting
from planner.words import Text

RELATIVE = 1e-6


def counts_of(table: pd.DataFrame) -> pd.DataFrame:
    """Counts as columns site_id, charger_type, count; whatever the table's size."""
    return (
        table[["count"]].reset_index() if len(table) else pd.DataFrame({"site_id": [], "charger_type": [], "count": []})
    )


def broken_counts(
    new: pd.DataFrame, existing: pd.DataFrame, sites: pd.DataFrame, types: pd.DataFrame, siting: Siting
) -> list[Text]:
    """Every rule of counts that new chargers break.

    Parameters
    ----------
    new, existing
        Columns site_id, charger_type, count.
    """
    return [
        *_counts_are_whole(new, sites, types),
        *_rooms(new, existing, sites, types),
        *_stations(new, existing, sites),
        *_totals(new, types, siting),
        *_spent(new, existing, sites, types, siting),
        *_units_and_feeders(new, sites, types, siting),
    ]


def no_access(
    new: pd.DataFrame, existing: pd.DataFrame, types: pd.DataFrame, siting: Siting, cover: pd.DataFrame | None
) -> list[Text]:
    """Zones of ``cover`` with no charger for cars, new or standing, at any of their sites."""
    if cover is None:
        text = Text(zh="要求最低可达，但没有 cover 表", en="minimum access is asked for, but there is no table cover")
        return [text] if siting.minimum_access else []
    swap = _column(types, "battery_swap", False).astype(bool)
    cars = types.index[types["service"].isin(["slow", "fast"]) & ~swap]
    both = pd.concat([new, existing])
    have = set(both.loc[(both["count"] > 0) & both["charger_type"].isin(cars), "site_id"])
    zone, site = (cover.index.get_level_values(name) for name in ("zone_id", "site_id"))
    served = pd.Series(site.isin(have), index=zone).groupby(level=0).any()
    return [
        Text(
            zh=f"{z} 的最低可达：标准半径内没有乘用车充电桩",
            en=f"access of {z}: no charger for cars within its norm radius",
        )
        for z in served.index[~served]
    ]


def cost_cny(new: pd.DataFrame, existing: pd.DataFrame, sites: pd.DataFrame, per_charger: pd.Series) -> float:
    """Opening cost of every site with new chargers, where none stand yet, plus so much per charger."""
    opened = sites.index.isin(new.loc[new["count"] > 0, "site_id"])
    stands = sites.index.isin(existing.loc[existing["count"] > 0, "site_id"])
    chargers = new["count"].astype(float) * per_charger.reindex(new["charger_type"]).to_numpy(float)
    return float(sites.loc[opened & ~stands, "opening_cny"].sum() + chargers.sum())


def _column(table: pd.DataFrame, name: str, default: object) -> pd.Series:
    """A column that may be left out."""
    return table[name] if name in table else pd.Series(default, index=table.index)


def _drawn_kw(types: pd.DataFrame) -> pd.Series:
    drawn: pd.Series = _column(types, "coincidence", 1.0).astype(float) * types["kw_rated"]
    return drawn


def _counts_are_whole(new: pd.DataFrame, sites: pd.DataFrame, types: pd.DataFrame) -> list[Text]:
    bad = new[(new["count"] < 0) | (new["count"] != np.round(new["count"]))]
    lost = new[~new["site_id"].isin(sites.index) | ~new["charger_type"].isin(types.index)]
    return [
        *(
            Text(
                zh=f"{r.site_id} 的 {r.charger_type} 数量 {r.count} 不是整数",
                en=f"count {r.count} of {r.charger_type} at {r.site_id} is no whole number",
            )
            for r in bad.itertuples()
        ),
        *(
            Text(
                zh=f"未知的站点或类型：{r.site_id}、{r.charger_type}",
                en=f"unknown site or type: {r.site_id}, {r.charger_type}",
            )
            for r in lost.itertuples()
        ),
    ]


def _per_site(table: pd.DataFrame, per_charger: pd.Series, sites: pd.DataFrame) -> pd.Series:
    amount = table["count"].astype(float) * per_charger.reindex(table["charger_type"]).to_numpy(float)
    return pd.Series(amount.groupby(table["site_id"]).sum().reindex(sites.index, fill_value=0.0))


def _rooms(new: pd.DataFrame, existing: pd.DataFrame, sites: pd.DataFrame, types: pd.DataFrame) -> list[Text]:
    bays = _per_site(new, types["bays_used"], sites) + _per_site(existing, types["bays_used"], sites)
    grid = _per_site(new, _drawn_kw(types), sites)
    over_bays = bays[bays > sites["bays"] + 1e-9]
    over_grid = grid[grid > sites["grid_kw"] * (1 + RELATIVE) + 1e-9]
    has_bays, has_kw = sites["bays"].to_dict(), sites["grid_kw"].to_dict()
    return [
        *(
            Text(
                zh=f"{j} 的车位：占用 {used:g} 个，共 {has_bays[j]:g} 个",
                en=f"bays at {j}: {used:g} used of {has_bays[j]:g}",
            )
            for j, used in over_bays.items()
        ),
        *(
            Text(
                zh=f"{j} 的电网：占用 {used:g} kW，余量 {has_kw[j]:g} kW",
                en=f"grid at {j}: {used:g} kW used of {has_kw[j]:g}",
            )
            for j, used in over_grid.items()
        ),
    ]


def _stations(new: pd.DataFrame, existing: pd.DataFrame, sites: pd.DataFrame) -> list[Text]:
    """Fewest chargers and locks; a site where chargers stand already may grow by as few as one likes."""
    count = new.groupby("site_id")["count"].sum().reindex(sites.index, fill_value=0)
    stands = existing.groupby("site_id")["count"].sum().reindex(sites.index, fill_value=0) > 0
    least = _column(sites, "min_station", 1.0).where(~stands, 0.0)
    fewest = least.to_dict()
    lock = _column(sites, "lock", "free")
    small = count[(count > 0) & (count < least)]
    out = count[(lock == "out") & (count > 0)]
    closed = count[(lock == "in") & (count < least)]
    return [
        *(
            Text(
                zh=f"{j} 的站点规模：{n:g} 台，至少应为 {fewest[j]:g} 台",
                en=f"station at {j}: {n:g} chargers, at least {fewest[j]:g} expected",
            )
            for j, n in small.items()
        ),
        *(
            Text(zh=f"{j} 已锁定为排除，却有 {n:g} 台", en=f"{j} is locked out and has {n:g} chargers")
            for j, n in out.items()
        ),
        *(
            Text(zh=f"{j} 已锁定为必选，只有 {n:g} 台", en=f"{j} is locked in and has {n:g} chargers")
            for j, n in closed.items()
        ),
    ]


def _units(new: pd.DataFrame, types: pd.DataFrame) -> pd.Series:
    units: pd.Series = new["count"] * types["quota_units"].reindex(new["charger_type"]).to_numpy()
    return units


def _totals(new: pd.DataFrame, types: pd.DataFrame, siting: Siting) -> list[Text]:
    """Quota, shares and counts of types."""
    units = _units(new, types)
    total = float(units.sum())
    broken = []
    if siting.quota_rule == "exactly" and total != siting.quota:
        broken.append(
            Text(
                zh=f"总量：布置 {total:g} 台，应恰为 {siting.quota} 台",
                en=f"quota: {total:g} placed, exactly {siting.quota} expected",
            )
        )
    if total > siting.quota:
        broken.append(
            Text(
                zh=f"总量：布置 {total:g} 台，最多 {siting.quota} 台",
                en=f"quota: {total:g} placed, at most {siting.quota} allowed",
            )
        )
    by_type = units.groupby(new["charger_type"]).sum().reindex(types.index, fill_value=0.0)
    count = new.groupby("charger_type")["count"].sum().reindex(types.index, fill_value=0)
    least = _column(types, "min_share", 0.0) * siting.quota
    most = _column(types, "max_share", 1.0) * siting.quota
    counted = types["quota_units"] > 0
    broken += _outside(Text(zh="占比", en="share"), by_type[counted], least[counted] - 1e-6, most[counted] + 1e-6)
    most_count = pd.to_numeric(_column(types, "max_count", np.nan), errors="coerce").astype(float).fillna(np.inf)
    return broken + _outside(Text(zh="台数", en="count"), count, count * 0, most_count)


def _outside(what: Text, units: pd.Series, least: pd.Series, most: pd.Series) -> list[Text]:
    """Types with too few or too many chargers."""
    return [
        *(
            Text(
                zh=f"{k} 的{what.zh}：{n:g}，至少应为 {low:g}",
                en=f"{what.en} of {k}: {n:g}, at least {low:g} expected",
            )
            for k, n, low in zip(units.index, units, least, strict=True)
            if n < low
        ),
        *(
            Text(
                zh=f"{k} 的{what.zh}：{n:g}，最多 {high:g}",
                en=f"{what.en} of {k}: {n:g}, at most {high:g} allowed",
            )
            for k, n, high in zip(units.index, units, most, strict=True)
            if n > high
        ),
    ]


def _spent(
    new: pd.DataFrame, existing: pd.DataFrame, sites: pd.DataFrame, types: pd.DataFrame, siting: Siting
) -> list[Text]:
    spent = cost_cny(new, existing, sites, types["price_cny"])
    if siting.budget_cny is None or spent <= siting.budget_cny * (1 + RELATIVE) + 1e-6:
        return []
    return [
        Text(
            zh=f"预算：花费 {spent:.0f} 元，共 {siting.budget_cny:.0f} 元",
            en=f"budget: {spent:.0f} CNY spent of {siting.budget_cny:.0f}",
        )
    ]


def _units_and_feeders(new: pd.DataFrame, sites: pd.DataFrame, types: pd.DataFrame, siting: Siting) -> list[Text]:
    """District tasks and the kW of feeder groups."""
    unit = sites["task_unit"] if "task_unit" in sites else _column(sites, "district", "")
    by_unit = _units(new, types).groupby(new["site_id"].map(unit)).sum()
    drawn = new["count"] * _drawn_kw(types).reindex(new["charger_type"]).to_numpy(float)
    by_feeder = drawn.groupby(new["site_id"].map(_column(sites, "feeder", ""))).sum()
    return [
        *(
            Text(
                zh=f"{unit} 的任务：完成 {by_unit.get(unit, 0.0):g}，应为 {task}",
                en=f"task of {unit}: {by_unit.get(unit, 0.0):g} of {task}",
            )
            for unit, task in siting.tasks.items()
            if by_unit.get(unit, 0.0) < task
        ),
        *(
            Text(
                zh=f"馈线组 {name}：占用 {by_feeder[name]:g} kW，余量 {most:g} kW",
                en=f"feeder {name}: {by_feeder[name]:g} kW used of {most:g}",
            )
            for name, most in siting.feeder_kw.items()
            if by_feeder.get(name, 0.0) > most * (1 + RELATIVE) + 1e-9
        ),
    ]
