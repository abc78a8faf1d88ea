"""Loops over claims, compiled: sums by key in one pass, without arrays in between."""

from __future__ import annotations

from typing import Any

from numba import njit


@njit(cache=True, nogil=True)
def add_split(keys: Any, values: Any, high: Any, low: Any) -> None:
    """Add fen to the sums of their keys, in halves of 32 bits: neither can leave int64."""
    for i in range(len(values)):
        value = values[i]
        high[keys[i]] += value >> 32
        low[keys[i]] += value & 0xFFFFFFFF


@njit(cache=True, nogil=True)
def add_telling(keys: Any, values: Any, sums: Any) -> int:
    """Add fen to the sums of their keys; return a number with every bit that any amount has."""
    bits = 0
    for i in range(len(values)):
        value = values[i]
        bits |= value ^ (value >> 63)
        sums[keys[i]] += value
    return bits


@njit(cache=True, nogil=True)
def add(keys: Any, values: Any, sums: Any) -> None:
    """Add fen to the sums of their keys, which the caller has shown to stay within int64."""
    for i in range(len(values)):
        sums[keys[i]] += values[i]


@njit(cache=True, nogil=True)
def largest(values: Any) -> int:
    """Return the largest absolute value, of values above the smallest that int64 has."""
    most = 0
    for i in range(len(values)):
        most = max(most, abs(values[i]))
    return most
