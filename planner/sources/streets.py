"""Streets of a study area from OpenStreetMap's graph or from lines of a GIS: one row per street, largest part only."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx
import pandas as pd
import scipy.sparse as sp
import shapely
import shapely.ops
from pyproj import Geod
from scipy.sparse.csgraph import connected_components

from planner.access import street_parts
from planner.faults import BadInput, Fault, some
from planner.files.readers import column, read_features, within
from planner.sources.osm import DRIVABLE, EXTRACTS, Area, read_streets
from planner.words import Say, Text

SPEED_KMH = {  # where no limit is tagged: usual speeds in Chinese cities, lights and turns included
    "motorway": 80.0,
    "trunk": 60.0,
    "primary": 45.0,
    "secondary": 35.0,
    "tertiary": 30.0,
    "unclassified": 25.0,
    "residential": 20.0,
    "living_street": 10.0,
}
_CLASS_WORDS = {  # Chinese classes of city streets (CJJ 37) and of roads by their administration
    "高速公路": "motorway", "高速": "motorway", "快速路": "trunk", "国道": "trunk", "主干路": "primary",
    "主干道": "primary", "省道": "primary", "次干路": "secondary", "次干道": "secondary", "县道": "secondary",
    "支路": "tertiary", "支道": "tertiary", "乡道": "tertiary", "村道": "unclassified", "街巷": "residential",
    "内部道路": "residential", "小区道路": "residential",
}  # fmt: skip
_SPEEDS_KMH = (3.0, 160.0)  # what a limit may be; others are typing errors
_MUCH_LOST = 0.2
_JOIN_M = 1.0  # line ends as near as this are one junction
_ONE_WAY = {"yes", "true", "1", "1.0", "f", "ft", "t", "-1", "tf", "是", "单行", "单向"}
_AGAINST = {"-1", "t", "tf"}  # one way against the direction of drawing
_COLUMNS = ("u", "v", "oneway", "road_class", "metres", "speed_kmh", "bridge", "name_zh", "geometry")


def read_street_file(file: Path, area: Area, say: Say) -> gpd.GeoDataFrame:
    """The streets of a file around an area (EPSG:4326): OSM extract, OSMnx .graphml, or lines of a GIS.

    Returns
    -------
    GeoDataFrame
        The table ``streets`` in EPSG:4326, index street_id; the largest strongly connected part only.

    Raises
    ------
    BadInput
        Not readable, no street inside the area, no lines.
    """
    suffix = file.suffix.lower()
    if suffix in EXTRACTS:
        return streets_of_graph(read_streets(file, area, say), say)
    if suffix == ".graphml":
        return streets_of_graph(_graphml(file, area), say)
    boundary = gpd.GeoSeries([area], crs=4326)
    lines = read_features(file, say, boundary)
    return streets_of_lines(lines[within(lines, boundary, file, Text(zh="道路", en="street"))], file, say)


def streets_of_graph(graph: nx.MultiDiGraph, say: Say) -> gpd.GeoDataFrame:
    """OSMnx's directed graph as the table ``streets``: both directions of a street in one row.

    Parameters
    ----------
    graph
        Simplified, EPSG:4326, edges with ``length`` (metres) and ``highway``.
    say
        Told how many kilometres and nodes outside the largest strongly connected part were left out.

    Returns
    -------
    GeoDataFrame
        Index street_id, sorted by nodes; ``u, v`` (OSM node ids), ``oneway``, ``road_class`` (links count as their
        road), ``metres``, ``speed_kmh`` (tagged, else by class), ``bridge`` (bridge or tunnel), ``name_zh``.
    """
    edges = osmnx.convert.graph_to_gdfs(graph, nodes=False).reset_index()
    first = edges.get("highway", pd.Series("unclassified", index=edges.index)).map(_main_class)
    speed = edges["maxspeed"].map(_speed_of) if "maxspeed" in edges else pd.Series(np.nan, index=edges.index)
    table = gpd.GeoDataFrame(
        {
            "u": edges["u"],
            "v": edges["v"],
            "road_class": first,
            "metres": edges["length"].astype(float).round(2),
            "speed_kmh": speed.fillna(first.map(SPEED_KMH)),
            "bridge": _tagged(edges, "bridge") | _tagged(edges, "tunnel"),
            "name_zh": edges["name"].map(_text_of) if "name" in edges else None,
        },
        geometry=edges.geometry.to_numpy(),
        crs=edges.crs,
    ).to_crs(4326)
    return largest_part(_numbered(_paired(table)), say)


def streets_of_lines(lines: gpd.GeoDataFrame, file: Path, say: Say) -> gpd.GeoDataFrame:
    """Lines of a GIS as the table ``streets``: joined where they end or share a corner.

    Class, one-way and speed are read from columns like ``highway``, ``fclass``, ``oneway``, ``maxspeed``, 道路等级 or
    单行; without them a line is ``unclassified``, two-way, of its class's speed. Lines that merely cross stay apart.

    Raises
    ------
    BadInput
        Geometries other than lines.
    """
    wrong = ~lines.geometry.geom_type.isin(["LineString", "MultiLineString"])
    if bool(wrong.any()):
        kinds = some(sorted(set(lines.geometry.geom_type[wrong])))
        en, zh = f"found {kinds}; streets are lines", f"现为 {kinds}；道路应为线要素"
        raise BadInput([Fault(f"{file}, feature {some(np.flatnonzero(wrong) + 1)}", en=en, zh=zh)])
    several = int((shapely.get_num_geometries(lines.geometry.to_numpy()) > 1).sum())
    if several:
        say(Text(zh=f"已拆分 {several} 条多部件线", en=f"{several} multipart lines taken apart").about(file.name))
    simple = lines.explode(ignore_index=True)
    metric = simple.to_crs(simple.estimate_utm_crs())
    cut, source = _cut_at_ends(metric.geometry.to_numpy())
    attributes = _line_attributes(simple, file, say).iloc[source].reset_index(drop=True)
    shapes = gpd.GeoSeries(cut, crs=metric.crs)
    u, v = _junctions(cut)
    table = gpd.GeoDataFrame(attributes.assign(u=u, v=v), geometry=shapes).to_crs(4326)
    table["metres"] = _geodesic_m(table.geometry).round(2)
    table = _drawn_forward(table[table["metres"] > 0])
    return largest_part(_numbered(table), say)


def largest_part(streets: gpd.GeoDataFrame, say: Say) -> gpd.GeoDataFrame:
    """The streets among which one can drive from everywhere to everywhere; says what was left out."""
    main = street_parts(streets) == 0
    if main.all():
        return streets
    lost = streets[~main]
    inside = {*streets.loc[main, "u"], *streets.loc[main, "v"]}
    nodes = len({*lost["u"], *lost["v"]} - inside)
    km = lost["metres"].sum() / 1000
    share = lost["metres"].sum() / streets["metres"].sum()
    if not main.any():
        en = f"in {km:,.1f} km no street leads there and back; check one-way marks and where lines join"
        zh = f"{km:,.1f} km 道路中没有一条能往返通行，请检查单行标记与线路衔接处"
        raise BadInput([Fault("streets", en=en, zh=zh)])
    mark = "! " if share > _MUCH_LOST else ""
    en = f"{km:,.1f} km ({share:.1%}) and {nodes:,} nodes left out, not connected both ways with the rest"
    zh = f"{km:,.1f} km（{share:.1%}）、{nodes:,} 个节点与主路网不双向连通，已舍弃"
    say(Text(zh=f"{mark}道路：{zh}", en=f"{mark}streets: {en}"))
    return streets[main]


def _graphml(file: Path, area: Area) -> nx.MultiDiGraph:
    if not file.is_file():
        raise BadInput([Fault(str(file), en="no such file; check the path", zh="找不到文件，请检查路径")])
    try:
        graph = osmnx.load_graphml(file)
        if not nx.get_edge_attributes(graph, "length") or "crs" not in graph.graph:
            raise KeyError("length of the edges, or crs of the graph")
    except Exception as error:  # networkx, lxml and osmnx raise many kinds; all mean it is no street graph
        reason = f"{type(error).__name__}: {error}"
        en, zh = (
            f"cannot be read as a street graph saved by OSMnx: {reason}",
            f"无法作为 OSMnx 保存的路网读取：{reason}",
        )
        raise BadInput([Fault(str(file), en=en, zh=zh)]) from None
    if not osmnx.projection.is_projected(graph.graph["crs"]):
        spots = shapely.points(list(nx.get_node_attributes(graph, "x").values()), list(_values(graph, "y")))
        if not bool(shapely.intersects(spots, area).any()):
            west, south, east, north = shapely.total_bounds(spots)
            extent = f"{west:.3f}, {south:.3f} to {east:.3f}, {north:.3f}"
            en = f"no street inside the study area: the file covers {extent}"
            raise BadInput([Fault(str(file), en=en, zh=f"研究区内没有道路：文件范围 {extent}")])
        graph = osmnx.truncate.truncate_graph_polygon(graph, area, truncate_by_edge=True)
    return graph


def _values(graph: nx.MultiDiGraph, name: str) -> Any:
    return nx.get_node_attributes(graph, name).values()


# ---- OSM edges ---------------------------------------------------------------------------------------------------


def _paired(edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """One row per street: an edge and its reverse, of the same shape, are a two-way street."""
    forward = edges["u"] < edges["v"]
    shape = shapely.to_wkb(shapely.normalize(edges.geometry.to_numpy()))
    low, high = edges[["u", "v"]].min(axis=1), edges[["u", "v"]].max(axis=1)
    key = pd.MultiIndex.from_arrays([low, high, pd.Index(shape)])
    table = edges.assign(forward=forward, spot=pd.factorize(key)[0])
    table = table.sort_values(["u", "v", "spot", "forward"], ascending=[True, True, True, False], kind="stable")
    both = table.groupby("spot")["forward"].agg(["size", "nunique"])
    loop = table["u"] == table["v"]
    two_way = table["spot"].map(both["nunique"]).eq(2) | (loop & table["spot"].map(both["size"]).gt(1))
    return table.assign(oneway=~two_way).drop_duplicates("spot")


def _numbered(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Street ids in the order of nodes and shape, columns in their order."""
    order = pd.DataFrame({"u": table["u"], "v": table["v"], "shape": shapely.to_wkt(table.geometry.to_numpy())})
    table = table.loc[order.sort_values(["u", "v", "shape"], kind="stable").index]
    width = len(str(len(table)))
    ids = pd.Index([f"s{n:0{width}d}" for n in range(1, len(table) + 1)], name="street_id")
    return gpd.GeoDataFrame(table[list(_COLUMNS)].set_axis(ids), geometry="geometry", crs=table.crs)


