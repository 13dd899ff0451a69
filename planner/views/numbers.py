"""How every number is written: the one place for its digits, its rounding and its unit, on every face.

Numbers are rounded to the nearest, halves away from zero, on their first 12 digits, so that the noise of a sum does not
decide; the script of the map (``planner/assets/map/numbers.js``) does the same, and so does Excel with what `as_cell`
gives it. A gap alone is rounded up, for it is a promise. A writer takes a value and returns a `Text`; where there is no
value it says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from planner.words import Text, same

Writer = Callable[[float], Text]

_DIGITS = 12
"""That a number is known to."""

DASH = same("–")
"""Where there is no number to show."""

UNKNOWN = Text(zh="未知", en="not known")
BEYOND_REACH = Text(zh="超出可达范围", en="> reach")
NEVER = Text(zh="无法回收", en="never")

CHARGERS = Text(zh="台", en="")
SWAP_STATIONS = Text(zh="座", en="")
PIECES = Text(zh="个", en="")
MILLIONS = Text(zh="万元", en="million CNY")
"""Of money below a heading; in Chinese ten thousands, as is usual."""
CNY = Text(zh="元", en="CNY")
CNY_KWH = Text(zh="元/kWh", en="CNY/kWh")
KW, KVA, METRES, KILOMETRES = same("kW"), same("kVA"), same("m"), same("km")
KWH = same("kWh")
KWH_DAY = Text(zh="kWh/日", en="kWh/day")
WEIGHTED_KWH_DAY = Text(zh="加权 kWh/日", en="weighted kWh/day")
MINUTES = Text(zh="分钟", en="min")
TONNES = Text(zh="吨", en="t")
YEARS = Text(zh="年", en="years")


# ---- counts, shares, gaps -------------------------------------------------------------------------------------------


def count(value: float) -> Text:
    """Whole, with thousands apart: ``10,000``."""
    return same(fixed(value, 0)) if math.isfinite(value) else DASH


def tenths(value: float) -> Text:
    """One digit: ``12.3``."""
    return same(fixed(value, 1)) if math.isfinite(value) else DASH


def signed_count(value: float) -> Text:
    """By how many something changed: ``+1,240``."""
    return same(f"{'+' if value >= 0 else ''}{fixed(value, 0)}") if math.isfinite(value) else DASH


def share(value: float) -> Text:
    """A share of one in per cent with one digit: ``92.8 %``."""
    return _known(value) or same(f"{fixed(value, 1, 2)} %")


def signed_share(value: float) -> Text:
    """By how much something changed: ``+3.1 %``."""
    return _known(value) or same(f"{'+' if value >= 0 else ''}{fixed(value, 1, 2)} %")


def given_share(value: float) -> Text:
    """A share that somebody chose, with the digits that it has: ``20 %``, ``0.5 %``."""
    return same(f"{100 * value:g} %")


def gap(value: float) -> Text:
    """A gap in per cent with two digits, rounded up: never shown smaller than it is, as ``0.49 %`` of 0.4815 %."""
    return same(f"{fixed(gap_up(value), 2, 2)} %") if math.isfinite(value) else DASH


def gap_up(value: float, digits: int = 4) -> float:
    """A gap rounded up to some digits; what is rounded up again to fewer is as if it had been rounded once.

    A gap is known to about 1e-12: less than that above a round number is none.
    """
    least = Decimal(1).scaleb(-digits)
    return float(Decimal(repr(round(float(value), 12))).quantize(least, ROUND_CEILING))


def points(value: float, digits: int = 1) -> Text:
    """A difference of shares: ``1.3 pp``; of gaps with two digits."""
    return Text(zh="{points} 个百分点", en="{points} pp").fill(points=fixed(value, digits, 2))


def ratio(value: float) -> Text:
    """Two digits: ``0.50``."""
    return _known(value) or same(fixed(value, 2))


def gini(value: float) -> Text:
    """A Gini coefficient: ``0.078``."""
    return _known(value) or same(fixed(value, 3))


# ---- money ----------------------------------------------------------------------------------------------------------


def millions(cny: float) -> Text:
    """An amount below a heading of `MILLIONS`: ``799.87``, in Chinese ten thousands: ``79,987.4``."""
    return Text(zh=fixed(cny, 1, -4), en=fixed(cny, 2, -6)) if math.isfinite(cny) else DASH


def money(cny: float) -> Text:
    """The same in a sentence: ``CNY 799.87 million``, ``79,987.4 万元``."""
    if not math.isfinite(cny):
        return DASH
    return Text(zh="{amount} 万元", en="CNY {amount} million").fill(amount=millions(cny))


def yuan(cny: float) -> Text:
    """A small amount, such as the price of a charger or of a station, in full: ``CNY 62,000``."""
    return Text(zh="{amount} 元", en="CNY {amount}").fill(amount=count(cny)) if math.isfinite(cny) else DASH


def price(cny: float) -> Text:
    """Money for a kWh, below a heading that says so: ``0.31``."""
    return same(fixed(cny, 2)) if math.isfinite(cny) else DASH


# ---- power, energy, ways, times -------------------------------------------------------------------------------------


def power(kw: float) -> Text:
    """Power in a sentence: ``689,500 kW``."""
    return same("{kw} kW").fill(kw=count(kw)) if math.isfinite(kw) else DASH


def kw_each(value: float) -> Text:
    """Power of a single vehicle: ``1.91 kW``."""
    return _known(value) or same(f"{fixed(value, 2)} kW")


def energy(kwh: float) -> Text:
    """Energy in a sentence: ``1,550 kWh``."""
    return same("{kwh} kWh").fill(kwh=count(kwh)) if math.isfinite(kwh) else DASH


def metres(value: float) -> Text:
    """A way: ``1,240 m``."""
    return _known(value) or same(f"{fixed(value, 0)} m")


def kilometres(metres: float) -> Text:
    """Kilometres of metres, below a heading that says so or before the unit: ``1.5``."""
    return same(fixed(metres, 1, -3)) if math.isfinite(metres) else DASH


def square_metres(value: float) -> Text:
    """An area: ``50,000 m²``."""
    return same(f"{fixed(value, 0)} m²")


def minutes(value: float) -> Text:
    """Minutes below a heading that says so: ``1.2``."""
    return tenths(value)


def years(value: float) -> Text:
    """How long something takes to pay back: ``5.2 years``."""
    if not math.isfinite(value):
        return DASH if math.isnan(value) else NEVER
    return Text(zh="{years} 年", en="{years} years").fill(years=fixed(value, 1))


def year(value: float) -> Text:
    """A year, without a comma."""
    return same(f"{value:.0f}")


def hour(value: float) -> Text:
    """The hour from ``12:00–13:00``."""
    return DASH if math.isnan(value) else same(f"{value:.0f}:00–{value + 1:.0f}:00")


# ---- figures of any unit, and ranges --------------------------------------------------------------------------------


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


def plain(value: float) -> Text:
    """A figure of a scenario as it is read: no digits that it has not, thousands apart."""
    return same(fixed(value, 0) if value == round(value) else f"{value:,.6g}".replace("-", "−"))


def measured(value: float) -> Text:
    """Three digits of something measured or reckoned, more only before the point: ``44.4``, ``760,791``."""
    return same(fixed(value, 0) if value >= 1000 else f"{value:.3g}")


def tick(value: float) -> Text:
    """A round number at an axis."""
    return same(f"{value:,.10g}")


def scale(metres: float) -> Text:
    """The length of a scale bar: ``500 m``, ``2 km``."""
    return same(f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m")


def limits(low: float, high: float, write: Writer = plain) -> Text:
    """Between what: ``40 – 50``."""
    return same("{low} – {high}").fill(low=write(low), high=write(high))


def spread(low: float, base: float, high: float) -> Text:
    """A number with its range: ``63,277 (−5,849 to 170,123)``."""
    if not math.isfinite(base):
        return DASH
    told = Text(zh="{base}（{low} 至 {high}）", en="{base} ({low} to {high})")
    return told.fill(base=count(base), low=count(low), high=count(high))


# ---- the rule -------------------------------------------------------------------------------------------------------


def fixed(value: float, digits: int, scale: int = 0) -> str:
    """A number times ten to the scale with so many digits, thousands apart: the rule of rounding.

    Parameters
    ----------
    value
        Finite.
    digits
        Behind the point.
    scale
        2 for per cent of a share, -6 for millions.
    """
    exact = Decimal(f"{float(value):.{_DIGITS}g}").scaleb(scale)
    rounded = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{'−' if rounded < 0 else ''}{abs(rounded):,f}"


def _known(value: float) -> Text | None:
    """The words for a figure that is not known or beyond reach; None for a number."""
    if math.isnan(value):
        return UNKNOWN
    return BEYOND_REACH if math.isinf(value) else None


# ---- Excel ----------------------------------------------------------------------------------------------------------

_EXCEL: dict[Writer, str] = {
    count: "#,##0",
    tenths: "#,##0.0",
    share: "0.0 %",
    gap: "0.00 %",
    ratio: "#,##0.00",
    gini: "0.000",
    millions: "#,##0",
    kw_each: "#,##0.00",
    metres: "#,##0",
    year: "0",
    plain: "0.######",
}


def as_cell(value: float) -> float:
    """A number for a cell: without the noise beyond the digits that it is known to, which Excel would round by."""
    return float(f"{float(value):.{_DIGITS}g}")


def excel_format(write: Writer) -> str:
    """The number format by which Excel shows the digits of a writer.

    Units stand in a heading or a column of their own; money stays in CNY, as the names of columns say, and a gap must
    have been rounded up (`gap_up`) before.
    """
    return _EXCEL[write]
