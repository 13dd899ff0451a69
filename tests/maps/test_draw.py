"""The map page as text: what it holds, how large it is, and that it asks for nothing outside itself."""

from __future__ import annotations

import re
import time

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box

from helpers.map_pages import References, content
from helpers.map_towns import CRS, HOSTILE, made_up_city, with_hostile_names
from helpers.plans import unserved_at_first
from planner.demand import hourly_load
from planner.maps import draw_map
from planner.maps.columns import steps
from planner.maps.page import packed, page_text, script_text
from planner.maps.zones import demand_by_hours, zone_shapes
from planner.plan import Plan


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
        "新建充电桩 6 台",
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
        "Redistribution and use in source and binary forms",  # Leaflet's licence travels with its code
    ):
        assert words in page, words


def test_gap_is_rounded_up(city: Plan) -> None:
    # 1 - 99,110 / 100,000 = 0.89 %
    page = draw_map(city)
    assert "已证明与最优相差不超过 0.89 %" in page
    assert "proven within 0.89 % of the best possible" in page


def test_large_city_is_small_and_quick() -> None:
    """30,276 zones, 5,000 sites, three years: the bar is 2.5 MB."""
    plan = made_up_city(side=174, sites=5000, built=5000, years=3)
    started = time.perf_counter()
    page = draw_map(plan)
    print(f"large page: {len(page.encode()) / 1e6:.2f} MB in {time.perf_counter() - started:.2f} s")
    assert len(page.encode()) <= 2_500_000


def test_same_plan_gives_the_same_bytes(city: Plan) -> None:
    assert draw_map(city) == draw_map(city)
    assert draw_map(city, "en") != draw_map(city, "zh")


def test_an_unknown_link_is_an_error_that_names_it() -> None:
    page = folium.Map(tiles=None)
    page.get_root().header.add_child(folium.JavascriptLink("https://cdn.example/npm/strange@1.0/strange.js"))
    with pytest.raises(RuntimeError, match=re.escape("https://cdn.example/npm/strange@1.0/strange.js")):
        page_text(page, "title")


def test_text_in_scripts_is_inert() -> None:
    hostile = {"name": "</script>\u2028&"}
    assert re.fullmatch(r"[A-Za-z0-9+/]*=*", packed(hostile))
    assert content(f'<script id="data">{packed(hostile)}</script>') == hostile
    assert script_text('a = "</script>";\n//# sourceMappingURL=a.js.map\n') == 'a = "<\\/script>";\n\n'


def test_hostile_names_do_not_leave_their_place(toytown: Plan) -> None:
    page = draw_map(with_hostile_names(toytown))
    tags = References()
    tags.feed(page)
    assert tags.found == []
    assert "<img" not in page.replace('"<img', "")  # Leaflet's own code holds one in a string
    assert page.count("<script") == page.count("</script>")
    assert HOSTILE in content(page)["sites"]["zh"][0]  # there, and only there


def test_neighbours_share_their_corners() -> None:
    # two squares of 500 m side by side: six corners, not eight; and a third with a corner of its own each
    shapes = [box(600_000 + 500 * n, 4_190_000, 600_500 + 500 * n, 4_190_500) for n in (0, 1, 3)]
    zones = gpd.GeoDataFrame(geometry=shapes, crs=CRS)
    found = zone_shapes(zones)
    assert len(found["lat"]) == 6 + 4 and found["corners"] == 4 and found["zone"] is None
    corner, lat, lon = (np.cumsum(found[name]) for name in ("corner", "lat", "lon"))
    rings = np.column_stack([lon, lat])[corner].reshape(3, 4, 2) / 1e5
    for ring, shape in zip(rings, zones.geometry.to_crs(4326), strict=True):
        expected = {(round(x, 5), round(y, 5)) for x, y in shape.exterior.coords}
        assert {(round(x, 5), round(y, 5)) for x, y in ring} == expected


