"""Entries of any register: one on a day, all its versions, a page of those in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import sql
from psycopg.rows import tuple_row

from yibao.registry.register import Register, stored
from yibao.registry.versions import Key, last_day, names, table_of, where
from yibao.store.database import Connection


@dataclass(frozen=True, slots=True)
class Entry:
    """A version of an entry: every column as the database has it, from first to last day."""

    values: Mapping[str, Any]
    first: date
    last: date | None


def entry(connection: Connection, register: Register, key: Key, day: date) -> Entry | None:
    """Return what holds of an entry on a day."""
    condition = sql.SQL("{} AND valid @> %s::date").format(_is(register.key))
    found = _read(connection, register, condition, [*key, day], 1)
    return found[0] if found else None


def versions(connection: Connection, register: Register, key: Key) -> Sequence[Entry]:
    """Return all that has held of an entry, in order of time."""
    return _read(connection, register, _is(register.key), list(key), None)


def page(
    connection: Connection,
    register: Register,
    day: date,
    limit: int,
    *,
    filters: Mapping[str, Any],
    after: Key | None = None,
) -> Sequence[Entry]:
    """Return at most so many entries that are in force on a day, by key, those after one.

    `filters` are values of columns; in a column of sets the value is one of the set.
    """
    kinds = {column.name: column.kind for column in register.columns}
    conditions: list[sql.Composable] = [sql.SQL("valid @> %s::date")]
    parameters: list[Any] = [day]
    for name, value in filters.items():
        if kinds[name] == "set":
            conditions += [sql.SQL("{} @> %s").format(sql.Identifier(name))]
        else:
            conditions += [_is([name])]
        parameters.append(stored(value))
    if after is not None:
        marks = sql.SQL(", ").join([sql.SQL("%s")] * len(after))
        conditions.append(sql.SQL("({}) > ({})").format(names(register.key), marks))
        parameters += after
    condition = sql.SQL(" AND ").join(conditions)
    return _read(connection, register, condition, parameters, limit)


def _is(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(" AND ").join(
        sql.SQL("{} = %s").format(sql.Identifier(column)) for column in columns
    )


def _read(
    connection: Connection,
    register: Register,
    condition: sql.Composable,
    parameters: Sequence[Any],
    limit: int | None,
) -> Sequence[Entry]:
    columns = [column.name for column in register.columns]
    query = sql.SQL(
        "SELECT {}, lower(valid), upper(valid) FROM {} WHERE {} ORDER BY {}, lower(valid) LIMIT %s"
    ).format(names(columns), table_of(register), where(register, condition), names(register.key))
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(query, [*parameters, limit]).fetchall()
    return [
        Entry(dict(zip(columns, cells, strict=True)), first, last_day(upper))
        for *cells, first, upper in rows
    ]
