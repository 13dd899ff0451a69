"""The demand hour by hour, stocks by year, traffic and bands: by hand on toytown, against networkx, and by laws."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, box

from planner.demand import (
    attractor_weights,
    band_table,
    estimate_demand,
    fleet_energy,
    hourly_load,
    peak_shares,
    within_peak,
)
from planner.demand.hours import fleet_spread
from planner.demand.stocks import stock_at, vehicles_at
from planner.demand.traffic import street_flow
from planner.faults import BadInput
from planner.layers import Layers, read_layers
from planner.plan import Plan
from planner.scenario import Growth, Scenario, TrafficRules, read_scenario

Variant = Callable[[str], Scenario]
Faults = Callable[..., list[str]]

EVENING = """
[profiles.evening]
weekday = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.25, 0.5, 0.25, 0, 0, 0]
weekend = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
reasoning = "Made up."
[fleets.cars.hours]
fast = "evening"
"""


def load_of(layers: Layers, scenario: Scenario) -> pd.DataFrame:
    return hourly_load(layers.zones, layers.places, layers.streets, scenario)


# ---- hours -------------------------------------------------------------------------------------------------------


def test_hours_of_toytown_by_hand(variant: Variant, layers: Layers) -> None:
    load = load_of(layers, variant(EVENING))
    # z5: 1,000 of 4,000 residents. Fast cars 750 kWh: half of it at 19 h. Slow 250 kWh, even: 250 / 24.
    assert load.loc[("z5", "fast"), 19] == pytest.approx(375)
    assert load.loc[("z5", "fast"), 18] == pytest.approx(187.5)
    assert load.loc[("z5", "fast"), 3] == 0
    assert load.loc[("z5", "slow"), 3] == pytest.approx(250 / 24)
    # z3: 150 kWh of cars, and 400 of taxis without a profile: 75 + 400 / 24 at 19 h.
    assert load.loc[("z3", "fast"), 19] == pytest.approx(75 + 400 / 24)


def test_the_design_hour_and_coincidence_by_hand(variant: Variant, layers: Layers) -> None:
    peaks = peak_shares(load_of(layers, variant(EVENING)))
    # fast: 3,000 kWh of cars, half of it at 19 h, and 400 / 24 of taxis; of 3,400 kWh a day
    assert peaks.loc["fast", "hour"] == 19
    assert peaks.loc["fast", "peak_kw"] == pytest.approx(1_500 + 400 / 24)
    assert peaks.loc["fast", "peak_share"] == pytest.approx((1_500 + 400 / 24) / 3_400)
    assert peaks["coincidence"].tolist() == pytest.approx([1.0, 1.0])  # all zones peak at 19 h
    weekend = variant(EVENING + '[season]\nday = "weekend"\n')
    assert peak_shares(load_of(layers, weekend)).loc["fast", "hour"] == 12


def test_peaks_that_do_not_fall_together(variant: Variant, layers: Layers) -> None:
    taxis_at_night = (
        EVENING
        + """
    [profiles.night]
    weekday = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    reasoning = "Made up."
    [fleets.taxis.hours]
    fast = "night"
    """
    )
    peaks = peak_shares(load_of(layers, variant(taxis_at_night)))
    # z3 peaks at 0 h with 400; the other eight zones at 19 h with half of 2,850: 1,500 of all cars over 1,425 + 400
    assert peaks.loc["fast", "coincidence"] == pytest.approx(1_500 / (1_425 + 400))


def test_the_day_and_its_peak_reach_siting(variant: Variant, layers: Layers) -> None:
    scenario = variant(EVENING)
    demand = estimate_demand(layers.zones, layers.places, layers.streets, scenario)
    assert demand.loc[("z5", "fast"), "peak_kw"] == pytest.approx(375)
    assert demand["peak_kw"].groupby("service").sum().to_dict() == pytest.approx(
        {"fast": 1_500 + 400 / 24, "slow": 1_000 / 24}
    )
    dc = scenario.charger_types["dc"]
    share = (1_500 + 400 / 24) / 3_400
    carried = within_peak({"dc": dc}, pd.Series({"dc": 1e6}), demand)
    assert carried["dc"] == pytest.approx(dc.plugs * dc.kw_delivered.base / share)  # the hour's limit over its share
    assert within_peak({"dc": dc}, pd.Series({"dc": 1.0}), demand)["dc"] == 1.0  # no limit where little is carried


def test_two_weekend_days_and_five_weekdays_are_seven_means(variant: Variant, layers: Layers) -> None:
    days = {
        day: fleet_energy(variant(f'[fleets.cars]\nweekend_factor = 0.4\n[season]\nday = "{day}"\n'), layers.zones).loc[
            "cars", "energy_kwh_day"
        ]
        for day in ("weekday", "weekend")
    }
    # mean 5,000; weekday 5,000 x 7 / (5 + 2 x 0.4) = 6,034.5; weekend 0.4 of that
    assert days["weekday"] == pytest.approx(35_000 / 5.8)
    assert days["weekend"] == pytest.approx(0.4 * days["weekday"])
    assert 5 * days["weekday"] + 2 * days["weekend"] == pytest.approx(7 * 5_000)


# ---- conservation ------------------------------------------------------------------------------------------------


def test_everything_again_by_a_plain_loop(variant: Variant, layers: Layers) -> None:
    """Fleet by fleet, service by service, zone by zone, hour by hour, on toytown."""
    scenario = variant(EVENING)
    residents = layers.zones["residents"]
    stations = {"z3": 1}  # the station p3 stands in z3
    expected: dict[tuple[str, str, int], float] = {}
    for name, fleet in scenario.fleets.items():
        season = 1.25 if fleet.kwh_measured_at == "battery" else 1.0  # January: 1 + 0.025 x (20 - 10)
        energy = fleet.vehicles.base * fleet.active_share.base * fleet.km_day.base * fleet.kwh_per_100km.base / 100
        energy = energy * season / (fleet.efficiency.base if fleet.kwh_measured_at == "battery" else 1.0)
        public = energy * fleet.public_share.base * (0.8 if fleet.home_charging else 1.0)
        for service, part in fleet.services.items():
            for zone in layers.zones.index:
                share = stations.get(zone, 0) if name == "taxis" else residents[zone] / residents.sum()
                profile = fleet.hours.get(service)
                for hour in range(24):
                    of_day = scenario.profiles[profile].weekday[hour] if profile else 1 / 24
                    key = (zone, service, hour)
                    expected[key] = expected.get(key, 0.0) + public * part * share * of_day
    load = load_of(layers, scenario)
    found = {(z, s, h): load.loc[(z, s), h] for z, s in load.index for h in range(24)}
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_nothing_is_lost_over_zones_services_and_hours_in_taiyuan() -> None:
    scenario = read_scenario()
    layers = read_layers(scenario.study_area)
    weights = attractor_weights(layers.zones, layers.places, layers.streets, scenario)
    public = fleet_energy(scenario, layers.zones)["public_kwh_day"]
    total = 0.0
    for service in scenario.services:
        energy, shares = fleet_spread(weights, scenario, public, service)
        names = [name for name, fleet in scenario.fleets.items() if fleet.services.get(service, 0) > 0]
        for column, name in enumerate(names):
            of_fleet = public[name] * scenario.fleets[name].services[service]
            by_hour = energy[:, column].sum() * shares[column]
            assert energy[:, column].sum() == pytest.approx(of_fleet, rel=1e-9)
            assert by_hour.sum() == pytest.approx(of_fleet, rel=1e-9)
            total += of_fleet
    load = load_of(layers, scenario)
    assert load.to_numpy().sum() == pytest.approx(total, rel=1e-9)
    energies = fleet_energy(scenario, layers.zones)
    parts = energies[["home_kwh_day", "depot_kwh_day", "public_kwh_day"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(energies["energy_kwh_day"].to_numpy(), rel=1e-12)


@pytest.fixture(scope="module")
def whole(layers: Layers, scenario: Scenario) -> pd.DataFrame:
    return load_of(layers, scenario)


@given(cuts=st.lists(st.floats(0.05, 0.95), min_size=9, max_size=9))
@settings(max_examples=25, deadline=None)
def test_finer_zones_lose_nothing(layers: Layers, scenario: Scenario, whole: pd.DataFrame, cuts: list[float]) -> None:
    """Each zone in two parts, its residents with it: together they ask for what the whole did, hour by hour."""
    parts = []
    for cut, (zone, row) in zip(cuts, layers.zones.iterrows(), strict=True):
        west, south, east, north = row.geometry.bounds
        middle = west + cut * (east - west)
        for name, shape, share in (
            ("a", box(west, south, middle, north), cut),
            ("b", box(middle, south, east, north), 1 - cut),
        ):
            parts.append({**row, "zone_id": f"{zone}{name}", "residents": row["residents"] * share, "geometry": shape})
    finer = gpd.GeoDataFrame(parts, crs=layers.zones.crs).set_index("zone_id")
    found = hourly_load(finer, layers.places, layers.streets, scenario)
    zone = found.index.get_level_values("zone_id").str[:-1]
    again = found.groupby([zone, found.index.get_level_values("service")]).sum()
    assert again.to_numpy() == pytest.approx(whole.to_numpy(), rel=1e-9)


# ---- one assumption changes what it should --------------------------------------------------------------------------


def changed(scenario: Scenario, section: str, name: str, field: str, factor: float) -> Scenario:
    sections = getattr(scenario, section)
    old = getattr(sections[name], field)
    figure = old.model_copy(update={end: getattr(old, end) * factor for end in ("low", "base", "high")})
    new = sections[name].model_copy(update={field: figure})
    return scenario.model_copy(update={section: {**sections, name: new}})


@pytest.mark.parametrize("field", ["vehicles", "active_share", "km_day", "kwh_per_100km"])
@pytest.mark.parametrize("fleet", ["private_electric", "taxi", "heavy_truck"])
def test_a_tenth_more_of_a_fleet_s_figure_is_a_tenth_more_energy_of_that_fleet_alone(field: str, fleet: str) -> None:
    scenario = read_scenario()
    zones = read_layers(scenario.study_area).zones
    before = fleet_energy(scenario, zones)["energy_kwh_day"]
    after = fleet_energy(changed(scenario, "fleets", fleet, field, 1.1), zones)["energy_kwh_day"]
    assert (after / before - 1).round(9).to_dict() == {name: 0.1 if name == fleet else 0.0 for name in before.index}


@pytest.mark.parametrize(
    ("section", "name", "field", "factor", "kwh"),
    [
        ("fleets", "cars", "efficiency", 0.5, +4_000),  # 5,000 become 10,000 at the meter, 80 % of them public
        ("fleets", "cars", "public_share", 0.5, -2_000),
        ("rings", "urban", "home_charging_share", 2.0, -1_000),  # 60 instead of 80 % without home charging, of 5,000
        ("fleets", "taxis", "efficiency", 0.5, 0),  # a meter figure
    ],
)
def test_other_figures_change_public_energy_by_hand(
    layers: Layers, scenario: Scenario, section: str, name: str, field: str, factor: float, kwh: float
) -> None:
    after = fleet_energy(changed(scenario, section, name, field, factor), layers.zones)["public_kwh_day"].sum()
    assert after - 4_400 == pytest.approx(kwh)


# ---- stocks ------------------------------------------------------------------------------------------------------


def curve(kind: str, points: dict[int, float], **more: Any) -> Growth:
    text = {str(year): count for year, count in points.items()}
    return Growth.model_validate({"curve": kind, "points": text, "until": 2040, "reasoning": "Made up.", **more})


def test_curves_by_hand() -> None:
    line = curve("linear", {2020: 100.0, 2022: 300.0})
    assert [stock_at(line, y) for y in (2020, 2021, 2022, 2024)] == pytest.approx([100, 200, 300, 500])
    rate = curve("growth", {2020: 100.0, 2021: 150.0, 2022: 225.0})
    assert stock_at(rate, 2024) == pytest.approx(100 * 1.5**4)


@given(rate=st.floats(0.1, 1.0), middle=st.floats(2015, 2035))
def test_a_logistic_curve_finds_itself(rate: float, middle: float) -> None:
    def stock(year: float) -> float:
        return 1_000 / (1 + np.exp(-rate * (year - middle)))

    found = curve("logistic", {y: stock(y) for y in (2018, 2020, 2022, 2024)}, saturation=1_000)
    assert [stock_at(found, y) for y in (2019, 2030, 2040)] == pytest.approx([stock(2019), stock(2030), stock(2040)])


@given(p=st.floats(0.0005, 0.02), q=st.floats(0.2, 0.7))
@settings(deadline=None)
def test_a_bass_curve_finds_itself(p: float, q: float) -> None:
    def stock(year: float) -> float:
        decay = np.exp(-(p + q) * (year - 2014))
        return float(1_000 * (1 - decay) / (1 + q / p * decay))

    found = curve("bass", {y: stock(y) for y in range(2015, 2025)}, saturation=1_000)
    assert [stock_at(found, y) for y in (2020, 2030)] == pytest.approx([stock(2020), stock(2030)], rel=1e-4)


def test_a_stock_grows_by_the_ratio_of_its_curve(variant: Variant, faults: Faults) -> None:
    growing = """
    year = 2027
    [growth.national]
    curve = "linear"
    points = { 2023 = 10, 2025 = 20 }
    until = 2030
    reasoning = "Made up."
    [fleets.cars]
    vehicles_year = 2025
    grows_with = "national"
    """
    scenario = variant(growing)
    assert vehicles_at(scenario.fleets["cars"], scenario) == pytest.approx(1_500)  # 1,000 x 30 / 20
    assert vehicles_at(scenario.fleets["taxis"], scenario) == 8
    beyond = variant(growing.replace("year = 2027", "year = 2031"))
    (fault,) = faults(vehicles_at, beyond.fleets["cars"], beyond)
    assert fault.startswith(
        "scenario, key growth.national: asked for 2031, but the curve holds from 2023 to 2030; add points or extend"
    )


def test_the_national_stock_of_2025_is_met_within_four_percent() -> None:
    national = read_scenario().growth["national_nev"]
    for year, count in national.points.items():
        assert stock_at(national, int(year)) == pytest.approx(count, rel=0.04)


# ---- traffic -----------------------------------------------------------------------------------------------------

RULES = {"source_kind": "assumption", "reasoning": "test"}


def lines(*ends: tuple[int, int], one_way: tuple[int, ...] = ()) -> gpd.GeoDataFrame:
    """Streets of 1 km between junctions on a circle-free plane: junction n at (n km, n squared x 10 m)."""
    shapes = [LineString([(u * 1_000, u * u * 10), (v * 1_000, v * v * 10)]) for u, v in ends]
    table = {"u": [u for u, _ in ends], "v": [v for _, v in ends], "metres": 1_000.0, "speed_kmh": 30.0}
    table |= {"oneway": [n in one_way for n in range(len(ends))], "road_class": "primary"}
    return gpd.GeoDataFrame(table, geometry=shapes, crs=32649)


def people_at(counts: dict[int, float]) -> gpd.GeoDataFrame:
    shapes = [box(n * 1_000 - 10, n * n * 10 - 10, n * 1_000 + 10, n * n * 10 + 10) for n in counts]
    return gpd.GeoDataFrame({"residents": list(counts.values())}, geometry=shapes, crs=32649)


def test_traffic_on_a_line_by_hand() -> None:
    rules = TrafficRules.model_validate({"origins": 3, "mean_km": 1e9, **RULES})
    flow = street_flow(people_at({0: 1, 1: 1, 2: 1}), lines((0, 1), (1, 2)), rules)
    # From each end half of the trips go to the middle and half beyond it: 1 on the first street, 1/2 on the second;
    # from the middle 1/2 each way. 2 on either street.
    assert flow.tolist() == pytest.approx([2.0, 2.0])


def test_near_trips_outweigh_far_ones() -> None:
    rules = TrafficRules.model_validate({"origins": 1, "mean_km": 1, **RULES})
    flow = street_flow(people_at({0: 0.1, 1: 10, 2: 1, 3: 1}), lines((0, 1), (1, 2), (2, 3)), rules)
    # all from junction 1: weights e^-1 x 0.1, e^-1, e^-2
    weights = np.exp([-1.0, -1.0, -2.0]) * [0.1, 1, 1]
    to_0, to_2, to_3 = weights / weights.sum()
    assert flow.tolist() == pytest.approx([to_0, to_2 + to_3, to_3])


@given(seed=st.integers(0, 50))
@settings(max_examples=15, deadline=None)
def test_traffic_of_equal_people_is_networkx_betweenness(seed: int) -> None:
    dice = np.random.default_rng(seed)
    graph = nx.gnm_random_graph(12, 22, seed=seed)
    graph = graph.subgraph(max(nx.connected_components(graph), key=len)).copy()
    ends = [(int(u), int(v)) for u, v in graph.edges]
    streets = lines(*ends)
    streets["metres"] = dice.uniform(500, 1_500, len(ends))
    for (u, v), metres in zip(ends, streets["metres"], strict=True):
        graph.edges[u, v]["hours"] = metres
    people = people_at({int(n): 1.0 for n in sorted(graph)})
    rules = TrafficRules.model_validate({"origins": len(graph), "mean_km": 1e9, **RULES})
    flow = street_flow(people, streets, rules)
    expected = nx.edge_betweenness_centrality(graph, weight="hours", normalized=False)
    # every pair counts once there, and twice here, each origin's trips summing to 1
    share = 2 / (len(graph) - 1)
    assert flow.tolist() == pytest.approx([share * expected[e if e in expected else e[::-1]] for e in ends], rel=1e-6)


# ---- bands -------------------------------------------------------------------------------------------------------


def test_the_embedded_base_scenario_lies_in_its_bands() -> None:
    bands = band_table(read_scenario())
    assert bands["within"].all()
    assert bands.loc["taxis", "found"] == pytest.approx(760_791)
    assert bands.loc["per_charger", "found"] == 44.4
    assert list(bands.index) == ["taxis", "per_vehicle", "city_2025", "per_charger"]  # not the band of 2023


def test_an_assumption_that_leaves_its_band_is_named() -> None:
    scenario = read_scenario()
    many = changed(scenario, "fleets", "heavy_truck", "vehicles", 4.0)
    bands = band_table(many)
    assert bands.loc["city_2025", "pushed_by"] == "fleets.heavy_truck.vehicles"
    assert not bands.loc["city_2025", "within"]
    few = changed(scenario, "fleets", "taxi", "km_day", 0.5)
    assert band_table(few).loc["taxis", "pushed_by"] == "fleets.taxi.km_day"


def test_fewer_vehicles_of_2023_leave_the_band_by_their_taxis(tmp_path: Path) -> None:
    """All taxis were electric before most cars: at 2016's kilometres and consumption they are too much for 2023."""
    (tmp_path / "early.toml").write_text('extends = "taiyuan/base"\nname = "early"\nyear = 2023\n', encoding="utf-8")
    bands = band_table(read_scenario(tmp_path / "early.toml"))
    assert bands.loc["city_2023", "found"] == pytest.approx(2.57e6, rel=0.01)  # plausible: 1.6 to 2.1
    assert bands.loc["city_2023", "pushed_by"] == "fleets.taxi.km_day"


