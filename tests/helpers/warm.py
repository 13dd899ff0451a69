"""A process that has imported the planner already and becomes the `planner` command as often as it is asked to.

Imports take most of the time of a short command, so `helpers.command` starts one such process and asks it again and
again. Each command runs in a child of its own, forked before anything ran: no command sees what another one changed.
A request is a line of JSON on standard input, the answer the exit code on a line of standard output.
"""

import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import sys
import warnings
from typing import Any

import planner


def wait_to_be_asked() -> dict[str, Any]:
    """Serve requests until the input ends; returns only in a child, with the request it is for."""
    for line in sys.stdin:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on threads of OpenBLAS, idle here
            child = os.fork()
        if child == 0:
            request: dict[str, Any] = json.loads(line)
            return request
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    sys.exit()


def become(request: dict[str, Any]) -> None:
    """Run the command as `python -m planner.cli` would, and leave as it leaves."""
    signal.alarm(request["seconds"])
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    for stream, name, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, request["stdout"], os.O_WRONLY),
        (2, request["stderr"], os.O_WRONLY),
    ):
        os.dup2(os.open(name, flags), stream)
    sys.argv[1:] = request["arguments"]
    runpy.run_module("planner.cli", run_name="__main__", alter_sys=True)


for module in pkgutil.walk_packages(planner.__path__, "planner."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
gc.freeze()  # no child looks through all that was imported when it ends
become(wait_to_be_asked())
