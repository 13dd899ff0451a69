"""What the command prints: progress on stderr, plans and layers as tables on stdout."""

from planner.console.assumptions import print_assumptions
from planner.console.check import print_examination, print_layers, print_next_steps
from planner.console.plan import print_bands, print_plan
from planner.console.printing import console, show
from planner.console.progress import progress, teller

__all__ = [
    "console",
    "print_assumptions",
    "print_bands",
    "print_examination",
    "print_layers",
    "print_next_steps",
    "print_plan",
    "progress",
    "show",
    "teller",
]
