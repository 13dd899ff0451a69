"""Compiled loops work and are kept, whatever folders can be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.places import CHECKOUT
from planner.numeric import compiled
from planner.numeric.compiled import is_kept, own_temporary_folder

LOOP = """
from planner.numeric.compiled import compiled

@compiled
def added(n):
    total = 0
    for i in range(n):
        total += i
    return total
"""
ASK = "import loops; from planner.numeric.compiled import is_kept; print(is_kept(loops.added), loops.added(5))"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="owners and modes of POSIX")


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A module whose own cache folder is a file, for a user whose home is no folder."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "loops.py").write_text(LOOP)
    (tmp_path / "code" / "__pycache__").write_text("")
    (tmp_path / "tmp").mkdir()
    return tmp_path


def asked(place: Path, script: str = ASK) -> str:
    home = {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null/cache", "TMPDIR": str(place / "tmp")}
    path = os.pathsep.join([str(place / "code"), str(CHECKOUT)])
    clean = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", script],
        env={**clean, **home, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_where_no_usual_folder_can_be_written_a_temporary_one_keeps_the_loops(nowhere: Path) -> None:
    assert asked(nowhere) == "False 10"
    assert asked(nowhere) == "True 10"
    (own,) = (nowhere / "tmp").iterdir()
    assert own.stat().st_mode & 0o777 == 0o700


def test_where_nothing_can_be_written_loops_run_all_the_same(nowhere: Path) -> None:
    (nowhere / "tmp" / f"ev-charging-planner-{os.getuid()}").write_text("no folder")
    assert asked(nowhere) == "False 10"
    assert asked(nowhere) == "False 10"


@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_a_temporary_folder_that_others_can_reach_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    monkeypatch.setattr(compiled.tempfile, "gettempdir", lambda: str(tmp_path))
    own = tmp_path / f"ev-charging-planner-{os.getuid()}"
    own.mkdir()
    own.chmod(mode)
    assert own_temporary_folder() is None
    own.chmod(0o700)
    assert own_temporary_folder() == own
    own.rename(tmp_path / "elsewhere")
    own.symlink_to(tmp_path / "elsewhere")
    assert own_temporary_folder() is None


def test_what_is_not_compiled_is_not_kept() -> None:
    assert not is_kept(len)
