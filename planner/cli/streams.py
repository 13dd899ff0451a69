"""Standard streams that a command can always write to."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO, cast

from planner.faults import BadInput, Fault


class Lasting(io.RawIOBase):
    """A stream that outlives its reader: where nobody reads any more (``| head``), the rest leads nowhere.

    What else keeps it from being written, such as a full disk, is refused once on standard output, and not told on
    standard error, where nobody could read it.
    """

    def __init__(self, raw: Any, told_as: str | None) -> None:
        super().__init__()
        self._raw, self._told_as = raw, told_as

    def writable(self) -> bool:
        """Whether it is one to write to."""
        return True

    def fileno(self) -> int:
        """The descriptor, by which a terminal is known."""
        return int(self._raw.fileno())

    def isatty(self) -> bool:
        """Whether a person watches."""
        return bool(self._raw.isatty())

    def write(self, data: Any) -> int:
        """Write what can be written; how much, all of it where it leads nowhere."""
        try:
            return cast(int, self._raw.write(data))
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            if self._told_as is None or isinstance(error, BrokenPipeError):
                return len(data)
            en = f"cannot be written: {error.strerror}"
            raise BadInput([Fault(self._told_as, en=en, zh=f"无法写入：{error.strerror}")]) from None


def outlive_readers() -> None:
    """Replace the standard streams: lasting ones, which write ? for letters that their encoding has not.

    A stream that is closed from the start leads nowhere, and so no file that is opened later takes its number.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    sys.stdout = _lasting(sys.stdout, 1, "standard output")
    sys.stderr = _lasting(sys.stderr, 2, None)


def _lasting(stream: TextIO | None, number: int, told_as: str | None) -> TextIO:
    if stream is None:
        return open(number, "w", encoding="utf-8", closefd=False)
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    raw = getattr(stream.buffer, "raw", stream.buffer)
    buffered = io.BufferedWriter(Lasting(raw, told_as))
    return io.TextIOWrapper(
        buffered,
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
