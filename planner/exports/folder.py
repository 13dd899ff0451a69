"""Write a plan folder, whole or not at all."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.exports.collect import content_of
from planner.exports.content import Content
from planner.exports.digests import digest_json, digest_layers, digest_text, plan_id
from planner.exports.files import FILE_TARGETS, WRITE_FAULTS, unwritten
from planner.exports.geopackage import digest_saved, write_geopackage
from planner.exports.workbook import write_workbook
from planner.faults import BadInput, Fault
from planner.files.whole import beside, put_in_place, refuse_unwritable, write_geojson, write_json
from planner.scenario import write_scenario
from planner.views.alternatives import FILES as ALTERNATIVE_FILES
from planner.views.baselines import FILES as BASELINE_FILES
from planner.views.fairness import FILES as FAIRNESS_FILES
from planner.views.simulation import FILES as SIMULATION_FILES

if TYPE_CHECKING:
    from planner.layers import Layers
    from planner.plan import Plan

_PLAN_FILES = (
    *("map.html", "report.html", "report.pdf", "sites.geojson", "candidates.geojson", "plan.gpkg", "plan.xlsx"),
    *("scenario.toml", "summary.json", "run.json"),
    *SIMULATION_FILES,  # of the plan that was there before
    *BASELINE_FILES,
    *ALTERNATIVE_FILES,
    *FAIRNESS_FILES,
    *(target.place for target in FILE_TARGETS.values()),
)
_PACKAGES = ("geopandas", "highspy", "numpy", "pandas", "pulp", "pyogrio", "scipy", "shapely")


def save_plan(
    plan: Plan,
    folder: str | Path,
    map_html: str | None = None,
    seconds: Mapping[str, float] | None = None,
    report_html: str | None = None,
) -> Path:
    """Write a plan folder, whole or not at all.

    Parameters
    ----------
    plan
        What `make_plan` returned.
    folder
        Where to; a plan folder of that name is replaced once the new one is complete (files in it that are not a
        plan's stay).
    map_html
        The text of ``map.html``; left out where None.
    seconds
        Stage -> seconds, for ``run.json``.
    report_html
        The text of ``report.html``; left out where None.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    BadInput
        `folder` is a file or a folder of something else, or cannot be written: nothing is left of it, and a plan that
        was there stays as it was.
    """
    target = Path(folder).resolve()
    refuse_foreign_folder(target)
    content = content_of(plan)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with beside(target) as draft:
            for name, page in (("map.html", map_html), ("report.html", report_html)):
                if page is not None:
                    (draft / name).write_text(page, encoding="utf-8")
            _write_files(content, plan.layers, draft)
            write_json(_run(seconds or {}), draft / "run.json")
            put_in_place(draft, target, _PLAN_FILES)
    except WRITE_FAULTS as error:
        raise BadInput([unwritten(target, error)]) from None
    return target


def refuse_foreign_folder(folder: str | Path) -> None:
    """Refuse a place where a plan folder cannot be written or would overwrite something else.

    Raises
    ------
    BadInput
        `folder` is a file, a folder with files but without ``summary.json``, or lies where nothing can be written.
    """
    path = Path(folder)
    refuse_unwritable(path)
    if path.is_dir() and any(path.iterdir()) and not (path / "summary.json").is_file():
        en = "holds files but no plan (no summary.json) and is not overwritten; give an empty or a new folder"
        zh = "文件夹内有其他文件而没有方案（缺少 summary.json），不予覆盖；请另选空文件夹或新文件夹"
        raise BadInput([Fault(str(path), en=en, zh=zh)])


def _write_files(content: Content, layers: Layers, folder: Path) -> None:
    """All files but those that say how the plan was made; the digests of the tables are those read back."""
    for name in ("sites", "candidates"):
        write_geojson(content.spatial(name).set_index("site_id"), folder / f"{name}.geojson")
    write_scenario(content.scenario, folder / "scenario.toml")
    write_geopackage(content, folder / "plan.gpkg")
    tables = digest_saved(folder / "plan.gpkg", content.layers)
    scenario = digest_text(folder / "scenario.toml")
    summary = {"plan_id": plan_id(content.scenario.name, [scenario, *tables.values()]), **content.summary}
    digests = {
        "scenario": scenario,
        "tables": tables,
        "layers": digest_layers(layers),
        "summary": digest_json(summary),
    }
    write_workbook(Content(content.scenario, summary, content.layers), folder / "plan.xlsx")
    write_json(summary | {"digests": digests}, folder / "summary.json")


def _run(seconds: Mapping[str, float]) -> dict[str, Any]:
    versions = {name: metadata.version(name) for name in _PACKAGES}
    return {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": {stage: round(spent, 3) for stage, spent in seconds.items()},
        "versions": {"python": platform.python_version(), **versions},
    }
