"""What each fund and the person pay against the expense: the breakpoints, and the true figures.

Enters: a patient and the make-up of the bill. Leaves: a point at every breakpoint, or at the whole
fen on both sides of one that lies between two; the figures there are those of the integer program.
Between two points the line joins them, up to a stated bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, floor

from yibao.analysis.bill import Bill
from yibao.analysis.patient import Patient
from yibao.analysis.piecewise import Kink, Kinks, Number, Piecewise, joined
from yibao.analysis.trace import Traced, Tracer
from yibao.policy.model import Region, Text
from yibao.policy.program import Program
from yibao.settlement.explain import title_of
from yibao.settlement.formula import as_text
from yibao.settlement.sources import Source, source_of


@dataclass(frozen=True, slots=True)
class Cause:
    """What bends a curve: a step, and the figure that is reached, each with its source.

    `operand` names what is reached, `value` is it as text where a table gives it.
    """

    step: str
    layer: str | None
    says: Text
    source: Source
    operand: str
    title: Text
    value: str | None
    figure: Source | None


@dataclass(frozen=True, slots=True)
class Point:
    """The true figures at a bill of `expense` fen; `rate`: the funds' share from here to the next.

    `breakpoint` is where exactly the curve bends, in fen, `causes` what bends it; None at the ends.
    """

    expense: int
    funds: Mapping[str, int]
    personal: int
    rate: Number
    breakpoint: Number | None
    causes: tuple[Cause, ...]

    @property
    def fund_pay(self) -> int:
        """What all funds pay together, in fen."""
        return self.expense - self.personal


@dataclass(frozen=True, slots=True)
class CurveOf:
    """A curve: its points, and how far the truth departs at most from lines that join them."""

    patient: Patient
    bill: Bill
    traced: Traced
    points: tuple[Point, ...]

    @property
    def bound(self) -> Number:
        """The bound, in fen, for the person and for each fund.

        Twice that of the function: the rows at both ends are rounded as well.
        """
        return self.traced.personal.error * 2


def curve(patient: Patient, bill: Bill, top: int) -> CurveOf:
    """Return the curve up to a bill of `top` fen; raises NotLinear naming the step at fault."""
    tracer = Tracer(bill, top)
    traced = tracer.trace(patient.program, patient.opening, patient.run)
    functions = [*traced.funds.values(), traced.personal]

    def point(x: int, where: Number | None, why: tuple[Cause, ...]) -> Point:
        funds = patient.funds(bill, x)
        rate = traced.fund_pay.slope(x)
        return Point(x, funds, x - sum(funds.values()), rate, where, why)

    points = [point(tracer.low, None, ())]
    for where, kinks in bends(functions):
        why = causes(patient.policy.region, patient.program, traced, kinks)
        for x in beside(where, functions):
            if points[-1].expense < x < top:
                points.append(point(x, where, why))
    if points[-1].expense < top:
        points.append(point(top, None, ()))
    return CurveOf(patient, bill, traced, tuple(points))


def bends(functions: Iterable[Piecewise]) -> list[tuple[Number, Kinks]]:
    """Return where any of the functions bends or jumps, in order, with what bends them."""
    found: dict[Number, Kinks] = {}
    for f in functions:
        for start, kinks in zip(f.starts[1:], f.kinks[1:], strict=True):
            found[start] = joined(found.get(start, ()), kinks)
    return sorted(found.items())


def beside(where: Number, functions: Iterable[Piecewise]) -> list[int]:
    """Return the whole fen at a breakpoint, or on both sides of one that is not whole or a jump."""
    if floor(where) != where:
        return [floor(where), ceil(where)]
    whole = int(where)
    return [whole - 1, whole] if any(jumps(f, where) for f in functions) else [whole]


def jumps(f: Piecewise, where: Number) -> bool:
    """Tell whether a function jumps at a breakpoint."""
    n = f.starts.index(where) if where in f.starts else 0
    return n > 0 and f.before(n - 1) != f.values[n]


def causes(region: Region, program: Program, traced: Traced, kinks: Kinks) -> tuple[Cause, ...]:
    """Return what kinks stand for: steps and figures with their articles.

    Where a fixed figure is reached, steps after it that bend at the same expense are left out.
    """
    structure = program.structure
    rows = dict(zip(structure.figures, program.rows, strict=True))
    reached = {kink: _reached(program, traced, kink) for kink in kinks}
    fixed = [kink for kink in kinks if reached[kink] is not None]
    steps = {i.step.id: i.step for i in structure.instructions}
    return tuple(
        Cause(
            step=kink.step,
            layer=steps[kink.step].layer,
            says=steps[kink.step].origin.says,
            source=source_of(steps[kink.step].origin),
            operand=kink.operand,
            title=title_of(region, kink.operand),
            value=reached[kink],
            figure=source_of(rows[kink.operand].origin) if kink.operand in rows else None,
        )
        for kink in fixed or kinks[:1]
    )


def _reached(program: Program, traced: Traced, kink: Kink) -> str | None:
    """Return the figure that is reached as text, where it does not depend on the expense."""
    structure = program.structure
    for i in structure.instructions:
        if i.step.id == kink.step and kink.operand:
            slot = next(slot for slot in i.inputs() if structure.names[slot] == kink.operand)
            figure = traced.memory[slot]
            if figure.constant:
                value = int(figure.values[0])
                return as_text(value, structure.units[slot], structure.denominator)
    return None
