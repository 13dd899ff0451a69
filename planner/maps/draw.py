"""A plan as one interactive map: Folium, both languages, nothing loaded from outside the file unless asked for."""

from __future__ import annotations

from dataclasses import asdict
from html import escape
from typing import TYPE_CHECKING, Any

import folium
import geopandas as gpd

from planner.assessment import REASONS
from planner.maps.areas import district_rows, grid_shapes, outlines, task_rows, views
from planner.maps.basemap import Basemap
from planner.maps.page import Page, page_text
from planner.maps.panels import panels, year_words
from planner.maps.sites import site_columns, site_years, who_serves_whom
from planner.maps.zones import LEAST_UNSERVED_KWH_DAY, demand_by_hours, zone_columns, zone_years
from planner.views import palette
from planner.views.areas import POWERS, REASON_WORDS
from planner.views.columns import COLUMNS, columns_of
from planner.views.tasks import AMOUNTS
from planner.views.yields import GRID_COLUMNS
from planner.words import Lang, text_of

if TYPE_CHECKING:
    from planner.plan import Plan

_STREETS = {"trunk": ("#7d8791", 1.6), "primary": ("#98a1aa", 1.2), "secondary": ("#aab2b9", 0.9)}
_MAIN_STREETS = ("motorway", *_STREETS, "tertiary")
_STREET_DETAIL_M = 5.0  # corners nearer to the line than this are not drawn
_OTHER_STREET = ("#c3c9cf", 0.9)
_SCRIPTS = (
    *("words", "numbers", "canvas", "datum", "zones", "clusters", "symbols", "themes", "years", "cards", "tables"),
    *("search", "draw", "edits", "paper", "controls", "names", "start"),
)


_ON_CARDS = (
    *("chargers", "stations", "existing_total", "power_kw", "capex_cny", "served_kwh_day", "utilisation", "bays"),
    *("norm_m", "metres_mean", "lost_kwh_day", "zones_affected", "extra_metres_mean", "extra_metres_most", "rank"),
    *("next_best_site", "residents", "public_kwh_day", "unserved_kwh_day", "within_norm_share", "served_share"),
)


def draw_map(plan: Plan, lang: Lang = "zh", basemap: Basemap | None = None) -> str:
    """Draw a plan.

    The page holds everything it needs (Leaflet, data) and asks the network for nothing, unless `basemap` says what to
    lay under it; both languages are in it and can be switched. The same plan gives the same bytes.

    Parameters
    ----------
    plan
        As `make_plan` or `read_plan` returns it.
    lang
        Language shown on opening.
    basemap
        An online map to lay under the plan.

    Returns
    -------
    str
        An HTML document.

    Raises
    ------
    RuntimeError
        Folium would load something that the package does not hold.
    """
    page = blank_page(basemap)
    districts = outline_layer(plan.layers.districts, plan.layers.task_units)
    layers = {"streets": street_layer(plan.layers.streets, plan.layers.districts), "districts": districts}
    if basemap is not None:
        layers["basemap"] = basemap.layer()
    grid = grid_shapes(plan)
    if grid is not None:
        layers["grid"] = folium.GeoJson(grid.reset_index().to_json(), show=False, smooth_factor=1.0)
    for layer in layers.values():
        layer.add_to(page)
    title = text_of(plan.scenario, "title")
    data = {
        "lang": lang,
        "title": asdict(title),
        "words": _words(),
        "colours": colours(),
        "kinds": [text_of(kind, "name") for kind in plan.scenario.kinds.values()],
        "services": [text_of(service, "name") for service in plan.scenario.services.values()],
        "views": views(plan.layers.zones, plan.layers.districts),
        "years": year_words(plan),
        "zones": zone_columns(plan),
        "zone_years": zone_years(plan),
        "least_unserved": LEAST_UNSERVED_KWH_DAY,
        "hours": demand_by_hours(plan),
        "sites": site_columns(plan),
        "site_years": site_years(plan),
        "serves": who_serves_whom(plan),
        "districts": district_rows(plan),
        "tasks": task_rows(plan),
    }
    body = panels(plan, list(_STREETS.values()), basemap)
    Page(data, body, {"map": page, **layers}, _SCRIPTS, "startPlannerMap").add_to(page)
    return page_text(page, escape(title.to(lang)))


def _words() -> dict[str, Any]:
    """What the page's script calls things."""
    return {
        "reasons": [REASON_WORDS[reason] for reason in REASONS],
        "powers": list(POWERS.values()),
        "columns": {column.key: column.words for column in (*columns_of(*_ON_CARDS), *GRID_COLUMNS)},
        "tasks": [column.heading for column in (COLUMNS["task_unit"], *AMOUNTS)],
    }


def blank_page(basemap: Basemap | None = None) -> folium.Map:
    """A Folium map without layers, in the coordinates of the online map that shall lie under it."""
    page = folium.Map(
        tiles=None,
        prefer_canvas=True,
        crs=basemap.crs if basemap else "EPSG3857",
        minZoom=7,  # under folium's own names they would go to tiles, of which there are none
        maxZoom=18,
        attribution_control=False,
        zoom_snap=1 if basemap else 0.25,
        wheel_px_per_zoom_level=90,
    )
    return page


def colours() -> dict[str, Any]:
    """What the page's script paints with."""
    return {
        "powers": [palette.POWERS[power] for power in POWERS],
        "reasons": [palette.REASONS[reason] for reason in REASONS],
        "ramps": palette.RAMPS,
        "reach": palette.REACH,
    }


def street_layer(streets: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> folium.FeatureGroup:
    """One line layer per road class, the main ones above, cut off at the edge of the study area.

    Side streets are left out where the layer knows main ones: a whole city's would make the page ten times as large.
    """
    group = folium.FeatureGroup(name="streets")
    main = streets["road_class"].isin(_MAIN_STREETS)
    drawn = streets.loc[main | (not main.any()), ["road_class", "geometry"]]
    inside = drawn.clip(districts.union_all()).explode().sort_index()
    inside = inside[inside.geom_type == "LineString"]
    inside = inside.set_geometry(inside.geometry.simplify(_STREET_DETAIL_M)).to_crs(4326)
    ranked = [*sorted(set(inside["road_class"]) - set(_STREETS)), *reversed(_STREETS)]
    for road_class in ranked:
        these = inside.geometry[inside["road_class"] == road_class]
        parts = [[[round(y, 5), round(x, 5)] for x, y, *_ in line.coords] for line in these]
        colour, weight = _STREETS.get(road_class, _OTHER_STREET)
        style = {"color": colour, "weight": weight, "opacity": 0.8, "interactive": False, "smooth_factor": 1.5}
        if parts:
            folium.PolyLine(parts, **style).add_to(group)  # type: ignore[no-untyped-call]
    return group


def outline_layer(districts: gpd.GeoDataFrame, task_units: gpd.GeoDataFrame) -> folium.GeoJson:
    """Outlines of districts and, where supplied, development zones."""
    return folium.GeoJson(
        outlines(districts, task_units).reset_index().to_json(),
        style_function=lambda feature: {"color": "#3d4853", "weight": 1.4, "opacity": 0.85, "fill": False},
        smooth_factor=1.0,
    )
