"""The report as a PDF: its words, its pages, its bytes, and what it needs."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from helpers.command import planner
from helpers.plans import unserved_at_first
from helpers.reported_town import reported_plan
from helpers.reports import FOOT_PT, HOSTILE, Page, pdf_lines, with_hostile_names
from planner.exports import save_plan
from planner.plan import Plan
from planner.report import draw_report, write_report
from planner.report.compose import compose
from planner.report.document import clean
from planner.report.pdf import find_font, pdf_bytes
from planner.words import LANGS

typst = pytest.importorskip("typst")
LANGUAGES = pytest.mark.parametrize("lang", ["zh", "en"])
HEADING_PT = (14.0, 11.3, 9.8)


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    plan = reported_plan()
    two = unserved_at_first(plan)
    return {"one": plan, "two": two, "hostile": with_hostile_names(two)}


@pytest.fixture(scope="module")
def made(plans: dict[str, Plan]) -> dict[tuple[str, str], bytes]:
    return {(name, lang): pdf_bytes(compose(plan), lang) for name, plan in plans.items() for lang in LANGS}


def words(content: bytes) -> str:
    from pypdf import PdfReader

    pages = PdfReader(io.BytesIO(content)).pages
    return "".join("".join(page.extract_text() for page in pages).replace("\u200b", "").split())


@LANGUAGES
def test_headings_and_numbers_are_those_of_the_page(plans: dict[str, Plan], made: Any, lang: str) -> None:
    text = words(made["two", lang])
    page = Page(draw_report(plans["two"]), lang)
    headings = {
        "zh": ("区县任务分解", "分年度", "方案有多好，如何得知", "数据来源与许可", "玩具城六台充电桩布局方案"),
        "en": ("District tasks", "Year by year", "Data sources and licences"),
    }
    for heading in headings[lang]:
        assert heading.replace(" ", "") in text
    cells = {cell for rows in page.tables for row in rows for cell in row}
    assert len(cells) > 200
    lost = [cell for cell in cells if "".join(cell.split()) not in text]
    assert len(lost) <= len(cells) / 50, lost  # cells of several lines may be read in another order


def test_the_font_is_embedded_and_no_letter_is_lost(made: dict[tuple[str, str], bytes]) -> None:
    from pypdf import PdfReader

    for content in made.values():
        fonts = {
            str(font.get_object()["/BaseFont"])
            for page in PdfReader(io.BytesIO(content)).pages
            for font in page["/Resources"].get("/Font", {}).values()
        }
        assert fonts and all("+" in name for name in fonts)  # subsets, so embedded
        assert "\ufffd" not in words(content)


@pytest.mark.parametrize("name", ["one", "two", "hostile"])
@LANGUAGES
def test_no_heading_is_left_at_the_foot_of_a_page(made: Any, name: str, lang: str) -> None:
    pages = pdf_lines(made[name, lang])
    assert len(pages) >= 6
    headings = 0
    for lines in pages:
        lowest = min(line.y for line in lines)
        for line in lines:
            if line.bold and any(abs(line.size - size) < 0.05 for size in HEADING_PT):
                headings += 1
                assert line.y > lowest + 5, f"heading {line.text!r} is the last of its page"
    assert headings > 10
    assert all(line.y > FOOT_PT for lines in pages for line in lines)


@LANGUAGES
def test_the_first_part_is_two_pages(made: Any, lang: str) -> None:
    pages = pdf_lines(made["two", lang])
    first = ["".join(line.text for line in lines) for lines in pages[:3]]
    assert {"zh": "区县任务分解", "en": "Districttasks"}[lang] in first[1].replace(" ", "")
    assert {"zh": "方法", "en": "Method"}[lang] in first[2]


@pytest.mark.parametrize("name", ["two", "hostile"])
@LANGUAGES
def test_nothing_runs_over_the_margins(made: Any, name: str, lang: str, tmp_path: Path) -> None:
    if shutil.which("pdftoppm") is None:
        pytest.skip("no pdftoppm (poppler) on this machine")
    file = tmp_path / "report.pdf"
    file.write_bytes(made[name, lang])
    subprocess.run(["pdftoppm", "-r", "50", "-gray", file, tmp_path / "page"], check=True)
    pictures = sorted(tmp_path.glob("page*.pgm"))
    assert len(pictures) >= 6
    for picture in pictures:
        ink = np.asarray(Image.open(picture)) < 200
        edge = int(17.5 / 25.4 * 50)  # margins of 18 mm
        assert not ink[:, :edge].any() and not ink[:, -edge:].any(), picture.name
        assert ink.any()


@LANGUAGES
def test_hostile_names_are_set_as_they_are(made: Any, lang: str) -> None:
    assert "".join(clean(HOSTILE).split()) in words(made["hostile", lang])


def test_same_plan_gives_the_same_bytes(plans: dict[str, Plan], made: Any) -> None:
    assert pdf_bytes(compose(plans["two"]), "zh") == made["two", "zh"]


def test_fonts_are_looked_for_in_their_order(faults: Any) -> None:
    assert find_font(["Noto Sans CJK SC", "simsun", "DejaVu Sans"]) == "simsun"
    assert find_font(["SimSun", "Microsoft YaHei"]) == "Microsoft YaHei"
    (told,) = faults(find_font, ["DejaVu Sans", "Noto Sans CJK JP"])
    assert "report.pdf: no font with Chinese letters" in told
    assert "Microsoft YaHei, SimSun, Noto Sans CJK SC, Source Han Sans SC" in told


def test_without_a_font_nothing_is_written(
    plans: dict[str, Plan], tmp_path: Path, faults: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = typst.Fonts(include_system_fonts=False)
    monkeypatch.setattr(typst, "Fonts", lambda: bare)
    (told,) = faults(write_report, plans["one"], tmp_path, "zh", True)
    assert "no font with Chinese letters" in told
    assert list(tmp_path.iterdir()) == []


def test_without_typst_the_extra_is_named(
    plans: dict[str, Plan], tmp_path: Path, faults: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    (told,) = faults(write_report, plans["one"], tmp_path, "zh", True)
    assert 'report.pdf: needs the package typst: pip install "ev-charging-planner[report]"' in told
    assert list(tmp_path.iterdir()) == []
    assert write_report(plans["one"], tmp_path) == [tmp_path / "report.html"]  # which needs neither


def test_the_command_writes_both(plans: dict[str, Plan], made: Any, tmp_path: Path) -> None:
    home = save_plan(plans["one"], tmp_path / "plan")
    done = planner("report", home, "--pdf", "--lang", "en", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(home / "report.html"), str(home / "report.pdf")]
    assert (home / "report.pdf").read_bytes() == made["one", "en"]
