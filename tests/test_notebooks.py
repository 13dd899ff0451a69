"""The notebooks run from top to bottom, show what they tell of, and are kept without outputs."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from helpers.places import CHECKOUT
from planner import read_plan

FOLDER = CHECKOUT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# value and bound of what was planned, in words
PROOF = re.compile(r"value 目标值 ([\d,.]+), bound 上界 ([\d,.]+), gap 差距 ([\d.]+)%")
PLAN_FILES = {"map.html", "report.html", "plan.gpkg", "plan.xlsx", "sites.geojson", "scenario.toml", "summary.json"}


def executed(name: str, folder: Path) -> NotebookNode:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    return NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()


def outputs(notebook: NotebookNode, mime: str) -> list[str]:
    """What the cells show of a kind."""
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output["data"][mime] for output in shown if mime in output.get("data", {})]


def printed(notebook: NotebookNode) -> str:
    """All that the cells print or show as text."""
    streams = [o["text"] for c in notebook.cells for o in c.get("outputs", []) if o["output_type"] == "stream"]
    return "\n".join([*streams, *outputs(notebook, "text/plain")])


def proven(text: str) -> tuple[float, float, float]:
    """Value, bound and gap in percent, as the notebook prints them."""
    found = PROOF.search(text)
    assert found is not None
    value, bound, gap = (float(part.replace(",", "")) for part in found.groups())
    return value, bound, gap


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notebooks' temporary folders lie in the test's own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def test_there_are_notebooks() -> None:
    assert [file.stem for file in NOTEBOOKS] == ["1_first_plan", "2_demand", "4_another_city"]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_is_kept_without_outputs(file: Path) -> None:
    cells = [cell for cell in nbformat.read(file, as_version=4).cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)


@pytest.mark.slow
def test_the_first_plan_has_ten_cells_and_shows_its_map(tmp_path: Path) -> None:
    done = executed("1_first_plan", tmp_path)
    assert sum(cell.cell_type == "code" for cell in done.cells) == 10
    text = printed(done)
    # 2,388: data/toytown/README.md by hand
    assert proven(text) == (2_388.0, 2_388.0, 0.0)
    assert "no plan that keeps the rules is better" in text
    assert "4,000 residents" in text
    assert "1. p2 中心商场" in text
    (folder,) = tmp_path.glob("*/first_plan")
    assert {file.name for file in folder.iterdir()} >= PLAN_FILES
    assert f"open in a browser 用浏览器打开: {folder / 'map.html'}" in text
    (frame,) = [page for page in outputs(done, "text/html") if "srcdoc=" in page]
    assert "Toytown" in frame


@pytest.mark.slow
def test_the_demand_notebook_draws(tmp_path: Path) -> None:
    assert len(outputs(executed("2_demand", tmp_path), "image/png")) >= 4


@pytest.mark.slow
def test_another_city_goes_from_files_to_a_plan_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # whoever asked the network all the same would be sent to a proxy that is not there
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    done = executed("4_another_city", tmp_path)
    text = printed(done)
    value, bound, gap = proven(text)
    assert 0 < value <= bound
    assert gap == pytest.approx(100 * (bound - value) / bound, abs=0.01)
    assert "residents of 2 units modelled" in text
    assert "declared gcj02" in text  # SOURCES.md
    assert "residents 80,000" in text  # planner check: 42,000 + 38,000 of the table
    assert "no faults" in text
    assert "this scenario: 80 chargers, 8,000,000 CNY" in text
    assert len(outputs(done, "image/png")) == 2
    (folder,) = tmp_path.glob("*/plan")
    assert {file.name for file in folder.iterdir()} >= PLAN_FILES
    plan = read_plan(folder)
    assert 0 < plan.chargers["count"].sum() <= 80
    assert f"{plan.chargers['count'].sum():,.0f} chargers at {len(plan.assessment.sites)} sites" in text
    assert plan.assessment.tasks.loc["云西区（虚构）", "chargers"] >= 30
    assert plan.layers.chargers[["charger_type", "count"]].to_numpy().tolist() == [["dc60", 6]]
