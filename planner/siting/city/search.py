"""Ruin and recreate: whole chargers and who charges where, improved a few neighbouring sites at a time, compiled.

A move closes some neighbouring sites, frees the demand they serve and decides them anew, one after the other, each by
its exact sub-problem of `pricing.py` over the demand that is left, at steered prices: demand i costs theta l_i, so that
a site leaves to others what they need more. Spare capacity then takes what is still left. The move stands if value less
the price of the resources it takes has grown (or fallen by less than a falling temperature allows). Resources beyond a
limit cost more than their price: that brings quota, budget, shares and tasks together at the end. (Ruin and recreate:
Schrimpf et al., Journal of Computational Physics 159, 2000.)
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from planner.numeric.compiled import compiled
from planner.siting.city.certificate import Prices, allowed, binding_side
from planner.siting.city.curves import ranked_demands
from planner.siting.city.dual import kwh_price
from planner.siting.city.moves import Ground, Manner, State, sort_anew, walk
from planner.siting.city.pricing import Sites
from planner.siting.city.region import Choice
from planner.siting.effort import Effort
from planner.siting.model.instance import Instance


@dataclass(frozen=True)
class Temper:
    """How hot a walk begins, and how firmly it keeps the limits of the whole city.

    Attributes
    ----------
    hot
        First temperature, in what a charger carries.
    first_kink, last_kink
        What a unit beyond a limit costs beside its price, in parts of what missing one is worth: at first, and in the
        end.
    steering
        How fast the price of a limit follows: times by how much it is missed, as a share of it.
    """

    hot: float
    first_kink: float
    last_kink: float
    steering: float


FIRM = Temper(hot=0.6, first_kink=0.005, last_kink=0.05, steering=2.0)
"""Where prices are not those of the problem's own dual, or soon will not be."""
TRADING = Temper(hot=0.6, first_kink=0.001, last_kink=0.005, steering=0.7)
"""Where they are: dear kinks keep far sites from trading what is scarce, for no move closes sites far apart."""
SHORT = Temper(hot=0.1, first_kink=0.005, last_kink=0.05, steering=2.0)
"""Of short walks that are combined."""


@dataclass(frozen=True)
class SearchParams:
    """How the walks move, cool down and keep the limits. Counted work: the same input gives the same walk.

    Attributes
    ----------
    thetas
        Shares of the demand prices at which sites may decide; the first, 0, is how spare capacity is given away.
    neighbours
        Sites known to be near each site, itself among them; moves close some of these.
    ruin_most
        Sites that a move closes at most.
    seed
        Of the first walk's random numbers; the next walks take the next numbers.
    stations_a_zone
        A zone without its minimum access weighs as much beyond its price as so many units of a limit.
    pool_a_zone
        Sites near a zone without access from which moves may begin.
    pool_times, least_pool
        Sites from which moves may begin: so many times those that pay at the prices, and at least so many.
    given_times
        Sites that moves may begin from for a least amount: enough to give it so many times.
    as_good
        A site pays that gains no less than this share of the city's value below nothing.
    rounds, least_rounds
        Temperatures of a walk; the fewest where a clock cools it faster.
    cold
        Last temperature, in what a charger carries.
    flat_share
        Of a walk, before units beyond a limit get dearer.
    until_share_of_time
        Of a clock, when the walks are to be cold.
    first_moves
        Of a cold walk, from each site that has changed, before any others.
    cold_rounds
        Of a cold walk: times that prices follow how far limits are missed.
    raced
        What the moves of a walk are divided by for those that race.
    quenched
        What the moves of a walk are divided by where it is stopped hot and cooled at once.
    slew
        By how much a limit is missed, as a share of it, counts up to this for its price.
    reach
        How far a steered price may stray from the one that proves the bound, in terms of its size.
    least_price
        The least size of a price that is steered, in parts of what missing one of the limit is worth.
    """

    thetas: tuple[float, ...] = (0.0, 0.5, 0.75, 0.9, 1.0)
    neighbours: int = 24
    ruin_most: int = 20
    seed: int = 1
    stations_a_zone: float = 60.0
    pool_a_zone: int = 6
    pool_times: int = 3
    least_pool: int = 1000
    given_times: int = 2
    as_good: float = 1e-9
    rounds: int = 60
    least_rounds: int = 6
    cold: float = 0.0025
    flat_share: float = 0.5
    until_share_of_time: float = 0.8
    first_moves: int = 30
    cold_rounds: int = 20
    raced: int = 20
    quenched: int = 12
    slew: float = 0.02
    reach: float = 1.0
    least_price: float = 0.1


