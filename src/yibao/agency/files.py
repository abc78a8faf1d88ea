"""Files that institutions send and fetch: what is sent waits for what asks for it, for a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import uuid4

from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.enrolment.sealed import FILE
from yibao.clock import today
from yibao.store.database import Connection
from yibao.store.vault import Vault, vault

DAYS = 30
"""For how many days a file is kept."""

MAX_FILE = 8 << 20
"""Most bytes of a file that an institution sends."""

ANYBODY = ""
"""Stands for the institution where a file is for whoever knows its number."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is kept: number, name, the last day on which it can be fetched, how many rows."""

    number: str
    name: str
    until: date
    rows: int


def keep(
    connection: Connection, institution_id: str, name: str, content: bytes, *, rows: int = 0
) -> Kept:
    """Keep a file for an institution; what has had its time goes."""
    connection.execute("DELETE FROM ops.file WHERE until < %s", (today(),))
    kept = Kept(uuid4().hex[:30], name, today() + timedelta(days=DAYS), rows)
    safe, number = vault(connection), kept.number
    connection.execute(
        "INSERT INTO ops.file (number, institution_id, name, name_index, content, until, rows) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (
            *(number, institution_id, FILE.seal(safe, "name", number, name)),
            _index(safe, name),
            safe.seal_bytes(content, FILE.about("content", number)),
            *(kept.until, rows),
        ),
    )
    return kept


def _index(safe: Vault, name: str) -> bytes:
    """Return the blind index of a file's name, no bytes for none."""
    return safe.index("file", name) if name else b""


def named(connection: Connection, institution_id: str, name: str) -> Kept | None:
    """Return a file of that name that can be fetched for some days yet."""
    row = connection.execute(
        "SELECT number, until, rows FROM ops.file WHERE (institution_id, name_index) = (%s, %s) "
        "AND until > %s ORDER BY until DESC LIMIT 1",
        (institution_id, _index(vault(connection), name), today() + timedelta(days=DAYS // 2)),
    ).fetchone()
    return None if row is None else Kept(row[0], name, *row[1:])


def fetch(connection: Connection, institution_id: str, number: str, name: str = "") -> bytes:
    """Return a file that is the institution's or anybody's; raises Refusal."""
    safe = vault(connection)
    row = connection.execute(
        "SELECT content FROM ops.file WHERE number = %s AND institution_id = ANY(%s) "
        "AND (name_index = %s OR %s = '') AND until >= %s",
        (number, [institution_id, ANYBODY], _index(safe, name), name, today()),
    ).fetchone()
    if row is None:
        raise Refusal(
            "known_file",
            f"没有文件 {number} {name}，或已过下载截止日期",
            f"there is no file {number} {name}, or its time is over",
            column="file",
        )
    return safe.open_bytes(row[0], FILE.about("content", number))
