"""The map in a real browser with the network blocked: layers, themes, sliders, search, tools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from shapely import Point

from helpers.map_pages import Opened, at_site, ring_numbers, search
from helpers.map_towns import (
    CRS,
    HOSTILE,
    made_up_city,
    with_development_zone,
    with_hostile_names,
)
from helpers.plans import unserved_at_first, with_figures
from helpers.reported_town import reported_plan
from planner.maps import draw_map
from planner.plan import Plan

pytestmark = pytest.mark.browser
Page = Callable[[str], str]


def test_city_opens_and_every_layer_toggles(browser: Any, city: Plan, city_page: Page, tmp_path: Path) -> None:
    opened = Opened(browser, city_page("zh"), tmp_path)
    page = opened.page
    opened.picture("city_zh")
    # the rings on screen at the whole-city view hold every charger of the plan
    page.click("button[data-view=city]")
    page.wait_for_timeout(500)
    numbers = ring_numbers(page)
    assert 10 < len(numbers) < len(city.assessment.sites)
    assert sum(numbers) == int(city.assessment.sites["new_total"].sum())
    boxes = page.locator("input[data-layer]").all()
    assert len(boxes) == 5
    for box_ in boxes:
        name = box_.get_attribute("data-layer")
        for _ in range(2):
            drawn = page.evaluate("planner.app.symbols.drawn.length")
            box_.click()
            assert page.evaluate(f"planner.shows('{name}')") == box_.is_checked()
            if name in ("stations", "candidates", "institutions"):
                assert (page.evaluate("planner.app.symbols.drawn.length") > drawn) == box_.is_checked()
        opened.picture(f"layer_{name}")
    for key in ("residents", "unserved", "served", "reach", "", "demand"):
        page.check(f"input[name=theme][value='{key}']")
        assert page.evaluate("planner.app.themes.key") == key
        shown = page.evaluate(
            "planner.app.themes.painting ? planner.app.themes.painting.classes.filter(c => c).length : 0"
        )
        assert (shown > 100) == bool(key)
        assert page.locator(".classes[data-theme].on").count() == (1 if key else 0)
        opened.picture(f"theme_{key or 'none'}")
    opened.close_clean()


def test_rings_do_not_overlap(browser: Any, city_page: Page, tmp_path: Path) -> None:
    opened = Opened(browser, city_page("zh"), tmp_path)
    for zoom in (9.5, 11, 12.75, 13.5, 14.5):
        opened.page.evaluate(f"planner.map.setZoom({zoom}, {{ animate: false }})")
        rings = opened.page.evaluate("planner.app.symbols.drawn.map(s => [s.x, s.y, s.radius])")
        assert len(rings) > 1
        for n, (x, y, radius) in enumerate(rings):
            for other_x, other_y, other in rings[:n]:
                assert np.hypot(x - other_x, y - other_y) > radius + other - 7, zoom  # 3 px of either are their edges
    opened.close_clean()


def test_large_city_is_quick(browser: Any, tmp_path: Path) -> None:
    """30,276 zones and 5,000 sites: the bar is 1.5 s on an idle machine; a busy one is given three times that."""
    opened = Opened(browser, draw_map(made_up_city(side=174, sites=5000, built=5000)), tmp_path)
    page = opened.page
    assert opened.seconds < 4.5
    assert page.evaluate("document.querySelectorAll('*').length") < 2000, "no element per zone or site"
    for zoom in (9, 11, 13, 15):
        took = page.evaluate(
            f"(() => {{ const t = performance.now(); planner.map.setZoom({zoom}, {{ animate: false }}); "
            "return performance.now() - t; })()"
        )
        assert took < 600, zoom
    opened.close_clean()


def test_hours_move_and_play(browser: Any, city: Plan, city_page: Page, tmp_path: Path) -> None:
    opened = Opened(browser, city_page("zh"), tmp_path)
    page = opened.page
    day = page.evaluate("planner.app.themes.demandValues().reduce((a, b) => a + b, 0)")
    assert day == pytest.approx(city.assessment.zones["public_kwh_day"].sum(), rel=0.01)
    assert page.get_attribute("#day", "aria-pressed") == "true"
    kw = []
    for hour in range(24):
        page.fill("#hour", str(hour))
        kw.append(page.evaluate("planner.app.themes.demandValues().reduce((a, b) => a + b, 0)"))
        assert f"{hour}–{hour + 1} 时" in page.locator("#hours .at").inner_text()
    assert sum(kw) == pytest.approx(day, rel=0.01)
    assert max(kw) > 1.3 * min(kw)
    assert "kW" in page.locator("#demand-unit").inner_text()
    opened.picture("hour_23")
    page.click("#services button[data-service='1']")  # fast only
    fast = page.evaluate("planner.app.themes.demandValues().reduce((a, b) => a + b, 0)")
    assert 0 < fast < kw[23]
    before = page.input_value("#hour")
    page.click("#hours .play")
    page.wait_for_function(f"document.getElementById('hour').value !== '{before}'", timeout=5_000)
    page.click("#hours .play")
    still = page.input_value("#hour")
    page.wait_for_timeout(900)
    assert page.input_value("#hour") == still
    page.click("#day")
    assert "全天" in page.locator("#hours .at").inner_text()
    page.check("input[name=theme][value=residents]")
    assert page.locator("#hours").is_hidden()
    opened.close_clean()


def test_years_move_sites_numbers_and_tasks(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(unserved_at_first(toytown), "en"), tmp_path)
    page = opened.page
    assert sorted(ring_numbers(page)) == [2, 4]
    assert "6 chargers" in page.locator("#summary").inner_text()
    figures = page.locator(".figure b").all_inner_texts()
    opened.picture("years_last")
    page.fill("#year", "0")
    # the ac of both sites stand a year earlier, and nobody charges there yet: only unlocated chargers serve
    assert sorted(ring_numbers(page)) == [1, 1]
    assert (
        "end of 2024" in page.locator("#summary").inner_text() and "2 chargers" in page.locator("#summary").inner_text()
    )
    early = page.locator(".figure b").all_inner_texts()
    assert early[1:3] == figures[1:3] and early[3] != figures[3]
    opened.picture("years_first")
    page.click("[data-tool=tasks]")
    rows = [row.split("\t") for row in page.locator("#tasks table").inner_text().splitlines()]
    assert rows[-1][0].startswith("sum") and rows[-1][2] == "2"
    page.click("dialog button")
    search(page, toytown.assessment.sites.index[0])
    card = page.locator(".leaflet-popup .card").inner_text()
    assert "2024: +1" in card and "Why here" not in card  # losses are known of the end only
    page.fill("#year", "1")
    assert sorted(ring_numbers(page)) == [2, 4]
    assert page.locator(".figure b").all_inner_texts() == figures
    opened.close_clean()


def test_one_year_shows_no_slider(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(toytown), tmp_path)
    assert opened.page.locator("#years").is_hidden()
    assert opened.page.locator("#year").count() == 0
    opened.close_clean()


def test_search_finds_sites_districts_and_zones(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(toytown), tmp_path)
    page = opened.page
    site = toytown.assessment.sites.index[0]
    search(page, site)
    card = page.locator(".leaflet-popup .card").inner_text()
    assert toytown.sites.loc[site, "name_zh"] in card and site in card
    x, y = at_site(page, site)
    assert page.evaluate("planner.map.getZoom()") == 15 and 0 < x < 980 and 110 < y < 770
    search(page, toytown.sites.loc[site, "name_zh"][:2])
    district = toytown.layers.districts.iloc[0]
    search(page, district["name_en"])
    assert str(district.name) in page.locator(".leaflet-popup .card h3").inner_text()
    search(page, toytown.layers.zones.index[3])
    assert "居民（估算）" in page.locator(".leaflet-popup .card").inner_text()
    page.fill("#search input", "no such thing")
    assert "没有找到" in page.locator("#hits").inner_text()
    page.fill("#search input", "z")
    page.press("#search input", "ArrowDown")
    assert page.locator("#hits li").nth(1).get_attribute("aria-selected") == "true"
    page.press("#search input", "Escape")
    assert page.locator("#hits li").count() == 0
    page.evaluate("planner.map.closePopup()")
    page.wait_for_selector(".leaflet-popup", state="detached")
    page.select_option("#district", index=1)
    page.wait_for_selector(".leaflet-popup .card")
    opened.close_clean()


def test_a_station_says_why_it_is_here_and_whom_it_serves(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(toytown), tmp_path)
    page = opened.page
    page.mouse.click(*at_site(page, "p2"))
    page.wait_for_selector(".leaflet-popup .card.site")
    card = page.locator(".leaflet-popup .card").inner_text()
    row = toytown.assessment.sites.loc["p2"]
    for words in (
        "选址理由",
        str(row["reason_zh"]),
        f"{row['lost_kwh_day']:,.0f} kWh/日",
        "次优站点",
        "服务半径",
    ):
        assert words in card
    served = page.evaluate(
        "planner.app.servedBy(planner.app.focus).map(({ zone, kwh }) => [planner.zones.id[zone], kwh])"
    )
    expected = toytown.assignment["energy_kwh_day"].xs("p2", level="site_id").groupby(level="zone_id").sum()
    assert dict(served) == {zone: round(kwh) for zone, kwh in expected.items() if kwh >= 0.5}
    opened.picture("why_here")
    page.evaluate("planner.map.closePopup()")
    assert page.evaluate("planner.app.focus") is None
    zone = max(expected.index, key=lambda z: expected[z])
    search(page, zone)
    assert toytown.sites.loc["p2", "name_zh"] in page.locator(".leaflet-popup .links").inner_text()
    opened.close_clean()


def test_grid_groups_open_their_report(browser: Any, tmp_path: Path) -> None:
    plan = reported_plan()
    opened = Opened(browser, draw_map(plan, "en"), tmp_path)
    page = opened.page
    page.check("input[data-layer=grid]")
    row = plan.layers.districts.geometry.to_crs(4326).representative_point()
    for name, point in row.items():
        found = page.evaluate(f"planner.app.gridAt({{ lat: {point.y}, lng: {point.x} }})")
        group = plan.assessment.grid.groups.loc[name]  # type: ignore[union-attr]
        assert found["name_zh"] == group["name_zh"]
        assert found["coincident_kw"] == round(group["coincident_kw"])
    at = f"{{ latlng: L.latLng({point.y}, {point.x}), containerPoint: L.point(0, 0) }}"
    page.evaluate(f"void planner.map.fire('click', {at})")
    assert "headroom used" in page.locator(".leaflet-popup .card").inner_text()
    opened.picture("grid")
    opened.close_clean()


def test_measure_agrees_with_the_projected_metres(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(toytown), tmp_path)
    page = opened.page
    page.click("[data-tool=measure]")
    for site in ("p1", "p2"):
        page.mouse.click(*at_site(page, site))
        page.wait_for_timeout(350)  # not a double click
    page.mouse.dblclick(*at_site(page, "p3"))
    points = toytown.sites.geometry
    metres = points["p1"].distance(points["p2"]) + points["p2"].distance(points["p3"])
    words = page.locator("#tool-hint .metres").inner_text()
    found = float(words.split()[0]) * (1000 if words.endswith("km") else 1)
    assert found == pytest.approx(metres, rel=0.01)
    assert page.locator(".leaflet-popup").count() == 0, "a measuring click opens nothing"
    opened.picture("measure")
    page.keyboard.press("Escape")
    assert page.locator("#tool-hint").is_hidden()
    page.mouse.click(*at_site(page, "p2"))
    assert page.locator(".leaflet-popup .card").count() == 1
    opened.close_clean()


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
    page.click("[data-tool=tasks]")
    text = page.locator("#tasks").inner_text()
    assert "开发区甲" in text and "任务分解表" in text
    opened.picture("tasks")
    opened.close_clean()


def test_zone_under_the_pointer_is_the_right_one(browser: Any, city: Plan, city_page: Page, tmp_path: Path) -> None:
    opened = Opened(browser, city_page("zh"), tmp_path)
    dice = np.random.default_rng(3)
    zones = city.layers.zones
    picked = zones.index[dice.integers(0, len(zones), 40)]
    corner = np.column_stack([zones.geometry.bounds["minx"], zones.geometry.bounds["miny"]])
    inside = corner[zones.index.get_indexer(picked)] + dice.uniform(5, 495, (40, 2))
    points = gpd.GeoSeries([Point(xy) for xy in inside], crs=CRS).to_crs(4326)
    found = [opened.page.evaluate(f"planner.zones.id[planner.zones.at({{lat: {p.y}, lng: {p.x}}})]") for p in points]
    assert found == list(picked)
    assert opened.page.evaluate("planner.zones.at({lat: 0, lng: 0})") == -1
    opened.close_clean()


@pytest.mark.parametrize("zoom", [10, 13.5])
def test_zones_are_painted_where_they_lie(browser: Any, toytown: Plan, tmp_path: Path, zoom: float) -> None:
    """The pixel of every zone's middle has the colour of its class, near and far."""
    opened = Opened(browser, draw_map(toytown), tmp_path)
    page = opened.page
    look = """() => {
        const { app, map } = planner, canvas = app.themes.layer._container, corner = app.themes.layer._bounds.min;
        const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        return app.zones.id.map((id, zone) => {
            const at = map.latLngToLayerPoint([app.zones.lat[zone], app.zones.lon[zone]]).subtract(corner);
            const [r, g, b, a] = pixels.subarray(4 * (Math.round(at.y) * canvas.width + Math.round(at.x)));
            const hex = "#" + [r, g, b].map((v) => v.toString(16).padStart(2, "0")).join("");
            return [a, hex, app.themes.painting.colours[app.themes.painting.classes[zone] - 1]];
        });
    }"""
    page.evaluate(f"planner.map.setZoom({zoom}, {{ animate: false }})")
    for alpha, found, expected in page.evaluate(look):
        assert alpha == 255 and found == expected
    opened.close_clean()


