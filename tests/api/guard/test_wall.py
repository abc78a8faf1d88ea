"""The second wall: with a hole in the table of roles PostgreSQL still keeps to each their own.

`settle` and the rest are let in by rows that ask for nothing, as if somebody had got them wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from desks import office, open_town, status
from fastapi import Request
from services import Client, bill, running

from yibao.api.app import create_app
from yibao.api.guard import allow
from yibao.api.guard.principal import NOBODY, Principal
from yibao.api.guard.table import TABLE, Row
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

HOLES = {
    "nothing of the request is looked at": lambda role: Row("roles", own={role: ()}),
    "the role stands among the agency's": lambda role: Row("roles", frozenset({role})),
    "it is enough to have signed in": lambda role: Row("signed_in"),
    "anybody may": lambda role: Row("anybody"),
}


async def who(request: Request) -> Principal:
    role, _, own = request.headers.get("x-who", "").partition(":")
    return Principal(f"{role}-{own}", frozenset({role}), {role: own}) if role else NOBODY


class Asks:
    """A client that asks as somebody, each write under a key of its own."""

    def __init__(self, port: int) -> None:
        self.client, self.sent = Client(port), 0

    def __call__(self, by: str, method: str, target: str, body: Any = None) -> tuple[int, Any]:
        self.sent += 1
        reply = self.client(method, target, body, X_Who=by, Idempotency_Key=f"k{self.sent}")
        return reply.status, reply.json


@pytest.fixture
def asks(url: str) -> Iterator[Asks]:
    with Database(url, sight=EVERYTHING) as database:
        open_town(database, "P1", "P2")
    made = office(status("P1"), status("P2"))
    with running(create_app(url, made.policy, made.registers, identify=who)) as port:
        asks = Asks(port)
        yield asks
        asks.client.close()


def every_row(monkeypatch: pytest.MonkeyPatch, row: Row) -> None:
    for operation in TABLE:
        monkeypatch.setitem(allow.TABLE, operation, row)  # type: ignore[arg-type]


@pytest.mark.parametrize("hole", HOLES)
@pytest.mark.parametrize("by", ["institution:H1", "insured:P2", "employer:E1", "region:110000"])
def test_through_a_hole_nothing_of_anothers_is_seen_or_written(
    asks: Asks, monkeypatch: pytest.MonkeyPatch, hole: str, by: str
) -> None:
    done, theirs = asks("institution:H3", "POST", "/desk/settlements", bill("A1"))
    assert done == 201
    number = theirs["settlement_id"]
    row = HOLES[hole](by.partition(":")[0])
    every_row(monkeypatch, row)
    told = f"/desk/settlements/{number}"
    for what in ("", "/lines", "/explanation"):
        assert asks(by, "GET", told + what)[0] == 404
    for of in ("institution_id=H3", "person_id=P1"):
        assert asks(by, "GET", f"/desk/settlements?{of}") == (
            200,
            {"settlements": [], "next": None},
        )
    assert asks(by, "POST", f"{told}/reversal")[0] == 404
    refused, problem = asks(by, "POST", "/desk/settlements", bill("A2"))
    assert (refused, problem["rule"]) in {(403, "allowed"), (422, "known_person")}
    if by.startswith("institution"):
        assert (refused, problem["rule"]) == (
            (403, "allowed") if row.door == "roles" else (422, "known_person")
        )
    else:
        assert asks(by, "GET", "/persons/P1")[0] == 404
        assert asks(by, "GET", "/persons/P1/account")[0] == 404
    monkeypatch.undo()
    assert asks("institution:H3", "GET", told)[0] == 200
    assert asks("benefits:", "GET", told)[0] == 200
    assert len(asks("benefits:", "GET", "/desk/settlements?person_id=P1")[1]["settlements"]) == 1


@pytest.mark.parametrize("hole", HOLES)
def test_who_was_let_in_leaves_nothing_to_who_comes_next(
    asks: Asks, monkeypatch: pytest.MonkeyPatch, hole: str
) -> None:
    """One connection to the service, and the same connections to the database."""
    number = asks("institution:H3", "POST", "/desk/settlements", bill("A1"))[1]["settlement_id"]
    told = f"/desk/settlements/{number}"
    for _ in range(3):
        assert asks("benefits:", "GET", told)[0] == 200
        with monkeypatch.context() as patched:
            every_row(patched, HOLES[hole]("institution"))
            assert asks("institution:H1", "GET", told)[0] == 404
        assert asks("institution:H3", "GET", told)[0] == 200
        assert asks("institution:H1", "GET", told)[0] == 403
