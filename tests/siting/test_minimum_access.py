"""Minimum access: near every inhabited zone where any site allows it stands a charger for cars; and floors that cannot
be met are named with the most that can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from shapely import Point, box

from helpers.solves import by_the_city_method
from helpers.towns import Planned, Town, best_value, charger_types, counts, middle_town, tiny_town, two_sites
from planner import BadInput, make_plan
from planner.access.minimum import sites_within_norm
from planner.capacity.types import for_cars, linear_capacity
from planner.scenario import Scenario
from planner.siting import Answer, choose_sites, largest_floors
from planner.siting.check.plan import BrokenPlan
from planner.siting.choose import SolverParams, tables_of
from planner.siting.city.certificate import upper_bound
from planner.siting.city.city import CityParams, plan_city, replan_city
from planner.siting.effort import Effort
from planner.siting.model.floors import largest_shares, unmet_floors
from planner.siting.model.limits import uncovered_zones
from planner.siting.model.merge import merge_demands
from planner.siting.start import price_table, start_from


@pytest.fixture(scope="module", autouse=True)
def few_moves() -> Iterator[None]:
    """Small towns get few moves of the search per site: seconds, not minutes."""
    with pytest.MonkeyPatch.context() as changed:
        params = CityParams(least_moves=0, few_moves=0, most_moves=120)
        changed.setattr("planner.siting.city.city._PARAMS", params)
        yield


few = settings(derandomize=True, max_examples=30, deadline=None, phases=(Phase.explicit, Phase.generate))


def cover(rows: dict[str, list[str]]) -> pd.DataFrame:
    """Zone -> its sites."""
    pairs = [(zone, site) for zone, sites in rows.items() for site in sites]
    index = pd.MultiIndex.from_arrays([[z for z, _ in pairs], [j for _, j in pairs]], names=["zone_id", "site_id"])
    return pd.DataFrame(index=index)


def with_access(town: Town, rows: dict[str, list[str]]) -> Town:
    return replace(town.with_rules(minimum_access=True), cover=cover(rows))


def drawn_cover(town: Town, seed: int) -> Town:
    """A few zones, each with one to three sites near it."""
    rng = np.random.default_rng([seed, 9])
    sites = list(town.sites.index)
    zones = {f"z{n}": sorted(rng.choice(sites, rng.integers(1, min(3, len(sites)) + 1), replace=False)) for n in (1, 2)}
    return with_access(town, zones)


def stations_with_cars(plan: Planned) -> set[str]:
    cars = for_cars(plan.town.charger_types)
    rows = pd.concat([plan.chargers, plan.town.existing]).reset_index()
    return set(rows.loc[(rows["count"] > 0) & cars.reindex(rows["charger_type"]).to_numpy(bool), "site_id"])


# --- small towns ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@given(st.integers(0, 100_000))
@few
def test_a_plan_with_access_equals_brute_force(seed: int) -> None:
    town = drawn_cover(tiny_town(seed), seed)
    best = best_value(town)
    if best is None:
        with pytest.raises(BadInput):
            town.planned()
        return
    plan = town.planned()
    plan.check()
    assert plan.value == pytest.approx(best, rel=1.1e-4, abs=1e-4)
    assert plan.bound >= best * (1 - 1e-6) - 1e-6


def lonely() -> Town:
    """Two chargers; all 300 kWh are asked at p1, where one dc (100 kWh) stands; nobody charges at p2."""
    town = two_sites(quota=2)
    return town.with_cells("demand", ("z2", "fast"), energy_kwh_day=0.0)


def test_access_takes_a_charger_from_where_it_would_serve_more() -> None:
    """Free: one more fits at p1 (2 bays, one taken): 200 kWh, and the other at p2 serves nobody anyway; with three bays
    both go to p1: 300 kWh. With access at p2 one has to stand there: 200 kWh."""
    town = lonely().with_cells("sites", "p1", bays=3.0)
    free = town.planned()
    assert free.value == pytest.approx(300)
    fair = with_access(town, {"z2": ["p2"]}).planned()
    fair.check()
    assert fair.value == pytest.approx(200)
    assert fair.chargers["count"].to_dict() == {("p1", "dc"): 1, ("p2", "dc"): 1}


def test_where_a_charger_for_cars_stands_nothing_is_asked() -> None:
    town = with_access(lonely().with_cells("sites", "p1", bays=3.0), {"z1": ["p1"], "z2": ["p1", "p2"]})
    assert not town.instance.limits.is_access.any()
    assert not town.instance.min_cars.any()
    assert town.planned().value == pytest.approx(300)


def test_neither_swap_stations_nor_truck_chargers_help() -> None:
    """A truck charger stands at p1, and one more is all that anyone asks for; access asks for a dc, which fits both."""
    town = two_sites(quota=1)
    types = charger_types(
        {"dc": {"service": "fast", "price_cny": 10.0}, "truck": {"service": "heavy", "price_cny": 10.0}}
    )
    asks = pd.MultiIndex.from_tuples([("z1", "heavy")], names=["zone_id", "service"])
    town = replace(
        town,
        charger_types=types,
        capacity=linear_capacity(types, pd.Series({"dc": 100.0, "truck": 100.0}), 4),
        demand=pd.DataFrame({"energy_kwh_day": 300.0, "reach_m": 500.0}, index=asks),
        existing=counts({("p1", "truck"): 1}),
    )
    assert town.planned().chargers["count"].to_dict() == {("p1", "truck"): 1}
    fair = with_access(town, {"z1": ["p1"]}).planned()
    fair.check()
    assert fair.chargers["count"].to_dict() == {("p1", "dc"): 1}
    swap = types.assign(battery_swap=[True, False])
    assert not for_cars(swap).any()
    assert for_cars(types).to_dict() == {"dc": True, "truck": False}


def test_zones_whose_access_follows_from_others_ask_for_nothing_more() -> None:
    """b has all of a's sites, c and d the same ones: two rows are left; the rule of cars holds at all their sites."""
    town = middle_town(1, size=8)
    standing = set(town.existing.index.get_level_values("site_id"))
    p, q, r = [j for j in town.sites.index if j not in standing][:3]
    x = with_access(town, {"a": [p], "b": [p, q], "c": [q, r], "d": [r, q]}).instance
    assert [name for name in x.limits.names if name.startswith("access")] == ["access(a)", "access(c)"]
    assert set(x.site_ids[x.min_cars > 0]) == {p, q, r}
    rows = x.limits.opening[np.flatnonzero(x.limits.is_access)].toarray()
    assert [set(x.site_ids[row > 0]) for row in rows] == [{p}, {q, r}]


