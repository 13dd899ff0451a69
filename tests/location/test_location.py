"""The location models: what a hand can check, laws, and the same values as brute force and spopt find."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse.csgraph import shortest_path

from planner.faults import BadInput
from planner.location import (
    Location,
    capacitated_location,
    capacitated_p_median,
    cover_all,
    max_cover,
    p_center,
    p_median,
)
from planner.location.branching import Tree

SLOW = settings(max_examples=60, deadline=None, derandomize=True)


def access_of(pairs: dict[tuple[str, str], float]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(list(pairs), names=["zone_id", "site_id"])
    return pd.DataFrame({"metres": list(pairs.values())}, index=index, dtype=float)


@pytest.fixture
def street() -> pd.DataFrame:
    """Zones a, b, c, d at 0, 10, 20 and 60 on a street, sites 1, 2, 3 at 0, 20 and 50: all metres between them."""
    zones, sites = {"a": 0, "b": 10, "c": 20, "d": 60}, {"1": 0, "2": 20, "3": 50}
    return access_of({(i, j): abs(x - y) for i, x in zones.items() for j, y in sites.items()})


@pytest.fixture
def weights() -> pd.Series:
    return pd.Series({"a": 4.0, "b": 1.0, "c": 2.0, "d": 3.0})


def served(location: Location) -> dict[tuple[str, str], float]:
    return location.assignment["weight"].to_dict()


def test_cover_all_needs_two_sites_where_the_street_is_in_two_parts(street):
    found = cover_all(street, 20)  # 1 or 2 reaches a, b, c; only 3 reaches d (at 10)
    assert (found.value, found.bound, found.proven) == (2, 2, True)
    assert "3" in found.sites
    assert found.assignment.index.get_level_values("zone_id").tolist() == ["a", "b", "c", "d"]
    assert cover_all(street, 60).value == 1  # 1 is 60 from d


def test_max_cover_leaves_out_the_zone_that_weighs_least(street, weights):
    found = max_cover(weights, street, 10, 2)
    # 1 covers a, b (5); 2 covers b, c (3); 3 covers d (3): 1 with 3 makes 8, 1 with 2 makes 7
    assert found.sites.tolist() == ["1", "3"]
    assert (found.value, found.bound, found.proven) == (8, 8, True)
    assert served(found) == {("a", "1"): 4, ("b", "1"): 1, ("d", "3"): 3}


def test_max_cover_leaves_a_zone_without_any_row_uncovered(street, weights):
    found = max_cover(pd.concat([weights, pd.Series({"e": 100.0})]), street, 60, 1)
    assert found.value == 10  # 4 + 1 + 2 + 3, all within 60 of site 1
    assert "e" not in found.assignment.index.get_level_values("zone_id")


def test_p_median_weighs_the_way(street, weights):
    found = p_median(weights, street, 2)
    # 1 and 3: b 10 + c 2 x 20 + d 3 x 10 = 80; 1 and 2: b 10 + d 3 x 40 = 130; 2 and 3: a 80 + b 10 + d 30 = 120
    assert found.sites.tolist() == ["1", "3"]
    assert (found.value, found.bound, found.proven) == (80, 80, True)


def test_p_center_shortens_the_longest_way(street):
    found = p_center(street, 2)
    # 1 and 3: c is 20 from 1, the rest nearer; 2 and 3: a is 20 from 2; 1 and 2: d is 40 from 2
    assert (found.value, found.bound, found.proven) == (20, 20, True)
    assert p_center(street, 3).value == 10  # b and d are 10 from theirs


def test_capacity_sends_a_zone_to_the_farther_site(street, weights):
    capacity = pd.Series({"1": 4.0, "2": 4.0, "3": 3.0})
    found = capacitated_p_median(weights, street, capacity, 3)
    # site 1 is full with a; b goes 10 to 2, which holds c; d goes 10 to 3: 10 + 3 x 10
    assert (found.value, found.proven) == (40, True)
    assert served(found) == {("a", "1"): 4, ("b", "2"): 1, ("c", "2"): 2, ("d", "3"): 3}


def test_a_zone_is_split_where_it_may_be(street, weights):
    capacity = pd.Series({"1": 4.5, "2": 2.5, "3": 3.0})
    found = capacitated_p_median(weights, street, capacity, 3, single_source=False)
    # room beside a, c and d: half of b at 1 and half at 2, 10 each way; with one source b fits nowhere
    assert found.value == pytest.approx(40)
    assert served(found)[("b", "1")] == pytest.approx(0.5)
    with pytest.raises(BadInput, match="cannot be served whole, each from one site, within these capacities"):
        capacitated_p_median(weights, street, capacity, 3)


def test_opening_costs_are_paid_for_every_open_site(street, weights):
    capacity, opening = pd.Series(10.0, index=["1", "2", "3"]), pd.Series({"1": 5.0, "2": 5.0, "3": 200.0})
    found = capacitated_location(weights, street, capacity, opening)
    # without 3: 5 + 5 + b 10 + d 3 x 40 = 140; with 1 and 3: 205 + 80; 1 alone: 5 + 10 + 40 + 180 = 235
    assert (found.value, found.proven) == (140, True)
    standing = capacitated_location(weights, street, capacity, opening, fixed=["3"])
    assert standing.value == 250  # 1, 2, 3: 210 + b 10 + d 30; 1 and 3: 205 + 80 = 285; 2 and 3: 205 + 120 = 325
    assert standing.sites.tolist() == ["1", "2", "3"]


def test_fixed_sites_stand_and_are_counted(street, weights):
    assert cover_all(street, 20, fixed=["1", "2"]).value == 3
    assert max_cover(weights, street, 10, 2, fixed=["2"]).sites.tolist() == ["1", "2"]  # 7 against 6 with 3
    assert p_median(weights, street, 2, fixed=["2"]).value == 120
    assert p_center(street, 2, fixed=["2"]).value == 20
    assert p_center(street, 1, fixed=["2"]).value == 40
    assert p_median(weights, street, 1, fixed=["3"]).value == 4 * 50 + 40 + 2 * 30 + 30


def test_sites_that_add_nothing_fill_up_the_number(street, weights):
    assert max_cover(weights, street, 60, 3).sites.tolist() == ["1", "2", "3"]
    assert len(p_center(street, 3).sites) == 3


def test_a_zone_of_no_weight_still_needs_a_site():
    access = access_of({("a", "1"): 5, ("b", "2"): 7})
    weights = pd.Series({"a": 1.0, "b": 0.0})
    with pytest.raises(BadInput, match="it takes at least 2 sites to serve every zone"):
        p_median(weights, access, 1)
    assert p_median(weights, access, 2).value == 5


# --- brute force ------------------------------------------------------------------------------------------------------


@st.composite
def towns(draw: Callable) -> dict:
    """A few zones and sites with some of their pairs, halves among the weights, up to two fixed sites."""
    zones, sites = [f"z{i}" for i in range(draw(st.integers(1, 5)))], [f"s{j}" for j in range(draw(st.integers(1, 4)))]
    whole = st.integers(0, 12).map(float)
    pairs = {ij: draw(whole) for ij in itertools.product(zones, sites) if draw(st.integers(0, 3))}
    assume({i for i, _ in pairs} == set(zones))
    used = sorted({j for _, j in pairs})
    return {
        "pairs": pairs,
        "access": access_of(pairs),
        "weights": pd.Series({i: draw(st.integers(0, 8)) / 2 for i in zones}),
        "capacity": pd.Series({j: draw(st.integers(1, 8)) * 1.0 for j in used}),
        "opening": pd.Series({j: draw(whole) for j in used}),
        "limit": draw(whole),
        "sites": draw(st.integers(1, len(used))),
        "fixed": draw(st.lists(st.sampled_from(used), max_size=2, unique=True)),
    }


def choices(town: dict, size: int | None) -> list[tuple[str, ...]]:
    sites = town["opening"].index
    sizes = [size] if size else range(1, len(sites) + 1)
    chosen = itertools.chain.from_iterable(itertools.combinations(sites, k) for k in sizes)
    return [c for c in chosen if set(town["fixed"]) <= set(c)]


def way(town: dict, zone: str, opened: tuple[str, ...]) -> float:
    return min(town["pairs"].get((zone, j), np.inf) for j in opened)


def cost_within_capacity(town: dict, opened: tuple[str, ...], single: bool) -> float:
    """Least cost of serving from these sites: every assignment tried, or scipy's linear program."""
    w, capacity, pairs = town["weights"], town["capacity"], town["pairs"]
    usable = [ij for ij in pairs if ij[1] in opened]
    if single:
        options = [[ij for ij in usable if ij[0] == i] for i in w.index]
        fits = (
            plan
            for plan in itertools.product(*options)
            if all(sum(w[i] for i, k in plan if k == j) <= capacity[j] for j in opened)
        )
        return min((sum(w[i] * pairs[i, j] for i, j in plan) for plan in fits), default=np.inf)
    if not usable:
        return np.inf
    serve = np.array([[float(i == zone) for i, _ in usable] for zone in w.index])
    load = np.array([[w[i] * (j == site) for i, j in usable] for site in opened])
    found = linprog([w[ij[0]] * pairs[ij] for ij in usable], load, capacity[list(opened)], serve, np.ones(len(w)))
    return float(found.fun) if found.status == 0 else np.inf


