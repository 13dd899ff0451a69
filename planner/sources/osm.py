"""OpenStreetMap, asked politely over Overpass or read from a local extract; both end in OSMnx.

Every answer is kept in a cache folder, so that what has been asked once is not asked again and an interrupted fetch
goes on where it stopped. A busy server is asked again after a growing pause, and never for ever.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import geopandas as gpd
import networkx as nx
import osmnx
import requests

# OSMnx raises these and exports them nowhere else; as the ValueErrors they are, faults of our own would hide among them
from osmnx._errors import InsufficientResponseError, ResponseStatusCodeError
from shapely import MultiPolygon, Polygon
from urllib3.exceptions import ProtocolError

from planner.faults import BadInput, Fault, some
from planner.files.readers import missing_package
from planner.words import Say, Text

ATTRIBUTION = "© OpenStreetMap contributors (ODbL)"
EXTRACTS = (".osm", ".pbf", ".xml", ".bz2")
DRIVABLE = ("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street")
_LINKS = ("motorway_link", "trunk_link", "primary_link", "secondary_link", "tertiary_link")
_CLOSED = {"access": ("private", "no"), "motor_vehicle": ("no",), "motorcar": ("no",), "area": ("yes",)}
_BUSY = (429, 502, 503, 504)
_MOST_BROKEN = 0.01  # of the ways of an extract: such a share is cut at its rim, more means a broken file
_LONGEST_WAIT_S = 300.0

Area = Polygon | MultiPolygon
Tags = dict[str, bool | str | list[str]]
Found = TypeVar("Found")


def default_cache() -> Path:
    """Where answers and downloads are kept: ``$XDG_CACHE_HOME`` or ``~/.cache``, folder ``ev-charging-planner``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ev-charging-planner"


@dataclass(frozen=True)
class Overpass:
    """Whom to ask, and how patiently.

    Attributes
    ----------
    url, nominatim_url
        Endpoints: the folder above ``interpreter``, and the one above ``search``.
    cache
        Folder of the answers.
    timeout_s
        Of one request, for the server and for us.
    tries
        How often a busy or broken answer is asked for again.
    first_wait_s
        Before the second try; doubled each time, unless the server names its own.
    slots
        Ask the server for a free slot first (public servers want it, private ones may not know how).
    """

    url: str = "https://overpass-api.de/api"
    nominatim_url: str = "https://nominatim.openstreetmap.org/"
    cache: Path = field(default_factory=default_cache)
    timeout_s: float = 180.0
    tries: int = 5
    first_wait_s: float = 5.0
    slots: bool = True


@dataclass(frozen=True)
class _Wanted:
    """What a server is asked for, and what to bring where none can be reached."""

    name: Text
    instead: Text


_BOUNDARY = _Wanted(
    Text(zh="边界", en="the boundary"), Text(zh="边界文件代替地名", en="a boundary file in place of the name")
)
_STREETS = _Wanted(
    Text(zh="道路", en="streets"),
    Text(zh="--streets FILE（.osm.pbf、.graphml 或线图层）", en="--streets FILE (.osm.pbf, .graphml or lines)"),
)
_PLACES = _Wanted(Text(zh="地点", en="places"), Text(zh="--places FILE", en="--places FILE"))
_COUNTRY = _Wanted(Text(zh="国家", en="country"), Text(zh="--population FILE", en="--population FILE"))


