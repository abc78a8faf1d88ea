"""A folder of persons and claims, such as `yibao population make` writes: which files are which."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from yibao.errors import CannotRead

_TYPES = (".parquet", ".csv")


def files_in(folder: Path, kind: Literal["persons", "claims"]) -> list[Path]:
    """Return the files of a kind in a folder, by name; raises CannotRead when there are none."""
    if not folder.is_dir():
        raise CannotRead(f"{folder} is not a folder / 没有这个文件夹")
    files = [f for suffix in _TYPES for f in sorted(folder.glob(f"{kind}*{suffix}"))]
    if not files:
        raise CannotRead(f"{folder} has no {kind}*.parquet or {kind}*.csv / 缺少{kind}文件")
    return files
