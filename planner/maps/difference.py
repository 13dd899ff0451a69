"""The difference of two saved plans as a map: sites that came, went or changed, zones that are served more or less."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import geopandas as gpd
import jinja2
import pandas as pd
from pyogrio.errors import DataLayerError, DataSourceError

from planner.assessment.figure_words import FOUR
from planner.faults import BadInput, Fault
from planner.files.geopackage import read_saved_layers
from planner.maps.areas import views
from planner.maps.columns import bounds_of, degrees, whole
from planner.maps.draw import blank_page, outline_layer, street_layer
from planner.maps.page import Page, asset, page_text
from planner.maps.zones import LEAST_UNSERVED_KWH_DAY, zone_places
from planner.studies.compare import CHANGES, SavedPlan, compare_plans, find_differences
from planner.views.difference import change_text, figure_words, value_text
from planner.views.palette import CHANGES as CHANGES_IN_COLOUR
from planner.views.palette import MORE_AND_LESS
from planner.words import NOTICE, Lang, Text, text_in

_SCRIPTS = ("words", "numbers", "canvas", "zones", "controls", "names", "difference")


def draw_difference(a: SavedPlan, b: SavedPlan, lang: Lang = "zh") -> str:
    """Draw what two plans do differently; like `planner.draw_map` one file that asks the network for nothing.

    Parameters
    ----------
    a, b
        As `read_saved_plans` returns them; what `b` has more is more.
    lang
        Language shown on opening.

    Returns
    -------
    str
        An HTML document.

    Raises
    ------
    BadInput
        The folder of a plan holds no zones, districts or streets, or no title.
    """
    (zones, districts, streets), (other_zones, *_) = _layers(a), _layers(b)
    said = {"a": _said(a), "b": _said(b)}
    sites = find_differences(a, b)
    page = blank_page()
    layers = {"streets": street_layer(streets, districts), "districts": outline_layer(districts, districts.iloc[:0])}
    for layer in layers.values():
        layer.add_to(page)
    served = {"a": zones["served_kwh_day"], "b": other_zones["served_kwh_day"].reindex(zones.index)}
    before, after = _names(a, b)
    title = Text(zh="方案差异：{a} → {b}", en="Difference: {a} → {b}").fill(a=before, b=after)
    data = {
        "lang": lang,
        "title": asdict(title),
        "words": {"changes": list(CHANGES.values())},
        "colours": {"changes": list(CHANGES_IN_COLOUR.values()), "less": MORE_AND_LESS[0], "more": MORE_AND_LESS[1]},
        "views": views(zones, districts),
        "zones": zone_places(zones, districts) | {plan: whole(kwh) for plan, kwh in served.items()},
        "least": LEAST_UNSERVED_KWH_DAY,
        "sites": _site_columns(sites, [*a.new.columns, *b.new.columns]),
        "districts": _district_rows(districts, sites),
    }
    body = _panels(a, b, said, sites)
    Page(data, body, {"map": page, **layers}, _SCRIPTS, "startDifferenceMap").add_to(page)
    return page_text(page, escape(title.to(lang)))


def _names(a: SavedPlan, b: SavedPlan) -> tuple[str, str]:
    """The folders' own names, or as they were given where both have the same."""
    short = Path(a.folder).name, Path(b.folder).name
    return short if short[0] != short[1] else (a.folder, b.folder)


def _layers(plan: SavedPlan) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Zones (index zone_id), districts (index district) and streets of a plan folder."""
    file = Path(plan.folder) / "plan.gpkg"
    try:
        zones, districts, streets = read_saved_layers(file, "zones", "districts", "streets")
        return zones.set_index("zone_id").sort_index(), districts.set_index("district"), streets
    except (DataSourceError, DataLayerError, KeyError) as error:
        en = f"cannot be drawn: {error}; plan again"
        raise BadInput([Fault(str(file), en=en, zh=f"无法绘制：{error}；请重新规划")]) from None


def _said(plan: SavedPlan) -> tuple[Text, str]:
    """A plan's title, and whose data it shows."""
    file = Path(plan.folder) / "scenario.toml"
    try:
        scenario = tomllib.loads(file.read_text(encoding="utf-8"))
        return text_in(scenario, "title"), str(scenario["study_area"].get("attribution", ""))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        en = f"cannot be read as a plan's scenario: {error!r}; plan again"
        raise BadInput([Fault(str(file), en=en, zh=f"无法读取方案的情景文件：{error!r}；请重新规划")]) from None


def _site_columns(sites: gpd.GeoDataFrame, types: list[str]) -> dict[str, Any]:
    changes = list(CHANGES)
    names = sorted(set(types))
    return {
        **degrees(sites.geometry),
        "id": list(sites.index),
        "zh": sites["name_zh"].astype(str).tolist(),
        "kind": sites["kind"].astype(str).tolist(),
        "district": sites["district"].astype(str).tolist(),
        "change": [changes.index(change) for change in sites["change"]],
        "a": whole(sites["chargers_a"] + sites["swap_stations_a"]),
        "b": whole(sites["chargers_b"] + sites["swap_stations_b"]),
        "kw": whole(sites["power_kw_difference"]),
        "types": [[name, whole(sites[f"{name}_a"]), whole(sites[f"{name}_b"])] for name in names],
    }


def _district_rows(districts: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    shapes = districts.sort_index()
    where = degrees(shapes.representative_point())
    counts = pd.crosstab(sites["district"], sites["change"]).reindex(shapes.index, fill_value=0)
    more = (sites["chargers_b"] - sites["chargers_a"]).groupby(sites["district"]).sum().reindex(shapes.index).fillna(0)
    return [
        {
            "zh": str(name),
            "en": str(shape["name_en"]),
            "lat": where["lat"][at],
            "lon": where["lon"][at],
            "bounds": bounds_of(shapes.loc[[name]]),
            "changes": [int(counts.loc[name].get(change, 0)) for change in CHANGES],
            "chargers": int(more.loc[name]),
        }
        for at, (name, shape) in enumerate(shapes.iterrows())
    ]


def _panels(a: SavedPlan, b: SavedPlan, said: Mapping[str, tuple[Text, str]], sites: gpd.GeoDataFrame) -> str:
    figures = compare_plans([a, b])
    counts = sites["change"].value_counts()
    page = jinja2.Environment(autoescape=True).from_string(asset("difference.html"))
    return page.render(
        folders=_names(a, b),
        titles={name: title for name, (title, _) in said.items()},
        rows=[_figure_row(str(name), row, a, b) for name, row in figures.iterrows()],
        changes=[(name, words, int(counts.get(name, 0))) for name, words in CHANGES.items()],
        same=len(a.new.index.union(b.new.index)) - len(sites),
        notice=NOTICE,
        attribution=" · ".join(dict.fromkeys(attribution for _, attribution in said.values() if attribution)),
    )


def _figure_row(name: str, row: pd.Series, a: SavedPlan, b: SavedPlan) -> dict[str, Any]:
    """A figure of both plans, and how it changes."""
    before, after, unit = float(row[a.folder]), float(row[b.folder]), str(row["unit"])
    return {
        "words": figure_words(name, row),
        "a": value_text(before, unit),
        "b": value_text(after, unit),
        "change": change_text(before, after, unit),
        "is_one_of_four": name in FOUR,
    }
