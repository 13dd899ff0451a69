"""plan.xlsx read back with openpyxl: sheets, headers, sums, formats; and every output's sums against each other."""

import json
import math
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyogrio
import pytest

from helpers.plans import HOSTILE, HOSTILE_ID, LONG, hostile_plan, two_years
from helpers.reported_town import reported_plan
from planner.assumptions.figures import assumption_table
from planner.exports import SITE_FIELDS, content_of, save_plan
from planner.exports.workbook import write_workbook
from planner.plan import Plan
from planner.scenario import Scenario
from planner.views.columns import COLUMNS

SHEETS = [
    *("摘要 summary", "站点 sites", "任务 tasks", "区县 districts", "年度 years"),
    *("分年任务 tasks by year", "假设 assumptions"),
]


@pytest.fixture(scope="module")
def plan(toytown: Plan) -> Plan:
    return toytown


@pytest.fixture(scope="module")
def folders(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Plans of one year, of two, and with grid and money."""
    home = tmp_path_factory.mktemp("plans")
    made = {"one": plan, "two": two_years(plan), "reported": reported_plan()}
    return {name: save_plan(each, home / name) for name, each in made.items()}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("hostile")
    return save_plan(hostile_plan(home), home / "plan")


def rows_of(folder: Path, sheet: str, values: bool = True) -> list[dict[str, Any]]:
    """Rows below the header, by the column's name (the header's second line)."""
    book = openpyxl.load_workbook(folder / "plan.xlsx", data_only=values)
    header, *rows = book[sheet].iter_rows(values_only=True)
    names = [str(cell).rpartition("\n")[2] for cell in header]
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_sheets_have_chinese_headers_that_stay_in_sight(folders: dict[str, Path]) -> None:
    book = openpyxl.load_workbook(folders["one"] / "plan.xlsx")
    assert book.sheetnames == SHEETS
    for sheet in book:
        assert str(sheet.freeze_panes).endswith("2")
        assert sheet.auto_filter.ref.startswith("A1:")
        assert sheet.print_title_rows == "$1:$1"
        assert "审图号" in sheet.oddFooter.left.text
        for cell in sheet[1]:
            zh, _, name = str(cell.value).partition("\n")
            assert any("\u4e00" <= c <= "\u9fff" for c in zh), cell.value
            assert name in COLUMNS
            assert cell.font.b
            assert sheet.column_dimensions[cell.column_letter].width >= 12


def test_sites_are_those_of_the_plan_with_their_kinds_in_chinese(folders: dict[str, Path]) -> None:
    *rows, total = rows_of(folders["one"], "站点 sites")
    assert list(rows[0]) == [*SITE_FIELDS[:3], "kind_zh", *SITE_FIELDS[3:], "lon", "lat"]
    mall = next(row for row in rows if row["site_id"] == "p2")
    # data/toytown/README.md: 3 dc and 1 ac, 310 kW, 360,000 CNY, 1,550 kWh a day
    expected = {"kind": "mall", "kind_zh": "商场", "new_fast": 3, "new_slow": 1, "power_kw": 310, "capex_cny": 360_000}
    assert {key: mall[key] for key in expected} == expected
    assert mall["served_kwh_day"] == 1550
    assert mall["extra_metres_mean"] is None
    assert mall["modelled"] == "否 no"
    assert (total["site_id"], total["new_total"], total["power_kw"], total["name_zh"]) == ("合计 total", 6, 420, None)


def test_sums_are_formulas_with_their_values(folders: dict[str, Path]) -> None:
    *_, formulas = rows_of(folders["one"], "任务 tasks", values=False)
    *_, values = rows_of(folders["one"], "任务 tasks")
    assert (formulas["task"], formulas["chargers"]) == ("=SUM(B2:B3)", "=SUM(C2:C3)")
    assert (values["task"], values["chargers"], values["shortfall"]) == (2, 6, 0)


def test_task_and_result_stand_in_columns_of_their_own(folders: dict[str, Path]) -> None:
    rows = rows_of(folders["one"], "任务 tasks")
    assert [(r["task_unit"], r["task"], r["chargers"], r["met"]) for r in rows[:-1]] == [
        ("南区", 2, 2, "是 yes"), ("北区", 0, 4, "是 yes"),
    ]  # fmt: skip


def test_number_formats(folders: dict[str, Path]) -> None:
    sheet = openpyxl.load_workbook(folders["one"] / "plan.xlsx")["站点 sites"]
    formats = {str(head.value).rpartition("\n")[2]: cell.number_format for head, cell in zip(sheet[1], sheet[2])}  # noqa: B905
    assert formats["utilisation"] == "0.0 %"
    assert formats["capex_cny"] == "#,##0"
    assert formats["served_kwh_day"] == "#,##0"
    assert formats["year"] == "0"
    assert formats["name_zh"] == "General"


def test_years_and_tasks_by_year(folders: dict[str, Path], plan: Plan) -> None:
    *rows, total = rows_of(folders["two"], "年度 years")
    # 2023: an ac at p1, the first type of the first site; then the other five
    assert [(row["year"], row["chargers"], row["stations"]) for row in rows] == [(2023, 1, 1), (2025, 5, 1)]
    assert (total["chargers"], total["stations"], total["public_kwh_day"]) == (6, 2, None)
    *tasks, sums = rows_of(folders["two"], "分年任务 tasks by year")
    assert [(t["year"], t["task_unit"], t["chargers"]) for t in tasks] == [
        (2023, "南区", 1), (2025, "南区", 1), (2025, "北区", 4),
    ]  # fmt: skip
    assert sums["chargers"] == 6
    assert [row["phase"] for row in rows_of(folders["two"], "站点 sites")[:-1]] == [1, 2]


def test_assumptions_are_all_there(folders: dict[str, Path], scenario: Scenario) -> None:
    table = assumption_table(scenario)
    rows = rows_of(folders["one"], "假设 assumptions")
    assert [row["key"] for row in rows] == list(table.index)
    for row, (_, figure) in zip(rows, table.iterrows(), strict=True):
        assert [row[name] for name in ("low", "base", "high")] == [figure[n] for n in ("low", "base", "high")]
    cars = next(row for row in rows if row["key"] == "fleets.cars.vehicles")
    expected = {"section_zh": "私家车", "low": 800, "base": 1000, "high": 1200, "unit": "辆 vehicles"}
    assert {key: cars[key] for key in expected} == expected
    assert (cars["source_kind"], cars["reasoning"]) == ("假设 assumption", "Made up.")


def test_summary_says_what_is_not_known_in_words(folders: dict[str, Path]) -> None:
    rows = {row["figure_en"]: row for row in rows_of(folders["one"], "摘要 summary")}
    assert rows["convenient"]["today"] == "超出可达范围 > reach"
    assert rows["fast chargers per slow one"]["today"] == "未知 not known"
    assert rows["basically meets demand"]["plan"] == pytest.approx(3040 / 4400, abs=1e-6)
    assert "审图号" in rows["notice"]["note_zh"]
    assert rows["attribution"]["note_zh"] == "Toytown, made up"
    assert rows["plan id"]["plan"].startswith("toytown-")


@pytest.mark.parametrize("name", ["one", "two", "reported"])
def test_every_output_has_the_same_sums_to_the_last_digit(folders: dict[str, Path], name: str) -> None:
    folder = folders[name]
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    sites = json.loads((folder / "sites.geojson").read_text(encoding="utf-8"))["features"]
    from_geojson = pd.DataFrame([feature["properties"] for feature in sites])
    from_gpkg = pyogrio.read_dataframe(folder / "plan.gpkg", layer="sites")
    *rows, total = rows_of(folder, "站点 sites")
    from_excel = pd.DataFrame(rows)
    names = {
        "new_total": "chargers", "new_swap": "swap_stations", "power_kw": "power_kw", "capex_cny": "capex_cny",
        "served_kwh_day": "served_at_sites_kwh_day",
    }  # fmt: skip
    for column, key in names.items():
        sums = {math.fsum(table[column]) for table in (from_geojson, from_gpkg, from_excel)}
        assert sums == {summary[key]}, column
        assert total[column] == summary[key]
    told = {row["figure_en"]: row["plan"] for row in rows_of(folder, "摘要 summary")}
    assert [told[word] for word in ("new public chargers", "new power", "investment", "sites with new chargers")] == [
        summary[key] for key in ("chargers", "power_kw", "capex_cny", "stations")
    ]
    tasks, years, breakdown = (
        pyogrio.read_dataframe(folder / "plan.gpkg", layer=n) for n in ("tasks", "years", "breakdown")
    )
    sheets = {"任务 tasks": tasks, "年度 years": years, "分年任务 tasks by year": breakdown}
    for sheet, table in sheets.items():
        *_, sums_row = rows_of(folder, sheet)
        for key in ("chargers", "stations", "power_kw", "capex_cny"):
            assert math.fsum(table[key]) == summary[key] == sums_row[key], (sheet, key)
    for key in ("tasks", "years", "breakdown"):
        assert sum(row["chargers"] for row in summary[key]) == summary["chargers"]
        assert math.fsum(row["capex_cny"] for row in summary[key]) == summary["capex_cny"]
    counts = pyogrio.read_dataframe(folder / "plan.gpkg", layer="chargers")
    assert counts["new_count"].sum() == summary["chargers"] + summary["swap_stations"]
    served = math.fsum(row["served_kwh_day"] for row in summary["services"])
    assert served == pytest.approx(summary["years"][-1]["served_kwh_day"], abs=1e-5)


def test_hostile_names_are_text(hostile: Path) -> None:
    book = openpyxl.load_workbook(hostile / "plan.xlsx")
    formulas = [c.value for sheet in book for row in sheet.iter_rows() for c in row if c.data_type == "f"]
    assert formulas
    assert all(str(formula).startswith("=SUM(") for formula in formulas)
    assert not any(sheet._hyperlinks for sheet in book)
    names = {row["site_id"]: row["name_zh"] for row in rows_of(hostile, "站点 sites")[:-1]}
    assert names["p1"] == HOSTILE["p1"]
    assert names[HOSTILE_ID] == HOSTILE["p2"]


def test_long_texts_and_control_characters_are_cut_to_what_a_cell_takes(plan: Plan, tmp_path: Path) -> None:
    content = content_of(plan)
    sites = content.spatial("sites").assign(name_zh=[LONG, "a\x00\x01\r\uffffb"])
    layer = content.layers["sites"]._replace(table=sites)
    changed = type(content)(content.scenario, {"plan_id": "x", **content.summary}, content.layers | {"sites": layer})
    write_workbook(changed, tmp_path / "plan.xlsx")
    first, second, _ = rows_of(tmp_path, "站点 sites")
    assert first["name_zh"] == "长" * 32_766 + "…"
    assert second["name_zh"] == "a\ufffd\ufffd\ufffd\ufffdb"
