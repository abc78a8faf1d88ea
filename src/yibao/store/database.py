"""Connections and transactions.

Every write of the platform happens within `Database.transaction`: it commits when its block ends
and leaves nothing otherwise. Connections act as `yibao_app`, which may not change what is
append-only, whoever owns the database, and which sees the rows that `yibao.store.sight` says.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg import errors as pg
from psycopg.generators import execute
from psycopg.pq import ExecStatus
from psycopg_pool import ConnectionPool, PoolTimeout

from yibao.store.errors import StoreError
from yibao.store.sight import NOTHING, Sight, begin, in_force

Connection = psycopg.Connection[tuple[Any, ...]]
Result = TypeVar("Result")

ROLE = "yibao_app"
"""The role that works; migrations are made by the owner."""

TRIES = 5
"""How often a transaction that PostgreSQL gave up (deadlock, serialization) is tried."""

_AGAIN = (pg.DeadlockDetected, pg.SerializationFailure)


def _begin(connection: Connection, sight: Sight) -> None:
    """Begin a transaction that sees so: one exchange, as short as psycopg's own."""
    connection.pgconn.send_query(begin(sight))
    result = connection.wait(execute(connection.pgconn))[-1]
    if result.status != ExecStatus.COMMAND_OK:
        raise pg.error_from_result(result)


def _prepare(connection: Connection, *, generic: bool) -> None:
    connection.execute(f"SET ROLE {ROLE}")
    if generic:
        connection.execute("SET plan_cache_mode TO force_generic_plan")
    connection.execute("SET timezone TO 'Asia/Shanghai'")
    connection.commit()
    connection.autocommit = True  # `transaction` begins them itself, with what they see


def _check(connection: Connection) -> None:
    """Raise when PostgreSQL has closed a connection; its farewell or the end can then be read.

    Asking PostgreSQL would be one round trip more for each transaction.
    """
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    if poll.poll(0):
        ConnectionPool.check_connection(connection)


class Database:
    """A pool of connections to a database whose schema is up to date."""

    def __init__(
        self,
        url: str,
        *,
        sight: Sight = NOTHING,
        connections: int = 8,
        timeout: float = 30,
        generic: bool = False,
    ) -> None:
        """Open the pool; raises StoreError when the database cannot be reached.

        `sight`: what transactions see where nobody has said so when they begin (`sight.see`).
        `generic`: a statement is planned once, whatever it is asked for. For a service, whose
        statements take less time than planning them.
        """
        self.url = url
        self._sight = sight
        self._pool = ConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            timeout=timeout,
            configure=partial(_prepare, generic=generic),
            open=False,
            check=_check,
        )
        try:
            self._pool.open(wait=True, timeout=timeout)
        except PoolTimeout:
            self._pool.close()
            raise StoreError(f"the database does not answer within {timeout:.0f} s") from None

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that commits at the end of the block."""
        with _translated(), self._pool.connection() as connection:
            _begin(connection, in_force(self._sight))
            yield connection

    def run(self, work: Callable[[Connection], Result]) -> Result:
        """Run a unit of work in a transaction; when PostgreSQL gives it up, run it anew."""
        for _ in range(TRIES - 1):
            try:
                with self.transaction() as connection:
                    return work(connection)
            except _AGAIN:
                continue
        with self.transaction() as connection:
            return work(connection)


def see_one_instant(connection: Connection) -> None:
    """Let a transaction see the database as it is now, and write nothing; first thing in it."""
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn failures of the database itself, not of what was asked, into StoreError."""
    try:
        yield
    except PoolTimeout:
        raise StoreError("all connections to the database are busy / 数据库连接已用完") from None
    except pg.DiskFull as error:
        raise StoreError(f"the database's disk is full / 数据库磁盘已满: {error}") from None
    except (pg.AdminShutdown, pg.CannotConnectNow, pg.CrashShutdown) as error:
        raise StoreError(f"the database is going down or coming up: {error}") from None
    except psycopg.OperationalError as error:
        if error.sqlstate is None:
            raise StoreError(f"the connection to the database broke: {error}") from None
        raise
