"""How evenly the plan serves: districts today and with the plan, the four figures' companions, the Lorenz curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.assessment import figure_text
from planner.assessment.networks import SAME_PLACE_M, nearest_charger_m, priced
from planner.report.charts import Series, bars, lorenz
from planner.report.document import Block, Column, Heading, Lang, Paragraph, Picture, speaker, table
from planner.report.names import area_name
from planner.report.numbers import count, ratio, share
from planner.report.palette import NETWORKS

if TYPE_CHECKING:
    from planner.plan import Plan


def fairness(plan: Plan, lang: Lang) -> list[Block]:
    """Districts, companions and the distances of the residents."""
    return [
        Heading(speaker(lang)("是否公平", "Fairness")),
        *_districts(plan, lang),
        *_distances(plan, lang),
        *_companions(plan, lang),
    ]


def _districts(plan: Plan, lang: Lang) -> list[Block]:
    say = speaker(lang)
    rows = plan.assessment.districts
    names = [area_name(plan, str(name), lang) for name in rows.index]
    columns = [
        Column(say("县区", "district"), 1.4, numbers=False),
        Column(say("居民", "residents"), 1.2),
        Column(say("半径内（今日）", "within the norm, today"), 1.2),
        Column(say("半径内（规划）", "within the norm, plan"), 1.2),
        Column(say("公共需求（kWh/日）", "public demand (kWh a day)"), 1.5),
        Column(say("满足（今日）", "served, today")),
        Column(say("满足（规划）", "served, plan")),
    ]
    shares = ("within_norm_share_today", "within_norm_share", "served_share_today", "served_share")
    cells = [
        [
            name,
            count(row["residents"]),
            *(share(float(row[key]), lang) for key in shares[:2]),
            count(row["public_kwh_day"]),
            *(share(float(row[key]), lang) for key in shares[2:]),
        ]
        for name, (_, row) in zip(names, rows.iterrows(), strict=True)
    ]
    shows = say("各县区公共充电需求的满足比例", "Share of each district's public charging demand that is served")
    series = [
        Series(say(*words), colour, [*rows[key].astype(float)], [share(float(value), lang) for value in rows[key]])
        for words, colour, key in (
            (("今日", "today"), NETWORKS["today"], "served_share_today"),
            (("规划", "plan"), NETWORKS["plan"], "served_share"),
        )
    ]
    return [table(columns, cells, small=True, whole=True), Picture(bars(names, series, shows, 1.0), shows, shows)]


def _companions(plan: Plan, lang: Lang) -> list[Block]:
    say = speaker(lang)
    columns = [
        Column(say("指标", "figure"), 1.6, numbers=False),
        Column(say("今日", "today"), 0.8),
        Column(say("规划", "plan"), 0.8),
        Column(say("说明", "what it is"), 3.0, numbers=False),
    ]
    rows = [
        [
            row[f"word_{lang}"],
            *(figure_text(float(row[when]), str(row["unit"]), lang) for when in ("today", "plan")),
            row[f"note_{lang}"],
        ]
        for _, row in plan.assessment.companions.iterrows()
    ]
    heading = say("四项指标的补充", "Companions of the four figures")
    return [Heading(heading, 3), table(columns, rows, small=True, whole=True)]


def _distances(plan: Plan, lang: Lang) -> list[Block]:
    """The Lorenz curve of the residents' straight metres to the nearest charger, beside its Gini coefficient."""
    say = speaker(lang)
    gini = plan.assessment.companions.loc["gini_access", ["today", "plan"]].astype(float).to_dict()
    people = plan.layers.zones["residents"].to_numpy(float)
    settled = people > 0
    curves = []
    for when, words in (("plan", ("规划", "plan")), ("today", ("今日", "today"))):
        metres = _near_m(plan, when)
        if np.isfinite(gini[when]) and np.isfinite(metres[settled]).all():
            told = ratio(gini[when], lang)
            name = say(f"{words[0]}（基尼系数 {told}）", f"{words[1]} (Gini {told})")
            curves.append((name, metres[settled], people[settled]))
    if not curves:
        return []
    shows = say("居民到最近充电站直线距离的洛伦兹曲线", "Lorenz curve of the residents' metres to the nearest charger")
    axes = (
        say("居民累计占比（由近到远）", "share of residents, nearest first"),
        say("距离累计占比", "share of all their metres"),
    )
    text = say(
        "曲线越靠近对角线，各处居民到充电站的距离越平均；虚线对角线表示人人相等。",
        "The nearer a curve is to the dashed diagonal, the more evenly far the residents have to a charger.",
    )
    return [Paragraph(text), Picture(lorenz(curves, axes, shows), shows, shows, share=0.5)]


def _near_m(plan: Plan, when: str) -> np.ndarray:
    """Straight metres from every zone to the nearest charger for cars, with what stands today or with the plan too."""
    tables = [plan.existing] if when == "today" else [plan.existing, plan.chargers]
    standing = [priced(table, plan.charger_types) for table in tables if len(table)]
    if not standing:
        return np.full(len(plan.layers.zones), np.inf)
    chargers = pd.concat(standing, ignore_index=True)
    metres = nearest_charger_m(plan.layers.zones, plan.sites, chargers).to_numpy(float)
    return np.where(metres > SAME_PLACE_M, metres, 0.0)
