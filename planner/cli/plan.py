"""`planner plan`: a scenario into its plan folder."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.options import LangOption, ScenarioArgument, language, naming_file, refuse_no_share
from planner.faults import BadInput, Fault
from planner.progress import Stage

if TYPE_CHECKING:
    from planner import Effort
    from planner.scenario import Scenario

_ROUNDS_FOR_GAP = 3

_Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="Folder of the plan. Default: maps/SCENARIO. 输出文件夹。")
]
_Gap = Annotated[
    float | None, typer.Option(help="Stop when the proven gap is at most this share, e.g. 0.02. 目标差距。")
]
_Time = Annotated[
    float | None,
    typer.Option(help="Seconds for siting; the plan then depends on the machine. 选址限时（秒），结果不可重复。"),
]
_Edits = Annotated[
    Path | None,
    typer.Option(help="CSV or GeoJSON: site_id with lock (in, out, free), bays or grid_kw. 站点编辑表。"),
]
_Since = Annotated[
    Path | None,
    typer.Option("--from", metavar="DIR", help="Go on from this plan, in a fraction of the time. 在已有方案上继续。"),
]


def plan_command(
    scenario: ScenarioArgument = None,
    *,
    output: _Output = None,
    gap: _Gap = None,
    time: _Time = None,
    edits: _Edits = None,
    since: _Since = None,
    lang: LangOption = None,
) -> None:
    """Plan a scenario and write its folder: map, report, sites, GeoPackage, summary. 规划并写出方案。

    SCENARIO may be a plan folder; with --edits its plan is gone on from, and the new one is written beside it.
    """
    if gap is not None:
        refuse_no_share(gap, "--gap")
    if time is not None and not time > 0:
        raise typer.BadParameter(f"expected seconds above 0, found {time:g}", param_hint="--time")
    from planner import draw_map, draw_report, make_plan, read_answers, read_edits, read_scenario, save_plan
    from planner.console.plan import print_plan
    from planner.console.progress import progress
    from planner.exports import refuse_foreign_folder

    spoken = language(lang)
    given = read_scenario(scenario)
    effort = _effort(given, gap, time)
    if edits is not None and scenario is not None and (Path(scenario) / "summary.json").is_file():
        home = Path(scenario)
        since = since or home
        output = output or home.resolve().with_name(f"{home.resolve().name}-edited")
    folder = output or _default_folder(given)
    refuse_foreign_folder(folder)
    wanted = None if edits is None else read_edits(edits)
    start = None if since is None else read_answers(since)
    with naming_file(scenario), stopped_by_control_c(effort), progress(spoken) as clock:
        plan = make_plan(given, clock, effort, wanted, start)
        clock(Stage.ASSESSMENT, *plan.proof.progress)
        _ = plan.assessment
        clock(Stage.BASELINES, *plan.proof.progress)
        _ = plan.baselines
        clock(Stage.MAP, *plan.proof.progress)
        page = draw_map(plan, spoken)
        clock(Stage.REPORT, *plan.proof.progress)
        report = draw_report(plan, spoken)
        clock(Stage.FILES, *plan.proof.progress)
        written = save_plan(plan, folder, page, clock.seconds, report)
    print_plan(plan, written, spoken)


def _effort(scenario: Scenario, gap: float | None, seconds: float | None) -> Effort:
    """How long to try: as the scenario says, or for this run alone to another gap or by a clock."""
    from planner import Effort

    siting = scenario.siting
    if gap is None and seconds is None:
        return Effort(siting.gap_share, siting.rounds)
    rounds = siting.rounds if gap is None else max(siting.rounds, _ROUNDS_FOR_GAP)
    return Effort(siting.gap_share if gap is None else gap, rounds, seconds, asked=True)


@contextmanager
def stopped_by_control_c(effort: Effort) -> Iterator[None]:
    """Inside, a first Ctrl-C while siting is under way asks for the best plan so far; any other one ends the program.

    Elsewhere than in the main thread nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if effort.stopped or not effort.is_under_way:
            raise KeyboardInterrupt
        effort.stop()

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _default_folder(scenario: Scenario) -> Path:
    """``maps/NAME`` under the working directory; a name that would lead elsewhere is refused."""
    name = scenario.name
    if not name or name in (".", "..") or set(name) & set('/\\:*?"<>|\0'):
        fault = Fault(
            "scenario, key name",
            en=f"{name!r} is no folder name; change it or give -o",
            zh=f"{name!r} 不能用作文件夹名，请修改或使用 -o",
        )
        raise BadInput([fault])
    return Path("maps") / name
