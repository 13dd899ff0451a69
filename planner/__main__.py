"""`python -m planner`."""

from planner.cli.process import main

main()
