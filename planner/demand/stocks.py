"""Stocks of vehicles by year: curves through given year-end counts."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import least_squares

from planner.faults import BadInput, Fault
from planner.scenario import Fleet, Growth, Scenario


def vehicles_at(fleet: Fleet, scenario: Scenario) -> float:
    """Vehicles of a fleet at the end of the scenario's year.

    `Fleet.vehicles` counts the year `vehicles_year`; a curve brings it to the scenario's year by the ratio of its
    values in both, so that a national curve may stand for a city.

    Parameters
    ----------
    fleet, scenario
        The fleet and the scenario it belongs to.

    Raises
    ------
    BadInput
        The curve does not reach one of the years.
    """
    counted = fleet.vehicles_year or scenario.year
    if fleet.grows_with is None or counted == scenario.year:
        return fleet.vehicles.base
    curve = scenario.growth[fleet.grows_with]
    at = {year: stock_at(curve, year, f"growth.{fleet.grows_with}") for year in (counted, scenario.year)}
    return fleet.vehicles.base * at[scenario.year] / at[counted]


def stock_at(curve: Growth, year: int, key: str = "growth") -> float:
    """A curve's value at a year-end.

    ``linear``: between the points, and along the last two beyond. ``growth``: points fitted by a fixed yearly rate.
    ``logistic``: K / (1 + exp(-r (t - t0))), r and t0 by a straight line through the logits. ``bass``: K (1 - e) / (1 +
    q/p e) with e = exp(-(p + q)(t - start)), start being the year before the first point, p and q by least squares of
    the logarithms.

    Parameters
    ----------
    curve
        Points, kind and saturation.
    year
        Between the first point and `Growth.until`.
    key
        Of the section, for messages.

    Raises
    ------
    BadInput
        A year outside.

    References
    ----------
    Bass, F. (1969). A new product growth for model consumer durables. Management Science 15(5).
    """
    first = min(map(int, curve.points))
    if not first <= year <= curve.until:
        en = f"asked for {year}, but the curve holds from {first} to {curve.until}; add points or extend `until`"
        zh = f"要求 {year} 年，而曲线仅适用于 {first} 至 {curve.until} 年；请补充数据点或延长 `until`"
        raise BadInput([Fault(f"scenario, key {key}", en=en, zh=zh)])
    years = np.array(sorted(map(int, curve.points)), float)
    counts = np.array([curve.points[str(int(y))] for y in years], float)
    return float(_DRAWN[curve.curve](years, counts, curve.saturation.base if curve.saturation else math.inf, year))


def _linear(years: np.ndarray, counts: np.ndarray, saturation: float, year: float) -> float:
    if year <= years[-1]:
        return float(np.interp(year, years, counts))
    slope = (counts[-1] - counts[-2]) / (years[-1] - years[-2])
    return float(max(counts[-1] + slope * (year - years[-1]), 0.0))


def _rate(years: np.ndarray, counts: np.ndarray, saturation: float, year: float) -> float:
    slope, level = np.polyfit(years - years[0], np.log(counts), 1)
    return math.exp(level + slope * (year - years[0]))


def _logistic(years: np.ndarray, counts: np.ndarray, saturation: float, year: float) -> float:
    """A straight line through the logits: r and t0 in closed form."""
    slope, level = np.polyfit(years - years[0], np.log(counts / (saturation - counts)), 1)
    return saturation / (1 + math.exp(-(level + slope * (year - years[0]))))


def _bass(years: np.ndarray, counts: np.ndarray, saturation: float, year: float) -> float:
    start = years[0] - 1

    def stock(t: np.ndarray, p: float, q: float) -> np.ndarray:
        decay = np.exp(-(p + q) * (t - start))
        return np.asarray(saturation * (1 - decay) / (1 + q / p * decay))

    def misfit(logs: np.ndarray) -> np.ndarray:
        p, q = np.exp(logs)
        return np.asarray(np.log(stock(years, p, q)) - np.log(counts))

    found = least_squares(misfit, np.log([counts[0] / saturation, 0.4]))
    return float(stock(np.array([year]), *np.exp(found.x))[0])


_DRAWN: dict[str, Callable[[np.ndarray, np.ndarray, float, float], float]] = {
    "linear": _linear,
    "growth": _rate,
    "logistic": _logistic,
    "bass": _bass,
}
