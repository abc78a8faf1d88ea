"""One key many times at once, at the desk itself; for races of bills see tests/torture."""

from collections.abc import Callable

import pytest
from desks import ask, office, register, status
from torture.races import at_once, count

from yibao.agency.desk.model import Key, KeyUsed, Replayed, Settled
from yibao.agency.desk.office import Office
from yibao.agency.desk.settle import settle
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING


@pytest.fixture
def wide(url: str) -> Database:
    """Give a database with a connection for each of 16 who work at once."""
    return Database(url, sight=EVERYTHING, connections=16)


@pytest.fixture
def desk(wide: Database) -> Office:
    register(wide, "P1")
    return office(status("P1"))


def test_one_key_a_hundred_times_at_once_is_one_settlement_and_99_replies(
    wide: Database, desk: Office
) -> None:
    key = Key("H3", "k", "00" * 32)

    def work() -> tuple[int, str]:
        with wide.transaction() as connection:
            found = settle(connection, desk, ask("A1", 1_000_00), actor="t", key=key, tell=told)
        return (found.status, found.reply) if isinstance(found, Replayed) else told(found)

    def told(found: Settled) -> tuple[int, str]:
        return 201, f"{found.settlement_id} {found.settlement.fund_pay}"

    replies = at_once([work] * 100)
    assert len(set(replies)) == 1
    assert count(wide, "desk.settlement") == 1
    assert count(wide, "ops.request") == 1


def test_one_key_for_two_requests_at_once_settles_one_of_them(wide: Database, desk: Office) -> None:
    register(wide, "P2")
    both = office(status("P1"), status("P2"))

    def work(person: str) -> Callable[[], object]:
        key = Key("H3", "k", ("00" if person == "P1" else "11") * 32)

        def run() -> object:
            with wide.transaction() as connection:
                return settle(
                    connection,
                    both,
                    ask(f"A-{person}", 1_000_00, person),
                    actor="t",
                    key=key,
                    tell=lambda _: (201, "done"),
                )

        return run

    found = at_once([work("P1"), work("P2")])
    assert sorted(type(f).__name__ for f in found) == [KeyUsed.__name__, Settled.__name__]
    assert count(wide, "desk.settlement") == 1
