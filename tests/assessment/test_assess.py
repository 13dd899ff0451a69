"""The figures of toytown's plan, each with its arithmetic; data/toytown/README.md has the tables they start from."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.reported_town import assessed
from planner.assessment import Assessment, assign_today, pooling_gain
from planner.assessment.fairness import gini, palma
from planner.assessment.networks import Chargers, priced
from planner.assessment.stations import assess_types
from planner.plan import Plan


@pytest.fixture(scope="module")
def plan(toytown: Plan) -> Plan:
    return toytown


@pytest.fixture(scope="module")
def figures(plan: Plan) -> Assessment:
    return plan.assessment


def counts(rows: dict[tuple[str, str], int]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(list(rows), names=["site_id", "charger_type"])
    return pd.DataFrame({"count": list(rows.values())}, index=index)


def energies(rows: dict[tuple[str, str, str], float]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(list(rows), names=["zone_id", "site_id", "service"])
    return pd.DataFrame({"energy_kwh_day": list(rows.values())}, index=index)


def test_four_figures_in_order_with_the_words_of_the_document(figures: Assessment) -> None:
    assert list(figures.figures.index) == ["well_distributed", "completely_equipped", "convenient", "basically_meets"]
    assert list(figures.figures["word_zh"]) == ["分布合理", "配置完善", "服务便捷", "基本满足"]
    assert list(figures.figures["unit"]) == ["share", "share", "m", "share"]
    for lang in ("zh", "en"):
        assert figures.figures[f"definition_{lang}"].str.len().min() > 15
    assert "norm radius" in figures.figures.loc["well_distributed", "definition_en"]
    assert "服务半径" in figures.figures.loc["well_distributed", "definition_zh"]


def test_well_distributed(figures: Assessment) -> None:
    """Today p3 alone: z1 z2 z3 in its row (0, 500, 1,000 m), z5 (707), z6 (500), z9 (1,000) of norm 1,000."""
    today = (400 + 600 + 200 + 1000 + 400 + 200) / 4000
    assert figures.figures.loc["well_distributed", "today"] == pytest.approx(today)
    assert figures.figures.loc["well_distributed", "plan"] == pytest.approx(1.0)  # the mall is within 707 m of all
    assert set(figures.zones.index[~figures.zones["within_norm_today"]]) == {"z4", "z7", "z8"}


def test_completely_equipped_counts_required_institutions(figures: Assessment) -> None:
    """The hospital is the only one; it has nothing today and two chargers in the plan."""
    assert list(figures.figures.loc["completely_equipped", ["today", "plan"]]) == [0.0, 1.0]


def test_basically_meets_counts_unlocated_chargers_as_served(figures: Assessment) -> None:
    """440 of unlocated chargers and 500 of the one at the station, then 2,600 served, of 4,400."""
    assert figures.figures.loc["basically_meets", "today"] == pytest.approx((440 + 500) / 4400)
    assert figures.figures.loc["basically_meets", "plan"] == pytest.approx((440 + 2600) / 4400)
    assert "11" in figures.figures.loc["well_distributed", "note_zh"]


def test_convenient_is_infinite_where_the_percentile_is_unserved(figures: Assessment) -> None:
    """34 % of the demand is unserved, so the 90th percentile is."""
    assert list(figures.figures.loc["convenient", ["today", "plan"]]) == [math.inf, math.inf]


def test_convenient_is_the_percentile_weighted_by_energy(plan: Plan) -> None:
    """Demand of z1 alone, 90 slow and 270 fast; nine tenths of it are 324."""
    demand = plan.demand.loc[["z1"]]
    near = energies({("z1", "p1", "slow"): 90, ("z1", "p1", "fast"): 234, ("z1", "p2", "fast"): 36})
    far = energies({("z1", "p1", "slow"): 90, ("z1", "p1", "fast"): 233, ("z1", "p2", "fast"): 37})
    lacking = energies({("z1", "p1", "slow"): 90, ("z1", "p1", "fast"): 233})
    metres = [
        assessed(plan, demand=demand, assignment=trips).figures.loc["convenient", "plan"]
        for trips in (near, far, lacking)
    ]
    assert metres == [pytest.approx(0, abs=0.01), pytest.approx(1000, abs=0.01), math.inf]


def test_half_of_the_demand_has_its_metres_beside_nine_tenths(plan: Plan) -> None:
    """Demand of z1 alone, 360: 179 at the door and the rest 1,000 m away put its half (180) at 1,000 m."""
    demand = plan.demand.loc[["z1"]]
    trips = energies({("z1", "p1", "fast"): 179, ("z1", "p2", "fast"): 91, ("z1", "p1", "slow"): 0})
    lacking = energies({("z1", "p1", "fast"): 179})
    metres = [
        assessed(plan, demand=demand, assignment=t).companions.loc["median_metres", "plan"] for t in (trips, lacking)
    ]
    assert metres == [pytest.approx(1000, abs=0.01), math.inf]


def test_companions(figures: Assessment) -> None:
    """1,008 vehicles; today 11 unlocated chargers and one dc (100 kW), then 4 dc and 2 ac (420 kW) more."""
    table = figures.companions
    assert list(table.loc["evs_per_charger", ["today", "plan"]]) == pytest.approx([1008 / 12, 1008 / 18])
    assert list(table.loc["kw_per_ev", ["today", "plan"]]) == pytest.approx([100 / 1008, 520 / 1008])
    assert table.loc["fast_slow_ratio", "plan"] == pytest.approx(5 / 2)
    assert math.isnan(table.loc["fast_slow_ratio", "today"])
    assert table.loc["worst_district_share", "today"] == pytest.approx((1000 + 400 + 200) / 2800)  # 北区: z5 z6 z9
    assert "北区" in table.loc["worst_district_share", "note_zh"]


def test_gini_of_access_is_zero_for_equal_distances_and_follows_its_definition(plan: Plan) -> None:
    """Oracle: mean absolute difference of all pairs of residents, over twice the mean."""
    one = plan.layers.zones.assign(residents=[0, 0, 0, 0, 0, 400, 0, 0, 0])
    equal = assessed(plan, layers=type(plan.layers)(**{**vars(plan.layers), "zones": one}))
    assert equal.companions.loc["gini_access", "today"] == pytest.approx(0, abs=1e-12)
    x, y = plan.layers.zones.geometry.centroid.x, plan.layers.zones.geometry.centroid.y
    metres = np.hypot(x - 601250, y - 4200250).to_numpy()
    people = plan.layers.zones["residents"].to_numpy(float)
    pairs = people[:, None] * people[None, :]
    expected = (pairs * abs(metres[:, None] - metres[None, :])).sum() / (2 * people.sum() * (people * metres).sum())
    assert plan.assessment.companions.loc["gini_access", "today"] == pytest.approx(expected, abs=1e-6)


def test_palma_ratio_of_access(figures: Assessment) -> None:
    """Straight metres to p3, today's only charger, nearest first; the nearest 1,600 of 4,000, the farthest 400.

    z3 0 m (200), z2 and z6 500 m (600, 400), z5 707 m (1,000), z1 and z9 1,000 m (400, 200), z8 and z4 1,118 m
    (600, 400), z7 1,414 m (200). Nearest: 1,000 x 500 + 400 x 707.1; farthest: 200 x 1,414.2 + 200 x 1,118.0.
    With the plan p1, p2 and p3 are at the door of z1, z3 and z5: the nearest 1,600 have no way at all.
    """
    root2, root5 = math.sqrt(2), math.sqrt(5)
    expected = (200 * 1000 * root2 + 200 * 500 * root5) / (1000 * 500 + 400 * 500 * root2)
    assert figures.companions.loc["palma_access", "today"] == pytest.approx(expected, abs=1e-6)
    assert math.isnan(figures.companions.loc["palma_access", "plan"])


def test_palma_and_gini_by_definition() -> None:
    """Person by person: 1,000 people, the 100 with most over the 400 with least; all pairs of people for Gini."""
    rng = np.random.default_rng(0)
    people = rng.multinomial(1000, rng.dirichlet(np.ones(60)))
    amount = rng.lognormal(0, 1, 60)
    each = np.sort(np.repeat(amount, people))
    assert palma(amount, people.astype(float)) == pytest.approx(each[-100:].sum() / each[:400].sum())
    pairs = np.abs(each[:, None] - each[None]).mean() / (2 * each.mean())
    assert gini(amount, people.astype(float)) == pytest.approx(pairs)
    assert palma(np.ones(7), np.arange(1.0, 8.0)) == pytest.approx(0.25)
    assert math.isnan(palma(np.array([1.0, math.inf]), np.ones(2)))
    assert math.isnan(palma(np.array([0.0, 0.0, 1.0]), np.ones(3)))
    assert math.isnan(palma(np.ones(2), np.zeros(2)))


def test_gini_of_the_share_served(plan: Plan) -> None:
    """A tenth everywhere (unlocated) and z5's 675 fast: 775 of its 1,000. So 3,000 people have 0.1, 1,000 have 0.775.

    Their mean is (3 x 0.1 + 0.775) / 4 = 0.26875, the mean difference of pairs 2 x 3/4 x 1/4 x 0.675 = 0.253125.
    """
    result = assessed(plan, assignment=energies({("z5", "p2", "fast"): 675.0}))
    assert result.companions.loc["gini_served", "plan"] == pytest.approx(0.253125 / (2 * 0.26875))


def test_townships(plan: Plan) -> None:
    """A kWh a resident: z7 z8 z9 are 北街道, 1,000; z4 z5 z6 中街道, 1,800; z1 z2 z3 南街道, 1,200, and taxis' 400."""
    table = plan.assessment.townships
    assert list(table.index) == [("北区", "中街道"), ("北区", "北街道"), ("南区", "南街道")]
    assert list(table["residents"]) == [1800, 1000, 1200]
    assert list(table["public_kwh_day"]) == pytest.approx([1800, 1000, 1600])
    assert list(table["within_norm_share_today"]) == pytest.approx([1400 / 1800, 200 / 1000, 1])  # not z4, z7, z8
    zones, names = plan.assessment.zones, plan.layers.zones["township"]
    for (_, town), row in table.iterrows():
        served = zones.loc[names == town, "served_kwh_day"].sum()
        assert (row["served_kwh_day"], row["served_share"]) == (
            pytest.approx(served),
            pytest.approx(served / row["public_kwh_day"]),
        )
    by_district = table.groupby(level="district")[["residents", "public_kwh_day", "served_kwh_day"]].sum()
    expected = plan.assessment.districts.loc[by_district.index, list(by_district)]
    pd.testing.assert_frame_equal(by_district, expected, check_names=False)


