"""The colours of plans, one for each thing on map, report and in QGIS.

Those that must be told apart are so with any of the common colour-vision deficiencies, and in grey print.
"""

from __future__ import annotations

INK, SOFT, LINE, GROUND, PAPER = "#1d2733", "#5b6875", "#c9d0d7", "#f1f3f5", "#ffffff"
ACCENT, SECOND = "#0b4f8a", "#d0570a"

POWERS = {"slow": "#70c8a0", "fast": "#1b64a8", "heavy": "#e07b12", "swap": "#4a1450"}
"""Services; each at a lightness of its own."""

MIXED = "#fbeaa0"
"""Of a station without a service that two thirds of its chargers belong to."""

REASONS = {
    "out_of_reach": "#1e2022",
    "full": "#ffe14d",
    "grid": "#3a86c0",
    "budget": "#95296f",
    "quota": "#63c0a0",
}
"""Why demand is not served."""

RAMPS = {  # from little to much
    "demand": ("#fff3c9", "#fed976", "#fd9f3c", "#d6500d", "#7a1f04"),
    "served": ("#e3f1f0", "#a9d6d3", "#63b0ac", "#237f7c", "#06403f"),
    "residents": ("#efedf5", "#cbc9e3", "#9e98c8", "#7060ac", "#432080"),
    "grid": ("#f0f0f0", "#c4c9cf", "#8b95a1", "#4b5763", "#15191d"),
}
REACH = ("#b5284a", "#3a8fb7", "#b8dfe6")
"""Beyond every norm radius, within one with the plan, within one already today."""

CHANGES = {"added": "#1b64a8", "removed": "#e8861c", "changed": "#747a80"}
MORE_AND_LESS = (("#e8861c", "#f6c58d"), ("#a9c8e6", "#1b64a8"))
"""Much less, less; more, much more."""

NETWORKS = {"today": "#c2c9d0", "proportional": "#8fa3b5", "greedy": "#5f7f9e", "plan": ACCENT}
"""Networks side by side, the plan darkest."""

OTHER_NETWORK = "#dfe4e8"


def channels(colour: str) -> str:
    """Red, green and blue as QGIS writes them: ``27,100,168``."""
    return ",".join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
