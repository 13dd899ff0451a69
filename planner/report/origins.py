"""What the plan rests on: what is modelled and assumed, every figure with range and source, data and licences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markdown_it.token import Token

from planner.assumptions.figures import assumption_table
from planner.demand import band_table
from planner.exports import NOTICE_EN, NOTICE_ZH
from planner.report.document import (
    Block,
    Bullets,
    Column,
    Heading,
    Lang,
    Paragraph,
    Row,
    Table,
    clean,
    speaker,
    table,
)
from planner.report.numbers import count, share
from planner.scenario import Scenario, area_folder
from planner.views.assumptions import assumption_lines, count_line, headings, section_heading

if TYPE_CHECKING:
    import pandas as pd

    from planner.plan import Plan

SOURCES = "SOURCES.md"
_FEW_ROWS = 8
_WIDTHS = {
    "zh": {"figure": 2.4, "word": 1.5, "base": 1.3, "range": 2.0, "unit": 1.3, "kind": 0.8, "origin": 4.0},
    "en": {"figure": 2.4, "base": 1.4, "range": 2.0, "unit": 1.4, "kind": 1.3, "origin": 4.4},
}


def assumed_share(scenario: Scenario, fleets: pd.DataFrame) -> float:
    """Share of the public demand of fleets whose number, daily kilometres or consumption is an assumption.

    Parameters
    ----------
    scenario
        Its fleets.
    fleets
        As `fleet_energy` returns it.
    """
    public = fleets["public_kwh_day"]
    assumed = [
        any(figure.source_kind == "assumption" for figure in (fleet.vehicles, fleet.km_day, fleet.kwh_per_100km))
        for fleet in (scenario.fleets[str(name)] for name in public.index)
    ]
    return float(public[assumed].sum() / public.sum())


def real_and_modelled(plan: Plan, lang: Lang) -> list[Block]:
    """What is real, modelled and assumed, and the share of the demand that rests on assumptions."""
    say = speaker(lang)
    sites, scenario = plan.sites, plan.scenario
    modelled = int(sites["modelled"].astype(bool).sum())
    bays = int(sites["bays_assumed"].astype(bool).sum()) if "bays_assumed" in sites else 0
    unlocated = scenario.existing.unlocated_chargers.base
    assumed = share(assumed_share(scenario, plan.fleets), lang)
    items = [
        say(
            f"{assumed} 的公共充电需求建立在假设之上：其车队的数量、日里程或电耗为假设，而非公布或由公布数推算。",
            f"{assumed} of the public charging demand rests on an assumption: on fleets whose number, daily kilometres "
            "or consumption is assumed, not published or derived from something published.",
        ),
        say(
            f"候选站点 {len(sites):,} 个：{modelled:,} 个由道路生成（模型），{len(sites) - modelled:,} 个为已知地点；"
            f"{bays:,} 个站点的车位为假设值。",
            f"Of {len(sites):,} candidate sites {modelled:,} are generated on streets (modelled), "
            f"{len(sites) - modelled:,} are known places; the bays of {bays:,} are assumed.",
        ),
        *(
            [
                say(
                    f"既有 {count(unlocated)} 台公共充电桩无坐标，按实际用量从需求中按比例扣除。",
                    f"{count(unlocated)} public chargers of today have no location; what they carry is taken off the "
                    "demand in proportion.",
                )
            ]
            if unlocated
            else []
        ),
        *[text for text in [clean(getattr(scenario, f"note_{lang}"))] if text],
    ]  # fmt: skip
    return [
        Heading(say("何为实有，何为模型与假设", "What is real, modelled and assumed"), 1),
        Bullets(items),
        *_bands(scenario, lang),
    ]


def _bands(scenario: Scenario, lang: Lang) -> list[Block]:
    """What is known of the demand from elsewhere."""
    bands = band_table(scenario)
    if bands.empty:
        return []
    say = speaker(lang)
    columns = [
        Column(say("需求校核", "sanity of the demand"), 2.2, numbers=False),
        Column(say("本情景", "found")),
        Column(say("合理范围", "plausible"), 1.4),
        Column(say("是否在内", "within"), 0.8, numbers=False),
    ]
    rows = [
        [
            row[f"name_{lang}"],
            _short(row["found"]),
            f"{_short(row['low'])} – {_short(row['high'])}",
            say("是", "yes") if row["within"] else say(f"否：{row['pushed_by']}", f"no: {row['pushed_by']}"),
        ]
        for _, row in bands.iterrows()
    ]
    return [table(columns, rows, small=True, whole=True)]


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"


def assumptions(plan: Plan, lang: Lang) -> list[Block]:
    """Every figure of the scenario in its section: low, base, high, unit, kind, source or reasoning."""
    say = speaker(lang)
    figures = assumption_table(plan.scenario)
    names = {**headings(lang), "range": say("区间", "range")}
    shown = _WIDTHS[lang]
    columns = [Column(names[key], width, key in ("base", "range")) for key, width in shown.items()]
    rows = []
    for section, part in figures.groupby("section", sort=False):
        rows.append(Row([clean(section_heading(str(section), part.iloc[0], lang))], "group"))
        for line in assumption_lines(str(section), part, lang):
            cells = dict(zip(headings(lang), line, strict=True))
            cells["range"] = f"{cells['low']} – {cells['high']}" if cells["low"] else ""
            rows.append(Row([clean(cells[key]) for key in shown]))
    origin = say("。来源与理由按情景文件原文。", ". Sources and reasoning as the scenario file has them.")
    return [
        Heading(say("假设一览", "Assumptions"), 1),
        Paragraph(count_line(figures, figures, lang) + origin),
        Table(columns, rows, small=True),
    ]  # fmt: skip


def sources(plan: Plan, lang: Lang) -> list[Block]:
    """Attribution and notice, and the study area's own page of sources as it is."""
    say = speaker(lang)
    found: list[Block] = [
        Heading(say("数据来源与许可", "Data sources and licences"), 1),
        Paragraph(plan.scenario.study_area.attribution),
        Paragraph(say(f"{NOTICE_ZH}。", f"{NOTICE_EN}.")),
    ]
    page = area_folder(plan.scenario.study_area) / SOURCES
    if not page.is_file():
        return found
    found.append(Paragraph(say(f"以下为研究区的 {SOURCES} 原文。", f"The study area's {SOURCES}, as it is:"), "note"))
    return [*found, *markdown_blocks(page.read_text(encoding="utf-8", errors="replace"))]


