"""Service by service and hour by hour, what the charger types carry, and whether anybody queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.demand.hours import hours_of
from planner.report.charts import Bars, Hours, Series
from planner.report.document import Block, Heading, Paragraph, Picture, placed
from planner.views import numbers
from planner.views.areas import service_names, service_table, type_table
from planner.views.columns import COLUMNS
from planner.views.palette import NETWORKS, POWERS
from planner.views.simulation import simulated_services
from planner.words import NO_TEXT, Text, same

if TYPE_CHECKING:
    from planner.plan import Plan


def services(plan: Plan) -> list[Block]:
    """Demand, what is served today and with the plan, by service; and the types of chargers."""
    result, shown = plan.assessment.services, service_table(plan)
    shows = Text(
        zh="各服务的公共充电需求与服务电量（kWh/日）", en="Public demand and energy served by service (kWh/day)"
    )
    series = [
        Series(words, colour, [*result[key].astype(float)], [numbers.count(value) for value in result[key]])
        for words, colour, key in (
            (COLUMNS["public_kwh_day"].words, NETWORKS["today"], "public_kwh_day"),
            (COLUMNS["served_kwh_day"].words, NETWORKS["plan"], "served_kwh_day"),
        )
    ]
    return [
        Heading(Text(zh="按服务", en="Service by service")),
        placed(shown, (1.4, 1.3, 1.2, 1.2, 1, 1), small=True, whole=True),
        Picture(Bars(names=[row[0] for row in shown.rows], series=series, shows=shows), shows, shows),
        *_types(plan),
    ]


def _types(plan: Plan) -> list[Block]:
    shown = type_table(plan)
    return [Heading(shown.title, 3), placed(shown, (2.2, 1, 1, 1, 1.3), small=True, whole=True)]


def by_hour(plan: Plan) -> list[Block]:
    """Demand of every service over the day that is planned for, and the load of the new chargers on the grid."""
    demand, names = demand_by_hour(plan), service_names(plan.scenario)
    shows = Text(
        zh="设计日各小时公共充电需求（kW，按服务）",
        en="Public charging demand by hour of the design day (kW, by service)",
    )
    layers = [
        Series(names.get(key, same(key)), POWERS.get(key, NETWORKS["today"]), load.tolist())
        for key, load in demand.items()
    ]
    total = sum(demand.values(), np.zeros(24))
    top = int(np.argmax(total))
    highest = Text(
        zh="公共充电需求在 {when} 最高，为 {peak}（小时均值）。",
        en="Public charging demand is highest at {when}: {peak} (mean of the hour).",
    )
    return [
        Heading(Text(zh="按小时", en="Hour by hour")),
        Paragraph(highest.fill(when=numbers.hour(top), peak=numbers.power(float(total[top])))),
        Picture(Hours(series=layers, shows=shows, unit=numbers.KW), shows, shows),
        *_load_by_hour(plan),
    ]


def _load_by_hour(plan: Plan) -> list[Block]:
    grid = plan.assessment.grid
    if grid is None:
        return []
    load = grid.group_load.sum().to_numpy(float)
    shows = Text(zh="新建充电桩各小时负荷（kW）", en="Load of the new chargers by hour (kW)")
    words = Text(
        zh="新建充电桩负荷峰值 {peak}（{when}）。", en="The new chargers draw {peak} at their peak ({when})."
    ).fill(peak=numbers.power(grid.city["peak_kw"]), when=numbers.hour(grid.city["peak_hour"]))
    one = Series(COLUMNS["chargers"].words, NETWORKS["plan"], load.tolist())
    return [Paragraph(words), Picture(Hours(series=[one], shows=shows, unit=numbers.KW), shows, shows)]


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
    spent = Text(zh="分年度投资（万元）", en="Investment by year (million CNY)")
    served = Text(zh="年末需求满足比例", en="Share of the demand that is served at the end of the year")
    millions, shares = table_["capex_cny"].astype(float) / 1e6, table_["served_share"].astype(float)
    parts = (
        (spent, [*millions], [numbers.millions(v) for v in table_["capex_cny"]], 0.0),
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
    shown = simulated_services(seen["services"], plan.scenario)
    return [Paragraph(words), placed(shown, (1.4, 1, 1, 1.2, 1, 1), small=True, whole=True)]
