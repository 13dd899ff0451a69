"""The report: its numbers against every other output, its two languages, its charts, and what it refuses."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import planner
from helpers import command
from helpers.places import CHECKOUT
from helpers.plans import unserved_at_first, with_tables
from helpers.reported_town import reported_plan
from helpers.reports import HOSTILE, Page, with_hostile_names
from planner.exports import save_plan
from planner.faults import BadInput
from planner.plan import Plan
from planner.report import draw_report, write_report
from planner.report.charts import Bars, Curve, Lorenz, Series
from planner.report.city_picture import city_picture, power_class
from planner.report.document import Bullets, Heading, Paragraph, Table, clean
from planner.report.origins import assumed_share, markdown_blocks
from planner.report.service import demand_by_hour
from planner.report.yields import payback
from planner.views.palette import MIXED, NETWORKS, POWERS
from planner.words import same

LANGUAGES = pytest.mark.parametrize("lang", ["zh", "en"])


@pytest.fixture(scope="module")
def plan() -> Plan:
    return reported_plan()


@pytest.fixture(scope="module")
def html(plan: Plan) -> str:
    return draw_report(plan)


@pytest.fixture(scope="module")
def folder(plan: Plan, html: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_plan(plan, tmp_path_factory.mktemp("plans") / "reported", report_html=html)


@pytest.fixture(scope="module")
def summary(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return content


def percent(share: float | None, lang: str) -> str:
    if share is None:
        return {"zh": "未知", "en": "not known"}[lang]
    return f"{Decimal(str(share)).scaleb(2).quantize(Decimal('0.1'), ROUND_HALF_UP)} %"


def millions(cny: float, lang: str) -> str:
    """Below a heading: ten thousands of CNY in Chinese, millions in English."""
    return {"zh": f"{cny / 1e4:,.1f}", "en": f"{cny / 1e6:,.2f}"}[lang]


# ------------------------------------------------------------------------------------- numbers, against other outputs
@LANGUAGES
def test_tasks_are_those_of_summary_and_sites(html: str, summary: dict[str, Any], folder: Path, lang: str) -> None:
    table = Page(html, lang).table({"zh": "任务单位", "en": "task unit"}[lang])
    english = {"南区": "South", "北区": "North"}
    for row in summary["tasks"]:
        name = english[row["task_unit"]] if lang == "en" else row["task_unit"]
        numbers = [f"{row[key]:,.0f}" for key in ("task", "chargers", "stations", "power_kw")]
        assert table[name] == [*numbers, millions(row["capex_cny"], lang), ""]
    sites = [
        each["properties"] for each in json.loads((folder / "sites.geojson").read_text(encoding="utf-8"))["features"]
    ]
    total = table[{"zh": "合计", "en": "sum"}[lang]]
    assert total[1:4] == [
        f"{sum(site['new_total'] for site in sites):,}",
        f"{len(sites):,}",
        f"{sum(site['power_kw'] for site in sites):,.0f}",
    ]
    assert total[4] == millions(sum(site["capex_cny"] for site in sites), lang)


@LANGUAGES
def test_figures_and_networks_are_those_of_the_summary(html: str, summary: dict[str, Any], lang: str) -> None:
    page = Page(html, lang)
    networks = page.table({"zh": "指标", "en": "figure"}[lang])
    meets = networks[summary["figures"]["basically_meets"][f"word_{lang}"]]
    assert meets == [percent(row["basically_meets"], lang) for row in summary["baselines"]]
    served = networks[{"zh": "服务电量（kWh/日）", "en": "energy served (kWh/day)"}[lang]]
    assert served == [f"{row['served_kwh_day']:,.0f}" for row in summary["baselines"]]
    proof = page.table({"zh": "项目", "en": "item"}[lang])
    value, bound = proof.values().__iter__(), summary["proof"]
    assert [next(value), next(value)] == [[f"{bound['value_kwh_day']:,.0f}"], [f"{bound['bound_kwh_day']:,.0f}"]]
    for name in ("well_distributed", "completely_equipped", "basically_meets"):
        assert percent(summary["figures"][name]["plan"], lang) in page.text
    first = f"{summary['chargers']:,}"
    assert {"zh": f"新建公共充电桩 {first} 台", "en": f"{first} new public chargers"}[lang] in page.text


@LANGUAGES
def test_districts_and_services_are_those_of_the_summary(html: str, summary: dict[str, Any], lang: str) -> None:
    page = Page(html, lang)
    districts = page.table({"zh": "县区", "en": "district"}[lang])
    for row, found in zip(summary["districts"], districts.values(), strict=True):
        assert found == [
            f"{row['residents']:,}",
            percent(row["within_norm_share_today"], lang),
            percent(row["within_norm_share"], lang),
            f"{row['public_kwh_day']:,.0f}",
            percent(row["served_share_today"], lang),
            percent(row["served_share"], lang),
        ]
    services = page.table({"zh": "服务", "en": "service"}[lang])
    for row, found in zip(summary["services"], services.values(), strict=True):
        energies = [f"{row[key]:,.0f}" for key in ("public_kwh_day", "served_kwh_day", "unserved_kwh_day")]
        assert found == [*energies, percent(row["served_share_today"], lang), percent(row["served_share"], lang)]


@LANGUAGES
def test_money_and_emissions_are_those_of_the_summary(html: str, summary: dict[str, Any], lang: str) -> None:
    page = Page(html, lang)
    heading = {"zh": "充电设备（万元）", "en": "chargers (million CNY)"}[lang]
    money = next(rows for rows in page.tables if rows[1][0] == heading)[1:]
    city = summary["money"]["city"]
    keys = ("chargers_cny", "opening_cny", "upgrade_cny", "capex_cny", "income_cny_year", "opex_cny_year")
    assert [row[1] for row in money] == [millions(city[key], lang) for key in (*keys, "energy_cny_year")]
    assert f"{city['payback_years']:.1f}" in page.text
    co2 = [sum(row[f"co2_t_{end}"] for row in summary["emissions"]) for end in ("base", "low", "high")]
    words = {"zh": "{:,.0f}（{:,.0f} 至 {:,.0f}）", "en": "{:,.0f} ({:,.0f} to {:,.0f})"}[lang].format(*co2)
    words = words.replace("-", "−")
    emitted = page.table({"zh": "替代的车辆", "en": "instead of"}[lang])
    assert emitted[{"zh": "合计", "en": "sum"}[lang]][0] == words
    assert f"{summary['grid']['city']['peak_kw']:,.0f} kW" in page.text


def test_demand_by_hour_is_the_demand_of_the_day(plan: Plan) -> None:
    found = demand_by_hour(plan)
    public = plan.demand["public_kwh_day"].groupby(level="service").sum()
    assert {service: float(load.sum()) for service, load in found.items()} == pytest.approx(public.to_dict())
    # cars charge 3,000 kWh fast, a fifth of it from 11 to 12; taxis none by day
    assert found["fast"][11] == pytest.approx(600)
    # at 3 in the night: a fifth of the taxis' 400 kWh fast, and of the cars' 1,000 kWh slow
    assert (found["fast"][3], found["slow"][3]) == pytest.approx((80, 200))


def test_payback_at_other_incomes_is_proportional_to_them(plan: Plan) -> None:
    money = plan.assessment.money
    assert money is not None
    city = money.city
    assert payback(money, 1.0) == pytest.approx(city["payback_years"])
    more = city["capex_cny"] / (1.25 * city["income_cny_year"] - city["opex_cny_year"])
    assert payback(money, 1.25) == pytest.approx(more)
    assert payback(money, 0.01) == float("inf")


def test_share_of_the_demand_that_is_assumed(plan: Plan) -> None:
    # all of toytown's figures are assumptions; were the taxis' published, the cars' 4,000 of 4,400 kWh would be left
    assert assumed_share(plan.scenario, plan.fleets) == 1
    taxis = plan.scenario.fleets["taxis"]
    known = {
        key: getattr(taxis, key).model_copy(update={"source_kind": "published", "source": "A list."})
        for key in ("vehicles", "km_day", "kwh_per_100km")
    }
    fleets = {**plan.scenario.fleets, "taxis": taxis.model_copy(update=known)}
    scenario = plan.scenario.model_copy(update={"fleets": fleets})
    assert assumed_share(scenario, plan.fleets) == pytest.approx(4000 / 4400)


# ------------------------------------------------------------------------------------------------------ what it says
@LANGUAGES
def test_the_report_says_what_it_must(plan: Plan, html: str, lang: str) -> None:
    text = Page(html, lang).text
    for zh, en in (
        ("示意图，边界不作划界依据；公开使用须送审取得审图号", "boundaries are no basis for demarcation"),
        ("Toytown, made up", "Toytown, made up"),
        ("分布合理", "well distributed"),
        ("区县任务分解", "District tasks"),
        ("比一比", "What the plan buys"),
        ("方案有多好", "How good the plan is"),
        ("建立在假设之上", "rests on an assumption"),
        ("共 71 个数值", "71 figures"),
        ("数据来源与许可", "Data sources and licences"),
    ):
        assert (zh if lang == "zh" else en) in text
    assert {"zh": "排队等待", "en": "Waits"}[lang] not in text  # no wait is promised


@LANGUAGES
def test_optimal_is_said_only_where_it_is_proven(plan: Plan, html: str, lang: str) -> None:
    proven = {"zh": "已证明没有更好的方案", "en": "No plan that keeps the same rules is better: this is proven."}[lang]
    assert proven in Page(html, lang).text
    short = replace(plan.proof, value_kwh_day=2375.0, bound_kwh_day=2400.0)
    page = Page(draw_report(with_tables(plan, proof=short)), lang)
    # 1 - 2,375 / 2,400 = 1.04166 %: rounded up
    assert proven not in page.text
    words = {
        "zh": "本方案至多比最好的方案差 1.05 %（已证明）",
        "en": "It falls short of the best plan that keeps the same rules by 1.05 %",
    }
    assert words[lang] in page.text
    assert {"zh": "否，见差距", "en": "no, see the gap"}[lang] in page.text
    assert page.text.count({"zh": "最优", "en": "optimal"}[lang]) == 1  # the row that says no


@LANGUAGES
def test_least_cost_is_told_as_cost(plan: Plan, lang: str) -> None:
    cheap = replace(plan.proof, cost_cny=500_000.0, cost_bound_cny=490_000.0)
    page = Page(draw_report(with_tables(plan, proof=cheap)), lang)
    proof = list(page.table({"zh": "项目", "en": "item"}[lang]).values())
    # 500,000 and 490,000 CNY; 1 - 490 / 500
    costs = {"zh": [["50.0"], ["49.0"]], "en": [["0.50"], ["0.49"]]}[lang]
    assert proof[1:4] == [*costs, ["2.00 %"]]
    assert {"zh": "任何方案的成本至多低 2.00 %", "en": "more than 2.00 % cheaper"}[lang] in page.text


@LANGUAGES
def test_years_stand_beside_one_another(plan: Plan, html: str, lang: str) -> None:
    head = {"zh": "年份", "en": "year"}[lang]
    assert all(rows[0][0] != head for rows in Page(html, lang).tables)
    two = unserved_at_first(plan)
    table = Page(draw_report(two), lang).table(head)
    # a dc and an ac at both sites: first the acs, then 1 and 3 dc
    assert [row[0] for row in table.values()] == ["2", "4"]
    assert [row[6] for row in table.values()] == [
        f"{v:.1%}".replace("%", " %") for v in two.assessment.years["served_share"]
    ]


def test_a_simulation_is_told_and_a_damaged_one_refused(plan: Plan, tmp_path: Path, faults: Any) -> None:
    rules = {"most_min": 10.0, "most_share": 0.1}
    from planner.scenario import Waiting

    waiting = Waiting.model_validate({**rules, "reasoning": "Made up."})
    promised = replace(plan, scenario=plan.scenario.model_copy(update={"waiting": waiting}))
    assert "Not simulated yet" in Page(draw_report(promised), "en").text
    seen = {
        "days": 60, "seed": 0, "arrivals_day": 70_000.4, "busy_stations": 800, "busy_arrivals_day": 20,
        "kept_share": 0.9562, "peak_late_share": 0.0321,
        "services": {"fast": {"stations": 812, "arrivals_day": 5.0, "wait_mean_min": 1.24, "lost_share": 0.001,
                              "utilisation": 0.253}},
    }  # fmt: skip
    (tmp_path / "simulation.json").write_text(json.dumps(seen), encoding="utf-8")
    write_report(promised, tmp_path, "en")
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"), "en")
    assert "of the 800 queues with 20 or more arrivals a day 95.6 % keep the promise" in page.text
    waits = next(rows for rows in page.tables if "mean wait (min)" in rows[0])
    assert waits[1] == ["fast", "812", "5", "1.2", "0.1 %", "25.3 %"]
    for damaged in ("{", "[]", json.dumps({**seen, "days": "many"}), json.dumps({**seen, "services": {"fast": {}}})):
        (tmp_path / "simulation.json").write_text(damaged, encoding="utf-8")
        (told,) = faults(write_report, promised, tmp_path, "en")
        assert "simulation.json: cannot be read as a simulation" in told and "planner simulate" in told


def test_sources_are_set_as_they_stand() -> None:
    text = (
        "# Sources\n\nMade by **hand** <b>x</b>, see [here](http://a.example).\n\n- one\n- two\n\n"
        "| layer | licence |\n|---|---|\n| `zones` | ODbL |\n"
    )
    heading, words, items, table = markdown_blocks(text)
    assert heading == Heading(same("Sources"), 2)
    assert words == Paragraph(same("Made by hand <b>x</b>, see here."))
    assert items == Bullets([same("one"), same("two")])
    assert isinstance(table, Table) and [row.cells for row in table.rows] == [[same("zones"), same("ODbL")]]
    assert [column.heading for column in table.columns] == [same("layer"), same("licence")]


# ------------------------------------------------------------------------------------------------- drawings and colours
def test_bars_are_as_long_as_their_values() -> None:
    one = Series(same(""), "#123456", [10.0, 5.0, float("nan")], [same("10"), same("5"), same("–")])
    svg = Bars(names=[same("a"), same("b"), same("c")], series=[one], shows=same("lengths")).svg("zh")
    lengths = [float(w) for w in re.findall(r'width="([\d.]+)" height="9.5"', svg)]
    assert lengths[0] == pytest.approx(2 * lengths[1], abs=0.1) and lengths[2] == 0
    assert "lengths" in svg and ">–</text>" in svg


def test_lorenz_curve_of_two_groups() -> None:
    # 100 people with 1 each and 100 with 3: half of them hold 100 of 400
    curve = Curve(same("all"), np.array([3.0, 1.0]), np.array([100.0, 100.0]))
    svg = Lorenz(curves=[curve], below=same("people"), beside=same("metres"), shows=same("curve")).svg("zh")
    (path,) = re.findall(r'd="M([^"]*)"', svg)
    points = np.array([[float(n) for n in pair.split()] for pair in path.split("L")])
    shares = (points - points[0]) / (points[-1] - points[0])
    assert shares == pytest.approx(np.array([[0, 0], [0.5, 0.25], [1, 1]]), abs=0.005)


def test_stations_have_the_colour_of_what_most_chargers_are() -> None:
    rows = {"a": (0, 2, 1, 0), "b": (1, 1, 0, 0), "c": (9, 1, 0, 5), "d": (0, 0, 0, 1), "e": (0, 0, 3, 0)}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["new_slow", "new_fast", "new_heavy", "new_swap"])
    assert power_class(table).to_dict() == {"a": "fast", "b": "mixed", "c": "slow", "d": "swap", "e": "heavy"}


@LANGUAGES
def test_picture_of_the_city_holds_what_a_map_needs(plan: Plan, lang: str) -> None:
    picture = city_picture(plan)
    svg = picture.drawn.svg("zh" if lang == "zh" else "en")
    assert svg.count("<circle") == len(plan.assessment.sites) + 3  # legend: two colours, one size
    for words in {
        "zh": ("南区", "北区", "北", "500 m", "主要道路"),
        "en": ("South", "North", "N", "500 m", "main streets"),
    }[lang]:
        assert f">{words}</text>" in svg
    assert "Toytown, made up" in picture.caption.en
    # the sites stand at the centres of z1 and z5, which lies 500 m east and 500 m north of it
    large, small = [
        tuple(map(float, c)) for c in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"', svg)[:2]
    ]
    bar = re.findall(r'<rect x="[\d.]+" y="[\d.]+" width="([\d.]+)" height="4.0"', svg)
    unit_m = 500 / sum(map(float, bar))
    assert (large[0] - small[0]) * unit_m == pytest.approx(500, abs=5)
    assert (small[1] - large[1]) * unit_m == pytest.approx(500, abs=5)
    assert (large[2] / small[2]) ** 2 == pytest.approx(4 / 2, rel=0.01)  # area by chargers


SEEN_AS = {  # Machado, Oliveira & Fernandes 2009, severity 1, linear RGB
    "all": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(colour: str, seen: Any) -> np.ndarray:
    """CIELAB (D65) of a colour as somebody sees it."""
    rgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    )
    xyz = to_xyz @ np.clip(np.asarray(seen) @ linear, 0, 1) / [0.95047, 1, 1.08883]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("who", SEEN_AS)
def test_colours_are_told_apart(who: str) -> None:
    for colours, apart in (([*POWERS.values(), MIXED], 20), (NETWORKS.values(), 12)):
        for one, other in itertools.combinations(colours, 2):
            assert np.linalg.norm(lab(one, SEEN_AS[who]) - lab(other, SEEN_AS[who])) > apart, (one, other)


def test_colours_are_told_apart_in_grey() -> None:
    for colours in ([*POWERS.values(), MIXED], NETWORKS.values()):
        lightness = sorted(lab(colour, np.eye(3))[0] for colour in colours)
        assert min(np.diff(lightness)) > 11


# ---------------------------------------------------------------------------------------- untrusted names and the files
def test_page_refers_to_nothing_outside(html: str) -> None:
    page = Page(html, "zh")
    assert page.fetched == ["data:,"]  # the icon that browsers would ask for otherwise
    assert "@import" not in html
    assert {url for url in re.findall(r"url\(([^)]*)\)", html) if not url.startswith("#")} == set()
    assert "default-src 'none'" in html


def test_hostile_names_stay_text(plan: Plan) -> None:
    html = draw_report(with_hostile_names(plan))
    page = Page(html, "zh")
    assert page.tags.count("script") == 1 and "img" not in page.tags and "b" not in page.tags
    assert clean(HOSTILE) in page.text
    assert html.count("<script") == html.count("</script>") == 1


def test_texts_are_cleaned_of_what_xml_refuses() -> None:
    assert clean("a\x00b\x1b \n\t c\u202e\ud800") == "ab c"


@LANGUAGES
def test_same_plan_gives_the_same_bytes(plan: Plan, html: str, lang: str) -> None:
    assert draw_report(plan) == html
    assert draw_report(plan, "en") != html


def test_report_is_written_over_and_stays_where_writing_fails(
    plan: Plan, tmp_path: Path, faults: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.html").write_text("old", encoding="utf-8")

    def full(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    (told,) = faults(write_report, plan, tmp_path)
    assert "report.html: cannot be written" in told and "No space left" in told
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == "old"
    monkeypatch.undo()
    assert write_report(plan, tmp_path) == [tmp_path / "report.html"]
    assert (tmp_path / "report.html").stat().st_size > 50_000
    (told,) = faults(write_report, plan, tmp_path / "nowhere")
    assert "report.html: cannot be written" in told


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return command.planner("report", *arguments, cwd=CHECKOUT)


def test_the_command_rewrites_the_report_of_a_saved_plan(folder: Path, html: str, tmp_path: Path) -> None:
    home = shutil.copytree(folder, tmp_path / "copy")
    (home / "report.html").unlink()
    done = run(home, "--lang", "zh")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(home / "report.html")]
    assert (home / "report.html").read_text(encoding="utf-8") == html  # read back, the plan is the same


@pytest.mark.slow
def test_the_command_names_what_is_missing_or_damaged(folder: Path, tmp_path: Path) -> None:
    for name, damage in (("plan.gpkg", None), ("summary.json", "{"), ("scenario.toml", "name = ")):
        home = shutil.copytree(folder, tmp_path / name)
        (home / name).unlink()
        if damage is not None:
            (home / name).write_text(damage, encoding="utf-8")
        done = run(home, "--lang", "en")
        assert (done.returncode, done.stdout) == (1, "")
        assert name in done.stderr and "Traceback" not in done.stderr
        assert "1 fault" in done.stderr


def test_public_names() -> None:
    assert planner.write_report is write_report and planner.draw_report is draw_report
    assert issubclass(BadInput, ValueError)


# ---------------------------------------------------------------------------------------------------- in a browser
@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_page_in_a_browser_without_network(browser: Any, plan: Plan, tmp_path: Path, width: int) -> None:
    file = tmp_path / "report.html"
    file.write_text(draw_report(with_hostile_names(unserved_at_first(plan))), encoding="utf-8")
    complaints: list[str] = []
    asked: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    for lang, other in (("zh", "en"), ("en", "zh")):
        page.click(f"nav button[data-to={lang}]")
        assert page.locator(f"main[data-of={lang}]").is_visible()
        assert not page.locator(f"main[data-of={other}]").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width  # wide tables scroll in their own box
        assert page.title().startswith({"zh": "题", "en": "title"}[lang])
    assert complaints == [] and [url for url in asked if not url.startswith(("file:", "data:"))] == []
    page.close()
