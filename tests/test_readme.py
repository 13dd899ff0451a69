"""README and documentation against the program: commands, options, files, layers and examples are what they say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from helpers.pages import DOCS, NAMES, TEXT, all_prose, blocks, first_cells, links, path_of, prose, section, spans
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

LANGUAGES = pytest.mark.parametrize("lang", ["en", "zh"])
PAGES = pytest.mark.parametrize("name", NAMES)
MOST_LINES = 150
SCHEMAS = {
    "districts": DISTRICTS,
    "streets": STREETS,
    "zones": ZONES,
    "places": PLACES,
    "chargers": LOCATED_CHARGERS,
    "feeders": FEEDERS,
}
EXPLAINED = {
    "README": {"quota", "budget_cny", "min_station", "lock_out"},  # the comments of the example are English
    "scenario": {"quota", "budget_cny", "min_station", "lock_out", "candidates.geojson"},
}
"""What the Chinese text names beside what the English one names."""
FOLDERS = r"(data|planner|tests|benchmarks|notebooks)/\S+$|LICENSE"


@LANGUAGES
def test_the_readme_is_short(lang: str) -> None:
    assert len(TEXT[lang, "README"].splitlines()) <= MOST_LINES


@LANGUAGES
def test_ci_runs_the_two_commands_word_for_word(lang: str) -> None:
    commands = [block.strip() for block in blocks(lang, "README", "sh")]
    assert commands == ["pip install . && planner plan", 'pip install -e ".[test]" && pytest']
    script = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    for command in commands:
        assert f"    {command}" in script
    for name in NAMES:
        assert {block.strip() for block in blocks(lang, name, "sh")} <= set(commands), name


@PAGES
@pytest.mark.parametrize("language", ["sh", "toml", "python", "text", ""])
def test_chinese_has_the_same_examples(name: str, language: str) -> None:
    english, chinese = blocks("en", name, language), blocks("zh", name, language)
    assert len(english) == len(chinese)
    if language != "text":  # words, not code
        assert chinese == english


@pytest.mark.parametrize("language", ["sh", "toml", "python"])
def test_the_readme_has_examples(language: str) -> None:
    assert blocks("en", "README", language)


@PAGES
def test_chinese_names_the_same_things(name: str) -> None:
    """Commands, files, columns and keys in backticks; the Chinese text also explains the keys of the TOML example."""
    chinese, english = set(spans(prose("zh", name))), set(spans(prose("en", name)))
    assert chinese - EXPLAINED.get(name, set()) == english - EXPLAINED.get(name, set())


@PAGES
def test_chinese_points_to_the_same_pages(name: str) -> None:
    english = [link.replace("docs/en", "docs/zh").replace("README.zh.md", "README.md") for link in links("en", name)]
    assert sorted(link.replace("docs/en", "docs/zh") for link in links("zh", name)) == sorted(english)


@LANGUAGES
def test_no_number_is_left_to_fill_in(lang: str) -> None:
    assert [name for name in NAMES if re.search(r"@@\w+@@", TEXT[lang, name])] == []


@LANGUAGES
def test_commands_and_options_exist(lang: str) -> None:
    verbs = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    verbs |= {f"import {name}": verb for name, verb in verbs["import"].commands.items()}
    lines = [span for span in spans(all_prose(lang)) if span.startswith("planner ")]
    assert {line.split()[1] for line in lines} == {verb.split()[0] for verb in verbs}
    for line in lines:
        verb, *words = line.split()[1:]
        called = [command for name, command in verbs.items() if name.split()[0] == verb]
        options = {name for command in called for option in command.params for name in option.opts}
        assert {word for word in words if word.startswith("-")} <= options, line
    everywhere = {name for verb in verbs.values() for option in verb.params for name in option.opts}
    for span in spans(all_prose(lang)):
        if re.match(r"--?[a-z]", span):
            assert span.split()[0] in everywhere, span


@LANGUAGES
def test_the_readme_names_every_verb(lang: str) -> None:
    verbs = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = {span.split()[1] for span in spans(prose(lang, "README")) if span.startswith("planner ")}
    assert named == verbs
    assert len(re.findall(r"^\| `planner ", TEXT[lang, "README"], flags=re.MULTILINE)) == 5


@LANGUAGES
def test_embedded_scenarios_exist(lang: str) -> None:
    named = set(re.findall(r"(?<![\w/])(?:taiyuan|toytown)/\w+(?![\w./])", all_prose(lang)))
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
@PAGES
def test_files_and_links_exist(lang: str, name: str) -> None:
    """Anchors of the documentation are checked by `mkdocs build --strict`."""
    inside = [link.split("#")[0] for link in links(lang, name) if not link.startswith(("http", "#"))]
    folder = (CHECKOUT / path_of(name, lang)).parent
    assert [link for link in inside if not (folder / link).exists()] == []
    paths = [span for span in spans(prose(lang, name)) if re.match(FOLDERS, span)]
    assert [path for path in paths if not (CHECKOUT / path).exists()] == []
    modules = {file.name for file in (CHECKOUT / "planner").rglob("*.py")}
    assert {s for s in spans(prose(lang, name)) if re.fullmatch(r"\w+\.py", s)} <= modules
    if name == "README":
        assert len(inside) + len(paths) > 6
        titles = re.findall(r"^#+ (.*)$", TEXT[lang, name], flags=re.MULTILINE)
        headings = {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}
        assert {link[1:] for link in links(lang, name) if link.startswith("#")} <= headings


@LANGUAGES
def test_plan_folder_holds_what_is_listed(lang: str, toytown: Plan, tmp_path: Path) -> None:
    plan = toytown
    folder = save_plan(plan, tmp_path / "plan", draw_map(plan), report_html=draw_report(plan))
    assert set(first_cells(TEXT[lang, "folder"])) == {file.name for file in folder.iterdir()}


@LANGUAGES
def test_layers_have_the_columns_that_are_read(lang: str) -> None:
    rows = first_cells(section(lang, "city", 1))
    assert set(rows) == {*SCHEMAS, "task_units"}
    for layer, schema in SCHEMAS.items():
        assert set(spans(rows[layer])) - {"[kinds]", "[charger_types]"} == {schema.index.name, *schema.columns}


@LANGUAGES
@pytest.mark.parametrize("name", ["README", "scenario"])
def test_scenario_example_is_read(lang: str, name: str, tmp_path: Path) -> None:
    (example,) = blocks(lang, name, "toml")
    file = tmp_path / "five_thousand.toml"
    file.write_text(example, encoding="utf-8")
    scenario = read_scenario(file)
    assert (scenario.name, scenario.siting.quota, scenario.siting.lock_out) == ("five_thousand", 5000, ["g00001"])
    assert scenario.rings["core"].home_charging_share.base == 0.15
    assert sum(scenario.siting.tasks.values()) <= 5000  # Taiyuan's tasks stay, and the smaller quota must hold them
    assert "g00001" in find_sites(read_layers(scenario.study_area), scenario).index


def test_python_examples_run_and_print_the_share_of_assumptions(tmp_path: Path) -> None:
    examples = blocks("en", "python", "python")
    assert blocks("en", "README", "python") == examples[:1]
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
        for block in examples
    ]
    assert "2,388 of at most 2,388 kWh a day" in done[0]  # toytown's value, by hand in data/toytown/README.md
    assert (tmp_path / "maps" / "toytown" / "map.html").is_file()
    # three of 100 kWh: 200 x (1 - 0.5 x 300 / 2000) + 20 x (1 - 0.5 x 900 / 2000) + 80 x (1 - 0.5 x 200 / 2000)
    assert "276.5 of at most 276.5 kWh a day" in done[2]
    share = done[1].strip().replace("%", " %")
    for name in ("README", "data"):
        assert f"**{share} of" in TEXT["en", name]
        assert f"的 {share} 依赖假设**" in TEXT["zh", name]


@LANGUAGES
@pytest.mark.parametrize(("name", "order"), [("README", 3), ("data", -1)])
def test_taiyuan_counts(lang: str, name: str, order: int) -> None:
    scenario = read_scenario()
    layers = read_layers(scenario.study_area)
    sites = find_sites(layers, scenario)
    kinds = section(lang, name, order)
    for number in (len(layers.places), len(layers.zones), len(sites), int(sites["modelled"].sum())):
        assert re.search(rf"(?<![\d,]){number:,}(?![\d,])", kinds), f"{number:,}"


def test_both_languages_have_the_same_pages_and_headings() -> None:
    assert sorted(file.stem for file in (DOCS / "zh").glob("*.md")) == NAMES[1:]
    for name in NAMES:
        levels = [re.findall(r"^(#+) ", prose(lang, name), flags=re.MULTILINE) for lang in ("en", "zh")]
        assert levels[0] == levels[1], name
