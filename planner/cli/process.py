"""The process around the command: exit codes, and Ctrl-C at any moment."""

import os
import sys

INTERRUPTED = 130
"""What a shell calls a program that Ctrl-C ended."""


def main() -> None:
    """Entry point: exit code 0 done, 1 an expected fault in one report, 2 usage, 130 ended by Ctrl-C.

    Nothing heavy is loaded before a Ctrl-C is caught.
    """
    try:
        status = _status()
    except KeyboardInterrupt:
        status = INTERRUPTED
    if status == INTERRUPTED:
        # at once: a second Ctrl-C while Python closes down would be told with a traceback, and Python itself ends by
        # the signal where the first one came in the middle of an `exec`
        os._exit(INTERRUPTED)
    sys.exit(status)


def _status() -> int | str | None:
    """Run the command line; its exit code, once all it said is written."""
    from planner.cli.streams import outlive_readers

    outlive_readers()
    from planner.cli.commands import app
    from planner.faults import BadInput

    try:
        try:
            app()
        except SystemExit as end:
            return end.code
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
    except BadInput as error:
        count = len(error.faults)
        print(f"planner: {count} fault{'s' if count > 1 else ''} (共 {count} 处问题)\n{error}", file=sys.stderr)
        return 1
    return 0
