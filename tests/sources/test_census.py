"""Official totals as sums of zones: largest remainders by hand, laws of whole people, and tables people really have."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.texts import Told
from planner.sources.people.census import (
    DWELLING_WEIGHTS,
    Pull,
    dwelling_pull,
    read_totals,
    rescale,
    settled,
    spread_totals,
    whole_people,
)
from planner.sources.zones import make_zones

Faults = Callable[..., list[str]]
UTM = 32649
TAIYUAN = ["小店区", "迎泽区", "杏花岭区", "尖草坪区", "万柏林区", "晋源区", "清徐县", "阳曲县", "娄烦县", "古交市"]


# ---- whole people --------------------------------------------------------------------------------------------------


def test_largest_remainder_by_hand() -> None:
    # 10 people over weights 1, 1, 1: 3.33 each, the first of the equal remainders gets the tenth.
    assert whole_people(pd.Series([1.0, 1.0, 1.0]), 10).to_list() == [4, 3, 3]
    # 7 over 5 : 3 : 2 = 3.5, 2.1, 1.4 -> 3, 2, 1 and the missing one to the largest remainder 0.5.
    assert whole_people(pd.Series([5.0, 3.0, 2.0]), 7).to_list() == [4, 2, 1]
    # Nobody needs no weight.
    assert whole_people(pd.Series([0.0, 0.0]), 0).to_list() == [0, 0]


weights = st.lists(st.one_of(st.just(0.0), st.floats(1e-6, 1e9)), min_size=1, max_size=50).filter(any)


@given(weights, st.integers(0, 2_000_000_000))
def test_whole_people_add_up_and_stay_within_one_of_their_share(weight: list[float], total: int) -> None:
    people = whole_people(pd.Series(weight), total)
    share = pd.Series(weight) / sum(weight) * total
    assert people.sum() == total
    assert people.dtype.kind == "i"
    assert ((people - share).abs() < 1 + 1e-6 * (1 + share)).all()
    assert (people[pd.Series(weight) == 0] == 0).all()


@given(weights, st.integers(0, 10_000))
def test_a_larger_share_never_gets_fewer(weight: list[float], total: int) -> None:
    people = whole_people(pd.Series(weight), total).to_numpy()
    share = (pd.Series(weight) / pd.Series(weight).sum() * total).to_numpy()
    smallest_first = np.lexsort((-np.arange(len(share)), share))  # of equal shares the later row, which yields
    assert (np.diff(people[smallest_first]) >= 0).all()


# ---- rescaling -----------------------------------------------------------------------------------------------------


def test_rescaling_by_hand() -> None:
    # 小店: 1 : 2 : 3 to 12 people is 2, 4, 6. 清徐 has no total: 0.4 + 1.4 = 1.8 people are 2, shared 0.44 : 1.56.
    residents = pd.Series([1.0, 2.0, 3.0, 0.4, 1.4], index=list("abcde"))
    area = pd.Series(["小店区", "小店区", "小店区", "清徐县", "清徐县"], index=list("abcde"))
    scaled = rescale(residents, area, pd.Series({"小店区": 12}))
    assert scaled.to_dict() == {"a": 2, "b": 4, "c": 6, "d": 0, "e": 2}
    assert (scaled.name, scaled.dtype.kind) == ("residents", "i")


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.floats(0.01, 1e5)),
        min_size=1,
        max_size=40,
    ),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 5_000_000)),
)
def test_sums_are_the_totals_exactly(rows: list[tuple[str, float]], totals: dict[str, int]) -> None:
    area = pd.Series([unit for unit, _ in rows])
    residents = pd.Series([people for _, people in rows])
    totals = {unit: total for unit, total in totals.items() if unit in set(area)}
    scaled = rescale(residents, area, pd.Series(totals, dtype=float))
    expected = residents.groupby(area).sum().round().astype(int).to_dict() | totals
    assert scaled.groupby(area).sum().to_dict() == expected
    assert scaled.index.equals(residents.index)


def test_people_without_anywhere_to_live_are_refused(faults: Faults) -> None:
    residents = pd.Series([0.0, 0.0, 5.0])
    area = pd.Series(["古交市", "古交市", "清徐县"])
    totals = pd.Series({"古交市": 210_757, "清徐县": 344_472, "娄烦县": 91_208, "阳曲县": 0})
    assert faults(rescale, residents, area, totals) == [
        "residents of 娄烦县: 91,208 people, but no zone lies in it; check its name and boundary",
        "residents of 古交市: 210,757 people, but nobody lives there by the population file: nothing to scale",
    ]


def test_zones_of_no_unit_keep_their_people() -> None:
    scaled = rescale(pd.Series([1.6, 2.0]), pd.Series([None, "清徐县"], dtype=object), pd.Series({"清徐县": 7}))
    assert scaled.to_list() == [2, 7]


# ---- tables of totals ----------------------------------------------------------------------------------------------


def table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    file = folder / "census.csv"
    file.write_bytes(text.encode(encoding))
    return file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_chinese_table_of_totals(tmp_path: Path, encoding: str) -> None:
    # Written out of order, with separators of thousands and a row of sums.
    rows = [f'{name},"{1000 * n:,}"' for n, name in enumerate(TAIYUAN, 1)]
    text = "\n".join(["区县,常住人口（人）", '全 市,"55,000"', *reversed(rows)])
    told = Told()
    totals = read_totals(table(tmp_path, text, encoding), TAIYUAN, told)
    assert totals.to_dict() == {name: 1000 * n for n, name in enumerate(TAIYUAN, 1)}
    assert (totals.name, totals.index.name, totals.dtype.kind) == ("residents", "district", "i")
    assert totals.index.to_list() == TAIYUAN
    assert told == ["census.csv: rows of sums left out: 全 市"]


def test_an_excel_table_of_townships(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    file = tmp_path / "census.xlsx"
    pd.DataFrame({"街道": ["坞城街道", "营盘街道"], "人口": [120_000, 98_765.0]}).to_excel(file, index=False)
    assert read_totals(file, ["营盘街道", "坞城街道"], Told()).to_dict() == {"营盘街道": 98_765, "坞城街道": 120_000}


def test_short_and_long_names_are_completed(tmp_path: Path) -> None:
    told = Told()
    file = table(tmp_path, "名称,人口\n小店,1\n太原市迎泽区,2\n古交市,3\n")
    districts = pd.DataFrame({"code": [1, 2, 3]}, index=["小店区", "迎泽区", "古交市"])
    assert read_totals(file, districts, told).to_list() == [1, 2, 3]
    assert told == ["census.csv: names completed: 小店 = 小店区, 太原市迎泽区 = 迎泽区"]


def test_the_same_name_wins_over_longer_ones(tmp_path: Path) -> None:
    # 城区 also ends 郊城区, yet stands for itself.
    file = table(tmp_path, "district,residents\n城区,5\n郊城区,6\n")
    assert read_totals(file, ["郊城区", "城区"], Told()).to_list() == [6, 5]


def test_the_column_with_the_known_names_is_taken(tmp_path: Path) -> None:
    file = table(tmp_path, "区县,街道,人口\n小店区,坞城街道,3\n小店区,营盘街道,4\n")
    assert read_totals(file, ["坞城街道", "营盘街道"], Told()).to_list() == [3, 4]


def test_figures_in_ten_thousands(tmp_path: Path) -> None:
    # 135.7242 x 10 000 = 1 357 242
    told = Told()
    file = table(tmp_path, "区县,常住人口（万人）\n小店区,135.7242\n")
    assert read_totals(file, ["小店区"], told).to_list() == [1_357_242]
    assert told == ["census.csv: 常住人口（万人） taken as 10,000 people"]


def test_everything_wrong_with_names_is_said_at_once(tmp_path: Path, faults: Faults) -> None:
    file = table(tmp_path, "区县,人口\n城区,1\n矿区,2\n小店,3\n小店区,4\n阳泉,5\n区,6\n,7\n")
    known = ["东城区", "西城区", "矿区", "小店区", "平定县"]
    assert faults(read_totals, file, known, Told()) == [
        f"{file}, line 2: '城区' is one of 东城区, 西城区; write it in full",
        f"{file}, line 6: '阳泉' is no unit of the area",
        f"{file}, line 7: '区' is no unit of the area",
        f"{file}, line 8: '' is no unit of the area",
        f"{file}, line 4, 5: 小店区 stands on 2 lines (小店, 小店区); keep one",
        f"{file}: no row for 平定县; every unit needs its residents",
    ]


def test_everything_wrong_with_numbers_is_said_at_once(tmp_path: Path, faults: Faults) -> None:
    file = table(tmp_path, "区县,人口\n小店区,many\n迎泽区,-5\n杏花岭区,\n清徐县,34.4472\n古交市,210757\n")
    known = ["小店区", "迎泽区", "杏花岭区", "清徐县", "古交市"]
    assert faults(read_totals, file, known, Told()) == [
        f"{file}, column 人口, line 2, 3, 4: found many, -5, nan; a number of people is expected",
        f"{file}, column 人口, line 5: found 34.4472; whole people are expected; figures in 10,000 need a header with "
        "（万人）",
    ]


def test_a_table_without_the_columns(tmp_path: Path, faults: Faults) -> None:
    file = table(tmp_path, "a,b\n1,2\n")
    assert faults(read_totals, file, ["小店区"], Told()) == [
        f"{file}, header: no column of names among a, b; name it district",
        f"{file}, header: no column of residents among a, b; name it residents",
    ]


# ---- spreading totals ----------------------------------------------------------------------------------------------


def strip(zones: int, side_m: float = 500, north: float = 0) -> gpd.GeoDataFrame:
    """A row of squares."""
    area = shapely.box(0, north, zones * side_m, north + side_m)
    return make_zones(gpd.GeoDataFrame(index=["城区"], geometry=[area], crs=UTM), side_m)


def test_totals_follow_the_pull() -> None:
    # 100 people at 1 : 3 : 0, and 7 elsewhere at 1 : 1 (the odd one to the earlier zone).
    zones = strip(5)
    area = pd.Series(["甲", "甲", "甲", "乙", "乙"], index=zones.index)
    pull = pd.Series([1.0, 3.0, 0.0, 1.0, 1.0], index=zones.index)
    people = spread_totals(pd.Series({"甲": 100, "乙": 7}), zones, area, pull)
    assert people.to_list() == [25, 75, 0, 4, 3]
    assert (people.name, people.dtype.kind) == ("residents", "i")


def test_no_zone_is_filled_beyond_the_limit_while_others_have_room() -> None:
    # 40 000 per km2 are 10 000 in a square of 500 m. 12 000 people at 9 : 2 : 1 would be 9 000, 2 000, 1 000: fine.
    # 24 000 would be 18 000, 4 000, 2 000: the first is cut to 10 000, 14 000 go 2 : 1, 9 333.3 and 4 666.7.
    zones = strip(3)
    area, pull = pd.Series("甲", index=zones.index), pd.Series([9.0, 2.0, 1.0], index=zones.index)
    assert spread_totals(pd.Series({"甲": 12_000}), zones, area, pull).to_list() == [9_000, 2_000, 1_000]
    assert spread_totals(pd.Series({"甲": 24_000}), zones, area, pull).to_list() == [10_000, 9_333, 4_667]
    assert spread_totals(pd.Series({"甲": 24_000}), zones, area, pull, None).to_list() == [18_000, 4_000, 2_000]
    # 36 000 for 30 000 places: the limit gives way to 1.1 x 12 000 = 13 200; 13 200, then 22 800 at 2 : 1 = 15 200
    # is cut as well, 9 600 are left.
    assert spread_totals(pd.Series({"甲": 36_000}), zones, area, pull).to_list() == [13_200, 13_200, 9_600]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("甲乙丙"), st.floats(0.001, 1e3)), min_size=1, max_size=30),
    st.dictionaries(st.sampled_from("甲乙丙"), st.integers(0, 400_000)),
    st.sampled_from([100.0, 250.0, 1000.0]),
)
def test_every_unit_gets_its_people_and_nobody_is_crowded(
    rows: list[tuple[str, float]], totals: dict[str, int], side_m: float
) -> None:
    zones = strip(len(rows), side_m)
    area = pd.Series([unit for unit, _ in rows], index=zones.index)
    pull = pd.Series([weight for _, weight in rows], index=zones.index)
    totals = {unit: total for unit, total in totals.items() if unit in set(area)}
    people = spread_totals(pd.Series(totals, dtype=float), zones, area, pull)
    sums = people.groupby(area).sum()
    assert sums.to_dict() == {unit: totals.get(unit, 0) for unit in sorted(set(area))}
    most = np.maximum(40_000 * (side_m / 1000) ** 2, 1.1 * area.map(sums) / area.map(area.value_counts()))
    assert (people <= most + 1).all()


def test_a_town_that_nothing_draws_to_is_refused(faults: Faults) -> None:
    zones = strip(2)
    area, pull = pd.Series(["甲", "乙"], index=zones.index), pd.Series([0.0, 1.0], index=zones.index)
    assert faults(spread_totals, pd.Series({"甲": 5, "乙": 6, "丙": 7}), zones, area, pull) == [
        "residents of 丙: 7 people, but no zone lies in it; check its name and boundary",
        "residents of 甲: 5 people, but nothing draws them: no place, no street",
    ]


def test_the_zones_with_most_pull_are_settled() -> None:
    # 3 and 2 of 5 are kept; of the two with 2 the earlier. Shares 3/5 and 2/5.
    pull = pd.Series([1.0, 2.0, 3.0, 2.0])
    assert settled(pull, 2).to_list() == [0, 0.4, 0.6, 0]
    assert settled(pull, 0).to_list() == [0, 0, 0, 0]


# ---- the pull of places and streets --------------------------------------------------------------------------------


def town(*kinds_at: tuple[str, float, float]) -> gpd.GeoDataFrame:
    points = [shapely.Point(x, y) for _, x, y in kinds_at]
    return gpd.GeoDataFrame({"kind": [kind for kind, _, _ in kinds_at]}, geometry=points, crs=UTM)


def street(*lines: list[tuple[float, float]]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[shapely.LineString(line) for line in lines], crs=UTM)


def test_without_places_only_the_street_pulls() -> None:
    # A street along x = 250, the centres at 0, 500, 1000 m from it; villages: exp(-m / 1500) + 0.08; towns:
    # (0.1 e + 0.01) x (0.2 + e).
    zones = strip(3)
    pull = dwelling_pull(zones, town(), street([(250, -5000), (250, 5000)]))
    near = np.exp(-np.array([0, 500, 1000]) / 1500)
    assert pull["village"].to_numpy() == pytest.approx(near + 0.08)
    assert pull["town"].to_numpy() == pytest.approx((0.1 * near + 0.01) * (0.2 + near))


def test_places_pull_around_them_by_kind() -> None:
    zones = strip(21)
    pull = dwelling_pull(zones, town(("residential", 5250, 250), ("parking", 250, 250)), street())["town"]
    assert pull.idxmax() == "z0010_00000"  # 5250 // 500 = 10
    assert pull.iloc[:10].is_monotonic_increasing and pull.iloc[10:].is_monotonic_decreasing
    # Ten squares, 5 km away the place is forgotten (kernels end after 4 deviations, 3.2 km); the car park never counts.
    assert pull.iloc[0] == pytest.approx(0.01 * 0.2)
    # A school weighs 2/3 of housing: the square roots stand 1 : sqrt(2/3) above the floor of 0.01.
    school = dwelling_pull(zones, town(("school", 5250, 250)), street())["town"]
    ratio = (school.iloc[10] / 0.2 - 0.01) / (pull.iloc[10] / 0.2 - 0.01)
    assert ratio == pytest.approx((DWELLING_WEIGHTS["school"] / DWELLING_WEIGHTS["residential"]) ** 0.5)
    only_parking = dwelling_pull(zones, town(("parking", 250, 250)), street(), {"parking": 1.0})["town"]
    assert only_parking.idxmax() == "z0000_00000"


def test_the_side_of_the_zones_hardly_matters() -> None:
    # A quarter of 4 km with a place every 500 m: the pull in its middle is the same for squares of 250 and 500 m.
    grid = np.arange(250, 8000, 500)
    places = town(*(("residential", x, y) for x in grid for y in grid))
    streets = street([(4000, 0), (4000, 8000)])
    area = gpd.GeoDataFrame(index=["城区"], geometry=[shapely.box(0, 0, 8000, 8000)], crs=UTM)
    means = []
    for side_m in (250, 500, 1000):
        zones = make_zones(area, side_m)
        pull = dwelling_pull(zones, places, streets)
        means.append(pull[zones.geometry.centroid.within(shapely.box(3000, 3000, 5000, 5000))].mean())
    assert means[0].to_numpy() == pytest.approx(means[1].to_numpy(), rel=0.05)
    assert means[2].to_numpy() == pytest.approx(means[1].to_numpy(), rel=0.05)


def test_places_outside_the_zones_are_left_out() -> None:
    zones = strip(3)
    outside = town(("residential", -600, 250), ("residential", 250, 50_000), ("residential", 2600, -600))
    assert dwelling_pull(zones, outside, street()).equals(dwelling_pull(zones, town(), street()))


def test_the_parameters_steer_the_pull() -> None:
    zones, line = strip(3), street([(250, -5000), (250, 5000)])
    flat = dwelling_pull(zones, town(), line, how=Pull(street_fade_m=1e9))
    assert flat["village"].to_numpy() == pytest.approx([1.08] * 3)
