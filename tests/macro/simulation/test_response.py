"""The estimate of behaviour: worked by hand, and what must hold of any."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_city import claims, paid, people

from yibao.macro.simulation.paid import units
from yibao.macro.simulation.response import DEFAULTS, Elasticity, quantities, respond
from yibao.text import Text

TEXT = Text("", "")


def quantity(before: int, after: int, elasticity: int) -> int:
    found = quantities(np.asarray([before]), np.asarray([after]), elasticity)
    return int(found[0])


def test_quantity_by_hand() -> None:
    """-0.5 from 300 to 100: m = -0.5 x -200/400 = 0.25; 1.25 / 0.75 = 1.666667, half up."""
    assert quantity(300, 100, -500) == 1_666_667
    assert quantity(100, 300, -500) == 600_000
    assert quantity(0, 100, -500) == 333_333
    assert quantity(100, 0, -500) == 3_000_000


def test_an_unchanged_price_no_elasticity_and_a_reversal_of_an_earlier_year_change_nothing() -> (
    None
):
    assert quantity(500, 500, -500) == quantity(0, 0, -500) == 1_000_000
    assert quantity(100, 900, 0) == 1_000_000
    assert quantity(-100, 900, -500) == 1_000_000


@given(
    st.integers(0, 10**13),
    st.integers(0, 10**13),
    st.integers(-900, 0),
)
def test_quantity_is_the_exact_fraction_rounded_half_up(p: int, q: int, e: int) -> None:
    if p == q:
        assert quantity(p, q, e) == 1_000_000
        return
    m = Fraction(e, 1000) * Fraction(q - p, q + p)
    exact = (1 + m) / (1 - m) * 1_000_000
    assert quantity(p, q, e) == int(exact + Fraction(1, 2))


@pytest.mark.parametrize("value", [-1000, -901, 1])
def test_an_elasticity_outside_its_range_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="expected -900 to 0"):
        Elasticity("outpatient", value, 0, 0, TEXT)


def test_a_run_by_hand() -> None:
    """One outpatient claim of 400, own part 300 -> 100, at -0.5 (central): 400 x 1.666667.

    The stay of 1000 stays at its price, so its quantity is 1. Own: 100 x 1.666667 + 500.
    """
    bill = claims([0, 0], visit=["outpatient", "inpatient"])
    before, after = paid([400, 1000], [300, 500]), paid([400, 1000], [100, 500])
    span = units(people(None, count=1), bill)
    some = (Elasticity("outpatient", 0, -500, -900, TEXT), Elasticity("inpatient", 0, -1, -2, TEXT))
    low, central, high = respond(span, bill, before, after, some)
    assert (low.total, low.personal, low.fund) == (1400, 600, 800)
    assert central.total == Fraction(400 * 1_666_667, 1_000_000) + 1000
    assert central.personal == Fraction(100 * 1_666_667, 1_000_000) + 500
    assert central.fund == central.total - central.personal
    assert central.quantity == {"outpatient": Fraction(1_666_667, 1_000_000), "inpatient": 1}
    assert high.total > central.total > low.total


def test_the_given_elasticities_are_ordered_and_sourced() -> None:
    for one in DEFAULTS:
        assert one.high < one.central < one.low <= 0
        assert one.source.zh
        assert one.source.en
