"""SVG, a few shapes of it: what charts and the picture of the city are drawn with.

Texts are text elements, drawn by the fonts of whoever shows them, so that Chinese stays Chinese. Lengths are in units
of which `UNITS_A_MM` make a millimetre on paper.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape
from typing import NamedTuple

from planner.report.document import clean
from planner.views.palette import INK, PAPER
from planner.words import Lang, Text

UNITS_A_MM = 4.0
WIDTH = 174 * UNITS_A_MM  # of the text on A4 with margins of 18 mm
FONTS = ("Microsoft YaHei", "SimSun", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC")
"""Fonts with Chinese, in the order in which they are looked for: Windows, Linux, macOS."""

FONT_FAMILY = ", ".join(f"'{name}'" for name in FONTS)


class Box(NamedTuple):
    """A rectangle on a sheet: its upper left corner, width and height."""

    x: float
    y: float
    width: float
    height: float


class Drawing:
    """Shapes on a sheet, the last one on top; its words in one language."""

    def __init__(self, width: float, height: float, lang: Lang) -> None:
        self.width, self.height, self.lang = width, height, lang
        self._parts: list[str] = []

    def text(
        self,
        x: float,
        y: float,
        words: Text,
        *,
        size: float = 11,
        anchor: str = "start",
        colour: str = INK,
        bold: bool = False,
        halo: bool = False,
        most: float = math.inf,
    ) -> float:
        """A line of text, its baseline at y, cut off where it would be wider than `most`; returns about how wide it is.

        `halo` sets it off from what lies below.
        """
        told = fitted(self.said(words), most, size)
        weight = ' font-weight="bold"' if bold else ""
        place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}"{weight}'
        edge = f' stroke="{PAPER}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"' if halo else ""
        self._parts.append(f'<text {place} fill="{colour}"{edge}>{escape(told)}</text>')
        return text_width(told, size)

    def width_of(self, words: Text, size: float) -> float:
        """About how wide a text is."""
        return text_width(self.said(words), size)

    def said(self, words: Text) -> str:
        """A text as it is drawn."""
        return clean(words.to(self.lang))

    def rectangle(self, box: Box, *, fill: str, stroke: str = "none", line: float = 0.8) -> None:
        """A rectangle."""
        edge = "" if stroke == "none" else f' stroke="{stroke}" stroke-width="{line:g}"'
        shape = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{max(box.width, 0):.1f}" height="{box.height:.1f}"'
        self._parts.append(f'<rect {shape} fill="{fill}"{edge}/>')

    def line(
        self, x1: float, y1: float, x2: float, y2: float, *, colour: str, width: float = 1, dash: str = ""
    ) -> None:
        """A straight line."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        self._parts.append(f'<line {ends} stroke="{colour}" stroke-width="{width:g}"{dashed}/>')

    def path(self, d: str, *, stroke: str = "none", width: float = 1, fill: str = "none", dash: str = "") -> None:
        """A path; `d` as SVG has it."""
        edge = "" if stroke == "none" else f' stroke="{stroke}" stroke-width="{width:g}" stroke-linejoin="round"'
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(f'<path d="{d}" fill="{fill}" fill-rule="evenodd"{edge}{dashed}/>')

    def circles(self, rows: Iterable[tuple[float, float, float]], *, fill: str, stroke: str, width: float) -> None:
        """Circles (x, y, radius) of one colour."""
        marks = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.2f}"/>' for x, y, r in rows)
        self._parts.append(f'<g fill="{fill}" stroke="{stroke}" stroke-width="{width:g}">{marks}</g>')

    def clipped(self, name: str, box: Box, inner: Drawing) -> None:
        """Another drawing, of which only a rectangle shows; `name` is unique on the page."""
        shape = f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"/>'
        shown = f'<g clip-path="url(#{name})">{"".join(inner._parts)}</g>'
        self._parts.append(f'<clipPath id="{name}">{shape}</clipPath>{shown}')

    def svg(self, shows: Text) -> str:
        """The drawing as an SVG element; `shows` says in words what is to be seen."""
        label = escape(self.said(shows))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}" role="img" '
            f'aria-label="{label}" font-family="{FONT_FAMILY}, sans-serif">{"".join(self._parts)}</svg>'
        )


def text_width(words: str, size: float) -> float:
    """About how wide a text is: Chinese letters as wide as high, others half."""
    return float(sum(size if ord(letter) > 0x2E7F else 0.56 * size for letter in words))


def fitted(words: str, width: float, size: float) -> str:
    """A text cut off where it would be wider."""
    if text_width(words, size) <= width:
        return words
    kept = words
    while kept and text_width(kept + "…", size) > width:
        kept = kept[:-1]
    return kept + "…"


def polyline(points: Iterable[tuple[float, float]], closed: bool = False) -> str:
    """The path through points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + ("Z" if closed else "")
