"""The scenario file: what it may say, what it means, and how it is refused."""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tomli_w
from pydantic import BaseModel

from helpers.places import DATA
from planner.faults import BadInput
from planner.scenario import Figure, Scenario, Siting, area_folder, read_scenario, write_scenario

EMBEDDED = [
    "taiyuan/base",
    "taiyuan/next_10000",
    "taiyuan/waits",
    "taiyuan/fair",
    "taiyuan/high_adoption",
    "taiyuan/low_home_charging",
    "toytown/toytown",
]
TAIYUAN = [name for name in EMBEDDED if name.startswith("taiyuan")]


@pytest.fixture
def toml(tmp_path: Path) -> Callable[..., Path]:
    """A copy of toytown.toml with texts replaced."""

    def write(*replaced: tuple[str, str]) -> Path:
        text = (DATA / "toytown" / "toytown.toml").read_text(encoding="utf-8")
        for old, new in replaced:
            assert old in text, old
            text = text.replace(old, new, 1)
        file = tmp_path / "changed.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def figures(section: object, path: str = "") -> Iterator[tuple[str, Figure]]:
    """Every figure under a section, with its path."""
    if isinstance(section, Figure):
        yield path, section
    elif isinstance(section, BaseModel):
        for name in type(section).model_fields:
            yield from figures(getattr(section, name), f"{path}.{name}")
    elif isinstance(section, dict):
        for name, value in section.items():
            yield from figures(value, f"{path}.{name}")


# ---- what stands in the embedded scenarios ------------------------------------------------------------------------


@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_scenarios_load_from_any_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    scenario = read_scenario(f"{name}.toml")
    assert scenario.name == name.split("/")[1]
    assert scenario.study_area.folder == f"embedded:{name.split('/')[0]}"
    assert (area_folder(scenario.study_area) / "districts.geojson").is_file()
    assert read_scenario(name) == scenario  # the suffix may be left out


def test_without_a_path_it_is_the_taiyuan_base() -> None:
    assert read_scenario() == read_scenario("taiyuan/base.toml")
    assert read_scenario().siting.quota == 10_000


@pytest.mark.parametrize("name", TAIYUAN)
def test_every_figure_of_taiyuan_has_its_origin(name: str) -> None:
    found = dict(figures(read_scenario(name)))
    assert len(found) > 150
    for path, figure in found.items():
        assert figure.low <= figure.base <= figure.high, path
        told = figure.reasoning if figure.source_kind == "assumption" else figure.source
        assert len(told) >= 9, f"{path}: {told!r}"
        assert told != "set in the scenario file", path


def test_the_quota_of_the_document_and_its_tasks_are_the_base() -> None:
    base = read_scenario()
    # Half of the quota by residents: 1279 + 560 + 734 + 500 + 896 + 298 + 324 + 121 + 85 + 198 = 4,995
    assert sum(base.siting.tasks.values()) == 4_995
    assert len(base.siting.tasks) == 10
    assert base.existing.unlocated_chargers.base == 13_400


# ---- season -------------------------------------------------------------------------------------------------------


def test_design_month_is_the_worst_month() -> None:
    season = read_scenario().season
    # January -5.3 °C is 25.3 below 20: 1 + 0.012 x 25.3 = 1.3036. July 24.9 °C: 1 + 0.010 x 0.9 = 1.009.
    assert season.multiplier == pytest.approx(1.3036, abs=1e-12)
    assert season.by_month()[6] == pytest.approx(1.009, abs=1e-12)


@pytest.mark.parametrize(
    ("month", "multiplier"),
    [
        ('"design"', 1.25),  # January: 1 + 0.025 x (20 - 10)
        ('"annual"', 1 + 0.25 / 12),
        ("1", 1.25),
        ("7", 1.0),
    ],
)
def test_month(variant: Callable[[str], Scenario], month: str, multiplier: float) -> None:
    assert variant(f"[season]\nmonth = {month}").season.multiplier == pytest.approx(multiplier, abs=1e-12)


@pytest.mark.parametrize("month", ["0", "13", '"winter"', "1.5", "true"])
def test_month_that_does_not_exist(
    variant: Callable[[str], Scenario], faults: Callable[..., list[str]], month: str
) -> None:
    (fault,) = faults(variant, f"[season]\nmonth = {month}")
    assert "key season.month: month is 1 to 12, `annual` or `design`, found" in fault


# ---- figures ------------------------------------------------------------------------------------------------------


