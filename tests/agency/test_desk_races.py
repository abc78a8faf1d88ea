"""Many at once: whatever comes at one time is settled as if it had come one after the other."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from desks import ask, office, register, status, tianjin

from yibao.agency.desk.model import Ask, DeskError, Key, KeyUsed, Replayed, Settled
from yibao.agency.desk.office import Office
from yibao.agency.desk.reverse import reverse
from yibao.agency.desk.settle import settle
from yibao.ledger.balance import trial_balance
from yibao.settlement.book import Book
from yibao.settlement.enrolment import Enrolment
from yibao.store.database import Database

T = TypeVar("T")


@pytest.fixture
def wide(url: str) -> Database:
    """Give a database with a connection for each of 16 who work at once."""
    return Database(url, connections=16)


@pytest.fixture
def desk(wide: Database) -> Office:
    register(wide, "P1")
    return office(status("P1"))


def at_once(works: Sequence[Callable[[], T]], workers: int = 16) -> list[T | DeskError]:
    """Run works in threads that begin together; return what each gave or raised."""
    start = Barrier(min(workers, len(works)))

    def run(number: int) -> T | DeskError:
        if number < start.parties:
            start.wait()
        try:
            return works[number]()
        except DeskError as error:
            return error

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, range(len(works))))


def count(database: Database, table: str) -> int:
    with database.transaction() as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert row is not None
        return int(row[0])


def balanced(database: Database) -> bool:
    with database.transaction() as connection:
        return sum(line.balance for line in trial_balance(connection)) == 0


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


def test_64_bills_of_one_person_at_three_hospitals_are_settled_in_some_order(
    wide: Database, desk: Office
) -> None:
    asked = [ask(f"A{n}", 1_000_00 + n * 37_11, institution_id=f"H{1 + n % 3}") for n in range(64)]

    def work(one: Ask) -> Callable[[], Settled | Replayed]:
        def run() -> Settled | Replayed:
            with wide.transaction() as connection:
                return settle(connection, desk, one, actor="t")

        return run

    found = [f for f in at_once([work(one) for one in asked]) if isinstance(f, Settled)]
    assert len(found) == 64
    book = Book(tianjin(), Enrolment([status("P1")]))
    in_order = sorted(found, key=lambda f: f.settlement_id)
    serial = [book.settle(f.settlement.claim) for f in in_order]
    assert [s.memory for s in serial] == [f.settlement.memory for f in in_order]
    assert count(wide, "desk.settlement") == 64
    assert balanced(wide)


def test_500_reversals_raced_twice_each_succeed_once_each(wide: Database, desk: Office) -> None:
    persons = [f"R{n}" for n in range(20)]
    register(wide, *persons)
    own = office(*(status(p) for p in persons))
    numbers = []
    for n in range(500):
        with wide.transaction() as connection:
            bill = ask(
                f"A{n}", 500_00 + n, persons[n % 20], visit="outpatient", institution_id="H1"
            )
            made = settle(connection, own, bill, actor="t")
        assert isinstance(made, Settled)
        numbers.append(made.settlement_id)

    def work(number: int) -> Callable[[], bool]:
        def run() -> bool:
            with wide.transaction() as connection:
                reverse(connection, own, number, actor="t")
            return True

        return run

    found = at_once([work(n) for number in numbers for n in (number, number)])
    assert found.count(True) == 500
    assert {f.rule for f in found if isinstance(f, DeskError)} == {"reversed"}
    assert count(wide, "desk.reversed") == 500
    assert balanced(wide)
    with wide.transaction() as connection:
        left = connection.execute(
            "SELECT y.values = o.values FROM desk.person_year AS y "
            "JOIN desk.opening AS o USING (person_id, year)"
        ).fetchall()
    assert left == [(True,)] * 20
