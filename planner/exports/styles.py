"""Styles of QGIS for the layers of ``plan.gpkg``: in a table ``layer_styles``, where QGIS finds them by itself.

Colours are those of the map. A style is QML, built element by element, so that no name can break it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree as ET

import pandas as pd

from planner.assessment import REASONS
from planner.views import palette
from planner.views.areas import REASON_WORDS
from planner.words import Text, text_of

if TYPE_CHECKING:
    from planner.scenario import Scenario

STYLES = "layer_styles"

_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_FIXED_DATE = pd.Timestamp("2000-01-01", tz="UTC")
_NEW = {service: f'coalesce("new_{service}", 0)' for service in palette.POWERS}
_MAIN_POWER = (
    "CASE "
    + " ".join(
        f"WHEN {count} > 0 AND {count} >= max({', '.join(_NEW.values())}) THEN '{service}'"
        for service in ("heavy", "fast", "slow", "swap")
        for count in [_NEW[service]]
    )
    + " END"
)
"""The service with most of a site's new chargers; of equals the stronger one."""
_SIZE = '1.2 + 0.55 * sqrt(coalesce("new_total", 0) + coalesce("new_swap", 0))'
"""Millimetres: the area grows with the chargers."""
_OPACITY = '25 + 190 * if("public_kwh_day" > 0, "unserved_kwh_day" / "public_kwh_day", 0)'
"""Of 255: the more of its demand a zone leaves unserved, the stronger its colour."""
_SERVED = "246,246,242"
_STREETS = {"motorway": 0.7, "trunk": 0.6, "primary": 0.45, "secondary": 0.3}
_OTHER_STREET = 0.18
_HALO, _INK = "255,255,255,255", "39,49,59,255"


class _Symbol(NamedTuple):
    """A symbol: type of QGIS, class of its one layer, that layer's settings, and those that an expression gives."""

    kind: str
    layer: str
    settings: Mapping[str, str]
    by: Mapping[str, str] = {}


class _Class(NamedTuple):
    """A value of a categorized style, what the legend calls it, its symbol."""

    value: str
    label: str
    symbol: _Symbol


def style_rows(scenario: Scenario) -> pd.DataFrame:
    """The table ``layer_styles``: a default style for zones, districts, streets, sites and candidates."""
    styles = {
        "zones": (Text(zh="需求网格：未服务的原因", en="zones by what leaves demand unserved"), _zones()),
        "districts": (Text(zh="县区", en="districts"), _districts()),
        "streets": (Text(zh="道路", en="streets"), _streets()),
        "sites": (
            Text(zh="规划站点：大小为桩数，颜色为主要功率", en="sites by chargers and main power"),
            _sites(scenario),
        ),
        "candidates": (Text(zh="候选站点", en="candidate sites"), _candidates()),
    }
    rows = [
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": name,
            "f_geometry_column": "geom",
            "styleName": name,
            "styleQML": qml,
            "styleSLD": "",
            "useAsDefault": True,
            "description": _both(words),
            "owner": "",
            "ui": "",
            "update_time": _FIXED_DATE,
        }
        for name, (words, qml) in styles.items()
    ]
    return pd.DataFrame(rows)


def _sites(scenario: Scenario) -> str:
    classes = []
    for service, colour in palette.POWERS.items():
        named = scenario.services.get(service)  # type: ignore[call-overload]
        label = _both(text_of(named, "name")) if named else service
        symbol = _circle(f"{palette.channels(colour)},230", "255,255,255,255", 0.25, {"size": _SIZE})
        classes.append(_Class(service, label, symbol))
    return _qml(_categorized(_MAIN_POWER, classes), _label('"name_zh"', 7, 20_000))


def _candidates() -> str:
    real = _circle("93,104,115,200", "93,104,115,255", 0.2, {}, 1.3)
    made = _circle("255,255,255,0", "93,104,115,255", 0.25, {}, 1.3)
    classes = [
        _Class("0", _both(Text(zh="已知地点", en="known places")), real),
        _Class("1", _both(Text(zh="模拟点", en="generated points")), made),
    ]
    return _qml(_categorized('CASE WHEN "modelled" THEN 1 ELSE 0 END', classes), None)


def _zones() -> str:
    classes = [_Class("", _both(Text(zh="无未服务需求", en="nothing unserved")), _area(f"{_SERVED},150"))]
    for reason in REASONS:
        colour = palette.channels(palette.REASONS[reason])
        by = {"fillColor": f"'{colour},' || to_string(round({_OPACITY}))"}
        classes.append(_Class(reason, _both(REASON_WORDS[reason]), _area(f"{colour},180", by)))
    return _qml(_categorized("coalesce(\"reason\", '')", classes), None)


def _districts() -> str:
    settings = {
        "style": "no",
        "outline_color": "61,72,83,255",
        "outline_width": "0.5",
        "outline_style": "solid",
        "outline_width_unit": "MM",
    }
    single = _renderer("singleSymbol", [_Symbol("fill", "SimpleFill", settings)])
    return _qml(single, _label('"district"', 11, None))


