"""`python -m planner.cli`."""

from planner.cli.process import main

main()
