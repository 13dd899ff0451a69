"""What a face shows: columns with their words, unit and way of writing, rows of texts, and single figures."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    about
        What it is, in English, as schemas and documents have it; its words where empty.
    unit
        Of its numbers in files; empty where they have none.
    shown
        The unit of a heading where numbers are shown in another one: money in millions.
    write
        Turns a value into what is shown; texts stay as they are.
    is_text
        Whether its cells are words, set to the left.
    """

    key: str
    words: Text
    about: str = ""
    unit: Text = NO_TEXT
    shown: Text | None = None
    write: Callable[[Any], Text] = same
    is_text: bool = False

    @property
    def description(self) -> str:
        """What it is, in English."""
        return self.about or self.words.en

    @property
    def heading(self) -> Text:
        """The words, and the unit that is shown in brackets."""
        return _with_unit(self.words, self.unit if self.shown is None else self.shown)

    @property
    def file_heading(self) -> Text:
        """The words, and the unit of the numbers in files in brackets."""
        return _with_unit(self.words, self.unit)

    def cell(self, row: Mapping[Hashable, Any] | pd.Series) -> Text:
        """What a row of data shows in this column."""
        return self.write(row[self.key])


def _with_unit(words: Text, unit: Text) -> Text:
    """Each language on its own: what is counted has a measure word in Chinese and none in English."""
    return Text(
        zh=f"{words.zh}（{unit.zh}）" if unit.zh else words.zh, en=f"{words.en} ({unit.en})" if unit.en else words.en
    )


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


def table_of(title: Text, columns: Sequence[Column], data: pd.DataFrame) -> Table:
    """A table with a row per row of data, as its columns show it."""
    rows = [[column.cell(row) for column in columns] for row in data.to_dict("records")]
    return Table(title, columns, [rows])


SUM = Text(zh="合计", en="sum")
ITEM = Column(key="item", words=Text(zh="项目", en="item"), is_text=True)
RESULT = Column(key="result", words=Text(zh="数值", en="result"))


FOUND = Column(key="found", words=Text(zh="数值", en="found"))


def item_table(title: Text, *groups: Sequence[Item]) -> Table:
    """Single figures one below the other."""
    rows = [[[one.words, one.value] for one in group] for group in groups]
    return Table(title, (ITEM, RESULT), rows)


def item(column: Column, value: Any, words: Text | None = None) -> Item:
    """A figure of a column's kind, by other words where it is called otherwise on its own."""
    named = column if words is None else replace(column, words=words)
    return Item(key=column.key, words=named.heading, value=column.write(value))
