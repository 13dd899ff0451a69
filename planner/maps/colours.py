"""The colours of the maps: told apart with any of the common colour-vision deficiencies, and in grey."""

from __future__ import annotations

POWER_COLOURS = {"slow": "#8fd3a0", "fast": "#1b64a8", "heavy": "#e8861c", "swap": "#4a1450"}
REASON_COLOURS = {
    "out_of_reach": "#1e2022",
    "full": "#ffe14d",
    "grid": "#3a86c0",
    "budget": "#95296f",
    "quota": "#63c0a0",
}
RAMPS = {  # from little to much
    "demand": ("#fff3c9", "#fed976", "#fd9f3c", "#d6500d", "#7a1f04"),
    "served": ("#e3f1f0", "#a9d6d3", "#63b0ac", "#237f7c", "#06403f"),
    "residents": ("#efedf5", "#cbc9e3", "#9e98c8", "#7060ac", "#432080"),
    "grid": ("#f0f0f0", "#c4c9cf", "#8b95a1", "#4b5763", "#15191d"),
}
REACH_COLOURS = ("#b5284a", "#3a8fb7", "#b8dfe6")
"""Beyond every norm radius, within one with the plan, within one already today."""
CHANGE_COLOURS = {"added": "#1b64a8", "removed": "#e8861c", "changed": "#747a80"}
MORE_AND_LESS = (("#e8861c", "#f6c58d"), ("#a9c8e6", "#1b64a8"))
"""Much less, less; more, much more."""
