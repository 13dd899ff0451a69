"""What siting is asked and what it says: a `Problem` and its `Answer`; of several years one of each a year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from planner.capacity.types import linear_capacity
from planner.scenario import Siting
from planner.siting.proof import Proof

_BY_TYPE = ["site_id", "charger_type"]


def no_chargers() -> pd.DataFrame:
    """The table ``chargers`` of nothing."""
    return pd.DataFrame({"count": np.zeros(0, int)}, index=pd.MultiIndex.from_arrays([[], []], names=_BY_TYPE))


def no_prices() -> pd.Series:
    """The prices of a proof that has none."""
    return pd.Series([], index=pd.Index([], name="rule", dtype=object), name="price", dtype=float)


@dataclass(frozen=True)
class Problem:
    """What siting is asked, on tables alone: no file, no CRS, no city needed.

    Attributes
    ----------
    demand, sites, access, charger_types, capacity, existing
        Tables as `planner.tables` describes them. May be left out: of the sites task_unit (their district then),
        min_station (1), lock (free), feeder; of the charger types coincidence (1), min_share, max_share, max_count,
        opex_cny_year; of the demand district, but with floors.
    rules
        The question, quota, budget, shares, tasks, floors and how long to try.
    cover
        Index (zone_id, site_id), for ``rules.minimum_access``: at one of the sites of every zone listed there must be
        a charger for cars (slow or fast, no swap station). Where one stands already nothing is asked; the other sites
        listed get one whenever anything new is built there.
    weight
        Of its service, where several years are planned together.
    walked
        The services that are walked to; the others are driven.
    """

    demand: pd.DataFrame
    sites: pd.DataFrame
    access: pd.DataFrame
    charger_types: pd.DataFrame
    capacity: pd.DataFrame
    existing: pd.DataFrame
    rules: Siting
    cover: pd.DataFrame | None = None
    weight: float = 1.0
    walked: frozenset[str] = frozenset({"slow"})

    @classmethod
    def from_tables(
        cls,
        demand: pd.DataFrame,
        sites: pd.DataFrame,
        access: pd.DataFrame,
        charger_types: pd.DataFrame,
        capacity: pd.DataFrame | pd.Series,
        *,
        rules: Siting | Mapping[str, Any],
        existing: pd.DataFrame | None = None,
        cover: pd.DataFrame | None = None,
        walked: frozenset[str] = frozenset({"slow"}),
    ) -> Problem:
        """A problem of tables of one's own; what most problems do without may be left out.

        Parameters
        ----------
        demand, sites, access, charger_types, cover, walked
            As the attributes.
        capacity
            The table ``capacity``, or kWh a day of one charger by type: then every further one carries as much.
        rules
            As the attribute, or its keys: ``{"quota": 100}``.
        existing
            Today's chargers; none by default.

        Raises
        ------
        pydantic.ValidationError
            A key of `rules` that is none, or a value that it cannot have.
        """
        most = int(sites["bays"].max()) if len(sites) else 0
        return cls(
            demand,
            sites,
            access,
            charger_types,
            linear_capacity(charger_types, capacity, most) if isinstance(capacity, pd.Series) else capacity,
            no_chargers() if existing is None else existing,
            rules if isinstance(rules, Siting) else Siting.model_validate(dict(rules)),
            cover=cover,
            walked=walked,
        )

    def with_rules(self, **rules: Any) -> Problem:
        """The same problem with some rules changed."""
        return replace(self, rules=self.rules.model_copy(update=rules))

    def modes(self, services: pd.Series | pd.Index) -> np.ndarray:
        """How each of some services is reached: ``walk`` or ``drive``."""
        return np.where(services.isin(self.walked), "walk", "drive")


@dataclass(frozen=True)
class Answer:
    """What siting says to a problem.

    Attributes
    ----------
    chargers
        Index (site_id, charger_type); ``count`` of new chargers, no zeros; of several years those that stand by then.
    assignment
        Index (zone_id, site_id, service); ``energy_kwh_day``: who charges where.
    proof
        Value, bound, gap and how proven.
    prices
        Index rule; ``price``: the prices of demands and limits that prove the Lagrangian bound (`certificate`), for
        another solve to begin with; empty where the whole program was solved at once.
    """

    chargers: pd.DataFrame
    assignment: pd.DataFrame
    proof: Proof
    prices: pd.Series = field(default_factory=no_prices, repr=False)


@dataclass(frozen=True)
class Answers:
    """What siting says to the problems of one year or of several.

    Attributes
    ----------
    by_year
        Year -> what stands at its end, whom that serves, and the proof of that year alone; at least one.
    proof
        Of all years together: value and bound are weighted means of the years, the rest speaks of the last.
    prices
        What a charger is worth to the years before: the prices of what stays from year to year; of one year its own.
    """

    by_year: Mapping[int, Answer]
    proof: Proof
    prices: pd.Series = field(default_factory=no_prices, repr=False)

    @classmethod
    def of(cls, year: int, answer: Answer) -> Answers:
        """The answer to one year."""
        return cls({year: answer}, answer.proof, answer.prices)

    @property
    def last(self) -> Answer:
        """The answer of the last year."""
        return self.by_year[max(self.by_year)]
