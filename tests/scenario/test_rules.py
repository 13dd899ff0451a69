"""What our own rules of a scenario say of what they refuse, in both languages, word by word."""

from collections.abc import Callable
from pathlib import Path

import pytest

import planner.scenario
from planner.faults import BadInput
from planner.scenario import Scenario

YEAR = "name_zh = 'a'\nname_en = 'a'\nreasoning = 'x'\n"
GROWTH = "[growth.g]\nreasoning = 'x'\npoints = { 2020 = 1, 2021 = 2 }\n"
EVEN = ", ".join(["0.04"] * 24)  # 24 x 0.04 = 0.96
MONEY = (
    "[money]\nreasoning = 'x'\nflat_cny_kwh = 1\npeak_factor = 1.5\nvalley_factor = 0.5\nservice_fee_cny_kwh = 0.4\n"
    "platform_share = 0.1\nopex_share = 0.04\nrent_cny_bay_year = 100\n"
)
FUEL = YEAR + "fleets = ['cars']\nco2_g_km = 150\n"
EMISSIONS = (
    f"[emissions]\nreasoning = 'x'\ngrid_co2_kg_kwh = 0.6\n[emissions.fuels.a]\n{FUEL}[emissions.fuels.b]\n{FUEL}"
)
WAITING = "[waiting]\nreasoning = 'x'\nmost_min = 10\nmost_share = 0.1\n"
PHASE = "[[siting.phases]]\nyear = {}\nquota = {}\n"

