"""One writer: the same figure of a plan is the same string on console, map, report, workbook and compare."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helpers.faces import Shown, compared, in_excel, in_report, in_workbook, on_console, on_map
from helpers.map_pages import Opened
from helpers.plans import unserved_at_first, with_figures
from helpers.reported_town import reported_plan
from planner.exports import save_plan
from planner.maps import draw_map
from planner.plan import Plan
from planner.report import draw_report
from planner.views import numbers
from planner.words import LANGS, Lang

PLANS = ("one year", "two years", "a gap of 0.4815 %")
ALIASES = {
    "meets.today": "basically_meets.today",
    "meets.plan": "basically_meets.plan",
    "gap.sentence": "gap",
    "peak_kw.by_hour": "peak_kw",
    "upgrade_cny.sentence": "upgrade_cny",
    "sum.chargers": "chargers",
    "sum.stations": "stations",
    "sum.power_kw": "power_kw",
    "sum.capex_cny": "capex_cny",
    "value_kwh_day.beside": "value_kwh_day",
    "capex_cny.beside": "capex_cny",
    **{f"{name}.{when}.beside": f"{name}.{when}" for name in (
        "well_distributed", "completely_equipped", "convenient", "basically_meets") for when in ("today", "plan")},
}  # fmt: skip
"""Where a face shows a figure of the plan a second time."""


@pytest.fixture(scope="module")
def plans(toytown: Plan) -> dict[str, Plan]:
    """Toytown; toytown with grid, money and emissions in two years; and toytown with a gap that is not round."""
    bound = toytown.proof.value_kwh_day / (1 - 0.004815)
    gap = replace(toytown.proof, bound_kwh_day=bound)
    return dict(
        zip(PLANS, (toytown, unserved_at_first(reported_plan()), with_figures(toytown, proof=gap)), strict=True)
    )


@pytest.fixture(scope="module")
def faces(plans: dict[str, Plan], tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, Lang], dict[str, Shown]]:
    """Plan and language -> face -> what it shows."""
    home = tmp_path_factory.mktemp("faces")
    found = {}
    for name, plan in plans.items():
        page, report = draw_map(plan, "zh"), draw_report(plan, "en")
        folder = save_plan(plan, home / name / "plan", page, report_html=report)
        other = save_plan(plan, home / name / "same")
        for lang in LANGS:
            found[name, lang] = {
                "console": on_console(plan, lang),
                "map": on_map(page, lang),
                "report": in_report(report, plan, lang),
                "workbook": in_workbook(folder / "plan.xlsx", plan, lang),
                "compare": compared(folder, other, plan, lang),
            }
    return found


def by_figure(shown: dict[str, Shown]) -> dict[str, dict[str, str]]:
    """Figure -> place where it is shown -> string."""
    figures: dict[str, dict[str, str]] = defaultdict(dict)
    for face, texts in shown.items():
        for key, text in texts.items():
            figures[ALIASES.get(key, key)][face if key not in ALIASES else f"{face}: {key}"] = text
    return figures


def unlike(shown: dict[str, Shown]) -> dict[str, dict[str, str]]:
    """Figures that are not the same string everywhere."""
    return {key: texts for key, texts in by_figure(shown).items() if len(set(texts.values())) > 1}


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", PLANS)
def test_a_figure_is_the_same_string_on_every_face(faces: Any, name: str, lang: Lang) -> None:
    assert unlike(faces[name, lang]) == {}


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", PLANS)
def test_no_face_has_lost_its_figures(faces: Any, name: str, lang: Lang) -> None:
    """So that the test above has something to compare."""
    found = {key: {place.partition(":")[0] for place in texts} for key, texts in by_figure(faces[name, lang]).items()}
    every = {"console", "map", "report", "workbook", "compare"}
    for key in ("well_distributed", "completely_equipped", "convenient", "basically_meets"):
        assert found[f"{key}.plan"] == every
        assert found[f"{key}.today"] == every - {"compare"}
    for key in ("chargers", "stations", "power_kw", "capex_cny"):
        assert found[key] == every
    assert found["gap"] == (every if name == PLANS[2] else every - {"map"})  # proven optimal is said in words
    assert found["gini_served.plan"] == {"console", "report", "workbook"}
    assert found["value_kwh_day"] == found["bound_kwh_day"] == every - {"map"}
    assert found["served_kwh_day"] == {"console", "report", "compare"}
    assert found["fast.served_share"] == {"report", "compare"}
    assert found["南区.capex_cny"] == {"console", "report", "workbook"}
    assert found["北区.within_norm_share"] == {"report", "workbook"}
    if name == PLANS[1]:
        assert found["peak_kw"] == found["upgrade_cny"] == found["payback_years"] == {"console", "report"}
        last = max(key.partition(".")[0] for key in found if key.endswith(".chargers_standing"))
        assert found[f"{last}.served_share"] == {"console", "report", "workbook"}


def test_the_figures_are_those_of_the_plan(plans: dict[str, Plan], faces: Any) -> None:
    """Not only alike: a gap of 0.4815 %, up; 3,040 of 4,400 kWh; 490,000 CNY (data/toytown/README.md)."""
    gap, one = (faces[name, "en"] for name in (PLANS[2], PLANS[0]))
    assert {face: texts["gap"] for face, texts in gap.items()} == dict.fromkeys(gap, "0.49 %")
    assert {texts["basically_meets.plan"] for texts in one.values()} == {"69.1 %"}
    assert {texts["capex_cny"] for texts in one.values()} == {"0.49"}
    assert {texts["capex_cny"] for texts in faces[PLANS[0], "zh"].values()} == {"49.0"}
    assert {texts["convenient.plan"] for texts in faces[PLANS[0], "zh"].values()} == {"超出可达范围"}


@pytest.mark.parametrize(
    ("face", "before", "after"),
    [
        ("map", "0.49 %", "0.48 %"),
        ("report", "0.49 %", "0.5 %"),
        ("map", "69.1 %", "69.09 %"),
        ("report", "2,388", "2388"),
    ],
)
def test_a_face_with_its_own_rounding_is_found(plans: Any, faces: Any, face: str, before: str, after: str) -> None:
    """The comparison fails where one string of one page is another one."""
    plan = plans[PLANS[2] if "4" in before else PLANS[0]]
    shown = dict(faces[PLANS[2] if "4" in before else PLANS[0], "en"])
    page = draw_map(plan, "zh") if face == "map" else draw_report(plan, "en")
    assert before in page
    spoiled = page.replace(before, after)
    shown[face] = on_map(spoiled, "en") if face == "map" else in_report(spoiled, plan, "en")
    assert unlike(shown) != {}


def test_excel_shows_what_the_others_write() -> None:
    """Halves go up in Excel: 6.25 % is 6.3 %, and 0.145 is 0.15 though the double is below it."""
    values = (0.0625, 0.145, 0.285, 0.9285, 2.5, 0.0)
    for write in (numbers.count, numbers.share, numbers.ratio, numbers.gini, numbers.tenths):
        shown = [in_excel(value, numbers.excel_format(write)) for value in values]
        assert shown == [write(value).en.replace("−", "-") for value in values], write
    assert [in_excel(v, "0.0 %") for v in (0.0625, 0.285)] == ["6.3 %", "28.5 %"]


@pytest.mark.browser
def test_the_page_of_the_map_writes_as_python_does(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    """Its script reckons sums of years and zones itself."""
    opened = Opened(browser, draw_map(toytown, "zh"), tmp_path)
    values = (
        0.0,
        0.0625,
        0.285,
        0.145,
        0.92845,
        1.0,
        2.5,
        999.5,
        1234.5,
        -0.4,
        -5849.5,
        799_874_000.0,
        62_000.0,
        4999.5,
    )
    writers = {
        "whole": numbers.count, "power": numbers.power, "energy": numbers.energy, "metres": numbers.metres,
        "share": numbers.share, "millions": numbers.millions, "money": numbers.money, "yuan": numbers.yuan,
    }  # fmt: skip
    told = """([name, values]) => values.map((value) => {
        const box = el("div", "", eval(name)(value));
        return ["zh", "en"].map((lang) => {
            const words = box.querySelector("." + lang);
            return words ? words.textContent : box.textContent;
        });
    })"""
    for name, write in writers.items():
        expected = [[write(value).zh, write(value).en] for value in values]
        assert opened.page.evaluate(told, [name, list(values)]) == expected, name
    opened.close_clean()


@pytest.mark.browser
@pytest.mark.parametrize("lang", LANGS)
def test_tasks_and_districts_on_the_map_are_those_of_the_report(
    browser: Any, plans: dict[str, Plan], faces: Any, tmp_path: Path, lang: Lang
) -> None:
    plan, report = plans[PLANS[1]], faces[PLANS[1], lang]["report"]
    opened = Opened(browser, draw_map(plan, lang), tmp_path)
    page = opened.page
    page.click("[data-tool=tasks]")
    rows = [row.split("\t") for row in page.locator("#tasks table").inner_text().splitlines()]
    keys = ("task", "chargers", "stations", "power_kw", "capex_cny")
    units = [*plan.assessment.tasks.index, "sum"]
    for unit, row in zip(units, rows[1:], strict=True):
        assert [text.strip() for text in row[1:]] == [report[f"{unit}.{key}"] for key in keys], unit
    page.click("dialog button")
    for at, name in enumerate(sorted(plan.layers.districts.index)):
        page.evaluate(f"planner.app.showDistrict({at})")
        card = page.locator(".leaflet-popup .card").last.inner_text()
        for key in ("residents", "public_kwh_day", "served_share_today", "served_share", "within_norm_share"):
            assert report[f"{name}.{key}"] in card, (name, key)
    opened.close_clean()
