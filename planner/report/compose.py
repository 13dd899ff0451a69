"""A plan as a document: what stands in the report, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from planner.report import fair, origins, quality, service, yields
from planner.report.document import Block, Document, Heading, PageBreak
from planner.report.first_pages import first_pages
from planner.words import NOTICE, Text, same, text_of

if TYPE_CHECKING:
    from planner.plan import Plan


def compose(plan: Plan, simulation: Mapping[str, Any] | None = None) -> Document:
    """The report of a plan.

    Parameters
    ----------
    plan
        As `make_plan` or `read_plan` returns it.
    simulation
        What ``simulation.json`` holds, where the plan was simulated.
    """
    scenario = plan.scenario
    blocks: list[Block] = [
        *first_pages(plan),
        PageBreak(),
        *quality.method(plan),
        *quality.proof(plan),
        Heading(Text(zh="服务与公平", en="Service and fairness"), 1),
        *service.services(plan),
        *service.by_hour(plan),
        *service.waits(plan, simulation),
        *service.years(plan),
        *fair.fairness(plan),
        *_yields(plan),
        *origins.real_and_modelled(plan),
        *origins.assumptions(plan),
        *origins.sources(plan),
    ]
    subtitle = Text(
        zh="公共充电桩布局方案报告 · {year} 年末", en="Report on the siting of public chargers · end of {year}"
    )
    return Document(
        title=text_of(scenario, "title"),
        subtitle=subtitle.fill(year=scenario.year),
        foot=same("{notice} · {attribution}").fill(notice=NOTICE, attribution=scenario.study_area.attribution),
        page_word=Text(zh="第 {} 页，共 {} 页", en="{} of {}"),
        blocks=blocks,
    )


def _yields(plan: Plan) -> list[Block]:
    parts = [*yields.grid(plan), *yields.money(plan), *yields.emissions(plan)]
    return [Heading(Text(zh="电网、资金与排放", en="Grid, money and emissions"), 1), *parts] if parts else []
