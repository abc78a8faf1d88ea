"""Which engine settles: the desk's, which keeps all in memory, or the columnar one."""

from __future__ import annotations

import os
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
    from yibao.bulk.memory import rows_of

    chosen = how.engine == "columnar"
    large = how.engine == "auto" and sum(map(rows_of, given.claims)) >= LARGE
    if not (chosen or large):
        return False
    files = [*given.claims, *given.persons, wanted.settlements]
    excel = next((file for file in files if file.suffix.lower() == ".xlsx"), None)
    only = "--explain" if wanted.explain else str(excel) if excel else ""
    if only:
        why = "--engine columnar" if chosen else f"{LARGE:,} claims and more"
        raise typer.BadParameter(
            f"{only} does not go with {why}; write Parquet or CSV without --explain, and use "
            "`yibao explain` for single claims, or ask for --engine desk, which keeps all in "
            "memory / 解释与 Excel 只适用于 --engine desk"
        )
    _check_memory(how.memory)
    return True


def _check_memory(megabytes: int) -> None:
    """Refuse more than the machine has: the run would divide too little and be killed."""
    there = memory_here()
    if there is not None and megabytes > there:
        raise typer.BadParameter(
            f"--memory {megabytes}: this machine has {there} MB / 本机内存只有{there} MB"
        )


def memory_here() -> int | None:
    """Return the machine's memory in MB, None where the system does not tell it."""
    try:
        return (os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) >> 20
    except (AttributeError, OSError, ValueError):  # not on every system
        return None
