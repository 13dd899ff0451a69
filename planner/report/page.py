"""A report as one HTML file in both languages, with a button between them; nothing is loaded from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from planner.report.document import Document, told
from planner.words import LANGS, Lang


def html_page(document: Document, lang: Lang) -> str:
    """The page.

    Parameters
    ----------
    document
        The report.
    lang
        Which language is seen on opening, and in print.
    """
    documents = {each: told(document, each) for each in LANGS}
    return _template().render(
        documents=list(documents.values()),
        lang=lang,
        title=documents[lang]["title"],
        css=Markup(asset("report.css")),
        rows_of=_side_by_side,
        svg=Markup,
    )


def asset(name: str) -> str:
    """The text of a file of the report's own."""
    return resources.files("planner").joinpath("assets", "report", name).read_text(encoding="utf-8")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(asset("report.html"))


def _side_by_side(blocks: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Blocks one below the other; narrow pictures that follow one another share a row."""
    rows: list[list[Mapping[str, Any]]] = []
    for block in blocks:
        before = rows[-1][-1] if rows else None
        if _narrow(block) and before is not None and _narrow(before) and len(rows[-1]) < 2:
            rows[-1].append(block)
        else:
            rows.append([block])
    return rows


def _narrow(block: Mapping[str, Any]) -> bool:
    return bool(block["is"] == "Picture" and block["share"] <= 0.5)
