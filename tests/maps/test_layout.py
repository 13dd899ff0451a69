"""How the map looks in a real browser: three sizes of screen, both languages, paper, readable and named controls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.map_pages import SEVERAL, Opened, search
from helpers.plans import unserved_at_first
from planner.maps import draw_map
from planner.plan import Plan

pytestmark = pytest.mark.browser
Page = Callable[[str], str]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lang", "words", "because"),
    [("zh", "未知", "带 * 的现状值因此未知"), ("en", "not known", "so today's values marked * are not known")],
)
def test_today_not_known_is_said_in_words(
    browser: Any, city_page: Page, tmp_path: Path, lang: Any, words: str, because: str
) -> None:
    """The made-up city has no located charger: three figures of its today, and that of its districts, are NaN."""
    opened = Opened(browser, city_page(lang), tmp_path)
    page = opened.page
    figures = [text.replace("\n", " ") for text in page.locator(".figure .values").all_inner_texts()]
    assert [f"{words}*" in text for text in figures] == [True, True, True, False]
    assert "18.0 %" in figures[3] and not any("0.0 %*" in text or "nan" in text.lower() for text in figures)
    assert because in page.locator("#side").inner_text()
    search(page, "第3区")
    assert f"{words} → 95.0 %" in page.locator(".leaflet-popup .card").inner_text()
    opened.close_clean()


def test_language_switches_everything_shown(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(toytown, "en"), tmp_path)
    page = opened.page
    search(page, toytown.assessment.sites.index[0])
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.title() == toytown.scenario.title_en
    assert "Why here" in page.locator(".card").first.inner_text()
    assert "Public demand" in page.locator("#side").inner_text()
    page.click("[data-tool=tasks]")
    chinese = (
        "(() => [...document.querySelectorAll('body *')].filter(e => e.children.length === 0 && e.offsetParent && "
    )
    chinese += "!e.closest('script, style') && /[\\u4e00-\\u9fff]/.test(e.textContent)).map(e => e.textContent))()"
    names = {*toytown.sites["name_zh"], *toytown.layers.districts.index, *toytown.layers.zones["township"], "中文"}
    allowed = page.evaluate(chinese)
    left = [t for t in allowed if not any(n in t for n in names) and "审图号" not in t]
    assert left == [], "Chinese is left in the English page"
    page.click("dialog button")
    page.click(".languages button[data-lang=zh]")
    assert page.title() == toytown.scenario.title_zh
    assert "选址理由" in page.locator(".card").first.inner_text()
    side = page.locator("#side").inner_text()
    assert "公共充电需求" in side and "Public demand" not in side
    assert page.get_attribute("#search input", "placeholder") == "搜索站点、区县、街道或编号"
    assert page.get_attribute("#hour", "aria-label") == "小时"
    opened.close_clean()


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1280, 800), *SEVERAL])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_panels_do_not_overlap(browser: Any, city_page: Page, tmp_path: Path, size: tuple[int, int], lang: Any) -> None:
    opened = Opened(browser, city_page(lang), tmp_path, size)
    page = opened.page
    page.mouse.move(size[0] // 3, size[1] - 200)
    page.wait_for_timeout(200)
    opened.picture(f"panels_{lang}_{size[0]}")
    narrow = size[0] < 760
    places = ["#bar", "#foot", ".leaflet-control-zoom", ".tools", ".leaflet-control-scale", "#hours"]
    places += ["#open-side"] if narrow else ["#side", "#readout"]
    rectangles = page.eval_on_selector_all(
        ", ".join(places), "all => all.map(e => ({ id: e.id || e.className, ...e.getBoundingClientRect().toJSON() }))"
    )
    assert len(rectangles) == len(places)
    for n, a in enumerate(rectangles):
        assert a["left"] >= 0 and a["right"] <= size[0] and a["bottom"] <= size[1], a
        for b in rectangles[:n]:
            apart = (
                a["right"] <= b["left"] or b["right"] <= a["left"] or a["bottom"] <= b["top"] or b["bottom"] <= a["top"]
            )
            assert apart, (a, b)
    fits = "e => e.scrollHeight <= e.clientHeight && e.scrollWidth <= e.clientWidth"
    assert page.eval_on_selector(".headline h1", fits), "the title must be whole"
    if narrow:
        page.click("#open-side")
        assert page.locator("#side").is_visible() and page.get_attribute("#open-side", "aria-expanded") == "true"
        opened.picture(f"panel_open_{lang}_{size[0]}")
    else:
        assert page.eval_on_selector("#side", fits), "the layer panel must not need scrolling"
        assert page.eval_on_selector("#foot", fits), "the notes at the foot must be whole"
    opened.close_clean()


def test_words_are_large_enough_and_controls_have_names(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    opened = Opened(browser, draw_map(unserved_at_first(toytown)), tmp_path)
    page = opened.page
    search(page, toytown.assessment.sites.index[0])
    page.click(".edit-buttons [data-lock=in]")
    page.click("[data-tool=tasks]")
    small = page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter(e => e.offsetParent && e.childNodes.length
            && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && !e.closest("script, style")
            && parseFloat(getComputedStyle(e).fontSize) < 13).map(e => e.className + ": " + e.textContent)"""
    )
    assert small == []
    page.click("dialog button")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, [role=button]")].filter(e => e.offsetParent
            && !(e.getAttribute("aria-label") || e.title || e.textContent.trim() || e.closest("label")))
            .map(e => e.outerHTML)"""
    )
    assert nameless == []
    # every control can be reached and is seen to be reached
    page.evaluate("planner.map.closePopup()")
    page.focus("#search input")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    opened.close_clean()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_print_is_one_sheet_with_everything(browser: Any, city_page: Page, tmp_path: Path, lang: Any) -> None:
    opened = Opened(browser, city_page(lang), tmp_path)
    page = opened.page
    before = page.evaluate("[planner.map.getZoom(), planner.map.getSize().x]")
    page.pdf(path=opened.folder / f"print_{lang}.pdf", prefer_css_page_size=True)
    pdf = (opened.folder / f"print_{lang}.pdf").read_bytes()
    assert pdf.count(b"/Type /Page\n") == 1
    # A4 landscape: 841.9 x 595.3 points
    assert b"/MediaBox [0 0 841.91998 594.95996]" in pdf or b"/MediaBox [0 0 842" in pdf, pdf[
        pdf.index(b"/MediaBox") :
    ][:60]
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    side = page.locator("#side").inner_text()
    assert ("规划新建站" if lang == "zh" else "Planned stations") in side
    assert page.locator("#foot").is_visible() and page.locator("h1").is_visible()
    assert page.locator(".tools").is_hidden() and page.locator("#search").is_hidden()
    opened.picture(f"paper_{lang}")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("[planner.map.getZoom(), planner.map.getSize().x]") == pytest.approx(before, abs=0.3)
    opened.close_clean()


def test_an_old_browser_is_told(browser: Any, toytown: Plan, tmp_path: Path) -> None:
    file = tmp_path / "map.html"
    file.write_text(draw_map(toytown), encoding="utf-8")
    page = browser.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(file.as_uri())
    words = page.locator("body > p").inner_text()
    assert "请使用 2023 年以后的浏览器" in words and "needs a browser of 2023 or newer" in words
    page.close()
