"""The figures of a scenario as a table, edited there, and drawn at random."""

import csv
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from helpers.command import planner, width_of
from helpers.texts import check_both
from planner.assumptions.edits import edit_scenario, stale_sources
from planner.assumptions.figures import (
    COLUMNS,
    EDITABLE,
    assumption_table,
    difference,
    draw,
    figures,
    key_of,
    sample_scenarios,
    triangular,
    unit_of,
    with_figures,
)
from planner.assumptions.files import as_cell, of_cell, write_assumptions, write_samples, write_variant
from planner.scenario import Figure, Scenario, read_scenario
from planner.scenario.file import locate
from planner.views import numbers
from planner.views.assumptions import KINDS, count_line, section_heading

EMBEDDED = [
    "taiyuan/base",
    "taiyuan/next_10000",
    "taiyuan/waits",
    "taiyuan/fair",
    "taiyuan/high_adoption",
    "taiyuan/low_home_charging",
    "toytown/toytown",
]
TOYTOWN = "toytown/toytown"
TOWN = read_scenario(TOYTOWN)
HOSTILE = [
    "=1+1",
    "+A1",
    "-2",
    "@SUM(A1)",
    "'=1",
    "''",
    '"a", b;\tc',
    "line\nbreak",
    "carriage\rreturn",
    "小店区，“假设”",
    "NA",
    "2020",
    "-",
]


@pytest.fixture
def toytown() -> Scenario:
    return TOWN


@pytest.fixture
def edit_csv(tmp_path: Path, toytown: Scenario) -> Callable[..., Path]:
    """Toytown's table as CSV with cells replaced: ``(key, column, text)``."""

    def write(*cells: tuple[str, str, object]) -> Path:
        table = assumption_table(toytown).astype(object)
        for key, column, text in cells:
            table.loc[key, column] = text
        file = tmp_path / "edited.csv"
        table.to_csv(file, encoding="utf-8-sig")
        return file

    return write


def line_of(file: Path, key: str) -> int:
    """The line that a key stands in."""
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    return next(n for n, line in enumerate(lines, 1) if line.startswith(f"{key},"))


def renamed(scenario: Scenario, name: str) -> Scenario:
    return scenario.model_copy(update={"name": name})


# ---- the table ----------------------------------------------------------------------------------------------------


def lacking(table: pd.DataFrame) -> list[str]:
    """Keys of figures without kind, origin, unit, or with a range out of order."""
    told = table["reasoning"].where(table["source_kind"] == "assumption", table["source"])
    good = table["source_kind"].isin(list(KINDS)) & (told != "") & (table["unit"] != "")
    good &= (table["low"] <= table["base"]) & (table["base"] <= table["high"])
    return list(table.index[~good])


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_figure_has_kind_origin_unit_and_range(name: str) -> None:
    table = assumption_table(read_scenario(name))
    assert lacking(table) == []  # a new field: end its name in a unit, or add the ending to UNITS
    assert table.index.is_unique
    assert list(table.columns) == list(COLUMNS)


@pytest.mark.parametrize(
    ("column", "value"), [("reasoning", ""), ("source_kind", ""), ("unit", ""), ("low", 2000.0), ("high", np.nan)]
)
def test_a_figure_that_lacks_something_is_found(toytown: Scenario, column: str, value: object) -> None:
    table = assumption_table(toytown)
    table.loc["fleets.cars.vehicles", column] = value
    assert lacking(table) == ["fleets.cars.vehicles"]


