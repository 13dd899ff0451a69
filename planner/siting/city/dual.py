"""The prices that prove the lowest bound: a Lagrangian dual, minimised over all demands and limits.

1. **Start.** One price for every demand and one per limit: a handful of numbers, found by cutting planes (Kelley,
   Journal of the SIAM 8, 1960). Where limits hardly bind, a price for those demands alone whom full sites could serve
   (a smallest cut) is better.
2. **Volume algorithm** (Barahona and Anbil, Mathematical Programming 87, 2000): steps from the best prices so far along
   an average of subgradients. A demand's step is measured in units of its own energy, a limit's in units of its size.

Only `certificate.upper_bound` says what the prices prove.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from planner.progress import Progress, Stage
from planner.siting.city.certificate import Prices, allowed, binding_side, bound_of
from planner.siting.city.pricing import Sites
from planner.siting.effort import Effort
from planner.siting.model.instance import Instance
from planner.siting.model.network import largest_flow


@dataclass(frozen=True)
class StartParams:
    """How the first prices are found: cutting planes over a handful of numbers.

    Attributes
    ----------
    cuts
        At most.
    settled_share
        The search has settled where the cuts promise no more than this share of the bound.
    dearest
        The one price of all demands is at most this share of what a kWh is worth.
    widest
        Most that the price of a limit may be, up or down, in parts of what missing one of it is worth.
    clearly_share
        Prices for those demands alone that full sites could serve are begun from where they are better by so much, as a
        share of what all energy is worth.
    """

    cuts: int = 60
    settled_share: float = 1e-3
    dearest: float = 0.5
    widest: float = 2.0
    clearly_share: float = 0.01


@dataclass(frozen=True)
class VolumeParams:
    """How the volume algorithm steps, what it remembers and when it has settled.

    Attributes
    ----------
    assumed_gap_share
        How far below the best bound the steps aim.
    first_step, longest_step
        Length of a step: 1 would reach the aim if the bound fell as the mean of the subgradients says.
    longer, shorter
        What a step's length is multiplied by after a success in the mean's direction, and after `patience` fails.
    patience, warm_up
        Steps without a better bound before they get shorter; not within the first few of all.
    first_share, least_share
        Most that a new subgradient counts in the mean, at first and in the end.
    sweep, least_sweeps
        Steps after which one looks whether it has settled; the fewest sweeps.
    slow_share
        The mean remembers twice as long after a sweep that gains less than this share of the bound.
    settled_share
        It has settled after a sweep that gains less than this share of the bound.
    limit_metrics
        How far prices of limits step, in parts of their own measure: nobody knows beforehand what suits a city, so that
        each is tried.
    stays_metric
        The same for the prices of what stays from year to year.
    trial, trial_of_years
        Steps after which the better is kept; for several years.
    share_of_time
        Of a clock, that the prices get.
    """

    assumed_gap_share: float = 0.05
    first_step: float = 0.1
    longest_step: float = 2.0
    longer: float = 1.1
    shorter: float = 0.66
    patience: int = 10
    warm_up: int = 40
    first_share: float = 0.1
    least_share: float = 1e-3
    sweep: int = 100
    least_sweeps: int = 3
    slow_share: float = 1e-3
    settled_share: float = 2e-5
    limit_metrics: tuple[float, ...] = (0.5, 0.12)
    stays_metric: float = 0.1
    trial: int = 200
    trial_of_years: int = 50
    share_of_time: float = 0.33


_START, _VOLUME = StartParams(), VolumeParams()
_NO_ENERGY = 1e-6
"""kWh/day that stand for all energy where there is none: nothing is divided by zero."""


class Dual:
    """The dual function of an instance over one vector: prices of demands, limits, floors and the promise."""

    def __init__(self, x: Instance) -> None:
        self.x, self.sites = x, Sites(x)
        most, least = x.limits.most, x.limits.least
        self.kwh_price = kwh_price(x)
        self.scale = self.kwh_price * max(float(x.energy.sum()), _NO_ENERGY)
        self.weight, self.year = _weight_by_year(x), _year_of_demand(x)
        asked = [max(float(x.energy[self.year == t].sum()), _NO_ENERGY) for t in range(x.years)]
        of_year = self.kwh_price * self.weight * np.array(asked)
        units = x.limits.units(of_year[_year_of_limit(x)])
        size = np.r_[x.energy, x.limits.size, np.maximum(x.floor_kwh, 1.0), max(x.promise_kwh, 1.0)]
        local = np.r_[np.ones(len(x.energy), bool), np.zeros(len(most), bool), np.ones(len(x.floor_kwh) + 1, bool)]
        self.unit = np.where(local, self.kwh_price, self.scale / size)
        self.unit[: len(x.energy)] *= self.weight[self.year]
        self.unit[len(x.energy) : len(x.energy) + len(units)] = units
        promised = np.full(len(x.floor_kwh) + 1, np.inf)
        promised[-1] = np.inf if x.promise_kwh > 0 else 0.0
        rest = np.zeros(len(promised))
        self.low = np.r_[np.zeros(len(x.energy)), np.where(np.isfinite(least), -np.inf, 0.0), rest]
        self.high = np.r_[np.full(len(x.energy), np.inf), np.where(np.isfinite(most), np.inf, 0.0), promised]
        moves = self.low < self.high  # a price that cannot move must not weigh on the steps of the others
        self.metric = np.where(moves, self.unit / size, 0.0)
        self.shared = ~local
        self.shared[len(x.energy) : len(x.energy) + len(units)] = x.limits.is_shared
        self.stays = np.r_[np.zeros(len(x.energy), bool), x.limits.is_stays, np.zeros(len(x.floor_kwh) + 1, bool)]

    def by_year(self) -> np.ndarray:
        """Years x demands: the weight of the year for its demands, else 0."""
        return np.asarray((self.year == np.arange(self.x.years)[:, None]) * self.weight[:, None])

    def prices(self, y: np.ndarray) -> Prices:
        """The vector by name."""
        i, r, d = np.cumsum([len(self.x.energy), len(self.x.limits.names), len(self.x.floor_ids)])
        return Prices(y[:i], y[i:r], y[r:d], float(y[d]))

    def vector(self, prices: Prices) -> np.ndarray:
        """Prices as the vector."""
        return np.asarray(np.r_[prices.demand, prices.limits, prices.floors, prices.promise])

    def value(self, y: np.ndarray) -> tuple[float, np.ndarray]:
        """The bound at these prices, and a subgradient of it."""
        x, prices = self.x, self.prices(y)
        answers = self.sites.ask(prices.demand, prices.bonus(x), prices.of_options(x), prices.of_openings(x))
        used = x.limits.use @ answers.new + x.limits.opening @ answers.opened
        side = binding_side(x, prices, np.clip(used, x.limits.least, x.limits.most))
        floor = x.served_by_floor(answers.served) - x.floor_kwh
        promise = answers.served.sum() - x.promise_kwh
        slope = np.r_[x.energy - answers.served, side - used, floor, promise]
        return bound_of(x, prices, answers), slope


def first_prices(x: Instance) -> Prices:
    """The best prices that are the same for every demand, with those of the limits."""
    dual = Dual(x)
    return dual.prices(_first(dual))


def _first(dual: Dual) -> np.ndarray:
    return _kelley(dual, dual.by_year() * dual.kwh_price, _START.dearest)


def find_prices(
    x: Instance, steps: int, effort: Effort, tell: Progress, first: Prices | None = None, enough: float = -np.inf
) -> Prices:
    """Prices that prove a low bound.

    Parameters
    ----------
    x
        The problem.
    steps
        Most evaluations of all sites; fewer where the bound has settled.
    effort
        A clock ends it after its first third.
    tell
        Called with (`Stage.BOUND`, None, bound so far).
    first
        Prices to begin with instead of `first_prices`.
    enough
        A bound as low as this is low enough.
    """
    tell(Stage.BOUND, None, None)
    dual = Dual(x)
    start = _first(dual) if first is None else dual.vector(first)
    tried = [_Volume(dual, start, share) for share in _VOLUME.limit_metrics]
    for volume in tried:
        volume.run(min(steps, _VOLUME.trial if x.years == 1 else _VOLUME.trial_of_years), effort, tell, enough)
        if volume.best <= enough:
            return dual.prices(volume.best_y)
    volume = min(tried, key=lambda each: each.best)
    if x.years == 1:  # several years bind one another
        within = _kelley(dual, dual.by_year() * _within_capacity(x) * dual.kwh_price, 1.0)
        if volume.best - dual.value(within)[0] > _START.clearly_share * dual.scale:  # limits hardly bind
            volume = _Volume(dual, within, _VOLUME.limit_metrics[0])
    volume.run(steps, effort, tell, enough)
    return dual.prices(volume.best_y)


def refine_prices(x: Instance, prices: Prices, steps: int, effort: Effort, tell: Progress) -> Prices:
    """Prices that prove a bound at least as low as the given ones, found from there.

    Parameters are those of `find_prices`; `prices` may be of another problem, as far as they fit.
    """
    tell(Stage.BOUND, None, None)
    dual = Dual(x)
    volume = _Volume(dual, dual.vector(allowed(x, prices)), _VOLUME.limit_metrics[0])
    volume.run(steps, effort, tell)
    return dual.prices(volume.best_y)


def kwh_price(x: Instance) -> float:
    """What a kWh is worth at most: 1, or for the least cost twice what the cheapest charger asks for it."""
    if not x.promise_kwh:
        return 1.0
    last = x.option_most.astype(int)
    per_kwh = x.option_cost_cny * last / np.maximum(x.gained_kwh(np.arange(len(last)), last), 1e-9)
    return 2.0 * float(np.median(per_kwh)) if len(last) else 1.0


def _kelley(dual: Dual, patterns: np.ndarray, most: float) -> np.ndarray:
    """The best prices that are a multiple of each pattern (rows over the demands), with those of limits, floors and the
    promise, by cutting planes over these few numbers; what stays has no price."""
    demands, groups = len(dual.x.energy), len(patterns)
    own = demands + np.flatnonzero(~dual.stays[demands:])
    low = np.r_[np.zeros(groups), np.maximum(dual.low[own] / dual.unit[own], -_START.widest)]
    high = np.r_[np.full(groups, most), np.minimum(dual.high[own] / dual.unit[own], _START.widest)]

    def at(z: np.ndarray) -> np.ndarray:
        y = np.zeros(len(dual.low))
        y[:demands] = (patterns * z[:groups, None]).sum(axis=0)
        y[own] = z[groups:] * dual.unit[own]
        return y

    z = np.r_[np.full(groups, most), np.zeros(len(own))]
    best, best_z = np.inf, z
    cuts: list[np.ndarray] = []
    rest: list[float] = []
    for _ in range(_START.cuts):
        value, slope = dual.value(at(z))
        if value < best:
            best, best_z = value, z
        along = np.r_[(slope[:demands] * patterns).sum(axis=1), slope[own] * dual.unit[own]] / dual.scale
        cuts.append(np.r_[along, -1.0])
        rest.append(float(along @ z - value / dual.scale))
        bounds = [*zip(low, high, strict=True), (None, None)]
        model = linprog(np.r_[np.zeros(len(z)), 1.0], A_ub=np.array(cuts), b_ub=rest, bounds=bounds, method="highs")
        if model.x is None or model.fun is None:
            break
        if best / dual.scale - float(model.fun) < _START.settled_share * abs(best) / dual.scale:
            break
        z = np.clip(model.x[:-1], low, high)
    return at(best_z)


def _year_of_demand(x: Instance) -> np.ndarray:
    """Position of the year of every demand; 0 where nothing is in reach."""
    year = np.zeros(len(x.energy), int)
    year[x.pair_demand] = x.station_site[x.pair_station] % x.years
    return year


def _year_of_limit(x: Instance) -> np.ndarray:
    """Position of the first year of every limit that takes anything."""
    first = np.full(len(x.limits.names), x.years)
    for table, year in (
        (x.limits.use, x.option_site % x.years),
        (x.limits.opening, np.arange(len(x.site_ids)) % x.years),
    ):
        taken = table.tocoo()
        np.minimum.at(first, taken.row, year[taken.col])
    return np.where(first < x.years, first, 0)


def _weight_by_year(x: Instance) -> np.ndarray:
    """What a kWh is worth in a year beside the one where it is worth most; 1 where worth is not asked for."""
    most = np.zeros(x.years)
    np.maximum.at(most, x.station_site[x.pair_station] % x.years, x.pair_worth)
    return np.asarray(np.where(most > 0, most / most.max(initial=1e-300), 1.0)) if x.years > 1 else np.ones(1)


def _within_capacity(x: Instance) -> np.ndarray:
    """1 for demands that full sites could serve entirely, with all others: the demand side of a smallest cut."""
    option = np.arange(len(x.option_site))
    most = x.standing_kwh.copy()
    np.maximum.at(
        most, x.option_station, (x.standing_kwh[x.option_station] + x.gained_kwh(option, x.option_most.astype(int)))
    )
    return largest_flow(x, most).within


class _Volume:
    """The volume algorithm from some prices on, and the best prices met so far.

    The prices of limits step as far as `limit_metric` says, in parts of their own measure: nobody knows beforehand what
    suits a city, where many bind or few.
    """

    def __init__(self, dual: Dual, start: np.ndarray, limit_metric: float) -> None:
        self.dual, self.best_y = dual, start
        self.metric = np.where(dual.shared, limit_metric, np.where(dual.stays, _VOLUME.stays_metric, 1.0)) * dual.metric
        self.best, self.mean = dual.value(start)
        self.step, self.most_share, self.failed = _VOLUME.first_step, _VOLUME.first_share, 0
        self.steps, self.swept = 0, self.best

    def run(self, steps: int, effort: Effort, tell: Progress, enough: float = -np.inf) -> None:
        """Steps until so many are done in all, the bound has settled or is low enough, or the time for it is spent."""
        sweeping = True
        while self.steps < steps and sweeping and self.best > enough and effort.spent_share() <= _VOLUME.share_of_time:
            self._step()
            if self.steps % _VOLUME.sweep == 0:
                tell(Stage.BOUND, None, self.best)
                sweeping = self._swept()

    def _step(self) -> None:
        """Along the mean of the subgradients from the best prices; longer after a success, shorter after many fails."""
        dual, self.steps = self.dual, self.steps + 1
        aim = _VOLUME.assumed_gap_share * max(abs(self.best), 1e-3 * dual.scale)
        low, high = self.best_y <= dual.low, self.best_y >= dual.high
        push = np.where((low & (self.mean > 0)) | (high & (self.mean < 0)), 0.0, self.mean)
        length = self.step * aim / max(float((push * push * self.metric).sum()), 1e-12)
        y = np.clip(self.best_y - length * self.metric * push, dual.low, dual.high)
        value, slope = dual.value(y)
        apart = slope - self.mean
        share = -float((apart * self.mean * self.metric).sum())
        share /= max(float((apart * apart * self.metric).sum()), 1e-12)
        self.mean = self.mean + (self.most_share / 10 if share < 0 else min(share, self.most_share)) * apart
        if value < self.best:
            if float((push * slope * self.metric).sum()) >= 0:
                self.step = min(self.step * _VOLUME.longer, _VOLUME.longest_step)
            self.best, self.best_y, self.failed = value, y, 0
            return
        self.failed += 1
        if self.failed >= _VOLUME.patience and self.steps > _VOLUME.warm_up:
            self.step, self.failed = self.step * _VOLUME.shorter, 0

    def _swept(self) -> bool:
        """After a sweep: whether another is worth it; the mean remembers longer once little is gained."""
        gained, self.swept = self.swept - self.best, self.best
        if gained < _VOLUME.slow_share * abs(self.best):
            self.most_share = max(self.most_share / 2, _VOLUME.least_share)
        return gained >= _VOLUME.settled_share * abs(self.best) or self.steps < _VOLUME.least_sweeps * _VOLUME.sweep
