"""Rows of files written into the database one by one: the good ones land, the others are told of.

Rows are read by `interop.files`. A few hundred are one transaction, and each has a savepoint, so
that a row that is refused leaves nothing. Importing a file again changes nothing, for every write
says whether it stands there already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from yibao.agency.enrolment.refusal import Refusal
from yibao.errors import ClaimError, PolicyError
from yibao.interop.files.columns import Column
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.reasons import rule_of
from yibao.interop.files.rowreader import Fault, RowReader, Values, cell_of
from yibao.interop.files.rows import Reject, RowError
from yibao.interop.files.tabular import check_columns, only_columns, open_table
from yibao.store.database import Connection, Database
from yibao.text import Text

AT_ONCE = 200
"""Rows of one transaction: few enough that nobody waits long for a person locked by it."""

Write = Callable[[Connection, Values], bool]
"""Writes a row; tells whether anything changed. Raises PolicyError, of which Refusal is one."""


@dataclass(frozen=True, slots=True)
class RowFile:
    """A kind of file: its sheet's name, its columns, and what writes a row for whom.

    `write` tells whether anything changed, and raises as `Write` does.
    """

    name: str
    columns: Sequence[Column]
    write: Callable[[Connection, Values, str], bool]


@dataclass(slots=True)
class Imported:
    """What became of the rows of files."""

    rows: int = 0
    made: int = 0
    unchanged: int = 0
    rejects: list[Reject] = field(default_factory=list)


def read(
    files: Iterable[Path],
    sheet: str,
    columns: Sequence[Column],
    encoding: Encoding | None = None,
    *,
    others: bool = False,
) -> list[RowReader]:
    """Open files and check their columns; raises InputError when one cannot be used.

    With `others` a file may have further columns, which are left out.
    """
    tables = (open_table(file, sheet, encoding) for file in files)
    if others:
        tables = (only_columns(table, columns) for table in tables)
    return [RowReader(check_columns(table, columns), columns) for table in tables]


def write_rows(database: Database, readers: Iterable[RowReader], write: Write) -> Imported:
    """Write the rows of files; what cannot be written is among the rejects."""
    found = Imported()
    rows = _rows(readers, found)
    while batch := list(islice(rows, AT_ONCE)):

        def work(
            connection: Connection, batch: Sequence[tuple[Values, Fault]] = batch
        ) -> list[bool | RowError]:
            with connection.transaction():  # else each row would be one by itself
                return [_write(connection, write, values, fault) for values, fault in batch]

        for (_, fault), done in zip(batch, database.run(work), strict=True):
            if isinstance(done, RowError):
                fault.errors.append(done)
                found.rejects.append(fault.reject())
            else:
                found.made += done
                found.unchanged += not done
    found.rejects.sort(key=lambda reject: (str(reject.record.file), reject.record.row))
    return found


def _rows(readers: Iterable[RowReader], found: Imported) -> Iterator[tuple[Values, Fault]]:
    """Yield rows without errors; the others are rejected here."""
    for reader in readers:
        for _, values, fault in reader.rows():
            found.rows += 1
            if values:
                reader.require(values, fault)
            if fault.errors:
                found.rejects.append(fault.reject())
            else:
                yield values, fault


def _write(connection: Connection, write: Write, values: Values, fault: Fault) -> bool | RowError:
    try:
        with connection.transaction():
            return write(connection, values)
    except (PolicyError, ClaimError) as error:
        column, rule, why = told(error)
        record = fault.record
        value = cell_of(fault.table.columns, record, column)
        return RowError(record.file, record.row, column, value, rule, why)


def told(error: PolicyError | ClaimError) -> tuple[str, str, Text]:
    """Return of an error the column that it is about or "", the rule that is broken, and why."""
    if isinstance(error, Refusal):
        return error.column, error.name, error.text
    if isinstance(error, ClaimError):
        return error.column, "settleable", Text(str(error), str(error))
    return "", rule_of(error), error.text
