"""Online maps by flag: what is asked of whom, the shift to GCJ-02, keys, and the command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from helpers.map_pages import Opened, at_site
from planner.cli import app
from planner.exports import save_plan
from planner.maps import draw_map
from planner.maps.basemap import Basemap
from planner.plan import Plan
from planner.sources.datum import from_wgs84

KEY = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("bing",), "choose one of osm, tianditu, gaode"),
        (("tianditu",), "needs your own key"),
        (("osm", KEY), "takes no key"),
        (("tianditu", "a&b=c"), "characters that no key has"),
        (("tianditu", '"><script>'), "characters that no key has"),
        (("tianditu", "k" * 129), "128 at most"),
    ],
)
def test_faults(given: tuple[str, ...], words: str, faults: Callable[..., list[str]]) -> None:
    assert words in " ".join(faults(Basemap, *given))


@pytest.mark.browser
@pytest.mark.parametrize(
    ("basemap", "host", "words"),
    [
        (Basemap("osm"), "https://tile.openstreetmap.org/", "© OpenStreetMap contributors"),
        (Basemap("tianditu", KEY), ".tianditu.gov.cn/", "© 天地图"),
        (Basemap("gaode"), ".is.autonavi.com/", "© 高德地图"),
    ],
)
def test_only_tiles_are_asked_for(
    browser: Any, toytown: Plan, tmp_path: Path, basemap: Basemap, host: str, words: str
) -> None:
    opened = Opened(browser, draw_map(toytown, "zh", basemap), tmp_path)
    opened.page.wait_for_timeout(400)
    assert opened.requests and all(host in url for url in opened.requests)
    assert words in opened.page.locator("#foot").inner_text()
    if basemap.name == "tianditu":
        assert {part for url in opened.requests for part in ("LAYER=vec&", "LAYER=cva&") if part in url} == {
            "LAYER=vec&",
            "LAYER=cva&",
        }
        assert all(url.endswith(f"tk={KEY}") for url in opened.requests)
    # the tile that holds a site is among those asked for, in the datum of the tiles
    zoom = int(opened.page.evaluate("planner.map.getZoom()"))
    where = toytown.sites.geometry.to_crs(4326).loc["p2"]
    lon, lat = (float(v) for v in from_wgs84(where.x, where.y, "gcj02" if basemap.name == "gaode" else "wgs84"))
    x = int((lon + 180) / 360 * 2**zoom)
    y = int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**zoom)
    form = {"osm": f"/{zoom}/{x}/{y}.png", "tianditu": f"TILEROW={y}&TILECOL={x}&", "gaode": f"&x={x}&y={y}&z={zoom}"}
    assert any(form[basemap.name] in url for url in opened.requests)
    opened.page.uncheck("input[data-layer=basemap]")
    assert opened.page.locator(".leaflet-tile").count() == 0
    assert all("net::ERR" in text for text in opened.complaints)  # the blocked tiles, nothing else
    opened.page.close()


@pytest.mark.browser
def test_the_shift_of_the_page_is_that_of_the_importer(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    dice = np.random.default_rng(5)
    lon, lat = dice.uniform(75, 135, 200), dice.uniform(18, 53, 200)
    lon[0], lat[0] = 2.35, 48.86  # Paris is not shifted
    opened = Opened(browser, draw_map(toytown), tmp_path)
    there = opened.page.evaluate(
        "points => points.map(([lat, lon]) => planner.toGcj02(lat, lon))", np.column_stack([lat, lon]).tolist()
    )
    np.testing.assert_allclose(np.array(there)[:, ::-1].T, from_wgs84(lon, lat, "gcj02"), atol=1e-9)
    back = opened.page.evaluate("points => points.map(([lat, lon]) => planner.fromGcj02(lat, lon))", there)
    np.testing.assert_allclose(back, np.column_stack([lat, lon]), atol=1e-9)
    opened.close_clean()


@pytest.mark.browser
def test_coordinates_read_out_stay_wgs84(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(toytown, "zh", Basemap("gaode")), tmp_path)
    page = opened.page
    x, y = at_site(page, "p2")
    page.mouse.move(x, y)
    words = page.locator("#where").inner_text().replace("WGS 84", "").split(",")
    where = toytown.sites.geometry.to_crs(4326).loc["p2"]
    # a pixel at this zoom is some 5 m; the shift is 560 m
    assert [float(word) for word in words] == pytest.approx([where.y, where.x], abs=2e-4)
    page.close()


def test_command(toytown: Plan, tmp_path: Path) -> None:
    folder = save_plan(toytown, tmp_path / "toy")
    ran = CliRunner().invoke(app, ["map", str(folder), "--basemap", "tianditu", "--key", KEY])
    assert ran.exit_code == 0, ran.output
    assert f"tk={KEY}" in (folder / "map.html").read_text(encoding="utf-8").replace("\\u0026", "&")
    ran = CliRunner().invoke(app, ["map", str(folder)])
    assert ran.exit_code == 0 and "tianditu" not in (folder / "map.html").read_text(encoding="utf-8")
    ran = CliRunner().invoke(app, ["map", str(folder), "--key", KEY])
    assert ran.exit_code == 2 and "--basemap" in ran.output
    ran = CliRunner().invoke(app, ["map", str(folder), "--basemap", "tianditu"])
    assert ran.exit_code == 1 and "needs your own key" in str(ran.exception)
