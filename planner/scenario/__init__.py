"""A scenario: every assumption of a plan, read from one TOML file."""

from planner.scenario.area import StudyArea, area_folder
from planner.scenario.assessment import EmissionRules, GridRules, MoneyRules
from planner.scenario.demand import Attractor, Band, Fleet, Growth, Profile, Season, Service, TrafficRules
from planner.scenario.figure import Figure
from planner.scenario.scenario import (
    AccessRules,
    Candidates,
    ChargerType,
    Existing,
    Kind,
    Ring,
    RingRules,
    Scenario,
    ServiceRules,
    Waiting,
    read_scenario,
    write_scenario,
)
from planner.scenario.siting import Phase, Siting

__all__ = [
    "AccessRules",
    "Attractor",
    "Band",
    "Candidates",
    "ChargerType",
    "EmissionRules",
    "Existing",
    "Figure",
    "Fleet",
    "GridRules",
    "Growth",
    "Kind",
    "MoneyRules",
    "Phase",
    "Profile",
    "Ring",
    "RingRules",
    "Scenario",
    "Season",
    "Service",
    "ServiceRules",
    "Siting",
    "StudyArea",
    "TrafficRules",
    "Waiting",
    "area_folder",
    "read_scenario",
    "write_scenario",
]
