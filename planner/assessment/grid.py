"""The plan on the grid: load by hour, coincident power against headroom, transformers and what they cost."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.assessment.networks import Chargers, sum_by_site
from planner.layers import Layers
from planner.scenario import GridRules, Scenario
from planner.words import NO_TEXT, Text

NO_FEEDER = "–"
"""Stands for the group of sites that lie in no feeder area."""
_SUMS = ("connected_kw", "coincident_kw", "transformers", "total_kva", "transformer_cny", "upgrade_cny")
_FIGURES = (
    *("sites", "connected_kw", "coincident_kw", "headroom_kw", "headroom_used_share", "peak_hour", "peak_kw"),
    *("transformers", "total_kva", "transformer_cny", "upgrade_cny"),
)
_GROUP_COLUMNS = ("name_zh", *_FIGURES, "headroom_stated", "note_zh", "note_en")
_CITY_COLUMNS = (*_FIGURES, "fullest_group")
_BY_DISTRICT = Text(zh="无馈线图层：按县区汇总，不作约束", en="no feeder layer: by district, without a constraint")
_IN_NONE = Text(zh="不在任何馈线范围内的站点", en="sites in no feeder area")


@dataclass(frozen=True)
class Grid:
    """What the new chargers mean for the grid; today's are in the headroom already. Loads are means over an hour.

    Attributes
    ----------
    sites
        Index site_id, sites with new chargers: group, connected_kw (rated), coincident_kw (rated times coincidence:
        what siting held within the headroom), headroom_kw, headroom_used_share, peak_hour (0 to 23, the first of
        equals; NaN without load) and peak_kw of the load by hour, transformer_kva (size of one), transformer_count (0
        where none is needed), transformer_cny, upgrade_cny (what of it the site's opening does not pay).
    groups
        Index group: all feeder groups that hold candidate sites, or all districts by code. name_zh, sites,
        connected_kw, coincident_kw, headroom_kw (stated for the group, else the sum of its sites'),
        headroom_used_share, peak_hour, peak_kw (of the hourly sum of its sites), transformers, total_kva,
        transformer_cny, upgrade_cny, headroom_stated, note_zh, note_en.
    city
        The same figures of all sites together, and fullest_group, the group with the highest share used.
    site_load, group_load
        Index site_id and group, columns 0 to 23: kW on the day that is planned for.
    """

    sites: pd.DataFrame
    groups: pd.DataFrame
    city: pd.Series
    site_load: pd.DataFrame
    group_load: pd.DataFrame


def assess_grid(
    sites: gpd.GeoDataFrame, chargers: Chargers, load: pd.DataFrame, layers: Layers, scenario: Scenario
) -> Grid | None:
    """The grid report; None where the scenario has no section [grid].

    A station takes ``S = coincident kW / (power factor x efficiency) / load share`` kVA, in the fewest transformers of
    one standard size that hold it. One that is small enough for a low-voltage connection takes none. Where headroom is
    stated for the site, or published or derived for its kind, only what exceeds it takes a transformer; where it is an
    assumption, nobody has yet found it on the ground, and the whole station takes its own. A site's opening cost
    covers a connection, so only what the transformers cost beyond it is an upgrade.

    Parameters
    ----------
    sites
        All candidate sites, as siting was given them.
    chargers
        Today's located ones and the new ones.
    load
        As `site_load` returns it, for the sites with new chargers.
    layers
        Names of the feeder groups, and the order of the districts.
    scenario
        [grid], the kinds' headroom, and siting.feeder_kw.
    """
    if scenario.grid is None:
        return None
    stock, new = chargers
    drawn = new.assign(coincident_kw=new["count"] * new["coincidence"] * new["kw_rated"])
    built = sites.loc[load.index]
    table = pd.DataFrame(
        {
            "group": _groups(sites).reindex(load.index),
            "connected_kw": sum_by_site(new, "power_kw", load.index),
            "coincident_kw": sum_by_site(drawn, "coincident_kw", load.index),
            "headroom_kw": built["grid_kw"].astype(float),
        }
    )
    opening = built["opening_cny"].astype(float).mask(sum_by_site(stock, "count", load.index) > 0, 0.0)
    assumed = _headroom_assumed(built, scenario)
    table = _with_use(table, load).join(_transformers(table, assumed, opening, scenario.grid))
    fed = _has_feeders(sites)
    order = sorted(set(_groups(sites))) if fed else layers.districts.sort_values("code").index
    group_load = load.groupby(table["group"]).sum().reindex(pd.Index(order, name="group"), fill_value=0.0)
    groups = _group_table(table, group_load, layers.feeders, not fed, scenario.siting.feeder_kw)
    return Grid(table, groups, _city(table, groups, load), load, group_load)


def _groups(sites: pd.DataFrame) -> pd.Series:
    """The feeder group of every site, or its district where no site has one."""
    if _has_feeders(sites):
        feeder: pd.Series = sites["feeder"].replace("", NO_FEEDER)
        return feeder
    district: pd.Series = sites["district"]
    return district


def _has_feeders(sites: pd.DataFrame) -> bool:
    return "feeder" in sites and bool((sites["feeder"] != "").any())


def _headroom_assumed(sites: pd.DataFrame, scenario: Scenario) -> pd.Series:
    """Whether nobody has measured a site's headroom: it is its kind's, and an assumption there."""
    of_kind = {name: kind.grid_kw.source_kind == "assumption" for name, kind in scenario.kinds.items()}
    assumed: pd.Series = sites["kind"].map(of_kind).astype(bool) & ~sites.index.isin(list(scenario.candidates.grid_kw))
    return assumed


def _with_use(table: pd.DataFrame, load: pd.DataFrame) -> pd.DataFrame:
    """The table with share of the headroom, peak hour and peak."""
    peak = load.max(axis=1)
    hour = pd.Series(load.to_numpy(float).argmax(axis=1) if len(load) else [], index=load.index, dtype=float)
    headroom = table["headroom_kw"]
    return table.assign(
        headroom_used_share=table["coincident_kw"] / headroom.where(headroom > 0),
        peak_hour=hour.where(peak > 0),
        peak_kw=peak,
    )


def _transformers(
    table: pd.DataFrame, headroom_assumed: pd.Series, opening_cny: pd.Series, rules: GridRules
) -> pd.DataFrame:
    """transformer_kva, transformer_count, transformer_cny and upgrade_cny of every site."""
    beyond_kw = (table["coincident_kw"] - table["headroom_kw"]).clip(lower=0.0)
    uncovered_kw = beyond_kw.where(~headroom_assumed, table["coincident_kw"])
    uncovered_kw = uncovered_kw.where(table["connected_kw"] > rules.low_voltage_kw.base, 0.0)
    needed_kva = uncovered_kw / (rules.power_factor.base * rules.efficiency.base) / rules.load_share.base
    size, count = standard_transformers(needed_kva.to_numpy(float), rules.transformer_kva)
    cost = size * count * rules.transformer_cny_kva.base
    return pd.DataFrame(
        {
            "transformer_kva": size,
            "transformer_count": count,
            "transformer_cny": cost,
            "upgrade_cny": np.maximum(cost - opening_cny.to_numpy(float), 0.0),
        },
        index=table.index,
    )


def standard_transformers(needed_kva: np.ndarray, sizes_kva: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """The fewest transformers of one size that hold a power, and then the smallest such size.

    Returns
    -------
    size, count
        Of every power; both 0 where none is needed.
    """
    sizes = np.array(sorted(sizes_kva), float)
    count = np.ceil(needed_kva / sizes[-1]).astype(int)
    each = needed_kva / np.maximum(count, 1)
    size = sizes[np.minimum(np.searchsorted(sizes, each), len(sizes) - 1)]
    return np.where(count > 0, size, 0.0), count


def _group_table(
    table: pd.DataFrame, load: pd.DataFrame, feeders: pd.DataFrame, by_district: bool, stated_kw: dict[str, float]
) -> pd.DataFrame:
    """The table ``groups`` of `Grid`."""
    stated = pd.Series(stated_kw, dtype=float).reindex(load.index)
    sums = _sums(table).assign(sites=1).groupby(table["group"]).sum()
    rows = sums.reindex(load.index, fill_value=0)
    rows = rows.assign(headroom_kw=stated.fillna(rows["headroom_kw"]))
    rows = _with_use(rows.assign(headroom_stated=stated.notna()), load)
    named = feeders["name_zh"].dropna().to_dict() if "name_zh" in feeders else {}
    notes = [_BY_DISTRICT if by_district else _IN_NONE if group == NO_FEEDER else NO_TEXT for group in rows.index]
    names = [named.get(group, group) for group in rows.index]
    rows = rows.assign(name_zh=names, note_zh=[note.zh for note in notes], note_en=[note.en for note in notes])
    return rows[[*_GROUP_COLUMNS]]


def _city(table: pd.DataFrame, groups: pd.DataFrame, load: pd.DataFrame) -> pd.Series:
    """All sites together."""
    row = _sums(table).sum().to_frame("city").T.assign(sites=len(table), headroom_kw=groups["headroom_kw"].sum())
    city = _with_use(row, load.sum().to_frame("city").T)
    share = groups["headroom_used_share"].dropna()
    city["fullest_group"] = str(share.idxmax()) if len(share) else ""
    return city[[*_CITY_COLUMNS]].iloc[0]


def _sums(table: pd.DataFrame) -> pd.DataFrame:
    """What of the sites adds up."""
    total_kva = table["transformer_kva"] * table["transformer_count"]
    return table.assign(transformers=table["transformer_count"], total_kva=total_kva)[[*_SUMS, "headroom_kw"]]