def test_zones_stay_in_the_order_of_their_ids() -> None:
    town = middle_town(1, size=8)
    standing = pd.DataFrame(0, index=town.sites.index, columns=town.charger_types.index)
    left = uncovered_zones(cover({"b": ["p01", "p00"], "a": ["p02"]}), standing, town.charger_types)
    assert left.to_numpy().tolist() == [["a", "p02"], ["b", "p00"], ["b", "p01"]]


# --- refused --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(lambda t: replace(t, cover=None), "no table cover", id="no table"),
        pytest.param(lambda t: replace(t, cover=cover({"z": ["p9"]})), "unknown sites p9", id="unknown site"),
        pytest.param(lambda t: replace(t, cover=t.access.droplevel("site_id")), "site_id missing", id="no such level"),
        pytest.param(
            lambda t: replace(t.with_cells("sites", "p2", lock="out"), cover=cover({"z2": ["p2"]})),
            "none of its sites can hold a charger for cars",
            id="no room",
        ),
    ],
)
def test_a_table_that_says_nothing_useful_is_refused(
    spoil: Callable[[Town], Town], words: str, faults: Callable[..., list[str]]
) -> None:
    town = spoil(with_access(lonely(), {"z2": ["p2"]}))
    assert words in "\n".join(faults(town.planned))


@pytest.mark.parametrize(
    ("rules", "where", "words"),
    [
        pytest.param({"quota": 1}, "minimum_access", "not all of 2 zones can have a charger for cars", id="quota"),
        pytest.param(
            {"quota": 2, "quota_rule": "at_most", "budget_cny": 14.0},
            "budget_cny",
            "14 CNY allowed, at least 30 CNY needed beside fewest chargers of a site, minimum access",
            id="budget",
        ),
    ],
)
def test_access_that_cannot_be_met_is_named(
    rules: dict[str, Any], where: str, words: str, faults: Callable[..., list[str]]
) -> None:
    """Two zones at two sites without a charger: one charger is not enough, nor is money for less than 2 (10 + 5)."""
    town = replace(two_sites(**rules), existing=two_sites(1).existing.iloc[:0])
    (fault,) = faults(with_access(town, {"z1": ["p1"], "z2": ["p2"]}).planned)
    assert fault.startswith(f"scenario, key siting.{where}: ")
    assert words in fault


def test_check_plan_rejects_a_plan_without_access() -> None:
    free = lonely().with_cells("sites", "p1", bays=3.0).planned()
    with pytest.raises(BrokenPlan, match="access of z2: no charger for cars"):
        replace(free, town=with_access(free.town, {"z2": ["p2"]})).check()
    with pytest.raises(BrokenPlan, match="no table cover"):
        replace(free, town=free.town.with_rules(minimum_access=True)).check()


