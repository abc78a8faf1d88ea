"""A figure as a pack writes it, as the number that it is."""

from __future__ import annotations

import re
from fractions import Fraction

from yibao.errors import MoneyError
from yibao.money import UNLIMITED, parse_rate, parse_yuan
from yibao.policy.model import Number, Unit

WRITTEN = {"yuan": '"800.00" or unlimited', "rate": '"65%"', "count": "a whole number"}
"""How a figure of each unit is written, for the words of a defect."""


_PLAIN = re.compile(r"[¥￥]?([0-9]+|[0-9]{1,3}(?:[,，][0-9]{3})+)(\.[0-9]{1,2})?元?")
_SHARE = re.compile(r"0?\.([0-9]{1,4})|([0-9]{1,3}(?:\.[0-9]{1,4})?)[ ]*[%％]?")


def written(unit: Unit, value: object) -> str:
    """Return how a figure is written; where one can see which was meant, that very figure."""
    near = _near(unit, str(value).strip(" “”\"'"))
    return WRITTEN[unit] + (f"; did you mean {near}?" if near else "")


def _near(unit: Unit, text: str) -> str:
    if unit == "yuan" and (found := _PLAIN.fullmatch(text)):
        yuan = re.sub("[,，]", "", found[1])
        return f'"{yuan}{(found[2] or ".00").ljust(3, "0")}"'
    if unit == "rate" and (found := _SHARE.fullmatch(text)):
        if found[2]:
            return f'"{found[2]}%"' if Fraction(found[2]) <= 100 else ""
        digits = found[1].ljust(2, "0")
        return f'"{digits[:2].lstrip("0") or "0"}{"." + digits[2:] if digits[2:] else ""}%"'
    return str(int(text)) if unit == "count" and text.isdecimal() else ""


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
