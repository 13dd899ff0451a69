"""The house: which room may import which, what stands in the root, and what stays inside a room.

`MAY` is the law. Data goes one way, layers -> demand -> candidates -> access -> siting -> assessment -> views, and on
to exports, maps and report; a room that needs another one says so here, in the same commit, or does without.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter

from helpers.places import CHECKOUT

SOURCE = CHECKOUT / "planner"
MAY = {
    # the ground: words, numbers, files
    "words": "",
    "faults": "words",
    "progress": "words",
    "tables": "faults words",
    "files": "faults words",
    "numeric": "faults",
    "location": "faults numeric words",
    # what is given
    "scenario": "faults tables words",
    "assumptions": "faults files scenario words",
    "layers": "faults files scenario tables words",
    "sources": "access demand faults files layers scenario tables words",
    # the line
    "demand": "faults scenario tables words",
    "candidates": "faults files layers scenario tables words",
    "capacity": "demand scenario",
    "access": "capacity faults numeric scenario",
    "siting": "capacity doors faults numeric progress scenario tables words",
    "baselines": "numeric siting",
    "assessment": "baselines capacity demand doors layers numeric scenario siting words",
    "plan": "access assessment candidates capacity demand faults layers progress scenario siting words",
    # questions about it
    "checks": "access candidates capacity demand faults files layers numeric scenario siting sources words",
    "simulation": "capacity demand",
    "studies": "assessment baselines demand faults files plan progress scenario simulation siting words",
    # faces
    "views": "access assessment assumptions checks demand faults files layers plan scenario simulation siting sources "
    "studies words",
    "exports": "assessment assumptions capacity demand doors faults files layers plan scenario siting tables views "
    "words",
    "maps": "assessment demand faults files plan studies views words",
    "report": "assessment assumptions demand faults files plan scenario views words",
    "console": "checks layers plan progress scenario siting views words",
    "cli": "planner assumptions console exports faults progress report scenario studies views words",
    "__main__": "cli",
}
WORKSHOPS = {"siting.city": {"siting", "baselines"}, "siting.model": {"siting", "baselines", "checks", "studies"}}
"""Insides of a room, and the rooms that may reach in: those that build on the program itself."""
ROOT = {"__init__.py", "__main__.py", "doors.py", "faults.py", "plan.py", "progress.py", "tables.py", "words.py"}


def imports() -> Iterator[tuple[str, str, str]]:
    """Every import of the package from itself: the module that imports, the module it names, and the name taken."""
    for file in sorted(SOURCE.rglob("*.py")):
        module = ".".join(file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "planner":
                for alias in node.names:
                    yield module, (node.module or "").partition(".")[2], alias.name


def room(module: str) -> str:
    return module.split(".")[0]


def used() -> dict[str, set[str]]:
    """Room -> the rooms it imports from; the public names of `planner` itself are a room of their own."""
    found: dict[str, set[str]] = {}
    for module, other, _ in imports():
        if module != "__init__":
            found.setdefault(room(module), set()).update({room(other) or "planner"} - {room(module)})
    return {name: rooms for name, rooms in found.items() if rooms}


def test_a_room_imports_what_it_may_and_the_law_allows_no_more() -> None:
    assert used() == {name: set(rooms.split()) for name, rooms in MAY.items() if rooms}


def test_no_room_needs_one_that_needs_it() -> None:
    """`planner` hands out names of all rooms, and only the command takes them from there."""
    graph = {name: rooms - {"planner"} for name, rooms in used().items()}
    order = list(TopologicalSorter(graph).static_order())
    line = ["scenario", "layers", "candidates", "siting", "assessment", "plan", "views", "console", "cli"]
    assert sorted(line, key=order.index) == line
    assert [name for name, rooms in used().items() if "planner" in rooms] == ["cli"]


def test_nobody_takes_what_is_private_elsewhere() -> None:
    private = [(module, other, name) for module, other, name in imports() if name[0] == "_" and name[1] != "_"]
    assert private == []


def test_the_insides_of_siting_are_reached_by_who_builds_on_the_program() -> None:
    for inside, rooms in WORKSHOPS.items():
        reaching = {room(module) for module, other, _ in imports() if other.startswith(inside)}
        assert reaching == rooms, inside


def test_the_root_holds_the_line_and_the_ground() -> None:
    assert {file.name for file in SOURCE.glob("*.py")} == ROOT
    assert not [file for file in SOURCE.rglob("_*.py") if not file.name.startswith("__")]


def test_every_room_says_what_it_is_for() -> None:
    for folder in (file.parent for file in SOURCE.rglob("__init__.py")):
        doc = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
        assert doc and doc[0].isupper() and "TODO" not in doc, folder
