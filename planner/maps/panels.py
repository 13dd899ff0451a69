"""Plumbing of the map page: title bar, layer panel, legend and foot as escaped HTML, and what they say year by year."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jinja2

from planner.assessment.figure_words import FOUR
from planner.maps.page import asset
from planner.views import numbers
from planner.views.areas import POWERS
from planner.views.figures import shown_figures
from planner.views.result import built, proven
from planner.words import NOTICE, Text, text_of

if TYPE_CHECKING:
    from planner.maps.basemap import Basemap
    from planner.plan import Plan

_OF_A_YEAR = {"well_distributed": "within_norm_share", "basically_meets": "served_share"}
"""The two of the four figures that are known of every year."""
THEMES = {
    "demand": Text(zh="公共充电需求", en="Public demand"),
    "unserved": Text(zh="未满足需求及原因", en="Unserved, and why"),
    "served": Text(zh="服务率", en="Demand served"),
    "reach": Text(zh="服务半径覆盖", en="Within norm radius"),
    "residents": Text(zh="居民（模型）", en="Residents (model)"),
    "": Text(zh="不显示", en="None"),
}


def panels(plan: Plan, streets: list[tuple[str, float]], basemap: Basemap | None) -> str:
    """Everything around the map, in both languages.

    Parameters
    ----------
    plan
        What is drawn.
    streets
        Colour and width of the classes of main streets, for the legend.
    basemap
        What lies under it; named in the foot.
    """
    scenario, proof = plan.scenario, plan.proof
    unlocated = scenario.existing.unlocated_chargers.base
    attributions = [scenario.study_area.attribution, *([basemap.attribution] if basemap else [])]
    page = jinja2.Environment(autoescape=True).from_string(asset("map.html"))
    return page.render(
        title=text_of(scenario, "title"),
        summary=year_words(plan)[-1]["summary"],
        proof=proven(proof),
        proof_method=proof.method,
        figures=_figures(plan),
        themes=THEMES,
        side_m=f"{scenario.study_area.zone_side_m:g}",
        powers=POWERS,
        streets=streets,
        years=sorted(plan.years) if len(plan.years) > 1 else [],
        has_standing=not plan.existing.empty,
        has_grid=plan.assessment.grid is not None and not plan.assessment.grid.groups.empty,
        has_feeders=len(plan.layers.feeders) > 0,
        has_basemap=basemap is not None,
        unlocated=numbers.count(unlocated).en if unlocated else "",
        notice=NOTICE,
        attribution=" · ".join(dict.fromkeys(attributions)),
    )


def year_words(plan: Plan) -> list[dict[str, Any]]:
    """What title and figures say of every year; the last one's are the plan's.

    Returns
    -------
    list
        ``year``; ``summary``, part by part; ``figures``: name -> words, those that are known of that year.
    """
    if len(plan.years) < 2:
        year = plan.scenario.year
        when = Text(zh="{year} 年", en="{year}").fill(year=year)
        return [{"year": year, "summary": _summary(when, built(plan.assessment.sites))}]
    table = plan.assessment.years
    so_far = table[["chargers", "stations", "swap_stations", "power_kw", "capex_cny"]].cumsum()
    rows = []
    for at, year in enumerate(sorted(plan.years)):
        known, sums = table.iloc[at].to_dict(), so_far.iloc[at].to_dict()
        when = Text(zh="{year} 年末（当年新增 {added} 台）", en="end of {year} (+{added} that year)")
        summary = _summary(when.fill(year=year, added=numbers.count(known["chargers"])), sums)
        figures = {name: numbers.share(float(known[column])) for name, column in _OF_A_YEAR.items()}
        rows.append({"year": year, "summary": summary, "figures": figures})
    return rows


def _summary(when: Text, sums: Mapping[Any, float]) -> list[Text]:
    """What stands by some time: chargers, stations and swap stations of them, power_kw, capex_cny; part by part."""
    swaps = Text(zh="（含换电 {n} 座）", en=" ({n} swap)").fill(n=numbers.count(sums["swap_stations"]))
    return [
        when,
        Text(zh="新建充电桩 {n} 台", en="{n} chargers").fill(n=numbers.count(sums["chargers"])),
        Text(zh="{n} 个站点{swaps}", en="{n} sites{swaps}").fill(
            n=numbers.count(sums["stations"]), swaps=swaps if sums["swap_stations"] else ""
        ),
        numbers.power(sums["power_kw"]),
        numbers.money(sums["capex_cny"]),
    ]


def _figures(plan: Plan) -> list[dict[str, Any]]:
    """The four figures in words, today and with the plan."""
    table = plan.assessment.figures
    unlocated = plan.scenario.existing.unlocated_chargers.base > 0
    shown = {one.key: one for one in shown_figures(table)}
    values = table["plan"].astype(float)
    return [
        {
            "shown": shown[name],
            "what": words.short,
            "mark": "*" if unlocated and name != "basically_meets" else "",
            "long": not math.isfinite(values[name]),
        }
        for name, words in FOUR.items()
    ]
