"""Charging networks: layers -> demand -> candidates -> access -> siting -> assessment -> maps, report, files."""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from planner.access import measure_access
from planner.assessment import assess
from planner.candidates import find_sites
from planner.demand import estimate_demand
from planner.exports import read_plan, save_plan
from planner.faults import BadInput
from planner.layers import read_layers
from planner.maps import draw_map
from planner.plan import Plan, make_plan
from planner.report import draw_report, write_report
from planner.scenario import read_scenario
from planner.siting import choose_sites

if TYPE_CHECKING:
    from planner.sources.fetch import fetch_layers

try:
    __version__ = version("ev-charging-planner")
except PackageNotFoundError:  # run from a checkout that is not installed
    __version__ = "0+checkout"

__all__ = [
    "BadInput",
    "Plan",
    "assess",
    "choose_sites",
    "draw_map",
    "draw_report",
    "estimate_demand",
    "fetch_layers",
    "find_sites",
    "make_plan",
    "measure_access",
    "read_layers",
    "read_plan",
    "read_scenario",
    "save_plan",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Fetching is loaded when first asked for: it brings OSMnx, which a plan does not need."""
    if name == "fetch_layers":
        return import_module("planner.sources.fetch").fetch_layers
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
