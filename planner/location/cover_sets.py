"""Which zones each site covers, without what cannot matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.location.coverage_search import Sets, nested
from planner.location.table import Pairs


@dataclass(frozen=True)
class Cover:
    """Cover sets both ways round, of merged zones (`weight`) and of the sites numbered `site` in the request."""

    weight: np.ndarray
    by_zone: Sets
    by_site: Sets
    site: np.ndarray


def covered(by_zone: Sets, opened: np.ndarray) -> np.ndarray:
    """Zones that some open site covers; bool, shape (zones,)."""
    start, site = by_zone
    hits = np.r_[0, np.cumsum(opened[site])]
    return np.asarray(hits[start[1:]] > hits[start[:-1]])


def reduced(pairs: Pairs, weight: np.ndarray, usable: np.ndarray) -> Cover:
    """The cover sets that matter: zones of weight, those with equal sets as one, and sites none dominates."""
    kept = pairs.keep(usable[pairs.site] & (weight > 0)[pairs.zone])
    zones = np.flatnonzero(np.diff(kept.start))
    group, first = _equal_sets(kept, zones)
    total = np.bincount(group, weight[zones], len(first))
    sole = np.zeros(len(pairs.zones), bool)
    sole[first] = True
    merged = kept.keep(sole[kept.zone])
    site = np.unique(merged.site)
    cover = numbered(total, np.diff(merged.start)[first], merged.site, site)
    better = ~nested(cover.by_zone, cover.by_site)[0]
    remains = merged.keep(np.isin(merged.site, site[better]))
    return numbered(total, np.diff(remains.start)[first], remains.site, site[better])


def _equal_sets(pairs: Pairs, zones: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each zone's group of equal site sets, and the first zone of each group, in the order of zones."""
    if not len(zones):
        return np.zeros(0, int), zones
    draw = np.random.default_rng(0)
    names = [draw.integers(0, 2**63, len(pairs.sites), dtype=np.uint64)[pairs.site] for _ in range(2)]
    sums = np.stack([np.add.reduceat(name, pairs.start[zones]) for name in names], axis=1)
    _, first, group = np.unique(sums, axis=0, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return rank[group.ravel()], zones[np.sort(first)]


def numbered(weight: np.ndarray, sizes: np.ndarray, site_of_pair: np.ndarray, site: np.ndarray) -> Cover:
    column = np.searchsorted(site, site_of_pair).astype(np.int32)
    zone = np.repeat(np.arange(len(weight), dtype=np.int32), sizes)
    start = np.r_[0, np.cumsum(np.bincount(column, minlength=len(site)))]
    by_site = start, zone[np.argsort(column, kind="stable")]
    return Cover(weight, (np.r_[0, np.cumsum(sizes)], column), by_site, site)


def part(cover: Cover, zones: np.ndarray, sites: np.ndarray) -> Cover:
    """The cover sets of some zones and sites (bool each)."""
    start, site = cover.by_zone
    inside = sites[site] & np.repeat(zones, np.diff(start))
    sizes = np.diff(np.r_[0, np.cumsum(inside)][start])[zones]
    few = numbered(cover.weight[zones], sizes, site[inside], np.flatnonzero(sites))
    return Cover(few.weight, few.by_zone, few.by_site, cover.site[sites])
