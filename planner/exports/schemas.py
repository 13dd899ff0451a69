"""The JSON Schemas of ``sites.geojson`` and ``candidates.geojson``, as they lie in the package."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

SCHEMAS = ("sites", "candidates")


def schema_file(name: str) -> Path:
    """Where the schema of a layer lies: ``sites`` or ``candidates``."""
    return Path(str(resources.files("planner"))) / "assets" / "schemas" / f"{name}.schema.json"


def read_schema(name: str) -> dict[str, Any]:
    """The schema of a layer (JSON Schema, draft 2020-12)."""
    schema: dict[str, Any] = json.loads(schema_file(name).read_text(encoding="utf-8"))
    return schema
