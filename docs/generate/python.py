"""The reference of the Python face: every public name, in groups, from its docstring."""

from __future__ import annotations

import inspect
from typing import Any

import planner
import planner.location
from generate.words import Lang, table, words

_HEADS = {"en": ["name", "what it does"], "zh": ["名称", "作用"]}
_REST = {"en": "Others", "zh": "其他"}


def python_reference(lang: Lang) -> str:
    """A table and the docstrings of each group of names."""
    return "\n\n".join(_group(title, names, lang) for title, names in groups(lang).items())


def public_names() -> list[str]:
    """Every name that is promised, by where it is imported from."""
    models = [f"location.{name}" for name in planner.location.__all__]
    return [*planner.__all__, *models]


def groups(lang: Lang) -> dict[str, list[str]]:
    """Title -> names; a name that `words.toml` does not know is in the last group."""
    known = {group[lang]: list(group["names"]) for group in words()["python"]}
    public = public_names()
    found = {title: [name for name in names if name in public] for title, names in known.items()}
    rest = [name for name in public if not any(name in names for names in known.values())]
    return {title: names for title, names in {**found, _REST[lang]: rest}.items() if names}


def sentence(name: str, lang: Lang) -> str:
    """What a public name does, in a sentence."""
    if lang == "zh":
        told = {name: text for group in words()["python"] for name, text in group["names"].items()}
        if name in told:
            return str(told[name])
    return inspect.cleandoc(thing_of(name).__doc__ or "").split("\n\n")[0].replace("\n", " ")


def thing_of(name: str) -> Any:
    """The function or class of a public name."""
    thing: Any = planner
    for part in name.split("."):
        thing = getattr(thing, part)
    return thing


def home_of(name: str) -> str:
    """Where the thing is written; a module may have the name of the function in it."""
    thing = thing_of(name)
    return f"{thing.__module__}.{thing.__qualname__}"


def _group(title: str, names: list[str], lang: Lang) -> str:
    rows = [[f"[`{name}`](#{home_of(name)})", sentence(name, lang)] for name in names]
    docstrings = "\n\n".join(_docstring(name) for name in names)
    return f"## {title}\n\n{table(_HEADS[lang], rows, 'names')}\n\n{docstrings}"


def _docstring(name: str) -> str:
    """What makes the docstring of a name appear, under the name that it is imported by."""
    short = name.rsplit(".", 1)[-1]
    return f"::: {home_of(name)}\n    options:\n      heading: planner.{name}\n      toc_label: {short}"
