"""Files that a command may write: none is an input, none of an earlier run is left beside them."""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import Path

import typer

from yibao.interop.files.output import check_target


def check_targets(targets: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Refuse targets that are an input (BadParameter) or cannot be written (CannotWrite)."""
    read = {file.resolve() for file in inputs}
    for target in targets:
        if target.resolve() in read:
            raise typer.BadParameter(f"{target} is an input file / 输出文件不能是输入文件")
        check_target(target)


def written_twice(target: Path) -> typer.BadParameter:
    """Return the refusal of one name for two tables."""
    return typer.BadParameter(f"{target} would be written twice / 同一个文件要写两次")


def remove_old(targets: Iterable[Path], written: Container[Path]) -> list[Path]:
    """Remove what an earlier run wrote under these names and this one did not; return what.

    Rejected rows or explanations of another run beside a fresh result would be taken for its own.
    """
    old = [t for t in dict.fromkeys(targets) if t not in written and t.is_file()]
    for target in old:
        target.unlink()
    return old
