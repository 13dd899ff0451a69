"""A plan as a document: what stands in the report, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from planner.exports import NOTICE_EN, NOTICE_ZH
from planner.report import fair, origins, quality, service, yields
from planner.report.document import Block, Document, Heading, Lang, PageBreak, clean, speaker
from planner.report.first_pages import first_pages

if TYPE_CHECKING:
    from planner.plan import Plan


def compose(plan: Plan, lang: Lang, simulation: Mapping[str, Any] | None = None) -> Document:
    """The report of a plan in one language.

    Parameters
    ----------
    plan
        As `make_plan` or `read_plan` returns it.
    lang
        zh or en.
    simulation
        What ``simulation.json`` holds, where the plan was simulated.
    """
    say = speaker(lang)
    scenario = plan.scenario
    blocks: list[Block] = [
        *first_pages(plan, lang),
        PageBreak(),
        *quality.method(plan, lang),
        *quality.proof(plan, lang),
        Heading(say("服务与公平", "Service and fairness"), 1),
        *service.services(plan, lang),
        *service.by_hour(plan, lang),
        *service.waits(plan, simulation, lang),
        *service.years(plan, lang),
        *fair.fairness(plan, lang),
        *_yields(plan, lang),
        *origins.real_and_modelled(plan, lang),
        *origins.assumptions(plan, lang),
        *origins.sources(plan, lang),
    ]
    return Document(
        lang=lang,
        title=clean(getattr(scenario, f"title_{lang}")),
        subtitle=say(
            f"公共充电桩布局方案报告 · {scenario.year} 年末",
            f"Report on the siting of public chargers · end of {scenario.year}",
        ),
        foot=clean(f"{say(NOTICE_ZH, NOTICE_EN)} · {scenario.study_area.attribution}"),
        page_word=say("第 {} 页，共 {} 页", "{} of {}"),
        blocks=blocks,
    )  # fmt: skip


def _yields(plan: Plan, lang: Lang) -> list[Block]:
    parts = [*yields.grid(plan, lang), *yields.money(plan, lang), *yields.emissions(plan, lang)]
    title = speaker(lang)("电网、资金与排放", "Grid, money and emissions")
    return [Heading(title, 1), *parts] if parts else []
