"""Bill lines: four parts that add up, self-pay rounded first, in-scope by subtraction."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yibao.errors import ClaimError
from yibao.money import MAX_CLAIM
from yibao.settlement.lines import ItemClass, ItemLine, Split, header, split

A, B, C = ItemClass.A, ItemClass.B, ItemClass.C


def line(
    yuan: str,
    item_class: ItemClass = A,
    *,
    quantity: str = "1",
    rate: str = "0",
    standard: str | None = None,
) -> ItemLine:
    return ItemLine(
        price=Fraction(yuan) * 100,
        quantity=Fraction(quantity),
        item_class=item_class,
        first_self_pay=Fraction(rate),
        standard=None if standard is None else Fraction(standard) * 100,
    )


@pytest.mark.clause("T16-01b")
def test_a_bill_divides_into_parts_that_add_up() -> None:
    """1,000 = 800 in scope + 50 first self-pay + 150 outside the catalogue."""
    bill = header([line("300"), line("550", B, rate="1/11"), line("150", C)])
    assert bill == Split(out_of_catalogue=150_00, first_self_pay=50_00, in_scope=800_00)
    assert bill.total == 1_000_00


@pytest.mark.clause("P25-3.4.1f")
def test_payment_standard_bounds_the_price() -> None:
    assert split(line("12", standard="10")) == Split(over_limit=2_00, in_scope=10_00)
    assert split(line("12", standard="10", quantity="3")) == Split(over_limit=6_00, in_scope=30_00)
    assert split(line("9", standard="10")) == Split(in_scope=9_00)


@pytest.mark.clause("P25-3.5.1c")
def test_winning_price_is_the_standard_of_the_original_brand() -> None:
    assert split(line("25", standard="10")) == Split(over_limit=15_00, in_scope=10_00)


def test_first_self_pay_is_rounded_first_and_on_what_is_payable() -> None:
    """10.05 x 10 % = 1.005 -> 1.01 half up; in scope is 10.05 - 1.01."""
    assert split(line("10.05", B, rate="1/10")) == Split(first_self_pay=1_01, in_scope=9_04)
    over = split(line("25", B, rate="1/10", standard="10"))
    assert over == Split(over_limit=15_00, first_self_pay=1_00, in_scope=9_00)


def test_unit_prices_may_be_fractions_of_a_fen() -> None:
    """0.1234 yuan x 100 tablets = 12.34."""
    assert split(line("0.1234", quantity="100")).in_scope == 12_34
    assert split(line("0.005")).in_scope == 1
    assert split(line("0.0049")).in_scope == 0


def test_outside_the_catalogue_nothing_else_applies() -> None:
    assert split(line("25", C, standard="10")) == Split(out_of_catalogue=25_00)


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        (line("-1"), "not_negative"),
        (line("1", quantity="-1"), "not_negative"),
        (line("1", standard="-1"), "not_negative"),
        (line("1", B, rate="101/100"), "rate"),
        (line("1", A, rate="1/10"), "class_b_only"),
        (line("1", C, rate="1/10"), "class_b_only"),
        (line("1000000000.01"), "max_amount"),
    ],
)
def test_lines_that_cannot_be(bad: ItemLine, rule: str) -> None:
    with pytest.raises(ClaimError) as caught:
        split(bad)
    assert caught.value.rule == rule


def test_the_largest_line_is_good() -> None:
    assert split(line("1000000000.00")).total == MAX_CLAIM


money = st.integers(0, 10**10).map(lambda n: Fraction(n, 1_000))


@given(
    price=money,
    quantity=st.integers(0, 10_000).map(lambda n: Fraction(n, 100)),
    item_class=st.sampled_from(ItemClass),
    rate=st.integers(0, 1_000).map(lambda n: Fraction(n, 1_000)),
    standard=st.none() | money,
)
def test_parts_always_add_up(
    price: Fraction,
    quantity: Fraction,
    item_class: ItemClass,
    rate: Fraction,
    standard: Fraction | None,
) -> None:
    one = ItemLine(price, quantity, item_class, rate if item_class is B else Fraction(0), standard)
    parts = split(one)
    amount = price * quantity
    assert abs(parts.total - amount) <= Fraction(1, 2)
    assert min(parts.out_of_catalogue, parts.over_limit, parts.first_self_pay, parts.in_scope) >= 0
    if standard is not None and item_class is not C:
        assert parts.first_self_pay + parts.in_scope <= standard * quantity + Fraction(1, 2)
