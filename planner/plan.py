"""The whole line: layers -> demand -> candidates -> access -> siting -> assessment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import pandas as pd

from planner.access import cover_if_asked, islands, measure_access, reach_by_mode
from planner.assessment import Assessment, Year, assess, baselines_beside, years_of
from planner.candidates import before_locks, find_sites, standing_chargers, with_feeder_headroom
from planner.candidates.edits import Edits, apply_edits
from planner.capacity.tables import charger_tables
from planner.demand import estimate_demand, fleet_energy
from planner.faults import Fault, refuse
from planner.layers import Layers, read_layers
from planner.progress import Progress, Stage, silent
from planner.scenario import Scenario
from planner.scenario.years import scenario_by_year, year_weights
from planner.siting import (
    Answer,
    Answers,
    Effort,
    Problem,
    Proof,
    choose_every_year,
)
from planner.words import Text


@dataclass(frozen=True)
class Prepared:
    """A scenario as far as siting.

    Attributes
    ----------
    scenario, layers
        What was read; the headroom that a layer of feeders states stands in ``scenario.siting.feeder_kw``.
    problems
        Year -> what siting is asked of its end; one year where everything is built at once.
    """

    scenario: Scenario
    layers: Layers
    problems: Mapping[int, Problem]


@dataclass(frozen=True)
class Plan(Prepared):
    """A plan and everything it was made from; tables as `planner.tables` describes them, in the working CRS.

    The tables of `Problem` and `Answer` are also at hand by their own names: those of the last year. Figures are
    reckoned when they are first asked for.

    Attributes
    ----------
    answers
        Year -> what siting answered: what stands at its end and who charges where, with the proof of all years.
    """

    answers: Answers

    @property
    def problem(self) -> Problem:
        """What siting was asked of the last year."""
        return self.problems[max(self.problems)]

    @property
    def answer(self) -> Answer:
        """What siting answered for the last year."""
        return self.answers.last

    @property
    def demand(self) -> pd.DataFrame:
        """Demand of the last year."""
        return self.problem.demand

    @property
    def sites(self) -> gpd.GeoDataFrame:
        """All candidate sites, as the last year has them."""
        return self.problem.sites

    @property
    def access(self) -> pd.DataFrame:
        """Metres by mode from zones to sites within reach."""
        return self.problem.access

    @property
    def charger_types(self) -> pd.DataFrame:
        """Charger types of the last year."""
        return self.problem.charger_types

    @property
    def capacity(self) -> pd.DataFrame:
        """What a station of so many carries, of the last year."""
        return self.problem.capacity

    @property
    def existing(self) -> pd.DataFrame:
        """Today's located chargers."""
        return self.problem.existing

    @property
    def chargers(self) -> pd.DataFrame:
        """New chargers that stand at the end of the last year."""
        return self.answer.chargers

    @property
    def assignment(self) -> pd.DataFrame:
        """Who charges where at the end of the last year."""
        return self.answer.assignment

    @property
    def proof(self) -> Proof:
        """Value, bound and gap, of all years together."""
        return self.answers.proof

    @cached_property
    def fleets(self) -> pd.DataFrame:
        """Energy per fleet, as `fleet_energy` returns it."""
        return fleet_energy(self.scenario, self.layers.zones)

    @cached_property
    def years(self) -> dict[int, Year]:
        """Year -> what was built in it and whom all that stood then serves."""
        return years_of(self.problems, self.answers)

    @cached_property
    def assessment(self) -> Assessment:
        """The figures."""
        return assess(self.layers, self.scenario, self.problems, self.answers)

    @cached_property
    def baselines(self) -> pd.DataFrame:
        """The plan beside today's network and two made without an optimiser, as `baselines_beside` returns it."""
        return baselines_beside(self.layers.zones, self.problem, self.answer, self.scenario)


def make_plan(
    scenario: Scenario,
    progress: Progress | None = None,
    effort: Effort | None = None,
    edits: Edits | None = None,
    start: Answers | None = None,
) -> Plan:
    """Plan a scenario, from its layers to what is built where.

    Parameters
    ----------
    scenario
        As `read_scenario` returns it.
    progress
        Called with (stage, value so far, bound so far) at every step.
    effort
        When siting stops; by default counted work as the scenario says.
    edits
        Edits of single sites; the plan's scenario holds them.
    start
        The answers to this scenario, or a similar one, to go on from: much quicker where little has changed.

    Returns
    -------
    Plan
        What was asked and answered, checked against every rule without the solver; figures when they are asked for.

    Raises
    ------
    BadInput
        Anything wrong with the layers or the edits, or rules that no plan can keep.
    """
    prepared = prepare(scenario, edits, progress)
    answers = choose_every_year(prepared.problems, effort, start, progress)
    return Plan(prepared.scenario, prepared.layers, prepared.problems, answers)


