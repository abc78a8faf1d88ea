"""A register's entries out of the database, as rows that its import reads back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from psycopg import sql

from yibao.interop.files.output import Cell, OutKind, Sheet
from yibao.registry.importing import Change
from yibao.registry.register import Register, out_kind, written
from yibao.registry.versions import last_day, names, table_of, where
from yibao.store.database import Connection

Columns = list[tuple[str, OutKind]]

_FETCHED = 10_000
"""Rows that the server sends at once."""


def entries(
    connection: Connection,
    register: Register,
    *,
    day: date | None = None,
    key: Sequence[str] = (),
) -> Iterator[list[Cell]]:
    """Yield the versions of a register as its file has them, in order of key and time.

    Only those in force on `day`, and only those whose key begins with `key`, where given.
    """
    conditions: list[sql.Composable] = []
    values: list[object] = []
    if day is not None:
        conditions.append(sql.SQL("valid @> %s::date"))
        values.append(day)
    for column, value in zip(register.key, key, strict=False):
        conditions.append(sql.SQL("{} = %s").format(sql.Identifier(column)))
        values.append(value)
    columns = [c.name for c in register.columns]
    query = sql.SQL(
        "SELECT {}, lower(valid), upper(valid) FROM {} WHERE {} ORDER BY {}, lower(valid)"
    ).format(names(columns), table_of(register), where(register, *conditions), names(register.key))
    with connection.cursor("entries") as cursor:
        cursor.itersize = _FETCHED
        for *cells, first, upper in cursor.execute(query, values):
            made = zip(register.columns, cells, strict=True)
            yield [*(written(column, cell) for column, cell in made), first, last_day(upper)]


def columns_of(register: Register) -> Columns:
    """Return the columns of a register's files with their kinds."""
    return [(c.name, out_kind(c)) for c in register.file_columns]


def sheet(register: Register, rows: Iterable[Sequence[Cell]]) -> Sheet:
    """Return a register's entries as a table."""
    return Sheet(register.name, columns_of(register), rows)


def changes_sheet(register: Register, changes: Iterable[Change]) -> Sheet:
    """Return what an import changed: per entry what holds now, and what held before."""
    keys: Columns = [(name, "text") for name in register.key]
    content = register.columns[register.keys :]
    pairs: Columns = [
        (f"{c.name}{when}", out_kind(c)) for c in content for when in ("_before", "_after")
    ]
    columns: Columns = [("change", "text"), *keys, ("on", "date"), *pairs]
    return Sheet("changes", columns, (_change(register, change) for change in changes))


def _change(register: Register, change: Change) -> list[Cell]:
    content = register.columns[register.keys :]
    nothing = (None,) * len(content)
    pairs = zip(content, change.before or nothing, change.after or nothing, strict=True)
    cells = [written(column, value) for column, *both in pairs for value in both]
    return [change.outcome, *change.key, change.first, *cells]
