"""Located stations of unknown size or type: they stand at their place, and carry only what the scenario assumes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from planner.candidates import find_sites, standing_chargers
from planner.layers import Layers, read_layers
from planner.plan import make_plan
from planner.scenario import Scenario, StudyArea, read_scenario, write_scenario
from planner.tables import LOCATED_CHARGERS, check_table
from planner.views.check import charger_words
from planner.words import Text

Variant = Callable[[str], Scenario]
Faults = Callable[..., list[str]]
KNOWN = ("c1", "dc", 1, 1_250, 250)  # toytown's own, at the station p3
ASSUMED = """
[existing]
count_where_unknown = [2, 3, 5]
type_where_unknown = "ac"
"""


def located(*stations: tuple[str, str | None, int | None, float, float]) -> gpd.GeoDataFrame:
    """Located chargers in toytown: (id, type, count, east, north); None is unknown."""
    return gpd.GeoDataFrame(
        {
            "charger_type": pd.Series([s[1] for s in stations], dtype=object).to_numpy(),
            "count": np.array([np.nan if s[2] is None else s[2] for s in stations], float),
            "name_zh": [f"站{s[0]}" for s in stations],
        },
        geometry=[Point(600_000 + s[3], 4_200_000 + s[4]) for s in stations],
        crs=32649,
        index=pd.Index([s[0] for s in stations], name="charger_id"),
    )


def counts(table: pd.DataFrame) -> dict[Any, float]:
    found: dict[Any, float] = table["count"].to_dict()
    return found


# ---- as read ------------------------------------------------------------------------------------------------------


def test_count_and_type_may_be_unknown_but_not_wrong(faults: Faults) -> None:
    table = located(("a", None, None, 0, 0), ("b", "dc", 2, 0, 0), ("c", None, 3, 0, 0), ("d", "ac", None, 0, 0))
    checked = check_table(table, LOCATED_CHARGERS)
    assert checked["count"].isna().tolist() == [True, False, False, True]
    assert checked["charger_type"].isna().tolist() == [True, False, True, False]
    for wrong, said in ((0, "found 0.0; expected at least 1"), (2.5, "found 2.5; a whole number is expected")):
        assert faults(check_table, table.assign(count=[wrong, 1, 1, np.nan]), LOCATED_CHARGERS) == [
            f"chargers, column count, row a: {said}"
        ]
    (fault,) = faults(check_table, table.assign(charger_type=[7, "dc", None, "ac"]), LOCATED_CHARGERS)
    assert fault.startswith("chargers, column charger_type, row a: found 7; text is expected")


@pytest.mark.parametrize("known", [True, False])
def test_unknown_counts_come_through_a_file(town: Path, layers: Layers, known: bool) -> None:
    stations = [("x1", None, None, 250, 1_250), *([KNOWN] if known else [])]
    located(*stations).reset_index().to_crs(4326).to_file(town / "chargers.geojson")
    found = read_layers(StudyArea(folder=str(town), crs="EPSG:32649", zone_side_m=500, attribution="made up")).chargers
    assert found.loc["x1", ["count", "charger_type"]].isna().all()
    assert found["count"].dtype == float
    assert found.index.tolist() == (["c1", "x1"] if known else ["x1"])


@pytest.mark.parametrize("suffix", ["geojson", "gpkg"])
def test_a_layer_without_chargers_is_as_good_as_none(town: Path, suffix: str) -> None:
    (town / "chargers.geojson").unlink()
    file = town / f"chargers.{suffix}"
    if suffix == "geojson":
        file.write_text(json.dumps({"type": "FeatureCollection", "features": []}), encoding="utf-8")
    else:
        located(KNOWN).iloc[:0].reset_index().to_file(file)
    area = StudyArea(folder=str(town), crs="EPSG:32649", zone_side_m=500, attribution="made up")
    found = read_layers(area)
    assert (len(found.chargers), found.chargers.index.name) == (0, "charger_id")
    assert found.chargers.crs.to_string() == "EPSG:32649"


def test_layers_that_must_be_there_must_not_be_empty(town: Path, faults: Faults) -> None:
    (town / "places.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": []}), encoding="utf-8")
    (town / "chargers.geojson").write_text("hello", encoding="utf-8")
    area = StudyArea(folder=str(town), crs="EPSG:32649", zone_side_m=500, attribution="made up")
    found = faults(read_layers, area)
    assert [fault.split(": ")[1].split(";")[0] for fault in found] == [
        "the layer is empty", "cannot be read as a layer",
    ]  # fmt: skip


# ---- at their sites -----------------------------------------------------------------------------------------------


@pytest.fixture
def mixed(layers: Layers) -> Layers:
    unknown = [
        ("u1", None, None, 250, 1_250),  # nothing near: a site of its own
        ("u2", "dc", None, 760, 750),  # 10 m from the mall p2
        ("u3", None, 4, 750, 1_340),  # 10 m from the car park p4
    ]
    return replace(layers, chargers=located(KNOWN, *unknown))


def test_unknown_stations_are_sites_that_carry_nothing(mixed: Layers, scenario: Scenario) -> None:
    sites = find_sites(mixed, scenario)
    assert sites.index.tolist() == ["p1", "p2", "p3", "p4", "u1"]
    assert sites.loc["u1", ["kind", "name_zh", "modelled", "bays"]].tolist() == ["existing", "站u1", False, 2]
    assert counts(standing_chargers(mixed, sites, scenario.existing)) == {("p3", "dc"): 1}


def test_what_the_scenario_assumes_is_counted(mixed: Layers, variant: Variant) -> None:
    scenario = variant(ASSUMED)
    sites = find_sites(mixed, scenario)
    assert counts(standing_chargers(mixed, sites, scenario.existing)) == {
        ("p2", "dc"): 3,  # size assumed
        ("p3", "dc"): 1,
        ("p4", "ac"): 4,  # type assumed
        ("u1", "ac"): 3,  # both assumed
    }
    assert sites.loc["u1", "bays"] == 3  # not the kind's 2: what stands there needs 3


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("count_where_unknown = 3", {("p2", "dc"): 3, ("p3", "dc"): 1}),
        ('type_where_unknown = "ac"', {("p3", "dc"): 1, ("p4", "ac"): 4}),
    ],
)
def test_each_assumption_alone(mixed: Layers, variant: Variant, key: str, expected: dict[Any, float]) -> None:
    scenario = variant(f"[existing]\n{key}")
    assert counts(standing_chargers(mixed, find_sites(mixed, scenario), scenario.existing)) == expected


def test_without_any_known_station_there_is_nothing_to_count(layers: Layers, variant: Variant) -> None:
    town = replace(layers, chargers=located(("u1", None, None, 250, 1_250)))
    for scenario in (variant(""), variant("[existing]\ncount_where_unknown = 3")):
        found = standing_chargers(town, find_sites(town, scenario), scenario.existing)
        assert (len(found), found.index.names) == (0, ["site_id", "charger_type"])
    none = replace(layers, chargers=layers.chargers.iloc[:0])
    assert standing_chargers(none, find_sites(none, scenario), variant(ASSUMED).existing).empty


# ---- the scenario's keys ------------------------------------------------------------------------------------------


def test_the_assumptions_are_read_and_written(variant: Variant, tmp_path: Path, scenario: Scenario) -> None:
    assert (scenario.existing.count_where_unknown, scenario.existing.type_where_unknown) == (None, None)
    read = variant(ASSUMED)
    figure = read.existing.count_where_unknown
    assert figure is not None
    assert (figure.low, figure.base, figure.high, figure.source_kind) == (2, 3, 5, "assumption")
    for given in (scenario, read):
        write_scenario(given, tmp_path / "again.toml")
        assert read_scenario(tmp_path / "again.toml").existing == given.existing


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ('type_where_unknown = "dc99"', "dc99 used but not defined in [charger_types]"),
        ("count_where_unknown = 0", "key existing.count_where_unknown: 1 charger or more expected, found 0"),
        ("count_where_unknown = [3, 2, 5]", "low <= base <= high expected, found 3.0, 2.0, 5.0"),
        ('count_where_unknown = "many"', "key existing.count_where_unknown: expected a number, [low, base, high] or a"),
        ("count_if_unknown = 3", "key existing.count_if_unknown: unknown key; did you mean `count_where_unknown`?"),
    ],
)
def test_bad_assumptions_are_refused(variant: Variant, faults: Faults, key: str, said: str) -> None:
    (fault,) = faults(variant, f"[existing]\n{key}")
    assert said in fault


# ---- a plan -------------------------------------------------------------------------------------------------------


def planned(town: Path, stations: list[tuple[str, str | None, int | None, float, float]], more: str = "") -> Any:
    located(*stations).reset_index().to_crs(4326).to_file(town / "chargers.geojson")
    file = town / "variant.toml"
    text = f'extends = "toytown/toytown.toml"\n[study_area]\nfolder = "{town.as_posix()}"\n{more}'
    file.write_text(text, encoding="utf-8")
    return make_plan(read_scenario(file))


def test_a_plan_with_stations_of_unknown_size(town: Path) -> None:
    """Of unknown size at the mall: worth what the town is worth without it."""
    without = planned(town, [KNOWN])
    unknown = planned(town, [KNOWN, ("u2", None, None, 760, 750)])
    assert unknown.proof.value_kwh_day == pytest.approx(without.proof.value_kwh_day)
    pd.testing.assert_frame_equal(unknown.chargers, without.chargers)
    pd.testing.assert_frame_equal(unknown.existing, without.existing)
    # Assumed to be 3 ac, it takes 3 of the mall's 4 bays and carries energy today already.
    assumed = planned(town, [KNOWN, ("u2", None, None, 760, 750)], ASSUMED)
    assert counts(assumed.existing) == {("p2", "ac"): 3, ("p3", "dc"): 1}
    assert assumed.chargers.query("site_id == 'p2'")["count"].sum() <= 4 - 3
    served = [plan.assessment.figures.loc["basically_meets", "today"] for plan in (without, assumed)]
    assert served[0] < served[1]


def test_a_plan_with_a_station_larger_than_its_kind(town: Path) -> None:
    """Six chargers where the kind assumes two bays: they stand there, so there are six."""
    plan = planned(town, [KNOWN, ("u1", "ac", 6, 250, 1_250)])
    assert plan.sites.loc["u1", ["bays", "bays_assumed"]].tolist() == [6, True]
    assert counts(plan.existing) == {("p3", "dc"): 1, ("u1", "ac"): 6}


# ---- said ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stations", "en", "zh"),
    [
        ([], "0 located chargers", "0 台有坐标"),
        ([KNOWN], "1 located charger", "1 台有坐标"),
        ([KNOWN, ("a", "dc", 1_200, 0, 0)], "1,201 located chargers", "1,201 台有坐标"),
        (
            [KNOWN, ("a", "dc", None, 0, 0), ("b", "ac", None, 0, 0), ("c", None, None, 9, 0)],  # a, b: one station
            "1 located charger, 2 stations of unknown size",
            "1 台有坐标，2 个站点规模未知",
        ),
        (
            [("a", "dc", 4, 0, 0), ("b", None, 1, 5, 0), ("c", "ac", None, 9, 0)],
            "5 located chargers, 1 station of unknown size, 1 charger of unknown type",
            "5 台有坐标，1 个站点规模未知，1 台类型未知",
        ),
    ],
)
def test_the_layer_table_says_what_is_not_known(
    layers: Layers, stations: list[tuple[str, str | None, int | None, float, float]], en: str, zh: str
) -> None:
    table = located(*stations) if stations else layers.chargers.iloc[:0]
    assert charger_words(table) == Text(zh=zh, en=en)
