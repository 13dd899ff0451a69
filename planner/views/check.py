"""Plumbing of `planner check`: what was found in the layers, as a table in English and in Chinese."""

from __future__ import annotations

import pandas as pd
from rich.table import Table

from planner.checks.inspection import DatumWord, Inspection, LayerFacts
from planner.faults import some
from planner.layers import LAYER_WORDS
from planner.sources.datum import LEAST_MATCHES

MARK = "! "
"""Begins a line that someone should look at."""

_WIDEST, _NARROW = 120, 100  # columns of a terminal: running text is read up to there; below, cells are put together
_SHOWN = 3
_MATCH_SHARE = 0.01  # residents of a district and of its zones that differ by more are worth a line
_WHOLE_SHARE = 0.99  # zones that lie within the districts by less are worth a line

_Words = tuple[str, str]


def layer_table(inspection: Inspection, holds: dict[str, str], crs: str, lang: str, width: int) -> Table:
    """All layers in one table, a row each.

    Parameters
    ----------
    inspection
        What was found.
    holds
        What each layer holds, in words.
    crs
        The working CRS, for the title.
    lang, width
        Language; columns of the terminal. In a narrow one extent, CRS and coverage are lines of the last cell.
    """
    chinese, narrow = lang == "zh", width < _NARROW
    title = f"图层（工作坐标系 {crs}）" if chinese else f"layers (working CRS {crs})"
    table = Table(title=title, title_justify="left", show_lines=True, width=min(width, _WIDEST))
    table.add_column("图层" if chinese else "layer", no_wrap=True)
    table.add_column("要素" if chinese else "features", no_wrap=True, justify="right")
    if not narrow:
        table.add_column("范围 km" if chinese else "extent km", no_wrap=True, justify="right")
        table.add_column("文件坐标系" if chinese else "CRS of file", overflow="fold", max_width=20)
        table.add_column("覆盖" if chinese else "coverage", no_wrap=True, justify="right")
    table.add_column("内容与发现" if chinese else "contents and findings", overflow="fold", ratio=1)
    for facts in inspection.layers:
        name = f"{facts.name}\n{LAYER_WORDS[facts.name].zh}" if chinese else facts.name
        extent, declared = _extent_km(facts), _file_crs(facts, lang)
        coverage = coverage_lines(facts, inspection, lang)
        found = [holds[facts.name], *found_lines(facts, inspection, lang)]
        if narrow and facts.features:
            covered = f"覆盖：{'、'.join(coverage)}" if chinese else f"coverage: {', '.join(coverage)}"
            found = [f"{extent} km, {' '.join(declared)}", covered, *found]
        cells = [] if narrow else [extent, "\n".join(declared), "\n".join(coverage)]
        table.add_row(name, f"{facts.features:,}", *cells, "\n".join(filter(None, found)))
    return table


def marked_lines(inspection: Inspection) -> int:
    """How many lines of the table someone should look at."""
    lines = (line for facts in inspection.layers for line in found_lines(facts, inspection, "en"))
    return sum(line.startswith(MARK) for line in lines)


def _extent_km(facts: LayerFacts) -> str:
    return "–" if facts.extent_m is None else " x ".join(f"{metres / 1000:,.1f}" for metres in facts.extent_m)


def _file_crs(facts: LayerFacts, lang: str) -> list[str]:
    """The CRS a file declares, by its code where it has one; a table of corners declares none."""
    if facts.origin is None:
        return ["–"]
    authority = facts.origin.crs.to_authority()
    name = ":".join(authority) if authority else facts.origin.crs.name
    by = "（情景）" if lang == "zh" else "(scenario)"
    return [name, by] if facts.origin.file.suffix == ".csv" else [name]


def coverage_lines(facts: LayerFacts, inspection: Inspection, lang: str) -> list[str]:
    """How far a layer and the districts cover one another."""
    if not facts.features:
        return ["–"]
    residents = inspection.residents.sum()
    people = f"{residents['in_zones'] / residents['stated']:.1%}" if residents["stated"] > 0 else "–"
    inside = facts.inside_share
    words = {
        "districts": [("100% (the boundary)", "100%（边界）")],
        "streets": [(f"{inside:.1%} of km", f"区内里程 {inside:.1%}")],
        "zones": [
            (f"{inspection.zoned_area_share:.1%} of districts", f"区县面积 {inspection.zoned_area_share:.1%}"),
            (f"{people} of residents", f"区县居民 {people}"),
        ],
        "task_units": [(f"{inside:.1%} of area", f"区内面积 {inside:.1%}")],
        "feeders": [(f"{inside:.1%} of area", f"区内面积 {inside:.1%}")],
    }
    points = [(f"{inside:.1%} of points", f"区内点 {inside:.1%}")]
    return [zh if lang == "zh" else en for en, zh in words.get(facts.name, points)]


