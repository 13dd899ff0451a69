"""Whether the demand is plausible: figures that are known from elsewhere, and the assumption that left them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from planner.demand.fleets import energy_kwh_day
from planner.demand.stocks import vehicles_at
from planner.scenario import Band, Figure, Scenario

_BAND_PRECISION = 0.005  # bands are known to two digits
_FIGURES = ("vehicles", "active_share", "km_day", "kwh_per_100km", "efficiency")


def band_table(scenario: Scenario) -> pd.DataFrame:
    """Every band of the scenario's year with what the scenario gives.

    Parameters
    ----------
    scenario
        Its bands say within which limits a figure of the demand is plausible, and why.

    Returns
    -------
    DataFrame
        Index band; ``name_zh``, ``name_en``, ``found``, ``low``, ``high``, ``within`` and ``pushed_by``: where `found`
        lies outside, the key of the assumption that would bring it nearest to the band from within its own range (or,
        where no range helps, the fleet that takes most energy); empty inside.
    """
    rows = {}
    for name, band in scenario.bands.items():
        if band.year is None or band.year == scenario.year:
            found = _measure(band)(scenario)
            within = _outside(found, band) == 0
            pushed_by = "" if within else _pushed_by(scenario, band)
            rows[name] = (band.name_zh, band.name_en, found, band.low, band.high, within, pushed_by)
    columns = ["name_zh", "name_en", "found", "low", "high", "within", "pushed_by"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("band")


def _measure(band: Band) -> Callable[[Scenario], float]:
    def one_fleet(scenario: Scenario) -> float:
        return _energies(scenario, scenario.season.multiplier)[str(band.fleet)]

    measures: dict[str, Callable[[Scenario], float]] = {
        "energy_kwh_day": lambda s: sum(_energies(s, s.season.annual_multiplier).values()),
        "kwh_vehicle_day": lambda s: sum(_energies(s, s.season.annual_multiplier).values()) / max(_vehicles(s), 1.0),
        "fleet_kwh_day": one_fleet,
        "kwh_charger_day": lambda s: s.existing.use_kwh_charger_day.base,
    }
    return measures[band.of]


def _energies(scenario: Scenario, season: float) -> dict[str, float]:
    return {n: energy_kwh_day(f, vehicles_at(f, scenario), season) for n, f in scenario.fleets.items()}


def _vehicles(scenario: Scenario) -> float:
    return sum(vehicles_at(fleet, scenario) for fleet in scenario.fleets.values())


def _pushed_by(scenario: Scenario, band: Band) -> str:
    """The assumption whose own range goes farthest towards the band."""
    measure = _measure(band)
    found = measure(scenario)
    towards = 1.0 if found < band.low else -1.0
    gains = {key: towards * (measure(other) - found) for key, other in _alternatives(scenario)}
    best = max(sorted(gains), key=lambda key: gains[key], default="")
    if best and gains[best] > 0:
        return best.partition("@")[0]
    energies = _energies(scenario, scenario.season.multiplier)
    return f"fleets.{max(sorted(energies), key=lambda name: energies[name])}"


def _outside(found: float, band: Band) -> float:
    return max(band.low * (1 - _BAND_PRECISION) - found, found - band.high * (1 + _BAND_PRECISION), 0.0)


def _alternatives(scenario: Scenario) -> Iterator[tuple[str, Scenario]]:
    """The scenario with one figure at one end of its range; key@end."""
    for name, fleet in scenario.fleets.items():
        for field in _FIGURES:
            for end, figure in _ends(getattr(fleet, field)):
                fleets = {**scenario.fleets, name: fleet.model_copy(update={field: figure})}
                yield f"fleets.{name}.{field}@{end}", scenario.model_copy(update={"fleets": fleets})
    for end, figure in _ends(scenario.existing.use_kwh_charger_day):
        existing = scenario.existing.model_copy(update={"use_kwh_charger_day": figure})
        yield f"existing.use_kwh_charger_day@{end}", scenario.model_copy(update={"existing": existing})


def _ends(figure: Figure) -> Iterator[tuple[str, Any]]:
    for end in ("low", "high"):
        if getattr(figure, end) != figure.base:
            yield end, figure.model_copy(update={"base": getattr(figure, end)})