def test_hostile_names_are_shown_not_run(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    plan = with_hostile_names(unserved_at_first(toytown))
    services = {
        key: rules.model_copy(update={"name_zh": HOSTILE, "name_en": HOSTILE})
        for key, rules in plan.scenario.services.items()
    }
    plan = with_figures(plan, scenario=plan.scenario.model_copy(update={"services": services}))
    opened = Opened(browser, draw_map(plan), tmp_path)
    page = opened.page
    site = toytown.assessment.sites.index[0]
    search(page, site)
    assert HOSTILE.split("\u2028")[0] in page.locator(".card h3 .zh").first.evaluate("e => e.textContent")
    page.click(".edit-buttons [data-lock=out]")
    search(page, "北区")
    search(page, toytown.layers.zones.index[0])
    page.click("[data-tool=tasks]")
    page.click("dialog button")
    page.mouse.move(500, 400)
    page.click(".languages button[data-lang=en]")
    page.fill("#search input", "img")
    assert page.evaluate("window.harmed") is None
    assert page.locator("img[src=x]").count() == 0
    opened.close_clean()


def test_a_plan_that_builds_and_asks_for_nothing_opens(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    figures = toytown.assessment
    zones = figures.zones.assign(public_kwh_day=0.0, served_kwh_day=0.0, unserved_kwh_day=0.0, reason="")
    empty = with_figures(
        toytown,
        demand=toytown.demand.assign(public_kwh_day=0.0),
        assignment=toytown.assignment.iloc[:0],
        assessment=replace(figures, zones=zones, sites=figures.sites.iloc[:0]),
    )
    opened = Opened(browser, draw_map(empty), tmp_path)
    page = opened.page
    assert ring_numbers(page) == []
    assert page.locator("#hours").is_hidden()
    for key in ("residents", "unserved", "served", "reach", "demand"):
        page.check(f"input[name=theme][value={key}]")
    search(page, "p1")
    assert "未选" in page.locator(".card .tags").inner_text()
    opened.close_clean()


def test_hexagons_are_zones_too(browser: Any, city: Plan, tmp_path: Path) -> None:
    """Zones need not be squares: corners, look-up and colours follow the shapes."""
    middle = city.layers.zones.geometry.centroid
    zones = city.layers.zones.set_geometry(middle.buffer(280, quad_segs=2)).iloc[::4]
    figures = city.assessment
    plan = with_figures(
        city,
        layers=replace(city.layers, zones=zones),
        assignment=city.assignment.loc[zones.index],
        assessment=replace(figures, zones=figures.zones.loc[zones.index]),
    )
    opened = Opened(browser, draw_map(plan), tmp_path)
    page = opened.page
    corner = zones.geometry.iloc[[40]].bounds.iloc[0]  # the box's corner lies outside the octagon
    for x, y, expected in (
        (zones.geometry.iloc[40].centroid.x, zones.geometry.iloc[40].centroid.y, zones.index[40]),
        (corner["minx"] + 20, corner["miny"] + 20, None),
    ):
        point = gpd.GeoSeries([Point(x, y)], crs=CRS).to_crs(4326)[0]
        found = page.evaluate(f"planner.zones.id[planner.zones.at({{ lat: {point.y}, lng: {point.x} }})] || null")
        assert found == expected
    page.evaluate("planner.map.setZoom(14, { animate: false })")
    opened.picture("octagons")
    opened.close_clean()