def found_lines(facts: LayerFacts, inspection: Inspection, lang: str) -> list[str]:
    """What the checks found in a layer; what they did not find, in one last line."""
    if not facts.features:
        return []
    lines = [
        *((MARK + remark.en, MARK + remark.zh) for remark in facts.remarks),
        *_outside(facts),
        *(_residents(inspection.residents) if facts.name == "zones" else ()),
        *_duplicates(facts),
        *_overlaps(facts.overlaps),
        *([_datum(facts.datum)] if facts.name in ("places", "chargers") else ()),
        *_clean(facts),
    ]
    return [zh if lang == "zh" else en for en, zh in lines]


def _outside(facts: LayerFacts) -> list[_Words]:
    mark = "" if facts.name == "streets" else MARK  # streets lead on to the next city
    lines = []
    if facts.name == "zones" and facts.inside_share < _WHOLE_SHARE:
        share = f"{1 - facts.inside_share:.1%}"
        lines.append((f"{mark}{share} of their area outside the districts", f"{mark}{share} 的面积在区县之外"))
    if facts.outside:
        count, ids = len(facts.outside), some(facts.outside, _SHOWN)
        lines.append((f"{mark}{count:,} outside the districts: {ids}", f"{mark}{count:,} 个在区县之外：{ids}"))
    return lines


def _residents(residents: pd.DataFrame) -> list[_Words]:
    """Districts whose residents are not those of their zones."""
    differ = residents[(residents["in_zones"] - residents["stated"]).abs() > _MATCH_SHARE * residents["stated"]]
    if differ.empty:
        return []
    rows = [f"{name} {row['in_zones']:,.0f} / {row['stated']:,.0f}" for name, row in differ.iterrows()]
    en = f"{MARK}residents of zones / of their district differ: {some(rows, _SHOWN)}"
    return [(en, f"{MARK}网格居民之和与区县居民不符：{some(rows, _SHOWN)}")]


def _duplicates(facts: LayerFacts) -> list[_Words]:
    if not facts.duplicates:
        return []
    count, pairs = len(facts.duplicates), some((f"{copy} = {of}" for of, copy in facts.duplicates), _SHOWN)
    word = "duplicate" if count == 1 else "duplicates"
    return [(f"{MARK}{count:,} {word}: {pairs}", f"{MARK}{count:,} 个重复：{pairs}")]


def _overlaps(overlaps: pd.DataFrame | None) -> list[_Words]:
    if overlaps is None:
        return []
    lines = []
    for sliver, mark, by, by_zh in ((False, MARK, "", "重叠"), (True, "", " by slivers", "有舍入碎片重叠")):
        rows = overlaps[overlaps["sliver"] == sliver]
        if len(rows):
            pairs = some((f"{row['first']} & {row['second']}" for _, row in rows.head(9).iterrows()), _SHOWN)
            m2 = f"{rows['m2'].sum():,.0f} m²"
            word = "pair overlaps" if len(rows) == 1 else "pairs overlap"
            en = f"{mark}{len(rows):,} {word}{by}, {m2}: {pairs}"
            lines.append((en, f"{mark}{len(rows):,} 对{by_zh}，{m2}：{pairs}"))
    return lines


def _datum(word: DatumWord | None) -> _Words:
    if word is None:
        return "datum: cannot tell (0 names matched)", "坐标基准：无法判断（同名 0 个）"
    found = word.suspicion
    if found.matched < LEAST_MATCHES:
        names = "name" if found.matched == 1 else "names"
        en = f"datum: cannot tell ({found.matched} {names} matched with {word.against}, {LEAST_MATCHES} needed)"
        zh = f"坐标基准：无法判断（与 {word.against} 同名 {found.matched} 个，需 {LEAST_MATCHES} 个）"
        return en, zh
    mark = MARK if found.datum != "wgs84" else ""
    en = f"{mark}datum, by names of {word.against}: {found.words.en}"
    return en, f"{mark}坐标基准（与 {word.against} 比对）：{found.words.zh}"


def _clean(facts: LayerFacts) -> list[_Words]:
    """The checks that found nothing, in one line."""
    clean = [
        (not facts.duplicates, "no duplicates", "无重复"),
        (not facts.remarks, "geometries valid", "几何有效"),
        (facts.overlaps is not None and facts.overlaps.empty, "no overlaps", "无重叠"),
        (not facts.outside and facts.name not in ("districts", "task_units", "feeders"), "none outside", "无区外要素"),
    ]
    held = [(en, zh) for is_clean, en, zh in clean if is_clean]
    return [(", ".join(en for en, _ in held), "、".join(zh for _, zh in held))] if held else []
