"""The simulated day: what it draws, what it counts, and that it tells a good plan from one with too few chargers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers.command import planner
from helpers.scenarios import WAITING
from planner.capacity.queueing import carried_energy, waiting_probability
from planner.simulation.days import HOURS, _over_days, planned_arrivals, simulate, wilson
from planner.simulation.seen import Simulation

PROFILE = [0.03, 0.018, 0.012, 0.008, 0.008, 0.01, 0.018, 0.03, 0.042, 0.05, 0.055, 0.075,
           0.085, 0.065, 0.055, 0.05, 0.048, 0.048, 0.05, 0.055, 0.058, 0.055, 0.042, 0.033]  # fmt: skip
KWH, SESSION_H = 25.0, 0.7


def town(stations: int, plugs: int, kwh_day: float, flat: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Equal stations s00, s01, ... with so many 60 kW chargers each, that serve so much a day each."""
    index = pd.MultiIndex.from_product(
        [[f"s{n:02d}" for n in range(stations)], ["dc"]], names=["site_id", "charger_type"]
    )
    queues = pd.DataFrame({"service": "fast", "plugs": plugs, "queue": True}, index=index)
    hours = np.full(24, 1 / 24) if flat else np.array(PROFILE)
    rates = pd.DataFrame(np.tile(hours * kwh_day / KWH, (stations, 1)), columns=HOURS)
    rates.index = pd.MultiIndex.from_tuples([(*key, "cars") for key in index], names=[*index.names, "fleet"])
    return rates.assign(session_h=SESSION_H), queues


def run(stations: int, plugs: int, kwh_day: float, flat: bool = False, days: int = 30, seed: int = 0) -> Simulation:
    return simulate(*town(stations, plugs, kwh_day, flat), 10.0, 0.1, days, seed)


def carried(plugs: int) -> float:
    """What Erlang's formula lets a station carry at the promised wait."""
    types = pd.DataFrame(
        {"plugs": 1, "bays_used": 1, "session_kwh": KWH, "session_h": SESSION_H, "peak_share": 0.085, "queue": True,
         "battery_swap": False, "energy_kwh_day": 200.0},
        index=pd.Index(["dc"], name="charger_type"),
    )  # fmt: skip
    return float(carried_energy(types, 10, 0.1, plugs)["energy_kwh_day"].iloc[-1])


def test_an_even_day_is_an_erlang_queue() -> None:
    # 40 stations of 4 plugs, 4 arrivals an hour each of 0.7 h: load 2.8 erlang; 40 x 24 x 30 arrivals an hour count
    seen = run(40, 4, 4 * 24 * KWH, flat=True)
    expected = waiting_probability(np.array([4]), np.array([4.0]), SESSION_H, 1 / 6)[0]
    late = seen.hours["late_share"].mean()
    assert late == pytest.approx(expected, rel=0.06)
    assert seen.stations["utilisation"].mean() == pytest.approx(4 * SESSION_H / 4, rel=0.03)
    assert seen.hours["arrivals_day"].sum() == pytest.approx(40 * 4 * 24, rel=0.02)


@pytest.mark.slow
def test_stations_filled_to_the_promise_keep_it() -> None:
    """Erlang's hour lasts for ever, a peak hour only an hour: larger stations do better than the formula."""
    for plugs in (6, 12):
        seen = run(20, plugs, carried(plugs), days=80)
        assert len(seen.kept()) == 20
        assert seen.kept().mean() >= 0.95


@pytest.mark.slow
def test_confidence_intervals_hold_what_erlang_says() -> None:
    """Of 30 stations' intervals about 28 hold the truth; fewer than 24 hardly ever do.

    3 plugs, 3 arrivals an hour of 0.7 h: 2.1 erlang; mean wait C x 0.7 / (3 - 2.1) h.
    """
    seen = run(30, 3, 3 * 24 * KWH, flat=True, days=60)
    waits = waiting_probability(np.array([3]), np.array([3.0]), SESSION_H, 0.0)[0]
    truth = {"wait": ("wait_mean_min", 60 * waits * SESSION_H / 0.9), "utilisation": ("utilisation", 2.1 / 3)}
    for table, least in ((seen.stations, 24 / 30), (seen.hours, 19 / 24)):
        for name, (column, mean) in truth.items():
            low, high = table[f"{name}_low"], table[f"{name}_high"]
            assert ((low <= mean) & (mean <= high)).mean() >= least, name
            assert (low <= table[column]).all() and (table[column] <= high).all()
    assert seen.stations["lost_share"].max() == 0  # everybody queues
    assert 0 < seen.stations["lost_high"].max() < 0.01
    assert run(2, 3, 2000.0, days=1).stations[["wait_low", "utilisation_high"]].isna().all(axis=None)