class _Busy(Exception):
    """A server that answers later, or an answer that broke off."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


def find_place(name: str, overpass: Overpass, say: Say) -> gpd.GeoDataFrame:
    """The boundary of a named place (Nominatim): one row, ``display_name``, geometry in EPSG:4326.

    Raises
    ------
    BadInput
        Unknown to OpenStreetMap, no area, or the server out of reach.
    """
    with _settings(overpass):
        try:
            found = _patiently(lambda: osmnx.geocode_to_gdf(name), overpass, say, _BOUNDARY)
        except (InsufficientResponseError, TypeError):
            spelling = f"{name}, 中国"
            en = f"OpenStreetMap knows no area of this name; try another spelling ({spelling}) or give a boundary file"
            zh = f"OpenStreetMap 中没有该名称的区域；请换一种写法（{spelling}）或提供边界文件"
            raise BadInput([Fault(repr(name), en=en, zh=zh)]) from None
    return gpd.GeoDataFrame(found[["display_name", "geometry"]])


def fetch_streets(area: Area, overpass: Overpass, say: Say) -> nx.MultiDiGraph:
    """The drivable network inside an area (EPSG:4326), simplified, as OSMnx's directed graph.

    Raises
    ------
    BadInput
        No drivable street there, or the server out of reach.
    """
    classes = "|".join((*DRIVABLE, *_LINKS))
    closed = "".join(f'["{key}"!~"^({"|".join(values)})$"]' for key, values in _CLOSED.items())
    wanted = f'["highway"~"^({classes})$"]{closed}'
    with _settings(overpass):
        try:
            return _patiently(
                lambda: osmnx.graph_from_polygon(area, custom_filter=wanted, retain_all=True, truncate_by_edge=True),
                overpass,
                say,
                _STREETS,
            )
        except BadInput:
            raise
        except (InsufficientResponseError, ValueError):
            kept = overpass.cache
            en = f"OpenStreetMap has no drivable streets inside the area; check the place (answer kept in {kept})"
            zh = f"该范围内 OpenStreetMap 没有可通行的道路；请检查地点（应答存于 {kept}）"
            raise BadInput([Fault(overpass.url, en=en, zh=zh)]) from None


def fetch_features(area: Area, tags: Tags, overpass: Overpass, say: Say) -> gpd.GeoDataFrame:
    """The features inside an area (EPSG:4326) that bear one of the tags; none is an empty table.

    Raises
    ------
    BadInput
        The server out of reach.
    """
    with _settings(overpass):
        try:
            return _patiently(lambda: osmnx.features_from_polygon(area, tags), overpass, say, _PLACES)
        except InsufficientResponseError:
            return gpd.GeoDataFrame(geometry=[], crs=4326)


def country_code(lon: float, lat: float, overpass: Overpass, say: Say) -> str | None:
    """ISO 3166-1 alpha-3 code of the country a point lies in, as OpenStreetMap tags it; None where it does not say."""
    query = f'[out:json][timeout:60];is_in({lat:.5f},{lon:.5f})->.a;area.a["ISO3166-1:alpha3"];out tags;'

    def ask() -> Any:
        answer = requests.post(
            f"{overpass.url.rstrip('/')}/interpreter",
            data={"data": query},
            timeout=overpass.timeout_s,
            headers={"User-Agent": _agent()},
            hooks={"response": _raise_if_busy},
        )
        return answer.json() if answer.ok else {}

    areas = _patiently(ask, overpass, say, _COUNTRY).get("elements", [])
    codes = sorted({area.get("tags", {}).get("ISO3166-1:alpha3", "") for area in areas} - {""})
    return codes[0] if codes else None


# ---- local extracts ----------------------------------------------------------------------------------------------


def read_streets(file: Path, area: Area, say: Say) -> nx.MultiDiGraph:
    """The drivable network of a local extract (.osm, .osm.pbf) around an area (EPSG:4326), simplified.

    Raises
    ------
    BadInput
        Not readable as OpenStreetMap data, no drivable street there, or ways that refer to missing nodes.
    """

    def drivable(tags: Any) -> bool:
        return tags.get("highway") in (*DRIVABLE, *_LINKS) and not any(
            tags.get(key) in values for key, values in _CLOSED.items()
        )

    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "streets.osm"
        if not _extract(file, part, area, ["highway"], drivable, say):
            west, south, east, north = area.bounds
            box = f"{west:.3f}, {south:.3f} to {east:.3f}, {north:.3f}"
            en = f"no drivable streets inside the study area ({box}); "
            en += "is this the right file, and the boundary's CRS and axis order right?"
            zh = f"研究区（{box}）内没有可通行的道路；请检查文件是否正确，以及边界的坐标系与坐标轴次序"
            raise BadInput([Fault(str(file), en=en, zh=zh)])
        graph = osmnx.graph_from_xml(part, retain_all=True)
    return osmnx.truncate.truncate_graph_polygon(graph, area, truncate_by_edge=True)


def read_osm_features(file: Path, area: Area, tags: Tags, say: Say) -> gpd.GeoDataFrame:
    """The features of a local extract inside an area (EPSG:4326) that bear one of the tags.

    Raises
    ------
    BadInput
        Not readable as OpenStreetMap data.
    """

    def wanted(found: Any) -> bool:
        return any(key in found and (values is True or found[key] in _listed(values)) for key, values in tags.items())

    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "features.osm"
        if not _extract(file, part, area, list(tags), wanted, say):
            return gpd.GeoDataFrame(geometry=[], crs=4326)
        try:
            return osmnx.features_from_xml(part, polygon=area, tags=tags)
        except InsufficientResponseError:
            return gpd.GeoDataFrame(geometry=[], crs=4326)


def _listed(values: bool | str | list[str]) -> list[str]:
    return [values] if isinstance(values, str) else values if isinstance(values, list) else []


def _extract(file: Path, part: Path, area: Area, keys: list[str], wanted: Callable[[Any], bool], say: Say) -> int:
    """Write what is wanted and touches the area's box, with the nodes it needs; how many objects that was.

    Ways that refer to nodes the file does not hold lead straight past them; too many such ways are refused.
    """
    try:
        import osmium
    except ImportError:
        raise BadInput([missing_package(str(file), "osmium")]) from None
    if not file.is_file():
        raise BadInput([Fault(str(file), en="no such file; check the path", zh="找不到文件，请检查路径")])
    west, south, east, north = area.bounds
    kept, ways, cut = 0, 0, list[int]()
    try:
        objects = osmium.FileProcessor(str(file)).with_locations().with_filter(osmium.filter.KeyFilter(*keys))
        writer = osmium.BackReferenceWriter(str(part), str(file), overwrite=True, relation_depth=1)
        with _tidied(writer.tmpdir), writer as out:
            item: Any
            for item in objects:
                if not wanted(item.tags):
                    continue
                spots = list[Any]()
                if item.is_way():
                    places = [(node.ref, node.location) for node in item.nodes]
                    there = [(ref, at) for ref, at in places if at.valid()]
                    ways += 1
                    if len(there) < len(places):
                        cut.append(item.id)
                        item = item.replace(nodes=[ref for ref, _ in there])
                    spots = [at for _, at in there]
                    if len(spots) < 2:
                        continue
                elif item.is_node():
                    spots = [item.location]
                near = any(west <= at.lon <= east and south <= at.lat <= north for at in spots)
                if near or item.is_relation():
                    out.add(item)
                    kept += 1
    except (RuntimeError, ValueError, OSError) as error:  # osmium raises these for all that is no OSM file
        en, zh = f"cannot be read as OpenStreetMap data: {error}", f"无法作为 OpenStreetMap 数据读取：{error}"
        raise BadInput([Fault(str(file), en=en, zh=zh)]) from None
    if len(cut) > _MOST_BROKEN * ways:
        en = f"refer to nodes that the file does not hold ({len(cut)} of {ways}); make the extract with complete ways"
        zh = f"引用了文件中没有的节点（{ways} 条中有 {len(cut)} 条）；请导出道路完整的数据"
        raise BadInput([Fault(f"{file}, way {some(cut)}", en=en, zh=zh)])
    if cut:
        en = f"{len(cut)} of {ways} ways lead straight past nodes that are missing"
        say(Text(zh=f"{ways} 条线中有 {len(cut)} 条缺失节点，已取直", en=en).about(file.name))
    return kept


@contextmanager
def _tidied(folder: tempfile.TemporaryDirectory[str]) -> Iterator[None]:
    """The writer's own folder, which it leaves behind when it fails."""
    try:
        yield
    finally:
        folder.cleanup()


