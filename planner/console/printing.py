"""Where the command prints, and how a table of `planner.views` looks in a terminal."""

from __future__ import annotations

import sys
from typing import Literal

from rich import table as rich_table
from rich.console import Console

from planner.views.table import Table
from planner.words import Lang, Text

_PIPE_WIDTH = 140
_FEW_COLUMNS = 5


def console(stderr: bool = False) -> Console:
    """A console that prints text as it is; wide where nobody watches, so that tables are not folded in files."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(stderr=stderr, width=width, markup=False, highlight=False, soft_wrap=False)


def show(shown: Table | Text | str, lang: Lang) -> None:
    """Print a table or a text on stdout."""
    if isinstance(shown, Table):
        console().print(drawn(shown, lang))
    else:
        console().print(shown.to(lang) if isinstance(shown, Text) else shown)


def drawn(shown: Table, lang: Lang) -> rich_table.Table:
    """A table in lines and columns, in one language; lines part its groups."""
    made = rich_table.Table(title=shown.title.to(lang), title_justify="left")
    for column in shown.columns:
        heading = column.heading.to(lang)
        if len(shown.columns) > _FEW_COLUMNS:  # the unit on a line of its own
            words = column.words.to(lang)
            heading = "\n".join(filter(None, (words, heading.removeprefix(words).strip())))
        justify: Literal["left", "right"] = "left" if column.is_text else "right"
        made.add_column(heading, justify=justify, overflow="fold")
    for group in shown.groups:
        for row in group:
            made.add_row(*(cell.to(lang) for cell in row))
        made.add_section()
    return made
