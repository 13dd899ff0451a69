"""The same sums in map, report, workbook, summary.json, sites.geojson and plan.gpkg: read back and added up anew."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest

from helpers.random_reports import drawn
from helpers.reports import Page
from planner.exports import save_plan
from planner.maps import draw_map
from planner.maps.areas import task_rows
from planner.maps.sites import site_columns, site_years
from planner.maps.zones import zone_columns
from planner.plan import Plan
from planner.report import draw_report


@pytest.fixture(scope="module")
def plan() -> Plan:
    """A drawn town (tests/random_reports.py): standing, swap and truck chargers, a dc of two piles, feeders."""
    return drawn(1).plan


@pytest.fixture(scope="module")
def folder(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_plan(
        plan, tmp_path_factory.mktemp("plans") / "drawn", draw_map(plan, "en"), report_html=draw_report(plan)
    )


@pytest.fixture(scope="module")
def summary(folder: Path) -> Any:
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def layer(folder: Path, name: str) -> pd.DataFrame:
    return pd.DataFrame(gpd.read_file(folder / "plan.gpkg", layer=name))


def test_chargers_power_and_money(plan: Plan, folder: Path, summary: Any) -> None:
    """Told eight times; the two ends of every chain are the raw counts and the printed sum."""
    types = plan.charger_types
    kind = plan.chargers.index.get_level_values("charger_type")
    count = plan.chargers["count"].to_numpy(float)
    piles = float(count @ types["quota_units"].reindex(kind).to_numpy(float))
    kw = float(count @ types["kw_rated"].reindex(kind).to_numpy(float))
    swaps = float(count @ types["battery_swap"].reindex(kind).to_numpy(float))
    features = json.loads((folder / "sites.geojson").read_text(encoding="utf-8"))["features"]
    geojson = pd.DataFrame([feature["properties"] for feature in features])
    shown, rows, years = site_columns(plan), task_rows(plan), site_years(plan)
    tables = {
        "geojson": geojson.rename(columns={"new_total": "chargers", "new_swap": "swap_stations"}),
        "sites": layer(folder, "sites").rename(columns={"new_total": "chargers", "new_swap": "swap_stations"}),
        "districts": layer(folder, "districts"),
        "breakdown": layer(folder, "breakdown"),
        **{
            name: pd.DataFrame(summary[name])
            for name in ("districts", "breakdown", "tasks", "years")
            if name in summary
        },
    }
    for name, table in tables.items():
        assert table["chargers"].sum() == piles == summary["chargers"], name
        assert table["power_kw"].sum() == pytest.approx(kw) == summary["power_kw"], name
        assert table["capex_cny"].sum() == pytest.approx(summary["capex_cny"]), name
        assert name == "tasks" or table["swap_stations"].sum() == swaps == summary["swap_stations"], name
        assert (table["stations"].sum() if "stations" in table else len(table)) == summary["stations"], name
    assert (sum(shown["total"]), sum(shown["new_swap"])) == (piles, swaps)
    assert (sum(shown["kw"]), sum(shown["cny"])) == (round(kw), round(summary["capex_cny"]))
    assert sum(row["chargers"] for row in rows) == piles == sum(y["chargers"] for row in rows for y in row["years"])
    assert sum(row["capex_cny"] for row in rows) == pytest.approx(summary["capex_cny"])
    assert years is not None and (sum(years["total"]), sum(years["swap"])) == (piles, swaps)
    for power in ("slow", "fast", "heavy"):
        assert sum(shown[f"new_{power}"]) == geojson[f"new_{power}"].sum(), power
    money, grid = summary["money"], summary["grid"]
    assert money["city"]["chargers_cny"] + money["city"]["opening_cny"] == pytest.approx(summary["capex_cny"])
    assert sum(row["connected_kw"] for row in grid["groups"]) == pytest.approx(kw) == grid["city"]["connected_kw"]
    assert layer(folder, "grid_sites")["connected_kw"].sum() == pytest.approx(kw)


def test_chargers_of_today(plan: Plan, folder: Path) -> None:
    """p1 has a slow one, p3 a dc, which counts as two; map and sites say the same."""
    shown = site_columns(plan)
    on_map = dict(zip(shown["id"], shown["standing"], strict=True))
    assert {site: n for site, n in on_map.items() if n} == {"p1": 1, "p3": 2}
    sites = layer(folder, "sites").set_index("site_id")["existing_total"]
    assert sites.to_dict() == {site: on_map[site] for site in sites.index}


def test_energy(plan: Plan, folder: Path, summary: Any) -> None:
    """Public, served and unserved energy by service, district, zone and driver."""
    zones, assignment = layer(folder, "zones"), layer(folder, "assignment")
    assignment = assignment[assignment["year"] == max(plan.years)]
    services, districts = pd.DataFrame(summary["services"]), pd.DataFrame(summary["districts"])
    public = float(plan.demand["public_kwh_day"].sum())
    served = float(plan.demand["standing_kwh_day"].sum() + plan.assignment["energy_kwh_day"].sum())
    for name, table in {"services": services, "districts": districts, "zones": zones}.items():
        assert table["public_kwh_day"].sum() == pytest.approx(public, abs=1e-3), name
        assert table["served_kwh_day"].sum() == pytest.approx(served, abs=1e-3), name
    assert services["unserved_kwh_day"].sum() == pytest.approx(public - served, abs=1e-3)
    assert zones["unserved_kwh_day"].sum() == pytest.approx(public - served, abs=1e-3)
    assert services["standing_kwh_day"].sum() + assignment["energy_kwh_day"].sum() == pytest.approx(served, abs=1e-3)
    assert summary["figures"]["basically_meets"]["plan"] == pytest.approx(served / public, abs=1e-6)
    beside = {row["network"]: row for row in summary["baselines"]}
    assert beside["plan"]["served_kwh_day"] == pytest.approx(served)
    assert beside["plan"]["capex_cny"] == pytest.approx(summary["capex_cny"])
    assert (
        beside["plan"]["chargers"] == summary["chargers"] + 3 + 11
    )  # today's located piles, and those without a place
    shown = zone_columns(plan)
    half = len(shown["id"]) / 2  # the map rounds every zone
    assert sum(shown["public"]) == pytest.approx(public, abs=half)
    assert sum(shown["served"]) == pytest.approx(served, abs=half)
    assert sum(site_columns(plan)["served"]) == pytest.approx(
        sum(row["served_kwh_day"] for row in map(dict, layer(folder, "sites").to_dict("records"))), abs=half
    )
    of_day = sum(row["load_kw"] for row in summary["money"]["hours"])
    by_group = sum(row[f"kw_{hour:02d}"] for row in summary["grid"]["groups"] for hour in range(24))
    assert of_day == pytest.approx(by_group)
    assert sum(row["kwh_year"] for row in summary["emissions"]) == pytest.approx(summary["money"]["city"]["kwh_year"])
    assert sum(row["kwh_year"] for row in summary["money"]["districts"]) == pytest.approx(
        summary["money"]["city"]["kwh_year"]
    )


def test_the_map_prints_the_sums_of_the_summary(folder: Path, summary: Any) -> None:
    page = (folder / "map.html").read_text(encoding="utf-8")
    assert f"{summary['chargers']:,} chargers" in page
    assert f"{summary['stations']:,} sites ({summary['swap_stations']} swap)" in page
    assert f"{summary['power_kw']:,.0f} kW" in page
    assert f"CNY {summary['capex_cny'] / 1e6:,.2f} million" in page


def test_the_workbook_adds_up_to_the_summary(folder: Path, summary: Any) -> None:
    """Every sheet by row, and the row of sums that Excel keeps."""
    book = openpyxl.load_workbook(folder / "plan.xlsx", data_only=True)
    for sheet in ("站点 sites", "任务 tasks", "年度 years", "分年任务 tasks by year"):
        header, *cells, sums = book[sheet].iter_rows(values_only=True)
        table = pd.DataFrame(cells, columns=[str(cell).rpartition("\n")[2] for cell in header])
        total = dict(zip(table.columns, sums, strict=True))
        piles = "new_total" if sheet == "站点 sites" else "chargers"
        for column, name in ((piles, "chargers"), ("power_kw", "power_kw"), ("capex_cny", "capex_cny")):
            expected = pytest.approx(summary[name])
            assert float(table[column].astype(float).sum()) == expected, (sheet, column)
            assert total[column] == expected, (sheet, column)


@pytest.mark.parametrize(("lang", "unit", "total"), [("zh", "任务单位", "合计"), ("en", "task unit", "sum")])
def test_the_report_prints_the_sums_of_the_summary(
    folder: Path, summary: Any, lang: str, unit: str, total: str
) -> None:
    page = Page((folder / "report.html").read_text(encoding="utf-8"), lang)
    _, *sums = page.table(unit)[total]
    found = [float(text.replace(",", "")) for text in sums[:4]]
    assert found[0] == summary["chargers"]
    assert found[1] == summary["stations"]
    assert found[2] == round(summary["power_kw"])
    unit_cny = 1e4 if lang == "zh" else 1e6  # 万元, million CNY
    assert found[3] * unit_cny == pytest.approx(summary["capex_cny"], abs=0.005e6)
    service = page.table("服务" if lang == "zh" else "service")
    printed = [[float(text.replace(",", "")) for text in row[:3]] for row in service.values()]
    for at, name in enumerate(("public_kwh_day", "served_kwh_day", "unserved_kwh_day")):
        expected = sum(row[name] for row in summary["services"])
        assert sum(row[at] for row in printed) == pytest.approx(expected, abs=len(printed) / 2), name
