"""A city's transport problem as a network of whole small units: source, demands, stations, sink."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from planner.siting.instance import Instance

_UNITS = 2e9


@dataclass(frozen=True)
class LargestFlow:
    """As much energy as given stations can serve, whoever it is.

    Attributes
    ----------
    served
        kWh/day per pair of the instance; up to one unit (a two-thousand-millionth of all demand) short per arc.
    within
        Demand i: 1, but 0 where more stations or larger ones could serve more of it: the demand side of a smallest cut.
    """

    served: np.ndarray
    within: np.ndarray


def largest_flow(x: Instance, capacity: np.ndarray) -> LargestFlow:
    """The largest flow from the demands to stations that carry `capacity` kWh/day each."""
    demands, stations = len(x.energy), len(capacity)
    source, sink = demands + stations, demands + stations + 1
    unit = max(float(x.energy.sum()), 1.0) / _UNITS
    energy = np.floor(x.energy / unit)
    room = np.floor(np.minimum(capacity, x.energy.sum()) / unit)
    tail = np.r_[np.full(demands, source), x.pair_demand, demands + np.arange(stations)]
    head = np.r_[np.arange(demands), demands + x.pair_station, np.full(stations, sink)]
    most = np.r_[energy, energy[x.pair_demand], room].astype(np.int32)
    network = sp.csr_array((most, (tail, head)), shape=(sink + 1, sink + 1))
    flow = maximum_flow(network, source, sink).flow
    taken = np.asarray(flow[x.pair_demand, demands + x.pair_station]) if len(x.pair_demand) else np.zeros(0)
    return LargestFlow(np.maximum(taken.ravel(), 0) * unit, _behind_the_cut(network - flow, source)[:demands])


def _behind_the_cut(residual: sp.csr_array, source: int) -> np.ndarray:
    """0 for what the source still reaches, 1 beyond."""
    residual.data = np.maximum(residual.data, 0)
    residual.eliminate_zeros()
    beyond = np.ones(residual.shape[0])
    beyond[breadth_first_order(residual, source, return_predecessors=False)] = 0.0
    return beyond
