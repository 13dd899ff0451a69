"""Metres between zones and sites: toytown by hand, random one-way street graphs against networkx, and laws."""

import itertools
from collections.abc import Callable

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from planner.access import measure_access, snap, street_parts
from planner.layers import Layers
from planner.scenario import AccessRules, Scenario

CRS = 32649
FAR_M = 1e9
Street = tuple[int, int, bool, float]  # from, to, one-way, metres


def rules(detour: float = 1.0, walk: float = 1.2, snap_m: float = 1e6) -> AccessRules:
    figures = {"detour_factor": detour, "walk_factor": walk, "max_snap_m": snap_m}
    return AccessRules.model_validate({**figures, "reasoning": "test"})


def make_streets(nodes: dict[int, tuple[float, float]], streets: list[Street]) -> gpd.GeoDataFrame:
    u, v, oneway, metres = zip(*streets, strict=True)
    return gpd.GeoDataFrame(
        {"u": u, "v": v, "oneway": oneway, "metres": metres},
        geometry=[LineString([nodes[a], nodes[b]]) for a, b, _, _ in streets],
        index=pd.Index([f"s{n:02d}" for n in range(len(streets))], name="street_id"),
        crs=CRS,
    )


def make_zones(points: list[tuple[float, float]]) -> gpd.GeoDataFrame:
    squares = [box(x - 1, y - 1, x + 1, y + 1) for x, y in points]
    return gpd.GeoDataFrame(
        geometry=squares, index=pd.Index([f"z{n:02d}" for n in range(len(points))], name="zone_id"), crs=CRS
    )


def make_sites(points: list[tuple[float, float]]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        geometry=[Point(p) for p in points],
        index=pd.Index([f"p{n:02d}" for n in range(len(points))], name="site_id"),
        crs=CRS,
    )


def limits(zones: gpd.GeoDataFrame, drive: float = FAR_M, walk: float = 0.0) -> pd.DataFrame:
    return pd.DataFrame({"drive": drive, "walk": walk}, index=zones.index)


def metres_by(access: pd.DataFrame, mode: str = "drive") -> dict[tuple[str, str], float]:
    return {(z, s): metres for (z, s, m), metres in access["metres"].items() if m == mode}


# ---- toytown as its README says -----------------------------------------------------------------------------------

DRIVE = {
    "p1": {"z1": 0, "z2": 500, "z3": 1000, "z4": 500, "z5": 1000, "z7": 1000},
    "p2": {"z1": 1000, "z2": 500, "z3": 1000, "z4": 500, "z5": 0, "z6": 500, "z7": 1000, "z8": 500, "z9": 1000},
    "p3": {"z1": 1000, "z2": 500, "z3": 0, "z5": 1000, "z6": 500, "z9": 1000},
    "p4": {"z4": 1120, "z6": 1120, "z7": 620, "z8": 120, "z9": 620},  # not z5: one way from z8 to z5
}
SLANT = 1.2 * (500**2 + 100**2) ** 0.5
WALK = {
    "p1": {"z1": 0, "z2": 600, "z4": 600},
    "p2": {"z5": 0, "z2": 600, "z4": 600, "z6": 600, "z8": 600},
    "p3": {"z3": 0, "z2": 600, "z6": 600},
    "p4": {"z5": 720, "z7": SLANT, "z8": 120, "z9": SLANT},
}


@pytest.mark.parametrize(("mode", "expected"), [("drive", DRIVE), ("walk", WALK)])
def test_toytown(access: pd.DataFrame, mode: str, expected: dict[str, dict[str, float]]) -> None:
    by_hand = {(z, p): metres for p, row in expected.items() for z, metres in row.items()}
    found = metres_by(access, mode)
    assert found.keys() == by_hand.keys()  # pairs beyond 1,250 m driven or 750 m walked are absent
    assert found == pytest.approx(by_hand, abs=0.01)


