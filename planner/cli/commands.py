"""The command line: which verbs there are, in the order of the help. Nothing heavy is loaded to show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

import planner
from planner.cli import data, outputs, plan, studies

app = typer.Typer(
    name="planner",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Which sites get how many chargers of which power, and how good that plan is. 充电网络规划。",
)
import_app = typer.Typer(no_args_is_help=True, help="Bring data of your own into a study area. 导入自有数据。")
app.add_typer(import_app, name="import")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"planner {planner.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version. 显示版本。")
    ] = False,
) -> None:
    """Which sites get how many chargers of which power, and how good that plan is. 充电网络规划。"""


_COMMANDS: dict[str, Callable[..., None]] = {
    "plan": plan.plan_command,
    "check": data.check_command,
    "assumptions": data.assumptions_command,
    "fetch": data.fetch_command,
    "map": outputs.map_command,
    "export": outputs.export_command,
    "report": outputs.report_command,
    "simulate": studies.simulate_command,
    "baselines": studies.baselines_command,
    "alternatives": studies.alternatives_command,
    "compare": studies.compare_command,
    "fairness": studies.fairness_command,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)
import_app.command("chargers")(data.import_chargers_command)