# ---- today's chargers --------------------------------------------------------------------------------------------


def test_unlocated_chargers_are_netted_off_and_located_ones_serve_the_rest(toytown: Plan) -> None:
    """Toytown: 11 without a place carry 40 kWh a day each, 440 of 4,400; the one at p3 carries its 500 in siting."""
    assert toytown.demand["standing_kwh_day"].sum() == pytest.approx(440)
    assert toytown.demand["energy_kwh_day"].sum() == pytest.approx(3_960)
    assert toytown.existing["count"].to_dict() == {("p3", "dc"): 1}
    today = toytown.assessment.services["served_share_today"] * toytown.assessment.services["public_kwh_day"]
    located = toytown.charger_types.loc["dc", "energy_kwh_day"]
    assert today.sum() == pytest.approx(440 + located)
    assert toytown.assignment["energy_kwh_day"].groupby("site_id").sum()["p3"] == pytest.approx(located)


# ---- bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        (EVENING.replace("0.5, 0.25", "0.5, 0.35"), r"profiles.evening.weekday: 24 shares of 0 or more that sum to 1"),
        (EVENING.replace("0.5, 0.25", "0.5, 0.35"), r"found a sum of 1.1 \(\+0.1\)"),
        (EVENING.replace('fast = "evening"', 'fast = "morning"'), r"morning used but not defined in \[profiles\]"),
        ('[fleets.cars]\ngrows_with = "moon"', r"moon used but not defined in \[growth\]"),
        ("[attractors.hubs]\ntraffic = { primary = 1 }", r"attractors hubs follow traffic, but there is no section"),
        ("[growth.g]\ncurve = 'logistic'\npoints = { 2020 = 1, 2021 = 2 }\nuntil = 2030", "needs its saturation"),
        ("[growth.g]\ncurve = 'linear'\npoints = { 2020 = 1, 2021 = 2 }\nuntil = 2019", "no earlier than the last"),
        ("[growth.g]\ncurve = 'linear'\npoints = { 20 = 1, 2021 = 2 }\nuntil = 2030", "years from 1990 to 2100"),
        ("[bands.b]\nname_zh='a'\nname_en='a'\nof='fleet_kwh_day'\nlow=1\nhigh=2\nreasoning='x'", "`fleet` goes with"),
        ("[bands.b]\nname_zh='a'\nname_en='a'\nof='energy_kwh_day'\nlow=3\nhigh=2\nreasoning='x'", "low <= high"),
        ("[fleets.cars]\nkm_day = -3", "a figure cannot be negative"),
        ("[fleets.cars]\npublic_share = 1.2", "a share between 0 and 1"),
        ("[fleets.cars.services]\nfast = 0.9", r"sum to 1 expected, found services = 1.15"),
    ],
)  # fmt: skip
def test_sections_that_make_no_sense(variant: Variant, toml: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        variant(toml)


def test_a_column_of_the_zones_may_draw(variant: Variant, layers: Layers, faults: Faults) -> None:
    scenario = variant("[attractors.hubs]\nplaces = { station = 0 }\nzones = { jobs = 2 }")
    jobs = pd.Series(0.0, index=layers.zones.index)
    jobs["z1"], jobs["z9"] = 30.0, 10.0
    weights = attractor_weights(layers.zones.assign(jobs=jobs), layers.places, layers.streets, scenario)
    assert weights.loc[["z1", "z9"], "hubs"].tolist() == pytest.approx([0.75, 0.25])
    (fault,) = faults(attractor_weights, layers.zones, layers.places, layers.streets, scenario)
    assert fault.startswith("zones, column jobs: missing, but attractors.hubs weighs it")
