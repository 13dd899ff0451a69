"""Going on from a previous plan: an equal problem gives it back, a changed one keeps its rules under a true bound."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from helpers.towns import Planned, Town, middle_town, shuffled, two_sites
from planner.siting import Effort, check_plan, choose_sites
from planner.siting.choose import SolverParams
from planner.siting.city.certificate import Prices, upper_bound
from planner.siting.city.city import CityParams
from planner.siting.model.merge import merge_demands
from planner.siting.start import fingerprint, start_from


@pytest.fixture(scope="module", autouse=True)
def as_in_a_city() -> Iterator[None]:
    """Every town is planned by the method for cities, with few moves."""
    with pytest.MonkeyPatch.context() as changed:
        # never the solver; whatever is found from an earlier plan is taken
        params = SolverParams(at_once_pairs=0, whole_pairs=0, nearly_share=1.0)
        changed.setattr("planner.siting.choose.PARAMS", params)
        changed.setattr("planner.siting.city.city._PARAMS", CityParams(least_moves=0))
        yield


@pytest.fixture(scope="module")
def town() -> Town:
    return middle_town(1, size=40, quota=160)


@pytest.fixture(scope="module")
def plan(town: Town) -> Planned:
    planned: Planned = town.planned()
    return planned


def gone_on(town: Town, plan: Planned, effort: Effort | None = None) -> Planned:
    """The plan of a town from a plan of another, checked."""
    found = choose_sites(town.problem, effort, plan.answer)
    check_plan(town.problem, found)
    return Planned(town, found)


def test_an_equal_problem_gives_the_plan_back(town: Town, plan: Planned) -> None:
    again = gone_on(shuffled(town), plan)
    pd.testing.assert_frame_equal(again.chargers, plan.chargers)
    pd.testing.assert_frame_equal(again.assignment, plan.assignment)
    assert again.proof == plan.proof
    assert again.proof.reproducible


def test_an_equal_problem_is_tried_again_where_someone_asks_for_more(town: Town, plan: Planned) -> None:
    again = gone_on(town, plan, Effort(1e-4, 0, asked=True))
    assert again.proof.bound_kwh_day <= plan.proof.bound_kwh_day * (1 + 1e-9)
    assert not again.proof.reproducible


def test_the_fingerprint_sees_every_table_and_the_rules(town: Town) -> None:
    changed: list[Callable[[Town], Town]] = [
        lambda t: t.with_cells("demand", t.demand.index[0], energy_kwh_day=1.0),
        lambda t: t.with_cells("sites", "p00", bays=99.0),
        lambda t: t.with_cells("sites", "p00", lock="out"),
        lambda t: t.with_cells("access", t.access.index[0], metres=1.0),
        lambda t: t.with_cells("charger_types", "ac", min_share=0.01),
        lambda t: t.with_rules(quota=161),
        lambda t: t.with_rules(gap_share=0.01),
        lambda t: t.with_rules(tasks={"west": 3}),
    ]
    towns = [town, *(change(town) for change in changed)]
    assert len({fingerprint(t.instance, t.siting) for t in towns}) == len(towns)
    assert fingerprint(shuffled(town).instance, town.siting) == fingerprint(town.instance, town.siting)


def test_the_prices_prove_the_bound_anew(town: Town, plan: Planned) -> None:
    x = town.instance
    price = plan.answer.prices
    assert price.index.is_unique
    rules = [f"demand({zone},{service})" for zone, service in x.demand_ids]
    prices = Prices(
        price[rules].to_numpy(float), price[list(x.limits.names)].to_numpy(float), np.zeros(0), price["promise"]
    )
    assert upper_bound(x, prices) == pytest.approx(plan.proof.bound_kwh_day, rel=1e-9)


def busiest(plan: Planned) -> str:
    return str(plan.chargers["count"].groupby("site_id").sum().idxmax())


CHANGES: dict[str, Callable[[Town, Planned], Town]] = {
    "locked out": lambda town, plan: with_site(town, busiest(plan), lock="out"),
    "locked in": lambda town, plan: with_site(town, empty_site(town, plan), lock="in"),
    "fewer bays": lambda town, plan: with_site(town, busiest(plan), bays=3.0),
    "more chargers": lambda town, plan: town.with_rules(quota=166),
    "a site less": lambda town, plan: without_site(town, busiest(plan)),
}


def with_site(town: Town, site: str, **cells: Any) -> Town:
    sites = town.sites.copy()
    sites.loc[site, list(cells)] = list(cells.values())
    return replace(town, sites=sites)


def without_site(town: Town, site: str) -> Town:
    access = town.access[town.access.index.get_level_values("site_id") != site]
    existing = town.existing[town.existing.index.get_level_values("site_id") != site]
    return replace(town, sites=town.sites.drop(site), access=access, existing=existing)


def empty_site(town: Town, plan: Planned) -> str:
    held = {*plan.chargers.index.get_level_values("site_id"), *town.existing.index.get_level_values("site_id")}
    return str(next(j for j in town.sites.index if j not in held))


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_changed_problem_is_planned_from_there(town: Town, plan: Planned, change: str) -> None:
    again = gone_on(CHANGES[change](town, plan), plan)
    assert not again.proof.reproducible
    assert again.proof.gap_share <= plan.proof.gap_share + 0.01
    if change in ("locked out", "fewer bays", "a site less"):  # never better than what may use the site
        assert again.proof.value_kwh_day <= plan.proof.bound_kwh_day
        assert again.proof.bound_kwh_day <= plan.proof.bound_kwh_day * (1 + 1e-6)


def test_what_does_not_fit_is_cleared_and_a_lock_gets_its_fewest(town: Town, plan: Planned) -> None:
    full, empty = busiest(plan), empty_site(town, plan)
    changed = with_site(with_site(town, full, bays=0.0), empty, lock="in")
    x = changed.instance
    start = start_from(x, merge_demands(x), plan.answer)
    site = x.site_ids[x.option_site]
    assert set(x.site_ids[start.changed]) == {full, empty}
    assert start.choice.new[site == full].sum() == 0
    assert start.choice.new[site == empty].sum() == 2  # min_station of a middle town
    others = ~site.isin([full, empty])
    before = plan.chargers["count"].reindex(x.option_ids).fillna(0).to_numpy()
    assert (start.choice.new[others] == before[others]).all()


def test_a_rule_that_cannot_be_kept_is_named_as_without_a_previous_plan(
    town: Town, plan: Planned, faults: Callable[..., list[str]]
) -> None:
    impossible = town.with_rules(tasks={"west": 9_999})
    told = faults(lambda: choose_sites(impossible.problem, start=plan.answer))
    assert any("task" in fault and "9,999" in fault for fault in told)


def test_a_small_town_is_solved_whole_whatever_was_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.siting.choose.PARAMS", SolverParams())
    before, after = two_sites(quota=2), two_sites(quota=3)
    anew = after.planned()
    again = choose_sites(after.problem, start=before.planned().answer)
    pd.testing.assert_frame_equal(again.chargers, anew.chargers)
    assert again.proof == anew.proof
    assert again.proof.optimal
