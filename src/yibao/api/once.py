"""A write under an idempotency key: done once, answered always the same, to the byte.

Replies may tell who somebody is, so they are kept sealed; and the digest of what was asked is kept
as a keyed one, or whoever has the table could find out by trying whom a request was about. The desk
keeps its own in plain (desk.record), as all were before: its replies have figures and ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Response
from psycopg import errors as pg

from yibao.agency.desk.model import Key
from yibao.agency.desk.settle import key_used
from yibao.api.headers import as_json
from yibao.store.database import Connection, Database
from yibao.store.vault import Vault, vault

Work = Callable[[Connection], tuple[int, str]]
"""Does what is asked and says what to answer: a status and a body."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A request that was done: the digest of what it asked, and its reply as it was sent."""

    digest: bytes
    status: int
    reply: str


Check = Callable[[Connection, Key, Kept], None]
"""Raises an error where what is kept under a key is not to be answered with again."""


def once(database: Database, key: Key, work: Work) -> Response:
    """Answer a request with what `kept` returns."""
    status, reply = kept(database, key, work)
    return as_json(reply, status)


def _stands(_: Connection, __: Key, ___: Kept) -> None:
    """What was done stands."""


def kept(database: Database, key: Key, work: Work, check: Check = _stands) -> tuple[int, str]:
    """Do `work` and keep its reply under the key, in one transaction, or return what is kept.

    Who comes with the same key meanwhile waits. Raises KeyUsed for a key of another request, and
    what `check` raises of what is kept.
    """

    def run(connection: Connection) -> tuple[int, str]:
        earlier = found(connection, key.caller, key.key)
        if earlier is not None:
            check(connection, key, earlier)
            if earlier.digest not in {_digest(vault(connection), key), bytes.fromhex(key.digest)}:
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


def found(connection: Connection, caller: str, key: str) -> Kept | None:
    """Return what is kept under a key; whoever else uses it waits until the transaction ends."""
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 726002))", (f"{caller} {key}",)
    )
    return look(connection, caller, key)


def look(connection: Connection, caller: str, key: str) -> Kept | None:
    """Return what is kept under a key now."""
    row = connection.execute(
        "SELECT digest, status, reply FROM ops.request WHERE (caller, key) = (%s, %s)",
        (caller, key),
    ).fetchone()
    if row is None:
        return None
    digest, status, reply = row
    return Kept(digest, status, vault(connection).untoken(reply, _about(caller, key)))


def keep(connection: Connection, key: Key, status: int, reply: str) -> None:
    """Keep a reply under a key that is not used, and that `found` has locked."""
    safe = vault(connection)
    sealed = safe.token(reply, _about(key.caller, key.key))
    connection.execute(
        "INSERT INTO ops.request (caller, key, digest, status, reply) VALUES (%s, %s, %s, %s, %s)",
        (key.caller, key.key, _digest(safe, key), status, sealed),
    )


def _digest(safe: Vault, key: Key) -> bytes:
    return safe.index("request", key.digest)


def _about(caller: str, key: str) -> str:
    return f"ops.request.reply:{caller} {key}"
