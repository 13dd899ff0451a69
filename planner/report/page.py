"""A report as one HTML file in both languages, with a button between them; nothing is loaded from outside."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources

import jinja2
from markupsafe import Markup

from planner.report.document import Block, Document, Lang, Picture


def html_page(documents: Sequence[Document], lang: Lang) -> str:
    """The page.

    Parameters
    ----------
    documents
        The report in every language.
    lang
        Which of them is seen on opening, and in print.
    """
    shown = next(document for document in documents if document.lang == lang)
    return _template().render(
        documents=documents,
        lang=lang,
        title=shown.title,
        css=Markup(asset("report.css")),
        kind=lambda block: type(block).__name__,
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


def _side_by_side(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks one below the other; narrow pictures that follow one another share a row."""
    rows: list[list[Block]] = []
    for block in blocks:
        before = rows[-1][-1] if rows else None
        if _narrow(block) and before is not None and _narrow(before) and len(rows[-1]) < 2:
            rows[-1].append(block)
        else:
            rows.append([block])
    return rows


def _narrow(block: Block) -> bool:
    return isinstance(block, Picture) and block.share <= 0.5
