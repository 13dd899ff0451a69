"""The map page: what it holds, that it asks for nothing outside itself, and how it behaves in a browser."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, box

from planner._map_data import raster_shape, round_breaks
from planner._map_page import inert_json, page_text, script_text
from planner.assessment import REASONS, Assessment
from planner.layers import Layers
from planner.maps import draw_map
from planner.plan import Plan, charger_tables, make_plan
from planner.scenario import read_scenario
from planner.siting import Proof

HOSTILE = "</script><img src=x onerror=\"window.harmed='yes'\"><b>'&\u2028{{ 7*7 }}"
CRS = "EPSG:32649"


@pytest.fixture(scope="module")
def toytown() -> Plan:
    return make_plan(read_scenario("toytown/toytown.toml"))


@pytest.fixture(scope="module")
def city() -> Plan:
    return made_up_city()


def made_up_city(side: int = 79, sites: int = 1350, built: int = 900) -> Plan:
    """A plan of Taiyuan's size without solving anything: side x side zones of 500 m, random but seeded."""
    dice = np.random.default_rng(7)
    scenario = read_scenario()
    column, row = (a.ravel() for a in np.meshgrid(np.arange(side), np.arange(side)))
    west, south = 600_000 + 500.0 * column, 4_160_000 + 500.0 * row
    names = [f"第{n}区" for n in range(10)]
    extent = 500.0 * side
    strips = [
        box(600_000 + n * extent / 10, 4_160_000, 600_000 + (n + 1) * extent / 10, 4_160_000 + extent)
        for n in range(10)
    ]
    of_column = [names[int((c + 0.5) / side * 10)] for c in column]
    zones = gpd.GeoDataFrame(
        {
            "district": of_column,
            "township": [f"街道{c // 8:02d}{r // 8:02d}" for c, r in zip(column, row, strict=True)],
            "ring": "urban",
            "norm_m": 900.0,
            "residents": np.round(dice.lognormal(5, 1.5, side * side)),
        },
        geometry=box(west, south, west + 500, south + 500),
        crs=CRS,
        index=pd.Index([f"z{c:04d}_{r:05d}" for c, r in zip(column, row, strict=True)], name="zone_id"),
    )
    districts = gpd.GeoDataFrame(
        {"code": [f"{n:06d}" for n in range(10)], "name_en": [f"District {n}" for n in range(10)], "residents": 1000.0},
        geometry=strips,
        crs=CRS,
        index=pd.Index(names, name="district"),
    )
    ends = dice.uniform(0, extent, (764, 2)) + np.array([600_000.0, 4_160_000.0])
    streets = gpd.GeoDataFrame(
        {"road_class": dice.choice(["trunk", "primary", "secondary"], 764)},
        geometry=[LineString([end, end + dice.normal(0, 800, 2)]) for end in ends],
        crs=CRS,
    )
    at = dice.uniform(0, extent, (sites, 2))
    ids = pd.Index([f"s{n:05d}" for n in range(sites)], name="site_id")
    table = gpd.GeoDataFrame(
        {
            "name_zh": [f"某某街道第{n}号停车场" for n in range(sites)],
            "name_en": [f"Car park number {n}" if n % 3 else None for n in range(sites)],
            "kind": dice.choice(["mall", "hospital", "arterial", "school"], sites),
            "district": [names[int(x / extent * 10)] for x in at[:, 0]],
            "bays": 20.0,
            "institution": dice.choice(["equipped", "reserved", "none"], sites, p=[0.1, 0.1, 0.8]),
            "modelled": dice.random(sites) < 0.4,
            "bays_assumed": True,
        },
        geometry=[Point(600_000 + x, 4_160_000 + y) for x, y in at],
        crs=CRS,
        index=ids,
    )
    table["task_unit"] = table["district"]
    counts = dice.integers(1, 12, (built, 3))
    stations = pd.DataFrame(counts, columns=["new_slow", "new_fast", "new_heavy"], index=ids[:built]).assign(
        existing_total=0,
        new_swap=0,
        new_total=counts.sum(axis=1),
        power_kw=60.0 * counts.sum(axis=1),
        capex_cny=1e6,
        served_kwh_day=1234.0,
        utilisation=0.5,
        metres_mean=640.0,
        rank=np.arange(built) + 1,
        next_best_site=[*ids[1:built], ""],
        headroom=False,
        reason_zh="服务 12 个网格、1,234 kWh/日",
        reason_en="serves 12 zones, 1,234 kWh/day",
    )
    public = zones["residents"] * 0.6
    served = public * dice.choice([0.5, 0.9, 1.0], len(zones))
    figures = pd.DataFrame(
        {
            "word_zh": ["分布合理", "配置完善", "服务便捷", "基本满足"],
            "word_en": ["well distributed", "completely equipped", "convenient", "basically meets demand"],
            "today": [np.nan, np.nan, np.nan, 0.18],
            "plan": [0.953, 1.0, 1240.0, 0.874],
            "unit": ["share", "share", "m", "share"],
            "note_zh": "",
            "note_en": "",
        },
        index=["well_distributed", "completely_equipped", "convenient", "basically_meets"],
    )
    tasks = pd.DataFrame(
        {"task": 500, "chargers": 1000, "stations": 90, "power_kw": 4e4, "capex_cny": 8e7}, index=names
    )
    by_district = tasks.drop(columns="task").assign(
        residents=1000,
        public_kwh_day=1e5,
        within_norm_share_today=np.nan,
        within_norm_share=0.95,
        served_share_today=0.1,
        served_share=0.9,
    )
    zone_figures = pd.DataFrame(
        {
            "public_kwh_day": public,
            "served_kwh_day": served,
            "unserved_kwh_day": public - served,
            "within_norm": True,
            "reason": np.where(served < public, dice.choice(REASONS, len(zones)), ""),
        }
    )
    nothing = pd.DataFrame({"count": []}, index=pd.MultiIndex.from_arrays([[], []], names=["site_id", "charger_type"]))
    no_points = gpd.GeoDataFrame(geometry=[], crs=CRS)
    nowhere = pd.MultiIndex.from_arrays([[], []], names=["zone_id", "service"])
    no_demand = pd.DataFrame({"public_kwh_day": [], "peak_kw": []}, index=nowhere, dtype=float)
    proof = Proof(99_110.0, 100_000.0, "made up", False, True, 1.0, 1e5, 9000)
    return Plan(
        scenario=scenario,
        layers=Layers(districts, streets, zones, no_points, no_points, no_points, no_points),
        fleets=pd.DataFrame(),
        demand=pd.DataFrame(),
        sites=table,
        access=pd.DataFrame(),
        charger_types=charger_tables(scenario, no_demand, pd.DataFrame(), 1)[0],
        capacity=pd.DataFrame(),
        existing=nothing,
        chargers=nothing,
        assignment=pd.DataFrame(),
        proof=proof,
        years={},
        assessment=Assessment(
            figures=figures,
            companions=pd.DataFrame(),
            services=pd.DataFrame(),
            districts=by_district,
            tasks=tasks,
            zones=zone_figures,
            sites=stations,
            types=pd.DataFrame(),
            breakdown=pd.DataFrame(),
            townships=pd.DataFrame(),
            years=pd.DataFrame(),
            zone_years=pd.DataFrame(),
            grid=None,
            money=None,
            emissions=pd.DataFrame(),
        ),
        baselines=pd.DataFrame(),
    )


