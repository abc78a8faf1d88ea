"""Backup and restore with PostgreSQL's own programs, in its custom format."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg

from yibao.errors import CannotRead, CannotWrite
from yibao.store.errors import StoreError
from yibao.store.server import program


def backup(url: str, target: Path) -> int:
    """Write a backup; return its size in bytes. The file is whole or not there.

    It shows the database at one instant, whatever is written meanwhile.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        _run("pg_dump", "--format=custom", f"--file={part}", url)
        os.replace(part, target)
    except (OSError, StoreError) as error:
        part.unlink(missing_ok=True)
        raise CannotWrite(f"{target}: {error}") from None
    return target.stat().st_size


def restore(url: str, source: Path) -> None:
    """Fill an empty database from a backup; raises StoreError where it is not empty."""
    if not source.is_file():
        raise CannotRead(f"{source}: no such file")
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
    if row == (True,):
        raise StoreError(
            "the database is not empty; a backup is restored into an empty one, so that nothing "
            "is overwritten / 只能恢复到空库"
        )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ROLES)
    _run("pg_restore", "--exit-on-error", "--single-transaction", f"--dbname={url}", str(source))


ROLES = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'yibao_app') THEN
    CREATE ROLE yibao_app NOLOGIN;
  END IF;
END $$
"""
"""Roles belong to the server, not to a database, so a backup does not hold them."""


def _run(name: str, *arguments: str) -> None:
    done = subprocess.run([program(name), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise StoreError(f"{name}: {done.stderr.strip()}")
