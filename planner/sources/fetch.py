"""From a place's name or a boundary to a study-area folder: what is not given as a file is fetched.

The folder grows beside its place, layer by layer, and moves there whole. An interrupted fetch goes on with the layers
it has; a failed one leaves the old folder as it was.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.faults import BadInput, Fault, refuse, some
from planner.files.readers import TABLES, VECTORS
from planner.files.whole import bring_back, refuse_unwritable, write_geojson
from planner.scenario import Scenario, read_scenario
from planner.sources import osm
from planner.sources.boundary import find_districts, looks_like_file, working_crs
from planner.sources.chargers.types import import_chargers
from planner.sources.first_scenario import ARTERIALS, BASE
from planner.sources.folder import LAYER_FILES, Sources, Stage, begin, finish, refuse_changed_folder
from planner.sources.osm import EXTRACTS, Area
from planner.sources.people import worldpop
from planner.sources.people.census import dwelling_pull, read_totals, rescale, spread_totals, whole_people
from planner.sources.people.population import RASTERS, read_population
from planner.sources.places import charging_stations, osm_tags, places_of_osm, read_kind_rules, read_place_file
from planner.sources.streets import read_street_file, streets_of_graph
from planner.sources.zones import inhabited, make_zones, with_rings
from planner.words import Say, Text, unheard

_Around = tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]  # streets and places, EPSG:4326
_MOST_PER_KM2 = 100_000.0  # twice the densest cities of the world as a whole (Manila, Malé)
AROUND_M = 2_000.0  # streets are taken this far beyond the boundary: the shortest way may lead outside


def fetch_layers(place: str, folder: str | Path, sources: Sources | None = None, say: Say = unheard) -> Path:
    """Make a study-area folder that `planner plan` runs.

    Parameters
    ----------
    place
        A place's name, a boundary file (one polygon per district), or ``west,south,east,north`` in degrees.
    folder
        Where to. A folder that a fetch made is replaced once the new one is complete; files in it that are none of a
        fetch's stay, and a changed one keeps it from being replaced.
    sources
        Files to take instead of fetching.
    say
        Told what is done, found, repaired and dropped.

    Returns
    -------
    Path
        The folder: districts, streets, places, zones, chargers where any are known, scenario.toml, SOURCES.md.

    Raises
    ------
    BadInput
        Something is missing, unreadable or out of reach; the layers finished so far are kept beside `folder` and taken
        up by the next call.
    """
    target, sources = Path(folder).resolve(), sources or Sources()
    bring_back(target)
    refuse_unwritable(target)
    refuse_changed_folder(target)
    refuse(_request_faults(place, target, sources))
    stage = begin(place, target, sources, say)
    try:
        layers = _make_layers(place, stage, sources)
    except BadInput:
        stage.put_down()
        raise
    finish(stage, target, layers, sources)
    return target


def _make_layers(place: str, stage: Stage, sources: Sources) -> tuple[gpd.GeoDataFrame, ...]:
    """Districts, streets, places, zones and chargers in the working CRS, each as left by an earlier call or made."""
    base = read_scenario(BASE)
    districts = stage.layer("districts", lambda say: find_districts(place, sources.overpass, sources.admin_level, say))
    crs = working_crs(districts)
    metric = districts.to_crs(crs)
    area = districts.geometry.union_all()
    around = gpd.GeoSeries([metric.geometry.union_all().buffer(AROUND_M)], crs=crs).to_crs(4326).iloc[0]
    streets = stage.layer("streets", lambda say: _streets(around, sources, say))
    places = stage.layer("places", lambda say: _places(area, sources, base, stage.folder, say))
    zones = stage.layer("zones", lambda say: _zones(metric, (streets, places), sources, say)).to_crs(crs)
    chargers = stage.layer("chargers", lambda say: _chargers(metric, sources, base, stage.folder, say))
    return metric, streets.to_crs(crs), places.to_crs(crs), zones, chargers


# ---- one layer each ----------------------------------------------------------------------------------------------


def _streets(around: Area, sources: Sources, say: Say) -> gpd.GeoDataFrame:
    if sources.streets:
        return read_street_file(sources.streets, around, say)
    return streets_of_graph(osm.fetch_streets(around, sources.overpass, say), say)


def _places(area: Area, sources: Sources, base: Scenario, folder: Path, say: Say) -> gpd.GeoDataFrame:
    """Places from the files, or from OpenStreetMap; its charging stations are put aside for the chargers."""
    rules = read_kind_rules(sources.kinds)
    if sources.places:
        stems = [file.stem for file in sources.places]
        named = [file.stem if stems.count(file.stem) == 1 else file.name for file in sources.places]
        tables = [
            read_place_file(file, area, rules, base.kinds, say, prefix)
            for file, prefix in zip(sources.places, named, strict=True)
        ]
        stations = [
            charging_stations(osm.read_osm_features(file, area, {"amenity": "charging_station"}, say), rules)
            for file in sources.places
            if file.suffix.lower() in EXTRACTS
        ]
    else:
        features = osm.fetch_features(area, osm_tags(rules), sources.overpass, say)
        tables, stations = [places_of_osm(features, rules, "OpenStreetMap")], [charging_stations(features, rules)]
    for number, table in enumerate(table for table in stations if len(table)):
        write_geojson(table.set_index("osm_id"), folder / f"osm_stations_{number}.geojson")
    places = gpd.GeoDataFrame(pd.concat(tables).sort_index(), geometry="geometry", crs=4326)
    unknown = sorted(set(places["kind"]) - set(base.kinds))
    twice = places.index[places.index.duplicated()]
    faults = [
        Fault("kinds", en=f"{kind!r} is no kind of the scenario {BASE}", zh=f"情景 {BASE} 中没有地点类型 {kind!r}")
        for kind in unknown
    ]
    if len(twice):
        en, zh = "stands in two files; rename", "出现在两个文件中，请改名"
        faults.append(Fault(f"places, row {some(twice)}", en=en, zh=zh))
    if places.empty:
        en, zh = "none found inside the area; bring a file with --places", "研究区内没有地点，请用 --places 提供文件"
        faults.append(Fault("places", en=en, zh=zh))
    refuse(faults)
    return places


def _zones(districts: gpd.GeoDataFrame, layers: _Around, sources: Sources, say: Say) -> gpd.GeoDataFrame:
    """Squares with their residents, ring and norm radius; empty ones are left out."""
    squares = make_zones(districts, sources.zone_side_m)
    file = sources.population or _worldpop(districts, sources, say)
    if file.suffix.lower() in TABLES:
        residents = _spread(read_totals(file, districts.index, say), squares, layers, say)
    else:
        people = read_population(file, _cut_to(squares, districts), say)
        by_district = read_population(file, districts.rename_axis("zone_id"), unheard)
        residents = rescale(people, squares["district"], whole_people(by_district, round(float(by_district.sum()))))
    if sources.totals:
        residents = rescale(residents, squares["district"], read_totals(sources.totals, districts.index, say))
    zones = with_rings(squares.assign(residents=residents.reindex(squares.index).astype(int)))
    if not zones["residents"].sum():
        en, zh = "nobody lives in the study area; bring another file", "研究区内没有居民，请提供其他文件"
        raise BadInput([Fault(str(file), en=en, zh=zh)])
    _refuse_too_dense(zones["residents"].sum() / (districts.area.sum() / 1e6), sources.totals or file)
    return inhabited(zones)


def _refuse_too_dense(per_km2: float, file: Path) -> None:
    """Refuse more people than any city has: a raster of people per km2 read as people per cell, or a slipped unit."""
    if per_km2 > _MOST_PER_KM2:
        en = f"gives {per_km2:,.0f} residents per km2 of the study area, more than any city has: per cell, not per km2?"
        zh = f"研究区平均每平方公里 {per_km2:,.0f} 人，超过任何城市；栅格应为每格人数，表格应以人为单位"
        raise BadInput([Fault(str(file), en=en, zh=zh)])


def _spread(totals: pd.Series, squares: gpd.GeoDataFrame, layers: _Around, say: Say) -> pd.Series:
    """Official totals spread by nearness to places and arterials: modelled, and said so."""
    streets, places = (layer.to_crs(squares.crs) for layer in layers)
    arterials = streets[streets["road_class"].isin(ARTERIALS)]
    pull = dwelling_pull(squares, places, arterials if len(arterials) else streets)["town"]
    say(
        Text(
            zh=f"{len(totals)} 个单元的人口按地点与干道分布模拟，未提供人口格网",
            en=f"residents of {len(totals)} units modelled: spread by places and arterials, no grid was given",
        ),
    )
    return spread_totals(totals, squares, squares["district"], pull)


def _cut_to(squares: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Squares without what lies outside the boundary, so that nobody from beyond is counted."""
    city = districts.geometry.union_all()
    shapely.prepare(city)
    shapes = squares.geometry.to_numpy().copy()
    rim = ~shapely.contains_properly(city, shapes)
    shapes[rim] = shapely.intersection(shapes[rim], city)
    return squares.set_geometry(gpd.GeoSeries(shapes, index=squares.index, crs=squares.crs))


