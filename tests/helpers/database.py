"""A PostgreSQL server of Debian's packages with PostGIS, started for some tests in a folder of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BINARIES = Path("/usr/lib/postgresql/15/bin")
EXTENSION = Path("/usr/share/postgresql/15/extension/postgis.control")
USER = "postgres"


def installed() -> bool:
    """Whether the server can be started here: it refuses to run as root, so root needs the user of the package."""
    able = os.geteuid() != 0 or (shutil.which("runuser") is not None and _known(USER))
    return (BINARIES / "initdb").is_file() and EXTENSION.is_file() and able


@contextmanager
def server() -> Iterator[str]:
    """The folder of the socket of a running server, on which the user `USER` may do everything."""
    home = Path(tempfile.mkdtemp(prefix="planner-postgis-"))
    if os.geteuid() == 0:
        shutil.chown(home, USER, USER)
    data, sockets = home / "data", home
    try:
        _run("initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync")
        settings = f"-c listen_addresses='' -c unix_socket_directories={sockets} -c fsync=off"
        _run("pg_ctl", "-D", data, "-w", "-l", home / "log", "-o", settings, "start")
        try:
            yield str(sockets)
        finally:
            _run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(program: str, *arguments: str | Path) -> None:
    as_user = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*as_user, str(BINARIES / program), *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd="/",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stderr.decode(errors='replace')}")


def _known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
