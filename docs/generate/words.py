"""What the code says in English only, in Chinese: `words.toml` beside this folder."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

Lang = Literal["en", "zh"]
FILE = Path(__file__).resolve().parents[1] / "words.toml"
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@cache
def words() -> dict[str, Any]:
    """The file, by section."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def languages(text: str) -> tuple[str, str]:
    """A help text "English. 中文。" as its two parts; a part that is not there is empty.

    The Chinese part begins after the last full stop that has Chinese behind it: names of places may stand in the
    English one.
    """
    text = " ".join(text.split())
    parts = [match.end() for match in re.finditer(r"[.?!)]\s+", text) if _CHINESE.search(text[match.end() :])]
    if parts and text[-1] in "。？！）":
        return text[: parts[-1]].strip(), text[parts[-1] :]
    return (text, "") if not _CHINESE.search(text) else ("", text)


def cell(text: str) -> str:
    """A text for a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def table(heads: list[str], rows: list[list[str]], kind: str) -> str:
    """A Markdown table; `kind` is its class, by which a telephone shows it row by row."""
    lines = [heads, ["---"] * len(heads), *rows]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f'<div class="{kind}" markdown>\n\n{body}\n\n</div>'
