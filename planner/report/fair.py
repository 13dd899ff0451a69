"""How evenly the plan serves: districts today and with the plan, the four figures' companions, the Lorenz curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.assessment.networks import SAME_PLACE_M, nearest_charger_m, priced
from planner.report.charts import Bars, Curve, Lorenz, Series
from planner.report.document import Block, Head, Heading, Paragraph, Picture, placed, table
from planner.views import numbers
from planner.views.areas import district_table
from planner.views.figures import FIGURE, PLAN, TODAY, shown_figures
from planner.views.palette import NETWORKS
from planner.words import Text

if TYPE_CHECKING:
    from planner.plan import Plan

_CURVE = Text(zh="{when}（基尼系数 {gini}）", en="{when} (Gini {gini})")


def fairness(plan: Plan) -> list[Block]:
    """Districts, companions and the distances of the residents."""
    return [
        Heading(Text(zh="是否公平", en="Fairness")),
        *_districts(plan),
        *_distances(plan),
        *_companions(plan),
    ]


def _districts(plan: Plan) -> list[Block]:
    rows, shown = plan.assessment.districts, district_table(plan)
    shows = Text(zh="各县区服务率", en="Share of each district's public charging demand that is served")
    series = [
        Series(words, colour, [*rows[key].astype(float)], [numbers.share(float(value)) for value in rows[key]])
        for words, colour, key in (
            (TODAY, NETWORKS["today"], "served_share_today"),
            (PLAN, NETWORKS["plan"], "served_share"),
        )
    ]
    chart = Bars(names=[row[0] for row in shown.rows], series=series, shows=shows, top=1.0)
    return [
        placed(shown, (1.4, 1.2, 1.3, 1.3, 1.4, 1.1, 1), small=True, whole=True),
        Picture(chart, shows, shows),
    ]


def _companions(plan: Plan) -> list[Block]:
    columns = [
        Head.of(FIGURE, 1.6),
        Head(TODAY, 0.8),
        Head(PLAN, 0.8),
        Head(Text(zh="说明", en="what it is"), 3.0, numbers=False),
    ]
    rows = [[one.word, one.today, one.plan, one.note] for one in shown_figures(plan.assessment.companions)]
    heading = Text(zh="四项指标的补充", en="Companions of the four figures")
    return [Heading(heading, 3), table(columns, rows, small=True, whole=True)]


def _distances(plan: Plan) -> list[Block]:
    """The Lorenz curve of the residents' straight metres to the nearest charger, beside its Gini coefficient."""
    gini = plan.assessment.companions.loc["gini_access", ["today", "plan"]].astype(float).to_dict()
    people = plan.layers.zones["residents"].to_numpy(float)
    settled = people > 0
    curves = []
    for when, words in (("plan", PLAN), ("today", TODAY)):
        metres = _near_m(plan, when)
        if np.isfinite(gini[when]) and np.isfinite(metres[settled]).all():
            name = _CURVE.fill(when=words, gini=numbers.gini(gini[when]))
            curves.append(Curve(name, metres[settled], people[settled]))
    if not curves:
        return []
    shows = Text(
        zh="居民到最近充电站直线距离的洛伦兹曲线", en="Lorenz curve of the residents' metres to the nearest charger"
    )
    chart = Lorenz(
        curves=curves,
        below=Text(zh="居民累计占比（由近到远）", en="share of residents, nearest first"),
        beside=Text(zh="距离累计占比", en="share of all their metres"),
        shows=shows,
    )
    text = Text(
        zh="曲线越靠近对角线，各处居民到充电站的距离越平均；虚线对角线表示人人相等。",
        en="The nearer a curve is to the dashed diagonal, the more evenly far the residents have to a charger.",
    )
    return [Paragraph(text), Picture(chart, shows, shows, share=0.5)]


def _near_m(plan: Plan, when: str) -> np.ndarray:
    """Straight metres from every zone to the nearest charger for cars, with what stands today or with the plan too."""
    tables = [plan.existing] if when == "today" else [plan.existing, plan.chargers]
    standing = [priced(table, plan.charger_types) for table in tables if len(table)]
    if not standing:
        return np.full(len(plan.layers.zones), np.inf)
    chargers = pd.concat(standing, ignore_index=True)
    metres = nearest_charger_m(plan.layers.zones, plan.sites, chargers).to_numpy(float)
    return np.where(metres > SAME_PLACE_M, metres, 0.0)
