"""A figure as a pack writes it, as the number that it is."""

from __future__ import annotations

from yibao.errors import MoneyError
from yibao.money import UNLIMITED, parse_rate, parse_yuan
from yibao.policy.model import Number, Unit

WRITTEN = {"yuan": '"800.00" or unlimited', "rate": '"65%"', "count": "a whole number"}
"""How a figure of each unit is written, for the words of a defect."""


def number(unit: Unit, value: object) -> Number:
    """Return a figure in fen, as a fraction of one, or as a count; raises MoneyError."""
    if unit == "count":
        if isinstance(value, int) and value >= 0:
            return value
        raise MoneyError(f"{value!r} is not a whole number")
    if not isinstance(value, str):
        raise MoneyError(f"{value!r} is not quoted")
    if unit == "rate":
        rate = parse_rate(value)
        if rate > 1:
            raise MoneyError(f"{value} is above 100 %")
        return rate
    if value == "unlimited":
        return UNLIMITED
    if len(value.partition(".")[2]) != 2:
        raise MoneyError(f"{value!r} is not an amount with two decimals")
    return parse_yuan(value)
