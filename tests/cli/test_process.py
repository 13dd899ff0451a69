"""The process around the command: Ctrl-C before there is a plan, and streams that are closed, full or not read."""

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from helpers.places import CHECKOUT

INTERRUPTED_AT = """
import os, signal, sys

interrupted_at = sys.argv.pop(1)
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == interrupted_at:
            exec("os.kill(os.getpid(), signal.SIGINT)")

sys.meta_path.insert(0, Interrupting())
from planner.cli import main
main()
"""
"""Presses Ctrl-C when a module is about to be loaded, in an `exec`, as Python runs it for every dataclass."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and descriptors of POSIX")


def environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"}


@pytest.mark.parametrize(
    "module",
    ["planner.cli.streams", "typer", "planner.faults", "planner.cli.plan", "planner.plan", "pandas", "planner.layers"],
)
def test_control_c_while_modules_are_loaded_ends_with_130_and_nothing_said(module: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AT, module, "plan", "toytown/toytown"],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert not list(tmp_path.iterdir())


def run(redirected: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command from a shell that closes or redirects its streams."""
    line = f'exec "$@" {redirected}'
    return subprocess.run(
        ["sh", "-c", line, "sh", sys.executable, "-W", "error", "-m", "planner", *arguments],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=cwd,
        check=False,
    )


def test_closed_streams_are_written_to_without_a_word(tmp_path: Path) -> None:
    """What the command makes is made all the same, and no file of it gets the number of the closed stream."""
    asked = ("assumptions", "toytown/toytown", "--lang", "en", "-o")
    done = run(">&-", *asked, "a.csv", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = run("<&- >&- 2>&-", *asked, "b.csv", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    told = run("2>&-", *asked, "c.csv", cwd=tmp_path)
    assert told.stdout.endswith("\nc.csv\n")
    first, *others = (file.read_text(encoding="utf-8-sig") for file in sorted(tmp_path.iterdir()))
    assert first.startswith('"key",')
    assert others == [first, first]


def test_closed_standard_error_still_gives_the_exit_code(tmp_path: Path) -> None:
    assert run("2>&-", "plan", "nosuch.toml", cwd=tmp_path).returncode == 1
    assert run("2>&-", "plan", "--gap", "3", cwd=tmp_path).returncode == 2


def without_reader(stream: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command with a pipe for one of its streams that nobody reads."""
    reads, writes = os.pipe()
    os.close(reads)
    streams: dict[str, int | IO[str]] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: writes}
    try:
        child = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "planner", *arguments],
            text=True,
            env=environment(),
            cwd=cwd,
            **streams,
        )
        out, err = child.communicate(timeout=120)
    finally:
        os.close(writes)
    return subprocess.CompletedProcess(arguments, child.returncode, out, err)


def test_a_reader_that_goes_away_ends_nothing(tmp_path: Path) -> None:
    """As behind ``| head -1``: the table is longer than any pipe holds unread."""
    done = without_reader("stdout", "assumptions", "toytown/toytown", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    done = without_reader("stdout", "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    done = without_reader("stderr", "plan", "nosuch.toml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_standard_output_is_one_report(tmp_path: Path) -> None:
    done = run(">/dev/full", "assumptions", "toytown/toytown", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("planner: 1 fault (共 1 处问题)\n- standard output: cannot be written: No space left")
    assert "Traceback" not in done.stderr
    assert run("2>/dev/full", "plan", "nosuch.toml", cwd=tmp_path).returncode == 1


def test_the_package_itself_can_be_run(tmp_path: Path) -> None:
    done = run("", "--version", cwd=tmp_path)
    assert done.stdout.startswith("planner ")
