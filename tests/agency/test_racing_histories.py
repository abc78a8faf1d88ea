"""Two who do at random what moves an employer's money, at once: the books agree in the end."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from random import Random
from threading import Barrier
from typing import Any

import pytest

from tests.agency.registered import ACTOR, EMPLOYEE, billed, enrolled
from yibao.agency.contributions.coverage import cover
from yibao.agency.contributions.held import Refund, held_for, refund
from yibao.agency.contributions.receipts import Receipt, arrears, receive
from yibao.agency.contributions.surcharges import charge
from yibao.agency.contributions.takeback import Mistake
from yibao.agency.corrections.bills import Correction, cancel
from yibao.agency.corrections.receipts import take_back
from yibao.agency.enrolment.memberships import employ
from yibao.agency.enrolment.persons import employer
from yibao.agency.enrolment.refusal import Refusal
from yibao.agency.reconcile.books import verify
from yibao.ledger.balance import trial_balance
from yibao.policy.policy import load_policy
from yibao.settlement.procedure import Office
from yibao.store.database import Connection, Database

PERSONS = ("P1", "P2")
MONTHS = ("2022-03", "2022-04", "2022-05")
ON = date(2022, 7, 1)
STEPS = 40


class Clerk:
    """Somebody who does one thing after the other, each in a transaction; its name is the seed."""

    def __init__(self, database: Database, office: Office, name: str, start: Barrier) -> None:
        self.database, self.office, self.name = database, office, name
        self.random, self.start = Random(name), start
        self.happened: Counter[str] = Counter()

    def work(self) -> Counter[str]:
        steps = (self.bill, self.bill, self.receive, self.receive, self.cancel)
        steps += (self.refund, self.take_back, self.charge)
        for number in range(STEPS):
            if number % 4 == 0:
                self.start.wait(60)
            what = self.random.choice(steps)
            given = self.random.random()
            try:
                self.database.run(self.step(what, f"{self.name}{number}", given))
                self.happened[what.__name__] += 1
            except Refusal:
                self.happened["refused"] += 1
            except Exception:
                self.start.abort()  # else the other would wait
                raise
        return self.happened

    def step(self, what: Callable[..., Any], name: str, given: float) -> Callable[[Any], Any]:
        return lambda connection: what(connection, name, given)

    def any_of(self, connection: Connection, query: str, given: float) -> Any:
        rows = connection.execute(query.encode()).fetchall()
        return rows[int(given * len(rows))][0] if rows else 0

    def bill(self, connection: Connection, _: str, given: float) -> None:
        person, month = PERSONS[int(given * 2)], MONTHS[int(given * 6) % 3]
        if not billed(connection, self.office, person, month, on=ON):
            raise Refusal("there", "x", "it is billed")
        cover(connection, self.office, person, actor=ACTOR)

    def receive(self, connection: Connection, name: str, given: float) -> None:
        owed = sum(part.left for part in arrears(connection, date.max))
        fen = owed if given < 0.5 else int(owed * given)
        for person in receive(connection, Receipt(name, "U1", ON, fen), actor=ACTOR) or ():
            cover(connection, self.office, person, actor=ACTOR)

    def cancel(self, connection: Connection, _: str, given: float) -> None:
        standing = "SELECT bill_id FROM contributions.bill WHERE cancelled_by IS NULL ORDER BY 1"
        asked = Correction(self.any_of(connection, standing, given), ON, "x")
        cancel(connection, self.office, asked, actor=ACTOR)

    def refund(self, connection: Connection, name: str, given: float) -> None:
        held = held_for(connection, "U1")
        wanted = Refund(name, "U1", ON, "x", held if given < 0.5 else int(held * given) or 1)
        refund(connection, wanted, actor=ACTOR)

    def take_back(self, connection: Connection, _: str, given: float) -> None:
        standing = (
            "SELECT reference FROM contributions.receipt WHERE receipt_id NOT IN "
            "(SELECT receipt_id FROM contributions.taken_back) ORDER BY receipt_id DESC"
        )
        reference = str(self.any_of(connection, standing, given * given))
        take_back(connection, self.office, Mistake(reference, ON, "x"), actor=ACTOR)

    def charge(self, connection: Connection, _: str, given: float) -> None:
        if not charge(connection, self.office.policy, ON, actor=ACTOR):
            raise Refusal("late", "x", "nobody was late")


@pytest.fixture(scope="module")
def tianjin() -> Office:
    return Office(load_policy("tianjin"))


def test_the_books_agree_after_two_histories_at_once(database: Database, tianjin: Office) -> None:
    with database.transaction() as connection:
        employer(connection, "U1", "甲公司", "enterprise", "120101", actor=ACTOR)
        for name in PERSONS:
            enrolled(connection, name, "2022-03-01", **EMPLOYEE)
            employ(connection, name, "U1", date(2022, 3, 1), wage=5000_00, actor=ACTOR)
    happened: Counter[str] = Counter()
    for seed in range(3):
        start = Barrier(2)
        clerks = [Clerk(database, tianjin, f"{seed}{one}", start) for one in "AB"]
        with ThreadPoolExecutor(2) as pool:
            for done in pool.map(Clerk.work, clerks):
                happened += done
        with database.transaction() as connection:
            assert verify(connection) == []
            lines = trial_balance(connection, by_party=True)
            owed = sum(part.left for part in arrears(connection, date.max))
        receivable = [n.balance for n in lines if n.account.head == "contributions_receivable"]
        assert owed == sum(receivable)
    # What never happens is not tested.
    named = ("bill", "receive", "cancel", "refund", "take_back", "charge", "refused")
    assert not [name for name in named if not happened[name]], happened
