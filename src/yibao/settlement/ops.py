"""What each operation means, on integers.

This is the readable definition of the semantics: small pure functions that take and return fen,
counts, and rate numerators over a denominator. `generate` writes programs that call them; nothing
else in Yibao computes a benefit. Each function is simple enough for a compiler of numbers.
"""

from __future__ import annotations

from yibao.money import half_up


def at_least_zero(number: int) -> int:
    """Return the number, or zero when it is negative.

    >>> at_least_zero(500 - 800)
    0
    """
    return number if number > 0 else 0


def prorate(amount: int, part: int, whole: int) -> int:
    """Return the share of `amount` that falls on `part` of `whole`, rounded half up.

    >>> prorate(500_00, 1000_00, 3000_00)
    16667
    """
    return half_up(amount * part, whole) if whole else 0


def within(amount: int, limit: int, used: int) -> int:
    """Return the part of `amount` that still fits under `limit` after `used`.

    A deductible is what still fits under its standard; a cap is what still fits under its limit.

    >>> within(300_00, 500_00, 400_00)
    10000
    """
    left = limit - used
    if left <= 0:
        return 0
    return amount if amount < left else left


def overlap(start: int, end: int, low: int, high: int) -> int:
    """Return the length that the intervals [start, end] and [low, high] share.

    >>> overlap(400_00, 1200_00, 500_00, 1000_00)
    50000
    """
    first = start if start > low else low
    last = end if end < high else high
    return last - first if last > first else 0


def ordinal(own: int, total: int) -> int:
    """Return the number of an admission: the episode's own if it has one, else the next.

    >>> ordinal(0, 2), ordinal(2, 2)
    (3, 2)
    """
    return own or total + 1
