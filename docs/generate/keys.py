"""The reference of a scenario's keys, read from the models that check them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

from generate.words import Lang, cell, table, words
from planner.assumptions.figures import unit_of
from planner.scenario import Figure, Scenario

ORIGIN = ("source_kind", "source", "reasoning")
"""Keys that every section with figures knows; the page explains them once."""

_HEADS = {
    "en": ["key", "type", "unit", "default", "what it is"],
    "zh": ["键", "类型", "单位", "默认值", "含义"],
}
_TYPES = {
    str: {"en": "text", "zh": "文字"},
    int: {"en": "whole number", "zh": "整数"},
    float: {"en": "number", "zh": "数值"},
    bool: {"en": "`true` or `false`", "zh": "`true` 或 `false`"},
    Figure: {"en": "figure", "zh": "带范围的数值"},
}
_LIST = {"en": "list of {}", "zh": "{}列表"}
_TABLE = {"en": "table: name = {}", "zh": "表：名称 = {}"}
_SECTION = {"en": "section", "zh": "节"}
_OR = {"en": " or ", "zh": "或"}
_BETWEEN = {"en": "{} ({})", "zh": "{}（{}）"}
_COUNT = {"en": "{} of them", "zh": "共 {} 个"}
_REQUIRED = {"en": "required", "zh": "必填"}
_RANGE = {"en": "{} to {}", "zh": "{} 至 {}"}
_UNHEARD_OF = 1e9
"""A limit above this only keeps slips out, and is not worth a word."""


@dataclass(frozen=True)
class Part:
    """A section of the file.

    Parameters
    ----------
    path
        Keys that lead to it, without free names: ``emissions.fuels``.
    heading
        As it is written in a file: ``[emissions.fuels.NAME]``.
    model
        What checks it.
    """

    path: str
    heading: str
    model: type[BaseModel]

    def fields(self) -> Iterator[tuple[str, FieldInfo]]:
        """Its keys by their path, sections within it left out."""
        for name, field in self.model.model_fields.items():
            if name not in ORIGIN and _section_in(field.annotation) is None:
                yield f"{self.path}.{name}".lstrip("."), field


def key_reference(lang: Lang) -> str:
    """Every section with a table of its keys."""
    return "\n\n".join(_shown(part, lang) for part in parts())


def parts(model: type[BaseModel] = Scenario, path: str = "", heading: str = "") -> Iterator[Part]:
    """The sections, each before those within it."""
    yield Part(path, heading and f"[{heading}]", model)
    for name, field in model.model_fields.items():
        below = _section_in(field.annotation)
        if below is None:
            continue
        inner = f"{heading}.{name}".lstrip(".")
        if get_origin(field.annotation) is list:
            yield Part(f"{path}.{name}".lstrip("."), f"[[{inner}]]", below)
        else:
            named = f"{inner}.NAME" if get_origin(field.annotation) is dict else inner
            yield from parts(below, f"{path}.{name}".lstrip("."), named)


def section_text(part: Part, lang: Lang) -> str:
    """What a section is about."""
    if lang == "en":
        return inspect.cleandoc(part.model.__doc__ or "")
    return str(words()["sections"].get(part.path or "scenario", ""))


def key_text(key: str, field: FieldInfo, lang: Lang) -> str:
    """What a key is: in English from its model, in Chinese from `words.toml`, by its path or by its last part."""
    where = words()["keys"] if lang == "zh" else words()["keys_en"]
    told = where.get(key, where.get(key.rsplit(".", 1)[-1], ""))
    return str(told) if lang == "zh" else (field.description or str(told))


def unit_text(key: str, lang: Lang) -> str:
    """The unit of a key: what its name ends in, or as stated in `words.toml`."""
    stated = words()["units"].get(key)
    if stated:
        english, chinese = stated
        return str(chinese if lang == "zh" else english)
    return unit_of(key.rsplit(".", 1)[-1]).to(lang)


def _shown(part: Part, lang: Lang) -> str:
    name = part.path.replace(".", "-") or "top"
    title = f"`{part.heading}`" if part.heading else {"en": "At the top of the file", "zh": "文件开头"}[lang]
    rows = [_row(key, field, lang) for key, field in part.fields()]
    about = section_text(part, lang)
    return f"### {title} {{ #{name} }}\n\n{about}" + (f"\n\n{table(_HEADS[lang], rows, 'keys')}" if rows else "")


def _row(key: str, field: FieldInfo, lang: Lang) -> list[str]:
    anchor = key.replace(".", "-")
    return [
        f"`{key.rsplit('.', 1)[-1]}`{{ #{anchor} }}" if "." in key else f"`{key}`{{ #key-{anchor} }}",
        cell(type_text(field, lang)),
        cell(unit_text(key, lang)),
        _default(field, lang),
        cell(key_text(key, field, lang)),
    ]


def _default(field: FieldInfo, lang: Lang) -> str:
    if field.is_required():
        return _REQUIRED[lang]
    if field.default in (None, "", [], {}):
        return ""
    default = field.default
    text = ("false", "true")[default] if isinstance(default, bool) else str(default)
    return f"`{text}`".replace("'", '"')


def type_text(field: FieldInfo, lang: Lang) -> str:
    """The type of a key and between what it must lie."""
    return _typed(field.annotation, tuple(field.metadata), lang)


def _typed(annotation: Any, limits: tuple[Any, ...], lang: Lang) -> str:
    if isinstance(annotation, FieldInfo):
        return _typed(annotation.annotation, tuple(annotation.metadata), lang)
    if hasattr(annotation, "__metadata__"):
        inside = [m for given in annotation.__metadata__ for m in (getattr(given, "metadata", None) or [given])]
        return _typed(get_args(annotation)[0], (*inside, *limits), lang)
    if get_origin(annotation) is Literal:
        return _OR[lang].join(f"`{word}`" for word in get_args(annotation))
    if get_origin(annotation) is list:
        return _limited(_LIST[lang].format(_typed(get_args(annotation)[0], (), lang)), limits, lang)
    if get_origin(annotation) is dict:
        return _TABLE[lang].format(_typed(get_args(annotation)[1], (), lang))
    if get_args(annotation):  # a union
        wanted = [part for part in get_args(annotation) if part is not type(None)]
        return _OR[lang].join(_typed(part, limits, lang) for part in wanted)
    return _limited(_TYPES.get(annotation, _SECTION)[lang], limits, lang)


def _limited(text: str, limits: tuple[Any, ...], lang: Lang) -> str:
    """A type with its limits in brackets."""
    found: dict[str, Any] = {}
    for limit in limits:
        if isinstance(limit, AfterValidator):
            worded = inspect.getclosurevars(limit.func).nonlocals.get("words")
            if worded:
                return _BETWEEN[lang].format(text, worded.to(lang))
        found |= {name: getattr(limit, name) for name in _LIMITS if getattr(limit, name, None) is not None}
    if found.get("min_length") and found.get("min_length") == found.get("max_length"):
        return _BETWEEN[lang].format(text, _COUNT[lang].format(found["min_length"]))
    told = _range(found, lang)
    return _BETWEEN[lang].format(text, told) if told else text


_LIMITS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤", "min_length": "", "max_length": ""}


def _range(found: dict[str, Any], lang: Lang) -> str:
    """The limits of a number in words: ``0 to 1``, ``> 0``."""
    if found.get("le", 0) > _UNHEARD_OF:
        del found["le"]
    if {"ge", "le"} <= set(found):
        return _RANGE[lang].format(f"{found['ge']:,.10g}", f"{found['le']:,.10g}")
    return ", ".join(f"{sign} {found[name]:,.10g}" for name, sign in _LIMITS.items() if name in found and sign)


def _section_in(annotation: Any) -> type[BaseModel] | None:
    """The section that a key holds, one or many of it, if it holds any."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return None if annotation is Figure else annotation
    found = [_section_in(part) for part in get_args(annotation)]
    return next((model for model in found if model is not None), None)
