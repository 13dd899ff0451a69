"""The second stage: with more chargers than the demand needs, the value is held and spare capacity is spread."""

import numpy as np
import pandas as pd
import pytest

from planner.capacity.types import linear_capacity
from planner.siting import Problem, check_plan, choose_sites
from planner.siting.city.headroom import beyond_need, spread_headroom
from planner.siting.city.region import Choice
from planner.siting.model.instance import Instance, make_instance

TYPES = pd.DataFrame(
    {
        "service": "fast",
        "kw_rated": 60.0,
        "bays_used": 1,
        "coincidence": 0.5,
        "price_cny": 50_000.0,
        "quota_units": 1,
        "min_share": 0.0,
        "max_share": 1.0,
        "max_count": np.nan,
    },
    index=pd.Index(["dc"], name="charger_type"),
)
CAPACITY = linear_capacity(TYPES, pd.Series({"dc": 100.0}), 50)
SITES = pd.DataFrame(
    {
        "name_zh": ["东站", "西站"],
        "kind": "station",
        "district": ["东区", "西区"],
        "task_unit": ["东区", "西区"],
        "bays": 20,
        "grid_kw": 1_000.0,
        "opening_cny": 0.0,
        "min_station": 1,
        "institution": "none",
        "lock": "free",
        "modelled": False,
    },
    index=pd.Index(["east", "west"], name="site_id"),
)
DEMAND = pd.DataFrame(
    {"energy_kwh_day": [300.0, 100.0], "reach_m": 1_000.0},
    index=pd.MultiIndex.from_tuples([("z1", "fast"), ("z2", "fast")], names=["zone_id", "service"]),
)
ACCESS = pd.DataFrame(
    {"metres": [0.0, 0.0]},
    index=pd.MultiIndex.from_tuples(
        [("z1", "east", "drive"), ("z2", "west", "drive")], names=["zone_id", "site_id", "mode"]
    ),
)


def problem(quota: int) -> Problem:
    rules = {"quota": quota, "quota_rule": "exactly"}
    return Problem.from_tables(DEMAND, SITES, ACCESS, TYPES, CAPACITY, rules=rules)


def instance(quota: int) -> Instance:
    return make_instance(problem(quota))


def test_twelve_chargers_where_four_are_needed_are_spread_by_demand() -> None:
    """300 and 100 kWh need 3 and 1 chargers of 100. Of 12, each unit gets spare in the share it is served: 9 and 3
    leave 600 / 300 = 2 and 200 / 100 = 2; any other split leaves one unit less."""
    answer = choose_sites(problem(12))
    assert answer.chargers["count"].to_dict() == {("east", "dc"): 9, ("west", "dc"): 3}
    assert answer.proof.value_kwh_day == pytest.approx(400)
    assert answer.proof.tightness == pytest.approx(12 * 100 / 400)
    check_plan(problem(12), answer)


def test_without_chargers_beyond_need_the_plan_is_left_alone() -> None:
    x = instance(4)
    choice = Choice(new=np.array([3.0, 1.0]), opened=np.ones(2), served=np.array([300.0, 100.0]))
    assert beyond_need(x, choice) == 0
    assert spread_headroom(x, choice) is choice


def test_beyond_need_counts_whole_chargers_only() -> None:
    """250 kWh of 400 leave one whole charger of 100 idle; 100 of 100 leave none."""
    choice = Choice(new=np.array([4.0, 1.0]), opened=np.ones(2), served=np.array([250.0, 100.0]))
    assert beyond_need(instance(5), choice) == 1


def test_who_charges_where_is_held() -> None:
    """Nine idle chargers stood in the east; the energy stays where it was, the chargers move."""
    choice = Choice(new=np.array([11.0, 1.0]), opened=np.ones(2), served=np.array([300.0, 100.0]))
    spread = spread_headroom(instance(12), choice)
    assert list(spread.served) == list(choice.served)
    assert list(spread.new) == [9, 3]
