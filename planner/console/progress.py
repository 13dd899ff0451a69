"""How far a plan is, on stderr: stage, value, bound and gap while it is made; and what is told on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from planner.console.printing import console
from planner.progress import Stage
from planner.views import numbers
from planner.words import Lang, Say, Text, joined, same

_BETWEEN = same("  ")
_VALUE = Text(zh="目标值 {value}", en="value {value}")
_BOUND = Text(zh="上界 {bound} kWh/日", en="bound {bound} kWh/day")
_COST = Text(zh="成本 {cost}", en="cost {cost}")
_COST_BOUND = Text(zh="下界 {bound} CNY", en="lower bound {bound} CNY")
_FIRST_RUN = Text(
    zh="首次运行：要编译计算循环，约多用一分钟；编译结果会保存，以后不再需要",
    en="first run: loops are compiled, which takes about a minute more; they are kept, and later runs need not",
)
_GAP = Text(zh="差距 {gap}", en="gap {gap}")


@contextmanager
def progress(lang: Lang) -> Iterator[Clock]:
    """A clock that shows its stages on stderr while the block runs."""
    clock = Clock(console(stderr=True), lang)
    clock.start()
    try:
        yield clock
    finally:
        clock.stop()


def teller(lang: Lang) -> Say:
    """Prints on stderr, in one language, what is told in both."""
    out = console(stderr=True)
    return lambda text: out.print(text.to(lang))


class Clock:
    """Progress of a plan: shows stage, value, bound and gap, and keeps the seconds of every stage."""

    def __init__(self, console: Console, lang: Lang) -> None:
        self.seconds: dict[str, float] = {}
        self._console, self._lang = console, lang
        self._stage: Stage | None = None
        self._last = self._printed = ""
        self._since = time.perf_counter()
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None
        self._task = self._bar.add_task("", total=None) if self._bar else None

    def __call__(self, stage: Stage, value: float | None, bound: float | None) -> None:
        text = stage_words(stage, value, bound).to(self._lang)
        if self._bar and self._task is not None:
            self._bar.update(self._task, description=text)
        elif stage != self._stage:
            self._print_last()
            self._print(text)
        self._add_seconds()
        if stage is Stage.BOUND and self._stage is not stage:
            self._say_what_the_first_run_does()
        self._stage, self._last = stage, text

    def _say_what_the_first_run_does(self) -> None:
        """Where a city is planned and no earlier run kept its compiled loops: why this one takes longer."""
        from planner.siting import loops_are_kept

        if not loops_are_kept():
            self._console.print(_FIRST_RUN.to(self._lang))

    def start(self) -> None:
        """Show the bar where a person watches."""
        if self._bar:
            self._bar.start()

    def stop(self) -> None:
        """Close the bar and the last stage."""
        if self._bar:
            self._bar.stop()
        else:
            self._print_last()
        self._add_seconds()

    def _print_last(self) -> None:
        """What the stage that ends came to, where that was not known when it began."""
        if self._last != self._printed:
            self._print(self._last)

    def _print(self, text: str) -> None:
        self._console.print(text)
        self._printed = text

    def _add_seconds(self) -> None:
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage.key] = self.seconds.get(self._stage.key, 0.0) + now - self._since
        self._since = now


def stage_words(stage: Stage, value: float | None, bound: float | None) -> Text:
    """A stage with the value so far, the bound so far and their gap."""
    if (value or bound or 0.0) < 0:
        return joined([stage.value, *_cost_words(value, bound)], _BETWEEN)
    parts = [stage.value]
    if value is not None:
        parts.append(_VALUE.fill(value=numbers.count(value)))
    if bound is not None and np.isfinite(bound):
        parts.append(_BOUND.fill(bound=numbers.count(bound)))
    if value is not None and bound:
        parts.append(_GAP.fill(gap=numbers.gap(max(0.0, 1 - value / bound))))
    return joined(parts, _BETWEEN)


def _cost_words(value: float | None, bound: float | None) -> list[Text]:
    """The least cost on the way to it: value and bound are negative costs."""
    parts = []
    if value is not None:
        parts.append(_COST.fill(cost=numbers.count(-value)))
    if bound is not None and np.isfinite(bound):
        parts.append(_COST_BOUND.fill(bound=numbers.count(-bound)))
    if value and bound is not None:
        parts.append(_GAP.fill(gap=numbers.gap(max(0.0, 1 - bound / value))))
    return parts
