"""Everything that can be known of a scenario and its layers before a plan is made."""

from __future__ import annotations

from dataclasses import dataclass

from planner.checks.fitness import Examination, examine
from planner.checks.inspection import Inspection, inspect_layers
from planner.faults import Fault
from planner.layers import Layers, read_layers
from planner.scenario import Scenario


@dataclass(frozen=True)
class Check:
    """What a scenario's layers hold, how they lie on the ground, and whether they can carry a plan.

    Attributes
    ----------
    layers
        As `read_layers` returns them.
    inspection
        Each layer by itself: extent, place within the districts, duplicates, overlaps, datum.
    examination
        All together under the scenario's rules: candidate sites, and what fits how well.
    """

    layers: Layers
    inspection: Inspection
    examination: Examination

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All that keeps a plan from being made, of the layers first; empty where one can be made."""
        return (*self.inspection.faults, *self.examination.faults)


def check_scenario(scenario: Scenario) -> Check:
    """Read a scenario's layers and take it as far as planning goes without choosing sites.

    Parameters
    ----------
    scenario
        As `read_scenario` returns it.

    Returns
    -------
    Check
        What was found; its ``faults`` are all that `make_plan` would refuse, and zones that overlap.

    Raises
    ------
    BadInput
        A layer is missing or cannot be read as what it should be, so that nothing more can be said.
    """
    layers = read_layers(scenario.study_area)
    return Check(layers, inspect_layers(layers), examine(layers, scenario))