def markdown_blocks(text: str) -> list[Block]:
    """Markdown as blocks of plain text: headings (a level down), paragraphs, lists, code and tables; HTML is text."""
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(text)
    blocks: list[Block] = []
    items: list[str] = []
    rows: list[list[str]] = []
    depth = 0
    for at, token in enumerate(tokens):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            depth += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            depth -= 1
            if depth == 0:
                blocks.append(Bullets(items))
                items = []
        elif token.type == "tr_open":
            rows.append([])
        elif token.type == "table_close":
            blocks.append(_markdown_table(rows))
            rows = []
        elif token.type in ("fence", "code_block"):
            blocks.append(Paragraph(clean(token.content), "note"))
        elif token.type == "inline":
            told, opened = _plain_text(token), tokens[at - 1]
            if opened.type in ("td_open", "th_open"):
                rows[-1].append(told)
            elif depth:
                items.append(told)
            elif opened.type == "heading_open":
                blocks.append(Heading(told, 2 if opened.tag == "h1" else 3))
            elif told:
                blocks.append(Paragraph(told))
    return blocks


def _plain_text(token: Token) -> str:
    """The words of a line, without marks and addresses of links."""
    parts = [child.content if child.type not in ("softbreak", "hardbreak") else " " for child in token.children or []]
    return clean("".join(parts))


def _markdown_table(rows: list[list[str]]) -> Table:
    """Columns as wide as their texts are long, within limits."""
    heads, body = rows[0], rows[1:]
    widths = []
    for at in range(len(heads)):
        mean = sum(len(row[at]) for row in rows) / len(rows)
        longest = max((len(word) for row in rows for word in row[at].split()), default=0)
        widths.append(max(min(mean, 45.0), min(longest, 16.0)) + 3)
    columns = [Column(head, width, numbers=False) for head, width in zip(heads, widths, strict=True)]
    return table(columns, body, small=True, whole=len(body) <= _FEW_ROWS)
