"""Loops over Arrow's text buffers: hashes of ids, and cells in their plainest spelling.

Each loop says of every cell whether it is certainly right; a cell that is not may still be good in
another spelling, and is read again by `interop.files.cells`. Texts are UTF-8 bytes with int32
offsets. Days are days since 1970-01-01, times microseconds since then, money fen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from yibao.interop.files.arrays import words
from yibao.interop.files.rows import MAX_CELL
from yibao.money import MAX_CLAIM

_LONGEST = MAX_CELL
_LONGEST_TIME = len("2017-03-01 09:30:00.000000000")
_MOST = MAX_CLAIM
_DAY_US = 86_400_000_000

EMPTY, CERTAIN, UNCERTAIN = 0, 1, 2
"""What a loop says of a cell. An empty one means what an absent column means."""


@njit(cache=True, nogil=True)
def _few(data: Any, begin: int, end: int) -> Any:
    """Return fewer than eight bytes as a number, the first one lowest."""
    word = np.uint64(0)
    for i in range(begin, end):
        word |= np.uint64(data[i]) << np.uint64(8 * (i - begin))
    return word


@njit(cache=True, nogil=True)
def _mixed_in(h: Any, word: Any) -> Any:
    h = (h ^ word) * np.uint64(0xFF51AFD7ED558CCD)
    return h ^ (h >> np.uint64(32))


@njit(cache=True, nogil=True)
def hash_bytes(data: Any, begin: int, end: int) -> Any:
    """Return a fixed 64-bit hash of a text: the order of bulk output depends on it."""
    h = np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(end - begin)
    if end - begin >= 8:
        at = begin
        while at + 8 <= end:
            h = _mixed_in(h, words.load(data, at))
            at += 8
        if at < end:  # no byte beyond the text is read
            h = _mixed_in(h, words.load(data, end - 8) >> np.uint64(8 * (8 - (end - at))))
    elif begin < end:
        h = _mixed_in(h, _few(data, begin, end))
    h *= np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))


@njit(cache=True, nogil=True)
def hashes(offsets: Any, data: Any, out: Any) -> None:
    """Write the hash of every text."""
    for i in range(len(out)):
        out[i] = hash_bytes(data, offsets[i], offsets[i + 1])


_ONES, _HIGH = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_BLANKS, _LETTERS = np.uint64(0x2121212121212121), np.uint64(0x4141414141414141)


@njit(cache=True, nogil=True)
def _is_plain(word: Any) -> Any:
    """Tell whether each of eight bytes is above 32 and below 127."""
    below_127 = (word | (word + _ONES)) & _HIGH == 0
    return below_127 and ((word | _HIGH) - _BLANKS) & _HIGH == _HIGH


@njit(cache=True, nogil=True)
def identifiers(offsets: Any, data: Any, out: Any) -> None:
    """Say of every cell whether it is an id of printable ASCII: a letter or digit, then no blank.

    A blank in the middle is uncertain too: whoever reads row by row decides.
    """
    for i in range(len(out)):
        begin, end = offsets[i], offsets[i + 1]
        if begin == end:
            out[i] = 0
            continue
        good = end - begin <= _LONGEST
        if end - begin < 8:
            good &= _is_plain(_few(data, begin, end) | _LETTERS << np.uint64(8 * (end - begin)))
        else:
            for at in range(begin, end - 7, 8):
                good &= _is_plain(words.load(data, at))
            good &= _is_plain(words.load(data, end - 8))
        first = data[begin]
        letter = 65 <= first <= 90 or 97 <= first <= 122
        out[i] = 1 if good and (letter or 48 <= first <= 57) else 2


@njit(cache=True, nogil=True)
def _digits(data: Any, begin: int, count: int) -> int:
    """Return the number that `count` digits are, -1 where one is none."""
    number = 0
    for at in range(begin, begin + count):
        c = data[at]
        if c < 48 or c > 57:
            return -1
        number = number * 10 + (c - 48)
    return number


@njit(cache=True, nogil=True)
def _civil(year: int, month: int, day: int) -> int:
    """Return the days since 1970-01-01 of a date, or the least int32 when there is none."""
    none = -(2**31)
    if year < 1 or month < 1 or month > 12 or day < 1:
        return none
    length = 31
    if month in (4, 6, 9, 11):
        length = 30
    elif month == 2:
        length = 29 if (year % 4 == 0 and year % 100 != 0) or year % 400 == 0 else 28
    if day > length:
        return none
    y = year - 1 if month <= 2 else year
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@njit(cache=True, nogil=True)
def _fraction(data: Any, begin: int, end: int) -> int:
    """Return the microseconds of digits after the point, -1 where they are none or too fine."""
    found = _digits(data, begin, min(end - begin, 6))
    for _ in range(end - begin, 6):
        found *= 10
    if end > begin + 6 and _digits(data, begin + 6, end - begin - 6) != 0:
        return -1
    return max(found, -1)


@njit(cache=True, nogil=True)
def times(offsets: Any, data: Any, out: Any, said: Any) -> None:
    """Read times such as 2017-03-01 09:30:00, 2017-03-01 09:30:00.250 or 2017-03-01."""
    for i in range(len(out)):
        begin, end = offsets[i], offsets[i + 1]
        out[i] = 0
        said[i] = 0
        if begin == end:
            continue
        said[i] = 2
        length = end - begin
        exact = length in (10, 19) or 21 <= length <= _LONGEST_TIME
        if not exact or data[begin + 4] != 45 or data[begin + 7] != 45:
            continue
        year = _digits(data, begin, 4)
        month = _digits(data, begin + 5, 2)
        day = _digits(data, begin + 8, 2)
        if year < 0 or month < 0 or day < 0:
            continue
        days = _civil(year, month, day)
        if days == -(2**31):
            continue
        second = micro = 0
        if length >= 19:
            gap = data[begin + 10]
            if (gap not in (32, 84)) or data[begin + 13] != 58 or data[begin + 16] != 58:
                continue
            h = _digits(data, begin + 11, 2)
            m = _digits(data, begin + 14, 2)
            s = _digits(data, begin + 17, 2)
            if h < 0 or h > 23 or m < 0 or m > 59 or s < 0 or s > 59:
                continue
            second = (h * 60 + m) * 60 + s
        if length > 19:
            micro = _fraction(data, begin + 20, end)
            if data[begin + 19] != 46 or micro < 0:
                continue
        out[i] = days * _DAY_US + second * 1_000_000 + micro
        said[i] = 1


@njit(cache=True, nogil=True)
def amounts(offsets: Any, data: Any, out: Any, said: Any) -> None:
    """Read yuan such as 1234.50, 1234.5 or 1234 as fen."""
    for i in range(len(out)):
        begin, end = offsets[i], offsets[i + 1]
        out[i] = 0
        said[i] = 0
        if begin == end:
            continue
        said[i] = 2
        length = end - begin
        if length > 13:
            continue
        whole, decimals = length, 0
        for back in range(2, 4):
            if length > back - 1 and data[end - back] == 46:
                whole, decimals = length - back, back - 1
        if whole < 1:
            continue
        yuan = _digits(data, begin, whole)
        if yuan < 0:
            continue
        cents = 0
        if decimals:
            cents = _digits(data, end - decimals, decimals)
            if cents < 0:
                continue
            if decimals == 1:
                cents *= 10
        fen = yuan * 100 + cents
        if fen <= _MOST:
            out[i] = fen
            said[i] = 1


@njit(cache=True, nogil=True)
def look_up(indices: Any, codes: Any, out: Any, said: Any) -> None:
    """Write the code of every cell of a dictionary; -1 is one that is wrong."""
    for i in range(len(indices)):
        code = codes[indices[i]]
        out[i] = code
        said[i] = 1 if code > 0 else (0 if code == 0 else 2)


@njit(cache=True, nogil=True)
def decimals(words: Any, factor: int, out: Any, said: Any) -> None:
    """Read decimals of 128 bits (two words each) as fen; `factor` makes their unit fen."""
    for i in range(len(out)):
        low, high = words[2 * i], words[2 * i + 1]
        good = high == 0 and 0 <= low <= _MOST // factor
        out[i] = low * factor if good else 0
        said[i] = 1 if good else 2
