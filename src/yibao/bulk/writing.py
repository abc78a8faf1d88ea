"""Write a table of any length, batch by batch: Parquet or CSV, the same bytes however it came.

Rows are gathered into groups of a fixed size, so that neither buckets nor threads show in the file.
A file has a hidden name beside its place until the whole run is done.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from yibao.bulk.order import compacted
from yibao.interop.files.output import CSV_ENCODING, MONEY_DIGITS, OutKind, defused
from yibao.interop.files.rows import OutputError, visible
from yibao.interop.files.tabular import format_of

GROUP = 262_144
"""Rows of a Parquet row group."""

_SCALED = pa.decimal64(MONEY_DIGITS, 2)

Columns = Sequence[tuple[str, OutKind]]


def fen_column(fen: npt.NDArray[np.int64]) -> Any:
    """Return fen as Arrow decimals of yuan, without a copy: fen are their digits."""
    fen = np.ascontiguousarray(fen)
    return pa.Array.from_buffers(_SCALED, len(fen), [None, pa.py_buffer(fen)])


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn failures to write into OutputError."""
    try:
        yield
    except OSError as error:
        raise OutputError(target, error.strerror or str(error)) from None


class TableWriter:
    """Writes one table; `batches` may come in any size. Columns of texts may be dictionaries."""

    def __init__(self, target: Path, columns: Columns) -> None:
        """Begin a file under a hidden name; what an earlier run left there is replaced."""
        self.target = target
        self.part = target.with_name(f".{target.name}.part")
        self.columns = columns
        self._held: list[Any] = []
        self._count = 0
        with writing(target):
            self._stream = self.part.open("wb")
            make: Callable[[Any, Columns], Any]
            make = _Parquet if format_of(target) == ".parquet" else _Csv
            packed = format_of(target) == ".csv.gz"
            self._sink = make(self._packed() if packed else self._stream, columns)

    def _packed(self) -> Any:
        return gzip.GzipFile("", "wb", fileobj=self._stream, mtime=0)

    def write(self, table: Any) -> None:
        """Add the rows of an Arrow table."""
        if not len(table):
            return
        self._held.append(table)
        self._count += len(table)
        while self._count >= GROUP:
            whole = pa.concat_tables(self._held)
            self._flush(whole.slice(0, GROUP))
            rest = whole.slice(GROUP)
            self._held, self._count = ([rest] if len(rest) else []), len(rest)

    def _flush(self, table: Any) -> None:
        with writing(self.target):
            self._sink.write(table)

    def close(self) -> None:
        """Write what is held and close the file, still under its hidden name."""
        if self._count:
            self._flush(pa.concat_tables(self._held))
            self._held, self._count = [], 0
        with writing(self.target):
            self._sink.close()
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()

    def publish(self) -> None:
        """Give the file its name."""
        with writing(self.target):
            os.replace(self.part, self.target)

    def abandon(self) -> None:
        """Remove the hidden file."""
        with suppress(OSError):  # what it still holds is not wanted
            self._stream.close()
        self.part.unlink(missing_ok=True)


# --- Parquet --------------------------------------------------------------------------------------

_TYPES = {
    "text": pa.string(),
    "long": pa.string(),
    "figure": pa.string(),
    "money": _SCALED,
    "date": pa.date32(),
    "time": pa.timestamp("us"),
    "count": pa.int64(),
}

REPEATED = frozenset({"kind", "scheme", "visit", "documents"})
"""Columns of texts that repeat."""


class _Parquet:
    def __init__(self, stream: Any, columns: Columns) -> None:
        dictionary = pa.dictionary(pa.int32(), pa.string())
        self._schema = pa.schema(
            [(n, dictionary if n in REPEATED else _TYPES[kind]) for n, kind in columns]
        )
        money = [name for name, kind in columns if kind == "money"]
        self._writer = pq.ParquetWriter(
            stream,
            self._schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=[name for name, _ in columns if name in REPEATED],
            column_encoding=dict.fromkeys(money, "DELTA_BINARY_PACKED") or None,
            write_statistics=[name for name, kind in columns if kind in {"date", "time"}],
            store_decimal_as_integer=True,
            store_schema=False,  # or readers would see how it was made: dictionaries, decimal64
        )

    def write(self, table: Any) -> None:
        columns = [_one(table.column(name)) for name in self._schema.names]
        whole = pa.Table.from_arrays(columns, schema=self._schema)
        self._writer.write_table(whole, row_group_size=GROUP)

    def close(self) -> None:
        self._writer.close()


def _one(column: Any) -> Any:
    """Return a column in one piece; of a dictionary only what is used, in order of appearance."""
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
        codes = np.concatenate([np.asarray(chunk.indices) for chunk in column.chunks])
        names = column.chunk(0).dictionary
        used = compacted(codes, len(names))
        return pa.DictionaryArray.from_arrays(pa.array(codes), names.take(pa.array(used)))
    return column.combine_chunks() if column.num_chunks != 1 else pa.concat_arrays(column.chunks)


# --- CSV ------------------------------------------------------------------------------------------


class _Csv:
    def __init__(self, stream: Any, columns: Columns) -> None:
        self._stream, self._columns = stream, columns
        self._stream.write((",".join(name for name, _ in columns) + "\n").encode(CSV_ENCODING))

    def write(self, table: Any) -> None:
        found = [table.column(name) for name, _ in self._columns]
        texts = [_as_texts(c, kind) for c, (_, kind) in zip(found, self._columns, strict=True)]
        kinds = zip(found, self._columns, strict=True)
        if any(kind in {"text", "long"} and _is_special(column) for column, (_, kind) in kinds):
            self._write_slowly(texts)
            return
        plain = pa.csv.WriteOptions(include_header=False, quoting_style="none")
        whole = pa.table(texts, names=[name for name, _ in self._columns])
        pa.csv.write_csv(whole, self._stream, plain)

    def _write_slowly(self, texts: Sequence[Any]) -> None:
        made = io.StringIO(newline="")
        writer = csv.writer(made, lineterminator="\n")
        for row in zip(*(column.to_pylist() for column in texts), strict=True):
            writer.writerow([defused(visible(cell or "")) for cell in row])
        self._stream.write(made.getvalue().encode())

    def close(self) -> None:
        if isinstance(self._stream, gzip.GzipFile):
            self._stream.close()


def _is_special(column: Any) -> bool:
    """Tell whether texts need quotes, or might be taken for a formula, or cannot be seen."""
    if pa.types.is_dictionary(column.type):
        return any(_is_special(chunk.dictionary) for chunk in column.chunks)
    found = pc.match_substring_regex(column, '[",]|[^ -~]|^[=+@]|^-[^0-9]')
    return bool(pc.any(found).as_py())


def _as_texts(column: Any, kind: OutKind) -> Any:
    """Return the cells of a column as CSV has them; a null is an empty cell."""
    if kind == "money":
        column = column.cast(pa.decimal128(MONEY_DIGITS, 2)).cast(pa.string())
    elif kind == "time":
        column = _times(column)
    elif pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    return column.cast(pa.string())


def _times(column: Any) -> Any:
    whole = column.cast(pa.timestamp("s"), safe=False)
    if whole.cast(pa.timestamp("us")).equals(column):
        return whole.cast(pa.string())
    return pa.array([m.isoformat(" ") for m in column.to_pylist()], pa.string())
