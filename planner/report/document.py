"""What a report is made of: headings, paragraphs, tables and pictures, all plain text, for HTML and PDF alike.

Every text may hold names from outside (OSM, tables, scenario files). It is data here and in both renderings: HTML
escapes it, typst reads it as JSON and never as markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

Lang = Literal["zh", "en"]
Say = Callable[[str, str], str]

_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
_SPACE = re.compile(r"\s+")


def clean(text: object) -> str:
    """A text on one line, without what XML refuses (control characters) and what turns the writing direction round."""
    return _SPACE.sub(" ", _NOT_TEXT.sub("", str(text))).strip()


def speaker(lang: Lang) -> Say:
    """A function that picks the language of two texts, Chinese and English."""
    return (lambda zh, en: zh) if lang == "zh" else (lambda zh, en: en)


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 (parts), 2 (sections) or 3."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Running text; ``note`` is set smaller."""

    text: str
    style: Literal["plain", "note"] = "plain"


@dataclass(frozen=True)
class Bullets:
    """A list of short texts."""

    items: Sequence[str]


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, its share of the width, and whether it holds numbers (set to the right)."""

    heading: str
    width: float = 1.0
    numbers: bool = True


@dataclass(frozen=True)
class Row:
    """Cells of a table, as many as it has columns; of a ``group`` one, that names the rows below it."""

    cells: Sequence[str]
    kind: Literal["plain", "sum", "group"] = "plain"


@dataclass(frozen=True)
class Table:
    """Rows under headings that are repeated on every page; ``whole`` keeps a short one on one page."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    small: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Card:
    """One of the four figures: the document's word, what is measured, today and plan."""

    word: str
    meaning: str
    today: str
    plan: str
    note: str = ""


@dataclass(frozen=True)
class Cards:
    """The four figures beside one another, with the words for today and plan."""

    cards: Sequence[Card]
    today: str
    plan: str


@dataclass(frozen=True)
class Picture:
    """A drawing with its caption, and what it shows for those who cannot see it.

    ``svg`` is markup of `planner.report.drawing`, whose texts are escaped.
    """

    svg: str
    caption: str
    shows: str
    share: float = 1.0
    """Of the text's width; two pictures of half the width stand side by side where they follow one another."""


@dataclass(frozen=True)
class PageBreak:
    """What follows begins a page."""


Block = Heading | Paragraph | Bullets | Table | Cards | Picture | PageBreak


@dataclass(frozen=True)
class Document:
    """A report in one language."""

    lang: Lang
    title: str
    subtitle: str
    foot: str
    page_word: str
    blocks: Sequence[Block] = field(default_factory=tuple)


def table(columns: Sequence[Column], rows: Sequence[Sequence[object]], **kinds: bool) -> Table:
    """A table of plain rows, every cell cleaned."""
    return Table(columns, [Row([clean(cell) for cell in row]) for row in rows], **kinds)
