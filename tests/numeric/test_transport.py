"""Who charges where, by the network simplex method: against scipy's linear program, and against siting's own."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog

from helpers.towns import middle_town
from planner.numeric.transport import most_worth
from planner.siting.city.assignment import _assign_with_floors


def check(energy: np.ndarray, capacity: np.ndarray, demand: np.ndarray, station: np.ndarray, worth: np.ndarray) -> None:
    """Served within all limits, and worth what a linear program finds."""
    served = most_worth(energy, capacity, demand, station, worth)
    pairs = np.arange(len(demand))
    ends = sp.csr_matrix(
        (np.ones(2 * len(pairs)), (np.r_[demand, len(energy) + station], np.r_[pairs, pairs])),
        shape=(len(energy) + len(capacity), len(pairs)),
    )
    limits = np.r_[energy, capacity]
    assert (served >= 0).all()
    assert (ends @ served <= limits * (1 + 1e-12) + 1e-12).all()
    best = linprog(-worth, A_ub=ends, b_ub=limits, method="highs")
    assert worth @ served == pytest.approx(-best.fun, rel=1e-8, abs=1e-8)


def test_two_demands_share_a_station_by_worth() -> None:
    """10 kWh at a station that carries 12: all of the nearer 8, and 4 of the other 6; the far station takes 1 of it."""
    demand, station = np.array([0, 1, 1]), np.array([0, 0, 1])
    served = most_worth(np.array([8.0, 6.0]), np.array([12.0, 1.0]), demand, station, np.array([1.0, 0.8, 0.3]))
    assert served == pytest.approx([8.0, 4.0, 1.0])


def test_a_demand_gives_way_to_one_that_has_no_other_station() -> None:
    """Both want the first station; the one that loses little (0.1) by going elsewhere goes."""
    demand, station = np.array([0, 0, 1]), np.array([0, 1, 0])
    served = most_worth(np.array([5.0, 5.0]), np.array([5.0, 5.0]), demand, station, np.array([1.0, 0.9, 0.5]))
    assert served == pytest.approx([0.0, 5.0, 5.0])


def test_nothing_to_serve_or_to_serve_with() -> None:
    none = np.zeros(0, int)
    assert len(most_worth(np.array([1.0]), np.array([1.0]), none, none, np.zeros(0))) == 0
    one = np.array([0])
    assert most_worth(np.array([0.0]), np.array([1.0]), one, one, np.ones(1)).tolist() == [0.0]
    assert most_worth(np.array([1.0]), np.array([0.0]), one, one, np.ones(1)).tolist() == [0.0]


@pytest.mark.parametrize("seed", range(40))
def test_small_towns_are_worth_what_a_linear_program_finds(seed: int) -> None:
    """Whole numbers and few worths, so that many bases are degenerate and many plans equally good."""
    rng = np.random.default_rng(seed)
    demands, stations = rng.integers(1, 15), rng.integers(1, 10)
    demand, station = np.nonzero(rng.random((demands, stations)) < 0.5)
    worth = rng.choice([0.2, 0.5, 0.8, 1.0], len(demand)) if seed % 2 else rng.random(len(demand))
    energy, capacity = rng.integers(0, 20, demands).astype(float), rng.integers(0, 30, stations).astype(float)
    if len(demand):
        check(energy, capacity, demand, station, worth)


@pytest.mark.parametrize(("supply", "grid"), [(0.3, False), (1.0, False), (1.0, True), (3.0, False)])
def test_towns_are_worth_what_a_linear_program_finds(supply: float, grid: bool) -> None:
    """Scarce, even and plentiful supply; on a grid many pairs are equally far."""
    rng = np.random.default_rng(int(10 * supply) + grid)
    zones, sites = rng.random((600, 2)), rng.random((60, 2))
    if grid:
        zones, sites = np.round(zones, 1), np.round(sites, 1)
    metres = np.hypot(*(zones[:, None] - sites[None]).transpose(2, 0, 1))
    demand, station = np.nonzero(metres < 0.25)
    energy = rng.random(600) * 20
    capacity = rng.random(60) * supply * energy.sum() / 30
    check(energy, capacity, demand, station, 1 - 0.5 * metres[demand, station] / 0.25)


def test_the_same_as_sitings_own_linear_program() -> None:
    x = middle_town(4).instance
    capacity = x.station_kwh(np.minimum(x.option_most, 4.0))
    served = most_worth(x.energy, capacity, x.pair_demand, x.pair_station, x.pair_worth)
    by_program = _assign_with_floors(x, capacity, x.pair_worth, np.zeros(0, int))
    assert x.pair_worth @ served == pytest.approx(x.pair_worth @ by_program, rel=1e-7)
