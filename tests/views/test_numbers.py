"""How numbers are written: digits, rounding, units, and what is said where there is no number."""

from __future__ import annotations

import math

import pytest

from planner.views import numbers


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (0.8341, "share", "83.4 %", "83.4 %"),
        (1240.4, "m", "1,240 m", "1,240 m"),
        (math.inf, "m", "超出可达范围", "> reach"),
        (math.nan, "kW", "未知", "not known"),
        (0.5, "kW", "0.50 kW", "0.50 kW"),
        (2.5, "", "2.50", "2.50"),
    ],
)
def test_figures_in_words(value: float, unit: str, zh: str, en: str) -> None:
    assert (numbers.figure(value, unit).zh, numbers.figure(value, unit).en) == (zh, en)


def test_a_gap_is_never_shown_smaller_than_it_is() -> None:
    gaps = [numbers.gap(value).en for value in (0.004815, 0.01, 0.0, 1e-7)]
    assert gaps == ["0.49 %", "1.00 %", "0.00 %", "0.01 %"]


def test_a_gap_rounded_up_in_a_file_is_shown_as_it_would_be_without() -> None:
    """0.480049 % is 0.004801 in summary.json, not 0.004800, which would be shown as 0.48 %."""
    assert numbers.gap_up(0.00480049, 6) == 0.004801
    assert numbers.gap(numbers.gap_up(0.00480049, 6)) == numbers.gap(0.00480049)
    assert numbers.gap(0.00480049).en == "0.49 %"


def test_halves_go_away_from_zero_and_noise_does_not_decide() -> None:
    """1,380 of 1,600 kWh is 86.25 %; the same as a sum of doubles may end just below."""
    assert [numbers.share(value).en for value in (1380 / 1600, 0.8624999999999995)] == ["86.3 %", "86.3 %"]
    assert numbers.as_cell(0.8624999999999995) == 0.8625
    assert [numbers.count(value).en for value in (0.5, 1.5, 2.5, -2.5, -0.4)] == ["1", "2", "3", "−3", "0"]
    assert numbers.ratio(0.145).en == "0.15"  # the double is 0.14499999999999999


def test_money_in_both_languages() -> None:
    """In sentences and below a heading the same digits; ten thousands in Chinese, millions in English."""
    assert (numbers.money(799_920_000).zh, numbers.money(799_920_000).en) == ("79,992.0 万元", "CNY 799.92 million")
    assert (numbers.millions(799_920_000).zh, numbers.millions(799_920_000).en) == ("79,992.0", "799.92")
    assert (numbers.yuan(62_000).zh, numbers.yuan(62_000).en) == ("62,000 元", "CNY 62,000")


def test_what_is_not_known_is_a_dash_or_a_word() -> None:
    nan, inf = float("nan"), float("inf")
    dashes = (
        numbers.count,
        numbers.tenths,
        numbers.millions,
        numbers.money,
        numbers.power,
        numbers.energy,
        numbers.gap,
    )
    assert {write(nan).en for write in dashes} == {"–"}
    assert numbers.spread(nan, nan, nan).zh == "–" and numbers.hour(nan).zh == "–"
    assert (numbers.years(nan).en, numbers.years(inf).en, numbers.years(inf).zh) == ("–", "never", "无法回收")
    assert numbers.metres(inf).zh == "超出可达范围"


def test_ranges_and_signs() -> None:
    assert numbers.spread(-5_849.2, 63_276.8, 170_122.7).en == "63,277 (−5,849 to 170,123)"
    assert numbers.spread(-5_849.2, 63_276.8, 170_122.7).zh == "63,277（−5,849 至 170,123）"
    assert numbers.limits(0.005, 0.2, numbers.given_share).en == "0.5 % – 20 %"
    assert (numbers.signed_share(0.031).en, numbers.signed_count(-3.2).en) == ("+3.1 %", "−3")
    assert (numbers.points(0.0125).zh, numbers.points(0.0125, 2).en) == ("1.3 个百分点", "1.25 pp")


def test_the_noise_of_a_division_is_no_gap() -> None:
    assert 1 - 0.99 > 0.01  # 0.010000000000000009
    assert numbers.gap(1 - 0.99).en == "1.00 %"
    assert numbers.gap(float("nan")).en == "–"
