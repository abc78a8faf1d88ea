"""Sums of fen that are exact whatever their size, as Python integers; quotients as fractions.

int64 holds every single amount (at most 10^13 fen, `yibao.money`), but not every sum or product of
a city. So amounts are taken apart into limbs whose sums cannot leave int64, and put together again
in Python integers. No float is used.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from yibao.macro.simulation import kernels

Int64 = npt.NDArray[np.int64]
Codes = npt.NDArray[np.integer[Any]]
Flags = npt.NDArray[np.bool_]

_LIMB = 16
_MASK = (1 << _LIMB) - 1
_CHUNK = 1 << 19
_MOST = 1 << 27
"""Weights stay below this: weight (2^27) x limb (2^16) x chunk (2^19) is below 2^63."""


def total(values: Int64, where: Flags | None = None) -> int:
    """Return the sum of fen, exactly: halves of 32 bits cannot overflow below 2^31 values."""
    chosen = values if where is None else values[where]
    high = int((chosen >> 32).sum(dtype=np.int64))
    low = int((chosen & 0xFFFFFFFF).sum(dtype=np.int64))
    return (high << 32) + low


def dot(weights: Codes, values: Int64) -> int:
    """Return the sum of weight x fen, exactly; weights lie within +-2^27 (ValueError else)."""
    if len(weights) and int(np.abs(weights).max()) >= _MOST:
        raise ValueError(f"a weight of {_MOST} or more: the sum would not be safe")
    result = 0
    for start in range(0, len(values), _CHUNK):
        w = weights[start : start + _CHUNK].astype(np.int64, copy=False)
        rest = values[start : start + _CHUNK]
        for limb in range(3):
            result += int(np.dot(w, rest & _MASK)) << (_LIMB * limb)
            rest = rest >> _LIMB
        # What is left has the sign and, amounts being below 2^63, at most 15 bits.
        result += int(np.dot(w, rest)) << (_LIMB * 3)
    return result


def by_key(keys: Codes, values: Int64, size: int) -> Int64:
    """Return the sums of fen for each key 0 … size-1.

    A person's year stays below 10^13 fen (`MAX_STATE`), a household's with it, so int64 holds the
    sums of such keys; for sums over many persons use `total`. Raises OverflowError where a bound on
    the whole (largest amount x count) does not show that.
    """
    result = np.zeros(size, np.int64)
    if len(values):
        largest = int(kernels.largest(values))
        if largest * len(values) >= 1 << 63:
            most = int(np.bincount(keys, minlength=1).max())
            if largest * most >= 1 << 63:
                raise OverflowError("sums by key may leave int64")
        kernels.add(keys, values, result)
    return result


def totals_by(keys: Codes, values: Int64, size: int) -> list[int]:
    """Return the sums of fen for each key 0 … size-1, exactly whatever their size.

    n amounts of b bits cannot leave 64 bits where the bits of n and b are at most 62 together: then
    one addition each is enough. Else the sums are made again of halves.
    """
    sums = np.zeros(size, np.int64)
    bits = int(kernels.add_telling(keys, values, sums))
    if bits.bit_length() + len(values).bit_length() <= 62:
        return [int(one) for one in sums]
    high, low = np.zeros(size, np.int64), np.zeros(size, np.int64)
    kernels.add_split(keys, values, high, low)
    return [(int(one) << 32) + int(other) for one, other in zip(high, low, strict=True)]


def count(keys: Codes, size: int) -> Int64:
    """Return how many there are of each key."""
    return np.bincount(keys, minlength=size).astype(np.int64)


def ratio(part: int, whole: int) -> Fraction | None:
    """Return part / whole exactly; None where there is no whole to speak of."""
    return Fraction(part, whole) if whole else None


def quantiles(values: Int64, shares: tuple[Fraction, ...]) -> tuple[int, ...]:
    """Return, for each share, the smallest value that at least this share does not exceed."""
    if not len(values):
        return tuple(0 for _ in shares)
    n = len(values)
    at = [max(0, -(-share.numerator * n // share.denominator) - 1) for share in shares]
    ordered = np.partition(values, sorted(set(at)))
    return tuple(int(ordered[i]) for i in at)
