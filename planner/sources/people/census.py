"""Official totals made the sums of zones: whole people, rescaling, and spreading by places and streets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.ndimage import gaussian_filter

from planner.faults import Fault, refuse, some
from planner.files.readers import column, read_table
from planner.sources.zones import centres, grid_of
from planner.words import Say, Text

MOST_PER_KM2 = 40_000.0
"""A dense street of tower blocks: no zone is filled beyond it as long as others of its unit have room."""

DWELLING_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "residential": 3.0,  # people live there
        "school": 2.0,  # stands among its families
        "hospital": 1.5,
        **dict.fromkeys(("supermarket", "market", "government", "bank", "mall", "university"), 1.0),
        **dict.fromkeys(("hotel", "office"), 0.7),  # of a centre, where fewer live
        **dict.fromkeys(("leisure", "culture"), 0.5),
        **dict.fromkeys(("dealership", "station", "industry"), 0.3),  # at the edge of where people live
        "centre": 6.0,  # the middle of a county town, where few places are mapped
    }
)
"""How strongly a place of a kind tells that people live around it (relative); judged for Taiyuan, not fitted."""


@dataclass(frozen=True)
class Pull:
    """How people follow places and streets; assumptions, checked on Taiyuan (data/taiyuan/SOURCES.md, Residents).

    Attributes
    ----------
    neighbourhood_m
        Standard deviation of the kernel around a place: a walk of ten minutes.
    street_fade_m
        Distance to an arterial at which villages have thinned out to 1/e.
    town_street, town_floor
        What an arterial next door, and any zone, adds to the pull of places on people of towns: a quarter that nobody
        mapped is not empty.
    town_off_street
        Share of the pull on people of towns that is left far from every arterial.
    village_floor
        Pull on people of villages far from every arterial and place.
    village_places, most_places
        Weight of places for villages, and the most that is counted: a village is not drawn into the town.
    calibrated_side_m
        Side of the zones for which the weights of places were judged; those of other sides are scaled by area.
    """

    neighbourhood_m: float = 800.0
    street_fade_m: float = 1_500.0
    town_street: float = 0.1
    town_floor: float = 0.01
    town_off_street: float = 0.2
    village_floor: float = 0.08
    village_places: float = 0.5
    most_places: float = 2.0
    calibrated_side_m: float = 500.0


# ---- whole people and official totals ----------------------------------------------------------------------------


def whole_people(weights: pd.Series, total: int) -> pd.Series:
    """Integers in proportion to `weights` that add up to `total` (largest remainder); ties go to the earlier row.

    Parameters
    ----------
    weights
        Not negative, any unit, not all 0 unless `total` is 0.
    total
        People, not negative.
    """
    if total == 0:
        return pd.Series(0, index=weights.index, name=weights.name)
    exact = weights / weights.sum() * total
    whole: pd.Series = np.floor(exact).astype(int)
    first = (exact - whole).sort_values(ascending=False, kind="stable").index[: total - int(whole.sum())]
    whole.loc[first] += 1
    return whole


def rescale(residents: pd.Series, zones_area: pd.Series, totals: pd.Series) -> pd.Series:
    """Residents per zone as integers whose sums are the official totals exactly.

    Parameters
    ----------
    residents
        People per zone, fractions allowed, index ``zone_id``.
    zones_area
        Name of the unit (district, township) of each zone, same index.
    totals
        Official residents by name of the unit. Units without one keep their sum, rounded to whole people.

    Raises
    ------
    BadInput
        Units with a total and no zone or no residents to scale, by name.
    """
    unit = zones_area.reindex(residents.index).fillna("")
    sums = residents.groupby(unit).sum()
    nobody = Text(
        zh="按人口文件其中无人居住，无从按比例调整", en="nobody lives there by the population file: nothing to scale"
    )
    _check_room(totals, sums, nobody)
    aims = totals.reindex(sums.index).fillna(sums.round()).astype(int)
    parts = [whole_people(people, int(aims[name])) for name, people in residents.groupby(unit)]
    return _joined(parts, residents.index)


def _joined(parts: list[pd.Series], zones: pd.Index) -> pd.Series:
    people: pd.Series = pd.concat(parts).reindex(zones)
    return people.rename("residents")


def read_totals(file: Path, districts: pd.DataFrame | Iterable[str], say: Say) -> pd.Series:
    """Official residents by district (or township) from a CSV or Excel table of names and residents.

    A name meets the district of the same name, else the only one that begins or ends with it or that it begins or ends
    with (小店 and 太原市小店区 both meet 小店区). Rows of sums (合计, total) are left out.

    Parameters
    ----------
    file
        Table with a column of names and one of residents (headers.csv), also in 万人.
    districts
        The names to be found, each once; of a table its index.
    say
        Told about names completed, sums left out and units of ten thousand.

    Returns
    -------
    Series
        ``residents``, whole people, index ``district`` in the order of `districts`.

    Raises
    ------
    BadInput
        No such columns, numbers that are no whole people, and names unknown, ambiguous, missing or twice: all at once.
    """
    table, known = read_table(file), list(districts.index if isinstance(districts, pd.DataFrame) else districts)
    names_in = _names_column(table, known)
    people_in = column(table, "residents")
    wanted = (
        (names_in, Text(zh="名称", en="names"), "district"),
        (people_in, Text(zh="人口", en="residents"), "residents"),
    )
    refuse(
        Fault(
            f"{file}, header",
            en=f"no column of {what.en} among {some(table.columns, 12)}; name it {header}",
            zh=f"表头 {some(table.columns, 12)} 中没有{what.zh}列，请命名为 {header}",
        )
        for found, what, header in wanted
        if found is None
    )
    names = table[names_in].fillna("").astype(str).str.strip()
    sums = names.str.lower().str.replace(r"\s", "", regex=True).isin(_SUMS)
    if sums.any():
        rows = some(names[sums])
        say(Text(zh=f"已略去合计行：{rows}", en=f"rows of sums left out: {rows}").about(file.name))
    names, people = names[~sums], table.loc[~sums, people_in]
    places = names.map(lambda name: _meets(name, known))
    faults = [*_name_faults(names, places, known, file), *_number_faults(people, str(people_in), file)]
    refuse(faults)
    _say_completed(names, places, file, say)
    residents = _whole_numbers(people, str(people_in), file, say).set_axis(places.str[0])
    return residents.reindex(known).rename_axis("district")


_SUMS = ("合计", "总计", "全市", "全区", "全县", "小计", "总人口", "total", "sum", "all")


def _names_column(table: pd.DataFrame, known: list[str]) -> str | None:
    """Of the columns of districts, townships and names the one with most of the known names; the first of equals."""
    found = [name for meaning in ("district", "township", "name_zh") if (name := column(table, meaning))]
    return max(found, key=lambda name: len(set(table[name]) & set(known)), default=None)


def _meets(name: str, known: list[str]) -> list[str]:
    """The districts that a written name can mean: that very one, else all that share its beginning or end."""
    if name in known:
        return [name]
    if len(name) < 2:  # one character, such as 区, would end half of them
        return []
    return [d for d in known if d.startswith(name) or d.endswith(name) or name.startswith(d) or name.endswith(d)]


def _name_faults(names: pd.Series, places: pd.Series, known: list[str], file: Path) -> list[Fault]:
    faults = []
    for line, name, found in zip(names.index + 2, names, places, strict=True):
        if len(found) != 1:
            en = f"{name!r} is " + (f"one of {some(found)}; write it in full" if found else "no unit of the area")
            zh = f"「{name}」" + (f"可指 {some(found)}，请写全称" if found else "不是研究区内的单元")
            faults.append(Fault(f"{file}, line {line}", en=en, zh=zh))
    met = places[places.str.len() == 1].str[0]
    for name, rows in met.groupby(met):
        if len(rows) > 1:
            en = f"{name} stands on {len(rows)} lines ({some(names[rows.index])}); keep one"
            zh = f"{name} 出现在 {len(rows)} 行中（{some(names[rows.index])}），请只保留一行"
            faults.append(Fault(f"{file}, line {some(rows.index + 2)}", en=en, zh=zh))
    missing = [name for name in known if name not in set(places.explode())]
    if missing:
        en = f"no row for {some(missing)}; every unit needs its residents"
        faults.append(Fault(str(file), en=en, zh=f"缺少 {some(missing)} 的行，每个单元都须有人口数"))
    return faults


def _number_faults(people: pd.Series, header: str, file: Path) -> list[Fault]:
    number, scale = _numbers(people), _scale(header)
    wrong = ~(number >= 0) | ~np.isfinite(number)
    broken = ~wrong & ((number * scale - (number * scale).round()).abs() > 1e-3)
    in_10_000 = "whole people are expected; figures in 10,000 need a header with （万人）"
    words = (
        (wrong, Text(zh="应为人数", en="a number of people is expected")),
        (broken, Text(zh="人数应为整数；以万为单位的数值须在表头注明（万人）", en=in_10_000)),
    )
    return [
        Fault(
            f"{file}, column {header}, line {some(people.index[rows] + 2)}",
            en=f"found {some(people[rows], 3)}; {expected.en}",
            zh=f"现为 {some(people[rows], 3)}；{expected.zh}",
        )
        for rows, expected in words
        if rows.any()
    ]


def _whole_numbers(people: pd.Series, header: str, file: Path, say: Say) -> pd.Series:
    scale = _scale(header)
    if scale != 1:
        say(Text(zh=f"{header} 按万人计", en=f"{header} taken as 10,000 people").about(file.name))
    return (_numbers(people) * scale).round().astype(int).rename("residents")


def _numbers(people: pd.Series) -> pd.Series:
    """Numbers of a column that may hold text with separators of thousands: ``"1,357,242"``."""
    text = people.astype(str).str.replace(r"[,，\s]", "", regex=True)
    return pd.to_numeric(text, errors="coerce").astype(float)


def _scale(header: str) -> int:
    return 10_000 if re.search(r"[(（\[/_]\s*万", header) else 1


def _say_completed(names: pd.Series, places: pd.Series, file: Path, say: Say) -> None:
    pairs = [f"{name} = {found[0]}" for name, found in zip(names, places, strict=True) if name != found[0]]
    if pairs:
        say(Text(zh=f"已补全名称：{some(pairs)}", en=f"names completed: {some(pairs)}").about(file.name))


def _check_room(totals: pd.Series, weight: pd.Series, without: Text) -> None:
    """Refuse units with people that have no zone, or zones that all weigh nothing."""
    peopled = totals[totals > 0]
    absent = [name for name in peopled.index if name not in weight.index]
    empty = [name for name in peopled.index if name in weight.index and not weight[name] > 0]
    no_zone = Text(zh="没有网格位于其中，请核对名称与边界", en="no zone lies in it; check its name and boundary")
    refuse(
        Fault(
            f"residents of {some(names)}",
            en=f"{int(peopled[names].sum()):,} people, but {why.en}",
            zh=f"{int(peopled[names].sum()):,} 人，但{why.zh}",
        )
        for names, why in ((absent, no_zone), (empty, without))
        if names
    )


# ---- spreading totals where there is no grid ---------------------------------------------------------------------


def spread_totals(
    totals: pd.Series,
    zones: gpd.GeoDataFrame,
    area: pd.Series,
    pull: pd.Series,
    most_per_km2: float | None = MOST_PER_KM2,
) -> pd.Series:
    """Residents per zone, modelled: each unit's total in proportion to the pull of its zones (dasymetric).

    The result is a model, not a count: label it ``modelled``.

    Parameters
    ----------
    totals
        Whole people by name of the unit.
    zones
        Polygons in projected metres, index ``zone_id``.
    area
        Unit of each zone, index ``zone_id``.
    pull
        How strongly each zone draws people, relative within its unit; 0 keeps it empty. Index ``zone_id``.
    most_per_km2
        No zone is filled beyond this density while others of its unit have room; None for no limit.

    Returns
    -------
    Series
        ``residents``, integers that add up to every unit's total, in the order of `zones`; 0 in units without total.

    Raises
    ------
    BadInput
        Units with people but without a zone or without any pull, by name.
    """
    nothing = Text(zh="其中既无地点也无道路，无从分布", en="nothing draws them: no place, no street")
    _check_room(totals, pull.groupby(area).sum(), nothing)
    km2 = zones.geometry.area / 1e6
    parts = []
    for unit, weight in pull.groupby(area.reindex(zones.index).fillna("")):
        people = int(totals.get(unit, 0))
        limited = weight if most_per_km2 is None else _capped(weight, people, km2[weight.index], most_per_km2)
        parts.append(whole_people(limited, people))
    return _joined(parts, zones.index)


def _capped(weight: pd.Series, people: int, km2: pd.Series, most_per_km2: float) -> pd.Series:
    """People in proportion to `weight`, none above `most_per_km2` while others with any weight have room.

    Where all of them together are too small, the limit gives way to 1.1 times the even density.
    """
    drawn = weight[weight > 0]
    most = np.maximum(most_per_km2 * km2[drawn.index], 1.1 * people * km2[drawn.index] / km2[drawn.index].sum())
    share = drawn / drawn.sum() * people
    while (share > most * 1.000001).any():
        full = share >= most
        room = share.where(~full, 0.0)
        share = (room * (people - most[full].sum()) / room.sum()).where(~full, most)
    return share.reindex(weight.index, fill_value=0.0)


def dwelling_pull(
    zones: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    weights: Mapping[str, float] = DWELLING_WEIGHTS,
    how: Pull = Pull(),
) -> pd.DataFrame:
    """How much each zone draws people, columns `town` (people of towns) and `village`; relative numbers.

    town: smoothed weights of places (square root, so that a well-mapped quarter does not drain the others) times
    nearness to arterials. village: nearness to arterials, places count less, and a small floor. Where nothing tells
    towns and villages apart, `town` alone spreads a district.

    Parameters
    ----------
    zones
        Equal squares in projected metres, index ``zone_id``.
    places
        Points with `kind`, same CRS.
    streets
        Arterials (lines), same CRS: nearness to minor streets would tell nothing.
    weights
        Weight of a place by kind; kinds without one count nothing.
    how
        The distances and shares of the method.
    """
    around = _smoothed_places(zones, places, weights, how)
    near_street = np.exp(-_street_m(zones, streets) / how.street_fade_m)
    on_town = np.sqrt(around) + how.town_street * near_street + how.town_floor
    town = on_town * (how.town_off_street + near_street)
    village = near_street + how.village_floor + how.village_places * np.minimum(around, how.most_places)
    return pd.DataFrame({"town": town, "village": village}, index=zones.index)


def settled(pull: pd.Series, most_zones: int) -> pd.Series:
    """Shares (sum 1, or all 0) of the `most_zones` zones with most pull; the others stay empty. Ties: earlier row."""
    kept = pull.sort_values(ascending=False, kind="stable").index[:most_zones]
    share = pull.where(pull.index.isin(kept), 0.0)
    return share / share.sum() if most_zones else share


def _street_m(zones: gpd.GeoDataFrame, streets: gpd.GeoDataFrame) -> np.ndarray:
    """Metres from each zone's centre to the nearest street; infinite without any."""
    if streets.empty:
        return np.full(len(zones), np.inf)
    tree = shapely.STRtree(streets.geometry.to_numpy())
    _, metres = tree.query_nearest(centres(zones), return_distance=True, all_matches=False)
    return np.asarray(metres)


def _smoothed_places(
    zones: gpd.GeoDataFrame, places: gpd.GeoDataFrame, weights: Mapping[str, float], how: Pull
) -> np.ndarray:
    """Weight of the places around every zone, smoothed with a Gaussian, per area of a calibrated zone."""
    row, column, side_m = grid_of(zones)
    west, south, _, _ = zones.total_bounds
    grid = np.zeros((row.max() + 1, column.max() + 1))
    place_row, place_column = (
        np.floor((axis.to_numpy() - edge) / side_m).astype(int)
        for axis, edge in ((places.geometry.y, south), (places.geometry.x, west))
    )
    inside = (place_row >= 0) & (place_row < grid.shape[0]) & (place_column >= 0) & (place_column < grid.shape[1])
    weight = places["kind"].map(dict(weights)).fillna(0).to_numpy(float)
    np.add.at(grid, (place_row[inside], place_column[inside]), weight[inside])
    smooth = gaussian_filter(grid, how.neighbourhood_m / side_m, mode="constant")[row, column]
    return np.asarray(smooth * (how.calibrated_side_m / side_m) ** 2)
