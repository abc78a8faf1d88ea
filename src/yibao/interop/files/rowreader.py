"""Turn a file's rows of text into rows of values, collecting every error of a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from yibao.interop.files import cells
from yibao.interop.files.columns import Column
from yibao.interop.files.rows import Record, Reject, RowError, Table
from yibao.interop.files.rules import reason

Values = dict[str, Any]

_CLOSED = frozenset({"date", "month", "count", "flag", "code", "set"})
"""Kinds whose cells repeat from row to row, so that what they mean is worked out once."""

_REMEMBERED = 65_536
"""How many cells of a column are remembered."""

BAD = object()
"""Stands for the value of a cell that could not be read."""


class Fault:
    """Collects what is wrong with one row."""

    def __init__(self, table: Table, record: Record) -> None:
        self.table = table
        self.record = record
        self.errors: list[RowError] = []

    def add(self, column: str, rule: str, value: str | None = None, **facts: object) -> None:
        """Add an error; the value is the cell's unless given."""
        if value is None:
            value = cell_of(self.table.columns, self.record, column)
        self.errors.append(
            RowError(self.record.file, self.record.row, column, value, rule, reason(rule, **facts))
        )

    def reject(self) -> Reject:
        """Return the rejected row."""
        return Reject(self.record, self.table.columns, tuple(self.errors))


def cell_of(columns: Sequence[str], record: Record, column: str) -> str:
    """Return a record's cell by column, empty when it has none."""
    if column not in columns:
        return ""
    at = columns.index(column)
    return record.cells[at] if at < len(record.cells) else ""


def _reader(column: Column) -> tuple[str, int, cells.Parse, dict[str, Any]]:
    """Return a column's name, its longest cell, what reads cells, and room for what they mean."""
    return column.name, column.longest, cells.parser(column), {}


class RowReader:
    """Reads the rows of one table by a list of columns."""

    def __init__(self, table: Table, expected: Sequence[Column]) -> None:
        self.table = table
        self.given = frozenset(table.columns)
        by_name = {c.name: c for c in expected}
        self._readers = [_reader(by_name[name]) for name in table.columns]
        self._closed = frozenset(c.name for c in expected if c.kind in _CLOSED)
        self._absent: Values = {c.name: cells.absent_value(c) for c in expected}
        self._needed = sorted(c.name for c in expected if c.absent is None and not c.unless)

    def rows(self) -> Iterator[tuple[Record, Values, Fault]]:
        """Yield each row with its values; an empty cell has its column's absent value.

        The value of a cell that breaks a rule is BAD; a damaged row has no values at all.
        """
        for record in self.table.records:
            fault = Fault(self.table, record)
            if record.problem is not None:
                fault.errors.append(record.problem)
                yield record, {}, fault
                continue
            yield record, self._values(record, fault), fault

    def _values(self, record: Record, fault: Fault) -> Values:
        values = self._absent.copy()
        for (name, longest, parse, known), raw in zip(self._readers, record.cells, strict=True):
            if not raw:
                continue
            if raw in known:
                values[name] = known[raw]
                continue
            try:
                cell = cells.clean(raw, longest)
                if cell:
                    values[name] = value = parse(cell)
                    if name in self._closed and len(known) < _REMEMBERED:
                        known[raw] = value
            except cells.BadCell as bad:
                fault.errors.append(
                    RowError(record.file, record.row, name, raw, bad.rule, bad.message)
                )
                values[name] = BAD
        return values

    def require(self, values: Values, fault: Fault, names: Sequence[str] | None = None) -> None:
        """Add an error for each needed column that is empty."""
        for name in self._needed if names is None else names:
            if values[name] is None or values[name] == "":
                fault.add(name, "required")
