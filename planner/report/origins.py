"""What the plan rests on: what is modelled and assumed, every figure with range and source, data and licences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markdown_it.token import Token

from planner.assumptions.figures import assumption_table
from planner.report.document import (
    Block,
    Bullets,
    ByLanguage,
    Head,
    Heading,
    Paragraph,
    Row,
    Table,
    clean,
    placed,
    table,
)
from planner.scenario import Scenario, area_folder
from planner.views import numbers
from planner.views.assumptions import COLUMNS, assumption_lines, count_line, section_heading
from planner.views.bands import bands_shown
from planner.views.table import Column
from planner.words import FULL_STOP, NO_TEXT, NOTICE, Lang, Text, joined, same, text_of

if TYPE_CHECKING:
    import pandas as pd

    from planner.plan import Plan

SOURCES = "SOURCES.md"
_FEW_ROWS = 8
_RANGE = Column(key="range", words=Text(zh="区间", en="range"))
_WIDTHS: dict[Lang, dict[str, float]] = {
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


def real_and_modelled(plan: Plan) -> list[Block]:
    """What is real, modelled and assumed, and the share of the demand that rests on assumptions."""
    sites, scenario = plan.sites, plan.scenario
    modelled = int(sites["modelled"].astype(bool).sum())
    bays = int(sites["bays_assumed"].astype(bool).sum()) if "bays_assumed" in sites else 0
    unlocated = scenario.existing.unlocated_chargers.base
    demand = Text(
        zh="{assumed} 的公共充电需求建立在假设之上：其车队的数量、日里程或电耗为假设，而非公布或由公布数推算。",
        en="{assumed} of the public charging demand rests on an assumption: on fleets whose number, daily kilometres "
        "or consumption is assumed, not published or derived from something published.",
    ).fill(assumed=numbers.share(assumed_share(scenario, plan.fleets)))
    candidates = Text(
        zh="候选站点 {sites} 个：{modelled} 个由道路生成（模型），{known} 个为已知地点；{bays} 个站点的车位为假设值。",
        en="Of {sites} candidate sites {modelled} are generated on streets (modelled), {known} are known places; the "
        "bays of {bays} are assumed.",
    ).fill(
        sites=numbers.count(len(sites)),
        modelled=numbers.count(modelled),
        known=numbers.count(len(sites) - modelled),
        bays=numbers.count(bays),
    )
    today = Text(
        zh="既有 {unlocated} 台公共充电桩无坐标，按实际用量从需求中按比例扣除。",
        en="{unlocated} public chargers of today have no location; what they carry is taken off the demand in "
        "proportion.",
    ).fill(unlocated=numbers.count(unlocated))
    note = text_of(scenario, "note")
    items = [demand, candidates, *([today] if unlocated else []), *([note] if note else [])]
    heading = Heading(Text(zh="何为实有，何为模型与假设", en="What is real, modelled and assumed"), 1)
    return [heading, Bullets(items), *_bands(scenario)]


def _bands(scenario: Scenario) -> list[Block]:
    """What is known of the demand from elsewhere."""
    shown = bands_shown(scenario)
    return [] if shown is None else [placed(shown, (2.2, 1, 1.4, 0.8), small=True, whole=True)]


def assumptions(plan: Plan) -> list[Block]:
    """Every figure of the scenario in its section: low, base, high, unit, kind, source or reasoning."""
    figures = assumption_table(plan.scenario)
    origin = Text(
        zh="{count}。来源与理由按情景文件原文。", en="{count}. Sources and reasoning as the scenario file has them."
    )
    return [
        Heading(Text(zh="假设一览", en="Assumptions"), 1),
        Paragraph(origin.fill(count=count_line(figures, figures))),
        ByLanguage(zh=_assumption_table(figures, "zh"), en=_assumption_table(figures, "en")),
    ]


def _assumption_table(figures: pd.DataFrame, lang: Lang) -> Table:
    """The columns of one language: in Chinese with a word for every figure."""
    shown = {column.key: column for column in (*COLUMNS, _RANGE)}
    widths = _WIDTHS[lang]
    columns = [Head(shown[key].heading, width, not shown[key].is_text) for key, width in widths.items()]
    rows = []
    for section, part in figures.groupby("section", sort=False):
        rows.append(Row([section_heading(str(section), part.iloc[0])], "group"))
        for line in assumption_lines(str(section), part):
            ends = same("{low} – {high}").fill(low=line["low"], high=line["high"]) if line["low"] else NO_TEXT
            rows.append(Row([(line | {"range": ends})[key] for key in widths]))
    return Table(columns, rows, small=True)


def sources(plan: Plan) -> list[Block]:
    """Attribution and notice, and the study area's own page of sources as it is."""
    found: list[Block] = [
        Heading(Text(zh="数据来源与许可", en="Data sources and licences"), 1),
        Paragraph(same(plan.scenario.study_area.attribution)),
        Paragraph(joined([NOTICE, FULL_STOP], NO_TEXT)),
    ]
    page = area_folder(plan.scenario.study_area) / SOURCES
    if not page.is_file():
        return found
    as_it_is = Text(zh="以下为研究区的 {page} 原文。", en="The study area's {page}, as it is:").fill(page=SOURCES)
    found.append(Paragraph(as_it_is, "note"))
    return [*found, *markdown_blocks(page.read_text(encoding="utf-8", errors="replace"))]


def markdown_blocks(text: str) -> list[Block]:
    """Markdown as blocks of plain text: headings (a level down), paragraphs, lists, code and tables; HTML is text."""
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(text)
    blocks: list[Block] = []
    items: list[Text] = []
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
            blocks.append(Paragraph(same(clean(token.content)), "note"))
        elif token.type == "inline":
            told, opened = _plain_text(token), tokens[at - 1]
            if opened.type in ("td_open", "th_open"):
                rows[-1].append(told)
            elif depth:
                items.append(same(told))
            elif opened.type == "heading_open":
                blocks.append(Heading(same(told), 2 if opened.tag == "h1" else 3))
            elif told:
                blocks.append(Paragraph(same(told)))
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
    columns = [Head(same(head), width, numbers=False) for head, width in zip(heads, widths, strict=True)]
    return table(columns, [[same(cell) for cell in row] for row in body], small=True, whole=len(body) <= _FEW_ROWS)
