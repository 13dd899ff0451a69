"""Candidate sites: real places thinned, gaps filled and marked as modelled, today's stations kept, locks obeyed."""

from collections.abc import Callable
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import Point, box

from planner.candidates import find_sites, standing_chargers
from planner.layers import Layers, read_layers
from planner.scenario import Scenario, read_scenario

Variant = Callable[[str], Scenario]
Faults = Callable[..., list[str]]
GAPS = "[candidates.gap_spacing_m]\nurban = 400"


def place(layers: Layers, *rows: tuple[str, str, float, float, float | None]) -> Layers:
    """Toytown with other places: (id, kind, east, north, bays)."""
    table = gpd.GeoDataFrame(
        {
            "kind": [row[1] for row in rows],
            "name_zh": None,
            "name_en": None,
            "bays": np.array([np.nan if row[4] is None else row[4] for row in rows]),
            "source": "made up",
        },
        geometry=[Point(600_000 + row[2], 4_200_000 + row[3]) for row in rows],
        index=pd.Index([row[0] for row in rows], name="place_id"),
        crs=32649,
    )
    return replace(layers, places=table.sort_index())


def stand(layers: Layers, *rows: tuple[str, str, int, float, float]) -> Layers:
    """Toytown with other located chargers: (id, type, count, east, north)."""
    table = gpd.GeoDataFrame(
        {
            "charger_type": [r[1] for r in rows],
            "count": [float(r[2]) for r in rows],
            "name_zh": [f"站{r[0]}" for r in rows],
        },
        geometry=[Point(600_000 + r[3], 4_200_000 + r[4]) for r in rows],
        index=pd.Index([r[0] for r in rows], name="charger_id"),
        crs=32649,
    )
    return replace(layers, chargers=table)


# ---- by hand ------------------------------------------------------------------------------------------------------


def test_toytown(sites: gpd.GeoDataFrame) -> None:
    columns = [
        "name_zh",
        "district",
        "task_unit",
        "bays",
        "bays_assumed",
        "grid_kw",
        "opening_cny",
        "min_station",
        "lock",
    ]
    assert sites[columns].reset_index().to_numpy().tolist() == [
        ["p1", "南区医院", "南区", "南区", 2, True, 200, 20_000, 1, "in"],  # required: exempt from the minimum of 2
        ["p2", "中心商场", "北区", "北区", 4, False, 200, 50_000, 2, "free"],
        ["p3", "东站", "南区", "南区", 3, False, 40, 40_000, 2, "free"],
        ["p4", "北停车场", "北区", "北区", 4, True, 200, 40_000, 2, "free"],
    ]  # p5 is a bank: not usable
    assert sites["institution"].tolist() == ["equipped", "none", "none", "none"]
    assert not sites["modelled"].any()
    assert sites.crs.to_epsg() == 32649


def test_the_standing_charger_is_at_the_station(layers: Layers, sites: gpd.GeoDataFrame, scenario: Scenario) -> None:
    assert standing_chargers(layers, sites, scenario.existing)["count"].to_dict() == {("p3", "dc"): 1}


def test_without_located_chargers(layers: Layers, sites: gpd.GeoDataFrame, scenario: Scenario) -> None:
    none = replace(layers, chargers=layers.chargers.iloc[:0])
    found = standing_chargers(none, sites, scenario.existing)
    assert found.empty
    assert found.index.names == ["site_id", "charger_type"]


# ---- spacing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        # 100 m is the spacing: at 99 m the one with more bays stands for both; not given, they are the kind's (4).
        ([("a", "mall", 0, 0, 5), ("b", "mall", 99, 0, 6)], ["b"]),
        ([("a", "mall", 0, 0, 5), ("b", "mall", 100, 0, 6)], ["a", "b"]),
        ([("a", "mall", 0, 0, None), ("b", "mall", 99, 0, 3)], ["a"]),
        ([("b", "mall", 0, 0, 4), ("a", "mall", 99, 0, 4)], ["a"]),  # equal: the first id
        ([("a", "mall", 0, 0, 50), ("b", "hospital", 99, 0, 1)], ["b"]),  # a required institution comes first
        # a chain: the middle one has most bays and stands for its neighbours; those would be 198 m apart
        ([("a", "mall", 0, 0, 4), ("b", "mall", 99, 0, 5), ("c", "mall", 198, 0, 4)], ["b"]),
        ([("a", "mall", 0, 0, 5), ("b", "mall", 99, 0, 4), ("c", "mall", 198, 0, 5)], ["a", "c"]),
        ([("a", "bank", 0, 0, 50), ("b", "mall", 10, 0, 1)], ["b"]),  # what is not usable thins nothing
    ],
)  # fmt: skip
def test_of_near_places_the_most_capable_stays(
    layers: Layers, scenario: Scenario, rows: list[tuple[str, str, float, float, float | None]], kept: list[str]
) -> None:
    town = replace(place(layers, *rows), chargers=layers.chargers.iloc[:0])
    assert find_sites(town, scenario).index.tolist() == kept


