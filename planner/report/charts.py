"""Charts of the report: bars side by side, steps over the hours of a day, and the Lorenz curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from planner.report.drawing import WIDTH, Box, Drawing, polyline
from planner.views import numbers
from planner.views.palette import ACCENT, INK, LINE, SECOND, SOFT
from planner.words import Lang, Text, same

_SIZE = 10.5
_ROW = 11.5


class Series(NamedTuple):
    """Values of one colour, with the words of the legend; ``texts`` stand at the end of bars."""

    words: Text
    colour: str
    values: Sequence[float]
    texts: Sequence[Text] = ()


@dataclass(frozen=True, kw_only=True)
class Bars:
    """Bars to the right, a group for each name; values that are not known have their text and no bar.

    Parameters
    ----------
    names
        Of the groups, from above.
    series
        Each with as many values as there are names.
    shows
        The chart in words.
    top
        Value at the right edge; by default the largest.
    colours
        Of the groups, where there is one series and it has none.
    """

    names: Sequence[Text]
    series: Sequence[Series]
    shows: Text
    top: float = 0.0
    colours: Sequence[str] = ()

    def svg(self, lang: Lang) -> str:
        """The chart in one language."""
        legend = 20.0 if len(self.series) > 1 else 2.0
        group = _ROW * len(self.series) + 8
        sheet = Drawing(WIDTH, legend + group * len(self.names) + 4, lang)
        left = min(max((sheet.width_of(name, _SIZE) for name in self.names), default=0.0) + 10, WIDTH * 0.42)
        right = max((sheet.width_of(text, _SIZE) for one in self.series for text in one.texts), default=0.0) + 8
        known = [value for one in self.series for value in one.values if math.isfinite(value)]
        scale = (WIDTH - left - right) / (self.top or max([*known, 0.0]) or 1.0)
        if len(self.series) > 1:
            _legend(sheet, self.series, left, 10)
        for at, name in enumerate(self.names):
            y = legend + at * group
            middle = y + _ROW * len(self.series) / 2 + 6
            sheet.text(left - 7, middle, name, size=_SIZE, anchor="end", most=left - 10)
            self._draw_group(sheet, at, Box(left, y, scale, group))
        sheet.line(left, legend, left, legend + group * len(self.names), colour=SOFT)
        return sheet.svg(self.shows)

    def _draw_group(self, sheet: Drawing, at: int, place: Box) -> None:
        """The bars of one name; the width of their place is a unit's."""
        for row, one in enumerate(self.series):
            value = one.values[at]
            length = max(value, 0.0) * place.width if math.isfinite(value) else 0.0
            colour = self.colours[at] if self.colours else one.colour
            bar = Box(place.x, place.y + 3 + row * _ROW, length, _ROW - 2)
            sheet.rectangle(bar, fill=colour, stroke=INK if length else "none", line=0.4)
            if one.texts:
                sheet.text(place.x + length + 5, place.y + 2 + row * _ROW + 9.5, one.texts[at], size=_SIZE)


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Layers over the 24 hours of a day, one on top of the other; every hour a step.

    Parameters
    ----------
    series
        24 values each, from below.
    shows
        The chart in words.
    unit
        Of the values, written at the axis.
    """

    series: Sequence[Series]
    shows: Text
    unit: Text

    def svg(self, lang: Lang) -> str:
        """The chart in one language."""
        sheet = Drawing(WIDTH, 232, lang)
        left, right, above, below = 52.0, 8.0, 32.0, 206.0
        total = np.sum([np.asarray(one.values, float) for one in self.series], axis=0)
        step, top = _ticks(float(total.max(initial=0.0)))
        across, up = (WIDTH - left - right) / 24, (below - above) / top
        _legend(sheet, self.series, left, 10)
        for tick in np.arange(0, top + step / 2, step):
            y = below - tick * up
            sheet.line(left, y, WIDTH - right, y, colour=LINE, width=0.8)
            sheet.text(left - 6, y + 4, numbers.tick(tick), size=_SIZE, anchor="end")
        sheet.text(left - 6, above - 10, self.unit, size=_SIZE, anchor="end")
        base = np.zeros(24)
        for one in self.series:
            upper = base + np.asarray(one.values, float)
            edge = [(left + across * (hour + side), below - up * upper[hour]) for hour in range(24) for side in (0, 1)]
            back = [(left + across * (hour + side), below - up * base[hour]) for hour in range(24) for side in (0, 1)]
            shape = polyline([*edge, *reversed(back)], closed=True)
            sheet.path(shape, stroke=INK, width=0.5, fill=one.colour)
            base = upper
        for hour in range(0, 25, 3):
            anchor = "middle" if hour < 24 else "end"
            sheet.text(left + across * hour, below + 15, same(f"{hour}:00"), size=_SIZE, anchor=anchor)
        sheet.line(left, below, WIDTH - right, below, colour=SOFT)
        return sheet.svg(self.shows)


class Curve(NamedTuple):
    """Groups of people: words of the legend, an amount that each person of a group has, and people in it."""

    words: Text
    amount: np.ndarray
    people: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Lorenz:
    """Lorenz curves: what share of an amount the people with least of it hold together.

    Parameters
    ----------
    curves
        Amounts finite.
    below, beside
        Words at the axes.
    shows
        The chart in words.
    """

    curves: Sequence[Curve]
    below: Text
    beside: Text
    shows: Text

    def svg(self, lang: Lang) -> str:
        """The chart in one language."""
        sheet = Drawing(WIDTH / 2 - 8, 292, lang)
        left, above, side = 46.0, 26.0, 216.0
        sheet.text(2, 12, self.beside, size=_SIZE, colour=SOFT)
        sheet.text(left + side / 2, above + side + 34, self.below, size=_SIZE, anchor="middle", colour=SOFT)
        for part in (0.0, 0.25, 0.5, 0.75, 1.0):
            x, y = left + part * side, above + (1 - part) * side
            sheet.line(left, y, left + side, y, colour=LINE, width=0.8)
            sheet.text(left - 5, y + 4, numbers.given_share(part), size=9.5, anchor="end")
            sheet.text(x, above + side + 15, numbers.given_share(part), size=9.5, anchor="middle")
        sheet.line(left, above + side, left + side, above, colour=SOFT, dash="4 3")
        styles = ((ACCENT, ""), (SECOND, "7 3"))
        for at, (curve, (colour, dash)) in enumerate(zip(self.curves, styles, strict=False)):
            points = ((left + side * x, above + side * (1 - y)) for x, y in _shares(curve))
            sheet.path(polyline(points), stroke=colour, width=1.8, dash=dash)
            y = above + 14 + 16 * at
            sheet.line(left + 10, y, left + 34, y, colour=colour, width=1.8, dash=dash)
            sheet.text(left + 40, y + 4, curve.words, size=_SIZE)
        sheet.rectangle(Box(left, above, side, side), fill="none", stroke=SOFT)
        return sheet.svg(self.shows)


def _shares(curve: Curve) -> np.ndarray:
    """Share of the people, share of the amount: about 200 points, those with least first."""
    order = np.argsort(curve.amount, kind="stable")
    people = np.r_[0.0, np.cumsum(curve.people[order])] / curve.people.sum()
    held = np.r_[0.0, np.cumsum((curve.amount * curve.people)[order])]
    return _thinned(np.column_stack([people, held / held[-1]]))


def _legend(sheet: Drawing, series: Sequence[Series], x: float, y: float) -> None:
    for one in series:
        sheet.rectangle(Box(x, y - 6, 12, 9), fill=one.colour, stroke=INK, line=0.4)
        x += 16 + sheet.text(x + 16, y + 3, one.words, size=_SIZE) + 14


def _ticks(most: float) -> tuple[float, float]:
    """Distance of about four ticks in round numbers, and the last of them."""
    if most <= 0:
        return 1.0, 1.0
    power = 10.0 ** math.floor(math.log10(most / 4))
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= most / 4)
    return step, step * math.ceil(most / step - 1e-9)


def _thinned(points: np.ndarray) -> np.ndarray:
    """At most about 200 points of a curve, both ends among them."""
    every = max(1, len(points) // 200)
    return np.vstack([points[:-1:every], points[-1:]])
