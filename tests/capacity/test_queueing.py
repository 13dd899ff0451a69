"""Waits: Erlang's formula against enumeration, published values and simulated queues; energy by count."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pandas as pd
import pytest
import simpy
from scipy.optimize import brentq

from planner.capacity.queueing import carried_energy, most_arrivals_hour, waiting_probability


def enumerated(plugs: int, arrivals: float, session_h: float, wait_h: float) -> float:
    """P(wait > wait_h) by the sums of the textbook, term by term."""
    a = arrivals * session_h
    if a >= plugs:
        return 1.0
    last = a**plugs / math.factorial(plugs) * plugs / (plugs - a)
    waits = last / (sum(a**m / math.factorial(m) for m in range(plugs)) + last)
    return waits * math.exp(-(plugs - a) * wait_h / session_h)


def test_the_textbook_values() -> None:
    # one plug: C = a, so half of the arrivals wait at a = 0.5; and a third at two plugs, a = 1 (Kleinrock, 3.5)
    assert waiting_probability(np.array([1]), np.array([0.5]), 1.0, 0.0) == pytest.approx([0.5])
    assert waiting_probability(np.array([2]), np.array([1.0]), 1.0, 0.0) == pytest.approx([1 / 3])
    # one plug, P(wait > t) = rho exp(-(mu - lambda) t): 0.5 exp(-0.5 x 2)
    assert waiting_probability(np.array([1]), np.array([0.5]), 1.0, 2.0) == pytest.approx([0.5 * math.exp(-1.0)])
    assert waiting_probability(np.array([3]), np.array([3.0]), 1.0, 1.0) == pytest.approx([1.0])


def test_the_recursion_equals_the_sums() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        plugs, session_h, wait_h = int(rng.integers(1, 60)), rng.uniform(0.05, 3), rng.uniform(0, 1)
        arrivals = rng.uniform(0, 1.1) * plugs / session_h
        found = waiting_probability(np.array([plugs]), np.array([arrivals]), session_h, wait_h)[0]
        assert found == pytest.approx(enumerated(plugs, arrivals, session_h, wait_h), rel=1e-9, abs=1e-15)


def too_late(plugs: int, session_h: float, wait_h: float, share: float, arrivals: float) -> float:
    return enumerated(plugs, arrivals, session_h, wait_h) - share


def test_the_most_arrivals_match_direct_search() -> None:
    plugs = np.arange(1, 41)
    for session_h, wait_h, share in ((0.7, 1 / 6, 0.1), (1.4, 1 / 6, 0.05), (0.06, 0.25, 0.2)):
        found = most_arrivals_hour(plugs, session_h, wait_h, share)
        for c, arrivals in zip(plugs.tolist(), found, strict=True):
            late = partial(too_late, c, session_h, wait_h, share)
            root = brentq(late, 1e-12, c / session_h * (1 - 1e-12))
            assert arrivals == pytest.approx(root, rel=1e-6)
        assert (np.diff(found / plugs) > 0).all()  # every plug of a larger station carries more


def types(**columns: object) -> pd.DataFrame:
    usual = {
        "plugs": 1,
        "bays_used": 1,
        "session_kwh": 25.0,
        "session_h": 25 / 36,
        "peak_share": 0.085,
        "queue": True,
        "battery_swap": False,
        "energy_kwh_day": 200.0,
    }
    return pd.DataFrame([usual | columns], index=pd.Index(["dc"], name="charger_type"))


def test_pooling_as_the_field_reports_it() -> None:
    # facts.md, section 6.3: a 60 kW charger alone 52 kWh a day, in a station of 5 231 each, of 10 294, of 20 342
    energy = carried_energy(types(), 10, 0.1, 20)["energy_kwh_day"].loc["dc"]
    each = [energy[n] / n for n in (1, 5, 10, 20)]
    assert each == pytest.approx([52, 231, 294, 342], rel=0.01)


def test_energy_never_falls_with_the_count() -> None:
    for plugs, bays_used in ((1, 1), (2, 2), (8, 8)):
        energy = carried_energy(types(plugs=plugs, bays_used=bays_used), 10, 0.1, 60)["energy_kwh_day"]
        assert energy.index.get_level_values("count").tolist() == list(range(1, 60 // bays_used + 1))
        assert (np.diff(energy) > 0).all()


def test_what_does_not_queue_carries_its_energy() -> None:
    assert carried_energy(types(queue=False), 10, 0.1, 3)["energy_kwh_day"].tolist() == [200, 400, 600]
    nobody = types(session_kwh=np.nan, session_h=np.nan, peak_share=np.nan)
    assert carried_energy(nobody, 10, 0.1, 2)["energy_kwh_day"].tolist() == [200, 400]
    # a swap station never carries more than its batteries: at 4 minutes a swap the queue alone would allow more
    swap = types(battery_swap=True, session_h=4 / 60, energy_kwh_day=1000.0)
    assert carried_energy(swap, 10, 0.1, 2)["energy_kwh_day"].tolist() == [1000, 2000]


def test_a_longer_or_rarer_wait_carries_more() -> None:
    usual = carried_energy(types(), 10, 0.1, 20)["energy_kwh_day"]
    assert (carried_energy(types(), 15, 0.1, 20)["energy_kwh_day"] > usual).all()
    assert (carried_energy(types(), 10, 0.2, 20)["energy_kwh_day"] > usual).all()


def simulated(plugs: int, arrivals: float, session_h: float, wait_h: float, seed: int) -> float:
    """Share of the arrivals of one run of an M/M/c queue that wait longer, the first fifth thrown away."""
    rng = np.random.default_rng(seed)
    came = np.cumsum(rng.exponential(1 / arrivals, 2500))
    length = rng.exponential(session_h, len(came))
    wait = np.zeros(len(came))
    env = simpy.Environment()
    station = simpy.Resource(env, plugs)

    def charge(n: int):  # type: ignore[no-untyped-def]
        yield env.timeout(came[n])
        with station.request() as turn:
            yield turn
            wait[n] = env.now - came[n]
            yield env.timeout(length[n])

    for n in range(len(came)):
        env.process(charge(n))
    env.run()
    return float((wait[500:] > wait_h).mean())


@pytest.mark.slow
@pytest.mark.parametrize("n", range(30))
def test_erlang_equals_simulated_queues(n: int) -> None:
    """30 queues: the mean of 8 runs lies within 4 standard errors of the formula."""
    rng = np.random.default_rng(n)
    plugs, session_h = int(rng.integers(1, 21)), float(rng.uniform(0.1, 1.5))
    arrivals = float(rng.uniform(0.4, 0.85) * plugs / session_h)
    wait_h = float(rng.uniform(0.0, 0.3) * session_h)
    runs = [simulated(plugs, arrivals, session_h, wait_h, 100 * n + run) for run in range(8)]
    expected = waiting_probability(np.array([plugs]), np.array([arrivals]), session_h, wait_h)[0]
    error = max(np.std(runs, ddof=1) / math.sqrt(len(runs)), 0.003)
    assert abs(np.mean(runs) - expected) <= 4 * error
