"""How many buckets and how large blocks fit a memory budget; and memory that is used again."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from yibao.interop.files.arrays.source import Source
from yibao.interop.files.tabular import format_of

DEFAULT = 1 << 30
"""The memory that a run may use unless told otherwise, in bytes."""

_FIXED = 420 << 20
"""What the process needs before it has read a row: Python, Arrow, the compiled loops."""

_PER_BLOCK_ROW = 550
_PER_BUCKET_ROW = 750
"""Bytes for each row of a block that is read, and of a bucket that is settled, at their highest."""

_LINE, _PACKED = 90, 15
"""Bytes of a row of CSV, at least; and packed."""

_MOST_BLOCK, _LEAST_BLOCK = 1 << 20, 1 << 15


@dataclass(frozen=True, slots=True)
class Plan:
    """How the work is divided: how many buckets, and rows of a block."""

    buckets: int
    block: int


def plan_for(
    claims: Sequence[Source], persons: Sequence[Source], memory: int, threads: int
) -> Plan:
    """Return how to divide files so that `threads` stay within `memory` bytes."""
    room = max(memory - _FIXED, 64 << 20)
    rows = sum(rows_of(s.file) for s in claims) + sum(rows_of(s.file) for s in persons) // 4
    # one bucket more than threads: the one that is being written
    buckets = -(-rows * (threads + 1) * _PER_BUCKET_ROW // room)
    block = room // (threads * _PER_BLOCK_ROW)
    return Plan(max(1, buckets), max(_LEAST_BLOCK, min(_MOST_BLOCK, block)))


def rows_at_once(memory: int) -> int:
    """Return how many rows one process may settle as one bucket within `memory` bytes."""
    return max(memory - _FIXED, 64 << 20) // _PER_BUCKET_ROW


def rows_of(file: Path) -> int:
    """Return the number of rows of a file, or a guess that is rather too high; 0 if unreadable."""
    try:
        if format_of(file) == ".parquet":
            return int(pq.read_metadata(file).num_rows)
        size = file.stat().st_size
    except (OSError, pa.ArrowException):
        return 0
    return size // (_PACKED if file.name.lower().endswith(".gz") else _LINE)


_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of mallopt(3)."""


def keep_freed_memory() -> None:
    """Let the process use freed memory again instead of giving it back to the system each time.

    Every array of a block or bucket is large enough that glibc would map and unmap it by itself,
    so that each was zeroed by the kernel page by page: a quarter of all processor time. One arena,
    and Arrow in it too, as what one thread or library has freed another takes. Other C libraries
    are left as they are.
    """
    mallopt = getattr(_c_library(), "mallopt", None)
    if mallopt is not None:
        for parameter, value in (
            (_MMAP_THRESHOLD, 2**31 - 1),
            (_TRIM_THRESHOLD, 2**31 - 1),
            (_ARENA_MAX, 1),
        ):
            mallopt(parameter, value)
        pa.set_memory_pool(pa.system_memory_pool())


def give_back_memory() -> None:
    """Give freed memory back to the system."""
    malloc_trim = getattr(_c_library(), "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)


def _c_library() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(None)
    except (OSError, TypeError):  # not on Windows
        return None
