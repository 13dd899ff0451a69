"""What is said to people: each text in Chinese and in English, one value whose languages nobody can swap."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Lang = Literal["zh", "en"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A text in both languages; each is named where it is written."""

    zh: str
    en: str

    def to(self, lang: Lang) -> str:
        """The text in one language."""
        return self.zh if lang == "zh" else self.en

    def about(self, name: str) -> Text:
        """The text behind the name of what it is about: ``zones.csv: ...``."""
        return Text(zh=f"{name}：{self.zh}", en=f"{name}: {self.en}")


Say = Callable[[Text], None]
"""Told what was repaired, dropped or assumed; nothing is changed without a word."""


def unheard(text: Text) -> None:
    """Nobody listens."""


def joined(texts: Iterable[Text]) -> Text:
    """Several texts as one, with semicolons between them."""
    every = tuple(texts)
    return Text(zh="；".join(text.zh for text in every), en="; ".join(text.en for text in every))
