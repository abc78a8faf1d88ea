"""What a check found in a pack that loads: a value with a place, not an exception."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from yibao.policy.model import Origin


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One finding: an `error` can make a settlement wrong or stop it, a `warning` cannot."""

    file: Path
    line: int
    severity: Literal["error", "warning"]
    check: str
    found: str
    expected: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: {self.severity} ({self.check})"
        return f"{where}: found {self.found}; expected {self.expected}"


def error(check: str, at: Origin, found: str, expected: str) -> Finding:
    """Return an error at a provision."""
    return Finding(at.file, at.line, "error", check, found, expected)


def warning(check: str, at: Origin, found: str, expected: str) -> Finding:
    """Return a warning at a provision."""
    return Finding(at.file, at.line, "warning", check, found, expected)