def _worldpop(districts: gpd.GeoDataFrame, sources: Sources, say: Say) -> Path:
    spot = districts.to_crs(4326).geometry.union_all().representative_point()
    try:
        country = sources.country or osm.country_code(spot.x, spot.y, sources.overpass, say)
        if country is None:
            en = "OpenStreetMap does not say which country this is; give --country (three letters, e.g. CHN)"
            zh = "OpenStreetMap 没有注明所属国家；请用 --country 给出三位字母代码（如 CHN）"
            raise BadInput([Fault("country", en=en, zh=zh)])
        return worldpop.worldpop_raster(
            country,
            sources.overpass.cache,
            say,
            sources.worldpop_url,
            sources.overpass.tries,
            sources.overpass.first_wait_s,
        )
    except BadInput as error:
        en = "no population: bring a raster (WorldPop, GHS-POP, LandScan) or polygons with --population FILE"
        zh = "缺少人口数据：请用 --population 提供栅格（WorldPop、GHS-POP、LandScan）或面图层；其他图层已保留"
        raise BadInput(
            [*error.faults, Fault("population", en=f"{en}; the layers fetched so far are kept", zh=zh)]
        ) from None


def _chargers(
    districts: gpd.GeoDataFrame, sources: Sources, base: Scenario, folder: Path, say: Say
) -> gpd.GeoDataFrame:
    """Today's chargers from the files and OpenStreetMap's stations; an empty table where none are known."""
    boundary, types = districts.to_crs(4326).geometry, base.charger_types
    known = None
    for file in sorted(folder.glob("osm_stations_*.geojson")):
        try:
            known = import_chargers([file], "wgs84", boundary, types, known, say)
        except BadInput as error:  # only private ones, or without a place: the study area does without
            for fault in error.faults:
                say(
                    Text(
                        zh=f"未采用 OpenStreetMap 充电站：{fault.zh}",
                        en=f"charging stations of OpenStreetMap left out: {fault.en}",
                    ),
                )
    if sources.chargers:
        known = import_chargers(list(sources.chargers), str(sources.datum), boundary, types, known, say)
    return gpd.GeoDataFrame(geometry=[], crs=4326) if known is None else known