def test_an_interval_over_days_by_hand() -> None:
    """Waits of 10 and 30 minutes on two days with 2 and 4 drivers: 40 / 6; residuals -10/3 and 10/3, t = 12.7062."""
    found = _over_days("wait", np.array([10.0, 30.0]), np.array([2, 4]))
    half = 12.7062047 * np.sqrt(2 * (10 / 3) ** 2) * np.sqrt(2) / 6
    assert found == {"wait_low": 0.0, "wait_high": pytest.approx(40 / 6 + half)}


def test_too_few_chargers_break_the_promise() -> None:
    """What five plugs may carry, at three."""
    seen = run(20, 3, carried(5))
    assert seen.kept().mean() <= 0.05
    assert (seen.stations["late_low"] > 0.1).mean() >= 0.95
    assert seen.stations["wait_mean_min"].min() > run(20, 5, carried(5)).stations["wait_mean_min"].max()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_day_whatever_else_stands() -> None:
    few, many = run(3, 4, 2000.0, days=3), run(9, 4, 2000.0, days=3)
    pd.testing.assert_frame_equal(few.stations, many.stations.iloc[:3])
    assert not few.stations.equals(run(3, 4, 2000.0, days=3, seed=1).stations)


def test_who_finds_no_slow_charger_leaves() -> None:
    arrivals, queues = town(10, 2, 24 * KWH, flat=True)  # 1 an hour for 0.7 h at 2 plugs
    seen = simulate(arrivals, queues.assign(queue=False), 10.0, 0.1, days=60)
    a = SESSION_H
    lost = (a**2 / 2) / (1 + a + a**2 / 2)  # Erlang's loss formula
    assert seen.stations["lost_share"].mean() == pytest.approx(lost, rel=0.1)
    assert (seen.stations["wait_mean_min"] == 0).all()
    assert not len(seen.kept(0))  # no promise is made there


def test_arrivals_bring_exactly_the_assigned_energy() -> None:
    """Two zones, one site with two types: taxis and cars mix as in their zones, types share by what they carry."""
    zone = pd.MultiIndex.from_tuples(
        [("a", "fast", "cars"), ("b", "fast", "cars"), ("b", "fast", "taxis")], names=["zone_id", "service", "fleet"]
    )
    mix = pd.DataFrame({"share": [1.0, 0.25, 0.75]}, index=zone)
    assignment = pd.DataFrame(
        {"energy_kwh_day": [300.0, 400.0]},
        index=pd.MultiIndex.from_tuples(
            [("a", "s", "fast"), ("b", "s", "fast")], names=["zone_id", "site_id", "service"]
        ),
    )
    pairs = pd.MultiIndex.from_product([["big", "small"], ["cars", "taxis"]], names=["charger_type", "fleet"])
    charges = pd.DataFrame({"session_kwh": [20.0, 30.0] * 2, "session_h": [0.2, 0.3, 0.4, 0.6]}, index=pairs)
    charges[HOURS] = 1 / 24
    kinds = pd.Index(["big", "small"], name="charger_type")
    types = pd.DataFrame({"service": "fast", "plugs": [2, 1], "queue": True}, index=kinds)
    capacity = pd.DataFrame(
        {"energy_kwh_day": [300.0, 50.0, 100.0]},
        index=pd.MultiIndex.from_tuples([("big", 1), ("small", 1), ("small", 2)], names=["charger_type", "count"]),
    )
    chargers = pd.DataFrame(
        {"count": [1, 2]},
        index=pd.MultiIndex.from_tuples([("s", "big"), ("s", "small")], names=["site_id", "charger_type"]),
    )
    arrivals, queues = planned_arrivals(assignment, mix, charges, types, capacity, chargers)
    # 400 kWh of cars, 300 of taxis; big carries 300 of 400: three quarters of both
    number = arrivals[HOURS].sum(axis=1)
    assert number.to_dict() == pytest.approx(
        {
            ("s", "big", "cars"): 15.0,
            ("s", "big", "taxis"): 7.5,
            ("s", "small", "cars"): 5.0,
            ("s", "small", "taxis"): 2.5,
        }
    )
    assert queues["plugs"].to_dict() == {("s", "big"): 2, ("s", "small"): 2}
    assert arrivals["session_h"].tolist() == [0.2, 0.3, 0.4, 0.6]


