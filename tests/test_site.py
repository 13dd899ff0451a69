"""The documentation as built (`mkdocs build --strict`), opened from the disk with the network blocked."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.pages import DOCS, LANGS, NAMES

pytestmark = pytest.mark.site

SITE = DOCS / "site"
PAGES = NAMES[1:]
WIDTHS = (390, 1280, 1920)
LANGUAGES = pytest.mark.parametrize("lang", LANGS)


def file_of(lang: str, name: str) -> Path:
    file = SITE / lang / f"{name}.html"
    assert file.is_file(), f"not built: mkdocs build --strict -f docs/mkdocs{'' if lang == 'en' else '.zh'}.yml"
    return file


class Window:
    """A page of the browser that has no network, with all that it complained of and asked for."""

    def __init__(self, browser: Any) -> None:
        self.context = browser.new_context(offline=True)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.outside: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.outside.append(request.url))

    def open(self, lang: str, name: str) -> None:
        self.page.goto(file_of(lang, name).as_uri())

    def asked_outside(self) -> list[str]:
        return [url for url in self.outside if not url.startswith(("file:", "data:", "blob:"))]


@pytest.fixture
def window(browser: Any) -> Iterator[Window]:
    opened = Window(browser)
    yield opened
    opened.context.close()


@LANGUAGES
@pytest.mark.parametrize("name", PAGES)
def test_a_page_takes_nothing_from_elsewhere(lang: str, name: str) -> None:
    html = file_of(lang, name).read_text(encoding="utf-8")
    taken = re.findall(r'<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)="([^"]+)"', html)
    assert len(taken) > 3
    assert [address for address in taken if re.match(r"(https?:)?//", address)] == []
    assert "<!-- generated" not in html


@LANGUAGES
def test_every_page_fits_every_screen_and_asks_nobody(window: Window, lang: str) -> None:
    for name in PAGES:
        window.open(lang, name)
        for width in WIDTHS:
            window.page.set_viewport_size({"width": width, "height": 900})
            window.page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth", timeout=10_000)
    assert (window.asked_outside(), window.complaints) == ([], [])


@pytest.mark.parametrize(
    ("lang", "words", "page"),
    [
        ("en", "Erlang", "waits.html"),
        ("en", "budget_cny", "keys.html"),
        ("en", "choose_sites", "python.html"),
        ("zh", "排队", "waits.html"),
        ("zh", "拉格朗日对偶", "siting.html"),
        ("zh", "预算", "keys.html"),
        ("zh", "choose_sites", "python.html"),
    ],
)
def test_search_finds_without_a_server(window: Window, lang: str, words: str, page: str) -> None:
    window.open(lang, "index")
    window.page.fill("input.md-search__input", words)
    window.page.focus("input.md-search__input")
    window.page.keyboard.press("Shift")
    window.page.wait_for_selector(f'.md-search-result__item a[href*="{page}"]', state="attached", timeout=30_000)
    assert (window.asked_outside(), window.complaints) == ([], [])


@LANGUAGES
def test_a_page_leads_to_itself_in_the_other_language(window: Window, lang: str) -> None:
    other = "zh" if lang == "en" else "en"
    window.open(lang, "keys")
    assert window.page.get_attribute("html", "lang") == lang
    window.page.click("a.other-language")
    assert window.page.url == file_of(other, "keys").as_uri()
    assert window.page.get_attribute("html", "lang") == other