def test_three_ways_to_write_a_figure(toml: Callable[..., Path]) -> None:
    as_range = "[800, 1000, 1200]"
    as_table = '{ low = 800, base = 1000, high = 1200, source_kind = "published", source = "a census" }'
    ranged = read_scenario(toml()).fleets["cars"].vehicles
    assert (ranged.low, ranged.base, ranged.high) == (800, 1000, 1200)
    assert (ranged.source_kind, ranged.reasoning) == ("assumption", "Made up.")
    plain = read_scenario(toml((as_range, "1000"))).fleets["cars"].vehicles
    assert (plain.low, plain.base, plain.high) == (1000, 1000, 1000)
    own = read_scenario(toml((as_range, as_table))).fleets["cars"].vehicles
    assert (own.source_kind, own.source, own.reasoning) == ("published", "a census", "")
    short = read_scenario(toml((as_range, "{ base = 1000, high = 1100 }"))).fleets["cars"].vehicles
    assert (short.low, short.base, short.high, short.reasoning) == (1000, 1000, 1100, "Made up.")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[1200, 1000, 800]", "low <= base <= high expected, found 1200.0, 1000.0, 800.0"),
        ("[1100, 1000, 1200]", "low <= base <= high expected, found 1100.0, 1000.0, 1200.0"),
        ("-5", "a figure cannot be negative, found -5.0"),
        ('"1000"', "expected a number, [low, base, high] or a table, found '1000'"),
        ("[800, 1200]", "expected a number, [low, base, high] or a table, found [800, 1200]"),
        ("true", "expected a number, [low, base, high] or a table, found True"),
        ("nan", "key fleets.cars.vehicles.base: input should be a finite number, found nan"),
        ("[1, inf, inf]", "key fleets.cars.vehicles.high: input should be a finite number, found inf"),
        ('["few", 1, 2]', "key fleets.cars.vehicles.low: input should be a valid number, found 'few'"),
        ("{ low = 1, high = 2 }", "key fleets.cars.vehicles.base: missing; add it"),
        ('{ base = 1, source_kind = "assumption" }', "an assumption needs one line of `reasoning`"),
        ('{ base = 1, source_kind = "published" }', "a published figure needs its `source`"),
        ('{ base = 1, source_kind = "derived", reasoning = "x" }', "a derived figure needs its `source`"),
        ('{ base = 1, source_kind = "guess" }', "source_kind: input should be 'published', 'derived' or 'assumption'"),
        ("{ base = 1, hihg = 2 }", "key fleets.cars.vehicles.hihg: unknown key; did you mean `high`?"),
    ],
)
def test_figures_refused(toml: Callable[..., Path], faults: Callable[..., list[str]], written: str, said: str) -> None:
    found = faults(read_scenario, toml(("[800, 1000, 1200]", written)))
    assert any("key fleets.cars.vehicles" in fault and said in fault for fault in found), found


def test_a_section_without_reasoning_is_refused(toml: Callable[..., Path], faults: Callable[..., list[str]]) -> None:
    # The section [access] has three figures and only one line of reasoning for them.
    found = faults(read_scenario, toml(('max_snap_m = 300\nreasoning = "Made up."', "max_snap_m = 300")))
    assert [fault.split("key ")[1] for fault in found] == [
        f"access.{key}: an assumption needs one line of `reasoning`"
        for key in ("detour_factor", "walk_factor", "max_snap_m")
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "active_share = 0.5",
            "active_share = 50",
            "fleets.cars.active_share: a share between 0 and 1 expected, found 50",
        ),
        ("public_share = 1\n", "public_share = 1.5\n", "fleets.cars.public_share: a share between 0 and 1 expected"),
        ("efficiency = 0.8", "efficiency = 0", "fleets.cars.efficiency: a share above 0, at most 1 expected, found 0"),
        ("efficiency = 0.8", "efficiency = 90", "fleets.cars.efficiency: a share above 0, at most 1 expected"),
        ("home_charging_share = 0.2", "home_charging_share = [0, 20, 35]", "rings.urban.home_charging_share: a share"),
        ("coincidence = 0.5", "coincidence = 2", "charger_types.ac.coincidence: a share between 0 and 1 expected"),
        ("walk_factor = 1.2", "walk_factor = 0", "access.walk_factor: a factor of 1 or more expected, found 0 to 0"),
        ("max_snap_m = 300", "max_snap_m = 0", "access.max_snap_m: a number above 0 expected"),
    ],
)
def test_shares_and_factors_in_their_range(
    toml: Callable[..., Path], faults: Callable[..., list[str]], old: str, new: str, said: str
) -> None:
    (fault,) = faults(read_scenario, toml((old, new)))
    assert f"key {said}" in fault


