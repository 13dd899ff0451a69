"""Drivers who choose for themselves: small towns by hand, Erlang's formula, seeds, and the command."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from helpers.command import planner
from helpers.scenarios import WAITING
from planner.demand.hours import HOURS
from planner.exports import save_plan
from planner.plan import Plan, make_plan
from planner.scenario import read_scenario
from planner.simulation.drivers import nearest_stations, planned_drivers
from planner.simulation.seen import Stress
from planner.simulation.stress import FreeDrivers, stress_test
from planner.studies.design_days import simulate_plan, stress_plan
from planner.views.simulation import save_simulation
from planner.views.stress import stress_summary

CHARGE_H = 0.5


def run(
    arrivals_hour: float,
    plugs: Mapping[str, int],
    balk_min: float = 15.0,
    tries: int = 2,
    queue: bool = True,
    days: int = 6,
    seed: int = 0,
    processes: int = 1,
    type_h: Mapping[str, float] | None = None,
) -> Stress:
    """One zone with even arrivals all day; stations s1 (100 m), s2 (700 m on) and so on; charges of half an hour.

    A name like s1/dc says the charger type; it is dc without.
    """
    keys = [(name.partition("/")[0], name.partition("/")[2] or "dc") for name in plugs]
    index = pd.MultiIndex.from_tuples(keys, names=["site_id", "charger_type"])
    queues = pd.DataFrame({"service": "fast", "plugs": list(plugs.values()), "queue": queue}, index=index).sort_index()
    sites = sorted({site for site, _ in keys})
    attempts = pd.MultiIndex.from_tuples(
        [("z", "fast", n) for n in range(len(sites))], names=["zone_id", "service", "attempt"]
    )
    choices = pd.DataFrame({"site_id": sites, "way_m": [100.0 + 600 * n for n in range(len(sites))]}, index=attempts)
    who = pd.MultiIndex.from_tuples([("z", "fast", "cars")], names=["zone_id", "service", "fleet"])
    drivers = pd.DataFrame(arrivals_hour, columns=HOURS, index=who).assign(planned_m=250.0)
    mean_h = pd.Series(type_h or {"dc": CHARGE_H}).rename_axis("charger_type")
    planned = pd.Series({("s1", "fast"): 24 * arrivals_hour}).rename_axis(["site_id", "service"])
    free = FreeDrivers(drivers, choices.iloc[:tries], queues, mean_h.to_frame("cars"), mean_h, planned)
    return stress_test(free, balk_min, tries, days, seed=seed, processes=processes)


def mean(seen: Stress, figure: str) -> float:
    return float(seen.figures.loc[("all", figure), "mean"])


def loss(load: float, plugs: int) -> float:
    """Erlang's loss formula."""
    terms = np.cumprod([1.0, *(load / n for n in range(1, plugs + 1))])
    return float(terms[-1] / terms.sum())


def test_nobody_drives_on_where_nobody_queues() -> None:
    seen = run(2.0, {"s1": 50, "s2": 1})
    assert mean(seen, "lost_share") == mean(seen, "rerouted_share") == mean(seen, "wait_mean_min") == 0.0
    assert mean(seen, "extra_m") == pytest.approx(100 - 250)  # the nearest is 100 m away, the plan sends them 250 m
    assert seen.stations.loc[("s1", "fast"), "came"] == mean(seen, "arrivals_day")
    assert seen.stations.loc[("s2", "fast"), "came"] == 0
    assert seen.overrun(5).empty


def test_without_queues_two_stations_are_erlang_losses() -> None:
    """Where any wait is too long (one ahead on 2 plugs: 15 min > 14), the first station loses Erlang's share."""
    first = loss(4 * CHARGE_H, 2)  # 2 erlang on 2 plugs: (2^2 / 2) / (1 + 2 + 2) = 0.4
    assert first == pytest.approx(0.4)
    for queue in (True, False):
        seen = run(4.0, {"s1": 2, "s2": 100}, balk_min=14.0, queue=queue, days=120)
        assert mean(seen, "rerouted_share") == pytest.approx(first, rel=0.05)
        assert mean(seen, "lost_share") == mean(seen, "wait_mean_min") == 0.0
        # 0.6 drive 100 m and 0.4 drive 700 m: 340, and the plan has 250
        assert mean(seen, "extra_m") == pytest.approx(340 - 250, abs=12)
        assert seen.stations.loc[("s1", "fast"), "turned_away_share"] == pytest.approx(first, rel=0.05)
        assert seen.stations.loc[("s2", "fast"), "came"] == pytest.approx(0.4 * 96, rel=0.06)


