"""What studies do where nobody says otherwise. Alone, because the command's help tells it and loads nothing else."""

from __future__ import annotations

DAYS = 60
"""Simulated days that count: enough that a station with 20 arrivals a day sees a hundred in its peak hour."""
STRESS_DAYS = 10
"""Days of the stress test that count."""
ALTERNATIVES = 4
"""Plans looked for beside the best one."""
WITHIN_SHARE = 0.01
"""The most of the best plan's value (least cost: of its cost) that each of them may lose."""
