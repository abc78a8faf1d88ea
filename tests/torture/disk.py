"""The database's disk is full: what cannot be kept is refused, and with room again all goes on.

The server's data lies on a small tmpfs, which takes the right to mount one (root); without it the
part is skipped. Ballast fills it while bills are settled, until the service answers 503; then the
ballast goes, and whoever was refused asks again under the same key.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from desks import register, status
from services import Reply, app_of, bill, running

from torture.database import own_server, start
from torture.figures import Figure, How
from torture.kills import ACCOUNT, kept, unbalanced
from torture.mortal import Caller
from yibao.agency.reconcile.books import verify
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

SIZE = "256m"
FILLED, SHORT = 10, 1
PERSON = "P1"
BILLS = 20_000
"""More bills than there is room for."""


def figures(how: How) -> Iterator[Figure]:
    """Fill the disk, so many times."""
    with TemporaryDirectory(prefix="yibao-") as made, small_disk(Path(made)) as folder:
        if folder is None:
            print("disk: no right to mount a tmpfs here; skipped")
            return
        with own_server(folder) as url:
            with Database(url, sight=EVERYTHING) as database:
                register(database, PERSON, account=ACCOUNT)
            with running(app_of(url, status(PERSON))) as port:
                yield figure(folder, url, Caller(port), SHORT if how.quick else FILLED)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """Mount a small tmpfs on a folder; yield None where that is not allowed."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", str(folder)]
    if os.name != "posix" or subprocess.run(command, capture_output=True, check=False).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def figure(folder: Path, url: str, caller: Caller, times: int) -> Figure:
    """Fill the disk, so many times; count what stands."""
    wrong = Counter({"not refused": 0, "lost": 0})
    acknowledged: dict[str, Reply] = {}
    for round_ in range(times):
        refused = fill(folder, caller, acknowledged, f"{round_}")
        wrong["not refused"] += refused is None
        (folder / "ballast").unlink()
        start(folder / "data")  # where it could not even write its log, it has stopped
        if refused is not None:
            acknowledged[refused] = settle(caller, refused, until=True)
    for key, reply in acknowledged.items():
        found = caller.answered("GET", f"/requests/{key}", X_Actor=PERSON)
        wrong["lost"] += (reply.status, reply.body) != (201, found.body)
    with psycopg.connect(url, autocommit=True) as connection:
        found, made = kept(connection, PERSON), len(acknowledged)
        wrong["duplicated"] = sum(
            abs(found[name] - made) for name in ("settled", "entries", "audits", "keys")
        )
        wrong["unbalanced"] = unbalanced(connection) + (found["balance"] != ACCOUNT - 10_00 * made)
    with Database(url, sight=EVERYTHING) as database, database.transaction() as connection:
        wrong["disagreements of the books"] = len(verify(connection))
    return Figure(f"times the disk was full, while {made:,} bills are settled", times, wrong)


def fill(folder: Path, caller: Caller, acknowledged: dict[str, Reply], name: str) -> str | None:
    """Fill the disk and settle bills until one is refused; return its key."""
    with (folder / "ballast").open("wb") as ballast:
        room = os.statvfs(folder)
        ballast.write(bytes(max(room.f_bavail * room.f_frsize - (1 << 20), 0)))
    for number in range(BILLS):
        key = f"{name}-{number}"
        reply = settle(caller, key)
        if reply is None or reply.status == 503:
            return key
        acknowledged[key] = reply
    return None


def settle(caller: Caller, key: str, *, until: bool = False) -> Reply | None:
    """Settle a bill under a key; with `until`, until it is answered."""
    body = bill(key, "1000.00", from_account="10.00")
    named = {"X_Actor": PERSON, "Idempotency_Key": key}
    send = caller.answered if until else caller.ask
    return send("POST", "/desk/settlements", body, **named)
