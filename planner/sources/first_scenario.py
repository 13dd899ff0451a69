"""A first scenario for a fetched study area: Taiyuan's base scenario, scaled to its residents, every change stated."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd

from planner.demand import attractor_weights
from planner.scenario import Fleet, Scenario, StudyArea, read_scenario
from planner.words import Text

BASE = "taiyuan/base"
BASE_RESIDENTS = 5_304_061  # census of 1 November 2020, data/taiyuan/census.csv
ARTERIALS = ("trunk", "primary", "secondary", "tertiary")
_STAND_INS = ("residents", "arterials", "freight")  # in this order, where a fleet follows nothing that is here


def first_scenario(
    area: StudyArea,
    zones: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    name: str,
    place: Text,
) -> dict[str, Any]:
    """What differs from `BASE`, as the content of a scenario file.

    Vehicles, quota and budget are Taiyuan's per resident; there are no district tasks, no known chargers without
    location, no season; a fleet follows only what the area has, and bands of Taiyuan alone are taken out.

    Parameters
    ----------
    area
        The study area, its folder as the file states it.
    zones, places, streets
        Layers in the working CRS.
    name
        Of the scenario.
    place
        Its name.

    Returns
    -------
    dict
        For `tomli_w.dumps`; the file needs only what an analyst would change first.
    """
    base = read_scenario(BASE)
    residents = int(zones["residents"].sum())
    ratio = residents / BASE_RESIDENTS
    present = _present(base, zones, places, streets)
    classes = [c for c in ARTERIALS if (streets["road_class"] == c).any()]
    return {
        "extends": BASE,
        "name": name,
        "title_zh": f"{place.zh}：公共充电站布局初步方案",
        "title_en": f"{place.en}: a first plan of public chargers",
        "note_zh": "车队规模、总量与预算按太原市人均值折算；未计季节影响；车位、电网余量与单桩日充电量为假设值。",
        "note_en": "Fleets, quota and budget as Taiyuan's per resident; no season; bays, grid and energy are assumed.",
        "study_area": area.model_dump(),
        "season": {"month": "annual", "temperature_c": [20.0] * 12},
        "fleets": {name: _fleet(fleet, ratio, residents, present) for name, fleet in base.fleets.items()},
        "bands": {name: False for name, band in base.bands.items() if band.fleet or band.year},
        "existing": {"unlocated_chargers": _unlocated(base, ratio)},
        "candidates": {"gap_classes": classes},
        "siting": {
            "quota": max(10, round(base.siting.quota * ratio / 10) * 10),
            "quota_rule": "at_most",
            "budget_cny": float(round((base.siting.budget_cny or 0) * ratio, -4)),
            "tasks": {},
        },
    }


def _present(base: Scenario, zones: gpd.GeoDataFrame, places: gpd.GeoDataFrame, streets: gpd.GeoDataFrame) -> pd.Series:
    """Whether each attractor draws anything here."""
    nobody = {name: fleet.model_copy(update={"vehicles": _none(fleet)}) for name, fleet in base.fleets.items()}
    weights = attractor_weights(zones, places, streets, base.model_copy(update={"fleets": nobody}))
    return weights.sum() > 0


def _none(fleet: Fleet) -> Any:
    return fleet.vehicles.model_copy(update={"base": 0.0, "low": 0.0})


def _fleet(fleet: Fleet, ratio: float, residents: int, present: pd.Series) -> dict[str, Any]:
    """Vehicles per resident as in Taiyuan; nobody where the fleet's own places are missing altogether."""
    follows = {service: _here(weights, present) for service, weights in fleet.follows.items()}
    stranded = [service for service, weights in follows.items() if not weights]
    stand_in = next((name for name in _STAND_INS if present.get(name, False)), "residents")
    only_node = all(set(weights) == {"airport"} for weights in fleet.follows.values())
    share = 0.0 if stranded and only_node else ratio
    vehicles = {
        **{key: round(getattr(fleet.vehicles, key) * share) for key in ("low", "base", "high")},
        "source_kind": "assumption",
        "reasoning": f"Taiyuan's {fleet.vehicles.base:,.0f} per {BASE_RESIDENTS:,} residents, here {residents:,}",
    }
    change: dict[str, Any] = {"vehicles": vehicles}
    for service, weights in follows.items():
        if weights != fleet.follows[service]:
            removed = {name: 0.0 for name in fleet.follows[service] if name not in weights}
            change.setdefault("follows", {})[service] = {**removed, **(weights or {stand_in: 1.0})}
    return change


def _here(weights: dict[str, float], present: pd.Series) -> dict[str, float]:
    """The weights of what is here, summing to one again; empty where nothing is."""
    kept = {name: weight for name, weight in weights.items() if present.get(name, False)}
    if kept == weights:
        return weights
    total = sum(kept.values())
    shares = {name: round(weight / total, 4) for name, weight in kept.items()} if total else {}
    if shares:
        last = list(shares)[-1]
        shares[last] = round(1 - sum(w for name, w in shares.items() if name != last), 4)
    return shares


def _unlocated(base: Scenario, ratio: float) -> dict[str, Any]:
    return {
        "low": 0,
        "base": 0,
        "high": round(base.existing.unlocated_chargers.base * ratio),
        "source_kind": "assumption",
        "reasoning": "No count of chargers without location is known here; the high value is Taiyuan's per resident",
    }
