"""A scenario: every assumption of a plan, read from one TOML file.

Each TOML section is one model below. A number that is an assumption is a `Figure`: base value, range and where it comes
from. In the file a figure is a number, ``[low, base, high]`` or a full table; the keys ``source_kind``, ``source`` and
``reasoning`` of a section hold for all its figures that do not bring their own.
"""

from __future__ import annotations

from itertools import combinations, pairwise
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Literal, Self

import tomli_w
from pydantic import Field, ValidationError, field_validator, model_validator

from planner.faults import BadInput
from planner.scenario.assessment import EmissionRules, GridRules, MoneyRules
from planner.scenario.demand import Attractor, Band, Fleet, Growth, Profile, Season, Service, TrafficRules
from planner.scenario.figure import (
    LARGEST,
    FactorFigure,
    Figure,
    OpenShareFigure,
    PositiveFigure,
    Section,
    ShareFigure,
    Sourced,
    Weight,
    within,
)
from planner.scenario.file import embedded, fault_in, locate, merged
from planner.tables import MOST_BAYS, MOST_KW

Ring = Literal["core", "urban", "suburban", "rural"]
MOST_CHARGERS = 10_000_000
"""Of any quota, task or type: more than a country has."""
EARLIEST_YEAR, LATEST_YEAR = 1900, 2200

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
    "area_folder",
    "read_scenario",
    "write_scenario",
]


class StudyArea(Section):
    """Where the layers lie and how they are measured."""

    folder: str = Field(description="Folder of the layers, relative to the scenario file, or `embedded:NAME`.")
    crs: str = Field(description="Working CRS: projected, in metres.")
    zone_side_m: float = Field(500.0, gt=0, description="Side of a square zone where zones come as south-west corners.")
    attribution: str = Field(description="Shown on every map and in every export.")
    task_zones: list[str] = Field([], description="Development zones that answer for tasks beside the districts.")


class RingRules(Sourced):
    """What holds in one ring of the city."""

    drive_reach_m: Figure
    walk_reach_m: Figure
    home_charging_share: ShareFigure


class ServiceRules(Sourced):
    """How a service is reached."""

    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    mode: Literal["drive", "walk"] = Field(
        description="How the way to the charger is measured: driven along the streets, or walked."
    )
    reach_factor: Figure = Field(description="Times the ring's reach.")


class Kind(Sourced):
    """A kind of place as a charging site."""

    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    usable: bool = Field(True, description="False where no chargers may be built.")
    institution: Literal["equipped", "reserved", "none"] = Field(
        "none", description="Public institution: must get chargers, must keep room for them, or neither."
    )
    bays: Annotated[Figure, within(0, MOST_BAYS, "bays from 0 to 100,000")]
    grid_kw: Annotated[Figure, within(0, MOST_KW, "kW from 0 to 10,000,000")]
    opening_cny: Figure


class Candidates(Sourced):
    """How places and streets become sites."""

    spacing_m: float = Field(ge=0, description="Of places closer than this one site is made.")
    gap_step_m: float = Field(ge=1, description="Generated points are taken from the streets at this step.")
    gap_spacing_m: dict[Ring, Weight] = Field(description="Least distance of a generated point to any other site.")
    gap_kind: str = Field("arterial", description="Section of [kinds] that generated points belong to.")
    gap_classes: list[str] = Field([], description="Road classes that generated points may stand on; all if empty.")
    required_min_chargers: int = Field(2, ge=1, description="Fewest new chargers at an institution that must get some.")
    bays: dict[str, Annotated[int, Field(ge=0, le=MOST_BAYS)]] = Field(
        {}, description="Site -> its bays, known better than by kind."
    )
    grid_kw: dict[str, Annotated[float, Field(ge=0, le=MOST_KW)]] = Field({}, description="Site -> its grid headroom.")


class AccessRules(Sourced):
    """How distance is measured."""

    detour_factor: FactorFigure = Field(description="Street metres per straight metre off the modelled streets.")
    walk_factor: FactorFigure = Field(description="Walked metres per straight metre.")
    max_snap_m: PositiveFigure = Field(description="What lies farther from any street is reported, not snapped.")


