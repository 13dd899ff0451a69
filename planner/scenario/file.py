"""Plumbing of the scenario file: finding it, laying it over the one it extends, and wording what is wrong with it."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from planner.faults import BadInput, Fault, refuse
from planner.scenario.figure import BrokenRule
from planner.words import Text

_ROOM = Path(__file__).resolve().parents[1]
_DATA_FOLDERS = (_ROOM / "data", _ROOM.parent / "data")  # of an installed package, of a checkout
_TABLE_WORDS = {"model_type": "expected a table", "dict_type": "expected a table"}
_CHINESE = {
    "model_type": "应为表",
    "dict_type": "应为表",
    "list_type": "应为列表",
    "string_type": "应为文字",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "float_type": "应为数值",
    "float_parsing": "应为数值",
    "finite_number": "应为有限数值",
    "literal_error": "应为 {expected} 之一",
    "enum": "应为 {expected} 之一",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "too_short": "至少应有 {min_length} 项，现有 {actual_length} 项",
    "too_long": "至多可有 {max_length} 项，现有 {actual_length} 项",
    "string_too_short": "至少应有 {min_length} 个字",
    "string_pattern_mismatch": "应符合格式 {pattern}",
}
"""What pydantic's errors say, by their type; our own rules bring their words in both languages."""


def embedded(name: str) -> Path:
    """The folder of an embedded study area (``taiyuan``, ``toytown``), in a checkout or an installed package."""
    for root in _DATA_FOLDERS:
        if (root / name).is_dir():
            return root / name
    raise BadInput([Fault(f"embedded:{name}", en="no such embedded study area", zh="没有这个内置研究区")])


def locate(path: str | Path | None) -> Path:
    """The file of a scenario: the path itself, or the embedded one of that name; without a path Taiyuan's base."""
    return embedded("taiyuan") / "base.toml" if path is None else _file_or_embedded(Path(path), Path(path))


def merged(file: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """The content of a scenario file laid over the one it extends."""
    if file in seen:
        refuse([Fault(str(file), en="extends itself", zh="文件循环继承自身")])
    content = _toml(file)
    area = content.get("study_area")
    if isinstance(area, dict) and isinstance(area.get("folder"), str):
        area["folder"] = _absolute(area["folder"], file)
    parent = content.pop("extends", None)
    if parent is None:
        return content
    if not isinstance(parent, str):
        en, zh = f"expected a file name, found {parent!r}", f"应为文件名，现为 {parent!r}"
        refuse([Fault(f"{file}, key extends", en=en, zh=zh)])
    beside = (file.parent / str(parent)).resolve()
    return _laid_over(
        merged(beside if beside.is_file() else _file_or_embedded(Path(str(parent)), beside), (*seen, file)), content
    )


def fault_in(file: Path, detail: Any, scenario: type[BaseModel]) -> Fault:
    """One pydantic error of the model `scenario` in the words of the scenario file."""
    keys = [str(part) for part in detail["loc"] if part != "[key]"]
    where = f"{file}, key {'.'.join(keys)}" if keys else str(file)
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(keys[-1], _known_keys(keys[:-1], scenario), 1, 0.6)
        if near:
            return Fault(where, en=f"unknown key; did you mean `{near[0]}`?", zh=f"未知的键，是否应为 `{near[0]}`？")
        return Fault(where, en="unknown key; remove it", zh="未知的键，请删除")
    if detail["type"] == "missing":
        zh = "缺少此项，请补充（各键说明见 docs/zh/keys.md）"
        return Fault(where, en="missing; add it (docs/en/keys.md explains every key)", zh=zh)
    expected, found = _expected(detail), detail.get("input")
    if isinstance(found, dict | BaseModel):
        return Fault.of(where, expected)
    return Fault(where, en=f"{expected.en}, found {found!r}", zh=f"{expected.zh}，现为 {found!r}")


def _expected(detail: Any) -> Text:
    """What an error of pydantic, or a rule of our own behind it, expects."""
    kind, ctx = detail["type"], detail.get("ctx", {})
    if isinstance(ctx.get("error"), BrokenRule):
        broken: BrokenRule = ctx["error"]
        return broken.text
    if kind == "model_type" and ctx["class_name"] == "Figure":
        return Text(zh="应为数值、[低, 基准, 高] 或表", en="expected a number, [low, base, high] or a table")
    message = _TABLE_WORDS.get(kind, detail["msg"])
    chinese = _CHINESE.get(kind, "").format(**ctx).replace(" or ", " 或 ")
    return Text(zh=chinese or f"取值不合要求（{message}）", en=f"{message[0].lower()}{message[1:]}")


def _file_or_embedded(path: Path, otherwise: Path) -> Path:
    """The file itself, the scenario.toml of a folder, or the embedded scenario of that name; or else `otherwise`."""
    if (path / "scenario.toml").is_file():
        return path / "scenario.toml"
    if not path.is_file() and len(path.parts) == 2 and not path.is_absolute():
        with_suffix = path.with_suffix(".toml")
        inside = [p for p in _embedded_scenarios() if p.parts[-2:] == with_suffix.parts]
        if inside:
            return inside[0]
    return otherwise


def _embedded_scenarios() -> list[Path]:
    return sorted(file for root in _DATA_FOLDERS if root.is_dir() for file in root.glob("*/*.toml"))


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError:
        names = ", ".join(sorted(f"{f.parent.name}/{f.stem}" for f in _embedded_scenarios()))
        en = f"no such scenario file; give the path of a TOML file or an embedded scenario ({names})"
        zh = f"找不到情景文件，请给出 TOML 路径或内置情景（{names}）"
        raise BadInput([Fault(str(file), en=en, zh=zh)]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        en, zh = f"not a TOML file in UTF-8: {error}", f"不是 UTF-8 编码的 TOML 文件：{error}"
        raise BadInput([Fault(str(file), en=en, zh=zh)]) from None


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """`above` wins; tables merge key by key, but a figure is replaced whole.

    An empty table empties, and ``false`` in place of a table takes it out.
    """
    both = dict(below)
    for key, value in above.items():
        old = both.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and value and not (_is_figure(old) or _is_figure(value)):
            both[key] = _laid_over(old, value)
        elif isinstance(old, dict) and value is False:
            del both[key]
        else:
            both[key] = value
    return both


def _is_figure(table: dict[str, Any]) -> bool:
    return "base" in table and not isinstance(table["base"], dict)


def _absolute(folder: str, file: Path) -> str:
    """The folder that a file states, as ``embedded:NAME`` or an absolute path."""
    if folder.startswith("embedded:"):
        return folder
    absolute = (file.parent / folder).resolve()
    inside = [name for name in ("taiyuan", "toytown") if absolute == embedded(name).resolve()]
    return f"embedded:{inside[0]}" if inside else absolute.as_posix()


def _known_keys(path: list[str], scenario: type[BaseModel]) -> list[str]:
    """Keys that the section at `path` knows; after a section of free names (fleets, kinds) one part is such a name."""
    model = scenario
    parts = iter(path)
    for part in parts:
        annotation = model.model_fields[part].annotation
        if get_origin(annotation) is dict:
            next(parts, None)
            annotation = get_args(annotation)[1]
        elif get_origin(annotation) is list:
            next(parts, None)
            annotation = get_args(annotation)[0]
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return [*model.model_fields, *(["extends"] if model is scenario else [])]
