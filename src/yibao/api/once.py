"""A write under an idempotency key: done once, answered always the same, to the byte."""

from __future__ import annotations

from collections.abc import Callable

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
        connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 726002))",
            (f"{key.caller} {key.key}",),
        )
        kept = connection.execute(
            "SELECT encode(digest, 'hex'), status, reply FROM ops.request "
            "WHERE (caller, key) = (%s, %s)",
            (key.caller, key.key),
        ).fetchone()
        if kept is not None:
            digest, status, reply = kept
            if digest != key.digest:
                raise key_used(key.key)
            return status, reply
        status, reply = work(connection)
        connection.execute(
            "INSERT INTO ops.request (caller, key, digest, status, reply) "
            "VALUES (%s, %s, decode(%s, 'hex'), %s, %s)",
            (key.caller, key.key, key.digest, status, reply),
        )
        return status, reply

    try:
        return database.run(run)
    except pg.UniqueViolation as error:  # the desk, which locks the person, used the key meanwhile
        if error.diag.table_name != "request":
            raise
        return database.run(run)
