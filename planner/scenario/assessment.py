"""The sections of a scenario that a plan is assessed with: its load on the grid, its money, its emissions."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from planner.scenario.figure import BrokenRule, Figure, PositiveFigure, PositiveShareFigure, ShareFigure, Sourced
from planner.words import Text

Hour = Annotated[int, Field(ge=0, le=23)]


class GridRules(Sourced):
    """From a station's coincident power to its transformers, and what they cost."""

    transformer_kva: list[Annotated[float, Field(gt=0)]] = Field(min_length=1, description="Sizes that are sold.")
    power_factor: PositiveShareFigure
    efficiency: PositiveShareFigure = Field(description="Of the chargers, grid to plug.")
    load_share: PositiveShareFigure = Field(description="Most of its size that a transformer is loaded with.")
    low_voltage_kw: Figure = Field(
        description="Rated; a smaller station is connected without a transformer of its own."
    )
    transformer_cny_kva: Figure = Field(description="Transformer with its housing, installed.")


class MoneyRules(Sourced):
    """What a plan earns and what running it costs."""

    flat_cny_kwh: PositiveFigure = Field(
        description="Price of energy bought in hours that are neither peak nor valley."
    )
    peak_factor: Figure = Field(description="Price of the peak hours over the flat one.")
    valley_factor: Figure = Field(description="Price of the valley hours over the flat one.")
    peak_hours: list[Hour] = Field([], description="0 is the hour from midnight.")
    valley_hours: list[Hour] = Field([], description="0 is the hour from midnight.")
    service_fee_cny_kwh: Figure = Field(description="Paid by drivers beside the energy.")
    platform_share: ShareFigure = Field(description="Of the service fee, kept by platforms that bring the drivers.")
    opex_share: ShareFigure = Field(description="Of the investment, a year, where a charger type states no opex.")
    rent_cny_bay_year: Figure

    @model_validator(mode="after")
    def _hours_once(self) -> Self:
        if both := sorted(set(self.peak_hours) & set(self.valley_hours)):
            hours = ", ".join(map(str, both))
            en = f"hours {hours} stand in peak_hours and in valley_hours; keep one"
            zh = f"{hours} 时同时列在 peak_hours 与 valley_hours 中，请只保留一处"
            raise BrokenRule(Text(zh=zh, en=en))
        return self


class Fuel(Sourced):
    """What some fleets would drive on, and emit, were they not electric."""

    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    fleets: list[str] = Field(min_length=1, description="Sections of [fleets] that would drive on it.")
    co2_g_km: Figure
    nox_g_km: Figure | None = Field(None, description="At the tailpipe; not reckoned with if absent.")
    voc_g_km: Figure | None = Field(None, description="Tailpipe and evaporation; not reckoned with if absent.")


class EmissionRules(Sourced):
    """What the plan's energy emits, and what the kilometres driven with it would emit on fuel."""

    grid_co2_kg_kwh: Figure
    most_co2_share: ShareFigure | None = Field(None, description="Of the fuel's CO2: no larger saving is claimed.")
    fuels: dict[str, Fuel] = Field(min_length=1, description="What the fleets would burn instead.")

    @model_validator(mode="after")
    def _one_fuel_each(self) -> Self:
        named = [fleet for fuel in self.fuels.values() for fleet in fuel.fleets]
        if twice := sorted({fleet for fleet in named if named.count(fleet) > 1}):
            fleets = ", ".join(twice)
            en = f"fleets {fleets} stand in more than one of the fuels; keep one"
            raise BrokenRule(Text(zh=f"车队 {fleets} 列在多种燃料（fuels）中，请只保留一种", en=en))
        return self
