"""The `planner` command: parse, call, print. Results go to stdout, progress and warnings to stderr."""

from planner.cli.cli import app, main

__all__ = [
    "app",
    "main",
]
