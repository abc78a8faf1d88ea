"""Pieces on disk: the rows of a block of a file by bucket, so that each bucket can be read alone.

A piece is written whole under its final name or not at all, so that a run which was stopped can use
what is there. Bucket by bucket it holds the columns one after the other: numbers in as few bytes as
they need, then the bytes of texts. The end of the file says how. Numbers of facts and institutions
belong to the piece, at whose end their meaning stands.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from yibao.bulk import scatter
from yibao.interop.files.arrays.columns import buffers
from yibao.interop.files.rows import OutputError
from yibao.policy.model import Value
from yibao.settlement.model import Facts

Int64 = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

_TAIL = 8
"""The last bytes of a piece: how long its description before them is."""

_ALIGNED = 8
"""Buckets begin at multiples of it."""


@dataclass(frozen=True, slots=True)
class Column:
    """How a column of numbers lies in a piece: bytes of each, 0 where all are `base`."""

    name: str
    width: int
    base: int
    scale: int


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where the columns of a piece lie.

    columns  of numbers, the widest first; those of texts are their lengths
    rows     B: of each bucket
    texts    bytes of each bucket (B) of each column of texts, by name in order: pieces differ in
             which they have
    """

    columns: Sequence[Column]
    rows: Int64
    texts: Mapping[str, Int64]

    @property
    def starts(self) -> Int64:
        """Return where each bucket begins, and the last one ends."""
        sizes = self.rows * sum(column.width for column in self.columns)
        for own in self.texts.values():
            sizes = sizes + own
        found = np.zeros(len(sizes) + 1, np.int64)
        np.cumsum(-(-sizes // _ALIGNED) * _ALIGNED, out=found[1:])
        return found

    def before(self) -> dict[str, int]:
        """Return how many bytes of a row lie before each column of numbers, and before texts."""
        found, total = {}, 0
        for column in self.columns:
            found[column.name] = total
            total += column.width
        return {**found, "": total}


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A piece on disk: how it lies there, and what its numbers mean."""

    file: Path
    layout: Layout
    told: Mapping[str, Any]

    @property
    def facts(self) -> list[Facts]:
        """The tuples that the column `facts` numbers."""
        return [facts_of(texts) for texts in self.told["facts"]]


def laid_out(batch: Any, hashes: Hashes, buckets: int) -> tuple[Layout, npt.NDArray[np.uint8]]:
    """Return rows bucket by bucket as bytes, in their order within a bucket.

    Columns are numbers or texts; `hashes` decide the buckets. Numbers without a sign are read with
    one.
    """
    of, rows = scatter.buckets_of(hashes, buckets)
    numbers: dict[str, npt.NDArray[Any]] = {}
    texts = {}
    columns = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_string(column.type):
            texts[name] = buffers(column)
            values, base, scale = scatter.narrowed(np.diff(texts[name][0]))
        else:
            values, base, scale = scatter.narrowed(_signed(column.to_numpy()))
        if values is not None:
            numbers[name] = values
        columns.append(Column(name, 0 if values is None else values.itemsize, base, scale))
    columns.sort(key=lambda column: -column.width)
    sizes = {name: scatter.text_sizes(texts[name][0], of, buckets) for name in sorted(texts)}
    layout = Layout(columns, rows, sizes)
    starts, before = layout.starts, layout.before()
    data = np.empty(int(starts[-1]), np.uint8)
    rank = scatter.ranks(of, rows)
    for name, values in numbers.items():
        at = (starts[:-1] + before[name] * rows) // values.itemsize
        scatter.scatter(values, rank, rows, at, data.view(values.dtype))
    at = starts[:-1] + before[""] * rows
    for name, own in sizes.items():
        scatter.scatter_texts(*texts[name], of, at.copy(), data)
        at += own
    return layout, data


def _signed(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return numbers of 64 bits (hashes) as if they had a sign."""
    return values.view(np.int64) if values.dtype == np.uint64 else values


def write_piece(
    file: Path, batch: Any, hashes: Hashes, buckets: int, told: Mapping[str, Any]
) -> None:
    """Write rows bucket by bucket; raises OutputError (a full disk).

    `told` is what must be known besides, as JSON can hold it.
    """
    layout, data = laid_out(batch, hashes, buckets)
    index = {
        "columns": [[c.name, c.width, c.base, c.scale] for c in layout.columns],
        "rows": layout.rows.tolist(),
        "texts": {name: sizes.tolist() for name, sizes in layout.texts.items()},
        "told": told,
    }
    tail = json.dumps(index, separators=(",", ":")).encode()
    temporary = file.with_name(f".{file.name}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(data.data)
            stream.write(tail + len(tail).to_bytes(_TAIL, "little"))
        os.replace(temporary, file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(file, told_of(error)) from None


def told_of(error: OSError) -> str:
    """Return why the work could not be written, and what to do."""
    full = error.errno == errno.ENOSPC or "errno 28" in str(error)  # Arrow's own words
    why = "No space left on device / 磁盘已满" if full else error.strerror or str(error)
    return (
        f"{why}; what is done is kept: make room and start the same command again, or name a "
        "folder on another disk with --work / "
        "已完成的工作保留：腾出空间后重新执行同一命令，或用 --work 指定别的磁盘"
    )


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A piece that is not on disk: the rows of one bucket."""

    batch: Any
    told: Mapping[str, Any]

    @property
    def facts(self) -> list[Facts]:
        """The tuples that the column `facts` numbers."""
        return [facts_of(texts) for texts in self.told["facts"]]


class Shelf(Protocol):
    """Where the parts of a piece are put: its rows last."""

    def put(self, part: Part, batch: Any, hashes: Hashes, told: Mapping[str, Any]) -> None:
        """Keep rows by bucket, which the hashes decide."""


Part = Literal["rows", "slow", "ids"]
"""The rows that are certainly right, those that need a closer look, the hashes of claim ids."""


class DiskShelf:
    """Puts the parts of a piece into files."""

    def __init__(self, file: Path, buckets: int) -> None:
        self._file, self._buckets = file, buckets

    def put(self, part: Part, batch: Any, hashes: Hashes, told: Mapping[str, Any]) -> None:
        """Write a part whole; raises OutputError."""
        write_piece(part_file(self._file, part), batch, hashes, self._buckets, told)


class MemoryShelf:
    """Keeps the parts of a piece as they are, in one bucket."""

    def __init__(self) -> None:
        self.parts: dict[Part, Held] = {}

    def put(self, part: Part, batch: Any, hashes: Hashes, told: Mapping[str, Any]) -> None:
        """Keep a part."""
        del hashes
        self.parts[part] = Held(batch, told)


def part_file(file: Path, part: Part) -> Path:
    """Return where a part of a piece lies; `file` is where its rows lie."""
    return file if part == "rows" else file.with_suffix(f".{part}")


def open_piece(file: Path) -> Piece:
    """Open a piece that was written whole."""
    with file.open("rb") as stream:
        stream.seek(-_TAIL, os.SEEK_END)
        size = int.from_bytes(stream.read(_TAIL), "little")
        stream.seek(-_TAIL - size, os.SEEK_END)
        index = json.loads(stream.read(size))
    layout = Layout(
        [Column(*column) for column in index["columns"]],
        np.array(index["rows"], np.int64),
        {name: np.array(sizes, np.int64) for name, sizes in index["texts"].items()},
    )
    return Piece(file, layout, index["told"])


def facts_texts(facts: Facts) -> list[Any]:
    """Return a tuple of facts as JSON can hold it: a set as a list."""
    return [sorted(value) if isinstance(value, frozenset) else value for value in facts]


def facts_of(texts: Sequence[Any]) -> Facts:
    """Return the tuple of facts that `facts_texts` wrote."""
    values: list[Value] = [frozenset(v) if isinstance(v, list) else v for v in texts]
    return tuple(values)
