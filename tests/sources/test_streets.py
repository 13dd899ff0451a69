"""Streets from OSMnx graphs and from lines of a GIS, and the real inner city of Taiyuan where it is at hand."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx
import pandas as pd
import pytest
from shapely import LineString, MultiLineString, Point, box

from helpers.grid_town import GridTown
from helpers.places import SHARED
from helpers.texts import Told
from planner.access import measure_access
from planner.faults import BadInput
from planner.scenario import AccessRules
from planner.sources.streets import SPEED_KMH, read_street_file, streets_of_lines
from planner.tables import STREETS, check_table
from planner.words import unheard

TOWN = GridTown()
AREA = box(*(float(part) for part in TOWN.box.split(",")))

CORE = SHARED / "data" / "osm_core"


@pytest.fixture
def osm_file(tmp_path: Path) -> Path:
    file = tmp_path / "town.osm"
    file.write_text(TOWN.osm(), encoding="utf-8")
    return file


def metric(*lines: Any, **columns: list[Any]) -> gpd.GeoDataFrame:
    """Lines in metres around a point of UTM zone 49 north."""
    shapes = [LineString([(600_000 + x, 4_190_000 + y) for x, y in line]) for line in lines]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=32649)


def ends(streets: gpd.GeoDataFrame) -> set[tuple[float, float]]:
    return set(zip(streets["u"], streets["v"], strict=True))


# ---- OpenStreetMap -----------------------------------------------------------------------------------------------


def test_a_street_is_one_row_with_its_class_speed_and_bridge(osm_file: Path) -> None:
    said = Told()
    streets = read_street_file(osm_file, AREA, said)
    check_table(streets, STREETS)
    # 60 pieces; at the two eastern corners (0, 5) and (5, 5) a row meets the bridge: class changes, yet no junction
    # for OSMnx, so that two pieces each become one street of the higher class; the island is left out
    assert len(streets) == 58
    # 0.445 of 30 x 0.3514 + 31 x 0.4448 = 24.3 km
    assert said == ["streets: 0.4 km (1.8%) and 2 nodes left out, not connected both ways with the rest"]
    one_way = streets[streets["oneway"]]
    assert ends(one_way) == {(TOWN.node(r, 0), TOWN.node(r + 1, 0)) for r in range(5)}
    named = streets[streets["name_zh"] == "迎宾路"]
    assert set(named["speed_kmh"]) == {50.0}
    assert set(named["road_class"]) == {"primary"}
    assert streets.loc[streets["road_class"] == "residential", "speed_kmh"].eq(SPEED_KMH["residential"]).all()
    assert streets["bridge"].sum() == 5
    assert streets.index.tolist() == [f"s{n:02d}" for n in range(1, 59)]


def test_graphml_gives_the_same_as_the_extract(osm_file: Path, tmp_path: Path) -> None:
    from planner.sources.osm import read_streets

    osmnx.save_graphml(read_streets(osm_file, AREA, unheard), tmp_path / "town.graphml")
    from_graph = read_street_file(tmp_path / "town.graphml", AREA, unheard)
    from_osm = read_street_file(osm_file, AREA, unheard)
    assert from_graph.drop(columns="geometry").equals(from_osm.drop(columns="geometry"))


def test_files_that_are_no_street_graph(tmp_path: Path, osm_file: Path) -> None:
    (tmp_path / "bad.graphml").write_text("<graphml", encoding="utf-8")
    with pytest.raises(BadInput, match="cannot be read as a street graph saved by OSMnx"):
        read_street_file(tmp_path / "bad.graphml", AREA, unheard)
    nx.write_graphml(nx.path_graph(3), tmp_path / "other.graphml")
    with pytest.raises(BadInput, match="cannot be read as a street graph saved by OSMnx"):
        read_street_file(tmp_path / "other.graphml", AREA, unheard)
    with pytest.raises(BadInput, match="no such file"):
        read_street_file(tmp_path / "none.graphml", AREA, unheard)


def test_streets_of_another_city_are_refused(osm_file: Path, tmp_path: Path) -> None:
    from planner.sources.osm import read_streets

    osmnx.save_graphml(read_streets(osm_file, AREA, unheard), tmp_path / "town.graphml")
    elsewhere = box(10.0, 50.0, 10.1, 50.1)
    for file in (osm_file, tmp_path / "town.graphml"):
        with pytest.raises(BadInput, match="inside the study area"):
            read_street_file(file, elsewhere, unheard)


# ---- lines of a GIS ----------------------------------------------------------------------------------------------


def test_lines_are_cut_where_others_end_on_them() -> None:
    # a main street of 200 m, a side street ending on its middle, 0.4 m short of it
    streets = streets_of_lines(metric([(0, 0), (200, 0)], [(100, 0.4), (100, 50)]), Path("t.gpkg"), unheard)
    assert sorted(streets["metres"].round(0)) == [50, 100, 100]
    assert len(set(streets["u"]) | set(streets["v"])) == 4


def test_lines_that_share_a_corner_meet_there_and_crossing_lines_do_not() -> None:
    crossing = metric([(0, 0), (100, 0), (200, 0)], [(100, -50), (100, 0), (100, 50)])
    assert len(streets_of_lines(crossing, Path("t.gpkg"), unheard)) == 4
    bridge = metric([(0, 0), (200, 0)], [(100, -50), (100, 50)], name=["below", "above"], highway=["primary"] * 2)
    said = Told()
    kept = streets_of_lines(bridge, Path("t.gpkg"), said)
    assert kept["name_zh"].tolist() == ["below"]  # the two are not connected: the longer one stays
    assert said == ["! streets: 0.1 km (33.3%) and 2 nodes left out, not connected both ways with the rest"]


@pytest.mark.parametrize(("mark", "forward"), [("yes", True), ("F", True), ("-1", False), ("T", False), ("单行", True)])
def test_one_way_marks_of_the_field(mark: str, forward: bool) -> None:
    ring = metric([(0, 0), (100, 0)], [(100, 0), (100, 80), (0, 0)], oneway=[mark, "no" if forward else "B"])
    streets = streets_of_lines(ring, Path("t.shp"), unheard)
    one_way = streets[streets["oneway"]]
    assert len(one_way) == 1
    start = one_way.to_crs(32649).geometry.iloc[0].coords[0]
    assert start[0] == pytest.approx(600_000 if forward else 600_100, abs=0.01)


def test_columns_in_chinese_and_defaults() -> None:
    table = metric([(0, 0), (100, 0)], [(100, 0), (100, 80)], 道路等级=["primary_link", "乡道"], 限速=[60, None])
    streets = streets_of_lines(table, Path("t.shp"), unheard).sort_values("metres")
    assert streets["road_class"].tolist() == ["tertiary", "primary"]
    assert streets["speed_kmh"].tolist() == [SPEED_KMH["tertiary"], 60.0]
    assert not streets["oneway"].any()


def test_classes_of_chinese_streets_and_what_meant_nothing_is_said() -> None:
    ring = [[(0, 0), (100, 0)], [(100, 0), (100, 80)], [(100, 80), (0, 80)], [(0, 80), (0, 0)]]
    table = metric(*ring, 道路等级=["快速路", "主干道", "支路", "林荫路"], 限速=[80, "很快", 99999, None])
    said = Told()
    streets = streets_of_lines(table, Path("t.shp"), said)
    assert sorted(streets["road_class"]) == ["primary", "tertiary", "trunk", "unclassified"]
    assert streets.set_index("road_class")["speed_kmh"].to_dict() == {
        "trunk": 80.0, "primary": SPEED_KMH["primary"], "tertiary": SPEED_KMH["tertiary"],
        "unclassified": SPEED_KMH["unclassified"],
    }  # fmt: skip
    assert said == [
        "t.shp: unknown road classes taken as unclassified: 林荫路 (1)",
        "t.shp: speeds left out, not within 3 to 160 km/h: 很快, 99999",
    ]
    said.clear()
    streets_of_lines(metric(*ring), Path("t.shp"), said)
    assert said == ["t.shp: no road classes: all streets unclassified"]


def test_streets_that_lead_nowhere_are_refused() -> None:
    dead_ends = metric([(0, 0), (100, 0)], [(0, 0), (0, 80)], oneway=["yes", "yes"])
    with pytest.raises(BadInput, match=r"in 0\.2 km no street leads there and back"):
        streets_of_lines(dead_ends, Path("t.shp"), unheard)


def test_multipart_lines_are_taken_apart_and_others_refused() -> None:
    parts = MultiLineString(metric([(0, 0), (100, 0)], [(100, 0), (100, 90)]).geometry.tolist())
    two = gpd.GeoDataFrame(geometry=[parts], crs=32649)
    said = Told()
    assert len(streets_of_lines(two, Path("m.gpkg"), said)) == 2
    assert said[0] == "m.gpkg: 1 multipart lines taken apart"
    points = gpd.GeoDataFrame(geometry=[Point(600_000, 4_190_000)], crs=32649)
    with pytest.raises(BadInput, match=r"p\.gpkg, feature 1: found Point; streets are lines"):
        streets_of_lines(points, Path("p.gpkg"), unheard)


def test_length_is_that_on_the_ground_in_any_projection(tmp_path: Path) -> None:
    # 0.01 degrees of latitude at the equator are 1,105.7 m on the ellipsoid; in Web Mercator at 60 N twice as much
    for latitude, metres in ((0.0, 1_105.74), (60.0, 1_114.1)):
        line = gpd.GeoDataFrame(geometry=[LineString([(30, latitude), (30, latitude + 0.01)])], crs=4326).to_crs(3857)
        line.to_file(tmp_path / "l.gpkg")
        area = box(29.9, latitude - 0.1, 30.1, latitude + 0.1)
        assert read_street_file(tmp_path / "l.gpkg", area, unheard)["metres"].sum() == pytest.approx(metres, abs=0.2)


# ---- the real inner city -----------------------------------------------------------------------------------------


@pytest.mark.skipif(not CORE.is_dir(), reason="the real OSM extract is not at hand")
def test_driving_metres_agree_with_networkx_in_the_real_inner_city() -> None:
    file = CORE / "taiyuan_core_drive_scc.graphml"
    graph = osmnx.load_graphml(file)
    nodes = osmnx.convert.graph_to_gdfs(graph, edges=False)
    area = box(*nodes.total_bounds).buffer(0.01)
    streets = read_street_file(file, area, unheard).to_crs(32649)
    assert len({*streets["u"], *streets["v"]}) == 4_915
    open_streets = streets[~streets["bridge"] & (streets["road_class"] != "motorway")]
    # junctions of streets where one may stop; from there to there no leg is walked
    junctions = np.array(sorted({*open_streets["u"].astype(int), *open_streets["v"].astype(int)}))
    chosen = np.random.default_rng(7).permutation(junctions)[:400]
    spots = nodes.to_crs(32649).geometry
    squares = spots.loc[chosen[:200]].buffer(1.0, cap_style="square")
    zones = gpd.GeoDataFrame(geometry=squares.to_numpy(), index=[f"z{n}" for n in chosen[:200]], crs=32649)
    sites = gpd.GeoDataFrame(
        geometry=spots.loc[chosen[200:]].to_numpy(), index=[f"p{n}" for n in chosen[200:]], crs=32649
    )
    zones.index.name, sites.index.name = "zone_id", "site_id"
    figure = {"source_kind": "assumption", "reasoning": "test"}
    rules = AccessRules.model_validate({"detour_factor": 1.0, "walk_factor": 1.0, "max_snap_m": 50.0, **figure})
    limits = pd.DataFrame({"drive": 40_000.0, "walk": 0.0}, index=zones.index)
    access = measure_access(zones, sites, streets, limits, rules)["metres"]
    for start, end in zip(chosen[:200], chosen[200:], strict=True):
        expected = nx.shortest_path_length(graph, int(start), int(end), weight="length")
        # a junction may snap to any street that meets there, a centimetre off its end
        assert access[f"z{start}", f"p{end}", "drive"] == pytest.approx(expected, abs=2.0)
