"""Durable settlements over HTTP, beside pgbench writing as many rows: rate, latency, memory.

    ./run bench desk
    .venv/bin/python benchmarks/bench_desk.py --seconds 10 --workers 2 --clients 8

Everything runs on this machine in one run: PostgreSQL with fsync, the service's workers, and the
clients in a process of their own, each on a connection of its own and with one request at a time.
A clerk has signed in, whose token each request brings. `hot person` sends all of them bills of one
person. A settlement writes the rows that `ROWS` counts, and so does each transaction of pgbench.
The service is `yibao serve` on the real registers. Figures go to docs/performance.md by hand, with
machine and versions.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import random
import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from yibao.agency.users import sessions, users
from yibao.agency.users.passwords import made_up
from yibao.agency.users.users import User
from yibao.store import migrate
from yibao.store.database import Connection, Database
from yibao.store.server import program, serving
from yibao.store.sight import EVERYTHING

PERSONS = 50_000
ROWS = ("entry", "2 transfers", "settlement", "claim_no", "person_year", "audit", "request")
"""What a settlement writes that two parties pay; a person's first of a year, an opening too."""

PGBENCH = """\\set person random(1, 50000)
BEGIN;
UPDATE bench_state SET value = value + 1 WHERE id = :person;
{inserts}
COMMIT;
"""

FILLER = "x" * 150

TOWN = """
WITH made AS (
  INSERT INTO enrolment.person (person_id, identity_type, birth_date)
  SELECT 'P' || g, 'none', '1960-05-05' FROM generate_series(0, %(persons)s - 1) AS g
  RETURNING person_no
), covered AS (
  INSERT INTO enrolment.coverage
         (person_no, scheme, category, contribution_tier, reason, valid)
  SELECT person_no, 'resident', 'adult', 'high', 'stated', '[2022-01-01,)' FROM made
), hospitals AS (
  INSERT INTO registry.institution (institution_id, name, kind, division, level, valid)
  SELECT 'H' || n, 'H' || n, 'hospital', '120101', n::text, '[2010-01-01,)'
  FROM generate_series(1, 3) AS n
)
INSERT INTO registry.agreement (institution_id, agreement_id, visits, schemes, valid)
SELECT 'H' || n, 'A' || n, '{inpatient,outpatient}', '{resident}', '[2010-01-01,)'
FROM generate_series(1, 3) AS n
"""
"""Persons insured since 2022 and three hospitals with agreements."""


# --- the clients ----------------------------------------------------------------------------------


