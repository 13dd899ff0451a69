"""`export_plan`: a saved plan to a file, a folder or a database, whole or not at all."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from planner.exports.content import Content
from planner.exports.files import FILE_TARGETS, WRITE_FAULTS, FileTarget, sources_text, unwritten
from planner.exports.stored import read_content
from planner.faults import BadInput, Fault
from planner.files.whole import beside, put_in_place

DATABASES = ("postgresql", "postgres")
SOURCES = "SOURCES.txt"
"""What a folder of tables says of its sources."""

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def export_plan(folder: str | Path, to: str, output: str | Path | None = None) -> str:
    """Write a saved plan in another format.

    Parameters
    ----------
    folder
        A plan folder.
    to
        ``csv``, ``geojson``, ``geoparquet``, ``flatgeobuf`` (a folder with a file per table), ``kml``, ``xlsx``,
        ``gpkg`` (one file), or the address of a PostGIS database: ``postgresql://user:password@host/database``.
    output
        Name of the file or folder, which must not exist yet; a folder's may end in ``.zip``. By default in the plan's
        folder, where an earlier export is replaced.

    Returns
    -------
    str
        Where it went: a path, or the address without its password and the plan's id.

    Raises
    ------
    BadInput
        An unknown format, a place that exists or cannot be written, a package that is not installed, a database that
        refuses; and what `read_content` refuses. Nothing half-written is left.
    """
    scheme = to.partition("://")[0] if "://" in to else ""
    if scheme.partition("+")[0] in DATABASES:
        if output is not None:
            raise BadInput([Fault("-o", en="a database takes no file; leave -o out", zh="导出到数据库时无需 -o")])
        from planner.exports.postgis import write_postgis

        return write_postgis(read_content(folder), to)
    if to not in FILE_TARGETS:
        raise BadInput([_unknown(scheme or to)])
    target = FILE_TARGETS[to]
    place = _place(Path(folder), target, None if output is None else Path(output), to)
    content = read_content(folder)
    try:
        _write(content, target, place)
    except WRITE_FAULTS as error:
        raise BadInput([unwritten(place, error)]) from None
    return str(place)


def _unknown(found: str) -> Fault:
    known = ", ".join([*FILE_TARGETS, "postgresql://..."])
    return Fault("--to", en=f"unknown format {found}; expected one of {known}", zh=f"未知格式 {found}，应为：{known}")


def _place(folder: Path, target: FileTarget, output: Path | None, to: str) -> Path:
    """Where an export goes; refused where something else lies there."""
    if output is None:
        if to == "gpkg":
            en = "is that GeoPackage already; name a copy with -o"
            raise BadInput(
                [Fault(str(folder / target.place), en=en, zh="方案文件夹中已有该文件；如需副本请用 -o 指定")]
            )
        return folder / target.place
    suffixes = (target.suffix,) if target.suffix else ("", ".zip")
    if output.suffix.lower() not in suffixes:
        wanted = target.suffix or "the name of a folder or a .zip file"
        en = f"{to} expects {wanted}, found {output.name}"
        raise BadInput(
            [
                Fault(
                    str(output), en=en, zh=f"{to} 的输出名称应为 {target.suffix or '文件夹或 .zip'}，现为 {output.name}"
                )
            ]
        )
    if output.exists():
        en = "exists and is not overwritten; give another name, or delete it first"
        raise BadInput([Fault(str(output), en=en, zh="已存在，不予覆盖；请另取名称或先删除")])
    if not output.absolute().parent.is_dir():
        en = f"cannot be written: no folder {output.absolute().parent}"
        raise BadInput([Fault(str(output), en=en, zh=f"无法写入：文件夹 {output.absolute().parent} 不存在")])
    return output


def _write(content: Content, target: FileTarget, place: Path) -> None:
    """Written beside its place, then moved there."""
    whole = place.absolute()
    with beside(whole) as draft:
        if target.suffix:
            target.write(content, draft / whole.name)
            (draft / whole.name).replace(whole)
        elif whole.suffix.lower() == ".zip":
            with TemporaryDirectory(dir=draft) as files:
                _write_folder(content, target, Path(files))
                _zip(Path(files), draft / whole.name)
            (draft / whole.name).replace(whole)
        else:
            _write_folder(content, target, draft)
            put_in_place(draft, whole, [file.name for file in whole.iterdir()] if whole.is_dir() else [])


def _write_folder(content: Content, target: FileTarget, folder: Path) -> None:
    target.write(content, folder)
    (folder / SOURCES).write_text(sources_text(content), encoding="utf-8")


def _zip(folder: Path, file: Path) -> None:
    """The same files give the same bytes: no dates, in order of their names."""
    packed = io.BytesIO()  # an archive on a full disk would complain on its own way out
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.iterdir()):
            entry = zipfile.ZipInfo(part.name, _ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, part.read_bytes())
    file.write_bytes(packed.getvalue())
