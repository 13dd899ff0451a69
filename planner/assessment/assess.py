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
from planner.assessment.networks import Network, assign_today, measure_trips, nearest_charger_m, price
from planner.assessment.stations import assess_stations, assess_types
from planner.assessment.tasks import assess_task_breakdown, assess_tasks, task_units
from planner.assessment.unserved import find_unserved
from planner.assessment.usage import energy_of_new, site_load
from planner.assessment.why import why_here
from planner.assessment.years import Year, added_by_year, assess_years
from planner.demand import fleet_days, fleet_mix
from planner.layers import Layers
from planner.scenario import Scenario


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


def assess(
    layers: Layers,
    demand: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    access: pd.DataFrame,
    charger_types: pd.DataFrame,
    capacity: pd.DataFrame,
    existing: pd.DataFrame,
    chargers: pd.DataFrame,
    assignment: pd.DataFrame,
    scenario: Scenario,
    years: Mapping[int, Year],
) -> Assessment:
    """Measure a plan against today.

    Parameters
    ----------
    layers, demand, sites, access, charger_types, capacity, existing
        What siting was given, as `planner.tables` describes it.
    chargers, assignment
        What siting answered: new chargers by (site_id, charger_type), kWh a day by (zone_id, site_id, service).
    scenario
        Reach, edge worth, tasks, fleets and unlocated chargers.
    years
        What is built when; the last one ends with `chargers`, `demand` and `assignment`.
    """
    zones = layers.zones
    stock = price(existing, charger_types).assign(is_new=False)
    new = price(chargers, charger_types).assign(is_new=True)
    assignment_today = assign_today(demand, sites, access, charger_types, capacity, existing, scenario)
    today, plan = (
        Network(standing, measure_trips(going, access, demand, scenario), nearest_charger_m(zones, sites, standing))
        for standing, going in (
            (stock, assignment_today),
            (pd.concat([stock, new], ignore_index=True), assignment),
        )
    )
    why = why_here(sites, access, demand, charger_types, capacity, plan, scenario)
    stations = assess_stations(sites, stock, new, plan.trips, capacity, why, scenario)
    spent_cny = float(stations["capex_cny"].sum())
    unserved = find_unserved(demand, sites, access, charger_types, plan, spent_cny, scenario)
    by_zone = assess_zones(zones, demand, unserved, today, plan)
    districts = assess_districts(layers, demand, by_zone, sites, stations, today, plan, scenario)
    days = fleet_days(scenario)
    energy = energy_of_new(assignment, _mix_if_asked(layers, scenario), stock, new, capacity)
    grid = assess_grid(sites, stock, new, site_load(energy, days, stations.index), layers, scenario)
    breakdown = assess_task_breakdown(
        added_by_year(years), existing, sites, charger_types, task_units(layers, scenario)
    )
    by_year, zone_years = assess_years(years, breakdown, zones, sites, access, stock, charger_types, scenario)
    return Assessment(
        figures=four_figures(zones["residents"], demand, sites, by_zone, today, plan, scenario),
        companions=companion_figures(zones["residents"], demand, sites, districts, today, plan, scenario),
        services=assess_services(demand, today, plan),
        districts=districts,
        tasks=assess_tasks(layers, breakdown, scenario),
        zones=by_zone,
        sites=stations,
        types=assess_types(stock, new, charger_types, capacity),
        grid=grid,
        money=assess_money(sites, stock, new, energy, days, grid, districts.index, scenario),
        emissions=assess_emissions(energy, days, scenario),
        breakdown=breakdown,
        townships=assess_townships(zones, by_zone, today, scenario),
        years=by_year,
        zone_years=zone_years,
    )


def _mix_if_asked(layers: Layers, scenario: Scenario) -> pd.DataFrame:
    """As `fleet_mix` returns it; nobody's where no section asks whose energy it is."""
    if any(section is not None for section in (scenario.grid, scenario.money, scenario.emissions)):
        return fleet_mix(layers.zones, layers.places, layers.streets, scenario)
    nobody = pd.MultiIndex.from_arrays([[], [], []], names=["zone_id", "service", "fleet"])
    return pd.DataFrame({"share": []}, index=nobody)
