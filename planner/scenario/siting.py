"""The section of a scenario that says what is to be decided: how many chargers, how much, when, under which rules."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from planner.scenario.figure import LARGEST, BrokenRule, Section, Sourced
from planner.tables import MOST_BAYS
from planner.words import Text, joined

MOST_CHARGERS = 10_000_000
"""Of any quota, task or type: more than a country has."""
EARLIEST_YEAR, LATEST_YEAR = 1900, 2200


class Phase(Section):
    """One year of a plan of several: what is new in it, and how much it counts."""

    year: int = Field(ge=EARLIEST_YEAR, le=LATEST_YEAR, description="Year-end.")
    quota: int = Field(ge=0, le=MOST_CHARGERS, description="New chargers (piles) of that year.")
    budget_cny: float | None = Field(
        None, ge=0, le=LARGEST, description="Of that year; what is left of it may be spent later."
    )
    weight: float = Field(1.0, ge=1e-6, le=1e6, description="Of that year's service, e.g. for how many years it lasts.")
    tasks: dict[str, Annotated[int, Field(ge=0, le=MOST_CHARGERS)]] = Field(
        {}, description="Task unit -> fewest new chargers (piles) by the end of that year."
    )


class Siting(Sourced):
    """The decision: how many, how much, under which rules."""

    quota: int = Field(ge=0, le=MOST_CHARGERS, description="New chargers (piles).")
    quota_rule: Literal["exactly", "at_most"] = Field("exactly", description="How the quota binds.")
    budget_cny: float | None = Field(
        None, ge=0, le=LARGEST, description="For chargers and openings; no limit if absent."
    )
    min_station: int = Field(1, ge=1, le=MOST_BAYS, description="Fewest new chargers at an opened site.")
    edge_worth: float = Field(1.0, ge=0, le=1, description="Worth of a kWh at the limit of reach; 1 at the door.")
    tasks: dict[str, Annotated[int, Field(ge=0, le=MOST_CHARGERS)]] = Field(
        {}, description="Task unit -> fewest new chargers (piles)."
    )
    lock_in: list[str] = Field([], description="Sites that must be chosen.")
    lock_out: list[str] = Field([], description="Sites that must not be chosen.")
    lock_free: list[str] = Field([], description="Sites free of the lock that their kind brings.")
    gap_share: float = Field(0.005, gt=0, lt=1, description="Stop when the proven gap is at most this.")
    rounds: int = Field(3, ge=0, description="Sweeps of regional programs at city size (counted work; minutes each).")
    solver: str = Field("HiGHS", min_length=1, description="HiGHS, CBC or another by PuLP's name, for small plans.")
    question: Literal["most_service", "least_cost"] = Field(
        "most_service", description="The most service for the quota, or a promised service at the least cost."
    )
    promise_share: float | None = Field(None, gt=0, le=1, description="Of all demand (kWh): served at the least cost.")
    life_years: float = Field(10.0, gt=0, description="Of a charger, for the least cost.")
    discount_rate: float = Field(0.05, ge=0, lt=1, description="A year, for the least cost.")
    floors: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        {}, description="District, or township, -> least share of its demand (kWh) served."
    )
    minimum_access: bool = Field(
        False,
        description="A charger for cars within the norm radius of every zone with residents where any site allows one; "
        "whatever is built at a site that can be such a zone's first includes one.",
    )
    feeder_kw: dict[str, Annotated[float, Field(ge=0, le=LARGEST)]] = Field(
        {}, description="Feeder group -> kW left today."
    )
    phases: list[Phase] = Field([], description="Years that are planned together; without any, all is built at once.")

    @model_validator(mode="after")
    def _phases_in_order(self) -> Self:
        """Years rise, quotas add up to the quota, all of them have a budget or none."""
        words, years = list[Text](), [phase.year for phase in self.phases]
        if not years:
            return self
        if wrong := [(a, b) for a, b in pairwise(years) if b <= a]:
            words.append(
                Text(
                    zh=f"phases：年份次序有误（{'、'.join(f'{b} 在 {a} 之后' for a, b in wrong)}），"
                    "请按年份递增排列，每年一次",
                    en=f"phases: years out of order ({', '.join(f'{b} after {a}' for a, b in wrong)}); "
                    "put them in rising order, each once",
                )
            )
        if (total := sum(phase.quota for phase in self.phases)) != self.quota:
            en = f"phases: their quotas add up to {total}, quota is {self.quota}; make them agree"
            words.append(Text(zh=f"phases：各期 quota 合计 {total}，总量 quota 为 {self.quota}，请使二者一致", en=en))
        budgets = [phase.budget_cny for phase in self.phases]
        if None in budgets and any(b is not None for b in budgets):
            en = "phases: some have budget_cny and some not; give it to all or to none"
            words.append(Text(zh="phases：部分期次有 budget_cny，部分没有；请全部给出或全部不给", en=en))
        if self.question != "most_service":
            en = "phases: only with question most_service; remove them or change the question"
            words.append(Text(zh="phases：仅适用于 question = most_service，请删除分期或更改 question", en=en))
        if words:
            raise BrokenRule(joined(words))
        return self

    @model_validator(mode="after")
    def _locks_one_way(self) -> Self:
        lists = {name: set(getattr(self, name)) for name in ("lock_in", "lock_out", "lock_free")}
        for one, other in combinations(lists, 2):
            if both := sorted(lists[one] & lists[other]):
                sites = ", ".join(both)
                en = f"{sites} stand in {one} and in {other}; keep one"
                raise BrokenRule(Text(zh=f"{sites} 同时列在 {one} 与 {other} 中，请只保留一处", en=en))
        return self
