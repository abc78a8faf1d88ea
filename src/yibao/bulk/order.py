"""Put rows in order: by person, then by time, then by id; and lay persons and claims side by side.

The order of persons is that of the hash of their id, then of its bytes; ids are equal only when
their bytes are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from yibao.interop.files.arrays.columns import buffers

Int64 = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

_SMALL = 24
"""Up to so many rows are put in order by insertion."""


@njit(cache=True, nogil=True)
def compare(o1: Any, d1: Any, i: int, o2: Any, d2: Any, j: int) -> int:
    """Compare two texts by their bytes: -1, 0 or 1."""
    a, b = o1[i], o2[j]
    n, m = o1[i + 1] - a, o2[j + 1] - b
    for k in range(min(n, m)):
        x, y = d1[a + k], d2[b + k]
        if x != y:
            return -1 if x < y else 1
    return 0 if n == m else (-1 if n < m else 1)


@njit(cache=True, nogil=True)
def _less(texts: Any, h1: Any, s1: Any, r1: int, h2: Any, s2: Any, r2: int) -> Any:
    """Compare rows by hash, time, id and row; whether equal hashes are one person is seen later."""
    if h1 != h2:
        return h1 < h2
    if s1 != s2:
        return s1 < s2
    found = compare(texts[0], texts[1], r1, texts[0], texts[1], r2)
    if found != 0:
        return found < 0
    return texts[2][r1] < texts[2][r2]


@njit(cache=True, nogil=True)
def _sort_few(h: Any, s: Any, r: Any, texts: Any, begin: int, end: int) -> None:
    for at in range(begin + 1, end):
        own_h, own_s, own_r = h[at], s[at], r[at]
        back = at
        while back > begin and _less(
            texts, own_h, own_s, own_r, h[back - 1], s[back - 1], r[back - 1]
        ):
            h[back], s[back], r[back] = h[back - 1], s[back - 1], r[back - 1]
            back -= 1
        h[back], s[back], r[back] = own_h, own_s, own_r


@njit(cache=True, nogil=True)
def _sort_many(h: Any, s: Any, r: Any, texts: Any, begin: int, end: int) -> None:
    """Merge sorted stretches, each twice as long as before."""
    for at in range(begin, end, _SMALL):
        _sort_few(h, s, r, texts, at, min(at + _SMALL, end))
    length = _SMALL
    h2, s2, r2 = h[begin:end].copy(), s[begin:end].copy(), r[begin:end].copy()
    while length < end - begin:
        for left in range(begin, end, 2 * length):
            middle, right = min(left + length, end), min(left + 2 * length, end)
            i, j = left, middle
            for k in range(left, right):
                first = i < middle and (
                    j >= right or not _less(texts, h[j], s[j], r[j], h[i], s[i], r[i])
                )
                at = i if first else j
                h2[k - begin], s2[k - begin], r2[k - begin] = h[at], s[at], r[at]
                if first:
                    i += 1
                else:
                    j += 1
        h[begin:end], s[begin:end], r[begin:end] = h2, s2, r2
        length *= 2


@njit(cache=True, nogil=True)
def _sort(hashes: Any, second: Any, texts: Any, bins: int, order: Any, h: Any) -> None:
    """Write the order of rows, and their hashes in that order."""
    n = len(hashes)
    low, high = hashes[0], hashes[0]
    for i in range(n):
        low, high = min(low, hashes[i]), max(high, hashes[i])
    shift = np.uint64(0)
    while ((high - low) >> shift) >= np.uint64(bins):
        shift += np.uint64(1)
    start = np.zeros(bins + 1, np.int64)
    for i in range(n):
        start[int((hashes[i] - low) >> shift) + 1] += 1
    for b in range(bins):
        start[b + 1] += start[b]
    at = start.copy()
    s = np.empty(n, np.int64)
    for i in range(n):
        b = int((hashes[i] - low) >> shift)
        h[at[b]], s[at[b]], order[at[b]] = hashes[i], second[i], i
        at[b] += 1
    for b in range(bins):
        if start[b + 1] - start[b] <= _SMALL:
            _sort_few(h, s, order, texts, start[b], start[b + 1])
        else:
            _sort_many(h, s, order, texts, start[b], start[b + 1])


@njit(cache=True, nogil=True)
def _mixed(h: Any, o: Any, d: Any) -> bool:
    for i in range(1, len(h)):  # noqa: SIM110 (compiled)
        if h[i] == h[i - 1] and compare(o, d, i, o, d, i - 1) != 0:
            return True
    return False


def mixed(hashes: Hashes, person: Any) -> bool:
    """Tell whether rows next to each other are of two persons with one hash."""
    return bool(_mixed(hashes, *buffers(person)))


@njit(cache=True, nogil=True)
def _in_order(hashes: Any, o: Any, d: Any, second: Any, texts: Any) -> bool:
    for i in range(1, len(hashes)):
        if hashes[i] < hashes[i - 1]:
            return False
        if hashes[i] == hashes[i - 1]:
            person = compare(o, d, i, o, d, i - 1)
            if person < 0:
                return False
            if person == 0 and _less(
                texts, hashes[i], second[i], i, hashes[i], second[i - 1], i - 1
            ):
                return False
    return True


def order_of(hashes: Hashes, person: Any, second: Int64, third: Any, place: Int64) -> Int64 | None:
    """Return the order of rows by (hash, second, third, place); None: they are in order.

    Rows of two persons with one hash come out mixed: see `mixed` and `exact_order_of`.
    """
    if len(hashes) < 2:
        return None
    texts = (*buffers(third), np.ascontiguousarray(place))
    if _in_order(hashes, *buffers(person), second, texts):
        return None
    bins = 1 << max(4, (len(hashes) // 4).bit_length())
    order, ordered = np.empty(len(hashes), np.int64), np.empty(len(hashes), np.uint64)
    _sort(hashes, second, texts, bins, order, ordered)
    return order


def exact_order_of(hashes: Hashes, person: Any, second: Int64, third: Any, place: Int64) -> Int64:
    """Return the order of rows by (hash, person, second, third, place), row by row."""
    keys = zip(
        hashes.tolist(),
        person.to_pylist(),
        second.tolist(),
        third.to_pylist(),
        place.tolist(),
        strict=True,
    )
    rows = [(h, p.encode(), s, t.encode(), at) for h, p, s, t, at in keys]
    return np.array(sorted(range(len(rows)), key=rows.__getitem__), np.int64)


@njit(cache=True, nogil=True)
def _sums(groups: Any, values: Any, out: Any) -> None:
    for i in range(len(groups)):
        out[groups[i]] += values[i]


def sums_by(groups: npt.NDArray[np.int32], values: Int64, size: int) -> list[int]:
    """Return the exact sum of values of each group below `size`."""
    out = np.zeros(size, np.int64)
    _sums(groups, values, out)
    return [int(value) for value in out]


@njit(cache=True, nogil=True)
def _ascending(o: Any, d: Any) -> bool:
    for i in range(1, len(o) - 1):  # noqa: SIM110 (compiled)
        if compare(o, d, i, o, d, i - 1) < 0:
            return False
    return True


def ascending(texts: Any) -> bool:
    """Tell whether texts are in the order of their bytes."""
    return bool(_ascending(*buffers(texts)))


@njit(cache=True, nogil=True)
def _compact(codes: Any, number: Any, used: Any) -> int:
    count = 0
    for i in range(len(codes)):
        if number[codes[i]] < 0:
            number[codes[i]] = count
            used[count] = codes[i]
            count += 1
        codes[i] = number[codes[i]]
    return count


def compacted(codes: npt.NDArray[np.int32], size: int) -> npt.NDArray[np.int32]:
    """Renumber codes below `size` in place by first appearance; return what they were."""
    number, used = np.full(size, -1, np.int32), np.empty(size, np.int32)
    return used[: _compact(codes, number, used)]


# --- persons and claims side by side --------------------------------------------------------------


@njit(cache=True, nogil=True)
def _same(hashes: Any, o: Any, d: Any, i: int, j: int) -> bool:
    return hashes[i] == hashes[j] and compare(o, d, i, o, d, j) == 0


@njit(cache=True, nogil=True)
def _align(h1: Any, o1: Any, d1: Any, h2: Any, o2: Any, d2: Any, start1: Any, start2: Any) -> int:
    i = j = persons = 0
    n, m = len(h1), len(h2)
    while i < n or j < m:
        side = 0
        if i >= n:
            side = 1
        elif j >= m:
            side = -1
        elif h1[i] != h2[j]:
            side = -1 if h1[i] < h2[j] else 1
        else:
            side = compare(o1, d1, i, o2, d2, j)
        if side <= 0:
            first = i
            while i < n and _same(h1, o1, d1, first, i):
                i += 1
        if side >= 0:
            first = j
            while j < m and _same(h2, o2, d2, first, j):
                j += 1
        persons += 1
        start1[persons] = i
        start2[persons] = j
    return persons


def align(h1: Hashes, person1: Any, h2: Hashes, person2: Any) -> tuple[Int64, Int64]:
    """Return, for rows of two kinds in order, where each person's rows start in either."""
    most = len(h1) + len(h2) + 1
    start1, start2 = np.zeros(most, np.int64), np.zeros(most, np.int64)
    persons = _align(h1, *buffers(person1), h2, *buffers(person2), start1, start2)
    return start1[: persons + 1].copy(), start2[: persons + 1].copy()
