"""The one way loops are compiled: once, kept on disk, run without the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numba.extending

compiled: Callable[[Callable[..., Any]], Any] = numba.njit(nogil=True, cache=True)
"""A loop that Python calls: compiled at its first call and kept on disk from then on."""

part: Callable[[Callable[..., Any]], Any] = numba.extending.register_jitable(
    _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True
)
"""A part of such loops that makes no arrays: compiled and kept with them, without counting references.

Every array in an argument, one by one in a `NamedTuple`, would else be counted in and out at every call, and threads
that share it would fight for the count.
"""

maker: Callable[[Callable[..., Any]], Any] = numba.extending.register_jitable(
    no_cpython_wrapper=True, no_cfunc_wrapper=True
)
"""A part of such loops that makes the arrays which others work on."""
