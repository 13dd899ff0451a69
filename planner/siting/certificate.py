"""An upper bound on any plan, from multipliers alone: valid whatever the solver's tolerances.

For prices of station capacity mu >= 0, of doors phi >= 0, of bays beta >= 0, of grid gamma >= 0, of its rounding
rows omega >= 0, of the quota pi (free; >= 0 where it is "at most"), of the budget rho >= 0, of shares and tasks >= 0,
weak duality gives for every plan of `program.py`

    value <=  sum_i energy_i max(0, max_js [worth_ijs - mu_js - phi_ijs])  +  sum_js mu_js standing_js
              + pi quota + rho budget + sum_k (alpha_max_k most_units_k - alpha_min_k least_units_k)
              + sum_k alpha_count_k most_count_k - sum_d tau_d task_d
              + sum_jk most_jk max(0, margin_jk)  +  sum_j max(0 or locked in, worth of opening j)

    margin_jk  = mu_js kwh_k - beta_j bays_used_k - gamma_j grid_used_k + nu_j - lambda_jk
                 - sum_c omega_jc floor(grid_used_k / grid_used_c)
                 - (pi + alpha_max_k - alpha_min_k - tau_d(j)) quota_units_k - alpha_count_k - rho price_k
    opening j  = beta_j bays_j + gamma_j grid_kw_j + sum_c omega_jc floor(grid_kw_j / grid_used_c)
                 + sum_k lambda_jk most_jk + sum_is phi_ijs energy_i - nu_j min_station_j - rho opening_j

Any multipliers will do: a solver only proposes them. The sums run in plain numpy on the whole instance, every pair
included, also those no program ever saw.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.siting.instance import Instance


@dataclass(frozen=True)
class Multipliers:
    """Prices of the program's rows; see the module's formula for the letters.

    Attributes
    ----------
    capacity
        mu, per station.
    bays, grid, station
        beta, gamma, nu, per site.
    door
        phi, per pair of the instance; zero at stations with standing chargers.
    whole
        omega, per site and type: the rounding rows of the grid.
    link
        lambda, per option.
    quota, budget
        pi and rho.
    share_min, share_max, count_max
        alpha, per type.
    task
        tau, per unit with a task.
    """

    capacity: np.ndarray
    bays: np.ndarray
    grid: np.ndarray
    station: np.ndarray
    door: np.ndarray
    whole: np.ndarray
    link: np.ndarray
    quota: float
    budget: float
    share_min: np.ndarray
    share_max: np.ndarray
    count_max: np.ndarray
    task: dict[str, float]


def upper_bound(x: Instance, m: Multipliers) -> float:
    """The bound in kWh/day (weighted by worth) that these multipliers prove; negative prices are taken as zero."""
    mu, beta, gamma, nu, link = (np.maximum(v, 0.0) for v in (m.capacity, m.bays, m.grid, m.station, m.link))
    omega = np.maximum(m.whole, 0.0) * (x.grid_used_kw > 0)
    per_kw = np.divide(1.0, x.grid_used_kw, out=np.zeros_like(x.grid_used_kw), where=x.grid_used_kw > 0)
    whole_use = np.floor(np.outer(x.grid_used_kw, per_kw) + 1e-9)  # type k in units of type c
    whole_room = np.floor(np.outer(x.grid_kw, per_kw) + 1e-9)
    low, high, count = (np.maximum(v, 0.0) for v in (m.share_min, m.share_max, m.count_max))
    rho = max(m.budget, 0.0) if x.budget_cny < np.inf else 0.0
    pi = m.quota if x.quota_exactly else max(m.quota, 0.0)
    tau = {unit: max(m.task.get(unit, 0.0), 0.0) for unit in x.tasks}
    high = np.where(x.most_units < np.inf, high, 0.0)
    count = np.where(x.most_count < np.inf, count, 0.0)

    phi = np.where(x.standing_kwh[x.pair_station] > 0, 0.0, np.maximum(m.door, 0.0))
    demand_price = zone_prices(x, mu, phi)
    j, k = x.option_site, x.option_type
    unit_price = pi + high[k] - low[k] - np.array([tau.get(u, 0.0) for u in x.task_unit])[j]
    margin = (
        mu[x.option_station] * x.kwh[k]
        - beta[j] * x.bays_used[k]
        - gamma[j] * x.grid_used_kw[k]
        - (omega[j] * whole_use[k]).sum(axis=1)
        + nu[j]
        - link
        - unit_price * x.quota_units[k]
        - count[k]
        - rho * x.option_price_cny
    )
    opening = (
        beta * x.bays
        + gamma * x.grid_kw
        + (omega * whole_room).sum(axis=1)
        + np.bincount(j, link * x.option_most, minlength=len(x.bays))
        + np.bincount(x.station_site[x.pair_station], phi * x.energy[x.pair_demand], minlength=len(x.bays))
        - nu * x.min_station
        - rho * x.opening_cny
    )
    return float(
        x.energy @ demand_price
        + mu @ x.standing_kwh
        + pi * x.quota
        + rho * (x.budget_cny if rho > 0 else 0.0)
        + (high * np.where(high > 0, x.most_units, 0.0) - low * x.least_units).sum()
        + (count * np.where(count > 0, x.most_count, 0.0)).sum()
        - sum(tau[unit] * task for unit, task in x.tasks.items())
        + x.option_most @ np.maximum(margin, 0.0)
        + np.where(x.open_from > 0, opening, np.maximum(opening, 0.0)).sum()
    )


def zone_prices(x: Instance, capacity_price: np.ndarray, door_price: np.ndarray) -> np.ndarray:
    """The least price of each demand that leaves no pair a gain: max over its pairs of worth - mu - phi, at least 0."""
    price = np.zeros(len(x.energy))
    np.maximum.at(price, x.pair_demand, x.pair_worth - capacity_price[x.pair_station] - door_price)
    return price