def test_toytown_by_hand(toytown: Scenario) -> None:
    table = assumption_table(toytown)
    counts = table["section"].str.partition(".")[0].value_counts(sort=False).to_dict()
    assert counts == {
        "season": 2,
        "fleets": 12,  # cars and taxis, six each
        "rings": 3,
        "services": 2,  # reach_factor of slow and fast
        "kinds": 21,  # seven kinds: bays, grid_kw, opening_cny
        "access": 3,
        "charger_types": 10,  # two types: rated, delivered, coincidence, price, energy
        "existing": 2,
    }
    assert list(counts) == [name for name in Scenario.model_fields if name in counts]
    row = table.loc["fleets.cars.vehicles"]
    assert [row[name] for name in COLUMNS] == [
        *("fleets.cars", "私家车", "cars", "vehicles", 800, 1000, 1200, "assumption", "", "Made up.", "")
    ]
    assert table.loc["charger_types.dc.kw_delivered", "description"] == "Per plug."
    assert table.loc["rings.urban.drive_reach_m", ["section", "name_zh", "unit"]].tolist() == ["rings.urban", "", "m"]


def test_a_figure_of_a_colleague_appears_by_itself(toytown: Scenario) -> None:
    class Deep(BaseModel):
        model_config = ConfigDict(frozen=True)
        name_en: str = "deep"
        toll_cny: Figure
        by_ring: dict[str, Figure]

    class Wider(Scenario):
        new: list[Deep]

    figure = toytown.access.walk_factor
    deep = Deep(toll_cny=figure, by_ring={"old core": figure})
    wider = Wider.model_construct(**dict(toytown), new=[deep])
    table = assumption_table(wider)
    assert list(table.index[-2:]) == ["new.0.toll_cny", 'new.0.by_ring."old core"']
    assert table.loc["new.0.toll_cny", ["section", "name_en", "unit", "base"]].tolist() == ["new.0", "deep", "CNY", 1.2]


def test_keys_are_unique_whatever_sections_are_called() -> None:
    assert key_of(("kinds", "a.b", "bays")) != key_of(("kinds", "a", "b.bays"))
    assert key_of(("kinds", "a.b", "bays")) == 'kinds."a.b".bays'
    assert key_of(("kinds", "县城", "bays")) == "kinds.县城.bays"


@pytest.mark.parametrize(
    ("field", "unit"),
    [
        ("use_kwh_charger_day", "kWh/charger/day"),
        ("energy_kwh_day", "kWh/day"),
        ("km_day", "km/day"),
        ("kwh_per_100km", "kWh/100 km"),
        ("max_snap_m", "m"),
        ("mean_km", "km"),
        ("kw_delivered", "kW"),
        ("home_charging_share", "share"),
        ("weekend_factor", "factor"),
        ("unlocated_chargers", "chargers"),
        ("sum", ""),  # ends in m, but not in _m
    ],
)
def test_units_come_from_the_ending(field: str, unit: str) -> None:
    assert unit_of(field).en == unit