def test_townships_that_no_zone_names_have_no_row(plan: Plan) -> None:
    """Columns stay; a zone without a name is in none; of one name in two districts there are two."""
    zones = plan.layers.zones

    def townships(names: pd.Series | None) -> pd.DataFrame:
        changed = zones.drop(columns="township") if names is None else zones.assign(township=names)
        return assessed(plan, layers=type(plan.layers)(**{**vars(plan.layers), "zones": changed})).townships

    for nowhere in (townships(None), townships(pd.Series("", index=zones.index))):
        assert nowhere.empty
        assert list(nowhere.columns) == list(plan.assessment.townships.columns)
        assert nowhere.index.names == ["district", "township"]
    some = townships(zones["township"].mask(zones.index.isin(["z1", "z2"])).replace("北街道", "南街道"))
    assert dict(some["residents"]) == {("北区", "中街道"): 1800, ("北区", "南街道"): 1000, ("南区", "南街道"): 200}


def test_services(figures: Assessment) -> None:
    """Fast: 3,400 public, 340 standing, 2,500 served; slow: 1,000, 100, 100."""
    expected = pd.DataFrame(
        {
            "public_kwh_day": [3400.0, 1000.0],
            "standing_kwh_day": [340.0, 100.0],
            "served_kwh_day": [2840.0, 200.0],
            "unserved_kwh_day": [560.0, 800.0],
            "served_share_today": [840 / 3400, 100 / 1000],
            "served_share": [2840 / 3400, 200 / 1000],
        },
        index=pd.Index(["fast", "slow"], name="service"),
    )
    pd.testing.assert_frame_equal(figures.services, expected, check_index_type=False, rtol=1e-6)