def test_a_site_locked_in_is_not_thinned_away(layers: Layers, variant: Variant) -> None:
    town = replace(place(layers, ("a", "mall", 0, 0, 5), ("b", "mall", 50, 0, 9)), chargers=layers.chargers.iloc[:0])
    assert find_sites(town, variant('[siting]\nlock_in = ["a"]'))["lock"].to_dict() == {"a": "in"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    points=st.lists(st.tuples(st.integers(0, 1_500), st.integers(0, 1_500), st.integers(1, 9)), min_size=1, max_size=25)
)
def test_spacing_is_kept_and_nothing_is_far_from_what_stands_for_it(
    layers: Layers, scenario: Scenario, points: list[tuple[int, int, int]]
) -> None:
    rows = [(f"p{n:02d}", "mall", float(x), float(y), float(bays)) for n, (x, y, bays) in enumerate(points)]
    town = replace(place(layers, *rows), chargers=layers.chargers.iloc[:0])
    found = find_sites(town, scenario)
    xy = np.column_stack([found.geometry.x, found.geometry.y])
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) + np.diag(np.full(len(xy), np.inf))
    assert apart.min() >= 100
    for name, _, x, y, bays in rows:
        near = np.hypot(xy[:, 0] - 600_000 - x, xy[:, 1] - 4_200_000 - y) < 100
        assert name in found.index or (found["bays"].to_numpy()[near] >= bays).any()


# ---- generated points ---------------------------------------------------------------------------------------------


def test_gaps_are_filled_along_the_streets(layers: Layers, variant: Variant) -> None:
    found = find_sites(layers, variant(GAPS))
    generated = found[found["modelled"]]
    # Points every 250 m on the grid of 500 m; from p1 (z1), p2 (z5), p3 (z3) and p4 (above z8) at least 400 m away are
    # z2, z4, z6, z7, z9 and points between; denser first: z2 (3,800 residents within 1 km), z4 and z6 before z7 and z9.
    assert set(generated["kind"]) == {"arterial"}
    assert generated["bays"].tolist() == [4.0] * len(generated)
    assert generated["bays_assumed"].all()
    assert generated.index.str.fullmatch(r"g0000\d").all()
    at = {(round(p.x - 600_000), round(p.y - 4_200_000)) for p in generated.geometry}
    assert {(750, 250), (250, 750), (1250, 750), (250, 1250), (1250, 1250)} == at
    assert generated["name_zh"].is_unique
    assert set(generated["name_zh"]) == {
        "南街道 待选点 1", "中街道 待选点 1", "中街道 待选点 2", "北街道 待选点 1", "北街道 待选点 2",
    }  # fmt: skip
    xy = np.column_stack([found.geometry.x, found.geometry.y])
    for row in np.flatnonzero(found["modelled"]):
        others = np.delete(xy, row, axis=0)
        assert np.hypot(*(others - xy[row]).T).min() >= 400 - 1e-3


def test_generated_names_without_townships(layers: Layers, variant: Variant) -> None:
    town = replace(layers, zones=layers.zones.drop(columns="township"))
    names = find_sites(town, variant(GAPS))["name_zh"]
    assert {"南区 待选点 1", "北区 待选点 1", "北区 待选点 4"} <= set(names)
    part = layers.zones.assign(township=layers.zones["township"].where(layers.zones.index != "z2"))
    assert "南区 待选点 1" in set(find_sites(replace(layers, zones=part), variant(GAPS))["name_zh"])