# ---- files and back -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["taiyuan/base", TOYTOWN])
@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".gbk.csv"])
def test_an_unchanged_table_gives_the_same_scenario(name: str, suffix: str, tmp_path: Path) -> None:
    scenario = read_scenario(name)
    file = write_assumptions(assumption_table(scenario), tmp_path / f"table{suffix}")
    if suffix == ".gbk.csv":
        file.write_text(file.read_text(encoding="utf-8-sig"), encoding="gb18030")
    variant = edit_scenario(scenario, file, "again")
    assert variant == renamed(scenario, "again")
    written = write_variant(variant, scenario, locate(name), tmp_path / "again.toml")
    assert tomllib.loads(written.read_text(encoding="utf-8")) == {"extends": name, "name": "again"}
    assert read_scenario(written) == renamed(scenario, "again")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_changed_base_is_exactly_that_change(suffix: str, tmp_path: Path, toytown: Scenario) -> None:
    table = assumption_table(toytown)
    table.loc["fleets.cars.vehicles", "base"] = 1100.5
    file = write_assumptions(table, tmp_path / f"table{suffix}")
    variant = edit_scenario(toytown, file, "more")
    written = write_variant(variant, toytown, locate(TOYTOWN), tmp_path / "more.toml")
    figure = {"low": 800, "base": 1100.5, "high": 1200, "source_kind": "assumption", "reasoning": "Made up."}
    assert tomllib.loads(written.read_text(encoding="utf-8")) == {
        "extends": TOYTOWN,
        "name": "more",
        "fleets": {"cars": {"vehicles": figure}},
    }
    again = assumption_table(read_scenario(written))
    changed = again != assumption_table(toytown)
    assert changed.sum().sum() == 1
    assert changed.loc["fleets.cars.vehicles", "base"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_back_as_it_was(text: str, suffix: str, tmp_path: Path, toytown: Scenario) -> None:
    path = ("access", "walk_factor")
    nasty = with_figures(toytown, "nasty", {path: {"source": text, "reasoning": text}})
    file = write_assumptions(assumption_table(nasty), tmp_path / f"table{suffix}")
    assert edit_scenario(nasty, file, "nasty") == nasty
    given = edit_scenario(toytown, file, "nasty")  # read into a scenario that says something else
    expected = text.replace("\r", "\n") if suffix == ".xlsx" else text  # as XML has it
    assert (given.access.walk_factor.source, given.access.walk_factor.reasoning) == (expected, expected)


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-2", "@SUM(A1)"])
def test_no_text_becomes_a_formula(text: str, tmp_path: Path, toytown: Scenario) -> None:
    nasty = with_figures(toytown, "nasty", {("access", "walk_factor"): {"reasoning": text}})
    table = assumption_table(nasty)
    sheet = openpyxl.load_workbook(write_assumptions(table, tmp_path / "table.xlsx")).active
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert kinds == {"s", "n"}
    with write_assumptions(table, tmp_path / "table.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert f"'{text}" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


TEXTS = st.text(min_size=1, max_size=30).map(str.strip).filter(bool)
RANGES = st.lists(st.floats(0, 1e12, allow_subnormal=False), min_size=3, max_size=3).map(sorted)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([".csv", ".xlsx"]), RANGES, TEXTS, TEXTS)
@example(".csv", [0.0, 0.0, 0.0], "\x1b", "0")  # a control character where nothing stood
@example(".csv", [0.0, 0.0, 0.0], "\ufffd", "0")
def test_any_edit_comes_back(suffix: str, numbers: list[float], source: str, reasoning: str) -> None:
    """Excel keeps 15 digits and no control characters, CSV everything."""
    low, base, high = numbers
    values = {"low": low, "base": base, "high": high, "source": source, "reasoning": reasoning}
    edited = with_figures(TOWN, "edited", {("fleets", "cars", "vehicles"): values})
    with TemporaryDirectory() as folder:
        file = write_assumptions(assumption_table(edited), Path(folder) / f"table{suffix}")
        found = edit_scenario(TOWN, file, "edited")
    if suffix == ".csv":
        assert found == edited
    got, now = found.fleets["cars"].vehicles, edited.fleets["cars"].vehicles
    assert [got.low, got.base, got.high] == pytest.approx([low, base, high], rel=1e-12, abs=0)
    if (source + reasoning).isprintable():
        assert (got.source, got.reasoning) == (source, reasoning)
    assert found.model_copy(update={"fleets": {}}) == edited.model_copy(update={"fleets": {}})
    assert now.source_kind == got.source_kind


@given(st.text(st.sampled_from("'=+-@a \t"), max_size=5))
def test_the_guard_of_a_cell_can_be_taken_off(text: str) -> None:
    assert of_cell(as_cell(text)) == text
    assert not as_cell(text).startswith(("=", "+", "-", "@", "\t"))


def test_the_sheet_can_be_worked_in(tmp_path: Path, toytown: Scenario) -> None:
    sheet = openpyxl.load_workbook(write_assumptions(assumption_table(toytown), tmp_path / "table.xlsx")).active
    header = [cell.value for cell in sheet[1]]
    assert header[:1] + header[5:9] == ["key 键", "low 低值", "base 基准值", "high 高值", "source_kind 类别"]
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == f"A1:L{55 + 1}"
    assert sheet.column_dimensions["A"].width >= 40
    assert [cell.number_format for cell in sheet[2]].count("General") == 3  # low, base, high; the rest is text
    assert sheet["G4"].value == 1000
    assert [str(v.sqref) for v in sheet.data_validations.dataValidation] == ["I2:I56"]


def test_columns_and_rows_in_another_order_or_missing(tmp_path: Path, toytown: Scenario) -> None:
    file = tmp_path / "short.csv"
    file.write_text("批注;基准值;key\n!;21;fleets.cars.kwh_per_100km\n;;\n?;1e3;fleets.cars.vehicles\n", encoding="gbk")
    text = file.read_text(encoding="gbk").replace("21;", "20;")
    file.write_text(text, encoding="gbk")
    assert edit_scenario(toytown, file, "same") == renamed(toytown, "same")
    file.write_text(text.replace("1e3", "1150"), encoding="gbk")
    assert edit_scenario(toytown, file, "more").fleets["cars"].vehicles.base == 1150


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([("fleets.cars.vehicles", "base", "many")], ".base: input should be a valid number, found 'many'"),
        ([("fleets.cars.vehicles", "base", "")], ".base: input should be a valid number, found ''"),
        ([("fleets.cars.vehicles", "base", "nan")], ".base: input should be a valid number, found 'nan'"),
        ([("fleets.cars.vehicles", "base", "1,100")], ".base: input should be a valid number, found '1,100'"),
        ([("fleets.cars.vehicles", "base", "１１００")], ".base: input should be a valid number, found '１１００'"),
        ([("fleets.cars.vehicles", "base", "1e999")], ".base: input should be a finite number"),
        ([("fleets.cars.vehicles", "low", 1100)], ": low <= base <= high expected, found 1100.0, 1000.0, 1200.0"),
        ([("fleets.cars.vehicles", "low", -1)], ": a figure cannot be negative, found -1.0"),
        ([("fleets.cars.vehicles", "reasoning", " ")], ": an assumption needs one line of `reasoning`"),
        ([("fleets.cars.vehicles", "source_kind", "published")], ": a published figure needs its `source`"),
        ([("fleets.cars.vehicles", "source_kind", "guess")], ".source_kind: input should be 'published', 'derived'"),
        ([("fleets.cars.active_share", "high", 1.5)], ": a share between 0 and 1 expected, found 0.5 to 1.5"),
        ([("fleets.cars.efficiency", "low", 0)], ": a share above 0, at most 1 expected, found 0 to 0.8"),
    ],
)
def test_edits_refused_by_line(
    edit_csv: Callable[..., Path],
    faults: Callable[..., list[str]],
    toytown: Scenario,
    cells: list[tuple[str, str, object]],
    said: str,
) -> None:
    file = edit_csv(*cells)
    (fault,) = faults(edit_scenario, toytown, file, "new")
    key = cells[0][0]
    assert fault.startswith(f"{file}, line {line_of(file, key)}, key {key}{said}"), fault


