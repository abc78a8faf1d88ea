"""The same patient under two sets of rules: two regions, two days, two versions.

Enters: two patients and the make-up of the bill. Leaves: the true figures of both at the expenses
of interest, and the exact intervals of expense in which one of the two pays the person more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from yibao.analysis.bill import Bill
from yibao.analysis.curve import bends, beside
from yibao.analysis.patient import Patient
from yibao.analysis.piecewise import Number, Piecewise, difference, pieces
from yibao.analysis.trace import Tracer
from yibao.errors import ClaimError
from yibao.money import format_yuan

Better = Literal["a", "b", "same"]


@dataclass(frozen=True, slots=True)
class Side:
    """What one set of rules really pays of a bill, in fen."""

    funds: Mapping[str, int]
    personal: int


@dataclass(frozen=True, slots=True)
class Row:
    """Both sides at one expense, in fen."""

    expense: int
    a: Side
    b: Side

    @property
    def gain(self) -> int:
        """How much less the person pays under B."""
        return self.a.personal - self.b.personal


@dataclass(frozen=True, slots=True)
class Stretch:
    """An interval of expense, in fen, and under which rules the person pays less there.

    Its ends are exact crossing points, which need not be whole fen.
    """

    first: Number
    last: Number
    better: Better


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sets of rules compared; the true difference departs from the lines by `bound` at most."""

    rows: tuple[Row, ...]
    stretches: tuple[Stretch, ...]
    crossings: tuple[Number, ...]
    bound: Number


def compare(
    a: Patient, b: Patient, bill: Bill, top: int, expenses: Iterable[int] = ()
) -> Comparison:
    """Compare at the expenses given, else at every breakpoint of either; up to `top` fen."""
    tracer = Tracer(bill, top)
    traced = [tracer.trace(side.program, side.opening, side.run) for side in (a, b)]
    functions = [f for side in traced for f in (*side.funds.values(), side.personal)]
    chosen = sorted(set(expenses))
    for x in chosen:
        if not tracer.low <= x <= top:
            span = f"from {format_yuan(tracer.low)} to {format_yuan(top)} yuan"
            raise ClaimError("expense", format_yuan(x), "range", f"an expense {span}")
    if not chosen:
        found = {x for where, _ in bends(functions) for x in beside(where, functions)}
        chosen = sorted({tracer.low, top, *(x for x in found if tracer.low <= x <= top)})
    gain = difference(traced[0].personal, traced[1].personal)
    found_stretches = tuple(stretches(gain))
    return Comparison(
        rows=tuple(Row(x, _side(a, bill, x), _side(b, bill, x)) for x in chosen),
        stretches=found_stretches,
        crossings=tuple(s.first for s in found_stretches[1:]),
        bound=gain.error,
    )


def _side(patient: Patient, bill: Bill, x: int) -> Side:
    funds = patient.funds(bill, x)
    return Side(funds, x - sum(funds.values()))


def stretches(gain: Piecewise) -> list[Stretch]:
    """Cut the domain where the sign of B's gain changes."""
    cuts: list[tuple[Number, Better]] = []
    for start, end, (value,), (slope,), _ in pieces(gain):
        cuts.append((start, _better(value, slope)))
        if value * slope < 0:
            zero = start - Fraction(value) / Fraction(slope)
            if zero < end:
                cuts.append((_plain(zero), _better(0, slope)))
    kept = [cut for n, cut in enumerate(cuts) if n == 0 or cut[1] != cuts[n - 1][1]]
    ends = [*(start for start, _ in kept[1:]), gain.top]
    return [Stretch(start, end, how) for (start, how), end in zip(kept, ends, strict=True)]


def _better(value: Number, slope: Number) -> Better:
    sign = value or slope
    if sign == 0:
        return "same"
    return "b" if sign > 0 else "a"


def _plain(number: Fraction) -> Number:
    return number.numerator if number.denominator == 1 else number