def test_who_has_tried_enough_is_lost() -> None:
    """With one try the share that the first station turns away is lost; a free one stands 600 m on."""
    seen = run(4.0, {"s1": 2, "s2": 100}, balk_min=14.0, tries=1, days=120)
    assert mean(seen, "lost_share") == pytest.approx(loss(4 * CHARGE_H, 2), rel=0.05)
    assert mean(seen, "rerouted_share") == 0.0
    assert mean(seen, "extra_m") == pytest.approx(100 - 250)  # of those who charged
    assert seen.stations.loc[("s2", "fast"), "came"] == 0.0


def test_patient_drivers_make_an_erlang_queue() -> None:
    """Nobody balks at a day: M/M/2 of 1.5 erlang waits C s / (c - a) on average, C = B / (1 - a/c (1 - B))."""
    blocked = loss(1.5, 2)
    waits = blocked / (1 - 0.75 * (1 - blocked))
    seen = run(3.0, {"s1": 2, "s2": 5}, balk_min=1440.0, days=400)
    assert mean(seen, "rerouted_share") == 0.0
    assert mean(seen, "wait_mean_min") == pytest.approx(60 * waits * CHARGE_H / (2 - 1.5), rel=0.1)
    assert seen.stations.loc[("s1", "fast"), "utilisation"] == pytest.approx(0.75, rel=0.05)


def test_the_expected_wait_counts_those_who_wait_and_oneself() -> None:
    """One plug, charges of 30 min: alone behind it 30, behind one more 60. Who takes 45 queues alone, never second.

    That is M/M/1 with room for two, which loses a^2 / (1 + a + a^2) = 1 / 3 at 1 erlang.
    """
    seen = run(2.0, {"s1": 1}, balk_min=45.0, tries=1, days=300)
    assert mean(seen, "lost_share") == pytest.approx(1 / 3, rel=0.06)
    # of those who stay half find the plug free (states 0 and 1 are as likely), half wait one charge: 15 min on average
    assert mean(seen, "wait_mean_min") == pytest.approx(15.0, rel=0.08)


def test_of_free_chargers_the_fastest_is_taken() -> None:
    seen = run(1.0, {"s1/big": 40, "s1/ac": 40}, tries=1, type_h={"ac": 2.0, "big": 0.25})
    # all on the big ones: 24 arrivals x 0.25 h = 6 plug hours of 80 x 24
    assert seen.stations.loc[("s1", "fast"), "utilisation"] == pytest.approx(6 / (80 * 24), rel=0.2)


def test_the_same_seed_gives_the_same_days_in_any_number_of_processes() -> None:
    plugs = {"s1": 2, "s2": 1}
    one, two = (run(4.0, plugs, days=7, processes=n) for n in (1, 2))
    pd.testing.assert_frame_equal(one.figures, two.figures)
    pd.testing.assert_frame_equal(one.stations, two.stations)
    assert not one.stations.equals(run(4.0, plugs, days=7, seed=1).stations)


def test_confidence_is_students_over_the_days_and_unknown_from_one() -> None:
    """t of 5 degrees of freedom at 97.5 % is 2.571; arrivals are Poisson of 96 a day, so s / sqrt(6) is about 4."""
    row = run(4.0, {"s1": 9}, days=6).figures.loc[("all", "arrivals_day")]
    assert row["high"] - row["mean"] == pytest.approx(row["mean"] - row["low"])
    assert 0.2 * 2.571 * 4 < row["high"] - row["mean"] < 2.2 * 2.571 * 4
    alone = run(4.0, {"s1": 9}, days=1).figures.loc[("all", "arrivals_day")]
    assert np.isnan(alone["low"]) and np.isnan(alone["high"]) and alone["mean"] > 0


def test_stations_by_nearness_within_reach() -> None:
    """Three stations 300, 500 and 900 m from z, reach 800; a and b stand 1,000 m apart, detour 1.3."""
    sites = gpd.GeoDataFrame(
        index=pd.Index(["a", "b", "c", "d"], name="site_id"),
        geometry=gpd.points_from_xy([1000, 0, 0, 0], [0, 0, 50, 5]),
        crs=32649,
    )
    asks = pd.MultiIndex.from_tuples([("z", "fast"), ("z", "slow")], names=["zone_id", "service"])
    demand = pd.DataFrame({"reach_m": [800.0, 400.0]}, index=asks)
    goes = {
        ("z", "a", "drive"): 500.0,
        ("z", "b", "drive"): 300.0,
        ("z", "c", "drive"): 900.0,
        ("z", "d", "drive"): 1.0,
    }
    goes |= {("z", "a", "walk"): 450.0, ("z", "b", "walk"): 350.0}
    access = pd.DataFrame({"metres": pd.Series(goes)}).rename_axis(["zone_id", "site_id", "mode"])
    rows = [("a", "dc"), ("b", "dc"), ("c", "dc"), ("a", "ac"), ("b", "ac")]
    queues = pd.DataFrame(
        {"service": ["fast"] * 3 + ["slow"] * 2, "plugs": 1, "queue": True},
        index=pd.MultiIndex.from_tuples(rows, names=["site_id", "charger_type"]),
    )
    modes = {"fast": "drive", "slow": "walk"}
    found = nearest_stations(demand, access, sites, queues, modes=modes, detour_factor=1.3, tries=3)
    # d is nearest but has no charger, c is out of reach by 100 m, the slow a by 50; from b on to a: 300 + 1.3 x 1,000
    assert found["site_id"].to_dict() == {("z", "fast", 0): "b", ("z", "fast", 1): "a", ("z", "slow", 0): "b"}
    assert found["way_m"].tolist() == [300.0, 1600.0, 350.0]
    assert len(nearest_stations(demand, access, sites, queues, modes=modes, detour_factor=1.3, tries=1)) == 2


