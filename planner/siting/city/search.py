"""Ruin and recreate: whole chargers and who charges where, improved a few neighbouring sites at a time, compiled.

A move closes some neighbouring sites, frees the demand they serve and decides them anew, one after the other, each by
its exact sub-problem of `pricing.py` over the demand that is left, at steered prices: demand i costs theta l_i, so that
a site leaves to others what they need more. Spare capacity then takes what is still left. The move stands if value less
the price of the resources it takes has grown (or fallen by less than a falling temperature allows). Resources beyond a
limit cost more than their price: that brings quota, budget, shares and tasks together at the end. (Ruin and recreate:
Schrimpf et al., Journal of Computational Physics 159, 2000.)
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from planner.numeric.compiled import compiled
from planner.siting.city.certificate import Prices, allowed, binding_side
from planner.siting.city.dual import kwh_price
from planner.siting.city.pricing import Sites, best_counts, running_totals, sort_demands, station_kwh
from planner.siting.city.region import Choice
from planner.siting.effort import Effort
from planner.siting.model.instance import Instance

_THETAS = np.array([0.0, 0.5, 0.75, 0.9, 1.0])
STYLES = (np.array([1, 2]), np.array([3, 4]))
_NEIGHBOURS = 24
_STATIONS_A_ZONE, _POOL_A_ZONE = 60.0, 6
_POOL_TIMES, _LEAST_POOL, _GIVEN_TIMES, _AS_GOOD = 3, 1000, 2, 1e-9
_ROUNDS = 60
_RUIN = 24
_FIRST_KINK, _LAST_KINK, _FLAT_SHARE = 0.005, 0.05, 0.5
_STEERING, _SLEW, _REACH, _LEAST_PRICE = 2.0, 0.02, 1.0, 0.1
_HOT, _COLD = 0.1, 0.0005
_SEED = 1
_LEAST_ROUNDS = 6
_FIRST_MOVES, _COLD_ROUNDS = 30, 20
_UNTIL_SHARE_OF_TIME = 0.8


class Ground(NamedTuple):
    """What a walk needs besides the layout.

    Attributes
    ----------
    less
        Thetas x demands: price of a kWh, bonus taken off.
    bonus
        Demand: worth added to every kWh by floors and promises.
    price, opening
        Of options and openings at the limits' prices; own costs included.
    near
        Sites x some: the nearest sites by shared demand, -1 beyond the last.
    row_start, row, use
        The limits an option takes from: CSR by option.
    open_start, open_row, open_use
        The same for openings, by site.
    least, most, kink
        Of the limits, and what a unit beyond them costs.
    cost, opening_cost
        Own costs of options and openings (least cost).
    row_price
        Of the limits: what a move is charged for a unit.
    first_access
        The limits from here on are those of access: many, and each of some sites only.
    """

    less: np.ndarray
    bonus: np.ndarray
    price: np.ndarray
    opening: np.ndarray
    near: np.ndarray
    row_start: np.ndarray
    row: np.ndarray
    use: np.ndarray
    open_start: np.ndarray
    open_row: np.ndarray
    open_use: np.ndarray
    least: np.ndarray
    most: np.ndarray
    kink: np.ndarray
    cost: np.ndarray
    opening_cost: np.ndarray
    row_price: np.ndarray
    first_access: int


class State(NamedTuple):
    """A plan on the way, changed in place: counts per option, kWh per pair of the layout, demand left, limits used."""

    new: np.ndarray
    served: np.ndarray
    left: np.ndarray
    used: np.ndarray
    opened: np.ndarray
    order: np.ndarray
    random: np.ndarray


class Walker:
    """One instance's search: the compiled state and what steers it."""

    def __init__(self, x: Instance, prices: Prices, value_scale: float) -> None:
        self.x, self.prices = x, prices
        sites = Sites(x)
        self.layout, self.pairs, self.widest = sites.layout, sites.pairs, sites.widest
        self.able = np.unique(x.option_site)
        self.promised = x.promise_kwh > 0 or len(x.floor_ids) > 0
        self.size = x.limits.size
        self.unit = x.limits.units(value_scale)
        self.beyond_unit = np.where(x.limits.is_access, _STATIONS_A_ZONE, 1.0) * self.unit
        self.heat = value_scale / max(len(x.site_ids), 1)
        self.kwh_price = kwh_price(x)
        self.style = STYLES[0]
        self.pool = self._pool(sites, value_scale)
        self.near = nearest_sites(self.layout, np.sqrt(x.energy), self._worth_knowing(), _NEIGHBOURS)
        self.order = self._orders()
        by_option, by_site = x.limits.use.T.tocsr(), x.limits.opening.T.tocsr()
        self.taken = [
            array.astype(kind)
            for rows in (by_option, by_site)
            for array, kind in ((rows.indptr, np.int64), (rows.indices, np.int64), (rows.data, np.float64))
        ]

    def _pool(self, sites: Sites, dear: float) -> np.ndarray:
        """The sites that moves begin from: some times as many as pay at the prices, those that come nearest to it, and
        for every limit that asks for a least amount as many as can give it twice."""
        x, prices = self.x, self.prices
        opening = prices.of_openings(x)
        ask = (prices.demand, prices.bonus(x), prices.of_options(x))
        free, closed = sites.ask(*ask, np.zeros(len(opening))).best, sites.ask(*ask, opening + dear).best
        gain = free - closed - opening
        ranked = self.able[np.lexsort((self.able, -gain[self.able]))]
        pays = gain[self.able] >= -_AS_GOOD * dear  # at prices that take all a site gains, all of them
        most = max(_POOL_TIMES * int(pays.sum()), _LEAST_POOL)
        pool = [ranked[:most]]
        rank = np.empty(len(x.site_ids), int)
        rank[ranked] = np.arange(len(ranked))
        for row in np.flatnonzero(x.limits.is_access).tolist():
            near: np.ndarray = np.array([j for j, _ in x.limits.taken_by_openings(row)], int)
            pool.append(near[np.argsort(rank[near], kind="stable")][:_POOL_A_ZONE])
        for r in np.flatnonzero((x.limits.least > 0) & ~x.limits.is_access):
            given = np.zeros(len(x.site_ids))
            np.maximum.at(given, x.option_site, x.limits.use[[r]].toarray().ravel() * x.option_most)
            enough = int(np.searchsorted(np.cumsum(given[ranked]), _GIVEN_TIMES * x.limits.least[r]))
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
        less = np.outer(_THETAS, self.prices.demand) - self.prices.bonus(self.x)
        with ThreadPoolExecutor(len(STYLES)) as pool:
            return np.array([*pool.map(partial(ranked_demands, self.layout), less)])

    def ground(self, prices: Prices, kink: np.ndarray) -> Ground:
        """What the compiled walk reads at these prices."""
        x, bonus = self.x, prices.bonus(self.x)
        less = np.outer(_THETAS, prices.demand) - bonus
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
        kink: np.ndarray,
        heat: float,
        moves: int,
        style: np.ndarray,
        pool: np.ndarray | None = None,
    ) -> None:
        """Make moves from a state at these prices and one temperature.

        `kink` is what a unit beyond a limit costs, `pool` the sites that moves begin from, by default the walker's.
        """
        ground = self.ground(prices, kink)
        if self.promised:
            _sort_anew(self.layout, ground, state)
        walk(self.layout, ground, state, moves, self.widest, heat, style, _RUIN, self.pool if pool is None else pool)

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


