"""Several years as one problem: every year's sites, demands and limits side by side, and what stands stays.

A problem of years t = 1..T has the same sites in all; each year has its own demand, capacity table and limits, all
counted from the start (the quota of a year is what stands at its end). Put side by side they are one `Instance` of
(site, year) pairs, with one more kind of limit:

    stays(j,k)@t     new_jk@t - new_jk@t+1 <= 0        what stands in a year stands in the next

so that program, prices, bound and check of a single year hold for all years together: the price of ``stays`` is what
a charger is worth beforehand. A year's worth is multiplied by its weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd
import scipy.sparse as sp

from planner.siting.city.certificate import Prices
from planner.siting.city.region import Choice
from planner.siting.model.instance import Instance
from planner.siting.model.limits import YEAR_MARK, Limits


class Years:
    """A problem of several years as one instance, and the way back to its years.

    Attributes
    ----------
    years
        In their order.
    whole
        All of them as one problem; positions of sites are ``site * T + t``.
    """

    def __init__(self, parts: Mapping[int, Instance], weights: Mapping[int, float]) -> None:
        self.years = sorted(parts)
        self.parts = [parts[year] for year in self.years]
        self.weight = np.array([weights[year] for year in self.years])
        self._site = [np.arange(len(x.site_ids)) * len(parts) + t for t, x in enumerate(self.parts)]
        self._station = _order([x.station_site * len(parts) + t for t, x in enumerate(self.parts)])
        self._option = _order([x.option_site * len(parts) + t for t, x in enumerate(self.parts)])
        self._demand = _offsets([len(x.energy) for x in self.parts])
        self._pair = _offsets([len(x.pair_demand) for x in self.parts])
        self.whole = self._stacked()

    def _stacked(self) -> Instance:
        parts, site, option, station = self.parts, self._site, self._option, self._station
        sites = sum(len(x.site_ids) for x in parts)
        kinds = _offsets([len(x.type_ids) for x in parts])
        floors = _offsets([len(x.floor_ids) for x in parts])

        def by_site(name: str) -> np.ndarray:
            return _placed([getattr(x, name) for x in parts], site, sites)

        def by_option(values: Sequence[np.ndarray]) -> np.ndarray:
            return _placed(values, option, sum(map(len, values)))

        def joined(name: str) -> np.ndarray:
            return np.concatenate([getattr(x, name) for x in parts])

        floor_of = [
            np.where(x.demand_floor < 0, -1, x.demand_floor + at[0]) for x, at in zip(parts, floors, strict=True)
        ]
        return Instance(
            site_ids=pd.Index(_placed([_marked(x.site_ids, y) for x, y in self._dated()], site, sites), name="site_id"),
            type_ids=pd.Index(np.concatenate([_marked(x.type_ids, y) for x, y in self._dated()]), name="charger_type"),
            demand_ids=_joined_ids([_marked_ids(x.demand_ids, y) for x, y in self._dated()]),
            station_ids=_placed_ids([_marked_ids(x.station_ids, y) for x, y in self._dated()], station),
            option_ids=_placed_ids([_marked_ids(x.option_ids, y) for x, y in self._dated()], option),
            energy=joined("energy"),
            demand_floor=np.concatenate(floor_of),
            floor_ids=tuple(f"{d}{YEAR_MARK}{y}" for x, y in self._dated() for d in x.floor_ids),
            floor_kwh=joined("floor_kwh"),
            standing_kwh=_placed([x.standing_kwh for x in parts], station, sum(len(s) for s in station)),
            bays=by_site("bays"),
            grid_kw=by_site("grid_kw"),
            min_station=by_site("min_station"),
            min_cars=by_site("min_cars"),
            open_from=by_site("open_from"),
            task_unit=by_site("task_unit"),
            carried_kwh=_of_one_width([x.carried_kwh for x in parts]),
            table_end=joined("table_end"),
            bays_used=joined("bays_used"),
            grid_used_kw=joined("grid_used_kw"),
            for_cars=joined("for_cars"),
            option_site=by_option([site[t][x.option_site] for t, x in enumerate(parts)]),
            option_type=by_option([x.option_type + kinds[t][0] for t, x in enumerate(parts)]),
            option_station=by_option([station[t][x.option_station] for t, x in enumerate(parts)]),
            option_standing=by_option([x.option_standing for x in parts]),
            option_most=by_option([x.option_most for x in parts]),
            pair_demand=np.concatenate([x.pair_demand + at[0] for x, at in zip(parts, self._demand, strict=True)]),
            pair_station=np.concatenate([station[t][x.pair_station] for t, x in enumerate(parts)]),
            pair_worth=np.concatenate([x.pair_worth * w for x, w in zip(parts, self.weight, strict=True)]),
            limits=self._limits(sites),
            option_cost_cny=by_option([x.option_cost_cny for x in parts]),
            opening_cost_cny=by_site("opening_cost_cny"),
            promise_kwh=0.0,
            years=len(parts),
        )

    @cached_property
    def _limit_at(self) -> list[np.ndarray]:
        """Of every year's limits their position among those of all."""
        position = {name: row for row, name in enumerate(self.whole.limits.names)}
        return [np.array([position[f"{n}{YEAR_MARK}{y}"] for n in x.limits.names], int) for x, y in self._dated()]

    def _dated(self) -> list[tuple[Instance, int]]:
        return list(zip(self.parts, self.years, strict=True))

    def _limits(self, sites: int) -> Limits:
        """Every year's limits but access, then those of access, then ``stays``."""
        options = sum(len(o) for o in self._option)
        use, opening, names, least, most = [], [], [], [], []
        for access in (False, True):
            for t, (x, year) in enumerate(self._dated()):
                rows = np.flatnonzero(x.limits.is_access == access)
                use.append(_moved(x.limits.use[rows], self._option[t], options))
                opening.append(_moved(x.limits.opening[rows], self._site[t], sites))
                names += [f"{x.limits.names[r]}{YEAR_MARK}{year}" for r in rows]
                least.append(x.limits.least[rows])
                most.append(x.limits.most[rows])
        for t in range(len(self.parts) - 1):
            early, late = self.parts[t], self.parts[t + 1]
            then = late.option_ids.get_indexer(early.option_ids)
            row = np.arange(len(then))
            kept = np.flatnonzero(then >= 0)
            at = np.r_[self._option[t], self._option[t + 1][then[kept]]]
            sign = np.r_[np.ones(len(row)), -np.ones(len(kept))]
            use.append(sp.csr_matrix((sign, (np.r_[row, kept], at)), shape=(len(row), options)))
            opening.append(sp.csr_matrix((len(row), sites)))
            names += [f"stays({j},{k}){YEAR_MARK}{self.years[t]}" for j, k in early.option_ids]
            least.append(np.full(len(row), -np.inf))
            most.append(np.zeros(len(row)))
        return Limits(
            names=tuple(names),
            use=sp.vstack(use, format="csr"),
            opening=sp.vstack(opening, format="csr"),
            least=np.concatenate(least),
            most=np.concatenate(most),
        )

    def prices_of(self, t: int, prices: Prices) -> Prices:
        """What is asked of one year alone at the prices of all, for a kWh of worth 1: no ``stays``, no weight."""
        x, weight = self.parts[t], self.weight[t]
        floors = _offsets([len(part.floor_ids) for part in self.parts])[t]
        limits = prices.limits[self._limit_at[t]]
        return Prices(
            prices.demand[slice(*self._demand[t])] / weight,
            limits / weight,
            prices.floors[slice(*floors)] / weight,
            0.0 if not x.promise_kwh else prices.promise / weight,
        )

    def joined_prices(self, of_years: Sequence[Prices], stays: np.ndarray) -> Prices:
        """The prices of every year, and of what stays, as those of all; the inverse of `prices_of` and `stays`."""
        limits = np.zeros(len(self.whole.limits.names))
        for t, prices in enumerate(of_years):
            limits[self._limit_at[t]] = prices.limits * self.weight[t]
        limits[self.whole.limits.is_stays] = stays
        weighted = [(p.demand * w, p.floors * w) for p, w in zip(of_years, self.weight, strict=True)]
        return Prices(
            np.concatenate([demand for demand, _ in weighted]), limits, np.concatenate([f for _, f in weighted]), 0.0
        )

    def stays_in(self, price: pd.Series) -> np.ndarray:
        """The prices of what stays from a table by the name of the rule; zero where it names none."""
        limits = self.whole.limits
        rules = [name for name, stays in zip(limits.names, limits.is_stays, strict=True) if stays]
        return np.asarray(price.reindex(rules).fillna(0.0).to_numpy(float))

    def worth_before(self, t: int, prices: Prices) -> np.ndarray:
        """Option of a year: what one more charger there is worth to the years before, for a kWh of worth 1."""
        rows = self.whole.limits.use[self.whole.limits.is_stays]
        given = -(rows.minimum(0).T @ prices.limits[self.whole.limits.is_stays])
        return np.asarray(given[self._option[t]] / self.weight[t])

    def counts_in(self, t: int, other: int, new: np.ndarray) -> np.ndarray:
        """Counts of one year's options by the options of another; 0 where it has none."""
        at = self.parts[other].option_ids.get_indexer(self.parts[t].option_ids)
        return np.asarray(np.where(at >= 0, new[at], 0.0))

    def apart(self, choice: Choice) -> list[Choice]:
        """A plan of all years as the plan of each."""
        return [
            Choice(choice.new[self._option[t]], choice.opened[self._site[t]], choice.served[slice(*self._pair[t])])
            for t in range(len(self.parts))
        ]

    def joined(self, choices: Sequence[Choice]) -> Choice:
        """Plans of the years as one of all."""
        x = self.whole
        return Choice(
            _placed([c.new for c in choices], self._option, len(x.option_site)),
            _placed([c.opened for c in choices], self._site, len(x.site_ids)),
            np.concatenate([c.served for c in choices]),
        )


