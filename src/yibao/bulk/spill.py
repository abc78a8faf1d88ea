"""Pieces on disk: the rows of a block of a file by bucket, so that each bucket can be read alone.

A piece is written whole under its final name or not at all, so that a run which was stopped can use
what is there. Batches are Arrow messages compressed with LZ4, at offsets that the end of the file
gives. Numbers of facts and institutions belong to the piece, at whose end their meaning stands.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from yibao.interop.files.rows import OutputError
from yibao.policy.model import Value
from yibao.settlement.model import Facts

_LZ4 = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
_PLAIN = pa.ipc.IpcWriteOptions(use_threads=False)
_TAIL = 16


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A piece on disk: where each bucket's batch begins and ends, and what its numbers mean."""

    file: Path
    schema: Any
    offsets: Sequence[int]
    rows: Sequence[int]
    told: Mapping[str, Any]

    @property
    def facts(self) -> list[Facts]:
        """The tuples that the column `facts` numbers."""
        return [facts_of(texts) for texts in self.told["facts"]]

    def read(self, first: int, last: int) -> Iterator[Any]:
        """Yield the batches of buckets from `first` to before `last`."""
        begin, end = self.offsets[first], self.offsets[last]
        if begin == end:
            return
        with self.file.open("rb", buffering=0) as stream:
            stream.seek(begin)
            data = pa.py_buffer(stream.read(end - begin))
        source = pa.BufferReader(data)
        for bucket in range(first, last):
            if self.rows[bucket]:
                yield pa.ipc.read_record_batch(pa.ipc.read_message(source), self.schema)


def write_piece(
    file: Path,
    batch: Any,
    starts: npt.NDArray[np.int64],
    told: Mapping[str, Any],
    *,
    compressed: bool = True,
) -> None:
    """Write a batch whose rows lie bucket by bucket; raises OutputError (a full disk).

    `told` is what must be known besides, as JSON can hold it.
    """
    temporary = file.with_name(f".{file.name}.tmp")
    try:
        with pa.OSFile(str(temporary), "wb") as sink:
            writer = pa.ipc.new_stream(sink, batch.schema, options=_LZ4 if compressed else _PLAIN)
            writer.write_batch(batch.slice(0, 0))  # the schema comes before the first batch
            offsets = [sink.tell()]
            rows = np.diff(starts).tolist()
            for begin, count in zip(starts.tolist(), rows, strict=False):
                if count:
                    writer.write_batch(batch.slice(begin, count))
                offsets.append(sink.tell())
        index = {"offsets": offsets, "rows": rows, "told": told}
        tail = json.dumps(index, separators=(",", ":")).encode()
        schema = batch.schema.serialize().to_pybytes()
        with temporary.open("ab") as stream:
            stream.write(schema + tail)
            stream.write(len(schema).to_bytes(8, "little") + len(tail).to_bytes(8, "little"))
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

    def read(self, first: int, last: int) -> Iterator[Any]:
        """Yield the rows; there is one bucket."""
        del first, last
        if len(self.batch):
            yield self.batch


class Shelf(Protocol):
    """Where the parts of a piece are put: its rows last."""

    buckets: int
    is_disk: bool

    def put(
        self, part: Part, batch: Any, starts: npt.NDArray[np.int64], told: Mapping[str, Any]
    ) -> None:
        """Keep rows that lie bucket by bucket."""


Part = Literal["rows", "slow", "ids"]
"""The rows that are certainly right, those that need a closer look, the hashes of claim ids."""


class DiskShelf:
    """Puts the parts of a piece into files."""

    is_disk = True

    def __init__(self, file: Path, buckets: int) -> None:
        self._file, self.buckets = file, buckets

    def put(
        self, part: Part, batch: Any, starts: npt.NDArray[np.int64], told: Mapping[str, Any]
    ) -> None:
        """Write a part whole; raises OutputError."""
        write_piece(part_file(self._file, part), batch, starts, told, compressed=part != "ids")


class MemoryShelf:
    """Keeps the parts of a piece as they are, in one bucket."""

    is_disk = False

    def __init__(self) -> None:
        self.buckets = 1
        self.parts: dict[Part, Held] = {}

    def put(
        self, part: Part, batch: Any, starts: npt.NDArray[np.int64], told: Mapping[str, Any]
    ) -> None:
        """Keep a part."""
        del starts
        self.parts[part] = Held(batch, told)


def part_file(file: Path, part: Part) -> Path:
    """Return where a part of a piece lies; `file` is where its rows lie."""
    return file if part == "rows" else file.with_suffix(f".{part}")


def open_piece(file: Path) -> Piece:
    """Open a piece that was written whole."""
    with file.open("rb") as stream:
        stream.seek(-_TAIL, os.SEEK_END)
        ends = stream.read(_TAIL)
        schema_size, tail_size = (int.from_bytes(ends[i : i + 8], "little") for i in (0, 8))
        stream.seek(-_TAIL - schema_size - tail_size, os.SEEK_END)
        schema = pa.ipc.read_schema(pa.py_buffer(stream.read(schema_size)))
        index = json.loads(stream.read(tail_size))
    return Piece(file, schema, index["offsets"], index["rows"], index["told"])


def facts_texts(facts: Facts) -> list[Any]:
    """Return a tuple of facts as JSON can hold it: a set as a list."""
    return [sorted(value) if isinstance(value, frozenset) else value for value in facts]


def facts_of(texts: Sequence[Any]) -> Facts:
    """Return the tuple of facts that `facts_texts` wrote."""
    values: list[Value] = [frozenset(v) if isinstance(v, list) else v for v in texts]
    return tuple(values)


def narrowed(values: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Return numbers in 32 bits where they fit: fewer bytes to move."""
    if len(values) and int(values.max()) < 2**31 and int(values.min()) >= -(2**31):
        return values.astype(np.int32)
    return values
