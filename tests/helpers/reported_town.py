"""Toytown with hours, grid, money and emissions: numbers to check by hand.

What its plan builds and serves (data/toytown/README.md): p1 (hospital) 1 dc and 1 ac, 500 kWh fast and 50 slow; p2
(mall) 3 dc and 1 ac, 1,500 and 50. All of it is cars': taxis charge in z3, whose fast energy the standing dc at p3
serves. A dc is 100 kW, an ac 10, both of coincidence 0.5.
"""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from helpers.plans import with_tables
from planner.assessment import Assessment
from planner.plan import Plan, make_plan
from planner.scenario import Scenario, read_scenario

NOON = [0.0] * 6 + [0.05] * 5 + [0.2] * 2 + [0.05] * 7 + [0.0] * 4  # 6-19, a fifth each at 11 and 12
NIGHT = [0.2] * 5 + [0.0] * 19  # 0-4

REPORTS = f"""
[profiles.noon]
weekday = {NOON}
reasoning = "Made up."
[profiles.night]
weekday = {NIGHT}
reasoning = "Made up."
[fleets.cars.hours]
slow = "night"
fast = "noon"
[fleets.taxis.hours]
fast = "night"
[siting]
life_years = 2
discount_rate = 0
[grid]
transformer_kva = [50, 150, 100]
power_factor = 0.8
efficiency = 1
load_share = 0.5
low_voltage_kw = 100
transformer_cny_kva = 1000
reasoning = "Made up."
[money]
flat_cny_kwh = 0.5
peak_factor = 2
valley_factor = 0.4
peak_hours = [11, 12]
valley_hours = [0, 1, 2, 3, 4]
service_fee_cny_kwh = 0.4
platform_share = 0.1
opex_share = 0.04
rent_cny_bay_year = 1000
reasoning = "Made up."
[emissions]
grid_co2_kg_kwh = [0.5, 0.6, 0.7]
most_co2_share = 0.4
reasoning = "Made up."
[emissions.fuels.petrol]
name_zh = "汽油车"
name_en = "petrol cars"
fleets = ["cars"]
co2_g_km = [150, 200, 250]
nox_g_km = [0.01, 0.02, 0.03]
reasoning = "Made up."
"""


@cache
def reported_plan() -> Plan:
    """The plan of toytown with `REPORTS`, made once."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "reported.toml"
        file.write_text(f'extends = "toytown/toytown.toml"\n{REPORTS}', encoding="utf-8")
        return make_plan(read_scenario(file))


def assessed(plan: Plan, **changed: Any) -> Assessment:
    """The plan of one year assessed again with some of its tables replaced."""
    return with_tables(plan, **changed).assessment


def with_section(plan: Plan, section: str, **fields: Any) -> Scenario:
    """The plan's scenario with some fields of a section replaced; numbers replace a figure's base, low and high."""
    old = getattr(plan.scenario, section)
    new = {
        name: getattr(old, name).model_copy(update=dict.fromkeys(("low", "base", "high"), value))
        if isinstance(value, int | float) and not isinstance(getattr(old, name), int | float)
        else value
        for name, value in fields.items()
    }
    return plan.scenario.model_copy(update={section: old.model_copy(update=new)})


def counts(rows: dict[tuple[str, str], int]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(list(rows), names=["site_id", "charger_type"])
    return pd.DataFrame({"count": list(rows.values())}, index=index)


def energies(rows: dict[tuple[str, str, str], float]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(list(rows), names=["zone_id", "site_id", "service"])
    return pd.DataFrame({"energy_kwh_day": list(rows.values())}, index=index)


BESIDE_TODAYS: dict[str, pd.DataFrame] = {
    "chargers": counts({("p3", "dc"): 2}),
    "assignment": energies({("z3", "p3", "fast"): 495.0, ("z6", "p3", "fast"): 270.0, ("z2", "p3", "fast"): 35.0}),
}
"""Two new dc beside the standing one, which carries 500 of the 800 kWh: 300, three eighths, are the new ones'.

Of z3's fast energy taxis have 400 of 550: 360 of the 495. So taxis take 360 x 3/8 = 135 of the new chargers, cars 165.
"""
