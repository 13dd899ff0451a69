"""Service by service and hour by hour, what the charger types carry, and whether anybody queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.demand.hours import hours_of
from planner.report.charts import Series, bars, hours
from planner.report.document import Block, Column, Heading, Lang, Paragraph, Picture, speaker, table
from planner.report.names import service_name
from planner.report.numbers import count, hour, megawatts, million, plain, share
from planner.report.palette import NETWORKS, POWERS

if TYPE_CHECKING:
    from planner.plan import Plan


def services(plan: Plan, lang: Lang) -> list[Block]:
    """Demand, what is served today and with the plan, by service; and the types of chargers."""
    say = speaker(lang)
    result = plan.assessment.services
    names = [service_name(plan, str(key), lang) for key in result.index]
    columns = [
        Column(say("服务", "service"), 1.4, numbers=False),
        Column(say("公共需求（kWh/日）", "public demand (kWh a day)"), 1.3),
        Column(say("服务（kWh/日）", "served (kWh a day)"), 1.2),
        Column(say("未满足（kWh/日）", "not served (kWh a day)"), 1.2),
        Column(say("今日满足", "served today")),
        Column(say("规划满足", "served by the plan")),
    ]
    rows = [
        [
            name,
            *(count(row[key]) for key in ("public_kwh_day", "served_kwh_day", "unserved_kwh_day")),
            *(share(float(row[key]), lang) for key in ("served_share_today", "served_share")),
        ]
        for name, (_, row) in zip(names, result.iterrows(), strict=True)
    ]
    shows = say("各服务的公共需求与所服务的电量（kWh/日）", "Public demand and energy served by service (kWh a day)")
    series = [
        Series(say(*words), colour, [*result[key].astype(float)], [count(value) for value in result[key]])
        for words, colour, key in (
            (("公共需求", "public demand"), NETWORKS["today"], "public_kwh_day"),
            (("规划服务", "served by the plan"), NETWORKS["plan"], "served_kwh_day"),
        )
    ]
    return [
        Heading(say("按服务", "Service by service")),
        table(columns, rows, small=True, whole=True),
        Picture(bars(names, series, shows), shows, shows),
        *_types(plan, lang),
    ]


def _types(plan: Plan, lang: Lang) -> list[Block]:
    say = speaker(lang)
    types, known = plan.assessment.types, plan.scenario.charger_types
    columns = [
        Column(say("桩型", "charger type"), 2.2, numbers=False),
        Column(say("新增（台）", "new")),
        Column(say("额定功率（kW）", "rated (kW)")),
        Column(say("单价（元）", "price (CNY)")),
        Column(say("可承担（kWh/日）", "can carry (kWh a day)"), 1.3),
    ]
    rows = [
        [
            getattr(known[str(key)], f"name_{lang}"),
            count(row["chargers"]),
            plain(known[str(key)].kw_rated.base),
            count(known[str(key)].price_cny.base),
            count(row["carried_kwh_day"]),
        ]
        for key, row in types.iterrows()
    ]
    return [Heading(say("桩型", "Types of chargers"), 3), table(columns, rows, small=True, whole=True)]


def by_hour(plan: Plan, lang: Lang) -> list[Block]:
    """Demand of every service over the day that is planned for, and the load of the new chargers on the grid."""
    say = speaker(lang)
    demand = demand_by_hour(plan)
    shows = say(
        "设计日各小时公共充电需求（MW，按服务）", "Public charging demand by hour of the design day (MW, by service)"
    )
    layers = [
        Series(service_name(plan, key, lang), POWERS.get(key, NETWORKS["today"]), (load / 1e3).tolist())
        for key, load in demand.items()
    ]
    total = sum(demand.values(), np.zeros(24))
    top = int(np.argmax(total))
    peak, when = megawatts(float(total[top])), hour(top)
    found: list[Block] = [
        Heading(say("按小时", "Hour by hour")),
        Paragraph(
            say(
                f"公共充电需求在 {when} 最高，为 {peak} MW（小时均值）。",
                f"Public charging demand is highest at {when}: {peak} MW (mean of the hour).",
            )
        ),
        Picture(hours(layers, shows, "MW"), shows, shows),
    ]
    grid = plan.assessment.grid
    if grid is None:
        return found
    load = grid.group_load.sum().to_numpy(float) / 1e3
    peak, when = megawatts(grid.city["peak_kw"]), hour(grid.city["peak_hour"])
    shows = say("新增充电桩各小时负荷（MW）", "Load of the new chargers by hour (MW)")
    words = say(f"新增充电桩负荷峰值 {peak} MW（{when}）。", f"The new chargers draw {peak} MW at their peak ({when}).")
    one = Series(say("新增充电桩", "new chargers"), NETWORKS["plan"], load.tolist())
    return [*found, Paragraph(words), Picture(hours([one], shows, "MW"), shows, shows)]


def demand_by_hour(plan: Plan) -> dict[str, np.ndarray]:
    """kW of public charging in every hour, by service, of the fleets' energy."""
    public, found = plan.fleets["public_kwh_day"], dict[str, np.ndarray]()
    for service in plan.scenario.services:
        load = np.zeros(24)
        for name, fleet in plan.scenario.fleets.items():
            energy = float(public[name]) * fleet.services.get(service, 0.0)
            load += energy * np.array(hours_of(fleet, service, plan.scenario))
        if load.any():
            found[str(service)] = load
    return found


