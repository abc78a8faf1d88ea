"""Money and rates, exact.

Money is integer fen (1 yuan = 100 fen). A rate is a `Fraction` while it is read and an integer
numerator over a plan-wide denominator while it is applied. No float appears anywhere.
"""

from __future__ import annotations

import re
from fractions import Fraction

from yibao.errors import MoneyError

MAX_CLAIM = 10**11
"""Largest amount that one claim may bring: 1,000,000,000.00 yuan, in fen."""

MAX_INPUT_COUNT = 10_000
"""Largest count, of months or years, that a procedure may start from."""

MAX_STATE = 10**13
"""Largest amount that a person's accumulators may reach, in fen."""

UNLIMITED = 10**14
"""Stands for "no ceiling": above every amount that can occur, in fen."""

_YUAN = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,2}))?")
_RATE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,6}))?%")


def parse_yuan(text: str) -> int:
    """Return the fen of an amount in yuan such as ``"1234.5"`` or ``"0.05"``.

    Raises MoneyError on a sign, a third decimal, an exponent, a thousands separator or anything
    else that is not digits with at most two decimals.
    """
    match = _YUAN.fullmatch(text)
    if match is None:
        raise MoneyError(f"{text!r} is not an amount in yuan with at most two decimals")
    yuan, cents = match.groups(default="")
    return int(yuan) * 100 + int(cents.ljust(2, "0"))


def format_yuan(fen: int) -> str:
    """Return fen as yuan with two decimals: ``123450 -> "1234.50"``."""
    if fen < 0:
        return "-" + format_yuan(-fen)
    return f"{fen // 100}.{fen % 100:02d}"


def parse_rate(text: str) -> Fraction:
    """Return the exact rate of a percentage such as ``"65%"``, ``"11.2%"`` or ``"0.5%"``."""
    match = _RATE.fullmatch(text)
    if match is None:
        raise MoneyError(f"{text!r} is not a percentage such as '65%' or '11.2%'")
    whole, decimals = match.groups(default="")
    return Fraction(int(whole + decimals), 100 * 10 ** len(decimals))


def format_rate(rate: Fraction) -> str:
    """Return an exact rate as a percentage: ``Fraction(14, 125) -> "11.2%"``.

    A rate that has no finite decimal form is printed as a fraction of one.
    """
    scaled = rate * 100
    for decimals in range(8):
        shifted = scaled * 10**decimals
        if shifted.denominator == 1:
            digits = str(shifted.numerator).rjust(decimals + 1, "0")
            if decimals == 0:
                return f"{digits}%"
            return f"{digits[:-decimals]}.{digits[-decimals:]}%"
    return f"{rate.numerator}/{rate.denominator}"


def half_up(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded half up, for numerator >= 0 and denominator > 0.

    >>> half_up(12750, 100)  # 1.50 yuan x 85% = 127.5 fen
    128
    """
    return (2 * numerator + denominator) // (2 * denominator)