def test_zones_of_several_parts_and_sides() -> None:
    square = box(600_000, 4_190_000, 600_500, 4_190_500)
    octagon = gpd.points_from_xy([600_900], [4_190_900], crs=CRS)[0].buffer(200, quad_segs=2)
    two = box(601_500, 4_190_000, 602_000, 4_190_500).union(box(603_000, 4_190_000, 603_500, 4_190_500))
    found = zone_shapes(gpd.GeoDataFrame(geometry=[square, octagon, two], crs=CRS))
    assert found["corners"] == [4, 8, 4, 4]
    assert np.cumsum(found["zone"]).tolist() == [0, 1, 2, 2]


def test_steps_add_up() -> None:
    assert steps(np.array([5, 7, 7, -2])) == [5, 2, 0, -9]


def test_hours_of_the_page_are_those_of_the_demand(city: Plan) -> None:
    """Parts x shares against `hourly_load`, scaled to what siting was given; kWh are whole in the page."""
    load = hourly_load(city.layers.zones, city.layers.places, city.layers.streets, city.scenario)
    shares = load.div(load.sum(axis=1), axis=0)
    # where siting was given energy that no fleet brings here (a made-up demand): the whole area's hours
    city_hours = load.groupby(level="service").sum().pipe(lambda sums: sums.div(sums.sum(axis=1), axis=0))
    shares = shares.fillna(city_hours.reindex(load.index, level="service"))
    asked = city.demand["public_kwh_day"]
    expected = shares.mul(asked.reindex(load.index), axis=0).groupby(level="service").sum()
    services = list(city.scenario.services)
    parts = demand_by_hours(city)
    assert {services[part["service"]] for part in parts} == {"slow", "fast", "heavy", "swap"}
    for service in services:
        mine = [part for part in parts if services[part["service"]] == service]
        found = sum(np.sum(part["kwh"]) * np.array(part["shares"]) / 1e5 for part in mine)
        np.testing.assert_allclose(found, expected.loc[service], rtol=0.02, atol=20)
    # one zone in full: nothing is averaged over the city
    zone = city.layers.zones["residents"].idxmax()
    at = city.layers.zones.index.get_loc(zone)
    fast = [part for part in parts if services[part["service"]] == "fast"]
    found = sum(part["kwh"][at] * np.array(part["shares"]) / 1e5 for part in fast)
    np.testing.assert_allclose(found, shares.loc[(zone, "fast")] * asked[(zone, "fast")], rtol=0.03, atol=1.0)


def test_one_year_needs_no_slider_and_two_have_theirs(toytown: Plan) -> None:
    assert content(draw_map(toytown))["site_years"] is None
    plan = unserved_at_first(toytown)
    data = content(draw_map(plan))
    assert [row["year"] for row in data["years"]] == [2024, 2025]
    rows = pd.DataFrame(data["site_years"])
    # toytown builds 6 chargers at 2 sites (data/toytown/README.md); the first type of both a year earlier: the 2 ac
    assert rows.groupby("year")["total"].sum().tolist() == [2, 4]
    assert [year["summary"][1][0] for year in data["years"]] == ["新建充电桩 2 台", "新建充电桩 6 台"]
    assert len(data["zone_years"]) == 1
    public = plan.assessment.zone_years.loc[2024, "public_kwh_day"]
    assert data["zone_years"][0]["public"] == [round(kwh) for kwh in public]


def test_who_serves_whom_adds_up(toytown: Plan) -> None:
    serves = content(draw_map(toytown))["serves"]
    sites, zones = np.cumsum(serves["site"]), np.cumsum(serves["zone"])
    found = pd.Series(
        serves["kwh"],
        index=pd.MultiIndex.from_arrays([toytown.sites.index[sites], toytown.layers.zones.index[zones]]),
    )
    energy = toytown.assignment["energy_kwh_day"].groupby(level=["site_id", "zone_id"]).sum()
    expected = energy[energy >= 0.5].sort_index()
    assert found.sort_index().index.tolist() == expected.index.tolist()
    np.testing.assert_allclose(found.sort_index(), expected, atol=0.5)
