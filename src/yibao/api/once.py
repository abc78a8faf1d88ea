"""A write under an idempotency key: done once, answered always the same, to the byte.

Replies may tell who somebody is, so they are kept sealed; and the digest of what was asked is kept
as a keyed one, or whoever has the table could find out by trying whom a request was about.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Response
from psycopg import errors as pg

from yibao.agency.desk.model import Key
from yibao.agency.desk.settle import key_used
from yibao.api.headers import as_json
from yibao.store.database import Connection, Database
from yibao.store.vault import Vault, vault

Work = Callable[[Connection], tuple[int, str]]
"""Does what is asked and says what to answer: a status and a body."""


def kept_reply(safe: Vault, caller: str, key: str, reply: str) -> str:
    """Return a reply as it was sent."""
    return safe.untoken(reply, _about(caller, key))


def _about(caller: str, key: str) -> str:
    return f"ops.request.reply:{caller} {key}"


def once(database: Database, key: Key, work: Work) -> Response:
    """Do `work` and keep its reply under the key, in one transaction, or give back what is kept.

    Who comes with the same key meanwhile waits. Raises KeyUsed for a key of another request.
    """

    def run(connection: Connection) -> tuple[int, str]:
        connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 726002))",
            (f"{key.caller} {key.key}",),
        )
        safe = vault(connection)
        digest = safe.index("request", key.digest)
        kept = connection.execute(
            "SELECT digest, status, reply FROM ops.request WHERE (caller, key) = (%s, %s)",
            (key.caller, key.key),
        ).fetchone()
        if kept is not None:
            known, status, reply = kept
            if known != digest:
                raise key_used(key.key)
            return status, kept_reply(safe, key.caller, key.key, reply)
        status, reply = work(connection)
        sealed = safe.token(reply, _about(key.caller, key.key))
        connection.execute(
            "INSERT INTO ops.request (caller, key, digest, status, reply) "
            "VALUES (%s, %s, %s, %s, %s)",
            (key.caller, key.key, digest, status, sealed),
        )
        return status, reply

    try:
        status, reply = database.run(run)
    except pg.UniqueViolation as error:  # the desk, which locks the person, used the key meanwhile
        if error.diag.table_name != "request":
            raise
        status, reply = database.run(run)
    return as_json(reply, status)