def years(plan: Plan, lang: Lang) -> list[Block]:
    """Investment and share served, where the plan has several years."""
    table_ = plan.assessment.years
    if len(table_) < 2:
        return []
    say = speaker(lang)
    names = [str(year) for year in table_.index]
    spent = say("分年度投资（百万元）", "Investment by year (million CNY)")
    served = say("年末需求满足比例", "Share of the demand that is served at the end of the year")
    parts = [
        (spent, [*(table_["capex_cny"].astype(float) / 1e6)], [million(v) for v in table_["capex_cny"]], 0.0),
        (served, [*table_["served_share"].astype(float)], [share(float(v), lang) for v in table_["served_share"]], 1.0),
    ]
    return [
        Heading(say("分年度图示", "The years in pictures")),
        *(
            Picture(bars(names, [Series("", NETWORKS["plan"], values, texts)], shows, top), shows, shows)
            for shows, values, texts, top in parts
        ),
    ]


def waits(plan: Plan, simulation: Mapping[str, Any] | None, lang: Lang) -> list[Block]:
    """The promised wait, and what a simulation of the plan saw of it; nothing where the scenario promises none."""
    promise = plan.scenario.waiting
    if promise is None:
        return []
    say = speaker(lang)
    most, minutes = share(promise.most_share.base, lang), f"{promise.most_min.base:g}"
    found: list[Block] = [
        Heading(say("排队等待", "Waits")),
        Paragraph(
            say(
                f"承诺：高峰小时到达的车辆中，等待超过 {minutes} 分钟的不超过 {most}。"
                "各站的承担能力按此（埃尔朗公式）计算。",
                f"The promise: in the peak hour at most {most} of those who arrive wait longer than {minutes} minutes. "
                "What a station can carry is reckoned from it (Erlang's formula).",
            )
        ),
    ]
    if simulation is None:
        found.append(
            Paragraph(
                say(
                    "尚未逐车仿真（planner simulate），以上为公式所得。",
                    "Not simulated yet (planner simulate); the above rests on the formula.",
                ),
                "note",
            )
        )
        return found
    return [*found, *_simulated(plan, simulation, lang)]


def _simulated(plan: Plan, seen: Mapping[str, Any], lang: Lang) -> list[Block]:
    say = speaker(lang)
    kept = "–" if seen["kept_share"] is None else share(float(seen["kept_share"]), lang)
    days, arrivals, late = count(seen["days"]), count(seen["arrivals_day"]), share(float(seen["peak_late_share"]), lang)
    queues, busy = count(seen["busy_stations"]), plain(seen["busy_arrivals_day"])
    words = say(
        f"逐车仿真 {days} 天，每天 {arrivals} 次到达：日到达 {busy} 次以上的 {queues} 个排队中 {kept} 达到承诺；"
        f"高峰小时到达的车辆中 {late} 等待超时。",
        f"{days} simulated days of {arrivals} arrivals: of the {queues} queues with {busy} or more arrivals a day "
        f"{kept} keep the promise; in the peak hours {late} of the arrivals wait longer.",
    )
    columns = [
        Column(say("服务", "service"), 1.4, numbers=False),
        Column(say("排队数", "queues")),
        Column(say("日到达", "arrivals a day")),
        Column(say("平均等待（分钟）", "mean wait (min)"), 1.2),
        Column(say("未能充电", "lost")),
        Column(say("利用率", "use of the plugs")),
    ]
    rows = [
        [
            service_name(plan, key, lang),
            count(row["stations"]),
            count(row["arrivals_day"]),
            f"{row['wait_mean_min']:.1f}",
            *(share(float(row[name]), lang) for name in ("lost_share", "utilisation")),
        ]
        for key, row in seen["services"].items()
    ]
    return [Paragraph(words), table(columns, rows, small=True, whole=True)]
