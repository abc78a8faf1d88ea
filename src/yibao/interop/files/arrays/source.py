"""Files of rows as blocks of Arrow columns, in order, with the numbers of their rows.

A block that could not be read whole (a damaged line, a stray quote) comes line by line, by the
reader of lines; what is wrong with single lines comes beside the columns.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet as pq

from yibao.interop.files.arrays.columns import day_number
from yibao.interop.files.columns import Column
from yibao.interop.files.csvfile import CsvFile, Line, open_csv
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.parquet import cell_texts, open_parquet, unreadable
from yibao.interop.files.rows import Record, Table
from yibao.interop.files.tabular import check_columns, format_of, open_table

Rows = npt.NDArray[np.int64]

_DICTIONARIES = frozenset({"code", "set", "flag"})


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Rows of a file: Arrow columns in the order of its header, the rows' numbers, damaged lines.

    `number` counts the blocks of the file from 0.
    """

    number: int
    columns: Sequence[Any]
    rows: Rows
    damaged: Sequence[Record] = ()

    def record(self, file: Path, at: int) -> Record:
        """Return one row as text cells, as a reader of rows gives it."""
        cells = [cell_texts(column.slice(at, 1))[0] for column in self.columns]
        return Record(file, int(self.rows[at]), cells)

    def records(self, file: Path, at: npt.NDArray[np.int64]) -> Iterator[Record]:
        """Yield rows as text cells."""
        taken = [cell_texts(column.take(pa.array(at))) for column in self.columns]
        for number, cells in zip(self.rows[at].tolist(), zip(*taken, strict=True), strict=True):
            yield Record(file, number, cells)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A file whose columns have been checked: `columns` are their names, ours."""

    file: Path
    columns: tuple[str, ...]
    texts: tuple[str, ...]
    encoding: Encoding | None
    header_row: int

    @property
    def table(self) -> Table:
        """The file as a table without rows, for readers of single rows."""
        return Table(self.file, self.columns, iter(()), self.header_row)

    def count(self) -> int | None:
        """Return the number of rows, where the file says it."""
        if format_of(self.file) != ".parquet":
            return None
        return int(self._parquet().metadata.num_rows)

    def blocks(
        self, size: int, skip: Callable[[int], bool] = lambda number: False
    ) -> Iterator[Block]:
        """Yield blocks of about `size` rows; those to `skip` are not read where that saves work.

        Raises InputError when the file is damaged.
        """
        if format_of(self.file) == ".parquet":
            return self._parquet_blocks(size, skip)
        return self._csv_blocks(size, skip)

    def records(self, wanted: Rows) -> Iterator[Record]:
        """Yield the rows with these numbers, which must ascend."""
        if format_of(self.file) == ".parquet":
            yield from self._parquet_records(wanted)
            return
        opened = open_csv(self.file, self.encoding)
        numbers = set(wanted.tolist())
        for line in opened.lines:
            if line[0] in numbers:
                record = opened.parse(line)
                if record.problem is None:
                    record = replace(record, cells=record.cells[: len(self.columns)])
                yield record

    # --- Parquet ------------------------------------------------------------------------------

    def some(self, names: Sequence[str]) -> Iterator[Any]:
        """Yield batches of some columns, under our names, of a Parquet file."""
        source = self._parquet()
        theirs = source.schema_arrow.names
        wanted = [theirs[self.columns.index(name)] for name in names]
        try:
            for group in range(source.metadata.num_row_groups):
                for batch in source.iter_batches(1 << 18, [group], wanted, use_threads=False):
                    columns = [batch.column(batch.schema.get_field_index(n)) for n in wanted]
                    yield pa.record_batch(columns, names=list(names))
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
            raise unreadable(self.file, error) from None

    def last_day(self) -> int | None:
        """Return the last day of a claim in a Parquet file, None where days are no dates there.

        A hint: rows that are wrong count too.
        """
        if format_of(self.file) != ".parquet":
            return None
        names = {"date", "discharged_on", "admitted_on"} & {*self.columns}
        found = [day for name in names for day in self._last_days(name)]
        return max(map(day_number, found), default=None)

    def _last_days(self, name: str) -> list[date]:
        """Return the last days of a column by its statistics or, where it has none, its cells."""
        source, at = self._parquet(), self.columns.index(name)
        if not pa.types.is_date32(source.schema_arrow.field(at).type):
            return []
        groups = map(source.metadata.row_group, range(source.metadata.num_row_groups))
        told = [group.column(at).statistics for group in groups]
        if all(one is not None and one.has_min_max for one in told):
            return [one.max for one in told]
        cells = (pa.compute.max(batch.column(0)).as_py() for batch in self.some([name]))
        return [day for day in cells if day is not None]

    def _parquet(self) -> Any:
        return open_parquet(self.file, texts=self.texts)

    def _parquet_blocks(self, size: int, skip: Callable[[int], bool]) -> Iterator[Block]:
        source, number = self._parquet(), 0
        width = len(self.columns)
        try:
            for groups, first, count in groups_of(source.metadata, size):
                numbers = range(number, number + -(-count // size))
                number = numbers.stop
                if all(map(skip, numbers)):
                    continue
                at = first
                batches = source.iter_batches(size, groups, use_threads=False)
                for own, batch in zip(numbers, _sized(batches, size), strict=True):
                    rows = np.arange(at + 1, at + 1 + len(batch), dtype=np.int64)
                    at += len(batch)
                    if not skip(own):
                        yield Block(own, batch.columns[:width], rows)
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
            raise unreadable(self.file, error) from None

    def _parquet_records(self, wanted: Rows) -> Iterator[Record]:
        source, first = self._parquet(), 0
        width = len(self.columns)
        for group in range(source.metadata.num_row_groups):
            count = source.metadata.row_group(group).num_rows
            low, high = np.searchsorted(wanted, [first + 1, first + count + 1])
            if low < high:
                at = first
                for batch in source.iter_batches(65_536, [group], use_threads=False):
                    rows = np.arange(at + 1, at + 1 + len(batch), dtype=np.int64)
                    mine = wanted[(wanted > at) & (wanted <= at + len(batch))]
                    block = Block(0, batch.columns[:width], rows)
                    yield from block.records(self.file, mine - at - 1)
                    at += len(batch)
            first += count

    # --- CSV ----------------------------------------------------------------------------------

    def _csv_blocks(self, size: int, skip: Callable[[int], bool]) -> Iterator[Block]:
        opened, number = open_csv(self.file, self.encoding), 0
        while lines := list(islice(opened.lines, size)):
            if not skip(number):
                yield _whole(opened, lines, number, len(self.columns)) or _line_by_line(
                    opened, lines, number, len(self.columns)
                )
            number += 1


def groups_of(metadata: Any, size: int) -> Iterator[tuple[list[int], int, int]]:
    """Yield row groups to be read together: which, their first row from 0, and how many rows."""
    groups: list[int] = []
    first = rows = 0
    for group in range(metadata.num_row_groups):
        count = metadata.row_group(group).num_rows
        if groups and rows + count > size:
            yield groups, first, rows
            first, groups, rows = first + rows, [], 0
        groups.append(group)
        rows += count
    if groups:
        yield groups, first, rows


def _sized(batches: Iterator[Any], size: int) -> Iterator[Any]:
    """Yield batches of exactly `size` rows, the last one perhaps smaller."""
    held: list[Any] = []
    count = 0
    for batch in batches:
        if not held and len(batch) == size:
            yield batch
            continue
        held.append(batch)
        count += len(batch)
        while count >= size:
            table = pa.Table.from_batches(held).combine_chunks()
            yield _one(table.slice(0, size))
            rest = table.slice(size)
            held = rest.to_batches() if len(rest) else []
            count = len(rest)
    if count:
        yield _one(pa.Table.from_batches(held))


def _one(table: Any) -> Any:
    return table.combine_chunks().to_batches()[0]


def _whole(opened: CsvFile, lines: Sequence[Line], number: int, width: int) -> Block | None:
    """Return lines as one block, or None where a line needs a closer look."""
    if any(rule for _, _, rule in lines):
        return None
    data = b"\n".join([raw for _, raw, _ in lines])
    quoted = b'"' in data
    if b"\r" in data or (quoted and not _quotes_enclose(data)):
        return None
    try:
        if opened.encoding != "utf-8" and not data.isascii():
            data = data.decode(opened.encoding).encode()
        names = [str(at) for at in range(len(opened.columns))]
        table = pyarrow.csv.read_csv(
            io.BytesIO(data),
            pyarrow.csv.ReadOptions(
                use_threads=False, block_size=max(len(data) + 1, 1024), column_names=names
            ),
            pyarrow.csv.ParseOptions(
                quote_char='"' if quoted else False, double_quote=quoted, ignore_empty_lines=False
            ),
            pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except (pa.ArrowException, UnicodeDecodeError):
        return None
    if len(table) != len(lines):
        return None
    rows = np.array([at for at, _, _ in lines], np.int64)
    columns = [column.combine_chunks() for column in table.columns]
    return _filled(number, columns, rows, width, ())


def _quotes_enclose(data: bytes) -> bool:
    """Tell whether every quote opens or closes a cell or is doubled within one, on one line.

    Of other quotes the reader of lines decides what they mean.
    """
    text = np.frombuffer(b"\n" + data + b"\n", np.uint8)
    quotes = np.flatnonzero(text == _QUOTE)
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    breaks = np.flatnonzero(text == _BREAK)
    on_one_line = np.searchsorted(breaks, opening) == np.searchsorted(breaks, closing)
    bounds = on_one_line & _BOUND[text[opening - 1]] & _BOUND[text[closing + 1]]
    return bool(bounds.all())


_QUOTE, _BREAK = b'"\n'
_BOUND = np.isin(np.arange(256), list(b',\n"'))
"""Which bytes may be on the outer side of a quote; another quote is then one that is doubled."""


def _line_by_line(opened: CsvFile, lines: Sequence[Line], number: int, width: int) -> Block:
    records = [opened.parse(line) for line in lines]
    damaged = [record for record in records if record.problem is not None]
    good = [record for record in records if record.problem is None]
    columns = [
        pa.array([record.cells[at] for record in good], pa.string())
        for at in range(len(opened.columns))
    ]
    rows = np.array([record.row for record in good], np.int64)
    return _filled(number, columns, rows, width, damaged)


def _filled(
    number: int, columns: Sequence[Any], rows: Rows, width: int, damaged: Sequence[Record]
) -> Block:
    """Return a block without the rows in which every cell is empty."""
    blank = np.ones(len(rows), np.bool_)
    for column in columns:
        if not blank.any():
            break
        blank &= np.asarray(pa.compute.equal(pa.compute.binary_length(column), 0))
    if blank.any():
        keep = pa.array(np.flatnonzero(~blank))
        columns, rows = [column.take(keep) for column in columns], rows[~blank]
    return Block(number, columns[:width], rows, damaged)


def open_source(
    file: Path,
    what: str,
    columns: Sequence[Column],
    other: tuple[str, Sequence[Column]],
    encoding: Encoding | None = None,
) -> Source:
    """Check a file's header; raises InputError when the file as a whole cannot be used."""
    table = check_columns(open_table(file, what, encoding), columns, other)
    kinds = {c.name: c.kind for c in columns}
    raw = _raw_names(file, encoding)
    texts = tuple(
        theirs
        for theirs, ours in zip(raw, table.columns, strict=False)
        if kinds[ours] in _DICTIONARIES
    )
    return Source(file, table.columns, texts, encoding, table.header_row)


def _raw_names(file: Path, encoding: Encoding | None) -> Sequence[str]:
    if format_of(file) == ".parquet":
        return tuple(pq.read_schema(file).names)
    return ()
