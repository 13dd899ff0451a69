"""What `import planner` offers: every name with its words, loaded when asked for, and all that the command needs."""

import ast
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import planner
from helpers.places import CHECKOUT

HEAVY = ("numpy", "pandas", "geopandas", "shapely", "numba", "scipy", "pulp", "highspy", "folium", "osmnx")
LIGHT_ROOMS = ("planner.cli", "planner.console", "planner.views", "planner.faults", "planner.progress", "planner.words")
NOT_COMPUTED = {"planner.studies.defaults", "planner.scenario.file.locate"}
RAISES_NOTHING = {
    *("assess", "assumption_table", "band_table", "compare_plans", "draw_report", "find_differences"),
    *("measure_access", "stale_sources"),
}
CLASSES = {"BadInput", "Basemap", "Certificate", "Check", "Edits", "Effort", "Overpass", "Plan", "Problem", "Sources"}
"""Public names that are no functions."""


DOORS = ["planner", "planner.assessment", "planner.exports", "planner.siting"]
"""Rooms whose names are loaded when they are asked for."""


def imported_for_types(room: ModuleType) -> dict[str, str]:
    """Name -> module, as type checkers see what a room hands out."""
    tree = ast.parse(Path(str(room.__file__)).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    imports = (node for node in block.body if isinstance(node, ast.ImportFrom))
    return {name.name: str(node.module) for node in imports for name in node.names}


@pytest.mark.parametrize("name", DOORS)
def test_the_table_the_list_and_the_imports_for_types_agree(name: str) -> None:
    """Three times the same names, because no type checker reads a table and no interpreter imports for types."""
    room = import_module(name)
    assert imported_for_types(room) == room._MODULES
    assert sorted(room.__all__) == sorted(room._MODULES)
    assert len(set(room.__all__)) == len(room.__all__)
    assert all(getattr(room, handed) is not None for handed in room.__all__)


@pytest.mark.parametrize("name", DOORS)
def test_no_name_is_that_of_a_module_of_its_room(name: str) -> None:
    """Whoever imported the module first would find it in the place of what the room hands out."""
    room = import_module(name)
    modules = {module.name for module in pkgutil.iter_modules(room.__path__)}
    assert modules & set(room.__all__) == set()


def test_dir_lists_what_can_be_had() -> None:
    assert {*planner.__all__, "__version__"} <= set(dir(planner))


@pytest.mark.parametrize("name", planner.__all__)
def test_each_name_is_called_so_where_it_is_written(name: str) -> None:
    found = getattr(planner, name)
    assert found.__name__ == name
    assert inspect.isclass(found) == (name in CLASSES)


def sections(text: str) -> dict[str, str]:
    """The sections of a numpydoc docstring by their heading; what stands before them has none."""
    parts = re.split(r"(?m)^(\w[\w ]*)\n-{3,}\n", inspect.cleandoc(text))
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


@pytest.mark.parametrize("name", sorted(set(planner.__all__) - CLASSES))
def test_each_function_says_what_it_takes_gives_and_refuses(name: str) -> None:
    function = getattr(planner, name)
    told = sections(function.__doc__)
    signature = inspect.signature(function)
    described = ", ".join(re.findall(r"(?m)^(\w[\w, ]*)$", told["Parameters"]))
    assert described.split(", ") == list(signature.parameters)
    assert ("Returns" in told) == (signature.return_annotation not in (None, "None"))
    assert ("Raises" in told) == (name not in RAISES_NOTHING)
    assert told[""].splitlines()[0].endswith((".", ":"))


@pytest.mark.parametrize("name", sorted(CLASSES - {"BadInput"}))
def test_each_class_says_what_it_holds(name: str) -> None:
    told = sections(getattr(planner, name).__doc__)
    assert {"Attributes", "Parameters"} & set(told)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'planner' has no attribute 'make_plans'"):
        _ = planner.make_plans  # type: ignore[attr-defined]


def loaded(code: str) -> set[str]:
    """The packages that a fresh Python has loaded after some code."""
    tell = f"{code}\nimport json, sys\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True, cwd=CHECKOUT)
    return set(json.loads(done.stdout.splitlines()[-1]))


def command(*arguments: str) -> str:
    """Code that runs the command and goes on after it."""
    run = "from planner.cli import app\ntry:\n    app()\nexcept SystemExit:\n    pass"
    return f"import sys\nsys.argv = ['planner', *{arguments!r}]\n{run}"


@pytest.mark.parametrize(
    "code",
    [
        "import planner",
        *(command(*asked) for asked in (["--help"], ["--version"], ["plan", "--help"], ["simulate", "-h"])),
    ],
)
def test_importing_and_helping_load_nothing_heavy(code: str) -> None:
    assert not loaded(code) & set(HEAVY)


@pytest.mark.parametrize(
    ("verb", "needless"),
    [
        (command("assumptions", "toytown/toytown"), {"scipy", "xlsxwriter"}),
        ("from planner import export_plan, read_saved_plans, compare_plans, save_difference", {"scipy"}),
        ("from planner import read_plan, write_report", {"xlsxwriter"}),
        ("from planner import make_plan, read_plan", {"xlsxwriter"}),
    ],
)
def test_verbs_load_what_they_need(verb: str, needless: set[str]) -> None:
    """Who looks, exports or compares compiles and solves nothing; who plans fetches and simulates nothing."""
    solving = set() if "read_plan" in verb else {"numba", "pulp", "highspy"}
    assert not loaded(verb) & (needless | solving | {"folium", "osmnx", "simpy"})


def outside(node: ast.ImportFrom) -> list[str]:
    """What an import of the command line takes from the inside of a stage, though it computes something."""
    module = str(node.module)
    names = [alias.name for alias in node.names]
    if module == "planner":
        return [name for name in names if name not in planner.__all__]
    if module.startswith(LIGHT_ROOMS):
        return [f"{module}.{name}" for name in names if name.startswith("save_")]
    if module in NOT_COMPUTED:
        return []
    whole = [f"{module}.{name}" for name in names if not name.startswith("refuse_")]
    return [name for name in whole if name not in NOT_COMPUTED]


@pytest.mark.parametrize("file", sorted((CHECKOUT / "planner" / "cli").glob("*.py")), ids=lambda file: file.name)
def test_commands_compute_by_public_functions_alone(file: Path) -> None:
    """Beside these they print (console, views), and refuse before work begins (`refuse_*`)."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for_types = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and id(node) not in for_types]
    ours = [node for node in imports if str(node.module).partition(".")[0] == "planner"]
    assert [name for node in ours for name in outside(node)] == []


def test_every_verb_of_the_command_is_there_with_words_in_both_languages() -> None:
    from planner.cli import app

    verbs: dict[str, Any] = {str(each.name): each.callback for each in app.registered_commands}
    assert list(verbs) == [
        *("plan", "check", "assumptions", "fetch", "map", "export", "report"),
        *("simulate", "baselines", "alternatives", "compare", "fairness"),
    ]
    for verb, run in verbs.items():
        first = inspect.getdoc(run).splitlines()[0]
        assert re.search(r"[a-z]\. .*[一-鿿].*。$", first), verb
