"""Charging stations of a file into a study area: imported, joined with those it has, checked by name, written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd

from planner.faults import BadInput, Fault, refuse
from planner.files.readers import column, read_features
from planner.files.vector import read_vector
from planner.files.whole import whole_files, write_geojson
from planner.layers import read_layers
from planner.scenario import Scenario, area_folder
from planner.scenario.file import embedded
from planner.sources.chargers.types import import_chargers
from planner.sources.datum import DATUMS, Suspicion, suspect_datum
from planner.words import Say, Text, unheard

_OTHERS = (".gpkg", ".fgb", ".shp")


def add_chargers(
    files: Sequence[str | Path],
    datum: str | None,
    city: Scenario,
    *,
    output: str | Path | None = None,
    known: str | Path | None = None,
    say: Say | None = None,
) -> Path:
    """Import today's charging stations, join them with those a study area has, and write them as its ``chargers``.

    Parameters
    ----------
    files
        Open Charge Map or Gaode JSON, OSM, CSV, Excel, vector layers; all in one datum.
    datum
        Of the files' coordinates: ``wgs84``, ``gcj02`` or ``bd09``; there is no default.
    city
        The scenario whose study area they belong to and whose charger types they become.
    output
        Where to; by default ``chargers.geojson`` in the study area.
    known
        Named points of known place that the declared datum is tested against; by default the area's places.
    say
        Told in English and Chinese what was done, joined, left out and suspected.

    Returns
    -------
    Path
        The file, GeoJSON in EPSG:4326.

    Raises
    ------
    BadInput
        No datum, unreadable files, or nowhere to write.
    """
    if datum is None:
        datums = ", ".join(DATUMS)
        en = f"the datum must be given: one of {datums} (Gaode and Tencent: gcj02, Baidu: bd09, GPS: wgs84)"
        zh = f"必须给出坐标基准，为 {datums} 之一（高德、腾讯为 gcj02，百度为 bd09，GPS 为 wgs84）"
        raise BadInput([Fault("--datum", en=en, zh=zh)])
    tell: Say = say or unheard
    paths = [Path(file) for file in files]
    target = _target(city, None if output is None else Path(output))
    refuse(_own_source(paths, target))
    layers = read_layers(city.study_area)
    here = area_folder(city.study_area) / "chargers.geojson"
    earlier = read_vector(here) if here.is_file() and len(layers.chargers) else None
    table = import_chargers(paths, datum, layers.districts.geometry, city.charger_types, earlier, tell)
    suspicion = _suspicion(table, layers.places, None if known is None else Path(known), tell)
    tell(Text(zh=f"声明的坐标基准 {datum}：{suspicion.words.zh}", en=f"datum declared {datum}: {suspicion.words.en}"))
    stations, counted = table["source_id"].nunique(), int(table["count"].sum())
    en = f"{stations:,} stations, {counted:,} chargers counted"
    tell(Text(zh=f"{stations:,} 座充电站，已知 {counted:,} 台充电桩", en=en))
    with whole_files(target) as (draft,):
        write_geojson(table, draft)
    return target


def _own_source(paths: Sequence[Path], target: Path) -> list[Fault]:
    """A fault where one of the files read is the one to write."""
    en, zh = "is one of the files to import; give another name with -o", "是待导入的文件之一，请用 -o 另取名称"
    return [Fault(str(target), en=en, zh=zh) for path in paths if path.resolve() == target.resolve()]


def _target(city: Scenario, output: Path | None) -> Path:
    """Where the layer goes, refused where it would hide or overwrite somebody's own."""
    if output is not None:
        if output.suffix.lower() not in (".geojson", ".json"):
            raise BadInput(
                [Fault(str(output), en="give a name that ends in .geojson", zh="输出文件名应以 .geojson 结尾")]
            )
        refuse(_not_ours(output))
        return output
    if city.study_area.folder.startswith("embedded:"):
        en = "belongs to the program; say with -o FILE.geojson where to write, and put it in a study area of your own"
        zh = "属于程序本身，不可改写；请用 -o FILE.geojson 指定输出文件，再放入您自己的研究区"
        raise BadInput([Fault(city.study_area.folder, en=en, zh=zh)])
    target = area_folder(city.study_area) / "chargers.geojson"
    en, zh = "is the chargers layer already; move it or give -o", "已是充电桩图层，请移走或用 -o 指定输出文件"
    faults = [
        Fault(str(target.with_suffix(suffix)), en=en, zh=zh)
        for suffix in _OTHERS
        if target.with_suffix(suffix).is_file()
    ]
    refuse([*faults, *_not_ours(target)])
    return target


def _not_ours(target: Path) -> list[Fault]:
    """A fault where a file stands that no import made."""
    if not target.exists() or (target.is_file() and {"charger_id", "source_id"} <= set(_columns(target))):
        return []
    en = "exists, was not made by planner import and is not overwritten; give another name with -o"
    return [Fault(str(target), en=en, zh="已存在且不是由 planner import 生成，不予覆盖；请用 -o 另取文件名")]


def _columns(file: Path) -> list[str]:
    try:
        return [str(name) for name in read_vector(file).columns]
    except BadInput:
        return []


def _suspicion(table: gpd.GeoDataFrame, places: gpd.GeoDataFrame, known: Path | None, say: Say) -> Suspicion:
    """What the names say of the datum: against the points given, else against those that match most."""
    if known is not None:
        points = read_features(known, say)
        name = column(points, "name_zh")
        if name is None:
            en, zh = "no column of names; name it name_zh", "没有名称列，请命名为 name_zh"
            raise BadInput([Fault(f"{known}, header", en=en, zh=zh)])
        return suspect_datum(table, points.rename(columns={name: "name_zh"}))
    taiyuan = read_vector(embedded("taiyuan") / "places.geojson")
    answers = [suspect_datum(table, points) for points in (places, taiyuan)]
    return max(answers, key=lambda answer: answer.matched)