def _tagged(edges: gpd.GeoDataFrame, key: str) -> pd.Series:
    if key not in edges:
        return pd.Series(False, index=edges.index)
    tagged: pd.Series = edges[key].map(lambda value: bool({*_each(value)} - {"no", "nan", "None"})).astype(bool)
    return tagged


def _each(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list | tuple | set) else [str(value)]


def _main_class(value: Any) -> str:
    """The highest class among a street's, links counting as their road; other classes as they are."""
    classes = [_CLASS_WORDS.get(v, v.removesuffix("_link")) for v in _each(value)]
    known = [c for c in DRIVABLE if c in classes]
    return known[0] if known else "unclassified"


def _speed_of(value: Any) -> float:
    """Speed of a tag in km/h, the lowest of several; NaN where it is no number."""
    speeds = []
    for text in _each(value):
        digits = text.lower().removesuffix("mph").removesuffix("km/h").strip()
        if digits.replace(".", "", 1).isdigit() and float(digits) > 0:
            speeds.append(float(digits) * (1.609344 if text.lower().endswith("mph") else 1.0))
    usual = [speed for speed in speeds if _SPEEDS_KMH[0] <= speed <= _SPEEDS_KMH[1]]
    return min(usual) if usual else float("nan")


def _text_of(value: Any) -> str | None:
    texts = [t for t in _each(value) if t not in ("nan", "None", "")]
    return texts[0] if texts else None


