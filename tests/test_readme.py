"""Both READMEs against the program: commands, options, files, layers, examples and numbers are what they say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from helpers.places import CHECKOUT
from planner.candidates import find_sites
from planner.cli import app
from planner.exports import save_plan
from planner.layers import read_layers
from planner.maps import draw_map
from planner.plan import Plan
from planner.report import draw_report
from planner.scenario import read_scenario
from planner.tables import DISTRICTS, FEEDERS, LOCATED_CHARGERS, PLACES, STREETS, ZONES

README = {"en": "README.md", "zh": "README.zh.md"}
TEXT = {lang: (CHECKOUT / name).read_text(encoding="utf-8") for lang, name in README.items()}
LANGUAGES = pytest.mark.parametrize("lang", ["en", "zh"])
SCHEMAS = {
    "districts": DISTRICTS,
    "streets": STREETS,
    "zones": ZONES,
    "places": PLACES,
    "chargers": LOCATED_CHARGERS,
    "feeders": FEEDERS,
}


def blocks(lang: str, language: str) -> list[str]:
    """The code blocks of a language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT[lang], flags=re.DOTALL | re.MULTILINE)


def prose(lang: str) -> str:
    return re.sub(r"^```.*?^```$", "", TEXT[lang], flags=re.DOTALL | re.MULTILINE)


def spans(text: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`\n]+)`", text)


def section(lang: str, order: int) -> str:
    """A second-level section by its position, the same in both languages."""
    return re.split(r"^## ", TEXT[lang], flags=re.MULTILINE)[order + 1]


def first_cells(lang: str, order: int) -> dict[str, str]:
    """First cell, out of its backticks -> row, of the first table of a section."""
    rows = re.findall(r"^\| (`\w[\w.]*`)(.*)\|$", section(lang, order), flags=re.MULTILINE)
    return {cell.strip("`"): rest for cell, rest in rows}


@LANGUAGES
def test_ci_runs_the_two_commands_word_for_word(lang: str) -> None:
    commands = [block.strip() for block in blocks(lang, "sh")]
    assert commands == ["pip install . && planner plan", 'pip install -e ".[test]" && pytest']
    script = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    for command in commands:
        assert f"    {command}" in script


@pytest.mark.parametrize("language", ["sh", "toml", "python"])
def test_chinese_has_the_same_examples(language: str) -> None:
    assert blocks("zh", language) == blocks("en", language)
    assert blocks("en", language)


def test_chinese_names_the_same_things() -> None:
    """Commands, files, columns and keys in backticks; the Chinese text also explains the keys of the TOML example."""
    explained = {"quota", "budget_cny", "min_station"}
    assert set(spans(prose("zh"))) - explained == set(spans(prose("en")))


@LANGUAGES
def test_no_number_is_left_to_fill_in(lang: str) -> None:
    assert re.findall(r"@@\w+@@", TEXT[lang]) == []


@LANGUAGES
def test_commands_and_options_exist(lang: str) -> None:
    verbs = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    lines = [span for span in spans(prose(lang)) if span.startswith("planner ")]
    assert {line.split()[1] for line in lines} == set(verbs)
    for line in lines:
        verb, *words = line.split()[1:]
        known = {name for option in verbs[verb].params for name in option.opts}
        assert {word for word in words if word.startswith("-")} <= known, line
    everywhere = {name for verb in verbs.values() for option in verb.params for name in option.opts}
    for span in spans(prose(lang)):
        if span.startswith("-"):
            assert span.split()[0] in everywhere, span


@LANGUAGES
def test_embedded_scenarios_exist(lang: str) -> None:
    named = set(re.findall(r"(?<![\w/])(?:taiyuan|toytown)/\w+(?![\w./])", prose(lang)))
    assert named >= {
        "taiyuan/next_10000",
        "taiyuan/high_adoption",
        "taiyuan/low_home_charging",
        "taiyuan/waits",
        "toytown/toytown",
    }
    for name in sorted(named):
        assert read_scenario(name).name == name.split("/")[1]


@LANGUAGES
def test_files_and_links_exist(lang: str) -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT[lang]) if not link.startswith("http")]
    paths = [link for link in links if not link.startswith("#")]
    paths += [s for s in spans(prose(lang)) if re.match(r"(data|planner|tests)/|LICENSE", s)]
    assert len(paths) > 6
    assert [path for path in paths if not (CHECKOUT / path).exists()] == []
    titles = re.findall(r"^#+ (.*)$", TEXT[lang], flags=re.MULTILINE)
    headings = {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}
    assert {link[1:] for link in links if link.startswith("#")} <= headings


@LANGUAGES
def test_plan_folder_holds_what_is_listed(lang: str, toytown: Plan, tmp_path: Path) -> None:
    plan = toytown
    folder = save_plan(plan, tmp_path / "plan", draw_map(plan), report_html=draw_report(plan))
    assert set(first_cells(lang, 1)) == {file.name for file in folder.iterdir()}


@LANGUAGES
def test_layers_have_the_columns_that_are_read(lang: str) -> None:
    rows = first_cells(lang, 5)
    assert set(rows) == {*SCHEMAS, "task_units"}
    for layer, schema in SCHEMAS.items():
        assert set(spans(rows[layer])) - {"[kinds]", "[charger_types]"} == {schema.index.name, *schema.columns}


@LANGUAGES
def test_scenario_example_is_read(lang: str, tmp_path: Path) -> None:
    (example,) = blocks(lang, "toml")
    file = tmp_path / "five_thousand.toml"
    file.write_text(example, encoding="utf-8")
    scenario = read_scenario(file)
    assert (scenario.name, scenario.siting.quota, scenario.siting.lock_out) == ("five_thousand", 5000, ["g00001"])
    assert scenario.rings["core"].home_charging_share.base == 0.15
    assert sum(scenario.siting.tasks.values()) <= 5000  # Taiyuan's tasks stay, and the smaller quota must hold them
    assert "g00001" in find_sites(read_layers(scenario.study_area), scenario).index


def test_python_examples_run_and_print_the_share_of_assumptions(tmp_path: Path) -> None:
    done = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", block],
            cwd=tmp_path,
            env={"PYTHONPATH": str(CHECKOUT), "PYTHONUTF8": "1"},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=True,
        ).stdout
        for block in blocks("en", "python")
    ]
    assert "2,388 of at most 2,388 kWh a day" in done[0]  # toytown's value, by hand in data/toytown/README.md
    assert (tmp_path / "maps" / "toytown" / "map.html").is_file()
    share = done[1].strip().replace("%", " %")
    for lang in README:
        assert f"**{share} of" in TEXT[lang] or f"的 {share} 依赖假设**" in TEXT[lang]


@LANGUAGES
def test_taiyuan_counts(lang: str) -> None:
    scenario = read_scenario()
    layers = read_layers(scenario.study_area)
    sites = find_sites(layers, scenario)
    kinds = section(lang, 3)
    for number in (len(layers.places), len(layers.zones), len(sites), int(sites["modelled"].sum())):
        assert re.search(rf"(?<![\d,]){number:,}(?![\d,])", kinds), f"{number:,}"
