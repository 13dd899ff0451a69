"""How far anyone goes."""

from __future__ import annotations

import pandas as pd

from planner.scenario import Scenario


def reach_by_mode(demand: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """How far anyone of a zone goes by each mode: index zone_id, columns ``drive`` and ``walk``, metres."""
    mode = demand.index.get_level_values("service").map({s: rules.mode for s, rules in scenario.services.items()})
    zone = demand.index.get_level_values("zone_id")
    rows = pd.DataFrame({"zone_id": zone, "mode": mode, "reach_m": demand["reach_m"].to_numpy(float)})
    table = rows.pivot_table(index="zone_id", columns="mode", values="reach_m", aggfunc="max", fill_value=0.0)
    return table.reindex(columns=["drive", "walk"], fill_value=0.0)
