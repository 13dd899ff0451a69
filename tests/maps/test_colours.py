"""The colours of the maps, seen with the common colour-vision deficiencies and in grey."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from planner.assessment import REASONS
from planner.views.palette import CHANGES, MORE_AND_LESS, POWERS, RAMPS, REACH
from planner.views.palette import REASONS as REASON_COLOURS

# Machado, Oliveira and Fernandes (2009), doi 10.1109/TVCG.2009.113, severity 1.0, on linear RGB
SEEN_BY = {
    "everybody": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
CATEGORIES = {
    "powers": list(POWERS.values()),
    "reasons": list(REASON_COLOURS.values()),
    "reach": list(REACH),
    "changes": list(CHANGES.values()),
    "more and less": [*MORE_AND_LESS[0], *MORE_AND_LESS[1]],
}
APART = 15.0
"""Distance in CIELAB (1976); 2.3 is just noticeable, and a legend is looked at some centimetres away."""
APART_IN_GREY = 7.0
"""Difference of lightness L*, 0 to 100."""


def lab(colour: str, seen_by: str = "everybody") -> np.ndarray:
    """CIELAB of a colour as someone sees it (D65)."""
    rgb = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(SEEN_BY[seen_by] @ linear, 0, 1)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    f = np.cbrt(to_xyz @ linear / np.array([0.95047, 1.0, 1.08883]))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_lab_of_known_colours() -> None:
    assert lab("#ffffff") == pytest.approx([100, 0, 0], abs=0.02)
    assert lab("#ff0000") == pytest.approx([53.24, 80.09, 67.20], abs=0.05)
    # red and green of equal lightness are nearly one colour to a deuteranope: the simulation does something
    red, green = "#c84b4b", "#7d7d2b"
    assert np.linalg.norm(lab(red) - lab(green)) > 45
    assert np.linalg.norm(lab(red, "deuteranopia") - lab(green, "deuteranopia")) < 20


@pytest.mark.parametrize("seen_by", SEEN_BY)
@pytest.mark.parametrize("name", CATEGORIES)
def test_categories_are_told_apart(name: str, seen_by: str) -> None:
    for a, b in combinations(CATEGORIES[name], 2):
        assert np.linalg.norm(lab(a, seen_by) - lab(b, seen_by)) >= APART, (a, b)


@pytest.mark.parametrize("name", ["powers", "reasons", "reach", "changes"])
def test_categories_are_told_apart_in_grey(name: str) -> None:
    lightness = sorted(lab(colour)[0] for colour in CATEGORIES[name])
    assert min(b - a for a, b in pairwise(lightness)) >= APART_IN_GREY, lightness


@pytest.mark.parametrize("seen_by", SEEN_BY)
@pytest.mark.parametrize("name", RAMPS)
def test_ramps_grow_darker_step_by_step(name: str, seen_by: str) -> None:
    lightness = [lab(colour, seen_by)[0] for colour in RAMPS[name]]
    assert all(a - b >= 5 for a, b in pairwise(lightness)), lightness


def test_every_reason_has_a_colour() -> None:
    assert set(REASON_COLOURS) == set(REASONS)


def test_text_on_the_chips_is_readable() -> None:
    """WCAG 2: contrast of 4.5 or more; white on fast and swap, black on slow and heavy, as cards.js has it."""

    def luminance(colour: str) -> float:
        return float(((lab(colour)[0] + 16) / 116) ** 3)

    for power, ink in {"slow": "#17202a", "fast": "#ffffff", "heavy": "#17202a", "swap": "#ffffff"}.items():
        light, dark = sorted((luminance(POWERS[power]), luminance(ink)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, power
