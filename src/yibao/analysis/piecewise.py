"""Exact piecewise linear functions of one variable: the expense, in fen.

A `Piecewise` is defined on [low, top]. Piece n begins at `starts[n]` and runs to the next start:
there f(x) = values[n] + slopes[n] * (x - starts[n]). All numbers are integers or Fractions. Where a
function jumps it does so at an integer, so that it is right at every whole number of fen.

A function stands for what an integer program computes. That program rounds, so it may depart from
the function, at a whole number of fen by at most `error`; every operation here keeps that promise.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from yibao.errors import NotLinear

Number = int | Fraction


class Kink(NamedTuple):
    """What bends a function: a step, and the operand of it that is reached ("": none)."""

    step: str
    operand: str


Kinks = tuple[Kink, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Piecewise:
    """A piecewise linear function; `kinks` says of each start what bends the function there."""

    starts: tuple[Number, ...]
    values: tuple[Number, ...]
    slopes: tuple[Number, ...]
    kinks: tuple[Kinks, ...]
    top: int
    error: Number = 0

    def __call__(self, x: Number) -> Number:
        """Return f(x)."""
        n = max(bisect_right(self.starts, x) - 1, 0)
        return self.values[n] + self.slopes[n] * (x - self.starts[n])

    def slope(self, x: Number) -> Number:
        """Return the slope at x, to the right of it where it changes there."""
        return self.slopes[max(bisect_right(self.starts, x) - 1, 0)]

    @property
    def ends(self) -> tuple[Number, ...]:
        """Where each piece ends."""
        return (*self.starts[1:], self.top)

    def before(self, n: int) -> Number:
        """Return the value that piece n runs up to at its end."""
        return self.values[n] + self.slopes[n] * (self.ends[n] - self.starts[n])

    @property
    def constant(self) -> bool:
        """Whether the function has the same value everywhere."""
        return len(self.starts) == 1 and not self.slopes[0]

    def largest(self) -> Number:
        """Return the largest absolute value on the domain."""
        ends = [self.before(n) for n in range(len(self.starts))]
        return max(magnitude(value) for value in (*self.values, *ends))


def magnitude(number: Number) -> Number:
    """Return the absolute value."""
    return number if number >= 0 else -number


class Piece(NamedTuple):
    """One stretch on which several functions are all linear."""

    start: Number
    end: Number
    values: tuple[Number, ...]
    slopes: tuple[Number, ...]
    kinks: tuple[Kinks, ...]


def affine(slope: Number, value: Number, low: int, top: int, error: Number = 0) -> Piecewise:
    """Return the function value + slope * x on [low, top]."""
    return Piecewise((low,), (value + slope * low,), (slope,), ((),), top, error)


def pieces(*functions: Piecewise) -> Iterator[Piece]:
    """Cut the domain so that each function is linear on each piece."""
    starts = functions[0].starts
    if any(len(f.starts) > 1 for f in functions[1:]):
        starts = tuple(sorted({start for f in functions for start in f.starts}))
    at = [0] * len(functions)
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else functions[0].top
        values, slopes, kinks = [], [], []
        for n, f in enumerate(functions):
            while at[n] + 1 < len(f.starts) and f.starts[at[n] + 1] <= start:
                at[n] += 1
            here, slope = f.starts[at[n]], f.slopes[at[n]]
            values.append(f.values[at[n]] + slope * (start - here) if slope else f.values[at[n]])
            slopes.append(slope)
            kinks.append(f.kinks[at[n]] if here == start else ())
        yield Piece(start, end, tuple(values), tuple(slopes), tuple(kinks))


class Builder:
    """Puts pieces together from left to right; one that goes on as before is no new piece."""

    def __init__(self, top: int) -> None:
        self.top = top
        self.starts: list[Number] = []
        self.values: list[Number] = []
        self.slopes: list[Number] = []
        self.kinks: list[Kinks] = []

    def add(self, start: Number, value: Number, slope: Number, kinks: Kinks = ()) -> None:
        """Add the piece that begins at `start`."""
        if self.starts:
            run = start - self.starts[-1]
            if slope == self.slopes[-1] and value == self.values[-1] + slope * run:
                return
        self.starts.append(start)
        self.values.append(value)
        self.slopes.append(slope)
        self.kinks.append(kinks)

    def done(self, error: Number) -> Piecewise:
        """Return the function."""
        return Piecewise(
            tuple(self.starts),
            tuple(self.values),
            tuple(self.slopes),
            tuple(self.kinks),
            self.top,
            error,
        )


def joined(*kinks: Kinks) -> Kinks:
    """Return all of these, each once."""
    return tuple(dict.fromkeys(kink for some in kinks for kink in some))


def total(terms: Sequence[tuple[Number, Piecewise]]) -> Piecewise:
    """Return the sum of the functions, each times its factor."""
    if len(terms) == 1 and terms[0][0] == 1:
        return terms[0][1]
    bent = [term for term in terms if not term[1].constant]
    if len(bent) == 1:
        rest = sum(a * f.values[0] for a, f in terms if f.constant)
        return _scaled(*bent[0], rest, sum(magnitude(a) * f.error for a, f in terms))
    built = Builder(terms[0][1].top)
    factors = [factor for factor, _ in terms]
    for piece in pieces(*(f for _, f in terms)):
        value = sum(_times(a, v) for a, v in zip(factors, piece.values, strict=True))
        slope = sum(_times(a, m) for a, m in zip(factors, piece.slopes, strict=True))
        built.add(piece.start, value, slope, joined(*piece.kinks))
    return built.done(sum(magnitude(a) * f.error for a, f in terms))


def _times(factor: Number, value: Number) -> Number:
    """Return factor * value; Fractions are slow, and most factors are one."""
    if factor == 1:
        return value
    return -value if factor == -1 else factor * value


def _scaled(factor: Number, f: Piecewise, shift: Number, error: Number) -> Piecewise:
    """Return factor * f + shift, for a factor that is not zero."""
    values = tuple([_times(factor, v) + shift for v in f.values])
    slopes = tuple([_times(factor, m) for m in f.slopes])
    return replace(f, values=values, slopes=slopes, error=error)


def difference(f: Piecewise, g: Piecewise) -> Piecewise:
    """Return f - g."""
    return total([(1, f), (-1, g)])


def greatest(f: Piecewise, g: Piecewise, kink: Kink, falling: Kink | None = None) -> Piecewise:
    """Return the greater of two; `kink` is what bends it where g gives way to f.

    `falling`, by default the same, is what bends it where f gives way to g.
    """
    return _choose(f, g, 1, kink, falling or kink)


def least(f: Piecewise, g: Piecewise, kink: Kink) -> Piecewise:
    """Return the smaller of two."""
    return _choose(f, g, -1, kink, kink)


def _choose(f: Piecewise, g: Piecewise, sign: int, rising: Kink, falling: Kink) -> Piecewise:
    built = Builder(f.top)
    took: bool | None = None
    for piece in pieces(f, g):
        gap = (piece.values[0] - piece.values[1]) * sign
        turn = (piece.slopes[0] - piece.slopes[1]) * sign
        first = gap > 0 or (gap == 0 and turn > 0)
        mine = piece.kinks[0 if first else 1]
        if took is not None and took != first:
            mine = joined(mine, (rising if first else falling,))
        n = 0 if first else 1
        built.add(piece.start, piece.values[n], piece.slopes[n], mine)
        took = first
        if gap * turn < 0:
            where = piece.start - _quotient(gap, turn)
            if where < piece.end:
                took = not first
                m = 0 if took else 1
                value = piece.values[m] + piece.slopes[m] * (where - piece.start)
                built.add(where, value, piece.slopes[m], (rising if took else falling,))
    return built.done(max(f.error, g.error))


def _quotient(a: Number, b: Number) -> Number:
    """Return a / b exactly, as an integer where it is one."""
    quotient = Fraction(a) / Fraction(b)
    return quotient.numerator if quotient.denominator == 1 else quotient


def product(f: Piecewise, g: Piecewise, what: str) -> Piecewise:
    """Return f * g, of which one is constant on each piece; `what` names the step if neither is."""
    for one, other in ((f, g), (g, f)):
        if other.constant and not other.error and other.values[0]:
            factor = other.values[0]
            return _scaled(factor, one, 0, one.error * magnitude(factor))
    built = Builder(f.top)
    for start, _, (a, b), (m, n), kinks in pieces(f, g):
        if m and n:
            raise NotLinear(
                f"{what} multiplies two figures that both grow with the expense, so what it pays "
                "is no piecewise linear function of it; fix one of the amounts of the bill"
            )
        built.add(start, a * b, m * b + n * a, joined(*kinks))
    error: Number = 0
    if f.error:
        error += f.error * g.largest()
    if g.error:
        error += g.error * (f.largest() + f.error)
    return built.done(error)


def divided(f: Piecewise, by: int) -> Piecewise:
    """Return f / by."""
    return total([(Fraction(1, by), f)])


def loosened(f: Piecewise, error: Number) -> Piecewise:
    """Return f with an error stated anew."""
    return replace(f, error=error)
