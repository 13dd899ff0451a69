"""A city's transport problem as a network of whole small units: source, demands, stations, sink."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from planner.siting.model.instance import Instance

_UNITS = 2e9
"""Parts of all energy in which flow is counted: whole numbers that 32 bits still hold."""


@dataclass(frozen=True)
class LargestFlow:
    """As much energy as given stations can serve, whoever it is, of an instance.

    Attributes
    ----------
    x
        The instance.
    network, flow
        What fits and what flows, in units, between all nodes: demands, stations, source, sink.
    unit_kwh
        A two-thousand-millionth of all demand; every arc is up to one unit short.
    """

    x: Instance
    network: sp.csr_array
    flow: sp.csr_array
    unit_kwh: float

    @property
    def served(self) -> np.ndarray:
        """kWh/day per pair of the instance."""
        demand, station = self.x.pair_demand, len(self.x.energy) + self.x.pair_station
        taken = np.asarray(self.flow[demand, station]) if len(demand) else np.zeros(0)
        return np.maximum(taken.ravel(), 0) * self.unit_kwh

    @property
    def within(self) -> np.ndarray:
        """Demand i: 1, but 0 where more stations or larger ones could serve more of it: that side of a smallest cut."""
        left = self.network - self.flow
        left.data = np.maximum(left.data, 0)
        left.eliminate_zeros()
        within = np.ones(left.shape[0])
        within[breadth_first_order(left, left.shape[0] - 2, return_predecessors=False)] = 0.0
        return within[: len(self.x.energy)]


def largest_flow(x: Instance, capacity: np.ndarray) -> LargestFlow:
    """The largest flow from the demands to stations that carry `capacity` kWh/day each."""
    demands, stations = len(x.energy), len(capacity)
    source, sink = demands + stations, demands + stations + 1
    unit = max(float(x.energy.sum()), 1.0) / _UNITS
    energy = np.floor(x.energy / unit).astype(np.int32)
    room = np.floor(np.minimum(capacity, x.energy.sum()) / unit).astype(np.int32)
    node = np.arange(sink + 1, dtype=np.int32)
    tail = np.r_[np.full(demands, node[source]), node[x.pair_demand], node[demands:source]]
    head = np.r_[node[:demands], node[demands:][x.pair_station], np.full(stations, node[sink])]
    most = np.r_[energy, energy[x.pair_demand], room]
    network = sp.csr_array((most, (tail, head)), shape=(sink + 1, sink + 1))
    del tail, head, most  # as large as the network
    return LargestFlow(x, network, maximum_flow(network, source, sink).flow, unit)
