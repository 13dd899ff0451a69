"""How long to try: counted work by default, so that a plan repeats; a clock or an interruption where someone asks."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

Report = Callable[[str, float | None, float | None], None]
"""Called with a step's name, the value so far and the bound so far; for the least cost both are negative costs."""


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
        Time for the whole search; None counts work instead, the same for every run.
    interrupted
        Whether someone asked to stop (Ctrl-C).
    asked
        Whether someone asked for this effort for one run, beside the scenario.
    """

    gap_share: float
    rounds: int = 0
    seconds: float | None = None
    interrupted: bool = False
    asked: bool = False
    _started: float = field(default_factory=time.monotonic)

    def spent_share(self) -> float:
        """Share of the time that has passed; 0 without a clock, 1 once interrupted."""
        if self.interrupted:
            return 1.0
        return 0.0 if self.seconds is None else (time.monotonic() - self._started) / self.seconds

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
        return self.seconds is None and not self.interrupted and not self.asked

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Inside, a first Ctrl-C asks to stop and a second one stops; elsewhere than in the main thread, nothing."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask(number: int, frame: FrameType | None) -> None:
            if self.interrupted:
                raise KeyboardInterrupt
            self.interrupted = True

        before = signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
