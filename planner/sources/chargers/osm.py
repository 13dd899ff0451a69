"""Charging stations of OpenStreetMap: Overpass JSON, ``.osm`` files and features with OSM tags as columns."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import geopandas as gpd

from planner.faults import BadInput, Fault
from planner.sources.chargers.station import Notes, Part, Station, parts_of, station_at, table_at, taken, text_of
from planner.words import Say, Text

_CLOSED = {"access": ("private", "no"), "motorcar": ("no",), "motor_vehicle": ("no",)}
_DC_SOCKETS = ("combo", "chademo", "dc", "ccs", "supercharger", "chaoji", "nacs")


def of_osm(elements: list[dict[str, Any]], file: Path, say: Say) -> list[Station]:
    """Stations of elements as Overpass gives them: type, id, tags, and lat/lon, center, geometry or nodes."""
    notes, stations = Notes(file, Text(zh="元素", en="element")), []
    nodes = {element.get("id"): element for element in elements if element.get("type") == "node"}
    for element in elements:
        tags = table_at(element, "tags")
        if tags.get("amenity") != "charging_station":
            continue
        own_id = f"{element.get('type')}-{element.get('id')}" if element.get("id") is not None else None
        at = own_id or "?"
        if any(tags.get(key) in values for key, values in _CLOSED.items()):
            notes.leave_out(at, Text(zh="非公用或不供汽车使用", en="private or not for cars"))
            continue
        stations.append(
            station_at(
                "OpenStreetMap",
                own_id,
                name=text_of(tags.get("name:zh") or tags.get("name")),
                operator=text_of(tags.get("operator")),
                place=_centre(element, nodes),
                parts=parts_of(_sockets(tags, notes, at), notes.count(tags.get("capacity"), at)),
                notes=notes,
                at=at,
            )
        )
    return taken(stations, notes, say)


def _sockets(tags: dict[str, Any], notes: Notes, at: str) -> list[Part]:
    output = tags.get("charging_station:output")
    parts = []
    for key, value in sorted(tags.items()):
        socket = key.removeprefix("socket:")
        if socket == key or ":" in socket or text_of(value) in (None, "no"):
            continue
        current = "dc" if any(mark in socket.lower() for mark in _DC_SOCKETS) else "ac"
        count = math.nan if value == "yes" else notes.count(value, at)
        parts.append(Part(current, notes.kw(tags.get(f"{key}:output", output), at), count))
    return parts or ([Part(kw=notes.kw(output, at))] if output else [])


def _centre(element: dict[str, Any], nodes: dict[Any, dict[str, Any]]) -> tuple[Any, Any]:
    """Longitude and latitude of an element: its own, its centre's or the middle of its nodes."""
    if "lon" in element:
        return element["lon"], element.get("lat")
    if centre := table_at(element, "center"):
        return centre.get("lon"), centre.get("lat")
    corners = element.get("geometry") or [nodes[n] for n in dict.fromkeys(element.get("nodes") or []) if n in nodes]
    places = [(c["lon"], c["lat"]) for c in corners if isinstance(c, dict) and "lon" in c and "lat" in c]
    if not places:
        return None, None
    east, north = ([float(place[axis]) for place in dict.fromkeys(places)] for axis in (0, 1))
    return (min(east) + max(east)) / 2, (min(north) + max(north)) / 2


def osm_elements(file: Path) -> list[dict[str, Any]]:
    """The elements of an ``.osm`` file in the shape of Overpass' JSON."""
    try:
        root = ElementTree.parse(file).getroot()
    except (ElementTree.ParseError, OSError, ValueError) as error:
        en, zh = f"cannot be read as OSM XML: {error}", f"无法按 OSM XML 读取：{error}"
        raise BadInput([Fault(str(file), en=en, zh=zh)]) from None
    return [
        {
            "type": entry.tag,
            "id": entry.get("id"),
            **{key: entry.get(key) for key in ("lon", "lat") if entry.get(key) is not None},
            "tags": {tag.get("k"): tag.get("v") for tag in entry.iter("tag")},
            "nodes": [node.get("ref") for node in entry.iter("nd")],
        }
        for entry in root
        if entry.tag in ("node", "way", "relation")
    ]


def feature_elements(features: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Features with OSM tags as columns (of Overpass turbo, OSMnx and the like) in the shape of Overpass' JSON."""
    points = features.geometry.representative_point().to_crs(4326)
    id_name = next((name for name in ("@id", "id", "osm_id", "osmid") if name in features), None)
    kind_name = next((name for name in ("element", "element_type", "osm_type") if name in features), None)
    elements = []
    for row, point in zip(features.drop(columns="geometry").to_dict("records"), points, strict=True):
        tags = {str(key): value for key, value in row.items() if text_of(value) is not None}
        kind, _, own_id = (text_of(tags.get(id_name or "")) or "").rpartition("/")
        kind = kind or text_of(tags.get(kind_name or "")) or "feature"
        elements.append({"type": kind, "id": own_id or None, "lon": point.x, "lat": point.y, "tags": tags})
    return elements
