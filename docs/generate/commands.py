"""The reference of the command: verbs, arguments and options as the program itself knows them."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import typer

from generate.words import Lang, cell, languages, table, words
from planner.cli import app

_HEADS = {"en": ["option", "value", "default", "what it does"], "zh": ["选项", "取值", "默认", "作用"]}
_VALUES = {
    str: {"en": "text", "zh": "文字"},
    int: {"en": "whole number", "zh": "整数"},
    float: {"en": "number", "zh": "数值"},
    Path: {"en": "file or folder", "zh": "文件或文件夹"},
}
_MANY = {"en": "{}, repeatable", "zh": "{}，可重复"}
_OPTION = re.compile(r"(?<![`\w/-])(--[a-z][\w-]*|-[a-z])\b")
_REQUIRED = {"en": "required", "zh": "必填"}


def command_reference(lang: Lang) -> str:
    """Every verb with what it does, how it is called, and a table of its arguments and options."""
    return "\n\n".join(_section(verb, command, lang) for verb, command in verbs())


def verbs() -> Iterator[tuple[str, Any]]:
    """Every verb and its command, those of a group by both words: ``import chargers``."""
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        for below, part in getattr(command, "commands", {}).items():
            yield f"{name} {below}", part
        if not hasattr(command, "commands"):
            yield name, command


def parameters(command: Any) -> list[Any]:
    """The arguments and options of a verb, without ``--help``."""
    return [parameter for parameter in command.params if parameter.name != "help"]


def name_of(parameter: Any) -> str:
    """An option as it is written, an argument by its word: ``-o, --output``, ``SCENARIO``."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    return ", ".join(sorted(parameter.opts, key=len))


def about(verb: str, command: Any, lang: Lang) -> str:
    """What a verb does. The Chinese of the code is a line; where more is to be said it stands in `words.toml`."""
    first, *more = inspect.cleandoc(command.help or "").split("\n\n")
    english, chinese = languages(first)
    if lang == "en":
        return _OPTION.sub(r"`\1`", "\n\n".join([english, *(" ".join(part.split()) for part in more)]))
    return str(_chinese(verb).get("about", chinese))


def help_of(verb: str, parameter: Any, lang: Lang) -> str:
    """What an option does."""
    english, chinese = languages(parameter.help or "")
    if lang == "en":
        return _OPTION.sub(r"`\1`", english)
    return str(_chinese(verb).get(name_of(parameter), chinese))


def _chinese(verb: str) -> dict[str, str]:
    found: dict[str, str] = words()["commands"].get(verb, {})
    return found


def _section(verb: str, command: Any, lang: Lang) -> str:
    hints = get_type_hints(inspect.unwrap(command.callback), include_extras=True)
    rows = [_row(verb, parameter, hints.get(parameter.name, str), lang) for parameter in parameters(command)]
    return "\n\n".join(
        [
            f"### `planner {verb}` {{ #{verb.replace(' ', '-')} }}",
            about(verb, command, lang),
            f"```text\n{_usage(verb, command)}\n```",
            table(_HEADS[lang], rows, "options"),
        ]
    )


def _usage(verb: str, command: Any) -> str:
    """The line of a call: arguments in brackets where they may be left out."""
    arguments = [p for p in parameters(command) if p.param_type_name == "argument"]
    named = [name_of(p) if p.required else f"[{name_of(p)}]" for p in arguments]
    needed = [f"{p.opts[0]} {p.metavar or p.name.upper()}" for p in parameters(command) if _is_needed_option(p)]
    return " ".join(["planner", verb, *named, *needed, "[OPTIONS]"])


def _is_needed_option(parameter: Any) -> bool:
    return parameter.param_type_name == "option" and bool(parameter.required)


def _row(verb: str, parameter: Any, hint: Any, lang: Lang) -> list[str]:
    value = _value(hint, lang)
    if parameter.required:
        default = _REQUIRED[lang]
    elif parameter.default is None or parameter.default is False or callable(parameter.default):
        default = ""
    else:
        default = f"`{parameter.default}`"
    return [f"`{name_of(parameter)}`", cell(value), default, cell(help_of(verb, parameter, lang))]


def _value(hint: Any, lang: Lang) -> str:
    """What an option takes: nothing (a switch), one of some words, a number, a file."""
    if get_origin(hint) is Annotated:
        return _value(get_args(hint)[0], lang)
    if get_origin(hint) in (Union, types.UnionType):
        return _value(next(part for part in get_args(hint) if part is not type(None)), lang)
    if get_origin(hint) is list:
        return _MANY[lang].format(_value(get_args(hint)[0], lang))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return (", " if lang == "en" else "、").join(f"`{member.value}`" for member in hint)
    return "" if hint is bool else _VALUES.get(hint, _VALUES[str])[lang]
