"""An answer to a similar problem, to go on from: what it built, who charged where, and the prices that proved it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
import scipy.sparse as sp

from planner.faults import Fault, some
from planner.scenario import Siting
from planner.siting.city.assignment import made_feasible
from planner.siting.city.certificate import Prices
from planner.siting.city.region import Choice
from planner.siting.model.instance import Instance
from planner.siting.model.limits import Limits
from planner.siting.model.merge import Merged
from planner.siting.problem import Answer, no_prices


@dataclass(frozen=True)
class Start:
    """An earlier answer in the positions of a problem, as far as it fits there.

    Attributes
    ----------
    choice
        Sites where the plan no longer fits are cleared, or have the fewest chargers where they are locked in; limits of
        the whole city may be missed.
    prices
        Of what the problem shares with the previous one; zero for the rest.
    changed
        Positions of the sites that were cleared or are locked in anew.
    """

    choice: Choice
    prices: Prices
    changed: np.ndarray


def foreign_plan(earlier: Answer, sites: pd.DataFrame) -> list[Fault]:
    """A fault where none of an earlier plan's sites is known here: it is of another city."""
    built = earlier.chargers.index.get_level_values("site_id").unique()
    if built.empty or built.isin(sites.index).any():
        return []
    en = f"none of its sites ({some(built)}) is a candidate here; expected a plan of the same study area"
    return [
        Fault(
            "the plan to go on from", en=en, zh=f"其站点（{some(built)}）均不在本方案候选站点之列；应为同一研究区的方案"
        )
    ]


def fingerprint(x: Instance, siting: Siting) -> str:
    """A digest of a problem and of how long it is tried: equal for equal ones only."""
    digest = hashlib.sha256(f"{siting.solver} {siting.rounds} {siting.gap_share}".encode())
    for each in fields(x):
        for part in _parts(getattr(x, each.name)):
            digest.update(part)
    return digest.hexdigest()


def _parts(value: object) -> list[bytes]:
    """The bytes of a field of a problem."""
    if isinstance(value, Limits):
        return [part for each in fields(value) for part in _parts(getattr(value, each.name))]
    if isinstance(value, sp.csr_matrix):
        return [np.asarray(array).tobytes() for array in (value.indptr, value.indices, value.data)]
    if isinstance(value, np.ndarray) and value.dtype != object:
        return [value.tobytes()]
    return [repr(list(value) if hasattr(value, "__iter__") else value).encode()]


def price_table(x: Instance, merged: Merged, prices: Prices | None) -> pd.Series:
    """The prices that prove a bound, by the name of the rule in the program: index rule; ``price`` per unit of it."""
    if prices is None:
        return no_prices()
    of_demand = np.zeros(len(x.energy))
    of_demand[x.pair_demand] = prices.demand[merged.instance.pair_demand[merged.pair]]
    rules = [*_demand_rules(x), *x.limits.names, *_floor_rules(x), "promise"]
    values = np.r_[of_demand, prices.limits, prices.floors, prices.promise]
    return pd.Series(values, index=pd.Index(rules, name="rule"), name="price")


def prices_in(x: Instance, price: pd.Series) -> Prices:
    """A table of prices by the name of the rule as the prices of a problem; zero where it does not name a rule."""
    return Prices(
        price.reindex(_demand_rules(x)).fillna(0.0).to_numpy(float),
        price.reindex(x.limits.names).fillna(0.0).to_numpy(float),
        price.reindex(_floor_rules(x)).fillna(0.0).to_numpy(float),
        float(price.get("promise", 0.0)),
    )


def start_from(x: Instance, merged: Merged, earlier: Answer) -> Start:
    """Bring an earlier answer and its prices into a problem of merged demands; `x` is the problem as it was given."""
    y = merged.instance
    prices = prices_in(y, earlier.prices)
    new, changed = _fitted(y, earlier.chargers["count"])
    served = np.bincount(merged.pair, _served(x, earlier.assignment), minlength=len(y.pair_demand))
    served = made_feasible(y, served, y.station_kwh(new))
    return Start(Choice(new, y.opened_by(new), served), prices, changed)


def _fitted(x: Instance, count: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Counts that every site can hold, and the sites that had to change."""
    wanted = count.reindex(x.option_ids).fillna(0).to_numpy(float)
    held = count.groupby(level="site_id").sum().reindex(x.site_ids).fillna(0).to_numpy(float)
    new = np.minimum(wanted, x.option_most)
    fewer = np.bincount(x.option_site, new, minlength=len(x.site_ids)) < held
    changed = np.flatnonzero(fewer | x.misfits(new, x.opened_by(new)))
    new[np.isin(x.option_site, changed)] = 0.0
    for j in changed[x.open_from[changed] > 0]:
        _hold_fewest(x, int(j), new)
    return new, changed


def _hold_fewest(x: Instance, j: int, new: np.ndarray) -> None:
    """Give site j its fewest chargers, of the types that most fit of; for cars first where access asks for it."""
    here = np.flatnonzero(x.option_site == j)
    lacking, bays, grid = max(x.min_station[j], x.min_cars[j]), x.bays[j], x.grid_kw[j]
    later = ~x.for_cars[x.option_type[here]] & (x.min_cars[j] > 0)
    for o in here[np.lexsort((here, -x.option_most[here], later))]:
        k = x.option_type[o]
        fits = [room / use for room, use in ((bays, x.bays_used[k]), (grid, x.grid_used_kw[k])) if use > 0]
        new[o] = np.floor(min([lacking, x.option_most[o], *fits]) + 1e-9)
        lacking, bays, grid = lacking - new[o], bays - new[o] * x.bays_used[k], grid - new[o] * x.grid_used_kw[k]


def _served(x: Instance, assignment: pd.DataFrame) -> np.ndarray:
    """An assignment as energy per pair; what is no pair of the problem is left out."""
    ids = assignment.index
    zone, site, service = (ids.get_level_values(name) for name in ("zone_id", "site_id", "service"))
    i = x.demand_ids.get_indexer(pd.MultiIndex.from_arrays([zone, service]))
    js = x.station_ids.get_indexer(pd.MultiIndex.from_arrays([site, service]))
    stations = len(x.station_ids)
    keys = x.pair_demand * stations + x.pair_station
    wanted = i * stations + js
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    known = (i >= 0) & (js >= 0) & (keys[at] == wanted) if len(keys) else np.zeros(len(i), bool)
    return np.bincount(at[known], assignment["energy_kwh_day"].to_numpy(float)[known], minlength=len(keys))


def _demand_rules(x: Instance) -> list[str]:
    return [f"demand({zone},{service})" for zone, service in x.demand_ids]


def _floor_rules(x: Instance) -> list[str]:
    return [f"floor({district})" for district in x.floor_ids]
