"""A plan as one interactive map: Folium, both languages, nothing loaded from outside the file."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import folium
import geopandas as gpd
import jinja2
import numpy as np
import pandas as pd
from folium.plugins import MarkerCluster

from planner._map_data import (
    LEAST_UNSERVED_KWH_DAY,
    Raster,
    Rgba,
    district_rows,
    picture_url,
    raster_shape,
    round_breaks,
    site_columns,
    task_row,
    views,
    zone_columns,
)
from planner._map_page import Page, asset, page_text
from planner.assessment import REASONS, figure_text

if TYPE_CHECKING:
    from planner.plan import Plan

_DEMAND_RAMP: tuple[Rgba, ...] = (
    (255, 247, 214, 150), (254, 227, 145, 190), (254, 196, 79, 200), (236, 138, 30, 205), (166, 71, 3, 210),
)  # fmt: skip
_RESIDENTS_RAMP: tuple[Rgba, ...] = (
    (239, 237, 245, 160), (208, 206, 230, 190), (168, 163, 206, 200), (122, 110, 178, 205), (74, 36, 130, 210),
)  # fmt: skip
_REASON_COLOURS = {
    "out_of_reach": (70, 70, 75),
    "full": (230, 150, 0),
    "grid": (0, 114, 178),
    "budget": (150, 20, 90),
    "quota": (0, 140, 105),
}
_REASON_OPACITIES = (70, 150, 235)
_REASON_WORDS = {
    "out_of_reach": ("超出可达范围", "out of reach"),
    "full": ("可达站点已满（车位或电网）", "sites within reach are full (bays or grid)"),
    "grid": ("馈线组已满", "feeder group is full"),
    "budget": ("预算用尽", "budget is spent"),
    "quota": ("总量用尽", "quota is used up"),
}
_POWER_WORDS = {
    "slow": ("慢充", "slow"),
    "fast": ("快充", "fast"),
    "heavy": ("重卡", "heavy trucks"),
    "swap": ("换电站", "swap stations"),
}
_FIGURE_WORDS = {
    "well_distributed": ("居民在服务半径内", "residents within the norm radius"),
    "completely_equipped": ("应配建公共机构已配建", "required institutions equipped"),
    "convenient": ("九成需求的到站路程", "distance for 90 % of demand"),
    "basically_meets": ("公共充电需求得到满足", "public demand served"),
}
_STREETS = {"trunk": ("#7d8791", 1.6), "primary": ("#98a1aa", 1.2), "secondary": ("#aab2b9", 0.9)}
_MAIN_STREETS = ("motorway", *_STREETS, "tertiary")
_STREET_DETAIL_M = 5.0  # corners nearer to the line than this are not drawn
_GROUPS = ("streets", "districts", "candidates", "institutions", "existing")
_OTHER_STREET = ("#c3c9cf", 0.9)


def draw_map(plan: Plan, lang: Literal["zh", "en"] = "zh") -> str:
    """Draw a plan.

    The page holds everything it needs (Leaflet, data, pictures) and asks the network for nothing; both languages are in
    it and can be switched. The same plan gives the same bytes.

    Parameters
    ----------
    plan
        As `make_plan` or `read_plan` returns it.
    lang
        Language shown on opening.

    Returns
    -------
    str
        An HTML document.

    Raises
    ------
    RuntimeError
        Folium would load something that the package does not hold.
    """
    page = folium.Map(
        tiles=None,
        prefer_canvas=True,
        minZoom=7,  # under folium's own names they would go to tiles, of which there are none
        maxZoom=18,
        attribution_control=False,
        zoom_snap=0.25,
        wheel_px_per_zoom_level=90,
    )
    themes = _themes(plan)
    groups = {key: folium.FeatureGroup(name=key, show=False) for key in _GROUPS}
    _draw_streets(plan.layers.streets, plan.layers.districts, groups["streets"])
    outlines = _outlines(plan.layers.districts, plan.layers.task_units)
    outlines.add_to(groups["districts"])
    cluster = MarkerCluster(  # type: ignore[no-untyped-call]
        name="cluster",
        show=False,
        icon_create_function="plannerClusterIcon",
        max_cluster_radius=folium.JsCode("plannerClusterRadius"),
        disable_clustering_at_zoom=15,
        show_coverage_on_hover=False,
        spiderfy_on_max_zoom=False,
        animate=False,
    )
    pictures = {theme["key"]: theme["picture"] for theme in themes}
    layers = {"map": page, **pictures, **groups, "outlines": outlines, "cluster": cluster}
    for layer in (*pictures.values(), *groups.values(), cluster):
        layer.add_to(page)
    data = {
        "lang": lang,
        "title": {"zh": plan.scenario.title_zh, "en": plan.scenario.title_en},
        "reasons": [_REASON_WORDS[reason] for reason in REASONS],
        "kinds": [[kind.name_zh, kind.name_en] for kind in plan.scenario.kinds.values()],
        "views": views(plan),
        "zones": zone_columns(plan),
        "sites": site_columns(plan),
        "districts": district_rows(plan),
        "units": [task_row(plan, str(unit)) for unit in plan.layers.task_units.index],
    }
    Page(data, _panels(plan, themes), layers).add_to(page)
    return page_text(page, escape(plan.scenario.title_zh if lang == "zh" else plan.scenario.title_en))


def _themes(plan: Plan) -> list[dict[str, Any]]:
    """The zone pictures with their legends: demand, residents, unserved demand by reason."""
    zones, figures = plan.layers.zones, plan.assessment.zones.reindex(plan.layers.zones.index)
    raster = raster_shape(zones)
    demand_words = ("公共充电需求（kWh/日）", "Public charging demand (kWh/day)")
    return [
        {"key": "demand", "words": demand_words} | _graded(figures["public_kwh_day"], _DEMAND_RAMP, raster),
        {"key": "residents", "words": ("居民（人，模型估算）", "Residents (modelled)")}
        | _graded(zones["residents"], _RESIDENTS_RAMP, raster),
        {"key": "unserved", "words": ("未满足需求及原因", "Unserved demand and why")}
        | _by_reason(figures["unserved_kwh_day"], figures["reason"], raster),
    ]


def _graded(values: pd.Series, ramp: tuple[Rgba, ...], raster: Raster) -> dict[str, Any]:
    """A picture in classes of round numbers."""
    breaks = round_breaks(values, len(ramp))
    amount = values.to_numpy(float)
    classes = np.where(amount > 0, np.searchsorted(breaks, amount, side="right"), 0)
    labels = [f"≥{low:,.10g}" if low else "0" for low in breaks]
    colours = [_css(colour) for colour in ramp[: len(breaks)]]
    return {"labels": labels, "colours": colours, "picture": _overlay(raster, classes, list(ramp))}


def _by_reason(unserved: pd.Series, reason: pd.Series, raster: Raster) -> dict[str, Any]:
    """A picture in one colour per reason, stronger where more is unserved."""
    amount = unserved.where(unserved >= LEAST_UNSERVED_KWH_DAY, 0.0)
    top = round_breaks(amount, 2)[-1]
    limits = [LEAST_UNSERVED_KWH_DAY, max(top / 10, 2 * LEAST_UNSERVED_KWH_DAY), max(top, 4 * LEAST_UNSERVED_KWH_DAY)]
    strength = np.searchsorted(limits, amount.to_numpy(float), side="right").clip(1)
    cause = reason.map({name: at for at, name in enumerate(REASONS)}).fillna(0).to_numpy(int)
    classes = np.where(amount > 0, cause * len(_REASON_OPACITIES) + strength, 0)
    colours = {name: [(*_REASON_COLOURS[name], alpha) for alpha in _REASON_OPACITIES] for name in REASONS}
    reasons = [{"words": _REASON_WORDS[name], "colours": [_css(c) for c in colours[name]]} for name in REASONS]
    picture = _overlay(raster, classes, [colour for name in REASONS for colour in colours[name]])
    return {"reasons": reasons, "limits": " | ".join(f"≥{limit:,.10g}" for limit in limits), "picture": picture}


def _overlay(raster: Raster, classes: np.ndarray, colours: list[Rgba]) -> folium.raster_layers.ImageOverlay:
    positions, bounds = raster
    url = picture_url(positions, classes, colours)
    return folium.raster_layers.ImageOverlay(url, bounds, pixelated=True, show=False, zindex=1)


def _css(colour: Rgba) -> str:
    red, green, blue, alpha = colour
    return f"rgba({red},{green},{blue},{alpha / 255:.2f})"


def _draw_streets(streets: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, group: folium.FeatureGroup) -> None:
    """One line layer per road class, the main ones above, cut off at the edge of the study area.

    Side streets are left out where the layer knows main ones: a whole city's would make the page ten times as large.
    """
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


def _outlines(districts: gpd.GeoDataFrame, task_units: gpd.GeoDataFrame) -> folium.GeoJson:
    """Outlines of districts and, where supplied, development zones."""
    shapes = districts.geometry if task_units.empty else pd.concat([districts.geometry, task_units.geometry])
    outlines = gpd.GeoDataFrame(geometry=gpd.GeoSeries(shapes, crs=districts.crs)).rename_axis("district").to_crs(4326)
    outlines.geometry = outlines.geometry.set_precision(1e-5, mode="pointwise")
    return folium.GeoJson(
        outlines.reset_index().to_json(),
        style_function=lambda feature: {"color": "#3d4853", "weight": 1.4, "opacity": 0.85, "fill": False},
        smooth_factor=1.0,
    )


def _panels(plan: Plan, themes: list[dict[str, Any]]) -> str:
    """Title bar, layer panel with legend, and foot, as escaped HTML."""
    scenario, built, proof = plan.scenario, plan.assessment.sites, plan.proof
    chargers, swaps = int(built["new_total"].sum()), int(built["new_swap"].sum())
    megawatts, cny = float(built["power_kw"].sum()) / 1000, float(built["capex_cny"].sum())
    power = f"{megawatts:,.0f} MW" if megawatts >= 10 else f"{megawatts:.2f} MW"
    money = f"{cny / 1e8:,.2f} 亿元" if cny >= 1e7 else f"{cny / 1e4:,.1f} 万元"
    unlocated = scenario.existing.unlocated_chargers.base
    swap_zh, swap_en = (f"（含换电 {swaps} 座）", f" ({swaps} swap)") if swaps else ("", "")
    summary = [
        (f"{scenario.year} 年", f"{scenario.year}"),
        (f"新增 {chargers:,} 台充电桩", f"{chargers:,} chargers"),
        (f"{len(built):,} 座站{swap_zh}", f"{len(built):,} stations{swap_en}"),
        (power, power),
        (money, f"CNY {cny / 1e6:,.0f} M" if cny >= 1e7 else f"CNY {cny:,.0f}"),
    ]
    page = jinja2.Environment(autoescape=True).from_string(asset("map.html"))
    return page.render(
        title=(scenario.title_zh, scenario.title_en),
        summary=(" · ".join(zh for zh, _ in summary), " · ".join(en for _, en in summary)),
        proof=_proof_words(plan),
        proof_method=proof.method,
        figures=[_figure(plan, name) for name in _FIGURE_WORDS],
        themes=themes,
        shown_theme=themes[0]["key"],
        side_m=f"{scenario.study_area.zone_side_m:g}",
        powers=_POWER_WORDS,
        streets=list(_STREETS.values()),
        has_standing=not plan.existing.empty,
        unlocated=f"{unlocated:,.0f}" if unlocated else "",
        attribution=scenario.study_area.attribution,
    )


def _proof_words(plan: Plan) -> tuple[str, str]:
    """How good the plan is known to be; the gap is rounded up."""
    if plan.proof.optimal:
        return "已证明为最优方案", "proven optimal"
    gap = f"{math.ceil(plan.proof.gap_share * 1000 - 1e-9) / 10:.1f} %"
    return f"已证明与最优相差不超过 {gap}", f"proven within {gap} of the best possible"


def _figure(plan: Plan, name: str) -> dict[str, Any]:
    """One of the four figures in words, today and with the plan."""
    figures = plan.assessment.figures
    row: dict[str, Any] = figures.T.to_dict()[name]
    unlocated = plan.scenario.existing.unlocated_chargers.base > 0
    words: dict[str, Any] = {
        "what_zh": _FIGURE_WORDS[name][0],
        "what_en": _FIGURE_WORDS[name][1],
        "mark": "*" if unlocated and name != "basically_meets" else "",
        "long": not math.isfinite(row["plan"]),
    }
    for lang in ("zh", "en"):
        words |= {f"{part}_{lang}": row[f"{part}_{lang}"] for part in ("word", "note")}
        words |= {f"{when}_{lang}": figure_text(row[when], row["unit"], lang) for when in ("today", "plan")}
    return words
