"""A stress test as tables: on the console, and in the summary of the simulation."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
from rich.table import Table

from planner.scenario import Scenario
from planner.simulation.stress import EVERYONE, Stress

_MOST_OVERRUN = 10
_DECIMALS = 4
_HEADINGS = {
    "arrivals_day": ("日到达", "arrivals a day", "{:,.0f}"),
    "lost_share": ("未能充电", "lost", "{:.1%}"),
    "rerouted_share": ("改去他站", "charged elsewhere", "{:.1%}"),
    "wait_mean_min": ("平均等待（分钟）", "mean wait (min)", "{:.1f}"),
    "wait_p90_min": ("第90百分位等待（分钟）", "wait of 9 in 10 (min)", "{:.1f}"),
    "extra_m": ("较规划多行（米）", "way beyond the plan's (m)", "{:+,.0f}"),
}


def stress_summary(seen: Stress, sites: gpd.GeoDataFrame) -> dict[str, Any]:
    """What ``simulation.json`` holds of a stress test; null is what one day alone cannot tell."""
    figures: dict[str, dict[str, Any]] = {}
    for service, rows in seen.figures.groupby(level="service", sort=False):
        figures[str(service)] = {
            str(figure): {str(k): None if np.isnan(v) else round(float(v), _DECIMALS) for k, v in row.items()}
            for figure, row in rows.droplevel("service").iterrows()
        }
    overrun = seen.overrun(_MOST_OVERRUN).round(_DECIMALS).reset_index()
    overrun.insert(1, "name_zh", sites["name_zh"].reindex(overrun["site_id"]).to_numpy(object))
    return {
        "days": seen.days,
        "seed": seen.seed,
        "balk_min": seen.balk_min,
        "tries": seen.tries,
        "figures": figures,
        "overrun_stations": overrun.to_dict("records"),
    }


def stress_lines(seen: Stress, sites: gpd.GeoDataFrame, scenario: Scenario, lang: str) -> list[Table | str]:
    """What was tested in one sentence, the figures by service, and the stations that turn most drivers away."""
    return [_sentence(seen, lang), _figure_table(seen, scenario, lang), _overrun_table(seen, sites, scenario, lang)]


def _sentence(seen: Stress, lang: str) -> str:
    if lang == "zh":
        return (
            f"压力测试：同样的车辆不听从规划，而去最近的站；预计等待超过 {seen.balk_min:g} 分钟（慢充无空位）"
            f"即改去下一最近站，最多 {seen.tries} 站，否则流失。± 为按日 95 % 置信区间的一半。"
        )
    return (
        "stress test: the same drivers do not follow the plan but go to the nearest station; from an expected wait "
        f"over {seen.balk_min:g} minutes (slow: from a full one) they go on to the next, to {seen.tries} at most, or "
        "are lost; ± is half the 95 % confidence interval over the days"
    )


def _figure_table(seen: Stress, scenario: Scenario, lang: str) -> Table:
    chinese = lang == "zh"
    table = Table(title=f"压力测试 {seen.days} 天" if chinese else f"{seen.days} days of stress", title_justify="left")
    table.add_column("服务" if chinese else "service", overflow="fold")
    for zh, en, _ in _HEADINGS.values():
        table.add_column(zh if chinese else en, justify="right", overflow="fold")
    names = {str(s): rules.name_zh if chinese else rules.name_en for s, rules in scenario.services.items()}
    for service, name in (names | {EVERYONE: "合计" if chinese else "all"}).items():
        if service in seen.figures.index.get_level_values("service"):
            table.add_row(name, *(_cell(seen, service, figure) for figure in _HEADINGS))
    return table


def _cell(seen: Stress, service: str, figure: str) -> str:
    """A mean and half its confidence interval, where several days tell one."""
    mean, high = (float(seen.figures[column].loc[(service, figure)]) for column in ("mean", "high"))
    words = _HEADINGS[figure][2]
    if np.isnan(mean):
        return "–"
    if figure == "arrivals_day" or np.isnan(high):
        return words.format(mean)
    return f"{words.format(mean)} ± {words.format(high - mean).lstrip('+')}"


def _overrun_table(seen: Stress, sites: gpd.GeoDataFrame, scenario: Scenario, lang: str) -> Table:
    chinese = lang == "zh"
    zh = ("站点", "服务", "枪数", "规划日到达", "实际日到达", "离开", "离开占比", "平均等待（分钟）")
    en = ("station", "service", "plugs", "planned a day", "came a day", "turned away", "share", "mean wait (min)")
    title = "离开车辆最多的站点" if chinese else "stations that turn most drivers away"
    table = Table(title=title, title_justify="left")
    for place, heading in enumerate(zh if chinese else en):
        table.add_column(heading, justify="left" if place < 2 else "right", overflow="fold")
    names = {str(s): rules.name_zh if chinese else rules.name_en for s, rules in scenario.services.items()}
    called = sites["name_zh"].to_dict()
    for row in seen.overrun(_MOST_OVERRUN).reset_index().to_dict("records"):
        table.add_row(
            f"{row['site_id']} {called[row['site_id']]}",
            names[row["service"]],
            f"{row['plugs']:,}",
            f"{row['planned']:,.1f}",
            f"{row['came']:,.1f}",
            f"{row['turned_away']:,.1f}",
            f"{row['turned_away_share']:.0%}",
            f"{row['wait_mean_min']:.1f}",
        )
    return table
