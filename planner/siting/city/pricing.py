"""What every site would build at given prices: the sites' sub-problem, exact, compiled.

At prices l_i of demand, and prices of chargers and openings, each site j decides alone:

    best_j = max  sum_s K_js(capacity_js(n)) - sum_k price_jk n_k - opening price (once anything is built)
    K_js(c) = max { sum_i v_i x_i :  sum_i x_i <= c,  0 <= x_i <= energy_i },   v_i = worth_ijs - l_i

over whole counts n that its bays, grid, fewest (of all, and for cars) and most chargers allow. K_js is a knapsack with
divisible items: the demands in the order of v_i, best first. Counts are enumerated depth first, one type after the
other, with the last, proportional, type in closed form (K_js is concave). Branches that cannot beat the best found are
left out: no type adds more to a station that others have partly filled than to an empty one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from planner.numeric.compiled import compiled
from planner.siting.model.instance import Instance

_MOST_LEAVES = 300_000
_SPARE = 1.5
_BLOCKS = 8
_THREADS = 2


class Layout(NamedTuple):
    """An instance in the order the compiled loops walk it: sites, their stations, their demands.

    Attributes
    ----------
    first_station, first_pair
        Where the stations of a site, and the pairs of a station, begin; one longer than there are.
    demand, worth
        Of the pairs, by station.
    energy
        Of the demands.
    standing_kwh, roof_kwh
        Of the stations: what stands, and more than can ever stand there.
    first_option
        Where the options of a site begin in `option`, `station` and the like.
    option, station, kind, standing, most
        The options in the order of enumeration: position in the instance, station (counted from the site's first),
        charger type, today's chargers, most new ones.
    straight
        Options: whether energy is proportional to the count.
    carried_kwh, bays_used, grid_used_kw
        Of the types.
    for_cars
        Of the types.
    bays, grid_kw, min_station, min_cars, open_from
        Of the sites.
    """

    first_station: np.ndarray
    first_pair: np.ndarray
    demand: np.ndarray
    worth: np.ndarray
    energy: np.ndarray
    standing_kwh: np.ndarray
    roof_kwh: np.ndarray
    first_option: np.ndarray
    option: np.ndarray
    station: np.ndarray
    kind: np.ndarray
    standing: np.ndarray
    most: np.ndarray
    straight: np.ndarray
    carried_kwh: np.ndarray
    bays_used: np.ndarray
    grid_used_kw: np.ndarray
    for_cars: np.ndarray
    bays: np.ndarray
    grid_kw: np.ndarray
    min_station: np.ndarray
    min_cars: np.ndarray
    open_from: np.ndarray


def lay_out(x: Instance) -> tuple[Layout, np.ndarray]:
    """The instance as a `Layout`, and the position in the instance of every pair of the layout."""
    pairs = np.lexsort((x.pair_demand, x.pair_station))
    site_of_station = x.station_site
    service = x.station_ids.get_level_values("service").to_numpy(object)[x.option_station]
    order = _order_of_enumeration(x, service)
    sites = len(x.site_ids)
    first_station = np.searchsorted(site_of_station, np.arange(sites + 1))
    layout = Layout(
        first_station=first_station,
        first_pair=np.searchsorted(x.pair_station[pairs], np.arange(len(x.station_ids) + 1)),
        demand=x.pair_demand[pairs].astype(np.int32),
        worth=x.pair_worth[pairs].copy(),
        energy=x.energy.copy(),
        standing_kwh=x.standing_kwh.copy(),
        roof_kwh=_roof_kwh(x),
        first_option=np.searchsorted(x.option_site[order], np.arange(sites + 1)),
        option=order,
        station=x.option_station[order] - first_station[x.option_site[order]],
        kind=x.option_type[order],
        standing=x.option_standing[order].astype(np.int64),
        most=x.option_most[order].astype(np.int64),
        straight=x.proportional[x.option_type[order]],
        carried_kwh=np.ascontiguousarray(x.carried_kwh),
        bays_used=x.bays_used.copy(),
        grid_used_kw=x.grid_used_kw.copy(),
        for_cars=x.for_cars.astype(np.int64),
        bays=x.bays.copy(),
        grid_kw=x.grid_kw.copy(),
        min_station=x.min_station.astype(np.int64),
        min_cars=x.min_cars.astype(np.int64),
        open_from=x.open_from > 0,
    )
    return layout, pairs


def _roof_kwh(x: Instance) -> np.ndarray:
    """Station: more than its chargers can carry with all its options, or with all its bays, or with all its grid."""
    options = np.arange(len(x.option_site))
    most, each = np.zeros(len(options)), np.zeros(len(options))
    for n in range(1, int(x.option_most.max(initial=0)) + 1):
        count = np.minimum(n, x.option_most.astype(int))
        gained = x.gained_kwh(options, count)
        most, each = np.maximum(most, gained), np.maximum(each, gained / np.maximum(count, 1))
    stations = len(x.standing_kwh)
    roof = np.bincount(x.option_station, most, minlength=stations)
    for used, held in ((x.bays_used, x.bays), (x.grid_used_kw, x.grid_kw)):
        unit = used[x.option_type]
        per_unit = np.zeros(stations)
        np.maximum.at(per_unit, x.option_station, np.divide(each, unit, out=np.full(len(unit), np.inf), where=unit > 0))
        here = held[x.station_site]
        limited = np.isfinite(per_unit) & np.isfinite(here)
        roof[limited] = np.minimum(roof[limited], per_unit[limited] * here[limited])
    return np.asarray((x.standing_kwh + roof) * (1 + 1e-6) + 1e-6)


def _order_of_enumeration(x: Instance, service: np.ndarray) -> np.ndarray:
    """Options by site; in a site by service, the service of the most numerous proportional option last, and it at the
    very end, where its count is found in closed form."""
    straight = x.proportional[x.option_type]
    many = np.where(straight, x.option_most, -1.0)
    best = np.full(len(x.site_ids), -1.0)
    np.maximum.at(best, x.option_site, many)
    last = np.zeros(len(many), bool)
    champions = np.flatnonzero((many == best[x.option_site]) & straight)
    _, first = np.unique(x.option_site[champions], return_index=True)
    last[champions[first]] = True
    last_station = np.full(len(x.site_ids), -1)
    last_station[x.option_site[last]] = x.option_station[last]
    in_last = x.option_station == last_station[x.option_site]
    return np.lexsort((np.arange(len(many)), last, x.option_station, in_last, x.option_site))


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
    widest
        Pairs of the site that has most: the room its compiled sub-problem needs.
    """

    def __init__(self, x: Instance) -> None:
        self.layout, self.pairs = lay_out(x)
        self._order = np.concatenate(
            [np.arange(n) for n in np.diff(self.layout.first_pair)] or [np.zeros(0, int)]
        ).astype(np.int32)
        self._above = np.zeros(len(self.layout.standing_kwh))
        self.widest = int(np.diff(self.layout.first_pair[self.layout.first_station]).max(initial=0))
        self._threads = ThreadPoolExecutor(_THREADS)  # kept: starting threads costs as much as an answer

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
        y = self.layout
        sites, demands = len(y.bays), len(y.energy)
        answers = Answers(np.zeros(sites), np.zeros(len(y.option)), np.zeros(sites), np.zeros(demands))
        less = demand_price - bonus
        ends = np.linspace(0, sites, _BLOCKS + 1).astype(int)
        flows = np.zeros((_BLOCKS, demands))

        def block(b: int) -> None:
            _ask_block(y, ends[b], ends[b + 1], less, price, opening, self._order, self._above, self.widest,
                       answers.best, answers.new, answers.opened, flows[b])  # fmt: skip

        list(self._threads.map(block, range(_BLOCKS)))
        return answers._replace(served=flows.sum(axis=0))


@compiled
def fill(c, first, length, kwh, gain):  # type: ignore[no-untyped-def]
    """K(c) of one station: `kwh` and `gain` are running totals from position `first` on, `length` + 1 of them."""
    last = first + length
    if c >= kwh[last]:
        return gain[last]
    low, high = first, last
    while high - low > 1:
        middle = (low + high) // 2
        if kwh[middle] <= c:
            low = middle
        else:
            high = middle
    return gain[low] + (gain[high] - gain[low]) * (c - kwh[low]) / (kwh[high] - kwh[low])


@compiled
def sort_demands(y, j, less, order):  # type: ignore[no-untyped-def]
    """Bring the demands of every station of site j in the order of v_i; quick where it changes little."""
    for s in range(y.first_station[j], y.first_station[j + 1]):
        p0, p1 = y.first_pair[s], y.first_pair[s + 1]
        for t in range(p0 + 1, p1):
            o = order[t]
            v = y.worth[p0 + o] - less[y.demand[p0 + o]]
            u = t - 1
            while u >= p0:
                q = p0 + order[u]
                if y.worth[q] - less[y.demand[q]] >= v:
                    break
                order[u + 1] = order[u]
                u -= 1
            order[u + 1] = o


@compiled
def sort_first(y, j, less, order, above, value, rest):  # type: ignore[no-untyped-def]
    """The same, but only as many demands as can be served there; `above` remembers from which v_i on."""
    for s in range(y.first_station[j], y.first_station[j + 1]):
        p0, p1 = y.first_pair[s], y.first_pair[s + 1]
        roof = y.roof_kwh[s]
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
            above[s] = above[s] - 0.2 if above[s] > 0.2 else 0.0
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


@compiled
def running_totals(y, j, less, left, order, kwh, gain, start, length):  # type: ignore[no-untyped-def]
    """For the stations of site j: running totals of energy and gain of the sorted demands, as far as can be served."""
    at = 0
    s0 = y.first_station[j]
    for s in range(s0, y.first_station[j + 1]):
        p0, p1 = y.first_pair[s], y.first_pair[s + 1]
        start[s - s0] = at
        kwh[at] = 0.0
        gain[at] = 0.0
        count = 0
        for t in range(p0, p1):
            q = p0 + order[t]
            i = y.demand[q]
            v = y.worth[q] - less[i]
            if v <= 0.0:
                break
            if left[i] > 0.0:
                kwh[at + 1] = kwh[at] + left[i]
                gain[at + 1] = gain[at] + v * left[i]
                at += 1
                count += 1
                if kwh[at] >= y.roof_kwh[s]:
                    break
        length[s - s0] = count
        at += 1


@compiled
def best_straight(c0, each, least, most, price, first, length, kwh, gain):  # type: ignore[no-untyped-def]
    """The best count between `least` and `most` of a proportional type on top of c0, and what K less its price is."""
    last = first + length
    if each <= 0.0:
        n = least if price >= 0.0 else most
        return n, fill(c0, first, length, kwh, gain) - price * n
    slope = price / each
    low, high = first, last  # positions whose next segment gains at least the slope
    while low < high:
        middle = (low + high) // 2
        if gain[middle + 1] - gain[middle] > slope * (kwh[middle + 1] - kwh[middle]):
            low = middle + 1
        else:
            high = middle
    n = int(np.floor((kwh[low] - c0) / each)) if price >= 0.0 else most
    n = min(max(n, least), most)
    value = fill(c0 + each * n, first, length, kwh, gain) - price * n
    if n < most:
        other = fill(c0 + each * (n + 1), first, length, kwh, gain) - price * (n + 1)
        if other > value + 1e-12:
            return n + 1, other
    return n, value


@compiled
def _within(amount, first, ranked, rate, most):  # type: ignore[no-untyped-def]
    """More than options from `first` on gain together with so many bays (or kW): each at its best rate, best first."""
    total = 0.0
    for d in ranked:
        if d < first or most[d] <= 0.0:
            continue
        if rate[d] * amount <= most[d]:
            return total + rate[d] * amount
        total += most[d]
        amount -= most[d] / rate[d]
    return total


@compiled
def best_counts(y, j, price, opening, kwh, gain, start, length, count, best_count):  # type: ignore[no-untyped-def]
    """Best value of site j and, in `best_count`, its counts in the order of enumeration.

    Returns the value of the counts and an upper bound on any; they differ only where the enumeration stopped early.
    """
    o0, o1 = y.first_option[j], y.first_option[j + 1]
    s0 = y.first_station[j]
    stations = y.first_station[j + 1] - s0
    depth = o1 - o0
    base = 0.0
    for s in range(stations):
        base += fill(y.standing_kwh[s0 + s], start[s], length[s], kwh, gain)
    for d in range(depth):
        best_count[d] = 0
    must = y.open_from[j]
    opening_price = opening[j]
    if depth == 0:
        value = base - opening_price if must else base
        return value, value
    fewest, fewest_cars = y.min_station[j], y.min_cars[j]
    potential = np.zeros(depth + 1)
    per_bay, per_kw = np.zeros(depth), np.zeros(depth)  # most that a bay, or a kW, gives when a type has it alone
    alone_gain = np.zeros(depth)
    most = np.zeros(depth, np.int64)
    for d in range(depth):
        o = o0 + d
        s, k, e = y.station[o], y.kind[o], y.standing[o]
        c0, p = y.standing_kwh[s0 + s], price[y.option[o]]
        alone = fill(c0, start[s], length[s], kwh, gain)
        if y.straight[o]:
            each = y.carried_kwh[k, 1]
            _, gained = best_straight(c0, each, 0, y.most[o], p, start[s], length[s], kwh, gain)
            gained -= alone
            per_charger = fill(c0 + each, start[s], length[s], kwh, gain) - alone - p
        else:
            gained = 0.0
            per_charger = 0.0
            for n in range(1, y.most[o] + 1):
                c = c0 + y.carried_kwh[k, e + n] - y.carried_kwh[k, e]
                more = fill(c, start[s], length[s], kwh, gain) - alone - p * n
                gained = max(gained, more)
                per_charger = max(per_charger, more / n)
        alone_gain[d] = max(gained, 0.0)
        per_bay[d] = per_charger / y.bays_used[k] if y.bays_used[k] > 0 else np.inf
        per_kw[d] = per_charger / y.grid_used_kw[k] if y.grid_used_kw[k] > 0 else np.inf
        most[d] = y.most[o]
        if gained <= 0.0:
            asked = fewest_cars > 0 and y.for_cars[k] > 0  # it may be built for access alone
            if fewest <= 1 and not must and not asked:
                most[d] = 0
            elif y.straight[o]:
                most[d] = min(most[d], max(fewest, 1))
        potential[d] = alone_gain[d]
    by_bay, by_kw = np.argsort(-per_bay), np.argsort(-per_kw)
    for d in range(depth - 1, -1, -1):
        potential[d] += potential[d + 1]
    best = -np.inf if must and (fewest > 0 or fewest_cars > 0) else (base - opening_price if must else base)
    reachable = base + potential[0]
    if not must and reachable - opening_price <= best:
        return best, best
    bays_left, grid_left = np.empty(depth + 1), np.empty(depth + 1)
    total = np.zeros(depth + 1, np.int64)
    cars = np.zeros(depth + 1, np.int64)
    paid = np.zeros(depth + 1)  # prices so far
    done = np.zeros(depth + 1)  # K of stations that are behind, K of standing chargers of those ahead
    now = np.zeros(depth + 1)  # capacity of the station being filled
    bays_left[0], grid_left[0] = y.bays[j], y.grid_kw[j]
    s = y.station[o0]
    now[0] = y.standing_kwh[s0 + s]
    done[0] = base - fill(now[0], start[s], length[s], kwh, gain)
    leaves = 0
    stopped = False
    d = 0
    count[0] = -1
    while d >= 0:
        o = o0 + d
        s, k, e = y.station[o], y.kind[o], y.standing[o]
        p = price[y.option[o]]
        room = most[d]
        if y.bays_used[k] > 0:
            room = min(room, int(np.floor(bays_left[d] / y.bays_used[k] + 1e-9)))
        if y.grid_used_kw[k] > 0:
            room = min(room, int(np.floor(grid_left[d] / y.grid_used_kw[k] + 1e-9)))
        if d == depth - 1:
            leaves += 1
            least = max(fewest - total[d], 0)
            if total[d] == 0 and not must:
                least = max(least, 1)
            if cars[d] < fewest_cars:
                least = max(least, fewest_cars - cars[d]) if y.for_cars[k] > 0 else room + 1
            if least <= room:
                if y.straight[o]:
                    n, value = best_straight(
                        now[d], y.carried_kwh[k, 1], least, room, p, start[s], length[s], kwh, gain
                    )
                    value += done[d] - paid[d] - opening_price
                    if value > best:
                        best = value
                        count[d] = n
                        for f in range(depth):
                            best_count[f] = count[f]
                else:
                    for n in range(least, room + 1):
                        c = now[d] + y.carried_kwh[k, e + n] - y.carried_kwh[k, e]
                        value = fill(c, start[s], length[s], kwh, gain) - p * n + done[d] - paid[d] - opening_price
                        if value > best:
                            best = value
                            count[d] = n
                            for f in range(depth):
                                best_count[f] = count[f]
            if leaves > _MOST_LEAVES:
                stopped = True
                break
            d -= 1
            continue
        count[d] += 1
        n = count[d]
        if n > room:
            d -= 1
            continue
        c = now[d] + y.carried_kwh[k, e + n] - y.carried_kwh[k, e]
        bays_left[d + 1] = bays_left[d] - y.bays_used[k] * n
        grid_left[d + 1] = grid_left[d] - y.grid_used_kw[k] * n
        total[d + 1] = total[d] + n
        cars[d + 1] = cars[d] + n * y.for_cars[k]
        paid[d + 1] = paid[d] + p * n
        here = fill(c, start[s], length[s], kwh, gain)
        so_far = done[d] + here - paid[d + 1] - opening_price
        if so_far + potential[d + 1] <= best:
            continue
        if so_far + _within(bays_left[d + 1], d + 1, by_bay, per_bay, alone_gain) <= best:
            continue
        if so_far + _within(grid_left[d + 1], d + 1, by_kw, per_kw, alone_gain) <= best:
            continue
        ahead = y.station[o + 1]
        if ahead == s:
            now[d + 1], done[d + 1] = c, done[d]
        else:
            now[d + 1] = y.standing_kwh[s0 + ahead]
            done[d + 1] = done[d] + here - fill(now[d + 1], start[ahead], length[ahead], kwh, gain)
        d += 1
        count[d] = -1
    return best, (max(best, reachable - min(opening_price, 0.0)) if stopped else best)


@compiled
def station_kwh(y, j, s, new):  # type: ignore[no-untyped-def]
    """What station s of site j carries with `new` chargers per option."""
    c = y.standing_kwh[s]
    for o in range(y.first_option[j], y.first_option[j + 1]):
        if y.station[o] == s - y.first_station[j]:
            k, e = y.kind[o], y.standing[o]
            c += y.carried_kwh[k, e + int(new[y.option[o]])] - y.carried_kwh[k, e]
    return c


@compiled
def _ask_block(  # type: ignore[no-untyped-def]
    y, first, last, less, price, opening, order, above, widest, best, new, opened, served
):
    value, rest = np.empty(widest + 64), np.empty(widest + 64, np.int32)
    kwh, gain = np.empty(widest + 64), np.empty(widest + 64)
    start, length = np.empty(64, np.int64), np.empty(64, np.int64)
    count, best_count = np.empty(256, np.int64), np.empty(256, np.int64)
    for j in range(first, last):
        sort_first(y, j, less, order, above, value, rest)
        running_totals(y, j, less, y.energy, order, kwh, gain, start, length)
        _, best[j] = best_counts(y, j, price, opening, kwh, gain, start, length, count, best_count)
        o0, s0 = y.first_option[j], y.first_station[j]
        total = 0
        for o in range(o0, y.first_option[j + 1]):
            new[y.option[o]] = best_count[o - o0]
            total += best_count[o - o0]
        opened[j] = 1.0 if total > 0 or y.open_from[j] else 0.0
        for s in range(s0, y.first_station[j + 1]):
            c = station_kwh(y, j, s, new)
            p0 = y.first_pair[s]
            for t in range(p0, y.first_pair[s + 1]):
                q = p0 + order[t]
                i = y.demand[q]
                if c <= 0.0 or y.worth[q] - less[i] <= 0.0:
                    break
                amount = min(c, y.energy[i])
                served[i] += amount
                c -= amount
