"""A plan in real QGIS and GDAL, as Debian has them: layers load, default styles apply, a picture is drawn."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from helpers.places import CHECKOUT
from planner.exports import save_plan
from planner.plan import Plan, make_plan
from planner.scenario import Scenario
from planner.views.palette import POWERS

pytestmark = pytest.mark.qgis
SYSTEM_PYTHON = Path("/usr/bin/python3")

SCRIPT = CHECKOUT / "tests" / "helpers" / "qgis_render.py"
FAST = tuple(bytes.fromhex(POWERS["fast"].removeprefix("#")))


def has(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def close(colour: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return sum(abs(a - b) for a, b in zip(colour, other, strict=True)) < 40


@pytest.fixture(scope="module")
def folder(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan: Plan = make_plan(scenario)
    return save_plan(plan, tmp_path_factory.mktemp("plans") / "toytown")


@pytest.mark.skipif(not has(str(SYSTEM_PYTHON), "-c", "import qgis.core"), reason="needs python3-qgis")
def test_qgis_draws_every_layer_in_its_default_style(folder: Path, tmp_path: Path) -> None:
    picture = Path(os.environ.get("PLANNER_PICTURES", tmp_path)) / "qgis.png"
    done = subprocess.run(
        [str(SYSTEM_PYTHON), str(SCRIPT), str(folder / "plan.gpkg"), str(picture)],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True, encoding="utf-8", check=True, timeout=180,
    )  # fmt: skip
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found.pop("errors") == []
    assert "Warning" not in done.stderr  # GDAL of some years ago reads the file without one
    assert {name: layer["features"] for name, layer in found.items()} == {
        "sites": 2, "districts": 2, "candidates": 4, "streets": 12, "zones": 9,
    }  # fmt: skip
    for layer in found.values():
        assert layer["valid"]
        assert layer["style"]
        assert layer["crs"] == "EPSG:32649"
    assert found["sites"]["renderer"] == "categorizedSymbol"
    assert found["sites"]["legend"][:2] == ["慢充 slow", "快充 fast"]
    assert found["sites"]["labels"]
    assert len(found["zones"]["legend"]) == 6
    pixels = Image.open(picture).convert("RGB")
    assert pixels.size == (1400, 1050)
    colours = pixels.getcolors(1_000_000) or []
    assert sum(n for n, colour in colours if close(colour, FAST)) > 60
    assert len(colours) > 8  # zones in shades, streets, districts


@pytest.mark.skipif(not has("ogrinfo", "--version"), reason="needs gdal-bin")
@pytest.mark.parametrize("name", ["plan.gpkg", "sites.geojson", "candidates.geojson"])
def test_gdal_reads_the_files(folder: Path, name: str) -> None:
    done = subprocess.run(
        ["ogrinfo", "-ro", "-al", "-so", str(folder / name)], capture_output=True, encoding="utf-8", check=True
    )
    assert "ERROR" not in done.stdout + done.stderr
    assert "Warning" not in done.stdout + done.stderr
    if name == "plan.gpkg":
        assert "Layer name: layer_styles" in done.stdout
        assert "Geometry: Multi Polygon" in done.stdout
    else:
        assert 'ID["EPSG",4326]' in done.stdout
        assert f"Feature Count: {2 if name.startswith('sites') else 4}" in done.stdout
