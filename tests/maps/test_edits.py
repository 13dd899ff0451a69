"""From a click on the map to another plan: sites locked by card and by outline, the file planned with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shapely import Polygon

from helpers.map_pages import Opened, at_rest, at_site, search
from helpers.map_towns import HOSTILE, with_hostile_names
from planner.candidates.edits import read_edits
from planner.maps import draw_map
from planner.maps.basemap import Basemap
from planner.plan import Plan, make_plan
from planner.scenario import read_scenario

pytestmark = pytest.mark.browser


def download(opened: Opened, folder: Path) -> Path:
    with opened.page.expect_download() as caught:
        opened.page.click("#download")
    assert caught.value.suggested_filename == "edits.geojson"
    file = folder / "edits.geojson"
    caught.value.save_as(file)
    return file


def test_a_site_locked_on_the_map_is_honoured_by_the_next_plan(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    """Toytown builds at p1 and p2 (data/toytown/README.md); the mall p2 is locked out and p4 in."""
    assert set(toytown.assessment.sites.index) == {"p1", "p2"}
    opened = Opened(browser, draw_map(toytown), tmp_path)
    page = opened.page
    page.mouse.click(*at_site(page, "p2"))
    at_rest(page)
    page.click(".edit-buttons [data-lock=out]")
    assert page.get_attribute(".edit-buttons [data-lock=out]", "aria-pressed") == "true"
    page.evaluate("planner.map.closePopup()")
    search(page, "p4")
    page.click(".edit-buttons [data-lock=in]")
    assert "站点编辑 2 项" in page.locator("#edits").inner_text()
    opened.picture("edits")
    file = download(opened, tmp_path)
    opened.close_clean()
    content = json.loads(file.read_text(encoding="utf-8"))
    assert [f["properties"]["site_id"] for f in content["features"]] == ["p2", "p4"]
    edits = read_edits(file)
    assert edits.sites["lock"].to_dict() == {"p2": "out", "p4": "in"}
    again = make_plan(read_scenario("toytown/toytown.toml"), edits=edits)
    assert "p2" not in again.assessment.sites.index and "p4" in again.assessment.sites.index
    assert again.scenario.siting.lock_out == ["p2"] and "p4" in again.scenario.siting.lock_in
    # the new plan's map knows its locks, and clearing one unlocks it
    opened = Opened(browser, draw_map(again), tmp_path)
    page = opened.page
    search(page, "p2")
    assert "已排除" in page.locator(".card .tags").inner_text()
    page.click(".edit-buttons [data-lock=clear]")
    assert read_edits(download(opened, tmp_path)).sites["lock"].to_dict() == {"p2": "free"}
    opened.close_clean()


def test_outlines_take_the_sites_inside(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(toytown, "en"), tmp_path)
    page = opened.page
    spots = {site: at_site(page, site) for site in toytown.sites.index}
    x, y = spots["p2"]
    page.click("[data-tool=rectangle]")
    assert page.get_attribute("[data-tool=rectangle]", "aria-pressed") == "true"
    page.mouse.click(x - 40, y - 40)
    page.mouse.move(x, y)
    page.mouse.click(x + 40, y + 40)
    assert "1 sites inside" in page.locator("#edits").inner_text()
    page.click("#edits .question [data-lock=out]")
    edits = "[...planner.app.edits].map(([site, lock]) => [planner.app.sites.id[site], lock])"
    assert page.evaluate(edits) == [["p2", "out"]]
    # a triangle around all of the town but its north-east
    frame = page.evaluate(
        "(r => [r.left, r.top, r.right, r.bottom])(planner.map.getContainer().getBoundingClientRect())"
    )
    page.click("[data-tool=polygon]")
    for corner in ((frame[0] + 130, frame[1] + 30), (frame[0] + 130, frame[3] - 60)):
        page.mouse.click(*corner)
        page.wait_for_timeout(350)
    page.mouse.dblclick(frame[2] - 20, frame[3] - 110)
    outline = page.evaluate("planner.app.draw.drawn.getLayers()[0].getLatLngs()[0].map(({ lat, lng }) => [lng, lat])")
    places = toytown.sites.geometry.to_crs(4326)
    expected = list(places.index[places.within(Polygon(outline))])
    assert 0 < len(expected) < len(toytown.sites)
    assert f"{len(expected)} sites inside" in page.locator("#edits").inner_text()
    opened.picture("polygon")
    page.click("#edits .question [data-scope=planned]")
    page.click("#edits .question [data-lock=in]")
    chosen = {*toytown.assessment.sites.index} & {*expected}
    assert {site for site, lock in page.evaluate(edits) if lock == "in"} == chosen
    page.click("#edits li button[aria-label='remove this edit'] >> nth=0")
    page.get_by_text("Clear all").click()
    assert page.evaluate(edits) == [] and page.locator("#edits").is_hidden()
    page.click("[data-tool=rectangle]")
    page.keyboard.press("Escape")
    assert page.get_attribute("[data-tool=rectangle]", "aria-pressed") == "false"
    opened.close_clean()


def test_names_in_the_file_are_data(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(with_hostile_names(toytown)), tmp_path)
    search(opened.page, "p4")
    opened.page.click(".edit-buttons [data-lock=in]")
    content = json.loads(download(opened, tmp_path).read_text(encoding="utf-8"))
    assert content["features"][0]["properties"]["name_zh"] == f"站{HOSTILE}"
    assert opened.page.evaluate("window.harmed") is None
    opened.close_clean()


def test_edits_are_wgs84_on_a_shifted_map_too(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(toytown, "zh", Basemap("gaode")), tmp_path)
    search(opened.page, "p4")
    opened.page.click(".edit-buttons [data-lock=in]")
    content = json.loads(download(opened, tmp_path).read_text(encoding="utf-8"))
    where = toytown.sites.geometry.to_crs(4326).loc["p4"]
    assert content["features"][0]["geometry"]["coordinates"] == pytest.approx([where.x, where.y], abs=1e-5)
    opened.page.close()