def agree(ask: Callable[[], Location], values: list[float], most: bool = False) -> None:
    """The function answers the best of all values, proven, or refuses where there is none."""
    best = (max if most else min)(values, default=np.inf)
    if not np.isfinite(best):
        with pytest.raises(BadInput):
            ask()
        return
    found = ask()
    assert found.value == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert found.bound == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert found.proven


@SLOW
@given(towns())
def test_cover_all_equals_brute_force(town):
    near = [c for c in choices(town, None) if all(way(town, i, c) <= town["limit"] for i in town["weights"].index)]
    agree(lambda: cover_all(town["access"], town["limit"], fixed=town["fixed"]), [float(len(c)) for c in near])


@SLOW
@given(towns())
def test_max_cover_equals_brute_force(town):
    assume(town["sites"] >= len(town["fixed"]))
    covered = [
        sum(w for i, w in town["weights"].items() if way(town, i, c) <= town["limit"])
        for c in choices(town, town["sites"])
    ]
    args = town["weights"], town["access"], town["limit"], town["sites"], town["fixed"]
    agree(lambda: max_cover(*args), covered, most=True)


@SLOW
@given(towns())
def test_p_median_and_p_center_equal_brute_force(town):
    ways = [[way(town, i, c) for i in town["weights"].index] for c in choices(town, town["sites"])]
    served = [w for w in ways if np.isfinite(w).all()]
    medians = [float(np.dot(w, town["weights"])) for w in served]
    agree(lambda: p_median(town["weights"], town["access"], town["sites"], town["fixed"]), medians)
    agree(lambda: p_center(town["access"], town["sites"], town["fixed"]), [max(w) for w in served])


