"""A plan folder read back: for another plan to go on from, or as the whole plan that it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd

from planner.exports.content import Content
from planner.exports.digests import digest_layers
from planner.exports.restored import answers_in, counts_in, demands_in
from planner.exports.stored import edited_scenario, stored
from planner.faults import Fault, refuse
from planner.layers import Layers, read_layers
from planner.plan import Plan, demand_by_year, pose
from planner.scenario import Scenario
from planner.siting import Answers
from planner.tables import SITES, check_table


def read_plan(folder: str | Path) -> Plan:
    """Restore a plan from its folder, exactly as it was: saved again, it gives the same files.

    Sites, chargers, today's chargers, the assignment and the proof come from ``plan.gpkg`` and the assumptions from
    ``scenario.toml``. Layers are read again from the study area that the scenario names; demand, access and the
    figures are computed again from all these. Nothing is sited again.

    Parameters
    ----------
    folder
        As `save_plan` wrote it.

    Returns
    -------
    Plan
        As `make_plan` returned it.

    Raises
    ------
    BadInput
        No plan folder; one of its files is missing, damaged or edited, or a layer of its study area has changed since;
        and what reading the scenario and layers refuses.
    """
    home = Path(folder)
    content, digests = stored(home)
    scenario = content.scenario
    refuse(edited_scenario(home, digests))
    layers = read_layers(scenario.study_area)
    refuse(_changed_layers(home, scenario, layers, digests))
    demands = demands_in(content) or demand_by_year(scenario, layers)
    existing = counts_in(content, "existing_count", float)
    problems = pose(scenario, layers, demands, _sites(content), existing)
    return Plan(scenario, layers, problems, answers_in(content))


def read_answers(folder: str | Path) -> Answers:
    """What siting answered in a plan, without its layers: for another one to go on from.

    Its scenario may have been edited since.

    Parameters
    ----------
    folder
        As `save_plan` wrote it.

    Returns
    -------
    Answers
        What `make_plan` takes as ``start``.

    Raises
    ------
    BadInput
        No plan folder, or one of its files is missing or damaged, or its tables have been edited.
    """
    content, _ = stored(Path(folder))
    return answers_in(content)


def _changed_layers(home: Path, scenario: Scenario, layers: Layers, digests: dict[str, Any]) -> list[Fault]:
    """Layers of the study area that are no longer what the plan was made from."""
    found = digest_layers(layers)
    changed = [name for name, digest in found.items() if digest != digests["layers"].get(name)]
    where = f"study area {scenario.study_area.folder}"
    return [
        Fault(
            f"{where}, layer {name}",
            en=f"has changed since the plan {home} was saved, whose figures it gave; bring it back or plan again",
            zh=f"在方案 {home} 保存后发生了变化，方案结果不再对应；请恢复该图层或重新规划",
        )
        for name in changed
    ]


def _sites(content: Content) -> gpd.GeoDataFrame:
    sites = content.spatial("candidates").drop(columns="chosen").set_index("site_id")
    return gpd.GeoDataFrame(check_table(sites, SITES, "plan.gpkg"), geometry="geometry", crs=sites.crs)
