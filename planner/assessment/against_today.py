"""`assess`: from a plan's tables to its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from planner.assessment.areas import assess_districts, assess_services, assess_zones
from planner.assessment.emissions import assess_emissions
from planner.assessment.fairness import assess_townships
from planner.assessment.figures import companion_figures, four_figures
from planner.assessment.grid import Grid, assess_grid
from planner.assessment.money import Money, assess_money
from planner.assessment.networks import (
    Chargers,
    Compared,
    Network,
    assign_today,
    measure_trips,
    nearest_charger_m,
    priced,
)
from planner.assessment.stations import assess_stations, assess_types
from planner.assessment.tasks import assess_task_breakdown, assess_tasks, task_units
from planner.assessment.unserved import find_unserved
from planner.assessment.usage import energy_of_new, site_load
from planner.assessment.why import why_here
from planner.assessment.years import added_by_year, assess_years, years_of
from planner.demand import fleet_days, fleet_mix
from planner.layers import Layers
from planner.scenario import Scenario
from planner.siting import Answer, Answers, Problem


@dataclass(frozen=True)
class Assessment:
    """The figures of a plan. Shares lie between 0 and 1; NaN is "not known" and infinite metres are "beyond reach".

    Attributes
    ----------
    figures
        Index figure: ``well_distributed`` (分布合理), ``completely_equipped`` (配置完善), ``convenient`` (服务便捷) and
        ``basically_meets`` (基本满足); columns word_zh, word_en, today, plan, unit (share or m), note_zh, note_en,
        definition_zh, definition_en.
    companions
        Index name, the same columns without definitions: what stands beside the four (`companion_figures`).
    services
        Index service: public_kwh_day, standing_kwh_day (unlocated chargers), served_kwh_day (those and the plan),
        unserved_kwh_day, served_share_today, served_share.
    districts
        Index district, by code: residents, within_norm_share_today, within_norm_share, public_kwh_day, served_kwh_day,
        served_share_today, served_share (of the district's own demand, wherever it charges); stations, chargers
        (piles), swap_stations, power_kw, capex_cny (new, standing in the district), cny_per_kwh_day (that money over
        the energy its new stations serve). Today's share within the norm is not known where no charger is located.
    tasks
        Index task_unit: task and chargers (asked for and placed, both piles), met, shortfall (piles), stations,
        power_kw, capex_cny, note_zh, note_en. The chargers of all rows sum to the plan's piles.
    breakdown
        Index (task_unit, year, kind): chargers (piles), swap_stations, stations (opened that year), power_kw,
        capex_cny; the tasks by year and kind of place. The rows sum to the plan.
    townships
        Index (district, township), where zones name theirs: residents, within_norm_share_today, within_norm_share,
        public_kwh_day, served_kwh_day, served_share, as for the districts.
    zones
        Index zone_id: public_kwh_day, served_kwh_day, unserved_kwh_day, within_norm_today, within_norm, reason (one of
        `REASONS` for the largest unserved part, empty where all is served).
    sites
        Index site_id, sites with new chargers: existing_total, new_slow, new_fast, new_heavy, new_total (piles),
        new_swap (swap stations), power_kw (rated), capex_cny, served_kwh_day, utilisation (served over what the station
        carries), metres_mean; lost_kwh_day, lost_worth_kwh_day, zones_affected, extra_metres_mean, extra_metres_most
        and next_best_site (`why_here`: what is lost without the station, and where else its chargers would do best);
        rank by the loss (1 = most worth lost), headroom (a charger less would still carry the served energy),
        reason_zh, reason_en.
    types
        Index charger_type: new chargers, and what they carry a day: carried_kwh_day in the stations where they stand
        (beyond what today's chargers carry there), fixed_kwh_day were it the scenario's energy_kwh_day each,
        alone_kwh_day did each stand alone. Where queues are reckoned with, the differences are what pooling gives.
    grid, money
        As `Grid` and `Money` describe them; None where the scenario has no such section.
    emissions
        As `assess_emissions` returns it.
    years
        Index year; of what that year builds: chargers (piles), swap_stations, stations (opened), power_kw, capex_cny;
        at its end: chargers_standing (piles, located ones of today included), public_kwh_day, served_kwh_day,
        served_share, within_norm_share (of residents); value_kwh_day and bound_kwh_day of that year alone (of
        several years the bound is loose: it is told at the prices of all). One row where everything is built at once.
    zone_years
        Index (year, zone_id): public_kwh_day and served_kwh_day at the end of that year.
    """

    figures: pd.DataFrame
    companions: pd.DataFrame
    services: pd.DataFrame
    districts: pd.DataFrame
    tasks: pd.DataFrame
    zones: pd.DataFrame
    sites: pd.DataFrame
    types: pd.DataFrame
    grid: Grid | None
    money: Money | None
    emissions: pd.DataFrame
    breakdown: pd.DataFrame
    townships: pd.DataFrame
    years: pd.DataFrame
    zone_years: pd.DataFrame


def assess(layers: Layers, scenario: Scenario, problems: Mapping[int, Problem], answers: Answers) -> Assessment:
    """Measure a plan against today.

    Parameters
    ----------
    layers
        Zones, districts, development zones, feeders.
    scenario
        Tasks, fleets, unlocated chargers, and what is reported.
    problems, answers
        What siting was asked of every year, and what it said; the figures are those of the last.

    Returns
    -------
    Assessment
        Every figure beside today's; the tables that stand by zone, site or year are by the ids of the layers.
    """
    zones, years = layers.zones, years_of(problems, answers)
    problem, answer = problems[max(problems)], answers.last
    chargers = Chargers(
        priced(problem.existing, problem.charger_types).assign(is_new=False),
        priced(answer.chargers, problem.charger_types).assign(is_new=True),
    )
    compared = _compared(zones, problem, chargers, answer)
    why = why_here(problem, compared.plan)
    stations = assess_stations(problem, chargers, compared.plan.trips, why, scenario)
    unserved = find_unserved(problem, compared.plan, float(stations["capex_cny"].sum()), scenario)
    by_zone = assess_zones(zones, problem.demand, unserved, compared)
    districts = assess_districts(layers, problem, by_zone, stations, compared, scenario)
    days = fleet_days(scenario)
    energy = energy_of_new(answer.assignment, _mix_if_asked(layers, scenario), chargers, problem.capacity)
    grid = assess_grid(problem.sites, chargers, site_load(energy, days, stations.index), layers, scenario)
    units = task_units(layers, scenario)
    breakdown = assess_task_breakdown(
        added_by_year(years), problem.existing, problem.sites, problem.charger_types, units
    )
    by_year, zone_years = assess_years(years, breakdown, zones, problems, chargers.standing)
    return Assessment(
        figures=four_figures(zones["residents"], problem, by_zone, compared, scenario),
        companions=companion_figures(zones["residents"], problem, districts, compared, scenario),
        services=assess_services(problem.demand, compared),
        districts=districts,
        tasks=assess_tasks(layers, breakdown, scenario),
        zones=by_zone,
        sites=stations,
        types=assess_types(chargers, problem),
        grid=grid,
        money=assess_money(
            problem.sites, chargers, energy, days, grid=grid, districts=districts.index, scenario=scenario
        ),
        emissions=assess_emissions(energy, days, scenario),
        breakdown=breakdown,
        townships=assess_townships(zones, by_zone, compared.today, scenario),
        years=by_year,
        zone_years=zone_years,
    )


def _compared(zones: gpd.GeoDataFrame, problem: Problem, chargers: Chargers, answer: Answer) -> Compared:
    """Today's network and the plan's, each with its chargers, its trips and the nearest charger of every zone."""
    of_both = (chargers.standing, assign_today(problem)), (chargers.together, answer.assignment)
    return Compared(
        *(
            Network(stands, measure_trips(problem, going), nearest_charger_m(zones, problem.sites, stands))
            for stands, going in of_both
        )
    )


def _mix_if_asked(layers: Layers, scenario: Scenario) -> pd.DataFrame:
    """As `fleet_mix` returns it; nobody's where no section asks whose energy it is."""
    if any(section is not None for section in (scenario.grid, scenario.money, scenario.emissions)):
        return fleet_mix(layers.zones, layers.places, layers.streets, scenario)
    nobody = pd.MultiIndex.from_arrays([[], [], []], names=["zone_id", "service", "fleet"])
    return pd.DataFrame({"share": []}, index=nobody)
