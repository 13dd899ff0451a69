"""What a face shows: columns with their words, unit and way of writing, rows of texts, and single figures."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.words import NO_TEXT, Text, same


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table, on whatever face it stands.

    Parameters
    ----------
    key
        Its name in the data and in files.
    words
        What it is called.
    unit
        Behind the words in a heading, in brackets; empty where its cells need none.
    write
        Turns a value into what is shown; texts stay as they are.
    is_text
        Whether its cells are words, set to the left.
    """

    key: str
    words: Text
    unit: Text = NO_TEXT
    write: Callable[[Any], Text] = same
    is_text: bool = False

    @property
    def is_share(self) -> bool:
        """Whether its numbers lie between 0 and 1."""
        return self.unit.en == "share"

    @property
    def heading(self) -> Text:
        """The words, and the unit in brackets."""
        if not self.unit:
            return self.words
        return Text(zh=f"{self.words.zh}（{self.unit.zh}）", en=f"{self.words.en} ({self.unit.en})")

    def cell(self, row: Mapping[Hashable, Any] | pd.Series) -> Text:
        """What a row of data shows in this column."""
        return self.write(row[self.key])


@dataclass(frozen=True)
class Table:
    """Rows under headings; a line parts its groups.

    Parameters
    ----------
    title
        Empty where it has none.
    columns
        From the left.
    groups
        Of rows, each with as many cells as there are columns.
    """

    title: Text
    columns: Sequence[Column]
    groups: Sequence[Sequence[Sequence[Text]]]

    @property
    def rows(self) -> list[Sequence[Text]]:
        """All rows, whatever their group."""
        return [row for group in self.groups for row in group]


@dataclass(frozen=True, kw_only=True)
class Item:
    """A single figure: its key, what it is called, and its value as it is shown."""

    key: str
    words: Text
    value: Text


ITEM = Column(key="item", words=Text(zh="项目", en="item"), is_text=True)
RESULT = Column(key="result", words=Text(zh="数值", en="result"))


FOUND = Column(key="found", words=Text(zh="数值", en="found"))


def item_table(title: Text, *groups: Sequence[Item], value: Column = RESULT) -> Table:
    """Single figures one below the other."""
    rows = [[[item.words, item.value] for item in group] for group in groups]
    return Table(title, (ITEM, value), rows)
