"""Demand: toytown by hand, the figures of the document, and laws: nothing is lost, doubled or negative."""

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from planner.demand import attractor_weights, estimate_demand, fleet_energy
from planner.layers import Layers, read_layers
from planner.scenario import Scenario, read_scenario

Variant = Callable[[str], Scenario]
Faults = Callable[..., list[str]]

# Public kWh a day: 0.25 and 0.75 kWh per resident, and 400 of taxis at the station.
SLOW = {"z1": 100, "z2": 150, "z3": 50, "z4": 100, "z5": 250, "z6": 100, "z7": 50, "z8": 150, "z9": 50}
FAST = {"z1": 300, "z2": 450, "z3": 150 + 400, "z4": 300, "z5": 750, "z6": 300, "z7": 150, "z8": 450, "z9": 150}


def estimate(layers: Layers, scenario: Scenario) -> pd.DataFrame:
    return estimate_demand(layers.zones, layers.places, layers.streets, scenario)


def by_service(demand: pd.DataFrame, column: str) -> pd.DataFrame:
    return demand.pivot_table(index="zone_id", columns="service", values=column)


def with_figure(scenario: Scenario, fleet: str, **figures: float) -> Scenario:
    """A scenario with figures of one fleet replaced."""
    old = scenario.fleets[fleet]
    new = {
        name: getattr(old, name).model_copy(update={"low": value, "base": value, "high": value})
        for name, value in figures.items()
    }
    fleets = {**scenario.fleets, fleet: old.model_copy(update=new)}
    return scenario.model_copy(update={"fleets": fleets})


# ---- by hand ------------------------------------------------------------------------------------------------------


def test_toytown(demand: pd.DataFrame) -> None:
    public = by_service(demand, "public_kwh_day")
    assert public["slow"].to_dict() == pytest.approx(SLOW, abs=1e-9)
    assert public["fast"].to_dict() == pytest.approx(FAST, abs=1e-9)
    # 11 x 40 = 440 of 4,400 kWh: a tenth of every row.
    assert demand["standing_kwh_day"].to_numpy() == pytest.approx(demand["public_kwh_day"].to_numpy() / 10)
    assert demand["energy_kwh_day"].to_numpy() == pytest.approx(0.9 * demand["public_kwh_day"].to_numpy())
    left = demand["energy_kwh_day"].groupby("service").sum()
    assert left.to_dict() == pytest.approx({"fast": 3_060, "slow": 900})
    assert by_service(demand, "reach_m").drop_duplicates().to_numpy().tolist() == [[1_250.0, 750.0]]


def test_toytown_fleets(layers: Layers, scenario: Scenario) -> None:
    found = fleet_energy(scenario, layers.zones)
    # Cars: 1,000 x 0.5 x 32 x 0.2 x 1.25 / 0.8 = 5,000; 80 % without home charging. Taxis: 8 x 200 x 0.25.
    # The rest of the cars' energy is charged at home; nothing is left for depots.
    assert found.loc["cars"].tolist() == pytest.approx([1_000, 5_000, 1_000, 0, 4_000])
    assert found.loc["taxis"].tolist() == pytest.approx([8, 400, 0, 0, 400])


def test_taxis_of_taiyuan() -> None:
    scenario = read_scenario()
    zones = read_layers(scenario.study_area).zones
    taxi = fleet_energy(scenario, zones).loc["taxi"]
    # 8,292 x 367 km x 0.25 kWh/km = 760,791 kWh a day: meter figures, so neither season nor efficiency.
    assert taxi["energy_kwh_day"] == pytest.approx(760_791)
    assert taxi["public_kwh_day"] == pytest.approx(760_791)
    # Published: 2.78e8 kWh a year = 761,644 a day.
    assert taxi["energy_kwh_day"] * 365 == pytest.approx(2.78e8, rel=0.002)


def test_taiyuan_lies_in_the_band_of_2025() -> None:
    scenario = read_scenario()
    layers = read_layers(scenario.study_area)
    fleets = fleet_energy(scenario, layers.zones)
    assert 2.7e6 <= fleets["energy_kwh_day"].sum() <= 6.5e6  # design month, 1.30 times the year's 2.7-4.6 GWh
    public = estimate(layers, scenario)["public_kwh_day"].sum()
    assert public == pytest.approx(fleets["public_kwh_day"].sum(), rel=1e-9)


