"""A plan folder as the content that was saved into it: whole, and edited by nobody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from planner.exports.content import Content
from planner.exports.digests import digest_json, digest_table, digest_text
from planner.exports.geopackage import read_geopackage
from planner.faults import BadInput, Fault, refuse, some
from planner.scenario import read_scenario

_NEEDED = ("scenario.toml", "summary.json", "plan.gpkg")


def read_content(folder: str | Path) -> Content:
    """A saved plan as it is exported; no layer of its study area is read.

    Raises
    ------
    BadInput
        No plan folder, or one of its files is missing, damaged or edited.
    """
    home = Path(folder)
    content, digests = stored(home)
    refuse(edited_scenario(home, digests))
    return content


def stored(home: Path) -> tuple[Content, dict[str, Any]]:
    """The content of a folder and the digests that it states; its tables and its summary are those that were saved."""
    content, digests, edited = held(home)
    refuse(edited)
    return content, digests


def held(home: Path) -> tuple[Content, dict[str, Any], list[Fault]]:
    """The content of a folder, the digests that it states, and what of its tables and its summary was edited since."""
    missing = [name for name in _NEEDED if not (home / name).is_file()]
    refuse(
        Fault(str(home), en=f"is no plan folder: {name} is missing", zh=f"不是方案文件夹：缺少 {name}")
        for name in missing
    )
    summary, digests, faults = _read_summary(home / "summary.json")
    layers = read_geopackage(home / "plan.gpkg")
    known = digests["tables"]
    lost = sorted(set(known) - set(layers))
    changed = [name for name in known if name in layers and digest_table(layers[name].table) != known[name]]
    if lost:
        en = f"the tables {some(lost)} are missing; bring the saved file back or plan again"
        faults.append(Fault(str(home / "plan.gpkg"), en=en, zh=f"缺少数据表 {some(lost)}；请恢复原文件或重新规划"))
    if changed:
        en = f"the tables {some(changed)} are not those that summary.json speaks of: edited, or of another plan"
        zh = f"数据表 {some(changed)} 与 summary.json 不符：被修改过，或属于另一方案；请恢复原文件或重新规划"
        faults.append(Fault(str(home / "plan.gpkg"), en=f"{en}; bring the saved file back or plan again", zh=zh))
    scenario = read_scenario(home / "scenario.toml")
    return Content(scenario, summary, {name: layers[name] for name in known if name in layers}), digests, faults


def _read_summary(file: Path) -> tuple[dict[str, Any], dict[str, Any], list[Fault]]:
    """The summary as it was before its digests were added, the digests, and a fault where it was edited since."""
    faults = []
    try:
        summary = json.loads(file.read_text(encoding="utf-8"))
        digests = summary.pop("digests", None)
        if digests is None:
            en = "has no digests: saved by an older version; plan again"
            raise BadInput([Fault(str(file), en=en, zh="缺少校验摘要：由旧版本保存，请重新规划")])
        if digest_json(summary) != digests["summary"]:
            en = "has been edited since the plan was saved; bring the saved file back or plan again"
            faults.append(Fault(str(file), en=en, zh="保存后被修改过；请恢复原文件或重新规划"))
        if not all(isinstance(digests[part], dict) for part in ("tables", "layers")):
            raise KeyError("digests")
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        en, zh = f"cannot be read as a plan's summary: {error}; plan again", f"无法读取方案摘要：{error}；请重新规划"
        raise BadInput([Fault(str(file), en=en, zh=zh)]) from None
    return summary, digests, faults


def edited_scenario(home: Path, digests: dict[str, Any]) -> list[Fault]:
    """A fault where the scenario of a folder is no longer the one that was saved."""
    file = home / "scenario.toml"
    if digest_text(file) == digests.get("scenario"):
        return []
    en = "has been edited since the plan was saved; bring the saved file back, or plan again with `planner plan`"
    return [Fault(str(file), en=en, zh="保存后被修改过；请恢复原文件，或用 `planner plan` 重新规划")]