def search(walker: Walker, walks: int, moves_per_site: int, effort: Effort) -> list[Choice]:
    """Plans of several walks from nothing, side by side, the best first; their limits are kept nearly, not exactly.

    Every other walk decides at low shares of the demand prices (better where a kWh is worth the same anywhere within
    reach), the rest at high ones (better where worth falls with distance); the walker remembers which won.

    Parameters
    ----------
    walker
        The problem and prices that prove a good bound.
    walks
        How many.
    moves_per_site
        Moves of each walk, per site.
    effort
        A clock cools the walks faster and ends them when four fifths of it are spent.
    """
    styles = [STYLES[n % len(STYLES)] for n in range(walks)]
    states = [walker.state(None, _SEED + n) for n in range(walks)]
    with ThreadPoolExecutor(len(STYLES)) as pool:
        for job in [pool.submit(_anneal, walker, styles[n], states[n], moves_per_site, effort) for n in range(walks)]:
            job.result()
    order = sorted(range(walks), key=lambda n: -walker.merit(states[n]))
    walker.style = styles[order[0]]
    return [walker.choice(states[n]) for n in order]


def search_from(walker: Walker, choice: Choice, first: np.ndarray, moves_per_site: int, effort: Effort) -> Choice:
    """A plan walked on cold at the walker's prices, in both styles side by side: the better of the two.

    Parameters
    ----------
    choice
        A plan whose limits need not be kept.
    first
        Sites that moves begin from before any others.
    moves_per_site
        Of each walk, besides those of the first sites.
    effort
        Once it is over, the walks end.
    """
    states = [walker.state(choice, _SEED + n) for n in range(len(STYLES))]
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
    kink, heat, prices = walker.beyond_unit * _LAST_KINK, walker.heat * _COLD, walker.prices
    first = np.intersect1d(first, walker.able)
    if len(first):
        walker.walk(state, prices, kink, heat, _FIRST_MOVES * len(first), style, first)
    for _ in range(_COLD_ROUNDS):
        if effort.is_over() or not len(walker.pool):
            break
        walker.walk(state, prices, kink, heat, max(1, moves_per_site * len(walker.able) // _COLD_ROUNDS), style)
        prices = _steered_prices(walker, prices, state)


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
    state = walker.state(choice, _SEED)
    kink, heat, moves = walker.beyond_unit * _LAST_KINK, walker.heat * _COLD, moves_per_site * len(walker.able)
    walker.walk(state, walker.prices, kink, heat, moves, walker.style)
    return walker.choice(state)


def _anneal(walker: Walker, style: np.ndarray, state: State, moves_per_site: int, effort: Effort) -> None:
    """One walk from hot to cold; prices of limits, floors and promise follow how far they are missed."""
    moves = max(1, moves_per_site * len(walker.able) // _ROUNDS)
    prices = walker.prices
    began, done, rounds = effort.spent_share(), 0.0, 0
    while done < 1.0 and len(walker.pool):
        ramp = max(0.0, done - _FLAT_SHARE) / (1 - _FLAT_SHARE)
        kink = walker.beyond_unit * _FIRST_KINK * (_LAST_KINK / _FIRST_KINK) ** ramp
        heat = walker.heat * _HOT * (_COLD / _HOT) ** done
        walker.walk(state, prices, kink, heat, moves, style)
        prices = _steered_prices(walker, prices, state)
        rounds += 1
        clock = (effort.spent_share() - began) / max(_UNTIL_SHARE_OF_TIME - began, 0.01)
        done = max(rounds / _ROUNDS, clock if rounds >= _LEAST_ROUNDS else 0.0, float(effort.is_over()))


def _steered_prices(walker: Walker, now: Prices, state: State) -> Prices:
    """Dearer where a limit is exceeded, cheaper where it is not used up; more for kWh that are promised and missing.

    Never far from the prices that prove the bound: demand prices go with those.
    """
    x, limits, proven = walker.x, walker.x.limits, walker.prices
    over = (state.used - binding_side(x, proven, np.clip(state.used, limits.least, limits.most))) / walker.size
    served = x.energy - state.left
    short = 1 - x.served_by_floor(served) / np.maximum(x.floor_kwh, 1.0)
    promise_short = 1 - float(served.sum()) / max(x.promise_kwh, 1.0)

    def steered(price: Any, middle: Any, off: Any, unit: Any) -> Any:
        size = np.maximum(np.abs(middle), _LEAST_PRICE * unit)
        return np.clip(
            price + _STEERING * np.clip(off, -_SLEW, _SLEW) * size, middle - _REACH * size, middle + _REACH * size
        )

    return allowed(
        x,
        Prices(
            proven.demand,
            steered(now.limits, proven.limits, over, walker.unit),
            steered(now.floors, proven.floors, short, walker.kwh_price),
            float(steered(now.promise, proven.promise, promise_short, walker.kwh_price)),
        ),
    )


@compiled
def ranked_demands(y, less):  # type: ignore[no-untyped-def]
    """Of every station its demands, the most gaining first, counted from its first pair."""
    order = np.empty(len(y.demand), np.int32)
    for s in range(len(y.first_pair) - 1):
        p0, p1 = y.first_pair[s], y.first_pair[s + 1]
        loss = np.empty(p1 - p0)
        for q in range(p0, p1):
            loss[q - p0] = less[y.demand[q]] - y.worth[q]
        order[p0:p1] = np.argsort(loss, kind="mergesort")
    return order


@compiled
def _sort_anew(y, g, s):  # type: ignore[no-untyped-def]
    """Bring all demands of all sites in order again: a bonus has changed."""
    for theta in range(len(g.less)):
        for j in range(len(y.bays)):
            sort_demands(y, j, g.less[theta], s.order[theta])


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


@compiled
def _uniform(random):  # type: ignore[no-untyped-def]
    """A number in [0, 1) of a xorshift generator."""
    a = random[0]
    a ^= (a << np.uint64(13)) & np.uint64(0xFFFFFFFFFFFFFFFF)
    a ^= a >> np.uint64(7)
    a ^= (a << np.uint64(17)) & np.uint64(0xFFFFFFFFFFFFFFFF)
    random[0] = a
    return (a >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@compiled
def _beyond(g, used, touched, many):  # type: ignore[no-untyped-def]
    """What the use of all limits but access, and of some of access, costs: the price of every unit and the kink of
    those beyond."""
    cost = 0.0
    for n in range(g.first_access + many):
        r = n if n < g.first_access else touched[n - g.first_access]
        cost += g.row_price[r] * used[r]
        if used[r] > g.most[r]:
            cost += g.kink[r] * (used[r] - g.most[r])
        elif used[r] < g.least[r]:
            cost += g.kink[r] * (g.least[r] - used[r])
    return cost


@compiled
def _access_met(g, ruined, many, used, old_used, is_met, touched):  # type: ignore[no-untyped-def]
    """The rows of access that some sites count for, in `touched`, their use in `old_used`; returns how many."""
    met = 0
    for m in range(many):
        for t in range(g.open_start[ruined[m]], g.open_start[ruined[m] + 1]):
            r = g.open_row[t]
            if r >= g.first_access and not is_met[r]:
                is_met[r] = True
                touched[met] = r
                old_used[r] = used[r]
                met += 1
    for t in range(met):
        is_met[touched[t]] = False
    return met


@compiled
def _take(y, g, s, j, sign):  # type: ignore[no-untyped-def]
    """Add (or take away) what site j uses of the limits; returns its own cost."""
    own = 0.0
    for o in range(y.first_option[j], y.first_option[j + 1]):
        a = y.option[o]
        n = s.new[a]
        if n > 0:
            own += g.cost[a] * n
            for t in range(g.row_start[a], g.row_start[a + 1]):
                s.used[g.row[t]] += sign * g.use[t] * n
    if s.opened[j] > 0:
        own += g.opening_cost[j]
        for t in range(g.open_start[j], g.open_start[j + 1]):
            s.used[g.open_row[t]] += sign * g.open_use[t]
    return own


@compiled
def _steered(y, g, s, j, price, opening):  # type: ignore[no-untyped-def]
    """Prices of site j's options with the kinks of limits that are full or short."""
    for o in range(y.first_option[j], y.first_option[j + 1]):
        a = y.option[o]
        p = g.price[a]
        for t in range(g.row_start[a], g.row_start[a + 1]):
            r = g.row[t]
            if s.used[r] >= g.most[r]:
                p += g.kink[r] * g.use[t]
            elif s.used[r] < g.least[r]:
                p -= g.kink[r] * g.use[t]
        price[a] = p
    p = g.opening[j]
    for t in range(g.open_start[j], g.open_start[j + 1]):
        r = g.open_row[t]
        if s.used[r] >= g.most[r]:
            p += g.kink[r] * g.open_use[t]
        elif s.used[r] < g.least[r]:
            p -= g.kink[r] * g.open_use[t]
    opening[j] = p


@compiled
def _pour(y, g, s, j, theta, log_pair, log_served, logged):  # type: ignore[no-untyped-def]
    """Fill site j's spare capacity with what is left of the demands, best first; returns value and log length."""
    value = 0.0
    less = g.less[theta]
    order = s.order[theta]
    for station in range(y.first_station[j], y.first_station[j + 1]):
        p0, p1 = y.first_pair[station], y.first_pair[station + 1]
        c = station_kwh(y, j, station, s.new)
        if c <= 0.0:
            continue
        for q in range(p0, p1):
            c -= s.served[q]
        if c <= 1e-9:
            continue
        for t in range(p0, p1):
            q = p0 + order[t]
            i = y.demand[q]
            if y.worth[q] - less[i] <= 0.0:
                break
            if s.left[i] > 0.0:
                amount = min(c, s.left[i])
                if logged < len(log_pair):
                    log_pair[logged] = q
                    log_served[logged] = s.served[q]
                logged += 1
                s.served[q] += amount
                s.left[i] -= amount
                value += (y.worth[q] + g.bonus[i]) * amount
                c -= amount
                if c <= 1e-9:
                    break
    return value, logged


@compiled
def walk(y, g, s, moves, widest, heat, style, ruin_most, site_pool):  # type: ignore[no-untyped-def]
    """Make `moves` moves at one temperature; `s` is changed in place."""
    kwh, gain = np.empty(widest + 64), np.empty(widest + 64)
    start, length = np.empty(64, np.int64), np.empty(64, np.int64)
    count, best_count = np.empty(256, np.int64), np.empty(256, np.int64)
    price, opening = g.price.copy(), g.opening.copy()
    ruined, turn = np.empty(64, np.int64), np.empty(64, np.int64)
    old_new = np.empty((64, 256))
    old_opened = np.empty(64)
    log_size = 1 << 18
    log_pair, log_served = np.empty(log_size, np.int64), np.empty(log_size)
    old_used = s.used.copy()
    is_met, touched = np.zeros(len(s.used), np.bool_), np.empty(len(s.used), np.int64)
    pool = len(site_pool)
    for _ in range(moves):
        seed = site_pool[int(_uniform(s.random) * pool)]
        wanted = 1 + int(_uniform(s.random) ** 2 * ruin_most)
        ruined[0] = seed
        many = 1
        for t in range(1, g.near.shape[1]):
            other = g.near[seed, t]
            if other < 0 or many >= wanted:
                break
            if _uniform(s.random) < 0.7:
                ruined[many] = other
                many += 1
        theta = style[int(_uniform(s.random) * len(style))]
        logged = 0
        before = 0.0
        for r in range(g.first_access):
            old_used[r] = s.used[r]
        met = _access_met(g, ruined, many, s.used, old_used, is_met, touched)
        for m in range(many):
            j = ruined[m]
            turn[m] = j
            before -= _take(y, g, s, j, -1.0)
            old_opened[m] = s.opened[j]
            for o in range(y.first_option[j], y.first_option[j + 1]):
                old_new[m, o - y.first_option[j]] = s.new[y.option[o]]
                s.new[y.option[o]] = 0
            s.opened[j] = 0.0
            for q in range(y.first_pair[y.first_station[j]], y.first_pair[y.first_station[j + 1]]):
                if s.served[q] > 0.0:
                    i = y.demand[q]
                    before += (y.worth[q] + g.bonus[i]) * s.served[q]
                    s.left[i] += s.served[q]
                    if logged < log_size:
                        log_pair[logged] = q
                        log_served[logged] = s.served[q]
                    logged += 1
                    s.served[q] = 0.0
        for m in range(many - 1, 0, -1):
            n = int(_uniform(s.random) * (m + 1))
            turn[m], turn[n] = turn[n], turn[m]
        after = 0.0
        for m in range(many):
            j = turn[m]
            running_totals(y, j, g.less[theta], s.left, s.order[theta], kwh, gain, start, length)
            _steered(y, g, s, j, price, opening)
            best_counts(y, j, price, opening, kwh, gain, start, length, count, best_count)
            built = 0
            for o in range(y.first_option[j], y.first_option[j + 1]):
                s.new[y.option[o]] = best_count[o - y.first_option[j]]
                built += best_count[o - y.first_option[j]]
            s.opened[j] = 1.0 if built > 0 or y.open_from[j] else 0.0
            after -= _take(y, g, s, j, 1.0)
            value, logged = _pour(y, g, s, j, theta, log_pair, log_served, logged)
            after += value
        for m in range(many):
            value, logged = _pour(y, g, s, turn[m], 0, log_pair, log_served, logged)
            after += value
        for t in range(1, min(12, g.near.shape[1])):
            other = g.near[seed, t]
            if other < 0:
                break
            value, logged = _pour(y, g, s, other, 0, log_pair, log_served, logged)
            after += value
        change = after - before - (_beyond(g, s.used, touched, met) - _beyond(g, old_used, touched, met))
        if change >= 0.0 or (heat > 0.0 and change > heat * np.log(max(_uniform(s.random), 1e-300))):
            continue
        for e in range(min(logged, log_size) - 1, -1, -1):
            q = log_pair[e]
            s.left[y.demand[q]] += s.served[q] - log_served[e]
            s.served[q] = log_served[e]
        for m in range(many):
            j = ruined[m]
            s.opened[j] = old_opened[m]
            for o in range(y.first_option[j], y.first_option[j + 1]):
                s.new[y.option[o]] = old_new[m, o - y.first_option[j]]
        for r in range(g.first_access):
            s.used[r] = old_used[r]
        for t in range(met):
            s.used[touched[t]] = old_used[touched[t]]
