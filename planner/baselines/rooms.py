"""What still fits where, while a network is put together charger by charger."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.numeric.compiled import compiled
from planner.siting.model.instance import Instance

SLACK = 1e-9


class Rooms(NamedTuple):
    """Bays, grid, feeder groups, money for openings and chargers of every type: what is left, changed in place.

    The chargers' own money is the same wherever they stand and set aside first; what the budget leaves opens sites.

    Attributes
    ----------
    by_site, first_option
        Options in the order of their sites; where those of every site begin.
    site, kind, option_most, new
        Option jk: positions of its site and type, the most that fit at first, chargers placed.
    left, bays_used, grid_used_kw
        Type k: chargers still to be placed, and what one takes.
    bays, grid_kw, min_station, open_from, built
        Site j: what is left, fewest chargers, 1 where open from the start (locked in), chargers placed.
    use, opening, most
        Rows (the budget and the feeder groups) x options, rows x sites, rows: what a charger takes of a row, what an
        opened site does, and what is left of it.
    """

    by_site: np.ndarray
    first_option: np.ndarray
    site: np.ndarray
    kind: np.ndarray
    option_most: np.ndarray
    new: np.ndarray
    left: np.ndarray
    bays_used: np.ndarray
    grid_used_kw: np.ndarray
    bays: np.ndarray
    grid_kw: np.ndarray
    min_station: np.ndarray
    open_from: np.ndarray
    built: np.ndarray
    use: np.ndarray
    opening: np.ndarray
    most: np.ndarray


def make_rooms(x: Instance, mix: np.ndarray) -> Rooms:
    """The rooms of a siting problem with nothing built, for so many chargers of every type."""
    names = x.limits.names
    rows = np.array([n for n, name in enumerate(names) if name == "budget" or name.startswith("feeder(")], int)
    use, most = x.limits.use[rows].toarray(), x.limits.most[rows].copy()
    for r, row in enumerate(rows):
        if names[row] == "budget":
            price = np.zeros(len(mix))
            price[x.option_type] = use[r]
            most[r] -= float(price @ mix)
            use[r] = 0.0
    opening = x.limits.opening[rows].toarray()
    by_site = np.argsort(x.option_site, kind="stable")
    sites = len(x.site_ids)
    return Rooms(
        by_site=by_site,
        first_option=np.searchsorted(x.option_site[by_site], np.arange(sites + 1)),
        site=x.option_site,
        kind=x.option_type,
        option_most=x.option_most.astype(np.int64),
        new=np.zeros(len(x.option_site), np.int64),
        left=mix.astype(np.int64),
        bays_used=x.bays_used,
        grid_used_kw=x.grid_used_kw,
        bays=x.bays.copy(),
        grid_kw=x.grid_kw.copy(),
        min_station=x.min_station.astype(np.int64),
        open_from=x.open_from,
        built=np.zeros(sites, np.int64),
        use=use,
        opening=opening,
        most=most - opening @ x.open_from,
    )


@compiled
def is_open(rooms, j):  # type: ignore[no-untyped-def]
    """Whether a site was opened, or was locked in and so is open from the start."""
    return rooms.built[j] > 0 or rooms.open_from[j] > 0


@compiled
def needed(rooms, j):  # type: ignore[no-untyped-def]
    """Fewest chargers that a site may get now."""
    return max(rooms.min_station[j] - rooms.built[j], 1)


@compiled
def fitting(rooms, o):  # type: ignore[no-untyped-def]
    """How many more chargers of an option fit, whatever the fewest of its site."""
    j, k = rooms.site[o], rooms.kind[o]
    room = float(min(rooms.option_most[o] - rooms.new[o], rooms.left[k]))
    if rooms.bays_used[k] > 0:
        room = min(room, rooms.bays[j] / rooms.bays_used[k])
    if rooms.grid_used_kw[k] > 0:
        room = min(room, rooms.grid_kw[j] / rooms.grid_used_kw[k])
    for r in range(len(rooms.most)):
        free = rooms.most[r] - (0.0 if is_open(rooms, j) else rooms.opening[r, j])
        if free < -SLACK:
            return 0
        if rooms.use[r, o] > 0:
            room = min(room, free / rooms.use[r, o])
    return max(int(np.floor(room + SLACK)), 0)


@compiled
def fills(rooms, j, o, count):  # type: ignore[no-untyped-def]
    """Whether a site would hold its fewest chargers with `count` of an option and the rest of one other type."""
    missing = needed(rooms, j) - count
    if missing <= 0:
        return True
    k = rooms.kind[o]
    bays = rooms.bays[j] - rooms.bays_used[k] * count + SLACK
    grid_kw = rooms.grid_kw[j] - rooms.grid_used_kw[k] * count + SLACK
    for at in range(rooms.first_option[j], rooms.first_option[j + 1]):
        other = rooms.by_site[at]
        q = rooms.kind[other]
        fits = rooms.bays_used[q] * missing <= bays and rooms.grid_used_kw[q] * missing <= grid_kw
        if fits and other != o and fitting(rooms, other) >= missing:
            return True
    return False


@compiled
def place(rooms, o, count):  # type: ignore[no-untyped-def]
    """Put chargers there, or take some away."""
    j, k = rooms.site[o], rooms.kind[o]
    for r in range(len(rooms.most)):
        opens = count > 0 and not is_open(rooms, j)
        rooms.most[r] -= rooms.use[r, o] * count + (rooms.opening[r, j] if opens else 0.0)
    rooms.new[o] += count
    rooms.built[j] += count
    rooms.left[k] -= count
    rooms.bays[j] -= rooms.bays_used[k] * count
    rooms.grid_kw[j] -= rooms.grid_used_kw[k] * count


@compiled
def clear_small(rooms):  # type: ignore[no-untyped-def]
    """Take everything away again from sites that stayed under their fewest chargers, but those locked in."""
    for j in range(len(rooms.bays)):
        if 0 < rooms.built[j] < rooms.min_station[j] and rooms.open_from[j] == 0:
            for at in range(rooms.first_option[j], rooms.first_option[j + 1]):
                o = rooms.by_site[at]
                place(rooms, o, -rooms.new[o])
            for r in range(len(rooms.most)):
                rooms.most[r] += rooms.opening[r, j]


@compiled
def spread(rooms, only_open):  # type: ignore[no-untyped-def]
    """Place what is left in turn over the sites with room, the type with most left first: one by one, to a closed site
    its fewest."""
    placed = True
    while placed:
        placed = False
        for j in range(len(rooms.bays)):
            if only_open and not is_open(rooms, j):
                continue
            best, count = -1, needed(rooms, j)
            for at in range(rooms.first_option[j], rooms.first_option[j + 1]):
                o = rooms.by_site[at]
                if fitting(rooms, o) >= count and (
                    best < 0 or rooms.left[rooms.kind[o]] > rooms.left[rooms.kind[best]]
                ):
                    best = o
            if best >= 0:
                place(rooms, best, count)
                placed = True
