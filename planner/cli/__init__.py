"""The `planner` command: parse, call, print. Results go to stdout, progress and warnings to stderr."""

from planner.cli.process import main

TYPE_CHECKING = False  # as in `planner`: what is loaded before `main` runs, no Ctrl-C can be caught in
if TYPE_CHECKING:
    from planner.cli.commands import app

__all__ = ["app", "main"]


def __getattr__(name: str) -> object:
    """Load the command line when it is first asked for."""
    if name == "app":
        from planner.cli.commands import app

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
