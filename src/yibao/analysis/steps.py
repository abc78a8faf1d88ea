"""One rule for each operation: how functions of the expense go through it, and how it rounds.

The meaning of an operation is in `settlement.ops` and `settlement.generate`; a rule here says the
same of whole functions. It returns a function for each result slot of the instruction. An operation
that rounds adds at most half a fen to the error; the others pass on what comes in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from yibao.analysis.piecewise import (
    Builder,
    Kink,
    Number,
    Piece,
    Piecewise,
    affine,
    difference,
    divided,
    greatest,
    joined,
    least,
    loosened,
    magnitude,
    pieces,
    product,
    total,
)
from yibao.errors import NotLinear
from yibao.policy.program import Instruction

HALF = Fraction(1, 2)
MOST_TRIED = 10_000
"""How many whole fen are tried one by one to find where a rounded figure passes a limit."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule works with: the instruction, the functions of its operands, the rounding.

    `really(x)` gives the true result of the instruction at x fen, from the integer program.
    """

    i: Instruction
    memory: Sequence[Piecewise]
    denominator: int
    really: Callable[[int], int]

    def one(self, field: str) -> Piecewise:
        """Return the function of a single operand."""
        return self.memory[self.i.slot(field)]

    def many(self, field: str) -> list[Piecewise]:
        """Return the functions of a list operand."""
        return [self.memory[slot] for slot in self.i.slots(field)]

    def kink(self, field: str = "", n: int = 0) -> Kink:
        """Return what bends a function where an operand is reached."""
        names = self.i.step.many(field) if field else ()
        return Kink(self.i.step.id, names[n] if n < len(names) else "")

    def constant(self, value: Number) -> Piecewise:
        """Return a constant on the same domain."""
        like = self.memory[0]
        return affine(0, value, int(like.starts[0]), like.top)

    @property
    def what(self) -> str:
        """The step, as an error names it."""
        origin = self.i.step.origin
        return f"step {self.i.step.id} ({origin.file.name}, line {origin.line})"


Rule = Callable[[Context], tuple[Piecewise, ...]]


def _add(c: Context) -> tuple[Piecewise, ...]:
    return (total([(1, f) for f in c.many("terms")]),)


def _subtract(c: Context) -> tuple[Piecewise, ...]:
    rest = total([(1, c.one("from")), *((-1, f) for f in c.many("less"))])
    return (_at_least_zero(c, rest, c.kink("less")),)


def _at_least_zero(c: Context, f: Piecewise, kink: Kink) -> Piecewise:
    return greatest(f, c.constant(0), kink)


def _least(c: Context) -> tuple[Piecewise, ...]:
    first, *rest = c.many("terms")
    for n, f in enumerate(rest, 1):
        first = least(first, f, c.kink("terms", n))
    return (first,)


def _greatest(c: Context) -> tuple[Piecewise, ...]:
    first, *rest = c.many("terms")
    for n, f in enumerate(rest, 1):
        first = greatest(first, f, c.kink("terms", n))
    return (first,)


def _share(c: Context) -> tuple[Piecewise, ...]:
    rate = divided(c.one("rate"), c.denominator)
    return (_rounded(product(c.one("of"), rate, c.what), rate),)


def _rounded(f: Piecewise, *rates: Piecewise) -> Piecewise:
    """Return f with the error of rounding once, unless every rate is a whole number."""
    if all(isinstance(v, int) or v.denominator == 1 for rate in rates for v in rate.values):
        return f
    return loosened(f, f.error + HALF)


def _within(c: Context, limit: str, used: str) -> tuple[Piecewise, ...]:
    left = _at_least_zero(c, difference(c.one(limit), c.one(used)), c.kink(limit))
    return (least(c.one("of"), left, c.kink(limit)),)


def _deductible(c: Context) -> tuple[Piecewise, ...]:
    return _within(c, "standard", "met")


def _cap(c: Context) -> tuple[Piecewise, ...]:
    return _within(c, "limit", "used")


def _bands(c: Context) -> tuple[Piecewise, ...]:
    """Slices, their exact sum over the denominator, what lies beyond, what is paid.

    Moving the start or the length by e moves the sum by at most the highest rate times e; so does
    moving an edge.
    """
    zero, of = c.constant(0), c.one("of")
    start = total([(1, f) for f in c.many("start")]) if c.many("start") else zero
    end = total([(1, start), (1, of)])
    low = total([(1, f) for f in c.many("over")]) if c.many("over") else zero
    reached, edges = c.kink("over"), c.many("edges")
    slices = []
    for n, edge in enumerate(edges):
        upper = c.kink("edges", n)
        last, first = least(end, edge, upper), greatest(start, low, reached)
        slices.append(greatest(difference(last, first), zero, reached, upper))
        low, reached = greatest(low, edge, upper), upper
    rates = c.many("rates")
    for uplift in c.many("uplift"):
        whole = c.constant(c.denominator)
        rates = [least(total([(1, r), (1, uplift)]), whole, c.kink("uplift")) for r in rates]
    products = [product(s, r, c.what) for s, r in zip(slices, rates, strict=True)]
    moved = [start.error + of.error, *(f.error for f in c.many("over") + edges)]
    error = sum(moved) * max(rate.largest() for rate in rates)
    exact = loosened(total([(1, p) for p in products]), error)
    beyond = _at_least_zero(c, difference(end, greatest(start, low, reached)), reached)
    pay = divided(exact, c.denominator)
    shares = [divided(rate, c.denominator) for rate in rates]
    if c.i.step.operands.get("round") == "slice":
        halves = sum(_rounded(c.constant(0), share).error for share in shares)
        pay = loosened(pay, pay.error + halves)
    else:
        pay = _rounded(pay, *shares)
    return (*slices, exact, beyond, pay)


def _exclude(c: Context) -> tuple[Piecewise, ...]:
    return (c.constant(0),)


def _accumulate(c: Context) -> tuple[Piecewise, ...]:
    return (total([(1, c.one("into")), (1, c.one("amount"))]),)


def _ordinal(c: Context) -> tuple[Piecewise, ...]:
    own, counted = c.one("own"), c.one("total")
    if not (own.constant and counted.constant):
        raise NotLinear(f"{c.what} numbers by a count that depends on the expense")
    number = own if own.values[0] else c.constant(counted.values[0] + 1)
    return (number, number if number.values[0] > counted.values[0] else counted)


def _at_most(c: Context) -> tuple[Piecewise, ...]:
    """Return the flag; near the limit, where rounding decides, the program itself is asked."""
    gap = difference(c.one("value"), c.one("limit"))
    built = Builder(gap.top)
    kink = (c.kink("limit"),)
    for piece in pieces(gap):
        first, last = ceil(piece.start), ceil(piece.end) - 1
        last += piece.end == gap.top
        for at, flag in _flags(c, piece, first, last, gap.error):
            built.add(at, flag, 0, kink if built.starts else ())
    return (built.done(0),)


def _flags(c: Context, piece: Piece, first: int, last: int, error: Number) -> list[tuple[int, int]]:
    """Return the whole fen of a piece at which the flag may turn, each with the flag from there."""
    value, slope = piece.values[0], piece.slopes[0]

    def gap(x: int) -> Number:
        return value + slope * (x - piece.start)

    cuts = {first}
    if slope:
        for edge in (-error, error):
            where = floor(piece.start + (edge - value) / Fraction(slope))
            cuts |= {x for x in (where, where + 1) if first < x <= last}
    found = []
    ordered = [x for x in sorted(cuts) if x <= last]
    for at, until in zip(ordered, [*ordered[1:], last + 1], strict=True):
        sure = {_sure(gap(x), error) for x in (at, until - 1)}
        if sure <= {True} or sure <= {False}:
            found.append((at, int(sure.pop() or 0)))
            continue
        if until - at > MOST_TRIED:
            raise NotLinear(
                f"{c.what} compares two figures that stay within rounding of each other, so the "
                "expense at which it switches cannot be found"
            )
        found += [(x, c.really(x)) for x in range(at, until)]
    return found


def _sure(gap: Number, error: Number) -> bool | None:
    """Tell whether the flag is set for certain, or certainly not; None: rounding decides."""
    if gap <= -error:
        return True
    return False if gap > error else None


def _keep(c: Context) -> tuple[Piecewise, ...]:
    flag = c.one("if")
    if flag.error or any(flag.slopes):
        raise NotLinear(f"{c.what} depends on a flag that is not sure")
    built = Builder(flag.top)
    of = c.one("of")
    for start, _, (value, holds), (slope, _), kinks in pieces(of, flag):
        built.add(start, value if holds else 0, slope if holds else 0, joined(*kinks))
    return (built.done(of.error),)


def _set(c: Context) -> tuple[Piecewise, ...]:
    return (c.one("value"),)


def _times(c: Context) -> tuple[Piecewise, ...]:
    return (product(c.one("of"), c.one("count"), c.what),)


# --- prorate --------------------------------------------------------------------------------------


def _prorate(c: Context) -> tuple[Piecewise, ...]:
    """Return of x part / whole: linear where the whole is constant or goes with one of the two."""
    of, part, whole = c.one("of"), c.one("part"), c.one("whole")
    built = Builder(of.top)
    error: Number = 0
    for piece in pieces(of, part, whole):
        start, end, values, slopes, kinks = piece
        value, slope, loose = _quotient(c, piece, (of.error, part.error, whole.error))
        error = max(error, loose)
        if value and slopes[2] and not values[2]:  # nothing is paid where the whole is nothing
            built.add(start, 0, 0, joined(*kinks))
            start, value = start + 1, value + slope
            if start >= end:
                continue
        built.add(start, value, slope, joined(*kinks))
    return (built.done(error + HALF),)


def _quotient(c: Context, piece: Piece, errors: Sequence[Number]) -> tuple[Number, Number, Number]:
    """Return value and slope on one piece, and how far what was rounded before can move them."""
    (a, b, w), (da, db, dw) = piece.values, piece.slopes
    if not w and not dw:
        return 0, 0, 0
    for (n, dn, wrong), (k, dk, other) in (
        ((a, da, errors[0]), (b, db, errors[1])),
        ((b, db, errors[1]), (a, da, errors[0])),
    ):
        if n * dw == dn * w:  # n goes with the whole
            ratio = Fraction(n, 1) / w if w else Fraction(dn, 1) / dw
            loose = _moved(piece, (k, dk), ratio, (other, wrong, errors[2]))
            return k * ratio, dk * ratio, loose
    raise NotLinear(
        f"{c.what} divides by a figure that grows with the expense in another proportion than "
        "both others, so its result is no piecewise linear function of the expense; give the "
        "amounts as shares of the bill, or fix one of them"
    )


def _moved(
    piece: Piece, of: tuple[Number, Number], ratio: Number, errors: Sequence[Number]
) -> Number:
    """Bound how far k x n / w is from k x ratio, when k, n and w are off by these errors.

    It is largest at an end of the piece, or where the whole is so small that it counts as one fen.
    """
    wrong, off, off_whole = errors
    if not (wrong or off or off_whole):
        return 0
    w, dw = piece.values[2], piece.slopes[2]
    points = {piece.start, piece.end}
    if dw:
        small = piece.start + (1 + off_whole - w) / Fraction(dw)
        points |= {x for x in (small,) if piece.start < x < piece.end}
    most: Number = 0
    for x in points:
        run = x - piece.start
        k, whole = magnitude(of[0] + of[1] * run), w + dw * run
        loose = Fraction(off + magnitude(ratio) * off_whole) / max(whole - off_whole, 1)
        gone = k * magnitude(ratio) if whole <= 1 + off_whole else 0
        most = max(most, k * loose + wrong * (magnitude(ratio) + loose), gone)
    return most


RULES: dict[str, Rule] = {
    "add": _add,
    "subtract": _subtract,
    "least": _least,
    "greatest": _greatest,
    "share": _share,
    "prorate": _prorate,
    "deductible": _deductible,
    "cap": _cap,
    "bands": _bands,
    "exclude": _exclude,
    "accumulate": _accumulate,
    "ordinal": _ordinal,
    "at_most": _at_most,
    "keep": _keep,
    "set": _set,
    "times": _times,
}
