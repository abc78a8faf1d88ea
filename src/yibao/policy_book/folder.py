"""Write a folder whole or not at all: beside its place first, then in its place.

A folder that stands there is only replaced when it is empty or was made here, which a file of a
certain name tells; a full disk or an interruption leaves what stood there as it was.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from yibao.errors import CannotWrite

MARK = "made-by-yibao-policy-book.txt"
"""The file that tells a policy book from any other folder."""

_TEXT = (
    "This folder was made by `yibao policy book`, which replaces it whole.\n"
    "本文件夹由 `yibao policy book` 生成，重新生成时整体替换。\n"
)


def check(target: Path) -> None:
    """Raise CannotWrite when a book may not be written there."""
    if not os.path.lexists(target):
        if not target.parent.is_dir():
            raise CannotWrite(f"{target}: there is no folder {target.parent}")
        return
    if not target.is_dir():
        raise CannotWrite(f"{target}: is a file; expected a new folder or a policy book")
    if any(target.iterdir()) and not (target / MARK).is_file():
        raise CannotWrite(
            f"{target}: holds other things than a policy book ({MARK} is not there); "
            "nothing was written, name another folder"
        )


def write_folder(target: Path, files: Mapping[str, str]) -> None:
    """Write all files below `target`, replacing an earlier book.

    Raises CannotWrite when something else stands there or it cannot be written; then what stood
    there is untouched.
    """
    check(target)
    place = target.resolve()
    token = secrets.token_hex(8)
    staged, old = (place.with_name(f".{place.name}.{token}.{end}") for end in ("tmp", "old"))
    try:
        for name, text in {**files, MARK: _TEXT}.items():
            path = staged / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        _swap(staged, place, old)
    except OSError as error:
        raise CannotWrite(f"{target}: {error.strerror}") from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _swap(staged: Path, place: Path, old: Path) -> None:
    """Put the new folder in its place; the old one goes back when that fails."""
    if not place.exists():
        os.replace(staged, place)
        return
    os.replace(place, old)
    try:
        os.replace(staged, place)
    except BaseException:
        os.replace(old, place)
        raise
    shutil.rmtree(old, ignore_errors=True)
