"""The one way loops are compiled: once, kept on disk, run without the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

compiled: Callable[[Callable[..., Any]], Any] = numba.njit(nogil=True, cache=True)
