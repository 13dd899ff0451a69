"""Questions about saved plans: `planner simulate`, `baselines`, `alternatives`, `compare` and `fairness`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.options import LangOption, PlanFolder, language, naming_file_of, refuse_no_share
from planner.progress import Stage
from planner.studies.defaults import ALTERNATIVES, DAYS, STRESS_DAYS, WITHIN_SHARE

_Days = Annotated[int, typer.Option(min=1, max=3650, help="Days that count. 统计天数。")]
_Seed = Annotated[int, typer.Option(min=0, help="Of the random arrivals: the same gives the same. 随机种子。")]
_Stress = Annotated[
    bool,
    typer.Option("--stress", help="Also days on which drivers go to the nearest station. 另做就近自选压力测试。"),
]
_StressDays = Annotated[
    int, typer.Option(min=1, max=365, help="Days of the stress test that count. 压力测试统计天数。")
]
_Count = Annotated[int, typer.Option("-k", min=1, max=50, help="How many besides the plan. 备选方案数。")]
_Within = Annotated[
    float, typer.Option(help="The most of the plan's value that each may lose, e.g. 0.01. 允许损失的比例。")
]
_Folders = Annotated[list[Path], typer.Argument(metavar="DIR DIR...", help="Plan folders. 方案文件夹。")]
_Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Of two plans: folder for the difference by site. 两方案差异的输出文件夹。"),
]
_Draw = Annotated[
    bool,
    typer.Option("--map", help="Of two plans: also difference.html, into maps/difference without -o. 差异地图。"),
]
_Floors = Annotated[
    str | None,
    typer.Option(help="Least served shares of every district, e.g. 0.5,0.6,0.7. 各区服务率下限，逗号分隔。"),
]


def simulate_command(
    folder: PlanFolder,
    *,
    days: _Days = DAYS,
    seed: _Seed = 0,
    stress: _Stress = False,
    stress_days: _StressDays = STRESS_DAYS,
    lang: LangOption = None,
) -> None:
    """Send a plan's drivers through some days, one by one: waits, losses, use. 逐车仿真：等待、流失、利用率。"""
    from planner import read_plan, save_simulation, simulate_plan, stress_plan
    from planner.console.printing import console, show
    from planner.console.progress import progress
    from planner.views.simulation import kept_line, simulation_table
    from planner.views.stress import overrun_table, stress_sentence, stress_table

    spoken = language(lang)
    with naming_file_of(folder), progress(spoken) as clock:
        clock(Stage.LAYERS, None, None)
        plan = read_plan(folder)
        clock(Stage.SIMULATION, None, None)
        seen = simulate_plan(plan, days, seed)
        if stress:
            clock(Stage.STRESS_TEST, None, None)
        pressed = stress_plan(plan, stress_days, seed) if stress else None
        save_simulation(seen, folder, plan.sites, pressed)
    show(simulation_table(seen, plan.scenario), spoken)
    show(kept_line(seen), spoken)
    if pressed:
        show(stress_sentence(pressed), spoken)
        show(stress_table(pressed, plan.scenario), spoken)
        show(overrun_table(pressed, plan.sites, plan.scenario), spoken)
    console().print(str(folder / "simulation.json"))


def baselines_command(folder: PlanFolder, lang: LangOption = None) -> None:
    """Set a plan beside today, shares by residents and a greedy method. 与今日、按人口分配、贪心法比较。

    Where chargers stand today, also beside the best network of the same chargers, which takes as long as a plan.
    """
    from planner import compare_baselines, read_plan, save_baselines
    from planner.console.printing import console, show
    from planner.console.progress import progress
    from planner.views.baselines import baseline_table

    spoken = language(lang)
    with progress(spoken) as clock:
        clock(Stage.LAYERS, None, None)
        table = compare_baselines(read_plan(folder), clock)
        save_baselines(table, folder)
    show(baseline_table(table), spoken)
    console().print(str(folder / "baselines.json"))


def alternatives_command(
    folder: PlanFolder, count: _Count = ALTERNATIVES, within: _Within = WITHIN_SHARE, lang: LangOption = None
) -> None:
    """Find other plans nearly as good at other sites: which sites are robust. 近优备选方案与站点稳健性。"""
    refuse_no_share(within, "--within")
    from planner import find_alternatives, read_plan, save_alternatives
    from planner.console.printing import console, show
    from planner.console.progress import progress
    from planner.views.alternatives import alternative_table, robust_line

    spoken = language(lang)
    with naming_file_of(folder), progress(spoken) as clock:
        clock(Stage.LAYERS, None, None)
        found = find_alternatives(read_plan(folder), count, within, clock)
        save_alternatives(found, folder)
    show(alternative_table(found), spoken)
    show(robust_line(found), spoken)
    console().print(str(folder / "alternatives.json"))


def compare_command(folders: _Folders, *, output: _Output = None, draw: _Draw = False, lang: LangOption = None) -> None:
    """Set saved plans side by side; of two, write at which sites they differ. 比较已保存的方案。"""
    if (output is not None or draw) and len(folders) != 2:
        hint = "-o" if output is not None else "--map"
        raise typer.BadParameter(f"a difference is of two plans, found {len(folders)}", param_hint=hint)
    from planner import draw_difference, read_saved_plans, save_difference
    from planner.console.printing import console, show
    from planner.views.difference import difference_line, figures_table

    spoken = language(lang)
    output = output or (Path("maps") / "difference" if draw else None)
    plans = read_saved_plans(folders)
    show(figures_table(plans), spoken)
    if len(plans) == 2:
        show(difference_line(plans[0], plans[1]), spoken)
    if output is not None:
        page = draw_difference(plans[0], plans[1], spoken) if draw else None
        save_difference(plans[0], plans[1], output, page)
        console().print(str(output / ("difference.html" if draw else "difference.json")))


def fairness_command(folder: PlanFolder, floors: _Floors = None, lang: LangOption = None) -> None:
    """The price of fairness: what service a floor for every district takes, level by level. 公平的代价。

    Without --floors five levels between what the plan's worst district has and the most that all can have.
    """
    levels = None if floors is None else _shares(floors, "--floors")
    from planner import fairness_curve, read_plan, save_fairness
    from planner.console.printing import console, show
    from planner.console.progress import progress
    from planner.views.fairness import fairness_notes, fairness_table

    spoken = language(lang)
    with naming_file_of(folder), progress(spoken) as clock:
        clock(Stage.LAYERS, None, None)
        curve = fairness_curve(read_plan(folder), levels, clock)
        save_fairness(curve, folder)
    show(fairness_table(curve), spoken)
    for note in fairness_notes(curve):
        show(note, spoken)
    console().print(str(folder / "fairness.json"))


def _shares(text: str, option: str) -> list[float]:
    """Numbers between 0 and 1, separated by commas."""
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        shares = [-1.0]
    if not all(0 < share <= 1 for share in shares):
        raise typer.BadParameter(f"expected shares between 0 and 1 like 0.5,0.6, found {text}", param_hint=option)
    return sorted(set(shares))