class ChargerType(Sourced):
    """A type of charger; a pile (台) of the quota is `quota_units` of these."""

    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    service: Service = Field(description="What it gives; one demand is served by all types of its service.")
    battery_swap: bool = Field(False, description="Whether it is a station that swaps batteries.")
    plugs: int = Field(ge=1, le=1000, description="Vehicles that charge at one of them at once.")
    kw_rated: Figure
    kw_delivered: Figure = Field(description="Per plug.")
    bays_used: int = Field(ge=0, le=1000, description="Parking bays that one takes.")
    coincidence: ShareFigure
    price_cny: Figure = Field(description="Installed.")
    opex_cny_year: Figure | None = Field(None, description="Operation and upkeep, for the least cost; none without it.")
    quota_units: int = Field(ge=0, le=1000, description="Piles that one counts as in the quota; 0: not counted.")
    energy_kwh_day: Figure = Field(
        description="What one charger carries a day: the linear capacity table without [waiting]; with it what a "
        "charger that nobody queues for carries, and the most that a swap station's batteries allow."
    )
    queue: bool = Field(True, description="With [waiting]: false for chargers that cars stay on for hours (slow).")
    session_kwh: PositiveFigure | None = Field(None, description="Energy of one charge; its fleets' if absent.")
    session_min: PositiveFigure | None = Field(
        None, description="Minutes one charge takes, as a swap; energy over power if absent."
    )
    changeover_min: Figure | None = Field(None, description="Plugging in, paying and driving off; none if absent.")
    min_share: float = Field(0.0, ge=0, le=1, description="Of the quota.")
    max_share: float = Field(1.0, ge=0, le=1, description="Of the quota.")
    max_count: int | None = Field(
        None, ge=0, le=MOST_CHARGERS, description="Most new ones in the city, for types that no quota counts."
    )

    @model_validator(mode="after")
    def _shares_in_order(self) -> Self:
        if self.min_share > self.max_share:
            raise ValueError(f"min_share <= max_share expected, found {self.min_share:g} and {self.max_share:g}")
        return self


class Waiting(Sourced):
    """The promise at the peak hour: no more than a share of the arrivals waits longer than some minutes."""

    most_min: PositiveFigure
    most_share: OpenShareFigure
    balk_min: PositiveFigure | None = Field(
        None, description="Of the stress test: who expects a longer wait drives on to the next station."
    )
    tries: int = Field(3, ge=1, description="Of the stress test: stations a driver goes to before giving up.")


class Existing(Sourced):
    """Today's public chargers: those that no layer locates, netted off at observed use, and unknown located ones."""

    unlocated_chargers: Figure
    use_kwh_charger_day: Figure
    services: list[Service] = Field(
        ["slow", "fast", "heavy"], description="Services that the unlocated ones are taken to carry."
    )
    count_where_unknown: Figure | None = Field(
        None, description="Chargers a located station of unknown size is taken to have; without it, it carries 0 kWh."
    )
    type_where_unknown: str | None = Field(
        None, description="Charger type of located chargers of unknown type; without it they carry 0 kWh."
    )

    @field_validator("count_where_unknown")
    @classmethod
    def _one_charger_or_more(cls, given: Figure | None) -> Figure | None:
        if given is not None and given.low < 1:
            raise ValueError(f"1 charger or more expected, found {given.low:g}")
        return given


class Phase(Section):
    """One year of a plan of several: what is new in it, and how much it counts."""

    year: int = Field(ge=EARLIEST_YEAR, le=LATEST_YEAR, description="Year-end.")
    quota: int = Field(ge=0, le=MOST_CHARGERS, description="New chargers (piles) of that year.")
    budget_cny: float | None = Field(
        None, ge=0, le=LARGEST, description="Of that year; what is left of it may be spent later."
    )
    weight: float = Field(1.0, ge=1e-6, le=1e6, description="Of that year's service, e.g. for how many years it lasts.")
    tasks: dict[str, Annotated[int, Field(ge=0, le=MOST_CHARGERS)]] = Field(
        {}, description="Task unit -> fewest new chargers (piles) by the end of that year."
    )


