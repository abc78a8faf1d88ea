"""What is measured of a population: sums over persons with their sampling errors, and checks.

Every figure is a ratio of sums over persons, so its sampling error follows from the same sums. A
target is met when the distance is within its tolerance and three sampling errors (see `report`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from yibao.macro.population.days import Span
from yibao.macro.population.figures import Floats, Ints


@dataclass(slots=True, eq=False)
class Sums:
    """Sums over persons of a few quantities, and of their products with each other."""

    first: Floats
    second: Floats

    @classmethod
    def of(cls, size: int) -> Sums:
        """Return empty sums of `size` quantities."""
        return cls(np.zeros(size), np.zeros((size, size)))

    def add(self, columns: Sequence[Any]) -> None:
        """Add persons: one array for each quantity."""
        values = np.stack([np.asarray(c, dtype=np.float64) for c in columns])
        self.first += values.sum(axis=1)
        self.second += values @ values.T

    def ratio(self) -> tuple[float, float]:
        """Return a / b, or (a / b) / (c / d) of four quantities, and its sampling error.

        Without a denominator both are nan.
        """
        signs = np.array([1, -1, -1, 1])[: len(self.first)]
        if (self.first == 0).any():
            bad = (self.first[signs < 0] == 0).any() or len(self.first) > 2
            return (np.nan, np.nan) if bad else (0.0, 0.0)
        value = float(np.prod(self.first ** signs.astype(float)))
        weights = signs / self.first
        return value, value * max(float(weights @ self.second @ weights), 0.0) ** 0.5


@dataclass(slots=True, eq=False)
class Measured:
    """What was measured: sums by name, per-person cost by year, and how often a check failed."""

    span: Span
    sums: dict[str, Sums] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    cost: list[list[Ints]] = field(default_factory=list)
    ages: Floats = field(default_factory=lambda: np.zeros((2, 1)))
    persons: int = 0
    claims: int = 0
    incomes: list[Ints] = field(default_factory=list)

    def income_shares(self) -> Floats:
        """Return the share of all income that each fifth of persons has, the lowest first."""
        ordered = np.sort(np.concatenate([*self.incomes, np.zeros(0, dtype=np.int64)]))
        sums = np.array([float(part.sum()) for part in np.array_split(ordered, 5)])
        return sums / max(float(sums.sum()), 1.0)

    def add(self, name: str, *columns: Any) -> None:
        """Add persons to the sums of a name."""
        self.sums.setdefault(name, Sums.of(len(columns))).add(columns)

    def check(self, name: str, failures: Any) -> None:
        """Count failures of a check; a check that never fails stays at 0."""
        self.failed[name] = self.failed.get(name, 0) + int(failures)
