"""Scenarios as TOML that several tests plan."""

WAITING = """
extends = "toytown/toytown"
name = "waiting"
[waiting]
most_min = 10
most_share = 0.1
reasoning = "Made up."
[fleets.cars]
session_kwh = 20
[charger_types.ac]
queue = false
"""
PHASES = """
extends = "toytown/toytown"
name = "phases"
year = 2025
[siting]
quota = 6
tasks = {}
budget_cny = 100000000
"""
"""What scenarios of several years begin with; `siting.phases` follow."""
TWO_YEARS = """
[[siting.phases]]
year = 2024
quota = 2
budget_cny = 300000
weight = 1
[[siting.phases]]
year = 2025
quota = 4
budget_cny = 700000
weight = 3
"""
"""Their phases: two chargers a year before, four more that count three times."""
