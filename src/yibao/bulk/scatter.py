"""Loops that move rows: each to its bucket when they are spilled, and together again when read.

Numbers lie in as few bytes as they need: a row's value is `base + scale * stored`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from yibao.interop.files.arrays import words
from yibao.settlement.columnar.data import NONE

Array = npt.NDArray[Any]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

_SECOND = 1_000_000
"""Times are in microseconds, and nearly always whole seconds."""


@njit(cache=True, nogil=True)
def _buckets_of(hashes: Any, buckets: int, of: Any, rows: Any) -> None:
    for i in range(len(hashes)):
        b = int(((hashes[i] >> np.uint64(32)) * np.uint64(buckets)) >> np.uint64(32))
        of[i] = b
        rows[b] += 1


def buckets_of(hashes: Hashes, buckets: int) -> tuple[Int32, Int64]:
    """Return the bucket of each row, and how many rows each has; buckets are ranges of hashes."""
    of, rows = np.empty(len(hashes), np.int32), np.zeros(buckets, np.int64)
    _buckets_of(hashes, buckets, of, rows)
    return of, rows


def narrowed(values: Array) -> tuple[Array | None, int, int]:
    """Return numbers in the fewest bytes, without a sign, and their base and scale.

    The values have signs. None: all are the same, namely the base.
    """
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if low == high:
        return None, low, 1
    if high - low < 2**32:
        kind = np.uint8 if high - low < 2**8 else np.uint16 if high - low < 2**16 else np.uint32
        return (values - low if low else values).astype(kind), low, 1
    if int(values[0]) % _SECOND == 0:
        seconds = values // _SECOND
        if (seconds * _SECOND == values).all():
            found, base, scale = narrowed(seconds)
            return found, base * _SECOND, scale * _SECOND
    return values.view(np.uint64), 0, 1


@njit(cache=True, nogil=True)
def _ranks(of: Any, at: Any, out: Any) -> None:
    for i in range(len(of)):
        out[i] = at[of[i]]
        at[of[i]] += 1


def ranks(of: Int32, rows: Int64) -> npt.NDArray[np.uint32]:
    """Return where each row comes when rows are ordered by bucket."""
    out = np.empty(len(of), np.uint32)
    _ranks(of, np.cumsum(rows) - rows, out)
    return out


@njit(cache=True, nogil=True)
def scatter(values: Any, rank: Any, rows: Any, at: Any, out: Any) -> None:
    """Put numbers in their order, those of each bucket from its place in `out` on.

    In two steps, as the first one has no step that waits for another.
    """
    ordered = np.empty_like(values)
    for i in range(len(values)):
        ordered[rank[i]] = values[i]
    begin = 0
    for b in range(len(rows)):
        out[at[b] : at[b] + rows[b]] = ordered[begin : begin + rows[b]]
        begin += rows[b]


@njit(cache=True, nogil=True)
def scatter_texts(offsets: Any, data: Any, of: Any, at: Any, out: Any) -> None:
    """Put the bytes of every text where those of its bucket go on; `at` moves along."""
    for i in range(len(of)):
        to, begin, size = at[of[i]], offsets[i], offsets[i + 1] - offsets[i]
        if size < 8:
            for k in range(size):
                out[to + k] = data[begin + k]
        else:
            for k in range(0, size - 7, 8):
                words.store(out, to + k, words.load(data, begin + k))
            words.store(out, to + size - 8, words.load(data, begin + size - 8))
        at[of[i]] = to + size


@njit(cache=True, nogil=True)
def _text_sizes(offsets: Any, of: Any, sizes: Any) -> None:
    for i in range(len(of)):
        sizes[of[i]] += offsets[i + 1] - offsets[i]


def text_sizes(offsets: Int32, of: Int32, buckets: int) -> Int64:
    """Return how many bytes the texts of each bucket have."""
    sizes = np.zeros(buckets, np.int64)
    _text_sizes(offsets, of, sizes)
    return sizes


# --- together again -------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _widen(views: Any, at: Any, rows: Any, kept: Any, out: Any) -> None:
    raw, raw2, raw4, raw8 = views
    width, base, scale = kept
    to = 0
    for p in range(len(rows)):
        n, w, low, unit = rows[p], width[p], base[p], scale[p]
        if w == 0:
            for i in range(n):
                out[to + i] = low
        elif w == 1:
            for i in range(n):
                out[to + i] = np.int64(raw[at[p] + i]) * unit + low
        elif w == 2:
            for i in range(n):
                out[to + i] = np.int64(raw2[at[p] // 2 + i]) * unit + low
        elif w == 4:
            for i in range(n):
                out[to + i] = np.int64(raw4[at[p] // 4 + i]) * unit + low
        else:
            for i in range(n):
                out[to + i] = raw8[at[p] // 8 + i] * unit + low
        to += n


def widened(raw: Array, at: Int64, rows: Int64, kept: tuple[Int64, Int64, Int64]) -> Int64:
    """Return the numbers of several pieces one after the other.

    `at` are places in the bytes `raw`, `kept` the widths, bases and scales of the pieces.
    """
    out = np.empty(int(rows.sum()), np.int64)
    views = (raw, raw.view(np.uint16), raw.view(np.uint32), raw.view(np.int64))
    _widen(views, at, rows, kept, out)
    return out


@njit(cache=True, nogil=True)
def _translate(values: Any, rows: Any, tables: Any, begin: Any, out: Any) -> None:
    to = 0
    for p in range(len(rows)):
        for i in range(to, to + rows[p]):
            out[i] = NONE if values[i] == NONE else tables[begin[p] + values[i]]
        to += rows[p]


def translated(values: Int64, rows: Int64, tables: Int32, begin: Int64) -> Int32:
    """Return what numbers but NONE mean in the table of their piece, which begins at `begin`."""
    out = np.empty(len(values), np.int32)
    _translate(values, rows, tables, begin, out)
    return out


@njit(cache=True, nogil=True)
def _join(raw: Any, at: Any, sizes: Any, out: Any) -> None:
    to = 0
    for p in range(len(at)):
        out[to : to + sizes[p]] = raw[at[p] : at[p] + sizes[p]]
        to += sizes[p]


def joined(raw: Array, at: Int64, sizes: Int64) -> Array:
    """Return stretches of bytes one after the other."""
    out = np.empty(int(sizes.sum()), np.uint8)
    _join(raw, at, sizes, out)
    return out
