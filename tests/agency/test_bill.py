"""Item lines become a bill: divided by the catalogue of their day, refused with every problem."""

from datetime import date
from fractions import Fraction

import pytest

from yibao.agency.desk.bill import AskedLine, BadLines, Item, bill_of, decimal
from yibao.agency.desk.model import DeskError
from yibao.errors import ClaimError
from yibao.money import MAX_CLAIM
from yibao.settlement.lines import ItemClass

FIRST, LAST = date(2023, 3, 1), date(2023, 3, 8)

CATALOGUE: dict[str, Item] = {
    "A": Item(ItemClass.A),
    "B10": Item(ItemClass.B, Fraction(1, 10), tags=frozenset({"tcm"})),
    "LIMIT": Item(ItemClass.A, standard=Fraction(50_00)),
    "NONE": Item(ItemClass.C, reason="not_in_catalogue"),
    "SPECIAL": Item(ItemClass.C, tags=frozenset({"special_drug"})),
}


def find(line: AskedLine) -> Item:
    if line.code not in CATALOGUE:
        raise DeskError("mapped", "local_code", line.local_code, "a mapped code")
    return CATALOGUE[line.code]


def line(code: str, price: Fraction | int, quantity: Fraction | int = 1, day: int = 1) -> AskedLine:
    return AskedLine("drug", code, Fraction(quantity), Fraction(price), date(2023, 3, day), "L1")


def test_lines_are_divided_and_add_up() -> None:
    lines = [line("A", 100_00), line("B10", 33_33, 3), line("LIMIT", 60_00, 2), line("NONE", 7)]
    bill = bill_of([*lines, line("SPECIAL", 500)], find, first=FIRST, last=LAST)
    # 33.33 x 3 = 99.99, of which 10 % is 9.999, rounded to 10.00; 2 x 10.00 above the standard.
    assert bill.amounts == {
        "total": 100_00 + 99_99 + 120_00 + 7 + 500,
        "out_of_catalogue": 7 + 500,
        "over_limit": 20_00,
        "first_self_pay": 10_00,
        "in_scope": 100_00 + 89_99 + 100_00,
        "in_scope_tcm": 89_99,
        "class_b": 89_99,
        "special_drugs": 500,
    }
    assert [row["number"] for row in bill.lines] == [1, 2, 3, 4, 5]
    assert [row["reason"] for row in bill.lines] == ["", "", "", "not_in_catalogue", ""]
    assert sum(row["total"] for row in bill.lines) == bill.amounts["total"]


def test_every_line_that_cannot_be_settled_is_told() -> None:
    lines = [line("A", 1), line("?", 1), line("A", 1, day=9), line("A", -1)]
    with pytest.raises(BadLines) as told:
        bill_of(lines, find, first=FIRST, last=LAST)
    assert [(number, error.rule) for number, error in told.value.problems] == [
        (2, "mapped"),
        (3, "served_on"),
        (4, "not_negative"),
    ]


def test_a_line_of_a_local_code_is_kept_with_the_national_one() -> None:
    bill = bill_of([line("", 1)], lambda _: Item(ItemClass.A, code="XA"), first=FIRST, last=LAST)
    assert (bill.lines[0]["code"], bill.lines[0]["local_code"]) == ("XA", "L1")


def test_lines_together_are_at_most_what_a_claim_may_be() -> None:
    most = [line("A", MAX_CLAIM)]
    assert bill_of(most, find, first=FIRST, last=LAST).amounts["total"] == MAX_CLAIM
    with pytest.raises(ClaimError, match="together"):
        bill_of([*most, line("A", 1)], find, first=FIRST, last=LAST)


def test_a_bill_has_lines() -> None:
    with pytest.raises(DeskError, match="from 1 to"):
        bill_of([], find, first=FIRST, last=LAST)


@pytest.mark.parametrize(
    ("exact", "written"),
    [
        (Fraction(0), "0"),
        (Fraction(5), "5"),
        (Fraction(1, 8), "0.125"),
        (Fraction(12345, 100), "123.45"),
    ],
)
def test_fractions_are_written_as_decimals(exact: Fraction, written: str) -> None:
    assert decimal(exact) == written
