"""What is said to people: each text in Chinese and in English, one value whose languages nobody can swap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, Lang] = ("zh", "en")


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

    def fill(self, **parts: object) -> Text:
        """The text with its ``{name}``s filled in: by texts in the language in question, by anything else as it is."""
        return Text(zh=_filled(self.zh, parts, "zh"), en=_filled(self.en, parts, "en"))

    def __bool__(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.zh or self.en)


Say = Callable[[Text], None]
"""Told what was repaired, dropped or assumed; nothing is changed without a word."""


def unheard(text: Text) -> None:
    """Nobody listens."""


def _filled(template: str, parts: Mapping[str, object], lang: Lang) -> str:
    return template.format(**{name: part.to(lang) if isinstance(part, Text) else part for name, part in parts.items()})


def same(words: object) -> Text:
    """What reads the same in both languages: numbers, names that have no translation."""
    return Text(zh=str(words), en=str(words))


NO_TEXT = Text(zh="", en="")
COLON = Text(zh="：", en=": ")
COMMA = Text(zh="，", en=", ")
LIST_COMMA = Text(zh="、", en=", ")
SEMICOLON = Text(zh="；", en="; ")
FULL_STOP = Text(zh="。", en=".")


def joined(texts: Iterable[Text], between: Text = SEMICOLON) -> Text:
    """Several texts as one."""
    every = tuple(texts)
    return Text(zh=between.zh.join(text.zh for text in every), en=between.en.join(text.en for text in every))


def text_in(row: Mapping[Any, Any] | pd.Series, name: str) -> Text:
    """A text that a table keeps in two columns: ``name_zh`` and ``name_en`` of a row."""
    return Text(zh=str(row[f"{name}_zh"]), en=str(row[f"{name}_en"]))


def text_of(thing: object, name: str) -> Text:
    """A text that a part of the scenario keeps in two fields: ``name_zh`` and ``name_en``."""
    return Text(zh=str(getattr(thing, f"{name}_zh")), en=str(getattr(thing, f"{name}_en")))


NOTICE = Text(
    zh="示意图，边界不作划界依据；公开使用须送审取得审图号",
    en="Schematic: boundaries are no basis for demarcation; public use in China needs a map approval number",
)
"""What every picture of the city must say."""
