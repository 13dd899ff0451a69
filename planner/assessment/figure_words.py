"""What the figures of a plan are called, what they are, and in which unit."""

from __future__ import annotations

from dataclasses import dataclass

from planner.words import NO_TEXT, Text


@dataclass(frozen=True, kw_only=True)
class FigureWords:
    """A figure in words.

    Parameters
    ----------
    word
        What it is called; of the four figures the word of the planning document.
    unit
        share, m, kW or empty.
    definition
        What it is; empty where its note says so.
    short
        The same in a few words, for a title bar.
    note
        What there is to say of its value, unless a plan has something of its own to say.
    """

    word: Text
    unit: str
    definition: Text = NO_TEXT
    short: Text = NO_TEXT
    note: Text = NO_TEXT


FOUR = {
    "well_distributed": FigureWords(
        word=Text(zh="分布合理", en="well distributed"),
        unit="share",
        definition=Text(
            zh="所在网格距充电桩的直线距离不超过其圈层服务半径的居民，占全部居民的比例",
            en="share of residents with a charger for cars within the norm radius of their ring, straight line",
        ),
        short=Text(zh="居民在服务半径内", en="within the norm radius"),
    ),
    "completely_equipped": FigureWords(
        word=Text(zh="配置完善", en="completely equipped"),
        unit="share",
        definition=Text(
            zh="已有充电桩的必配公共机构，占全部必配公共机构的比例",
            en="share of the institutions that must be equipped that hold a charger",
        ),
        short=Text(zh="应配建公共机构已配建", en="institutions equipped"),
    ),
    "convenient": FigureWords(
        word=Text(zh="服务便捷", en="convenient"),
        unit="m",
        definition=Text(
            zh="九成需求（无坐标充电桩承担的除外）能在多远路程内充上电",
            en="metres to the charger within which nine tenths of the demand is served, that of unlocated chargers "
            "left out",
        ),
        short=Text(zh="九成需求的到站路程", en="way for 90 % of demand"),
        note=Text(
            zh="第90百分位路程；未服务的计为超出可达范围", en="90th percentile of metres; unserved counted beyond reach"
        ),
    ),
    "basically_meets": FigureWords(
        word=Text(zh="基本满足", en="basically meets demand"),
        unit="share",
        definition=Text(
            zh="得到满足的公共充电电量，占全部公共充电需求的比例",
            en="share of all public charging demand (kWh) that is served, today's chargers included",
        ),
        short=Text(zh="公共充电需求得到满足", en="public demand served"),
        note=Text(
            zh="含无坐标既有充电桩按实际用量承担的电量", en="includes what unlocated chargers carry at observed use"
        ),
    ),
}
"""The four figures of the planning document."""
_NEAR = Text(zh="按居民到最近充电站的直线距离", en="of residents' straight metres to the nearest charger")
_UNKNOWN = Text(zh="无坐标的既有充电桩功率与类型未知，不计入", en="unlocated chargers have no known power or type")
COMPANIONS = {
    "median_metres": FigureWords(
        word=Text(zh="半数需求的到站路程", en="metres for half of the demand"),
        unit="m",
        note=Text(zh="未服务的计为超出可达范围", en="unserved counted beyond reach"),
    ),
    "worst_district_share": FigureWords(
        word=Text(zh="最低县区达标居民占比", en="lowest district share within the norm"), unit="share"
    ),
    "gini_access": FigureWords(word=Text(zh="可达性基尼系数", en="Gini of access"), unit="", note=_NEAR),
    "palma_access": FigureWords(
        word=Text(zh="可达性帕尔马比", en="Palma ratio of access"),
        unit="",
        note=Text(
            zh="最远一成居民与最近四成居民的距离之比，人人相等时为 0.25",
            en="metres of the farthest tenth of residents over those of the nearest two fifths; 0.25 where all are "
            "equal",
        ),
    ),
    "gini_served": FigureWords(
        word=Text(zh="服务率基尼系数", en="Gini of the share served"),
        unit="",
        note=Text(zh="按居民所在网格的需求满足比例", en="of the share served of the demand of residents' zones"),
    ),
    "reserved_share": FigureWords(
        word=Text(zh="公共机构已建或预留占比", en="institutions equipped or reserved"),
        unit="share",
        note=Text(zh="应配建与应预留的公共机构", en="of those to be equipped or reserved"),
    ),
    "evs_per_charger": FigureWords(
        word=Text(zh="车桩比", en="EVs per public charger"),
        unit="",
        note=Text(zh="含无坐标的既有充电桩", en="unlocated chargers included"),
    ),
    "kw_per_ev": FigureWords(word=Text(zh="单车充电功率", en="charging power per EV"), unit="kW", note=_UNKNOWN),
    "fast_slow_ratio": FigureWords(word=Text(zh="快慢充桩比", en="fast chargers per slow one"), unit="", note=_UNKNOWN),
}
"""What stands beside the four."""

REASONS = ("out_of_reach", "full", "grid", "budget", "quota")
"""Why demand is not served; of several the first holds."""