def requests(persons: int, seed: int, token: str) -> Iterator[bytes]:
    """Yield settlements of persons drawn at random, each under a key of its own."""
    draw = random.Random(seed)
    for n in range(10**9):
        stay = n % 4 == 0
        hospital, visit = ("H3", "inpatient") if stay else ("H1", "outpatient")
        yen = f"{draw.randrange(100, 5000)}.{draw.randrange(100):02d}"
        body = json.dumps(
            {
                "institution_id": hospital,
                "claim_no": f"{seed}-{n}",
                "person_id": f"P{draw.randrange(persons)}",
                "visit": visit,
                "admitted_on": "2023-03-01",
                "discharged_on": "2023-03-08" if stay else "2023-03-01",
                "amounts": {"total": yen, "in_scope": yen},
            }
        ).encode()
        head = (
            "POST /desk/settlements HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
            f"\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {seed}-{n}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


def clients(port: int, given: argparse.Namespace, persons: int, seed: int) -> list[float]:
    """Keep so many requests in work for so long; return the latency of each in seconds."""
    asked = requests(persons, seed, given.token)
    waiting = selectors.DefaultSelector()
    begun: dict[int, float] = {}

    def send(one: socket.socket) -> None:
        data = next(asked)
        begun[one.fileno()] = time.perf_counter()
        one.sendall(data)

    for _ in range(given.clients):
        one = socket.create_connection(("127.0.0.1", port))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(one, selectors.EVENT_READ, bytearray())
        send(one)
    end = time.perf_counter() + given.seconds
    latencies = []
    busy = given.clients
    while busy:
        for key, _ in waiting.select():
            one, got = key.fileobj, key.data
            got += one.recv(65536)
            if not whole(got):
                continue
            now = time.perf_counter()
            assert got.startswith(b"HTTP/1.1 201"), bytes(got)
            latencies.append(now - begun[one.fileno()])
            got.clear()
            if now < end:
                send(one)
            else:
                busy -= 1
                waiting.unregister(one)
                one.close()
    return latencies


LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def whole(got: bytearray) -> bool:
    """Tell whether a reply is complete."""
    head, blank, body = got.partition(b"\r\n\r\n")
    found = LENGTH.search(head)
    return bool(blank) and found is not None and len(body) >= int(found[1])


# --- the service ----------------------------------------------------------------------------------


@contextmanager
def service(url: str, workers: int) -> Iterator[tuple[int, int]]:
    """Run the service; yield its port and process id."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Path("/dev/null").open("w") as null:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "yibao.cli", "serve", "--database", url),
                *("--port", str(port), "--workers", str(workers), "--rate", "1000000"),
            ],
            stderr=null,
        )
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.1)
    time.sleep(5)  # until every worker has loaded the policy
    yield port, process.pid
    process.terminate()
    process.wait()


def family(pid: int) -> list[int]:
    """Return a process and those below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


def memory(pid: int) -> int:
    """Return the resident memory of a process and those below it, in bytes."""
    found = (Path(f"/proc/{one}/statm").read_text().split()[1] for one in family(pid))
    return sum(map(int, found)) * 4096


def cpu(pid: int) -> float:
    """Return the processor seconds of a process and those below it."""
    fields = (
        Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split() for one in family(pid)
    )
    return sum(int(f[11]) + int(f[12]) for f in fields) / 100


def clerk(connection: Connection) -> str:
    """Make a user who settles bills, and return a token of that user."""
    users.add(connection, User("bench", ["benefits"], {}), made_up(), actor="bench")
    return sessions.issue(connection, "bench", actor="bench")[0]


# --- what is measured -----------------------------------------------------------------------------


def measure(
    name: str, port: int, pids: tuple[int, int], given: argparse.Namespace, persons: int
) -> None:
    """Print rate and latencies of settlements of so many persons."""
    seed = time.time_ns() % 10**9
    before = [cpu(pid) for pid in pids]
    with multiprocessing.Pool(1) as pool:
        begun = time.perf_counter()
        took = sorted(pool.apply(clients, (port, given, persons, seed)))
        seconds = time.perf_counter() - begun
    worked = [(cpu(p) - was) / len(took) * 1e6 for p, was in zip(pids, before, strict=True)]
    p50, p99 = (took[int(len(took) * part)] * 1000 for part in (0.5, 0.99))
    print(
        f"{name:12} {len(took) / seconds:8,.0f}/s   p50 {p50:6.1f} ms   p99 {p99:6.1f} ms   "
        f"processor: service {worked[0]:,.0f} µs, PostgreSQL {worked[1]:,.0f} µs each",
        flush=True,
    )


def pgbench(url: str, given: argparse.Namespace) -> None:
    """Print the rate of transactions that write as many rows as a settlement."""
    inserts = "\n".join(
        f"INSERT INTO bench_row (filler) VALUES ('{FILLER}');" for _ in range(len(ROWS))
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bench_row (id bigserial PRIMARY KEY, filler text)")
        connection.execute("CREATE TABLE bench_state (id int PRIMARY KEY, value int)")
        connection.execute("INSERT INTO bench_state SELECT g, 0 FROM generate_series(1, 50000) g")
    with TemporaryDirectory() as folder:
        script = Path(folder) / "script.sql"
        script.write_text(PGBENCH.format(inserts=inserts))
        done = subprocess.run(
            [
                *(program("pgbench"), "-n", "-M", "prepared", "-c", str(given.clients)),
                *("-j", "1", "-T", str(int(given.seconds)), "-f", str(script), url),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    latency = re.search(r"latency average = ([\d.]+)", done.stdout)
    assert rate is not None
    assert latency is not None
    print(f"pgbench      {float(rate[1]):8,.0f}/s   mean {float(latency[1]):5.1f} ms")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--clients", type=int, default=8)
    given = parser.parse_args()
    print(f"Python {platform.python_version()}, {given.workers} workers, {given.clients} clients")
    print(f"rows of a settlement: {', '.join(ROWS)}")
    with TemporaryDirectory(prefix="yibao-") as folder, serving(folder + "/data", make=True) as url:
        migrate.upgrade(url)
        with psycopg.connect(url) as connection:
            connection.execute(TOWN.encode(), {"persons": PERSONS})
            # As autovacuum does within a minute.
            connection.execute("ANALYZE enrolment.person, enrolment.coverage")
            print(*connection.execute("SELECT version()").fetchone() or ())
        with Database(url, sight=EVERYTHING, connections=1) as database:
            given.token = database.run(clerk)
        postmaster = int((Path(folder) / "data" / "postmaster.pid").read_text().split()[0])
        with service(url, given.workers) as (port, pid):
            pids = pid, postmaster
            measure("warming up", port, pids, given, PERSONS)
            measure("persons", port, pids, given, PERSONS)
            measure("hot person", port, pids, given, 1)
            print(f"memory of the service: {memory(pid) / 1e6:,.0f} MB")
        pgbench(url, given)


if __name__ == "__main__":
    main()