def test_districts_by_code(figures: Assessment) -> None:
    """南区 has the hospital (110 kW, 20,000 + 110,000), 北区 the mall (310 kW, 50,000 + 310,000)."""
    table = figures.districts
    assert list(table.index) == ["南区", "北区"]
    assert list(table["residents"]) == [1200, 2800]
    assert list(table["chargers"]) == [2, 4]
    assert list(table["power_kw"]) == [110.0, 310.0]
    assert list(table["capex_cny"]) == [130_000.0, 360_000.0]
    assert list(table["cny_per_kwh_day"]) == pytest.approx([130_000 / 550, 360_000 / 1550])
    assert list(table["within_norm_share_today"]) == pytest.approx([1.0, 1600 / 2800])
    assert table["served_kwh_day"].sum() == pytest.approx(3040)


def test_tasks_sum_to_the_quota_and_name_zones_without_boundary(plan: Plan) -> None:
    area = plan.scenario.study_area.model_copy(update={"task_zones": ["新区"]})
    tasks = assessed(plan, scenario=plan.scenario.model_copy(update={"study_area": area})).tasks
    assert list(tasks.index) == ["南区", "北区", "新区"]
    assert list(tasks["task"]) == [2, 0, 0]
    assert list(tasks["chargers"]) == [2, 4, 0]
    assert list(tasks["note_zh"]) == ["", "", "未提供边界，计入所在县区"]
    assert tasks.loc["新区", "note_en"] == "no boundary supplied; counted in its districts"