def with_development_zone(plan: Plan) -> Plan:
    """Toytown with a square in its middle that answers for a task of its own."""
    middle = plan.layers.zones.union_all().centroid.buffer(300)
    unit = gpd.GeoDataFrame(geometry=[middle], crs=CRS, index=pd.Index(["开发区甲"], name="task_unit"))
    row = plan.assessment.tasks.iloc[[0]].set_axis(["开发区甲"]).assign(task=3, chargers=4)
    tasks = pd.concat([plan.assessment.tasks, row])
    return replace(plan, layers=replace(plan.layers, task_units=unit), assessment=replace(plan.assessment, tasks=tasks))


def with_hostile_names(plan: Plan) -> Plan:
    """Every name that comes from outside replaced by markup that would run if it were believed."""
    rename = {name: f"{name}{HOSTILE}" for name in plan.layers.districts.index}
    layers = replace(
        plan.layers,
        districts=plan.layers.districts.rename(index=rename).assign(name_en=HOSTILE),
        zones=plan.layers.zones.assign(district=plan.layers.zones["district"].map(rename), township=HOSTILE),
    )
    area = plan.scenario.study_area.model_copy(update={"attribution": HOSTILE})
    titles = {"title_zh": f"题{HOSTILE}", "title_en": f"title{HOSTILE}", "study_area": area}
    figures = plan.assessment
    return replace(
        plan,
        scenario=plan.scenario.model_copy(update=titles),
        layers=layers,
        sites=plan.sites.assign(
            name_zh=f"站{HOSTILE}", name_en=HOSTILE, district=plan.sites["district"].map(rename), task_unit=HOSTILE
        ),
        assessment=replace(
            figures,
            districts=figures.districts.rename(index=rename),
            tasks=figures.tasks.rename(index=rename),
            sites=figures.sites.assign(reason_zh=HOSTILE, reason_en=HOSTILE),
        ),
    )


