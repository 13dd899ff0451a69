"""`python -m planner.cli`."""

from planner.cli.cli import main

main()
