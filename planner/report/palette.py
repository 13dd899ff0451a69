"""Colours of the report: told apart by those who see fewer colours, and by their lightness in grey print."""

from __future__ import annotations

INK, SOFT, LINE, GROUND, PAPER = "#1d2733", "#5b6875", "#c9d0d7", "#f1f3f5", "#ffffff"
ACCENT, SECOND = "#0b4f8a", "#d0570a"

POWERS = {"fast": "#0b4c78", "heavy": "#c44f08", "slow": "#45b08e", "swap": "#fbe4f0"}
"""Services, in the hues of the map; each at a lightness of its own, darkest first."""

MIXED = "#e6c739"
"""Of a station without a service that two thirds of its chargers belong to."""

NETWORKS = {"today": "#c2c9d0", "proportional": "#8fa3b5", "greedy": "#5f7f9e", "plan": ACCENT}
"""Networks side by side, the plan darkest."""

OTHER_NETWORK = "#dfe4e8"
