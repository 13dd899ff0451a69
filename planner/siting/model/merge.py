"""Demands that differ in nothing but their energy, taken as one: lossless, and much less to solve in sparse cities.

Demands of one floor with the same stations in reach at the same worth are interchangeable: a plan may shift energy
between them, and a plan of their sum falls apart into plans of each in proportion to its energy. That holds for the
linear relaxation with its doors as well, so no bound is lost. A demand out of everyone's reach is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.siting.city.region import Choice
from planner.siting.model.instance import Instance


@dataclass(frozen=True)
class Merged:
    """A problem of merged demands, and how its plans are plans of the whole.

    Attributes
    ----------
    instance
        The problem with one demand for every group.
    pair, share
        Pair of the whole problem: the pair of its group, and the demand's share of the group's energy.
    """

    instance: Instance
    pair: np.ndarray
    share: np.ndarray

    def apart(self, choice: Choice) -> Choice:
        """A plan of the merged problem as one of the whole."""
        return Choice(choice.new, choice.opened, choice.served[self.pair] * self.share)


def merge_demands(x: Instance) -> Merged:
    """Take every group of interchangeable demands as one, named as the first of them."""
    pairs = np.lexsort((x.pair_station, x.pair_demand))
    reaches = np.bincount(x.pair_demand, minlength=len(x.energy))
    reached = reaches > 0
    first_pair = np.r_[0, np.cumsum(reaches)]
    first = _first_alike(x, pairs, reaches, first_pair)
    kept = np.flatnonzero((first == np.arange(len(first))) & reached)
    group = np.searchsorted(kept, first)
    energy = np.bincount(group[reached], x.energy[reached], minlength=len(kept))
    first_merged = np.r_[0, np.cumsum(reaches[kept])]
    demand = x.pair_demand[pairs]
    pair = np.empty(len(pairs), int)
    pair[pairs] = first_merged[group[demand]] + np.arange(len(pairs)) - first_pair[demand]
    stands_for = pairs[first[demand] == demand]  # the pairs of the first demand of every group, in merged order
    merged = replace(
        x,
        demand_ids=x.demand_ids[kept],
        energy=energy,
        demand_floor=x.demand_floor[kept],
        pair_demand=np.repeat(np.arange(len(kept)), reaches[kept]),
        pair_station=x.pair_station[stands_for],
        pair_worth=x.pair_worth[stands_for],
    )
    whole = energy[group[x.pair_demand]]
    share = np.divide(x.energy[x.pair_demand], whole, out=np.zeros(len(whole)), where=whole > 0)
    return Merged(merged, pair, share)


def _first_alike(x: Instance, pairs: np.ndarray, reaches: np.ndarray, first_pair: np.ndarray) -> np.ndarray:
    """The first demand that is interchangeable with every demand; itself where none is before it."""
    first = np.arange(len(reaches))
    floor = x.demand_floor.astype(float)
    for many in np.unique(reaches[reaches > 0]):
        demands = np.flatnonzero(reaches == many)
        at = pairs[first_pair[demands][:, None] + np.arange(many)]
        traits = np.hstack([floor[demands][:, None], x.pair_station[at], x.pair_worth[at]])
        _, one, kind = np.unique(traits, axis=0, return_index=True, return_inverse=True)
        first[demands] = demands[one[kind.ravel()]]
    return first
