"""The demand as charges: whose energy every zone asks for, and what a charge is at every charger type."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from planner.demand import charges_by_fleet, charges_by_type, fleet_energy, fleet_mix
from planner.layers import Layers
from planner.scenario import Scenario

SIZES = """
[fleets.cars]
session_kwh = 20
[fleets.taxis]
session_kwh = 50
session_kw = 25
[charger_types.dc]
changeover_min = 6
"""


def test_the_mix_of_the_zones_gives_every_fleet_its_energy(
    layers: Layers, scenario: Scenario, demand: pd.DataFrame
) -> None:
    mix = fleet_mix(layers.zones, layers.places, layers.streets, scenario)["share"]
    assert mix.groupby(level=["zone_id", "service"]).sum().tolist() == pytest.approx([1.0] * len(demand))
    energy = mix * demand["public_kwh_day"].reindex(mix.index.droplevel("fleet")).to_numpy()
    # 4,000 kWh a day of cars, a quarter slow; 400 of taxis, all fast (toytown.toml)
    per_fleet = energy.groupby(level=["service", "fleet"]).sum().to_dict()
    assert per_fleet == pytest.approx({("slow", "cars"): 1000.0, ("fast", "cars"): 3000.0, ("fast", "taxis"): 400.0})


def test_a_charge_takes_its_energy_over_the_smaller_power(layers: Layers, variant: Callable[[str], Scenario]) -> None:
    sized = variant(SIZES)
    charges = charges_by_fleet(sized, fleet_energy(sized, layers.zones))
    assert set(charges.index) == {("ac", "cars"), ("dc", "cars"), ("dc", "taxis")}
    # ac gives 10 kW; dc 100 kW to cars, 25 kW to taxis, and 6 minutes to change
    assert charges["session_h"].to_dict() == pytest.approx(
        {("ac", "cars"): 2.0, ("dc", "cars"): 0.2 + 0.1, ("dc", "taxis"): 2.0 + 0.1}
    )
    # at dc 3,000 / 20 = 150 charges of cars and 400 / 50 = 8 of taxis a day
    by_type = charges_by_type(charges).loc["dc"]
    assert by_type["session_kwh"] == pytest.approx(3400 / 158)
    assert by_type["session_h"] == pytest.approx((150 * 0.3 + 8 * 2.1) / 158)
    assert by_type["peak_share"] == pytest.approx(1 / 24)  # toytown has no profiles


def test_a_charge_of_unknown_size_stays_unknown(layers: Layers, scenario: Scenario) -> None:
    charges = charges_by_fleet(scenario, fleet_energy(scenario, layers.zones))
    assert np.isnan(charges["session_kwh"]).all()
    assert np.isnan(charges_by_type(charges)["session_kwh"]).all()