# ---- lines of a GIS ----------------------------------------------------------------------------------------------


def _line_attributes(lines: gpd.GeoDataFrame, file: Path, say: Say) -> pd.DataFrame:
    """Class, direction, speed, bridge and name of lines, by their columns."""

    def cells(meaning: str) -> pd.Series:
        name = column(lines, meaning)
        return lines[name] if name else pd.Series([None] * len(lines), index=lines.index, dtype=object)

    def word(value: Any) -> str:
        return str(value).strip().lower()

    road_class = cells("road_class").map(lambda v: _main_class(word(v)))
    speed = cells("speed_kmh").map(_speed_of)
    _say_unread(cells("road_class").map(word), cells("speed_kmh"), speed, file, say)
    direction = cells("oneway").map(word)
    return pd.DataFrame(
        {
            "road_class": road_class,
            "speed_kmh": speed.fillna(road_class.map(SPEED_KMH)),
            "oneway": direction.isin(_ONE_WAY),
            "against": direction.isin(_AGAINST),
            "bridge": cells("bridge").map(lambda v: word(v) in {"yes", "true", "1", "t", "是"}),
            "name_zh": cells("name_zh").map(_text_of),
        }
    )


def _say_unread(classes: pd.Series, given: pd.Series, read: pd.Series, file: Path, say: Say) -> None:
    """Tell which classes and speeds of a file meant nothing to us."""
    none = {"none", "nan", ""}
    known = {*DRIVABLE, *(f"{c}_link" for c in DRIVABLE), *_CLASS_WORDS}
    unknown = classes[~classes.isin(known | none)].value_counts()
    if classes.isin(none).all():
        say(Text(zh="没有道路等级，均按未分级处理", en="no road classes: all streets unclassified").about(file.name))
    elif len(unknown):
        names = some(f"{name} ({count})" for name, count in unknown.items())
        en = f"unknown road classes taken as unclassified: {names}"
        say(Text(zh=f"未知道路等级按未分级处理：{names}", en=en).about(file.name))
    odd = read.isna() & given.notna() & ~given.astype(str).str.lower().isin(none)
    if bool(odd.any()):
        values = some(given[odd].astype(str).unique())
        en = f"speeds left out, not within 3 to 160 km/h: {values}"
        say(Text(zh=f"已忽略不在 3 至 160 km/h 之间的限速：{values}", en=en).about(file.name))


