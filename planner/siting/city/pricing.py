"""What every site would build at given prices: the sites' sub-problem, exact, compiled, all of them side by side.

At prices l_i of demand, and prices of chargers and openings, each site j decides alone:

    best_j = max  sum_s K_js(capacity_js(n)) - sum_k price_jk n_k - opening price (once anything is built)

over whole counts n that its bays, grid, fewest (of all, and for cars) and most chargers allow (`one_site.py`); K_js is
what station s gains by what it carries (`curves.py`).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from planner.numeric.compiled import compiled, part
from planner.siting.city.curves import Curves, draw_curves, new_curves, station_kwh
from planner.siting.city.layout import MOST_STATIONS, lay_out
from planner.siting.city.one_site import Decision, best_counts, new_decision
from planner.siting.model.instance import Instance


@dataclass(frozen=True)
class PricingParams:
    """How the sites' answers are worked out side by side.

    Attributes
    ----------
    blocks
        Groups of sites, each with a sum of what it would serve: that many whatever the machine, so that sums are added
        up in one order.
    threads
        That answer blocks at a time.
    """

    blocks: int = 8
    threads: int = 2


_PARAMS = PricingParams()
_SPARE = 1.5
"""Demands kept in order at a station, in terms of all it can ever carry: prices move before the next sort."""
_SORTED_FURTHER = 0.2
"""How much less a kWh may gain before the next try at keeping enough demands in order, in the worth of a kWh."""


class Asked(NamedTuple):
    """What the sites are asked: prices of a kWh less what it is worth beyond its worth, of chargers, of openings."""

    less: np.ndarray
    price: np.ndarray
    opening: np.ndarray


class Ranks(NamedTuple):
    """Which demands gain most at a station, remembered from one question to the next.

    Attributes
    ----------
    order
        Of every station its demands, counted from its first pair: those in order first.
    above
        Of every station: only demands that gain more than this are in order.
    """

    order: np.ndarray
    above: np.ndarray


class _Room(NamedTuple):
    """A thread's own memory: what one station's demands gain and the demands behind those in order, one site's curves
    and decision."""

    value: np.ndarray
    rest: np.ndarray
    curves: Curves
    decision: Decision


class Answers(NamedTuple):
    """What every site answers.

    Attributes
    ----------
    best
        Site: an upper bound on what it is worth at these prices; exact but where the enumeration had to stop.
    new
        Option: count.
    opened
        Site: whether anything is built or it is locked in.
    served
        Demand: kWh/day it would be served by all sites together, which may be more than it has.
    """

    best: np.ndarray
    new: np.ndarray
    opened: np.ndarray
    served: np.ndarray


class Sites:
    """All sites' sub-problems, asked again and again at new prices; remembers the order of the demands in between.

    Attributes
    ----------
    layout, pairs
        As `lay_out` returns them.
    """

    def __init__(self, x: Instance) -> None:
        self.layout, self.pairs = lay_out(x)
        order = [np.arange(n, dtype=np.int32) for n in np.diff(self.layout.first_pair)] or [np.zeros(0, np.int32)]
        self._ranks = Ranks(np.concatenate(order), np.zeros(len(self.layout.standing_kwh)))
        self._threads = ThreadPoolExecutor(_PARAMS.threads)  # kept: starting threads costs as much as an answer

    def ask(self, demand_price: np.ndarray, bonus: np.ndarray, price: np.ndarray, opening: np.ndarray) -> Answers:
        """What the sites build at these prices.

        Parameters
        ----------
        demand_price
            l, of the demands.
        bonus
            Of the demands: added to the worth of every kWh (floors and promises).
        price, opening
            Of one charger of each option, and of opening each site.
        """
        y, blocks = self.layout, _PARAMS.blocks
        sites, demands = len(y.bays), len(y.energy)
        answers = Answers(np.zeros(sites), np.zeros(len(y.option)), np.zeros(sites), np.zeros(demands))
        asked = Asked(demand_price - bonus, price, opening)
        ends = np.linspace(0, sites, blocks + 1).astype(int)
        flows = np.zeros((blocks, demands))

        def block(b: int) -> None:
            _ask_block(y, ends[b], ends[b + 1], asked, self._ranks, answers._replace(served=flows[b]))

        list(self._threads.map(block, range(blocks)))
        return answers._replace(served=flows.sum(axis=0))


@compiled
def _ask_block(y, first, last, asked, ranks, answers):  # type: ignore[no-untyped-def]
    """Ask the sites from `first` to `last`; what they serve is added up in ``answers.served``."""
    room = _Room(
        np.empty(y.widest + MOST_STATIONS), np.empty(y.widest + MOST_STATIONS, np.int32),
        new_curves(y), new_decision(asked.price, asked.opening),
    )  # fmt: skip
    for j in range(first, last):
        _ask(y, j, asked.less, ranks, room, answers)


@part
def _ask(y, j, less, ranks, room, answers):  # type: ignore[no-untyped-def]
    """Ask one site."""
    _sort_first(y, j, less, ranks, room.value, room.rest)
    draw_curves(y, j, less, y.energy, ranks.order, room.curves)
    _, answers.best[j] = best_counts(y, room.decision, room.curves, j)
    total = 0
    for o in range(y.first_option[j], y.first_option[j + 1]):
        n = room.decision.best[o - y.first_option[j]]
        answers.new[y.option[o]] = n
        total += n
    answers.opened[j] = 1.0 if total > 0 or y.open_from[j] else 0.0
    for s in range(y.first_station[j], y.first_station[j + 1]):
        c = station_kwh(y, j, s, answers.new)
        p0 = y.first_pair[s]
        for t in range(p0, y.first_pair[s + 1]):
            q = p0 + ranks.order[t]
            i = y.demand[q]
            if c <= 0.0 or y.worth[q] - less[i] <= 0.0:
                break
            amount = min(c, y.energy[i])
            answers.served[i] += amount
            c -= amount


@part
def _sort_first(y, j, less, ranks, value, rest):  # type: ignore[no-untyped-def]
    """The same, but only as many demands as can be served there; `value` and `rest` are room for one station's."""
    order, above = ranks
    for s in range(y.first_station[j], y.first_station[j + 1]):
        p0, p1 = y.first_pair[s], y.first_pair[s + 1]
        roof, further = y.roof_kwh[s], _SORTED_FURTHER
        while True:
            head, behind, kwh = p0, 0, 0.0
            for t in range(p0, p1):
                o = order[t]
                i = y.demand[p0 + o]
                v = y.worth[p0 + o] - less[i]
                if v > above[s]:
                    order[head] = o
                    value[head - p0] = v
                    kwh += y.energy[i]
                    head += 1
                else:
                    rest[behind] = o
                    behind += 1
            for t in range(behind):
                order[head + t] = rest[t]
            if kwh >= roof or above[s] <= 0.0:
                break
            above[s] = above[s] - further if above[s] > further else 0.0
            further *= 2.0  # a kWh may be worth far more than 1
        for t in range(1, head - p0):
            o, v = order[p0 + t], value[t]
            u = t - 1
            while u >= 0 and value[u] < v:
                order[p0 + u + 1], value[u + 1] = order[p0 + u], value[u]
                u -= 1
            order[p0 + u + 1], value[u + 1] = o, v
        enough = 0.0
        for t in range(head - p0):
            enough += y.energy[y.demand[p0 + order[p0 + t]]]
            if enough >= _SPARE * roof:
                above[s] = value[t]
                break
