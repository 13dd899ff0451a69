"""What both languages of a text have to tell: the same facts. A listener that sees to it."""

import re

from planner.words import Text

_FACT = re.compile(
    r"""
    (?<!\w)'[^']*' | `[^`]*` | \[[\w.]+\]              # what was found, keys, sections
    | (?<![\w/.-])--?[a-z]\w*(?:-\w+)*          # options
    | [A-Za-z]\w+(?:[._]\w+)+ | EPSG:\d+        # ids, columns, keys, files
    | (?<![A-Za-z])\d[\d,]*(?:\.\d+)?                        # numbers
    """,
    re.VERBOSE,
)


def lost_facts(text: Text) -> list[str]:
    """Numbers, names and options of the English that the Chinese does not tell."""
    told = text.zh + ("10,000" if "万" in text.zh else "")
    return [fact for fact in _FACT.findall(text.en) if fact.strip("',.") not in told]


def check_both(text: Text) -> None:
    """Fail where the Chinese is missing or tells less."""
    assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh), f"no Chinese: {text}"
    assert not (lost := lost_facts(text)), f"not told in Chinese: {lost} of {text}"


class Told(list[str]):
    """What was said, in English; the Chinese told the same."""

    def __call__(self, text: Text) -> None:
        check_both(text)
        self.append(text.en)
