"""Write layers so that the same input gives the same bytes and a change shows as a readable diff."""

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

DECIMALS = 6  # of a degree: about 0.1 m


def write_geojson(layer: gpd.GeoDataFrame, path: Path) -> None:
    """RFC 7946 GeoJSON (WGS84, rings anticlockwise), one feature a line, Chinese as it is, missing values as null."""
    geometry = shapely.transform(layer.geometry.to_numpy(), lambda xy: xy.round(DECIMALS))
    geometry = [shapely.orient_polygons(g) if "Polygon" in g.geom_type else g for g in geometry]
    properties = layer.drop(columns=layer.geometry.name).astype(object)
    rows = properties.where(properties.notna(), None).to_dict("records")
    features = [
        json.dumps({"type": "Feature", "properties": row, "geometry": shapely.geometry.mapping(g)}, ensure_ascii=False)
        for row, g in zip(rows, geometry, strict=True)
    ]
    text = '{"type": "FeatureCollection", "features": [\n' + ",\n".join(features) + "\n]}\n"
    path.write_text(text, encoding="utf-8", newline="\n")


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Plain UTF-8 CSV without an index."""
    table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