def test_the_table_is_sorted_and_named(access: pd.DataFrame) -> None:
    assert access.index.names == ["zone_id", "site_id", "mode"]
    assert access.index.is_monotonic_increasing
    assert access.index.is_unique


# ---- one rule at a time -------------------------------------------------------------------------------------------

# A street of 1,000 m along the x axis from 1 to 2, and a way back of 3,000 m from 2 over 3 to 1.
RING_NODES = {1: (0.0, 0.0), 2: (1000.0, 0.0), 3: (500.0, 900.0)}
TWO_WAY: list[Street] = [(1, 2, False, 1000.0), (2, 3, False, 1500.0), (3, 1, False, 1500.0)]
ONE_WAY: list[Street] = [(1, 2, True, 1000.0), (2, 3, True, 1500.0), (3, 1, True, 1500.0)]


@pytest.mark.parametrize(
    ("streets", "zone_x", "site_x", "metres"),
    [
        (TWO_WAY, 200, 700, 500),
        (TWO_WAY, 700, 200, 500),
        (ONE_WAY, 200, 700, 500),
        (ONE_WAY, 700, 200, 300 + 3000 + 200),  # round the block
        (ONE_WAY, 400, 400, 0),
    ],
)
def test_on_the_same_street(streets: list[Street], zone_x: float, site_x: float, metres: float) -> None:
    zones, sites = make_zones([(zone_x, 0)]), make_sites([(site_x, 0)])
    found = measure_access(zones, sites, make_streets(RING_NODES, streets), limits(zones), rules())
    assert metres_by(found) == pytest.approx({("z00", "p00"): metres}, abs=0.01)


@pytest.mark.parametrize("shift", [-1e-9, 0.0, 1e-9])
def test_rounding_sends_nobody_round_the_block(shift: float) -> None:
    zones, sites = make_zones([(400.0, 0)]), make_sites([(400.0 + shift, 0)])
    found = measure_access(zones, sites, make_streets(RING_NODES, ONE_WAY), limits(zones), rules())
    assert metres_by(found)["z00", "p00"] == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_at_a_corner_every_street_is_at_hand(order: tuple[int, ...]) -> None:
    # Corner 1 is the end of the street from 3 and the start of the one to 2: whichever it snaps to, one may leave
    # towards 2 and arrive from 3.
    streets = make_streets(RING_NODES, [ONE_WAY[n] for n in order])
    zones, sites = make_zones([(0, 0), (1000, 0)]), make_sites([(0, 0), (1000, 0)])
    found = metres_by(measure_access(zones, sites, streets, limits(zones), rules()))
    expected = {("z00", "p00"): 0, ("z00", "p01"): 1000, ("z01", "p00"): 3000, ("z01", "p01"): 0}
    assert found == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_from_the_start_of_a_one_way_street_one_may_take_another(order: tuple[int, ...]) -> None:
    # Both lead out of corner 1 and none back: whichever the zone snaps to, each site lies half a street away. Exactly:
    # no millimetre is added at corners.
    out: list[Street] = [(1, 2, True, 1000.0), (1, 3, True, 1500.0)]
    streets = make_streets(RING_NODES, [out[n] for n in order])
    zones, sites = make_zones([(0, 0)]), make_sites([(500, 0), (250, 450), (1000, 0)])
    found = metres_by(measure_access(zones, sites, streets, limits(zones), rules()))
    assert found == pytest.approx({("z00", "p00"): 500, ("z00", "p01"): 750, ("z00", "p02"): 1000}, abs=1e-6)


def test_legs_are_times_the_detour_factor_and_streets_by_their_column() -> None:
    # Zone 100 m north of x = 250, site 40 m south of x = 750, detour 1.5; the street counts 1,200 m for its 1,000.
    zones, sites = make_zones([(250, 100)]), make_sites([(750, -40)])
    streets = make_streets(RING_NODES, [(1, 2, False, 1200.0)])
    found = measure_access(zones, sites, streets, limits(zones), rules(detour=1.5))
    assert metres_by(found) == pytest.approx({("z00", "p00"): 150 + 600 + 60}, abs=1e-6)


