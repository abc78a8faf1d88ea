"""Which engine settles: the desk's, which keeps all in memory, or the columnar one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from yibao.cli.settle_commands import LARGE, EngineName
from yibao.cli.settle_run import Input, Output


@dataclass(frozen=True, slots=True)
class How:
    """How to settle: which engine, and what it may use."""

    engine: EngineName = "auto"
    threads: int = 2
    memory: int = 1024
    work: Path | None = None
    master: str | None = None
    conf: Sequence[str] = ()


def is_columnar(given: Input, wanted: Output, how: How) -> bool:
    """Tell which engine settles the input; raises BadParameter for what only the desk can do."""
    if how.master is not None or how.conf:
        raise typer.BadParameter("--master and --conf go with --engine spark only / 只适用于 spark")
    files = [*given.claims, *given.persons, wanted.settlements]
    excel = next((file for file in files if file.suffix.lower() == ".xlsx"), None)
    only = "--explain" if wanted.explain else str(excel) if excel else ""
    from yibao.bulk.memory import rows_of

    large = how.engine != "desk" and sum(map(rows_of, given.claims)) >= LARGE
    if only and (large or how.engine == "columnar"):
        raise typer.BadParameter(
            f"{only}: explanations and Excel are for the desk engine, which keeps all in memory; "
            f"for {LARGE:,} claims and more write Parquet or CSV without --explain, and use "
            "`yibao explain` for single claims, or ask for --engine desk / "
            "解释与 Excel 只适用于 --engine desk"
        )
    return how.engine == "columnar" or large
