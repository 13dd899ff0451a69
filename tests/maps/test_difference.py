"""The map of the difference of two plans: on toytown by hand, hostile names, faults, the command."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
from typer.testing import CliRunner

from helpers.map_pages import SEVERAL, Opened, References, content
from helpers.map_towns import HOSTILE, with_hostile_names
from planner.candidates.edits import read_edits
from planner.cli import app
from planner.exports import save_plan
from planner.faults import BadInput
from planner.maps.difference import draw_difference
from planner.plan import Plan, make_plan
from planner.scenario import read_scenario
from planner.studies.compare import SavedPlan, read_saved_plans

FIVE = 'extends = "toytown/toytown.toml"\nname = "five"\n[siting]\nquota = 5\n'


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Plan]:
    """Toytown with 6 chargers, and with 5 and its mall p2 locked out."""
    home = tmp_path_factory.mktemp("scenarios")
    (home / "five.toml").write_text(FIVE, encoding="utf-8")
    (home / "edits.csv").write_text("site_id,lock\np2,out\n", encoding="utf-8")
    six = make_plan(read_scenario("toytown/toytown.toml"))
    return six, make_plan(read_scenario(home / "five.toml"), edits=read_edits(home / "edits.csv"))


@pytest.fixture(scope="module")
def folders(plans: tuple[Plan, Plan], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    home = tmp_path_factory.mktemp("plans")
    return [save_plan(plan, home / name) for plan, name in zip(plans, ("six", "five"), strict=True)]


@pytest.fixture(scope="module")
def saved(folders: list[Path]) -> list[SavedPlan]:
    return read_saved_plans(folders)


def test_sites_and_zones_by_hand(saved: list[SavedPlan], plans: tuple[Plan, Plan]) -> None:
    data = content(draw_difference(*saved))
    rows = {
        site: (["added", "removed", "changed"][change], a, b)
        for site, change, a, b in zip(*(data["sites"][name] for name in ("id", "change", "a", "b")), strict=True)
    }
    # the mall's four chargers go with it (data/toytown/README.md); of the five, p1 keeps two of other types
    assert rows["p2"] == ("removed", 4, 0)
    assert rows["p1"][0] == "changed"
    assert sum(a for _, a, _ in rows.values()) == 6 and sum(b for _, _, b in rows.values()) == 5
    for key, plan in zip("ab", plans, strict=True):
        served = plan.assessment.zones["served_kwh_day"]
        assert data["zones"][key] == [int(np.rint(kwh)) for kwh in served.sort_index()]


def test_page_is_whole_and_the_same_every_time(saved: list[SavedPlan]) -> None:
    page = draw_difference(*saved)
    assert page == draw_difference(*saved) != draw_difference(*saved, "en")
    tags = References()
    tags.feed(page)
    assert tags.found == []
    for words in (
        "示意图，边界不作划界依据；公开使用须送审取得审图号",
        "Toytown, made up",
        "−11.4 个百分点",
        "方案差异：six → five",
    ):
        assert words in page, words


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("size", SEVERAL)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_opens_toggles_and_tells(
    browser: Any, saved: list[SavedPlan], tmp_path: Path, size: tuple[int, int], lang: Any
) -> None:
    opened = Opened(browser, draw_difference(*saved, lang), tmp_path, size)
    page = opened.page
    opened.picture(f"difference_{lang}_{size[0]}")
    drawn = "planner.symbols.drawn.symbols.map(({ site }) => planner.app.sites.id[site])"
    assert {"p1", "p2"} <= set(page.evaluate(drawn)) and len(page.evaluate(drawn)) == 4
    if size[0] < 760:
        page.click("#open-side")
    page.uncheck("[data-change='1']")
    assert "p2" not in page.evaluate(drawn)
    page.check("[data-change='1']")
    page.uncheck("#show-zones")
    assert page.evaluate("planner.app.zonesShown") is False
    page.check("#show-zones")
    if size[0] < 760:
        page.click("#open-side")
    x, y = page.evaluate(
        "(() => { const { app, map } = planner, s = app.sites.id.indexOf('p2'); "
        "const at = map.latLngToContainerPoint([app.sites.lat[s], app.sites.lon[s]]); "
        "const frame = map.getContainer().getBoundingClientRect(); return [frame.left + at.x, frame.top + at.y]; })()"
    )
    page.mouse.click(x, y)
    card = page.locator(".leaflet-popup .card").inner_text()
    assert ("取消" if lang == "zh" else "removed") in card and "3 → 0" in card  # three dc and an ac
    other = "en" if lang == "zh" else "zh"
    page.click(f".languages button[data-lang={other}]")
    assert ("取消" if other == "zh" else "removed") in page.locator(".leaflet-popup .card").inner_text()
    opened.close_clean()


@pytest.mark.browser
def test_hostile_names_are_shown_not_run(browser: Any, plans: tuple[Plan, Plan], tmp_path: Path) -> None:
    hostile = [with_hostile_names(plan) for plan in plans]
    folders = [
        save_plan(replace(plan), tmp_path / f"{n}<img src=x onerror=alert(1)>") for n, plan in enumerate(hostile)
    ]
    opened = Opened(browser, draw_difference(*read_saved_plans(folders)), tmp_path)
    page = opened.page
    assert "<img src=x" in page.title()
    page.select_option("#district", index=1)
    assert HOSTILE.split("\u2028")[0] in page.locator(".card h3 .zh").first.evaluate("e => e.textContent")
    page.mouse.move(400, 400)
    assert page.evaluate("window.harmed") is None
    assert page.locator("img[src=x]").count() == 0
    opened.close_clean()


def test_a_folder_without_zones_is_named(folders: list[Path], tmp_path: Path) -> None:
    copy = shutil.copytree(folders[1], tmp_path / "five")
    saved = read_saved_plans([folders[0], copy])
    layers = {name: pyogrio.read_dataframe(copy / "plan.gpkg", layer=name) for name in ("districts", "streets")}
    (copy / "plan.gpkg").unlink()
    for name, layer in layers.items():
        pyogrio.write_dataframe(layer, copy / "plan.gpkg", layer=name, driver="GPKG", append=name == "streets")
    with pytest.raises(BadInput, match=r"cannot be drawn: .*plan again"):
        draw_difference(*saved)
    (copy / "scenario.toml").write_text("title_zh = 1\n", encoding="utf-8")
    shutil.copy(folders[1] / "plan.gpkg", copy)
    with pytest.raises(BadInput, match=r"scenario\.toml: cannot be read as a plan's scenario"):
        draw_difference(*saved)


def test_command(folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [str(folder) for folder in folders]
    ran = CliRunner().invoke(app, ["compare", *names, "--map", "--lang", "en"])
    assert ran.exit_code == 0, ran.output
    files = {file.name for file in (tmp_path / "maps" / "difference").iterdir()}
    assert files == {"difference.json", "difference.csv", "difference.geojson", "difference.html"}
    assert 'lang":"' not in ran.output and "difference.html" in ran.output
    ran = CliRunner().invoke(app, ["compare", *names, "-o", "plain"])
    assert ran.exit_code == 0 and not (tmp_path / "plain" / "difference.html").exists()
    third = shutil.copytree(folders[0], tmp_path / "third")
    ran = CliRunner().invoke(app, ["compare", *names, str(third), "--map"])
    assert ran.exit_code == 2 and "--map" in ran.output