def test_all_edits_refused_at_once(tmp_path: Path, faults: Callable[..., list[str]], toytown: Scenario) -> None:
    file = tmp_path / "edited.csv"
    file.write_text(
        'key,base,reasoning\nfleets.cars.vehicles,few,"two\nlines"\nfleets.cars.vehicle,1,x\n,5,x\n'
        "access.walk_factor,0.5,x\naccess.walk_factor,1.2,x\nexisting.unlocated_chargers,11,\n",
        encoding="utf-8",
    )
    found = [fault.removeprefix(f"{file}, ") for fault in faults(edit_scenario, toytown, file, "new")]
    assert found == [
        "line 4: no figure fleets.cars.vehicle in this scenario; did you mean fleets.cars.vehicles?",
        "line 5: a row without key; fill it or delete the row",
        "line 7: access.walk_factor stands in line 6 already; keep one of them",
        "line 2, key fleets.cars.vehicles.base: input should be a valid number, found 'few'",
        "line 6, key access.walk_factor: low <= base <= high expected, found 1.2, 0.5, 1.2",
        "line 8, key existing.unlocated_chargers: an assumption needs one line of `reasoning`",
    ]


def test_the_table_of_another_scenario(tmp_path: Path, faults: Callable[..., list[str]], toytown: Scenario) -> None:
    file = write_assumptions(assumption_table(read_scenario()), tmp_path / "taiyuan.csv")
    told = [fault for fault in faults(edit_scenario, toytown, file, "new") if "no such figures" in fault]
    assert len(told) == 1
    assert "name the scenario that the table was written from" in told[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("key,unit\naccess.walk_factor,m\n", "no column any of low, base, high"),
        ("base,high\n1,2\n", "no column key among base, high"),
        ("key,base,base 基准值\naccess.walk_factor,1,2\n", "several columns base; keep one of them"),
        ("key,base\naccess.walk_factor,1,200\n", "line 2: 3 cells, but the header has 2"),
        ("key,base\n", "the table is empty"),
    ],
)
def test_no_table_of_assumptions(
    tmp_path: Path, faults: Callable[..., list[str]], toytown: Scenario, text: str, said: str
) -> None:
    file = tmp_path / "edited.csv"
    file.write_text(text, encoding="utf-8")
    (fault,) = faults(edit_scenario, toytown, file, "new")
    assert fault.startswith(f"{file}") and said in fault


