"""A report as PDF, set by typst; the document goes there as JSON, so that no name is ever read as markup."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from types import ModuleType
from typing import Any

from planner.faults import BadInput, Fault
from planner.report.document import Document, told
from planner.report.drawing import FONT_FAMILY, FONTS
from planner.report.page import asset
from planner.words import Lang

_LONG_WORD = re.compile(r"[!-~]{12,}")
_SIGNS = re.compile(r"[/_.\-@=&?]+(?=.)")
_ZERO_WIDTH = "\u200b"
_EXTRA = 'pip install "ev-charging-planner[report]"'


def pdf_bytes(document: Document, lang: Lang) -> bytes:
    """The report as PDF in one language; the same document gives the same bytes.

    Raises
    ------
    BadInput
        The package typst or a font with Chinese is missing.
    """
    typst = _typst()
    font = find_font(typst.Fonts().families())
    content = json.dumps(_for_paper(told(document, lang), font), ensure_ascii=False)
    inputs = {"document": content, "font": font}
    made = typst.compile(asset("report.typ").encode(), format="pdf", sys_inputs=inputs)
    return bytes(made)


def refuse_without_typst() -> None:
    """Refuse a PDF where the package typst or a font with Chinese is missing, before anything long is begun."""
    find_font(_typst().Fonts().families())


def find_font(families: Collection[str]) -> str:
    """The first font with Chinese of those in `FONTS` that the machine has.

    Raises
    ------
    BadInput
        It has none: a PDF would show boxes for letters.
    """
    known = {family.lower(): family for family in families}
    for name in FONTS:
        if name.lower() in known:
            return known[name.lower()]
    en = f"no font with Chinese letters found on this machine; install one of {', '.join(FONTS)}"
    raise BadInput(
        [Fault("report.pdf", en=en, zh=f"本机没有中文字体，请安装其一：{'、'.join(FONTS)}（report.html 不受影响）")]
    )


def _for_paper(content: Any, font: str) -> Any:
    """The document's data with words that can be broken, and the drawings' list of fonts narrowed to the one found."""
    if isinstance(content, dict):
        drawn = {"svg": content["svg"].replace(FONT_FAMILY, f"'{font}'")} if "svg" in content else {}
        return {key: _for_paper(value, font) for key, value in content.items() if key not in drawn} | drawn
    if isinstance(content, list | tuple):
        return [_for_paper(value, font) for value in content]
    return _LONG_WORD.sub(_breakable, content) if isinstance(content, str) else content


def _breakable(word: re.Match[str]) -> str:
    """A long word with places to break it: after its signs, and every two dozen letters."""
    parts = _SIGNS.sub(lambda sign: sign[0] + _ZERO_WIDTH, word[0]).split(_ZERO_WIDTH)
    return _ZERO_WIDTH.join(_ZERO_WIDTH.join(re.findall(".{1,24}", part)) for part in parts if part)


def _typst() -> ModuleType:
    try:
        import typst
    except ImportError:
        en = f"needs the package typst: {_EXTRA}"
        raise BadInput([Fault("report.pdf", en=en, zh=f"需要 typst：{_EXTRA}")]) from None
    module: ModuleType = typst
    return module
