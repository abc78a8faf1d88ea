"""The work folder: what a run has finished, so that the same command can go on after a kill.

`manifest.json` says of which inputs, rules and options the pieces are; a folder of another run is
not touched. Pieces appear under their names only when they are whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from yibao.errors import CannotWrite
from yibao.interop.files.rows import OutputError, visible

_FORMAT = 1
"""Counts the changes to what a work folder holds."""

_NAME = "manifest.json"


class WorkInUse(CannotWrite):
    """A work folder that holds the work of another run."""

    def __init__(self, folder: Path, differs: Sequence[str]) -> None:
        self.folder = folder
        super().__init__(
            visible(
                f"{folder}: holds the unfinished work of another run ({', '.join(differs)} "
                "differ); remove it to start anew, or name another with --work / "
                "该文件夹是另一次运行未完成的工作；请删除后重新开始，或用 --work 指定另一个"
            )
        )


def stamp(file: Path) -> list[Any]:
    """Return what tells whether a file is still the same: name, size, time of change."""
    found = file.stat()
    return [str(file.resolve()), found.st_size, found.st_mtime_ns]


def digest_of(files: Sequence[Path]) -> str:
    """Return a digest of files' contents."""
    found = hashlib.sha256()
    for file in files:
        found.update(file.read_bytes())
    return found.hexdigest()


class WorkFolder:
    """The folder of one run."""

    def __init__(self, folder: Path, asked: Mapping[str, Any]) -> None:
        """Open or make the folder; raises WorkInUse for the folder of another run.

        `asked` is all that the pieces depend on, as JSON can hold it.
        """
        self.folder = folder
        self.resumed = False
        asked = json.loads(json.dumps({"format": _FORMAT, **asked}))
        manifest = folder / _NAME
        if folder.exists():
            there = _read(manifest)
            if there is None and any(folder.iterdir()):
                raise WorkInUse(folder, ["files that are not Yibao's"])
            differs = [k for k in asked if there is not None and there.get(k) != asked[k]]
            if differs:
                raise WorkInUse(folder, differs)
            self.resumed = there is not None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not self.resumed:
                temporary = folder / f".{_NAME}.tmp"
                temporary.write_text(json.dumps(asked, indent=1))
                os.replace(temporary, manifest)
        except OSError as error:
            raise OutputError(folder, error.strerror or str(error)) from None
        for left in folder.glob(".*.tmp"):
            left.unlink()

    def piece(self, kind: str, file: int, block: int) -> Path:
        """Return the place of a piece."""
        return self.folder / f"{kind}-{file:04d}-{block:06d}.piece"

    def pieces(self, kind: str, file: int) -> list[Path]:
        """Return the pieces of a file that are finished, in order."""
        return sorted(self.folder.glob(f"{kind}-{file:04d}-*.piece"))

    def remove(self) -> None:
        """Remove the folder with everything in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _read(manifest: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(manifest.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
