"""What was found in the layers of a study area, and whether they can carry a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from planner.access import street_parts
from planner.faults import some
from planner.layers import LAYER_WORDS, Layers
from planner.sources.datum import LEAST_MATCHES
from planner.views import numbers
from planner.views.columns import COLUMNS
from planner.views.table import SUM, Column, Item, Table, item_table
from planner.words import LIST_COMMA, NO_TEXT, Text, joined, same, text_of

if TYPE_CHECKING:
    from planner.checks.fitness import Fitness
    from planner.checks.inspection import DatumWord, Inspection, LayerFacts
    from planner.scenario import Scenario

MARK = "! "
"""Begins a line that someone should look at."""

LAYER_TITLE = Text(zh="图层（工作坐标系 {crs}）", en="layers (working CRS {crs})")
LAYER = Column(key="layer", words=Text(zh="图层", en="layer"), is_text=True)
FEATURES = Column(key="features", words=Text(zh="要素", en="features"), write=numbers.count)
EXTENT = Column(key="extent_km", words=Text(zh="范围", en="extent"), unit=numbers.KILOMETRES)
FILE_CRS = Column(key="crs", words=Text(zh="文件坐标系", en="CRS of file"), is_text=True)
COVERAGE = Column(key="coverage", words=Text(zh="覆盖", en="coverage"))
CONTENTS = Column(key="contents", words=Text(zh="内容与发现", en="contents and findings"), is_text=True)
COVERED = Text(zh="覆盖：{lines}", en="coverage: {lines}")

_SHOWN = 3
_MATCH_SHARE = 0.01  # residents of a district and of its zones that differ by more are worth a line
_WHOLE_SHARE = 0.99  # zones that lie within the districts by less are worth a line
_OF_THE_SCENARIO = Text(zh="（情景）", en="(scenario)")


def layer_name(facts: LayerFacts) -> Text:
    """What a layer is called: its file, in Chinese what it is too."""
    return Text(zh=f"{facts.name}\n{LAYER_WORDS[facts.name].zh}", en=facts.name)


def extent_km(facts: LayerFacts) -> Text:
    """Width and height."""
    if facts.extent_m is None:
        return numbers.DASH
    return joined((numbers.kilometres(metres) for metres in facts.extent_m), same(" x "))


def file_crs(facts: LayerFacts) -> list[Text]:
    """The CRS a file declares, by its code where it has one; a table of corners declares none."""
    if facts.origin is None:
        return [numbers.DASH]
    authority = facts.origin.crs.to_authority()
    name = same(":".join(authority) if authority else facts.origin.crs.name)
    return [name, _OF_THE_SCENARIO] if facts.origin.file.suffix == ".csv" else [name]


def marked_lines(inspection: Inspection) -> int:
    """How many lines of the table someone should look at."""
    lines = (line for facts in inspection.layers for line in found_lines(facts, inspection))
    return sum(line.en.startswith(MARK) for line in lines)


def coverage_lines(facts: LayerFacts, inspection: Inspection) -> list[Text]:
    """How far a layer and the districts cover one another."""
    if not facts.features:
        return [numbers.DASH]
    residents = inspection.residents.sum()
    people = numbers.share(residents["in_zones"] / residents["stated"]) if residents["stated"] > 0 else numbers.DASH
    inside = numbers.share(facts.inside_share)
    area = Text(zh="区内面积 {inside}", en="{inside} of area").fill(inside=inside)
    words = {
        "districts": [Text(zh="{all}（边界）", en="{all} (the boundary)").fill(all=numbers.share(1.0))],
        "streets": [Text(zh="区内里程 {inside}", en="{inside} of km").fill(inside=inside)],
        "zones": [
            Text(zh="区县面积 {zoned}", en="{zoned} of districts").fill(
                zoned=numbers.share(inspection.zoned_area_share)
            ),
            Text(zh="区县居民 {people}", en="{people} of residents").fill(people=people),
        ],
        "task_units": [area],
        "feeders": [area],
    }
    return words.get(facts.name, [Text(zh="区内点 {inside}", en="{inside} of points").fill(inside=inside)])


def found_lines(facts: LayerFacts, inspection: Inspection) -> list[Text]:
    """What the checks found in a layer; what they did not find, in one last line."""
    if not facts.features:
        return []
    return [
        *map(_marked, facts.remarks),
        *_outside(facts),
        *(_residents(inspection.residents) if facts.name == "zones" else ()),
        *_duplicates(facts),
        *_overlaps(facts.overlaps),
        *([_datum(facts.datum)] if facts.name in ("places", "chargers") else ()),
        *_clean(facts),
    ]


def _marked(text: Text) -> Text:
    return same(f"{MARK}{{text}}").fill(text=text)


def _outside(facts: LayerFacts) -> list[Text]:
    lines = []
    if facts.name == "zones" and facts.inside_share < _WHOLE_SHARE:
        text = Text(zh="{share} 的面积在区县之外", en="{share} of their area outside the districts")
        lines.append(_marked(text.fill(share=numbers.share(1 - facts.inside_share))))
    if facts.outside:
        text = Text(zh="{count} 个在区县之外：{ids}", en="{count} outside the districts: {ids}").fill(
            count=numbers.count(len(facts.outside)), ids=some(facts.outside, _SHOWN)
        )
        lines.append(text if facts.name == "streets" else _marked(text))  # streets lead on to the next city
    return lines


def _residents(residents: pd.DataFrame) -> list[Text]:
    """Districts whose residents are not those of their zones."""
    differ = residents[(residents["in_zones"] - residents["stated"]).abs() > _MATCH_SHARE * residents["stated"]]
    if differ.empty:
        return []
    rows = [
        f"{name} {numbers.count(row['in_zones']).en} / {numbers.count(row['stated']).en}"
        for name, row in differ.iterrows()
    ]
    text = Text(zh="网格居民之和与区县居民不符：{rows}", en="residents of zones / of their district differ: {rows}")
    return [_marked(text.fill(rows=some(rows, _SHOWN)))]


def _duplicates(facts: LayerFacts) -> list[Text]:
    if not facts.duplicates:
        return []
    text = Text(zh="{count} 个重复：{pairs}", en="{count} {word}: {pairs}").fill(
        count=numbers.count(len(facts.duplicates)),
        word="duplicate" if len(facts.duplicates) == 1 else "duplicates",
        pairs=some((f"{copy} = {of}" for of, copy in facts.duplicates), _SHOWN),
    )
    return [_marked(text)]


def _overlaps(overlaps: pd.DataFrame | None) -> list[Text]:
    if overlaps is None:
        return []
    lines = []
    for sliver, by in ((False, Text(zh="重叠", en="")), (True, Text(zh="有舍入碎片重叠", en=" by slivers"))):
        rows = overlaps[overlaps["sliver"] == sliver]
        if rows.empty:
            continue
        text = Text(zh="{count} 对{by}，{m2}：{pairs}", en="{count} {word}{by}, {m2}: {pairs}").fill(
            count=numbers.count(len(rows)),
            word="pair overlaps" if len(rows) == 1 else "pairs overlap",
            by=by,
            m2=numbers.square_metres(rows["m2"].sum()),
            pairs=some((f"{row['first']} & {row['second']}" for _, row in rows.head(9).iterrows()), _SHOWN),
        )
        lines.append(text if sliver else _marked(text))
    return lines


def _datum(word: DatumWord | None) -> Text:
    if word is None:
        return Text(zh="坐标基准：无法判断（同名 0 个）", en="datum: cannot tell (0 names matched)")
    found = word.suspicion
    if found.matched < LEAST_MATCHES:
        return Text(
            zh="坐标基准：无法判断（与 {against} 同名 {matched} 个，需 {least} 个）",
            en="datum: cannot tell ({matched} {names} matched with {against}, {least} needed)",
        ).fill(
            against=word.against,
            matched=found.matched,
            names="name" if found.matched == 1 else "names",
            least=LEAST_MATCHES,
        )
    text = Text(zh="坐标基准（与 {against} 比对）：{words}", en="datum, by names of {against}: {words}").fill(
        against=word.against, words=found.words
    )
    return _marked(text) if found.datum != "wgs84" else text


def _clean(facts: LayerFacts) -> list[Text]:
    """The checks that found nothing, in one line."""
    clean = [
        (not facts.duplicates, Text(zh="无重复", en="no duplicates")),
        (not facts.remarks, Text(zh="几何有效", en="geometries valid")),
        (facts.overlaps is not None and facts.overlaps.empty, Text(zh="无重叠", en="no overlaps")),
        (
            not facts.outside and facts.name not in ("districts", "task_units", "feeders"),
            Text(zh="无区外要素", en="none outside"),
        ),
    ]
    held = [text for is_clean, text in clean if is_clean]
    return [joined(held, LIST_COMMA)] if held else []


def holdings(layers: Layers) -> dict[str, Text]:
    """What to say of every layer beside its size."""
    parts = street_parts(layers.streets)
    pieces = len(set(parts[parts >= 0]))
    kinds = ", ".join(f"{kind} {n}" for kind, n in layers.places["kind"].value_counts().sort_index().items())
    return {
        "districts": _people(layers.districts["residents"]),
        "streets": Text(zh="{km} km，{pieces} 个连通部分", en="{km} km in {pieces} connected {parts}").fill(
            km=numbers.kilometres(layers.streets["metres"].sum()),
            pieces=pieces,
            parts="parts" if pieces > 1 else "part",
        ),
        "zones": _people(layers.zones["residents"]),
        "places": same(kinds),
        "chargers": charger_words(layers.chargers),
        "task_units": NO_TEXT,
        "feeders": _feeder_words(layers.feeders),
    }


def _people(residents: pd.Series) -> Text:
    return Text(zh="居民 {n}", en="residents {n}").fill(n=numbers.count(residents.sum()))


def _feeder_words(feeders: gpd.GeoDataFrame) -> Text:
    """What the feeder groups together have left, and of how many that is known."""
    known = feeders["headroom_kw"].dropna() if "headroom_kw" in feeders else feeders.index[:0]
    if not len(known):
        return NO_TEXT
    return Text(zh="余量 {kw}（{groups} 组）", en="headroom {kw} of {groups} groups").fill(
        kw=numbers.power(known.sum()), groups=numbers.count(len(known))
    )


def charger_words(chargers: gpd.GeoDataFrame) -> Text:
    """How many located chargers there are, and what is not known of them."""
    told = [_counted(int(chargers["count"].sum()), "located charger", Text(zh="{n} 台有坐标", en="{n} {things}"))]
    unknown = chargers["count"].isna()
    if stations := len({point.wkb for point in chargers.geometry[unknown]}):
        told.append(_counted(stations, "station", Text(zh="{n} 个站点规模未知", en="{n} {things} of unknown size")))
    if untyped := int(chargers.loc[chargers["charger_type"].isna(), "count"].sum()):
        told.append(_counted(untyped, "charger", Text(zh="{n} 台类型未知", en="{n} {things} of unknown type")))
    return joined(told, Text(zh="，", en=", "))


def _counted(number: int, thing: str, text: Text) -> Text:
    return text.fill(n=numbers.count(number), things=thing if number == 1 else f"{thing}s")


def site_table(sites: gpd.GeoDataFrame, scenario: Scenario) -> Table:
    """The candidate sites by kind: real and generated."""
    counts = pd.crosstab(sites["kind"], sites["modelled"].astype(bool)).reindex(columns=[False, True], fill_value=0)
    rows = [
        [text_of(scenario.kinds[str(kind)], "name"), *map(numbers.count, (row[False], row[True]))]
        for kind, row in counts.iterrows()
    ]
    total = [SUM, *map(numbers.count, (counts[False].sum(), counts[True].sum()))]
    columns = (
        Column(key="kind", words=Text(zh="类型", en="kind"), is_text=True),
        Column(key="real", words=Text(zh="实有", en="real")),
        Column(key="generated", words=Text(zh="生成", en="generated")),
    )
    return Table(Text(zh="候选站点", en="candidate sites"), columns, [rows, [total]])


def fitness_table(fitness: Fitness) -> Table:
    """Whether the layers can carry a plan."""
    items = [
        Item(
            key="public_kwh_day",
            words=COLUMNS["public_kwh_day"].heading,
            value=numbers.count(fitness.public_kwh_day),
        ),
        Item(
            key="standing_kwh_day",
            words=Text(zh="其中无坐标充电桩承担（kWh/日）", en="of it carried by unlocated chargers (kWh/day)"),
            value=numbers.count(fitness.standing_kwh_day),
        ),
        Item(
            key="near_street_share",
            words=Text(zh="距道路 1 km 内的居民", en="residents within 1 km of a street"),
            value=numbers.share(fitness.near_street_share),
        ),
        Item(
            key="street_parts",
            words=Text(zh="道路强连通部分", en="strongly connected parts of the streets"),
            value=numbers.count(fitness.street_parts),
        ),
        Item(
            key="island_km",
            words=Text(zh="最大部分以外的道路", en="streets outside the largest part"),
            value=same("{km} km, {share}").fill(
                km=numbers.kilometres(1000 * fitness.island_km), share=numbers.share(fitness.island_share)
            ),
        ),
        Item(
            key="out_of_reach_share",
            words=Text(zh="任何站点均不可达的居民", en="residents out of reach of any site"),
            value=numbers.share(fitness.out_of_reach_share),
        ),
        Item(
            key="tightness",
            words=Text(zh="供需比（按类型占比中值估算）", en="tightness, estimated at the middle of the type shares"),
            value=numbers.ratio(fitness.tightness),
        ),
    ]
    return item_table(Text(zh="可规划性", en="fitness"), items)


def no_faults(marked: int) -> Text:
    """The last line of a check without faults."""
    if not marked:
        return Text(zh="未发现问题", en="no faults")
    return Text(zh="未发现问题；请查看 {n} 行以 ! 标记的内容", en="no faults; look at the {n} {lines} marked !").fill(
        n=marked, lines="line" if marked == 1 else "lines"
    )
