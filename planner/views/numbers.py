"""How every number is written: the same on the console, the map, in the report and in files, with its rounding."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal

from planner.words import Text, same

Writer = Callable[[float], Text]

DASH = same("–")
"""Where there is no number to show."""

UNKNOWN = Text(zh="未知", en="not known")
BEYOND_REACH = Text(zh="超出可达范围", en="> reach")
NEVER = Text(zh="无法回收", en="never")


def count(value: float) -> Text:
    """Whole, with thousands apart: ``10,000``."""
    return same(f"{value:,.0f}") if math.isfinite(value) else DASH


def share(value: float) -> Text:
    """A share of one in per cent with one digit: ``92.8 %``."""
    return _known(value) or same(f"{value:.1%}".replace("%", " %"))


def signed_share(value: float) -> Text:
    """By how much something changed: ``+3.1 %``."""
    return _known(value) or same(f"{value:+.1%}".replace("%", " %"))


def given_share(value: float) -> Text:
    """A share that somebody chose, with the digits that it has: ``20 %``, ``0.5 %``."""
    return same(f"{100 * value:g} %")


def metres(value: float) -> Text:
    """A way: ``1,240 m``."""
    return _known(value) or same(f"{value:,.0f} m")


def ratio(value: float) -> Text:
    """Two digits: ``0.50``."""
    return _known(value) or same(f"{value:,.2f}")


def kw_each(value: float) -> Text:
    """Power of a single vehicle: ``1.91 kW``."""
    return _known(value) or same(f"{value:,.2f} kW")


def figure(value: float, unit: str) -> Text:
    """A figure or companion of a plan: ``83.4 %``, ``1,240 m``, ``1.91 kW``, ``0.31``.

    Parameters
    ----------
    value
        Infinite where it is metres beyond reach, NaN where it is not known.
    unit
        share, m, kW or empty.
    """
    return figure_writer(unit)(value)


def figure_writer(unit: str) -> Writer:
    """How figures of a unit are written."""
    return {"share": share, "m": metres, "kW": kw_each}.get(unit, ratio)


def year(value: float) -> Text:
    """A year, without a comma."""
    return same(f"{value:.0f}")


def gap(value: float) -> Text:
    """A gap in per cent with two digits, rounded up: never shown smaller than it is, as ``0.49 %`` of 0.4815 %."""
    return same(f"{gap_up(value) * 100:.2f} %") if math.isfinite(value) else DASH


def gap_up(value: float, digits: int = 4) -> float:
    """A gap rounded up to some digits; what is rounded up again to fewer is as if it had been rounded once.

    A gap is known to about 1e-12: less than that above a round number is none.
    """
    least = Decimal(1).scaleb(-digits)
    return float(Decimal(repr(round(float(value), 12))).quantize(least, ROUND_CEILING))


def fine_million(cny: float) -> Text:
    """Millions with two digits."""
    return same(f"{cny / 1e6:,.2f}")


def bare_years(value: float) -> Text:
    """Years below a heading that says so."""
    if math.isnan(value):
        return DASH
    return NEVER if math.isinf(value) else same(f"{value:.1f}")


def dotted_spread(low: float, base: float, high: float) -> Text:
    """A number with its range."""
    return same(f"{base:,.0f} ({low:,.0f} … {high:,.0f})") if math.isfinite(base) else DASH


def gini(value: float) -> Text:
    """A Gini coefficient of a curve of fairness."""
    return same(f"{value:.4f}")


def short_power(kw: float) -> Text:
    """MW of a headline."""
    return same(f"{kw / 1000:,.0f} MW" if kw >= 10_000 else f"{kw / 1000:.2f} MW")


def short_money(cny: float) -> Text:
    """Money of a headline."""
    return Text(
        zh=f"{cny / 1e8:,.2f} 亿元" if cny >= 1e7 else f"{cny / 1e4:,.1f} 万元",
        en=f"CNY {cny / 1e6:,.0f} M" if cny >= 1e7 else f"CNY {cny:,.0f}",
    )


def signed_count(value: float) -> Text:
    """Whole, with its sign."""
    return same(f"{value:+,.0f}")


def tenths(value: float) -> Text:
    """One digit."""
    return same(f"{value:,.1f}")


def kilometres(value_m: float) -> Text:
    """Kilometres of metres, with one digit, below a heading that says so."""
    return same(f"{value_m / 1000:,.1f}")


def square_metres(value: float) -> Text:
    """An area: ``50,000 m²``."""
    return same(f"{value:,.0f} m²")


def scale(metres: float) -> Text:
    """The length of a scale bar: ``500 m``, ``2 km``."""
    return same(f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m")


def tick(value: float) -> Text:
    """A round number at an axis."""
    return same(f"{value:,.10g}")


def plain_limits(low: float, high: float) -> Text:
    """The ends of a range of a figure of the scenario."""
    return same(f"{low:g} – {high:g}")


def share_limits(low: float, high: float) -> Text:
    """The ends of a range of a share of the scenario."""
    return same(f"{given_share(low).en} – {given_share(high).en}")


def limits(low: float, high: float) -> Text:
    """Between what: ``40 – 50``."""
    return same(f"{measured(low).en} – {measured(high).en}")


def million(cny: float) -> Text:
    """Millions of CNY with one digit, below a heading that says so."""
    return same(f"{cny / 1e6:,.1f}") if math.isfinite(cny) else DASH


def money(cny: float) -> Text:
    """An amount with its unit: ``7.999 亿元``, ``CNY 799.9 million``; small ones in 万元 and CNY."""
    if not math.isfinite(cny):
        return DASH
    zh = f"{cny / 1e8:,.3f} 亿元" if abs(cny) >= 1e7 else f"{cny / 1e4:,.1f} 万元"
    return Text(zh=zh, en=f"CNY {million(cny).en} million" if abs(cny) >= 1e6 else f"CNY {cny:,.0f}")


def megawatts(kw: float) -> Text:
    """MW with one digit, below a heading that says so."""
    return same(f"{kw / 1e3:,.1f}") if math.isfinite(kw) else DASH


def price(cny: float) -> Text:
    """CNY for a kWh: ``0.31``."""
    return same(f"{cny:.2f}")


def years(value: float) -> Text:
    """Years with one digit; never where a plan does not pay back."""
    if math.isnan(value):
        return DASH
    return NEVER if math.isinf(value) else Text(zh=f"{value:.1f} 年", en=f"{value:.1f} years")


def hour(value: float) -> Text:
    """The hour from ``12:00–13:00``."""
    return DASH if math.isnan(value) else same(f"{value:.0f}:00–{value + 1:.0f}:00")


def spread(low: float, base: float, high: float) -> Text:
    """A number with its range: ``63,277 (-5,849 to 170,123)``."""
    if not math.isfinite(base):
        return DASH
    ends = f"{low:,.0f}", f"{base:,.0f}", f"{high:,.0f}"
    return Text(zh="{1}（{0} 至 {2}）".format(*ends), en="{1} ({0} to {2})".format(*ends))


def minutes(value: float) -> Text:
    """Minutes with one digit, below a heading that says so."""
    return same(f"{value:.1f}")


def plain(value: float) -> Text:
    """A figure of a scenario as it is read: no digits that it has not, thousands apart."""
    return same(f"{value:,.0f}" if value == round(value) else f"{value:,.6g}")


def measured(value: float) -> Text:
    """Three digits of something measured or reckoned, more only before the point: ``44.4``, ``760,791``."""
    return same(f"{value:,.0f}" if value >= 1000 else f"{value:.3g}")


def _known(value: float) -> Text | None:
    """The words for a figure that is not known or beyond reach; None for a number."""
    if math.isnan(value):
        return UNKNOWN
    return BEYOND_REACH if math.isinf(value) else None


_EXCEL: dict[Writer, str] = {
    count: "#,##0",
    metres: "#,##0",
    share: "0.0 %",
    gap: "0.00 %",
    ratio: "#,##0.00",
    kw_each: "#,##0.00",
    year: "0",
}


def excel_format(write: Writer) -> str:
    """The number format that lets Excel show what a writer writes, but for its unit."""
    return _EXCEL[write]