def test_drivers_keep_the_plans_number_and_metres() -> None:
    """Six charges of z at a (100 m) and two at b (500 m): eight drivers, (6 x 100 + 2 x 500) / 8 = 200 m."""
    columns = ["zone_id", "site_id", "charger_type", "service", "fleet", "number"]
    charged = pd.DataFrame(
        [["z", "a", "dc", "fast", "cars", 6.0], ["z", "b", "dc", "fast", "cars", 2.0]], columns=columns
    )
    charges = pd.DataFrame(
        {"service": "fast"} | dict.fromkeys(HOURS, 1 / 24),
        index=pd.MultiIndex.from_tuples([("dc", "cars")], names=["charger_type", "fleet"]),
    )
    metres = pd.Series({("z", "a", "fast"): 100.0, ("z", "b", "fast"): 500.0}).rename_axis(
        ["zone_id", "site_id", "service"]
    )
    drivers = planned_drivers(charged, charges, metres)
    assert drivers.loc[("z", "fast", "cars"), HOURS].sum() == pytest.approx(8.0)
    assert drivers["planned_m"].tolist() == [pytest.approx(200.0)]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Toytown planned at a promised wait."""
    file = tmp_path_factory.mktemp("stress") / "waiting.toml"
    patience = "[waiting]\nbalk_min = 20\ntries = 2\n"
    file.write_text(WAITING.replace("[waiting]\n", patience) + "[fleets.taxis]\nsession_kwh = 25\n", encoding="utf-8")
    return make_plan(read_scenario(file))


def test_everybody_whom_the_plan_serves_comes(plan: Plan) -> None:
    seen = stress_plan(plan, 4)
    slow, taken = seen.figures.loc[("slow", "arrivals_day")], plan.assignment.query("service == 'slow'")
    expected = taken["energy_kwh_day"].sum() / 20  # cars charge 20 kWh of slow service each
    assert slow["mean"] == pytest.approx(expected, abs=4 * (expected / 4) ** 0.5)
    assert seen.stations["planned"].xs("slow", level="service").sum() == pytest.approx(expected)
    stations = seen.stations
    assert stations["came"].to_numpy() == pytest.approx((stations["turned_away"] + stations["charged"]).to_numpy())
    everyone = seen.figures["mean"].xs("arrivals_day", level="figure")
    assert everyone["all"] == pytest.approx(everyone.drop("all").sum())


@pytest.mark.slow
def test_the_command_writes_and_prints_it_and_a_plain_run_drops_it(plan: Plan, tmp_path: Path) -> None:
    folder = save_plan(plan, tmp_path / "plan")
    options = ("--days", "1", "--stress", "--stress-days", "3", "--lang", "zh")
    done = planner("simulate", "plan", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "压力测试 3 天" in done.stdout and "改去他站" in done.stdout
    told = json.loads((folder / "simulation.json").read_text(encoding="utf-8"))
    seen = stress_plan(plan, 3)
    assert told["stress"] == stress_summary(seen, plan.sites)
    assert (told["stress"]["days"], told["stress"]["tries"], told["stress"]["balk_min"]) == (3, 2, 20.0)
    table = pd.read_csv(folder / "simulation_stress.csv", index_col=["site_id", "service"])
    pd.testing.assert_frame_equal(table, seen.stations.round(4))
    save_simulation(simulate_plan(plan, 1), folder, plan.sites)
    assert "stress" not in json.loads((folder / "simulation.json").read_text(encoding="utf-8"))
    assert not (folder / "simulation_stress.csv").exists()


def test_a_stress_test_needs_to_know_what_drivers_put_up_with(plan: Plan, faults: Callable[..., list[str]]) -> None:
    assert plan.scenario.waiting is not None
    meek = plan.scenario.waiting.model_copy(update={"balk_min": None})
    changed = replace(plan, scenario=plan.scenario.model_copy(update={"waiting": meek}))
    (fault,) = faults(stress_plan, changed)
    assert fault.startswith("scenario, key waiting.balk_min: missing; the stress test needs the wait")
