"""A stress test as tables: on the console, and in the summary of the simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from planner.simulation.seen import EVERYONE, Stress
from planner.views import numbers
from planner.views.areas import service_names
from planner.views.columns import COLUMNS
from planner.views.table import Column, Table
from planner.words import Text, same

if TYPE_CHECKING:
    from planner.scenario import Scenario

_MOST_OVERRUN = 10
_DECIMALS = 4
SERVICE = COLUMNS["service"]
FIGURES = (
    Column(key="arrivals_day", words=Text(zh="日到达", en="arrivals a day"), write=numbers.count),
    Column(key="lost_share", words=Text(zh="未能充电", en="lost"), write=numbers.share),
    Column(key="rerouted_share", words=Text(zh="改去他站", en="charged elsewhere"), write=numbers.share),
    Column(key="wait_mean_min", words=Text(zh="平均等待", en="mean wait"), unit=numbers.MINUTES, write=numbers.minutes),
    Column(
        key="wait_p90_min",
        words=Text(zh="第90百分位等待", en="wait of 9 in 10"),
        unit=numbers.MINUTES,
        write=numbers.minutes,
    ),
    Column(
        key="extra_m",
        words=Text(zh="较规划多行", en="way beyond the plan's"),
        unit=numbers.METRES,
        write=numbers.signed_count,
    ),
)
STATION = Column(key="station", words=Text(zh="站点", en="station"), is_text=True)
OVERRUN = (
    Column(key="plugs", words=Text(zh="枪数", en="plugs"), write=numbers.count),
    Column(key="planned", words=Text(zh="规划日到达", en="planned a day"), write=numbers.tenths),
    Column(key="came", words=Text(zh="实际日到达", en="came a day"), write=numbers.tenths),
    Column(key="turned_away", words=Text(zh="离开", en="turned away"), write=numbers.tenths),
    Column(key="turned_away_share", words=Text(zh="离开占比", en="share"), write=numbers.share),
    Column(key="wait_mean_min", words=Text(zh="平均等待", en="mean wait"), unit=numbers.MINUTES, write=numbers.minutes),
)


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


def stress_sentence(seen: Stress) -> Text:
    """What was tested, in one sentence."""
    return Text(
        zh="压力测试：同样的车辆不听从规划，而去最近的站；预计等待超过 {balk} 分钟（慢充无空位）"
        "即改去下一最近站，最多 {tries} 站，否则流失。± 为按日 95 % 置信区间的一半。",
        en="stress test: the same drivers do not follow the plan but go to the nearest station; from an expected wait "
        "over {balk} minutes (slow: from a full one) they go on to the next, to {tries} at most, or "
        "are lost; ± is half the 95 % confidence interval over the days",
    ).fill(balk=numbers.plain(seen.balk_min), tries=seen.tries)


def stress_table(seen: Stress, scenario: Scenario) -> Table:
    """The figures by service, and of all drivers."""
    names = service_names(scenario) | {EVERYONE: Text(zh="合计", en="all")}
    tested = set(seen.figures.index.get_level_values("service"))
    rows = [
        [name, *(_cell(seen, service, figure) for figure in FIGURES)]
        for service, name in names.items()
        if service in tested
    ]
    title = Text(zh="压力测试 {days} 天", en="{days} days of stress").fill(days=seen.days)
    return Table(title, (SERVICE, *FIGURES), [rows])


def _cell(seen: Stress, service: str, figure: Column) -> Text:
    """A mean and half its confidence interval, where several days tell one."""
    mean, high = (float(seen.figures[column].loc[(service, figure.key)]) for column in ("mean", "high"))
    if np.isnan(mean):
        return numbers.DASH
    if figure.key == "arrivals_day" or np.isnan(high):
        return figure.write(mean)
    return same("{mean} ± {half}").fill(mean=figure.write(mean), half=figure.write(high - mean).en.lstrip("+"))


def overrun_table(seen: Stress, sites: gpd.GeoDataFrame, scenario: Scenario) -> Table:
    """The stations that turn most drivers away."""
    names, called = service_names(scenario), sites["name_zh"].to_dict()
    rows = [
        [
            same(f"{row['site_id']} {called[row['site_id']]}"),
            names[row["service"]],
            *(column.cell(row) for column in OVERRUN),
        ]
        for row in seen.overrun(_MOST_OVERRUN).reset_index().to_dict("records")
    ]
    title = Text(zh="离开车辆最多的站点", en="stations that turn most drivers away")
    return Table(title, (STATION, SERVICE, *OVERRUN), [rows])