def prepare(scenario: Scenario, edits: Edits | None = None, progress: Progress | None = None) -> Prepared:
    """Take a scenario as far as siting: what is asked of every year.

    Parameters
    ----------
    scenario, edits, progress
        As of `make_plan`.

    Raises
    ------
    BadInput
        Anything wrong with the layers or the edits.
    """
    tell: Progress = progress or silent
    tell(Stage.LAYERS, None, None)
    layers = read_layers(scenario.study_area)
    scenario = with_feeder_headroom(scenario, layers.feeders)
    tell(Stage.DEMAND, None, None)
    demands = demand_by_year(scenario, layers)
    tell(Stage.CANDIDATES, None, None)
    sites = find_sites(layers, scenario)
    if edits is not None:
        scenario, sites = apply_edits(scenario, sites, edits)
    existing = standing_chargers(layers, sites, scenario.existing)
    refuse(islands(layers.streets, sites, scenario))
    tell(Stage.ACCESS, None, None)
    return Prepared(scenario, layers, pose(scenario, layers, demands, sites, existing))


def demand_by_year(scenario: Scenario, layers: Layers) -> dict[int, pd.DataFrame]:
    """Year -> its demand, as `estimate_demand` returns it."""
    by_year = scenario_by_year(scenario)
    return {y: estimate_demand(layers.zones, layers.places, layers.streets, each) for y, each in by_year.items()}


def pose(
    scenario: Scenario,
    layers: Layers,
    demands: Mapping[int, pd.DataFrame],
    sites: gpd.GeoDataFrame,
    existing: pd.DataFrame,
) -> dict[int, Problem]:
    """What siting is asked of every year's end.

    Parameters
    ----------
    scenario, layers
        As read.
    demands
        Year -> demand, as `demand_by_year` returns it.
    sites, existing
        Candidate sites, and today's chargers at them.
    """
    reach_m = reach_by_mode(demands[max(demands)], scenario)
    access = measure_access(layers.zones, sites, layers.streets, reach_m, scenario.access)
    most_bays, by_year = int(sites["bays"].max()), scenario_by_year(scenario)
    tables = {
        year: charger_tables(each, demands[year], fleet_energy(each, layers.zones), most_bays)
        for year, each in by_year.items()
    }
    last = max(by_year)
    cover = cover_if_asked(by_year[last].siting, layers.zones, sites, tables[last][0], existing)
    return pose_on_tables(scenario, demands, tables, sites=sites, existing=existing, access=access, cover=cover)


def pose_on_tables(
    scenario: Scenario,
    demands: Mapping[int, pd.DataFrame],
    tables: Mapping[int, tuple[pd.DataFrame, pd.DataFrame]],
    *,
    sites: gpd.GeoDataFrame,
    existing: pd.DataFrame,
    access: pd.DataFrame,
    cover: pd.DataFrame | None,
) -> dict[int, Problem]:
    """What siting is asked of every year's end where all its tables are known: no layer is needed.

    Parameters
    ----------
    scenario
        As run.
    demands, tables
        Year -> demand; charger types and capacity.
    sites, existing, access, cover
        The tables of `Problem`, the same in all years; the cover is asked of the last.
    """
    weight, by_year = year_weights(scenario), scenario_by_year(scenario)
    return {
        year: Problem(
            demands[year],
            sites if year == max(by_year) else before_locks(sites),
            access,
            *tables[year],
            existing,
            each.siting,
            cover=cover if each.siting.minimum_access else None,
            weight=weight[year],
            walked=each.walked,
        )
        for year, each in by_year.items()
    }


def several_years(plan: Plan, what: Text) -> list[Fault]:
    """A fault where a plan has several years and something is known for one alone."""
    if len(plan.problems) == 1:
        return []
    en = f"the plan has {len(plan.problems)} years; {what.en}: only for plans of one, so plan without phases"
    zh = f"该方案含 {len(plan.problems)} 个年份；{what.zh}仅适用于单年方案，请去掉 phases 后重新规划"
    return [Fault("scenario, key siting.phases", en=en, zh=zh)]