# --- at city size ---------------------------------------------------------------------------------------------------


def covered_town(seed: int = 1) -> Town:
    """Forty sites; sixteen zones with one to three sites near them, some where only swap stations would go."""
    town = middle_town(seed, size=40, quota=160)
    rng = np.random.default_rng(seed)
    return with_access(
        town, {f"z{n:03d}": sorted(rng.choice(town.sites.index, rng.integers(1, 4), replace=False)) for n in range(16)}
    )


def test_the_city_method_gives_access_under_a_bound_that_holds() -> None:
    town = covered_town()
    assert town.instance.limits.is_access.sum() > 8
    plain = by_the_city_method(replace(town, cover=None).with_rules(minimum_access=False))
    with pytest.raises(BrokenPlan, match="access"):
        replace(plain, town=town).check()
    city = by_the_city_method(town)
    city.check()
    assert town.cover is not None
    held = stations_with_cars(city)
    assert all(set(sites) & held for _, sites in town.cover.reset_index().groupby("zone_id")["site_id"])
    for j in town.instance.site_ids[town.instance.min_cars > 0]:
        here = city.chargers[city.chargers.index.get_level_values("site_id") == j]
        assert here.empty or here.index.get_level_values("charger_type").isin(["ac", "dc"]).any()
    assert city.value <= city.bound
    assert city.proof.gap_share < 0.06


def test_a_plan_without_access_is_gone_on_from() -> None:
    town = covered_town()
    free = replace(town, cover=None).with_rules(minimum_access=False)
    before, x = free.instance, town.instance
    plain = by_the_city_method(free)
    _, _, paid = plan_city(before, Effort(0.005), lambda *_: None)
    prices = price_table(before, merge_demands(before), paid)
    earlier = replace(plain.answer, prices=prices)
    merged = merge_demands(x)
    choice, bound, found = replan_city(merged.instance, start_from(x, merged, earlier), Effort(0.005), lambda *_: None)
    chargers, assignment = tables_of(x, merged.apart(choice))
    proof = replace(plain.proof, value_kwh_day=choice.value(merged.instance), bound_kwh_day=bound)
    Planned(town, Answer(chargers, assignment, proof)).check()
    assert upper_bound(merged.instance, found) == pytest.approx(bound, rel=1e-9)


# --- from geometry --------------------------------------------------------------------------------------------------


def test_cover_lists_what_lies_within_the_norm_and_can_hold_a_charger_for_cars() -> None:
    """Zones of 100 m at x = 50, 1,050 and 2,050; sites at x = 50 (1 bay), 550 (4 bays), 1,950 (locked out); 2 fewest.

    At 550 two dc fit: 500 m from the first and the second centroid, within 500 m of both. At 50 only one fits, at
    1,950 none may. The third zone lies beyond everything; so does the one without residents, near as it is."""
    zones = gpd.GeoDataFrame(
        {"norm_m": 500.0, "residents": [5, 5, 5, 0]},
        geometry=[box(x, 0, x + 100, 100) for x in (0, 1_000, 2_000, 500)],
        index=pd.Index(["a", "b", "c", "nobody"], name="zone_id"),
        crs="EPSG:32649",
    )
    sites = gpd.GeoDataFrame(
        {"bays": [1.0, 4.0, 9.0], "grid_kw": 500.0, "min_station": 2.0, "lock": ["free", "free", "out"]},
        geometry=[Point(x, 50) for x in (50, 550, 1_950)],
        index=pd.Index(["p1", "p2", "p3"], name="site_id"),
        crs="EPSG:32649",
    )
    types = charger_types({"dc": {"service": "fast"}, "truck": {"service": "heavy"}})
    none = counts({("p1", "dc"): 1}).iloc[:0]
    assert sites_within_norm(zones, sites, types, none)["metres"].to_dict() == {("a", "p2"): 500.0, ("b", "p2"): 500.0}
    standing = sites_within_norm(zones, sites, types, counts({("p1", "dc"): 1}))  # its bay is taken, but it is there
    assert list(standing.index) == [("a", "p1"), ("a", "p2"), ("b", "p2")]
    trucks = sites_within_norm(zones, sites, types, counts({("p1", "truck"): 1, ("p2", "truck"): 4}))
    assert trucks.empty


