"""How the rows of a person hang together: ids that come twice, reversals, the status of the day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from yibao.bulk.order import compare
from yibao.interop.files.arrays.columns import buffers
from yibao.interop.files.arrays.kernels import hash_bytes
from yibao.settlement.columnar.data import NONE, UNKNOWN

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_FEW = 32


@njit(cache=True, nogil=True)
def _by_hash(hashes: Any, order: Any, count: int) -> None:
    if count > _FEW:
        order[:count] = np.argsort(hashes[:count])
        return
    for at in range(count):
        order[at] = at
        back = at
        while back > 0 and hashes[order[back - 1]] > hashes[at]:
            order[back] = order[back - 1]
            back -= 1
        order[back] = at


@njit(cache=True, nogil=True)
def _link(
    start: Any, person_hash: Any, o: Any, d: Any, ro: Any, rd: Any, usable: Any,
    own: Any, reverses: Any, shared: Any,
) -> int:  # fmt: skip
    numbers = 0
    persons = len(start) - 1
    hashes = np.empty(_FEW, np.uint64)
    order = np.empty(_FEW, np.int64)
    person = 0
    while person < persons:
        begin = start[person]
        last = person + 1
        several = False
        # persons whose hashes are the same are looked at together: they might share an id
        while last < persons and (
            start[last] == start[last + 1]
            or start[last] == begin
            or person_hash[start[last]] == person_hash[begin]
        ):
            several |= start[last] != begin and start[last] != start[last + 1]
            last += 1
        end = start[last]
        count = end - begin
        if count > len(hashes):
            hashes = np.empty(2 * count, np.uint64)
            order = np.empty(2 * count, np.int64)
        backward = False
        for i in range(count):
            row = begin + i
            hashes[i] = hash_bytes(d, o[row], o[row + 1])
            backward |= ro[row] != ro[row + 1]
        if count > 1:
            _by_hash(hashes, order, count)
            for at in range(count):
                row = begin + order[at]
                if not usable[row]:
                    continue
                then = at + 1
                while then < count and hashes[order[then]] == hashes[order[at]]:
                    other = begin + order[then]
                    if usable[other] and compare(o, d, row, o, d, other) == 0:
                        if own[row] == NONE:
                            own[row] = numbers
                            numbers += 1
                        own[other] = own[row]
                        if several:
                            shared[row] = True
                            shared[other] = True
                    then += 1
        else:
            order[0] = 0
        if backward:
            for i in range(count):
                row = begin + i
                if ro[row] == ro[row + 1] or not usable[row]:
                    continue
                reverses[row] = UNKNOWN
                wanted = hash_bytes(rd, ro[row], ro[row + 1])
                low, high = 0, count
                while low < high:
                    middle = (low + high) // 2
                    if hashes[order[middle]] < wanted:
                        low = middle + 1
                    else:
                        high = middle
                while low < count and hashes[order[low]] == wanted:
                    other = begin + order[low]
                    if usable[other] and compare(ro, rd, row, o, d, other) == 0:
                        if own[other] == NONE:
                            own[other] = numbers
                            numbers += 1
                        reverses[row] = own[other]
                        if several:
                            shared[row] = True
                            shared[other] = True
                    low += 1
        person = last
    return numbers


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """`own_id`, `reverses` as in `Items`; `shared`: rows that persons of one hash share."""

    own_id: Int32
    reverses: Int32
    shared: Flags


def link(start: Int64, person_hash: Any, claim_id: Any, reverses: Any, usable: Flags) -> Links:
    """Find the ids that more than one usable row of a person has or names."""
    count = len(usable)
    found = Links(
        np.full(count, NONE, np.int32), np.full(count, NONE, np.int32), np.zeros(count, np.bool_)
    )
    texts = (*buffers(claim_id), *buffers(reverses))
    _link(start, person_hash, *texts, usable, found.own_id, found.reverses, found.shared)
    return found


@njit(cache=True, nogil=True)
def _ties(start: Any, settled: Any, o: Any, d: Any, out: Any) -> None:
    for person in range(len(start) - 1):
        for row in range(start[person] + 1, start[person + 1]):
            if settled[row] == settled[row - 1] and compare(o, d, row, o, d, row - 1) == 0:
                out[person] = True


def ties(start: Int64, settled: Int64, claim_id: Any) -> Flags:
    """Tell which persons have two rows of one id and time, whose order their content decides."""
    out = np.zeros(len(start) - 1, np.bool_)
    _ties(start, settled, *buffers(claim_id), out)
    return out


@njit(cache=True, nogil=True)
def _status_rows(start: Any, day: Any, of: Any, first: Any, last: Any, out: Any) -> None:
    for person in range(len(start) - 1):
        begin, end = of[person], of[person + 1]
        for row in range(start[person], start[person + 1]):
            low, high = begin, end
            while low < high:
                middle = (low + high) // 2
                if first[middle] <= day[row]:
                    low = middle + 1
                else:
                    high = middle
            at = low - 1
            out[row] = at if at >= begin and last[at] >= day[row] else NONE


def status_rows(start: Int64, day: Int32, of: Int64, first: Int32, last: Int32) -> Int64:
    """Return the row of the status that covers each item's day, or NONE."""
    out = np.empty(len(day), np.int64)
    _status_rows(start, day, of, first, last, out)
    return out


@njit(cache=True, nogil=True)
def _overlaps(of: Any, first: Any, last: Any, out: Any) -> None:
    for person in range(len(of) - 1):
        begin, end = of[person], of[person + 1]
        if end - begin > 1:
            longest = last[begin]
            for row in range(begin + 1, end):
                if first[row] <= longest:
                    out[person] = True
                longest = max(longest, last[row])


def overlaps(of: Int64, first: Int32, last: Int32) -> Flags:
    """Tell which persons have statuses that overlap."""
    out = np.zeros(len(of) - 1, np.bool_)
    _overlaps(of, first, last, out)
    return out
