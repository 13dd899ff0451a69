"""A scenario: every assumption of a plan, read from one TOML file.

Each TOML section is one model below. A number that is an assumption is a `Figure`: base value, range and where it comes
from. In the file a figure is a number, ``[low, base, high]`` or a full table; the keys ``source_kind``, ``source`` and
``reasoning`` of a section hold for all its figures that do not bring their own.
"""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from typing import Annotated, Literal, Self

import tomli_w
from pydantic import Field, ValidationError, field_validator, model_validator

from planner.faults import BadInput
from planner.scenario.area import StudyArea
from planner.scenario.assessment import EmissionRules, GridRules, MoneyRules
from planner.scenario.demand import Attractor, Band, Fleet, Growth, Profile, Season, Service, TrafficRules
from planner.scenario.figure import (
    BrokenRule,
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
from planner.scenario.file import fault_in, locate, merged
from planner.scenario.siting import EARLIEST_YEAR, LATEST_YEAR, MOST_CHARGERS, Siting
from planner.tables import MOST_BAYS, MOST_KW
from planner.words import Text, joined

Ring = Literal["core", "urban", "suburban", "rural"]
_BAYS = Text(zh=f"介于 0 与 {MOST_BAYS:,} 之间的车位数", en=f"bays from 0 to {MOST_BAYS:,}")
_KW = Text(zh=f"介于 0 与 {MOST_KW:,} 之间的 kW 数", en=f"kW from 0 to {MOST_KW:,}")


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
    bays: Annotated[
        Figure, within(0, MOST_BAYS, Text(zh="介于 0 与 100,000 之间的车位数", en="bays from 0 to 100,000"))
    ]
    grid_kw: Annotated[
        Figure, within(0, MOST_KW, Text(zh="介于 0 与 10,000,000 之间的 kW 数", en="kW from 0 to 10,000,000"))
    ]
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
            en = f"min_share <= max_share expected, found {self.min_share:g} and {self.max_share:g}"
            zh = f"应满足 min_share <= max_share，现为 {self.min_share:g} 与 {self.max_share:g}"
            raise BrokenRule(Text(zh=zh, en=en))
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
            en = f"1 charger or more expected, found {given.low:g}"
            raise BrokenRule(Text(zh=f"应不少于 1 台，现为 {given.low:g}", en=en))
        return given


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
    def _sections_fit(self) -> Self:
        """What one section asks of another is there."""
        if self.waiting is not None and (unsized := self._charges_of_unknown_size()):
            fleets = ", ".join(unsized)
            en = f"[waiting] needs session_kwh, missing in {fleets}"
            raise BrokenRule(Text(zh=f"[waiting] 需要 session_kwh，{fleets} 中缺少", en=en))
        if self.traffic is None and (drawn := sorted(n for n, a in self.attractors.items() if a.traffic)):
            names = ", ".join(drawn)
            en = f"attractors {names} follow traffic, but there is no section [traffic]"
            raise BrokenRule(Text(zh=f"attractors 中的 {names} 依据交通量（traffic），但没有 [traffic] 一节", en=en))
        if self.siting.phases and (last := self.siting.phases[-1].year) != self.year:
            en = f"siting.phases end in {last}, year is {self.year}; make them agree"
            raise BrokenRule(Text(zh=f"siting.phases 止于 {last} 年，year 为 {self.year}，请使二者一致", en=en))
        return self

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
        undefined = {s: ", ".join(sorted(names - set(attrgetter(s)(self)))) for s, names in wanted.items()}
        words = [
            Text(zh=f"使用了 {names}，但 [{s}] 中没有定义", en=f"{names} used but not defined in [{s}]")
            for s, names in undefined.items()
            if names
        ]
        if words:
            raise BrokenRule(joined(words))
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
