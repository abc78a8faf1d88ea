"""Figures: what was tried, how often, and how often what must not happen happened."""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class How:
    """How a part is to run: the short version or the long one, from which seed, told or not.

    `url` is that of a server without a disk to wait for, on which databases can be made.
    """

    url: str
    quick: bool = True
    seed: int = 0
    trace: bool = False


@dataclass(frozen=True)
class Figure:
    """What was tried so many times; `wrong` has how often each thing happened that must not."""

    what: str
    times: int
    wrong: Mapping[str, int]

    @property
    def holds(self) -> bool:
        """Tell whether it was tried at all and nothing went wrong."""
        return self.times > 0 and not any(self.wrong.values())

    def __str__(self) -> str:
        return f"{self.what}: {self.times:,}; {self.outcome}"

    @property
    def outcome(self) -> str:
        """Return what went wrong how often, in words."""
        return ", ".join(f"{count:,} {name}" for name, count in self.wrong.items())


def quiet() -> None:
    """Let the process log nothing of what goes wrong in the torture: that is meant."""
    for name in ("psycopg", "yibao"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


REPORT = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- figures: ./run torture --report -->", "<!-- end of figures -->"


def state() -> str:
    """Return the day and, in a checkout, the commit of the code: what is measured."""
    day = f"{datetime.now().astimezone():%Y-%m-%d}"
    log, changes = _git("log", "-1", "--format=%h"), _git("diff", "--name-only", "HEAD")
    return ", ".join([day, *log, *["not committed"] * bool(changes)])


def _git(*command: str) -> list[str]:
    """Return the lines that Git tells of the code; none where it or the history is not there."""
    given = ["git", "-C", str(REPORT.parents[1]), *command, "--", "src", "tests"]
    if shutil.which("git") is None:
        return []
    return subprocess.run(given, capture_output=True, text=True, check=False).stdout.split()


def report(
    part: str, command: str, seconds: float, measured: str, figures: Iterable[Figure]
) -> None:
    """Put the figures of a part into the table of docs/reliability.md, in place of earlier ones.

    `measured` is the `state` when the part began.
    """
    head, _, rest = REPORT.read_text(encoding="utf-8").partition(BEGIN)
    table, _, tail = rest.partition(END)
    title, rule, *rows = table.strip().splitlines()
    others = [row for row in rows if not row.startswith(f"| {part} |")]
    how = f"`{command}`, {seconds:,.0f} s | {measured}"
    own = [f"| {part} | {f.what} | {f.times:,} | {f.outcome} | {how} |" for f in figures]
    at = next((n for n, row in enumerate(rows) if row not in others), len(others))
    lines = [title, rule, *others[:at], *own, *others[at:]]
    REPORT.write_text(f"{head}{BEGIN}\n{chr(10).join(lines)}\n{END}{tail}", encoding="utf-8")
