"""The folder of a fetch: it grows beside its place, layer by layer, and moves there whole."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import tomli_w

from planner.faults import BadInput, Fault, some
from planner.files.whole import put_in_place, write_geojson, write_json
from planner.layers import LAYER_WORDS
from planner.scenario import StudyArea
from planner.scenario.file import embedded
from planner.sources import osm
from planner.sources.first_scenario import first_scenario
from planner.sources.osm import EXTRACTS, Overpass
from planner.sources.people import worldpop
from planner.words import COLON, LIST_COMMA, Say, Text, joined, same

LAYER_FILES = (
    *("districts.geojson", "streets.geojson", "places.geojson", "chargers.geojson", "zones.csv"),
    *("scenario.toml", "SOURCES.md", "LICENSE-ODbL.txt", "fetch.json"),
)
_LAYERS = {name: LAYER_WORDS[name] for name in ("districts", "streets", "places", "zones", "chargers")}


@dataclass(frozen=True)
class Sources:
    """Where each layer comes from; what is None is fetched.

    Attributes
    ----------
    streets, population, kinds, totals
        Files: streets (OSM extract, .graphml or lines), residents (raster or polygons), a table of one's own that turns
        OSM tags into kinds, official totals by district that the residents are scaled to.
    places, chargers
        Files of places, and of today's chargers in `datum`.
    datum
        Of the chargers: wgs84, gcj02 or bd09; must be given where they are.
    country
        ISO 3166-1 alpha-3 code for WorldPop; asked from OpenStreetMap where None.
    zone_side_m
        Side of the square zones.
    admin_level
        OpenStreetMap's level of the districts inside a named place; 0 for none.
    worldpop_url
        Where WorldPop's rasters lie.
    overpass
        Whom to ask for OpenStreetMap's data.
    """

    streets: Path | None = None
    places: tuple[Path, ...] = ()
    population: Path | None = None
    totals: Path | None = None
    chargers: tuple[Path, ...] = ()
    datum: str | None = None
    kinds: Path | None = None
    country: str | None = None
    zone_side_m: float = 500.0
    admin_level: int = 6
    worldpop_url: str = worldpop.URL
    overpass: Overpass = field(default_factory=Overpass)


@dataclass(frozen=True)
class Stage:
    """The growing folder: layers finished so far, each with what was said about it."""

    folder: Path
    say: Say

    def layer(self, name: str, make: Callable[[Say], gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
        """The layer as an earlier, interrupted call left it, or made now and kept."""
        file, remarks = self.folder / f"{name}.gpkg", self.folder / f"{name}.remarks.json"
        words = _LAYERS[name]
        if file.is_file():
            en = f"{words.en}: kept from the interrupted fetch"
            self.say(Text(zh=f"{words.zh}：沿用上次中断前的结果", en=en))
            return _read(file)
        self.say(Text(zh=f"{words.zh} ……", en=f"{words.en} ..."))
        said = list[Text]()

        def note(text: Text) -> None:
            said.append(text)
            self.say(text)

        table = make(note)
        write_json({"remarks": _pairs(said)}, remarks)
        draft = file.with_suffix(".draft.gpkg")
        _write(table, draft)
        draft.replace(file)
        return table

    def put_down(self) -> None:
        """After a failure: say what is kept for the next call, or leave nothing where nothing was finished."""
        finished = [words for name, words in _LAYERS.items() if (self.folder / f"{name}.gpkg").is_file()]
        if finished[1:]:  # the districts alone are quickly made again
            kept = Text(zh="已保留供下次继续", en="kept for the next try")
            self.say(joined([kept, joined(finished, LIST_COMMA)], COLON))
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def remarks(self) -> dict[str, list[Text]]:
        """What was said about every layer."""
        files = {name: self.folder / f"{name}.remarks.json" for name in _LAYERS}
        said = {n: json.loads(f.read_text(encoding="utf-8"))["remarks"] for n, f in files.items() if f.is_file()}
        return {name: [Text(zh=zh, en=en) for en, zh in pairs] for name, pairs in said.items()}


def _pairs(said: list[Text]) -> list[list[str]]:
    """Texts as they stand in files: English, Chinese."""
    return [[text.en, text.zh] for text in said]


def _write(table: gpd.GeoDataFrame, file: Path) -> None:
    kind = table.geometry.iloc[0].geom_type if len(table) else "Point"
    mixed = "Unknown" if len(set(table.geometry.geom_type)) > 1 else kind
    index = table.index.name or "fid_row"
    pyogrio.write_dataframe(table.rename_axis(index).reset_index(), file, driver="GPKG", geometry_type=mixed)


def _read(file: Path) -> gpd.GeoDataFrame:
    table = gpd.read_file(file)
    return table.set_index(str(table.columns[0]))


def refuse_changed_folder(folder: Path) -> None:
    """Refuse to replace a folder that no fetch made, or whose files were changed since.

    Raises
    ------
    BadInput
        With the names of the files.
    """
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    try:
        made = json.loads((folder / "fetch.json").read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError):
        en = "holds files but was not made by planner fetch, and is not overwritten; give an empty or a new folder"
        zh = "文件夹内有文件，但不是由 planner fetch 生成，不予覆盖；请给出空文件夹或新文件夹"
        raise BadInput([Fault(str(folder), en=en, zh=zh)]) from None
    changed = [
        name for name, mark in sorted(made.items()) if (folder / name).is_file() and _mark(folder / name) != mark
    ]
    added = [name for name in LAYER_FILES[:-1] if name not in made and (folder / name).is_file()]
    if changed or added:
        names = some([*changed, *added])
        en = f"changed since it was fetched: {names}; move them away or give a new folder"
        raise BadInput([Fault(str(folder), en=en, zh=f"获取之后有改动：{names}；请移走或给出新文件夹")])


def begin(place: str, target: Path, sources: Sources, say: Say) -> Stage:
    """The folder beside `target` that an interrupted fetch of the same request left, or an empty one."""
    folder = target.parent / f".{target.name}.part"
    request = json.dumps(_request(place, sources), ensure_ascii=False, sort_keys=True, indent=1)
    asked = folder / "request.json"
    if folder.exists() and not asked.is_file():
        en = "stands where a fetch keeps its unfinished layers, and is none; move it away"
        raise BadInput([Fault(str(folder), en=en, zh="该位置用于存放未完成的图层，但现有内容并非如此，请移走")])
    if folder.is_dir() and asked.read_text(encoding="utf-8") != request:
        shutil.rmtree(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        asked.write_text(request, encoding="utf-8")
    except OSError as error:
        en, zh = f"cannot be written: {error}", f"无法写入该文件夹：{error}"
        raise BadInput([Fault(str(folder), en=en, zh=zh)]) from None
    return Stage(folder, say)


def _request(place: str, sources: Sources) -> dict[str, Any]:
    """What decides the layers: the options, and size and time of every file named."""
    given = {"place": _file_mark(place), **asdict(sources)}
    given["overpass"] = {"url": sources.overpass.url}
    return {key: [_file_mark(v) for v in value] if isinstance(value, tuple) else _file_mark(value)
            for key, value in given.items()}  # fmt: skip


def _file_mark(value: Any) -> Any:
    path = Path(value) if isinstance(value, str | Path) and len(str(value)) < 4_000 else None
    if path is None or not path.is_file():
        return str(value) if isinstance(value, Path) else value
    seen = path.stat()
    return [str(path.resolve()), seen.st_size, seen.st_mtime_ns]


def finish(stage: Stage, target: Path, layers: tuple[gpd.GeoDataFrame, ...], sources: Sources) -> None:
    """Write the folder whole beside its place and move it there."""
    districts, streets, places, zones, chargers = layers
    draft = stage.folder / "done"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    residents = zones.groupby("district")["residents"].sum().reindex(districts.index, fill_value=0)
    write_geojson(districts.assign(residents=residents.astype(int)), draft / "districts.geojson")
    write_geojson(streets, draft / "streets.geojson")
    write_geojson(places, draft / "places.geojson")
    if len(chargers):
        write_geojson(chargers, draft / "chargers.geojson")
    columns = ["easting_m", "northing_m", "district", "ring", "norm_m", "residents"]
    zones[columns].to_csv(draft / "zones.csv", encoding="utf-8", lineterminator="\n")
    uses_osm = bool(places["source"].str.startswith("OpenStreetMap").any()) or _is_osm(sources.streets)
    area = StudyArea(
        task_zones=[],
        folder=".",
        crs=f"EPSG:{districts.crs.to_epsg()}",
        zone_side_m=sources.zone_side_m,
        attribution=_attribution(uses_osm, sources),
    )
    title = same(target.name)
    if len(districts) == 1:
        title = Text(zh=str(districts.index[0]), en=str(districts["name_en"].iloc[0]))
    content = first_scenario(area, zones, places, streets, re.sub(r"[^\w .-]", "_", target.name), title)
    (draft / "scenario.toml").write_text(_SCENARIO_HEAD + tomli_w.dumps(content), encoding="utf-8")
    (draft / "SOURCES.md").write_text(_sources_page(stage, layers, sources, uses_osm), encoding="utf-8")
    if uses_osm:
        shutil.copyfile(embedded("taiyuan") / "LICENSE-ODbL.txt", draft / "LICENSE-ODbL.txt")
    marks = {file.name: _mark(file) for file in sorted(draft.iterdir())}
    said = {name: _pairs(remarks) for name, remarks in stage.remarks().items()}
    write_json({"files": marks, "remarks": said}, draft / "fetch.json")
    try:
        put_in_place(draft, target, LAYER_FILES)
    except OSError as error:
        en, zh = f"cannot be written: {error}", f"无法写入该文件夹：{error}"
        raise BadInput([Fault(str(target), en=en, zh=zh)]) from None
    shutil.rmtree(stage.folder, ignore_errors=True)


_SCENARIO_HEAD = """\
# A first scenario, written by planner fetch: numbers are Taiyuan's scaled to the residents here, or assumed.
# Change what you know better: vehicles, existing chargers, quota, budget, district tasks, monthly temperatures.
"""


def _mark(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _is_osm(streets: Path | None) -> bool:
    return streets is None or streets.suffix.lower() in (*EXTRACTS, ".graphml")


def _attribution(uses_osm: bool, sources: Sources) -> str:
    parts = [osm.ATTRIBUTION] if uses_osm else []
    parts += [] if sources.population else [worldpop.ATTRIBUTION]
    given = any((sources.streets, sources.places, sources.population, sources.chargers))
    return "; ".join([*parts, *(["files: see SOURCES.md"] if given else [])])


def _sources_page(stage: Stage, layers: tuple[gpd.GeoDataFrame, ...], sources: Sources, uses_osm: bool) -> str:
    """SOURCES.md: where every layer comes from, when, under which licence, and what was done to it."""
    districts, streets, places, zones, chargers = layers
    today = datetime.now(UTC).date()
    asked = f"OpenStreetMap over {sources.overpass.url}, asked by {today} (answers kept in a cache may be older)"
    people = (
        _file_line(sources.population) if sources.population else f"WorldPop 2020, constrained, UN adjusted, {today}"
    )
    scaled = f", scaled to {_file_line(sources.totals)}" if sources.totals else ""
    place_files = "; ".join(_file_line(file) for file in sources.places) or asked
    rows = [
        ("districts.geojson", len(districts), *_place_asked(stage, asked)),
        (
            "streets.geojson",
            len(streets),
            _file_line(sources.streets) if sources.streets else asked,
            _licence(sources.streets),
        ),
        ("places.geojson", len(places), place_files, "ODbL" if not sources.places else "see the source"),
        ("zones.csv", len(zones), people + scaled, "see the source" if sources.population else "CC BY 4.0"),
    ]
    if len(chargers):
        files = "; ".join(_file_line(file) for file in sources.chargers)
        datum = f"{files}, declared {sources.datum}" if files else "charging stations of OpenStreetMap"
        rows.append(("chargers.geojson", len(chargers), datum, "see the source" if files else "ODbL"))
    table = "\n".join(f"| `{name}` | {count:,} | {source} | {licence} |" for name, count, source, licence in rows)
    told = [f"- {name}: {text.en}" for name, remarks in stage.remarks().items() for text in remarks]
    said = "\n".join(told) or "- nothing"
    notice = (
        f"\n{osm.ATTRIBUTION}: Open Database License 1.0, opendatacommons.org/licenses/odbl/1-0.\n" if uses_osm else ""
    )
    return (
        "# Sources of this study area\n\nWritten by `planner fetch`. Residents per zone are **modelled** (from the "
        f"population source), squares of {sources.zone_side_m:g} m. Check every layer before a plan is handed in.\n"
        "示意图，边界不作划界依据；公开使用须送审取得审图号.\n"
        f"{notice}\n| layer | features | source | licence |\n|---|---|---|---|\n{table}\n\n"
        f"## What was found, repaired and left out\n\n{said}\n"
    )


def _place_asked(stage: Stage, asked: str) -> tuple[str, str]:
    """What the districts come from, and under which licence."""
    place = json.loads((stage.folder / "request.json").read_text(encoding="utf-8"))["place"]
    if isinstance(place, list):
        return f"file {Path(place[0]).name}", "see the source"
    return (f"box {place}", "none needed") if place.count(",") == 3 else (f"{place}: {asked}", "ODbL")


def _licence(streets: Path | None) -> str:
    return "ODbL" if _is_osm(streets) else "see the source"


def _file_line(file: Path | None) -> str:
    if file is None:
        return ""
    changed = date.fromtimestamp(file.stat().st_mtime)
    return f"file {file.name}, {file.stat().st_size:,} bytes, of {changed}"
