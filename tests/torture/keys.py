"""One idempotency key many times at once: one settlement and as many same replies, one body."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import databases
import psycopg
from desks import register, status
from services import Reply, app_of, bill, running

from torture.figures import Figure, How
from torture.kills import kept
from torture.mortal import Caller
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

TIMES, ROUNDS = 100, 20
PERSONS = ("P1", "P2")


def figures(how: How) -> Iterator[Figure]:
    """Send one request a hundred times at once, and two under one key; once or many times."""
    with databases.copy(how.url, "template") as url:
        with Database(url, sight=EVERYTHING) as database:
            register(database, *PERSONS)
        with (
            running(app_of(url, *map(status, PERSONS))) as port,
            psycopg.connect(url, autocommit=True) as connection,
        ):
            for tried in (one_body, two_bodies):
                yield tried(Caller(port), connection, 1 if how.quick else ROUNDS)


def one_body(caller: Caller, connection: psycopg.Connection[Any], rounds: int) -> Figure:
    """Send the same request a hundred times at once."""
    wrong = Counter({"settlements too many": 0, "replies that differ": 0})
    for number in range(rounds):
        before = settled(connection)
        replies = at_once(caller, f"one-{number}", [bill(f"A{number}")] * TIMES)
        wrong["settlements too many"] += settled(connection) - before - 1
        wrong["replies that differ"] += len({(r.status, r.body) for r in replies}) - 1
        wrong["replies that differ"] += replies[0].status != 201
    return Figure(f"one request {TIMES} times at once under one key", rounds * TIMES, wrong)


def two_bodies(caller: Caller, connection: psycopg.Connection[Any], rounds: int) -> Figure:
    """Send two requests under one key, of two persons, fifty times each at once."""
    wrong = Counter({"settlements too many": 0, "replies that are neither": 0})
    for number in range(rounds):
        before = settled(connection)
        bodies = [bill(f"B{number}-{p}", person_id=p) for p in PERSONS] * (TIMES // 2)
        replies = at_once(caller, f"two-{number}", bodies)
        wrong["settlements too many"] += settled(connection) - before - 1
        done = {r.body for r in replies if r.status == 201}
        refused = [r for r in replies if r.status == 409 and r.json["rule"] == "key_used"]
        wrong["replies that are neither"] += abs(TIMES // 2 - len(refused)) + abs(1 - len(done))
    return Figure("one key for two requests at once", rounds * TIMES, wrong)


def at_once(caller: Caller, key: str, bodies: Sequence[Any]) -> list[Reply]:
    """Send settlements under one key all at once, each until it is answered."""

    def send(body: Any) -> Reply:
        named = {"X_Actor": "H3", "Idempotency_Key": key}
        return caller.answered("POST", "/desk/settlements", body, **named)

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(send, bodies))


def settled(connection: psycopg.Connection[Any]) -> int:
    """Return how many settlements there are."""
    return sum(kept(connection, person)["settled"] for person in PERSONS)
