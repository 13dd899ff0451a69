"""The four figures and their companions, today and with the plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from planner.views import numbers
from planner.views.table import Column, Table
from planner.words import COLON, SEMICOLON, Text, joined, text_in, text_of

if TYPE_CHECKING:
    from planner.plan import Plan

TODAY, PLAN = Text(zh="今日", en="today"), Text(zh="规划", en="plan")
FIGURE = Column(key="figure", words=Text(zh="指标", en="figure"), is_text=True)
COLUMNS = (FIGURE, Column(key="today", words=TODAY), Column(key="plan", words=PLAN))


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A figure as it is shown: its key and word, today and with the plan, and what there is to say of it."""

    key: str
    word: Text
    today: Text
    plan: Text
    note: Text


def shown_figures(figures: pd.DataFrame) -> Iterator[Shown]:
    """The rows of ``figures`` or ``companions`` of an `Assessment`."""
    for key, row in figures.iterrows():
        write = writer_of(str(key), str(row["unit"]))
        today, plan = (write(float(row[when])) for when in ("today", "plan"))
        yield Shown(key=str(key), word=text_in(row, "word"), today=today, plan=plan, note=text_in(row, "note"))


def writer_of(key: str, unit: str) -> numbers.Writer:
    """How a figure is written: a Gini coefficient with more digits than other ratios, for it changes little."""
    return numbers.gini if key.startswith("gini") else numbers.figure_writer(unit)


def figure_table(plan: Plan) -> Table:
    """The four figures, then what stands beside them."""
    groups = [
        [(one.word, one.today, one.plan) for one in shown_figures(figures)]
        for figures in (plan.assessment.figures, plan.assessment.companions)
    ]
    return Table(text_of(plan.scenario, "title"), COLUMNS, groups)


def definitions(plan: Plan) -> Iterator[Text]:
    """What each of the four figures is, in a line."""
    for _, row in plan.assessment.figures.iterrows():
        told = [text_in(row, name) for name in ("definition", "note")]
        yield joined([text_in(row, "word"), joined(filter(None, told), SEMICOLON)], COLON)
