"""Backups that are made while bills are settled, restored elsewhere: same rows, same heads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import databases
import psycopg
from desks import register, status
from services import app_of, bill, running

from torture.figures import Figure, How
from torture.kills import ACCOUNT
from torture.mortal import Bystander, Caller, at_work
from yibao.agency.reconcile.books import verify as verify_books
from yibao.store.audit import heads, verify
from yibao.store.backup import backup, restore
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

BACKUPS, SHORT = 20, 1
PERSONS = ("P1", "P2")


def figures(how: How) -> Iterator[Figure]:
    """Make backups while somebody works, and one when nobody does; restore each."""
    with (
        databases.copy(how.url, "template") as url,
        TemporaryDirectory(prefix="yibao-") as folder,
    ):
        with Database(url, sight=EVERYTHING) as database:
            register(database, *PERSONS, account=ACCOUNT)
        wrong = Counter({"other heads": 0, "other rows": 0, "disagreements of the books": 0})
        with running(app_of(url, *map(status, PERSONS))) as port:
            clerks = [Bystander(Caller(port), p, bill("", from_account="1.00")) for p in PERSONS]
            for number in range(SHORT if how.quick else BACKUPS):
                file = Path(folder) / f"{number}.dump"
                with at_work(clerks):
                    backup(url, file)
                wrong.update(restored(how.url, file))
                for clerk in clerks:
                    clerk.stopped.clear()
        backup(url, Path(folder) / "last.dump")
        wrong.update(restored(how.url, Path(folder) / "last.dump", url))
        made = sum(len(clerk.acknowledged) for clerk in clerks)
        number = (SHORT if how.quick else BACKUPS) + 1
    yield Figure(f"backups while {made:,} bills are settled, restored elsewhere", number, wrong)


def restored(server: str, file: Path, original: str = "") -> Counter[str]:
    """Restore a backup into an empty database; return what is wrong with it."""
    with databases.copy(server, "template0") as url:
        restore(url, file)
        with psycopg.connect(url) as there:
            wrong = Counter({"other heads": len(verify(there).broken)})
            if original:
                with psycopg.connect(original) as here:
                    wrong["other heads"] += heads(here) != heads(there)
                    wrong["other rows"] += rows(here) != rows(there)
        with Database(url, sight=EVERYTHING) as database, database.transaction() as connection:
            wrong["disagreements of the books"] = len(verify_books(connection))
    return wrong


def rows(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Return a digest of the rows of each table."""
    names = connection.execute(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
    ).fetchall()
    digest = "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} AS t"
    found = {}
    for (name,) in names:
        row = connection.execute(digest.format(name).encode()).fetchone()
        found[name] = row[0] if row else ""
    return found
