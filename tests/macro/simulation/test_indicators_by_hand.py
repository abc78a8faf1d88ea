"""Every indicator on populations small enough to be worked out by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_city import claims, paid, people

from yibao.macro.simulation.exact import by_key, dot, quantiles, total, totals_by
from yibao.macro.simulation.gains import by_place, gains
from yibao.macro.simulation.hardship import (
    Line,
    catastrophes,
    households,
    impoverished,
    relative_lines,
)
from yibao.macro.simulation.inequality import concentration, fairness, gini, ranks
from yibao.macro.simulation.paid import units
from yibao.text import Text

AMOUNTS = st.lists(st.integers(-(10**13), 10**13), min_size=1, max_size=40)


def fen(*values: int) -> np.ndarray:
    return np.asarray(values, np.int64)


# --- exact sums -----------------------------------------------------------------------------------


@given(AMOUNTS)
def test_a_total_is_that_of_python(values: list[int]) -> None:
    assert total(fen(*values)) == sum(values)


@given(st.lists(st.tuples(st.integers(-(2**26), 2**26), st.integers(-(2**62), 2**62)), max_size=40))
def test_a_weighted_sum_is_that_of_python(pairs: list[tuple[int, int]]) -> None:
    weights, values = fen(*(w for w, _ in pairs)), fen(*(v for _, v in pairs))
    assert dot(weights, values) == sum(w * v for w, v in pairs)


def test_a_total_beyond_int64_is_exact() -> None:
    assert total(np.full(10, 2**62, np.int64)) == 10 * 2**62


def test_weights_that_would_overflow_are_refused() -> None:
    with pytest.raises(ValueError, match="not be safe"):
        dot(fen(2**27), fen(1))


def test_sums_by_key_that_could_overflow_are_refused() -> None:
    assert by_key(fen(0, 1, 0), fen(5, 7, -2), 3).tolist() == [3, 7, 0]
    with pytest.raises(OverflowError):
        by_key(fen(0, 0), fen(2**62, 2**62), 1)
    assert by_key(fen(0, 1), fen(2**62, 2**62), 2).tolist() == [2**62, 2**62]


def test_a_quantile_is_the_smallest_value_that_enough_do_not_exceed() -> None:
    shares = tuple(Fraction(n, 100) for n in (10, 50, 51, 100))
    assert quantiles(fen(40, 10, 30, 20), shares) == (10, 20, 30, 40)


# --- inequality -----------------------------------------------------------------------------------


def test_gini_of_three_incomes() -> None:
    """(-2 x 1 + 0 x 2 + 2 x 3) / (3 x 6) = 4/18."""
    assert gini(fen(3, 1, 2)) == Fraction(2, 9)


def test_gini_of_equal_incomes_is_nothing_and_of_one_owner_all_but_its_share() -> None:
    assert gini(fen(7, 7, 7)) == 0
    assert gini(fen(0, 0, 0, 9)) == Fraction(3, 4)
    assert gini(fen(0, 0)) is None


def test_concentration_ranks_by_income_and_shares_ties() -> None:
    """Incomes 100, 100, 300: ranks 1.5, 1.5, 3, so weights -1, -1, 2."""
    weights = ranks(fen(100, 100, 300))
    assert weights.tolist() == [-1, -1, 2]
    assert concentration(weights, fen(30, 0, 0)) == Fraction(-1, 3)
    assert concentration(weights, fen(0, 30, 0)) == Fraction(-1, 3)
    assert concentration(weights, fen(0, 0, 30)) == Fraction(2, 3)


def test_fairness_of_payments_that_only_the_rich_make() -> None:
    """Gini 2/9; payments 2/3; so Kakwani 4/9; incomes left 100, 200, 270: 340 / 1710."""
    found = fairness(fen(100, 200, 300), fen(0, 0, 30), fen(30, 0, 0))
    assert found.gini_before == Fraction(2, 9)
    assert found.gini_after == Fraction(34, 171)
    assert found.payments == Fraction(2, 3)
    assert found.benefits == Fraction(-2, 3)
    assert found.kakwani == Fraction(4, 9)
    assert found.negative == 0


def test_payments_above_income_are_counted() -> None:
    assert fairness(fen(100, 200), fen(101, 0), fen(0, 0)).negative == 1


@given(st.lists(st.integers(0, 10**11), min_size=2, max_size=30), st.integers(1, 100))
def test_gini_does_not_depend_on_scale_or_order_and_lies_within_bounds(
    incomes: list[int], scale: int
) -> None:
    found = gini(fen(*incomes))
    assert gini(fen(*(income * scale for income in incomes))) == found
    assert gini(fen(*reversed(incomes))) == found
    assert gini(fen(*incomes, *incomes)) == found
    assert found is None or 0 <= found < 1


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=12))
def test_gini_is_the_mean_difference_of_all_pairs(incomes: list[int]) -> None:
    n, whole = len(incomes), sum(incomes)
    pairs = sum(abs(a - b) for a in incomes for b in incomes)
    assert gini(fen(*incomes)) == (Fraction(pairs, 2 * n * whole) if whole else None)


# --- winners and losers ---------------------------------------------------------------------------


def test_winners_losers_and_unaffected_to_the_fen() -> None:
    found = gains(fen(100, 50, 30), fen(90, 50, 35))
    assert (found.units, found.winners, found.losers, found.unaffected) == (3, 1, 1, 1)
    assert (found.gain, found.loss, found.change) == (10, 5, -5)
    assert (found.best, found.worst, found.personal) == (10, 5, 180)


def test_gains_by_level_count_what_was_paid_there() -> None:
    """Person 0 pays 5 less at level 1 and 5 more at level 3: even in all, not there."""
    bill = claims([0, 0, 1], level=["1", "3", "3"])
    before, after = paid([100, 100, 100], [50, 50, 50]), paid([100, 100, 100], [45, 55, 50])
    found = by_place(units(people(None, count=2), bill), bill, before, after, name="level")
    told = {g.code: (g.gains.units, g.gains.winners, g.gains.losers) for g in found.groups}
    assert told == {"1": (1, 1, 0), "3": (2, 0, 1)}
    assert not found.exclusive


# --- hardship -------------------------------------------------------------------------------------

HOMES = households(people([1000, 0, 500], household=[7, 7, 9]))
"""A: two persons, 1000; B: one person, 500."""


def test_households_have_the_income_of_their_members() -> None:
    assert HOMES is not None
    assert HOMES.income.tolist() == [1000, 500]
    assert HOMES.per_head.tolist() == [500, 500, 500]


def test_persons_without_a_household_are_one_each() -> None:
    found = households(people([10, 20, 31, 40], household=[-1, 3, 3, -1]))
    assert found is not None
    assert sorted(found.size.tolist()) == [1, 1, 2]
    assert found.per_head.tolist() == [10, 26, 26, 40]  # 51 / 2 is 25.5, half up


def test_catastrophic_is_above_a_share_not_at_it() -> None:
    """Of income: A pays 250 of 1000, B 50 of 500, which is at 10 % and not above it.

    Then A pays 251, which is above 25 %. Capacity with 300 a head: A 400, B 200.
    """
    assert HOMES is not None
    found = catastrophes(HOMES, 1, 300, fen(250, 50), fen(251, 50))
    told = [(c.measure, c.before.households, c.before.persons, c.after.households) for c in found]
    assert told == [
        ("income", 1, 2, 1),
        ("income", 0, 0, 1),
        ("income", 0, 0, 0),
        ("capacity", 2, 3, 2),
        ("capacity", 1, 2, 1),
        ("capacity", 1, 2, 1),
    ]
    assert (found[1].after.started, found[1].after.ended) == (1, 0)


def test_a_household_without_capacity_is_struck_by_any_payment() -> None:
    assert HOMES is not None
    found = catastrophes(HOMES, 1, 500, fen(1, 0), fen(0, 0))
    assert [c.before.households for c in found if c.measure == "capacity"] == [1, 1, 1]
    assert [c.after.ended for c in found if c.measure == "capacity"] == [1, 1, 1]


def test_impoverished_are_those_who_were_not_poor_before_paying() -> None:
    """Line 400: A has 1000 of 800 needed and keeps 750; B keeps 450. Line 600: both are poor."""
    assert HOMES is not None
    lines = [Line(Text("", ""), 400), Line(Text("", ""), 600)]
    low, high = impoverished(HOMES, 1, lines, fen(250, 50), fen(200, 101))
    assert (low.poor, low.before.households, low.before.persons) == (0, 1, 2)
    assert (low.after.households, low.after.started, low.after.ended) == (1, 1, 1)
    assert (high.poor, high.before.households, high.after.households) == (2, 0, 0)


def test_relative_lines_are_shares_of_the_persons_median() -> None:
    found = households(people([100, 301, 900]))
    assert found is not None
    assert [line.fen for line in relative_lines(found)] == [120, 151, 181]  # of 301, half up


def test_each_year_of_a_household_counts() -> None:
    group = people([1000, 1000], household=[0, 0])
    found = households(group)
    bill = claims([0, 1, 1], year=[2022, 2022, 2023])
    span = units(group, bill)
    assert found is not None
    own = by_key(span.of(bill), fen(100, 101, 900), span.size)
    assert found.pay(span, own).tolist() == [201, 900]
    hit = catastrophes(found, span.years, 0, *[found.pay(span, own)] * 2)
    assert [c.before.households for c in hit[:3]] == [2, 1, 1]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-(2**62), 2**62)), max_size=30))
def test_totals_by_key_are_those_of_python_of_any_size(pairs: list[tuple[int, int]]) -> None:
    keys = np.asarray([key for key, _ in pairs], np.int16)
    values = fen(*(value for _, value in pairs))
    expected = [sum(v for k, v in pairs if k == key) for key in range(3)]
    assert totals_by(keys, values, 3) == expected
