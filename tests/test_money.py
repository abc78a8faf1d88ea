"""Money and rates: exact at the edge, half up to the fen, and nothing guessed."""

import doctest
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yibao import money
from yibao.errors import MoneyError, YibaoError
from yibao.money import format_rate, format_yuan, half_up, parse_rate, parse_yuan


def test_the_examples_in_the_docstrings_hold() -> None:
    result = doctest.testmod(money)
    assert (result.failed, result.attempted > 0) == (0, True)


# --- yuan ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("0.00", 0),
        ("0.01", 1),
        ("0.1", 10),
        ("0.10", 10),
        ("1", 100),
        ("1234.5", 123_450),
        ("1234.56", 123_456),
        ("007.00", 700),
        ("68212208.00", 6_821_220_800),
        ("999999999999999.99", 99_999_999_999_999_999),
    ],
)
def test_an_amount_in_yuan_becomes_exact_fen(text: str, fen: int) -> None:
    assert parse_yuan(text) == fen


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1.00",
        "1.00 ",
        "1.00\n",
        "1.",
        ".5",
        "1.005",  # a third decimal is never rounded away
        "-1.00",
        "+1.00",
        "1,234.00",
        "1e3",
        "1E3",
        "0x10",
        "NaN",
        "inf",
        "1_000",
        "１.００",  # full-width digits
        "٣",  # another script's digits
        "1。00",
        "1.0.0",
        "¥1.00",
        "1000000000000000",  # sixteen digits
    ],
)
def test_anything_else_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(MoneyError) as caught:
        parse_yuan(text)
    assert str(caught.value) == f"{text!r} is not an amount in yuan with at most two decimals"
    assert isinstance(caught.value, YibaoError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (0, "0.00"),
        (1, "0.01"),
        (-1, "-0.01"),
        (10, "0.10"),
        (99, "0.99"),
        (100, "1.00"),
        (123_450, "1234.50"),
        (-123_456, "-1234.56"),
        (-199, "-1.99"),
    ],
)
def test_fen_are_shown_as_yuan_with_two_decimals(fen: int, text: str) -> None:
    assert format_yuan(fen) == text


@given(st.integers(0, 10**17 - 1))
def test_writing_and_reading_yuan_is_the_identity(fen: int) -> None:
    assert parse_yuan(format_yuan(fen)) == fen


# --- rates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("0%", Fraction(0)),
        ("65%", Fraction(65, 100)),
        ("11.2%", Fraction(112, 1000)),
        ("62.5%", Fraction(5, 8)),
        ("0.5%", Fraction(1, 200)),
        ("0.000001%", Fraction(1, 10**8)),
        ("100%", Fraction(1)),
        ("150%", Fraction(3, 2)),
    ],
)
def test_a_percentage_becomes_an_exact_rate(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text",
    ["", "65", "0.65", "65 %", "65％", "-5%", "1e1%", ".5%", "5.%", "1000%", "0.0000001%", "65%\n"],
)
def test_anything_else_is_no_rate(text: str) -> None:
    with pytest.raises(MoneyError) as caught:
        parse_rate(text)
    assert str(caught.value) == f"{text!r} is not a percentage such as '65%' or '11.2%'"


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (Fraction(0), "0%"),
        (Fraction(1), "100%"),
        (Fraction(65, 100), "65%"),
        (Fraction(7, 10), "70%"),
        (Fraction(14, 125), "11.2%"),
        (Fraction(5, 8), "62.5%"),
        (Fraction(1, 200), "0.5%"),
        (Fraction(1, 2000), "0.05%"),
        (Fraction(1, 10**8), "0.000001%"),
        (Fraction(1, 10**9), "0.0000001%"),  # the seventh decimal is the last that is shown
        (Fraction(1, 10**10), "1/10000000000"),
        (Fraction(1, 3), "1/3"),
    ],
)
def test_a_rate_is_shown_as_a_percentage_or_a_fraction(rate: Fraction, text: str) -> None:
    assert format_rate(rate) == text


@given(st.integers(0, 999), st.integers(0, 999_999))
def test_writing_and_reading_a_rate_is_the_identity(whole: int, millionths: int) -> None:
    rate = Fraction(whole * 10**6 + millionths, 10**8)
    assert parse_rate(format_rate(rate)) == rate


# --- rounding -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [
        (0, 100, 0),
        (49, 100, 0),
        (50, 100, 1),  # a half goes up, also from zero
        (149, 100, 1),
        (150, 100, 2),
        (250, 100, 3),  # not to the even neighbour
        (12_750, 100, 128),  # 1.50 yuan x 85 %
        (1, 3, 0),
        (2, 3, 1),
        (5, 2, 3),
        (7, 1, 7),
        (10**25 + 1, 2 * 10**25, 1),
    ],
)
def test_a_half_is_rounded_up(numerator: int, denominator: int, rounded: int) -> None:
    assert half_up(numerator, denominator) == rounded


@given(st.integers(0, 10**20), st.sampled_from([1, 10, 100, 1000, 10**6]))
def test_rounding_is_that_of_decimal_arithmetic(numerator: int, denominator: int) -> None:
    exact = Decimal(numerator) / denominator
    assert half_up(numerator, denominator) == exact.quantize(Decimal(1), ROUND_HALF_UP)


@given(st.integers(0, 10**15), st.integers(1, 10**9))
def test_rounding_is_never_off_by_more_than_a_half(numerator: int, denominator: int) -> None:
    error = half_up(numerator, denominator) - Fraction(numerator, denominator)
    assert Fraction(-1, 2) < error <= Fraction(1, 2)


# --- limits -------------------------------------------------------------------------------------


def test_the_limits_leave_room_for_each_other() -> None:
    """A claim fits a state, a state fits under "no ceiling", and all of it fits int64."""
    assert parse_yuan("1000000000.00") == money.MAX_CLAIM
    assert money.MAX_CLAIM < money.MAX_STATE < money.UNLIMITED
    assert money.MAX_STATE == 100 * money.MAX_CLAIM
    assert money.UNLIMITED + money.MAX_STATE + money.MAX_CLAIM < 2**63
