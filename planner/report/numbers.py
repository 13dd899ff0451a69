"""How numbers are written in a report: one place, the same digits as the command, the map and the tables show."""

from __future__ import annotations

import math

from planner.assessment import figure_text
from planner.report.document import Lang

NOT_KNOWN = {"zh": "未知", "en": "not known"}


def count(value: float) -> str:
    """Whole: ``10,000``; a dash where not known."""
    return f"{value:,.0f}" if math.isfinite(value) else "–"


def share(value: float, lang: Lang) -> str:
    """``92.8 %``, as the command writes it."""
    return figure_text(value, "share", lang)


def gap(value: float) -> str:
    """A gap in per cent with two digits, rounded up: never shown smaller than it is."""
    return f"{math.ceil(value * 1e4 - 1e-9) / 100:.2f} %"


def million(cny: float) -> str:
    """Millions of CNY with one digit, as in the command's tables."""
    return f"{cny / 1e6:,.1f}" if math.isfinite(cny) else "–"


def money(cny: float, lang: Lang) -> str:
    """An amount with its unit: ``7.999 亿元``, ``CNY 799.9 million``; small ones in 万元 and CNY."""
    if not math.isfinite(cny):
        return "–"
    if lang == "zh":
        return f"{cny / 1e8:,.3f} 亿元" if abs(cny) >= 1e7 else f"{cny / 1e4:,.1f} 万元"
    return f"CNY {million(cny)} million" if abs(cny) >= 1e6 else f"CNY {cny:,.0f}"


def megawatts(kw: float) -> str:
    """MW with one digit."""
    return f"{kw / 1e3:,.1f}" if math.isfinite(kw) else "–"


def ratio(value: float, lang: Lang) -> str:
    """Two digits: ``0.50``."""
    return figure_text(value, "", lang)


def years(value: float, lang: Lang) -> str:
    """Years with one digit; never where a plan does not pay back."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "无法回收" if lang == "zh" else "never"
    return f"{value:.1f} 年" if lang == "zh" else f"{value:.1f} years"


def hour(value: float) -> str:
    """The hour from ``12:00–13:00``."""
    return "–" if math.isnan(value) else f"{value:.0f}:00–{value + 1:.0f}:00"


def spread(low: float, base: float, high: float, lang: Lang) -> str:
    """A number with its range: ``63,277 (-5,849 to 170,123)``."""
    if not math.isfinite(base):
        return "–"
    return f"{base:,.0f}（{low:,.0f} 至 {high:,.0f}）" if lang == "zh" else f"{base:,.0f} ({low:,.0f} to {high:,.0f})"


def plain(value: float) -> str:
    """A figure with the digits that it has."""
    return f"{value:,.10g}"
