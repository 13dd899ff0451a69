"""The door of the location models: tables with ids in, sorted arrays inside, tables with ids out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from planner.faults import Fault, refuse, some
from planner.words import NO_TEXT, Text

RELATIVE_GAP = 1e-6
"""Value and bound closer than this are one: the choice is proven."""


@dataclass(frozen=True)
class Location:
    """Chosen sites, who is served where, and how good that is at least.

    Attributes
    ----------
    sites
        Ids of the open sites, sorted; the fixed ones are among them.
    assignment
        Indexed (zone_id, site_id), sorted: column ``weight``, the part of the zone's weight served there; 1 a zone in
        the models that know no weights.
    value
        Number of sites (`cover_all`), weight covered (`max_cover`), sum of weight x cost (`p_median`,
        `capacitated_p_median`), largest cost (`p_center`), opening costs + sum of weight x cost
        (`capacitated_location`).
    bound
        What no choice can beat: an upper bound on the value in `max_cover`, a lower bound elsewhere.
    proven
        Whether value and bound are within 1e-6 of each other, relative.
    """

    sites: pd.Index
    assignment: pd.DataFrame
    value: float
    bound: float
    proven: bool


@dataclass(frozen=True)
class Pairs:
    """Zones x sites, only the pairs that exist; zones, sites and each zone's pairs in the order of their ids.

    Attributes
    ----------
    zones, sites
        Sorted ids.
    start
        Zone i's pairs are ``start[i]:start[i + 1]``; int64, shape (zones + 1,).
    site, cost
        Site number and cost of each pair; int32 and float64.
    fixed
        Which sites stand; bool, shape (sites,).
    """

    zones: pd.Index
    sites: pd.Index
    start: np.ndarray
    site: np.ndarray
    cost: np.ndarray
    fixed: np.ndarray

    @property
    def zone(self) -> np.ndarray:
        """Zone number of each pair."""
        return np.repeat(np.arange(len(self.zones), dtype=np.int32), np.diff(self.start))

    def keep(self, pairs: np.ndarray) -> Pairs:
        """The same zones and sites with some of the pairs (bool, shape (pairs,))."""
        kept = np.r_[0, np.cumsum(pairs)][self.start]
        return replace(self, start=kept, site=self.site[pairs], cost=self.cost[pairs])

    def by_site(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The pairs turned round: start, zone and pair number, each site's pairs in the order of zones."""
        order = np.argsort(self.site, kind="stable")
        start = np.r_[0, np.cumsum(np.bincount(self.site, minlength=len(self.sites)))]
        return start, self.zone[order], order


@dataclass(frozen=True)
class Request:
    """What a model was asked, checked: the pairs and, where the model has them, numbers by zone, by site and of sites.

    Attributes
    ----------
    pairs
        Who can be served where, at which cost.
    weights
        By zone; ones in the models without weights.
    by_site
        Numbers by site under the arguments' names (``capacity``, ``opening_cost``).
    """

    pairs: Pairs
    weights: np.ndarray
    by_site: dict[str, np.ndarray]


def read_request(
    access: pd.DataFrame,
    *,
    weights: pd.Series | None = None,
    limit: float | None = None,
    sites: int | None = None,
    fixed: Iterable[object] = (),
    serve_all: bool = True,
    **by_site: pd.Series,
) -> Request:
    """Check a model's arguments together and sort everything by id.

    Parameters
    ----------
    access
        Indexed (zone_id, site_id), one column: the cost of a pair, >= 0.
    weights
        By zone, >= 0; without them the zones are those of `access`.
    limit
        Pairs that cost more do not count.
    sites
        How many are to be open.
    fixed
        Sites that stand.
    serve_all
        Whether a zone without any pair is a fault.
    by_site
        Series by site, >= 0, under the arguments' names; without them the sites are those of `access`.

    Raises
    ------
    BadInput
        With every fault found, naming tables and ids.
    """
    faults = _access_faults(access)
    for name, series, level in (
        ("weights", weights, "zone_id"),
        *((name, series, "site_id") for name, series in by_site.items()),
    ):
        faults += [] if series is None else _series_faults(series, name, level)
    if limit is not None and not limit >= 0:
        en, zh = f"found {limit}; a number of at least 0 is expected", f"现为 {limit}；应为不小于 0 的数值"
        faults.append(Fault("limit", en=en, zh=zh))
    refuse(faults)
    tables = list(by_site.values())
    pairs, faults = _sorted_pairs(access, weights, tables[0] if tables else None)
    for name, series in list(by_site.items())[1:]:
        faults += _unnamed(pairs.sites.difference(series.index), name, "site")
    if limit is not None:
        pairs = pairs.keep(pairs.cost <= limit)
    pairs, more = _with_fixed(pairs, fixed)
    faults += more + _count_faults(pairs, sites)
    if serve_all:
        faults += _unserved(pairs, limit)
    refuse(faults)
    amounts = np.ones(len(pairs.zones)) if weights is None else _numbers(weights, pairs.zones)
    return Request(pairs, amounts, {name: _numbers(series, pairs.sites) for name, series in by_site.items()})


