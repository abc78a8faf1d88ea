"""Settle the same files with both engines and lay the results side by side."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from yibao.cli import app

Rows = list[dict[str, str]]


@dataclass
class Told:
    """What a run wrote and told: rows of files by name, the JSON summary, the exit code."""

    code: int
    summary: Any
    files: dict[str, Rows] = field(default_factory=dict)
    stderr: str = ""


def rows(file: Path) -> Rows:
    """Return the rows of a CSV file."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def settle(
    folder: Path,
    name: str,
    claims: Sequence[Path],
    persons: Sequence[Path],
    *more: str | Path,
    policy: str = "tianjin",
) -> Told:
    """Settle files into a folder of their own; "CLOSING" stands for a file of it."""
    out = folder / name
    out.mkdir()
    more = [out / "states.csv" if word == "CLOSING" else word for word in more]
    args = ["settle", *claims, "--policy", policy, "-o", out / "out.csv", "--json", "--lang", "en"]
    for file in persons:
        args += ["--persons", file]
    result = CliRunner().invoke(app, [str(a) for a in (*args, *more)])
    summary = json.loads(result.stdout) if result.stdout.startswith("{") else None
    told = Told(result.exit_code, summary, stderr=result.stderr)
    assert result.exit_code in (0, 1), result.stderr
    for file in sorted(out.iterdir()):
        told.files[file.name] = rows(file)
    return told


def both(
    folder: Path,
    claims: Sequence[Path],
    persons: Sequence[Path],
    *more: str | Path,
    policy: str = "tianjin",
) -> tuple[Told, Told]:
    """Settle files with the desk's engine and with the columnar one."""
    return (
        settle(folder, "desk", claims, persons, "--engine", "desk", *more, policy=policy),
        settle(folder, "bulk", claims, persons, "--engine", "columnar", *more, policy=policy),
    )


PROGRESS = re.compile(r"\d+ s: |took \d+ s$")
"""What long work tells of itself: on a slow machine more than on a fast one."""


def in_order(table: Rows) -> list[list[tuple[str, str]]]:
    """Return rows in an order that does not depend on the engine."""
    return sorted(sorted(row.items()) for row in table)


def assert_same(desk: Told, bulk: Told) -> None:
    """Check that both engines told and wrote the same, but for the order of rows."""
    assert desk.code == bulk.code, bulk.stderr
    assert desk.files.keys() == bulk.files.keys()
    for name, table in desk.files.items():
        assert in_order(table) == in_order(bulk.files[name]), name
        if "rejects" in name:
            assert table == bulk.files[name]
    for summary in (desk.summary, bulk.summary):
        for key in ("files", "removed"):
            summary[key] = [Path(file).name for file in summary[key]]
    assert desk.summary == bulk.summary
    assert said(desk) == said(bulk)


def said(told: Told) -> list[str]:
    """Return what was said, in an order of its own, without how far and how long it went."""
    return sorted(line for line in told.stderr.splitlines() if not PROGRESS.match(line))
