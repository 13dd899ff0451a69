"""Service by service and hour by hour, what the charger types carry, and whether anybody queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.demand.hours import hours_of
from planner.report.charts import Bars, Hours, Series
from planner.report.document import Block, Head, Heading, Paragraph, Picture, table
from planner.report.names import service_name
from planner.report.palette import NETWORKS, POWERS
from planner.views import numbers
from planner.words import NO_TEXT, Text, same, text_of

if TYPE_CHECKING:
    from planner.plan import Plan

_MW = same("MW")


def services(plan: Plan) -> list[Block]:
    """Demand, what is served today and with the plan, by service; and the types of chargers."""
    result = plan.assessment.services
    names = [service_name(plan, str(key)) for key in result.index]
    columns = [
        Head(Text(zh="服务", en="service"), 1.4, numbers=False),
        Head(Text(zh="公共需求（kWh/日）", en="public demand (kWh a day)"), 1.3),
        Head(Text(zh="服务（kWh/日）", en="served (kWh a day)"), 1.2),
        Head(Text(zh="未满足（kWh/日）", en="not served (kWh a day)"), 1.2),
        Head(Text(zh="今日满足", en="served today")),
        Head(Text(zh="规划满足", en="served by the plan")),
    ]
    rows = [
        [
            name,
            *(numbers.count(row[key]) for key in ("public_kwh_day", "served_kwh_day", "unserved_kwh_day")),
            *(numbers.share(float(row[key])) for key in ("served_share_today", "served_share")),
        ]
        for name, (_, row) in zip(names, result.iterrows(), strict=True)
    ]
    shows = Text(
        zh="各服务的公共需求与所服务的电量（kWh/日）", en="Public demand and energy served by service (kWh a day)"
    )
    series = [
        Series(words, colour, [*result[key].astype(float)], [numbers.count(value) for value in result[key]])
        for words, colour, key in (
            (Text(zh="公共需求", en="public demand"), NETWORKS["today"], "public_kwh_day"),
            (Text(zh="规划服务", en="served by the plan"), NETWORKS["plan"], "served_kwh_day"),
        )
    ]
    return [
        Heading(Text(zh="按服务", en="Service by service")),
        table(columns, rows, small=True, whole=True),
        Picture(Bars(names=names, series=series, shows=shows), shows, shows),
        *_types(plan),
    ]


def _types(plan: Plan) -> list[Block]:
    types, known = plan.assessment.types, plan.scenario.charger_types
    columns = [
        Head(Text(zh="桩型", en="charger type"), 2.2, numbers=False),
        Head(Text(zh="新增（台）", en="new")),
        Head(Text(zh="额定功率（kW）", en="rated (kW)")),
        Head(Text(zh="单价（元）", en="price (CNY)")),
        Head(Text(zh="可承担（kWh/日）", en="can carry (kWh a day)"), 1.3),
    ]
    rows = [
        [
            text_of(known[str(key)], "name"),
            numbers.count(row["chargers"]),
            numbers.plain(known[str(key)].kw_rated.base),
            numbers.count(known[str(key)].price_cny.base),
            numbers.count(row["carried_kwh_day"]),
        ]
        for key, row in types.iterrows()
    ]
    return [Heading(Text(zh="桩型", en="Types of chargers"), 3), table(columns, rows, small=True, whole=True)]


def by_hour(plan: Plan) -> list[Block]:
    """Demand of every service over the day that is planned for, and the load of the new chargers on the grid."""
    demand = demand_by_hour(plan)
    shows = Text(
        zh="设计日各小时公共充电需求（MW，按服务）",
        en="Public charging demand by hour of the design day (MW, by service)",
    )
    layers = [
        Series(service_name(plan, key), POWERS.get(key, NETWORKS["today"]), (load / 1e3).tolist())
        for key, load in demand.items()
    ]
    total = sum(demand.values(), np.zeros(24))
    top = int(np.argmax(total))
    highest = Text(
        zh="公共充电需求在 {when} 最高，为 {peak} MW（小时均值）。",
        en="Public charging demand is highest at {when}: {peak} MW (mean of the hour).",
    )
    return [
        Heading(Text(zh="按小时", en="Hour by hour")),
        Paragraph(highest.fill(when=numbers.hour(top), peak=numbers.megawatts(float(total[top])))),
        Picture(Hours(series=layers, shows=shows, unit=_MW), shows, shows),
        *_load_by_hour(plan),
    ]


def _load_by_hour(plan: Plan) -> list[Block]:
    grid = plan.assessment.grid
    if grid is None:
        return []
    load = grid.group_load.sum().to_numpy(float) / 1e3
    shows = Text(zh="新增充电桩各小时负荷（MW）", en="Load of the new chargers by hour (MW)")
    words = Text(
        zh="新增充电桩负荷峰值 {peak} MW（{when}）。", en="The new chargers draw {peak} MW at their peak ({when})."
    ).fill(peak=numbers.megawatts(grid.city["peak_kw"]), when=numbers.hour(grid.city["peak_hour"]))
    one = Series(Text(zh="新增充电桩", en="new chargers"), NETWORKS["plan"], load.tolist())
    return [Paragraph(words), Picture(Hours(series=[one], shows=shows, unit=_MW), shows, shows)]


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


def years(plan: Plan) -> list[Block]:
    """Investment and share served, where the plan has several years."""
    table_ = plan.assessment.years
    if len(table_) < 2:
        return []
    names = [same(year) for year in table_.index]
    spent = Text(zh="分年度投资（百万元）", en="Investment by year (million CNY)")
    served = Text(zh="年末需求满足比例", en="Share of the demand that is served at the end of the year")
    millions, shares = table_["capex_cny"].astype(float) / 1e6, table_["served_share"].astype(float)
    parts = (
        (spent, [*millions], [numbers.million(v) for v in table_["capex_cny"]], 0.0),
        (served, [*shares], [numbers.share(v) for v in shares], 1.0),
    )
    pictures = [
        Picture(
            Bars(names=names, series=[Series(NO_TEXT, NETWORKS["plan"], values, texts)], shows=shows, top=top),
            shows,
            shows,
        )
        for shows, values, texts, top in parts
    ]
    return [Heading(Text(zh="分年度图示", en="The years in pictures")), *pictures]


def waits(plan: Plan, simulation: Mapping[str, Any] | None) -> list[Block]:
    """The promised wait, and what a simulation of the plan saw of it; nothing where the scenario promises none."""
    promise = plan.scenario.waiting
    if promise is None:
        return []
    promised = Text(
        zh="承诺：高峰小时到达的车辆中，等待超过 {minutes} 分钟的不超过 {most}。各站的承担能力按此（埃尔朗公式）计算。",
        en="The promise: in the peak hour at most {most} of those who arrive wait longer than {minutes} minutes. "
        "What a station can carry is reckoned from it (Erlang's formula).",
    ).fill(most=numbers.given_share(promise.most_share.base), minutes=numbers.plain(promise.most_min.base))
    found: list[Block] = [Heading(Text(zh="排队等待", en="Waits")), Paragraph(promised)]
    if simulation is not None:
        return [*found, *_simulated(plan, simulation)]
    not_yet = Text(
        zh="尚未逐车仿真（planner simulate），以上为公式所得。",
        en="Not simulated yet (planner simulate); the above rests on the formula.",
    )
    return [*found, Paragraph(not_yet, "note")]


def _simulated(plan: Plan, seen: Mapping[str, Any]) -> list[Block]:
    words = Text(
        zh="逐车仿真 {days} 天，每天 {arrivals} 次到达：日到达 {busy} 次以上的 {queues} 个排队中 {kept} 达到承诺；"
        "高峰小时到达的车辆中 {late} 等待超时。",
        en="{days} simulated days of {arrivals} arrivals: of the {queues} queues with {busy} or more arrivals a day "
        "{kept} keep the promise; in the peak hours {late} of the arrivals wait longer.",
    ).fill(
        days=numbers.count(seen["days"]),
        arrivals=numbers.count(seen["arrivals_day"]),
        busy=numbers.plain(seen["busy_arrivals_day"]),
        queues=numbers.count(seen["busy_stations"]),
        kept=numbers.DASH if seen["kept_share"] is None else numbers.share(float(seen["kept_share"])),
        late=numbers.share(float(seen["peak_late_share"])),
    )
    columns = [
        Head(Text(zh="服务", en="service"), 1.4, numbers=False),
        Head(Text(zh="排队数", en="queues")),
        Head(Text(zh="日到达", en="arrivals a day")),
        Head(Text(zh="平均等待（分钟）", en="mean wait (min)"), 1.2),
        Head(Text(zh="未能充电", en="lost")),
        Head(Text(zh="利用率", en="use of the plugs")),
    ]
    rows = [
        [
            service_name(plan, key),
            numbers.count(row["stations"]),
            numbers.count(row["arrivals_day"]),
            numbers.minutes(row["wait_mean_min"]),
            *(numbers.share(float(row[name])) for name in ("lost_share", "utilisation")),
        ]
        for key, row in seen["services"].items()
    ]
    return [Paragraph(words), table(columns, rows, small=True, whole=True)]
