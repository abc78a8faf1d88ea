"""Figures: what was tried, how often, and how often what must not happen happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


REPORT = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- figures: ./run torture --report -->", "<!-- end of figures -->"


def report(part: str, command: str, seconds: float, figures: Iterable[Figure]) -> None:
    """Put the figures of a part into the table of docs/reliability.md, in place of earlier ones."""
    head, _, rest = REPORT.read_text(encoding="utf-8").partition(BEGIN)
    table, _, tail = rest.partition(END)
    title, rule, *rows = table.strip().splitlines()
    others = [row for row in rows if not row.startswith(f"| {part} |")]
    own = [
        f"| {part} | {f.what} | {f.times:,} | {f.outcome} | `{command}`, {seconds:,.0f} s |"
        for f in figures
    ]
    at = next((n for n, row in enumerate(rows) if row not in others), len(others))
    lines = [title, rule, *others[:at], *own, *others[at:]]
    REPORT.write_text(f"{head}{BEGIN}\n{chr(10).join(lines)}\n{END}{tail}", encoding="utf-8")
