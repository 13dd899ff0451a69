"""The sections of a scenario that say how much is charged, by whom, when and where."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from planner.scenario.figure import (
    BrokenRule,
    Figure,
    PositiveFigure,
    PositiveShareFigure,
    ShareFigure,
    Sourced,
    Weight,
)
from planner.words import Text

Service = Literal["slow", "fast", "heavy", "swap"]


class Season(Sourced):
    """Energy multiplier by temperature: 1 + cold x degrees below + heat x degrees above the comfortable band."""

    month: str | int = Field("annual", description="1 to 12, `annual` or `design`.")
    temperature_c: list[float] = Field(min_length=12, max_length=12, description="Monthly means, January first.")
    cold_below_c: float = Field(20.0, description="Below it cold costs energy.")
    heat_above_c: float = Field(24.0, description="Above it heat costs energy.")
    day: Literal["weekday", "weekend"] = Field("weekday", description="Kind of day that is planned for.")
    cold_per_degree: Figure
    heat_per_degree: Figure

    @field_validator("month", mode="plain")
    @classmethod
    def _month_exists(cls, given: Any) -> Any:
        if given in ("annual", "design") or (type(given) is int and 1 <= given <= 12):
            return given
        zh = "month 应为 1 至 12、`annual` 或 `design`"
        raise BrokenRule(Text(zh=zh, en="month is 1 to 12, `annual` or `design`"))

    def by_month(self) -> list[float]:
        """The multiplier of each month, January first."""
        cold, heat = self.cold_per_degree.base, self.heat_per_degree.base
        return [
            1 + cold * max(0.0, self.cold_below_c - t) + heat * max(0.0, t - self.heat_above_c)
            for t in self.temperature_c
        ]

    @property
    def multiplier(self) -> float:
        """The multiplier of the chosen month: the worst one for `design`, the mean for `annual`."""
        months = self.by_month()
        if self.month == "design":
            return max(months)
        return self.annual_multiplier if self.month == "annual" else months[int(self.month) - 1]

    @property
    def annual_multiplier(self) -> float:
        """The mean multiplier of the year."""
        return sum(self.by_month()) / 12


class Growth(Sourced):
    """How a stock of vehicles grows: a curve through year-end counts, of which only ratios between years are used."""

    curve: Literal["linear", "growth", "logistic", "bass"] = Field(
        description="`linear` between points, `growth` by a yearly rate, `logistic` or `bass` to `saturation`."
    )
    points: dict[str, Annotated[float, Field(gt=0)]] = Field(min_length=2, description="Year-end -> vehicles.")
    saturation: PositiveFigure | None = Field(None, description="Vehicles that a logistic or Bass curve ends at.")
    until: int = Field(description="Last year that the curve may be asked for.")

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        wrong = [year for year in self.points if not (year.isdigit() and 1990 <= int(year) <= 2100)]
        if wrong:
            found = ", ".join(sorted(wrong))
            en = f"years from 1990 to 2100 expected as points, found {found}"
            raise BrokenRule(Text(zh=f"points 的年份应在 1990 至 2100 之间，现为 {found}", en=en))
        if self.curve in ("logistic", "bass"):
            if self.saturation is None:
                zh = f"{self.curve} 曲线须给出饱和值 saturation"
                raise BrokenRule(Text(zh=zh, en=f"a {self.curve} curve needs its saturation"))
            if max(self.points.values()) >= self.saturation.low:
                en = f"saturation above all points expected, found {self.saturation.low:g}"
                zh = f"饱和值 saturation 应大于所有数据点，现为 {self.saturation.low:g}"
                raise BrokenRule(Text(zh=zh, en=en))
        if self.until < max(map(int, self.points)):
            en = f"until no earlier than the last point expected, found {self.until}"
            raise BrokenRule(Text(zh=f"until 不得早于最后一个数据点，现为 {self.until}", en=en))
        return self


class Profile(Sourced):
    """How the energy of a day is spread over its hours: 24 shares that sum to one, hour 0 first."""

    weekday: list[float] = Field(min_length=24, max_length=24, description="Shares of a weekday.")
    weekend: list[float] | None = Field(None, min_length=24, max_length=24, description="As on weekdays if absent.")

    @field_validator("weekday", "weekend")
    @classmethod
    def _sums_to_one(cls, given: list[float] | None) -> list[float] | None:
        if given is not None and (abs(sum(given) - 1) > 1e-9 or min(given) < 0):
            off = sum(given) - 1
            en = f"24 shares of 0 or more that sum to 1 expected, found a sum of {sum(given):g} ({off:+.3g})"
            zh = f"应为 24 个不小于 0、合计为 1 的占比，现合计为 {sum(given):g}（{off:+.3g}）"
            raise BrokenRule(Text(zh=zh, en=en))
        return given

    def shares(self, day: str) -> list[float]:
        """The 24 shares of a weekday or a weekend day."""
        return self.weekend if day == "weekend" and self.weekend is not None else self.weekday


class Fleet(Sourced):
    """Vehicles of one use: how much energy they take, how much of it in public, as which service and where."""

    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    vehicles: Figure
    vehicles_year: int | None = Field(
        None, description="Year-end that `vehicles` counts; the scenario's year if absent."
    )
    grows_with: str | None = Field(
        None, description="Section of [growth] that brings the stock to the scenario's year."
    )
    active_share: ShareFigure = Field(description="Share of the vehicles on the road on a day.")
    km_day: Figure
    kwh_per_100km: Figure
    kwh_measured_at: Literal["battery", "meter"] = Field(
        description="Season and efficiency apply only to battery figures."
    )
    efficiency: PositiveShareFigure = Field(description="Battery kWh per meter kWh.")
    public_share: ShareFigure = Field(
        description="Share of the energy charged in public (of those without home charging)."
    )
    home_charging: bool = Field(False, description="Whether the rings' home charging share applies.")
    weekend_factor: PositiveFigure | None = Field(
        None, description="Energy of a weekend day over that of a weekday; the week's mean stays. 1 if absent."
    )
    session_kwh: PositiveFigure | None = Field(None, description="Energy of one charge at the meter, for the waits.")
    session_kw: PositiveFigure | None = Field(
        None, description="Power its vehicles accept, if less than chargers give."
    )
    services: dict[Service, float] = Field(description="Split of the public energy; sums to one.")
    hours: dict[Service, str] = Field(
        {}, description="Per service: section of [profiles]; even over the day if absent."
    )
    follows: dict[Service, dict[str, float]] = Field(description="Per service: attractor -> weight; each sums to one.")

    @model_validator(mode="after")
    def _splits_sum_to_one(self) -> Self:
        splits = {"services": [*self.services.values()]}
        splits |= {f"follows.{service}": [*weights.values()] for service, weights in self.follows.items()}
        wrong = {name: sum(s) for name, s in splits.items() if abs(sum(s) - 1) > 1e-9 or min(s) < 0}
        if wrong:
            found = ", ".join(f"{name} = {total:g}" for name, total in wrong.items())
            en = f"shares of 0 or more that sum to 1 expected, found {found}"
            raise BrokenRule(Text(zh=f"各占比应不小于 0 且合计为 1，现为 {found}", en=en))
        if missing := set(self.services) - set(self.follows):
            services = ", ".join(sorted(missing))
            raise BrokenRule(Text(zh=f"follows 缺少服务 {services}", en=f"follows has no entry for service {services}"))
        return self


class Attractor(Sourced):
    """What draws charging to a zone, each with a weight: places, streets, traffic on them, columns of the zones."""

    places: dict[str, Weight] = Field({}, description="Kind -> weight per place.")
    streets_km: dict[str, Weight] = Field({}, description="Road class -> weight per km of street.")
    traffic: dict[str, Weight] = Field({}, description="Road class -> weight per modelled vehicle-km on its streets.")
    zones: dict[str, Weight] = Field({}, description="Column of the zones (jobs, cars) -> weight per unit.")
    residents: Literal["all", "without_home_charging"] | None = Field(
        None, description="Follow the residents: all, or those without home charging."
    )


class Band(Sourced):
    """What a figure of the demand is plausible within; left without a word, beyond with a warning."""

    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    of: Literal["energy_kwh_day", "kwh_vehicle_day", "fleet_kwh_day", "kwh_charger_day"] = Field(
        description="All charging, the same per vehicle (both at the year's mean temperature), one fleet's, or today's "
        "use of a public charger."
    )
    fleet: str | None = Field(None, description="For `fleet_kwh_day`.")
    year: int | None = Field(None, description="Only for scenarios of this year; any if absent.")
    low: float = Field(ge=0, description="Least that is plausible.")
    high: float = Field(ge=0, description="Most that is plausible.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            en = f"low <= high expected, found {self.low:g} and {self.high:g}"
            raise BrokenRule(Text(zh=f"应满足 low <= high，现为 {self.low:g} 与 {self.high:g}", en=en))
        if (self.of == "fleet_kwh_day") != (self.fleet is not None):
            zh = "`fleet` 须与 of = fleet_kwh_day 一同给出，其他情形不得给出"
            raise BrokenRule(Text(zh=zh, en="`fleet` goes with of = fleet_kwh_day, and only with it"))
        return self


class TrafficRules(Sourced):
    """How through traffic is modelled: everyone drives to others, fewer the farther they are."""

    origins: int = Field(128, ge=1, description="Zones that trips are followed from, spread evenly over the residents.")
    mean_km: PositiveFigure = Field(description="Street distance at which trips have thinned out to 1/e.")