def test_only_inside_the_districts(layers: Layers, variant: Variant) -> None:
    south = replace(layers, districts=layers.districts.loc[["南区"]])
    found = find_sites(south, variant(GAPS))
    generated = found[found["modelled"]]
    assert len(generated) == 1
    assert generated.geometry.y.max() <= 4_200_500


def test_a_town_without_places_that_can_be_sites(layers: Layers, variant: Variant, faults: Faults) -> None:
    banks = replace(place(layers, ("a", "bank", 0, 0, None)), chargers=layers.chargers.iloc[:0])
    found = find_sites(banks, variant(GAPS))
    assert found["modelled"].all()
    # On the grid there are 9 corners and 12 points half-way; each has a site nearer than 400 m, or is one.
    grid = [(x, y) for x in range(250, 1_251, 250) for y in range(250, 1_251, 250) if 250 in (x % 500, y % 500)]
    assert len(grid) == 21
    for x, y in grid:
        assert np.hypot(found.geometry.x - 600_000 - x, found.geometry.y - 4_200_000 - y).min() < 400
    nowhere = replace(banks, districts=layers.districts.set_geometry(layers.districts.translate(1e6, 0)))
    assert faults(find_sites, nowhere, variant(GAPS)) == ["sites: the table is empty; at least one row is needed"]


# ---- today's chargers ---------------------------------------------------------------------------------------------


def test_located_chargers_attach_or_become_sites(layers: Layers, scenario: Scenario) -> None:
    town = stand(
        layers,
        ("c1", "dc", 1, 1_250, 250),  # at the station
        ("c2", "dc", 2, 1_250, 340),  # 90 m from it: the station again
        ("c3", "ac", 3, 250, 1_250),  # nothing near: a site of its own
        ("c4", "dc", 1, 250, 1_300),  # 50 m from c3: one of the two stands for both
    )
    found = find_sites(town, scenario)
    assert found.index.tolist() == ["c3", "p1", "p2", "p3", "p4"]
    assert found.loc["c3", ["kind", "name_zh", "bays", "bays_assumed", "modelled", "district"]].tolist() == [
        "existing", "站c3", 4.0, True, False, "北区",
    ]  # fmt: skip
    # 4 bays: the kind's 2 are an assumption, and the 3 + 1 chargers that stand there take up 4
    assert standing_chargers(town, found, scenario.existing)["count"].to_dict() == {
        ("c3", "ac"): 3, ("c3", "dc"): 1, ("p3", "dc"): 3,
    }  # fmt: skip


def test_todays_station_is_not_thinned_by_places_around(layers: Layers, scenario: Scenario) -> None:
    # The charger is 101 m from either mall, so it is a site; the malls are 99 m apart, so one of them goes.
    town = stand(
        place(layers, ("a", "mall", 0, 0, 5), ("b", "mall", 99, 0, 6)),
        ("c1", "dc", 1, 49.5, 89),
    )
    assert find_sites(town, scenario).index.tolist() == ["b", "c1"]


def test_located_chargers_refused(layers: Layers, scenario: Scenario, faults: Faults) -> None:
    assert faults(find_sites, stand(layers, ("p1", "dc", 1, 250, 1_250)), scenario) == [
        "chargers, row p1: has the id of a place; rename one of them"
    ]
    kinds = {name: kind for name, kind in scenario.kinds.items() if name != "existing"}
    without = scenario.model_copy(update={"kinds": kinds})
    assert len(find_sites(layers, without)) == 4  # at the station no such kind is needed
    assert faults(find_sites, stand(layers, ("c1", "dc", 1, 250, 1_250)), without) == [
        "chargers, row c1: kind 'existing' has no section [kinds.existing] in the scenario; add it"
    ]


# ---- kinds, locks, units ------------------------------------------------------------------------------------------


def test_unknown_kinds_are_refused_together(layers: Layers, scenario: Scenario, faults: Faults) -> None:
    town = place(
        layers, ("a", "castle", 0, 0, 1), ("b", "mall", 500, 0, 1), ("c", "zoo", 900, 0, 1), ("d", "zoo", 0, 900, 1)
    )
    assert faults(find_sites, town, scenario) == [
        "places, column kind, row a: kind 'castle' has no section [kinds.castle] in the scenario; add it",
        "places, column kind, row c, d: kind 'zoo' has no section [kinds.zoo] in the scenario; add it",
    ]


