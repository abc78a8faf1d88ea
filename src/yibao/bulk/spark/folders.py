"""Folders of parts: where they may be put, and how they get their name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from yibao.bulk.writing import writing
from yibao.interop.files.rows import OutputError


@dataclass(frozen=True, slots=True)
class FolderWriter:
    """A folder of parts under a hidden name."""

    made: Path
    target: Path

    def publish(self) -> None:
        """Give it its name; the folder of an earlier run is replaced."""
        with writing(self.target):
            for left in self.made.glob(".*"):  # by tasks that were killed
                left.unlink(missing_ok=True)
            old = self.target.with_name(f".{self.target.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            if self.target.exists():
                os.replace(self.target, old)
            os.replace(self.made, self.target)
            shutil.rmtree(old, ignore_errors=True)


def check_folder(target: Path) -> None:
    """Raise OutputError where a folder of parts could not be put."""
    if not target.parent.is_dir():
        raise OutputError(target, f"there is no folder {target.parent} / 没有这个文件夹")
    if not os.access(target.parent, os.W_OK):
        raise OutputError(target, "it cannot be written there / 此处不能写入")
    if target.is_dir():
        other = next((f for f in target.iterdir() if not f.match("part-*.parquet")), None)
        if other is not None:
            raise OutputError(
                target,
                f"holds {other.name}, which no run of Spark wrote; name a new folder / "
                "文件夹中有其他文件",
            )
    elif target.exists():
        raise OutputError(target, "Spark writes a folder, but a file is there / 此处已有文件")


def check_devices(work: Path, targets: Iterable[Path]) -> None:
    """Raise OutputError where the work could not get its name at once, being on another disk."""
    for target in targets:
        if work.stat().st_dev != target.parent.stat().st_dev:
            raise OutputError(
                target,
                f"its folder and the work folder {work} are on different disks, so that the result "
                "could not appear at once; name a work folder beside it / 工作文件夹须与输出同盘",
            )