def test_what_is_farther_than_max_snap_is_absent_not_snapped() -> None:
    zones, sites = make_zones([(100, 49), (100, 51)]), make_sites([(300, 49), (300, -51)])
    streets = make_streets(RING_NODES, [(1, 2, False, 1000.0)])
    found = measure_access(zones, sites, streets, limits(zones, walk=FAR_M), rules(snap_m=50))
    assert set(metres_by(found)) == {("z00", "p00")}
    assert len(metres_by(found, "walk")) == 4  # walking needs no street
    assert snap(zones.geometry.centroid, streets, rules(snap_m=50)).street.tolist() == [0, -1]


def test_what_cannot_be_reached_is_absent() -> None:
    nodes = {1: (0.0, 0.0), 2: (100.0, 0.0), 3: (5000.0, 0.0), 4: (5100.0, 0.0)}
    streets = make_streets(nodes, [(1, 2, True, 100.0), (3, 4, False, 100.0)])
    zones, sites = make_zones([(20, 0), (80, 0), (5050, 0)]), make_sites([(50, 0), (5080, 0)])
    found = metres_by(measure_access(zones, sites, streets, limits(zones), rules()))
    # Of the first street only z00 is before p00, and no way leads back or across to the island.
    assert found == pytest.approx({("z00", "p00"): 30, ("z02", "p01"): 30}, abs=0.01)


def test_limits_are_each_zones_own() -> None:
    zones, sites = make_zones([(0, 0), (0, 0), (0, 0), (0, 0)]), make_sites([(500, 0)])
    reach = pd.DataFrame({"drive": [499.0, 501.0, 0.0, np.nan], "walk": [599.0, 601.0, np.nan, 0.0]}, index=zones.index)
    found = measure_access(zones, sites, make_streets(RING_NODES, TWO_WAY), reach, rules(walk=1.2))
    assert found["metres"].to_dict() == pytest.approx(
        {("z01", "p00", "drive"): 500, ("z01", "p00", "walk"): 600}, abs=0.01
    )
    without = measure_access(zones, sites, make_streets(RING_NODES, TWO_WAY), reach.iloc[:0], rules())
    assert without.empty  # a zone without a limit goes nowhere


def test_a_street_that_ends_where_it_starts() -> None:
    # A loop of 400 m at corner 1, the site 100 m along it: from the corner 100 m one way, 300 m the other.
    nodes = {1: (0.0, 0.0), 2: (-500.0, 0.0)}
    loop = LineString([(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)])
    streets = make_streets(nodes, [(1, 2, False, 500.0), (1, 2, False, 9999.0)])
    streets.loc["s01", ["v", "metres"]] = [1, 400.0]
    streets.loc[["s01"], "geometry"] = gpd.GeoSeries([loop], index=["s01"], crs=CRS)
    zones, sites = make_zones([(-500, 0)]), make_sites([(100, 0), (0, 50)])
    found = metres_by(measure_access(zones, sites, streets, limits(zones), rules()))
    assert found == pytest.approx({("z00", "p00"): 600, ("z00", "p01"): 550}, abs=0.01)


def test_parallel_streets_count_as_the_shorter_one() -> None:
    nodes = {1: (0.0, 0.0), 2: (1000.0, 0.0), 3: (2000.0, 0.0)}
    streets = make_streets(
        nodes, [(1, 2, False, 1000.0), (1, 2, False, 1500.0), (2, 1, True, 700.0), (2, 3, False, 1000.0)]
    )
    zones, sites = make_zones([(2000, 0)]), make_sites([(0, 0)])
    found = metres_by(measure_access(zones, sites, streets, limits(zones), rules()))
    assert found == pytest.approx({("z00", "p00"): 1700}, abs=0.01)