@SLOW
@given(towns(), st.booleans())
def test_capacitated_models_equal_brute_force(town, single):
    args = town["weights"], town["access"], town["capacity"]
    median = [cost_within_capacity(town, c, single) for c in choices(town, town["sites"])]
    agree(lambda: capacitated_p_median(*args, town["sites"], single_source=single, fixed=town["fixed"]), median)
    located = [town["opening"][list(c)].sum() + cost_within_capacity(town, c, single) for c in choices(town, None)]
    agree(lambda: capacitated_location(*args, town["opening"], single_source=single, fixed=town["fixed"]), located)


# --- larger towns: spopt, laws, answers checked against the tables ----------------------------------------------------


def town_of(zones: int, sites: int, seed: int, reach: float = np.inf) -> tuple[pd.Series, pd.DataFrame]:
    """Points on a square of 100 x 100, their whole metres up to a reach, whole weights."""
    draw = np.random.default_rng(seed)
    x, y = draw.uniform(0, 100, (zones, 2)), draw.uniform(0, 100, (sites, 2))
    metres = np.rint(np.hypot(*(x[:, None] - y[None]).transpose(2, 0, 1)))
    i, j = np.nonzero(metres <= reach)
    zone, site = np.array([f"z{k:03d}" for k in range(zones)]), np.array([f"s{k:03d}" for k in range(sites)])
    index = pd.MultiIndex.from_arrays([zone[i], site[j]], names=["zone_id", "site_id"])
    return pd.Series(draw.integers(1, 20, zones), index=zone).astype(float), pd.DataFrame({"m": metres[i, j]}, index)


