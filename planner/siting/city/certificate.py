"""An upper bound on any plan, from prices alone: valid whatever proposed them.

Take any prices: of demands l_i >= 0, of floors phi_d >= 0 and of the promise psi >= 0, and of the limits lambda_r,
which may be positive only where the limit has a most and negative only where it has a least. For every plan of
`program.py`

    worth of what is served - cost
        <=  sum_i energy_i l_i + sum_r (lambda_r most_r if lambda_r > 0 else lambda_r least_r)
            - sum_d phi_d floor_d - psi promise + sum_j best_j

    best_j = max over the counts n_j that site j's bays, grid, fewest and most chargers and lock allow of
             sum_s K_js(capacity_js(n_j)) - sum_k price_jk n_jk - price_j open_j
    price_jk = cost_jk + sum_r lambda_r use_rjk        price_j = cost_j + sum_r lambda_r use_rj
    K_js(c) = most that c kWh/day gain there, demand i offering (worth_ijs + phi_d(i) + psi - l_i) for up to energy_i

Proof sketch: add to the plan's value every kept rule times its price: energy_i - served_i >= 0 times l_i, limit less
use times lambda_r, served less promised times phi and psi. None of these terms is negative, so the sum is at least the
plan's value; and it falls apart into one term per site, of which best_j is the largest. (Lagrangian duality; Geoffrion,
Mathematical Programming Study 2, 1974.) Because best_j ranges over whole chargers and openings, the best such bound is
at least as tight as that of the linear relaxation of `program.py` with all its doors.

The sums run in double precision. What rounding could have taken away is added: n terms of magnitude S in all are off by
at most n u S, u = 2^-53 (Higham, Accuracy and Stability of Numerical Algorithms, section 4.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.siting.city.pricing import Answers, Sites
from planner.siting.model.instance import Instance

_UNIT_ROUNDOFF = 2.0**-53
"""Largest relative error of one operation in double precision."""


@dataclass(frozen=True)
class Prices:
    """Prices of the rules that bind sites together; see the module's formula for the letters.

    Attributes
    ----------
    demand, limits, floors, promise
        l per demand, lambda per limit, phi per floor, psi.
    """

    demand: np.ndarray
    limits: np.ndarray
    floors: np.ndarray
    promise: float

    def bonus(self, x: Instance) -> np.ndarray:
        """What floors and the promise add to the worth of a kWh, per demand."""
        by_floor = np.r_[self.floors, 0.0][x.demand_floor]
        return np.asarray(by_floor + self.promise)

    def of_options(self, x: Instance) -> np.ndarray:
        """What one charger of each option costs, own cost and limits."""
        return np.asarray(x.option_cost_cny + x.limits.use.T @ self.limits)

    def of_openings(self, x: Instance) -> np.ndarray:
        """What opening each site costs, own cost and limits."""
        return np.asarray(x.opening_cost_cny + x.limits.opening.T @ self.limits)


def allowed(x: Instance, prices: Prices) -> Prices:
    """The nearest prices of the signs that the bound needs."""
    limits = np.where(np.isfinite(x.limits.least), prices.limits, np.maximum(prices.limits, 0.0))
    limits = np.where(np.isfinite(x.limits.most), limits, np.minimum(limits, 0.0))
    promise = max(prices.promise, 0.0) if x.promise_kwh > 0 else 0.0
    return Prices(np.maximum(prices.demand, 0.0), limits, np.maximum(prices.floors, 0.0), promise)


def upper_bound(x: Instance, prices: Prices) -> float:
    """The bound that these prices prove on worth served less cost; prices of a wrong sign are taken as zero."""
    prices = allowed(x, prices)
    answers = Sites(x).ask(prices.demand, prices.bonus(x), prices.of_options(x), prices.of_openings(x))
    return bound_of(x, prices, answers) + _rounding(x, prices, answers)


def bound_of(x: Instance, prices: Prices, answers: Answers) -> float:
    """The formula's sum, for what the sites answered to these prices."""
    limits = prices.limits * binding_side(x, prices, 0.0)
    shared = float((x.energy * prices.demand).sum()) + limits.sum()  # no dot: its threads would stay awake and compete
    shared -= prices.floors @ x.floor_kwh + prices.promise * x.promise_kwh
    return float(shared + answers.best.sum())


def binding_side(x: Instance, prices: Prices, without_price: float | np.ndarray) -> np.ndarray:
    """Of every limit the side that its price holds: its most, its least, or what is given where it has no price."""
    least = np.where(prices.limits < 0, x.limits.least, without_price)
    return np.asarray(np.where(prices.limits > 0, x.limits.most, least))


def _rounding(x: Instance, prices: Prices, answers: Answers) -> float:
    """More than all roundings of `bound_of` and of the sites' sums together can have taken away."""
    terms = len(x.pair_demand) + len(x.energy) + x.limits.use.nnz + x.limits.opening.nnz + len(x.site_ids)
    offered = np.abs(x.pair_worth + (prices.bonus(x) + prices.demand)[x.pair_demand]) @ x.energy[x.pair_demand]
    paid = np.abs(prices.of_options(x)) @ x.option_most + np.abs(prices.of_openings(x)).sum()
    limits = np.abs(prices.limits * binding_side(x, prices, 0.0)).sum()
    magnitude = offered + paid + limits + np.abs(answers.best).sum() + x.energy @ prices.demand
    magnitude += prices.floors @ x.floor_kwh + prices.promise * x.promise_kwh
    return float(4 * terms * _UNIT_ROUNDOFF * magnitude)
