"""Plumbing of `planner assumptions`: the table as CSV or Excel, and scenarios that hold only what differs.

What exists is not overwritten: it may hold somebody's edits. Only a folder of samples is replaced by another one.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from planner.assumptions.figures import COLUMNS, difference, draw, sample_scenarios
from planner.faults import BadInput, Fault, refuse, some
from planner.files.readers import missing_package
from planner.files.whole import beside, bring_back, put_in_place, refuse_unwritable
from planner.scenario import Scenario
from planner.scenario.file import locate

HEADERS_ZH = {
    "key": "键",
    "section": "节",
    "name_zh": "中文名称",
    "name_en": "英文名称",
    "unit": "单位",
    "low": "低值",
    "base": "基准值",
    "high": "高值",
    "source_kind": "类别",
    "source": "来源",
    "reasoning": "理由",
    "description": "说明",
}
"""What a column is called in Chinese; an Excel sheet has both words in its header."""

_WIDTHS = {"key": 44, "section": 26, "name_zh": 20, "name_en": 26, "unit": 16, "source_kind": 13}
_WIDTHS |= {"source": 60, "reasoning": 60, "description": 50}
_NUMBERS = ("low", "base", "high")
_NUMBER_WIDTH = 12
_FORMULA = tuple("=+-@\t\r")
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SAMPLES = "samples.csv"
_OWN_SAMPLE = re.compile(r"s\d{2,5}\.toml")


def as_cell(text: str) -> str:
    """A text as it stands in a CSV cell: an apostrophe before what a spreadsheet would run as a formula."""
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA) else text


def of_cell(text: str) -> str:
    """The text of a CSV cell, as it was before `as_cell`."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_FORMULA) else text


def write_assumptions(table: pd.DataFrame, file: str | Path) -> Path:
    """Write the table of assumptions as CSV (UTF-8 with mark, as Excel wants it) or as an Excel sheet.

    Parameters
    ----------
    table
        As `assumption_table` returns it, all rows or some.
    file
        Where to, ``.csv`` or ``.xlsx``; it does not exist yet.

    Returns
    -------
    Path
        The file. Edited, it can be read back with `edit_scenario`.

    Raises
    ------
    BadInput
        Another kind of file, a file that exists, a place that cannot be written, openpyxl not installed.
    """
    path = Path(file)
    writers = {".csv": _write_csv, ".xlsx": _write_excel}
    if path.suffix.lower() not in writers:
        found = path.suffix or str(path)
        raise BadInput(
            [Fault(str(path), en=f"expected .csv or .xlsx, found {found}", zh=f"应为 .csv 或 .xlsx，现为 {found}")]
        )
    _write_new(path, lambda draft: writers[path.suffix.lower()](table, draft, path))
    return path


def write_variant(variant: Scenario, original: Scenario, original_file: str | Path | None, file: str | Path) -> Path:
    """Write a scenario that extends the original one and holds only what differs from it.

    Parameters
    ----------
    variant, original
        The scenario to write, and the one it was made from.
    original_file
        Where the original stands, as `read_scenario` takes it: a file, the name of an embedded one, None for Taiyuan's.
    file
        Where to, ``.toml``; it does not exist yet.

    Returns
    -------
    Path
        The file, which `read_scenario` reads.

    Raises
    ------
    BadInput
        Not a .toml file, a file that exists, a place that cannot be written.
    """
    path = Path(file)
    refuse_no_toml(path)
    parent = _parent(locate(original_file), path.parent)
    text = _variant_text(variant, original, parent, "Edited with `planner assumptions`.")
    _write_new(path, lambda draft: draft.write_text(text, encoding="utf-8"))
    return path


def refuse_no_toml(file: Path) -> None:
    """Refuse a name under which no new scenario can be written."""
    if file.suffix.lower() != ".toml":
        en, zh = "expected the name of a new .toml file", "应为新的 .toml 文件的名称"
        raise BadInput([Fault(str(file), en=en, zh=zh)])
    _refuse_existing(file)


def write_samples(
    scenario: Scenario, original_file: str | Path | None, folder: str | Path, count: int, seed: int = 0
) -> Path:
    """Write sampled scenarios and the table of what was drawn; the folder appears whole or not at all.

    ``s01.toml`` ... each extend the original; ``samples.csv`` has a row per scenario and a column per drawn figure.

    Parameters
    ----------
    scenario
        The original, whose figures are drawn within their ranges as `sample_scenarios` says.
    original_file
        Where it stands, as `read_scenario` takes it: a file, the name of an embedded one, None for Taiyuan's.
    folder
        Where to: a new or empty folder, or one of samples, which is replaced.
    count, seed
        How many scenarios, and what the draw starts from: the same gives the same files.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    BadInput
        A folder that holds anything but samples, a place that cannot be written, a count or seed out of range.
    """
    home = Path(folder)
    bring_back(home)
    refuse_unwritable(home)
    _refuse_foreign(home)
    samples = sample_scenarios(scenario, count, seed)
    drawn = draw(scenario, count, seed)
    parent = _parent(locate(original_file), home)
    try:
        home.absolute().parent.mkdir(parents=True, exist_ok=True)
        with beside(home.absolute()) as draft:
            for number, (label, sample) in enumerate(zip(drawn.index, samples, strict=True), 1):
                comment = f"Sample {number} of {count}, seed {seed}: `planner assumptions --sample`."
                text = _variant_text(sample, scenario, parent, comment)
                (draft / f"{label}.toml").write_text(text, encoding="utf-8")
            drawn.to_csv(draft / _SAMPLES, encoding="utf-8-sig", lineterminator="\n")
            put_in_place(draft, home.absolute(), [f.name for f in _content(home)])
    except OSError as error:
        en, zh = f"cannot be written: {error}", f"无法写入该文件夹：{error}"
        raise BadInput([Fault(str(home), en=en, zh=zh)]) from None
    return home


