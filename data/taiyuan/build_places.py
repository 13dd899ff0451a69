"""From raw OSM classes and names to places with a planner's kind, and the few named nodes that OSM does not carry."""

import re

import geopandas as gpd
import pandas as pd

OSM_SOURCE = "OpenStreetMap via geopi 0.1.8"
OSM_ACCURACY_M = 50
ON_THE_LINE_M = 10  # a place this close outside the boundary still belongs to the city
HAS_CHINESE = "[\u4e00-\u9fff]"
KINDS = (
    "mall", "hospital", "university", "school", "government", "culture", "hotel", "residential", "supermarket",
    "leisure", "office", "industry", "logistics", "market", "station", "freight_yard", "airport", "dealership", "fuel",
    "parking", "bank", "centre", "other",
)  # fmt: skip


def build_places(
    osm_places: gpd.GeoDataFrame, named_nodes: pd.DataFrame, kind_rules: pd.DataFrame, districts: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Places inside the city, WGS84, one row each, place_id in the order of the OSM ids, named nodes last.

    Parameters: `osm_places` (osm_id, fclass, name), `named_nodes` (named_nodes.csv), `kind_rules` (kinds.csv; the
    first matching row names the kind), `districts` in WGS84.
    """
    unknown = set(kind_rules["kind"]) - set(KINDS)
    if unknown:
        raise ValueError(f"kinds.csv: unknown kind {sorted(unknown)}; known kinds: {', '.join(KINDS)}.")
    osm = osm_places.assign(
        kind=[
            kind_of(fclass, name, kind_rules) for fclass, name in zip(osm_places.fclass, osm_places.name, strict=True)
        ],
        name_zh=osm_places["name"],
        name_en=osm_places["name"].where(
            osm_places["name"].ne("") & ~osm_places["name"].str.contains(HAS_CHINESE), None
        ),
        source=OSM_SOURCE,
        accuracy_m=OSM_ACCURACY_M,
    )
    nodes = gpd.GeoDataFrame(named_nodes, geometry=gpd.points_from_xy(named_nodes.lon, named_nodes.lat), crs=4326)
    places = pd.concat([osm, nodes.assign(osm_id=None, fclass=None)], ignore_index=True)
    metric = districts.estimate_utm_crs()
    places = places.to_crs(metric).sjoin_nearest(
        districts[["district", "geometry"]].to_crs(metric), max_distance=ON_THE_LINE_M
    )
    places = places[~places.index.duplicated()].sort_index().to_crs(4326).reset_index(drop=True)
    places.insert(0, "place_id", [f"p{number:04d}" for number in range(1, len(places) + 1)])
    places["osm_id"] = places["osm_id"].astype("Int64")
    columns = ["place_id", "osm_id", "fclass", "kind", "name_zh", "name_en", "bays", "source", "accuracy_m", "district"]
    return places.assign(bays=None)[[*columns, "geometry"]]


def kind_of(fclass: str, name: str, kind_rules: pd.DataFrame) -> str:
    """Kind of the first rule that shares a class with the place (or has `*`) and whose pattern is found in the name."""
    classes = {"*", *fclass.split("|")}
    for rule in kind_rules.itertuples():
        if classes & set(rule.fclass.split("|")) and re.search(rule.name_pattern, name):
            return rule.kind
    raise ValueError(f"kinds.csv has no rule for class {fclass!r}, name {name!r}; end it with a `*` row.")