def largest_one(weights: Mapping[int, float]) -> dict[int, float]:
    """Weights of years as shares of the largest, so that no kWh is worth more than 1."""
    return {year: weight / max(weights.values()) for year, weight in weights.items()}


def _offsets(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Where every part begins and ends when they are put one after the other."""
    ends = np.cumsum([0, *sizes]).tolist()
    return list(pairwise(ends))


def _order(keys: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Of every part the positions of its members when all are sorted by their key; equal keys stay in their order."""
    sizes = _offsets([len(key) for key in keys])
    position = np.empty(sizes[-1][1], int)
    position[np.argsort(np.concatenate(keys), kind="stable")] = np.arange(len(position))
    return [position[slice(*size)] for size in sizes]


def _placed(values: Sequence[np.ndarray], at: Sequence[np.ndarray], size: int) -> np.ndarray:
    out = np.empty(size, np.result_type(*values) if values[0].dtype != object else object)
    for value, where in zip(values, at, strict=True):
        out[where] = value
    return out


def _marked(ids: pd.Index, year: int) -> np.ndarray:
    return np.array([f"{i}{YEAR_MARK}{year}" for i in ids], object)


def _marked_ids(ids: pd.MultiIndex, year: int) -> pd.MultiIndex:
    """The first level marked with the year, the second too where it is a charger type."""
    levels = [_marked(ids.get_level_values(0), year), ids.get_level_values(1).to_numpy(object)]
    if ids.names[1] == "charger_type":
        levels[1] = _marked(ids.get_level_values(1), year)
    return pd.MultiIndex.from_arrays(levels, names=ids.names)


def _joined_ids(parts: Sequence[pd.MultiIndex]) -> pd.MultiIndex:
    return parts[0].append(list(parts[1:]))


def _placed_ids(parts: Sequence[pd.MultiIndex], at: Sequence[np.ndarray]) -> pd.MultiIndex:
    order = np.empty(sum(map(len, parts)), int)
    order[np.concatenate(at)] = np.arange(len(order))
    return _joined_ids(parts)[order]


def _of_one_width(tables: Sequence[np.ndarray]) -> np.ndarray:
    """Capacity tables one under the other, the last value repeated where one is shorter."""
    width = max(table.shape[1] for table in tables)
    return np.vstack([np.pad(table, ((0, 0), (0, width - table.shape[1])), mode="edge") for table in tables])


def _moved(rows: sp.csr_matrix, at: np.ndarray, width: int) -> sp.csr_matrix:
    """The same rows with their columns at other positions."""
    table = rows.tocoo()
    return sp.csr_matrix((table.data, (table.row, at[table.col])), shape=(rows.shape[0], width))