# ---- other values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("quota = 6", "quotta = 6", "siting.quotta: unknown key; did you mean `quota`?"),
        ("quota = 6", 'quota = "6"', "siting.quota: input should be a valid integer, found '6'"),
        ("quota = 6", "quota = 6.5", "siting.quota: input should be a valid integer, found 6.5"),
        ("quota = 6", "quota = -6", "siting.quota: input should be greater than or equal to 0, found -6"),
        ("quota = 6", "", "siting.quota: missing; add it"),
        ("budget_cny = 500000", "budget_cny = nan", "siting.budget_cny: input should be a finite number, found nan"),
        ("edge_worth = 0.5", "edge_worth = 2", "siting.edge_worth: input should be less than or equal to 1, found 2"),
        ("[existing]", "[existng]", "existng: unknown key; did you mean `existing`?"),
        ("year = 2025", "year = 2025\nwheather = 1", "wheather: unknown key; remove it"),
        (
            "[kinds.mall]",
            "[kinds.mall]\nopening_eur = 1",
            "kinds.mall.opening_eur: unknown key; did you mean `opening_cny`",
        ),
        ("[kinds.mall]", "[kinds.mall]\nzzz = 1", "kinds.mall.zzz: unknown key; remove it"),
        (
            'residents = "all"',
            'resident = "all"',
            "attractors.residents.resident: unknown key; did you mean `residents`",
        ),
        ('mode = "walk"', 'mode = "fly"', "services.slow.mode: input should be 'drive' or 'walk', found 'fly'"),
        ("[rings.urban]", "[rings.downtown]", "rings.downtown: input should be 'core', 'urban', 'suburban' or 'rural'"),
        ("temperature_c = [10, ", "temperature_c = [", "season.temperature_c: list should have at least 12 items"),
        ("temperature_c = [10, ", "temperature_c = [nan, ", "season.temperature_c.0: input should be a finite number"),
        (
            "slow = 0.25, fast = 0.75",
            "slow = 0.25, fast = 0.7",
            "fleets.cars: shares of 0 or more that sum to 1 expected",
        ),
        ("slow = 0.25, fast = 0.75", "slow = -0.5, fast = 1.5", "expected, found services = 1"),
        ("slow = 0.25, fast = 0.75", "slow = nan, fast = nan", "fleets.cars.services.slow: input should be a finite"),
        ("slow = { residents = 1 }", "slow = { residents = 2 }", "fleets.cars: shares of 0 or more"),
        ("slow = { residents = 1 }", "", "fleets.cars: follows has no entry for service slow"),
        ("station = 1", "station = -1", "attractors.hubs.places.station: input should be greater than or equal to 0"),
        ("min_share = 0.3 ", "min_share = 0.3\nmax_share = 0.2 ", "min_share <= max_share expected, found 0.3 and 0.2"),
        ("quota = 6", 'quota = 6\nlock_in = ["p1"]\nlock_out = ["p1"]', "siting: p1 stand in lock_in and in lock_out"),
        ("fast = { hubs = 1 }", "fast = { stations = 1 }", "stations used but not defined in [attractors]"),
        ('gap_kind = "arterial"', 'gap_kind = "street"', "street used but not defined in [kinds]"),
        (
            "gap_spacing_m = { urban = 5000 }",
            "gap_spacing_m = {}",
            "urban used but not defined in [candidates.gap_spacing_m]",
        ),
        ('service = "fast"', 'service = "heavy"', "heavy used but not defined in [services]"),
    ],
)
def test_values_refused(
    toml: Callable[..., Path], faults: Callable[..., list[str]], old: str, new: str, said: str
) -> None:
    (fault,) = [f for f in faults(read_scenario, toml((old, new))) if said in f]
    assert fault.startswith(str(toml((old, new))))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("quota = 6", "quota = -6", "siting.quota：应不小于 0，现为 -6"),
        ("quota = 6", "quota = 6.5", "siting.quota：应为整数，现为 6.5"),
        ('mode = "walk"', 'mode = "fly"', "services.slow.mode：应为 'drive' 或 'walk' 之一，现为 'fly'"),
        ("temperature_c = [10, ", "temperature_c = [", "season.temperature_c：至少应有 12 项，现有 11 项"),
        (
            "min_share = 0.3 ",
            "min_share = 0.3\nmax_share = 0.2 ",
            "应满足 min_share <= max_share，现为 0.3 与 0.2",
        ),
    ],
)
def test_values_refused_in_chinese(toml: Callable[..., Path], old: str, new: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_scenario(toml((old, new)))
    assert any(said in f"{fault.where}：{fault.zh}" for fault in refused.value.faults)


def test_a_missing_section(toml: Callable[..., Path], faults: Callable[..., list[str]], tmp_path: Path) -> None:
    content = tomllib.loads(toml().read_text(encoding="utf-8"))
    del content["season"], content["fleets"]
    file = tmp_path / "short.toml"
    file.write_text(tomli_w.dumps(content), encoding="utf-8")
    assert faults(read_scenario, file) == [
        f"{file}, key season: missing; add it (docs/en/keys.md explains every key)",
        f"{file}, key fleets: missing; add it (docs/en/keys.md explains every key)",
    ]


def test_all_faults_in_one_report(toml: Callable[..., Path], faults: Callable[..., list[str]]) -> None:
    file = toml(
        ("quota = 6", 'quotta = "6"'),
        ("active_share = 0.5", "active_share = 50"),
        ("[800, 1000, 1200]", '"many"'),
        ("plugs = 1", "plugs = 0"),
    )
    found = sorted(fault.split("key ")[1].split(":")[0] for fault in faults(read_scenario, file))
    assert found == [
        "charger_types.ac.plugs", "fleets.cars.active_share", "fleets.cars.vehicles", "siting.quota", "siting.quotta",
    ]  # fmt: skip


def test_names_that_do_not_meet_are_told_together(toml: Callable[..., Path], faults: Callable[..., list[str]]) -> None:
    file = toml(("fast = { hubs = 1 }", "fast = { stations = 1 }"), ('gap_kind = "arterial"', 'gap_kind = "street"'))
    (fault,) = faults(read_scenario, file)
    assert "stations used but not defined in [attractors]; street used but not defined in [kinds]" in fault


def test_a_section_that_is_no_table(tmp_path: Path, faults: Callable[..., list[str]]) -> None:
    file = tmp_path / "flat.toml"
    file.write_text('extends = "toytown/toytown.toml"\nseason = 3\nfleets = []\n', encoding="utf-8")
    assert faults(read_scenario, file) == [
        f"{file}, key season: expected a table, found 3",
        f"{file}, key fleets: expected a table, found []",
    ]


# ---- files --------------------------------------------------------------------------------------------------------


def test_an_empty_table_empties_and_false_takes_out(variant: Callable[[str], Scenario]) -> None:
    scenario = variant("[fleets]\ntaxis = false\n[siting]\ntasks = {}\n[fleets.cars]\nhome_charging = false")
    assert list(scenario.fleets) == ["cars"]
    assert scenario.siting.tasks == {}
    assert scenario.fleets["cars"].home_charging is False  # a flag is no table


def test_no_such_file(tmp_path: Path, faults: Callable[..., list[str]]) -> None:
    for path in (tmp_path / "none.toml", tmp_path, Path("toytown/none.toml"), Path("nowhere/base.toml")):
        (fault,) = faults(read_scenario, path)
        assert fault.startswith(f"{path}: no such scenario file; give the path of a TOML file or an embedded scenario")
        assert "taiyuan/high_adoption" in fault


@pytest.mark.parametrize("content", [b"a = ", 'title = "小店区"'.encode("gbk")])
def test_not_toml(tmp_path: Path, faults: Callable[..., list[str]], content: bytes) -> None:
    file = tmp_path / "bad.toml"
    file.write_bytes(content)
    (fault,) = faults(read_scenario, file)
    assert f"{file}: not a TOML file in UTF-8: " in fault


def test_byte_order_mark_is_read_over(toml: Callable[..., Path]) -> None:
    file = toml()
    plain = read_scenario(file)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert read_scenario(file) == plain


def test_extends_merges_tables_and_replaces_figures(variant: Callable[[str], Scenario]) -> None:
    below = read_scenario("toytown/toytown.toml")
    above = variant("[siting]\nquota = 7\n[fleets.cars]\nvehicles = 500\n[attractors.hubs.places]\nmall = 2")
    assert above.siting == below.siting.model_copy(update={"quota": 7})
    assert (above.fleets["cars"].vehicles.low, above.fleets["cars"].vehicles.high) == (500, 500)  # not 800 to 1,200
    assert above.attractors["hubs"].places == {"station": 1, "mall": 2}
    assert above.fleets["taxis"] == below.fleets["taxis"]
    assert above.study_area == below.study_area  # the folder is the one of the file that states it


def test_extends_a_chain_and_a_relative_folder(tmp_path: Path) -> None:
    (tmp_path / "layers").mkdir()
    (tmp_path / "sub").mkdir()
    lowest = tmp_path / "one.toml"
    lowest.write_text('extends = "toytown/toytown.toml"\n[study_area]\nfolder = "layers"\n', encoding="utf-8")
    middle = tmp_path / "sub" / "two.toml"
    middle.write_text('extends = "../one.toml"\nyear = 2030\n', encoding="utf-8")
    top = tmp_path / "sub" / "three.toml"
    top.write_text('extends = "two.toml"\n[siting]\nquota = 9\n', encoding="utf-8")
    found = read_scenario(top)
    assert (found.year, found.siting.quota, found.siting.min_station) == (2030, 9, 2)
    assert Path(found.study_area.folder) == (tmp_path / "layers").resolve()


def test_extends_refused(tmp_path: Path, faults: Callable[..., list[str]]) -> None:
    one, two = tmp_path.resolve() / "one.toml", tmp_path.resolve() / "two.toml"
    one.write_text('extends = "two.toml"', encoding="utf-8")
    two.write_text('extends = "one.toml"', encoding="utf-8")
    assert faults(read_scenario, one) == [f"{one}: extends itself"]
    one.write_text("extends = 5", encoding="utf-8")
    assert faults(read_scenario, one) == [f"{one}, key extends: expected a file name, found 5"]
    one.write_text('extends = "none.toml"', encoding="utf-8")
    missing = tmp_path.resolve() / "none.toml"
    assert faults(read_scenario, one)[0].startswith(f"{missing}: no such scenario file; give the path")


@pytest.mark.parametrize("name", EMBEDDED)
def test_written_and_read_back_it_is_the_same(name: str, tmp_path: Path) -> None:
    scenario = read_scenario(name)
    write_scenario(scenario, tmp_path / "again.toml")
    assert read_scenario(tmp_path / "again.toml") == scenario


def test_no_such_study_area(variant: Callable[[str], Scenario], faults: Callable[..., list[str]]) -> None:
    area = variant('[study_area]\nfolder = "embedded:atlantis"').study_area
    assert faults(area_folder, area) == ["embedded:atlantis: no such embedded study area"]


def test_a_decision_needs_only_its_quota() -> None:
    assert Siting(quota=6).quota_rule == "exactly"
    assert Siting(quota=6).budget_cny is None


def test_the_embedded_scenarios_name_no_machine(tmp_path: Path) -> None:
    """A plan folder can be moved: embedded areas are named, not located."""
    file = tmp_path / "scenario.toml"
    write_scenario(read_scenario("toytown/toytown.toml"), file)
    assert 'folder = "embedded:toytown"' in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[kinds.mall]\ngrid_kw = 1e300", "kinds.mall.grid_kw: 1e+12 or less expected, found 1e+300"),
        ("[kinds.mall]\ngrid_kw = 1e9", "kinds.mall.grid_kw: kW from 0 to 10,000,000 expected"),
        ("[kinds.mall]\nbays = 1e9", "kinds.mall.bays: bays from 0 to 100,000 expected"),
        ("[charger_types.dc]\nprice_cny = 1e300", "charger_types.dc.price_cny: 1e+12 or less expected"),
        ("[fleets.cars]\nvehicles = 1e300", "fleets.cars.vehicles: 1e+12 or less expected"),
        ("[candidates]\nbays = { p2 = 1000000000000 }", "candidates.bays.p2"),
        ("[candidates]\ngrid_kw = { p2 = 1e300 }", "candidates.grid_kw.p2"),
        ("[candidates]\ngap_step_m = 1e-300", "candidates.gap_step_m"),
        ("[siting]\nquota = 1000000000000000000", "siting.quota"),
        ("[siting]\nbudget_cny = 1e300", "siting.budget_cny"),
        ("[siting]\nfeeder_kw = { F1 = 1e300 }", "siting.feeder_kw.F1"),
        ('[siting.tasks]\n"南区" = 1000000000000000000', "siting.tasks.南区"),
        ("year = 20300", "key year: "),
        ("[[siting.phases]]\nyear = 20300\nquota = 1", "siting.phases.0.year"),
        ("[[siting.phases]]\nyear = 2030\nquota = 1000000000000000000", "siting.phases.0.quota"),
        ("[[siting.phases]]\nyear = 2030\nquota = 1\nbudget_cny = 1e300", "siting.phases.0.budget_cny"),
        ("[[siting.phases]]\nyear = 2030\nquota = 1\nweight = 1e300", "siting.phases.0.weight"),
    ],
)
def test_numbers_that_only_a_slip_makes_are_refused(
    toml: str, words: str, variant: Callable[[str], Scenario], faults: Callable[..., list[str]]
) -> None:
    """Solvers take numbers like 1e300 for infinite, and a table of so many counts asks for terabytes."""
    (fault,) = faults(variant, toml)
    assert words in fault