def test_excel_rows_are_told_by_their_number(
    tmp_path: Path, faults: Callable[..., list[str]], toytown: Scenario
) -> None:
    file = write_assumptions(assumption_table(toytown), tmp_path / "table.xlsx")
    book = openpyxl.load_workbook(file)
    book.active["G4"] = True
    book.save(file)
    assert faults(edit_scenario, toytown, file, "new") == [
        f"{file}, line 4, key fleets.cars.vehicles.base: input should be a valid number, found True"
    ]


def test_a_rule_across_figures_names_the_lines(
    tmp_path: Path, faults: Callable[..., list[str]], variant: Callable[[str], Scenario]
) -> None:
    scenario = variant(
        '[growth.stock]\ncurve = "logistic"\nuntil = 2030\npoints = { 2023 = 100, 2024 = 200 }\n'
        'saturation = { low = 400, base = 500, high = 600, source_kind = "assumption", reasoning = "Made up" }\n'
    )
    file = tmp_path / "edited.csv"
    file.write_text("key,low\nfleets.cars.vehicles,900\ngrowth.stock.saturation,150\n", encoding="utf-8")
    (fault,) = faults(edit_scenario, scenario, file, "new")
    assert fault == f"{file}, line 3, key growth.stock: saturation above all points expected, found 150"


def test_numbers_that_leave_their_source_behind_are_told() -> None:
    base = read_scenario()
    edited = with_figures(base, "x", {("fleets", "bus", "vehicles"): {"base": 2600.0}})
    remark = stale_sources(base, edited)
    assert remark is not None
    check_both(remark)
    assert "fleets.bus.vehicles" in remark.en
    sourced = {"base": 2600.0, "source": "a newer count"}
    assert stale_sources(base, with_figures(base, "x", {("fleets", "bus", "vehicles"): sourced})) is None


def test_what_exists_is_not_overwritten(tmp_path: Path, faults: Callable[..., list[str]], toytown: Scenario) -> None:
    table = assumption_table(toytown)
    for file in (tmp_path / "table.csv", tmp_path / "new.toml"):
        file.write_text("mine", encoding="utf-8")
    (told,) = faults(write_assumptions, table, tmp_path / "table.csv")
    assert "exists and may hold edits" in told
    (told,) = faults(write_variant, toytown, toytown, locate(TOYTOWN), tmp_path / "new.toml")
    assert "exists and may hold edits" in told
    assert {file.read_text(encoding="utf-8") for file in tmp_path.iterdir()} == {"mine"}
    (told,) = faults(write_assumptions, table, tmp_path / "none" / "table.csv")
    assert "no folder" in told
    (told,) = faults(write_assumptions, table, tmp_path / "table.pdf")
    assert "expected" in told and ".xlsx" in told


