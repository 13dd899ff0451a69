"""Charts of the report: bars side by side, lines over the hours of a day, and the Lorenz curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from planner.report.drawing import WIDTH, Drawing, polyline
from planner.report.palette import ACCENT, INK, LINE, SECOND, SOFT

_SIZE = 10.5
_ROW = 11.5


class Series(NamedTuple):
    """Values of one colour, with the words of the legend; ``texts`` stand at the end of bars."""

    words: str
    colour: str
    values: Sequence[float]
    texts: Sequence[str] = ()


def bars(
    names: Sequence[str], series: Sequence[Series], shows: str, top: float = 0.0, colours: Sequence[str] = ()
) -> str:
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
    width = WIDTH
    left = min(max((text_width(name, _SIZE) for name in names), default=0.0) + 10, width * 0.42)
    right = max((text_width(text, _SIZE) for one in series for text in one.texts), default=0.0) + 8
    legend = 20.0 if len(series) > 1 else 2.0
    group = _ROW * len(series) + 8
    sheet = Drawing(width, legend + group * len(names) + 4)
    known = [value for one in series for value in one.values if math.isfinite(value)]
    scale = (width - left - right) / (top or max([*known, 0.0]) or 1.0)
    if len(series) > 1:
        _legend(sheet, [(one.words, one.colour) for one in series], left, 10)
    for at, name in enumerate(names):
        y = legend + at * group
        sheet.text(left - 7, y + _ROW * len(series) / 2 + 6, fitted(name, left - 10, _SIZE), _SIZE, "end")
        for row, one in enumerate(series):
            value = one.values[at]
            length = max(value, 0.0) * scale if math.isfinite(value) else 0.0
            colour = colours[at] if colours else one.colour
            sheet.rectangle(left, y + 3 + row * _ROW, length, _ROW - 2, colour, INK if length else "none", 0.4)
            if one.texts:
                sheet.text(left + length + 5, y + 2 + row * _ROW + 9.5, one.texts[at], _SIZE)
    sheet.line(left, legend, left, legend + group * len(names), SOFT)
    return sheet.svg(shows)


def hours(series: Sequence[Series], shows: str, unit: str) -> str:
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
    sheet = Drawing(WIDTH, 232)
    left, right, above, below = 52.0, 8.0, 32.0, 206.0
    total = np.sum([np.asarray(one.values, float) for one in series], axis=0)
    step, top = _ticks(float(total.max(initial=0.0)))
    across, up = (WIDTH - left - right) / 24, (below - above) / top
    _legend(sheet, [(one.words, one.colour) for one in series], left, 10)
    for tick in np.arange(0, top + step / 2, step):
        y = below - tick * up
        sheet.line(left, y, WIDTH - right, y, LINE, 0.8)
        sheet.text(left - 6, y + 4, f"{tick:,.10g}", _SIZE, "end")
    sheet.text(left - 6, above - 10, unit, _SIZE, "end")
    base = np.zeros(24)
    for one in series:
        upper = base + np.asarray(one.values, float)
        edge = [(left + across * (hour + side), below - up * upper[hour]) for hour in range(24) for side in (0, 1)]
        back = [(left + across * (hour + side), below - up * base[hour]) for hour in range(24) for side in (0, 1)]
        sheet.path(polyline([*edge, *reversed(back)], closed=True), INK, 0.5, one.colour)
        base = upper
    for hour in range(0, 25, 3):
        sheet.text(left + across * hour, below + 15, f"{hour}:00", _SIZE, "middle" if hour < 24 else "end")
    sheet.line(left, below, WIDTH - right, below, SOFT)
    return sheet.svg(shows)


def lorenz(curves: Sequence[tuple[str, np.ndarray, np.ndarray]], axes: tuple[str, str], shows: str) -> str:
    """Lorenz curves: what share of an amount the people with least of it hold together.

    Parameters
    ----------
    curves
        Words, amount for each group of people, and people in it; amounts finite.
    axes
        Words below and beside.
    shows
        The chart in words.
    """
    width = WIDTH / 2 - 8
    sheet = Drawing(width, 292)
    left, above, side = 46.0, 26.0, 216.0
    sheet.text(2, 12, axes[1], _SIZE, colour=SOFT)
    sheet.text(left + side / 2, above + side + 34, axes[0], _SIZE, "middle", SOFT)
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = left + part * side, above + (1 - part) * side
        sheet.line(left, y, left + side, y, LINE, 0.8)
        sheet.text(left - 5, y + 4, f"{part:.0%}", 9.5, "end")
        sheet.text(x, above + side + 15, f"{part:.0%}", 9.5, "middle")
    sheet.line(left, above + side, left + side, above, SOFT, 1, "4 3")
    styles = ((ACCENT, ""), (SECOND, "7 3"))
    for at, ((words, amount, people), (colour, dash)) in enumerate(zip(curves, styles, strict=False)):
        order = np.argsort(amount, kind="stable")
        x = np.r_[0.0, np.cumsum(people[order])] / people.sum()
        held = np.r_[0.0, np.cumsum((amount * people)[order])]
        points = _thinned(np.column_stack([x, held / held[-1]]))
        sheet.path(polyline((left + side * px, above + side * (1 - py)) for px, py in points), colour, 1.8, dash=dash)
        y = above + 14 + 16 * at
        sheet.line(left + 10, y, left + 34, y, colour, 1.8, dash)
        sheet.text(left + 40, y + 4, words, _SIZE)
    sheet.rectangle(left, above, side, side, "none", SOFT)
    return sheet.svg(shows)


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


def _legend(sheet: Drawing, entries: Sequence[tuple[str, str]], x: float, y: float) -> None:
    for words, colour in entries:
        sheet.rectangle(x, y - 6, 12, 9, colour, INK, 0.4)
        sheet.text(x + 16, y + 3, words, _SIZE)
        x += 16 + text_width(words, _SIZE) + 14


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
