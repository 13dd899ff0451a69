"""What a report is made of: headings, paragraphs, tables and pictures, all plain text, for HTML and PDF alike.

A document speaks both languages; `told` is where one is chosen. Every text may hold names from outside (OSM, tables,
scenario files). It is data here and in both renderings: HTML escapes it, typst reads it as JSON and never as markup.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal, Protocol

from planner.views import table as views
from planner.words import Lang, Text

_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
_SPACE = re.compile(r"\s+")


def clean(text: object) -> str:
    """A text on one line, without what XML refuses (control characters) and what turns the writing direction round."""
    return _SPACE.sub(" ", _NOT_TEXT.sub("", str(text))).strip()


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 (parts), 2 (sections) or 3."""

    text: Text
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Running text; ``note`` is set smaller."""

    text: Text
    style: Literal["plain", "note"] = "plain"


@dataclass(frozen=True)
class Bullets:
    """A list of short texts."""

    items: Sequence[Text]


@dataclass(frozen=True)
class Head:
    """The head of a column: its heading, its share of the width, and whether it holds numbers (set to the right)."""

    heading: Text
    width: float = 1.0
    numbers: bool = True

    @classmethod
    def of(cls, column: views.Column, width: float = 1.0) -> Head:
        """The head of a column of `planner.views`."""
        return cls(column.heading, width, not column.is_text)


@dataclass(frozen=True)
class Row:
    """Cells of a table, as many as it has columns; of a ``group`` one, that names the rows below it."""

    cells: Sequence[Text]
    kind: Literal["plain", "sum", "group"] = "plain"


@dataclass(frozen=True)
class Table:
    """Rows under headings that are repeated on every page; ``whole`` keeps a short one on one page."""

    columns: Sequence[Head]
    rows: Sequence[Row]
    small: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Card:
    """One of the four figures: the document's word, what is measured, today and plan."""

    word: Text
    meaning: Text
    today: Text
    plan: Text


@dataclass(frozen=True)
class Cards:
    """The four figures beside one another, with the words for today and plan."""

    cards: Sequence[Card]
    today: Text
    plan: Text


class Drawn(Protocol):
    """What can be drawn: as an SVG element of `planner.report.drawing`, whose texts are escaped, in one language."""

    def svg(self, lang: Lang) -> str: ...


@dataclass(frozen=True)
class Picture:
    """A drawing with its caption, and what it shows for those who cannot see it."""

    drawn: Drawn
    caption: Text
    shows: Text
    share: float = 1.0
    """Of the text's width; two pictures of half the width stand side by side where they follow one another."""


@dataclass(frozen=True)
class PageBreak:
    """What follows begins a page."""


@dataclass(frozen=True)
class ByLanguage:
    """A block that has another form in each language."""

    zh: Block
    en: Block

    def to(self, lang: Lang) -> Block:
        """The block of one language."""
        return self.zh if lang == "zh" else self.en


Block = Heading | Paragraph | Bullets | Table | Cards | Picture | PageBreak | ByLanguage


@dataclass(frozen=True)
class Document:
    """A report."""

    title: Text
    subtitle: Text
    foot: Text
    page_word: Text
    blocks: Sequence[Block] = field(default_factory=tuple)


def table(columns: Sequence[Head], rows: Sequence[Sequence[Text]], **kinds: bool) -> Table:
    """A table of plain rows."""
    return Table(columns, [Row(row) for row in rows], **kinds)


def placed(shown: views.Table, widths: Sequence[float], **kinds: bool) -> Table:
    """A table of `planner.views` in the report, its columns as wide as they are given; a last group is its sum."""
    columns = [Head.of(column, width) for column, width in zip(shown.columns, widths, strict=True)]
    first, *sums = shown.groups
    rows = [*(Row(row) for row in first), *(Row(row, "sum") for group in sums for row in group)]
    return Table(columns, rows, **kinds)


def told(document: Document, lang: Lang) -> dict[str, Any]:
    """A document in one language: every part a dictionary that names under ``is`` what it was, every text clean."""
    content: dict[str, Any] = _told(document, lang)
    return {"lang": lang, **content}


def _told(part: Any, lang: Lang) -> Any:
    if isinstance(part, Text):
        return clean(part.to(lang))
    if isinstance(part, ByLanguage):
        return _told(part.to(lang), lang)
    if isinstance(part, list | tuple):
        return [_told(each, lang) for each in part]
    if not is_dataclass(part):
        return part
    content = {each.name: _told(getattr(part, each.name), lang) for each in fields(part) if each.name != "drawn"}
    drawing = {"svg": part.drawn.svg(lang)} if isinstance(part, Picture) else {}
    return {"is": type(part).__name__, **drawing, **content}
