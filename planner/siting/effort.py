"""How long to try: counted work by default, so that a plan repeats; a clock or a word to stop where someone asks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass
class Effort:
    """When to stop looking for better plans.

    Attributes
    ----------
    gap_share
        A plan proven to be within this share of the best is good enough.
    rounds
        Sweeps of regional programs over a whole city once there is a plan.
    seconds
        Time for siting, from its start on; None counts work instead, the same for every run.
    asked
        Whether someone asked for this effort for one run, beside the scenario.
    stopped
        Whether someone asked to stop (`stop`).
    is_under_way
        Whether siting has started and not yet ended.
    """

    gap_share: float
    rounds: int = 0
    seconds: float | None = None
    asked: bool = False
    stopped: bool = False
    is_under_way: bool = False
    _started: float | None = None

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Around siting: the clock runs from its start on."""
        self._started, self.is_under_way = time.monotonic(), True
        try:
            yield
        finally:
            self.is_under_way = False

    def stop(self) -> None:
        """Ask for the best plan so far; from any thread."""
        self.stopped = True

    def spent_share(self) -> float:
        """Share of the time that has passed; 0 without a clock or before the start, 1 once asked to stop."""
        if self.stopped:
            return 1.0
        if self.seconds is None or self._started is None:
            return 0.0
        return (time.monotonic() - self._started) / self.seconds

    def solver_clock(self) -> dict[str, Any]:
        """The solver's time limit as its options: what is left, at least a second; nothing without a clock."""
        if self.seconds is None:
            return {}
        return {"time_limit": max(self.seconds * (1 - self.spent_share()), 1.0)}

    def is_over(self) -> bool:
        """Whether time is up or someone asked to stop."""
        return self.spent_share() >= 1.0

    @property
    def reproducible(self) -> bool:
        """Whether the scenario alone gives this plan again: only its counted work decides."""
        return self.seconds is None and not self.stopped and not self.asked