# ---- patience ----------------------------------------------------------------------------------------------------


@contextmanager
def _settings(overpass: Overpass) -> Iterator[None]:
    """OSMnx's global settings as one fetch needs them, and back as they were."""
    wanted = {
        "overpass_url": overpass.url,
        "nominatim_url": overpass.nominatim_url,
        "overpass_rate_limit": overpass.slots,
        "cache_folder": overpass.cache / "osm",
        "use_cache": True,
        "requests_timeout": overpass.timeout_s,
        "requests_kwargs": {"hooks": {"response": _raise_if_busy}},
        "http_user_agent": _agent(),
        "http_accept_language": "zh,en",
        "doh_url_template": None,
        "useful_tags_way": sorted({*osmnx.settings.useful_tags_way, "bridge", "tunnel", "name", "name:en"}),
    }
    before = {name: getattr(osmnx.settings, name) for name in wanted}
    for name, value in wanted.items():
        setattr(osmnx.settings, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(osmnx.settings, name, value)


def _agent() -> str:
    return f"ev-charging-planner (OSMnx {osmnx.__version__})"


def _raise_if_busy(response: requests.Response, *_: Any, **__: Any) -> None:
    """Turn an answer that is none into `_Busy` before OSMnx waits on its own, or takes half a city for a whole one."""
    if response.status_code in _BUSY:
        asked = response.headers.get("Retry-After", "")
        raise _Busy(f"HTTP {response.status_code}", float(asked) if asked.isdigit() else None)
    if response.ok and not response.url.partition("?")[0].endswith("/status"):
        try:
            answer = response.json()
        except ValueError:
            raise _Busy("the answer broke off") from None
        remark = answer.get("remark", "") if isinstance(answer, dict) else ""
        if "error" in remark:
            raise _Busy(remark)


def _patiently(ask: Callable[[], Found], overpass: Overpass, say: Say, wanted: _Wanted) -> Found:
    """Ask until there is an answer, `tries` times at most, waiting longer each time."""
    server, what = overpass.nominatim_url if wanted is _BOUNDARY else overpass.url, wanted.name
    reason = ""
    for attempt in range(overpass.tries):
        try:
            return ask()
        except (_Busy, requests.RequestException) as error:
            if _is_offline(error):
                raise BadInput([_offline(server, wanted, type(error).__name__)]) from None
            reason = str(error) or type(error).__name__
            wait_s = getattr(error, "wait_s", None) or overpass.first_wait_s * 2**attempt
        except ResponseStatusCodeError as error:
            told = str(error)[:200]
            raise BadInput([Fault(server, en=f"refused the request: {told}", zh=f"服务器拒绝了请求：{told}")]) from None
        if attempt + 1 < overpass.tries:
            wait_s = min(wait_s, _LONGEST_WAIT_S)
            en = f"{what.en}: {server} is busy ({reason}); asking again in {wait_s:g} s"
            say(Text(zh=f"{what.zh}：{server} 繁忙（{reason}），{wait_s:g} 秒后重试", en=en))
            time.sleep(wait_s)
    tries = overpass.tries
    en = f"no answer for {what.en} after {tries} tries ({reason}); run it again later: it goes on from here"
    zh = f"{what.zh}：{tries} 次请求均无应答（{reason}）；请稍后再次运行，将从此处继续"
    raise BadInput([Fault(server, en=en, zh=zh)])


def _is_offline(error: Exception) -> bool:
    """Whether the server was never reached; a connection that it dropped half-way is a busy server's."""
    cause = error.args[0] if error.args else None
    dropped = isinstance(cause, ProtocolError)
    return isinstance(error, requests.ConnectionError) and not isinstance(error, requests.Timeout) and not dropped


def _offline(server: str, wanted: _Wanted, reason: str) -> Fault:
    what, instead = wanted.name, wanted.instead
    en = f"cannot be reached ({reason}), and {what.en} would come from there; offline, bring {instead.en}"
    return Fault(server, en=en, zh=f"无法连接（{reason}），而{what.zh}须由此获取；离线时请提供{instead.zh}")
