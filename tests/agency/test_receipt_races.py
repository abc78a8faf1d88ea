"""A receipt whose money moves while somebody takes it back: one comes after the other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from time import monotonic, sleep
from typing import Any

import pytest

from tests.agency.registered import ACTOR, EMPLOYEE, billed, enrolled
from yibao.agency.contributions.coverage import cover
from yibao.agency.contributions.held import Refund, refund
from yibao.agency.contributions.receipts import Receipt, arrears, receive
from yibao.agency.contributions.surcharges import Surcharge, charge
from yibao.agency.contributions.takeback import Mistake
from yibao.agency.corrections.bills import Correction, cancel
from yibao.agency.corrections.receipts import take_back
from yibao.agency.enrolment.memberships import employ
from yibao.agency.enrolment.persons import employer
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.reconcile.books import verify
from yibao.policy.policy import load_policy
from yibao.settlement.procedure import Office
from yibao.store.database import Connection, Database

D = date.fromisoformat
Work = Callable[[Connection], Any]


@pytest.fixture(scope="module")
def tianjin() -> Office:
    return Office(load_policy("tianjin"))


@pytest.fixture
def number(database: Database, tianjin: Office) -> int:
    """The bill of a month of P1, which U1 pays late by the receipt B1."""
    with database.transaction() as connection:
        employer(connection, "U1", "甲公司", "enterprise", "120101", actor=ACTOR)
        for name in ("P1", "P2"):
            enrolled(connection, name, "2022-03-01", **EMPLOYEE)
            employ(connection, name, "U1", D("2022-03-01"), wage=5000_00, actor=ACTOR)
        (number,) = billed(connection, tianjin, "P1", "2022-03")
        owed = sum(part.left for part in arrears(connection, date.max))
        receive(connection, Receipt("B1", "U1", D("2022-04-10"), owed), actor=ACTOR)
        cover(connection, tianjin, "P1", actor=ACTOR)
    return number


@pytest.fixture
def held(database: Database, tianjin: Office, number: int) -> None:
    """What B1 paid is held: the bill was taken back."""
    asked = Correction(number, D("2022-04-20"), "x")
    with database.transaction() as connection:
        cancel(connection, tianjin, asked, actor=ACTOR)


def one_after_the_other(database: Database, first: Work, second: Work) -> Any:
    """Let a second work come while a first is done but not committed; return what it gave."""
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as connection:
            first(connection)
            later = pool.submit(database.run, second)
            until = monotonic() + 10
            while not later.done() and not _waits(database):
                assert monotonic() < until
                sleep(0.01)
            assert not later.done(), later
        return later.exception(20) or later.result()


def _waits(database: Database) -> bool:
    with database.transaction() as connection:
        row = connection.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity "
            "WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0)"
        ).fetchone()
    return row == (True,)


def rule(done: Any) -> str:
    assert isinstance(done, Refusal), done
    return done.name


def agree(database: Database) -> None:
    with database.transaction() as connection:
        assert verify(connection) == []


@pytest.fixture
def taking_back(tianjin: Office) -> Work:
    mistake = Mistake("B1", D("2022-05-02"), "x")
    return lambda connection: take_back(connection, tianjin, mistake, actor=ACTOR)


def refunding(connection: Connection) -> int:
    return refund(connection, Refund("T1", "U1", D("2022-05-02"), "x"), actor=ACTOR)


def test_a_refund_and_a_take_back_of_one_receipt_at_once(
    database: Database, held: None, taking_back: Work
) -> None:
    assert rule(one_after_the_other(database, refunding, taking_back)) == "refunded"
    agree(database)


def test_a_take_back_and_a_refund_of_one_receipt_at_once(
    database: Database, held: None, taking_back: Work
) -> None:
    assert rule(one_after_the_other(database, taking_back, refunding)) == "held"
    agree(database)


@pytest.mark.parametrize("name", ["P1", "P2"])
def test_a_bill_that_held_money_pays_while_its_receipt_is_taken_back(
    database: Database, tianjin: Office, held: None, taking_back: Work, name: str
) -> None:
    def billing(connection: Connection) -> object:
        billed(connection, tianjin, name, "2022-03")
        return cover(connection, tianjin, name, actor=ACTOR)

    assert one_after_the_other(database, billing, taking_back) == [name]
    agree(database)
    with database.transaction() as connection:
        assert sum(part.left for part in arrears(connection, date.max)) == 625_00


@pytest.mark.parametrize("name", ["P1", "P2"])
def test_a_receipt_being_taken_back_pays_no_bill(
    database: Database, tianjin: Office, held: None, taking_back: Work, name: str
) -> None:
    def billing(connection: Connection) -> object:
        return billed(connection, tianjin, name, "2022-03")

    assert len(one_after_the_other(database, taking_back, billing)) == 1
    agree(database)
    with database.transaction() as connection:
        assert sum(part.left for part in arrears(connection, date.max)) == 625_00


@pytest.mark.parametrize("back_first", [True, False])
def test_a_bill_and_its_receipt_taken_back_at_once(
    database: Database, tianjin: Office, number: int, taking_back: Work, back_first: bool
) -> None:
    def cancelling(connection: Connection) -> object:
        return cancel(connection, tianjin, Correction(number, D("2022-05-02"), "x"), actor=ACTOR)

    both = (taking_back, cancelling) if back_first else (cancelling, taking_back)
    done = one_after_the_other(database, *both)
    assert done in ("P1", [], ["P1"])
    agree(database)
    with database.transaction() as connection:
        assert arrears(connection, date.max) == []


def charging(office: Office) -> Callable[[Connection], list[Surcharge]]:
    return lambda c: charge(c, office.policy, D("2022-04-30"), actor=ACTOR)


def test_no_surcharge_on_a_receipt_that_is_being_taken_back(
    database: Database, tianjin: Office, number: int, taking_back: Work
) -> None:
    assert one_after_the_other(database, taking_back, charging(tianjin)) == []
    agree(database)


def test_a_receipt_that_is_being_charged_takes_its_surcharge_along(
    database: Database, tianjin: Office, number: int, taking_back: Work
) -> None:
    assert one_after_the_other(database, charging(tianjin), taking_back) == ["P1"]
    agree(database)
    with database.transaction() as connection:
        assert {part.item for part in arrears(connection, date.max)} == {"basic"}


def test_two_who_charge_at_once_charge_once(
    database: Database, tianjin: Office, number: int
) -> None:
    assert one_after_the_other(database, charging(tianjin), charging(tianjin)) == []
    agree(database)
