"""Maps opened in a real browser with the network blocked, and the markup of a page looked through without one."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

SEVERAL = (1920, 1080), (1366, 768), (390, 844)
"""A projector, a laptop and a telephone."""


@contextmanager
def open_browser() -> Iterator[Any]:
    """The machine's Chromium; the test is skipped where there is none."""
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
    """A page in the browser, with every complaint and every request for anything but its own file.

    Pictures go to the folder named by the environment variable PLANNER_SCREENSHOTS, else beside the page.
    """

    def __init__(self, browser: Any, html: str, folder: Path, size: tuple[int, int] = (1280, 800)) -> None:
        file = folder / "map.html"
        file.write_text(html, encoding="utf-8")
        self.folder = Path(os.environ.get("PLANNER_SCREENSHOTS") or folder)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.route("**/*", lambda route: self._decide(route, file.as_uri()))
        started = time.perf_counter()
        self.page.goto(file.as_uri())
        self.page.wait_for_function("window.planner !== undefined", timeout=20_000)
        self.seconds = time.perf_counter() - started
        print(f"opened in {self.seconds:.2f} s, {len(html.encode()) / 1e6:.2f} MB")

    def _decide(self, route: Any, own: str) -> None:
        if route.request.url == own:
            route.continue_()
        else:
            self.requests.append(route.request.url)
            route.abort()

    def picture(self, name: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.page.wait_for_timeout(150)
        self.page.screenshot(path=self.folder / f"{name}.png")

    def close_clean(self) -> None:
        self.page.wait_for_timeout(100)
        assert self.complaints == []
        assert self.requests == []
        self.page.close()


def search(page: Any, words: str) -> None:
    """Type words into the search box and take the first hit; its card opens."""
    page.evaluate("planner.map.closePopup()")
    page.wait_for_selector(".leaflet-popup", state="detached")
    page.fill("#search input", words)
    page.press("#search input", "Enter")
    page.wait_for_selector(".leaflet-popup .card", timeout=10_000)
    at_rest(page)


def at_rest(page: Any) -> None:
    """Wait until the map moves no more: a click on a card that is still sliding into view may miss its button."""
    page.wait_for_function("!planner.map._panAnim?._inProgress && !planner.map._animatingZoom", timeout=10_000)


def at_site(page: Any, site_id: str) -> list[float]:
    """Pixel of a site on the screen."""
    position: list[float] = page.evaluate(
        """id => {
            const { app, map } = planner, site = app.sites.id.indexOf(id);
            const at = map.latLngToContainerPoint([app.sites.lat[site], app.sites.lon[site]]);
            const frame = map.getContainer().getBoundingClientRect();
            return [frame.left + at.x, frame.top + at.y];
        }""",
        site_id,
    )
    return position


def ring_numbers(page: Any) -> list[int]:
    """The numbers in the rings that are drawn."""
    numbers: list[int] = page.evaluate("planner.app.symbols.drawn.map(s => s.total).filter(n => n !== undefined)")
    return numbers


def content(html: str) -> Any:
    """The data of a page."""
    (packed,) = re.findall(r'id="data">([^<]*)<', html)
    return json.loads(zlib.decompress(base64.b64decode(packed)))


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
