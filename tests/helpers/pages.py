"""README and documentation as text: the same pages in both languages, README first."""

import re

from helpers.places import CHECKOUT

DOCS = CHECKOUT / "docs"
LANGS = ("en", "zh")
NAMES = ["README", *sorted(file.stem for file in (DOCS / "en").glob("*.md"))]


def path_of(name: str, lang: str) -> str:
    """Where a page lies in the repository."""
    return {"en": "README.md", "zh": "README.zh.md"}[lang] if name == "README" else f"docs/{lang}/{name}.md"


TEXT = {(lang, name): (CHECKOUT / path_of(name, lang)).read_text(encoding="utf-8") for lang in LANGS for name in NAMES}


def blocks(lang: str, name: str, language: str) -> list[str]:
    """The code blocks of a language, in their order."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT[lang, name], flags=re.DOTALL | re.MULTILINE)
    return [block for found, block in fenced if found == language]


def prose(lang: str, name: str) -> str:
    """A page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", TEXT[lang, name], flags=re.DOTALL | re.MULTILINE)


def all_prose(lang: str) -> str:
    """Every page without its code blocks."""
    return "\n".join(prose(lang, name) for name in NAMES)


def spans(text: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`\n]+)`", text)


def links(lang: str, name: str) -> list[str]:
    """Where a page points to."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(lang, name))


def section(lang: str, name: str, order: int) -> str:
    """A second-level section by its position, the same in both languages."""
    return re.split(r"^## ", TEXT[lang, name], flags=re.MULTILINE)[order + 1]


def first_cells(text: str) -> dict[str, str]:
    """First cell, out of its backticks -> row, of the tables of a text."""
    rows = re.findall(r"^\| (`\w[\w.]*`)(.*)\|$", text, flags=re.MULTILINE)
    return {cell.strip("`"): rest for cell, rest in rows}
