"""Made-up towns as the tables of siting, and an oracle that shares no code with `planner.siting`.

`tiny_town` is small enough to try every count; `middle_town` is large enough for the city-size method and small
enough to solve whole. Both are a pure function of their seed. `best_value` tries every combination of whole chargers
and lets scipy assign the demand; it reads the rules from the tables as README and design state them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import assume
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from planner import BadInput
from planner.capacity.types import linear_capacity
from planner.scenario import Siting
from planner.siting import Answer, Problem, Proof, check_plan, choose_sites
from planner.siting.model.instance import Instance, make_instance

MODE = {"slow": "walk", "fast": "drive", "heavy": "drive", "swap": "drive"}


@dataclass(frozen=True)
class Town:
    """What a `Problem` is made of."""

    demand: pd.DataFrame
    sites: pd.DataFrame
    access: pd.DataFrame
    charger_types: pd.DataFrame
    capacity: pd.DataFrame
    existing: pd.DataFrame
    siting: Siting
    cover: pd.DataFrame | None = None

    @property
    def problem(self) -> Problem:
        return Problem(
            self.demand,
            self.sites,
            self.access,
            self.charger_types,
            self.capacity,
            self.existing,
            self.siting,
            cover=self.cover,
        )

    @property
    def instance(self) -> Instance:
        return make_instance(self.problem)

    def with_rules(self, **rules: Any) -> Town:
        return replace(self, siting=Siting.model_validate({**self.siting.model_dump(), **rules}))

    def with_cells(self, table: str, rows: Any = slice(None), **cells: Any) -> Town:
        """A copy with some cells of some rows (a label, labels or a mask) replaced."""
        changed = getattr(self, table).copy()
        for column, value in cells.items():
            if isinstance(value, float):
                changed[column] = changed[column].astype(float)
            changed.loc[rows, column] = value
        return replace(self, **{table: changed})

    def planned(self) -> Planned:
        return Planned(self, choose_sites(self.problem))


@dataclass(frozen=True)
class Planned:
    """A town with its plan."""

    town: Town
    answer: Answer

    @property
    def chargers(self) -> pd.DataFrame:
        return self.answer.chargers

    @property
    def assignment(self) -> pd.DataFrame:
        return self.answer.assignment

    @property
    def proof(self) -> Proof:
        return self.answer.proof

    def told(self, **changed: Any) -> Planned:
        """The same plan with parts of its answer replaced."""
        return replace(self, answer=replace(self.answer, **changed))

    @property
    def value(self) -> float:
        """As `best_value` has it."""
        return self.proof.value_kwh_day if self.proof.cost_cny is None else -self.proof.cost_cny

    @property
    def bound(self) -> float:
        return self.proof.bound_kwh_day if self.proof.cost_bound_cny is None else -self.proof.cost_bound_cny

    def check(self) -> None:
        check_plan(self.town.problem, self.answer)


def planned(town: Town) -> Planned:
    """The plan of a drawn town; draws without any are dropped."""
    try:
        return town.planned()
    except BadInput:
        assume(False)
        raise


def instance_of(town: Town) -> Instance:
    """The instance of a drawn town; draws without a plan are dropped."""
    try:
        return town.instance
    except BadInput:
        assume(False)
        raise


def charger_types(rows: dict[str, dict[str, Any]]) -> pd.DataFrame:
    usual = {
        "kw_rated": 60.0,
        "bays_used": 1.0,
        "coincidence": 0.5,
        "price_cny": 100.0,
        "quota_units": 1.0,
        "min_share": 0.0,
        "max_share": 1.0,
        "max_count": float("nan"),
    }
    return pd.DataFrame.from_dict({k: usual | row for k, row in rows.items()}, orient="index").rename_axis(
        "charger_type"
    )


def counts(rows: dict[tuple[str, str], int]) -> pd.DataFrame:
    """A table ``chargers``: (site_id, charger_type) -> count."""
    index = pd.MultiIndex.from_tuples(list(rows), names=["site_id", "charger_type"])
    return pd.DataFrame({"count": np.array(list(rows.values()), float)}, index=index)


def two_sites(quota: int, **rules: Any) -> Town:
    """A zone at the door of each of two sites, 300 kWh a day each; a dc carries 100 and costs 10; two bays each."""
    sites = pd.DataFrame(
        {
            "name_zh": "站",
            "kind": "parking",
            "district": "d",
            "task_unit": "d",
            "bays": 2.0,
            "grid_kw": 1_000.0,
            "opening_cny": 5.0,
            "min_station": 1.0,
            "institution": "none",
            "lock": "free",
            "modelled": False,
        },
        index=pd.Index(["p1", "p2"], name="site_id"),
    )
    asks = pd.MultiIndex.from_tuples([("z1", "fast"), ("z2", "fast")], names=["zone_id", "service"])
    goes = pd.MultiIndex.from_tuples(
        [("z1", "p1", "drive"), ("z2", "p2", "drive")], names=["zone_id", "site_id", "mode"]
    )
    types = charger_types({"dc": {"service": "fast", "price_cny": 10.0}})
    return Town(
        pd.DataFrame({"energy_kwh_day": 300.0, "reach_m": 500.0}, index=asks),
        sites,
        pd.DataFrame({"metres": 0.0}, index=goes),
        types,
        linear_capacity(types, pd.Series({"dc": 100.0}), 4),
        counts({("p1", "dc"): 1}),
        Siting(quota=quota, **rules),
    )


def tiny_town(seed: int, rule: str | None = None) -> Town:
    """2-4 sites and zones, two types of one or two services; every rule of the program is in some towns.

    `rule` sets how the quota is meant; without it, it is drawn.
    """
    rng = np.random.default_rng(seed)
    kinds = str(rng.choice(["one service", "two services", "with swap"]))
    first = {"service": "fast", "kw_rated": 60.0, "price_cny": 100.0}
    second = {
        "one service": {
            "service": "fast",
            "kw_rated": 120.0,
            "price_cny": 180.0,
            "bays_used": float(rng.integers(1, 3)),
        },
        "two services": {"service": "slow", "kw_rated": 7.0, "price_cny": 10.0},
        "with swap": {
            "service": "swap",
            "kw_rated": 200.0,
            "price_cny": 400.0,
            "bays_used": float(rng.integers(0, 2)),
            "quota_units": 0.0,
            "max_count": float(rng.integers(0, 3)),
        },
    }[kinds]
    if kinds != "with swap" and rng.random() < 0.3:
        second["quota_units"] = 2.0
    if rng.random() < 0.3:
        first["min_share"] = float(rng.choice([0.2, 0.34, 0.5]))
    if rng.random() < 0.3:
        second["max_share"] = float(rng.choice([0.3, 0.5, 0.8]))
    types = charger_types({"a": first, "b": second})
    kwh = pd.Series({"a": float(rng.integers(80, 160)), "b": float(rng.integers(30, 400))})

    n_sites, n_zones = int(rng.integers(2, 5)), int(rng.integers(2, 5))
    names = [f"p{j}" for j in range(1, n_sites + 1)]
    sites = pd.DataFrame(
        {
            "name_zh": names,
            "kind": "parking",
            "district": [str(d) for d in rng.choice(["east", "west"], n_sites)],
            "bays": rng.integers(0, 4, n_sites).astype(float),
            "grid_kw": rng.choice([45.0, 60.0, 95.0, 130.0, 500.0], n_sites),
            "opening_cny": rng.choice([0.0, 50.0, 150.0], n_sites),
            "min_station": rng.choice([1.0, 1.0, 2.0], n_sites),
            "institution": "none",
            "lock": rng.choice(["free", "free", "free", "free", "free", "in", "out"], n_sites),
            "modelled": False,
        },
        index=pd.Index(names, name="site_id"),
    )
    sites.insert(3, "task_unit", sites["district"])
    sites = sites.astype({"institution": object, "lock": object})
    standing = {(j, "a"): 1 for j in names if sites.loc[j, "bays"] >= 1 and rng.random() < 0.2}
    zones = [f"z{i}" for i in range(1, n_zones + 1)]
    demand, access = _demand_and_access(rng, zones, names, sorted(set(types["service"])), missing=0.25, kwh=300.0)

    quota = int(rng.integers(1, 5))
    total = float(quota * 100 + 150 * n_sites)
    siting = Siting(
        quota=quota,
        quota_rule=rule or str(rng.choice(["exactly", "at_most"])),
        budget_cny=None if rng.random() < 0.4 else round(float(rng.uniform(0.3, 1.2)) * total),
        edge_worth=float(rng.choice([0.3, 0.7, 1.0])),
        tasks={str(sites["task_unit"].iloc[0]): 1} if rng.random() < 0.3 else {},
    )
    existing = counts(standing) if standing else _none()
    return Town(demand, sites, access, types, linear_capacity(types, kwh, 6), existing, siting)


def bent_town(seed: int, question: str | None = None) -> Town:
    """A tiny town with every rule of siting: capacity tables of any shape, standing chargers, feeder groups, floors,
    and either question."""
    rng = np.random.default_rng([seed, 1])
    town = tiny_town(seed)
    table = {}
    for k in town.charger_types.index:
        one = float(town.capacity.loc[(k, 1), "energy_kwh_day"])
        bend = float(rng.choice([0.6, 1.0, 1.5]))  # concave, linear, convex
        table |= {(k, n): round(one * n**bend, 3) for n in range(7)}
        if rng.random() < 0.3:
            table[k, 2] = table[k, 1]  # a flat step, neither
    capacity = pd.DataFrame({"energy_kwh_day": pd.Series(table)}).rename_axis(["charger_type", "count"])
    sites = town.sites.assign(feeder=rng.choice(["f1", "f2", ""], len(town.sites)))
    sites["bays"] += rng.integers(0, 3, len(sites))
    places = town.demand.index.get_level_values("zone_id")
    demand = town.demand.assign(district=np.where(places.isin(["z1", "z2"]), "east", "west"))
    standing = {(j, k): 1 for j in sites.index for k in town.charger_types.index if rng.random() < 0.2}
    use = town.charger_types["bays_used"]
    standing = {
        (j, k): n
        for (j, k), n in standing.items()
        if sum(use[q] for i, q in standing if i == j) <= sites.loc[j, "bays"]
    }
    rules: dict[str, Any] = {}
    if rng.random() < 0.4:
        groups = sorted(set(sites["feeder"]) - {""})
        rules["feeder_kw"] = {g: float(rng.choice([30.0, 60.0, 100.0])) for g in groups[:1]}
    if rng.random() < 0.4:
        rules["floors"] = {d: float(rng.choice([0.1, 0.2, 0.4])) for d in sorted(set(demand["district"]))[:1]}
    if (question or str(rng.choice(["most_service", "least_cost"]))) == "least_cost":
        rules |= {"question": "least_cost", "promise_share": float(rng.choice([0.1, 0.2, 0.4]))}
        opex = town.charger_types.assign(opex_cny_year=float(rng.choice([0.0, 10.0])))
        town = replace(town, charger_types=opex)
    changed = replace(
        town, demand=demand, sites=sites, capacity=capacity, existing=counts(standing) if standing else _none()
    )
    return changed.with_rules(**rules)


def middle_town(
    seed: int, quota: int = 240, size: int = 60, demand_factor: float = 1.0, ac_share: float = 0.2, **rules: Any
) -> Town:
    """60 sites and five times as many zones on 12 x 10 km, three districts, three services, a few standing chargers.

    With about 60,000 kWh a day asked and 240 chargers and 8 swap stations to place, demand and supply are about even.
    """
    rng = np.random.default_rng(seed)
    types = charger_types(
        {
            "ac": {"service": "slow", "kw_rated": 7.0, "price_cny": 5_000.0, "min_share": ac_share, "coincidence": 0.6},
            "dc": {"service": "fast", "kw_rated": 120.0, "price_cny": 80_000.0, "coincidence": 0.6},
            "swap": {
                "service": "swap",
                "kw_rated": 200.0,
                "price_cny": 8e5,
                "bays_used": 2.0,
                "quota_units": 0.0,
                "max_count": 8.0,
            },
        }
    )
    kwh = pd.Series({"ac": 30.0, "dc": 300.0, "swap": 1_500.0})
    names = [f"p{j:02d}" for j in range(size)]
    zones = [f"z{i:03d}" for i in range(5 * size)]
    at = rng.uniform((0, 0), (12_000, 10_000), (size, 2))
    where = rng.uniform((0, 0), (12_000, 10_000), (5 * size, 2))
    sites = pd.DataFrame(
        {
            "name_zh": names,
            "kind": "parking",
            "district": np.array(["west", "middle", "east"], object)[(at[:, 0] // 4_000).astype(int)],
            "task_unit": np.array(["west", "middle", "east"], object)[(at[:, 0] // 4_000).astype(int)],
            "bays": rng.integers(4, 40, size).astype(float),
            "grid_kw": rng.uniform(200, 1_500, size).round(),
            "opening_cny": rng.uniform(1e5, 5e5, size).round(),
            "min_station": 2.0,
            "institution": "none",
            "lock": "free",
            "modelled": False,
        },
        index=pd.Index(names, name="site_id"),
    )
    metres = 1.3 * np.hypot(*(where[:, None, :] - at[None, :, :]).transpose(2, 0, 1))
    people = rng.lognormal(0, 0.8, 5 * size)
    reach = {"slow": 1_500.0, "fast": 3_000.0, "swap": 5_000.0}
    share = {"slow": 4_000.0, "fast": 40_000.0, "swap": 15_000.0}
    demand = pd.DataFrame(
        {
            "energy_kwh_day": np.concatenate([share[s] * demand_factor * people / people.sum() for s in reach]),
            "reach_m": np.repeat(list(reach.values()), 5 * size),
        },
        index=pd.MultiIndex.from_arrays([zones * 3, np.repeat(list(reach), 5 * size)], names=["zone_id", "service"]),
    ).sort_index()
    access = pd.concat(
        [
            pd.Series(m[m <= 5_000], index=_keys(zones, names, mode)[m <= 5_000])
            for mode, m in (("drive", metres.ravel()), ("walk", metres.ravel()))
        ]
    )
    standing = {(j, "dc"): 2 for j in names[::10]}
    return Town(
        demand,
        sites,
        access.to_frame("metres").sort_index(),
        types,
        linear_capacity(types, kwh, 40),
        counts(standing),
        Siting(quota=quota, edge_worth=0.5, **{"rounds": 0, **rules}),
    )


def shuffled(town: Town, seed: int = 0) -> Town:
    """The same tables with their rows in another order."""
    rng = np.random.default_rng(seed)
    names = ("demand", "sites", "access", "charger_types", "capacity", "existing")
    return replace(town, **{n: (t := getattr(town, n)).iloc[rng.permutation(len(t))] for n in names})


def with_a_zone_split(town: Town, share: float) -> Town:
    """The same town, its zone z1 in two rows with the same access: `share` of its energy in the new one."""
    z1_asks, z1_goes = town.demand.loc[["z1"]], town.access.query("zone_id == 'z1'")
    part = z1_asks.assign(energy_kwh_day=z1_asks["energy_kwh_day"] * share).rename({"z1": "z1b"}, level="zone_id")
    rest = town.demand.copy()
    rest.loc[["z1"], "energy_kwh_day"] *= 1 - share
    return replace(
        town,
        demand=pd.concat([rest, part]),
        access=pd.concat([town.access, z1_goes.rename({"z1": "z1b"}, level="zone_id")]),
    )


def best_value(town: Town) -> float | None:
    """The most that any plan is worth, or the negative of the least cost, by trying them all; None without any plan."""
    oracle = _Oracle(town)
    worth = [oracle.worth(new) for new in oracle.plans()]
    return max((w for w in worth if w is not None), default=None)


def worths(town: Town) -> Iterator[tuple[dict[tuple[str, str], int], float]]:
    """Every plan that keeps the rules as (site_id, charger_type) -> count, with its worth as `best_value` has it."""
    oracle = _Oracle(town)
    for new in oracle.plans():
        if (worth := oracle.worth(new)) is not None:
            yield (
                {
                    (j, k): n
                    for j, at in zip(oracle.sites, new, strict=True)
                    for k, n in zip(oracle.kinds, at, strict=True)
                },
                worth,
            )


def keeps_counts(town: Town, chargers: pd.DataFrame) -> bool:
    """Whether new chargers keep every rule of counts, as `best_value` reads the rules."""
    oracle, held = _Oracle(town), chargers["count"].to_dict()
    new = tuple(tuple(int(held.get((j, k), 0)) for k in oracle.kinds) for j in oracle.sites)
    sites = zip(oracle.sites, new, strict=True)
    return all(at in oracle.allowed_at(j) for j, at in sites) and oracle.keeps_totals(new)


def assigned_value(town: Town, chargers: pd.DataFrame) -> float | None:
    """What given new chargers are worth when everyone charges as is best for the town."""
    oracle = _Oracle(town)
    held = chargers["count"].to_dict()
    return oracle.worth(tuple(tuple(int(held.get((j, k), 0)) for k in oracle.kinds) for j in oracle.sites))


class _Oracle:
    """Rules and worth of a plan, a plan being the count of every type at every site, in the order of the tables."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.sites, self.kinds = list(town.sites.index), list(town.charger_types.index)
        self.kwh = town.capacity["energy_kwh_day"].to_dict()
        held = town.existing["count"].to_dict()
        self.standing = {(j, k): int(held.get((j, k), 0)) for j in self.sites for k in self.kinds}
        self.stands = {j: any(self.standing[(j, k)] for k in self.kinds) for j in self.sites}
        self.unit = (town.sites["task_unit"] if "task_unit" in town.sites else town.sites["district"]).to_dict()
        self.served = lru_cache(maxsize=None)(self._served)

    def plans(self) -> Iterator[tuple[tuple[int, ...], ...]]:
        for new in product(*(self.allowed_at(j) for j in self.sites)):
            if self.keeps_totals(new):
                yield new

    def allowed_at(self, j: str) -> list[tuple[int, ...]]:
        """Counts that one site may have."""
        site, types = self.town.sites.loc[j], self.town.charger_types
        use, kw = types["bays_used"], types["kw_rated"] * types["coincidence"]
        taken = sum(self.standing[(j, k)] * use[k] for k in self.kinds)
        least = 0 if self.stands[j] else site["min_station"]
        fine = []
        for new in product(range(5), repeat=len(self.kinds)):
            many = dict(zip(self.kinds, new, strict=True))
            if site["lock"] == "out" and sum(new) > 0:
                continue
            if (sum(new) > 0 or site["lock"] == "in") and sum(new) < least:
                continue
            if taken + sum(n * use[k] for k, n in many.items()) > site["bays"]:
                continue
            if sum(n * kw[k] for k, n in many.items()) <= site["grid_kw"] + 1e-9:
                fine.append(new)
        return fine

    def keeps_totals(self, new: tuple[tuple[int, ...], ...]) -> bool:
        types, siting = self.town.charger_types, self.town.siting
        total = {k: sum(at[c] for at in new) for c, k in enumerate(self.kinds)}
        units = {k: n * types.loc[k, "quota_units"] for k, n in total.items()}
        placed = sum(units.values())
        if placed > siting.quota or (siting.quota_rule == "exactly" and placed != siting.quota):
            return False
        for k in self.kinds:
            low, high = types.loc[k, "min_share"] * siting.quota, types.loc[k, "max_share"] * siting.quota
            if types.loc[k, "quota_units"] > 0 and not low - 1e-9 <= units[k] <= high + 1e-9:
                return False
            if total[k] > types["max_count"].fillna(np.inf)[k]:
                return False
        if siting.budget_cny is not None and self._cost(new, 0.0) > siting.budget_cny:
            return False
        for unit, task in siting.tasks.items():
            here = [at for j, at in zip(self.sites, new, strict=True) if self.unit[j] == unit]
            if sum(n * types.loc[k, "quota_units"] for at in here for k, n in zip(self.kinds, at, strict=True)) < task:
                return False
        if self.town.cover is not None and not self._gives_access(new):
            return False
        for feeder, most in siting.feeder_kw.items():
            here = [at for j, at in zip(self.sites, new, strict=True) if self.town.sites.loc[j, "feeder"] == feeder]
            kw = types["kw_rated"] * types["coincidence"]
            if sum(n * kw[k] for at in here for k, n in zip(self.kinds, at, strict=True)) > most + 1e-9:
                return False
        return True

    def _gives_access(self, new: tuple[tuple[int, ...], ...]) -> bool:
        """A charger for cars near every zone of ``cover``, and at its sites once they open, where one fits alone."""
        assert self.town.cover is not None
        types = self.town.charger_types
        cars = [c for c, k in enumerate(self.kinds) if types.loc[k, "service"] in ("slow", "fast")]
        built = {j: sum(at[c] for c in cars) for j, at in zip(self.sites, new, strict=True)}
        stands = {j: sum(self.standing[(j, self.kinds[c])] for c in cars) for j in self.sites}
        open_ = {j for j, at in zip(self.sites, new, strict=True) if sum(at) or self.town.sites.loc[j, "lock"] == "in"}
        near = self.town.cover.reset_index().groupby("zone_id")["site_id"].agg(list)
        bare = [zone for zone in near if not any(stands[j] for j in zone)]
        return all(any(built[j] for j in zone) for zone in bare) and not any(
            j in open_ and not built[j] and self._fits_alone(j, cars) for zone in bare for j in zone
        )

    def _fits_alone(self, j: str, cars: list[int]) -> bool:
        types, site, quota = self.town.charger_types, self.town.sites.loc[j], self.town.siting.quota
        bays = site["bays"] - sum(self.standing[(j, k)] * types.loc[k, "bays_used"] for k in self.kinds)
        return site["lock"] != "out" and any(
            row["bays_used"] <= bays
            and row["kw_rated"] * row["coincidence"] <= site["grid_kw"] + 1e-9
            and row["quota_units"] <= quota * row["max_share"] + 1e-9
            and not row["max_count"] < 1
            for _, row in types.iloc[cars].iterrows()
        )

    def _cost(self, new: tuple[tuple[int, ...], ...], years: float) -> float:
        """Openings where nothing stands, prices, and so many years of operation."""
        types = self.town.charger_types
        each = types["price_cny"] + (years * types["opex_cny_year"] if years and "opex_cny_year" in types else 0.0)
        cost = sum(n * each[k] for at in new for k, n in zip(self.kinds, at, strict=True))
        opened = [j for j, at in zip(self.sites, new, strict=True) if sum(at) > 0 and not self.stands[j]]
        return float(cost + self.town.sites.loc[opened, "opening_cny"].sum())

    def worth(self, new: tuple[tuple[int, ...], ...]) -> float | None:
        """Worth of the best assignment, or the negative of the cost; None where floors or promise are not kept."""
        town, siting = self.town, self.town.siting
        services = sorted(set(town.charger_types["service"]))
        can = tuple(tuple(self._can(service, new)) for service in services)
        if siting.question == "least_cost":
            rate = siting.discount_rate
            years = sum((1 + rate) ** -t for t in range(1, round(siting.life_years) + 1))
            served = self.served(tuple(services), can)
            kept = (
                served is not None
                and served >= (siting.promise_share or 0) * town.demand["energy_kwh_day"].sum() - 1e-6
            )
            return -self._cost(new, years) if kept else None
        if any(siting.floors.values()):
            return self.served(tuple(services), can)
        return sum(self.served((service,), (c,)) or 0.0 for service, c in zip(services, can, strict=True))

    def _can(self, service: str, new: tuple[tuple[int, ...], ...]) -> Iterator[float]:
        """What every site's chargers of a service carry."""
        kinds = [c for c, k in enumerate(self.kinds) if self.town.charger_types.loc[k, "service"] == service]
        for j, at in zip(self.sites, new, strict=True):
            both = [(self.kinds[c], at[c] + self.standing[(j, self.kinds[c])]) for c in kinds]
            yield sum(self.kwh[(k, n)] for k, n in both if n)

    def _served(self, services: tuple[str, ...], can: tuple[tuple[float, ...], ...]) -> float | None:
        """The best assignment to stations of given kWh a day, as a linear program; None where floors cannot be kept."""
        town, siting = self.town, self.town.siting
        asks = town.demand[town.demand.index.get_level_values("service").isin(services)]
        metres = town.access["metres"].to_dict()
        least_cost = siting.question == "least_cost"
        pairs = [
            (
                i,
                services.index(service) * len(self.sites) + j,
                1.0
                if least_cost
                else 1 - (1 - siting.edge_worth) * (metres[key] / row.reach_m if row.reach_m > 0 else 0.0),
            )
            for i, ((zone, service), row) in enumerate(zip(asks.index, asks.itertuples(), strict=True))
            for j, site in enumerate(self.sites)
            if (key := (zone, site, MODE[service])) in metres and metres[key] <= row.reach_m
        ]
        floors = {
            d: share * town.demand["energy_kwh_day"][town.demand["district"] == d].sum()
            for d, share in siting.floors.items()
        }
        if not pairs:
            return None if max(floors.values(), default=0.0) > 1e-6 else 0.0
        stations = [kwh for of_service in can for kwh in of_service]
        rows = [i for i, _, _ in pairs] + [len(asks) + js for _, js, _ in pairs]
        ends = csr_matrix(
            (np.ones(2 * len(pairs)), (rows, [*range(len(pairs))] * 2)), shape=(len(asks) + len(stations), len(pairs))
        ).toarray()
        kept = [[-float(asks["district"].iloc[i] == d) for i, _, _ in pairs] for d in floors]
        limits = np.concatenate([asks["energy_kwh_day"].to_numpy(float), stations, [1e-7 - f for f in floors.values()]])
        rules = np.vstack([ends, *kept]) if kept else ends
        solved = linprog([-worth for _, _, worth in pairs], A_ub=rules, b_ub=limits, method="highs")
        assert solved.status in (0, 2)
        return -float(solved.fun) if solved.status == 0 else None


