"""Text files as people have them: UTF-8, with a mark or without, or GB18030 (the Chinese of older programs)."""

from __future__ import annotations

from pathlib import Path

from planner.faults import BadInput, Fault, some

_ENCODINGS = ("utf-8-sig", "gb18030")


def read_text(file: Path) -> str:
    """The text of a file in UTF-8 (its mark left out), else in GB18030; ends of lines as they are.

    Raises
    ------
    BadInput
        Neither encoding fits, or the file changes its encoding half-way.
    """
    raw = file.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse_mixed(raw, file)
    try:
        return raw.decode("gb18030")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        en = f"neither {' nor '.join(_ENCODINGS)}; save it as UTF-8"
        raise BadInput([Fault(f"{file}, line {line}", en=en, zh="既非 UTF-8 也非 GB18030，请另存为 UTF-8")]) from None


def decodes(raw: bytes, encoding: str) -> bool:
    """Whether bytes are text in an encoding."""
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_mixed(raw: bytes, file: Path) -> None:
    """Refuse a file some of whose lines are Chinese in UTF-8, though the whole is not."""
    lines = raw.removeprefix(b"\xef\xbb\xbf").splitlines()
    utf8 = [n for n, line in enumerate(lines, 1) if not line.isascii() and _is_chinese_utf8(line)]
    other = [n for n, line in enumerate(lines, 1) if not line.isascii() and not decodes(line, "utf-8")]
    if utf8:
        en = f"lines {some(utf8, 3)} are UTF-8, lines {some(other, 3)} are not; save the whole file in one encoding"
        zh = f"文件混用多种编码：第 {some(utf8, 3)} 行为 UTF-8，第 {some(other, 3)} 行不是；请将整个文件另存为 UTF-8"
        raise BadInput([Fault(str(file), en=f"mixed encodings: {en}", zh=zh)])


def _is_chinese_utf8(line: bytes) -> bool:
    if not decodes(line, "utf-8"):
        return False
    return all("\u3000" <= letter <= "\uffef" for letter in line.decode("utf-8") if not letter.isascii())