def _variant_text(variant: Scenario, original: Scenario, parent: str, comment: str) -> str:
    below, above = (s.model_dump(exclude_none=True) for s in (original, variant))
    content = {"extends": parent, "name": variant.name, **difference(below, above)}
    return f"# {comment}\n{tomli_w.dumps(content)}"


def _parent(file: Path, folder: Path) -> str:
    """What `extends` says in a file of `folder`: an embedded scenario's name, else the way to the file."""
    name = f"{file.parent.name}/{file.stem}"
    if locate(name).resolve() == file.resolve():
        return name
    try:
        return Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return file.resolve().as_posix()


def _write_csv(table: pd.DataFrame, draft: Path, _: Path) -> None:
    texts = [name for name in table.columns if name not in _NUMBERS]
    guarded = table.assign(**{name: table[name].map(as_cell) for name in texts}).rename(index=as_cell)
    # texts in quotes: a lone carriage return would else end the row
    guarded.to_csv(draft, encoding="utf-8-sig", lineterminator="\n", index_label="key", quoting=csv.QUOTE_NONNUMERIC)


def _write_excel(table: pd.DataFrame, draft: Path, file: Path) -> None:
    try:
        openpyxl: Any = import_module("openpyxl")
    except ImportError:
        raise BadInput([missing_package(str(file), "openpyxl")]) from None
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "assumptions"
    names = ("key", *COLUMNS)
    for row, values in enumerate(_excel_rows(table), 1):
        for place, value in enumerate(values, 1):
            _fill(sheet.cell(row, place), value)
    _dress(sheet, names, len(table) + 1)
    book.save(draft)


def _excel_rows(table: pd.DataFrame) -> Iterator[list[str | float]]:
    yield [f"{name} {HEADERS_ZH[name]}" for name in ("key", *COLUMNS)]
    for key, row in table.iterrows():
        yield [str(key), *(float(row[name]) if name in _NUMBERS else str(row[name]) for name in COLUMNS)]


def _fill(cell: Any, value: str | float) -> None:
    """A number as it is; a text as text, whatever it begins with, and still so when it is edited."""
    if isinstance(value, float):
        cell.value, cell.number_format = value, "General"  # no separators, no rounding: what is shown can be saved
        return
    cell.value = _NO_XML.sub("\ufffd", value)
    cell.data_type, cell.number_format = "s", "@"
    cell.quotePrefix = value.startswith(_FORMULA)


def _dress(sheet: Any, names: tuple[str, ...], rows: int) -> None:
    """Header in bold that stays in sight, with filters; widths; long texts wrapped; kinds to choose from."""
    styles: Any = import_module("openpyxl.styles")
    validation: Any = import_module("openpyxl.worksheet.datavalidation")
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = sheet.dimensions
    for column, name in zip(sheet.columns, names, strict=True):
        sheet.column_dimensions[column[0].column_letter].width = _WIDTHS.get(name, _NUMBER_WIDTH)
        column[0].font = styles.Font(bold=True)
        for cell in column:
            cell.alignment = styles.Alignment(vertical="top", wrap_text=_WIDTHS.get(name, 0) >= 50)
    kinds = validation.DataValidation(type="list", formula1='"published,derived,assumption"', allow_blank=False)
    letter = sheet.cell(1, names.index("source_kind") + 1).column_letter
    kinds.add(f"{letter}2:{letter}{max(rows, 2)}")
    sheet.add_data_validation(kinds)


def _write_new(file: Path, write: Callable[[Path], object]) -> None:
    """Write a file that does not exist yet, beside its place first, so that no half of it is ever there."""
    _refuse_existing(file)
    try:
        with beside(file.absolute()) as folder:
            draft = folder / file.name
            write(draft)
            draft.rename(file)
    except OSError as error:
        en, zh = f"cannot be written: {error.strerror}", f"无法写入该文件：{error.strerror}"
        raise BadInput([Fault(str(file), en=en, zh=zh)]) from None


def _refuse_existing(file: Path) -> None:
    if file.exists():
        en = "exists and may hold edits; it is not overwritten: give another name, or delete it first"
        raise BadInput([Fault(str(file), en=en, zh="文件已存在，可能含有您的修改，不予覆盖；请另取名称或先删除")])
    above = file.absolute().parent
    if not above.is_dir():
        en, zh = f"cannot be written: no folder {above}", f"无法写入：没有文件夹 {above}"
        raise BadInput([Fault(str(file), en=en, zh=zh)])


def _content(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _refuse_foreign(folder: Path) -> None:
    """A folder is replaced only if it holds nothing but samples and their table."""
    held = [file.name for file in _content(folder)]
    foreign = [name for name in held if name != _SAMPLES and not _OWN_SAMPLE.fullmatch(name)]
    if foreign or (held and _SAMPLES not in held):
        files = some(foreign or held, 3)
        en = f"holds other files ({files}) and is not overwritten; give an empty or a new folder"
        refuse([Fault(str(folder), en=en, zh=f"文件夹内有其他文件（{files}），不予覆盖；请另选空文件夹")])
