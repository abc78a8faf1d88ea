"""Real databases for tests: one server for each process, a copy of a migrated one for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from yibao.store import migrate
from yibao.store.server import serving

_numbers = count(1)

_MEMORY = Path("/dev/shm")
_ROOM = 1 << 30
"""Bytes that a server may need: two databases of 20 MB, and what it has logged."""


@contextmanager
def folder() -> Iterator[Path]:
    """Yield a folder for a server's data: in memory where there is room, else on the disk.

    A database is 300 files, made and removed for each test. Some file systems search long for a
    place that was not in use a minute ago: a second of the processor's time for each database.
    It is none of pytest's folders, which are closed to the server's own user.
    """
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    with TemporaryDirectory(prefix="yibao-", dir=_MEMORY if roomy else None) as found:
        yield Path(found)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Yield the URL of a new server whose database `template` has the newest schema."""
    with serving(str(folder / "data"), make=True) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            # What is tested here does not depend on the disk; what does, has a server of its own.
            # A vacuum at work on the template would keep it from being copied.
            for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE DATABASE template")
        migrate.upgrade(of(url, "template"))
        yield url


def of(url: str, name: str) -> str:
    """Return the URL of another database of a server."""
    head, _, tail = url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{tail}"


@contextmanager
def copy(url: str, template: str) -> Iterator[str]:
    """Yield the URL of a new database made from a template."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        yield of(url, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
