"""An Arrow table in the place of a file of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from yibao.interop.files.arrays.source import Block, Rows, Source
from yibao.interop.files.columns import Column
from yibao.interop.files.parquet import check_types
from yibao.interop.files.rows import Record, Table
from yibao.interop.files.tabular import check_columns


@dataclass(frozen=True, slots=True, eq=False)
class TableSource(Source):
    """A table of claims or persons; its rows count from 1."""

    what: str
    content: Any

    def count(self) -> int | None:
        """Return the number of rows."""
        return len(self.content)

    def blocks(
        self, size: int, skip: Callable[[int], bool] = lambda number: False
    ) -> Iterator[Block]:
        """Yield blocks of `size` rows."""
        for number, begin in enumerate(range(0, len(self.content), size)):
            part = self.content.slice(begin, size).combine_chunks()
            if not skip(number):
                columns = [_one(column) for column in part.columns[: len(self.columns)]]
                yield Block(number, columns, np.arange(begin + 1, begin + 1 + len(part)))

    def records(self, wanted: Rows) -> Iterator[Record]:
        """Yield the rows with these numbers."""
        for block in self.blocks(max(len(self.content), 1)):
            yield from block.records(self.file, wanted - 1)


def _one(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks else column.combine_chunks()


def table_source(
    table: Any, what: str, columns: Sequence[Column], other: Sequence[Column]
) -> TableSource:
    """Check a table's columns and types; raises InputError, which names it as a file."""
    file = Path(what)
    check_types(file, table.schema)
    names = tuple(table.schema.names)
    kind = "persons" if what == "claims" else "claims"
    checked = check_columns(Table(file, names, iter(()), 0), columns, (kind, other))
    return TableSource(file, checked.columns, (), None, 0, what, table)
