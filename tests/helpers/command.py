"""The `planner` command in a process of its own, as a user runs it."""

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import unicodedata
from functools import cache
from pathlib import Path

from helpers.places import CHECKOUT

MOST_SECONDS = 120
TIMED_OUT = -signal.SIGALRM
"""Exit code of a command that took longer."""


def planner(*arguments: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `planner` in a folder, with a neutral locale; the imports are done already, see `helpers.warm`."""
    warm = _warm()
    assert warm.stdin is not None and warm.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        out.touch()
        err.touch()
        given = {"arguments": [*map(str, arguments)], "cwd": str(cwd), "env": _environment() | env}
        request = given | {"stdout": str(out), "stderr": str(err), "seconds": MOST_SECONDS}
        warm.stdin.write(json.dumps(request) + "\n")
        warm.stdin.flush()
        code = int(warm.stdout.readline())
        done = subprocess.CompletedProcess(
            given["arguments"], code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")
        )
    assert code != TIMED_OUT, f"planner {' '.join(given['arguments'])} took longer than {MOST_SECONDS} s: {done.stderr}"
    return done


def started(*arguments: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `planner` as `planner` does, but as a new interpreter, in which every warning of an import is an error."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "planner.cli", *map(str, arguments)],
        cwd=cwd,
        env=_environment() | env,
        capture_output=True,
        encoding="utf-8",
        timeout=MOST_SECONDS,
        check=False,
    )


def width_of(text: str) -> int:
    """Columns of a terminal: Chinese letters and marks take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _environment() -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if k not in ("LANG", "LC_ALL", "LC_MESSAGES", "COLUMNS")}
    path = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
    return {**clean, "PYTHONPATH": path, "PYTHONUTF8": "1"}


@cache
def _warm() -> subprocess.Popen[str]:
    """The process that has imported everything; it ends before this one does."""
    environment = _environment()
    environment["PYTHONPATH"] += f"{os.pathsep}{CHECKOUT / 'tests'}"
    command = [sys.executable, "-W", "error", "-m", "helpers.warm"]
    warm = subprocess.Popen(
        command, cwd="/", env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )
    atexit.register(warm.communicate)
    return warm
