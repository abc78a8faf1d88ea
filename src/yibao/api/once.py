"""A write under an idempotency key: done once, answered always the same, to the byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Response
from psycopg import errors as pg

from yibao.agency.desk.model import Key
from yibao.agency.desk.settle import key_used
from yibao.api.headers import as_json
from yibao.store.database import Connection, Database

Work = Callable[[Connection], tuple[int, str]]
"""Does what is asked and says what to answer: a status and a body."""


def once(database: Database, key: Key, work: Work) -> Response:
    """Answer a request with what `kept` returns."""
    status, reply = kept(database, key, work)
    return as_json(reply, status)


def kept(database: Database, key: Key, work: Work) -> tuple[int, str]:
    """Do `work` and keep its reply under the key, in one transaction, or return what is kept.

    Who comes with the same key meanwhile waits. Raises KeyUsed for a key of another request.
    """

    def run(connection: Connection) -> tuple[int, str]:
        earlier = found(connection, key.caller, key.key)
        if earlier is not None:
            if earlier.digest != key.digest:
                raise key_used(key.key)
            return earlier.status, earlier.reply
        status, reply = work(connection)
        keep(connection, key, status, reply)
        return status, reply

    try:
        return database.run(run)
    except pg.UniqueViolation as error:  # the desk, which locks the person, used the key meanwhile
        if error.diag.table_name != "request":
            raise
        return database.run(run)


@dataclass(frozen=True, slots=True)
class Kept:
    """A request that was done: the digest of what it asked, and its reply."""

    digest: str
    status: int
    reply: str


def found(connection: Connection, caller: str, key: str) -> Kept | None:
    """Return what is kept under a key; whoever else uses it waits until the transaction ends."""
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 726002))", (f"{caller} {key}",)
    )
    row = connection.execute(
        "SELECT encode(digest, 'hex'), status, reply FROM ops.request "
        "WHERE (caller, key) = (%s, %s)",
        (caller, key),
    ).fetchone()
    return None if row is None else Kept(*row)


def keep(connection: Connection, key: Key, status: int, reply: str) -> None:
    """Keep a reply under a key that is not used, and that `found` has locked."""
    connection.execute(
        "INSERT INTO ops.request (caller, key, digest, status, reply) "
        "VALUES (%s, %s, decode(%s, 'hex'), %s, %s)",
        (key.caller, key.key, key.digest, status, reply),
    )