_PARAMS = SearchParams()
_NO_ENERGY = 1e-6
"""kWh/day that stand for what a charger carries where none carries anything."""
STYLES = (np.array([1, 2]), np.array([3, 4]))
"""Positions of the thetas that a walk decides at: low shares of the demand prices, or high ones."""


class Walker:
    """One instance's search: the compiled state and what steers it."""

    def __init__(self, x: Instance, prices: Prices, value_scale: float) -> None:
        self.x, self.prices = x, prices
        sites = Sites(x)
        self.layout, self.pairs = sites.layout, sites.pairs
        self.able = np.unique(x.option_site)
        self.promised = x.promise_kwh > 0 or len(x.floor_ids) > 0
        self.size = x.limits.size
        self.unit = x.limits.units(value_scale)
        self.beyond_unit = np.where(x.limits.is_access, _PARAMS.stations_a_zone, 1.0) * self.unit
        self.kwh_price = kwh_price(x)
        self.heat = self.kwh_price * self._charger_kwh(sites)
        self.style = STYLES[0]
        self.pool = self._pool(sites, value_scale)
        self.near = nearest_sites(self.layout, np.sqrt(x.energy), self._worth_knowing(), _PARAMS.neighbours)
        self.order = self._orders()
        by_option, by_site = x.limits.use.T.tocsr(), x.limits.opening.T.tocsr()
        self.taken = [
            array.astype(kind)
            for rows in (by_option, by_site)
            for array, kind in ((rows.indptr, np.int64), (rows.indices, np.int64), (rows.data, np.float64))
        ]

    def _charger_kwh(self, sites: Sites) -> float:
        """What a charger carries, on average over those that pay at the prices, or over all that fit."""
        x, prices = self.x, self.prices
        ask = prices.demand, prices.bonus(x), prices.of_options(x), prices.of_openings(x)
        many = sites.ask(*ask).new
        many = many if many.any() else x.option_most
        each = x.gained_kwh(np.arange(len(many)), np.minimum(x.option_most, 1).astype(int))
        return max(float((each * many).sum() / max(many.sum(), 1)), _NO_ENERGY)

    def _pool(self, sites: Sites, dear: float) -> np.ndarray:
        """The sites that moves begin from: some times as many as pay at the prices, those that come nearest to it, and
        for every limit that asks for a least amount as many as can give it twice."""
        x, prices = self.x, self.prices
        opening = prices.of_openings(x)
        ask = (prices.demand, prices.bonus(x), prices.of_options(x))
        free, closed = sites.ask(*ask, np.zeros(len(opening))).best, sites.ask(*ask, opening + dear).best
        gain = free - closed - opening
        ranked = self.able[np.lexsort((self.able, -gain[self.able]))]
        pays = gain[self.able] >= -_PARAMS.as_good * dear  # at prices that take all a site gains, all of them
        most = max(_PARAMS.pool_times * int(pays.sum()), _PARAMS.least_pool)
        pool = [ranked[:most]]
        rank = np.empty(len(x.site_ids), int)
        rank[ranked] = np.arange(len(ranked))
        for row in np.flatnonzero(x.limits.is_access).tolist():
            near: np.ndarray = np.array([j for j, _ in x.limits.taken_by_openings(row)], int)
            pool.append(near[np.argsort(rank[near], kind="stable")][: _PARAMS.pool_a_zone])
        for r in np.flatnonzero((x.limits.least > 0) & ~x.limits.is_access):
            given = np.zeros(len(x.site_ids))
            np.maximum.at(given, x.option_site, x.limits.use[[r]].toarray().ravel() * x.option_most)
            enough = int(np.searchsorted(np.cumsum(given[ranked]), _PARAMS.given_times * x.limits.least[r]))
            first = ranked[: enough + 1]
            pool.append(first[given[first] > 0])
        return np.unique(np.concatenate(pool))

    def _worth_knowing(self) -> np.ndarray:
        """Site: whether it is in the pool or something stands there."""
        known = np.zeros(len(self.x.site_ids), bool)
        known[self.pool] = True
        known[self.x.station_site[self.x.standing_kwh > 0]] = True
        return known

    def _orders(self) -> np.ndarray:
        """Thetas x pairs: the demands of every station, the most gaining first, counted from its first pair."""
        less = np.outer(_PARAMS.thetas, self.prices.demand) - self.prices.bonus(self.x)
        order = np.empty((len(less), len(self.layout.demand)), np.int32)
        with ThreadPoolExecutor(len(STYLES)) as pool:
            for _ in pool.map(partial(ranked_demands, self.layout), less, order):
                pass
        return order

    def ground(self, prices: Prices, kink: np.ndarray) -> Ground:
        """What the compiled walk reads at these prices."""
        x, bonus = self.x, prices.bonus(self.x)
        less = np.outer(_PARAMS.thetas, prices.demand) - bonus
        start, row, use, open_start, open_row, open_use = self.taken
        return Ground(
            less, bonus, prices.of_options(x), prices.of_openings(x), self.near,
            start, row, use, open_start, open_row, open_use, x.limits.least, x.limits.most, kink,
            x.option_cost_cny, x.opening_cost_cny, prices.limits, int((~x.limits.is_access).sum()),
        )  # fmt: skip

    def state(self, choice: Choice | None, seed: int) -> State:
        """A plan as the walk's state; without one, nothing new."""
        x = self.x
        new, served, opened = np.zeros(len(x.option_site)), np.zeros(len(self.pairs)), x.open_from.astype(float)
        if choice is not None:
            new, served, opened = choice.new.astype(float), choice.served[self.pairs], choice.opened.astype(float)
        left = np.maximum(x.energy - np.bincount(self.layout.demand, served, minlength=len(x.energy)), 0.0)
        used = x.limits.use @ new + x.limits.opening @ opened
        random = np.array([seed * 7919 + 12345], np.uint64)
        order = self.order.copy() if self.promised else self.order  # a bonus that changes would change it
        return State(new, served, left, used, opened, order, random)

    def walk(
        self,
        state: State,
        prices: Prices,
        moves: int,
        *,
        kink: np.ndarray,
        heat: float,
        style: np.ndarray,
        pool: np.ndarray | None = None,
    ) -> None:
        """Make moves from a state at these prices.

        Parameters
        ----------
        kink
            What a unit beyond each limit costs.
        heat
            The temperature, in value.
        style
            As of `STYLES`.
        pool
            Sites that moves begin from, by default the walker's.
        """
        ground = self.ground(prices, kink)
        if self.promised:
            sort_anew(self.layout, ground, state)
        manner = Manner(style, _PARAMS.ruin_most, self.pool if pool is None else pool)
        walk(self.layout, ground, state, manner, heat, moves)

    def walk_cold(
        self, state: State, prices: Prices, moves: int, style: np.ndarray, pool: np.ndarray | None = None
    ) -> None:
        """Make moves at the lowest temperature, limits kept firmly; parameters are those of `walk`."""
        kink, heat = self.kinks(FIRM.last_kink), self.heat * _PARAMS.cold
        self.walk(state, prices, moves, kink=kink, heat=heat, style=style, pool=pool)

    def kinks(self, share: float) -> np.ndarray:
        """What a unit beyond each limit costs, in parts of what missing one is worth; access is always kept firmly."""
        return np.asarray(np.where(self.x.limits.is_access, FIRM.last_kink, share) * self.beyond_unit)

    def choice(self, state: State) -> Choice:
        """The walk's state as a plan."""
        served = np.zeros(len(self.pairs))
        served[self.pairs] = state.served
        return Choice(state.new.copy(), state.opened.copy(), served)

    def merit(self, state: State) -> float:
        """Value less the price of the limits, and of what lies beyond them or short of a promise."""
        y, limits, x = self.layout, self.x.limits, self.x
        beyond = np.maximum(state.used - limits.most, 0.0) + np.maximum(limits.least - state.used, 0.0)
        floors, promise = missing_kwh(x, x.energy - state.left)
        cost = x.option_cost_cny @ state.new + x.opening_cost_cny @ state.opened
        value = y.worth @ state.served - cost - self.kwh_price * (floors.sum() + promise)
        return float(value - self.prices.limits @ state.used - self.beyond_unit @ beyond)


