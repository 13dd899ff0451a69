"""A report as PDF, set by typst; the document goes there as JSON, so that no name is ever read as markup."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict
from types import ModuleType

from planner._faults import BadInput, Fault
from planner.report.document import Document
from planner.report.drawing import FONTS
from planner.report.page import asset

_EXTRA = 'pip install "ev-charging-planner[report]"'


def pdf_bytes(document: Document) -> bytes:
    """The report as PDF; the same document gives the same bytes.

    Raises
    ------
    BadInput
        The package typst or a font with Chinese is missing.
    """
    typst = _typst()
    font = find_font(typst.Fonts().families())
    blocks = [{"is": type(block).__name__, **asdict(block)} for block in document.blocks]
    content = json.dumps({**asdict(document), "blocks": blocks}, ensure_ascii=False)
    # the fonts that the drawings name are those of browsers; here it is the one that was found
    content = content.replace(", ".join(f"'{name}'" for name in FONTS), f"'{font}'")
    inputs = {"document": content, "font": font}
    made = typst.compile(asset("report.typ").encode(), format="pdf", sys_inputs=inputs, timestamp=0)
    return bytes(made)


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
    raise BadInput([Fault("report.pdf", en, f"本机没有中文字体，请安装其一：{'、'.join(FONTS)}（report.html 不受影响）")])


def _typst() -> ModuleType:
    try:
        import typst
    except ImportError:
        en = f"needs the package typst: {_EXTRA}"
        raise BadInput([Fault("report.pdf", en, f"需要 typst：{_EXTRA}")]) from None
    module: ModuleType = typst
    return module
