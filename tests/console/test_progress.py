"""The clock of a plan: each second belongs to the stage that was under way, and each stage ends with what it found."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from helpers.towns import middle_town
from planner.console import progress
from planner.console.progress import Clock
from planner.progress import Stage
from planner.siting import choose_sites
from planner.siting.choose import SolverParams
from planner.siting.city.city import CityParams


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock is a second after the one before."""
    seconds = iter(range(1_000))
    monkeypatch.setattr(progress.time, "perf_counter", lambda: float(next(seconds)))


def clock() -> tuple[Clock, StringIO]:
    out = StringIO()
    return Clock(Console(file=out, width=100), "en"), out


@pytest.mark.usefixtures("ticking")
def test_seconds_go_to_the_stage_that_was_under_way() -> None:
    told, _ = clock()
    told(Stage.LAYERS, None, None)
    told(Stage.SEARCH, None, 100.0)
    told(Stage.SEARCH, 98.0, 100.0)
    told(Stage.SETTLE, 98.0, 100.0)
    told.stop()
    assert told.seconds == {"layers": 1.0, "search": 2.0, "settle": 1.0}


def test_a_log_has_every_stage_as_it_begins_and_what_it_came_to() -> None:
    told, out = clock()
    told(Stage.LAYERS, None, None)
    told(Stage.SEARCH, None, 100.0)
    told(Stage.SEARCH, 97.0, 100.0)
    told(Stage.SEARCH, 98.0, 100.0)
    told(Stage.SETTLE, 98.0, 100.0)
    told.stop()
    assert out.getvalue().splitlines() == [
        "layers",
        "search  bound 100 kWh/day",
        "search  value 98  bound 100 kWh/day  gap 2.00 %",
        "settle  value 98  bound 100 kWh/day  gap 2.00 %",
    ]


@pytest.mark.parametrize("kept", [True, False])
def test_a_first_run_says_once_why_it_takes_longer(kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.siting.loops_are_kept", lambda: kept, raising=False)
    told, out = clock()
    for bound in (None, 100.0, 99.0):
        told(Stage.BOUND, None, bound)
    assert out.getvalue().count("first run: loops are compiled") == (not kept)


def test_siting_tells_each_stage_before_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the road of cities: no stage is first told with the value that it is to find."""
    monkeypatch.setattr("planner.siting.choose.PARAMS", SolverParams(at_once_pairs=0, whole_pairs=0))
    few = CityParams(least_steps=20, many_steps=20, most_steps=20, few_moves=0, least_moves=0, most_moves=20)
    monkeypatch.setattr("planner.siting.city.city._PARAMS", few)
    told: list[tuple[Stage, float | None]] = []
    choose_sites(
        middle_town(1, size=20, quota=80).problem, progress=lambda stage, value, _: told.append((stage, value))
    )
    stages = list(dict.fromkeys(stage for stage, _ in told))
    road = [Stage.RULES, Stage.BOUND, Stage.SEARCH, Stage.SETTLE, Stage.COMBINE, Stage.HEADROOM]
    assert stages == road
    first = {stage: next(value for told_stage, value in told if told_stage is stage) for stage in stages}
    assert first[Stage.BOUND] is None and first[Stage.SEARCH] is None
    assert all(first[stage] is not None for stage in road[3:])
