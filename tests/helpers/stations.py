"""Charging stations for the tests: files of the usual sources, tables of located chargers, and a listener."""

import json
import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from shapely import box

from helpers.texts import check_both
from planner.words import Text

TOWN = gpd.GeoSeries([box(112.4, 37.7, 112.7, 38.0)], crs=4326)
HERE = (112.55, 37.87)
METRE_EAST = 1 / 87_970  # degrees at 37.87 north


class Said:
    """What was said in English; the Chinese told the same."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, text: Text) -> None:
        check_both(text)
        self.lines.append(text.en)


def dump(file: Path, content: object) -> Path:
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return file


def rows(table: gpd.GeoDataFrame, *columns: str) -> list[list[Any]]:
    """Cells by row, unknown numbers and texts as None."""
    found = table[list(columns)].astype(object)
    return found.where(found.notna(), None).to_numpy().tolist()


def open_poi(number: int, *plugs: dict[str, Any], **more: Any) -> dict[str, Any]:
    place = {"Title": f"Station {number}", "Longitude": 112.5 + number / 1000, "Latitude": 37.8}
    return {"ID": number, "UUID": f"U{number}", "AddressInfo": place, "Connections": list(plugs), **more}


def gaode(*pois: dict[str, Any]) -> dict[str, Any]:
    return {"status": "1", "info": "OK", "infocode": "10000", "count": str(len(pois)), "pois": list(pois)}


def poi(own_id: str, name: str, location: str | list[Any] = "112.556297,37.870523", **more: Any) -> dict[str, Any]:
    return {"id": own_id, "name": name, "location": location, "typecode": "011100", "address": [], **more}


def table(file: Path, *lines: str) -> Path:
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def entry(
    source_id: str, name: str | None, east_m: float, count: float | None = None, kw: float | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "charger_id": source_id.replace(":", "-"),
        "charger_type": None,
        "count": math.nan if count is None else float(count),
        "name_zh": name,
        "operator": None,
        "current": None,
        "kw": math.nan if kw is None else float(kw),
        "source": source_id.partition(":")[0],
        "source_id": source_id,
        "east_m": east_m,
        **more,
    }


def chargers(*entries: dict[str, Any]) -> gpd.GeoDataFrame:
    frame = pd.DataFrame(list(entries)).set_index("charger_id")
    east = HERE[0] + frame.pop("east_m") * METRE_EAST
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(east, [HERE[1]] * len(frame)), crs=4326)
