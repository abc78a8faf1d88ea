"""Rows that are not used, kept small: where they are and what is wrong, without their cells.

There may be millions. What a reject shows of its row is read again from the input at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from yibao.interop.files.rowreader import cell_of
from yibao.interop.files.rows import Record, Reject, RowError
from yibao.policy.model import Text

FILE_SHIFT = 40
"""A place is the number of the file above so many bits, and the number of the row below."""

_ROW = (1 << FILE_SHIFT) - 1


def place_of(file: int, row: int) -> int:
    """Return a place."""
    return file << FILE_SHIFT | row


def file_and_row(place: int) -> tuple[int, int]:
    """Return the number of the file, and of the row in it."""
    return place >> FILE_SHIFT, place & _ROW


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong with a row; `value` None: the cell as it is in the file."""

    column: str
    value: str | None
    rule: str
    message: Text


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is not used, and every reason."""

    place: int
    errors: tuple[Wrong, ...]

    def as_data(self) -> list[Any]:
        """Return it as JSON can hold it."""
        return [self.place, [[e.column, e.value, e.rule, *e.message] for e in self.errors]]


def of_data(data: Sequence[Any]) -> Rejected:
    """Return what `as_data` wrote."""
    place, errors = data
    return Rejected(place, tuple(Wrong(c, v, r, Text(zh, en)) for c, v, r, zh, en in errors))


def of_reject(file: int, reject: Reject, *, with_cells: bool = True) -> Rejected:
    """Return a reject without its cells; where it had none, values are read again at the end."""
    errors = tuple(
        Wrong(e.column, e.value if with_cells else None, e.rule, e.message) for e in reject.errors
    )
    return Rejected(place_of(file, reject.record.row), errors)


def row_errors(
    record: Record, columns: Sequence[str], wrong: Iterable[Wrong]
) -> tuple[RowError, ...]:
    """Return errors with their place, and with the cells where values were not kept."""
    return tuple(
        RowError(
            record.file,
            record.row,
            e.column,
            cell_of(columns, record, e.column) if e.value is None else e.value,
            e.rule,
            e.message,
        )
        for e in wrong
    )
