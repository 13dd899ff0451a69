"""Charging networks: layers -> demand -> candidates -> access -> siting -> assessment -> maps, report, files.

Every name is loaded when it is first asked for, with the room that it lives in; `import planner` alone loads nothing.
"""

from planner.doors import door

TYPE_CHECKING = False  # for type checkers; to load `typing` for it takes as long as all else here
if TYPE_CHECKING:
    from planner.access import measure_access
    from planner.assessment import assess
    from planner.assumptions.edits import edit_scenario, stale_sources
    from planner.assumptions.figures import assumption_table, sample_scenarios
    from planner.assumptions.files import write_assumptions, write_samples, write_variant
    from planner.candidates import find_sites
    from planner.candidates.edits import Edits, read_edits
    from planner.checks.check import Check, check_scenario
    from planner.demand import band_table, estimate_demand
    from planner.exports import check_folder, export_plan, read_answers, read_plan, save_plan
    from planner.faults import BadInput
    from planner.layers import read_layers
    from planner.maps import draw_map
    from planner.maps.basemap import Basemap
    from planner.maps.difference import draw_difference
    from planner.maps.write import write_map
    from planner.plan import Plan, make_plan
    from planner.report import draw_report, write_report
    from planner.scenario import read_scenario, write_scenario
    from planner.siting import Certificate, Effort, Problem, choose_sites
    from planner.sources.chargers.city import add_chargers
    from planner.sources.fetch import fetch_layers
    from planner.sources.folder import Sources
    from planner.sources.osm import Overpass
    from planner.studies.alternatives import find_alternatives
    from planner.studies.baselines import compare_baselines
    from planner.studies.compare import compare_plans, find_differences, read_saved_plans
    from planner.studies.design_days import simulate_plan, stress_plan
    from planner.studies.fairness import fairness_curve
    from planner.views.alternatives import save_alternatives
    from planner.views.baselines import save_baselines
    from planner.views.difference import save_difference
    from planner.views.fairness import save_fairness
    from planner.views.simulation import save_simulation

    __version__: str

__all__ = [
    "BadInput",
    "Basemap",
    "Certificate",
    "Check",
    "Edits",
    "Effort",
    "Overpass",
    "Plan",
    "Problem",
    "Sources",
    "add_chargers",
    "assess",
    "assumption_table",
    "band_table",
    "check_folder",
    "check_scenario",
    "choose_sites",
    "compare_baselines",
    "compare_plans",
    "draw_difference",
    "draw_map",
    "draw_report",
    "edit_scenario",
    "estimate_demand",
    "export_plan",
    "fairness_curve",
    "fetch_layers",
    "find_alternatives",
    "find_differences",
    "find_sites",
    "make_plan",
    "measure_access",
    "read_answers",
    "read_edits",
    "read_layers",
    "read_plan",
    "read_saved_plans",
    "read_scenario",
    "sample_scenarios",
    "save_alternatives",
    "save_baselines",
    "save_difference",
    "save_fairness",
    "save_plan",
    "save_simulation",
    "simulate_plan",
    "stale_sources",
    "stress_plan",
    "write_assumptions",
    "write_map",
    "write_report",
    "write_samples",
    "write_scenario",
    "write_variant",
]

_MODULES = {
    "measure_access": "planner.access",
    "assess": "planner.assessment",
    "edit_scenario": "planner.assumptions.edits",
    "stale_sources": "planner.assumptions.edits",
    "assumption_table": "planner.assumptions.figures",
    "sample_scenarios": "planner.assumptions.figures",
    "write_assumptions": "planner.assumptions.files",
    "write_samples": "planner.assumptions.files",
    "write_variant": "planner.assumptions.files",
    "find_sites": "planner.candidates",
    "Edits": "planner.candidates.edits",
    "read_edits": "planner.candidates.edits",
    "Check": "planner.checks.check",
    "check_scenario": "planner.checks.check",
    "band_table": "planner.demand",
    "estimate_demand": "planner.demand",
    "check_folder": "planner.exports",
    "export_plan": "planner.exports",
    "read_plan": "planner.exports",
    "read_answers": "planner.exports",
    "save_plan": "planner.exports",
    "BadInput": "planner.faults",
    "read_layers": "planner.layers",
    "draw_map": "planner.maps",
    "Basemap": "planner.maps.basemap",
    "draw_difference": "planner.maps.difference",
    "write_map": "planner.maps.write",
    "Plan": "planner.plan",
    "make_plan": "planner.plan",
    "draw_report": "planner.report",
    "write_report": "planner.report",
    "read_scenario": "planner.scenario",
    "write_scenario": "planner.scenario",
    "Certificate": "planner.siting",
    "Effort": "planner.siting",
    "Problem": "planner.siting",
    "choose_sites": "planner.siting",
    "add_chargers": "planner.sources.chargers.city",
    "fetch_layers": "planner.sources.fetch",
    "Sources": "planner.sources.folder",
    "Overpass": "planner.sources.osm",
    "find_alternatives": "planner.studies.alternatives",
    "compare_baselines": "planner.studies.baselines",
    "compare_plans": "planner.studies.compare",
    "find_differences": "planner.studies.compare",
    "read_saved_plans": "planner.studies.compare",
    "simulate_plan": "planner.studies.design_days",
    "stress_plan": "planner.studies.design_days",
    "fairness_curve": "planner.studies.fairness",
    "save_alternatives": "planner.views.alternatives",
    "save_baselines": "planner.views.baselines",
    "save_difference": "planner.views.difference",
    "save_fairness": "planner.views.fairness",
    "save_simulation": "planner.views.simulation",
}
"""Public name -> where it is written, in the order of the work."""


_load = door(__name__, _MODULES)


def __getattr__(name: str) -> object:
    """Load a public name, or tell the version, when it is first asked for."""
    return _version() if name == "__version__" else _load(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


def _version() -> str:
    """The installed version."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("ev-charging-planner")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0+checkout"