def test_task_unit_with_boundary_takes_its_sites_from_the_district(plan: Plan) -> None:
    unit = plan.layers.districts.iloc[:1].rename_axis("task_unit").set_axis(["新区"])[["geometry"]]
    layers = type(plan.layers)(**{**vars(plan.layers), "task_units": unit.rename_axis("task_unit")})
    area = plan.scenario.study_area.model_copy(update={"task_zones": ["新区"]})
    sites = plan.sites.assign(task_unit=plan.sites["task_unit"].where(plan.sites.index != "p2", "新区"))
    scenario = plan.scenario.model_copy(update={"study_area": area})
    tasks = assessed(plan, layers=layers, sites=sites, scenario=scenario).tasks
    assert dict(tasks["chargers"]) == {"南区": 2, "北区": 0, "新区": 4}
    assert list(tasks["note_zh"]) == ["", "", ""]


def test_sites(figures: Assessment) -> None:
    """The mall: 3 dc and 1 ac, 1,335 worth of fast and 50 of slow; the hospital 454 and 50."""
    mall = figures.sites.loc["p2"]
    assert list(figures.sites.index) == ["p1", "p2"]
    assert [mall[c] for c in ("new_slow", "new_fast", "new_heavy", "new_swap", "new_total")] == [1, 3, 0, 0, 4]
    assert (mall["power_kw"], mall["capex_cny"], mall["rank"], mall["headroom"]) == (310.0, 360_000.0, 1, False)
    assert mall["served_kwh_day"] == pytest.approx(1550)
    assert mall["utilisation"] == pytest.approx(1.0)
    assert mall["metres_mean"] == pytest.approx(825 * 500 / 1550, abs=0.1)  # 675 from the door, 825 from 500 m
    assert "必配公共机构" in figures.sites.loc["p1", "reason_zh"]
    assert "required institution" in figures.sites.loc["p1", "reason_en"]


def test_headroom_where_a_charger_less_would_do(plan: Plan) -> None:
    """Two dc at the mall carry 1,000; 500 served leaves one idle, 501 does not."""
    chargers = counts({("p2", "dc"): 2})
    for kwh, idle in ((500.0, True), (501.0, False)):
        result = assessed(plan, chargers=chargers, assignment=energies({("z5", "p2", "fast"): kwh}))
        assert result.sites.loc["p2", "headroom"] == idle
        assert result.sites.loc["p2", "utilisation"] == pytest.approx(kwh / 1000)


def test_existing_chargers_stand_beside_new_ones(plan: Plan) -> None:
    result = assessed(plan, chargers=counts({("p3", "dc"): 2}), assignment=energies({("z3", "p3", "fast"): 495}))
    station = result.sites.loc["p3"]
    assert (station["existing_total"], station["new_total"], station["power_kw"]) == (1, 2, 200.0)
    assert station["utilisation"] == pytest.approx(495 / 1500)


