"""SIGKILL at every step of a settlement: after a restart nothing is lost, nothing there twice.

The service runs as a process of its own on a real database.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import BadStatusLine, RemoteDisconnected
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from desks import register
from services import Client, Reply, bill

from yibao.ledger.balance import trial_balance
from yibao.store.database import Database

HERE = Path(__file__).parent


class Service:
    """A process of the service, started again when it has died."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.starts = 0
        self.lives = False
        path = os.pathsep.join([str(HERE), str(HERE.parent), *sys.path])
        self.parent = subprocess.Popen(
            [sys.executable, HERE / "dying_service.py", url],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def client(self) -> Client:
        """Return a client of the service, started where it is not running."""
        if not self.lives:
            self.starts += 1
            file = self.folder / f"{self.starts}.port"
            assert self.parent.stdin is not None
            print(file, file=self.parent.stdin, flush=True)
            end = monotonic() + 60
            while not file.exists() and monotonic() < end:
                sleep(0.02)
            self.port = int(file.read_text())
            self.lives = True
        return Client(self.port)

    def died(self) -> bool:
        """Wait for the end of the process; tell whether it was killed."""
        told = self.parent.stdout
        assert told is not None
        assert select.select([told], [], [], 20)[0], "it lives"
        self.lives = False
        return int(told.readline()) == signal.SIGKILL

    def stop(self) -> None:
        os.killpg(self.parent.pid, signal.SIGTERM)
        self.parent.communicate(timeout=60)  # until both have ended


@pytest.fixture
def service(url: str, tmp_path: Path) -> Iterator[Service]:
    with Database(url) as database:
        register(database, "P1", account=5_000_00)
    service = Service(url, tmp_path)
    yield service
    service.stop()


LOST = (RemoteDisconnected, BadStatusLine, ConnectionResetError, BrokenPipeError)


def send(service: Service, what: str, number: int, wish: str) -> Reply | None:
    """Settle bill `number`, or take that settlement back; None where the reply was lost."""
    client = service.client()
    headers = {"X_Actor": "H3", "Idempotency_Key": f"{what}-{number}", "X_Die": wish}
    try:
        if what == "settle":
            body: Any = bill(f"A{number}", "1000.00", from_account="10.00")
            return client("POST", "/desk/settlements", body, **headers)
        return client("POST", f"/desk/settlements/{number}/reversal", **headers)
    except LOST:
        return None


def kept(url: str) -> dict[str, Any]:
    """Return what there is: settlements, entries, keys, the account, the sum of the ledger."""
    with Database(url) as database, database.transaction() as connection:
        row = connection.execute(
            """
            SELECT (SELECT count(*) FROM desk.settlement WHERE kind = 'settlement'),
                   (SELECT count(*) FROM desk.reversed),
                   (SELECT count(*) FROM ledger.entry WHERE kind <> 'account_credit'),
                   (SELECT count(*) FROM ops.request),
                   (SELECT count(*) FROM ops.audit),
                   (SELECT account_balance FROM enrolment.person_lock WHERE person_id = 'P1'),
                   (SELECT coalesce(sum((values->>'admissions')::int), 0)
                    FROM desk.person_year)
            """
        ).fetchone()
        assert row is not None
        names = ("settled", "reversed", "entries", "keys", "audits", "balance", "admissions")
        sums = sum(line.balance for line in trial_balance(connection))
        return dict(zip(names, row, strict=True)) | {"sums": sums}


def expected(settled: int, taken: int) -> dict[str, Any]:
    both = settled + taken
    return {
        "settled": settled,
        "reversed": taken,
        "entries": both,
        "keys": both,
        "audits": both,
        "balance": 5_000_00 - 10_00 * (settled - taken),
        "admissions": settled - taken,
        "sums": 0,
    }


@pytest.mark.parametrize("what", ["settle", "reverse"])
def test_killed_at_every_exchange_with_the_database(service: Service, what: str, url: str) -> None:
    settled, taken, done_anyway, deaths = 0, 0, [], 0
    for n, wish in enumerate(["reply", *(str(s * k) for k in range(1, 99) for s in (1, -1))], 1):
        target = n
        if what == "reverse":
            made = send(service, "settle", n, "")
            assert made is not None
            target, settled = made.json["settlement_id"], settled + 1
        if send(service, what, target, wish) is not None:
            break  # there are not so many exchanges
        assert service.died()
        deaths += 1
        before, after = expected(settled, taken), kept(url)
        settled, taken = settled + (what == "settle"), taken + (what == "reverse")
        done = expected(settled, taken)
        assert after in (before, done), wish
        if after == done:
            done_anyway.append(wish)
        one, two = (send(service, what, target, "") for _ in range(2))
        assert one is not None
        assert two is not None
        assert (one.status, one.body) == (201, two.body)
        assert kept(url) == done, wish
    exchanges = deaths // 2
    assert exchanges >= 3  # open, record, commit
    assert done_anyway == ["reply", str(-exchanges)]  # the key gave the reply that was lost


def test_a_reply_that_nobody_waited_for_is_found_by_its_key(service: Service, url: str) -> None:
    client = service.client()
    body = json.dumps(bill("A1", "1000.00", from_account="10.00")).encode()
    with socket.create_connection(("127.0.0.1", client.port)) as one:
        one.sendall(
            b"POST /desk/settlements HTTP/1.1\r\nHost: x\r\nX-Actor: H3\r\n"
            b"Content-Type: application/json\r\nIdempotency-Key: settle-1\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
    for _ in range(500):
        found = client("GET", "/requests/settle-1", X_Actor="H3")
        if found.status != 404:
            break
        sleep(0.02)
    again = send(service, "settle", 1, "")
    assert again is not None
    assert (found.status, found.body) == (again.status, again.body)
    assert kept(url) == expected(1, 0)