def test_extends_says_the_way_from_the_new_file(tmp_path: Path, toytown: Scenario) -> None:
    below = tmp_path / "own" / "city.toml"
    below.parent.mkdir()
    below.write_text(f'extends = "{TOYTOWN}"\nname = "city"\n', encoding="utf-8")
    original = read_scenario(below)
    (tmp_path / "new").mkdir()
    written = write_variant(renamed(original, "v"), original, below, tmp_path / "new" / "v.toml")
    assert 'extends = "../own/city.toml"' in written.read_text(encoding="utf-8")
    assert read_scenario(written) == renamed(toytown, "v")


def test_a_list_that_differs_is_written_whole() -> None:
    below: dict[str, Any] = {"a": {"b": [1, 2], "c": 1}, "d": 1}
    assert difference(below, {"a": {"b": [1, 3], "c": 1}, "d": 1}) == {"a": {"b": [1, 3]}}
    assert difference(below, below) == {}


# ---- samples ------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(0, 2**32))
def test_each_stratum_holds_one_draw(count: int, seed: int) -> None:
    """The share of the distribution below each draw, by the triangular distribution's own formula."""
    ranges = {("fleets", "cars", "vehicles"): (800, 800, 1200), ("fleets", "taxis", "vehicles"): (2, 8, 8)}
    ranges |= {("access", "walk_factor"): (1, 1.2, 2)}
    values = {path: dict(zip(("low", "base", "high"), r, strict=True)) for path, r in ranges.items()}
    drawn = draw(with_figures(TOWN, "ranged", values), count, seed)
    assert drawn.shape == (count, 3)
    for path, (low, base, high) in ranges.items():
        x = drawn[".".join(path)].to_numpy()
        assert ((low <= x) & (x <= high)).all()
        width = high - low
        rising = (x - low) ** 2 / (width * (base - low)) if base > low else np.zeros(count)
        falling = 1 - (high - x) ** 2 / (width * (high - base)) if high > base else np.ones(count)
        shares = np.where(x < base, rising, falling)
        middle = np.abs(shares * count - np.round(shares * count)) > 1e-6  # not on the edge of a stratum
        strata = np.floor(shares * count)[middle].astype(int)
        assert len(set(strata)) == middle.sum()
        if middle.all():
            assert sorted(strata) == list(range(count))


def test_the_inverse_by_hand() -> None:
    """Triangle 0, 1, 4 of height 1/2: below 1 lies 1/4; half lies below 4 - sqrt(0.5 x 4 x 3) = 4 - sqrt(6)."""
    low, base, high = np.array([0.0]), np.array([1.0]), np.array([4.0])
    shares = np.array([[0.0], [0.0625], [0.25], [0.5], [1.0]])
    found = triangular(shares, low, base, high)[:, 0]
    # 1/16 = x^2 / 4, so x = 1/2
    assert found == pytest.approx([0, 0.5, 1, 4 - 6**0.5, 4], abs=1e-12)


def test_samples_change_only_ranged_bases_and_say_so(toytown: Scenario) -> None:
    samples = sample_scenarios(read_scenario(), 4, 7)
    base = assumption_table(read_scenario())
    for number, sample in enumerate(samples, 1):
        assert sample.name == f"base_s0{number}"
        table = assumption_table(sample)
        moved = table["base"] != base["base"]
        assert (moved == (base["low"] < base["high"])).all()
        assert table[moved]["reasoning"].str.endswith("Base drawn between low and high.").all()
        assert table.drop(columns=["base", "reasoning"]).equals(base.drop(columns=["base", "reasoning"]))
        assert table[~moved].equals(base[~moved])
    assert sample_scenarios(read_scenario(), 4, 7) == samples
    assert sample_scenarios(read_scenario(), 4, 8) != samples
    twice = sample_scenarios(sample_scenarios(toytown, 1, 1)[0], 1, 1)[0]
    assert twice.fleets["cars"].vehicles.reasoning == "Made up. Base drawn between low and high."