class Siting(Sourced):
    """The decision: how many, how much, under which rules."""

    quota: int = Field(ge=0, le=MOST_CHARGERS, description="New chargers (piles).")
    quota_rule: Literal["exactly", "at_most"] = Field("exactly", description="How the quota binds.")
    budget_cny: float | None = Field(
        None, ge=0, le=LARGEST, description="For chargers and openings; no limit if absent."
    )
    min_station: int = Field(1, ge=1, le=MOST_BAYS, description="Fewest new chargers at an opened site.")
    edge_worth: float = Field(1.0, ge=0, le=1, description="Worth of a kWh at the limit of reach; 1 at the door.")
    tasks: dict[str, Annotated[int, Field(ge=0, le=MOST_CHARGERS)]] = Field(
        {}, description="Task unit -> fewest new chargers (piles)."
    )
    lock_in: list[str] = Field([], description="Sites that must be chosen.")
    lock_out: list[str] = Field([], description="Sites that must not be chosen.")
    lock_free: list[str] = Field([], description="Sites free of the lock that their kind brings.")
    gap_share: float = Field(0.005, gt=0, lt=1, description="Stop when the proven gap is at most this.")
    rounds: int = Field(3, ge=0, description="Sweeps of regional programs at city size (counted work; minutes each).")
    solver: str = Field("HiGHS", min_length=1, description="HiGHS, CBC or another by PuLP's name, for small plans.")
    question: Literal["most_service", "least_cost"] = Field(
        "most_service", description="The most service for the quota, or a promised service at the least cost."
    )
    promise_share: float | None = Field(None, gt=0, le=1, description="Of all demand (kWh): served at the least cost.")
    life_years: float = Field(10.0, gt=0, description="Of a charger, for the least cost.")
    discount_rate: float = Field(0.05, ge=0, lt=1, description="A year, for the least cost.")
    floors: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        {}, description="District, or township, -> least share of its demand (kWh) served."
    )
    minimum_access: bool = Field(
        False,
        description="A charger for cars within the norm radius of every zone with residents where any site allows one.",
    )
    feeder_kw: dict[str, Annotated[float, Field(ge=0, le=LARGEST)]] = Field(
        {}, description="Feeder group -> kW left today."
    )
    phases: list[Phase] = Field([], description="Years that are planned together; without any, all is built at once.")

    @model_validator(mode="after")
    def _phases_in_order(self) -> Self:
        """Years rise, quotas add up to the quota, all of them have a budget or none."""
        words, years = [], [phase.year for phase in self.phases]
        if not years:
            return self
        if wrong := [f"{b} after {a}" for a, b in pairwise(years) if b <= a]:
            words.append(f"phases: years out of order ({', '.join(wrong)}); put them in rising order, each once")
        if (total := sum(phase.quota for phase in self.phases)) != self.quota:
            words.append(f"phases: their quotas add up to {total}, quota is {self.quota}; make them agree")
        budgets = [phase.budget_cny for phase in self.phases]
        if None in budgets and any(b is not None for b in budgets):
            words.append("phases: some have budget_cny and some not; give it to all or to none")
        if self.question != "most_service":
            words.append("phases: only with question most_service; remove them or change the question")
        if words:
            raise ValueError("; ".join(words))
        return self

    @model_validator(mode="after")
    def _locks_one_way(self) -> Self:
        lists = {name: set(getattr(self, name)) for name in ("lock_in", "lock_out", "lock_free")}
        for one, other in combinations(lists, 2):
            if both := sorted(lists[one] & lists[other]):
                raise ValueError(f"{', '.join(both)} stand in {one} and in {other}; keep one")
        return self