@pytest.mark.parametrize("seed", [1, 2])
def test_spopt_finds_the_same_values(seed):
    locate, pulp = pytest.importorskip("spopt.locate"), pytest.importorskip("pulp")
    if int(pulp.__version__.split(".")[0]) >= 4:
        pytest.skip("spopt 0.7 calls PuLP 3 by names that PuLP 4 dropped")
    weights, access = town_of(60, 25, seed)
    metres = access["m"].to_numpy().reshape(60, 25)

    def spopt(model: str, *args: object, **options: object) -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            solved = getattr(locate, model).from_cost_matrix(metres, *args, **options)
            return solved.solve(pulp.getSolver("HiGHS", msg=False)).problem.objective.value()

    assert cover_all(access, 35).value == spopt("LSCP", 35)
    assert max_cover(weights, access, 12, 5).value == spopt("MCLP", weights.to_numpy(), 12, p_facilities=5)
    assert p_median(weights, access, 5).value == pytest.approx(spopt("PMedian", weights.to_numpy(), p_facilities=5))
    assert p_center(access, 5).value == pytest.approx(spopt("PCenter", p_facilities=5))


def asked(weights: pd.Series, access: pd.DataFrame, sites: int = 8) -> dict[str, Location]:
    """All six models of one town, capacities loose enough for one source."""
    ids = access.index.levels[1]
    room = pd.Series(np.ceil(weights.sum() / sites * 1.4), index=ids)
    opening = pd.Series(np.arange(len(ids)) % 7 * 50.0 + 300, index=ids)
    return {
        "cover_all": cover_all(access, 30),
        "max_cover": max_cover(weights, access, 15, sites, effort=0.2),
        "p_median": p_median(weights, access, sites),
        "p_center": p_center(access, sites),
        "capacitated_p_median": capacitated_p_median(weights, access, room, sites),
        "capacitated_location": capacitated_location(weights, access, room, opening, single_source=False),
    }


@pytest.fixture(scope="module")
def middle() -> tuple[pd.Series, pd.DataFrame, dict[str, Location]]:
    weights, access = town_of(90, 40, 5, reach=60)
    return weights, access, asked(weights, access)


def same(found: Location, other: Location) -> None:
    assert found.sites.tolist() == other.sites.tolist()
    assert (found.value, found.bound, found.proven) == (other.value, other.bound, other.proven)
    pd.testing.assert_frame_equal(found.assignment, other.assignment)


def test_row_order_changes_nothing(middle):
    weights, access, found = middle
    again = asked(weights.sample(frac=1, random_state=1), access.sample(frac=1, random_state=2))
    for model, location in found.items():
        same(again[model], location)


def test_other_ids_in_the_same_order_change_only_the_names(middle):
    weights, access, found = middle
    numbers = {name: int(name[1:]) * 10 for level in access.index.levels for name in level}
    renamed = access.rename(index=numbers)
    for model, location in asked(weights.rename(numbers), renamed).items():
        assert location.sites.tolist() == [numbers[j] for j in found[model].sites]
        assert (location.value, location.bound) == (found[model].value, found[model].bound)