RULES = [
    (
        "[fleets.cars]\nvehicles = [3, 2, 4]",
        "fleets.cars.vehicles",
        "low <= base <= high expected, found 3.0, 2.0, 4.0",
        "应满足 low <= base <= high，现为 3.0、2.0、4.0",
    ),
    (
        "[fleets.cars]\nkm_day = -3",
        "fleets.cars.km_day",
        "a figure cannot be negative, found -3.0",
        "数值不能为负，现为 -3.0",
    ),
    (
        "[fleets.cars]\nkm_day = 2e12",
        "fleets.cars.km_day",
        "1e+12 or less expected, found 2e+12",
        "应不大于 1e+12，现为 2e+12",
    ),
    (
        "[fleets.cars]\nkm_day = { base = 1, source_kind = 'assumption' }",
        "fleets.cars.km_day",
        "an assumption needs one line of `reasoning`",
        "假设值（assumption）须有一行理由 `reasoning`",
    ),
    (
        "[fleets.cars]\nkm_day = { base = 1, source_kind = 'published' }",
        "fleets.cars.km_day",
        "a published figure needs its `source`",
        "类别为 published 的数值须注明来源 `source`",
    ),
    (
        "[fleets.cars]\nactive_share = [0, 1, 50]",
        "fleets.cars.active_share",
        "a share between 0 and 1 expected, found 0 to 50",
        "应为介于 0 与 1 之间的占比，现为 0 至 50",
    ),
    (
        "[fleets.cars]\nefficiency = 0",
        "fleets.cars.efficiency",
        "a share above 0, at most 1 expected, found 0 to 0",
        "应为大于 0 且不超过 1 的占比，现为 0 至 0",
    ),
    (
        WAITING.replace("0.1", "1"),
        "waiting.most_share",
        "a share above 0 and below 1 expected, found 1 to 1",
        "应为大于 0 且小于 1 的占比，现为 1 至 1",
    ),
    (
        "[access]\nwalk_factor = 0.5",
        "access.walk_factor",
        "a factor of 1 or more expected, found 0.5 to 0.5",
        "应为不小于 1 的倍数，现为 0.5 至 0.5",
    ),
    (
        "[access]\nmax_snap_m = 0",
        "access.max_snap_m",
        "a number above 0 expected, found 0 to 0",
        "应为大于 0 的数值，现为 0 至 0",
    ),
    (
        "[kinds.mall]\nbays = 200000",
        "kinds.mall.bays",
        "bays from 0 to 100,000 expected, found 200000 to 200000",
        "应为介于 0 与 100,000 之间的车位数，现为 200000 至 200000",
    ),
    (
        "[kinds.mall]\ngrid_kw = 2e7",
        "kinds.mall.grid_kw",
        "kW from 0 to 10,000,000 expected, found 2e+07 to 2e+07",
        "应为介于 0 与 10,000,000 之间的 kW 数，现为 2e+07 至 2e+07",
    ),
    (
        "[season]\nmonth = 13",
        "season.month",
        "month is 1 to 12, `annual` or `design`, found 13",
        "month 应为 1 至 12、`annual` 或 `design`，现为 13",
    ),
    (
        f"{GROWTH.replace('2020', '20')}curve = 'linear'\nuntil = 2030",
        "growth.g",
        "years from 1990 to 2100 expected as points, found 20",
        "points 的年份应在 1990 至 2100 之间，现为 20",
    ),
    (
        f"{GROWTH}curve = 'logistic'\nuntil = 2030",
        "growth.g",
        "a logistic curve needs its saturation",
        "logistic 曲线须给出饱和值 saturation",
    ),
    (
        f"{GROWTH}curve = 'bass'\nuntil = 2030\nsaturation = 2",
        "growth.g",
        "saturation above all points expected, found 2",
        "饱和值 saturation 应大于所有数据点，现为 2",
    ),
    (
        f"{GROWTH}curve = 'linear'\nuntil = 2019",
        "growth.g",
        "until no earlier than the last point expected, found 2019",
        "until 不得早于最后一个数据点，现为 2019",
    ),
    (
        f"[profiles.p]\nreasoning = 'x'\nweekday = [{EVEN}]",
        "profiles.p.weekday",
        f"24 shares of 0 or more that sum to 1 expected, found a sum of 0.96 (-0.04), found [{EVEN}]",
        f"应为 24 个不小于 0、合计为 1 的占比，现合计为 0.96（-0.04），现为 [{EVEN}]",
    ),
    (
        "[fleets.cars.services]\nfast = 0.9",
        "fleets.cars",
        "shares of 0 or more that sum to 1 expected, found services = 1.15",
        "各占比应不小于 0 且合计为 1，现为 services = 1.15",
    ),
    (
        "[fleets.taxis.services]\nfast = 0.5\nslow = 0.5",
        "fleets.taxis",
        "follows has no entry for service slow",
        "follows 缺少服务 slow",
    ),
    (
        f"[bands.b]\n{YEAR}of = 'energy_kwh_day'\nlow = 3\nhigh = 2",
        "bands.b",
        "low <= high expected, found 3 and 2",
        "应满足 low <= high，现为 3 与 2",
    ),
    (
        f"[bands.b]\n{YEAR}of = 'fleet_kwh_day'\nlow = 1\nhigh = 2",
        "bands.b",
        "`fleet` goes with of = fleet_kwh_day, and only with it",
        "`fleet` 须与 of = fleet_kwh_day 一同给出，其他情形不得给出",
    ),
    (
        f"{MONEY}peak_hours = [4, 11]\nvalley_hours = [3, 4]",
        "money",
        "hours 4 stand in peak_hours and in valley_hours; keep one",
        "4 时同时列在 peak_hours 与 valley_hours 中，请只保留一处",
    ),
    (
        EMISSIONS,
        "emissions",
        "fleets cars stand in more than one of the fuels; keep one",
        "车队 cars 列在多种燃料（fuels）中，请只保留一种",
    ),
    (
        "[charger_types.ac]\nmax_share = 0.2",
        "charger_types.ac",
        "min_share <= max_share expected, found 0.3 and 0.2",
        "应满足 min_share <= max_share，现为 0.3 与 0.2",
    ),
    (
        "[existing]\ncount_where_unknown = 0",
        "existing.count_where_unknown",
        "1 charger or more expected, found 0",
        "应不少于 1 台，现为 0",
    ),
    (
        f"[siting]\nquestion = 'least_cost'\n{PHASE.format(2025, 2)}budget_cny = 1\n{PHASE.format(2024, 3)}",
        "siting",
        "phases: years out of order (2024 after 2025); put them in rising order, each once; "
        "phases: their quotas add up to 5, quota is 6; make them agree; "
        "phases: some have budget_cny and some not; give it to all or to none; "
        "phases: only with question most_service; remove them or change the question",
        "phases：年份次序有误（2024 在 2025 之后），请按年份递增排列，每年一次；"
        "phases：各期 quota 合计 5，总量 quota 为 6，请使二者一致；"
        "phases：部分期次有 budget_cny，部分没有；请全部给出或全部不给；"
        "phases：仅适用于 question = most_service，请删除分期或更改 question",
    ),
    (
        "[siting]\nlock_in = ['p1']\nlock_free = ['p1']",
        "siting",
        "p1 stand in lock_in and in lock_free; keep one",
        "p1 同时列在 lock_in 与 lock_free 中，请只保留一处",
    ),
    (
        WAITING,
        "",
        "[waiting] needs session_kwh, missing in fleets.cars, fleets.taxis",
        "[waiting] 需要 session_kwh，fleets.cars, fleets.taxis 中缺少",
    ),
    (
        "[attractors.hubs]\ntraffic = { primary = 1 }",
        "",
        "attractors hubs follow traffic, but there is no section [traffic]",
        "attractors 中的 hubs 依据交通量（traffic），但没有 [traffic] 一节",
    ),
    (
        PHASE.format(2024, 6),
        "",
        "siting.phases end in 2024, year is 2025; make them agree",
        "siting.phases 止于 2024 年，year 为 2025，请使二者一致",
    ),
    (
        "[candidates]\ngap_kind = 'street'\n[fleets.cars]\ngrows_with = 'Moon'",
        "",
        "Moon used but not defined in [growth]; street used but not defined in [kinds]",
        "使用了 Moon，但 [growth] 中没有定义；使用了 street，但 [kinds] 中没有定义",
    ),
]


@pytest.mark.parametrize(("toml", "key", "en", "zh"), RULES, ids=[en[:60] for _, _, en, _ in RULES])
def test_what_a_rule_says(variant: Callable[[str], Scenario], toml: str, key: str, en: str, zh: str) -> None:
    with pytest.raises(BadInput) as refused:
        variant(toml)
    (fault,) = refused.value.faults
    assert (fault.where.partition(", key ")[2], fault.en, fault.zh) == (key, en, zh)


def test_every_rule_has_both_languages() -> None:
    """A plain ValueError would reach its reader in English only."""
    for file in Path(planner.scenario.__file__).parent.glob("*.py"):
        assert "raise ValueError" not in file.read_text(encoding="utf-8"), file.name