class References(HTMLParser):
    """Everything in the markup that a browser would fetch, and the style texts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.styles: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        self.found += [str(value) for key, value in attrs if key in ("src", "href", "srcset", "data", "action")]
        self.styles += [str(value) for key, value in attrs if key == "style"]

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.styles.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False


def test_page_refers_to_nothing_outside(toytown: Plan) -> None:
    page = References()
    page.feed(draw_map(toytown))
    assert page.found == []
    css = "\n".join(page.styles)
    assert "@import" not in css
    # leaflet.css: its images are dropped; what is left is Internet Explorer's behaviour, no address
    assert set(re.findall(r"url\(([^)]*)\)", css)) <= {"#default#VML"}
    assert "sourceMappingURL" not in draw_map(toytown)


def test_page_says_what_it_must(toytown: Plan) -> None:
    page = draw_map(toytown)
    for words in (
        "玩具城六台充电桩布局方案",
        "Toytown: siting 6 new public chargers",
        "新增 6 台充电桩",
        "6 chargers",
        "已证明为最优方案",
        "proven optimal",
        "分布合理",
        "配置完善",
        "服务便捷",
        "基本满足",
        "示意图，边界不作划界依据；公开使用须送审取得审图号",
        "居民为模型估算，车位为假设值",
        "Toytown, made up",
        "Permission is hereby granted",  # the licence of Leaflet.markercluster travels with its code
        "Redistribution and use in source and binary forms",  # and Leaflet's
    ):
        assert words in page, words


def test_gap_is_rounded_up(city: Plan) -> None:
    # 1 - 99,110 / 100,000 = 0.89 %: never shown as 0.8 %
    page = draw_map(city)
    assert "已证明与最优相差不超过 0.9 %" in page
    assert "proven within 0.9 % of the best possible" in page


def test_city_page_is_small_and_quick(city: Plan) -> None:
    started = time.perf_counter()
    page = draw_map(city)
    print(f"city page: {len(page.encode()) / 1e6:.2f} MB in {time.perf_counter() - started:.2f} s")
    assert len(page.encode()) <= 3_000_000


def test_same_plan_gives_the_same_bytes(city: Plan) -> None:
    assert draw_map(city) == draw_map(city)
    assert draw_map(city, "en") != draw_map(city, "zh")


def test_an_unknown_link_is_an_error_that_names_it() -> None:
    page = folium.Map(tiles=None)
    page.get_root().header.add_child(folium.JavascriptLink("https://cdn.example/npm/strange@1.0/strange.js"))
    with pytest.raises(RuntimeError, match=re.escape("https://cdn.example/npm/strange@1.0/strange.js")):
        page_text(page, "title")


def test_text_in_scripts_is_inert() -> None:
    assert inert_json({"name": "</script>\u2028&"}) == r'{"name":"\u003c/script\u003e\u2028\u0026"}'
    assert script_text('a = "</script>";\n//# sourceMappingURL=a.js.map\n') == 'a = "<\\/script>";\n\n'


def test_hostile_names_do_not_leave_their_place(toytown: Plan) -> None:
    page = draw_map(with_hostile_names(toytown))
    tags = References()
    tags.feed(page)
    assert tags.found == []
    assert "<img" not in page.replace('"<img', "")  # Leaflet's own code holds one in a string
    assert page.count("<script") == page.count("</script>")


def test_raster_shows_each_zone_where_it_lies() -> None:
    # two squares of 500 m side by side, the second one empty space away: pixels of 0 between them
    shapes = [box(600_000, 4_190_000, 600_500, 4_190_500), box(601_000, 4_190_000, 601_500, 4_190_500)]
    positions, bounds = raster_shape(gpd.GeoDataFrame(geometry=shapes, crs=CRS))
    height, width = positions.shape
    middle = positions[height // 2]
    assert middle[width // 6] == 1 and middle[width // 2] == 0 and middle[5 * width // 6] == 2
    (south, west), (north, east) = bounds
    # 1,500 m of 88 km a degree at 37.8 N, 500 m of 111 km a degree; the grid turns by less than a degree
    assert east - west == pytest.approx(1500 / 88_000, rel=0.03)
    assert north - south == pytest.approx(500 / 111_000, rel=0.06)


def test_breaks_are_round_numbers() -> None:
    assert round_breaks(pd.Series([3.0, 40.0, 900.0, 1300.0]), 5) == [0.0, 100.0, 200.0, 500.0, 1000.0]
    assert round_breaks(pd.Series([0.0]), 3) == [0.0, 0.5, 1.0]


# ------------------------------------------------------------------------------------------------------ in a browser
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="the playwright package is not installed")
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        pytest.skip(f"no Chromium on this machine (looked for {', '.join(names)})")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.sync_playwright() as driver:
        window = driver.chromium.launch(executable_path=executable, args=flags)
        yield window
        window.close()


class Opened:
    """A page in the browser, with every complaint and every request for anything but its own file."""

    def __init__(self, browser: Any, html: str, folder: Path, size: tuple[int, int] = (1280, 800)) -> None:
        file = folder / "map.html"
        file.write_text(html, encoding="utf-8")
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.route("**/*", lambda route: self._decide(route, file.as_uri()))
        started = time.perf_counter()
        self.page.goto(file.as_uri())
        self.page.wait_for_function("window.planner !== undefined", timeout=20_000)
        print(f"opened in {time.perf_counter() - started:.2f} s, {len(html.encode()) / 1e6:.2f} MB")

    def _decide(self, route: Any, own: str) -> None:
        if route.request.url == own:
            route.continue_()
        else:
            self.requests.append(route.request.url)
            route.abort()

    def close_clean(self) -> None:
        self.page.wait_for_timeout(100)
        assert self.complaints == []
        assert self.requests == []
        self.page.close()


def search(page: Any, words: str) -> None:
    page.evaluate("planner.map.closePopup()")
    page.wait_for_selector(".leaflet-popup", state="detached")
    page.fill("#search input", words)
    page.press("#search input", "Enter")
    page.wait_for_selector(".leaflet-popup .card", timeout=10_000)


@pytest.mark.browser
def test_city_opens_and_every_layer_toggles(browser: Any, city: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(city), tmp_path)
    page = opened.page
    assert page.locator(".donut").count() > 10
    # the clusters on screen at the whole-city view hold every charger of the plan
    page.click("button[data-view=city]")
    page.wait_for_timeout(500)
    shown = sum(
        int(text.replace(",", "")) for text in page.locator(".leaflet-marker-icon.donut text").all_text_contents()
    )
    assert shown == int(city.assessment.sites["new_total"].sum())
    for box_ in page.locator("input[data-layer]").all():
        name = box_.get_attribute("data-layer")
        for _ in range(2):
            box_.click()
            on = page.evaluate(f"planner.map.hasLayer(planner.layers.{name})")
            assert on == box_.is_checked()
    for key in ("residents", "unserved", "", "demand"):
        page.check(f"input[name=theme][value='{key}']")
        on = page.evaluate("Object.entries(planner.themes).filter(([k, l]) => planner.map.hasLayer(l)).map(([k]) => k)")
        assert on == ([key] if key else [])
        assert page.locator(".classes.on").count() == (1 if key else 0)
    opened.close_clean()


@pytest.mark.browser
def test_search_flies_to_sites_districts_and_zones(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(toytown), tmp_path)
    page = opened.page
    site = toytown.assessment.sites.index[0]
    search(page, site)
    card = page.locator(".leaflet-popup .card").inner_text()
    assert toytown.sites.loc[site, "name_zh"] in card and site in card
    at = page.evaluate("[planner.map.getCenter().lat, planner.map.getCenter().lng]")
    where = toytown.sites.geometry.to_crs(4326).loc[site]
    assert at == pytest.approx([where.y, where.x], abs=0.005)  # the card may pan the map a little
    search(page, toytown.sites.loc[site, "name_zh"][:2])
    district = toytown.layers.districts.iloc[0]
    search(page, district["name_en"])
    assert str(district.name) in page.locator(".leaflet-popup .card h3").inner_text()
    search(page, toytown.layers.zones.index[3])
    assert "居民（估算）" in page.locator(".leaflet-popup .card").inner_text()
    page.fill("#search input", "no such thing")
    assert "没有找到" in page.locator("#hits").inner_text()
    opened.close_clean()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("lang", "words", "because"),
    [
        ("zh", "未知", "带 * 的现状值因此未知"),
        ("en", "not known", "so today's values marked * are not known"),
    ],
)
def test_today_not_known_is_said_in_words(
    browser: Any, city: Plan, tmp_path: Path, lang: Any, words: str, because: str
) -> None:
    """The made-up city has no located charger: three figures of its today, and that of its districts, are NaN."""
    opened = Opened(browser, draw_map(city, lang), tmp_path)
    page = opened.page
    figures = [text.replace("\n", " ") for text in page.locator(".figure .values").all_inner_texts()]
    assert [f"{words}*" in text for text in figures] == [True, True, True, False]
    assert "18.0 %" in figures[3] and not any("0.0 %*" in text or "nan" in text.lower() for text in figures)
    assert because in page.locator("#side").inner_text()
    search(page, "第3区")
    assert f"{words} → 95.0 %" in page.locator(".leaflet-popup .card").inner_text()
    opened.close_clean()


@pytest.mark.browser
def test_outlines_open_their_task(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(with_development_zone(toytown)), tmp_path)
    page = opened.page
    cards = []
    for n in range(len(toytown.layers.districts) + 1):
        click = "{ latlng: planner.map.getCenter(), originalEvent: new Event('click') }"
        page.evaluate(f"void planner.outlines.getLayers()[{n}].fire('click', {click})")
        page.wait_for_timeout(300)
        cards.append(page.locator(".leaflet-popup .card").last.inner_text().split())
    assert "开发区甲" in cards[2]
    assert cards[2][cards[2].index("任务（不少于）") + 1 :][:2] == ["3", "台"]
    for name, task in toytown.assessment.tasks["task"].items():
        card = next(card for card in cards if card[0] == name)
        assert card[card.index("任务（不少于）") + 1] == str(task)
    opened.close_clean()


@pytest.mark.browser
def test_language_switches_everything_shown(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(toytown, "en"), tmp_path)
    page = opened.page
    search(page, toytown.assessment.sites.index[0])
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.title() == toytown.scenario.title_en
    assert "Why here" in page.locator(".card").first.inner_text()
    assert "Public charging demand" in page.locator("#side").inner_text()
    page.click(".languages button[data-lang=zh]")
    assert page.title() == toytown.scenario.title_zh
    assert "选址理由" in page.locator(".card").first.inner_text()
    side = page.locator("#side").inner_text()
    assert "公共充电需求" in side and "Public charging demand" not in side
    assert page.get_attribute("#search input", "placeholder") == "搜索站点、区县、街道或编号"
    opened.close_clean()


@pytest.mark.browser
def test_zone_under_the_pointer_is_the_right_one(browser: Any, city: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(city), tmp_path)
    dice = np.random.default_rng(3)
    zones = city.layers.zones
    picked = zones.index[dice.integers(0, len(zones), 40)]
    corner = np.column_stack([zones.geometry.bounds["minx"], zones.geometry.bounds["miny"]])
    inside = corner[zones.index.get_indexer(picked)] + dice.uniform(25, 475, (40, 2))
    points = gpd.GeoSeries([Point(xy) for xy in inside], crs=CRS).to_crs(4326)
    found = [opened.page.evaluate(f"planner.zones.id[planner.zoneAt({{lat: {p.y}, lng: {p.x}}})]") for p in points]
    assert found == list(picked)
    assert opened.page.evaluate("planner.zoneAt({lat: 0, lng: 0})") == -1
    opened.close_clean()


@pytest.mark.browser
def test_hostile_names_are_shown_not_run(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(with_hostile_names(toytown)), tmp_path)
    page = opened.page
    site = toytown.assessment.sites.index[0]
    search(page, site)
    assert HOSTILE.split("\u2028")[0] in page.locator(".card h3 .zh").first.evaluate("e => e.textContent")
    search(page, "北区")
    search(page, toytown.layers.zones.index[0])
    page.mouse.move(500, 400)
    page.fill("#search input", "img")
    assert page.evaluate("window.harmed") is None
    assert page.locator("img[src=x]").count() == 0
    opened.close_clean()


@pytest.mark.browser
@pytest.mark.parametrize("size", [(1280, 800), (1600, 1000)])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_panels_do_not_overlap(browser: Any, city: Plan, tmp_path: Path, size: tuple[int, int], lang: str) -> None:
    opened = Opened(browser, draw_map(city, lang), tmp_path, size)  # type: ignore[arg-type]
    page = opened.page
    page.mouse.move(400, 500)
    places = "#bar, #side, #foot, #readout, .leaflet-control-zoom, .views, .leaflet-control-scale"
    rectangles = page.eval_on_selector_all(places, "all => all.map(e => e.getBoundingClientRect().toJSON())")
    assert len(rectangles) == 7
    for n, a in enumerate(rectangles):
        for b in rectangles[:n]:
            apart = (
                a["right"] <= b["left"] or b["right"] <= a["left"] or a["bottom"] <= b["top"] or b["bottom"] <= a["top"]
            )
            assert apart, (a, b)
    fits = "e => e.scrollHeight <= e.clientHeight && e.scrollWidth <= e.clientWidth"
    assert page.eval_on_selector("#side", fits), "the layer panel must not need scrolling"
    assert page.eval_on_selector("#foot", fits), "the notes at the foot must be whole"
    assert page.eval_on_selector(".headline h1", fits), "the title must be whole"
    opened.close_clean()
