"""What has changed in a register since a mark, for those who keep a copy of it.

A mark is the microsecond of a row's last change as twenty digits; whoever keeps a copy remembers
the largest and asks for what came after. A row that is ended or corrected comes again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from yibao.registry.register import Register
from yibao.registry.versions import table_of, where
from yibao.store.database import Connection

NO_MARK = "0"
"""The mark before all."""

_MARKED = """
SELECT t.*, lower(t.valid) AS first, upper(t.valid) - 1 AS last, changed,
       to_char(changed, 'YYYYMMDDHH24MISSUS') AS mark
FROM {table} AS t CROSS JOIN LATERAL (
  SELECT greatest(t.recorded_at, max(replaced_at)) AS changed FROM registry.former
  WHERE of_table = {name} AND version_id = t.version_id) AS f
WHERE {own}
"""


def latest(connection: Connection, register: Register) -> str:
    """Return the largest mark of a register, NO_MARK where it is empty."""
    query = sql.SQL("SELECT coalesce(max(mark), {}) FROM ({}) AS m").format(
        sql.Literal(NO_MARK), _marked(register)
    )
    row = connection.execute(query).fetchone()
    assert row is not None
    mark: str = row[0]
    return mark


def changes(
    connection: Connection, register: Register, since: str = NO_MARK
) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a register that changed after a mark, in order of their marks.

    Besides its columns a row has `first`, `last`, `recorded_at`, `changed`, `mark`, `version_id`.
    """
    query = sql.SQL("SELECT * FROM ({}) AS m WHERE mark > %s ORDER BY mark, version_id").format(
        _marked(register)
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        yield from cursor.execute(query, (since,))


def _marked(register: Register) -> sql.Composed:
    name = register.table.split(".")[1]
    return sql.SQL(_MARKED).format(
        table=table_of(register), name=sql.Literal(name), own=where(register)
    )
