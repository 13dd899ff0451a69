"""What simulations saw, as values: read and written without the machinery that made them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

BUSY_ARRIVALS = 20.0
"""A day; on fewer, a station's share of late arrivals says little."""
EVERYONE = "all"
"""All services together, in a stress test's figures."""


@dataclass(frozen=True)
class Simulation:
    """What happened on the simulated days.

    Attributes
    ----------
    stations
        Index (site_id, charger_type): ``plugs``, ``arrivals_day``, ``peak_hour``, ``peak_arrivals`` (in all days),
        ``late_share`` of the arrivals in that hour (waited longer than promised), ``wait_mean_min``, ``wait_p95_min``
        (whole day), ``lost_share``, ``utilisation``.
    hours
        Index (service, hour): ``arrivals_day``, ``late_share``, ``wait_mean_min``, ``lost_share``, ``utilisation`` of
        the plugs. In both tables ``late``, ``lost``, ``wait`` and ``utilisation`` have ``_low`` and ``_high``, the 95 %
        confidence interval: of shares of arrivals by Wilson, of the others by Student's t over the days, taken as
        independent (NaN from one).
    days, seed, most_min, most_share
        How many days count, what the random numbers started from, and the promise.
    """

    stations: pd.DataFrame
    hours: pd.DataFrame
    days: int
    seed: int
    most_min: float
    most_share: float

    def kept(self, least_arrivals: float = BUSY_ARRIVALS) -> pd.Series:
        """Of the stations with so many arrivals a day that may queue: whether late_share keeps the promise."""
        busy = self.stations[(self.stations["arrivals_day"] >= least_arrivals) & self.stations["queue"]]
        return busy["late_share"] <= self.most_share


@dataclass(frozen=True)
class Stress:
    """What happened on the days when drivers chose for themselves.

    Attributes
    ----------
    figures
        Index (service, figure), service `EVERYONE` for all of them; ``mean`` over the days, ``low`` and ``high`` (NaN
        from one day). Figures: ``arrivals_day``; of them ``lost_share`` (did not charge) and ``rerouted_share``
        (charged, but not where they went first); of those who charged ``wait_mean_min``, ``wait_p90_min`` and
        ``extra_m``, metres of their way beyond the plan's (negative: nearer).
    stations
        Index (site_id, service): ``plugs``; a day ``planned`` arrivals as the plan sends them, ``came``,
        ``turned_away`` (came, saw and left) and ``charged``; ``turned_away_share`` of those who came,
        ``wait_mean_min``, ``wait_p90_min``, ``utilisation``.
    days, seed, balk_min, tries
        How many days count, what the random numbers started from, and what drivers put up with.
    """

    figures: pd.DataFrame
    stations: pd.DataFrame
    days: int
    seed: int
    balk_min: float
    tries: int

    def overrun(self, most: int) -> pd.DataFrame:
        """The stations that turn most drivers away, most first."""
        rows = self.stations[self.stations["turned_away"] > 0]
        return rows.sort_values("turned_away", ascending=False, kind="stable").head(most)
