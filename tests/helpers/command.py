"""The `planner` command in a process of its own, as a user runs it."""

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

from helpers.places import CHECKOUT


def planner(*arguments: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `planner` in a folder, with a neutral locale."""
    clean = {k: v for k, v in os.environ.items() if k not in ("LANG", "LC_ALL", "LC_MESSAGES", "COLUMNS")}
    path = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "planner.cli", *map(str, arguments)],
        cwd=cwd,
        env={**clean, "PYTHONPATH": path, "PYTHONUTF8": "1", **env},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def width_of(text: str) -> int:
    """Columns of a terminal: Chinese letters and marks take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