def test_islands_are_told_from_the_largest_part() -> None:
    nodes = {n: (100.0 * n, 0.0) for n in range(8)}
    streets = make_streets(
        nodes,
        [
            (0, 1, False, 1.0),
            (1, 2, True, 1.0),
            (2, 0, True, 1.0),
            (3, 4, False, 1.0),
            (2, 3, True, 1.0),
            (5, 6, True, 1.0),
        ],
    )
    # 0-1-2 is a ring and the largest part; 3-4 cannot be left towards it; 2-3 joins the two; 5-6 leads nowhere.
    parts = street_parts(streets)
    assert parts[:3].tolist() == [0, 0, 0]
    assert parts[3] == 1
    assert parts[4:].tolist() == [-1, -1]


def test_toytown_is_in_one_part(layers: Layers) -> None:
    assert street_parts(layers.streets).tolist() == [0] * 12


# ---- against networkx ---------------------------------------------------------------------------------------------


def oracle(
    zones: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, limit_m: float, detour: float
) -> dict[tuple[str, str], float]:
    """Shortest ways in a graph with every snapped point as a node of its own on its street."""
    ends = [*zones.geometry.centroid.items(), *sites.geometry.items()]
    on: dict[int, list[tuple[float, object]]] = {n: [] for n in range(len(streets))}
    leg = {}
    for name, point in ends:
        distances = [point.distance(line) for line in streets.geometry]
        street = int(np.argmin(distances))
        row = streets.iloc[street]
        on[street].append((row.geometry.project(point, normalized=True) * row["metres"], name))
        leg[name] = distances[street] * detour
    graph = nx.DiGraph()

    def join(a: object, b: object, metres: float) -> None:
        if metres < graph.get_edge_data(a, b, {"metres": np.inf})["metres"]:
            graph.add_edge(a, b, metres=metres)

    for n, (_, row) in enumerate(streets.iterrows()):
        stops = [
            (0.0, ("node", row["u"])),
            *sorted(on[n], key=lambda stop: stop[0]),
            (row["metres"], ("node", row["v"])),
        ]
        for (here, a), (there, b) in itertools.pairwise(stops):
            join(a, b, there - here)
            if not row["oneway"] or there - here < 1e-6:
                join(b, a, there - here)
    found = {}
    for zone in zones.index:
        reached = nx.single_source_dijkstra_path_length(graph, zone, weight="metres")
        for site in sites.index:
            metres = leg[zone] + reached.get(site, np.inf) + leg[site]
            if metres <= limit_m:
                found[zone, site] = metres
    return found


@st.composite
def towns(draw: st.DrawFn) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    nodes = {n: (float(x), float(y)) for n, (x, y) in enumerate(rng.uniform(0, 1000, (draw(st.integers(2, 9)), 2)))}
    pairs = [(a, b) for a in nodes for b in nodes if a != b]
    chosen = [pairs[n] for n in rng.choice(len(pairs), min(len(pairs), draw(st.integers(1, 14))), replace=False)]
    oneway_share = draw(st.sampled_from([0.0, 0.5, 1.0]))
    streets = [
        (a, b, bool(rng.random() < oneway_share), float(np.hypot(nodes[a][0] - nodes[b][0], nodes[a][1] - nodes[b][1])))
        for a, b in chosen
    ]
    if draw(st.booleans()):  # winding streets
        streets = [(a, b, oneway, metres * float(rng.uniform(1, 1.5))) for a, b, oneway, metres in streets]
    zones = make_zones([tuple(p) for p in rng.uniform(-100, 1100, (draw(st.integers(1, 6)), 2))])
    sites = make_sites([tuple(p) for p in rng.uniform(-100, 1100, (draw(st.integers(1, 6)), 2))])
    return zones, sites, make_streets(nodes, streets)


