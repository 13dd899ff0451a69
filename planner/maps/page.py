"""Plumbing of the map page: Folium's text made self-contained, every link replaced by the text it points to."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable
from importlib import resources
from typing import Any

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template

from planner.words import Text

_VENDORED = {  # npm leaflet 1.9.4: name in the link -> file of planner/assets, licence
    "leaflet.js": ("leaflet/leaflet.js", "leaflet/LICENSE"),
    "leaflet.css": ("leaflet/leaflet.css", "leaflet/LICENSE"),
}
_NOT_NEEDED = {
    "jquery-3.7.1.min.js",
    "bootstrap.bundle.min.js",
    "bootstrap.min.css",
    "bootstrap-glyphicons.css",
    "all.min.css",
    "leaflet.awesome-markers.js",
    "leaflet.awesome-markers.css",
    "leaflet.awesome.rotate.min.css",
}
_TOO_OLD = (
    '<p style="position: fixed; z-index: 2000; top: 40%; left: 10%; right: 10%; padding: 1em; background: #fff; '
    'font-size: 18px; text-align: center">请使用 2023 年以后的浏览器打开此地图。<br>'
    "This map needs a browser of 2023 or newer.</p>"
)
_LINK = re.compile(
    r"""<script[^>]*\ssrc=["']?(?P<js>[^"'\s>]+)["']?[^>]*>\s*</script>|<link[^>]*\shref=["']?(?P<css>[^"'\s>]+)["']?[^>]*>"""
)
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)
_IMAGE_FILE = re.compile(r"url\(images/[^)]*\)")


class Page(MacroElement):
    """What Folium does not draw: title bar, panel, read-out and their script, fed with `data` and Folium's layers.

    Parameters
    ----------
    data
        JSON-ready content of the page; names in it are untrusted text.
    body
        HTML of the panels, already escaped.
    layers
        Key in the script -> Folium element whose JavaScript variable it gets.
    scripts
        Files of ``planner/assets/map``, in this order.
    start
        The JavaScript function that is called with the data and the layers.
    """

    _template = Template(
        """
        {% macro header(this, kwargs) %}
            <style>{{ this.css }}</style>
            <script>{{ this.js }}</script>
        {% endmacro %}
        {% macro html(this, kwargs) %}{{ this.body }}
            <script>if (typeof DecompressionStream === "undefined") {
                document.body.insertAdjacentHTML("afterbegin", {{ this.too_old }});
            }</script>
            <script type="application/octet-stream" id="data">{{ this.data }}</script>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            openPage({{ this.start }}, {
            {%- for key, layer in this.layers.items() %}{{ key }}: {{ layer.get_name() }}, {% endfor -%}
            });
        {% endmacro %}
        """
    )

    def __init__(
        self, data: dict[str, Any], body: str, layers: dict[str, Element], scripts: Iterable[str], start: str
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Page"
        self.data = packed(data)
        self.body = body
        self.layers = layers
        self.start = start
        self.too_old = json.dumps(_TOO_OLD, ensure_ascii=False).replace("</", r"<\/")
        self.css = asset("map.css")
        self.js = script_text("\n".join(['"use strict";', *(asset(f"map/{name}.js") for name in scripts)]))


def page_text(page: folium.Map, title: str) -> str:
    """The map as one text that asks for nothing outside itself, the same bytes on every call.

    Raises
    ------
    RuntimeError
        Folium wrote a link to something that is neither vendored nor known to be unneeded.
    """
    figure = page.get_root()
    if not isinstance(figure, Figure):
        raise TypeError("the map hangs in no figure")
    figure.title = title
    _number_ids(figure)
    head, separator, rest = str(figure.render()).partition("</head>")
    return "".join([_LINK.sub(_inlined, head), separator, rest])


def asset(name: str) -> str:
    """The text of a file that comes with the package."""
    return (resources.files("planner") / "assets" / name).read_text(encoding="utf-8")


def packed(data: Any) -> str:
    """JSON, deflated and in base64: a third of its size, and inert in HTML whatever names it holds.

    A `Text` becomes a list of two: Chinese, English.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_both)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


def _both(value: object) -> list[str]:
    if not isinstance(value, Text):
        raise TypeError(f"{type(value).__name__} cannot stand in the page's data")
    return [value.zh, value.en]


def script_text(code: str) -> str:
    """JavaScript that can stand in a script element."""
    return _SOURCE_MAP.sub("", code).replace("</script", r"<\/script").replace("<!--", r"<\!--")


def _inlined(link: re.Match[str]) -> str:
    url = link["js"] or link["css"]
    name = url.rpartition("/")[2]
    if name in _NOT_NEEDED:
        return ""
    if name not in _VENDORED:
        raise RuntimeError(f"the map page would load {url}, which planner/assets does not hold")
    text, licence = (asset(file) for file in _VENDORED[name])
    if link["js"]:
        return f"<script>/*\n{licence}*/\n{script_text(text)}</script>"
    return f"<style>{_IMAGE_FILE.sub('none', text)}</style>"


def _number_ids(element: Element, number: int = 0) -> int:
    """Replace Folium's random ids by the order of the tree."""
    element._id = f"{number:03d}"
    for child in element._children.values():
        number = _number_ids(child, number + 1)
    return number