class Scenario(Section):
    """Every assumption of one plan."""

    name: str = Field(description="Short name; without -o the plan goes to maps/NAME.")
    title_zh: str = Field(description="Title of map and report in Chinese.")
    title_en: str = Field(description="Title of map and report in English.")
    note_zh: str = Field("", description="Note in `plan.xlsx` and `summary.json`, in Chinese.")
    note_en: str = Field("", description="The same in English.")
    year: int = Field(ge=EARLIEST_YEAR, le=LATEST_YEAR, description="Year-end whose demand is planned for.")
    study_area: StudyArea
    season: Season
    fleets: dict[str, Fleet] = Field(min_length=1)
    growth: dict[str, Growth] = Field({})
    profiles: dict[str, Profile] = Field({})
    traffic: TrafficRules | None = None
    bands: dict[str, Band] = Field({})
    attractors: dict[str, Attractor]
    rings: dict[Ring, RingRules]
    services: dict[Service, ServiceRules]
    kinds: dict[str, Kind] = Field(min_length=1)
    candidates: Candidates
    access: AccessRules
    charger_types: dict[str, ChargerType] = Field(min_length=1)
    waiting: Waiting | None = Field(None, description="Without it every charger carries the same, however many stand.")
    existing: Existing
    siting: Siting
    grid: GridRules | None = Field(None, description="Without it no load on the grid is reported.")
    money: MoneyRules | None = Field(None, description="Without it no income is reckoned with.")
    emissions: EmissionRules | None = Field(None, description="Without it no emissions are reckoned with.")

    @property
    def walked(self) -> frozenset[str]:
        """The services that are walked to."""
        return frozenset(service for service, rules in self.services.items() if rules.mode == "walk")

    def _charges_of_unknown_size(self) -> list[str]:
        """Fleets that come to chargers where they may queue, and do not say how much they charge."""
        asked = {t.service for t in self.charger_types.values() if t.queue and t.session_kwh is None}
        silent = {name: fleet for name, fleet in self.fleets.items() if fleet.session_kwh is None}
        return [f"fleets.{name}" for name, fleet in silent.items() if asked & set(fleet.services)]

    @model_validator(mode="after")
    def _names_meet(self) -> Self:
        """Every name used in one section is defined in another."""
        wanted: dict[str, set[str]] = {
            "attractors": {a for f in self.fleets.values() for split in f.follows.values() for a in split},
            "growth": {*filter(None, (f.grows_with for f in self.fleets.values()))},
            "profiles": {p for f in self.fleets.values() for p in f.hours.values()},
            "fleets": {
                *filter(None, (b.fleet for b in self.bands.values())),
                *(f for fuel in (self.emissions.fuels.values() if self.emissions else ()) for f in fuel.fleets),
            },
            "services": {
                *(s for f in self.fleets.values() for s in f.services),
                *(t.service for t in self.charger_types.values()),
            },
            "kinds": {self.candidates.gap_kind, *(k for a in self.attractors.values() for k in a.places)},
            "candidates.gap_spacing_m": {*self.rings},
            "charger_types": {*filter(None, [self.existing.type_where_unknown])},
        }
        if self.waiting is not None and (unsized := self._charges_of_unknown_size()):
            raise ValueError(f"[waiting] needs session_kwh, missing in {', '.join(unsized)}")
        if self.traffic is None and (drawn := sorted(n for n, a in self.attractors.items() if a.traffic)):
            raise ValueError(f"attractors {', '.join(drawn)} follow traffic, but there is no section [traffic]")
        if self.siting.phases and (last := self.siting.phases[-1].year) != self.year:
            raise ValueError(f"siting.phases end in {last}, year is {self.year}; make them agree")
        lost = {s: names - set(attrgetter(s)(self)) for s, names in wanted.items()}
        if words := [f"{', '.join(sorted(names))} used but not defined in [{s}]" for s, names in lost.items() if names]:
            raise ValueError("; ".join(words))
        return self


def read_scenario(path: str | Path | None = None) -> Scenario:
    """Read a scenario file; without a path the embedded Taiyuan base scenario.

    A file may start with ``extends = "other.toml"`` and then hold only what differs. ``path`` and ``extends`` may also
    name an embedded scenario: ``taiyuan/high_adoption.toml``. The study-area folder, relative to the file that states
    it, is absolute or ``embedded:`` in the result.

    Parameters
    ----------
    path
        A TOML file, a folder with ``scenario.toml`` (such as a plan's), or the name of an embedded scenario.

    Returns
    -------
    Scenario
        Every assumption, with its range and origin; it cannot be changed, but copied with changes.

    Raises
    ------
    BadInput
        File missing or not TOML; and, all in one report, unknown keys (with the nearest known one), missing keys, wrong
        types, ranges out of order, figures without origin.
    """
    file = locate(path)
    content = merged(file)
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        raise BadInput([fault_in(file, detail, Scenario) for detail in error.errors()]) from None


def write_scenario(scenario: Scenario, path: str | Path) -> None:
    """Write a scenario with every assumption resolved, so that `read_scenario` gives it back.

    Parameters
    ----------
    scenario
        Any.
    path
        The TOML file to write; one that is there is overwritten.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    Path(path).write_text(tomli_w.dumps(scenario.model_dump(exclude_none=True)), encoding="utf-8")


def area_folder(area: StudyArea) -> Path:
    """The folder of a study area as `read_scenario` left it."""
    return embedded(area.folder.removeprefix("embedded:")) if area.folder.startswith("embedded:") else Path(area.folder)
