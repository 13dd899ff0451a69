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


def test_the_noise_of_a_division_is_no_gap() -> None:
    assert 1 - 0.99 > 0.01  # 0.010000000000000009
    assert numbers.gap(1 - 0.99).en == "1.00 %"
    assert numbers.gap(float("nan")).en == "–"
