"""The one way loops are compiled: once, kept on disk, run without the interpreter's lock."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numba.core.config
import numba.extending

_UNCOUNTED = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def compiled(loop: Callable[..., Any]) -> Any:
    """A loop that Python calls: compiled at its first call and kept on disk from then on.

    Kept beside this package, else in the user's cache folder, else in a temporary folder of the user's own; where
    nothing can be written it is compiled anew in every process.
    """
    try:
        return numba.njit(nogil=True, cache=True)(loop)
    except RuntimeError:  # numba knows no folder that it can write
        if not os.environ.get("NUMBA_CACHE_DIR") and (folder := own_temporary_folder()) is not None:
            os.environ["NUMBA_CACHE_DIR"] = str(folder)
            numba.core.config.reload_config()  # type: ignore[no-untyped-call]
            return compiled(loop)
        return numba.njit(nogil=True)(loop)


def own_temporary_folder() -> Path | None:
    """A folder for compiled loops that nobody but this user can write, or none: what lies in it is run."""
    owner = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"ev-charging-planner-{owner}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        state = folder.lstat()
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        return None
    alone = not hasattr(os, "getuid") or (state.st_uid == owner and state.st_mode & 0o777 == 0o700)
    return folder if alone and not folder.is_symlink() else None


def is_kept(loop: Any) -> bool:
    """Whether a compiled loop was kept on disk by an earlier run of this Python."""
    index = getattr(getattr(getattr(loop, "_cache", None), "_cache_file", None), "_index_path", None)
    return index is not None and Path(index).is_file()


part: Callable[[Callable[..., Any]], Any] = numba.extending.register_jitable(_nrt=False, **_UNCOUNTED)
"""A part of such loops that makes no arrays: compiled and kept with them, without counting references.

Every array in an argument, one by one in a `NamedTuple`, would else be counted in and out at every call, and threads
that share it would fight for the count.
"""

maker: Callable[[Callable[..., Any]], Any] = numba.extending.register_jitable(**_UNCOUNTED)
"""A part of such loops that makes the arrays which others work on."""