def _request_faults(place: str, target: Path, sources: Sources) -> list[Fault]:
    """What is wrong with a request before anything is read or asked: all at once."""
    given = [sources.streets, *sources.places, sources.population, sources.totals, *sources.chargers, sources.kinds]
    files = [file for file in given if file is not None]
    faults = [
        Fault(str(file), en="no such file; check the path", zh="找不到文件，请检查路径")
        for file in [*files, *([Path(place)] if looks_like_file(place) else [])]
        if not file.is_file()
    ]
    faults += [
        Fault(
            str(file),
            en="lies in the folder that is to be replaced; move it elsewhere",
            zh="输入文件位于待替换文件夹内，请移走",
        )
        for file in [*files, Path(place)]
        if file.is_file() and file.resolve().parent == target and file.name in LAYER_FILES
    ]
    population = sources.population
    if population is not None and population.suffix.lower() not in (*RASTERS, *VECTORS, *TABLES):
        kinds = ", ".join((*RASTERS, *VECTORS, *TABLES))
        en = f"unknown kind of population file; expected one of {kinds}"
        faults.append(Fault(str(population), en=en, zh=f"不支持的人口文件类型，应为以下之一：{kinds}"))
    if sources.chargers and sources.datum is None:
        en = "the datum of the chargers must be given: --datum wgs84, gcj02 (Gaode, Tencent) or bd09 (Baidu)"
        zh = "必须给出充电桩坐标的基准：--datum wgs84、gcj02（高德、腾讯）或 bd09（百度）"
        faults.append(Fault("chargers", en=en, zh=zh))
    if not (np.isfinite(sources.zone_side_m) and 50 <= sources.zone_side_m <= 20_000):
        found = f"{sources.zone_side_m:g}"
        en, zh = f"found {found}; 50 to 20,000 metres expected", f"现为 {found}；应为 50 至 20,000 米"
        faults.append(Fault("zone_side_m", en=en, zh=zh))
    if sources.overpass.cache.exists() and not sources.overpass.cache.is_dir():
        en, zh = "is a file; give a folder as cache", "是文件，请给出用作缓存的文件夹"
        faults.append(Fault(str(sources.overpass.cache), en=en, zh=zh))
    if sources.kinds is not None and sources.kinds.is_file():
        try:
            read_kind_rules(sources.kinds)
        except BadInput as error:
            faults.extend(error.faults)
    return faults
