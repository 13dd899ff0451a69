"""A finished plan through design days: what the simulations are given, and what they answer."""

from __future__ import annotations

import pandas as pd

from planner.assessment import measure_trips
from planner.demand import charges_by_fleet, fleet_mix
from planner.faults import BadInput, Fault, refuse
from planner.plan import Plan
from planner.scenario import Waiting
from planner.simulation.days import planned_arrivals, planned_charges, simulate
from planner.simulation.drivers import nearest_stations, planned_drivers
from planner.simulation.seen import Simulation, Stress
from planner.simulation.stress import FreeDrivers, stress_test
from planner.studies.defaults import DAYS, STRESS_DAYS
from planner.words import Text


def simulate_plan(plan: Plan, days: int = DAYS, seed: int = 0) -> Simulation:
    """Simulate design days of a plan: every driver goes where its assignment says.

    Parameters
    ----------
    plan
        As `make_plan` or `read_plan` returns it.
    days, seed
        How many days count, and what the random numbers start from: the same gives the same.

    Returns
    -------
    Simulation
        Arrivals, waits, losses and use of the plugs by queue (chargers of one type at one site) and by hour, with 95 %
        confidence intervals, and how many queues kept the promised wait; `save_simulation` writes it.

    Raises
    ------
    BadInput
        The scenario promises no wait ([waiting]), a fleet does not say how much it charges, or nobody charges.
    """
    promise, mix, charges, standing = _design_day(plan)
    arrivals, queues = planned_arrivals(plan.assignment, mix, charges, plan.charger_types, plan.capacity, standing)
    if arrivals.empty:
        en = "nobody charges at any station of it; there is nothing to simulate"
        raise BadInput([Fault("plan, table assignment", en=en, zh="没有任何站点有人充电，无可仿真")])
    return simulate(arrivals, queues, promise.most_min.base, promise.most_share.base, days, seed)


def stress_plan(plan: Plan, days: int = STRESS_DAYS, seed: int = 0) -> Stress:
    """Simulate days on which a plan's drivers go to the nearest station and, from a queue, on to the next.

    Parameters
    ----------
    plan, days, seed
        As of `simulate_plan`.

    Returns
    -------
    Stress
        By service and by station how many drivers were lost or charged elsewhere, how long they waited and how many
        metres they went beyond the plan's.

    Raises
    ------
    BadInput
        As `simulate_plan`, and a scenario that does not say what wait drivers put up with.
    """
    promise, mix, charges, standing = _design_day(plan)
    if promise.balk_min is None:
        en = "missing; the stress test needs the wait beyond which drivers go on to the next station: add it"
        zh = "缺少此项：压力测试需要知道等待超过多久司机会转往下一站，请补充"
        raise BadInput([Fault("scenario, key waiting.balk_min", en=en, zh=zh)])
    types, services = plan.charger_types, plan.scenario.services
    charged, queues = planned_charges(plan.assignment, mix, charges, types, plan.capacity, standing)
    trips = measure_trips(plan.problem, plan.assignment)
    metres = trips.set_index(["zone_id", "site_id", "service"])["metres"]
    modes: dict[str, str] = {name: rules.mode for name, rules in services.items()}
    detour = plan.scenario.access.detour_factor.base
    free = FreeDrivers(
        drivers=planned_drivers(charged, charges, metres),
        choices=nearest_stations(
            plan.demand, plan.access, plan.sites, queues, modes=modes, detour_factor=detour, tries=promise.tries
        ),
        queues=queues,
        charge_h=charges.reset_index().pivot_table("session_h", "charger_type", "fleet"),
        mean_h=types["session_h"],
        planned=charged.groupby(["site_id", "service"])["number"].sum(),
    )
    return stress_test(free, promise.balk_min.base, promise.tries, days, seed=seed)


def _design_day(plan: Plan) -> tuple[Waiting, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The promise of a plan, whose energy its zones ask for, its charges, and all chargers that stand."""
    scenario, layers = plan.scenario, plan.layers
    if scenario.waiting is None:
        en = "missing; without a promised wait and the size of a charge there is nothing to simulate: add [waiting]"
        zh = "缺少此项：未承诺等待时间，也不知单次充电量，无可仿真，请补充 [waiting]"
        raise BadInput([Fault("scenario, key waiting", en=en, zh=zh)])
    charges = charges_by_fleet(scenario, plan.fleets)
    unsized = sorted(set(charges.index[charges["session_kwh"].isna()].get_level_values("fleet")))
    size = Text(zh="缺少 session_kwh；仿真须知单次充电量", en="session_kwh is missing; a simulated charge needs a size")
    refuse(Fault.of(f"scenario, key fleets.{fleet}", size) for fleet in unsized)
    everything = pd.concat([plan.existing[["count"]], plan.chargers[["count"]]])
    standing = everything.groupby(level=["site_id", "charger_type"]).sum()
    mix = fleet_mix(layers.zones, layers.places, layers.streets, scenario)
    return scenario.waiting, mix, charges, standing