def _streets() -> str:
    classes = [_Class(name, name, _line(width)) for name, width in _STREETS.items()]
    others = _Class("", _both(Text(zh="其他", en="others")), _line(_OTHER_STREET))
    named = ", ".join(f"'{name}'" for name in _STREETS)
    return _qml(_categorized(f'if("road_class" IN ({named}), "road_class", \'\')', [*classes, others]), None)


def _both(text: Text) -> str:
    """A label in both languages."""
    return text.zh if text.zh == text.en else f"{text.zh} {text.en}"


def _circle(fill: str, edge: str, width: float, by: Mapping[str, str], size: float = 3) -> _Symbol:
    settings = {
        "name": "circle",
        "color": fill,
        "outline_color": edge,
        "outline_width": f"{width:g}",
        "outline_style": "solid",
        "size": f"{size:g}",
        "size_unit": "MM",
    }
    return _Symbol("marker", "SimpleMarker", settings, by)


def _area(fill: str, by: Mapping[str, str] | None = None) -> _Symbol:
    return _Symbol("fill", "SimpleFill", {"color": fill, "style": "solid", "outline_style": "no"}, by or {})


def _line(width: float) -> _Symbol:
    settings = {"line_color": "140,150,160,255", "line_width": f"{width:g}", "line_width_unit": "MM"}
    return _Symbol("line", "SimpleLine", settings | {"line_style": "solid", "capstyle": "round"})


def _qml(renderer: ET.Element, labels: ET.Element | None) -> str:
    root = ET.Element(
        "qgis",
        version="3.22.0",
        styleCategories="Symbology|Labeling",
        labelsEnabled="0" if labels is None else "1",
    )
    root.append(renderer)
    if labels is not None:
        root.append(labels)
    ET.indent(root)
    return _DOCTYPE + ET.tostring(root, encoding="unicode") + "\n"


def _categorized(expression: str, classes: Sequence[_Class]) -> ET.Element:
    renderer = _renderer("categorizedSymbol", [each.symbol for each in classes], attr=expression)
    categories = ET.Element("categories")
    for number, each in enumerate(classes):
        ET.SubElement(
            categories,
            "category",
            {"symbol": str(number), "value": each.value, "label": each.label, "render": "true", "type": "string"},
        )
    renderer.insert(0, categories)
    return renderer


def _renderer(kind: str, symbols: Sequence[_Symbol], **settings: str) -> ET.Element:
    renderer = ET.Element("renderer-v2", {"type": kind, "symbollevels": "0", "enableorderby": "0", **settings})
    every = ET.SubElement(renderer, "symbols")
    for number, symbol in enumerate(symbols):
        whole = ET.SubElement(
            every, "symbol", {"type": symbol.kind, "name": str(number), "alpha": "1", "clip_to_extent": "1"}
        )
        layer = ET.SubElement(whole, "layer", {"class": symbol.layer, "enabled": "1", "locked": "0", "pass": "0"})
        _options(layer, symbol.settings)
        for name, value in symbol.settings.items():  # as QGIS before 3.24 reads them
            ET.SubElement(layer, "prop", {"k": name, "v": value})
        if symbol.by:
            _options(
                ET.SubElement(layer, "data_defined_properties"),
                {
                    "name": "",
                    "properties": {
                        name: {"active": True, "expression": text, "type": 3} for name, text in symbol.by.items()
                    },
                    "type": "collection",
                },
            )
    return renderer


def _label(expression: str, points: float, above_scale: int | None) -> ET.Element:
    """Names with a halo; with a scale only where the map is at least as large, 1 : so many."""
    labeling = ET.Element("labeling", type="simple")
    settings = ET.SubElement(labeling, "settings", calloutType="simple")
    text = {
        "fieldName": expression,
        "isExpression": "1",
        "fontFamily": "Noto Sans CJK SC",
        "fontSize": f"{points:g}",
        "fontSizeUnit": "Point",
        "fontWeight": "50",
        "textColor": _INK,
        "textOpacity": "1",
    }
    style = ET.SubElement(settings, "text-style", text)
    halo = {"bufferDraw": "1", "bufferSize": "0.8", "bufferSizeUnits": "MM", "bufferColor": _HALO, "bufferOpacity": "1"}
    ET.SubElement(style, "text-buffer", halo)
    ET.SubElement(settings, "text-format", {"wrapChar": "", "multilineAlign": "3"})
    ET.SubElement(settings, "placement", {"placement": "1" if above_scale is None else "0", "dist": "1.2"})
    at_scale = {
        "scaleVisibility": "0" if above_scale is None else "1",
        "scaleMin": "1",
        "scaleMax": str(above_scale or 0),
    }
    # areas must not keep the labels of other layers out
    obstacle = "0" if above_scale is None else "1"
    ET.SubElement(settings, "rendering", {"drawLabels": "1", "obstacle": obstacle, **at_scale})
    return labeling


def _options(parent: ET.Element, values: Mapping[str, Any], name: str = "") -> None:
    """A map as QGIS writes it: nested ``Option`` elements with their types."""
    whole = ET.SubElement(parent, "Option", {"type": "Map"} | ({"name": name} if name else {}))
    for key, value in values.items():
        if isinstance(value, Mapping):
            _options(whole, value, key)
            continue
        kind = "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else "QString"
        text = str(value).lower() if isinstance(value, bool) else str(value)
        ET.SubElement(whole, "Option", {"type": kind, "value": text, "name": key})
