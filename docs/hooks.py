"""What happens when the site is built: pages made from the program are filled in, the picture of the map is brought.

A page says where with a comment, ``<!-- generated: commands -->``; nothing generated is kept in the repository, so
that it cannot be out of date.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from generate.commands import command_reference
from generate.keys import key_reference
from generate.python import python_reference
from generate.words import Lang

CHECKOUT = Path(__file__).resolve().parents[1]
MADE: dict[str, Callable[[Lang], str]] = {
    "commands": command_reference,
    "keys": key_reference,
    "python": python_reference,
}
_CHINESE = r"\u4e00-\u9fff\u3000-\u303f\uff00-\uffef“”"
_BREAK = re.compile(rf"(?<=[{_CHINESE}])\n[ ]*(?=[{_CHINESE}])")
"""A line's end between two Chinese characters: a browser would show it as a space."""
_PLACE = re.compile(r"^<!-- generated: (\w+) -->$", flags=re.MULTILINE)
_REPOSITORY = "../../"
"""Before a picture of the repository, as the pages name it so that it shows beside them too."""


def on_files(files: Files, config: MkDocsConfig, **_: Any) -> Files:
    """The pictures that the pages show from elsewhere in the repository."""
    files.append(File.generated(config, "assets/taiyuan.png", abs_src_path=str(CHECKOUT / "maps" / "taiyuan.png")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """The page with what the program says of itself."""
    lang: Lang = "zh" if config.theme["language"] == "zh" else "en"

    def made(place: re.Match[str]) -> str:
        if place[1] not in MADE:
            raise PluginError(f"{page.file.src_path}: nothing makes {place[1]!r}; known: {', '.join(MADE)}")
        return MADE[place[1]](lang)

    return _BREAK.sub("", _PLACE.sub(made, markdown)).replace(f"({_REPOSITORY}maps/", "(assets/")


def on_post_page(output: str, **_: Any) -> str:
    """The page without the links in its head to the other language, for which the theme would ask for a site map."""
    return re.sub(r'\s*<link rel="alternate"[^>]*>', "", output)
