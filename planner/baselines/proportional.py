"""Chargers in proportion to residents: what a planner does with a table of people and a pencil."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from planner.baselines.rooms import Rooms, clear_small, fitting, make_rooms, needed, place, spread
from planner.numeric.compiled import compiled
from planner.siting.model.instance import Instance


def proportional_counts(
    x: Instance, mix: np.ndarray, residents: np.ndarray, zone_xy: np.ndarray, site_xy: np.ndarray
) -> np.ndarray:
    """Share chargers out to the sites by the residents who live nearest to them.

    Every zone's residents count for the nearest site (straight line) that may be built at; sites locked in get their
    fewest chargers, all others go by residents (largest remainder). While some site would get fewer than its fewest, or
    the budget does not pay all openings, the one with the fewest residents is dropped and its zones go to the next
    nearest. Every site is dealt its number from the types in turn by Webster's divisors (mix / (2 placed + 1)), as far
    as they fit; what does not fit goes on to the nearest of these sites with room, and at last to any.

    Parameters
    ----------
    x
        The siting problem.
    mix
        Type k: chargers to place.
    residents, zone_xy
        Of every zone: people, and x and y in metres, shapes (zones,) and (zones, 2).
    site_xy
        Of every site of the problem, shape (sites, 2).

    Returns
    -------
    ndarray
        Chargers of every option.
    """
    rooms = make_rooms(x, mix)
    share = _shares(rooms, residents, zone_xy, site_xy)
    chosen = np.flatnonzero(share > 0)
    surplus = [(j, left) for j in chosen if (left := _deal(rooms, mix, j, share[j]))]
    for j, number in surplus:
        order = chosen[np.argsort(np.hypot(*(site_xy[chosen] - site_xy[j]).T), kind="stable")]
        _pass_on(rooms, mix, order, number)
    clear_small(rooms)
    spread(rooms, True)
    spread(rooms, False)
    return rooms.new


def _shares(rooms: Rooms, residents: np.ndarray, zone_xy: np.ndarray, site_xy: np.ndarray) -> np.ndarray:
    """Chargers of every site by its residents, whatever fits there."""
    holds = np.bincount(rooms.site, rooms.option_most, minlength=len(rooms.bays))
    chosen = holds >= np.maximum(rooms.min_station, 1)
    everyone = float(residents.sum())
    if not chosen.any() or not everyone:
        return np.zeros(len(chosen), int)
    required = chosen & (rooms.open_from > 0)
    first = np.where(required, rooms.min_station, 0)
    rest = max(float(rooms.left.sum() - first.sum()), 0.0)
    at = np.flatnonzero(chosen)
    nearest = at[cKDTree(site_xy[at]).query(zone_xy)[1]]
    people = np.bincount(nearest, residents, minlength=len(chosen))
    while True:
        target = first + rest * people / everyone
        droppable = chosen & ~required
        small = droppable & (target < np.maximum(rooms.min_station, 0.5))
        unpaid = (rooms.opening @ droppable > rooms.most + 1e-6).any()
        droppable &= small if small.any() else unpaid
        if not droppable.any() or chosen.sum() == 1:
            break
        worst = int(np.argmin(np.where(droppable, people, np.inf)))
        chosen[worst] = False
        at, mine = np.flatnonzero(chosen), np.flatnonzero(nearest == worst)
        metres = np.hypot(*(zone_xy[mine][:, None, :] - site_xy[at][None, :, :]).transpose(2, 0, 1))
        nearest[mine] = at[metres.argmin(axis=1)]
        people[worst] = 0.0
        people += np.bincount(nearest[mine], residents[mine], minlength=len(chosen))
    return largest_remainder(np.where(chosen, target, 0.0))


def largest_remainder(target: np.ndarray) -> np.ndarray:
    """Whole numbers of the same sum as some near them: all rounded down, then one more for the largest remainders."""
    down = np.floor(target + 1e-9)
    missing = round(float(target.sum() - down.sum()))
    down[np.argsort(np.round(down - target, 9), kind="stable")[:missing]] += 1
    return down.astype(int)


@compiled
def _deal(rooms, mix, j, number):  # type: ignore[no-untyped-def]
    """Give a site so many chargers, each of the fitting type whose turn it is; returns how many did not fit."""
    room = 0
    for at in range(rooms.first_option[j], rooms.first_option[j + 1]):
        room += fitting(rooms, rooms.by_site[at])
    if room < needed(rooms, j):
        return number
    while number > 0:
        best, most = -1, 0.0
        for at in range(rooms.first_option[j], rooms.first_option[j + 1]):
            o = rooms.by_site[at]
            k = rooms.kind[o]
            turn = mix[k] / (2.0 * (mix[k] - rooms.left[k]) + 1.0)
            if fitting(rooms, o) > 0 and turn > most:
                best, most = o, turn
        if best < 0:
            break
        place(rooms, best, 1)
        number -= 1
    return number


@compiled
def _pass_on(rooms, mix, order, number):  # type: ignore[no-untyped-def]
    """Give chargers to the first sites of an order that have some and room for more."""
    for j in order:
        if number > 0 and rooms.built[j] > 0:
            number = _deal(rooms, mix, j, number)