def test_answers_hold_against_the_tables(middle):
    weights, access, found = middle
    for model, location in found.items():
        used = access.loc[location.assignment.index, "m"]
        assert set(location.assignment.index.get_level_values("site_id")) <= set(location.sites)
        assert location.proven == pytest.approx(location.value == pytest.approx(location.bound, rel=1e-6))
        if model == "max_cover":
            assert used.max() <= 15 and location.bound >= location.value
            assert location.assignment["weight"].sum() == location.value
            continue
        assert location.bound <= location.value
        amounts = location.assignment["weight"].groupby("zone_id").sum()
        whole = amounts if model in ("cover_all", "p_center") else amounts / weights
        np.testing.assert_allclose(whole, 1.0)
    for model in ("p_median", "capacitated_p_median"):
        table = found[model].assignment["weight"] * access["m"].reindex(found[model].assignment.index)
        assert table.sum() == pytest.approx(found[model].value)
        assert len(found[model].sites) == 8
    load = found["capacitated_p_median"].assignment["weight"].groupby("site_id").sum()
    assert load.max() <= np.ceil(weights.sum() / 8 * 1.4)
    assert found["p_median"].value <= found["capacitated_p_median"].bound + 1e-6


def test_more_sites_and_longer_reach_are_never_worse():
    weights, access = town_of(80, 30, 9)
    covered = [max_cover(weights, access, 12, p, effort=0.2) for p in (3, 4, 5)]
    assert covered[0].value <= covered[1].bound and covered[1].value <= covered[2].bound
    assert max_cover(weights, access, 12, 3).value <= max_cover(weights, access, 16, 3).bound
    assert p_median(weights, access, 4).bound <= p_median(weights, access, 3).value
    assert p_center(access, 4).value <= p_center(access, 3).value
    assert cover_all(access, 45).value <= cover_all(access, 35).value


def test_a_planted_optimum_is_found_and_proven():
    """Twelve far-apart clusters of 40 zones around a site each, eight decoys a cluster at the rim."""
    draw = np.random.default_rng(3)
    pairs = {}
    for k in range(12):
        for n in range(40):
            own = int(draw.integers(1, 10))
            pairs[f"z{k:02d}{n:02d}", f"s{k:02d}0"] = own
            for decoy in range(1, 9):  # a decoy is dearer by 1 for everybody, and beyond 10 for one in four
                pairs[f"z{k:02d}{n:02d}", f"s{k:02d}{decoy}"] = own + 1 + 20 * ((n + decoy) % 4 == 0)
    access = access_of(pairs)
    weights = pd.Series(1.0, index=access.index.levels[0])
    best = access["metres"][access.index.get_level_values("site_id").str.endswith("0")]
    planted = [f"s{k:02d}0" for k in range(12)]
    for found, value in (
        (max_cover(weights, access, 10, 12), 480),  # 12 x 40
        (cover_all(access, 10), 12),
        (p_median(weights, access, 12), best.sum()),
        (p_center(access, 12), best.max()),
    ):
        assert found.sites.tolist() == planted
        assert (found.value, found.bound, found.proven) == (value, value, True)


