"""The districts of a study area: from a file, a bounding box, or a place's name."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from shapely import Polygon

from planner.faults import BadInput, Fault, refuse, some
from planner.files.readers import column, read_features
from planner.sources.osm import Overpass, fetch_features, find_place
from planner.words import COLON, Say, Text, joined, same

_MOST_KM2 = 300_000.0  # larger than any city; Chongqing, the largest municipality, has 82,000
_LEAST_COVERED = 0.95  # districts found on the map stand for the place only if they cover it
_SLIVER_SHARE = 1e-3  # of a district: neighbours may overlap that much where their outlines differ


def find_districts(place: str, overpass: Overpass, admin_level: int, say: Say) -> gpd.GeoDataFrame:
    """The districts of a study area.

    Parameters
    ----------
    place
        A polygon file (one feature per district), ``west,south,east,north`` in degrees, or a place's name.
    overpass
        Whom to ask about a name.
    admin_level
        OpenStreetMap's level of the districts inside a named place (6 in China: counties and districts); 0 for none.
    say
        Told what was found, repaired or left out.

    Returns
    -------
    GeoDataFrame
        Index district (full name), sorted; ``code``, ``name_en``; EPSG:4326.

    Raises
    ------
    BadInput
        No such place or file, no polygons, doubled names, overlapping districts, an area too large for a city.
    """
    if not place.strip() or Path(place).is_dir():
        en = "give a place's name, a boundary file or west,south,east,north"
        raise BadInput([Fault(repr(place), en=en, zh="请给出地名、边界文件或 西,南,东,北")])
    if Path(place).is_file():
        districts = _from_file(Path(place), say)
    elif _is_box(place):
        districts = _from_box(place)
    elif looks_like_file(place):
        raise BadInput([Fault(place, en="no such file; check the path", zh="找不到文件，请检查路径")])
    else:
        districts = _from_name(place, overpass, admin_level, say)
    _refuse_too_large(districts, place)
    return districts.sort_index()


def working_crs(districts: gpd.GeoDataFrame) -> CRS:
    """The UTM zone of a study area: projected, metres."""
    crs: CRS = districts.estimate_utm_crs()
    return crs


def looks_like_file(place: str) -> bool:
    """Whether a place is meant as a file, by its suffix."""
    return Path(place).suffix.lower() in (".geojson", ".json", ".gpkg", ".shp", ".fgb", ".zip", ".csv", ".kml", ".tif")


def _is_box(place: str) -> bool:
    parts = place.split(",")
    return len(parts) == 4 and all(_is_number(part) for part in parts)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _from_box(place: str) -> gpd.GeoDataFrame:
    west, south, east, north = (float(part) for part in place.split(","))
    if not (-180 <= west < east <= 180 and -84 <= south < north <= 84):
        en = "west, south, east, north in degrees expected, west < east and south < north, no farther than 84 degrees"
        zh = "应为 西,南,东,北（度），且西 < 东、南 < 北，纬度不超过 84 度"
        raise BadInput([Fault(f"box {place}", en=en, zh=zh)])
    return _districts(["研究区"], ["study area"], [shapely.box(west, south, east, north)])


def _from_file(file: Path, say: Say) -> gpd.GeoDataFrame:
    features = read_features(file, say)
    wrong = ~features.geometry.geom_type.isin(["Polygon", "MultiPolygon"])
    if bool(wrong.any()):
        kinds = some(sorted(set(features.geometry.geom_type[wrong])))
        en, zh = f"found {kinds}; a boundary is made of polygons", f"现为 {kinds}；边界应为面要素"
        raise BadInput([Fault(f"{file}, feature {some(np.flatnonzero(wrong) + 1)}", en=en, zh=zh)])
    name = column(features, "district") or column(features, "name_zh")
    if name is None and len(features) > 1:
        en = f"{len(features)} districts without names; add a column district"
        raise BadInput([Fault(str(file), en=en, zh=f"{len(features)} 个区县没有名称，请添加 district 列")])
    names = [file.stem] if name is None else [_word(value) for value in features[name]]
    nameless = [n for n, word in enumerate(names, 1) if not word]
    if nameless:
        en = f"{len(nameless)} districts without a name; fill the column"
        zh = f"{len(nameless)} 个区县没有名称，请填写该列"
        raise BadInput([Fault(f"{file}, column {name}, feature {some(nameless)}", en=en, zh=zh)])
    english, code = column(features, "name_en"), column(features, "code")
    districts = _districts(
        names,
        names if english is None else [_word(v) or n for v, n in zip(features[english], names, strict=True)],
        list(features.geometry.to_crs(4326)),
        None if code is None else [_word(value) for value in features[code]],
    )
    twice = districts.index[districts.index.duplicated()].unique()
    refuse(
        Fault(
            f"{file}, column {name}",
            en=f"{district!r} stands twice; merge the two",
            zh=f"{district!r} 出现两次，请将二者合并",
        )
        for district in twice
    )
    refuse(_overlaps(districts, file))
    return districts


def _from_name(place: str, overpass: Overpass, admin_level: int, say: Say) -> gpd.GeoDataFrame:
    found = find_place(place, overpass, say)
    area = found.geometry.union_all()
    name = str(found["display_name"].iloc[0]).split(",")[0].strip()
    say(joined([Text(zh="地点", en="place"), same(found["display_name"].iloc[0])], COLON))
    whole = _districts([name], [name], [area])
    if not admin_level:
        return whole
    parts = fetch_features(area, {"admin_level": str(admin_level)}, overpass, say)
    parts = parts.assign(name=parts.get("name"))
    parts = parts[parts["name"].notna() & parts.geometry.geom_type.isin(["Polygon", "MultiPolygon"])]
    metric = working_crs(whole)
    shapes = gpd.GeoSeries(parts.geometry.to_numpy(), crs=4326).to_crs(metric)
    inside = shapes.intersection(whole.to_crs(metric).geometry.iloc[0]).area
    mine = (inside > 0.5 * shapes.area).to_numpy()
    covered = float(inside[mine].sum() / whole.to_crs(metric).area.iloc[0])
    names = parts["name"].to_numpy()[mine]
    if covered < _LEAST_COVERED or len(set(names)) < len(names):
        en = f"no districts of admin_level {admin_level} cover {name}: taken as one district"
        say(Text(zh=f"{name} 内没有完整的行政区边界（admin_level {admin_level}），按一个区县处理", en=en))
        return whole
    english = parts.get("name:en", parts["name"]).fillna(parts["name"]).to_numpy()[mine]
    count = Text(zh=f"{len(names)} 个区县", en=f"{len(names)} districts")
    say(joined([count, same(some(sorted(names), 20))], COLON))
    return _districts(list(names), list(english), list(parts.geometry[mine]))


def _districts(
    names: list[str], english: list[str], shapes: list[Polygon], code: list[str] | None = None
) -> gpd.GeoDataFrame:
    table = {"code": code or [""] * len(names), "name_en": english}
    return gpd.GeoDataFrame(table, geometry=shapes, crs=4326, index=pd.Index(names, name="district"))


def _word(value: object) -> str:
    """A cell as text; empty where nothing stands in it; 140105.0 is a code that a table made a number."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _overlaps(districts: gpd.GeoDataFrame, file: Path) -> list[Fault]:
    metric = districts.to_crs(working_crs(districts)).geometry
    first, second = metric.sindex.query(metric.to_numpy(), predicate="intersects")
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a < b]
    faults = []
    for a, b in pairs:
        shared = metric.iloc[a].intersection(metric.iloc[b]).area
        if shared > _SLIVER_SHARE * min(metric.iloc[a].area, metric.iloc[b].area):
            one, other, km2 = districts.index[a], districts.index[b], f"{shared / 1e6:,.2f} km2"
            en = f"{one} and {other} overlap by {km2}; a place belongs to one district, mend the outlines"
            zh = f"{one} 与 {other} 重叠 {km2}；一地只能属于一个区县，请修正边界"
            faults.append(Fault(str(file), en=en, zh=zh))
    return faults


def _refuse_too_large(districts: gpd.GeoDataFrame, place: str) -> None:
    km2 = float(districts.to_crs("ESRI:54034").area.sum() / 1e6)  # equal-area cylindrical
    if km2 > _MOST_KM2:
        en = f"{km2:,.0f} km2 is larger than any city; give one city, not a province or country"
        zh = f"{km2:,.0f} km2 比任何城市都大；请给出一个城市，而非省份或国家"
        raise BadInput([Fault(place, en=en, zh=zh)])