def test_season_and_efficiency_count_only_at_the_battery(variant: Variant, layers: Layers) -> None:
    found = fleet_energy(variant('[fleets.cars]\nkwh_measured_at = "meter"'), layers.zones)
    assert found.loc["cars", "energy_kwh_day"] == pytest.approx(3_200)  # 1,000 x 0.5 x 32 x 0.2
    found = fleet_energy(variant('[fleets.taxis]\nkwh_measured_at = "battery"'), layers.zones)
    assert found.loc["taxis", "energy_kwh_day"] == pytest.approx(500)  # 400 x 1.25 / 1


def test_home_charging_by_zone_wins_over_the_ring(layers: Layers, scenario: Scenario) -> None:
    share = pd.Series(0.0, index=layers.zones.index).where(layers.zones.index != "z5", 1.0)
    found = fleet_energy(scenario, layers.zones.assign(home_charging_share=share))
    # z5 has 1,000 of 4,000 residents: 5,000 x 3,000 / 4,000
    assert found.loc["cars", "public_kwh_day"] == pytest.approx(3_750)


def test_reach_by_ring_and_service(variant: Variant, layers: Layers) -> None:
    rings = """
    [candidates.gap_spacing_m]
    rural = 5000
    [rings.rural]
    drive_reach_m = 10000
    walk_reach_m = 1000
    home_charging_share = 0.2
    reasoning = "Made up."
    [services.fast]
    reach_factor = 2
    """
    outside = layers.zones.assign(ring=layers.zones["ring"].where(layers.zones.index != "z9", "rural"))
    reach = estimate_demand(outside, layers.places, layers.streets, variant(rings))["reach_m"]
    assert reach.loc["z9"].to_dict() == {"fast": 20_000, "slow": 1_000}
    assert reach.loc["z8"].to_dict() == {"fast": 2_500, "slow": 750}


def test_a_ring_without_rules_is_refused(layers: Layers, scenario: Scenario, faults: Faults) -> None:
    zones = layers.zones.assign(ring=layers.zones["ring"].where(layers.zones.index != "z9", "rural"))
    assert faults(estimate_demand, zones, layers.places, layers.streets, scenario) == [
        "zones, column ring, row z9: ring 'rural' has no section [rings.rural] in the scenario; add it"
    ]


# ---- what draws charging ------------------------------------------------------------------------------------------


def test_places_are_counted_in_their_zone_or_the_nearest(layers: Layers, scenario: Scenario) -> None:
    far = layers.places.copy()
    far.loc["p3", "geometry"] = Point(600_000 + 1_450, 4_200_000 + 9_000)  # kilometres north of z9
    weights = attractor_weights(layers.zones, far, layers.streets, scenario)
    assert weights["hubs"][weights["hubs"] > 0].to_dict() == {"z9": 1.0}
    assert weights["residents"].to_dict() == pytest.approx(dict(layers.zones["residents"] / 4_000))
    assert weights.sum().to_numpy() == pytest.approx(np.ones(2))


def test_streets_draw_by_their_kilometres(variant: Variant, layers: Layers) -> None:
    scenario = variant("[attractors.hubs]\nplaces = { station = 0 }\nstreets_km = { trunk = 2, primary = 1 }")
    # 200 m in z1; 600 m, of it 400 outside the town, in z2; the last street is of a class not asked for.
    lines = [
        LineString([(600_100, 4_200_100), (600_300, 4_200_100)]),
        LineString([(600_700, 4_199_600), (600_700, 4_200_200)]),
        LineString([(600_100, 4_200_900), (600_300, 4_200_900)]),
    ]
    streets = gpd.GeoDataFrame(
        {"road_class": ["trunk", "primary", "tertiary"], "metres": [200.0, 600.0, 200.0]}, geometry=lines, crs=32649
    )
    hubs = attractor_weights(layers.zones, layers.places, streets, scenario)["hubs"]
    # 2 x 0.2 km against 1 x 0.2 km
    assert hubs[hubs > 0].to_dict() == pytest.approx({"z1": 2 / 3, "z2": 1 / 3})


