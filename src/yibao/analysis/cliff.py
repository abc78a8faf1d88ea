"""What a cliff is, as data, and how one is found in the functions of what is paid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from math import ceil, floor

from yibao.analysis.bill import Bill
from yibao.analysis.changes import StatusChange
from yibao.analysis.patient import Given
from yibao.analysis.piecewise import Number, Piecewise
from yibao.policy.model import ClassRow, Row, Text, Value
from yibao.policy.policy import Policy

Worst = tuple[Number, Number, bool]
"""Where a loss is largest, from where on there is one, and whether it still grows at the top."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """A figure of the two programs that is not the same: the rows, None where it is not asked."""

    operand: str
    before: Row | None
    after: Row | None


@dataclass(frozen=True, slots=True)
class CodeChange:
    """A classification that gives the example another code: the codes, with the rows that say so.

    A row is None where nobody is covered.
    """

    name: str
    title: Text
    before: ClassRow | None
    after: ClassRow | None


@dataclass(frozen=True, slots=True)
class Example:
    """A claim that shows a cliff: the patient before and after, and what they really pay, in fen.

    For a cliff in the expense both patients are the same and the expenses differ.
    """

    before: Given
    after: Given
    expenses: tuple[int, int]
    funds: tuple[Mapping[str, int], Mapping[str, int]] = ({}, {})

    @property
    def personal(self) -> tuple[int, int]:
        """What is left to the person on both sides, in fen."""
        one, other = (x - sum(f.values()) for x, f in zip(self.expenses, self.funds, strict=True))
        return one, other


@dataclass(slots=True)
class Cliff:
    """One cliff, in `profiles` profiles. `size` is in fen, at the worst expense up to the top.

    `first` is the smallest expense at which it shows in the example's profile, `grows` whether it
    still grows at the top. `moved` gives the codes that rules look at before and after, `common`
    the codes that all these profiles share; `codes` the classifications that moved the example.
    """

    attribute: str
    changes: tuple[StatusChange, ...]
    size: int
    first: Number
    grows: bool
    bound: Number
    rows: tuple[RowChange, ...]
    left: tuple[str, ...]
    joined: tuple[str, ...]
    moved: Mapping[str, tuple[frozenset[Value], frozenset[Value]]]
    common: Mapping[str, frozenset[Value]]
    example: Example
    profiles: int = 1
    codes: tuple[CodeChange, ...] = ()


@dataclass(slots=True)
class Cliffs:
    """All cliffs of a day, the largest first, and how much was looked at.

    `refused` counts profiles by the figure that they lack, `unclear` by the step that is not
    linear in the expense.
    """

    policy: Policy
    day: date
    bill: Bill
    top: int
    found: list[Cliff] = field(default_factory=list)
    profiles: int = 0
    pairs: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unclear: Counter[str] = field(default_factory=Counter)


def worst(loss: Piecewise) -> Worst | None:
    """Return where a loss is largest, where it begins, and whether it still grows at the top.

    None: there is no loss anywhere.
    """
    ends = loss.ends
    points = [(value, start) for value, start in zip(loss.values, loss.starts, strict=True)]
    points += [(loss.before(n), _last(loss, n)) for n in range(len(ends))]
    most, where = max(points, key=lambda point: (point[0], -point[1]))
    if most <= 0:
        return None
    first: Number = loss.top
    for n, (value, slope) in enumerate(zip(loss.values, loss.slopes, strict=True)):
        if value > 0 or loss.before(n) > 0:
            start = loss.starts[n]
            first = start if value > 0 else start - Fraction(value) / Fraction(slope)
            break
    return where, first, loss.slopes[-1] > 0 and where == loss.top


def _last(f: Piecewise, n: int) -> Number:
    """Return the end of a piece, or the last whole fen before a jump there."""
    end = f.ends[n]
    jump = n + 1 < len(f.starts) and f.values[n + 1] != f.before(n)
    return end - 1 if jump else end


def falls(paid: Piecewise) -> Iterator[tuple[int, int]]:
    """Yield the whole fen between which a payment falls: across a jump, along a falling piece."""
    for n, (start, slope) in enumerate(zip(paid.starts, paid.slopes, strict=True)):
        if n and paid.values[n] < paid.before(n - 1):
            yield int(start) - 1, int(start)
        if slope < 0:
            yield ceil(start), floor(_last(paid, n))
