"""What the location models refuse, by its words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from helpers.texts import check_both
from planner.faults import BadInput
from planner.location import capacitated_location, capacitated_p_median, cover_all, max_cover, p_center, p_median


@pytest.fixture
def access() -> pd.DataFrame:
    """Zone a can go to 1 and 2, b to 2 only."""
    index = pd.MultiIndex.from_tuples([("a", "1"), ("a", "2"), ("b", "2")], names=["zone_id", "site_id"])
    return pd.DataFrame({"metres": [100.0, 300.0, 200.0]}, index=index)


@pytest.fixture
def weights() -> pd.Series:
    return pd.Series({"a": 4.0, "b": 3.0})


def refused(ask: Callable[[], object], *words: str) -> None:
    with pytest.raises(BadInput) as error:
        ask()
    for fault in error.value.faults:
        check_both(fault.text)
    for word in words:
        assert word in str(error.value)
    assert len(error.value.faults) == len([w for w in words if w.endswith(":")] or [1])


def test_a_wrong_index_or_a_second_column_is_named(access, weights):
    flat = access.reset_index()
    refused(lambda: p_center(flat, 1), "access: found index [None]", "index it by (zone_id, site_id) with one column")
    twice = access.assign(minutes=1.0)
    refused(lambda: cover_all(twice, 1), "columns ['metres', 'minutes']", "应以 (zone_id, site_id) 为索引")
    refused(lambda: p_center(access.iloc[:0], 1), "access: the table is empty", "表为空")


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_a_bad_cost_names_its_pair(access, bad):
    access.loc[("a", "2"), "metres"] = bad
    refused(lambda: p_center(access, 1), f"column metres, row a / 2: found {bad}", "a finite number of at least 0")


def test_text_for_a_cost_is_refused(access):
    refused(lambda: p_center(access.astype(str), 1), "column metres: found", "numbers are expected")


def test_missing_and_mixed_ids_are_refused():
    def table(zones: list[object]) -> pd.DataFrame:
        index = pd.MultiIndex.from_arrays([zones, ["1", "2"]], names=["zone_id", "site_id"])
        return pd.DataFrame({"m": [1.0, 2.0]}, index=index)

    refused(lambda: p_center(table(["a", None]), 1), "access, zone_id: missing ids; name every zone and site")
    refused(lambda: p_center(table(["a", 1]), 1), "access, zone_id: text and numbers are mixed; use one kind of id")


def test_a_pair_given_twice_is_named(access, weights):
    both = pd.concat([access, access.iloc[[2]]])
    refused(lambda: p_median(weights, both, 1), "access: found b / 2 more than once; every pair may stand only once")


def test_bad_weights_and_bad_capacities_are_told_together(access, weights):
    weights["b"] = -3
    capacity = pd.Series([5.0, 6.0, np.nan], index=["1", "1", "2"])
    refused(
        lambda: capacitated_p_median(weights, access, capacity, 1),
        "weights, row b: found -3.0; a finite number of at least 0 is expected",
        "capacity: found 1 more than once; every id may stand only once",
        "capacity, row 2: found nan",
        *("weights, row b:", "capacity:", "capacity, row 2:"),
    )


def test_missing_numbers_name_zone_and_site(access, weights):
    refused(lambda: p_median(weights[["a"]], access, 1), "weights, zone b: missing; add a number for it")
    capacity, opening = pd.Series({"1": 9.0}), pd.Series({"1": 1.0, "2": 1.0})
    refused(lambda: capacitated_location(weights, access, capacity, opening), "capacity, site 2: missing; add a number")
    refused(lambda: capacitated_location(weights, access, opening, capacity), "opening_cost, site 2: missing")


def test_an_index_that_is_none_is_refused(access, weights):
    nameless = pd.Series([1.0, 2.0], index=["a", np.nan])
    refused(lambda: p_median(nameless, access, 1), "weights: index it by zone_id, every id named")
    mixed = pd.Series([1.0, 2.0], index=["a", 7])
    refused(lambda: p_median(mixed, access, 1), "weights: text and numbers are mixed in its index; use one kind of id")


@pytest.mark.parametrize("sites", [0, 1.5, True, -2])
def test_a_number_of_sites_is_whole_and_positive(access, weights, sites):
    refused(lambda: p_median(weights, access, sites), f"sites: found {sites}; a whole number of at least 1")


def test_too_many_sites_and_too_many_fixed_ones(access, weights):
    refused(lambda: max_cover(weights, access, 9, 3), "sites: found 3, but there are only 2 sites; ask for fewer")
    refused(
        lambda: max_cover(weights, access, 9, 1, fixed=["1", "2"]),
        "sites: found 1, but 2 fixed sites stand already; ask for at least 2",
    )


def test_unknown_fixed_sites_are_named(access, weights):
    refused(lambda: cover_all(access, 500, fixed=["9", "1"]), "fixed: found 9; no such site in the tables", "不存在")
    refused(lambda: cover_all(access, 500, fixed="north"), "fixed: found north; no such site")


@pytest.mark.parametrize("limit", [-1, np.nan])
def test_a_limit_is_a_number(access, limit):
    refused(lambda: cover_all(access, limit), f"limit: found {limit}; a number of at least 0 is expected")


def test_a_zone_out_of_reach_is_named(access, weights):
    refused(lambda: cover_all(access, 150), "access, zone b: no site can serve it within 150; add a pair or take")
    more = pd.concat([weights, pd.Series({"c": 1.0, "d": 0.0})])
    refused(lambda: p_median(more, access, 1), "access, zone c, d: no site can serve it; add a pair", "没有站点")


def test_too_few_sites_for_every_zone(access, weights):
    far = access.drop(("a", "2"))
    refused(lambda: p_median(weights, far, 1), "sites: found 1, but it takes at least 2 sites to serve every zone")
    refused(lambda: p_center(far, 1), "sites: found 1, but it takes at least 2 sites to serve every zone", "至少需要 2")


def test_too_little_capacity_is_told_with_the_sums(access, weights):
    capacity = pd.Series({"1": 4.0, "2": 2.0})
    refused(
        lambda: capacitated_location(weights, access, capacity, capacity),
        "capacity: found 6 at the 2 largest sites, but the zones weigh 7; add capacity or sites",
        "capacity, zone b: it outweighs every site that can serve it",
        *("capacity:", "capacity, zone b:"),
    )
    refused(
        lambda: capacitated_p_median(weights, access, capacity + 2, 1, single_source=False),
        "capacity: found 6 at the 1 largest sites, but the zones weigh 7",
    )


def test_zones_that_cannot_be_packed_are_refused(access, weights):
    capacity = pd.Series({"1": 3.0, "2": 5.0})
    # a (4) fits only into 2, where b (3) must go too; in parts: 3 of a at 1, the last 1 and b at 2
    refused(
        lambda: capacitated_p_median(weights, access, capacity, 2),
        "capacity: the zones cannot be served whole, each from one site, within these capacities; add capacity",
    )
    assert capacitated_p_median(weights, access, capacity, 2, single_source=False).value == 3 * 100 + 300 + 3 * 200
