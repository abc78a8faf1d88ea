"""Exact piecewise functions against plain integer arithmetic, point by point."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yibao.analysis.piecewise import (
    Builder,
    Kink,
    Piecewise,
    affine,
    difference,
    greatest,
    least,
    pieces,
    product,
    total,
)
from yibao.errors import NotLinear

TOP = 400
HERE = Kink("here", "edge")
SLOPES = sorted({Fraction(a, b) for b in range(1, 8) for a in range(-2 * b, 2 * b + 1)})
"""From -2 to 2, with denominators up to 7."""

PIECES = st.lists(
    st.tuples(st.integers(1, TOP), st.integers(-500, 500), st.sampled_from(SLOPES)),
    min_size=1,
    max_size=4,
    unique_by=lambda piece: piece[0],
)


@st.composite
def functions(draw: st.DrawFn) -> Piecewise:
    """Draw a function with up to four pieces that begin at whole numbers, with jumps."""
    first, *others = draw(PIECES)
    built = Builder(TOP)
    for start, value, slope in [(0, *first[1:]), *sorted(others)]:
        built.add(start, value, slope)
    return built.done(0)


@given(functions(), functions(), st.integers(0, TOP))
def test_the_greater_and_the_smaller_at_every_point(f: Piecewise, g: Piecewise, x: int) -> None:
    assert greatest(f, g, HERE)(x) == max(f(x), g(x))
    assert least(f, g, HERE)(x) == min(f(x), g(x))
    assert difference(f, g)(x) == f(x) - g(x)
    assert total([(2, f), (Fraction(1, 3), g)])(x) == 2 * f(x) + g(x) / Fraction(3)


@given(functions(), functions())
def test_no_piece_goes_on_as_the_one_before(f: Piecewise, g: Piecewise) -> None:
    h = greatest(f, g, HERE)
    for n in range(1, len(h.starts)):
        assert h.before(n - 1) != h.values[n] or h.slopes[n - 1] != h.slopes[n]
    assert [piece.start for piece in pieces(h)] == list(h.starts)


def test_a_crossing_is_an_exact_fraction_and_knows_what_bends_there() -> None:
    f = least(affine(Fraction(7, 10), 0, 0, TOP), affine(0, 100, 0, TOP), HERE)
    assert f.starts == (0, Fraction(1000, 7))
    assert f.kinks == ((), (HERE,))
    assert (f.slopes, f(TOP)) == ((Fraction(7, 10), 0), 100)


def test_two_growing_figures_cannot_be_multiplied() -> None:
    rising = affine(1, 0, 0, TOP)
    assert product(rising, affine(0, 3, 0, TOP), "step")(20) == 60
    with pytest.raises(NotLinear, match="step a multiplies two figures"):
        product(rising, rising, "step a")
