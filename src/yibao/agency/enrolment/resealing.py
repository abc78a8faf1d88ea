"""Seal with the newest key what was sealed with others; tell by which keys what is sealed.

What is sealed in the tables of `sealed` is sealed anew, some rows at a time, while others work;
rows that are append-only let that be done to them, and no more. Former particulars in the audit
log and kept replies stay sealed with the key of their time, which must therefore stay in the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from psycopg import sql

from yibao.agency.enrolment.sealed import TABLES, Sealed
from yibao.store.database import Connection, Database
from yibao.store.vault import Vault, number_of, vault

BLOCKS = 64
"""Blocks of a table that are looked through at once: each row is looked at a few times, not often.
"""


def reseal(database: Database) -> int:
    """Seal with the newest key whatever is sealed with another; return how many rows."""
    return sum(_reseal(database, table) for table in TABLES)


def _reseal(database: Database, table: Sealed) -> int:
    """Seal a table anew until nothing is left; others may write with an older key meanwhile."""
    done = 0
    while rows := _pass(database, table):
        done += rows
    return done


def _pass(database: Database, table: Sealed) -> int:
    done = 0
    for first in range(0, database.run(partial(_blocks, table=table)), BLOCKS):
        while rows := database.run(partial(_some, table=table, first=first)):
            done += rows
    return done


def _blocks(connection: Connection, table: Sealed) -> int:
    row = connection.execute(
        "SELECT pg_relation_size(%s::regclass) / current_setting('block_size')::int",
        (table.table,),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _some(connection: Connection, table: Sealed, first: int) -> int:
    """Seal some rows of the blocks from `first` on anew; return how many there were."""
    safe = vault(connection)
    columns = [sql.Identifier(column) for column in table.columns]
    old = sql.SQL(" OR ").join(
        sql.SQL("({0} <> '' AND substr({0}, 1, 2) <> %(newest)s)").format(c) for c in columns
    )
    rows = connection.execute(
        sql.SQL(
            "SELECT ctid, {}, {} FROM {} WHERE ctid >= %(first)s::tid AND ctid < %(end)s::tid "
            "AND ({}) LIMIT %(limit)s FOR NO KEY UPDATE"
        ).format(sql.SQL(table.owner), sql.SQL(", ").join(columns), _name(table.table), old),
        {
            "newest": safe.keys.newest.to_bytes(2),
            "first": f"({first},0)",
            "end": f"({first + BLOCKS},0)",
            "limit": table.at_once,
        },
    ).fetchall()
    changes = sql.SQL(", ").join(sql.SQL("{} = %s").format(c) for c in columns)
    with connection.cursor() as cursor:
        cursor.executemany(
            sql.SQL("UPDATE {} SET {} WHERE ctid = %s").format(_name(table.table), changes),
            [(*_anew(safe, table, owner, boxes), ctid) for ctid, owner, *boxes in rows],
        )
    return len(rows)


def _anew(
    safe: Vault, table: Sealed, owner: str | bytes | int, boxes: Sequence[bytes | None]
) -> list[bytes | None]:
    """Return the values of a row as the newest key seals them; those that it has sealed stay."""
    newest = safe.keys.newest
    about = [table.about(column, owner) for column in table.columns]
    return [
        safe.seal_bytes(safe.open_bytes(box, of), of) if box and number_of(box) != newest else box
        for of, box in zip(about, boxes, strict=True)
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