@pytest.mark.parametrize(
    ("toml", "locks"),
    [
        ("", {"p1": "in", "p2": "free", "p3": "free", "p4": "free"}),
        ('[kinds.parking]\ninstitution = "reserved"', {"p1": "in", "p2": "free", "p3": "free", "p4": "out"}),
        (
            '[kinds.parking]\ninstitution = "reserved"\n[siting]\nlock_in = ["p4", "p3"]\nlock_out = ["p1"]',
            {"p1": "out", "p2": "free", "p3": "in", "p4": "in"},  # what the user locks wins
        ),
        # a hospital without room for its minimum is not forced open
        ("[kinds.hospital]\nbays = 1\n[candidates]\nrequired_min_chargers = 2", {"p1": "free"}),
        ("[kinds.hospital]\nbays = 2\n[candidates]\nrequired_min_chargers = 2", {"p1": "in"}),
    ],
)
def test_locks(layers: Layers, variant: Variant, toml: str, locks: dict[str, str]) -> None:
    found = find_sites(layers, variant(toml))["lock"]
    assert {site: found[site] for site in locks} == locks


def test_locks_on_unknown_sites_are_refused(layers: Layers, variant: Variant, faults: Faults) -> None:
    scenario = variant('[siting]\nlock_in = ["p9", "p2"]\nlock_out = ["p5", "p8"]')  # p5 is the bank
    assert faults(find_sites, layers, scenario) == [
        "scenario, key siting.lock_in: no site p9; see candidates.geojson for ids",
        "scenario, key siting.lock_out: no site p5, p8; see candidates.geojson for ids",
    ]


def test_a_minimum_station_never_rises_for_institutions(layers: Layers, variant: Variant) -> None:
    found = find_sites(layers, variant("[siting]\nmin_station = 4\n[candidates]\nrequired_min_chargers = 9"))
    assert found["min_station"].to_dict() == {"p1": 4, "p2": 4, "p3": 4, "p4": 4}


def test_names_of_places_without_names(layers: Layers, scenario: Scenario) -> None:
    places = layers.places.copy()
    places["name_zh"] = places["name_zh"].astype(object)
    places.loc["p2", "name_zh"], places.loc["p4", "name_zh"] = None, ""
    names = find_sites(replace(layers, places=places), scenario)["name_zh"]
    assert names.to_dict() == {"p1": "南区医院", "p2": "商场 p2", "p3": "东站", "p4": "停车场 p4"}


def test_a_development_zone_takes_precedence_over_the_district(layers: Layers, scenario: Scenario) -> None:
    zone = box(600_600, 4_200_600, 600_900, 4_200_900)  # around p2
    units = gpd.GeoDataFrame(geometry=[zone], index=pd.Index(["高新区"], name="task_unit"), crs=32649)
    found = find_sites(replace(layers, task_units=units), scenario)
    assert found["task_unit"].to_dict() == {"p1": "南区", "p2": "高新区", "p3": "南区", "p4": "北区"}
    assert found.loc["p2", "district"] == "北区"


def test_row_order_changes_nothing_and_inputs_stay(layers: Layers, variant: Variant) -> None:
    scenario = variant(GAPS)
    expected = find_sites(layers, scenario)
    tables = {name: table.iloc[::-1] for name, table in vars(layers).items() if name != "origins"}
    before = {name: table.copy(deep=True) for name, table in tables.items()}
    pd.testing.assert_frame_equal(find_sites(replace(layers, **tables), scenario), expected)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, before[name])


def test_taiyuan() -> None:
    scenario = read_scenario()
    layers = read_layers(scenario.study_area)
    found = find_sites(layers, scenario)
    assert found.index.is_unique
    assert found["name_zh"].str.len().min() >= 2
    assert found.loc[found["modelled"], "kind"].eq("arterial").all()
    assert not found.loc[found["kind"] != "arterial", "modelled"].any()
    assert set(found["district"]) == set(layers.districts.index)
    xy = np.column_stack([found.geometry.x, found.geometry.y])[~found["modelled"]]
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) + np.diag(np.full(len(xy), np.inf))
    assert apart.min() >= scenario.candidates.spacing_m