def _demand_and_access(
    rng: np.random.Generator, zones: list[str], sites: list[str], services: list[str], missing: float, kwh: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    asks = pd.MultiIndex.from_product([zones, services], names=["zone_id", "service"])
    demand = pd.DataFrame(
        {
            "energy_kwh_day": rng.integers(0, int(kwh), len(asks)).astype(float),
            "reach_m": rng.choice([500.0, 1_000.0, 2_000.0], len(asks)),
        },
        index=asks,
    )
    keys = pd.MultiIndex.from_product([zones, sites, ["drive", "walk"]], names=["zone_id", "site_id", "mode"])
    access = pd.DataFrame({"metres": rng.integers(0, 1_500, len(keys)).astype(float)}, index=keys)
    return demand, access[rng.random(len(keys)) >= missing]


def _keys(zones: list[str], sites: list[str], mode: str) -> pd.MultiIndex:
    return pd.MultiIndex.from_product([zones, sites, [mode]], names=["zone_id", "site_id", "mode"])


def _none() -> pd.DataFrame:
    index = pd.MultiIndex.from_arrays([[], []], names=["site_id", "charger_type"])
    return pd.DataFrame({"count": np.zeros(0)}, index=index)


def year_before(late: Town, share: float = 0.6, **rules: object) -> Town:
    """The same town with less demand and half the quota; sites locked in are free until the last year."""
    demand = late.demand.assign(energy_kwh_day=late.demand["energy_kwh_day"] * share)
    sites = late.sites.assign(lock=late.sites["lock"].replace("in", "free")) if "lock" in late.sites else late.sites
    earlier: dict[str, object] = {"quota": late.siting.quota // 2, "tasks": {}, "floors": {}} | rules
    return replace(late, demand=demand, sites=sites).with_rules(**earlier)


def worths_of_years(early: Town, late: Town, weight: float) -> list[float]:
    """The weighted mean worth of every pair of plans of two years where what is built stays."""
    before, after = list(worths(early)), list(worths(late))
    return [
        (one + weight * two) / (1 + weight)
        for held, one in before
        for more, two in after
        if all(n <= more.get(key, 0) for key, n in held.items())
    ]
