"""Plumbing of folders: written beside their place, moved there whole, and what was there never lost."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio

from planner.faults import BadInput, Fault


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """An empty folder next to the target, gone afterwards unless it was moved."""
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    draft.chmod(0o755)
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def put_in_place(draft: Path, target: Path, own: Collection[str]) -> None:
    """Move the finished folder to its name; what stood there steps aside first and comes back if the move fails.

    Files there that are not in `own` (the names a folder of this kind is made of) are somebody else's and move along.
    """
    if not target.exists():
        draft.rename(target)
        return
    with beside(target) as aside:
        old = aside / "old"
        target.rename(old)
        try:
            draft.rename(target)
        except OSError:
            old.rename(target)
            raise
        for item in sorted(old.iterdir()):
            if item.name not in own:
                item.rename(target / item.name)


def bring_back(target: Path) -> None:
    """Undo a `put_in_place` that was killed half-way: the old folder, if it still stands aside, returns to its name."""
    aside = sorted(target.parent.glob(f".{target.name}-*/old")) if target.parent.is_dir() else []
    if not target.exists() and aside:
        aside[0].rename(target)
        shutil.rmtree(aside[0].parent, ignore_errors=True)


@contextmanager
def whole_files(*targets: Path) -> Iterator[list[Path]]:
    """Drafts to write in the block, moved to their names once all are complete; gone if anything fails.

    Raises
    ------
    BadInput
        A file cannot be written; named is the first.
    """
    drafts = [target.with_name(f".{target.name}.part") for target in targets]
    try:
        yield drafts
        for draft, target in zip(drafts, targets, strict=True):
            draft.replace(target)
    except (OSError, RuntimeError) as error:  # GDAL's faults are RuntimeErrors
        en, zh = f"cannot be written: {error}", f"无法写入该文件：{error}"
        raise BadInput([Fault(str(targets[0]), en=en, zh=zh)]) from None
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)


def refuse_unwritable(folder: Path) -> None:
    """Refuse a file in the place of a folder, and a place where nothing can be written."""
    if folder.exists() and not folder.is_dir():
        raise BadInput([Fault(str(folder), en="is a file; give a folder", zh="是文件，请给出文件夹")])
    if folder.is_dir() and folder.resolve() in (Path.cwd(), *Path.cwd().parents):
        en = "is the folder you are in, which cannot be replaced; go to its parent, or name a new folder"
        raise BadInput([Fault(str(folder), en=en, zh="是当前所在文件夹，无法替换；请到上级文件夹运行，或另取名称")])
    above = next(p for p in folder.absolute().parents if p.exists())
    try:
        with tempfile.TemporaryDirectory(dir=above):
            pass
    except OSError as error:
        en = f"cannot be written: {error.strerror} in {above}; give another folder"
        zh = f"无法写入：{above} 中 {error.strerror}；请另选文件夹"
        raise BadInput([Fault(str(folder), en=en, zh=zh)]) from None


def write_geojson(table: gpd.GeoDataFrame, file: Path) -> None:
    """RFC 7946: WGS 84 without a crs member, six decimals, right-hand rule, null for what is not known."""
    pyogrio.write_dataframe(
        table.to_crs("EPSG:4326").reset_index(),
        file,
        driver="GeoJSON",
        layer=file.name.lstrip(".").partition(".")[0],
        layer_options={"RFC7946": "YES", "COORDINATE_PRECISION": "6"},
    )


def write_json(content: dict[str, Any], file: Path) -> None:
    """Indented UTF-8 with a line's end, Chinese as it is; nan is an error."""
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8")
