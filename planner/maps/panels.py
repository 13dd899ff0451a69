"""Plumbing of the map page: title bar, layer panel, legend and foot as escaped HTML, and what they say year by year."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import jinja2

from planner.assessment import figure_text
from planner.maps.page import asset

if TYPE_CHECKING:
    from planner.maps.basemap import Basemap
    from planner.plan import Plan

Words = tuple[str, str]
"""Chinese and English."""
FIGURES: dict[str, Words] = {
    "well_distributed": ("居民在服务半径内", "residents within the norm radius"),
    "completely_equipped": ("应配建公共机构已配建", "required institutions equipped"),
    "convenient": ("九成需求的到站路程", "distance for 90 % of demand"),
    "basically_meets": ("公共充电需求得到满足", "public demand served"),
}
_OF_A_YEAR = {"well_distributed": "within_norm_share", "basically_meets": "served_share"}
"""The two of the four figures that are known of every year."""
THEMES: dict[str, Words] = {
    "demand": ("公共充电需求", "Public demand"),
    "unserved": ("未满足需求及原因", "Unserved, and why"),
    "served": ("需求满足率", "Demand served"),
    "reach": ("服务半径覆盖", "Within norm radius"),
    "residents": ("居民（模型）", "Residents (model)"),
    "": ("不显示", "None"),
}
POWERS: dict[str, Words] = {
    "slow": ("慢充", "slow"),
    "fast": ("快充", "fast"),
    "heavy": ("重卡", "heavy trucks"),
    "swap": ("换电站", "swap stations"),
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
        title=(scenario.title_zh, scenario.title_en),
        summary=year_words(plan)[-1]["summary"],
        proof=_proof_words(plan),
        proof_method=proof.method,
        figures=[_figure(plan, name) for name in FIGURES],
        themes=THEMES,
        side_m=f"{scenario.study_area.zone_side_m:g}",
        powers=POWERS,
        streets=streets,
        years=sorted(plan.years) if len(plan.years) > 1 else [],
        has_standing=not plan.existing.empty,
        has_grid=plan.assessment.grid is not None and not plan.assessment.grid.groups.empty,
        has_feeders=len(plan.layers.feeders) > 0,
        has_basemap=basemap is not None,
        unlocated=f"{unlocated:,.0f}" if unlocated else "",
        attribution=" · ".join(dict.fromkeys(attributions)),
    )


def year_words(plan: Plan) -> list[dict[str, Any]]:
    """What title and figures say of every year; the last one's are the plan's.

    Returns
    -------
    list
        ``year``; ``summary`` in both languages; ``figures``: name -> words, those that are known of that year.
    """
    if len(plan.years) < 2:
        built = plan.assessment.sites
        chargers, swaps = int(built["new_total"].sum()), int(built["new_swap"].sum())
        kw, cny = float(built["power_kw"].sum()), float(built["capex_cny"].sum())
        when = (f"{plan.scenario.year} 年", f"{plan.scenario.year}")
        return [{"year": plan.scenario.year, "summary": _summary(when, chargers, len(built), swaps, kw, cny)}]
    table = plan.assessment.years
    so_far = table[["chargers", "stations", "swap_stations", "power_kw", "capex_cny"]].cumsum()
    rows = []
    for at, year in enumerate(sorted(plan.years)):
        known, sums = table.iloc[at].to_dict(), so_far.iloc[at].to_dict()
        added = int(known["chargers"])
        when = (f"{year} 年末（当年新增 {added:,} 台）", f"end of {year} (+{added:,} that year)")
        chargers, stations, swaps = (int(sums[name]) for name in ("chargers", "stations", "swap_stations"))
        summary = _summary(when, chargers, stations, swaps, float(sums["power_kw"]), float(sums["capex_cny"]))
        figures = {
            name: [figure_text(float(known[column]), "share", lang) for lang in ("zh", "en")]
            for name, column in _OF_A_YEAR.items()
        }
        rows.append({"year": year, "summary": summary, "figures": figures})
    return rows


def _summary(when: Words, chargers: int, stations: int, swaps: int, kw: float, cny: float) -> Words:
    swap_zh, swap_en = (f"（含换电 {swaps} 座）", f" ({swaps} swap)") if swaps else ("", "")
    power = f"{kw / 1000:,.0f} MW" if kw >= 10_000 else f"{kw / 1000:.2f} MW"
    parts = [
        when,
        (f"新增 {chargers:,} 台充电桩", f"{chargers:,} chargers"),
        (f"{stations:,} 座站{swap_zh}", f"{stations:,} stations{swap_en}"),
        (power, power),
        (
            f"{cny / 1e8:,.2f} 亿元" if cny >= 1e7 else f"{cny / 1e4:,.1f} 万元",
            f"CNY {cny / 1e6:,.0f} M" if cny >= 1e7 else f"CNY {cny:,.0f}",
        ),
    ]
    return " · ".join(zh for zh, _ in parts), " · ".join(en for _, en in parts)


def _proof_words(plan: Plan) -> Words:
    """How good the plan is known to be; the gap is rounded up."""
    if plan.proof.optimal:
        return "已证明为最优方案", "proven optimal"
    gap = f"{math.ceil(plan.proof.gap_share * 1000 - 1e-9) / 10:.1f} %"
    return f"已证明与最优相差不超过 {gap}", f"proven within {gap} of the best possible"


def _figure(plan: Plan, name: str) -> dict[str, Any]:
    """One of the four figures in words, today and with the plan."""
    row: dict[str, Any] = plan.assessment.figures.T.to_dict()[name]
    unlocated = plan.scenario.existing.unlocated_chargers.base > 0
    words: dict[str, Any] = {
        "name": name,
        "what_zh": FIGURES[name][0],
        "what_en": FIGURES[name][1],
        "mark": "*" if unlocated and name != "basically_meets" else "",
        "long": not math.isfinite(row["plan"]),
    }
    for lang in ("zh", "en"):
        words |= {f"{part}_{lang}": row[f"{part}_{lang}"] for part in ("word", "note")}
        words |= {f"{when}_{lang}": figure_text(row[when], row["unit"], lang) for when in ("today", "plan")}
    return words
