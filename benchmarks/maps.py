"""Our map against plain Folium (GeoJson of the zones, a Marker for every station) on the same plan.

    python benchmarks/maps.py [PLAN_FOLDER] [--large]

Without a folder the plan is made up (tests/map_towns.py): 6,241 zones and 900 stations; with --large 30,276 and 5,000.
Nothing is loaded from the internet: where Folium asks for Leaflet it gets the vendored copy, and an empty file for the
rest (jQuery, Bootstrap, icons), so that its time is, if anything, too short. Prints the bytes of the page alone,
seconds to write it, seconds until it is drawn (the median of five), the JavaScript heap after a garbage collection,
elements in the page, and milliseconds for a zoom step.
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import folium
import geopandas as gpd
from playwright.sync_api import sync_playwright

from planner import read_plan
from planner.maps import draw_map
from planner.maps.page import _VENDORED, asset
from planner.plan import Plan

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from helpers.map_towns import made_up_city

RUNS = 5
ZOOM = """async () => {
    const map = window.planner ? planner.map : Object.values(window).find((v) => v instanceof L.Map);
    const took = [];
    for (const step of [1, -1, 1, -1, 1]) {
        const start = performance.now();
        map.setZoom(map.getZoom() + step, { animate: false });
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        took.push(performance.now() - start);
    }
    return took.sort((a, b) => a - b)[2];
}"""


def main(arguments: list[str]) -> None:
    """Print the comparison."""
    folders = [a for a in arguments if not a.startswith("--")]
    if folders:
        plan, what = read_plan(folders[0]), folders[0]
    elif "--large" in arguments:
        plan, what = made_up_city(side=174, sites=5000, built=5000), "made up, large"
    else:
        plan, what = made_up_city(), "made up"
    print(f"{what}: {len(plan.layers.zones):,} zones, {len(plan.assessment.sites):,} stations")
    rows = {}
    for name, draw in {"planner": draw_map, "folium": plain_folium}.items():
        start = time.perf_counter()
        page = draw(plan)
        rows[name] = (len(page.encode()) / 1e6, time.perf_counter() - start, *measured(page))
    labels = ("page, MB", "to write, s", "to open, s", "heap, MB", "elements", "zoom step, ms")
    print(f"{'':15}{'planner':>10}{'folium':>10}{'folium / planner':>18}")
    for label, ours, theirs in zip(labels, rows["planner"], rows["folium"], strict=True):
        print(f"{label:15}{ours:>10,.2f}{theirs:>10,.2f}{theirs / ours:>17.1f}x")


def plain_folium(plan: Plan) -> str:
    """Demand by zone and the stations, as a short script with Folium would draw them."""
    zones = plan.layers.zones.join(plan.assessment.zones[["public_kwh_day", "served_kwh_day"]]).to_crs(4326)
    west, south, east, north = zones.total_bounds
    page = folium.Map(location=[(south + north) / 2, (west + east) / 2], zoom_start=11, tiles=None, max_zoom=18)
    top = zones["public_kwh_day"].quantile(0.98)
    folium.GeoJson(
        gpd.GeoDataFrame(zones[["residents", "public_kwh_day", "served_kwh_day", "geometry"]]).reset_index().to_json(),
        style_function=lambda f: {
            "fillColor": "#d6500d",
            "weight": 0,
            "fillOpacity": min(0.9, f["properties"]["public_kwh_day"] / top),
        },
        tooltip=folium.GeoJsonTooltip(["zone_id", "residents", "public_kwh_day", "served_kwh_day"]),
    ).add_to(page)
    built = plan.assessment.sites[["new_total", "reason_zh"]]
    stations = plan.sites.join(built, how="inner").to_crs(4326)
    for site_id, row in stations.iterrows():
        popup = f"<b>{row['name_zh']}</b><br>{site_id}: {row['new_total']}<br>{row['reason_zh']}"
        folium.Marker([row.geometry.y, row.geometry.x], popup=popup, tooltip=row["name_zh"]).add_to(page)
    return str(page.get_root().render())


def measured(page: str) -> tuple[float, float, float, float]:
    """Seconds to open (median), heap in MB, elements, milliseconds of a zoom step."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        file = Path(folder) / "map.html"
        file.write_text(page, encoding="utf-8")
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        for _ in range(RUNS):
            tab = browser.new_page(viewport={"width": 1366, "height": 768})
            tab.set_default_timeout(180_000)
            tab.route("**/*", lambda route: answer(route, file))
            start = time.perf_counter()
            tab.goto(file.as_uri())
            tab.wait_for_function("window.planner || document.querySelector('.leaflet-marker-icon')")
            tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            seconds.append(time.perf_counter() - start)
            if len(seconds) < RUNS:
                tab.close()
        tools = tab.context.new_cdp_session(tab)
        tools.send("HeapProfiler.enable")
        tools.send("HeapProfiler.collectGarbage")
        heap = tools.send("Runtime.getHeapUsage")["usedSize"] / 1e6
        elements = tab.evaluate("document.querySelectorAll('*').length")
        zoom_ms = tab.evaluate(ZOOM)
        browser.close()
    return median(seconds), heap, elements, zoom_ms


def answer(route: object, file: Path) -> None:
    """The page itself, the vendored Leaflet, and nothing for the rest."""
    url = route.request.url  # type: ignore[attr-defined]
    name = url.rpartition("/")[2]
    if url == file.as_uri():
        route.continue_()  # type: ignore[attr-defined]
    elif name in _VENDORED:
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        route.fulfill(body=asset(_VENDORED[name][0]), content_type=kind)  # type: ignore[attr-defined]
    else:
        route.fulfill(body="", content_type="text/css" if name.endswith(".css") else "text/javascript")  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(sys.argv[1:])