@pytest.mark.parametrize(
    ("from_x", "to_x", "shares"),
    [
        (600_400, 600_600, [0.5, 0.5]),  # half of it on either side of the border at 600,500
        (600_450, 600_550, [1.0, 0.0]),  # sampled once, on the border: the first zone has it, not both
    ],
)
def test_a_street_over_a_border_counts_once(
    variant: Variant, layers: Layers, from_x: int, to_x: int, shares: list[float]
) -> None:
    scenario = variant("[attractors.hubs]\nplaces = { station = 0 }\nstreets_km = { trunk = 1 }")
    line = LineString([(from_x, 4_200_100), (to_x, 4_200_100)])
    streets = gpd.GeoDataFrame({"road_class": ["trunk"], "metres": [line.length]}, geometry=[line], crs=32649)
    hubs = attractor_weights(layers.zones, layers.places, streets, scenario)["hubs"]
    assert hubs[["z1", "z2"]].tolist() == pytest.approx(shares)
    far = gpd.GeoDataFrame({"road_class": ["trunk"], "metres": [100.0]}, geometry=[line], crs=32649)
    both = gpd.GeoDataFrame(pd.concat([streets, far.set_geometry(far.translate(800, 0))]), crs=32649)
    third = attractor_weights(layers.zones, layers.places, both, scenario)["hubs"]["z3"]
    assert third == pytest.approx(100 / (line.length + 100))


def test_an_attractor_that_draws_nothing_is_refused_by_name(layers: Layers, scenario: Scenario, faults: Faults) -> None:
    places = layers.places[layers.places["kind"] != "station"]
    (fault,) = faults(estimate_demand, layers.zones, places, layers.streets, scenario)
    assert fault.startswith(
        "scenario, key attractors.hubs: draws nothing in this study area, but fleets taxis follow it; "
        "add such places or streets, let them follow another one, or set their vehicles to 0"
    )
    # Without vehicles that follow it, it does not matter.
    without = with_figure(scenario, "taxis", vehicles=0)
    found = estimate_demand(layers.zones, places, layers.streets, without)
    assert found["public_kwh_day"].sum() == pytest.approx(4_000)


def test_nobody_lives_here(layers: Layers, scenario: Scenario, faults: Faults) -> None:
    empty = layers.zones.assign(residents=0.0)
    (fault,) = faults(estimate_demand, empty, layers.places, layers.streets, scenario)
    assert fault.startswith("scenario, key attractors.residents: draws nothing in this study area, but fleets cars ")
    found = estimate_demand(empty, layers.places, layers.streets, with_figure(scenario, "cars", vehicles=0))
    assert found["public_kwh_day"].to_dict() == pytest.approx({("z3", "fast"): 400})


def test_no_demand_at_all_is_refused(layers: Layers, scenario: Scenario, faults: Faults) -> None:
    nothing = with_figure(with_figure(scenario, "cars", vehicles=0), "taxis", vehicles=0)
    assert faults(estimate, layers, nothing) == [
        "scenario, key fleets: no fleet charges in public; there is nothing to plan"
    ]


def test_rows_without_energy_are_left_out(layers: Layers, scenario: Scenario) -> None:
    zones = layers.zones.assign(residents=layers.zones["residents"].where(layers.zones.index != "z7", 0.0))
    found = estimate_demand(zones, layers.places, layers.streets, scenario)
    assert "z7" not in found.index.get_level_values("zone_id")
    assert len(found) == 16


# ---- laws ---------------------------------------------------------------------------------------------------------

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(
    residents=st.lists(st.integers(0, 10**6), min_size=9, max_size=9).filter(any),
    slow=st.floats(0, 1),
    by_residents=st.floats(0, 1),
    vehicles=st.floats(1, 1e7),
    standing=st.floats(0, 1e6),
)
def test_nothing_is_lost(
    layers: Layers,
    scenario: Scenario,
    residents: list[int],
    slow: float,
    by_residents: float,
    vehicles: float,
    standing: float,
) -> None:
    """Over the zones of every service: the fleets' public energy; of it standing and left, neither negative."""
    zones = layers.zones.assign(residents=np.array(residents, float))
    cars = with_figure(scenario, "cars", vehicles=vehicles).fleets["cars"]
    split = {"residents": by_residents, "hubs": 1 - by_residents}
    cars = cars.model_copy(
        update={"services": {"slow": slow, "fast": 1 - slow}, "follows": {"slow": split, "fast": split}}
    )
    unlocated = scenario.existing.unlocated_chargers.model_copy(update={"base": standing, "high": 1e6})
    changed = scenario.model_copy(
        update={
            "fleets": {"cars": cars, "taxis": scenario.fleets["taxis"]},
            "existing": scenario.existing.model_copy(update={"unlocated_chargers": unlocated}),
        }
    )
    found = estimate_demand(zones, layers.places, layers.streets, changed)
    public = vehicles * 4.0  # kWh a day of one car, without home charging: 5,000 x 0.8 / 1,000
    per_service = found["public_kwh_day"].groupby("service").sum().reindex(["slow", "fast"], fill_value=0.0)
    assert per_service["slow"] == pytest.approx(public * slow, rel=1e-9)
    assert per_service["fast"] == pytest.approx(public * (1 - slow) + 400, rel=1e-9)
    assert found["standing_kwh_day"].sum() == pytest.approx(min(standing * 40, public + 400), rel=1e-9)
    assert (found["energy_kwh_day"] >= 0).all()
    together = found["standing_kwh_day"] + found["energy_kwh_day"]
    assert together.to_numpy() == pytest.approx(found["public_kwh_day"].to_numpy(), rel=1e-9)