def test_reasons_for_unserved_energy(plan: Plan) -> None:
    """Fast all served. Slow: z1 and z4 walk to the full p1 and p2; z6 to p3 and z7 to p4 too, which have bays left.

    10,000 of the budget are left: an ac beside p3's standing dc, whose number is the quota's to give; a station of two
    at p4 would be 40,000 + 2 x 10,000.
    """
    fast = plan.demand.xs("fast", level="service")["energy_kwh_day"]
    served = energies({(str(zone), "p2", "fast"): kwh for zone, kwh in fast.items()})
    reason = assessed(plan, assignment=served).zones["reason"]
    assert dict(reason[["z1", "z4", "z6", "z7"]]) == {
        "z1": "full",
        "z4": "full",
        "z6": "quota",
        "z7": "budget",
    }
    gone = plan.access[plan.access.index.get_level_values("zone_id") != "z7"]
    assert assessed(plan, access=gone, assignment=served).zones.loc["z7", "reason"] == "out_of_reach"
    shut = plan.sites.assign(lock=["in", "free", "out", "free"])
    assert assessed(plan, sites=shut, assignment=served).zones.loc["z6", "reason"] == "full"
    no_grid = plan.sites.assign(grid_kw=[200, 200, 200, 9])  # a station there is at least 2 x 5 kW
    assert assessed(plan, sites=no_grid, assignment=served).zones.loc["z7", "reason"] == "full"
    fed = plan.sites.assign(feeder=["f", "f", "g", "g"])
    for left_kw, z6, z7 in ((10.0, "quota", "budget"), (9.0, "quota", "grid"), (4.0, "grid", "grid")):
        siting = plan.scenario.siting.model_copy(update={"feeder_kw": {"g": left_kw}})  # an ac draws 10 x 0.5 kW
        scenario = plan.scenario.model_copy(update={"siting": siting})
        reason = assessed(plan, sites=fed, assignment=served, scenario=scenario).zones["reason"]
        assert (reason["z6"], reason["z7"]) == (z6, z7), left_kw
    for budget, z6 in ((500_000.0, "quota"), (499_999.0, "budget"), (None, "quota")):
        siting = plan.scenario.siting.model_copy(update={"budget_cny": budget})
        scenario = plan.scenario.model_copy(update={"siting": siting})
        assert assessed(plan, assignment=served, scenario=scenario).zones.loc["z6", "reason"] == z6, budget


def test_zone_energy_adds_up(figures: Assessment) -> None:
    zones = figures.zones
    assert zones["public_kwh_day"].sum() == pytest.approx(4400)
    assert zones["unserved_kwh_day"].sum() == pytest.approx(4400 - 3040)
    assert (zones["reason"] != "").equals(zones["unserved_kwh_day"] > 0)


def test_an_empty_plan_is_today(plan: Plan) -> None:
    today = assign_today(plan.problem)
    result = assessed(plan, chargers=plan.chargers.iloc[:0], assignment=today)
    pd.testing.assert_series_equal(result.figures["today"], result.figures["plan"], check_names=False)
    assert result.sites.empty
    assert result.tasks["chargers"].sum() == 0


def test_today_is_not_known_where_chargers_stand_but_none_is_located(plan: Plan) -> None:
    """Eleven stand somewhere: no metres, no institution, no power; 440 of 4,400 are theirs, 1,008 EVs share them."""
    result = assessed(plan, existing=plan.existing.iloc[:0])
    assert list(result.figures["today"]) == pytest.approx([math.nan, math.nan, math.nan, 0.1], nan_ok=True)
    assert "今日未知：另有 11 台无坐标" in result.figures.loc["well_distributed", "note_zh"]
    assert "today is not known: 11 have no location" in result.figures.loc["well_distributed", "note_en"]
    known = result.companions["today"].dropna()
    assert dict(known) == {"evs_per_charger": pytest.approx(1008 / 11)}
    assert result.companions.loc["worst_district_share", "note_en"].startswith("today –, plan ")
    assert result.districts["within_norm_share_today"].isna().all()
    assert result.townships["within_norm_share_today"].isna().all()
    assert result.figures["plan"].notna().all() and result.districts["within_norm_share"].notna().all()


def test_today_is_nothing_where_no_charger_stands(plan: Plan) -> None:
    existing = plan.scenario.existing
    none = existing.unlocated_chargers.model_copy(update={"base": 0.0, "low": 0.0, "high": 0.0})
    update = {"existing": existing.model_copy(update={"unlocated_chargers": none})}
    scenario = plan.scenario.model_copy(update=update)
    result = assessed(plan, existing=plan.existing.iloc[:0], scenario=scenario)
    assert list(result.figures.loc[["well_distributed", "completely_equipped"], "today"]) == [0.0, 0.0]
    assert result.figures.loc["convenient", "today"] == math.inf
    assert result.companions.loc["worst_district_share", "today"] == 0.0
    assert list(result.districts["within_norm_share_today"]) == [0.0, 0.0]


