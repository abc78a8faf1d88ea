"""From the lines of a bill to the amounts of a claim.

Each line divides into four parts that add up to it: outside the catalogue, above the payment
standard (limit price), the first self-pay share of class B, and the in-scope amount (T16-01b). The
first self-pay share is rounded half up to the fen first; the in-scope amount is what remains, so
nothing is ever lost between the two. A payment standard, also one that follows a volume-based
purchase price (P25-3.4.1f, P25-3.5.1c), bounds what is payable; the excess is the person's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from yibao.errors import ClaimError
from yibao.money import MAX_CLAIM, half_up


class ItemClass(StrEnum):
    """Where an item stands in the catalogue: 甲 in, 乙 after a first self-pay share, 丙 out."""

    A = "A"
    B = "B"
    C = "C"


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One line of a bill.

    `price` and `standard` are fen per unit and may be fractions of a fen; `standard` None means
    that no standard limits the price. `first_self_pay` is the rate of a class B item.
    """

    price: Fraction
    quantity: Fraction
    item_class: ItemClass
    first_self_pay: Fraction = Fraction(0)
    standard: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """A line, or a whole bill, in fen: four parts that add up to the total."""

    out_of_catalogue: int = 0
    over_limit: int = 0
    first_self_pay: int = 0
    in_scope: int = 0

    @property
    def total(self) -> int:
        """The whole."""
        return self.out_of_catalogue + self.over_limit + self.first_self_pay + self.in_scope

    def __add__(self, other: Split) -> Split:
        return Split(
            self.out_of_catalogue + other.out_of_catalogue,
            self.over_limit + other.over_limit,
            self.first_self_pay + other.first_self_pay,
            self.in_scope + other.in_scope,
        )


def split(line: ItemLine) -> Split:
    """Divide one line; raises ClaimError on a negative number or a rate that cannot be."""
    _check(line)
    amount = _fen(line.price * line.quantity)
    if amount > MAX_CLAIM:
        raise ClaimError("price", str(line.price), "max_amount", f"at most {MAX_CLAIM} fen a line")
    if line.item_class is ItemClass.C:
        return Split(out_of_catalogue=amount)
    payable = amount
    if line.standard is not None:
        payable = min(amount, _fen(line.standard * line.quantity))
    own = _fen(payable * line.first_self_pay)
    return Split(over_limit=amount - payable, first_self_pay=own, in_scope=payable - own)


def header(lines: Iterable[ItemLine]) -> Split:
    """Return the amounts of a claim from its lines, each rounded on its own."""
    return sum(map(split, lines), Split())


def _fen(exact: Fraction) -> int:
    return half_up(exact.numerator, exact.denominator)


def _check(line: ItemLine) -> None:
    for name in ("price", "quantity", "first_self_pay", "standard"):
        value = getattr(line, name)
        if value is not None and value < 0:
            raise ClaimError(name, str(value), "not_negative", "a number not below zero")
    if line.first_self_pay > 1:
        raise ClaimError(
            "first_self_pay", str(line.first_self_pay), "rate", "a rate of at most 100%"
        )
    if line.first_self_pay and line.item_class is not ItemClass.B:
        raise ClaimError(
            "first_self_pay",
            str(line.first_self_pay),
            "class_b_only",
            "a first self-pay share on class B items only",
        )
