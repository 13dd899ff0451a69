"""`write_map`: the map of a plan as the file of its folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from planner.files.whole import whole_files
from planner.maps.basemap import Basemap
from planner.maps.draw import draw_map
from planner.words import Lang

if TYPE_CHECKING:
    from planner.plan import Plan


def write_map(plan: Plan, folder: str | Path, lang: Lang = "zh", basemap: Basemap | None = None) -> Path:
    """Write ``map.html`` into a plan's folder, whole or not at all.

    Parameters
    ----------
    plan
        The plan of that folder.
    folder
        Where to; it exists.
    lang
        Language shown on opening; both are in the page.
    basemap
        An online map to lay under the plan; the page then asks the network for it.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    BadInput
        The folder cannot be written.
    """
    file = Path(folder) / "map.html"
    page = draw_map(plan, lang, basemap)
    with whole_files(file) as (draft,):
        draft.write_text(page, encoding="utf-8")
    return file