def test_swap_stations_are_counted_beside_piles(plan: Plan) -> None:
    types = plan.charger_types.copy()
    types.loc["dc", ["battery_swap", "quota_units"]] = [True, 0]
    result = assessed(plan, charger_types=types)
    assert list(result.sites["new_swap"]) == [1, 3]
    assert list(result.sites["new_total"]) == [1, 1]
    assert list(result.districts["swap_stations"]) == [1, 3]


def test_inputs_are_left_as_they_were(plan: Plan) -> None:
    before = plan.demand.copy(), plan.sites.copy(), plan.chargers.copy(), plan.assignment.copy()
    assessed(plan)
    for table, copy in zip((plan.demand, plan.sites, plan.chargers, plan.assignment), before, strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(table), pd.DataFrame(copy))


@pytest.mark.slow
def test_city_size_in_seconds(plan: Plan) -> None:
    """Toytown's plan with its 9 zones repeated 2,000 times over: 30,000 demands."""
    copies = 2000
    zones = pd.concat([plan.layers.zones.set_axis(plan.layers.zones.index + f"/{n}") for n in range(copies)])
    access = plan.access.reset_index()
    access = pd.concat([access.assign(zone_id=access["zone_id"] + f"/{n}") for n in range(copies)])
    demand = plan.demand.reset_index()
    demand = pd.concat([demand.assign(zone_id=demand["zone_id"] + f"/{n}") for n in range(copies)])
    layers = type(plan.layers)(**{**vars(plan.layers), "zones": zones.rename_axis("zone_id")})
    assignment = energies({("z5/0", "p2", "fast"): 675.0})
    result = assessed(
        plan,
        layers=layers,
        demand=demand.set_index(["zone_id", "service"]),
        access=access.set_index(["zone_id", "site_id", "mode"]).sort_index(),
        assignment=assignment,
        existing=plan.existing.iloc[:0],
    )
    assert len(result.zones) == 9 * copies


def test_what_the_new_chargers_carry(plan: Plan) -> None:
    """4 fast at 500 kWh and 2 slow at 50; without queues a charger carries the same wherever it stands."""
    types = plan.assessment.types
    assert types["chargers"].to_dict() == {"ac": 2, "dc": 4}
    for column in ("carried_kwh_day", "fixed_kwh_day", "alone_kwh_day"):
        assert types[column].to_dict() == {"ac": 100.0, "dc": 2000.0}


def test_pooling_is_what_a_station_carries_beyond_chargers_alone(plan: Plan) -> None:
    """A station of 4 fast chargers carries 3,000 together, each alone 400; the scenario's fixed figure is 500.

    Where one stands already, three new ones carry 3,000 less the 400 of that one.
    """
    kinds = plan.charger_types.loc[["dc"]]
    index = pd.MultiIndex.from_product([["dc"], [1, 2, 3, 4]], names=["charger_type", "count"])
    capacity = pd.DataFrame({"energy_kwh_day": [400.0, 1100.0, 2000.0, 3000.0]}, index=index)
    problem = replace(plan.problem, charger_types=kinds, capacity=capacity)
    today = priced(counts({("p3", "dc"): 1}), kinds)
    alone = assess_types(Chargers(today, priced(counts({("p2", "dc"): 4}), kinds)), problem)
    assert alone.loc["dc"].tolist() == [4, 3000.0, 2000.0, 1600.0]
    beside = assess_types(Chargers(today, priced(counts({("p3", "dc"): 3}), kinds)), problem)
    assert beside.loc["dc"].tolist() == [3, 2600.0, 1500.0, 1200.0]
    assert pooling_gain(beside) == {
        "carried_kwh_day": 2600.0,
        "fixed_kwh_day": 1500.0,
        "alone_kwh_day": 1200.0,
        "gained_kwh_day": 1100.0,
        "gained_share": pytest.approx(11 / 15),
    }
    assert math.isnan(pooling_gain(beside * 0)["gained_share"])