def answer(
    request: Request, chosen: np.ndarray, used: np.ndarray, amount: np.ndarray, value: float, bound: float
) -> Location:
    """A `Location` from numbers.

    Parameters
    ----------
    chosen
        Open sites; bool, shape (sites,).
    used, amount
        Numbers of the pairs that serve, ascending, and the weight each of them serves.
    value, bound
        As in `Location`; a bound on the wrong side by rounding alone is moved onto the value.
    """
    pairs = request.pairs
    index = pd.MultiIndex.from_arrays(
        [pairs.zones[pairs.zone[used]], pairs.sites[pairs.site[used]]], names=["zone_id", "site_id"]
    )
    close = abs(value - bound) <= RELATIVE_GAP * max(1.0, abs(value))
    return Location(
        pairs.sites[chosen].rename("site_id"), pd.DataFrame({"weight": amount}, index=index), value, bound, close
    )


def nearest(pairs: Pairs, chosen: np.ndarray) -> np.ndarray:
    """Number of each zone's cheapest pair with an open site, the first id at a tie; zones without one are left out."""
    open_pairs = np.flatnonzero(chosen[pairs.site])
    zone = pairs.zone[open_pairs]
    order = np.lexsort((pairs.site[open_pairs], pairs.cost[open_pairs], zone))
    first = np.r_[True, np.diff(zone[order]) > 0] if len(order) else np.zeros(0, bool)
    return np.asarray(open_pairs[order[first]])


def _access_faults(access: pd.DataFrame) -> list[Fault]:
    index = access.index
    if not isinstance(index, pd.MultiIndex) or list(index.names) != ["zone_id", "site_id"] or access.shape[1] != 1:
        names, columns = list(index.names), list(access.columns)
        en = f"found index {names} and columns {columns}; index it by (zone_id, site_id) with one column, the cost"
        zh = f"现以 {names} 为索引，列为 {columns}；应以 (zone_id, site_id) 为索引，且仅有成本一列"
        return [Fault("access", en=en, zh=zh)]
    if access.empty:
        return [Fault("access", en="the table is empty; at least one pair is needed", zh="表为空，至少需要一对")]
    faults = []
    for name, codes, level in zip(index.names, index.codes, index.levels, strict=True):
        if (codes < 0).any() or level.hasnans:
            en, zh = "missing ids; name every zone and site", "编号缺失；每个网格与站点都须有编号"
            faults.append(Fault(f"access, {name}", en=en, zh=zh))
        elif level.inferred_type.startswith("mixed"):
            en, zh = "text and numbers are mixed; use one kind of id", "文字与数字混用；编号须为同一类型"
            faults.append(Fault(f"access, {name}", en=en, zh=zh))
    return faults + _number_faults(access.iloc[:, 0], f"access, column {access.columns[0]}")


def _series_faults(series: pd.Series, name: str, level: str) -> list[Fault]:
    if series.index.nlevels != 1 or series.index.hasnans:
        return [Fault(name, en=f"index it by {level}, every id named", zh=f"应以 {level} 为索引，编号不得缺失")]
    faults = []
    if series.index.inferred_type.startswith("mixed"):
        en, zh = "text and numbers are mixed in its index; use one kind of id", "索引中文字与数字混用；编号须为同一类型"
        return [Fault(name, en=en, zh=zh)]
    if series.index.has_duplicates:
        twice = some(series.index[series.index.duplicated()].unique())
        en = f"found {twice} more than once; every id may stand only once"
        faults.append(Fault(name, en=en, zh=f"{twice} 出现多次；每个编号只能出现一次"))
    return faults + _number_faults(series, name)


def _number_faults(column: pd.Series, where: str) -> list[Fault]:
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return [Fault(where, en=f"found {column.dtype}; numbers are expected", zh=f"现为 {column.dtype}；应为数值")]
    numbers = column.to_numpy(float, na_value=np.nan)
    bad = ~np.isfinite(numbers) | (numbers < 0)
    if not bad.any():
        return []
    rows = some(" / ".join(map(str, i)) if isinstance(i, tuple) else i for i in column.index[bad])
    found = some(np.unique(numbers[bad]), 3)
    en = f"found {found}; a finite number of at least 0 is expected"
    return [Fault(f"{where}, row {rows}", en=en, zh=f"现为 {found}；应为不小于 0 的有限数值")]