def missing_kwh(x: Instance, served: np.ndarray) -> tuple[np.ndarray, float]:
    """What the energy served of every demand lacks to the floors and to the promise."""
    return np.maximum(x.floor_kwh - x.served_by_floor(served), 0.0), max(x.promise_kwh - float(served.sum()), 0.0)


def search_raced(walker: Walker, moves_per_site: int, effort: Effort, temper: Temper = TRADING) -> list[Choice]:
    """Plans of two walks from nothing, side by side, in the style that wins a race of short cold walks.

    Low shares of the demand prices are better where a kWh is worth the same anywhere within reach, high ones where
    worth falls with distance; a twentieth of the moves tells, and these are made even where time is up. Parameters are
    those of `search`.
    """
    moves = max(1, moves_per_site // _PARAMS.raced)
    search_from(walker, None, np.zeros(0, int), moves, Effort(0.0))  # stopped early it would tell nothing
    return search(walker, len(STYLES), moves_per_site, effort, (walker.style,), temper)


def search(
    walker: Walker,
    walks: int,
    moves_per_site: int,
    effort: Effort,
    styles: Sequence[np.ndarray] = STYLES,
    temper: Temper = SHORT,
) -> list[Choice]:
    """Plans of several walks from nothing, side by side, the best first; their limits are kept nearly, not exactly.

    Parameters
    ----------
    walker
        The problem and prices that prove a good bound; remembers the style that won.
    walks
        How many.
    moves_per_site
        Moves of each walk, per site.
    effort
        A clock cools the walks faster and ends them when four fifths of it are spent.
    styles
        The walks take them in turn.
    temper
        How hot they begin and how firmly they keep the limits.
    """
    styles = [styles[n % len(styles)] for n in range(walks)]
    states = [walker.state(None, _PARAMS.seed + n) for n in range(walks)]
    with ThreadPoolExecutor(len(STYLES)) as pool:
        for job in [
            pool.submit(_anneal, walker, temper, styles[n], states[n], moves_per_site, effort) for n in range(walks)
        ]:
            job.result()
    order = sorted(range(walks), key=lambda n: -walker.merit(states[n]))
    walker.style = styles[order[0]]
    return [walker.choice(states[n]) for n in order]


def search_from(
    walker: Walker, choice: Choice | None, first: np.ndarray, moves_per_site: int, effort: Effort
) -> Choice:
    """A plan walked on cold at the walker's prices, in both styles side by side: the better of the two.

    Parameters
    ----------
    choice
        A plan whose limits need not be kept; without one, nothing new.
    first
        Sites that moves begin from before any others.
    moves_per_site
        Of each walk, besides those of the first sites.
    effort
        Once it is over, the walks end.
    """
    states = [walker.state(choice, _PARAMS.seed + n) for n in range(len(STYLES))]
    with ThreadPoolExecutor(len(STYLES)) as pool:
        walks = zip(STYLES, states, strict=True)
        for job in [pool.submit(_cold, walker, *each, first, moves_per_site, effort) for each in walks]:
            job.result()
    best = max(range(len(STYLES)), key=lambda n: walker.merit(states[n]))
    walker.style = STYLES[best]
    return walker.choice(states[best])


def _cold(
    walker: Walker, style: np.ndarray, state: State, first: np.ndarray, moves_per_site: int, effort: Effort
) -> None:
    """One walk at the lowest temperature; prices of limits, floors and promise follow how far they are missed."""
    first = np.intersect1d(first, walker.able)
    if len(first):
        walker.walk_cold(state, walker.prices, _PARAMS.first_moves * len(first), style, first)
    if len(walker.pool):
        _cold_rounds(walker, style, state, walker.prices, moves_per_site * len(walker.able), effort)


def _cold_rounds(walker: Walker, style: np.ndarray, state: State, prices: Prices, moves: int, effort: Effort) -> None:
    """So many moves at the lowest temperature, in rounds between which prices follow how far limits are missed."""
    rounds = _PARAMS.cold_rounds
    for _ in range(rounds):
        if effort.is_over():
            break
        walker.walk_cold(state, prices, max(1, moves // rounds), style)
        prices = _steered_prices(walker, prices, state, FIRM)


def search_on(walker: Walker, choice: Choice, moves_per_site: int, floors: np.ndarray, promise: float) -> Choice:
    """A plan walked on cold at other prices of floors and promise; the walker keeps them.

    Parameters
    ----------
    floors, promise
        What to add to their prices, as a share of what a kWh is worth at most.
    """
    x, prices = walker.x, walker.prices
    raised = prices.floors + floors * walker.kwh_price, prices.promise + promise * walker.kwh_price
    walker.prices = allowed(x, Prices(prices.demand, prices.limits, *raised))
    state = walker.state(choice, _PARAMS.seed)
    walker.walk_cold(state, walker.prices, moves_per_site * len(walker.able), walker.style)
    return walker.choice(state)


def _anneal(
    walker: Walker, temper: Temper, style: np.ndarray, state: State, moves_per_site: int, effort: Effort
) -> None:
    """One walk from hot to cold; prices of limits, floors and promise follow how far they are missed.

    Stopped on the way it is cooled at once: a plan stopped later is not worse for having been hot.
    """
    params = _PARAMS
    moves = max(1, moves_per_site * len(walker.able) // params.rounds)
    prices = walker.prices
    began, done, rounds = effort.spent_share(), 0.0, 0
    while done < 1.0 and len(walker.pool):
        ramp = max(0.0, done - params.flat_share) / (1 - params.flat_share)
        kink = walker.kinks(temper.first_kink * (temper.last_kink / temper.first_kink) ** ramp)
        heat = walker.heat * temper.hot * (params.cold / temper.hot) ** done
        walker.walk(state, prices, moves, kink=kink, heat=heat, style=style)
        prices = _steered_prices(walker, prices, state, temper)
        rounds += 1
        clock = (effort.spent_share() - began) / max(params.until_share_of_time - began, 0.01)
        done = max(rounds / params.rounds, clock if rounds >= params.least_rounds else 0.0)
        if effort.is_over() and done < 1.0:
            quenched = moves_per_site * len(walker.able) // params.quenched
            _cold_rounds(walker, style, state, prices, quenched, Effort(0.0))
            return


def _steered_prices(walker: Walker, now: Prices, state: State, temper: Temper) -> Prices:
    """Dearer where a limit is exceeded, cheaper where it is not used up; more for kWh that are promised and missing.

    Never far from the prices that prove the bound: demand prices go with those.
    """
    x, limits, proven = walker.x, walker.x.limits, walker.prices
    over = (state.used - binding_side(x, proven, np.clip(state.used, limits.least, limits.most))) / walker.size
    served = x.energy - state.left
    short = 1 - x.served_by_floor(served) / np.maximum(x.floor_kwh, 1.0)
    promise_short = 1 - float(served.sum()) / max(x.promise_kwh, 1.0)

    def steered(price: Any, middle: Any, off: Any, unit: Any, steering: float = FIRM.steering) -> Any:
        size = np.maximum(np.abs(middle), _PARAMS.least_price * unit)
        moved = price + steering * np.clip(off, -_PARAMS.slew, _PARAMS.slew) * size
        return np.clip(moved, middle - _PARAMS.reach * size, middle + _PARAMS.reach * size)

    return allowed(
        x,
        Prices(
            proven.demand,
            steered(now.limits, proven.limits, over, walker.unit, temper.steering),
            steered(now.floors, proven.floors, short, walker.kwh_price),
            float(steered(now.promise, proven.promise, promise_short, walker.kwh_price)),
        ),
    )


@compiled
def nearest_sites(y, weight, known, count):  # type: ignore[no-untyped-def]
    """Sites x count: of the known ones, those that share most demand with each site, itself first."""
    sites = len(y.bays)
    near = np.full((sites, count), -1, np.int32)
    demands = len(y.energy)
    at = np.zeros(demands + 1, np.int64)
    for i in y.demand:
        at[i + 1] += 1
    for i in range(demands):
        at[i + 1] += at[i]
    site_of = np.empty(len(y.demand), np.int32)
    fill = at[:-1].copy()
    for j in range(sites):
        for q in range(y.first_pair[y.first_station[j]], y.first_pair[y.first_station[j + 1]]):
            i = y.demand[q]
            site_of[fill[i]] = j
            fill[i] += 1
    score = np.zeros(sites)
    seen = np.empty(sites, np.int32)
    for j in range(sites):
        if not known[j]:
            near[j, 0] = j
            continue
        many = 0
        for q in range(y.first_pair[y.first_station[j]], y.first_pair[y.first_station[j + 1]]):
            i = y.demand[q]
            for t in range(at[i], at[i + 1]):
                other = site_of[t]
                if not known[other]:
                    continue
                if score[other] == 0.0:
                    seen[many] = other
                    many += 1
                score[other] += weight[i]
        score[j] = np.inf
        ranked = np.argsort(-score[seen[:many]], kind="mergesort")
        for t in range(min(count, many)):
            near[j, t] = seen[ranked[t]]
        if many == 0:
            near[j, 0] = j
        for t in range(many):
            score[seen[t]] = 0.0
        score[j] = 0.0
    return near