def same(found: dict[tuple[str, str], float], expected: dict[tuple[str, str], float], limit_m: float) -> None:
    """Equal to a centimetre; what lies within a centimetre of the limit may be in or out."""
    for pair in found.keys() ^ expected.keys():
        assert {**found, **expected}[pair] == pytest.approx(limit_m, abs=0.05), pair
    both = found.keys() & expected.keys()
    assert {p: found[p] for p in both} == pytest.approx({p: expected[p] for p in both}, abs=0.05)


@settings(max_examples=150, deadline=None)
@given(town=towns(), limit_m=st.sampled_from([300.0, 900.0, FAR_M]), detour=st.sampled_from([1.0, 1.3]))
def test_as_networkx_finds_it(
    town: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame], limit_m: float, detour: float
) -> None:
    zones, sites, streets = town
    # Two streets there and back lie on the same ground: which one a point snaps to is a tie, so such towns are thinned.
    ends = [tuple(sorted(pair)) for pair in zip(streets["u"], streets["v"], strict=True)]
    streets = streets[~pd.Series(ends, index=streets.index).duplicated()]
    found = metres_by(measure_access(zones, sites, streets, limits(zones, limit_m), rules(detour=detour)))
    same(found, oracle(zones, sites, streets, limit_m, detour), limit_m)


@settings(max_examples=60, deadline=None)
@given(town=towns(), limit_m=st.sampled_from([300.0, FAR_M]))
def test_walking_is_the_straight_line_times_its_factor(
    town: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame], limit_m: float
) -> None:
    zones, sites, streets = town
    found = measure_access(zones, sites, streets, limits(zones, drive=0, walk=limit_m), rules(walk=1.3))
    straight = {
        (z, s): 1.3 * centre.distance(door)
        for z, centre in zones.geometry.centroid.items()
        for s, door in sites.geometry.items()
    }
    expected = {pair: metres for pair, metres in straight.items() if metres <= limit_m}
    assert metres_by(found, "walk") == pytest.approx(expected)
    assert len(found) == len(expected)


@settings(max_examples=40, deadline=None)
@given(town=towns(), limit_m=st.sampled_from([500.0, FAR_M]))
def test_row_order_and_position_change_nothing_and_inputs_stay(
    town: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame], limit_m: float
) -> None:
    zones, sites, streets = town
    before = [table.copy(deep=True) for table in town]
    expected = measure_access(zones, sites, streets, limits(zones, limit_m, limit_m), rules())
    turned = measure_access(zones.iloc[::-1], sites.iloc[::-1], streets, limits(zones, limit_m, limit_m), rules())
    pd.testing.assert_frame_equal(turned, expected)
    moved = [table.set_geometry(table.translate(600_000, 4_200_000)) for table in town]
    same(
        metres_by(measure_access(*moved, limits(zones, limit_m), rules())),
        metres_by(measure_access(*town, limits(zones, limit_m), rules())),
        limit_m,
    )
    for table, copy in zip(town, before, strict=True):
        pd.testing.assert_frame_equal(table, copy)


@settings(max_examples=40, deadline=None)
@given(town=towns())
def test_more_reach_only_adds_pairs(town: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]) -> None:
    zones, sites, streets = town
    little = measure_access(zones, sites, streets, limits(zones, 600, 600), rules())["metres"].to_dict()
    much = measure_access(zones, sites, streets, limits(zones, 1200, 1200), rules())["metres"].to_dict()
    assert little.keys() <= much.keys()
    assert {pair: much[pair] for pair in little} == pytest.approx(little)
    assert all(much[pair] > 600 for pair in much.keys() - little.keys())


def test_rules_of_the_scenario_are_used(
    layers: Layers, sites: gpd.GeoDataFrame, variant: Callable[[str], Scenario]
) -> None:
    changed = variant("[access]\ndetour_factor = 2\nwalk_factor = 1").access
    found = measure_access(layers.zones, sites, layers.streets, limits(layers.zones, 1250, 750), changed)["metres"]
    assert found["z8", "p4", "drive"] == pytest.approx(200, abs=0.01)
    assert found["z5", "p4", "walk"] == pytest.approx(600, abs=0.01)
