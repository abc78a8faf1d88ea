"""How many buckets and how large blocks fit a memory budget."""

from __future__ import annotations

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