def test_toytown_planned_with_access_reaches_everyone_who_can_be(variant: Callable[[str], Scenario]) -> None:
    plan = make_plan(variant("[siting]\nminimum_access = true\n"))
    near = sites_within_norm(plan.layers.zones, plan.sites, plan.charger_types, plan.existing)
    zones = plan.assessment.zones
    assert zones.loc[near.index.unique("zone_id"), "within_norm"].all()
    assert not zones.loc[zones.index.difference(near.index.unique("zone_id")), "within_norm"].any() or (
        plan.layers.zones.loc[zones.index[zones["within_norm"]], "residents"].eq(0).any()
    )


# --- floors that cannot be met --------------------------------------------------------------------------------------


def halved(**floors: float) -> Town:
    """z1 in a, z2 in b, 300 kWh each; one dc of 100 kWh stands at p1, where one more fits, two at p2."""
    town = two_sites(quota=2)
    return replace(town, demand=town.demand.assign(district=["a", "b"])).with_rules(floors=floors)


def test_the_largest_floor_is_what_a_district_could_have_alone() -> None:
    """a: the standing one and one more, 200 of 300 kWh; b: both new ones, 200 of 300."""
    town = halved()
    found = largest_floors(town.problem)
    assert found.to_dict() == pytest.approx({"a": 2 / 3, "b": 2 / 3}, abs=0.01)
    assert (found >= 2 / 3 - 1e-9).all()


def test_floors_above_it_are_named_with_it() -> None:
    x = halved(a=0.9, b=0.2).instance
    assert (largest_shares(x) >= 2 / 3 - 1e-9).all()
    (fault,) = unmet_floors(x)
    assert fault.where == "scenario, key siting.floors"
    assert "floor of a: 0.9 of the demand asked, at most 0.66" in fault.en


def with_townships(town: Town, *names: str) -> Town:
    """Zones z1, z2, ... in townships of their own."""
    zones = sorted(set(town.demand.index.get_level_values("zone_id")))
    of = dict(zip(zones, names, strict=True))
    return town.with_cells("demand", township=[of[z] for z in town.demand.index.get_level_values("zone_id")])


def test_floors_by_township() -> None:
    """Two chargers of 100 kWh for two zones of 300 each: either township alone can have two thirds, each a third."""
    town = with_townships(halved(), "东街", "西街")
    assert town.with_rules(floors={"东街": 0.6}).planned().assignment["energy_kwh_day"]["z1"].sum() >= 180
    assert town.with_rules(floors={"西街": 0.6}).planned().assignment["energy_kwh_day"]["z2"].sum() >= 180
    with pytest.raises(BadInput, match=r"floor of 东街: 0\.9 of the demand asked, at most"):
        town.with_rules(floors={"东街": 0.9}).planned()
    both = largest_floors(town.with_rules(floors={"东街": 0.1}).problem)
    assert list(both.index) == ["东街", "西街"]


def test_toytown_with_a_floor_by_township(variant: Callable[[str], Scenario]) -> None:
    """z7, z8 and z9 (北街道) are asked 900 kWh beyond the 100 of unlocated chargers: six tenths of it are 540."""
    shares = []
    for toml in ("", '[siting.floors]\n"北街道" = 0.6'):
        plan = make_plan(variant(toml))
        home = plan.demand["township"].reindex(plan.assignment.index.droplevel("site_id")).to_numpy()
        shares.append(float(plan.assignment["energy_kwh_day"][home == "北街道"].sum()) / 900)
    assert shares[0] < 0.6 <= shares[1] + 1e-9


@pytest.mark.parametrize(
    ("names", "floors", "words"),
    [
        (("东街", "西街"), {"北街": 0.1}, "no demand in 北街; districts: "),
        (("东街", "西街"), {"东街": 0.1, "DISTRICT": 0.1}, "give floors of districts only or of townships only"),
        (("东街", "东街"), {"东街": 0.1}, "townships 东街 lie in several districts; rename them in the zones"),
    ],
)
def test_floors_of_areas_that_do_not_go_together(names: tuple[str, ...], floors: dict[str, float], words: str) -> None:
    town = with_townships(halved(), *names)
    district = sorted(set(town.demand["district"]))[0]
    rules = {name.replace("DISTRICT", district): share for name, share in floors.items()}
    with pytest.raises(BadInput, match=words):
        town.with_rules(floors=rules).planned()


def test_a_city_names_the_floor_that_it_misses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the look ahead of small towns: the district's own most is proven after the search has failed."""
    monkeypatch.setattr("planner.siting.choose.PARAMS", SolverParams(at_once_pairs=0, whole_pairs=0))
    monkeypatch.setattr("planner.siting.choose.conflicts", lambda x: [])
    with pytest.raises(BadInput, match=r"floor of a: 0\.9 of the demand asked, at most 0\.66"):
        choose_sites(halved(a=0.9, b=0.2).problem)