def _cut_at_ends(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lines cut where another line ends on them or shares a corner, and the line each piece is of."""
    stops_xy = np.vstack([_end_xy(lines, 0), _end_xy(lines, -1), _shared_xy(lines)])
    ends: Any = shapely.points(np.unique(stops_xy, axis=0))
    tree = shapely.STRtree(lines)
    end, line = tree.query(ends, predicate="dwithin", distance=_JOIN_M)
    along = np.asarray(shapely.line_locate_point(lines[line], ends[end]))
    inner = (along > _JOIN_M) & (along < shapely.length(lines[line]) - _JOIN_M)
    cuts = pd.Series(along[inner]).groupby(line[inner]).agg(lambda a: sorted(set(a)))
    pieces, source = [], []
    for number, shape in enumerate(lines):
        stops = [0.0, *cuts.get(number, []), shape.length]
        for start, stop in pairwise(stops):
            pieces.append(shape if len(stops) == 2 else shapely.ops.substring(shape, start, stop))
            source.append(number)
    return np.array(pieces, dtype=object), np.array(source)


def _shared_xy(lines: np.ndarray) -> np.ndarray:
    """Corners that two lines or more have in common: in OpenStreetMap's way of drawing, their junctions."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    corners = pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], "line": line}).drop_duplicates()
    return corners.loc[corners.duplicated(["x", "y"]), ["x", "y"]].to_numpy()


def _end_xy(lines: np.ndarray, position: int) -> np.ndarray:
    return np.asarray(shapely.get_coordinates(shapely.get_point(lines, position)))


def _junctions(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number of the junction at the start and at the end of each line: ends within a metre are one."""
    xy = np.vstack([_end_xy(lines, 0), _end_xy(lines, -1)])
    spots, at = np.unique(xy, axis=0, return_inverse=True)
    points: Any = shapely.points(spots)
    near = shapely.STRtree(points).query(points, predicate="dwithin", distance=_JOIN_M)
    links = sp.coo_matrix((np.ones(near.shape[1]), (near[0], near[1])), shape=(len(spots), len(spots)))
    _, number = connected_components(links, directed=False)
    node = number[at.ravel()] + 1
    return node[: len(lines)], node[len(lines) :]


def _drawn_forward(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """One-way streets drawn in the direction of travel."""
    turned = table["against"].to_numpy(bool)
    shapes = np.where(turned, shapely.reverse(table.geometry.to_numpy()), table.geometry.to_numpy())
    u, v = np.where(turned, table["v"], table["u"]), np.where(turned, table["u"], table["v"])
    return table.assign(u=u, v=v).set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))


def _geodesic_m(lines: gpd.GeoSeries) -> pd.Series:
    """Length on the ellipsoid, whatever the projection: metres."""
    metres: pd.Series = lines.map(Geod(ellps="WGS84").geometry_length).astype(float)
    return metres
