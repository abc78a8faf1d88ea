"""Seal with the newest key what was sealed with others; tell by which keys what is sealed.

What tells who people are in the tables of `sealed` is sealed anew, some rows at a time, while
others work. Former particulars in the audit log and kept replies are append-only: they stay sealed
with the key of their time, which must therefore stay in the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import sql

from yibao.agency.enrolment.sealed import TABLES, Sealed
from yibao.store.database import Connection, Database
from yibao.store.vault import Vault, vault

AT_ONCE = 500
"""Rows of one transaction."""


def reseal(database: Database) -> int:
    """Seal with the newest key whatever is sealed with another; return how many rows."""
    return sum(_reseal(database, table) for table in TABLES)


def _reseal(database: Database, table: Sealed) -> int:
    done = 0
    while rows := database.run(lambda connection: _some(connection, table)):
        done += rows
    return done


def _some(connection: Connection, table: Sealed) -> int:
    """Seal some rows anew; return how many there were."""
    safe = vault(connection)
    columns = [sql.Identifier(column) for column in table.columns]
    newest = safe.keys.newest.to_bytes(2)
    old = sql.SQL(" OR ").join(
        sql.SQL("({0} <> '' AND substr({0}, 1, 2) <> %(newest)s)").format(c) for c in columns
    )
    rows = connection.execute(
        sql.SQL("SELECT ctid, {}, {} FROM {} WHERE {} LIMIT %(limit)s FOR NO KEY UPDATE").format(
            sql.Identifier(table.owner), sql.SQL(", ").join(columns), _name(table.table), old
        ),
        {"newest": newest, "limit": AT_ONCE},
    ).fetchall()
    changes = sql.SQL(", ").join(sql.SQL("{} = %s").format(c) for c in columns)
    with connection.cursor() as cursor:
        cursor.executemany(
            sql.SQL("UPDATE {} SET {} WHERE ctid = %s").format(_name(table.table), changes),
            [(*_anew(safe, table, owner, boxes), ctid) for ctid, owner, *boxes in rows],
        )
    return len(rows)


def _anew(
    safe: Vault, table: Sealed, owner: str | bytes, boxes: Sequence[bytes | None]
) -> list[bytes | None]:
    return [
        None if box is None else table.seal(safe, name, owner, table.open(safe, name, owner, box))
        for name, box in zip(table.columns, boxes, strict=True)
    ]


def _name(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))


def uses(connection: Connection) -> Mapping[int, Counter[str]]:
    """Return how many values are sealed with each key, by where they stand."""
    found: dict[int, Counter[str]] = {}

    def count(where: str, rows: Sequence[tuple[Any, ...]]) -> None:
        for number, values in rows:
            found.setdefault(number, Counter())[where] += values

    for table in TABLES:
        for column in table.columns:
            query = sql.SQL(
                "SELECT get_byte({0}, 0) * 256 + get_byte({0}, 1), count(*) FROM {1} "
                "WHERE {0} <> '' GROUP BY 1"
            ).format(sql.Identifier(column), _name(table.table))
            count(f"{table.table}.{column}", connection.execute(query).fetchall())
    for where, tokens in _TOKENS.items():
        count(where, connection.execute(tokens.encode()).fetchall())
    return dict(sorted(found.items()))


_TOKENS = {
    where: "SELECT get_byte(b, 0) * 256 + get_byte(b, 1), count(*) FROM "
    f"(SELECT decode(substr({text}, 8, 4), 'base64') AS b FROM {table} "
    f"WHERE starts_with({text}, 'sealed:')) AS sealed GROUP BY 1"
    for where, table, text in (
        ("ops.audit.detail", "ops.audit", "(detail->>'sealed')"),
        ("ops.request.reply", "ops.request", "reply"),
    )
}