def test_memory_follows_the_pairs():
    """500,000 zones and 20,000 sites, 1.5 million pairs: dense it would be 80 GB."""
    zone = np.repeat(np.arange(500_000), 3)
    site = (zone // 25 + np.tile([0, 1, 2], 500_000)) % 20_000
    index = pd.MultiIndex.from_arrays([zone, site], names=["zone_id", "site_id"])
    access = pd.DataFrame({"m": np.tile([1.0, 2.0, 3.0], 500_000)}, index=index)
    weights = pd.Series(1.0, index=pd.RangeIndex(500_000))
    found = max_cover(weights, access, 3, 100, effort=0.001)
    # zones 25 k ... 25 k + 24 reach sites k, k + 1, k + 2, so a site covers 75 zones: 100 sites far apart 7,500
    assert found.value == 7_500
    assert found.proven


# --- few sites of many ------------------------------------------------------------------------------------------------


def roads_of(zones: int, seed: int) -> tuple[pd.Series, pd.DataFrame]:
    """A random tree of roads and as many more at random, whole lengths; every zone is a site, by shortest ways."""
    draw = np.random.default_rng(seed)
    ends = [(k, int(draw.integers(k))) for k in range(1, zones)] + draw.integers(0, zones, (zones, 2)).tolist()
    length = np.full((zones, zones), np.inf)
    for a, b in ends:
        length[a, b] = length[b, a] = draw.integers(1, 101)
    ways = shortest_path(np.where(np.isfinite(length), length, 0), directed=False)
    index = pd.MultiIndex.from_product([range(zones)] * 2, names=["zone_id", "site_id"])
    return pd.Series(1.0, index=range(zones)), pd.DataFrame({"m": ways.ravel()}, index)


def median_by_scipy(access: pd.DataFrame, sites: int, fixed: list[int]) -> float:
    """The textbook program, x by pair and then y by site: each zone once, only where open, `sites` open."""
    cost = access["m"].to_numpy()
    n = int(len(cost) ** 0.5)
    zone, site = np.divmod(np.arange(n * n), n)
    one = sparse.csr_matrix((np.ones(n * n), (zone, np.arange(n * n))), (n, n * n + n))
    link = sparse.hstack([sparse.eye(n * n), -sparse.csr_matrix((np.ones(n * n), (np.arange(n * n), site)))])
    count = np.r_[np.zeros(n * n), np.ones(n)]
    rules = [LinearConstraint(one, 1, 1), LinearConstraint(link, ub=0), LinearConstraint(count, sites, sites)]
    least = np.r_[np.zeros(n * n), np.isin(np.arange(n), fixed)]
    solved = milp(np.r_[cost, np.zeros(n)], integrality=count, bounds=Bounds(least, 1), constraints=rules)
    return float(solved.fun)


def random_of(zones: int, seed: int, highest: int) -> tuple[pd.Series, pd.DataFrame]:
    """Costs without any geography, 1 to `highest`: prices alone prove little of them."""
    costs = np.random.default_rng(seed).integers(1, highest + 1, zones * zones).astype(float)
    index = pd.MultiIndex.from_product([range(zones)] * 2, names=["zone_id", "site_id"])
    return pd.Series(1.0, index=range(zones)), pd.DataFrame({"m": costs}, index=index)


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of each tree, how many nodes it had in the end."""
    counts, search = [], Tree.search

    def counted(tree: Tree, work: float) -> float:
        bound = search(tree, work)
        counts.append(tree._numbers)
        return bound

    monkeypatch.setattr(Tree, "search", counted)
    return counts


@pytest.mark.parametrize(
    ("town", "sites", "fixed"),
    [
        (roads_of(60, 1), 3, []),
        (roads_of(40, 2), 4, []),
        (roads_of(60, 35), 4, [7]),
        (roads_of(40, 12), 5, [0, 11]),
        (random_of(25, 1, 100), 4, []),
        (random_of(25, 2, 100), 5, [3]),
        (random_of(25, 3, 4), 3, []),
    ],
)
def test_the_tree_proves_the_value_that_scipy_finds(nodes, town, sites, fixed):
    weights, access = town
    found = p_median(weights, access, sites, fixed)
    assert found.value == pytest.approx(median_by_scipy(access, sites, fixed))
    assert found.proven and set(fixed) <= set(found.sites)
    assert nodes[0] >= 3  # prices alone did not do


def test_a_tree_cut_short_keeps_its_bound_below(nodes):
    weights, access = random_of(40, 4, 100)
    found, rough = p_median(weights, access, 5), p_median(weights, access, 5, effort=1e-9)  # one node, one of HiGHS
    assert found.proven and not rough.proven
    assert rough.bound <= found.value <= rough.value
    assert nodes[0] > nodes[1]


def test_halves_of_weights_and_scale_change_no_choice():
    weights, access = roads_of(60, 6)
    whole, halved = p_median(weights, access, 4), p_median(weights / 2, access * 0.3, 4)
    assert halved.value == pytest.approx(0.15 * whole.value)
    assert whole.proven and halved.proven
