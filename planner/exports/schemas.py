"""The JSON Schemas of the GeoJSON files: their rules lie in the package, the words of their columns in views."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from planner.views import numbers
from planner.views.columns import column_of

SCHEMAS = ("sites", "candidates")


def read_schema(name: str) -> dict[str, Any]:
    """The schema of a layer, ``sites`` or ``candidates`` (JSON Schema, draft 2020-12)."""
    file = resources.files("planner").joinpath("assets", "schemas", f"{name}.schema.json")
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    rules = schema["$defs"]["site"]["properties"]["properties"]["properties"]
    for key, rule in rules.items():
        rules[key] = {**_words(key), **rule}
    return schema


def schema_text(name: str) -> str:
    """The schema as a file holds it."""
    return json.dumps(read_schema(name), ensure_ascii=False, indent=2) + "\n"


def _words(key: str) -> dict[str, str]:
    """The title of a column in Chinese with its unit, and what it is in English."""
    column = column_of(key)
    ends = " (0 to 1)" if column.write is numbers.share else ""
    return {"title": column.file_heading.zh, "description": f"{column.description}{ends}"}
