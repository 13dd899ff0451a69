"""Reports read back: the page's texts and tables, the PDF's words, and plans to make reports of."""

from __future__ import annotations

import io
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any, NamedTuple

import pandas as pd

from helpers.plans import with_figures
from planner.plan import Plan

HOSTILE = '</script><img src=x onerror=alert(1)>#eval("1+1") $x$ *b* _i_ \\ @ref <lab> `c` \' = no\n= no'
"""Would run as HTML, as typst markup or as a line of its own, were it believed."""


class Page(HTMLParser):
    """One language of ``report.html``: its tables as rows of texts, its words, and what a browser would fetch."""

    def __init__(self, html: str, lang: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.words: list[str] = []
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self._lang, self._inside, self._in_cell = lang, False, False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.fetched += [str(given[key]) for key in ("src", "href", "srcset", "data", "action") if given.get(key)]
        if tag == "main":
            self._inside = given["data-of"] == self._lang
        if self._inside and tag == "table":
            self.tables.append([])
        if self._inside and tag == "tr":
            self.tables[-1].append([])
        if self._inside and tag in ("td", "th"):
            self._in_cell = True
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.words.append(data)
            if self._in_cell:
                self.tables[-1][-1][-1] += data

    def table(self, heading: str) -> dict[str, list[str]]:
        """The rows under the headings of the table whose first column is headed so: first cell -> the others."""
        found = next(rows for rows in self.tables if rows[0][0] == heading)
        return {row[0]: row[1:] for row in found[1:]}

    @property
    def text(self) -> str:
        """All words, spaces as one."""
        return " ".join(" ".join(self.words).split())


class Line(NamedTuple):
    """A piece of text on a page of a PDF: points from below, size in points, and whether it is bold."""

    y: float
    size: float
    bold: bool
    text: str


def pdf_lines(content: bytes) -> list[list[Line]]:
    """The texts of every page, footers left out."""
    from pypdf import PdfReader

    pages = []
    for page in PdfReader(io.BytesIO(content)).pages:
        lines: list[Line] = []

        def visit(text: str, cm: Any, tm: Any, font: Any, size: float, lines: list[Line] = lines) -> None:
            if text.strip():
                y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
                scale = abs(tm[3] * cm[3])
                bold = "bold" in str((font or {}).get("/BaseFont", "")).lower()
                lines.append(Line(y, size * scale, bold, text.strip()))

        page.extract_text(visitor_text=visit)
        pages.append([line for line in lines if line.y > FOOT_PT])
    return pages


FOOT_PT = 46.0  # the margin below is 17 mm, 48.2 pt


def with_hostile_names(plan: Plan) -> Plan:
    """Every name that comes from outside replaced by text that would run if it were believed."""
    rename = {name: f"{name}{HOSTILE}" for name in plan.layers.districts.index}
    districts = plan.layers.districts.rename(index=rename).assign(name_en=HOSTILE)
    area = plan.scenario.study_area.model_copy(update={"attribution": HOSTILE})
    kinds = {
        name: kind.model_copy(update={"name_zh": HOSTILE, "name_en": HOSTILE})
        for name, kind in plan.scenario.charger_types.items()
    }
    told = {"title_zh": f"题{HOSTILE}", "title_en": f"title{HOSTILE}", "note_zh": HOSTILE, "note_en": HOSTILE}
    result = plan.assessment
    return with_figures(
        plan,
        scenario=plan.scenario.model_copy(update=told | {"study_area": area, "charger_types": kinds}),
        layers=replace(plan.layers, districts=districts),
        assessment=replace(
            result,
            districts=result.districts.rename(index=rename),
            tasks=pd.DataFrame(result.tasks.rename(index=rename)).assign(note_zh=HOSTILE, note_en=HOSTILE),
        ),
    )
