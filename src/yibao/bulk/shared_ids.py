"""Claim ids that two persons share or name: found exactly, on all rows, a range of ids at a time.

The hashes of ids and persons were written with the pieces. Two rows of one id always have one hash,
so nothing is missed; two ids that happen to have one hash only cost the closer look.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from yibao.bulk.gather import Gathered
from yibao.bulk.spill import open_piece

Hashes = npt.NDArray[np.uint64]

_BITS = 8
"""Bits of the filter for each row: of eight rows that come once, seven are sorted out by it."""


@njit(cache=True, nogil=True)
def _repeated(ids: Any, bits: Any, twice: Any, mask: Any) -> int:
    """Mark the places of the filter that are hit twice; return how many rows hit such a place."""
    for i in range(len(ids)):
        at = (ids[i] * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20) & mask
        word, bit = at >> np.uint64(6), np.uint64(1) << (at & np.uint64(63))
        if bits[word] & bit:
            twice[word] |= bit
        bits[word] |= bit
    count = 0
    for i in range(len(ids)):
        at = (ids[i] * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20) & mask
        if twice[at >> np.uint64(6)] >> (at & np.uint64(63)) & np.uint64(1):
            count += 1
    return count


@njit(cache=True, nogil=True)
def _pick(ids: Any, twice: Any, mask: Any, out: Any) -> None:
    count = 0
    for i in range(len(ids)):
        at = (ids[i] * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20) & mask
        if twice[at >> np.uint64(6)] >> (at & np.uint64(63)) & np.uint64(1):
            out[count] = i
            count += 1


def shared_by(ids: Hashes, persons: Hashes) -> Hashes:
    """Return the hashes of persons of which two or more have or name one id."""
    if len(ids) < 2:
        return persons[:0]
    size = 1 << max(6, (_BITS * len(ids) - 1).bit_length())
    bits, twice = (np.zeros(size // 64, np.uint64) for _ in range(2))
    mask = np.uint64(size - 1)
    rows = np.empty(_repeated(ids, bits, twice, mask), np.int64)
    _pick(ids, twice, mask, rows)
    ids, persons = ids[rows], persons[rows]
    order = np.lexsort((persons, ids))
    ids, persons = ids[order], persons[order]
    differs = (ids[1:] == ids[:-1]) & (persons[1:] != persons[:-1])
    return np.unique(persons[np.isin(ids, ids[1:][differs])])


def persons_who_share(files: Iterable[Path], buckets: int) -> Hashes:
    """Return the hashes of persons who share or name an id of another, over all pieces."""
    pieces = Gathered([open_piece(file) for file in files])
    found = [np.zeros(0, np.uint64)]
    for bucket in range(buckets):
        batch = pieces.batch(bucket)
        if batch is not None:
            ids, persons = (batch[name].to_numpy().view(np.uint64) for name in ("id", "person"))
            found.append(shared_by(ids, persons))
    return np.unique(np.concatenate(found))
