"""Rows of files cut by bucket and put together again: what goes through Spark's shuffle.

A fragment holds the rows of one block of a file that belong to one bucket, as one Arrow message, so
that Spark moves few large values rather than every row; with them their numbers in the file, and
lines that are damaged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from yibao.interop.files import cells
from yibao.interop.files.arrays.columns import as_texts, hash_texts, read_ids
from yibao.interop.files.arrays.kernels import CERTAIN
from yibao.interop.files.arrays.source import Block, Source
from yibao.interop.files.rowreader import cell_of
from yibao.interop.files.rows import Record, RowError
from yibao.policy.model import Text

Hashes = npt.NDArray[np.uint64]

_LZ4 = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
_ROWS = "row of the file"
_DAMAGED = b"damaged"


def bucket_of(hashes: Hashes, buckets: int, together: Hashes) -> npt.NDArray[np.int64]:
    """Return the bucket of each person: a range of hashes. Those to be settled together are in 0.

    The ranges are those of a local run, so that the parts have the order of its rows.
    """
    found = ((hashes >> np.uint64(32)) * np.uint64(buckets) >> np.uint64(32)).astype(np.int64)
    if len(together):
        found[np.isin(hashes, together)] = 0
    return found


def clean_ids(column: Any) -> Any:
    """Return ids as the reader of rows will read them, empty where it refuses them."""
    read = read_ids(column)
    texts = as_texts(column)
    doubtful = np.flatnonzero(read.said > CERTAIN)
    if not len(doubtful):
        return texts
    found = texts.to_pylist()
    for at in doubtful.tolist():
        found[at] = _identifier(found[at])
    return pa.array(found, pa.string())


def _identifier(cell: str) -> str:
    try:
        return cells.identifier(cells.clean(cell))
    except cells.BadCell:
        return ""


def person_hashes(source: Source, block: Block) -> Hashes:
    """Return the hash of each row's person."""
    if "person_id" not in source.columns:
        return np.zeros(len(block.rows), np.uint64)
    return hash_texts(clean_ids(block.columns[source.columns.index("person_id")]))


def cut(
    source: Source, block: Block, buckets: int, together: Hashes
) -> Iterator[tuple[int, bytes]]:
    """Yield the buckets that a block has rows of, and those rows."""
    whole = pa.record_batch([*block.columns, pa.array(block.rows)], [*source.columns, _ROWS])
    own = bucket_of(person_hashes(source, block), buckets, together)
    order = np.argsort(own, kind="stable")
    ordered = whole.take(pa.array(order)) if buckets > 1 else whole
    starts = np.searchsorted(own[order], np.arange(buckets + 1))
    damaged: dict[int, list[Record]] = {}
    for record in block.damaged:
        names = [_identifier(cell_of(source.columns, record, "person_id"))]
        hashes = hash_texts(pa.array(names, pa.string()))
        damaged.setdefault(int(bucket_of(hashes, buckets, together)[0]), []).append(record)
    for bucket in range(buckets):
        begin, end = int(starts[bucket]), int(starts[bucket + 1])
        if begin < end or bucket in damaged:
            yield bucket, _packed(ordered.slice(begin, end - begin), damaged.get(bucket, ()))


def _packed(batch: Any, damaged: Sequence[Record]) -> bytes:
    told = json.dumps([_told(record) for record in damaged])
    schema = batch.schema.with_metadata({_DAMAGED: told.encode()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=_LZ4) as writer:
        writer.write_batch(batch.replace_schema_metadata(schema.metadata))
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def _told(record: Record) -> list[Any]:
    wrong = record.problem
    assert wrong is not None
    said = [wrong.column, wrong.value, wrong.rule, *wrong.message]
    return [record.row, list(record.cells), wrong.row, said]


def unpacked(file: Path, parts: Sequence[bytes]) -> Block:
    """Return the rows of fragments of one file as a block of it."""
    tables, damaged = [], []
    for data in parts:
        with pa.ipc.open_stream(data) as reader:
            table = reader.read_all()
        for row, given, at, (column, value, rule, zh, en) in json.loads(
            table.schema.metadata[_DAMAGED]
        ):
            wrong = RowError(file, at, column, value, rule, Text(zh, en))
            damaged.append(Record(file, row, given, wrong))
        tables.append(table.replace_schema_metadata(None))
    whole = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    columns = [
        column.chunk(0) if column.num_chunks else pa.array([], column.type)
        for column in whole.columns
    ]
    return Block(0, columns[:-1], columns[-1].to_numpy(), damaged)


@dataclass(frozen=True, slots=True, eq=False)
class Fragments(Source):
    """The rows of a file that belong to one bucket."""

    parts: tuple[bytes, ...] = ()

    def count(self) -> int | None:
        """Return nothing: it is not needed."""
        return None

    def blocks(
        self, size: int, skip: Callable[[int], bool] = lambda number: False
    ) -> Iterator[Block]:
        """Yield all rows as one block."""
        if self.parts and not skip(0):
            yield unpacked(self.file, self.parts)


def fragments(source: Source, parts: Sequence[bytes]) -> Fragments:
    """Return a file of which only some rows are here."""
    return Fragments(
        source.file, source.columns, source.texts, source.encoding, source.header_row, tuple(parts)
    )
