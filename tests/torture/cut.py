"""The connection between service and PostgreSQL is cut, before and after each statement.

A proxy stands between them. Each statement of a request is cut three ways: before the server has
it, after it has it and before it is done, after it was done and before the service hears of it. The
client gets 503 and asks by its key what became of it; then it sends the request again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import databases
import psycopg
from desks import register, status
from services import app_of, running

from torture.figures import Figure, How
from torture.kills import ACCOUNT, EFFECTS, VICTIM, compare, kept, numbers, request, unbalanced
from torture.mortal import Caller
from torture.proxy import Proxy, When, Wish, between
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

ROUNDS = 30
STATEMENTS = (b"desk.open", b"desk.record", b"COMMIT")


def figures(how: How) -> Iterator[Figure]:
    """Cut at each statement of each request in each way, once or many times."""
    with (
        databases.copy(how.url, "template") as url,
        TemporaryDirectory(prefix="yibao-") as folder,
        between(url, Path(folder)) as proxy,
    ):
        with Database(url, sight=EVERYTHING) as database:
            register(database, VICTIM, account=ACCOUNT)
        with (
            running(app_of(proxy.url, status(VICTIM))) as port,
            psycopg.connect(url, autocommit=True) as connection,
        ):
            yield figure(proxy, Caller(port), connection, 1 if how.quick else ROUNDS)


def figure(
    proxy: Proxy, caller: Caller, connection: psycopg.Connection[Any], rounds: int
) -> Figure:
    """Cut in each way, so many times."""
    wrong = Counter(dict.fromkeys(("not told by the key", *compare(Counter(), Counter())), 0))
    cuts = 0
    for what, text, when in [*product(EFFECTS, STATEMENTS, get_args(When))] * rounds:
        wrong.update(cut(proxy, caller, connection, what, Wish(text, when)))
        cuts += 1
    what = f"connections to the database cut at a statement of {', '.join(EFFECTS)}"
    return Figure(f"{what}; asked by key, sent again", cuts, wrong)


def cut(
    proxy: Proxy, caller: Caller, connection: psycopg.Connection[Any], what: str, wish: Wish
) -> Counter[str]:
    """Cut one request and find out what became of it; return what is wrong."""
    number = next(numbers)
    target, body = request(caller, what, number)
    key = f"{what}-{number}"
    headers = {"X_Actor": VICTIM, "Idempotency_Key": key}
    before = kept(connection)
    done = Counter(before)
    done.update(EFFECTS[what])
    proxy.wish = wish
    lost = caller.ask("POST", target, body, **headers)
    assert proxy.wish is None, "nothing was cut"
    found = caller.answered("GET", f"/requests/{key}", X_Actor=VICTIM)
    again = caller.answered("POST", target, body, **headers)
    committed = wish == Wish(b"COMMIT", "after")
    told = [
        lost is not None and lost.status == 503,
        # What is cut meanwhile may be done while one asks; then the request itself waits for it.
        found.status == (201 if committed else 404) or wish == Wish(b"COMMIT", "during"),
        again.status == 201,
        found.status == 404 or found.body == again.body,
    ]
    wrong = compare(done, kept(connection))
    wrong["not told by the key"] = int(not all(told))
    wrong["unbalanced"] += unbalanced(connection)
    return wrong