def test_without_a_range_nothing_is_drawn(toytown: Scenario) -> None:
    fixed = with_figures(toytown, "fixed", {("fleets", "cars", "vehicles"): {"low": 1000.0, "high": 1000.0}})
    assert sample_scenarios(fixed, 2, 1) == [renamed(fixed, "fixed_s01"), renamed(fixed, "fixed_s02")]


def test_counts_and_seeds_refused(faults: Callable[..., list[str]], toytown: Scenario) -> None:
    assert faults(sample_scenarios, toytown, 0, -1) == [
        "sample: 1 to 10,000 scenarios expected, found 0",
        "seed: a whole number of 0 or more expected, found -1",
    ]
    assert faults(sample_scenarios, toytown, 10_001, 0)[0].endswith("found 10,001")


def test_sampled_files_read_as_the_samples(tmp_path: Path) -> None:
    scenario = read_scenario("taiyuan/high_adoption")
    folder = write_samples(scenario, locate("taiyuan/high_adoption"), tmp_path / "new" / "samples", 3, 7)
    assert sorted(f.name for f in folder.iterdir()) == ["s01.toml", "s02.toml", "s03.toml", "samples.csv"]
    assert [read_scenario(folder / f"s0{n}.toml") for n in (1, 2, 3)] == sample_scenarios(scenario, 3, 7)
    with (folder / "samples.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    drawn = draw(scenario, 3, 7)
    assert header == ["scenario", *drawn.columns]
    assert [row[0] for row in rows] == ["s01", "s02", "s03"]
    assert [[float(cell) for cell in row[1:]] for row in rows] == drawn.to_numpy().tolist()
    assert set(drawn.columns) == {p.key for p in figures(scenario) if p.figure.low < p.figure.high}
    write_samples(scenario, locate("taiyuan/high_adoption"), folder, 2, 7)  # samples give way to samples
    assert sorted(f.name for f in folder.iterdir()) == ["s01.toml", "s02.toml", "samples.csv"]
    assert [f.name for f in folder.parent.iterdir()] == ["samples"]


def test_samples_appear_whole_or_not_at_all(
    tmp_path: Path, faults: Callable[..., list[str]], toytown: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full at the third file: what stood there still stands, and nothing else."""
    folder = write_samples(toytown, locate(TOYTOWN), tmp_path / "samples", 2, 1)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    write, written = Path.write_text, []

    def full(self: Path, *given: Any, **named: Any) -> int:
        written.append(self)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        return write(self, *given, **named)

    monkeypatch.setattr(Path, "write_text", full)
    (told,) = faults(write_samples, toytown, locate(TOYTOWN), folder, 5, 2)
    assert "cannot be written" in told and "No space left" in told
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert [file.name for file in tmp_path.iterdir()] == ["samples"]


@pytest.mark.parametrize("foreign", [["notes.txt"], ["samples.csv", "base.toml"], ["s01.toml"]])
def test_a_folder_with_other_files_is_left_alone(
    tmp_path: Path, faults: Callable[..., list[str]], toytown: Scenario, foreign: list[str]
) -> None:
    for name in foreign:
        (tmp_path / name).write_text("mine", encoding="utf-8")
    (told,) = faults(write_samples, toytown, locate(TOYTOWN), tmp_path, 2, 0)
    assert "holds other files" in told
    assert {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()} == dict.fromkeys(
        foreign, "mine"
    )


# ---- the command --------------------------------------------------------------------------------------------------


def test_command_prints_toytown(tmp_path: Path) -> None:
    done = planner("assumptions", TOYTOWN, "--lang", "en", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "55 figures: 0 published, 0 derived, 55 assumption"
    assert "[fleets.cars] fleet: cars" in lines
    assert re.search(r"^vehicles +800 +1,000 +1,200 vehicles +assumption Made up\. *$", done.stdout, re.MULTILINE)
    assert re.search(r"^km_day +32 +km/day +assumption 〃 *$", done.stdout, re.MULTILINE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_command_fits_120_columns(tmp_path: Path, lang: str) -> None:
    done = planner("assumptions", "--lang", lang, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert max(width_of(line) for line in done.stdout.splitlines()) <= 120
    table = assumption_table(read_scenario())
    for key in table.index:
        assert re.search(rf"^{re.escape(key.rpartition('.')[2])} ", done.stdout, re.MULTILINE), key
    assert done.stdout.count("\n[") == table["section"].nunique()
    assert done.stdout.endswith(count_line(table, table).to(lang) + "\n")


def test_command_shows_one_kind(tmp_path: Path) -> None:
    table = assumption_table(read_scenario())
    known = table[table["source_kind"] == "published"]
    done = planner("assumptions", "--only", "published", "--lang", "zh", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith(f"（显示 {len(known)} 个）")
    assert "假设 " not in done.stdout.replace(done.stdout.splitlines()[-1], "")
    assert done.stdout.count("\n[") == known["section"].nunique()


@pytest.mark.slow
def test_command_writes_a_table_reads_it_back_and_plans(tmp_path: Path) -> None:
    assert planner("assumptions", TOYTOWN, "-o", "table.xlsx", cwd=tmp_path).returncode == 0
    book = openpyxl.load_workbook(tmp_path / "table.xlsx")
    book.active["G4"] = 1200
    book.save(tmp_path / "table.xlsx")
    done = planner("assumptions", TOYTOWN, "--edited", "table.xlsx", "-o", "more.toml", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "more.toml\n", "")
    assert read_scenario(tmp_path / "more.toml").fleets["cars"].vehicles.base == 1200
    done = planner("check", "more.toml", "--lang", "en", cwd=tmp_path)
    # (4,000 x 1.2 + 400) kWh a day of public demand
    assert re.search(r"public demand \(kWh/day\)\s*│\s*5,200 ", done.stdout), done.stdout


def test_command_samples(tmp_path: Path) -> None:
    done = planner("assumptions", TOYTOWN, "--sample", "2", "--seed", "7", "-o", "drawn", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "drawn\n"), done.stderr
    assert read_scenario(tmp_path / "drawn" / "s02.toml") == sample_scenarios(read_scenario(TOYTOWN), 2, 7)[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--edited", "x.csv"], "--edited: needs -o and the name of a new .toml file"),
        (["--sample", "3"], "--sample: needs -o and the name of a folder"),
        (["--sample", "3", "--edited", "x.csv", "-o", "y"], "--edited --sample: do not go together"),
        (["--sample", "3", "--only", "derived", "-o", "y"], "--sample --only: do not go together"),
        (["--edited", "x.csv", "-o", "y.toml"], "x.csv: no such file; check the path"),
        (["--edited", "x.csv", "-o", "y.csv"], "y.csv: expected the name of a new .toml file"),
        (["--sample", "0", "-o", "y"], "sample: 1 to 10,000 scenarios expected, found 0"),
        (["-o", "table.pdf"], "table.pdf: expected"),
        (["none.toml"], "none.toml: no such scenario file"),
    ],
)
def test_command_refuses_in_one_report(tmp_path: Path, arguments: list[str], said: str) -> None:
    scenario = [] if arguments[0].endswith(".toml") else [TOYTOWN]
    done = planner("assumptions", *scenario, *arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"planner: 1 fault (共 1 处问题)\n- {said}"), done.stderr
    assert re.search("[\u4e00-\u9fff]", done.stderr.splitlines()[2])
    assert not list(tmp_path.iterdir())


def test_words_of_the_table(toytown: Scenario) -> None:
    row = assumption_table(toytown).loc["kinds.mall.bays"]
    assert section_heading("kinds.mall", row).zh == "[kinds.mall] 地点类型：商场"
    assert section_heading("unheard.of", row).en == "[unheard.of] mall"
    assert [numbers.plain(v).en for v in (0.0, 8292.0, 0.025, 44.4, 1234.5)] == [
        "0",
        "8,292",
        "0.025",
        "44.4",
        "1,234.5",
    ]
    assert set(EDITABLE) <= set(COLUMNS)
