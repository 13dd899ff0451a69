"""What is wrong with an input, said once, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from planner.words import Text


@dataclass(frozen=True)
class Fault:
    """One thing wrong: where it stands, what was found and what to do about it.

    Parameters
    ----------
    where
        File or table, then row or key: ``"zones.csv, row z0001"``.
    en, zh
        What was found and what to do, in both languages.
    """

    where: str
    en: str = field(kw_only=True)
    zh: str = field(kw_only=True)

    @classmethod
    def of(cls, where: str, text: Text) -> Fault:
        """The fault that a text tells."""
        return cls(where, en=text.en, zh=text.zh)

    @property
    def text(self) -> Text:
        """What was found and what to do, without where."""
        return Text(zh=self.zh, en=self.en)

    def __str__(self) -> str:
        return f"{self.where}: {self.en}\n    {self.zh}"


class BadInput(ValueError):
    """All the faults of one input, collected first and reported together.

    Raised at the doors (scenario on read, table on entry, layer on load) and where a request cannot be met.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"- {fault}" for fault in self.faults))


def refuse(faults: Iterable[Fault]) -> None:
    """Raise `BadInput` if there is any fault, else return."""
    found = tuple(faults)
    if found:
        raise BadInput(found)


def some(ids: Iterable[object], limit: int = 5) -> str:
    """The first few of many ids, for a message: ``"a, b, c … (+40)"``."""
    names = [str(i) for i in ids]
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} … (+{len(names) - limit})"
