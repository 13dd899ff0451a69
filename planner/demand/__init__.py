"""Charging demand: vehicles of every fleet -> energy a day per zone and service, at the meter, and its hours.

Per fleet, ``energy = vehicles x active share x km a day x kWh per km x season / efficiency`` (season and efficiency
only where the consumption was measured at the battery), times the share charged in public, split into services, spread
over the zones by what the fleet follows, and over the day by its profiles. The sum over zones and hours of every fleet
and service is the fleet's total.
"""

from planner.demand.bands import band_table
from planner.demand.estimate import estimate_demand
from planner.demand.fleets import fleet_energy
from planner.demand.hours import hourly_load, peak_shares, within_peak
from planner.demand.sessions import charges_by_fleet, charges_by_type, energy_by_fleet, fleet_mix
from planner.demand.spread import attractor_weights
from planner.demand.years import fleet_days

__all__ = [
    "attractor_weights",
    "band_table",
    "charges_by_fleet",
    "charges_by_type",
    "energy_by_fleet",
    "estimate_demand",
    "fleet_days",
    "fleet_energy",
    "fleet_mix",
    "hourly_load",
    "peak_shares",
    "within_peak",
]
