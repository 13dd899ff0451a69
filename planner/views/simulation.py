"""A simulated day as tables: on the console, and as files in the plan's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from rich.table import Table

from planner.files.whole import whole_files, write_json
from planner.scenario import Scenario
from planner.simulation.days import BUSY_ARRIVALS, Simulation
from planner.simulation.stress import Stress
from planner.views.stress import stress_summary

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


def simulation_table(seen: Simulation, scenario: Scenario, lang: str) -> Table:
    """Waits, losses and use by service."""
    chinese = lang == "zh"
    title = f"仿真 {seen.days} 天" if chinese else f"{seen.days} simulated days"
    headings = (
        ("服务", "排队数（站点×桩型）", "日到达", "平均等待（分钟）", "未能充电", "利用率")
        if chinese
        else ("service", "queues (site and type)", "arrivals a day", "mean wait (min)", "lost", "use of the plugs")
    )
    table = Table(title=title, title_justify="left")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place == 0 else "right", overflow="fold")
    rows = simulation_summary(seen)["services"]
    for service, rules in scenario.services.items():
        if service not in rows:
            continue
        row = rows[service]
        table.add_row(
            rules.name_zh if chinese else rules.name_en,
            f"{row['stations']:,}",
            f"{row['arrivals_day']:,.0f}",
            f"{row['wait_mean_min']:.1f}",
            f"{row['lost_share']:.1%}",
            f"{row['utilisation']:.1%}",
        )
    return table


def kept_line(seen: Simulation, lang: str) -> str:
    """One sentence: how many stations keep the promise."""
    kept = seen.kept()
    share, minutes = f"{seen.most_share:.0%}", f"{seen.most_min:g}"
    if not len(kept):
        return "没有日到达 20 次以上的排队" if lang == "zh" else "no queue has 20 arrivals a day"
    if lang == "zh":
        return (
            f"日到达 {BUSY_ARRIVALS:g} 次以上的 {len(kept):,} 个排队中，{kept.mean():.1%} 达到承诺"
            f"（高峰小时等待超过 {minutes} 分钟的不超过 {share}）"
        )
    return (
        f"{kept.mean():.1%} of the {len(kept):,} queues with {BUSY_ARRIVALS:g} or more arrivals a day keep the "
        f"promise (at most {share} wait over {minutes} minutes in the peak hour)"
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
