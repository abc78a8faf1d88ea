"""Buckets of many pieces on disk, read as one: what is of a bucket in each, one after the other."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from yibao.bulk import scatter
from yibao.bulk.spill import Column, Layout, Piece
from yibao.settlement.columnar.data import NONE

Array = npt.NDArray[Any]
Int64 = npt.NDArray[np.int64]

_ABSENT = {"institution": NONE}
"""What a column of numbers is where a piece lacks it; else 0."""


class Gathered:
    """Pieces of one kind. Several threads may read buckets.

    `tables`: what the numbers of a column mean in each piece. `base`: what is to be added to the
    column `place` of each piece.
    """

    def __init__(
        self,
        pieces: Sequence[Piece],
        tables: Mapping[str, Sequence[npt.NDArray[np.int32]]] | None = None,
        base: Sequence[int] = (),
    ) -> None:
        """Lay the descriptions of pieces side by side."""
        self._files = [piece.file for piece in pieces]
        layouts = [piece.layout for piece in pieces]
        self._rows = _by_bucket([layout.rows for layout in layouts])
        self._starts = _by_bucket([layout.starts for layout in layouts])
        before = [layout.before() for layout in layouts]
        self._before_texts = np.array([found[""] for found in before], np.int64)
        self._numbers = _numbers(layouts, before)
        if base and "place" in self._numbers:
            self._numbers["place"][2][:] += np.array(base, np.int64)
        texts = sorted({name for layout in layouts for name in layout.texts})
        zero = np.zeros(len(self._rows), np.int64)
        self._texts = {
            name: _by_bucket([layout.texts.get(name, zero) for layout in layouts]) for name in texts
        }
        self._tables = {
            name: (
                np.concatenate([np.zeros(0, np.int32), *own]),
                np.cumsum([0, *map(len, own)], dtype=np.int64)[:-1],
            )
            for name, own in (tables or {}).items()
        }

    def batch(self, bucket: int) -> Any | None:
        """Return the rows of a bucket with columns of 64 bits, or 32 where a table gave them.

        None: there are no rows.
        """
        if not self._files or not self._rows[bucket].any():
            return None
        rows = self._rows[bucket]
        raw, at = self._raw(bucket)
        found: dict[str, Any] = {}
        for name, (before, *kept) in self._numbers.items():
            width, base, scale = kept
            values = scatter.widened(raw, at + before * rows, rows, (width, base, scale))
            if name in self._tables:
                found[name] = scatter.translated(values, rows, *self._tables[name])
            else:
                found[name] = values
        text_at = at + self._before_texts * rows
        for name, all_sizes in self._texts.items():
            sizes = all_sizes[bucket]
            found[name] = _texts(found[name], scatter.joined(raw, text_at, sizes))
            text_at = text_at + sizes
        return pa.record_batch(found)

    def _raw(self, bucket: int) -> tuple[Array, Int64]:
        """Return the bytes of a bucket in every piece, and where those of each begin."""
        begin, end = self._starts[bucket], self._starts[bucket + 1]
        at = np.zeros(len(begin) + 1, np.int64)
        np.cumsum(end - begin, out=at[1:])
        raw = np.empty(int(at[-1]), np.uint8)
        view = raw.data
        places = at.tolist()
        for number, (file, place) in enumerate(zip(self._files, begin.tolist(), strict=True)):
            own = view[places[number] : places[number + 1]]
            if len(own):
                _read(file, place, own)
        return raw, at[:-1]


def _by_bucket(found: Sequence[Int64]) -> Int64:
    """Return what there is of each bucket in each piece: buckets x pieces."""
    return np.ascontiguousarray(np.array(found, np.int64).T)


def _numbers(
    layouts: Sequence[Layout], before: Sequence[Mapping[str, int]]
) -> dict[str, tuple[Int64, Int64, Int64, Int64]]:
    """Return of each column, for all pieces: bytes of a row before it, width, base, scale."""
    columns = [{column.name: column for column in layout.columns} for layout in layouts]
    found = {}
    for name in {name: None for own in columns for name in own}:
        absent = Column(name, 0, _ABSENT.get(name, 0), 1)
        own = [known.get(name, absent) for known in columns]
        found[name] = (
            np.array([known.get(name, 0) for known in before], np.int64),
            np.array([column.width for column in own], np.int64),
            np.array([column.base for column in own], np.int64),
            np.array([column.scale for column in own], np.int64),
        )
    return found


def _read(file: Any, place: int, out: memoryview) -> None:
    with open(file, "rb", buffering=0) as stream:
        while len(out):
            read = os.preadv(stream.fileno(), [out], place)
            if not read:
                raise EOFError(f"{file}: shorter than it was written")
            out, place = out[read:], place + read


def _texts(lengths: Int64, data: Array) -> Any:
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.StringArray.from_buffers(len(lengths), pa.py_buffer(offsets), pa.py_buffer(data))
