"""A simulated day as tables: on the console, and as files in the plan's folder."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.files.whole import whole_files, write_json
from planner.simulation.seen import BUSY_ARRIVALS, Simulation, Stress
from planner.views import numbers
from planner.views.columns import COLUMNS as COLUMNS_OF_PLANS
from planner.views.stress import stress_summary
from planner.views.table import Column, Table
from planner.words import NO_TEXT, Text, text_of

if TYPE_CHECKING:
    from planner.scenario import Scenario

_STRESS_FILE = "simulation_stress.csv"
FILES = ("simulation.json", "simulation_stations.csv", "simulation_hours.csv", _STRESS_FILE)
_DECIMALS = 4


def simulation_summary(seen: Simulation) -> dict[str, Any]:
    """What ``simulation.json`` holds."""
    stations = seen.stations
    kept = seen.kept()
    queued = stations[stations["queue"]]
    late = queued["late_share"] * queued["peak_arrivals"]
    return {
        "days": seen.days,
        "seed": seen.seed,
        "most_min": seen.most_min,
        "most_share": seen.most_share,
        "arrivals_day": round(float(stations["arrivals_day"].sum()), 1),
        "busy_stations": len(kept),
        "busy_arrivals_day": BUSY_ARRIVALS,
        "kept_share": round(float(kept.mean()), 4) if len(kept) else None,
        "peak_late_share": round(float(late.sum() / max(queued["peak_arrivals"].sum(), 1)), 4),
        "services": {
            str(service): {
                "stations": len(rows),
                "arrivals_day": round(float(rows["arrivals_day"].sum()), 1),
                "wait_mean_min": round(_mean(rows["wait_mean_min"], rows["arrivals_day"]), 2),
                "lost_share": round(_mean(rows["lost_share"], rows["arrivals_day"]), 4),
                "utilisation": round(_mean(rows["utilisation"], rows["plugs"]), 4),
            }
            for service, rows in stations.groupby("service")
        },
    }


SERVICE = COLUMNS_OF_PLANS["service"]
COLUMNS = (
    Column(key="stations", words=Text(zh="排队数（站点×桩型）", en="queues (site and type)"), write=numbers.count),
    Column(key="arrivals_day", words=Text(zh="日到达", en="arrivals a day"), write=numbers.count),
    Column(key="wait_mean_min", words=Text(zh="平均等待", en="mean wait"), unit=numbers.MINUTES, write=numbers.minutes),
    Column(key="lost_share", words=Text(zh="未能充电", en="lost"), write=numbers.share),
    Column(key="utilisation", words=Text(zh="利用率", en="use of the plugs"), write=numbers.share),
)


def simulation_table(seen: Simulation, scenario: Scenario) -> Table:
    """Waits, losses and use by service."""
    title = Text(zh="仿真 {days} 天", en="{days} simulated days").fill(days=seen.days)
    return replace(simulated_services(simulation_summary(seen)["services"], scenario), title=title)


def simulated_services(services: Mapping[str, Mapping[Hashable, Any]], scenario: Scenario) -> Table:
    """The same of what ``simulation.json`` holds."""
    rows = [
        [text_of(rules, "name"), *(column.cell(services[service]) for column in COLUMNS)]
        for service, rules in scenario.services.items()
        if service in services
    ]
    return Table(NO_TEXT, (SERVICE, *COLUMNS), [rows])


def kept_line(seen: Simulation) -> Text:
    """One sentence: how many stations keep the promise."""
    kept = seen.kept()
    if not len(kept):
        return Text(zh="没有日到达 20 次以上的排队", en="no queue has 20 arrivals a day")
    return Text(
        zh="日到达 {busy} 次以上的 {queues} 个排队中，{kept} 达到承诺"
        "（高峰小时等待超过 {minutes} 分钟的不超过 {share}）",
        en="{kept} of the {queues} queues with {busy} or more arrivals a day keep the promise (at most {share} wait "
        "over {minutes} minutes in the peak hour)",
    ).fill(
        busy=numbers.plain(BUSY_ARRIVALS),
        queues=numbers.count(len(kept)),
        kept=numbers.share(kept.mean()),
        minutes=numbers.plain(seen.most_min),
        share=numbers.given_share(seen.most_share),
    )


def save_simulation(
    seen: Simulation, folder: str | Path, sites: gpd.GeoDataFrame, pressed: Stress | None = None
) -> None:
    """Write ``simulation.json``, its tables by queue and by hour and the stress test into a plan's folder.

    Each file is written whole or not at all; without a stress test no file of one is left there.

    Parameters
    ----------
    seen
        As `simulate_plan` returns it.
    folder
        The plan's folder; it exists.
    sites
        The plan's candidate sites, whose names are told beside their ids.
    pressed
        As `stress_plan` returns it.

    Raises
    ------
    BadInput
        The folder cannot be written.
    """
    home, summary = Path(folder), simulation_summary(seen)
    tables = [seen.stations, seen.hours]
    if pressed is not None:
        summary["stress"] = stress_summary(pressed, sites)
        tables.append(pressed.stations)
    with whole_files(*(home / name for name in FILES[: 1 + len(tables)])) as (first, *drafts):
        write_json(summary, first)
        for table, draft in zip(tables, drafts, strict=True):
            table.round(_DECIMALS).to_csv(draft, encoding="utf-8-sig")
        if pressed is None:
            (home / _STRESS_FILE).unlink(missing_ok=True)


def _mean(values: pd.Series, weights: pd.Series) -> float:
    """Weighted mean, 0 without weight."""
    total = float(weights.sum())
    return float(np.dot(values.to_numpy(float), weights.to_numpy(float)) / total) if total else 0.0
