"""A made-up grid town anywhere on earth, as OpenStreetMap, as files of a GIS, and behind a server on the loopback."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import numpy as np

from planner.sources.folder import Sources
from planner.sources.osm import Overpass

STEP_DEG = 0.004  # between streets: about 440 m north-south
SIDE = 6  # streets each way: 36 junctions


@dataclass(frozen=True)
class GridTown:
    """Junction (row, column) is node 1 + 6 row + column, at west + column step, south + row step.

    Rows are two-way ``residential`` but the first (``primary``); columns are two-way ``tertiary`` but the first, which
    is one-way northwards, and the last, a bridge on its whole length. An island of one street lies east of it.
    """

    west: float = 112.50
    south: float = 37.80

    @property
    def box(self) -> str:
        """West, south, east, north around all junctions, as `planner fetch` takes them."""
        far = STEP_DEG * (SIDE - 0.5)
        near = STEP_DEG * 0.5
        return f"{self.west - near},{self.south - near},{self.west + far},{self.south + far}"

    def node(self, row: int, column: int) -> int:
        return 1 + SIDE * row + column

    def at(self, row: float, column: float) -> tuple[float, float]:
        return round(self.west + column * STEP_DEG, 7), round(self.south + row * STEP_DEG, 7)

    def nodes(self) -> list[dict[str, Any]]:
        spots = {self.node(r, c): self.at(r, c) for r in range(SIDE) for c in range(SIDE)}
        spots |= {901: self.at(2, 5.2), 902: self.at(3, 5.2)}
        return [{"type": "node", "id": n, "lon": lon, "lat": lat} for n, (lon, lat) in spots.items()]

    def ways(self) -> list[dict[str, Any]]:
        rows = [
            ([self.node(r, c) for c in range(SIDE)], {"highway": "primary" if r == 0 else "residential"})
            for r in range(SIDE)
        ]
        columns = [([self.node(r, c) for r in range(SIDE)], {"highway": "tertiary"}) for c in range(SIDE)]
        columns[0][1]["oneway"] = "yes"
        columns[-1][1]["bridge"] = "yes"
        rows[0][1].update(name="迎宾路", maxspeed="50")
        island = [([901, 902], {"highway": "service_road_nobody_knows"}), ([901, 902], {"highway": "primary_link"})]
        found = [*rows, *columns, *island]
        return [{"type": "way", "id": 1000 + n, "nodes": ids, "tags": tags} for n, (ids, tags) in enumerate(found)]

    def features(self) -> list[dict[str, Any]]:
        """Places: a node each, but a car park as an area."""
        tagged = [
            ((0.5, 0.5), {"amenity": "hospital", "name": "市医院", "name:en": "City Hospital"}),
            ((0.5, 0.51), {"amenity": "hospital", "name": "市医院"}),  # the same once more, 35 m on
            ((1.5, 1.5), {"shop": "mall", "name": "大商场"}),
            ((2.5, 2.5), {"amenity": "school", "name": "一中"}),
            ((3.5, 1.5), {"amenity": "fuel"}),
            ((3.5, 3.5), {"amenity": "fuel", "access": "private"}),
            ((4.5, 4.5), {"amenity": "townhall", "name": "市政府"}),
            ((4.5, 1.5), {"amenity": "charging_station", "name": "东站充电站", "capacity": "8", "operator": "国网"}),
            ((1.5, 3.5), {"amenity": "charging_station", "name": "西站充电站"}),
            ((3.5, 4.5), {"amenity": "charging_station", "socket:gb_dc": "4", "socket:gb_dc:output": "60 kW"}),
            ((2.5, 1.5), {"landuse": "residential"}),
            ((2.2, 3.2), {"railway": "station", "station": "subway", "name": "地铁站"}),
            ((2.2, 3.4), {"amenity": "bench"}),
        ]
        nodes = [
            {"type": "node", "id": 5000 + n, "lon": self.at(*spot)[0], "lat": self.at(*spot)[1], "tags": tags}
            for n, (spot, tags) in enumerate(tagged)
        ]
        corners = [self.at(3.2, 2.2), self.at(3.2, 2.4), self.at(3.4, 2.4), self.at(3.4, 2.2)]
        ring = [{"type": "node", "id": 6000 + n, "lon": x, "lat": y} for n, (x, y) in enumerate(corners)]
        tags = {"amenity": "parking", "capacity": "200", "name": "中心停车场"}
        return [*nodes, *ring, {"type": "way", "id": 6100, "nodes": [6000, 6001, 6002, 6003, 6000], "tags": tags}]

    def osm(self) -> str:
        """Everything as an .osm file."""
        items = {(e["type"], e["id"]): e for e in [*self.nodes(), *self.ways(), *self.features()]}
        lines = ["<?xml version='1.0' encoding='UTF-8'?>", '<osm version="0.6" generator="tests">']
        for (kind, number), item in sorted(items.items()):
            place = f' lat="{item["lat"]}" lon="{item["lon"]}"' if kind == "node" else ""
            lines.append(f'<{kind} id="{number}" version="1"{place}>')
            lines += [f'<nd ref="{ref}"/>' for ref in item.get("nodes", [])]
            lines += [f'<tag k="{key}" v="{value}"/>' for key, value in item.get("tags", {}).items()]
            lines.append(f"</{kind}>")
        return "\n".join([*lines, "</osm>"])

    def write_population(self, file: Path, people: float = 100.0) -> None:
        """A raster of `people` in each of 40 x 40 cells that cover the box and a rim around it, EPSG:4326."""
        import rasterio

        cell = STEP_DEG * (SIDE + 2) / 40
        grid = rasterio.Affine(cell, 0, self.west - STEP_DEG * 1.5, 0, -cell, self.south + STEP_DEG * (SIDE + 0.5))
        values = np.full((40, 40), people, "float32")
        options = {"driver": "GTiff", "count": 1, "dtype": "float32", "crs": "EPSG:4326", "nodata": -99999.0}
        with rasterio.open(file, "w", width=40, height=40, transform=grid, **options) as raster:
            raster.write(values, 1)


@dataclass
class Server:
    """What a test server was asked, and what it does instead of answering, call by call."""

    town: GridTown
    url: str = ""
    asked: list[str] = field(default_factory=list)
    mischief: list[Callable[[BaseHTTPRequestHandler], bool]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)


def answer_to(town: GridTown, query: str) -> dict[str, Any]:
    """What Overpass would say to a query of OSMnx or of the planner."""
    if "ISO3166-1" in query:
        return {"elements": [{"type": "area", "id": 1, "tags": {"ISO3166-1:alpha3": "XYZ"}}]}
    if '["highway"' in query:
        known = [way for way in town.ways() if "nobody_knows" not in way["tags"]["highway"]]
        return {"elements": [*town.nodes(), *known]}
    if "admin_level" in query:
        return {"elements": []}
    return {"elements": town.features()}


@contextmanager
def serving(town: GridTown) -> Iterator[Server]:
    """Overpass, Nominatim and a download server for a town, on the loopback, as long as the block runs."""
    state = Server(town)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.reply(parse_qs(body)["data"][0])

        def do_GET(self) -> None:
            path = urlparse(self.path).path
            if path == "/api/status":
                self.send(
                    "Connected as: 1\nCurrent time: x\nAnnounced endpoint: none\nRate limit: 2\n2 slots available now."
                )
            elif path in state.files:
                self.send_file(state.files[path])
            elif path == "/search":
                self.reply(self.path)
            else:
                state.asked.append(self.path)
                self.send("not here", 404)

        def reply(self, asked: str) -> None:
            state.asked.append(asked)
            if state.mischief and state.mischief.pop(0)(self):
                return
            if "/search" in asked:
                self.send(json.dumps(place_answer(town)))
            else:
                self.send(json.dumps(answer_to(town, asked), ensure_ascii=False))

        def send(self, text: str, status: int = 200, **headers: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def send_file(self, content: bytes) -> None:
            state.asked.append(f"GET {self.path} {self.headers.get('Range', '')}".strip())
            start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            part = content[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(part)))
            self.send_header("ETag", '"v1"')
            self.end_headers()
            if state.mischief and state.mischief.pop(0)(self):
                part = part[: len(part) // 2]
            self.wfile.write(part)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def place_answer(town: GridTown) -> list[dict[str, Any]]:
    """Nominatim's answer to the town's name: its boundary."""
    west, south, east, north = (float(part) for part in town.box.split(","))
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return [
        {
            "place_id": 1, "osm_type": "relation", "osm_id": 77, "lat": str(town.south), "lon": str(town.west),
            "class": "boundary", "type": "administrative", "place_rank": 12, "importance": 0.5, "addresstype": "city",
            "name": "格网市", "display_name": "格网市, 试验省, 中国",
            "boundingbox": [str(south), str(north), str(west), str(east)],
            "geojson": {"type": "Polygon", "coordinates": [ring]},
        }
    ]  # fmt: skip


def offline(town: GridTown, folder: Path, **given: Any) -> Sources:
    """Everything from files; a server would not be found."""
    (folder / "town.osm").write_text(town.osm(), encoding="utf-8")
    town.write_population(folder / "people.tif")
    nobody = Overpass(url="http://127.0.0.1:9/api", nominatim_url="http://127.0.0.1:9/", cache=folder / "cache")
    files = {"streets": folder / "town.osm", "places": (folder / "town.osm",), "population": folder / "people.tif"}
    return Sources(overpass=nobody, **{**files, **given})
