"""Whose rows a transaction sees and may write: PostgreSQL holds it to them, whatever it asks.

The policies of the guarded tables (migration 0022) look at settings that hold until a transaction
ends. Where nobody has said whose rows those are, there are none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import psycopg
from psycopg import pq
from psycopg.sql import SQL
from psycopg.sql import Literal as Quoted

Kind = Literal["nothing", "everything", "institution", "person", "employer", "region"]


@dataclass(frozen=True, slots=True)
class Sight:
    """Everybody's rows, nobody's, or those of one: of what kind, and by which id."""

    kind: Kind
    own: str = ""


NOTHING = Sight("nothing")
EVERYTHING = Sight("everything", "yes")
"""What the agency sees."""

_now: ContextVar[Sight | None] = ContextVar("sight", default=None)


def see(sight: Sight) -> None:
    """Let what follows here see so: the rest of a request, and the threads that work for it."""
    _now.set(sight)


@contextmanager
def seeing(sight: Sight) -> Iterator[None]:
    """Let the block see so; transactions that have begun before see as they did."""
    token = _now.set(sight)
    try:
        yield
    finally:
        _now.reset(token)


def in_force(otherwise: Sight) -> Sight:
    """Return how a transaction that begins now sees: as was said last, where anything was."""
    return _now.get() or otherwise


@lru_cache(1 << 12)
def begin(sight: Sight) -> bytes:
    """Return the statements that begin a transaction which sees so, until it ends."""
    if sight.kind == "nothing":
        return b"BEGIN"
    setting, own = SQL(f"yibao.{sight.kind}"), Quoted(sight.own)
    return SQL("BEGIN; SET LOCAL {} = {}").format(setting, own).as_bytes(None)


@contextmanager
def beyond(connection: psycopg.Connection[Any], why: str) -> Iterator[None]:
    """Let a transaction see everybody's rows as long as the block lasts, for what it is to do.

    `why` is for whoever reads the code: it must not be what a client said. Two round trips.
    """
    assert why
    before = connection.execute(
        "SELECT coalesce(current_setting('yibao.everything', true), ''), "
        "set_config('yibao.everything', 'yes', true)"
    ).fetchone()
    assert before is not None
    try:
        yield
    finally:
        if connection.info.transaction_status == pq.TransactionStatus.INTRANS:
            connection.execute("SELECT set_config('yibao.everything', %s, true)", (before[0],))