def _sorted_pairs(
    access: pd.DataFrame, weights: pd.Series | None, sites: pd.Series | None
) -> tuple[Pairs, list[Fault]]:
    """The pairs by number, and the faults of ids: unknown ones and pairs given twice."""
    (zone, zones, no_weight), (site, site_ids, no_number) = (
        _level(access.index, level, series) for level, series in ((0, weights), (1, sites))
    )
    faults = _unnamed(no_weight, "weights", "zone") + _unnamed(no_number, "capacity", "site")
    refuse(faults)
    key = zone.astype(np.int64) * len(site_ids) + site
    cost = access.iloc[:, 0].to_numpy(np.float64)
    if (np.diff(key) < 0).any():
        order = np.argsort(key, kind="stable")
        key, zone, site, cost = key[order], zone[order], site[order], cost[order]
    twice = np.flatnonzero(np.diff(key) == 0)
    if len(twice):
        names = some(f"{zones[zone[k]]} / {site_ids[site[k]]}" for k in twice)
        en = f"found {names} more than once; every pair may stand only once"
        faults.append(Fault("access", en=en, zh=f"{names} 出现多次；每对只能出现一次"))
    start = np.r_[0, np.cumsum(np.bincount(zone, minlength=len(zones)))]
    return Pairs(zones, site_ids, start, site, cost, np.zeros(len(site_ids), bool)), faults


def _level(index: Any, level: int, series: pd.Series | None) -> tuple[np.ndarray, pd.Index, pd.Index]:
    """One level of an index: each row's number among the sorted ids, these ids, and the used ids a series lacks."""
    codes, names = index.codes[level], index.levels[level]
    used = np.zeros(len(names), bool)
    used[codes] = True
    ids = (names[used] if series is None else series.index).sort_values().rename(index.names[level])
    number = ids.get_indexer(names).astype(np.int32)
    return number[codes], ids, names[used & (number < 0)]


def _unnamed(ids: pd.Index, table: str, kind: str) -> list[Fault]:
    if not len(ids):
        return []
    en, zh = "missing; add a number for it", "缺少，请为其补充数值"
    return [Fault(f"{table}, {kind} {some(ids)}", en=en, zh=zh)]


def _with_fixed(pairs: Pairs, fixed: Iterable[object]) -> tuple[Pairs, list[Fault]]:
    ids = pd.Index([fixed] if isinstance(fixed, str) else list(fixed)).unique()
    number = pairs.sites.get_indexer(ids)
    standing = np.zeros(len(pairs.sites), bool)
    standing[number[number >= 0]] = True
    unknown = ids[number < 0]
    en, zh = f"found {some(unknown)}; no such site in the tables", f"各表中不存在站点 {some(unknown)}"
    return replace(pairs, fixed=standing), [Fault("fixed", en=en, zh=zh)] if len(unknown) else []


def _count_faults(pairs: Pairs, sites: int | None) -> list[Fault]:
    if sites is None:
        return []
    if isinstance(sites, bool) or not isinstance(sites, int | np.integer) or sites < 1:
        en, zh = f"found {sites}; a whole number of at least 1 is expected", f"现为 {sites}；应为不小于 1 的整数"
        return [Fault("sites", en=en, zh=zh)]
    available, standing = len(pairs.sites), int(pairs.fixed.sum())
    if sites > available:
        en = f"found {sites}, but there are only {available} sites; ask for fewer or add candidates"
        return [Fault("sites", en=en, zh=f"现为 {sites}，但仅有 {available} 个站点；请减少数量或增加候选站点")]
    if sites < standing:
        en = f"found {sites}, but {standing} fixed sites stand already; ask for at least {standing}"
        return [Fault("sites", en=en, zh=f"现为 {sites}，但已有 {standing} 个固定站点；至少应为 {standing}")]
    return []


def _unserved(pairs: Pairs, limit: float | None) -> list[Fault]:
    alone = pairs.zones[np.diff(pairs.start) == 0]
    if not len(alone):
        return []
    within = NO_TEXT if limit is None else Text(zh=f"在 {limit:g} 以内", en=f" within {limit:g}")
    en = f"no site can serve it{within.en}; add a pair or take the zone out"
    return [Fault(f"access, zone {some(alone)}", en=en, zh=f"{within.zh}没有站点可服务它；请补充配对或去掉该网格")]


def too_few(sites: int, needed: int) -> Fault:
    """That so many sites do not serve every zone, or none were found that do."""
    if needed > sites:
        en = f"found {sites}, but it takes at least {needed} sites to serve every zone; ask for more or add pairs"
        return Fault("sites", en=en, zh=f"现为 {sites}，但至少需要 {needed} 个站点才能服务所有网格；请增加数量或配对")
    en = f"no choice of {sites} sites that serves every zone was found; ask for more, add pairs or raise effort"
    return Fault("sites", en=en, zh=f"未找到能服务所有网格的 {sites} 个站点；请增加数量或配对，或提高 effort")


def _numbers(series: pd.Series, ids: pd.Index) -> np.ndarray:
    return np.asarray(series.reindex(ids).to_numpy(np.float64))