def test_wilson_intervals() -> None:
    # Wilson 1927; 5 of 50 at 95 %: (0.0435, 0.2136)
    assert wilson(5, 50) == pytest.approx((0.0435, 0.2136), abs=5e-4)
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toytown planned at a promised wait, and simulated."""
    home = tmp_path_factory.mktemp("waiting")
    (home / "waiting.toml").write_text(WAITING + "[fleets.taxis]\nsession_kwh = 25\n", encoding="utf-8")
    made = planner("plan", "waiting.toml", "-o", "plan", "--lang", "en", cwd=home)
    assert made.returncode == 0, made.stderr
    assert "gained by pooling over a fixed energy per charger" in made.stdout
    done = planner("simulate", "plan", "--days", "200", "--lang", "en", cwd=home)
    assert done.returncode == 0, done.stderr
    assert "arrivals a day" in done.stdout
    return home


def test_the_command_sends_every_assigned_kwh(planned: Path) -> None:
    told = json.loads((planned / "plan" / "simulation.json").read_text(encoding="utf-8"))
    served = {
        s["service"]: s for s in json.loads((planned / "plan" / "summary.json").read_text(encoding="utf-8"))["services"]
    }
    slow = served["slow"]["served_kwh_day"] - served["slow"]["standing_kwh_day"]
    # cars charge 20 kWh of slow service each; 200 days of Poisson arrivals are within 4 standard deviations
    expected = slow / 20
    assert told["services"]["slow"]["arrivals_day"] == pytest.approx(expected, abs=4 * (expected / 200) ** 0.5 + 0.1)
    stations = pd.read_csv(planned / "plan" / "simulation_stations.csv")
    assert stations["arrivals_day"].sum() == pytest.approx(told["arrivals_day"], abs=0.1)
    hours = pd.read_csv(planned / "plan" / "simulation_hours.csv")
    assert hours["arrivals_day"].sum() == pytest.approx(told["arrivals_day"], abs=0.1)


def test_the_plan_says_what_pooling_gained(planned: Path) -> None:
    """Sums over the charger types of what they carry in their stations and at the scenario's fixed energy each."""
    told = json.loads((planned / "plan" / "summary.json").read_text(encoding="utf-8"))
    carried, fixed = (sum(row[f"{how}_kwh_day"] for row in told["charger_types"]) for how in ("carried", "fixed"))
    assert told["pooling"]["gained_kwh_day"] == pytest.approx(carried - fixed)
    assert told["pooling"]["gained_share"] == pytest.approx(carried / fixed - 1, abs=1e-6)


@pytest.mark.slow
def test_the_command_repeats_itself_and_a_new_plan_drops_the_old_days(planned: Path) -> None:
    before = (planned / "plan" / "simulation_stations.csv").read_bytes()
    planner("simulate", "plan", "--days", "200", cwd=planned)
    assert (planned / "plan" / "simulation_stations.csv").read_bytes() == before
    assert planner("plan", "waiting.toml", "-o", "again", cwd=planned).returncode == 0
    planner("simulate", "again", "--days", "1", cwd=planned)
    assert planner("plan", "waiting.toml", "-o", "again", cwd=planned).returncode == 0
    assert not list((planned / "again").glob("simulation*"))


@pytest.mark.slow
def test_without_a_promise_there_is_nothing_to_simulate(planned: Path) -> None:
    assert planner("plan", "toytown/toytown", "-o", "plain", cwd=planned).returncode == 0
    done = planner("simulate", "plain", cwd=planned)
    assert done.returncode == 1
    assert "plain/scenario.toml, key waiting: missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_promise_needs_the_size_of_a_charge(planned: Path) -> None:
    (planned / "unsized.toml").write_text(WAITING, encoding="utf-8")
    done = planner("check", "unsized.toml", cwd=planned)
    assert done.returncode == 1
    assert "[waiting] needs session_kwh, missing in fleets.taxis" in done.stderr
