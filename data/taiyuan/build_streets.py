"""From the bare OSM arterial skeleton to one connected street graph with estimated lengths and inferred classes."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely
from scipy.cluster.hierarchy import fcluster, linkage
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

CLIP_BEYOND_CITY_M = 16_000  # one road of the north-east is joined to the rest only 15 km outside the boundary
SAME_PLACE_M = 220  # nodes that fit in a group this wide are one junction (coordinates are rounded to about 100 m)
SAME_ROAD_M = 130  # a node this close to an edge lies on it (the two carriageways of one road)
PLAIN_DETOUR, HILL_DETOUR = 1.03, 1.30  # real length / straight line; see SOURCES.md for where they come from
SHORT_EDGE_M = 1_500  # shorter edges follow the road closely enough even in the hills
STRAIGHT_ON_DEG = 35  # two edges that bend less than this at a junction are one road
CLASS_SHARES = (("trunk", 0.30), ("primary", 0.65), ("secondary", 1.0))  # cumulative share of kilometres, busiest first
SPEED_KMH = {"trunk": 60, "primary": 45, "secondary": 35}

# Foot of the hills around the basin, drawn by hand at about 1 km from the township boxes and the road pattern (WGS84).
# Everything inside the city but outside this outline counts as hill country.
BASIN_LON_LAT = [
    (112.20, 37.40), (112.20, 37.58), (112.32, 37.64), (112.40, 37.70), (112.42, 37.78), (112.44, 37.86),
    (112.42, 37.95), (112.43, 38.03), (112.55, 38.05), (112.66, 38.13), (112.70, 38.22), (112.82, 38.24),
    (112.80, 38.12), (112.72, 38.03), (112.65, 37.96), (112.64, 37.86), (112.70, 37.80), (113.00, 37.75),
    (113.00, 37.40),
]  # fmt: skip


def build_streets(
    nodes: dict[int, tuple[float, float]], edges: list[tuple[int, int]], districts: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """One connected, undirected street graph of the city and its surroundings.

    Parameters: `nodes` {id: (lon, lat)}, `edges` [(u, v)] as read from the package; `districts` in the working CRS.
    Returns one row per edge in WGS84 with the columns described in SOURCES.md; metres are estimates.
    """
    skeleton = _as_graph(nodes, edges, districts.crs)
    area = districts.union_all().buffer(CLIP_BEYOND_CITY_M)
    streets = _clip(skeleton, area)
    streets = _join_near_nodes(streets)
    streets = _join_carriageways(streets)
    streets = _largest_part(streets)
    streets = _drop_stubs_outside(streets, districts.union_all())
    return _as_table(streets, districts.crs)


def _as_graph(nodes: dict[int, tuple[float, float]], edges: list[tuple[int, int]], crs: object) -> nx.Graph:
    """The skeleton with node attribute xy in the working CRS (metres)."""
    points = gpd.GeoSeries([Point(xy) for xy in nodes.values()], index=list(nodes), crs=4326).to_crs(crs)
    graph = nx.Graph()
    for node, point in points.items():
        graph.add_node(node, xy=(point.x, point.y))
    graph.add_edges_from(edges)
    return graph


def _line(graph: nx.Graph, u: int, v: int) -> LineString:
    return LineString([graph.nodes[u]["xy"], graph.nodes[v]["xy"]])


def _clip(graph: nx.Graph, area: BaseGeometry) -> nx.Graph:
    """Edges inside `area`; an edge that leaves it ends in a new node on its rim. Keeps what is connected inside."""
    clipped = nx.Graph()
    number = max(graph) + 1
    for u, v in sorted(graph.edges):
        inside = _line(graph, u, v).intersection(area)
        for part in shapely.get_parts(inside):
            if part.geom_type != "LineString" or part.is_empty:
                continue
            ends = []
            for xy in (part.coords[0], part.coords[-1]):
                known = next((n for n in (u, v) if np.hypot(*np.subtract(graph.nodes[n]["xy"], xy)) < 1), None)
                ends.append(number if known is None else known)
                clipped.add_node(ends[-1], xy=xy if known is None else graph.nodes[known]["xy"])
                number += known is None
            clipped.add_edge(*ends)
    return _largest_part(clipped)


def _join_near_nodes(graph: nx.Graph) -> nx.Graph:
    """Nodes that fit into a group `SAME_PLACE_M` wide become one node at their mean; loops and doubles vanish."""
    ids = sorted(graph)
    xy = np.array([graph.nodes[n]["xy"] for n in ids])
    group = fcluster(linkage(xy, method="complete"), SAME_PLACE_M, criterion="distance")
    leader = {g: min(n for n, h in zip(ids, group, strict=True) if h == g) for g in sorted(set(group))}
    joined = nx.Graph()
    for g, node in sorted(leader.items(), key=lambda item: item[1]):
        joined.add_node(node, xy=tuple(xy[group == g].mean(axis=0)))
    place = {n: leader[g] for n, g in zip(ids, group, strict=True)}
    joined.add_edges_from(sorted({tuple(sorted((place[u], place[v]))) for u, v in graph.edges if place[u] != place[v]}))
    return joined


def _join_carriageways(graph: nx.Graph) -> nx.Graph:
    """Lead every edge through the nodes that lie on it, until none is left: parallel carriageways become one road."""
    graph = graph.copy()
    ids = np.array(sorted(graph))
    tree = shapely.STRtree([Point(graph.nodes[n]["xy"]) for n in ids])
    queue = sorted(graph.edges)
    while queue:
        u, v = queue.pop(0)
        if not graph.has_edge(u, v):
            continue
        line = _line(graph, u, v)
        near = [int(n) for n in ids[tree.query(line, predicate="dwithin", distance=SAME_ROAD_M)] if n not in (u, v)]
        along = {n: line.project(Point(graph.nodes[n]["xy"])) for n in near}
        through = [n for n in near if SAME_PLACE_M / 2 < along[n] < line.length - SAME_PLACE_M / 2]
        if through:
            middle = min(through, key=lambda n: (line.distance(Point(graph.nodes[n]["xy"])), n))
            graph.remove_edge(u, v)
            for end in (u, v):
                graph.add_edge(end, middle)
                queue.append((min(end, middle), max(end, middle)))
    return graph


def _largest_part(graph: nx.Graph) -> nx.Graph:
    parts = sorted(nx.connected_components(graph), key=lambda part: (-len(part), min(part)))
    return graph.subgraph(parts[0]).copy()


def _drop_stubs_outside(graph: nx.Graph, city: BaseGeometry) -> nx.Graph:
    """Remove dead ends that lie wholly outside the city, again and again: they lead nowhere a plan looks."""
    graph = graph.copy()
    while True:
        stubs = [
            node
            for node in sorted(graph)
            if graph.degree(node) == 1 and not _line(graph, node, next(iter(graph[node]))).intersects(city)
        ]
        if not stubs:
            return graph
        graph.remove_nodes_from(stubs)


def _as_table(graph: nx.Graph, crs: object) -> gpd.GeoDataFrame:
    """Number nodes and edges from west to east, estimate lengths, infer classes."""
    order = sorted(graph, key=lambda n: graph.nodes[n]["xy"])
    graph = nx.relabel_nodes(graph, {n: number for number, n in enumerate(order, start=1)})
    edges = sorted(tuple(sorted(edge)) for edge in graph.edges)
    streets = gpd.GeoDataFrame(
        {"u": [u for u, _ in edges], "v": [v for _, v in edges]},
        geometry=[_line(graph, u, v) for u, v in edges],
        crs=crs,
    )
    straight_m = streets.length
    streets["detour_factor"] = _detour_factor(streets)
    streets["metres"] = np.ceil(straight_m * streets["detour_factor"] * 10) / 10
    streets["road_class"] = _infer_class(graph, streets)
    streets["speed_kmh"] = streets["road_class"].map(SPEED_KMH)
    streets = streets.assign(class_inferred=True, oneway=False, name_zh=None)
    streets.insert(0, "street_id", [f"st{number:05d}" for number in range(1, len(streets) + 1)])
    columns = ["street_id", "u", "v", "road_class", "class_inferred", "oneway", "metres", "speed_kmh", "name_zh"]
    return streets[[*columns, "detour_factor", "geometry"]].to_crs(4326)


def _detour_factor(streets: gpd.GeoDataFrame) -> pd.Series:
    """Hill factor for the share of a long edge that lies outside the basin, plain factor for the rest."""
    basin = gpd.GeoSeries([Polygon(BASIN_LON_LAT)], crs=4326).to_crs(streets.crs).iloc[0]
    hill_share = 1 - streets.intersection(basin).length / streets.length
    hill_share = hill_share.where(streets.length > SHORT_EDGE_M, 0.0)
    return (PLAIN_DETOUR + (HILL_DETOUR - PLAIN_DETOUR) * hill_share).round(3)


def _infer_class(graph: nx.Graph, streets: gpd.GeoDataFrame) -> pd.Series:
    """Class by how many shortest paths a road carries: the busiest 30 % of the km are trunk, the next 35 % primary.

    A road is a chain of edges that runs straight on through junctions; all its edges get the road's mean.
    """
    metres = dict(zip(zip(streets["u"], streets["v"], strict=True), streets["metres"], strict=True))
    nx.set_edge_attributes(graph, metres, "metres")
    carried = {tuple(sorted(e)): c for e, c in nx.edge_betweenness_centrality(graph, weight="metres").items()}
    keys = list(zip(streets["u"], streets["v"], strict=True))
    table = pd.DataFrame({"metres": streets["metres"], "carried": [carried[key] for key in keys]})
    road = pd.Series(_roads(graph, keys), index=streets.index)
    weighted = (table["carried"] * table["metres"]).groupby(road).sum() / table["metres"].groupby(road).sum()
    rank = pd.DataFrame({"busy": -road.map(weighted).round(9), "road": road}).sort_values(["busy", "road"]).index
    share = (table["metres"].loc[rank].cumsum() / table["metres"].sum()).reindex(streets.index)
    return share.map(lambda s: next(name for name, limit in CLASS_SHARES if s <= limit + 1e-9))


def _roads(graph: nx.Graph, keys: list[tuple[int, int]]) -> list[int]:
    """Number of the road each edge belongs to: at every node the straightest pairs of edges are joined."""
    joins = nx.Graph()
    joins.add_nodes_from(keys)
    for node in sorted(graph):
        here = np.array(graph.nodes[node]["xy"])
        arms = [(tuple(sorted((node, n))), np.array(graph.nodes[n]["xy"]) - here) for n in sorted(graph[node])]
        bends = [
            (180 - np.degrees(np.arccos(np.clip(a @ b / np.hypot(*a) / np.hypot(*b), -1, 1))), first, second)
            for i, (first, a) in enumerate(arms)
            for second, b in arms[i + 1 :]
        ]
        taken: set[tuple[int, int]] = set()
        for bend, first, second in sorted(bends):
            if bend < STRAIGHT_ON_DEG and not {first, second} & taken:
                joins.add_edge(first, second)
                taken |= {first, second}
    number = {key: n for n, part in enumerate(nx.connected_components(joins)) for key in part}
    return [number[key] for key in keys]
