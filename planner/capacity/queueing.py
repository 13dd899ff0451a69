"""How much energy a day a station carries at a promised wait: a queue at its peak hour.

A station of n chargers of one type is a queue of c = n x plugs servers (M/M/c: arrivals at random, sessions of
exponential length, first come first served). With lambda arrivals an hour that each take a plug for s hours,

    a = lambda s                                            offered load, erlang; a < c
    B = (a^c / c!) / sum_{m <= c} a^m / m!                  Erlang's loss formula
    C = B / (1 - (a / c) (1 - B))                           probability that an arrival waits
    P(wait > t) = C exp(-(c - a) t / s)

The station carries the most arrivals that keep P(wait > t) within its promise. Over the day that is

    energy = lambda x kWh a session / share of the day's sessions in the peak hour

Pooling: many plugs share their idle minutes, so that a plug of a large station carries several times as much as a plug
alone. (A. K. Erlang 1917; L. Kleinrock, Queueing Systems I, Wiley 1975, section 3.5; D. Gross et al., Fundamentals of
Queueing Theory, 4th ed., Wiley 2008, section 2.3.)
"""

from __future__ import annotations

import numpy as np
import pandas as pd

_HALVINGS = 60


def waiting_probability(plugs: np.ndarray, arrivals_hour: np.ndarray, session_h: float, wait_h: float) -> np.ndarray:
    """P(wait > wait_h) of queues, 1 where arrivals outrun the plugs; all arrays broadcast.

    Parameters
    ----------
    plugs
        Servers c, whole, at least 1.
    arrivals_hour
        lambda, at least 0.
    session_h, wait_h
        Mean hours a session takes a plug; the wait in question.
    """
    plugs, load = np.broadcast_arrays(np.asarray(plugs, int), np.asarray(arrivals_hour, float) * session_h)
    stable = load < plugs
    a = np.where(stable, load, 0.0)
    loss = np.ones(a.shape)
    for m in range(1, int(plugs.max(initial=0)) + 1):
        loss = np.where(m <= plugs, a * loss / (m + a * loss), loss)
    waits = loss / (1 - a / plugs * (1 - loss))
    return np.where(stable, waits * np.exp(-(plugs - a) * wait_h / session_h), 1.0)


def most_arrivals_hour(plugs: np.ndarray, session_h: float, wait_h: float, wait_share: float) -> np.ndarray:
    """The most arrivals an hour of which at most `wait_share` wait longer than `wait_h`, for every number of plugs."""
    plugs = np.asarray(plugs, int)
    low, high = np.zeros(plugs.shape), plugs / session_h
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        kept = waiting_probability(plugs, middle, session_h, wait_h) <= wait_share
        low, high = np.where(kept, middle, low), np.where(kept, high, middle)
    return low


def carried_energy(charger_types: pd.DataFrame, wait_min: float, wait_share: float, most_bays: int) -> pd.DataFrame:
    """What stations carry at the promised wait: the table ``capacity``.

    Parameters
    ----------
    charger_types
        Index charger_type; plugs, bays_used, session_kwh, session_h (mean hours a charge takes a plug), peak_share (of
        the day's charges in the peak hour), queue (False: every charger carries energy_kwh_day, as do those that nobody
        comes to), battery_swap (a swap station carries energy_kwh_day at most) and energy_kwh_day.
    wait_min, wait_share
        The promise: at most this share of the peak hour's arrivals waits longer.
    most_bays
        Of a site: where the counts end.

    Returns
    -------
    DataFrame
        Index (charger_type, count), count from 1 on; ``energy_kwh_day``, which never falls with the count.
    """
    parts = {}
    for name, kind in charger_types.iterrows():
        counts = np.arange(1, max(int(most_bays // kind["bays_used"]) if kind["bays_used"] else most_bays, 1) + 1)
        energy = counts * float(kind["energy_kwh_day"])
        if kind["queue"] and kind["session_h"] > 0:
            plugs = counts * int(kind["plugs"])
            arrivals = most_arrivals_hour(plugs, float(kind["session_h"]), wait_min / 60, wait_share)
            queued = arrivals * float(kind["session_kwh"]) / float(kind["peak_share"])
            energy = np.minimum(energy, queued) if kind["battery_swap"] else queued
        parts[name] = pd.Series(energy, index=pd.Index(counts, name="count"))
    return pd.concat(parts, names=["charger_type"]).rename("energy_kwh_day").to_frame()


def capacity_at(charger_type: pd.Series, count: pd.Series, capacity: pd.DataFrame) -> np.ndarray:
    """The capacity table at a count; past its end in proportion to its last row."""
    table = capacity["energy_kwh_day"]
    most = pd.Series(table.index.get_level_values("count"), index=table.index.get_level_values("charger_type"))
    top = np.minimum(count.to_numpy(float), most.groupby(level=0).max().reindex(charger_type).to_numpy(float))
    kwh = table.reindex(pd.MultiIndex.from_arrays([charger_type, top.astype(int)])).to_numpy(float)
    return np.where(top > 0, kwh * count.to_numpy(float) / np.maximum(top, 1), 0.0)
