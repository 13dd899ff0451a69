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