@pytest.mark.parametrize("factor", [0.5, 2.0, 1000.0])
def test_more_vehicles_more_energy_in_proportion(layers: Layers, scenario: Scenario, factor: float) -> None:
    more = with_figure(with_figure(scenario, "cars", vehicles=1_000 * factor), "taxis", vehicles=8 * factor)
    ratio = estimate(layers, more)["public_kwh_day"] / estimate(layers, scenario)["public_kwh_day"]
    assert ratio.to_numpy() == pytest.approx(np.full(18, factor), rel=1e-9)


def test_chargers_that_carry_more_than_there_is_leave_nothing(variant: Variant, layers: Layers) -> None:
    found = estimate(layers, variant("[existing]\nunlocated_chargers = 1000"))  # 40,000 of 4,400 kWh
    assert found["standing_kwh_day"].to_numpy() == pytest.approx(found["public_kwh_day"].to_numpy())
    assert found["energy_kwh_day"].abs().max() == pytest.approx(0, abs=1e-9)


def test_standing_chargers_are_netted_off_their_services_only(variant: Variant, layers: Layers) -> None:
    found = estimate(layers, variant('[existing]\nservices = ["slow"]')).groupby("service").sum()
    # 440 of 1,000 kWh slow
    assert found.loc["slow", "energy_kwh_day"] == pytest.approx(560)
    assert found.loc["fast", "standing_kwh_day"] == 0


def test_splitting_a_zone_in_two_changes_no_total(layers: Layers, scenario: Scenario) -> None:
    west, east = box(600_500, 4_200_500, 600_750, 4_201_000), box(600_750, 4_200_500, 601_000, 4_201_000)
    halves = layers.zones.loc[["z5", "z5"]].assign(residents=[700.0, 300.0], geometry=[west, east])
    halves.index = pd.Index(["z5a", "z5b"], name="zone_id")
    split = gpd.GeoDataFrame(pd.concat([layers.zones.drop("z5"), halves]), crs=32649).sort_index()
    found = by_service(estimate_demand(split, layers.places, layers.streets, scenario), "energy_kwh_day")
    whole = by_service(estimate(layers, scenario), "energy_kwh_day")
    assert found.sum().to_dict() == pytest.approx(whole.sum().to_dict(), rel=1e-9)
    assert found.loc["z5a"].to_dict() == pytest.approx((0.7 * whole.loc["z5"]).to_dict())
    rest = whole.index.drop("z5")
    assert found.loc[rest].to_numpy() == pytest.approx(whole.loc[rest].to_numpy())


def test_row_order_and_position_change_nothing_and_inputs_stay(layers: Layers, scenario: Scenario) -> None:
    expected = estimate(layers, scenario)
    turned = (table.iloc[::-1] for table in (layers.zones, layers.places, layers.streets))
    pd.testing.assert_frame_equal(estimate_demand(*turned, scenario), expected)
    moved = [
        table.set_geometry(table.translate(12_345, -678)) for table in (layers.zones, layers.places, layers.streets)
    ]
    before = [table.copy(deep=True) for table in moved]
    pd.testing.assert_frame_equal(estimate_demand(*moved, scenario), expected)
    for table, copy in zip(moved, before, strict=True):
        pd.testing.assert_frame_equal(table, copy)
