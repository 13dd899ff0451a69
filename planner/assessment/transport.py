"""Small transport problems, exactly: drivers to stations with room, the most worth together.

    most      sum worth_tl x moved_tl
    driver t  sum_l moved_tl <= kwh_t
    sink l    sum_t moved_tl <= room_l

Solved by successive augmentation: one driver after the other, along the chain of exchanges that adds most worth (who
takes a full station pushes another's kWh on), or nowhere where no chain adds any. Every step is optimal for the drivers
so far (R. K. Ahuja, T. L. Magnanti, J. B. Orlin, Network Flows, 1993, chapter 9).
"""

from __future__ import annotations

import numpy as np

from planner._compiled import compiled

_NO_KWH = 1e-9
_NO_WORTH = 1e-12


def move_drivers(
    group: np.ndarray, kwh: np.ndarray, driver: np.ndarray, sink: np.ndarray, worth: np.ndarray, room: np.ndarray
) -> np.ndarray:
    """Solve one transport problem per group of drivers.

    Parameters
    ----------
    group
        Driver: its group, 0, 1, 2, ..., rising.
    kwh
        Driver: energy that has to go somewhere.
    driver
        Way: whose it is, rising.
    sink, worth
        Way: where it leads, what a kWh is worth there (at least 0).
    room
        Way: what its sink can take of the driver's group, the same for all ways of the group that lead there.

    Returns
    -------
    array
        Way: energy that takes it.
    """
    moved = np.zeros(len(sink))
    usable = np.flatnonzero(room > _NO_KWH)
    if not len(usable):
        return moved
    keys = group[driver[usable]] * (int(sink.max()) + 1) + sink[usable]
    every, place = np.unique(keys, return_inverse=True)
    of_group = every // (int(sink.max()) + 1)
    begin = np.searchsorted(of_group, np.arange(int(group[-1]) + 2))
    first_way = np.searchsorted(driver[usable], np.arange(len(group) + 1))
    first_driver = np.searchsorted(group, np.arange(int(group[-1]) + 2))
    space = np.zeros(len(every))
    space[place] = room[usable]
    moved[usable] = _move_all(first_driver, kwh.astype(float), first_way, begin, place, worth[usable], space)
    return moved


@compiled
def _move_all(
    first_driver: np.ndarray,
    kwh: np.ndarray,
    first_way: np.ndarray,
    first_sink: np.ndarray,
    sink: np.ndarray,
    worth: np.ndarray,
    room: np.ndarray,
) -> np.ndarray:
    """Groups one after the other; every group has sinks of its own, and ``nowhere`` as its last."""
    moved = np.zeros(len(sink))
    for g in range(len(first_driver) - 1):
        t0, t1, s0 = first_driver[g], first_driver[g + 1], first_sink[g]
        nowhere = first_sink[g + 1] - s0
        if nowhere == 0:
            continue
        left = np.full(nowhere + 1, np.inf)
        left[:nowhere] = room[s0 : s0 + nowhere]
        value, given = np.full((t1 - t0, nowhere + 1), -np.inf), np.zeros((t1 - t0, nowhere + 1))
        value[:, nowhere] = 0.0
        for t in range(t0, t1):
            for way in range(first_way[t], first_way[t + 1]):
                value[t - t0, sink[way] - s0] = worth[way]
        for t in range(t0, t1):
            rest = kwh[t]
            while rest > _NO_KWH:
                rest -= _augment(t - t0, rest, value, given, left)
        for t in range(t0, t1):
            for way in range(first_way[t], first_way[t + 1]):
                moved[way] = given[t - t0, sink[way] - s0]
    return moved


@compiled
def _augment(t: int, rest: float, value: np.ndarray, given: np.ndarray, left: np.ndarray) -> float:
    """Send as much of driver `t` as can go along the chain of exchanges that adds most; the last sink is nowhere."""
    drivers, nowhere = len(value), len(left) - 1
    gain = value[t].copy()
    pushed, source = np.full(nowhere + 1, t), np.full(nowhere + 1, -1)
    changed = True
    while changed:
        changed = False
        for b in range(nowhere):
            if gain[b] == -np.inf:
                continue
            for k in range(drivers):
                if given[k, b] <= _NO_KWH:
                    continue
                for c in range(nowhere + 1):
                    if gain[b] - value[k, b] + value[k, c] > gain[c] + _NO_WORTH:
                        gain[c] = gain[b] - value[k, b] + value[k, c]
                        pushed[c], source[c], changed = k, b, True
    best = nowhere
    for c in range(nowhere):
        if left[c] > _NO_KWH and gain[c] > gain[best] - _NO_WORTH * (best == nowhere):
            best = c
    amount, c = min(rest, left[best]), best
    while source[c] >= 0:
        amount, c = min(amount, given[pushed[c], source[c]]), source[c]
    left[best] -= amount
    c = best
    while source[c] >= 0:
        given[pushed[c], c] += amount
        given[pushed[c], source[c]] -= amount
        c = source[c]
    given[t, c] += amount
    return float(amount)
