"""The study area of a scenario: where its layers lie and how they are measured."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from planner.scenario.figure import Section
from planner.scenario.file import embedded


class StudyArea(Section):
    """Where the layers lie and how they are measured."""

    folder: str = Field(description="Folder of the layers, relative to the scenario file, or `embedded:NAME`.")
    crs: str = Field(description="Working CRS: projected, in metres.")
    zone_side_m: float = Field(500.0, gt=0, description="Side of a square zone where zones come as south-west corners.")
    attribution: str = Field(description="Shown on every map and in every export.")
    task_zones: list[str] = Field([], description="Development zones that answer for tasks beside the districts.")


def area_folder(area: StudyArea) -> Path:
    """The folder of a study area as `read_scenario` left it."""
    return embedded(area.folder.removeprefix("embedded:")) if area.folder.startswith("embedded:") else Path(area.folder)
